//! Devices: one trait for everything that looks at a person or a paper, its drivers, and the facts about hardware.
//!
//! In: a device, a person folder or a simulated person; profiles as TOML. Out: [`Frame`]s and [`RawSample`]s.
//! Owns: the device handle. Never: judges quality, keeps a sample, or recompresses what a device gave.
//!
//! A folder per driver: [`sbi`] speaks to the services of vendors, [`camera`] to cameras, [`sane`] to document scanners,
//! [`folder`] reads a person's files, [`simulated`] shows people who do not exist; [`place`] hears where this computer is.
//! [`profile`] knows the hardware.

pub mod camera;
pub mod capture;
pub mod error;
pub mod folder;
pub mod hardware;
pub mod place;
pub mod profile;
pub mod registry;
pub mod sane;
pub mod sbi;
pub mod simulated;
mod slug;
mod usb;

pub use camera::{CameraDevice, CameraListed};
pub use capture::{
    CaptureDevice, CaptureRequest, CaptureTarget, DeviceDescription, Frame, Geometry, MediaType,
    Modality, PixelFormat, RawSample, TIMEOUT_MS_MAX, admit, expected_fingers,
};
pub use error::DeviceError;
pub use folder::{FolderDevice, FolderError, FolderProblem, FolderReason, PersonFolder};
pub use hardware::{Hardware, HardwareError, Services, Taste, for_job};
pub use place::{
    PlaceDevice, PlaceError, PlaceFix, PlaceReceiver, PlaceSettings, PlaceState, PlaceView,
};
pub use profile::{ProfileError, ProfileProblem, ProfileReason, ProfileSet, Seen};
pub use registry::{DeviceChange, DeviceEntry, DeviceReport, DeviceWatch, Devices, Surroundings};
pub use sane::{SaneDevice, ScannerError, ScannerListed, ScannerSettings};
pub use sbi::{SbiDevice, SbiError, SbiSettings, SbiTrust};
pub use simulated::{
    Fault, PlaceFault, Script, ScriptError, SimulatedCamera, SimulatedPerson, SimulatedPlace,
    SimulatedScanner, Stage,
};
