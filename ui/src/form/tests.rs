use std::collections::BTreeMap;
use std::path::Path;

use qayd_model::pack::{Field, FieldKind, Language, PackSet};
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

/// Empties every box and takes back every choice that is shown, until nothing is.
fn clear_what_is_shown(context: &Context<'_>, field: &Field, typed: &mut Typed) {
    loop {
        let mut shown = Vec::new();
        for row in rows(context, field, typed) {
            let typed_into = row.boxes.iter().filter(|cell| !cell.text.is_empty());
            shown.extend(typed_into.map(|cell| cell.key.clone()));
            if row.choices.iter().any(|choice| choice.chosen) {
                shown.push(row.key);
            }
        }
        if shown.is_empty() {
            return;
        }
        for key in shown {
            typed.insert(split_key(&key).1.to_owned(), String::new());
        }
    }
}

#[test]
fn a_page_that_shows_nothing_answers_nothing_whatever_stood_on_it_before() {
    let set = packs();
    let pages = BTreeMap::new();
    let mut random = 20_261_126_u64;
    let mut below = |n: usize| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % n
    };
    let (mut compared, mut answered) = (0, 0);
    for pack in set.packs.values() {
        let context = context(pack, &set.codes, &pages);
        for field in pack.fields() {
            // Entries of a list are shown by their headings, and taken out by a button.
            if matches!(field.kind, FieldKind::Family { .. } | FieldKind::Attestors) {
                continue;
            }
            for _ in 0..20 {
                let mut typed = Typed::new();
                if field.kind == FieldKind::Consent {
                    typed.insert("text_version".to_owned(), "1".to_owned());
                }
                for _ in 0..below(12) {
                    let shown = rows(&context, field, &typed);
                    let row = &shown[below(shown.len())];
                    let (key, text) = if !row.choices.is_empty() {
                        (&row.key, &row.choices[below(row.choices.len())].code)
                    } else if !row.boxes.is_empty() {
                        (&row.boxes[below(row.boxes.len())].key, &"1".to_owned())
                    } else {
                        continue;
                    };
                    typed.insert(split_key(key).1.to_owned(), text.clone());
                }
                answered += usize::from(assemble(field, &typed).is_some());
                clear_what_is_shown(&context, field, &mut typed);
                let left = assemble(field, &typed);
                assert!(left.is_none(), "{}: {}: {typed:?}", pack.id, field.id);
                compared += 1;
            }
        }
    }
    assert!(answered * 2 > compared, "{answered} of {compared}");
}
