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
fn a_draft_says_which_fields_are_asked_and_which_are_required() {
    let at = TestStation::new();
    let mut draft = at.station.begin(&at.session, PACK_ID).unwrap();
    let pack = draft.pack().clone();
    let asked = draft.asked().unwrap();
    let numbers: Vec<u32> = asked.iter().map(|a| a.number).collect();
    assert_eq!(numbers, pack.fields().map(|f| f.number).collect::<Vec<_>>());
    let of = |draft: &Draft<'_>, id: &str| {
        let number = pack.field(id).unwrap().number;
        let asked = draft.asked().unwrap();
        *asked.iter().find(|a| a.number == number).unwrap()
    };
    assert!(of(&draft, "birth_date").required);
    // Answering changes neither; a child too young for fingers is not asked for any.
    assert!(draft.takes_fingers().unwrap());
    for (born, takes) in [("1990-05-17", true), ("2025-12-01", false)] {
        draft
            .set("birth_date", &born.into(), Source::Statement)
            .unwrap();
        assert!(of(&draft, "birth_date").required && of(&draft, "birth_date").asked);
        assert_eq!(draft.takes_fingers().unwrap(), takes, "{born}");
    }
}

#[test]
fn a_draft_stands_where_it_stood_after_a_restart() {
    let at = TestStation::new();
    let id = {
        let mut draft = at.station.begin(&at.session, PACK_ID).unwrap();
        draft
            .set("birth_date", &"1990-05-17".into(), Source::Statement)
            .unwrap();
        draft
            .add_sample(sample(SampleKind::Portrait, 9_000))
            .unwrap();
        draft
            .add_exception(&exception(
                FingerPosition::LeftThumb,
                ExceptionReason::Amputated,
            ))
            .unwrap();
        draft.set_note("attempts", b"3").unwrap();
        draft.set_step("fingers").unwrap();
        draft.id()
    };
    let at = at.reopened();
    let draft = at.station.resume(&at.session, id).unwrap();
    assert_eq!(draft.step().unwrap(), "fingers");
    assert!(matches!(draft.value("birth_date").unwrap(), Some(Value::Date(d)) if d.year == 1990));
    let samples = draft.samples().unwrap();
    assert_eq!(
        draft
            .sample_bytes(samples[0].id)
            .unwrap()
            .unwrap()
            .expose()
            .len(),
        9_000
    );
    assert_eq!(draft.exceptions().unwrap().len(), 1);
    assert_eq!(draft.note("attempts").unwrap().unwrap().as_slice(), b"3");
    assert_eq!(
        at.station.drafts().unwrap()[0].operator,
        at.session.operator()
    );
}

#[test]
fn a_bad_answer_changes_nothing_and_names_the_field_and_not_the_value() {
    let at = TestStation::new();
    let mut draft = at.station.begin(&at.session, PACK_ID).unwrap();
    draft
        .set("birth_date", &"1990-05-17".into(), Source::Statement)
        .unwrap();
    let bad = draft
        .set("birth_date", &"1990-13-77".into(), Source::Statement)
        .unwrap_err();
    assert!(matches!(&bad, EnrolmentError::BadValue { field, .. } if field == "birth_date"));
    assert!(!format!("{bad} {bad:?}").contains("13-77"));
    assert!(matches!(draft.value("birth_date").unwrap(), Some(Value::Date(d)) if d.year == 1990));
    let odd = draft
        .set("Zahra Ali", &"x".into(), Source::Statement)
        .unwrap_err();
    assert!(!format!("{odd} {odd:?}").contains("Zahra"));
    let wrong_kind = draft.set_value("birth_date", Value::YesNo(true), Source::Statement);
    assert!(matches!(wrong_kind, Err(EnrolmentError::BadValue { .. })));
}

#[test]
fn undo_takes_changes_back_one_by_one() {
    let at = TestStation::new();
    let mut draft = at.station.begin(&at.session, PACK_ID).unwrap();
    for text in ["one", "two", "three"] {
        draft
            .set("remark", &text.into(), Source::Statement)
            .unwrap();
    }
    draft.clear("remark").unwrap();
    let text = |draft: &Draft<'_>| match draft.value("remark").unwrap() {
        Some(Value::Text(text)) => Some(text.expose().to_owned()),
        _ => None,
    };
    for expected in [Some("three"), Some("two"), Some("one"), None] {
        assert!(draft.undo().unwrap());
        assert_eq!(text(&draft).as_deref(), expected);
    }
    assert!(!draft.undo().unwrap());
}

