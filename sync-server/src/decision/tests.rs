use qayd_crypto::{ArgonParams, Passphrase};
use qayd_model::{Decision, EnrolmentId, FingerPosition, PersonalText, Return, ReturnedField};
use qayd_packet::SealedPacket;
use qayd_protocol::{ChainHead, InboxBody, SyncApi, inbox};

use super::{Act, CountersignPolicy, DecideError, Outcome, decide, entries_of, second, verify_log};
use crate::{
    centre::Centre,
    review::{
        Review, ReviewSettings,
        case::{self, CaseState},
        tests::{case_of, centre, examine_all},
    },
    staff::{self, NewStaff, StaffMember, StaffRole},
    testing::{Camp, NewCase, child},
};

fn staff(centre: &Centre, login: &str, role: StaffRole, offices: &[&str]) -> StaffMember {
    let new = NewStaff {
        login: login.into(),
        name: login.into(),
        role,
        offices: offices.iter().map(|o| (*o).to_owned()).collect(),
        password: Passphrase::new("a long enough password"),
    };
    staff::add(
        centre.register(),
        centre.world(),
        ArgonParams::TEST,
        "test",
        new,
    )
    .unwrap()
}

struct Setting {
    _folder: tempfile::TempDir,
    centre: Centre,
    review: Review,
    clock: qayd_world::testing::FakeClock,
    camp: Camp,
    clean: SealedPacket,
    resembling: SealedPacket,
}

/// A clean case and one that has the same face: examined in moments, without fingers (children under five).
fn setting(countersign: CountersignPolicy) -> Setting {
    let folder = tempfile::tempdir().unwrap();
    let (centre, clock, _) = centre(folder.path());
    let review = Review::open(
        &centre,
        ReviewSettings {
            countersign,
            ..ReviewSettings::default()
        },
    )
    .unwrap();
    let mut camp = Camp::provision(&centre, "A");
    let child = child("زينب_كاظم_جاسم");
    let other = child
        .replace("زينب", "نور")
        .replace("كاظم", "صالح")
        .replace("فاطمة", "سعاد");
    let clean = camp.send(
        &centre,
        &NewCase {
            face: Some(1),
            ..NewCase::of(&child)
        },
    );
    let resembling = camp.send(
        &centre,
        &NewCase {
            face: Some(1),
            ..NewCase::of(&other)
        },
    );
    examine_all(&review);
    assert_eq!(
        case_of(&review, &resembling).state,
        CaseState::DuplicateHold
    );
    Setting {
        _folder: folder,
        centre,
        review,
        clock,
        camp,
        clean,
        resembling,
    }
}

fn enrolment(packet: &SealedPacket) -> EnrolmentId {
    packet.manifest.manifest().enrolment
}

impl Setting {
    fn act(
        &self,
        member: &StaffMember,
        packet: &SealedPacket,
        decision: Decision,
    ) -> Result<Outcome, DecideError> {
        let seen = case_of(&self.review, packet).row_version;
        decide(
            &self.review,
            member,
            Act {
                enrolment: enrolment(packet),
                seen,
                decision,
                compared: false,
            },
        )
    }

    fn inbox(&self) -> Vec<qayd_protocol::DecisionMessage> {
        let (mut head, mut found) = (ChainHead::START, Vec::new());
        for bytes in self.centre.for_station(self.camp.id).inbox(0).unwrap() {
            let item =
                inbox::verify(&bytes, self.camp.chain.keyring(), self.camp.id, &head).unwrap();
            head = item.head();
            if let InboxBody::Decision(message) = item.into_item().body {
                found.push(message);
            }
        }
        found
    }
}

#[test]
fn an_accepted_case_reaches_the_stations_inbox_once_and_the_log() {
    let s = setting(CountersignPolicy::default());
    let reviewer = staff(&s.centre, "a", StaffRole::Reviewer, &[]);
    assert_eq!(case_of(&s.review, &s.clean).checks_failed, 0);
    assert!(matches!(
        s.act(&reviewer, &s.clean, Decision::Accepted),
        Ok(Outcome::Decided(1))
    ));
    assert!(matches!(
        s.act(&reviewer, &s.clean, Decision::Accepted),
        Err(DecideError::Closed)
    ));
    let inbox = s.inbox();
    assert_eq!(inbox.len(), 1);
    assert_eq!(
        (
            inbox[0].decision.clone(),
            inbox[0].decided_by,
            inbox[0].held.clone()
        ),
        (Decision::Accepted, reviewer.id, None)
    );
    let keys = [s.centre.keys().centre_key().public()];
    assert_eq!(
        s.centre.register().read(|c| verify_log(c, &keys)).unwrap(),
        Ok(1)
    );
}

