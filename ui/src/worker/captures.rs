//! Captures: the devices of the steps, their live pictures, the portrait, single samples.
//!
//! In: commands, the station's devices. Out: previews, verdicts; what was captured is in the draft before its verdict is
//! told. Owns: the device that is open for the step. Never: judges; counts a tap as two captures.

use std::sync::atomic::Ordering;

use qayd_devices::{CaptureDevice, CaptureTarget, DeviceError, Frame, Modality};
use qayd_model::{FingerPosition, PersonalBytes, SampleKind};
use qayd_station::capture::{
    AttemptReport, CaptureError, PortraitCapture, capture_sample, try_portrait,
};
use qayd_station::quality::Verdict as Judged;
use qayd_station::{DraftSample, EnrolmentError};
use qayd_window::{Said, Verdict};

use super::enrolment::{Then, Work};
use super::kit::Opening;
use super::pictures;
use super::steps::{self, Step};
use crate::desk::{Command, Event, PortraitView};

/// How long the live picture is waited for before commands are looked at.
const FRAME_MS: u32 = 100;
/// A device that was not there is tried again after this.
const AGAIN_MS: u64 = 3_000;
/// Between two looks at a device that is being opened.
const OPENING_PAUSE_MS: u64 = 20;

/// What a capture step holds while it is on the screen.
#[derive(Default)]
pub(super) struct State {
    pub(super) device: Option<Box<dyn CaptureDevice>>,
    /// A device on its way.
    opening: Option<Opening>,
    /// What its preview was asked to show.
    shown: Option<CaptureTarget>,
    /// Why there is no device; it is opened again at the next press, and by itself from time to time.
    trouble: Option<Trouble>,
    pub(super) slap: usize,
    /// The slap was chosen or gone on to; else the first open one is shown.
    pub(super) slap_chosen: bool,
    /// The last attempt of the slap that is shown.
    pub(super) report: Option<AttemptReport>,
    verdict: Option<(Judged, u8)>,
    pub(super) excepting: Option<FingerPosition>,
}

/// A device that is not there, or does not deliver.
struct Trouble {
    /// What was said about it.
    code: &'static str,
    /// When it is tried again, on the monotonic clock.
    again_ms: u64,
}

impl State {
    /// Whether there is a live picture to show.
    pub(super) fn is_live(&self) -> bool {
        self.device.is_some() || self.opening.is_some()
    }

    fn close_device(&mut self) {
        if let Some(mut device) = self.device.take() {
            device.end_preview();
            device.close();
        }
        self.shown = None;
    }

    /// Gives the device back and forgets what was on the screen.
    pub(super) fn close(&mut self) {
        self.close_device();
        *self = Self::default();
    }
}

