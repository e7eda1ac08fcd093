//! A whole enrolment through the window, against the real station library.

use qayd_model::pack::Language;
use qayd_ui::desk::Command;
use qayd_window::{App, Enrolment, FingerState, Page, RailState, Said, Seal};
use slint::platform::Key;
use slint::{ComponentHandle, Model};

use crate::demo::{Demo, Screen};

const GO_ON: &str = "Go on";
const CONTINUE: &str = "Continue";

/// Goes on from a step, and waits until the screen is at another.
pub fn forward(screen: &Screen) {
    let before = screen.step();
    let label = if screen.has(CONTINUE) {
        CONTINUE
    } else if screen.has("The person confirms it") {
        "The person confirms it"
    } else {
        GO_ON
    };
    screen.press(label);
    screen.until(&format!("away from {before}"), |s| {
        s.step() != before || s.page() != Page::Enrolment
    });
}

pub fn begin(screen: &Screen) {
    screen.sign_in();
    screen.until("home", |s| s.page() == Page::Home);
    screen.press("National card: first issue");
    screen.until("the first step", |s| {
        s.page() == Page::Enrolment && !s.step().is_empty()
    });
}

/// Answers the form that is shown, whatever it asks, through what is on the screen.
pub fn answer(screen: &Screen) {
    let step = screen.step();
    match step.as_str() {
        "field:name" | "field:mother_name" => {
            for (part, ar, lat) in [
                ("Given name", "زهراء", "Zahra"),
                ("Father's name", "أحمد", "Ahmed"),
                ("Grandfather's name", "حسن", "Hasan"),
            ] {
                screen.fill(&format!("{part} Arabic"), ar);
                screen.fill(&format!("{part} Latin"), lat);
            }
        }
        "field:birth_date" => {
            screen.fill("Year", "١٩٩٠");
            screen.fill("Month", "5");
            screen.fill("Day", "17");
        }
        "field:birth_place" | "field:address" => screen.fill("Camp", "مخيم تجريبي"),
        "field:register" => screen.press("Not known"),
        "field:family_number" => screen.press("Not known"),
        "field:home_office" => {
            let rows = screen.window().global::<qayd_window::Form>().get_rows();
            let first = rows.row_data(0).unwrap().choices.row_data(0).unwrap();
            screen.press(&first.label);
        }
        "field:request_kind" => {
            let rows = screen.window().global::<qayd_window::Form>().get_rows();
            let first = rows.row_data(0).unwrap().choices.row_data(0).unwrap();
            screen.press(&first.label);
        }
        "field:sex" => screen.press("Female"),
        "field:marital_status" => screen.press("Would rather not say"),
        "field:evidence" => papers_are_gone(screen),
        "field:attestors" => screen.press("Nobody is here to vouch"),
        "field:consent" => {
            let consent = screen.window().global::<qayd_window::Form>().get_rows();
            for row in consent.iter().filter(|row| row.choices.row_count() > 0) {
                screen.station.desk.ask(qayd_ui::desk::Command::Chosen {
                    key: row.key.to_string(),
                    code: row.choices.row_data(0).unwrap().code.to_string(),
                });
            }
            screen.settle();
        }
        _ => {}
    }
}

/// No paper is there: each expected one gets its reason.
fn papers_are_gone(screen: &Screen) {
    let keys = |end: &str| -> Vec<String> {
        let rows = screen.window().global::<qayd_window::Form>().get_rows();
        rows.iter()
            .map(|row| row.key.to_string())
            .filter(|key| key.ends_with(end))
            .collect()
    };
    for key in keys(".seen") {
        screen.station.desk.ask(qayd_ui::desk::Command::Chosen {
            key,
            code: "none".to_owned(),
        });
    }
    screen.until("reasons are asked", |_| !keys(".gap.reason").is_empty());
    let asked = keys(".seen").len();
    screen.until("all reasons are asked", |_| {
        keys(".gap.reason").len() == asked
    });
    for key in keys(".gap.reason") {
        screen.station.desk.ask(qayd_ui::desk::Command::Chosen {
            key,
            code: "never_issued".to_owned(),
        });
    }
    screen.settle();
}

/// Works through every step up to the seal.
pub fn work_through(screen: &Screen) {
    for _ in 0..60 {
        match screen.step().as_str() {
            "seal" => return,
            "portrait" => {
                screen.press("Take the portrait");
                // A good portrait goes on by itself.
                screen.until("the portrait is done", |s| s.step() != "portrait");
            }
            "fingers" => fingers(screen),
            _ => {
                answer(screen);
                forward(screen);
            }
        }
    }
    panic!("the seal was not reached; at {}", screen.step());
}

