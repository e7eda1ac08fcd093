//! Why trust could not be given.

use qayd_crypto::{SignatureError, UnwrapError};
use qayd_model::Remedy;
use qayd_world::FilesError;

use crate::store::RegisterError;

/// Why keys, certificates, invitations or provisioning failed. Nothing was made or used up by any of these, except where
/// the variant says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The folder already holds a programme.
    #[error("the folder already holds a programme")]
    AlreadyInitialised,
    /// The folder holds no programme, or a file of it is missing.
    #[error("{0} is missing from the programme's folder")]
    Missing(&'static str),
    /// A file of the programme is not what this program wrote.
    #[error("{0} in the programme's folder is damaged")]
    Damaged(&'static str),
    /// A passphrase is shorter than the rule allows.
    #[error("the passphrase needs {minimum} characters or more")]
    PassphraseTooShort {
        /// The rule.
        minimum: usize,
    },
    /// A passphrase does not open its key.
    #[error("a key did not open")]
    Unwrap(#[from] UnwrapError),
    /// A signature does not verify.
    #[error("a signature does not verify")]
    Signature(#[from] SignatureError),
    /// TLS keys or certificates.
    #[error("TLS: {0}")]
    Tls(String),
    /// A pack is not acceptable.
    #[error("pack {name}: {reason}")]
    Pack {
        /// File name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The invitation asks for something the programme does not have.
    #[error("{0}")]
    Invitation(String),
    /// No such invitation, a wrong secret, or past its day. They are not told apart.
    #[error("the invitation is not valid")]
    InvitationInvalid,
    /// The invitation was used before; an alarm was raised.
    #[error("the invitation was used before")]
    InvitationUsed,
    /// The request does not prove that it holds the keys it names.
    #[error("the request is not signed by the key it brings")]
    RequestNotProven,
    /// No such station.
    #[error("no such station")]
    NoStation,
    /// The file system.
    #[error("the programme's folder")]
    Files(#[from] FilesError),
    /// The register.
    #[error("the register")]
    Register(#[from] RegisterError),
}

impl TrustError {
    /// Stable code for logs and screens.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AlreadyInitialised => "TRU-01",
            Self::Missing(_) => "TRU-02",
            Self::Damaged(_) => "TRU-03",
            Self::PassphraseTooShort { .. } => "TRU-04",
            Self::Unwrap(_) => "TRU-05",
            Self::Signature(_) => "TRU-06",
            Self::Tls(_) => "TRU-07",
            Self::Pack { .. } => "TRU-08",
            Self::Invitation(_) => "TRU-09",
            Self::InvitationInvalid => "TRU-10",
            Self::InvitationUsed => "TRU-11",
            Self::RequestNotProven => "TRU-12",
            Self::NoStation => "TRU-13",
            Self::Files(_) => "TRU-14",
            Self::Register(error) => error.code(),
        }
    }

    /// What helps.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Files(_) => Remedy::RetryLater,
            Self::Register(error) => error.remedy(),
            Self::AlreadyInitialised
            | Self::PassphraseTooShort { .. }
            | Self::Unwrap(_)
            | Self::Pack { .. }
            | Self::Invitation(_)
            | Self::NoStation => Remedy::OperatorActs,
            Self::Missing(_)
            | Self::Damaged(_)
            | Self::InvitationInvalid
            | Self::InvitationUsed
            | Self::Tls(_) => Remedy::SupervisorActs,
            Self::Signature(_) | Self::RequestNotProven => Remedy::ReportBug,
        }
    }
}

impl From<rusqlite::Error> for TrustError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Register(error.into())
    }
}
