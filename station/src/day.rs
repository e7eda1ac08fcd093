//! Day: what was done since the morning, and the supervisor's signature under it.
//!
//! In: the outbox, the drafts, the trail since the day began. Out: [`Day`]; its approval is an entry of the trail, signed
//! like every other and sent to the centre with them.
//! Never: counts what the store does not say; approves over a trail that was altered; closes the station: whoever comes
//! after the approval is enrolled, and the day can be approved again.

use qayd_crypto::{Namespace, cbor, verify1};
use qayd_model::{OperatorId, Remedy, UnixMs};
use rusqlite::Connection;
use serde::Serialize;

use crate::audit::{self, AuditEntry, AuditError, AuditEvent, Subject};
use crate::outbox::{self, DaySummary};
use crate::session::{Session, SessionError};
use crate::station::Station;
use crate::store::StoreError;

const DAY_MS: u64 = 86_400_000;
const MINUTE_MS: u64 = 60_000;

/// One day of a station, as far as it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Day {
    /// Midnight at the place.
    pub began: UnixMs,
    /// Sealed and sent since then; waiting now.
    pub outbox: DaySummary,
    /// Enrolments that were begun and not sealed, whenever that was.
    pub drafts: u64,
    /// Drafts thrown away today.
    pub discarded: u64,
    /// Exceptions that a supervisor approved today.
    pub exceptions: u64,
    /// Warnings of the duplicate watch that an officer went past today.
    pub overruled: u64,
    /// Passphrases refused today while somebody else worked.
    pub refused: u64,
    /// The last approval of this day.
    pub approval: Option<DayApproval>,
}

/// Who approved a day, and at what count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DayApproval {
    /// When.
    pub at: UnixMs,
    /// By whom.
    pub supervisor: OperatorId,
    /// How many were sealed by then; more since mean that it should be approved again.
    pub made: u64,
}

/// Why a day was not approved. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DayError {
    /// Who is signed in is no supervisor.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The trail of this station is not what was written.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DayError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Session(e) => e.code(),
            Self::Audit(e) => e.code(),
            Self::Store(e) => e.code(),
        }
    }

    /// Who can help.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Session(e) => e.remedy(),
            Self::Audit(e) => e.remedy(),
            Self::Store(e) => e.remedy(),
        }
    }
}

/// Midnight before `now` at a place whose civil time is `offset_minutes` ahead of UTC.
pub fn day_began(now: UnixMs, offset_minutes: i64) -> UnixMs {
    let local = now
        .0
        .saturating_add_signed(offset_minutes.saturating_mul(MINUTE_MS.cast_signed()));
    UnixMs(now.0.saturating_sub(local % DAY_MS))
}

impl Station {
    /// The day so far.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn day(&self) -> Result<Day, StoreError> {
        self.store().read(|connection| day(self, connection))
    }

    /// A supervisor's word that the day is right, written into the trail with its counts. The trail is read from its
    /// beginning first.
    ///
    /// # Errors
    /// [`DayError`]: `by` is no supervisor, or the trail is broken.
    pub fn approve_day(&self, by: &Session) -> Result<Day, DayError> {
        by.require_supervisor()?;
        self.audit_verify()?;
        self.store().write(|tx| {
            let so_far = day(self, tx)?;
            let subjects = [
                Subject::Count(so_far.outbox.made),
                Subject::Count(so_far.outbox.waiting),
                Subject::Count(so_far.exceptions),
            ];
            self.record(tx, Some(by.operator()), AuditEvent::DayApproved, &subjects)?;
            Ok(day(self, tx)?)
        })
    }
}

fn day(station: &Station, connection: &Connection) -> Result<Day, StoreError> {
    let now = station.world().clock.now();
    let began = day_began(now, station.utc_offset_minutes(connection)?);
    let mut day = Day {
        began,
        outbox: outbox::day_summary(connection, began, UnixMs(u64::MAX >> 1))?,
        drafts: connection.query_row("SELECT count(*) FROM draft", [], |row| row.get(0))?,
        discarded: 0,
        exceptions: 0,
        overruled: 0,
        refused: 0,
        approval: None,
    };
    since(station, connection, began, |entry| match entry.event {
        AuditEvent::DraftDiscarded => day.discarded += 1,
        AuditEvent::Approved => day.exceptions += 1,
        AuditEvent::DuplicateOverruled => day.overruled += 1,
        AuditEvent::SignInRefused => day.refused += 1,
        // The newest comes first.
        AuditEvent::DayApproved if day.approval.is_none() => {
            day.approval = entry.operator.map(|supervisor| DayApproval {
                at: entry.stamp.recorded,
                supervisor,
                made: match entry.subjects.first() {
                    Some(Subject::Count(made)) => *made,
                    _ => 0,
                },
            });
        }
        _ => {}
    })?;
    Ok(day)
}

