//! Orientation: which way the ridges run, how wide apart they are, and where there are ridges at all.
//!
//! In: a grey plane at 500 ppi. Out: `RidgeField`: normalised plane, blocks, coherence and contrast per block.
//! Owns: segmentation. Never: decides whether the finger is good; that is `quality`.
//!
//! Sources: averaged squared gradients (M. Kass, A. Witkin, CVGIP 37(3), 1987); ridge period by projection across
//! the ridges (L. Hong, Y. Wan, A. Jain, PAMI 20(8), 1998).

use crate::plane::Plane;
use crate::portable::{atan2, exp, length, sin_cos};
use crate::ridge_filter::{BLOCK, Block, Blocks};

/// What is known of every block of an image.
pub(crate) struct RidgeField {
    /// Grey values, local mean 0, local standard deviation about 1.
    pub(crate) normal: Plane,
    pub(crate) blocks: Blocks,
    /// How much neighbouring gradients agree, 0 to 1, per block.
    pub(crate) coherence: Vec<f32>,
    /// Local standard deviation in grey levels, per block.
    pub(crate) contrast: Vec<f32>,
    /// Local mean in grey levels, per block.
    pub(crate) mean: Vec<f32>,
}

/// Half the side of the window in which mean and contrast are taken, in pixels: a little over one ridge period.
const LOCAL_RADIUS: usize = 10;
/// A block below this standard deviation (grey levels) never holds ridges.
const CONTRAST_MIN: f32 = 7.0;
/// ... nor does one below this share of the image's strong contrast.
const CONTRAST_SHARE: f32 = 0.28;
/// Ridge period assumed where none can be measured, pixels at 500 ppi (0.46 mm).
pub(crate) const PERIOD_TYPICAL: f32 = 9.0;

impl RidgeField {
    pub(crate) fn derive(grey: &Plane) -> Self {
        let (w, h) = (grey.width, grey.height);
        let mean = grey.box_blur(LOCAL_RADIUS);
        let mut squares = Plane::new(w, h);
        for ((s, v), m) in squares
            .values
            .iter_mut()
            .zip(&grey.values)
            .zip(&mean.values)
        {
            *s = (v - m) * (v - m);
        }
        let variance = squares.box_blur(LOCAL_RADIUS);
        let mut normal = Plane::new(w, h);
        for i in 0..w * h {
            normal.values[i] =
                (grey.values[i] - mean.values[i]) / (variance.values[i].max(0.0).sqrt() + 6.0);
        }
        let mut blocks = Blocks::new(w, h);
        let pick = |plane: &Plane| -> Vec<f32> {
            (0..blocks.cells.len())
                .map(|i| {
                    let x = ((i % blocks.columns) * BLOCK + BLOCK / 2).min(w - 1);
                    let y = ((i / blocks.columns) * BLOCK + BLOCK / 2).min(h - 1);
                    plane.values[y * w + x]
                })
                .collect()
        };
        let contrast: Vec<f32> = pick(&variance)
            .into_iter()
            .map(|v| v.max(0.0).sqrt())
            .collect();
        let mean = pick(&mean);
        // Pores, scratches and grain have steeper edges than ridges: without them the flow is the ridges'.
        let smooth = normal.box_blur(1).box_blur(1);
        let coherence = flow(&smooth, &mut blocks, 2.2);
        segment(&mut blocks, &contrast, &coherence);
        let mut field = Self {
            normal,
            blocks,
            coherence,
            contrast,
            mean,
        };
        field.measure_periods();
        field
    }

    /// Takes the orientation again from a cleaner plane; mask and periods stay.
    pub(crate) fn refine(&mut self, cleaner: &Plane) {
        let old = self.blocks.clone();
        flow(cleaner, &mut self.blocks, 2.0);
        for (new, old) in self.blocks.cells.iter_mut().zip(&old.cells) {
            new.period = old.period;
            new.ridges = old.ridges;
        }
    }

