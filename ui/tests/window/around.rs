//! What stands around one enrolment: a supervisor's approval, a case that comes back, the next of a family, a document's
//! zone, a name offered in another script.

use qayd_devices::{SimulatedPerson, Stage};
use qayd_model::pack::Language;
use qayd_model::{FingerPosition, Return, ReturnedField};
use qayd_protocol::inbox::{InboxBody, InboxItem, make};
use qayd_station::testing::{NOON, SUPERVISOR, TestCentre};
use qayd_ui::desk::Command;
use qayd_window::{App, FingerState, Fingers, Form, Home, Page, Portrait, Said, Seal};
use slint::{ComponentHandle, Model};

use crate::demo::{Demo, Screen};
use crate::enrols::{answer, begin, forward, read_back_again, work_through};

fn said(screen: &Screen, what: &str, said: Said) {
    screen.until(what, |s| s.window().global::<App>().get_said() == said);
}

/// Works through every step to the seal, the photograph of both palms among them.
fn to_the_seal(screen: &Screen) {
    loop {
        match screen.step().as_str() {
            "seal" => return,
            "exception-photo" => {
                screen.station.desk.ask(Command::Portrait);
                screen.until("the photograph of both palms", |s| {
                    s.window().global::<Portrait>().get_has_kept()
                });
                forward(screen);
            }
            "portrait" => {
                screen.press("Take the portrait");
                screen.until("the portrait is done", |s| s.step() != "portrait");
            }
            "fingers" => crate::enrols::fingers(screen),
            _ => {
                answer(screen);
                forward(screen);
            }
        }
    }
}

fn approve(screen: &Screen) {
    screen.fill("Passphrase of the supervisor", SUPERVISOR.1);
    screen.press("Approve");
    screen.until("it is approved", |s| {
        s.window().global::<Seal>().get_approved()
    });
}

#[test]
fn an_exception_is_approved_and_a_returned_case_opens_at_what_was_asked() {
    let demo = Demo::make();
    let open = || {
        let person = SimulatedPerson::make(5).without([FingerPosition::LeftLittle]);
        Screen::open_at(
            &demo.world,
            &demo.data,
            Language::English,
            Stage::make(person),
        )
    };
    let screen = open();
    begin(&screen);
    while screen.step() != "fingers" {
        if screen.step() == "portrait" {
            screen.press("Take the portrait");
            screen.until("the portrait is done", |s| s.step() != "portrait");
        } else {
            answer(&screen);
            forward(&screen);
        }
    }
    screen.press("Left little finger");
    screen.press("Amputated");
    screen.until("it is marked", |s| {
        let hand = s.window().global::<Fingers>().get_left_hand();
        hand.row_data(4)
            .is_some_and(|mark| mark.state == FingerState::Excepted)
    });
    to_the_seal(&screen);
    // Nobody stands by: it is not sealed, and the window says who is missing.
    screen.press("Seal");
    said(&screen, "an approval is needed", Said::ApprovalNeeded);
    assert_eq!(screen.step(), "seal");
    screen.fill("Passphrase of the supervisor", "not the passphrase");
    screen.press("Approve");
    said(
        &screen,
        "a wrong passphrase approves nothing",
        Said::WrongPassphrase,
    );
    assert!(!screen.window().global::<Seal>().get_approved());
    approve(&screen);
    screen.press("Seal");
    screen.until("the slip", |s| s.step() == "slip");
    drop(screen);

    returned(&demo);
    let screen = open();
    screen.sign_in();
    screen.until("home with what came back", |s| {
        s.page() == Page::Home && s.window().global::<Home>().get_returned().row_count() == 1
    });
    let row = screen
        .window()
        .global::<Home>()
        .get_returned()
        .row_data(0)
        .unwrap();
    assert!(
        row.note.contains("other"),
        "it names what is asked: {}",
        row.note
    );
    screen.press(&format!("{} {} {}", row.title, row.service, row.note));
    screen.until("at the field in question", |s| {
        s.page() == Page::Enrolment && s.step() == "field:mother_name"
    });
    let hint = screen
        .window()
        .global::<qayd_window::Enrolment>()
        .get_hint();
    assert_eq!(hint, "Spelling: with ت");
    screen.fill("Given name Arabic", "نجاة");
    forward(&screen);
    read_back_again(&screen);
    approve(&screen);
    screen.press("Seal");
    screen.until("the slip", |s| s.step() == "slip");
    drop(screen);
    let (station, _) = demo.open();
    let records = station.enrolments(10).unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].number, records[0].version), (1, 2));
}

