//! Outbox: sealed packets waiting for the network, and what became of each of them.
//!
//! In: a packet whose file is durable, from `enrolment`. Out: [`OutboxItem`]s for `upload` and for the screen.
//! Owns: table `outbox` and the files `outbox/<packet>.qpk`.
//! Never: opens a packet, there is no opening key on this machine; deletes a file without a verified receipt that
//! permits it; deletes a row.
//!
//! ```text
//!             offered, wanted            receipt: stored            decision
//!   Queued ───────────────────► Sending ─────────────────► Delivered ───────► Settled
//!     ▲ ▲                          │ │                         │                 │
//!     │ └─ link lost, kill, cut ───┘ │ refused, file damaged   └── release ──────┘
//!     │                              ▼                             (file deleted)
//!     └───── somebody acted ─── Stuck(reason) ─── stored after all ──► Delivered
//! ```
//!
//! A failure that passes by itself leaves a packet `Queued` with the error beside it; one that does not makes it
//! `Stuck` with the next step named. Both survive a restart, and so do the bytes the centre has acknowledged.

mod release;
mod state;
mod summary;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use qayd_model::{ByteCount, EnrolmentId, PacketId, Sha256Digest, UnixMs, UploadId};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::store::StoreError;

pub(crate) use release::digest_of_file;
pub use release::{Reconciled, ReleaseError, Released, reconcile, release};
pub use state::{NextStep, OutboxState, StuckReason};
pub use summary::{DaySummary, OutboxSummary, day_summary, summary};

/// A packet that `enrolment` has just sealed. Its file is already durable.
#[derive(Debug, Clone, Copy)]
pub struct NewPacket {
    /// Which packet.
    pub packet: PacketId,
    /// Of which enrolment.
    pub enrolment: EnrolmentId,
    /// The station's gap-free number of it.
    pub sequence: u64,
    /// SHA-256 of the packet file.
    pub digest: Sha256Digest,
    /// SHA-256 of the signed manifest.
    pub manifest_digest: Sha256Digest,
    /// Length of the packet file.
    pub length: ByteCount,
    /// When.
    pub queued: UnixMs,
}

/// One packet as the outbox knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxItem {
    /// Which packet.
    pub packet: PacketId,
    /// Of which enrolment.
    pub enrolment: EnrolmentId,
    /// The station's gap-free number of it.
    pub sequence: u64,
    /// SHA-256 of the packet file.
    pub digest: Sha256Digest,
    /// SHA-256 of the signed manifest.
    pub manifest_digest: Sha256Digest,
    /// Length of the packet file.
    pub length: ByteCount,
    /// When it was sealed, by the station's own clock.
    pub queued: UnixMs,
    /// Where it stands.
    pub state: OutboxState,
    /// The transfer at the centre, once there was one.
    pub upload: Option<UploadId>,
    /// Bytes the centre said it holds.
    pub acknowledged: ByteCount,
    /// How often sending was begun.
    pub attempts: u32,
    /// The last error that passed by itself, or will.
    pub error: Option<LastError>,
    /// Number of the receipt that counts.
    pub receipt: Option<u64>,
    /// When that receipt was verified.
    pub delivered: Option<UnixMs>,
    /// When the file was deleted.
    pub released: Option<UnixMs>,
    /// What the centre decided: `accepted`, `returned`, `rejected`, `same_person`.
    pub decision: Option<String>,
    /// When that was verified.
    pub settled: Option<UnixMs>,
}

/// What went wrong last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastError {
    /// Stable code, such as `UPL-01`.
    pub code: String,
    /// When.
    pub at: UnixMs,
}

/// Where the packet's file lies: `<data>/outbox/<packet>.qpk`.
pub fn packet_path(data_folder: &Path, packet: PacketId) -> PathBuf {
    outbox_folder(data_folder).join(format!("{packet}.qpk"))
}

/// The folder of the packet files.
pub fn outbox_folder(data_folder: &Path) -> PathBuf {
    data_folder.join("outbox")
}

