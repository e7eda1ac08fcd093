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
    /// SHA-256 of the signed manifest's bytes.
    #[n(4)]
    pub manifest_sha256: Sha256Digest,
    /// SHA-256 of the whole packet file; of what came of it, where it was refused.
    #[n(5)]
    pub packet_sha256: Sha256Digest,
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

    /// Whether it is about these very bytes. The caller computes both digests from its own file.
    pub fn is_for(&self, packet: PacketId, manifest: Sha256Digest, file: Sha256Digest) -> bool {
        let receipt = &self.receipt;
        (
            receipt.packet,
            receipt.manifest_sha256,
            receipt.packet_sha256,
        ) == (packet, manifest, file)
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
