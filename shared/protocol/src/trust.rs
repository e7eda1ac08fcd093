//! Trust: who may sign what. Root → keyring → station certificate → operator certificate.
//!
//! In: signed bytes and the programme's root key, which came with the invitation. Out: [`Trusted`] values.
//! Owns: the only constructor of [`Trusted`].
//! Never: takes a key from the thing that it is to verify.
//!
//!   root key ──signs──► Keyring ──centre key──► receipts, inbox, policy, packs, time
//!                          └─────issuer key──► StationCertificate, Invitation
//!                                                     └──station key──► OperatorCertificate, manifests, requests, audit

mod certificates;
mod invitation;
mod pack;
mod policy;

use core::ops::Deref;

use qayd_crypto::{KeyId, PublicKey, SignatureError, SigningKey, peek1, sha256, sign1, verify1};
use qayd_model::{Remedy, Sha256Digest};

use crate::{MessageError, SignedTime, messages::SignedMessage};

pub use certificates::{Keyring, OperatorCertificate, Role, StationCertificate};
pub use invitation::{INVITATION_BYTES_MAX, Invitation, InvitationSecret, StationPlace};
pub use pack::{CodeTableFile, PackBundle};
pub use policy::Policy;

/// Why something signed is not believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The signature does not hold, or is another key's.
    #[error("not signed by the key that has to sign it")]
    Signature(#[from] SignatureError),
    /// What was signed is not what it should be.
    #[error("signed, but not understood")]
    Message(#[from] MessageError),
    /// The keyring is of another programme, or not newer than the one held.
    #[error("a keyring of epoch {offered} does not follow one of epoch {held}")]
    KeyringOrder {
        /// The epoch in force.
        held: u32,
        /// The epoch that came.
        offered: u32,
    },
    /// The certificate names another station than the one it was used for.
    #[error("the certificate is another station's")]
    OtherStation,
    /// The invitation file is damaged, or its readable part was changed.
    #[error("the invitation is damaged")]
    Invitation,
}

impl TrustError {
    /// Stable code: `CER-01` to `CER-05`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Signature(_) => "CER-01",
            Self::Message(_) => "CER-02",
            Self::KeyringOrder { .. } => "CER-03",
            Self::OtherStation => "CER-04",
            Self::Invitation => "CER-05",
        }
    }

    /// What helps.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Message(_) => Remedy::ReportBug,
            _ => Remedy::SupervisorActs,
        }
    }
}

/// A value whose signature held, with the bytes that were signed. Only [`TrustChain`] and this module make one.
#[derive(Clone, PartialEq, Eq)]
pub struct Trusted<T> {
    value: T,
    signed: Vec<u8>,
}

/// The value alone: an invitation's signed bytes hold its secret.
impl<T: core::fmt::Debug> core::fmt::Debug for Trusted<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Trusted").field(&self.value).finish()
    }
}

impl<T: SignedMessage> Trusted<T> {
    /// Checks `bytes` under one key.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn verify(bytes: &[u8], key: &PublicKey) -> Result<Self, TrustError> {
        let value = T::from_bytes(&verify1(T::NAMESPACE, key, bytes)?)?;
        Ok(Self {
            value,
            signed: bytes.to_vec(),
        })
    }
}

impl<T> Trusted<T> {
    /// The signed bytes, to keep and to hand on.
    pub fn signed_bytes(&self) -> &[u8] {
        &self.signed
    }

    /// SHA-256 of the signed bytes.
    pub fn digest(&self) -> Sha256Digest {
        sha256(&self.signed)
    }

    /// The value alone.
    pub fn into_value(self) -> T {
        self.value
    }
}

impl<T> Deref for Trusted<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

/// Signs a message under its own namespace. Which key has to do it stands in the table of this module.
pub fn sign<T: SignedMessage>(message: &T, key: &SigningKey) -> Vec<u8> {
    sign1(T::NAMESPACE, key, &message.to_bytes())
}

/// Checks `bytes` under the current key, or under one of the former that they say they were signed with.
fn verify_by_one_of<T: SignedMessage>(
    bytes: &[u8],
    current: &PublicKey,
    former: &[PublicKey],
) -> Result<T, VerifyFailed> {
    let named: KeyId = peek1(bytes)?.key_id;
    let key = former
        .iter()
        .find(|key| key.key_id() == named)
        .unwrap_or(current);
    Ok(T::from_bytes(&verify1(T::NAMESPACE, key, bytes)?)?)
}

/// Signature or message; becomes the error of whoever asked.
pub(crate) enum VerifyFailed {
    Signature(SignatureError),
    Message(MessageError),
}

impl From<SignatureError> for VerifyFailed {
    fn from(error: SignatureError) -> Self {
        Self::Signature(error)
    }
}

