//! The format held against its own promises, and against frozen, named vectors.
//!
//! `QAYD_WRITE_VECTORS=1 cargo test -p qayd-packet` writes the vectors again after a deliberate change of format.

use core::convert::Infallible;
use std::path::PathBuf;

use qayd_crypto::{OpeningKey, SigningKey, Suite};
use qayd_model::{
    BiometricException, EnrolmentId, ExceptionReason, FingerPosition, OperatorId, PacketId,
    PersonalBytes, PersonalText, SampleId, SampleKind, Sha256Digest, StationId, UnixMs,
    value::{Source, Value},
};
use rand_core::{TryCryptoRng, TryRng};

use crate::*;

/// A seeded stream (SHA-256 in counter mode), so that vectors come out the same every time.
struct Seeded {
    seed: u8,
    counter: u64,
}

impl TryRng for Seeded {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(32) {
            let mut block = vec![self.seed];
            block.extend_from_slice(&self.counter.to_be_bytes());
            self.counter += 1;
            chunk.copy_from_slice(&qayd_crypto::sha256(&block).0[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Seeded {}

struct Centre {
    review: OpeningKey,
    biometric: OpeningKey,
    sensitive: OpeningKey,
}

fn centre(suite: Suite) -> Centre {
    Centre {
        review: OpeningKey::make(suite, &[21; 32]),
        biometric: OpeningKey::make(suite, &[22; 32]),
        sensitive: OpeningKey::make(suite, &[23; 32]),
    }
}

fn field(number: u32, text: &str) -> FieldEntry {
    FieldEntry {
        number,
        value: Value::Text(PersonalText::new(text)),
        source: Source::Statement,
        entered: UnixMs(1_800_000_000_000),
        operator: OperatorId::make(1_800_000_000_000, [4; 10]),
    }
}

fn station_key() -> SigningKey {
    SigningKey::make(&[11; 32])
}

fn operator_key() -> SigningKey {
    SigningKey::make(&[12; 32])
}

fn supervisor_key() -> SigningKey {
    SigningKey::make(&[13; 32])
}

fn sample(n: u8, kind: SampleKind, bytes: &[u8]) -> NewSample {
    NewSample {
        id: SampleId::make(1_800_000_000_000, [n; 10]),
        kind,
        media_type: "image/png".into(),
        bytes: PersonalBytes::new(bytes),
        quality: None,
        ppi: Some(500),
        device: Some("simulated".into()),
        attempts: 1,
        captured: UnixMs(1_800_000_000_000),
    }
}

/// A packet of one text field, a sensitive one, a portrait, two fingers and a document page.
fn packet(
    suite: Suite,
    change: impl FnOnce(&mut SealRequest<'_>),
) -> Result<SealedPacket, SealPacketError> {
    packet_with(Dictionary::default(), suite, change)
}

fn packet_with(
    dictionary: Dictionary,
    suite: Suite,
    change: impl FnOnce(&mut SealRequest<'_>),
) -> Result<SealedPacket, SealPacketError> {
    let centre = centre(suite);
    let recipients = Recipients {
        review: vec![centre.review.public().clone()],
        biometric: vec![centre.biometric.public().clone()],
        sensitive: vec![centre.sensitive.public().clone()],
    };
    let (station, operator, supervisor) = (station_key(), operator_key(), supervisor_key());
    let mut request = SealRequest {
        head: Head {
            packet: PacketId::make(1_800_000_000_000, [1; 10]),
            enrolment: EnrolmentId::make(1_800_000_000_000, [2; 10]),
            version: 1,
            station: StationId::make(1_800_000_000_000, [3; 10]),
            sequence: 1,
            previous: None,
            boot_counter: 7,
            made: StampedTime {
                raw: UnixMs(1_800_000_100_000),
                estimated: None,
                error_ms: None,
            },
            pack_id: "national-card-first-issue".into(),
            pack_version: 1,
            pack_digest: Sha256Digest([9; 32]),
            station_kind: "camp".into(),
            home_office: "iq-ni-01".into(),
            keyring_epoch: 1,
        },
        started: UnixMs(1_800_000_000_000),
        fields: vec![field(1, "زهراء")],
        sensitive: vec![field(52, "ت-١٧٣")],
        sensitive_in: None,
        samples: vec![
            sample(
                13,
                SampleKind::DocumentPage {
                    document: "csid".into(),
                    page: 1,
                },
                b"page one",
            ),
            sample(
                12,
                SampleKind::Finger(FingerPosition::LeftThumb),
                b"left thumb",
            ),
            sample(
                11,
                SampleKind::Finger(FingerPosition::RightThumb),
                b"right thumb",
            ),
            sample(10, SampleKind::Portrait, b"portrait"),
        ],
        held: Vec::new(),
        exceptions: Vec::new(),
        extension: None,
        operator: Signer {
            id: OperatorId::make(1_800_000_000_000, [4; 10]),
            key: &operator,
            certificate: b"operator certificate",
        },
        supervisor: None,
        station_key: &station,
        recipients: &recipients,
    };
    let approver = Signer {
        id: OperatorId::make(1_800_000_000_000, [5; 10]),
        key: &supervisor,
        certificate: b"supervisor certificate",
    };
    change(&mut request);
    if request.exceptions.iter().any(|e| e.supervisor.is_some()) {
        request.supervisor = Some(approver);
    }
    seal_with(
        dictionary,
        request,
        &mut Seeded {
            seed: suite.id(),
            counter: 0,
        },
    )
}

fn excepted(approved: bool) -> BiometricException {
    BiometricException {
        position: FingerPosition::LeftIndex,
        reason: ExceptionReason::Bandaged,
        supervisor: approved.then(|| OperatorId::make(1_800_000_000_000, [5; 10])),
        note: None,
    }
}

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

fn compressed(dictionary: Dictionary, bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::Compressor::with_dictionary(19, dictionary.bytes())
        .unwrap()
        .compress(bytes)
        .unwrap()
}

#[test]
fn a_frame_that_would_inflate_past_the_limit_is_refused_with_every_dictionary() {
    for dictionary in Dictionary::ALL {
        let bomb = compressed(dictionary, &vec![0; 64 * 1024 * 1024]);
        assert!(matches!(
            open::inflate(dictionary, &bomb),
            Err(OpenPacketError::Inflates)
        ));
        // The dictionary itself, over and over: what it inflates best.
        let best: Vec<u8> = Dictionary::First
            .bytes()
            .iter()
            .copied()
            .cycle()
            .take(limits::DEMOGRAPHICS_BYTES_MAX)
            .collect();
        assert!(matches!(
            open::inflate(dictionary, &compressed(dictionary, &best[..])),
            Err(OpenPacketError::Inflates)
        ));
        let honest = compressed(dictionary, &vec![0; limits::INFLATE_FREE_BYTES]);
        assert!(open::inflate(dictionary, &honest).is_ok());
    }
}

#[test]
fn a_frame_of_another_dictionary_than_the_part_names_is_refused() {
    let text = b"what both of them could inflate".repeat(3);
    for (made, named) in [
        (Dictionary::None, Dictionary::First),
        (Dictionary::First, Dictionary::None),
    ] {
        let frame = compressed(made, &text);
        assert_eq!(open::inflate(made, &frame).unwrap(), text, "control");
        assert!(matches!(
            open::inflate(named, &frame),
            Err(OpenPacketError::Form)
        ));
    }
}

/// Packets lie on drives and in blobs for years: a dictionary that changed would open none of them.
#[test]
fn dictionaries_are_frozen_and_small() {
    let frozen = [
        (
            Dictionary::None,
            0,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        (
            Dictionary::First,
            1,
            "6ddd22232f0fa1cf8b9e68b8ed812dc1a2c25c97c1daa272b132954b971d3973",
        ),
    ];
    assert_eq!(frozen.len(), Dictionary::ALL.len());
    for (dictionary, id, digest) in frozen {
        assert_eq!(dictionary.id(), id);
        assert_eq!(Dictionary::from_id(id), Ok(dictionary));
        assert_eq!(qayd_crypto::sha256(dictionary.bytes()).to_hex(), digest);
        assert!(dictionary.bytes().len() <= 16 * 1024);
        assert_eq!(dictionary.frame_id().is_some(), id != 0);
    }
    for id in 2..=255 {
        assert_eq!(Dictionary::from_id(id), Err(UnknownDictionary(id)));
    }
}

#[test]
fn both_dictionaries_open_and_one_that_is_not_here_is_named() {
    let content_of = |bytes: &[u8]| {
        let verified = verify_packet(bytes, &station_key().public()).unwrap();
        open_demographics(&[centre(Suite::X25519).review], &verified)
            .map(|opened| opened.verify(&operator_key().public(), None).unwrap())
    };
    let [none, first] =
        Dictionary::ALL.map(|dictionary| packet_with(dictionary, Suite::X25519, |_| {}).unwrap());
    assert_eq!(
        content_of(&none.bytes).unwrap(),
        content_of(&first.bytes).unwrap()
    );
    let default = packet(Suite::X25519, |_| {}).unwrap();
    assert_eq!(default.bytes, first.bytes, "the newest is used");
    assert!(matches!(
        content_of(&of_a_later_dictionary()),
        Err(OpenPacketError::Dictionary(UnknownDictionary(99)))
    ));
}

/// A packet as a station of a later version would seal it: the same, but for the dictionary's id.
fn of_a_later_dictionary() -> Vec<u8> {
    let sealed = packet(Suite::X25519, |_| {}).unwrap();
    let verified = verify_packet(&sealed.bytes, &station_key().public()).unwrap();
    let mut manifest = sealed.manifest.manifest().clone();
    let context = seal::part_context(manifest.packet, manifest.station, "demographics");
    let key = centre(Suite::X25519).review;
    let review = key.public().clone();
    let part = verified.part("demographics").unwrap();
    let plaintext = qayd_crypto::open_part(&[key], &context, part).unwrap();
    let mut padded: crate::content::Padded =
        qayd_crypto::cbor::decode_strict(&plaintext, limits::DEMOGRAPHICS_BYTES_MAX).unwrap();
    padded.dictionary = 99;
    // The id takes a byte more; the padding one less.
    let fill = padded.padding.len().saturating_sub(1);
    padded.padding = vec![0; fill].into();
    let plaintext = qayd_crypto::Zeroizing::new(qayd_crypto::cbor::encode(&padded));
    let mut rng = Seeded {
        seed: 99,
        counter: 0,
    };
    let keys = [review];
    let part = qayd_crypto::seal_part(&mut rng, &context, &plaintext, &keys).unwrap();
    manifest.parts[0].length = part.len() as u64;
    manifest.parts[0].sha256 = qayd_crypto::sha256(&part);
    let rest = sealed.manifest.part_range(0).unwrap().end as usize;
    let mut bytes = manifest.sign(&station_key()).unwrap().bytes().to_vec();
    bytes.extend_from_slice(&part);
    bytes.extend_from_slice(&sealed.bytes[rest..]);
    bytes
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

/// Those without `dictionary` in their name are what the first stations sealed.
fn vectors() -> Vec<(&'static str, Vec<u8>)> {
    let packet =
        |suite, change: fn(&mut SealRequest<'_>)| packet_with(Dictionary::None, suite, change);
    let classic = packet(Suite::X25519, |_| {}).unwrap();
    let with = |change: fn(&mut Vec<u8>)| {
        let mut bytes = classic.bytes.clone();
        change(&mut bytes);
        bytes
    };
    let resigned = |payload: Vec<u8>| {
        qayd_crypto::sign1(qayd_crypto::Namespace::Manifest, &station_key(), &payload)
    };
    let payload = qayd_crypto::peek1(classic.manifest.bytes())
        .unwrap()
        .payload;
    let mut unknown_key = payload.clone();
    unknown_key[0] = 0xb1; // one entry more …
    unknown_key.extend_from_slice(&[0x18, 99, 0]); // … 99: 0
    let mut not_canonical = payload.clone();
    not_canonical.splice(2..3, [0x18, payload[2]]); // format 1 in two bytes
    vec![
        ("packet_suite_0", classic.bytes.clone()),
        (
            "packet_suite_1",
            packet(Suite::XWing, |_| {}).unwrap().bytes,
        ),
        (
            "packet_supervisor",
            packet(Suite::X25519, |r| r.exceptions.push(excepted(true)))
                .unwrap()
                .bytes,
        ),
        (
            "packet_suite_0_dictionary_1",
            packet_with(Dictionary::First, Suite::X25519, |_| {})
                .unwrap()
                .bytes,
        ),
        (
            "packet_suite_1_dictionary_1",
            packet_with(Dictionary::First, Suite::XWing, |_| {})
                .unwrap()
                .bytes,
        ),
        (
            "packet_suite_0_corrected",
            packet_with(Dictionary::First, Suite::X25519, |r| {
                r.head.version = 2;
                r.sensitive = Vec::new();
                r.sensitive_in = Some(PacketId::make(1_800_000_000_000, [8; 10]));
            })
            .unwrap()
            .bytes,
        ),
        (
            "packet_suite_0_extended",
            packet_with(Dictionary::First, Suite::X25519, |r| {
                r.extension = Some(Extension {
                    offline_days: Some(75),
                    packets: Some(6_000),
                    supervisor: OperatorId::make(1_800_000_000_000, [5; 10]),
                    granted: UnixMs(1_800_000_000_000),
                });
            })
            .unwrap()
            .bytes,
        ),
        ("packet_suite_0_dictionary_unknown", of_a_later_dictionary()),
        (
            "packet_truncated",
            with(|b| {
                b.pop();
            }),
        ),
        ("packet_trailing_byte", with(|b| b.push(0))),
        (
            "packet_part_altered",
            with(|b| {
                let n = b.len();
                b[n - 1] ^= 1;
            }),
        ),
        ("manifest_unknown_key", resigned(unknown_key)),
        ("manifest_not_canonical", resigned(not_canonical)),
        (
            "manifest_other_namespace",
            qayd_crypto::sign1(qayd_crypto::Namespace::Receipt, &station_key(), &payload),
        ),
        ("signature_truncated", {
            let mut b = classic.manifest.bytes().to_vec();
            b.pop();
            b
        }),
    ]
}

#[test]
fn named_vectors_are_frozen_and_only_the_good_ones_verify() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let write = std::env::var_os("QAYD_WRITE_VECTORS").is_some();
    for (name, bytes) in vectors() {
        let path = folder.join(format!("{name}.qpk"));
        if write {
            #[allow(
                clippy::disallowed_methods,
                reason = "a vector is source text, not somebody's record"
            )]
            std::fs::write(&path, &bytes).unwrap();
        }
        let frozen = std::fs::read(&path).unwrap();
        assert_eq!(frozen, bytes, "{name} changed: the format changed");
        let good = name.starts_with("packet_su");
        assert_eq!(
            verify_packet(&frozen, &station_key().public()).is_ok(),
            good,
            "{name}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_and_never_verify(bytes: Vec<u8>) {
        assert!(verify_packet(&bytes, &station_key().public()).is_err());
    }
}
