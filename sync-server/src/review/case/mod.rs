//! Case: one enrolment as the reviewers see it, whatever its version.
//!
//! In: examinations and decisions, inside their transactions. Out: rows for queues and pages.
//! Owns: tables `review_case`, `review_version`. Never: lets two reviewers hold one case.
//!
//!   (examined) ──► under_review ──┬─► accepted
//!        └───────► duplicate_hold ┼─► returned ──(new version)──► under_review / duplicate_hold
//!                        │        ├─► rejected
//!                        └► second_opinion ──► same_person / rejected / back

mod checks;
mod findings;

use qayd_model::{EnrolmentId, PacketId, StaffId, StationId, UnixMs};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::store::RegisterError;

pub use checks::{Check, CheckKind, CheckOutcome, checks_in};
pub use findings::{
    Finding, FindingDetail, FindingKind, FingerFinding, findings_in, offices_resembling_in,
    put_findings_in,
};

/// How long a reviewer holds a case they opened: 10 minutes, prolonged by every look at it.
pub const CASE_LEASE_MS: u64 = 10 * 60_000;

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum CaseState {
    UnderReview,
    /// Resembles somebody; a person compares first.
    DuplicateHold,
    /// A decision is proposed and waits for a second person.
    SecondOpinion,
    Accepted,
    Returned,
    Rejected,
    SamePerson,
}

impl CaseState {
    /// In the order of the queue's tabs.
    pub const ALL: [Self; 7] = [
        Self::UnderReview,
        Self::DuplicateHold,
        Self::SecondOpinion,
        Self::Returned,
        Self::Accepted,
        Self::Rejected,
        Self::SamePerson,
    ];

    /// The name in the register and in `data-state`: `under_review`, `duplicate_hold`, …
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnderReview => "under_review",
            Self::DuplicateHold => "duplicate_hold",
            Self::SecondOpinion => "second_opinion",
            Self::Accepted => "accepted",
            Self::Returned => "returned",
            Self::Rejected => "rejected",
            Self::SamePerson => "same_person",
        }
    }

    /// The state of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether somebody still has to decide.
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Self::UnderReview | Self::DuplicateHold | Self::SecondOpinion
        )
    }
}

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// The version in question.
    pub packet: PacketId,
    /// Its number.
    pub version: u32,
    /// Where it stands.
    pub state: CaseState,
    /// Whose queue.
    pub home_office: String,
    /// Where it was captured.
    pub station: StationId,
    /// Its packet's number there.
    pub sequence: u64,
    /// The procedure.
    pub pack_id: String,
    /// When the packet became durable here.
    pub received: UnixMs,
    /// The day of that, for batches.
    pub day: String,
    /// Checks that failed.
    pub checks_failed: u32,
    /// Enrolments it resembles enough to be held.
    pub duplicates: u32,
    /// Sealed [`super::facts::Summary`].
    pub summary: Vec<u8>,
    /// Grows with every change; a decision names the one it was made on.
    pub row_version: u64,
    /// Who looks at it now.
    pub lease: Option<(StaffId, UnixMs)>,
}

const COLUMNS: &str = "c.enrolment, c.packet, c.version, c.state, c.home_office, c.station, c.sequence, c.pack_id,
    c.received_ms, c.day, c.checks_failed, c.summary, c.row_version, c.lease_staff, c.lease_until_ms,
    (SELECT count(DISTINCT CASE WHEN f.enrolment = c.enrolment THEN f.other ELSE f.enrolment END) FROM finding f
     WHERE f.holds = 1 AND f.other <> f.enrolment AND (f.packet = c.packet OR f.other = c.enrolment))";

/// One case.
pub fn case_in(
    connection: &Connection,
    enrolment: EnrolmentId,
) -> Result<Option<Case>, RegisterError> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM review_case c WHERE c.enrolment = ?1"
        ))?
        .query_row([enrolment.to_bytes()], |row| Ok(from_row(row)))
        .optional()?
        .transpose()
}

/// What a queue is narrowed to. `None` is everything.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Home offices a reviewer sees; empty is all.
    pub offices: Vec<String>,
    /// One state.
    pub state: Option<CaseState>,
    /// Only what somebody still has to decide.
    pub open: bool,
    /// One station.
    pub station: Option<StationId>,
    /// One day of receipt.
    pub day: Option<String>,
    /// Only what resembles somebody.
    pub duplicates: bool,
}

