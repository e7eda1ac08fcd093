//! Promises: what has to be true of a station's folder at any moment, whoever died there last.
//!
//! In: the folder, through the commands `draft`, `outbox`, `audit` and `packet`; the centre's own rows; what the test was
//! told is saved. Out: [`Violation`]s. Never: believes one side alone: a file is hashed here, a deletion is held against
//! what the centre has.

use std::collections::{BTreeMap, BTreeSet};

use qayd_crypto::sha256;
use qayd_model::StationId;
use qayd_sync_server::intake::packets_of_station;
use qayd_tests::Programme;
use serde_json::Value;

use crate::qayd::{Qayd, files_in};

/// The master invariants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// What was acknowledged is in its draft, in a packet, or at the centre.
    NothingAcknowledgedIsLost,
    /// A packet file is absent or whole.
    NoHalfPacket,
    /// A packet leaves the station after the centre has it.
    NothingDeletedWithoutReceipt,
    /// Packets are numbered without a gap, each bears the digest of the one before; the audit trail holds.
    ChainWithoutGap,
    /// Nothing is at the centre twice, or a draft and a packet at once.
    NothingTwice,
}

/// A promise that was broken, and where.
#[derive(Debug)]
pub struct Violation {
    /// Which.
    pub promise: Promise,
    /// Where and how.
    pub what: String,
}

/// What the test was told is durable.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// Drafts by enrolment.
    pub drafts: BTreeMap<String, Entered>,
    /// Digest of the file by packet.
    pub packets: BTreeMap<String, String>,
    /// Entries of the audit trail.
    pub audit: u64,
}

/// What a draft has to hold at least.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entered {
    /// Answers by field.
    pub fields: BTreeMap<String, String>,
    /// How many samples.
    pub samples: usize,
}

/// A packet in the station's own list.
#[derive(Debug, Clone)]
pub struct Row {
    pub sequence: u64,
    pub packet: String,
    pub enrolment: String,
    pub state: String,
    pub sha256: String,
}

/// A packet as its manifest tells, from a file of the station or from the centre.
#[derive(Debug, Clone)]
pub struct Packet {
    pub packet: String,
    pub enrolment: String,
    pub version: u64,
    pub sequence: u64,
    pub sha256: String,
    pub manifest: String,
    pub previous: Option<String>,
}

/// Everything that was seen of one station.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Files named as packets that do not verify, and other files in the outbox once the program has started.
    pub half: Vec<String>,
    pub drafts: BTreeMap<String, Entered>,
    pub rows: Vec<Row>,
    /// Packet files.
    pub files: Vec<Packet>,
    /// Entries of the audit trail, when it is intact.
    pub audit: Option<u64>,
    /// What the centre holds of this station.
    pub held: Vec<Packet>,
    /// Commands that did not answer.
    pub silent: Vec<String>,
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

impl Packet {
    fn of_view(view: &Value, sha256: String) -> Self {
        Self {
            packet: text(view, "packet"),
            enrolment: text(view, "enrolment"),
            version: view["version"].as_u64().unwrap_or_default(),
            sequence: view["sequence"].as_u64().unwrap_or_default(),
            sha256,
            manifest: text(view, "manifest_sha256"),
            previous: view["previous"].as_str().map(str::to_owned),
        }
    }
}

/// What the centre holds of a station, every packet verified again.
pub fn held(programme: &Programme, station: StationId) -> Vec<Packet> {
    let centre = programme.centre();
    let rows = centre
        .register()
        .read(|connection| packets_of_station(connection, station, 0, 1000))
        .unwrap();
    rows.into_iter()
        .map(|row| {
            let stored = centre.read_packet(row.id).unwrap();
            let verified = stored.verify().unwrap();
            let manifest = verified.manifest().manifest();
            Packet {
                packet: manifest.packet.to_string(),
                enrolment: manifest.enrolment.to_string(),
                version: manifest.version.into(),
                sequence: manifest.sequence,
                sha256: sha256(stored.bytes()).to_hex(),
                manifest: verified.manifest().digest().to_hex(),
                previous: manifest.previous.map(|digest| digest.to_hex()),
            }
        })
        .collect()
}

