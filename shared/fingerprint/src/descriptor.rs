//! Descriptors: how the ridges run around each minutia, seen from the minutia itself.
//!
//! In: minutiae and the flow grid. Out: `Prepared`, the form the matcher works on. Owns: the sampling rings.
//! Never: stored; it is derived again from a template's bytes, so its shape may change with the matcher.
//!
//! Source: orientation-based minutia descriptor, M. Tico, P. Kuosmanen, PAMI 25(8), 2003. No minutia-cylinder code.

use core::f32::consts::{PI, TAU};

use crate::portable::{atan2, length, sin_cos};
use crate::ridge_agreement::RidgeCells;
use crate::template::{FlowGrid, Minutia, MinutiaKind, PX_PER_UNIT};

/// Most minutiae that take part in matching: the most reliable ones.
pub(crate) const MATCHED_MAX: usize = 60;
/// Rings around a minutia: radius in pixels at 500 ppi, samples on it.
const RINGS: [(f32, usize); 4] = [(22.0, 6), (42.0, 10), (62.0, 14), (82.0, 18)];
/// Samples of all rings.
pub(crate) const SAMPLES: usize = 48;

/// Orientation of a sample in this many steps of half a turn; a power of two, so that differences wrap by themselves.
const STEPS: u8 = 64;
/// So many samples' differences, of at most half of [`STEPS`] each, fit a byte.
const GROUP: usize = 6;
/// Fewer samples in common say nothing.
const COMMON_MIN: u8 = 14;
/// Mean difference from which on surroundings count as unrelated: 28°. Chance alone gives 45°, but flow is smooth and
/// different fingers share much of it.
const UNRELATED_STEPS: f32 = 10.08;
/// Likeness is kept as a byte: 1 is this.
pub(crate) const LIKENESS_ONE: f32 = 254.0;

/// Room for the points of a template; those beyond their number lie nowhere near.
pub(crate) const LANES: usize = 64;
/// Points whose likeness is worked out at once.
const BLOCK: usize = 32;
/// Ways to look, each so many 1/256 turn wide; points are in every one that they miss by less than 20/256.
const FACINGS: usize = 32;
const FACING: usize = 8;
const FACING_REACH: u8 = 24;
/// Where points are that are none.
const NOWHERE: f32 = 1e6;

/// A template's minutiae, ready to be compared: field by field, so that a step is done for many at once. Pixels at
/// 500 ppi, image axes (y down, clockwise).
#[derive(Clone, PartialEq)]
pub(crate) struct Prepared {
    pub(crate) count: usize,
    pub(crate) x: [f32; LANES],
    pub(crate) y: [f32; LANES],
    /// As in [`Minutia`]: 1/256 of a turn, counter-clockwise.
    pub(crate) direction: [u8; LANES],
    pub(crate) kind: [MinutiaKind; LANES],
    /// 0 to 1.
    pub(crate) reliability: [f32; LANES],
    /// Orientation around each minutia relative to it, in steps of half a turn, sample by sample.
    around: [[u8; LANES]; SAMPLES],
    /// 255 where there is one, 0 where there are no ridges.
    seen: [[u8; LANES]; SAMPLES],
    pub(crate) nearby: Nearby,
    /// Which points look about one of 32 ways, a bit for each point.
    facing: [u64; FACINGS],
    pub(crate) ridges: RidgeCells,
}

/// Side of a cell of [`Nearby`] in pixels.
const CELL_PX: f32 = 16.0;
/// Points further from a place than this are not asked for, pixels.
pub(crate) const NEARBY_PX: f32 = 24.0;
/// Cells of [`Nearby`] on each side of the points' own: who is off by less still finds them.
const MARGIN: f32 = 2.0;

/// Which points lie near a place: one look-up, a bit for each point.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Nearby {
    columns: usize,
    rows: usize,
    cells: Vec<u64>,
}

