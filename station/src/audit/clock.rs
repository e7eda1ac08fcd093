//! The station's honest clock: what the machine's clock says, what passed, and what time it probably is.
//!
//! In: a [`Clock`] that may be wrong and may jump, and signed time of the centre when there is contact.
//! Out: a [`Stamp`] for every record; `recorded` never goes back, whatever happens to the clock.
//! Owns: the settings `boot`, `latest`, `centre-time` and `apart`.
//! Never: blocks work because a clock is wrong; hides the raw reading.

use std::sync::Arc;

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use qayd_model::UnixMs;
use qayd_world::Clock;
use rusqlite::{Connection, Transaction};

use crate::settings::{self, name};
use crate::store::StoreError;

/// A quartz clock drifts less than this: 100 parts in a million.
const DRIFT_PER: u64 = 10_000;
/// Most that is counted for one time that the machine was off. Its clock alone tells how long that was, and one that
/// jumped ahead for a moment must not count against the station for ever.
const OFF_MAX_MS: u64 = 7 * 86_400_000;

/// The time of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Stamp {
    /// The machine's clock, whatever it says.
    #[n(1)]
    pub raw: UnixMs,
    /// `raw`, or the latest time of an earlier record where the clock was set back since.
    #[n(2)]
    pub recorded: UnixMs,
    /// Milliseconds of the monotonic clock; comparable within one boot.
    #[n(3)]
    pub monotonic_ms: u64,
    /// How often this machine has been seen to start, from 1.
    #[n(4)]
    pub boot_counter: u64,
    /// The operating system's name of this boot, where it has one.
    #[n(5)]
    pub boot: Option<ByteArray<16>>,
    /// True time as far as the centre's signed time tells; `None` before the first contact.
    #[n(6)]
    pub estimated: Option<UnixMs>,
    /// `estimated` is off by at most this; `None` when the machine was off since the last contact, so that only its own
    /// clock bridges the gap.
    #[n(7)]
    pub error_ms: Option<u64>,
}

#[derive(Debug, Clone, Encode, Decode)]
#[cbor(map)]
struct Boot {
    #[n(1)]
    counter: u64,
    #[n(2)]
    id: Option<ByteArray<16>>,
}

#[derive(Debug, Clone, Encode, Decode)]
#[cbor(map)]
struct Latest {
    #[n(1)]
    recorded: UnixMs,
    #[n(2)]
    monotonic_ms: u64,
}

#[derive(Debug, Clone, Encode, Decode)]
#[cbor(map)]
struct CentreTime {
    #[n(1)]
    centre: UnixMs,
    #[n(2)]
    error_ms: u64,
    #[n(3)]
    raw: UnixMs,
    #[n(4)]
    monotonic_ms: u64,
    #[n(5)]
    boot_counter: u64,
}

/// How long the station has been seen to be without the centre. Grows with every record and never shrinks but by contact.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(map)]
struct Apart {
    #[n(1)]
    passed_ms: u64,
    #[n(2)]
    raw: UnixMs,
    #[n(3)]
    monotonic_ms: u64,
    #[n(4)]
    boot_counter: u64,
}

/// True time as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// The best guess.
    pub time: UnixMs,
    /// It is off by at most this; `None` when that is unknown.
    pub error_ms: Option<u64>,
    /// The machine's clock minus the guess: positive when it is ahead.
    pub skew_ms: i64,
}

/// The clock of one opened station.
pub struct StationClock {
    clock: Arc<dyn Clock>,
    boot_counter: u64,
    boot: Option<ByteArray<16>>,
}

impl StationClock {
    /// Notices whether the machine was started again since the last time, and counts it.
    pub(crate) fn start(clock: Arc<dyn Clock>, tx: &Transaction<'_>) -> Result<Self, StoreError> {
        let boot = clock.boot_id().map(ByteArray::from);
        let known: Option<Boot> = settings::get_cbor(tx, name::BOOT)?;
        let latest: Option<Latest> = settings::get_cbor(tx, name::LATEST)?;
        let counter = match &known {
            None => 1,
            Some(Boot { counter, id }) => {
                let same = match (id, &boot) {
                    (Some(then), Some(now)) => then == now,
                    // Without a name of the boot, a monotonic clock that reads less than before tells it.
                    _ => latest.is_none_or(|l| clock.monotonic_ms() >= l.monotonic_ms),
                };
                if same { *counter } else { counter + 1 }
            }
        };
        settings::put_cbor(tx, name::BOOT, &Boot { counter, id: boot })?;
        Ok(Self {
            clock,
            boot_counter: counter,
            boot,
        })
    }

    /// How often this machine has been seen to start, from 1.
    pub fn boot_counter(&self) -> u64 {
        self.boot_counter
    }

