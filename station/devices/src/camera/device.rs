//! A camera behind the one capture seam: previews newest first, portraits and pages as single frames.
//!
//! In: a listed camera, its profile. Out: thinned frames for the screen, whole ones as samples.
//! Owns: the thread that fetches, and the newest frame. Never: waits for the driver on the caller's thread.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use qayd_model::PersonalBytes;
use qayd_world::Clock;

use super::choice::{StreamFormat, Wish, choose};
use super::decode::{Coding, decode, jpeg_alone};
use super::source::{FrameSource, SourceError};
use super::{CameraListed, source};
use crate::capture::{
    CaptureDevice, CaptureRequest, CaptureTarget, DeviceDescription, Frame, MediaType, Modality,
    PixelFormat, RawSample,
};
use crate::error::DeviceError;
use crate::profile::DeviceProfile;

/// A driver is waited for no longer at a time, so that a closed camera's thread ends soon.
const FETCH_MS: u32 = 100;
/// How long closing waits for the driver to let go, so that opening again finds the camera free. One that hangs is left.
const CLOSE_MS: u64 = 600;
/// A live camera is silent no longer than this; then it has stalled.
const STALLED_MS: u64 = 2_000;
/// Sensors wake up before the first frame.
const FIRST_MS: u64 = 5_000;
/// How long opening may take: drivers negotiate with the device.
const OPEN_MS: u64 = 5_000;
/// Light and focus settle while the first frames pass.
const SETTLE_MS: u32 = 300;
/// A preview is no wider than this; wider frames are thinned.
const PREVIEW_WIDTH_PX: u32 = 1_280;
/// What has no container of its own becomes JPEG; at this quality no ridge of a face is lost.
const JPEG_QUALITY: u8 = 95;
/// How often a wait looks at the cancel flag.
const POLL_MS: u32 = 50;
/// Profile of a camera that no profile knows.
const NO_PROFILE: &str = "camera.unprofiled";

/// A frame as it was fetched.
struct Fetched {
    bytes: Vec<u8>,
    sequence: u64,
    at_ms: u64,
}

/// What the thread and the device share.
#[derive(Default)]
struct Slot {
    format: Option<StreamFormat>,
    newest: Option<Fetched>,
    sequence: u64,
    /// When the last frame came, or the camera started.
    alive_ms: u64,
    ended: Option<SourceError>,
}

type Shared = Arc<(Mutex<Slot>, Condvar)>;

/// See the module.
pub struct CameraDevice {
    listed: CameraListed,
    profile: Option<DeviceProfile>,
    clock: Arc<dyn Clock>,
    make_source: Box<dyn Fn() -> Box<dyn FrameSource> + Send>,
    running: Option<Running>,
    attempts: BTreeMap<CaptureTarget, u16>,
}

struct Running {
    slot: Shared,
    stop: Arc<AtomicBool>,
    format: StreamFormat,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let held = locked(&self.slot.0);
        let patience = Duration::from_millis(CLOSE_MS);
        let is_running = |slot: &mut Slot| slot.ended.is_none();
        drop(self.slot.1.wait_timeout_while(held, patience, is_running));
    }
}

impl CameraDevice {
    /// A closed camera of this machine.
    pub fn make(
        listed: CameraListed,
        profile: Option<DeviceProfile>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let of = listed.clone();
        Self::with_source(listed, profile, clock, move || source(&of))
    }

    /// A closed camera whose frames come from elsewhere: recorded ones, those of a test.
    pub fn with_source(
        listed: CameraListed,
        profile: Option<DeviceProfile>,
        clock: Arc<dyn Clock>,
        make_source: impl Fn() -> Box<dyn FrameSource> + Send + 'static,
    ) -> Self {
        Self {
            listed,
            profile,
            clock,
            make_source: Box::new(make_source),
            running: None,
            attempts: BTreeMap::new(),
        }
    }

    /// What the camera really gives, while it is open.
    pub fn format(&self) -> Option<StreamFormat> {
        self.running.as_ref().map(|running| running.format)
    }

    /// The newest frame that was not taken yet.
    fn take(&mut self, timeout_ms: u32) -> Result<(Fetched, StreamFormat), DeviceError> {
        let running = self.running.as_ref().ok_or(DeviceError::NotOpen)?;
        let format = running.format;
        let taken = wait_for_frame(&running.slot, timeout_ms, self.clock.as_ref());
        match taken {
            Ok(fetched) => Ok((fetched, format)),
            Err(error) => {
                if error.lost_handle() {
                    self.running = None;
                }
                Err(error)
            }
        }
    }

