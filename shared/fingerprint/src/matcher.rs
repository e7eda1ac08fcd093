//! Matcher: is this the same finger?
//!
//! In: two templates. Out: `Evidence`, and from it one calibrated `Score`. Never: depends on the order of the two
//! by more than rounding; never allocates more than the cells of two flow grids.
//!
//!   surroundings alike → seeds → rigid placements → the best few, bent as skin bends → matched minutiae, missing
//!   minutiae, ridges in step → evidence → score
//!                          │                     │
//!                  no agreement: 0       little promise: 0      9 in 10 comparisons of different fingers end there

use core::f32::consts::TAU;

use crate::descriptor::{LANES, LIKENESS_ONE, NEARBY_PX, Prepared};
use crate::placement::{Anchor, MOVED, Placement, Warp};
use crate::portable::length;
use crate::ridge_agreement::{RidgeAgreement, ridge_agreement};
use crate::score::Score;
use crate::seeds::{Seed, Seeds, circle};
use crate::template::Template;
use crate::wide::{Lines, wide};

/// A placement with less support is not looked at further: 1 in 200 pairs of one finger has less.
const SUPPORT_MIN: f32 = 1.5;
/// The second and third best placements are weighed when they have this share of the best one's support.
const FINALIST_SHARE: f32 = 0.7;
/// Placements that promise less are not weighed: 9 in 10 comparisons of different fingers end before, and fewer than 1
/// in 100 of one finger, of those that score 100 or more fewer than 1 in 500.
const PROMISE_MIN: f32 = 1.4;
/// Templates without waves are taken to be about as much in step as one finger is: the gate is then none.
const IN_STEP_UNKNOWN: f32 = 0.45;
/// Nor are those that promise so much less than the best.
const PROMISE_SPAN: f32 = 0.4;
/// How many placements are bent and weighed.
const FINALISTS: usize = 3;
/// Support comes from this many of the most reliable minutiae of the first picture.
const SUPPORTING: usize = 48;
/// Room for pairs that meet under a placement.
const MEETING_MAX: usize = 256;
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

/// Likeness of pairs of surroundings, 0 to 254, row by row for the points of the first picture.
pub(crate) struct Likeness {
    rows: [[u8; LANES]; LANES],
    /// Which points of the second picture are at all alike, a bit for each.
    alike: [u64; LANES],
    /// So many rows are known.
    known: usize,
}

impl Likeness {
    /// With the rows of the first `count` points.
    #[inline(always)]
    pub(crate) fn of_first(a: &Prepared, b: &Prepared, count: usize) -> Self {
        let mut out = Self {
            rows: [[0; LANES]; LANES],
            alike: [0; LANES],
            known: 0,
        };
        out.know(a, b, count);
        out
    }

    /// Works out the rows of the first `count` points.
    #[inline(always)]
    fn know(&mut self, a: &Prepared, b: &Prepared, count: usize) {
        for i in self.known..count.min(a.count) {
            a.likeness(i, b, &mut self.rows[i]);
            self.alike[i] = alike_bits(&self.rows[i]);
        }
        self.known = count.max(self.known);
    }

    #[inline(always)]
    pub(crate) fn row(&self, a: usize) -> &[u8; LANES] {
        &self.rows[a]
    }

    /// Likeness of the surroundings of a pair, 0 to 1.
    #[inline(always)]
    fn of(&self, a: usize, b: usize) -> f32 {
        f32::from(self.rows[a][b]) * (1.0 / LIKENESS_ONE)
    }
}

/// The upper bit of each of eight bytes that is 64 or more, gathered.
#[inline(always)]
fn alike_bits(row: &[u8; LANES]) -> u64 {
    let mut out = 0;
    for (k, eight) in row.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*eight);
        let upper = ((word | word << 1) & 0x8080_8080_8080_8080) >> 7;
        out |= (upper.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * k);
    }
    out
}

/// Both templates' points and what is known of their pairs.
struct Bench<'a> {
    a: &'a Prepared,
    b: &'a Prepared,
    like: &'a Likeness,
}

