//! `qayd search`: find an enrolment of this station.

use std::fmt::Write;

use clap::Args;
use qayd_model::{EnrolmentId, PacketId, UnixMs};
use qayd_station::EnrolmentSummary;
use serde::Serialize;

use crate::args::Common;
use crate::failure::Failure;
use crate::sign_in::sign_in;
use crate::talk::{Talk, when};

/// By words of a name, in any script and spelling, or by the running number of the slip.
#[derive(Debug, Args)]
pub struct Search {
    /// Words of a name, or a number. Without any, the latest enrolments.
    name: Vec<String>,
    /// At most so many.
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

#[derive(Serialize)]
struct FoundView {
    number: u64,
    enrolment: EnrolmentId,
    version: u32,
    packet: PacketId,
    pack: String,
    state: String,
    sealed: UnixMs,
    slip: Vec<(String, String)>,
}

impl From<EnrolmentSummary> for FoundView {
    fn from(found: EnrolmentSummary) -> Self {
        Self {
            number: found.number,
            enrolment: found.enrolment,
            version: found.version,
            packet: found.packet,
            pack: found.pack_id,
            state: found.state,
            sealed: found.sealed,
            slip: found
                .slip
                .lines
                .into_iter()
                .map(|line| (line.field, line.text.expose().to_owned()))
                .collect(),
        }
    }
}

/// Runs the search.
pub fn run(what: &Search, common: &Common, talk: &Talk) -> Result<(), Failure> {
    let signed = sign_in(common)?;
    let text = what.name.join(" ");
    let found = if text.is_empty() {
        signed.station.enrolments(what.limit)?
    } else {
        signed.station.search(&text, what.limit)?
    };
    let found: Vec<FoundView> = found.into_iter().map(FoundView::from).collect();
    talk.data(&found, |out| {
        found.iter().try_for_each(|f| {
            writeln!(
                out,
                "{:>5}  {:<12} v{}  {}  {}",
                f.number,
                f.state,
                f.version,
                f.pack,
                when(f.sealed)
            )?;
            f.slip
                .iter()
                .try_for_each(|(field, text)| writeln!(out, "       {field}: {text}"))
        })
    })
}
