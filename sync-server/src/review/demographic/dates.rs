//! Dates: how two birth dates compare, as far as each is known.
//!
//! In: partial dates. Out: [`Dates`]. Never: takes a missing day or month for one.

use qayd_model::PartialDate;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dates {
    /// Known to the day, and the same day.
    Same,
    /// Not contradicting each other, at least one not known to the day.
    Overlap,
    /// Not the same, but as far apart as a guess may be, or with day and month exchanged.
    Near,
    Differ,
    Unknown,
}

pub(super) fn dates(a: Option<PartialDate>, b: Option<PartialDate>) -> Dates {
    let (Some(a), Some(b)) = (a, b) else {
        return Dates::Unknown;
    };
    let part = |x: Option<u8>, y: Option<u8>| match (x, y) {
        (Some(x), Some(y)) => Some(x == y),
        _ => None,
    };
    if a.year == b.year {
        match (part(a.month, b.month), part(a.day, b.day)) {
            (Some(true), Some(true)) => {
                return if a.estimated || b.estimated {
                    Dates::Overlap
                } else {
                    Dates::Same
                };
            }
            (Some(true) | None, None) | (None, Some(_)) => return Dates::Overlap,
            _ => {}
        }
        let exchanged =
            a.month.is_some() && a.day.is_some() && a.month == b.day && a.day == b.month;
        if exchanged {
            return Dates::Near;
        }
    }
    // Ages told as a guess are rarely off by more than two years (precision "estimated").
    if (a.estimated || b.estimated) && a.year.abs_diff(b.year) <= 2 {
        Dates::Near
    } else {
        Dates::Differ
    }
}

/// Days since year 0 of a date known to the day, in the proleptic Gregorian calendar.
pub(super) fn day_number(date: PartialDate) -> Option<u32> {
    let month = time::Month::try_from(date.month?).ok()?;
    let date = time::Date::from_calendar_date(i32::from(date.year), month, date.day?).ok()?;
    u32::try_from(date.to_julian_day()).ok()
}
