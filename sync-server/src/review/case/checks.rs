//! Checks: what was checked of a version, and how it ended.
//!
//! In: column `review_version.checks`. Out: [`Check`]s, whose codes name their sentences. Never: personal data.

use qayd_model::EnrolmentId;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::store::RegisterError;

/// What was checked of a packet. The code names its sentence in the catalogues (`check-…`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum CheckKind {
    Bytes,
    StationSignature,
    StationCertificate,
    StationStanding,
    Chain,
    Opened,
    OperatorCertificate,
    OperatorSignature,
    SupervisorSignature,
    Pack,
    Content,
    SensitiveApart,
    HomeOffice,
    Samples,
    HeldSamples,
    Times,
    SimulatedDevice,
}

impl CheckKind {
    /// All of them, in the order of examination.
    pub const ALL: [Self; 17] = [
        Self::StationStanding,
        Self::Chain,
        Self::Bytes,
        Self::StationSignature,
        Self::StationCertificate,
        Self::Opened,
        Self::OperatorCertificate,
        Self::OperatorSignature,
        Self::SupervisorSignature,
        Self::SimulatedDevice,
        Self::Times,
        Self::Pack,
        Self::Samples,
        Self::HeldSamples,
        Self::SensitiveApart,
        Self::Content,
        Self::HomeOffice,
    ];

    /// The stable code, such as `station_signature`.
    pub fn code(self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|v| v.as_str().map(str::to_owned))
            .unwrap_or_default()
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum CheckOutcome {
    Held,
    /// Nothing wrong, but somebody should know.
    Note,
    /// The case cannot be accepted.
    Failed,
}

impl CheckOutcome {
    /// `held`, `note`, `failed`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Note => "note",
            Self::Failed => "failed",
        }
    }
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Of what.
    pub kind: CheckKind,
    /// How it ended.
    pub outcome: CheckOutcome,
    /// Codes, field ids and labels; never personal data.
    #[serde(default)]
    pub details: Vec<String>,
}

/// The checks of one version.
pub fn checks_in(
    connection: &Connection,
    enrolment: EnrolmentId,
    version: u32,
) -> Result<Vec<Check>, RegisterError> {
    let checks: Option<String> = connection
        .prepare_cached("SELECT checks FROM review_version WHERE enrolment = ?1 AND version = ?2")?
        .query_row(params![enrolment.to_bytes(), version], |row| row.get(0))
        .optional()?;
    let checks = checks.unwrap_or_else(|| "[]".to_owned());
    serde_json::from_str(&checks).map_err(|_| RegisterError::Damaged("review_version.checks"))
}
