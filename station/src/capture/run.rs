//! Run: a device, a capture and a draft together. Each result is durable in the draft before the next is asked for.
//!
//! In: an open [`CaptureDevice`], an open [`Draft`]. Out: reports for the screen. Owns: nothing.
//! Never: keeps an image that the draft has not; counts a pulled cable as the person's attempt.

use std::sync::atomic::AtomicBool;

use qayd_devices::{
    CaptureDevice, CaptureRequest, CaptureTarget, DeviceError, Frame, RawSample, expected_fingers,
};
use qayd_model::{FingerPosition, PersonalBytes, QualityScore, SampleId, SampleKind, Slap};
use qayd_packet::SampleEntry;

use super::CaptureError;
use super::choose::{AttemptReport, Conclusion};
use super::fingers::{CaptureLimits, FingerCapture};
use super::portrait::{PortraitAttempt, PortraitCapture};
use super::record::{NOTE, Note};
use crate::enrolment::{Draft, DraftSample};

/// How long one attempt may take.
const ATTEMPT_MS: u32 = 10_000;

impl FingerCapture {
    /// Where the capture of this draft stood, also after a power cut.
    ///
    /// # Errors
    /// [`CaptureError::Enrolment`].
    pub fn resume(draft: &Draft<'_>, limits: CaptureLimits) -> Result<Self, CaptureError> {
        let missing = draft.exceptions()?.iter().map(|e| e.position).collect();
        let note = draft.note(NOTE)?;
        let samples = draft.samples()?;
        Self::restored(
            limits,
            missing,
            note.as_ref().map(|n| n.as_slice()),
            &samples,
            |id| Ok(draft.sample_bytes(id)?),
        )
    }

    /// The capture that a note and the samples beside it speak of. `bytes` is asked only for fingers the note does not
    /// know.
    ///
    /// # Errors
    /// Those of `bytes`.
    pub(crate) fn restored<E>(
        limits: CaptureLimits,
        missing: Vec<FingerPosition>,
        note: Option<&[u8]>,
        samples: &[SampleEntry],
        mut bytes: impl FnMut(SampleId) -> Result<Option<PersonalBytes>, E>,
    ) -> Result<Self, E> {
        let mut capture = Self::begin(limits, missing);
        if let Some(note) = note {
            capture.restore(&Note::from_bytes(note));
        }
        for position in FingerPosition::ALL {
            let kind = SampleKind::Finger(position);
            match samples.iter().find(|s| s.kind == kind) {
                None => capture.forget(position),
                // Kept a moment before the cut, or held by the centre since an earlier version.
                Some(entry) if !capture.holds(position) => {
                    if let Some(bytes) = bytes(entry.id)? {
                        // A sample that was good enough to be kept and cannot be judged now only lacks comparison.
                        let _ = capture.take_over(position, &bytes, entry.ppi, entry.attempts);
                    }
                }
                Some(_) => {}
            }
        }
        Ok(capture)
    }
}

/// One attempt at a target, kept in the draft.
///
/// A time-out counts as an attempt that gave nothing. Any other error of the device does not count: the cable is not the
/// person's fault.
///
/// # Errors
/// [`CaptureError`].
pub fn try_target(
    draft: &mut Draft<'_>,
    capture: &mut FingerCapture,
    device: &mut dyn CaptureDevice,
    target: &CaptureTarget,
    cancel: &AtomicBool,
    preview: &mut dyn FnMut(Frame),
) -> Result<AttemptReport, CaptureError> {
    let request = CaptureRequest {
        target: target.clone(),
        missing: capture.missing().to_vec(),
        timeout_ms: ATTEMPT_MS,
    };
    let report = match device.capture(&request, cancel, preview) {
        Ok(samples) => capture.judge(target, samples)?,
        Err(DeviceError::TimedOut { .. }) => capture.failed_to_acquire(target),
        Err(error) => return Err(error.into()),
    };
    let name = device.describe().evidence_name();
    for finger in &report.chosen {
        draft.add_sample(DraftSample {
            kind: SampleKind::Finger(finger.position),
            media_type: finger.media_type.name().to_owned(),
            bytes: finger.bytes.clone(),
            quality: Some(finger.score.clone()),
            ppi: finger.ppi.map(|ppi| ppi.0),
            device: Some(name.clone()),
            attempts: finger.attempts,
        })?;
    }
    draft.set_note(NOTE, &capture.note().to_bytes())?;
    Ok(report)
}

