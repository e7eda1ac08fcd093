//! Numbers, days and times as the language of the screen writes them.
//!
//! In: values of the station. Out: text. Never: something that is parsed again.

use qayd_model::UnixMs;
use qayd_model::pack::Language;
use time::{OffsetDateTime, UtcOffset};

/// Text with the digits of the language: ٠-٩ in Arabic and Sorani.
pub fn digits(text: &str, language: Language) -> String {
    if language == Language::English {
        return text.to_owned();
    }
    text.chars()
        .map(|c| match c.to_digit(10) {
            Some(n) if c.is_ascii_digit() => char::from_u32(0x0660 + n).unwrap_or(c),
            _ => c,
        })
        .collect()
}

/// A whole number.
pub fn number(value: impl std::fmt::Display, language: Language) -> String {
    digits(&value.to_string(), language)
}

/// Gigabytes or megabytes, one unit that anybody reads.
pub fn bytes(value: u64, language: Language) -> String {
    let text = if value >= 10_000_000_000 {
        format!("{} GB", value / 1_000_000_000)
    } else {
        format!("{} MB", value / 1_000_000)
    };
    digits(&text, language)
}

/// Hours and minutes at the place; the day before that where it is not today's.
pub fn when(at: UnixMs, now: UnixMs, offset_minutes: i64, language: Language) -> String {
    let (then, today) = (local(at, offset_minutes), local(now, offset_minutes));
    let time = format!("{:02}:{:02}", then.hour(), then.minute());
    let text = if then.date() == today.date() {
        time
    } else {
        format!("{:02}/{:02} {time}", then.day(), u8::from(then.month()))
    };
    digits(&text, language)
}

/// The year at the place.
pub fn year(at: UnixMs, offset_minutes: i64) -> i32 {
    local(at, offset_minutes).year()
}

fn local(at: UnixMs, offset_minutes: i64) -> OffsetDateTime {
    let seconds = i64::try_from(at.0 / 1_000).unwrap_or(0);
    let offset = i32::try_from(offset_minutes * 60)
        .ok()
        .and_then(|s| UtcOffset::from_whole_seconds(s).ok());
    OffsetDateTime::from_unix_timestamp(seconds)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .to_offset(offset.unwrap_or(UtcOffset::UTC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arabic_and_sorani_have_their_own_digits_and_english_has_not() {
        assert_eq!(digits("12:05", Language::Arabic), "١٢:٠٥");
        assert_eq!(digits("12:05", Language::Sorani), "١٢:٠٥");
        assert_eq!(digits("12:05", Language::English), "12:05");
    }

    #[test]
    fn the_day_begins_at_midnight_of_the_place() {
        // 2026-01-01 22:30 UTC is 01:30 of the second of January in Baghdad.
        let now = UnixMs(1_767_306_600_000);
        assert_eq!(when(now, now, 180, Language::English), "01:30");
    }
}
