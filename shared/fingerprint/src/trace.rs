//! Trace: the picture that each stage of extraction makes, for those who want to see what the engine saw.
//!
//! In: planes between pixels and minutiae. Out: a `GreyImage` per `Stage`, in the order of the pipeline.
//! Never: made unless asked for; extraction is the same with and without.

use qayd_model::Ppi;

use crate::GreyImage;
use crate::minutiae::Found;
use crate::orientation::RidgeField;
use crate::plane::Plane;
use crate::portable::{length, sin_cos};
use crate::ridge_filter::BLOCK;
use crate::template::{FLOW_CELL_PX, FlowGrid, MinutiaKind};
use crate::waves::wave_at;

/// A stage of extraction whose picture can be seen. The order is the pipeline's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The picture at 500 ppi.
    Resampled,
    /// Local mean and contrast made even.
    Normalised,
    /// Ridge flow as short strokes; nothing where there are no ridges.
    Flow,
    /// Ridges after the oriented filters.
    Enhanced,
    /// Ridges as lines.
    Skeleton,
    /// Minutiae on the picture: endings round, forks square, darker is more reliable.
    Minutiae,
    /// What the template's flow and wave cells alone give back of the ridges.
    Waves,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 7] = [
        Self::Resampled,
        Self::Normalised,
        Self::Flow,
        Self::Enhanced,
        Self::Skeleton,
        Self::Minutiae,
        Self::Waves,
    ];

    /// The name used in file names, such as `normalised`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resampled => "resampled",
            Self::Normalised => "normalised",
            Self::Flow => "flow",
            Self::Enhanced => "enhanced",
            Self::Skeleton => "skeleton",
            Self::Minutiae => "minutiae",
            Self::Waves => "waves",
        }
    }
}

/// Zero is middle grey, `full` white, −`full` black.
pub(crate) fn plane_picture(plane: &Plane, full: f32) -> GreyImage {
    let pixels = plane
        .values
        .iter()
        .map(|v| (127.5 + 127.5 * v / full).clamp(0.0, 255.0) as u8);
    GreyImage {
        width: plane.width as u32,
        height: plane.height as u32,
        ppi: Ppi(500),
        pixels: pixels.collect(),
    }
}

fn dot(image: &mut GreyImage, x: f32, y: f32, value: u8) {
    let (x, y) = ((x + 0.5) as i64, (y + 0.5) as i64);
    if x >= 0 && y >= 0 && x < i64::from(image.width) && y < i64::from(image.height) {
        image.pixels[y as usize * image.width as usize + x as usize] = value;
    }
}

pub(crate) fn flow_picture(field: &RidgeField) -> GreyImage {
    let mut image = GreyImage::blank(field.normal.width as u32, field.normal.height as u32, 255);
    let blocks = &field.blocks;
    for row in (0..blocks.rows).step_by(2) {
        for column in (0..blocks.columns).step_by(2) {
            let block = blocks.cells[row * blocks.columns + column];
            if !block.ridges {
                continue;
            }
            let (sin, cos) = sin_cos(block.orientation);
            let (x, y) = ((column * BLOCK + 2) as f32, (row * BLOCK + 2) as f32);
            for step in -6i8..=6 {
                let t = f32::from(step) * 0.5;
                dot(&mut image, x + t * cos, y + t * sin, 0);
            }
        }
    }
    image
}

pub(crate) fn minutiae_picture(image: &GreyImage, found: &[Found]) -> GreyImage {
    let mut out = image.clone();
    out.pixels.iter_mut().for_each(|p| *p = 128 + *p / 2);
    for f in found {
        let value = (110.0 - 110.0 * f.reliability) as u8;
        let (sin, cos) = sin_cos(f.angle);
        for step in 0..=13 {
            dot(
                &mut out,
                f.x + step as f32 * cos,
                f.y + step as f32 * sin,
                value,
            );
        }
        for dy in -3i8..=3 {
            for dx in -3i8..=3 {
                let (dx, dy) = (f32::from(dx), f32::from(dy));
                let edge = match f.kind {
                    MinutiaKind::Ending => (length(dx, dy) - 3.0).abs() < 0.6,
                    MinutiaKind::Bifurcation => dx.abs().max(dy.abs()) > 2.5,
                };
                if edge {
                    dot(&mut out, f.x + dx, f.y + dy, value);
                }
            }
        }
    }
    out
}

pub(crate) fn waves_picture(width: u32, height: u32, flow: &FlowGrid) -> GreyImage {
    let mut out = GreyImage::blank(width, height, 255);
    for y in 0..height {
        for x in 0..width {
            let (px, py) = (x as f32, y as f32);
            let cell = (py / FLOW_CELL_PX) as usize * usize::from(flow.columns)
                + (px / FLOW_CELL_PX) as usize;
            if let Some(value) = wave_at(flow, cell, px, py) {
                out.pixels[y as usize * width as usize + x as usize] =
                    (127.5 - 127.0 * value) as u8;
            }
        }
    }
    out
}
