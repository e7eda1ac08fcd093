//! Gallery: everyone a probe is searched against, in memory.
//!
//! In: templates under a caller's key. Out: `Candidate`s by falling score. Owns: the templates while it lives.
//! Never: writes anything; never decides: a person does.
//!
//! About 4 kB a finger. The plain engine compares one finger in a fraction of a millisecond, so that a large gallery
//! is screened by the probe's best fingers first.

use std::collections::BTreeMap;

use qayd_model::FingerPosition;

use crate::matcher::match_score;
use crate::score::Score;
use crate::template::Template;

/// Persons by key, each with some of ten fingers.
#[derive(Clone, Default)]
pub struct Gallery {
    persons: BTreeMap<u64, BTreeMap<FingerPosition, Template>>,
}

impl core::fmt::Debug for Gallery {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Gallery({} persons)", self.persons.len())
    }
}

/// Someone who may be the probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The key given to [`Gallery::insert`].
    pub key: u64,
    /// All compared fingers together.
    pub score: Score,
    /// Each compared finger, by position.
    pub fingers: Vec<(FingerPosition, Score)>,
}

impl Gallery {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a person in; fingers given again replace those held, others stay.
    pub fn insert(
        &mut self,
        key: u64,
        fingers: impl IntoIterator<Item = (FingerPosition, Template)>,
    ) {
        self.persons.entry(key).or_default().extend(fingers);
    }

    /// Takes a person out; says whether there was one.
    pub fn remove(&mut self, key: u64) -> bool {
        self.persons.remove(&key).is_some()
    }

    /// How many persons.
    pub fn len(&self) -> usize {
        self.persons.len()
    }

    /// Nobody?
    pub fn is_empty(&self) -> bool {
        self.persons.is_empty()
    }

    /// Is this person in?
    pub fn contains(&self, key: u64) -> bool {
        self.persons.contains_key(&key)
    }
}

/// Galleries up to this many persons are compared in full.
const FULL_UP_TO: usize = 64;
/// How many of the probe's fingers screen a larger gallery.
const SCREENING_FINGERS: usize = 2;
/// Everyone whose screening score reaches this false-match rate, and the best of the rest, are compared in full.
const SCREEN_PASS: Score = Score::from_value(100);
/// The best of the rest, as a share of the gallery.
const SCREEN_SHARE: usize = 50;

/// Who in the gallery may be the probe: at most `limit`, by falling score, then by key. Only fingers that both have
/// are compared; a person without a common finger is no candidate. Deterministic.
pub fn search(
    gallery: &Gallery,
    probe: &[(FingerPosition, Template)],
    limit: usize,
) -> Vec<Candidate> {
    let mut order: Vec<&(FingerPosition, Template)> = probe.iter().collect();
    // Reliable minutiae first: those fingers tell most.
    let worth = |t: &Template| {
        t.minutiae()
            .iter()
            .map(|m| u32::from(m.reliability))
            .sum::<u32>()
    };
    order.sort_by_key(|(position, template)| (core::cmp::Reverse(worth(template)), *position));
    let keep = if gallery.len() > FULL_UP_TO && order.len() > SCREENING_FINGERS {
        screen(gallery, &order)
    } else {
        gallery.persons.keys().copied().collect()
    };
    let mut found: Vec<Candidate> = keep
        .into_iter()
        .filter_map(|key| {
            let person = gallery.persons.get(&key)?;
            let mut fingers: Vec<(FingerPosition, Score)> = order
                .iter()
                .filter_map(|(position, template)| {
                    Some((*position, match_score(template, person.get(position)?)))
                })
                .collect();
            fingers.sort_by_key(|(position, _)| *position);
            let scores: Vec<Score> = fingers.iter().map(|(_, score)| *score).collect();
            (!fingers.is_empty()).then(|| Candidate {
                key,
                score: Score::fuse(&scores),
                fingers,
            })
        })
        .collect();
    found.sort_by_key(|c| (core::cmp::Reverse(c.score), c.key));
    found.truncate(limit);
    found
}

/// The keys worth a full comparison: by the probe's best fingers that the person has too.
fn screen(gallery: &Gallery, order: &[&(FingerPosition, Template)]) -> Vec<u64> {
    let mut screened: Vec<(Score, u64)> = gallery
        .persons
        .iter()
        .map(|(key, person)| {
            let best = order
                .iter()
                .filter_map(|(position, template)| {
                    Some(match_score(template, person.get(position)?))
                })
                .take(SCREENING_FINGERS)
                .max();
            (best.unwrap_or(Score::NONE), *key)
        })
        .collect();
    screened.sort_by_key(|(score, key)| (core::cmp::Reverse(*score), *key));
    let rest = gallery.len() / SCREEN_SHARE + FULL_UP_TO;
    let mut kept: Vec<u64> = screened
        .iter()
        .enumerate()
        .filter(|(rank, (score, _))| *rank < rest || *score >= SCREEN_PASS)
        .map(|(_, (_, key))| *key)
        .collect();
    kept.sort_unstable();
    kept
}
