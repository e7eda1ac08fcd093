//! Quality policy: what a capture must reach, and how a profile may ask for more.
//!
//! In: `policy/quality-finger.toml`, `policy/quality-portrait.toml`. Out: thresholds for the station's verdicts.
//! Never: looser for one device than for all; a worn finger is met by tries, reasons and exceptions, not by a device.

use serde::{Deserialize, Serialize};

use qayd_model::FingerPosition;

use super::schema::Source;

/// What is done when every try is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterMax {
    /// The best attempt is taken and the operator gives a reason.
    AcceptBestWithReason,
    /// The exception procedure: a reason and a supervisor.
    Exception,
}

/// Thresholds of fingers, on the scale of `metric`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FingerQuality {
    /// Edition of the shape; 1.
    pub schema: u16,
    /// `policy.quality.finger`.
    pub id: String,
    /// `nfiq2`: 0 to 100, ISO/IEC 29794-4.
    pub metric: String,
    /// From here a finger is taken at once.
    pub accept: AcceptPerFinger,
    /// Below it is never taken without the exception procedure.
    pub floor: u8,
    /// Attempts of a finger or slap, the first counted.
    pub max_tries: u16,
    /// What follows them.
    pub after_max: AfterMax,
    /// Children of 5 to 12 years.
    pub child_5_12: Option<ChildRule>,
    /// Where the numbers come from.
    #[serde(default, rename = "source")]
    pub sources: Vec<Source>,
}

impl FingerQuality {
    /// The score from which a finger is taken at once, 0 to 100; lower for a child of 5 to 12.
    pub fn accept(&self, position: FingerPosition, is_child_5_12: bool) -> u8 {
        let adult = self.accept.of(position);
        match &self.child_5_12 {
            Some(rule) if is_child_5_12 => adult.saturating_add_signed(rule.accept_delta).min(100),
            _ => adult,
        }
    }
}

/// One threshold per kind of finger, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct AcceptPerFinger {
    pub thumb: u8,
    pub index: u8,
    pub middle: u8,
    pub ring: u8,
    pub little: u8,
}

impl AcceptPerFinger {
    /// The threshold of a finger of either hand.
    pub const fn of(&self, position: FingerPosition) -> u8 {
        use FingerPosition::*;
        match position {
            RightThumb | LeftThumb => self.thumb,
            RightIndex | LeftIndex => self.index,
            RightMiddle | LeftMiddle => self.middle,
            RightRing | LeftRing => self.ring,
            RightLittle | LeftLittle => self.little,
        }
    }
}

/// How a child differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChildRule {
    /// Added to every threshold; 0 or less.
    pub accept_delta: i8,
}

/// Thresholds of portraits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortraitQuality {
    /// Edition of the shape; 1.
    pub schema: u16,
    /// `policy.quality.portrait`.
    pub id: String,
    /// `iso39794-5`.
    pub metric: String,
    /// Width and height of the printed picture, millimetres.
    pub photo_mm: [u16; 2],
    /// Least width and height, pixels.
    pub photo_px_min: [u32; 2],
    /// Width and height of the exception photograph, millimetres.
    pub exception_photo_mm: [u16; 2],
    /// Distance of the eyes.
    pub inter_eye_px: InterEye,
    /// Chin to crown, least and most, percent of the picture's height.
    pub head_height_percent: [u8; 2],
    /// Turned at most, either way, degrees.
    pub rotation_deg_max: u8,
    /// Bits of a pixel.
    pub colour_bits: u8,
    /// Attempts, the first counted.
    pub max_tries: u16,
    /// What follows them.
    pub after_max: AfterMax,
    /// Where the numbers come from.
    #[serde(default, rename = "source")]
    pub sources: Vec<Source>,
}

/// Distance of the eyes, pixels: below `floor` never, from `accept` at once, `target` is aimed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct InterEye {
    pub floor: u16,
    pub accept: u16,
    pub target: u16,
}

/// Which policy holds for a device, and what it asks beyond it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityRef {
    /// Path of the policy file below the folder.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Higher thresholds of some fingers.
    pub accept: Option<AcceptOverride>,
    /// A higher floor.
    pub floor: Option<u8>,
    /// Fewer tries.
    pub max_tries: Option<u16>,
}

/// Thresholds that replace those of the policy; each at least as high.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct AcceptOverride {
    pub thumb: Option<u8>,
    pub index: Option<u8>,
    pub middle: Option<u8>,
    pub ring: Option<u8>,
    pub little: Option<u8>,
}

impl AcceptOverride {
    /// Name, own and policy's threshold of each finger that is replaced.
    pub(super) fn beside(&self, policy: &AcceptPerFinger) -> Vec<(&'static str, u8, u8)> {
        [
            ("thumb", self.thumb, policy.thumb),
            ("index", self.index, policy.index),
            ("middle", self.middle, policy.middle),
            ("ring", self.ring, policy.ring),
            ("little", self.little, policy.little),
        ]
        .into_iter()
        .filter_map(|(name, own, policy)| Some((name, own?, policy)))
        .collect()
    }
}
