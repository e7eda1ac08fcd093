//! Placement: how one picture is laid on another, rigidly first, then as skin gives.
//!
//! In: pairs of places. Out: `Placement` (turn and shift) and `Warp` (a placement plus smooth local shifts).
//! Never: scales; both pictures are at 500 ppi.

use crate::descriptor::LANES;
use crate::portable::atan2;

/// Turn and shift of the first picture onto the second: `from` comes to lie on `to`.
#[derive(Clone, Copy)]
pub(crate) struct Placement {
    pub(crate) cos: f32,
    pub(crate) sin: f32,
    pub(crate) from: (f32, f32),
    pub(crate) to: (f32, f32),
}

impl Placement {
    /// Everything stays where it is.
    pub(crate) const NONE: Self = Self {
        cos: 1.0,
        sin: 0.0,
        from: (0.0, 0.0),
        to: (0.0, 0.0),
    };

    #[inline(always)]
    pub(crate) fn apply(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (x - self.from.0, y - self.from.1);
        (
            self.to.0 + dx * self.cos - dy * self.sin,
            self.to.1 + dx * self.sin + dy * self.cos,
        )
    }

    #[inline(always)]
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
    #[inline(always)]
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

impl Anchor {
    /// None: it weighs nothing.
    pub(crate) const NONE: Self = Self {
        from: (0.0, 0.0),
        to: (0.0, 0.0),
        weight: 0.0,
    };
}

/// Over this distance, in pixels, one anchor's shift falls to a quarter: skin stretches over about half a fingertip.
const GIVE_PX: f32 = 60.0;
/// How stiff the skin is: weight of "no local shift" against the anchors around.
const STIFFNESS: f32 = 0.6;

/// Places that are moved at once.
pub(crate) const MOVED: usize = 8;

/// A placement and the local shifts that its anchors ask for.
pub(crate) struct Warp {
    pub(crate) placement: Placement,
    count: usize,
    /// Place in the first picture, shift in the second, weight.
    x: [f32; LANES],
    y: [f32; LANES],
    shift_x: [f32; LANES],
    shift_y: [f32; LANES],
    weight: [f32; LANES],
}

/// Weighted shifts at some places, and the weights' sum.
struct Shifts {
    x: [f32; MOVED],
    y: [f32; MOVED],
    total: [f32; MOVED],
}

impl Warp {
    #[inline(always)]
    pub(crate) fn rigid(placement: Placement) -> Self {
        Self {
            placement,
            count: 0,
            x: [0.0; LANES],
            y: [0.0; LANES],
            shift_x: [0.0; LANES],
            shift_y: [0.0; LANES],
            weight: [0.0; LANES],
        }
    }

    /// At most [`LANES`] anchors.
    #[inline(always)]
    pub(crate) fn fit(anchors: &[Anchor]) -> Self {
        let mut out = Self::rigid(Placement::fit(anchors));
        for (i, a) in anchors.iter().take(LANES).enumerate() {
            let (x, y) = out.placement.apply(a.from.0, a.from.1);
            (out.x[i], out.y[i]) = a.from;
            (out.shift_x[i], out.shift_y[i]) = (a.to.0 - x, a.to.1 - y);
            out.weight[i] = a.weight;
        }
        out.count = anchors.len().min(LANES);
        out
    }

    #[inline(always)]
    fn shifts(&self, x: &[f32; MOVED], y: &[f32; MOVED]) -> Shifts {
        let mut out = Shifts {
            x: [0.0; MOVED],
            y: [0.0; MOVED],
            total: [STIFFNESS; MOVED],
        };
        for i in 0..self.count {
            for l in 0..MOVED {
                let (dx, dy) = (x[l] - self.x[i], y[l] - self.y[i]);
                let far = 1.0 + (dx * dx + dy * dy) * (1.0 / (GIVE_PX * GIVE_PX));
                let w = self.weight[i] / (far * far);
                out.x[l] += w * self.shift_x[i];
                out.y[l] += w * self.shift_y[i];
                out.total[l] += w;
            }
        }
        out
    }

    /// Where some places come to lie.
    #[inline(always)]
    pub(crate) fn apply(&self, x: &[f32; MOVED], y: &[f32; MOVED]) -> ([f32; MOVED], [f32; MOVED]) {
        let shifts = self.shifts(x, y);
        let (mut to_x, mut to_y) = ([0.0; MOVED], [0.0; MOVED]);
        for l in 0..MOVED {
            (to_x[l], to_y[l]) = self.placement.apply(x[l], y[l]);
            to_x[l] += shifts.x[l] / shifts.total[l];
            to_y[l] += shifts.y[l] / shifts.total[l];
        }
        (to_x, to_y)
    }

    /// Where each anchor would come to lie if it were not known: [`MOVED`] anchors from `first` on.
    #[inline(always)]
    pub(crate) fn expected(&self, first: usize) -> ([f32; MOVED], [f32; MOVED]) {
        let (mut x, mut y) = ([0.0; MOVED], [0.0; MOVED]);
        x.copy_from_slice(&self.x[first..first + MOVED]);
        y.copy_from_slice(&self.y[first..first + MOVED]);
        let shifts = self.shifts(&x, &y);
        let (mut to_x, mut to_y) = ([0.0; MOVED], [0.0; MOVED]);
        for l in 0..MOVED {
            // An anchor's own shift counts with its whole weight.
            let i = first + l;
            let own = self.weight[i];
            (to_x[l], to_y[l]) = self.placement.apply(x[l], y[l]);
            to_x[l] += (shifts.x[l] - own * self.shift_x[i]) / (shifts.total[l] - own);
            to_y[l] += (shifts.y[l] - own * self.shift_y[i]) / (shifts.total[l] - own);
        }
        (to_x, to_y)
    }

    /// Root mean square of the local shifts, pixels.
    pub(crate) fn bending(&self) -> f32 {
        let mut sum = 0.0;
        for i in 0..self.count {
            sum += self.shift_x[i] * self.shift_x[i] + self.shift_y[i] * self.shift_y[i];
        }
        (sum / self.count.max(1) as f32).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portable::sin_cos;

    fn anchors(bend: f32) -> Vec<Anchor> {
        let (sin, cos) = sin_cos(2.0);
        let known = Placement {
            cos,
            sin,
            from: (10.0, 20.0),
            to: (100.0, 120.0),
        };
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
                    let (x, y) = w.apply(&[a.from.0; MOVED], &[a.from.1; MOVED]);
                    (x[0] - a.to.0).abs() + (y[0] - a.to.1).abs()
                })
                .sum()
        };
        assert!(apart(&warp) < 0.6 * apart(&rigid));
        assert!(warp.bending() > 1.0);
    }

    #[test]
    fn an_anchor_is_expected_where_the_others_put_it() {
        let mut list = anchors(12.0);
        let warp = Warp::fit(&list);
        let (x, y) = warp.expected(0);
        // The same from a warp that never knew of the shift: its weight is nothing, the placement the same.
        let mut without = Warp::fit(&list);
        without.weight[0] = 0.0;
        let first = list.remove(0).from;
        let (wx, wy) = without.apply(&[first.0; MOVED], &[first.1; MOVED]);
        assert!((x[0] - wx[0]).abs() < 1e-3 && (y[0] - wy[0]).abs() < 1e-3);
    }
}
