//! Every way in which a pack, a table or the station kinds can be wrong, one change each to a right one.

use qayd_model::pack::{check, check_with};
use qayd_model::{CodeTable, PackProblem, PackSet};

use crate::data::{codes, files};

const MINIMAL: &str = include_str!("minimal.toml");

/// What the checker says when `from` (its first place in the minimal pack) is replaced by `to`.
fn problems(from: &str, to: &str) -> Vec<PackProblem> {
    assert!(MINIMAL.contains(from), "{from}");
    check_with("minimal.toml", &MINIMAL.replacen(from, to, 1), codes())
        .err()
        .unwrap_or_default()
}

#[test]
fn the_minimal_pack_is_right() {
    assert_eq!(
        check_with("minimal.toml", MINIMAL, codes()).map(|pack| pack.id),
        Ok("minimal".to_owned())
    );
    assert!(check(MINIMAL).is_ok());
}

/// (what is replaced, by what, code of the one problem, its path)
const CASES: &[(&str, &str, &str, &str)] = &[
    ("format = 1", "format = 1 1", "PAC-01", ""),
    ("version = 1", "version = 1\nversion = 2", "PAC-01", ""),
    (
        "minimum_app_version",
        "nickname = \"x\"\nminimum_app_version",
        "PAC-03",
        "nickname",
    ),
    (
        "sensitive = true",
        "sensitive = true\nsecret_level = 3",
        "PAC-03",
        "section[1].field[4].secret_level",
    ),
    ("id = \"minimal\"\n", "", "PAC-04", "id"),
    ("number = 2\n", "", "PAC-04", "section[1].field[2].number"),
    (
        "required = \"never\"\nsensitive",
        "sensitive",
        "PAC-04",
        "section[1].field[4].required",
    ),
    ("[slip]\n", "[slip2]\n", "PAC-04", "slip"),
    ("version = 1", "version = \"1\"", "PAC-05", "version"),
    (
        "required = \"always\"",
        "required = \"sometimes\"",
        "PAC-05",
        "section[1].field[1].required",
    ),
    ("[[section]]", "[section]", "PAC-05", "section"),
    (
        "sensitive = true",
        "sensitive = \"yes\"",
        "PAC-05",
        "section[1].field[4].sensitive",
    ),
    ("days = 15", "days = 0", "PAC-06", "timer[1].days"),
    (
        "accept = 40",
        "accept = 101",
        "PAC-06",
        "biometrics.fingers.quality[1].accept",
    ),
    (
        "number = 1\n",
        "number = 0\n",
        "PAC-06",
        "section[1].field[1].number",
    ),
    (
        "ckb = \"بەروار\", ",
        "",
        "PAC-07",
        "section[1].field[1].label.ckb",
    ),
    ("ar = \"نص\"", "ar = \" \"", "PAC-07", "consent.text[1].ar"),
    ("format = 1", "format = 2", "PAC-08", "format"),
    (
        "id = \"agreed\"",
        "id = \"Agreed Now\"",
        "PAC-09",
        "section[1].field[3].id",
    ),
    (
        "id = \"secret\"",
        "id = \"agreed\"",
        "PAC-10",
        "section[1].field[4].id",
    ),
    (
        "number = 4",
        "number = 2",
        "PAC-11",
        "section[1].field[4].number",
    ),
    (
        "number = 4",
        "number = 90",
        "PAC-12",
        "section[1].field[4].number",
    ),
    (
        "type = \"text\"",
        "type = \"text\"\nrole = \"birth_date\"",
        "PAC-13",
        "section[1].field[4].role",
    ),
    (
        "type = \"text\"",
        "type = \"poem\"",
        "PAC-14",
        "section[1].field[4].type",
    ),
    (
        "role = \"home_office\"",
        "role = \"king\"",
        "PAC-14",
        "section[1].field[5].role",
    ),
    (
        "[\"amputated\"]",
        "[\"amputated\", \"shy\"]",
        "PAC-14",
        "biometrics.fingers.exception_reasons",
    ),
    (
        "type = \"yes_no\"",
        "type = \"yes_no\"\nmin = 1",
        "PAC-15",
        "section[1].field[3].min",
    ),
    (
        "\"marital-statuses\"",
        "\"moods\"",
        "PAC-16",
        "section[1].field[2].table",
    ),
    (
        "is = [\"married\"]",
        "is = [\"happy\"]",
        "PAC-17",
        "section[1].field[3].asked_when.any[1].is",
    ),
    (
        "[\"not_known\"]",
        "[\"tired\"]",
        "PAC-17",
        "section[1].field[2].may_be_missing",
    ),
    (
        "document = \"csid\"",
        "document = \"scroll\"",
        "PAC-17",
        "evidence[1].document",
    ),
    (
        "code = \"mukhtar\"",
        "code = \"friend\"",
        "PAC-17",
        "attestation.kind[1].code",
    ),
    (
        "field = \"status\"",
        "field = \"mood\"",
        "PAC-18",
        "section[1].field[3].asked_when.any[1]",
    ),
    (
        "fields = [\"birth_date\"]",
        "fields = [\"name\"]",
        "PAC-18",
        "slip.fields[1]",
    ),
    (
        "from = \"birth_date\"",
        "from = \"birthday\"",
        "PAC-18",
        "timer[1].from",
    ),
    (
        "from = [\"office\"]",
        "from = [\"home\"]",
        "PAC-18",
        "home_office.from[1]",
    ),
    (
        "{ field = \"status\", is = [\"married\"] }",
        "{ field = \"agreed\", is = [\"true\"] }",
        "PAC-19",
        "section[1].field[3]",
    ),
    (
        "{ age_from = 15 }",
        "{ field = \"agreed\", is = [\"true\"] }",
        "PAC-19",
        "section[1].field[2]",
    ),
    (
        "{ field = \"status\", is = [\"married\"] }",
        "{ field = \"weight\", is = [\"1\"] }",
        "PAC-20",
        "section[1].field[3].asked_when.any[1].is",
    ),
    (
        "type = \"evidence\"",
        "type = \"phone\"",
        "PAC-22",
        "evidence",
    ),
    (
        "type = \"attestors\"",
        "type = \"phone\"",
        "PAC-22",
        "attestation",
    ),
    (
        "type = \"consent\"",
        "type = \"phone\"",
        "PAC-22",
        "consent",
    ),
    (
        "type = \"text\"\nformat = \"line\"",
        "type = \"consent\"",
        "PAC-23",
        "section[1].field[9].type",
    ),
    (
        "type = \"text\"",
        "type = \"text\"\nrole = \"phone\"",
        "PAC-24",
        "section[1].field[4].role",
    ),
    (
        "required = \"never\"\nsensitive",
        "required = \"always\"\nsensitive",
        "PAC-25",
        "section[1].field[4].required",
    ),
    (
        "fields = [\"birth_date\"]",
        "fields = [\"secret\"]",
        "PAC-26",
        "slip.fields[1]",
    ),
    (
        "sensitive = true",
        "sensitive = true\nmay_be_missing = [\"not_known\"]",
        "PAC-27",
        "section[1].field[4].may_be_missing",
    ),
    (
        "\"right_thumb\", ",
        "",
        "PAC-28",
        "biometrics.fingers.quality",
    ),
    (
        "\"right_thumb\", ",
        "\"right_thumb\", \"left_ring\", ",
        "PAC-28",
        "biometrics.fingers.quality",
    ),
    (
        "floor = 20",
        "floor = 41",
        "PAC-29",
        "biometrics.fingers.quality[1].floor",
    ),
    (
        "optional_from_age = 5",
        "optional_from_age = 13",
        "PAC-30",
        "biometrics.fingers.optional_from_age",
    ),
    ("[\"camp\"]", "[]", "PAC-31", "station_kinds"),
    (
        "route = \"late\"",
        "route = \"early\"",
        "PAC-32",
        "timer[1].route",
    ),
    (
        "from = \"birth_date\"",
        "from = \"weight\"",
        "PAC-33",
        "timer[1].from",
    ),
    ("id = \"minimal\"", "id = \"other\"", "PAC-34", "id"),
    (
        "{ any = [{ field = \"status\", is = [\"married\"] }] }",
        "{ all = [{ age_from = 1 }], any = [{ age_from = 2 }] }",
        "PAC-35",
        "section[1].field[3].asked_when",
    ),
    (
        "{ age_from = 15 }",
        "{ age_from = 15, age_under = 18 }",
        "PAC-36",
        "section[1].field[2].required.all[1]",
    ),
    (
        "{ field = \"status\", is = [\"married\"] }",
        "{ field = \"status\" }",
        "PAC-36",
        "section[1].field[3].asked_when.any[1]",
    ),
    (
        "document = \"passport\"",
        "document = \"csid\"",
        "PAC-37",
        "evidence[2].document",
    ),
    (
        "min = 1\n",
        "min = 10\n",
        "PAC-43",
        "section[1].field[6].min",
    ),
    (
        "from = [\"office\"]",
        "from = [\"status\"]",
        "PAC-44",
        "home_office.from[1]",
    ),
    ("\"0.1.0\"", "\"1.0\"", "PAC-46", "minimum_app_version"),
];

