//! Inbox: what the centre sent back, verified, kept and acted upon.
//!
//! In: signed, numbered items. Out: enrolments settled or returned; keyring, policy, packs, revocations taken over.
//! Owns: table `inbox`. Never: acts on an item that is not the centre's, not this station's, or not the next; loses an
//! item because it could not be acted upon: it is kept with its problem, and shown.
//!
//! ```text
//!   signed item ─► signature, station, chain ─► row, act and audit entry in one transaction
//!                        │ no                          accepted, rejected, same person ─► enrolment settled
//!                        ▼                             returned ─► enrolment `returned` ─► `open` ─► draft, next version
//!                 refused, contact ends                keyring, policy, pack, revocation ─► in force
//! ```

use qayd_crypto::{peek1, sha256};
use qayd_model::{Decision, EnrolmentId, PacketId, UnixMs};
use qayd_protocol::{
    ChainError, ChainHead, DecisionMessage, InboxBody, InboxItem, Message, Revocation,
    inbox as wire,
};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::audit::{AuditEvent, Subject};
use crate::enrolment::{self, EnrolmentError};
use crate::outbox;
use crate::session::Session;
use crate::station::{Station, StationError};
use crate::store::StoreError;
use crate::upload::UploadError;

/// One item as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxEntry {
    /// Its number at this station, from 1.
    pub number: u64,
    /// `decision`, `policy`, `pack`, `keyring`, `revocation`.
    pub kind: String,
    /// When it came.
    pub received: UnixMs,
    /// When it was acted upon; `None` when it could not be.
    pub applied: Option<UnixMs>,
    /// Code of what stood in the way.
    pub problem: Option<String>,
    /// What was decided, where it is a decision.
    pub decision: Option<DecisionMessage>,
}

/// What a list of items changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// New items.
    pub items: usize,
    /// Of those, decisions.
    pub decisions: usize,
}

/// Where the chain of items stands.
///
/// # Errors
/// [`StoreError`].
pub fn head(connection: &Connection) -> Result<ChainHead, StoreError> {
    let last: Option<(u64, Vec<u8>)> = connection
        .query_row(
            "SELECT number, signed FROM inbox ORDER BY number DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    Ok(last.map_or(ChainHead::START, |(number, signed)| ChainHead {
        number,
        digest: Some(sha256(&signed)),
    }))
}

/// Takes items in, in order, each in a transaction of its own. One that came before changes nothing.
///
/// # Errors
/// [`UploadError::Inbox`] for the first that is not the centre's or not the next; those before it are kept.
pub fn take(station: &Station, signed: &[Vec<u8>]) -> Result<Taken, UploadError> {
    let mut taken = Taken::default();
    for bytes in signed {
        let done = station.store().write(|tx| {
            // Asked anew for each: the item before may have been a keyring.
            let keyring = station.keyring(tx)?;
            match wire::verify(bytes, &keyring, station.identity().station, &head(tx)?) {
                Ok(verified) => keep(station, tx, verified.item(), bytes).map(Some),
                Err(ChainError::Repeated { number, .. }) if holds(tx, number, bytes)? => Ok(None),
                Err(source) => Err(UploadError::Inbox { source }),
            }
        });
        match done {
            Ok(Some(is_decision)) => {
                taken.items += 1;
                taken.decisions += usize::from(is_decision);
            }
            Ok(None) => {}
            Err(error) => {
                if let UploadError::Inbox { source } = &error {
                    crate::upload::refused_message(station, source)?;
                }
                return Err(error);
            }
        }
    }
    Ok(taken)
}

fn holds(connection: &Connection, number: u64, bytes: &[u8]) -> Result<bool, StoreError> {
    let held: Option<Vec<u8>> = connection
        .query_row(
            "SELECT signed FROM inbox WHERE number = ?1",
            [number],
            |row| row.get(0),
        )
        .optional()?;
    Ok(held.is_some_and(|held| held == bytes))
}

fn keep(
    station: &Station,
    tx: &Transaction<'_>,
    item: &InboxItem,
    bytes: &[u8],
) -> Result<bool, UploadError> {
    let at = station.clock().stamp(tx)?.recorded;
    let packet = match &item.body {
        InboxBody::Decision(message) => Some(message.packet.to_bytes()),
        _ => None,
    };
    // An item that cannot be acted upon must not stop those behind it.
    let problem = match apply(station, tx, item, at) {
        Ok(problem) => problem.map(str::to_owned),
        Err(StationError::Store(error)) => return Err(error.into()),
        Err(error) => Some(error.code().to_owned()),
    };
    if let Some(code) = &problem {
        tracing::warn!(
            number = item.number,
            code,
            "an inbox item could not be acted upon"
        );
    }
    tx.execute(
        "INSERT INTO inbox (number, kind, packet, signed, received, applied, problem)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            item.number,
            kind(&item.body),
            packet,
            bytes,
            at.0,
            problem.is_none().then_some(at.0),
            problem
        ],
    )?;
    Ok(packet.is_some())
}

const fn kind(body: &InboxBody) -> &'static str {
    match body {
        InboxBody::Decision(_) => "decision",
        InboxBody::Policy(_) => "policy",
        InboxBody::Pack(_) => "pack",
        InboxBody::Keyring(_) => "keyring",
        InboxBody::Revocation(_) => "revocation",
        _ => "unknown",
    }
}

