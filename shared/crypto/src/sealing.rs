//! One part of a packet as a `COSE_Encrypt` (RFC 9052 §5.1) to one or more opening keys.
//!
//! In: plaintext, a context that binds it to its place, recipients of either suite. Out: the tagged structure.
//! Never: lets two recipients see two contents: the protected header commits to the content key, because neither
//! ChaCha20-Poly1305 nor AES-GCM does.
//!
//! ```text
//! 96([ << {1: 24, -70100: commitment} >>, {5: nonce}, ciphertext,
//!      [ [ << {1: 50 / -70057} >>, {4: kid, -4: encapsulated key}, wrapped content key ], … ] ])
//! ```

use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::{Aead, Payload},
};
use minicbor::{Decoder, Encoder, data::Tag};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    hpke_suite::{OpeningKey, SealingKey, Suite, wrap},
    signing::KeyId,
};

const TAG_ENCRYPT: u64 = 96;
/// COSE algorithm ChaCha20/Poly1305 (RFC 9053 §4.3).
const ALG_CHACHA20_POLY1305: i64 = 24;
/// Private-use header: SHA-256("qayd-cek" ‖ content key ‖ commitment context).
const HEADER_COMMITMENT: i64 = -70100;
/// COSE header `ek` of draft-ietf-cose-hpke.
const HEADER_ENCAPSULATED_KEY: i64 = -4;
/// A part never has more recipients than this.
const RECIPIENTS_MAX: u64 = 8;

/// Where a part belongs; a part opens in no other place.
#[derive(Debug, Clone)]
pub struct PartContext {
    /// `external_aad` of the content.
    pub aad: Vec<u8>,
    /// What the key commitment covers besides the key.
    pub commitment: Vec<u8>,
}

/// Why a part could not be sealed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealError {
    /// No recipient, or too many.
    #[error("{0} recipients; 1 to {RECIPIENTS_MAX} are possible")]
    Recipients(usize),
    /// A recipient's key is not a key of its suite.
    #[error("opening key {0} is not usable")]
    BadKey(KeyId),
}

/// Why a part did not open.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// Not a `COSE_Encrypt` in the one form we write.
    #[error("not an encrypted part of the expected form")]
    Malformed,
    /// It was not sealed to this key.
    #[error("not sealed to any key held here")]
    NotARecipient,
    /// Altered, moved from another place, or sealed with another content key than it commits to.
    #[error("the part does not open: altered, or from another place")]
    Invalid,
}

struct Recipient<'b> {
    suite: Suite,
    protected: &'b [u8],
    key_id: KeyId,
    encapsulated: &'b [u8],
    wrapped: &'b [u8],
}

struct Parsed<'b> {
    protected: &'b [u8],
    commitment: [u8; 32],
    nonce: [u8; 12],
    ciphertext: &'b [u8],
    recipients: Vec<Recipient<'b>>,
}

type Encoded = Result<(), minicbor::encode::Error<core::convert::Infallible>>;

fn encoded(fill: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Encoded) -> Vec<u8> {
    let mut out = Vec::new();
    let done = fill(&mut Encoder::new(&mut out));
    debug_assert!(done.is_ok());
    out
}

fn content_header(commitment: &[u8; 32]) -> Vec<u8> {
    encoded(|e| {
        e.map(2)?
            .u8(1)?
            .i64(ALG_CHACHA20_POLY1305)?
            .i64(HEADER_COMMITMENT)?
            .bytes(commitment)?
            .ok()
    })
}

fn recipient_header(suite: Suite) -> Vec<u8> {
    encoded(|e| e.map(1)?.u8(1)?.i64(suite.cose_algorithm())?.ok())
}

/// Recipient_structure of draft-ietf-cose-hpke: ["HPKE Recipient", content algorithm, protected, extra info].
fn recipient_info(protected: &[u8]) -> Vec<u8> {
    encoded(|e| {
        e.array(4)?
            .str("HPKE Recipient")?
            .i64(ALG_CHACHA20_POLY1305)?
            .bytes(protected)?
            .bytes(&[])?
            .ok()
    })
}

/// Enc_structure of RFC 9052 §5.3.
fn content_aad(protected: &[u8], context: &PartContext) -> Vec<u8> {
    encoded(|e| {
        e.array(3)?
            .str("Encrypt")?
            .bytes(protected)?
            .bytes(&context.aad)?
            .ok()
    })
}

fn commitment_of(content_key: &[u8], context: &PartContext) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"qayd-cek");
    hash.update(content_key);
    hash.update(&context.commitment);
    hash.finalize().into()
}

