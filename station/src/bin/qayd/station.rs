//! `qayd station`: make a folder a station, say how it stands.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Subcommand;
use qayd_model::{StationId, UnixMs};
use qayd_protocol::Role;
use qayd_station::outbox::OutboxSummary;
use qayd_station::{NewOperator, World, outbox};
use serde::Serialize;

use crate::args::Common;
use crate::failure::Failure;
use crate::sign_in::{self, data};
use crate::talk::{Talk, when};
use crate::{connection, secret};

/// What is done with a station.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make the data folder a station, by a one-time invitation. The operator named becomes its first supervisor.
    Provision {
        /// The invitation file of the programme.
        #[arg(long, value_name = "FILE")]
        invitation: PathBuf,
    },
    /// Who and how the station is.
    Status,
}

/// An invitation file is not longer.
const INVITATION_BYTES_MAX: u64 = 256 * 1024;
const DAY_MS: u64 = 86_400_000;

#[derive(Serialize)]
struct ProvisionedView {
    station: StationId,
    name: String,
    root_fingerprint: String,
    supervisor: String,
    packs: Vec<String>,
}

#[derive(Serialize)]
struct StatusView {
    station: StationId,
    name: String,
    kind: String,
    site: String,
    production: bool,
    programme: String,
    centre: String,
    packs: Vec<String>,
    operators: usize,
    drafts: usize,
    outbox: OutboxSummary,
    today: outbox::DaySummary,
    policy_version: u32,
    keyring_epoch: u32,
    audit_entries: u64,
    free_bytes: u64,
    clock: UnixMs,
    clock_estimated: Option<UnixMs>,
    revoked: Option<String>,
    rolled_back: Option<u64>,
}

/// Runs the verb.
pub fn run(verb: Verb, common: &Common, talk: &Talk) -> Result<(), Failure> {
    match verb {
        Verb::Provision { invitation } => provision(&invitation, common, talk),
        Verb::Status => status(common, talk),
    }
}

fn provision(invitation: &std::path::Path, common: &Common, talk: &Talk) -> Result<(), Failure> {
    let world = World::os();
    let data = data(common)?;
    let login = common
        .operator
        .clone()
        .ok_or_else(|| Failure::usage("name the first supervisor with --operator LOGIN"))?;
    let bytes = world
        .files
        .read(invitation, INVITATION_BYTES_MAX)
        .map_err(|e| Failure::input(e.code(), &e).with(format!("{}: {e}", invitation.display())))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::usage(format!("{} is not an invitation", invitation.display())))?;
    let prompt = format!("New passphrase of {login}: ");
    let passphrase = secret::passphrase(
        common.passphrase_file.as_deref(),
        "QAYD_PASSPHRASE",
        &prompt,
    )?;
    let supervisor = NewOperator {
        login: login.clone(),
        passphrase,
        role: Role::Supervisor,
    };
    let connect =
        |invitation: &qayd_protocol::Invitation| connection::to_invitation(&world, invitation);
    let made = qayd_station::provision(&world, &data, &text, &connect, &supervisor)?;
    let view = ProvisionedView {
        station: made.station,
        name: made.name,
        root_fingerprint: made.root_fingerprint,
        supervisor: login,
        packs: made.packs,
    };
    talk.data(&view, |out| {
        writeln!(out, "station     {}", view.station)?;
        writeln!(out, "name        {}", view.name)?;
        writeln!(out, "supervisor  {}", view.supervisor)?;
        writeln!(out, "packs       {}", view.packs.join(", "))?;
        writeln!(out, "root key    {}", view.root_fingerprint)
    })?;
    if !talk.json() {
        talk.line("Compare the root key with the one that the programme published.");
    }
    Ok(())
}

fn status(common: &Common, talk: &Talk) -> Result<(), Failure> {
    let signed = sign_in::sign_in(common)?;
    let station = &signed.station;
    let identity = station.identity();
    let now = station.now()?;
    let day = UnixMs(now.0 - now.0 % DAY_MS);
    let store = station.store();
    let view = StatusView {
        station: identity.station,
        name: identity.name.clone(),
        kind: identity.kind.clone(),
        site: identity.site.clone(),
        production: identity.production,
        programme: identity.programme.clone(),
        centre: identity.centre_url.clone(),
        packs: station.list_packs()?.into_iter().map(|p| p.id).collect(),
        operators: station.operators()?.len(),
        drafts: station.drafts()?.len(),
        outbox: store.read(outbox::summary)?,
        today: store.read(|c| outbox::day_summary(c, day, UnixMs(day.0 + DAY_MS)))?,
        policy_version: station.policy()?.version,
        keyring_epoch: store.read(|c| station.keyring(c))?.epoch,
        audit_entries: store
            .read(qayd_station::audit::head)?
            .map_or(0, |(number, _)| number),
        free_bytes: station.world().files.free_bytes(station.folder())?,
        clock: now,
        clock_estimated: station.time_estimate()?.map(|e| e.time),
        revoked: store.read(|c| station.revoked(c))?,
        rolled_back: station.rolled_back(),
    };
    talk.data(&view, |out| {
        writeln!(out, "station     {} ({})", view.name, view.station)?;
        writeln!(out, "kind, site  {}, {}", view.kind, view.site)?;
        writeln!(
            out,
            "for         {}",
            if view.production {
                "real people"
            } else {
                "demonstration"
            }
        )?;
        writeln!(out, "centre      {} ({})", view.centre, view.programme)?;
        writeln!(out, "packs       {}", view.packs.join(", "))?;
        writeln!(out, "drafts      {}", view.drafts)?;
        let o = &view.outbox;
        writeln!(
            out,
            "outbox      {} queued, {} sending, {} delivered, {} settled, {} stuck",
            o.queued, o.sending, o.delivered, o.settled, o.stuck
        )?;
        if let Some(oldest) = o.oldest_waiting {
            writeln!(out, "oldest      {}", when(oldest))?;
        }
        writeln!(
            out,
            "today       {} made, {} sent",
            view.today.made, view.today.sent
        )?;
        writeln!(out, "clock       {}", when(view.clock))?;
        writeln!(out, "audit       {} entries", view.audit_entries)?;
        if let Some(reason) = &view.revoked {
            writeln!(
                out,
                "REVOKED     {reason}: it may send what it holds, and enrol nobody"
            )?;
        }
        if let Some(sequence) = view.rolled_back {
            writeln!(
                out,
                "ROLLED BACK packet {sequence} is on the disk and not in the database"
            )?;
        }
        Ok(())
    })
}
