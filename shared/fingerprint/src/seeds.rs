//! Seeds: pairs of alike minutiae on which one picture may be laid on the other.
//!
//! In: likeness of the most reliable minutiae of both. Out: the seeds that most others agree with, or nothing when too
//! few agree on one placement: half of the comparisons of different fingers end here. Never: places anything.
//!
//! Two pairs agree when each, laid on the other picture by its own minutia, says where the other's minutia lies.

#![allow(
    clippy::needless_range_loop,
    reason = "loops over lanes of several arrays at once, which the compiler turns into wide instructions"
)]

use core::cmp::Reverse;
use core::f32::consts::TAU;
use std::sync::OnceLock;

use crate::descriptor::{LANES, LIKENESS_ONE, Prepared};
use crate::matcher::Likeness;
use crate::portable::sin_cos;

/// Seeds come from this many of the most reliable minutiae of each.
pub(crate) const POINTS: usize = 40;
/// Pairs less alike than this are no seeds.
const LIKENESS_MIN: f32 = 0.42;
/// How many seeds are weighed against each other.
const SEEDS: usize = 32;
/// ... and how often one minutia may be a seed.
const OF_ONE_POINT: usize = 2;
/// How many seeds are tried as the place where both pictures are laid on each other.
pub(crate) const TRIED: usize = 12;
/// Seeds that agree less than this are not of one finger: many comparisons of different fingers end here, and of one
/// finger fewer than 1 in 200, hopeless ones.
const AGREEMENT_MIN: f32 = 0.9;
/// Two seeds agree when the second lies where the first says within this, pixels, and this share of the distance.
const AGREE_PX: f32 = 9.0;
const AGREE_SHARE: f32 = 0.10;
/// And turns alike within 28°: 1 − cos of it.
const AGREE_TURN: f32 = 0.118;

/// A pair of minutiae, by their places in both templates.
#[derive(Clone, Copy, Default)]
pub(crate) struct Seed {
    pub(crate) a: u8,
    pub(crate) b: u8,
}

/// Seeds, laid out for arithmetic over all of them at once.
struct Pairs {
    count: usize,
    a: [u8; SEEDS],
    b: [u8; SEEDS],
    like: [f32; SEEDS],
    ax: [f32; SEEDS],
    ay: [f32; SEEDS],
    bx: [f32; SEEDS],
    by: [f32; SEEDS],
    cos: [f32; SEEDS],
    sin: [f32; SEEDS],
}

/// (sine, cosine) of whole codes of 1/256 turn.
pub(crate) fn circle() -> &'static [(f32, f32); 256] {
    static CIRCLE: OnceLock<[(f32, f32); 256]> = OnceLock::new();
    CIRCLE.get_or_init(|| core::array::from_fn(|i| sin_cos(i as f32 * TAU / 256.0)))
}

/// The seeds to try, those with most agreement first.
pub(crate) struct Seeds {
    /// What most agree with: the likeness of the first seed and of those that agree with it.
    pub(crate) agreement: f32,
    count: usize,
    seeds: [Seed; TRIED],
}

impl Seeds {
    /// `None` when no two minutiae are alike, or when seeds do not agree as those of one finger do.
    #[inline(always)]
    pub(crate) fn of(a: &Prepared, b: &Prepared, like: &Likeness) -> Option<Self> {
        let pairs = most_alike(a, b, like);
        let agreement = pairs.agreement();
        let mut order: [u8; SEEDS] = core::array::from_fn(|i| i as u8);
        let order = &mut order[..pairs.count];
        order.sort_unstable_by(|&p, &q| {
            agreement[usize::from(q)]
                .total_cmp(&agreement[usize::from(p)])
                .then(p.cmp(&q))
        });
        let mut out = Self {
            agreement: agreement[usize::from(*order.first()?)],
            count: order.len().min(TRIED),
            seeds: [Seed::default(); TRIED],
        };
        for (seed, &i) in out.seeds.iter_mut().zip(order.iter()) {
            let i = usize::from(i);
            *seed = Seed {
                a: pairs.a[i],
                b: pairs.b[i],
            };
        }
        (out.agreement >= AGREEMENT_MIN).then_some(out)
    }

    #[inline(always)]
    pub(crate) fn seeds(&self) -> &[Seed] {
        &self.seeds[..self.count]
    }
}

