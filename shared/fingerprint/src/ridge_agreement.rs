//! Ridge agreement: do the ridges themselves run in step where both pictures show them?
//!
//! In: two flow grids with waves, and a warp. Out: `RidgeAgreement`. Never: looks at minutiae; takes cells whose waves
//! are unknown (minutiae that came without a picture) for ridges that agree or differ: they are left out, and count for nothing.
//!
//! For each cell of the first picture the second one's waves are asked for their phase at the place where the warp
//! puts it. A few pixels of misplacement only shift all phases of a neighbourhood alike, so what counts is how
//! constant the difference is from cell to cell: `coherence` is the length of the mean phase pointer of nine cells.

use core::f32::consts::PI;
use std::sync::OnceLock;

use crate::placement::{MOVED, Placement, Warp};
use crate::portable::sin_cos;
use crate::seeds::circle;
use crate::template::{FLOW_CELL_PX, FlowGrid};
use crate::waves::{middle, period_px};

/// What the ridges say where both pictures have them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct RidgeAgreement {
    /// Cells of the first picture that the second one shows too.
    pub(crate) cells: f32,
    /// Sum over them of the difference in orientation, radians.
    pub(crate) turned: f32,
    /// Sum over them of |ln(period / period)|.
    pub(crate) stretched: f32,
    /// Sum over them of the coherence of phases in their neighbourhood, 0 to 1 each.
    pub(crate) coherence: f32,
    /// Sum over them of the cosine of the phase difference.
    pub(crate) in_phase: f32,
    /// Cells whose neighbourhood is in step.
    pub(crate) in_step: f32,
}

/// A neighbourhood from this coherence on counts as in step.
const IN_STEP: f32 = 0.8;

/// (sine, cosine) of orientation codes, 1/255 of half a turn.
fn half_circle() -> &'static [(f32, f32); 256] {
    static HALF: OnceLock<[(f32, f32); 256]> = OnceLock::new();
    HALF.get_or_init(|| core::array::from_fn(|i| sin_cos(i as f32 * PI / 255.0)))
}

/// One flow cell, ready to be asked.
#[derive(Clone, Copy, PartialEq, Default)]
struct RidgeCell {
    /// Along the ridges; both 0 where there are none, or where nothing is known of their waves.
    cos: f32,
    sin: f32,
    /// Pixels, and one over it.
    period: f32,
    per_px: f32,
    /// Turns.
    phase: f32,
}

/// A template's flow and waves, ready to be compared.
#[derive(Clone, PartialEq, Default)]
pub(crate) struct RidgeCells {
    columns: usize,
    rows: usize,
    cells: Vec<RidgeCell>,
    /// The cells with known waves.
    known: Vec<u16>,
    /// Their middles, pixels; up to the next multiple of [`MOVED`].
    x: Vec<f32>,
    y: Vec<f32>,
    /// Known cells whose right and lower neighbours are known too, spread over the picture.
    corners: Vec<u16>,
}

/// What a few cells say of a rigid placement.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Glance {
    /// Pairs of neighbouring cells that both pictures show.
    count: f32,
    /// Sum over them of the cosine of how far the phase difference changes from one to the other, less where ridges
    /// are not parallel.
    in_step: f32,
}

impl Glance {
    /// The mean of how much neighbours are in step, less when few were seen: −1 to 1.
    pub(crate) fn in_step(&self) -> f32 {
        self.in_step / (self.count + 1.0)
    }
}

/// So many corners are looked at.
const CORNERS: usize = 32;

impl RidgeCells {
    pub(crate) fn derive(flow: &FlowGrid) -> Self {
        let columns = usize::from(flow.columns);
        let mut out = Self {
            columns,
            rows: usize::from(flow.rows),
            cells: vec![RidgeCell::default(); flow.cells.len()],
            ..Self::default()
        };
        for (i, &code) in flow.cells.iter().enumerate() {
            if code == 0 || flow.periods[i] == 0 {
                continue;
            }
            let (sin, cos) = half_circle()[usize::from(code)];
            let period = period_px(flow.periods[i]);
            out.cells[i] = RidgeCell {
                cos,
                sin,
                period,
                per_px: 1.0 / period,
                phase: f32::from(flow.phases[i]) * (1.0 / 256.0),
            };
            let (x, y) = middle(i, columns);
            out.known.push(i as u16);
            out.x.push(x);
            out.y.push(y);
        }
        let known = |i: usize| out.cells.get(i).is_some_and(|c| c.period > 0.0);
        let corners = out.known.iter().copied().filter(|&i| {
            let i = usize::from(i);
            (i + 1) % columns != 0 && known(i + 1) && known(i + columns)
        });
        let corners: Vec<u16> = corners.collect();
        let count = corners.len().min(CORNERS);
        out.corners = (0..count)
            .map(|k| corners[k * corners.len() / count])
            .collect();
        let padded = out.known.len().next_multiple_of(MOVED);
        out.x.resize(padded, 0.0);
        out.y.resize(padded, 0.0);
        out
    }

