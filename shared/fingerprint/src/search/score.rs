//! Score of the search: what the kernel's evidence means, on the scale of [`Score`] and as a likelihood.
//!
//! In: `Evidence`. Out: `Likelihood`. Owns: how evidence becomes one number; the numbers are in `fitted.rs`.
//! Never: decides; the exact matcher does.

use super::fitted::{CALIBRATION, GLANCE_WEIGHTS, WEIGHTS};
use super::kernel::Evidence;
use crate::score::Score;

/// What one comparison of the search says: natural logarithm of how many times likelier the same finger makes it
/// than different fingers. Likelihoods of several fingers are added.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Likelihood {
    strength: f32,
}

/// One finger says at most this much for, and at most this much against: a bad finger must not veto.
const FOR_MAX: f32 = 14.0;
const AGAINST_MAX: f32 = -2.5;

impl Likelihood {
    pub(super) const fn of_strength(strength: f32) -> Self {
        Self { strength }
    }

    /// The raw number, for those who calibrate.
    pub const fn strength(self) -> f32 {
        self.strength
    }

    /// Added over fingers.
    pub fn log_ratio(self) -> f32 {
        self.strength.clamp(AGAINST_MAX, FOR_MAX)
    }

    /// The same as a false-match rate.
    pub fn score(self) -> Score {
        let mut before = CALIBRATION[0];
        if self.strength <= before.0 {
            return Score::NONE;
        }
        for &point in &CALIBRATION[1..] {
            if self.strength <= point.0 {
                let share = (self.strength - before.0) / (point.0 - before.0);
                let value =
                    f32::from(before.1) + share * (f32::from(point.1) - f32::from(before.1));
                return Score::from_value(value as u16);
            }
            before = point;
        }
        Score::from_value(CALIBRATION[CALIBRATION.len() - 1].1)
    }
}

/// What enters the score, in the order of the fitted weights; `numbers` as `Surroundings::evidence_numbers` gives them.
pub fn evidence_features(numbers: [f32; 7]) -> [f32; 8] {
    let [alike, support, matched, weight, common, cells, closer] = numbers;
    let common = common.max(6.0);
    [
        1.0,
        alike,
        support,
        weight.max(0.0).sqrt(),
        weight / common,
        (1.0 + cells).ln(),
        matched / common,
        closer,
    ]
}

/// One number for all evidence: log-odds at even prior odds, by logistic regression.
pub(super) fn strength(evidence: &Evidence) -> f32 {
    evidence_features(evidence.numbers())
        .iter()
        .zip(WEIGHTS)
        .map(|(feature, weight)| feature * weight)
        .sum()
}

/// The same of the first look alone, by weights of its own.
pub(super) fn strength_at_a_glance(evidence: &Evidence) -> f32 {
    let [one, alike, support] = GLANCE_WEIGHTS;
    one + alike * evidence.alike + support * evidence.support
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calibration_never_falls() {
        assert!(CALIBRATION.is_sorted());
        let mut last = Score::NONE;
        for i in -400..400 {
            let score = Likelihood::of_strength(i as f32 * 0.1).score();
            assert!(score >= last);
            last = score;
        }
        assert!(last > Score::from_value(300) && last <= Score::SINGLE_MAX);
    }

    #[test]
    fn one_finger_neither_vetoes_nor_decides() {
        assert_eq!(Likelihood::of_strength(-90.0).log_ratio(), AGAINST_MAX);
        assert_eq!(Likelihood::of_strength(90.0).log_ratio(), FOR_MAX);
    }
}
