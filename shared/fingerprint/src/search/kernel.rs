//! Kernel: how alike two descriptors are. Portable and safe; `wide.rs` compiles the same lines for wider
//! registers, so that every processor gives the same answer bit for bit.
//!
//! In: two `Surroundings`. Out: `Evidence`. Never: depends on the processor; allocates before the
//! closer look.
//!
//! ```text
//!   codes of near direction → popcount → the most alike pairs ─ first look ─► do they agree on one placement?
//!       most pairs of fingers end here ◄── no ──┤ support
//!                                              yes ─ closer look ─► place by all that agree, pair all minutiae, twice
//! ```
#![allow(
    clippy::needless_range_loop,
    reason = "loops over lanes of several arrays at once, which the compiler turns into wide instructions"
)]

use super::surroundings::{
    CLASSES, COVER, COVER_PX, POINTS, PairedMinutiae, Surroundings, UNITS_PER_PX, WORDS,
};
use crate::wide::Lines;
use core::f32::consts::TAU;

/// Directions further apart than this many classes of 22.5° are not compared: fingers turned more do not match.
const TURN_CLASSES: usize = 3;
/// Less alike is not alike.
pub(super) const ALIKE_MIN: f32 = 0.50;
/// Most pairs that take part in the first look.
const PAIRS: usize = 16;
/// One minutia may be in this many of them.
const PAIRS_OF_ONE: u8 = 2;
/// So many of the most alike pairs are sorted, to find [`PAIRS`] that leave each other room.
const SORTED: usize = 28;
/// Up to so many are sorted by counting.
const RANKED: usize = 64;
/// A key holds likeness in so many steps (12 bits) before the numbers of two minutiae.
const LIKENESS_ONE: f32 = 4_095.0;
const KEY_BITS: u32 = 22;
/// Two pairs agree when the second lies where the first says within this, pixels, and this share of the distance.
const AGREE_PX: f32 = 9.0;
const AGREE_SHARE: f32 = 0.10;
/// And turns alike within 28°: 1 − cos of it.
const AGREE_TURN: f32 = 0.118;
/// A pair counts by how far it is above [`ALIKE_MIN`], and this.
const PAIR_FLOOR: f32 = 0.05;
/// Rounds in which pairs that agree with strong pairs become strong.
const ROUNDS: usize = 3;
/// Below this support nothing is looked at more closely.
pub(super) const CLOSER_LOOK_MIN: f32 = 0.62;
/// Closer look: pairs this near after placing, pixels, and this share of the distance from the middle, by round.
const NEAR_PX: f32 = 11.0;
const STRETCH: [f32; 2] = [0.05, 0.02];
/// And turned alike within so many 1/256 of a turn (28°).
const NEAR_TURN: f32 = 20.0;
/// Turns of pairs steady the fitted turn as if each had a second pair at this distance, squared pixels.
const TURN_WEIGHT: f32 = 900.0;
/// Likeness below this adds nothing in the closer look.
const WEIGHT_FROM: f32 = 0.25;

/// What speaks for one finger.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Evidence {
    /// Likeness of the twelve most alike pairs, summed.
    pub(super) alike: f32,
    /// Of the strongest pair by all pairs that agree with it.
    pub(super) support: f32,
    /// Minutiae paired by the closer look.
    pub(super) matched: f32,
    /// Sum over them of likeness × nearness.
    pub(super) weight: f32,
    /// Minutiae where both have ridges, geometric mean of both fingers.
    pub(super) common: f32,
    /// Coverage cells where both have ridges.
    pub(super) cells: f32,
    /// Was there a closer look?
    pub(super) closer: bool,
}

impl Evidence {
    pub(super) fn numbers(&self) -> [f32; 7] {
        [
            self.alike,
            self.support,
            self.matched,
            self.weight,
            self.common,
            self.cells,
            f32::from(u8::from(self.closer)),
        ]
    }
}

/// Two descriptors to be compared, with narrow registers or wide ones.
pub(super) struct Compare<'a>(pub(super) &'a Surroundings, pub(super) &'a Surroundings);

impl Lines for Compare<'_> {
    type Answer = Evidence;

    #[inline(always)]
    fn run(self) -> Evidence {
        compare(self.0, self.1)
    }
}

