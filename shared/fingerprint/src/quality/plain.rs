//! Plain score: what extraction knows of a picture anyway, as a number from 0 to 100.
//!
//! In: the ridge field and minutiae of `extract`. Out: `Quality`. Owns: score `qayd-plain`.
//! Never: called NFIQ 2; this score is our own and plain. The reasons beside it are those of `reasons`.

use qayd_model::{Ppi, QualityScore};

use super::look::Look;
use super::reasons::{FINGER_AREA_MIN, PictureOf, reasons};
use super::{QUALITY_ALGORITHM, QUALITY_VERSION, Quality, QualityReason};
use crate::GreyImage;
use crate::minutiae::Found;
use crate::orientation::RidgeField;
use crate::plane::Plane;
use crate::ridge_filter::BLOCK;

const MM_PER_PX: f32 = 25.4 / 500.0;
/// Darker than this on the whole, a picture without paper is one flooded with ink.
const DARK_MEAN: f32 = 128.0;

/// What extraction measured, before any judgement; means over the blocks that hold ridges.
struct Measures {
    area_mm2: f32,
    clarity: f32,
    coherence: f32,
    /// Deviation, grey levels.
    contrast: f32,
    /// Grey.
    mean: f32,
    reliable: usize,
}

fn measure(field: &RidgeField, clarity: &[f32], found: &[Found]) -> Measures {
    let (mut count, mut clear, mut coherent, mut contrast, mut mean) = (0usize, 0.0, 0.0, 0.0, 0.0);
    for (i, block) in field.blocks.cells.iter().enumerate() {
        if block.ridges {
            count += 1;
            clear += clarity[i];
            coherent += field.coherence[i];
            contrast += field.contrast[i];
            mean += field.mean[i];
        }
    }
    let n = count.max(1) as f32;
    Measures {
        area_mm2: (count * BLOCK * BLOCK) as f32 * MM_PER_PX * MM_PER_PX,
        clarity: clear / n,
        coherence: coherent / n,
        contrast: contrast / n,
        mean: mean / n,
        reliable: found.iter().filter(|f| f.reliability > 0.35).count(),
    }
}

pub(crate) fn assess(
    grey: &Plane,
    field: &RidgeField,
    clarity: &[f32],
    found: &[Found],
) -> Quality {
    let m = measure(field, clarity, found);
    let ramp = |value: f32, low: f32, high: f32| ((value - low) / (high - low)).clamp(0.0, 1.0);
    let (mut value, mut reasons) = (0.0, vec![QualityReason::NoFinger]);
    if m.area_mm2 >= FINGER_AREA_MIN {
        let clear = ramp(m.clarity, 0.15, 0.75);
        let smooth = ramp(m.coherence, 0.3, 0.85);
        let area = ramp(m.area_mm2, 15.0, 130.0);
        let lively = ramp(m.contrast, 8.0, 40.0);
        let many = ramp(m.reliable as f32, 4.0, 26.0);
        value = 100.0
            * (0.36 * clear + 0.22 * smooth + 0.14 * lively + 0.28 * many)
            * (0.35 + 0.65 * area);
        reasons = reasons_of(grey, m.mean);
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

/// The reasons of a look at the picture. Where a look sees nothing and extraction did, ink and paper are too near to
/// each other: there is hardly any ink, or hardly any paper.
fn reasons_of(grey: &Plane, mean: f32) -> Vec<QualityReason> {
    let (look, _) = Look::at(&GreyImage {
        width: grey.width as u32,
        height: grey.height as u32,
        ppi: Ppi(500),
        pixels: grey.values.iter().map(|value| *value as u8).collect(),
    });
    let reasons = reasons(&look, PictureOf::Finger);
    match reasons.as_slice() {
        [QualityReason::NoFinger] if mean < DARK_MEAN => vec![QualityReason::TooWet],
        [QualityReason::NoFinger] => vec![QualityReason::TooLight],
        _ => reasons,
    }
}
