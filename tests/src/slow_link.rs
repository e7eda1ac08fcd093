//! The slow link between two network namespaces, and a station's river over it.
//!
//! In: a rate, a delay, how long it is up and down. Out: how long the river took, and what crossed the link.
//! Owns: the process `tests/link/link.py` and its two namespaces, gone when dropped.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use qayd_world::World;
use serde_json::Value;

use crate::{
    CentreProcess,
    applicant::{examples, repository},
    process::{binary, prefixed, with_passphrases},
};

/// The centre's address on the far side.
const FAR: &str = "10.77.0.2";
/// A pack that takes no captures: its packets are as long as the paper that is put in.
const PACK: &str = "birth-notification";

/// Two namespaces with a link between them.
pub struct SlowLink {
    name: String,
    process: Child,
    said: BufReader<ChildStdout>,
    tell: ChildStdin,
}

impl SlowLink {
    /// Lays the link, open and fast.
    ///
    /// # Errors
    /// Why it is not possible here, such as the lack of rights.
    pub fn lay() -> Result<Self, String> {
        let name = format!("qayd{}", std::process::id());
        let mut process = Command::new("python3")
            .arg(repository().join("tests/link/link.py"))
            .arg(&name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("python3: {error}"))?;
        let mut link = Self {
            name,
            said: BufReader::new(process.stdout.take().ok_or("no output")?),
            tell: process.stdin.take().ok_or("no input")?,
            process,
        };
        let mut line = String::new();
        link.said.read_line(&mut line).map_err(|e| e.to_string())?;
        if line.is_empty() {
            let mut why = String::new();
            if let Some(mut error) = link.process.stderr.take() {
                let _ = error.read_to_string(&mut why);
            }
            return Err(why.lines().last().unwrap_or("link.py ended").to_owned());
        }
        Ok(link)
    }

    /// Gives the link a command; see `link.py`.
    pub fn command(&mut self, words: &str) -> Value {
        writeln!(self.tell, "{words}").expect("link.py listens");
        let mut line = String::new();
        self.said.read_line(&mut line).expect("link.py answers");
        serde_json::from_str(&line).expect("JSON")
    }

    /// What stands before a command to run it on a side, `near` or `far`.
    pub fn side(&self, side: &str) -> Vec<String> {
        let space = format!("{}-{side}", self.name);
        ["ip", "netns", "exec", &space].map(str::to_owned).to_vec()
    }
}

impl Drop for SlowLink {
    fn drop(&mut self) {
        let _ = writeln!(self.tell, "quit");
        let _ = self.process.wait();
    }
}

/// How the link is.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Shape {
    pub kbit: u32,
    pub rtt_ms: u32,
    pub up_s: f64,
    pub down_s: f64,
    pub queue_bytes: u32,
}

/// What a river over the link showed.
#[derive(Debug)]
pub struct Crossed {
    /// From the start of `qayd outbox send` to its end, all receipts verified.
    pub seconds: f64,
    /// Bytes of the packets.
    pub packet_bytes: u64,
    /// Bytes that the station handed to its socket; what the socket held at a cut never left the machine.
    pub handed_bytes: u64,
    /// IP bytes that left the station: headers, handshakes, offers, and all that was sent again by whom ever.
    pub offered_bytes: u64,
    /// Outages that began during the river.
    pub outages: u64,
    /// Packets delivered with a verified receipt.
    pub delivered: u64,
    /// `qayd` ran so often: it ends when the link stays away longer than its patience.
    pub contacts: u32,
}

impl Crossed {
    /// Bytes sent a second time, for each outage; an upper bound, since everything on the wire beyond the packets'
    /// own bytes is counted, headers and handshakes too.
    pub fn again_a_cut(&self) -> u64 {
        self.offered_bytes.saturating_sub(self.packet_bytes) / self.outages.max(1)
    }
}

