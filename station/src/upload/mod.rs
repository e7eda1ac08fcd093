//! Upload: one contact with the centre. Offer, send, resume, receipts, inbox.
//!
//! In: packets of the `outbox`, a [`SyncApi`]. Out: [`SendReport`]; receipts verified and kept, decisions settled.
//! Owns: table `receipt`, the setting `audit-sent`. Never: takes a step before the fact it rests on is committed;
//! believes an offset or a refusal further than a packet's state; deletes (that is `outbox::release`).
//!
//! The order of work is that of `qayd_protocol::upload_state`, which does no I/O; here is its driver. Being offline is
//! an answer ([`Ended::Offline`]) and no error: everything is as safe as before.
//!
//! ```text
//!   hello ─► time learnt ─► inbox ─► receipts ─► offer ─► PATCH… ─► inbox, receipts ─► files released ─► audit
//!                                       ▲                  │ link lost: wait, HEAD, go on at the byte
//!                                       └──────────────────┘
//! ```

mod drive;
mod http_client;
mod network;
mod receipts;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use qayd_model::{ByteCount, PacketId, Remedy};
use qayd_protocol::{ChainError, SyncError};
use serde::Serialize;

use crate::outbox::ReleaseError;
use crate::station::{Station, StationError};
use crate::store::StoreError;

pub use drive::{connect, connect_invited, send};
pub use http_client::HttpSyncClient;
pub use network::{NetworkSetupError, ReqwestNetwork};

/// How one contact goes about its work.
#[derive(Clone)]
pub struct SendOptions {
    /// How long the link may be gone, once it was there, before the contact ends; 0 ends it at the first loss.
    pub patience_ms: u64,
    /// At most so many packets; the rest waits for the next contact.
    pub packets_max: usize,
    /// Told what happens. Called from the middle of uploads: it must be quick.
    pub told: Arc<dyn Fn(&Progress) + Send + Sync>,
}

impl Default for SendOptions {
    fn default() -> Self {
        Self {
            patience_ms: 120_000,
            packets_max: 5_000,
            told: Arc::new(|_| {}),
        }
    }
}

impl core::fmt::Debug for SendOptions {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SendOptions")
            .field("patience_ms", &self.patience_ms)
            .field("packets_max", &self.packets_max)
            .finish_non_exhaustive()
    }
}

/// What a contact is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "progress")]
pub enum Progress {
    /// Asking whether the centre is there.
    Calling,
    /// Showing what waits.
    Offering {
        /// How many packets.
        packets: usize,
    },
    /// Sending bytes.
    Sending {
        /// Of which packet.
        packet: PacketId,
        /// Handed to the network so far; not yet acknowledged.
        offset: u64,
        /// Of so many.
        length: u64,
    },
    /// The link is gone or the centre busy.
    Waiting {
        /// For how long.
        ms: u64,
    },
    /// Fetching receipts and decisions.
    Fetching,
}

/// What a contact did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SendReport {
    /// Packets that waited when it began.
    pub waiting_before: u64,
    /// Packets whose receipts came.
    pub delivered: usize,
    /// Packets that became stuck, with the reason by name.
    pub stuck: Vec<(PacketId, String)>,
    /// Packet files deleted, each with a receipt that permits it.
    pub released: usize,
    /// Inbox items taken in.
    pub inbox: usize,
    /// Of those, decisions.
    pub decisions: usize,
    /// All bytes are at the centre, the receipt is not here yet.
    pub unconfirmed: usize,
    /// Bytes handed to the network for uploads, repeated ones included.
    pub bytes_sent: ByteCount,
    /// Audit entries the centre holds.
    pub audit_held: u64,
    /// Packets that wait now.
    pub waiting: u64,
    /// How it ended.
    pub ended: Ended,
}

/// How a contact ended. Nothing is lost by any of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "ended")]
pub enum Ended {
    /// Everything that could be done was done.
    Done,
    /// There is no connection, or not any more.
    Offline {
        /// Code of the last error.
        code: &'static str,
    },
    /// The operator stopped it.
    Cancelled,
    /// The centre or its answers make it pointless to go on until somebody acts.
    Stopped {
        /// Code of the error.
        code: &'static str,
        /// Who acts.
        remedy: Remedy,
    },
}

/// Why a contact failed at the station's own side, or was lied to. Packets are as safe as before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UploadError {
    /// A receipt is not the centre's, or not the next one.
    #[error("a receipt was not accepted")]
    Receipt {
        /// Why.
        #[source]
        source: ChainError,
    },
    /// An inbox item is not the centre's, or not the next one.
    #[error("a message of the inbox was not accepted")]
    Inbox {
        /// Why.
        #[source]
        source: ChainError,
    },
    /// The signed time is not the centre's.
    #[error(transparent)]
    Station(#[from] StationError),
    /// The connection could not be set up.
    #[error(transparent)]
    Setup(#[from] NetworkSetupError),
    /// The centre's answer cannot be worked with. Only outside the machine; inside it becomes [`Ended`].
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// A file was not deleted.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UploadError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Receipt { source } | Self::Inbox { source } => source.code(),
            Self::Station(source) => source.code(),
            Self::Setup(source) => source.code(),
            Self::Sync(source) => source.code(),
            Self::Release(source) => source.code(),
            Self::Store(source) => source.code(),
        }
    }

    /// Who acts next.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Receipt { source } | Self::Inbox { source } => source.remedy(),
            Self::Station(source) => source.remedy(),
            Self::Setup(_) => Remedy::SupervisorActs,
            Self::Sync(source) => source.remedy(),
            Self::Release(source) => source.remedy(),
            Self::Store(source) => source.remedy(),
        }
    }
}

impl From<rusqlite::Error> for UploadError {
    fn from(source: rusqlite::Error) -> Self {
        Self::Store(source.into())
    }
}

/// Deletes the files of delivered packets whose receipts permit it and whose time of grace is over; also done at the
/// end of every contact. Returns how many.
///
/// # Errors
/// [`UploadError`].
pub fn release_due(station: &Station) -> Result<usize, UploadError> {
    receipts::release_due(station)
}

/// Leaves a trace of a message of the inbox that was not believed.
pub(crate) fn refused_message(station: &Station, source: &ChainError) -> Result<(), StoreError> {
    receipts::refused(station, source)
}
