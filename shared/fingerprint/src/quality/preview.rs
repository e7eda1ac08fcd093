//! Preview: one frame of a live picture, judged fast and against the frame before it.
//!
//! In: `GreyImage` after `GreyImage` of one presentation. Out: `FrameReport` for each. Owns: what is kept of a frame.
//! Never: extracts; never keeps a frame, only thinned samples and sums of it, until the next one or `restart`.
//!
//! Movement is seen in two ways. The sums of columns and of rows, shifted until they fit those of the frame before, tell
//! how far the finger went. Samples of the finger that no longer resemble those of the frame before tell that its ridges
//! went elsewhere though its outline did not: it turns, rolls or is still being pressed down.

use super::QualityReason;
use super::look::{Cells, Look};
use super::reasons::{PictureOf, reasons};
use crate::{GreyImage, ImageError};

/// Further than this from frame to frame, the finger moves, mm.
const MOVED_MM: f32 = 0.25;
/// Samples that resemble those before them less than this come from skin that moved.
const ALIKE_MIN: f32 = 0.5;
/// An area that changes by more than this share is still arriving or leaving.
const AREA_CHANGE: f32 = 0.15;
/// Furthest movement that is looked for, mm.
const REACH_MM: f32 = 2.5;
/// One sample for so many pixels, across and down; odd, so that no ridge keeps step with it.
const SAMPLE_STEP: usize = 5;

/// What one frame shows.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameReport {
    /// Area that is finger, mm²; all fingers of a slap together.
    pub area_mm2: u32,
    /// From ink to paper, grey levels, 0 to 255.
    pub range: u8,
    /// Share of the finger that is dark, per cent: about 45 where ridges and valleys are even.
    pub dark_per_cent: u8,
    /// From the picture's middle to the finger's, to the right and down, mm.
    pub offset_mm: (f32, f32),
    /// How far the picture went since the frame before; `None` for the first frame and without a finger.
    pub moved_mm: Option<f32>,
    /// What to do better, worst first; empty when this frame is worth capturing. `Moving` needs a frame before.
    pub reasons: Vec<QualityReason>,
}

impl FrameReport {
    /// Nothing is wrong, and a frame before it says that the finger is still.
    pub fn is_ready(&self) -> bool {
        self.reasons.is_empty() && self.moved_mm.is_some()
    }
}

/// Judges the frames of one presentation. `Debug` prints no sample.
pub struct Preview {
    of: PictureOf,
    before: Option<Before>,
}

impl core::fmt::Debug for Preview {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Preview({:?})", self.of)
    }
}

/// What is kept of a frame.
struct Before {
    width: u32,
    height: u32,
    columns: Vec<f32>,
    rows: Vec<f32>,
    samples: Vec<u8>,
    area_mm2: f32,
}

impl Preview {
    /// Before the first frame.
    pub const fn new(of: PictureOf) -> Self {
        Self { of, before: None }
    }

    /// Forgets the frame before: a new presentation begins.
    pub fn restart(&mut self) {
        self.before = None;
    }

    /// Judges the next frame. Frames of another size than the one before are judged as a first one.
    ///
    /// # Errors
    /// What [`GreyImage::new`] refuses; the frame before is kept.
    pub fn judge(&mut self, frame: &GreyImage) -> Result<FrameReport, ImageError> {
        frame.check()?;
        let (look, cells) = Look::at(frame);
        let mut reasons = reasons(&look, self.of);
        let now = Before::of(frame, look.area_mm2);
        let is_finger = !reasons.contains(&QualityReason::NoFinger);
        let before = self
            .before
            .as_ref()
            .filter(|b| (b.width, b.height) == (now.width, now.height));
        let mut moved_mm = None;
        if let Some(before) = before.filter(|_| is_finger) {
            let moved = now.shift_mm(before, f32::from(frame.ppi.0));
            let change = (now.area_mm2 - before.area_mm2).abs() / now.area_mm2.max(1.0);
            if moved > MOVED_MM || change > AREA_CHANGE || now.alike(before, &cells) < ALIKE_MIN {
                reasons.insert(0, QualityReason::Moving);
            }
            moved_mm = Some(moved);
        }
        self.before = Some(now);
        Ok(FrameReport {
            area_mm2: (look.area_mm2 + 0.5) as u32,
            range: (look.paper - look.ink).clamp(0.0, 255.0) as u8,
            dark_per_cent: (100.0 * look.fill).clamp(0.0, 100.0) as u8,
            offset_mm: look.offset_mm,
            moved_mm,
            reasons,
        })
    }
}

