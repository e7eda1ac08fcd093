//! `person.toml`: what is taken and what is refused, field by field.

use qayd_model::{
    EvidenceItem, Field, FieldKind, GpsPosition, ImportError, ImportedPerson, Pack,
    RegisterReference, Value,
    import::{PERSON_BYTES_MAX, pack_named_in, parse_line},
    pack::check_with,
    parse_value,
};

use crate::data::{codes, pack};
use crate::examples::text;

fn parse(field: &str, toml: &str) -> Result<Value, (String, &'static str)> {
    for id in [
        "national-card-first-issue",
        "birth-notification",
        "residence-card",
        "consular-enrolment",
    ] {
        if let Some(found) = pack(id).field(field) {
            return parse_in(pack(id), found, toml);
        }
    }
    panic!("no field {field}")
}

fn parse_in(pack: &Pack, field: &Field, toml: &str) -> Result<Value, (String, &'static str)> {
    let table: toml::Table = format!("v = {toml}").parse().unwrap();
    parse_value(pack, field, &table["v"], codes())
        .map_err(|error| (error.part.clone(), error.code()))
}

#[test]
fn each_kind_is_read_in_the_ways_people_write_it() {
    for (field, toml) in [
        ("birth_date", "\"1990/3/5\""),
        ("birth_date", "1990-03-05"),
        ("birth_date", "1990"),
        ("birth_time", "\"٠٤:٣٥\""),
        ("weight", "3150"),
        ("weight", "\"٣١٥٠\""),
        ("is_head", "true"),
        ("is_head", "\"true\""),
        ("sex", "\"male\""),
        ("needs", "[\"elderly\", \"sight\"]"),
        ("national_number", "199012345678"),
        ("national_number", "\"۱۹۹۰۱۲۳۴۵۶۷۸\""),
        ("phone", "\"+964 770 123 4567\""),
        (
            "name",
            "{ given = { ar = \"علي\" }, father = { ckb = \"ئەحمەد\" }, grandfather = { ar = \"حسن\" } }",
        ),
        ("register", "\"unknown\""),
        (
            "register",
            "{ office = \"DEMO-BA-01\", register = 12, page = \"٣\" }",
        ),
        ("address", "{ village = \"قرية\" }"),
        (
            "family",
            "[{ relation = \"son\", name = { given = { lat = \"Ali\" } }, joined = \"2010\" }]",
        ),
        (
            "evidence",
            "[{ document = \"csid\", seen = \"none\", gap = \"lost\" }]",
        ),
        ("passport_name", "\"Al-Rashid Ali\""),
        ("family_number", "\"b77a12\""),
    ] {
        assert!(
            parse(field, toml).is_ok(),
            "{field} = {toml}: {:?}",
            parse(field, toml)
        );
    }
    assert_eq!(
        parse("family_number", "\"b٧٧a12\""),
        Ok(Value::Text("B77A12".into()))
    );
    assert_eq!(
        parse("register", "{ unknown = true, hints = \"x\" }"),
        Ok(Value::Register(RegisterReference::Unknown {
            hints: Some("x".into())
        }))
    );
    let Ok(Value::Address(address)) = parse(
        "address",
        "{ position = { latitude = 33.3152, longitude = -44.3661, accuracy_m = 5 } }",
    ) else {
        panic!()
    };
    let expected = GpsPosition {
        latitude_microdegrees: 33_315_200,
        longitude_microdegrees: -44_366_100,
        accuracy_m: 5,
    };
    assert_eq!(address.position, Some(expected));
}

