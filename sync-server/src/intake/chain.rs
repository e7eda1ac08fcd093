//! Chain: the sequence of one station's manifests, and what is missing in it.
//!
//! In: verified manifests, announced or arrived. Out: each one's place; gaps and forks as alarms and quarantine.
//! Owns: table `announcement`. Never: refuses or loses a packet for its place in the chain.

use qayd_model::{PacketId, Sha256Digest, StationId, UnixMs};
use qayd_packet::{Manifest, VerifiedManifest};
use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{self, Chain};
use crate::{
    store::RegisterError,
    trust::{StationRow, journal},
};

/// Packets that cannot be placed wait for a senior reviewer under these names.
const GAP: &str = "chain-gap";
const FORK: &str = "chain-fork";
const REVOKED: &str = "after-revocation";
const FOREIGN_ENROLMENT: &str = "enrolment-of-another-station";

/// What an announcement turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announced {
    /// New, or the same as before.
    Known,
    /// The packet id was announced or taken with another manifest; an alarm was raised.
    Conflict,
}

/// Notes a verified manifest, inside the caller's transaction.
pub fn announce_in(
    connection: &Connection,
    now: UnixMs,
    station: &StationRow,
    manifest: &VerifiedManifest,
) -> Result<Announced, RegisterError> {
    let head = manifest.manifest();
    let digest = manifest.digest();
    let before = connection
        .prepare_cached(
            "SELECT manifest_sha256 FROM announcement WHERE station = ?1 AND packet = ?2",
        )?
        .query_row(
            params![station.id.to_bytes(), head.packet.to_bytes()],
            |row| row.get::<_, [u8; 32]>(0),
        )
        .optional()?;
    if let Some(before) = before {
        if before == digest.0 {
            return Ok(Announced::Known);
        }
        let detail = format!("packet={} sequence={}", head.packet, head.sequence);
        journal::alarm_in(
            connection,
            now,
            "packet-id-reused",
            Some(station.id),
            &detail,
        )?;
        return Ok(Announced::Conflict);
    }
    let rival: Option<[u8; 16]> = connection
        .prepare_cached(
            "SELECT packet FROM announcement WHERE station = ?1 AND sequence = ?2 LIMIT 1",
        )?
        .query_row(
            params![station.id.to_bytes(), head.sequence as i64],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(rival) = rival {
        let detail = format!(
            "packets {} and {} both have sequence {}",
            PacketId::from_bytes(rival),
            head.packet,
            head.sequence
        );
        journal::alarm_in(connection, now, FORK, Some(station.id), &detail)?;
    }
    connection
        .prepare_cached(
            "INSERT INTO announcement (station, packet, sequence, manifest_sha256, previous_sha256,
                manifest, announced_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            station.id.to_bytes(),
            head.packet.to_bytes(),
            head.sequence as i64,
            digest.0,
            head.previous.map(|digest| digest.0),
            manifest.bytes(),
            now.0 as i64
        ])?;
    Ok(Announced::Known)
}

/// A packet's place, and why it must wait for a senior reviewer, if it must.
pub fn place_in(
    connection: &Connection,
    now: UnixMs,
    station: &StationRow,
    head: &Manifest,
    digest: Sha256Digest,
) -> Result<(Chain, Option<&'static str>), RegisterError> {
    let chain = position_in(connection, station.id, head, digest)?;
    let foreign = rows::packets_of_enrolment(connection, head.enrolment)?
        .iter()
        .any(|other| other.station != station.id);
    let revoked = station.revoked.is_some()
        && station
            .trusted_sequence
            .is_none_or(|trusted| head.sequence > trusted);
    let quarantine = if revoked {
        Some(REVOKED)
    } else if foreign {
        Some(FOREIGN_ENROLMENT)
    } else {
        match chain {
            Chain::Whole => None,
            Chain::Gap => Some(GAP),
            Chain::Fork => Some(FORK),
        }
    };
    if let Some(reason) = quarantine {
        let detail = format!("packet={} sequence={}", head.packet, head.sequence);
        journal::alarm_in(connection, now, reason, Some(station.id), &detail)?;
    }
    Ok((chain, quarantine))
}

fn position_in(
    connection: &Connection,
    station: StationId,
    head: &Manifest,
    digest: Sha256Digest,
) -> Result<Chain, RegisterError> {
    let rivals: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM announcement
             WHERE station = ?1 AND sequence = ?2 AND manifest_sha256 <> ?3",
        )?
        .query_row(
            params![station.to_bytes(), head.sequence as i64, digest.0],
            |row| row.get(0),
        )?;
    if rivals > 0 {
        return Ok(Chain::Fork);
    }
    let Some(previous) = head.previous else {
        return Ok(Chain::Whole);
    };
    let before = connection
        .prepare_cached(
            "SELECT manifest_sha256 FROM announcement WHERE station = ?1 AND sequence = ?2",
        )?
        .query_map(
            params![station.to_bytes(), head.sequence as i64 - 1],
            |row| row.get::<_, [u8; 32]>(0),
        )?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(if before.contains(&previous.0) {
        Chain::Whole
    } else if before.is_empty() {
        Chain::Gap
    } else {
        Chain::Fork
    })
}

/// After a manifest became known: the packet after it, if it waited for just this one, waits no longer.
pub fn heal_in(
    connection: &Connection,
    station: StationId,
    sequence: u64,
    digest: Sha256Digest,
) -> Result<(), RegisterError> {
    connection
        .prepare_cached(
            "UPDATE packet SET chain = 'whole', quarantine = nullif(quarantine, ?4)
             WHERE station = ?1 AND sequence = ?2 AND chain = 'gap' AND previous_sha256 = ?3",
        )?
        .execute(params![
            station.to_bytes(),
            sequence as i64 + 1,
            digest.0,
            GAP
        ])?;
    Ok(())
}

/// What one station announced and did not deliver, and what it never announced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missing {
    /// Announced, not taken in: sequence number, packet, when it was announced.
    pub undelivered: Vec<(u64, PacketId, UnixMs)>,
    /// Sequence numbers below the highest known that were never announced: first and last of each run.
    pub gaps: Vec<(u64, u64)>,
}

/// What is missing of a station, for the fleet manager.
pub fn missing_in(connection: &Connection, station: StationId) -> Result<Missing, RegisterError> {
    let mut missing = Missing::default();
    let mut statement = connection.prepare_cached(
        "SELECT a.sequence, a.packet, a.announced_ms, p.id IS NOT NULL
         FROM announcement a LEFT JOIN packet p ON p.id = a.packet AND p.station = a.station
         WHERE a.station = ?1 ORDER BY a.sequence",
    )?;
    let mut rows = statement.query([station.to_bytes()])?;
    let mut expected = 1_u64;
    while let Some(row) = rows.next()? {
        let sequence = row.get::<_, i64>(0)? as u64;
        if sequence > expected {
            missing.gaps.push((expected, sequence - 1));
        }
        expected = sequence + 1;
        if !row.get::<_, bool>(3)? {
            missing.undelivered.push((
                sequence,
                PacketId::from_bytes(row.get(1)?),
                UnixMs(row.get::<_, i64>(2)? as u64),
            ));
        }
    }
    Ok(missing)
}
