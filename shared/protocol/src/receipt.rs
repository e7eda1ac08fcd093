//! Receipt: the centre's signed word that it holds a packet, or why it does not.
//!
//! In: a durable, verified packet at the centre; signed bytes at the station. Out: [`VerifiedReceipt`].
//! Owns: the only type that permits a station to delete anything.
//! Never: made before the centre's own fsync; a refusal never permits deletion.

use minicbor::{Decode, Encode};
use qayd_crypto::{Namespace, SigningKey, sha256, sign1};
use qayd_model::{PacketId, Sha256Digest, StationId, UnixMs};

use crate::{
    ChainError, ChainHead, Keyring, Message, MessageError, Policy, RefusalReason,
    messages::{SignedMessage, limit, texts},
};

/// What the centre did with one packet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Receipt {
    /// Counts this station's receipts from 1, without gaps.
    #[n(1)]
    pub number: u64,
    /// The station that is meant.
    #[n(2)]
    pub station: StationId,
    /// The packet.
    #[n(3)]
    pub packet: PacketId,
    /// SHA-256 of the signed manifest's bytes, which name the digest of every part: of the packet, every byte.
    #[n(4)]
    pub manifest_sha256: Sha256Digest,
    /// SHA-256 of what came of it, where it was refused and something had come.
    #[n(5)]
    pub refused_sha256: Option<Sha256Digest>,
    /// Held or refused.
    #[n(6)]
    pub outcome: Outcome,
    /// Which of the centre's machines says so.
    #[n(7)]
    pub node: String,
    /// SHA-256 of the signed receipt before; none for the first.
    #[n(8)]
    pub previous: Option<Sha256Digest>,
    /// The centre's clock.
    #[n(9)]
    pub time: UnixMs,
}

/// Held or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Outcome {
    /// Verified and durable.
    #[n(0)]
    Stored {
        /// 1: fsynced on one machine; 2: replicated; 3: opened and checked by the review side.
        #[n(0)]
        level: u8,
    },
    /// Not taken.
    #[n(1)]
    Refused {
        /// Why.
        #[n(0)]
        reason: RefusalReason,
    },
}

impl Message for Receipt {
    const NAME: &'static str = "receipt";
    const LIMIT: usize = 8 * 1024;
    fn check(&self) -> Result<(), MessageError> {
        limit::<Self>("number", self.number > 0)?;
        let level_held = match self.outcome {
            Outcome::Stored { level } => (1..=3).contains(&level),
            Outcome::Refused { .. } => true,
        };
        limit::<Self>("level", level_held)?;
        let stored = matches!(self.outcome, Outcome::Stored { .. });
        limit::<Self>("refused digest", !(stored && self.refused_sha256.is_some()))?;
        texts::<Self>("node", [self.node.as_str()])
    }
}

impl SignedMessage for Receipt {
    const NAMESPACE: Namespace = Namespace::Receipt;
}

/// Signs a receipt with the centre key. The caller has fsynced the packet and committed its row before.
pub fn make(receipt: &Receipt, key: &SigningKey) -> Vec<u8> {
    sign1(Receipt::NAMESPACE, key, &receipt.to_bytes())
}

/// A receipt whose signature, station and place in the chain were checked by [`verify`]; there is no other way to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedReceipt {
    receipt: Receipt,
    head: ChainHead,
}

/// Checks one signed receipt: by the centre key, for this station, next after `previous`.
///
/// # Errors
/// [`ChainError`]; nothing may be deleted or marked then.
pub fn verify(
    bytes: &[u8],
    keyring: &Keyring,
    station: StationId,
    previous: &ChainHead,
) -> Result<VerifiedReceipt, ChainError> {
    let receipt: Receipt = keyring.verify_by_centre(bytes)?;
    if receipt.station != station {
        return Err(ChainError::OtherStation);
    }
    let head = previous.follow(receipt.number, receipt.previous, sha256(bytes))?;
    Ok(VerifiedReceipt { receipt, head })
}

impl VerifiedReceipt {
    /// What it says.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// Where the chain of receipts stands after it.
    pub fn head(&self) -> ChainHead {
        self.head
    }

