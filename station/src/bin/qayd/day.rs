//! `qayd day`: what was done since midnight, and a supervisor's signature under it.

use std::fmt::Write;

use clap::Subcommand;
use qayd_station::Day;
use serde::Serialize;

use crate::args::Common;
use crate::failure::Failure;
use crate::sign_in;
use crate::talk::{Talk, when};

/// What is done with a day.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// What was made, sent and out of the ordinary since midnight.
    Show,
    /// A supervisor approves the day: its counts go into the trail, signed.
    Approve,
}

#[derive(Serialize)]
struct DayView {
    #[serde(flatten)]
    day: Day,
    approved_by: Option<String>,
}

/// Runs the verb.
pub fn run(verb: Verb, common: &Common, talk: &Talk) -> Result<(), Failure> {
    let signed = sign_in::sign_in(common)?;
    let station = &signed.station;
    let day = match verb {
        Verb::Show => station.day()?,
        Verb::Approve => {
            // Whoever works here may be an officer with the supervisor beside them.
            let supervisor = sign_in::supervisor(common, station)?;
            station.approve_day(supervisor.as_ref().unwrap_or(&signed.session))?
        }
    };
    let approved_by = match &day.approval {
        Some(approval) => station
            .operators()?
            .into_iter()
            .find(|operator| operator.operator == approval.supervisor)
            .map(|operator| operator.login),
        None => None,
    };
    let view = DayView { day, approved_by };
    talk.data(&view, |out| {
        let day = &view.day;
        writeln!(out, "since       {}", when(day.began))?;
        writeln!(
            out,
            "packets     {} made, {} sent, {} waiting",
            day.outbox.made, day.outbox.sent, day.outbox.waiting
        )?;
        if let Some(oldest) = day.outbox.oldest {
            writeln!(out, "oldest      {}", when(oldest))?;
        }
        writeln!(
            out,
            "drafts      {} open, {} thrown away",
            day.drafts, day.discarded
        )?;
        writeln!(out, "exceptions  {} approved", day.exceptions)?;
        writeln!(
            out,
            "warnings    {} of the duplicate watch gone past, {} passphrases refused",
            day.overruled, day.refused
        )?;
        match (&day.approval, &view.approved_by) {
            (Some(approval), by) => writeln!(
                out,
                "approved    {} by {}, with {} made by then",
                when(approval.at),
                by.as_deref().unwrap_or("an operator who is gone"),
                approval.made
            ),
            (None, _) => writeln!(out, "approved    not yet"),
        }
    })
}
