//! The people of `packs/examples`, read and validated.

use std::{fs, path::PathBuf};

use qayd_model::{
    Capture, ExceptionReason, FingerPosition, ImportedPerson, OperatorId, Pack, SampleKind,
    SampleSeen, Value, validate, validation::Warning,
};
use time::{Date, macros::date};

use crate::data::{codes, folder, pack};

pub const DAY: Date = date!(2026 - 11 - 22);

pub fn text(pack: &str) -> String {
    let file: PathBuf = folder().join("examples").join(pack).join("person.toml");
    fs::read_to_string(file).unwrap()
}

pub fn person(pack: &Pack) -> ImportedPerson {
    ImportedPerson::read(pack, codes(), &text(&pack.id)).unwrap_or_else(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}: {}", pack.id, lines.join("\n"))
    })
}

pub fn seen(kind: SampleKind) -> SampleSeen {
    SampleSeen {
        kind,
        quality: Some(80),
        attempts: 1,
    }
}

/// What the pack asks of an adult: portrait, ten fingers, and a thumb mark for losses.
pub fn samples(pack: &Pack) -> Vec<SampleSeen> {
    let mut out = vec![seen(SampleKind::ThumbMark)];
    if pack.id != "birth-notification" {
        out.push(seen(SampleKind::Portrait));
    }
    if pack.biometrics.fingers.is_some() {
        out.extend(FingerPosition::ALL.map(|position| seen(SampleKind::Finger(position))));
    }
    out
}

#[test]
fn every_example_is_read_and_is_complete() {
    for id in [
        "national-card-first-issue",
        "birth-notification",
        "residence-card",
        "consular-enrolment",
    ] {
        let pack = pack(id);
        let mut person = person(pack);
        let mut samples = samples(pack);
        for exception in &mut person.exceptions {
            exception.supervisor = Some(OperatorId::from_bytes([1; 16]));
            samples.retain(|sample| sample.kind != SampleKind::Finger(exception.position));
            samples.push(seen(SampleKind::ExceptionPhoto));
        }
        let capture = Capture {
            date: DAY,
            samples: &samples,
            exceptions: &person.exceptions,
            site_office: None,
        };
        let findings = validate(pack, codes(), &person.answers, &capture);
        assert!(
            findings.is_complete(),
            "{id}: {:?} {:?}",
            findings.missing,
            findings.invalid
        );
        assert!(
            pack.home_office(&person.answers)
                .is_some_and(|office| office.starts_with("DEMO-"))
        );
    }
}

#[test]
fn the_examples_take_the_routes_their_stories_tell() {
    let routes = |id: &str| {
        let (pack, empty) = (pack(id), Vec::new());
        let person = person(pack);
        let capture = Capture {
            date: DAY,
            samples: &empty,
            exceptions: &empty_exceptions(),
            site_office: None,
        };
        validate(pack, codes(), &person.answers, &capture).routes
    };
    assert_eq!(routes("national-card-first-issue"), ["identity_unproven"]);
    assert_eq!(
        routes("birth-notification"),
        ["birth_confirmed_only", "needs_court"]
    );
    assert_eq!(routes("residence-card"), Vec::<String>::new());
    assert_eq!(routes("consular-enrolment"), Vec::<String>::new());
}

fn empty_exceptions() -> Vec<qayd_model::BiometricException> {
    Vec::new()
}

#[test]
fn the_camp_example_says_what_a_reviewer_should_know() {
    let pack = pack("national-card-first-issue");
    let (person, samples) = (person(pack), samples(pack));
    let capture = Capture {
        date: DAY,
        samples: &samples,
        exceptions: &[],
        site_office: Some("DEMO-DA-01"),
    };
    let findings = validate(pack, codes(), &person.answers, &capture);
    for expected in [
        Warning::ConsentRefused {
            purpose: "sharing".into(),
        },
        Warning::RegisterUnknown,
        Warning::HomeOfficeElsewhere,
        Warning::IdentityUnproven,
        Warning::LossStatementIncomplete {
            document: "nationality_certificate".into(),
        },
    ] {
        assert!(findings.warnings.contains(&expected), "{expected}");
    }
    assert!(!findings.warnings.contains(&Warning::ThumbMarkMissing));
    let phone = person.answers.get(pack.field("phone").unwrap().number);
    assert_eq!(phone, Some(&Value::Phone("07701234567".into())));
}

#[test]
fn an_exception_is_read_without_a_supervisor() {
    let person = person(pack("consular-enrolment"));
    assert_eq!(person.exceptions.len(), 1);
    assert_eq!(person.exceptions[0].position, FingerPosition::RightIndex);
    assert_eq!(person.exceptions[0].reason, ExceptionReason::Amputated);
    assert_eq!(person.exceptions[0].supervisor, None);
}
