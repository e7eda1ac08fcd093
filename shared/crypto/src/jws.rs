//! Signatures with a certificate: what a biometric device signs, checked up to an authority that was trusted beforehand.
//!
//! In: a compact JWS (RFC 7515) under RS256 (RFC 7518 §3.3) with its certificate in `x5c`, trusted authorities, a time.
//! Out: [`VerifiedJws`], which cannot be had otherwise. Owns: nothing.
//! Never: takes a key from anywhere but a certificate that leads to a trusted authority; takes another algorithm, `none`
//! least of all; reads a clock.
//!
//! Paths are built and checked by rustls-webpki (RFC 5280), signatures by ring; nothing of either is written here.

use core::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use qayd_model::UnixMs;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use serde::Deserialize;
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, ring};

use crate::sha256;

/// No token is longer: 8 MiB, an image of a slap's finger several times over.
pub const JWS_BYTES_MAX: usize = 8 * 1024 * 1024;
/// No header is longer: 32 KiB, room for four large certificates.
const HEADER_CHARS_MAX: usize = 32 * 1024;
/// A leaf and three authorities between it and the trusted one.
const CERTIFICATES_MAX: usize = 4;
/// No set of authorities is larger.
const AUTHORITIES_MAX: usize = 64;

/// Algorithms that may have signed a certificate: RSA of 2,048 bits and more, and the two curves of FIPS 186.
static CERTIFICATE_ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    ring::RSA_PKCS1_2048_8192_SHA256,
    ring::RSA_PKCS1_2048_8192_SHA384,
    ring::RSA_PKCS1_2048_8192_SHA512,
    ring::ECDSA_P256_SHA256,
    ring::ECDSA_P384_SHA384,
];

/// Why a token was not believed. Nothing of its content was handed out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JwsError {
    /// Longer than [`JWS_BYTES_MAX`], or its header than any honest one.
    #[error("the signed message is too long")]
    TooLong,
    /// Not three parts of base64url, or no header of the kind.
    #[error("not a signed message of the expected form")]
    Form,
    /// Signed by an algorithm that is not RS256.
    #[error("signed by another algorithm than RS256")]
    Algorithm,
    /// The certificate cannot be read or may not sign.
    #[error("the certificate cannot be used")]
    Certificate,
    /// No trusted authority stands behind the certificate.
    #[error("no trusted authority stands behind the certificate")]
    Untrusted,
    /// The certificate, or one above it, has run out.
    #[error("the certificate has expired")]
    Expired,
    /// The certificate is not valid yet. The clock may be wrong.
    #[error("the certificate is not valid yet")]
    NotYetValid,
    /// The content was changed, or another key signed it.
    #[error("the signature does not fit the content")]
    Signature,
}

/// Why a set of authorities cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthoritiesError {
    /// The text holds something that is no certificate in PEM.
    #[error("not certificates in PEM")]
    NotPem,
    /// A certificate cannot be read.
    #[error("a certificate cannot be read")]
    Unreadable,
    /// More certificates than any programme has.
    #[error("more than {AUTHORITIES_MAX} certificates")]
    TooMany,
}

/// Authorities that are trusted for one purpose, and those between them and what they vouch for.
#[derive(Debug, Clone, Default)]
pub struct Authorities {
    trusted: Vec<TrustAnchor<'static>>,
    between: Vec<CertificateDer<'static>>,
}

impl Authorities {
    /// From the texts of PEM files. A certificate that names itself as its issuer is trusted; every other one only helps
    /// to build the path.
    ///
    /// # Errors
    /// [`AuthoritiesError`]; an empty text is no error and adds nobody.
    pub fn from_pem<T: AsRef<[u8]>>(texts: &[T]) -> Result<Self, AuthoritiesError> {
        let mut found = Self::default();
        for text in texts {
            for certificate in CertificateDer::pem_slice_iter(text.as_ref()) {
                let der = certificate.map_err(|_| AuthoritiesError::NotPem)?;
                if found.trusted.len() + found.between.len() == AUTHORITIES_MAX {
                    return Err(AuthoritiesError::TooMany);
                }
                let read =
                    EndEntityCert::try_from(&der).map_err(|_| AuthoritiesError::Unreadable)?;
                if read.subject() == read.issuer() {
                    let anchor = webpki::anchor_from_trusted_cert(&der)
                        .map_err(|_| AuthoritiesError::Unreadable)?;
                    found.trusted.push(anchor.to_owned());
                } else {
                    found.between.push(der.clone());
                }
            }
        }
        Ok(found)
    }

