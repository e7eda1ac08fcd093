use qayd_model::UnixMs;
use qayd_protocol::Policy;
use qayd_protocol::trust::sign;

use super::*;
use crate::enrolment::EnrolmentError;
use crate::testing::{NOON, OFFICER, PACK_ID, SUPERVISOR, TestStation, sign_in};

const HOUR_MS: u64 = 3_600_000;

/// The standard policy with other limits of the backlog.
fn with_backlog(at: &TestStation, warn: u32, max: u32) {
    let policy = Policy {
        argon: qayd_crypto::ArgonParams::TEST,
        free_bytes_min: 0,
        backlog_warn: warn,
        backlog_max: max,
        ..Policy::standard(2, NOON)
    };
    let signed = sign(&policy, &at.centre.centre);
    at.station
        .store()
        .write(|tx| at.station.keep_policy(tx, &signed))
        .unwrap();
}

fn supervisor(at: &TestStation) -> Session {
    let passphrase = qayd_crypto::Passphrase::new(SUPERVISOR.1);
    at.station.sign_in_again(SUPERVISOR.0, &passphrase).unwrap()
}

/// Whether an enrolment can be begun now; what was begun for that is thrown away again.
fn begins(at: &TestStation) -> bool {
    match at.station.begin(&at.session, PACK_ID) {
        Ok(draft) => {
            at.station.discard(&at.session, draft.id()).unwrap();
            true
        }
        Err(EnrolmentError::OfflineTooLong { .. } | EnrolmentError::BacklogTooLarge { .. }) => {
            false
        }
        Err(error) => panic!("{error}"),
    }
}

fn contact(at: &TestStation, time: UnixMs) {
    let learnt = at
        .station
        .store()
        .write(|tx| at.station.clock().learn(tx, time, 100));
    assert!(learnt.unwrap());
}

/// A day with twelve hours of work and a night with the machine off. `night` sets the clock in the morning.
fn one_day(at: TestStation, night: impl FnOnce(UnixMs) -> UnixMs) -> TestStation {
    at.clock.advance_ms(12 * HOUR_MS);
    // Something is written during the day, as on every day of work.
    assert!(at.station.drafts().is_ok());
    at.station
        .store()
        .write(|tx| at.station.clock().stamp(tx))
        .unwrap();
    let evening = at.station.world().clock.now();
    at.clock.reboot();
    at.clock.jump_to(night(UnixMs(evening.0 + 12 * HOUR_MS)));
    at.reopened()
}

fn days(mut at: TestStation, count: u64) -> TestStation {
    for _ in 0..count {
        at = one_day(at, |right| right);
    }
    at
}

#[test]
fn it_warns_at_thirty_days_and_begins_nothing_from_sixty_until_the_centre_is_reached() {
    let at = TestStation::new();
    let at = days(at, 29);
    assert_eq!(at.station.standing().unwrap().warnings(), []);
    let at = days(at, 1);
    let stands = at.station.standing().unwrap();
    assert_eq!(stands.offline_days.now, 30);
    assert_eq!(stands.warnings(), [FreezeReason::Offline]);
    assert_eq!(stands.frozen(), []);
    let at = days(at, 29);
    assert!(begins(&at), "the fifty-ninth day is a day of work");
    let begun = at.complete_draft().id();
    let at = days(at, 1);
    assert!(!begins(&at));
    // What was begun is finished, and what is sealed waits for the network as before.
    let draft = at.station.resume(&at.session, begun).unwrap();
    let finalised = draft.finalise().unwrap();
    drop(draft);
    at.station.seal(&at.session, finalised, None).unwrap();
    let queued = at.station.store().read(outbox::summary).unwrap().queued;
    assert_eq!(queued, 1);
    contact(&at, at.station.world().clock.now());
    assert!(begins(&at));
    assert_eq!(at.station.standing().unwrap().offline_days.now, 0);
}

#[test]
fn a_clock_set_back_never_helps_and_never_blocks_what_a_right_clock_would_allow() {
    let month = 30 * DAY_MS;
    // On one morning, and on every morning.
    for every in [false, true] {
        let mut at = days(TestStation::new(), 20);
        for day in 0..39 {
            let back = every || day == 0;
            at = one_day(at, |right| UnixMs(right.0 - if back { month } else { 0 }));
            assert!(begins(&at), "day {day} after the clock was set back");
        }
        let before = at.station.standing().unwrap().offline_days.now;
        // Nights cannot be told when the clock is set back in every one of them; the days always can.
        assert!(before >= if every { 39 } else { 58 }, "{before}");
        at.clock.advance_ms(40 * DAY_MS);
        assert!(!begins(&at));
        at.clock.jump_to(NOON);
        assert!(!begins(&at), "set back while it runs");
    }
}

#[test]
fn a_clock_that_ran_ahead_counts_only_while_it_does() {
    let at = days(TestStation::new(), 3);
    let at = one_day(at, |right| UnixMs(right.0 + 700 * DAY_MS));
    assert!(
        !begins(&at),
        "control: as far as anybody can tell, two years went by"
    );
    let at = one_day(at, |wrong| UnixMs(wrong.0 - 700 * DAY_MS));
    assert!(begins(&at));
    let stands = at.station.standing().unwrap();
    assert!((5..=5 + 7).contains(&stands.offline_days.now), "{stands:?}");
    // Set ahead while it runs, it counts nothing at all.
    contact(&at, at.station.world().clock.now());
    at.clock
        .jump_to(UnixMs(at.station.world().clock.now().0 + 700 * DAY_MS));
    assert!(begins(&at));
}

