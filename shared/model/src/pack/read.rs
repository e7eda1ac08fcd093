//! From the tree of a file to the types of a pack, one function per table of the file.
//!
//! In: the tree. Out: [`Pack`], with every problem of shape reported; what refers to something else is `check`'s.
//! Never: gives a pack away while there is a problem; `check` holds it back.

use super::tree::{Problems, Reader};
use super::*;
use crate::text::TEXT_BYTES_MAX;

/// Parameters that belong to some types of field only.
const PARAMETERS: [&str; 14] = [
    "format",
    "max_bytes",
    "min",
    "max",
    "unit",
    "must_be",
    "table",
    "future",
    "to_the_day",
    "parts",
    "latin_alone",
    "heads",
    "at_least",
    "at_most",
];

pub(super) fn pack(node: &Node, problems: &Problems) -> Option<Pack> {
    let top = Reader::new(node, "", problems)?;
    if top.integer("format", 1..=i64::MAX) != PACK_FORMAT {
        top.problem("format", PackFault::UnknownFormat { known: PACK_FORMAT });
    }
    Some(Pack {
        id: top.id("id", '-'),
        version: u32_of(top.integer("version", 1..=1_000_000)),
        titles: top.words("titles"),
        station_kinds: at_least_one(&top, "station_kinds", top.texts("station_kinds")),
        minimum_app_version: app_version(&top),
        retired_numbers: retired_numbers(&top, problems),
        sections: at_least_one(
            &top,
            "section",
            top.tables("section").iter().map(section).collect(),
        ),
        evidence: top.tables("evidence").iter().map(evidence_rule).collect(),
        biometrics: top
            .child("biometrics")
            .map(|table| biometrics(&table))
            .unwrap_or_default(),
        attestation: top
            .child_optional("attestation")
            .map(|table| attestation(&table)),
        consent: top
            .child("consent")
            .map(|table| consent(&table))
            .unwrap_or_default(),
        slip: top
            .child("slip")
            .map(|table| slip(&table))
            .unwrap_or_default(),
        timers: top.tables("timer").iter().map(timer).collect(),
        routes: top.tables("route").iter().map(route).collect(),
        home_office: top
            .child("home_office")
            .map(|table| home_office(&table))
            .unwrap_or_default(),
    })
}

fn retired_numbers(top: &Reader<'_>, problems: &Problems) -> Vec<u32> {
    let mut out = Vec::new();
    for (path, node) in top.items("retired_numbers") {
        match node {
            Node::Integer(number @ 1..=1_000_000) => out.push(u32_of(*number)),
            _ => problems.add(
                path,
                PackFault::OutOfRange {
                    min: 1,
                    max: 1_000_000,
                },
            ),
        }
    }
    out
}

fn app_version(top: &Reader<'_>) -> (u16, u16, u16) {
    let text = top.text("minimum_app_version");
    let numbers: Vec<Option<u16>> = text.split('.').map(|part| part.parse().ok()).collect();
    match numbers[..] {
        [Some(major), Some(minor), Some(patch)] => (major, minor, patch),
        _ => {
            if !text.is_empty() {
                top.problem("minimum_app_version", PackFault::BadVersion);
            }
            (0, 0, 0)
        }
    }
}

fn section(table: &Reader<'_>) -> Section {
    Section {
        id: table.id("id", '_'),
        title: table.words("title"),
        fields: at_least_one(
            table,
            "field",
            table.tables("field").iter().filter_map(field).collect(),
        ),
    }
}

