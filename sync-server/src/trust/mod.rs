//! Trust: the programme's keys, its stations, and how a machine becomes one of them.
//!
//! In: passphrases, invitations, provisioning requests. Out: unlocked keys, certificates, a station's standing.
//! Owns: the folders `root/`, `keys/`, `tls/`, `trust/`; tables `invitation`, `station`, `alarm`, `journal`.
//! Never: needs the root key after `init` (the folder `root/` can be taken offline); shows a key.
//!
//! | key | signs or opens | lies in | needed by |
//! |---|---|---|---|
//! | root | keyring, packs | `root/root.key`, root passphrase | `init`, later epochs |
//! | TLS authority | server certificates | `root/root.key` | `init`, renewal |
//! | issuer | invitations, station certificates | `keys/centre.key`, centre passphrase | intake |
//! | centre | receipts, inbox, policy, time | `keys/centre.key` | intake, review |
//! | opening, review | demographics, portrait, documents | `keys/opening-review.key`, opening passphrase | review alone |
//! | opening, biometrics | fingers | `keys/opening-biometric.key` | review alone |

mod error;
mod init;
mod invitation;
pub mod journal;
mod keys;
mod layout;
mod opening;
mod packs;
mod provision;
mod stations;
mod tls;

pub use error::TrustError;
pub use init::{InitRequest, Initialised, PASSPHRASE_CHARS_MIN, init};
pub use invitation::{InvitationRequest, invite};
pub use keys::{CentreKeys, Programme};
pub use layout::Layout;
pub use opening::{FileOpeningKeys, OpeningKeyHolder, unlock_opening_keys};
pub use packs::Packs;
pub use provision::provision;
pub use stations::{StationRow, revoke, station_in, stations_in, touch};
pub use tls::server_config;

#[cfg(test)]
mod tests;
