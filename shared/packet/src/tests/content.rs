use super::*;

#[test]
fn what_was_sealed_comes_out_at_the_centre_and_only_there() {
    for suite in [Suite::X25519, Suite::XWing] {
        let sealed = packet(suite, |_| {}).unwrap();
        let verified = verify_packet(&sealed.bytes, &station_key().public()).unwrap();
        let centre = centre(suite);
        let keys = [centre.review, centre.biometric, centre.sensitive];
        let demographics = open_demographics(&keys, &verified).unwrap();
        assert_eq!(demographics.operator_certificate(), b"operator certificate");
        let content = demographics.verify(&operator_key().public(), None).unwrap();
        assert_eq!(
            content.fields[0].value,
            Value::Text(PersonalText::new("زهراء"))
        );
        let opened: Vec<_> = content
            .samples
            .iter()
            .map(|s| {
                (
                    s.part.as_str(),
                    open_sample(&keys, &verified, s).unwrap().expose().to_vec(),
                )
            })
            .collect();
        let expected: [(&str, &[u8]); 4] = [
            ("portrait", b"portrait"),
            ("finger-1", b"right thumb"),
            ("finger-2", b"left thumb"),
            ("document-1", b"page one"),
        ];
        assert_eq!(
            opened,
            expected.map(|(label, bytes)| (label, bytes.to_vec()))
        );
        let apart = open_sensitive(&keys, &verified, &content.sensitive).unwrap();
        assert_eq!(apart, [field(52, "ت-١٧٣")]);
        // A reviewer's key alone does not open a finger, and those of all reviewers no sensitive answer.
        let finger = &content.samples[1];
        let refused = [
            open_sample(&keys[..1], &verified, finger).map(drop),
            open_sensitive(&keys[..2], &verified, &content.sensitive).map(drop),
        ];
        for refused in refused {
            assert!(matches!(
                refused,
                Err(OpenPacketError::Part {
                    source: qayd_crypto::OpenError::NotARecipient,
                    ..
                })
            ));
        }
    }
}

#[test]
fn whether_anybody_gave_a_sensitive_answer_does_not_show() {
    let manifest = |sensitive: Vec<FieldEntry>| {
        let sealed = packet(Suite::X25519, |r| r.sensitive = sensitive).unwrap();
        let parts = sealed.manifest.manifest().parts.clone();
        let seen = parts
            .into_iter()
            .map(|part| (part.label, part.priority, part.length));
        seen.collect::<Vec<_>>()
    };
    let none = manifest(Vec::new());
    assert_eq!(none[1].0, "sensitive");
    assert_eq!(none, manifest(vec![field(52, "ت-١٧٣")]));
    let usual = vec![
        field(52, "ت-١٧٣"),
        field(53, "2024"),
        field(60, "wheelchair"),
    ];
    assert_eq!(none, manifest(usual));
    // Control: more than the usual shows, one step at a time.
    let many = (100..120).map(|number| field(number, "much")).collect();
    assert!(none[1].2 < manifest(many)[1].2);
}

#[test]
fn sensitive_answers_open_as_signed_or_not_at_all() {
    let keys = [
        centre(Suite::X25519).review,
        centre(Suite::X25519).sensitive,
    ];
    let content_of = |sealed: &SealedPacket| {
        let verified = verify_packet(&sealed.bytes, &station_key().public()).unwrap();
        let opened = open_demographics(&keys, &verified).unwrap();
        opened.verify(&operator_key().public(), None)
    };
    let one = packet(Suite::X25519, |_| {}).unwrap();
    let other = packet(Suite::X25519, |r| r.sensitive = vec![field(52, "ت-١٧٤")]).unwrap();
    let signed = content_of(&other).unwrap().sensitive;
    let verified = verify_packet(&one.bytes, &station_key().public()).unwrap();
    assert!(matches!(
        open_sensitive(&keys, &verified, &signed),
        Err(OpenPacketError::SampleDigest(label)) if label == "sensitive"
    ));
    let answers_of_whom = |version, held: Option<u8>| {
        let sealed = packet(Suite::X25519, |r| {
            r.head.version = version;
            r.sensitive_in = held.map(|n| PacketId::make(1_800_000_000_000, [n; 10]));
        });
        content_of(&sealed.unwrap())
    };
    assert!(answers_of_whom(2, Some(8)).is_ok());
    for (version, held) in [(1, Some(8)), (2, None), (2, Some(1))] {
        assert!(matches!(
            answers_of_whom(version, held),
            Err(OpenPacketError::Disagrees(_))
        ));
    }
    let twice = packet(Suite::X25519, |r| r.sensitive = vec![field(1, "زهراء")]);
    assert!(matches!(twice, Err(SealPacketError::Fields)));
    let long = "long".repeat(20_000);
    let too_long = packet(Suite::X25519, |r| r.sensitive = vec![field(52, &long)]);
    assert!(matches!(too_long, Err(SealPacketError::SensitiveLength(_))));
}

#[test]
fn an_exception_needs_the_supervisors_signature_on_both_sides() {
    let unapproved = packet(Suite::X25519, |r| r.exceptions.push(excepted(false)));
    assert!(matches!(unapproved, Err(SealPacketError::Unapproved)));

    let sealed = packet(Suite::X25519, |r| r.exceptions.push(excepted(true))).unwrap();
    let verified = verify_packet(&sealed.bytes, &station_key().public()).unwrap();
    let keys = [centre(Suite::X25519).review];
    let demographics = open_demographics(&keys, &verified).unwrap();
    let (operator, supervisor) = (operator_key().public(), supervisor_key().public());
    assert!(demographics.verify(&operator, Some(&supervisor)).is_ok());
    assert!(matches!(
        demographics.verify(&operator, None),
        Err(OpenPacketError::Unapproved)
    ));
    assert!(demographics.verify(&operator, Some(&operator)).is_err());
    assert!(demographics.verify(&supervisor, Some(&supervisor)).is_err());
}

#[test]
fn demographics_of_different_people_have_one_of_few_lengths() {
    let length = |text: &str| {
        packet(Suite::X25519, |r| r.fields = vec![field(1, text)])
            .unwrap()
            .manifest
            .manifest()
            .parts[0]
            .length
    };
    assert_eq!(length("أ"), length("عبد الرحمن"));
}

#[test]
fn an_extension_is_told_under_the_operators_signature() {
    let given = Extension {
        offline_days: Some(75),
        packets: None,
        supervisor: OperatorId::make(1_800_000_000_000, [5; 10]),
        granted: UnixMs(1_800_000_000_000),
    };
    let sealed = packet(Suite::X25519, |r| r.extension = Some(given)).unwrap();
    let verified = verify_packet(&sealed.bytes, &station_key().public()).unwrap();
    let opened = open_demographics(&[centre(Suite::X25519).review], &verified).unwrap();
    let content = opened.verify(&operator_key().public(), None).unwrap();
    assert_eq!(content.extension, Some(given));
}
