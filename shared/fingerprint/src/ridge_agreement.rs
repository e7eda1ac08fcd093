//! Ridge agreement: do the ridges themselves run in step where both pictures show them?
//!
//! In: two flow grids with waves, and a warp. Out: `RidgeAgreement`. Never: looks at minutiae; takes cells whose waves
//! are unknown (minutiae that came without a picture) for ridges that agree or differ: they are left out, and count for nothing.
//!
//! For each cell of the first picture the second one's waves are asked for their phase at the place where the warp
//! puts it. A few pixels of misplacement only shift all phases of a neighbourhood alike, so what counts is how
//! constant the difference is from cell to cell: `coherence` is the length of the mean phase pointer of nine cells.

use core::f32::consts::{PI, TAU};
use std::sync::OnceLock;

use crate::placement::Warp;
use crate::portable::sin_cos;
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

/// (sine, cosine) of whole codes of 1/256 turn.
fn circle() -> &'static [(f32, f32); 256] {
    static CIRCLE: OnceLock<[(f32, f32); 256]> = OnceLock::new();
    CIRCLE.get_or_init(|| core::array::from_fn(|i| sin_cos(i as f32 * TAU / 256.0)))
}

/// (sine, cosine) of orientation codes, 1/255 of half a turn.
fn half_circle() -> &'static [(f32, f32); 256] {
    static HALF: OnceLock<[(f32, f32); 256]> = OnceLock::new();
    HALF.get_or_init(|| core::array::from_fn(|i| sin_cos(i as f32 * PI / 255.0)))
}

/// One cell's phase difference, for the summing over neighbours.
#[derive(Clone, Copy, Default)]
struct Step {
    re: f32,
    im: f32,
    weight: f32,
    /// The way the phase counts: across the first picture's ridges.
    normal: (f32, f32),
}

pub(crate) fn ridge_agreement(a: &FlowGrid, b: &FlowGrid, warp: &Warp) -> RidgeAgreement {
    let mut out = RidgeAgreement::default();
    let columns = usize::from(a.columns);
    let mut steps = vec![Step::default(); a.cells.len()];
    for (i, step) in steps.iter_mut().enumerate() {
        if a.cells[i] == 0 || a.periods[i] == 0 {
            continue;
        }
        let (x, y) = middle(i, columns);
        let (px, py) = warp.apply(x, y);
        let (sin, cos) = half_circle()[usize::from(a.cells[i])];
        // Along the ridge in the second picture.
        let along = (
            cos * warp.placement.cos - sin * warp.placement.sin,
            cos * warp.placement.sin + sin * warp.placement.cos,
        );
        let Some(seen) = look(b, px, py, along, f32::from(a.phases[i]) * (1.0 / 256.0)) else {
            continue;
        };
        *step = Step {
            re: seen.re,
            im: seen.im,
            weight: 1.0,
            normal: (-sin, cos),
        };
        out.cells += 1.0;
        out.turned += seen.turned;
        let ratio = period_px(a.periods[i]) / seen.period;
        out.stretched += (ratio.max(1.0 / ratio) - 1.0).min(1.0);
        out.in_phase += seen.re;
    }
    for (i, step) in steps.iter().enumerate() {
        if step.weight == 0.0 {
            continue;
        }
        let (column, row) = ((i % columns) as isize, (i / columns) as isize);
        let (mut re, mut im, mut count) = (0.0, 0.0, 0.0);
        for (dc, dr) in NEIGHBOURS {
            let (c, r) = (column + dc, row + dr);
            if c < 0 || r < 0 || c >= columns as isize || r >= isize::from(a.rows as i8) {
                continue;
            }
            let other = &steps[r as usize * columns + c as usize];
            let dot = other.normal.0 * step.normal.0 + other.normal.1 * step.normal.1;
            let other_im = if dot < 0.0 { -other.im } else { other.im };
            re += other.re;
            im += other_im;
            count += other.weight;
        }
        // Neighbourhoods cut by the border count as if the missing cells were half in step.
        let coherence = crate::portable::length(re, im) / (count + 0.5 * (9.0 - count));
        out.coherence += coherence;
        out.in_step += f32::from(u8::from(coherence > IN_STEP));
    }
    out
}

const NEIGHBOURS: [(isize, isize); 9] = [
    (-1, -1),
    (0, -1),
    (1, -1),
    (-1, 0),
    (0, 0),
    (1, 0),
    (-1, 1),
    (0, 1),
    (1, 1),
];

/// What the second picture shows at a place.
struct Seen {
    re: f32,
    im: f32,
    turned: f32,
    period: f32,
}

/// The phase difference at a place of `b`, averaged over the four cells around it, counted across `along`.
fn look(b: &FlowGrid, x: f32, y: f32, along: (f32, f32), turn: f32) -> Option<Seen> {
    let (gx, gy) = (x / FLOW_CELL_PX - 0.5, y / FLOW_CELL_PX - 0.5);
    if gx < -0.5 || gy < -0.5 {
        return None;
    }
    let (column, row) = ((gx + 1.0) as isize - 1, (gy + 1.0) as isize - 1);
    let (fx, fy) = (gx - column as f32, gy - row as f32);
    let (mut re, mut im, mut total, mut turned, mut period) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (dc, dr, share) in [
        (0, 0, (1.0 - fx) * (1.0 - fy)),
        (1, 0, fx * (1.0 - fy)),
        (0, 1, (1.0 - fx) * fy),
        (1, 1, fx * fy),
    ] {
        let (c, r) = (column + dc, row + dr);
        if c < 0 || r < 0 || c >= isize::from(b.columns as i8) || r >= isize::from(b.rows as i8) {
            continue;
        }
        let i = r as usize * usize::from(b.columns) + c as usize;
        if b.cells[i] == 0 || b.periods[i] == 0 {
            continue;
        }
        let (sin, cos) = half_circle()[usize::from(b.cells[i])];
        let dot = (cos * along.0 + sin * along.1).clamp(-1.0, 1.0);
        let (cx, cy) = middle(i, usize::from(b.columns));
        let across = (y - cy) * cos - (x - cx) * sin;
        let wave = period_px(b.periods[i]);
        let phase = across / wave + f32::from(b.phases[i]) * (1.0 / 256.0);
        // Opposite normals count the same wave backwards.
        let difference = turn - if dot < 0.0 { -phase } else { phase };
        let code = ((difference - difference.floor()) * 256.0) as usize & 255;
        let (ds, dc) = circle()[code];
        // Crossed ridges have no common phase: cos² of twice the angle between, 0 from 45° on.
        let parallel = (2.0 * dot * dot - 1.0).max(0.0);
        let weight = share * parallel * parallel;
        re += weight * dc;
        im += weight * ds;
        total += share;
        turned += share * (1.0 - dot * dot).max(0.0).sqrt();
        period += share * wave;
    }
    (total > 0.35).then(|| Seen {
        re: re / total,
        im: im / total,
        turned: turned / total,
        period: period / total,
    })
}
