//! The manifest: what a packet is, without a word about the person.
//!
//! In: bytes of a `COSE_Sign1`. Out: [`VerifiedManifest`], which only [`SignedManifest::verify`] makes.
//! Never: trusted before its signature is verified with the key of a station certificate.

use core::ops::Range;

use minicbor::{Decode, Encode};
use qayd_crypto::{
    KeyId, Namespace, PublicKey, SignatureError, SigningKey, Suite, cbor, peek1, sha256, sign1,
    verify1,
};
use qayd_model::{EnrolmentId, PacketId, Sha256Digest, StationId, UnixMs};

use crate::limits::{MANIFEST_BYTES_MAX, PACKET_BYTES_MAX, PARTS_MAX, TEXT_CHARS_MAX};

/// The only format there is.
pub const FORMAT: u16 = 1;
/// Label of the first part of every packet.
pub const DEMOGRAPHICS: &str = "demographics";
/// Label of the second: the answers under a key of their own. It is there even when nobody gave any.
pub const SENSITIVE: &str = "sensitive";

/// A moment as the station knew it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StampedTime {
    /// The laptop's clock, right or wrong.
    #[n(1)]
    pub raw: UnixMs,
    /// What the station believes the time was, from the centre's last signed time or GPS.
    #[n(2)]
    pub estimated: Option<UnixMs>,
    /// How far the belief may be off, in milliseconds.
    #[n(3)]
    pub error_ms: Option<u64>,
}

/// One part's line in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PartEntry {
    /// `demographics`, `sensitive`, `portrait`, `finger-<n>`, `document-<n>` …; unique in the packet. The running number says
    /// nothing of which finger or paper it is.
    #[n(1)]
    pub label: String,
    /// 0 demographics and sensitive answers, 1 portrait, 2 fingers, 3 documents; parts stand in this order.
    #[n(2)]
    pub priority: u8,
    /// Bytes of the encrypted part.
    #[n(3)]
    pub length: u64,
    /// SHA-256 of the encrypted part.
    #[n(4)]
    pub sha256: Sha256Digest,
    /// The opening keys it was sealed to.
    #[n(5)]
    pub recipients: Vec<KeyId>,
}

/// What a packet is. Its CBOR is a map of the integers below; see `packet.cddl`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
#[allow(
    missing_docs,
    reason = "the names say it; units and meaning stand in packet.cddl and docs/packet.md"
)]
pub struct Manifest {
    #[n(1)]
    pub format: u16,
    #[n(2)]
    pub suite: Suite,
    #[n(3)]
    pub packet: PacketId,
    #[n(4)]
    pub enrolment: EnrolmentId,
    /// 1 for the first, one more for each correction.
    #[n(5)]
    pub version: u32,
    #[n(6)]
    pub station: StationId,
    /// 1, 2, 3 … per station without gaps.
    #[n(7)]
    pub sequence: u64,
    /// Digest of the signed manifest of the packet before; absent in the first.
    #[n(8)]
    pub previous: Option<Sha256Digest>,
    /// Counts the starts of the station's software.
    #[n(9)]
    pub boot_counter: u64,
    #[n(10)]
    pub made: StampedTime,
    #[n(11)]
    pub pack_id: String,
    #[n(12)]
    pub pack_version: u32,
    /// SHA-256 of the pack file's bytes.
    #[n(13)]
    pub pack_digest: Sha256Digest,
    #[n(14)]
    pub station_kind: String,
    /// Office whose register the person belongs to; it need not be where they were enrolled.
    #[n(15)]
    pub home_office: String,
    #[n(16)]
    pub keyring_epoch: u32,
    #[n(17)]
    pub parts: Vec<PartEntry>,
}

/// Why a manifest was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Larger than a manifest may be.
    #[error("the manifest has {0} bytes, more than {MANIFEST_BYTES_MAX}")]
    TooLong(usize),
    /// Not a signed structure, or signed by another key or for another purpose.
    #[error("the manifest's signature was refused")]
    Signature(#[source] SignatureError),
    /// Its payload is not a manifest in the one form.
    #[error("the manifest is not in the deterministic form")]
    Form(#[source] qayd_crypto::cbor::CborError),
    /// Its payload breaks a rule of the format.
    #[error("the manifest breaks a rule: {0}")]
    Rule(&'static str),
}

impl ManifestError {
    /// A stable code for logs and documents.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong(_) => "PKT-01",
            Self::Signature(_) => "PKT-02",
            Self::Form(_) => "PKT-03",
            Self::Rule(_) => "PKT-04",
        }
    }
}

