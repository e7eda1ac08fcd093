//! CBEFF: biometric records as XML, ISO/IEC 19785-3 patron format of edition 2 with MOSIP's element `others`.
//!
//! In: an XML document, or a [`Bir`]. Out: the other. Owns: the order and the names of elements.
//! Never: expands an entity of the document's own, follows a reference, or goes deeper than [`DEPTH_MAX`].
//!
//! A BIR holds further BIRs, or a biometric data block (BDB: a record of [`crate::record`], or an image) with a
//! description. A value is read strictly by the schema: an unknown element, a second one, one out of order or of another
//! namespace is refused by name.
//!
//! Writing is canonical, reading is not picky about the rest. What changes between the document that was read and the
//! one that is written, and nothing else:
//!
//! 1. white space between elements, comments and processing instructions are left out;
//! 2. the namespace is the default one, without prefix; `xsi:nil` and `xsi:schemaLocation` are left out;
//! 3. `1` and `0` of a truth value become `true` and `false`, numbers lose leading zeros, lists have one blank between;
//! 4. base64 loses its line breaks;
//! 5. an empty `Type` is left out;
//! 6. character references and CDATA become plain text, with the five predefined entities where XML needs them.
//!
//! A canonical document leads back to its own bytes.

mod read;
mod tree;
mod write;

use qayd_model::{FingerPosition, Remedy};

/// The namespace of every element.
pub const NAMESPACE: &str = "http://standards.iso.org/iso-iec/19785/-3/ed-2/";
/// Longest document that is read: 64 MiB.
pub const DOCUMENT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Deepest nesting of elements.
pub const DEPTH_MAX: usize = 16;
/// Most elements of a document.
pub const ELEMENTS_MAX: usize = 20_000;

/// Registered owner and type of ISO/IEC JTC 1/SC 37 for the data blocks this crate reads: organisation 257 is SC 37.
pub const SC37: &str = "257";
/// Format types of [`SC37`]: 7 finger image, 8 face image, 9 iris image, 2 finger minutiae.
pub const FINGER_IMAGE_FORMAT: &str = "7";
/// See [`FINGER_IMAGE_FORMAT`].
pub const FACE_IMAGE_FORMAT: &str = "8";
/// See [`FINGER_IMAGE_FORMAT`].
pub const FINGER_MINUTIAE_FORMAT: &str = "2";

/// Why a document is not a BIR, or a BIR cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CbeffError {
    /// Longer than any document.
    #[error("{0} bytes are more than a document may have")]
    TooLarge(u64),
    /// Nested too deeply.
    #[error("elements are nested deeper than {DEPTH_MAX}")]
    TooDeep,
    /// Too many elements.
    #[error("the document has more than {ELEMENTS_MAX} elements")]
    TooMany,
    /// A document type declaration: this is where entity bombs are.
    #[error("a document type declaration is not allowed")]
    DocumentType,
    /// Not well-formed XML, or not UTF-8.
    #[error("not well-formed XML at byte {0}")]
    NotXml(u64),
    /// An element of another namespace.
    #[error("element {0} is not in the CBEFF namespace")]
    Namespace(String),
    /// An element that has no place there, or stands twice.
    #[error("element {element} has no place in {within}")]
    Unexpected {
        /// Its name, at most 64 characters of it.
        element: String,
        /// The element around it.
        within: &'static str,
    },
    /// An element that must be there.
    #[error("element {element} is missing in {within}")]
    Missing {
        /// Its name.
        element: &'static str,
        /// The element around it.
        within: &'static str,
    },
    /// A value the schema does not allow.
    #[error("element {0} has a value that is not allowed")]
    Value(&'static str),
}

impl CbeffError {
    /// Stable code for logs and messages.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "CBF-01",
            Self::TooDeep => "CBF-02",
            Self::TooMany => "CBF-03",
            Self::DocumentType => "CBF-04",
            Self::NotXml(_) => "CBF-05",
            Self::Namespace(_) => "CBF-06",
            Self::Unexpected { .. } => "CBF-07",
            Self::Missing { .. } => "CBF-08",
            Self::Value(_) => "CBF-09",
        }
    }

    /// Who can do something about it: whoever made the file.
    pub const fn remedy(&self) -> Remedy {
        Remedy::OperatorActs
    }
}

