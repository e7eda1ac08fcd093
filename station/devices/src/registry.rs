//! Registry: which devices this station has, opening one, and checking one.
//!
//! In: the stage of simulated devices, a person folder, the profiles. Out: a list, an open device, a report.
//! Owns: nothing open; whoever opens a device keeps it.
//! Never: lists or opens a simulated device on a station provisioned for production.
//!
//! Hardware and hot-plug come with its drivers; they add to [`Devices::list`] and nothing else here moves.

use std::path::PathBuf;
use std::sync::Arc;

use qayd_world::{Clock, Files};
use serde::Serialize;

use crate::capture::{CaptureDevice, DeviceDescription, Geometry, admit};
use crate::error::DeviceError;
use crate::folder::FolderDevice;
use crate::profile::{ProfileSet, Seen, Status};
use crate::simulated::{SimulatedCamera, SimulatedScanner, Stage};

const SCANNER: &str = "simulated-scanner";
const CAMERA: &str = "simulated-camera";
const FOLDER: &str = "folder";

/// How long a check waits for a frame: what MOSIP's client gives a device to answer discovery.
const CHECK_TIMEOUT_MS: u32 = 5_000;

/// The devices of one station.
pub struct Devices {
    clock: Arc<dyn Clock>,
    production: bool,
    profiles: Option<Arc<ProfileSet>>,
    stage: Option<Stage>,
    folder: Option<(Arc<dyn Files>, PathBuf)>,
}

impl Devices {
    /// A station without a device. `production` is what the station's certificate says.
    pub fn make(clock: Arc<dyn Clock>, production: bool) -> Self {
        Self {
            clock,
            production,
            profiles: None,
            stage: None,
            folder: None,
        }
    }

    /// The same with what is known about hardware.
    pub fn with_profiles(mut self, profiles: Arc<ProfileSet>) -> Self {
        self.profiles = Some(profiles);
        self
    }

    /// The same with the simulated scanner and camera before a stage; without effect in production.
    pub fn with_simulated(mut self, stage: Stage) -> Self {
        self.stage = Some(stage);
        self
    }

    /// The same with one person's folder.
    pub fn with_folder(mut self, files: Arc<dyn Files>, dir: impl Into<PathBuf>) -> Self {
        self.folder = Some((files, dir.into()));
        self
    }

    /// Every device, in the order in which one is preferred for a job.
    pub fn list(&self) -> Vec<DeviceEntry> {
        [SCANNER, CAMERA, FOLDER]
            .into_iter()
            .filter_map(|id| self.build(id).ok())
            .map(|device| self.entry(device.describe()))
            .collect()
    }

    /// Opens a device for use.
    pub fn open(&self, id: &str) -> Result<Box<dyn CaptureDevice>, DeviceError> {
        let mut device = self.build(id)?;
        admit(device.as_ref(), self.production)?;
        device.open()?;
        Ok(device)
    }

    /// Opens a device, waits for one frame where it has a preview, closes it and reports. A device that fails is a
    /// report too; only an unknown or refused one is an error. Counts no attempt.
    pub fn check(&self, id: &str) -> Result<DeviceReport, DeviceError> {
        let mut device = self.build(id)?;
        admit(device.as_ref(), self.production)?;
        let entry = self.entry(device.describe());
        let start = self.clock.monotonic_ms();
        let outcome = device
            .open()
            .and_then(|()| match device.next_frame(CHECK_TIMEOUT_MS) {
                Ok(frame) => Ok(Some(frame.geometry())),
                Err(DeviceError::Refused { .. }) => Ok(None),
                Err(error) => Err(error),
            });
        device.close();
        let took_ms = self.clock.monotonic_ms().saturating_sub(start);
        let (frame, problem) = match outcome {
            Ok(frame) => (frame, None),
            Err(error) => (None, Some(error)),
        };
        Ok(DeviceReport {
            entry,
            frame,
            took_ms,
            problem,
        })
    }

