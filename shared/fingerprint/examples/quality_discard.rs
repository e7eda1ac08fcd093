//! Does a quality score predict matching? Misses among genuine pairs after the worst pictures are set aside.
//!
//! `cargo run --release -p qayd-fingerprint --example quality_discard -- [--ppi N] DIR...` over folders of
//! `<finger>_<impression>.<ext>`. All folders are pooled: the worst share of all pictures goes, by each score in turn, and
//! the false non-match rate is taken at the score that one in 1,000 impostor pairs of the remaining pictures reaches.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a command-line tool for developers"
)]

use std::time::Instant;

use qayd_fingerprint::evaluation::Scores;
use qayd_fingerprint::{GreyImage, QualityReason, Template, extract, match_score, unified_quality};
use qayd_model::Ppi;

struct Print {
    set: usize,
    finger: u32,
    template: Template,
    reasons: Vec<QualityReason>,
    /// Highest is best: `qayd-plain`, `qayd-unified`, both together, and the number of minutiae as a warning.
    scores: [f64; 4],
}

const NAMES: [&str; 4] = [
    "qayd-plain",
    "qayd-unified",
    "mean of both",
    "minutiae count",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut prints = Vec::new();
    let mut ppi = Ppi(500);
    let mut names = Vec::new();
    let mut milliseconds = 0.0;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--ppi" {
            ppi = Ppi(arguments.next().ok_or("how many?")?.parse()?);
            continue;
        }
        for entry in std::fs::read_dir(&argument)? {
            let path = entry?.path();
            let stem = path.file_stem().and_then(|s| s.to_str());
            let finger = stem.and_then(|s| s.split_once('_')?.0.parse().ok());
            let Some(finger) = finger else { continue };
            let image = GreyImage::decode(&std::fs::read(&path)?, Some(ppi))?;
            let found = extract(&image)?;
            let started = Instant::now();
            let unified = f64::from(unified_quality(&image)?.value);
            milliseconds += started.elapsed().as_secs_f64() * 1e3;
            let plain = f64::from(found.quality.score.value);
            prints.push(Print {
                set: names.len(),
                finger,
                scores: [
                    plain,
                    unified,
                    (plain + unified) / 2.0,
                    found.template.minutiae().len() as f64,
                ],
                reasons: found.quality.reasons,
                template: found.template,
            });
        }
        names.push(argument);
    }
    println!(
        "{} pictures; native features and unified score {:.1} ms each",
        prints.len(),
        milliseconds / prints.len().max(1) as f64
    );
    for (set, name) in names.iter().enumerate() {
        let of_set = || prints.iter().filter(move |p| p.set == set);
        let mean =
            |i: usize| of_set().map(|p| p.scores[i]).sum::<f64>() / of_set().count().max(1) as f64;
        let mut reasons = std::collections::BTreeMap::<&str, u32>::new();
        of_set().for_each(|p| {
            p.reasons
                .iter()
                .for_each(|r| *reasons.entry(r.name()).or_default() += 1)
        });
        println!(
            "{}: plain {:.1}, unified {:.1}, {reasons:?}",
            name.trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or(name),
            mean(0),
            mean(1)
        );
    }
    // Genuine and impostor pairs with their score, once.
    let mut pairs = Vec::new();
    for (i, a) in prints.iter().enumerate() {
        for (j, b) in prints
            .iter()
            .enumerate()
            .skip(i + 1)
            .filter(|(_, b)| a.set == b.set)
        {
            let score = match_score(&a.template, &b.template).value();
            pairs.push((i, j, a.finger == b.finger, score));
        }
    }
    println!("score | worst set aside: 0 % | 10 % | 20 % | 30 %  (FNMR % at FMR 0.1 %)");
    for (which, name) in NAMES.iter().enumerate() {
        let mut order: Vec<usize> = (0..prints.len()).collect();
        order.sort_by(|a, b| prints[*a].scores[which].total_cmp(&prints[*b].scores[which]));
        let mut line = (*name).to_owned();
        for share in [0, 10, 20, 30] {
            let mut keep = vec![true; prints.len()];
            for &worst in &order[..prints.len() * share / 100] {
                keep[worst] = false;
            }
            let keep = &keep;
            let kept = || {
                let is_kept = move |(i, j, ..): &&(usize, usize, bool, u16)| keep[*i] && keep[*j];
                pairs.iter().filter(is_kept)
            };
            let of = |genuine: bool| kept().filter(|p| p.2 == genuine).map(|p| p.3).collect();
            let scores = Scores {
                genuine: of(true),
                impostor: of(false),
            };
            let missed = scores.rates()?.fmr1000;
            line += &format!(" | {:.2}", 100.0 * missed);
        }
        println!("{line}");
    }
    Ok(())
}
