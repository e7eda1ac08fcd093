//! Simulated receiver: one invented place, on whole degrees.
//!
//! In: the script of the [`Stage`], one fault a look. Out: a [`PlaceView`] that says of itself that it is invented.
//! Never: a place that the person of the stage, or this computer, was ever at.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use qayd_world::Clock;

use super::script::PlaceFault;
use super::stage::Stage;
use crate::capture::{
    CaptureDevice, CaptureRequest, DeviceDescription, Frame, Modality, RawSample, admit,
};
use crate::error::DeviceError;
use crate::place::{PlaceError, PlaceFix, PlaceState, PlaceView};

/// Profile of this device in `hardware-profiles/`.
pub const PLACE_PROFILE: &str = "gps.virtual.qayd";

const LATITUDE_DEG: f64 = 36.0;
const LONGITUDE_DEG: f64 = 43.0;
/// Of such a dilution as an open sky has.
const ACCURACY_M: f32 = 12.0;
const SATELLITES: u16 = 9;
const TOO_FEW: u16 = 2;

/// See the module.
pub struct SimulatedPlace {
    stage: Stage,
    clock: Arc<dyn Clock>,
    is_open: bool,
}

impl SimulatedPlace {
    /// A receiver beside a stage; refused where `production` is true.
    pub fn make(
        stage: Stage,
        clock: Arc<dyn Clock>,
        production: bool,
    ) -> Result<Self, DeviceError> {
        let device = Self {
            stage,
            clock,
            is_open: false,
        };
        admit(&device, production)?;
        Ok(device)
    }

    /// One look for the place, as the script says.
    pub fn view(&self) -> PlaceView {
        let state = match self.stage.look_for_place() {
            PlaceFault::Unplugged => PlaceState::NoReceiver,
            PlaceFault::NoFix => PlaceState::NoFix {
                satellites: TOO_FEW,
            },
            PlaceFault::Good => PlaceState::Fix(PlaceFix {
                latitude_deg: LATITUDE_DEG,
                longitude_deg: LONGITUDE_DEG,
                accuracy_m: Some(ACCURACY_M),
                satellites: SATELLITES,
                utc: Some(self.clock.now()),
            }),
        };
        PlaceView {
            state,
            age_ms: 0,
            simulated: true,
        }
    }
}

impl CaptureDevice for SimulatedPlace {
    fn describe(&self) -> DeviceDescription {
        DeviceDescription {
            id: "simulated-place".into(),
            profile: PLACE_PROFILE.into(),
            serial: Some("SIM-P-0001".into()),
            modalities: vec![Modality::Place],
            simulated: true,
        }
    }

    fn open(&mut self) -> Result<(), DeviceError> {
        self.is_open = !self.stage.is_unplugged();
        if self.is_open {
            return Ok(());
        }
        let source = PlaceError::NoReceiver;
        Err(DeviceError::Place { source })
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

#[cfg(test)]
mod tests {
    use qayd_model::UnixMs;
    use qayd_world::testing::FakeClock;

    use super::*;
    use crate::simulated::SimulatedPerson;

    #[test]
    fn it_finds_the_place_as_the_script_says_and_never_in_production() {
        let script = "place=unplugged,no_fix".parse().unwrap();
        let stage = Stage::make(SimulatedPerson::make(1).with_script(script));
        let clock = Arc::new(FakeClock::at(UnixMs(1_800_000_000_000)));
        let place = SimulatedPlace::make(stage.clone(), clock.clone(), false).unwrap();
        assert_eq!(place.view().state, PlaceState::NoReceiver);
        assert_eq!(place.view().state, PlaceState::NoFix { satellites: 2 });
        let view = place.view();
        assert!(view.simulated && matches!(view.state, PlaceState::Fix(_)));
        stage.unplug();
        assert_eq!(place.view().state, PlaceState::NoReceiver);
        let refused = SimulatedPlace::make(stage, clock, true).err().unwrap();
        assert_eq!(refused.code(), "DEV-04");
    }
}
