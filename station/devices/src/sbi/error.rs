//! Why a service was not used or not believed.
//!
//! In: what the checks found. Out: [`SbiError`], one variant a check. Never: text of the service, which may hold anything.

use qayd_crypto::JwsError;
use qayd_model::{FingerPosition, Remedy};

use super::names::Eye;
use super::record::RecordError;
use super::stream::StreamError;
use crate::error::DeviceError;

/// Why an answer of a service was refused. Nothing of it was handed out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SbiError {
    // Reaching it.
    /// Nobody listens, or the connection broke.
    #[error("the device service cannot be reached")]
    Unreachable,
    /// No answer in time.
    #[error("the device service did not answer within {after_ms} ms")]
    NoAnswer {
        /// How long it was waited for.
        after_ms: u32,
    },
    /// The caller stopped it.
    #[error("stopped by the caller")]
    Cancelled,
    /// Not the status of an answer.
    #[error("the device service answered with status {status}")]
    Status {
        /// HTTP status code.
        status: u16,
    },
    /// More than is ever read.
    #[error("the answer is longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// Not JSON, a key that the specification does not have, or one of its keys missing.
    #[error("the answer is not of the specified form: {what}")]
    Form {
        /// Which part of it.
        what: &'static str,
    },
    /// The service says itself that it failed.
    #[error("the device service reports error {number}")]
    Reported {
        /// Number of the specification: 100 to 122, 202, 5xx and above are the vendor's.
        number: u16,
    },

    // Who it is.
    /// Signature, certificate or authority of a part.
    #[error("the {what} is not signed as it must be")]
    NotSigned {
        /// Device information, digital id or capture.
        what: &'static str,
        /// What is wrong.
        #[source]
        source: JwsError,
    },
    /// Another device answers than was listed or opened.
    #[error("the {what} is not that of the device that was opened")]
    OtherDevice {
        /// What differs.
        what: &'static str,
    },
    /// Less secured than is asked for.
    #[error("the device is certified {found}, and {least} is asked for")]
    LevelTooLow {
        /// `L0` or `L1`.
        found: &'static str,
        /// The least.
        least: &'static str,
    },
    /// It wants to be called elsewhere than on its own port of this machine.
    #[error("the device service names another address than its own")]
    Elsewhere,

    // What it gave.
    /// Captured for something else than registration.
    #[error("the purpose is not registration")]
    WrongPurpose,
    /// Captured in another environment than this station's.
    #[error("the environment is not this station's")]
    WrongEnvironment,
    /// Another edition than 0.9.5.
    #[error("the specification is not 0.9.5")]
    WrongSpecification,
    /// Not the answer to this request: an older capture, or somebody else's.
    #[error("the transaction is not the one that was asked for")]
    WrongTransaction,
    /// Taken too long ago, or in the future.
    #[error("the time is {away_ms} ms away, and {limit_ms} ms are allowed")]
    WrongTime {
        /// How far from this machine's clock.
        away_ms: u64,
        /// How far it may be.
        limit_ms: u64,
    },
    /// The time is no time.
    #[error("the time cannot be read")]
    NoTime,
    /// The hash does not continue the chain of captures with this device.
    #[error("the hash does not continue the chain of captures")]
    BrokenChain,
    /// Not exactly what was asked for.
    #[error("what was given is not what was asked for")]
    OtherSet {
        /// Asked for and not given, or given for something else.
        missing: Vec<FingerPosition>,
        /// Given and not asked for, or given twice.
        unasked: Vec<FingerPosition>,
        /// The same of eyes.
        missing_eyes: Vec<Eye>,
        /// The same of eyes.
        unasked_eyes: Vec<Eye>,
        /// Records of another kind than asked, or other than one face.
        others: usize,
    },
    /// The record inside says something else than the message around it, or than its own bytes.
    #[error("the record does not agree")]
    Record {
        /// What it says.
        #[source]
        source: RecordError,
    },
    /// A preview that broke.
    #[error("the preview broke")]
    Stream {
        /// How.
        #[source]
        source: StreamError,
    },
}

impl SbiError {
    /// Stable code under which screens, exit messages and logs find this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable => "SBI-01",
            Self::NoAnswer { .. } => "SBI-02",
            Self::Cancelled => "SBI-03",
            Self::Status { .. } | Self::TooLong { .. } | Self::Form { .. } => "SBI-04",
            Self::Reported { .. } => "SBI-05",
            Self::NotSigned { source, .. } => match source {
                JwsError::Untrusted => "SBI-11",
                JwsError::Expired | JwsError::NotYetValid => "SBI-12",
                _ => "SBI-10",
            },
            Self::OtherDevice { .. } => "SBI-13",
            Self::LevelTooLow { .. } => "SBI-14",
            Self::Elsewhere => "SBI-15",
            Self::WrongPurpose => "SBI-20",
            Self::WrongEnvironment => "SBI-21",
            Self::WrongSpecification => "SBI-22",
            Self::WrongTransaction => "SBI-23",
            Self::WrongTime { .. } | Self::NoTime => "SBI-24",
            Self::BrokenChain => "SBI-25",
            Self::OtherSet { .. } => "SBI-26",
            Self::Record { .. } => "SBI-27",
            Self::Stream { .. } => "SBI-28",
        }
    }

    /// Who acts next.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Unreachable
            | Self::NoAnswer { .. }
            | Self::Cancelled
            | Self::OtherSet { .. }
            | Self::Stream { .. } => Remedy::OperatorActs,
            Self::Reported { .. } => Remedy::RetryLater,
            _ => Remedy::SupervisorActs,
        }
    }
}

/// What happened to the device is said as of every device; what was not believed keeps its own name.
impl From<SbiError> for DeviceError {
    fn from(error: SbiError) -> Self {
        match error {
            SbiError::Unreachable => Self::Unplugged,
            SbiError::NoAnswer { after_ms } => Self::TimedOut {
                timeout_ms: after_ms,
            },
            SbiError::Cancelled => Self::Cancelled,
            SbiError::Reported { number } => match number {
                // No biometric, extraction failed, wrong orientation: the attempt gave nothing.
                101 | 102 | 105 => Self::TimedOut { timeout_ms: 0 },
                106 | 202 => Self::Unplugged,
                110 => Self::NotReady {
                    state: "not ready, as its service says",
                },
                111 => Self::Busy,
                100 => Self::Refused {
                    reason: "the device is not registered",
                },
                103 => Self::Refused {
                    reason: "the device was tampered with",
                },
                104 => Self::Refused {
                    reason: "the vendor's management server cannot be reached",
                },
                107 => Self::Refused {
                    reason: "the key of the device has expired",
                },
                109 => Self::Refused {
                    reason: "the device cannot capture so many at once",
                },
                _ => Self::Refused {
                    reason: "the device service reports an error of its own",
                },
            },
            other => Self::Sbi {
                source: Box::new(other),
            },
        }
    }
}
