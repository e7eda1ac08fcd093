//! Waves: the ridges inside one flow cell as a plane wave, three bytes a cell.
//!
//! In: enhanced ridges and the flow grid. Out: period and phase of every cell with ridges. Owns: their coding.
//! Never: adds a minutia; a minutia is where neighbouring waves cannot be joined, and the waves know it too.
//!
//! A patch of a fingerprint is close to cos(k · (p − c) + φ), where k stands across the ridges and c is the middle of
//! the cell (the local part of the amplitude and frequency model of K. Larkin, P. Fletcher, Optics Express 15, 2007).
//! Two impressions of one finger, laid on each other, keep their phases in step from cell to cell, because the number
//! of ridges between two places of a finger does not change; impressions of two fingers lose step.

use crate::plane::Plane;
use crate::portable::{atan2, exp, sin_cos};
use crate::ridge_filter::Blocks;
use crate::template::{FLOW_CELL_PX, FlowGrid};

/// Units of period in a pixel at 500 ppi: 1 to 255 is 0.08 to 21.25 pixels.
const PERIOD_UNITS: f32 = 12.0;
/// The shortest period that is kept, 3.3 pixels.
pub(crate) const PERIOD_CODE_MIN: u8 = 40;
/// How far the window reaches in which a phase is taken, and its standard deviation, pixels.
const REACH: isize = 12;
const WINDOW_SD: f32 = 5.5;

/// Pixels of a window's side, and room to the next multiple of eight.
const WINDOW: usize = 32;

/// The part of a window around `middle` that lies inside, as a range.
fn window(middle: usize, count: usize) -> (usize, usize) {
    let reach = REACH as usize;
    (
        middle.saturating_sub(reach).min(count),
        (middle + reach + 1).min(count),
    )
}

/// Sum of products, eight at a time.
fn dot(a: &[f32; WINDOW], b: &[f32; WINDOW]) -> f32 {
    let mut sums = [0f32; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for l in 0..8 {
            sums[l] += a[l] * b[l];
        }
    }
    sums.iter().sum()
}

/// Period of a cell in pixels.
pub(crate) fn period_px(code: u8) -> f32 {
    f32::from(code.max(PERIOD_CODE_MIN)) / PERIOD_UNITS
}

/// Fills in period and phase of the cells of `flow`.
pub(crate) fn measure(enhanced: &Plane, blocks: &Blocks, flow: &mut FlowGrid) {
    let weights: Vec<f32> = (-REACH..=REACH)
        .map(|d| exp(-0.5 * (d as f32 / WINDOW_SD) * (d as f32 / WINDOW_SD)))
        .collect();
    let columns = usize::from(flow.columns);
    for i in 0..flow.cells.len() {
        if flow.cells[i] == 0 {
            continue;
        }
        let (cx, cy) = middle(i, columns);
        let block = blocks.at(
            (cx as usize).min(enhanced.width - 1),
            (cy as usize).min(enhanced.height - 1),
        );
        let period = if block.period > 0.0 {
            block.period
        } else {
            crate::orientation::PERIOD_TYPICAL
        };
        let code = (period * PERIOD_UNITS + 0.5).clamp(f32::from(PERIOD_CODE_MIN), 255.0) as u8;
        let (kx, ky) = wave_vector(flow.cells[i], code);
        // The wave's phase is a sum of one part along the lines and one across them: each line is weighed with the
        // same pointers, and its sum is then turned by its own.
        let (left, right) = window(cx as usize, enhanced.width);
        let (top, bottom) = window(cy as usize, enhanced.height);
        let pointer = |k: f32, at: usize, middle: f32| {
            let off = at as f32 - middle;
            let weight = weights[(off as isize + REACH) as usize];
            let (sin, cos) = sin_cos(k * off);
            (weight * cos, -weight * sin)
        };
        let (mut along_re, mut along_im) = ([0f32; WINDOW], [0f32; WINDOW]);
        for x in left..right {
            (along_re[x - left], along_im[x - left]) = pointer(kx, x, cx);
        }
        let count = right - left;
        let (mut re, mut im) = (0.0f32, 0.0f32);
        for y in top..bottom {
            let line = &enhanced.values[y * enhanced.width + left..][..count];
            let mut values = [0f32; WINDOW];
            values[..count].copy_from_slice(line);
            let (line_re, line_im) = (dot(&values, &along_re), dot(&values, &along_im));
            let (turn_re, turn_im) = pointer(ky, y, cy);
            re += line_re * turn_re - line_im * turn_im;
            im += line_re * turn_im + line_im * turn_re;
        }
        let turn = atan2(im, re) / core::f32::consts::TAU;
        let turn = turn - turn.floor();
        flow.periods[i] = code;
        flow.phases[i] = (turn * 256.0 + 0.5) as u32 as u8;
    }
}

/// Middle of a cell in pixels.
pub(crate) fn middle(cell: usize, columns: usize) -> (f32, f32) {
    (
        ((cell % columns) as f32 + 0.5) * FLOW_CELL_PX,
        ((cell / columns) as f32 + 0.5) * FLOW_CELL_PX,
    )
}

/// Radians per pixel, standing across the ridges of a cell.
pub(crate) fn wave_vector(flow: u8, period: u8) -> (f32, f32) {
    let (sin, cos) = sin_cos(f32::from(flow) * core::f32::consts::PI / 255.0);
    let k = core::f32::consts::TAU / period_px(period);
    (-sin * k, cos * k)
}

/// Ridge height that a cell's wave gives at a pixel, −1 to 1.
pub(crate) fn wave_at(flow: &FlowGrid, cell: usize, x: f32, y: f32) -> Option<f32> {
    let code = *flow.cells.get(cell)?;
    if code == 0 {
        return None;
    }
    let (cx, cy) = middle(cell, flow.columns.into());
    let (kx, ky) = wave_vector(code, flow.periods[cell]);
    let phase = f32::from(flow.phases[cell]) * core::f32::consts::TAU / 256.0;
    Some(sin_cos(kx * (x - cx) + ky * (y - cy) + phase).1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ridge_filter::Block;

    #[test]
    fn a_wave_comes_back_from_three_bytes() {
        let (w, h) = (96, 96);
        let (period, orientation) = (9.0f32, 0.6f32);
        let (sin, cos) = sin_cos(orientation);
        let mut plane = Plane::new(w, h);
        for y in 0..h {
            for x in 0..w {
                let across = y as f32 * cos - x as f32 * sin;
                plane.values[y * w + x] = sin_cos(across * core::f32::consts::TAU / period + 1.0).1;
            }
        }
        let mut blocks = Blocks::new(w, h);
        blocks.cells.fill(Block {
            orientation,
            period,
            ridges: true,
        });
        let code = (orientation / core::f32::consts::PI * 255.0 + 0.5) as u8;
        let mut flow = FlowGrid {
            columns: 6,
            rows: 6,
            cells: vec![code; 36],
            periods: vec![0; 36],
            phases: vec![0; 36],
        };
        measure(&plane, &blocks, &mut flow);
        for (x, y) in [(24usize, 24usize), (40, 44), (56, 38), (70, 71)] {
            let cell = (y / 16) * 6 + x / 16;
            let value = wave_at(&flow, cell, x as f32, y as f32).unwrap();
            assert!((value - plane.values[y * w + x]).abs() < 0.25, "at {x} {y}");
        }
    }
}
