//! Bin widths from the bands' variances and a bit rate; coefficients to whole numbers.
//!
//! In: the decomposed plane. Out: a width per band, 0 for a band that is left out, and the numbers of each block.

use super::bands::{BLOCK_STARTS, Bands, CODED, Region};

/// A band with less variance is left out.
const VARIANCE_MIN: f64 = 1.01;
/// When the four deepest bands together vary less than this, variances are taken over whole bands.
const FLAT_BELOW: f64 = 20_000.0;
/// The zero bin is wider than the others by this.
pub(super) const ZERO_BIN: f64 = 1.2;
/// Where within a bin the decoder puts a value, in 1/100 of its width.
pub(super) const BIN_CENTRE: u16 = 44;

/// Bin width of each coded band.
pub(super) fn bin_widths(plane: &[f32], width: usize, bands: &Bands, bits: f64) -> [f64; CODED] {
    let variances = variances(plane, width, bands);
    // Widths but for the common factor 1/q.
    let mut widths = [0.0; CODED];
    for (band, variance) in variances.iter().enumerate() {
        if *variance >= VARIANCE_MIN {
            widths[band] = if band < 4 {
                1.0
            } else {
                10.0 / (weight(band) * variance.ln())
            };
        }
    }
    let all: Vec<usize> = (0..CODED).filter(|b| widths[*b] > 0.0).collect();
    let mut kept = all.clone();
    let mut q = 1.0;
    while !kept.is_empty() {
        let share: f64 = kept.iter().map(|b| size_share(*b)).sum();
        let log_product: f64 = kept
            .iter()
            .map(|b| size_share(*b) * (variances[*b].sqrt() / widths[*b]).ln())
            .sum();
        q = (2f64.powf(bits / share - 1.0) / 2.5) / (log_product / share).exp();
        // A band that would get no bits does not count towards the rate.
        let before = kept.len();
        kept.retain(|b| widths[*b] / q < 5.0 * variances[*b].sqrt());
        if kept.len() == before {
            break;
        }
    }
    for band in all {
        // Not so narrow that the band's largest value has no number: at high rates it would be cut off.
        let narrowest = peak(plane, width, &bands.regions[band]) / f64::from(MAGNITUDE_MAX);
        widths[band] = (widths[band] / q).max(narrowest);
    }
    widths
}

/// The largest magnitude of a band.
fn peak(plane: &[f32], width: usize, r: &Region) -> f64 {
    let rows = (r.y..r.y + r.height).map(|y| &plane[y * width + r.x..y * width + r.x + r.width]);
    f64::from(
        rows.flatten()
            .fold(0f32, |most, value| most.max(value.abs())),
    )
}

/// How much finer than the common rule a band is quantised.
const fn weight(band: usize) -> f64 {
    match band {
        52 | 56 => 1.32,
        54 | 57 => 1.42,
        53 | 55 | 58 | 59 => 1.08,
        _ => 1.0,
    }
}

/// The band's share of all samples.
const fn size_share(band: usize) -> f64 {
    match band {
        0..4 => 1.0 / 1024.0,
        4..51 => 1.0 / 256.0,
        _ => 1.0 / 16.0,
    }
}

fn variances(plane: &[f32], width: usize, bands: &Bands) -> [f64; CODED] {
    let middle = |r: &Region| Region {
        x: r.x + r.width / 8,
        y: r.y + 9 * r.height / 32,
        width: 3 * r.width / 4,
        height: 7 * r.height / 16,
    };
    let mut found = [0.0; CODED];
    for (band, region) in bands.regions[..CODED].iter().enumerate() {
        found[band] = variance(plane, width, &middle(region));
    }
    if found[..4].iter().sum::<f64>() < FLAT_BELOW {
        for (band, region) in bands.regions[..CODED].iter().enumerate() {
            found[band] = variance(plane, width, region);
        }
    }
    found
}

fn variance(plane: &[f32], width: usize, r: &Region) -> f64 {
    let n = (r.width * r.height) as f64;
    if n < 2.0 {
        return 0.0;
    }
    let (mut sum, mut squares) = (0.0f64, 0.0f64);
    for y in r.y..r.y + r.height {
        for value in &plane[y * width + r.x..y * width + r.x + r.width] {
            sum += f64::from(*value);
            squares += f64::from(*value) * f64::from(*value);
        }
    }
    (squares - sum * sum / n) / (n - 1.0)
}

/// The numbers of block 0, 1 or 2, band after band.
pub(super) fn quantised_block(
    plane: &[f32],
    width: usize,
    bands: &Bands,
    widths: &[f64; CODED],
    block: usize,
) -> Vec<i32> {
    let mut out = Vec::new();
    let coded = BLOCK_STARTS[block]..BLOCK_STARTS[block + 1];
    for (width_of_bin, r) in widths[coded.clone()].iter().zip(&bands.regions[coded]) {
        let bin = *width_of_bin as f32;
        if bin <= 0.0 {
            continue;
        }
        let half_zero = bin * ZERO_BIN as f32 / 2.0;
        for y in r.y..r.y + r.height {
            let row = &plane[y * width + r.x..y * width + r.x + r.width];
            out.extend(row.iter().map(|value| {
                if *value > half_zero {
                    (((value - half_zero) / bin) as i32 + 1).min(MAGNITUDE_MAX)
                } else if *value < -half_zero {
                    (((value + half_zero) / bin) as i32 - 1).max(-MAGNITUDE_MAX)
                } else {
                    0
                }
            }));
        }
    }
    out
}

/// Largest number: it is held in 16 bits, and decoders hold it with its sign.
const MAGNITUDE_MAX: i32 = 32_767;
