//! Request signatures: RFC 9421 in one narrow profile, and content digests by RFC 9530.
//!
//! In: what a request says and a key; or the two headers that came. Out: the two headers; or [`VerifiedRequest`].
//! Never: looks at clocks (a wrong clock is no reason to refuse; nonces stop replays); accepts a signature that leaves
//! out a component that its request has to cover.
//!
//! | request | covered, in any order |
//! |---|---|
//! | all | `"@method"` `"@target-uri"` |
//! | with a body, outside `/uploads` | and `"content-digest"` |
//! | `PATCH` of an upload | and `"upload-offset"` |
//!
//! Parameters, each exactly once: `created`, `nonce`, `keyid` (the station's id), `alg="ed25519"`, `tag="qayd-sync"`. Label
//! `qayd`. The body of an upload is covered by the packet's own manifest.

use base64::{Engine, prelude::BASE64_STANDARD};
use qayd_crypto::{PublicKey, SigningKey, sha256, sign_raw, verify_raw};
use qayd_model::{Remedy, StationId};

use crate::messages::NONCE_BYTES_MAX;

/// Header with what is covered.
pub const SIGNATURE_INPUT_HEADER: &str = "Signature-Input";
/// Header with the signature.
pub const SIGNATURE_HEADER: &str = "Signature";
/// Header with the body's digest.
pub const CONTENT_DIGEST_HEADER: &str = "Content-Digest";
/// The signature's label.
pub const LABEL: &str = "qayd";
/// The signature's tag.
pub const TAG: &str = "qayd-sync";
const ALGORITHM: &str = "ed25519";
/// The most characters of either header.
pub const HEADER_BYTES_MAX: usize = 1024;
/// The most characters of a URL.
pub const TARGET_URI_BYTES_MAX: usize = 4096;

/// What a request says of itself, as far as it is signed. Client and centre build it from what they really send and
/// received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedParts<'a> {
    /// `GET`, `POST`, `HEAD`, `PATCH`, `DELETE`, `OPTIONS`.
    pub method: &'a str,
    /// The whole URL as the client knows it: `https://host[:port]/path?query`. A default port is left out.
    pub target_uri: &'a str,
    /// The value of `Content-Digest`; `Some` for every request that has to cover it.
    pub content_digest: Option<&'a str>,
    /// The value of `Upload-Offset`; `Some` for every request that has to cover it.
    pub upload_offset: Option<u64>,
}

impl SignedParts<'_> {
    fn components(&self) -> Vec<(&'static str, String)> {
        let mut components = vec![
            ("@method", self.method.to_owned()),
            ("@target-uri", self.target_uri.to_owned()),
        ];
        if let Some(digest) = self.content_digest {
            components.push(("content-digest", digest.to_owned()));
        }
        if let Some(offset) = self.upload_offset {
            components.push(("upload-offset", offset.to_string()));
        }
        components
    }

    fn well_formed(&self) -> bool {
        let visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        let digest = self.content_digest.unwrap_or_default();
        !self.method.is_empty()
            && self.method.bytes().all(|byte| byte.is_ascii_uppercase())
            && self.target_uri.len() <= TARGET_URI_BYTES_MAX
            && digest.len() <= HEADER_BYTES_MAX
            && visible(self.target_uri)
            && visible(digest)
    }
}

/// The values of the two headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureHeaders {
    /// `Signature-Input`.
    pub signature_input: String,
    /// `Signature`.
    pub signature: String,
}

/// Why a request is not believed. The centre answers all of these with 401 and a fresh nonce.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpSignatureError {
    /// A header is missing, too long, or not in the profile's form.
    #[error("no signature of the expected form")]
    Malformed,
    /// Not all that has to be covered is covered, or something else is.
    #[error("the signature covers other parts of the request than it has to")]
    Coverage,
    /// Another algorithm or tag.
    #[error("another algorithm or tag than the profile's")]
    Profile,
    /// The signature does not hold for this request and this key.
    #[error("the signature does not hold")]
    Invalid,
    /// The body is not what the digest says.
    #[error("the body is not what its digest says")]
    Digest,
}

