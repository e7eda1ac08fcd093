//! Provision: a new station shows its invitation and its fresh keys, and is given its certificate.

use minicbor::{Decode, Encode, bytes::ByteVec};
use qayd_crypto::{Namespace, PublicKey, SealingKey, SigningKey, peek1, sign1, verify1};
use qayd_model::{InvitationId, UnixMs};

use super::{Message, MessageError, SignedMessage, limit, texts};
use crate::trust::{InvitationSecret, TrustError};

/// What a new station says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ProvisionClaim {
    /// The invitation that it holds.
    #[n(1)]
    pub invitation: InvitationId,
    /// The invitation's secret.
    #[n(2)]
    pub secret: InvitationSecret,
    /// The key that it made to sign with.
    #[n(3)]
    pub station_key: PublicKey,
    /// The key that it made to be sent sealed things.
    #[n(4)]
    pub receiving_key: SealingKey,
    /// Version of its software.
    #[n(5)]
    pub software: String,
    /// Its wall clock.
    #[n(6)]
    pub time: UnixMs,
}

impl Message for ProvisionClaim {
    const NAME: &'static str = "provision-claim";
    const LIMIT: usize = 8 * 1024;
    fn check(&self) -> Result<(), MessageError> {
        limit::<Self>("receiving key", self.receiving_key.bytes.len() <= 4096)?;
        texts::<Self>("software", [self.software.as_str()])
    }
}

impl SignedMessage for ProvisionClaim {
    const NAMESPACE: Namespace = Namespace::Provision;
}

/// A [`ProvisionClaim`] signed by the very key that it names, which proves that the station holds it. May be sent again
/// when the answer was lost: the same key gets the same certificate.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ProvisionRequest {
    /// The signed claim.
    #[n(1)]
    pub claim: ByteVec,
}

/// Without the claim's bytes, which hold the invitation's secret.
impl core::fmt::Debug for ProvisionRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ProvisionRequest({} bytes)", self.claim.len())
    }
}

impl ProvisionRequest {
    /// Signs the claim. `key` is the private half of `claim.station_key`.
    pub fn make(claim: &ProvisionClaim, key: &SigningKey) -> Self {
        Self {
            claim: sign1(ProvisionClaim::NAMESPACE, key, &claim.to_bytes()).into(),
        }
    }

    /// The claim, signed by the key in it.
    ///
    /// # Errors
    /// [`TrustError`] when it is no claim, or is signed by another key than its own.
    pub fn open(&self) -> Result<ProvisionClaim, TrustError> {
        let claim = ProvisionClaim::from_bytes(&peek1(&self.claim)?.payload)?;
        verify1(ProvisionClaim::NAMESPACE, &claim.station_key, &self.claim)?;
        Ok(claim)
    }
}

impl Message for ProvisionRequest {
    const NAME: &'static str = "provision-request";
    const LIMIT: usize = 12 * 1024;
}

/// What a new station is given.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ProvisionAnswer {
    /// [`crate::StationCertificate`], signed by the issuer.
    #[n(1)]
    pub certificate: ByteVec,
    /// [`crate::Keyring`], signed by the root.
    #[n(2)]
    pub keyring: ByteVec,
    /// [`crate::Policy`], signed by the centre.
    #[n(3)]
    pub policy: ByteVec,
    /// [`crate::PackBundle`]s, each signed by the centre.
    #[n(4)]
    pub packs: Vec<ByteVec>,
    /// [`super::SignedTime`], signed by the centre.
    #[n(5)]
    pub time: ByteVec,
}

impl Message for ProvisionAnswer {
    const NAME: &'static str = "provision-answer";
    const LIMIT: usize = 16 * 1024 * 1024;
    fn check(&self) -> Result<(), MessageError> {
        limit::<Self>("packs", self.packs.len() <= 256)
    }
}