/// How it stands with all ten.
#[derive(Debug, Clone)]
pub struct TenFingers {
    /// One for each finger.
    pub fingers: Vec<(FingerPosition, Conclusion)>,
}

impl TenFingers {
    /// Fingers for which there is no image and no exception.
    pub fn open(&self) -> impl Iterator<Item = FingerPosition> {
        self.fingers
            .iter()
            .filter(|(_, c)| matches!(c, Conclusion::NeedsException(_) | Conclusion::TryAgain(_)))
            .map(|(position, _)| *position)
    }
}

/// The whole 4-4-2 sequence, each slap until it is good or its tries are used up. What a device cannot give any more
/// ([`DeviceError::Exhausted`]) ends a slap as if its tries were used up.
///
/// # Errors
/// [`CaptureError`]; what was kept so far is in the draft.
pub fn capture_ten_fingers(
    draft: &mut Draft<'_>,
    capture: &mut FingerCapture,
    device: &mut dyn CaptureDevice,
    cancel: &AtomicBool,
    told: &mut dyn FnMut(&CaptureTarget, &AttemptReport),
) -> Result<TenFingers, CaptureError> {
    let mut fingers = Vec::new();
    for slap in Slap::ALL {
        let target = CaptureTarget::Slap(slap);
        let mut exhausted = expected_fingers(&target, capture.missing()).is_empty();
        while !exhausted && !capture.is_done(&target) && capture.attempts_left(&target) > 0 {
            match try_target(draft, capture, device, &target, cancel, &mut |_| {}) {
                Ok(report) => told(&target, &report),
                Err(CaptureError::Device(DeviceError::Exhausted { .. })) => exhausted = true,
                Err(error) => return Err(error),
            }
        }
        for position in slap.fingers() {
            let mut conclusion = capture.conclude(&target, *position);
            if exhausted {
                conclusion = match conclusion {
                    Conclusion::TryAgain(Some(advice)) if capture.holds(*position) => {
                        Conclusion::AcceptedWithReason(advice)
                    }
                    Conclusion::TryAgain(advice) => Conclusion::NeedsException(advice),
                    other => other,
                };
            }
            fingers.push((*position, conclusion));
        }
    }
    fingers.sort_by_key(|(position, _)| *position);
    Ok(TenFingers { fingers })
}

/// The portrait after all its attempts.
#[derive(Debug, Clone)]
pub struct PortraitOutcome {
    /// The attempts, in order.
    pub attempts: Vec<PortraitAttempt>,
    /// Something was kept.
    pub captured: bool,
}

