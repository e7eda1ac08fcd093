//! Dates as people know them: a day, a month, a year, or a guess.
//!
//! In: `1990`, `1990-03`, `1990/03/05`, `~1990`. Out: [`PartialDate`], its place in time, the age it allows.
//! Never: fills in a month or a day that nobody said.

use time::{Date, Month};

use crate::{PartialDate, PersonalText, UnixMs, fault::ValueFault, text::ascii_digits};

/// First year a date may have: older than anybody alive, young enough for a grandparent's papers.
pub const YEAR_MIN: u16 = 1850;
/// Last year a date may have; expiry dates lie ahead.
pub const YEAR_MAX: u16 = 2200;
/// How far a guess may be off on either side. A guess never makes a person older or younger than a rule needs.
pub const ESTIMATE_YEARS: u16 = 2;

impl PartialDate {
    /// Reads year first, with `-` or `/` between, in any digits; a leading `~` marks a guess.
    /// The day has to exist in the Gregorian calendar.
    pub fn parse(text: &str) -> Result<Self, ValueFault> {
        let text = ascii_digits(text.trim());
        let (estimated, text) = match text.strip_prefix('~') {
            Some(rest) => (true, rest.trim_start()),
            None => (false, text.as_str()),
        };
        if text.contains('-') && text.contains('/') {
            return Err(ValueFault::NotADate);
        }
        let mut parts = text.split(['-', '/']);
        let year = number(parts.next(), 4, 4).ok_or(ValueFault::NotADate)?;
        let mut rest = [None; 2];
        for (slot, part) in rest.iter_mut().zip(parts.by_ref()) {
            *slot = Some(number(Some(part), 1, 2).ok_or(ValueFault::NotADate)?);
        }
        if parts.next().is_some() {
            return Err(ValueFault::NotADate);
        }
        let small = |n: Option<u16>| n.and_then(|n| u8::try_from(n).ok());
        Self {
            year,
            month: small(rest[0]),
            day: small(rest[1]),
            estimated,
        }
        .checked()
    }

    /// The same date if the calendar has it; also for dates that came from a file.
    pub fn checked(self) -> Result<Self, ValueFault> {
        if !(YEAR_MIN..=YEAR_MAX).contains(&self.year) {
            return Err(ValueFault::YearOutOfRange {
                min: YEAR_MIN,
                max: YEAR_MAX,
            });
        }
        match (self.month, self.day) {
            (None, None) => Ok(self),
            (None, Some(_)) => Err(ValueFault::NotADate),
            (Some(month), day) => {
                let month = Month::try_from(month).map_err(|_| ValueFault::NoSuchDay)?;
                Date::from_calendar_date(i32::from(self.year), month, day.unwrap_or(1))
                    .map(|_| self)
                    .map_err(|_| ValueFault::NoSuchDay)
            }
        }
    }

    /// `1990-03-05`, `1990-03`, `1990`, with `~` in front of a guess: what [`Self::parse`] reads back.
    pub fn iso(self) -> PersonalText {
        self.written('-')
    }

    /// The form of the card, `1990/03/05`, as far as it is known.
    pub fn shown(self) -> PersonalText {
        self.written('/')
    }

    fn written(self, between: char) -> PersonalText {
        let mut text = format!("{}{:04}", if self.estimated { "~" } else { "" }, self.year);
        for part in [self.month, self.day].into_iter().flatten() {
            text.push_str(&format!("{between}{part:02}"));
        }
        PersonalText::new(text)
    }

    /// First and last day it may mean, both included. A guess reaches [`ESTIMATE_YEARS`] further on either side.
    pub fn span(self) -> (Date, Date) {
        let reach = if self.estimated {
            i32::from(ESTIMATE_YEARS)
        } else {
            0
        };
        let year = i32::from(self.year);
        let month = self.month.and_then(|m| Month::try_from(m).ok());
        let (first, last) = (
            month.unwrap_or(Month::January),
            month.unwrap_or(Month::December),
        );
        let from = civil(year - reach, first, self.day.unwrap_or(1));
        let to = civil(year + reach, last, self.day.unwrap_or(31));
        (from, to)
    }

    /// Whether both may be the same day: their spans meet.
    pub fn may_equal(self, other: Self) -> bool {
        let ((a_from, a_to), (b_from, b_to)) = (self.span(), other.span());
        a_from <= b_to && b_from <= a_to
    }

    /// Whether it lies wholly before `day`.
    pub fn is_before(self, day: Date) -> bool {
        self.span().1 < day
    }

    /// Whether it lies wholly after `day`. A guess counts with its reach.
    pub fn is_after(self, day: Date) -> bool {
        self.span().0 > day
    }

    /// The age in whole years on `day`, as far as the date tells.
    pub fn age_on(self, day: Date) -> AgeRange {
        let (earliest, latest) = self.span();
        AgeRange {
            at_least: years_between(latest, day),
            at_most: years_between(earliest, day),
        }
    }
}

/// An age in whole years that is known within limits, both included.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AgeRange {
    /// The youngest the person may be.
    pub at_least: u8,
    /// The oldest the person may be.
    pub at_most: u8,
}

impl core::fmt::Debug for AgeRange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("AgeRange(…)")
    }
}

impl AgeRange {
    /// No birth date at all.
    pub const UNKNOWN: Self = Self {
        at_least: 0,
        at_most: u8::MAX,
    };

    /// Surely `years` old or older.
    pub const fn surely_from(self, years: u8) -> bool {
        self.at_least >= years
    }

    /// Perhaps `years` old or older.
    pub const fn perhaps_from(self, years: u8) -> bool {
        self.at_most >= years
    }

    /// Surely younger than `years`.
    pub const fn surely_under(self, years: u8) -> bool {
        self.at_most < years
    }

