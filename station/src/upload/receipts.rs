//! Receipts: verified, kept, and only then acted upon.
//!
//! In: signed bytes in ascending number. Out: packets delivered, refused, released. Owns: table `receipt`.
//! Never: skips a number; acts on one that does not follow the one before; deletes before the receipt is durable.

use qayd_crypto::sha256;
use qayd_model::{PacketId, UnixMs};
use qayd_protocol::{
    ChainError, ChainHead, Keyring, Outcome, RefusalReason, VerifiedReceipt, receipt,
};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::UploadError;
use crate::audit::{AuditEvent, Subject};
use crate::enrolment;
use crate::outbox::{self, OutboxState, Released, StuckReason};
use crate::station::Station;
use crate::store::StoreError;

const HOUR_MS: u64 = 3_600_000;

/// What a list of receipts changed.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Packets that have a receipt now, whatever it says.
    pub packets: Vec<PacketId>,
    /// Delivered by these receipts.
    pub delivered: usize,
    /// Made stuck by these receipts.
    pub stuck: Vec<(PacketId, StuckReason)>,
    /// How many there were.
    pub count: usize,
}

/// Where the chain of receipts stands.
pub(super) fn head(connection: &Connection) -> Result<ChainHead, StoreError> {
    head_before(connection, u64::MAX)
}

