//! Rates: error rates over sets and pooled, in per cent.

use qayd_fingerprint::evaluation::Scores;

use super::Set;

/// One comparison.
pub struct Trial {
    pub set: usize,
    pub genuine: bool,
    pub features: [f32; 8],
}

impl Trial {
    /// What the first look alone says.
    pub fn at_a_glance(&self) -> Self {
        let [one, alike, support, ..] = self.features;
        Self {
            features: [one, alike, support, 0.0, 0.0, 0.0, 0.0, 0.0],
            ..*self
        }
    }
}

/// Error rates in per cent.
pub struct Rates {
    sets: Vec<(String, [f64; 3])>,
    mean_eer: f64,
    pooled: [f64; 3],
}

impl Rates {
    /// Per set and pooled; drawn fingers (weight below 1) are shown and stay out of mean and pool.
    pub fn over_sets(trials: &[Trial], sets: &[Set], strength: impl Fn(&Trial) -> f64) -> Self {
        let mut out = Self {
            sets: Vec::new(),
            mean_eer: 0.0,
            pooled: [0.0; 3],
        };
        let (mut all_genuine, mut all_impostor) = (Vec::new(), Vec::new());
        let mut real = 0.0;
        for (number, set) in sets.iter().enumerate() {
            let (mut genuine, mut impostor) = (Vec::new(), Vec::new());
            for trial in trials.iter().filter(|t| t.set == number) {
                if trial.genuine {
                    genuine.push(strength(trial));
                } else {
                    impostor.push(strength(trial));
                }
            }
            let rates = rates(&genuine, &impostor);
            out.sets.push((set.name.clone(), rates));
            if set.weight >= 1.0 {
                out.mean_eer += rates[0];
                real += 1.0;
                all_genuine.extend(genuine);
                all_impostor.extend(impostor);
            }
        }
        out.mean_eer /= f64::max(real, 1.0);
        out.pooled = rates(&all_genuine, &all_impostor);
        out
    }

    pub fn print(&self, name: &str) {
        println!(
            "{name}: mean EER {:.2}; pooled EER {:.2}, FNMR at FMR 1 % {:.2}, at 0.1 % {:.2}",
            self.mean_eer, self.pooled[0], self.pooled[1], self.pooled[2]
        );
        for (name, [eer, at_100, at_1000]) in &self.sets {
            println!("    {name}: EER {eer:.2}, FNMR {at_100:.2} / {at_1000:.2}");
        }
    }
}

/// EER, FNMR at FMR 1 % and 0.1 %. Rates depend on the order of strengths only: each becomes its rank.
pub fn rates(genuine: &[f64], impostor: &[f64]) -> [f64; 3] {
    let mut order: Vec<f64> = genuine.iter().chain(impostor).copied().collect();
    order.sort_by(f64::total_cmp);
    order.dedup();
    let step = order.len() / usize::from(u16::MAX) + 1;
    let ranks = |list: &[f64]| {
        list.iter()
            .map(|s| (order.partition_point(|o| o < s) / step) as u16)
            .collect()
    };
    let scores = Scores {
        genuine: ranks(genuine),
        impostor: ranks(impostor),
    };
    scores.rates().map_or([0.0; 3], |r| {
        [100.0 * r.eer, 100.0 * r.fmr100, 100.0 * r.fmr1000]
    })
}
