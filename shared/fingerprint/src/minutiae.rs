//! Minutiae: where ridges end or fork, found on the skeleton, false ones dropped.
//!
//! In: `Skeleton`, ridge field, clarity. Out: minutiae in pixels. Owns: spurs, islands, gaps, bridges, borders.
//! Never: sorts or counts them; the template does.

use crate::orientation::{RidgeField, block_or_none};
use crate::portable::{length, sin_cos};
use crate::ridge_filter::BLOCK;
use crate::skeleton::Skeleton;
use crate::template::MinutiaKind;

/// One minutia in pixels at 500 ppi; `angle` in radians, image axes (clockwise), full turn.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) angle: f32,
    pub(crate) kind: MinutiaKind,
    /// 0 to 1.
    pub(crate) reliability: f32,
}

/// A branch shorter than this many pixels is a spur or an island.
const SPUR_PX: usize = 11;
/// Two forks joined by a ridge shorter than this are a bridge or a lake.
const BRIDGE_PX: usize = 9;
/// Two ridge ends facing each other within this distance are a break.
const GAP_PX: f32 = 11.0;
/// How far a branch is followed to learn its direction.
const FOLLOW_PX: usize = 9;
/// Nearer than this to where the ridges stop, a minutia is the picture's, not the finger's.
const BORDER_PX: f32 = 13.0;

struct Walker {
    skeleton: Skeleton,
    around: [isize; 8],
}

impl Walker {
    /// Ridge runs that leave a cell: 1 an ending, 3 a fork.
    fn runs(&self, i: usize) -> u32 {
        let bits = self.skeleton.neighbours(i) as u8;
        (bits & !bits.rotate_left(1)).count_ones()
    }

    fn place(&self, i: usize) -> (f32, f32) {
        (
            (i % self.skeleton.stride) as f32 - 1.0,
            (i / self.skeleton.stride) as f32 - 1.0,
        )
    }

    /// Follows the ridge from `start` through `first`; the path without `start`, at most `steps` long. Stops on an
    /// ending or a fork, which is then the last cell.
    fn follow(&self, start: usize, first: usize, steps: usize) -> Vec<usize> {
        let mut path = vec![first];
        let (mut before, mut here) = (start, first);
        while path.len() < steps && self.runs(here) == 2 {
            let mut next = None;
            for k in [0, 2, 4, 6, 1, 3, 5, 7] {
                let j = (here as isize + self.around[k]) as usize;
                let fresh = j != before && j != start && !path.contains(&j);
                if self.skeleton.cells[j] == 1 && fresh && !self.touches(j, before, here) {
                    next = Some(j);
                    break;
                }
            }
            let Some(j) = next else { break };
            path.push(j);
            before = here;
            here = j;
        }
        path
    }

    /// Is `j` a neighbour of `before` too, so that going there would be going back?
    fn touches(&self, j: usize, before: usize, here: usize) -> bool {
        before != here
            && self
                .around
                .iter()
                .any(|o| (j as isize + o) as usize == before)
    }

    /// One first cell for each run that leaves `i`.
    fn branches(&self, i: usize) -> Vec<usize> {
        let bits = self.skeleton.neighbours(i);
        let on = |k: usize| bits >> (k % 8) & 1 == 1;
        let mut out = Vec::new();
        for k in 0..8 {
            if on(k) && !on(k + 7) {
                // Within a run the straight neighbour leads on.
                let straight = if k % 2 == 1 && on(k + 1) { k + 1 } else { k };
                out.push((i as isize + self.around[straight % 8]) as usize);
            }
        }
        out
    }

