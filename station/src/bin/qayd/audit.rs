//! `qayd audit`: the trail of what happened here.

use std::fmt::Write;

use clap::Subcommand;
use serde::Serialize;

use crate::args::Common;
use crate::failure::Failure;
use crate::sign_in::sign_in;
use crate::talk::Talk;

/// What is done with the trail.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Check every entry's signature, number and link; the first bad one is named.
    Verify,
}

#[derive(Serialize)]
struct VerifiedView {
    entries: u64,
    intact: bool,
}

/// Runs the verb.
pub fn run(verb: Verb, common: &Common, talk: &Talk) -> Result<(), Failure> {
    let Verb::Verify = verb;
    let signed = sign_in(common)?;
    let entries = signed.station.audit_verify()?;
    let view = VerifiedView {
        entries,
        intact: true,
    };
    talk.data(&view, |out| {
        writeln!(out, "{entries} entries, every one signed and in its place")
    })
}
