//! What the service knows while it runs: its devices, who stands before them, what goes wrong next.
//!
//! In: admin verbs. Out: to the handlers, one consistent view at a time. Owns: all of it, behind one lock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use qayd_fingerprint::synthetic::SyntheticPerson;
use qayd_model::FingerPosition;
use qayd_world::Clock;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::faults::{Fault, Place};
use crate::keys::Keys;
use crate::stream::Drawn;

/// A device of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DeviceKind {
    /// Slap scanner, 4-4-2.
    Finger,
    /// Binocular iris scanner.
    Iris,
    /// Face camera.
    Face,
}

impl DeviceKind {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Finger, Self::Face, Self::Iris];

    /// `type` of messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Finger => "Finger",
            Self::Iris => "Iris",
            Self::Face => "Face",
        }
    }

    pub(crate) const fn sub_type(self) -> &'static str {
        match self {
            Self::Finger => "Slap",
            Self::Iris => "Double",
            Self::Face => "Full face",
        }
    }

    pub(crate) const fn sub_ids(self) -> &'static [&'static str] {
        match self {
            Self::Finger | Self::Iris => &["1", "2", "3"],
            Self::Face => &["0"],
        }
    }

    pub(crate) const fn serial(self) -> &'static str {
        match self {
            Self::Finger => "QS-FINGER-0001",
            Self::Iris => "QS-IRIS-0001",
            Self::Face => "QS-FACE-0001",
        }
    }

    pub(crate) fn device_id(self) -> String {
        format!("qayd-{}", self.name().to_lowercase())
    }

    pub(crate) fn of_device_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.device_id() == id)
    }
}

/// `deviceStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Can capture.
    Ready,
    /// Another program's capture runs.
    Busy,
    /// Not yet.
    #[serde(rename = "Not Ready")]
    NotReady,
    /// Its vendor does not know it.
    #[serde(rename = "Not Registered")]
    NotRegistered,
}

impl Status {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Busy => "Busy",
            Self::NotReady => "Not Ready",
            Self::NotRegistered => "Not Registered",
        }
    }
}

/// How pictures lie in records of fingers and eyes; faces are JPEG or PNG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// PNG.
    Png,
    /// Not compressed.
    Raw,
}

/// What does not change while the service runs.
pub(crate) struct Service {
    pub(crate) port: u16,
    pub(crate) keys: Keys,
    pub(crate) kinds: Vec<DeviceKind>,
    pub(crate) environment: String,
    pub(crate) is_level_1: bool,
    pub(crate) encoding: Encoding,
    pub(crate) thumbnail: bool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) is_capturing: AtomicBool,
    state: Mutex<State>,
}

/// What does.
pub(crate) struct State {
    pub(crate) seed: u64,
    pub(crate) person: SyntheticPerson,
    pub(crate) missing: BTreeSet<FingerPosition>,
    /// Fingers lie on the platen, eyes are before the lens.
    pub(crate) is_present: bool,
    pub(crate) is_plugged: bool,
    pub(crate) status: BTreeMap<DeviceKind, Status>,
    pub(crate) delay_ms: BTreeMap<String, u64>,
    pub(crate) score: u8,
    pub(crate) captures: u64,
    pub(crate) previews: u64,
    /// The last good answer of each device, for whoever wants it replayed.
    pub(crate) last: BTreeMap<DeviceKind, Value>,
    pub(crate) drawn: BTreeMap<Drawn, Arc<[Vec<u8>]>>,
    armed: Vec<Armed>,
}

/// A fault that waits for its moment.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Armed {
    pub(crate) fault: Fault,
    /// How many more times; `None` for ever.
    pub(crate) times: Option<u32>,
}

impl Service {
    #[allow(
        clippy::too_many_arguments,
        reason = "one call, from the server's start"
    )]
    pub(crate) fn make(
        port: u16,
        keys: Keys,
        kinds: Vec<DeviceKind>,
        environment: String,
        is_level_1: bool,
        encoding: Encoding,
        thumbnail: bool,
        seed: u64,
        is_present: bool,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            port,
            keys,
            kinds,
            environment,
            is_level_1,
            encoding,
            thumbnail,
            clock,
            is_capturing: AtomicBool::new(false),
            state: Mutex::new(State {
                seed,
                person: SyntheticPerson::make(seed),
                missing: BTreeSet::new(),
                is_present,
                is_plugged: true,
                status: BTreeMap::new(),
                delay_ms: BTreeMap::new(),
                score: 78,
                captures: 0,
                previews: 0,
                last: BTreeMap::new(),
                drawn: BTreeMap::new(),
                armed: Vec::new(),
            }),
        }
    }

    /// Every change under the lock is whole in itself, so that a panic elsewhere spoils nothing.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The next person steps up.
    pub(crate) fn enter(&mut self, seed: u64, missing: BTreeSet<FingerPosition>) {
        self.seed = seed;
        self.person = SyntheticPerson::make(seed);
        self.missing = missing;
        self.drawn.clear();
    }

    pub(crate) fn status_of(&self, kind: DeviceKind) -> Status {
        self.status.get(&kind).copied().unwrap_or(Status::Ready)
    }

    pub(crate) fn arm(&mut self, fault: Fault, times: Option<u32>) {
        self.armed.retain(|armed| armed.fault != fault);
        if times != Some(0) {
            self.armed.push(Armed { fault, times });
        }
    }

    pub(crate) fn disarm(&mut self) {
        self.armed.clear();
    }

    pub(crate) fn armed(&self) -> &[Armed] {
        &self.armed
    }

    /// The fault of this moment, counted.
    pub(crate) fn take_fault(&mut self, place: Place) -> Option<Fault> {
        let at = self
            .armed
            .iter()
            .position(|armed| armed.fault.place() == place)?;
        let armed = self.armed.get_mut(at)?;
        let fault = armed.fault;
        if let Some(times) = &mut armed.times {
            *times -= 1;
            if *times == 0 {
                self.armed.remove(at);
            }
        }
        Some(fault)
    }
}
