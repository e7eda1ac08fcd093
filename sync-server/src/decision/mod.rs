//! Decision: what a reviewer makes of a case, signed, logged, and on its way back to the station.
//!
//! In: a case as the reviewer saw it, and what they decide. Out: a signed entry of the decision log and, once the
//! decision stands, the station's inbox item, in one transaction.
//! Owns: tables `decision_log`, `decision_pending`. Never: decides a case that changed since it was looked at, that
//! somebody else holds, or whose checks failed in favour of acceptance; alters an entry.
//!
//! What needs two people is a setting ([`CountersignPolicy`]): then the first decision is a proposal, and another person,
//! a senior reviewer, confirms it or sends it back to the queue.

mod log;

use minicbor::{Decode, Encode};
use qayd_model::{Decision, EnrolmentId, Remedy, StaffId, UnixMs};
use qayd_protocol::{DecisionMessage, InboxBody};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

pub use log::{LogEntry, LogEvent, entries_of, verify_log};

use crate::{
    dispatch,
    review::{
        Review, ReviewError,
        case::{self, Case, CaseState},
    },
    staff::{StaffMember, StaffRole},
    store::RegisterError,
    trust::{self, CentreKeys},
};

/// Longest note of a reviewer, in bytes.
pub const NOTE_BYTES_MAX: usize = 2_000;
/// Most fields and fingers in one return.
const RETURNED_MAX: usize = 200;

/// What needs a second person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CountersignPolicy {
    /// Joining two enrolments as one person.
    pub same_person: bool,
    /// Rejecting a case that was held as a possible duplicate.
    pub reject_after_hold: bool,
}

/// One act of a reviewer.
#[derive(Debug, Clone)]
pub struct Act {
    /// The case.
    pub enrolment: EnrolmentId,
    /// `row_version` of the case they looked at.
    pub seen: u64,
    /// What they decide.
    pub decision: Decision,
    /// They say that they compared the case with those it resembles; needed to accept a held one.
    pub compared: bool,
}

/// What became of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It stands; the station's inbox has it. Number of the log entry.
    Decided(u64),
    /// It waits for a second person.
    Proposed(u64),
    /// The second person declined; the case is back in the queue.
    Declined(u64),
}

/// Why nothing was decided. The case is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecideError {
    /// No such case, or not in an office this person sees.
    #[error("no such case in your offices")]
    NoCase,
    /// The role may not decide this.
    #[error("this role may not decide this")]
    NotAllowed,
    /// Somebody changed the case since it was looked at.
    #[error("the case changed since you looked at it")]
    Changed,
    /// Somebody else holds it.
    #[error("somebody else is looking at this case")]
    Held {
        /// Who.
        by: StaffId,
    },
    /// It was decided already.
    #[error("the case is decided")]
    Closed,
    /// A check failed; it cannot be accepted.
    #[error("a check failed: the case cannot be accepted")]
    ChecksFailed,
    /// It resembles somebody, and nobody said that they compared.
    #[error("the case resembles another; compare first")]
    NotCompared,
    /// A return that asks for nothing, or for something that is not there.
    #[error("the return asks for nothing that can be put right: {0}")]
    EmptyReturn(&'static str),
    /// A reason that is not in the table.
    #[error("the reason is not one of the table")]
    UnknownReason,
    /// A note is too long.
    #[error("a note has at most {NOTE_BYTES_MAX} bytes")]
    NoteTooLong,
    /// The enrolment it is said to be the same as does not exist, or is itself.
    #[error("there is no such other enrolment")]
    NoOther,
    /// The second person has to be another one.
    #[error("the second person has to be another one than the first")]
    SamePerson,
    /// The packet could not be opened to send its content back.
    #[error("the case could not be opened")]
    Review(#[from] ReviewError),
    /// The register.
    #[error("the centre's register")]
    Register(#[from] RegisterError),
}

impl From<rusqlite::Error> for DecideError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Register(error.into())
    }
}

impl DecideError {
    /// Stable code for logs and screens.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoCase => "DEC-01",
            Self::NotAllowed => "DEC-02",
            Self::Changed => "DEC-03",
            Self::Held { .. } => "DEC-04",
            Self::Closed => "DEC-05",
            Self::ChecksFailed => "DEC-06",
            Self::NotCompared => "DEC-07",
            Self::EmptyReturn(_) => "DEC-08",
            Self::UnknownReason => "DEC-09",
            Self::NoteTooLong => "DEC-10",
            Self::NoOther => "DEC-11",
            Self::SamePerson => "DEC-12",
            Self::Review(error) => error.code(),
            Self::Register(error) => error.code(),
        }
    }

    /// What helps.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Held { .. } => Remedy::RetryLater,
            Self::NotAllowed | Self::SamePerson => Remedy::SupervisorActs,
            Self::Review(error) => error.remedy(),
            Self::Register(error) => error.remedy(),
            _ => Remedy::OperatorActs,
        }
    }
}

