//! Histograms: ten bins, mean and standard deviation of one value per region.
//!
//! In: values and the nine limits between ten bins. Out: `Histogram`. Never: drops a value.

/// Ten bins between fixed limits, with mean and standard deviation (of the population) of what fell into them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Histogram {
    /// How many values fell into each bin, lowest first.
    pub bins: [u32; 10],
    /// Of all values; 0 when there is none.
    pub mean: f64,
    /// Of all values, divided by their number; 0 when there is none.
    pub deviation: f64,
}

impl Histogram {
    /// A value equal to a limit belongs to the bin above it.
    pub(super) fn of(values: &[f64], limits: &[f64; 9]) -> Self {
        let mut bins = [0; 10];
        for value in values {
            bins[limits.partition_point(|limit| limit <= value)] += 1;
        }
        let n = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n;
        Self {
            bins,
            mean,
            deviation: variance.sqrt(),
        }
    }

    /// Bins, mean, standard deviation.
    pub(super) fn numbers(&self) -> [f64; 12] {
        core::array::from_fn(|i| match i {
            10 => self.mean,
            11 => self.deviation,
            bin => f64::from(self.bins[bin]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_a_limit_counts_above_it() {
        let limits = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
        let histogram = Histogram::of(&[0.9, 1.0, 9.0, 99.0, f64::INFINITY], &limits);
        assert_eq!(histogram.bins, [1, 1, 0, 0, 0, 0, 0, 0, 0, 3]);
        let histogram = Histogram::of(&[1.0, 3.0], &limits);
        assert_eq!((histogram.mean, histogram.deviation), (2.0, 1.0));
        assert_eq!(Histogram::of(&[], &limits), Histogram::default());
    }
}
