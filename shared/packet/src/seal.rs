//! Seal: content and samples become one packet that this station cannot open again.
//!
//! In: a finished enrolment with the keys of operator and station. Out: [`SealedPacket`], the bytes of the file.
//! Never: keeps a content key; each part has a fresh one that is gone when this returns.

use minicbor::bytes::ByteVec;
use qayd_crypto::{
    CryptoRng, Namespace, PartContext, SealError, SealingKey, SigningKey, Suite, cbor, seal_part,
    sha256, sign1,
};
use qayd_model::{
    BiometricException, EnrolmentId, OperatorId, PacketId, PersonalBytes, QualityScore, SampleId,
    SampleKind, Sha256Digest, StationId, UnixMs,
};

use crate::{
    content::{
        Content, Extension, FieldEntry, Padded, SampleEntry, SensitiveEntry, SensitiveFields,
        SignedContent,
    },
    dictionary::Dictionary,
    limits::{
        DEMOGRAPHICS_BYTES_MAX, FIELDS_MAX, PADDING_BYTES, SAMPLE_BYTES_MAX, SENSITIVE_BYTES_MAX,
        SENSITIVE_PADDING_BYTES,
    },
    manifest::{
        DEMOGRAPHICS, FORMAT, Manifest, ManifestError, PartEntry, SENSITIVE, SignedManifest,
        StampedTime,
    },
};

/// Compression level of demographics: fast, and within 2 % of the best on texts this short.
const ZSTD_LEVEL: i32 = 3;

/// What the manifest says beside the parts.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the names of the manifest")]
pub struct Head {
    pub packet: PacketId,
    pub enrolment: EnrolmentId,
    pub version: u32,
    pub station: StationId,
    pub sequence: u64,
    pub previous: Option<Sha256Digest>,
    pub boot_counter: u64,
    pub made: StampedTime,
    pub pack_id: String,
    pub pack_version: u32,
    pub pack_digest: Sha256Digest,
    pub station_kind: String,
    pub home_office: String,
    pub keyring_epoch: u32,
}

/// A sample whose bytes go into this packet, exactly as the device gave them.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the names of `SampleEntry`")]
pub struct NewSample {
    pub id: SampleId,
    pub kind: SampleKind,
    pub media_type: String,
    pub bytes: PersonalBytes,
    pub quality: Option<QualityScore>,
    pub ppi: Option<u16>,
    pub device: Option<String>,
    pub attempts: u16,
    pub captured: UnixMs,
}

/// Somebody who signs the content.
#[derive(Debug, Clone)]
pub struct Signer<'a> {
    /// Who.
    pub id: OperatorId,
    /// Their key.
    pub key: &'a SigningKey,
    /// Their certificate, signed by the station.
    pub certificate: &'a [u8],
}

/// Who can open what.
#[derive(Debug, Clone)]
pub struct Recipients {
    /// Open demographics, portrait and documents.
    pub review: Vec<SealingKey>,
    /// Open fingers.
    pub biometric: Vec<SealingKey>,
    /// Open sensitive answers.
    pub sensitive: Vec<SealingKey>,
}

/// Everything that becomes a packet.
#[derive(Debug)]
pub struct SealRequest<'a> {
    /// What the manifest says.
    pub head: Head,
    /// When the enrolment began.
    pub started: UnixMs,
    /// Fields that are not sensitive, in any order.
    pub fields: Vec<FieldEntry>,
    /// Those that the pack calls sensitive, in any order.
    pub sensitive: Vec<FieldEntry>,
    /// The packet of the version before, whose sensitive answers stand unless they are given anew.
    pub sensitive_in: Option<PacketId>,
    /// Samples of this packet, in any order.
    pub samples: Vec<NewSample>,
    /// Samples that an earlier version holds and that stay as they were.
    pub held: Vec<SampleEntry>,
    /// Fingers that were not captured.
    pub exceptions: Vec<BiometricException>,
    /// Under which the station works, if it does.
    pub extension: Option<Extension>,
    /// Who seals.
    pub operator: Signer<'a>,
    /// Who approved.
    pub supervisor: Option<Signer<'a>>,
    /// The station's key.
    pub station_key: &'a SigningKey,
    /// To whom.
    pub recipients: &'a Recipients,
}