/// Shows the entries of the trail from the newest back to `began`.
fn since(
    station: &Station,
    connection: &Connection,
    began: UnixMs,
    mut show: impl FnMut(&AuditEntry),
) -> Result<(), StoreError> {
    let key = station.signing_key().public();
    let Some((mut number, _)) = audit::head(connection)? else {
        return Ok(());
    };
    while number > 0 {
        let Some(bytes) = audit::entry_bytes(connection, number)? else {
            break;
        };
        // An altered entry is named by the check of the whole trail; here it only does not count.
        let entry = verify1(Namespace::AuditEntry, &key, &bytes)
            .ok()
            .and_then(|payload| {
                cbor::decode_strict::<AuditEntry>(&payload, audit::ENTRY_BYTES_MAX).ok()
            });
        if let Some(entry) = entry {
            if entry.stamp.recorded < began {
                break;
            }
            show(&entry);
        }
        number -= 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{OFFICER, SUPERVISOR, TestStation};
    use qayd_crypto::Passphrase;

    #[test]
    fn the_day_begins_at_midnight_of_the_place() {
        const HOUR_MS: u64 = 3_600_000;
        let noon = UnixMs(20_000 * DAY_MS + 12 * HOUR_MS);
        assert_eq!(day_began(noon, 0), UnixMs(20_000 * DAY_MS));
        assert_eq!(day_began(noon, 180), UnixMs(20_000 * DAY_MS - 3 * HOUR_MS));
        // Half past ten at night in UTC is the next day in Baghdad.
        let late = UnixMs(20_000 * DAY_MS + 22 * HOUR_MS + HOUR_MS / 2);
        assert_eq!(day_began(late, 180), UnixMs(20_000 * DAY_MS + 21 * HOUR_MS));
        assert_eq!(day_began(late, -120), UnixMs(20_000 * DAY_MS + 2 * HOUR_MS));
    }

    #[test]
    fn a_supervisor_approves_the_day_and_an_officer_does_not() {
        let at = TestStation::new();
        at.sealed();
        assert!(matches!(
            at.station.approve_day(&at.session),
            Err(DayError::Session(SessionError::NotSupervisor))
        ));
        assert_eq!(at.station.day().unwrap().approval, None);

        let supervisor = at
            .station
            .sign_in_again(SUPERVISOR.0, &Passphrase::new(SUPERVISOR.1))
            .unwrap();
        let day = at.station.approve_day(&supervisor).unwrap();
        assert_eq!((day.outbox.made, day.outbox.waiting), (1, 1));
        let approval = day.approval.unwrap();
        assert_eq!(
            (approval.supervisor, approval.made),
            (supervisor.operator(), 1)
        );
        at.station.audit_verify().unwrap();

        // Whoever comes later still counts, and the approval says how many it saw.
        at.sealed();
        let day = at.station.day().unwrap();
        assert_eq!((day.outbox.made, day.approval.unwrap().made), (2, 1));

        // Tomorrow nothing is approved.
        at.clock.advance_ms(DAY_MS);
        let tomorrow = at.station.day().unwrap();
        assert_eq!((tomorrow.outbox.made, tomorrow.approval), (0, None));
        assert_eq!(tomorrow.outbox.waiting, 2);
    }

    #[test]
    fn what_was_out_of_the_ordinary_is_counted() {
        let at = TestStation::new();
        assert!(
            at.station
                .sign_in_again(OFFICER.0, &Passphrase::new("not it at all"))
                .is_err()
        );
        let draft = at
            .station
            .begin(&at.session, crate::testing::PACK_ID)
            .unwrap()
            .id();
        at.station.discard(&at.session, draft).unwrap();
        let day = at.station.day().unwrap();
        assert_eq!((day.refused, day.discarded, day.drafts), (1, 1, 0));
    }
}
