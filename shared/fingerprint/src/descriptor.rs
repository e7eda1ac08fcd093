//! Descriptors: how the ridges run around each minutia, seen from the minutia itself.
//!
//! In: minutiae and the flow grid. Out: `Prepared`, the form the matcher works on. Owns: the sampling rings.
//! Never: stored; it is derived again from a template's bytes, so its shape may change with the matcher.
//!
//! Source: orientation-based minutia descriptor, M. Tico, P. Kuosmanen, PAMI 25(8), 2003. No minutia-cylinder code.

use core::f32::consts::{PI, TAU};

use crate::portable::{atan2, length, sin_cos};
use crate::template::{FlowGrid, Minutia, MinutiaKind, PX_PER_UNIT};

/// Most minutiae that take part in matching: the most reliable ones.
pub(crate) const MATCHED_MAX: usize = 60;
/// Rings around a minutia: radius in pixels at 500 ppi, samples on it.
const RINGS: [(f32, usize); 4] = [(22.0, 6), (42.0, 10), (62.0, 14), (82.0, 18)];
/// Samples of all rings.
pub(crate) const SAMPLES: usize = 48;

/// Orientation of a sample in this many steps of half a turn.
const STEPS: u8 = 127;
/// Fewer samples in common say nothing.
const COMMON_MIN: u16 = 14;
/// Mean difference from which on surroundings count as unrelated: 28°. Chance alone gives 45°, but flow is smooth and
/// different fingers share much of it.
const UNRELATED_STEPS: f32 = 20.0;

/// One minutia, ready to be compared. Pixels at 500 ppi, image axes (y down, clockwise).
#[derive(Clone, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f32,
    pub(crate) y: f32,
    /// As in [`Minutia`]: 1/256 of a turn, counter-clockwise.
    pub(crate) direction: u8,
    pub(crate) kind: MinutiaKind,
    /// 0 to 1.
    pub(crate) reliability: f32,
    /// 0 nothing there; 1 to 127 orientation relative to the minutia, in 1/127 of half a turn.
    pub(crate) around: [u8; SAMPLES],
}

/// A template's minutiae, ready to be compared.
#[derive(Clone, PartialEq, Default)]
pub(crate) struct Prepared {
    pub(crate) points: Vec<Point>,
    pub(crate) buckets: Buckets,
}

/// Side of a bucket in pixels.
const BUCKET_PX: f32 = 24.0;

/// The points by place, so that those near a place are found without asking all.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Buckets {
    columns: usize,
    rows: usize,
    /// Where each bucket's points begin in `order`; one more than there are buckets.
    starts: Vec<u8>,
    order: Vec<u8>,
}

impl Buckets {
    fn derive(points: &[Point]) -> Self {
        let place = |v: f32| (v / BUCKET_PX) as usize;
        let columns = points.iter().map(|p| place(p.x) + 1).max().unwrap_or(0);
        let rows = points.iter().map(|p| place(p.y) + 1).max().unwrap_or(0);
        let mut order: Vec<u8> = (0..points.len() as u8).collect();
        let bucket = |i: u8| {
            let p = &points[usize::from(i)];
            place(p.y) * columns + place(p.x)
        };
        order.sort_by_key(|i| (bucket(*i), *i));
        let mut starts = vec![0u8; columns * rows + 1];
        for &i in &order {
            starts[bucket(i) + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        Self {
            columns,
            rows,
            starts,
            order,
        }
    }

    /// Calls `each` with every point in the square of half side `reach` around a place, and some more.
    pub(crate) fn near(&self, x: f32, y: f32, reach: f32, mut each: impl FnMut(usize)) {
        let range = |v: f32, count: usize| {
            let low = ((v - reach) / BUCKET_PX).max(0.0) as usize;
            let high = (v + reach) / BUCKET_PX;
            let high = if high < 0.0 { 0 } else { high as usize + 1 };
            (low.min(count), high.min(count))
        };
        let (left, right) = range(x, self.columns);
        let (top, bottom) = range(y, self.rows);
        for row in top..bottom {
            if left >= right {
                return;
            }
            let from = self.starts[row * self.columns + left];
            let to = self.starts[row * self.columns + right];
            for &i in &self.order[usize::from(from)..usize::from(to)] {
                each(usize::from(i));
            }
        }
    }
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
                direction: m.direction,
                kind: m.kind,
                reliability: f32::from(m.reliability) / 100.0,
                around: field.around(x, y, angle),
            }
        });
        let points: Vec<Point> = points.collect();
        Self {
            buckets: Buckets::derive(&points),
            points,
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
            let (sin, cos) = sin_cos(f32::from(code) * TAU / 255.0);
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
                let (sin, cos) = sin_cos(bearing);
                let (c, s) = self.at(x + radius * cos, y + radius * sin);
                if length(c, s) > 0.45 {
                    let relative = (0.5 * atan2(s, c) - angle).rem_euclid(PI) / PI;
                    out[next] = 1 + ((relative * 127.0) as u8).min(126);
                }
                next += 1;
            }
        }
        out
    }
}

/// How alike two surroundings are: 1 the same flow, 0 unrelated or too little in common.
pub(crate) fn likeness(a: &[u8; SAMPLES], b: &[u8; SAMPLES]) -> f32 {
    // Three samples a lane: differences of at most 63 fit a byte, and the compiler makes vectors of the lanes.
    let (mut common, mut apart) = ([0u8; SAMPLES / 3], [0u8; SAMPLES / 3]);
    for (p, q) in a.chunks_exact(SAMPLES / 3).zip(b.chunks_exact(SAMPLES / 3)) {
        for i in 0..SAMPLES / 3 {
            let seen = u8::from(p[i] != 0) & u8::from(q[i] != 0);
            let d = p[i].abs_diff(q[i]);
            let d = d.min(STEPS.wrapping_sub(d));
            common[i] += seen;
            apart[i] += d & seen.wrapping_neg();
        }
    }
    let common: u16 = common.iter().map(|c| u16::from(*c)).sum();
    let apart: u16 = apart.iter().map(|c| u16::from(*c)).sum();
    if common < COMMON_MIN {
        return 0.0;
    }
    (1.0 - f32::from(apart) / f32::from(common) * (1.0 / UNRELATED_STEPS)).max(0.0)
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
            periods: vec![],
            phases: vec![],
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