#[test]
fn each_wrong_value_is_refused_at_its_place() {
    for (field, toml, part, code) in [
        ("birth_date", "\"1990-02-30\"", "", "VAL-07"),
        ("birth_date", "\"30.2.1990\"", "", "VAL-06"),
        ("birth_date", "1990-03-05T10:00:00", "", "VAL-22"),
        ("birth_time", "\"25:00\"", "", "VAL-13"),
        ("weight", "199", "", "VAL-17"),
        ("weight", "\"heavy\"", "", "VAL-16"),
        ("weight", "3.1", "", "VAL-16"),
        ("is_head", "false", "", "VAL-19"),
        ("is_head", "1", "", "VAL-18"),
        ("sex", "\"x\"", "", "VAL-20"),
        ("sex", "[\"male\"]", "", "VAL-22"),
        ("needs", "[\"elderly\", \"elderly\"]", "[2]", "VAL-21"),
        ("needs", "[]", "", "VAL-01"),
        ("national_number", "\"19901234567\"", "", "VAL-11"),
        ("national_number", "-199012345678", "", "VAL-22"),
        ("phone", "\"12\"", "", "VAL-12"),
        ("name", "\"علي\"", "", "VAL-22"),
        ("name", "{ given = { ar = \"Ali\" } }", "given.ar", "VAL-04"),
        ("name", "{ given = { ar = \"علي\" } }", "father", "VAL-24"),
        (
            "name",
            "{ given = { lat = \"Ali\" }, father = { ar = \"علي\" }, grandfather = { ar = \"علي\" } }",
            "given",
            "VAL-25",
        ),
        (
            "name",
            "{ given = { ar = \"علي\" }, nickname = { ar = \"علي\" } }",
            "",
            "VAL-23",
        ),
        (
            "name",
            "{ given = { ar = \"علي\", fr = \"Ali\" } }",
            "given",
            "VAL-23",
        ),
        (
            "register",
            "{ office = \"DEMO-BA-01\", register = \"12أ\", page = \"3\" }",
            "register",
            "VAL-14",
        ),
        (
            "register",
            "{ office = \"Basra\", register = \"12\", page = \"3\" }",
            "office",
            "VAL-20",
        ),
        (
            "register",
            "{ office = \"DEMO-BA-01\", register = \"12\" }",
            "page",
            "VAL-24",
        ),
        (
            "register",
            "{ unknown = true, office = \"DEMO-BA-01\" }",
            "",
            "VAL-23",
        ),
        (
            "register",
            "{ hints = \"x\", office = \"DEMO-BA-01\", register = 1, page = 1 }",
            "",
            "VAL-23",
        ),
        (
            "register",
            "{ office = \"DEMO-BA-01\", register = 1, page = 1, year = 1700 }",
            "year",
            "VAL-08",
        ),
        ("address", "{}", "", "VAL-01"),
        (
            "address",
            "{ governorate = \"Baghdad\" }",
            "governorate",
            "VAL-20",
        ),
        ("address", "{ country = \"Iraq\" }", "country", "VAL-20"),
        (
            "address",
            "{ position = { latitude = 95, longitude = 0, accuracy_m = 5 } }",
            "position.latitude",
            "VAL-35",
        ),
        (
            "address",
            "{ position = { latitude = nan, longitude = 0, accuracy_m = 5 } }",
            "position.latitude",
            "VAL-35",
        ),
        (
            "family",
            "[{ relation = \"robot\", name = { given = { lat = \"Ali\" } } }]",
            "[1].relation",
            "VAL-20",
        ),
        ("family", "[{ relation = \"son\" }]", "[1].name", "VAL-24"),
        (
            "family",
            "[{ relation = \"son\", name = {} }]",
            "[1].name.given",
            "VAL-24",
        ),
        ("household", "[]", "", "VAL-29"),
        (
            "evidence",
            "[{ document = \"csid\", seen = \"none\" }]",
            "[1].gap",
            "VAL-26",
        ),
        (
            "evidence",
            "[{ document = \"csid\", seen = \"maybe\" }]",
            "[1].seen",
            "VAL-20",
        ),
        (
            "evidence",
            "[{ document = \"csid\", seen = \"copy\" }, { document = \"csid\", seen = \"copy\" }]",
            "[2].document",
            "VAL-27",
        ),
        (
            "evidence",
            "[{ document = \"csid\", seen = \"none\", gap = \"eaten\" }]",
            "[1].gap",
            "VAL-20",
        ),
        ("passport_name", "\"عليّ\"", "", "VAL-04"),
        ("family_number", "\"12-3\"", "", "VAL-15"),
        ("appointment_number", "\"A 1\"", "", "VAL-15"),
        ("occupation", "\"two\\nlines\"", "", "VAL-03"),
        ("occupation", "\"\"", "", "VAL-01"),
        ("birth_date", "{ missing = \"tired\" }", "", "VAL-30"),
        (
            "consent",
            "{ text_version = 1, language = \"ar\" }",
            "purposes",
            "VAL-24",
        ),
        (
            "consent",
            "{ text_version = 1, language = \"xx\", purposes = { issuance = true, sharing = true } }",
            "language",
            "VAL-20",
        ),
        (
            "consent",
            "{ text_version = 1, language = \"ar\", purposes = { issuance = \"perhaps\" } }",
            "purposes.issuance",
            "VAL-18",
        ),
    ] {
        assert_eq!(
            parse(field, toml),
            Err((part.to_owned(), code)),
            "{field} = {toml}"
        );
    }
    let long = format!("\"{}\"", "x".repeat(5000));
    assert_eq!(parse("occupation", &long), Err((String::new(), "VAL-02")));
    let crowd = format!(
        "[{}]",
        "{ relation = \"son\", name = { given = { lat = \"Ali\" } } },".repeat(61)
    );
    assert_eq!(parse("family", &crowd), Err((String::new(), "VAL-36")));
}