fn jump(screen: &Screen, step: &str) {
    let to = Command::JumpToItem(format!("step:{step}"));
    screen.station.desk.ask(to);
    screen.until(step, |s| s.step() == step);
}

/// After a correction: the person confirms what stands there now.
pub fn read_back_again(screen: &Screen) {
    jump(screen, "read-back");
    forward(screen);
    jump(screen, "seal");
}

pub fn fingers(screen: &Screen) {
    for _ in 0..14 {
        screen.until("a capture is over", |s| {
            s.step() != "fingers" || !s.window().global::<qayd_window::Fingers>().get_capturing()
        });
        if screen.step() != "fingers" {
            return;
        }
        let global = screen.window().global::<qayd_window::Fingers>();
        if global.get_exhausted() && !global.get_slap_done() {
            forward(screen);
            return;
        }
        if screen.has("Capture") {
            screen.station.desk.ask(qayd_ui::desk::Command::Capture);
            screen.until("the capture began or the step is over", |s| {
                s.step() != "fingers" || s.window().global::<qayd_window::Fingers>().get_capturing()
            });
        } else {
            forward(screen);
        }
    }
}

#[test]
fn an_officer_enrols_a_person_from_sign_in_to_slip() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    begin(&screen);
    work_through(&screen);
    screen.until("nothing is missing", |s| {
        s.window()
            .global::<qayd_window::Seal>()
            .get_missing()
            .row_count()
            == 0
    });
    screen.press("Seal");
    screen.until("the slip", |s| s.step() == "slip");
    let slip = screen.window().global::<qayd_window::Slip>();
    // The slip speaks the person's language, whatever the officer's is.
    assert_eq!(slip.get_number(), "١");
    assert!(slip.get_lines().row_count() > 0);
    drop(screen);
    let (station, _) = demo.open();
    assert_eq!(station.enrolments(10).unwrap().len(), 1);
    assert!(station.drafts().unwrap().is_empty());
    assert_eq!(station.search("Zahra", 10).unwrap().len(), 1);
}

#[test]
fn a_mandatory_step_is_not_left_empty_however_often_continue_is_pressed() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    begin(&screen);
    let first = screen.step();
    for _ in 0..20 {
        screen
            .station
            .desk
            .ask(qayd_ui::desk::Command::Forward(first.clone()));
    }
    screen.until("it says what is missing", |s| {
        s.window().global::<qayd_window::App>().get_said() == Said::AnswerMissing
    });
    assert_eq!(screen.step(), first);
    // Answered, twenty presses that all come from this step move one step.
    answer(&screen);
    for _ in 0..20 {
        screen
            .station
            .desk
            .ask(qayd_ui::desk::Command::Forward(first.clone()));
    }
    screen.until("the next step", |s| s.step() != first);
    let second = screen.step();
    std::thread::sleep(std::time::Duration::from_millis(200));
    screen.settle();
    assert_eq!(screen.step(), second);
}

#[test]
fn the_second_of_two_presses_does_not_leave_the_next_step() {
    let demo = Demo::make();
    let screen = Screen::open_patient(&demo, Language::English, 3);
    begin(&screen);
    // To the first step that may be left empty, and back: from before it two presses would go through both.
    let may_skip = || {
        screen
            .window()
            .global::<qayd_window::Enrolment>()
            .get_may_skip()
    };
    let pause = || std::thread::sleep(std::time::Duration::from_millis(450));
    let mut before = screen.step();
    while !may_skip() {
        before = screen.step();
        answer(&screen);
        pause();
        forward(&screen);
    }
    let optional = screen.step();
    let ask = |command| screen.station.desk.ask(command);
    ask(qayd_ui::desk::Command::Back(optional.clone()));
    screen.until("the step before", |s| s.step() == before);
    pause();
    ask(qayd_ui::desk::Command::Forward(before.clone()));
    ask(qayd_ui::desk::Command::Forward(optional.clone()));
    screen.until("the next step", |s| s.step() != before);
    pause();
    screen.settle();
    assert_eq!(screen.step(), optional);
    // Whoever has looked at it goes on.
    forward(&screen);
}