/// A packet ready for the outbox.
#[derive(Debug, Clone)]
pub struct SealedPacket {
    /// The bytes of the packet file.
    pub bytes: Vec<u8>,
    /// Its manifest.
    pub manifest: SignedManifest,
}

/// Why a packet could not be sealed. The draft is unchanged by every one of these.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealPacketError {
    /// A sample is empty or too large.
    #[error("a sample has {0} bytes; 1 to {SAMPLE_BYTES_MAX} are possible")]
    SampleLength(usize),
    /// Too many fields, or one number twice.
    #[error("too many fields, or one field twice")]
    Fields,
    /// The demographics are too large.
    #[error("the demographics have {0} bytes, more than {DEMOGRAPHICS_BYTES_MAX}")]
    DemographicsLength(usize),
    /// The sensitive answers are too large.
    #[error("the sensitive answers have {0} bytes, more than {SENSITIVE_BYTES_MAX}")]
    SensitiveLength(usize),
    /// An exception has no supervisor who signs.
    #[error("an exception needs the signature of the supervisor who approved it")]
    Unapproved,
    /// No opening key, or keys of two suites.
    #[error("the opening keys are missing or of different suites")]
    Suites,
    /// Encryption refused a key.
    #[error("a part could not be sealed")]
    Part(#[source] SealError),
    /// The result would break a limit of the format.
    #[error("the packet would not be accepted")]
    Manifest(#[source] ManifestError),
    /// zstd failed, which it does only without memory.
    #[error("the demographics could not be compressed")]
    Compression(#[source] std::io::Error),
}

impl SealPacketError {
    /// A stable code for logs and documents.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SampleLength(_) => "PKT-20",
            Self::Fields => "PKT-21",
            Self::DemographicsLength(_) => "PKT-22",
            Self::Unapproved => "PKT-23",
            Self::Suites => "PKT-24",
            Self::Part(_) => "PKT-25",
            Self::Manifest(_) => "PKT-26",
            Self::Compression(_) => "PKT-27",
            Self::SensitiveLength(_) => "PKT-28",
        }
    }
}

/// Where a part belongs: it opens under this packet, station, label and format alone.
pub(crate) fn part_context(packet: PacketId, station: StationId, label: &str) -> PartContext {
    let mut commitment = packet.to_bytes().to_vec();
    commitment.extend_from_slice(label.as_bytes());
    PartContext {
        aad: cbor::encode(&("qayd-part-v1", packet, station, label, FORMAT)),
        commitment,
    }
}

struct Class {
    priority: u8,
    stem: &'static str,
    biometric: bool,
    numbered: bool,
}

const fn class_of(kind: &SampleKind) -> Class {
    match kind {
        SampleKind::Portrait => Class {
            priority: 1,
            stem: "portrait",
            biometric: false,
            numbered: false,
        },
        SampleKind::Finger(_) => Class {
            priority: 2,
            stem: "finger",
            biometric: true,
            numbered: true,
        },
        SampleKind::ThumbMark => Class {
            priority: 2,
            stem: "thumb-mark",
            biometric: true,
            numbered: true,
        },
        SampleKind::ExceptionPhoto => Class {
            priority: 3,
            stem: "photo",
            biometric: false,
            numbered: true,
        },
        SampleKind::DocumentPage { .. } => Class {
            priority: 3,
            stem: "document",
            biometric: false,
            numbered: true,
        },
        SampleKind::Signature => Class {
            priority: 3,
            stem: "signature",
            biometric: false,
            numbered: true,
        },
    }
}

/// Seals one version of one enrolment, with the newest dictionary.
///
/// The caller writes the bytes durably before it records that they exist, and never uses the sequence number
/// for other bytes.
///
/// # Errors
/// [`SealPacketError`]; nothing was written.
pub fn seal<R: CryptoRng>(
    request: SealRequest<'_>,
    rng: &mut R,
) -> Result<SealedPacket, SealPacketError> {
    seal_with(Dictionary::default(), request, rng)
}

