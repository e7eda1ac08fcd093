//! Open: read a packet at the centre, with an opening key.
//!
//! In: a [`VerifiedPacket`] and opening keys. Out: the content, once the operator's signature held, and samples.
//! Never: gives out content before its signer is proved, or a sample whose digest the operator did not sign.

use qayd_crypto::{
    Namespace, OpenError, OpeningKey, PublicKey, SignatureError, Zeroizing, cbor, open_part,
    sha256, verify1,
};
use qayd_model::{PersonalBytes, Sha256Digest};

use crate::{
    content::{
        Content, FieldEntry, Padded, SampleEntry, SensitiveEntry, SensitiveFields, SignedContent,
    },
    dictionary::{Dictionary, UnknownDictionary},
    limits::{
        DEMOGRAPHICS_BYTES_MAX, FIELDS_MAX, INFLATE_FREE_BYTES, INFLATE_RATIO_MAX, PADDING_BYTES,
        SENSITIVE_BYTES_MAX, SENSITIVE_PADDING_BYTES,
    },
    manifest::{DEMOGRAPHICS, Manifest, SENSITIVE},
    seal::part_context,
    verify::VerifiedPacket,
};

/// Why a verified packet could not be read. The packet stays as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenPacketError {
    /// There is no such part.
    #[error("there is no part {0}")]
    NoPart(String),
    /// A part did not open.
    #[error("part {label} did not open")]
    Part {
        /// Which.
        label: String,
        /// Why.
        source: OpenError,
    },
    /// What came out is not what such a part holds.
    #[error("the answers are not in the expected form")]
    Form,
    /// It would inflate past the limit.
    #[error("the demographics would inflate past the limit")]
    Inflates,
    /// Compressed with a dictionary this version does not have.
    #[error("the demographics need a dictionary that is not here")]
    Dictionary(#[source] UnknownDictionary),
    /// The operator's or supervisor's signature does not hold.
    #[error("the signature of the operator or the supervisor was refused")]
    Signature(#[source] SignatureError),
    /// Exceptions without a supervisor, or a supervisor who did not sign.
    #[error("the supervisor's signature is missing")]
    Unapproved,
    /// Content and manifest speak of different things.
    #[error("content and manifest disagree: {0}")]
    Disagrees(&'static str),
    /// A part's bytes are not the ones the operator signed.
    #[error("what is in part {0} differs from the digest the operator signed")]
    SampleDigest(String),
}

impl OpenPacketError {
    /// A stable code for logs and documents.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoPart(_) => "PKT-30",
            Self::Part { .. } => "PKT-31",
            Self::Form => "PKT-32",
            Self::Inflates => "PKT-33",
            Self::Dictionary(_) => "PKT-34",
            Self::Signature(_) => "PKT-35",
            Self::Unapproved => "PKT-36",
            Self::Disagrees(_) => "PKT-37",
            Self::SampleDigest(_) => "PKT-38",
        }
    }
}

/// Opened demographics whose signers are not proved yet. The certificates say who they claim to be; once those
/// are verified against the station's certificate, [`Self::verify`] gives the content.
pub struct Demographics {
    signed: SignedContent,
    manifest: Manifest,
}

impl Demographics {
    /// The operator's certificate, signed by the station.
    pub fn operator_certificate(&self) -> &[u8] {
        &self.signed.operator_certificate
    }

    /// The supervisor's certificate, if a supervisor signed.
    pub fn supervisor_certificate(&self) -> Option<&[u8]> {
        self.signed
            .supervisor_certificate
            .as_ref()
            .map(|bytes| bytes.as_slice())
    }

    /// What the frame holds, unproved: what dictionaries are trained on.
    pub fn before_compression(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(cbor::encode(&self.signed))
    }

    /// The content, with the keys of the two certificates.
    ///
    /// # Errors
    /// [`OpenPacketError`]: a signature, a missing approval, or content that speaks of another packet.
    pub fn verify(
        &self,
        operator_key: &PublicKey,
        supervisor_key: Option<&PublicKey>,
    ) -> Result<Content, OpenPacketError> {
        let bytes = Zeroizing::new(
            verify1(
                Namespace::OperatorContent,
                operator_key,
                &self.signed.operator,
            )
            .map_err(OpenPacketError::Signature)?,
        );
        let content: Content = cbor::decode_strict(&bytes, DEMOGRAPHICS_BYTES_MAX)
            .map_err(|_| OpenPacketError::Form)?;
        match (&self.signed.supervisor, supervisor_key) {
            (Some(signature), Some(key)) => {
                let digest = verify1(Namespace::SupervisorContent, key, signature)
                    .map_err(OpenPacketError::Signature)?;
                if digest != sha256(&bytes).0 {
                    return Err(OpenPacketError::Unapproved);
                }
            }
            (None, None) if content.supervisor.is_none() && content.exceptions.is_empty() => {}
            _ => return Err(OpenPacketError::Unapproved),
        }
        agree(&content, &self.manifest)?;
        Ok(content)
    }
}