/// Takes a sealed packet into the outbox. Called in the transaction that erases the draft, after the file is durable:
/// either both happen or the draft is still there and the file is an orphan that [`reconcile`] removes.
///
/// # Errors
/// [`StoreError`], also when the packet or its sequence number is there already.
pub fn enqueue(tx: &Transaction<'_>, new: &NewPacket) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO outbox (packet, enrolment, sequence, digest, manifest_digest, length, queued)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            new.packet.to_bytes(),
            new.enrolment.to_bytes(),
            new.sequence,
            new.digest.0,
            new.manifest_digest.0,
            new.length.0,
            new.queued.0,
        ],
    )?;
    Ok(())
}

/// One packet, if the outbox ever held it.
///
/// # Errors
/// [`StoreError`].
pub fn get(connection: &Connection, packet: PacketId) -> Result<Option<OutboxItem>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE packet = ?1");
    connection
        .prepare_cached(&sql)?
        .query_row([packet.to_bytes()], |row| Ok(read(row)))
        .optional()?
        .transpose()
}

/// Packets in the order they were made. `state` keeps one state only, by its name; `after` is the last sequence
/// number of the page before, 0 for the first.
///
/// # Errors
/// [`StoreError`].
pub fn list(
    connection: &Connection,
    state: Option<&str>,
    after: u64,
    limit: usize,
) -> Result<Vec<OutboxItem>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox WHERE (?1 IS NULL OR state = ?1) AND sequence > ?2
         ORDER BY sequence LIMIT ?3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![state, after, limit as u64])?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(read(row)?);
    }
    Ok(items)
}

/// The next packets to offer: queued, or left in the middle by a kill; oldest first.
///
/// # Errors
/// [`StoreError`].
pub fn to_send(
    connection: &Connection,
    after: u64,
    limit: usize,
) -> Result<Vec<OutboxItem>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox WHERE state IN ('queued', 'sending') AND sequence > ?1
         ORDER BY sequence LIMIT ?2"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![after, limit as u64])?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(read(row)?);
    }
    Ok(items)
}

/// Queued → Sending: the centre wants the packet and named the transfer.
///
/// # Errors
/// [`StoreError`].
pub fn begin(
    tx: &Transaction<'_>,
    packet: PacketId,
    upload: UploadId,
    acknowledged: ByteCount,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE outbox SET state = 'sending', upload = ?2, acknowledged = min(?3, length),
                attempts = attempts + 1
         WHERE packet = ?1 AND state IN ('queued', 'sending')",
        params![packet.to_bytes(), upload.to_bytes(), acknowledged.0],
    )?;
    Ok(())
}

/// The centre holds so many bytes of it. May be fewer than before: the centre's word counts.
///
/// # Errors
/// [`StoreError`].
pub fn acknowledge(
    tx: &Transaction<'_>,
    packet: PacketId,
    acknowledged: ByteCount,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE outbox SET acknowledged = min(?2, length), error_code = NULL, error_at = NULL
         WHERE packet = ?1 AND state = 'sending'",
        params![packet.to_bytes(), acknowledged.0],
    )?;
    Ok(())
}

/// Sending → Queued for all that were in the middle: the link is gone. The error stays beside each.
///
/// # Errors
/// [`StoreError`].
pub fn interrupted(tx: &Transaction<'_>, code: &str, at: UnixMs) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE outbox SET state = 'queued', error_code = ?1, error_at = ?2 WHERE state = 'sending'",
        params![code, at.0],
    )?;
    Ok(())
}

/// → Stuck: nothing will happen until somebody acts. The file is kept.
///
/// # Errors
/// [`StoreError`].
pub fn stick(
    tx: &Transaction<'_>,
    packet: PacketId,
    reason: &StuckReason,
    at: UnixMs,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE outbox SET state = 'stuck', reason = ?2, detail = ?3, error_code = ?4, error_at = ?5
         WHERE packet = ?1 AND state IN ('queued', 'sending', 'stuck')",
        params![packet.to_bytes(), reason.name(), reason.detail(), reason.code(), at.0],
    )?;
    Ok(())
}