impl Filter {
    fn sql(&self) -> (String, Vec<rusqlite::types::Value>) {
        use rusqlite::types::Value;
        let (mut sql, mut values) = (String::from("1"), Vec::new());
        if !self.offices.is_empty() {
            let marks = vec!["?"; self.offices.len()].join(",");
            sql.push_str(&format!(" AND c.home_office IN ({marks})"));
            values.extend(self.offices.iter().cloned().map(Value::Text));
        }
        if let Some(state) = self.state {
            sql.push_str(" AND c.state = ?");
            values.push(Value::Text(state.name().to_owned()));
        }
        if self.open {
            sql.push_str(" AND c.state IN ('under_review', 'duplicate_hold', 'second_opinion')");
        }
        if let Some(station) = self.station {
            sql.push_str(" AND c.station = ?");
            values.push(Value::Blob(station.to_bytes().to_vec()));
        }
        if let Some(day) = &self.day {
            sql.push_str(" AND c.day = ?");
            values.push(Value::Text(day.clone()));
        }
        if self.duplicates {
            sql.push_str(
                " AND EXISTS (SELECT 1 FROM finding f WHERE f.other <> f.enrolment
                  AND (f.packet = c.packet OR f.other = c.enrolment))",
            );
        }
        (sql, values)
    }
}

/// Cases of a filter, those held longest first; for a batch in the order of capture.
pub fn cases_in(
    connection: &Connection,
    filter: &Filter,
    offset: u32,
    limit: u32,
) -> Result<Vec<Case>, RegisterError> {
    let (sql, values) = filter.sql();
    let order = if filter.day.is_some() {
        "c.sequence"
    } else {
        "c.received_ms, c.enrolment"
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM review_case c WHERE {sql} ORDER BY {order} LIMIT {limit} OFFSET {offset}"
    ))?;
    statement
        .query_map(rusqlite::params_from_iter(values), |row| Ok(from_row(row)))?
        .map(|row| row?)
        .collect()
}

