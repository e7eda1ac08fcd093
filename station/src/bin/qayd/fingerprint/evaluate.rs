//! `evaluate`: error rates, speed and sizes over folders of prints.
//!
//! The arithmetic is the library's ([`qayd_fingerprint::evaluation`]); here are folders, clocks and words.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use clap::Args;
use qayd_fingerprint::evaluation::{Print, Protocol, Scores, compare, det_plot};
use qayd_fingerprint::search::{Descriptor, Surroundings};
use qayd_fingerprint::{Template, extract, match_score};
use qayd_model::Ppi;
use qayd_station::World;
use serde::Serialize;

use super::files;
use super::stopwatch::timed;
use crate::failure::Failure;
use crate::talk::Talk;

/// Error rates over folders of `<finger>_<impression>.<ext>`. `ppi.txt` in a folder says its pixels an inch, 500
/// without it.
///
/// Every two impressions of one finger are a genuine pair. In the sets first shown every two impressions of different
/// fingers are an impostor pair; under `fvc` only the first impressions of every two fingers, as in FVC2000 and after.
/// A picture that cannot be enrolled scores 0 in every pair. Times are processor time, so that rates are one core's.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// The folders, each a set.
    #[arg(required = true, value_name = "DIR")]
    sets: Vec<PathBuf>,
    /// Also draws the DET curves, as SVG.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

/// Rates are fractions of 1. The same members of a set, of the mean over sets, and of all sets with one threshold.
#[derive(Serialize, Clone)]
struct SetView {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(serialize_with = "count")]
    genuine: f64,
    #[serde(serialize_with = "count")]
    impostor: f64,
    #[serde(serialize_with = "count")]
    failures_to_enrol: f64,
    eer: f64,
    fmr100: f64,
    fmr1000: f64,
    fmr10000: f64,
    zero_fmr: f64,
    extract_ms_mean: f64,
    extract_ms_p99: f64,
    exact_per_second: f64,
    search_per_second: f64,
    template_bytes: f64,
}

/// A whole number without a fraction; the mean over sets may have one.
fn count<S: serde::Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.fract() == 0.0 {
        serializer.serialize_u64(*value as u64)
    } else {
        serializer.serialize_f64(*value)
    }
}

#[derive(Serialize)]
struct TableView {
    sets: Vec<SetView>,
    mean: SetView,
    pooled: SetView,
}

#[derive(Serialize)]
struct EvaluationView {
    #[serde(flatten)]
    full: TableView,
    fvc: TableView,
}

/// One folder, enrolled and compared.
struct Set {
    name: String,
    full: Scores,
    fvc: Scores,
    effort: Effort,
}

/// What it cost.
#[derive(Clone, Default)]
struct Effort {
    failures: usize,
    extract_s: Vec<f64>,
    exact: Count,
    search: Count,
    template_bytes: Vec<usize>,
}

/// Comparisons and the seconds they took.
#[derive(Clone, Copy, Default)]
struct Count {
    comparisons: usize,
    seconds: f64,
}

impl Count {
    fn per_second(self) -> f64 {
        if self.seconds > 0.0 {
            self.comparisons as f64 / self.seconds
        } else {
            0.0
        }
    }

    fn add(&mut self, other: Self) {
        self.comparisons += other.comparisons;
        self.seconds += other.seconds;
    }
}

impl Effort {
    fn add(&mut self, other: &Self) {
        self.failures += other.failures;
        self.extract_s.extend(&other.extract_s);
        self.exact.add(other.exact);
        self.search.add(other.search);
        self.template_bytes.extend(&other.template_bytes);
    }
}

/// Runs the evaluation.
pub fn run(what: &Evaluate, talk: &Talk) -> Result<(), Failure> {
    let mut sets = Vec::new();
    for folder in &what.sets {
        sets.push(set(folder, talk)?);
    }
    talk.end_progress();
    let view = EvaluationView {
        full: table(&sets, |set| &set.full)?,
        fvc: table(&sets, |set| &set.fvc)?,
    };
    if let Some(path) = &what.plot {
        let mut curves = Vec::new();
        let mut all = Scores::default();
        for set in &sets {
            curves.push((set.name.clone(), det(&set.name, &set.full)?));
            all.pool(&set.full);
        }
        if sets.len() > 1 {
            curves.push(("pooled".to_owned(), det("pooled", &all)?));
        }
        files::write_plainly(path, det_plot("Every impostor pair", &curves).as_bytes())?;
    }
    talk.data(&view, |out| {
        show(out, "Every impostor pair", &view.full)?;
        writeln!(out)?;
        show(out, "FVC protocol", &view.fvc)
    })
}

