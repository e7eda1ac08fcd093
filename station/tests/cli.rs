//! The command `qayd` on bad input: every case is a file with arguments, exit status, stdout and stderr.
//!
//! `{DIR}` in a case is a fresh folder that holds `tests/cli/fixtures`; with the feature `test-util` it also holds a
//! provisioned station in `{DIR}/station`, and the cases of the folder `station` run. `QAYD_WRITE_CASES=1` writes what
//! was seen into the files, for a person to read.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// One test at a time: a child that is just being started holds the locks of its parent for a moment.
static ALONE: Mutex<()> = Mutex::new(());

struct Case {
    path: PathBuf,
    args: Vec<String>,
    env: Vec<(String, String)>,
    expected: String,
}

impl Case {
    fn read(path: PathBuf) -> Self {
        let text = std::fs::read_to_string(&path).unwrap();
        let (head, expected) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
        let mut case = Self {
            path: path.clone(),
            args: Vec::new(),
            env: Vec::new(),
            expected: expected.to_owned(),
        };
        for line in head.lines() {
            if let Some(args) = line.strip_prefix("$ qayd") {
                case.args = words(args);
            } else if let Some((name, value)) = line.split_once('=') {
                case.env.push((name.to_owned(), value.to_owned()));
            }
        }
        case
    }

    fn head(&self) -> String {
        let text = std::fs::read_to_string(&self.path).unwrap();
        text.split("\n\n").next().unwrap().trim_end().to_owned()
    }
}

/// Words, with single quotes around what holds blanks.
fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (n, piece) in text.split('\'').enumerate() {
        if n % 2 == 1 {
            out.push(piece.to_owned());
        } else {
            out.extend(piece.split_whitespace().map(str::to_owned));
        }
    }
    out
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target)
        } else {
            std::fs::copy(&path, &target).map(|_| ()).unwrap()
        }
    }
}

/// `6 of 10 pictures`.
fn is_progress(line: &str) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    let number = |word: &str| word.parse::<u64>().is_ok();
    matches!(words.as_slice(), [done, "of", all, _] if number(done) && number(all))
}

fn run(folder: &str, prepare: impl Fn(&Path)) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(here.join(folder))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "case"));
    paths.sort();
    assert!(!paths.is_empty());
    let dir = tempfile::tempdir().unwrap();
    copy(&here.join("fixtures"), dir.path());
    prepare(dir.path());
    let place = dir.path().to_str().unwrap().to_owned();
    let mut wrong = Vec::new();
    for path in paths {
        let case = Case::read(path);
        let put = |text: &str| text.replace("{DIR}", &place);
        let output = Command::new(env!("CARGO_BIN_EXE_qayd"))
            .args(case.args.iter().map(|a| put(a)))
            .env_clear()
            .envs(case.env.iter().map(|(k, v)| (k, put(v))))
            .output()
            .unwrap();
        let text = |bytes: &[u8]| {
            let said = String::from_utf8_lossy(bytes).replace(&place, "{DIR}");
            // Progress is told after a while only, so that it is there or not as the machine is busy.
            let lines: Vec<&str> = said.lines().filter(|line| !is_progress(line)).collect();
            lines.join("\n").trim_end().to_owned()
        };
        let seen = format!(
            "status {}\n--- stdout\n{}\n--- stderr\n{}\n",
            output.status.code().unwrap_or(-1),
            text(&output.stdout),
            text(&output.stderr),
        );
        if std::env::var_os("QAYD_WRITE_CASES").is_some() {
            #[allow(
                clippy::disallowed_methods,
                reason = "a test writes its own expectation"
            )]
            std::fs::write(&case.path, format!("{}\n\n{seen}", case.head())).unwrap();
        } else if seen != case.expected {
            wrong.push(format!(
                "{}\nexpected\n{}\nseen\n{seen}",
                case.path.display(),
                case.expected
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn bad_input_is_answered_with_what_is_wrong_and_a_status() {
    run("cases", |_| {});
}

#[cfg(feature = "test-util")]
#[test]
fn bad_input_at_a_station_changes_nothing_and_says_so() {
    use qayd_station::testing::{OFFICER, SUPERVISOR, operator, provision, sign_in};
    run("station", |dir| {
        let world = qayd_station::World::os();
        let data = dir.join("station");
        provision(&world, &data);
        let (station, supervisor) = sign_in(&world, &data, SUPERVISOR);
        station
            .add_operator(
                &supervisor,
                &operator(OFFICER, qayd_protocol::Role::Officer),
            )
            .unwrap();
    });
}
