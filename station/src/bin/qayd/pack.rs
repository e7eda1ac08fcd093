//! `qayd pack`: procedure packs.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use qayd_model::pack::PackSet;
use qayd_station::World;
use serde::Serialize;

use crate::args::Common;
use crate::failure::Failure;
use crate::sign_in::sign_in;
use crate::talk::Talk;

/// What is done with packs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// The packs this station offers.
    List,
    /// Check a pack file, or a folder of packs with its code tables.
    Check {
        /// `<pack>.toml`, or the folder that holds packs and `codes/`.
        file: PathBuf,
    },
}

const FILE_BYTES_MAX: u64 = 1024 * 1024;
const STATION_KINDS: &str = "station-kinds.toml";

#[derive(Serialize)]
struct PackView {
    id: String,
    version: u32,
    title: String,
    fields: usize,
}

/// Runs the verb.
pub fn run(verb: Verb, common: &Common, talk: &Talk) -> Result<(), Failure> {
    match verb {
        Verb::List => list(common, talk),
        Verb::Check { file } => check(&file, talk),
    }
}

fn show(views: &[PackView], talk: &Talk) -> Result<(), Failure> {
    talk.data(&views, |out| {
        views.iter().try_for_each(|p| {
            writeln!(
                out,
                "{:<32} version {:<4} {:>3} fields  {}",
                p.id, p.version, p.fields, p.title
            )
        })
    })
}

fn view(pack: &qayd_model::pack::Pack) -> PackView {
    PackView {
        id: pack.id.clone(),
        version: pack.version,
        title: pack
            .titles
            .in_language(qayd_model::pack::Language::English)
            .to_owned(),
        fields: pack.fields().count(),
    }
}

fn list(common: &Common, talk: &Talk) -> Result<(), Failure> {
    let signed = sign_in(common)?;
    let station = &signed.station;
    let mut views = Vec::new();
    for pack in station.list_packs()? {
        let known = station
            .store()
            .read(|c| station.packs().newest(c, &pack.id))?;
        views.extend(known.map(|known| view(&known.pack)));
    }
    show(&views, talk)
}

/// The tables beside a pack are read with it; of a folder everything is.
fn check(path: &Path, talk: &Talk) -> Result<(), Failure> {
    let world = World::os();
    let (folder, only) = if path.is_dir() {
        (path.to_path_buf(), None)
    } else {
        let name = path.file_name().and_then(|n| n.to_str()).map(str::to_owned);
        (path.parent().unwrap_or(Path::new(".")).to_path_buf(), name)
    };
    let folder = if folder.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        folder
    };
    let mut files = Vec::new();
    for dir in [folder.clone(), folder.join("codes")] {
        let Ok(paths) = world.files.list(&dir) else {
            continue;
        };
        for file in paths
            .into_iter()
            .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        {
            let name = file
                .strip_prefix(&folder)
                .unwrap_or(&file)
                .to_string_lossy()
                .replace('\\', "/");
            let is_table = name.starts_with("codes/");
            if only.as_ref().is_none_or(|only| *only == name || is_table) {
                files.push((name, read(&world, &file)?));
            }
        }
    }
    if let Some(only) = only
        .as_ref()
        .filter(|only| !files.iter().any(|(name, _)| name == *only))
    {
        // Not beside others, or not named `.toml`: read it as it was named.
        files.push((only.clone(), read(&world, path)?));
    }
    if only.is_some() {
        files.retain(|(name, _)| name != STATION_KINDS || only.as_deref() == Some(STATION_KINDS));
    }
    if files.is_empty() {
        return Err(Failure::usage(format!("{} holds no pack", path.display())));
    }
    let texts = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()));
    match PackSet::load(texts) {
        Ok(set) => show(&set.packs.values().map(view).collect::<Vec<_>>(), talk),
        Err(problems) => {
            let lines = problems.iter().map(ToString::to_string);
            Err(Failure::input_state("PAC-00").with_all(lines))
        }
    }
}

fn read(world: &World, path: &Path) -> Result<String, Failure> {
    let bytes = world
        .files
        .read(path, FILE_BYTES_MAX)
        .map_err(|e| Failure::input(e.code(), &e).with(format!("{}: {e}", path.display())))?;
    String::from_utf8(bytes)
        .map_err(|_| Failure::usage(format!("{} is not UTF-8 text", path.display())))
}