impl From<MessageError> for VerifyFailed {
    fn from(error: MessageError) -> Self {
        Self::Message(error)
    }
}

impl From<VerifyFailed> for TrustError {
    fn from(error: VerifyFailed) -> Self {
        match error {
            VerifyFailed::Signature(error) => Self::Signature(error),
            VerifyFailed::Message(error) => Self::Message(error),
        }
    }
}

impl From<VerifyFailed> for crate::ChainError {
    fn from(error: VerifyFailed) -> Self {
        match error {
            VerifyFailed::Signature(error) => Self::Signature(error),
            VerifyFailed::Message(error) => Self::Message(error),
        }
    }
}

impl Keyring {
    /// The value that the centre key signed, or a centre key of an earlier epoch.
    pub(crate) fn verify_by_centre<T: SignedMessage>(
        &self,
        bytes: &[u8],
    ) -> Result<T, VerifyFailed> {
        verify_by_one_of(bytes, &self.centre_key, &self.former_centre_keys)
    }
}

/// The programme's root and the keyring in force: from these two every other signature is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustChain {
    root: PublicKey,
    keyring: Trusted<Keyring>,
}

impl TrustChain {
    /// Checks a keyring under the root.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn open(root: PublicKey, keyring: &[u8]) -> Result<Self, TrustError> {
        let keyring = Trusted::verify(keyring, &root)?;
        Ok(Self { root, keyring })
    }

    /// The root key.
    pub fn root(&self) -> &PublicKey {
        &self.root
    }

    /// The keyring in force.
    pub fn keyring(&self) -> &Trusted<Keyring> {
        &self.keyring
    }

    /// The same programme under a newer keyring. The very keyring in force is accepted again.
    ///
    /// # Errors
    /// [`TrustError::KeyringOrder`] when it is older, of the same epoch with other bytes, or of another programme.
    pub fn advance(&self, keyring: &[u8]) -> Result<Self, TrustError> {
        let newer = Self::open(self.root, keyring)?;
        let same = newer.keyring.signed_bytes() == self.keyring.signed_bytes();
        let follows = newer.keyring.epoch > self.keyring.epoch
            && newer.keyring.programme == self.keyring.programme;
        if same || follows {
            Ok(newer)
        } else {
            Err(TrustError::KeyringOrder {
                held: self.keyring.epoch,
                offered: newer.keyring.epoch,
            })
        }
    }

    /// A station certificate, signed by the issuer.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn station(&self, bytes: &[u8]) -> Result<Trusted<StationCertificate>, TrustError> {
        self.by_issuer(bytes)
    }

    /// An operator certificate, signed by the station that `station` names.
    ///
    /// # Errors
    /// [`TrustError::OtherStation`] when it names another station; [`TrustError`].
    pub fn operator(
        &self,
        station: &Trusted<StationCertificate>,
        bytes: &[u8],
    ) -> Result<Trusted<OperatorCertificate>, TrustError> {
        let operator = Trusted::<OperatorCertificate>::verify(bytes, &station.key)?;
        if operator.station == station.station {
            Ok(operator)
        } else {
            Err(TrustError::OtherStation)
        }
    }

    /// An invitation, signed by the issuer.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn invitation(&self, bytes: &[u8]) -> Result<Trusted<Invitation>, TrustError> {
        self.by_issuer(bytes)
    }

    /// A policy, signed by the centre.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn policy(&self, bytes: &[u8]) -> Result<Trusted<Policy>, TrustError> {
        self.by_centre(bytes)
    }

    /// A pack, signed by the centre.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn pack(&self, bytes: &[u8]) -> Result<Trusted<PackBundle>, TrustError> {
        self.by_centre(bytes)
    }

    /// A time, signed by the centre.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn time(&self, bytes: &[u8]) -> Result<Trusted<SignedTime>, TrustError> {
        self.by_centre(bytes)
    }

    fn by_issuer<T: SignedMessage>(&self, bytes: &[u8]) -> Result<Trusted<T>, TrustError> {
        let keyring = &self.keyring;
        let value = verify_by_one_of(bytes, &keyring.issuer_key, &keyring.former_issuer_keys)?;
        Ok(Trusted {
            value,
            signed: bytes.to_vec(),
        })
    }

    fn by_centre<T: SignedMessage>(&self, bytes: &[u8]) -> Result<Trusted<T>, TrustError> {
        let value = self.keyring.verify_by_centre(bytes)?;
        Ok(Trusted {
            value,
            signed: bytes.to_vec(),
        })
    }
}

/// The first 16 bytes of a key's SHA-256 in groups of four hexadecimal digits, for two people to compare aloud.
pub fn fingerprint_of(key: &PublicKey) -> String {
    let digits = key.key_id().to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .chunks(4)
        .filter_map(|group| core::str::from_utf8(group).ok())
        .collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests;
