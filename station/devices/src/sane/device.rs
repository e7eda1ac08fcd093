//! A document scanner behind the one capture seam: a page a capture.
//!
//! In: a listed scanner, its profile. Out: the rows as they come for the screen, the whole page as a sample.
//! Owns: what can be set, while it is open; a run of the program while a page moves. Never: a live picture; there is none.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use qayd_model::{PersonalBytes, Ppi};
use qayd_world::Clock;

use super::ScannerSettings;
use super::error::{ScannerError, meaning};
use super::finder::Busy;
use super::listed::ScannerListed;
use super::options::{Options, Wished};
use super::page::Page;
use super::program::{self, Came, Run};
use crate::capture::{
    CaptureDevice, CaptureRequest, CaptureTarget, DeviceDescription, Frame, MediaType, Modality,
    RawSample, TIMEOUT_MS_MAX,
};
use crate::error::DeviceError;
use crate::profile::DeviceProfile;
use crate::usb;

/// How long opening may take: lamps warm up.
const OPEN_MS: u64 = 15_000;
/// How often a wait looks at the cancel flag.
const POLL_MS: u64 = 50;
/// Between two previews.
const PREVIEW_MS: u64 = 250;
/// A page that has begun and of which nothing comes for so long has stopped: `DEV-14`.
const STALLED_MS: u64 = 20_000;
/// How long the program may take after the last row, to let the sheet out.
const AFTER_MS: u64 = 10_000;
/// How long it may take to let go of a scanner of which it has said that it failed. Backends hang there: SANE's own test
/// backend does in one run of ten when it is stopped at once.
const FAILED_MS: u64 = 2_000;
/// How often the bus is asked whether the scanner is still there.
const GONE_MS: u64 = 500;
/// Profile of a scanner that no profile knows.
const NO_PROFILE: &str = "docscan.unprofiled";

/// See the module.
pub struct SaneDevice {
    pub(super) listed: ScannerListed,
    profile: Option<DeviceProfile>,
    settings: ScannerSettings,
    busy: Busy,
    clock: Arc<dyn Clock>,
    options: Option<Options>,
    sequence: u64,
    attempts: BTreeMap<CaptureTarget, u16>,
}

impl SaneDevice {
    /// A closed scanner.
    pub fn make(
        listed: ScannerListed,
        profile: Option<DeviceProfile>,
        settings: ScannerSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            listed,
            profile,
            settings,
            busy: Busy::default(),
            clock,
            options: None,
            sequence: 0,
            attempts: BTreeMap::new(),
        }
    }

    /// The same, telling the finder when a page moves.
    pub(crate) fn beside(mut self, busy: Busy) -> Self {
        self.busy = busy;
        self
    }

    fn named(&self) -> String {
        format!("--device-name={}", self.listed.name)
    }

    /// Pulled out, as far as the bus says; a scanner whose numbers are not known is taken to be there.
    fn is_gone(&self) -> bool {
        self.listed.usb.is_some_and(|numbers| {
            !usb::all(&self.settings.usb)
                .iter()
                .any(|device| device.numbers() == Some(numbers))
        })
    }

    /// What a failure is when the scanner is not there any more.
    fn blame(&mut self, error: DeviceError) -> DeviceError {
        let is_own = matches!(error, DeviceError::Cancelled | DeviceError::TimedOut { .. });
        let error = if !is_own && self.is_gone() {
            DeviceError::Unplugged
        } else {
            error
        };
        if error.lost_handle() {
            self.options = None;
        }
        error
    }

    fn frame(&mut self, page: &Page) -> Option<Frame> {
        let (geometry, format, pixels) = page.preview()?;
        self.sequence += 1;
        let now = self.clock.monotonic_ms();
        Frame::make(geometry, format, pixels, self.sequence, now, None).ok()
    }

    /// Runs the program and reads a page.
    fn scan(
        &mut self,
        wished: &Wished,
        timeout_ms: u32,
        cancel: &AtomicBool,
        progress: &mut dyn FnMut(Frame),
    ) -> Result<(Page, Option<Ppi>), DeviceError> {
        let mut arguments = vec![self.named(), "--format=pnm".to_owned()];
        arguments.extend(wished.arguments.iter().cloned());
        arguments.extend(self.settings.options.iter().cloned());
        let clock = self.clock.clone();
        let _scanning = self.busy.begin();
        let run = Run::start(&self.settings, &arguments, clock.as_ref())?;
        let began = clock.monotonic_ms();
        let (mut heard, mut shown, mut asked) = (began, began, began);
        let mut failed = None;
        let mut page = Page::default();
        let patience_ms = loop {
            if cancel.load(Ordering::SeqCst) {
                return Err(DeviceError::Cancelled);
            }
            let came = run.take(POLL_MS);
            let now = clock.monotonic_ms();
            match came {
                Came::Bytes(bytes) => {
                    heard = now;
                    page.take(&bytes)?;
                    if now.saturating_sub(shown) >= PREVIEW_MS
                        && let Some(frame) = self.frame(&page)
                    {
                        shown = now;
                        progress(frame);
                    }
                    continue;
                }
                Came::End => break AFTER_MS,
                Came::Nothing => {}
            }
            if now.saturating_sub(asked) >= GONE_MS {
                asked = now;
                if self.is_gone() {
                    return Err(DeviceError::Unplugged);
                }
            }
            if let Some(failure) = run.failure()
                && now.saturating_sub(*failed.get_or_insert(now)) >= FAILED_MS
            {
                return Err(failure);
            }
            let silent = now.saturating_sub(heard);
            if page.is_whole() && silent >= AFTER_MS {
                break 0;
            }
            let passed = now.saturating_sub(began);
            let limit = if page.got() == 0 {
                timeout_ms
            } else {
                TIMEOUT_MS_MAX
            };
            if passed > u64::from(limit) {
                return Err(DeviceError::TimedOut { timeout_ms: limit });
            }
            if page.got() > 0 && silent > STALLED_MS {
                let after_ms = u32::try_from(silent).unwrap_or(u32::MAX);
                return Err(DeviceError::Stalled { after_ms });
            }
        };
        let (status, words) = run.finish(patience_ms);
        match status {
            Some(status) if !status.success() => return Err(meaning(&words, status.code())),
            // It hangs with the whole page given: the page is good, the next one will tell.
            None if !page.is_whole() => return Err(ScannerError::ProgramFailed.into()),
            _ => {}
        }
        page.check()?;
        if let Some(frame) = self.frame(&page) {
            progress(frame);
        }
        let ppi = rounded(&words).or(wished.ppi);
        Ok((page, ppi.and_then(whole)))
    }
}

