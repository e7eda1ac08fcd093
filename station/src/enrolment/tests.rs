mod drafts;
mod folder;
mod records;
mod returned;
mod seals;

use qayd_model::validation::Item;
use qayd_model::{
    BiometricException, ExceptionReason, FingerPosition, Return, ReturnedField, SampleKind, Source,
    Value,
};
use qayd_packet::SealPacketError;

use super::*;
use crate::audit::Chain;
use crate::outbox;
use crate::session::SessionError;
use crate::testing::{PACK_ID, TestStation, fill, is_draft, sample};

fn exception(position: FingerPosition, reason: ExceptionReason) -> BiometricException {
    BiometricException {
        position,
        reason,
        supervisor: None,
        note: None,
    }
}

#[test]
fn every_act_is_in_the_trail_and_no_personal_word() {
    let at = TestStation::new();
    at.sealed();
    let id = at.complete_draft().id();
    at.station.discard(&at.session, id).unwrap();
    at.station.audit_verify().unwrap();
    let mut chain = Chain::default();
    let mut events = Vec::new();
    for bytes in at.station.audit_after(0, 1000).unwrap() {
        assert!(!contains(&bytes, "زهراء".as_bytes()) && !contains(&bytes, b"Zahra"));
        let entry = chain
            .follow(&at.station.signing_key().public(), &bytes)
            .unwrap();
        events.push(entry.event.name());
    }
    for event in ["draft-begun", "sealed", "draft-discarded"] {
        assert!(events.contains(&event), "{event}");
    }
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|w| w == needle)
}

#[test]
fn every_error_is_somebodys_to_act_on() {
    let errors = [
        EnrolmentError::NoSuchDraft,
        EnrolmentError::no_such_field("x"),
        EnrolmentError::SampleLength { length: 0 },
        EnrolmentError::RoleMayNotEnrol,
        EnrolmentError::StationRevoked,
        EnrolmentError::ApprovalNeeded,
        EnrolmentError::ChangedSince,
        EnrolmentError::RolledBack { sequence: 1 },
        EnrolmentError::Seal(SealPacketError::Fields),
        EnrolmentError::NotReturned,
        EnrolmentError::Superseded,
    ];
    let codes: std::collections::BTreeSet<&str> = errors.iter().map(EnrolmentError::code).collect();
    assert_eq!(codes.len(), errors.len());
    for error in &errors {
        error.remedy();
    }
}