impl Manifest {
    fn check(&self) -> Result<(), ManifestError> {
        let rule = |holds: bool, what: &'static str| {
            if holds {
                Ok(())
            } else {
                Err(ManifestError::Rule(what))
            }
        };
        rule(self.format == FORMAT, "unknown format")?;
        rule(self.version >= 1, "versions count from 1")?;
        rule(self.sequence >= 1, "sequence numbers count from 1")?;
        rule(
            (self.sequence == 1) == self.previous.is_none(),
            "only the first packet of a station has none before it",
        )?;
        for text in [&self.pack_id, &self.station_kind, &self.home_office] {
            rule(
                is_label(text),
                "a text is empty, too long or has other letters than A-Z a-z 0-9 . _ -",
            )?;
        }
        rule(
            (2..=PARTS_MAX).contains(&self.parts.len()),
            "too few parts, or too many",
        )?;
        rule(
            self.parts[0].label == DEMOGRAPHICS && self.parts[1].label == SENSITIVE,
            "the first parts are the demographics and the sensitive answers",
        )?;
        rule(
            self.parts.is_sorted_by_key(|p| p.priority),
            "parts stand in the order of their priority",
        )?;
        let mut total = 0u64;
        for (i, part) in self.parts.iter().enumerate() {
            rule(
                is_label(&part.label),
                "a part's label is empty, too long or has other letters",
            )?;
            rule(
                part.priority <= 3 && (part.priority == 0) == (i < 2),
                "priority 0 is that of the first two parts alone",
            )?;
            rule(
                !self.parts[..i].iter().any(|p| p.label == part.label),
                "two parts of one label",
            )?;
            rule(
                (1..=8).contains(&part.recipients.len()),
                "a part has one to eight recipients",
            )?;
            rule(part.length >= 1, "an empty part")?;
            total = total.saturating_add(part.length);
        }
        rule(
            total <= PACKET_BYTES_MAX - MANIFEST_BYTES_MAX as u64,
            "the packet is too long",
        )
    }

    /// Signs the manifest with the station's key.
    ///
    /// # Errors
    /// [`ManifestError::Rule`] or [`ManifestError::TooLong`] when no reader would accept it.
    pub fn sign(self, key: &SigningKey) -> Result<SignedManifest, ManifestError> {
        self.check()?;
        let bytes = sign1(Namespace::Manifest, key, &cbor::encode(&self));
        if bytes.len() > MANIFEST_BYTES_MAX {
            return Err(ManifestError::TooLong(bytes.len()));
        }
        Ok(SignedManifest {
            bytes,
            manifest: self,
        })
    }
}

fn is_label(text: &str) -> bool {
    (1..=TEXT_CHARS_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// A manifest with its signature, whose form and rules were checked. Whether the signature holds, [`Self::verify`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedManifest {
    bytes: Vec<u8>,
    manifest: Manifest,
}

impl SignedManifest {
    /// Reads the form and the rules, not the signature.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn parse_unverified(bytes: &[u8]) -> Result<Self, ManifestError> {
        if bytes.len() > MANIFEST_BYTES_MAX {
            return Err(ManifestError::TooLong(bytes.len()));
        }
        let peeked = peek1(bytes).map_err(ManifestError::Signature)?;
        let manifest: Manifest = cbor::decode_strict(&peeked.payload, MANIFEST_BYTES_MAX)
            .map_err(ManifestError::Form)?;
        manifest.check()?;
        Ok(Self {
            bytes: bytes.to_vec(),
            manifest,
        })
    }

    /// Proves that the station of `key` signed it.
    ///
    /// # Errors
    /// [`ManifestError::Signature`].
    pub fn verify(self, key: &PublicKey) -> Result<VerifiedManifest, ManifestError> {
        verify1(Namespace::Manifest, key, &self.bytes).map_err(ManifestError::Signature)?;
        Ok(VerifiedManifest(self))
    }

    /// The signed bytes, as they stand at the head of the packet file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What it says.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// SHA-256 of the signed bytes: the name of this version of this packet in receipts and in the chain.
    pub fn digest(&self) -> Sha256Digest {
        sha256(&self.bytes)
    }

    /// Bytes of the whole packet file.
    pub fn packet_length(&self) -> u64 {
        self.bytes.len() as u64 + self.manifest.parts.iter().map(|p| p.length).sum::<u64>()
    }

    /// Where part `index` stands in the packet file; `None` when there is no such part.
    pub fn part_range(&self, index: usize) -> Option<Range<u64>> {
        let part = self.manifest.parts.get(index)?;
        let start = self.bytes.len() as u64
            + self.manifest.parts[..index]
                .iter()
                .map(|p| p.length)
                .sum::<u64>();
        Some(start..start + part.length)
    }
}

/// A manifest whose signature holds. Made by [`SignedManifest::verify`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedManifest(SignedManifest);

impl core::ops::Deref for VerifiedManifest {
    type Target = SignedManifest;
    fn deref(&self) -> &SignedManifest {
        &self.0
    }
}