/// Cases per state, in the order of [`CaseState::ALL`].
pub fn counts_in(
    connection: &Connection,
    filter: &Filter,
) -> Result<Vec<(CaseState, u64)>, RegisterError> {
    let (sql, values) = Filter {
        state: None,
        open: false,
        ..filter.clone()
    }
    .sql();
    let mut statement = connection.prepare_cached(&format!(
        "SELECT c.state, count(*) FROM review_case c WHERE {sql} GROUP BY c.state"
    ))?;
    let found = statement
        .query_map(rusqlite::params_from_iter(values), |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, u64>(1)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(CaseState::ALL
        .into_iter()
        .map(|state| {
            (
                state,
                found
                    .iter()
                    .find(|(name, _)| name == state.name())
                    .map_or(0, |(_, n)| *n),
            )
        })
        .collect())
}

/// When the open case that waits longest was received.
pub fn oldest_open_in(
    connection: &Connection,
    filter: &Filter,
) -> Result<Option<UnixMs>, RegisterError> {
    let (sql, values) = Filter {
        state: None,
        open: false,
        ..filter.clone()
    }
    .sql();
    let found: Option<u64> = connection
        .prepare_cached(&format!(
            "SELECT min(c.received_ms) FROM review_case c
             WHERE {sql} AND c.state IN ('under_review', 'duplicate_hold', 'second_opinion')"
        ))?
        .query_row(rusqlite::params_from_iter(values), |row| row.get(0))?;
    Ok(found.map(UnixMs))
}

/// Home offices that have cases.
pub fn offices_in(connection: &Connection) -> Result<Vec<String>, RegisterError> {
    let mut statement = connection
        .prepare_cached("SELECT DISTINCT home_office FROM review_case ORDER BY home_office")?;
    Ok(statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

/// What an examination makes of a packet.
pub struct Examined<'a> {
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// This version's packet.
    pub packet: PacketId,
    /// Its number.
    pub version: u32,
    /// `UnderReview` or `DuplicateHold`.
    pub state: CaseState,
    /// Whose queue.
    pub home_office: &'a str,
    /// Where it was captured.
    pub station: StationId,
    /// Its number there.
    pub sequence: u64,
    /// The procedure.
    pub pack_id: &'a str,
    /// When it became durable here.
    pub received: UnixMs,
    /// The day of that.
    pub day: &'a str,
    /// What was checked.
    pub checks: &'a [Check],
    /// Sealed summary.
    pub summary: &'a [u8],
}

/// Records an examination. A version older than the case's own is remembered, and changes nothing else. An examination
/// repeated (the holder died before its lease ended) changes nothing that was decided meanwhile.
pub fn examined_in(
    connection: &Connection,
    now: UnixMs,
    found: &Examined<'_>,
) -> Result<(), RegisterError> {
    let checks = serde_json::to_string(found.checks)
        .map_err(|_| RegisterError::Damaged("review_version.checks"))?;
    connection
        .prepare_cached(
            "INSERT INTO review_version (enrolment, version, packet, examined_ms, checks) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (enrolment, version) DO UPDATE SET packet = ?3, examined_ms = ?4, checks = ?5",
        )?
        .execute(params![found.enrolment.to_bytes(), found.version, found.packet.to_bytes(), now.0, checks])?;
    let failed = found
        .checks
        .iter()
        .filter(|check| check.outcome == CheckOutcome::Failed)
        .count() as u64;
    connection
        .prepare_cached(
            "INSERT INTO review_case (enrolment, packet, version, state, home_office, station, sequence, pack_id,
                 received_ms, day, checks_failed, summary, row_version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 1)
             ON CONFLICT (enrolment) DO UPDATE SET packet = ?2, version = ?3, state = ?4, home_office = ?5,
                 station = ?6, sequence = ?7, pack_id = ?8, received_ms = ?9, day = ?10, checks_failed = ?11,
                 summary = ?12, row_version = row_version + 1, lease_staff = NULL, lease_until_ms = NULL
             WHERE version < ?3 OR (version = ?3 AND state IN ('under_review', 'duplicate_hold'))",
        )?
        .execute(params![
            found.enrolment.to_bytes(),
            found.packet.to_bytes(),
            found.version,
            found.state.name(),
            found.home_office,
            found.station.to_bytes(),
            found.sequence,
            found.pack_id,
            found.received.0,
            found.day,
            failed,
            found.summary
        ])?;
    Ok(())
}

/// Changes the state of a case that still is as the decider saw it. `false`: it is not.
pub fn set_state_in(
    connection: &Connection,
    enrolment: EnrolmentId,
    seen: u64,
    state: CaseState,
) -> Result<bool, RegisterError> {
    let changed = connection
        .prepare_cached(
            "UPDATE review_case SET state = ?3, row_version = row_version + 1, lease_staff = NULL, lease_until_ms = NULL
             WHERE enrolment = ?1 AND row_version = ?2",
        )?
        .execute(params![enrolment.to_bytes(), seen, state.name()])?;
    Ok(changed == 1)
}

/// Takes or prolongs the lease of an open case. Returns who holds it afterwards: `staff`, or somebody whose lease runs.
pub fn lease_in(
    connection: &Connection,
    now: UnixMs,
    enrolment: EnrolmentId,
    staff: StaffId,
) -> Result<Option<StaffId>, RegisterError> {
    connection
        .prepare_cached(
            "UPDATE review_case SET lease_staff = ?2, lease_until_ms = ?4
             WHERE enrolment = ?1 AND state IN ('under_review', 'duplicate_hold', 'second_opinion')
               AND (lease_staff IS NULL OR lease_staff = ?2 OR lease_until_ms <= ?3)",
        )?
        .execute(params![
            enrolment.to_bytes(),
            staff.to_bytes(),
            now.0,
            (now.0 + CASE_LEASE_MS)
        ])?;
    let holder: Option<Option<[u8; 16]>> = connection
        .prepare_cached("SELECT lease_staff FROM review_case WHERE enrolment = ?1")?
        .query_row([enrolment.to_bytes()], |row| row.get(0))
        .optional()?;
    Ok(holder.flatten().map(StaffId::from_bytes))
}

/// Gives a lease back.
pub fn release_in(
    connection: &Connection,
    enrolment: EnrolmentId,
    staff: StaffId,
) -> Result<(), RegisterError> {
    connection.execute(
        "UPDATE review_case SET lease_staff = NULL, lease_until_ms = NULL WHERE enrolment = ?1 AND lease_staff = ?2",
        params![enrolment.to_bytes(), staff.to_bytes()],
    )?;
    Ok(())
}

/// Versions that were examined, oldest first: number, packet, when.
pub fn versions_in(
    connection: &Connection,
    enrolment: EnrolmentId,
) -> Result<Vec<(u32, PacketId, UnixMs)>, RegisterError> {
    let mut statement = connection
        .prepare_cached("SELECT version, packet, examined_ms FROM review_version WHERE enrolment = ?1 ORDER BY version")?;
    let rows = statement.query_map([enrolment.to_bytes()], |row| {
        Ok((
            row.get(0)?,
            PacketId::from_bytes(row.get(1)?),
            UnixMs(row.get(2)?),
        ))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn from_row(row: &Row<'_>) -> Result<Case, RegisterError> {
    let state: String = row.get(3)?;
    let lease: Option<[u8; 16]> = row.get(13)?;
    let until: Option<u64> = row.get(14)?;
    Ok(Case {
        enrolment: EnrolmentId::from_bytes(row.get(0)?),
        packet: PacketId::from_bytes(row.get(1)?),
        version: row.get(2)?,
        state: CaseState::from_name(&state).ok_or(RegisterError::Damaged("review_case.state"))?,
        home_office: row.get(4)?,
        station: StationId::from_bytes(row.get(5)?),
        sequence: row.get(6)?,
        pack_id: row.get(7)?,
        received: UnixMs(row.get(8)?),
        day: row.get(9)?,
        checks_failed: row.get(10)?,
        summary: row.get(11)?,
        row_version: row.get(12)?,
        lease: lease
            .zip(until)
            .map(|(staff, until)| (StaffId::from_bytes(staff), UnixMs(until))),
        duplicates: row.get(15)?,
    })
}
