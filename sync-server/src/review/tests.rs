use std::path::Path;

use qayd_model::{
    Decision, EnrolmentId, FingerPosition, PersonalText, Return, ReturnedField, SampleKind, Value,
};
use qayd_packet::SealedPacket;
use qayd_world::testing::FakeClock;

use super::{
    Review, ReviewError, ReviewSettings,
    case::{self, Case, CaseState, Check, CheckKind, CheckOutcome, Finding, FindingKind},
    examine::{run_one, summary},
};
use crate::{
    centre::{Centre, Role},
    testing::{self, Camp, NewCase, person},
};

const FOUR: [FingerPosition; 4] = [
    FingerPosition::RightThumb,
    FingerPosition::RightIndex,
    FingerPosition::LeftThumb,
    FingerPosition::LeftIndex,
];

pub(crate) fn centre(folder: &Path) -> (Centre, FakeClock, Review) {
    let (world, clock) = qayd_world::testing::world(testing::START, 7);
    testing::init(&world, folder, "https://localhost:8443");
    let centre = testing::open(&world, folder, Role::All);
    let review = Review::open(&centre, ReviewSettings::default()).unwrap();
    (centre, clock, review)
}

pub(crate) fn examine_all(review: &Review) {
    while run_one(review, "test").unwrap() {}
    let counts = review.centre().work().counts().unwrap();
    assert_eq!(
        (counts.queued, counts.leased, counts.dead),
        (0, 0, 0),
        "{counts:?}"
    );
}

pub(crate) fn case_of(review: &Review, packet: &SealedPacket) -> Case {
    let enrolment = packet.manifest.manifest().enrolment;
    review
        .centre()
        .register()
        .read(|c| case::case_in(c, enrolment))
        .unwrap()
        .expect("a case")
}

fn findings(review: &Review, packet: &SealedPacket) -> Vec<Finding> {
    let case = case_of(review, packet);
    review
        .centre()
        .register()
        .read(|c| case::findings_in(c, &case))
        .unwrap()
}

fn check(review: &Review, packet: &SealedPacket, kind: CheckKind) -> Option<Check> {
    let manifest = packet.manifest.manifest();
    let checks = review
        .centre()
        .register()
        .read(|c| case::checks_in(c, manifest.enrolment, manifest.version))
        .unwrap();
    checks.into_iter().find(|check| check.kind == kind)
}

fn outcome(review: &Review, packet: &SealedPacket, kind: CheckKind) -> Option<CheckOutcome> {
    check(review, packet, kind).map(|check| check.outcome)
}

fn enrolment(packet: &SealedPacket) -> EnrolmentId {
    packet.manifest.manifest().enrolment
}

fn zeinab() -> String {
    person("زينب_كاظم_جاسم_الشمري", "1990-05-17", "فاطمة_حسين", "")
}

#[test]
fn a_clean_packet_becomes_a_case_of_its_home_office_with_every_check_held() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _clock, review) = centre(folder.path());
    let mut camp = Camp::provision(&centre, "Camp A");
    let zeinab = zeinab();
    let packet = camp.send(&centre, &NewCase::of(&zeinab).with_hands(1, 1));
    examine_all(&review);
    let case = case_of(&review, &packet);
    assert_eq!(
        (case.state, case.home_office.as_str(), case.checks_failed),
        (CaseState::UnderReview, "DEMO-NI-01", 0)
    );
    let manifest = packet.manifest.manifest();
    let checks = centre
        .register()
        .read(|c| case::checks_in(c, manifest.enrolment, 1))
        .unwrap();
    for kind in [
        CheckKind::Bytes,
        CheckKind::StationSignature,
        CheckKind::StationCertificate,
        CheckKind::OperatorSignature,
        CheckKind::Pack,
        CheckKind::SensitiveApart,
        CheckKind::Content,
        CheckKind::HomeOffice,
        CheckKind::Samples,
    ] {
        let check = checks.iter().find(|check| check.kind == kind).unwrap();
        assert_eq!(check.outcome, CheckOutcome::Held, "{check:?}");
    }
    assert_eq!(
        summary(&review, &case).unwrap().name.expose(),
        "زينب كاظم جاسم الشمري"
    );
    assert_eq!(findings(&review, &packet), []);
}

