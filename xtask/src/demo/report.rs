//! The report of a headless run.

use std::time::Instant;

use serde::Serialize;

/// What happened and what held.
#[derive(Serialize)]
pub struct Report {
    /// Every invariant held.
    pub ok: bool,
    /// People enrolled.
    pub people: usize,
    /// What must hold.
    pub invariants: Vec<Invariant>,
    /// What was done.
    pub steps: Vec<Step>,
    /// What these people could not show, and why.
    pub notes: Vec<String>,
    /// Each sealed packet, in the order of its sequence.
    pub packets: Vec<Packet>,
}

/// One promise.
#[derive(Serialize)]
pub struct Invariant {
    /// The promise.
    pub name: String,
    /// Whether it was kept.
    pub held: bool,
}

/// One step.
#[derive(Serialize)]
pub struct Step {
    /// What was done.
    pub name: String,
    /// To how many.
    pub count: usize,
    /// Bytes moved or made.
    pub bytes: u64,
    /// Wall-clock milliseconds.
    pub ms: u64,
}

/// One packet.
#[derive(Serialize)]
pub struct Packet {
    /// Its id.
    pub packet: String,
    /// Of which enrolment.
    pub enrolment: String,
    /// Version of the enrolment.
    pub version: u64,
    /// The station's number.
    pub sequence: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// SHA-256 of the signed manifest, which receipts name.
    pub manifest_sha256: String,
}

impl Report {
    /// An empty report.
    pub fn new() -> Self {
        Self {
            ok: true,
            people: 0,
            invariants: Vec::new(),
            steps: Vec::new(),
            notes: Vec::new(),
            packets: Vec::new(),
        }
    }

    /// Notes a promise and whether it was kept.
    pub fn holds(&mut self, name: &str, held: bool) {
        eprintln!("  {} {name}", if held { "held" } else { "BROKEN" });
        self.ok &= held;
        self.invariants.push(Invariant {
            name: name.to_owned(),
            held,
        });
    }

    /// Says what these people could not show.
    pub fn note(&mut self, text: String) {
        eprintln!("  note {text}");
        self.notes.push(text);
    }

    /// Notes a step that began at `since`.
    pub fn step(&mut self, name: &str, count: usize, bytes: u64, since: Instant) {
        let ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        eprintln!("{name}: {count}, {bytes} bytes, {ms} ms");
        self.steps.push(Step {
            name: name.to_owned(),
            count,
            bytes,
            ms,
        });
    }
}