    #[inline(always)]
    fn at(&self, column: isize, row: isize) -> Option<&RidgeCell> {
        let inside =
            (0..self.columns as isize).contains(&column) && (0..self.rows as isize).contains(&row);
        let cell = inside.then(|| &self.cells[row as usize * self.columns + column as usize])?;
        (cell.period > 0.0).then_some(cell)
    }

    /// Phase difference to the nearest cell of `other` under a rigid placement.
    #[inline(always)]
    fn peek(&self, i: usize, other: &Self, placement: &Placement) -> Option<Peek> {
        let cell = &self.cells[i];
        let (cx, cy) = middle(i, self.columns);
        let (x, y) = placement.apply(cx, cy);
        let (column, row) = (x * (1.0 / FLOW_CELL_PX), y * (1.0 / FLOW_CELL_PX));
        if column < 0.0 || row < 0.0 {
            return None;
        }
        let (column, row) = (column as i32 as isize, row as i32 as isize);
        let there = other.at(column, row)?;
        let along = (
            cell.cos * placement.cos - cell.sin * placement.sin,
            cell.cos * placement.sin + cell.sin * placement.cos,
        );
        let dot = there.cos * along.0 + there.sin * along.1;
        let (cx, cy) = (
            (column as f32 + 0.5) * FLOW_CELL_PX,
            (row as f32 + 0.5) * FLOW_CELL_PX,
        );
        let across = (y - cy) * there.cos - (x - cx) * there.sin;
        let phase = across * there.per_px + there.phase;
        let difference = cell.phase - if dot < 0.0 { -phase } else { phase };
        let (im, re) = circle()[((difference + TURNS) * 256.0) as i32 as usize & 255];
        Some(Peek {
            re,
            im,
            parallel: (2.0 * dot * dot - 1.0).max(0.0),
            along: (cell.cos, cell.sin),
        })
    }

    /// Do the ridges seem to run in step under a rigid placement? A few cells are asked. `None` where nothing is known
    /// of the waves of one picture.
    #[inline(always)]
    pub(crate) fn glance(&self, other: &Self, placement: &Placement) -> Option<Glance> {
        if self.corners.is_empty() || other.known.is_empty() {
            return None;
        }
        let mut out = Glance::default();
        for &i in &self.corners {
            let i = usize::from(i);
            let Some(here) = self.peek(i, other, placement) else {
                continue;
            };
            for j in [i + 1, i + self.columns] {
                let Some(there) = self.peek(j, other, placement) else {
                    continue;
                };
                // Phases of neighbours may count opposite ways.
                let dot = here.along.0 * there.along.0 + here.along.1 * there.along.1;
                let im = here.im * if dot < 0.0 { -there.im } else { there.im };
                out.count += 1.0;
                out.in_step += (here.re * there.re + im) * here.parallel * there.parallel;
            }
        }
        Some(out)
    }

    /// The phase difference at a place, averaged over the four cells around it, counted across `along`.
    #[inline(always)]
    fn look(&self, x: f32, y: f32, along: (f32, f32), turn: f32) -> Option<Seen> {
        let (gx, gy) = (
            x * (1.0 / FLOW_CELL_PX) - 0.5,
            y * (1.0 / FLOW_CELL_PX) - 0.5,
        );
        let inside = gx >= -0.5 && gy >= -0.5 && gx < self.columns as f32 && gy < self.rows as f32;
        if !inside {
            return None;
        }
        let (column, row) = ((gx + 1.0) as isize - 1, (gy + 1.0) as isize - 1);
        let (fx, fy) = (gx - column as f32, gy - row as f32);
        let mut out = Seen::default();
        let mut total = 0.0;
        for (dc, dr, share) in [
            (0, 0, (1.0 - fx) * (1.0 - fy)),
            (1, 0, fx * (1.0 - fy)),
            (0, 1, (1.0 - fx) * fy),
            (1, 1, fx * fy),
        ] {
            let (c, r) = (column + dc, row + dr);
            let Some(cell) = self.at(c, r) else { continue };
            let dot = (cell.cos * along.0 + cell.sin * along.1).clamp(-1.0, 1.0);
            let (cx, cy) = (
                (c as f32 + 0.5) * FLOW_CELL_PX,
                (r as f32 + 0.5) * FLOW_CELL_PX,
            );
            let across = (y - cy) * cell.cos - (x - cx) * cell.sin;
            let phase = across * cell.per_px + cell.phase;
            // Opposite normals count the same wave backwards. A cell is far fewer than `TURNS` waves wide.
            let difference = turn - if dot < 0.0 { -phase } else { phase };
            let code = ((difference + TURNS) * 256.0) as i32 as usize & 255;
            let (ds, dc) = circle()[code];
            // Crossed ridges have no common phase: cos² of twice the angle between, 0 from 45° on.
            let parallel = (2.0 * dot * dot - 1.0).max(0.0);
            let weight = share * parallel * parallel;
            out.re += weight * dc;
            out.im += weight * ds;
            total += share;
            out.turned += share * (1.0 - dot * dot).max(0.0).sqrt();
            out.period += share * cell.period;
        }
        if total <= 0.35 {
            return None;
        }
        let one = 1.0 / total;
        Some(Seen {
            re: out.re * one,
            im: out.im * one,
            turned: out.turned * one,
            period: out.period * one,
        })
    }
}