/// What the station needs besides the decision itself.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(map)]
struct Body {
    #[n(1)]
    decision: Decision,
}

/// Decides a case, or proposes a decision where two people are needed. Durable and signed on return.
pub fn decide(review: &Review, member: &StaffMember, act: Act) -> Result<Outcome, DecideError> {
    if !member.role.decides() {
        return Err(DecideError::NotAllowed);
    }
    let register = review.centre().register();
    let (case, quarantined) = register.read(|connection| {
        let case = visible_case(connection, member, act.enrolment)?;
        let packet = crate::intake::packet_in(connection, case.packet)?;
        Ok::<_, DecideError>((
            case,
            packet.is_some_and(|packet| packet.quarantine.is_some()),
        ))
    })?;
    may_decide(review, member, &case, quarantined, &act)?;
    // A return carries the content, sealed to the station, so that it can be put right where there is no network.
    let held = match &act.decision {
        Decision::Returned(_) => review.seal_back(&case)?,
        _ => None,
    };
    let two_people = match act.decision {
        Decision::SamePerson { .. } => review.settings().countersign.same_person,
        Decision::Rejected { .. } => {
            review.settings().countersign.reject_after_hold
                && case.state == CaseState::DuplicateHold
        }
        _ => false,
    };
    let (keys, vault, now, by) = (
        review.centre().keys().clone(),
        review.vault().clone(),
        review.centre().now(),
        member.id,
    );
    register.write(move |connection| {
        let case = still_open(connection, by, now, &act)?;
        let event = if two_people {
            LogEvent::Proposed
        } else {
            LogEvent::Decided
        };
        let body = Body {
            decision: act.decision.clone(),
        };
        let number = log::append_in(
            connection, &keys, &vault, now, &case, event, &body, by, None,
        )?;
        let state = if two_people {
            CaseState::SecondOpinion
        } else {
            state_after(&act.decision)
        };
        if !case::set_state_in(connection, case.enrolment, act.seen, state)? {
            return Err(DecideError::Changed);
        }
        if two_people {
            connection.execute(
                "INSERT INTO decision_pending (enrolment, number, from_state) VALUES (?1, ?2, ?3)
                 ON CONFLICT (enrolment) DO UPDATE SET number = ?2, from_state = ?3",
                params![case.enrolment.to_bytes(), number, case.state.name()],
            )?;
            return Ok(Outcome::Proposed(number));
        }
        send(connection, &keys, now, &case, act.decision, by, held)?;
        Ok(Outcome::Decided(number))
    })
}

