//! Counts for the day's end and for the status bar.
//!
//! In: table `outbox`. Out: [`OutboxSummary`], [`DaySummary`]. Never: guesses; what is counted as sent has a receipt.

use qayd_model::{ByteCount, UnixMs};
use rusqlite::{Connection, params};
use serde::Serialize;

use crate::store::StoreError;

/// How the outbox stands now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct OutboxSummary {
    /// Packets that wait for the network.
    pub queued: u64,
    /// Packets whose bytes are on their way.
    pub sending: u64,
    /// Packets the centre holds and has not decided.
    pub delivered: u64,
    /// Packets the centre has decided.
    pub settled: u64,
    /// Packets that need somebody.
    pub stuck: u64,
    /// Bytes not yet acknowledged, of queued and sending packets.
    pub bytes_waiting: ByteCount,
    /// When the oldest undelivered packet was made.
    pub oldest_waiting: Option<UnixMs>,
}

impl OutboxSummary {
    /// Packets whose only complete copy is here: queued, sending and stuck.
    pub const fn waiting(&self) -> u64 {
        self.queued + self.sending + self.stuck
    }
}

/// One day's work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct DaySummary {
    /// Packets sealed in the span.
    pub made: u64,
    /// Packets whose receipt was verified in the span.
    pub sent: u64,
    /// Packets without a receipt now, whenever they were made.
    pub waiting: u64,
    /// When the oldest of those was made.
    pub oldest: Option<UnixMs>,
}

/// How the outbox stands now.
///
/// # Errors
/// [`StoreError`].
pub fn summary(connection: &Connection) -> Result<OutboxSummary, StoreError> {
    let summary = connection.query_row(
        "SELECT count(*) FILTER (WHERE state = 'queued'),
                count(*) FILTER (WHERE state = 'sending'),
                count(*) FILTER (WHERE state = 'delivered'),
                count(*) FILTER (WHERE state = 'settled'),
                count(*) FILTER (WHERE state = 'stuck'),
                sum(length - acknowledged) FILTER (WHERE state IN ('queued', 'sending')),
                min(queued) FILTER (WHERE state IN ('queued', 'sending', 'stuck'))
         FROM outbox",
        [],
        |row| {
            Ok(OutboxSummary {
                queued: row.get(0)?,
                sending: row.get(1)?,
                delivered: row.get(2)?,
                settled: row.get(3)?,
                stuck: row.get(4)?,
                bytes_waiting: ByteCount(row.get::<_, Option<u64>>(5)?.unwrap_or_default()),
                oldest_waiting: row.get::<_, Option<u64>>(6)?.map(UnixMs),
            })
        },
    )?;
    Ok(summary)
}

/// What was made and sent from `from` until before `until`, and what waits now.
///
/// # Errors
/// [`StoreError`].
pub fn day_summary(
    connection: &Connection,
    from: UnixMs,
    until: UnixMs,
) -> Result<DaySummary, StoreError> {
    let now = summary(connection)?;
    let (made, sent) = connection.query_row(
        "SELECT count(*) FILTER (WHERE queued >= ?1 AND queued < ?2),
                count(*) FILTER (WHERE delivered >= ?1 AND delivered < ?2)
         FROM outbox",
        params![from.0, until.0],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(DaySummary {
        made,
        sent,
        waiting: now.waiting(),
        oldest: now.oldest_waiting,
    })
}