impl Before {
    fn of(frame: &GreyImage, area_mm2: f32) -> Self {
        let (width, height) = (frame.width as usize, frame.height as usize);
        let mut columns = vec![0u32; width];
        let mut rows = Vec::with_capacity(height);
        let mut samples =
            Vec::with_capacity(frame.pixels.len() / (SAMPLE_STEP * SAMPLE_STEP) + height);
        for (y, row) in frame.pixels.chunks_exact(width).enumerate() {
            rows.push(row.iter().map(|&p| u32::from(p)).sum::<u32>() as f32 / width as f32);
            if y % 3 == 0 {
                for (sum, &pixel) in columns.iter_mut().zip(row) {
                    *sum += u32::from(pixel);
                }
            }
            if y % SAMPLE_STEP == 0 {
                samples.extend(row.iter().step_by(SAMPLE_STEP));
            }
        }
        let lines = height.div_ceil(3) as f32;
        Self {
            width: frame.width,
            height: frame.height,
            columns: columns.into_iter().map(|sum| sum as f32 / lines).collect(),
            rows,
            samples,
            area_mm2,
        }
    }

    fn shift_mm(&self, before: &Self, ppi: f32) -> f32 {
        let reach = (REACH_MM * ppi / 25.4) as usize;
        let across = shift(&before.columns, &self.columns, reach);
        let down = shift(&before.rows, &self.rows, reach);
        (across as f32).hypot(down as f32) * 25.4 / ppi
    }

    /// Correlation of the samples on the finger, −1 to 1.
    fn alike(&self, before: &Self, cells: &Cells) -> f32 {
        let columns = (self.width as usize).div_ceil(SAMPLE_STEP);
        let (mut n, mut a, mut b, mut aa, mut bb, mut ab) = (0u64, 0u64, 0u64, 0u64, 0u64, 0u64);
        let rows = self.samples.chunks_exact(columns);
        for (y, (now, then)) in rows.zip(before.samples.chunks_exact(columns)).enumerate() {
            for (x, (&p, &q)) in now.iter().zip(then).enumerate() {
                if cells.is_finger(x * SAMPLE_STEP, y * SAMPLE_STEP) {
                    let (p, q) = (u64::from(p), u64::from(q));
                    n += 1;
                    a += p;
                    b += q;
                    aa += p * p;
                    bb += q * q;
                    ab += p * q;
                }
            }
        }
        let spread = |square: u64, x: u64, y: u64| (n * square) as f64 - (x * y) as f64;
        let both = (spread(aa, a, a) * spread(bb, b, b)).sqrt();
        if both > 0.0 {
            (spread(ab, a, b) / both) as f32
        } else {
            1.0
        }
    }
}

/// By how many pixels `now` has to go back to lie on `before`, at most `reach`; the smallest of equals.
fn shift(before: &[f32], now: &[f32], reach: usize) -> usize {
    let reach = reach.min(now.len() / 4);
    let level = |line: &[f32]| line.iter().sum::<f32>() / line.len().max(1) as f32;
    let (level_before, level_now) = (level(before), level(now));
    let apart = |a: &[f32], b: &[f32]| {
        let sum: f32 = a
            .iter()
            .zip(b)
            .map(|(a, b)| ((a - level_before) - (b - level_now)).abs())
            .sum();
        sum / a.len().min(b.len()).max(1) as f32
    };
    let mut best = (apart(before, now), 0);
    for step in 1..=reach {
        let forth = apart(&before[..before.len() - step], &now[step..]);
        let back = apart(&before[step..], now);
        let here = forth.min(back);
        if here < best.0 {
            best = (here, step);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shifted_line_is_found_shifted() {
        let bump = |at: usize| -> Vec<f32> {
            (0..200)
                .map(|i: usize| {
                    if i.abs_diff(at) < 40 {
                        40.0
                    } else {
                        200.0 + (i % 3) as f32
                    }
                })
                .collect()
        };
        assert_eq!(shift(&bump(100), &bump(100), 40), 0);
        assert_eq!(shift(&bump(100), &bump(107), 40), 7);
        assert_eq!(shift(&bump(100), &bump(88), 40), 12);
        assert_eq!(shift(&[], &[], 40), 0);
    }
}
