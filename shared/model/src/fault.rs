//! Why something typed, scanned or imported is not a value.
//!
//! In: the parsers at the edge. Out: a reason with a stable code and the place inside the field.
//! Never: holds the value itself, so that it may be logged and shown to anybody.

use crate::{Remedy, Script};

/// Why a text or a part of a value was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ValueFault {
    #[error("it is empty")]
    Empty,
    #[error("it is longer than {max_bytes} bytes")]
    TooLong { max_bytes: usize },
    #[error("it holds a control character, or one that hides the direction of the text")]
    ControlCharacter,
    #[error("it holds a character that is no letter of the script `{}`", script.name())]
    LetterNotAllowed { script: Script },
    #[error("it holds no letter")]
    NoLetter,
    #[error(
        "not a date: YYYY, YYYY-MM or YYYY-MM-DD is expected, with ~ in front where it is a guess"
    )]
    NotADate,
    #[error("the calendar has no such day")]
    NoSuchDay,
    #[error("the year is outside {min} to {max}")]
    YearOutOfRange { min: u16, max: u16 },
    #[error("the date lies after the day of capture")]
    InTheFuture,
    #[error("the date is needed to the day")]
    DayNeeded,
    #[error("a national number has twelve digits")]
    NotTwelveDigits,
    #[error("not a telephone number: + and 6 to 15 digits are expected")]
    NotAPhone,
    #[error("not a time of the day: HH:MM is expected")]
    NotATime,
    #[error("only digits are expected")]
    NotDigits,
    #[error("it does not have the form `{form}`")]
    WrongForm { form: &'static str },
    #[error("not a whole number")]
    NotANumber,
    #[error("the number is outside {min} to {max}")]
    OutOfRange { min: i64, max: i64 },
    #[error("neither true nor false")]
    NotYesNo,
    #[error("the answer has to be {expected}")]
    MustBe { expected: bool },
    #[error("the table `{table}` has no such code")]
    UnknownCode { table: String },
    #[error("the same code is given twice")]
    CodeTwice,
    #[error("{expected} is expected here")]
    WrongShape { expected: &'static str },
    #[error("there is no key `{key}` here")]
    UnknownKey { key: String },
    #[error("the part is required")]
    PartMissing,
    #[error("Arabic or Sorani letters are required")]
    ArabicLettersNeeded,
    #[error("a paper that was not seen needs a reason")]
    GapNeedsReason,
    #[error("the same paper is listed twice")]
    DocumentTwice,
    #[error("exactly one head of the household is expected")]
    OneHead,
    #[error("{min} to {max} entries are expected")]
    CountOutOfRange { min: usize, max: usize },
    #[error("this field may not be left out for that reason")]
    ReasonNotAllowed,
    #[error("the pack has no consent text of that version")]
    UnknownConsentText,
    #[error("there is no answer about the purpose `{purpose}`")]
    PurposeUnanswered { purpose: String },
    #[error("the pack asks about no such purpose, or the purpose is answered twice")]
    UnknownPurpose,
    #[error("a value of the kind `{expected}` is expected")]
    WrongKind { expected: &'static str },
    #[error("the position is not on the earth")]
    NotAPosition,
    #[error("more entries than {max}")]
    TooMany { max: usize },
}

impl ValueFault {
    /// Stable code, such as `VAL-05`; the screen finds its words by it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "VAL-01",
            Self::TooLong { .. } => "VAL-02",
            Self::ControlCharacter => "VAL-03",
            Self::LetterNotAllowed { .. } => "VAL-04",
            Self::NoLetter => "VAL-05",
            Self::NotADate => "VAL-06",
            Self::NoSuchDay => "VAL-07",
            Self::YearOutOfRange { .. } => "VAL-08",
            Self::InTheFuture => "VAL-09",
            Self::DayNeeded => "VAL-10",
            Self::NotTwelveDigits => "VAL-11",
            Self::NotAPhone => "VAL-12",
            Self::NotATime => "VAL-13",
            Self::NotDigits => "VAL-14",
            Self::WrongForm { .. } => "VAL-15",
            Self::NotANumber => "VAL-16",
            Self::OutOfRange { .. } => "VAL-17",
            Self::NotYesNo => "VAL-18",
            Self::MustBe { .. } => "VAL-19",
            Self::UnknownCode { .. } => "VAL-20",
            Self::CodeTwice => "VAL-21",
            Self::WrongShape { .. } => "VAL-22",
            Self::UnknownKey { .. } => "VAL-23",
            Self::PartMissing => "VAL-24",
            Self::ArabicLettersNeeded => "VAL-25",
            Self::GapNeedsReason => "VAL-26",
            Self::DocumentTwice => "VAL-27",
            Self::OneHead => "VAL-28",
            Self::CountOutOfRange { .. } => "VAL-29",
            Self::ReasonNotAllowed => "VAL-30",
            Self::UnknownConsentText => "VAL-31",
            Self::PurposeUnanswered { .. } => "VAL-32",
            Self::UnknownPurpose => "VAL-33",
            Self::WrongKind { .. } => "VAL-34",
            Self::NotAPosition => "VAL-35",
            Self::TooMany { .. } => "VAL-36",
        }
    }

    /// The person at the screen puts it right.
    pub const fn remedy(&self) -> Remedy {
        Remedy::OperatorActs
    }

    /// The same fault, at a place inside a field such as `given.ar`.
    pub fn at(self, part: impl Into<String>) -> ValueError {
        ValueError {
            part: part.into(),
            fault: self,
        }
    }
}

/// A fault and where inside the field it lies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{fault}", Self::prefix(part))]
pub struct ValueError {
    /// Place inside the field, such as `given.ar` or `[2].birth_date`; empty for the field as a whole.
    pub part: String,
    /// What is wrong there.
    pub fault: ValueFault,
}

impl ValueError {
    /// The fault's code.
    pub const fn code(&self) -> &'static str {
        self.fault.code()
    }

    /// The fault's remedy.
    pub const fn remedy(&self) -> Remedy {
        self.fault.remedy()
    }

    /// The same error seen from one level further out.
    #[must_use]
    pub fn within(mut self, outer: &str) -> Self {
        self.part = match (self.part.is_empty(), self.part.starts_with('[')) {
            (true, _) => outer.to_owned(),
            (false, true) => format!("{outer}{}", self.part),
            (false, false) => format!("{outer}.{}", self.part),
        };
        self
    }

    fn prefix(part: &str) -> String {
        if part.is_empty() {
            String::new()
        } else {
            format!("{part}: ")
        }
    }
}

impl From<ValueFault> for ValueError {
    fn from(fault: ValueFault) -> Self {
        fault.at("")
    }
}

/// A key of an input file as an error may repeat it: short and plain, otherwise `…`, because somebody may have
/// typed a name where a key belongs.
pub(crate) fn printable_key(key: &str) -> String {
    let plain = key.len() <= 40
        && key
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
    if plain {
        key.to_owned()
    } else {
        "…".to_owned()
    }
}
