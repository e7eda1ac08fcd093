use qayd_world::testing::{FakeClock, world};

use super::*;

const KINDS: &[WorkKind] = &[WorkKind::Examine];

fn queue() -> (tempfile::TempDir, Work, FakeClock) {
    let folder = tempfile::tempdir().unwrap();
    let register = Register::open(&folder.path().join("register.db")).unwrap();
    let (world, clock) = world(UnixMs(1_700_000_000_000), 1);
    (folder, Work::new(register, world.clock.clone()), clock)
}

#[test]
fn a_task_is_leased_to_one_and_done_once() {
    let (_folder, work, _clock) = queue();
    work.enqueue(WorkKind::Examine, "p1", 5).unwrap();
    work.enqueue(WorkKind::Examine, "p1", 5).unwrap();
    let lease = work.lease(KINDS, "a", 1000).unwrap().unwrap();
    assert_eq!((lease.subject.as_str(), lease.attempt), ("p1", 1));
    assert!(work.lease(KINDS, "b", 1000).unwrap().is_none());
    assert!(work.complete(&lease).unwrap());
    assert!(!work.complete(&lease).unwrap());
    work.enqueue(WorkKind::Examine, "p1", 5).unwrap();
    assert!(work.lease(KINDS, "b", 1000).unwrap().is_none());
    assert_eq!(work.counts().unwrap().done, 1);
}

#[test]
fn the_most_urgent_comes_first_and_kinds_are_kept_apart() {
    let (_folder, work, _clock) = queue();
    work.enqueue(WorkKind::Examine, "later", 9).unwrap();
    work.enqueue(WorkKind::Examine, "first", 1).unwrap();
    work.enqueue(WorkKind::Dispatch, "other", 0).unwrap();
    let lease = work.lease(KINDS, "a", 1000).unwrap().unwrap();
    assert_eq!(lease.subject, "first");
    let lease = work
        .lease(&[WorkKind::Dispatch, WorkKind::Examine], "a", 1000)
        .unwrap()
        .unwrap();
    assert_eq!(lease.subject, "other");
}

#[test]
fn a_dead_holders_task_goes_to_another_and_the_dead_cannot_complete_it() {
    let (_folder, work, clock) = queue();
    work.enqueue(WorkKind::Examine, "p1", 5).unwrap();
    let mut dead = work.lease(KINDS, "a", 1000).unwrap().unwrap();
    assert!(work.prolong(&mut dead, 2000).unwrap());
    clock.advance_ms(1999);
    assert!(work.lease(KINDS, "b", 1000).unwrap().is_none());
    clock.advance_ms(1);
    let lease = work.lease(KINDS, "b", 1000).unwrap().unwrap();
    assert_eq!(lease.attempt, 2);
    assert!(!work.complete(&dead).unwrap());
    assert!(!work.prolong(&mut dead, 1000).unwrap());
    assert!(work.complete(&lease).unwrap());
}

#[test]
fn a_failing_task_waits_longer_each_time_and_is_set_aside_at_last() {
    let (_folder, work, clock) = queue();
    work.enqueue(WorkKind::Examine, "p1", 5).unwrap();
    for attempt in 1..=ATTEMPTS_MAX {
        let lease = work.lease(KINDS, "a", 1000).unwrap().unwrap();
        assert_eq!(lease.attempt, attempt);
        assert_eq!(
            work.fail(&lease, "TST-01").unwrap(),
            attempt == ATTEMPTS_MAX
        );
        assert!(work.lease(KINDS, "a", 1000).unwrap().is_none());
        clock.advance_ms(BACKOFF_MS << (attempt - 1));
    }
    assert!(work.lease(KINDS, "a", 1000).unwrap().is_none());
    assert_eq!(work.counts().unwrap().dead, 1);
}

#[test]
fn a_task_that_kills_every_holder_is_set_aside() {
    let (_folder, work, clock) = queue();
    work.enqueue(WorkKind::Examine, "p1", 5).unwrap();
    for _ in 0..ATTEMPTS_MAX {
        assert!(work.lease(KINDS, "a", 1000).unwrap().is_some());
        clock.advance_ms(1000);
    }
    assert!(work.lease(KINDS, "a", 1000).unwrap().is_none());
    assert_eq!(work.counts().unwrap().dead, 1);
}
