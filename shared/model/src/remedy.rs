//! Who acts next when something went wrong.
//!
//! In: an error's `remedy()`. Out: the word that screens, reports and exit codes sort by.
//! Never: says what happened; the error's `code()` leads to that text.

use serde::{Deserialize, Serialize};

/// What follows from an error that a person at a station or at the centre may meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Nothing is lost and nobody needs to act; it is tried again by itself.
    RetryLater,
    /// The person at the screen can put it right.
    OperatorActs,
    /// It needs a supervisor, or a technician in their place.
    SupervisorActs,
    /// It should not be possible; support needs the report.
    ReportBug,
}

impl Remedy {
    /// The name in `--json` output: `retry_later`, `operator_acts`, `supervisor_acts`, `report_bug`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RetryLater => "retry_later",
            Self::OperatorActs => "operator_acts",
            Self::SupervisorActs => "supervisor_acts",
            Self::ReportBug => "report_bug",
        }
    }

    /// Exit status of a command that failed so: 3, 4, 5, and 70 for a bug. 2 is left to wrong input at the command line.
    pub const fn exit_status(self) -> u8 {
        match self {
            Self::RetryLater => 3,
            Self::OperatorActs => 4,
            Self::SupervisorActs => 5,
            Self::ReportBug => 70,
        }
    }
}
