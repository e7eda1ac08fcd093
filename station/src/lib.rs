//! The station: one enrolment from the first field to the decision that comes back.
//!
//! The folders are the story: `capture` → `quality` → `enrolment` (draft, finalise, seal) → `outbox` → `upload` →
//! `inbox`, over `store` (the one encrypted database), `session` (who is signed in), `audit` (what happened, and the
//! station's honest clock), `provisioning` (how a folder becomes a station) and `settings` (what the centre told it).
//!
//! In: a [`World`], a data folder, an operator's passphrase. Out: one [`Station`] and the [`Session`] of who signed in.
//! Never: opens a sealed packet; there is no opening key on this machine.

pub mod audit;
pub mod capture;
pub mod day;
pub mod diagnostics;
pub mod enrolment;
pub mod freeze;
pub mod inbox;
pub mod log;
pub mod outbox;
pub mod provisioning;
pub mod quality;
pub mod session;
pub mod settings;
pub mod store;
#[cfg(any(test, feature = "test-util"))]
pub mod testing;
pub mod upload;
pub mod watch;

mod station;

pub use audit::{AuditEntry, AuditError, AuditEvent, Stamp, StationClock, Subject};
pub use day::{Day, DayApproval, DayError};
pub use enrolment::{
    Draft, DraftSample, DraftSummary, EnrolmentError, EnrolmentSummary, FieldInput, Finalised,
    ImportFault, SealedPacket, Slip,
};
pub use freeze::{Extend, FreezeError, FreezeReason, Standing};
pub use provisioning::{KnownPack, PackSummary, Provisioned, ProvisioningError, provision};
pub use qayd_world::World;
pub use session::{Approval, NewOperator, OperatorSummary, Session, SessionError};
pub use settings::StationIdentity;
pub use station::{Station, StationError};
pub use store::{FolderLock, Store, StoreError, Transaction};
