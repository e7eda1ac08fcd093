//! Each rule about answers, papers, consent and offices, once kept and once broken.

use qayd_model::validation::{Because, InvalidReason, Warning, is_asked, is_required};
use qayd_model::{
    Address, Answers, BiometricException, Capture, Consent, ConsentPurpose, EvidenceItem, Findings,
    GapReason, GpsPosition, Pack, PartialDate, RegisterReference, SampleKind, SampleSeen, Value,
    ValueFault, validate,
};

use crate::data::{codes, pack};
use crate::examples::{DAY, person, samples, seen};

/// A case that is complete, to be broken in one place.
pub struct Case {
    pub pack: &'static Pack,
    pub answers: Answers,
    pub samples: Vec<SampleSeen>,
    pub exceptions: Vec<BiometricException>,
}

impl Case {
    pub fn of(id: &str) -> Self {
        let pack = pack(id);
        Self {
            pack,
            answers: person(pack).answers,
            samples: samples(pack),
            exceptions: Vec::new(),
        }
    }

    pub fn adult() -> Self {
        Self::of("national-card-first-issue")
    }

    pub fn born(birth_date: &str) -> Self {
        let mut case = Self::adult();
        case.set("birth_date", date(birth_date));
        case.samples.clear();
        case.samples.push(seen(SampleKind::Portrait));
        case
    }

    pub fn number(&self, id: &str) -> u32 {
        self.pack.field(id).unwrap().number
    }

    pub fn set(&mut self, id: &str, value: Value) -> &mut Self {
        self.answers.set(self.number(id), value);
        self
    }

    pub fn clear(&mut self, id: &str) -> &mut Self {
        self.answers.clear(self.number(id));
        self
    }

    pub fn find(&self) -> Findings {
        let capture = Capture {
            date: DAY,
            samples: &self.samples,
            exceptions: &self.exceptions,
            site_office: None,
        };
        validate(self.pack, codes(), &self.answers, &capture)
    }

    pub fn without(mut self, kind: &SampleKind) -> Self {
        self.samples.retain(|sample| sample.kind != *kind);
        self
    }

    pub fn evidence(&mut self) -> Vec<EvidenceItem> {
        match self.answers.get(self.number("evidence")) {
            Some(Value::Evidence(items)) => items.clone(),
            _ => panic!("the example has papers"),
        }
    }
}

pub fn date(text: &str) -> Value {
    Value::Date(PartialDate::parse(text).unwrap())
}

pub fn missing(findings: &Findings) -> Vec<String> {
    findings
        .missing
        .iter()
        .map(|missing| missing.item.to_string())
        .collect()
}

pub fn invalid(findings: &Findings) -> Vec<(String, &'static str)> {
    findings
        .invalid
        .iter()
        .map(|invalid| (invalid.item.to_string(), invalid.code()))
        .collect()
}

#[test]
fn the_complete_case_is_complete() {
    let findings = Case::adult().find();
    assert!(findings.is_complete(), "{findings:?}");
}

#[test]
fn a_required_field_is_missing_with_its_reason_and_may_be_left_out_for_one() {
    let mut case = Case::adult();
    case.clear("mother_name");
    let findings = case.find();
    assert_eq!(missing(&findings), ["mother_name"]);
    assert_eq!(findings.missing[0].because, Because::Always);
    assert_eq!(
        findings.missing[0].may_be_missing_because,
        ["not_known", "found_child"]
    );
    assert!(findings.missing[0].to_string().contains("always required"));

    assert!(
        case.set("mother_name", Value::Missing("not_known".into()))
            .find()
            .is_complete()
    );
    let refused = case
        .set("mother_name", Value::Missing("not_yet_named".into()))
        .find();
    assert_eq!(invalid(&refused), [("mother_name".to_owned(), "VAL-30")]);
    let mut sex = Case::adult();
    let refused = sex.set("sex", Value::Missing("not_known".into())).find();
    assert_eq!(invalid(&refused), [("sex".to_owned(), "VAL-30")]);
}

#[test]
fn an_optional_field_may_be_absent() {
    assert!(
        Case::adult()
            .clear("blood_group")
            .clear("phone")
            .find()
            .is_complete()
    );
}

