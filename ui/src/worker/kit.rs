//! Kit: the devices of this station, watched beside the work.
//!
//! In: what the program looks for, what somebody chose on the kit page. Out: the devices that are there now; one that does
//! a job, opened. Owns: a thread that looks every three seconds; the choices, in `devices.toml` beside the station.
//! Never: waits for a device on the station's thread. A service that does not answer and a camera that hangs hold up
//! their own threads and nobody else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use qayd_devices::{
    CaptureDevice, DeviceEntry, DeviceError, Devices, Modality, Taste, for_job, sbi,
};
use qayd_station::World;
use serde::{Deserialize, Serialize};

const NAME: &str = "devices.toml";
const BYTES_MAX: u64 = 16 * 1024;
/// Between two looks.
const LOOK: Duration = Duration::from_secs(3);
/// How long the first look may take before a device is said to be missing.
const FIRST_LOOK: Duration = Duration::from_millis(sbi::SCAN_MS_MAX as u64 + 2_000);
/// A page that is drawn at once waits so long for the first look.
const PATIENCE: Duration = Duration::from_millis(300);
/// A camera that was closed a moment ago may still be held by its driver.
const BUSY_TRIES: u32 = 15;
const BUSY_PAUSE_MS: u64 = 100;

/// What can be asked of a kit more than once a page, as the choices name it.
const JOBS: [(Modality, &str); 3] = [
    (Modality::Face, "portrait"),
    (Modality::Slap, "fingers"),
    (Modality::Document, "papers"),
];

/// What the thread saw last.
#[derive(Default)]
struct Seen {
    /// `None` before the first look is over.
    entries: Option<Vec<DeviceEntry>>,
    cameras_denied: usize,
    /// How often something came or went.
    changes: u64,
    is_over: bool,
}

type Shared = Arc<(Mutex<Seen>, Condvar)>;

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Choices {
    /// Device ids by job.
    chosen: BTreeMap<String, String>,
}

/// See the module.
pub(super) struct Kit {
    devices: Arc<Devices>,
    shared: Shared,
    world: World,
    file: PathBuf,
    choices: Choices,
    staged_first: bool,
}

impl Drop for Kit {
    fn drop(&mut self) {
        locked(&self.shared).is_over = true;
        self.shared.1.notify_all();
    }
}

impl Kit {
    /// Begins to watch.
    pub(super) fn watch(
        devices: Devices,
        world: &World,
        folder: &Path,
        staged_first: bool,
    ) -> Self {
        let devices = Arc::new(devices);
        let shared = Shared::default();
        let file = folder.join(NAME);
        let read = world.files.read(&file, BYTES_MAX).ok();
        let choices = read.and_then(|bytes| toml::from_slice(&bytes).ok());
        {
            let (devices, shared) = (devices.clone(), shared.clone());
            std::thread::spawn(move || look(&devices, &shared));
        }
        Self {
            devices,
            shared,
            world: world.clone(),
            file,
            choices: choices.unwrap_or_default(),
            staged_first,
        }
    }

    /// The devices that are there.
    pub(super) fn entries(&self) -> Vec<DeviceEntry> {
        first_look(&self.shared, PATIENCE)
            .entries
            .clone()
            .unwrap_or_default()
    }

    /// How many devices are there; `None` before they were looked for.
    pub(super) fn count(&self) -> Option<usize> {
        locked(&self.shared).entries.as_ref().map(Vec::len)
    }

    /// Cameras that are there and may not be opened by this user.
    pub(super) fn cameras_denied(&self) -> usize {
        locked(&self.shared).cameras_denied
    }

    /// Grows when a device comes or goes.
    pub(super) fn changes(&self) -> u64 {
        locked(&self.shared).changes
    }

    /// The devices, for whoever opens one by its name.
    pub(super) fn devices(&self) -> &Devices {
        &self.devices
    }

    /// Whether this device does a job that another could do as well; and whether it is the one that does it.
    pub(super) fn choice(&self, entries: &[DeviceEntry], id: &str) -> (bool, bool) {
        let mut has_others = false;
        let mut is_used = false;
        for (modality, job) in JOBS {
            let able = |e: &&DeviceEntry| e.device.modalities.contains(&modality);
            if !entries.iter().any(|e| e.device.id == id && able(&e)) {
                continue;
            }
            has_others |= entries.iter().filter(able).count() > 1;
            let first = for_job(entries, modality, self.taste(job));
            is_used |= first.first().is_some_and(|e| e.device.id == id);
        }
        (has_others, is_used)
    }

