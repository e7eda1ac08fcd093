//! A receiver as an entry of the list: it opens, answers a check, and gives no picture.
//!
//! In: a listed receiver and the thread that listens. Out: a [`crate::DeviceDescription`], or why nothing is understood.
//! Never: a sample; the place is asked of [`crate::Devices::place`].

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use qayd_world::Clock;

use super::error::PlaceError;
use super::ports::PlaceListed;
use super::receiver::PlaceReceiver;
use crate::capture::{
    CaptureDevice, CaptureRequest, DeviceDescription, Frame, Modality, RawSample,
};
use crate::error::DeviceError;

/// Profile of a port that was named and that no profile knows.
const NO_PROFILE: &str = "gps.unprofiled";
/// Longer than every speed of a receiver is tried.
const OPEN_MS: u64 = 10_000;
const POLL_MS: u64 = 50;

/// See the module.
pub struct PlaceDevice {
    listed: PlaceListed,
    receiver: Arc<PlaceReceiver>,
    clock: Arc<dyn Clock>,
    is_open: bool,
}

impl PlaceDevice {
    pub(crate) fn make(
        listed: PlaceListed,
        receiver: Arc<PlaceReceiver>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            listed,
            receiver,
            clock,
            is_open: false,
        }
    }
}

impl CaptureDevice for PlaceDevice {
    fn describe(&self) -> DeviceDescription {
        DeviceDescription {
            id: self.listed.id.clone(),
            profile: self.listed.profile.as_deref().unwrap_or(NO_PROFILE).into(),
            serial: self.listed.serial.clone(),
            modalities: vec![Modality::Place],
            simulated: false,
        }
    }

    /// Waits until the receiver is understood, with or without a fix.
    fn open(&mut self) -> Result<(), DeviceError> {
        let began = self.clock.monotonic_ms();
        loop {
            match self.receiver.verdict(&self.listed.id) {
                Some(Ok(())) => {
                    self.is_open = true;
                    return Ok(());
                }
                Some(Err(source)) => return Err(DeviceError::Place { source }),
                None if self.clock.monotonic_ms().saturating_sub(began) > OPEN_MS => {
                    let source = PlaceError::Silent;
                    return Err(DeviceError::Place { source });
                }
                None => self.clock.sleep_ms(POLL_MS),
            }
        }
    }

    fn close(&mut self) {
        self.is_open = false;
    }

    fn next_frame(&mut self, _timeout_ms: u32) -> Result<Frame, DeviceError> {
        if !self.is_open {
            return Err(DeviceError::NotOpen);
        }
        Err(DeviceError::Refused {
            reason: "a receiver has no picture",
        })
    }

    fn capture(
        &mut self,
        request: &CaptureRequest,
        _cancel: &AtomicBool,
        _progress: &mut dyn FnMut(Frame),
    ) -> Result<Vec<RawSample>, DeviceError> {
        Err(DeviceError::Unsupported {
            target: request.target.clone(),
        })
    }
}