/// One attempt at the portrait, kept in the draft where it is the best so far.
///
/// `Ok(None)` when nothing was captured in time; it counts as an attempt. Other errors of the device do not count.
///
/// # Errors
/// [`CaptureError`].
pub fn try_portrait(
    draft: &mut Draft<'_>,
    capture: &mut PortraitCapture,
    device: &mut dyn CaptureDevice,
    cancel: &AtomicBool,
    preview: &mut dyn FnMut(Frame),
) -> Result<Option<PortraitAttempt>, CaptureError> {
    if capture.attempts_left() == 0 {
        return Err(CaptureError::NoTryLeft);
    }
    let name = device.describe().evidence_name();
    let request = request(SampleKind::Portrait);
    let sample = match device.capture(&request, cancel, preview) {
        Ok(samples) => samples.into_iter().next(),
        Err(DeviceError::TimedOut { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let Some(sample) = sample else {
        capture.failed_to_acquire();
        return Ok(None);
    };
    let attempt = capture.judge(&sample)?;
    if attempt.kept {
        let score = attempt.report.score.clone();
        draft.add_sample(kept(
            SampleKind::Portrait,
            sample,
            Some(score),
            &name,
            attempt.attempt,
        ))?;
    }
    Ok(Some(attempt))
}

/// One sample that nobody judges (a page, a thumb mark, an exception photograph), kept in the place of the one of the
/// same kind. `Ok(false)` when nothing was captured in time.
///
/// # Errors
/// [`CaptureError`].
pub fn capture_sample(
    draft: &mut Draft<'_>,
    device: &mut dyn CaptureDevice,
    kind: SampleKind,
    cancel: &AtomicBool,
    preview: &mut dyn FnMut(Frame),
) -> Result<bool, CaptureError> {
    let name = device.describe().evidence_name();
    match device.capture(&request(kind.clone()), cancel, preview) {
        Ok(samples) => match samples.into_iter().next() {
            Some(sample) => {
                let attempt = sample.attempt;
                draft.add_sample(kept(kind, sample, None, &name, attempt))?;
                Ok(true)
            }
            None => Ok(false),
        },
        Err(DeviceError::TimedOut { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The number of the next page of a paper, from 1.
///
/// # Errors
/// [`CaptureError::Enrolment`].
pub fn next_page(draft: &Draft<'_>, document: &str) -> Result<u16, CaptureError> {
    let last = draft
        .samples()?
        .iter()
        .filter_map(|sample| match &sample.kind {
            SampleKind::DocumentPage { document: of, page } if of == document => Some(*page),
            _ => None,
        })
        .max();
    Ok(last.map_or(1, |page| page.saturating_add(1)))
}

/// The portrait, until it is good or the tries are used up; the best is in the draft.
///
/// # Errors
/// [`CaptureError`].
pub fn capture_portrait(
    draft: &mut Draft<'_>,
    device: &mut dyn CaptureDevice,
    attempts_max: u16,
    cancel: &AtomicBool,
    told: &mut dyn FnMut(&PortraitAttempt),
) -> Result<PortraitOutcome, CaptureError> {
    let mut capture = PortraitCapture::begin(attempts_max);
    let mut attempts = Vec::new();
    while !capture.is_done() {
        match try_portrait(draft, &mut capture, device, cancel, &mut |_| {}) {
            Ok(Some(attempt)) => {
                told(&attempt);
                attempts.push(attempt);
            }
            Ok(None) => {}
            Err(CaptureError::Device(DeviceError::Exhausted { .. })) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(PortraitOutcome {
        attempts,
        captured: capture.has_one(),
    })
}

impl PortraitCapture {
    /// The capture of a draft that may hold a portrait already: a later attempt has to be better than that one. The
    /// attempts count anew.
    ///
    /// # Errors
    /// [`CaptureError::Enrolment`].
    pub fn resume(draft: &Draft<'_>, attempts_max: u16) -> Result<Self, CaptureError> {
        let mut capture = Self::begin(attempts_max);
        let samples = draft.samples()?;
        if let Some(entry) = samples.iter().find(|s| s.kind == SampleKind::Portrait)
            && let Some(bytes) = draft.sample_bytes(entry.id)?
        {
            capture.take_over(bytes.expose());
        }
        Ok(capture)
    }
}

fn request(kind: SampleKind) -> CaptureRequest {
    CaptureRequest {
        target: CaptureTarget::Sample(kind),
        missing: Vec::new(),
        timeout_ms: ATTEMPT_MS,
    }
}

fn kept(
    kind: SampleKind,
    sample: RawSample,
    quality: Option<QualityScore>,
    device: &str,
    attempts: u16,
) -> DraftSample {
    DraftSample {
        kind,
        media_type: sample.media_type.name().to_owned(),
        bytes: sample.bytes,
        quality,
        ppi: sample.ppi.map(|ppi| ppi.0),
        device: Some(device.to_owned()),
        attempts,
    }
}
