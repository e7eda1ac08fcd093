//! Freeze: when the station begins no new enrolment until it has spoken to the centre, or a supervisor extends.
//!
//! In: the policy's limits, the outbox, the disk, the time without the centre. Out: [`Standing`], for the status bar and
//! for whoever begins an enrolment. Owns: the setting `extension`.
//! Never: stops what was begun, a correction, or the sending of anything; lets a clock that was set back count for or
//! against anybody.
//!
//! ```text
//!   free ──► warned (30 days, 3,000 packets) ──► frozen (60 days, 5,000 packets) ──► supervisor extends ──► free, until
//!     ▲                                                                                                       │ the new limit
//!     └──────────────────────────── the centre was reached, the backlog was sent ◄────────────────────────────┘
//! ```
//!
//! Every packet sealed under an extension says so, signed by the operator, with who gave it.

#[cfg(test)]
mod tests;

use minicbor::{Decode, Encode};
use qayd_model::{Remedy, UnixMs};
use qayd_packet::Extension;
use rusqlite::{Connection, Transaction};
use serde::Serialize;

use crate::audit::{AuditEvent, Subject};
use crate::outbox;
use crate::session::{Session, SessionError};
use crate::settings::{self, name};
use crate::station::Station;
use crate::store::StoreError;

const DAY_MS: u64 = 86_400_000;
/// Most days one act of a supervisor adds.
pub const EXTEND_DAYS_MAX: u16 = 30;
/// Most packets one act of a supervisor adds.
pub const EXTEND_PACKETS_MAX: u32 = 2_500;
/// The disk is warned of from this many times the policy's least.
const FREE_WARN_TIMES: u64 = 4;

/// What a limit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FreezeReason {
    /// Days without the centre.
    Offline,
    /// Packets whose only copy is here.
    Backlog,
    /// Free disk.
    Disk,
}

/// A count against its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// How it stands.
    pub now: u64,
    /// From here on the station warns.
    pub warn: u64,
    /// From here on it begins no new enrolment; what a supervisor added is in it.
    pub max: u64,
}

impl Limit {
    const fn is_reached(self) -> bool {
        self.now >= self.max
    }

    const fn is_near(self) -> bool {
        self.now >= self.warn
    }
}

/// How the station stands with everything that could stop it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Whole days without the centre.
    pub offline_days: Limit,
    /// Packets without a receipt.
    pub backlog: Limit,
    /// Bytes free on the disk.
    pub free_bytes: u64,
    /// Below this no enrolment is begun.
    pub free_bytes_min: u64,
    /// Whether an extension is in force.
    pub extended: bool,
}

impl Standing {
    /// Why no new enrolment can be begun; empty when one can.
    pub fn frozen(&self) -> Vec<FreezeReason> {
        self.those(
            self.offline_days.is_reached(),
            self.backlog.is_reached(),
            self.free_bytes < self.free_bytes_min,
        )
    }

    /// What will stop the station if nothing is done; also what stops it now.
    pub fn warnings(&self) -> Vec<FreezeReason> {
        self.those(
            self.offline_days.is_near(),
            self.backlog.is_near(),
            self.free_bytes < self.free_bytes_min.saturating_mul(FREE_WARN_TIMES),
        )
    }

    fn those(&self, offline: bool, backlog: bool, disk: bool) -> Vec<FreezeReason> {
        [
            (offline, FreezeReason::Offline),
            (backlog, FreezeReason::Backlog),
            (disk, FreezeReason::Disk),
        ]
        .into_iter()
        .filter_map(|(held, reason)| held.then_some(reason))
        .collect()
    }
}

/// What a supervisor adds to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extend {
    /// Days without the centre, 1 to [`EXTEND_DAYS_MAX`].
    Days(u16),
    /// Unsent packets, 1 to [`EXTEND_PACKETS_MAX`].
    Packets(u32),
}

/// Why nothing was extended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FreezeError {
    /// Nothing, or more than one act may add.
    #[error("an extension adds 1 to {EXTEND_DAYS_MAX} days or 1 to {EXTEND_PACKETS_MAX} packets")]
    Range,
    /// Who is signed in is no supervisor.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FreezeError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Range => "FRZ-01",
            Self::Session(e) => e.code(),
            Self::Store(e) => e.code(),
        }
    }

    /// Who can help.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Range => Remedy::OperatorActs,
            Self::Session(e) => e.remedy(),
            Self::Store(e) => e.remedy(),
        }
    }
}