impl Nearby {
    fn derive(points: &[(f32, f32)]) -> Self {
        let most = |v: f32| (v / CELL_PX + 2.0 * MARGIN) as usize + 1;
        let columns = points.iter().map(|p| most(p.0)).max().unwrap_or(0);
        let rows = points.iter().map(|p| most(p.1)).max().unwrap_or(0);
        let mut cells = vec![0u64; columns * rows];
        for (i, cell) in cells.iter_mut().enumerate() {
            let edge = |at: usize| (at as f32 - MARGIN) * CELL_PX;
            let (left, top) = (edge(i % columns), edge(i / columns));
            for (point, (x, y)) in points.iter().enumerate() {
                let dx = x - x.clamp(left, left + CELL_PX);
                let dy = y - y.clamp(top, top + CELL_PX);
                if dx * dx + dy * dy < NEARBY_PX * NEARBY_PX {
                    *cell |= 1 << point;
                }
            }
        }
        Self {
            columns,
            rows,
            cells,
        }
    }

    /// Every point within [`NEARBY_PX`] of a place, and some more: point *i* is bit *i*.
    #[inline(always)]
    pub(crate) fn at(&self, x: f32, y: f32) -> u64 {
        let column = (x * (1.0 / CELL_PX) + MARGIN) as i32 as usize;
        let row = (y * (1.0 / CELL_PX) + MARGIN) as i32 as usize;
        if column < self.columns && row < self.rows {
            self.cells[row * self.columns + column]
        } else {
            0
        }
    }
}

// Positions and angles come from whole numbers: never NaN, so equality is total.
impl Eq for Prepared {}

impl Prepared {
    pub(crate) fn derive(minutiae: &[Minutia], flow: &FlowGrid) -> Self {
        let field = DoubledFlow::derive(flow);
        let minutiae = &minutiae[..minutiae.len().min(MATCHED_MAX)];
        let places: Vec<(f32, f32)> = minutiae
            .iter()
            .map(|m| (f32::from(m.x) * PX_PER_UNIT, f32::from(m.y) * PX_PER_UNIT))
            .collect();
        let mut out = Self {
            count: minutiae.len(),
            x: [NOWHERE; LANES],
            y: [NOWHERE; LANES],
            direction: [0; LANES],
            kind: [MinutiaKind::Ending; LANES],
            reliability: [0.0; LANES],
            around: [[0; LANES]; SAMPLES],
            seen: [[0; LANES]; SAMPLES],
            nearby: Nearby::derive(&places),
            facing: [0; FACINGS],
            ridges: RidgeCells::derive(flow),
        };
        for (i, (m, (x, y))) in minutiae.iter().zip(places).enumerate() {
            (out.x[i], out.y[i]) = (x, y);
            out.direction[i] = m.direction;
            for (facing, points) in out.facing.iter_mut().enumerate() {
                let middle = (facing * FACING + FACING / 2) as u8;
                let off = m.direction.wrapping_sub(middle) as i8;
                *points |= u64::from(off.unsigned_abs() <= FACING_REACH) << i;
            }
            out.kind[i] = m.kind;
            out.reliability[i] = f32::from(m.reliability) / 100.0;
            let angle = -f32::from(m.direction) * TAU / 256.0;
            for (sample, relative) in field.around(x, y, angle).into_iter().enumerate() {
                if let Some(relative) = relative {
                    out.around[sample][i] = relative;
                    out.seen[sample][i] = 255;
                }
            }
        }
        out
    }

    /// The points that look the same way within 20/256 of a turn, and some more.
    #[inline(always)]
    pub(crate) fn facing(&self, direction: u8) -> u64 {
        self.facing[usize::from(direction) / FACING]
    }

