//! Ed25519 signatures in `COSE_Sign1` (RFC 9052 §4.2), and raw ones for HTTP (RFC 9421).
//!
//! In: a key, a namespace, a payload. Out: the tagged structure, or the payload of one that verified.
//! Never: verifies under a namespace other than the one it was signed for; the namespace is the external_aad.

use core::fmt;

use ed25519_dalek::{Signer, VerifyingKey};
use minicbor::{Decode, Decoder, Encode, Encoder, data::Tag};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::digest::sha256;

/// COSE algorithm Ed25519, fully specified (RFC 9864).
const ALG_ED25519: i64 = -19;
/// CBOR tag of COSE_Sign1.
const TAG_SIGN1: u64 = 18;

/// What a signature is for. A signature made for one verifies for no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Namespace {
    Manifest,
    OperatorContent,
    SupervisorContent,
    Receipt,
    Decision,
    Inbox,
    StationCertificate,
    OperatorCertificate,
    Keyring,
    Pack,
    Policy,
    Invitation,
    Provision,
    AuditEntry,
    AuditHead,
    SignedTime,
    BackupIndex,
    ExportIndex,
    Slip,
}

impl Namespace {
    /// The text that is bound into every signature, with its version.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manifest => "qayd-manifest-v1",
            Self::OperatorContent => "qayd-operator-content-v1",
            Self::SupervisorContent => "qayd-supervisor-content-v1",
            Self::Receipt => "qayd-receipt-v1",
            Self::Decision => "qayd-decision-v1",
            Self::Inbox => "qayd-inbox-v1",
            Self::StationCertificate => "qayd-station-certificate-v1",
            Self::OperatorCertificate => "qayd-operator-certificate-v1",
            Self::Keyring => "qayd-keyring-v1",
            Self::Pack => "qayd-pack-v1",
            Self::Policy => "qayd-policy-v1",
            Self::Invitation => "qayd-invitation-v1",
            Self::Provision => "qayd-provision-v1",
            Self::AuditEntry => "qayd-audit-entry-v1",
            Self::AuditHead => "qayd-audit-head-v1",
            Self::SignedTime => "qayd-signed-time-v1",
            Self::BackupIndex => "qayd-backup-index-v1",
            Self::ExportIndex => "qayd-export-index-v1",
            Self::Slip => "qayd-slip-v1",
        }
    }
}

/// Names a key: the first 16 bytes of the SHA-256 of its public part.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 16]);

impl KeyId {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&sha256(bytes).0[..16]);
        Self(id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl<C> Encode<C> for KeyId {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for KeyId {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let bytes = d.bytes()?;
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| minicbor::decode::Error::message("a key id has 16 bytes"))
    }
}

/// A private Ed25519 key. Overwritten when dropped; `Debug` shows the key's id alone.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key of a 32-byte random seed.
    pub fn make(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The seed, to be wrapped and stored.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public part.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public().key_id())
    }
}

/// Not the public key of an Ed25519 key pair, or one of the weak points.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a usable Ed25519 public key")]
pub struct InvalidKey;

/// A public Ed25519 key, 32 bytes; checked to be a point that is not weak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Takes 32 bytes.
    ///
    /// # Errors
    /// [`InvalidKey`] for bytes that are no point, or a point of small order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidKey> {
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| InvalidKey)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| InvalidKey)?;
        if key.is_weak() {
            Err(InvalidKey)
        } else {
            Ok(Self(bytes))
        }
    }

    /// The 32 bytes.
    pub const fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// The key's name in `kid` headers.
    pub fn key_id(&self) -> KeyId {
        KeyId::of(&self.0)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.0.iter().map(|b| format!("{b:02x}")).collect()
    }
}

impl TryFrom<String> for PublicKey {
    type Error = InvalidKey;
    fn try_from(text: String) -> Result<Self, InvalidKey> {
        let digest = qayd_model::Sha256Digest::from_hex(&text).ok_or(InvalidKey)?;
        Self::from_bytes(&digest.0)
    }
}