#[test]
fn a_field_is_required_when_its_conditions_hold() {
    let mut case = Case::of("residence-card");
    assert!(case.find().is_complete());
    case.set("displaced", Value::YesNo(true));
    let findings = case.find();
    assert_eq!(missing(&findings), ["origin_address"]);
    assert!(
        findings.missing[0]
            .to_string()
            .contains("displaced is true")
    );
    assert_eq!(findings.routes, ["displaced"]);
    let field = case.pack.field("origin_address").unwrap();
    assert!(is_asked(case.pack, field, &case.answers, DAY));
    assert!(is_required(case.pack, field, &case.answers, DAY).is_some());
    case.set("displaced", Value::YesNo(false));
    assert!(!is_asked(case.pack, field, &case.answers, DAY));
    assert!(is_required(case.pack, field, &case.answers, DAY).is_none());
}

#[test]
fn an_answer_that_is_no_longer_asked_for_is_said_and_stops_nobody() {
    let mut case = Case::of("birth-notification");
    case.set("marriage_court", Value::Text("محكمة".into()));
    let findings = case.find();
    assert!(findings.is_complete());
    assert!(
        findings
            .warnings
            .contains(&Warning::AnsweredThoughNotAsked {
                field: "marriage_court".into()
            })
    );
}

#[test]
fn a_value_of_another_kind_or_an_unknown_field_is_invalid() {
    let mut case = Case::adult();
    case.set("sex", Value::Text("female".into()));
    case.answers.set(9999, Value::YesNo(true));
    assert_eq!(
        invalid(&case.find()),
        [
            ("field number 9999".to_owned(), "FND-02"),
            ("sex".to_owned(), "VAL-34")
        ]
    );
}

#[test]
fn the_head_alone_gets_a_residence_card() {
    let mut case = Case::of("residence-card");
    case.set("is_head", Value::YesNo(false));
    assert_eq!(invalid(&case.find()), [("is_head".to_owned(), "VAL-19")]);
    let mut case = Case::of("residence-card");
    let Some(Value::Family(mut members)) = case.answers.get(case.number("household")).cloned()
    else {
        panic!()
    };
    members[1].head = true;
    assert_eq!(
        invalid(&case.set("household", Value::Family(members.clone())).find())[0].1,
        "VAL-28"
    );
    members[0].head = false;
    assert!(
        case.set("household", Value::Family(members.clone()))
            .find()
            .is_complete()
    );
    members[1].head = false;
    assert_eq!(
        invalid(&case.set("household", Value::Family(members)).find())[0].1,
        "VAL-28"
    );
}

// Papers, people who vouch, consent, offices.

#[test]
fn an_expected_paper_is_shown_or_missing_with_a_reason() {
    let mut case = Case::adult();
    let mut items = case.evidence();
    items.retain(|item| item.document != "csid");
    let findings = case.set("evidence", Value::Evidence(items)).find();
    assert_eq!(missing(&findings), ["paper csid"]);
    assert_eq!(
        findings.missing[0].may_be_missing_because,
        GapReason::ALL.map(GapReason::name)
    );

    let mut items = Case::adult().evidence();
    items[0].gap = None;
    let findings = case.set("evidence", Value::Evidence(items)).find();
    assert_eq!(invalid(&findings), [("evidence".to_owned(), "VAL-26")]);
}

#[test]
fn a_paper_is_expected_by_age() {
    let child = missing(&Case::born("2020-01-01").find());
    assert!(child.contains(&"paper birth_certificate".to_owned()));
    assert!(!missing(&Case::born("1990").find()).contains(&"paper birth_certificate".to_owned()));
}

#[test]
fn a_scanned_page_belongs_to_a_paper_that_was_seen() {
    let page = |document: &str| {
        seen(SampleKind::DocumentPage {
            document: document.into(),
            page: 1,
        })
    };
    let mut case = Case::adult();
    case.samples.push(page("ration_card"));
    assert!(case.find().is_complete());
    case.samples.push(page("csid")); // stated as lost
    case.samples.push(page("passport")); // not on the list
    let expected = [
        ("scanned page of csid".to_owned(), "FND-08"),
        ("scanned page of passport".to_owned(), "FND-08"),
    ];
    assert_eq!(invalid(&case.find()), expected);
}

