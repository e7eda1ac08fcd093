//! The words of the trail.

use minicbor::{Decode, Encode};
use qayd_model::{EnrolmentId, OperatorId, PacketId, Sha256Digest, StationId};

use super::Stamp;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AuditEntry {
    /// From 1, without gaps.
    #[n(1)]
    pub number: u64,
    /// SHA-256 of the signed bytes of the entry before; none for the first.
    #[n(2)]
    pub previous: Option<Sha256Digest>,
    /// When.
    #[n(3)]
    pub stamp: Stamp,
    /// Who was signed in; `None` for what the station did by itself.
    #[n(4)]
    pub operator: Option<OperatorId>,
    /// What.
    #[n(5)]
    pub event: AuditEvent,
    /// What it is about.
    #[n(6)]
    pub subjects: Vec<Subject>,
}

/// What an entry is about. Ids, codes and counts: nothing here says anything about a person.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Subject {
    #[n(0)]
    Enrolment(#[n(0)] EnrolmentId),
    #[n(1)]
    Packet(#[n(0)] PacketId),
    #[n(2)]
    Operator(#[n(0)] OperatorId),
    #[n(3)]
    Station(#[n(0)] StationId),
    /// A pack id, an error code, a state: a word out of the code or the programme's data, never out of a person's.
    #[n(4)]
    Code(#[n(0)] String),
    #[n(5)]
    Count(#[n(0)] u64),
    #[n(6)]
    Digest(#[n(0)] Sha256Digest),
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
#[non_exhaustive]
pub enum AuditEvent {
    /// The folder became a station.
    #[n(1)]
    Provisioned,
    /// The machine was started again since the last entry.
    #[n(2)]
    Started,
    /// An operator signed in. Count: refused attempts since the last time.
    #[n(3)]
    SignedIn,
    /// An operator signed out.
    #[n(4)]
    SignedOut,
    /// A passphrase was refused while the store was open.
    #[n(5)]
    SignInRefused,
    /// An operator was added by the one who is named as operator of the entry.
    #[n(6)]
    OperatorAdded,
    /// A supervisor ended an operator's waiting time.
    #[n(7)]
    OperatorUnlocked,
    /// A supervisor approved something of another's.
    #[n(8)]
    Approved,
    /// A draft was begun.
    #[n(10)]
    DraftBegun,
    /// A draft was opened again.
    #[n(11)]
    DraftResumed,
    /// A draft was thrown away and its key erased.
    #[n(12)]
    DraftDiscarded,
    /// A draft was made from a folder.
    #[n(13)]
    DraftImported,
    /// A finger was declared missing.
    #[n(14)]
    ExceptionAdded,
    /// A returned enrolment was opened as a new version.
    #[n(15)]
    VersionOpened,
    /// A draft was sealed and queued, and its key erased.
    #[n(20)]
    Sealed,
    /// A seal that a crash had cut short was completed at start.
    #[n(21)]
    SealCompleted,
    /// A file in the outbox that belongs to nothing was removed at start.
    #[n(22)]
    OrphanRemoved,
    /// The centre was offered packets.
    #[n(30)]
    Offered,
    /// A packet was delivered: all bytes are at the centre.
    #[n(31)]
    Delivered,
    /// A verified receipt was kept.
    #[n(32)]
    ReceiptKept,
    /// The centre refused a packet.
    #[n(33)]
    Refused,
    /// A packet's file was removed after its receipt.
    #[n(34)]
    PacketRemoved,
    /// A packet needs a human.
    #[n(35)]
    Stuck,
    /// A human released a stuck packet.
    #[n(36)]
    Released,
    /// A decision of the centre was kept.
    #[n(40)]
    DecisionKept,
    /// A policy was taken over.
    #[n(41)]
    PolicyKept,
    /// A pack was taken over.
    #[n(42)]
    PackKept,
    /// A keyring was taken over.
    #[n(43)]
    KeyringKept,
    /// Something was revoked.
    #[n(44)]
    Revoked,
    /// Signed time was learned.
    #[n(45)]
    TimeLearned,
    /// A message of the centre was refused.
    #[n(46)]
    MessageRefused,
    /// The duplicate watch warned.
    #[n(50)]
    DuplicateWarned,
    /// An operator went on after a warning of the watch.
    #[n(51)]
    DuplicateOverruled,
    /// A supervisor extended a limit: `days` or `packets`, and the new limit.
    #[n(60)]
    FreezeExtended,
    /// A supervisor approved the day. Counts: sealed since midnight, waiting to be sent, exceptions approved.
    #[n(61)]
    DayApproved,
}

impl AuditEvent {
    /// The event's name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Provisioned => "provisioned",
            Self::Started => "started",
            Self::SignedIn => "signed-in",
            Self::SignedOut => "signed-out",
            Self::SignInRefused => "sign-in-refused",
            Self::OperatorAdded => "operator-added",
            Self::OperatorUnlocked => "operator-unlocked",
            Self::Approved => "approved",
            Self::DraftBegun => "draft-begun",
            Self::DraftResumed => "draft-resumed",
            Self::DraftDiscarded => "draft-discarded",
            Self::DraftImported => "draft-imported",
            Self::ExceptionAdded => "exception-added",
            Self::VersionOpened => "version-opened",
            Self::Sealed => "sealed",
            Self::SealCompleted => "seal-completed",
            Self::OrphanRemoved => "orphan-removed",
            Self::Offered => "offered",
            Self::Delivered => "delivered",
            Self::ReceiptKept => "receipt-kept",
            Self::Refused => "refused",
            Self::PacketRemoved => "packet-removed",
            Self::Stuck => "stuck",
            Self::Released => "released",
            Self::DecisionKept => "decision-kept",
            Self::PolicyKept => "policy-kept",
            Self::PackKept => "pack-kept",
            Self::KeyringKept => "keyring-kept",
            Self::Revoked => "revoked",
            Self::TimeLearned => "time-learned",
            Self::MessageRefused => "message-refused",
            Self::DuplicateWarned => "duplicate-warned",
            Self::DuplicateOverruled => "duplicate-overruled",
            Self::FreezeExtended => "freeze-extended",
            Self::DayApproved => "day-approved",
        }
    }
}
