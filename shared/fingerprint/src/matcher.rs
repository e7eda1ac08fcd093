//! Matcher: is this the same finger?
//!
//! In: two templates. Out: `Evidence`, and from it one calibrated `Score`. Never: depends on the order of the two
//! by more than rounding; never allocates more than the pairs of two templates.
//!
//!   surroundings alike → seeds → rigid placements → the best few, bent as skin bends → matched minutiae, missing
//!   minutiae, ridges in step → evidence → score

use core::cell::Cell;
use core::f32::consts::TAU;

use crate::descriptor::{MATCHED_MAX, Prepared, likeness};
use crate::placement::{Anchor, Placement, Warp};
use crate::portable::length;
use crate::ridge_agreement::{RidgeAgreement, ridge_agreement};
use crate::score::Score;
use crate::template::Template;

/// Pairs less alike than this are no seeds.
const SEED_LIKENESS_MIN: f32 = 0.42;
/// How many seeds are tried as the place where both pictures are laid on each other.
const SEEDS: usize = 32;
/// ... and how often one minutia may be a seed.
const SEEDS_PER_POINT: usize = 2;
/// Seeds come from this many of the most reliable minutiae of each.
const SEED_POINTS: usize = 48;
/// A placement with less support is not looked at further: 1 in 200 pairs of one finger has less.
const SUPPORT_MIN: f32 = 1.5;
/// The second and third best placements are weighed when they have this share of the best one's support.
const FINALIST_SHARE: f32 = 0.7;
/// How many placements are bent and weighed.
const FINALISTS: usize = 3;
/// Directions of matched minutiae differ by less, in 1/256 turn (28°).
const TURN_TOLERANCE: f32 = 20.0;
/// Around a seed, matched minutiae lie this near, pixels, and this much further apart per pixel from the seed.
const NEAR_PX: f32 = 7.0;
const STRETCH: f32 = 0.085;
/// Reach of the rounds in which the warp is found, pixels.
const ROUNDS_PX: [f32; 3] = [16.0, 13.0, 11.5];

/// What speaks for one finger; the score is a function of it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Evidence {
    /// Matched minutiae.
    pub(crate) matched: f32,
    /// Sum over matched minutiae of likeness × nearness.
    pub(crate) weight: f32,
    /// Minutiae of each picture where both have ridges, each counted by its reliability.
    pub(crate) in_common_a: f32,
    pub(crate) in_common_b: f32,
    /// The reliability of the matched ones, in the same measure.
    pub(crate) reliable: f32,
    /// Mean distance of a matched minutia from where the others would put it, pixels.
    pub(crate) apart_px: f32,
    /// Mean difference in direction, 1/256 turn.
    pub(crate) apart_turn: f32,
    /// Mean likeness of surroundings.
    pub(crate) alike: f32,
    /// Share of matched minutiae of the same type.
    pub(crate) same_kind: f32,
    /// Root mean square of the skin's local shifts, pixels.
    pub(crate) bending: f32,
    /// Cosine of the turn.
    pub(crate) upright: f32,
    /// Support of the seed.
    pub(crate) support: f32,
    pub(crate) ridges: RidgeAgreement,
    /// Minutiae of both pictures.
    pub(crate) count_a: f32,
    pub(crate) count_b: f32,
    /// Cells with ridges of both pictures.
    pub(crate) cells_a: f32,
    pub(crate) cells_b: f32,
    /// Plain numbers of minutiae in common.
    pub(crate) plain_a: f32,
    pub(crate) plain_b: f32,
}

/// Compares two templates. Templates of different algorithms, or without minutiae, score 0.
pub fn match_score(a: &Template, b: &Template) -> Score {
    if a.algorithm != b.algorithm {
        return Score::NONE;
    }
    evidence(a, b).map_or(Score::NONE, |e| Score::of_evidence(&e))
}

#[derive(Clone, Copy)]
struct Seed {
    a: u8,
    b: u8,
    like: u8,
}

/// Likeness of pairs of surroundings, 0 to 254, worked out when asked for.
struct Likeness {
    columns: usize,
    values: [Cell<u8>; MATCHED_MAX * MATCHED_MAX],
}

