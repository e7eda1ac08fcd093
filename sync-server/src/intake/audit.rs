//! Audit: the stations' trails, kept at the centre.
//!
//! In: signed entries that follow on what is held. Out: the number of the last one held. Owns: table `audit_entry`.
//! Never: takes an entry out of order, of another key, or in place of one that is held.

use qayd_model::{Sha256Digest, StationId, UnixMs};
use qayd_protocol::{AuditBatch, ChainError, ChainHead, audit};
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    store::{Register, RegisterError},
    trust::{StationRow, journal},
};

/// Why a batch was not taken. Entries before the faulty one are kept.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// An entry does not follow on the one held: somebody rewrote the trail, or left something out.
    #[error("entry {number} does not follow on the trail")]
    Broken {
        /// Number it would have had.
        number: u64,
        /// Why.
        #[source]
        source: ChainError,
    },
    /// The register.
    #[error("the register")]
    Register(#[from] RegisterError),
}

impl From<rusqlite::Error> for AuditError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Register(error.into())
    }
}

/// Takes a batch; returns the last number held. Entries that are held already are skipped if they are the same bytes; a
/// batch that begins after the last one held is not taken.
pub(super) fn take(
    register: &Register,
    now: UnixMs,
    station: &StationRow,
    batch: &AuditBatch,
) -> Result<u64, AuditError> {
    let (station, batch) = (station.clone(), batch.clone());
    // A broken trail is an outcome, so that its alarm is committed with the entries before it.
    let (held, broken) = register.write(move |connection| {
        let mut head = head_in(connection, station.id)?;
        if batch.first > head.next_number() {
            return Ok((head.number, None));
        }
        for (index, bytes) in batch.entries.iter().enumerate() {
            let number = batch.first + index as u64;
            let next = if number <= head.number {
                same_in(connection, station.id, number, bytes)
            } else {
                audit::follow(&head, &station.key, bytes)
            };
            match next {
                Ok(next) if number > head.number => {
                    insert_in(connection, now, station.id, &next, bytes)?;
                    head = next;
                }
                Ok(_) => {}
                Err(source) => {
                    let detail = format!("entry={number} {}", source.code());
                    journal::alarm_in(connection, now, "audit-broken", Some(station.id), &detail)?;
                    return Ok((head.number, Some((number, source))));
                }
            }
        }
        Ok::<_, AuditError>((head.number, None))
    })?;
    match broken {
        None => Ok(held),
        Some((number, source)) => Err(AuditError::Broken { number, source }),
    }
}

fn head_in(connection: &Connection, station: StationId) -> Result<ChainHead, RegisterError> {
    let last = connection
        .prepare_cached(
            "SELECT number, digest FROM audit_entry WHERE station = ?1
             ORDER BY number DESC LIMIT 1",
        )?
        .query_row([station.to_bytes()], |row| {
            Ok(ChainHead {
                number: row.get::<_, i64>(0)? as u64,
                digest: Some(Sha256Digest(row.get(1)?)),
            })
        })
        .optional()?;
    Ok(last.unwrap_or(ChainHead::START))
}

/// An entry that is held: the same bytes again are welcome, others are a fork.
fn same_in(
    connection: &Connection,
    station: StationId,
    number: u64,
    bytes: &[u8],
) -> Result<ChainHead, ChainError> {
    let digest = qayd_crypto::sha256(bytes);
    let held = connection
        .prepare_cached("SELECT digest FROM audit_entry WHERE station = ?1 AND number = ?2")
        .and_then(|mut statement| {
            statement.query_row(params![station.to_bytes(), number as i64], |row| {
                row.get::<_, [u8; 32]>(0)
            })
        });
    match held {
        Ok(held) if held == digest.0 => Ok(ChainHead {
            number,
            digest: Some(digest),
        }),
        _ => Err(ChainError::Fork { number }),
    }
}

fn insert_in(
    connection: &Connection,
    now: UnixMs,
    station: StationId,
    head: &ChainHead,
    bytes: &[u8],
) -> Result<(), RegisterError> {
    connection
        .prepare_cached(
            "INSERT INTO audit_entry (station, number, digest, bytes, taken_ms)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            station.to_bytes(),
            head.number as i64,
            head.digest.map(|digest| digest.0),
            bytes,
            now.0 as i64
        ])?;
    Ok(())
}