#[test]
fn a_loss_without_a_thumb_mark_is_said() {
    let findings = Case::adult().without(&SampleKind::ThumbMark).find();
    assert!(findings.is_complete());
    assert!(findings.warnings.contains(&Warning::ThumbMarkMissing));
}

#[test]
fn somebody_vouches_only_for_who_cannot_prove_who_they_are() {
    let mut case = Case::adult();
    case.clear("attestors");
    let findings = case.find();
    assert_eq!(missing(&findings), ["attestors"]);
    assert_eq!(
        findings.missing[0].may_be_missing_because,
        ["nobody_present"]
    );
    assert!(findings.missing[0].to_string().contains("no paper proves"));
    assert_eq!(
        missing(&case.set("attestors", Value::Attestors(Vec::new())).find()),
        ["attestors"]
    );
    assert!(
        case.set("attestors", Value::Missing("nobody_present".into()))
            .find()
            .is_complete()
    );

    let mut proven = Case::adult();
    let mut items = proven.evidence();
    items[0].seen = qayd_model::DocumentSeen::Copy;
    let findings = proven
        .clear("attestors")
        .set("evidence", Value::Evidence(items))
        .find();
    assert!(findings.is_complete());
    assert!(!findings.warnings.contains(&Warning::IdentityUnproven));
}

#[test]
fn letters_are_looked_at() {
    let mut case = Case::of("residence-card");
    let Some(Value::Attestors(mut people)) = case.answers.get(case.number("attestors")).cloned()
    else {
        panic!()
    };
    let codes_of = |findings: &Findings| -> Vec<&str> {
        findings.warnings.iter().map(Warning::code).collect()
    };
    assert!(codes_of(&case.find()).is_empty());
    people[0].letter_date = Some(PartialDate::parse("2026-10-22").unwrap());
    people[0].witnesses.pop();
    let findings = case
        .set("attestors", Value::Attestors(people.clone()))
        .find();
    assert_eq!(codes_of(&findings), ["FND-32", "FND-31"]);
    people[0].letter_number = None;
    assert!(
        codes_of(
            &case
                .set("attestors", Value::Attestors(people.clone()))
                .find()
        )
        .contains(&"FND-30")
    );
    people[0].kind = "tribal_leader".into();
    assert_eq!(
        invalid(&case.set("attestors", Value::Attestors(people)).find()),
        [("attestors".to_owned(), "VAL-20")]
    );
}

#[test]
fn consent_is_answered_and_a_refusal_blocks_nothing() {
    let consent = |version: u16, answers: &[(&str, bool)]| {
        let purposes = answers.iter().map(|(code, accepted)| ConsentPurpose {
            purpose: (*code).into(),
            accepted: *accepted,
        });
        Value::Consent(Consent {
            text_version: version,
            language: "ar".into(),
            read_aloud: true,
            purposes: purposes.collect(),
            witness: None,
            interpreter: None,
        })
    };
    let mut case = Case::adult();
    let refused = case
        .set(
            "consent",
            consent(1, &[("issuance", false), ("sharing", false)]),
        )
        .find();
    assert!(refused.is_complete());
    assert_eq!(
        refused
            .warnings
            .iter()
            .filter(|warning| warning.code() == "FND-20")
            .count(),
        2
    );
    for (version, answers, code) in [
        (2, &[("issuance", true), ("sharing", true)][..], "VAL-31"),
        (1, &[("issuance", true)][..], "VAL-32"),
        (
            1,
            &[("issuance", true), ("sharing", true), ("selling", true)][..],
            "VAL-33",
        ),
        (
            1,
            &[("issuance", true), ("sharing", true), ("sharing", false)][..],
            "VAL-33",
        ),
    ] {
        assert_eq!(
            invalid(&case.set("consent", consent(version, answers)).find()),
            [("consent".to_owned(), code)]
        );
    }
    assert_eq!(missing(&case.clear("consent").find()), ["consent"]);
}