/// `scanimage: rounded value of resolution from 300 to 299`: a scanner that has its own mind.
fn rounded(words: &str) -> Option<f64> {
    let (_, rest) = words.split_once("rounded value of resolution from ")?;
    let (_, rest) = rest.split_once(" to ")?;
    rest.split_whitespace().next()?.parse().ok()
}

fn whole(ppi: f64) -> Option<Ppi> {
    let is_one = ppi.is_finite() && (1.0..=f64::from(u16::MAX)).contains(&ppi);
    is_one.then(|| Ppi(ppi.round() as u16))
}

impl CaptureDevice for SaneDevice {
    fn describe(&self) -> DeviceDescription {
        DeviceDescription {
            id: self.listed.id.clone(),
            profile: self
                .profile
                .as_ref()
                .map_or(NO_PROFILE, |p| &p.id)
                .to_owned(),
            serial: self.listed.serial.clone(),
            modalities: vec![Modality::Document],
            simulated: self.listed.is_invented()
                || self.profile.as_ref().is_some_and(|p| p.is_virtual),
        }
    }

    /// Asks what can be set, which opens the scanner for a moment.
    fn open(&mut self) -> Result<(), DeviceError> {
        if self.options.is_some() {
            return Ok(());
        }
        let arguments = [self.named(), "--all-options".to_owned()];
        let _scanning = self.busy.begin();
        let clock = self.clock.clone();
        let list = program::list(&self.settings, &arguments, OPEN_MS, clock.as_ref())
            .map_err(|error| self.blame(error))?;
        let options = Options::parse(&list);
        if options.is_empty() {
            return Err(ScannerError::ProgramFailed.into());
        }
        self.options = Some(options);
        self.sequence = 0;
        Ok(())
    }

    fn close(&mut self) {
        self.options = None;
    }

    fn begin_preview(&mut self, target: &CaptureTarget) -> Result<(), DeviceError> {
        if target.modality() != Modality::Document {
            return Err(DeviceError::Unsupported {
                target: target.clone(),
            });
        }
        self.options.as_ref().map(drop).ok_or(DeviceError::NotOpen)
    }

    /// There is none before a sheet moves.
    fn next_frame(&mut self, _timeout_ms: u32) -> Result<Frame, DeviceError> {
        if self.options.is_none() {
            return Err(DeviceError::NotOpen);
        }
        Err(DeviceError::Refused {
            reason: "a document scanner has no live picture",
        })
    }

    /// Scans the sheet that lies there. A feeder without one says so at once; a flatbed scans whatever lies on it.
    fn capture(
        &mut self,
        request: &CaptureRequest,
        cancel: &AtomicBool,
        progress: &mut dyn FnMut(Frame),
    ) -> Result<Vec<RawSample>, DeviceError> {
        self.begin_preview(&request.target)?;
        let count = self.attempts.entry(request.target.clone()).or_default();
        *count = count.saturating_add(1);
        let attempt = *count;
        let docscan = self.profile.as_ref().and_then(|p| p.docscan.as_ref());
        let wished = match &self.options {
            Some(options) => options.wished(docscan),
            None => return Err(DeviceError::NotOpen),
        };
        let timeout_ms = request.bounded_timeout_ms();
        let (page, ppi) = self
            .scan(&wished, timeout_ms, cancel, progress)
            .map_err(|error| self.blame(error))?;
        let (jpeg, geometry) = page.jpeg(ppi)?;
        Ok(vec![RawSample {
            target: request.target.clone(),
            fingers: Vec::new(),
            bytes: PersonalBytes::new(jpeg),
            media_type: MediaType::Jpeg,
            geometry: Some(geometry),
            ppi,
            attempt,
            monotonic_ms: Some(self.clock.monotonic_ms()),
            file: None,
        }])
    }
}

#[cfg(test)]
mod words {
    use super::*;

    #[test]
    fn a_scanner_that_rounds_the_resolution_is_believed() {
        let said = "scanimage: rounded value of resolution from 300 to 299.5\n";
        assert_eq!(rounded(said).and_then(whole), Some(Ppi(300)));
        assert_eq!(
            rounded("scanimage: rounded value of br-x from 1 to 2"),
            None
        );
        assert_eq!(whole(f64::NAN), None);
        assert_eq!(whole(0.2), None);
    }
}
