//! Pictures: bytes of devices and of the draft as pixels of the screen.
//!
//! In: frames, encoded samples. Out: RGB pixels, mirrored where a person looks at themselves. Never: keeps any.

use image::{DynamicImage, ImageReader};
use qayd_devices::{Frame, PixelFormat};
use slint::{Rgb8Pixel, SharedPixelBuffer};
use std::io::Cursor;

/// Longest side of a kept sample on the screen.
const SHOWN_PX_MAX: u32 = 900;
/// And of one among several.
const THUMBNAIL_PX_MAX: u32 = 176;

/// A frame of a preview; `None` where it has no pixels. `mirrored`: as in a mirror.
pub fn of_frame(frame: &Frame, mirrored: bool) -> Option<SharedPixelBuffer<Rgb8Pixel>> {
    let (width, height) = (frame.geometry().width_px, frame.geometry().height_px);
    let pixels = frame.pixels().expose();
    let mut buffer = SharedPixelBuffer::<Rgb8Pixel>::new(width, height);
    let row = width as usize;
    if row == 0 || height == 0 {
        return None;
    }
    let grey = match frame.format() {
        PixelFormat::Grey8 => true,
        PixelFormat::Rgb8 => false,
    };
    let out = buffer.make_mut_slice();
    for (y, line) in out.chunks_exact_mut(row).enumerate() {
        for (x, pixel) in line.iter_mut().enumerate() {
            let from = y * row + if mirrored { row - 1 - x } else { x };
            *pixel = if grey {
                let value = pixels.get(from).copied().unwrap_or_default();
                Rgb8Pixel::new(value, value, value)
            } else {
                let at = from * 3;
                match pixels.get(at..at + 3) {
                    Some([r, g, b]) => Rgb8Pixel::new(*r, *g, *b),
                    _ => Rgb8Pixel::new(0, 0, 0),
                }
            };
        }
    }
    Some(buffer)
}

/// An encoded sample, made small enough for the screen; `None` where it cannot be decoded.
pub(super) fn of_sample(bytes: &[u8]) -> Option<SharedPixelBuffer<Rgb8Pixel>> {
    turned(bytes, 0)
}

/// The same after so many quarter turns to the right.
pub(super) fn turned(bytes: &[u8], quarter_turns: u8) -> Option<SharedPixelBuffer<Rgb8Pixel>> {
    let small = decoded(bytes, SHOWN_PX_MAX)?;
    Some(pixels(match quarter_turns % 4 {
        1 => small.rotate90(),
        2 => small.rotate180(),
        3 => small.rotate270(),
        _ => small,
    }))
}

/// One among several.
pub(super) fn thumbnail(bytes: &[u8]) -> Option<SharedPixelBuffer<Rgb8Pixel>> {
    decoded(bytes, THUMBNAIL_PX_MAX).map(pixels)
}

fn decoded(bytes: &[u8], side_px_max: u32) -> Option<DynamicImage> {
    let decoded = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .ok()?
        .decode()
        .ok()?;
    let is_large = decoded.width().max(decoded.height()) > side_px_max;
    Some(if is_large {
        decoded.thumbnail(side_px_max, side_px_max)
    } else {
        decoded
    })
}

fn pixels(picture: DynamicImage) -> SharedPixelBuffer<Rgb8Pixel> {
    let rgb = picture.into_rgb8();
    SharedPixelBuffer::clone_from_slice(rgb.as_raw(), rgb.width(), rgb.height())
}

/// A code that a telephone reads, eight pixels a module with its quiet zone.
pub fn of_code(text: &str) -> Option<SharedPixelBuffer<Rgb8Pixel>> {
    let code = qrcodegen::QrCode::encode_text(text, qrcodegen::QrCodeEcc::Medium).ok()?;
    let side = code.size() + 8;
    let mut buffer =
        SharedPixelBuffer::<Rgb8Pixel>::new(u32::try_from(side).ok()?, u32::try_from(side).ok()?);
    let row = usize::try_from(side).ok()?;
    for (y, line) in (0..).zip(buffer.make_mut_slice().chunks_exact_mut(row)) {
        for (x, pixel) in (0..).zip(line.iter_mut()) {
            let value = if code.get_module(x - 4, y - 4) {
                0
            } else {
                255
            };
            *pixel = Rgb8Pixel::new(value, value, value);
        }
    }
    Some(buffer)
}
