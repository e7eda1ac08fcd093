//! Quality: how good a picture of a finger is, and what an operator can do about it.
//!
//! In: a picture of a finger, or what `extract` and `nfiq2` found in it. Out: `Quality`, scores, `FrameReport`.
//! Owns: the names of scores and reasons. Never: called NFIQ 2; the scores of this crate are its own.
//!
//! | file | what | cost |
//! |---|---|---|
//! | `plain.rs` | score `qayd-plain`, from what extraction knows anyway | nothing |
//! | `unified.rs` | score `qayd-unified`, from the native features of ISO/IEC 29794-4 | those of `nfiq2` |
//! | `look.rs`, `reasons.rs` | what a glance tells of a picture, and what to say about it | below a millisecond |
//! | `preview.rs` | the same for the frames of a live preview, and whether the finger moves | see `docs/quality.md` |

mod look;
mod plain;
mod preview;
mod reasons;
mod unified;

use qayd_model::QualityScore;

pub(crate) use plain::assess;
pub use preview::{FrameReport, Preview};
pub use reasons::PictureOf;
pub use unified::{UNIFIED_ALGORITHM, UNIFIED_VERSION, unified_quality, unified_score};

/// Name of the score in every [`QualityScore`] of this crate.
pub const QUALITY_ALGORITHM: &str = "qayd-plain";
/// Its version.
pub const QUALITY_VERSION: u16 = 1;

/// What is wrong with a picture, so that an officer can act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum QualityReason {
    /// Broken, pale ridges: moisten the finger.
    TooDry,
    /// Ridges run together: dry the finger and the platen.
    TooWet,
    /// Hardly any contrast: press a little harder.
    TooLight,
    /// The finger lies at the edge of the picture.
    OffCentre,
    /// Only a part of the finger is there.
    Partial,
    /// Ridges cannot be followed: finger or platen is dirty, or the finger slid.
    Smudged,
    /// The finger moves between two frames: hold still. Only a sequence of frames shows it.
    Moving,
    /// Nothing that looks like a finger.
    NoFinger,
}

impl QualityReason {
    /// The name used in files and messages, such as `too_dry`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooDry => "too_dry",
            Self::TooWet => "too_wet",
            Self::TooLight => "too_light",
            Self::OffCentre => "off_centre",
            Self::Partial => "partial",
            Self::Smudged => "smudged",
            Self::Moving => "moving",
            Self::NoFinger => "no_finger",
        }
    }
}

/// A judgement of one picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quality {
    /// 0 to 100, algorithm `qayd-plain`.
    pub score: QualityScore,
    /// What to do better, worst first; empty for a good picture.
    pub reasons: Vec<QualityReason>,
    /// Area covered by ridges, mm².
    pub area_mm2: u32,
}