fn field(table: &Reader<'_>) -> Option<Field> {
    let id = table.id("id", '_');
    let number = u32_of(table.integer("number", 1..=1_000_000));
    let common = (
        table.name("role", Role::from_name),
        table.words("label"),
        table.words_optional("hint"),
        required(table, "required"),
        table
            .child_optional("asked_when")
            .map(|when| conditions(&when)),
        table.texts("may_be_missing"),
    );
    let (sensitive, masked_on_slip) = (
        table.flag("sensitive").unwrap_or(false),
        table.flag("masked_on_slip").unwrap_or(false),
    );
    let correctable = table.flag("correctable").unwrap_or(true);
    let type_name = table.text("type");
    let kind = kind(table, &type_name);
    // A parameter of another type is named as such, rather than as a key nobody knows.
    for parameter in PARAMETERS {
        if let Some(kind) = &kind
            && !parameters_of(kind).contains(&parameter)
            && table.node(parameter).is_some()
        {
            table.problem(parameter, PackFault::NotForType { kind: kind.name() });
        } else {
            table.node(parameter);
        }
    }
    if kind.is_none() && !type_name.is_empty() {
        table.problem(
            "type",
            PackFault::UnknownName {
                found: crate::fault::printable_key(&type_name),
            },
        );
    }
    let (role, label, hint, required, asked_when, may_be_missing) = common;
    Some(Field {
        id,
        number,
        kind: kind?,
        role,
        label,
        hint,
        required,
        asked_when,
        may_be_missing,
        sensitive,
        masked_on_slip,
        correctable,
    })
}

fn parameters_of(kind: &FieldKind) -> &'static [&'static str] {
    match kind {
        FieldKind::Text { .. } => &["format", "max_bytes"],
        FieldKind::Number { .. } => &["min", "max", "unit"],
        FieldKind::YesNo { .. } => &["must_be"],
        FieldKind::Code { .. } | FieldKind::Codes { .. } => &["table"],
        FieldKind::Date { .. } => &["future", "to_the_day"],
        FieldKind::Name { .. } => &["parts", "latin_alone"],
        FieldKind::Family { .. } => &["heads", "at_least", "at_most"],
        _ => &[],
    }
}

fn kind(table: &Reader<'_>, name: &str) -> Option<FieldKind> {
    Some(match name {
        "text" => FieldKind::Text {
            format: table
                .name("format", TextFormat::from_name)
                .unwrap_or(TextFormat::Line),
            max_bytes: usize_of(
                table.integer_optional("max_bytes", 1..=TEXT_BYTES_MAX as i64),
                200,
            ),
        },
        "number" => {
            let limits = -1_000_000_000..=1_000_000_000;
            let (min, max) = (
                table.integer("min", limits.clone()),
                table.integer("max", limits),
            );
            if min > max {
                table.problem("min", PackFault::MinAboveMax);
            }
            FieldKind::Number {
                min,
                max,
                unit: table.words_optional("unit"),
            }
        }
        "yes_no" => FieldKind::YesNo {
            must_be: table.flag("must_be"),
        },
        "code" => FieldKind::Code {
            table: table.text("table"),
        },
        "codes" => FieldKind::Codes {
            table: table.text("table"),
        },
        "date" => FieldKind::Date {
            future: table.flag("future").unwrap_or(false),
            to_the_day: table.flag("to_the_day").unwrap_or(false),
        },
        "name" => FieldKind::Name {
            parts: at_least_one(
                table,
                "parts",
                table.names("parts", NamePartName::from_name),
            ),
            latin_alone: table.flag("latin_alone").unwrap_or(false),
        },
        "family" => {
            let min = usize_of(table.integer_optional("at_least", 0..=60), 0);
            let max = usize_of(table.integer_optional("at_most", 1..=60), 60);
            if min > max {
                table.problem("at_least", PackFault::MinAboveMax);
            }
            FieldKind::Family {
                heads: table
                    .name("heads", Heads::from_name)
                    .unwrap_or(Heads::AtMostOne),
                min,
                max,
            }
        }
        "national_number" => FieldKind::NationalNumber,
        "register" => FieldKind::Register,
        "address" => FieldKind::Address,
        "evidence" => FieldKind::Evidence,
        "attestors" => FieldKind::Attestors,
        "consent" => FieldKind::Consent,
        "phone" => FieldKind::Phone,
        "time_of_day" => FieldKind::TimeOfDay,
        _ => return None,
    })
}