#[test]
fn a_sample_takes_the_place_of_the_one_of_its_kind() {
    let at = TestStation::new();
    let mut draft = at.station.begin(&at.session, PACK_ID).unwrap();
    draft.add_sample(sample(SampleKind::Portrait, 100)).unwrap();
    let second = draft.add_sample(sample(SampleKind::Portrait, 200)).unwrap();
    let samples = draft.samples().unwrap();
    assert_eq!(
        (samples.len(), samples[0].id, samples[0].length),
        (1, second, 200)
    );
    assert!(matches!(
        draft.add_sample(sample(SampleKind::Portrait, 0)),
        Err(EnrolmentError::SampleLength { length: 0 })
    ));
    assert!(draft.remove_sample(&SampleKind::Portrait).unwrap());
    assert!(draft.samples().unwrap().is_empty());
}

#[test]
fn discarding_erases_the_key_and_everything() {
    let at = TestStation::new();
    let id = at.complete_draft().id();
    at.station.discard(&at.session, id).unwrap();
    assert!(at.station.drafts().unwrap().is_empty());
    for table in [
        "draft",
        "draft_key",
        "draft_field",
        "draft_sample",
        "draft_exception",
        "draft_undo",
    ] {
        let sql = format!("SELECT count(*) FROM {table}");
        let count: u32 = at
            .station
            .store()
            .read(|c| Ok::<_, StoreError>(c.query_row(&sql, [], |r| r.get(0))?))
            .unwrap();
        assert_eq!(count, 0, "{table}");
    }
    assert!(matches!(
        at.station.resume(&at.session, id),
        Err(EnrolmentError::NoSuchDraft)
    ));
    assert!(matches!(
        at.station.discard(&at.session, id),
        Err(EnrolmentError::NoSuchDraft)
    ));
}

#[test]
fn finalise_says_everything_that_is_missing_and_why_it_may_be() {
    let at = TestStation::new();
    let mut draft = at.complete_draft();
    draft.clear("full_name").unwrap();
    draft
        .remove_sample(&SampleKind::Finger(FingerPosition::LeftRing))
        .unwrap();
    let Err(EnrolmentError::Incomplete(findings)) = draft.finalise() else {
        panic!()
    };
    assert_eq!(findings.missing.len(), 2, "{findings:?}");
    let finger = findings
        .missing
        .iter()
        .find(|m| m.item == Item::Finger(FingerPosition::LeftRing))
        .unwrap();
    assert_eq!(
        finger.may_be_missing_because,
        ["amputated", "bandaged", "refused"]
    );
    assert!(is_draft(&at.station, draft.id()));
}

#[test]
fn a_sealed_enrolment_is_a_packet_in_the_outbox_and_no_draft() {
    let at = TestStation::new();
    let sealed = at.sealed();
    assert!(!is_draft(&at.station, sealed.enrolment));
    assert_eq!((sealed.sequence, sealed.version, sealed.number), (1, 1, 1));
    let bytes = at.world.files.read(&sealed.path, 1 << 24).unwrap();
    let content = at.centre.open(&bytes, &at.station.identity().certificate);
    assert_eq!(content.fields.len(), 5);
    assert_eq!(content.samples.len(), 11);
    assert_eq!(content.home_office, "DEMO-01");
    let portrait = at
        .centre
        .open_sample(&bytes, &at.station, &content, &SampleKind::Portrait);
    assert_eq!(portrait, sample(SampleKind::Portrait, 20_000).bytes);
    let item = at
        .station
        .store()
        .read(|c| outbox::get(c, sealed.packet))
        .unwrap()
        .unwrap();
    assert_eq!(item.digest, sealed.packet_sha256);
    assert!(matches!(
        at.station.resume(&at.session, sealed.enrolment),
        Err(EnrolmentError::NoSuchDraft)
    ));
}

