//! The centre's own journal and its alarms.
//!
//! In: who did what to which id. Out: a hash chain of entries, and alarms a person has to look at.
//! Owns: tables `journal`, `alarm`. Never: holds personal data; alters or drops an entry.

use qayd_model::{StationId, UnixMs};
use rusqlite::{Connection, OptionalExtension, params};

use crate::store::RegisterError;

/// Appends an entry inside the caller's transaction; returns its number, from 1. `actor` is a staff id, a station id or
/// a role; `action` a short word such as `packet.open`; `subject` an id; `detail` codes and ids, no personal data.
pub fn append_in(
    connection: &Connection,
    now: UnixMs,
    actor: &str,
    action: &str,
    subject: &str,
    detail: &str,
) -> Result<u64, RegisterError> {
    let last = connection
        .prepare_cached("SELECT number, digest FROM journal ORDER BY number DESC LIMIT 1")?
        .query_row([], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?))
        })
        .optional()?;
    let (number, previous) = last.map_or((1, [0; 32]), |(n, digest)| (n + 1, digest));
    let digest = entry_digest(number, now.0, actor, action, subject, detail, &previous);
    connection
        .prepare_cached(
            "INSERT INTO journal (number, at_ms, actor, action, subject, detail, previous, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            number,
            now.0 as i64,
            actor,
            action,
            subject,
            detail,
            previous,
            digest
        ])?;
    Ok(number as u64)
}

/// Walks the chain. `Err` names the first entry that does not fit the one before it; `Ok` the number of entries.
pub fn verify(connection: &Connection) -> Result<Result<u64, u64>, RegisterError> {
    let mut statement = connection.prepare(
        "SELECT number, at_ms, actor, action, subject, detail, previous, digest
         FROM journal ORDER BY number",
    )?;
    let mut rows = statement.query([])?;
    let (mut expected, mut previous) = (1_i64, [0_u8; 32]);
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let stored: [u8; 32] = row.get(7)?;
        let digest = entry_digest(
            number,
            row.get::<_, i64>(1)? as u64,
            &row.get::<_, String>(2)?,
            &row.get::<_, String>(3)?,
            &row.get::<_, String>(4)?,
            &row.get::<_, String>(5)?,
            &row.get::<_, [u8; 32]>(6)?,
        );
        if number != expected || row.get::<_, [u8; 32]>(6)? != previous || digest != stored {
            return Ok(Err(expected as u64));
        }
        previous = stored;
        expected += 1;
    }
    Ok(Ok(expected as u64 - 1))
}

fn entry_digest(
    number: i64,
    at_ms: u64,
    actor: &str,
    action: &str,
    subject: &str,
    detail: &str,
    previous: &[u8; 32],
) -> [u8; 32] {
    let mut bytes = b"qayd-journal-v1".to_vec();
    bytes.extend_from_slice(&number.to_be_bytes());
    bytes.extend_from_slice(&at_ms.to_be_bytes());
    for text in [actor, action, subject, detail] {
        bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes.extend_from_slice(previous);
    qayd_crypto::sha256(&bytes).0
}

/// Raises an alarm inside the caller's transaction, and journals it.
pub fn alarm_in(
    connection: &Connection,
    now: UnixMs,
    kind: &str,
    station: Option<StationId>,
    detail: &str,
) -> Result<(), RegisterError> {
    connection
        .prepare_cached(
            "INSERT INTO alarm (raised_ms, kind, station, detail) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            now.0 as i64,
            kind,
            station.map(StationId::to_bytes),
            detail
        ])?;
    let subject = station.map(|id| id.to_string()).unwrap_or_default();
    append_in(
        connection,
        now,
        "centre",
        "alarm",
        &subject,
        &format!("{kind} {detail}"),
    )?;
    tracing::warn!(code = "ALM-01", kind, station = %subject, detail, "alarm raised");
    Ok(())
}

/// One alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Number in the register.
    pub id: i64,
    /// When it was raised.
    pub raised: UnixMs,
    /// `invitation-reused`, `packet-id-reused`, `chain-gap`, `chain-fork`, `revoked-station`, …
    pub kind: String,
    /// The station it is about.
    pub station: Option<StationId>,
    /// Ids and codes.
    pub detail: String,
}

/// The newest alarms first.
pub fn alarms(connection: &Connection, limit: u32) -> Result<Vec<Alarm>, RegisterError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, raised_ms, kind, station, detail FROM alarm ORDER BY id DESC LIMIT ?1",
    )?;
    let rows = statement.query_map([limit], |row| {
        Ok(Alarm {
            id: row.get(0)?,
            raised: UnixMs(row.get::<_, i64>(1)? as u64),
            kind: row.get(2)?,
            station: row
                .get::<_, Option<[u8; 16]>>(3)?
                .map(StationId::from_bytes),
            detail: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
