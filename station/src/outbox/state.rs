//! States of a packet in the outbox, and the next step of one that is stuck.
//!
//! In: names as stored. Out: [`OutboxState`]. Never: a state without a next step.

use qayd_model::Remedy;

/// Where a packet stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxState {
    /// Waits for the network.
    Queued,
    /// The centre wants it and bytes are on their way.
    Sending,
    /// The centre signed that it holds every byte durably.
    Delivered,
    /// The centre decided.
    Settled,
    /// Nothing happens until somebody acts.
    Stuck(StuckReason),
}

impl OutboxState {
    /// The name in tables and reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Settled => "settled",
            Self::Stuck(_) => "stuck",
        }
    }

    pub(super) fn from_parts(
        state: &str,
        reason: Option<&str>,
        detail: Option<String>,
    ) -> Option<Self> {
        Some(match (state, reason) {
            ("queued", None) => Self::Queued,
            ("sending", None) => Self::Sending,
            ("delivered", None) => Self::Delivered,
            ("settled", None) => Self::Settled,
            ("stuck", Some(reason)) => Self::Stuck(StuckReason::from_parts(reason, detail)?),
            _ => return None,
        })
    }
}

/// Why a packet is stuck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StuckReason {
    /// The centre signed a refusal.
    Refused {
        /// The centre's reason, by its stable name.
        reason: String,
    },
    /// The file is not there, though nothing permitted its deletion.
    FileMissing,
    /// The file is not what was sealed.
    FileDamaged,
    /// The centre receipted other bytes under this packet's id.
    ReceiptDiffers,
    /// The centre expects another length than the file has.
    LengthDiffers,
    /// The centre lost its bytes again and again, or leaves it out of its answers.
    NotKept,
    /// The centre does not take so long a packet.
    TooLarge,
}

/// What has to happen next to a stuck packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Send it again, once the cause is gone (`qayd outbox send --retry PACKET`).
    SendAgain,
    /// A supervisor calls the centre with the packet's number.
    CallCentre,
    /// The file has to come back from the export drive or a backup of this station.
    RestoreFile,
}

impl NextStep {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SendAgain => "send_again",
            Self::CallCentre => "call_centre",
            Self::RestoreFile => "restore_file",
        }
    }
}

impl StuckReason {
    /// The name in the table and in reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::FileMissing => "file_missing",
            Self::FileDamaged => "file_damaged",
            Self::ReceiptDiffers => "receipt_differs",
            Self::LengthDiffers => "length_differs",
            Self::NotKept => "not_kept",
            Self::TooLarge => "too_large",
        }
    }

    /// Stable code under which the message is found.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "OUT-01",
            Self::FileMissing => "OUT-02",
            Self::FileDamaged => "OUT-03",
            Self::ReceiptDiffers => "OUT-04",
            Self::LengthDiffers => "OUT-05",
            Self::NotKept => "OUT-06",
            Self::TooLarge => "OUT-07",
        }
    }

    /// What has to happen.
    pub fn next_step(&self) -> NextStep {
        match self {
            // What the centre may judge differently on another day.
            Self::Refused { reason } if SENDING_AGAIN_HELPS.contains(&reason.as_str()) => {
                NextStep::SendAgain
            }
            Self::NotKept => NextStep::SendAgain,
            Self::Refused { .. } | Self::ReceiptDiffers | Self::LengthDiffers | Self::TooLarge => {
                NextStep::CallCentre
            }
            Self::FileMissing | Self::FileDamaged => NextStep::RestoreFile,
        }
    }

    /// Who has to act.
    pub const fn remedy(&self) -> Remedy {
        Remedy::SupervisorActs
    }

    pub(super) fn detail(&self) -> Option<&str> {
        match self {
            Self::Refused { reason } => Some(reason),
            _ => None,
        }
    }

    fn from_parts(name: &str, detail: Option<String>) -> Option<Self> {
        Some(match name {
            "refused" => Self::Refused { reason: detail? },
            "file_missing" => Self::FileMissing,
            "file_damaged" => Self::FileDamaged,
            "receipt_differs" => Self::ReceiptDiffers,
            "length_differs" => Self::LengthDiffers,
            "not_kept" => Self::NotKept,
            "too_large" => Self::TooLarge,
            _ => return None,
        })
    }
}

/// Refusals that sending the same packet again can lift: the centre lacked a station, a pack or a permission, or the bytes
/// that arrived were not the ones that lie here, which are compared with their digest before every sending.
const SENDING_AGAIN_HELPS: &[&str] = &[
    "digest_mismatch",
    "unknown_station",
    "revoked_station",
    "expired_station",
    "unknown_pack",
    "pack_not_allowed",
];
