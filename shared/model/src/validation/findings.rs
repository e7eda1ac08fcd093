//! What validation found.
//!
//! In: the rules. Out: words with codes, for the step list, the report and the reviewer.
//! Never: holds a value that was answered.

use core::fmt;

use crate::{
    FingerPosition, Remedy, ValueError,
    pack::{Condition, Conditions, Field},
};

/// Everything that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Required, and neither there nor left out with a reason.
    pub missing: Vec<Missing>,
    /// There, and not allowed as it is.
    pub invalid: Vec<Invalid>,
    /// Allowed, and worth knowing.
    pub warnings: Vec<Warning>,
    /// Routes of the pack that the case takes.
    pub routes: Vec<String>,
}

impl Findings {
    /// Whether nothing is missing and nothing invalid: it may be finalised.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.invalid.is_empty()
    }

    pub(super) fn invalid(&mut self, item: Item, reason: InvalidReason) {
        self.invalid.push(Invalid { item, reason });
    }
}

/// Something that is required and not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What.
    pub item: Item,
    /// Why it is required.
    pub because: Because,
    /// Codes of the reasons for which it may be missing: of `missing-reasons` for a field, of `gap-reasons` for a
    /// paper, of `exception-reasons` for a finger. Empty: it has to be there.
    pub may_be_missing_because: Vec<String>,
}

impl Missing {
    /// Stable code for all of them.
    pub const fn code(&self) -> &'static str {
        "FND-01"
    }

    /// Who acts: the officer, or the supervisor whose approval is missing.
    pub const fn remedy(&self) -> Remedy {
        match self.item {
            Item::Supervisor { .. } => Remedy::SupervisorActs,
            _ => Remedy::OperatorActs,
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is missing: {}", self.item, self.because)?;
        if !self.may_be_missing_because.is_empty() {
            write!(
                f,
                "; it may be left out for: {}",
                self.may_be_missing_because.join(", ")
            )?;
        }
        Ok(())
    }
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names say it")]
pub enum Item {
    Field {
        id: String,
        number: u32,
    },
    /// A number no field of the pack has.
    Number(u32),
    Portrait,
    Finger(FingerPosition),
    ExceptionPhoto,
    Signature,
    /// A paper, by its code.
    Document(String),
    /// Pages of a paper that the list of papers does not mention.
    DocumentPage(String),
    /// The approval of an exception.
    Supervisor {
        position: FingerPosition,
    },
    HomeOffice,
}

impl Item {
    pub(super) fn field(field: &Field) -> Self {
        Self::Field {
            id: field.id.clone(),
            number: field.number,
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field { id, .. } => f.write_str(id),
            Self::Number(number) => write!(f, "field number {number}"),
            Self::Portrait => f.write_str("portrait"),
            Self::Finger(position) => f.write_str(position.name()),
            Self::ExceptionPhoto => f.write_str("exception photo"),
            Self::Signature => f.write_str("signature or thumb mark"),
            Self::Document(code) => write!(f, "paper {code}"),
            Self::DocumentPage(code) => write!(f, "scanned page of {code}"),
            Self::Supervisor { position } => {
                write!(f, "supervisor's approval for {}", position.name())
            }
            Self::HomeOffice => f.write_str("home office"),
        }
    }
}

/// Why something is required.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names say it")]
pub enum Because {
    Always,
    /// These conditions of the pack hold.
    Conditions(Conditions),
    /// The person is surely of this age.
    AgeFrom(u8),
    /// Fewer people vouch than the pack asks for.
    MoreAttestors {
        at_least: usize,
    },
    /// A finger is excepted.
    Exception,
    /// Nothing names the office whose queue the case belongs to.
    HomeOfficeNeeded,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always => f.write_str("it is always required"),
            Self::Conditions(conditions) => write_conditions(f, conditions),
            Self::AgeFrom(years) => write!(f, "it is required from the age of {years}"),
            Self::MoreAttestors { at_least } => write!(f, "at least {at_least} have to vouch"),
            Self::Exception => f.write_str("a finger is excepted"),
            Self::HomeOfficeNeeded => {
                f.write_str("nothing names the office that keeps the register")
            }
        }
    }
}