#[test]
fn packets_are_numbered_without_gaps_and_each_names_the_one_before() {
    let at = TestStation::new();
    let (one, two) = (at.sealed(), at.sealed());
    let at = at.reopened();
    let three = at.sealed();
    let previous = |s: &SealedPacket| s.manifest.manifest().previous;
    assert_eq!([one.sequence, two.sequence, three.sequence], [1, 2, 3]);
    assert_eq!(previous(&one), None);
    assert_eq!(previous(&two), Some(one.manifest.digest()));
    assert_eq!(previous(&three), Some(two.manifest.digest()));
    assert_eq!([one.number, two.number, three.number], [1, 2, 3]);
}

#[test]
fn an_exception_needs_another_person_who_is_a_supervisor() {
    let at = TestStation::new();
    let mut draft = at.complete_draft();
    draft
        .remove_sample(&SampleKind::Finger(FingerPosition::LeftRing))
        .unwrap();
    draft
        .add_exception(&exception(
            FingerPosition::LeftRing,
            ExceptionReason::Amputated,
        ))
        .unwrap();
    let finalised = draft.finalise().unwrap();
    assert!(finalised.needs_approval());
    assert!(matches!(
        at.station.seal(&at.session, finalised, None),
        Err(EnrolmentError::ApprovalNeeded)
    ));
    let approval = at.approval();
    let sealed = at
        .station
        .seal(&at.session, draft.finalise().unwrap(), Some(&approval))
        .unwrap();
    let bytes = at.world.files.read(&sealed.path, 1 << 24).unwrap();
    let content = at.centre.open(&bytes, &at.station.identity().certificate);
    assert_eq!(content.supervisor, Some(approval.supervisor()));
    assert_eq!(
        content.exceptions[0].supervisor,
        Some(approval.supervisor())
    );
}

#[test]
fn an_approval_serves_for_one_packet() {
    let at = TestStation::new();
    let approval = at.approval();
    let excepted = || {
        let mut draft = at.complete_draft();
        draft
            .remove_sample(&SampleKind::Finger(FingerPosition::LeftRing))
            .unwrap();
        draft
            .add_exception(&exception(
                FingerPosition::LeftRing,
                ExceptionReason::Amputated,
            ))
            .unwrap();
        draft.finalise().unwrap()
    };
    at.station
        .seal(&at.session, excepted(), Some(&approval))
        .unwrap();
    let again = at.station.seal(&at.session, excepted(), Some(&approval));
    assert!(matches!(again, Err(EnrolmentError::ApprovalNeeded)));
    at.station
        .seal(&at.session, excepted(), Some(&at.approval()))
        .unwrap();
}

#[test]
fn a_technician_enrols_nobody_and_opens_no_draft() {
    let at = TestStation::new();
    let id = at.complete_draft().id();
    let (login, passphrase) = crate::testing::SUPERVISOR;
    let supervisor = at
        .station
        .sign_in_again(login, &qayd_crypto::Passphrase::new(passphrase))
        .unwrap();
    let new = crate::testing::operator(
        ("tariq", "many small screws"),
        qayd_protocol::Role::Technician,
    );
    at.station.add_operator(&supervisor, &new).unwrap();
    let technician = at.station.sign_in_again("tariq", &new.passphrase).unwrap();
    let refused = |result: Result<(), EnrolmentError>| {
        assert!(matches!(result, Err(EnrolmentError::RoleMayNotEnrol)))
    };
    refused(at.station.begin(&technician, PACK_ID).map(|_| ()));
    refused(at.station.resume(&technician, id).map(|_| ()));
    refused(at.station.discard(&technician, id));
    let finalised = at
        .station
        .resume(&at.session, id)
        .unwrap()
        .finalise()
        .unwrap();
    refused(at.station.seal(&technician, finalised, None).map(|_| ()));
}

