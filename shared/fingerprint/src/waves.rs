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
        let (mut re, mut im) = (0.0f32, 0.0f32);
        let (step_sin, step_cos) = sin_cos(kx);
        for (wy, dy) in weights.iter().zip(-REACH..=REACH) {
            let y = cy as isize + dy;
            if y < 0 || y >= enhanced.height as isize {
                continue;
            }
            let line = &enhanced.values[y as usize * enhanced.width..][..enhanced.width];
            // The phase along a line grows by a constant step: turn a pointer instead of asking for sines.
            let start = kx * (-REACH as f32 + (cx as isize) as f32 - cx) + ky * (y as f32 - cy);
            let (mut sin, mut cos) = sin_cos(start);
            for (wx, dx) in weights.iter().zip(-REACH..=REACH) {
                let x = cx as isize + dx;
                if x >= 0 && x < line.len() as isize {
                    let value = wx * wy * line[x as usize];
                    re += value * cos;
                    im -= value * sin;
                }
                (sin, cos) = (
                    sin * step_cos + cos * step_sin,
                    cos * step_cos - sin * step_sin,
                );
            }
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