    /// Ridge period on a coarse grid from projections across the ridges, then smoothed.
    fn measure_periods(&mut self) {
        const STEP: usize = 4;
        let columns = self.blocks.columns.div_ceil(STEP);
        let rows = self.blocks.rows.div_ceil(STEP);
        let mut sum = vec![0f32; columns * rows];
        let mut weight = vec![0f32; columns * rows];
        for row in 0..rows {
            for column in 0..columns {
                let (x, y) = (column * STEP * BLOCK + 8, row * STEP * BLOCK + 8);
                let block = self.blocks.at(x, y);
                if !block.ridges {
                    continue;
                }
                if let Some((period, trust)) =
                    period_at(&self.normal, x as f32, y as f32, block.orientation)
                {
                    sum[row * columns + column] = period * trust;
                    weight[row * columns + column] = trust;
                }
            }
        }
        // A weak prior keeps empty neighbourhoods at the typical period.
        let sum = blur_grid(&blur_grid(&sum, columns, rows, 1.5), columns, rows, 1.0);
        let weight = blur_grid(&blur_grid(&weight, columns, rows, 1.5), columns, rows, 1.0);
        for row in 0..self.blocks.rows {
            for column in 0..self.blocks.columns {
                let i = (row / STEP) * columns + column / STEP;
                self.blocks.cells[row * self.blocks.columns + column].period =
                    (sum[i] + 0.02 * PERIOD_TYPICAL) / (weight[i] + 0.02);
            }
        }
    }
}

/// Orientation of every block into `blocks`; returns the coherence. `sd` is the smoothing in blocks.
fn flow(plane: &Plane, blocks: &mut Blocks, sd: f32) -> Vec<f32> {
    let (w, h) = (plane.width, plane.height);
    let count = blocks.cells.len();
    let (mut xx, mut xy, mut all) = (vec![0f32; count], vec![0f32; count], vec![0f32; count]);
    let inner = w.saturating_sub(2);
    let mut products = [vec![0f32; w], vec![0f32; w], vec![0f32; w]];
    for y in 1..h.saturating_sub(1) {
        let line = |y: usize, from: usize| &plane.values[y * w + from..][..inner];
        let above = (line(y - 1, 0), line(y - 1, 1), line(y - 1, 2));
        let (left, right) = (line(y, 0), line(y, 2));
        let below = (line(y + 1, 0), line(y + 1, 1), line(y + 1, 2));
        let [row_xx, row_xy, row_all] = &mut products;
        let (row_xx, row_xy, row_all) = (
            &mut row_xx[1..=inner],
            &mut row_xy[1..=inner],
            &mut row_all[1..=inner],
        );
        for x in 0..inner {
            let gx =
                (above.2[x] - above.0[x]) + 2.0 * (right[x] - left[x]) + (below.2[x] - below.0[x]);
            let gy = (below.0[x] - above.0[x])
                + 2.0 * (below.1[x] - above.1[x])
                + (below.2[x] - above.2[x]);
            row_xx[x] = gx * gx - gy * gy;
            row_xy[x] = 2.0 * gx * gy;
            row_all[x] = gx * gx + gy * gy;
        }
        let base = (y / BLOCK) * blocks.columns;
        for (sums, row) in [&mut xx, &mut xy, &mut all].into_iter().zip(&products) {
            for (sum, values) in sums[base..].iter_mut().zip(row.chunks(BLOCK)) {
                *sum += values.iter().sum::<f32>();
            }
        }
    }
    let (columns, rows) = (blocks.columns, blocks.rows);
    let blur = |grid: &[f32], sd: f32| blur_grid(grid, columns, rows, sd);
    let (near_xx, near_xy, near_all) = (blur(&xx, sd), blur(&xy, sd), blur(&all, sd));
    // A wide, weak vote helps where the near one cancels itself out.
    let (far_xx, far_xy) = (blur(&near_xx, 4.0), blur(&near_xy, 4.0));
    let mut coherence = Vec::with_capacity(count);
    for (i, cell) in blocks.cells.iter_mut().enumerate() {
        let (vx, vy) = (near_xx[i] + 0.06 * far_xx[i], near_xy[i] + 0.06 * far_xy[i]);
        // The gradient stands across the ridge.
        cell.orientation = 0.5 * atan2(vy, vx) + core::f32::consts::FRAC_PI_2;
        coherence.push((length(near_xx[i], near_xy[i]) / (near_all[i] + 1e-3)).min(1.0));
    }
    coherence
}