    /// Nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.trusted.is_empty()
    }
}

/// The content of a token whose signature and certificate were found good.
#[derive(Clone)]
pub struct VerifiedJws {
    payload: Vec<u8>,
    certificate: [u8; 32],
}

impl VerifiedJws {
    /// The bytes that were signed.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// SHA-256 of the certificate of whoever signed, so that a change of it is noticed.
    pub const fn certificate(&self) -> [u8; 32] {
        self.certificate
    }
}

impl core::fmt::Debug for VerifiedJws {
    /// Length only: the content may be a person's finger.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "VerifiedJws({} bytes)", self.payload.len())
    }
}

/// Only what decides; whatever else a header says is signed with it and unused. `crit` names what must be understood,
/// and nothing is (RFC 7515 §4.1.11).
#[derive(Deserialize)]
struct Header {
    alg: String,
    x5c: Vec<String>,
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

/// Authorities for devices vouch for devices and nothing else, so that the uses a certificate names decide nothing.
struct AnyUse;

impl ExtendedKeyUsageValidator for AnyUse {
    fn validate(&self, _uses: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        Ok(())
    }
}

/// Checks a token: form, algorithm, path from its certificate to `authorities` at the time `at`, signature.
///
/// # Errors
/// [`JwsError`].
pub fn verify_jws(
    token: &str,
    authorities: &Authorities,
    at: UnixMs,
) -> Result<VerifiedJws, JwsError> {
    if token.len() > JWS_BYTES_MAX {
        return Err(JwsError::TooLong);
    }
    let mut parts = token.split('.');
    let (Some(header), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(JwsError::Form);
    };
    if header.len() > HEADER_CHARS_MAX {
        return Err(JwsError::TooLong);
    }
    let signed = &token[..header.len() + 1 + payload.len()];
    let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| JwsError::Form)?;
    let header: Header = serde_json::from_slice(&header).map_err(|_| JwsError::Form)?;
    if header.alg != "RS256" {
        return Err(JwsError::Algorithm);
    }
    if header.crit.is_some() || !(1..=CERTIFICATES_MAX).contains(&header.x5c.len()) {
        return Err(JwsError::Form);
    }
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|_| JwsError::Form)?;
    // RFC 7515 §4.1.6: x5c is plain base64, with padding, of DER.
    let mut certificates = Vec::with_capacity(header.x5c.len());
    for text in &header.x5c {
        let der = STANDARD.decode(text).map_err(|_| JwsError::Certificate)?;
        certificates.push(CertificateDer::from(der));
    }
    let leaf = EndEntityCert::try_from(&certificates[0]).map_err(|_| JwsError::Certificate)?;
    let between: Vec<CertificateDer<'_>> = certificates[1..]
        .iter()
        .chain(&authorities.between)
        .cloned()
        .collect();
    leaf.verify_for_usage(
        CERTIFICATE_ALGORITHMS,
        &authorities.trusted,
        &between,
        UnixTime::since_unix_epoch(Duration::from_millis(at.0)),
        AnyUse,
        None,
        None,
    )
    .map_err(|error| match error {
        webpki::Error::CertExpired { .. } => JwsError::Expired,
        webpki::Error::CertNotValidYet { .. } => JwsError::NotYetValid,
        webpki::Error::UnknownIssuer | webpki::Error::InvalidSignatureForPublicKey => {
            JwsError::Untrusted
        }
        _ => JwsError::Certificate,
    })?;
    leaf.verify_signature(
        ring::RSA_PKCS1_2048_8192_SHA256,
        signed.as_bytes(),
        &signature,
    )
    .map_err(|_| JwsError::Signature)?;
    // Decoded last, so that nothing unsigned is ever held as content.
    let payload = URL_SAFE_NO_PAD
        .decode(payload)
        .map_err(|_| JwsError::Form)?;
    Ok(VerifiedJws {
        payload,
        certificate: sha256(certificates[0].as_ref()).0,
    })
}

#[cfg(test)]
#[path = "jws/tests.rs"]
mod tests;
