//! Descriptors: how the ridges run around each minutia, seen from the minutia itself.
//!
//! In: minutiae and the flow grid. Out: `Prepared`, the form the matcher works on. Owns: the sampling rings.
//! Never: stored; it is derived again from a template's bytes, so its shape may change with the matcher.
//!
//! Source: orientation-based minutia descriptor, M. Tico, P. Kuosmanen, PAMI 25(8), 2003. No minutia-cylinder code.

use core::f32::consts::{PI, TAU};

use crate::template::{FlowGrid, Minutia, PX_PER_UNIT};

/// Most minutiae that take part in matching: the most reliable ones.
pub(crate) const MATCHED_MAX: usize = 56;
/// Rings around a minutia: radius in pixels at 500 ppi, samples on it.
const RINGS: [(f32, usize); 4] = [(22.0, 6), (42.0, 10), (62.0, 14), (82.0, 18)];
/// Samples of all rings.
pub(crate) const SAMPLES: usize = 48;

/// One minutia, ready to be compared. Pixels at 500 ppi, image axes (y down, clockwise).
#[derive(Clone, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) angle: f32,
    pub(crate) reliability: f32,
    /// 0 nothing there; 1 to 255 orientation relative to the minutia, in 1/255 of half a turn.
    pub(crate) around: [u8; SAMPLES],
}

/// A template's minutiae, ready to be compared.
#[derive(Clone, PartialEq, Default)]
pub(crate) struct Prepared {
    pub(crate) points: Vec<Point>,
}

// Positions and angles come from whole numbers: never NaN, so equality is total.
impl Eq for Point {}
impl Eq for Prepared {}

impl Prepared {
    pub(crate) fn derive(minutiae: &[Minutia], flow: &FlowGrid) -> Self {
        let field = DoubledFlow::derive(flow);
        let points = minutiae.iter().take(MATCHED_MAX).map(|m| {
            let (x, y) = (f32::from(m.x) * PX_PER_UNIT, f32::from(m.y) * PX_PER_UNIT);
            let angle = -f32::from(m.direction) * TAU / 256.0;
            Point {
                x,
                y,
                angle,
                reliability: f32::from(m.reliability) / 100.0,
                around: field.around(x, y, angle),
            }
        });
        Self {
            points: points.collect(),
        }
    }
}

/// Flow as (cos 2θ, sin 2θ), which may be averaged.
struct DoubledFlow {
    columns: usize,
    rows: usize,
    cells: Vec<(f32, f32)>,
}

impl DoubledFlow {
    fn derive(flow: &FlowGrid) -> Self {
        let cells = flow.cells.iter().map(|&code| {
            if code == 0 {
                return (0.0, 0.0);
            }
            let (sin, cos) = (f32::from(code) * TAU / 255.0).sin_cos();
            (cos, sin)
        });
        Self {
            columns: flow.columns.into(),
            rows: flow.rows.into(),
            cells: cells.collect(),
        }
    }

    fn cell(&self, column: isize, row: isize) -> (f32, f32) {
        if column < 0 || row < 0 || column as usize >= self.columns || row as usize >= self.rows {
            return (0.0, 0.0);
        }
        self.cells[row as usize * self.columns + column as usize]
    }

    /// Doubled-angle vector between cell middles; short where there are no ridges.
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        let (gx, gy) = (
            x / crate::template::FLOW_CELL_PX - 0.5,
            y / crate::template::FLOW_CELL_PX - 0.5,
        );
        let (column, row) = (gx.floor(), gy.floor());
        let (fx, fy) = (gx - column, gy - row);
        let (column, row) = (column as isize, row as isize);
        let mut sum = (0.0, 0.0);
        for (dx, dy, share) in [
            (0, 0, (1.0 - fx) * (1.0 - fy)),
            (1, 0, fx * (1.0 - fy)),
            (0, 1, (1.0 - fx) * fy),
            (1, 1, fx * fy),
        ] {
            let (c, s) = self.cell(column + dx, row + dy);
            sum = (sum.0 + share * c, sum.1 + share * s);
        }
        sum
    }

    fn around(&self, x: f32, y: f32, angle: f32) -> [u8; SAMPLES] {
        let mut out = [0u8; SAMPLES];
        let mut next = 0;
        for (radius, count) in RINGS {
            for k in 0..count {
                let bearing = angle + TAU * k as f32 / count as f32;
                let (sin, cos) = bearing.sin_cos();
                let (c, s) = self.at(x + radius * cos, y + radius * sin);
                if c.hypot(s) > 0.45 {
                    let relative = (0.5 * s.atan2(c) - angle).rem_euclid(PI) / PI;
                    out[next] = 1 + (relative * 254.99) as u8;
                }
                next += 1;
            }
        }
        out
    }
}

/// How alike two surroundings are: 1 the same flow, 0 unrelated or too little in common.
pub(crate) fn likeness(a: &[u8; SAMPLES], b: &[u8; SAMPLES]) -> f32 {
    let (mut common, mut apart) = (0u32, 0u32);
    for (&p, &q) in a.iter().zip(b) {
        let seen = u8::from(p != 0) & u8::from(q != 0);
        let d = p.abs_diff(q);
        let d = d.min(255 - d);
        common += u32::from(seen);
        apart += u32::from(d * seen);
    }
    if common < 14 {
        return 0.0;
    }
    // 64 of 127 is what unrelated flow shows; smooth flow shows less even between different fingers.
    (1.0 - apart as f32 / common as f32 / 40.0).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_finger_keeps_its_descriptor() {
        let (columns, rows) = (24u8, 24u8);
        let grid = |turn: f32| FlowGrid {
            columns,
            rows,
            cells: (0..usize::from(columns) * usize::from(rows))
                .map(|i| {
                    let x = (i % 24) as f32 - 11.5;
                    let y = (i / 24) as f32 - 11.5;
                    let (sin, cos) = turn.sin_cos();
                    let (u, v) = (x * cos + y * sin, y * cos - x * sin);
                    let theta = (0.02 * u * u + 0.1 * v + turn).rem_euclid(PI) / PI;
                    1 + (theta * 254.0) as u8
                })
                .collect(),
        };
        let middle = 24.0 * 8.0;
        let straight = DoubledFlow::derive(&grid(0.0)).around(middle, middle, 0.3);
        let turned = DoubledFlow::derive(&grid(0.5)).around(middle, middle, 0.8);
        let other = DoubledFlow::derive(&grid(0.0)).around(middle, middle, 1.3);
        assert!(likeness(&straight, &turned) > 0.85);
        assert!(likeness(&straight, &other) < 0.5);
    }

    #[test]
    fn too_little_in_common_counts_as_nothing() {
        let mut few = [0u8; SAMPLES];
        few[..10].fill(5);
        assert_eq!(likeness(&few, &few), 0.0);
        assert_eq!(likeness(&[5; SAMPLES], &[5; SAMPLES]), 1.0);
    }
}