#[test]
fn each_fault_is_named_with_its_place() {
    for (from, to, code, path) in CASES {
        let found = problems(from, to);
        let fits = |problem: &PackProblem| problem.code() == *code && problem.path == *path;
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert!(
            found.iter().any(fits),
            "{from} → {to}: expected {code} at {path}, found {told:#?}"
        );
        // A condition that could not be read leaves its list empty, and a fault in a parent hides nothing else.
        let cascade = ["PAC-03", "PAC-31"];
        let others = found
            .iter()
            .filter(|problem| !fits(problem) && !cascade.contains(&problem.code()));
        assert!(others.count() <= 1, "{from} → {to}: {told:#?}");
    }
}

#[test]
fn an_age_needs_a_birth_date() {
    let found = problems("role = \"birth_date\"\n", "");
    assert!(found.iter().any(
        |problem| problem.code() == "PAC-21" && problem.path.starts_with("section[1].field[2]")
    ));
    assert!(
        found
            .iter()
            .any(|problem| problem.code() == "PAC-21" && problem.path == "biometrics.fingers")
    );
}

#[test]
fn versions_of_a_consent_text_rise() {
    let again = "[[consent.text]]\nversion = 1\nar = \"نص\"\nckb = \"دەق\"\nen = \"Text\"\n\n[[consent.purpose]]";
    assert_eq!(problems("[[consent.purpose]]", again)[0].code(), "PAC-38");
    let later = again.replace("version = 1", "version = 2");
    assert!(problems("[[consent.purpose]]", &later).is_empty());
}

