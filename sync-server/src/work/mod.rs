//! Work: what the centre still has to do with what it took in, as a queue with leases.
//!
//! In: a kind and a subject, in the transaction that makes the work necessary. Out: leases to whoever works.
//! Owns: table `work`. Never: loses a task (a dead holder's lease runs out), nor does one twice at the same time.
//!
//!   Queued ──lease──► Leased ──complete──► Done
//!     ▲                 │
//!     └──── fail, or the lease runs out ──► Dead after `ATTEMPTS_MAX`, for a person to look at

use std::sync::Arc;

use qayd_model::UnixMs;
use qayd_world::Clock;
use rusqlite::{Connection, OptionalExtension, params};

use crate::store::{Register, RegisterError};

/// Attempts before a task is set aside.
pub const ATTEMPTS_MAX: u32 = 8;
/// Wait before the second attempt; doubled each time.
const BACKOFF_MS: u64 = 2_000;

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WorkKind {
    /// Open a packet, check what is inside, index it, look for duplicates. Subject: the packet id.
    Examine,
    /// Sign a decision and put it into the station's inbox. Subject: the decision's number.
    Dispatch,
}

impl WorkKind {
    /// The name in the register.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Examine => "examine",
            Self::Dispatch => "dispatch",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Examine, Self::Dispatch]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// The right to do one task until `until`.
#[derive(Debug, Clone)]
pub struct Lease {
    /// Number of the task.
    pub id: i64,
    /// What to do.
    pub kind: WorkKind,
    /// With what.
    pub subject: String,
    /// This attempt's number, from 1.
    pub attempt: u32,
    /// When the lease runs out.
    pub until: UnixMs,
    holder: String,
}

/// How many tasks stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WorkCounts {
    /// Waiting, or waiting to be tried again.
    pub queued: u64,
    /// Being done.
    pub leased: u64,
    /// Done.
    pub done: u64,
    /// Given up; a person has to look.
    pub dead: u64,
}

/// The queue.
#[derive(Clone)]
pub struct Work {
    register: Register,
    clock: Arc<dyn Clock>,
}

/// Adds a task inside the caller's transaction; the same kind and subject again is no new task.
/// `priority` 0 is first.
pub fn enqueue_in(
    connection: &Connection,
    now: UnixMs,
    kind: WorkKind,
    subject: &str,
    priority: u8,
) -> Result<(), RegisterError> {
    connection
        .prepare_cached(
            "INSERT INTO work (kind, subject, priority, state, due_ms, made_ms)
             VALUES (?1, ?2, ?3, 'queued', ?4, ?4) ON CONFLICT (kind, subject) DO NOTHING",
        )?
        .execute(params![kind.name(), subject, priority, now.0 as i64])?;
    Ok(())
}

/// Ends a leased task inside the caller's transaction, together with what the task produced. `false`: the lease was no
/// longer ours, and the caller must undo (return an error from the job).
pub fn complete_in(connection: &Connection, lease: &Lease) -> Result<bool, RegisterError> {
    let changed = connection
        .prepare_cached(
            "UPDATE work SET state = 'done', holder = NULL, lease_until = NULL, failure = NULL
             WHERE id = ?1 AND state = 'leased' AND holder = ?2 AND attempts = ?3",
        )?
        .execute(params![lease.id, lease.holder, lease.attempt])?;
    Ok(changed == 1)
}

impl Work {
    /// The queue in `register`.
    pub fn new(register: Register, clock: Arc<dyn Clock>) -> Self {
        Self { register, clock }
    }

    /// Adds a task, durable on return.
    pub fn enqueue(
        &self,
        kind: WorkKind,
        subject: &str,
        priority: u8,
    ) -> Result<(), RegisterError> {
        let (now, subject) = (self.clock.now(), subject.to_owned());
        self.register
            .write(move |connection| enqueue_in(connection, now, kind, &subject, priority))
    }

    /// Takes the most urgent task of `kinds` that is due, or whose holder's lease ran out, for `duration_ms`.
    /// `holder` names the worker and must differ between workers.
    pub fn lease(
        &self,
        kinds: &[WorkKind],
        holder: &str,
        duration_ms: u64,
    ) -> Result<Option<Lease>, RegisterError> {
        let now = self.clock.now();
        let until = UnixMs(now.0 + duration_ms);
        let kinds = kinds.to_vec();
        let holder = holder.to_owned();
        self.register.write(move |connection| {
            bury_exhausted(connection, now)?;
            let mut best: Option<(i64, String, String, i64, i64, u32)> = None;
            for kind in &kinds {
                let found = connection
                    .prepare_cached(
                        "SELECT id, kind, subject, priority, due_ms, attempts FROM work
                         WHERE kind = ?1 AND ((state = 'queued' AND due_ms <= ?2)
                                           OR (state = 'leased' AND lease_until <= ?2))
                         ORDER BY priority, due_ms, id LIMIT 1",
                    )?
                    .query_row(params![kind.name(), now.0 as i64], |row| {
                        Ok((
                            row.get(0)?,
                            row.get(1)?,
                            row.get(2)?,
                            row.get(3)?,
                            row.get(4)?,
                            row.get(5)?,
                        ))
                    })
                    .optional()?;
                if let Some(found) = found
                    && best
                        .as_ref()
                        .is_none_or(|best| (found.3, found.4, found.0) < (best.3, best.4, best.0))
                {
                    best = Some(found);
                }
            }
            let Some((id, kind, subject, _, _, attempts)) = best else {
                return Ok(None);
            };
            connection
                .prepare_cached(
                    "UPDATE work SET state = 'leased', attempts = ?2, lease_until = ?3, holder = ?4
                     WHERE id = ?1",
                )?
                .execute(params![id, attempts + 1, until.0 as i64, holder])?;
            Ok(Some(Lease {
                id,
                kind: WorkKind::from_name(&kind).ok_or(RegisterError::Damaged("work.kind"))?,
                subject,
                attempt: attempts + 1,
                until,
                holder,
            }))
        })
    }

