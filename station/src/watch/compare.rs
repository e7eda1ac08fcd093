//! Compare: how alike two people's names, dates and numbers are.
//!
//! In: two [`Probe`]s. Out: a likeness of 0 to 100 with its reasons. Never: lets two unknowns speak for each other.

use serde::Serialize;

use super::Probe;

/// What speaks for one person in two enrolments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WatchReason {
    /// Fingers match, at a false-match rate below 0.01 %.
    Fingers,
    /// The same national number.
    NationalNumber,
    /// Own and father's name are the same in some script, as search folds them.
    Name,
    /// The grandfather's name too.
    Grandfather,
    /// The mother's name is the same.
    Mother,
    /// The birth date is the same to the day.
    BirthDate,
    /// The birth date may be the same, as far as it is known.
    PerhapsBirthDate,
}

/// Likeness of 0 to 100, with what it rests on.
pub fn likeness(a: &Probe, b: &Probe) -> (u8, Vec<WatchReason>) {
    let mut reasons = Vec::new();
    let mut points = 0;
    let mut say = |reason, worth: u8| {
        reasons.push(reason);
        points += worth;
    };
    if a.national_number.is_some() && a.national_number == b.national_number {
        say(WatchReason::NationalNumber, 100);
    }
    let named = shared(&a.given, &b.given) && shared(&a.father, &b.father);
    if named {
        say(WatchReason::Name, 50);
        if shared(&a.grandfather, &b.grandfather) {
            say(WatchReason::Grandfather, 15);
        }
        if shared(&a.mother, &b.mother) {
            say(WatchReason::Mother, 15);
        }
    }
    if let (Some(one), Some(other)) = (a.birth, b.birth) {
        let to_the_day = one.day.is_some() && other.day.is_some();
        if to_the_day && one == other {
            say(WatchReason::BirthDate, 30);
        } else if one.may_equal(other) {
            say(WatchReason::PerhapsBirthDate, 20);
        } else if !reasons.contains(&WatchReason::NationalNumber) {
            // Two dates that cannot be one are two people, however common the name.
            return (0, Vec::new());
        }
    }
    (points.min(100), reasons)
}

fn shared(a: &[String], b: &[String]) -> bool {
    a.iter().any(|key| b.contains(key))
}