#[inline(always)]
fn compare(a: &Surroundings, b: &Surroundings) -> Evidence {
    let (mut evidence, looked) = glance(a, b);
    if let Some((pairs, placed)) = looked
        && evidence.support >= CLOSER_LOOK_MIN
    {
        closer_look(a, b, &pairs, &placed, &mut evidence);
    }
    evidence
}

/// The first look alone; nothing to place when hardly anything is alike.
#[inline(always)]
fn glance(a: &Surroundings, b: &Surroundings) -> (Evidence, Option<(Pairs, Placed)>) {
    let mut evidence = Evidence::default();
    let pairs = Pairs::most_alike(a, b);
    if pairs.count < 3 {
        return (evidence, None);
    }
    evidence.alike = pairs.alike[..pairs.count.min(12)].iter().sum();
    let (support, placed) = first_look(&pairs);
    evidence.support = support;
    (evidence, Some((pairs, placed)))
}

/// Two descriptors of which only the first look is asked.
pub(super) struct Glance<'a>(pub(super) &'a Surroundings, pub(super) &'a Surroundings);

impl Lines for Glance<'_> {
    type Answer = Evidence;

    #[inline(always)]
    fn run(self) -> Evidence {
        glance(self.0, self.1).0
    }
}

/// Closer and first pairs of minutiae, for those who choose bits.
pub(super) fn pairs(a: &Surroundings, b: &Surroundings) -> (PairedMinutiae, PairedMinutiae) {
    let pairs = Pairs::most_alike(a, b);
    let first: PairedMinutiae = (0..pairs.count)
        .map(|k| (pairs.a[k] as u8, pairs.b[k] as u8))
        .collect();
    if pairs.count < 3 {
        return (Vec::new(), first);
    }
    let (_, placed) = first_look(&pairs);
    let mut evidence = Evidence::default();
    let closer = closer_look(a, b, &pairs, &placed, &mut evidence);
    (closer, first)
}

/// The most alike pairs, laid out for arithmetic over all of them at once.
struct Pairs {
    count: usize,
    a: [i32; PAIRS],
    b: [i32; PAIRS],
    alike: [f32; PAIRS],
    ax: [f32; PAIRS],
    ay: [f32; PAIRS],
    bx: [f32; PAIRS],
    by: [f32; PAIRS],
    /// How the second finger is turned against the first.
    cos: [f32; PAIRS],
    sin: [f32; PAIRS],
}

/// Bits set in both, for eight minutiae of the second finger from `at` on.
#[inline(always)]
fn count_block(words: &[[u64; POINTS]; WORDS], at: usize, code: [u64; WORDS]) -> [u32; 8] {
    let mut sums = [0u64; 8];
    for (word, part) in words.iter().zip(code) {
        let eight = &word[at..at + 8];
        for lane in 0..8 {
            sums[lane] += u64::from((eight[lane] & part).count_ones());
        }
    }
    sums.map(|sum| sum as u32)
}

/// Which minutiae have a direction within the compared classes around `class`.
#[inline(always)]
fn near_class(b: &Surroundings, class: usize) -> u32 {
    let before = |class: usize| {
        let n = if class >= CLASSES {
            b.count
        } else {
            b.before[class]
        };
        ((1u64 << n) - 1) as u32
    };
    let from = (class + CLASSES - TURN_CLASSES) % CLASSES;
    let to = (class + TURN_CLASSES) % CLASSES + 1;
    let (low, high) = (before(from), before(to));
    if from < to {
        high & !low
    } else {
        high | (before(CLASSES) & !low)
    }
}

