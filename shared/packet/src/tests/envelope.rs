use super::*;

#[test]
fn nothing_in_the_manifest_names_the_person_the_finger_or_the_paper() {
    let sealed = packet(Suite::X25519, |_| {}).unwrap();
    let text = String::from_utf8_lossy(sealed.manifest.bytes()).into_owned();
    for told in ["زهراء", "thumb", "csid"] {
        assert!(!text.contains(told), "{told}");
    }
}

#[test]
fn every_flipped_bit_and_every_truncation_of_a_packet_is_refused() {
    let sealed = packet(Suite::X25519, |_| {}).unwrap();
    let key = station_key().public();
    assert!(verify_packet(&sealed.bytes, &key).is_ok());
    for i in 0..sealed.bytes.len() {
        for bit in 0..8 {
            let mut bad = sealed.bytes.clone();
            bad[i] ^= 1 << bit;
            assert!(verify_packet(&bad, &key).is_err(), "byte {i} bit {bit}");
        }
        assert!(
            verify_packet(&sealed.bytes[..i], &key).is_err(),
            "cut at {i}"
        );
    }
    let mut longer = sealed.bytes.clone();
    longer.push(0);
    assert!(matches!(
        verify_packet(&longer, &key),
        Err(VerifyError::Length { .. })
    ));
    assert!(verify_packet(&sealed.bytes, &operator_key().public()).is_err());
}

#[test]
fn bytes_that_arrive_in_pieces_verify_like_the_whole() {
    let sealed = packet(Suite::X25519, |_| {}).unwrap();
    let head = sealed.manifest.bytes().len();
    for piece in [1, 7, 100, 100_000] {
        let mut hasher = PacketHasher::new(&sealed.manifest);
        sealed.bytes[head..]
            .chunks(piece)
            .for_each(|chunk| hasher.update(chunk));
        assert_eq!(hasher.verified_length(), sealed.bytes.len() as u64);
        assert!(hasher.finish().is_ok());
    }
    // A wrong byte in the first finger leaves the three parts before it verified.
    let finger = sealed.manifest.part_range(3).unwrap();
    let mut bad = sealed.bytes.clone();
    bad[finger.start as usize + 5] ^= 1;
    let mut hasher = PacketHasher::new(&sealed.manifest);
    hasher.update(&bad[head..]);
    assert_eq!(hasher.verified_length(), finger.start);
    assert!(matches!(hasher.finish(), Err(VerifyError::Digest { label }) if label == "finger-1"));
}

#[test]
fn limits_hold_at_the_limit_and_one_past_it() {
    let portrait_of = |n: usize| {
        packet(Suite::X25519, move |r| {
            r.samples = vec![sample(1, SampleKind::Portrait, &vec![7; n])];
        })
    };
    assert!(portrait_of(limits::SAMPLE_BYTES_MAX).is_ok());
    assert!(matches!(
        portrait_of(limits::SAMPLE_BYTES_MAX + 1),
        Err(SealPacketError::SampleLength(_))
    ));
    assert!(matches!(
        portrait_of(0),
        Err(SealPacketError::SampleLength(0))
    ));
    let pages_of = |n: u16| {
        packet(Suite::X25519, move |r| {
            r.samples = (1..=n)
                .map(|page| {
                    sample(
                        1,
                        SampleKind::DocumentPage {
                            document: "csid".into(),
                            page,
                        },
                        b"p",
                    )
                })
                .collect();
        })
    };
    assert!(pages_of(limits::PARTS_MAX as u16 - 2).is_ok());
    assert!(matches!(
        pages_of(limits::PARTS_MAX as u16 - 1),
        Err(SealPacketError::Manifest(_))
    ));
}

#[test]
fn a_manifest_that_breaks_a_rule_is_refused_by_name() {
    let good = packet(Suite::X25519, |_| {})
        .unwrap()
        .manifest
        .manifest()
        .clone();
    assert!(good.clone().sign(&station_key()).is_ok());
    let broken: [fn(&mut Manifest); 12] = [
        |m| m.format = 2,
        |m| m.version = 0,
        |m| m.sequence = 0,
        |m| m.sequence = 2,
        |m| m.pack_id = String::new(),
        |m| m.home_office = "بغداد".into(),
        |m| m.parts.clear(),
        |m| m.parts.truncate(1),
        |m| m.parts.swap(0, 1),
        |m| m.parts[1].priority = 1,
        |m| m.parts[3].label = m.parts[2].label.clone(),
        |m| m.parts[1].length = u64::MAX,
    ];
    for (i, change) in broken.into_iter().enumerate() {
        let mut bad = good.clone();
        change(&mut bad);
        assert!(
            matches!(bad.sign(&station_key()), Err(ManifestError::Rule(_))),
            "rule {i}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_and_never_verify(bytes: Vec<u8>) {
        assert!(verify_packet(&bytes, &station_key().public()).is_err());
    }
}