fn assemble(
    protected: &[u8],
    nonce: &[u8; 12],
    ciphertext: &[u8],
    recipients: &[Recipient<'_>],
) -> Vec<u8> {
    encoded(|e| {
        e.tag(Tag::new(TAG_ENCRYPT))?.array(4)?.bytes(protected)?;
        e.map(1)?.u8(5)?.bytes(nonce)?;
        e.bytes(ciphertext)?.array(recipients.len() as u64)?;
        for r in recipients {
            e.array(3)?.bytes(r.protected)?;
            e.map(2)?
                .u8(4)?
                .bytes(&r.key_id.0)?
                .i64(HEADER_ENCAPSULATED_KEY)?
                .bytes(r.encapsulated)?;
            e.bytes(r.wrapped)?;
        }
        Ok(())
    })
}

fn parse(bytes: &[u8]) -> Result<Parsed<'_>, OpenError> {
    read(bytes)
        .ok()
        // One form only: what does not come out the same was not written by us.
        .filter(|p| assemble(p.protected, &p.nonce, p.ciphertext, &p.recipients) == bytes)
        .filter(|p| content_header(&p.commitment) == p.protected)
        .filter(|p| {
            p.recipients
                .iter()
                .all(|r| recipient_header(r.suite) == r.protected)
        })
        .ok_or(OpenError::Malformed)
}

fn read(bytes: &[u8]) -> Result<Parsed<'_>, minicbor::decode::Error> {
    let wrong = || minicbor::decode::Error::message("form");
    let expect = |right: bool| if right { Ok(()) } else { Err(wrong()) };
    let mut d = Decoder::new(bytes);
    expect(d.tag()? == Tag::new(TAG_ENCRYPT) && d.array()? == Some(4))?;
    let protected = d.bytes()?;
    let mut h = Decoder::new(protected);
    expect(h.map()? == Some(2) && h.i64()? == 1 && h.i64()? == ALG_CHACHA20_POLY1305)?;
    expect(h.i64()? == HEADER_COMMITMENT)?;
    let commitment = h.bytes()?.try_into().map_err(|_| wrong())?;
    expect(d.map()? == Some(1) && d.u8()? == 5)?;
    let nonce = d.bytes()?.try_into().map_err(|_| wrong())?;
    let ciphertext = d.bytes()?;
    let count = d
        .array()?
        .filter(|n| (1..=RECIPIENTS_MAX).contains(n))
        .ok_or_else(wrong)?;
    let mut recipients = Vec::new();
    for _ in 0..count {
        expect(d.array()? == Some(3))?;
        let protected = d.bytes()?;
        let mut h = Decoder::new(protected);
        expect(h.map()? == Some(1) && h.i64()? == 1)?;
        let suite = Suite::from_cose_algorithm(h.i64()?).ok_or_else(wrong)?;
        expect(d.map()? == Some(2) && d.i64()? == 4)?;
        let key_id = d.decode()?;
        expect(d.i64()? == HEADER_ENCAPSULATED_KEY)?;
        let encapsulated = d.bytes()?;
        let wrapped = d.bytes()?;
        recipients.push(Recipient {
            suite,
            protected,
            key_id,
            encapsulated,
            wrapped,
        });
    }
    Ok(Parsed {
        protected,
        commitment,
        nonce,
        ciphertext,
        recipients,
    })
}

/// Seals `plaintext` to every recipient under a fresh content key and nonce from `rng`.
///
/// # Errors
/// [`SealError`]; nothing is written anywhere.
pub fn seal_part<R: CryptoRng>(
    rng: &mut R,
    context: &PartContext,
    plaintext: &[u8],
    recipients: &[SealingKey],
) -> Result<Vec<u8>, SealError> {
    if recipients.is_empty() || recipients.len() as u64 > RECIPIENTS_MAX {
        return Err(SealError::Recipients(recipients.len()));
    }
    let mut content_key = Zeroizing::new([0u8; 32]);
    rng.fill_bytes(content_key.as_mut());
    let mut nonce = [0u8; 12];
    rng.fill_bytes(&mut nonce);
    let protected = content_header(&commitment_of(content_key.as_ref(), context));
    let aad = content_aad(&protected, context);
    // The only failure is a plaintext past 256 GiB.
    let ciphertext = ChaCha20Poly1305::new((&*content_key).into())
        .encrypt(
            &nonce.into(),
            Payload {
                msg: plaintext,
                aad: &aad,
            },
        )
        .unwrap_or_default();
    let mut wrapped = Vec::with_capacity(recipients.len());
    for key in recipients {
        let header = recipient_header(key.suite);
        let (encapsulated, sealed_key) =
            wrap(rng, key, &recipient_info(&header), content_key.as_ref())
                .map_err(|_| SealError::BadKey(key.key_id()))?;
        wrapped.push((key, header, encapsulated, sealed_key));
    }
    let views: Vec<_> = wrapped
        .iter()
        .map(|(key, header, encapsulated, sealed_key)| Recipient {
            suite: key.suite,
            protected: header,
            key_id: key.key_id(),
            encapsulated,
            wrapped: sealed_key,
        })
        .collect();
    Ok(assemble(&protected, &nonce, &ciphertext, &views))
}

