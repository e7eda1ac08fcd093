//! Fingers: 4-4-2, what each is judged, and those that are excepted.
//!
//! In: commands, the scanner that is open. Out: attempts in the draft, then verdicts on the screen. Owns: nothing; the draft
//! and [`super::captures::State`] hold it. Never: judges; takes three fingers for four.

use qayd_devices::{CaptureTarget, Modality, expected_fingers};
use qayd_model::{BiometricException, ExceptionReason, FingerPosition, SampleKind, Slap};
use qayd_station::EnrolmentError;
use qayd_station::capture::{CaptureError, CaptureLimits, Conclusion, FingerCapture, try_target};
use qayd_station::quality::Verdict as Judged;
use qayd_window::{FingerLine, FingerMark, FingerState, Reason, SlapTab};

use super::enrolment::{Then, Work};
use super::steps;
use crate::desk::{Event, FingersView};

/// Thumb, index, middle, ring, little.
const LEFT: [FingerPosition; 5] = [
    FingerPosition::LeftThumb,
    FingerPosition::LeftIndex,
    FingerPosition::LeftMiddle,
    FingerPosition::LeftRing,
    FingerPosition::LeftLittle,
];
const RIGHT: [FingerPosition; 5] = [
    FingerPosition::RightThumb,
    FingerPosition::RightIndex,
    FingerPosition::RightMiddle,
    FingerPosition::RightRing,
    FingerPosition::RightLittle,
];

