//! Registry: which devices this station has, opening one, and checking one.
//!
//! In: services, cameras, document scanners and receivers of this machine, the stage of simulated devices, a person folder,
//! the profiles. Out: a list, an open device, a report, what came and went, the place.
//! Owns: the receiver that is listened to; nothing else open: whoever opens a device keeps it.
//! Never: lists or opens a simulated device on a station provisioned for production.
//!
//! Every list looks anew, so that what was plugged in a moment ago is there and what was pulled is not.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use qayd_world::{Clock, Files, Randomness};
use serde::Serialize;

use crate::camera::{self, CameraDevice, CameraListed};
use crate::capture::{CaptureDevice, DeviceDescription, Geometry, Modality, admit};
use crate::error::DeviceError;
use crate::folder::FolderDevice;
use crate::hardware::{Taste, for_job};
use crate::place::{PlaceDevice, PlaceListed, PlaceReceiver, PlaceSettings, PlaceState, PlaceView};
use crate::profile::{DeviceProfile, ProfileSet, Seen, Status};
use crate::sane::{Finder, SaneDevice, ScannerListed, ScannerSettings};
use crate::sbi::{self, DeviceState, Listed, SbiDevice, SbiError, SbiSettings};
use crate::simulated::{SimulatedCamera, SimulatedPlace, SimulatedScanner, Stage};

const SCANNER: &str = "simulated-scanner";
const CAMERA: &str = "simulated-camera";
const PLACE: &str = "simulated-place";
const FOLDER: &str = "folder";

/// How long a check waits for a frame: what MOSIP's client gives a device to answer discovery.
const CHECK_TIMEOUT_MS: u32 = 5_000;
/// How long a look waits for the first look for document scanners; later ones take what is known.
const SCANNERS_MS: u64 = 2_500;
/// How long whoever looks once waits for them: longer than the program may take.
const SCANNERS_ONCE_MS: u64 = 25_000;

/// The devices of one station.
pub struct Devices {
    clock: Arc<dyn Clock>,
    production: bool,
    profiles: Option<Arc<ProfileSet>>,
    sbi: Option<(SbiSettings, Arc<dyn Randomness>)>,
    cameras: bool,
    scanners: Option<Finder>,
    place: Option<PlaceSettings>,
    /// Listens from the first time that somebody asks for the place.
    receiver: OnceLock<Arc<PlaceReceiver>>,
    stage: Option<Stage>,
    has_simulated_place: bool,
    folder: Option<(Arc<dyn Files>, PathBuf)>,
    /// What the last look at the machine found, so that opening what was listed does not look again.
    last: Mutex<Found>,
}

/// Hardware as it was found.
#[derive(Debug, Clone, Default)]
struct Found {
    services: Vec<Listed>,
    cameras: Vec<CameraListed>,
    scanners: Vec<ScannerListed>,
    places: Vec<PlaceListed>,
}

impl Devices {
    /// A station without a device. `production` is what the station's certificate says.
    pub fn make(clock: Arc<dyn Clock>, production: bool) -> Self {
        Self {
            clock,
            production,
            profiles: None,
            sbi: None,
            cameras: false,
            scanners: None,
            place: None,
            receiver: OnceLock::new(),
            stage: None,
            has_simulated_place: false,
            folder: None,
            last: Mutex::default(),
        }
    }

    /// The same with what is known about hardware.
    pub fn with_profiles(mut self, profiles: Arc<ProfileSet>) -> Self {
        self.profiles = Some(profiles);
        self
    }

    /// The same with the device services of this machine.
    pub fn with_sbi(mut self, settings: SbiSettings, randomness: Arc<dyn Randomness>) -> Self {
        self.sbi = Some((settings, randomness));
        self
    }

    /// The same with the cameras of this machine.
    pub const fn with_cameras(mut self) -> Self {
        self.cameras = true;
        self
    }

    /// The same with the document scanners of this machine.
    pub fn with_scanners(mut self, settings: ScannerSettings) -> Self {
        self.scanners = Some(Finder::make(settings));
        self
    }

    /// The same with a receiver of places.
    pub fn with_place(mut self, settings: PlaceSettings) -> Self {
        self.place = Some(settings);
        self
    }

