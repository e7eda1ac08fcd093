//! Ridge filter: a bank of oriented, even, zero-mean wave filters, chosen block by block.
//!
//! In: a plane, and per 4 × 4 block an orientation and a ridge period. Out: the filtered plane.
//! Owns: the bank (made once per process, the same everywhere).
//!
//! Source: contextual filtering as in L. Hong, Y. Wan, A. Jain, "Fingerprint image enhancement", PAMI 20(8), 1998.
//! The synthetic generator grows its ridges with the same bank, as R. Cappelli's SFinGe does.

use std::sync::OnceLock;

use crate::plane::Plane;
use crate::portable::{exp, sin_cos};

/// Side of a block in pixels: one orientation and one period each.
pub(crate) const BLOCK: usize = 4;
/// Steps of orientation over half a turn.
const ORIENTATIONS: usize = 32;
/// Smallest and largest period of the bank in pixels, and its step.
const PERIOD_MIN: f32 = 2.5;
const PERIOD_MAX: f32 = 16.0;
const PERIOD_STEP: f32 = 0.75;
const PERIODS: usize = 19;
/// No tap lies farther than this from the centre, in pixels.
const REACH: usize = 10;

/// One filter: only the taps that matter.
struct Kernel {
    taps: Vec<(i8, i8, f32)>,
}

/// What one block holds.
#[derive(Clone, Copy, Default)]
pub(crate) struct Block {
    /// Along the ridge, radians, image axes (y down), half a turn.
    pub(crate) orientation: f32,
    /// Ridge to ridge in pixels.
    pub(crate) period: f32,
    /// Blocks that are not ridges stay 0.
    pub(crate) ridges: bool,
}

/// A grid of blocks over a plane: `ceil(width / 4) × ceil(height / 4)`.
#[derive(Clone)]
pub(crate) struct Blocks {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    pub(crate) cells: Vec<Block>,
}

impl Blocks {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let (columns, rows) = (width.div_ceil(BLOCK), height.div_ceil(BLOCK));
        Self {
            columns,
            rows,
            cells: vec![Block::default(); columns * rows],
        }
    }

    /// The block under a pixel.
    pub(crate) fn at(&self, x: usize, y: usize) -> Block {
        let column = (x / BLOCK).min(self.columns - 1);
        let row = (y / BLOCK).min(self.rows - 1);
        self.cells[row * self.columns + column]
    }
}

fn bank() -> &'static [Kernel] {
    static BANK: OnceLock<Vec<Kernel>> = OnceLock::new();
    BANK.get_or_init(|| {
        let mut kernels = Vec::with_capacity(ORIENTATIONS * PERIODS);
        for o in 0..ORIENTATIONS {
            for p in 0..PERIODS {
                let angle = o as f32 * core::f32::consts::PI / ORIENTATIONS as f32;
                kernels.push(Kernel::make(angle, PERIOD_MIN + p as f32 * PERIOD_STEP));
            }
        }
        kernels
    })
}

impl Kernel {
    fn make(angle: f32, period: f32) -> Self {
        let (sin, cos) = sin_cos(angle);
        let along_sd = (0.42 * period).clamp(2.0, 4.2);
        let across_sd = (0.36 * period).clamp(1.6, 3.8);
        let wave = core::f32::consts::TAU / period;
        let mut taps = Vec::new();
        let (mut sum_wave, mut sum_bell) = (0.0, 0.0);
        let reach = REACH as i8;
        let mut raw = Vec::new();
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let (x, y) = (f32::from(dx), f32::from(dy));
                let along = (x * cos + y * sin) / along_sd;
                let across_px = y * cos - x * sin;
                let across = across_px / across_sd;
                let exponent = along * along + across * across;
                if exponent > 5.3 {
                    continue;
                }
                let bell = exp(-0.5 * exponent);
                let value = bell * sin_cos(wave * across_px).1;
                sum_wave += value;
                sum_bell += bell;
                raw.push((dx, dy, bell, value));
            }
        }
        // Zero mean, so that a change of light makes no ridge; unit gain for a wave of this period.
        let offset = sum_wave / sum_bell;
        let mut gain = 0.0;
        for &(dx, dy, bell, value) in &raw {
            let across_px = f32::from(dy) * cos - f32::from(dx) * sin;
            gain += (value - offset * bell) * sin_cos(wave * across_px).1;
        }
        for (dx, dy, bell, value) in raw {
            taps.push((dx, dy, (value - offset * bell) / gain));
        }
        Self { taps }
    }
}

fn kernel_index(block: Block) -> usize {
    let turn = block.orientation / core::f32::consts::PI;
    let o = ((turn - turn.floor()) * ORIENTATIONS as f32 + 0.5) as usize % ORIENTATIONS;
    let period = block.period.clamp(PERIOD_MIN, PERIOD_MAX);
    let p = (((period - PERIOD_MIN) / PERIOD_STEP + 0.5) as usize).min(PERIODS - 1);
    o * PERIODS + p
}