impl HttpSignatureError {
    /// Stable code: `SIG-01` to `SIG-05`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "SIG-01",
            Self::Coverage => "SIG-02",
            Self::Profile => "SIG-03",
            Self::Invalid => "SIG-04",
            Self::Digest => "SIG-05",
        }
    }

    /// What helps.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Invalid => Remedy::SupervisorActs,
            _ => Remedy::ReportBug,
        }
    }
}

/// Signs a request. `created_s` is the signer's clock in seconds, for the record alone; `nonce` is the last one that the
/// centre issued, or random text.
///
/// # Errors
/// [`HttpSignatureError::Malformed`] when a part or the nonce cannot stand in a header.
pub fn sign(
    parts: &SignedParts<'_>,
    station: StationId,
    created_s: u64,
    nonce: &str,
    key: &SigningKey,
) -> Result<SignatureHeaders, HttpSignatureError> {
    if !parts.well_formed() || !is_nonce(nonce) || created_s > INTEGER_MAX {
        return Err(HttpSignatureError::Malformed);
    }
    let components = parts.components();
    let names: Vec<String> = components
        .iter()
        .map(|(name, _)| format!("\"{name}\""))
        .collect();
    let params = format!(
        "({});created={created_s};nonce=\"{nonce}\";keyid=\"{station}\";alg=\"{ALGORITHM}\";tag=\"{TAG}\"",
        names.join(" "),
    );
    let signature = sign_raw(key, signature_base(&components, &params).as_bytes());
    Ok(SignatureHeaders {
        signature_input: format!("{LABEL}={params}"),
        signature: format!("{LABEL}=:{}:", BASE64_STANDARD.encode(signature)),
    })
}

/// RFC 9421 §2.5.
fn signature_base(components: &[(&'static str, String)], params: &str) -> String {
    let mut base = String::new();
    for (name, value) in components {
        base.push_str(&format!("\"{name}\": {value}\n"));
    }
    base.push_str(&format!("\"@signature-params\": {params}"));
    base
}

/// What the two headers claim, unverified: good for finding the station's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedSignature {
    station: StationId,
    created_s: u64,
    nonce: String,
    covered: Vec<String>,
    params: String,
    signature: [u8; 64],
}

/// A request whose signature held: who sent it, and the nonce that the centre now has to burn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRequest {
    station: StationId,
    created_s: u64,
    nonce: String,
}

impl VerifiedRequest {
    /// Who sent it.
    pub fn station(&self) -> StationId {
        self.station
    }

    /// The sender's clock in seconds. Never a reason to refuse; worth recording.
    pub fn created_s(&self) -> u64 {
        self.created_s
    }

    /// Its nonce. A request that changes something needs one that the centre issued and that nobody used.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }
}

/// The largest integer of RFC 8941.
const INTEGER_MAX: u64 = 999_999_999_999_999;

