//! TLS: the programme's own authority, the server's certificate, and TLS 1.3 alone.
//!
//! In: names and addresses. Out: PEM files, a rustls configuration. Owns: the folder `tls/`.
//! Never: speaks TLS 1.2; uses a public authority (stations pin the programme's own).
//!
//! Keys are P-256, made by ring's own random source: rcgen offers no other.

use std::sync::Arc;

use qayd_model::UnixMs;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject},
};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::TrustError;

/// Life of the authority. Stations whose clock is wrong judge dates leniently; a short life would buy nothing.
const AUTHORITY_DAYS: i64 = 20 * 365;
/// Life of a server certificate.
const SERVER_DAYS: i64 = 5 * 365;
/// Certificates start this long before they were made: clocks in the field run behind.
const BACKDATED_DAYS: i64 = 365;

/// A certificate and its private key.
pub(super) struct Made {
    /// Certificate, PEM.
    pub certificate_pem: String,
    /// Private key, PKCS#8 DER.
    pub key_der: Zeroizing<Vec<u8>>,
}

fn failed(error: impl core::fmt::Display) -> TrustError {
    TrustError::Tls(error.to_string())
}

fn validity(params: &mut CertificateParams, now: UnixMs, days: i64) -> Result<(), TrustError> {
    let seconds = i64::try_from(now.0 / 1000).map_err(failed)?;
    let now = OffsetDateTime::from_unix_timestamp(seconds).map_err(failed)?;
    params.not_before = now - Duration::days(BACKDATED_DAYS);
    params.not_after = now + Duration::days(days);
    Ok(())
}

fn authority_params(programme: &str, now: UnixMs) -> Result<CertificateParams, TrustError> {
    let mut params = CertificateParams::new(Vec::new()).map_err(failed)?;
    params
        .distinguished_name
        .push(DnType::CommonName, format!("{programme} authority"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    validity(&mut params, now, AUTHORITY_DAYS)?;
    Ok(params)
}

/// Makes the programme's authority.
pub(super) fn make_authority(programme: &str, now: UnixMs) -> Result<Made, TrustError> {
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = authority_params(programme, now)?
        .self_signed(&key)
        .map_err(failed)?;
    Ok(Made {
        certificate_pem: certificate.pem(),
        key_der: Zeroizing::new(key.serialize_der()),
    })
}

/// Makes a server certificate under the programme's authority, for these DNS names and IP addresses.
pub(super) fn make_server(
    programme: &str,
    authority_key_der: &[u8],
    names: &[String],
    now: UnixMs,
) -> Result<Made, TrustError> {
    let authority_key = KeyPair::try_from(authority_key_der).map_err(failed)?;
    // What a certificate takes from its issuer is the name and the key, and both are known without its certificate.
    let issuer = Issuer::new(authority_params(programme, now)?, authority_key);
    let key = KeyPair::generate().map_err(failed)?;
    let mut params = CertificateParams::new(names.to_vec()).map_err(failed)?;
    params.distinguished_name.push(
        DnType::CommonName,
        names.first().map_or("centre", String::as_str),
    );
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    validity(&mut params, now, SERVER_DAYS)?;
    let certificate = params.signed_by(&key, &issuer).map_err(failed)?;
    Ok(Made {
        certificate_pem: certificate.pem(),
        key_der: Zeroizing::new(key.serialize_der()),
    })
}

/// SHA-256 of the certificate in a PEM file's first block (DER).
pub(super) fn certificate_digest(pem: &str) -> Result<qayd_model::Sha256Digest, TrustError> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(failed)?;
    Ok(qayd_crypto::sha256(&der))
}

/// The server's TLS: 1.3 only, ring, HTTP/1.1 and HTTP/2.
pub fn server_config(
    certificate_pem: &str,
    authority_pem: &str,
    key_der: &[u8],
) -> Result<ServerConfig, TrustError> {
    let chain = [certificate_pem, authority_pem]
        .into_iter()
        .map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).map_err(failed))
        .collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key_der.to_vec()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(failed)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(failed)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
