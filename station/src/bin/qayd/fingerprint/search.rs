//! `search`: a probe in a gallery of files.
//!
//! A gallery is a folder. In it a folder is a person, with a file for each finger named `right_thumb` to
//! `left_little`; a file is a person of one finger that is compared whatever finger it is.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use qayd_fingerprint::{Gallery, Template};
use qayd_model::{FingerPosition, Ppi};
use serde::Serialize;

use super::files::{self, Resolution, finger_name};
use crate::failure::Failure;
use crate::talk::Talk;

/// Who of a gallery the probe may be.
#[derive(Debug, Args)]
pub struct Search {
    /// A folder: in it a folder per person with a file per finger (`right_index.png`), or a file per finger.
    #[arg(long, value_name = "DIR")]
    gallery: PathBuf,
    /// A file, or a person's folder.
    #[arg(long, value_name = "PATH")]
    probe: PathBuf,
    /// At most so many candidates.
    #[arg(long, default_value_t = 10, value_name = "N")]
    limit: usize,
    #[command(flatten)]
    resolution: Resolution,
}

#[derive(Serialize)]
struct SearchView {
    persons: usize,
    failures_to_enrol: usize,
    candidates: Vec<CandidateView>,
}

#[derive(Serialize)]
struct CandidateView {
    person: String,
    score: u16,
    false_match_rate: f64,
    fingers: BTreeMap<&'static str, u16>,
}

type Fingers = Vec<(FingerPosition, Template)>;

/// Where a finger of no name stands: the gallery compares like with like.
const ANY_FINGER: FingerPosition = FingerPosition::RightIndex;

/// Runs the search.
pub fn run(what: &Search, talk: &Talk) -> Result<(), Failure> {
    let ppi = what.resolution.get();
    let probe = if what.probe.is_dir() {
        person(&what.probe, ppi)?
    } else {
        vec![(ANY_FINGER, files::template(&what.probe, ppi)?)]
    };
    if probe.is_empty() {
        return Err(Failure::usage(format!(
            "{} holds no file named for a finger, such as right_index.png",
            what.probe.display()
        )));
    }
    let mut gallery = Gallery::new();
    let mut names = Vec::new();
    let mut failures = 0;
    for path in entries(&what.gallery)? {
        let enrolled = if path.is_dir() {
            person(&path, ppi)
        } else {
            files::template(&path, ppi).map(|template| vec![(ANY_FINGER, template)])
        };
        match enrolled {
            Ok(fingers) if !fingers.is_empty() => {
                gallery.insert(names.len() as u64, fingers);
                names.push(name_of(&path));
            }
            Ok(_) | Err(_) => {
                talk.line(&format!("{} cannot be enrolled", path.display()));
                failures += 1;
            }
        }
    }
    if names.is_empty() {
        return Err(Failure::usage(format!(
            "{} holds nobody",
            what.gallery.display()
        )));
    }
    let candidates: Vec<CandidateView> = qayd_fingerprint::search(&gallery, &probe, what.limit)
        .into_iter()
        .map(|c| CandidateView {
            person: names
                .get(usize::try_from(c.key).unwrap_or(usize::MAX))
                .cloned()
                .unwrap_or_default(),
            score: c.score.value(),
            false_match_rate: c.score.fmr(),
            fingers: c
                .fingers
                .iter()
                .map(|(position, score)| (position.name(), score.value()))
                .collect(),
        })
        .collect();
    let view = SearchView {
        persons: names.len(),
        failures_to_enrol: failures,
        candidates,
    };
    talk.data(&view, |out| {
        view.candidates
            .iter()
            .try_for_each(|c| writeln!(out, "{:>5}  {}", c.score, c.person))
    })
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// What is in a folder, in order of names.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unusable = || Failure::usage(format!("{} is not a folder", folder.display()));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|_| unusable())? {
        paths.push(entry.map_err(|_| unusable())?.path());
    }
    paths.retain(|p| p.file_name().is_some_and(|n| n != "ppi.txt"));
    paths.sort();
    Ok(paths)
}

/// The fingers of a person's folder; files of other names are left alone.
fn person(folder: &Path, ppi: Option<Ppi>) -> Result<Fingers, Failure> {
    let mut fingers = Vec::new();
    for path in entries(folder)? {
        let stem = path
            .file_stem()
            .and_then(|s| s.to_str())
            .unwrap_or_default();
        if let Some(position) = finger_name(stem) {
            fingers.push((position, files::template(&path, ppi)?));
        }
    }
    Ok(fingers)
}