/// `"always"`, `"never"`, or a table of conditions.
fn required(table: &Reader<'_>, key: &'static str) -> Required {
    match table.node(key) {
        Some(Node::Text(text)) if text == "always" => Required::Always,
        Some(Node::Text(text)) if text == "never" => Required::Never,
        Some(Node::Table(_)) => table
            .child_optional(key)
            .map_or(Required::Never, |when| Required::When(conditions(&when))),
        None => {
            table.problem(key, PackFault::Missing);
            Required::Never
        }
        Some(_) => {
            table.problem(
                key,
                PackFault::WrongType {
                    expected: "`always`, `never` or conditions",
                },
            );
            Required::Never
        }
    }
}

fn conditions(table: &Reader<'_>) -> Conditions {
    let read = |key| {
        table
            .tables(key)
            .iter()
            .filter_map(condition)
            .collect::<Vec<_>>()
    };
    match (table.node("all"), table.node("any")) {
        (Some(_), None) => Conditions::All(at_least_one(table, "all", read("all"))),
        (None, Some(_)) => Conditions::Any(at_least_one(table, "any", read("any"))),
        _ => {
            table.problem("", PackFault::WrongConditions);
            Conditions::All(Vec::new())
        }
    }
}

fn condition(table: &Reader<'_>) -> Option<Condition> {
    let age = |key| {
        table
            .integer_optional(key, 0..=150)
            .and_then(|age| u8::try_from(age).ok())
    };
    let field = table.text_optional("field");
    let (is, is_not) = (table.texts("is"), table.texts("is_not"));
    let answered = table.flag("answered");
    let found = [
        field
            .clone()
            .filter(|_| !is.is_empty())
            .map(|field| Condition::Is { field, any_of: is }),
        field
            .clone()
            .filter(|_| !is_not.is_empty())
            .map(|field| Condition::IsNot {
                field,
                none_of: is_not,
            }),
        field
            .zip(answered)
            .map(|(field, answered)| Condition::Answered { field, answered }),
        age("age_from").map(Condition::AgeFrom),
        age("age_under").map(Condition::AgeUnder),
        table
            .flag("identity_unproven")
            .map(Condition::IdentityUnproven),
    ];
    let mut found = found.into_iter().flatten();
    match (found.next(), found.next()) {
        (Some(one), None) => Some(one),
        _ => {
            table.problem("", PackFault::WrongCondition);
            None
        }
    }
}

fn evidence_rule(table: &Reader<'_>) -> EvidenceRule {
    EvidenceRule {
        document: table.text("document"),
        expected: required(table, "expected"),
        proves_identity: table.flag("proves_identity").unwrap_or(false),
    }
}

fn biometrics(table: &Reader<'_>) -> BiometricsPolicy {
    BiometricsPolicy {
        portrait: wanted(table, "portrait"),
        fingers: table
            .child_optional("fingers")
            .map(|fingers| fingers_policy(&fingers)),
        signature: wanted(table, "signature"),
    }
}

fn wanted(table: &Reader<'_>, key: &'static str) -> Wanted {
    table.text(key);
    table
        .name(key, Wanted::from_name)
        .unwrap_or(Wanted::NotTaken)
}

fn fingers_policy(table: &Reader<'_>) -> FingersPolicy {
    let age = |key, otherwise| {
        table
            .integer_optional(key, 0..=150)
            .and_then(|age| u8::try_from(age).ok())
            .unwrap_or(otherwise)
    };
    let mark = |mark: &Reader<'_>| {
        let value = |key| u8::try_from(mark.integer(key, 0..=100)).unwrap_or(100);
        let fingers = at_least_one(
            mark,
            "fingers",
            mark.names("fingers", FingerPosition::from_name),
        );
        let (accept, floor) = (value("accept"), value("floor"));
        if floor > accept {
            mark.problem("floor", PackFault::FloorAboveAccept);
        }
        QualityMark {
            fingers,
            accept,
            floor,
        }
    };
    let policy = FingersPolicy {
        required_from_age: age("required_from_age", 12),
        optional_from_age: age("optional_from_age", 5),
        exception_reasons: at_least_one(
            table,
            "exception_reasons",
            table.names("exception_reasons", ExceptionReason::from_name),
        ),
        exception_needs_supervisor: table.flag("exception_needs_supervisor").unwrap_or(true),
        exception_photo: wanted(table, "exception_photo"),
        retries_max: table
            .integer_optional("retries_max", 0..=9)
            .and_then(|n| u16::try_from(n).ok())
            .unwrap_or(3),
        quality: table.tables("quality").iter().map(mark).collect(),
    };
    if policy.optional_from_age > policy.required_from_age {
        table.problem("optional_from_age", PackFault::AgesCross);
    }
    policy
}

