//! `qayd enrol`: a person from a folder, or a synthetic person before the simulated devices; through to the seal.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::Args;
use qayd_devices::{Devices, PersonFolder, Script, SimulatedPerson, Stage};
use qayd_model::validation::Item;
use qayd_model::{ByteCount, EnrolmentId, FingerPosition, PacketId, Remedy, SampleKind};
use qayd_station::capture::{
    CaptureLimits, FingerCapture, capture_portrait, capture_ten_fingers, choose_attempts,
    try_target,
};
use qayd_station::watch::{self, Suspicion};
use qayd_station::{Approval, Draft, EnrolmentError};
use serde::Serialize;

use crate::args::Common;
use crate::failure::Failure;
use crate::person;
use crate::sign_in::{Signed, approval, sign_in};
use crate::station::warning_lines;
use crate::talk::Talk;

/// Up to so many missing fingers are captured one by one; more are captured as slaps.
const SINGLE_FINGERS_MAX: usize = 4;

/// Whom, and by which pack.
#[derive(Debug, Args)]
pub struct Enrol {
    /// Id of the pack.
    #[arg(long, value_name = "ID")]
    pack: String,
    /// The person's folder: person.toml, portrait, fingers/, documents/.
    #[arg(long, value_name = "DIR", required_unless_present = "simulated")]
    person: Option<PathBuf>,
    /// A synthetic person of this seed, before the simulated scanner and camera. With --person, the answers come from
    /// its person.toml and the body from the seed.
    #[arg(long, value_name = "SEED")]
    simulated: Option<u64>,
    /// What goes wrong: `left_four=three_fingers,good; portrait=unplugged`.
    #[arg(
        long,
        value_name = "SCRIPT",
        requires = "simulated",
        default_value = ""
    )]
    fault: String,
    /// Leave the draft of a folder where it stands when something is missing, instead of enrolling nothing. The draft
    /// of a capture always stays.
    #[arg(long)]
    keep_draft: bool,
}

#[derive(Serialize)]
struct SealedView {
    enrolment: EnrolmentId,
    number: u64,
    version: u32,
    packet: PacketId,
    sequence: u64,
    packet_sha256: String,
    manifest_sha256: String,
    bytes: ByteCount,
    samples: usize,
    warnings: Vec<String>,
    duplicates: Vec<Suspicion>,
    slip: Vec<(String, String)>,
    slip_language: String,
    slip_title: String,
}

/// Runs the enrolment.
pub fn run(what: Enrol, common: &Common, talk: &Talk) -> Result<(), Failure> {
    let script: Script = what
        .fault
        .parse()
        .map_err(|e| Failure::usage(format!("--fault: {e}")))?;
    if let Some(folder) = what.person.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(Failure::usage(format!(
            "{} is not a folder",
            folder.display()
        )));
    }
    let signed = sign_in(common)?;
    let stands_by = approval(common, &signed.station)?;
    for line in warning_lines(&signed.station.standing()?) {
        talk.line(&line);
    }
    let enrolment = match (&what.person, what.simulated) {
        (Some(folder), None) => import(&signed, &what.pack, folder)?,
        (folder, Some(seed)) => {
            let person = SimulatedPerson::make(seed).with_script(script);
            simulate(&signed, &what.pack, folder.as_deref(), person, talk)?
        }
        (None, None) => {
            return Err(Failure::usage(
                "whom? name a folder with --person, or a seed with --simulated",
            ));
        }
    };
    let draft = signed.station.resume(&signed.session, enrolment)?;
    let done = seal(&signed, draft, stands_by.as_ref(), talk);
    // Whoever stood before a device is never sent away for a fault of the machine; a folder can be read again.
    let keep = what.keep_draft || what.simulated.is_some();
    if done.is_err() {
        let still_there = signed
            .station
            .drafts()?
            .iter()
            .any(|d| d.enrolment == enrolment);
        if still_there && !keep {
            // Nothing half: what could not be sealed leaves no trace but the audit entry.
            signed.station.discard(&signed.session, enrolment)?;
            return done.map_err(|failure| failure.safe("Nobody was enrolled, not even in part."));
        }
        if still_there {
            return done.map_err(|failure| failure.with(kept(enrolment)));
        }
    }
    done
}

/// What is said when a draft stays.
fn kept(enrolment: EnrolmentId) -> String {
    format!("The draft is kept: qayd draft resume {enrolment}")
}

fn import(signed: &Signed, pack: &str, folder: &Path) -> Result<EnrolmentId, Failure> {
    let policy = signed.station.policy()?;
    Ok(signed
        .station
        .import(&signed.session, pack, folder, &|samples, pack| {
            choose_attempts(samples, pack, &policy)
        })?)
}

