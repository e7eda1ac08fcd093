//! Simulated devices: a scanner and a camera in front of which stands a synthetic person, and a receiver of a place.
//!
//! In: a [`Stage`] with a [`SimulatedPerson`] and what goes wrong. Out: what a real device would give.
//! Owns: nothing outside memory; the same seeds give the same bytes.
//! Never: works on a station provisioned for production, and never shows a real person's print or face.
//!
//! The stage is held by whoever scripts the story; the devices only look at it.

mod camera;
mod page;
mod place;
mod scanner;
mod script;
mod session;
mod stage;
#[cfg(test)]
mod tests;

pub use camera::{CAMERA_PROFILE, SimulatedCamera};
pub use place::{PLACE_PROFILE, SimulatedPlace};
pub use scanner::{SCANNER_PROFILE, SimulatedScanner};
pub use script::{Fault, PlaceFault, Script, ScriptError};
pub use stage::{SimulatedPerson, Stage};