    /// The same with a simulated receiver beside the stage; without effect in production and without a stage.
    pub const fn with_simulated_place(mut self) -> Self {
        self.has_simulated_place = true;
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

    /// Every device, in the order in which one is preferred for a job: hardware first. Looks at the machine, which takes
    /// up to [`sbi::SCAN_MS_MAX`] where device services do not answer, and milliseconds where they do.
    pub fn list(&self) -> Vec<DeviceEntry> {
        self.look().entries
    }

    /// The same with what was found besides.
    pub fn look(&self) -> Surroundings {
        let mut around = Surroundings::default();
        let mut found = Found::default();
        if let Some((settings, _)) = &self.sbi {
            let scan = sbi::scan(settings.ports.clone());
            around.ports = Some(settings.ports.clone().count());
            around.other_services = scan.others;
            found.services = scan.devices;
        }
        if self.cameras {
            let list = camera::list();
            around.cameras = Some(list.cameras.len());
            around.cameras_denied = list.denied;
            found.cameras = list.cameras;
        }
        if let Some(finder) = &self.scanners {
            let looked = finder.look(self.profiles.as_ref(), &self.clock, SCANNERS_MS);
            around.scanners = Some(looked.scanners.len());
            around.scanner_problem = looked.problem;
            found.scanners = looked.scanners;
        }
        if let Some(settings) = &self.place {
            found.places = settings.listed(self.profiles.as_deref());
            around.places = Some(found.places.len());
        }
        let services = found.services.iter().map(|s| (s.id(), Some(s.state)));
        let others = (found.cameras.iter().map(|c| &c.id))
            .chain(found.scanners.iter().map(|s| &s.id))
            .chain(found.places.iter().map(|p| &p.id));
        let hardware: Vec<_> = services
            .chain(others.map(|id| (id.clone(), None)))
            .collect();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = found;
        let built_in = [SCANNER, CAMERA, PLACE, FOLDER].map(|id| (id.to_owned(), None));
        for (id, state) in hardware.into_iter().chain(built_in) {
            let Ok(device) = self.build(&id) else {
                continue;
            };
            if admit(device.as_ref(), self.production).is_ok() {
                around.entries.push(self.entry(device.describe(), state));
            }
        }
        around
    }

    /// Waits until document scanners were looked for once, which may take twenty seconds where a network is asked. For whoever
    /// looks only once; a watch sees them at a later look.
    pub fn wait_for_scanners(&self) {
        if let Some(finder) = &self.scanners {
            finder.look(self.profiles.as_ref(), &self.clock, SCANNERS_ONCE_MS);
        }
    }

    /// Where this computer is, as far as a receiver says; `None` when none was asked for. Never waits: the first call begins to
    /// listen, and a receiver is understood some seconds later.
    ///
    /// Where no receiver is plugged in and the simulated one was asked for, it answers, and says that it is simulated.
    pub fn place(&self) -> Option<PlaceView> {
        let real = self.receiver().map(|receiver| receiver.view());
        let is_there = self.place.as_ref().is_some_and(|settings| {
            let heard = real.as_ref().map(|view| &view.state);
            heard.is_some_and(|state| *state != PlaceState::NoReceiver)
                || !settings.listed(self.profiles.as_deref()).is_empty()
        });
        if is_there {
            return real;
        }
        self.simulated_place().map(|place| place.view()).or(real)
    }

    fn simulated_place(&self) -> Option<SimulatedPlace> {
        let stage = self.stage.clone().filter(|_| self.has_simulated_place)?;
        SimulatedPlace::make(stage, self.clock.clone(), self.production).ok()
    }

    fn receiver(&self) -> Option<Arc<PlaceReceiver>> {
        let settings = self.place.as_ref()?;
        let begin = || {
            let (profiles, clock) = (self.profiles.clone(), self.clock.clone());
            Arc::new(PlaceReceiver::listen(settings.clone(), profiles, clock))
        };
        Some(self.receiver.get_or_init(begin).clone())
    }

    /// The device that is preferred for a job and can do it now, in the order of [`for_job`].
    pub fn best_for(&self, modality: Modality) -> Option<DeviceEntry> {
        let entries = self.list();
        let best = for_job(&entries, modality, Taste::default());
        best.into_iter()
            .find(|e| e.state.is_none_or(|state| state == DeviceState::Ready))
            .cloned()
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
        let entry = self.entry(device.describe(), None);
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
            PLACE if self.has_simulated_place => {
                let stage = self.stage.clone().ok_or_else(unknown)?;
                Ok(Box::new(SimulatedPlace::make(
                    stage,
                    clock,
                    self.production,
                )?))
            }
            FOLDER => {
                let (files, dir) = self.folder.clone().ok_or_else(unknown)?;
                Ok(Box::new(FolderDevice::make(files, dir)))
            }
            _ => {
                let found = self.found(id);
                if let Some(listed) = found.services.into_iter().find(|l| l.id() == id) {
                    return self.service(listed).ok_or_else(unknown);
                }
                if let Some(listed) = found.scanners.into_iter().find(|s| s.id == id) {
                    let finder = self.scanners.as_ref().ok_or_else(unknown)?;
                    let set = self.profiles.as_ref();
                    let profile = set.and_then(|set| listed.profile(set)).cloned();
                    let settings = finder.settings.clone();
                    let device = SaneDevice::make(listed, profile, settings, clock);
                    return Ok(Box::new(device.beside(finder.busy.clone())));
                }
                if let Some(listed) = found.places.into_iter().find(|p| p.id == id) {
                    let receiver = self.receiver().ok_or_else(unknown)?;
                    return Ok(Box::new(PlaceDevice::make(listed, receiver, clock)));
                }
                let camera = found.cameras.into_iter().find(|c| c.id == id);
                let camera = camera.ok_or_else(unknown)?;
                let profile = self.camera_profile(&camera);
                Ok(Box::new(CameraDevice::make(camera, profile, clock)))
            }
        }
    }