    /// Neither surely younger nor surely as old.
    pub const fn undecided_at(self, years: u8) -> bool {
        self.at_least < years && self.at_most >= years
    }
}

impl UnixMs {
    /// The civil date at an offset from UTC in minutes (Iraq: +180; an embassy: its host's), `None` beyond year 9999.
    pub fn date_at(self, offset_minutes: i16) -> Option<Date> {
        let seconds = i64::try_from(self.0 / 1000).ok()? + i64::from(offset_minutes) * 60;
        time::OffsetDateTime::from_unix_timestamp(seconds)
            .ok()
            .map(time::OffsetDateTime::date)
    }
}

fn number(part: Option<&str>, min_digits: usize, max_digits: usize) -> Option<u16> {
    let part = part?;
    let plain =
        (min_digits..=max_digits).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| part.parse().ok()).flatten()
}

/// The date, or the last day of that month where the month is shorter (a guess moved to another year).
fn civil(year: i32, month: Month, day: u8) -> Date {
    let day = day.min(month.length(year));
    Date::from_calendar_date(year, month, day).unwrap_or(Date::MIN)
}

fn years_between(born: Date, day: Date) -> u8 {
    let had_birthday = (day.month() as u8, day.day()) >= (born.month() as u8, born.day());
    let years = day.year() - born.year() - i32::from(!had_birthday);
    u8::try_from(years.clamp(0, 255)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::date;

    fn parsed(text: &str) -> PartialDate {
        PartialDate::parse(text).unwrap()
    }

    #[test]
    fn dates_read_back_as_they_were_said() {
        for (typed, kept) in [
            ("1990", "1990"),
            ("1990-03", "1990-03"),
            ("1990/3/5", "1990-03-05"),
            ("~1990", "~1990"),
            ("~ 1990-03", "~1990-03"),
            ("٢٠٠٠/٠٢/٢٩", "2000-02-29"),
            ("۱۹۹۰", "1990"),
        ] {
            assert_eq!(parsed(typed).iso().expose(), kept);
            assert_eq!(parsed(kept), parsed(typed));
        }
        assert_eq!(parsed("1990-03-05").shown().expose(), "1990/03/05");
    }

    #[test]
    fn days_the_calendar_does_not_have_are_refused() {
        for bad in [
            "1999-02-29",
            "2100-02-29",
            "2000-04-31",
            "2000-13",
            "2000-00",
            "2000-01-00",
            "2000-01-32",
        ] {
            assert_eq!(PartialDate::parse(bad), Err(ValueFault::NoSuchDay));
        }
        assert!(PartialDate::parse("2096-02-29").is_ok());
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for bad in [
            "",
            "90",
            "05/03/1990",
            "1990-03/05",
            "1990-3-5-1",
            "1990-",
            "1990-xx",
            "-1990",
            "~~1990",
            "1990 03",
        ] {
            assert_eq!(PartialDate::parse(bad), Err(ValueFault::NotADate));
        }
        for bad in ["1849", "2201-01-01"] {
            assert!(matches!(
                PartialDate::parse(bad),
                Err(ValueFault::YearOutOfRange { .. })
            ));
        }
    }

    #[test]
    fn dates_may_be_equal_where_their_spans_meet() {
        for (a, b) in [
            ("1990", "1990-03-05"),
            ("1990-03", "1990-03-31"),
            ("~1990", "1992"),
            ("~1990", "~1994"),
        ] {
            assert!(parsed(a).may_equal(parsed(b)) && parsed(b).may_equal(parsed(a)));
        }
        for (a, b) in [
            ("1990", "1991"),
            ("1990-03", "1990-04"),
            ("~1990", "1993"),
            ("1990-03-05", "1990-03-06"),
        ] {
            assert!(!parsed(a).may_equal(parsed(b)) && !parsed(b).may_equal(parsed(a)));
        }
    }

    #[test]
    fn age_is_a_range_as_wide_as_the_doubt() {
        let day = date!(2026 - 11 - 22);
        let age = |text: &str| {
            (
                parsed(text).age_on(day).at_least,
                parsed(text).age_on(day).at_most,
            )
        };
        assert_eq!(age("2014-11-22"), (12, 12));
        assert_eq!(age("2014-11-23"), (11, 11));
        assert_eq!(age("2014"), (11, 12));
        assert_eq!(age("~2014"), (9, 14));
        assert_eq!(age("2030"), (0, 0));
        assert!(parsed("2014").age_on(day).undecided_at(12));
        assert!(!parsed("2014-11-22").age_on(day).undecided_at(12));
    }

    #[test]
    fn a_guess_on_a_leap_day_has_a_span() {
        assert_eq!(
            parsed("~2000-02-29").span(),
            (date!(1998 - 02 - 28), date!(2002 - 02 - 28))
        );
    }

    #[test]
    fn the_civil_date_depends_on_the_offset() {
        let late_evening_utc = UnixMs(1_700_000_000_000); // 2023-11-14 22:13:20
        assert_eq!(late_evening_utc.date_at(0), Some(date!(2023 - 11 - 14)));
        assert_eq!(late_evening_utc.date_at(180), Some(date!(2023 - 11 - 15)));
        assert_eq!(UnixMs(u64::MAX).date_at(0), None);
    }

    proptest! {
        #[test]
        fn any_text_is_a_date_that_reads_back_or_an_error(text in "[~0-9/٠-٩-]{0,12}") {
            if let Ok(date) = PartialDate::parse(&text) {
                prop_assert_eq!(PartialDate::parse(date.iso().expose()), Ok(date));
                prop_assert!(date.span().0 <= date.span().1);
                prop_assert!(date.may_equal(date));
            }
        }
    }
}
