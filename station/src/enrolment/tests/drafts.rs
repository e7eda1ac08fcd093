use super::*;

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