fn write_conditions(f: &mut fmt::Formatter<'_>, conditions: &Conditions) -> fmt::Result {
    let between = match conditions {
        Conditions::All(_) => " and ",
        Conditions::Any(_) => " or ",
    };
    f.write_str("it is required when ")?;
    for (index, condition) in conditions.list().iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        match condition {
            Condition::Is { field, any_of } => write!(f, "{field} is {}", any_of.join(" or "))?,
            Condition::IsNot { field, none_of } => {
                write!(f, "{field} is not {}", none_of.join(" or "))?
            }
            Condition::Answered {
                field,
                answered: true,
            } => write!(f, "{field} is answered")?,
            Condition::Answered {
                field,
                answered: false,
            } => write!(f, "{field} is not answered")?,
            Condition::AgeFrom(years) => write!(f, "the person is {years} or older")?,
            Condition::AgeUnder(years) => write!(f, "the person is younger than {years}")?,
            Condition::IdentityUnproven(true) => {
                f.write_str("no paper proves who the person is")?
            }
            Condition::IdentityUnproven(false) => {
                f.write_str("a paper proves who the person is")?
            }
        }
    }
    Ok(())
}

/// Something that is there and not allowed as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// What.
    pub item: Item,
    /// Why.
    pub reason: InvalidReason,
}

impl Invalid {
    /// The reason's code.
    pub const fn code(&self) -> &'static str {
        self.reason.code()
    }

    /// The officer puts it right.
    pub const fn remedy(&self) -> Remedy {
        Remedy::OperatorActs
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.item, self.reason)
    }
}

/// Why something is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say it")]
pub enum InvalidReason {
    #[error("{0}")]
    Value(ValueError),
    #[error("the pack has no such field")]
    UnknownField,
    #[error("the service takes none")]
    NotTaken,
    #[error("the person is too young for it")]
    TooYoung,
    #[error("it is there twice")]
    Twice,
    #[error("it is excepted and captured")]
    ExceptedAndCaptured,
    #[error("an exception may not have that reason")]
    ExceptionReason,
    #[error("the list of papers does not name it as seen")]
    NotListed,
    #[error("the station does not serve that office")]
    HomeOfficeNotServedHere,
}

impl InvalidReason {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Value(error) => error.code(),
            Self::UnknownField => "FND-02",
            Self::NotTaken => "FND-03",
            Self::TooYoung => "FND-04",
            Self::Twice => "FND-05",
            Self::ExceptedAndCaptured => "FND-06",
            Self::ExceptionReason => "FND-07",
            Self::NotListed => "FND-08",
            Self::HomeOfficeNotServedHere => "FND-09",
        }
    }
}

impl From<ValueError> for InvalidReason {
    fn from(error: ValueError) -> Self {
        Self::Value(error)
    }
}

/// Something that is allowed and worth knowing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Warning {
    #[error("the purpose `{purpose}` was refused")]
    ConsentRefused { purpose: String },
    #[error("the register is not known")]
    RegisterUnknown,
    #[error("the register is kept by another office than the one here")]
    HomeOfficeElsewhere,
    #[error("it is not known which office keeps the register")]
    HomeOfficeUnknown,
    #[error("the age is not known; nothing was required because of it")]
    AgeUnknown,
    #[error("the person may be younger or older than {years}; nothing was required because of it")]
    AgeUndecided { years: u8 },
    #[error("no paper proves who the person is")]
    IdentityUnproven,
    #[error("the quality of {} is below the mark", position.name())]
    QualityBelowMark { position: FingerPosition },
    #[error("the quality of {} is below the floor", position.name())]
    QualityBelowFloor { position: FingerPosition },
    #[error("the loss of {document} is stated without place, date or circumstances")]
    LossStatementIncomplete { document: String },
    #[error("a loss is stated without a thumb mark")]
    ThumbMarkMissing,
    #[error("attestor {index} comes without the letter, or without its number or date")]
    LetterIncomplete { index: usize },
    #[error("the letter of attestor {index} is older than it may be")]
    LetterExpired { index: usize },
    #[error("the letter of attestor {index} names too few witnesses")]
    WitnessesMissing { index: usize },
    #[error("{field} is answered though the other answers do not ask for it")]
    AnsweredThoughNotAsked { field: String },
    #[error("the days of {timer} have passed")]
    TimerPassed { timer: String },
}

impl Warning {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ConsentRefused { .. } => "FND-20",
            Self::RegisterUnknown => "FND-21",
            Self::HomeOfficeElsewhere => "FND-22",
            Self::AgeUnknown => "FND-23",
            Self::AgeUndecided { .. } => "FND-24",
            Self::IdentityUnproven => "FND-25",
            Self::QualityBelowMark { .. } => "FND-26",
            Self::QualityBelowFloor { .. } => "FND-27",
            Self::LossStatementIncomplete { .. } => "FND-28",
            Self::ThumbMarkMissing => "FND-29",
            Self::LetterIncomplete { .. } => "FND-30",
            Self::LetterExpired { .. } => "FND-31",
            Self::WitnessesMissing { .. } => "FND-32",
            Self::AnsweredThoughNotAsked { .. } => "FND-33",
            Self::TimerPassed { .. } => "FND-34",
            Self::HomeOfficeUnknown => "FND-35",
        }
    }
}
