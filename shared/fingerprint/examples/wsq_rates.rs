//! What WSQ keeps of a print.
//!
//! `cargo run --release -p qayd-fingerprint --example wsq_rates -- [--against FILE.wsq] [PICTURE...]`
//!
//! For each picture, and for synthetic prints of falling noise: ratio and signal to noise at 0.75 bits a pixel, which the
//! specification calls 15:1; signal to noise at exactly 15:1; at 8 bits, where all that is lost are the four finest bands, which
//! the format never codes; and the ratio at which 35 dB are reached, 0 where they never are. With `--against`
//! the first picture is also coded to the length of somebody else's WSQ file of it, and both are compared with it.
#![allow(clippy::print_stdout, reason = "a command-line tool for developers")]

use std::error::Error;

use qayd_fingerprint::GreyImage;
use qayd_fingerprint::synthetic::{ImpressionSettings, MasterFinger, impression};
use qayd_fingerprint::wsq::{self, WsqRate};
use qayd_model::Ppi;

/// Synthetic prints of each noise.
const PRINTS: u64 = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let mut pictures = Vec::new();
    let mut against = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--against" {
            against = Some(std::fs::read(arguments.next().ok_or("which file?")?)?);
            continue;
        }
        let picture = GreyImage::decode(&std::fs::read(&argument)?, Some(Ppi(500)))?;
        pictures.push((argument, picture));
    }
    println!("picture | ratio at 0.75 | dB | dB at 15:1 | dB at 8 bits | ratio at 35 dB");
    if let (Some(theirs), Some((name, picture))) = (against, pictures.first()) {
        let decoded = wsq::decode(&theirs, Some(Ppi(500)))?;
        let ours = at_length(picture, theirs.len())?;
        println!(
            "{name}: their file of {} bytes {:.2} dB; ours of {} bytes {:.2} dB",
            theirs.len(),
            psnr_db(picture, &decoded),
            ours.0,
            ours.1
        );
    }
    for (name, picture) in &pictures {
        println!("{}", line(name, &[picture])?);
    }
    for noise in [0.0, 0.05, 0.1, 0.2, 0.35] {
        let prints: Vec<GreyImage> = (0..PRINTS)
            .map(|seed| {
                let settings = ImpressionSettings {
                    noise,
                    seed,
                    ..ImpressionSettings::default()
                };
                impression(&MasterFinger::make(70 + seed), &settings)
            })
            .collect();
        let prints: Vec<&GreyImage> = prints.iter().collect();
        println!("{}", line(&format!("synthetic, noise {noise}"), &prints)?);
    }
    Ok(())
}

/// Means over some pictures.
fn line(name: &str, pictures: &[&GreyImage]) -> Result<String, Box<dyn Error>> {
    let mut sums = [0.0; 5];
    for picture in pictures {
        let (length, db) = coded(picture, 0.75)?;
        let at_15 = at_length(picture, picture.pixels.len() / 15)?.1;
        let finest = coded(picture, 8.0)?.1;
        let at_35_db = if finest < 35.0 {
            0.0
        } else {
            ratio(picture, at_noise(picture, 35.0)?)
        };
        let found = [ratio(picture, length), db, at_15, finest, at_35_db];
        for (sum, value) in sums.iter_mut().zip(found) {
            *sum += value / pictures.len() as f64;
        }
    }
    let [ratio, db, at_15, finest, at_35_db] = sums;
    Ok(format!(
        "{name} | {ratio:.1} | {db:.1} | {at_15:.1} | {finest:.1} | {at_35_db:.1}"
    ))
}

fn ratio(picture: &GreyImage, length: usize) -> f64 {
    picture.pixels.len() as f64 / length as f64
}

/// Length and signal to noise.
fn coded(picture: &GreyImage, bits: f32) -> Result<(usize, f64), Box<dyn Error>> {
    let rate = WsqRate::bits_per_pixel(bits).ok_or("a rate out of range")?;
    let bytes = wsq::encode(picture, rate)?;
    let back = wsq::decode(&bytes, Some(picture.ppi))?;
    Ok((bytes.len(), psnr_db(picture, &back)))
}

/// The finest that is no longer than this.
fn at_length(picture: &GreyImage, most: usize) -> Result<(usize, f64), Box<dyn Error>> {
    bisected(picture, |(length, _)| length <= most)
}

/// Length of the coarsest that has this signal to noise.
fn at_noise(picture: &GreyImage, db: f64) -> Result<usize, Box<dyn Error>> {
    Ok(bisected(picture, |(_, found)| found < db)?.0)
}

/// The finest rate that is still coarse enough.
fn bisected(
    picture: &GreyImage,
    coarse: impl Fn((usize, f64)) -> bool,
) -> Result<(usize, f64), Box<dyn Error>> {
    let (mut low, mut high) = (0.1f32, 8.0f32);
    for _ in 0..10 {
        let middle = (low * high).sqrt();
        if coarse(coded(picture, middle)?) {
            low = middle;
        } else {
            high = middle;
        }
    }
    coded(picture, low)
}

fn psnr_db(a: &GreyImage, b: &GreyImage) -> f64 {
    let pairs = a.pixels.iter().zip(&b.pixels);
    let sum: f64 = pairs.map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 * a.pixels.len() as f64 / sum).log10()
}
