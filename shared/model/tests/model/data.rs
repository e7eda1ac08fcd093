//! The data files of `packs/`, and that they are right.

use std::{fs, path::PathBuf, sync::LazyLock};

use qayd_model::pack::{Condition, Required, Role, Wanted, check};
use qayd_model::{
    CodeTables, DocumentSeen, ExceptionReason, FieldKind, FingerPosition, GapReason, Language,
    Pack, PackSet, Script,
};

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../packs")
}

/// Names relative to `packs/`, with texts, of every TOML file but the examples.
pub fn files() -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (prefix, folder) in [("", folder()), ("codes/", folder().join("codes"))] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
                out.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    out
}

pub static SET: LazyLock<PackSet> = LazyLock::new(|| {
    let files = files();
    PackSet::load(
        files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str())),
    )
    .unwrap_or_else(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    })
});

pub fn pack(id: &str) -> &'static Pack {
    &SET.packs[id]
}

pub fn codes() -> &'static CodeTables {
    &SET.codes
}

#[test]
fn every_data_file_of_the_repository_is_right() {
    let ids: Vec<_> = SET.packs.keys().map(String::as_str).collect();
    assert_eq!(
        ids,
        [
            "birth-notification",
            "consular-enrolment",
            "national-card-first-issue",
            "residence-card"
        ]
    );
    let kinds: Vec<_> = SET.station_kinds.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["camp", "embassy", "hospital", "provincial_site"]);
    for kind in SET.station_kinds.keys() {
        assert!(!SET.offered(kind).is_empty());
    }
    assert!(SET.offered("nowhere").is_empty());
}

#[test]
fn every_pack_stands_by_itself_too() {
    for (name, text) in files()
        .iter()
        .filter(|(name, _)| !name.contains('/') && name != "station-kinds.toml")
    {
        assert!(check(text).is_ok(), "{name}");
    }
}

#[test]
fn every_word_of_the_model_has_its_code_and_every_code_its_word() {
    let codes_of = |table: &str| -> Vec<&str> {
        codes()
            .table(table)
            .unwrap()
            .entries
            .iter()
            .map(|entry| entry.code.as_str())
            .collect()
    };
    assert_eq!(codes_of("gap-reasons"), GapReason::ALL.map(GapReason::name));
    assert_eq!(
        codes_of("document-seen"),
        DocumentSeen::ALL.map(DocumentSeen::name)
    );
    assert_eq!(
        codes_of("exception-reasons"),
        ExceptionReason::ALL.map(ExceptionReason::name)
    );
    assert_eq!(
        codes_of("fingers"),
        FingerPosition::ALL.map(FingerPosition::name)
    );
    assert_eq!(codes_of("scripts"), Script::ALL.map(Script::name));
    assert_eq!(codes_of("governorates").len(), 19);
    assert!(
        codes()
            .table("governorates")
            .unwrap()
            .entry("QYD-HA")
            .unwrap()
            .demo
    );
    assert!(
        codes()
            .table("offices")
            .unwrap()
            .entries
            .iter()
            .all(|office| office.demo)
    );
    for office in &codes().table("offices").unwrap().entries {
        assert!(codes().has("governorates", office.parent.as_deref().unwrap()));
    }
    assert_eq!(codes().label("sexes", "female", Language::Sorani), "مێ");
    assert_eq!(
        codes().label("sexes", "newer_than_this_table", Language::Sorani),
        "newer_than_this_table"
    );
}

#[test]
fn no_field_about_the_father_is_ever_required() {
    let birth = pack("birth-notification");
    let father: Vec<_> = birth
        .fields()
        .filter(|field| field.id.starts_with("father"))
        .collect();
    assert!(father.len() >= 4);
    for field in father {
        assert_eq!(field.required, Required::Never, "{}", field.id);
        assert_ne!(field.role, Some(Role::HolderName));
    }
    for id in ["child_name", "mother_name"] {
        let FieldKind::Name { parts, .. } = &birth.field(id).unwrap().kind else {
            panic!("a name")
        };
        assert_eq!(parts.len(), 1, "{id} needs no father's name");
    }
    assert_eq!(birth.biometrics.portrait, Wanted::NotTaken);
}

#[test]
fn fields_that_mean_the_same_have_the_same_number_in_every_enrolment_pack() {
    let (national, consular) = (
        pack("national-card-first-issue"),
        pack("consular-enrolment"),
    );
    for id in [
        "name",
        "mother_name",
        "sex",
        "birth_date",
        "register",
        "evidence",
        "attestors",
        "consent",
    ] {
        assert_eq!(
            national.field(id).unwrap().number,
            consular.field(id).unwrap().number,
            "{id}"
        );
    }
}

#[test]
fn fingers_are_asked_from_twelve_and_possible_from_five() {
    let fingers = pack("national-card-first-issue")
        .biometrics
        .fingers
        .as_ref()
        .unwrap();
    assert_eq!(
        (fingers.required_from_age, fingers.optional_from_age),
        (12, 5)
    );
    assert_eq!(
        fingers
            .mark(FingerPosition::LeftThumb)
            .map(|mark| (mark.accept, mark.floor)),
        Some((40, 20))
    );
    assert_eq!(
        fingers
            .mark(FingerPosition::LeftLittle)
            .map(|mark| (mark.accept, mark.floor)),
        Some((30, 20))
    );
    assert!(pack("residence-card").biometrics.fingers.is_none());
    let unproven = Condition::IdentityUnproven(true);
    let rule = pack("national-card-first-issue")
        .attestation
        .as_ref()
        .unwrap();
    assert!(matches!(&rule.needed, Required::When(when) if when.list() == [unproven]));
}
