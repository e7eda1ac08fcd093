//! SBI 0.9.5: scanners and cameras that stand behind a service of their vendor on this machine (MOSIP Secure Biometric
//! Interface, formerly MDS).
//!
//! In: services on the loopback ports 4501 to 4600; [`SbiSettings`] with the authorities that vouch for devices.
//! Out: [`Listed`] devices; a [`SbiDevice`] behind the one capture seam; eyes from an iris scanner.
//! Owns: the chain of captures with each device, the preview that runs.
//! Never: believes a service. Any program of this machine may listen on such a port, so that a sample is handed out
//! only after every check of [`SbiError`] has passed. Never speaks to another machine than this one.
//!
//! ```text
//!   scan ──► MOSIPDISC /device ──► Listed
//!   open ──► MOSIPDISC, MOSIPDINFO /info: signature, authority, level, identity, state
//!   begin_preview ──► STREAM /stream ──► newest JPEG of a multipart stream
//!   capture ──► RCAPTURE /capture ──► signature, authority, purpose, environment, transaction, time, identity,
//!               chain of hashes, set given = set asked, record's header agrees ──► samples
//! ```
//!
//! In the registration purpose the biometric value is the plain ISO record inside the signed message; only CAPTURE, for
//! authentication, encrypts it. A station enrols: it sends RCAPTURE and nothing else.

mod asked;
mod device;
mod discovery;
mod error;
mod http;
mod names;
mod picture;
mod record;
mod settings;
mod stream;
#[cfg(test)]
mod tests;
mod verify;
mod wire;

pub use device::{EyeSample, SbiDevice};
pub use discovery::{Listed, PORTS, SCAN_MS_MAX, Scan, scan};
pub use error::SbiError;
pub use names::Eye;
pub use record::RecordError;
pub use settings::{
    DeviceState, Environment, Level, SbiSettings, SbiTrust, TrustError, UnknownEnvironment,
};
pub use stream::{MultipartJpeg, StreamError};
pub use verify::Identity;
