//! Enrolment: from the first answer to the sealed packet, and again when the centre returns it.
//!
//! In: answers, samples, exceptions of one person for one pack. Out: [`SealedPacket`] in the outbox; records to search.
//! Owns: drafts, records, the seal.
//! Never: opens what it sealed; keeps an answer after the seal, but for what the slip says.
//!
//! ```text
//!   begin / import / open_returned ─► Draft ── finalise ─► Finalised ── seal ─► SealedPacket ─► outbox
//!                                      │ ▲                                          │
//!                                discard └──────────── decision: returned ──────────┘
//! ```

mod cell;
mod draft;
mod error;
mod finalise;
mod import;
mod input;
pub mod record;
mod recover;
mod returned;
mod rows;
mod seal;
mod slip;
#[cfg(test)]
mod tests;

use qayd_model::pack::Language;
use qayd_model::{EnrolmentId, PersonalText};
use rusqlite::Connection;

use crate::audit::{AuditEvent, Subject};
use crate::session::Session;
use crate::station::Station;
use crate::store::StoreError;

pub use draft::{Draft, DraftSample, DraftSummary};
pub use error::{EnrolmentError, ImportFault};
pub use finalise::{AskedField, Finalised};
pub use import::{ImportSamples, last_attempts};
pub use input::FieldInput;
pub(crate) use record::latest;
pub use record::{EnrolmentSummary, STATE_SEALED, manifest, set_state};
pub use returned::{RETURN_NOTE, returned_in};
pub use seal::{HOME_OFFICE_UNKNOWN, SealedPacket};
pub use slip::{Slip, SlipLine, slip_code, verify_slip};

pub(crate) use import::import;
pub(crate) use recover::recover;
pub(crate) use returned::open_returned;
pub(crate) use seal::seal;

/// All drafts, the one changed last first.
pub(crate) fn list_drafts(connection: &Connection) -> Result<Vec<DraftSummary>, StoreError> {
    draft::list(connection)
}

/// The holder's name in a draft.
pub(crate) fn draft_title(
    station: &Station,
    enrolment: EnrolmentId,
    language: Language,
) -> Result<Option<PersonalText>, EnrolmentError> {
    station
        .store()
        .read(|c| draft::title(station, c, enrolment, language))
}

/// Sealed enrolments, the latest number first.
pub(crate) fn list(
    connection: &Connection,
    limit: usize,
) -> Result<Vec<EnrolmentSummary>, StoreError> {
    record::list(connection, limit)
}

/// Sealed enrolments by words of a name or by running number.
pub(crate) fn search(
    connection: &Connection,
    text: &str,
    limit: usize,
) -> Result<Vec<EnrolmentSummary>, StoreError> {
    let number = qayd_model::text::ascii_digits(text.trim()).parse().ok();
    record::search(connection, &finalise::folded_words(text), number, limit)
}

/// Throws a draft away.
pub(crate) fn discard(
    station: &Station,
    session: &Session,
    enrolment: EnrolmentId,
) -> Result<(), EnrolmentError> {
    if !session.role().may_enrol() {
        return Err(EnrolmentError::RoleMayNotEnrol);
    }
    station.settle_seals()?;
    station.store().write(|tx| {
        if !draft::erase(tx, enrolment)? {
            return Err(EnrolmentError::NoSuchDraft);
        }
        let subjects = [Subject::Enrolment(enrolment)];
        station.record(
            tx,
            Some(session.operator()),
            AuditEvent::DraftDiscarded,
            &subjects,
        )?;
        Ok(())
    })
}
