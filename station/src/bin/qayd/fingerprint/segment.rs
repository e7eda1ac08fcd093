//! `segment`: a slap into fingertips.

use std::fmt::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use qayd_fingerprint::{Bounds, HandCheck, hand_check, segment_slap_without};
use qayd_model::{FingerPosition, Slap};
use serde::Serialize;

use super::files::{self, Resolution, about, parse_finger};
use crate::failure::Failure;
use crate::talk::Talk;

/// The fingertips of a slap, each a picture of its own.
#[derive(Debug, Args)]
pub struct Segment {
    /// The slap's picture.
    slap: PathBuf,
    /// Folder for the fingertips: `<finger>.png`, or `unnamed_<n>.png` from left to right when their number is not the
    /// expected one.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Which slap was asked for.
    #[arg(long, value_enum, default_value = "right-four")]
    of: Which,
    /// Fingers the hand lacks.
    #[arg(long, value_parser = parse_finger, value_name = "NAME")]
    missing: Vec<FingerPosition>,
    #[command(flatten)]
    resolution: Resolution,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    RightFour,
    LeftFour,
    Thumbs,
}

#[derive(Serialize)]
struct SlapView {
    expected: usize,
    hand: &'static str,
    fingers: Vec<FingerView>,
}

#[derive(Serialize)]
struct FingerView {
    file: String,
    finger: Option<&'static str>,
    x: u32,
    y: u32,
    width: u32,
    height: u32,
    lean_deg: i16,
    area_mm2: u32,
}

/// Runs the segmentation.
pub fn run(what: &Segment, talk: &Talk) -> Result<(), Failure> {
    let image = files::picture(&what.slap, what.resolution.get())?;
    let slap = match what.of {
        Which::RightFour => Slap::RightFour,
        Which::LeftFour => Slap::LeftFour,
        Which::Thumbs => Slap::Thumbs,
    };
    let found =
        segment_slap_without(&image, slap, &what.missing).map_err(|e| about!(what.slap, e))?;
    files::make_folder(&what.output)?;
    let mut fingers = Vec::new();
    for (n, tip) in found.iter().enumerate() {
        let file = match tip.position {
            Some(position) => format!("{}.png", position.name()),
            None => format!("unnamed_{}.png", n + 1),
        };
        let png = tip.image.encode_png().map_err(|e| about!(what.slap, e))?;
        files::write(&what.output.join(&file), &png)?;
        let Bounds {
            x,
            y,
            width,
            height,
        } = tip.bounds;
        fingers.push(FingerView {
            file,
            finger: tip.position.map(FingerPosition::name),
            x,
            y,
            width,
            height,
            lean_deg: tip.lean_deg,
            area_mm2: tip.area_mm2,
        });
    }
    let expected = slap
        .fingers()
        .iter()
        .filter(|f| !what.missing.contains(f))
        .count();
    let hand = match hand_check(&found) {
        HandCheck::Left => "left",
        HandCheck::Right => "right",
        HandCheck::Unsure => "unsure",
    };
    let view = SlapView {
        expected,
        hand,
        fingers,
    };
    if view.fingers.len() != expected {
        talk.line(&format!(
            "{} fingertips for {expected}: none is named.",
            view.fingers.len()
        ));
    }
    let contradicts = matches!(
        (what.of, hand),
        (Which::RightFour, "left") | (Which::LeftFour, "right")
    );
    if contradicts {
        talk.line(&format!("This looks like a {hand} hand."));
    }
    talk.data(&view, |out| {
        view.fingers.iter().try_for_each(|f| {
            writeln!(
                out,
                "{:<20} {:>4} × {:<4} at {}, {}",
                f.file, f.width, f.height, f.x, f.y
            )
        })
    })
}
