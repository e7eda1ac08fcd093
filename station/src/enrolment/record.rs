//! Record: what the station keeps of a sealed enrolment: its number, its state, its slip, and folded words to find it by.
//!
//! In: a sealed packet, later what the centre says of it. Out: lists and search.
//! Owns: tables `enrolment`, `enrolment_version`, `enrolment_word`.
//! Never: holds an answer that is not on the slip, a sample, or a number that is not masked where the pack says so.

use qayd_crypto::cbor;
use qayd_model::{EnrolmentId, PacketId, UnixMs};
use qayd_packet::SignedManifest;
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::slip::Slip;
use crate::store::StoreError;

/// The largest slip.
const SLIP_BYTES_MAX: usize = 64 * 1024;
/// More words of a query than this are ignored.
const QUERY_WORDS_MAX: usize = 8;
/// Up to so many candidates are looked up one by one; more are cheaper to read in one pass.
const LOOKUPS_MAX: usize = 1_000;

/// The state of a record that was just sealed.
pub const STATE_SEALED: &str = "sealed";

/// One line of a list of enrolments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentSummary {
    /// Which enrolment.
    pub enrolment: EnrolmentId,
    /// Its running number at this station, from 1.
    pub number: u64,
    /// Of which pack.
    pub pack_id: String,
    /// Its latest version.
    pub version: u32,
    /// The packet of that version.
    pub packet: PacketId,
    /// `sealed`, then what the centre says: `delivered`, `refused`, `accepted`, `returned`, `rejected`, `same_person`.
    pub state: String,
    /// What is on the slip.
    pub slip: Slip,
    /// When the latest version was sealed.
    pub sealed: UnixMs,
    /// When the state last changed.
    pub changed: UnixMs,
}

/// The number an enrolment has, or the next free one.
pub(super) fn number(tx: &Transaction<'_>, enrolment: EnrolmentId) -> Result<u64, StoreError> {
    let held: Option<u64> = tx
        .query_row(
            "SELECT number FROM enrolment WHERE enrolment = ?1",
            [enrolment.to_bytes()],
            |row| row.get(0),
        )
        .optional()?;
    match held {
        Some(number) => Ok(number),
        None => Ok(tx.query_row(
            "SELECT coalesce(max(number), 0) + 1 FROM enrolment",
            [],
            |row| row.get(0),
        )?),
    }
}

/// Writes or renews the record of a sealed version.
pub(super) fn keep(
    tx: &Transaction<'_>,
    manifest: &SignedManifest,
    slip: &Slip,
    words: &[String],
    at: UnixMs,
) -> Result<(), StoreError> {
    let m = manifest.manifest();
    let enrolment = m.enrolment.to_bytes();
    tx.execute(
        "INSERT INTO enrolment (enrolment, number, pack_id, version, packet, state, slip, sealed, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)
         ON CONFLICT (enrolment) DO UPDATE SET version = excluded.version, packet = excluded.packet,
             state = excluded.state, slip = excluded.slip, sealed = excluded.sealed, changed = excluded.changed",
        (
            enrolment,
            slip.number,
            &m.pack_id,
            m.version,
            m.packet.to_bytes(),
            STATE_SEALED,
            cbor::encode(slip),
            at.0,
        ),
    )?;
    tx.execute(
        "INSERT INTO enrolment_version (packet, enrolment, version, sequence, manifest, sealed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            m.packet.to_bytes(),
            enrolment,
            m.version,
            m.sequence,
            manifest.bytes(),
            at.0,
        ),
    )?;
    tx.execute(
        "DELETE FROM enrolment_word WHERE number = ?1",
        [slip.number],
    )?;
    for word in words {
        tx.execute(
            "INSERT INTO enrolment_word (word, number) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            (word, slip.number),
        )?;
    }
    Ok(())
}

/// Says how an enrolment stands, as long as `packet` is its latest version: news of an older one changes nothing.
///
/// # Errors
/// [`StoreError`]. `Ok(false)` when the packet is not the latest of any enrolment.
pub fn set_state(
    tx: &Transaction<'_>,
    packet: PacketId,
    state: &str,
    at: UnixMs,
) -> Result<bool, StoreError> {
    Ok(tx.execute(
        "UPDATE enrolment SET state = ?2, changed = max(changed, ?3) WHERE packet = ?1",
        (packet.to_bytes(), state, at.0),
    )? > 0)
}

/// The signed manifest of a packet this station sealed.
pub fn manifest(connection: &Connection, packet: PacketId) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(connection
        .query_row(
            "SELECT manifest FROM enrolment_version WHERE packet = ?1",
            [packet.to_bytes()],
            |row| row.get(0),
        )
        .optional()?)
}

/// Latest version and number of an enrolment.
pub fn latest(
    connection: &Connection,
    enrolment: EnrolmentId,
) -> Result<Option<EnrolmentSummary>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM enrolment e WHERE e.enrolment = ?1");
    connection
        .prepare_cached(&sql)?
        .query_row([enrolment.to_bytes()], |row| Ok(summary_of(row)))
        .optional()?
        .transpose()
}