    fn drop_spurs(&mut self, width: usize, height: usize) {
        for y in 1..=height {
            for x in 1..=width {
                let i = y * self.skeleton.stride + x;
                if self.skeleton.cells[i] == 0 {
                    continue;
                }
                match self.runs(i) {
                    0 => self.skeleton.cells[i] = 0,
                    1 => {
                        let Some(&first) = self.branches(i).first() else {
                            continue;
                        };
                        let path = self.follow(i, first, SPUR_PX);
                        let last = path.last().copied().unwrap_or(first);
                        let runs = self.runs(last);
                        if path.len() < SPUR_PX && runs != 2 {
                            self.skeleton.cells[i] = 0;
                            for &cell in &path {
                                if cell != last || runs == 1 {
                                    self.skeleton.cells[cell] = 0;
                                }
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Finds minutiae. `clarity` says per block how much of the picture is ridge, 0 to 1.
pub(crate) fn find(skeleton: Skeleton, field: &RidgeField, clarity: &[f32]) -> Vec<Found> {
    let (width, height) = (field.normal.width, field.normal.height);
    let around = Skeleton::around(skeleton.stride);
    let mut walker = Walker { skeleton, around };
    walker.drop_spurs(width, height);
    let mut found: Vec<Found> = Vec::new();
    let mut false_ones: Vec<bool> = Vec::new();
    for y in 1..=height {
        for x in 1..=width {
            let i = y * walker.skeleton.stride + x;
            if walker.skeleton.cells[i] == 0 {
                continue;
            }
            let kind = match walker.runs(i) {
                1 => MinutiaKind::Ending,
                3 => MinutiaKind::Bifurcation,
                _ => continue,
            };
            let (px, py) = walker.place(i);
            if near_border(field, px, py) {
                continue;
            }
            let Some((angle, bad)) = direction(&walker, field, i, kind) else {
                continue;
            };
            let block = (y - 1) / BLOCK * field.blocks.columns + (x - 1) / BLOCK;
            let trust = (field.coherence[block] * 1.15).min(1.0) * (clarity[block] * 1.3).min(1.0);
            found.push(Found {
                x: px,
                y: py,
                angle,
                kind,
                reliability: trust,
            });
            false_ones.push(bad);
        }
    }
    for a in 0..found.len() {
        for b in a + 1..found.len() {
            let (p, q) = (found[a], found[b]);
            let (dx, dy) = (q.x - p.x, q.y - p.y);
            let distance = length(dx, dy);
            if distance >= GAP_PX {
                continue;
            }
            let turn = sin_cos(p.angle - q.angle).1;
            let both_end = p.kind == MinutiaKind::Ending && q.kind == MinutiaKind::Ending;
            // Ends that look away from each other along the line between them are one broken ridge.
            let facing = both_end && turn < -0.7 && {
                let (sin, cos) = sin_cos(p.angle);
                dx * cos + dy * sin
            } < -0.5 * distance;
            if facing || (distance < 6.5 && turn < 0.0) {
                false_ones[a] = true;
                false_ones[b] = true;
            } else if distance < 5.0 {
                false_ones[if p.reliability < q.reliability { a } else { b }] = true;
            }
        }
    }
    let mut keep = false_ones.iter().map(|bad| !bad);
    found.retain(|_| keep.next().unwrap_or(true));
    found
}

fn near_border(field: &RidgeField, x: f32, y: f32) -> bool {
    const D: f32 = core::f32::consts::FRAC_1_SQRT_2;
    [
        (1.0, 0.0),
        (D, D),
        (0.0, 1.0),
        (-D, D),
        (-1.0, 0.0),
        (-D, -D),
        (0.0, -1.0),
        (D, -D),
    ]
    .iter()
    .any(|(dx, dy)| block_or_none(&field.blocks, x + dx * BORDER_PX, y + dy * BORDER_PX).is_none())
}

/// Direction of a minutia and whether its branches say that it is none.
fn direction(
    walker: &Walker,
    field: &RidgeField,
    i: usize,
    kind: MinutiaKind,
) -> Option<(f32, bool)> {
    let from = walker.place(i);
    let mut bad = false;
    let mut ways = Vec::with_capacity(3);
    for first in walker.branches(i) {
        let path = walker.follow(i, first, FOLLOW_PX);
        let last = *path.last()?;
        if path.len() < BRIDGE_PX && walker.runs(last) == 3 && last != i {
            bad = true;
        }
        let to = walker.place(last);
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let way = length(dx, dy).max(0.1);
        ways.push((dx / way, dy / way));
    }
    let way = match (kind, ways.as_slice()) {
        (MinutiaKind::Ending, [only]) => *only,
        (MinutiaKind::Bifurcation, [a, b, c]) => {
            let dot = |p: &(f32, f32), q: &(f32, f32)| p.0 * q.0 + p.1 * q.1;
            let stem = [(dot(b, c), a), (dot(a, c), b), (dot(a, b), c)]
                .into_iter()
                .max_by(|p, q| p.0.total_cmp(&q.0))
                .map(|(_, stem)| *stem)?;
            (-stem.0, -stem.1)
        }
        _ => return None,
    };
    let block = field.blocks.at(from.0 as usize, from.1 as usize);
    let (sin, cos) = sin_cos(block.orientation);
    let along = way.0 * cos + way.1 * sin;
    let angle = if along >= 0.0 {
        block.orientation
    } else {
        block.orientation + core::f32::consts::PI
    };
    Some((angle, bad))
}