const UNKNOWN: u8 = 255;

/// Both templates' points and what is known of their pairs.
struct Bench<'a> {
    a: &'a Prepared,
    b: &'a Prepared,
    like: Likeness,
}

impl<'a> Bench<'a> {
    fn new(a: &'a Prepared, b: &'a Prepared) -> Self {
        let like = Likeness {
            columns: b.points.len(),
            values: [const { Cell::new(UNKNOWN) }; MATCHED_MAX * MATCHED_MAX],
        };
        Self { a, b, like }
    }

    fn like_code(&self, a: usize, b: usize) -> u8 {
        let cell = &self.like.values[a * self.like.columns + b];
        if cell.get() == UNKNOWN {
            let (p, q) = (&self.a.points[a], &self.b.points[b]);
            cell.set((likeness(&p.around, &q.around) * 254.0) as u8);
        }
        cell.get()
    }

    /// Likeness of the surroundings of a pair, 0 to 1.
    fn like(&self, a: usize, b: usize) -> f32 {
        f32::from(self.like_code(a, b)) * (1.0 / 254.0)
    }
}

/// A matched pair.
#[derive(Clone, Copy)]
struct Match {
    a: usize,
    b: usize,
    weight: f32,
}

pub(crate) fn evidence(a: &Template, b: &Template) -> Option<Evidence> {
    let (pa, pb) = (&a.prepared, &b.prepared);
    if pa.points.len() < 3 || pb.points.len() < 3 {
        return None;
    }
    let bench = Bench::new(pa, pb);
    let mut best: Option<(f32, Evidence)> = None;
    let mut strongest = SUPPORT_MIN;
    for (support, placement) in bench.placements() {
        if support < strongest {
            break;
        }
        strongest = strongest.max(support * FINALIST_SHARE);
        let e = bench.weigh(a, b, placement, support);
        let strength = crate::score::strength(&e);
        if best.as_ref().is_none_or(|(old, _)| strength > *old) {
            best = Some((strength, e));
        }
    }
    best.map(|(_, e)| e)
}

