//! `qayd outbox`: sealed packets on their way to the centre.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{Subcommand, ValueEnum};
use qayd_model::{ByteCount, EnrolmentId, PacketId, Remedy, UnixMs};
use qayd_station::outbox::{self, OutboxItem, OutboxState};
use qayd_station::upload::{self, Ended, Progress, SendOptions, SendReport};
use serde::Serialize;

use crate::args::Common;
use crate::failure::Failure;
use crate::sign_in::{Signed, sign_in};
use crate::talk::{Talk, when};

/// What is done with the outbox.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// What waits, what was sent, what is stuck and what has to be done about it.
    List {
        /// One state only.
        #[arg(long, value_enum)]
        state: Option<StateName>,
        /// Begin after this sequence number.
        #[arg(long, default_value_t = 0)]
        after: u64,
        /// At most so many.
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Send what waits, and take what the centre has sent back. Safe to stop and to repeat at any time.
    Send {
        /// How many seconds the link may be gone, once it was there, before this ends.
        #[arg(long, default_value_t = 120, value_name = "SECONDS")]
        patience: u64,
        /// At most so many packets.
        #[arg(long, default_value_t = 5_000)]
        limit: usize,
        /// Queue a stuck packet again first, after its cause was put right.
        #[arg(long, value_name = "PACKET")]
        retry: Vec<PacketId>,
    },
}

/// A state at the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[allow(missing_docs, reason = "the names say it")]
pub enum StateName {
    Queued,
    Sending,
    Delivered,
    Settled,
    Stuck,
}

impl StateName {
    const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Settled => "settled",
            Self::Stuck => "stuck",
        }
    }
}

#[derive(Serialize)]
struct ItemView {
    sequence: u64,
    packet: PacketId,
    enrolment: EnrolmentId,
    state: &'static str,
    reason: Option<String>,
    next_step: Option<&'static str>,
    bytes: ByteCount,
    acknowledged: ByteCount,
    sha256: String,
    queued: UnixMs,
    attempts: u32,
    last_error: Option<String>,
    delivered: Option<UnixMs>,
    released: Option<UnixMs>,
    decision: Option<String>,
}

impl From<OutboxItem> for ItemView {
    fn from(item: OutboxItem) -> Self {
        let (reason, next_step) = match &item.state {
            OutboxState::Stuck(reason) => {
                let name = match reason {
                    outbox::StuckReason::Refused { reason } => format!("refused: {reason}"),
                    other => other.name().to_owned(),
                };
                (Some(name), Some(reason.next_step().name()))
            }
            _ => (None, None),
        };
        Self {
            sequence: item.sequence,
            packet: item.packet,
            enrolment: item.enrolment,
            state: item.state.name(),
            reason,
            next_step,
            bytes: item.length,
            acknowledged: item.acknowledged,
            sha256: item.digest.to_hex(),
            queued: item.queued,
            attempts: item.attempts,
            last_error: item.error.map(|e| e.code),
            delivered: item.delivered,
            released: item.released,
            decision: item.decision,
        }
    }
}

/// Runs the verb.
pub fn run(verb: Verb, common: &Common, talk: &Talk) -> Result<(), Failure> {
    let signed = sign_in(common)?;
    match verb {
        Verb::List {
            state,
            after,
            limit,
        } => list(&signed, state, after, limit, talk),
        Verb::Send {
            patience,
            limit,
            retry,
        } => send(&signed, patience, limit, &retry, talk),
    }
}

fn list(
    signed: &Signed,
    state: Option<StateName>,
    after: u64,
    limit: usize,
    talk: &Talk,
) -> Result<(), Failure> {
    let state = state.map(StateName::name);
    let items = signed
        .station
        .store()
        .read(|c| outbox::list(c, state, after, limit))?;
    let views: Vec<ItemView> = items.into_iter().map(ItemView::from).collect();
    talk.data(&views, |out| {
        views.iter().try_for_each(|v| {
            let percent = v.acknowledged.0 * 100 / v.bytes.0.max(1);
            write!(
                out,
                "{:>6}  {:<9}  {}  {}  {:>9} bytes",
                v.sequence,
                v.state,
                v.packet,
                when(v.queued),
                v.bytes.0
            )?;
            match (&v.reason, &v.decision, &v.last_error) {
                (Some(reason), _, _) => {
                    writeln!(out, "  {reason}; next: {}", v.next_step.unwrap_or_default())
                }
                (_, Some(decision), _) => writeln!(out, "  {decision}"),
                (_, _, Some(error)) => writeln!(out, "  {percent} % there, {error}"),
                _ => writeln!(out),
            }
        })
    })
}

fn send(
    signed: &Signed,
    patience: u64,
    limit: usize,
    retry: &[PacketId],
    talk: &Talk,
) -> Result<(), Failure> {
    let station = &signed.station;
    for packet in retry {
        if !station.store().write(|tx| outbox::try_again(tx, *packet))? {
            return Err(
                Failure::state("OUT-20", Remedy::SupervisorActs).with(format!(
                    "packet {packet} is not stuck, or sending it again cannot help"
                )),
            );
        }
    }
    let api = upload::connect(station)?;
    let options = SendOptions {
        patience_ms: patience.saturating_mul(1_000),
        packets_max: limit,
        told: teller(signed, talk),
    };
    let cancel = Arc::new(AtomicBool::new(false));
    let report = upload::send(station, &api, &cancel, &options)?;
    talk.end_progress();
    talk.data(&report, |out| {
        writeln!(
            out,
            "{} delivered, {} waiting, {} files deleted, {} decisions, {} bytes sent",
            report.delivered,
            report.waiting,
            report.released,
            report.decisions,
            report.bytes_sent.0
        )
    })?;
    outcome(&report)
}

/// Progress on stderr; the network asks for it from the middle of an upload.
fn teller(signed: &Signed, talk: &Talk) -> Arc<dyn Fn(&Progress) + Send + Sync> {
    let clock = signed.station.world().clock.clone();
    let progress = talk.progress_line();
    Arc::new(move |what| {
        let text = match what {
            Progress::Calling => "calling the centre".to_owned(),
            Progress::Offering { packets } => format!("offering {packets} packets"),
            Progress::Sending {
                packet,
                offset,
                length,
            } => {
                format!(
                    "sending {packet}: {} of {} kB",
                    offset / 1_000,
                    length / 1_000
                )
            }
            Progress::Waiting { ms } => {
                format!("the link is gone; trying again in {} s", ms.div_ceil(1_000))
            }
            Progress::Fetching => "fetching receipts and decisions".to_owned(),
        };
        progress.say(clock.monotonic_ms(), &text);
    })
}

fn outcome(report: &SendReport) -> Result<(), Failure> {
    match report.ended {
        Ended::Offline { code } => {
            let waits = match report.waiting {
                0 => "Nothing waits to be sent.".to_owned(),
                1 => "1 packet is safe and will be sent later.".to_owned(),
                n => format!("{n} packets are safe and will be sent later."),
            };
            return Err(Failure::state(code, Remedy::RetryLater).with(waits));
        }
        Ended::Stopped { code, remedy } => return Err(Failure::state(code, remedy)),
        Ended::Done | Ended::Cancelled => {}
    }
    if report.stuck.is_empty() {
        return Ok(());
    }
    let lines = report
        .stuck
        .iter()
        .map(|(packet, reason)| format!("packet {packet}: {reason}"));
    Err(Failure::state("OUT-21", Remedy::SupervisorActs).with_all(lines))
}
