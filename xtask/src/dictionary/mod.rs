//! Dictionary: trains the packet's zstd dictionary on synthetic people, and says what it saves.
//!
//! In: a seed, the packs of the repository. Out: the bytes of `shared/packet/dictionaries/N.zdict`, or a table.
//! Never: reads a packet of a real person; overwrites a dictionary that packets were sealed with unless told its path.

mod measure;
mod names;
mod people;
mod seeded;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use qayd_model::PackSet;

use measure::{text_of, train};
use names::Names;
use people::People;

/// Largest dictionary a station carries.
const DICTIONARY_BYTES_MAX: usize = 16 * 1024;

#[derive(Args)]
pub struct Options {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Train a dictionary and write it; the same seed gives the same bytes
    Train {
        /// Where to write it
        #[arg(long)]
        out: PathBuf,
        /// Seed of the people
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many people of each pack
        #[arg(long, default_value_t = 120)]
        people: usize,
        /// Bytes of the dictionary
        #[arg(long, default_value_t = DICTIONARY_BYTES_MAX)]
        bytes: usize,
    },
    /// Median bytes of the demographics part without and with the dictionary
    Measure {
        /// Seed of the people, another than they were trained with
        #[arg(long, default_value_t = 2)]
        seed: u64,
        /// How many people of each pack
        #[arg(long, default_value_t = 200)]
        people: usize,
    },
}

pub fn run(options: &Options) -> Result<()> {
    let packs = packs()?;
    match &options.verb {
        Verb::Train {
            out,
            seed,
            people,
            bytes,
        } => {
            if *bytes > DICTIONARY_BYTES_MAX {
                bail!("a dictionary has at most {DICTIONARY_BYTES_MAX} bytes");
            }
            let texts = texts(&packs, Names::all(), *seed, *people)?;
            let dictionary = train(&texts, *bytes)?;
            #[allow(
                clippy::disallowed_methods,
                reason = "source text, not somebody's record"
            )]
            std::fs::write(out, &dictionary).with_context(|| out.display().to_string())?;
            println!(
                "{}: {} bytes, SHA-256 {}",
                out.display(),
                dictionary.len(),
                qayd_crypto::sha256(&dictionary).to_hex()
            );
            Ok(())
        }
        Verb::Measure { seed, people } => measure::report(&packs, *seed, *people),
    }
}

/// What would be compressed, for so many people of every pack.
fn texts(packs: &PackSet, names: Names, seed: u64, each: usize) -> Result<Vec<Vec<u8>>> {
    let mut people = People::new(packs, names, seed);
    let mut out = Vec::with_capacity(each * packs.packs.len());
    for _ in 0..each {
        for pack in packs.packs.values() {
            out.push(text_of(&people.next(pack))?);
        }
    }
    Ok(out)
}

fn packs() -> Result<PackSet> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs");
    let mut files = Vec::new();
    for (prefix, folder) in [("", folder.clone()), ("codes/", folder.join("codes"))] {
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                files.push((format!("{prefix}{name}"), std::fs::read_to_string(&path)?));
            }
        }
    }
    PackSet::load(
        files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str())),
    )
    .map_err(|problems| {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", lines.join("\n"))
    })
}