/// A biometric information record. Elements in the schema's order.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bir {
    /// Version of the patron format.
    pub version: Option<Version>,
    /// Version of CBEFF.
    pub cbeff_version: Option<Version>,
    /// About the record.
    pub info: BirInfo,
    /// About the data block.
    pub block_info: Option<BlockInfo>,
    /// Format of the security block; the outer option is the element around it.
    pub security_format: Option<Option<RegistryId>>,
    /// Records within this one.
    pub records: Vec<Bir>,
    /// The biometric data block.
    pub block: Option<Vec<u8>>,
    /// The security block: a signature.
    pub security_block: Option<Vec<u8>>,
    /// MOSIP's further entries, one list for each element `others`.
    pub others: Vec<Vec<(String, String)>>,
}

impl core::fmt::Debug for Bir {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "Bir({} records, {} bytes)",
            self.records.len(),
            self.block.as_ref().map_or(0, Vec::len)
        )
    }
}

/// Major and minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Version {
    pub major: u32,
    pub minor: u32,
}

/// Who registered a format or algorithm, and its number there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct RegistryId {
    pub organisation: String,
    pub kind: String,
}

/// A time as the document has it (`xs:dateTime`): shape checked, calendar not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateTime(String);

impl DateTime {
    /// From text such as `2026-03-01T10:00:31.377Z`.
    pub fn parse(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        let shape = b"dddd-dd-ddTdd:dd:dd";
        let matches = b.len() >= shape.len()
            && b.len() <= 48
            && shape.iter().zip(b).all(|(s, c)| match s {
                b'd' => c.is_ascii_digit(),
                _ => s == c,
            });
        let zone = |z: &[u8]| match z {
            b"" | b"Z" => true,
            [b'+' | b'-', a, b, b':', c, d] => [a, b, c, d].iter().all(|c| c.is_ascii_digit()),
            _ => false,
        };
        let rest = b.get(shape.len()..)?;
        let rest_is_right = match rest.strip_prefix(b".") {
            None => zone(rest),
            Some(fraction) => {
                let digits = fraction.iter().take_while(|c| c.is_ascii_digit()).count();
                digits > 0 && zone(&fraction[digits..])
            }
        };
        (matches && rest_is_right).then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// About a record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BirInfo {
    /// Who made it.
    pub creator: Option<String>,
    /// A UUID.
    pub index: Option<String>,
    /// The creator's own bytes.
    pub payload: Option<Vec<u8>>,
    /// Is it protected against change?
    pub integrity: bool,
    /// When it was made.
    pub created: Option<DateTime>,
    /// Not valid before.
    pub not_before: Option<DateTime>,
    /// Not valid after.
    pub not_after: Option<DateTime>,
}

/// About a data block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlockInfo {
    /// Challenge or response.
    pub challenge_response: Option<Vec<u8>>,
    /// A UUID.
    pub index: Option<String>,
    /// What the block is, see [`SC37`].
    pub format: Option<RegistryId>,
    /// Is the block encrypted?
    pub encryption: Option<bool>,
    /// When it was made.
    pub created: Option<DateTime>,
    /// Not valid before.
    pub not_before: Option<DateTime>,
    /// Not valid after.
    pub not_after: Option<DateTime>,
    /// What of the body: names of [`TYPES`].
    pub types: Vec<String>,
    /// Which one: names of [`SUBTYPES`], such as `Left` and `IndexFinger`; outer option: is the element there?
    pub subtypes: Option<Vec<String>>,
    /// `Raw`, `Intermediate` or `Processed`.
    pub level: Option<String>,
    /// What made the block.
    pub product: Option<RegistryId>,
    /// What captured it.
    pub capture_device: Option<RegistryId>,
    /// What extracted it.
    pub extraction: Option<RegistryId>,
    /// What it is compared with.
    pub comparison: Option<RegistryId>,
    /// What compressed it.
    pub compression: Option<RegistryId>,
    /// `Enroll`, `Verify`, `Identify`, `EnrollVerify`, `EnrollIdentify` or `Audit`.
    pub purpose: Option<String>,
    /// How good it is.
    pub quality: Option<BlockQuality>,
}

