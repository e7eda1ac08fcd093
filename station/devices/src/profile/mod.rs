//! Hardware profiles: what is known about devices, laptops and kits, and what a capture must reach.
//!
//! In: the TOML texts of `hardware-profiles/`. Out: a [`ProfileSet`] in which every fact names its source, or every
//! problem with its file, its path and its reason.
//! Owns: nothing. Never: a choice of a site (that is a setting), and never a fact without evidence.

mod check;
mod evidence;
mod pattern;
mod problem;
mod quality;
mod schema;
mod seen;
mod set;
#[cfg(test)]
mod tests;

pub use pattern::TextPattern;
pub use problem::{ProfileError, ProfileProblem, ProfileReason};
pub use quality::{
    AcceptOverride, AcceptPerFinger, AfterMax, ChildRule, FingerQuality, InterEye, PortraitQuality,
    QualityRef,
};
pub use schema::{
    Bench, Camera, Capture, Case, DeviceKind, DeviceProfile, DmiMatch, Docscan, Driver,
    Environment, Evidence, Finger, FingerMode, Gps, HidUsage, Iris, IrisSubIds, KitPower,
    KitProfile, KitRole, LaptopProfile, MatchRule, Power, Quirk, SbiMatch, ScreenMin, SigPad,
    SlapSubIds, Source, Status, UsbMatch,
};
pub use seen::Seen;
pub use set::ProfileSet;