impl<C> Encode<C> for PublicKey {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for PublicKey {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::from_bytes(d.bytes()?).map_err(minicbor::decode::Error::custom)
    }
}

/// Why a signed structure was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// Not a `COSE_Sign1` in the one form we write.
    #[error("not a signed structure of the expected form")]
    Malformed,
    /// Signed with another algorithm than Ed25519.
    #[error("signature algorithm {0} is not accepted")]
    Algorithm(i64),
    /// Signed by another key.
    #[error("signed by another key than the expected one")]
    OtherKey,
    /// The signature does not hold for these bytes, this key and this purpose.
    #[error("the signature does not hold")]
    Invalid,
}

/// What an unverified structure claims; good for finding the key, and for nothing else.
pub struct Peeked {
    /// The key it says it was signed with.
    pub key_id: KeyId,
    /// What it says.
    pub payload: Vec<u8>,
}

struct Sign1<'b> {
    protected: &'b [u8],
    key_id: KeyId,
    payload: &'b [u8],
    signature: [u8; 64],
}

fn protected_header(key_id: KeyId) -> Vec<u8> {
    let mut out = Vec::with_capacity(24);
    let mut e = Encoder::new(&mut out);
    let done = (|| {
        e.map(2)?
            .u8(1)?
            .i64(ALG_ED25519)?
            .u8(4)?
            .bytes(&key_id.0)?
            .ok()
    })();
    debug_assert!(done.is_ok());
    out
}

fn to_be_signed(namespace: Namespace, protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 80);
    let mut e = Encoder::new(&mut out);
    let done = (|| {
        e.array(4)?
            .str("Signature1")?
            .bytes(protected)?
            .bytes(namespace.as_str().as_bytes())?
            .bytes(payload)?
            .ok()
    })();
    debug_assert!(done.is_ok());
    out
}

fn assemble(protected: &[u8], payload: &[u8], signature: &[u8; 64]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 120);
    let mut e = Encoder::new(&mut out);
    let done = (|| {
        e.tag(Tag::new(TAG_SIGN1))?
            .array(4)?
            .bytes(protected)?
            .map(0)?
            .bytes(payload)?
            .bytes(signature)?
            .ok()
    })();
    debug_assert!(done.is_ok());
    out
}

fn parse(bytes: &[u8]) -> Result<Sign1<'_>, SignatureError> {
    let (algorithm, parsed) = read(bytes).map_err(|_| SignatureError::Malformed)?;
    if algorithm != ALG_ED25519 {
        return Err(SignatureError::Algorithm(algorithm));
    }
    // One form only: what does not come out the same was not written by us.
    if assemble(
        &protected_header(parsed.key_id),
        parsed.payload,
        &parsed.signature,
    ) != bytes
    {
        return Err(SignatureError::Malformed);
    }
    Ok(parsed)
}

fn read(bytes: &[u8]) -> Result<(i64, Sign1<'_>), minicbor::decode::Error> {
    let wrong = || minicbor::decode::Error::message("form");
    let mut d = Decoder::new(bytes);
    if d.tag()? != Tag::new(TAG_SIGN1) || d.array()? != Some(4) {
        return Err(wrong());
    }
    let protected = d.bytes()?;
    if d.map()? != Some(0) {
        return Err(wrong());
    }
    let payload = d.bytes()?;
    let signature = d.bytes()?.try_into().map_err(|_| wrong())?;
    let mut h = Decoder::new(protected);
    if h.map()? != Some(2) || h.u8()? != 1 {
        return Err(wrong());
    }
    let algorithm = h.i64()?;
    if h.u8()? != 4 {
        return Err(wrong());
    }
    let key_id = h.decode()?;
    Ok((
        algorithm,
        Sign1 {
            protected,
            key_id,
            payload,
            signature,
        },
    ))
}

