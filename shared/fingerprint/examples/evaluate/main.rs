//! Accuracy on folders of `<finger>_<impression>.<ext>` and on synthetic fingers.
//!
//! `cargo run --release -p qayd-fingerprint --example evaluate -- [--synthetic N] [--dump FILE] [--plot FILE] [--ppi N]
//! DIR...`
//! A folder's file `ppi.txt` holds its resolution when it is not 500. `--trace OUT IMAGE` writes a picture of every
//! stage of one image's extraction instead.
//!
//! Every pair of one finger is genuine, every pair of different fingers of one set an impostor ("full" variant); a
//! picture without minutiae scores 0 and is counted. Times are processor time, so that rates are one core's.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a command-line tool for developers"
)]

mod distribution;

use std::collections::BTreeMap;
use std::time::Duration;

use qayd_fingerprint::evaluation::{Print, Protocol, Scores, compare};
use qayd_fingerprint::synthetic::{ImpressionSettings, MasterFinger, impression};
use qayd_fingerprint::{
    EVIDENCE_NUMBERS, Extraction, GreyImage, Template, evidence_numbers, extract, extract_traced,
    match_score,
};
use qayd_model::Ppi;
use rustix::time::{ClockId, clock_gettime};

use distribution::Population;

/// Across sets every second impression takes part.
const CROSS_STEP: usize = 2;
const EVERYDAY: &str = "synthetic, everyday";
const HARD: &str = "synthetic, hard";

struct Set {
    name: String,
    prints: Vec<Print<Template>>,
    qualities: Vec<u8>,
    extract_ms: f64,
}

/// Time that this thread spent on the processor: on a busy machine nearly the same as on a quiet one.
fn processor_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut sets = Vec::new();
    let (mut dump, mut plot) = (None, None);
    let mut ppi = Ppi(500);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--synthetic" => {
                let count: u64 = arguments.next().ok_or("how many fingers?")?.parse()?;
                sets.push(synthetic_set(count, false)?);
                sets.push(synthetic_set(count, true)?);
            }
            "--dump" => dump = arguments.next(),
            "--plot" => plot = arguments.next(),
            "--ppi" => ppi = Ppi(arguments.next().ok_or("how many?")?.parse()?),
            "--trace" => {
                let out = arguments.next().ok_or("where to?")?;
                let image = arguments.next().ok_or("which image?")?;
                return trace(&out, &image, ppi);
            }
            folder => sets.push(folder_set(folder, ppi)?),
        }
    }
    let mut lines = String::new();
    let mut all = Scores::default();
    let mut sum_eer = 0.0;
    let mut populations = [
        ("real fingers", "#1f5fbf"),
        (EVERYDAY, "#2a8a3e"),
        (HARD, "#c2571a"),
    ]
    .map(|(name, colour)| Population {
        name,
        colour,
        scores: Scores::default(),
    });
    println!(
        "set | genuine | impostor | EER % | FNMR@1% | FNMR@0.1% | FNMR@0 | median quality | extract ms | matches/s | bytes"
    );
    for (index, set) in sets.iter().enumerate() {
        let started = processor_time();
        let scores = compare(&set.prints, Protocol::FullImpostor, |a, b| {
            match_score(a, b).value()
        });
        let count = scores.genuine.len() + scores.impostor.len();
        let speed = count as f64 / (processor_time() - started).as_secs_f64();
        if dump.is_some() {
            for (i, a) in set.prints.iter().enumerate() {
                for b in &set.prints[i + 1..] {
                    let both = a.template.as_ref().zip(b.template.as_ref());
                    let numbers = both.and_then(|(a, b)| evidence_numbers(a, b));
                    let numbers = numbers.unwrap_or([0.0; EVIDENCE_NUMBERS]);
                    lines += &format!("{} {index} {numbers:?}\n", u8::from(a.finger == b.finger));
                }
            }
        }
        let rates = scores.rates()?;
        let bytes: usize = set
            .prints
            .iter()
            .filter_map(|p| p.template.as_ref())
            .map(|t| t.to_bytes().len())
            .sum::<usize>()
            / set.prints.len().max(1);
        let mut qualities = set.qualities.clone();
        qualities.sort_unstable();
        println!(
            "{} | {} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {} | {:.1} | {:.0} | {bytes}",
            set.name,
            scores.genuine.len(),
            scores.impostor.len(),
            100.0 * rates.eer,
            100.0 * rates.fmr100,
            100.0 * rates.fmr1000,
            100.0 * rates.zero_fmr,
            qualities.get(qualities.len() / 2).copied().unwrap_or(0),
            set.extract_ms,
            speed
        );
        sum_eer += 100.0 * rates.eer;
        let known = populations.iter().position(|p| p.name == set.name);
        let population = &mut populations[known.unwrap_or(0)];
        population.scores.pool(&scores);
        all.pool(&scores);
    }
    let rates = all.rates()?;
    println!(
        "pooled | {} | {} | {:.2} | {:.2} | {:.2} | {:.2} ; mean EER {:.2}",
        all.genuine.len(),
        all.impostor.len(),
        100.0 * rates.eer,
        100.0 * rates.fmr100,
        100.0 * rates.fmr1000,
        100.0 * rates.zero_fmr,
        sum_eer / sets.len().max(1) as f64
    );
    for threshold in [300, 400] {
        let share = |list: &[u16]| {
            list.iter().filter(|s| **s >= threshold).count() as f64 * 100.0
                / list.len().max(1) as f64
        };
        println!(
            "  at score {threshold}: false match {:.4} %, false non-match {:.2} %",
            share(&all.impostor),
            100.0 - share(&all.genuine)
        );
    }
    cross_sets(&sets, dump.is_some().then_some(&mut lines));
    if let Some(path) = plot {
        std::fs::write(path, distribution::plot(&populations))?;
    }
    if let Some(path) = dump {
        std::fs::write(path, lines)?;
    }
    Ok(())
}

