//! Passphrases: Argon2id (RFC 9106) wraps of secrets, and password hashes of the console.
//!
//! In: a passphrase, fresh salt and nonce. Out: a wrap that names its own parameters, or a PHC string.
//! Never: accepts parameters below the floor, or so large that opening one would exhaust the machine.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use hkdf::Hkdf;
use minicbor::{Decode, Encode, bytes::ByteVec};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    at_rest::{SecretKey, open_at_rest, seal_at_rest},
    cbor,
};

/// A wrap is never larger than this.
const WRAP_BYTES_MAX: usize = 64 * 1024;

/// A passphrase as typed. Overwritten when dropped; never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Passphrase(String);

impl Passphrase {
    /// Takes the text into custody.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Characters in it, for the length rule.
    pub fn length(&self) -> usize {
        self.0.chars().count()
    }
}

impl core::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// Cost of Argon2id, one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ArgonParams {
    /// Memory in KiB.
    #[n(1)]
    pub memory_kib: u32,
    /// Passes.
    #[n(2)]
    pub iterations: u32,
}

impl ArgonParams {
    /// 256 MiB, 3 passes: about 0.7 s of one core, once per sign-in.
    pub const STANDARD: Self = Self {
        memory_kib: 256 * 1024,
        iterations: 3,
    };
    /// The least that is accepted: 64 MiB, 3 passes.
    pub const FLOOR: Self = Self {
        memory_kib: 64 * 1024,
        iterations: 3,
    };
    /// The most that is accepted: 2 GiB, 16 passes.
    const CEILING: Self = Self {
        memory_kib: 2 * 1024 * 1024,
        iterations: 16,
    };
    /// For tests alone: 64 KiB, 1 pass.
    #[cfg(feature = "test-util")]
    pub const TEST: Self = Self {
        memory_kib: 64,
        iterations: 1,
    };

    fn accepted(self) -> bool {
        #[cfg(feature = "test-util")]
        if self == Self::TEST {
            return true;
        }
        (Self::FLOOR.memory_kib..=Self::CEILING.memory_kib).contains(&self.memory_kib)
            && (Self::FLOOR.iterations..=Self::CEILING.iterations).contains(&self.iterations)
    }