    /// Whether it is about this very packet. The caller has the digest from its own manifest, and knows its file to be whole.
    pub fn is_for(&self, packet: PacketId, manifest: Sha256Digest) -> bool {
        (self.receipt.packet, self.receipt.manifest_sha256) == (packet, manifest)
    }

    /// Whether the packet may be deleted at the station: held, at a level that the policy accepts. Ask [`Self::is_for`]
    /// as well.
    pub fn permits_deletion(&self, policy: &Policy) -> bool {
        match self.receipt.outcome {
            Outcome::Stored { level } => level >= policy.receipt_level_required.max(1),
            Outcome::Refused { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use qayd_crypto::{OpeningKey, Suite};

    use super::*;
    use crate::{InboxBody, InboxItem, Revocation, inbox};

    fn key(seed: u8) -> SigningKey {
        SigningKey::make(&[seed; 32])
    }

    fn keyring() -> Keyring {
        let sealing = OpeningKey::make(Suite::X25519, &[9; 32]).public().clone();
        Keyring {
            epoch: 1,
            programme: "demo".to_owned(),
            centre_key: key(2).public(),
            issuer_key: key(3).public(),
            review_keys: vec![sealing.clone()],
            biometric_keys: vec![sealing.clone()],
            sensitive_keys: vec![sealing],
            tls_ca_sha256: sha256(b"ca"),
            issued: UnixMs(1),
            former_centre_keys: vec![],
            former_issuer_keys: vec![],
        }
    }

    fn station() -> StationId {
        StationId::make(1, [1; 10])
    }

    fn receipt(number: u64, previous: Option<Sha256Digest>, outcome: Outcome) -> Receipt {
        Receipt {
            number,
            station: station(),
            packet: PacketId::make(number, [2; 10]),
            manifest_sha256: sha256(b"manifest"),
            refused_sha256: matches!(outcome, Outcome::Refused { .. }).then(|| sha256(b"packet")),
            outcome,
            node: "centre-1".to_owned(),
            previous,
            time: UnixMs(1),
        }
    }

    const STORED: Outcome = Outcome::Stored { level: 1 };

    fn check(bytes: &[u8], head: &ChainHead) -> Result<VerifiedReceipt, ChainError> {
        verify(bytes, &keyring(), station(), head)
    }

    #[test]
    fn receipts_follow_each_other_and_none_can_be_left_out_repeated_or_changed() {
        let first = make(&receipt(1, None, STORED), &key(2));
        let second = make(&receipt(2, Some(sha256(&first)), STORED), &key(2));
        let third = make(&receipt(3, Some(sha256(&second)), STORED), &key(2));
        let one = check(&first, &ChainHead::START).unwrap().head();
        let two = check(&second, &one).unwrap().head();
        assert_eq!(check(&third, &two).unwrap().head().number, 3);

        assert!(matches!(
            check(&third, &one),
            Err(ChainError::Gap {
                number: 3,
                expected: 2
            })
        ));
        assert!(matches!(
            check(&first, &one),
            Err(ChainError::Repeated {
                number: 1,
                expected: 2
            })
        ));
        let other = make(&receipt(2, Some(sha256(b"other")), STORED), &key(2));
        assert!(matches!(
            check(&other, &one),
            Err(ChainError::Fork { number: 2 })
        ));
        let rootless = make(&receipt(2, None, STORED), &key(2));
        assert!(matches!(
            check(&rootless, &one),
            Err(ChainError::Fork { number: 2 })
        ));
        let rooted = make(&receipt(1, Some(sha256(b"other")), STORED), &key(2));
        assert!(matches!(
            check(&rooted, &ChainHead::START),
            Err(ChainError::Fork { number: 1 })
        ));
    }

    #[test]
    fn a_receipt_of_another_key_station_or_kind_is_refused() {
        let good = receipt(1, None, STORED);
        for wrong in [1, 3, 4] {
            let bytes = make(&good, &key(wrong));
            assert!(matches!(
                check(&bytes, &ChainHead::START),
                Err(ChainError::Signature(_))
            ));
        }
        let other = verify(
            &make(&good, &key(2)),
            &keyring(),
            StationId::make(2, [2; 10]),
            &ChainHead::START,
        );
        assert!(matches!(other, Err(ChainError::OtherStation)));
        let as_inbox = sign1(Namespace::Inbox, &key(2), &good.to_bytes());
        assert!(matches!(
            check(&as_inbox, &ChainHead::START),
            Err(ChainError::Signature(_))
        ));
    }

    #[test]
    fn every_flipped_bit_is_refused() {
        let good = make(&receipt(1, None, STORED), &key(2));
        assert!(check(&good, &ChainHead::START).is_ok());
        for at in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[at / 8] ^= 1 << (at % 8);
            assert!(check(&bad, &ChainHead::START).is_err(), "bit {at}");
        }
    }

    #[test]
    fn only_a_stored_packet_of_the_required_level_may_be_deleted() {
        let policy = |level| Policy {
            receipt_level_required: level,
            ..Policy::standard(1, UnixMs(1))
        };
        let verified = |outcome| {
            check(
                &make(&receipt(1, None, outcome), &key(2)),
                &ChainHead::START,
            )
            .unwrap()
        };
        for held in 1..=3 {
            let receipt = verified(Outcome::Stored { level: held });
            for required in 1..=3 {
                assert_eq!(
                    receipt.permits_deletion(&policy(required)),
                    held >= required
                );
            }
        }
        for reason in RefusalReason::ALL {
            let receipt = verified(Outcome::Refused { reason: *reason });
            assert!((0..=3).all(|level| !receipt.permits_deletion(&policy(level))));
        }
    }

    #[test]
    fn level_nought_number_nought_and_a_refused_digest_of_what_is_held_are_no_receipts() {
        for bad in [
            receipt(1, None, Outcome::Stored { level: 0 }),
            receipt(0, None, STORED),
            Receipt {
                refused_sha256: Some(sha256(b"packet")),
                ..receipt(1, None, STORED)
            },
        ] {
            let bytes = make(&bad, &key(2));
            assert!(matches!(
                check(&bytes, &ChainHead::START),
                Err(ChainError::Message(_))
            ));
        }
    }

    #[test]
    fn a_receipt_is_for_its_own_bytes_alone() {
        let bytes = make(&receipt(1, None, STORED), &key(2));
        let receipt = check(&bytes, &ChainHead::START).unwrap();
        let (id, manifest) = (receipt.receipt().packet, sha256(b"manifest"));
        assert!(receipt.is_for(id, manifest));
        assert!(!receipt.is_for(PacketId::make(7, [7; 10]), manifest));
        assert!(!receipt.is_for(id, sha256(b"packet")));
    }

    #[test]
    fn inbox_items_follow_the_same_rules() {
        let item = |number, previous| InboxItem {
            number,
            station: station(),
            previous,
            time: UnixMs(1),
            body: InboxBody::Revocation(Revocation::Station {
                reason: "lost".to_owned(),
            }),
        };
        let open = |bytes: &[u8], head: &ChainHead| {
            inbox::verify(bytes, &keyring(), station(), head).map(|item| item.head())
        };
        let first = inbox::make(&item(1, None), &key(2));
        let head = open(&first, &ChainHead::START).unwrap();
        let second = inbox::make(&item(2, Some(sha256(&first))), &key(2));
        assert_eq!(open(&second, &head).unwrap().number, 2);
        assert!(matches!(
            open(&second, &ChainHead::START),
            Err(ChainError::Gap { .. })
        ));
        assert!(matches!(
            open(&first, &head),
            Err(ChainError::Repeated { .. })
        ));
        let fork = inbox::make(&item(2, None), &key(2));
        assert!(matches!(open(&fork, &head), Err(ChainError::Fork { .. })));
        let forged = inbox::make(&item(2, Some(sha256(&first))), &key(3));
        assert!(matches!(
            open(&forged, &head),
            Err(ChainError::Signature(_))
        ));
    }
}
