//! Worker: the station on a thread of its own.
//!
//! In: [`Command`]s. Out: [`Event`]s. Owns: the open [`Station`], the session, the draft, the device in use.
//! Never: is waited for by the screen; keeps an answer that the draft has not; goes on under a locked screen: locking
//! closes the station, and what opens it again is the passphrase.
//!
//! ```text
//!   nobody ── sign in ─► home ── begin, resume, correct ─► enrolment ── seal ─► slip ─┐
//!     ▲                   ▲  └───────────────── put aside, next person ───────────────┘
//!     └── lock, idle ─────┴── from anywhere; the same person opens the same step again
//! ```

mod answers;
mod captures;
mod enrolment;
mod family;
mod fingers;
mod frame;
mod home;
mod kit;
mod lists;
mod papers;
pub(crate) mod pictures;
mod provision;
mod review;
mod scan;
mod slip;
mod steps;

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use qayd_crypto::Passphrase;
use qayd_devices::DeviceEntry;
use qayd_model::pack::Language;
use qayd_model::{EnrolmentId, UnixMs};
use qayd_station::{Session, SessionError, Station, StationError, outbox};
use qayd_window::{Page, PlaceState, Said};

use crate::desk::{Command, Event, Setup, Switches, Tell, TruthView};
use crate::messages::said;
use crate::{machine, numbers};

/// How often the truth bar is looked at anew.
const TRUTH_EVERY_MS: u64 = 5_000;
/// How long a wait for a command lasts before the clock is looked at.
const TICK: Duration = Duration::from_millis(500);

/// What the whole thread works with.
pub(crate) struct Worker<'q> {
    setup: Setup,
    queue: &'q Receiver<Command>,
    /// Commands that came while a capture ran and are still to be done.
    pending: VecDeque<Command>,
    /// The window was closed.
    gone: bool,
    tell: Tell,
    switches: Switches,
    language: Language,
    /// An enrolment was begun since the program started.
    begun: bool,
    /// When somebody last did something, on the monotonic clock.
    touched_ms: u64,
    truth_ms: u64,
    /// How many devices the bar says there are.
    truth_devices: Option<usize>,
    /// How the last contact with the centre ended, and when.
    contact: Option<(bool, UnixMs)>,
    /// The devices, while somebody is signed in.
    kit: Option<kit::Kit>,
}

/// What comes next in a loop.
enum Next {
    Do(Command),
    /// Nobody did anything for as long as the policy allows.
    Idle,
    /// Nothing yet; a loop with something of its own to do may do it.
    Nothing,
    Gone,
}

/// Why a loop ended.
enum After {
    Locked(Option<EnrolmentId>),
    SignedOut,
    Gone,
}

/// The thread.
pub(crate) fn run(setup: Setup, queue: &Receiver<Command>, tell: Tell, switches: Switches) {
    let mut worker = Worker {
        language: setup.language,
        setup,
        queue,
        pending: VecDeque::new(),
        gone: false,
        tell,
        switches,
        begun: false,
        touched_ms: 0,
        truth_ms: 0,
        truth_devices: None,
        contact: None,
        kit: None,
    };
    worker.nobody();
}

