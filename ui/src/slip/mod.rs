//! Slip: the paper that the person takes home, drawn, saved, printed.
//!
//! In: what the station keeps of a sealed enrolment. Out: [`Paper`], of which [`pdf::of`] makes a PDF and [`print::send`]
//! a print. Never: says more than the station's slip does; leaves a file where nobody asked for one.

pub mod pdf;
pub mod print;
mod words;

use qayd_model::UnixMs;
use qayd_model::pack::Language;
use qayd_station::EnrolmentSummary;

use crate::numbers;

/// One slip, ready to be drawn. All of it is in the language of the person.
#[derive(Clone, PartialEq, Eq)]
pub struct Paper {
    /// Of everything here.
    pub language: Language,
    /// What it is a slip of.
    pub title: String,
    /// The station's running number, in the digits of the language.
    pub number: String,
    /// Where and when.
    pub place: String,
    /// What stands before a line, and the line.
    pub lines: Vec<(String, String)>,
    /// What the person does with it.
    pub footer: String,
    /// The signed code.
    pub code: String,
    /// Who keeps each copy; without any there is one, the person's.
    pub copies: Vec<String>,
}

/// What is on it is about a person.
impl std::fmt::Debug for Paper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Paper(…)")
    }
}

impl Paper {
    /// The paper of a sealed enrolment. `code`: signed by the station. `copies`: who keeps each, by the pack.
    pub fn of(
        enrolment: &EnrolmentSummary,
        code: String,
        station: &str,
        utc_offset_minutes: i64,
        copies: Vec<String>,
    ) -> Self {
        let slip = &enrolment.slip;
        let language = Language::from_code(&slip.language).unwrap_or(Language::Arabic);
        Self {
            language,
            title: slip.title.clone(),
            number: numbers::number(enrolment.number, language),
            place: format!(
                "{station} · {}",
                day_and_time(enrolment.sealed, utc_offset_minutes, language)
            ),
            lines: slip
                .lines
                .iter()
                .map(|line| {
                    let text = numbers::digits(line.text.expose(), language);
                    (line.label.clone(), text)
                })
                .collect(),
            footer: slip.footer.clone().unwrap_or_default(),
            code,
            copies,
        }
    }

    /// Name of its file: the number, and nothing about the person.
    pub fn file_name(&self) -> String {
        let ascii: String = self
            .number
            .chars()
            .filter_map(|c| match c {
                '٠'..='٩' => char::from_digit(c as u32 - '٠' as u32, 10),
                other => other.is_ascii_digit().then_some(other),
            })
            .collect();
        format!("slip-{ascii}.pdf")
    }
}

fn day_and_time(at: UnixMs, offset_minutes: i64, language: Language) -> String {
    // "Now" a year later: the day is always written.
    let later = UnixMs(at.0.saturating_add(400 * 86_400_000));
    let (year, when) = (
        numbers::year(at, offset_minutes),
        numbers::when(at, later, offset_minutes, Language::English),
    );
    let text = match when.split_once(' ').and_then(|(day, time)| {
        let (day, month) = day.split_once('/')?;
        Some(format!("{year}/{month}/{day} {time}"))
    }) {
        Some(text) => text,
        None => when,
    };
    // A date reads left to right, also inside Arabic.
    numbers::digits(&format!("\u{2066}{text}\u{2069}"), language)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn paper(language: Language) -> Paper {
        let (title, name, footer) = match language {
            Language::Arabic => (
                "وصل تسجيل البطاقة الوطنية",
                "زهراء أحمد حسن",
                "احتفظ بهذا الوصل.",
            ),
            Language::Sorani => (
                "پسوولەی تۆمارکردنی کارتی نیشتمانی",
                "زەهرا ئەحمەد حەسەن",
                "ئەم پسوولەیە بپارێزە.",
            ),
            Language::English => (
                "National card registration slip",
                "Zahra Ahmed Hasan",
                "Keep this slip.",
            ),
        };
        Paper {
            language,
            title: title.to_owned(),
            number: numbers::number(14, language),
            place: "مخيم تجريبي".to_owned(),
            lines: vec![
                ("الاسم".to_owned(), name.to_owned()),
                ("Phone".to_owned(), "•••••••678".to_owned()),
            ],
            footer: footer.to_owned(),
            code: format!("QAYD:2:{}", "0123456789ABCDEF".repeat(18)),
            copies: Vec::new(),
        }
    }

    #[test]
    fn a_file_is_named_by_the_number_in_digits_that_every_disk_takes() {
        assert_eq!(paper(Language::Arabic).file_name(), "slip-14.pdf");
        assert_eq!(paper(Language::English).file_name(), "slip-14.pdf");
    }

    #[test]
    fn the_day_is_written_as_on_the_card() {
        // 2025-12-31 22:30 UTC is 01:30 of the next year in Baghdad.
        let at = UnixMs(1_767_220_200_000);
        assert_eq!(
            day_and_time(at, 180, Language::English),
            "\u{2066}2026/01/01 01:30\u{2069}"
        );
    }
}