/// Takes the best of a folder's samples into a draft that is there.
pub fn take_samples(signed: &Signed, draft: &mut Draft<'_>, folder: &Path) -> Result<(), Failure> {
    let station = &signed.station;
    let policy = station.policy()?;
    let found = PersonFolder::read(&*station.world().files, folder).map_err(|error| {
        let lines: Vec<String> = error
            .problems
            .iter()
            .map(|p| format!("{}: {}", p.file.display(), p.reason))
            .collect();
        Failure::input(error.code(), &error).with_all(lines)
    })?;
    let pack = draft.pack();
    let known = station
        .store()
        .read(|c| station.packs().of_version(c, &pack.id, pack.version))?
        .ok_or_else(|| Failure::state("ENR-05", Remedy::SupervisorActs))?;
    let chosen = choose_attempts(found, &known, &policy)
        .map_err(|faults| Failure::from(EnrolmentError::Import(faults)))?;
    for sample in chosen {
        draft.add_sample(sample)?;
    }
    Ok(())
}

fn simulate(
    signed: &Signed,
    pack: &str,
    folder: Option<&Path>,
    body: SimulatedPerson,
    talk: &Talk,
) -> Result<EnrolmentId, Failure> {
    let station = &signed.station;
    let seed = body.seed;
    // Refused on a station for real people before anything is written.
    let devices = Devices::make(station.world().clock.clone(), station.identity().production)
        .with_simulated(Stage::make(body));
    let mut scanner = devices.open("simulated-scanner")?;
    let mut camera = devices.open("simulated-camera")?;
    let mut draft = match folder {
        Some(folder) => {
            let answers = station.import(&signed.session, pack, folder, &|_, _| Ok(Vec::new()))?;
            station.resume(&signed.session, answers)?
        }
        None => station.begin(&signed.session, pack)?,
    };
    let id = draft.id();
    let mut act = || -> Result<(), Failure> {
        if folder.is_none() {
            person::answer(station, &mut draft, seed)?;
        }
        let policy = station.policy()?;
        let stop = AtomicBool::new(false);
        let clock = station.world().clock.clone();
        let progress = talk.progress_line();
        if person::wants_portrait(draft.pack()) {
            let attempts = policy.retries_max.saturating_add(1);
            capture_portrait(&mut draft, &mut *camera, attempts, &stop, &mut |attempt| {
                progress.say(
                    clock.monotonic_ms(),
                    &format!("portrait, attempt {}", attempt.attempt),
                );
            })?;
        }
        if person::wants_fingers(&draft)? {
            let limits = CaptureLimits::of(&policy, draft.pack().biometrics.fingers.as_ref());
            let mut capture = FingerCapture::resume(&draft, limits)?;
            let done = capture_ten_fingers(
                &mut draft,
                &mut capture,
                &mut *scanner,
                &stop,
                &mut |target, report| {
                    let what = match report.problem {
                        Some(advice) => {
                            format!("{target}, attempt {}: {}", report.attempt, advice.code())
                        }
                        None => format!("{target}, attempt {}", report.attempt),
                    };
                    progress.say(clock.monotonic_ms(), &what);
                },
            )?;
            let open: Vec<String> = done
                .open()
                .map(|position| {
                    format!(
                        "{}: no usable print after all tries; an exception is needed",
                        position.name()
                    )
                })
                .collect();
            if !open.is_empty() {
                return Err(Failure::state("CAP-03", Remedy::SupervisorActs).with_all(open));
            }
        }
        Ok(())
    };
    let done = act();
    talk.end_progress();
    match done {
        Ok(()) => Ok(id),
        Err(failure) => Err(failure.with(kept(id))),
    }
}

