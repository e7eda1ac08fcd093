//! The protocol between stations and the centre: messages, signatures, trust, and the upload as a state machine.
//!
//! In: bytes from the other side, keys and times as arguments. Out: proven types, or bytes to send.
//! Owns: every shape on the wire but the packet's own; `protocol.cddl` and the named vectors beside it.
//! Never: does I/O or reads a clock; gives out a signed thing before its signature held.
//!
//! | step | module | from → to |
//! |---|---|---|
//! | who is who | [`trust`] | root → keyring → station → operator |
//! | what waits | [`messages`] | `Offer` → `OfferAnswer` |
//! | bytes | [`tus`], [`upload_state`] | offsets, never skipped |
//! | requests | [`signature`] | RFC 9421 under the station key |
//! | kept | [`receipt`] | what alone permits deletion |
//! | the way back | [`inbox`] | decisions, policy, packs, keys, revocations |
//! | all of it as calls | [`sync_api`] | one station's view of the centre |

pub mod audit;
pub mod chain;
pub mod held;
pub mod inbox;
pub mod messages;
pub mod receipt;
pub mod signature;
pub mod slip;
pub mod sync_api;
pub mod trust;
pub mod tus;
pub mod upload_state;

pub use audit::AuditBatch;
pub use chain::{ChainError, ChainHead};
pub use inbox::{
    DecisionMessage, InboxBody, InboxItem, Revocation, VerifiedInboxItem, held_context,
};
pub use messages::{
    Hello, Message, MessageError, Offer, OfferAnswer, PacketState, PlannedSend, Problem,
    ProvisionAnswer, ProvisionClaim, ProvisionRequest, RefusalReason, SignedTime, WantedState,
};
pub use receipt::{Outcome, Receipt, VerifiedReceipt};
pub use sync_api::{SyncApi, SyncError, UploadBody};
pub use trust::{
    Invitation, InvitationSecret, Keyring, OperatorCertificate, PackBundle, Policy, Role,
    StationCertificate, StationPlace, TrustChain, TrustError, Trusted,
};

/// The version of this protocol; a centre lists those it speaks in its [`Hello`].
pub const PROTOCOL_VERSION: u16 = 1;

/// Path of everything here, under the centre's address.
pub const BASE_PATH: &str = "/sync/v1";
/// `GET`: [`Hello`].
pub const HELLO_PATH: &str = "/sync/v1/hello";
/// `POST`: [`ProvisionRequest`] → [`ProvisionAnswer`].
pub const PROVISION_PATH: &str = "/sync/v1/provision";
/// `POST`: [`Offer`] → [`OfferAnswer`].
pub const OFFER_PATH: &str = "/sync/v1/offer";
/// tus 1.0; one upload is `/sync/v1/uploads/<UploadId>`.
pub const UPLOADS_PATH: &str = "/sync/v1/uploads";
/// `GET ?after=n`: [`messages::SignedList`] of receipts.
pub const RECEIPTS_PATH: &str = "/sync/v1/receipts";
/// `GET ?after=n`: [`messages::SignedList`] of inbox items.
pub const INBOX_PATH: &str = "/sync/v1/inbox";
/// `POST`: [`AuditBatch`] → [`messages::AuditAnswer`].
pub const AUDIT_PATH: &str = "/sync/v1/audit";
/// Media type of every body but the uploads'.
pub const CBOR_MEDIA_TYPE: &str = "application/cbor";
/// Response header with a fresh nonce for the next request that changes something.
pub const NONCE_HEADER: &str = "Qayd-Nonce";
/// How long an issued nonce may be used, once: 15 minutes.
pub const NONCE_MS_MAX: u64 = 15 * 60 * 1000;
