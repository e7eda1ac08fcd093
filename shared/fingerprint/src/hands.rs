//! Hands: the same finger twice, and one hand taken for the other, found by matching.
//!
//! In: named templates of one session, or of two. Out: which fingers contradict their names.
//! Never: changes a name; the operator captures again.

use qayd_model::FingerPosition;

use crate::matcher::match_score;
use crate::score::Score;
use crate::template::Template;

/// What two fingers of one session must reach to count as one: false-match rate 0.01 %, as up to 45 pairs are tried.
pub const SAME_FINGER_IN_SESSION: Score = Score::from_value(400);

/// The two positions that hold one and the same finger; the most certain pair when there are several. Positions that
/// are equal are a second attempt at one finger and are not compared.
pub fn same_finger_twice(
    fingers: &[(FingerPosition, Template)],
) -> Option<(FingerPosition, FingerPosition)> {
    let mut worst: Option<(Score, FingerPosition, FingerPosition)> = None;
    for (i, (a, first)) in fingers.iter().enumerate() {
        for (b, second) in &fingers[i + 1..] {
            if a == b {
                continue;
            }
            let score = match_score(first, second);
            if score >= SAME_FINGER_IN_SESSION && worst.is_none_or(|(old, _, _)| score > old) {
                worst = Some((score, (*a).min(*b), (*a).max(*b)));
            }
        }
    }
    worst.map(|(_, a, b)| (a, b))
}

/// What matching says of a hand's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HandMatch {
    /// Its fingers match those known of the same hand.
    AsNamed,
    /// Its fingers match those known of the other hand: laid down twice, or mixed up.
    Swapped,
    /// Too little matches either way.
    Unsure,
}

/// Is the hand in `new` the other hand of what was taken before? `previous` may be the other hand of this session
/// (then `Swapped` says that one hand was laid down twice) or an earlier enrolment of both hands. Fingers match
/// whatever their order on the hand, because a swapped slap names them from the wrong end.
pub fn hand_swapped(
    previous: &[(FingerPosition, Template)],
    new: &[(FingerPosition, Template)],
) -> HandMatch {
    let (mut same, mut other) = (0, 0);
    for (position, template) in new {
        let best = |on_same_hand: bool| {
            previous
                .iter()
                .filter(|(p, _)| (p.hand() == position.hand()) == on_same_hand)
                .map(|(_, t)| match_score(template, t))
                .max()
                .unwrap_or(Score::NONE)
        };
        let (on_same, on_other) = (best(true), best(false));
        if on_same.max(on_other) >= SAME_FINGER_IN_SESSION {
            if on_other > on_same {
                other += 1;
            } else {
                same += 1;
            }
        }
    }
    match (same, other) {
        (0, 0) => HandMatch::Unsure,
        (same, other) if other > same && (other > 1 || new.len() < 3) => HandMatch::Swapped,
        (same, other) if same > other => HandMatch::AsNamed,
        _ => HandMatch::Unsure,
    }
}