/// What meets under a placement.
struct Support {
    sum: f32,
    /// For each point of the second picture: how well it is met, and by which point of the first.
    met: [(f32, u8); LANES],
}

/// A placement that is worth a closer look.
#[derive(Clone, Copy)]
struct Finalist {
    placement: Placement,
    support: f32,
    /// How likely it is to be right, by support and by a few cells' ridges.
    promise: f32,
}

impl Finalist {
    const NONE: Self = Self {
        placement: Placement::NONE,
        support: 0.0,
        promise: f32::MIN,
    };
}

/// A matched pair.
#[derive(Clone, Copy, Default)]
struct Match {
    a: u8,
    b: u8,
    weight: f32,
}

/// Pairs that meet, without allocation.
struct Matches {
    count: usize,
    pairs: [Match; MEETING_MAX],
}

impl Matches {
    #[inline(always)]
    fn pairs(&self) -> &[Match] {
        &self.pairs[..self.count]
    }
}

/// Two templates to be compared, with narrow registers or wide ones.
struct Compare<'a>(&'a Template, &'a Template);

impl Lines for Compare<'_> {
    type Answer = Option<Evidence>;

    #[inline(always)]
    fn run(self) -> Option<Evidence> {
        compare(self.0, self.1)
    }
}

pub(crate) fn evidence(a: &Template, b: &Template) -> Option<Evidence> {
    wide(Compare(a, b))
}

/// The same, whatever the processor can do.
#[cfg(test)]
fn evidence_portable(a: &Template, b: &Template) -> Option<Evidence> {
    crate::wide::portable(Compare(a, b))
}

#[inline(always)]
fn compare(a: &Template, b: &Template) -> Option<Evidence> {
    let (pa, pb) = (&*a.prepared, &*b.prepared);
    if pa.count < 3 || pb.count < 3 {
        return None;
    }
    let mut like = Likeness::of_first(pa, pb, crate::seeds::POINTS);
    let seeds = Seeds::of(pa, pb, &like)?;
    like.know(pa, pb, SUPPORTING);
    let bench = Bench {
        a: pa,
        b: pb,
        like: &like,
    };
    let (finalists, count) = bench.finalists(&seeds);
    let promise = finalists[..count].iter().map(|f| f.promise);
    let most = promise.fold(f32::MIN, f32::max);
    if most < PROMISE_MIN {
        return None;
    }
    like.know(pa, pb, LANES);
    let bench = Bench {
        a: pa,
        b: pb,
        like: &like,
    };
    let mut best: Option<(f32, Evidence)> = None;
    let mut strongest = SUPPORT_MIN;
    for f in &finalists[..count] {
        if f.support < strongest {
            break;
        }
        strongest = strongest.max(f.support * FINALIST_SHARE);
        if f.promise < most - PROMISE_SPAN {
            continue;
        }
        let e = bench.weigh(a, b, f.placement, f.support);
        let strength = crate::score::strength(&e);
        if best.as_ref().is_none_or(|(old, _)| strength > *old) {
            best = Some((strength, e));
        }
    }
    best.map(|(_, e)| e)
}