/// Where the chain stood before the receipt of this number.
fn head_before(connection: &Connection, number: u64) -> Result<ChainHead, StoreError> {
    let last: Option<(u64, Vec<u8>)> = connection
        .query_row(
            "SELECT number, signed FROM receipt WHERE number < ?1 ORDER BY number DESC LIMIT 1",
            [i64::try_from(number).unwrap_or(i64::MAX)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    Ok(last.map_or(ChainHead::START, |(number, signed)| ChainHead {
        number,
        digest: Some(sha256(&signed)),
    }))
}

/// Takes the receipts in order, each in a transaction of its own. One that came before changes nothing.
pub(super) fn take(station: &Station, signed: &[Vec<u8>]) -> Result<Taken, UploadError> {
    let mut taken = Taken::default();
    for bytes in signed {
        let done = station.store().write(|tx| {
            let keyring = station.keyring(tx)?;
            match receipt::verify(bytes, &keyring, station.identity().station, &head(tx)?) {
                Ok(verified) => keep(station, tx, &verified, bytes).map(Some),
                Err(ChainError::Repeated { number, .. }) if holds(tx, number, bytes)? => Ok(None),
                Err(source) => Err(UploadError::Receipt { source }),
            }
        });
        match done {
            Ok(Some((packet, change))) => {
                taken.count += 1;
                taken.packets.push(packet);
                match change {
                    Change::Delivered => taken.delivered += 1,
                    Change::Stuck(reason) => taken.stuck.push((packet, reason)),
                    Change::Nothing => {}
                }
            }
            Ok(None) => {}
            Err(error) => {
                if let UploadError::Receipt { source } = &error {
                    refused(station, source)?;
                }
                return Err(error);
            }
        }
    }
    Ok(taken)
}

/// Leaves a trace of a message that was not believed.
pub(super) fn refused(station: &Station, source: &ChainError) -> Result<(), StoreError> {
    tracing::warn!(code = source.code(), "a message of the centre was refused");
    station.store().write(|tx| {
        let subjects = [Subject::Code(source.code().to_owned())];
        station
            .record(tx, None, AuditEvent::MessageRefused, &subjects)
            .map(|_| ())
    })
}

fn holds(connection: &Connection, number: u64, bytes: &[u8]) -> Result<bool, StoreError> {
    let held: Option<Vec<u8>> = connection
        .query_row(
            "SELECT signed FROM receipt WHERE number = ?1",
            [number],
            |row| row.get(0),
        )
        .optional()?;
    Ok(held.is_some_and(|held| held == bytes))
}

enum Change {
    Delivered,
    Stuck(StuckReason),
    Nothing,
}

fn keep(
    station: &Station,
    tx: &Transaction<'_>,
    verified: &VerifiedReceipt,
    bytes: &[u8],
) -> Result<(PacketId, Change), UploadError> {
    let receipt = verified.receipt();
    let packet = receipt.packet;
    let at = station.clock().stamp(tx)?.recorded;
    tx.execute(
        "INSERT INTO receipt (number, packet, signed, received) VALUES (?1, ?2, ?3, ?4)",
        params![receipt.number, packet.to_bytes(), bytes, at.0],
    )
    .map_err(StoreError::from)?;
    let subjects = [
        Subject::Packet(packet),
        Subject::Count(receipt.number),
        Subject::Digest(sha256(bytes)),
    ];
    station.record(tx, None, AuditEvent::ReceiptKept, &subjects)?;
    let Some(item) = outbox::get(tx, packet)? else {
        tracing::warn!(%packet, "a receipt for a packet that this station does not know");
        return Ok((packet, Change::Nothing));
    };
    let held_before = matches!(item.state, OutboxState::Delivered | OutboxState::Settled);
    match receipt.outcome {
        Outcome::Stored { .. } if verified.is_for(packet, item.manifest_digest) => {
            outbox::deliver(tx, packet, receipt.number, at)?;
            if !held_before {
                if item.decision.is_none() {
                    enrolment::set_state(tx, packet, "delivered", at)?;
                }
                station.record(tx, None, AuditEvent::Delivered, &[Subject::Packet(packet)])?;
                return Ok((packet, Change::Delivered));
            }
            Ok((packet, Change::Nothing))
        }
        Outcome::Stored { .. } => stuck(station, tx, packet, StuckReason::ReceiptDiffers, at),
        Outcome::Refused { reason } if held_before => {
            // Somebody sent other bytes under this id; the ones that were sealed here are held.
            tracing::warn!(%packet, reason = reason.name(), "a refusal of a packet that is held");
            Ok((packet, Change::Nothing))
        }
        Outcome::Refused { reason } => {
            enrolment::set_state(tx, packet, "refused", at)?;
            station.record(
                tx,
                None,
                AuditEvent::Refused,
                &[Subject::Packet(packet), code(reason)],
            )?;
            stuck(
                station,
                tx,
                packet,
                StuckReason::Refused {
                    reason: reason.name().to_owned(),
                },
                at,
            )
        }
    }
}

fn code(reason: RefusalReason) -> Subject {
    Subject::Code(reason.code().to_owned())
}

fn stuck(
    station: &Station,
    tx: &Transaction<'_>,
    packet: PacketId,
    reason: StuckReason,
    at: UnixMs,
) -> Result<(PacketId, Change), UploadError> {
    stick(station, tx, packet, &reason, at)?;
    Ok((packet, Change::Stuck(reason)))
}

/// Makes a packet stuck, with its trace.
pub(super) fn stick(
    station: &Station,
    tx: &Transaction<'_>,
    packet: PacketId,
    reason: &StuckReason,
    at: UnixMs,
) -> Result<(), StoreError> {
    outbox::stick(tx, packet, reason, at)?;
    let subjects = [
        Subject::Packet(packet),
        Subject::Code(reason.code().to_owned()),
    ];
    station
        .record(tx, None, AuditEvent::Stuck, &subjects)
        .map(|_| ())
}

/// Deletes the files of packets whose receipts permit it and whose time of grace is over. Returns how many.
///
/// # Errors
/// [`UploadError`]; what is not deleted yet is deleted next time.
pub(super) fn release_due(station: &Station) -> Result<usize, UploadError> {
    let policy = station.policy()?;
    let (now, due) = station.store().write(|tx| {
        let now = station.clock().stamp(tx)?.recorded;
        Ok::<_, StoreError>((
            now,
            due(tx, now, u64::from(policy.retention_hours) * HOUR_MS)?,
        ))
    })?;
    let mut released = 0;
    for packet in due {
        let Some(verified) = best_receipt(station, packet)? else {
            continue;
        };
        if !verified.permits_deletion(&policy) {
            continue;
        }
        let files = &*station.world().files;
        match outbox::release(station.store(), files, &verified, &policy, now) {
            Ok(Released::Deleted) => {
                released += 1;
                station.store().write(|tx| {
                    station
                        .record(
                            tx,
                            None,
                            AuditEvent::PacketRemoved,
                            &[Subject::Packet(packet)],
                        )
                        .map(|_| ())
                })?;
            }
            Ok(Released::AlreadyGone) => {}
            Err(error) => {
                tracing::warn!(%packet, code = error.code(), "a delivered packet's file was not deleted");
            }
        }
    }
    Ok(released)
}

fn due(connection: &Connection, now: UnixMs, grace_ms: u64) -> Result<Vec<PacketId>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT packet FROM outbox
         WHERE state IN ('delivered', 'settled') AND released IS NULL AND delivered + ?2 <= ?1
         ORDER BY sequence",
    )?;
    let rows = statement.query_map(params![now.0, grace_ms], |row| {
        Ok(PacketId::from_bytes(row.get(0)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The packet's receipt of the highest level, verified anew from the kept bytes.
fn best_receipt(
    station: &Station,
    packet: PacketId,
) -> Result<Option<VerifiedReceipt>, UploadError> {
    station.store().read(|c| {
        let keyring: Keyring = station.keyring(c)?;
        let mut statement = c
            .prepare_cached("SELECT number, signed FROM receipt WHERE packet = ?1 ORDER BY number")
            .map_err(StoreError::from)?;
        let rows = statement
            .query_map([packet.to_bytes()], |row| {
                Ok((row.get::<_, u64>(0)?, row.get::<_, Vec<u8>>(1)?))
            })
            .map_err(StoreError::from)?;
        let mut best: Option<(u8, VerifiedReceipt)> = None;
        for row in rows {
            let (number, signed) = row.map_err(StoreError::from)?;
            let before = head_before(c, number)?;
            let verified = receipt::verify(&signed, &keyring, station.identity().station, &before)
                .map_err(|source| UploadError::Receipt { source })?;
            if let Outcome::Stored { level } = verified.receipt().outcome
                && best.as_ref().is_none_or(|(held, _)| level > *held)
            {
                best = Some((level, verified));
            }
        }
        Ok(best.map(|(_, verified)| verified))
    })
}
