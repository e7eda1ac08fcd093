//! The two-channel filter bank, forwards and backwards.
//!
//! In: a plane and its bands. Out: the plane changed in place. Lines are extended by reflection about their first and
//! last sample, which for symmetric filters of odd length gives perfect reconstruction at every length.

use super::bands::{Bands, Split};

/// Halves of two symmetric filters, the middle coefficient first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Filters {
    pub(super) low: Vec<f32>,
    pub(super) high: Vec<f32>,
}

/// Most coefficients of half a filter.
pub(super) const HALF_MAX: usize = 16;

impl Filters {
    /// The pair the specification gives, after Cohen, Daubechies and Feauveau: 9 and 7 coefficients.
    pub(super) fn standard() -> Self {
        Self {
            low: vec![
                0.852_698_7,
                0.377_402_85,
                -0.110_624_4,
                -0.023_849_465,
                0.037_828_457,
            ],
            high: vec![0.788_485_6, -0.418_092_28, -0.040_689_418, 0.064_538_88],
        }
    }

    /// For synthesis the two change places, and every second coefficient its sign.
    fn synthesis(&self) -> Self {
        let turned = |half: &[f32]| {
            half.iter()
                .enumerate()
                .map(|(i, c)| if i % 2 == 1 { -c } else { *c })
                .collect()
        };
        Self {
            low: turned(&self.high),
            high: turned(&self.low),
        }
    }
}

/// The index inside `0..length` that `at` is reflected to.
fn reflected(at: isize, length: usize) -> usize {
    if length < 2 {
        return 0;
    }
    let period = 2 * (length as isize - 1);
    let folded = at.rem_euclid(period);
    folded.min(period - folded) as usize
}

/// Where the `k`-th low and high samples of a line stand, low first or high first.
#[derive(Clone, Copy)]
struct Places {
    low: usize,
    high: usize,
}

fn places(length: usize, high_first: bool) -> Places {
    if high_first {
        Places {
            low: length / 2,
            high: 0,
        }
    } else {
        Places {
            low: 0,
            high: length.div_ceil(2),
        }
    }
}

/// One filter at one place of a line: `taps[0]` in the middle.
fn at(line: &[f32], middle: isize, taps: &[f32]) -> f32 {
    let length = line.len();
    let reach = taps.len() as isize - 1;
    if middle >= reach && (middle + reach) < length as isize {
        let m = middle as usize;
        let mut sum = taps[0] * line[m];
        for (j, tap) in taps.iter().enumerate().skip(1) {
            sum += tap * (line[m - j] + line[m + j]);
        }
        return sum;
    }
    let mut sum = taps[0] * line[reflected(middle, length)];
    for (j, tap) in taps.iter().enumerate().skip(1) {
        let j = j as isize;
        sum += tap * (line[reflected(middle - j, length)] + line[reflected(middle + j, length)]);
    }
    sum
}

/// A plane with room for one copy of itself.
pub(super) struct Workspace {
    width: usize,
    pub(super) plane: Vec<f32>,
    copy: Vec<f32>,
}

impl Workspace {
    pub(super) fn new(width: usize, plane: Vec<f32>) -> Self {
        let copy = vec![0.0; plane.len()];
        Self { width, plane, copy }
    }

    /// Into bands.
    pub(super) fn decompose(&mut self, bands: &Bands, filters: &Filters) {
        for split in &bands.splits {
            self.analyse_rows(split, filters);
            self.analyse_columns(split, filters);
        }
    }

    /// Back from bands.
    pub(super) fn reconstruct(&mut self, bands: &Bands, filters: &Filters) {
        let filters = filters.synthesis();
        for split in bands.splits.iter().rev() {
            self.synthesise_columns(split, &filters);
            self.synthesise_rows(split, &filters);
        }
    }

    fn analyse_rows(&mut self, split: &Split, filters: &Filters) {
        let r = split.region;
        let to = places(r.width, split.high_first_x);
        let mut line = vec![0.0; r.width];
        for y in r.y..r.y + r.height {
            let start = y * self.width + r.x;
            let row = &mut self.plane[start..start + r.width];
            line.copy_from_slice(row);
            for k in 0..r.width.div_ceil(2) {
                row[to.low + k] = at(&line, 2 * k as isize, &filters.low);
            }
            for k in 0..r.width / 2 {
                row[to.high + k] = at(&line, 2 * k as isize + 1, &filters.high);
            }
        }
    }