#[test]
fn nobody_approves_their_own_work() {
    let at = TestStation::new();
    let (login, passphrase) = crate::testing::SUPERVISOR;
    let supervisor = at
        .station
        .sign_in_again(login, &qayd_crypto::Passphrase::new(passphrase))
        .unwrap();
    let mut draft = at.station.begin(&supervisor, PACK_ID).unwrap();
    fill(&mut draft);
    draft
        .remove_sample(&SampleKind::Finger(FingerPosition::LeftRing))
        .unwrap();
    draft
        .add_exception(&exception(
            FingerPosition::LeftRing,
            ExceptionReason::Amputated,
        ))
        .unwrap();
    let sealed = at
        .station
        .seal(&supervisor, draft.finalise().unwrap(), Some(&at.approval()));
    assert!(matches!(
        sealed,
        Err(EnrolmentError::Session(SessionError::OwnApproval))
    ));
}

#[test]
fn what_changed_after_it_was_finalised_is_not_sealed() {
    let at = TestStation::new();
    let mut draft = at.complete_draft();
    let finalised = draft.finalise().unwrap();
    draft
        .set("remark", &"later".into(), Source::Statement)
        .unwrap();
    assert!(matches!(
        at.station.seal(&at.session, finalised, None),
        Err(EnrolmentError::ChangedSince)
    ));
    assert!(is_draft(&at.station, draft.id()));
    let stale = draft.finalise().unwrap();
    at.station
        .seal(&at.session, draft.finalise().unwrap(), None)
        .unwrap();
    assert!(at.station.seal(&at.session, stale, None).is_err(), "twice");
}

#[test]
fn the_slip_is_whole_in_the_language_of_the_person() {
    let at = TestStation::new();
    let consent = |language: &str| {
        format!(
            r#"{{ text_version = 1, language = "{language}", read_aloud = true, purposes = {{ issuance = true }} }}"#
        )
    };
    let slip = |preferred: Option<&str>, told: &str| {
        let mut draft = at.complete_draft();
        let told = FieldInput::from_text(&consent(told));
        draft.set("consent", &told, Source::Statement).unwrap();
        if let Some(code) = preferred {
            draft
                .set("preferred_language", &code.into(), Source::Statement)
                .unwrap();
        }
        let finalised = draft.finalise().unwrap();
        at.station.seal(&at.session, finalised, None).unwrap().slip
    };
    let arabic = ("ar", "وصل", "الاسم", "زهراء عبد الكريم", "احتفظ به");
    let sorani = ("ckb", "پسوولە", "ناو", "زەهرا عەبدولکەریم", "بیپارێزە");
    let english = ("en", "Receipt", "Name", "Zahra Abd al-Karim", "Keep it");
    for (preferred, told, expected) in [
        (Some("ar"), "ckb", arabic),
        (Some("ckb"), "ar", sorani),
        (Some("en"), "ar", english),
        // Nothing preferred, or a language without words: the one in which they were told.
        (None, "ckb", sorani),
        (None, "en", english),
        (Some("kmr"), "ckb", sorani),
        (Some("kmr"), "kmr", arabic),
    ] {
        let slip = slip(preferred, told);
        let line = &slip.lines[0];
        let found = (
            slip.language.as_str(),
            slip.title.as_str(),
            line.label.as_str(),
            line.text.expose(),
            slip.footer.as_deref().unwrap(),
        );
        assert_eq!(found, expected, "{preferred:?} {told}");
        assert!(slip.lines.iter().all(|line| !line.label.is_empty()));
        assert_eq!(slip.lines.len(), 3);
    }
}

#[test]
fn search_finds_names_in_any_script_and_spelling_and_the_slip_is_masked() {
    let at = TestStation::new();
    let sealed = at.sealed();
    for text in ["زهراء", "زهرا", "zahra", "ZAH", "عبدالكريم زهراء", "1", "١"]
    {
        let found = at.station.search(text, 10).unwrap();
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found[0].enrolment, sealed.enrolment);
    }
    for text in ["", "مريم", "zahra maryam", "2"] {
        assert!(at.station.search(text, 10).unwrap().is_empty(), "{text}");
    }
    let number = sealed
        .slip
        .lines
        .iter()
        .find(|l| l.field == "national_number")
        .unwrap();
    assert_eq!(number.text.expose(), "•••••••••678");
    let state = at
        .station
        .store()
        .write(|tx| set_state(tx, sealed.packet, "delivered", crate::testing::NOON));
    assert!(state.unwrap());
    assert_eq!(at.station.enrolments(10).unwrap()[0].state, "delivered");
}

