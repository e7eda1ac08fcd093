//! Extraction: from a picture of one finger to its template and quality.
//!
//! In: `GreyImage` of one finger, any resolution from 250 to 1,200 ppi. Out: `Extraction`.
//! Never: fails because a finger is poor; a poor finger gives a poor score and reasons.
//!
//!   grey → 500 ppi → flow → filter → flow again → filter → thin → minutiae → template
//!                      └──────────────────────────────────────────────────→ quality

use qayd_model::Remedy;

use crate::minutiae::{Found, find};
use crate::orientation::RidgeField;
use crate::plane::Plane;
use crate::portable::{atan2, sin_cos};
use crate::quality::{Quality, assess};
use crate::ridge_filter::{BLOCK, filter, filter_coarsely};
use crate::skeleton::Skeleton;
use crate::template::{FLOW_CELL_PX, FlowGrid, Minutia, PX_PER_UNIT, Template};
use crate::trace::{Stage, flow_picture, minutiae_picture, plane_picture, waves_picture};
use crate::waves::measure;
use crate::{GreyImage, ImageError};

/// Longest side of one finger's picture at 500 ppi: 52 mm, more than any finger.
pub const FINGER_SIDE_PX_MAX: u32 = 1_024;
/// Shortest side: below it there is no room for ridges.
pub const FINGER_SIDE_PX_MIN: u32 = 32;

/// Share of a wave's power (period 9) that is left after it was halved in size and doubled again: `quality` judges
/// clarity without this loss.
const COARSE_POWER: f32 = 0.61;

/// What was found in a picture of one finger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extraction {
    /// Minutiae and flow; empty when there is no finger.
    pub template: Template,
    /// How good the picture is, and what an operator can do about it.
    pub quality: Quality,
}

/// Why a picture cannot be worked on at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// Its own fields contradict each other, or it is empty.
    #[error("not a usable picture")]
    Image(#[from] ImageError),
    /// Larger than one finger can be; a slap goes through [`crate::segment_slap`] first.
    #[error("{width} × {height} pixels at 500 ppi is more than one finger")]
    TooLarge {
        /// At 500 ppi.
        width: u32,
        /// At 500 ppi.
        height: u32,
    },
    /// Smaller than 32 pixels a side at 500 ppi.
    #[error("{width} × {height} pixels at 500 ppi is too small for a finger")]
    TooSmall {
        /// At 500 ppi.
        width: u32,
        /// At 500 ppi.
        height: u32,
    },
}

impl ExtractError {
    /// Stable code for logs and messages.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Image(_) => "EXT-01",
            Self::TooLarge { .. } => "EXT-02",
            Self::TooSmall { .. } => "EXT-03",
        }
    }

    /// Who can do something about it.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Image(inner) => inner.remedy(),
            _ => Remedy::OperatorActs,
        }
    }
}

/// Finds the minutiae of one finger and judges the picture. About 10 ms for 300 × 400 pixels.
///
/// # Errors
/// [`ExtractError`] when the picture is no picture of one finger. An empty platen is no error: score 0, reason
/// [`crate::QualityReason::NoFinger`], a template without minutiae.
pub fn extract(image: &GreyImage) -> Result<Extraction, ExtractError> {
    extract_with(image, None)
}

/// [`extract`], showing the picture of every stage on the way; what it returns is the same.
///
/// # Errors
/// As [`extract`].
pub fn extract_traced(
    image: &GreyImage,
    see: &mut dyn FnMut(Stage, &GreyImage),
) -> Result<Extraction, ExtractError> {
    extract_with(image, Some(see))
}

type See<'a> = &'a mut dyn FnMut(Stage, &GreyImage);

fn extract_with(image: &GreyImage, mut see: Option<See<'_>>) -> Result<Extraction, ExtractError> {
    let image = image.to_500_ppi()?;
    let (width, height) = (image.width, image.height);
    if width > FINGER_SIDE_PX_MAX || height > FINGER_SIDE_PX_MAX {
        return Err(ExtractError::TooLarge { width, height });
    }
    if width < FINGER_SIDE_PX_MIN || height < FINGER_SIDE_PX_MIN {
        return Err(ExtractError::TooSmall { width, height });
    }
    let grey = Plane::from_bytes(width as usize, height as usize, &image.pixels);
    let mut field = RidgeField::derive(&grey);
    // Ridges are dark: turn them positive.
    let mut ridges = field.normal.clone();
    ridges.values.iter_mut().for_each(|v| *v = -*v);
    let once = filter_coarsely(&ridges, &field.blocks);
    field.refine(&once);
    for (r, o) in ridges.values.iter_mut().zip(&once.values) {
        *r = 0.4 * *r + 0.6 * *o;
    }
    let twice = filter(&ridges, &field.blocks);
    let clarity = clarity(&field, &once);
    let skeleton = Skeleton::thin(&twice);
    if let Some(see) = &mut see {
        see(Stage::Resampled, &image);
        see(Stage::Normalised, &plane_picture(&field.normal, 2.0));
        see(Stage::Flow, &flow_picture(&field));
        let mut dark = twice.clone();
        dark.values.iter_mut().for_each(|v| *v = -*v);
        see(Stage::Enhanced, &plane_picture(&dark, 1.0));
        see(Stage::Skeleton, &skeleton.picture());
    }
    let found = find(skeleton, &field, &clarity);
    let judged: Vec<f32> = clarity
        .iter()
        .map(|c| (c / COARSE_POWER).min(1.0))
        .collect();
    let quality = assess(&grey, &field, &judged, &found);
    let mut flow = flow_grid(&field);
    measure(&twice, &field.blocks, &mut flow);
    if let Some(see) = &mut see {
        see(Stage::Minutiae, &minutiae_picture(&image, &found));
        see(Stage::Waves, &waves_picture(width, height, &flow));
    }
    Ok(Extraction {
        template: template_of(&image, flow, &found),
        quality,
    })
}