#[test]
fn all_problems_come_at_once_with_their_lines() {
    let text = MINIMAL
        .replacen("version = 1", "version = 0", 1)
        .replacen("number = 4", "number = 2", 1)
        .replacen("en = \"Slip\"", "fr = \"Billet\"", 1);
    let found = check_with("minimal.toml", &text, codes()).unwrap_err();
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    let line_of = |needle: &str| text.lines().position(|line| line.contains(needle)).unwrap() + 1;
    assert_eq!(
        told,
        [
            format!(
                "minimal.toml:{}: version: a number from 1 to 1000000 is expected (PAC-06)",
                line_of("version = 0")
            ),
            format!(
                "minimal.toml:{}: section[1].field[4].number: the number 2 is used twice (PAC-11)",
                text.lines()
                    .enumerate()
                    .filter(|(_, line)| *line == "number = 2")
                    .nth(1)
                    .unwrap()
                    .0
                    + 1
            ),
            format!(
                "minimal.toml:{}: slip.title.en: the text in `en` is missing (PAC-07)",
                line_of("Billet")
            ),
            format!(
                "minimal.toml:{}: slip.title.fr: there is no key `fr` here (PAC-03)",
                line_of("Billet")
            ),
        ]
    );
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let text = format!("{MINIMAL}\n# {}", "x".repeat(1 << 20));
    assert_eq!(check(&text).unwrap_err()[0].code(), "PAC-02");
    assert_eq!(check("").unwrap_err()[0].code(), "PAC-04");
    assert_eq!(check(&"[".repeat(100_000)).unwrap_err()[0].code(), "PAC-01");
}