/// The centre returns the one packet there is: its mother's name is in question.
fn returned(demo: &Demo) {
    let (station, _) = demo.open();
    let centre = TestCentre::default();
    let file = std::fs::read_dir(station.outbox_folder())
        .unwrap()
        .next()
        .unwrap();
    let asked = Return {
        fields: vec![ReturnedField {
            field: "mother_name".to_owned(),
            reason: "spelling".to_owned(),
            note: Some("with ت".into()),
        }],
        ..Return::default()
    };
    let message = centre.return_file(&station, &file.unwrap().path(), asked);
    let item = InboxItem {
        number: 1,
        station: station.identity().station,
        previous: None,
        time: NOON,
        body: InboxBody::Decision(message),
    };
    qayd_station::inbox::take(&station, &[make(&item, &centre.centre)]).unwrap();
}

#[test]
fn the_next_of_a_family_finds_address_and_register_and_nothing_of_the_one_before() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    begin(&screen);
    let first = screen.step();
    work_through(&screen);
    screen.press("Seal");
    screen.until("the slip", |s| s.step() == "slip");
    screen.press("Next of the same family");
    screen.until("the first step of the next", |s| s.step() == first);
    said(&screen, "it says what came along", Said::Carried);
    let boxes = |screen: &Screen| -> Vec<String> {
        let rows = screen.window().global::<Form>().get_rows();
        rows.iter()
            .flat_map(|row| {
                row.boxes
                    .iter()
                    .map(|cell| cell.text.to_string())
                    .collect::<Vec<_>>()
            })
            .filter(|text| !text.is_empty())
            .collect()
    };
    let go_to = |step: &str| {
        screen
            .station
            .desk
            .ask(Command::JumpToItem(format!("step:{step}")));
        screen.until(step, |s| s.step() == step);
    };
    go_to("field:address");
    assert_eq!(boxes(&screen), ["مخيم تجريبي"]);
    go_to("field:name");
    assert!(boxes(&screen).is_empty());
    go_to("field:birth_date");
    assert!(boxes(&screen).is_empty());
    drop(screen);
    let (station, session) = demo.open();
    let draft = station
        .resume(&session, station.drafts().unwrap()[0].enrolment)
        .unwrap();
    assert!(draft.value("register").unwrap().is_some());
    assert!(draft.samples().unwrap().is_empty());
}

/// A specimen of ICAO Doc 9303 part 5.
const CARD: &str =
    "I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<";

