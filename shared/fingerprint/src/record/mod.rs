//! Records: biometric data as standards write it, read and written byte for byte.
//!
//! In: bytes of a record. Out: a type per edition with every field as it was given, and its bytes again.
//! Owns: the layouts. Never: guesses a field, allocates by a length nobody checked, or prints a minutia.
//!
//! | type | standard | magic, version |
//! |---|---|---|
//! | [`Iso19794p2v2005`] | ISO/IEC 19794-2:2005, record format | `FMR`, ` 20` |
//! | [`Iso19794p2v2011`] | ISO/IEC 19794-2:2011, record format | `FMR`, `030` |
//! | [`Ansi378v2004`] | ANSI INCITS 378-2004 | `FMR`, ` 20` or `020` |
//! | [`Ansi378v2007`] | the 2007 draft of the revision of ANSI INCITS 378 | `FMR`, `030` |
//! | [`Ansi378v2009`] | ANSI INCITS 378-2009 and its amendment 1 | `FMR`, `030` or `035` |
//! | [`Iso19794p4v2005`] | ISO/IEC 19794-4:2005 | `FIR`, `010` |
//! | [`Iso19794p4v2011`] | ISO/IEC 19794-4:2011 | `FIR`, `020` |
//! | [`Iso19794p5v2005`] | ISO/IEC 19794-5:2005 | `FAC`, `010` |
//! | [`Iso19794p5v2011`] | ISO/IEC 19794-5:2011, two-dimensional images | `FAC`, `030` |
//!
//! [`Record::parse`] finds out which it is. `parse` followed by `to_bytes` gives the same bytes: reserved bits, view
//! numbers, vendor identifiers and extended data are kept as they came. There is no normalisation.
//!
//! Files in use have flaws, NIST's examples among them: extended data that ends early, bytes behind the last view. In the
//! records of 2004, 2005, 2007 and 2009 these are kept as they came ([`ExtendedArea::Unreadable`],
//! [`Ansi378v2004::tail`]), because nothing else depends on them.
//!
//! A field is refused when the record could not be understood with it (a length that lies, a minutia outside its
//! image); a value the standard reserves but which harms nothing is kept.

mod ansi378;
mod bytes;
mod convert;
mod error;
mod flow;
mod iso19794p1v2011;
mod iso19794p2v2005;
mod iso19794p2v2011;
mod iso19794p4v2005;
mod iso19794p4v2011;
mod iso19794p5v2005;
mod iso19794p5v2011;
mod minutiae;
mod payload;

pub use ansi378::{Ansi378View, Ansi378v2004, Ansi378v2007, Ansi378v2009};
pub use convert::{MinutiaeEdition, NOT_REPORTED, template_record};
pub use error::RecordError;
pub use iso19794p1v2011::{CaptureDevice, CaptureMoment, CertificationBlock, QualityBlock};
pub use iso19794p2v2005::Iso19794p2v2005;
pub use iso19794p2v2011::{Iso19794p2v2011, MinutiaeRepresentation};
pub use iso19794p4v2005::{FingerImageView, Iso19794p4v2005};
pub use iso19794p4v2011::{FingerImageRepresentation, Iso19794p4v2011};
pub use iso19794p5v2005::{FaceImage2005, Iso19794p5v2005};
pub use iso19794p5v2011::{FaceRepresentation, FacialInformation, Iso19794p5v2011};
pub use minutiae::{ExtendedArea, ExtendedData, FingerView, RecordMinutia};
pub use payload::{FingerImageCoding, decode_finger_payload};

/// Longest record that is read or written: 64 MiB, more than any slap at 1,000 ppi.
pub const RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Any record this crate reads.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the types say it")]
pub enum Record {
    Iso19794p2v2005(Iso19794p2v2005),
    Iso19794p2v2011(Iso19794p2v2011),
    Ansi378v2004(Ansi378v2004),
    Ansi378v2007(Ansi378v2007),
    Ansi378v2009(Ansi378v2009),
    Iso19794p4v2005(Iso19794p4v2005),
    Iso19794p4v2011(Iso19794p4v2011),
    Iso19794p5v2005(Iso19794p5v2005),
    Iso19794p5v2011(Iso19794p5v2011),
}