/// Separable Gaussian over a grid of cells, edges repeated.
pub(crate) fn blur_grid(grid: &[f32], columns: usize, rows: usize, sd: f32) -> Vec<f32> {
    let radius = (2.5 * sd).ceil() as usize;
    let reach = radius as isize;
    let mut kernel: Vec<f32> = (-reach..=reach)
        .map(|i| exp(-0.5 * (i as f32 / sd) * (i as f32 / sd)))
        .collect();
    let total: f32 = kernel.iter().sum();
    kernel.iter_mut().for_each(|k| *k /= total);
    // Along the rows: each line with its ends repeated, then the weighted lines on top of each other.
    let mut horizontal = vec![0f32; grid.len()];
    let mut line = vec![0f32; columns + 2 * radius];
    for (source, out) in grid
        .chunks_exact(columns)
        .zip(horizontal.chunks_exact_mut(columns))
    {
        line[..radius].fill(source[0]);
        line[radius..radius + columns].copy_from_slice(source);
        line[radius + columns..].fill(source[columns - 1]);
        for (k, weight) in kernel.iter().enumerate() {
            add_weighted(out, &line[k..k + columns], *weight);
        }
    }
    let mut out = vec![0f32; grid.len()];
    for (row, out) in out.chunks_exact_mut(columns).enumerate() {
        for (k, weight) in kernel.iter().enumerate() {
            let from = (row + k).saturating_sub(radius).min(rows - 1) * columns;
            add_weighted(out, &horizontal[from..from + columns], *weight);
        }
    }
    out
}

fn add_weighted(sums: &mut [f32], values: &[f32], weight: f32) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += weight * value;
    }
}

/// Marks the blocks that hold ridges: enough contrast, one flow; holes filled, crumbs dropped.
fn segment(blocks: &mut Blocks, contrast: &[f32], coherence: &[f32]) {
    let mut sorted = contrast.to_vec();
    sorted.sort_by(f32::total_cmp);
    let strong = sorted[sorted.len() * 9 / 10];
    let floor = (strong * CONTRAST_SHARE).max(CONTRAST_MIN);
    let votes: Vec<f32> = contrast
        .iter()
        .zip(coherence)
        .map(|(c, k)| {
            let lively = ((c - floor) / floor).clamp(-1.0, 1.0);
            let flowing = ((k - 0.28) * 2.5).clamp(-0.6, 0.6);
            lively + flowing
        })
        .collect();
    let votes = blur_grid(&votes, blocks.columns, blocks.rows, 2.5);
    for (cell, vote) in blocks.cells.iter_mut().zip(&votes) {
        cell.ridges = *vote > 0.12;
    }
    keep_large(blocks, true, 60);
    keep_large(blocks, false, 120);
}

/// Turns components of `value` smaller than `least` blocks into the opposite.
fn keep_large(blocks: &mut Blocks, value: bool, least: usize) {
    let (columns, rows) = (blocks.columns, blocks.rows);
    let mut seen = vec![false; columns * rows];
    for start in 0..columns * rows {
        if seen[start] || blocks.cells[start].ridges != value {
            continue;
        }
        seen[start] = true;
        let mut component = vec![start];
        let mut next = 0;
        while next < component.len() {
            let i = component[next];
            next += 1;
            let (x, y) = (i % columns, i / columns);
            let mut visit = |j: usize| {
                if !seen[j] && blocks.cells[j].ridges == value {
                    seen[j] = true;
                    component.push(j);
                }
            };
            if x > 0 {
                visit(i - 1);
            }
            if x + 1 < columns {
                visit(i + 1);
            }
            if y > 0 {
                visit(i - columns);
            }
            if y + 1 < rows {
                visit(i + columns);
            }
        }
        if component.len() < least {
            for i in component {
                blocks.cells[i].ridges = !value;
            }
        }
    }
}