/// Opens a part with whichever of `keys` it was sealed to.
///
/// # Errors
/// [`OpenError`]; no plaintext is released unless the whole part holds.
pub fn open_part(
    keys: &[OpeningKey],
    context: &PartContext,
    bytes: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let parsed = parse(bytes)?;
    let (key, recipient) = parsed
        .recipients
        .iter()
        .find_map(|r| {
            keys.iter()
                .find(|k| k.public().key_id() == r.key_id)
                .map(|k| (k, r))
        })
        .ok_or(OpenError::NotARecipient)?;
    let content_key = key
        .unwrap(
            recipient.encapsulated,
            &recipient_info(recipient.protected),
            recipient.wrapped,
        )
        .map_err(|_| OpenError::Invalid)?;
    if content_key.len() != 32 || commitment_of(&content_key, context) != parsed.commitment {
        return Err(OpenError::Invalid);
    }
    let aad = content_aad(parsed.protected, context);
    ChaCha20Poly1305::new_from_slice(&content_key)
        .map_err(|_| OpenError::Invalid)?
        .decrypt(
            &parsed.nonce.into(),
            Payload {
                msg: parsed.ciphertext,
                aad: &aad,
            },
        )
        .map(Zeroizing::new)
        .map_err(|_| OpenError::Invalid)
}

/// The keys a part says it was sealed to, with the suite of each; needs no key.
///
/// # Errors
/// [`OpenError::Malformed`].
pub fn part_recipients(bytes: &[u8]) -> Result<Vec<(KeyId, Suite)>, OpenError> {
    Ok(parse(bytes)?
        .recipients
        .iter()
        .map(|r| (r.key_id, r.suite))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::convert::Infallible;
    use rand_core::{TryCryptoRng, TryRng};

    /// Counting bytes: tests need difference, not secrecy.
    struct Counter(u8);
    impl TryRng for Counter {
        type Error = Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            Ok(0)
        }
        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            Ok(0)
        }
        fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
            for byte in out {
                self.0 = self.0.wrapping_mul(5).wrapping_add(13);
                *byte = self.0;
            }
            Ok(())
        }
    }
    impl TryCryptoRng for Counter {}

    fn place(label: &str) -> PartContext {
        PartContext {
            aad: label.as_bytes().to_vec(),
            commitment: label.as_bytes().to_vec(),
        }
    }

    #[test]
    fn each_recipient_of_both_suites_opens_it_and_nobody_else() {
        for suite in [Suite::X25519, Suite::XWing] {
            let keys = [
                OpeningKey::make(suite, &[1; 32]),
                OpeningKey::make(suite, &[2; 32]),
            ];
            let sealed = seal_part(
                &mut Counter(1),
                &place("face"),
                b"plain",
                &[keys[0].public().clone(), keys[1].public().clone()],
            )
            .unwrap();
            for key in keys {
                assert_eq!(
                    *open_part(&[key], &place("face"), &sealed).unwrap(),
                    b"plain"
                );
            }
            let stranger = OpeningKey::make(suite, &[3; 32]);
            assert_eq!(
                open_part(&[stranger], &place("face"), &sealed),
                Err(OpenError::NotARecipient)
            );
        }
    }

    #[test]
    fn a_part_opens_in_its_own_place_only_and_no_altered_byte_passes() {
        let seed = [1; 32];
        let key = OpeningKey::make(Suite::X25519, &seed);
        let sealed = seal_part(
            &mut Counter(1),
            &place("face"),
            b"plain",
            &[key.public().clone()],
        )
        .unwrap();
        assert_eq!(
            open_part(
                &[OpeningKey::make(Suite::X25519, &seed)],
                &place("finger-1"),
                &sealed
            ),
            Err(OpenError::Invalid)
        );
        let keys = [key];
        for i in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[i] ^= 1;
            assert!(open_part(&keys, &place("face"), &bad).is_err(), "byte {i}");
            assert!(
                open_part(&keys, &place("face"), &sealed[..i]).is_err(),
                "cut at {i}"
            );
        }
    }

    #[test]
    fn a_content_key_that_breaks_its_commitment_is_refused() {
        let seed = [1; 32];
        let key = OpeningKey::make(Suite::X25519, &seed);
        let here = place("face");
        let elsewhere = PartContext {
            aad: here.aad.clone(),
            commitment: b"other".to_vec(),
        };
        let sealed = seal_part(
            &mut Counter(1),
            &elsewhere,
            b"plain",
            &[key.public().clone()],
        )
        .unwrap();
        assert_eq!(open_part(&[key], &here, &sealed), Err(OpenError::Invalid));
    }

    #[test]
    fn no_recipient_and_a_broken_recipient_are_refused() {
        let nobody = seal_part(&mut Counter(1), &place("face"), b"", &[]);
        assert_eq!(nobody.unwrap_err(), SealError::Recipients(0));
        let broken = SealingKey {
            suite: Suite::XWing,
            bytes: vec![0; 3],
        };
        let id = broken.key_id();
        assert_eq!(
            seal_part(&mut Counter(1), &place("face"), b"", &[broken]).unwrap_err(),
            SealError::BadKey(id)
        );
    }
}
