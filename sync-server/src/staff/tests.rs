use qayd_crypto::{ArgonParams, Passphrase};
use qayd_world::{World, testing::FakeClock};

use super::{
    NewStaff, SESSION_IDLE_MS, StaffError, StaffMember, StaffRole, add, check, list, remove,
    session,
};
use crate::{store::Register, testing::START};

const PASSWORD: &str = "a long enough password";

fn register() -> (tempfile::TempDir, Register, World, FakeClock) {
    let folder = tempfile::tempdir().unwrap();
    let (world, clock) = qayd_world::testing::world(START, 3);
    let register = Register::open(&folder.path().join("register.db")).unwrap();
    (folder, register, world, clock)
}

fn new(login: &str) -> NewStaff {
    NewStaff {
        login: login.into(),
        name: "زهراء".into(),
        role: StaffRole::Reviewer,
        offices: vec!["DEMO-NI-01".into()],
        password: Passphrase::new(PASSWORD),
    }
}

fn added(register: &Register, world: &World) -> StaffMember {
    add(register, world, ArgonParams::TEST, "test", new("zahra")).unwrap()
}

#[test]
fn people_are_added_once_and_seen_in_their_offices() {
    let (_folder, register, world, _) = register();
    let member = added(&register, &world);
    assert!(member.sees("DEMO-NI-01") && !member.sees("DEMO-BG-01"));
    assert!(matches!(
        add(&register, &world, ArgonParams::TEST, "test", new("zahra")),
        Err(StaffError::LoginTaken)
    ));
    for login in ["", "Zahra", "zah ra", "زهراء"] {
        assert!(
            matches!(
                add(&register, &world, ArgonParams::TEST, "test", new(login)),
                Err(StaffError::Login)
            ),
            "{login}"
        );
    }
    let short = NewStaff {
        password: Passphrase::new("short"),
        ..new("karwan")
    };
    assert!(matches!(
        add(&register, &world, ArgonParams::TEST, "test", short),
        Err(StaffError::Password)
    ));
    assert_eq!(list(&register).unwrap(), [member]);
}

#[test]
fn wrong_passwords_cost_waiting_that_a_restart_does_not_forgive() {
    let (folder, register, world, clock) = register();
    added(&register, &world);
    let right = Passphrase::new(PASSWORD);
    let wrong = Passphrase::new("not the password");
    for _ in 0..4 {
        assert!(matches!(
            check(&register, &world, "zahra", &wrong),
            Err(StaffError::Wrong)
        ));
    }
    assert!(
        matches!(
            check(&register, &world, "zahra", &right),
            Err(StaffError::Wait { .. })
        ),
        "even the right one waits"
    );
    drop(register);
    let register = Register::open(&folder.path().join("register.db")).unwrap();
    assert!(matches!(
        check(&register, &world, "zahra", &right),
        Err(StaffError::Wait { .. })
    ));
    clock.advance_ms(1_500);
    assert!(check(&register, &world, "zahra", &right).is_ok());
    assert!(
        matches!(
            check(&register, &world, "zahra", &wrong),
            Err(StaffError::Wrong)
        ),
        "the count began anew"
    );
}

#[test]
fn a_login_that_does_not_exist_is_refused_with_the_same_word() {
    let (_folder, register, world, _) = register();
    added(&register, &world);
    let error = check(&register, &world, "nobody", &Passphrase::new(PASSWORD)).unwrap_err();
    assert!(matches!(error, StaffError::Wrong));
}

#[test]
fn sessions_end_when_idle_when_ended_and_with_their_person() {
    let (_folder, register, world, clock) = register();
    let member = added(&register, &world);
    let open = || session::open(&register, &world, &member, "ar").unwrap();
    let find = |token: &str| session::find(&register, &world, token).unwrap();
    let token = open();
    assert_eq!(find(token.expose()).unwrap().member, member);
    assert!(find(&"0".repeat(64)).is_none() && find("").is_none());
    clock.advance_ms(SESSION_IDLE_MS - 1_000);
    assert!(find(token.expose()).is_some(), "used in time: it goes on");
    clock.advance_ms(SESSION_IDLE_MS - 1_000);
    assert!(find(token.expose()).is_some());
    clock.advance_ms(SESSION_IDLE_MS + 1_000);
    assert!(find(token.expose()).is_none());
    let token = open();
    session::end(&register, &find(token.expose()).unwrap()).unwrap();
    assert!(find(token.expose()).is_none());
    let token = open();
    remove(&register, &world, "test", "zahra").unwrap();
    assert!(find(token.expose()).is_none());
    assert!(matches!(
        check(&register, &world, "zahra", &Passphrase::new(PASSWORD)),
        Err(StaffError::Wrong)
    ));
}

#[test]
fn no_token_and_no_password_is_readable_in_the_register() {
    let (folder, register, world, _) = register();
    let member = added(&register, &world);
    let token = session::open(&register, &world, &member, "ar").unwrap();
    let copy = folder.path().join("copy.db");
    register.copy_to(&copy).unwrap();
    let bytes = std::fs::read(&copy).unwrap();
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(!holds(token.expose()) && !holds(PASSWORD));
    assert!(holds("zahra"), "the control");
}
