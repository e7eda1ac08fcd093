//! The two HPKE suites (RFC 9180, draft-ietf-hpke-pq) that wrap content keys.
//!
//! In: keys of one suite, a content key. Out: the encapsulation and the wrapped key, or the key again.
//! Never: mixes suites; a key knows its own.

use core::fmt;

use hpke::{
    Deserializable, Kem, OpModeR, OpModeS, Serializable,
    aead::{AesGcm256, ChaCha20Poly1305},
    kdf::{HkdfSha256, KdfShake256},
    kem::{X25519HkdfSha256, XWing},
};
use minicbor::{Decode, Decoder, Encode, Encoder};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::signing::KeyId;

/// Which algorithms wrap the content keys of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// 0: X25519, HKDF-SHA-256, ChaCha20-Poly1305 (HPKE-4-KE). For interoperability tests.
    X25519,
    /// 1: X-Wing (ML-KEM-768 + X25519), SHAKE256, AES-256-GCM (HPKE-9-KE). What stations use.
    XWing,
}

/// The suite's number is not 0 or 1.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("suite {0} is not known")]
pub struct UnknownSuite(pub u8);

impl Suite {
    /// 0 or 1.
    pub const fn id(self) -> u8 {
        match self {
            Self::X25519 => 0,
            Self::XWing => 1,
        }
    }

    /// The suite of a number.
    ///
    /// # Errors
    /// [`UnknownSuite`].
    pub const fn from_id(id: u8) -> Result<Self, UnknownSuite> {
        match id {
            0 => Ok(Self::X25519),
            1 => Ok(Self::XWing),
            other => Err(UnknownSuite(other)),
        }
    }

    /// COSE algorithm of a recipient. HPKE-4-KE is 50 in draft-ietf-cose-hpke; HPKE-9-KE has no assigned number
    /// yet, so that a private-use one stands for it.
    pub(crate) const fn cose_algorithm(self) -> i64 {
        match self {
            Self::X25519 => 50,
            Self::XWing => -70057,
        }
    }

    pub(crate) const fn from_cose_algorithm(algorithm: i64) -> Option<Self> {
        match algorithm {
            50 => Some(Self::X25519),
            -70057 => Some(Self::XWing),
            _ => None,
        }
    }
}

impl<C> Encode<C> for Suite {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u8(self.id())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Suite {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::from_id(d.u8()?).map_err(minicbor::decode::Error::custom)
    }
}

/// The public half of an opening key: what a station seals to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(map)]
pub struct SealingKey {
    /// Its suite.
    #[n(1)]
    pub suite: Suite,
    /// 32 bytes in suite 0, 1,216 in suite 1.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

impl SealingKey {
    /// The key's name in `kid` headers and manifests.
    pub fn key_id(&self) -> KeyId {
        let mut named = vec![self.suite.id()];
        named.extend_from_slice(&self.bytes);
        KeyId::of(&named)
    }
}

/// A private key that opens what was sealed to its [`SealingKey`]. Only the centre's review role, and a station
/// for what is sent to itself, hold one.
pub struct OpeningKey {
    suite: Suite,
    seed: Zeroizing<[u8; 32]>,
    public: SealingKey,
}

impl fmt::Debug for OpeningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpeningKey({})", self.public.key_id())
    }
}

#[derive(Debug)]
pub(crate) struct HpkeFailed;

fn public_of<K: Kem>(seed: &[u8; 32]) -> Vec<u8> {
    // Every 32 bytes are a private key of both suites.
    K::PrivateKey::from_bytes(seed)
        .map(|private| K::sk_to_pk(&private).to_bytes().to_vec())
        .unwrap_or_default()
}

impl OpeningKey {
    /// The key of a 32-byte random seed.
    pub fn make(suite: Suite, seed: &[u8; 32]) -> Self {
        let bytes = match suite {
            Suite::X25519 => public_of::<X25519HkdfSha256>(seed),
            Suite::XWing => public_of::<XWing>(seed),
        };
        Self {
            suite,
            seed: Zeroizing::new(*seed),
            public: SealingKey { suite, bytes },
        }
    }

    /// The seed, to be wrapped and stored.
    pub fn seed(&self) -> &Zeroizing<[u8; 32]> {
        &self.seed
    }

    /// The public half.
    pub fn public(&self) -> &SealingKey {
        &self.public
    }

    pub(crate) fn unwrap(
        &self,
        encapsulated: &[u8],
        info: &[u8],
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, HpkeFailed> {
        match self.suite {
            Suite::X25519 => self.unwrap_as::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
                encapsulated,
                info,
                wrapped,
            ),
            Suite::XWing => {
                self.unwrap_as::<AesGcm256, KdfShake256, XWing>(encapsulated, info, wrapped)
            }
        }
    }

    fn unwrap_as<A: hpke::aead::Aead, D: hpke::kdf::Kdf, K: Kem>(
        &self,
        encapsulated: &[u8],
        info: &[u8],
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, HpkeFailed> {
        let private = K::PrivateKey::from_bytes(self.seed.as_ref()).map_err(|_| HpkeFailed)?;
        let encapsulated = K::EncappedKey::from_bytes(encapsulated).map_err(|_| HpkeFailed)?;
        hpke::single_shot_open::<A, D, K>(
            &OpModeR::Base,
            &private,
            &encapsulated,
            info,
            wrapped,
            b"",
        )
        .map(Zeroizing::new)
        .map_err(|_| HpkeFailed)
    }
}

/// Wraps `key` to `recipient`: (encapsulated key, wrapped key).
pub(crate) fn wrap<R: CryptoRng>(
    rng: &mut R,
    recipient: &SealingKey,
    info: &[u8],
    key: &[u8],
) -> Result<(Vec<u8>, Vec<u8>), HpkeFailed> {
    match recipient.suite {
        Suite::X25519 => wrap_as::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256, R>(
            rng,
            &recipient.bytes,
            info,
            key,
        ),
        Suite::XWing => {
            wrap_as::<AesGcm256, KdfShake256, XWing, R>(rng, &recipient.bytes, info, key)
        }
    }
}

fn wrap_as<A: hpke::aead::Aead, D: hpke::kdf::Kdf, K: Kem, R: CryptoRng>(
    rng: &mut R,
    public: &[u8],
    info: &[u8],
    key: &[u8],
) -> Result<(Vec<u8>, Vec<u8>), HpkeFailed> {
    let public = K::PublicKey::from_bytes(public).map_err(|_| HpkeFailed)?;
    let (encapsulated, wrapped) =
        hpke::single_shot_seal_with_rng::<A, D, K>(&OpModeS::Base, &public, info, key, b"", rng)
            .map_err(|_| HpkeFailed)?;
    Ok((encapsulated.to_bytes().to_vec(), wrapped))
}
