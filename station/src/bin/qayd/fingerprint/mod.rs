//! `qayd fingerprint`: what the fingerprint engine does, on files. No station, no operator, no store.
//!
//! In: pictures, records, templates. Out: the same, scores, error rates. Owns: nothing.
//! Never: prints a minutia; a template goes into a file or nowhere.

mod convert;
mod evaluate;
mod extract;
mod files;
mod generate;
mod search;
mod segment;
mod stopwatch;

use std::path::PathBuf;

use clap::Subcommand;

use crate::failure::Failure;
use crate::talk::Talk;

/// What is done with fingerprints.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// The template of one finger's picture.
    Extract {
        /// PNG, TIFF, BMP, PGM, JPEG, WSQ, JPEG 2000, or a finger image record.
        image: PathBuf,
        /// Where the template goes.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        #[command(flatten)]
        resolution: files::Resolution,
    },
    /// How alike two fingers are. Either may be a picture, a minutiae record or a template.
    Match {
        /// One.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        #[command(flatten)]
        resolution: files::Resolution,
    },
    /// How good a picture of one finger is, and what to do better.
    Quality {
        /// The picture.
        image: PathBuf,
        #[command(flatten)]
        resolution: files::Resolution,
    },
    /// From one file format to another.
    Convert(convert::Convert),
    /// The fingertips of a slap, each a picture of its own.
    Segment(segment::Segment),
    /// Pictures of synthetic fingers, named as `evaluate` reads them.
    Generate(generate::Generate),
    /// Error rates over folders of `<finger>_<impression>.<ext>`.
    Evaluate(evaluate::Evaluate),
    /// Who of a gallery the probe may be.
    Search(search::Search),
}

/// Runs the verb.
pub fn run(verb: Verb, talk: &Talk) -> Result<(), Failure> {
    match verb {
        Verb::Extract {
            image,
            output,
            resolution,
        } => extract::extract(&image, &output, resolution, talk),
        Verb::Match {
            first,
            second,
            resolution,
        } => extract::compare(&first, &second, resolution, talk),
        Verb::Quality { image, resolution } => extract::quality(&image, resolution, talk),
        Verb::Convert(what) => convert::run(&what, talk),
        Verb::Segment(what) => segment::run(&what, talk),
        Verb::Generate(what) => generate::run(&what, talk),
        Verb::Evaluate(what) => evaluate::run(&what, talk),
        Verb::Search(what) => search::run(&what, talk),
    }
}