/// As [`seal`], with a dictionary to choose: how earlier stations sealed, and what a new dictionary is held against.
///
/// # Errors
/// [`SealPacketError`]; nothing was written.
pub fn seal_with<R: CryptoRng>(
    dictionary: Dictionary,
    request: SealRequest<'_>,
    rng: &mut R,
) -> Result<SealedPacket, SealPacketError> {
    let SealRequest {
        head,
        started,
        mut fields,
        mut sensitive,
        sensitive_in,
        mut samples,
        held,
        exceptions,
        extension,
        operator,
        supervisor,
        station_key,
        recipients,
    } = request;
    if !exceptions.is_empty() && supervisor.is_none() {
        return Err(SealPacketError::Unapproved);
    }
    fields.sort_by_key(|f| f.number);
    sensitive.sort_by_key(|f| f.number);
    let mut numbers: Vec<u32> = fields.iter().chain(&sensitive).map(|f| f.number).collect();
    numbers.sort_unstable();
    if numbers.len() > FIELDS_MAX || numbers.windows(2).any(|w| w[0] == w[1]) {
        return Err(SealPacketError::Fields);
    }
    let suite = single_suite(recipients)?;

    samples.sort_by(|a, b| {
        (class_of(&a.kind).priority, &a.kind).cmp(&(class_of(&b.kind).priority, &b.kind))
    });
    let mut parts = Vec::with_capacity(samples.len());
    let mut entries = Vec::with_capacity(samples.len() + held.len());
    let mut running = std::collections::BTreeMap::new();
    for sample in &samples {
        let bytes = sample.bytes.expose();
        if bytes.is_empty() || bytes.len() > SAMPLE_BYTES_MAX {
            return Err(SealPacketError::SampleLength(bytes.len()));
        }
        let class = class_of(&sample.kind);
        let n = running
            .entry(class.stem)
            .and_modify(|n| *n += 1)
            .or_insert(1);
        let label = if class.numbered {
            format!("{}-{n}", class.stem)
        } else {
            class.stem.to_owned()
        };
        let keys = if class.biometric {
            &recipients.biometric
        } else {
            &recipients.review
        };
        let sealed = seal_part(
            rng,
            &part_context(head.packet, head.station, &label),
            bytes,
            keys,
        )
        .map_err(SealPacketError::Part)?;
        entries.push(SampleEntry {
            id: sample.id,
            kind: sample.kind.clone(),
            part: label.clone(),
            held_in: None,
            media_type: sample.media_type.clone(),
            length: bytes.len() as u64,
            sha256: sha256(bytes),
            quality: sample.quality.clone(),
            ppi: sample.ppi,
            device: sample.device.clone(),
            attempts: sample.attempts,
            captured: sample.captured,
        });
        parts.push((part_entry(label, class.priority, &sealed, keys), sealed));
    }
    entries.extend(held);

    let seal_text = |rng: &mut R, label: &str, plaintext: &[u8], keys: &[SealingKey]| {
        let context = part_context(head.packet, head.station, label);
        let sealed = seal_part(rng, &context, plaintext, keys).map_err(SealPacketError::Part)?;
        Ok((part_entry(label.to_owned(), 0, &sealed, keys), sealed))
    };
    let plaintext = sensitive_plaintext(sensitive)?;
    let sensitive = SensitiveEntry {
        length: plaintext.len() as u64,
        sha256: sha256(&plaintext),
        held_in: sensitive_in,
    };
    let apart = seal_text(rng, SENSITIVE, &plaintext, &recipients.sensitive)?;
    let content = Content {
        format: FORMAT,
        packet: head.packet,
        enrolment: head.enrolment,
        version: head.version,
        station: head.station,
        pack_id: head.pack_id.clone(),
        pack_version: head.pack_version,
        pack_digest: head.pack_digest,
        home_office: head.home_office.clone(),
        operator: operator.id,
        supervisor: supervisor.as_ref().map(|s| s.id),
        started,
        sealed: head.made.raw,
        fields,
        samples: entries,
        exceptions,
        extension,
        sensitive,
    };
    let plaintext = demographics_plaintext(dictionary, &content, &operator, supervisor.as_ref())?;
    let demographics = seal_text(rng, DEMOGRAPHICS, &plaintext, &recipients.review)?;
    parts.splice(0..0, [demographics, apart]);

    let manifest = Manifest {
        format: FORMAT,
        suite,
        packet: head.packet,
        enrolment: head.enrolment,
        version: head.version,
        station: head.station,
        sequence: head.sequence,
        previous: head.previous,
        boot_counter: head.boot_counter,
        made: head.made,
        pack_id: head.pack_id,
        pack_version: head.pack_version,
        pack_digest: head.pack_digest,
        station_kind: head.station_kind,
        home_office: head.home_office,
        keyring_epoch: head.keyring_epoch,
        parts: parts.iter().map(|(entry, _)| entry.clone()).collect(),
    }
    .sign(station_key)
    .map_err(SealPacketError::Manifest)?;
    let mut bytes = Vec::with_capacity(manifest.packet_length() as usize);
    bytes.extend_from_slice(manifest.bytes());
    for (_, sealed) in &parts {
        bytes.extend_from_slice(sealed);
    }
    Ok(SealedPacket { bytes, manifest })
}