#[test]
fn the_home_office_may_be_another_than_here() {
    let case = Case::adult();
    let at = |site| {
        let capture = Capture {
            date: DAY,
            samples: &case.samples,
            exceptions: &[],
            site_office: Some(site),
        };
        validate(case.pack, codes(), &case.answers, &capture)
    };
    assert!(at("DEMO-DA-01").is_complete());
    assert!(
        at("DEMO-DA-01")
            .warnings
            .contains(&Warning::HomeOfficeElsewhere)
    );
    assert!(
        !at("DEMO-NI-01")
            .warnings
            .contains(&Warning::HomeOfficeElsewhere)
    );
    let mut strict = case.pack.clone();
    strict.home_office.may_differ_from_site = false;
    let capture = Capture {
        date: DAY,
        samples: &case.samples,
        exceptions: &[],
        site_office: Some("DEMO-DA-01"),
    };
    let findings = validate(&strict, codes(), &case.answers, &capture);
    assert_eq!(
        findings.invalid[0].reason,
        InvalidReason::HomeOfficeNotServedHere
    );
}

#[test]
fn the_home_office_may_be_unknown_and_the_register_names_it_too() {
    let mut case = Case::adult();
    case.set("home_office", Value::Missing("not_known".into()));
    let findings = case.find();
    assert!(findings.is_complete() && case.pack.home_office(&case.answers).is_none());
    assert!(findings.warnings.contains(&Warning::HomeOfficeUnknown));
    let known = RegisterReference::Known {
        office: "DEMO-NI-02".into(),
        register: "12".into(),
        page: "3".into(),
        year: 1957,
        suffix: None,
    };
    case.set("register", Value::Register(known));
    assert_eq!(case.pack.home_office(&case.answers), Some("DEMO-NI-02"));
    assert!(!case.find().warnings.contains(&Warning::HomeOfficeUnknown));
}

#[test]
fn a_date_ahead_of_the_day_of_capture_is_invalid_unless_the_field_looks_ahead() {
    let mut case = Case::of("consular-enrolment");
    case.exceptions.clear();
    let ahead = case.set("entry_date", date("2026-11-23")).find();
    assert_eq!(invalid(&ahead), [("entry_date".to_owned(), "VAL-09")]);
    assert!(case.set("entry_date", date("2026")).find().is_complete());
    assert!(case.set("permit_expiry", date("2030")).find().is_complete());
}

#[test]
fn a_letter_serves_to_its_last_day() {
    let mut case = Case::of("residence-card");
    let Some(Value::Attestors(mut people)) = case.answers.get(case.number("attestors")).cloned()
    else {
        panic!()
    };
    for (written, expired) in [
        ("2026-10-23", false),
        ("2026-10-22", true),
        ("2026-10", false),
    ] {
        people[0].letter_date = Some(PartialDate::parse(written).unwrap());
        let findings = case
            .set("attestors", Value::Attestors(people.clone()))
            .find();
        assert_eq!(
            findings
                .warnings
                .contains(&Warning::LetterExpired { index: 1 }),
            expired,
            "{written}"
        );
    }
}

#[test]
fn a_value_that_came_through_no_parser_is_checked_as_it_stands() {
    let mut case = Case::of("birth-notification");
    for (field, value, code) in [
        ("birth_time", Value::TimeOfDay(1440), "VAL-13"),
        ("weight", Value::Number(8001), "VAL-17"),
        (
            "birth_date",
            Value::Date(PartialDate {
                year: 2026,
                month: None,
                day: Some(3),
                estimated: false,
            }),
            "VAL-06",
        ),
        (
            "birth_date",
            Value::Date(PartialDate {
                year: 2025,
                month: Some(2),
                day: Some(29),
                estimated: false,
            }),
            "VAL-07",
        ),
        ("phone", Value::Phone("٠٧٧٠١٢٣٤٥٦٧".into()), "VAL-15"),
        ("phone", Value::Phone("+964 7701234567".into()), "VAL-15"),
        ("ward", Value::Text(" blank ".into()), "VAL-15"),
        ("wristband", Value::Text("w-1".into()), "VAL-15"),
        (
            "mother_national_number",
            Value::NationalNumber("١٩٩٠١٢٣٤٥٦٧٨".into()),
            "VAL-15",
        ),
    ] {
        let mut broken = case.answers.clone();
        broken.set(case.number(field), value);
        let before = std::mem::replace(&mut case.answers, broken);
        assert_eq!(invalid(&case.find()), [(field.to_owned(), code)], "{field}");
        case.answers = before;
    }
    case.set("birth_time", Value::TimeOfDay(1439));
    assert!(case.find().is_complete());
    let away = GpsPosition {
        latitude_microdegrees: 90_000_001,
        longitude_microdegrees: 0,
        accuracy_m: 1,
    };
    for (position, fits) in [
        (away, false),
        (
            GpsPosition {
                latitude_microdegrees: 90_000_000,
                ..away
            },
            true,
        ),
    ] {
        let address = Address {
            position: Some(position),
            ..Address::default()
        };
        assert_eq!(
            case.set("mother_address", Value::Address(address))
                .find()
                .is_complete(),
            fits
        );
    }
}

