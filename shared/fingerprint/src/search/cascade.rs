//! Cascade: everyone by the fast kernel on few fingers, a few by all fingers, fewer by the exact matcher.
//!
//! In: `Gallery`, probe. Out: `Candidate`s. Owns: how many pass each stage; which fingers are taken for which.
//! Never: leaves the order of equal candidates to chance.

use qayd_model::{FingerPosition, Hand};
use rayon::prelude::*;

use super::descriptor::Descriptor;
use super::gallery::{BLOCK, Gallery};
use super::surroundings::Surroundings;
use crate::matcher::match_score;
use crate::score::Score;
use crate::template::Template;

/// One stage of the screening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// Compared so far: the probe's best that the person has too.
    pub fingers: usize,
    /// By the first look only ([`Descriptor::glance`])?
    pub glance: bool,
    /// One in so many of the whole gallery goes on,
    pub one_in: usize,
    /// but at least so many.
    pub at_least: usize,
}

impl Stage {
    /// How many of a gallery go on.
    pub fn pass(&self, people: usize) -> usize {
        (people / self.one_in).max(self.at_least)
    }
}

/// Who is looked at by what. A mate of whom both first fingers are poor still stands before most others.
pub const SCREENING: [Stage; 3] = [
    Stage {
        fingers: 2,
        glance: true,
        one_in: 6,
        at_least: 1_000,
    },
    Stage {
        fingers: 4,
        glance: true,
        one_in: 50,
        at_least: 200,
    },
    Stage {
        fingers: 10,
        glance: false,
        one_in: usize::MAX,
        at_least: DECIDED_MAX,
    },
];
/// The exact matcher decides on at most so many.
const DECIDED_MAX: usize = 50;
/// On these whatever the kernel says, on others when it speaks for them.
const DECIDED_ANYWAY: usize = 8;
/// Unasked, other assignments are tried among at most so many people, where it costs little, or when the probe has few
/// fingers. A caller who has cause to doubt the hands asks for it ([`Search::retry`]).
const RETRY_UP_TO: usize = 5_000;
/// Fewer usable fingers are few.
const FINGERS_ENOUGH: usize = 4;
/// A fused score from which nobody asks whether the hands were mixed up.
const CERTAIN: Score = Score::from_value(600);
/// Four assignments tried are four times the chances: 100 × log₁₀ 4.
const RETRY_COST: u16 = 60;

/// Behind everybody of whom a finger could be compared; not out, as the exact matcher may still compare one.
const NOTHING_COMPARED: f32 = -1_000.0;

/// Someone who may be the probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The key given to [`Gallery::insert`].
    pub key: u64,
    /// All compared fingers together.
    pub score: Score,
    /// Each compared finger, by the probe's position.
    pub fingers: Vec<(FingerPosition, Score)>,
    /// Which finger of the person each was compared with.
    pub assignment: Assignment,
}

/// Which finger of a person a finger of the probe is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Assignment {
    /// The one it is named.
    AsNamed,
    /// The same finger of the other hand.
    OtherHand,
    /// The other hand was laid down and its row of four named by place: index for little, middle for ring.
    OtherHandByPlace,
    /// The row of four was named from the wrong end.
    WrongEnd,
}

impl Assignment {
    const RETRIED: [Self; 3] = [Self::OtherHand, Self::OtherHandByPlace, Self::WrongEnd];

    /// The person's finger that a probe's finger is compared with.
    pub fn of(self, position: FingerPosition) -> FingerPosition {
        let other_hand = matches!(self, Self::OtherHand | Self::OtherHandByPlace);
        let wrong_end = matches!(self, Self::OtherHandByPlace | Self::WrongEnd);
        let right = (position.hand() == Hand::Right) != other_hand;
        let finger = match (position.code() - 1) % 5 {
            0 => 0,
            n if wrong_end => 5 - n,
            n => n,
        };
        FingerPosition::from_code(1 + finger + if right { 0 } else { 5 }).unwrap_or(position)
    }
}

/// How a search is made; [`search`] chooses for itself.
pub struct Search<'a> {
    /// At most so many candidates.
    pub limit: usize,
    /// Ask whether hands were mixed up, when nobody is certain as named.
    pub retry: bool,
    /// Gives the templates of a person whose descriptors were put in without them.
    #[allow(clippy::type_complexity)]
    pub templates: Option<&'a (dyn Fn(u64) -> Vec<(FingerPosition, Template)> + Sync)>,
}

