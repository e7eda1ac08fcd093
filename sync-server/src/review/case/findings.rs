//! Findings: what resembles a case, and why.
//!
//! In: comparisons of `examine`. Out: rows for both cases. Owns: table `finding`. Never: decides.

use qayd_model::{EnrolmentId, PacketId, UnixMs};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::Case;
use crate::review::demographic::Reason;
use crate::store::RegisterError;

/// What kind of resemblance was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum FindingKind {
    Demographic,
    Fingerprint,
    SampleReused,
}

impl FindingKind {
    /// `demographic`, `fingerprint`, `sample_reused`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Demographic => "demographic",
            Self::Fingerprint => "fingerprint",
            Self::SampleReused => "sample_reused",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Demographic, Self::Fingerprint, Self::SampleReused]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// Why: reasons, fingers, samples. Codes only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingDetail {
    /// Of a demographic finding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// Of a fingerprint finding: each finger that was compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fingers: Vec<FingerFinding>,
    /// All fingers together: 100 × −log₁₀ of how often two different people come as close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fused: Option<u16>,
    /// Of a reused sample: what it is here and what it was there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<(String, String)>,
    /// The other is an enrolment for another procedure: the same person may rightly have both.
    #[serde(default)]
    pub other_procedure: bool,
}

/// One finger of a fingerprint finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FingerFinding {
    /// ISO/IEC 19794-4 code.
    pub position: u8,
    /// 100 × −log₁₀ of how often two different fingers come as close.
    pub score: u16,
}

/// One resemblance to another enrolment (or of one sample to another of the same packet).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The enrolment that was examined.
    pub enrolment: EnrolmentId,
    /// Its packet then.
    pub packet: PacketId,
    /// What kind.
    pub kind: FindingKind,
    /// The other enrolment.
    pub other: EnrolmentId,
    /// 0 to 100.
    pub score: u8,
    /// Enough to hold the case.
    pub holds: bool,
    /// Why.
    pub detail: FindingDetail,
    /// When.
    pub found: UnixMs,
}

/// Replaces the findings of one packet.
pub fn put_findings_in(
    connection: &Connection,
    packet: PacketId,
    findings: &[Finding],
) -> Result<(), RegisterError> {
    connection
        .prepare_cached("DELETE FROM finding WHERE packet = ?1")?
        .execute([packet.to_bytes()])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO finding (enrolment, packet, kind, other, score, holds, detail, found_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for finding in findings {
        let detail = serde_json::to_string(&finding.detail)
            .map_err(|_| RegisterError::Damaged("finding.detail"))?;
        insert.execute(params![
            finding.enrolment.to_bytes(),
            finding.packet.to_bytes(),
            finding.kind.name(),
            finding.other.to_bytes(),
            finding.score,
            finding.holds,
            detail,
            finding.found.0
        ])?;
    }
    Ok(())
}

/// The findings a reviewer of this case needs: its version's own, and those later enrolments had about it.
pub fn findings_in(connection: &Connection, case: &Case) -> Result<Vec<Finding>, RegisterError> {
    let mut statement = connection.prepare_cached(
        "SELECT enrolment, packet, kind, other, score, holds, detail, found_ms FROM finding
         WHERE packet = ?1 OR (other = ?2 AND enrolment <> ?2
               AND packet IN (SELECT packet FROM review_case WHERE enrolment = finding.enrolment))
         ORDER BY holds DESC, score DESC, id",
    )?;
    let mut rows = statement.query(params![case.packet.to_bytes(), case.enrolment.to_bytes()])?;
    let mut findings = Vec::new();
    while let Some(row) = rows.next()? {
        let (kind, detail): (String, String) = (row.get(2)?, row.get(6)?);
        findings.push(Finding {
            enrolment: EnrolmentId::from_bytes(row.get(0)?),
            packet: PacketId::from_bytes(row.get(1)?),
            kind: FindingKind::from_name(&kind).ok_or(RegisterError::Damaged("finding.kind"))?,
            other: EnrolmentId::from_bytes(row.get(3)?),
            score: row.get(4)?,
            holds: row.get(5)?,
            detail: serde_json::from_str(&detail)
                .map_err(|_| RegisterError::Damaged("finding.detail"))?,
            found: UnixMs(row.get(7)?),
        });
    }
    Ok(findings)
}

/// Home offices of the cases that resemble an enrolment: their reviewers have to see it to compare.
pub fn offices_resembling_in(
    connection: &Connection,
    enrolment: EnrolmentId,
) -> Result<Vec<String>, RegisterError> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT c.home_office FROM finding f
         JOIN review_case c ON c.enrolment = CASE WHEN f.enrolment = ?1 THEN f.other ELSE f.enrolment END
         WHERE f.enrolment = ?1 OR f.other = ?1",
    )?;
    Ok(statement
        .query_map([enrolment.to_bytes()], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}
