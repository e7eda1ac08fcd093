//! Matcher: is this the same finger?
//!
//! In: two templates. Out: `Evidence`, and from it one calibrated `Score`. Never: depends on the order of the two
//! by more than rounding; never allocates more than the pairs of two templates.
//!
//!   surroundings alike → candidate pairs → best rigid placements → matched minutiae → evidence → score

use core::f32::consts::{PI, TAU};

use crate::descriptor::{Point, likeness};
use crate::orientation::between;
use crate::score::Score;
use crate::template::{FLOW_CELL_PX, FlowGrid, Template};

/// Pairs less alike than this are not considered.
const LIKENESS_MIN: f32 = 0.42;
/// How many pairs are tried as the place where both pictures are laid on each other.
const PLACEMENTS: usize = 20;
/// Fingers are not laid down more than this turned against each other, radians (75°).
const TURN_MAX: f32 = 1.31;
/// Directions of matched minutiae differ by less, radians.
const ANGLE_TOLERANCE: f32 = 0.5;
/// Matched minutiae lie this near, pixels, near the placing pair, and this much further apart per pixel from it.
const NEAR_PX: f32 = 7.0;
const STRETCH: f32 = 0.07;
/// After the placement was fitted to all matched minutiae.
const FITTED_PX: f32 = 12.0;

struct Pair {
    a: u16,
    b: u16,
    turn: f32,
    like: f32,
}

/// A placement of the first picture on the second.
#[derive(Clone, Copy)]
struct Placement {
    cos: f32,
    sin: f32,
    turn: f32,
    from: (f32, f32),
    to: (f32, f32),
}

impl Placement {
    fn new(turn: f32, from: (f32, f32), to: (f32, f32)) -> Self {
        let (sin, cos) = turn.sin_cos();
        Self {
            cos,
            sin,
            turn,
            from,
            to,
        }
    }

    fn apply(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (x - self.from.0, y - self.from.1);
        (
            self.to.0 + dx * self.cos - dy * self.sin,
            self.to.1 + dx * self.sin + dy * self.cos,
        )
    }

    fn inverse(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (x - self.to.0, y - self.to.1);
        (
            self.from.0 + dx * self.cos + dy * self.sin,
            self.from.1 - dx * self.sin + dy * self.cos,
        )
    }
}

/// What speaks for one finger; the score is a function of it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Evidence {
    /// Matched minutiae.
    pub(crate) matched: f32,
    /// Sum over matched minutiae of likeness × nearness.
    pub(crate) weight: f32,
    /// Minutiae of each picture where both have ridges.
    pub(crate) in_common_a: f32,
    pub(crate) in_common_b: f32,
    /// Cells where both have ridges, and their mean difference in orientation, radians.
    pub(crate) cells: f32,
    pub(crate) flow_apart: f32,
    /// Weight of the best matched placement against the second best place: how unique it is.
    pub(crate) reliable: f32,
}

fn wrap(angle: f32) -> f32 {
    (angle + PI).rem_euclid(TAU) - PI
}

/// Compares two templates. Templates of different algorithms, or without minutiae, score 0.
pub fn match_score(a: &Template, b: &Template) -> Score {
    if a.algorithm != b.algorithm {
        return Score::NONE;
    }
    evidence(a, b).map_or(Score::NONE, |e| Score::of_evidence(&e))
}

pub(crate) fn evidence(a: &Template, b: &Template) -> Option<Evidence> {
    let (pa, pb) = (&a.prepared.points, &b.prepared.points);
    if pa.len() < 4 || pb.len() < 4 {
        return None;
    }
    let mut pairs = candidates(pa, pb);
    if pairs.len() < 3 {
        return None;
    }
    pairs.sort_by(|p, q| {
        q.like
            .total_cmp(&p.like)
            .then(p.a.cmp(&q.a))
            .then(p.b.cmp(&q.b))
    });
    let mut best: Option<(f32, Vec<usize>, Placement)> = None;
    let mut tried = [0u8; 256];
    let mut places = 0;
    for pair in &pairs {
        if places == PLACEMENTS {
            break;
        }
        if tried[usize::from(pair.a)] >= 2 {
            continue;
        }
        tried[usize::from(pair.a)] += 1;
        places += 1;
        let (p, q) = (&pa[usize::from(pair.a)], &pb[usize::from(pair.b)]);
        let placement = Placement::new(pair.turn, (p.x, p.y), (q.x, q.y));
        let (sum, matched) = lay(pa, pb, &pairs, &placement, NEAR_PX, STRETCH);
        if best.as_ref().is_none_or(|(old, _, _)| sum > *old) {
            best = Some((sum, matched, placement));
        }
    }
    let (mut sum, mut matched, mut placement) = best?;
    for _ in 0..2 {
        if matched.len() < 3 {
            break;
        }
        let fitted = fit(pa, pb, &pairs, &matched);
        let (again, list) = lay(pa, pb, &pairs, &fitted, FITTED_PX, 0.02);
        if again < sum * 0.95 {
            break;
        }
        (sum, matched, placement) = (again, list, fitted);
    }
    Some(weigh(a, b, &pairs, &matched, &placement, sum))
}

fn candidates(pa: &[Point], pb: &[Point]) -> Vec<Pair> {
    let mut pairs = Vec::with_capacity(512);
    for (i, p) in pa.iter().enumerate() {
        for (j, q) in pb.iter().enumerate() {
            let turn = wrap(q.angle - p.angle);
            if turn.abs() > TURN_MAX {
                continue;
            }
            let like = likeness(&p.around, &q.around);
            if like > LIKENESS_MIN {
                pairs.push(Pair {
                    a: i as u16,
                    b: j as u16,
                    turn,
                    like,
                });
            }
        }
    }
    pairs
}