impl core::fmt::Debug for Search<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Search(limit {}, retry {})", self.limit, self.retry)
    }
}

/// Who in the gallery may be the probe: at most `limit` (50 at the utmost), by falling score, then by key. Only fingers
/// that both have are compared; a person without a common finger is no candidate. Deterministic.
pub fn search(
    gallery: &Gallery,
    probe: &[(FingerPosition, Template)],
    limit: usize,
) -> Vec<Candidate> {
    let usable = probe.iter().filter(|(_, t)| t.minutiae().len() >= 8);
    let search = Search {
        limit,
        retry: gallery.len() <= RETRY_UP_TO || usable.count() < FINGERS_ENOUGH,
        templates: None,
    };
    search.run(gallery, probe)
}

struct Probe<'a, D> {
    position: FingerPosition,
    template: &'a Template,
    descriptor: D,
}

/// A person's place in the gallery and what speaks for them so far.
#[derive(Clone, Copy)]
struct Standing {
    log_ratio: f32,
    key: u64,
    place: usize,
}

fn best_first(p: &Standing, q: &Standing) -> core::cmp::Ordering {
    q.log_ratio.total_cmp(&p.log_ratio).then(p.key.cmp(&q.key))
}

impl Search<'_> {
    /// Searches; see [`search`].
    pub fn run<D: Descriptor>(
        &self,
        gallery: &Gallery<D>,
        probe: &[(FingerPosition, Template)],
    ) -> Vec<Candidate> {
        let probe = prepare::<D>(probe);
        let mut found = self.one_assignment(gallery, &probe, Assignment::AsNamed);
        let certain = found.iter().any(|c| c.score >= CERTAIN);
        if self.retry && !certain {
            for assignment in Assignment::RETRIED {
                found.extend(self.one_assignment(gallery, &probe, assignment));
            }
            found.sort_by_key(|c| (c.key, core::cmp::Reverse(c.score), c.assignment));
            found.dedup_by_key(|c| c.key);
        }
        found.sort_by_key(|c| (core::cmp::Reverse(c.score), c.key));
        found.truncate(self.limit);
        found
    }

    fn one_assignment<D: Descriptor>(
        &self,
        gallery: &Gallery<D>,
        probe: &[Probe<'_, D>],
        assignment: Assignment,
    ) -> Vec<Candidate> {
        let as_named = assignment == Assignment::AsNamed;
        let [first, second, last] = SCREENING;
        let mut standings = screen(gallery, probe, assignment, &first);
        let people = standings.len();
        let looked_at = |standings: &mut Vec<Standing>, stage: &Stage, from: usize| {
            standings.par_iter_mut().for_each(|standing| {
                let (block, row) = gallery.row(standing.place);
                let finger = |position| block.finger(row, assignment.of(position));
                let more = together(probe, from..stage.fingers, stage.glance, finger);
                standing.log_ratio = match more {
                    Some(more) if from > 0 => standing.log_ratio + more,
                    Some(all) => all,
                    None if from > 0 => standing.log_ratio,
                    None => NOTHING_COMPARED,
                };
            });
        };
        // Hands are doubted seldom: other assignments have to do with the first fingers.
        if as_named {
            keep_best(&mut standings, first.pass(people));
            looked_at(&mut standings, &second, first.fingers);
        }
        keep_best(&mut standings, second.pass(people));
        looked_at(&mut standings, &last, 0);
        keep_best(&mut standings, last.pass(people));
        standings.sort_unstable_by(best_first);
        let anyway = if !as_named {
            0
        } else if gallery.len() <= DECIDED_MAX {
            DECIDED_MAX
        } else {
            DECIDED_ANYWAY
        };
        let decided = standings
            .iter()
            .enumerate()
            .take_while(|(rank, standing)| *rank < anyway || standing.log_ratio > 0.0)
            .count();
        standings.truncate(decided);
        standings
            .par_iter()
            .filter_map(|standing| self.decide(gallery, probe, assignment, standing.key))
            .collect()
    }

    /// The exact matcher on every finger both have.
    fn decide<D: Descriptor>(
        &self,
        gallery: &Gallery<D>,
        probe: &[Probe<'_, D>],
        assignment: Assignment,
        key: u64,
    ) -> Option<Candidate> {
        let mut templates = gallery.templates(key);
        if let (true, Some(fetch)) = (templates.is_empty(), self.templates) {
            templates = fetch(key);
        }
        let mut fingers: Vec<(FingerPosition, Score)> = probe
            .iter()
            .filter_map(|p| {
                let wanted = assignment.of(p.position);
                let (_, template) = templates.iter().find(|(position, _)| *position == wanted)?;
                Some((p.position, match_score(p.template, template)))
            })
            .collect();
        fingers.sort_by_key(|(position, _)| *position);
        if fingers.is_empty() {
            return None;
        }
        let scores: Vec<Score> = fingers.iter().map(|(_, score)| *score).collect();
        let mut score = Score::fuse(&scores);
        if assignment != Assignment::AsNamed {
            score = Score::from_value(score.value().saturating_sub(RETRY_COST));
        }
        Some(Candidate {
            key,
            score,
            fingers,
            assignment,
        })
    }
}

/// One finger for each position, the most telling first.
fn prepare<D: Descriptor>(probe: &[(FingerPosition, Template)]) -> Vec<Probe<'_, D>> {
    let worth = |t: &Template| {
        t.minutiae()
            .iter()
            .take(32)
            .map(|m| u32::from(m.reliability))
            .sum::<u32>()
    };
    let mut order: Vec<&(FingerPosition, Template)> = probe.iter().collect();
    order.sort_by_key(|(position, template)| (core::cmp::Reverse(worth(template)), *position));
    let mut prepared: Vec<Probe<'_, D>> = Vec::with_capacity(order.len());
    for (position, template) in order {
        if prepared.iter().all(|p| p.position != *position) {
            prepared.push(Probe {
                position: *position,
                template,
                descriptor: D::derive(template),
            });
        }
    }
    prepared
}