impl Pairs {
    #[inline(always)]
    fn most_alike(a: &Surroundings, b: &Surroundings) -> Self {
        // Likeness (12 bits), then the earlier minutiae: one order, whatever the processor.
        let mut keys = [0i32; POINTS * POINTS];
        let mut found = 0;
        for i in 0..usize::from(a.count).min(POINTS) {
            let near = near_class(b, usize::from(a.direction[i]) / 16);
            let code = [a.words[0][i], a.words[1][i], a.words[2][i], a.words[3][i]];
            let mut alike = [0f32; POINTS];
            let mut enough = [0u32; 8];
            for block in 0..POINTS / 8 {
                if near >> (8 * block) & 0xff == 0 {
                    continue;
                }
                let counts = count_block(&b.words, 8 * block, code);
                let inverse = &b.inverse.as_chunks::<8>().0[block];
                let alike = &mut alike.as_chunks_mut::<8>().0[block];
                for lane in 0..8 {
                    alike[lane] = counts[lane] as i32 as f32 * (a.inverse[i] * inverse[lane]);
                    let bit = 1u32 << (8 * block + lane);
                    enough[lane] |= if alike[lane] > ALIKE_MIN { bit } else { 0 };
                }
            }
            let mut lanes = near & enough.iter().fold(0, |all, bits| all | bits);
            while lanes != 0 {
                let j = lanes.trailing_zeros() as usize;
                lanes &= lanes - 1;
                let likeness = (alike[j].min(1.0) * LIKENESS_ONE) as i32;
                keys[found] =
                    likeness << 10 | ((POINTS - 1 - i) as i32) << 5 | (POINTS - 1 - j) as i32;
                found += 1;
            }
        }
        Self::choose(a, b, sort_best(&mut keys, found))
    }

    #[inline(always)]
    fn choose(a: &Surroundings, b: &Surroundings, keys: &[i32]) -> Self {
        let mut out = Self {
            count: 0,
            a: [-1; PAIRS],
            b: [-1; PAIRS],
            alike: [0.0; PAIRS],
            ax: [0.0; PAIRS],
            ay: [0.0; PAIRS],
            bx: [0.0; PAIRS],
            by: [0.0; PAIRS],
            cos: [0.0; PAIRS],
            sin: [0.0; PAIRS],
        };
        let (mut used_a, mut used_b) = ([0u8; POINTS], [0u8; POINTS]);
        for key in keys {
            let i = POINTS - 1 - (key >> 5 & 31) as usize;
            let j = POINTS - 1 - (key & 31) as usize;
            if used_a[i] == PAIRS_OF_ONE || used_b[j] == PAIRS_OF_ONE {
                continue;
            }
            used_a[i] += 1;
            used_b[j] += 1;
            let k = out.count;
            out.a[k] = i as i32;
            out.b[k] = j as i32;
            out.alike[k] = (key >> 10) as f32 * (1.0 / LIKENESS_ONE);
            (out.ax[k], out.ay[k]) = place(a, i);
            (out.bx[k], out.by[k]) = place(b, j);
            let turn = b.direction[j].wrapping_sub(a.direction[i]);
            (out.sin[k], out.cos[k]) = SINES.of(turn);
            out.count += 1;
            if out.count == PAIRS {
                break;
            }
        }
        out
    }
}

#[inline(always)]
fn place(finger: &Surroundings, m: usize) -> (f32, f32) {
    (
        f32::from(finger.x[m]) / UNITS_PER_PX,
        f32::from(finger.y[m]) / UNITS_PER_PX,
    )
}

/// The best [`SORTED`] keys and those about as good as the last of them, falling. Without branches that a processor
/// would guess wrong: by counting.
#[inline(always)]
fn sort_best(keys: &mut [i32; POINTS * POINTS], found: usize) -> &[i32] {
    const LANES: usize = 8;
    let mut kept = found;
    if found > SORTED {
        // Zeros behind the keys fill the last lanes: less than any key.
        keys[found..found.next_multiple_of(LANES)].fill(0);
        let eights = keys[..found.next_multiple_of(LANES)].as_chunks::<LANES>().0;
        // The highest bound, a multiple of 2^STEP, that enough keys reach.
        const STEP: u32 = 15;
        let (mut bound, mut step) = (0, 1 << (KEY_BITS - 1));
        while step >= 1 << STEP {
            let mut reach = [0i32; LANES];
            for eight in eights {
                for lane in 0..LANES {
                    reach[lane] += i32::from(eight[lane] >= bound + step);
                }
            }
            if reach.iter().sum::<i32>() >= SORTED as i32 {
                bound += step;
            }
            step >>= 1;
        }
        kept = 0;
        for at in 0..found {
            let key = keys[at];
            keys[kept] = key;
            kept += usize::from(key >= bound);
        }
    }
    if kept > RANKED {
        keys[..kept].sort_unstable_by(|p, q| q.cmp(p));
        return &keys[..kept];
    }
    // No two keys are equal: a key's place is the number of keys above it.
    let mut ranked = [0i32; RANKED];
    ranked[..kept].copy_from_slice(&keys[..kept]);
    for (block, eight) in ranked[..kept.next_multiple_of(LANES)]
        .as_chunks::<LANES>()
        .0
        .iter()
        .enumerate()
    {
        let mut place = [0i32; LANES];
        for key in &ranked[..kept] {
            for lane in 0..LANES {
                place[lane] += i32::from(*key > eight[lane]);
            }
        }
        for lane in 0..LANES.min(kept - block * LANES) {
            keys[place[lane] as usize % RANKED] = eight[lane];
        }
    }
    &keys[..kept]
}