impl Work<'_, '_, '_> {
    fn finger_capture(&mut self) -> Result<FingerCapture, CaptureError> {
        if let Some(capture) = self.fingers.take() {
            return Ok(capture);
        }
        let policy = self.station.policy().map_err(EnrolmentError::from)?;
        let limits = CaptureLimits::of(&policy, self.draft.pack().biometrics.fingers.as_ref());
        FingerCapture::resume(&self.draft, limits)
    }

    pub(super) fn target(&self) -> CaptureTarget {
        CaptureTarget::Slap(Slap::ALL[self.captures.slap.min(2)])
    }

    pub(super) fn take_slap(&mut self) -> Result<Then, CaptureError> {
        self.begins();
        let target = self.target();
        let mut capture = self.finger_capture()?;
        if expected_fingers(&target, capture.missing()).is_empty() || capture.is_done(&target) {
            self.fingers = Some(capture);
            return Ok(self.next_slap());
        }
        let mut device = match self.device(Modality::Slap) {
            Ok(device) => device,
            Err(error) => {
                self.fingers = Some(capture);
                return Err(error);
            }
        };
        self.fingers = Some(capture.clone());
        self.tell_fingers(true)?;
        let mut preview = self.live_picture(Modality::Slap);
        let done = try_target(
            &mut self.draft,
            &mut capture,
            &mut *device,
            &target,
            &self.worker.switches.cancel,
            &mut preview,
        );
        let slap_done = capture.is_done(&target);
        self.fingers = Some(capture);
        self.captures.device = Some(device);
        self.worker.drop_repeated_captures();
        let report = done?;
        let is_good = |verdict: Judged| verdict == Judged::Good;
        let good =
            report.problem.is_none() && report.fingers.iter().all(|finger| is_good(finger.verdict));
        self.worker.tell(Event::Captured { good });
        self.captures.report = Some(report);
        Ok(if slap_done {
            self.next_slap()
        } else {
            Then::Show
        })
    }

    /// To the next slap that is not done; on from the step when all are.
    fn next_slap(&mut self) -> Then {
        let Some(capture) = &self.fingers else {
            return Then::Show;
        };
        let open = (0..Slap::ALL.len()).find(|n| {
            let target = CaptureTarget::Slap(Slap::ALL[*n]);
            !capture.is_done(&target)
        });
        match open {
            Some(slap) => {
                // What was just captured stays on the screen under the hands until the next press.
                self.captures.slap = slap;
                self.captures.slap_chosen = true;
                Then::Show
            }
            None => Then::GoOn,
        }
    }

    pub(super) fn take_anew(&mut self) -> Result<Then, CaptureError> {
        let mut capture = self.finger_capture()?;
        for position in capture.begin_anew(&self.target()) {
            self.draft.remove_sample(&SampleKind::Finger(position))?;
        }
        self.fingers = Some(capture);
        self.captures.report = None;
        Ok(Then::Show)
    }

    pub(super) fn except(&mut self, reason: ExceptionReason) -> Result<Then, CaptureError> {
        let Some(position) = self.captures.excepting else {
            return Ok(Then::Stay);
        };
        self.draft.remove_sample(&SampleKind::Finger(position))?;
        self.draft.add_exception(&BiometricException {
            position,
            reason,
            supervisor: None,
            note: None,
        })?;
        self.exceptions_changed()
    }

    pub(super) fn withdraw(&mut self) -> Result<Then, CaptureError> {
        let Some(position) = self.captures.excepting else {
            return Ok(Then::Stay);
        };
        self.draft.remove_exception(position)?;
        self.exceptions_changed()
    }

    fn exceptions_changed(&mut self) -> Result<Then, CaptureError> {
        self.captures.excepting = None;
        // What was approved was another list.
        self.approval = None;
        let missing = self
            .draft
            .exceptions()?
            .iter()
            .map(|e| e.position)
            .collect();
        let mut capture = self.finger_capture()?;
        capture.set_missing(missing);
        self.fingers = Some(capture);
        let word = self.step().word();
        self.way = steps::Way::of(&self.draft)?;
        self.at = self.way.find(&word).unwrap_or(self.at);
        Ok(Then::Show)
    }

    pub(super) fn tell_fingers(&mut self, capturing: bool) -> Result<(), CaptureError> {
        let capture = self.finger_capture()?;
        if !self.captures.slap_chosen {
            let open = Slap::ALL
                .iter()
                .position(|slap| !capture.is_done(&CaptureTarget::Slap(*slap)));
            self.captures.slap = open.unwrap_or(0);
        }
        let target = self.target();
        let language = self.worker.language;
        let codes = self.draft.codes();
        let name =
            |position: FingerPosition| codes.label("fingers", position.name(), language).to_owned();
        let asked = expected_fingers(&target, capture.missing());
        let samples = self.draft.samples().map_err(CaptureError::from)?;
        let score = |position: FingerPosition| {
            let entry = samples
                .iter()
                .find(|s| s.kind == SampleKind::Finger(position));
            entry
                .and_then(|s| s.quality.as_ref())
                .map(|q| self.worker.number(q.value))
                .unwrap_or_default()
        };
        let state = |position: FingerPosition| {
            let of_slap = CaptureTarget::Slap(position.slap());
            match capture.conclude(&of_slap, position) {
                Conclusion::Excepted => FingerState::Excepted,
                Conclusion::Good => FingerState::Good,
                Conclusion::AcceptedWithReason(_) => FingerState::Usable,
                Conclusion::NeedsException(_) => FingerState::Poor,
                Conclusion::TryAgain(advice) => {
                    let kept = samples
                        .iter()
                        .any(|s| s.kind == SampleKind::Finger(position));
                    match (kept, advice) {
                        (true, None) => FingerState::Good,
                        (true, Some(_)) => FingerState::Usable,
                        (false, Some(_)) => FingerState::Poor,
                        (false, None) if asked.contains(&position) => FingerState::Asked,
                        (false, None) => FingerState::Waiting,
                    }
                }
            }
        };
        let mark = |position: &FingerPosition| FingerMark {
            state: state(*position),
            label: name(*position).into(),
            score: score(*position).into(),
        };
        // Under the hands: the fingers of the last attempt, or those that are asked for.
        let report = self.captures.report.as_ref();
        let shown: Vec<FingerPosition> = match report.filter(|r| !r.fingers.is_empty()) {
            Some(report) if !capturing => report.fingers.iter().map(|f| f.position).collect(),
            _ => Slap::ALL[self.captures.slap.min(2)].fingers().to_vec(),
        };
        let line = |position: FingerPosition| {
            let judged = report.and_then(|r| r.fingers.iter().find(|f| f.position == position));
            let advice = judged
                .and_then(|f| f.verdict.advice())
                .map(|a| a.code())
                .unwrap_or_default();
            FingerLine {
                name: name(position).into(),
                state: match judged.map(|f| f.verdict) {
                    Some(Judged::Good) => FingerState::Good,
                    Some(Judged::Acceptable(_)) => FingerState::Usable,
                    Some(Judged::Retry(_)) => FingerState::Poor,
                    None => state(position),
                },
                advice: advice.into(),
                score: judged
                    .map(|f| self.worker.number(f.score.value))
                    .unwrap_or_else(|| score(position))
                    .into(),
            }
        };
        let slaps = Slap::ALL
            .iter()
            .zip(["#left-four", "#right-four", "#thumbs"])
            .enumerate()
            .map(|(n, (slap, label))| {
                let target = CaptureTarget::Slap(*slap);
                SlapTab {
                    label: label.into(),
                    done: capture.is_done(&target),
                    current: n == self.captures.slap,
                    left: self.worker.number(capture.attempts_left(&target)).into(),
                }
            })
            .collect();
        let excepting = self.captures.excepting;
        let exceptions = self.draft.exceptions().map_err(CaptureError::from)?;
        let chosen = excepting
            .and_then(|p| exceptions.iter().find(|e| e.position == p))
            .map(|e| e.reason);
        let allowed = self
            .draft
            .pack()
            .biometrics
            .fingers
            .as_ref()
            .map(|f| f.exception_reasons.clone())
            .unwrap_or_default();
        let reasons = allowed
            .into_iter()
            .map(|reason| Reason {
                code: reason.name().into(),
                label: codes
                    .label("exception-reasons", reason.name(), language)
                    .into(),
                chosen: chosen == Some(reason),
            })
            .collect();
        let view = FingersView {
            slaps,
            left_hand: LEFT.iter().map(mark).collect(),
            right_hand: RIGHT.iter().map(mark).collect(),
            lines: shown.into_iter().map(line).collect(),
            problem: report
                .filter(|_| !capturing)
                .and_then(|r| r.problem)
                .map(|a| a.code().to_owned())
                .unwrap_or_default(),
            capturing,
            exhausted: capture.attempts_left(&target) == 0,
            slap_done: capture.is_done(&target),
            excepting: excepting.map(name).unwrap_or_default(),
            reasons,
            is_excepted: chosen.is_some(),
        };
        self.fingers = Some(capture);
        self.worker.tell(Event::Fingers(Box::new(view)));
        Ok(())
    }
}