/// Per block: the share of the picture's variation around it that the ridge filter explains, 0 to 1.
fn clarity(field: &RidgeField, filtered: &Plane) -> Vec<f32> {
    let (columns, rows) = (field.blocks.columns, field.blocks.rows);
    let explained = around(&block_energy(filtered, columns, rows), columns);
    let all = around(&block_energy(&field.normal, columns, rows), columns);
    field
        .blocks
        .cells
        .iter()
        .zip(explained.iter().zip(&all))
        .map(|(block, (explained, all))| {
            if block.ridges {
                (explained / (all + ENERGY_FLOOR)).clamp(0.0, 1.0)
            } else {
                0.0
            }
        })
        .collect()
}

/// How many blocks on each side of one count for its clarity: 20 pixels in all, two ridges.
const AROUND: usize = 2;
/// So much variation of one block and those around it is none.
const ENERGY_FLOOR: f32 = 0.05 * 400.0;

/// Sum of squares of every block.
fn block_energy(plane: &Plane, columns: usize, rows: usize) -> Vec<f32> {
    let mut sums = vec![0f32; columns * rows];
    for (y, line) in plane.values.chunks_exact(plane.width).enumerate() {
        let sums = &mut sums[y / BLOCK * columns..][..columns];
        for (sum, values) in sums.iter_mut().zip(line.chunks(BLOCK)) {
            *sum += values.iter().map(|v| v * v).sum::<f32>();
        }
    }
    sums
}

/// Sum over each block and those [`AROUND`] it; outside, the nearest block again.
fn around(grid: &[f32], columns: usize) -> Vec<f32> {
    let rows = grid.len() / columns;
    let near = |i: usize, count: usize| {
        (i..=i + 2 * AROUND).map(move |j| j.saturating_sub(AROUND).min(count - 1))
    };
    let mut across = vec![0f32; grid.len()];
    for (out, line) in across
        .chunks_exact_mut(columns)
        .zip(grid.chunks_exact(columns))
    {
        for (i, out) in out.iter_mut().enumerate() {
            *out = near(i, columns).map(|j| line[j]).sum();
        }
    }
    let mut out = vec![0f32; grid.len()];
    for (row, out) in out.chunks_exact_mut(columns).enumerate() {
        for j in near(row, rows) {
            for (out, value) in out.iter_mut().zip(&across[j * columns..]) {
                *out += value;
            }
        }
    }
    out
}

fn template_of(image: &GreyImage, flow: FlowGrid, found: &[Found]) -> Template {
    let units = |px: f32| (px / PX_PER_UNIT + 0.5) as u16;
    let minutiae = found
        .iter()
        .map(|f| {
            let turn = (-f.angle / core::f32::consts::TAU).rem_euclid(1.0);
            Minutia {
                x: units(f.x),
                y: units(f.y),
                direction: ((turn * 256.0 + 0.5) as u32 % 256) as u8,
                kind: f.kind,
                reliability: (f.reliability * 100.0).clamp(0.0, 100.0) as u8,
            }
        })
        .collect();
    Template::make(
        units(image.width as f32),
        units(image.height as f32),
        flow,
        minutiae,
    )
}

/// Flow averaged over cells of 16 pixels; a cell counts when half of it holds ridges.
fn flow_grid(field: &RidgeField) -> FlowGrid {
    let side = FLOW_CELL_PX as usize / BLOCK;
    let columns = field.blocks.columns.div_ceil(side);
    let rows = field.blocks.rows.div_ceil(side);
    let mut cells = Vec::with_capacity(columns * rows);
    for row in 0..rows {
        for column in 0..columns {
            let (mut c, mut s, mut count) = (0.0f32, 0.0f32, 0);
            for y in row * side..((row + 1) * side).min(field.blocks.rows) {
                for x in column * side..((column + 1) * side).min(field.blocks.columns) {
                    let block = field.blocks.cells[y * field.blocks.columns + x];
                    if block.ridges {
                        let (sin, cos) = sin_cos(2.0 * block.orientation);
                        (c, s, count) = (c + cos, s + sin, count + 1);
                    }
                }
            }
            let turn =
                (0.5 * atan2(s, c)).rem_euclid(core::f32::consts::PI) / core::f32::consts::PI;
            cells.push(if count * 2 < side * side {
                0
            } else {
                1 + ((turn * 255.0) as u8).min(254)
            });
        }
    }
    FlowGrid {
        columns: columns as u8,
        rows: rows as u8,
        periods: vec![0; cells.len()],
        phases: vec![0; cells.len()],
        cells,
    }
}