/// The most alike pairs, most alike first: a few of each minutia.
#[inline(always)]
fn most_alike(a: &Prepared, b: &Prepared, like: &Likeness) -> Pairs {
    let least = (LIKENESS_MIN * LIKENESS_ONE) as i16;
    let mut found = [0u32; POINTS * OF_ONE_POINT];
    let mut count = 0;
    for i in 0..a.count.min(POINTS) {
        // Likeness, then the earlier of equals.
        let mut keys = [0i16; POINTS];
        let row = like.row(i);
        for l in 0..POINTS {
            keys[l] = i16::from(row[l]) << 6 | (LANES - 1 - l) as i16;
        }
        for _ in 0..OF_ONE_POINT {
            let mut best = 0i16;
            for l in 0..POINTS {
                best = best.max(keys[l]);
            }
            if best >> 6 <= least {
                break;
            }
            let j = LANES - 1 - (best as usize & (LANES - 1));
            keys[j] = 0;
            found[count] =
                (best as u32 >> 6) << 12 | ((LANES - 1 - i) as u32) << 6 | (LANES - 1 - j) as u32;
            count += 1;
        }
    }
    let found = &mut found[..count];
    found.sort_unstable_by_key(|key| Reverse(*key));
    let mut out = Pairs {
        count: 0,
        a: [0; SEEDS],
        b: [0; SEEDS],
        like: [0.0; SEEDS],
        ax: [0.0; SEEDS],
        ay: [0.0; SEEDS],
        bx: [0.0; SEEDS],
        by: [0.0; SEEDS],
        cos: [0.0; SEEDS],
        sin: [0.0; SEEDS],
    };
    let mut used = [0usize; LANES];
    for key in found.iter() {
        let i = LANES - 1 - (key >> 6 & 63) as usize;
        let j = LANES - 1 - (key & 63) as usize;
        used[j] += 1;
        if used[j] > OF_ONE_POINT {
            continue;
        }
        let k = out.count;
        (out.a[k], out.b[k]) = (i as u8, j as u8);
        out.like[k] = (key >> 12) as f32 * (1.0 / LIKENESS_ONE);
        (out.ax[k], out.ay[k]) = (a.x[i], a.y[i]);
        (out.bx[k], out.by[k]) = (b.x[j], b.y[j]);
        // Directions count counter-clockwise, the picture's axes clockwise.
        (out.sin[k], out.cos[k]) =
            circle()[usize::from(a.direction[i].wrapping_sub(b.direction[j]))];
        out.count += 1;
        if out.count == SEEDS {
            break;
        }
    }
    out
}

impl Pairs {
    /// For each: the likeness of those that agree with it, by how well.
    #[inline(always)]
    fn agreement(&self) -> [f32; SEEDS] {
        let mut out = self.like;
        for u in 0..self.count {
            let (cos, sin) = (self.cos[u], self.sin[u]);
            for v in 0..SEEDS {
                let (dx, dy) = (self.ax[v] - self.ax[u], self.ay[v] - self.ay[u]);
                let (ex, ey) = (self.bx[v] - self.bx[u], self.by[v] - self.by[u]);
                // Where each pair's turn says that the other lies.
                let (px, py) = (cos * dx - sin * dy - ex, sin * dx + cos * dy - ey);
                let (qx, qy) = (
                    self.cos[v] * dx - self.sin[v] * dy - ex,
                    self.sin[v] * dx + self.cos[v] * dy - ey,
                );
                let off = 0.5 * (px * px + py * py + qx * qx + qy * qy);
                let reach = AGREE_PX * AGREE_PX + AGREE_SHARE * AGREE_SHARE * (dx * dx + dy * dy);
                let turned = 1.0 - (cos * self.cos[v] + sin * self.sin[v]);
                let near =
                    (1.0 - off / reach).max(0.0) * (1.0 - turned * (1.0 / AGREE_TURN)).max(0.0);
                // A minutia cannot be in two places: squared distances of different minutiae are not 0.
                let apart = (dx * dx + dy * dy).min(1.0) * (ex * ex + ey * ey).min(1.0);
                out[v] += near * self.like[u] * apart;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::TemplatePerson;
    use crate::template::Template;
    use qayd_model::FingerPosition;

    fn agreement(a: &Template, b: &Template) -> Option<f32> {
        let like = Likeness::of_first(&a.prepared, &b.prepared, POINTS);
        Seeds::of(&a.prepared, &b.prepared, &like).map(|s| s.agreement)
    }

    #[test]
    fn some_of_the_different_fingers_end_here_and_one_finger_does_not() {
        let of = |seed, impression| {
            TemplatePerson::make(seed).impression(FingerPosition::RightIndex, impression)
        };
        let (mut one, mut different) = (0, 0);
        for seed in 0..60 {
            one += usize::from(agreement(&of(seed, 1), &of(seed, 2)).is_some());
            different += usize::from(agreement(&of(seed, 1), &of(seed + 100, 2)).is_some());
        }
        assert!(one >= 58, "{one} of 60");
        assert!(different <= 45, "{different} of 60");
    }
}
