//! Clarity: how well ridges and valleys of a region part in grey (LCS); and where its ridges and valleys lie.
//!
//! In: a region turned so that ridges stand upright. Out: 1 − mean of the shares of valley pixels that are too dark and
//! of ridge pixels that are too light; 0 when ridges or valleys are wider or narrower than any finger's.
//! Owns: the profile across the ridges and the line that parts them. Never: trusts a single pixel to be a ridge.

use super::REGION_PX;
use super::regions::ALONG_PX;

/// Between the bins (NFIQ 2.3.0, `LCS_Bin10`).
pub(super) const LIMITS: [f64; 9] = [0.0, 0.70, 0.74, 0.77, 0.79, 0.81, 0.83, 0.85, 0.87];

/// Widest ridge or valley there is at 500 ppi, pixels; the unit of the reference, kept for its rounding.
const WIDEST_PX: f64 = 20.0;
/// Mean widths of the ridges of a clear region, in that unit: 3 to 10 pixels.
const RIDGE: core::ops::RangeInclusive<f64> = 3.0 / WIDEST_PX..=10.0 / WIDEST_PX;
/// Mean widths of its valleys: 2 to 10 pixels.
const VALLEY: core::ops::RangeInclusive<f64> = 2.0 / WIDEST_PX..=10.0 / WIDEST_PX;

/// The mean grey of each column against a straight line through all of them.
pub(super) struct Profile {
    /// The column is darker than the line: a ridge.
    pub(super) ridge: [bool; REGION_PX],
    /// The line at each column.
    line: [f64; REGION_PX],
}

impl Profile {
    pub(super) fn of(upright: &[[u8; REGION_PX]; ALONG_PX]) -> Self {
        let mut sums = [0u32; REGION_PX];
        for row in upright {
            for (sum, &pixel) in sums.iter_mut().zip(row) {
                *sum += u32::from(pixel);
            }
        }
        // Least squares over x = 1 … 32, whose sums are known.
        const N: f64 = REGION_PX as f64;
        const SUM_X: f64 = 528.0;
        const SUM_XX: f64 = 11_440.0;
        let (mut sum, mut sum_x) = (0.0, 0.0);
        let means = sums.map(|s| f64::from(s) / ALONG_PX as f64);
        for (i, mean) in means.iter().enumerate() {
            sum += mean;
            sum_x += mean * (i + 1) as f64;
        }
        let slope = (N * sum_x - SUM_X * sum) / (N * SUM_XX - SUM_X * SUM_X);
        let start = tenth_decimal((sum - slope * SUM_X) / N);
        let slope = tenth_decimal(slope);
        let line = core::array::from_fn(|i| (i + 1) as f64 * slope + start);
        Self {
            ridge: core::array::from_fn(|i| means[i] < line[i]),
            line,
        }
    }

    /// Last columns of the ridges and valleys, all but the last one.
    pub(super) fn ends(&self) -> Ends {
        let mut ends = Ends {
            columns: [0; REGION_PX],
            count: 0,
        };
        for (i, pair) in self.ridge.windows(2).enumerate() {
            if pair[0] != pair[1] {
                ends.columns[ends.count] = i;
                ends.count += 1;
            }
        }
        ends
    }
}

/// At most 31 columns.
pub(super) struct Ends {
    columns: [usize; REGION_PX],
    count: usize,
}

impl core::ops::Deref for Ends {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.columns[..self.count]
    }
}

/// Rounded as the reference rounds it, so that a column exactly on the line is not parted by the last bit.
fn tenth_decimal(value: f64) -> f64 {
    (value * 1e10).round() / 1e10
}

pub(super) fn clarity(upright: &[[u8; REGION_PX]; ALONG_PX]) -> f64 {
    let profile = Profile::of(upright);
    let ends = profile.ends();
    let Some(&first) = ends.first() else {
        return 0.0;
    };
    // The first width is counted from column 0 to the change, one less than its columns, as in the reference.
    let (mut widths, mut counts) = ([0.0; 2], [0u32; 2]);
    let mut is_ridge = profile.ridge[0];
    let mut add = |width: usize| {
        widths[usize::from(is_ridge)] += width as f64 / WIDEST_PX;
        counts[usize::from(is_ridge)] += 1;
        is_ridge = !is_ridge;
    };
    add(first);
    ends.windows(2).for_each(|pair| add(pair[1] - pair[0]));
    let mean = |kind: usize| match counts[kind] {
        0 => 0.0,
        count => widths[kind] * (1.0 / f64::from(count)),
    };
    if !RIDGE.contains(&mean(1)) || !VALLEY.contains(&mean(0)) {
        return 0.0;
    }
    let (mut wrong, mut all) = ([0u32; 2], [0u32; 2]);
    for column in 0..REGION_PX {
        let limit = profile.line[column];
        let is_ridge = profile.ridge[column];
        all[usize::from(is_ridge)] += ALONG_PX as u32;
        let is_wrong = |row: &&[u8; REGION_PX]| (f64::from(row[column]) >= limit) == is_ridge;
        wrong[usize::from(is_ridge)] += upright.iter().filter(is_wrong).count() as u32;
    }
    let share = |kind: usize| f64::from(wrong[kind]) / f64::from(all[kind]);
    1.0 - (share(0) + share(1)) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripes(ridge: usize, valley: usize) -> [[u8; REGION_PX]; ALONG_PX] {
        [core::array::from_fn(|x| {
            if x % (ridge + valley) < ridge {
                20
            } else {
                200
            }
        }); ALONG_PX]
    }

    #[test]
    fn clean_stripes_are_fully_clear_and_noise_costs() {
        assert_eq!(clarity(&stripes(4, 4)), 1.0);
        let mut noisy = stripes(4, 4);
        noisy[3][1] = 250;
        noisy[9][6] = 0;
        let share = 1.0 / 256.0;
        assert!((clarity(&noisy) - (1.0 - share)).abs() < 1e-12);
    }

    #[test]
    fn widths_no_finger_has_are_not_clear() {
        assert_eq!(clarity(&stripes(1, 1)), 0.0);
        assert_eq!(clarity(&stripes(16, 16)), 0.0);
        assert_eq!(clarity(&[[7; REGION_PX]; ALONG_PX]), 0.0);
    }
}
