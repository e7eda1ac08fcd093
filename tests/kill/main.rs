//! `kill -9` of the real command at every named point, on one station, against a real centre over HTTPS.
//!
//! In: the binary `qayd` with the feature `failpoints`, beside this test. Out: after each death the folder is held against
//! every promise, by the commands and by what the centre has; then the same command runs again. Never: a mock; a point
//! that is skipped: the list in the source and the list of deaths are compared.
#![allow(clippy::unwrap_used, reason = "a test")]

mod canaries;
mod controls;
mod promises;
mod qayd;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use qayd_crypto::ArgonParams;
use qayd_model::StationId;
use qayd_protocol::{
    InboxBody,
    trust::{Policy, sign},
};
use qayd_sync_server::dispatch::append_in;
use qayd_tests::Programme;
use qayd_world::World;
use serde_json::Value;
use tempfile::TempDir;

use promises::{Entered, Ledger, Seen, look, violations};
use qayd::{Qayd, files_in, provisioning};

/// A pack that takes a portrait and no fingers.
const SHORT: &str = "residence-card";
/// A pack that takes a portrait and ten fingers.
const LONG: &str = "national-card-first-issue";

/// A station at which somebody dies again and again.
struct Trials {
    programme: Programme,
    scratch: TempDir,
    qayd: Qayd,
    station: StationId,
    ledger: Ledger,
    died: BTreeSet<String>,
}

/// A file with a one-time invitation.
fn invitation(programme: &Programme, folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    let text = programme.invitation("camp");
    World::os()
        .files
        .write_durably(&path, text.as_bytes())
        .unwrap();
    path
}

/// The centre tells a station to delete what it delivered at once, so that a death finds something to spoil.
fn release_at_once(programme: &Programme, station: StationId) {
    let centre = programme.centre();
    let policy = Policy {
        argon: ArgonParams::TEST,
        retention_hours: 0,
        ..Policy::standard(2, centre.now())
    };
    let (keys, now) = (centre.keys().clone(), centre.now());
    let body = InboxBody::Policy(sign(&policy, keys.centre_key()).into());
    centre
        .register()
        .write(move |c| append_in(c, &keys, now, station, body, "policy"))
        .unwrap();
}

/// Dies while the folder becomes a station, and makes it one with another invitation.
fn provision() -> Trials {
    let programme = Programme::start();
    let scratch = TempDir::new().unwrap();
    let qayd = Qayd::at(scratch.path().join("station"));
    let first = invitation(&programme, scratch.path(), "first");
    qayd.as_supervisor()
        .dies_at("before-provision-rename", &provisioning(&first));
    assert_eq!(qayd.run(&["draft", "list"]).code(), "STA-01");
    // The keys that the centre certified died with the process: the invitation is used up, and that is said.
    let again = qayd.as_supervisor().run(&provisioning(&first));
    assert_eq!(again.code(), "PRV-04", "{}", again.value);
    let second = invitation(&programme, scratch.path(), "second");
    let made = qayd.provision(&second);
    Trials {
        programme,
        station: made["station"].as_str().unwrap().parse().unwrap(),
        qayd,
        scratch,
        ledger: Ledger::default(),
        died: BTreeSet::from(["before-provision-rename".to_owned()]),
    }
}

impl Trials {
    /// Dies at the point; every promise holds over what is left.
    fn dies_at(&mut self, point: &str, words: &[&str]) -> Seen {
        self.qayd.dies_at(point, words);
        let name = point.split(':').next().unwrap_or_default();
        self.died.insert(name.to_owned());
        self.check(point)
    }

    fn check(&mut self, after: &str) -> Seen {
        let seen = look(&self.qayd, &self.programme, self.station);
        let found = violations(&seen, &self.ledger);
        let broken: Vec<String> = found
            .iter()
            .map(|v| format!("{:?}: {}", v.promise, v.what))
            .collect();
        assert!(broken.is_empty(), "after {after}: {broken:#?}\n{seen:#?}");
        self.ledger.audit = seen.audit.unwrap_or_default();
        seen
    }

