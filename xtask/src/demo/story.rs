//! The story that a headless run plays, and what must hold at each turn.
#![allow(clippy::disallowed_methods, reason = "a chore times its own steps")]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{
    console::{Console, Row},
    programme::{PACK, Programme, is_person},
    report::{Packet, Report},
};

/// Field that the scripted reviewer sends back.
const FIELD_IN_QUESTION: &str = "phone";
/// What the officer answers to it.
const CORRECTION: &str = "phone=07701112233";
/// The centre examines a packet within this time, on the slowest of machines.
const EXAMINE_SECONDS_MAX: u64 = 300;

/// Somebody who steps up.
enum Applicant {
    Folder(PathBuf),
    Synthetic { seed: u64, answers: Option<PathBuf> },
}

fn applicants(people: Option<&Path>) -> Result<Vec<Applicant>> {
    let Some(folder) = people else {
        // The third brings the fingers of the first, and another name.
        let answers = PathBuf::from("packs/examples").join(PACK);
        return Ok(vec![
            Applicant::Synthetic {
                seed: 1,
                answers: None,
            },
            Applicant::Synthetic {
                seed: 2,
                answers: None,
            },
            Applicant::Synthetic {
                seed: 1,
                answers: Some(answers),
            },
        ]);
    };
    let mut folders: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("{} could not be read", folder.display()))?
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| is_person(path))
        .collect();
    folders.sort();
    if folders.is_empty() {
        bail!("{}: no folder in it has a person.toml", folder.display());
    }
    Ok(folders.into_iter().map(Applicant::Folder).collect())
}

/// The pack a person.toml names, or the usual one.
fn pack_of(folder: &Path) -> String {
    let text = std::fs::read_to_string(folder.join("person.toml")).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("pack"))
        .find_map(|rest| {
            rest.trim_start()
                .strip_prefix('=')?
                .trim()
                .trim_matches('"')
                .split('"')
                .next()
                .map(str::to_owned)
        })
        .unwrap_or_else(|| PACK.to_owned())
}

fn enrol(programme: &Programme, applicant: &Applicant) -> Result<Value> {
    match applicant {
        Applicant::Folder(folder) => {
            let path = folder.to_string_lossy();
            programme.qayd(&["enrol", "--pack", &pack_of(folder), "--person", &path])
        }
        Applicant::Synthetic { seed, answers } => {
            let seed = seed.to_string();
            let mut words = vec!["enrol", "--pack", PACK, "--simulated", &seed];
            let path = answers.as_ref().map(|p| p.to_string_lossy().into_owned());
            if let Some(path) = &path {
                words.extend(["--person", path]);
            }
            programme.qayd(&words)
        }
    }
}

fn packet_of(sealed: &Value) -> Result<Packet> {
    let text = |key: &str| {
        sealed[key]
            .as_str()
            .map(str::to_owned)
            .with_context(|| format!("no {key}"))
    };
    let number = |key: &str| sealed[key].as_u64().with_context(|| format!("no {key}"));
    Ok(Packet {
        packet: text("packet")?,
        enrolment: text("enrolment")?,
        version: number("version")?,
        sequence: number("sequence")?,
        bytes: number("bytes")?,
        sha256: text("packet_sha256")?,
        manifest_sha256: text("manifest_sha256")?,
    })
}

fn states(programme: &Programme) -> Result<BTreeMap<String, String>> {
    let list = programme.qayd(&["outbox", "list"])?;
    let items = list.as_array().context("the outbox is a list")?;
    Ok(items
        .iter()
        .filter_map(|item| {
            Some((
                item["packet"].as_str()?.to_owned(),
                item["state"].as_str()?.to_owned(),
            ))
        })
        .collect())
}

/// Waits until the console shows every packet as examined.
fn examined(console: &Console, packets: &[Packet]) -> Result<Vec<Row>> {
    let deadline = Instant::now() + Duration::from_secs(EXAMINE_SECONDS_MAX);
    loop {
        let rows = console.queue()?;
        if packets
            .iter()
            .all(|p| rows.iter().any(|row| row.packet == p.packet))
        {
            return Ok(rows);
        }
        if Instant::now() > deadline {
            bail!("the centre did not examine every packet within {EXAMINE_SECONDS_MAX} s");
        }
        sleep(Duration::from_millis(200));
    }
}