#[test]
fn the_same_person_at_two_stations_is_held_by_data_and_by_fingers_and_both_cases_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _clock, review) = centre(folder.path());
    let (mut a, mut b) = (Camp::provision(&centre, "A"), Camp::provision(&centre, "B"));
    let zeinab = zeinab();
    let first = a.send(
        &centre,
        &NewCase {
            fingers: &FOUR,
            ..NewCase::of(&zeinab).with_hands(1, 1)
        },
    );
    let again = b.send(
        &centre,
        &NewCase {
            fingers: &FOUR,
            face: Some(2),
            ..NewCase::of(&zeinab).with_hands(1, 2)
        },
    );
    examine_all(&review);
    assert_eq!(
        case_of(&review, &first).state,
        CaseState::UnderReview,
        "whoever came first is not held"
    );
    assert_eq!(case_of(&review, &again).state, CaseState::DuplicateHold);
    let found = findings(&review, &again);
    let kinds: Vec<FindingKind> = found.iter().map(|f| f.kind).collect();
    assert!(
        kinds.contains(&FindingKind::Demographic) && kinds.contains(&FindingKind::Fingerprint),
        "{kinds:?}"
    );
    for finding in &found {
        assert_eq!(
            (finding.other, finding.holds),
            (enrolment(&first), true),
            "{finding:?}"
        );
    }
    let fingers = found
        .iter()
        .find(|f| f.kind == FindingKind::Fingerprint)
        .unwrap();
    assert_eq!(fingers.detail.fingers.len(), 4);
    assert!(fingers.detail.fused.unwrap() >= 400);
    assert_eq!(
        findings(&review, &first).len(),
        found.len(),
        "a finding shows on both cases"
    );
}

#[test]
fn other_people_are_not_held_whatever_they_share() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _clock, review) = centre(folder.path());
    let mut camp = Camp::provision(&centre, "A");
    let sister = person("مريم_كاظم_جاسم_الشمري", "1992-01-03", "فاطمة_حسين", "");
    let twin = person("هدى_كاظم_جاسم_الشمري", "1990-05-17", "فاطمة_حسين", "");
    let namesake = person("زينب_كاظم_جاسم_الدليمي", "1971-11-30", "خديجة_سالم", "");
    let stranger = person("نور_صالح_عمر_الجبوري", "2001-02-02", "سعاد_كريم", "");
    let zeinab = zeinab();
    let mut sent = Vec::new();
    for (i, person) in [&zeinab, &sister, &twin, &namesake, &stranger]
        .into_iter()
        .enumerate()
    {
        let seed = i as u64 + 10;
        let case = NewCase {
            fingers: &FOUR,
            face: Some(seed),
            ..NewCase::of(person).with_hands(seed, 1)
        };
        sent.push(camp.send(&centre, &case));
    }
    examine_all(&review);
    for packet in &sent {
        let case = case_of(&review, packet);
        assert_eq!(
            case.state,
            CaseState::UnderReview,
            "{:?}",
            findings(&review, packet)
        );
    }
}

#[test]
fn other_names_do_not_hide_the_same_fingers() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _clock, review) = centre(folder.path());
    let mut camp = Camp::provision(&centre, "A");
    let zeinab = zeinab();
    let other = person("سناء_جبار_حمود_العبيدي", "1985-09-09", "نجاة_كريم", "");
    let first = camp.send(
        &centre,
        &NewCase {
            fingers: &FOUR,
            ..NewCase::of(&zeinab).with_hands(1, 1)
        },
    );
    let second = camp.send(
        &centre,
        &NewCase {
            fingers: &FOUR,
            face: Some(9),
            ..NewCase::of(&other).with_hands(1, 5)
        },
    );
    examine_all(&review);
    let found = findings(&review, &second);
    assert_eq!(
        found.iter().map(|f| (f.kind, f.other)).collect::<Vec<_>>(),
        [(FindingKind::Fingerprint, enrolment(&first))]
    );
    assert_eq!(case_of(&review, &second).state, CaseState::DuplicateHold);
}

