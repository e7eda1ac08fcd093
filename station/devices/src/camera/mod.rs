//! Cameras of this machine: Video4Linux2 on Linux, Media Foundation on Windows, AVFoundation on macOS.
//!
//! In: what the operating system lists, a profile. Out: [`CameraDevice`] behind the one capture seam.
//! Owns: a thread while a camera is open; it fetches frames and keeps the newest.
//! Never: blocks a caller past its time-out, whatever the driver does; hands out a frame whose length lies.
//!
//! ```text
//!   thread:  wait 200 ms at most ──► fetch ──► newest frame ──► (the one before is dropped)
//!   caller:  wait its own time  ◄───────────── decode it, check its length and size
//! ```

mod choice;
mod decode;
mod device;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod native;
mod source;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use native as system;

pub use choice::{StreamFormat, Wish, choose};
pub use decode::{Coding, DecodeError, decode, jpeg_alone};
pub use device::CameraDevice;
pub use source::{FrameSource, RawFrame, SourceError};

use serde::Serialize;

/// A camera as the operating system lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CameraListed {
    /// The name under which a station lists it: the same while it stays on the same socket.
    pub id: String,
    /// Its own name.
    pub name: String,
    /// Where the system finds it: a device file, or an index.
    pub place: String,
    /// Vendor and product number on the bus, where it is one of USB.
    pub usb: Option<(u16, u16)>,
    /// Serial number, where the bus has one.
    pub serial: Option<String>,
}

/// What a look found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CameraList {
    /// Cameras that can be opened.
    pub cameras: Vec<CameraListed>,
    /// Devices that are there and may not be opened by this user.
    pub denied: usize,
}

/// The cameras of this machine now. Empty when there is none; that is no error.
pub fn list() -> CameraList {
    system::list()
}

/// The system's way to a camera.
pub(crate) fn source(listed: &CameraListed) -> Box<dyn FrameSource> {
    system::source(listed)
}