/// Which pairs agree with the strongest, and how much.
struct Placed {
    strongest: usize,
    agrees: [f32; PAIRS],
}

#[inline(always)]
fn first_look(pairs: &Pairs) -> (f32, Placed) {
    // Agreement is mutual: of the square of pairs the lower left quarter is copied from the upper right.
    const HALF: usize = PAIRS / 2;
    let mut agree = [[0f32; PAIRS]; PAIRS];
    for u in 0..pairs.count {
        let (cos, sin) = (pairs.cos[u], pairs.sin[u]);
        for half in u / HALF..2 {
            let of = |list: &[f32; PAIRS]| list.as_chunks::<HALF>().0[half];
            let (ax, ay, bx, by) = (of(&pairs.ax), of(&pairs.ay), of(&pairs.bx), of(&pairs.by));
            let (coss, sins) = (of(&pairs.cos), of(&pairs.sin));
            let (a, b) = (
                pairs.a.as_chunks::<HALF>().0[half],
                pairs.b.as_chunks::<HALF>().0[half],
            );
            let row = &mut agree[u].as_chunks_mut::<HALF>().0[half];
            for v in 0..HALF {
                let (dx, dy) = (ax[v] - pairs.ax[u], ay[v] - pairs.ay[u]);
                let (ex, ey) = (bx[v] - pairs.bx[u], by[v] - pairs.by[u]);
                // Where each pair's turn says that the other lies.
                let (px, py) = (cos * dx - sin * dy - ex, sin * dx + cos * dy - ey);
                let (qx, qy) = (
                    coss[v] * dx - sins[v] * dy - ex,
                    sins[v] * dx + coss[v] * dy - ey,
                );
                let off = 0.5 * (px * px + py * py + qx * qx + qy * qy);
                let reach = AGREE_PX * AGREE_PX + AGREE_SHARE * AGREE_SHARE * (dx * dx + dy * dy);
                let turned = 1.0 - (cos * coss[v] + sin * sins[v]);
                let near =
                    (1.0 - off / reach).max(0.0) * (1.0 - turned * (1.0 / AGREE_TURN)).max(0.0);
                let apart = (a[v] != pairs.a[u]) & (b[v] != pairs.b[u]);
                row[v] = if apart { near } else { 0.0 };
            }
        }
    }
    for u in HALF..pairs.count {
        for v in 0..HALF {
            agree[u][v] = agree[v][u];
        }
    }
    let mut worth = [0f32; PAIRS];
    for k in 0..pairs.count {
        worth[k] = pairs.alike[k] - ALIKE_MIN + PAIR_FLOOR;
    }
    for row in &mut agree {
        for v in pairs.count..PAIRS {
            row[v] = 0.0;
        }
    }
    let mut strength = worth;
    for _ in 0..ROUNDS {
        let mut next = [0f32; PAIRS];
        for u in 0..PAIRS {
            for v in 0..PAIRS {
                next[v] += agree[u][v] * strength[u];
            }
        }
        let mut most = 1e-9f32;
        for v in 0..PAIRS {
            next[v] *= worth[v];
            most = most.max(next[v]);
        }
        for v in 0..PAIRS {
            strength[v] = next[v] / most;
        }
    }
    let mut strongest = 0;
    for k in 1..pairs.count {
        if strength[k] > strength[strongest] {
            strongest = k;
        }
    }
    let agrees = agree[strongest];
    let mut support = worth[strongest];
    for v in 0..PAIRS {
        support += agrees[v] * worth[v];
    }
    (support, Placed { strongest, agrees })
}