#[test]
fn a_new_version_is_never_its_own_duplicate_and_takes_held_pictures_from_the_earlier_one() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, clock, review) = centre(folder.path());
    let mut camp = Camp::provision(&centre, "A");
    let zeinab = zeinab();
    let first = camp.send(&centre, &NewCase::of(&zeinab).with_hands(1, 1));
    examine_all(&review);
    let stored = centre
        .read_packet(first.manifest.manifest().packet)
        .unwrap();
    let content = review.open_content(&stored).unwrap().content;
    let held: Vec<_> = content
        .samples
        .iter()
        .map(|entry| qayd_packet::SampleEntry {
            held_in: Some(content.packet),
            ..entry.clone()
        })
        .collect();
    clock.advance_ms(60_000);
    let corrected = person("زينب_كاظم_جاسم_الشمري", "1990-05-18", "فاطمة_حسين", "");
    let case = NewCase {
        enrolment: Some(enrolment(&first)),
        version: 2,
        face: None,
        held,
        sensitive_in: Some(content.packet),
        ..NewCase::of(&corrected)
    };
    let second = camp.send(&centre, &case);
    examine_all(&review);
    let case = case_of(&review, &second);
    assert_eq!(
        (case.version, case.state, case.checks_failed),
        (2, CaseState::UnderReview, 0)
    );
    assert_eq!(findings(&review, &second), []);
    assert_eq!(
        outcome(&review, &second, CheckKind::HeldSamples),
        Some(CheckOutcome::Held)
    );
    // The fingers of the new version are in the index although their bytes came with the first.
    let stranger = person("سناء_جبار_حمود_العبيدي", "1985-09-09", "نجاة_كريم", "");
    let third = camp.send(
        &centre,
        &NewCase {
            fingers: &FOUR,
            face: Some(3),
            ..NewCase::of(&stranger).with_hands(1, 9)
        },
    );
    examine_all(&review);
    assert_eq!(case_of(&review, &third).state, CaseState::DuplicateHold);
}

/// Texts of the sensitive answers, by number.
fn sensitive(review: &Review, packet: &SealedPacket) -> Result<Vec<(u32, Value)>, ReviewError> {
    let stored = review
        .centre()
        .read_packet(packet.manifest.manifest().packet)?;
    let content = review.open_content(&stored)?.content;
    let answers = review.open_sensitive(&stored, &content)?;
    Ok(answers
        .into_iter()
        .map(|answer| (answer.number, answer.value))
        .collect())
}

#[test]
fn sensitive_answers_stand_until_they_are_given_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, clock, review) = centre(folder.path());
    let mut camp = Camp::provision(&centre, "A");
    let given = |more: &str| person("زينب_كاظم_جاسم_الشمري", "1990-05-17", "فاطمة_حسين", more);
    let both = given("needs = [\"mobility\"]\nclearance_number = \"T-173\"");
    let first = camp.send(&centre, &NewCase::of(&both));
    let number = Value::Text(PersonalText::new("T-173"));
    let needs = |code: &str| Value::Codes(vec![code.to_owned()]);
    assert_eq!(
        sensitive(&review, &first).unwrap(),
        [(52, number.clone()), (60, needs("mobility"))]
    );
    let again = given("needs = [\"sight\"]");
    let mut before = first.manifest.manifest().packet;
    for (version, person, expected) in [(2, &again, "sight"), (3, &zeinab(), "sight")] {
        clock.advance_ms(60_000);
        let case = NewCase {
            enrolment: Some(enrolment(&first)),
            version,
            sensitive_in: Some(before),
            ..NewCase::of(person)
        };
        let sealed = camp.send(&centre, &case);
        assert_eq!(
            sensitive(&review, &sealed).unwrap(),
            [(52, number.clone()), (60, needs(expected))]
        );
        before = sealed.manifest.manifest().packet;
    }
    // Of somebody else's packet nothing is taken, whoever names it.
    let thief = camp.send(
        &centre,
        &NewCase {
            version: 2,
            sensitive_in: Some(first.manifest.manifest().packet),
            ..NewCase::of(&person(
                "سناء_جبار_حمود_العبيدي",
                "1985-09-09",
                "نجاة_كريم",
                "",
            ))
        },
    );
    assert!(matches!(
        sensitive(&review, &thief),
        Err(ReviewError::NoSample(_))
    ));
}