    /// From now on this device does what it can. A disk that does not take the choice forgets it when the program ends.
    pub(super) fn choose(&mut self, id: &str) {
        let entries = self.entries();
        let Some(entry) = entries.iter().find(|e| e.device.id == id) else {
            return;
        };
        for (modality, job) in JOBS {
            if entry.device.modalities.contains(&modality) {
                self.choices.chosen.insert(job.to_owned(), id.to_owned());
            }
        }
        let written = toml::to_string(&self.choices)
            .map(|text| self.world.files.write_durably(&self.file, text.as_bytes()));
        if !matches!(written, Ok(Ok(()))) {
            tracing::warn!("the choice of a device could not be kept");
        }
    }

    /// Opens the device for a job, on a thread of its own.
    pub(super) fn opening(&self, modality: Modality) -> Opening {
        let (tell, answer) = channel();
        let (devices, shared, world) = (
            self.devices.clone(),
            self.shared.clone(),
            self.world.clone(),
        );
        // Whatever captures slaps captures one finger as well.
        let of = match modality {
            Modality::Finger => Modality::Slap,
            other => other,
        };
        let job = JOBS.iter().find(|(m, _)| *m == of);
        let chosen = job.and_then(|(_, job)| self.choices.chosen.get(*job).cloned());
        let staged_first = self.staged_first;
        std::thread::spawn(move || {
            let seen = first_look(&shared, FIRST_LOOK).entries.clone();
            let taste = Taste {
                chosen: chosen.as_deref(),
                staged_first,
            };
            let entries = seen.unwrap_or_default();
            let opened = open_first(&devices, &world, &for_job(&entries, modality, taste));
            let nothing = || DeviceError::Unknown {
                id: format!("{modality:?}").to_lowercase(),
            };
            // Whoever asked may have gone on; then the device is closed by being dropped.
            let _ = tell.send(opened.unwrap_or_else(|| Err(nothing())));
        });
        Opening { modality, answer }
    }

    fn taste(&self, job: &str) -> Taste<'_> {
        Taste {
            chosen: self.choices.chosen.get(job).map(String::as_str),
            staged_first: self.staged_first,
        }
    }
}

/// A device on its way.
pub(super) struct Opening {
    modality: Modality,
    answer: Receiver<Result<Box<dyn CaptureDevice>, DeviceError>>,
}

impl Opening {
    /// What it is opened for.
    pub(super) const fn modality(&self) -> Modality {
        self.modality
    }

    /// The device, or why there is none; `None` while it is not known yet.
    pub(super) fn ready(&self) -> Option<Result<Box<dyn CaptureDevice>, DeviceError>> {
        match self.answer.try_recv() {
            Ok(answer) => Some(answer),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(DeviceError::NotReady {
                state: "it did not open",
            })),
        }
    }
}

/// The first that opens; else why the one in front did not. `None` where there is none.
fn open_first(
    devices: &Devices,
    world: &World,
    able: &[&DeviceEntry],
) -> Option<Result<Box<dyn CaptureDevice>, DeviceError>> {
    let mut refused = None;
    for entry in able {
        let mut tries = 0;
        let opened = loop {
            match devices.open(&entry.device.id) {
                Err(DeviceError::Busy) if tries < BUSY_TRIES => {
                    tries += 1;
                    world.clock.sleep_ms(BUSY_PAUSE_MS);
                }
                other => break other,
            }
        };
        match opened {
            Ok(device) => return Some(Ok(device)),
            Err(error) => refused = refused.or(Some(Err(error))),
        }
    }
    refused
}

/// The thread.
fn look(devices: &Devices, shared: &Shared) {
    loop {
        let around = devices.look();
        let mut seen = locked(shared);
        let before = seen.entries.take();
        let known = before.unwrap_or_default();
        let ids = |list: &[DeviceEntry]| -> Vec<String> {
            list.iter().map(|e| e.device.id.clone()).collect()
        };
        seen.changes += u64::from(ids(&known) != ids(&around.entries));
        seen.entries = Some(around.entries);
        seen.cameras_denied = around.cameras_denied;
        shared.1.notify_all();
        let ended = shared
            .1
            .wait_timeout_while(seen, LOOK, |seen| !seen.is_over)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        if ended.is_over {
            return;
        }
    }
}

/// What was seen, after the first look or when patience ends.
fn first_look(shared: &Shared, patience: Duration) -> MutexGuard<'_, Seen> {
    shared
        .1
        .wait_timeout_while(locked(shared), patience, |seen| {
            seen.entries.is_none() && !seen.is_over
        })
        .unwrap_or_else(PoisonError::into_inner)
        .0
}

fn locked(shared: &Shared) -> MutexGuard<'_, Seen> {
    shared.0.lock().unwrap_or_else(PoisonError::into_inner)
}