fn is_nonce(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    (1..=NONCE_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

/// Reads the two headers, strictly: one signature, our label, our parameters, each once, no optional white space.
///
/// # Errors
/// [`HttpSignatureError::Malformed`] or [`HttpSignatureError::Profile`].
pub fn parse(input: &str, signature: &str) -> Result<ClaimedSignature, HttpSignatureError> {
    use HttpSignatureError::{Malformed, Profile};
    if input.len() > HEADER_BYTES_MAX || signature.len() > HEADER_BYTES_MAX {
        return Err(Malformed);
    }
    let params = input
        .strip_prefix(LABEL)
        .and_then(|rest| rest.strip_prefix('='))
        .ok_or(Malformed)?;
    let (list, rest) = params
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(')'))
        .ok_or(Malformed)?;
    let mut covered = Vec::new();
    for item in list.split(' ') {
        let name = unquote(item).ok_or(Malformed)?;
        covered.push(name.to_owned());
    }
    let (mut created, mut nonce, mut key_id, mut algorithm, mut tag) =
        (None, None, None, None, None);
    let once = |slot: &mut Option<String>, value: Option<&str>| match (slot.is_none(), value) {
        (true, Some(value)) => {
            *slot = Some(value.to_owned());
            Ok(())
        }
        _ => Err(Malformed),
    };
    // No value of ours holds a semicolon, so that one inside quotes leaves a piece that is refused below.
    for parameter in rest.strip_prefix(';').ok_or(Malformed)?.split(';') {
        let (name, value) = parameter.split_once('=').ok_or(Malformed)?;
        match name {
            "created" => once(&mut created, Some(value))?,
            "nonce" => once(&mut nonce, unquote(value))?,
            "keyid" => once(&mut key_id, unquote(value))?,
            "alg" => once(&mut algorithm, unquote(value))?,
            "tag" => once(&mut tag, unquote(value))?,
            _ => return Err(Malformed),
        }
    }
    if algorithm.as_deref() != Some(ALGORITHM) || tag.as_deref() != Some(TAG) {
        return Err(Profile);
    }
    let signature = signature
        .strip_prefix(LABEL)
        .and_then(|rest| rest.strip_prefix("=:"))
        .and_then(|rest| rest.strip_suffix(':'))
        .and_then(|encoded| BASE64_STANDARD.decode(encoded).ok())
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(Malformed)?;
    Ok(ClaimedSignature {
        station: key_id
            .and_then(|text| parse_station(&text))
            .ok_or(Malformed)?,
        created_s: created
            .and_then(|text| crate::tus::parse_number(&text).ok())
            .filter(|seconds| *seconds <= INTEGER_MAX)
            .ok_or(Malformed)?,
        nonce: nonce.filter(|text| is_nonce(text)).ok_or(Malformed)?,
        covered,
        params: params.to_owned(),
        signature,
    })
}

/// The id in its one form: upper-case digits would be a second.
fn parse_station(text: &str) -> Option<StationId> {
    text.parse()
        .ok()
        .filter(|id: &StationId| id.to_string() == text)
}

fn unquote(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    inner.bytes().all(allowed).then_some(inner)
}

impl ClaimedSignature {
    /// Who claims to have sent it.
    pub fn station(&self) -> StationId {
        self.station
    }

    /// Checks that the signature covers exactly what `parts` holds, and holds under the station's key.
    ///
    /// # Errors
    /// [`HttpSignatureError::Coverage`] or [`HttpSignatureError::Invalid`].
    pub fn verify(
        self,
        parts: &SignedParts<'_>,
        key: &PublicKey,
    ) -> Result<VerifiedRequest, HttpSignatureError> {
        if !parts.well_formed() {
            return Err(HttpSignatureError::Malformed);
        }
        let components = parts.components();
        if components.len() != self.covered.len() {
            return Err(HttpSignatureError::Coverage);
        }
        // In the order in which the signer listed them.
        let mut listed = Vec::new();
        for name in &self.covered {
            let component = components
                .iter()
                .find(|(held, _)| held == name)
                .filter(|found| !listed.contains(*found))
                .ok_or(HttpSignatureError::Coverage)?;
            listed.push(component.clone());
        }
        let base = signature_base(&listed, &self.params);
        verify_raw(key, base.as_bytes(), &self.signature)
            .map_err(|_| HttpSignatureError::Invalid)?;
        Ok(VerifiedRequest {
            station: self.station,
            created_s: self.created_s,
            nonce: self.nonce,
        })
    }
}

/// The value of `Content-Digest` for a body: `sha-256=:…:`.
pub fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", BASE64_STANDARD.encode(sha256(body).0))
}

/// Checks a body against its `Content-Digest`; SHA-256 alone is accepted, and nothing beside it.
///
/// # Errors
/// [`HttpSignatureError::Digest`].
pub fn check_content_digest(header: &str, body: &[u8]) -> Result<(), HttpSignatureError> {
    if header == content_digest(body) {
        Ok(())
    } else {
        Err(HttpSignatureError::Digest)
    }
}

#[cfg(test)]
mod tests;
