//! Error rates from scores.
//!
//! In: genuine and impostor scores. Out: `ErrorRates`, points of the DET curve. Rates are fractions of 1.

/// Why there are no rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// No two impressions of one finger.
    #[error("no finger has two impressions")]
    NoGenuinePair,
    /// One finger only.
    #[error("there are no two fingers")]
    NoImpostorPair,
}

impl EvaluationError {
    /// Stable code for logs and messages.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoGenuinePair => "EVA-01",
            Self::NoImpostorPair => "EVA-02",
        }
    }
}

/// Scores of one set, or of several pooled; higher is more alike.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scores {
    /// Of two impressions of one finger.
    pub genuine: Vec<u16>,
    /// Of impressions of different fingers.
    pub impostor: Vec<u16>,
}

/// What is reported of a set. Each is a fraction of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErrorRates {
    /// Equal error rate: the middle between FMR and FNMR where they cross (FVC2000, section 4).
    pub eer: f64,
    /// Lowest FNMR with FMR ≤ 1/100.
    pub fmr100: f64,
    /// Lowest FNMR with FMR ≤ 1/1,000.
    pub fmr1000: f64,
    /// Lowest FNMR with FMR ≤ 1/10,000.
    pub fmr10000: f64,
    /// Lowest FNMR without any false match.
    pub zero_fmr: f64,
}

/// Both error rates at one threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DetPoint {
    /// Accepted from this score on; 65,536 accepts nothing.
    pub threshold: u32,
    /// False-match rate.
    pub fmr: f64,
    /// False non-match rate.
    pub fnmr: f64,
}

impl Scores {
    /// Puts the scores of another set to these: one threshold for all.
    pub fn pool(&mut self, other: &Self) {
        self.genuine.extend_from_slice(&other.genuine);
        self.impostor.extend_from_slice(&other.impostor);
    }

    /// Both rates at every threshold at which one of them changes, from 0 (all accepted) upwards.
    ///
    /// # Errors
    /// [`EvaluationError`] when there is nothing to divide by.
    pub fn det(&self) -> Result<Vec<DetPoint>, EvaluationError> {
        if self.genuine.is_empty() {
            return Err(EvaluationError::NoGenuinePair);
        }
        if self.impostor.is_empty() {
            return Err(EvaluationError::NoImpostorPair);
        }
        let sorted = |list: &[u16]| {
            let mut list = list.to_vec();
            list.sort_unstable();
            list
        };
        let (genuine, impostor) = (sorted(&self.genuine), sorted(&self.impostor));
        let mut thresholds: Vec<u32> = genuine
            .iter()
            .chain(&impostor)
            .map(|s| u32::from(*s) + 1)
            .chain([0])
            .collect();
        thresholds.sort_unstable();
        thresholds.dedup();
        let below = |list: &[u16], t: u32| {
            list.partition_point(|s| u32::from(*s) < t) as f64 / list.len() as f64
        };
        Ok(thresholds
            .into_iter()
            .map(|threshold| DetPoint {
                threshold,
                fmr: 1.0 - below(&impostor, threshold),
                fnmr: below(&genuine, threshold),
            })
            .collect())
    }

    /// The rates that are reported.
    ///
    /// # Errors
    /// [`EvaluationError`] when there is nothing to divide by.
    pub fn rates(&self) -> Result<ErrorRates, EvaluationError> {
        let det = self.det()?;
        // Whole numbers of pairs, so that a rate of exactly 1/100 is not lost to rounding.
        let accepted = |t: u32| self.impostor.iter().filter(|s| u32::from(**s) >= t).count();
        let at = |one_in: usize| {
            let point = det
                .iter()
                .find(|p| accepted(p.threshold) * one_in <= self.impostor.len());
            point.map_or(1.0, |p| p.fnmr)
        };
        Ok(ErrorRates {
            eer: equal_error_rate(&det),
            fmr100: at(100),
            fmr1000: at(1_000),
            fmr10000: at(10_000),
            zero_fmr: det.iter().find(|p| p.fmr <= 0.0).map_or(1.0, |p| p.fnmr),
        })
    }
}