impl Work<'_, '_, '_> {
    /// What the capture steps do; the rest of the commands are of other pages.
    pub(super) fn act_on_capture(&mut self, command: Command) -> Result<Then, EnrolmentError> {
        let step = self.step();
        let done = match (command, step) {
            (Command::Portrait, Step::Portrait) => self.take_portrait(),
            (Command::Portrait, Step::ExceptionPhoto) => self
                .take(SampleKind::ExceptionPhoto, Modality::Face)
                .map(|_| Then::Show),
            (Command::PortraitAgain, Step::Portrait) => {
                self.portrait = None;
                self.captures.verdict = None;
                Ok(Then::Show)
            }
            (Command::Slap(slap), Step::Fingers) => {
                self.captures.slap = slap.min(2);
                self.captures.slap_chosen = true;
                self.captures.report = None;
                Ok(Then::Show)
            }
            (Command::Capture, Step::Fingers) => self.take_slap(),
            (Command::CaptureAgain, Step::Fingers) => self.take_anew(),
            (Command::Touch(position), Step::Fingers) => {
                self.captures.excepting = Some(position);
                Ok(Then::Show)
            }
            (Command::CloseException, Step::Fingers) => {
                self.captures.excepting = None;
                Ok(Then::Show)
            }
            (Command::Except(reason), Step::Fingers) => self.except(reason),
            (Command::Withdraw, Step::Fingers) => self.withdraw(),
            (Command::Signed(png), Step::Signature) => self.sign(png),
            (Command::Wipe, Step::Signature) => {
                self.draft.remove_sample(&SampleKind::Signature)?;
                Ok(Then::Show)
            }
            (Command::Thumb, Step::Signature) => self
                .take(SampleKind::ThumbMark, Modality::Finger)
                .map(|_| Then::Show),
            (Command::Approve { login, passphrase }, Step::Seal) => {
                return self.approve(&login, &passphrase);
            }
            _ => Ok(Then::Stay),
        };
        match done {
            Ok(then) => Ok(then),
            Err(CaptureError::Enrolment(error)) => Err(error),
            Err(error) => {
                match error {
                    // What was stopped, or not believed once, is no reason to stop looking.
                    CaptureError::Device(DeviceError::Cancelled | DeviceError::Sbi { .. }) => {
                        self.captures.close_device();
                        self.worker.say_code(error.code());
                    }
                    CaptureError::Device(_) => self.give_up(error.code()),
                    _ => {
                        self.captures.close_device();
                        self.worker.say_code(error.code());
                    }
                }
                Ok(Then::Show)
            }
        }
    }

    /// Whether this capture step has what it needs to be left.
    pub(super) fn captured(&mut self) -> Result<bool, EnrolmentError> {
        match self.step() {
            Step::Portrait => {
                let required =
                    self.draft.pack().biometrics.portrait == qayd_model::pack::Wanted::Required;
                Ok(!required || steps::holds(&self.draft, &SampleKind::Portrait)?)
            }
            Step::Fingers => {
                let findings = self.findings();
                Ok(self
                    .way
                    .is_complete(self.at, findings.as_ref(), &self.draft))
            }
            _ => Ok(true),
        }
    }

    fn modality(&self) -> Option<Modality> {
        if let Some(open) = &self.papers {
            return open.is_live().then_some(Modality::Document);
        }
        match self.step() {
            Step::Portrait | Step::ExceptionPhoto => Some(Modality::Face),
            Step::Fingers => Some(Modality::Slap),
            _ => None,
        }
    }

    /// The device for a job, as soon as it is open; `None` while it is being opened.
    fn opened(
        &mut self,
        modality: Modality,
    ) -> Option<Result<Box<dyn CaptureDevice>, DeviceError>> {
        let kit = self.worker.kit.as_ref()?;
        let is_for = |opening: &Opening| opening.modality() == modality;
        if !self.captures.opening.as_ref().is_some_and(is_for) {
            self.captures.opening = Some(kit.opening(modality));
        }
        let ready = self.captures.opening.as_ref()?.ready()?;
        self.captures.opening = None;
        self.captures.shown = None;
        Some(ready)
    }

    /// The same, waited for; whatever goes elsewhere in the meantime ends the wait.
    pub(super) fn device(
        &mut self,
        modality: Modality,
    ) -> Result<Box<dyn CaptureDevice>, CaptureError> {
        if let Some(mut device) = self.captures.device.take() {
            if device.describe().modalities.contains(&modality) {
                return Ok(device);
            }
            device.close();
        }
        loop {
            if let Some(ready) = self.opened(modality) {
                return Ok(ready?);
            }
            if self.worker.switches.cancel.load(Ordering::SeqCst) || self.worker.kit.is_none() {
                return Err(DeviceError::Cancelled.into());
            }
            self.worker.setup.world.clock.sleep_ms(OPENING_PAUSE_MS);
        }
    }

    /// What the live picture of this step shows.
    fn looked_at(&self) -> CaptureTarget {
        if let Some(page) = self.looks_at_page() {
            return page;
        }
        match self.step() {
            Step::Fingers => self.target(),
            Step::ExceptionPhoto => CaptureTarget::Sample(SampleKind::ExceptionPhoto),
            _ => CaptureTarget::Sample(SampleKind::Portrait),
        }
    }

    fn give_up(&mut self, code: &'static str) {
        self.captures.close_device();
        self.worker.tell(Event::NoPicture);
        let before = self.captures.trouble.replace(Trouble {
            code,
            again_ms: self.worker.now_ms().saturating_add(AGAIN_MS),
        });
        // Whoever put the message away does not want it back every few seconds.
        if before.is_none_or(|before| before.code != code) {
            self.worker.say_code(code);
        }
    }

    /// One frame of the live picture, if the step has one and the screen is ready for it.
    pub(super) fn preview(&mut self) {
        let Some(modality) = self.modality() else {
            return;
        };
        if self.captures.device.is_none() {
            let now = self.worker.now_ms();
            let waits = |trouble: &Trouble| now < trouble.again_ms;
            if self.captures.opening.is_none() && self.captures.trouble.as_ref().is_some_and(waits)
            {
                return;
            }
            match self.opened(modality) {
                Some(Ok(device)) => {
                    let shows_nothing = self.is_scanner(&*device);
                    self.captures.device = Some(device);
                    if shows_nothing {
                        return;
                    }
                }
                Some(Err(error)) => return self.give_up(error.code()),
                None => return,
            }
        }
        let target = self.looked_at();
        let is_scanner = self
            .papers
            .as_ref()
            .is_some_and(super::papers::Open::is_scanner);
        let Some(device) = self.captures.device.as_mut().filter(|_| !is_scanner) else {
            return;
        };
        if self.captures.shown.as_ref() != Some(&target) {
            // A device that cannot show this part shows what it shows; a capture works without.
            let _ = device.begin_preview(&target);
            self.captures.shown = Some(target);
        }
        let frame = device.next_frame(FRAME_MS);
        if frame.is_ok() && self.captures.trouble.take().is_some() {
            // The device is back; what was said about it is over.
            self.worker.say(Said::Nothing);
        }
        match frame {
            Ok(frame) if self.worker.preview_is_free() => {
                let of = modality;
                if let Some(pixels) = pictures::of_frame(&frame, of == Modality::Face) {
                    self.worker.tell(Event::Preview { of, pixels });
                }
            }
            Ok(_) | Err(DeviceError::TimedOut { .. }) => {}
            Err(error) => self.give_up(error.code()),
        }
    }

    pub(super) fn begins(&mut self) {
        self.worker.switches.cancel.store(false, Ordering::SeqCst);
        self.worker.say(Said::Nothing);
        self.captures.trouble = None;
    }

    // The portrait.

    fn portrait_capture(&mut self) -> Result<&mut PortraitCapture, CaptureError> {
        if self.portrait.is_none() {
            let policy = self.station.policy().map_err(EnrolmentError::from)?;
            self.portrait = Some(PortraitCapture::resume(
                &self.draft,
                policy.retries_max.saturating_add(1),
            )?);
        }
        self.portrait.as_mut().ok_or(CaptureError::NoTryLeft)
    }

    fn take_portrait(&mut self) -> Result<Then, CaptureError> {
        self.begins();
        self.portrait_capture()?;
        let mut device = self.device(Modality::Face)?;
        self.tell_portrait(true)?;
        let Some(mut capture) = self.portrait.take() else {
            return Ok(Then::Stay);
        };
        let mut preview = self.live_picture(Modality::Face);
        let done = try_portrait(
            &mut self.draft,
            &mut capture,
            &mut *device,
            &self.worker.switches.cancel,
            &mut preview,
        );
        self.portrait = Some(capture);
        self.captures.device = Some(device);
        self.worker.drop_repeated_captures();
        let Some(attempt) = done? else {
            self.worker.say(Said::TimedOut);
            return Ok(Then::Show);
        };
        self.captures.verdict = Some((attempt.report.verdict, attempt.report.score.value));
        let good = attempt.report.verdict == Judged::Good;
        self.worker.tell(Event::Captured { good });
        Ok(if good { Then::GoOn } else { Then::Show })
    }

    fn tell_portrait(&mut self, capturing: bool) -> Result<(), CaptureError> {
        let kind = if self.step() == Step::ExceptionPhoto {
            SampleKind::ExceptionPhoto
        } else {
            SampleKind::Portrait
        };
        let kept = self.picture(&kind)?;
        let left = if kind == SampleKind::Portrait {
            self.portrait_capture()?.attempts_left()
        } else {
            9
        };
        let judged = self.captures.verdict;
        let view = PortraitView {
            kept,
            verdict: match judged.map(|(verdict, _)| verdict) {
                None => Verdict::None,
                Some(Judged::Good) => Verdict::Good,
                Some(Judged::Acceptable(_)) => Verdict::Usable,
                Some(Judged::Retry(_)) => Verdict::Poor,
            },
            advice: judged
                .and_then(|(verdict, _)| verdict.advice())
                .map(|a| a.code().to_owned())
                .unwrap_or_default(),
            score: judged
                .map(|(_, score)| self.worker.number(score))
                .unwrap_or_default(),
            left: self.worker.number(left),
            capturing,
            exhausted: left == 0,
        };
        self.worker.tell(Event::Portrait(Box::new(view)));
        Ok(())
    }

    /// A kept sample as a picture.
    pub(super) fn picture(
        &self,
        kind: &SampleKind,
    ) -> Result<crate::desk::Picture, EnrolmentError> {
        Ok(self
            .sample(kind)?
            .and_then(|bytes| pictures::of_sample(bytes.expose())))
    }

    /// The bytes of a kept sample.
    pub(super) fn sample(
        &self,
        kind: &SampleKind,
    ) -> Result<Option<PersonalBytes>, EnrolmentError> {
        let samples = self.draft.samples()?;
        match samples.iter().find(|sample| sample.kind == *kind) {
            Some(entry) => self.draft.sample_bytes(entry.id),
            None => Ok(None),
        }
    }

    // Single samples.

    /// Captures one sample; `false` when nothing came in time.
    pub(super) fn take(
        &mut self,
        kind: SampleKind,
        modality: Modality,
    ) -> Result<bool, CaptureError> {
        self.begins();
        let mut device = self.device(modality)?;
        if kind == SampleKind::ThumbMark {
            self.worker.tell(Event::Signature {
                kept: false,
                thumb: false,
                capturing: true,
            });
        }
        let mut preview = self.live_picture(modality);
        let done = capture_sample(
            &mut self.draft,
            &mut *device,
            kind,
            &self.worker.switches.cancel,
            &mut preview,
        );
        self.worker.drop_repeated_captures();
        match self.modality() {
            Some(own) if own == modality => self.captures.device = Some(device),
            _ => device.close(),
        }
        let taken = done?;
        self.worker.tell(Event::Captured { good: taken });
        if !taken {
            self.worker.say(Said::TimedOut);
        }
        Ok(taken)
    }

    /// Sends the frames that come during a capture to the screen, as fast as it takes them.
    pub(super) fn live_picture(&self, of: Modality) -> impl FnMut(Frame) + use<> {
        let (tell, free) = (
            self.worker.tell.clone(),
            self.worker.switches.preview_free.clone(),
        );
        move |frame| {
            if free.swap(false, Ordering::SeqCst)
                && let Some(pixels) = pictures::of_frame(&frame, of == Modality::Face)
            {
                tell(Event::Preview { of, pixels });
            }
        }
    }

    fn sign(&mut self, png: Vec<u8>) -> Result<Then, CaptureError> {
        self.draft.add_sample(DraftSample {
            kind: SampleKind::Signature,
            media_type: "image/png".to_owned(),
            bytes: PersonalBytes::new(png),
            quality: None,
            ppi: None,
            device: Some("screen".to_owned()),
            attempts: 1,
        })?;
        Ok(Then::Show)
    }

    /// Tells what a step that is no form shows.
    pub(super) fn show_capture(
        &mut self,
        findings: Option<&qayd_model::validation::Findings>,
    ) -> Result<(), EnrolmentError> {
        let told = match self.step() {
            Step::Portrait | Step::ExceptionPhoto => self.tell_portrait(false),
            Step::Fingers => self.tell_fingers(false),
            Step::Signature => {
                let kept = steps::holds(&self.draft, &SampleKind::Signature)?;
                let thumb = steps::holds(&self.draft, &SampleKind::ThumbMark)?;
                self.worker.tell(Event::Signature {
                    kept,
                    thumb,
                    capturing: false,
                });
                Ok(())
            }
            Step::ReadBack => return self.tell_read_back(),
            Step::Seal => return self.tell_seal(findings),
            Step::Field(_) | Step::More(_) => Ok(()),
        };
        match told {
            Ok(()) => Ok(()),
            Err(CaptureError::Enrolment(error)) => Err(error),
            Err(error) => {
                self.worker.say_code(error.code());
                Ok(())
            }
        }
    }
}
