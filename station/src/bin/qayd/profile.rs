//! `qayd profile`: facts about hardware, as data.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Subcommand;
use qayd_devices::ProfileSet;
use qayd_station::World;
use serde::Serialize;

use crate::failure::Failure;
use crate::talk::Talk;

/// What is done with profiles.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Check a folder of profiles, kits and laptops.
    Validate {
        /// The folder.
        #[arg(default_value = "hardware-profiles")]
        folder: PathBuf,
    },
}

#[derive(Serialize)]
struct SetView {
    devices: usize,
    kits: usize,
    laptops: usize,
}

/// Runs the verb.
pub fn run(verb: Verb, talk: &Talk) -> Result<(), Failure> {
    let Verb::Validate { folder } = verb;
    if !folder.is_dir() {
        return Err(Failure::usage(format!(
            "{} is not a folder",
            folder.display()
        )));
    }
    let world = World::os();
    let set = ProfileSet::read(&*world.files, &folder).map_err(|error| {
        let lines: Vec<String> = error.problems.iter().map(ToString::to_string).collect();
        Failure::input_state(error.code()).with_all(lines)
    })?;
    let view = SetView {
        devices: set.devices().len(),
        kits: set.kits().len(),
        laptops: set.laptops().len(),
    };
    talk.data(&view, |out| {
        writeln!(
            out,
            "{} devices, {} kits, {} laptops: all valid",
            view.devices, view.kits, view.laptops
        )
    })
}
