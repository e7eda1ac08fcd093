//! `qayd fingerprint`, as a stranger runs it: on files, without a station.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;
use std::process::{Command, Output};

use qayd_fingerprint::synthetic::{
    ImpressionSettings, MasterFinger, SlapSettings, SyntheticPerson, impression, slap,
};
use qayd_fingerprint::{GreyImage, Template};
use qayd_model::{FingerPosition, Ppi, Slap};
use serde_json::Value;

fn qayd(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_qayd"))
        .arg("fingerprint")
        .args(arguments)
        .current_dir(dir)
        .env_clear()
        .output()
        .unwrap()
}

/// What a command that succeeds prints with `--json`.
fn json(dir: &Path, arguments: &[&str]) -> Value {
    let output = qayd(dir, &[arguments, &["--json"]].concat());
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

#[allow(clippy::disallowed_methods, reason = "a test's own files")]
fn put(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn print(finger: u64, occasion: u64) -> Vec<u8> {
    let master = MasterFinger::make(finger);
    impression(&master, &ImpressionSettings::natural(occasion))
        .encode_png()
        .unwrap()
}

/// Three fingers of three impressions, and a blank one, which cannot be enrolled.
fn small_set(dir: &Path) {
    for finger in 1..=3 {
        for occasion in 1..=3 {
            put(
                &dir.join(format!("set/{finger}_{occasion}.png")),
                &print(finger, occasion),
            );
        }
    }
    let blank = GreyImage::new(300, 300, Ppi(500), vec![250; 90_000]).unwrap();
    put(&dir.join("set/4_1.png"), &blank.encode_png().unwrap());
}

#[test]
fn two_prints_of_a_finger_match_and_others_do_not_whatever_their_files_are() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    put(&dir.join("a.png"), &print(5, 1));
    put(&dir.join("b.png"), &print(5, 2));
    put(&dir.join("c.png"), &print(6, 1));
    let seen = json(dir, &["extract", "a.png", "-o", "a.qft"]);
    let template = Template::from_bytes(&std::fs::read(dir.join("a.qft")).unwrap()).unwrap();
    assert_eq!(seen["minutiae"], template.minutiae().len());
    assert!(seen["quality"]["value"].as_u64().unwrap() > 20);
    assert_eq!(json(dir, &["match", "a.qft", "b.png"])["same_finger"], true);
    let other = json(dir, &["match", "a.png", "c.png"]);
    assert_eq!(other["same_finger"], false);
    assert!(other["false_match_rate"].as_f64().unwrap() > 0.001);
    let text = qayd(dir, &["match", "a.qft", "c.png"]);
    assert_eq!(text.status.code(), Some(0), "an answer is no failure");
    assert!(String::from_utf8_lossy(&text.stdout).contains("not shown to be the same finger"));
    let quality = json(dir, &["quality", "b.png"]);
    assert!(quality["algorithm"].is_string() && quality["reasons"].is_array());
    for file in ["w.wsq", "r.fir"] {
        json(dir, &["convert", "a.png", file, "--finger", "right_index"]);
        assert_eq!(
            json(dir, &["match", file, "b.png"])["same_finger"],
            true,
            "{file}"
        );
    }
}

#[test]
fn conversions_lead_there_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    put(&dir.join("a.png"), &print(5, 1));
    let read = |name: &str| std::fs::read(dir.join(name)).unwrap();
    json(dir, &["convert", "a.png", "a.fir"]);
    json(dir, &["convert", "a.fir", "again.png"]);
    assert_eq!(read("again.png"), read("a.png"));
    json(dir, &["convert", "a.png", "a.xml", "--finger", "left_ring"]);
    json(dir, &["convert", "a.xml", "back.png"]);
    assert_eq!(read("back.png"), read("a.png"));
    json(dir, &["convert", "a.xml", "same.xml"]);
    assert_eq!(read("same.xml"), read("a.xml"));
    let made = json(dir, &["convert", "a.png", "a.fmr"]);
    assert_eq!(made["to"], "iso19794-2:2011");
    json(
        dir,
        &["convert", "a.fmr", "a2009.fmr", "--to", "ansi378-2009"],
    );
    json(dir, &["convert", "a2009.fmr", "a2.fmr"]);
    let count = |name: &str| json(dir, &["convert", name, "x.qft"])["minutiae"].clone();
    assert_eq!(count("a.fmr"), count("a2.fmr"));
}

#[test]
fn a_slap_is_cut_into_named_fingers() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let person = SyntheticPerson::make(3);
    let picture = slap(&person, Slap::LeftFour, &SlapSettings::good(4));
    put(&dir.join("slap.png"), &picture.encode_png().unwrap());
    let seen = json(
        dir,
        &["segment", "slap.png", "-o", "out", "--of", "left-four"],
    );
    assert_eq!(seen["hand"], "left");
    assert_eq!(seen["fingers"].as_array().unwrap().len(), 4);
    for finger in Slap::LeftFour.fingers() {
        assert!(dir.join(format!("out/{}.png", finger.name())).is_file());
    }
    let wrong = qayd(
        dir,
        &["segment", "slap.png", "-o", "wrong", "--of", "right-four"],
    );
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("looks like a left hand"));
}

