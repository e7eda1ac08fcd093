use qayd_model::UnixMs;

use super::*;
use crate::station::{Station, StationError};
use crate::testing::{OFFICER, SUPERVISOR, TestStation, operator, sign_in};

fn attempt(at: &TestStation, passphrase: &str) -> Result<Session, SessionError> {
    at.station
        .sign_in_again(OFFICER.0, &Passphrase::new(passphrase))
}

/// Fails until there is a wait of at least `ms`.
fn fail_until_wait(at: &TestStation, ms: u64) -> u64 {
    loop {
        match attempt(at, "wrong wrong wrong") {
            Err(SessionError::WrongPassphrase { wait_ms }) if wait_ms >= ms => return wait_ms,
            Err(SessionError::WrongPassphrase { .. }) => {}
            Err(SessionError::Wait { ms }) => at.clock.advance_ms(ms),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn each_operator_opens_the_station_with_their_own_passphrase() {
    let at = TestStation::new();
    let supervisor = at
        .station
        .sign_in_again(SUPERVISOR.0, &Passphrase::new(SUPERVISOR.1))
        .unwrap();
    assert_eq!(supervisor.role(), Role::Supervisor);
    assert_ne!(supervisor.operator(), at.session.operator());
    assert!(matches!(
        attempt(&at, SUPERVISOR.1),
        Err(SessionError::WrongPassphrase { .. })
    ));
    let nobody = at
        .station
        .sign_in_again("nobody", &Passphrase::new(OFFICER.1));
    assert!(matches!(nobody, Err(SessionError::NoSuchOperator)));
}

#[test]
fn only_a_supervisor_adds_and_the_certificate_says_who() {
    let at = TestStation::new();
    let new = operator(("lana", "a long passphrase"), Role::Officer);
    assert!(matches!(
        at.station.add_operator(&at.session, &new),
        Err(SessionError::NotSupervisor)
    ));
    let supervisor = at
        .station
        .sign_in_again(SUPERVISOR.0, &Passphrase::new(SUPERVISOR.1))
        .unwrap();
    let added = at.station.add_operator(&supervisor, &new).unwrap();
    assert!(matches!(
        at.station.add_operator(&supervisor, &new),
        Err(SessionError::LoginTaken)
    ));
    let listed = at.station.operators().unwrap();
    let lana = listed.iter().find(|o| o.login == "lana").unwrap();
    assert_eq!(
        (lana.operator, lana.added_by),
        (added, Some(supervisor.operator()))
    );
    let bytes = at
        .station
        .store()
        .read(|c| certificate(c, added))
        .unwrap()
        .unwrap();
    let held =
        Trusted::<OperatorCertificate>::verify(&bytes, &at.station.signing_key().public()).unwrap();
    assert_eq!(held.added_by, Some(supervisor.operator()));
}

#[test]
fn a_short_passphrase_or_an_odd_login_makes_nobody() {
    let at = TestStation::new();
    let supervisor = at
        .station
        .sign_in_again(SUPERVISOR.0, &Passphrase::new(SUPERVISOR.1))
        .unwrap();
    let short = at
        .station
        .add_operator(&supervisor, &operator(("lana", "123456789"), Role::Officer));
    assert!(matches!(short, Err(SessionError::PassphraseTooShort)));
    for login in [
        "",
        "a",
        "Lana",
        "../lana",
        "lana/x",
        "1lana",
        "la na",
        &"a".repeat(33),
    ] {
        let made = at
            .station
            .add_operator(&supervisor, &operator((login, "1234567890"), Role::Officer));
        assert!(matches!(made, Err(SessionError::LoginForm)), "{login}");
    }
    at.station
        .add_operator(
            &supervisor,
            &operator(("lana", "1234567890"), Role::Officer),
        )
        .unwrap();
}

#[test]
fn waits_rise_and_an_attempt_during_a_wait_is_neither_looked_at_nor_counted() {
    let at = TestStation::new();
    let wait = fail_until_wait(&at, 60_000);
    for _ in 0..5 {
        // Even the right one.
        assert!(matches!(attempt(&at, OFFICER.1), Err(SessionError::Wait { ms }) if ms <= wait));
    }
    at.clock.advance_ms(wait - 1);
    assert!(matches!(
        attempt(&at, OFFICER.1),
        Err(SessionError::Wait { ms: 1 })
    ));
    at.clock.advance_ms(1);
    attempt(&at, OFFICER.1).unwrap();
    // A success forgets the failures.
    assert!(matches!(
        attempt(&at, "wrong wrong wrong"),
        Err(SessionError::WrongPassphrase { wait_ms: 0 })
    ));
}

#[test]
fn neither_the_wall_clock_nor_a_restart_shortens_a_wait() {
    let at = TestStation::new();
    let wait = fail_until_wait(&at, 30_000);
    at.clock.jump_to(UnixMs(4_000_000_000_000));
    assert!(matches!(
        attempt(&at, OFFICER.1),
        Err(SessionError::Wait { .. })
    ));
    at.clock.jump_to(UnixMs(0));
    assert!(matches!(
        attempt(&at, OFFICER.1),
        Err(SessionError::Wait { .. })
    ));
    at.clock.advance_ms(wait / 2);
    at.clock.reboot();
    assert!(matches!(attempt(&at, OFFICER.1), Err(SessionError::Wait { ms }) if ms == wait));
    at.clock.advance_ms(wait);
    attempt(&at, OFFICER.1).unwrap();
}

#[test]
fn an_attempt_is_counted_before_it_is_looked_at() {
    let at = TestStation::new();
    let login = Login::parse(OFFICER.0).unwrap();
    let before: Vec<_> = std::fs::read_dir(at.data.join("wraps")).unwrap().collect();
    assert_eq!(before.len(), 2, "no attempts are kept after a success");
    // Looking takes the wrap; without it readable, the count must be there already.
    let path = at.data.join("wraps").join(format!("{}.wrap", OFFICER.0));
    crate::testing::overwrite(&path, b"not a wrap");
    for _ in 0..4 {
        let opened = open_wrap(&at.world, &at.data, &login, &Passphrase::new(OFFICER.1));
        assert!(matches!(opened, Err(SessionError::DamagedWrap)));
    }
    let opened = open_wrap(&at.world, &at.data, &login, &Passphrase::new(OFFICER.1));
    assert!(matches!(opened, Err(SessionError::Wait { .. })));
}

#[test]
fn a_damaged_count_counts_as_ten() {
    let at = TestStation::new();
    crate::testing::overwrite(
        &at.data
            .join("wraps")
            .join(format!("{}.attempts", OFFICER.0)),
        b"\xff",
    );
    assert!(matches!(attempt(&at, OFFICER.1), Err(SessionError::Wait { ms }) if ms >= 3_000_000));
}

#[test]
fn a_supervisor_ends_a_wait() {
    let at = TestStation::new();
    fail_until_wait(&at, 60_000);
    assert!(at.station.unlock_operator(&at.session, OFFICER.0).is_err());
    let supervisor = at
        .station
        .sign_in_again(SUPERVISOR.0, &Passphrase::new(SUPERVISOR.1))
        .unwrap();
    at.station.unlock_operator(&supervisor, OFFICER.0).unwrap();
    attempt(&at, OFFICER.1).unwrap();
}

#[test]
fn an_approval_is_a_supervisors_alone() {
    let at = TestStation::new();
    assert!(matches!(
        at.station.approve(OFFICER.0, &Passphrase::new(OFFICER.1)),
        Err(SessionError::NotSupervisor)
    ));
    at.approval();
}

#[test]
fn a_revoked_operator_does_not_sign_in() {
    let at = TestStation::new();
    let officer = at.session.operator();
    at.station
        .store()
        .write(|tx| at.station.revoke_operator(tx, officer, "left"))
        .unwrap();
    assert!(matches!(
        attempt(&at, OFFICER.1),
        Err(SessionError::Revoked)
    ));
}

#[test]
fn a_wrap_of_nobody_opens_nothing_and_is_swept() {
    let at = TestStation::new();
    let from = at.data.join("wraps").join(format!("{}.wrap", OFFICER.0));
    let orphan = at.data.join("wraps").join("ghost.wrap");
    std::fs::copy(&from, &orphan).unwrap();
    let ghost = at
        .station
        .sign_in_again("ghost", &Passphrase::new(OFFICER.1));
    assert!(
        matches!(ghost, Err(SessionError::WrongPassphrase { .. })),
        "a wrap is bound to its login"
    );
    let at = at.reopened();
    assert!(!orphan.exists());
    assert_eq!(at.station.operators().unwrap().len(), 2);
}

#[test]
fn a_folder_is_open_once_and_says_so() {
    let at = TestStation::new();
    let second = Station::sign_in(
        at.world.clone(),
        &at.data,
        OFFICER.0,
        &Passphrase::new(OFFICER.1),
    );
    assert!(matches!(
        second,
        Err(StationError::Store(StoreError::InUse))
    ));
    let empty = tempfile::tempdir().unwrap();
    let none = Station::sign_in(
        at.world.clone(),
        empty.path(),
        OFFICER.0,
        &Passphrase::new(OFFICER.1),
    );
    assert!(matches!(none, Err(StationError::NotProvisioned)));
}

#[test]
fn sign_ins_and_refusals_are_in_the_trail() {
    let at = TestStation::new();
    let _ = attempt(&at, "wrong wrong wrong");
    at.station
        .sign_out(attempt(&at, OFFICER.1).unwrap())
        .unwrap();
    let world = at.world.clone();
    let data = at.data.clone();
    at.station.audit_verify().unwrap();
    drop(at.station);
    let (station, _) = sign_in(&world, &data, SUPERVISOR);
    let mut chain = crate::audit::Chain::default();
    let events: Vec<_> = station
        .audit_after(0, 100)
        .unwrap()
        .iter()
        .map(|bytes| {
            chain
                .follow(&station.signing_key().public(), bytes)
                .unwrap()
                .event
                .name()
        })
        .collect();
    assert_eq!(events.first(), Some(&"provisioned"));
    for event in [
        "operator-added",
        "signed-in",
        "sign-in-refused",
        "signed-out",
    ] {
        assert!(events.contains(&event), "{event} in {events:?}");
    }
}
