//! Receiver: the thread that listens, and what it heard last.
//!
//! In: the port that is named, or those that a profile knows. Out: a [`PlaceView`] whenever somebody asks.
//! Owns: the open port, for itself alone. Never: blocks who asks; ends because a cable was pulled.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use qayd_world::Clock;
use serial2::SerialPort;

use super::error::PlaceError;
use super::ports::{self, PlaceListed};
use super::sentence::Listener;
use super::view::{PlaceState, PlaceView};
use crate::profile::ProfileSet;

/// Speeds of receivers, the usual first: the standard is 4,800; receivers of today leave the factory with 9,600 to 115,200.
const BAUDS: [u32; 4] = [9_600, 38_400, 115_200, 4_800];
/// A read waits no longer, so that the thread ends soon.
const READ_MS: u64 = 200;
/// Of one read.
const READ_BYTES: usize = 1_024;

/// Where a receiver is looked for, and how long.
#[derive(Debug, Clone)]
pub struct PlaceSettings {
    /// The one port to listen to; without it, every port that a profile of kind `gps` knows.
    pub port: Option<PathBuf>,
    /// `/sys/class/tty`.
    pub classes: PathBuf,
    /// `/dev`.
    pub files: PathBuf,
    /// How long one speed is listened to: longer than the second between two reports.
    pub listen_ms: u64,
    /// A receiver that was understood and says nothing for so long is looked for anew.
    pub silent_ms: u64,
    /// Pause before the next look for a port.
    pub retry_ms: u64,
}

impl Default for PlaceSettings {
    fn default() -> Self {
        Self {
            port: None,
            classes: PathBuf::from("/sys/class/tty"),
            files: PathBuf::from("/dev"),
            listen_ms: 1_600,
            silent_ms: 10_000,
            retry_ms: 1_000,
        }
    }
}

impl PlaceSettings {
    /// One port, whatever stands behind it.
    pub fn at(port: impl Into<PathBuf>) -> Self {
        Self {
            port: Some(port.into()),
            ..Self::default()
        }
    }

    /// The receivers that are plugged in now.
    pub(crate) fn listed(&self, profiles: Option<&ProfileSet>) -> Vec<PlaceListed> {
        match (&self.port, profiles) {
            (Some(port), _) => ports::named(port),
            (None, Some(profiles)) => ports::plugged(&self.classes, &self.files, profiles),
            (None, None) => Vec::new(),
        }
    }
}

/// What is known, and since when.
struct Known {
    state: PlaceState,
    at_ms: u64,
    /// Id of the receiver that said it.
    from: Option<String>,
    /// Why each that was tried says nothing.
    problems: BTreeMap<String, PlaceError>,
}

struct Shared {
    known: Mutex<Known>,
    stop: AtomicBool,
    woken: Condvar,
    clock: Arc<dyn Clock>,
}

/// A receiver that is listened to until this is dropped.
pub struct PlaceReceiver {
    shared: Arc<Shared>,
}

impl Drop for PlaceReceiver {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.shared.woken.notify_all();
    }
}

impl PlaceReceiver {
    /// Begins to listen, on a thread of its own; returns at once.
    pub fn listen(
        settings: PlaceSettings,
        profiles: Option<Arc<ProfileSet>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let shared = Arc::new(Shared {
            known: Mutex::new(Known {
                state: PlaceState::NoReceiver,
                at_ms: clock.monotonic_ms(),
                from: None,
                problems: BTreeMap::new(),
            }),
            stop: AtomicBool::new(false),
            woken: Condvar::new(),
            clock,
        });
        let own = shared.clone();
        std::thread::spawn(move || own.run(&settings, profiles.as_deref()));
        Self { shared }
    }

    /// What is known now. Never waits.
    pub fn view(&self) -> PlaceView {
        let known = self.shared.known();
        PlaceView {
            state: known.state.clone(),
            age_ms: self.shared.now_ms().saturating_sub(known.at_ms),
            simulated: false,
        }
    }

    /// Whether this receiver is understood; why not, where that is known; `None` while it is still being tried.
    pub(super) fn verdict(&self, id: &str) -> Option<Result<(), PlaceError>> {
        let known = self.shared.known();
        match &known.from {
            Some(from) if from == id => Some(Ok(())),
            Some(_) => Some(Err(PlaceError::Spare)),
            None => known.problems.get(id).map(|problem| Err(*problem)),
        }
    }
}

impl Shared {
    fn now_ms(&self) -> u64 {
        self.clock.monotonic_ms()
    }

