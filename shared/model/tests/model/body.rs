//! Each rule about ages, fingers, portrait and exceptions, once kept and once broken.

use qayd_model::validation::{Because, Item, Warning};
use qayd_model::{
    BiometricException, Capture, ExceptionReason, FingerPosition, OperatorId, SampleKind, Value,
    validate,
};

use crate::data::{codes, pack};
use crate::examples::{DAY, seen};
use crate::findings::{Case, date, invalid, missing};

fn exception(position: FingerPosition, reason: ExceptionReason) -> BiometricException {
    BiometricException {
        position,
        reason,
        supervisor: Some(OperatorId::from_bytes([9; 16])),
        note: None,
    }
}

#[test]
fn fingers_are_required_from_the_day_the_person_is_twelve() {
    let twelve = Case::born("2014-11-22").find();
    let fingers: Vec<_> = twelve
        .missing
        .iter()
        .filter(|missing| matches!(missing.item, Item::Finger(_)))
        .collect();
    assert_eq!(fingers.len(), 10);
    assert_eq!(fingers[0].because, Because::AgeFrom(12));
    assert!(
        fingers[0]
            .may_be_missing_because
            .contains(&"amputated".to_owned())
    );
    let eleven = Case::born("2014-11-23").find();
    assert!(
        !eleven
            .missing
            .iter()
            .any(|missing| matches!(missing.item, Item::Finger(_)))
    );
}

#[test]
fn a_doubt_about_the_age_counts_for_the_person() {
    for doubtful in ["2014", "2014-11", "~2013"] {
        let findings = Case::born(doubtful).find();
        assert!(
            !missing(&findings).contains(&"right_thumb".to_owned()),
            "{doubtful}"
        );
        assert!(
            findings
                .warnings
                .contains(&Warning::AgeUndecided { years: 12 }),
            "{doubtful}"
        );
    }
    let sure = Case::born("2013").find();
    assert!(missing(&sure).contains(&"right_thumb".to_owned()));
    assert!(!sure.warnings.contains(&Warning::AgeUndecided { years: 12 }));
}

#[test]
fn without_a_birth_date_nothing_hangs_on_the_age() {
    let mut case = Case::born("1990");
    case.clear("birth_date");
    let findings = case.find();
    assert!(missing(&findings).contains(&"birth_date".to_owned()));
    assert!(!missing(&findings).contains(&"right_thumb".to_owned()));
    assert!(findings.warnings.contains(&Warning::AgeUnknown));
}

#[test]
fn fingers_of_a_child_between_five_and_twelve_are_taken_and_not_asked() {
    let mut case = Case::born("2018-01-01");
    assert!(!missing(&case.find()).contains(&"left_index".to_owned()));
    case.samples
        .push(seen(SampleKind::Finger(FingerPosition::LeftIndex)));
    assert!(case.find().invalid.is_empty());
    case.set("birth_date", date("2022-01-01"));
    assert_eq!(invalid(&case.find()), [("left_index".to_owned(), "FND-04")]);
    // Perhaps five already: 2021 is taken in the child's favour.
    assert!(
        case.set("birth_date", date("2021"))
            .find()
            .invalid
            .is_empty()
    );
}

#[test]
fn a_child_needs_a_guardian_and_a_person_of_perhaps_eighteen_does_not() {
    let child = missing(&Case::born("2015-01-01").find());
    assert!(
        child.contains(&"guardian_name".to_owned())
            && child.contains(&"guardian_relation".to_owned())
    );
    for grown in ["2008-11-22", "2008", "1990"] {
        assert!(
            !missing(&Case::born(grown).find()).contains(&"guardian_name".to_owned()),
            "{grown}"
        );
    }
    let mut alone = Case::born("2015-01-01");
    alone.set("guardian_name", Value::Missing("nobody_present".into()));
    assert!(!missing(&alone.find()).contains(&"guardian_name".to_owned()));
}

#[test]
fn a_portrait_is_required_of_everybody() {
    let findings = Case::adult().without(&SampleKind::Portrait).find();
    assert_eq!(missing(&findings), ["portrait"]);
    let mut birth = Case::of("birth-notification");
    assert!(birth.find().is_complete());
    birth.samples.push(seen(SampleKind::Portrait));
    assert_eq!(invalid(&birth.find()), [("portrait".to_owned(), "FND-03")]);
}