/// Writes `OUT/<number>-<stage>.png` for one image.
fn trace(out: &str, image: &str, ppi: Ppi) -> Result<(), Box<dyn std::error::Error>> {
    let image = GreyImage::decode(&std::fs::read(image)?, Some(ppi))?;
    std::fs::create_dir_all(out)?;
    let mut pictures = Vec::new();
    extract_traced(&image, &mut |stage, picture| {
        pictures.push((stage, picture.encode_png()));
    })?;
    for (number, (stage, png)) in pictures.into_iter().enumerate() {
        let path = format!("{out}/{}-{}.png", number + 1, stage.name());
        std::fs::write(&path, png?)?;
        println!("{path}");
    }
    Ok(())
}

fn some(set: &Set) -> impl Iterator<Item = &Template> {
    let templates = set.prints.iter().filter_map(|p| p.template.as_ref());
    templates.step_by(CROSS_STEP)
}

/// Impostors across sets too: how often each score is reached.
fn cross_sets(sets: &[Set], mut lines: Option<&mut String>) {
    let mut scores = Vec::new();
    // The synthetic sets show the same fingers: they are no impostors of each other.
    let real: Vec<&Set> = sets
        .iter()
        .filter(|s| s.name != EVERYDAY && s.name != HARD)
        .collect();
    for (s, first) in real.iter().enumerate() {
        for second in &real[s + 1..] {
            for a in some(first) {
                for b in some(second) {
                    scores.push(match_score(a, b).value());
                    if let Some(lines) = lines.as_deref_mut() {
                        let numbers = evidence_numbers(a, b).unwrap_or([0.0; EVIDENCE_NUMBERS]);
                        *lines += &format!("0 99 {numbers:?}\n");
                    }
                }
            }
        }
    }
    if scores.is_empty() {
        return;
    }
    println!("cross-set impostors: {}", scores.len());
    for limit in [50, 100, 150, 200, 250, 300, 350, 400, 450, 500] {
        let above = scores.iter().filter(|s| **s >= limit).count();
        println!(
            "  score >= {limit}: {above} ({:.4} %)",
            100.0 * above as f64 / scores.len() as f64
        );
    }
}

fn add(set: &mut Set, finger: u32, image: &GreyImage) -> Result<(), Box<dyn std::error::Error>> {
    let started = processor_time();
    let Extraction { template, quality } = extract(image)?;
    set.extract_ms += (processor_time() - started).as_secs_f64() * 1e3;
    set.qualities.push(quality.score.value);
    set.prints.push(Print {
        finger,
        impression: set.prints.len() as u32,
        template: Some(template),
    });
    Ok(())
}

fn folder_set(folder: &str, ppi: Ppi) -> Result<Set, Box<dyn std::error::Error>> {
    let name = folder
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(folder)
        .to_owned();
    let mut set = Set {
        name,
        prints: Vec::new(),
        qualities: Vec::new(),
        extract_ms: 0.0,
    };
    let stated = std::fs::read_to_string(format!("{folder}/ppi.txt"));
    let ppi = match stated {
        Ok(text) => Ppi(text.trim().parse()?),
        Err(_) => ppi,
    };
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
    for ((finger, _), path) in &files {
        add(
            &mut set,
            *finger,
            &GreyImage::decode(&std::fs::read(path)?, Some(ppi))?,
        )?;
    }
    set.extract_ms /= files.len().max(1) as f64;
    Ok(set)
}

/// Everyday impressions, or `hard` ones: dry, wet, partial, turned.
fn synthetic_set(count: u64, hard: bool) -> Result<Set, Box<dyn std::error::Error>> {
    let mut set = Set {
        name: if hard { HARD } else { EVERYDAY }.to_owned(),
        prints: Vec::new(),
        qualities: Vec::new(),
        extract_ms: 0.0,
    };
    for finger in 0..count {
        let master = MasterFinger::make(1_000 + finger);
        for i in 0..4 {
            let mut settings = ImpressionSettings::natural(finger * 16 + i);
            if hard {
                settings.dryness = [0.95, 0.6, -0.8, 0.85][i as usize];
                settings.rotation_deg *= 2.0;
                settings.partial = [0.0, 0.25, 0.4, 0.3][i as usize];
            }
            let image = impression(&master, &settings);
            add(&mut set, finger as u32, &image)?;
        }
    }
    set.extract_ms /= set.prints.len().max(1) as f64;
    Ok(set)
}
