//! Bits: which questions of the pool tell true pairs of minutiae from the most alike false ones.
//!
//! In: sets. Out: up to 256 questions, the most telling first. Greedy: each step takes the question that raises the
//! Fisher ratio of the number of bits set in both, (mean over true pairs − mean over false pairs)² over the sum of
//! both variances; correlated questions add variance and are passed over.

use qayd_fingerprint::Template;
use qayd_fingerprint::search::{Choice, Descriptor, Surroundings};

use super::{QUESTIONS, Set};

/// True pairs are taken from comparisons that paired at least so many minutiae.
const PAIRED_MIN: usize = 9;
/// One impostor comparison in so many gives its most alike pairs.
const IMPOSTOR_SHARE: usize = 12;
/// At most so many pairs of each kind are kept.
const PAIRS_MAX: usize = 8_000;

/// Questions answered yes by both minutiae of a pair.
type Both = Vec<u16>;

pub fn choose(sets: &[Set]) -> Vec<u16> {
    let (genuine, impostor) = pairs(sets);
    println!(
        "choosing bits over {} true and {} false pairs of minutiae",
        genuine.len(),
        impostor.len()
    );
    let (true_mean, true_cov) = moments(&genuine);
    let (false_mean, false_cov) = moments(&impostor);
    let gain: Vec<f64> = true_mean
        .iter()
        .zip(&false_mean)
        .map(|(t, f)| t - f)
        .collect();
    let mut chosen: Vec<u16> = Vec::with_capacity(256);
    let mut left: Vec<usize> = (0..QUESTIONS).filter(|q| gain[*q] > 0.001).collect();
    let (mut mean, mut variance) = (0.0, 0.0);
    let mut with_chosen = vec![0.0; QUESTIONS];
    let cov = |a: usize, b: usize| true_cov[a * QUESTIONS + b] + false_cov[a * QUESTIONS + b];
    while chosen.len() < 256 && !left.is_empty() {
        let ratio = |q: usize| {
            let m: f64 = mean + gain[q];
            m * m / (variance + 2.0 * with_chosen[q] + cov(q, q) + 1e-3)
        };
        let Some(best) = (0..left.len()).max_by(|p, q| {
            ratio(left[*p])
                .total_cmp(&ratio(left[*q]))
                .then(left[*q].cmp(&left[*p]))
        }) else {
            break;
        };
        let question = left.swap_remove(best);
        mean += gain[question];
        variance += 2.0 * with_chosen[question] + cov(question, question);
        for (q, sum) in with_chosen.iter_mut().enumerate() {
            *sum += cov(question, q);
        }
        chosen.push(question as u16);
        if chosen.len().is_power_of_two() {
            println!(
                "  {} bits: Fisher ratio {:.3}",
                chosen.len(),
                mean * mean / variance
            );
        }
    }
    chosen
}

/// Other choices, to see what each part is worth.
pub fn ablations(chosen: &[u16]) -> Vec<(&'static str, Choice)> {
    let flow_bits = QUESTIONS as u16 - 200;
    let only = |keep: &dyn Fn(u16) -> bool| {
        Choice::of(
            &chosen
                .iter()
                .copied()
                .filter(|q| keep(*q))
                .collect::<Vec<_>>(),
        )
    };
    // Half of the sides, on the three middle rings and every cell: what one would draw up by hand.
    let by_hand: Vec<u16> = (128..448)
        .filter(|q| q % 8 < 4 && q / 8 % 2 == 0)
        .chain(flow_bits + 32..flow_bits + 128)
        .collect();
    vec![
        (
            "first 128 bits",
            Choice::of(&chosen[..chosen.len().min(128)]),
        ),
        (
            "first 192 bits",
            Choice::of(&chosen[..chosen.len().min(192)]),
        ),
        ("flow bits only", only(&|q| q < flow_bits)),
        ("cell bits only", only(&|q| q >= flow_bits)),
        ("bits drawn up by hand", Choice::of(&by_hand)),
    ]
}

fn pairs(sets: &[Set]) -> (Vec<Both>, Vec<Both>) {
    let (mut genuine, mut impostor) = (Vec::new(), Vec::new());
    for set in sets {
        let described: Vec<(u32, Surroundings, Vec<Vec<bool>>)> = set
            .prints
            .iter()
            .map(|(finger, t)| (*finger, Surroundings::derive(t), answers(t)))
            .collect();
        let mut impostors = 0;
        for (i, (finger, a, answers_a)) in described.iter().enumerate() {
            for (other, b, answers_b) in &described[i + 1..] {
                let both = |(p, q): &(u8, u8)| -> Both {
                    (0..QUESTIONS)
                        .filter(|k| {
                            answers_a[usize::from(*p)][*k] && answers_b[usize::from(*q)][*k]
                        })
                        .map(|k| k as u16)
                        .collect()
                };
                if finger == other {
                    let (closer, _) = a.pairs(b);
                    if closer.len() >= PAIRED_MIN {
                        genuine.extend(closer.iter().map(both));
                    }
                } else {
                    impostors += 1;
                    if impostors % IMPOSTOR_SHARE == 0 {
                        impostor.extend(a.pairs(b).1.iter().map(both));
                    }
                }
            }
        }
    }
    (thin(genuine), thin(impostor))
}

fn answers(template: &Template) -> Vec<Vec<bool>> {
    Surroundings::answers(template)
        .into_iter()
        .map(|a| a.to_vec())
        .collect()
}

fn thin(pairs: Vec<Both>) -> Vec<Both> {
    let step = pairs.len().div_ceil(PAIRS_MAX).max(1);
    pairs.into_iter().step_by(step).collect()
}

/// Mean and covariance of "both say yes".
fn moments(pairs: &[Both]) -> (Vec<f64>, Vec<f64>) {
    let n = pairs.len().max(1) as f64;
    let mut counts = vec![0u32; QUESTIONS * QUESTIONS];
    for both in pairs {
        for &a in both {
            for &b in both {
                counts[usize::from(a) * QUESTIONS + usize::from(b)] += 1;
            }
        }
    }
    let mean: Vec<f64> = (0..QUESTIONS)
        .map(|q| f64::from(counts[q * QUESTIONS + q]) / n)
        .collect();
    let covariance = (0..QUESTIONS * QUESTIONS)
        .map(|at| f64::from(counts[at]) / n - mean[at / QUESTIONS] * mean[at % QUESTIONS])
        .collect();
    (mean, covariance)
}