/// Lets a synthetic person be captured again where a draft lacks something of the body.
pub fn capture_missing(
    signed: &Signed,
    draft: &mut Draft<'_>,
    seed: u64,
    talk: &Talk,
) -> Result<(), Failure> {
    let station = &signed.station;
    let Err(EnrolmentError::Incomplete(findings)) = draft.finalise() else {
        return Ok(());
    };
    let devices = Devices::make(station.world().clock.clone(), station.identity().production)
        .with_simulated(Stage::make(SimulatedPerson::make(seed)));
    let policy = station.policy()?;
    let stop = AtomicBool::new(false);
    let fingers = findings
        .missing
        .iter()
        .filter(|m| matches!(m.item, Item::Finger(_)))
        .count();
    if fingers > SINGLE_FINGERS_MAX {
        let mut scanner = devices.open("simulated-scanner")?;
        let limits = CaptureLimits::of(&policy, draft.pack().biometrics.fingers.as_ref());
        let mut capture = FingerCapture::resume(draft, limits)?;
        capture_ten_fingers(draft, &mut capture, &mut *scanner, &stop, &mut |_, _| {})?;
    }
    for missing in &findings.missing {
        match &missing.item {
            Item::Portrait => {
                let mut camera = devices.open("simulated-camera")?;
                capture_portrait(
                    draft,
                    &mut *camera,
                    policy.retries_max.saturating_add(1),
                    &stop,
                    &mut |_| {},
                )?;
            }
            Item::Finger(position) if fingers <= SINGLE_FINGERS_MAX => {
                let mut scanner = devices.open("simulated-scanner")?;
                let limits = CaptureLimits::of(&policy, draft.pack().biometrics.fingers.as_ref());
                let mut capture = FingerCapture::resume(draft, limits)?;
                let target = (*position).into();
                while !capture.is_done(&target) && capture.attempts_left(&target) > 0 {
                    try_target(
                        draft,
                        &mut capture,
                        &mut *scanner,
                        &target,
                        &stop,
                        &mut |_| {},
                    )?;
                }
            }
            _ => {}
        }
    }
    talk.end_progress();
    Ok(())
}

/// Checks every rule, warns of duplicates, seals and queues.
pub fn seal(
    signed: &Signed,
    draft: Draft<'_>,
    stands_by: Option<&Approval>,
    talk: &Talk,
) -> Result<(), Failure> {
    let station = &signed.station;
    let finalised = draft.finalise()?;
    let warnings: Vec<String> = finalised
        .warnings()
        .iter()
        .map(ToString::to_string)
        .collect();
    let samples = finalised.samples().count();
    let duplicates = watch::look(station, draft.id(), finalised.probe())?;
    drop(draft);
    let sealed = station.seal(&signed.session, finalised, stands_by)?;
    let view = SealedView {
        enrolment: sealed.enrolment,
        number: sealed.number,
        version: sealed.version,
        packet: sealed.packet,
        sequence: sealed.sequence,
        packet_sha256: sealed.packet_sha256.to_hex(),
        manifest_sha256: sealed.manifest.digest().to_hex(),
        bytes: sealed.length,
        samples,
        warnings,
        duplicates,
        slip_language: sealed.slip.language.clone(),
        slip_title: sealed.slip.title.clone(),
        slip: sealed
            .slip
            .lines
            .iter()
            .map(|l| (l.field.clone(), l.text.expose().to_owned()))
            .collect(),
    };
    talk.data(&view, |out| {
        writeln!(out, "number     {}", view.number)?;
        writeln!(
            out,
            "enrolment  {} version {}",
            view.enrolment, view.version
        )?;
        writeln!(
            out,
            "packet     {} sequence {} ({} bytes)",
            view.packet, view.sequence, view.bytes.0
        )?;
        writeln!(out, "sha256     {}", view.packet_sha256)?;
        writeln!(out, "slip       {}", sealed.slip.title)?;
        for line in &sealed.slip.lines {
            writeln!(out, "  {}: {}", line.label, line.text.expose())?;
        }
        if let Some(footer) = &sealed.slip.footer {
            writeln!(out, "  {footer}")?;
        }
        for warning in &view.warnings {
            writeln!(out, "note: {warning}")?;
        }
        for d in &view.duplicates {
            let reasons: Vec<String> = d.reasons.iter().map(|r| format!("{r:?}")).collect();
            writeln!(
                out,
                "perhaps here before: {} ({})",
                d.enrolment,
                reasons.join(", ")
            )?;
        }
        Ok(())
    })
}

/// Every finding of an incomplete draft as a line; of any other error, its own words.
pub fn findings(error: &EnrolmentError) -> Vec<String> {
    match error {
        EnrolmentError::Incomplete(findings) => findings
            .missing
            .iter()
            .map(ToString::to_string)
            .chain(findings.invalid.iter().map(ToString::to_string))
            .collect(),
        EnrolmentError::Import(faults) => faults.iter().map(ToString::to_string).collect(),
        other => vec![other.to_string()],
    }
}

/// A sample's name in lists.
pub fn kind_name(kind: &SampleKind) -> String {
    match kind {
        SampleKind::Portrait => "portrait".to_owned(),
        SampleKind::Finger(position) => FingerPosition::name(*position).to_owned(),
        SampleKind::ExceptionPhoto => "exception photo".to_owned(),
        SampleKind::DocumentPage { document, page } => format!("{document}, page {page}"),
        SampleKind::ThumbMark => "thumb mark".to_owned(),
        SampleKind::Signature => "signature".to_owned(),
    }
}
