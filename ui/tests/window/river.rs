//! The whole river through the window, before a real centre over HTTPS: a computer becomes a station, an officer is added,
//! a person is enrolled and sent, a reviewer returns it and then accepts it, and both answers are seen.

use qayd_crypto::Passphrase;
use qayd_devices::{Hardware, SimulatedPerson, Stage};
use qayd_model::pack::Language;
use qayd_model::{Decision, Return, ReturnedField};
use qayd_station::testing::{OFFICER, SUPERVISOR};
use qayd_tests::Programme;
use qayd_ui::desk::Command;
use qayd_window::{App, Home, Inbox, Message, Outbox, Page, Provision, Said, SendState};
use slint::{ComponentHandle, Model};

use crate::demo::Screen;
use crate::enrols::{begin, forward, read_back_again, work_through};

fn provision(screen: &Screen, invitation: &str) {
    screen.until("the page of a new computer", |s| {
        s.page() == Page::Provision
    });
    let provision = screen.window().global::<Provision>();
    screen.fill("Invitation", invitation);
    screen.press("Read it");
    screen.until("what it says", |_| {
        provision.get_programme() == "Test programme"
    });
    screen.wheel(-2_000.0);
    screen.fill("Login", SUPERVISOR.0);
    screen.fill("Passphrase", SUPERVISOR.1);
    screen.fill("Passphrase again", SUPERVISOR.1);
    screen.press("It is the same");
    screen.press("Make this computer the station");
    screen.until("it is a station", |s| s.page() == Page::SignIn);
}

fn add_the_officer(screen: &Screen) {
    screen.station.desk.ask(Command::SignIn {
        login: SUPERVISOR.0.to_owned(),
        passphrase: Passphrase::new(SUPERVISOR.1),
    });
    screen.until("home", |s| s.page() == Page::Home);
    screen.station.desk.ask(Command::Go(Page::Supervisor));
    screen.until("the supervisor's page", |s| s.page() == Page::Supervisor);
    screen.wheel(-2_000.0);
    screen.fill("Login", OFFICER.0);
    screen.fill("Passphrase", OFFICER.1);
    screen.press("Add");
    screen.until("he may work here", |s| s.has(OFFICER.0));
    screen.station.desk.ask(Command::SignOut);
    screen.until("signed out", |s| s.page() == Page::SignIn);
}

/// Sends what waits, until the outbox says so much of its one item.
fn send_until(screen: &Screen, state: SendState) {
    screen.station.desk.ask(Command::Go(Page::Outbox));
    screen.until("the outbox", |s| s.page() == Page::Outbox);
    screen.press("Send now");
    screen.until("it is sent", |s| {
        let outbox = s.window().global::<Outbox>();
        let first = outbox.get_items().row_data(0);
        outbox.get_sending() == "" && first.is_some_and(|item| item.state == state)
    });
}

fn inbox(screen: &Screen) -> Vec<Message> {
    screen.station.desk.ask(Command::Go(Page::Inbox));
    screen.until("the inbox", |s| s.page() == Page::Inbox);
    screen.rest();
    let items = screen.window().global::<Inbox>().get_items();
    items.iter().map(|item| item.kind).collect()
}

#[test]
fn a_station_is_made_and_a_person_goes_to_the_centre_and_back_through_the_window() {
    let programme = Programme::start();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("station");
    let screen = Screen::open_before(
        programme.world(),
        &data,
        Language::English,
        Some(Stage::make(SimulatedPerson::make(9))),
        Hardware::default(),
    );
    provision(&screen, &programme.invitation("camp"));
    add_the_officer(&screen);

    begin(&screen);
    work_through(&screen);
    screen.press("Seal");
    screen.until("the slip", |s| s.step() == "slip");
    screen.press("Next person");
    screen.until("home", |s| s.page() == Page::Home);
    send_until(&screen, SendState::Delivered);
    programme.examine_all();
    let [enrolment] = programme.enrolments()[..] else {
        panic!("one case: {:?}", programme.enrolments());
    };
    let asked = Return {
        fields: vec![ReturnedField {
            field: "mother_name".to_owned(),
            reason: "spelling".to_owned(),
            note: None,
        }],
        ..Return::default()
    };
    programme.decide(enrolment, Decision::Returned(asked));
    screen.press("Send now");
    screen.until("it says that something came", |s| {
        s.window().global::<App>().get_said() == Said::MessagesCame
    });
    assert_eq!(inbox(&screen), [Message::Returned]);
    screen.until("what came back", |s| {
        s.window().global::<Home>().get_returned().row_count() == 1
    });

    let returned = screen.window().global::<Home>().get_returned();
    let case = returned.row_data(0).unwrap();
    screen.press(&format!("{} {} {}", case.title, case.service, case.note));
    screen.until("at the field in question", |s| {
        s.step() == "field:mother_name"
    });
    screen.fill("Given name Arabic", "نجاة");
    forward(&screen);
    read_back_again(&screen);
    screen.press("Seal");
    screen.until("the slip", |s| s.step() == "slip");
    screen.press("Next person");
    send_until(&screen, SendState::Delivered);
    programme.examine_all();
    assert_eq!(programme.case(enrolment).version, 2);
    programme.decide(enrolment, Decision::Accepted);
    send_until(&screen, SendState::Settled);
    assert_eq!(inbox(&screen), [Message::Accepted, Message::Returned]);
}

#[test]
fn nothing_goes_to_the_centre_before_its_key_is_compared() {
    let programme = Programme::start();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("station");
    let world = programme.world();
    let screen = Screen::open_before(world, &data, Language::English, None, Hardware::default());
    let invitation = programme.invitation("camp");
    let shown = screen.window().global::<Provision>();
    let read = |text: &str, programme: &str| {
        screen
            .station
            .desk
            .ask(Command::Invitation(text.to_owned()));
        screen.until("what it says", |_| shown.get_programme() == programme);
    };
    let make = |compared: &str| {
        screen.station.desk.ask(Command::Provision {
            compared: compared.to_owned(),
            login: SUPERVISOR.0.to_owned(),
            passphrase: Passphrase::new(SUPERVISOR.1),
        });
    };
    read(&invitation, "Test programme");
    let key = shown.get_fingerprint();
    let other = Programme::start();
    for compared in ["", "another key"] {
        make(compared);
        // What is asked is done in turn: the other programme shows when the station would have been made.
        read(&other.invitation("camp"), "Test programme");
        screen.until("the other key", |_| shown.get_fingerprint() != key);
        assert!(!qayd_station::Station::is_provisioned(&data), "{compared}");
        read(&invitation, "Test programme");
        screen.until("the first key", |_| shown.get_fingerprint() == key);
    }
    // Compared, then another invitation read before the button: the key that was compared is not its own.
    screen
        .station
        .desk
        .ask(Command::Invitation(other.invitation("camp")));
    make(&key);
    read(&invitation, "Test programme");
    screen.until("the first key", |_| shown.get_fingerprint() == key);
    assert!(!qayd_station::Station::is_provisioned(&data));
    // The control: with its key, it is made.
    make(&key);
    screen.until("it is a station", |s| s.page() == Page::SignIn);
    assert!(qayd_station::Station::is_provisioned(&data));
}
