//! `qayd inbox`: what the centre sent back.

use std::fmt::Write;

use clap::Subcommand;
use qayd_model::{Decision, EnrolmentId, PacketId, Remedy, UnixMs};
use qayd_station::inbox;
use serde::Serialize;

use crate::args::Common;
use crate::failure::Failure;
use crate::sign_in::{Signed, sign_in};
use crate::talk::{Talk, when};

/// What is done with the inbox.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Decisions and other messages of the centre.
    List {
        /// Only enrolments that wait for a correction.
        #[arg(long)]
        returned: bool,
        /// Begin after this number.
        #[arg(long, default_value_t = 0)]
        after: u64,
        /// At most so many.
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Open a returned enrolment as a draft of its next version.
    Correct {
        /// The enrolment, by its id or by the number on the slip.
        enrolment: String,
    },
}

#[derive(Serialize)]
struct EntryView {
    number: u64,
    kind: String,
    received: UnixMs,
    applied: bool,
    problem: Option<String>,
    #[serde(flatten)]
    decision: Option<DecisionView>,
}

#[derive(Serialize)]
struct DecisionView {
    enrolment: EnrolmentId,
    packet: PacketId,
    version: u32,
    decision: Decision,
}

impl From<&qayd_protocol::DecisionMessage> for DecisionView {
    fn from(message: &qayd_protocol::DecisionMessage) -> Self {
        Self {
            enrolment: message.enrolment,
            packet: message.packet,
            version: message.version,
            decision: message.decision.clone(),
        }
    }
}

#[derive(Serialize)]
struct CorrectView {
    enrolment: EnrolmentId,
    version: u32,
    asked: Decision,
}

/// Runs the verb.
pub fn run(verb: Verb, common: &Common, talk: &Talk) -> Result<(), Failure> {
    let signed = sign_in(common)?;
    match verb {
        Verb::List {
            returned: false,
            after,
            limit,
        } => list(&signed, after, limit, talk),
        Verb::List { returned: true, .. } => returned(&signed, talk),
        Verb::Correct { enrolment } => correct(&signed, &enrolment, talk),
    }
}

fn list(signed: &Signed, after: u64, limit: usize, talk: &Talk) -> Result<(), Failure> {
    let entries = signed
        .station
        .store()
        .read(|c| inbox::list(c, after, limit))?;
    let views: Vec<EntryView> = entries
        .into_iter()
        .map(|e| EntryView {
            number: e.number,
            kind: e.kind,
            received: e.received,
            applied: e.applied.is_some(),
            problem: e.problem,
            decision: e.decision.as_ref().map(DecisionView::from),
        })
        .collect();
    talk.data(&views, |out| {
        views.iter().try_for_each(|v| {
            write!(out, "{:>5}  {}  {:<10}", v.number, when(v.received), v.kind)?;
            if let Some(d) = &v.decision {
                write!(
                    out,
                    "  {}  v{}  {}",
                    d.enrolment,
                    d.version,
                    d.decision.name()
                )?;
            }
            match &v.problem {
                Some(problem) => writeln!(out, "  not applied: {problem}"),
                None => writeln!(out),
            }
        })
    })
}

fn returned(signed: &Signed, talk: &Talk) -> Result<(), Failure> {
    let waiting = signed.station.store().read(inbox::returned)?;
    let views: Vec<DecisionView> = waiting.iter().map(DecisionView::from).collect();
    talk.data(&views, |out| {
        views
            .iter()
            .try_for_each(|v| say(out, v.enrolment, v.version, &v.decision))
    })
}

fn say(
    out: &mut String,
    enrolment: EnrolmentId,
    version: u32,
    decision: &Decision,
) -> std::fmt::Result {
    writeln!(out, "{enrolment}  version {version} was returned")?;
    let Decision::Returned(asked) = decision else {
        return Ok(());
    };
    for field in &asked.fields {
        let note = field
            .note
            .as_ref()
            .map(|n| format!(": {}", n.expose()))
            .unwrap_or_default();
        writeln!(out, "  field {} ({}){note}", field.field, field.reason)?;
    }
    for finger in &asked.fingers {
        writeln!(out, "  capture again: {}", finger.name())?;
    }
    if asked.portrait {
        writeln!(out, "  capture again: portrait")?;
    }
    match &asked.note {
        Some(note) => writeln!(out, "  {}", note.expose()),
        None => Ok(()),
    }
}

fn correct(signed: &Signed, named: &str, talk: &Talk) -> Result<(), Failure> {
    let station = &signed.station;
    let enrolment = match named.parse::<EnrolmentId>() {
        Ok(enrolment) => enrolment,
        Err(_) if named.bytes().all(|b| b.is_ascii_digit()) && !named.is_empty() => station
            .search(named, 1)?
            .first()
            .map(|found| found.enrolment)
            .ok_or_else(|| {
                Failure::state("ENR-15", Remedy::OperatorActs).with(format!("no enrolment {named}"))
            })?,
        Err(_) => {
            return Err(Failure::usage(format!(
                "{named} is neither an enrolment's id nor its number"
            )));
        }
    };
    let asked = station
        .store()
        .read(inbox::returned)?
        .into_iter()
        .find(|m| m.enrolment == enrolment)
        .ok_or_else(|| {
            Failure::state("ENR-15", Remedy::OperatorActs)
                .with(format!("{enrolment} does not wait for a correction"))
        })?;
    let draft = inbox::open(station, &signed.session, enrolment)?;
    let view = CorrectView {
        enrolment: draft,
        version: asked.version + 1,
        asked: asked.decision,
    };
    talk.data(&view, |out| {
        writeln!(
            out,
            "draft {} is open as version {}",
            view.enrolment, view.version
        )?;
        say(out, view.enrolment, asked.version, &view.asked)
    })
}