fn show(out: &mut String, title: &str, table: &TableView) -> std::fmt::Result {
    writeln!(
        out,
        "{title:<22} genuine impostor FTE   EER % FMR100 % FMR1000 % FMR10000 % ZeroFMR % extract ms  p99  exact/s search/s bytes"
    )?;
    let rows = table
        .sets
        .iter()
        .map(|set| (set.name.as_deref().unwrap_or_default(), set))
        .chain([("mean of sets", &table.mean), ("pooled", &table.pooled)]);
    for (name, s) in rows {
        writeln!(
            out,
            "{name:<22} {:>7.0} {:>8.0} {:>3.0} {:>7.2} {:>8.2} {:>9.2} {:>10.2} {:>9.2} {:>10.1} {:>4.0} {:>8.0} {:>8.0} {:>5.0}",
            s.genuine,
            s.impostor,
            s.failures_to_enrol,
            s.eer * 100.0,
            s.fmr100 * 100.0,
            s.fmr1000 * 100.0,
            s.fmr10000 * 100.0,
            s.zero_fmr * 100.0,
            s.extract_ms_mean,
            s.extract_ms_p99,
            s.exact_per_second,
            s.search_per_second,
            s.template_bytes
        )?;
    }
    Ok(())
}

fn det(
    name: &str,
    scores: &Scores,
) -> Result<Vec<qayd_fingerprint::evaluation::DetPoint>, Failure> {
    scores
        .det()
        .map_err(|error| Failure::input(error.code(), &error).with(format!("{name}: {error}")))
}

fn table(sets: &[Set], scores: impl Fn(&Set) -> &Scores) -> Result<TableView, Failure> {
    let mut views = Vec::new();
    let (mut all, mut effort) = (Scores::default(), Effort::default());
    for set in sets {
        views.push(row(Some(set.name.clone()), scores(set), &set.effort)?);
        all.pool(scores(set));
        effort.add(&set.effort);
    }
    let mean = mean(&views);
    let pooled = row(None, &all, &effort)?;
    Ok(TableView {
        sets: views,
        mean,
        pooled,
    })
}

fn row(name: Option<String>, scores: &Scores, effort: &Effort) -> Result<SetView, Failure> {
    let rates = scores.rates().map_err(|error| {
        let named = name.as_deref().unwrap_or("pooled");
        Failure::input(error.code(), &error).with(format!("{named}: {error}"))
    })?;
    let mut extract_s = effort.extract_s.clone();
    extract_s.sort_unstable_by(f64::total_cmp);
    let count = extract_s.len().max(1) as f64;
    let bytes: usize = effort.template_bytes.iter().sum();
    Ok(SetView {
        name,
        genuine: scores.genuine.len() as f64,
        impostor: scores.impostor.len() as f64,
        failures_to_enrol: effort.failures as f64,
        eer: rates.eer,
        fmr100: rates.fmr100,
        fmr1000: rates.fmr1000,
        fmr10000: rates.fmr10000,
        zero_fmr: rates.zero_fmr,
        extract_ms_mean: extract_s.iter().sum::<f64>() * 1e3 / count,
        extract_ms_p99: nearest_rank(&extract_s, 0.99) * 1e3,
        exact_per_second: effort.exact.per_second(),
        search_per_second: effort.search.per_second(),
        template_bytes: bytes as f64 / effort.template_bytes.len().max(1) as f64,
    })
}