    fn synthesise_rows(&mut self, split: &Split, filters: &Filters) {
        let r = split.region;
        let from = places(r.width, split.high_first_x);
        // Low samples stand at even places, high ones at odd places, with zeros between them.
        let (mut low, mut high) = (vec![0.0; r.width], vec![0.0; r.width]);
        for y in r.y..r.y + r.height {
            let start = y * self.width + r.x;
            let row = &mut self.plane[start..start + r.width];
            for k in 0..r.width.div_ceil(2) {
                low[2 * k] = row[from.low + k];
            }
            for k in 0..r.width / 2 {
                high[2 * k + 1] = row[from.high + k];
            }
            for (n, value) in row.iter_mut().enumerate() {
                let n = n as isize;
                *value = at(&low, n, &filters.low) + at(&high, n, &filters.high);
            }
        }
    }

    /// The rows of the region, copied, so that they can be written anew.
    fn copy_rows(&mut self, split: &Split) {
        let r = split.region;
        for y in r.y..r.y + r.height {
            let start = y * self.width + r.x;
            self.copy[start..start + r.width].copy_from_slice(&self.plane[start..start + r.width]);
        }
    }

    /// Adds `tap` times the copied row `from` to row `to`, both counted from the region's top.
    fn add_row(&mut self, split: &Split, to: usize, from: usize, tap: f32) {
        let r = split.region;
        let to = (r.y + to) * self.width + r.x;
        let from = (r.y + from) * self.width + r.x;
        let source = &self.copy[from..from + r.width];
        for (value, add) in self.plane[to..to + r.width].iter_mut().zip(source) {
            *value += tap * add;
        }
    }

    fn clear_row(&mut self, split: &Split, row: usize) {
        let start = (split.region.y + row) * self.width + split.region.x;
        self.plane[start..start + split.region.width].fill(0.0);
    }

    fn analyse_columns(&mut self, split: &Split, filters: &Filters) {
        let height = split.region.height;
        let to = places(height, split.high_first_y);
        self.copy_rows(split);
        let both = [(to.low, 0, &filters.low), (to.high, 1, &filters.high)];
        for (first, odd, taps) in both {
            for k in 0..(height + 1 - odd) / 2 {
                self.clear_row(split, first + k);
                let middle = (2 * k + odd) as isize;
                for (j, tap) in taps.iter().enumerate() {
                    let j = j as isize;
                    self.add_row(split, first + k, reflected(middle - j, height), *tap);
                    if j > 0 {
                        self.add_row(split, first + k, reflected(middle + j, height), *tap);
                    }
                }
            }
        }
    }

    fn synthesise_columns(&mut self, split: &Split, filters: &Filters) {
        let height = split.region.height;
        let from = places(height, split.high_first_y);
        self.copy_rows(split);
        for n in 0..height {
            self.clear_row(split, n);
            for (first, odd, taps) in [(from.low, 0, &filters.low), (from.high, 1, &filters.high)] {
                let reach = taps.len() as isize - 1;
                for j in -reach..=reach {
                    let place = reflected(n as isize + j, height);
                    if place % 2 == odd {
                        self.add_row(split, n, first + place / 2, taps[j.unsigned_abs()]);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reflection_turns_at_the_first_and_last_sample() {
        let seen: Vec<usize> = (-3..7).map(|i| reflected(i, 4)).collect();
        assert_eq!(seen, [3, 2, 1, 0, 1, 2, 3, 2, 1, 0]);
        assert_eq!(reflected(-5, 1), 0);
    }

    #[test]
    fn bands_lead_back_to_the_plane() {
        for (width, height) in [(32, 32), (61, 45), (96, 131)] {
            let plane: Vec<f32> = (0..width * height)
                .map(|i| ((i * 2_654_435_761usize) >> 7 & 255) as f32 - 128.0)
                .collect();
            let bands = Bands::of(width, height);
            let mut work = Workspace::new(width, plane.clone());
            work.decompose(&bands, &Filters::standard());
            assert!(work.plane != plane);
            work.reconstruct(&bands, &Filters::standard());
            let worst = plane
                .iter()
                .zip(&work.plane)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            assert!(worst < 0.01, "{width} × {height}: {worst}");
        }
    }

    #[test]
    fn a_flat_plane_has_energy_in_the_lowest_band_only() {
        let bands = Bands::of(64, 64);
        let mut work = Workspace::new(64, vec![10.0; 64 * 64]);
        work.decompose(&bands, &Filters::standard());
        for (i, r) in bands.regions.iter().enumerate() {
            let value = work.plane[r.y * 64 + r.x].abs();
            assert_eq!(value > 1.0, i == 0, "band {i}: {value}");
        }
    }
}
