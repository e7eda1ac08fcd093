//! Biometric vocabulary: fingers, impressions, quality, exceptions.
//!
//! In: nothing. Out: the words every step of the river uses for samples (ISO/IEC 19794-4, OSIA 7.1).
//! Never: holds an image; images are bytes as the device gave them, described by a [`SampleKind`].

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{OperatorId, PersonalText};

/// One of ten fingers, with its finger position code of ISO/IEC 19794-4:2011, table 6.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names say it")]
pub enum FingerPosition {
    #[n(1)]
    RightThumb = 1,
    #[n(2)]
    RightIndex = 2,
    #[n(3)]
    RightMiddle = 3,
    #[n(4)]
    RightRing = 4,
    #[n(5)]
    RightLittle = 5,
    #[n(6)]
    LeftThumb = 6,
    #[n(7)]
    LeftIndex = 7,
    #[n(8)]
    LeftMiddle = 8,
    #[n(9)]
    LeftRing = 9,
    #[n(10)]
    LeftLittle = 10,
}

/// Left or right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Hand {
    Right,
    Left,
}

impl FingerPosition {
    /// All ten in code order.
    pub const ALL: [Self; 10] = [
        Self::RightThumb,
        Self::RightIndex,
        Self::RightMiddle,
        Self::RightRing,
        Self::RightLittle,
        Self::LeftThumb,
        Self::LeftIndex,
        Self::LeftMiddle,
        Self::LeftRing,
        Self::LeftLittle,
    ];

    /// The ISO/IEC 19794-4 code, 1 to 10.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The finger of a code 1 to 10; anything else is `None`.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code).checked_sub(1)?).copied()
    }

    /// The name used in files and packs, such as `left_little`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RightThumb => "right_thumb",
            Self::RightIndex => "right_index",
            Self::RightMiddle => "right_middle",
            Self::RightRing => "right_ring",
            Self::RightLittle => "right_little",
            Self::LeftThumb => "left_thumb",
            Self::LeftIndex => "left_index",
            Self::LeftMiddle => "left_middle",
            Self::LeftRing => "left_ring",
            Self::LeftLittle => "left_little",
        }
    }

    /// The finger of a name such as `left_little`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name() == name)
    }

    /// Whose hand it is on.
    pub const fn hand(self) -> Hand {
        if self.code() <= 5 {
            Hand::Right
        } else {
            Hand::Left
        }
    }

    /// The presentation of the 4-4-2 sequence in which this finger is captured.
    pub const fn slap(self) -> Slap {
        match self {
            Self::RightThumb | Self::LeftThumb => Slap::Thumbs,
            _ if self.code() <= 5 => Slap::RightFour,
            _ => Slap::LeftFour,
        }
    }
}

/// One presentation of the 4-4-2 sequence.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Slap {
    /// Four fingers of the left hand together.
    #[n(14)]
    LeftFour,
    /// Four fingers of the right hand together.
    #[n(13)]
    RightFour,
    /// Both thumbs together.
    #[n(15)]
    Thumbs,
}

impl Slap {
    /// In the order of capture.
    pub const ALL: [Self; 3] = [Self::LeftFour, Self::RightFour, Self::Thumbs];

    /// Its fingers from left to right as they lie on the platen, palm down.
    pub const fn fingers(self) -> &'static [FingerPosition] {
        use FingerPosition::*;
        match self {
            Self::LeftFour => &[LeftLittle, LeftRing, LeftMiddle, LeftIndex],
            Self::RightFour => &[RightIndex, RightMiddle, RightRing, RightLittle],
            Self::Thumbs => &[LeftThumb, RightThumb],
        }
    }
}

/// What a sample is of.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode,
)]
#[serde(rename_all = "snake_case")]
pub enum SampleKind {
    /// The face, as for the card (ISO/IEC 19794-5).
    #[n(0)]
    Portrait,
    /// One finger, plain impression.
    #[n(1)]
    Finger(#[n(0)] FingerPosition),
    /// Waist up with both palms beside the face, when a finger is excepted.
    #[n(2)]
    ExceptionPhoto,
    /// One page of a paper.
    #[n(3)]
    DocumentPage {
        /// Document type of the pack's evidence table, such as `csid`.
        #[n(0)]
        document: String,
        /// From 1.
        #[n(1)]
        page: u16,
    },
    /// The left thumb under a loss statement, or a thumb mark instead of a signature.
    #[n(4)]
    ThumbMark,
    /// A drawn signature.
    #[n(5)]
    Signature,
}

/// A quality between 0 (useless) and 100 (best), with who says so: scores of two algorithms are not comparable
/// (ISO/IEC 29794-1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct QualityScore {
    /// Algorithm, such as `qayd-plain`.
    #[n(1)]
    pub algorithm: String,
    /// Its version.
    #[n(2)]
    pub version: u16,
    /// 0 to 100.
    #[n(3)]
    pub value: u8,
}

/// Why a finger is missing. The first three are OSIA 7.1 `presence` values, the rest travel as context.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
#[allow(missing_docs, reason = "the names say it")]
pub enum ExceptionReason {
    #[n(1)]
    Amputated,
    #[n(2)]
    Bandaged,
    #[n(3)]
    Damaged,
    #[n(4)]
    Worn,
    #[n(5)]
    Congenital,
    #[n(6)]
    Refused,
    #[n(7)]
    TemporaryIllness,
    #[n(8)]
    DeviceFault,
}

impl ExceptionReason {
    /// All of them, in code order.
    pub const ALL: [Self; 8] = [
        Self::Amputated,
        Self::Bandaged,
        Self::Damaged,
        Self::Worn,
        Self::Congenital,
        Self::Refused,
        Self::TemporaryIllness,
        Self::DeviceFault,
    ];

    /// The name in files and code tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Amputated => "amputated",
            Self::Bandaged => "bandaged",
            Self::Damaged => "damaged",
            Self::Worn => "worn",
            Self::Congenital => "congenital",
            Self::Refused => "refused",
            Self::TemporaryIllness => "temporary_illness",
            Self::DeviceFault => "device_fault",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// One finger that was not captured, why, and who stood for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct BiometricException {
    /// Which finger.
    #[n(1)]
    pub position: FingerPosition,
    /// Why.
    #[n(2)]
    pub reason: ExceptionReason,
    /// The supervisor who saw the person and approved; required before sealing.
    #[n(3)]
    pub supervisor: Option<OperatorId>,
    /// What the supervisor added.
    #[n(4)]
    pub note: Option<PersonalText>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_lead_back_to_the_finger() {
        for p in FingerPosition::ALL {
            assert_eq!(FingerPosition::from_code(p.code()), Some(p));
            assert_eq!(FingerPosition::from_name(p.name()), Some(p));
            assert!(p.slap().fingers().contains(&p));
        }
        assert_eq!(FingerPosition::from_code(0), None);
        assert_eq!(FingerPosition::from_code(11), None);
    }
}
