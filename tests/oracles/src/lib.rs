//! Oracles: the public implementations that tests hold ours against, where this machine has them.
//!
//! In: `QAYD_ORACLES`, a Python with the packages of `requirements.txt`; `QAYD_NODE_MODULES`, a folder with those of
//! `package.json`. `./x test` makes and names both. Programs of Debian packages, which it installs. Out: their paths.
//! Never: lets a test pass in silence without its oracle. It says that it was skipped; where `CI` is true or
//! `QAYD_ORACLES_REQUIRED` is set, as by `./x test`, it fails.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

/// The Python with the public libraries; `None`, said aloud, where a test may be skipped.
///
/// # Panics
/// Where oracles are required and there is none; where the variable names nothing that exists.
pub fn python() -> Option<PathBuf> {
    of("QAYD_ORACLES")
}

/// The folder of the public Node packages; `None`, said aloud, where a test may be skipped.
///
/// # Panics
/// As [`python`].
pub fn node_modules() -> Option<PathBuf> {
    of("QAYD_NODE_MODULES")
}

/// A program of the system, of a Debian package that `./x test` installs; `None`, said aloud, where a test may be skipped.
///
/// # Panics
/// Where oracles are required and the program is not there.
pub fn program(name: &str, package: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    if found.is_none() {
        let missing = format!("{name} of the package {package} is not installed");
        assert!(
            !is_required(),
            "{missing}, and oracles are required here: ./x test installs it"
        );
        skipped(&format!("{missing} (./x test installs it)"));
    }
    found
}

fn of(variable: &str) -> Option<PathBuf> {
    let found = found(variable, set(variable), is_required());
    if found.is_none() {
        skipped(&format!("{variable} is not set (./x test sets it)"));
    }
    found
}

fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn is_required() -> bool {
    set("QAYD_ORACLES_REQUIRED").is_some()
        || set("CI").is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
}

fn skipped(why: &str) {
    let test = std::thread::current();
    let name = test.name().unwrap_or("a test").to_owned();
    // Past the harness, which keeps what a passing test prints to itself.
    let _ = writeln!(std::io::stderr(), "skipped: {name}: {why}");
}

fn found(variable: &str, value: Option<OsString>, required: bool) -> Option<PathBuf> {
    let Some(value) = value else {
        assert!(
            !required,
            "{variable} is not set, and oracles are required here: ./x test sets it"
        );
        return None;
    };
    let path = PathBuf::from(value);
    assert!(path.exists(), "{variable} names nothing that exists");
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_where_the_system_finds_it() {
        assert!(program("sh", "dash").is_some_and(|path| path.is_absolute()));
    }

    #[test]
    fn without_an_oracle_a_test_is_skipped() {
        assert_eq!(found("X", None, false), None);
    }

    #[test]
    #[should_panic(expected = "X is not set")]
    fn without_an_oracle_a_test_fails_where_it_is_required() {
        found("X", None, true);
    }

    #[test]
    #[should_panic(expected = "names nothing")]
    fn an_oracle_that_is_not_there_is_no_oracle() {
        found("X", Some("/no/such/python".into()), false);
    }

    #[test]
    fn an_oracle_that_is_there_is_used() {
        let here = env!("CARGO_MANIFEST_DIR");
        for required in [false, true] {
            assert_eq!(found("X", Some(here.into()), required), Some(here.into()));
        }
    }
}