impl Record {
    /// Finds out which record it is, and reads it.
    ///
    /// `FMR 20` stands for an ISO and an ANSI record, `FMR 030` for an ISO and two ANSI ones. The first is told apart by
    /// the width of the length field; of the others the one whose lengths add up is taken, ISO first.
    ///
    /// # Errors
    /// [`RecordError::UnknownFormat`] when nothing here begins so; otherwise what the record's own `parse` says.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let magic = bytes.get(..8).ok_or(RecordError::UnknownFormat)?;
        match (&magic[..4], &magic[4..]) {
            (b"FMR\0", b" 20\0" | b"020\0") => {
                if minutiae::is_ansi_2004(bytes) {
                    Ansi378v2004::parse(bytes).map(Self::Ansi378v2004)
                } else {
                    Iso19794p2v2005::parse(bytes).map(Self::Iso19794p2v2005)
                }
            }
            (b"FMR\0", b"030\0") => {
                if iso19794p1v2011::lengths_add_up(bytes) {
                    return Iso19794p2v2011::parse(bytes).map(Self::Iso19794p2v2011);
                }
                match Ansi378v2009::parse(bytes) {
                    Ok(record) => Ok(Self::Ansi378v2009(record)),
                    Err(error) => match Ansi378v2007::parse(bytes) {
                        Ok(record) => Ok(Self::Ansi378v2007(record)),
                        Err(_) => Err(error),
                    },
                }
            }
            (b"FMR\0", b"035\0") => Ansi378v2009::parse(bytes).map(Self::Ansi378v2009),
            (b"FIR\0", b"010\0") => Iso19794p4v2005::parse(bytes).map(Self::Iso19794p4v2005),
            (b"FIR\0", b"020\0") => Iso19794p4v2011::parse(bytes).map(Self::Iso19794p4v2011),
            (b"FAC\0", b"010\0") => Iso19794p5v2005::parse(bytes).map(Self::Iso19794p5v2005),
            (b"FAC\0", b"030\0") => Iso19794p5v2011::parse(bytes).map(Self::Iso19794p5v2011),
            (b"FMR\0" | b"FIR\0" | b"FAC\0", _) => Err(RecordError::UnknownVersion),
            _ => Err(RecordError::UnknownFormat),
        }
    }

    /// Does this begin like a record? Says nothing of the rest.
    pub fn is_record(bytes: &[u8]) -> bool {
        matches!(bytes.get(..4), Some(b"FMR\0" | b"FIR\0" | b"FAC\0"))
    }

    /// The bytes.
    ///
    /// # Errors
    /// [`RecordError`] when a field was changed to what the record cannot hold.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        match self {
            Self::Iso19794p2v2005(r) => r.to_bytes(),
            Self::Iso19794p2v2011(r) => r.to_bytes(),
            Self::Ansi378v2004(r) => r.to_bytes(),
            Self::Ansi378v2007(r) => r.to_bytes(),
            Self::Ansi378v2009(r) => r.to_bytes(),
            Self::Iso19794p4v2005(r) => r.to_bytes(),
            Self::Iso19794p4v2011(r) => r.to_bytes(),
            Self::Iso19794p5v2005(r) => r.to_bytes(),
            Self::Iso19794p5v2011(r) => r.to_bytes(),
        }
    }

    /// The name of its edition, such as `iso19794-2:2011`.
    pub const fn edition(&self) -> &'static str {
        match self {
            Self::Iso19794p2v2005(_) => "iso19794-2:2005",
            Self::Iso19794p2v2011(_) => "iso19794-2:2011",
            Self::Ansi378v2004(_) => "ansi378-2004",
            Self::Ansi378v2007(_) => "ansi378-2007",
            Self::Ansi378v2009(_) => "ansi378-2009",
            Self::Iso19794p4v2005(_) => "iso19794-4:2005",
            Self::Iso19794p4v2011(_) => "iso19794-4:2011",
            Self::Iso19794p5v2005(_) => "iso19794-5:2005",
            Self::Iso19794p5v2011(_) => "iso19794-5:2011",
        }
    }
}
