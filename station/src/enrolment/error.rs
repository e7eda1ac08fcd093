//! What can stop an enrolment, by blame: what was typed, who is signed in, the centre, the store.

use std::path::PathBuf;

use qayd_model::validation::Findings;
use qayd_model::{Remedy, ValueError};
use qayd_packet::SealPacketError;
use qayd_protocol::held::HeldError;
use qayd_world::FilesError;

use crate::session::SessionError;
use crate::store::StoreError;

/// Why an enrolment did not go on. The draft is as it was before the call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrolmentError {
    /// There is no such draft: it was sealed, discarded, or never begun.
    #[error("there is no such draft")]
    NoSuchDraft,
    /// The pack has no field of this id.
    #[error("the pack has no field {field}")]
    NoSuchField {
        /// As asked for; `…` where it does not look like a field id.
        field: String,
    },
    /// The answer is not one for this field.
    #[error("{field}: {error}")]
    BadValue {
        /// Which field.
        field: String,
        /// What is wrong and where in it.
        #[source]
        error: ValueError,
    },
    /// A sample is empty or too large.
    #[error("a sample of {length} bytes cannot be kept")]
    SampleLength {
        /// What came.
        length: usize,
    },
    /// The station does not offer this pack.
    #[error("this station does not offer {pack}")]
    PackNotOffered {
        /// Which.
        pack: String,
    },
    /// The role of who is signed in does not enrol.
    #[error("who is signed in may not enrol")]
    RoleMayNotEnrol,
    /// The centre has revoked this station. What it holds may still be sent.
    #[error("this station may no longer enrol")]
    StationRevoked,
    /// Less disk is free than policy asks for before an enrolment begins.
    #[error("only {free} bytes are free on the disk")]
    DiskLow {
        /// What is free.
        free: u64,
    },
    /// The station was without the centre for longer than policy allows.
    #[error("the centre was not reached for {days} days")]
    OfflineTooLong {
        /// Whole days.
        days: u64,
    },
    /// More packets wait than policy allows.
    #[error("{packets} packets wait to be sent")]
    BacklogTooLarge {
        /// How many.
        packets: u64,
    },
    /// Something is missing or not allowed as it is.
    #[error("{} missing, {} not allowed as they are", .0.missing.len(), .0.invalid.len())]
    Incomplete(Box<Findings>),
    /// There is an exception, and no supervisor has approved.
    #[error("a supervisor has to approve the exceptions")]
    ApprovalNeeded,
    /// The draft changed after it was finalised.
    #[error("the draft changed after it was finalised")]
    ChangedSince,
    /// The outbox holds a packet further on in the sequence than the database knows: an older database was put back.
    #[error("an older database was put back: packet {sequence} is known to the disk and not to it")]
    RolledBack {
        /// The packet's number.
        sequence: u64,
    },
    /// The packet could not be made.
    #[error("the packet could not be made")]
    Seal(#[source] SealPacketError),
    /// The folder is not a person's, all of what is wrong with it. No draft was made.
    #[error("{} problems in the person's folder", .0.len())]
    Import(Vec<ImportFault>),
    /// The message is not a return with content.
    #[error("this decision is not a return that can be opened")]
    NotReturned,
    /// A newer version of the enrolment was sealed since.
    #[error("a newer version of this enrolment was sealed already")]
    Superseded,
    /// What the centre sent back does not open.
    #[error("what the centre sent back does not open")]
    Held(#[source] HeldError),
    /// Somebody's right or passphrase.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One thing that is wrong with a person's folder. Holds no value that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportFault {
    /// The file, below the person's folder (whose own name may name the person and is left out).
    pub file: PathBuf,
    /// The field of `person.toml`, where it is one.
    pub field: Option<String>,
    /// Stable code.
    pub code: &'static str,
    /// What is wrong, in words.
    pub reason: String,
}

impl std::fmt::Display for ImportFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.reason)
    }
}

impl EnrolmentError {
    /// A field id that is not one, as an error may repeat it: somebody may have typed a name where an id belongs.
    pub(super) fn no_such_field(field: &str) -> Self {
        let plain = field.len() <= 64
            && field
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        Self::NoSuchField {
            field: if plain {
                field.to_owned()
            } else {
                "…".to_owned()
            },
        }
    }

    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchDraft => "ENR-01",
            Self::NoSuchField { .. } => "ENR-02",
            Self::BadValue { error, .. } => error.code(),
            Self::SampleLength { .. } => "ENR-04",
            Self::PackNotOffered { .. } => "ENR-05",
            Self::RoleMayNotEnrol => "ENR-06",
            Self::StationRevoked => "ENR-07",
            Self::DiskLow { .. } => "ENR-08",
            Self::Incomplete(_) => "ENR-09",
            Self::ApprovalNeeded => "ENR-10",
            Self::ChangedSince => "ENR-11",
            Self::RolledBack { .. } => "ENR-12",
            Self::Seal(e) => e.code(),
            Self::Import(_) => "ENR-14",
            Self::NotReturned => "ENR-15",
            Self::Superseded => "ENR-16",
            Self::OfflineTooLong { .. } => "ENR-17",
            Self::BacklogTooLarge { .. } => "ENR-18",
            Self::Held(e) => e.code(),
            Self::Session(e) => e.code(),
            Self::Store(e) => e.code(),
        }
    }

    /// Who can help.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::NoSuchDraft
            | Self::NoSuchField { .. }
            | Self::BadValue { .. }
            | Self::SampleLength { .. }
            | Self::PackNotOffered { .. }
            | Self::Incomplete(_)
            | Self::ChangedSince
            | Self::Import(_)
            | Self::Superseded
            | Self::NotReturned => Remedy::OperatorActs,
            Self::RoleMayNotEnrol
            | Self::StationRevoked
            | Self::DiskLow { .. }
            | Self::OfflineTooLong { .. }
            | Self::BacklogTooLarge { .. }
            | Self::ApprovalNeeded
            | Self::RolledBack { .. }
            | Self::Held(_) => Remedy::SupervisorActs,
            Self::Seal(
                SealPacketError::SampleLength(_) | SealPacketError::DemographicsLength(_),
            ) => Remedy::OperatorActs,
            Self::Seal(SealPacketError::Unapproved) => Remedy::SupervisorActs,
            Self::Seal(_) => Remedy::ReportBug,
            Self::Session(e) => e.remedy(),
            Self::Store(e) => e.remedy(),
        }
    }
}

impl From<SealPacketError> for EnrolmentError {
    fn from(error: SealPacketError) -> Self {
        Self::Seal(error)
    }
}

impl From<HeldError> for EnrolmentError {
    fn from(error: HeldError) -> Self {
        Self::Held(error)
    }
}

impl From<rusqlite::Error> for EnrolmentError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<FilesError> for EnrolmentError {
    fn from(error: FilesError) -> Self {
        Self::Store(error.into())
    }
}
