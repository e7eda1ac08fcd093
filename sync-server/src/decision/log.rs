//! Decision log: who decided what, why and when, as a chain of signed entries.
//!
//! In: an event of a case, inside its transaction. Out: entries, and the verdict of walking the chain.
//! Owns: the form of an entry. Never: shows a note outside the vault; an entry holds the digest of the whole decision.

use minicbor::{Decode, Encode};
use qayd_crypto::{Namespace, PublicKey, cbor, sha256, sign1, verify1};
use qayd_model::{Decision, EnrolmentId, PacketId, Sha256Digest, StaffId, UnixMs};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Body, RegisterError};
use crate::{
    review::{
        case::Case,
        vault::{Vault, context},
    },
    trust::CentreKeys,
};

/// No entry is longer, in bytes.
const ENTRY_BYTES_MAX: usize = 8 * 1024;

/// What happened to a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogEvent {
    /// It stands.
    Decided,
    /// It waits for a second person.
    Proposed,
    /// The second person agreed; it stands.
    Confirmed,
    /// The second person did not agree.
    Declined,
}

impl LogEvent {
    const ALL: [Self; 4] = [
        Self::Decided,
        Self::Proposed,
        Self::Confirmed,
        Self::Declined,
    ];

    /// `decided`, `proposed`, `confirmed`, `declined`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Proposed => "proposed",
            Self::Confirmed => "confirmed",
            Self::Declined => "declined",
        }
    }
}

/// What the centre key signs.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct SignedEntry {
    #[n(1)]
    number: u64,
    #[n(2)]
    previous: Option<Sha256Digest>,
    #[n(3)]
    time: UnixMs,
    #[n(4)]
    event: String,
    #[n(5)]
    enrolment: EnrolmentId,
    #[n(6)]
    packet: PacketId,
    #[n(7)]
    version: u32,
    #[n(8)]
    kind: String,
    #[n(9)]
    decision_sha256: Sha256Digest,
    #[n(10)]
    by: StaffId,
    #[n(11)]
    proposer: Option<StaffId>,
}

/// One entry as people read it.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// From 1.
    pub number: u64,
    /// The version it is about.
    pub version: u32,
    /// What happened.
    pub event: LogEvent,
    /// The decision, with its notes.
    pub decision: Decision,
    /// Who.
    pub by: StaffId,
    /// Who proposed it, where two people acted.
    pub proposer: Option<StaffId>,
    /// When.
    pub at: UnixMs,
}

#[allow(
    clippy::too_many_arguments,
    reason = "one entry has so many parts, and one caller"
)]
pub(super) fn append_in(
    connection: &Connection,
    keys: &CentreKeys,
    vault: &Vault,
    now: UnixMs,
    case: &Case,
    event: LogEvent,
    body: &Body,
    by: StaffId,
    proposer: Option<StaffId>,
) -> Result<u64, RegisterError> {
    let last: Option<(u64, [u8; 32])> = connection
        .prepare_cached("SELECT number, digest FROM decision_log ORDER BY number DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let number = last.map_or(1, |(number, _)| number + 1);
    let entry = SignedEntry {
        number,
        previous: last.map(|(_, digest)| Sha256Digest(digest)),
        time: now,
        event: event.name().to_owned(),
        enrolment: case.enrolment,
        packet: case.packet,
        version: case.version,
        kind: body.decision.name().to_owned(),
        decision_sha256: sha256(&cbor::encode(body)),
        by,
        proposer,
    };
    let signed = sign1(
        Namespace::Decision,
        keys.centre_key(),
        &cbor::encode(&entry),
    );
    let digest = sha256(&signed);
    connection
        .prepare_cached(
            "INSERT INTO decision_log (number, enrolment, packet, version, event, kind, reason, by_staff, proposer, at_ms,
                 body, signed, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            number,
            case.enrolment.to_bytes(),
            case.packet.to_bytes(),
            case.version,
            event.name(),
            body.decision.name(),
            reason(&body.decision),
            by.to_bytes(),
            proposer.map(StaffId::to_bytes),
            now.0,
            vault.seal(&place(number), body),
            signed,
            digest.0
        ])?;
    Ok(number)
}

