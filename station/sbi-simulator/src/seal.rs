//! Encryption of an authentication capture for its verifier, as MOSIP's specification has it: AES-256-GCM under a fresh
//! key, its nonce and associated data cut from timestamp ⊕ transaction, the key by RSA-OAEP.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::encrypt::Encrypter;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{HasPublic, PKey};
use openssl::rand::rand_bytes;
use openssl::rsa::Padding;
use openssl::symm::{Cipher, encrypt_aead};

/// What travels instead of the record.
pub(crate) struct Sealed {
    pub(crate) bio_value: String,
    pub(crate) session_key: String,
}

/// Encrypts a record. Timestamp and transaction must be 16 bytes or longer together, which every timestamp is.
pub(crate) fn seal(
    record: &[u8],
    verifier: &PKey<impl HasPublic>,
    timestamp: &str,
    transaction: &str,
) -> Result<Sealed, ErrorStack> {
    let mixed = mixed(timestamp.as_bytes(), transaction.as_bytes());
    let nonce = &mixed[mixed.len() - 12..];
    let associated = &mixed[mixed.len() - 16..];
    let mut key = [0; 32];
    rand_bytes(&mut key)?;
    let mut tag = [0; 16];
    let mut sealed = encrypt_aead(
        Cipher::aes_256_gcm(),
        &key,
        Some(nonce),
        associated,
        record,
        &mut tag,
    )?;
    sealed.extend(tag);
    let mut encrypter = Encrypter::new(verifier)?;
    encrypter.set_rsa_padding(Padding::PKCS1_OAEP)?;
    encrypter.set_rsa_oaep_md(MessageDigest::sha256())?;
    encrypter.set_rsa_mgf1_md(MessageDigest::sha256())?;
    let mut session = vec![0; encrypter.encrypt_len(&key)?];
    let n = encrypter.encrypt(&key, &mut session)?;
    session.truncate(n);
    Ok(Sealed {
        bio_value: URL_SAFE_NO_PAD.encode(sealed),
        session_key: URL_SAFE_NO_PAD.encode(session),
    })
}

/// Both right-aligned, the shorter filled with zeros in front; never shorter than the sixteen bytes that are cut from it.
pub(crate) fn mixed(a: &[u8], b: &[u8]) -> Vec<u8> {
    let n = a.len().max(b.len()).max(16);
    (0..n)
        .map(|at| {
            let of = |text: &[u8]| (at + text.len()).checked_sub(n).map_or(0, |i| text[i]);
            of(a) ^ of(b)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use openssl::encrypt::Decrypter;
    use openssl::rsa::Rsa;
    use openssl::symm::decrypt_aead;

    use super::*;

    #[test]
    fn the_verifier_opens_what_was_sealed_for_it_and_not_under_another_transaction() {
        let key = PKey::from_rsa(Rsa::generate(2_048).unwrap()).unwrap();
        let (time, transaction) = ("2026-11-26T08:30:00Z", "t-1");
        let sealed = seal(b"record", &key, time, transaction).unwrap();
        let session = URL_SAFE_NO_PAD.decode(&sealed.session_key).unwrap();
        let mut decrypter = Decrypter::new(&key).unwrap();
        decrypter.set_rsa_padding(Padding::PKCS1_OAEP).unwrap();
        decrypter.set_rsa_oaep_md(MessageDigest::sha256()).unwrap();
        decrypter.set_rsa_mgf1_md(MessageDigest::sha256()).unwrap();
        let mut opened = vec![0; decrypter.decrypt_len(&session).unwrap()];
        let n = decrypter.decrypt(&session, &mut opened).unwrap();
        let value = URL_SAFE_NO_PAD.decode(&sealed.bio_value).unwrap();
        let (text, tag) = value.split_at(value.len() - 16);
        let open = |transaction: &str| {
            let mixed = mixed(time.as_bytes(), transaction.as_bytes());
            decrypt_aead(
                Cipher::aes_256_gcm(),
                &opened[..n],
                Some(&mixed[mixed.len() - 12..]),
                &mixed[mixed.len() - 16..],
                text,
                tag,
            )
        };
        assert_eq!(open(transaction).unwrap(), b"record");
        assert!(open("t-2").is_err());
    }
}
