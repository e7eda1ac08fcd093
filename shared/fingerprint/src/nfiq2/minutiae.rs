//! Minutiae: how many there are, how many in the middle, and how good the picture is around each.
//!
//! In: `Frame`, minutiae of the same picture. Out: `Around`. Never: finds minutiae.
//!
//! The reference takes them from the extractor FingerJetFX OSE, which is not part of this crate. With the minutiae of
//! [`crate::extract`] the four values mean the same and are not the same.

use crate::template::{Minutia, PX_PER_UNIT};

use super::REGION_PX;
use super::certainty::Gradients;
use super::contrast::Contrast;
use super::frame::Frame;

/// Half the side of the square around the centre of mass, pixels.
const MIDDLE_PX: usize = 100;
/// Certainty, in per cent, above which the surroundings of a minutia count as certain.
const CERTAIN_PER_CENT: u32 = 80;

#[derive(Default)]
pub(super) struct Around {
    pub(super) count: u32,
    pub(super) in_middle: u32,
    pub(super) well_inked: f64,
    pub(super) certain: f64,
}

pub(super) fn around(frame: &Frame, minutiae: &[Minutia], contrast: &Contrast) -> Around {
    let places: Vec<(usize, usize)> = minutiae.iter().filter_map(|m| place(frame, m)).collect();
    if places.is_empty() {
        return Around::default();
    }
    let n = places.len();
    let mass_x = places.iter().map(|p| p.0).sum::<usize>() / n;
    let mass_y = places.iter().map(|p| p.1).sum::<usize>() / n;
    let near = |a: usize, b: usize| a.abs_diff(b) <= MIDDLE_PX;
    let in_middle = places
        .iter()
        .filter(|(x, y)| near(*x, mass_x) && near(*y, mass_y))
        .count();
    let share = |count: usize| count as f64 / n as f64;
    let inked = |(x, y): &&(usize, usize)| {
        let darker = (contrast.mean - local_mean(frame, *x, *y)) / contrast.deviation;
        darker > 0.0 && darker <= 0.5
    };
    let certain = |(x, y): &&(usize, usize)| {
        let certainty = local_certainty(frame, *x, *y);
        (certainty * 100.0 + 0.5) as u32 > CERTAIN_PER_CENT
    };
    Around {
        count: n as u32,
        in_middle: in_middle as u32,
        well_inked: share(places.iter().filter(inked).count()),
        certain: share(places.iter().filter(certain).count()),
    }
}

/// The pixel a minutia lies on; `None` on what was cut off.
fn place(frame: &Frame, minutia: &Minutia) -> Option<(usize, usize)> {
    let pixel = |units: u16| (f32::from(units) * PX_PER_UNIT + 0.5) as usize;
    let x = pixel(minutia.x).checked_sub(frame.left)?;
    let y = pixel(minutia.y).checked_sub(frame.top)?;
    (x < frame.width && y < frame.height).then_some((x, y))
}

/// Mean grey of the region around a pixel, as much of it as lies in the picture.
fn local_mean(frame: &Frame, x: usize, y: usize) -> f64 {
    let (left, top) = (
        x.saturating_sub(REGION_PX / 2),
        y.saturating_sub(REGION_PX / 2),
    );
    let width = REGION_PX.min(frame.width - left);
    let height = REGION_PX.min(frame.height - top);
    let (sum, _) = frame.sums(left, top, width, height);
    sum as f64 / (width * height) as f64
}

/// Certainty of the whole region nearest to a pixel; 0 where it is flat.
fn local_certainty(frame: &Frame, x: usize, y: usize) -> f64 {
    let left = x.saturating_sub(REGION_PX / 2).min(frame.width - REGION_PX);
    let top = y
        .saturating_sub(REGION_PX / 2)
        .min(frame.height - REGION_PX);
    Gradients::sum(frame, left, top, REGION_PX, REGION_PX)
        .certainty()
        .unwrap_or(0.0)
}