const TABLE: &str = r#"
format = 1
id = "moods"
version = 1
title = { ar = "أمزجة", ckb = "باری دەروون", en = "Moods" }
source = "nobody"
entries = [
    { code = "glad", ar = "سعيد", ckb = "دڵخۆش", en = "Glad" },
    { code = "sad", ar = "حزين", ckb = "دڵتەنگ", en = "Sad", demo = true },
]
"#;

#[test]
fn each_fault_of_a_table_is_named() {
    let table = CodeTable::check("codes/moods.toml", TABLE).unwrap();
    assert_eq!(table.entry("sad").map(|entry| entry.demo), Some(true));
    for (from, to, code, path) in [
        ("format = 1", "format = 9", "PAC-08", "format"),
        ("id = \"moods\"", "id = \"mood\"", "PAC-34", "id"),
        (
            "code = \"sad\"",
            "code = \"glad\"",
            "PAC-37",
            "entries[2].code",
        ),
        (
            "code = \"sad\"",
            "code = \"very sad\"",
            "PAC-05",
            "entries[2].code",
        ),
        ("ckb = \"دڵتەنگ\", ", "", "PAC-07", "entries[2].ckb"),
        ("source = \"nobody\"\n", "", "PAC-45", "entries[1].demo"),
        (
            "demo = true",
            "demo = true, kurdish = \"x\"",
            "PAC-03",
            "entries[2].kurdish",
        ),
    ] {
        let found = CodeTable::check("codes/moods.toml", &TABLE.replacen(from, to, 1)).unwrap_err();
        let fits = found
            .iter()
            .any(|problem| problem.code() == code && problem.path == path);
        assert!(fits && found.len() == 1, "{found:?}");
    }
    let empty = TABLE.split("entries").next().unwrap();
    assert_eq!(
        CodeTable::check("moods.toml", empty).unwrap_err()[0].code(),
        "PAC-31"
    );
}

/// The set of this repository with one file changed.
fn set_with(name: &str, from: &str, to: &str) -> Vec<PackProblem> {
    let files = files();
    let changed: Vec<(String, String)> = files
        .into_iter()
        .map(|(file, text)| {
            if file == name {
                (file, text.replacen(from, to, 1))
            } else {
                (file, text)
            }
        })
        .collect();
    PackSet::load(
        changed
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str())),
    )
    .err()
    .unwrap_or_default()
}

#[test]
fn each_fault_of_the_station_kinds_is_named() {
    for (from, to, code) in [
        ("format = 1", "format = 2", "PAC-08"),
        (
            "packs = [\"national-card-first-issue\", ",
            "packs = [\"passport\", ",
            "PAC-40",
        ),
        (
            "packs = [\"national-card-first-issue\", ",
            "packs = [\"consular-enrolment\", ",
            "PAC-41",
        ),
        ("id = \"hospital\"", "id = \"camp\"", "PAC-10"),
        ("language = \"ar\"", "language = \"latin\"", "PAC-14"),
        ("lock_after_s = 60", "lock_after_s = 0", "PAC-06"),
    ] {
        let found = set_with("station-kinds.toml", from, to);
        assert!(
            found.iter().any(|problem| problem.code() == code),
            "{code} {found:?}"
        );
    }
    let unknown = set_with(
        "residence-card.toml",
        "\"provincial_site\"",
        "\"ship\", \"provincial_site\"",
    );
    assert_eq!(unknown[0].code(), "PAC-39");
    assert!(set_with("residence-card.toml", "none", "none").is_empty());
}

#[test]
fn a_broken_table_is_not_blamed_on_the_packs() {
    let found = set_with("codes/sexes.toml", "version = 1", "version = x");
    assert!(
        found
            .iter()
            .all(|problem| problem.file == "codes/sexes.toml"),
        "{found:?}"
    );
    assert_eq!(
        PackSet::load([("notes.txt", "")]).unwrap_err()[0].code(),
        "PAC-42"
    );
}
