//! Text as people type it: digits of three families, letters of three scripts, limits.
//!
//! In: a line from a screen or a file. Out: NFC text, digits in ASCII, or the reason why not (FIELD data rules).
//! Never: changes what is shown beyond NFC and outer blanks; `folding` makes the search key.

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::{PersonalText, Script, fault::ValueFault};

/// Longest free text, in bytes of UTF-8 after NFC.
pub const TEXT_BYTES_MAX: usize = 4096;
/// Longest part of a name in one script, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 200;

const ZERO_WIDTH_NON_JOINER: char = '\u{200C}';

/// Turns ٠-٩ and ۰-۹ into 0-9 and leaves everything else.
pub fn ascii_digits(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{0660}'..='\u{0669}' => digit(c as u32 - 0x0660),
            '\u{06F0}'..='\u{06F9}' => digit(c as u32 - 0x06F0),
            _ => c,
        })
        .collect()
}

fn digit(value: u32) -> char {
    char::from_digit(value, 10).unwrap_or('0')
}

/// Free text: NFC, without outer blanks, at most `max_bytes`; line breaks are kept, other controls refused.
pub fn parse_text(text: &str, max_bytes: usize) -> Result<PersonalText, ValueFault> {
    // Refused before normalising, so that a hostile text costs no more than its own length.
    if text.len() > max_bytes.saturating_mul(3) {
        return Err(ValueFault::TooLong { max_bytes });
    }
    let text = nfc(text.trim());
    if text.is_empty() {
        return Err(ValueFault::Empty);
    }
    if text.len() > max_bytes {
        return Err(ValueFault::TooLong { max_bytes });
    }
    if text
        .chars()
        .any(|c| (c.is_control() && c != '\n') || hides_direction(c))
    {
        return Err(ValueFault::ControlCharacter);
    }
    Ok(PersonalText::new(text))
}

/// One part of a name in one script: only letters of it, their marks, and single blanks between words.
pub fn parse_name(text: &str, script: Script) -> Result<PersonalText, ValueFault> {
    let text = parse_text(text, NAME_BYTES_MAX)?;
    let letters = text.expose();
    let allowed = |c: char| match script {
        Script::Ar | Script::Ckb => {
            c == ' ' || c == ZERO_WIDTH_NON_JOINER || is_arabic_letter_or_mark(c)
        }
        Script::Lat => c.is_ascii_alphabetic() || matches!(c, ' ' | '\'' | '-'),
    };
    if !letters.chars().all(allowed) {
        return Err(ValueFault::LetterNotAllowed { script });
    }
    let has_letter = letters.chars().any(|c| match script {
        Script::Lat => c.is_ascii_alphabetic(),
        _ => is_arabic_letter(c),
    });
    if !has_letter {
        return Err(ValueFault::NoLetter);
    }
    Ok(text)
}

/// Twelve digits of the national card. There is no known checksum and none is claimed.
pub fn parse_national_number(text: &str) -> Result<PersonalText, ValueFault> {
    let digits = parse_digits(text, 64).map_err(|_| ValueFault::NotTwelveDigits)?;
    if digits.expose().len() == 12 {
        Ok(digits)
    } else {
        Err(ValueFault::NotTwelveDigits)
    }
}

/// Digits only, in any of the three families, stored as ASCII.
pub fn parse_digits(text: &str, max_bytes: usize) -> Result<PersonalText, ValueFault> {
    if text.len() > max_bytes.saturating_mul(2) {
        return Err(ValueFault::TooLong { max_bytes });
    }
    let digits = ascii_digits(text.trim());
    match digits.bytes().all(|b| b.is_ascii_digit()) {
        _ if digits.is_empty() => Err(ValueFault::Empty),
        _ if digits.len() > max_bytes => Err(ValueFault::TooLong { max_bytes }),
        true => Ok(PersonalText::new(digits)),
        false => Err(ValueFault::NotDigits),
    }
}

/// A telephone number: an optional `+` (or `00`), then 6 to 15 digits (ITU-T E.164). Blanks, hyphens and brackets are dropped.
pub fn parse_phone(text: &str) -> Result<PersonalText, ValueFault> {
    if text.len() > 64 {
        return Err(ValueFault::NotAPhone);
    }
    let compact: String = ascii_digits(text)
        .chars()
        .filter(|c| {
            !matches!(
                c,
                ' ' | '-' | '(' | ')' | '\u{200E}' | '\u{200F}' | '\u{061C}'
            )
        })
        .collect();
    let (plus, digits) = match compact
        .strip_prefix('+')
        .or_else(|| compact.strip_prefix("00"))
    {
        Some(rest) => ("+", rest),
        None => ("", compact.as_str()),
    };
    if (6..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
        Ok(PersonalText::new(format!("{plus}{digits}")))
    } else {
        Err(ValueFault::NotAPhone)
    }
}

/// `HH:MM` of 24 hours; the answer is minutes since midnight.
pub fn parse_time_of_day(text: &str) -> Result<u16, ValueFault> {
    let text = ascii_digits(text.trim());
    let (hours, minutes) = text.split_once(':').ok_or(ValueFault::NotATime)?;
    let number = |part: &str, limit: u16| {
        let digits = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<u16>().ok().filter(|n| digits && *n < limit)
    };
    match (number(hours, 24), number(minutes, 60), minutes.len()) {
        (Some(hours), Some(minutes), 2) => Ok(hours * 60 + minutes),
        _ => Err(ValueFault::NotATime),
    }
}

