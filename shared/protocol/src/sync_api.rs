//! SyncApi: the centre as one station sees it, as calls.
//!
//! In: messages of this crate. Out: the centre's answers, or why there is none, sorted by blame.
//! Never: retries or waits; that is [`crate::upload_state`]'s and its driver's.
//!
//! Two implementations: the station's HTTP client, and the centre itself in process. One suite tests both.

use std::io::Read;

use bytes::Bytes;
use qayd_model::{ByteCount, Remedy, UploadId};

use crate::{
    AuditBatch, Hello, MessageError, Offer, OfferAnswer, ProvisionAnswer, ProvisionRequest,
    RefusalReason,
};

/// One station's view of the centre. Every call blocks, and may be repeated without harm.
pub trait SyncApi: Send + Sync {
    /// Who the centre is, what time it says it is, a nonce.
    fn hello(&self) -> Result<Hello, SyncError>;

    /// Shows the invitation, brings back the certificate. The only call besides [`SyncApi::hello`] that is not signed by
    /// a certified station.
    fn provision(&self, request: &ProvisionRequest) -> Result<ProvisionAnswer, SyncError>;

    /// Shows what waits, brings back what is wanted in which order.
    fn offer(&self, offer: &Offer) -> Result<OfferAnswer, SyncError>;

    /// How many bytes of an upload the centre holds durably.
    ///
    /// # Errors
    /// [`SyncError::UnknownUpload`] when it was dropped or has expired: offer again.
    fn upload_offset(&self, upload: UploadId) -> Result<u64, SyncError>;

    /// Sends bytes from `offset` on; returns the offset at which the centre then stands.
    ///
    /// # Errors
    /// [`SyncError::OffsetMismatch`] when the centre stands elsewhere. After [`SyncError::TimedOut`] and
    /// [`SyncError::Interrupted`] some of the bytes may have arrived: ask for the offset.
    fn upload_append(
        &self,
        upload: UploadId,
        offset: u64,
        body: UploadBody<'_>,
    ) -> Result<u64, SyncError>;

    /// Signed receipts after number `after`, in ascending number; some of them when there are many.
    fn receipts(&self, after: u64) -> Result<Vec<Vec<u8>>, SyncError>;

    /// Signed inbox items after number `after`, in ascending number; some of them when there are many.
    fn inbox(&self, after: u64) -> Result<Vec<Vec<u8>>, SyncError>;

    /// Sends audit entries; returns the last entry's number that the centre holds. A batch that begins after it was not
    /// taken: send from there.
    fn send_audit(&self, batch: &AuditBatch) -> Result<u64, SyncError>;
}

/// Bytes of an upload.
pub enum UploadBody<'a> {
    /// All of them.
    Bytes(&'a [u8]),
    /// All of them, for a client that sends them without a copy.
    Shared(Bytes),
    /// `length` bytes from `reader`.
    Stream {
        /// Exactly so many.
        length: u64,
        /// Where they come from.
        reader: Box<dyn Read + Send>,
    },
}

impl UploadBody<'_> {
    /// Length in bytes.
    pub fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Shared(bytes) => bytes.len() as u64,
            Self::Stream { length, .. } => *length,
        }
    }
}

impl core::fmt::Debug for UploadBody<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "UploadBody({} bytes)", self.length())
    }
}

/// What a transport says went wrong.
pub type TransportError = Box<dyn std::error::Error + Send + Sync>;

/// Why a call brought no answer. What waits at the station is unchanged by every one of these.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    // The link.
    /// No connection.
    #[error("cannot reach the centre")]
    Unreachable {
        /// What the transport said.
        #[source]
        source: TransportError,
    },
    /// The link went silent.
    #[error("the centre did not answer in time")]
    TimedOut,
    /// The connection broke half-way.
    #[error("the connection broke")]
    Interrupted {
        /// What the transport said.
        #[source]
        source: TransportError,
    },

    // The centre, for now.
    /// It asks to be left alone for a while.
    #[error("the centre is busy")]
    Busy {
        /// For how long; `None`: it did not say.
        retry_after_ms: Option<u64>,
    },
    /// It failed.
    #[error("the centre failed with status {status}")]
    CentreFailed {
        /// HTTP status, 500 to 599.
        status: u16,
    },

    // What the two sides know of each other.
    /// The centre stands at another offset.
    #[error("the centre holds {server} of our {ours}")]
    OffsetMismatch {
        /// Where we began.
        ours: ByteCount,
        /// Where the centre stands.
        server: ByteCount,
    },
    /// The upload was dropped or has expired.
    #[error("the centre knows no such upload")]
    UnknownUpload,
    /// The centre speaks none of our versions.
    #[error("the centre speaks another version of the protocol")]
    VersionUnsupported,

    // Refusals.
    /// The packet or the station is refused for good.
    #[error("the centre refused: {reason}")]
    Refused {
        /// Why.
        reason: RefusalReason,
    },
    /// The request's signature was not accepted, also with a fresh nonce; or the invitation was not.
    #[error("the centre does not accept who we are")]
    Unauthenticated,
    /// What was sent is longer than the centre takes.
    #[error("longer than the centre takes")]
    TooLarge,

    // The other side misbehaves.
    /// It is not the programme's centre.
    #[error("whoever answered is not the programme's centre")]
    Untrusted {
        /// What the transport said.
        #[source]
        source: TransportError,
    },
    /// It answered what is no answer.
    #[error("the centre answered against the protocol: {what}")]
    PeerMisbehaved {
        /// What was wrong, for the log.
        what: &'static str,
    },
    /// It answered with bytes that are no message.
    #[error("the centre's answer could not be read")]
    Message(#[from] MessageError),

    // Us.
    /// Our own bytes could not be read, or our own register failed.
    #[error("our own storage failed")]
    Storage {
        /// What it said.
        #[source]
        source: TransportError,
    },
}

impl SyncError {
    /// Stable code: `SYN-01` to `SYN-15`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "SYN-01",
            Self::TimedOut => "SYN-02",
            Self::Interrupted { .. } => "SYN-03",
            Self::Busy { .. } => "SYN-04",
            Self::CentreFailed { .. } => "SYN-05",
            Self::OffsetMismatch { .. } => "SYN-06",
            Self::UnknownUpload => "SYN-07",
            Self::VersionUnsupported => "SYN-08",
            Self::Refused { .. } => "SYN-09",
            Self::Unauthenticated => "SYN-10",
            Self::TooLarge => "SYN-11",
            Self::Untrusted { .. } => "SYN-12",
            Self::PeerMisbehaved { .. } => "SYN-13",
            Self::Message(_) => "SYN-14",
            Self::Storage { .. } => "SYN-15",
        }
    }

    /// Who acts.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Unreachable { .. }
            | Self::TimedOut
            | Self::Interrupted { .. }
            | Self::Busy { .. }
            | Self::CentreFailed { .. }
            | Self::OffsetMismatch { .. }
            | Self::UnknownUpload => Remedy::RetryLater,
            Self::Refused { reason } => reason.remedy(),
            Self::VersionUnsupported
            | Self::Unauthenticated
            | Self::Untrusted { .. }
            | Self::Storage { .. } => Remedy::SupervisorActs,
            Self::TooLarge | Self::PeerMisbehaved { .. } | Self::Message(_) => Remedy::ReportBug,
        }
    }

    /// Whether the same call may succeed by itself a little later.
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::TimedOut
                | Self::Interrupted { .. }
                | Self::Busy { .. }
                | Self::CentreFailed { .. }
        )
    }
}
