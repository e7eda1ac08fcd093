//! Frequency: how much of a region's variation across the ridges is one wave (FDA).
//!
//! In: a region turned so that ridges lie level. Out: (peak + 0.3 × its neighbours) ÷ all amplitudes below half the
//! sampling rate; 1 when the peak is at either end of the spectrum. Never: divides by nothing.

use super::REGION_PX;
use super::regions::ALONG_PX;

/// Between the bins (NFIQ 2.3.0, `FDA_Bin10`).
pub(super) const LIMITS: [f64; 9] = [0.268, 0.304, 0.33, 0.355, 0.38, 0.407, 0.44, 0.50, 1.0];
/// Waves in a region from 1 to half the sampling rate.
const WAVES: usize = REGION_PX / 2;

pub(super) fn frequency(lying: &[[u8; ALONG_PX]; REGION_PX]) -> f64 {
    let sums = lying.map(|line| line.iter().map(|&p| i32::from(p)).sum::<i32>());
    let total: i32 = sums.iter().sum();
    // Off by a constant factor, which the ratio does not see; a flat region is all zeros exactly.
    let signal = sums.map(|sum| f64::from(REGION_PX as i32 * sum - total));
    let mut amplitudes = [0.0; WAVES + 1];
    for (wave, amplitude) in amplitudes.iter_mut().enumerate().skip(1) {
        let (mut re, mut im) = (0.0, 0.0);
        for (i, value) in signal.iter().enumerate() {
            let (cos, sin) = CIRCLE[i * wave % REGION_PX];
            re += cos * value;
            im += sin * value;
        }
        *amplitude = re.hypot(im);
    }
    let mut peak = 1;
    for wave in 2..=WAVES {
        if amplitudes[wave] > amplitudes[peak] {
            peak = wave;
        }
    }
    if peak == 1 {
        return 1.0;
    }
    // The spectrum of real numbers is its own mirror: beyond half the rate it goes back.
    let after = amplitudes[if peak == WAVES { WAVES - 1 } else { peak + 1 }];
    let all: f64 = amplitudes[1..WAVES].iter().sum();
    (amplitudes[peak] + 0.3 * (amplitudes[peak - 1] + after)) / all
}

/// Cosine and sine of 0, 1, 2 … 31 steps of 1/32 turn.
static CIRCLE: [(f64, f64); REGION_PX] = {
    // Cosines of 0 to 8 steps of 1/32 turn (0° to 90°).
    const QUARTER: [f64; 9] = [
        1.0,
        0.980_785_280_403_230_4,
        0.923_879_532_511_286_7,
        0.831_469_612_302_545_2,
        core::f64::consts::FRAC_1_SQRT_2,
        0.555_570_233_019_602_2,
        0.382_683_432_365_089_8,
        0.195_090_322_016_128_27,
        0.0,
    ];
    let mut circle = [(0.0, 0.0); REGION_PX];
    let mut i = 0;
    while i < REGION_PX {
        let step = i % 8;
        let (near, far) = (QUARTER[step], QUARTER[8 - step]);
        circle[i] = match i / 8 {
            0 => (near, far),
            1 => (-far, near),
            2 => (-near, -far),
            _ => (far, -near),
        };
        i += 1;
    }
    circle
};

#[cfg(test)]
mod tests {
    use super::*;

    fn waves(per_region: f64) -> [[u8; ALONG_PX]; REGION_PX] {
        core::array::from_fn(|i| {
            let turn = i as f64 * per_region / 32.0 * core::f64::consts::TAU;
            [(128.0 + 100.0 * turn.cos()) as u8; ALONG_PX]
        })
    }

    #[test]
    fn a_wave_is_pure_a_slope_is_at_the_end_and_a_mix_is_less() {
        assert!(frequency(&waves(4.0)) > 0.95);
        assert_eq!(frequency(&waves(1.0)), 1.0);
        assert_eq!(frequency(&[[90; ALONG_PX]; REGION_PX]), 1.0);
        let (four, seven) = (waves(4.0), waves(7.0));
        let mix =
            core::array::from_fn(|i| core::array::from_fn(|j| four[i][j] / 2 + seven[i][j] / 2));
        assert!(frequency(&mix) < 0.6);
    }

    #[test]
    fn the_circle_is_one() {
        for (i, (cos, sin)) in CIRCLE.iter().enumerate() {
            let angle = i as f64 * core::f64::consts::TAU / 32.0;
            assert!((cos - angle.cos()).abs() < 1e-15 && (sin - angle.sin()).abs() < 1e-15);
        }
    }
}