impl Bench<'_> {
    /// The best supported placements, different from each other, best first.
    #[inline(always)]
    fn finalists(&self, seeds: &Seeds) -> ([Finalist; FINALISTS], usize) {
        let mut tried = [(0.0, Placement::NONE, Seed::default()); crate::seeds::TRIED];
        let count = seeds.seeds().len();
        for (tried, s) in tried.iter_mut().zip(seeds.seeds()) {
            let (placement, turn) = self.laid(s);
            *tried = (self.support(&placement, turn).sum, placement, *s);
        }
        let tried = &mut tried[..count];
        tried.sort_by(|p, q| q.0.total_cmp(&p.0));
        let count = self.a.count;
        let centre = (
            self.a.x[..count].iter().sum::<f32>() / count as f32,
            self.a.y[..count].iter().sum::<f32>() / count as f32,
        );
        let (mut kept, mut found) = ([Placement::NONE; FINALISTS], 0);
        let mut out = [Finalist::NONE; FINALISTS];
        for (support, placement, seed) in tried.iter() {
            let (x, y) = placement.apply(centre.0, centre.1);
            let fresh = kept[..found].iter().all(|other| {
                let (ox, oy) = other.apply(centre.0, centre.1);
                let together = placement.cos * other.cos + placement.sin * other.sin;
                length(x - ox, y - oy) > 24.0 || together < 0.966
            });
            if !fresh {
                continue;
            }
            let settled = self.settled(seed);
            let glance = self.a.ridges.glance(&self.b.ridges, &settled);
            let in_step = glance.map_or(IN_STEP_UNKNOWN, |g| g.in_step());
            kept[found] = *placement;
            out[found] = Finalist {
                placement: settled,
                support: *support,
                promise: 0.5 * support.sqrt() + 2.0 * in_step,
            };
            found += 1;
            if found == FINALISTS {
                break;
            }
        }
        (out, found)
    }

    /// How many alike minutiae meet under a placement, each at most once, by how well.
    #[inline(always)]
    fn support(&self, placement: &Placement, turn: u8) -> Support {
        let (a, b) = (self.a, self.b);
        let mut met = [(0f32, 0u8); LANES];
        let count = a.count.min(SUPPORTING);
        let (xs, ys) = (a.x.as_chunks::<MOVED>().0, a.y.as_chunks::<MOVED>().0);
        for (block, (xs, ys)) in xs.iter().zip(ys).enumerate() {
            if block * MOVED >= count {
                break;
            }
            let (mut to_x, mut to_y, mut reach) = ([0f32; MOVED], [0f32; MOVED], [0f32; MOVED]);
            for l in 0..MOVED {
                (to_x[l], to_y[l]) = placement.apply(xs[l], ys[l]);
                let far = length(xs[l] - placement.from.0, ys[l] - placement.from.1);
                let near = (NEAR_PX + STRETCH * far).min(NEARBY_PX);
                reach[l] = 1.0 / (near * near);
            }
            for l in 0..MOVED.min(count - block * MOVED) {
                let i = block * MOVED + l;
                let wanted = a.direction[i].wrapping_sub(turn);
                let mut near =
                    b.nearby.at(to_x[l], to_y[l]) & b.facing(wanted) & self.like.alike[i];
                let mut best = (0f32, 0);
                while near != 0 {
                    let j = near.trailing_zeros() as usize;
                    near &= near - 1;
                    let (dx, dy) = (b.x[j] - to_x[l], b.y[j] - to_y[l]);
                    let turned =
                        f32::from((b.direction[j].wrapping_sub(wanted) as i8).unsigned_abs());
                    let distance = (dx * dx + dy * dy) * reach[l];
                    if distance < 1.0 && turned < TURN_TOLERANCE {
                        let near = 1.0 - 0.6 * distance - (0.4 / TURN_TOLERANCE) * turned;
                        let weight = f32::from(self.like.rows[i][j]) * (0.4 + 0.6 * near);
                        if weight > best.0 {
                            best = (weight, j);
                        }
                    }
                }
                if best.0 > met[best.1].0 {
                    met[best.1] = (best.0, i as u8);
                }
            }
        }
        let mut sum = 0.0;
        for m in &met {
            sum += m.0;
        }
        Support {
            sum: sum * (1.0 / LIKENESS_ONE),
            met,
        }
    }

    /// The rigid placement that the minutiae which meet under another one ask for.
    #[inline(always)]
    fn settled(&self, seed: &Seed) -> Placement {
        let (placement, turn) = self.laid(seed);
        let met = self.support(&placement, turn).met;
        let mut anchors = [Anchor::NONE; LANES];
        let mut count = 0;
        for (j, &(weight, i)) in met.iter().enumerate() {
            if weight > 0.0 {
                let i = usize::from(i);
                anchors[count] = Anchor {
                    from: (self.a.x[i], self.a.y[i]),
                    to: (self.b.x[j], self.b.y[j]),
                    weight,
                };
                count += 1;
            }
        }
        if count < 3 {
            placement
        } else {
            Placement::fit(&anchors[..count])
        }
    }

    /// One picture on the other by one pair, and the turn in 1/256.
    #[inline(always)]
    fn laid(&self, s: &Seed) -> (Placement, u8) {
        let (p, q) = (usize::from(s.a), usize::from(s.b));
        // Directions count counter-clockwise, the picture's axes clockwise.
        let turn = self.a.direction[p].wrapping_sub(self.b.direction[q]);
        let (sin, cos) = circle()[usize::from(turn)];
        let placement = Placement {
            cos,
            sin,
            from: (self.a.x[p], self.a.y[p]),
            to: (self.b.x[q], self.b.y[q]),
        };
        (placement, turn)
    }

    /// Pairs that meet under a warp, one to one, best first.
    #[inline(always)]
    fn meet(&self, warp: &Warp, reach: f32) -> Matches {
        let (a, b) = (self.a, self.b);
        let turn = warp.placement.turn() * (256.0 / TAU);
        let per_reach = 1.0 / (reach * reach);
        let mut out = Matches {
            count: 0,
            pairs: [Match::default(); MEETING_MAX],
        };
        let (xs, ys) = (a.x.as_chunks::<MOVED>().0, a.y.as_chunks::<MOVED>().0);
        for (block, (x, y)) in xs.iter().zip(ys).enumerate() {
            if block * MOVED >= a.count {
                break;
            }
            let (to_x, to_y) = warp.apply(x, y);
            for l in 0..MOVED.min(a.count - block * MOVED) {
                let i = block * MOVED + l;
                let (x, y) = (to_x[l], to_y[l]);
                let mut near = b.nearby.at(x, y);
                while near != 0 {
                    let j = near.trailing_zeros() as usize;
                    near &= near - 1;
                    let (dx, dy) = (b.x[j] - x, b.y[j] - y);
                    let distance = (dx * dx + dy * dy) * per_reach;
                    let like = self.like.of(i, j);
                    if distance < 1.0 && like > 0.1 && out.count < MEETING_MAX {
                        let turned = self.turned(i, j, turn).abs();
                        if turned < TURN_TOLERANCE {
                            let near = 1.0 - 0.6 * distance - (0.4 / TURN_TOLERANCE) * turned;
                            out.pairs[out.count] = Match {
                                a: i as u8,
                                b: j as u8,
                                weight: like * (0.4 + 0.6 * near),
                            };
                            out.count += 1;
                        }
                    }
                }
            }
        }
        out.pairs[..out.count].sort_unstable_by(|p, q| {
            q.weight
                .total_cmp(&p.weight)
                .then((p.a, p.b).cmp(&(q.a, q.b)))
        });
        let (mut used_a, mut used_b, mut kept) = (0u64, 0u64, 0);
        for k in 0..out.count {
            let m = out.pairs[k];
            if used_a >> m.a & 1 == 0 && used_b >> m.b & 1 == 0 {
                used_a |= 1 << m.a;
                used_b |= 1 << m.b;
                out.pairs[kept] = m;
                kept += 1;
            }
        }
        out.count = kept;
        out
    }

    /// How far the directions of a pair differ beyond `turn`, 1/256 turn, −128 to 128.
    #[inline(always)]
    fn turned(&self, a: usize, b: usize, turn: f32) -> f32 {
        let own = self.a.direction[a].wrapping_sub(self.b.direction[b]);
        // `turn` is −128 to 128, so the difference is −128 to 383.
        let d = f32::from(own) - turn;
        if d >= 128.0 { d - 256.0 } else { d }
    }

    #[inline(always)]
    fn bend(&self, matches: &Matches) -> Warp {
        let mut anchors = [Anchor::NONE; LANES];
        for (anchor, m) in anchors.iter_mut().zip(matches.pairs()) {
            let (i, j) = (usize::from(m.a), usize::from(m.b));
            *anchor = Anchor {
                from: (self.a.x[i], self.a.y[i]),
                to: (self.b.x[j], self.b.y[j]),
                weight: m.weight,
            };
        }
        Warp::fit(&anchors[..matches.count])
    }

    #[inline(always)]
    fn weigh(&self, a: &Template, b: &Template, start: Placement, support: f32) -> Evidence {
        // Around the seed the picture fits; farther off skin may have given.
        let mut warp = Warp::rigid(start);
        let mut matches = self.meet(&warp, ROUNDS_PX[0]);
        for reach in ROUNDS_PX {
            if matches.count < 3 {
                break;
            }
            warp = self.bend(&matches);
            matches = self.meet(&warp, reach);
        }
        if matches.count >= 3 {
            warp = self.bend(&matches);
        }
        let (pa, pb) = (self.a, self.b);
        let turn = warp.placement.turn() * (256.0 / TAU);
        let each = 1.0 / matches.count.max(1) as f32;
        let mut e = Evidence {
            matched: matches.count as f32,
            bending: warp.bending(),
            upright: warp.placement.cos,
            support,
            count_a: pa.count as f32,
            count_b: pb.count as f32,
            cells_a: a.flow.ridged(),
            cells_b: b.flow.ridged(),
            ridges: ridge_agreement(&pa.ridges, &pb.ridges, &warp),
            ..Evidence::default()
        };
        for (block, pairs) in matches.pairs().chunks(MOVED).enumerate() {
            let (x, y) = warp.expected(block * MOVED);
            for (l, m) in pairs.iter().enumerate() {
                let (i, j) = (usize::from(m.a), usize::from(m.b));
                let apart = length(pb.x[j] - x[l], pb.y[j] - y[l]);
                let turned = self.turned(i, j, turn).abs();
                let near = 1.0 / (1.0 + apart * apart * (1.0 / 36.0))
                    * (1.0 - 0.5 * turned / TURN_TOLERANCE);
                let like = self.like.of(i, j);
                e.weight += like * near;
                e.reliable += (pa.reliability[i] * pb.reliability[j]).sqrt();
                e.apart_px += apart * each;
                e.apart_turn += turned * each;
                e.alike += like * each;
                e.same_kind += f32::from(u8::from(pa.kind[i] == pb.kind[j])) * each;
            }
        }
        let (xs, ys) = (pa.x.as_chunks::<MOVED>().0, pa.y.as_chunks::<MOVED>().0);
        for (block, (x, y)) in xs.iter().zip(ys).enumerate() {
            if block * MOVED >= pa.count {
                break;
            }
            let (x, y) = warp.apply(x, y);
            for l in 0..MOVED.min(pa.count - block * MOVED) {
                if b.flow.ridged_at(x[l], y[l]) {
                    e.in_common_a += pa.reliability[block * MOVED + l];
                    e.plain_a += 1.0;
                }
            }
        }
        for j in 0..pb.count {
            // The bending is small against a flow cell.
            let (x, y) = warp.placement.inverse(pb.x[j], pb.y[j]);
            if a.flow.ridged_at(x, y) {
                e.in_common_b += pb.reliability[j];
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::TemplatePerson;
    use qayd_model::FingerPosition;

    #[test]
    fn wide_registers_give_the_same_bits() {
        let of = |seed, impression| {
            TemplatePerson::make(seed).impression(FingerPosition::RightIndex, impression)
        };
        let mut compared = 0;
        for seed in 0..40 {
            for other in [seed, seed + 1] {
                let (a, b) = (of(seed, 1), of(other, 2));
                let wide = evidence(&a, &b);
                assert_eq!(wide, evidence_portable(&a, &b));
                compared += usize::from(wide.is_some());
            }
        }
        assert!(compared >= 40, "{compared} pairs were looked at in full");
    }
}