/// Looks at a station: first at the files as they lie there, then at what the program says once it has started.
pub fn look(qayd: &Qayd, programme: &Programme, station: StationId) -> Seen {
    let mut seen = Seen {
        held: held(programme, station),
        ..Seen::default()
    };
    let row = programme.centre().station(station).unwrap().unwrap();
    let key: String = row
        .key
        .to_bytes()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    // Needs no start of the program on this folder: nothing has been put right yet.
    packets(qayd, &key, &mut seen, false);
    let drafts = answer(qayd, &["draft", "list"], &mut seen);
    for draft in drafts.as_array().into_iter().flatten() {
        let enrolment = text(draft, "enrolment");
        let shown = answer(qayd, &["draft", "show", &enrolment], &mut seen);
        seen.drafts.insert(enrolment, Entered::of_view(&shown));
    }
    let rows = answer(qayd, &["outbox", "list"], &mut seen);
    for row in rows.as_array().into_iter().flatten() {
        seen.rows.push(Row {
            sequence: row["sequence"].as_u64().unwrap_or_default(),
            packet: text(row, "packet"),
            enrolment: text(row, "enrolment"),
            state: text(row, "state"),
            sha256: text(row, "sha256"),
        });
    }
    let audit = answer(qayd, &["audit", "verify"], &mut seen);
    seen.audit = audit["entries"]
        .as_u64()
        .filter(|_| audit["intact"] == true);
    packets(qayd, &key, &mut seen, true);
    seen
}

impl Entered {
    /// What `draft show` says.
    pub fn of_view(view: &Value) -> Self {
        let fields = view["fields"].as_array().into_iter().flatten();
        Self {
            fields: fields
                .map(|f| (text(f, "field"), text(f, "text")))
                .collect(),
            samples: view["samples"].as_array().map_or(0, Vec::len),
        }
    }
}

fn answer(qayd: &Qayd, words: &[&str], seen: &mut Seen) -> Value {
    let ended = qayd.run(words);
    if ended.status != Some(0) {
        let said = String::from_utf8_lossy(&ended.printed).into_owned();
        seen.silent
            .push(format!("{} {:?}: {said}", words.join(" "), ended.status));
        return Value::Null;
    }
    ended.value
}

fn packets(qayd: &Qayd, key: &str, seen: &mut Seen, started: bool) {
    for path in files_in(&qayd.data.join("outbox")) {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if !name.ends_with(".qpk") {
            // Before the start a staged file may lie there under another name.
            if started {
                seen.half
                    .push(format!("{name} still lies there after a start"));
            }
            continue;
        }
        let words = [
            "packet",
            "verify",
            "--station-key",
            key,
            path.to_str().unwrap(),
        ];
        let ended = qayd.run(&words);
        if ended.status != Some(0) {
            seen.half.push(format!("{name}: {}", ended.code()));
        } else if started {
            let digest = sha256(&std::fs::read(&path).unwrap()).to_hex();
            seen.files.push(Packet::of_view(&ended.value, digest));
        }
    }
}

/// Every promise that does not hold.
pub fn violations(seen: &Seen, ledger: &Ledger) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut broken = |promise, what: String| found.push(Violation { promise, what });
    for what in &seen.silent {
        broken(Promise::NothingAcknowledgedIsLost, what.clone());
    }
    for what in &seen.half {
        broken(Promise::NoHalfPacket, what.clone());
    }
    lost(seen, ledger, &mut broken);
    deleted(seen, &mut broken);
    chain(seen, ledger, &mut broken);
    twice(seen, &mut broken);
    found
}