    /// Likeness of the surroundings of point `i` to those of the first points of `other`, 0 to 254: 254 the same flow,
    /// 0 unrelated or too little in common. As many of `row` as there are points, in blocks, are filled.
    #[inline(always)]
    pub(crate) fn likeness(&self, i: usize, other: &Self, row: &mut [u8; LANES]) {
        for (block, likeness) in row.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
            if block * BLOCK >= other.count {
                break;
            }
            let (mut apart, mut common) = ([0u16; BLOCK], [0u8; BLOCK]);
            for group in 0..SAMPLES / GROUP {
                let mut apart_here = [0u8; BLOCK];
                for s in group * GROUP..(group + 1) * GROUP {
                    if self.seen[s][i] == 0 {
                        continue;
                    }
                    let own = self.around[s][i];
                    let around = &other.around[s].as_chunks::<BLOCK>().0[block];
                    let seen = &other.seen[s].as_chunks::<BLOCK>().0[block];
                    for l in 0..BLOCK {
                        let d = around[l].wrapping_sub(own) & (STEPS - 1);
                        apart_here[l] += d.min(STEPS - d) & seen[l];
                        common[l] = common[l].wrapping_sub(seen[l]);
                    }
                }
                for l in 0..BLOCK {
                    apart[l] += u16::from(apart_here[l]);
                }
            }
            for l in 0..BLOCK {
                let unrelated = f32::from(common[l].max(1)) * UNRELATED_STEPS;
                let alike = (1.0 - f32::from(apart[l]) / unrelated).max(0.0);
                let alike = (alike * LIKENESS_ONE) as i32 as u8;
                likeness[l] = if common[l] < COMMON_MIN { 0 } else { alike };
            }
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

    /// Orientation relative to `angle` on the rings, where there are ridges.
    fn around(&self, x: f32, y: f32, angle: f32) -> [Option<u8>; SAMPLES] {
        let mut out = [None; SAMPLES];
        let mut next = 0;
        for (radius, count) in RINGS {
            for k in 0..count {
                let bearing = angle + TAU * k as f32 / count as f32;
                let (sin, cos) = sin_cos(bearing);
                let (c, s) = self.at(x + radius * cos, y + radius * sin);
                if length(c, s) > 0.45 {
                    let relative = (0.5 * atan2(s, c) - angle).rem_euclid(PI) / PI;
                    out[next] = Some((relative * f32::from(STEPS)) as u8 % STEPS);
                }
                next += 1;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE: u16 = 975;

    fn grid(turn: f32) -> FlowGrid {
        let (columns, rows) = (24u8, 24u8);
        FlowGrid {
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
            periods: vec![0; 576],
            phases: vec![0; 576],
        }
    }

    fn prepared(turn: f32, directions: &[u8]) -> Prepared {
        let minutiae: Vec<Minutia> = directions
            .iter()
            .map(|&direction| Minutia {
                x: MIDDLE,
                y: MIDDLE,
                direction,
                kind: MinutiaKind::Ending,
                reliability: 50,
            })
            .collect();
        Prepared::derive(&minutiae, &grid(turn))
    }

    fn likeness(a: &Prepared, b: &Prepared) -> [u8; LANES] {
        let mut row = [0; LANES];
        a.likeness(0, b, &mut row);
        row
    }

    #[test]
    fn a_turned_finger_keeps_its_descriptor() {
        // Picture axes count the other way round: 20 steps of 1/256 turn are 28°.
        let turn = 20.0 * TAU / 256.0;
        let straight = prepared(0.0, &[0]);
        let turned = prepared(turn, &[256u16.wrapping_sub(20) as u8, 60]);
        let row = likeness(&straight, &turned);
        assert!(f32::from(row[0]) > 0.85 * LIKENESS_ONE, "{}", row[0]);
        assert!(f32::from(row[1]) < 0.5 * LIKENESS_ONE, "{}", row[1]);
        assert!(row[2..].iter().all(|l| *l == 0), "there are two points");
    }

    #[test]
    fn likeness_is_the_mean_difference_of_what_both_see() {
        let (mut a, mut b) = (prepared(0.0, &[0]), prepared(0.0, &[0]));
        for s in 0..SAMPLES {
            (a.around[s][0], b.around[s][0]) = (62, 1);
            (a.seen[s][0], b.seen[s][0]) = (255, if s < 20 { 255 } else { 0 });
        }
        // Three steps apart across the wrap.
        let expected = ((1.0 - 3.0 / UNRELATED_STEPS) * LIKENESS_ONE) as u8;
        assert_eq!(likeness(&a, &b)[0], expected);
        for s in 13..SAMPLES {
            a.seen[s][0] = 0;
        }
        assert_eq!(likeness(&a, &b)[0], 0, "too little in common");
        let same = prepared(0.0, &[0]);
        assert_eq!(likeness(&same, &same)[0], LIKENESS_ONE as u8);
    }
}
