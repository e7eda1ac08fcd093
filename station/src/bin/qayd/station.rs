//! `qayd station`: make a folder a station, say how it stands.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Subcommand;
use qayd_model::{StationId, UnixMs};
use qayd_protocol::Role;
use qayd_station::outbox::OutboxSummary;
use qayd_station::{Extend, FreezeReason, NewOperator, Standing, World, outbox};
use serde::Serialize;

use crate::args::Common;
use crate::failure::Failure;
use crate::secret;
use crate::sign_in::{self, data};
use crate::talk::{Talk, when};

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
    /// What support needs to know, and nothing about anybody who was enrolled. Read it before you pass it on.
    Diagnostics {
        #[command(flatten)]
        profiles: crate::device::Profiles,
    },
    /// A supervisor lets a station go on that was without the centre, or whose outbox grew, for longer than policy allows.
    #[command(group(clap::ArgGroup::new("what").required(true)))]
    Extend {
        /// So many more days without the centre, 1 to 30.
        #[arg(long, group = "what")]
        days: Option<u16>,
        /// So many more unsent packets, 1 to 2500.
        #[arg(long, group = "what")]
        packets: Option<u32>,
    },
}

/// An invitation file is not longer.
const INVITATION_BYTES_MAX: u64 = 256 * 1024;

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
    #[serde(flatten)]
    standing: StandingView,
    clock: UnixMs,
    clock_estimated: Option<UnixMs>,
    revoked: Option<String>,
    rolled_back: Option<u64>,
}

#[derive(Serialize)]
struct StandingView {
    #[serde(flatten)]
    standing: Standing,
    warnings: Vec<FreezeReason>,
    frozen: Vec<FreezeReason>,
}

impl From<Standing> for StandingView {
    fn from(standing: Standing) -> Self {
        Self {
            warnings: standing.warnings(),
            frozen: standing.frozen(),
            standing,
        }
    }
}

impl StandingView {
    fn lines(&self, out: &mut String) -> std::fmt::Result {
        let Standing {
            offline_days,
            backlog,
            free_bytes,
            extended,
            ..
        } = &self.standing;
        let by = if *extended {
            ", extended by a supervisor"
        } else {
            ""
        };
        writeln!(
            out,
            "offline     {} of {} days{by}",
            offline_days.now, offline_days.max
        )?;
        writeln!(
            out,
            "backlog     {} of {} packets{by}",
            backlog.now, backlog.max
        )?;
        writeln!(out, "free disk   {} MB", free_bytes / 1_000_000)?;
        for line in warning_lines(&self.standing) {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }
}

/// What whoever works here has to know before it stops them.
pub fn warning_lines(standing: &Standing) -> Vec<String> {
    let frozen = standing.frozen();
    standing
        .warnings()
        .into_iter()
        .map(|reason| {
            let what = match reason {
                FreezeReason::Offline => format!(
                    "{} days without the centre; no new enrolment from {} on",
                    standing.offline_days.now, standing.offline_days.max
                ),
                FreezeReason::Backlog => format!(
                    "{} packets wait; no new enrolment from {} on",
                    standing.backlog.now, standing.backlog.max
                ),
                FreezeReason::Disk => format!(
                    "{} MB free on the disk; no new enrolment below {} MB",
                    standing.free_bytes / 1_000_000,
                    standing.free_bytes_min / 1_000_000
                ),
            };
            let word = if frozen.contains(&reason) {
                "FROZEN "
            } else {
                "WARNING"
            };
            format!("{word}     {what}")
        })
        .collect()
}

/// Runs the verb.
pub fn run(verb: Verb, common: &Common, talk: &Talk) -> Result<(), Failure> {
    match verb {
        Verb::Provision { invitation } => provision(&invitation, common, talk),
        Verb::Status => status(common, talk),
        Verb::Diagnostics { profiles } => diagnostics(&profiles, common, talk),
        Verb::Extend { days, packets } => {
            let what = match (days, packets) {
                (Some(days), _) => Extend::Days(days),
                (None, Some(packets)) => Extend::Packets(packets),
                (None, None) => return Err(Failure::usage("give --days or --packets")),
            };
            extend(what, common, talk)
        }
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
    let connect = |invitation: &qayd_protocol::Invitation| {
        qayd_station::upload::connect_invited(&world, invitation)
    };
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

fn diagnostics(
    profiles: &crate::device::Profiles,
    common: &Common,
    talk: &Talk,
) -> Result<(), Failure> {
    let signed = sign_in::sign_in(common)?;
    let devices = crate::device::entries(&signed.station, profiles)?;
    let program = concat!("qayd ", env!("CARGO_PKG_VERSION"));
    let report = qayd_station::diagnostics::report(&signed.station, program, &devices)?;
    talk.data(&report, |out| out.write_str(&report))
}

fn extend(what: Extend, common: &Common, talk: &Talk) -> Result<(), Failure> {
    let signed = sign_in::sign_in(common)?;
    // Whoever works here may be an officer with the supervisor beside them.
    let supervisor = sign_in::supervisor(common, &signed.station)?;
    let by = supervisor.as_ref().unwrap_or(&signed.session);
    let view = StandingView::from(signed.station.extend(by, what)?);
    talk.data(&view, |out| view.lines(out))
}

fn status(common: &Common, talk: &Talk) -> Result<(), Failure> {
    let signed = sign_in::sign_in(common)?;
    let station = &signed.station;
    let identity = station.identity();
    let now = station.now()?;
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
        today: station.day()?.outbox,
        policy_version: station.policy()?.version,
        keyring_epoch: store.read(|c| station.keyring(c))?.epoch,
        audit_entries: store
            .read(qayd_station::audit::head)?
            .map_or(0, |(number, _)| number),
        standing: station.standing()?.into(),
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
        view.standing.lines(out)?;
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
