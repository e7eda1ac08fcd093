//! The window of the station: an officer's day on one screen.
//!
//! In: a station's folder. Out: the window, and behind it the station on a thread of its own.
//! Owns: what stands on the screen. Never: a rule of the domain; those are in `qayd-station` and `qayd-model`.
//!
//! ```text
//!   qayd-window (Slint) ◄── adapters ◄── Event ── worker ── qayd-station
//!          └── callbacks ──► adapters ── Command ──► ┘
//! ```

mod adapters;
mod caret;
pub mod desk;
pub mod form;
mod machine;
mod messages;
mod numbers;
pub mod preferences;
mod signature;
pub mod slip;
mod sound;
mod worker;

use std::cell::RefCell;
use std::sync::Arc;

use qayd_window::AppWindow;
use slint::ComponentHandle;

pub use worker::pictures::{of_code as pixels_of_code, of_frame as pixels_of_frame};

use desk::{Desk, Event, Setup, Tell};
use preferences::{Keeper, Preferences};

/// A window with its station, ready to be shown.
pub struct Station {
    /// The window.
    pub window: AppWindow,
    /// The way to the station's thread.
    pub desk: Desk,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Station {
    /// Makes the window of a station. `tell` brings the events of the station's thread to this one; each has to end at
    /// [`show`].
    ///
    /// # Errors
    /// There is no screen, or the operating system gave no thread.
    pub fn make(setup: Setup, tell: Tell) -> Result<Self, slint::PlatformError> {
        let window = AppWindow::new()?;
        let preferences = Preferences {
            language: setup.language,
            ..Preferences::read(&setup.world, &setup.data)
        };
        let keeper = Keeper::of(setup.world.clone(), &setup.data, preferences.clone());
        let (desk, thread) = Desk::open(setup, tell)
            .map_err(|error| slint::PlatformError::Other(error.to_string()))?;
        adapters::connect(&window, &desk, &keeper);
        adapters::prefer(&window, &preferences);
        Ok(Self {
            window,
            desk,
            thread: Some(thread),
        })
    }

    /// Makes the window, runs it until it is closed, and waits until the station has closed everything.
    ///
    /// # Errors
    /// As [`Self::make`].
    pub fn run(setup: Setup) -> Result<(), slint::PlatformError> {
        // The station's thread may speak before the window is there; what it says waits here.
        thread_local! {
            static SHOWN: RefCell<Option<(slint::Weak<AppWindow>, Desk)>> = const { RefCell::new(None) };
        }
        let tell: Tell = Arc::new(|event: Event| {
            // Fails only when the window is gone.
            let _ = slint::invoke_from_event_loop(move || {
                SHOWN.with_borrow(|shown| {
                    if let Some((window, desk)) = shown
                        && let Some(window) = window.upgrade()
                    {
                        show(&window, desk, event);
                    }
                });
            });
        });
        let mut station = Self::make(setup, tell)?;
        SHOWN.set(Some((station.window.as_weak(), station.desk.clone())));
        let ended = station.window.run();
        SHOWN.set(None);
        station.close();
        ended
    }

    /// Ends the station's thread and waits for it.
    pub fn close(&mut self) {
        self.desk.ask(desk::Command::Quit);
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has been told to standard error already.
            let _ = thread.join();
        }
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        self.close();
    }
}

/// Shows what the station's thread told. On the screen's thread only.
pub fn show(window: &AppWindow, desk: &Desk, event: Event) {
    adapters::show(window, desk, event);
}