fn attestation(table: &Reader<'_>) -> AttestationRule {
    let kind = |kind: &Reader<'_>| AttestorKind {
        code: kind.text("code"),
        letter: kind.flag("letter").unwrap_or(false),
        witnesses: usize_of(kind.integer_optional("witnesses", 0..=9), 0),
        letter_valid_days: kind
            .integer_optional("letter_valid_days", 1..=3650)
            .and_then(|n| u16::try_from(n).ok()),
    };
    AttestationRule {
        needed: required(table, "needed"),
        at_least: usize_of(Some(table.integer("at_least", 1..=9)), 1),
        kinds: at_least_one(
            table,
            "kind",
            table.tables("kind").iter().map(kind).collect(),
        ),
    }
}

fn consent(table: &Reader<'_>) -> ConsentPolicy {
    let mut texts: Vec<ConsentText> = Vec::new();
    for text in table.tables("text") {
        let version = u16::try_from(text.integer("version", 1..=9999)).unwrap_or(1);
        if texts.last().is_some_and(|last| last.version >= version) {
            text.problem("version", PackFault::VersionsNotRising);
        }
        texts.push(ConsentText {
            version,
            text: text.own_words(),
        });
    }
    let mut purposes: Vec<Purpose> = Vec::new();
    for purpose in table.tables("purpose") {
        let code = purpose.id("code", '_');
        if purposes.iter().any(|other| other.code == code) {
            purpose.problem("code", PackFault::DuplicateCode { code: code.clone() });
        }
        purposes.push(Purpose {
            code,
            label: purpose.words("label"),
            refusal: purpose.words("refusal"),
        });
    }
    ConsentPolicy {
        texts: at_least_one(table, "text", texts),
        purposes: at_least_one(table, "purpose", purposes),
    }
}

fn slip(table: &Reader<'_>) -> Slip {
    Slip {
        title: table.words("title"),
        fields: at_least_one(table, "fields", table.texts("fields")),
        copies: table
            .tables("copy")
            .iter()
            .map(|copy| SlipCopy {
                id: copy.id("id", '_'),
                label: copy.words("label"),
            })
            .collect(),
        footer: table.words_optional("footer"),
    }
}

fn timer(table: &Reader<'_>) -> Timer {
    Timer {
        id: table.id("id", '_'),
        label: table.words("label"),
        from: table.text("from"),
        days: u16::try_from(table.integer("days", 1..=36_500)).unwrap_or(1),
        when: table.child_optional("when").map(|when| conditions(&when)),
        route: table.text_optional("route"),
    }
}

fn route(table: &Reader<'_>) -> Route {
    Route {
        id: table.id("id", '_'),
        label: table.words("label"),
        when: table.child_optional("when").map(|when| conditions(&when)),
    }
}

fn home_office(table: &Reader<'_>) -> HomeOfficeRule {
    HomeOfficeRule {
        from: at_least_one(table, "from", table.texts("from")),
        may_differ_from_site: table.flag("may_differ_from_site").unwrap_or(true),
    }
}

fn at_least_one<T>(table: &Reader<'_>, key: &str, list: Vec<T>) -> Vec<T> {
    if list.is_empty() {
        table.problem(key, PackFault::Empty);
    }
    list
}

fn u32_of(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(1)
}

fn usize_of(number: Option<i64>, otherwise: usize) -> usize {
    number
        .and_then(|number| usize::try_from(number).ok())
        .unwrap_or(otherwise)
}