/// FMR falls and FNMR rises with the threshold. Between the last point where FNMR is not above FMR and the next one,
/// where it is, the curves cross; the point whose rates are nearer together in sum gives the interval, and its middle
/// is the rate.
fn equal_error_rate(det: &[DetPoint]) -> f64 {
    let middle = |p: &DetPoint| (p.fmr + p.fnmr) / 2.0;
    let crossing = det.partition_point(|p| p.fnmr < p.fmr);
    match (crossing.checked_sub(1).map(|i| &det[i]), det.get(crossing)) {
        (Some(before), Some(after)) => middle(before).min(middle(after)),
        (None, Some(only)) | (Some(only), None) => middle(only),
        (None, None) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(genuine: &[u16], impostor: &[u16]) -> Scores {
        Scores {
            genuine: genuine.to_vec(),
            impostor: impostor.to_vec(),
        }
    }

    #[test]
    fn separated_scores_have_no_error() {
        let rates = scores(&[50, 60], &[10, 20, 30]).rates().unwrap();
        assert_eq!((rates.eer, rates.fmr100, rates.zero_fmr), (0.0, 0.0, 0.0));
    }

    #[test]
    fn rates_of_a_case_counted_by_hand() {
        // Thresholds: at 31 two of four impostors (40, 50) and three of four genuine pass: FMR 0.5, FNMR 0.25.
        // At 41 one impostor (50) and three genuine: FMR 0.25, FNMR 0.25. At 51 none: FMR 0, FNMR 0.5 (30 and 45).
        let s = scores(&[30, 45, 60, 70], &[10, 20, 40, 50]);
        let rates = s.rates().unwrap();
        assert_eq!(rates.eer, 0.25);
        assert_eq!(rates.fmr100, 0.5);
        assert_eq!(rates.zero_fmr, 0.5);
        let point = s
            .det()
            .unwrap()
            .into_iter()
            .find(|p| p.threshold == 41)
            .unwrap();
        assert_eq!((point.fmr, point.fnmr), (0.25, 0.25));
    }

    #[test]
    fn without_a_common_point_the_interval_with_the_smaller_sum_counts() {
        // FNMR steps from 0 to 1/2 while FMR steps from 2/3 to 1/3: (0, 2/3) sums to less than (1/2, 1/3).
        let s = scores(&[20, 90], &[10, 20, 30]);
        assert!((s.rates().unwrap().eer - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn one_false_match_in_a_hundred_is_within_one_in_a_hundred() {
        let mut impostor = vec![0; 99];
        impostor.push(500);
        let s = scores(&[400, 600], &impostor);
        let rates = s.rates().unwrap();
        assert_eq!(rates.fmr100, 0.0, "threshold 1: 1 of 100 passes");
        assert_eq!(rates.fmr1000, 0.5, "threshold 501: nothing passes");
        assert_eq!((rates.fmr10000, rates.zero_fmr), (0.5, 0.5));
    }

    #[test]
    fn failures_to_enrol_are_missed_at_every_threshold_above_zero() {
        // Half the genuine pairs scored 0 with all impostors: no threshold above 0 accepts them.
        let rates = scores(&[0, 0, 500, 500], &[0, 0, 0, 0]).rates().unwrap();
        assert_eq!(rates.zero_fmr, 0.5);
        assert_eq!(rates.eer, 0.25);
    }

    #[test]
    fn an_impostor_at_the_very_top_leaves_no_threshold() {
        let rates = scores(&[65_535], &[65_535]).rates().unwrap();
        assert_eq!(rates.zero_fmr, 1.0);
    }

    #[test]
    fn pooling_is_one_threshold_for_all() {
        // Each set alone is perfect; their scales differ, so that together they are not.
        let (mut a, b) = (scores(&[30], &[10]), scores(&[90], &[60]));
        assert_eq!(a.rates().unwrap().eer, 0.0);
        assert_eq!(b.rates().unwrap().eer, 0.0);
        a.pool(&b);
        assert_eq!(a.rates().unwrap().eer, 0.25);
        assert_eq!(a.rates().unwrap().zero_fmr, 0.5);
    }

    #[test]
    fn nothing_to_divide_by_is_an_error() {
        assert_eq!(
            scores(&[], &[1]).rates(),
            Err(EvaluationError::NoGenuinePair)
        );
        assert_eq!(
            scores(&[1], &[]).rates(),
            Err(EvaluationError::NoImpostorPair)
        );
    }
}
