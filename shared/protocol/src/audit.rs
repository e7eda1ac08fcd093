//! Audit: a station's trail on its way to the centre.
//!
//! In: signed entries. Out: where the trail stands after them.
//! Never: reads more of an entry than its number and its predecessor; what an entry tells is the station's.

use minicbor::{Decode, Decoder, Encode, bytes::ByteVec};
use qayd_crypto::{Namespace, PublicKey, sha256, verify1};
use qayd_model::Sha256Digest;

use crate::{ChainError, ChainHead, Message, MessageError, messages::limit};

/// Entries that follow on what the centre holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AuditBatch {
    /// The number of the first of them; 1 and up.
    #[n(1)]
    pub first: u64,
    /// The signed entries, 1 to 5,000, in order and without gaps.
    #[n(2)]
    pub entries: Vec<ByteVec>,
}

impl AuditBatch {
    /// The most entries in one batch.
    pub const ENTRIES_MAX: usize = 5000;
}

impl Message for AuditBatch {
    const NAME: &'static str = "audit-batch";
    const LIMIT: usize = 4 * 1024 * 1024;
    fn check(&self) -> Result<(), MessageError> {
        limit::<Self>("first", self.first > 0)?;
        limit::<Self>(
            "entries",
            (1..=Self::ENTRIES_MAX).contains(&self.entries.len()),
        )?;
        limit::<Self>(
            "entry",
            self.entries.iter().all(|entry| entry.len() <= 16 * 1024),
        )
    }
}

/// Checks the next signed entry of a station's trail: by its key, of the next number, after the last one.
///
/// The payload is a CBOR map that begins with 1: number (from 1) and, from the second entry on, 2: SHA-256 of the signed
/// entry before.
///
/// # Errors
/// [`ChainError`]; the trail stays where it was.
pub fn follow(head: &ChainHead, key: &PublicKey, bytes: &[u8]) -> Result<ChainHead, ChainError> {
    let payload = verify1(Namespace::AuditEntry, key, bytes)?;
    let (number, previous) = link_of(&payload).map_err(|source| {
        let source = qayd_crypto::cbor::CborError::Malformed(source);
        MessageError::Cbor {
            message: "audit-entry",
            source,
        }
    })?;
    head.follow(number, previous, sha256(bytes))
}

fn link_of(payload: &[u8]) -> Result<(u64, Option<Sha256Digest>), minicbor::decode::Error> {
    let mut d = Decoder::new(payload);
    let entries = d.map()?;
    if entries.is_none_or(|entries| entries < 1) || d.u8()? != 1 {
        return Err(minicbor::decode::Error::message(
            "an entry begins with its number",
        ));
    }
    let number = d.u64()?;
    let previous = match entries {
        Some(2..) if d.probe().u64().is_ok_and(|key| key == 2) => {
            d.skip()?;
            Some(d.decode()?)
        }
        _ => None,
    };
    Ok((number, previous))
}
