//! Encryption at rest: ChaCha20-Poly1305 (RFC 8439) under a key of one purpose.
//!
//! In: a key, a fresh nonce, a context. Out: nonce ‖ ciphertext ‖ tag.
//! Never: opens under another context than it was sealed for.

use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use qayd_model::Sha256Digest;
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A 32-byte symmetric key. Overwritten when dropped; `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct SecretKey([u8; 32]);

impl SecretKey {
    /// Takes 32 random bytes into custody.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the one place that hands them to a database or wraps them.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl core::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

/// The bytes do not open under this key and context.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the stored bytes do not open under this key")]
pub struct AtRestError;

/// Seals `plaintext` as nonce (12) ‖ ciphertext ‖ tag (16). The caller never uses a nonce twice with one key.
pub fn seal_at_rest(key: &SecretKey, nonce: [u8; 12], context: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut out = nonce.to_vec();
    // The only failure is a plaintext past 256 GiB.
    let sealed = ChaCha20Poly1305::new(key.expose().into()).encrypt(
        &nonce.into(),
        Payload {
            msg: plaintext,
            aad: context,
        },
    );
    debug_assert!(sealed.is_ok());
    out.extend_from_slice(&sealed.unwrap_or_default());
    out
}

/// Opens what [`seal_at_rest`] made.
///
/// # Errors
/// [`AtRestError`] for another key, another context or altered bytes.
pub fn open_at_rest(
    key: &SecretKey,
    context: &[u8],
    bytes: &[u8],
) -> Result<Zeroizing<Vec<u8>>, AtRestError> {
    let (nonce, sealed) = bytes.split_first_chunk::<12>().ok_or(AtRestError)?;
    ChaCha20Poly1305::new(key.expose().into())
        .decrypt(
            &(*nonce).into(),
            Payload {
                msg: sealed,
                aad: context,
            },
        )
        .map(Zeroizing::new)
        .map_err(|_| AtRestError)
}

/// HMAC-SHA-256 of `data` (RFC 2104; it is HKDF's extract step): the same for the same data under one key, and telling
/// nothing to whoever lacks the key. For search keys over personal data, and for keys derived of keys.
pub fn keyed_digest(key: &SecretKey, data: &[u8]) -> Sha256Digest {
    let (digest, _) = Hkdf::<Sha256>::extract(Some(key.expose()), data);
    Sha256Digest(digest.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_under_its_key_and_context_only() {
        let (key, other) = (
            SecretKey::from_bytes([1; 32]),
            SecretKey::from_bytes([2; 32]),
        );
        let sealed = seal_at_rest(&key, [9; 12], b"draft 1", b"secret");
        assert_eq!(*open_at_rest(&key, b"draft 1", &sealed).unwrap(), b"secret");
        assert_eq!(open_at_rest(&key, b"draft 2", &sealed), Err(AtRestError));
        assert_eq!(open_at_rest(&other, b"draft 1", &sealed), Err(AtRestError));
        for i in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[i] ^= 1;
            assert_eq!(open_at_rest(&key, b"draft 1", &bad), Err(AtRestError));
            assert_eq!(
                open_at_rest(&key, b"draft 1", &sealed[..i]),
                Err(AtRestError)
            );
        }
    }

    #[test]
    fn keyed_digest_is_hmac_sha256() {
        // RFC 4231, test case 2 uses the key "Jefe"; HMAC pads a short key with zeros, so 32 bytes may stand for it.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        assert_eq!(
            keyed_digest(&SecretKey::from_bytes(key), b"what do ya want for nothing?").to_hex(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