/// The codes behind a decision, without notes.
fn reason(decision: &Decision) -> String {
    match decision {
        Decision::Accepted => String::new(),
        Decision::Rejected { reason, .. } => reason.clone(),
        Decision::SamePerson { as_enrolment } => as_enrolment.to_string(),
        Decision::Returned(returned) => {
            let mut codes: Vec<String> = returned
                .fields
                .iter()
                .map(|f| format!("{}:{}", f.field, f.reason))
                .collect();
            codes.extend(returned.fingers.iter().map(|f| f.name().to_owned()));
            if returned.portrait {
                codes.push("portrait".to_owned());
            }
            codes.join(" ")
        }
    }
}

fn place(number: u64) -> Vec<u8> {
    context("decision_log", &number.to_be_bytes())
}

/// Who wrote an entry, and its decision.
pub(super) fn body_in(
    connection: &Connection,
    vault: &Vault,
    number: u64,
) -> Result<(StaffId, Body), RegisterError> {
    let (by, sealed): ([u8; 16], Vec<u8>) = connection
        .prepare_cached("SELECT by_staff, body FROM decision_log WHERE number = ?1")?
        .query_row([number], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((
        StaffId::from_bytes(by),
        vault.open(&place(number), &sealed)?,
    ))
}

/// The history of one enrolment, oldest first.
pub fn entries_of(
    connection: &Connection,
    vault: &Vault,
    enrolment: EnrolmentId,
) -> Result<Vec<LogEntry>, RegisterError> {
    let mut statement = connection.prepare_cached(
        "SELECT number, version, event, by_staff, proposer, at_ms, body FROM decision_log WHERE enrolment = ?1 ORDER BY number",
    )?;
    let mut rows = statement.query([enrolment.to_bytes()])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let (number, event, sealed): (u64, String, Vec<u8>) =
            (row.get(0)?, row.get(2)?, row.get(6)?);
        let body: Body = vault.open(&place(number), &sealed)?;
        entries.push(LogEntry {
            number,
            version: row.get(1)?,
            event: LogEvent::ALL
                .into_iter()
                .find(|e| e.name() == event)
                .ok_or(RegisterError::Damaged("decision_log.event"))?,
            decision: body.decision,
            by: StaffId::from_bytes(row.get(3)?),
            proposer: row.get::<_, Option<[u8; 16]>>(4)?.map(StaffId::from_bytes),
            at: UnixMs(row.get(5)?),
        });
    }
    Ok(entries)
}

/// Walks the whole log. `Err` is the number of the first entry that is missing, altered, not signed by one of
/// `centre_keys`, or does not follow the one before it; `Ok` the number of entries.
pub fn verify_log(
    connection: &Connection,
    centre_keys: &[PublicKey],
) -> Result<Result<u64, u64>, RegisterError> {
    let mut statement =
        connection.prepare("SELECT number, enrolment, event, kind, by_staff, signed, digest FROM decision_log ORDER BY number")?;
    let mut rows = statement.query([])?;
    let (mut expected, mut previous) = (1_u64, None);
    while let Some(row) = rows.next()? {
        let signed: Vec<u8> = row.get(5)?;
        let entry = centre_keys
            .iter()
            .find_map(|key| verify1(Namespace::Decision, key, &signed).ok())
            .and_then(|payload| cbor::decode_strict::<SignedEntry>(&payload, ENTRY_BYTES_MAX).ok());
        let digest = sha256(&signed);
        let fits = entry.is_some_and(|entry| {
            entry.number == expected
                && entry.previous == previous
                && row.get::<_, u64>(0) == Ok(expected)
                && row.get::<_, [u8; 16]>(1) == Ok(entry.enrolment.to_bytes())
                && row.get::<_, String>(2) == Ok(entry.event)
                && row.get::<_, String>(3) == Ok(entry.kind)
                && row.get::<_, [u8; 16]>(4) == Ok(entry.by.to_bytes())
                && row.get::<_, [u8; 32]>(6) == Ok(digest.0)
        });
        if !fits {
            return Ok(Err(expected));
        }
        previous = Some(digest);
        expected += 1;
    }
    Ok(Ok(expected - 1))
}
