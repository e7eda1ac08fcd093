//! Inbox: what the centre sends back to one station: decisions, policy, packs, keys, revocations.
//!
//! In: signed, numbered bytes. Out: [`VerifiedInboxItem`], in order and without gaps.
//! Never: acted upon before signature, station and chain were checked.

use minicbor::{Decode, Encode, bytes::ByteVec};
use qayd_crypto::{Namespace, PartContext, SigningKey, sha256, sign1};
use qayd_model::{
    Decision, EnrolmentId, OperatorId, PacketId, Sha256Digest, StaffId, StationId, UnixMs,
};

use crate::{
    ChainError, ChainHead, Keyring, Message, MessageError,
    messages::{SignedMessage, limit, texts},
};

/// One thing that the centre tells one station.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct InboxItem {
    /// Counts this station's items from 1, without gaps.
    #[n(1)]
    pub number: u64,
    /// The station that is meant.
    #[n(2)]
    pub station: StationId,
    /// SHA-256 of the signed item before; none for the first.
    #[n(3)]
    pub previous: Option<Sha256Digest>,
    /// The centre's clock.
    #[n(4)]
    pub time: UnixMs,
    /// What it says.
    #[n(5)]
    pub body: InboxBody,
}

/// What an inbox item says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[non_exhaustive]
pub enum InboxBody {
    /// What was decided about a packet of this station.
    #[n(0)]
    Decision(#[n(0)] DecisionMessage),
    /// A new [`crate::Policy`], signed by the centre.
    #[n(1)]
    Policy(#[n(0)] ByteVec),
    /// A new or changed [`crate::PackBundle`], signed by the centre.
    #[n(2)]
    Pack(#[n(0)] ByteVec),
    /// A new [`Keyring`], signed by the root. Later items may be signed by its keys.
    #[n(3)]
    Keyring(#[n(0)] ByteVec),
    /// Somebody or something is no longer trusted.
    #[n(4)]
    Revocation(#[n(0)] Revocation),
}

/// What was decided about one packet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DecisionMessage {
    /// The packet.
    #[n(1)]
    pub packet: PacketId,
    /// Its enrolment.
    #[n(2)]
    pub enrolment: EnrolmentId,
    /// Its version.
    #[n(3)]
    pub version: u32,
    /// What was decided.
    #[n(4)]
    pub decision: Decision,
    /// Who decided, as a pseudonym.
    #[n(5)]
    pub decided_by: StaffId,
    /// With a return: the content as `COSE_Encrypt` to the station's receiving key, made by [`crate::held::seal`], so that
    /// it can be corrected although the station kept nothing.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub held: Option<Vec<u8>>,
}

/// Binds [`DecisionMessage::held`] to its packet and station. The centre seals the content's deterministic CBOR with
/// `qayd_crypto::seal_part` in this context to the station's receiving key; the station opens it with `open_part`.
pub fn held_context(packet: PacketId, station: StationId) -> PartContext {
    let mut aad = b"qayd-held-v1".to_vec();
    aad.extend_from_slice(&packet.to_bytes());
    aad.extend_from_slice(&station.to_bytes());
    PartContext {
        commitment: aad.clone(),
        aad,
    }
}

/// Somebody or something is no longer trusted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[non_exhaustive]
pub enum Revocation {
    /// An operator may no longer sign in at this station.
    #[n(0)]
    Operator {
        /// Who.
        #[n(0)]
        operator: OperatorId,
        /// Code of the table `revocation-reasons`.
        #[n(1)]
        reason: String,
    },
    /// This station may no longer enrol; what it holds may still be sent.
    #[n(1)]
    Station {
        /// Code of the table `revocation-reasons`.
        #[n(0)]
        reason: String,
    },
}

impl Message for InboxItem {
    const NAME: &'static str = "inbox-item";
    const LIMIT: usize = 2 * 1024 * 1024;
    fn check(&self) -> Result<(), MessageError> {
        limit::<Self>("number", self.number > 0)?;
        match &self.body {
            InboxBody::Decision(message) => limit::<Self>("version", message.version > 0),
            InboxBody::Revocation(
                Revocation::Operator { reason, .. } | Revocation::Station { reason },
            ) => texts::<Self>("reason", [reason.as_str()]),
            InboxBody::Policy(_) | InboxBody::Pack(_) | InboxBody::Keyring(_) => Ok(()),
        }
    }
}

impl SignedMessage for InboxItem {
    const NAMESPACE: Namespace = Namespace::Inbox;
}

/// Signs an item with the centre key.
pub fn make(item: &InboxItem, key: &SigningKey) -> Vec<u8> {
    sign1(InboxItem::NAMESPACE, key, &item.to_bytes())
}

/// An item whose signature, station and place in the chain were checked by [`verify`]; there is no other way to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedInboxItem {
    item: InboxItem,
    head: ChainHead,
}

/// Checks one signed item: by the centre key, for this station, next after `previous`.
///
/// # Errors
/// [`ChainError`]; nothing that it says may be acted upon then.
pub fn verify(
    bytes: &[u8],
    keyring: &Keyring,
    station: StationId,
    previous: &ChainHead,
) -> Result<VerifiedInboxItem, ChainError> {
    let item: InboxItem = keyring.verify_by_centre(bytes)?;
    if item.station != station {
        return Err(ChainError::OtherStation);
    }
    let head = previous.follow(item.number, item.previous, sha256(bytes))?;
    Ok(VerifiedInboxItem { item, head })
}

impl VerifiedInboxItem {
    /// What it says.
    pub fn item(&self) -> &InboxItem {
        &self.item
    }

    /// What it says, to keep.
    pub fn into_item(self) -> InboxItem {
        self.item
    }

    /// Where the chain of items stands after it.
    pub fn head(&self) -> ChainHead {
        self.head
    }
}
