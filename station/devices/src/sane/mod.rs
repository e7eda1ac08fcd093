//! Document scanners, by SANE's program `scanimage`.
//!
//! In: what SANE lists, a profile of kind `docscan`. Out: [`SaneDevice`] behind the one capture seam; a page as JPEG.
//! Owns: a child process while a page moves. Never: links a vendor's backend into this program: one that crashes takes its own
//! process; believes a picture's header before the pixels are there; keeps a page of which a line is missing.
//!
//! ```text
//!   open     scanimage -A        what can be set: modes, resolutions, sources, sizes
//!   capture  scanimage ──pixels──► rows so far, as previews ──► whole? ──► JPEG with its resolution
//!                 └──status──► NoPaper, Jammed, CoverOpen, Busy …      cancel, time: the child is ended and waited for
//! ```
//!
//! One page a capture: the feeder keeps the next sheet for the next one. Whoever asks for a page asks by its number, and a batch
//! would hand over sheets that nobody asked for.

mod device;
mod error;
mod finder;
mod listed;
mod options;
mod page;
mod program;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use device::SaneDevice;
pub use error::ScannerError;
pub(crate) use finder::Finder;
pub use listed::ScannerListed;

/// Which SANE is used, and how.
#[derive(Debug, Clone)]
pub struct ScannerSettings {
    /// The program: a name to be found, or a path.
    pub program: PathBuf,
    /// SANE's configuration; `None`: the system's.
    pub config: Option<PathBuf>,
    /// `/sys/bus/usb/devices`.
    pub usb: PathBuf,
    /// Given to each scan as they are, after the options of the profile: what a site's scanner needs besides.
    pub options: Vec<String>,
}

impl Default for ScannerSettings {
    fn default() -> Self {
        Self {
            program: PathBuf::from("scanimage"),
            config: None,
            usb: PathBuf::from("/sys/bus/usb/devices"),
            options: Vec::new(),
        }
    }
}
