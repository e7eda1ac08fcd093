//! Machine-readable zones of cards and passports (ICAO Doc 9303 parts 4 to 6), as a reader types them.
//!
//! In: the letters of the zone, in lines or in one. Out: [`Mrz`], every check digit of which held. Never: a zone with a wrong
//! check digit: a misread letter would become somebody's number.
//!
//! | format | letters | documents |
//! |---|---|---|
//! | TD1 | 3 × 30 | identity cards |
//! | TD2 | 2 × 36 | older cards |
//! | TD3 | 2 × 44 | passports |

use crate::{PartialDate, PersonalText};

/// Letters of the whole zone, by format.
const TD1: usize = 90;
const TD2: usize = 72;
const TD3: usize = 88;

/// Why letters are no zone.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum MrzError {
    /// Not the length or the letters of any format.
    #[error("not a machine-readable zone")]
    Form,
    /// A check digit does not fit: something was misread.
    #[error("the check digit of the {part} does not fit")]
    CheckDigit {
        /// Of what.
        part: &'static str,
    },
    /// A date is none.
    #[error("a date that the calendar does not have")]
    Date,
}

impl MrzError {
    /// Stable code: `MRZ-01` to `MRZ-03`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Form => "MRZ-01",
            Self::CheckDigit { .. } => "MRZ-02",
            Self::Date => "MRZ-03",
        }
    }
}

/// What a zone says.
#[derive(Clone, PartialEq, Eq)]
pub struct Mrz {
    /// `P`, `ID`, `I`: what kind of document.
    pub document: String,
    /// Three letters: who issued it.
    pub issuer: String,
    /// Number of the document.
    pub number: PersonalText,
    /// The primary identifier: the surname where there is one.
    pub primary: PersonalText,
    /// The secondary identifiers, in order.
    pub secondary: Vec<PersonalText>,
    /// Three letters.
    pub nationality: String,
    /// Month and day may be unknown.
    pub birth_date: Option<PartialDate>,
    /// `Some(true)`: male; `Some(false)`: female; `None`: not stated.
    pub male: Option<bool>,
    /// What the issuer put where the format leaves room: a personal number.
    pub optional: PersonalText,
}

/// Nothing of a zone is anybody's business in a log.
impl core::fmt::Debug for Mrz {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Mrz(…)")
    }
}

/// Where the parts of a format stand in the letters of its lines, one after the other.
struct Places {
    number: usize,
    birth: usize,
    sex: usize,
    expiry: usize,
    nationality: usize,
    names: core::ops::Range<usize>,
    /// Parts that the last check digit covers, in order, and where that digit stands.
    whole: &'static [core::ops::Range<usize>],
    whole_digit: usize,
    optional: &'static [core::ops::Range<usize>],
}

const PLACES_TD1: Places = Places {
    number: 5,
    birth: 30,
    sex: 37,
    expiry: 38,
    nationality: 45,
    names: 60..90,
    whole: &[5..30, 30..37, 38..45, 48..59],
    whole_digit: 59,
    optional: &[15..30, 48..59],
};
const PLACES_TD2: Places = Places {
    number: 36,
    birth: 49,
    sex: 56,
    expiry: 57,
    nationality: 46,
    names: 5..36,
    whole: &[36..46, 49..56, 57..71],
    whole_digit: 71,
    optional: &[64..71, 64..64],
};
const PLACES_TD3: Places = Places {
    number: 44,
    birth: 57,
    sex: 64,
    expiry: 65,
    nationality: 54,
    names: 5..44,
    whole: &[44..54, 57..64, 65..87],
    whole_digit: 87,
    optional: &[72..86, 72..72],
};

/// Letters a zone may have.
fn is_letter(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit() || c == '<'
}

/// Whether the text ends with what a reader of zones types: a whole line at least, with fillers in it.
pub fn ends_like_one(text: &str) -> bool {
    let tail: Vec<char> = text.chars().rev().take_while(|c| is_letter(*c)).collect();
    tail.len() >= 30 && tail.contains(&'<')
}

/// The zone at the end of a text, and how many bytes of the text stand before it.
pub fn at_end(text: &str) -> Option<(usize, Mrz)> {
    [TD1, TD3, TD2].into_iter().find_map(|length| {
        let start = text.len().checked_sub(length)?;
        let tail = text.get(start..)?;
        Some((start, parse(tail).ok()?))
    })
}