    /// A command that seals: its answer is an acknowledgement.
    fn seals(&mut self, words: &[&str]) -> Value {
        let sealed = self.qayd.ok(words);
        let text = |key: &str| sealed[key].as_str().unwrap().to_owned();
        self.ledger
            .packets
            .insert(text("packet"), text("packet_sha256"));
        sealed
    }

    /// The draft that is in `seen` and not yet in the ledger; all that it shows counts as acknowledged from now on.
    fn new_draft(&mut self, seen: &Seen) -> (String, Entered) {
        let mut fresh = seen
            .drafts
            .iter()
            .filter(|(id, _)| !self.ledger.drafts.contains_key(*id));
        let (id, entered) = fresh.next().expect("the cut draft is there");
        assert!(fresh.next().is_none(), "one draft was begun");
        self.ledger.drafts.insert(id.clone(), entered.clone());
        (id.clone(), entered.clone())
    }

    fn has_row(&self, seen: &Seen, enrolment: &str) -> bool {
        seen.rows.iter().any(|row| row.enrolment == enrolment)
    }

    fn files(&self) -> usize {
        files_in(&self.qayd.data.join("outbox")).len()
    }

    /// Deaths while answers, images and files come in.
    fn drafts(&mut self) {
        self.dies_at("after-attempt-counted", &["draft", "list"]);
        self.qayd.ok(&["draft", "list"]);

        let first = ["enrol", "--pack", SHORT, "--simulated", "11"];
        let seen = self.dies_at("before-seal-file", &first);
        let (whole, reference) = self.new_draft(&seen);
        assert_eq!(reference.samples, 1, "everything was in the draft");
        let seen = self.dies_at("after-field-written:7", &first);
        let (cut, entered) = self.new_draft(&seen);
        assert_eq!(
            entered.fields.len(),
            7,
            "seven answers were durable when it died"
        );
        for (field, value) in &entered.fields {
            assert_eq!(reference.fields.get(field), Some(value), "{field}");
        }
        self.seals(&first);
        self.qayd.ok(&["draft", "discard", &cut]);
        self.ledger.drafts.remove(&cut);

        // Death between the answers of a known draft: what was typed is there, word for word.
        let set = [
            "draft",
            "resume",
            &whole,
            "--set",
            "form_number=F-2201",
            "--set",
            "phone=07701234567",
        ];
        let known = self.ledger.drafts.get_mut(&whole).unwrap();
        known.fields.insert("form_number".into(), "F-2201".into());
        self.dies_at("after-field-written:1", &set);
        self.qayd.ok(&set);
        let known = self.ledger.drafts.get_mut(&whole).unwrap();
        known.fields.insert("phone".into(), "07701234567".into());
        self.seal_of(&whole);

        let long = ["enrol", "--pack", LONG, "--simulated", "301"];
        let seen = self.dies_at("after-sample-written:4", &long);
        let (fingers, entered) = self.new_draft(&seen);
        assert_eq!(
            entered.samples, 4,
            "four images were durable when it died: {entered:?}"
        );
        let sealed = self.seals(&["draft", "resume", &fingers, "--simulated", "301", "--seal"]);
        assert_eq!(sealed["samples"], 11);
    }

    /// Deaths while one draft is sealed, at each step.
    fn seal_of(&mut self, draft: &str) {
        let seal = ["draft", "resume", draft, "--seal"];
        let before = self.files();
        let seen = self.dies_at("after-seal-file-write", &seal);
        assert!(
            !self.has_row(&seen, draft),
            "a file without its name is no packet"
        );
        assert_eq!(
            self.files(),
            before,
            "what was staged is swept at the next start"
        );
        let seen = self.dies_at("after-seal-rename", &seal);
        assert!(
            self.has_row(&seen, draft),
            "the file was whole: the next start completes the seal"
        );
        assert_eq!(
            self.qayd.run(&seal).code(),
            "ENR-01",
            "nothing is sealed twice"
        );
        assert_eq!(self.files(), before + 1);
    }