/// Does what the item says; the code of what stands in the way, if anything.
fn apply(
    station: &Station,
    tx: &Transaction<'_>,
    item: &InboxItem,
    at: UnixMs,
) -> Result<Option<&'static str>, StationError> {
    match &item.body {
        InboxBody::Decision(message) => Ok(settle(station, tx, message, at)?),
        InboxBody::Policy(bytes) => station.keep_policy(tx, bytes).map(|_| None),
        InboxBody::Pack(bytes) => station.keep_pack(tx, bytes).map(|_| None),
        InboxBody::Keyring(bytes) => station.keep_keyring(tx, bytes).map(|_| None),
        InboxBody::Revocation(Revocation::Station { reason }) => {
            station.revoke(tx, reason)?;
            Ok(None)
        }
        InboxBody::Revocation(Revocation::Operator { operator, reason }) => {
            station.revoke_operator(tx, *operator, reason)?;
            Ok(None)
        }
        _ => Ok(Some(UNKNOWN_KIND)),
    }
}

/// The item is of a kind that this program does not know.
const UNKNOWN_KIND: &str = "INB-01";
/// The decision is about a packet that this station did not make.
const UNKNOWN_PACKET: &str = "INB-02";

fn settle(
    station: &Station,
    tx: &Transaction<'_>,
    message: &DecisionMessage,
    at: UnixMs,
) -> Result<Option<&'static str>, StoreError> {
    let known = outbox::get(tx, message.packet)?.filter(|item| item.enrolment == message.enrolment);
    if known.is_none() {
        return Ok(Some(UNKNOWN_PACKET));
    }
    let name = message.decision.name();
    outbox::settle(tx, message.packet, name, at)?;
    enrolment::set_state(tx, message.packet, name, at)?;
    let subjects = [
        Subject::Enrolment(message.enrolment),
        Subject::Packet(message.packet),
        Subject::Code(name.to_owned()),
    ];
    station.record(tx, None, AuditEvent::DecisionKept, &subjects)?;
    Ok(None)
}

/// Items after number `after`, at most `limit`, in order.
///
/// # Errors
/// [`StoreError`].
pub fn list(
    connection: &Connection,
    after: u64,
    limit: usize,
) -> Result<Vec<InboxEntry>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT number, kind, received, applied, problem, signed FROM inbox
         WHERE number > ?1 ORDER BY number LIMIT ?2",
    )?;
    let mut rows = statement.query(params![after, limit as u64])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let signed: Vec<u8> = row.get(5)?;
        let decision = match item_of(&signed)?.body {
            InboxBody::Decision(message) => Some(message),
            _ => None,
        };
        entries.push(InboxEntry {
            number: row.get(0)?,
            kind: row.get(1)?,
            received: UnixMs(row.get(2)?),
            applied: row.get::<_, Option<u64>>(3)?.map(UnixMs),
            problem: row.get(4)?,
            decision,
        });
    }
    Ok(entries)
}

/// The latest decision about a packet.
///
/// # Errors
/// [`StoreError`].
pub fn decision(
    connection: &Connection,
    packet: PacketId,
) -> Result<Option<DecisionMessage>, StoreError> {
    let signed: Option<Vec<u8>> = connection
        .query_row(
            "SELECT signed FROM inbox WHERE packet = ?1 AND kind = 'decision' ORDER BY number DESC LIMIT 1",
            [packet.to_bytes()],
            |row| row.get(0),
        )
        .optional()?;
    let Some(signed) = signed else {
        return Ok(None);
    };
    match item_of(&signed)?.body {
        InboxBody::Decision(message) => Ok(Some(message)),
        _ => Err(StoreError::Damaged {
            table: "inbox",
            what: "not a decision",
        }),
    }
}

/// Verified before it was kept, under the keyring of that day; the store is authenticated since.
fn item_of(signed: &[u8]) -> Result<InboxItem, StoreError> {
    let damaged = |what| StoreError::Damaged {
        table: "inbox",
        what,
    };
    let peeked = peek1(signed).map_err(|_| damaged("not signed"))?;
    InboxItem::from_bytes(&peeked.payload).map_err(|_| damaged("not an item"))
}

/// Enrolments that wait for a correction: the latest decision about their latest packet is a return.
///
/// # Errors
/// [`StoreError`].
pub fn returned(connection: &Connection) -> Result<Vec<DecisionMessage>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT packet FROM enrolment WHERE state = 'returned' ORDER BY changed, enrolment",
    )?;
    let packets: Vec<PacketId> = statement
        .query_map([], |row| Ok(PacketId::from_bytes(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    for packet in packets {
        if let Some(message) = decision(connection, packet)?
            && matches!(message.decision, Decision::Returned(_))
        {
            found.push(message);
        }
    }
    Ok(found)
}

/// Opens a returned enrolment as a draft of the next version. Opening it again gives the draft that is there.
///
/// # Errors
/// [`EnrolmentError::NotReturned`] when nothing of this enrolment waits for a correction; [`EnrolmentError`].
pub fn open(
    station: &Station,
    session: &Session,
    enrolment: EnrolmentId,
) -> Result<EnrolmentId, EnrolmentError> {
    let waiting = station.store().read(returned)?;
    let message = waiting
        .iter()
        .find(|m| m.enrolment == enrolment)
        .ok_or(EnrolmentError::NotReturned)?;
    station.open_returned(session, message)
}
