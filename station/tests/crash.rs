//! Crashes: the process dies at a named point and a new one finds everything that was acknowledged.
//!
//! The test starts itself again as a child that works in a folder and aborts at the point: no destructor runs, no
//! transaction is rolled back by anybody. Run with `--features failpoints,test-util`.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use qayd_model::{SampleKind, Source, Value};
use qayd_station::testing::{
    OFFICER, PACK_ID, SUPERVISOR, TestCentre, fill, operator, provision, sample, sign_in,
};
use qayd_station::{Station, World, outbox};

const FOLDER: &str = "QAYD_CRASH_FOLDER";
const POINT: &str = "QAYD_CRASH_POINT";
const TIMES: &str = "QAYD_CRASH_TIMES";

/// What the child had been told was durable when it died.
#[derive(Debug, Default)]
struct Acknowledged {
    fields: u32,
    samples: u32,
    sealed: u32,
}

/// The child: works until the point is reached, and says after each step what was acknowledged.
#[test]
#[ignore = "run by the other tests as a process of its own"]
fn child() {
    let data = PathBuf::from(std::env::var(FOLDER).unwrap());
    let point = std::env::var(POINT).unwrap();
    let times: u32 = std::env::var(TIMES).unwrap().parse().unwrap();
    let world = World::os();
    if !Station::is_provisioned(&data) {
        if point == "before-provision-rename" {
            die_at(&point, times);
        }
        provision(&world, &data);
        let (station, supervisor) = sign_in(&world, &data, SUPERVISOR);
        station
            .add_operator(
                &supervisor,
                &operator(OFFICER, qayd_protocol::Role::Officer),
            )
            .unwrap();
    }
    let (station, session) = sign_in(&world, &data, OFFICER);
    die_at(&point, times);
    for _ in 0..4 {
        let mut draft = station.begin(&session, PACK_ID).unwrap();
        fill(&mut draft);
        say("draft-filled");
        for n in 0..3u32 {
            draft
                .set(
                    "remark",
                    &format!("remark {n}").as_str().into(),
                    Source::Statement,
                )
                .unwrap();
            say(&format!("field {n}"));
        }
        draft
            .add_sample(sample(SampleKind::Portrait, 50_000))
            .unwrap();
        say("sample");
        station
            .seal(&session, draft.finalise().unwrap(), None)
            .unwrap();
        say("sealed");
    }
    say("finished");
}

fn die_at(point: &str, times: u32) {
    let left = std::sync::atomic::AtomicU32::new(times);
    fail::cfg_callback(point, move || {
        if left.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    })
    .unwrap();
}

fn say(what: &str) {
    let mut out = std::io::stderr();
    writeln!(out, "ACK {what}").unwrap();
}

/// Runs the child until it dies at the `times`-th passage of the point.
fn run(data: &Path, point: &str, times: u32) -> (Acknowledged, bool) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--ignored", "--nocapture"])
        .env(FOLDER, data)
        .env(POINT, point)
        .env(TIMES, times.to_string())
        .stdout(Stdio::null())
        .output()
        .unwrap();
    let mut acknowledged = Acknowledged::default();
    let mut finished = false;
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        match line.strip_prefix("ACK ") {
            Some("sealed") => {
                acknowledged = Acknowledged {
                    sealed: acknowledged.sealed + 1,
                    ..Default::default()
                }
            }
            Some("draft-filled") => {
                acknowledged = Acknowledged {
                    sealed: acknowledged.sealed,
                    ..Default::default()
                }
            }
            Some("sample") => acknowledged.samples += 1,
            Some("finished") => finished = true,
            Some(field) if field.starts_with("field") => acknowledged.fields += 1,
            _ => {}
        }
    }
    (acknowledged, finished)
}

