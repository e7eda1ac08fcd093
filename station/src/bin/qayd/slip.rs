//! `qayd slip`: the code on a slip that somebody brought.

use std::fmt::Write;

use clap::Subcommand;
use qayd_model::{EnrolmentId, UnixMs};
use qayd_station::enrolment::verify_slip;
use serde::Serialize;

use crate::args::Common;
use crate::failure::Failure;
use crate::sign_in::sign_in;
use crate::talk::{Talk, when};

/// What is done with a slip.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Check that a slip was given out by this station. No network is needed.
    Verify {
        /// The text that a reader makes of the code.
        code: String,
    },
}

#[derive(Serialize)]
struct SlipView {
    number: u64,
    enrolment: EnrolmentId,
    version: u32,
    made: UnixMs,
    state: Option<String>,
}

/// Runs the verb.
pub fn run(verb: &Verb, common: &Common, talk: &Talk) -> Result<(), Failure> {
    let Verb::Verify { code } = verb;
    let signed = sign_in(common)?;
    let slip =
        verify_slip(&signed.station, code).map_err(|error| Failure::input(error.code(), &error))?;
    let found = signed.station.search(&slip.number.to_string(), 1)?;
    let view = SlipView {
        number: slip.number,
        enrolment: slip.enrolment,
        version: slip.version,
        made: slip.made,
        state: found.into_iter().next().map(|record| record.state),
    };
    talk.data(&view, |out| {
        writeln!(out, "number     {}", view.number)?;
        writeln!(
            out,
            "enrolment  {} version {}",
            view.enrolment, view.version
        )?;
        writeln!(out, "given out  {}", when(view.made))?;
        match &view.state {
            Some(state) => writeln!(out, "now        {state}"),
            None => writeln!(out, "now        not among the records of this station"),
        }
    })?;
    if !talk.json() {
        talk.line("The slip is genuine: this station gave it out.");
    }
    Ok(())
}