fn agree(content: &Content, manifest: &Manifest) -> Result<(), OpenPacketError> {
    let same = |holds: bool, what: &'static str| {
        if holds {
            Ok(())
        } else {
            Err(OpenPacketError::Disagrees(what))
        }
    };
    same(content.format == manifest.format, "format")?;
    same(content.packet == manifest.packet, "packet")?;
    same(content.enrolment == manifest.enrolment, "enrolment")?;
    same(content.version == manifest.version, "version")?;
    same(content.station == manifest.station, "station")?;
    same(
        content.pack_id == manifest.pack_id && content.pack_version == manifest.pack_version,
        "pack",
    )?;
    same(content.pack_digest == manifest.pack_digest, "pack digest")?;
    same(content.home_office == manifest.home_office, "home office")?;
    same(content.fields.len() <= FIELDS_MAX, "number of fields")?;
    same(
        content.fields.is_sorted_by(|a, b| a.number < b.number),
        "order of fields",
    )?;
    let here = content.samples.iter().filter(|s| s.held_in.is_none());
    same(
        here.clone().count() == manifest.parts.len() - 2,
        "number of samples",
    )?;
    for part in &manifest.parts[2..] {
        same(
            here.clone().filter(|s| s.part == part.label).count() == 1,
            "a part without its sample",
        )?;
    }
    same(
        content
            .samples
            .iter()
            .all(|s| s.held_in != Some(content.packet)),
        "a sample held in its own packet",
    )?;
    same(
        content.sensitive.held_in.is_none() == (content.version == 1)
            && content.sensitive.held_in != Some(content.packet),
        "the packet whose sensitive answers stand",
    )
}

fn open_labelled(
    keys: &[OpeningKey],
    packet: &VerifiedPacket<'_>,
    label: &str,
) -> Result<Zeroizing<Vec<u8>>, OpenPacketError> {
    let manifest = packet.manifest().manifest();
    let bytes = packet
        .part(label)
        .ok_or_else(|| OpenPacketError::NoPart(label.to_owned()))?;
    open_part(
        keys,
        &part_context(manifest.packet, manifest.station, label),
        bytes,
    )
    .map_err(|source| OpenPacketError::Part {
        label: label.to_owned(),
        source,
    })
}

/// Opens the demographics part.
///
/// # Errors
/// [`OpenPacketError`].
pub fn open_demographics(
    keys: &[OpeningKey],
    packet: &VerifiedPacket<'_>,
) -> Result<Demographics, OpenPacketError> {
    let plaintext = open_labelled(keys, packet, DEMOGRAPHICS)?;
    let padded: Padded = cbor::decode_strict(&plaintext, DEMOGRAPHICS_BYTES_MAX)
        .map_err(|_| OpenPacketError::Form)?;
    if !is_padded(&plaintext, &padded.padding, PADDING_BYTES) {
        return Err(OpenPacketError::Form);
    }
    let dictionary = Dictionary::from_id(padded.dictionary).map_err(OpenPacketError::Dictionary)?;
    let signed = Zeroizing::new(inflate(dictionary, &padded.frame)?);
    let signed =
        cbor::decode_strict(&signed, DEMOGRAPHICS_BYTES_MAX).map_err(|_| OpenPacketError::Form)?;
    Ok(Demographics {
        signed,
        manifest: packet.manifest().manifest().clone(),
    })
}

/// The limit counts the frame alone: a dictionary makes nothing honest inflate further than it does without.
pub(crate) fn inflate(dictionary: Dictionary, frame: &[u8]) -> Result<Vec<u8>, OpenPacketError> {
    if zstd::zstd_safe::get_dict_id_from_frame(frame) != dictionary.frame_id() {
        return Err(OpenPacketError::Form);
    }
    let limit = (frame.len() * INFLATE_RATIO_MAX).clamp(INFLATE_FREE_BYTES, DEMOGRAPHICS_BYTES_MAX);
    zstd::bulk::Decompressor::with_dictionary(dictionary.bytes())
        .and_then(|mut decompressor| decompressor.decompress(frame, limit))
        .map_err(|_| OpenPacketError::Inflates)
}

/// Opens one sample of this packet and proves it to be the one the operator signed.
///
/// # Errors
/// [`OpenPacketError`]; for a sample that an earlier packet holds, open it from that packet.
pub fn open_sample(
    keys: &[OpeningKey],
    packet: &VerifiedPacket<'_>,
    entry: &SampleEntry,
) -> Result<PersonalBytes, OpenPacketError> {
    let plaintext = open_labelled(keys, packet, &entry.part)?;
    let found: Sha256Digest = sha256(&plaintext);
    if found != entry.sha256 || plaintext.len() as u64 != entry.length {
        return Err(OpenPacketError::SampleDigest(entry.part.clone()));
    }
    Ok(PersonalBytes::new(plaintext.to_vec()))
}

/// Opens the sensitive answers that were given in this packet and proves them to be those the operator signed. Where
/// `entry` names an earlier packet, its answers stand beside them, each unless it is given here: the caller opens that
/// packet too.
///
/// # Errors
/// [`OpenPacketError`].
pub fn open_sensitive(
    keys: &[OpeningKey],
    packet: &VerifiedPacket<'_>,
    entry: &SensitiveEntry,
) -> Result<Vec<FieldEntry>, OpenPacketError> {
    let plaintext = open_labelled(keys, packet, SENSITIVE)?;
    if sha256(&plaintext) != entry.sha256 || plaintext.len() as u64 != entry.length {
        return Err(OpenPacketError::SampleDigest(SENSITIVE.to_owned()));
    }
    let SensitiveFields { fields, padding } =
        cbor::decode_strict(&plaintext, SENSITIVE_BYTES_MAX).map_err(|_| OpenPacketError::Form)?;
    let ordered = fields.is_sorted_by(|a, b| a.number < b.number);
    if !ordered || !is_padded(&plaintext, &padding, SENSITIVE_PADDING_BYTES) {
        return Err(OpenPacketError::Form);
    }
    Ok(fields)
}

fn is_padded(plaintext: &[u8], padding: &[u8], step_bytes: usize) -> bool {
    plaintext.len().is_multiple_of(step_bytes) && padding.iter().all(|b| *b == 0)
}