impl Worker<'_> {
    fn tell(&self, event: Event) {
        (self.tell)(event);
    }

    fn say(&self, said: Said) {
        self.tell(Event::Say(said));
    }

    fn say_code(&self, code: &'static str) {
        tracing::info!(code, "told the operator");
        self.say(said(code));
    }

    fn now_ms(&self) -> u64 {
        self.setup.world.clock.monotonic_ms()
    }

    fn number(&self, value: impl std::fmt::Display) -> String {
        numbers::number(value, self.language)
    }

    /// Waits for the next command at most one tick.
    fn next(&mut self, idle_ms: Option<u64>) -> Next {
        self.next_within(idle_ms, TICK)
    }

    fn next_within(&mut self, idle_ms: Option<u64>, wait: Duration) -> Next {
        let asked = match self.pending.pop_front() {
            _ if self.gone => Err(RecvTimeoutError::Disconnected),
            Some(command) => Ok(command),
            None => self.queue.recv_timeout(wait),
        };
        match asked {
            Ok(Command::Quit) | Err(RecvTimeoutError::Disconnected) => {
                // Whoever asks again, wherever the work stands, is told again.
                self.gone = true;
                Next::Gone
            }
            Ok(command) => {
                self.touched_ms = self.now_ms();
                Next::Do(command)
            }
            Err(RecvTimeoutError::Timeout) => {
                let idle = self.now_ms().saturating_sub(self.touched_ms);
                if idle_ms.is_some_and(|limit| idle >= limit) {
                    Next::Idle
                } else {
                    Next::Nothing
                }
            }
        }
    }

    /// After a capture: a second press of its button, made while it ran, is not another capture.
    fn drop_repeated_captures(&mut self) {
        while let Ok(command) = self.queue.try_recv() {
            if !matches!(
                command,
                Command::Capture | Command::Portrait | Command::Thumb | Command::TakePage
            ) {
                self.pending.push_back(command);
            }
        }
    }

    fn logins(&self, locked: Option<&str>) {
        let logins = Station::logins(&self.setup.world, &self.setup.data).unwrap_or_default();
        self.tell(Event::Logins {
            logins,
            locked: locked.map(str::to_owned),
        });
    }

    /// Nobody is signed in.
    fn nobody(&mut self) {
        // Who locked the station, and what they stood in.
        let mut locked: Option<(String, Option<EnrolmentId>)> = None;
        if !Station::is_provisioned(&self.setup.data) {
            if !self.provision() {
                return;
            }
            self.say(Said::Provisioned);
        }
        loop {
            self.tell(Event::Page(Page::SignIn));
            self.logins(locked.as_ref().map(|(login, _)| login.as_str()));
            let (login, passphrase) = loop {
                match self.next(None) {
                    Next::Do(Command::SignIn { login, passphrase }) => break (login, passphrase),
                    Next::Do(Command::Language(language)) => self.language = language,
                    Next::Gone => return,
                    _ => {}
                }
            };
            self.say(Said::Nothing);
            self.tell(Event::Opening(true));
            let opened = self.sign_in(&login, &passphrase);
            self.tell(Event::Opening(false));
            let Some((station, session)) = opened else {
                continue;
            };
            // Somebody else's draft is on their list, not under their hands.
            let stood_in = locked
                .take()
                .filter(|(who, _)| *who == login)
                .and_then(|(_, id)| id);
            self.truth_ms = 0;
            self.watch_kit(&station);
            let after = self.signed_in(&station, &session, stood_in);
            // Nobody works: nothing is looked at.
            self.kit = None;
            match after {
                After::Gone => return,
                After::Locked(stood_in) => locked = Some((session.login().to_owned(), stood_in)),
                After::SignedOut => {}
            }
            // The keys leave the memory with the station.
            if let Err(error) = station.sign_out(session) {
                self.say_code(error.code());
            }
        }
    }

    fn sign_in(&self, login: &str, passphrase: &Passphrase) -> Option<(Station, Session)> {
        match Station::sign_in(
            self.setup.world.clone(),
            &self.setup.data,
            login,
            passphrase,
        ) {
            Ok(opened) => Some(opened),
            Err(error) => {
                let wait = match &error {
                    StationError::Session(
                        SessionError::Wait { ms } | SessionError::WrongPassphrase { wait_ms: ms },
                    ) if *ms > 0 => self.number(ms.div_ceil(1_000)),
                    _ => String::new(),
                };
                self.tell(Event::Wait(wait));
                self.say_code(error.code());
                None
            }
        }
    }

    fn signed_in(
        &mut self,
        station: &Station,
        session: &Session,
        stood_in: Option<EnrolmentId>,
    ) -> After {
        self.tell(Event::Wait(String::new()));
        self.tell(Event::SignedIn {
            login: session.login().to_owned(),
            is_supervisor: session.require_supervisor().is_ok(),
        });
        // The one draft this operator stood in when the power went is opened again, without a question.
        let resume = stood_in.or_else(|| home::left_open(station, session));
        home::run(self, station, session, resume)
    }

    fn idle_ms(station: &Station) -> Option<u64> {
        station
            .policy()
            .ok()
            .map(|policy| u64::from(policy.idle_lock_s) * 1_000)
    }

    fn watch_kit(&mut self, station: &Station) {
        let world = &self.setup.world;
        let devices = self.setup.hardware.devices(
            world.clock.clone(),
            world.random.clone(),
            station.identity().production,
        );
        let devices = match &self.setup.stage {
            Some(stage) => devices.with_simulated(stage.clone()),
            None => devices,
        };
        let staged_first = self.setup.stage.is_some();
        let folder = station.folder();
        self.kit = Some(kit::Kit::watch(devices, world, folder, staged_first));
    }

    /// The devices that are there.
    fn entries(&self) -> Vec<DeviceEntry> {
        self.kit.as_ref().map(kit::Kit::entries).unwrap_or_default()
    }

    /// Before the simulated devices, every enrolment that is begun is of somebody else.
    fn next_on_stage(&mut self) {
        if let Some(stage) = &self.setup.stage {
            let mut person = stage.person();
            if self.begun {
                person.seed = person.seed.wrapping_add(1);
            }
            self.begun = true;
            stage.enter(person);
        }
    }

    /// Looks at the truth again, if it is time.
    fn truth(&mut self, station: &Station, now: bool) {
        let at = self.now_ms();
        let devices = self.kit.as_ref().and_then(kit::Kit::count);
        let is_fresh = self.truth_ms != 0 && at.saturating_sub(self.truth_ms) < TRUTH_EVERY_MS;
        if !now && is_fresh && devices == self.truth_devices {
            return;
        }
        self.truth_ms = at.max(1);
        self.truth_devices = devices;
        match self.look(station, devices) {
            Ok(view) => self.tell(Event::Truth(Box::new(view))),
            Err(error) => self.say_code(error.code()),
        }
    }

    fn look(
        &self,
        station: &Station,
        devices: Option<usize>,
    ) -> Result<TruthView, qayd_station::StoreError> {
        let language = self.language;
        let now = self.setup.world.clock.now();
        let (summary, returned, offset) = station.store().read(|c| {
            Ok::<_, qayd_station::StoreError>((
                outbox::summary(c)?,
                qayd_station::inbox::returned(c)?.len(),
                station.utc_offset_minutes(c)?,
            ))
        })?;
        let free = self.setup.world.files.free_bytes(station.folder()).ok();
        let least = station.policy()?.free_bytes_min;
        let (network, network_good) = match self.contact {
            Some((good, at)) => (numbers::when(at, now, offset, language), good),
            None => ("–".to_owned(), false),
        };
        let battery = machine::battery();
        let (place_state, place) = self.place();
        Ok(TruthView {
            station: station.identity().name.clone(),
            network,
            network_good,
            waiting: self.number(summary.waiting()),
            stuck: summary.stuck > 0,
            battery: battery.map_or("–".to_owned(), |(percent, _)| {
                self.number(format!("{percent} %"))
            }),
            battery_low: battery.is_some_and(|(percent, charging)| percent < 20 && !charging),
            disk: free.map_or("–".to_owned(), |free| numbers::bytes(free, language)),
            disk_low: free.is_some_and(|free| free < least.saturating_mul(2)),
            devices: devices.map_or("–".to_owned(), |count| self.number(count)),
            devices_good: devices != Some(0),
            place,
            place_state,
            clock: numbers::when(now, now, offset, language),
            returned,
        })
    }

    /// How well a receiver knows the place, never where it is: whoever looks over a shoulder reads the bar too.
    fn place(&self) -> (PlaceState, String) {
        let seen = self.kit.as_ref().and_then(|kit| kit.devices().place());
        match seen.map(|view| view.state) {
            None | Some(qayd_devices::place::PlaceState::NoReceiver) => {
                (PlaceState::Unknown, "–".to_owned())
            }
            Some(qayd_devices::place::PlaceState::NoFix { .. }) => {
                (PlaceState::Searching, String::new())
            }
            Some(qayd_devices::place::PlaceState::Fix(fix)) => {
                let known = fix.accuracy_m.map_or("✓".to_owned(), |metres| {
                    self.number(format!("± {metres:.0} m"))
                });
                (PlaceState::Known, known)
            }
        }
    }

    fn preview_is_free(&self) -> bool {
        self.switches.preview_free.swap(false, Ordering::SeqCst)
    }
}
