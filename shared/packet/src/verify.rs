//! Verify: prove where a packet came from and that every byte is there, without a key that opens anything.
//!
//! In: bytes, at once or as they arrive. Out: [`VerifiedPacket`].
//! Never: accepts bytes after the last part, a missing part, or a part with another digest.

use qayd_crypto::{PublicKey, Sha256Stream, cbor};

use crate::{
    limits::{MANIFEST_BYTES_MAX, PACKET_BYTES_MAX},
    manifest::{ManifestError, SignedManifest, VerifiedManifest},
};

/// Why a packet was refused. Nothing of it was accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// Larger than a packet may be.
    #[error("the packet has {0} bytes, more than {PACKET_BYTES_MAX}")]
    TooLong(u64),
    /// No whole manifest at its head.
    #[error("there is no whole manifest at the head of the packet")]
    NoManifest,
    /// The manifest was refused.
    #[error("the manifest was refused")]
    Manifest(#[source] ManifestError),
    /// Fewer or more bytes than the manifest says.
    #[error("the packet has {found} bytes where its manifest says {expected}")]
    Length {
        /// What came.
        found: u64,
        /// What the manifest says.
        expected: u64,
    },
    /// A part's bytes are not the ones the station signed.
    #[error("part {label} differs from its digest")]
    Digest {
        /// Which part.
        label: String,
    },
}

impl VerifyError {
    /// A stable code for logs and documents.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong(_) => "PKT-05",
            Self::NoManifest => "PKT-06",
            Self::Manifest(inner) => inner.code(),
            Self::Length { .. } => "PKT-08",
            Self::Digest { .. } => "PKT-09",
        }
    }
}

/// A packet whose manifest verified and whose parts have the digests it names.
#[derive(Debug)]
pub struct VerifiedPacket<'b> {
    manifest: VerifiedManifest,
    bytes: &'b [u8],
}

impl<'b> VerifiedPacket<'b> {
    /// Its manifest.
    pub fn manifest(&self) -> &VerifiedManifest {
        &self.manifest
    }

    /// The encrypted bytes of the part with this label.
    pub fn part(&self, label: &str) -> Option<&'b [u8]> {
        let index = self
            .manifest
            .manifest()
            .parts
            .iter()
            .position(|p| p.label == label)?;
        let range = self.manifest.part_range(index)?;
        self.bytes
            .get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
    }
}

/// The manifest at the head of the bytes, form and rules checked, signature not.
///
/// # Errors
/// [`VerifyError::NoManifest`] when the head is cut or is no manifest, [`VerifyError::Manifest`] when it breaks a rule.
pub fn split_manifest(bytes: &[u8]) -> Result<SignedManifest, VerifyError> {
    let head = &bytes[..bytes.len().min(MANIFEST_BYTES_MAX)];
    let length = cbor::item_length(head).map_err(|_| VerifyError::NoManifest)?;
    SignedManifest::parse_unverified(&head[..length]).map_err(VerifyError::Manifest)
}

/// The manifest of a whole packet, every part of which has the digest it names. Who signed it is not looked at: the digest
/// of the manifest then names these bytes and no others.
///
/// # Errors
/// [`VerifyError`].
pub fn check_parts(bytes: &[u8]) -> Result<SignedManifest, VerifyError> {
    if bytes.len() as u64 > PACKET_BYTES_MAX {
        return Err(VerifyError::TooLong(bytes.len() as u64));
    }
    let signed = split_manifest(bytes)?;
    let mut hasher = PacketHasher::new(&signed);
    hasher.update(&bytes[signed.bytes().len()..]);
    hasher.finish()?;
    Ok(signed)
}

/// Verifies a whole packet with the key of the station that must have signed it.
///
/// # Errors
/// [`VerifyError`].
pub fn verify_packet<'b>(
    bytes: &'b [u8],
    station_key: &PublicKey,
) -> Result<VerifiedPacket<'b>, VerifyError> {
    let manifest = check_parts(bytes)?
        .verify(station_key)
        .map_err(VerifyError::Manifest)?;
    Ok(VerifiedPacket { manifest, bytes })
}

/// Checks the parts of a packet as their bytes pass by, in order, after the manifest.
pub struct PacketHasher {
    expected: Vec<(String, u64, qayd_model::Sha256Digest)>,
    manifest_length: u64,
    total: u64,
    index: usize,
    in_part: u64,
    seen: u64,
    stream: Sha256Stream,
    bad: Option<String>,
}

impl PacketHasher {
    /// Starts behind the manifest.
    pub fn new(manifest: &SignedManifest) -> Self {
        let expected = manifest
            .manifest()
            .parts
            .iter()
            .map(|p| (p.label.clone(), p.length, p.sha256))
            .collect();
        Self {
            expected,
            manifest_length: manifest.bytes().len() as u64,
            total: manifest.packet_length(),
            index: 0,
            in_part: 0,
            seen: 0,
            stream: Sha256Stream::default(),
            bad: None,
        }
    }

    /// Takes the next bytes of the packet file. Bytes past the end are counted and make [`Self::finish`] fail.
    pub fn update(&mut self, mut bytes: &[u8]) {
        self.seen += bytes.len() as u64;
        while let Some((label, length, digest)) = self.expected.get(self.index) {
            let take = usize::try_from(length - self.in_part)
                .map_or(bytes.len(), |left| left.min(bytes.len()));
            let (now, rest) = bytes.split_at(take);
            self.stream.update(now);
            self.in_part += take as u64;
            bytes = rest;
            if self.in_part < *length {
                return;
            }
            let found = core::mem::take(&mut self.stream).finish();
            if found != *digest && self.bad.is_none() {
                self.bad = Some(label.clone());
            }
            self.index += 1;
            self.in_part = 0;
        }
    }

    /// Bytes of the packet file up to the end of the last part that is whole and right.
    pub fn verified_length(&self) -> u64 {
        let whole = self.bad.as_ref().map_or(self.index, |bad| {
            self.expected
                .iter()
                .position(|(label, ..)| label == bad)
                .unwrap_or(0)
        });
        self.manifest_length
            + self.expected[..whole]
                .iter()
                .map(|(_, length, _)| length)
                .sum::<u64>()
    }

    /// Whether every part was whole and right.
    ///
    /// # Errors
    /// [`VerifyError::Length`] or [`VerifyError::Digest`].
    pub fn finish(self) -> Result<(), VerifyError> {
        let found = self.manifest_length + self.seen;
        if let Some(label) = self.bad {
            return Err(VerifyError::Digest { label });
        }
        if found == self.total {
            Ok(())
        } else {
            Err(VerifyError::Length {
                found,
                expected: self.total,
            })
        }
    }
}