    /// What was found last, or what is found now when the id was not among it.
    fn found(&self, id: &str) -> Found {
        let last = || {
            self.last
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone()
        };
        let found = last();
        let is_there = found.services.iter().any(|l| l.id() == id)
            || found.cameras.iter().any(|c| c.id == id)
            || found.scanners.iter().any(|s| s.id == id)
            || found.places.iter().any(|p| p.id == id);
        if is_there {
            return found;
        }
        let looked = Found {
            services: match &self.sbi {
                Some((settings, _)) if id.starts_with("sbi-") => {
                    sbi::scan(settings.ports.clone()).devices
                }
                _ => found.services,
            },
            cameras: if self.cameras && id.starts_with("camera-") {
                camera::list().cameras
            } else {
                found.cameras
            },
            scanners: match &self.scanners {
                Some(finder) if id.starts_with("scanner-") => {
                    let profiles = self.profiles.as_ref();
                    finder
                        .look(profiles, &self.clock, SCANNERS_ONCE_MS)
                        .scanners
                }
                _ => found.scanners,
            },
            places: match &self.place {
                Some(settings) if id.starts_with("gps-") => {
                    settings.listed(self.profiles.as_deref())
                }
                _ => found.places,
            },
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = looked.clone();
        looked
    }

    fn service(&self, listed: Listed) -> Option<Box<dyn CaptureDevice>> {
        let (settings, randomness) = self.sbi.clone()?;
        let profile = self.find(&Seen::Sbi {
            device_type: &listed.identity.device_type,
            sub_type: &listed.identity.sub_type,
            make: &listed.identity.make,
            model: &listed.identity.model,
            level: listed.level.name(),
        });
        let clock = self.clock.clone();
        let device = SbiDevice::make(listed, settings, profile, clock, randomness);
        Some(Box::new(device))
    }

    fn camera_profile(&self, camera: &CameraListed) -> Option<DeviceProfile> {
        let by_number = camera.usb.and_then(|(vid, pid)| {
            let class = None;
            self.find(&Seen::Usb { vid, pid, class })
        });
        by_number.or_else(|| self.find(&Seen::V4l2 { name: &camera.name }))
    }

    fn find(&self, seen: &Seen<'_>) -> Option<DeviceProfile> {
        self.profiles.as_ref()?.find(seen).cloned()
    }

    fn entry(&self, device: DeviceDescription, state: Option<DeviceState>) -> DeviceEntry {
        let profile = self.profiles.as_ref().and_then(|set| {
            set.find(&Seen::BuiltIn { id: &device.id })
                .or_else(|| set.device(&device.profile))
        });
        DeviceEntry {
            model: profile.map(|p| format!("{} {}", p.vendor, p.model)),
            status: profile.map(|p| p.status),
            state,
            device,
        }
    }
}

/// What a look at the machine found.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// Every device, as in [`Devices::list`].
    pub entries: Vec<DeviceEntry>,
    /// Ports that were asked for device services; `None` when none was.
    pub ports: Option<usize>,
    /// Ports on which something listens that cannot be used, and why.
    pub other_services: Vec<(u16, SbiError)>,
    /// Cameras that are plugged in; `None` when they were not looked for.
    pub cameras: Option<usize>,
    /// Cameras that this user may not open.
    pub cameras_denied: usize,
    /// Document scanners that are plugged in, as far as the last look knows; `None` when they were not looked for.
    pub scanners: Option<usize>,
    /// Code of why document scanners could not be looked for: `SCN-08` where SANE's program is not installed.
    pub scanner_problem: Option<&'static str>,
    /// Receivers of places that are plugged in; `None` when they were not looked for.
    pub places: Option<usize>,
}