/// More records than are looked up one by one, so that both ways through the index are taken.
#[test]
fn search_gives_what_looking_at_every_name_would_give() {
    let at = TestStation::new();
    let words_of = |number: u64| {
        [
            format!("given{}", number % 7),
            format!("father{}", number % 2_999),
            ["even", "odd"][(number % 2) as usize].to_owned(),
        ]
    };
    let numbers = 1..=3_000_u64;
    let slip = |number| {
        qayd_crypto::cbor::encode(&Slip {
            number,
            ..Slip::default()
        })
    };
    let written = at.station.store().write(|tx| {
        for number in numbers.clone() {
            let id: [u8; 16] = u128::from(number).to_be_bytes();
            tx.execute(
                "INSERT INTO enrolment (enrolment, number, pack_id, version, packet, state, slip, sealed, changed)
                 VALUES (?1, ?2, 'test-service', 1, ?1, 'accepted', ?3, 0, 0)",
                (id, number, slip(number)),
            )?;
            for word in words_of(number) {
                tx.execute(
                    "INSERT INTO enrolment_word (word, number) VALUES (?1, ?2)",
                    (word, number),
                )?;
            }
        }
        Ok::<_, crate::store::StoreError>(())
    });
    written.unwrap();
    for query in [
        "g",
        "giv fat",
        "even odd",
        "given1 father1 even",
        "given1 gi odd",
        "odd odd",
        "father2998",
        "father1 given",
        "e o",
        "given3 x",
        "f g e",
    ] {
        let fits = |number: &u64| {
            let words = words_of(*number);
            query
                .split(' ')
                .all(|asked| words.iter().any(|word| word.starts_with(asked)))
        };
        let expected: Vec<u64> = numbers.clone().rev().filter(fits).take(20).collect();
        let found: Vec<u64> = at
            .station
            .search(query, 20)
            .unwrap()
            .iter()
            .map(|record| record.number)
            .collect();
        assert_eq!(found, expected, "{query}");
    }
}

#[test]
fn a_returned_enrolment_becomes_the_next_version_of_the_same() {
    let at = TestStation::new();
    let first = at.sealed();
    let asked = Return {
        fields: vec![ReturnedField {
            field: "full_name".into(),
            reason: "spelling".into(),
            note: None,
        }],
        fingers: vec![FingerPosition::RightIndex],
        portrait: false,
        note: None,
    };
    let message = at.centre.return_of(&at.station, &first, asked.clone());
    let id = at.station.open_returned(&at.session, &message).unwrap();
    assert_eq!(id, first.enrolment);
    assert_eq!(
        at.station.open_returned(&at.session, &message).unwrap(),
        id,
        "opening it twice is one draft"
    );
    let mut draft = at.station.resume(&at.session, id).unwrap();
    assert_eq!(draft.version(), 2);
    assert_eq!(returned_in(&draft).unwrap(), Some(asked));
    let Err(EnrolmentError::Incomplete(findings)) = draft.finalise() else {
        panic!("the finger is asked again")
    };
    assert_eq!(findings.missing.len(), 1);
    draft
        .add_sample(sample(
            SampleKind::Finger(FingerPosition::RightIndex),
            6_000,
        ))
        .unwrap();
    let second = at
        .station
        .seal(&at.session, draft.finalise().unwrap(), None)
        .unwrap();
    assert_eq!(
        (second.version, second.sequence, second.number),
        (2, 2, first.number)
    );
    let bytes = at.world.files.read(&second.path, 1 << 24).unwrap();
    let content = at.centre.open(&bytes, &at.station.identity().certificate);
    let held: Vec<_> = content
        .samples
        .iter()
        .filter(|s| s.held_in == Some(first.packet))
        .collect();
    assert_eq!(
        (held.len(), content.samples.len()),
        (10, 11),
        "only the new finger is sent again"
    );
    assert!(second.length < first.length);
    assert_eq!(at.station.enrolments(10).unwrap().len(), 1);
    assert!(matches!(
        at.station.open_returned(&at.session, &message),
        Err(EnrolmentError::Superseded)
    ));
    // And a third version goes on naming the packet that holds the bytes.
    let message = at.centre.return_of(&at.station, &second, Return::default());
    at.station.open_returned(&at.session, &message).unwrap();
    let draft = at.station.resume(&at.session, id).unwrap();
    let third = at
        .station
        .seal(&at.session, draft.finalise().unwrap(), None)
        .unwrap();
    let bytes = at.world.files.read(&third.path, 1 << 24).unwrap();
    let content = at.centre.open(&bytes, &at.station.identity().certificate);
    let in_packet = |packet| {
        content
            .samples
            .iter()
            .filter(|s| s.held_in == Some(packet))
            .count()
    };
    assert_eq!((in_packet(first.packet), in_packet(second.packet)), (10, 1));
}

