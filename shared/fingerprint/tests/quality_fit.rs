//! The unified score fitted anew: the weights in the source are the ones the table gives, and they hold on prints the fit
//! has not seen.
//!
//! `cargo test -p qayd-fingerprint --test quality_fit -- --nocapture` prints the figures of `docs/quality.md`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

use std::collections::BTreeMap;

use qayd_fingerprint::nfiq2::{Histogram, NativeFeatures};
use qayd_fingerprint::unified_score;

const TABLE: &str = include_str!("golden/nfiq2/conformance.csv");
/// Penalty on the weights of standardised features.
const PENALTY: f64 = 100.0;
/// The link leaves this much room below 0 and above 100.
const ROOM: f64 = 10.0;

struct Print {
    score: f64,
    features: NativeFeatures,
}

fn prints() -> Vec<Print> {
    let mut lines = TABLE.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    lines
        .map(|line| {
            let numbers = line.split(',').map(|n| n.parse::<f64>().unwrap());
            let row: BTreeMap<&str, f64> = names.iter().copied().zip(numbers).collect();
            let histogram = |name: &str| Histogram {
                bins: core::array::from_fn(|i| row[format!("{name}_Bin10_{i}").as_str()] as u32),
                mean: row[format!("{name}_Bin10_Mean").as_str()],
                deviation: row[format!("{name}_Bin10_StdDev").as_str()],
            };
            Print {
                score: row["QualityScore"],
                features: NativeFeatures {
                    frequency: histogram("FDA"),
                    clarity: histogram("LCS"),
                    certainty: histogram("OCL"),
                    flow: histogram("OF"),
                    uniformity: histogram("RVUP"),
                    mean: row["Mu"],
                    mean_of_regions: row["MMB"],
                    deviation: 0.0,
                    foreground_mean: row["ImgProcROIArea_Mean"],
                    foreground_px: 0,
                    coherence_sum: row["OrientationMap_ROIFilter_CoherenceSum"],
                    coherence_mean: row["OrientationMap_ROIFilter_CoherenceRel"],
                    minutiae: 0,
                    minutiae_in_middle: 0,
                    minutiae_well_inked: 0.0,
                    minutiae_certain: 0.0,
                },
            }
        })
        .collect()
}

/// What the fit sees: all features but those of minutiae, counts as square roots.
fn inputs(features: &NativeFeatures) -> Vec<f64> {
    features
        .named()
        .into_iter()
        .filter(|(name, _)| !name.starts_with("FingerJet") && !name.starts_with("FJFX"))
        .map(|(name, value)| {
            let is_count = name.ends_with(|c: char| c.is_ascii_digit());
            if is_count { value.sqrt() } else { value }
        })
        .collect()
}

struct Fit {
    means: Vec<f64>,
    deviations: Vec<f64>,
    weights: Vec<f64>,
    bias: f64,
}

impl Fit {
    /// Ridge regression of the linked score on standardised inputs.
    fn make(prints: &[&Print]) -> Self {
        let rows: Vec<Vec<f64>> = prints.iter().map(|p| inputs(&p.features)).collect();
        let (n, size) = (rows.len() as f64, rows[0].len());
        let mean_of = |i: usize| rows.iter().map(|r| r[i]).sum::<f64>() / n;
        let means: Vec<f64> = (0..size).map(mean_of).collect();
        let deviation_of = |i: usize| {
            let squares = rows.iter().map(|r| (r[i] - means[i]).powi(2));
            match (squares.sum::<f64>() / n).sqrt() {
                0.0 => 1.0,
                deviation => deviation,
            }
        };
        let deviations: Vec<f64> = (0..size).map(deviation_of).collect();
        let linked = |score: f64| ((score + ROOM) / (100.0 + ROOM - score)).ln();
        let bias = prints.iter().map(|p| linked(p.score)).sum::<f64>() / n;
        let mut matrix = vec![vec![0.0; size]; size];
        let mut right = vec![0.0; size];
        for (row, print) in rows.iter().zip(prints) {
            let x: Vec<f64> = (0..size)
                .map(|i| (row[i] - means[i]) / deviations[i])
                .collect();
            for i in 0..size {
                right[i] += x[i] * (linked(print.score) - bias);
                for j in 0..size {
                    matrix[i][j] += x[i] * x[j];
                }
            }
        }
        for (i, row) in matrix.iter_mut().enumerate() {
            row[i] += PENALTY;
        }
        let weights = solve(matrix, right);
        Self {
            means,
            deviations,
            weights,
            bias,
        }
    }

    fn predict(&self, features: &NativeFeatures) -> f64 {
        let z: f64 = inputs(features)
            .iter()
            .enumerate()
            .map(|(i, x)| self.weights[i] * (x - self.means[i]) / self.deviations[i])
            .sum();
        let value = (100.0 + 2.0 * ROOM) / (1.0 + (-z - self.bias).exp()) - ROOM;
        value.clamp(0.0, 100.0)
    }
}