/// A second person confirms a proposal, or declines it.
pub fn second(
    review: &Review,
    member: &StaffMember,
    enrolment: EnrolmentId,
    seen: u64,
    confirms: bool,
) -> Result<Outcome, DecideError> {
    if member.role != StaffRole::SeniorReviewer {
        return Err(DecideError::NotAllowed);
    }
    let register = review.centre().register();
    register.read(|connection| visible_case(connection, member, enrolment).map(|_| ()))?;
    let (keys, vault, now, by) = (
        review.centre().keys().clone(),
        review.vault().clone(),
        review.centre().now(),
        member.id,
    );
    register.write(move |connection| {
        let case = case::case_in(connection, enrolment)?.ok_or(DecideError::NoCase)?;
        if case.state != CaseState::SecondOpinion {
            return Err(DecideError::Closed);
        }
        let (number, from_state): (u64, String) = connection
            .query_row(
                "SELECT number, from_state FROM decision_pending WHERE enrolment = ?1",
                [enrolment.to_bytes()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?
            .ok_or(DecideError::Closed)?;
        let (proposer, body) = log::body_in(connection, &vault, number)?;
        if proposer == by {
            return Err(DecideError::SamePerson);
        }
        let (event, state) = if confirms {
            (LogEvent::Confirmed, state_after(&body.decision))
        } else {
            (
                LogEvent::Declined,
                CaseState::from_name(&from_state)
                    .ok_or(RegisterError::Damaged("decision_pending.from_state"))?,
            )
        };
        let entry = log::append_in(
            connection,
            &keys,
            &vault,
            now,
            &case,
            event,
            &body,
            by,
            Some(proposer),
        )?;
        if !case::set_state_in(connection, enrolment, seen, state)? {
            return Err(DecideError::Changed);
        }
        connection.execute(
            "DELETE FROM decision_pending WHERE enrolment = ?1",
            [enrolment.to_bytes()],
        )?;
        if !confirms {
            return Ok(Outcome::Declined(entry));
        }
        send(connection, &keys, now, &case, body.decision, by, None)?;
        Ok(Outcome::Decided(entry))
    })
}

/// What is proposed for a case, and by whom.
pub fn pending_in(
    connection: &Connection,
    review: &Review,
    enrolment: EnrolmentId,
) -> Result<Option<(StaffId, Decision)>, RegisterError> {
    let number: Option<u64> = connection
        .prepare_cached("SELECT number FROM decision_pending WHERE enrolment = ?1")?
        .query_row([enrolment.to_bytes()], |row| row.get(0))
        .optional()?;
    number
        .map(|number| {
            log::body_in(connection, review.vault(), number).map(|(by, body)| (by, body.decision))
        })
        .transpose()
}

fn visible_case(
    connection: &Connection,
    member: &StaffMember,
    enrolment: EnrolmentId,
) -> Result<Case, DecideError> {
    let case = case::case_in(connection, enrolment)?.ok_or(DecideError::NoCase)?;
    if member.sees(&case.home_office) {
        Ok(case)
    } else {
        Err(DecideError::NoCase)
    }
}

/// What can be refused before the transaction; the transaction looks again at what may have changed.
fn may_decide(
    review: &Review,
    member: &StaffMember,
    case: &Case,
    quarantined: bool,
    act: &Act,
) -> Result<(), DecideError> {
    if quarantined && member.role != StaffRole::SeniorReviewer {
        return Err(DecideError::NotAllowed);
    }
    let note_fits = |note: Option<&qayd_model::PersonalText>| {
        note.is_none_or(|n| n.expose().len() <= NOTE_BYTES_MAX)
    };
    match &act.decision {
        Decision::Accepted => {
            if case.checks_failed > 0 {
                return Err(DecideError::ChecksFailed);
            }
            if case.state == CaseState::DuplicateHold && !act.compared {
                return Err(DecideError::NotCompared);
            }
        }
        Decision::Rejected { reason, note } => {
            if !review.packs().is_reason(REJECTION_REASONS, reason) {
                return Err(DecideError::UnknownReason);
            }
            if !note_fits(note.as_ref()) {
                return Err(DecideError::NoteTooLong);
            }
        }
        Decision::SamePerson { as_enrolment } => {
            if *as_enrolment == case.enrolment {
                return Err(DecideError::NoOther);
            }
            let other = review
                .centre()
                .register()
                .read(|connection| case::case_in(connection, *as_enrolment))?;
            if other.is_none_or(|other| matches!(other.state, CaseState::SamePerson)) {
                return Err(DecideError::NoOther);
            }
        }
        Decision::Returned(returned) => {
            let count = returned.fields.len() + returned.fingers.len();
            if (count == 0 && !returned.portrait) || count > RETURNED_MAX {
                return Err(DecideError::EmptyReturn("no field, finger or portrait"));
            }
            let Some(pack) = review.packs().latest(&case.pack_id) else {
                return Err(DecideError::EmptyReturn("the pack is not known here"));
            };
            for field in &returned.fields {
                if pack.field(&field.field).is_none() {
                    return Err(DecideError::EmptyReturn("a field the pack does not have"));
                }
                if !review.packs().is_reason(RETURN_REASONS, &field.reason) {
                    return Err(DecideError::UnknownReason);
                }
            }
            if !note_fits(returned.note.as_ref())
                || !returned.fields.iter().all(|f| note_fits(f.note.as_ref()))
            {
                return Err(DecideError::NoteTooLong);
            }
        }
    }
    Ok(())
}

/// Table of the reasons for returning a field.
pub const RETURN_REASONS: &str = "return-reasons";
/// Table of the reasons for rejecting a case.
pub const REJECTION_REASONS: &str = "rejection-reasons";

fn still_open(
    connection: &Connection,
    by: StaffId,
    now: UnixMs,
    act: &Act,
) -> Result<Case, DecideError> {
    let case = case::case_in(connection, act.enrolment)?.ok_or(DecideError::NoCase)?;
    if !matches!(
        case.state,
        CaseState::UnderReview | CaseState::DuplicateHold
    ) {
        return Err(DecideError::Closed);
    }
    if case.row_version != act.seen {
        return Err(DecideError::Changed);
    }
    if let Some((holder, until)) = case.lease
        && holder != by
        && until > now
    {
        return Err(DecideError::Held { by: holder });
    }
    Ok(case)
}

const fn state_after(decision: &Decision) -> CaseState {
    match decision {
        Decision::Accepted => CaseState::Accepted,
        Decision::Returned(_) => CaseState::Returned,
        Decision::Rejected { .. } => CaseState::Rejected,
        Decision::SamePerson { .. } => CaseState::SamePerson,
    }
}

fn send(
    connection: &Connection,
    keys: &CentreKeys,
    now: UnixMs,
    case: &Case,
    decision: Decision,
    by: StaffId,
    held: Option<Vec<u8>>,
) -> Result<(), DecideError> {
    let kind = decision.name();
    let message = DecisionMessage {
        packet: case.packet,
        enrolment: case.enrolment,
        version: case.version,
        decision,
        decided_by: by,
        held,
    };
    dispatch::append_in(
        connection,
        keys,
        now,
        case.station,
        InboxBody::Decision(message),
        &case.packet.to_string(),
    )?;
    trust::journal::append_in(
        connection,
        now,
        &by.to_string(),
        "decision",
        &case.enrolment.to_string(),
        kind,
    )?;
    Ok(())
}

#[cfg(test)]
mod tests;