impl Bench<'_> {
    /// The most alike pairs, most alike first: a few of each minutia.
    fn seeds(&self) -> Vec<Seed> {
        let least = (SEED_LIKENESS_MIN * 254.0) as u8;
        let mut seeds = Vec::with_capacity(2 * SEED_POINTS);
        for a in 0..self.a.points.len().min(SEED_POINTS) {
            let mut best = [Seed {
                a: 0,
                b: 0,
                like: least,
            }; SEEDS_PER_POINT];
            for b in 0..self.b.points.len().min(SEED_POINTS) {
                let like = self.like_code(a, b);
                if like > best[SEEDS_PER_POINT - 1].like {
                    let at = best
                        .iter()
                        .position(|s| like > s.like)
                        .unwrap_or(SEEDS_PER_POINT - 1);
                    best[at..].rotate_right(1);
                    best[at] = Seed {
                        a: a as u8,
                        b: b as u8,
                        like,
                    };
                }
            }
            seeds.extend(best.into_iter().filter(|s| s.like > least));
        }
        seeds.sort_unstable_by_key(|s| (core::cmp::Reverse(s.like), s.a, s.b));
        let mut used = [0usize; MATCHED_MAX];
        seeds.retain(|s| {
            used[usize::from(s.b)] += 1;
            used[usize::from(s.b)] <= SEEDS_PER_POINT
        });
        seeds.truncate(SEEDS);
        seeds
    }

    /// The best supported placements, different from each other, best first, with their support.
    fn placements(&self) -> Vec<(f32, Placement)> {
        let mut tried: Vec<(f32, Placement)> = self
            .seeds()
            .iter()
            .map(|s| {
                let (p, q) = (
                    &self.a.points[usize::from(s.a)],
                    &self.b.points[usize::from(s.b)],
                );
                // Directions count counter-clockwise, the picture's axes clockwise.
                let turn = p.direction.wrapping_sub(q.direction);
                let turn_rad = f32::from(turn) * TAU / 256.0;
                let placement = Placement::new(turn_rad, (p.x, p.y), (q.x, q.y));
                (self.support(&placement, turn), placement)
            })
            .collect();
        tried.sort_by(|p, q| q.0.total_cmp(&p.0));
        let centre = (
            self.a.points.iter().map(|p| p.x).sum::<f32>() / self.a.points.len() as f32,
            self.a.points.iter().map(|p| p.y).sum::<f32>() / self.a.points.len() as f32,
        );
        let mut kept: Vec<(f32, Placement)> = Vec::with_capacity(FINALISTS);
        for (support, placement) in tried {
            let (x, y) = placement.apply(centre.0, centre.1);
            let fresh = kept.iter().all(|(_, other)| {
                let (ox, oy) = other.apply(centre.0, centre.1);
                let together = placement.cos * other.cos + placement.sin * other.sin;
                length(x - ox, y - oy) > 24.0 || together < 0.966
            });
            if fresh {
                kept.push((support, placement));
                if kept.len() == FINALISTS {
                    break;
                }
            }
        }
        kept
    }

    /// How many alike minutiae meet under a placement, each at most once, by how well.
    fn support(&self, placement: &Placement, turn: u8) -> f32 {
        let mut met = [0f32; MATCHED_MAX];
        for (i, p) in self.a.points.iter().enumerate() {
            let (x, y) = placement.apply(p.x, p.y);
            let far = length(p.x - placement.from.0, p.y - placement.from.1);
            let reach = NEAR_PX + STRETCH * far;
            let wanted = p.direction.wrapping_sub(turn);
            let mut best = (0f32, usize::MAX);
            self.b.buckets.near(x, y, reach, |j| {
                let q = &self.b.points[j];
                let turned = f32::from((q.direction.wrapping_sub(wanted) as i8).unsigned_abs());
                let distance = (q.x - x) * (q.x - x) + (q.y - y) * (q.y - y);
                if distance < reach * reach && turned < TURN_TOLERANCE {
                    let near =
                        1.0 - 0.6 * distance / (reach * reach) - 0.4 * turned / TURN_TOLERANCE;
                    let weight = self.like(i, j) * (0.4 + 0.6 * near);
                    if weight > best.0 {
                        best = (weight, j);
                    }
                }
            });
            if best.1 != usize::MAX && met[best.1] < best.0 {
                met[best.1] = best.0;
            }
        }
        met.iter().sum()
    }

    /// Pairs that meet under a warp, one to one, best first.
    fn meet(&self, warp: &Warp, reach: f32) -> Vec<Match> {
        let turn = warp.placement.turn() * (256.0 / TAU);
        let mut meeting: Vec<Match> = Vec::with_capacity(128);
        for (a, p) in self.a.points.iter().enumerate() {
            let (x, y) = warp.apply(p.x, p.y);
            self.b.buckets.near(x, y, reach, |b| {
                let q = &self.b.points[b];
                let distance = (q.x - x) * (q.x - x) + (q.y - y) * (q.y - y);
                let turned = self.turned(a, b, turn).abs();
                let like = self.like(a, b);
                if distance < reach * reach && turned < TURN_TOLERANCE && like > 0.1 {
                    let near =
                        1.0 - 0.6 * distance / (reach * reach) - 0.4 * turned / TURN_TOLERANCE;
                    meeting.push(Match {
                        a,
                        b,
                        weight: like * (0.4 + 0.6 * near),
                    });
                }
            });
        }
        meeting.sort_unstable_by(|p, q| {
            q.weight
                .total_cmp(&p.weight)
                .then(p.a.cmp(&q.a))
                .then(p.b.cmp(&q.b))
        });
        let (mut used_a, mut used_b) = (0u64, 0u64);
        meeting.retain(|m| {
            let free = used_a >> m.a & 1 == 0 && used_b >> m.b & 1 == 0;
            if free {
                used_a |= 1 << m.a;
                used_b |= 1 << m.b;
            }
            free
        });
        meeting
    }

    /// How far the directions of a pair differ beyond `turn`, 1/256 turn, −128 to 128.
    fn turned(&self, a: usize, b: usize, turn: f32) -> f32 {
        let own = self.a.points[a]
            .direction
            .wrapping_sub(self.b.points[b].direction);
        let d = f32::from(own) - turn;
        d - (d * (1.0 / 256.0) + 0.5).floor() * 256.0
    }

    fn anchors(&self, matches: &[Match]) -> Vec<Anchor> {
        matches
            .iter()
            .map(|m| {
                let (p, q) = (&self.a.points[m.a], &self.b.points[m.b]);
                Anchor {
                    from: (p.x, p.y),
                    to: (q.x, q.y),
                    weight: m.weight,
                }
            })
            .collect()
    }

    fn weigh(&self, a: &Template, b: &Template, start: Placement, support: f32) -> Evidence {
        // Around the seed the picture fits; farther off skin may have given.
        let mut warp = Warp::rigid(start);
        let mut matches = self.meet(&warp, ROUNDS_PX[0]);
        for reach in ROUNDS_PX {
            if matches.len() < 3 {
                break;
            }
            warp = Warp::fit(&self.anchors(&matches));
            matches = self.meet(&warp, reach);
        }
        let warp = if matches.len() < 3 {
            warp
        } else {
            Warp::fit(&self.anchors(&matches))
        };
        let turn = warp.placement.turn() * (256.0 / TAU);
        let n = matches.len().max(1) as f32;
        let mut e = Evidence {
            matched: matches.len() as f32,
            bending: warp.bending(),
            upright: warp.placement.cos,
            support,
            count_a: self.a.points.len() as f32,
            count_b: self.b.points.len() as f32,
            cells_a: a.flow.ridged(),
            cells_b: b.flow.ridged(),
            ridges: ridge_agreement(&a.flow, &b.flow, &warp),
            ..Evidence::default()
        };
        for (i, m) in matches.iter().enumerate() {
            let (p, q) = (&self.a.points[m.a], &self.b.points[m.b]);
            let (x, y) = warp.apply_without(p.x, p.y, i);
            let apart = length(q.x - x, q.y - y);
            let turned = self.turned(m.a, m.b, turn).abs();
            let near =
                1.0 / (1.0 + apart * apart * (1.0 / 36.0)) * (1.0 - 0.5 * turned / TURN_TOLERANCE);
            let like = self.like(m.a, m.b);
            e.weight += like * near;
            e.reliable += (p.reliability * q.reliability).sqrt();
            e.apart_px += apart / n;
            e.apart_turn += turned / n;
            e.alike += like / n;
            e.same_kind += f32::from(u8::from(p.kind == q.kind)) / n;
        }
        for p in &self.a.points {
            let (x, y) = warp.apply(p.x, p.y);
            if b.flow.at(x, y).is_some() {
                e.in_common_a += p.reliability;
                e.plain_a += 1.0;
            }
        }
        for q in &self.b.points {
            // The bending is small against a flow cell.
            let (x, y) = warp.placement.inverse(q.x, q.y);
            if a.flow.at(x, y).is_some() {
                e.in_common_b += q.reliability;
                e.plain_b += 1.0;
            }
        }
        e
    }
}

/// How many numbers [`evidence_numbers`] gives.
pub const EVIDENCE_NUMBERS: usize = 25;

/// The numbers a score is made of, for those who calibrate; their order is that of the fields of `Evidence`, the last
/// is the strength. `None` when nothing can be compared.
pub fn evidence_numbers(a: &Template, b: &Template) -> Option<[f32; EVIDENCE_NUMBERS]> {
    let e = evidence(a, b)?;
    let r = &e.ridges;
    Some([
        e.matched,
        e.weight,
        e.in_common_a,
        e.in_common_b,
        e.reliable,
        e.apart_px,
        e.apart_turn,
        e.alike,
        e.same_kind,
        e.bending,
        e.upright,
        e.support,
        r.cells,
        r.turned,
        r.stretched,
        r.coherence,
        r.in_phase,
        r.in_step,
        e.count_a,
        e.count_b,
        e.cells_a,
        e.cells_b,
        e.plain_a,
        e.plain_b,
        crate::score::strength(&e),
    ])
}