    fn frame(&self, fetched: &Fetched, format: &StreamFormat) -> Result<Frame, DeviceError> {
        let step = format.geometry.width_px.div_ceil(PREVIEW_WIDTH_PX).max(1);
        let (geometry, kind, pixels) = decode(format, &fetched.bytes, step)
            .map_err(|e| DeviceError::BadFrame { reason: e.reason() })?;
        Frame::make(
            geometry,
            kind,
            pixels,
            fetched.sequence,
            fetched.at_ms,
            None,
        )
    }
}

impl CaptureDevice for CameraDevice {
    fn describe(&self) -> DeviceDescription {
        DeviceDescription {
            id: self.listed.id.clone(),
            profile: self
                .profile
                .as_ref()
                .map_or(NO_PROFILE, |p| &p.id)
                .to_owned(),
            serial: self.listed.serial.clone(),
            modalities: vec![Modality::Face, Modality::Document],
            simulated: self.profile.as_ref().is_some_and(|p| p.is_virtual),
        }
    }

    fn open(&mut self) -> Result<(), DeviceError> {
        if self.running.is_some() {
            return Ok(());
        }
        let slot: Shared = Arc::default();
        let stop = Arc::new(AtomicBool::new(false));
        let wish = Wish::of(self.profile.as_ref());
        let mut source = (self.make_source)();
        {
            let (slot, stop, clock) = (slot.clone(), stop.clone(), self.clock.clone());
            std::thread::spawn(move || {
                let ended = fetch(source.as_mut(), &wish, &slot, &stop, clock.as_ref());
                // Let go of before it is told, so that whoever hears it can open the camera again.
                drop(source);
                locked(&slot.0).ended = Some(ended.err().unwrap_or(SourceError::Gone));
                slot.1.notify_all();
            });
        }
        let format = wait_for_start(&slot).inspect_err(|_| stop.store(true, Ordering::SeqCst))?;
        self.running = Some(Running { slot, stop, format });
        Ok(())
    }

    fn close(&mut self) {
        self.running = None;
    }

    fn begin_preview(&mut self, target: &CaptureTarget) -> Result<(), DeviceError> {
        if !matches!(target.modality(), Modality::Face | Modality::Document) {
            return Err(DeviceError::Unsupported {
                target: target.clone(),
            });
        }
        self.running.as_ref().map(drop).ok_or(DeviceError::NotOpen)
    }

    fn next_frame(&mut self, timeout_ms: u32) -> Result<Frame, DeviceError> {
        let (fetched, format) = self.take(timeout_ms)?;
        self.frame(&fetched, &format)
    }

    /// Lets light and focus settle, then takes the newest frame that is whole.
    fn capture(
        &mut self,
        request: &CaptureRequest,
        cancel: &AtomicBool,
        progress: &mut dyn FnMut(Frame),
    ) -> Result<Vec<RawSample>, DeviceError> {
        self.begin_preview(&request.target)?;
        let timeout_ms = request.bounded_timeout_ms();
        let count = self.attempts.entry(request.target.clone()).or_default();
        *count = count.saturating_add(1);
        let attempt = *count;
        let settle_ms = self
            .profile
            .as_ref()
            .and_then(|p| p.capture.as_ref()?.settle_ms)
            .unwrap_or(SETTLE_MS);
        let began = self.clock.monotonic_ms();
        loop {
            if cancel.load(Ordering::SeqCst) {
                return Err(DeviceError::Cancelled);
            }
            let passed = self.clock.monotonic_ms().saturating_sub(began);
            if passed > u64::from(timeout_ms) {
                return Err(DeviceError::TimedOut { timeout_ms });
            }
            let (fetched, format) = match self.take(POLL_MS) {
                Ok(taken) => taken,
                Err(DeviceError::TimedOut { .. }) => continue,
                Err(error) => return Err(error),
            };
            // A damaged frame is passed over; the next is there in a moment.
            let Ok(frame) = self.frame(&fetched, &format) else {
                continue;
            };
            progress(frame);
            if passed < u64::from(settle_ms) {
                continue;
            }
            let Some((bytes, media_type)) = sample(&fetched.bytes, &format) else {
                continue;
            };
            return Ok(vec![RawSample {
                target: request.target.clone(),
                fingers: Vec::new(),
                bytes: PersonalBytes::new(bytes),
                media_type,
                geometry: Some(format.geometry),
                ppi: None,
                attempt,
                monotonic_ms: Some(fetched.at_ms),
                file: None,
            }]);
        }
    }
}