fn lost(seen: &Seen, ledger: &Ledger, broken: &mut impl FnMut(Promise, String)) {
    let promise = Promise::NothingAcknowledgedIsLost;
    for (enrolment, entered) in &ledger.drafts {
        if seen.rows.iter().any(|row| row.enrolment == *enrolment) {
            continue;
        }
        let Some(there) = seen.drafts.get(enrolment) else {
            broken(
                promise,
                format!("enrolment {enrolment} is in no draft and no packet"),
            );
            continue;
        };
        for (field, value) in &entered.fields {
            if there.fields.get(field) != Some(value) {
                broken(
                    promise,
                    format!("field {field} of {enrolment} is not what was entered"),
                );
            }
        }
        if there.samples < entered.samples {
            broken(
                promise,
                format!(
                    "{} of {} samples of {enrolment}",
                    there.samples, entered.samples
                ),
            );
        }
    }
    for (packet, digest) in &ledger.packets {
        if !seen
            .rows
            .iter()
            .any(|row| row.packet == *packet && row.sha256 == *digest)
        {
            broken(
                promise,
                format!("packet {packet} was sealed and is not in the outbox"),
            );
        }
    }
}

fn deleted(seen: &Seen, broken: &mut impl FnMut(Promise, String)) {
    let same = |packets: &[Packet], row: &Row| {
        packets
            .iter()
            .any(|p| p.packet == row.packet && p.sha256 == row.sha256)
    };
    for row in &seen.rows {
        let receipted = ["delivered", "settled"].contains(&row.state.as_str());
        if receipted && !same(&seen.held, row) {
            broken(
                Promise::NothingDeletedWithoutReceipt,
                format!(
                    "packet {} counts as delivered and the centre does not have it",
                    row.packet
                ),
            );
        }
        if !receipted && !same(&seen.files, row) {
            broken(
                Promise::NothingDeletedWithoutReceipt,
                format!("the file of packet {} is gone", row.packet),
            );
        }
    }
    for file in &seen.files {
        if !seen.rows.iter().any(|row| row.packet == file.packet) {
            broken(
                Promise::NothingAcknowledgedIsLost,
                format!("the file of packet {} is in no list", file.packet),
            );
        }
    }
}

fn chain(seen: &Seen, ledger: &Ledger, broken: &mut impl FnMut(Promise, String)) {
    let promise = Promise::ChainWithoutGap;
    let sequences: Vec<u64> = seen.rows.iter().map(|row| row.sequence).collect();
    if !sequences.iter().copied().eq(1..=seen.rows.len() as u64) {
        broken(promise, format!("the sequence is {sequences:?}"));
    }
    let mut links: BTreeMap<u64, (&str, Option<&str>)> = BTreeMap::new();
    for packet in seen.files.iter().chain(&seen.held) {
        let link = (packet.manifest.as_str(), packet.previous.as_deref());
        if links
            .insert(packet.sequence, link)
            .is_some_and(|other| other != link)
        {
            broken(
                promise,
                format!("number {} was used for two packets", packet.sequence),
            );
        }
    }
    for (sequence, (_, previous)) in &links {
        let before = links.get(&(sequence - 1)).map(|(manifest, _)| *manifest);
        if *previous != before {
            broken(
                promise,
                format!("packet number {sequence} does not follow the one before"),
            );
        }
    }
    match seen.audit {
        None => broken(promise, "the audit trail is not intact".to_owned()),
        Some(entries) if entries < ledger.audit => {
            broken(
                promise,
                format!("{entries} of {} audit entries", ledger.audit),
            );
        }
        Some(_) => {}
    }
}

fn twice(seen: &Seen, broken: &mut impl FnMut(Promise, String)) {
    let promise = Promise::NothingTwice;
    let mut versions = BTreeSet::new();
    for packet in &seen.held {
        if !versions.insert((&packet.enrolment, packet.version)) {
            broken(
                promise,
                format!("the centre holds enrolment {} twice", packet.enrolment),
            );
        }
    }
    let mut sealed = BTreeSet::new();
    for row in &seen.rows {
        if seen.drafts.contains_key(&row.enrolment) {
            broken(
                promise,
                format!("enrolment {} is a draft and a packet", row.enrolment),
            );
        }
        if !sealed.insert(&row.enrolment) {
            broken(
                promise,
                format!("enrolment {} was sealed twice", row.enrolment),
            );
        }
    }
}
