//! What a preview's frame costs: JPEG and YUYV into pixels, at the sizes cameras have.
//!
//! `cargo run --release -p qayd-devices --example preview_cost`: one thread, invented pictures, no camera. Prints the
//! milliseconds a frame takes, how many a second one core decodes, and the share of a core that a live picture needs.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement that is read by whoever started it"
)]

use std::time::Instant;

use image::codecs::jpeg::JpegEncoder;
use qayd_devices::Geometry;
use qayd_devices::camera::{Coding, StreamFormat, decode};

/// What a live picture has at least.
const LIVE_FPS: f64 = 25.0;
const FRAMES: u32 = 300;
/// A preview is thinned to this, as `CameraDevice` does.
const PREVIEW_WIDTH_PX: u32 = 1_280;

fn main() {
    for (width_px, height_px) in [(640, 480), (1_280, 720), (1_920, 1_080)] {
        for coding in [Coding::Yuyv, Coding::Mjpeg] {
            measure(
                coding,
                Geometry {
                    width_px,
                    height_px,
                },
            );
        }
    }
}

fn measure(coding: Coding, geometry: Geometry) {
    let bytes = match coding {
        Coding::Mjpeg => jpeg(geometry),
        _ => yuyv(geometry),
    };
    let format = StreamFormat {
        coding,
        geometry,
        fps: 30,
        stride_bytes: 0,
        frame_bytes_max: 0,
    };
    let step = geometry.width_px.div_ceil(PREVIEW_WIDTH_PX);
    let mut pixels = 0;
    let began = Instant::now();
    for _ in 0..FRAMES {
        let (_, _, decoded) = decode(&format, &bytes, step).unwrap();
        pixels += decoded.len();
    }
    let frame_s = began.elapsed().as_secs_f64() / f64::from(FRAMES);
    assert!(pixels > 0);
    println!(
        "{} {}×{} ({} kB): {:.2} ms a frame, {:.0} frames/s, {:.0} % of a core at {LIVE_FPS} frames/s",
        coding.name(),
        geometry.width_px,
        geometry.height_px,
        bytes.len() / 1_000,
        frame_s * 1e3,
        1.0 / frame_s,
        frame_s * LIVE_FPS * 1e2,
    );
}

/// A value that changes gently over the picture, with a little noise: neither flat nor incompressible.
fn value(x: u32, y: u32) -> u8 {
    let noise = x.wrapping_mul(0x9e37_79b9) ^ y.wrapping_mul(0x85eb_ca6b);
    ((x / 3 + y / 2) as u8 / 2).wrapping_add((noise >> 28) as u8)
}

fn yuyv(geometry: Geometry) -> Vec<u8> {
    let mut bytes = Vec::new();
    for y in 0..geometry.height_px {
        for x in 0..geometry.width_px {
            bytes.push(value(x, y));
            bytes.push(if x % 2 == 0 { 110 } else { 150 });
        }
    }
    bytes
}

fn jpeg(geometry: Geometry) -> Vec<u8> {
    let (width, height) = (geometry.width_px, geometry.height_px);
    let pixels: Vec<u8> = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .flat_map(|(x, y)| [value(x, y), value(y, x), value(x, x)])
        .collect();
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 85)
        .encode(&pixels, width, height, image::ExtendedColorType::Rgb8)
        .unwrap();
    bytes
}