/// A frame as it is kept: a JPEG as the camera made it, anything else as a JPEG of its pixels.
fn sample(bytes: &[u8], format: &StreamFormat) -> Option<(Vec<u8>, MediaType)> {
    if format.coding == Coding::Mjpeg {
        return Some((jpeg_alone(bytes).ok()?.to_vec(), MediaType::Jpeg));
    }
    let (geometry, kind, pixels) = decode(format, bytes, 1).ok()?;
    let colour = match kind {
        PixelFormat::Grey8 => ExtendedColorType::L8,
        PixelFormat::Rgb8 => ExtendedColorType::Rgb8,
    };
    let mut out = Cursor::new(Vec::new());
    JpegEncoder::new_with_quality(&mut out, JPEG_QUALITY)
        .encode(&pixels, geometry.width_px, geometry.height_px, colour)
        .ok()?;
    Some((out.into_inner(), MediaType::Jpeg))
}

/// The thread: starts the camera and keeps its newest frame, until told to stop or the camera ends.
fn fetch(
    source: &mut dyn FrameSource,
    wish: &Wish,
    slot: &(Mutex<Slot>, Condvar),
    stop: &AtomicBool,
    clock: &dyn Clock,
) -> Result<(), SourceError> {
    let offers = source.formats()?;
    let chosen = choose(&offers, wish).ok_or(SourceError::NoFormat)?;
    let format = source.start(&chosen)?;
    {
        let mut held = locked(&slot.0);
        held.format = Some(format);
        held.alive_ms = clock.monotonic_ms();
    }
    slot.1.notify_all();
    while !stop.load(Ordering::SeqCst) {
        let Some(frame) = source.next(FETCH_MS)? else {
            continue;
        };
        let at_ms = clock.monotonic_ms();
        let mut held = locked(&slot.0);
        held.sequence += 1;
        held.alive_ms = at_ms;
        held.newest = Some(Fetched {
            bytes: frame.bytes,
            sequence: held.sequence,
            at_ms,
        });
        drop(held);
        slot.1.notify_all();
    }
    Ok(())
}

fn wait_for_start(slot: &(Mutex<Slot>, Condvar)) -> Result<StreamFormat, DeviceError> {
    let mut held = locked(&slot.0);
    let mut left_ms = OPEN_MS;
    loop {
        if let Some(format) = held.format {
            return Ok(format);
        }
        if let Some(ended) = held.ended {
            return Err(failure(ended, 0));
        }
        if left_ms == 0 {
            return Err(DeviceError::NotReady {
                state: "its driver does not answer",
            });
        }
        let step = left_ms.min(100);
        left_ms -= step;
        held = slot
            .1
            .wait_timeout(held, Duration::from_millis(step))
            .unwrap_or_else(PoisonError::into_inner)
            .0;
    }
}

fn wait_for_frame(
    slot: &(Mutex<Slot>, Condvar),
    timeout_ms: u32,
    clock: &dyn Clock,
) -> Result<Fetched, DeviceError> {
    let mut held = locked(&slot.0);
    let mut left_ms = timeout_ms;
    let mut was_silent = None;
    loop {
        if let Some(fetched) = held.newest.take() {
            return Ok(fetched);
        }
        let silent = clock.monotonic_ms().saturating_sub(held.alive_ms);
        if let Some(ended) = held.ended {
            return Err(failure(ended, silent));
        }
        let patience = if held.sequence == 0 {
            FIRST_MS
        } else {
            STALLED_MS
        };
        // Told once as soon as it is so; whoever asks on is given the time they ask for, in case it sends again.
        let is_silent = silent > patience;
        if is_silent && (!was_silent.unwrap_or(is_silent) || left_ms == 0) {
            return Err(DeviceError::Stalled {
                after_ms: u32::try_from(silent).unwrap_or(u32::MAX),
            });
        }
        was_silent = was_silent.or(Some(is_silent));
        if left_ms == 0 {
            return Err(DeviceError::TimedOut { timeout_ms });
        }
        let step = left_ms.min(100);
        left_ms -= step;
        held = slot
            .1
            .wait_timeout(held, Duration::from_millis(step.into()))
            .unwrap_or_else(PoisonError::into_inner)
            .0;
    }
}

fn failure(ended: SourceError, silent_ms: u64) -> DeviceError {
    match ended {
        SourceError::Gone => DeviceError::Unplugged,
        SourceError::Busy => DeviceError::Busy,
        SourceError::Denied => DeviceError::Refused {
            reason: "this user may not open the camera",
        },
        SourceError::NoFormat => DeviceError::Refused {
            reason: "the camera has no format that is read here",
        },
        SourceError::Failed => DeviceError::Stalled {
            after_ms: u32::try_from(silent_ms).unwrap_or(u32::MAX),
        },
    }
}

/// Every change under the lock is whole in itself, so that a panic elsewhere spoils nothing.
fn locked(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "device/tests.rs"]
mod tests;