/// Lays one picture on the other: which candidate pairs meet, each minutia once, and how well.
fn lay(
    pa: &[Point],
    pb: &[Point],
    pairs: &[Pair],
    placement: &Placement,
    near_px: f32,
    stretch: f32,
) -> (f32, Vec<usize>) {
    let mut moved = [(0f32, 0f32, 0f32); crate::descriptor::MATCHED_MAX];
    for (m, p) in moved.iter_mut().zip(pa) {
        let (x, y) = placement.apply(p.x, p.y);
        let reach = near_px + stretch * (p.x - placement.from.0).hypot(p.y - placement.from.1);
        *m = (x, y, reach);
    }
    let mut meeting: Vec<(f32, usize)> = Vec::with_capacity(64);
    for (index, pair) in pairs.iter().enumerate() {
        let q = &pb[usize::from(pair.b)];
        let (x, y, reach) = moved[usize::from(pair.a)];
        let (dx, dy) = (q.x - x, q.y - y);
        let distance = dx * dx + dy * dy;
        if distance > reach * reach {
            continue;
        }
        let turned = wrap(pair.turn - placement.turn).abs();
        if turned > ANGLE_TOLERANCE {
            continue;
        }
        let near = 1.0 - 0.6 * distance / (reach * reach) - 0.4 * turned / ANGLE_TOLERANCE;
        meeting.push((pair.like * (0.4 + 0.6 * near), index));
    }
    meeting.sort_by(|p, q| q.0.total_cmp(&p.0).then(p.1.cmp(&q.1)));
    let (mut used_a, mut used_b) = (0u64, 0u64);
    let mut sum = 0.0;
    let mut matched = Vec::with_capacity(32);
    for (weight, index) in meeting {
        let (bit_a, bit_b) = (1u64 << pairs[index].a, 1u64 << pairs[index].b);
        if used_a & bit_a == 0 && used_b & bit_b == 0 {
            used_a |= bit_a;
            used_b |= bit_b;
            sum += weight;
            matched.push(index);
        }
    }
    (sum, matched)
}

/// The rigid placement with the least squared distance over matched minutiae.
fn fit(pa: &[Point], pb: &[Point], pairs: &[Pair], matched: &[usize]) -> Placement {
    let n = matched.len() as f32;
    let (mut from, mut to) = ((0.0, 0.0), (0.0, 0.0));
    for &index in matched {
        let (p, q) = (
            &pa[usize::from(pairs[index].a)],
            &pb[usize::from(pairs[index].b)],
        );
        from = (from.0 + p.x / n, from.1 + p.y / n);
        to = (to.0 + q.x / n, to.1 + q.y / n);
    }
    let (mut dot, mut cross) = (0.0, 0.0);
    for &index in matched {
        let (p, q) = (
            &pa[usize::from(pairs[index].a)],
            &pb[usize::from(pairs[index].b)],
        );
        let (ax, ay, bx, by) = (p.x - from.0, p.y - from.1, q.x - to.0, q.y - to.1);
        dot += ax * bx + ay * by;
        cross += ax * by - ay * bx;
    }
    Placement::new(cross.atan2(dot), from, to)
}

fn weigh(
    a: &Template,
    b: &Template,
    pairs: &[Pair],
    matched: &[usize],
    placement: &Placement,
    sum: f32,
) -> Evidence {
    let (pa, pb) = (&a.prepared.points, &b.prepared.points);
    let mut e = Evidence {
        matched: matched.len() as f32,
        weight: sum,
        ..Evidence::default()
    };
    for p in pa {
        let (x, y) = placement.apply(p.x, p.y);
        if b.flow.at(x, y).is_some() {
            e.in_common_a += 1.0;
        }
    }
    for q in pb {
        let (x, y) = placement.inverse(q.x, q.y);
        if a.flow.at(x, y).is_some() {
            e.in_common_b += 1.0;
        }
    }
    for &index in matched {
        let (p, q) = (
            &pa[usize::from(pairs[index].a)],
            &pb[usize::from(pairs[index].b)],
        );
        e.reliable += (p.reliability * q.reliability).sqrt();
    }
    (e.cells, e.flow_apart) = flows(&a.flow, &b.flow, placement);
    e
}

/// Cells with ridges in both, and the mean difference of their orientations.
fn flows(a: &FlowGrid, b: &FlowGrid, placement: &Placement) -> (f32, f32) {
    let (mut cells, mut apart) = (0.0, 0.0);
    for row in 0..a.rows {
        for column in 0..a.columns {
            let (x, y) = (
                (f32::from(column) + 0.5) * FLOW_CELL_PX,
                (f32::from(row) + 0.5) * FLOW_CELL_PX,
            );
            let Some(here) = a.at(x, y) else { continue };
            let (x, y) = placement.apply(x, y);
            let Some(there) = b.at(x, y) else { continue };
            cells += 1.0;
            apart += between(here + placement.turn, there);
        }
    }
    (cells, if cells > 0.0 { apart / cells } else { PI / 4.0 })
}

/// The numbers a score is made of, for those who calibrate: matched, weight, minutiae in common (first, second
/// picture), cells in common, difference of flow, sum of reliability, strength. `None` when nothing can be compared.
pub fn evidence_numbers(a: &Template, b: &Template) -> Option<[f32; 8]> {
    let e = evidence(a, b)?;
    Some([
        e.matched,
        e.weight,
        e.in_common_a,
        e.in_common_b,
        e.cells,
        e.flow_apart,
        e.reliable,
        crate::score::strength(&e),
    ])
}
