//! Values as the reviewer reads them, and as bytes.

use minicbor::{decode, to_vec};
use qayd_model::{Language, Line, Script, Value};

use crate::data::{SET, codes, pack};
use crate::examples::person;

fn lines(pack_id: &str, field: &str, language: Language) -> Vec<Line> {
    let pack = pack(pack_id);
    let field = pack.field(field).unwrap();
    person(pack)
        .answers
        .get(field.number)
        .unwrap()
        .lines(field, language, codes())
}

fn told(lines: &[Line], language: Language) -> Vec<String> {
    lines
        .iter()
        .map(|line| format!("{}: {}", line.label(language, codes()), line.text.expose()))
        .collect()
}

#[test]
fn a_name_has_a_line_per_part_and_script() {
    let lines = lines("consular-enrolment", "name", Language::English);
    assert_eq!(
        told(&lines, Language::English)[..4],
        [
            "Given name: شيركو",
            "Given name: شێرکۆ",
            "Given name: Sherko",
            "Father's name: كريم"
        ]
    );
    assert_eq!(lines[1].script, Some(Script::Ckb));
    assert_eq!(
        told(&lines, Language::English).last().unwrap(),
        "Script of the register: Sorani"
    );
}

#[test]
fn codes_are_shown_by_their_names_and_dates_as_on_the_card() {
    let english = |field| {
        told(
            &lines("birth-notification", field, Language::English),
            Language::English,
        )
    };
    assert_eq!(english("birth_date"), [": 2026/11/20"]);
    assert_eq!(english("birth_time"), [": 04:35"]);
    assert_eq!(english("weight"), [": 3150 g"]);
    assert_eq!(english("child_name"), ["Left out because: Not yet named"]);
    assert_eq!(english("mother_register"), [": Not known"]);
    let sorani = told(
        &lines("birth-notification", "evidence", Language::Sorani),
        Language::Sorani,
    );
    assert_eq!(sorani[0], "1 › بەڵگەنامە: کارتی نیشتمانی");
}

#[test]
fn every_label_of_every_line_is_in_the_table() {
    for pack in SET.packs.values() {
        let person = person(pack);
        for (number, value) in person.answers.iter() {
            let field = pack.field_numbered(number).unwrap();
            for language in Language::ALL {
                let lines = value.lines(field, language, codes());
                assert!(!lines.is_empty(), "{} {}", pack.id, field.id);
                for key in lines.iter().flat_map(|line| &line.keys) {
                    assert!(
                        key.parse::<u32>().is_ok() || codes().has("parts", key),
                        "{key}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_name_on_one_line_keeps_to_one_script() {
    let pack = pack("consular-enrolment");
    let field = pack.field("name").unwrap();
    let person = person(pack);
    let value = person.answers.get(field.number).unwrap();
    let one_line = |language| value.one_line(field, language, codes()).expose().to_owned();
    assert_eq!(one_line(Language::English), "Sherko Karim Ahmed");
    assert_eq!(one_line(Language::Sorani), "شێرکۆ کەریم ئەحمەد");
    let mother = pack.field("mother_name").unwrap();
    let mother =
        person
            .answers
            .get(mother.number)
            .unwrap()
            .one_line(mother, Language::English, codes());
    assert_eq!(mother.expose(), "خديجة عمر");
}

#[test]
fn every_value_of_the_examples_survives_its_bytes() {
    let mut kinds = std::collections::BTreeSet::new();
    for pack in SET.packs.values() {
        for (_, value) in person(pack).answers.iter() {
            kinds.insert(value.kind());
            let bytes = to_vec(value).unwrap();
            assert_eq!(decode::<Value>(&bytes).unwrap(), *value);
            assert_eq!(to_vec(decode::<Value>(&bytes).unwrap()).unwrap(), bytes);
        }
    }
    assert_eq!(kinds.len(), 17, "every kind is in some example: {kinds:?}");
}
