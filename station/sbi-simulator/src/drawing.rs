//! Pictures of nobody: impressions, faces, eyes, and what a preview shows.
//!
//! In: a seed, who is missing what. Out: PNG, JPEG or raw pixels. Never: a real person's.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, GrayImage, ImageFormat};
use qayd_fingerprint::synthetic::{SlapFault, SlapSettings, SyntheticPerson, portrait, slap};
use qayd_model::{FingerPosition, Slap};

use crate::records::{Eye, Picture};
use crate::state::Encoding;

/// Portraits of 35 × 45 mm at 762 pixels per inch.
const PORTRAIT: (u32, u32) = (1_050, 1_350);
/// Every fourth pixel of a platen of 1,600 × 1,500.
const PREVIEW_STEP: usize = 4;
const PREVIEW_QUALITY: u8 = 75;

/// A picture of grey pixels, encoded as asked.
fn grey(width: u32, height: u32, pixels: Vec<u8>, encoding: Encoding) -> Option<Picture> {
    let (width_px, height_px) = (u16::try_from(width).ok()?, u16::try_from(height).ok()?);
    let is_png = encoding == Encoding::Png;
    let bytes = if is_png {
        let mut png = Cursor::new(Vec::new());
        GrayImage::from_raw(width, height, pixels)?
            .write_to(&mut png, ImageFormat::Png)
            .ok()?;
        png.into_inner()
    } else {
        pixels
    };
    Some(Picture {
        width_px,
        height_px,
        bytes,
        is_png,
    })
}

/// One plain impression. A thumbnail is its middle, 48 pixels square, for tests that send thousands.
pub(crate) fn finger(
    person: &SyntheticPerson,
    position: FingerPosition,
    seed: u64,
    encoding: Encoding,
    thumbnail: bool,
) -> Option<Picture> {
    let image = person.impression(position, seed);
    if !thumbnail {
        return grey(image.width, image.height, image.pixels, encoding);
    }
    let (left, top) = (image.width / 2 - 24, image.height / 2 - 24);
    let pixels = (0..48)
        .flat_map(|y| {
            let from = ((top + y) * image.width + left) as usize;
            image.pixels.get(from..from + 48).unwrap_or_default()
        })
        .copied()
        .collect();
    grey(48, 48, pixels, encoding)
}

/// A drawn face, JPEG.
pub(crate) fn face(seed: u64) -> Option<Picture> {
    let image = portrait(seed, PORTRAIT.0, PORTRAIT.1);
    Some(Picture {
        width_px: u16::try_from(image.width).ok()?,
        height_px: u16::try_from(image.height).ok()?,
        bytes: image.encode_jpeg(90).ok()?,
        is_png: false,
    })
}

/// A drawn eye of 640 × 480: pupil, an iris of 240 pixels across with a seed's furrows, white, lids.
pub(crate) fn eye(seed: u64, which: Eye, encoding: Encoding) -> Option<Picture> {
    let (width, height) = (640_u32, 480_u32);
    let salt = seed
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(which as u64);
    let phase = |n: u32| f64::from(((salt >> (n * 8)) & 0xff) as u8) / 40.0;
    let mut pixels = Vec::with_capacity((width * height) as usize);
    for y in 0..height {
        for x in 0..width {
            let (dx, dy) = (f64::from(x) - 320.0, f64::from(y) - 240.0);
            let (radius, angle) = (dx.hypot(dy), dy.atan2(dx));
            let lid = 150.0 - dx * dx / 900.0;
            let value = if dy.abs() > lid {
                168.0
            } else if radius < 45.0 {
                22.0
            } else if radius < 120.0 {
                let furrows = (angle * 23.0 + phase(0)).sin()
                    + (angle * 41.0 + radius / 9.0 + phase(1)).sin()
                    + (radius / 5.0 + (angle * 7.0 + phase(2)).sin() * 2.0).sin();
                96.0 + furrows * 14.0
            } else {
                206.0
            };
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 0 and 255 by the numbers above"
            )]
            pixels.push(value as u8);
        }
    }
    grey(width, height, pixels, encoding)
}

/// A platen as a preview: a slap thinned, with a bar of its quality; empty when nobody lays a finger down.
pub(crate) fn platen(
    person: &SyntheticPerson,
    which: Slap,
    missing: &[FingerPosition],
    is_present: bool,
    score: u8,
) -> Option<Vec<u8>> {
    let (width, height) = (400_usize, 375_usize);
    let mut pixels = vec![250_u8; width * height];
    if is_present && which.fingers().iter().any(|p| !missing.contains(p)) {
        let mut settings = SlapSettings::good(1);
        for position in missing {
            settings = settings.with(SlapFault::MissingFinger(*position));
        }
        let image = slap(person, which, &settings);
        for (y, row) in pixels.chunks_mut(width).enumerate() {
            for (x, pixel) in row.iter_mut().enumerate() {
                let at = y * PREVIEW_STEP * image.width as usize + x * PREVIEW_STEP;
                *pixel = image.pixels.get(at).copied().unwrap_or(250);
            }
        }
        let reach = width * usize::from(score.min(100)) / 100;
        for row in pixels.chunks_mut(width).skip(height - 8) {
            for (x, pixel) in row.iter_mut().enumerate() {
                *pixel = if x < reach { 60 } else { 220 };
            }
        }
    }
    jpeg(&pixels, 400, 375, ExtendedColorType::L8)
}

/// The face before the camera, small; a wall when nobody is there. `step` moves it a little, so that it is seen to live.
pub(crate) fn face_preview(seed: u64, is_present: bool, step: usize) -> Option<Vec<u8>> {
    let (width, height) = (480_u32, 640_u32);
    let mut pixels = vec![228_u8; (width * height * 3) as usize];
    if is_present {
        let image = portrait(seed, 420, 540);
        for y in 0..image.height {
            let from = (y * image.width * 3) as usize;
            let to = (((y + 60) * width + 24) * 3) as usize + step * 12;
            let n = image.width as usize * 3;
            if let (Some(target), Some(source)) =
                (pixels.get_mut(to..to + n), image.pixels.get(from..from + n))
            {
                target.copy_from_slice(source);
            }
        }
    }
    jpeg(&pixels, width, height, ExtendedColorType::Rgb8)
}

/// An eye, half as large.
pub(crate) fn eye_preview(seed: u64, which: Eye, is_present: bool) -> Option<Vec<u8>> {
    let pixels: Vec<u8> = if is_present {
        let whole = eye(seed, which, Encoding::Raw)?.bytes;
        let rows = whole.chunks(640).step_by(2);
        rows.flat_map(|row| row.iter().copied().step_by(2))
            .collect()
    } else {
        vec![90; 320 * 240]
    };
    jpeg(&pixels, 320, 240, ExtendedColorType::L8)
}

fn jpeg(pixels: &[u8], width: u32, height: u32, colour: ExtendedColorType) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, PREVIEW_QUALITY)
        .encode(pixels, width, height, colour)
        .ok()?;
    Some(bytes)
}