/// Quality of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockQuality {
    /// Who computed it, and how.
    pub algorithm: RegistryId,
    /// 0 to 100, or why it could not be computed.
    pub score: Result<u8, String>,
}

/// Names of `Type` the schema allows. The blank behind `Ear` is the schema's; a list cannot hold it, so that ears are
/// read without it.
pub const TYPES: [&str; 19] = [
    "Scent",
    "DNA",
    "Ear",
    "Face",
    "Finger",
    "Foot",
    "HandGeometry",
    "Vein",
    "Iris",
    "Retina",
    "Voice",
    "Gait",
    "Keystroke",
    "LipMovement",
    "SignatureSign",
    "Palm",
    "BackOfHand",
    "Wrist",
    "ExceptionPhoto",
];

/// Names of `Subtype` the schema allows.
pub const SUBTYPES: [&str; 14] = [
    "Left",
    "Right",
    "Thumb",
    "IndexFinger",
    "MiddleFinger",
    "RingFinger",
    "LittleFinger",
    "LeftVein",
    "RightVein",
    "Palm",
    "BackOfHand",
    "Wrist",
    "Reserved1",
    "Reserved2",
];

const LEVELS: [&str; 3] = ["Raw", "Intermediate", "Processed"];
const PURPOSES: [&str; 6] = [
    "Verify",
    "Identify",
    "Enroll",
    "EnrollVerify",
    "EnrollIdentify",
    "Audit",
];

/// `Subtype` of a finger: hand and name.
pub fn finger_subtypes(position: FingerPosition) -> [&'static str; 2] {
    let name = match (position.code() - 1) % 5 {
        0 => "Thumb",
        1 => "IndexFinger",
        2 => "MiddleFinger",
        3 => "RingFinger",
        _ => "LittleFinger",
    };
    match position.hand() {
        qayd_model::Hand::Left => ["Left", name],
        qayd_model::Hand::Right => ["Right", name],
    }
}

impl Bir {
    /// Reads a document.
    ///
    /// # Errors
    /// [`CbeffError`]; a document of any length makes no more than its own bytes and [`ELEMENTS_MAX`] elements.
    pub fn parse(document: &[u8]) -> Result<Self, CbeffError> {
        read::bir(tree::parse(document)?, 0)
    }

    /// The canonical document.
    ///
    /// # Errors
    /// [`CbeffError::Value`] for a field the schema does not allow, [`CbeffError::TooDeep`].
    pub fn to_xml(&self) -> Result<String, CbeffError> {
        write::document(self)
    }

    /// The finger a data block is of, by `Type` and `Subtype`; `None` for anything but one finger.
    pub fn finger(&self) -> Option<FingerPosition> {
        let info = self.block_info.as_ref()?;
        let subtypes = info.subtypes.as_ref()?;
        if info.types != ["Finger"] || subtypes.len() != 2 {
            return None;
        }
        FingerPosition::ALL.into_iter().find(|position| {
            finger_subtypes(*position)
                .iter()
                .all(|name| subtypes.iter().any(|s| s == name))
        })
    }

    /// A record of one finger: `block` is an FIR, or an FMR with [`FINGER_MINUTIAE_FORMAT`].
    pub fn of_finger(position: FingerPosition, format: &str, block: Vec<u8>) -> Self {
        let minutiae = format == FINGER_MINUTIAE_FORMAT;
        Self {
            block_info: Some(BlockInfo {
                format: Some(RegistryId {
                    organisation: SC37.to_owned(),
                    kind: format.to_owned(),
                }),
                types: vec!["Finger".to_owned()],
                subtypes: Some(
                    finger_subtypes(position)
                        .iter()
                        .map(|s| (*s).to_owned())
                        .collect(),
                ),
                level: Some(if minutiae { "Processed" } else { "Raw" }.to_owned()),
                purpose: Some("Enroll".to_owned()),
                ..BlockInfo::default()
            }),
            block: Some(block),
            ..Self::default()
        }
    }

    /// A record around others, of version 1.1 of patron format and CBEFF, as MOSIP writes it.
    pub fn around(records: Vec<Self>) -> Self {
        let version = Some(Version { major: 1, minor: 1 });
        Self {
            version,
            cbeff_version: version,
            records,
            ..Self::default()
        }
    }
}
