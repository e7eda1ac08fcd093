//! Contrast: mean grey of the picture and of its regions (Mu, MMB), and its standard deviation.
//!
//! In: `Frame`. Out: `Contrast`. Never: looks at ridges.

use super::frame::Frame;

pub(super) struct Contrast {
    pub(super) mean: f64,
    pub(super) mean_of_regions: f64,
    /// Of the population.
    pub(super) deviation: f64,
}

impl Contrast {
    pub(super) fn measure(frame: &Frame) -> Self {
        let (mut total, mut total_squares, mut means, mut count) = (0, 0, 0.0, 0.0);
        for (x, y, width, height) in frame.regions() {
            let (sum, squares) = frame.sums(x, y, width, height);
            total += sum;
            total_squares += squares;
            means += sum as f64 / (width * height) as f64;
            count += 1.0;
        }
        let n = (frame.width * frame.height) as f64;
        Self {
            mean: total as f64 / n,
            mean_of_regions: means / count,
            deviation: deviation(total, total_squares, frame.width * frame.height),
        }
    }
}

/// Standard deviation of `count` whole numbers from their sum and the sum of their squares, exact up to the root.
pub(super) fn deviation(sum: u64, squares: u64, count: usize) -> f64 {
    let n = count as u128;
    let spread = n * u128::from(squares) - u128::from(sum) * u128::from(sum);
    (spread as f64).sqrt() / count as f64
}
