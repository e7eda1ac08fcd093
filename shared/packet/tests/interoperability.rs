//! Public COSE, CBOR and HPKE libraries read our packets, and refuse what we refuse.
//!
//! Needs `QAYD_ORACLES`: the path of a Python that has cwt, cbor2, cryptography and zstandard (`./x test` makes one).

use std::{path::PathBuf, process::Command};

fn open(vector: &str, keys: bool) -> Option<std::process::Output> {
    let python = qayd_oracles::python()?;
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let station = qayd_crypto::SigningKey::make(&[11; 32]).public();
    let mut command = Command::new(python);
    command
        .arg(here.join("tests/open_packet.py"))
        .arg(here.join("vectors").join(format!("{vector}.qpk")))
        .args(["--station-key", &hex::encode(station.to_bytes())])
        .arg("--dictionaries")
        .arg(here.join("dictionaries"));
    if keys {
        command.args([
            "--review-seed",
            &hex::encode([21; 32]),
            "--biometric-seed",
            &hex::encode([22; 32]),
            "--sensitive-seed",
            &hex::encode([23; 32]),
        ]);
    }
    Some(command.output().expect("the oracle's Python starts"))
}

#[test]
fn a_python_script_with_public_libraries_opens_both_suites() {
    for (suite, dictionary) in [
        ("packet_suite_0", 0),
        ("packet_suite_1", 0),
        ("packet_supervisor", 0),
        ("packet_suite_0_dictionary_1", 1),
        ("packet_suite_1_dictionary_1", 1),
        ("packet_suite_0_corrected", 1),
        ("packet_suite_0_extended", 1),
    ] {
        let Some(output) = open(suite, true) else {
            return;
        };
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{suite}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(
            said.contains(r#""operator_signed": true"#)
                && !said.contains(r#""opened": false"#)
                && said.contains(&format!(r#""dictionary": {dictionary}"#)),
            "{said}"
        );
        let extended = format!(r#""extended": {}"#, suite.ends_with("extended"));
        assert!(said.contains(&extended), "{said}");
        let sensitive = format!(
            r#""sensitive": {}"#,
            u8::from(!suite.ends_with("corrected"))
        );
        assert!(said.contains(&sensitive), "{said}");
    }
}

#[test]
fn without_opening_keys_the_script_verifies_the_manifest_and_opens_nothing() {
    let Some(output) = open("packet_suite_1", false) else {
        return;
    };
    assert!(output.status.success());
    assert!(!String::from_utf8_lossy(&output.stdout).contains("fields"));
}

#[test]
fn the_script_refuses_what_we_refuse() {
    let refused = [
        "packet_truncated",
        "packet_trailing_byte",
        "packet_part_altered",
        "packet_suite_0_dictionary_unknown",
        "manifest_not_canonical",
        "manifest_other_namespace",
    ];
    for vector in refused {
        let Some(output) = open(vector, true) else {
            return;
        };
        assert!(!output.status.success(), "{vector} was accepted");
    }
}
