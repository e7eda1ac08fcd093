//! Which pairs of prints are compared.
//!
//! In: prints of one set. Out: `Scores`. Owns: the two protocols.

use super::Scores;

/// One impression of one finger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Print<T> {
    /// Which finger, within its set.
    pub finger: u32,
    /// Which impression of it.
    pub impression: u32,
    /// `None` is a failure to enrol.
    pub template: Option<T>,
}

/// Which impostor pairs are compared. Genuine pairs are the same in both: every two impressions of one finger, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Every two impressions of different fingers, once.
    FullImpostor,
    /// The first impression of every two fingers, once, as in FVC2000 and after.
    Fvc,
}

/// Scores every pair of the protocol. A pair without two templates scores 0 and `score` is not asked.
pub fn compare<T>(
    prints: &[Print<T>],
    protocol: Protocol,
    mut score: impl FnMut(&T, &T) -> u16,
) -> Scores {
    let is_first = |print: &Print<T>| {
        prints
            .iter()
            .filter(|other| other.finger == print.finger)
            .all(|other| print.impression <= other.impression)
    };
    let first: Vec<bool> = prints.iter().map(is_first).collect();
    let mut scores = Scores::default();
    for (i, a) in prints.iter().enumerate() {
        for (j, b) in prints.iter().enumerate().skip(i + 1) {
            let genuine = a.finger == b.finger;
            if !genuine && protocol == Protocol::Fvc && !(first[i] && first[j]) {
                continue;
            }
            let value = match (&a.template, &b.template) {
                (Some(a), Some(b)) => score(a, b),
                _ => 0,
            };
            if genuine {
                scores.genuine.push(value);
            } else {
                scores.impostor.push(value);
            }
        }
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prints(fingers: u32, impressions: u32) -> Vec<Print<u32>> {
        (1..=fingers)
            .flat_map(|finger| {
                (1..=impressions).map(move |impression| Print {
                    finger,
                    impression,
                    template: Some(finger * 100 + impression),
                })
            })
            .collect()
    }

    #[test]
    fn ten_fingers_of_eight_impressions_give_the_published_numbers_of_pairs() {
        let set = prints(10, 8);
        let full = compare(&set, Protocol::FullImpostor, |_, _| 1);
        assert_eq!((full.genuine.len(), full.impostor.len()), (280, 2_880));
        let fvc = compare(&set, Protocol::Fvc, |_, _| 1);
        assert_eq!((fvc.genuine.len(), fvc.impostor.len()), (280, 45));
    }

    #[test]
    fn the_first_impression_is_the_lowest_number_in_any_order() {
        let mut set = prints(2, 3);
        set.reverse();
        let mut asked = Vec::new();
        compare(&set, Protocol::Fvc, |a, b| {
            asked.push((*a, *b));
            0
        });
        assert!(asked.contains(&(201, 101)));
        assert_eq!(asked.len(), 3 + 3 + 1);
    }

    #[test]
    fn a_failure_to_enrol_scores_zero_in_every_pair_it_belongs_to() {
        let mut set = prints(2, 2);
        set[0].template = None;
        let full = compare(&set, Protocol::FullImpostor, |_, _| 500);
        assert_eq!(full.genuine, [0, 500]);
        assert_eq!(full.impostor, [0, 0, 500, 500]);
        let fvc = compare(&set, Protocol::Fvc, |_, _| 500);
        assert_eq!(fvc.impostor, [0], "it still is its finger's first");
    }
}