#[test]
fn a_card_access_number_is_two_letters_and_seven_digits() {
    let text = include_str!("minimal.toml").replacen(
        "format = \"line\"",
        "format = \"card_access_number\"",
        1,
    );
    let pack = check_with("", &text, codes()).unwrap();
    let field = pack.field("secret").unwrap();
    assert!(matches!(field.kind, FieldKind::Text { .. }));
    assert_eq!(
        parse_in(&pack, field, "\"ab١٢٣4567\""),
        Ok(Value::Text("AB1234567".into()))
    );
    for bad in [
        "\"AB123456\"",
        "\"A12345678\"",
        "\"ABC123456\"",
        "\"é1234567\"",
        "\"\"",
    ] {
        assert_eq!(
            parse_in(&pack, field, bad),
            Err((String::new(), "VAL-15")),
            "{bad}"
        );
    }
}

#[test]
fn one_line_of_text_is_enough_for_a_simple_field() {
    let pack = pack("national-card-first-issue");
    let line =
        |field: &str, line: &str| parse_line(pack, pack.field(field).unwrap(), line, codes());
    assert_eq!(
        line("needs", "elderly, sight"),
        Ok(Value::Codes(vec!["elderly".into(), "sight".into()]))
    );
    assert_eq!(line("sex", "female"), Ok(Value::Code("female".into())));
    assert!(line("birth_date", "~١٩٨٤").is_ok());
    assert!(line("name", "Ali").is_err());
}

#[test]
fn every_problem_of_a_file_is_told_with_its_field_and_nothing_is_taken() {
    let pack = pack("national-card-first-issue");
    let broken = text(&pack.id)
        .replacen("birth_date = \"~1984\"", "birth_date = \"1984-02-30\"", 1)
        .replacen("sex = \"female\"", "sex = \"فاطمة\"", 1)
        .replacen("blood_group", "favourite_colour", 1);
    let problems = ImportedPerson::read(pack, codes(), &broken).unwrap_err();
    let mut told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    told.sort();
    assert_eq!(
        told,
        [
            "birth_date: the calendar has no such day",
            "favourite_colour: the pack has no such field",
            "sex: the table `sexes` has no such code",
        ]
    );
    assert!(!format!("{problems:?}").contains("فاطمة"));
}

#[test]
fn a_file_that_is_not_one_is_refused_without_repeating_it() {
    let pack = pack("national-card-first-issue");
    let read = |text: &str| ImportedPerson::read(pack, codes(), text).unwrap_err();
    let problems = read("sex = \"male\"\nZahra is = not TOML");
    assert!(matches!(
        problems[0].error,
        ImportError::NotToml { line: 2 }
    ));
    assert!(!format!("{problems:?} {}", problems[0]).contains("Zahra"));
    assert_eq!(read(&" ".repeat(PERSON_BYTES_MAX + 1))[0].code(), "IMP-02");
    assert_eq!(read("pack = \"residence-card\"")[0].code(), "IMP-04");
    let named_as_key = read("\"Zahra Ali\" = 1");
    assert_eq!(
        (named_as_key[0].code(), named_as_key[0].field.as_str()),
        ("IMP-03", "…")
    );
    assert_eq!(
        read("exceptions = [{ position = \"nose\", reason = \"worn\" }]")[0].to_string(),
        "exceptions: [1].position: the table `fingers` has no such code"
    );
    assert!(
        ImportedPerson::read(pack, codes(), "")
            .unwrap()
            .answers
            .is_empty()
    );
    assert_eq!(pack_named_in("pack = \"x\""), Some("x".to_owned()));
    assert_eq!(pack_named_in("sex = \"male\""), None);
}

#[test]
fn pages_are_not_named_in_the_file() {
    let Ok(Value::Evidence(items)) =
        parse("evidence", "[{ document = \"csid\", seen = \"copy\" }]")
    else {
        panic!()
    };
    assert_eq!(
        items
            .iter()
            .map(|item: &EvidenceItem| item.pages.len())
            .sum::<usize>(),
        0
    );
    let with_pages = parse(
        "evidence",
        "[{ document = \"csid\", seen = \"copy\", pages = [] }]",
    );
    assert_eq!(with_pages, Err(("[1]".to_owned(), "VAL-23")));
}
