//! Quality: is what the device gave good enough to stop asking the person?
//!
//! In: bytes of a finger, slap or portrait, as the device gave them. Out: a [`Verdict`] per finger or portrait.
//! Owns: nothing. Never: keeps or changes an image; counts attempts (that is `capture`'s); blocks a living person,
//! which is why every verdict but "nothing was there" can be accepted in the end with its reason.
//!
//! Thresholds come from the signed policy. Those in the code are what holds until a policy is there.

mod finger;
mod portrait;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

pub use finger::{AssessedFinger, FingerThresholds, assess_finger};
pub(crate) use portrait::decode_picture;
pub use portrait::{PortraitReport, PortraitThresholds, assess_portrait};

/// What to say about one capture of one finger or face.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict", content = "advice")]
pub enum Verdict {
    /// Good; nothing more to ask.
    Good,
    /// Usable, but worth another try while tries are left.
    Acceptable(Advice),
    /// Not usable.
    Retry(Advice),
}

impl Verdict {
    /// 2 good, 1 acceptable, 0 retry: a better verdict beats any score.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Good => 2,
            Self::Acceptable(_) => 1,
            Self::Retry(_) => 0,
        }
    }

    /// What to do about it, if anything.
    pub const fn advice(self) -> Option<Advice> {
        match self {
            Self::Good => None,
            Self::Acceptable(advice) | Self::Retry(advice) => Some(advice),
        }
    }
}

/// What is wrong and what helps, as a code that a screen finds its words by.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
#[non_exhaustive]
pub enum Advice {
    /// Too little of the finger is on the platen.
    #[n(1)]
    PlaceMore,
    /// Too dry or too light: moisten, press a little more.
    #[n(2)]
    TooDry,
    /// Too wet or pressed too hard: wipe, press less.
    #[n(3)]
    TooWet,
    /// Ridges are not clear: clean finger and platen, hold still.
    #[n(4)]
    Unclear,
    /// Nothing was found.
    #[n(5)]
    NothingThere,
    /// Fewer fingers than were asked for.
    #[n(6)]
    TooFewFingers,
    /// More fingers than were asked for.
    #[n(7)]
    TooManyFingers,
    /// The other hand, by its shape or because its fingers were captured before.
    #[n(8)]
    WrongHand,
    /// This finger was captured before under another name.
    #[n(9)]
    SameFinger,
    /// Another person's finger: it does not match this person's earlier capture of the same finger.
    #[n(10)]
    OtherFinger,
    /// The image has too few pixels.
    #[n(20)]
    TooSmall,
    /// Too dark.
    #[n(21)]
    TooDark,
    /// Too bright, or parts are burnt out.
    #[n(22)]
    TooBright,
    /// Flat: no difference between light and shade.
    #[n(23)]
    LowContrast,
    /// Not sharp.
    #[n(24)]
    Blurred,
    /// Not upright: wider than it is high.
    #[n(25)]
    NotUpright,
}

impl Advice {
    /// Stable code, `QUA-01` to `QUA-25`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::PlaceMore => "QUA-01",
            Self::TooDry => "QUA-02",
            Self::TooWet => "QUA-03",
            Self::Unclear => "QUA-04",
            Self::NothingThere => "QUA-05",
            Self::TooFewFingers => "QUA-06",
            Self::TooManyFingers => "QUA-07",
            Self::WrongHand => "QUA-08",
            Self::SameFinger => "QUA-09",
            Self::OtherFinger => "QUA-10",
            Self::TooSmall => "QUA-20",
            Self::TooDark => "QUA-21",
            Self::TooBright => "QUA-22",
            Self::LowContrast => "QUA-23",
            Self::Blurred => "QUA-24",
            Self::NotUpright => "QUA-25",
        }
    }
}