    /// Deaths right after a folder was read, and right after its seal was committed.
    fn import(&mut self) {
        let folder = qayd_tests_examples().join(SHORT);
        let folder = folder.to_str().unwrap();
        let words = [
            "enrol",
            "--pack",
            SHORT,
            "--person",
            folder,
            "--simulated",
            "303",
        ];
        let seen = self.dies_at("after-import", &words);
        let (draft, entered) = self.new_draft(&seen);
        assert!(
            entered.fields.len() > 7,
            "the whole folder or nothing: {entered:?}"
        );
        let seal = ["draft", "resume", &draft, "--simulated", "303", "--seal"];
        let seen = self.dies_at("after-seal-commit", &seal);
        assert!(self.has_row(&seen, &draft));
        assert_eq!(
            self.qayd.run(&seal).code(),
            "ENR-01",
            "nothing is sealed twice"
        );
    }

    /// Deaths on the way to the centre.
    fn sending(&mut self) {
        let send = ["outbox", "send", "--patience", "5"];
        release_at_once(&self.programme, self.station);
        let waiting = self.files();
        let seen = self.dies_at("before-offer", &send);
        assert_eq!(
            (seen.held.len(), self.files()),
            (0, waiting),
            "nothing has left"
        );
        self.dies_at("mid-upload:2", &send);
        assert_eq!(self.files(), waiting, "every file is still there");
        let seen = self.dies_at("after-receipt-before-release", &send);
        assert!(
            !seen.held.is_empty() && self.files() == waiting,
            "receipted and not yet deleted"
        );
        self.qayd.ok(&send);
        assert_eq!(
            self.files(),
            0,
            "the same command again delivers and releases"
        );
        self.seals(&["enrol", "--pack", SHORT, "--simulated", "12"]);
        self.dies_at("after-release", &send);
        assert_eq!(self.files(), 0);
        self.qayd.ok(&send);
    }

    /// Everything is at the centre exactly once, byte for byte, and opens there.
    fn everything_is_delivered_once(&mut self) {
        let seen = self.check("everything");
        assert!(
            seen.drafts.is_empty(),
            "no draft is left over: {:?}",
            seen.drafts
        );
        assert_eq!(seen.rows.len(), seen.held.len());
        for (row, held) in seen.rows.iter().zip(&seen.held) {
            assert_eq!(
                (row.sequence, &row.packet, &row.sha256),
                (held.sequence, &held.packet, &held.sha256)
            );
            assert_eq!(row.state, "delivered");
        }
        self.programme.examine_all();
        for row in &seen.rows {
            let case = self.programme.case(row.enrolment.parse().unwrap());
            assert_eq!(
                case.checks_failed, 0,
                "the centre opened {} and found fault",
                row.enrolment
            );
        }
    }
}

fn qayd_tests_examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs/examples")
}

/// Names of all points in the source of the station.
fn points_in(folder: &Path, found: &mut BTreeSet<String>) {
    for path in files_in(folder) {
        if path.is_dir() {
            points_in(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        for rest in text.split("fail_point!(\"").skip(1) {
            found.insert(rest.split('"').next().unwrap_or_default().to_owned());
        }
    }
}

#[test]
fn killed_at_every_named_point_the_station_loses_nothing_and_sends_nothing_twice() {
    let mut trials = provision();
    trials.drafts();
    trials.import();
    trials.sending();
    trials.everything_is_delivered_once();
    let mut points = BTreeSet::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../station/src");
    points_in(&source, &mut points);
    assert_eq!(
        trials.died, points,
        "a death at every point that the source names"
    );
    drop(trials.scratch);
}