    /// The time of a record that is written in this transaction.
    pub fn stamp(&self, tx: &Transaction<'_>) -> Result<Stamp, StoreError> {
        let (raw, monotonic_ms) = (self.clock.now(), self.clock.monotonic_ms());
        let latest: Option<Latest> = settings::get_cbor(tx, name::LATEST)?;
        let recorded = latest.map_or(raw, |l| l.recorded.max(raw));
        settings::put_cbor(
            tx,
            name::LATEST,
            &Latest {
                recorded,
                monotonic_ms,
            },
        )?;
        let apart = self.apart(tx)?;
        settings::put_cbor(tx, name::APART, &apart)?;
        let estimate = self.estimate(tx)?;
        Ok(Stamp {
            raw,
            recorded,
            monotonic_ms,
            boot_counter: self.boot_counter,
            boot: self.boot,
            estimated: estimate.map(|e| e.time),
            error_ms: estimate.and_then(|e| e.error_ms),
        })
    }

    /// The time a record would get now, without making one.
    pub fn now(&self, connection: &Connection) -> Result<UnixMs, StoreError> {
        let latest: Option<Latest> = settings::get_cbor(connection, name::LATEST)?;
        Ok(latest.map_or(self.clock.now(), |l| l.recorded.max(self.clock.now())))
    }

    /// True time as far as it is known; `None` before the first signed time.
    pub fn estimate(&self, connection: &Connection) -> Result<Option<Estimate>, StoreError> {
        let Some(known) = settings::get_cbor::<CentreTime>(connection, name::CENTRE_TIME)? else {
            return Ok(None);
        };
        let raw = self.clock.now();
        let (time, error_ms) = if known.boot_counter == self.boot_counter {
            let passed = self.clock.monotonic_ms().saturating_sub(known.monotonic_ms);
            (
                known.centre.0.saturating_add(passed),
                Some(known.error_ms + passed / DRIFT_PER),
            )
        } else {
            // Only the machine's own clock ran meanwhile. Time has not gone back, that much is certain.
            let passed = raw.0.saturating_sub(known.raw.0);
            (known.centre.0.saturating_add(passed), None)
        };
        let skew_ms = i64::try_from(i128::from(raw.0) - i128::from(time)).unwrap_or(i64::MAX);
        Ok(Some(Estimate {
            time: UnixMs(time),
            error_ms,
            skew_ms,
        }))
    }

    fn apart(&self, connection: &Connection) -> Result<Apart, StoreError> {
        let (raw, monotonic_ms) = (self.clock.now(), self.clock.monotonic_ms());
        let last: Option<Apart> = settings::get_cbor(connection, name::APART)?;
        let passed_ms = last.map_or(0, |last| {
            let since = if last.boot_counter == self.boot_counter {
                monotonic_ms.saturating_sub(last.monotonic_ms)
            } else {
                raw.0.saturating_sub(last.raw.0).min(OFF_MAX_MS)
            };
            last.passed_ms.saturating_add(since)
        });
        Ok(Apart {
            passed_ms,
            raw,
            monotonic_ms,
            boot_counter: self.boot_counter,
        })
    }

    /// Milliseconds without the centre, as far as can be told.
    ///
    /// Within the boot of the last contact the monotonic clock tells. Later it is the longer of two: what the station has
    /// seen pass, which a clock that is set back does not shorten, and what the machine's clock shows since the contact,
    /// which is right when the clock is. A clock that runs ahead counts for as long as it does, and no longer.
    pub fn apart_ms(&self, connection: &Connection) -> Result<u64, StoreError> {
        let seen = self.apart(connection)?.passed_ms;
        let Some(known) = settings::get_cbor::<CentreTime>(connection, name::CENTRE_TIME)? else {
            return Ok(seen);
        };
        if known.boot_counter == self.boot_counter {
            return Ok(self.clock.monotonic_ms().saturating_sub(known.monotonic_ms));
        }
        // The clock may have been wrong at the contact, or put right since: the shorter of both readings.
        let raw = self.clock.now().0;
        let shown = raw
            .saturating_sub(known.raw.0)
            .min(raw.saturating_sub(known.centre.0));
        Ok(seen.max(shown))
    }

    /// The last time that the centre signed for this station.
    pub fn last_signed(&self, connection: &Connection) -> Result<Option<UnixMs>, StoreError> {
        let known: Option<CentreTime> = settings::get_cbor(connection, name::CENTRE_TIME)?;
        Ok(known.map(|k| k.centre))
    }

