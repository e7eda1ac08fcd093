//! What every simulated device does alike: being opened, lost and cancelled, waiting, and keeping time.
//!
//! In: the stage and a clock. Out: the sample of an attempt, or the error that ends it. Never: blocks past the time-out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use qayd_model::{PersonalBytes, Ppi};
use qayd_world::Clock;

use super::script::Fault;
use super::stage::{Scene, Stage};
use crate::capture::{
    CaptureRequest, Frame, Geometry, MediaType, PixelFormat, RawSample, expected_fingers,
};
use crate::error::DeviceError;

/// Between two previews: ten a second, above the three a second that MOSIP asks of a device.
const PREVIEW_EVERY_MS: u64 = 100;
/// Previews of an attempt that goes well.
const PREVIEWS: u32 = 3;
/// How often a wait looks at the cancel flag.
const POLL_MS: u64 = 50;

/// A pixel buffer before it becomes a frame.
pub(super) struct Picture {
    pub(super) geometry: Geometry,
    pub(super) format: PixelFormat,
    pub(super) pixels: Vec<u8>,
    pub(super) ppi: Option<Ppi>,
}

impl Picture {
    /// Every `step`-th pixel of every `step`-th row, as a preview; its resolution is not a capture's, so none is stated.
    pub(super) fn thinned(&self, step: u32) -> Self {
        let (width, height) = (self.geometry.width_px, self.geometry.height_px);
        let channels = self.format.bytes_per_pixel();
        let mut pixels = Vec::new();
        for y in (0..height).step_by(step as usize) {
            for x in (0..width).step_by(step as usize) {
                let at = (y as usize * width as usize + x as usize) * channels;
                pixels.extend_from_slice(self.pixels.get(at..at + channels).unwrap_or_default());
            }
        }
        let geometry = Geometry {
            width_px: width.div_ceil(step),
            height_px: height.div_ceil(step),
        };
        Self {
            geometry,
            format: self.format,
            pixels,
            ppi: None,
        }
    }
}

/// What an attempt gives: the picture, of which previews are made, and the bytes that the device would hand over.
pub(super) struct Drawn {
    pub(super) picture: Picture,
    pub(super) bytes: PersonalBytes,
    pub(super) media_type: MediaType,
}

/// State of an opened or closed simulated device.
pub(super) struct Session {
    pub(super) stage: Stage,
    clock: Arc<dyn Clock>,
    open: bool,
    sequence: u64,
}

impl Session {
    /// A closed device.
    pub(super) fn make(stage: Stage, clock: Arc<dyn Clock>) -> Self {
        Self {
            stage,
            clock,
            open: false,
            sequence: 0,
        }
    }

    pub(super) fn open(&mut self) -> Result<(), DeviceError> {
        if self.stage.is_unplugged() {
            self.open = false;
            return Err(DeviceError::Unplugged);
        }
        if !self.open {
            self.open = true;
            self.sequence = 0;
        }
        Ok(())
    }

    pub(super) fn close(&mut self) {
        self.open = false;
    }

    /// Open and still plugged in; a pulled cable kills the handle.
    pub(super) fn check(&mut self) -> Result<(), DeviceError> {
        if !self.open {
            return Err(DeviceError::NotOpen);
        }
        if self.stage.is_unplugged() {
            return Err(self.lose());
        }
        Ok(())
    }

    pub(super) fn frame(&mut self, picture: Picture) -> Result<Frame, DeviceError> {
        self.sequence += 1;
        let Picture {
            geometry,
            format,
            pixels,
            ppi,
        } = picture;
        Frame::make(geometry, format, pixels, self.sequence, self.now_ms(), ppi)
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.clock.monotonic_ms()
    }

    /// A preview that arrives within the time-out or not at all.
    pub(super) fn wait_for_preview(&mut self, timeout_ms: u32) -> Result<(), DeviceError> {
        self.check()?;
        if u64::from(timeout_ms) < PREVIEW_EVERY_MS && self.sequence > 0 {
            self.clock.sleep_ms(u64::from(timeout_ms));
            return Err(DeviceError::TimedOut { timeout_ms });
        }
        if self.sequence > 0 {
            self.clock.sleep_ms(PREVIEW_EVERY_MS);
        }
        self.check()
    }

    /// Plays one attempt to its sample: the faults of the device, the waiting, the previews. A `render` that gives `None`
    /// has nothing before it, and the attempt runs into its time-out as a real one does.
    pub(super) fn attempt(
        &mut self,
        request: &CaptureRequest,
        cancel: &AtomicBool,
        progress: &mut dyn FnMut(Frame),
        render: impl FnOnce(&Scene) -> Result<Option<Drawn>, DeviceError>,
        preview_step: u32,
    ) -> Result<RawSample, DeviceError> {
        self.check()?;
        let timeout_ms = request.bounded_timeout_ms();
        let deadline = self.now_ms().saturating_add(u64::from(timeout_ms));
        let scene = self.stage.begin(&request.target);
        match scene.fault {
            Fault::Busy => return Err(DeviceError::Busy),
            Fault::Unplugged => return Err(self.lose()),
            Fault::Slow(ms) => self.wait(u64::from(ms), deadline, timeout_ms, cancel)?,
            _ => {}
        }
        let Some(drawn) = render(&scene)? else {
            self.wait(u64::MAX, deadline, timeout_ms, cancel)?;
            return Err(DeviceError::TimedOut { timeout_ms });
        };
        for shown in 1..=PREVIEWS {
            self.wait(PREVIEW_EVERY_MS, deadline, timeout_ms, cancel)?;
            self.check()?;
            let frame = self.frame(drawn.picture.thinned(preview_step))?;
            progress(frame);
            if shown == 2 && scene.fault == Fault::UnpluggedMidCapture {
                return Err(self.lose());
            }
        }
        if cancel.load(Ordering::SeqCst) {
            return Err(DeviceError::Cancelled);
        }
        Ok(RawSample {
            target: request.target.clone(),
            fingers: expected_fingers(&request.target, &request.missing),
            bytes: drawn.bytes,
            media_type: drawn.media_type,
            geometry: Some(drawn.picture.geometry),
            ppi: drawn.picture.ppi,
            attempt: scene.attempt,
            monotonic_ms: Some(self.now_ms()),
            file: None,
        })
    }

    /// The cable is out: the handle is dead until opened again.
    fn lose(&mut self) -> DeviceError {
        self.open = false;
        DeviceError::Unplugged
    }

    fn wait(
        &self,
        ms: u64,
        deadline: u64,
        timeout_ms: u32,
        cancel: &AtomicBool,
    ) -> Result<(), DeviceError> {
        let until = self.now_ms().saturating_add(ms);
        loop {
            if cancel.load(Ordering::SeqCst) {
                return Err(DeviceError::Cancelled);
            }
            let now = self.now_ms();
            if now >= until {
                return Ok(());
            }
            if now >= deadline {
                return Err(DeviceError::TimedOut { timeout_ms });
            }
            self.clock
                .sleep_ms(POLL_MS.min(until - now).min(deadline - now));
        }
    }
}