#[test]
fn pictures_of_another_enrolment_are_not_taken_for_held_ones() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _clock, review) = centre(folder.path());
    let mut camp = Camp::provision(&centre, "A");
    let zeinab = zeinab();
    let first = camp.send(
        &centre,
        &NewCase {
            fingers: &FOUR,
            ..NewCase::of(&zeinab).with_hands(1, 1)
        },
    );
    let stored = centre
        .read_packet(first.manifest.manifest().packet)
        .unwrap();
    let content = review.open_content(&stored).unwrap().content;
    let held = content
        .samples
        .iter()
        .map(|e| qayd_packet::SampleEntry {
            held_in: Some(content.packet),
            ..e.clone()
        })
        .collect();
    let stranger = person("سناء_جبار_حمود_العبيدي", "1985-09-09", "نجاة_كريم", "");
    let thief = camp.send(
        &centre,
        &NewCase {
            version: 2,
            face: None,
            held,
            sensitive_in: Some(content.packet),
            ..NewCase::of(&stranger)
        },
    );
    examine_all(&review);
    assert_eq!(
        outcome(&review, &thief, CheckKind::HeldSamples),
        Some(CheckOutcome::Failed)
    );
    assert!(case_of(&review, &thief).checks_failed > 0);
}

#[test]
fn a_picture_used_twice_is_found_and_a_familys_page_only_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _clock, review) = centre(folder.path());
    let mut camp = Camp::provision(&centre, "A");
    let zeinab = zeinab();
    let stranger = person("سناء_جبار_حمود_العبيدي", "1985-09-09", "نجاة_كريم", "");
    let brother = person("كرار_كاظم_جاسم_الشمري", "1999-09-09", "فاطمة_حسين", "");
    let page = qayd_fingerprint::synthetic::portrait(77, 200, 300)
        .encode_png()
        .unwrap();
    let paper = || {
        vec![(
            SampleKind::DocumentPage {
                document: "ration_card".into(),
                page: 1,
            },
            "image/png",
            page.clone(),
        )]
    };
    let first = camp.send(
        &centre,
        &NewCase {
            face: Some(5),
            others: paper(),
            ..NewCase::of(&zeinab)
        },
    );
    let same_face = camp.send(
        &centre,
        &NewCase {
            face: Some(5),
            ..NewCase::of(&stranger)
        },
    );
    let same_page = camp.send(
        &centre,
        &NewCase {
            face: Some(6),
            others: paper(),
            ..NewCase::of(&brother)
        },
    );
    examine_all(&review);
    let reused = |packet: &SealedPacket| -> Vec<(EnrolmentId, bool)> {
        let own: Vec<Finding> = findings(&review, packet)
            .into_iter()
            .filter(|f| f.kind == FindingKind::SampleReused)
            .collect();
        own.iter().map(|f| (f.other, f.holds)).collect()
    };
    assert_eq!(reused(&same_face), [(enrolment(&first), true)]);
    assert_eq!(case_of(&review, &same_face).state, CaseState::DuplicateHold);
    assert_eq!(reused(&same_page), [(enrolment(&first), false)]);
    assert_eq!(case_of(&review, &same_page).state, CaseState::UnderReview);
}

#[test]
fn content_that_breaks_the_packs_rules_fails_its_check_although_it_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _clock, review) = centre(folder.path());
    let mut camp = Camp::provision(&centre, "A");
    let zeinab = zeinab();
    let forced = vec![
        (15, Value::Text(PersonalText::new("x"))),
        (9_999, Value::YesNo(true)),
    ];
    let bad = camp.send(
        &centre,
        &NewCase {
            forced,
            ..NewCase::of(&zeinab).with_hands(1, 1)
        },
    );
    let faceless = camp.send(
        &centre,
        &NewCase {
            face: None,
            ..NewCase::of(&zeinab).with_hands(1, 2)
        },
    );
    let elsewhere = camp.send(
        &centre,
        &NewCase {
            office: Some("DEMO-BG-01"),
            face: Some(4),
            ..NewCase::of(&zeinab).with_hands(2, 2)
        },
    );
    examine_all(&review);
    assert_eq!(
        outcome(&review, &bad, CheckKind::Content),
        Some(CheckOutcome::Failed)
    );
    assert_eq!(
        outcome(&review, &faceless, CheckKind::Content),
        Some(CheckOutcome::Failed)
    );
    assert_eq!(
        outcome(&review, &elsewhere, CheckKind::HomeOffice),
        Some(CheckOutcome::Failed)
    );
}