/// Plays the story.
pub fn play(programme: &mut Programme, people: Option<&Path>) -> Result<Report> {
    let mut report = Report::new();
    let applicants = applicants(people)?;
    report.people = applicants.len();

    let since = Instant::now();
    let mut names = Vec::new();
    for applicant in &applicants {
        let sealed = enrol(programme, applicant)?;
        report.packets.push(packet_of(&sealed)?);
        let lines = sealed["slip"].as_array().into_iter().flatten();
        let name = lines
            .filter(|line| line[0] == "name")
            .filter_map(|line| line[1].as_str());
        names.extend(
            name.flat_map(str::split_whitespace)
                .filter(|word| word.len() >= 6)
                .map(str::to_owned),
        );
    }
    let bytes = report.packets.iter().map(|p| p.bytes).sum();
    report.step("enrolled offline", report.packets.len(), bytes, since);
    let gapless = report.packets.iter().zip(1..).all(|(p, n)| p.sequence == n);
    report.holds("sequence numbers have no gap", gapless);
    let drafts = programme.qayd(&["draft", "list"])?;
    report.holds(
        "sealing left no draft behind",
        drafts.as_array().is_some_and(Vec::is_empty),
    );

    let since = Instant::now();
    let offline = programme.try_qayd(&["outbox", "send"])?;
    report.step(
        "tried to send without a network",
        report.packets.len(),
        0,
        since,
    );
    report.holds(
        "without a network the station says so and asks for patience",
        offline.status == 3,
    );
    let waiting = states(programme)?;
    report.holds(
        "without a network everything waits and nothing is lost",
        report
            .packets
            .iter()
            .all(|p| waiting.get(&p.packet).is_some_and(|s| s == "queued"))
            && report.packets.iter().all(|p| verifies(programme, p)),
    );
    nothing_readable(programme, &mut report, &names)?;

    programme.serve()?;
    let since = Instant::now();
    let sent = programme.qayd(&["outbox", "send"])?;
    report.step(
        "sent",
        count(&sent, "delivered"),
        sent["bytes_sent"].as_u64().unwrap_or(0),
        since,
    );
    report.holds(
        "every packet has a verified receipt",
        count(&sent, "delivered") == report.packets.len(),
    );

    let since = Instant::now();
    let again = programme.qayd(&["outbox", "send"])?;
    report.step(
        "sent again",
        count(&again, "delivered"),
        again["bytes_sent"].as_u64().unwrap_or(0),
        since,
    );
    report.holds("sending again sends nothing", again["bytes_sent"] == 0);

    let since = Instant::now();
    let console = Console::sign_in(&programme.url(), &programme.authority(), "rana")?;
    let rows = examined(&console, &report.packets)?;
    report.step("examined by the centre", rows.len(), bytes, since);
    let returned = decide(&console, &rows, &mut report)?;
    if people.is_none() {
        // These three are made so that all three acts are called for.
        let done = |name: &str| report.steps.iter().any(|s| s.name == name && s.count == 1);
        let all = done("duplicates confirmed") && done("returned") && done("approved");
        report.holds(
            "one was approved, one returned, and the duplicate found",
            all,
        );
    }

    let since = Instant::now();
    let answered = programme.qayd(&["outbox", "send"])?;
    report.step("decisions fetched", count(&answered, "decisions"), 0, since);
    report.holds(
        "every decision reached the station",
        count(&answered, "decisions") == report.packets.len(),
    );

    if let Some((enrolment, phone)) = returned {
        correct(programme, &console, &mut report, &enrolment, phone)?;
    }
    finally(programme, &console, &mut report)?;
    Ok(report)
}

fn count(value: &Value, key: &str) -> usize {
    value[key]
        .as_u64()
        .and_then(|n| usize::try_from(n).ok())
        .unwrap_or(0)
}

/// Reads the packet's file with the command that needs no key, while the file is there.
fn verifies(programme: &Programme, packet: &Packet) -> bool {
    let file = programme
        .station_folder()
        .join("outbox")
        .join(format!("{}.qpk", packet.packet));
    let file = file.to_string_lossy();
    programme
        .try_qayd(&["packet", "verify", &file])
        .is_ok_and(|ended| ended.status == 0)
}