/// Signs `payload` for one purpose: a tagged `COSE_Sign1` with the key's id in the protected header.
pub fn sign1(namespace: Namespace, key: &SigningKey, payload: &[u8]) -> Vec<u8> {
    let protected = protected_header(key.public().key_id());
    let signature = key
        .0
        .sign(&to_be_signed(namespace, &protected, payload))
        .to_bytes();
    assemble(&protected, payload, &signature)
}

/// The payload of a structure that `key` signed for this purpose.
///
/// # Errors
/// [`SignatureError`]: another form, another key, another purpose, or altered bytes.
pub fn verify1(
    namespace: Namespace,
    key: &PublicKey,
    bytes: &[u8],
) -> Result<Vec<u8>, SignatureError> {
    let parsed = parse(bytes)?;
    if parsed.key_id != key.key_id() {
        return Err(SignatureError::OtherKey);
    }
    verify_raw(
        key,
        &to_be_signed(namespace, parsed.protected, parsed.payload),
        &parsed.signature,
    )?;
    Ok(parsed.payload.to_vec())
}

/// What a structure claims, unverified.
///
/// # Errors
/// [`SignatureError::Malformed`] or [`SignatureError::Algorithm`].
pub fn peek1(bytes: &[u8]) -> Result<Peeked, SignatureError> {
    let parsed = parse(bytes)?;
    Ok(Peeked {
        key_id: parsed.key_id,
        payload: parsed.payload.to_vec(),
    })
}

/// A bare Ed25519 signature over `message`, for RFC 9421 alone: the caller binds the purpose into the message.
pub fn sign_raw(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    key.0.sign(message).to_bytes()
}

/// Verifies a bare Ed25519 signature strictly (RFC 8032 §5.1.7, no malleable or weak forms).
///
/// # Errors
/// [`SignatureError::Invalid`].
pub fn verify_raw(key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let signature =
        ed25519_dalek::Signature::from_slice(signature).map_err(|_| SignatureError::Invalid)?;
    VerifyingKey::from_bytes(&key.0)
        .and_then(|k| k.verify_strict(message, &signature))
        .map_err(|_| SignatureError::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_own_key_and_purpose_only() {
        let (key, other) = (SigningKey::make(&[1; 32]), SigningKey::make(&[2; 32]));
        let signed = sign1(Namespace::Receipt, &key, b"payload");
        assert_eq!(
            verify1(Namespace::Receipt, &key.public(), &signed).unwrap(),
            b"payload"
        );
        assert!(matches!(
            verify1(Namespace::Decision, &key.public(), &signed),
            Err(SignatureError::Invalid)
        ));
        assert!(matches!(
            verify1(Namespace::Receipt, &other.public(), &signed),
            Err(SignatureError::OtherKey)
        ));
    }

    #[test]
    fn every_flipped_bit_and_every_truncation_is_refused() {
        let key = SigningKey::make(&[1; 32]);
        let signed = sign1(Namespace::Manifest, &key, b"payload");
        for i in 0..signed.len() {
            for bit in 0..8 {
                let mut bad = signed.clone();
                bad[i] ^= 1 << bit;
                assert!(
                    verify1(Namespace::Manifest, &key.public(), &bad).is_err(),
                    "byte {i} bit {bit}"
                );
            }
            assert!(verify1(Namespace::Manifest, &key.public(), &signed[..i]).is_err());
        }
        let mut longer = signed;
        longer.push(0);
        assert!(verify1(Namespace::Manifest, &key.public(), &longer).is_err());
    }

    #[test]
    fn weak_and_malformed_public_keys_are_refused() {
        assert!(PublicKey::from_bytes(&[0; 32]).is_err());
        assert!(PublicKey::from_bytes(&[1; 31]).is_err());
        let good = SigningKey::make(&[3; 32]).public();
        assert_eq!(PublicKey::from_bytes(&good.to_bytes()), Ok(good));
    }

    #[test]
    fn debug_never_shows_a_private_key() {
        let key = SigningKey::make(&[0xab; 32]);
        assert!(!format!("{key:?}").contains("abab"));
    }
}
