//! Scores: what two templates' likeness means, as a false-match rate.
//!
//! In: `Evidence` of the matcher. Out: `Score`. Owns: the weights and the calibration table.
//! Never: a bare number; a score of 300 means that one pair of different fingers in 1,000 scores as high.

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
        10f64.powf(-f64::from(self.0) / 100.0)
    }

    /// The score of a false-match rate.
    pub fn from_fmr(rate: f64) -> Self {
        if rate.is_nan() || rate >= 1.0 {
            return Self::NONE;
        }
        let value = -100.0 * rate.max(1e-20).log10();
        Self(value.min(f64::from(Self::MAX.0)) as u16)
    }

    /// One score for several fingers of one person, by Fisher's method: how often different persons, fingers taken
    /// as independent, score as high together. A bad or missing finger weakens it and does not veto.
    pub fn fuse(scores: &[Score]) -> Self {
        let x: f64 = scores
            .iter()
            .map(|s| f64::from(s.0) / 100.0 * core::f64::consts::LN_10)
            .sum();
        let (mut term, mut sum) = (1.0, 0.0);
        for i in 0..scores.len() {
            sum += term;
            term *= x / (i + 1) as f64;
        }
        if scores.is_empty() {
            Self::NONE
        } else {
            Self::from_fmr((-x).exp() * sum)
        }
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

/// Is this the same finger, at a false-match rate of 0.1 %?
pub fn is_same_finger(score: Score) -> bool {
    score >= SAME_FINGER
}

/// One number for all evidence: log-odds fitted by logistic regression on the 1,400 genuine and 14,400 impostor pairs
/// of five development sets (README, "How it was measured").
pub(crate) fn strength(e: &Evidence) -> f32 {
    let common = (e.in_common_a * e.in_common_b).sqrt().max(1.0);
    // Clear pictures must agree better than poor ones. The floor keeps very poor pictures (two dry fingers) from
    // being excused everything.
    let reliable = (e.reliable / e.matched.max(1.0)).max(0.5);
    -20.345
        + 2.276 * e.weight.max(0.0).sqrt()
        + 25.958 * e.weight / common
        + 1.86 * (1.0 + e.cells).ln()
        - 9.479 * reliable
}

/// (strength, score) points, straight lines between. Down to one in 10,000 (score 400) each is the least flattering of
/// three impostor populations: 14,400 pairs within the real sets, 6,960 of everyday and 6,960 of dry, wet and partial
/// synthetic impressions; up to 480, 64,000 pairs across the real sets. Beyond, no impostor was seen: the line is
/// drawn on and means "higher than measured".
const CALIBRATION: [(f32, u16); 13] = [
    (-12.5, 0),
    (-10.3, 10),
    (-8.2, 30),
    (-6.4, 52),
    (-3.2, 100),
    (-1.0, 152),
    (0.4, 200),
    (1.3, 250),
    (2.1, 300),
    (3.3, 400),
    (4.2, 430),
    (5.8, 480),
    (15.0, 600),
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

    #[test]
    fn fused_fingers_say_more_than_one_and_a_bad_one_does_not_veto() {
        let one = Score::fuse(&[Score(300)]);
        assert!((299..=300).contains(&one.value()));
        let four = Score::fuse(&[Score(300); 4]);
        assert!(four > Score(700));
        let weakened = Score::fuse(&[Score(300), Score(300), Score(300), Score(0)]);
        assert!(weakened > Score(500) && weakened < four);
        // Unlikely likeness of nothing: ten fingers at chance level stay at chance level.
        assert!(Score::fuse(&[Score(30); 10]) < Score(50));
    }
}