/// What one cell sees in the nearest cell of the other picture.
struct Peek {
    /// Phase difference as a pointer.
    re: f32,
    im: f32,
    /// 1 where the ridges of both run the same way, 0 from 45° on.
    parallel: f32,
    /// The way the ridges of the first run.
    along: (f32, f32),
}

/// Keeps a phase difference positive, so that cutting off its fraction rounds it down.
const TURNS: f32 = 64.0;

/// What the second picture shows at a place.
#[derive(Default)]
struct Seen {
    re: f32,
    im: f32,
    turned: f32,
    period: f32,
}

/// Longest row of cells, with one empty cell at each end.
const ROW_MAX: usize = 66;

/// Phase differences cell by cell, with a border of empty cells, for the summing over neighbours.
struct Steps {
    stride: usize,
    re: Vec<f32>,
    im: Vec<f32>,
    /// 1 where there is one.
    weight: Vec<f32>,
    /// The way the phase counts: across the first picture's ridges.
    normal_x: Vec<f32>,
    normal_y: Vec<f32>,
}

impl Steps {
    fn of(columns: usize, rows: usize) -> Self {
        let stride = columns + 2;
        let plane = || vec![0f32; stride * (rows + 2)];
        Self {
            stride,
            re: plane(),
            im: plane(),
            weight: plane(),
            normal_x: plane(),
            normal_y: plane(),
        }
    }

    /// (sum of coherence, neighbourhoods in step)
    #[inline(always)]
    fn coherence(&self, columns: usize, rows: usize) -> (f32, f32) {
        let (mut coherence, mut in_step) = ([0f32; ROW_MAX], [0f32; ROW_MAX]);
        for row in 1..=rows {
            let at = row * self.stride + 1;
            let own_x = &self.normal_x[at..at + columns];
            let own_y = &self.normal_y[at..at + columns];
            let (mut re, mut im, mut count) = ([0f32; ROW_MAX], [0f32; ROW_MAX], [0f32; ROW_MAX]);
            for from in [at - self.stride, at, at + self.stride] {
                for from in from - 1..=from + 1 {
                    let end = from + columns;
                    let (x, y) = (&self.normal_x[from..end], &self.normal_y[from..end]);
                    let (r, i, w) = (
                        &self.re[from..end],
                        &self.im[from..end],
                        &self.weight[from..end],
                    );
                    let (re, im, count) = (
                        &mut re[..columns],
                        &mut im[..columns],
                        &mut count[..columns],
                    );
                    for c in 0..columns {
                        let dot = x[c] * own_x[c] + y[c] * own_y[c];
                        re[c] += r[c];
                        im[c] += if dot < 0.0 { -i[c] } else { i[c] };
                        count[c] += w[c];
                    }
                }
            }
            let own = &self.weight[at..at + columns];
            for c in 0..columns {
                // Neighbourhoods cut by the border count as if the missing cells were half in step.
                let here = (re[c] * re[c] + im[c] * im[c]).sqrt() / (4.5 + 0.5 * count[c]) * own[c];
                coherence[c] += here;
                in_step[c] += if here > IN_STEP { 1.0 } else { 0.0 };
            }
        }
        (coherence.iter().sum(), in_step.iter().sum())
    }
}

/// `placement` of the warp says how the ridges turn.
#[inline(always)]
pub(crate) fn ridge_agreement(a: &RidgeCells, b: &RidgeCells, warp: &Warp) -> RidgeAgreement {
    let mut out = RidgeAgreement::default();
    let mut steps = Steps::of(a.columns, a.rows);
    let (places_x, places_y) = (a.x.as_chunks::<MOVED>().0, a.y.as_chunks::<MOVED>().0);
    for ((known, x), y) in a.known.chunks(MOVED).zip(places_x).zip(places_y) {
        let (to_x, to_y) = warp.apply(x, y);
        for (l, &i) in known.iter().enumerate() {
            let i = usize::from(i);
            let cell = &a.cells[i];
            let (sin, cos) = (cell.sin, cell.cos);
            // Along the ridge in the second picture.
            let along = (
                cos * warp.placement.cos - sin * warp.placement.sin,
                cos * warp.placement.sin + sin * warp.placement.cos,
            );
            let Some(seen) = b.look(to_x[l], to_y[l], along, cell.phase) else {
                continue;
            };
            let at = (i / a.columns + 1) * steps.stride + i % a.columns + 1;
            steps.re[at] = seen.re;
            steps.im[at] = seen.im;
            steps.weight[at] = 1.0;
            (steps.normal_x[at], steps.normal_y[at]) = (-sin, cos);
            out.cells += 1.0;
            out.turned += seen.turned;
            let (p, q) = (cell.period, seen.period);
            out.stretched += ((p / q).max(q / p) - 1.0).min(1.0);
            out.in_phase += seen.re;
        }
    }
    (out.coherence, out.in_step) = steps.coherence(a.columns, a.rows);
    out
}