/// The extension as it is kept.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(map)]
struct Granted {
    #[n(1)]
    extension: Extension,
    /// Signed time of the last contact when it was given. The days end with the next contact: their count begins anew.
    #[n(2)]
    contact: Option<UnixMs>,
}

/// The extension in force; `None` when nothing is extended.
pub(crate) fn in_force(
    station: &Station,
    connection: &Connection,
) -> Result<Option<Extension>, StoreError> {
    let Some(granted) = settings::get_cbor::<Granted>(connection, name::EXTENSION)? else {
        return Ok(None);
    };
    let mut extension = granted.extension;
    if station.clock().last_signed(connection)? != granted.contact {
        extension.offline_days = None;
    }
    let anything = extension.offline_days.is_some() || extension.packets.is_some();
    Ok(anything.then_some(extension))
}

/// How the station stands.
pub(crate) fn standing(station: &Station, connection: &Connection) -> Result<Standing, StoreError> {
    let policy = station.policy_in(connection)?;
    let extension = in_force(station, connection)?;
    let extended = |limit: u64, by: Option<u64>| by.map_or(limit, |by| limit.max(by));
    let days = station.clock().apart_ms(connection)? / DAY_MS;
    Ok(Standing {
        offline_days: Limit {
            now: days,
            warn: u64::from(policy.offline_warn_days),
            max: extended(
                u64::from(policy.offline_max_days),
                extension.and_then(|e| e.offline_days).map(u64::from),
            ),
        },
        backlog: Limit {
            now: outbox::summary(connection)?.waiting(),
            warn: u64::from(policy.backlog_warn),
            max: extended(
                u64::from(policy.backlog_max),
                extension.and_then(|e| e.packets).map(u64::from),
            ),
        },
        free_bytes: station.world().files.free_bytes(station.folder())?,
        free_bytes_min: policy.free_bytes_min,
        extended: extension.is_some(),
    })
}

/// Adds to a limit: to the one in force, or to what was reached already.
pub(crate) fn extend(
    station: &Station,
    by: &Session,
    what: Extend,
) -> Result<Standing, FreezeError> {
    by.require_supervisor()?;
    let possible = match what {
        Extend::Days(days) => (1..=EXTEND_DAYS_MAX).contains(&days),
        Extend::Packets(packets) => (1..=EXTEND_PACKETS_MAX).contains(&packets),
    };
    if !possible {
        return Err(FreezeError::Range);
    }
    station.store().write(|tx| {
        let stands = standing(station, tx)?;
        let held = in_force(station, tx)?;
        let mut extension = Extension {
            offline_days: held.and_then(|e| e.offline_days),
            packets: held.and_then(|e| e.packets),
            supervisor: by.operator(),
            granted: station.clock().stamp(tx)?.recorded,
        };
        let raised = |limit: Limit, by: u64| limit.now.max(limit.max).saturating_add(by);
        let (word, limit) = match what {
            Extend::Days(days) => {
                let limit = raised(stands.offline_days, u64::from(days));
                extension.offline_days = Some(u32::try_from(limit).unwrap_or(u32::MAX));
                ("days", limit)
            }
            Extend::Packets(packets) => {
                let limit = raised(stands.backlog, u64::from(packets));
                extension.packets = Some(u32::try_from(limit).unwrap_or(u32::MAX));
                ("packets", limit)
            }
        };
        let granted = Granted {
            extension,
            contact: station.clock().last_signed(tx)?,
        };
        settings::put_cbor(tx, name::EXTENSION, &granted)?;
        let subjects = [Subject::Code(word.to_owned()), Subject::Count(limit)];
        station.record(
            tx,
            Some(by.operator()),
            AuditEvent::FreezeExtended,
            &subjects,
        )?;
        Ok(standing(station, tx)?)
    })
}

/// Ends an extension whose occasion is over: the backlog fits the policy again. In the transaction that begins an
/// enrolment.
pub(crate) fn lapse(station: &Station, tx: &Transaction<'_>) -> Result<(), StoreError> {
    let Some(mut granted) = settings::get_cbor::<Granted>(tx, name::EXTENSION)? else {
        return Ok(());
    };
    let fits = outbox::summary(tx)?.waiting() < u64::from(station.policy_in(tx)?.backlog_max);
    if granted.extension.packets.is_some() && fits {
        granted.extension.packets = None;
        settings::put_cbor(tx, name::EXTENSION, &granted)?;
    }
    Ok(())
}
