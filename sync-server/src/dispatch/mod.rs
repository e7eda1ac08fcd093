//! Dispatch: what the centre says to one station, numbered, chained and signed.
//!
//! In: a body (decision, policy, pack, keyring, revocation). Out: signed inbox items. Owns: table `inbox`.
//! Never: renumbers, alters or drops an item; a station that lost its disk reads from 1 again.

use qayd_model::{Sha256Digest, StationId, UnixMs};
use qayd_protocol::{InboxBody, InboxItem, inbox};
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    store::{Register, RegisterError},
    trust::CentreKeys,
};

/// Items in one answer at most.
pub const ITEMS_PER_ANSWER: usize = 100;
/// Bytes in one answer at most, unless the first item alone is longer.
const ANSWER_BYTES_MAX: usize = 8 << 20;

/// Signs `body` as the station's next inbox item, inside the caller's transaction; returns its number (from 1).
/// `subject` names it in the register (a packet or decision id), never a person.
pub fn append_in(
    connection: &Connection,
    keys: &CentreKeys,
    now: UnixMs,
    station: StationId,
    body: InboxBody,
    subject: &str,
) -> Result<u64, RegisterError> {
    let last = connection
        .prepare_cached(
            "SELECT number, digest FROM inbox WHERE station = ?1 ORDER BY number DESC LIMIT 1",
        )?
        .query_row([station.to_bytes()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?))
        })
        .optional()?;
    let number = last.map_or(1, |(number, _)| number as u64 + 1);
    let item = InboxItem {
        number,
        station,
        previous: last.map(|(_, digest)| Sha256Digest(digest)),
        time: now,
        body,
    };
    let bytes = inbox::make(&item, keys.centre_key());
    connection
        .prepare_cached(
            "INSERT INTO inbox (station, number, bytes, digest, made_ms, subject)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            station.to_bytes(),
            number as i64,
            bytes,
            qayd_crypto::sha256(&bytes).0,
            now.0 as i64,
            subject
        ])?;
    Ok(number)
}

/// The station's signed items after number `after`, oldest first, as many as one answer holds.
pub fn items_after(
    register: &Register,
    station: StationId,
    after: u64,
) -> Result<Vec<Vec<u8>>, RegisterError> {
    register.read(|connection| {
        let mut statement = connection.prepare_cached(
            "SELECT bytes FROM inbox WHERE station = ?1 AND number > ?2 ORDER BY number LIMIT ?3",
        )?;
        let mut rows = statement.query(params![
            station.to_bytes(),
            i64::try_from(after).unwrap_or(i64::MAX),
            ITEMS_PER_ANSWER as i64
        ])?;
        let (mut items, mut total) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let bytes: Vec<u8> = row.get(0)?;
            total += bytes.len();
            if total > ANSWER_BYTES_MAX && !items.is_empty() {
                break;
            }
            items.push(bytes);
        }
        Ok(items)
    })
}
