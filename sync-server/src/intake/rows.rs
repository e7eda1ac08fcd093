//! What intake recorded about a packet.
//!
//! In: ids. Out: rows. Owns: reading table `packet`; the finaliser alone writes it.

use qayd_model::{EnrolmentId, PacketId, Sha256Digest, StationId, UnixMs};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::store::RegisterError;

/// How a packet stands in its station's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// The packet before it is here and has the digest it names.
    Whole,
    /// The packet before it is not here (yet).
    Gap,
    /// Another packet has its sequence number, or the one before it has another digest.
    Fork,
}

impl Chain {
    /// The name in the register.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Gap => "gap",
            Self::Fork => "fork",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Whole, Self::Gap, Self::Fork]
            .into_iter()
            .find(|chain| chain.name() == name)
    }
}

/// One packet that was taken in: verified from the station's signature to the last byte, not opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PacketRow {
    /// Its id.
    pub id: PacketId,
    /// Who sent it.
    pub station: StationId,
    /// Its number in the station's sequence, from 1.
    pub sequence: u64,
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// The version of the enrolment.
    pub version: u32,
    /// Digest of the signed manifest: the blob's name.
    pub manifest_sha256: Sha256Digest,
    /// Length of the file in bytes.
    pub length: u64,
    /// The procedure pack.
    pub pack_id: String,
    /// And its version.
    pub pack_version: u32,
    /// Kind of the station, as its manifest says.
    pub station_kind: String,
    /// The office whose queue it belongs to.
    pub home_office: String,
    /// When it became durable here.
    pub received: UnixMs,
    /// Its place in the station's chain.
    pub chain: Chain,
    /// Why it needs a senior reviewer before anything else, if it does: `chain-fork`, `after-revocation`.
    pub quarantine: Option<String>,
    /// Number of its receipt.
    pub receipt: u64,
}

const COLUMNS: &str = "id, station, sequence, enrolment, version, manifest_sha256,
    length, pack_id, pack_version, station_kind, home_office, received_ms, chain, quarantine, receipt";

/// One packet, inside the caller's transaction.
pub fn packet_in(
    connection: &Connection,
    packet: PacketId,
) -> Result<Option<PacketRow>, RegisterError> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM packet WHERE id = ?1"))?
        .query_row([packet.to_bytes()], |row| Ok(from_row(row)))
        .optional()?
        .transpose()
}

/// All versions of one enrolment, oldest first.
pub fn packets_of_enrolment(
    connection: &Connection,
    enrolment: EnrolmentId,
) -> Result<Vec<PacketRow>, RegisterError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM packet WHERE enrolment = ?1 ORDER BY version, received_ms"
    ))?;
    statement
        .query_map([enrolment.to_bytes()], |row| Ok(from_row(row)))?
        .collect::<Result<Result<Vec<_>, _>, _>>()?
}

/// The packets of one station from sequence number `from` on, at most `limit`.
pub fn packets_of_station(
    connection: &Connection,
    station: StationId,
    from: u64,
    limit: u32,
) -> Result<Vec<PacketRow>, RegisterError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM packet WHERE station = ?1 AND sequence >= ?2 ORDER BY sequence LIMIT ?3"
    ))?;
    statement
        .query_map(params![station.to_bytes(), from as i64, limit], |row| {
            Ok(from_row(row))
        })?
        .collect::<Result<Result<Vec<_>, _>, _>>()?
}

/// Notes that review has opened the packet, inside the caller's transaction: it no longer counts against the station's
/// quota. Review calls it when it ends its work on the packet.
pub fn mark_examined_in(
    connection: &Connection,
    packet: PacketId,
    now: UnixMs,
) -> Result<(), RegisterError> {
    connection
        .prepare_cached("UPDATE packet SET examined_ms = ?2 WHERE id = ?1 AND examined_ms IS NULL")?
        .execute(params![packet.to_bytes(), now.0 as i64])?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> Result<PacketRow, RegisterError> {
    let chain: String = row.get(12)?;
    Ok(PacketRow {
        id: PacketId::from_bytes(row.get(0)?),
        station: StationId::from_bytes(row.get(1)?),
        sequence: row.get::<_, i64>(2)? as u64,
        enrolment: EnrolmentId::from_bytes(row.get(3)?),
        version: row.get(4)?,
        manifest_sha256: Sha256Digest(row.get(5)?),
        length: row.get::<_, i64>(6)? as u64,
        pack_id: row.get(7)?,
        pack_version: row.get(8)?,
        station_kind: row.get(9)?,
        home_office: row.get(10)?,
        received: UnixMs(row.get::<_, i64>(11)? as u64),
        chain: Chain::from_name(&chain).ok_or(RegisterError::Damaged("packet.chain"))?,
        quarantine: row.get(13)?,
        receipt: row.get::<_, i64>(14)? as u64,
    })
}
