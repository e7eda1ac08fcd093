//! Stations: who was provisioned, and their standing.
//!
//! In: ids. Out: rows. Owns: table `station`. Never: forgets a station, revoked or not.

use qayd_crypto::{PublicKey, SealingKey, cbor};
use qayd_model::{StationId, UnixMs};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{TrustError, journal};
use crate::store::{Register, RegisterError};

/// A CBOR sealing key is never longer.
const SEALING_KEY_MAX: usize = 4096;

/// One provisioned station.
#[derive(Debug, Clone)]
pub struct StationRow {
    /// Its id.
    pub id: StationId,
    /// `camp`, `hospital`, `embassy`, …
    pub kind: String,
    /// Where it stands.
    pub site: String,
    /// What people call it.
    pub name: String,
    /// Verifies its manifests and requests.
    pub key: PublicKey,
    /// What is sealed back to it.
    pub receiving_key: SealingKey,
    /// Its certificate, signed by the issuer.
    pub certificate: Vec<u8>,
    /// Packs it may use.
    pub packs: Vec<String>,
    /// Simulated devices are refused there.
    pub production: bool,
    /// When it was provisioned.
    pub provisioned: UnixMs,
    /// Last request that verified.
    pub last_seen: Option<UnixMs>,
    /// Since when it is revoked.
    pub revoked: Option<UnixMs>,
    /// The last sequence number that is still trusted after the revocation.
    pub trusted_sequence: Option<u64>,
    /// Bytes it may have here unreviewed.
    pub quota_bytes: u64,
}

const COLUMNS: &str = "id, kind, site, name, key, receiving_key, certificate, packs, production,
    provisioned_ms, last_seen_ms, revoked_ms, trusted_sequence, quota_bytes";

/// One station, inside the caller's transaction.
pub fn station_in(
    connection: &Connection,
    station: StationId,
) -> Result<Option<StationRow>, RegisterError> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM station WHERE id = ?1"))?
        .query_row([station.to_bytes()], |row| Ok(from_row(row)))
        .optional()?
        .transpose()
}

/// All stations, by name.
pub fn stations_in(connection: &Connection) -> Result<Vec<StationRow>, RegisterError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM station ORDER BY name, id"))?;
    statement
        .query_map([], |row| Ok(from_row(row)))?
        .collect::<Result<Result<Vec<_>, _>, _>>()?
}

/// Marks a station as revoked. Its packets up to `trusted_sequence` stay trusted; later ones are quarantined, not lost.
pub fn revoke(
    register: &Register,
    now: UnixMs,
    actor: &str,
    station: StationId,
    trusted_sequence: Option<u64>,
) -> Result<(), TrustError> {
    let actor = actor.to_owned();
    register.write(move |connection| {
        let changed = connection.execute(
            "UPDATE station SET revoked_ms = ?2, trusted_sequence = ?3
             WHERE id = ?1 AND revoked_ms IS NULL",
            params![
                station.to_bytes(),
                now.0 as i64,
                trusted_sequence.map(|n| n as i64)
            ],
        )?;
        if changed == 0 && station_in(connection, station)?.is_none() {
            return Err(TrustError::NoStation);
        }
        let detail = trusted_sequence.map(|n| n.to_string()).unwrap_or_default();
        journal::append_in(
            connection,
            now,
            &actor,
            "station.revoke",
            &station.to_string(),
            &detail,
        )?;
        Ok(())
    })
}

/// Notes that a station was heard, at most once a minute so that reading costs no writes.
pub fn touch(register: &Register, row: &StationRow, now: UnixMs) -> Result<(), RegisterError> {
    if row
        .last_seen
        .is_some_and(|seen| now.0.saturating_sub(seen.0) < 60_000 && now.0 >= seen.0)
    {
        return Ok(());
    }
    let id = row.id;
    register.write(move |connection| {
        connection.execute(
            "UPDATE station SET last_seen_ms = ?2 WHERE id = ?1",
            params![id.to_bytes(), now.0 as i64],
        )?;
        Ok(())
    })
}

fn from_row(row: &Row<'_>) -> Result<StationRow, RegisterError> {
    let key: Vec<u8> = row.get(4)?;
    let receiving: Vec<u8> = row.get(5)?;
    let packs: String = row.get(7)?;
    Ok(StationRow {
        id: StationId::from_bytes(row.get(0)?),
        kind: row.get(1)?,
        site: row.get(2)?,
        name: row.get(3)?,
        key: PublicKey::from_bytes(&key).map_err(|_| RegisterError::Damaged("station.key"))?,
        receiving_key: cbor::decode_strict(&receiving, SEALING_KEY_MAX)
            .map_err(|_| RegisterError::Damaged("station.receiving_key"))?,
        certificate: row.get(6)?,
        packs: serde_json::from_str(&packs).map_err(|_| RegisterError::Damaged("station.packs"))?,
        production: row.get(8)?,
        provisioned: UnixMs(row.get::<_, i64>(9)? as u64),
        last_seen: row.get::<_, Option<i64>>(10)?.map(|ms| UnixMs(ms as u64)),
        revoked: row.get::<_, Option<i64>>(11)?.map(|ms| UnixMs(ms as u64)),
        trusted_sequence: row.get::<_, Option<i64>>(12)?.map(|n| n as u64),
        quota_bytes: row.get::<_, i64>(13)? as u64,
    })
}