/// Confirms each duplicate, returns one of the others, approves the rest.
///
/// Who is returned is the second of those who remain, so that one is approved at once; where only one remains, it is
/// that one, who is approved once corrected. So a folder of one person still shows a return, and says what it lacks.
fn decide(console: &Console, rows: &[Row], report: &mut Report) -> Result<Option<(String, bool)>> {
    let since = Instant::now();
    // A later packet is judged against those before it.
    let mut kept: Vec<Remaining> = Vec::new();
    let mut joined = 0;
    let order: Vec<String> = report.packets.iter().map(|p| p.enrolment.clone()).collect();
    let mut checked = true;
    for enrolment in order {
        let state = &rows
            .iter()
            .find(|row| row.enrolment == enrolment)
            .context("a case for each packet")?
            .state;
        let case = console.open(&enrolment)?;
        checked &=
            !case.checks.is_empty() && case.checks.values().all(|outcome| outcome != "failed");
        for picture in &case.pictures {
            checked &= console.picture(picture)? > 0;
        }
        let original = case
            .duplicate_of
            .iter()
            .find(|other| kept.iter().any(|case| case.enrolment == **other));
        if let (Some(original), "duplicate_hold") = (original, state.as_str()) {
            console.compare(&enrolment, original)?;
            console.act(&enrolment, "same-person", &[("as_enrolment", original)])?;
            joined += 1;
            continue;
        }
        // The person is asked again about a field that their pack has.
        let field = case
            .fields
            .iter()
            .find(|field| *field == FIELD_IN_QUESTION)
            .or(case.fields.first())
            .cloned();
        kept.push(Remaining { enrolment, field });
    }
    let in_question = kept.len().min(2).checked_sub(1);
    let (mut returned, mut accepted) = (None, 0);
    for (index, Remaining { enrolment, field }) in kept.iter().enumerate() {
        match field {
            Some(field) if Some(index) == in_question => {
                let reason = format!("reason-{field}");
                let fields = [
                    ("field", field.as_str()),
                    (&reason, "incomplete"),
                    ("note", "Please ask again."),
                ];
                console.act(enrolment, "return", &fields)?;
                returned = Some((enrolment.clone(), field == FIELD_IN_QUESTION));
            }
            _ => {
                console.act(enrolment, "accept", &[("compared", "1")])?;
                accepted += 1;
            }
        }
    }
    report.step("duplicates confirmed", joined, 0, since);
    report.step("returned", usize::from(returned.is_some()), 0, since);
    report.step("approved", accepted, 0, since);
    report.holds(
        "the console showed every case, its pictures and its checks, and no check had failed",
        checked,
    );
    report.holds(
        "everybody was approved, returned, or confirmed as the same person as another",
        joined + usize::from(returned.is_some()) + accepted == report.people,
    );
    report.holds("somebody was returned", returned.is_some());
    if joined == 0 {
        report
            .note("none of these people is in the folder twice: no duplicate was shown".to_owned());
    }
    if accepted == 0 {
        report.note(format!(
            "of {} people one remains: they were returned, and approved once corrected; nobody was approved at once",
            report.people
        ));
    }
    Ok(returned)
}

/// Somebody who is nobody else.
struct Remaining {
    enrolment: String,
    /// The field the reviewer asks about.
    field: Option<String>,
}

fn correct(
    programme: &mut Programme,
    console: &Console,
    report: &mut Report,
    enrolment: &str,
    phone: bool,
) -> Result<()> {
    programme.stop()?;
    let since = Instant::now();
    programme.qayd(&["inbox", "correct", enrolment])?;
    // Where the field in question is another, the person repeats what they said.
    let correction: &[&str] = if phone { &["--set", CORRECTION] } else { &[] };
    let sealed =
        programme.qayd(&[&["draft", "resume", enrolment], correction, &["--seal"]].concat())?;
    let second = packet_of(&sealed)?;
    report.step("corrected offline", 1, second.bytes, since);
    report.holds(
        "the correction is version 2 of the same enrolment",
        second.enrolment == enrolment && second.version == 2,
    );
    programme.serve()?;
    let since = Instant::now();
    let sent = programme.qayd(&["outbox", "send"])?;
    report.step(
        "sent corrected",
        count(&sent, "delivered"),
        sent["bytes_sent"].as_u64().unwrap_or(0),
        since,
    );
    report.packets.push(second);
    // The centre was restarted: its sessions are in the register, and the reviewer is still signed in.
    examined(console, &report.packets[report.packets.len() - 1..])?;
    let case = console.open(enrolment)?;
    report.holds(
        "a version is not a duplicate of its own earlier one",
        case.duplicate_of.is_empty(),
    );
    console.act(enrolment, "accept", &[])?;
    let since = Instant::now();
    let settled = programme.qayd(&["outbox", "send"])?;
    report.step(
        "second decision fetched",
        count(&settled, "decisions"),
        0,
        since,
    );
    Ok(())
}

/// The words of the people's names must not be readable in any file of the station.
fn nothing_readable(programme: &Programme, report: &mut Report, names: &[String]) -> Result<()> {
    let mut readable = 0;
    for file in programme.files_below("station")? {
        let bytes = std::fs::read(&file)?;
        for name in names {
            let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            readable += usize::from(contains(&bytes, name.as_bytes()) || contains(&bytes, &wide));
        }
    }
    report.holds(
        "no name is readable in any file of the station",
        !names.is_empty() && readable == 0,
    );
    Ok(())
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

fn finally(programme: &Programme, console: &Console, report: &mut Report) -> Result<()> {
    let states = states(programme)?;
    report.holds(
        "every packet is settled at the station",
        report
            .packets
            .iter()
            .all(|p| states.get(&p.packet).is_some_and(|s| s == "settled")),
    );
    let rows = console.queue()?;
    report.holds(
        "the centre holds exactly the people who were enrolled, each decided",
        rows.len() == report.people
            && rows
                .iter()
                .all(|row| matches!(row.state.as_str(), "accepted" | "same_person")),
    );
    let mut stored = Vec::new();
    for file in programme.files_below("centre/packets")? {
        stored.push(qayd_crypto::sha256(&std::fs::read(file)?).to_hex());
    }
    report.holds(
        "the centre holds the very bytes that the station sealed, and no others",
        stored.len() == report.packets.len()
            && report.packets.iter().all(|p| stored.contains(&p.sha256)),
    );
    let audit = programme.qayd(&["audit", "verify"])?;
    report.holds("the audit trail is intact", audit["intact"] == true);
    Ok(())
}