    /// Ends a task that produced nothing else to commit. `false`: the lease was no longer ours.
    pub fn complete(&self, lease: &Lease) -> Result<bool, RegisterError> {
        let lease = lease.clone();
        self.register
            .write(move |connection| complete_in(connection, &lease))
    }

    /// Gives a task back with the reason, to be tried again later, or set aside after [`ATTEMPTS_MAX`] attempts.
    /// `reason` is a code and ids, never personal data. `true`: it was set aside.
    pub fn fail(&self, lease: &Lease, reason: &str) -> Result<bool, RegisterError> {
        let (lease, reason, now) = (lease.clone(), reason.to_owned(), self.clock.now());
        let dead = lease.attempt >= ATTEMPTS_MAX;
        let wait = BACKOFF_MS << lease.attempt.saturating_sub(1).min(12);
        self.register.write(move |connection| {
            connection.execute(
                "UPDATE work SET state = ?4, due_ms = ?5, failure = ?6, holder = NULL, lease_until = NULL
                 WHERE id = ?1 AND state = 'leased' AND holder = ?2 AND attempts = ?3",
                params![
                    lease.id,
                    lease.holder,
                    lease.attempt,
                    if dead { "dead" } else { "queued" },
                    (now.0 + wait) as i64,
                    reason
                ],
            )?;
            Ok(dead)
        })
    }

    /// Sets a task aside at once, for failures that no repetition heals.
    pub fn set_aside(&self, lease: &Lease, reason: &str) -> Result<(), RegisterError> {
        let (lease, reason) = (lease.clone(), reason.to_owned());
        self.register.write(move |connection| {
            connection.execute(
                "UPDATE work SET state = 'dead', failure = ?4, holder = NULL, lease_until = NULL
                 WHERE id = ?1 AND state = 'leased' AND holder = ?2 AND attempts = ?3",
                params![lease.id, lease.holder, lease.attempt, reason],
            )?;
            Ok(())
        })
    }

    /// Prolongs a lease that is still ours. `false`: it was not.
    pub fn prolong(&self, lease: &mut Lease, duration_ms: u64) -> Result<bool, RegisterError> {
        let until = UnixMs(self.clock.now().0 + duration_ms);
        let ours = lease.clone();
        let held: bool = self.register.write(move |connection| {
            let changed = connection.execute(
                "UPDATE work SET lease_until = ?4
                 WHERE id = ?1 AND state = 'leased' AND holder = ?2 AND attempts = ?3",
                params![ours.id, ours.holder, ours.attempt, until.0 as i64],
            )?;
            Ok::<_, RegisterError>(changed == 1)
        })?;
        if held {
            lease.until = until;
        }
        Ok(held)
    }

    /// How many tasks stand where.
    pub fn counts(&self) -> Result<WorkCounts, RegisterError> {
        self.register.read(|connection| {
            let mut counts = WorkCounts::default();
            let mut statement =
                connection.prepare_cached("SELECT state, count(*) FROM work GROUP BY state")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let number = row.get::<_, i64>(1)? as u64;
                match row.get_ref(0)?.as_str().unwrap_or_default() {
                    "queued" => counts.queued = number,
                    "leased" => counts.leased = number,
                    "done" => counts.done = number,
                    "dead" => counts.dead = number,
                    _ => return Err(RegisterError::Damaged("work.state")),
                }
            }
            Ok(counts)
        })
    }
}

/// A task whose holders died `ATTEMPTS_MAX` times kills whoever takes it: it is set aside.
fn bury_exhausted(connection: &Connection, now: UnixMs) -> Result<(), RegisterError> {
    connection
        .prepare_cached(
            "UPDATE work SET state = 'dead', failure = 'WRK-01 every holder died', holder = NULL
             WHERE state = 'leased' AND lease_until <= ?1 AND attempts >= ?2",
        )?
        .execute(params![now.0 as i64, ATTEMPTS_MAX])?;
    Ok(())
}

#[cfg(test)]
mod tests;
