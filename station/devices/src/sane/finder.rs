//! Finder: which scanners SANE has, looked for beside the work.
//!
//! In: the bus, whose changes say when to look. Out: what the last look found. Owns: a thread while it looks.
//! Never: looks while a page moves, for backends open what they look at; makes whoever asks wait longer than they want.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use qayd_world::Clock;

use super::ScannerSettings;
use super::listed::{self, ScannerListed};
use super::program;
use crate::error::DeviceError;
use crate::profile::ProfileSet;
use crate::usb;

/// Backends ask the network too and wait for answers.
const LOOK_MS: u64 = 20_000;
/// So long after something was plugged in it is looked for again: firmware and drivers take their time.
const SETTLE_MS: u64 = 15_000;

/// What a look found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scanners {
    pub(crate) scanners: Vec<ScannerListed>,
    /// Code of why none could be looked for.
    pub(crate) problem: Option<&'static str>,
}

#[derive(Default)]
struct Finding {
    last: Scanners,
    /// The bus when it was last looked at.
    bus: Option<Vec<String>>,
    is_looking: bool,
    has_looked: bool,
    again_until_ms: u64,
}

/// Scans that are running: whoever holds a clone is one of them.
#[derive(Clone, Default)]
pub(crate) struct Busy(Arc<AtomicUsize>);

/// A scan that is running, until it is dropped.
pub(super) struct Scanning(Arc<AtomicUsize>);

impl Busy {
    pub(super) fn begin(&self) -> Scanning {
        self.0.fetch_add(1, Ordering::SeqCst);
        Scanning(self.0.clone())
    }

    fn is_idle(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }
}

impl Drop for Scanning {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// See the module.
#[derive(Clone)]
pub(crate) struct Finder {
    pub(crate) settings: ScannerSettings,
    pub(crate) busy: Busy,
    shared: Arc<(Mutex<Finding>, Condvar)>,
}

impl Finder {
    pub(crate) fn make(settings: ScannerSettings) -> Self {
        Self {
            settings,
            busy: Busy::default(),
            shared: Arc::default(),
        }
    }

    /// What is known, after waiting `patience_ms` at most for the first look. Begins another where the bus has changed.
    pub(crate) fn look(
        &self,
        profiles: Option<&Arc<ProfileSet>>,
        clock: &Arc<dyn Clock>,
        patience_ms: u64,
    ) -> Scanners {
        let bus = on_the_bus(&self.settings.usb);
        let now_ms = clock.monotonic_ms();
        let mut held = self.held();
        if held.bus.as_ref() != Some(&bus) {
            held.again_until_ms = now_ms.saturating_add(SETTLE_MS);
            held.bus = Some(bus);
        }
        let is_due = !held.has_looked || now_ms < held.again_until_ms;
        if is_due && !held.is_looking && self.busy.is_idle() {
            held.is_looking = true;
            let (own, profiles, clock) = (self.clone(), profiles.cloned(), clock.clone());
            std::thread::spawn(move || own.run(profiles.as_deref(), clock.as_ref()));
        }
        let patience = Duration::from_millis(patience_ms);
        let held = self
            .shared
            .1
            .wait_timeout_while(held, patience, |finding| {
                !finding.has_looked && finding.is_looking
            })
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        held.last.clone()
    }

    /// The thread.
    fn run(&self, profiles: Option<&ProfileSet>, clock: &dyn Clock) {
        let arguments = [format!("--formatted-device-list={}", listed::FORMAT)];
        let list = program::list(&self.settings, &arguments, LOOK_MS, clock);
        let last = match list {
            Ok(list) => Scanners {
                scanners: listed::parse(&list, &self.settings.usb, profiles),
                problem: None,
            },
            Err(error) => Scanners {
                scanners: Vec::new(),
                problem: Some(DeviceError::code(&error)),
            },
        };
        let mut held = self.held();
        held.last = last;
        held.is_looking = false;
        held.has_looked = true;
        drop(held);
        self.shared.1.notify_all();
    }

    /// Every change under the lock is whole in itself, so that a panic elsewhere spoils nothing.
    fn held(&self) -> MutexGuard<'_, Finding> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Socket, numbers and address of everything on the bus: what changes when something is plugged in or pulled.
fn on_the_bus(devices: &Path) -> Vec<String> {
    let name = |device: &usb::UsbDevice| {
        format!(
            "{} {:?} {:?}",
            device.socket(),
            device.numbers(),
            device.address()
        )
    };
    usb::all(devices).iter().map(name).collect()
}
