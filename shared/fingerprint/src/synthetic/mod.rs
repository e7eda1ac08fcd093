//! Synthetic fingers, slaps and faces: nobody's, for tests, the simulated devices and the demonstration.
//!
//! In: seeds. Out: `MasterFinger`, its impressions, whole persons, slaps with faults, drawn portraits.
//! Never: a real person's print; the same seed gives the same picture on every run.

mod impression;
mod master;
mod person;
mod portrait;

pub use impression::{ImpressionSettings, impression};
pub use master::{MasterFinger, PatternClass};
pub use person::{SlapFault, SlapSettings, SyntheticPerson, slap};
pub use portrait::{RgbImage, portrait};