/// Reads a zone. Ends of lines and spaces between the lines do not matter.
///
/// # Errors
/// [`MrzError`].
pub fn parse(text: &str) -> Result<Mrz, MrzError> {
    if text.len() > 4 * TD1 {
        return Err(MrzError::Form);
    }
    let letters: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if !letters.chars().all(is_letter) {
        return Err(MrzError::Form);
    }
    let places = match letters.len() {
        TD1 => &PLACES_TD1,
        TD2 => &PLACES_TD2,
        TD3 => &PLACES_TD3,
        _ => return Err(MrzError::Form),
    };
    read(&letters, places)
}

fn read(letters: &str, places: &Places) -> Result<Mrz, MrzError> {
    let part = |range: core::ops::Range<usize>| &letters[range];
    let number = part(places.number..places.number + 9);
    check(
        "number",
        number,
        part(places.number + 9..places.number + 10),
    )?;
    let birth = part(places.birth..places.birth + 6);
    check(
        "birth date",
        birth,
        part(places.birth + 6..places.birth + 7),
    )?;
    let expiry = part(places.expiry..places.expiry + 6);
    check("expiry", expiry, part(places.expiry + 6..places.expiry + 7))?;
    let whole: String = places
        .whole
        .iter()
        .map(|range| part(range.clone()))
        .collect();
    check(
        "zone",
        &whole,
        part(places.whole_digit..places.whole_digit + 1),
    )?;
    let (primary, secondary) = names(part(places.names.clone()));
    let optional: Vec<String> = places
        .optional
        .iter()
        .map(|range| spaced(part(range.clone())))
        .filter(|text| !text.is_empty())
        .collect();
    Ok(Mrz {
        document: spaced(part(0..2)),
        issuer: spaced(part(2..5)),
        number: PersonalText::new(spaced(number)),
        primary: PersonalText::new(primary),
        secondary: secondary.into_iter().map(PersonalText::new).collect(),
        nationality: spaced(part(places.nationality..places.nationality + 3)),
        birth_date: date(birth, expiry)?,
        male: match part(places.sex..places.sex + 1) {
            "M" => Some(true),
            "F" => Some(false),
            _ => None,
        },
        optional: PersonalText::new(optional.join(" ")),
    })
}

/// Weights 7, 3, 1; digits as they are, letters from 10, fillers 0 (part 3, section 4.9).
fn check(name: &'static str, part: &str, digit: &str) -> Result<(), MrzError> {
    let sum: u32 = part
        .chars()
        .zip([7, 3, 1].into_iter().cycle())
        .map(|(c, weight)| c.to_digit(36).unwrap_or(0) * weight)
        .sum();
    // A filler stands for the check digit of a part that is empty.
    let says = match digit {
        "<" if part.chars().all(|c| c == '<') => Some(0),
        digit => digit.chars().next().and_then(|c| c.to_digit(10)),
    };
    if says == Some(sum % 10) {
        Ok(())
    } else {
        Err(MrzError::CheckDigit { part: name })
    }
}

