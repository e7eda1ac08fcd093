//! Folder: the best of the attempts that a person's folder holds, by the same judgement as at the scanner.
//!
//! In: a whole [`PersonFolder`]. Out: one sample of each kind, or every file that cannot be what its name says.
//! Never: refuses a poor print; nobody is there to try again, and the score says how poor it is.

use std::collections::BTreeMap;
use std::path::PathBuf;

use qayd_devices::folder::FOLDER_PROFILE;
use qayd_devices::{CaptureTarget, PersonFolder, RawSample};
use qayd_model::{FingerPosition, QualityScore, SampleKind};
use qayd_protocol::Policy;

use super::CaptureError;
use super::fingers::{CaptureLimits, FingerCapture};
use super::portrait::PortraitCapture;
use crate::enrolment::{DraftSample, ImportFault};
use crate::provisioning::KnownPack;
use crate::quality::Advice;

/// A folder's attempts were made elsewhere; all of them are looked at.
const ATTEMPTS_MAX: u16 = qayd_devices::folder::ATTEMPTS_MAX;

/// Chooses among the attempts of a folder, for [`crate::Station::import`].
///
/// # Errors
/// One fault for each finger whose every attempt shows no finger, or another finger of the same person.
pub fn choose_attempts(
    folder: PersonFolder,
    pack: &KnownPack,
    policy: &Policy,
) -> Result<Vec<DraftSample>, Vec<ImportFault>> {
    let mut limits = CaptureLimits::of(policy, pack.pack.biometrics.fingers.as_ref());
    limits.attempts_max = ATTEMPTS_MAX;
    let mut fingers = FingerCapture::begin(limits, Vec::new());
    let mut portrait = PortraitCapture::begin(ATTEMPTS_MAX);
    let mut chosen: BTreeMap<SampleKind, DraftSample> = BTreeMap::new();
    let mut doubts: BTreeMap<FingerPosition, (PathBuf, Advice, Option<FingerPosition>)> =
        BTreeMap::new();
    let mut faults = Vec::new();
    for sample in folder.into_samples() {
        let CaptureTarget::Sample(kind) = sample.target.clone() else {
            continue;
        };
        let file = sample.file.clone().unwrap_or_default();
        let judged = match &kind {
            SampleKind::Finger(position) => {
                finger(&mut fingers, *position, sample, &mut chosen, &mut doubts)
            }
            SampleKind::Portrait => face(&mut portrait, sample, &mut chosen),
            _ => {
                // Papers and marks are not judged: the last attempt is what the officer left there.
                chosen.insert(kind.clone(), draft_sample(kind.clone(), sample, None));
                Ok(())
            }
        };
        if let Err(error) = judged {
            faults.push(ImportFault {
                file,
                field: None,
                code: error.code(),
                reason: reason(&error),
            });
        }
    }
    for (position, (file, advice, same_as)) in doubts {
        if chosen.contains_key(&SampleKind::Finger(position)) {
            continue;
        }
        let reason = match same_as {
            Some(other) => format!("this is the same finger as {}", other.name()),
            None => "there is no finger in the picture".to_owned(),
        };
        faults.push(ImportFault {
            file,
            field: None,
            code: advice.code(),
            reason,
        });
    }
    if faults.is_empty() {
        Ok(chosen.into_values().collect())
    } else {
        Err(faults)
    }
}

fn finger(
    fingers: &mut FingerCapture,
    position: FingerPosition,
    sample: RawSample,
    chosen: &mut BTreeMap<SampleKind, DraftSample>,
    doubts: &mut BTreeMap<FingerPosition, (PathBuf, Advice, Option<FingerPosition>)>,
) -> Result<(), CaptureError> {
    let target = sample.target.clone();
    let file = sample.file.clone().unwrap_or_default();
    let report = fingers.judge(&target, vec![sample])?;
    for seen in &report.fingers {
        if let Some(advice) = seen.verdict.advice().filter(|_| !seen.kept) {
            doubts
                .entry(position)
                .or_insert((file.clone(), advice, seen.same_as));
        }
    }
    for finger in report.chosen {
        let kind = SampleKind::Finger(finger.position);
        let sample = DraftSample {
            kind: kind.clone(),
            media_type: finger.media_type.name().to_owned(),
            bytes: finger.bytes,
            quality: Some(finger.score),
            ppi: finger.ppi.map(|ppi| ppi.0),
            device: Some(FOLDER_PROFILE.to_owned()),
            attempts: finger.attempts,
        };
        chosen.insert(kind, sample);
    }
    Ok(())
}

fn face(
    portrait: &mut PortraitCapture,
    sample: RawSample,
    chosen: &mut BTreeMap<SampleKind, DraftSample>,
) -> Result<(), CaptureError> {
    let attempt = portrait.judge(&sample)?;
    if attempt.kept {
        let kept = draft_sample(SampleKind::Portrait, sample, Some(attempt.report.score));
        chosen.insert(SampleKind::Portrait, kept);
    }
    Ok(())
}

fn draft_sample(kind: SampleKind, sample: RawSample, quality: Option<QualityScore>) -> DraftSample {
    DraftSample {
        kind,
        media_type: sample.media_type.name().to_owned(),
        bytes: sample.bytes,
        quality,
        ppi: sample.ppi.map(|ppi| ppi.0),
        device: Some(FOLDER_PROFILE.to_owned()),
        attempts: sample.attempt,
    }
}

/// The error and its cause in one line; none of them holds anything about a person.
fn reason(error: &CaptureError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
