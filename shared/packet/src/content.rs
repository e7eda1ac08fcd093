//! The content: what the operator signs. It travels inside the demographics part, the sensitive answers beside it.
//!
//! In: fields of a pack, samples, exceptions. Out: one deterministic CBOR form with integer keys.
//! Never: outside an encrypted part or an encrypted store.

use minicbor::{Decode, Encode, bytes::ByteVec};
use qayd_model::{
    BiometricException, EnrolmentId, OperatorId, PacketId, QualityScore, SampleId, SampleKind,
    Sha256Digest, StationId, UnixMs,
    value::{Source, Value},
};

/// One field as entered.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FieldEntry {
    /// The field's number in the pack.
    #[n(1)]
    pub number: u32,
    /// Its value.
    #[n(2)]
    pub value: Value,
    /// Where the value came from.
    #[n(3)]
    pub source: Source,
    /// When it was entered, by the station's clock.
    #[n(4)]
    pub entered: UnixMs,
    /// Who entered it.
    #[n(5)]
    pub operator: OperatorId,
}

/// One sample: where its bytes are and what they must hash to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SampleEntry {
    /// Its id.
    #[n(1)]
    pub id: SampleId,
    /// What it is of.
    #[n(2)]
    pub kind: SampleKind,
    /// Label of the part that holds it.
    #[n(3)]
    pub part: String,
    /// The earlier packet of this enrolment whose part it is, when its bytes were not sent again.
    #[n(4)]
    pub held_in: Option<PacketId>,
    /// Media type of the bytes, such as `image/png`.
    #[n(5)]
    pub media_type: String,
    /// Bytes of the sample.
    #[n(6)]
    pub length: u64,
    /// SHA-256 of the sample.
    #[n(7)]
    pub sha256: Sha256Digest,
    /// Its quality, with who says so.
    #[n(8)]
    pub quality: Option<QualityScore>,
    /// Pixels per inch, when the device or its profile says.
    #[n(9)]
    pub ppi: Option<u16>,
    /// Profile id and serial number of the device, `folder` for an import.
    #[n(10)]
    pub device: Option<String>,
    /// Attempts made for it, from 1.
    #[n(11)]
    pub attempts: u16,
    /// When it was captured, by the station's clock.
    #[n(12)]
    pub captured: UnixMs,
}

/// The sensitive answers, which the demographics do not hold: what their part must hash to, and what it leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SensitiveEntry {
    /// Bytes of the part's plaintext.
    #[n(1)]
    pub length: u64,
    /// SHA-256 of the part's plaintext.
    #[n(2)]
    pub sha256: Sha256Digest,
    /// The packet of this enrolment's version before: what is not answered anew stands there.
    #[n(3)]
    pub held_in: Option<PacketId>,
}

/// A supervisor's leave to begin enrolments past what policy allows without contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Extension {
    /// Days without the centre that are allowed in all, where these were extended.
    #[n(1)]
    pub offline_days: Option<u32>,
    /// Unsent packets that are allowed in all, where these were extended.
    #[n(2)]
    pub packets: Option<u32>,
    /// Who gave it last.
    #[n(3)]
    pub supervisor: OperatorId,
    /// When, by the station's clock.
    #[n(4)]
    pub granted: UnixMs,
}

/// Everything an operator vouches for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
#[allow(
    missing_docs,
    reason = "the same names as in the manifest, which must agree"
)]
pub struct Content {
    #[n(1)]
    pub format: u16,
    #[n(2)]
    pub packet: PacketId,
    #[n(3)]
    pub enrolment: EnrolmentId,
    #[n(4)]
    pub version: u32,
    #[n(5)]
    pub station: StationId,
    #[n(6)]
    pub pack_id: String,
    #[n(7)]
    pub pack_version: u32,
    #[n(8)]
    pub pack_digest: Sha256Digest,
    #[n(9)]
    pub home_office: String,
    /// Who sealed it.
    #[n(10)]
    pub operator: OperatorId,
    /// Who approved its exceptions; required when there are any.
    #[n(11)]
    pub supervisor: Option<OperatorId>,
    /// When the enrolment began, by the station's clock.
    #[n(12)]
    pub started: UnixMs,
    /// When it was sealed, by the station's clock.
    #[n(13)]
    pub sealed: UnixMs,
    /// Those that are not sensitive, in ascending order of their numbers.
    #[n(14)]
    pub fields: Vec<FieldEntry>,
    #[n(15)]
    pub samples: Vec<SampleEntry>,
    #[n(16)]
    pub exceptions: Vec<BiometricException>,
    /// Under which a station worked that had passed a limit of its policy.
    #[n(17)]
    pub extension: Option<Extension>,
    /// The answers under a key of their own. The entry is there, and so is the part, whether there are any or none.
    #[n(18)]
    pub sensitive: SensitiveEntry,
}

/// What stands in the demographics part, before compression.
#[derive(Encode, Decode)]
#[cbor(map)]
pub(crate) struct SignedContent {
    /// COSE_Sign1 by the operator over the content.
    #[n(1)]
    pub operator: ByteVec,
    /// The operator's certificate.
    #[n(2)]
    pub operator_certificate: ByteVec,
    /// COSE_Sign1 by the supervisor over the SHA-256 of the content.
    #[n(3)]
    pub supervisor: Option<ByteVec>,
    /// The supervisor's certificate.
    #[n(4)]
    pub supervisor_certificate: Option<ByteVec>,
}

/// The plaintext of the demographics part.
#[derive(Encode, Decode)]
#[cbor(map)]
pub(crate) struct Padded {
    /// Id of the [`crate::Dictionary`] the frame was compressed with; 0 is none.
    #[n(1)]
    pub dictionary: u8,
    /// A zstd frame (RFC 8878) of the signed content.
    #[n(2)]
    pub frame: ByteVec,
    /// Zeros up to the next multiple of 256 bytes.
    #[n(3)]
    pub padding: ByteVec,
}

/// The plaintext of the sensitive part.
#[derive(Encode, Decode)]
#[cbor(map)]
pub(crate) struct SensitiveFields {
    /// In ascending order of their numbers.
    #[n(1)]
    pub fields: Vec<FieldEntry>,
    /// Zeros up to the next multiple of 512 bytes.
    #[n(2)]
    pub padding: ByteVec,
}
