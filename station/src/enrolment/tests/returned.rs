use super::*;

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