pub(crate) fn nfc(text: &str) -> String {
    if is_nfc(text) {
        text.to_owned()
    } else {
        text.nfc().collect()
    }
}

/// A letter of the Arabic block, which holds the Sorani letters ێ ۆ ڕ ڵ ڤ ە گ چ پ ژ ھ too.
pub(crate) fn is_arabic_letter(c: char) -> bool {
    matches!(c,
        '\u{0620}'..='\u{063F}' | '\u{0641}'..='\u{064A}' | '\u{066E}'..='\u{066F}'
        | '\u{0671}'..='\u{06D3}' | '\u{06D5}' | '\u{06EE}'..='\u{06EF}' | '\u{06FA}'..='\u{06FC}' | '\u{06FF}')
}

fn is_arabic_letter_or_mark(c: char) -> bool {
    is_arabic_letter(c) || is_tashkeel(c) || c == TATWEEL
}

pub(crate) const TATWEEL: char = '\u{0640}';

/// Vowel signs and the superscript alef.
pub(crate) fn is_tashkeel(c: char) -> bool {
    matches!(c, '\u{064B}'..='\u{065F}' | '\u{0670}')
}

/// Embeddings, overrides and isolates (UAX #9): what is read would not be what is stored.
fn hides_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digit_families_become_one() {
        assert_eq!(
            ascii_digits("٠١٢٣٤٥٦٧٨٩ ۰۱۲۳۴۵۶۷۸۹ 12a"),
            "0123456789 0123456789 12a"
        );
    }

    #[test]
    fn national_number_is_twelve_digits_and_nothing_else() {
        for good in [
            "199012345678",
            "١٩٩٠١٢٣٤٥٦٧٨",
            "۱۹۹۰۱۲۳۴۵۶۷۸",
            " 199012345678 ",
        ] {
            assert_eq!(
                parse_national_number(good).unwrap().expose(),
                "199012345678"
            );
        }
        for bad in [
            "",
            "19901234567",
            "1990123456789",
            "19901234567A",
            "1990 1234 5678",
            "-99012345678",
        ] {
            assert_eq!(parse_national_number(bad), Err(ValueFault::NotTwelveDigits));
        }
    }

    #[test]
    fn names_keep_to_their_script() {
        for (good, script) in [
            ("عبد الله", Script::Ar),
            ("مُحَمَّد", Script::Ar),
            ("ڕێژەن ھێڤی گوڵچین پەژار ژیان", Script::Ckb),
            ("O'Brien al-Rashid", Script::Lat),
        ] {
            assert!(parse_name(good, script).is_ok());
        }
        for (bad, script) in [
            ("علي 2", Script::Ar),
            ("علي٢", Script::Ar),
            ("علي۲", Script::Ckb),
            ("Ali", Script::Ar),
            ("علي (الأول)", Script::Ar),
            ("علي، حسن", Script::Ar),
            ("علي", Script::Lat),
            ("Zoë", Script::Lat),
            ("Ali2", Script::Lat),
        ] {
            assert_eq!(
                parse_name(bad, script),
                Err(ValueFault::LetterNotAllowed { script })
            );
        }
        assert_eq!(parse_name(" - '", Script::Lat), Err(ValueFault::NoLetter));
        assert_eq!(parse_name("ـــ", Script::Ar), Err(ValueFault::NoLetter));
        assert_eq!(parse_name("  ", Script::Ar), Err(ValueFault::Empty));
    }

    #[test]
    fn names_are_stored_in_nfc() {
        let decomposed = "\u{0627}\u{0653}دم";
        assert_eq!(parse_name(decomposed, Script::Ar).unwrap().expose(), "آدم");
    }

    #[test]
    fn text_has_a_limit_and_no_hidden_characters() {
        assert!(parse_text(&"x".repeat(TEXT_BYTES_MAX), TEXT_BYTES_MAX).is_ok());
        for long in [TEXT_BYTES_MAX + 1, 1 << 20] {
            let answer = parse_text(&"x".repeat(long), TEXT_BYTES_MAX);
            assert_eq!(
                answer,
                Err(ValueFault::TooLong {
                    max_bytes: TEXT_BYTES_MAX
                })
            );
        }
        assert!(parse_text("line\nline", 100).is_ok());
        for bad in ["a\u{0}b", "a\u{202E}b", "a\u{2067}b", "a\tb\u{1B}"] {
            assert_eq!(parse_text(bad, 100), Err(ValueFault::ControlCharacter));
        }
    }

    #[test]
    fn phones_are_kept_as_plus_and_digits() {
        for (typed, kept) in [
            ("+964 770 123 4567", "+9647701234567"),
            ("00964-770-1234567", "+9647701234567"),
            ("٠٧٧٠١٢٣٤٥٦٧", "07701234567"),
            ("(030) 123456", "030123456"),
        ] {
            assert_eq!(parse_phone(typed).unwrap().expose(), kept);
        }
        for bad in [
            "",
            "12345",
            "1234567890123456",
            "0770x234567",
            "++964770123456",
            "07 70+1234567",
        ] {
            assert_eq!(parse_phone(bad), Err(ValueFault::NotAPhone));
        }
    }

    #[test]
    fn time_of_day_is_minutes_since_midnight() {
        for (typed, minutes) in [("00:00", 0), ("7:05", 425), ("٢٣:٥٩", 1439)] {
            assert_eq!(parse_time_of_day(typed), Ok(minutes));
        }
        for bad in ["", "24:00", "12:60", "12:5", "12", "+1:30", "12:30:00"] {
            assert_eq!(parse_time_of_day(bad), Err(ValueFault::NotATime));
        }
    }
}