/// Period in pixels around a place and how much to trust it, from the first peak of the autocorrelation of the
/// projection across the ridges.
fn period_at(plane: &Plane, x: f32, y: f32, orientation: f32) -> Option<(f32, f32)> {
    const ACROSS: usize = 40;
    const ALONG: [f32; 7] = [-9.0, -6.0, -3.0, 0.0, 3.0, 6.0, 9.0];
    let (sin, cos) = sin_cos(orientation);
    let mut line = [0f32; ACROSS];
    for (i, value) in line.iter_mut().enumerate() {
        let across = i as f32 - ACROSS as f32 / 2.0;
        for along in ALONG {
            let px = (x + along * cos - across * sin + 0.5) as isize;
            let py = (y + along * sin + across * cos + 0.5) as isize;
            if px < 0 || py < 0 || px >= plane.width as isize || py >= plane.height as isize {
                return None;
            }
            *value += plane.values[py as usize * plane.width + px as usize];
        }
    }
    let mean = line.iter().sum::<f32>() / ACROSS as f32;
    line.iter_mut().for_each(|v| *v -= mean);
    let energy: f32 = line.iter().map(|v| v * v).sum::<f32>() + 1e-3;
    let correlation = |lag: usize| -> f32 {
        let sum: f32 = line[lag..]
            .iter()
            .zip(&line[..ACROSS - lag])
            .map(|(a, b)| a * b)
            .sum();
        sum / energy * ACROSS as f32 / (ACROSS - lag) as f32
    };
    let lags: [f32; 18] = core::array::from_fn(correlation);
    for lag in 5..17 {
        let (before, here, after) = (lags[lag - 1], lags[lag], lags[lag + 1]);
        if here > before && here >= after && here > 0.25 {
            let shift = 0.5 * (before - after) / (before - 2.0 * here + after).min(-1e-4);
            return Some((lag as f32 + shift.clamp(-0.5, 0.5), here.min(1.0)));
        }
    }
    None
}

/// The block at a grid place, or one without ridges when outside.
pub(crate) fn block_or_none(blocks: &Blocks, x: f32, y: f32) -> Option<Block> {
    if x < 0.0 || y < 0.0 {
        return None;
    }
    let (column, row) = (x as usize / BLOCK, y as usize / BLOCK);
    if column >= blocks.columns || row >= blocks.rows {
        return None;
    }
    Some(blocks.cells[row * blocks.columns + column]).filter(|b| b.ridges)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smaller angle between two orientations, 0 to π/2.
    fn between(a: f32, b: f32) -> f32 {
        let d = (a - b).rem_euclid(core::f32::consts::PI);
        d.min(core::f32::consts::PI - d)
    }

    #[test]
    fn a_wave_is_measured_as_it_is() {
        for (angle, period) in [(0.3f32, 8.0f32), (1.2, 10.0), (2.6, 12.0)] {
            let mut plane = Plane::new(160, 160);
            for y in 0..160 {
                for x in 0..160 {
                    let across = y as f32 * angle.cos() - x as f32 * angle.sin();
                    let wave = (across * core::f32::consts::TAU / period).cos();
                    plane.values[y * 160 + x] = 128.0 + 90.0 * wave;
                }
            }
            let field = RidgeField::derive(&plane);
            let block = field.blocks.at(80, 80);
            assert!(block.ridges);
            assert!(
                between(block.orientation, angle) < 0.05,
                "{} for {angle}",
                block.orientation
            );
            assert!(
                (block.period - period).abs() < 0.6,
                "{} for {period}",
                block.period
            );
        }
    }

    #[test]
    fn white_paper_has_no_ridges() {
        let plane = Plane {
            width: 100,
            height: 100,
            values: vec![250.0; 10_000],
        };
        assert!(
            RidgeField::derive(&plane)
                .blocks
                .cells
                .iter()
                .all(|b| !b.ridges)
        );
    }
}
