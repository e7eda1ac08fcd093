use std::collections::BTreeMap;
use std::path::Path;

use qayd_model::pack::{Language, PackSet};
use qayd_model::{CodeTables, Pack, Value, parse_value};
use qayd_station::FieldInput;

use super::*;

/// The packs of this repository.
fn packs() -> PackSet {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs");
    let mut files = Vec::new();
    for (dir, prefix) in [(folder.clone(), ""), (folder.join("codes"), "codes/")] {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "toml") {
                let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
                files.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    PackSet::load(files.iter().map(|(n, t)| (n.as_str(), t.as_str()))).unwrap()
}

fn context<'a>(
    pack: &'a Pack,
    codes: &'a CodeTables,
    pages: &'a BTreeMap<String, usize>,
) -> Context<'a> {
    Context {
        pack,
        codes,
        language: Language::Arabic,
        pages,
        named: true,
    }
}

#[test]
fn every_field_of_every_pack_has_something_to_answer_it_with() {
    let set = packs();
    let pages = BTreeMap::new();
    for pack in set.packs.values() {
        let context = context(pack, &set.codes, &pages);
        for field in pack.fields() {
            let rows = rows(&context, field, &Typed::new());
            let can_be_answered = rows.iter().any(|row| {
                !row.boxes.is_empty() || !row.choices.is_empty() || row.kind == RowKind::Add
            });
            assert!(can_be_answered, "{}: {}", pack.id, field.id);
        }
    }
}

#[test]
fn the_examples_of_the_packs_come_out_of_the_boxes_as_they_went_in() {
    let set = packs();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs/examples");
    let mut compared = 0;
    for pack in set.packs.values() {
        let Ok(text) = std::fs::read_to_string(examples.join(&pack.id).join("person.toml")) else {
            continue;
        };
        let person: toml::Table = text.parse().unwrap();
        for field in pack.fields() {
            let Some(input) = person.get(&field.id) else {
                continue;
            };
            let value = parse_value(pack, field, input, &set.codes).unwrap();
            let typed = typed_of(&value);
            let again = match assemble(field, &typed).unwrap() {
                FieldInput::Parts(parts) => parse_value(pack, field, &parts, &set.codes),
                FieldInput::Line(line) => {
                    qayd_model::import::parse_line(pack, field, &line, &set.codes)
                }
            };
            let same = match (again, value) {
                // The order of papers means nothing.
                (Ok(Value::Evidence(mut again)), Value::Evidence(mut value)) => {
                    again.sort_by(|a, b| a.document.cmp(&b.document));
                    value.sort_by(|a, b| a.document.cmp(&b.document));
                    again == value
                }
                (again, value) => again == Ok(value),
            };
            assert!(same, "{}: {}", pack.id, field.id);
            compared += 1;
        }
    }
    assert!(compared > 30, "only {compared} fields were compared");
}

#[test]
fn an_entry_that_is_taken_out_leaves_the_others_in_their_order() {
    let mut typed: Typed = [
        ("n", "3"),
        ("0.x", "a"),
        ("1.x", "b"),
        ("2.x", "c"),
        ("2.y.z", "d"),
    ]
    .map(|(k, v)| (k.to_owned(), v.to_owned()))
    .into();
    take_out(&mut typed, "", 1);
    let left: Vec<(&str, &str)> = typed
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        left,
        [("0.x", "a"), ("1.x", "c"), ("1.y.z", "d"), ("n", "2")]
    );
}

#[test]
fn a_fault_is_marked_on_the_box_it_is_about() {
    let set = packs();
    let pack = set.packs.values().next().unwrap();
    let name = pack
        .fields()
        .find(|f| matches!(f.kind, qayd_model::FieldKind::Name { .. }))
        .unwrap();
    let pages = BTreeMap::new();
    let mut made = rows(&context(pack, &set.codes, &pages), name, &Typed::new());
    mark_fault(&mut made, &name.id, "father.lat", "VAL-04");
    let marked: Vec<&str> = made
        .iter()
        .flat_map(|row| &row.boxes)
        .filter(|cell| !cell.fault.is_empty())
        .map(|cell| cell.key.as_str())
        .collect();
    assert_eq!(marked, [format!("{}/father.lat", name.id)]);
    assert_eq!(place_of("[2].birth_date"), "1.birth_date");
    assert_eq!(
        place_of("witnesses[1].name.given"),
        "witnesses.0.name.given"
    );
}