/// The smallest value that at least this share does not exceed.
fn nearest_rank(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

fn mean(views: &[SetView]) -> SetView {
    let of = |value: &dyn Fn(&SetView) -> f64| {
        views.iter().map(value).sum::<f64>() / views.len().max(1) as f64
    };
    SetView {
        name: None,
        genuine: of(&|v| v.genuine),
        impostor: of(&|v| v.impostor),
        failures_to_enrol: of(&|v| v.failures_to_enrol),
        eer: of(&|v| v.eer),
        fmr100: of(&|v| v.fmr100),
        fmr1000: of(&|v| v.fmr1000),
        fmr10000: of(&|v| v.fmr10000),
        zero_fmr: of(&|v| v.zero_fmr),
        extract_ms_mean: of(&|v| v.extract_ms_mean),
        extract_ms_p99: of(&|v| v.extract_ms_p99),
        exact_per_second: of(&|v| v.exact_per_second),
        search_per_second: of(&|v| v.search_per_second),
        template_bytes: of(&|v| v.template_bytes),
    }
}

/// Files of a set in order of finger and impression.
fn prints_of(folder: &Path) -> Result<BTreeMap<(u32, u32), PathBuf>, Failure> {
    let unusable = || Failure::usage(format!("{} is not a folder", folder.display()));
    let mut found: BTreeMap<(u32, u32), PathBuf> = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(|_| unusable())? {
        let path = entry.map_err(|_| unusable())?.path();
        let stem = path
            .file_stem()
            .and_then(|s| s.to_str())
            .unwrap_or_default();
        let Some((finger, impression)) = stem.split_once('_') else {
            continue;
        };
        if let (Ok(finger), Ok(impression)) = (finger.parse(), impression.parse())
            && let Some(other) = found.insert((finger, impression), path.clone())
        {
            return Err(Failure::usage(format!(
                "{} and {} are the same impression",
                other.display(),
                path.display()
            )));
        }
    }
    if found.is_empty() {
        return Err(Failure::usage(format!(
            "{} holds no <finger>_<impression>.<ext>",
            folder.display()
        )));
    }
    Ok(found)
}

fn resolution_of(folder: &Path) -> Result<Ppi, Failure> {
    let path = folder.join("ppi.txt");
    if !path.is_file() {
        return Ok(Ppi(500));
    }
    let text = String::from_utf8_lossy(&files::read(&path)?).into_owned();
    text.trim()
        .parse()
        .ok()
        .filter(|ppi| (250..=1_200).contains(ppi))
        .map(Ppi)
        .ok_or_else(|| {
            Failure::usage(format!(
                "{} does not hold a number from 250 to 1200",
                path.display()
            ))
        })
}

fn set(folder: &Path, talk: &Talk) -> Result<Set, Failure> {
    let canonical = folder
        .canonicalize()
        .unwrap_or_else(|_| folder.to_path_buf());
    let name = canonical
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let ppi = resolution_of(folder)?;
    let world = World::os();
    let progress = talk.progress_line();
    let mut effort = Effort::default();
    let mut prints = Vec::new();
    let paths = prints_of(folder)?;
    let total = paths.len();
    for ((finger, impression), path) in paths {
        let template = enrolled(&path, ppi, &mut effort, talk);
        prints.push(Print {
            finger,
            impression,
            template,
        });
        progress.say(
            world.clock.monotonic_ms(),
            &format!("{name}: {} of {total} enrolled", prints.len()),
        );
    }
    let (full, seconds) = timed(|| compare(&prints, Protocol::FullImpostor, exact));
    effort.exact = Count {
        comparisons: full.genuine.len() + full.impostor.len(),
        seconds,
    };
    // The first impressions' pairs are among those already scored; scoring 45 again is cheaper than looking them up.
    let fvc = compare(&prints, Protocol::Fvc, exact);
    let templates: Vec<Template> = prints.into_iter().filter_map(|p| p.template).collect();
    effort.search = searched(&templates);
    Ok(Set {
        name,
        full,
        fvc,
        effort,
    })
}

/// A template with minutiae, or a failure to enrol, which is said and counted.
fn enrolled(path: &Path, ppi: Ppi, effort: &mut Effort, talk: &Talk) -> Option<Template> {
    let failed = |effort: &mut Effort, why: &str| {
        effort.failures += 1;
        talk.line(&format!("{}: not enrolled: {why}", path.display()));
        None
    };
    let Ok(image) = files::picture(path, Some(ppi)) else {
        return failed(effort, "not a picture that can be read");
    };
    let (found, seconds) = timed(|| extract(&image));
    effort.extract_s.push(seconds);
    match found {
        Ok(found) if !found.template.minutiae().is_empty() => {
            effort.template_bytes.push(found.template.to_bytes().len());
            Some(found.template)
        }
        Ok(_) => failed(effort, "no minutiae"),
        Err(error) => failed(effort, &error.to_string()),
    }
}

/// The exact matcher.
fn exact(a: &Template, b: &Template) -> u16 {
    match_score(a, b).value()
}

/// Fingers that are enough to see the speed of a comparison.
const PROBES_MAX: usize = 100;

/// The search matcher's speed, descriptors made beforehand as a gallery holds them. A search spares itself most of these
/// comparisons by its first glance.
fn searched(templates: &[Template]) -> Count {
    let fingers: Vec<_> = templates.iter().map(Surroundings::derive).collect();
    let mut count = Count::default();
    for probe in fingers.iter().take(PROBES_MAX) {
        let likest = || {
            fingers
                .iter()
                .map(|finger| probe.likelihood(finger).log_ratio())
                .fold(f32::MIN, f32::max)
        };
        let (likest, seconds) = timed(likest);
        black_box(likest);
        count.add(Count {
            comparisons: fingers.len(),
            seconds,
        });
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_99th_percentile_is_the_nearest_rank() {
        let values: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!(nearest_rank(&values, 0.99), 198.0);
        assert_eq!(nearest_rank(&values[..3], 0.99), 3.0);
        assert_eq!(nearest_rank(&[], 0.99), 0.0);
    }
}