#[test]
fn sensitive_answers_are_sealed_apart_and_stay_at_the_centre_when_a_case_comes_back() {
    let at = TestStation::new();
    let certificate = at.station.identity().certificate.clone();
    let seal = |mut draft: Draft<'_>, needs: Option<&str>| {
        if let Some(needs) = needs {
            draft
                .set("needs", &needs.into(), Source::Statement)
                .unwrap();
        }
        let finalised = draft.finalise().unwrap();
        let sealed = at.station.seal(&at.session, finalised, None).unwrap();
        let bytes = at.world.files.read(&sealed.path, 1 << 24).unwrap();
        let content = at.centre.open(&bytes, &certificate);
        assert!(content.fields.iter().all(|entry| entry.number != 9));
        let apart = at.centre.open_sensitive(&bytes, &at.station, &content);
        (sealed, content.sensitive.held_in, apart)
    };
    let (first, held_in, apart) = seal(at.complete_draft(), Some("wheelchair"));
    assert_eq!((held_in, apart), (None, vec![(9, "wheelchair".to_owned())]));
    let come_back = |sealed: &SealedPacket| {
        let message = at.centre.return_of(&at.station, sealed, Return::default());
        let id = at.station.open_returned(&at.session, &message).unwrap();
        let draft = at.station.resume(&at.session, id).unwrap();
        assert_eq!(draft.value("needs").unwrap(), None, "it did not come back");
        draft
    };
    // Left alone it stands where it was; given anew it goes along.
    let (second, held_in, apart) = seal(come_back(&first), None);
    assert_eq!((held_in, apart), (Some(first.packet), vec![]));
    let (_, held_in, apart) = seal(come_back(&second), Some("home visit"));
    assert_eq!(
        (held_in, apart),
        (Some(second.packet), vec![(9, "home visit".to_owned())])
    );
}

#[test]
fn content_for_another_station_or_packet_does_not_open() {
    let at = TestStation::new();
    let (one, two) = (at.sealed(), at.sealed());
    let mut message = at.centre.return_of(&at.station, &one, Return::default());
    message.packet = two.packet;
    message.enrolment = two.enrolment;
    assert!(matches!(
        at.station.open_returned(&at.session, &message),
        Err(EnrolmentError::Held(_))
    ));
    message.held = None;
    assert!(matches!(
        at.station.open_returned(&at.session, &message),
        Err(EnrolmentError::NotReturned)
    ));
    assert!(at.station.drafts().unwrap().is_empty());
}

#[test]
fn a_revoked_station_begins_nothing_and_another_pack_is_not_offered() {
    let at = TestStation::new();
    assert!(matches!(
        at.station.begin(&at.session, "no-such-pack"),
        Err(EnrolmentError::PackNotOffered { .. })
    ));
    at.station
        .store()
        .write(|tx| at.station.revoke(tx, "stolen"))
        .unwrap();
    assert!(matches!(
        at.station.begin(&at.session, PACK_ID),
        Err(EnrolmentError::StationRevoked)
    ));
}

