//! `generate`: pictures of synthetic people's fingers.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use qayd_fingerprint::synthetic::SyntheticPerson;
use qayd_model::FingerPosition;
use qayd_station::World;
use serde::Serialize;

use super::files::{self, about};
use crate::failure::Failure;
use crate::talk::Talk;

/// Pictures of synthetic fingers. Finger 10 × (person − 1) + code is the file's first number: code 1 is a right thumb,
/// 10 a left little finger. The same seed gives the same pictures.
#[derive(Debug, Args)]
pub struct Generate {
    /// How many people, of ten fingers each.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    people: u32,
    /// How many impressions of each finger.
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    impressions: u32,
    /// Whose fingers: other seeds are other people.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Folder for `<finger>_<impression>.png` and `ppi.txt`.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

#[derive(Serialize)]
struct GenerateView {
    people: u32,
    fingers: u32,
    pictures: u32,
    ppi: u16,
}

/// Seeds of neighbouring people and occasions stay apart.
fn seed_of(seed: u64, n: u32) -> u64 {
    seed.wrapping_mul(1_000_003).wrapping_add(u64::from(n))
}

/// Runs the generator.
pub fn run(what: &Generate, talk: &Talk) -> Result<(), Failure> {
    files::make_folder(&what.output)?;
    let world = World::os();
    let progress = talk.progress_line();
    let mut pictures = 0;
    let total = what.people * 10 * what.impressions;
    for person in 0..what.people {
        let body = SyntheticPerson::make(seed_of(what.seed, person));
        for position in FingerPosition::ALL {
            let finger = 10 * person + u32::from(position.code());
            for impression in 1..=what.impressions {
                let image = body.impression(position, seed_of(what.seed, impression));
                let path = what.output.join(format!("{finger}_{impression}.png"));
                let png = image.encode_png().map_err(|e| about!(path, e))?;
                files::write_plainly(&path, &png)?;
                pictures += 1;
                progress.say(
                    world.clock.monotonic_ms(),
                    &format!("{pictures} of {total} pictures"),
                );
            }
        }
    }
    talk.end_progress();
    files::write_plainly(&what.output.join("ppi.txt"), b"500\n")?;
    let view = GenerateView {
        people: what.people,
        fingers: 10 * what.people,
        pictures,
        ppi: 500,
    };
    talk.data(&view, |out| {
        writeln!(
            out,
            "{} pictures of {} fingers of {} people at {} ppi",
            view.pictures, view.fingers, view.people, view.ppi
        )
    })
}
