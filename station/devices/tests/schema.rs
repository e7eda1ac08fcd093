//! The published JSON Schema, read by a public implementation of it, says yes to every profile and no to a stranger's key.
//!
//! Needs `QAYD_ORACLES`: a Python that has jsonschema (`./x test` makes one).

use std::{path::PathBuf, process::Command};

#[test]
fn every_file_fits_the_published_schema_and_the_schema_says_no_to_a_stranger() {
    let Some(python) = qayd_oracles::python() else {
        return;
    };
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let checked = Command::new(python)
        .arg(here.join("tests/check_profiles.py"))
        .arg(here.join("../../hardware-profiles"))
        .output()
        .unwrap();
    assert!(
        checked.status.success(),
        "{}{}",
        String::from_utf8_lossy(&checked.stdout),
        String::from_utf8_lossy(&checked.stderr)
    );
}