/// Enrolments, the latest number first.
pub(super) fn list(
    connection: &Connection,
    limit: usize,
) -> Result<Vec<EnrolmentSummary>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM enrolment e ORDER BY e.number DESC LIMIT ?1");
    collect(connection, &sql, vec![limit_of(limit)])
}

/// Enrolments in which every one of `words` (folded) begins some word of a name; the latest number first.
/// A query of digits alone is a running number.
///
/// What it costs is bounded by the words the store holds, not by how many of them a query fits: one pass over each
/// range of the index, no row of an enrolment before the answer is known.
pub(super) fn search(
    connection: &Connection,
    words: &[String],
    number: Option<u64>,
    limit: usize,
) -> Result<Vec<EnrolmentSummary>, StoreError> {
    let numbers = match number {
        Some(number) => vec![number],
        None => numbers_named(connection, words)?,
    };
    let sql = format!("SELECT {COLUMNS} FROM enrolment e WHERE e.number = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    numbers
        .iter()
        .rev()
        .take(limit)
        .filter_map(|number| -> Option<Result<EnrolmentSummary, StoreError>> {
            let number = i64::try_from(*number).ok()?;
            statement
                .query_row([number], |row| Ok(summary_of(row)))
                .optional()
                .map_err(StoreError::from)
                .transpose()
                .map(Result::flatten)
        })
        .collect()
}

/// Running numbers of the enrolments that every word fits, ascending.
fn numbers_named(connection: &Connection, words: &[String]) -> Result<Vec<u64>, StoreError> {
    let mut words: Vec<&String> = words
        .iter()
        .filter(|w| !w.is_empty())
        .take(QUERY_WORDS_MAX)
        .collect();
    // The longest word leaves the fewest candidates.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    // Whatever a longer word begins, its own beginning begins too. What is left are ranges that never overlap, so that
    // no query reads the index more than once.
    let all = words.clone();
    let mut seen = Vec::new();
    words.retain(|word| {
        let told = all
            .iter()
            .any(|other| other.len() > word.len() && other.starts_with(word.as_str()));
        let fresh = !told && !seen.contains(word);
        seen.push(*word);
        fresh
    });
    let Some((first, others)) = words.split_first() else {
        return Ok(Vec::new());
    };
    let mut found = numbers_of(connection, first)?;
    for word in others {
        if found.len() <= LOOKUPS_MAX {
            found = those_with(connection, found, word)?;
        } else {
            let with = numbers_of(connection, word)?;
            found.retain(|number| with.binary_search(number).is_ok());
        }
    }
    Ok(found)
}

/// Numbers with a word that begins so, ascending, each once.
fn numbers_of(connection: &Connection, word: &str) -> Result<Vec<u64>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT number FROM enrolment_word WHERE word >= ?1 AND word < ?2")?;
    let rows = statement.query_map((word, after(word)), |row| row.get(0))?;
    let mut numbers = rows.collect::<Result<Vec<u64>, _>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// Those of a few numbers that have a word that begins so.
fn those_with(
    connection: &Connection,
    numbers: Vec<u64>,
    word: &str,
) -> Result<Vec<u64>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM enrolment_word WHERE number = ?1 AND word >= ?2 AND word < ?3)",
    )?;
    let end = after(word);
    let mut kept = Vec::new();
    for number in numbers {
        if statement.query_row((number, word, &end), |row| row.get(0))? {
            kept.push(number);
        }
    }
    Ok(kept)
}

/// The end of the range of words that begin so.
fn after(word: &str) -> String {
    format!("{word}\u{10FFFF}")
}

const COLUMNS: &str =
    "e.enrolment, e.number, e.pack_id, e.version, e.packet, e.state, e.slip, e.sealed, e.changed";

fn limit_of(limit: usize) -> SqlValue {
    SqlValue::Integer(i64::try_from(limit).unwrap_or(i64::MAX))
}

fn collect(
    connection: &Connection,
    sql: &str,
    values: Vec<SqlValue>,
) -> Result<Vec<EnrolmentSummary>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        out.push(summary_of(row)?);
    }
    Ok(out)
}

fn summary_of(row: &rusqlite::Row<'_>) -> Result<EnrolmentSummary, StoreError> {
    let slip: Vec<u8> = row.get(6)?;
    Ok(EnrolmentSummary {
        enrolment: EnrolmentId::from_bytes(row.get(0)?),
        number: row.get(1)?,
        pack_id: row.get(2)?,
        version: row.get(3)?,
        packet: PacketId::from_bytes(row.get(4)?),
        state: row.get(5)?,
        slip: cbor::decode_strict(&slip, SLIP_BYTES_MAX).map_err(|_| StoreError::Damaged {
            table: "enrolment",
            what: "the slip is not one",
        })?,
        sealed: UnixMs(row.get(7)?),
        changed: UnixMs(row.get(8)?),
    })
}
