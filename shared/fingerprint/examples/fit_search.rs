//! Fits and judges the fast matcher of the search.
//!
//! `cargo run --release -p qayd-fingerprint --example fit_search -- [--keep-bits] [--write FILE] [--ablation]
//! [--screening] [--people N] [--plot FILE] DIR...`
//!
//! Over folders of `<finger>_<impression>.<ext>` (500 ppi) and drawn fingers: chooses the bits of the descriptor, fits
//! the weights of its score and the scale, prints error rates, and with `--write` puts everything where it belongs,
//! `shared/fingerprint/src/search/fitted.rs`. Run it again whenever minutiae or the kernel change, once with the old
//! bits and once more with the new ones; with `--keep-bits` weights and scale only. `--screening` deals ten-finger people
//! from the folders' fingers and counts where the stages of the screening lose the mate. `--people` searches ten-finger people made of the folders' fingers in a
//! gallery of N people made as templates; `--plot` draws how their scores compare with those of the folders.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a command-line tool for developers"
)]

#[path = "fit_search/bits.rs"]
mod bits;
#[path = "fit_search/people.rs"]
mod people;
#[path = "fit_search/rates.rs"]
mod rates;
#[path = "fit_search/weights.rs"]
mod weights;

use std::collections::BTreeMap;
use std::error::Error;

use qayd_fingerprint::search::{
    Choice, Descriptor, POOL_BITS, SCREENING, Stage, Surroundings, evidence_features,
};
use qayd_fingerprint::synthetic::{ImpressionSettings, MasterFinger, impression};
use qayd_fingerprint::{GreyImage, Template, extract};
use qayd_model::Ppi;
use rates::{Rates, Trial};

/// One folder, or the drawn fingers.
pub struct Set {
    /// The folder's.
    pub name: String,
    /// Drawn fingers weigh less: they are more alike in flow than real ones, and easier.
    pub weight: f64,
    /// Finger and template.
    pub prints: Vec<(u32, Template)>,
}

/// Drawn fingers and impressions of each that take part in the fit.
const DRAWN: (u64, u64) = (40, 4);

fn main() -> Result<(), Box<dyn Error>> {
    let mut sets = Vec::new();
    let (mut write, mut plot, mut ablation, mut people) = (None, None, false, None);
    let (mut screening, mut keep_bits) = (false, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--write" => write = Some(arguments.next().ok_or("which file?")?),
            "--plot" => plot = Some(arguments.next().ok_or("which file?")?),
            "--people" => people = Some(arguments.next().ok_or("how many?")?.parse()?),
            "--ablation" => ablation = true,
            "--keep-bits" => keep_bits = true,
            "--screening" => screening = true,
            folder => sets.push(folder_set(folder)?),
        }
    }
    if screening {
        let closely = SCREENING.map(|stage| Stage {
            glance: false,
            ..stage
        });
        people::screening_losses(
            &sets,
            &[("in use", &SCREENING), ("without glances", &closely)],
        );
        return Ok(());
    }
    if let Some(count) = people {
        people::cascade(&sets, count);
        return Ok(());
    }
    if let Some(file) = plot {
        std::fs::write(file, people::plot(&sets))?;
        return Ok(());
    }
    sets.push(drawn_set()?);
    report("bits in use", &trials(&sets, Surroundings::derive), &sets);
    let chosen = if keep_bits {
        Choice::questions_in_use().to_vec()
    } else {
        bits::choose(&sets)
    };
    let choice = Choice::of(&chosen);
    let fitted = trials(&sets, |t| Surroundings::derive_with(&choice, t));
    let weights = report("newly chosen bits", &fitted, &sets);
    let first_looks: Vec<Trial> = fitted.iter().map(Trial::at_a_glance).collect();
    let [none, alike, support, ..] = report("their first look alone", &first_looks, &sets);
    if ablation {
        for (name, choice) in bits::ablations(&chosen) {
            let other = trials(&sets, |t| Surroundings::derive_with(&choice, t));
            report(name, &other, &sets);
        }
    }
    if let Some(file) = write {
        let scale = weights::scale(&sets, &choice, &weights);
        std::fs::write(
            &file,
            weights::source(&chosen, &weights, &[none, alike, support], &scale),
        )?;
        println!("written: {file}");
    }
    Ok(())
}

/// All pairs within each set.
fn trials(sets: &[Set], derive: impl Fn(&Template) -> Surroundings) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (set, prints) in sets.iter().enumerate() {
        let fingers: Vec<_> = prints.prints.iter().map(|(f, t)| (*f, derive(t))).collect();
        for (i, (finger, a)) in fingers.iter().enumerate() {
            for (other, b) in &fingers[i + 1..] {
                let numbers = a.evidence_numbers(b);
                trials.push(Trial {
                    set,
                    genuine: finger == other,
                    features: evidence_features(numbers),
                });
            }
        }
    }
    trials
}

/// Fits weights and prints rates, also with each set left out of its own fit.
fn report(name: &str, trials: &[Trial], sets: &[Set]) -> [f64; 8] {
    let all = weights::fit(trials, sets, None);
    let strengths = |weights: &[f64; 8], trial: &Trial| weights::strength(weights, &trial.features);
    let closer = trials
        .iter()
        .filter(|t| !t.genuine && t.features[7] > 0.0)
        .count() as f64
        / trials.iter().filter(|t| !t.genuine).count().max(1) as f64;
    let rates = Rates::over_sets(trials, sets, |t| strengths(&all, t));
    println!(
        "{name}: closer look at {:.1} % of impostors",
        100.0 * closer
    );
    rates.print("  all sets in the fit");
    let left: Vec<[f64; 8]> = (0..sets.len())
        .map(|set| weights::fit(trials, sets, Some(set)))
        .collect();
    Rates::over_sets(trials, sets, |t| strengths(&left[t.set], t))
        .print("  each set left out of its own fit");
    all
}

fn folder_set(folder: &str) -> Result<Set, Box<dyn Error>> {
    let name = folder.trim_end_matches('/').rsplit('/').next();
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path
            .file_stem()
            .and_then(|s| s.to_str())
            .unwrap_or_default();
        let Some((finger, impression)) = stem.split_once('_') else {
            continue;
        };
        if let (Ok(finger), Ok(impression)) = (finger.parse::<u32>(), impression.parse::<u32>()) {
            files.insert((finger, impression), path);
        }
    }
    let mut prints = Vec::with_capacity(files.len());
    for ((finger, _), path) in files {
        let image = GreyImage::decode(&std::fs::read(path)?, Some(Ppi(500)))?;
        prints.push((finger, extract(&image)?.template));
    }
    Ok(Set {
        name: name.unwrap_or(folder).to_owned(),
        weight: 1.0,
        prints,
    })
}

fn drawn_set() -> Result<Set, Box<dyn Error>> {
    let mut prints = Vec::new();
    for finger in 0..DRAWN.0 {
        let master = MasterFinger::make(50_000 + finger);
        for i in 0..DRAWN.1 {
            let mut settings = ImpressionSettings::natural(finger * 16 + i);
            if i + 1 == DRAWN.1 {
                settings.dryness = 0.6;
                settings.partial = 0.3;
            }
            prints.push((
                finger as u32,
                extract(&impression(&master, &settings))?.template,
            ));
        }
    }
    Ok(Set {
        name: "drawn".to_owned(),
        weight: 0.2,
        prints,
    })
}

/// The pool as the examples see it.
pub const QUESTIONS: usize = POOL_BITS;
