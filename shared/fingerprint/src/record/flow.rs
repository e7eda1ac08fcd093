//! Ridge flow for templates that come from records, which hold none.
//!
//! In: minutiae. Out: a flow grid laid through their directions. Near a minutia the ridge runs as the minutia points;
//! between them the doubled angles are averaged by distance. Never: says anything where no minutia is near.

use crate::template::{FLOW_CELL_PX, FlowGrid, Minutia, PX_PER_UNIT, Template};

/// A minutia's word counts this far, pixels at 500 ppi (one standard deviation).
const REACH_PX: f32 = 26.0;
/// A template has no more cells a side.
const CELLS_MAX: u8 = 64;
/// Less agreement or nearness than this, and the cell is left empty.
const WEIGHT_MIN: f32 = 0.08;

impl Template {
    /// A template without a picture: 1/100 mm and 1/256 of a turn as everywhere, minutiae in any order.
    pub(super) fn from_minutiae(width: u16, height: u16, minutiae: Vec<Minutia>) -> Self {
        let flow = flow_through(width, height, &minutiae);
        Self::make(width, height, flow, minutiae)
    }
}

fn flow_through(width: u16, height: u16, minutiae: &[Minutia]) -> FlowGrid {
    let cells = |units: u16| {
        let px = f32::from(units) * PX_PER_UNIT;
        ((px / FLOW_CELL_PX).ceil() as u8).min(CELLS_MAX)
    };
    let (columns, rows) = (cells(width), cells(height));
    let points: Vec<(f32, f32, f32, f32)> = minutiae
        .iter()
        .map(|m| {
            // Doubled, and clockwise, as image axes have it.
            let turn = -2.0 * f32::from(m.direction) / 256.0 * core::f32::consts::TAU;
            let (sin, cos) = turn.sin_cos();
            (
                f32::from(m.x) * PX_PER_UNIT,
                f32::from(m.y) * PX_PER_UNIT,
                cos,
                sin,
            )
        })
        .collect();
    let cell = |i: usize| {
        let columns = usize::from(columns);
        let x = ((i % columns) as f32 + 0.5) * FLOW_CELL_PX;
        let y = ((i / columns) as f32 + 0.5) * FLOW_CELL_PX;
        let (mut c, mut s) = (0.0f32, 0.0f32);
        for (px, py, cos, sin) in &points {
            let far = ((x - px).powi(2) + (y - py).powi(2)) / (2.0 * REACH_PX * REACH_PX);
            if far < 8.0 {
                let weight = (-far).exp();
                (c, s) = (c + weight * cos, s + weight * sin);
            }
        }
        if c.hypot(s) < WEIGHT_MIN {
            return 0;
        }
        let turn = (0.5 * s.atan2(c)).rem_euclid(core::f32::consts::PI) / core::f32::consts::PI;
        1 + ((turn * 255.0) as u8).min(254)
    };
    let cells: Vec<u8> = (0..usize::from(columns) * usize::from(rows))
        .map(cell)
        .collect();
    // Nobody saw the ridges: their waves are unknown.
    FlowGrid {
        columns,
        rows,
        periods: vec![0; cells.len()],
        phases: vec![0; cells.len()],
        cells,
    }
}
