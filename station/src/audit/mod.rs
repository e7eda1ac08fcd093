//! Audit: what happened, by whom, when; a chain of signed entries from the first act of the station on.
//!
//! In: an event and the ids it is about, inside the transaction of the act itself. Out: entries for the centre, and
//! [`verify`], which names the first bad one.
//! Owns: table `audit`, the setting `audit-head`, and the station's [`StationClock`].
//! Never: holds a name, a number or a text about a person; changes or removes an entry.
//!
//! An entry is a `COSE_Sign1` by the station key over deterministic CBOR; it holds the SHA-256 of the signed bytes of the
//! entry before it. Who alters, removes, inserts or swaps one has to sign all that follow.

mod clock;
mod entry;

use minicbor::{Decode, Encode};
use qayd_crypto::{Namespace, PublicKey, SigningKey, cbor, sha256, sign1, verify1};
use qayd_model::{OperatorId, Remedy, Sha256Digest};
use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::settings::{self, name};
use crate::store::StoreError;

pub use clock::{Estimate, Stamp, StationClock};
pub use entry::{AuditEntry, AuditEvent, Subject};

/// The largest entry.
pub(crate) const ENTRY_BYTES_MAX: usize = 4 * 1024;

/// What is wrong with the trail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// This entry is not what was written, or is not there. All before it are good.
    #[error("audit entry {number} is bad: {fault}")]
    Broken {
        /// The first bad entry.
        number: u64,
        /// In what way.
        fault: AuditFault,
    },
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AuditError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Broken { .. } => "AUD-01",
            Self::Store(e) => e.code(),
        }
    }

    /// Who can help.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Broken { .. } => Remedy::SupervisorActs,
            Self::Store(e) => e.remedy(),
        }
    }
}

/// In what way an entry is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// There is none of this number.
    #[error("missing")]
    Missing,
    /// It is not signed by this station.
    #[error("not signed by this station")]
    Signature,
    /// Its content is not an entry.
    #[error("not an entry")]
    Malformed,
    /// It stands in the place of another.
    #[error("out of place")]
    OutOfPlace,
    /// It does not follow the one before.
    #[error("does not follow the one before")]
    Unchained,
}

#[derive(Debug, Clone, Encode, Decode)]
#[cbor(map)]
struct Head {
    #[n(1)]
    number: u64,
    #[n(2)]
    digest: Sha256Digest,
}

/// Appends one entry in the transaction of the act it records; returns its number, from 1.
pub(crate) fn append(
    tx: &Transaction<'_>,
    key: &SigningKey,
    clock: &StationClock,
    operator: Option<OperatorId>,
    event: AuditEvent,
    subjects: &[Subject],
) -> Result<u64, StoreError> {
    let head: Option<Head> = settings::get_cbor(tx, name::AUDIT_HEAD)?;
    let number = head.as_ref().map_or(1, |h| h.number + 1);
    let entry = AuditEntry {
        number,
        previous: head.map(|h| h.digest),
        stamp: clock.stamp(tx)?,
        operator,
        event,
        subjects: subjects.to_vec(),
    };
    let bytes = sign1(Namespace::AuditEntry, key, &cbor::encode(&entry));
    tx.prepare_cached("INSERT INTO audit (number, entry) VALUES (?1, ?2)")?
        .execute((number, &bytes))?;
    settings::put_cbor(
        tx,
        name::AUDIT_HEAD,
        &Head {
            number,
            digest: sha256(&bytes),
        },
    )?;
    Ok(number)
}

/// Reads the whole trail and says how many entries there are.
///
/// # Errors
/// [`AuditError::Broken`] with the first bad entry.
pub fn verify(connection: &Connection, key: &PublicKey) -> Result<u64, AuditError> {
    let mut statement = connection
        .prepare("SELECT number, entry FROM audit ORDER BY number")
        .map_err(StoreError::from)?;
    let mut rows = statement.query([]).map_err(StoreError::from)?;
    let mut chain = Chain::default();
    while let Some(row) = rows.next().map_err(StoreError::from)? {
        let number: u64 = row.get(0).map_err(StoreError::from)?;
        let bytes: Vec<u8> = row.get(1).map_err(StoreError::from)?;
        if number != chain.next() {
            return Err(AuditError::Broken {
                number: chain.next(),
                fault: AuditFault::Missing,
            });
        }
        chain.follow(key, &bytes)?;
    }
    let head: Option<Head> = settings::get_cbor(connection, name::AUDIT_HEAD)?;
    match head {
        Some(head) if head.number != chain.count || Some(head.digest) != chain.previous => {
            let number = if head.number > chain.count {
                chain.next()
            } else {
                chain.count
            };
            Err(AuditError::Broken {
                number,
                fault: AuditFault::Missing,
            })
        }
        None if chain.count > 0 => Err(AuditError::Broken {
            number: 1,
            fault: AuditFault::OutOfPlace,
        }),
        _ => Ok(chain.count),
    }
}

/// Follows a trail entry by entry; the centre's copy can be checked with it too.
#[derive(Debug, Default)]
pub struct Chain {
    count: u64,
    previous: Option<Sha256Digest>,
}

impl Chain {
    fn next(&self) -> u64 {
        self.count + 1
    }

    /// Checks the next entry's signature, number and link.
    ///
    /// # Errors
    /// [`AuditError::Broken`]; the chain stays where it was.
    pub fn follow(&mut self, key: &PublicKey, bytes: &[u8]) -> Result<AuditEntry, AuditError> {
        let number = self.next();
        let broken = |fault| AuditError::Broken { number, fault };
        let payload = verify1(Namespace::AuditEntry, key, bytes)
            .map_err(|_| broken(AuditFault::Signature))?;
        let entry: AuditEntry = cbor::decode_strict(&payload, ENTRY_BYTES_MAX)
            .map_err(|_| broken(AuditFault::Malformed))?;
        if entry.number != number {
            return Err(broken(AuditFault::OutOfPlace));
        }
        if entry.previous != self.previous {
            return Err(broken(AuditFault::Unchained));
        }
        self.count = number;
        self.previous = Some(sha256(bytes));
        Ok(entry)
    }
}

/// Signed entries after `number`, at most `limit`, in order: what the centre does not hold yet.
pub fn after(
    connection: &Connection,
    number: u64,
    limit: usize,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection
        .prepare_cached("SELECT entry FROM audit WHERE number > ?1 ORDER BY number LIMIT ?2")?;
    let rows = statement.query_map((number, limit), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Number and digest of the last entry; `None` on an empty trail.
pub fn head(connection: &Connection) -> Result<Option<(u64, Sha256Digest)>, StoreError> {
    let head: Option<Head> = settings::get_cbor(connection, name::AUDIT_HEAD)?;
    Ok(head.map(|h| (h.number, h.digest)))
}

/// One signed entry.
pub fn entry_bytes(connection: &Connection, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(connection
        .query_row(
            "SELECT entry FROM audit WHERE number = ?1",
            [number],
            |row| row.get(0),
        )
        .optional()?)
}

#[cfg(test)]
mod tests;
