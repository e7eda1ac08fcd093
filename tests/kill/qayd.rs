//! The command `qayd` as somebody runs it, and as a power cut ends it.
//!
//! In: a data folder, words, a point to die at. Out: [`Ended`]. Owns: a temporary folder beside the data folder, so that
//! nothing the command leaves elsewhere goes unseen. Never: opens the station's store.

use std::{
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use qayd_tests::PASSPHRASE;
use serde_json::Value;

/// What to do when the command is absent or not the one of the tests.
const BUILD: &str = "build the binaries first: cargo build --workspace --bins";

/// A station at the command line.
#[derive(Clone)]
pub struct Qayd {
    /// Its data folder.
    pub data: PathBuf,
    operator: &'static str,
    environment: Vec<(&'static str, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit status; `None` after a signal.
    pub status: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Its data, or its error.
    pub value: Value,
    /// Everything it printed, as bytes.
    pub printed: Vec<u8>,
}

impl Ended {
    /// Code of the failure; empty when there was none.
    pub fn code(&self) -> &str {
        self.value["error"]["code"].as_str().unwrap_or_default()
    }
}

impl Qayd {
    /// The station of a folder, with `officer` at the keys.
    pub fn at(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            operator: "officer",
            environment: Vec::new(),
        }
    }

    /// The same station with `supervisor` at the keys.
    pub fn as_supervisor(&self) -> Self {
        Self {
            operator: "supervisor",
            ..self.clone()
        }
    }

    /// The same station with one more variable in the environment.
    pub fn with(&self, name: &'static str, value: impl Into<String>) -> Self {
        let mut made = self.clone();
        made.environment.push((name, value.into()));
        made
    }

    /// Provisions the folder and adds the officer.
    pub fn provision(&self, invitation: &Path) -> Value {
        let ended = self.as_supervisor().run(&provisioning(invitation));
        assert_eq!(
            ended.status,
            Some(0),
            "with SES-10, this qayd is not the one of the tests; {BUILD}\n{}",
            ended.value
        );
        self.as_supervisor().ok(&["operator", "add", "officer"]);
        ended.value
    }

    /// Runs a command; any end is an answer.
    pub fn run(&self, words: &[&str]) -> Ended {
        let mut command = Command::new(binary());
        command
            .args(["--json", "--operator", self.operator, "--data"])
            .arg(&self.data)
            .args(words)
            .stdin(Stdio::null())
            .env("QAYD_PASSPHRASE", PASSPHRASE)
            .env("QAYD_NEW_PASSPHRASE", PASSPHRASE)
            .env_remove("QAYD_CRASH_AT");
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        let output = command.output().expect("qayd starts");
        let said = if output.stdout.is_empty() {
            &output.stderr
        } else {
            &output.stdout
        };
        let value = String::from_utf8_lossy(said)
            .lines()
            .rev()
            .find_map(|line| serde_json::from_str(line).ok())
            .unwrap_or(Value::Null);
        Ended {
            status: output.status.code(),
            signal: output.status.signal(),
            value,
            printed: [output.stdout, output.stderr].concat(),
        }
    }

    /// Runs a command that has to succeed, and gives its data.
    pub fn ok(&self, words: &[&str]) -> Value {
        let ended = self.run(words);
        assert_eq!(
            ended.status,
            Some(0),
            "qayd {}: {}",
            words.join(" "),
            String::from_utf8_lossy(&ended.printed)
        );
        ended.value
    }

    /// Runs a command that has to be killed at a point, `point` or `point:n` for its n-th passage.
    pub fn dies_at(&self, point: &str, words: &[&str]) {
        let ended = self.with("QAYD_CRASH_AT", point).run(words);
        assert_eq!(
            ended.signal,
            Some(9),
            "qayd {} was not killed at {point}; if it was built without the points, {BUILD}\n{}",
            words.join(" "),
            String::from_utf8_lossy(&ended.printed)
        );
        assert!(
            ended.value.is_null(),
            "a result was told before it was whole: {}",
            ended.value
        );
    }
}

/// The words that make a folder a station.
pub fn provisioning(invitation: &Path) -> [&str; 4] {
    let path = invitation.to_str().expect("a path of text");
    ["station", "provision", "--invitation", path]
}

/// The built command, beside the folder of this test.
fn binary() -> PathBuf {
    let here = std::env::current_exe().expect("this test is a file");
    let path = here
        .ancestors()
        .nth(2)
        .map(|folder| folder.join("qayd"))
        .unwrap_or_default();
    assert!(path.is_file(), "{} is not there; {BUILD}", path.display());
    path
}

/// Copies a folder with everything below it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for path in files_in(from) {
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// What lies in a folder, in order of names; nothing when there is none.
pub fn files_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
