//! Certainty: how much one direction rules the grey gradients of a region (OCL), and their coherence in the foreground.
//!
//! In: `Frame`, regions of the foreground. Out: `Certainty`; and the gradients' sums for whoever needs a direction.
//! Owns: gradients. Never: smooths; differences of neighbours inside the region only.
//!
//! With a, b and c the means of gx², gy² and gx·gy, the larger and the smaller eigenvalue of [a c; c b] are
//! (a + b ± √((a − b)² + 4c²)) / 2. Certainty is 1 − smaller / larger. The coherence of M. Kass and A. Witkin (CVGIP
//! 37(3), 1987), |Σ(gx + i·gy)²| / Σ|gx + i·gy|², is √((a − b)² + 4c²) / (a + b).

use super::REGION_PX;
use super::frame::Frame;
use super::histogram::Histogram;

/// Between the bins (NFIQ 2.3.0, `OCL_Bin10`).
const LIMITS: [f64; 9] = [0.337, 0.479, 0.579, 0.655, 0.716, 0.766, 0.81, 0.852, 0.898];

pub(super) struct Certainty {
    pub(super) histogram: Histogram,
    pub(super) coherence_sum: f64,
    pub(super) coherence_mean: f64,
}

impl Certainty {
    /// `foreground` says of each of [`Frame::regions`] whether it holds a part of the finger.
    pub(super) fn measure(frame: &Frame, foreground: &[bool]) -> Self {
        let mut values = Vec::with_capacity(foreground.len());
        let (mut coherence_sum, mut count) = (0.0, 0.0);
        for ((x, y, width, height), &inside) in frame.regions().zip(foreground) {
            let gradients = Gradients::sum(frame, x, y, width, height);
            if width == REGION_PX && height == REGION_PX {
                values.extend(gradients.certainty());
            }
            if inside {
                count += 1.0;
                coherence_sum += gradients.coherence();
            }
        }
        Self {
            histogram: Histogram::of(&values, &LIMITS),
            coherence_sum,
            coherence_mean: if count > 0.0 {
                coherence_sum / count
            } else {
                0.0
            },
        }
    }
}

/// Sums over one region of products of the doubled gradients, so that they are whole numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gradients {
    pub(super) xx: i64,
    pub(super) yy: i64,
    pub(super) xy: i64,
}

impl Gradients {
    /// Half the difference of the two neighbours; at the region's edge, the difference to the only one.
    pub(super) fn sum(frame: &Frame, x: usize, y: usize, width: usize, height: usize) -> Self {
        let row = |line: usize| &frame.row(y + line)[x..x + width];
        let (mut xx, mut yy, mut xy) = (0i64, 0i64, 0i64);
        let mut across = [0i32; REGION_PX];
        for line in 0..height {
            let here = row(line);
            let across = &mut across[..width];
            if width > 1 {
                across[0] = 2 * (i32::from(here[1]) - i32::from(here[0]));
                across[width - 1] = 2 * (i32::from(here[width - 1]) - i32::from(here[width - 2]));
                for (gradient, pair) in across[1..width - 1].iter_mut().zip(here.windows(3)) {
                    *gradient = i32::from(pair[2]) - i32::from(pair[0]);
                }
            }
            let (above, below) = (row(line.saturating_sub(1)), row((line + 1).min(height - 1)));
            let scale = if line == 0 || line + 1 == height {
                2
            } else {
                1
            };
            let (mut sxx, mut syy, mut sxy) = (0i32, 0i32, 0i32);
            for ((&gx, &a), &b) in across.iter().zip(above).zip(below) {
                let gy = scale * (i32::from(b) - i32::from(a));
                sxx += gx * gx;
                syy += gy * gy;
                sxy += gx * gy;
            }
            xx += i64::from(sxx);
            yy += i64::from(syy);
            xy += i64::from(sxy);
        }
        Self { xx, yy, xy }
    }

    /// 0 to 1; `None` for a flat region.
    pub(super) fn certainty(&self) -> Option<f64> {
        let (sum, difference) = self.eigen();
        (sum + difference > 0.0).then(|| 1.0 - (sum - difference) / (sum + difference))
    }

    /// 0 to 1; 0 for a flat region.
    fn coherence(&self) -> f64 {
        let (sum, difference) = self.eigen();
        if sum > 0.0 { difference / sum } else { 0.0 }
    }

    /// Sum and difference of the eigenvalues, both times four and the number of pixels.
    fn eigen(&self) -> (f64, f64) {
        let (a, b, c) = (self.xx as f64, self.yy as f64, self.xy as f64);
        (a + b, ((a - b) * (a - b) + 4.0 * c * c).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(grey: impl Fn(usize, usize) -> u8) -> Frame {
        let pixels = (0..32 * 32).map(|i| grey(i % 32, i / 32)).collect();
        Frame {
            width: 32,
            height: 32,
            left: 0,
            top: 0,
            pixels,
        }
    }

    #[test]
    fn stripes_are_certain_and_checks_are_not() {
        let stripes = frame(|x, _| if x % 8 < 4 { 0 } else { 200 });
        let gradients = Gradients::sum(&stripes, 0, 0, 32, 32);
        assert_eq!(gradients.certainty(), Some(1.0));
        assert_eq!(gradients.coherence(), 1.0);
        let checks = frame(|x, y| if (x % 8 < 4) ^ (y % 8 < 4) { 0 } else { 200 });
        let gradients = Gradients::sum(&checks, 0, 0, 32, 32);
        assert!(gradients.certainty().unwrap() < 0.1);
        assert!(gradients.coherence() < 0.1);
        let flat = Gradients::sum(&frame(|_, _| 90), 0, 0, 32, 32);
        assert_eq!((flat.certainty(), flat.coherence()), (None, 0.0));
    }

    #[test]
    fn a_slope_has_one_gradient_to_the_very_edge() {
        let slope = frame(|x, _| 3 * x as u8);
        let gradients = Gradients::sum(&slope, 0, 0, 32, 32);
        assert_eq!(gradients.xx, 36 * 1_024);
        let one_pixel = Gradients::sum(&slope, 31, 31, 1, 1);
        let nothing = Gradients {
            xx: 0,
            yy: 0,
            xy: 0,
        };
        assert_eq!(one_pixel, nothing);
    }
}