/// Gauss without pivoting; the matrix is symmetric and positive.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    for i in 0..size {
        for j in i + 1..size {
            let share = matrix[j][i] / matrix[i][i];
            let (above, below) = matrix.split_at_mut(j);
            for (below, above) in below[0].iter_mut().zip(&above[i]).skip(i) {
                *below -= share * above;
            }
            right[j] -= share * right[i];
        }
    }
    for i in (0..size).rev() {
        let known: f64 = (i + 1..size).map(|k| matrix[i][k] * right[k]).sum();
        right[i] = (right[i] - known) / matrix[i][i];
    }
    right
}

/// Share of the scores' variance explained, and rank correlation.
fn agreement(predicted: &[f64], scores: &[f64]) -> (f64, f64) {
    let n = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    let wrong: f64 = predicted
        .iter()
        .zip(scores)
        .map(|(p, s)| (p - s).powi(2))
        .sum();
    let all: f64 = scores.iter().map(|s| (s - mean).powi(2)).sum();
    let ranks = |values: &[f64]| -> Vec<f64> {
        let below = |v: &f64| values.iter().filter(|w| *w < v).count() as f64;
        let equal = |v: &f64| values.iter().filter(|w| *w == v).count() as f64;
        values.iter().map(|v| below(v) + 0.5 * equal(v)).collect()
    };
    let (a, b) = (ranks(predicted), ranks(scores));
    let middle = n / 2.0;
    let sum = |x: &[f64], y: &[f64]| -> f64 {
        x.iter()
            .zip(y)
            .map(|(x, y)| (x - middle) * (y - middle))
            .sum()
    };
    (
        1.0 - wrong / all,
        sum(&a, &b) / (sum(&a, &a) * sum(&b, &b)).sqrt(),
    )
}

/// Predictions for every print by a fit that has not seen its tenth of the table.
fn unseen(prints: &[Print], seed: u32) -> Vec<f64> {
    let mut order: Vec<usize> = (0..prints.len()).collect();
    let mut state = seed;
    for i in (1..order.len()).rev() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        order.swap(i, (state >> 8) as usize % (i + 1));
    }
    let mut predicted = vec![0.0; prints.len()];
    for fold in 0..10 {
        let seen = order.iter().enumerate().filter(|(at, _)| at % 10 != fold);
        let seen: Vec<&Print> = seen.map(|(_, i)| &prints[*i]).collect();
        let fit = Fit::make(&seen);
        for (_, i) in order.iter().enumerate().filter(|(at, _)| at % 10 == fold) {
            predicted[*i] = fit.predict(&prints[*i].features);
        }
    }
    predicted
}

#[test]
fn unseen_prints_are_scored_as_published() {
    let prints = prints();
    assert_eq!(prints.len(), 199);
    let scores: Vec<f64> = prints.iter().map(|p| p.score).collect();
    let (mut explained, mut ranked, mut off) = (0.0, 0.0, 0.0);
    const RUNS: u32 = 5;
    for seed in 0..RUNS {
        let predicted = unseen(&prints, seed);
        let (r2, spearman) = agreement(&predicted, &scores);
        explained += r2 / f64::from(RUNS);
        ranked += spearman / f64::from(RUNS);
        let wrong = predicted.iter().zip(&scores).map(|(p, s)| (p - s).abs());
        off += wrong.sum::<f64>() / 199.0 / f64::from(RUNS);
    }
    println!("tenfold, {RUNS} runs: R2 {explained:.3}, Spearman {ranked:.3}, mean error {off:.2}");
    assert!(explained >= 0.91, "R2 {explained}");
    assert!(ranked >= 0.95, "Spearman {ranked}");
}

#[test]
fn the_weights_in_the_source_are_those_of_the_fit() {
    let prints = prints();
    let fit = Fit::make(&prints.iter().collect::<Vec<_>>());
    for print in &prints {
        let (fitted, ours) = (fit.predict(&print.features), unified_score(&print.features));
        let apart = (fitted - f64::from(ours.value)).abs();
        assert!(apart <= 0.51, "{fitted} is {} in the source", ours.value);
    }
    if std::env::var_os("PRINT_WEIGHTS").is_some() {
        for (i, weight) in fit.weights.iter().enumerate() {
            println!("{i:2} {:.6}", weight / fit.deviations[i]);
        }
    }
}

#[test]
fn a_fit_to_shuffled_scores_explains_nothing() {
    let mut prints = prints();
    let scores: Vec<f64> = prints.iter().map(|p| p.score).collect();
    for (i, print) in prints.iter_mut().enumerate() {
        print.score = scores[(i * 71 + 13) % 199];
    }
    let shuffled: Vec<f64> = prints.iter().map(|p| p.score).collect();
    let (r2, _) = agreement(&unseen(&prints, 1), &shuffled);
    assert!(r2 < 0.2, "{r2}");
}
