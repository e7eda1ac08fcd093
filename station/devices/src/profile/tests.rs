//! The profiles of this repository, and every kind of bad one beside a good control.
//!
//! In: `hardware-profiles/`, and a small good set beside its policies. Out: the problems of a set with one piece changed.
//! Never: changes a file of the repository.

mod files;
mod repository;
mod values;

use std::path::{Path, PathBuf};

use super::ProfileSet;

const GOOD: &str = r#"
schema = 1
id = "finger.acme.one"
kind = "finger"
vendor = "Acme"
model = "One"
status = "bench"
[[match]]
usb = { vid = "1209", pid = "0001" }
[driver]
linux = ["sbi", "adapter:acme"]
[finger]
ppi = 500
[capture]
retries = 3
[quality]
ref = "policy/quality-finger.toml"
floor = 25
accept = { thumb = 45 }
[[bench]]
where = "bench"
what = "one finger"
result = "one image"
[[source]]
field = "match.usb"
evidence = "V"
ref = "usb-ids"
what = "id"
[[source]]
field = "finger"
evidence = "V"
ref = "usb-ids"
what = "read off"
[[source]]
field = "capture.retries"
evidence = "P"
ref = "usb-ids"
what = "choice"
[[source]]
field = "quality"
evidence = "P"
ref = "usb-ids"
what = "choice"
"#;

const KIT: &str = r#"
schema = 1
id = "kit.acme"
laptop = "laptop.acme.lap"
devices = [{ role = "slap", any_of = ["finger.acme.one"] }, { role = "any", any_driver = "sbi" }]
"#;

const LAPTOP: &str = r#"
schema = 1
id = "laptop.acme.lap"
vendor = "Acme"
model = "Lap"
status = "unverified"
nits = 800
[[source]]
field = "nits"
evidence = "K"
ref = "usb-ids"
what = "said"
"#;

const DEVICE_FILE: &str = "devices/finger/acme-one.toml";
const KIT_FILE: &str = "kits/acme.toml";
const LAPTOP_FILE: &str = "laptops/acme.toml";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hardware-profiles")
}

/// Every TOML file of the repository's folder: path below it, and text.
fn texts() -> Vec<(String, String)> {
    fn walk(dir: &Path, root: &Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, found);
            } else if path.extension().is_some_and(|e| e == "toml") {
                let name = path
                    .strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .replace('\\', "/");
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(&folder(), &folder(), &mut found);
    found.sort();
    found
}

fn repository() -> ProfileSet {
    ProfileSet::load(&texts()).unwrap_or_else(|e| panic!("{e}"))
}

/// A small good set with the repository's policies.
fn small() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = texts()
        .into_iter()
        .filter(|(f, _)| f.starts_with("policy/"))
        .collect();
    for (file, text) in [(DEVICE_FILE, GOOD), (KIT_FILE, KIT), (LAPTOP_FILE, LAPTOP)] {
        files.push((file.to_owned(), text.to_owned()));
    }
    files
}

fn names(files: &[(String, String)]) -> Vec<(String, String, &'static str)> {
    match ProfileSet::load(files) {
        Ok(_) => Vec::new(),
        Err(error) => error
            .problems
            .into_iter()
            .map(|p| (p.file, p.path, p.reason.name()))
            .collect(),
    }
}

/// The small set with one piece of one file replaced.
fn with(file: &str, from: &str, to: &str) -> Vec<(String, String, &'static str)> {
    let mut files = small();
    let (_, text) = files.iter_mut().find(|(f, _)| f == file).unwrap();
    assert!(text.contains(from), "{file} has no `{from}`");
    *text = text.replacen(from, to, 1);
    names(&files)
}
