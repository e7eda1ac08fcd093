//! A biometric device service of nobody's fingers: SBI 0.9.5 over HTTP on this machine, with faults on demand.
//!
//! In: [`Options`], then requests of a registration client and of whoever scripts the story. Out: what a slap scanner, an
//! iris scanner and a face camera of a vendor would answer, signed by keys and certificates of its own.
//! Owns: a port, its keys, the synthetic person who stands before it.
//! Never: listens on another address than 127.0.0.1; shows a real person's finger, eye or face.
//!
//! | method and path | what |
//! |---|---|
//! | `MOSIPDISC /device` | the devices, unsigned |
//! | `MOSIPDINFO /info` | the devices, signed |
//! | `RCAPTURE /capture` | a capture for registration: plain ISO records inside signed messages |
//! | `CAPTURE /capture` | a capture for authentication: the same, encrypted for the verifier |
//! | `STREAM /stream` | a preview, multipart JPEG |
//! | `POST /admin/…`, `GET /admin/state` | who stands there, and what goes wrong: see [`admin`] |

pub mod admin;
mod capture;
mod drawing;
mod faults;
mod keys;
mod messages;
mod records;
mod seal;
mod server;
mod state;
mod stream;

pub use faults::Fault;
pub use keys::{Keys, KeysError, Vouching};
pub use server::{Options, Simulator, StartError};
pub use state::{DeviceKind, Encoding, Status};
