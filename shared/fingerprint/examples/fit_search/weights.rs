//! Weights: logistic regression of the evidence, the scale of the score, and both as Rust source.

#![allow(clippy::needless_range_loop, reason = "matrix arithmetic")]

use qayd_fingerprint::search::{Choice, Surroundings, evidence_features};

use super::Set;
use super::rates::Trial;

/// True pairs weigh more, as there are ten times fewer.
const GENUINE_WEIGHT: f64 = 3.0;
/// Keeps weights of features that always go together from running away.
const RIDGE: f64 = 0.01;
/// Scores at which the scale has a point, by counted false matches.
const POINTS: [u16; 11] = [10, 30, 50, 100, 150, 200, 250, 300, 350, 400, 450];

pub fn strength(weights: &[f64; 8], features: &[f32; 8]) -> f64 {
    weights
        .iter()
        .zip(features)
        .map(|(w, f)| w * f64::from(*f))
        .sum()
}

/// Log-odds at even prior odds; `left_out` takes no part.
pub fn fit(trials: &[Trial], sets: &[Set], left_out: Option<usize>) -> [f64; 8] {
    let used: Vec<&Trial> = trials.iter().filter(|t| Some(t.set) != left_out).collect();
    let mass = |genuine: bool| -> f64 {
        used.iter()
            .filter(|t| t.genuine == genuine)
            .map(|t| weight(t, sets))
            .sum()
    };
    let prior = (mass(true) / mass(false).max(1.0)).ln();
    let mut weights = [0f64; 8];
    for _ in 0..40 {
        // Newton: gradient in the last column.
        let mut system = [[0f64; 9]; 8];
        for trial in &used {
            let x = trial.features.map(f64::from);
            let p = 1.0 / (1.0 + (-strength(&weights, &trial.features)).exp());
            let w = weight(trial, sets);
            let gradient = w * (f64::from(u8::from(trial.genuine)) - p);
            let curve = w * (p * (1.0 - p)).max(1e-6);
            for r in 0..8 {
                system[r][8] += gradient * x[r];
                for c in 0..8 {
                    system[r][c] += curve * x[r] * x[c];
                }
            }
        }
        for r in 0..8 {
            system[r][r] += RIDGE;
            system[r][8] -= RIDGE * weights[r];
        }
        let step = solve(system);
        for r in 0..8 {
            weights[r] += step[r];
        }
    }
    weights[0] -= prior;
    weights
}

fn weight(trial: &Trial, sets: &[Set]) -> f64 {
    sets[trial.set].weight * if trial.genuine { GENUINE_WEIGHT } else { 1.0 }
}

fn solve(mut system: [[f64; 9]; 8]) -> [f64; 8] {
    for r in 0..8 {
        let pivot = system[r][r];
        for c in r..9 {
            system[r][c] /= pivot;
        }
        for q in 0..8 {
            if q != r {
                let factor = system[q][r];
                let row = system[r];
                for c in r..9 {
                    system[q][c] -= factor * row[c];
                }
            }
        }
    }
    core::array::from_fn(|r| system[r][8])
}

/// (strength, score): at each rate the less flattering of impostors within sets and across sets.
pub fn scale(sets: &[Set], choice: &Choice, weights: &[f64; 8]) -> Vec<(f64, u16)> {
    let described: Vec<Vec<(u32, Surroundings)>> = sets
        .iter()
        .map(|set| {
            let derive = |(f, t): &(u32, _)| (*f, Surroundings::derive_with(choice, t));
            set.prints.iter().map(derive).collect()
        })
        .collect();
    let (mut within, mut across, mut drawn) = (Vec::new(), Vec::new(), Vec::new());
    for (s, first) in described.iter().enumerate() {
        for (i, (finger, a)) in first.iter().enumerate() {
            let add = |list: &mut Vec<f64>, b: &Surroundings| {
                list.push(strength(weights, &evidence_features(a.evidence_numbers(b))));
            };
            for (other, b) in &first[i + 1..] {
                if finger != other {
                    let list = if sets[s].weight < 1.0 {
                        &mut drawn
                    } else {
                        &mut within
                    };
                    add(list, b);
                }
            }
            for second in &described[s + 1..] {
                for (_, b) in second {
                    add(&mut across, b);
                }
            }
        }
    }
    println!(
        "scale over impostors: {} within, {} across, {} drawn",
        within.len(),
        across.len(),
        drawn.len()
    );
    let mut scale: Vec<(f64, u16)> = Vec::new();
    for list in [&mut within, &mut across, &mut drawn] {
        list.sort_by(f64::total_cmp);
    }
    for score in POINTS {
        let rate = 10f64.powf(-f64::from(score) / 100.0);
        let strongest = [&within, &across, &drawn]
            .into_iter()
            .filter(|list| list.len() as f64 * rate >= 3.0)
            .map(|list| list[list.len() - 1 - (list.len() as f64 * rate) as usize])
            .max_by(f64::total_cmp);
        let Some(strength) = strongest else { continue };
        let above = scale
            .last()
            .is_none_or(|(before, _)| strength > before + 0.01);
        if above {
            scale.push((strength, score));
        }
    }
    // From chance on, and beyond what was counted a line drawn on, as steep as log-odds are.
    if let Some(&(first, _)) = scale.first() {
        scale.insert(0, (first - 2.0, 0));
    }
    if let Some(&(last, score)) = scale.last() {
        scale.push((last + 4.0, (score + 100).min(550)));
    }
    scale
}

pub fn source(
    chosen: &[u16],
    weights: &[f64; 8],
    glance: &[f64; 3],
    scale: &[(f64, u16)],
) -> String {
    let mut chosen = chosen.to_vec();
    chosen.resize(256, u16::MAX);
    let rows: String = chosen
        .chunks(16)
        .map(|row| {
            let row: Vec<String> = row.iter().map(u16::to_string).collect();
            format!("    {},\n", row.join(", "))
        })
        .collect();
    let weights: String = weights.iter().map(|w| format!("    {w:.4},\n")).collect();
    let glance: String = glance.iter().map(|w| format!("    {w:.4},\n")).collect();
    let points: String = scale
        .iter()
        .map(|(strength, score)| format!("    ({strength:.2}, {score}),\n"))
        .collect();
    let count = scale.len();
    format!(
        "//! Fitted numbers of the search; written by `cargo run --release -p qayd-fingerprint --example fit_search`,\n\
         //! not by hand. New bits are a new version of the descriptor (`docs/search.md`).\n\n\
         /// Questions of the pool that make a code, the most telling first.\n\
         #[rustfmt::skip]\n\
         pub(super) const CHOSEN: [u16; 256] = [\n{rows}];\n\n\
         /// Weights of the evidence, see `score::evidence_features`.\n\
         #[rustfmt::skip]\n\
         pub(super) const WEIGHTS: [f32; 8] = [\n{weights}];\n\n\
         /// Weights of the first look alone: none, likeness of the best pairs, support.\n\
         #[rustfmt::skip]\n\
         pub(super) const GLANCE_WEIGHTS: [f32; 3] = [\n{glance}];\n\n\
         /// (strength, score) points, straight lines between.\n\
         #[rustfmt::skip]\n\
         pub(super) const CALIBRATION: [(f32, u16); {count}] = [\n{points}];\n"
    )
}
