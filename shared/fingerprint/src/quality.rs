//! Quality: how good a picture of a finger is, and what an operator can do about it.
//!
//! In: the ridge field and minutiae of `extract`. Out: `Quality`. Owns: score `qayd-plain` and its reasons.
//! Never: called NFIQ 2; this score is our own and plain.

use qayd_model::QualityScore;

use crate::minutiae::Found;
use crate::orientation::RidgeField;
use crate::plane::Plane;
use crate::ridge_filter::BLOCK;

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
    /// Ridges cannot be followed: moved or dirty.
    Smudged,
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

/// Below this area nothing counts as a finger, mm².
const FINGER_AREA_MIN: f32 = 20.0;
/// Below this area the finger is partial, mm².
const WHOLE_AREA_MIN: f32 = 105.0;
/// Ridges nearer to the picture's middle than this are centred, mm.
const CENTRE_MM: f32 = 3.3;
const MM_PER_PX: f32 = 25.4 / 500.0;

/// What was measured, before any judgement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measures {
    pub(crate) area_mm2: f32,
    pub(crate) clarity: f32,
    pub(crate) coherence: f32,
    pub(crate) contrast: f32,
    /// Share of full ink: about 0.5 when ridges and valleys are even.
    pub(crate) darkness: f32,
    /// Dark pixels of the whole picture for each pixel of ridge area; more than about 0.6 is filled valleys.
    pub(crate) dark_share: f32,
    pub(crate) off_centre_mm: f32,
    pub(crate) reliable: usize,
}

pub(crate) fn measure(
    grey: &Plane,
    field: &RidgeField,
    clarity: &[f32],
    found: &[Found],
) -> Measures {
    let (mut count, mut clear, mut coherent, mut contrast, mut mean) = (0usize, 0.0, 0.0, 0.0, 0.0);
    let (mut sum_x, mut sum_y) = (0.0, 0.0);
    for (i, block) in field.blocks.cells.iter().enumerate() {
        if block.ridges {
            count += 1;
            clear += clarity[i];
            coherent += field.coherence[i];
            contrast += field.contrast[i];
            mean += field.mean[i];
            sum_x += (i % field.blocks.columns * BLOCK) as f32;
            sum_y += (i / field.blocks.columns * BLOCK) as f32;
        }
    }
    let n = count.max(1) as f32;
    let mut histogram = [0usize; 256];
    for v in &grey.values {
        histogram[*v as usize & 255] += 1;
    }
    let percentile = |share: f32| {
        let limit = (share * grey.values.len() as f32) as usize;
        let mut sum = 0;
        histogram.iter().position(|h| {
            sum += h;
            sum > limit
        })
    };
    let paper = percentile(0.97).unwrap_or(255) as f32;
    let ink = percentile(0.02).unwrap_or(0) as f32;
    let (dx, dy) = (
        sum_x / n - grey.width as f32 / 2.0,
        sum_y / n - grey.height as f32 / 2.0,
    );
    let dark = histogram[..((paper + ink) / 2.0) as usize]
        .iter()
        .sum::<usize>() as f32;
    Measures {
        area_mm2: (count * BLOCK * BLOCK) as f32 * MM_PER_PX * MM_PER_PX,
        clarity: clear / n,
        coherence: coherent / n,
        contrast: contrast / n,
        darkness: (paper - mean / n) / (paper - ink).max(20.0),
        dark_share: dark / (n * (BLOCK * BLOCK) as f32),
        off_centre_mm: if count == 0 {
            0.0
        } else {
            dx.hypot(dy) * MM_PER_PX
        },
        reliable: found.iter().filter(|f| f.reliability > 0.35).count(),
    }
}

pub(crate) fn assess(
    grey: &Plane,
    field: &RidgeField,
    clarity: &[f32],
    found: &[Found],
) -> Quality {
    let m = measure(grey, field, clarity, found);
    let mut reasons = Vec::new();
    let ramp = |value: f32, low: f32, high: f32| ((value - low) / (high - low)).clamp(0.0, 1.0);
    let mut value = 0.0;
    if m.area_mm2 < FINGER_AREA_MIN {
        reasons.push(QualityReason::NoFinger);
    } else {
        let clear = ramp(m.clarity, 0.15, 0.75);
        let smooth = ramp(m.coherence, 0.3, 0.85);
        let area = ramp(m.area_mm2, 15.0, 130.0);
        let lively = ramp(m.contrast, 8.0, 40.0);
        let many = ramp(m.reliable as f32, 4.0, 26.0);
        value = 100.0
            * (0.36 * clear + 0.22 * smooth + 0.14 * lively + 0.28 * many)
            * (0.35 + 0.65 * area);
        if m.area_mm2 < WHOLE_AREA_MIN {
            reasons.push(QualityReason::Partial);
        }
        let broken = m.coherence < 0.62 && m.darkness < 0.40;
        if m.darkness > 0.68 || (m.dark_share > 0.75 && m.contrast < 45.0) {
            reasons.push(QualityReason::TooWet);
        } else if m.contrast < 20.0 {
            reasons.push(QualityReason::TooLight);
        } else if broken || (m.darkness < 0.24 && m.coherence < 0.72) {
            reasons.push(QualityReason::TooDry);
        } else if m.clarity < 0.33 || m.coherence < 0.38 {
            reasons.push(QualityReason::Smudged);
        }
        if m.off_centre_mm > CENTRE_MM {
            reasons.push(QualityReason::OffCentre);
        }
    }
    let value = value.clamp(0.0, 100.0) as u8;
    let score = QualityScore {
        algorithm: QUALITY_ALGORITHM.to_owned(),
        version: QUALITY_VERSION,
        value,
    };
    Quality {
        score,
        reasons,
        area_mm2: (m.area_mm2 + 0.5) as u32,
    }
}
