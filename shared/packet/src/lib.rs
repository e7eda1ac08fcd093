//! The packet: one version of one enrolment, signed by its station, opened only at the centre.
//!
//! In: content and samples with keys (`seal`); bytes (`verify`, `open`). Out: a packet file, or what it holds.
//! Owns: the format. `packet.cddl`, the named vectors beside this crate and `docs/packet.md` describe it fully.
//! Never: opens anything on a station; parses past a limit; accepts a second form of the same packet.
//!
//! ```text
//! packet file := CBOR sequence (RFC 8742)
//!   manifest      COSE_Sign1 by the station: ids, sequence, digest of the manifest before, a line per part
//!   demographics  COSE_Encrypt: what the operator signed, compressed and padded
//!   sensitive     COSE_Encrypt: the answers under a key of their own, padded; there even when nobody gave any
//!   portrait, finger-1 …, document-1 …    COSE_Encrypt: bytes as the device gave them
//! ```
//! Parts stand in the order of their priority, so that the first bytes of a file are the ones the centre wants first.

pub mod content;
mod dictionary;
pub mod limits;
pub mod manifest;
mod open;
mod seal;
mod verify;

#[cfg(test)]
mod tests;

pub use content::{Content, Extension, FieldEntry, SampleEntry, SensitiveEntry};
pub use dictionary::{Dictionary, UnknownDictionary};
pub use manifest::{
    Manifest, ManifestError, PartEntry, SignedManifest, StampedTime, VerifiedManifest,
};
pub use open::{Demographics, OpenPacketError, open_demographics, open_sample, open_sensitive};
pub use seal::{
    Head, NewSample, Recipients, SealPacketError, SealRequest, SealedPacket, Signer, seal,
    seal_with,
};
pub use verify::{
    PacketHasher, VerifiedPacket, VerifyError, check_parts, split_manifest, verify_packet,
};