/// Notices what comes and goes between two looks.
#[derive(Debug, Default)]
pub struct DeviceWatch {
    known: Vec<DeviceEntry>,
}

/// Something that came or went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceChange {
    /// It was not there before.
    Appeared(DeviceEntry),
    /// It is there no more.
    Disappeared(DeviceEntry),
    /// It is there and says something else of itself: busy, ready again.
    Changed(DeviceEntry),
}

impl DeviceWatch {
    /// Looks, and tells what is different from the look before; at the first, everything has appeared.
    pub fn look(&mut self, devices: &Devices) -> Vec<DeviceChange> {
        self.compare(devices.list())
    }

    fn compare(&mut self, now: Vec<DeviceEntry>) -> Vec<DeviceChange> {
        let of = |list: &[DeviceEntry], id: &str| list.iter().find(|e| e.device.id == id).cloned();
        let mut changes = Vec::new();
        for before in &self.known {
            if of(&now, &before.device.id).is_none() {
                changes.push(DeviceChange::Disappeared(before.clone()));
            }
        }
        for entry in &now {
            match of(&self.known, &entry.device.id) {
                None => changes.push(DeviceChange::Appeared(entry.clone())),
                Some(before) if before != *entry => {
                    changes.push(DeviceChange::Changed(entry.clone()));
                }
                Some(_) => {}
            }
        }
        self.known = now;
        changes
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
    /// What its service says of it; `None` where nothing but opening it can tell.
    pub state: Option<DeviceState>,
}

impl DeviceEntry {
    /// A person's folder, not a device that stands on the table.
    pub(crate) fn is_folder(&self) -> bool {
        self.device.id == FOLDER
    }

    /// A device of the program itself, before which the person of the stage stands.
    pub(crate) fn is_staged(&self) -> bool {
        matches!(self.device.id.as_str(), SCANNER | CAMERA | PLACE)
    }
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
    fn the_simulated_ones_are_best_where_there_is_nothing_else() {
        let (devices, _, _dir) = devices(false);
        let best = |modality| devices.best_for(modality).map(|e| e.device.id);
        assert_eq!(best(Modality::Slap).as_deref(), Some(SCANNER));
        assert_eq!(best(Modality::Face).as_deref(), Some(CAMERA));
        assert_eq!(best(Modality::Iris), None);
        let (production, _, _dir) = self::devices(true);
        assert_eq!(production.best_for(Modality::Slap), None);
    }

    #[test]
    fn what_comes_and_goes_is_noticed() {
        let (devices, _, _dir) = devices(false);
        let mut watch = DeviceWatch::default();
        assert_eq!(watch.look(&devices).len(), 3);
        assert_eq!(watch.look(&devices), []);
        let mut fewer = devices.list();
        let gone = fewer.remove(0);
        fewer[0].state = Some(DeviceState::Busy);
        let changed = fewer[0].clone();
        assert_eq!(
            watch.compare(fewer),
            [
                DeviceChange::Disappeared(gone.clone()),
                DeviceChange::Changed(changed)
            ]
        );
        assert!(watch.look(&devices).contains(&DeviceChange::Appeared(gone)));
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