    /// Every change under the lock is whole in itself, so that a panic elsewhere spoils nothing.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// The thread.
    fn run(&self, settings: &PlaceSettings, profiles: Option<&ProfileSet>) {
        // A receiver that comes back is listened to at the speed at which it was understood.
        let mut understood = BTreeMap::new();
        while !self.is_over() {
            let listed = settings.listed(profiles);
            self.known()
                .problems
                .retain(|id, _| listed.iter().any(|l| l.id == *id));
            for receiver in &listed {
                let last = understood.get(&receiver.port).copied();
                self.known().problems.remove(&receiver.id);
                let problem = self.try_port(settings, receiver, last, &mut |baud| {
                    understood.insert(receiver.port.clone(), baud);
                });
                self.lose(&receiver.id, problem);
            }
            let pause = Duration::from_millis(settings.retry_ms);
            let wait = |_: &mut Known| !self.is_over();
            drop(self.woken.wait_timeout_while(self.known(), pause, wait));
        }
    }

    /// Listens at each speed until one is understood, and at that one until it ends. Says why it ended.
    fn try_port(
        &self,
        settings: &PlaceSettings,
        receiver: &PlaceListed,
        last: Option<u32>,
        understood: &mut dyn FnMut(u32),
    ) -> PlaceError {
        let mut bauds: Vec<u32> = last.into_iter().chain(receiver.baud).collect();
        for baud in BAUDS {
            if !bauds.contains(&baud) {
                bauds.push(baud);
            }
        }
        for baud in bauds {
            let mut port = match open(&receiver.port, baud) {
                Ok(port) => port,
                Err(problem) => return problem,
            };
            if let Some(problem) = self.listen(settings, receiver, &mut port, &mut || {
                understood(baud);
            }) {
                return problem;
            }
        }
        PlaceError::Silent
    }

    /// `None` when this speed is not understood.
    fn listen(
        &self,
        settings: &PlaceSettings,
        receiver: &PlaceListed,
        port: &mut SerialPort,
        understood: &mut dyn FnMut(),
    ) -> Option<PlaceError> {
        let mut listener = Listener::default();
        let mut bytes = [0; READ_BYTES];
        let mut heard_ms = None;
        let began_ms = self.now_ms();
        while !self.is_over() {
            let read = match port.read(&mut bytes) {
                Ok(0) => return Some(PlaceError::NoReceiver),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::TimedOut => 0,
                // Another reader took what was there.
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                Err(_) => return Some(PlaceError::NoReceiver),
            };
            let now_ms = self.now_ms();
            if listener.hear(bytes.get(..read).unwrap_or_default(), now_ms) > 0 {
                if heard_ms.is_none() {
                    understood();
                }
                heard_ms = Some(now_ms);
                self.tell(&receiver.id, &listener, now_ms);
            }
            match heard_ms {
                None if now_ms.saturating_sub(began_ms) > settings.listen_ms => return None,
                Some(heard) if now_ms.saturating_sub(heard) > settings.silent_ms => {
                    return Some(PlaceError::Silent);
                }
                _ => {}
            }
        }
        Some(PlaceError::NoReceiver)
    }

    fn tell(&self, id: &str, listener: &Listener, now_ms: u64) {
        let mut known = self.known();
        let none_yet = || (PlaceState::NoFix { satellites: 0 }, now_ms);
        (known.state, known.at_ms) = listener.state().unwrap_or_else(none_yet);
        if known.from.as_deref() != Some(id) {
            known.from = Some(id.to_owned());
        }
        known.problems.remove(id);
    }

    /// This one says nothing any more; what it said is forgotten.
    fn lose(&self, id: &str, problem: PlaceError) {
        let now_ms = self.now_ms();
        let mut known = self.known();
        known.problems.insert(id.to_owned(), problem);
        if known.from.take_if(|from| from == id).is_some() {
            known.state = PlaceState::NoReceiver;
            known.at_ms = now_ms;
        }
    }
}

/// Opens a port raw, eight bits without parity, for this program alone.
fn open(path: &Path, baud: u32) -> Result<SerialPort, PlaceError> {
    let mut port = SerialPort::open(path, baud).map_err(|error| meaning(&error))?;
    #[cfg(target_os = "linux")]
    rustix::termios::ioctl_tiocexcl(&port).map_err(|error| meaning(&error.into()))?;
    port.set_read_timeout(Duration::from_millis(READ_MS))
        .and_then(|()| port.discard_input_buffer())
        .map_err(|error| meaning(&error))?;
    Ok(port)
}

fn meaning(error: &std::io::Error) -> PlaceError {
    match error.kind() {
        ErrorKind::PermissionDenied => PlaceError::Denied,
        ErrorKind::ResourceBusy => PlaceError::Busy,
        _ => PlaceError::NoReceiver,
    }
}