    /// Takes a signed time of the centre, whose signature the caller has verified and which is at most `error_ms` old or
    /// early. An older time than the one known is ignored (`false`): it is a replay, or an answer that came late.
    ///
    /// Where the machine's clock had once run ahead of the centre, `recorded` comes back to true time here: signed time
    /// is the one authority for that.
    pub fn learn(
        &self,
        tx: &Transaction<'_>,
        centre: UnixMs,
        error_ms: u64,
    ) -> Result<bool, StoreError> {
        let known: Option<CentreTime> = settings::get_cbor(tx, name::CENTRE_TIME)?;
        if known.is_some_and(|k| k.centre >= centre) {
            return Ok(false);
        }
        let (raw, monotonic_ms) = (self.clock.now(), self.clock.monotonic_ms());
        let fact = CentreTime {
            centre,
            error_ms,
            raw,
            monotonic_ms,
            boot_counter: self.boot_counter,
        };
        settings::put_cbor(tx, name::CENTRE_TIME, &fact)?;
        let together = Apart {
            passed_ms: 0,
            raw,
            monotonic_ms,
            boot_counter: self.boot_counter,
        };
        settings::put_cbor(tx, name::APART, &together)?;
        if let Some(latest) = settings::get_cbor::<Latest>(tx, name::LATEST)?
            && latest.recorded.0 > centre.0.saturating_add(error_ms)
        {
            settings::put_cbor(
                tx,
                name::LATEST,
                &Latest {
                    recorded: centre,
                    monotonic_ms,
                },
            )?;
        }
        Ok(true)
    }
}

impl std::fmt::Debug for StationClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StationClock(boot {})", self.boot_counter)
    }
}

#[cfg(test)]
mod tests {
    use qayd_world::testing::FakeClock;

    use super::*;
    use crate::testing::empty_store;

    const NOON: u64 = 1_700_000_000_000;

    #[test]
    fn a_clock_set_back_never_makes_an_earlier_record() {
        let (_dir, store) = empty_store();
        let fake = FakeClock::at(UnixMs(NOON));
        let clock = store
            .write(|tx| StationClock::start(Arc::new(fake.clone()), tx))
            .unwrap();
        let first = store.write(|tx| clock.stamp(tx)).unwrap();
        fake.jump_to(UnixMs(NOON - 86_400_000));
        let second = store.write(|tx| clock.stamp(tx)).unwrap();
        assert_eq!(second.recorded, first.recorded);
        assert_eq!(
            second.raw,
            UnixMs(NOON - 86_400_000),
            "the raw reading is kept as it is"
        );
    }

    #[test]
    fn boots_are_counted_with_and_without_a_name_of_the_boot() {
        let (_dir, store) = empty_store();
        let fake = FakeClock::at(UnixMs(NOON));
        fake.advance_ms(5_000);
        let start = || {
            store
                .write(|tx| StationClock::start(Arc::new(fake.clone()), tx))
                .unwrap()
        };
        let clock = start();
        store.write(|tx| clock.stamp(tx)).unwrap();
        assert_eq!(
            start().boot_counter(),
            1,
            "another process of the same boot"
        );
        fake.reboot();
        assert_eq!(start().boot_counter(), 2);
    }

    #[test]
    fn signed_time_gives_an_estimate_whose_error_grows_and_survives_a_wrong_clock() {
        let (_dir, store) = empty_store();
        let fake = FakeClock::at(UnixMs(NOON));
        let clock = store
            .write(|tx| StationClock::start(Arc::new(fake.clone()), tx))
            .unwrap();
        assert_eq!(store.read(|c| clock.estimate(c)).unwrap(), None);
        // The machine is an hour ahead.
        let centre = NOON - 3_600_000;
        assert!(
            store
                .write(|tx| clock.learn(tx, UnixMs(centre), 500))
                .unwrap()
        );
        fake.advance_ms(1_000_000);
        fake.jump_to(UnixMs(0));
        let e = store.read(|c| clock.estimate(c)).unwrap().unwrap();
        assert_eq!(
            (e.time, e.error_ms),
            (UnixMs(centre + 1_000_000), Some(600))
        );
        assert!(e.skew_ms < 0);
        // A replayed older time changes nothing.
        assert!(
            !store
                .write(|tx| clock.learn(tx, UnixMs(centre), 500))
                .unwrap()
        );
        // After a restart the error is unknown, and time has still not gone back.
        store.write(|tx| clock.stamp(tx)).unwrap();
        fake.reboot();
        let clock = store
            .write(|tx| StationClock::start(Arc::new(fake.clone()), tx))
            .unwrap();
        let e = store.read(|c| clock.estimate(c)).unwrap().unwrap();
        assert_eq!((e.time, e.error_ms), (UnixMs(centre), None));
    }

    #[test]
    fn a_clock_that_ran_ahead_is_put_right_by_signed_time_alone() {
        let (_dir, store) = empty_store();
        let fake = FakeClock::at(UnixMs(NOON + 10 * 365 * 86_400_000));
        let clock = store
            .write(|tx| StationClock::start(Arc::new(fake.clone()), tx))
            .unwrap();
        let ahead = store.write(|tx| clock.stamp(tx)).unwrap();
        fake.jump_to(UnixMs(NOON));
        assert_eq!(
            store.write(|tx| clock.stamp(tx)).unwrap().recorded,
            ahead.recorded
        );
        store
            .write(|tx| clock.learn(tx, UnixMs(NOON), 1_000))
            .unwrap();
        assert_eq!(
            store.write(|tx| clock.stamp(tx)).unwrap().recorded,
            UnixMs(NOON)
        );
    }
}