/// A crash between the file and its rows: here the rows alone are undone.
#[test]
fn a_seal_that_was_cut_short_is_completed_at_the_next_start() {
    let at = TestStation::new();
    let first = at.sealed();
    let draft = at.complete_draft();
    let (id, finalised) = (draft.id(), draft.finalise().unwrap());
    let before = snapshot(&at);
    let second = at.station.seal(&at.session, finalised, None).unwrap();
    let at = put_back(at, &before);
    assert_eq!(at.station.rolled_back(), None);
    assert!(!is_draft(&at.station, id));
    let items = at
        .station
        .store()
        .read(|c| outbox::list(c, None, 0, 10))
        .unwrap();
    assert_eq!(
        items.iter().map(|i| i.packet).collect::<Vec<_>>(),
        [first.packet, second.packet]
    );
    assert_eq!(items[1].digest, second.packet_sha256);
    assert_eq!(at.station.enrolments(1).unwrap()[0].slip, second.slip);
    let third = at.sealed();
    assert_eq!(
        third.manifest.manifest().previous,
        Some(second.manifest.digest())
    );
}

#[test]
fn a_number_that_lies_in_the_outbox_is_never_given_to_another_packet() {
    let at = TestStation::new();
    at.sealed();
    let before = snapshot(&at);
    at.sealed();
    at.sealed();
    // An older database is put back under a newer outbox.
    let at = put_back(at, &before);
    assert_eq!(at.station.rolled_back(), Some(3));
    let draft = at.complete_draft();
    let refused = at
        .station
        .seal(&at.session, draft.finalise().unwrap(), None);
    assert!(matches!(
        refused,
        Err(EnrolmentError::RolledBack { sequence: 3 })
    ));
    assert!(is_draft(&at.station, draft.id()));
}

fn snapshot(at: &TestStation) -> Vec<u8> {
    at.station.store().checkpoint().unwrap();
    std::fs::read(at.data.join(crate::store::DATABASE_NAME)).unwrap()
}

