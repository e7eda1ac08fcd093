//! Why bytes are not a record, or a record cannot be written. Every error names the field.

use qayd_model::Remedy;

use crate::ImageError;

/// Why bytes are not a record, or a record cannot be written or converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Does not begin like any record.
    #[error("not an FMR, FIR or FAC record")]
    UnknownFormat,
    /// The right letters, but a version nobody here reads, or another type's.
    #[error("a version of the record that is not read here")]
    UnknownVersion,
    /// Longer than any record is.
    #[error("{0} bytes are more than a record may have")]
    TooLarge(u64),
    /// The bytes end within a field.
    #[error("ends within {field}: {needed} bytes needed, {left} left")]
    Truncated {
        /// The field.
        field: &'static str,
        /// Its length.
        needed: u64,
        /// What is left.
        left: u64,
    },
    /// A length or a count contradicts what is there.
    #[error("{field} says {said}, but it is {found}")]
    WrongLength {
        /// The field.
        field: &'static str,
        /// What it says.
        said: u64,
        /// What it is.
        found: u64,
    },
    /// A value out of its range.
    #[error("{field} is {value}, which is out of range")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// Its value.
        value: u64,
    },
    /// Permitted by the standard, but not read or written here.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// The record has no such representation.
    #[error("the record has {0} representations")]
    NoRepresentation(usize),
    /// The picture is not usable.
    #[error("the picture is not usable")]
    Image(#[from] ImageError),
    /// The WSQ data is not usable.
    #[error("the WSQ picture is not usable")]
    Wsq(#[from] crate::wsq::WsqError),
    /// The JPEG 2000 data is not usable.
    #[error("the JPEG 2000 picture is not usable")]
    Jpeg2000(#[from] crate::jpeg2000::Jpeg2000Error),
}

impl RecordError {
    /// Stable code for logs and messages; a picture's own where the picture is at fault.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownFormat => "REC-01",
            Self::UnknownVersion => "REC-02",
            Self::TooLarge(_) => "REC-03",
            Self::Truncated { .. } => "REC-04",
            Self::WrongLength { .. } => "REC-05",
            Self::OutOfRange { .. } => "REC-06",
            Self::Unsupported(_) => "REC-07",
            Self::NoRepresentation(_) => "REC-08",
            Self::Image(inner) => inner.code(),
            Self::Wsq(inner) => inner.code(),
            Self::Jpeg2000(inner) => inner.code(),
        }
    }

    /// Who can do something about it: whoever made the file.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Image(inner) => inner.remedy(),
            _ => Remedy::OperatorActs,
        }
    }
}
