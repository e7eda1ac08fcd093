//! Placement: how one picture is laid on another, rigidly first, then as skin gives.
//!
//! In: pairs of places. Out: `Placement` (turn and shift) and `Warp` (a placement plus smooth local shifts).
//! Never: scales; both pictures are at 500 ppi.

use crate::portable::{atan2, sin_cos};

/// Turn and shift of the first picture onto the second: `from` comes to lie on `to`.
#[derive(Clone, Copy)]
pub(crate) struct Placement {
    pub(crate) cos: f32,
    pub(crate) sin: f32,
    pub(crate) from: (f32, f32),
    pub(crate) to: (f32, f32),
}

impl Placement {
    pub(crate) fn new(turn: f32, from: (f32, f32), to: (f32, f32)) -> Self {
        let (sin, cos) = sin_cos(turn);
        Self { cos, sin, from, to }
    }

    pub(crate) fn apply(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (x - self.from.0, y - self.from.1);
        (
            self.to.0 + dx * self.cos - dy * self.sin,
            self.to.1 + dx * self.sin + dy * self.cos,
        )
    }

    pub(crate) fn inverse(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (x - self.to.0, y - self.to.1);
        (
            self.from.0 + dx * self.cos + dy * self.sin,
            self.from.1 - dx * self.sin + dy * self.cos,
        )
    }

    /// Radians, −π to π.
    pub(crate) fn turn(&self) -> f32 {
        atan2(self.sin, self.cos)
    }

    /// The one with the least weighted squared distance over pairs `(from, to, weight)`.
    pub(crate) fn fit(pairs: &[Anchor]) -> Self {
        let total: f32 = pairs.iter().map(|p| p.weight).sum::<f32>().max(1e-6);
        let (mut from, mut to) = ((0.0, 0.0), (0.0, 0.0));
        for p in pairs {
            let w = p.weight / total;
            from = (from.0 + w * p.from.0, from.1 + w * p.from.1);
            to = (to.0 + w * p.to.0, to.1 + w * p.to.1);
        }
        let (mut dot, mut cross) = (0.0, 0.0);
        for p in pairs {
            let (ax, ay) = (p.from.0 - from.0, p.from.1 - from.1);
            let (bx, by) = (p.to.0 - to.0, p.to.1 - to.1);
            dot += p.weight * (ax * bx + ay * by);
            cross += p.weight * (ax * by - ay * bx);
        }
        let length = crate::portable::length(dot, cross);
        let (cos, sin) = if length > 0.0 {
            (dot / length, cross / length)
        } else {
            (1.0, 0.0)
        };
        Self { cos, sin, from, to }
    }
}

/// A place known in both pictures.
#[derive(Clone, Copy)]
pub(crate) struct Anchor {
    pub(crate) from: (f32, f32),
    pub(crate) to: (f32, f32),
    pub(crate) weight: f32,
}

/// Over this distance, in pixels, one anchor's shift falls to a quarter: skin stretches over about half a fingertip.
const GIVE_PX: f32 = 60.0;
/// How stiff the skin is: weight of "no local shift" against the anchors around.
const STIFFNESS: f32 = 0.6;

/// A placement and the local shifts that its anchors ask for.
pub(crate) struct Warp {
    pub(crate) placement: Placement,
    /// Place in the first picture, shift in the second, weight.
    shifts: Vec<(f32, f32, f32, f32, f32)>,
}

impl Warp {
    pub(crate) fn rigid(placement: Placement) -> Self {
        Self {
            placement,
            shifts: Vec::new(),
        }
    }

    pub(crate) fn fit(anchors: &[Anchor]) -> Self {
        let placement = Placement::fit(anchors);
        let shifts = anchors.iter().map(|a| {
            let (x, y) = placement.apply(a.from.0, a.from.1);
            (a.from.0, a.from.1, a.to.0 - x, a.to.1 - y, a.weight)
        });
        Self {
            placement,
            shifts: shifts.collect(),
        }
    }

    pub(crate) fn apply(&self, x: f32, y: f32) -> (f32, f32) {
        self.apply_without(x, y, usize::MAX)
    }

    /// As if the anchor `left_out` were not known.
    pub(crate) fn apply_without(&self, x: f32, y: f32, left_out: usize) -> (f32, f32) {
        let (rx, ry) = self.placement.apply(x, y);
        let (mut sx, mut sy, mut total) = (0.0, 0.0, STIFFNESS);
        for (i, &(ax, ay, dx, dy, weight)) in self.shifts.iter().enumerate() {
            if i == left_out {
                continue;
            }
            let d = (x - ax) * (x - ax) + (y - ay) * (y - ay);
            let near = 1.0 / (1.0 + d * (1.0 / (GIVE_PX * GIVE_PX)));
            let w = weight * near * near;
            (sx, sy, total) = (sx + w * dx, sy + w * dy, total + w);
        }
        (rx + sx / total, ry + sy / total)
    }

    /// Root mean square of the local shifts, pixels.
    pub(crate) fn bending(&self) -> f32 {
        let sum: f32 = self.shifts.iter().map(|s| s.2 * s.2 + s.3 * s.3).sum();
        (sum / self.shifts.len().max(1) as f32).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchors(bend: f32) -> Vec<Anchor> {
        let known = Placement::new(2.0, (10.0, 20.0), (100.0, 120.0));
        (0..12)
            .map(|i| {
                let from = ((i * 37 % 150) as f32, (i * 53 % 170) as f32);
                let to = known.apply(from.0, from.1);
                Anchor {
                    from,
                    to: (to.0 + bend * from.1 / 100.0, to.1),
                    weight: 1.0,
                }
            })
            .collect()
    }

    #[test]
    fn a_rigid_move_is_found_and_undone() {
        let found = Placement::fit(&anchors(0.0));
        assert!((found.turn() - 2.0).abs() < 1e-3);
        let (x, y) = found.apply(33.0, 44.0);
        let (bx, by) = found.inverse(x, y);
        assert!((bx - 33.0).abs() < 1e-2 && (by - 44.0).abs() < 1e-2);
    }

    #[test]
    fn a_warp_follows_bent_skin_better_than_a_placement() {
        let list = anchors(12.0);
        let (warp, rigid) = (Warp::fit(&list), Warp::rigid(Placement::fit(&list)));
        let apart = |w: &Warp| -> f32 {
            list.iter()
                .map(|a| {
                    let (x, y) = w.apply(a.from.0, a.from.1);
                    (x - a.to.0).abs() + (y - a.to.1).abs()
                })
                .sum()
        };
        assert!(apart(&warp) < 0.6 * apart(&rigid));
        assert!(warp.bending() > 1.0);
    }
}