#[test]
fn a_scanned_zone_fills_what_is_empty_after_a_yes_and_nothing_before() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    begin(&screen);
    let go_to = |step: &str| {
        screen
            .station
            .desk
            .ask(Command::JumpToItem(format!("step:{step}")));
        screen.until(step, |s| s.step() == step);
    };
    go_to("field:name");
    screen.fill("Father's name Latin", "Marija");
    screen.press("Scan a document");
    let scan = screen.window().global::<qayd_window::Scan>();
    screen.fill("Lines of the document", &CARD.replace('7', "1"));
    screen.until("a misread zone is not believed", |_| {
        scan.get_problem() == "MRZ-02"
    });
    screen.fill("Lines of the document", CARD);
    screen.until("it is read", |_| scan.get_lines().row_count() == 3);
    assert_eq!(scan.get_problem(), "");
    let name = scan.get_lines().row_data(0).unwrap();
    assert!(
        name.differs && name.text == "Anna Maria Eriksson",
        "{}",
        name.text
    );
    go_to("field:birth_date");
    let rows = |screen: &Screen| {
        screen
            .window()
            .global::<Form>()
            .get_rows()
            .row_data(0)
            .unwrap()
    };
    assert_eq!(rows(&screen).boxes.row_data(0).unwrap().text, "");

    screen.press("Scan a document");
    screen.fill("Lines of the document", CARD);
    screen.until("it is read", |_| scan.get_lines().row_count() == 3);
    screen.press("Take it over");
    said(&screen, "it was taken over", Said::TakenOver);
    screen.until("it stands in the boxes", |s| {
        rows(s).boxes.row_data(0).unwrap().text == "1974"
    });
    go_to("field:sex");
    let chosen = rows(&screen)
        .choices
        .iter()
        .find(|choice| choice.chosen)
        .unwrap();
    assert_eq!(chosen.code, "female");
    go_to("field:name");
    let texts: Vec<String> = (0..4)
        .map(|n| {
            let row = screen
                .window()
                .global::<Form>()
                .get_rows()
                .row_data(n)
                .unwrap();
            row.boxes.row_data(2).unwrap().text.into()
        })
        .collect();
    // What was typed stays.
    assert_eq!(texts, ["Anna", "Marija", "", "Eriksson"]);
    drop(screen);
    let (station, session) = demo.open();
    let draft = station
        .resume(&session, station.drafts().unwrap()[0].enrolment)
        .unwrap();
    let sources: Vec<_> = draft
        .fields()
        .unwrap()
        .iter()
        .map(|entry| entry.source)
        .collect();
    assert!(sources.contains(&qayd_model::Source::Mrz));
}

#[test]
fn a_name_is_offered_in_the_other_scripts_and_forced_on_nobody() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    begin(&screen);
    screen
        .station
        .desk
        .ask(Command::JumpToItem("step:field:name".to_owned()));
    screen.until("the name", |s| s.step() == "field:name");
    screen.fill("Given name Arabic", "زهراء");
    screen.fill("Father's name Arabic", "أحمد");
    screen.press("Take Zahra");
    screen.until("it is kept", |s| !s.has("Take Zahra"));
    screen.fill("Given name Sorani", "زارا");
    screen.until("the offer is gone where something else was typed", |s| {
        !s.has("Take زەهرا")
    });
    assert!(screen.has("Take Ahmed"), "what is not taken stays an offer");
    drop(screen);
    let (station, session) = demo.open();
    let draft = station
        .resume(&session, station.drafts().unwrap()[0].enrolment)
        .unwrap();
    let noted = draft.note("typed:name").unwrap().unwrap();
    let noted = String::from_utf8(noted.to_vec()).unwrap();
    assert!(
        noted.contains("Zahra") && noted.contains("زارا") && !noted.contains("Ahmed"),
        "{noted}"
    );
}

#[test]
fn a_supervisor_extends_what_the_station_may_do_alone_and_an_officer_does_not() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    let most = |screen: &Screen| -> String {
        screen
            .window()
            .global::<qayd_window::Supervisor>()
            .get_days_most()
            .into()
    };
    let go = |screen: &Screen| {
        screen.until("home", |s| s.page() == Page::Home);
        screen.station.desk.ask(Command::Go(Page::Supervisor));
        screen.until("the supervisor's page", |s| s.page() == Page::Supervisor);
    };
    screen.sign_in();
    go(&screen);
    let before: u64 = most(&screen).parse().unwrap();
    // The button cannot be pressed; and the station itself refuses who presses it all the same.
    screen
        .station
        .desk
        .ask(Command::Extend(qayd_station::Extend::Days(7)));
    said(&screen, "a supervisor is needed", Said::NotSupervisor);
    assert_eq!(most(&screen).parse::<u64>().unwrap(), before);
    screen.station.desk.ask(Command::SignOut);
    screen.until("the sign-in page", |s| s.page() == Page::SignIn);
    screen.press(SUPERVISOR.0);
    screen.station.desk.ask(Command::SignIn {
        login: SUPERVISOR.0.to_owned(),
        passphrase: qayd_crypto::Passphrase::new(SUPERVISOR.1),
    });
    go(&screen);
    screen.press("Seven days more");
    said(&screen, "it is extended", Said::Extended);
    screen.until("the page says so", |s| {
        most(s).parse::<u64>().unwrap() == before + 7
    });
    drop(screen);
    let (station, _) = demo.open();
    assert!(station.standing().unwrap().extended);
}
