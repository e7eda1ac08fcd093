//! Rates: error rates over sets and pooled, in per cent.

use super::Set;

/// One comparison.
pub struct Trial {
    pub set: usize,
    pub genuine: bool,
    pub features: [f32; 8],
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
            let rates = rates(&mut genuine, &mut impostor);
            out.sets.push((set.name.clone(), rates));
            if set.weight >= 1.0 {
                out.mean_eer += rates[0];
                real += 1.0;
                all_genuine.extend(genuine);
                all_impostor.extend(impostor);
            }
        }
        out.mean_eer /= f64::max(real, 1.0);
        out.pooled = rates(&mut all_genuine, &mut all_impostor);
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

/// EER, FNMR at FMR 1 % and 0.1 %.
pub fn rates(genuine: &mut [f64], impostor: &mut [f64]) -> [f64; 3] {
    genuine.sort_by(f64::total_cmp);
    impostor.sort_by(f64::total_cmp);
    if genuine.is_empty() || impostor.is_empty() {
        return [0.0; 3];
    }
    let below = |list: &[f64], t: f64| list.partition_point(|s| *s < t) as f64 / list.len() as f64;
    let mut eer = (1.0f64, 1.0);
    for t in genuine.iter().chain(impostor.iter()) {
        let (fnmr, fmr) = (below(genuine, *t), 1.0 - below(impostor, *t));
        if (fnmr - fmr).abs() < eer.0 {
            eer = ((fnmr - fmr).abs(), (fnmr + fmr) / 2.0);
        }
    }
    let at = |rate: f64| {
        let allowed = (impostor.len() as f64 * rate) as usize;
        let threshold = impostor[impostor.len() - 1 - allowed];
        genuine.partition_point(|s| *s <= threshold) as f64 / genuine.len() as f64
    };
    [100.0 * eer.1, 100.0 * at(0.01), 100.0 * at(0.001)]
}