/// Opens the folder after the death and holds every promise against it.
fn check(data: &Path, acknowledged: &Acknowledged, point: &str) {
    let world = World::os();
    let (station, session) = sign_in(&world, data, OFFICER);
    station.audit_verify().unwrap();
    assert_eq!(station.rolled_back(), None, "{point}");
    let items = station
        .store()
        .read(|c| outbox::list(c, None, 0, 100))
        .unwrap();
    let sealed = items.len() as u32;
    assert!(
        sealed >= acknowledged.sealed && sealed <= acknowledged.sealed + 1,
        "{point}: {sealed} {acknowledged:?}"
    );
    let sequences: Vec<u64> = items.iter().map(|i| i.sequence).collect();
    assert_eq!(
        sequences,
        (1..=u64::from(sealed)).collect::<Vec<_>>(),
        "{point}: without gaps"
    );
    let mut previous = None;
    for item in &items {
        let bytes = std::fs::read(outbox::packet_path(data, item.packet)).unwrap();
        let packet = qayd_packet::verify_packet(&bytes, &station.signing_key().public()).unwrap();
        assert_eq!(
            packet.manifest().manifest().previous,
            previous,
            "{point}: the chain holds"
        );
        previous = Some(packet.manifest().digest());
        let content = TestCentre::default().open(&bytes, &station.identity().certificate);
        assert_eq!(content.samples.len(), 11);
    }
    assert_eq!(
        qayd_station::watch::count(&station).unwrap(),
        u64::from(sealed),
        "{point}: the duplicate watch knows everybody who is sealed and nobody else"
    );
    let files = std::fs::read_dir(station.outbox_folder())
        .map(|found| found.count())
        .unwrap_or_default();
    assert_eq!(
        files as u32, sealed,
        "{point}: nothing lies in the outbox that no row knows, and no half file"
    );
    let drafts = station.drafts().unwrap();
    assert!(drafts.len() <= 1, "{point}");
    if sealed == acknowledged.sealed && acknowledged.fields > 0 {
        let draft = station.resume(&session, drafts[0].enrolment).unwrap();
        let Some(Value::Text(remark)) = draft.value("remark").unwrap() else {
            panic!("{point}")
        };
        let number: u32 = remark
            .expose()
            .trim_start_matches("remark ")
            .parse()
            .unwrap();
        assert!(
            number + 1 >= acknowledged.fields,
            "{point}: an acknowledged field is there"
        );
        let portrait = draft
            .samples()
            .unwrap()
            .into_iter()
            .find(|s| s.kind == SampleKind::Portrait)
            .unwrap();
        if acknowledged.samples > 0 {
            assert_eq!(
                portrait.length, 50_000,
                "{point}: an acknowledged sample is there"
            );
        }
        // And the work goes on from there.
        station
            .seal(&session, draft.finalise().unwrap(), None)
            .unwrap();
    }
    for draft in station.drafts().unwrap() {
        station.discard(&session, draft.enrolment).unwrap();
    }
}

fn dies_at(point: &str, passages: &[u32]) {
    for times in passages {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("station");
        let (acknowledged, finished) = run(&data, point, *times);
        assert!(
            !finished,
            "{point}: the point was never passed {times} times"
        );
        check(&data, &acknowledged, point);
    }
}

#[test]
fn control_without_a_death_everything_is_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("station");
    let (acknowledged, finished) = run(&data, "no-such-point", 1);
    assert!(finished);
    assert_eq!(acknowledged.sealed, 4);
    check(&data, &acknowledged, "no-such-point");
}

#[test]
fn after_field_written() {
    dies_at("after-field-written", &[1, 7, 12]);
}

#[test]
fn after_sample_written() {
    dies_at("after-sample-written", &[1, 12, 14]);
}

#[test]
fn before_seal_file() {
    dies_at("before-seal-file", &[1, 3]);
}

#[test]
fn after_seal_file_write() {
    dies_at("after-seal-file-write", &[1, 3]);
}

#[test]
fn after_seal_rename() {
    dies_at("after-seal-rename", &[1, 3]);
}

#[test]
fn after_seal_commit() {
    dies_at("after-seal-commit", &[1, 3]);
}

#[test]
fn before_provision_rename() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("station");
    let (_, finished) = run(&data, "before-provision-rename", 1);
    assert!(!finished);
    assert!(!Station::is_provisioned(&data), "half a station is none");
    let (acknowledged, finished) = run(&data, "no-such-point", 1);
    assert!(finished, "and the folder can still become one");
    check(&data, &acknowledged, "before-provision-rename");
}

#[test]
fn after_attempt_counted() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("station");
    provision(&World::os(), &data);
    let attempts = data
        .join("wraps")
        .join(format!("{}.attempts", SUPERVISOR.0));
    fail::cfg_callback("after-attempt-counted", {
        let attempts = attempts.clone();
        move || assert!(attempts.exists(), "counted before it is looked at")
    })
    .unwrap();
    let (station, _) = sign_in(&World::os(), &data, SUPERVISOR);
    assert!(!attempts.exists());
    drop(station);
    fail::remove("after-attempt-counted");
}

#[test]
fn the_same_folder_dies_again_and_again() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("station");
    let points = [
        ("after-seal-rename", 1),
        ("after-field-written", 3),
        ("after-seal-rename", 2),
        ("after-seal-commit", 1),
        ("before-seal-file", 2),
        ("after-seal-rename", 1),
    ];
    let mut sealed_before = 0;
    for (point, times) in points {
        let (_, finished) = run(&data, point, times);
        assert!(!finished);
        let (station, session) = sign_in(&World::os(), &data, OFFICER);
        let items = station
            .store()
            .read(|c| outbox::list(c, None, 0, 100))
            .unwrap();
        let sequences: Vec<u64> = items.iter().map(|i| i.sequence).collect();
        assert_eq!(sequences, (1..=sequences.len() as u64).collect::<Vec<_>>());
        assert!(sequences.len() >= sealed_before);
        sealed_before = sequences.len();
        for draft in station.drafts().unwrap() {
            station.discard(&session, draft.enrolment).unwrap();
        }
        station.audit_verify().unwrap();
    }
    assert!(sealed_before >= 4);
}
