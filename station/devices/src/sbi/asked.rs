//! What was asked of a device: the one thing an answer is held against.
//!
//! In: a capture as the station wants it. Out: the body of RCAPTURE, and [`Asked`] for the checks.
//! Never: asks for a finger that is known to be missing.

use qayd_model::{FingerPosition, UnixMs};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::names::{Eye, finger_name};
use super::settings::Environment;
use super::wire::SPECIFICATION;

/// Whose record is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// These fingers; of the presentation, those in `missing` are known to be absent.
    Fingers {
        /// To be given, each once.
        wanted: Vec<FingerPosition>,
        /// Of the same presentation and absent.
        missing: Vec<FingerPosition>,
    },
    /// These eyes.
    Eyes {
        /// To be given, each once.
        wanted: Vec<Eye>,
        /// Absent.
        missing: Vec<Eye>,
    },
    /// One face. With missing fingers it is an exception photograph, of which no likeness to a passport's is asked.
    Face {
        /// Fingers that it is the exception for.
        missing: Vec<FingerPosition>,
    },
}

impl Subject {
    /// `type` of messages.
    pub(super) const fn type_name(&self) -> &'static str {
        match self {
            Self::Fingers { .. } => "Finger",
            Self::Eyes { .. } => "Iris",
            Self::Face { .. } => "Face",
        }
    }

    /// How many records are to come.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Fingers { wanted, .. } => wanted.len(),
            Self::Eyes { wanted, .. } => wanted.len(),
            Self::Face { .. } => 1,
        }
    }
}

/// One RCAPTURE.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Whose.
    pub(super) subject: Subject,
    /// A fresh name that nobody can guess: 4 to 50 of `A-Z a-z 0-9 -`.
    pub(super) transaction: String,
    /// Hash of the capture before with this device; of nothing at the first.
    pub(super) previous_hash: [u8; 32],
    /// When it was asked.
    pub(super) at: UnixMs,
    /// As of the device.
    pub(super) environment: Environment,
    /// Id of the device at its service.
    pub(super) device_id: String,
    /// Which part of the device.
    pub(super) sub_id: u8,
    /// How long it may take.
    pub(super) timeout_ms: u32,
    /// The device stops by itself at this quality, 0 to 100, and gives its best at the time-out.
    pub(super) score: u8,
}

impl Asked {
    /// The body of the request. Numbers travel as strings.
    pub(super) fn body(&self) -> Vec<u8> {
        let names = |positions: &[FingerPosition]| -> Vec<&'static str> {
            positions.iter().map(|p| finger_name(*p)).collect()
        };
        let (wanted, missing) = match &self.subject {
            Subject::Fingers { wanted, missing } => (names(wanted), names(missing)),
            Subject::Eyes { wanted, missing } => (
                wanted.iter().map(|eye| eye.name()).collect(),
                missing.iter().map(|eye| eye.name()).collect(),
            ),
            Subject::Face { missing } => (Vec::new(), names(missing)),
        };
        let request: Value = json!({
            "env": self.environment.name(),
            "purpose": "Registration",
            "specVersion": SPECIFICATION,
            "timeout": self.timeout_ms.to_string(),
            "captureTime": rfc3339(self.at),
            "transactionId": self.transaction,
            "bio": [{
                "type": self.subject.type_name(),
                "count": self.subject.count().to_string(),
                "bioSubType": wanted,
                "exception": missing,
                "requestedScore": self.score.to_string(),
                "deviceId": self.device_id,
                "deviceSubId": self.sub_id.to_string(),
                "previousHash": hex::encode_upper(self.previous_hash),
            }],
            "customOpts": null,
        });
        request.to_string().into_bytes()
    }
}

/// `2026-11-26T08:30:00Z`; a time beyond the calendar is its end.
fn rfc3339(at: UnixMs) -> String {
    i64::try_from(at.0 / 1_000)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| "9999-12-31T23:59:59Z".to_owned())
}
