//! Fusion: one score for several fingers.
//!
//! In: the scores of the fingers that were compared. Out: one `Score` on the same scale.
//! Owns: the likelihood of each score, and the sums that different persons reach by chance.
//! Never: lets one bad finger veto; a finger that was laid down wrongly costs a bounded amount.
//!
//! Each finger's score becomes a log-likelihood ratio: how much more often one finger scores so than two different
//! ones do. The ratios are added, which is the best use of independent evidence (J. Neyman, E. Pearson, 1933). How
//! often different persons reach such a sum follows from the meaning of the single scores by convolution, so the
//! fused score again is 100 × −log₁₀ of a false-match rate. Fingers of one person are taken as independent.

use std::sync::OnceLock;

use crate::portable::{exp, ln};
use crate::score::Score;

/// Width of a step of the log-likelihood ratio.
const STEP: f64 = 0.125;
/// Lowest and highest ratio of one finger, in steps.
const LOWEST: i32 = -24;
const HIGHEST: i32 = 112;
const SPAN: usize = (HIGHEST - LOWEST) as usize;
/// Most fingers that are fused; more are not on two hands.
const FINGERS_MAX: usize = 10;

/// (score, natural logarithm of how much more often one finger scores about so than different fingers), straight lines
/// between; measured with the set in question left out (README, "Fusion").
const LIKELIHOOD: [(u16, f32); 10] = [
    (0, -3.4),
    (100, -2.8),
    (200, -0.6),
    (250, 0.9),
    (300, 2.4),
    (350, 4.0),
    (400, 5.3),
    (500, 7.7),
    (599, 9.5),
    (600, 13.5),
];

fn log_likelihood_ratio(score: u16) -> f64 {
    let mut before = LIKELIHOOD[0];
    for &point in &LIKELIHOOD[1..] {
        if score <= point.0 {
            let share = f32::from(score - before.0) / f32::from(point.0 - before.0);
            return f64::from(before.1 + share * (point.1 - before.1));
        }
        before = point;
    }
    f64::from(before.1)
}

fn steps(score: u16) -> i32 {
    ((log_likelihood_ratio(score) / STEP).floor() as i32).clamp(LOWEST, HIGHEST)
}

/// For one to ten fingers: probability that different persons' sum is at least so many steps above the lowest.
fn tails() -> &'static [Vec<f64>] {
    static TAILS: OnceLock<Vec<Vec<f64>>> = OnceLock::new();
    TAILS.get_or_init(|| {
        // What one finger of another person does, by the meaning of the scale.
        let mut one = vec![0.0; SPAN + 1];
        let rate =
            |score: u16| f64::from(exp(-f32::from(score) / 100.0 * core::f32::consts::LN_10));
        let last = Score::SINGLE_MAX.value();
        for score in 0..=last {
            let mass = rate(score) - if score == last { 0.0 } else { rate(score + 1) };
            one[(steps(score) - LOWEST) as usize] += mass;
        }
        let mut all = Vec::with_capacity(FINGERS_MAX);
        let mut sum = one.clone();
        for fingers in 1..=FINGERS_MAX {
            if fingers > 1 {
                let mut next = vec![0.0; SPAN * fingers + 1];
                for (i, a) in sum.iter().enumerate().filter(|(_, a)| **a > 0.0) {
                    for (next, b) in next[i..].iter_mut().zip(&one) {
                        *next += a * b;
                    }
                }
                sum = next;
            }
            let mut tail = sum.clone();
            for i in (0..tail.len() - 1).rev() {
                tail[i] += tail[i + 1];
            }
            all.push(tail);
        }
        all
    })
}

impl Score {
    /// One score for several fingers of one person: the sum of their log-likelihood ratios, as the rate at which
    /// different persons reach it, fingers taken as independent. A bad finger weakens it and does not veto. The best
    /// ten count when more are given.
    pub fn fuse(scores: &[Score]) -> Self {
        let mut best: Vec<u16> = scores
            .iter()
            .map(|s| s.value().min(Self::SINGLE_MAX.value()))
            .collect();
        best.sort_unstable_by(|a, b| b.cmp(a));
        best.truncate(FINGERS_MAX);
        match best.as_slice() {
            [] => Self::NONE,
            [_] => scores[0],
            many => {
                let sum: i32 = many.iter().map(|s| steps(*s) - LOWEST).sum();
                Self::from_fmr(tails()[many.len() - 1][sum as usize])
            }
        }
    }
}

/// Natural logarithm of a rate's inverse over that of ten: −log₁₀.
pub(crate) fn minus_log10(rate: f64) -> f64 {
    -ln(rate) / core::f64::consts::LN_10
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[u16]) -> u16 {
        let scores: Vec<Score> = values.iter().map(|v| Score::from_value(*v)).collect();
        Score::fuse(&scores).value()
    }

    #[test]
    fn likelihood_never_falls() {
        assert!(LIKELIHOOD.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1));
        assert!((0..600).all(|s| steps(s) <= steps(s + 1)));
    }

    #[test]
    fn fused_fingers_say_more_than_one_and_a_bad_one_does_not_veto() {
        assert_eq!(of(&[]), 0);
        assert_eq!(of(&[300]), 300);
        assert!(of(&[300; 4]) > 700);
        let weakened = of(&[300, 300, 300, 0]);
        assert!(weakened > 400 && weakened < of(&[300; 4]), "{weakened}");
        assert!(of(&[600, 0, 0, 0]) > 300);
        // Unlikely likeness of nothing: ten fingers at chance level stay at chance level.
        assert!(of(&[30; 10]) < 60);
        assert!(of(&[600; 12]) == Score::MAX.value());
    }

    #[test]
    fn the_fused_rate_is_the_rate_of_different_persons() {
        // Draw persons of three fingers whose scores follow the scale, and count.
        let mut random = crate::seeded::Seeded::make(7);
        let mut reached = [0u32; 3];
        let count = 200_000;
        for _ in 0..count {
            let scores: Vec<Score> = (0..3)
                .map(|_| Score::from_fmr(f64::from(random.unit()).max(1e-7)))
                .collect();
            let fused = Score::fuse(&scores);
            for (limit, reached) in [100, 200, 300].into_iter().zip(&mut reached) {
                *reached += u32::from(fused.value() >= limit);
            }
        }
        for (rate, reached) in [0.1, 0.01, 0.001].into_iter().zip(reached) {
            let measured = f64::from(reached) / f64::from(count);
            assert!(measured < 1.15 * rate + 1e-4, "{rate} {measured}");
            assert!(measured > 0.3 * rate, "{rate} {measured}");
        }
    }
}