#[test]
fn a_held_case_is_accepted_only_by_whoever_says_that_they_compared() {
    let s = setting(CountersignPolicy::default());
    let reviewer = staff(&s.centre, "a", StaffRole::Reviewer, &[]);
    assert!(matches!(
        s.act(&reviewer, &s.resembling, Decision::Accepted),
        Err(DecideError::NotCompared)
    ));
    let seen = case_of(&s.review, &s.resembling).row_version;
    let act = Act {
        enrolment: enrolment(&s.resembling),
        seen,
        decision: Decision::Accepted,
        compared: true,
    };
    assert!(matches!(
        decide(&s.review, &reviewer, act),
        Ok(Outcome::Decided(_))
    ));
}

#[test]
fn a_return_carries_the_content_for_its_station_and_asks_for_something() {
    let s = setting(CountersignPolicy::default());
    let reviewer = staff(&s.centre, "a", StaffRole::Reviewer, &[]);
    let field = |field: &str, reason: &str| {
        Decision::Returned(Return {
            fields: vec![ReturnedField {
                field: field.into(),
                reason: reason.into(),
                note: Some(PersonalText::new("انظر شهادة الولادة")),
            }],
            fingers: vec![FingerPosition::LeftThumb],
            ..Return::default()
        })
    };
    assert!(matches!(
        s.act(&reviewer, &s.clean, Decision::Returned(Return::default())),
        Err(DecideError::EmptyReturn(_))
    ));
    assert!(matches!(
        s.act(&reviewer, &s.clean, field("no_such_field", "spelling")),
        Err(DecideError::EmptyReturn(_))
    ));
    assert!(matches!(
        s.act(&reviewer, &s.clean, field("name", "because")),
        Err(DecideError::UnknownReason)
    ));
    s.act(&reviewer, &s.clean, field("name", "spelling"))
        .unwrap();
    let message = s.inbox().remove(0);
    let content = qayd_protocol::held::open(
        &s.camp.receiving,
        message.packet,
        s.camp.id,
        &message.held.unwrap(),
    )
    .unwrap();
    assert_eq!(content.enrolment, enrolment(&s.clean));
}

#[test]
fn two_reviewers_never_hold_one_case_nor_decide_on_an_old_look() {
    let s = setting(CountersignPolicy::default());
    let (a, b) = (
        staff(&s.centre, "a", StaffRole::Reviewer, &[]),
        staff(&s.centre, "b", StaffRole::Reviewer, &[]),
    );
    let id = enrolment(&s.clean);
    let lease = |who: &StaffMember| {
        let (now, by) = (s.centre.now(), who.id);
        s.centre
            .register()
            .write(move |c| case::lease_in(c, now, id, by))
            .unwrap()
    };
    assert_eq!(lease(&a), Some(a.id));
    assert_eq!(lease(&b), Some(a.id), "b does not get it");
    assert!(
        matches!(s.act(&b, &s.clean, Decision::Accepted), Err(DecideError::Held { by }) if by == a.id)
    );
    s.clock.advance_ms(case::CASE_LEASE_MS + 1);
    assert_eq!(lease(&b), Some(b.id), "a's lease ran out");
    let stale = Act {
        enrolment: id,
        seen: 99,
        decision: Decision::Accepted,
        compared: false,
    };
    assert!(matches!(
        decide(&s.review, &b, stale),
        Err(DecideError::Changed)
    ));
    assert!(s.act(&b, &s.clean, Decision::Accepted).is_ok());
}

