//! What can be wrong with a profile folder.
//!
//! In: facts found by the checks. Out: every problem with file, path and reason, in one error.

use std::fmt;

use qayd_model::Remedy;
use serde::Serialize;

/// The folder cannot be used. Every problem found, in the order of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileError {
    /// At least one.
    pub problems: Vec<ProfileProblem>,
}

impl ProfileError {
    /// `PRF-01` for them all; each reason has a name of its own.
    pub const fn code(&self) -> &'static str {
        "PRF-01"
    }

    /// Profiles come signed with the release: a bad one is for those who made it.
    pub const fn remedy(&self) -> Remedy {
        Remedy::SupervisorActs
    }
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ProfileError {}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProfileProblem {
    /// Below the profile folder, with `/`.
    pub file: String,
    /// Dotted path in the file; empty when it is the file as a whole.
    pub path: String,
    /// What is wrong.
    pub reason: ProfileReason,
}

impl fmt::Display for ProfileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "{}: {}", self.file, self.reason),
            path => write!(f, "{}: {path}: {}", self.file, self.reason),
        }
    }
}

/// Why a value, or its absence, is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProfileReason {
    /// The disk would not give it.
    #[error("cannot be read ({code})")]
    Unreadable {
        /// Code of the disk's own error.
        code: &'static str,
    },
    /// Not TOML, an unknown key, a wrong type, a missing key.
    #[error("{message}")]
    Shape {
        /// From the TOML reader, with the line where it is known.
        message: String,
    },
    /// Neither `devices/<kind>/`, `laptops/`, `kits/` nor a known policy.
    #[error("no profile belongs here")]
    UnknownPlace,
    /// An edition of the shape that this program does not know.
    #[error("edition {found} of the shape is not known")]
    UnknownEdition {
        /// As written.
        found: u16,
    },
    /// Two files, one id.
    #[error("the id is also that of {other}")]
    SameId {
        /// The other file.
        other: String,
    },
    /// Ids are `kind.vendor.model` of lower-case letters, digits and hyphens.
    #[error(
        "`{id}` does not begin with `{prefix}` or has other than lower-case letters, digits, hyphens and dots"
    )]
    BadId {
        /// As written.
        id: String,
        /// What it has to begin with.
        prefix: String,
    },
    /// The folder says another kind.
    #[error("the file lies in `{folder}` and says it is a `{kind}`")]
    WrongFolder {
        /// Folder below `devices/`.
        folder: String,
        /// As written.
        kind: &'static str,
    },
    /// Nothing to recognise the device by.
    #[error("there is no match rule")]
    NoMatch,
    /// A rule with no key, or with two.
    #[error("a match rule has exactly one key besides priority; this has {found}")]
    MatchKeys {
        /// How many.
        found: usize,
    },
    /// Two profiles for the same device and priority.
    #[error("the same rule, with the same priority, is in {other}")]
    SameMatch {
        /// The other file.
        other: String,
    },
    /// Not four (class: three times two) lower-case hexadecimal digits.
    #[error("`{text}` is not of the form {form}")]
    NotHex {
        /// As written.
        text: String,
        /// What it should look like.
        form: &'static str,
    },
    /// A driver that is not `name` or `name:detail`.
    #[error("`{text}` is not a driver")]
    BadDriver {
        /// As written.
        text: String,
    },
    /// No way to drive it on any system.
    #[error("no driver is named")]
    NoDriver,
    /// A block of another kind of device.
    #[error("a `{kind}` has no such block")]
    ForeignBlock {
        /// Kind of the profile.
        kind: &'static str,
    },
    /// A number that cannot be.
    #[error("{what}")]
    OutOfRange {
        /// What it has to be.
        what: &'static str,
    },
    /// A number or USB id without evidence.
    #[error("there is no source for it")]
    NoSource,
    /// A source for nothing.
    #[error("there is a source for it and no value")]
    SourceForNothing,
    /// A reference that `SOURCES.md` could not hold.
    #[error("`{text}` is not the name of a source")]
    BadReference {
        /// As written.
        text: String,
    },
    /// Unchecked values in a profile that claims a trial.
    #[error("evidence K keeps a profile unverified")]
    UncheckedButClaimed,
    /// A status that claims a trial, and no record of it.
    #[error("the status claims a trial and there is no [[bench]] record")]
    NoBench,
    /// A policy file that is not there, or of another kind of capture.
    #[error("there is no policy `{reference}` for this kind")]
    NoPolicy {
        /// As written.
        reference: String,
    },
    /// A device that is content with less than the policy.
    #[error("{own} is looser than the policy's {policy}")]
    LooserThanPolicy {
        /// The profile's value.
        own: u16,
        /// The policy's value.
        policy: u16,
    },
    /// A kit or a role that names nothing.
    #[error("names no device")]
    NoDevice,
    /// A kit with a device that no profile describes.
    #[error("there is no device `{id}`")]
    UnknownDevice {
        /// As written.
        id: String,
    },
    /// A kit with a laptop that no profile describes.
    #[error("there is no laptop `{id}`")]
    UnknownLaptop {
        /// As written.
        id: String,
    },
    /// A kit with a driver that no profile uses.
    #[error("no profile is driven by `{driver}`")]
    UnknownDriver {
        /// As written.
        driver: String,
    },
    /// A withdrawn device in a kit.
    #[error("`{id}` is withdrawn")]
    Withdrawn {
        /// As written.
        id: String,
    },
    /// A virtual device in a kit for the field, or hardware in one that says it is virtual.
    #[error("`{id}` does not belong: virtual_only is {virtual_only}")]
    VirtualMixed {
        /// As written.
        id: String,
        /// Of the kit.
        virtual_only: bool,
    },
    /// Two roles of one name.
    #[error("the role `{role}` is there twice")]
    SameRole {
        /// As written.
        role: String,
    },
    /// A policy that every set needs.
    #[error("the set has no such file")]
    Missing,
}

impl ProfileReason {
    /// Stable name for reports, such as `no_source`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::Shape { .. } => "shape",
            Self::UnknownPlace => "unknown_place",
            Self::UnknownEdition { .. } => "unknown_edition",
            Self::SameId { .. } => "same_id",
            Self::BadId { .. } => "bad_id",
            Self::WrongFolder { .. } => "wrong_folder",
            Self::NoMatch => "no_match",
            Self::MatchKeys { .. } => "match_keys",
            Self::SameMatch { .. } => "same_match",
            Self::NotHex { .. } => "not_hex",
            Self::BadDriver { .. } => "bad_driver",
            Self::NoDriver => "no_driver",
            Self::ForeignBlock { .. } => "foreign_block",
            Self::OutOfRange { .. } => "out_of_range",
            Self::NoSource => "no_source",
            Self::SourceForNothing => "source_for_nothing",
            Self::BadReference { .. } => "bad_reference",
            Self::UncheckedButClaimed => "unchecked_but_claimed",
            Self::NoBench => "no_bench",
            Self::NoPolicy { .. } => "no_policy",
            Self::LooserThanPolicy { .. } => "looser_than_policy",
            Self::NoDevice => "no_device",
            Self::UnknownDevice { .. } => "unknown_device",
            Self::UnknownLaptop { .. } => "unknown_laptop",
            Self::UnknownDriver { .. } => "unknown_driver",
            Self::Withdrawn { .. } => "withdrawn",
            Self::VirtualMixed { .. } => "virtual_mixed",
            Self::SameRole { .. } => "same_role",
            Self::Missing => "missing",
        }
    }
}
