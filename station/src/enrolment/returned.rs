//! Returned: what the centre sent back becomes a draft again, as the next version of the same enrolment.
//!
//! In: a verified decision with the content sealed to this station. Out: a draft with every answer as it was, but for the
//! sensitive ones: those stay at the centre and stand unless they are given anew.
//! Never: asks for samples again that the centre holds and did not question.

use qayd_crypto::cbor;
use qayd_model::{Decision, EnrolmentId, PacketId, Return, SampleKind};
use qayd_packet::SampleEntry;
use qayd_protocol::{DecisionMessage, held};
use rusqlite::Connection;

use super::cell::DraftKey;
use super::{Draft, EnrolmentError, draft, record};
use crate::audit::{AuditEvent, Subject};
use crate::session::Session;
use crate::station::Station;
use crate::store::StoreError;

/// Name of the note in which a returned draft keeps what has to be put right.
pub const RETURN_NOTE: &str = "returned";

/// The step a returned draft stands at.
const RETURNED_STEP: &str = "returned";
const RETURN_BYTES_MAX: usize = 256 * 1024;
/// Name of the note that says which packet holds the sensitive answers, which the centre does not send back.
const SENSITIVE_NOTE: &str = "sensitive-in";

/// What the reviewer asked for, where a draft is a returned one.
///
/// # Errors
/// [`EnrolmentError`].
pub fn returned_in(draft: &Draft<'_>) -> Result<Option<Return>, EnrolmentError> {
    let note = draft.note(RETURN_NOTE)?;
    Ok(note.and_then(|bytes| cbor::decode_strict(&bytes, RETURN_BYTES_MAX).ok()))
}

/// The packet that holds the sensitive answers of a returned draft.
pub(super) fn sensitive_in(
    connection: &Connection,
    key: &DraftKey,
    enrolment: EnrolmentId,
) -> Result<Option<PacketId>, EnrolmentError> {
    let Some(note) = draft::note(connection, key, enrolment, SENSITIVE_NOTE)? else {
        return Ok(None);
    };
    let bytes = <[u8; 16]>::try_from(note.as_slice()).map_err(|_| StoreError::Damaged {
        table: "draft_note",
        what: "the packet of the sensitive answers",
    })?;
    Ok(Some(PacketId::from_bytes(bytes)))
}

/// Makes the draft. Opening the same return twice gives the draft that is there.
pub(crate) fn open_returned(
    station: &Station,
    session: &Session,
    message: &DecisionMessage,
) -> Result<EnrolmentId, EnrolmentError> {
    let (Decision::Returned(asked), Some(sealed)) = (&message.decision, &message.held) else {
        return Err(EnrolmentError::NotReturned);
    };
    if !session.role().may_enrol() {
        return Err(EnrolmentError::RoleMayNotEnrol);
    }
    let content = held::open(
        station.receiving_key(),
        message.packet,
        station.identity().station,
        sealed,
    )?;
    if content.enrolment != message.enrolment || content.version != message.version {
        return Err(EnrolmentError::Held(held::HeldError::Other));
    }
    station.settle_seals()?;
    let enrolment = message.enrolment;
    station.store().write(|tx| {
        let next = message.version + 1;
        if let Some(there) = draft::summary(tx, enrolment)? {
            return if there.version == next {
                Ok(enrolment)
            } else {
                Err(EnrolmentError::Superseded)
            };
        }
        if record::latest(tx, enrolment)?.is_some_and(|kept| kept.version != message.version) {
            return Err(EnrolmentError::Superseded);
        }
        let pack = station
            .packs()
            .of_version(tx, &content.pack_id, content.pack_version)?
            .ok_or_else(|| EnrolmentError::PackNotOffered {
                pack: content.pack_id.clone(),
            })?;
        let (key, _) = draft::insert(tx, station, session.operator(), enrolment, next, &pack)?;
        tx.execute(
            "UPDATE draft SET started = ?2, step = ?3 WHERE enrolment = ?1",
            (enrolment.to_bytes(), content.started.0, RETURNED_STEP),
        )?;
        for field in &content.fields {
            draft::put_entry(tx, station, &key, enrolment, field)?;
        }
        for sample in content
            .samples
            .iter()
            .filter(|sample| !asked_again(asked, &sample.kind))
        {
            let held_in = sample.held_in.or(Some(message.packet));
            draft::put_held(
                tx,
                station,
                &key,
                enrolment,
                &SampleEntry {
                    held_in,
                    ..sample.clone()
                },
            )?;
        }
        for exception in &content.exceptions {
            draft::put_exception(tx, station, &key, enrolment, exception)?;
        }
        draft::put_note(
            tx,
            station,
            &key,
            enrolment,
            RETURN_NOTE,
            &cbor::encode(asked),
        )?;
        draft::put_note(
            tx,
            station,
            &key,
            enrolment,
            SENSITIVE_NOTE,
            &message.packet.to_bytes(),
        )?;
        let subjects = [
            Subject::Enrolment(enrolment),
            Subject::Packet(message.packet),
            Subject::Count(u64::from(next)),
        ];
        station.record(
            tx,
            Some(session.operator()),
            AuditEvent::VersionOpened,
            &subjects,
        )?;
        Ok(enrolment)
    })
}

/// What the reviewer wants captured again is not taken over: it is missing until it is.
fn asked_again(asked: &Return, kind: &SampleKind) -> bool {
    match kind {
        SampleKind::Portrait => asked.portrait,
        SampleKind::Finger(position) => asked.fingers.contains(position),
        _ => false,
    }
}
