use std::sync::Arc;

use qayd_model::{EnrolmentId, UnixMs};
use qayd_world::testing::FakeClock;

use super::*;
use crate::store::Store;
use crate::testing::{NOON, empty_store};

struct Trail {
    _dir: tempfile::TempDir,
    store: Store,
    key: SigningKey,
    clock: StationClock,
    fake: FakeClock,
}

impl Trail {
    fn of(entries: u64) -> Self {
        let (dir, store) = empty_store();
        let fake = FakeClock::at(NOON);
        let clock = store
            .write(|tx| StationClock::start(Arc::new(fake.clone()), tx))
            .unwrap();
        let trail = Self {
            _dir: dir,
            store,
            key: SigningKey::make(&[1; 32]),
            clock,
            fake,
        };
        for n in 0..entries {
            trail.append(n);
        }
        trail
    }

    fn append(&self, n: u64) -> u64 {
        let subjects = [
            Subject::Enrolment(EnrolmentId::from_bytes([n as u8; 16])),
            Subject::Count(n),
        ];
        self.fake.advance_ms(7);
        self.store
            .write(|tx| {
                append(
                    tx,
                    &self.key,
                    &self.clock,
                    None,
                    AuditEvent::DraftBegun,
                    &subjects,
                )
            })
            .unwrap()
    }

    fn verify(&self) -> Result<u64, AuditError> {
        self.store.read(|c| verify(c, &self.key.public()))
    }

    /// Changes the table behind the triggers' back, as somebody with the key and a debugger could.
    fn tamper(&self, sql: &str, parameters: impl rusqlite::Params) {
        self.store
            .write(|tx| {
                tx.execute_batch(
                    "DROP TRIGGER IF EXISTS audit_is_append_only_update;
                     DROP TRIGGER IF EXISTS audit_is_append_only_delete;",
                )?;
                tx.execute(sql, parameters)?;
                Ok::<_, StoreError>(())
            })
            .unwrap();
    }
}

fn broken_at(result: Result<u64, AuditError>) -> u64 {
    match result {
        Err(AuditError::Broken { number, .. }) => number,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_good_trail_verifies_and_ordinary_sql_cannot_change_it() {
    let trail = Trail::of(20);
    assert_eq!(trail.verify().unwrap(), 20);
    for sql in [
        "UPDATE audit SET entry = x'00' WHERE number = 3",
        "DELETE FROM audit WHERE number = 20",
    ] {
        let refused = trail
            .store
            .write(|tx| Ok::<_, StoreError>(tx.execute(sql, [])?));
        assert!(refused.is_err(), "{sql}");
    }
}

#[test]
fn every_changed_byte_names_its_entry() {
    let trail = Trail::of(5);
    for number in 1..=5u64 {
        let good = trail
            .store
            .read(|c| entry_bytes(c, number))
            .unwrap()
            .unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x20;
            trail.tamper(
                "UPDATE audit SET entry = ?2 WHERE number = ?1",
                (number, &bad),
            );
            assert_eq!(
                broken_at(trail.verify()),
                number,
                "byte {at} of entry {number}"
            );
        }
        trail.tamper(
            "UPDATE audit SET entry = ?2 WHERE number = ?1",
            (number, &good),
        );
    }
    assert_eq!(
        trail.verify().unwrap(),
        5,
        "control: put back, it is good again"
    );
}

#[test]
fn a_missing_swapped_or_foreign_entry_is_named() {
    let trail = Trail::of(6);
    trail.tamper("DELETE FROM audit WHERE number = 6", []);
    assert_eq!(broken_at(trail.verify()), 6, "cut off at the end");
    let trail = Trail::of(6);
    trail.tamper("DELETE FROM audit WHERE number = 3", []);
    assert_eq!(broken_at(trail.verify()), 3);
    let trail = Trail::of(6);
    let third = trail.store.read(|c| entry_bytes(c, 3)).unwrap().unwrap();
    trail.tamper("UPDATE audit SET entry = ?1 WHERE number = 4", [&third]);
    assert_eq!(broken_at(trail.verify()), 4);
    let trail = Trail::of(6);
    let other = Trail::of(6);
    other.fake.advance_ms(1);
    let foreign = other.store.read(|c| entry_bytes(c, 2)).unwrap().unwrap();
    let stranger = SigningKey::make(&[2; 32]);
    let resigned = {
        let payload = qayd_crypto::peek1(&foreign).unwrap().payload;
        sign1(Namespace::AuditEntry, &stranger, &payload)
    };
    trail.tamper("UPDATE audit SET entry = ?1 WHERE number = 2", [&resigned]);
    assert_eq!(broken_at(trail.verify()), 2);
}

#[test]
fn the_centre_follows_the_same_trail() {
    let trail = Trail::of(8);
    let mut head = qayd_protocol::ChainHead::default();
    for bytes in trail.store.read(|c| after(c, 0, 100)).unwrap() {
        head = qayd_protocol::audit::follow(&head, &trail.key.public(), &bytes).unwrap();
    }
    assert_eq!(trail.store.read(|c| after(c, 6, 100)).unwrap().len(), 2);
}

#[test]
fn entries_are_in_order_of_time_whatever_the_clock_does() {
    let trail = Trail::of(3);
    trail.fake.jump_to(UnixMs(1));
    trail.append(4);
    let mut chain = Chain::default();
    let mut last = UnixMs(0);
    for bytes in trail.store.read(|c| after(c, 0, 100)).unwrap() {
        let entry = chain.follow(&trail.key.public(), &bytes).unwrap();
        assert!(entry.stamp.recorded >= last);
        last = entry.stamp.recorded;
    }
}
