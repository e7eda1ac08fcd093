//! Cryptography of Qayd: one audited home for keys, signatures and encryption.
//!
//! In: keys, bytes, randomness as an argument. Out: COSE structures (RFC 9052), digests, wrapped secrets.
//! Owns: every call into a cryptographic crate; nothing else in the workspace makes one.
//! Never: reads a clock, a file or a random source; prints a key; invents a primitive.
//!
//! | what | how |
//! |---|---|
//! | signatures | Ed25519 in `COSE_Sign1`, algorithm -19 (RFC 9864), verified strictly; one [`Namespace`] per kind of message |
//! | sealing | ChaCha20-Poly1305 in `COSE_Encrypt`, keys wrapped by COSE-HPKE, with a key commitment |
//! | suite 1 | X-Wing (ML-KEM-768 + X25519), SHAKE256, AES-256-GCM |
//! | suite 0 | X25519, HKDF-SHA-256, ChaCha20-Poly1305; for interoperability tests |
//! | at rest | ChaCha20-Poly1305; passphrases by Argon2id (RFC 9106) |
//! | what devices sign | RS256 in compact JWS (RFC 7515), certificates by RFC 5280; verified only |
//! | digests | SHA-256 (FIPS 180-4) |

mod at_rest;
pub mod cbor;
mod digest;
mod hpke_suite;
mod jws;
mod passphrase;
mod sealing;
mod signing;

pub use at_rest::{AtRestError, SecretKey, keyed_digest, open_at_rest, seal_at_rest};
pub use digest::{Sha1Stream, Sha256Stream, sha256};
pub use hpke_suite::{OpeningKey, SealingKey, Suite, UnknownSuite};
pub use jws::{Authorities, AuthoritiesError, JWS_BYTES_MAX, JwsError, VerifiedJws, verify_jws};
pub use passphrase::{
    ArgonParams, Passphrase, UnwrapError, hash_password, unwrap_with_passphrase, verify_password,
    wrap_with_passphrase,
};
pub use rand_core::CryptoRng;
pub use sealing::{OpenError, PartContext, SealError, open_part, part_recipients, seal_part};
pub use signing::{
    InvalidKey, KeyId, Namespace, Peeked, PublicKey, SignatureError, SigningKey, peek1, sign_raw,
    sign1, verify_raw, verify1,
};
pub use zeroize::Zeroizing;