fn put_back(at: TestStation, database: &[u8]) -> TestStation {
    let TestStation {
        dir,
        data,
        world,
        clock,
        station,
        session,
        centre,
    } = at;
    drop((station, session));
    for name in ["station.db-wal", "station.db-shm"] {
        let _ = std::fs::remove_file(data.join(name));
    }
    crate::testing::overwrite(&data.join(crate::store::DATABASE_NAME), database);
    let (station, session) = crate::testing::sign_in(&world, &data, crate::testing::OFFICER);
    TestStation {
        dir,
        data,
        world,
        clock,
        station,
        session,
        centre,
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

mod folder {
    use std::path::Path;

    use super::*;

    const PERSON: &str = r#"
pack = "test-service"
birth_date = "1990-05-17"
home_office = "DEMO-02"
full_name = { given = { ar = "مريم", lat = "Maryam" }, father = { ar = "علي", lat = "Ali" } }
consent = { text_version = 1, language = "ar", read_aloud = true, purposes = { issuance = true } }
papers = [ { document = "csid", seen = "original" } ]
exceptions = [ { position = "left_little", reason = "amputated" } ]
"#;

    /// A grey image of nothing.
    fn png(path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        image::GrayImage::from_pixel(64, 64, image::Luma([128]))
            .save(path)
            .unwrap();
    }

    fn person(text: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        crate::testing::overwrite(&dir.path().join("person.toml"), text.as_bytes());
        image::RgbImage::from_pixel(64, 64, image::Rgb([9, 9, 9]))
            .save(dir.path().join("portrait.png"))
            .unwrap();
        for position in FingerPosition::ALL
            .into_iter()
            .filter(|p| *p != FingerPosition::LeftLittle)
        {
            png(&dir.path().join(format!("fingers/{}.png", position.name())));
        }
        png(&dir.path().join("documents/csid_1.png"));
        dir
    }

    #[test]
    fn becomes_a_draft_that_seals() {
        let at = TestStation::new();
        let dir = person(PERSON);
        let id = at
            .station
            .import(&at.session, PACK_ID, dir.path(), &last_attempts)
            .unwrap();
        let draft = at.station.resume(&at.session, id).unwrap();
        let finalised = draft.finalise().unwrap();
        assert!(finalised.needs_approval());
        let sealed = at
            .station
            .seal(&at.session, finalised, Some(&at.approval()))
            .unwrap();
        let bytes = at.world.files.read(&sealed.path, 1 << 24).unwrap();
        let content = at.centre.open(&bytes, &at.station.identity().certificate);
        let Some(Value::Evidence(items)) = content
            .fields
            .iter()
            .find(|f| f.number == 6)
            .map(|f| &f.value)
        else {
            panic!()
        };
        let page = content
            .samples
            .iter()
            .find(|s| matches!(s.kind, SampleKind::DocumentPage { .. }))
            .unwrap();
        assert_eq!(
            items[0].pages,
            [page.id],
            "the paper names its scanned page"
        );
    }

    #[test]
    fn that_is_wrong_anywhere_makes_no_draft_and_names_file_field_and_reason() {
        let at = TestStation::new();
        let dir = person(
            &PERSON
                .replace("1990-05-17", "1990-02-31")
                .replace("DEMO-02", "NOWHERE"),
        );
        crate::testing::overwrite(&dir.path().join("fingers/left_thumb.png"), b"not an image");
        let Err(EnrolmentError::Import(faults)) =
            at.station
                .import(&at.session, PACK_ID, dir.path(), &last_attempts)
        else {
            panic!()
        };
        let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(faults.len(), 3, "{said:?}");
        assert!(
            said.iter()
                .any(|s| s.starts_with("person.toml: birth_date: ")),
            "{said:?}"
        );
        assert!(
            said.iter()
                .any(|s| s.starts_with("person.toml: home_office: ")),
            "{said:?}"
        );
        assert!(
            said.iter()
                .any(|s| s.starts_with("fingers/left_thumb.png: ")),
            "{said:?}"
        );
        assert!(
            !said.concat().contains("NOWHERE"),
            "values are not repeated"
        );
        assert!(at.station.drafts().unwrap().is_empty());
        let none = at.station.import(
            &at.session,
            PACK_ID,
            &dir.path().join("nobody"),
            &last_attempts,
        );
        assert!(matches!(none, Err(EnrolmentError::Import(_))));
    }
}

/// The disk fails at each step of a seal in turn: the packet is sealed whole, or the draft is as it was; never both,
/// never neither; and the numbers stay without gaps.
#[test]
fn a_disk_that_fails_at_any_step_of_a_seal_loses_and_doubles_nothing() {
    use qayd_world::testing::{Fault, FaultyFiles};
    for fault in [Fault::Eio, Fault::PowerCut] {
        for step in 0.. {
            let at = TestStation::seeded(step);
            at.sealed();
            let id = at.complete_draft().id();
            let TestStation {
                dir,
                data,
                world,
                clock,
                station,
                session,
                centre,
            } = at;
            drop((station, session));
            let faulty = FaultyFiles::default();
            let broken = qayd_world::World {
                files: faulty.files(),
                ..world.clone()
            };
            let (station, session) =
                crate::testing::sign_in(&broken, &data, crate::testing::OFFICER);
            let finalised = station.resume(&session, id).unwrap().finalise().unwrap();
            faulty.fail_after(step as usize, fault);
            let outcome = station.seal(&session, finalised, None);
            faulty.heal();
            drop((station, session));
            let (station, session) =
                crate::testing::sign_in(&world, &data, crate::testing::OFFICER);
            let at = TestStation {
                dir,
                data,
                world,
                clock,
                station,
                session,
                centre,
            };
            let items = at
                .station
                .store()
                .read(|c| outbox::list(c, None, 0, 10))
                .unwrap();
            let sealed = items.iter().any(|i| i.enrolment == id);
            assert_ne!(
                sealed,
                is_draft(&at.station, id),
                "{fault:?} at step {step}"
            );
            if outcome.is_ok() {
                assert!(sealed);
            }
            if !sealed {
                let draft = at.station.resume(&at.session, id).unwrap();
                at.station
                    .seal(&at.session, draft.finalise().unwrap(), None)
                    .unwrap();
            }
            let items = at
                .station
                .store()
                .read(|c| outbox::list(c, None, 0, 10))
                .unwrap();
            assert_eq!(
                items.iter().map(|i| i.sequence).collect::<Vec<_>>(),
                [1, 2],
                "{fault:?} at step {step}"
            );
            at.station.audit_verify().unwrap();
            if outcome.is_ok() {
                assert!(step > 3, "the faults were met");
                break;
            }
        }
    }
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