#[test]
fn a_sensitive_answer_among_the_demographics_fails_its_check_and_apart_it_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _clock, review) = centre(folder.path());
    let mut camp = Camp::provision(&centre, "A");
    let answered = person(
        "زينب_كاظم_جاسم_الشمري",
        "1990-05-17",
        "فاطمة_حسين",
        "needs = [\"mobility\"]\nclearance_number = \"T-173\"",
    );
    let honest = camp.send(&centre, &NewCase::of(&answered).with_hands(1, 1));
    let hostile = camp.send(
        &centre,
        &NewCase {
            misplaced: &[52],
            ..NewCase::of(&answered).with_hands(1, 2)
        },
    );
    examine_all(&review);
    let apart = |packet| check(&review, packet, CheckKind::SensitiveApart).unwrap();
    assert_eq!(apart(&honest).outcome, CheckOutcome::Held);
    assert_eq!(case_of(&review, &honest).checks_failed, 0);
    let failed = apart(&hostile);
    assert_eq!(
        (failed.outcome, failed.details),
        (CheckOutcome::Failed, vec!["clearance_number".to_owned()])
    );
    assert_eq!(case_of(&review, &hostile).checks_failed, 1);
}

#[test]
fn a_hostile_picture_fails_its_check_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _clock, review) = centre(folder.path());
    let mut camp = Camp::provision(&centre, "A");
    let zeinab = zeinab();
    let mut bomb = qayd_fingerprint::synthetic::portrait(1, 64, 64)
        .encode_png()
        .unwrap();
    bomb[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
    let others = vec![(SampleKind::ThumbMark, "image/png", bomb)];
    let packet = camp.send(
        &centre,
        &NewCase {
            others,
            ..NewCase::of(&zeinab).with_hands(1, 1)
        },
    );
    examine_all(&review);
    assert_eq!(
        outcome(&review, &packet, CheckKind::Samples),
        Some(CheckOutcome::Failed)
    );
    assert_eq!(
        outcome(&review, &packet, CheckKind::OperatorSignature),
        Some(CheckOutcome::Held)
    );
}

#[test]
fn the_register_names_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _clock, review) = centre(folder.path());
    let mut camp = Camp::provision(&centre, "A");
    let person = person(
        "قنديلة_فرهود_شنشول_المنقوشي",
        "1990-05-17",
        "رمانة_حسين",
        "national_number = \"199876543210\"",
    );
    camp.send(
        &centre,
        &NewCase {
            fingers: &FOUR,
            ..NewCase::of(&person).with_hands(1, 1)
        },
    );
    examine_all(&review);
    let copy = folder.path().join("copy.db");
    centre.register().copy_to(&copy).unwrap();
    let mut bytes = std::fs::read(&copy).unwrap();
    bytes.extend(std::fs::read(folder.path().join("register.db-wal")).unwrap_or_default());
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    for text in [
        "قنديله",
        "قنديلة",
        "فرهود",
        "شنشول",
        "رمانة",
        "رمانه",
        "199876543210",
        "1990-05-17",
    ] {
        assert!(!holds(text), "{text} is readable in the register");
    }
    assert!(
        holds("DEMO-NI-01"),
        "the control: what is no secret is found"
    );
}

#[test]
fn a_returned_case_goes_back_sealed_to_its_station_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _clock, review) = centre(folder.path());
    let (mut camp, other) = (Camp::provision(&centre, "A"), Camp::provision(&centre, "B"));
    let zeinab = zeinab();
    let packet = camp.send(
        &centre,
        &NewCase {
            fingers: &FOUR,
            ..NewCase::of(&zeinab).with_hands(1, 1)
        },
    );
    examine_all(&review);
    let case = case_of(&review, &packet);
    let held = review.seal_back(&case).unwrap().unwrap();
    let content = qayd_protocol::held::open(&camp.receiving, case.packet, camp.id, &held).unwrap();
    assert_eq!(content.enrolment, case.enrolment);
    assert!(qayd_protocol::held::open(&other.receiving, case.packet, camp.id, &held).is_err());
    let back = Return {
        fields: vec![ReturnedField {
            field: "name".into(),
            reason: "spelling".into(),
            note: None,
        }],
        ..Return::default()
    };
    assert_eq!(Decision::Returned(back).name(), "returned");
}
