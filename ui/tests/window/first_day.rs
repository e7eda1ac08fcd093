//! What happens before and after people are enrolled: a computer becomes a station, a supervisor approves the day, a
//! technician takes a report along.

use qayd_model::pack::Language;
use qayd_station::World;
use qayd_station::testing::{SUPERVISOR, TestCentre};
use qayd_ui::desk::Command;
use qayd_window::{App, Kit, Page, Provision, Said, Supervisor};
use slint::{ComponentHandle, Model};

use crate::demo::{Demo, Screen};
use crate::enrols::{begin, work_through};

fn said(screen: &Screen, what: &str, said: Said) {
    screen.until(what, |s| s.window().global::<App>().get_said() == said);
}

fn enrol_one(screen: &Screen) {
    begin(screen);
    work_through(screen);
    screen.press("Seal");
    screen.until("the slip", |s| s.step() == "slip");
    screen.press("Next person");
    screen.until("home", |s| s.page() == Page::Home);
}

#[test]
fn a_computer_that_is_no_station_asks_for_an_invitation_and_shows_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("station");
    let world = World::os();
    let screen = Screen::open_before(
        &world,
        &data,
        Language::English,
        None,
        qayd_devices::Hardware::default(),
    );
    screen.until("the page of a new computer", |s| {
        s.page() == Page::Provision
    });
    let provision = screen.window().global::<Provision>();
    for wrong in ["no invitation", "/nowhere/invitation.txt"] {
        screen.fill("Invitation", wrong);
        screen.press("Read it");
        said(&screen, "it is none", Said::BadInvitation);
        assert_eq!(provision.get_programme(), "");
    }

    let text = TestCentre::default().invitation_text();
    let file = dir.path().join("invitation.txt");
    world.files.write_durably(&file, text.as_bytes()).unwrap();
    for entered in [text.as_str(), file.to_str().unwrap()] {
        screen
            .station
            .desk
            .ask(Command::Invitation(entered.to_owned()));
        screen.until("what it says", |_| {
            provision.get_programme() == "test programme"
        });
        assert_eq!(provision.get_centre(), "https://centre.test");
        assert!(provision.get_fingerprint().len() > 30);
        assert!(!provision.get_compared());
        screen
            .station
            .desk
            .ask(Command::Invitation("none".to_owned()));
        screen.until("forgotten", |_| provision.get_programme() == "");
    }
    screen.station.desk.ask(Command::Invitation(text));
    screen.until("what it says", |_| provision.get_programme() != "");

    // The key is compared, and the centre of this invitation is nowhere: nothing is half made.
    screen.station.desk.ask(Command::Provision {
        compared: provision.get_fingerprint().into(),
        login: SUPERVISOR.0.to_owned(),
        passphrase: qayd_crypto::Passphrase::new(SUPERVISOR.1),
    });
    screen.until("it says why not", |s| {
        let app = s.window().global::<App>();
        app.get_said() == Said::NotProvisioned && !app.get_busy()
    });
    assert!(!qayd_station::Station::is_provisioned(&data));
    assert_eq!(screen.page(), Page::Provision);
}

#[test]
fn a_supervisor_approves_the_day_and_an_officer_cannot() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    enrol_one(&screen);
    screen.station.desk.ask(Command::Go(Page::Supervisor));
    screen.until("the supervisor's page", |s| s.page() == Page::Supervisor);
    screen.station.desk.ask(Command::ApproveDay);
    said(&screen, "an officer does not approve", Said::NotSupervisor);

    screen.station.desk.ask(Command::SignOut);
    screen.until("signed out", |s| s.page() == Page::SignIn);
    screen.station.desk.ask(Command::SignIn {
        login: SUPERVISOR.0.to_owned(),
        passphrase: qayd_crypto::Passphrase::new(SUPERVISOR.1),
    });
    screen.until("home again", |s| s.page() == Page::Home);
    screen.station.desk.ask(Command::Go(Page::Supervisor));
    let supervisor = screen.window().global::<Supervisor>();
    screen.until("the supervisor's page", |s| {
        s.page() == Page::Supervisor && supervisor.get_approved() == ""
    });
    screen.press("Approve the day");
    said(&screen, "it is approved", Said::DayApproved);
    screen.until("it stands there", |_| {
        supervisor.get_approved().ends_with(SUPERVISOR.0)
    });
    assert_eq!(supervisor.get_since(), "");
}

#[test]
fn a_report_is_read_before_it_is_saved_and_names_nobody() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    enrol_one(&screen);
    screen.station.desk.ask(Command::Go(Page::Kit));
    screen.press("Report for support");
    let kit = screen.window().global::<Kit>();
    screen.until("the report", |_| kit.get_report().row_count() > 0);
    let shown: Vec<String> = kit.get_report().iter().map(String::from).collect();

    let folder = tempfile::tempdir().unwrap();
    screen.fill("Folder for the report", "/nowhere/at/all");
    screen.press("Save the report");
    said(&screen, "that folder is none", Said::NotSavedThere);
    screen.fill("Folder for the report", folder.path().to_str().unwrap());
    screen.press("Save the report");
    screen.until("it is saved", |_| kit.get_report_saved() != "");
    let saved = std::fs::read_to_string(kit.get_report_saved().as_str()).unwrap();
    let lines = |text: &str| -> Vec<String> {
        // Free memory and the clock go on between the two.
        let moves = ["memory free", "clock ", "disk free"];
        text.lines()
            .filter(|line| !moves.iter().any(|m| line.starts_with(m)))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(lines(&saved), lines(&shown.join("\n")));
    assert!(saved.contains("outbox         1 queued"), "{saved}");
    for name in ["زهراء", "Zahra", "أحمد", "Ahmed", "omar", "samira"] {
        assert!(!saved.contains(name), "{name}");
    }
    screen.press("Close");
    screen.until("the kit again", |_| kit.get_report().row_count() == 0);
}