fn single_suite(recipients: &Recipients) -> Result<Suite, SealPacketError> {
    let classes = [
        &recipients.review,
        &recipients.biometric,
        &recipients.sensitive,
    ];
    let suite = classes[0].first().ok_or(SealPacketError::Suites)?.suite;
    let fits =
        |keys: &&Vec<SealingKey>| !keys.is_empty() && keys.iter().all(|key| key.suite == suite);
    if classes.iter().all(fits) {
        Ok(suite)
    } else {
        Err(SealPacketError::Suites)
    }
}

fn part_entry(label: String, priority: u8, sealed: &[u8], keys: &[SealingKey]) -> PartEntry {
    PartEntry {
        label,
        priority,
        length: sealed.len() as u64,
        sha256: sha256(sealed),
        recipients: keys.iter().map(SealingKey::key_id).collect(),
    }
}

fn demographics_plaintext(
    dictionary: Dictionary,
    content: &Content,
    operator: &Signer<'_>,
    supervisor: Option<&Signer<'_>>,
) -> Result<qayd_crypto::Zeroizing<Vec<u8>>, SealPacketError> {
    let bytes = qayd_crypto::Zeroizing::new(cbor::encode(content));
    let signed = SignedContent {
        operator: sign1(Namespace::OperatorContent, operator.key, &bytes).into(),
        operator_certificate: operator.certificate.to_vec().into(),
        supervisor: supervisor
            .map(|s| sign1(Namespace::SupervisorContent, s.key, &sha256(&bytes).0).into()),
        supervisor_certificate: supervisor.map(|s| s.certificate.to_vec().into()),
    };
    let signed = qayd_crypto::Zeroizing::new(cbor::encode(&signed));
    if signed.len() > DEMOGRAPHICS_BYTES_MAX {
        return Err(SealPacketError::DemographicsLength(signed.len()));
    }
    let frame = zstd::bulk::Compressor::with_dictionary(ZSTD_LEVEL, dictionary.bytes())
        .and_then(|mut compressor| compressor.compress(&signed))
        .map_err(SealPacketError::Compression)?;
    let frame: ByteVec = frame.into();
    Ok(padded(PADDING_BYTES, |padding| {
        cbor::encode(&Padded {
            dictionary: dictionary.id(),
            frame: frame.clone(),
            padding,
        })
    }))
}

fn sensitive_plaintext(
    fields: Vec<FieldEntry>,
) -> Result<qayd_crypto::Zeroizing<Vec<u8>>, SealPacketError> {
    let bytes = padded(SENSITIVE_PADDING_BYTES, |padding| {
        cbor::encode(&SensitiveFields {
            fields: fields.clone(),
            padding,
        })
    });
    if bytes.len() > SENSITIVE_BYTES_MAX {
        return Err(SealPacketError::SensitiveLength(bytes.len()));
    }
    Ok(bytes)
}

/// What `encode` makes of so many zeros that the result is a multiple of `step_bytes`.
fn padded(
    step_bytes: usize,
    encode: impl Fn(ByteVec) -> Vec<u8>,
) -> qayd_crypto::Zeroizing<Vec<u8>> {
    let with = |fill: usize| qayd_crypto::Zeroizing::new(encode(vec![0; fill].into()));
    let bare_bytes = with(0).len();
    let mut target_bytes = bare_bytes.next_multiple_of(step_bytes);
    loop {
        // The head of the padding grows with it, by so much; where no number of zeros fits, the next multiple does.
        for head_bytes in [0, 1, 2, 4] {
            let fill = (target_bytes - bare_bytes).checked_sub(head_bytes);
            if let Some(out) = fill.map(with)
                && out.len() == target_bytes
            {
                return out;
            }
        }
        target_bytes += step_bytes;
    }
}