#[test]
fn what_is_not_answered_makes_no_condition_true() {
    let mut case = Case::of("birth-notification");
    case.clear("birth_country");
    let unanswered = missing(&case.find());
    assert!(!unanswered.contains(&"paper foreign_birth_certificate".to_owned()));
    case.set("birth_country", Value::Code("DE".into()));
    assert_eq!(missing(&case.find()), ["paper foreign_birth_certificate"]);
}

// Births.

#[test]
fn days_are_counted_by_the_place_of_birth() {
    let mut case = Case::of("birth-notification");
    let late = |case: &Case| case.find().routes.contains(&"late".to_owned());
    for (place, country, born, is_late) in [
        ("hospital", "IQ", "2026-11-07", false),
        ("hospital", "IQ", "2026-11-06", true),
        ("home", "IQ", "2026-10-23", false),
        ("home", "IQ", "2026-10-22", true),
        ("hospital", "DE", "2026-09-23", false),
        ("hospital", "DE", "2026-09-22", true),
        ("hospital", "IQ", "2026-11", false), // perhaps yesterday
    ] {
        case.set("birth_place", Value::Code(place.into()));
        case.set("birth_country", Value::Code(country.into()));
        case.set("birth_date", date(born));
        assert_eq!(late(&case), is_late, "{place} {country} {born}");
    }
}

#[test]
fn a_birth_needs_nothing_about_the_father_and_no_name() {
    let case = Case::of("birth-notification");
    assert!(
        case.pack
            .fields()
            .filter(|field| field.id.starts_with("father"))
            .all(|field| case.answers.get(field.number).is_none())
    );
    assert!(case.find().is_complete());
    let mut found = Case::of("birth-notification");
    for id in [
        "child_name",
        "mother_name",
        "mother_register",
        "mother_address",
        "mother_birth_date",
        "marriage_evidence",
    ] {
        found.set(id, Value::Missing("found_child".into()));
    }
    assert!(found.find().is_complete());
}

#[test]
fn marriage_and_sex_lead_to_their_routes() {
    let mut case = Case::of("birth-notification");
    let routes = |case: &Case| case.find().routes;
    case.set("marriage_evidence", Value::Code("court_contract".into()));
    case.set("sex", Value::Code("undetermined".into()));
    case.set("father_status", Value::Code("disputed".into()));
    assert_eq!(
        routes(&case),
        ["birth_confirmed_only", "sex_review", "father_disputed"]
    );
    assert_eq!(missing(&case.find()), ["paper marriage_contract"]);
    let mut items = case.evidence();
    items[0].seen = qayd_model::DocumentSeen::Original;
    items[0].gap = None;
    assert_eq!(
        routes(case.set("evidence", Value::Evidence(items)))[0],
        "certified"
    );
}

#[test]
fn an_error_says_where_and_never_what() {
    let mut case = Case::adult();
    case.set(
        "national_number",
        Value::NationalNumber("19840000999X".into()),
    );
    let findings = case.find();
    let InvalidReason::Value(error) = &findings.invalid[0].reason else {
        panic!()
    };
    assert_eq!(error.fault, ValueFault::NotTwelveDigits);
    assert!(!format!("{findings:?} {}", findings.invalid[0]).contains("19840000999X"));
    assert!(!format!("{:?}", case.answers).contains("19840000999X"));
}