#[test]
fn the_same_finger_twice_is_invalid() {
    let mut case = Case::adult();
    case.samples
        .push(seen(SampleKind::Finger(FingerPosition::RightRing)));
    assert_eq!(invalid(&case.find()), [("right_ring".to_owned(), "FND-05")]);
}

#[test]
fn a_service_without_fingers_takes_none() {
    let mut case = Case::of("residence-card");
    case.samples
        .push(seen(SampleKind::Finger(FingerPosition::RightThumb)));
    case.exceptions
        .push(exception(FingerPosition::LeftThumb, ExceptionReason::Worn));
    let expected = [
        ("right_thumb".to_owned(), "FND-03"),
        ("left_thumb".to_owned(), "FND-03"),
    ];
    assert_eq!(invalid(&case.find()), expected);
}

#[test]
fn low_quality_is_said_and_stops_nobody() {
    let mut case = Case::adult();
    let quality = |case: &mut Case, position: FingerPosition, quality: u8| {
        let sample = case
            .samples
            .iter_mut()
            .find(|sample| sample.kind == SampleKind::Finger(position))
            .unwrap();
        sample.quality = Some(quality);
    };
    quality(&mut case, FingerPosition::RightThumb, 39);
    quality(&mut case, FingerPosition::RightIndex, 40);
    quality(&mut case, FingerPosition::RightRing, 30);
    quality(&mut case, FingerPosition::LeftLittle, 19);
    let findings = case.find();
    assert!(findings.is_complete());
    let about: Vec<_> = findings
        .warnings
        .iter()
        .filter(|warning| ["FND-26", "FND-27"].contains(&warning.code()))
        .collect();
    assert_eq!(
        about,
        [
            &Warning::QualityBelowMark {
                position: FingerPosition::RightThumb
            },
            &Warning::QualityBelowFloor {
                position: FingerPosition::LeftLittle
            },
        ]
    );
}

// Exceptions.

#[test]
fn an_exception_needs_a_supervisor_and_a_photograph() {
    let finger = FingerPosition::RightThumb;
    let mut case = Case::adult().without(&SampleKind::Finger(finger));
    assert_eq!(missing(&case.find()), ["right_thumb"]);
    case.exceptions.push(BiometricException {
        supervisor: None,
        ..exception(finger, ExceptionReason::Amputated)
    });
    assert_eq!(
        missing(&case.find()),
        ["supervisor's approval for right_thumb", "exception photo"]
    );
    case.exceptions[0] = exception(finger, ExceptionReason::Amputated);
    case.samples.push(seen(SampleKind::ExceptionPhoto));
    assert!(case.find().is_complete());
}

#[test]
fn a_refusal_and_a_broken_scanner_need_no_photograph_of_hands() {
    for reason in [ExceptionReason::Refused, ExceptionReason::DeviceFault] {
        let mut case = Case::adult().without(&SampleKind::Finger(FingerPosition::LeftRing));
        case.exceptions
            .push(exception(FingerPosition::LeftRing, reason));
        assert!(case.find().is_complete());
    }
}

#[test]
fn an_exception_is_once_and_not_beside_a_capture() {
    let finger = FingerPosition::LeftThumb;
    let mut both = Case::adult();
    both.exceptions
        .push(exception(finger, ExceptionReason::Refused));
    assert_eq!(invalid(&both.find()), [("left_thumb".to_owned(), "FND-06")]);
    let mut twice = Case::adult().without(&SampleKind::Finger(finger));
    twice.exceptions = vec![exception(finger, ExceptionReason::Refused); 2];
    assert_eq!(
        invalid(&twice.find()),
        [("left_thumb".to_owned(), "FND-05")]
    );
}

#[test]
fn an_exception_has_a_reason_of_the_pack() {
    let mut strict = pack("national-card-first-issue").clone();
    strict
        .biometrics
        .fingers
        .as_mut()
        .unwrap()
        .exception_reasons = vec![ExceptionReason::Amputated];
    let mut case = Case::adult().without(&SampleKind::Finger(FingerPosition::LeftThumb));
    case.exceptions.push(exception(
        FingerPosition::LeftThumb,
        ExceptionReason::Refused,
    ));
    let capture = Capture {
        date: DAY,
        samples: &case.samples,
        exceptions: &case.exceptions,
        site_office: None,
    };
    let findings = validate(&strict, codes(), &case.answers, &capture);
    assert_eq!(invalid(&findings), [("left_thumb".to_owned(), "FND-07")]);
    assert!(case.find().is_complete());
}
