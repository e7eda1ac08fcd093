//! Record: what of the capture survives a power cut, as a note of the draft.
//!
//! In: counts, and the best attempt of each finger. Out: the same, read back. Never: an image; those are samples.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use qayd_crypto::cbor;
use qayd_devices::CaptureTarget;
use qayd_model::{FingerPosition, QualityScore, SampleKind, Slap};
use serde::Serialize;

use crate::quality::Advice;

/// Name of the note.
pub(crate) const NOTE: &str = "capture";
/// Ten templates of a few kilobytes.
const NOTE_BYTES_MAX: usize = 256 * 1024;

/// Counts of one target, in the words of ISO/IEC 19795-1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Accounting {
    /// How often fingers were placed.
    #[n(1)]
    pub presentations: u16,
    /// How often the device tried.
    #[n(2)]
    pub attempts: u16,
    /// How often it was begun; 0 before the first attempt.
    #[n(3)]
    pub transactions: u16,
    /// Attempts that gave nothing.
    #[n(4)]
    pub failures_to_acquire: u16,
    /// Attempts of the present transaction, which are what is bounded.
    #[n(5)]
    pub attempts_now: u16,
}

#[derive(Debug, Default, Encode, Decode)]
#[cbor(map)]
pub(super) struct Note {
    #[n(1)]
    pub targets: Vec<TargetNote>,
    #[n(2)]
    pub fingers: Vec<FingerNote>,
}

#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub(super) struct TargetNote {
    #[n(1)]
    pub slap: Option<Slap>,
    #[n(2)]
    pub sample: Option<SampleKind>,
    #[n(3)]
    pub counts: Accounting,
}

#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub(super) struct FingerNote {
    #[n(1)]
    pub position: FingerPosition,
    /// None: good.
    #[n(2)]
    pub advice: Option<Advice>,
    #[n(3)]
    pub usable: bool,
    #[n(4)]
    pub score: QualityScore,
    #[n(5)]
    pub template: ByteVec,
    #[n(6)]
    pub attempts: u16,
}

impl TargetNote {
    pub(super) fn of(target: &CaptureTarget, counts: Accounting) -> Self {
        let (slap, sample) = match target {
            CaptureTarget::Slap(slap) => (Some(*slap), None),
            CaptureTarget::Sample(kind) => (None, Some(kind.clone())),
        };
        Self {
            slap,
            sample,
            counts,
        }
    }

    pub(super) fn target(&self) -> Option<CaptureTarget> {
        self.slap
            .map(CaptureTarget::Slap)
            .or_else(|| self.sample.clone().map(CaptureTarget::Sample))
    }
}

impl Note {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// A note that cannot be read is as good as none: the samples themselves are in the draft and are judged anew.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        cbor::decode_strict(bytes, NOTE_BYTES_MAX).unwrap_or_default()
    }
}
