use std::path::Path;

use super::*;

const PERSON: &str = r#"
pack = "test-service"
birth_date = "1990-05-17"
home_office = "DEMO-02"
full_name = { given = { ar = "مريم", lat = "Maryam" }, father = { ar = "علي", lat = "Ali" } }
consent = { text_version = 1, language = "ar", read_aloud = true, purposes = { issuance = true } }
papers = [ { document = "csid", seen = "original" } ]
exceptions = [ { position = "left_little", reason = "amputated" } ]
"#;

/// A grey image of nothing.
fn png(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    image::GrayImage::from_pixel(64, 64, image::Luma([128]))
        .save(path)
        .unwrap();
}

fn person(text: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    crate::testing::overwrite(&dir.path().join("person.toml"), text.as_bytes());
    image::RgbImage::from_pixel(64, 64, image::Rgb([9, 9, 9]))
        .save(dir.path().join("portrait.png"))
        .unwrap();
    for position in FingerPosition::ALL
        .into_iter()
        .filter(|p| *p != FingerPosition::LeftLittle)
    {
        png(&dir.path().join(format!("fingers/{}.png", position.name())));
    }
    png(&dir.path().join("documents/csid_1.png"));
    dir
}

#[test]
fn becomes_a_draft_that_seals() {
    let at = TestStation::new();
    let dir = person(PERSON);
    let id = at
        .station
        .import(&at.session, PACK_ID, dir.path(), &last_attempts)
        .unwrap();
    let draft = at.station.resume(&at.session, id).unwrap();
    let finalised = draft.finalise().unwrap();
    assert!(finalised.needs_approval());
    let sealed = at
        .station
        .seal(&at.session, finalised, Some(&at.approval()))
        .unwrap();
    let bytes = at.world.files.read(&sealed.path, 1 << 24).unwrap();
    let content = at.centre.open(&bytes, &at.station.identity().certificate);
    let Some(Value::Evidence(items)) = content
        .fields
        .iter()
        .find(|f| f.number == 6)
        .map(|f| &f.value)
    else {
        panic!()
    };
    let page = content
        .samples
        .iter()
        .find(|s| matches!(s.kind, SampleKind::DocumentPage { .. }))
        .unwrap();
    assert_eq!(
        items[0].pages,
        [page.id],
        "the paper names its scanned page"
    );
}

#[test]
fn that_is_wrong_anywhere_makes_no_draft_and_names_file_field_and_reason() {
    let at = TestStation::new();
    let dir = person(
        &PERSON
            .replace("1990-05-17", "1990-02-31")
            .replace("DEMO-02", "NOWHERE"),
    );
    crate::testing::overwrite(&dir.path().join("fingers/left_thumb.png"), b"not an image");
    let Err(EnrolmentError::Import(faults)) =
        at.station
            .import(&at.session, PACK_ID, dir.path(), &last_attempts)
    else {
        panic!()
    };
    let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults.len(), 3, "{said:?}");
    assert!(
        said.iter()
            .any(|s| s.starts_with("person.toml: birth_date: ")),
        "{said:?}"
    );
    assert!(
        said.iter()
            .any(|s| s.starts_with("person.toml: home_office: ")),
        "{said:?}"
    );
    assert!(
        said.iter()
            .any(|s| s.starts_with("fingers/left_thumb.png: ")),
        "{said:?}"
    );
    assert!(
        !said.concat().contains("NOWHERE"),
        "values are not repeated"
    );
    assert!(at.station.drafts().unwrap().is_empty());
    let none = at.station.import(
        &at.session,
        PACK_ID,
        &dir.path().join("nobody"),
        &last_attempts,
    );
    assert!(matches!(none, Err(EnrolmentError::Import(_))));
}
