//! Names: how two parts of a name compare, over every spelling known of each.
//!
//! In: folded spellings. Out: [`Agreement`]. Never: lets an unknown say anything.

use minicbor::{Decode, Encode};

/// One part of a name, folded for comparison: every spelling known for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NameKey {
    /// Folded Arabic and Sorani spellings, without repetition.
    #[n(1)]
    pub arabic: Vec<String>,
    /// Folded Latin spelling.
    #[n(2)]
    pub latin: Option<String>,
}

/// How two parts of a name compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// One spelling is the same.
    Same,
    /// One letter or the long vowels differ.
    Similar,
    /// Both known, and different.
    Different,
    /// At least one is not known. It says nothing.
    Unknown,
}

impl NameKey {
    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        self.arabic.is_empty() && self.latin.is_none()
    }

    /// Compares two parts; Latin counts only where one side has no Arabic spelling.
    pub fn compare(&self, other: &Self) -> Agreement {
        if !self.arabic.is_empty() && !other.arabic.is_empty() {
            return best(
                self.arabic
                    .iter()
                    .flat_map(|a| other.arabic.iter().map(move |b| spelling(a, b))),
            );
        }
        match (&self.latin, &other.latin) {
            (Some(a), Some(b)) => spelling(a, b),
            _ => Agreement::Unknown,
        }
    }

    /// The spelling that blocking keys are made of, if any: the first Arabic one, else Latin.
    pub fn key(&self) -> Option<&str> {
        self.arabic
            .first()
            .or(self.latin.as_ref())
            .map(String::as_str)
    }
}

fn best(agreements: impl Iterator<Item = Agreement>) -> Agreement {
    let mut found = Agreement::Different;
    for agreement in agreements {
        match agreement {
            Agreement::Same => return Agreement::Same,
            Agreement::Similar => found = Agreement::Similar,
            _ => {}
        }
    }
    found
}

pub(super) fn spelling(a: &str, b: &str) -> Agreement {
    if a == b {
        return Agreement::Same;
    }
    let (skeleton_a, skeleton_b) = (skeleton(a), skeleton(b));
    if skeleton_a.chars().count() >= 3 && skeleton_a == skeleton_b {
        return Agreement::Similar;
    }
    if a.chars().count().min(b.chars().count()) >= 4 && within_one_edit(a, b) {
        Agreement::Similar
    } else {
        Agreement::Different
    }
}

/// The consonants of a folded name: long vowels and short Latin vowels vary most between spellings.
pub fn skeleton(folded: &str) -> String {
    folded
        .chars()
        .filter(|c| {
            !matches!(
                c,
                'ا' | 'و' | 'ي' | 'ه' | 'a' | 'e' | 'i' | 'o' | 'u' | 'y' | ' ' | '\'' | '-'
            )
        })
        .collect()
}

/// Whether one letter added, dropped, replaced or swapped with its neighbour turns `a` into `b`.
fn within_one_edit(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let same_start = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    if same_start == 0 {
        return false; // Ahmad and Muhammad are one letter apart, and two people.
    }
    let (a, b) = (&a[same_start..], &b[same_start..]);
    match (a, b) {
        ([], _) | (_, []) => true,
        ([x0, x1, xs @ ..], [y0, y1, ys @ ..]) if x0 == y1 && x1 == y0 && xs == ys => true,
        _ => a[1..] == b[1..] || a[1..] == *b || *a == b[1..],
    }
}