#[test]
fn a_choice_that_comes_when_its_page_is_gone_changes_no_answer() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    begin(&screen);
    let to_the_address = || {
        let jump = qayd_ui::desk::Command::JumpToItem("address".into());
        screen.station.desk.ask(jump);
        screen.until("the address", |s| s.step() == "field:address");
    };
    to_the_address();
    let choices = |screen: &Screen| {
        let rows = screen.window().global::<qayd_window::Form>().get_rows();
        let row = rows.iter().find(|row| row.choices.row_count() > 1).unwrap();
        (row.key, row.choices.iter().collect::<Vec<_>>())
    };
    let (key, before) = choices(&screen);
    let choose = |code: &slint::SharedString| qayd_ui::desk::Command::Chosen {
        key: key.to_string(),
        code: code.to_string(),
    };
    screen.station.desk.ask(choose(&before[0].code));
    screen.until("it is chosen", |s| choices(s).1[0].chosen);
    answer(&screen);
    forward(&screen);
    screen.station.desk.ask(choose(&before[1].code));
    to_the_address();
    assert!(choices(&screen).1[0].chosen);
    let rows = screen.window().global::<qayd_window::Form>().get_rows();
    assert!(
        rows.iter()
            .any(|row| { row.boxes.iter().any(|cell| cell.text == "مخيم تجريبي") })
    );
}

#[test]
fn locking_keeps_what_is_half_typed_and_gives_it_back() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    begin(&screen);
    while screen.step() != "field:name" {
        answer(&screen);
        forward(&screen);
    }
    screen.fill("Given name Arabic", "زهر");
    screen.press("Lock");
    screen.until("the lock", |s| {
        s.page() == Page::SignIn && s.has("The station is locked")
    });
    screen.sign_in();
    screen.until("the same step", |s| {
        s.page() == Page::Enrolment && s.step() == "field:name"
    });
    let rows = screen.window().global::<qayd_window::Form>().get_rows();
    let given = rows.row_data(0).unwrap().boxes.row_data(0).unwrap();
    assert_eq!(
        (given.key.as_str(), given.text.as_str()),
        ("name/given.ar", "زهر")
    );
}

#[test]
fn a_missing_finger_needs_a_reason_and_another_supervisor() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 5, "");
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
        let hand = s.window().global::<qayd_window::Fingers>().get_left_hand();
        hand.row_data(4)
            .is_some_and(|mark| mark.state == FingerState::Excepted)
    });
}

#[test]
fn the_keyboard_alone_signs_in_and_moves_through_a_form() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    screen.until("the sign-in page", |s| s.has("omar"));
    // The passphrase field holds the keyboard from the start; the first login is chosen.
    screen.type_text(qayd_station::testing::OFFICER.1);
    screen.key(Key::Return);
    screen.until("home, or who is asked", |s| s.page() == Page::Home);
    // Two buttons of the bar, seven destinations, then the first service; Enter begins it.
    for _ in 0..10 {
        screen.tab();
    }
    screen.key(Key::Return);
    screen.until("an enrolment", |s| s.page() == Page::Enrolment);
}

fn rail_state(screen: &Screen, label: &str) -> RailState {
    let rail = screen.window().global::<Enrolment>().get_rail();
    let step = rail.iter().find(|step| step.label == label);
    step.unwrap_or_else(|| panic!("no {label}")).state
}

#[test]
fn the_rail_does_not_mark_done_what_was_gone_past() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 7, "");
    begin(&screen);
    jump(&screen, "seal");
    screen.until("what lacks something stands out", |s| {
        rail_state(s, "#portrait") == RailState::Attention
    });
    assert_eq!(rail_state(&screen, "#read-back"), RailState::Attention);
    // The age is not known, so that no finger is asked for yet; none is there either.
    assert_eq!(rail_state(&screen, "#fingers"), RailState::Waiting);
    assert_eq!(rail_state(&screen, "#signature"), RailState::Waiting);
    // Nobody has to answer there.
    assert_eq!(rail_state(&screen, "Needs"), RailState::Done);
}

#[test]
fn nothing_is_sealed_that_the_person_has_not_confirmed() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 7, "");
    begin(&screen);
    work_through(&screen);
    let seal = screen.window().global::<Seal>();
    let missing = || -> Vec<_> { seal.get_missing().iter().map(|row| row.title).collect() };
    let state = || rail_state(&screen, "#read-back");
    screen.until("nothing is missing", |_| missing().is_empty());
    assert_eq!(state(), RailState::Done);

    // Confirmed, and then changed.
    jump(&screen, "field:mother_name");
    screen.fill("Given name Arabic", "نجاة");
    forward(&screen);
    jump(&screen, "seal");
    screen.until("it is to be read back", |_| missing() == ["#read-back"]);
    assert_eq!(state(), RailState::Attention);
    let seal_it = Command::Forward("seal".to_owned());
    screen.station.desk.ask(seal_it);
    screen.until("it says so", |s| {
        s.window().global::<App>().get_said() == Said::AnswerMissing
    });
    assert_eq!(screen.step(), "seal");

    read_back_again(&screen);
    screen.until("nothing is missing", |_| missing().is_empty());
    screen.press("Seal");
    screen.until("the slip", |s| s.step() == "slip");
}