    fn build(&self, id: &str) -> Result<Box<dyn CaptureDevice>, DeviceError> {
        let unknown = || DeviceError::Unknown { id: id.to_owned() };
        let clock = self.clock.clone();
        match id {
            SCANNER => {
                let stage = self.stage.clone().ok_or_else(unknown)?;
                Ok(Box::new(SimulatedScanner::make(
                    stage,
                    clock,
                    self.production,
                )?))
            }
            CAMERA => {
                let stage = self.stage.clone().ok_or_else(unknown)?;
                Ok(Box::new(SimulatedCamera::make(
                    stage,
                    clock,
                    self.production,
                )?))
            }
            FOLDER => {
                let (files, dir) = self.folder.clone().ok_or_else(unknown)?;
                Ok(Box::new(FolderDevice::make(files, dir)))
            }
            _ => Err(unknown()),
        }
    }

    fn entry(&self, device: DeviceDescription) -> DeviceEntry {
        let profile = self
            .profiles
            .as_ref()
            .and_then(|set| set.find(&Seen::BuiltIn { id: &device.id }));
        DeviceEntry {
            model: profile.map(|p| format!("{} {}", p.vendor, p.model)),
            status: profile.map(|p| p.status),
            device,
        }
    }
}

/// One device of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceEntry {
    /// What the device says of itself.
    #[serde(flatten)]
    pub device: DeviceDescription,
    /// Vendor and model, where the profiles are loaded and know it.
    pub model: Option<String>,
    /// How far its profile may be relied on.
    pub status: Option<Status>,
}

/// What a check found.
#[derive(Debug)]
pub struct DeviceReport {
    /// Which device.
    pub entry: DeviceEntry,
    /// Size of the frame that came; `None` when it has no preview or none came.
    pub frame: Option<Geometry>,
    /// How long it took.
    pub took_ms: u64,
    /// Why it cannot be used; `None` when it can.
    pub problem: Option<DeviceError>,
}

impl DeviceReport {
    /// Whether the device can be used now.
    pub const fn is_usable(&self) -> bool {
        self.problem.is_none()
    }
}

#[cfg(test)]
mod tests {
    use qayd_model::UnixMs;
    use qayd_world::OsFiles;
    use qayd_world::testing::FakeClock;

    use super::*;
    use crate::simulated::SimulatedPerson;

    fn devices(production: bool) -> (Devices, Stage, tempfile::TempDir) {
        let stage = Stage::make(SimulatedPerson::make(3));
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(FakeClock::at(UnixMs(1_800_000_000_000)));
        let devices = Devices::make(clock, production)
            .with_simulated(stage.clone())
            .with_folder(Arc::new(OsFiles::default()), dir.path());
        (devices, stage, dir)
    }

    fn ids(devices: &Devices) -> Vec<String> {
        devices.list().into_iter().map(|e| e.device.id).collect()
    }

    #[test]
    fn production_has_the_folder_and_nothing_simulated() {
        let (demo, _, _dir) = devices(false);
        assert_eq!(ids(&demo), [SCANNER, CAMERA, FOLDER]);
        assert!(demo.open(SCANNER).is_ok());
        let (production, _, _dir) = devices(true);
        assert_eq!(ids(&production), [FOLDER]);
        for id in [SCANNER, CAMERA] {
            let refused = DeviceError::SimulatedInProduction { id: id.into() };
            assert_eq!(production.open(id).err().unwrap().code(), refused.code());
            assert_eq!(production.check(id).unwrap_err().code(), refused.code());
        }
    }

    #[test]
    fn a_check_takes_a_frame_and_counts_no_attempt() {
        let (devices, stage, _dir) = devices(false);
        let report = devices.check(SCANNER).unwrap();
        assert!(report.is_usable() && report.frame.is_some());
        stage.unplug();
        let report = devices.check(CAMERA).unwrap();
        assert!(matches!(report.problem, Some(DeviceError::Unplugged)));
        assert_eq!(stage.attempts(qayd_model::Slap::LeftFour), 0);
    }

    #[test]
    fn a_check_of_a_bad_folder_says_what_is_wrong() {
        let (devices, _, _dir) = devices(false);
        let report = devices.check(FOLDER).unwrap();
        assert!(matches!(report.problem, Some(DeviceError::Folder { .. })));
        assert!(matches!(
            devices.check("scanner-9"),
            Err(DeviceError::Unknown { .. })
        ));
        let none = Devices::make(Arc::new(FakeClock::at(UnixMs(0))), false);
        assert!(none.list().is_empty() && none.open(FOLDER).is_err());
    }
}
