//! Stage: who stands before the simulated devices, and the hand that pulls the cable.
//!
//! In: [`SimulatedPerson`]s, one after the other. Out: to the devices, the person and the fault of each attempt.
//! Owns: the counts of attempts and looks. All clones are the same stage.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use qayd_fingerprint::synthetic::SyntheticPerson;
use qayd_model::FingerPosition;

use super::script::{Fault, PlaceFault, Script};
use crate::capture::CaptureTarget;

/// Somebody who does not exist.
#[derive(Debug, Clone)]
pub struct SimulatedPerson {
    /// Of fingers and face; the same seed is the same person.
    pub seed: u64,
    /// Fingers the person does not have.
    pub missing: Vec<FingerPosition>,
    /// What goes wrong while they are enrolled.
    pub script: Script,
}

impl SimulatedPerson {
    /// A person with ten fingers with whom everything goes well.
    pub fn make(seed: u64) -> Self {
        Self {
            seed,
            missing: Vec::new(),
            script: Script::good(),
        }
    }

    /// The same person with a script.
    pub fn with_script(mut self, script: Script) -> Self {
        self.script = script;
        self
    }

    /// The same person without some fingers.
    pub fn without(mut self, missing: impl IntoIterator<Item = FingerPosition>) -> Self {
        self.missing.extend(missing);
        self
    }
}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Stage(Arc<Mutex<State>>);

struct State {
    person: SimulatedPerson,
    fingers: SyntheticPerson,
    attempts: BTreeMap<CaptureTarget, u16>,
    last_finger: Option<FingerPosition>,
    looks: usize,
    unplugged: bool,
}

/// What a device sees when an attempt begins.
pub(super) struct Scene {
    pub(super) seed: u64,
    pub(super) fingers: SyntheticPerson,
    pub(super) missing: Vec<FingerPosition>,
    /// The finger of the attempt before, for the same finger twice.
    pub(super) last_finger: Option<FingerPosition>,
    pub(super) attempt: u16,
    pub(super) fault: Fault,
}

impl Stage {
    /// A stage on which a person stands and both devices are plugged in.
    pub fn make(person: SimulatedPerson) -> Self {
        Self(Arc::new(Mutex::new(State::of(person))))
    }

    /// The next person steps up: attempts count from 1 again. Cables stay as they are.
    pub fn enter(&self, person: SimulatedPerson) {
        let mut state = self.state();
        let unplugged = state.unplugged;
        *state = State {
            unplugged,
            ..State::of(person)
        };
    }

    /// Pulls the cables: every open handle is lost, and nothing opens until [`Stage::plug_in`].
    pub fn unplug(&self) {
        self.state().unplugged = true;
    }

    /// Puts the cables back.
    pub fn plug_in(&self) {
        self.state().unplugged = false;
    }

    /// How often a target was attempted with this person, failures included.
    pub fn attempts(&self, target: impl Into<CaptureTarget>) -> u16 {
        self.state()
            .attempts
            .get(&target.into())
            .copied()
            .unwrap_or(0)
    }

    /// Who stands there.
    pub fn person(&self) -> SimulatedPerson {
        self.state().person.clone()
    }

    pub(super) fn is_unplugged(&self) -> bool {
        self.state().unplugged
    }

    /// Counts an attempt and says how it goes.
    pub(super) fn begin(&self, target: &CaptureTarget) -> Scene {
        let mut state = self.state();
        let count = state.attempts.entry(target.clone()).or_default();
        *count = count.saturating_add(1);
        let attempt = *count;
        Scene {
            seed: state.person.seed,
            fingers: state.fingers.clone(),
            missing: state.person.missing.clone(),
            last_finger: state.last_finger,
            attempt,
            fault: state.person.script.fault(target, attempt),
        }
    }

    /// Counts a look for the place and says what it finds.
    pub(super) fn look_for_place(&self) -> PlaceFault {
        let mut state = self.state();
        state.looks = state.looks.saturating_add(1);
        if state.unplugged {
            return PlaceFault::Unplugged;
        }
        state.person.script.place(state.looks)
    }

    pub(super) fn remember(&self, finger: FingerPosition) {
        self.state().last_finger = Some(finger);
    }

    /// A panic elsewhere while holding the stage leaves it as usable as before: every change above is a single step.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn of(person: SimulatedPerson) -> Self {
        let fingers = SyntheticPerson::make(person.seed);
        Self {
            person,
            fingers,
            attempts: BTreeMap::new(),
            last_finger: None,
            looks: 0,
            unplugged: false,
        }
    }
}