/// Stuck → Queued: somebody did what the next step asked for.
///
/// # Errors
/// [`StoreError`]. `Ok(false)` when the packet is not stuck, or stuck for a reason that sending again cannot change. Sending checks
/// the file anew.
pub fn try_again(tx: &Transaction<'_>, packet: PacketId) -> Result<bool, StoreError> {
    let Some(item) = get(tx, packet)? else {
        return Ok(false);
    };
    match item.state {
        OutboxState::Stuck(reason) if reason.next_step() != NextStep::CallCentre => {
            tx.execute(
                "UPDATE outbox SET state = 'queued', reason = NULL, detail = NULL, upload = NULL,
                        acknowledged = 0
                 WHERE packet = ?1",
                [packet.to_bytes()],
            )?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// → Delivered, by the receipt of this number; → Settled at once when the decision was here before the receipt.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn deliver(
    tx: &Transaction<'_>,
    packet: PacketId,
    receipt: u64,
    at: UnixMs,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE outbox SET state = CASE WHEN decision IS NULL THEN 'delivered' ELSE 'settled' END,
                reason = NULL, detail = NULL, error_code = NULL, error_at = NULL,
                acknowledged = length, receipt = ?2, delivered = coalesce(delivered, ?3)
         WHERE packet = ?1",
        params![packet.to_bytes(), receipt, at.0],
    )?;
    Ok(())
}

/// Delivered → Settled, by a verified decision. A decision that overtakes its receipt is kept beside the packet until
/// the receipt comes: a decision proves nothing about bytes.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn settle(
    tx: &Transaction<'_>,
    packet: PacketId,
    decision: &str,
    at: UnixMs,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE outbox SET decision = ?2, settled = ?3,
                state = CASE state WHEN 'delivered' THEN 'settled' ELSE state END
         WHERE packet = ?1",
        params![packet.to_bytes(), decision, at.0],
    )?;
    Ok(())
}

const COLUMNS: &str = "packet, enrolment, sequence, digest, manifest_digest, length, queued, state, reason, detail, \
     upload, acknowledged, attempts, error_code, error_at, receipt, delivered, released, decision, settled";

fn read(row: &Row<'_>) -> Result<OutboxItem, StoreError> {
    let state: String = row.get(7)?;
    let reason: Option<String> = row.get(8)?;
    let detail: Option<String> = row.get(9)?;
    let state =
        OutboxState::from_parts(&state, reason.as_deref(), detail).ok_or(StoreError::Damaged {
            table: "outbox",
            what: "unknown state",
        })?;
    let error_code: Option<String> = row.get(13)?;
    let error_at: Option<u64> = row.get(14)?;
    Ok(OutboxItem {
        packet: PacketId::from_bytes(row.get(0)?),
        enrolment: EnrolmentId::from_bytes(row.get(1)?),
        sequence: row.get(2)?,
        digest: Sha256Digest(row.get(3)?),
        manifest_digest: Sha256Digest(row.get(4)?),
        length: ByteCount(row.get(5)?),
        queued: UnixMs(row.get(6)?),
        state,
        upload: row
            .get::<_, Option<[u8; 16]>>(10)?
            .map(UploadId::from_bytes),
        acknowledged: ByteCount(row.get(11)?),
        attempts: row.get(12)?,
        error: error_code.zip(error_at).map(|(code, at)| LastError {
            code,
            at: UnixMs(at),
        }),
        receipt: row.get(15)?,
        delivered: row.get::<_, Option<u64>>(16)?.map(UnixMs),
        released: row.get::<_, Option<u64>>(17)?.map(UnixMs),
        decision: row.get(18)?,
        settled: row.get::<_, Option<u64>>(19)?.map(UnixMs),
    })
}