#[test]
fn generated_pictures_are_the_same_for_the_same_seed_and_can_be_evaluated() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let seen = json(
        dir,
        &[
            "generate",
            "--people",
            "1",
            "--impressions",
            "2",
            "--seed",
            "9",
            "-o",
            "a",
        ],
    );
    assert_eq!(
        (&seen["fingers"], &seen["pictures"]),
        (&Value::from(10), &Value::from(20))
    );
    json(
        dir,
        &[
            "generate",
            "--people",
            "1",
            "--impressions",
            "1",
            "--seed",
            "9",
            "-o",
            "b",
        ],
    );
    let read = |name: &str| std::fs::read(dir.join(name)).unwrap();
    assert_eq!(read("a/7_1.png"), read("b/7_1.png"));
    assert_ne!(read("a/7_1.png"), read("a/7_2.png"));
    let seen = json(dir, &["evaluate", "a"]);
    assert_eq!(
        (&seen["pooled"]["genuine"], &seen["pooled"]["impostor"]),
        (&Value::from(10), &Value::from(180))
    );
    assert_eq!(seen["fvc"]["pooled"]["impostor"], 45);
}

/// The members of a set, as everyone who reads the evaluation expects them.
const MEMBERS: [&str; 13] = [
    "genuine",
    "impostor",
    "failures_to_enrol",
    "eer",
    "fmr100",
    "fmr1000",
    "fmr10000",
    "zero_fmr",
    "extract_ms_mean",
    "extract_ms_p99",
    "exact_per_second",
    "search_per_second",
    "template_bytes",
];

#[test]
fn an_evaluation_has_every_member_and_counts_what_was_not_enrolled() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    small_set(dir);
    put(&dir.join("set/ppi.txt"), b"500\n");
    put(&dir.join("set/notes.txt"), b"left alone");
    let output = qayd(
        dir,
        &["evaluate", "set", "./set/", "--json", "--plot", "det.svg"],
    );
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("4_1.png: not enrolled: no minutiae"));
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(seen["sets"].as_array().unwrap().len(), 2);
    for set in [&seen["sets"][0], &seen["mean"], &seen["pooled"]] {
        for member in MEMBERS {
            assert!(set[member].is_number(), "{member}");
        }
    }
    let set = &seen["sets"][0];
    assert_eq!(set["name"], "set");
    assert_eq!(set.as_object().unwrap().len(), 1 + MEMBERS.len());
    // Ten prints: nine pairs of one finger, the other 36 of different ones, those with the blank print among them.
    assert_eq!(
        (set["genuine"].as_u64(), set["impostor"].as_u64()),
        (Some(9), Some(36))
    );
    assert_eq!(set["failures_to_enrol"], 1);
    assert_eq!(seen["pooled"]["failures_to_enrol"], 2);
    assert_eq!(seen["pooled"]["genuine"], 18);
    assert!(set["extract_ms_p99"].as_f64() >= set["extract_ms_mean"].as_f64());
    assert!(set["exact_per_second"].as_f64().unwrap() > 100.0);
    assert!(set["search_per_second"].as_f64().unwrap() > 100.0);
    assert_eq!(seen["fvc"]["sets"][0]["impostor"], 6);
    let plot = std::fs::read_to_string(dir.join("det.svg")).unwrap();
    assert_eq!(
        plot.matches("<path").count(),
        3,
        "two sets and all together"
    );
}

#[test]
fn a_genuine_pair_that_was_not_enrolled_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    small_set(dir);
    // A second impression of the blank finger: one genuine pair of ten that no threshold above 0 accepts.
    put(
        &dir.join("set/4_2.png"),
        &std::fs::read(dir.join("set/4_1.png")).unwrap(),
    );
    put(&dir.join("set/4_3.png"), b"this is no picture");
    let seen = json(dir, &["evaluate", "set"]);
    let set = &seen["sets"][0];
    assert_eq!(
        (set["genuine"].as_u64(), set["failures_to_enrol"].as_u64()),
        (Some(12), Some(3))
    );
    assert!(set["zero_fmr"].as_f64().unwrap() >= 0.25);
}

#[test]
fn the_probe_is_found_in_a_gallery_of_people_and_of_files() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for person in 1..=4u64 {
        let body = SyntheticPerson::make(person);
        for finger in [FingerPosition::RightIndex, FingerPosition::LeftThumb] {
            let png = |occasion| body.impression(finger, occasion).encode_png().unwrap();
            put(
                &dir.join(format!("people/p{person}/{}.png", finger.name())),
                &png(1),
            );
            put(
                &dir.join(format!("files/{person}_{}.png", finger.name())),
                &png(1),
            );
            put(
                &dir.join(format!("probe{person}/{}.png", finger.name())),
                &png(2),
            );
        }
    }
    let seen = json(
        dir,
        &[
            "search",
            "--gallery",
            "people",
            "--probe",
            "probe3",
            "--limit",
            "2",
        ],
    );
    assert_eq!(
        (seen["persons"].as_u64(), seen["failures_to_enrol"].as_u64()),
        (Some(4), Some(0))
    );
    assert_eq!(seen["candidates"][0]["person"], "p3");
    assert!(seen["candidates"].as_array().unwrap().len() <= 2);
    let seen = json(
        dir,
        &[
            "search",
            "--gallery",
            "files",
            "--probe",
            "probe2/left_thumb.png",
        ],
    );
    assert_eq!(seen["candidates"][0]["person"], "2_left_thumb.png");
}
