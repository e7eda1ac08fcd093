//! Scores: what two templates' likeness means, as a false-match rate.
//!
//! In: `Evidence` of the matcher. Out: `Score`. Owns: the weights and the calibration table.
//! Never: a bare number; a score of 300 means that one pair of different fingers in 1,000 scores as high.

use crate::fusion::minus_log10;
use crate::matcher::Evidence;

/// A calibrated score: 100 × −log₁₀ of the false-match rate. 300 is one false match in 1,000 comparisons of
/// different fingers, 400 one in 10,000. The scale stays when the matcher changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Score(u16);

/// From this score on, two impressions count as the same finger: false-match rate 0.1 %.
pub const SAME_FINGER: Score = Score(300);

impl Score {
    /// Nothing speaks for the same finger.
    pub const NONE: Self = Self(0);
    /// The highest score of one finger: beyond it the plain engine has no evidence.
    pub const SINGLE_MAX: Self = Self(600);
    /// The highest score of fused fingers.
    pub const MAX: Self = Self(2_000);

    /// From a number kept before with [`Score::value`]; above [`Score::MAX`] counts as that.
    pub const fn from_value(value: u16) -> Self {
        if value > Self::MAX.0 {
            Self::MAX
        } else {
            Self(value)
        }
    }

    /// 0 to 2,000: 100 × −log₁₀ of the false-match rate.
    pub const fn value(self) -> u16 {
        self.0
    }

    /// How often different fingers score at least as high, 1 to 10⁻²⁰.
    pub fn fmr(self) -> f64 {
        score_to_fmr(self)
    }

    /// The score of a false-match rate.
    pub fn from_fmr(rate: f64) -> Self {
        if rate.is_nan() || rate >= 1.0 {
            return Self::NONE;
        }
        let value = 100.0 * minus_log10(rate.max(1e-20)) + 1e-6;
        Self(value.min(f64::from(Self::MAX.0)) as u16)
    }

    pub(crate) fn of_evidence(evidence: &Evidence) -> Self {
        Self::calibrated(strength(evidence))
    }

    fn calibrated(strength: f32) -> Self {
        let mut before = CALIBRATION[0];
        if strength <= before.0 {
            return Self::NONE;
        }
        for &point in &CALIBRATION[1..] {
            if strength <= point.0 {
                let share = (strength - before.0) / (point.0 - before.0);
                return Self(
                    (f32::from(before.1) + share * (f32::from(point.1) - f32::from(before.1)))
                        as u16,
                );
            }
            before = point;
        }
        Self::SINGLE_MAX
    }
}

/// The false-match rate that a score means: how often one comparison of different fingers scores at least as high,
/// 1 to 10⁻²⁰. For a single finger counted down to 10⁻⁴ on pairs of different fingers, beyond that drawn on (README,
/// "What a score means").
pub fn score_to_fmr(score: Score) -> f64 {
    10f64.powf(-f64::from(score.0) / 100.0)
}

/// Is this the same finger, at a false-match rate of 0.1 %?
pub fn is_same_finger(score: Score) -> bool {
    score >= SAME_FINGER
}

/// One number for all evidence: log-odds fitted by logistic regression on the 1,400 genuine and 14,400 impostor pairs
/// of five development sets (README, "How it was measured"). Matched minutiae, the share of the common minutiae that
/// they are, how well ridges run in step, on how large an area, how far the ridge periods differ, and that people
/// seldom lay a finger upside down.
pub(crate) fn strength(e: &Evidence) -> f32 {
    let common = ((e.in_common_a + 0.5) * (e.in_common_b + 0.5)).sqrt();
    let cells = e.ridges.cells + 1.0;
    -15.415
        + 2.633 * e.weight.max(0.0).sqrt()
        + 10.553 * e.reliable / common
        + 11.108 * e.ridges.coherence / cells
        + 0.37 * e.ridges.in_step.sqrt()
        - 7.888 * e.ridges.stretched / cells
        + 1.178 * e.upright
}

/// (strength, score) points, straight lines between. Each is the least flattering of five impostor populations: 14,400
/// pairs within the real sets, 32,000 across sets, 3,040 and 1,920 everyday and 3,040 dry, wet and partial synthetic
/// ones, but for the last step to 300, which 5 of those 1,920 pass. It is the everyday synthetic ones throughout, whose
/// fingers are more alike than real ones. From 350 on the line is drawn on at a third of the measured slope and means "higher than measured".
const CALIBRATION: [(f32, u16); 14] = [
    (-11.0, 0),
    (-6.0, 30),
    (-4.79, 52),
    (-3.87, 70),
    (-2.66, 100),
    (-1.99, 130),
    (-1.31, 170),
    (-0.85, 200),
    (-0.64, 230),
    (-0.39, 270),
    (0.9, 300),
    (1.5, 350),
    (2.2, 400),
    (8.0, 600),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_the_false_match_rate() {
        assert!((SAME_FINGER.fmr() - 1e-3).abs() < 1e-9);
        assert_eq!(Score::from_fmr(1e-4).value(), 400);
        assert_eq!(Score::from_fmr(1.0), Score::NONE);
        assert_eq!(Score::from_fmr(f64::NAN), Score::NONE);
    }

    #[test]
    fn calibration_never_falls() {
        assert!(CALIBRATION.is_sorted());
        let mut last = Score::NONE;
        for i in 0..400 {
            let score = Score::calibrated(i as f32 * 0.1 - 15.0);
            assert!(score >= last);
            last = score;
        }
        assert_eq!(last, Score::SINGLE_MAX);
    }
}