/// Lays the first finger on the second.
struct Placement {
    cos: f32,
    sin: f32,
    /// 1/256 of a turn.
    turn: f32,
    from: (f32, f32),
    to: (f32, f32),
}

impl Placement {
    /// The rigid placement with the least squared distance, steadied by the turns of the pairs themselves.
    #[inline(always)]
    fn fit(a: &Surroundings, b: &Surroundings, set: &[(u8, u8, f32)]) -> Self {
        let (mut from, mut to, mut sum) = ((0.0, 0.0), (0.0, 0.0), 1e-9);
        for &(i, j, w) in set {
            let (p, q) = (place(a, i.into()), place(b, j.into()));
            from = (from.0 + w * p.0, from.1 + w * p.1);
            to = (to.0 + w * q.0, to.1 + w * q.1);
            sum += w;
        }
        from = (from.0 / sum, from.1 / sum);
        to = (to.0 / sum, to.1 / sum);
        let (mut dot, mut cross) = (1e-9, 0.0);
        for &(i, j, w) in set {
            let (i, j) = (usize::from(i), usize::from(j));
            let (p, q) = (place(a, i), place(b, j));
            let (px, py, qx, qy) = (p.0 - from.0, p.1 - from.1, q.0 - to.0, q.1 - to.1);
            let (sin, cos) = SINES.of(b.direction[j].wrapping_sub(a.direction[i]));
            dot += w * (px * qx + py * qy + TURN_WEIGHT * cos);
            cross += w * (px * qy - py * qx + TURN_WEIGHT * sin);
        }
        let length = (dot * dot + cross * cross).sqrt().max(1e-9);
        let (cos, sin) = (dot / length, cross / length);
        Self {
            cos,
            sin,
            turn: sin.atan2(cos) * 256.0 / TAU,
            from,
            to,
        }
    }

    #[inline(always)]
    fn apply(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (x - self.from.0, y - self.from.1);
        (
            self.to.0 + self.cos * dx - self.sin * dy,
            self.to.1 + self.sin * dx + self.cos * dy,
        )
    }

    #[inline(always)]
    fn back(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (x - self.to.0, y - self.to.1);
        (
            self.from.0 + self.cos * dx + self.sin * dy,
            self.from.1 - self.sin * dx + self.cos * dy,
        )
    }
}

#[inline(always)]
fn covered(finger: &Surroundings, (x, y): (f32, f32)) -> bool {
    let half = COVER as f32 / 2.0;
    let (c, r) = (x / COVER_PX + half, y / COVER_PX + half);
    let map = 0.0..COVER as f32;
    map.contains(&c) && map.contains(&r) && finger.cover[r as usize] >> (c as usize) & 1 == 1
}

#[inline(always)]
fn alike(a: &Surroundings, i: usize, b: &Surroundings, j: usize) -> f32 {
    let mut count = 0;
    for w in 0..WORDS {
        count += (a.words[w][i] & b.words[w][j]).count_ones();
    }
    count as f32 * (a.inverse[i] * b.inverse[j])
}

/// Fits the placement to all pairs that agree, pairs all minutiae under it, and once more. Returns the pairs.
#[inline(always)]
fn closer_look(
    a: &Surroundings,
    b: &Surroundings,
    pairs: &Pairs,
    placed: &Placed,
    evidence: &mut Evidence,
) -> Vec<(u8, u8)> {
    evidence.closer = true;
    let mut set = Vec::with_capacity(POINTS);
    let first = placed.strongest;
    set.push((pairs.a[first] as u8, pairs.b[first] as u8, 1.0));
    for v in 0..pairs.count {
        if placed.agrees[v] > 0.1 {
            set.push((pairs.a[v] as u8, pairs.b[v] as u8, placed.agrees[v]));
        }
    }
    let mut placement = Placement::fit(a, b, &set);
    for (round, stretch) in STRETCH.into_iter().enumerate() {
        if round > 0 {
            placement = Placement::fit(a, b, &set);
        }
        (set, evidence.weight) = pair_all(a, b, &placement, stretch);
        if set.len() < 2 {
            break;
        }
    }
    evidence.matched = set.len() as f32;
    let in_common = |one: &Surroundings, other: &Surroundings, forth: bool| {
        (0..usize::from(one.count))
            .filter(|&m| {
                let (x, y) = place(one, m);
                let there = if forth {
                    placement.apply(x, y)
                } else {
                    placement.back(x, y)
                };
                covered(other, there)
            })
            .count() as f32
    };
    evidence.common = (in_common(a, b, true) * in_common(b, a, false)).sqrt();
    let mut cells = 0;
    for (r, row) in a.cover.iter().enumerate() {
        let mut left = *row;
        while left != 0 {
            let c = left.trailing_zeros();
            left &= left - 1;
            let px = |at: f32| (at + 0.5 - COVER as f32 / 2.0) * COVER_PX;
            cells += u32::from(covered(b, placement.apply(px(c as f32), px(r as f32))));
        }
    }
    evidence.cells = cells as f32;
    set.iter().map(|&(i, j, _)| (i, j)).collect()
}