fn spaced(part: &str) -> String {
    let words: Vec<&str> = part.split('<').filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

fn names(part: &str) -> (String, Vec<String>) {
    let (primary, secondary) = part.split_once("<<").unwrap_or((part, ""));
    let secondary = secondary
        .split('<')
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    (spaced(primary), secondary)
}

/// A date of birth. The century is the last one in which the person was born before the document ended: documents end at
/// most ten years after they were made, so nobody's birth lies after that.
fn date(birth: &str, expiry: &str) -> Result<Option<PartialDate>, MrzError> {
    let number = |text: &str| text.parse::<u8>().ok();
    let Some(year) = number(&birth[0..2]) else {
        return Ok(None);
    };
    let expires = number(&expiry[0..2]).ok_or(MrzError::Date)?;
    let century = if year > expires { 1900 } else { 2000 };
    let month = number(&birth[2..4]);
    let day = month.and_then(|_| number(&birth[4..6]));
    let date = PartialDate {
        year: century + u16::from(year),
        month,
        day,
        estimated: false,
    };
    date.checked().map(Some).map_err(|_| MrzError::Date)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The specimens of Doc 9303: part 5 appendix B, part 6 appendix B, part 4 appendix B. Utopia has no citizens.
    const CARD: &str = "I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    const OLDER_CARD: &str =
        "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<D231458907UTO7408122F1204159<<<<<<<6";
    const PASSPORT: &str =
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10";

    #[test]
    fn the_three_specimens_of_the_standard_are_read() {
        for (zone, number) in [
            (CARD, "D23145890"),
            (OLDER_CARD, "D23145890"),
            (PASSPORT, "L898902C3"),
        ] {
            let mrz = parse(zone).unwrap();
            assert_eq!(mrz.number.expose(), number);
            assert_eq!(mrz.primary.expose(), "ERIKSSON");
            let given: Vec<_> = mrz.secondary.iter().map(PersonalText::expose).collect();
            assert_eq!(given, ["ANNA", "MARIA"]);
            assert_eq!(
                (mrz.issuer.as_str(), mrz.nationality.as_str()),
                ("UTO", "UTO")
            );
            assert_eq!(mrz.male, Some(false));
            let born = mrz.birth_date.unwrap();
            assert_eq!((born.year, born.month, born.day), (1974, Some(8), Some(12)));
        }
        assert_eq!(parse(PASSPORT).unwrap().optional.expose(), "ZE184226B");
    }

    #[test]
    fn a_misread_letter_of_anything_that_is_checked_is_refused() {
        // Names and the kind of document have no check digit in any format; a passport's sex and nationality neither.
        for (zone, checked) in [
            (CARD, 30..37),
            (CARD, 5..15),
            (PASSPORT, 44..54),
            (PASSPORT, 57..64),
            (OLDER_CARD, 57..64),
        ] {
            for at in checked {
                let mut letters: Vec<char> = zone.chars().collect();
                // Letters whose values differ by ten, such as D and 3, are one to a check digit.
                let as_three = matches!(letters[at], '3' | 'D' | 'N' | 'X');
                letters[at] = if as_three { '8' } else { '3' };
                let misread: String = letters.into_iter().collect();
                assert!(parse(&misread).is_err(), "letter {at}");
            }
        }
    }

    #[test]
    fn lines_may_end_as_a_reader_ends_them() {
        let lines = format!("{}\n{}\r\n{}\n", &CARD[..30], &CARD[30..60], &CARD[60..]);
        assert_eq!(parse(&lines).unwrap(), parse(CARD).unwrap());
        assert_eq!(parse(&CARD[..60]).unwrap_err(), MrzError::Form);
        assert_eq!(parse("زهراء").unwrap_err(), MrzError::Form);
        assert_eq!(parse(&"<".repeat(1_000_000)).unwrap_err(), MrzError::Form);
    }

    #[test]
    fn a_zone_is_found_behind_what_was_typed_before() {
        let typed = format!("زهراء{PASSPORT}");
        let (start, mrz) = at_end(&typed).unwrap();
        assert_eq!(&typed[..start], "زهراء");
        assert_eq!(mrz.number.expose(), "L898902C3");
        assert!(ends_like_one(&format!("x{}", &CARD[..30])));
        assert!(!ends_like_one("Zahra Ahmed Hasan") && at_end("Zahra").is_none());
    }

    #[test]
    fn an_unknown_day_stays_unknown() {
        // Nothing is believed without its check digits: they are worked out here as the standard says.
        let digit = |part: &str| {
            let sum: u32 = part
                .chars()
                .zip([7, 3, 1].into_iter().cycle())
                .map(|(c, w)| c.to_digit(36).unwrap_or(0) * w)
                .sum();
            char::from_digit(sum % 10, 10).unwrap()
        };
        let number = "A12345678";
        let line1 = format!("IDIRQ{number}{}199012345678<<<", digit(number));
        let birth = "6207<<";
        let expiry = "350101";
        let line2 = format!(
            "{birth}{}M{expiry}{}IRQ<<<<<<<<<<<",
            digit(birth),
            digit(expiry)
        );
        let whole = format!(
            "{}{}{}{}",
            &line1[5..30],
            &line2[0..7],
            &line2[8..15],
            &line2[18..29]
        );
        let zone = format!(
            "{line1}{line2}{}{:<<30}",
            digit(&whole),
            "AL<SALIM<<HASAN<ALI"
        );
        let mrz = parse(&zone).unwrap();
        let born = mrz.birth_date.unwrap();
        assert_eq!((born.year, born.month, born.day), (1962, Some(7), None));
        assert_eq!(mrz.optional.expose(), "199012345678");
        assert_eq!(mrz.primary.expose(), "AL SALIM");
        assert_eq!(format!("{mrz:?}"), "Mrz(…)");
    }
}