/// Filters `input` block by block. A wave of the block's own orientation and period keeps its amplitude;
/// blocks without ridges become 0.
pub(crate) fn filter(input: &Plane, blocks: &Blocks) -> Plane {
    let (w, h) = (input.width, input.height);
    let (padded_w, padded_h) = (
        blocks.columns * BLOCK + 2 * REACH,
        blocks.rows * BLOCK + 2 * REACH,
    );
    let mut padded = vec![0f32; padded_w * padded_h];
    for y in 0..h {
        let start = (y + REACH) * padded_w + REACH;
        padded[start..start + w].copy_from_slice(&input.values[y * w..(y + 1) * w]);
    }
    let bank = bank();
    let mut offsets: Vec<Vec<(usize, f32)>> = vec![Vec::new(); bank.len()];
    let mut out = Plane::new(w, h);
    for row in 0..blocks.rows {
        for column in 0..blocks.columns {
            let block = blocks.cells[row * blocks.columns + column];
            if !block.ridges {
                continue;
            }
            let index = kernel_index(block);
            if offsets[index].is_empty() {
                offsets[index] = bank[index]
                    .taps
                    .iter()
                    .map(|&(dx, dy, k)| {
                        let (dx, dy) = (
                            REACH as isize + isize::from(dx),
                            REACH as isize + isize::from(dy),
                        );
                        (dy as usize * padded_w + dx as usize, k)
                    })
                    .collect();
            }
            let base = row * BLOCK * padded_w + column * BLOCK;
            let sums = block_sums(&padded[base..], padded_w, &offsets[index]);
            for (r, line) in sums.iter().enumerate() {
                let y = row * BLOCK + r;
                if y >= h {
                    break;
                }
                let x = column * BLOCK;
                let count = BLOCK.min(w - x);
                out.values[y * w + x..y * w + x + count].copy_from_slice(&line[..count]);
            }
        }
    }
    out
}

/// [`filter`] at half the size, a sixteenth of the work: good enough to see where ridges run and how clear they are.
/// The result has the size of `input`.
pub(crate) fn filter_coarsely(input: &Plane, blocks: &Blocks) -> Plane {
    let (w, h) = (input.width, input.height);
    let (half_w, half_h) = (w.div_ceil(2), h.div_ceil(2));
    let mut half = Plane::new(half_w, half_h);
    for y in 0..half_h {
        let above = &input.values[2 * y * w..][..w];
        let below = &input.values[(2 * y + 1).min(h - 1) * w..][..w];
        for x in 0..half_w {
            let right = (2 * x + 1).min(w - 1);
            let sum = above[2 * x] + above[right] + below[2 * x] + below[right];
            half.values[y * half_w + x] = 0.25 * sum;
        }
    }
    let mut coarse = Blocks::new(half_w, half_h);
    for row in 0..coarse.rows {
        for column in 0..coarse.columns {
            let (x, y) = (2 * column * BLOCK + BLOCK - 1, 2 * row * BLOCK + BLOCK - 1);
            let from = blocks.at(x, y);
            coarse.cells[row * coarse.columns + column] = Block {
                period: from.period / 2.0,
                ..from
            };
        }
    }
    let half = filter(&half, &coarse);
    let mut out = Plane::new(w, h);
    for y in 0..h {
        // The middle of a half-size pixel lies between two whole ones: weights 3/4 and 1/4.
        let near = y / 2;
        let far = if y % 2 == 0 {
            near.saturating_sub(1)
        } else {
            (near + 1).min(half_h - 1)
        };
        let (near, far) = (
            &half.values[near * half_w..][..half_w],
            &half.values[far * half_w..][..half_w],
        );
        let line = &mut out.values[y * w..][..w];
        for (x, value) in line.iter_mut().enumerate() {
            let here = x / 2;
            let beside = if x % 2 == 0 {
                here.saturating_sub(1)
            } else {
                (here + 1).min(half_w - 1)
            };
            *value = 0.75 * (0.75 * near[here] + 0.25 * near[beside])
                + 0.25 * (0.75 * far[here] + 0.25 * far[beside]);
        }
    }
    out
}

/// Sixteen filter answers at once: the compiler turns the inner loops into vector instructions.
fn block_sums(source: &[f32], stride: usize, taps: &[(usize, f32)]) -> [[f32; BLOCK]; BLOCK] {
    let mut sums = [[0f32; BLOCK]; BLOCK];
    for &(offset, k) in taps {
        let window = &source[offset..offset + 3 * stride + BLOCK];
        for (r, line) in sums.iter_mut().enumerate() {
            let values = &window[r * stride..r * stride + BLOCK];
            for (sum, value) in line.iter_mut().zip(values) {
                *sum += k * value;
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(angle: f32, period: f32) -> Plane {
        let mut plane = Plane::new(64, 64);
        for y in 0..64 {
            for x in 0..64 {
                let across = y as f32 * angle.cos() - x as f32 * angle.sin();
                plane.values[y * 64 + x] = (across * core::f32::consts::TAU / period).cos() + 10.0;
            }
        }
        plane
    }

    fn energy(plane: &Plane) -> f32 {
        let mut sum = 0.0;
        for y in 16..48 {
            for x in 16..48 {
                sum += plane.values[y * 64 + x].powi(2);
            }
        }
        sum / 1024.0
    }

    #[test]
    fn a_wave_passes_its_own_filter_and_not_the_crossed_one() {
        for angle in [0.0, 0.6, 1.4, 2.5] {
            let plane = wave(angle, 9.0);
            let mut blocks = Blocks::new(64, 64);
            blocks.cells.fill(Block {
                orientation: angle,
                period: 9.0,
                ridges: true,
            });
            let kept = energy(&filter(&plane, &blocks));
            blocks.cells.fill(Block {
                orientation: angle + 1.57,
                period: 9.0,
                ridges: true,
            });
            let crossed = energy(&filter(&plane, &blocks));
            assert!((0.4..0.6).contains(&kept), "kept {kept} at {angle}");
            assert!(crossed < 0.05, "crossed {crossed} at {angle}");
        }
    }

    #[test]
    fn blocks_without_ridges_stay_zero() {
        let out = filter(&wave(0.0, 9.0), &Blocks::new(64, 64));
        assert!(out.values.iter().all(|v| *v == 0.0));
    }
}
