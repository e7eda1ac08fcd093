//! Files of a set: two that say the same, one in the wrong place, one that is missing or cannot be read.

use qayd_world::OsFiles;

use super::{GOOD, folder, names, small};
use crate::profile::set::{FINGER_POLICY, PORTRAIT_POLICY};
use crate::profile::{ProfileSet, Seen};

#[test]
fn two_files_of_one_id_or_one_match_are_a_problem_unless_priority_tells_them_apart() {
    let mut files = small();
    files.push(("devices/finger/acme-two.toml".into(), GOOD.into()));
    let reasons: Vec<_> = names(&files).into_iter().map(|(_, _, r)| r).collect();
    assert_eq!(reasons, ["same_id", "same_match"]);
    let other = GOOD.replace("acme.one", "acme.two");
    files.last_mut().unwrap().1 = other.replace("usb = {", "priority = 1\nusb = {");
    assert_eq!(names(&files), []);
    let set = ProfileSet::load(&files).unwrap();
    let seen = Seen::Usb {
        vid: 0x1209,
        pid: 1,
        class: None,
    };
    assert_eq!(set.find(&seen).unwrap().id, "finger.acme.two");
}

#[test]
fn a_file_in_the_wrong_place_is_a_problem() {
    let mut files = small();
    files.push((
        "devices/iris/acme.toml".into(),
        GOOD.replace("acme.one", "acme.two"),
    ));
    assert!(
        names(&files)
            .iter()
            .any(|(_, p, r)| p == "kind" && *r == "wrong_folder")
    );
    let mut files = small();
    files.push(("settings.toml".into(), String::new()));
    assert_eq!(
        names(&files),
        [("settings.toml".into(), String::new(), "unknown_place")]
    );
}

#[test]
fn a_set_without_its_policies_is_no_set() {
    let files: Vec<_> = small()
        .into_iter()
        .filter(|(f, _)| !f.starts_with("policy/"))
        .collect();
    let found = names(&files);
    for file in [FINGER_POLICY, PORTRAIT_POLICY] {
        assert!(
            found.contains(&(file.into(), String::new(), "missing")),
            "{found:?}"
        );
    }
}

#[test]
fn all_problems_of_all_files_are_reported_at_once() {
    let mut files = small();
    for (_, text) in &mut files {
        *text = text.replacen("schema = 1", "schema = 9", 1);
    }
    let found = names(&files);
    assert_eq!(
        found
            .iter()
            .filter(|(_, _, r)| *r == "unknown_edition")
            .count(),
        5,
        "{found:?}"
    );
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let error = ProfileSet::read(&OsFiles::default(), &folder().join("nowhere")).unwrap_err();
    assert!(
        error
            .problems
            .iter()
            .any(|p| p.reason.name() == "unreadable")
    );
}

#[test]
fn a_file_that_is_not_text_or_too_long_is_named_when_a_folder_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        #[allow(
            clippy::disallowed_methods,
            reason = "a test's own files need not be durable"
        )]
        std::fs::write(path, bytes).unwrap();
    };
    for (file, text) in small() {
        put(&file, text.as_bytes());
    }
    assert!(ProfileSet::read(&OsFiles::default(), dir.path()).is_ok());
    put("devices/iris/latin.toml", b"vendor = \"Caf\xe9\"");
    put("devices/iris/long.toml", &[b'#'; 70_000]);
    let error = ProfileSet::read(&OsFiles::default(), dir.path()).unwrap_err();
    let found: Vec<_> = error
        .problems
        .iter()
        .map(|p| (p.file.as_str(), p.reason.name()))
        .collect();
    assert_eq!(
        found,
        [
            ("devices/iris/latin.toml", "shape"),
            ("devices/iris/long.toml", "unreadable")
        ]
    );
}