#[test]
fn a_full_backlog_begins_nothing_and_still_seals_sends_and_corrects() {
    let at = TestStation::new();
    with_backlog(&at, 2, 3);
    at.sealed();
    assert_eq!(at.station.standing().unwrap().warnings(), []);
    at.sealed();
    assert_eq!(
        at.station.standing().unwrap().warnings(),
        [FreezeReason::Backlog]
    );
    let open = at.complete_draft().id();
    let last = at.sealed();
    assert!(!begins(&at));
    let stands = at.station.standing().unwrap();
    assert_eq!((stands.backlog.now, stands.backlog.max), (3, 3));
    assert_eq!(stands.frozen(), [FreezeReason::Backlog]);
    let draft = at.station.resume(&at.session, open).unwrap();
    let finalised = draft.finalise().unwrap();
    drop(draft);
    at.station.seal(&at.session, finalised, None).unwrap();
    // A person who was sent back is not made to wait for the network.
    let asked = qayd_model::Return {
        fields: Vec::new(),
        fingers: Vec::new(),
        portrait: true,
        note: None,
    };
    let message = at.centre.return_of(&at.station, &last, asked);
    at.station.open_returned(&at.session, &message).unwrap();
    let delivered = at.station.store().write(|tx| {
        tx.execute("UPDATE outbox SET state = 'delivered'", [])?;
        Ok::<_, StoreError>(())
    });
    delivered.unwrap();
    assert!(begins(&at));
}

#[test]
fn only_a_supervisor_extends_and_packet_and_trail_say_so() {
    let at = days(TestStation::new(), 59);
    let before = at.sealed();
    let at = days(at, 2);
    assert!(!begins(&at), "control");
    assert!(matches!(
        at.station.extend(&at.session, Extend::Days(5)),
        Err(FreezeError::Session(SessionError::NotSupervisor))
    ));
    let by = supervisor(&at);
    for out_of_range in [
        Extend::Days(0),
        Extend::Days(EXTEND_DAYS_MAX + 1),
        Extend::Packets(0),
        Extend::Packets(EXTEND_PACKETS_MAX + 1),
    ] {
        assert!(matches!(
            at.station.extend(&by, out_of_range),
            Err(FreezeError::Range)
        ));
    }
    assert!(!begins(&at));
    let stands = at.station.extend(&by, Extend::Days(5)).unwrap();
    assert_eq!((stands.offline_days.now, stands.offline_days.max), (61, 66));
    assert!(begins(&at));
    let under = at.sealed();
    let supervisor_id = by.operator();
    drop(by);

    let content = |sealed: &crate::SealedPacket| {
        let bytes = std::fs::read(&sealed.path).unwrap();
        at.centre.open(&bytes, &at.station.identity().certificate)
    };
    assert_eq!(content(&before).extension, None, "control");
    let said = content(&under).extension.unwrap();
    assert_eq!(
        (said.offline_days, said.packets, said.supervisor),
        (Some(66), None, supervisor_id)
    );
    let trail = at.station.audit_after(0, 10_000).unwrap();
    let entries: Vec<crate::AuditEntry> = trail
        .iter()
        .map(|bytes| {
            let payload = qayd_crypto::peek1(bytes).unwrap().payload;
            qayd_crypto::cbor::decode_strict(&payload, 16 * 1024).unwrap()
        })
        .filter(|entry: &crate::AuditEntry| entry.event == AuditEvent::FreezeExtended)
        .collect();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].operator, Some(supervisor_id));
    assert_eq!(
        entries[0].subjects,
        [Subject::Code("days".into()), Subject::Count(66)]
    );

    let at = days(at, 4);
    assert!(begins(&at), "the sixty-fifth day");
    let at = days(at, 1);
    assert!(!begins(&at), "the extension ends where it says");
    // The next contact ends it: the count begins anew, and so do the limits of the policy.
    contact(&at, at.station.world().clock.now());
    let stands = at.station.standing().unwrap();
    assert_eq!((stands.offline_days.max, stands.extended), (60, false));
}

#[test]
fn an_extension_of_packets_ends_when_the_backlog_fits_again() {
    let at = TestStation::new();
    with_backlog(&at, 1, 2);
    at.sealed();
    at.sealed();
    assert!(!begins(&at), "control");
    let by = supervisor(&at);
    let stands = at.station.extend(&by, Extend::Packets(1)).unwrap();
    assert_eq!((stands.backlog.now, stands.backlog.max), (2, 3));
    at.sealed();
    assert!(!begins(&at), "one more, and no more");
    let delivered = at.station.store().write(|tx| {
        tx.execute("UPDATE outbox SET state = 'delivered'", [])?;
        Ok::<_, StoreError>(())
    });
    delivered.unwrap();
    assert!(begins(&at));
    let stands = at.station.standing().unwrap();
    assert_eq!((stands.backlog.max, stands.extended), (2, false));
}

#[test]
fn an_extension_outlives_a_restart() {
    let at = days(TestStation::new(), 60);
    assert!(!begins(&at), "control");
    let by = supervisor(&at);
    at.station.extend(&by, Extend::Days(1)).unwrap();
    drop(by);
    let at = at.reopened();
    assert!(begins(&at));
    drop(at.session);
    drop(at.station);
    let (station, session) = sign_in(&at.world, &at.data, OFFICER);
    assert!(station.standing().unwrap().extended);
    drop(session);
}