/// Everyone, by the first fingers both have.
fn screen<D: Descriptor>(
    gallery: &Gallery<D>,
    probe: &[Probe<'_, D>],
    assignment: Assignment,
    stage: &Stage,
) -> Vec<Standing> {
    let by_block: Vec<Vec<Standing>> = gallery
        .blocks
        .par_iter()
        .enumerate()
        .map(|(number, block)| {
            let mut standings = Vec::with_capacity(BLOCK);
            for (row, key) in block.keys.iter().enumerate() {
                let Some(key) = *key else { continue };
                let finger = |position| block.finger(row, assignment.of(position));
                let log_ratio = together(probe, 0..stage.fingers, stage.glance, finger)
                    .unwrap_or(NOTHING_COMPARED);
                standings.push(Standing {
                    log_ratio,
                    key,
                    place: number * BLOCK + row,
                });
            }
            standings
        })
        .collect();
    by_block.concat()
}

/// What some of the fingers that both have say together; `None` when there are none of them.
fn together<'a, D: Descriptor + 'a>(
    probe: &[Probe<'_, D>],
    which: core::ops::Range<usize>,
    glance: bool,
    finger: impl Fn(FingerPosition) -> Option<&'a D>,
) -> Option<f32> {
    probe
        .iter()
        .filter_map(|p| Some((p, finger(p.position)?)))
        .skip(which.start)
        .take(which.len())
        .map(|(p, finger)| {
            let likelihood = if glance {
                p.descriptor.glance(finger)
            } else {
                p.descriptor.likelihood(finger)
            };
            likelihood.log_ratio()
        })
        .reduce(|sum, one| sum + one)
}

/// In no order.
fn keep_best(standings: &mut Vec<Standing>, most: usize) {
    if standings.len() > most {
        standings.select_nth_unstable_by(most, best_first);
        standings.truncate(most);
    }
}

impl Gallery<Surroundings> {
    /// Compares the probe with one person by the exact matcher; `None` without a common finger, or when the person's
    /// templates are not held here.
    pub fn compare(&self, key: u64, probe: &[(FingerPosition, Template)]) -> Option<Candidate> {
        let search = Search {
            limit: 1,
            retry: false,
            templates: None,
        };
        search.decide(self, &prepare(probe), Assignment::AsNamed, key)
    }
}