#[test]
fn roles_and_offices_bound_what_one_may_decide() {
    let s = setting(CountersignPolicy::default());
    let auditor = staff(&s.centre, "auditor", StaffRole::Auditor, &[]);
    let elsewhere = staff(
        &s.centre,
        "elsewhere",
        StaffRole::SeniorReviewer,
        &["DEMO-BG-01"],
    );
    assert!(matches!(
        s.act(&auditor, &s.clean, Decision::Accepted),
        Err(DecideError::NotAllowed)
    ));
    assert!(matches!(
        s.act(&elsewhere, &s.clean, Decision::Accepted),
        Err(DecideError::NoCase)
    ));
    let own = Decision::SamePerson {
        as_enrolment: enrolment(&s.clean),
    };
    let reviewer = staff(&s.centre, "here", StaffRole::Reviewer, &["DEMO-NI-01"]);
    assert!(
        matches!(s.act(&reviewer, &s.clean, own), Err(DecideError::NoOther)),
        "nobody is the same as themselves"
    );
    assert!(
        s.act(&reviewer, &s.clean, Decision::Accepted).is_ok(),
        "the control"
    );
}

#[test]
fn same_person_waits_for_another_person_where_the_policy_says_so() {
    let s = setting(CountersignPolicy {
        same_person: true,
        reject_after_hold: true,
    });
    let (a, b) = (
        staff(&s.centre, "a", StaffRole::SeniorReviewer, &[]),
        staff(&s.centre, "b", StaffRole::SeniorReviewer, &[]),
    );
    let junior = staff(&s.centre, "junior", StaffRole::Reviewer, &[]);
    let same = Decision::SamePerson {
        as_enrolment: enrolment(&s.clean),
    };
    let id = enrolment(&s.resembling);
    let seen = || case_of(&s.review, &s.resembling).row_version;
    assert!(matches!(
        s.act(&a, &s.resembling, same.clone()),
        Ok(Outcome::Proposed(1))
    ));
    assert_eq!(
        case_of(&s.review, &s.resembling).state,
        CaseState::SecondOpinion
    );
    assert!(s.inbox().is_empty(), "nothing left yet");
    assert!(matches!(
        second(&s.review, &a, id, seen(), true),
        Err(DecideError::SamePerson)
    ));
    assert!(matches!(
        second(&s.review, &junior, id, seen(), true),
        Err(DecideError::NotAllowed)
    ));
    assert!(matches!(
        second(&s.review, &b, id, seen(), false),
        Ok(Outcome::Declined(2))
    ));
    assert_eq!(
        case_of(&s.review, &s.resembling).state,
        CaseState::DuplicateHold
    );
    s.act(&a, &s.resembling, same.clone()).unwrap();
    assert!(matches!(
        second(&s.review, &b, id, seen(), true),
        Ok(Outcome::Decided(4))
    ));
    assert_eq!(s.inbox()[0].decision, same);
    let entries = s
        .centre
        .register()
        .read(|c| entries_of(c, s.review.vault(), id))
        .unwrap();
    assert_eq!(entries.len(), 4);
    assert_eq!((entries[3].by, entries[3].proposer), (b.id, Some(a.id)));
}

#[test]
fn the_log_only_grows_and_shows_what_was_altered() {
    let s = setting(CountersignPolicy::default());
    let reviewer = staff(&s.centre, "a", StaffRole::Reviewer, &[]);
    s.act(&reviewer, &s.clean, Decision::Accepted).unwrap();
    let reject = Decision::Rejected {
        reason: "other_person".into(),
        note: Some(PersonalText::new("قنديلة")),
    };
    s.act(&reviewer, &s.resembling, reject).unwrap();
    let keys = [s.centre.keys().centre_key().public()];
    let verdict = || s.centre.register().read(|c| verify_log(c, &keys)).unwrap();
    assert_eq!(verdict(), Ok(2));
    let alter = |sql: &'static str| {
        s.centre
            .register()
            .write(move |c| c.execute(sql, []).map_err(crate::RegisterError::from))
    };
    assert!(alter("UPDATE decision_log SET kind = 'rejected' WHERE number = 1").is_err());
    assert!(alter("DELETE FROM decision_log WHERE number = 1").is_err());
    alter("DROP TRIGGER decision_log_stands").unwrap();
    alter("UPDATE decision_log SET kind = 'rejected' WHERE number = 1").unwrap();
    assert_eq!(verdict(), Err(1));
}
