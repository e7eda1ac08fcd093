//! Descriptor: what the search keeps of a finger, behind one trait, so that a better one can take its place.
//!
//! In: a `Template`. Out: a descriptor and its bytes, which open with the version that made them.
//! Never: compared across versions; a stored descriptor of another version is derived again from its template.

use qayd_model::Remedy;

use super::score::Likelihood;
use crate::template::Template;

/// Which descriptor made some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DescriptorVersion {
    /// The kind: 1 is `surroundings` ([`super::Surroundings`]).
    pub id: u16,
    /// Its version: another bit selection is another version.
    pub version: u16,
}

/// Why bytes are not a descriptor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DescriptorError {
    /// Made by another descriptor; derive it again from the template.
    #[error(
        "descriptor {id} version {version} is not this one; the template it came from gives a new one"
    )]
    OtherVersion {
        /// Kind.
        id: u16,
        /// Version.
        version: u16,
    },
    /// Ends early or goes on too long.
    #[error("descriptor has a wrong length")]
    WrongLength,
    /// A value out of its range, or out of order.
    #[error("descriptor field {0} is out of range")]
    OutOfRange(&'static str),
}

impl DescriptorError {
    /// Stable code for logs and messages.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OtherVersion { .. } => "DSC-01",
            Self::WrongLength => "DSC-02",
            Self::OutOfRange(_) => "DSC-03",
        }
    }

    /// Who can do something about it: descriptors are made by programs, and can be made again.
    pub const fn remedy(&self) -> Remedy {
        Remedy::ReportBug
    }
}

/// A fixed-size summary of one impression that is compared hundreds of thousands of times a second.
///
/// A new one needs its own [`DescriptorVersion`], its bits and its calibration (`docs/search.md`, "A new descriptor").
pub trait Descriptor: Clone + Send + Sync + Sized {
    /// What stored bytes open with.
    const VERSION: DescriptorVersion;

    /// Derives it from a template; deterministic. A template without minutiae gives an unusable descriptor.
    fn derive(template: &Template) -> Self;

    /// How many minutiae it describes; few make it unusable.
    fn minutiae(&self) -> usize;

    /// Enough minutiae to be compared at all?
    fn is_usable(&self) -> bool {
        self.minutiae() >= 4
    }

    /// How likely both are one finger: calibrated, 0 evidence when either is unusable.
    fn likelihood(&self, other: &Self) -> Likelihood;

    /// The same in less time and with less to go by: for those stages of a search that look at everyone.
    fn glance(&self, other: &Self) -> Likelihood {
        self.likelihood(other)
    }

    /// Version first, then the descriptor; always the same length.
    fn to_bytes(&self) -> Vec<u8>;

    /// Reads bytes of [`Descriptor::to_bytes`].
    ///
    /// # Errors
    /// [`DescriptorError`]; allocates nothing.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DescriptorError>;
}