/// Minutiae that meet under a placement, each once, the best first, with their weights and the sum of these.
#[inline(always)]
fn pair_all(
    a: &Surroundings,
    b: &Surroundings,
    placement: &Placement,
    stretch: f32,
) -> (Vec<(u8, u8, f32)>, f32) {
    let mut meeting: Vec<(f32, u8, u8)> = Vec::with_capacity(2 * POINTS);
    let there: [(f32, f32); POINTS] = core::array::from_fn(|j| place(b, j));
    let count = usize::from(b.count).min(POINTS);
    for i in 0..usize::from(a.count).min(POINTS) {
        let (ax, ay) = place(a, i);
        let (x, y) = placement.apply(ax, ay);
        let (dx, dy) = (ax - placement.from.0, ay - placement.from.1);
        let reach = NEAR_PX + stretch * (dx * dx + dy * dy).sqrt();
        let reach2 = reach * reach;
        for (j, (bx, by)) in there[..count].iter().enumerate() {
            let off = (bx - x) * (bx - x) + (by - y) * (by - y);
            if off > reach2 {
                continue;
            }
            let turn = b.direction[j].wrapping_sub(a.direction[i]) as i8;
            let mut turned = (f32::from(turn) - placement.turn).abs();
            turned = turned.min(256.0 - turned) / NEAR_TURN;
            if turned > 1.0 {
                continue;
            }
            let like = (alike(a, i, b, j) - WEIGHT_FROM).max(0.0);
            let near = 1.0 - 0.6 * off / reach2 - 0.4 * turned;
            meeting.push((like * (0.4 + 0.6 * near), i as u8, j as u8));
        }
    }
    meeting.sort_unstable_by(|p, q| q.0.total_cmp(&p.0).then((p.1, p.2).cmp(&(q.1, q.2))));
    let (mut used_a, mut used_b) = (0u32, 0u32);
    let (mut set, mut sum) = (Vec::with_capacity(POINTS), 0.0);
    for (weight, i, j) in meeting {
        if used_a >> i & 1 == 0 && used_b >> j & 1 == 0 {
            used_a |= 1 << i;
            used_b |= 1 << j;
            sum += weight;
            set.push((i, j, weight.max(0.02)));
        }
    }
    (set, sum)
}

/// Sines of 1/256 turns, computed at compile time so that every machine has the same.
struct Sines([f32; 256]);

static SINES: Sines = Sines::make();

impl Sines {
    const fn make() -> Self {
        // Rotation by one step, 256 times, in double precision: the error stays far below single precision.
        const COS: f64 = 0.999_698_818_696_204_2;
        const SIN: f64 = 0.024_541_228_522_912_288;
        let mut out = [0f32; 256];
        let (mut cos, mut sin) = (1f64, 0f64);
        let mut at = 0;
        while at < 256 {
            out[at] = sin as f32;
            (cos, sin) = (cos * COS - sin * SIN, sin * COS + cos * SIN);
            at += 1;
        }
        Self(out)
    }

    /// (sine, cosine)
    #[inline(always)]
    fn of(&self, turn: u8) -> (f32, f32) {
        (
            self.0[usize::from(turn)],
            self.0[usize::from(turn.wrapping_add(64))],
        )
    }
}
