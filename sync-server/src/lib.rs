//! The centre: it takes packets in, verifies them, keeps them, has them reviewed, and answers the stations.
//!
//! In: signed manifests and packets from stations, or from a drive. Out: signed receipts, decisions, inbox items.
//! Owns: the register and the packets' bytes. Never: signs a receipt before its own fsync; opens a packet at intake.
//!
//! The story of one packet, by folder: `http` (the edge) → `intake` (offer, upload, finalise, receipt) → `work`
//! (the queue) → `review` (open, examine, find duplicates) → `decision` → `dispatch` (the station's inbox).
//! `console` and `staff` are the people's side; `store`, `blobs` and `trust` are called by all and call none of them.
//! The core is blocking and owns no thread but the register's writer; tokio exists in `http` and `console` only.

pub mod backup;
pub mod blobs;
pub mod centre;
pub mod console;
pub mod decision;
pub mod dispatch;
pub mod http;
pub mod intake;
pub mod review;
pub mod staff;
pub mod store;
#[cfg(feature = "test-util")]
pub mod testing;
pub mod trust;
pub mod work;

pub use blobs::{BlobError, Blobs, FileBlobs};
pub use centre::{Centre, CentreError, CentreOptions, Role};
pub use store::{Register, RegisterError};
pub use work::{Lease, Work, WorkKind};
