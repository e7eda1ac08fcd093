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

#[cfg(test)]
mod tests {
    use qayd_crypto::{SigningKey, sign1};

    use super::*;

    /// As a station writes it: number, predecessor, and what the centre does not read.
    fn entry(number: u64, previous: Option<Sha256Digest>, key: &SigningKey) -> Vec<u8> {
        let mut payload = Vec::new();
        let mut e = minicbor::Encoder::new(&mut payload);
        e.map(if previous.is_some() { 4 } else { 3 })
            .unwrap()
            .u8(1)
            .unwrap()
            .u64(number)
            .unwrap();
        if let Some(previous) = previous {
            e.u8(2).unwrap().encode(previous).unwrap();
        }
        e.u8(3)
            .unwrap()
            .str("what")
            .unwrap()
            .u8(4)
            .unwrap()
            .u8(7)
            .unwrap();
        sign1(Namespace::AuditEntry, key, &payload)
    }

    #[test]
    fn a_trail_is_followed_entry_by_entry() {
        let key = SigningKey::make(&[4; 32]);
        let first = entry(1, None, &key);
        let second = entry(2, Some(sha256(&first)), &key);
        let head = follow(&ChainHead::START, &key.public(), &first).unwrap();
        assert_eq!(follow(&head, &key.public(), &second).unwrap().number, 2);
        assert!(matches!(
            follow(&ChainHead::START, &key.public(), &second),
            Err(ChainError::Gap { .. })
        ));
        let cut = entry(2, None, &key);
        assert!(matches!(
            follow(&head, &key.public(), &cut),
            Err(ChainError::Fork { .. })
        ));
        let other = SigningKey::make(&[5; 32]);
        let forged = entry(2, Some(sha256(&first)), &other);
        assert!(matches!(
            follow(&head, &key.public(), &forged),
            Err(ChainError::Signature(_))
        ));
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        let key = SigningKey::make(&[4; 32]);
        let payloads: [&[u8]; 6] = [
            &[],
            &[0xa0],
            &[0x80],
            &[0xa1, 2, 1],
            &[0xbf, 1, 1, 0xff],
            &[0xa2, 1, 2, 2, 0x41, 0],
        ];
        for payload in payloads {
            let bytes = sign1(Namespace::AuditEntry, &key, payload);
            let followed = follow(&ChainHead::START, &key.public(), &bytes);
            assert!(
                matches!(followed, Err(ChainError::Message(_))),
                "{payload:x?}"
            );
        }
    }

    #[test]
    fn a_batch_has_limits() {
        let batch = |first, count| AuditBatch {
            first,
            entries: vec![vec![0_u8; 2].into(); count],
        };
        let read = |batch: AuditBatch| AuditBatch::from_bytes(&batch.to_bytes());
        assert!(read(batch(1, AuditBatch::ENTRIES_MAX)).is_ok());
        assert!(read(batch(1, AuditBatch::ENTRIES_MAX + 1)).is_err());
        assert!(read(batch(1, 0)).is_err() && read(batch(0, 1)).is_err());
    }
}