    fn argon2(self) -> Option<Argon2<'static>> {
        let params = Params::new(self.memory_kib, self.iterations, 1, Some(32)).ok()?;
        Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

/// Why a wrap did not open.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnwrapError {
    /// Not a wrap.
    #[error("not a wrapped secret")]
    Malformed,
    /// Its cost is below the floor or above the ceiling.
    #[error("the wrap's Argon2id parameters are outside the accepted range")]
    Parameters,
    /// Another passphrase, another context, or altered bytes: they cannot be told apart.
    #[error("the passphrase does not open it")]
    WrongPassphrase,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Wrap {
    #[n(1)]
    version: u8,
    #[n(2)]
    params: ArgonParams,
    #[n(3)]
    salt: ByteVec,
    #[n(4)]
    sealed: ByteVec,
}

fn key_encryption_key(
    params: ArgonParams,
    passphrase: &Passphrase,
    salt: &[u8],
) -> Option<SecretKey> {
    let mut stretched = Zeroizing::new([0u8; 32]);
    params
        .argon2()?
        .hash_password_into(passphrase.0.as_bytes(), salt, stretched.as_mut())
        .ok()?;
    // HKDF leaves room for a TPM share beside the passphrase without another format.
    let mut key = Zeroizing::new([0u8; 32]);
    Hkdf::<Sha256>::new(None, stretched.as_ref())
        .expand(b"qayd-wrap-v1", key.as_mut())
        .ok()?;
    Some(SecretKey::from_bytes(*key))
}

fn bound_context(context: &[u8], params: ArgonParams) -> Vec<u8> {
    let mut out = b"qayd-wrap-v1".to_vec();
    out.extend_from_slice(&cbor::encode(&params));
    out.extend_from_slice(context);
    out
}

/// Wraps `secret` under a passphrase. `salt` and `nonce` are fresh random bytes; `context` says what it is
/// and must be given again to unwrap.
///
/// # Errors
/// [`UnwrapError::Parameters`] for a cost that no reader would accept.
pub fn wrap_with_passphrase(
    params: ArgonParams,
    passphrase: &Passphrase,
    salt: [u8; 16],
    nonce: [u8; 12],
    secret: &[u8],
    context: &[u8],
) -> Result<Vec<u8>, UnwrapError> {
    if !params.accepted() {
        return Err(UnwrapError::Parameters);
    }
    let key = key_encryption_key(params, passphrase, &salt).ok_or(UnwrapError::Parameters)?;
    let sealed = seal_at_rest(&key, nonce, &bound_context(context, params), secret);
    Ok(cbor::encode(&Wrap {
        version: 1,
        params,
        salt: salt.to_vec().into(),
        sealed: sealed.into(),
    }))
}

/// Opens what [`wrap_with_passphrase`] made.
///
/// # Errors
/// [`UnwrapError`].
pub fn unwrap_with_passphrase(
    passphrase: &Passphrase,
    bytes: &[u8],
    context: &[u8],
) -> Result<Zeroizing<Vec<u8>>, UnwrapError> {
    let wrap: Wrap =
        cbor::decode_strict(bytes, WRAP_BYTES_MAX).map_err(|_| UnwrapError::Malformed)?;
    if wrap.version != 1 || wrap.salt.len() != 16 {
        return Err(UnwrapError::Malformed);
    }
    if !wrap.params.accepted() {
        return Err(UnwrapError::Parameters);
    }
    let key =
        key_encryption_key(wrap.params, passphrase, &wrap.salt).ok_or(UnwrapError::Parameters)?;
    open_at_rest(&key, &bound_context(context, wrap.params), &wrap.sealed)
        .map_err(|_| UnwrapError::WrongPassphrase)
}

/// A PHC string (`$argon2id$…`) of a console password. `salt` is fresh random bytes.
///
/// # Errors
/// [`UnwrapError::Parameters`] for a cost outside the accepted range.
pub fn hash_password(
    params: ArgonParams,
    password: &Passphrase,
    salt: [u8; 16],
) -> Result<String, UnwrapError> {
    if !params.accepted() {
        return Err(UnwrapError::Parameters);
    }
    let argon2 = params.argon2().ok_or(UnwrapError::Parameters)?;
    let hash: PasswordHash = argon2
        .hash_password_with_salt(password.0.as_bytes(), &salt)
        .map_err(|_| UnwrapError::Parameters)?;
    Ok(hash.to_string())
}

/// Whether `password` is the one behind a PHC string; a malformed string is never anybody's password.
pub fn verify_password(password: &Passphrase, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|parsed| {
        Argon2::default()
            .verify_password(password.0.as_bytes(), &parsed)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: ArgonParams = ArgonParams {
        memory_kib: 64 * 1024,
        iterations: 3,
    };

    #[test]
    fn opens_with_the_passphrase_and_context_it_was_made_with() {
        let passphrase = Passphrase::new("قهوة مع هيل");
        let wrap =
            wrap_with_passphrase(CHEAP, &passphrase, [1; 16], [2; 12], b"key", b"officer").unwrap();
        assert_eq!(
            *unwrap_with_passphrase(&passphrase, &wrap, b"officer").unwrap(),
            b"key"
        );
        let wrong = unwrap_with_passphrase(&Passphrase::new("قهوة"), &wrap, b"officer");
        assert_eq!(wrong.unwrap_err(), UnwrapError::WrongPassphrase);
        let elsewhere = unwrap_with_passphrase(&passphrase, &wrap, b"supervisor");
        assert_eq!(elsewhere.unwrap_err(), UnwrapError::WrongPassphrase);
    }

    #[test]
    fn cheap_and_exhausting_parameters_are_refused_before_any_work() {
        let passphrase = Passphrase::new("x");
        for (memory_kib, iterations) in [
            (1024, 3),
            (64 * 1024, 1),
            (u32::MAX, 3),
            (64 * 1024, u32::MAX),
        ] {
            let wrap = Wrap {
                version: 1,
                params: ArgonParams {
                    memory_kib,
                    iterations,
                },
                salt: vec![0; 16].into(),
                sealed: vec![0; 40].into(),
            };
            let refused = unwrap_with_passphrase(&passphrase, &cbor::encode(&wrap), b"");
            assert_eq!(refused.unwrap_err(), UnwrapError::Parameters);
        }
        assert_eq!(
            unwrap_with_passphrase(&passphrase, b"", b"").unwrap_err(),
            UnwrapError::Malformed
        );
    }

    #[test]
    fn password_hash_verifies_its_own_password_only() {
        let hash = hash_password(CHEAP, &Passphrase::new("right"), [7; 16]).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=65536,t=3,p=1$"));
        assert!(verify_password(&Passphrase::new("right"), &hash));
        assert!(!verify_password(&Passphrase::new("wrong"), &hash));
        assert!(!verify_password(&Passphrase::new("right"), "not a hash"));
    }
}