/// Enrols with the real `qayd` on the near side, serves with the real `qayd-server` on the far side, and sends
/// `packets` packets of about `bytes` bytes each over the link of that shape.
pub fn cross(
    link: &mut SlowLink,
    folder: &Path,
    shape: Shape,
    packets: usize,
    bytes: usize,
) -> Crossed {
    link.command("open");
    let mut centre = CentreProcess::make(&folder.join("centre"), FAR);
    let invitation = folder.join("station.qayd-invitation");
    put(&invitation, centre.invitations("hospital", 1)[0].as_bytes());
    let far = link.side("far");
    let far: Vec<&str> = far.iter().map(String::as_str).collect();
    centre.serve("intake", &far);
    let station = Near {
        prefix: link.side("near"),
        data: folder.join("station"),
    };
    let invitation = invitation.to_string_lossy().into_owned();
    station.run(
        "samira",
        &["station", "provision", "--invitation", &invitation],
    );
    station.run("samira", &["operator", "add", "karim"]);
    for number in 0..packets {
        let person = folder.join(format!("person-{number}"));
        make_person(&person, bytes);
        let person = person.to_string_lossy().into_owned();
        station.run("karim", &["enrol", "--pack", PACK, "--person", &person]);
    }
    let before = station.run("karim", &["outbox", "list"]);
    let packet_bytes = sum_of(&before, "bytes");

    let Shape {
        kbit,
        rtt_ms,
        up_s,
        down_s,
        queue_bytes,
    } = shape;
    link.command(&format!(
        "shape {kbit} {rtt_ms} {up_s} {down_s} {queue_bytes}"
    ));
    let clock = World::os().clock;
    let start = clock.monotonic_ms();
    let (mut delivered, mut handed_bytes, mut contacts) = (0, 0, 0);
    while delivered < packets as u64 && contacts < 20 {
        let report = station.send();
        contacts += 1;
        delivered += report["delivered"].as_u64().unwrap_or(0);
        handed_bytes += report["bytes_sent"].as_u64().unwrap_or(0);
    }
    let seconds = (clock.monotonic_ms() - start) as f64 / 1_000.0;
    let stats = link.command("stats");
    Crossed {
        seconds,
        packet_bytes,
        handed_bytes,
        offered_bytes: stats["near_to_far"]["offered"].as_u64().unwrap_or(0),
        outages: stats["outages"].as_u64().unwrap_or(0),
        delivered,
        contacts,
    }
}

/// The station's commands on the near side.
struct Near {
    prefix: Vec<String>,
    data: PathBuf,
}

impl Near {
    fn command(&self, operator: &str) -> Command {
        let prefix: Vec<&str> = self.prefix.iter().map(String::as_str).collect();
        let mut command = prefixed(&prefix, &binary("qayd"));
        command
            .args(["--json", "--operator", operator, "--supervisor", "samira"])
            .arg("--data")
            .arg(&self.data)
            .stdin(Stdio::null());
        with_passphrases(&mut command);
        command
    }

    fn run(&self, operator: &str, words: &[&str]) -> Value {
        let output = self
            .command(operator)
            .args(words)
            .output()
            .expect("qayd runs");
        assert!(
            output.status.success(),
            "qayd {}: {}{}",
            words.join(" "),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        last_json(&output.stdout)
    }

    /// `outbox send`, whose exit status also says that the link was lost.
    fn send(&self) -> Value {
        let output = self
            .command("karim")
            .args(["outbox", "send"])
            .env("QAYD_LOG", "info")
            .output()
            .expect("qayd runs");
        if std::env::var_os("QAYD_LINK_TALK").is_some() {
            let mut talk = std::io::stderr();
            let _ = talk.write_all(&output.stdout);
            let _ = talk.write_all(&output.stderr);
        }
        last_json(&output.stdout)
    }
}

/// A person of the pack's example with one paper of `bytes` bytes that no compression shortens.
fn make_person(folder: &Path, bytes: usize) {
    fs::create_dir_all(folder.join("documents")).expect("a folder");
    let example = examples().join(PACK).join("person.toml");
    fs::copy(example, folder.join("person.toml")).expect("the example");
    let mut noise = vec![0; bytes];
    World::os().random.fill(&mut noise);
    let paper = [b"%PDF-1.4\n", noise.as_slice(), b"\n%%EOF\n"].concat();
    put(&folder.join("documents/wristband_1.pdf"), &paper);
}

fn put(path: &Path, bytes: &[u8]) {
    fs::File::create(path)
        .and_then(|mut file| file.write_all(bytes))
        .expect("a file of the test");
}

/// The sum of a number field wherever it stands in a list.
fn sum_of(value: &Value, field: &str) -> u64 {
    match value {
        Value::Array(items) => items.iter().map(|item| sum_of(item, field)).sum(),
        Value::Object(map) => map
            .iter()
            .map(|(name, inner)| match inner.as_u64() {
                Some(number) if name == field => number,
                _ => sum_of(inner, field),
            })
            .sum(),
        _ => 0,
    }
}

/// The last JSON value of an output: progress may stand before it.
fn last_json(bytes: &[u8]) -> Value {
    let text = String::from_utf8_lossy(bytes);
    serde_json::from_str(&text)
        .or_else(|_| {
            let last = text.lines().rev().find(|line| line.starts_with(['{', '[']));
            serde_json::from_str(last.unwrap_or_default())
        })
        .unwrap_or(Value::Null)
}
