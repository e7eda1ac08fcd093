//! Random events: taps, double taps, held keys, bursts, a paste of a megabyte, pulled cables. Nothing panics; no press goes
//! on from a step that has to be answered and is not; and every enrolment that was sealed is opened as the centre opens
//! it, and has whatever the service demands.
//!
//! A hand that answers and goes on works among the blows: without it nothing would ever be sealed, and the last promise
//! would hold of nothing. `QAYD_RANDOM_EVENTS` says how many (the chore `window-events` runs 100,000); the seed is printed
//! and can be given back in `QAYD_RANDOM_SEED`.

use i_slint_backend_testing::{AccessibleRole, ElementQuery};
use qayd_crypto::Passphrase;
use qayd_devices::{SimulatedPerson, Stage};
use qayd_model::pack::Language;
use qayd_model::{FingerPosition, SampleKind};
use qayd_station::testing::{SUPERVISOR, TestCentre};
use qayd_ui::desk::Command;
use qayd_window::{App, Enrolment, Fingers, Form, FormBox, Home, Page, Portrait, RowKind, Seal};
use qayd_world::testing::SeededRandom;
use slint::platform::{Key, PointerEventButton, WindowEvent};
use slint::{ComponentHandle, LogicalPosition, Model};

use crate::demo::{Demo, PACK, Screen};

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

/// Steps that have to be answered, and were left by "Continue" without an answer: none may ever be.
struct Watch {
    left_empty: Vec<String>,
    looked: usize,
}

impl Watch {
    /// On a page that has just come up and has to be answered: presses "Continue" as often as a nervous hand does, and
    /// looks where the screen is then. What stands on such a page is what the station has.
    fn press_on(&mut self, screen: &Screen, times: u64) {
        let step = screen.step();
        if !step.starts_with("field:") || !stays_at(screen, &step) {
            return;
        }
        let has_to = !screen.window().global::<Enrolment>().get_may_skip();
        let empty = has_to && nothing_stands(screen);
        continue_pressed(screen, times);
        if !empty {
            return;
        }
        self.looked += 1;
        if !stays_at(screen, &step) {
            self.left_empty.push(step);
        }
    }
}

fn continue_pressed(screen: &Screen, times: u64) {
    let step = screen.step();
    for _ in 0..times {
        screen.station.desk.ask(Command::Forward(step.clone()));
    }
}

/// Waits until all that was asked before is done and shown: what comes in Arabic, and then in English, comes after it.
fn catch_up(screen: &Screen) {
    for language in [Language::Arabic, Language::English] {
        screen.station.desk.ask(Command::Language(language));
        screen.until("the service in the language just asked for", |s| {
            let service = s.window().global::<Enrolment>().get_service();
            // Nothing is left at any other place.
            !is_at_a_step(s) || service.is_ascii() == (language == Language::English)
        });
    }
}

fn is_at_a_step(screen: &Screen) -> bool {
    screen.page() == Page::Enrolment && screen.step() != "slip"
}

/// Whether the screen is at a step once all that was asked before is done.
fn stays_at(screen: &Screen, step: &str) -> bool {
    catch_up(screen);
    screen.page() == Page::Enrolment && screen.step() == step
}

/// Waits until a capture that was just asked for is over, or was never begun.
fn capture_is_over(screen: &Screen) {
    let capturing = || {
        let window = screen.window();
        window.global::<Portrait>().get_capturing() || window.global::<Fingers>().get_capturing()
    };
    for n in 0..500 {
        std::thread::sleep(std::time::Duration::from_millis(10));
        screen.settle();
        if n > 5 && !capturing() {
            return;
        }
    }
}

/// Whether nothing was typed, chosen or taken on this page.
fn nothing_stands(screen: &Screen) -> bool {
    let rows = screen.window().global::<Form>().get_rows();
    rows.iter().all(|row| {
        row.boxes.iter().all(|cell| cell.text.is_empty())
            && !row.choices.iter().any(|choice| choice.chosen)
            && (row.kind != RowKind::Pages || row.text.is_empty())
    })
}

/// What an officer would do now, one act, whatever the language of the screen.
fn work(screen: &Screen) {
    let ask = |command: Command| screen.station.desk.ask(command);
    if screen.page() == Page::Home {
        let drafts = screen.window().global::<Home>().get_drafts();
        let last = drafts.row_data(0).and_then(|draft| draft.id.parse().ok());
        ask(last.map_or(Command::Begin(PACK.to_owned()), Command::Resume));
        return;
    }
    if screen.page() != Page::Enrolment {
        ask(Command::Go(Page::Home));
        return;
    }
    match screen.step().as_str() {
        "slip" => ask(Command::Forward("slip".to_owned())),
        "portrait" | "exception-photo" if !screen.window().global::<Portrait>().get_has_kept() => {
            ask(Command::Portrait);
            capture_is_over(screen);
        }
        "fingers" => {
            ask(Command::CloseException);
            ask(Command::Capture);
            capture_is_over(screen);
            continue_pressed(screen, 1);
        }
        "seal" => {
            let seal = screen.window().global::<Seal>();
            // To what is missing, if anything is; the presses of the other hand went past it.
            if let Some(missing) = seal.get_missing().row_data(0) {
                ask(Command::JumpToItem(missing.id.into()));
            } else if seal.get_needs_approval() && !seal.get_approved() {
                ask(Command::Approve {
                    login: SUPERVISOR.0.to_owned(),
                    passphrase: Passphrase::new(SUPERVISOR.1),
                });
            } else {
                continue_pressed(screen, 1);
            }
        }
        _ => {
            answer_by_key(screen);
            continue_pressed(screen, 1);
        }
    }
}

/// If a tap met the lock: somebody signs in again.
fn signs_in_again(screen: &Screen) -> bool {
    let locked = screen.page() == Page::SignIn;
    if locked {
        let app = screen.window().global::<App>();
        app.set_said(qayd_window::Said::Nothing);
        screen.sign_in();
        screen.until("signed in again", |s| s.page() != Page::SignIn);
    }
    locked
}

/// An officer to whom nothing happens for a while: what the blows left is made whole and sealed, if it can be.
fn works_undisturbed(screen: &Screen) {
    for _ in 0..100 {
        let was_sealed = screen.step() == "slip";
        work(screen);
        screen.rest();
        signs_in_again(screen);
        if screen.page() == Page::Enrolment {
            catch_up(screen);
        }
        if was_sealed {
            return;
        }
    }
}

/// Answers what is empty or wrong on a form, by the keys of its boxes.
fn answer_by_key(screen: &Screen) {
    let ask = |command: Command| screen.station.desk.ask(command);
    for row in screen.window().global::<Form>().get_rows().iter() {
        let key = row.key.to_string();
        let (field, place) = key.split_once('/').unwrap_or((&key, ""));
        let first = row
            .choices
            .row_data(0)
            .map(|choice| choice.code.to_string());
        let mut chosen = row.choices.iter().filter(|choice| choice.chosen);
        let is_wrong = match chosen.next() {
            None => true,
            // Who brought no paper needs none photographed.
            Some(choice) => place.ends_with(".seen") && choice.code != "none",
        };
        if let Some(first) = first
            && is_wrong
        {
            let code = match place {
                "missing" if matches!(field, "family_number" | "attestors") => first,
                "missing" => continue,
                "" if field == "evidence" => continue,
                "known" => "false".to_owned(),
                place if place.ends_with(".seen") => "none".to_owned(),
                place if place.ends_with(".gap.reason") => "never_issued".to_owned(),
                _ => first,
            };
            ask(Command::Chosen {
                key: key.clone(),
                code,
            });
        }
        let is_wrong = |cell: &FormBox| cell.text.is_empty() || !cell.fault.is_empty();
        for cell in row.boxes.iter().filter(is_wrong) {
            let key = cell.key.to_string();
            let text = match key.rsplit(['/', '.']).next().unwrap_or_default() {
                "ar" => "زهراء",
                "lat" => "Zahra",
                "year" => "1990",
                "month" => "5",
                "day" => "17",
                "camp" => "مخيم",
                _ if !cell.fault.is_empty() => "",
                _ => continue,
            };
            ask(Command::Edited {
                key: key.clone(),
                text: text.to_owned(),
            });
            ask(Command::Left { key });
        }
    }
}

/// A megabyte into the field that holds the keyboard, or the first there is, as the clipboard puts it there.
fn paste_a_megabyte(screen: &Screen, letter: &str) -> bool {
    let fields = ElementQuery::from_root(screen.window())
        .match_accessible_role(AccessibleRole::TextInput)
        .find_all();
    let field = fields
        .into_iter()
        .find(|f| f.accessible_enabled().unwrap_or(true));
    field.is_some_and(|field| {
        field.set_accessible_value(letter.repeat(1_000_000 / letter.len()));
        true
    })
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "tells how long it took, and decides nothing"
)]
fn random_events_neither_stop_the_window_nor_seal_what_is_incomplete() {
    let events = number("QAYD_RANDOM_EVENTS", 300);
    let seed = number("QAYD_RANDOM_SEED", 20_261_126);
    println!("{events} events, seed {seed}");
    let began = std::time::Instant::now();
    let random = SeededRandom::new(seed);
    let mut watch = Watch {
        left_empty: Vec::new(),
        looked: 0,
    };
    let mut before = String::new();
    let demo = Demo::make();
    let stage = Stage::make(SimulatedPerson::make(9));
    let screen = Screen::open_at(&demo.world, &demo.data, Language::English, stage.clone());
    screen.sign_in();
    screen.until("home", |s| s.page() == Page::Home);
    let window = screen.window().window();
    let press = |text: slint::SharedString| {
        window.dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
        window.dispatch_event(WindowEvent::KeyReleased { text });
    };
    let tap = |x: f32, y: f32| {
        let (position, button) = (LogicalPosition::new(x, y), PointerEventButton::Left);
        window.dispatch_event(WindowEvent::PointerMoved { position });
        window.dispatch_event(WindowEvent::PointerPressed { position, button });
        window.dispatch_event(WindowEvent::PointerReleased { position, button });
    };
    let (mut pastes, mut cables, mut held, mut locks) = (0, 0, 0, 0);
    for _ in 0..events {
        let now = screen.step();
        if now != before {
            // Just come up: half of the time the nervous hand is first.
            before = now;
            if random.below(2) == 0 {
                watch.press_on(&screen, 1 + random.below(20));
            }
        }
        match random.below(1_000) {
            0..=449 => {
                let (x, y) = (random.below(1_366) as f32, random.below(768) as f32);
                tap(x, y);
                if random.below(4) == 0 {
                    tap(x, y);
                }
            }
            450..=549 => press(Key::Tab.into()),
            550..=649 => {
                held += 1;
                let text: slint::SharedString = Key::Return.into();
                window.dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
                for _ in 0..random.below(6) {
                    window.dispatch_event(WindowEvent::KeyPressRepeated { text: text.clone() });
                }
                window.dispatch_event(WindowEvent::KeyReleased { text });
            }
            650..=749 => {
                // A barcode scanner's burst, in three scripts.
                let letters: Vec<char> = "199012345678زهراءەێZahra<>\"'\\/٠١٢".chars().collect();
                for _ in 0..random.below(12) {
                    press(letters[random.below(letters.len() as u64) as usize].into());
                }
            }
            750..=753 => pastes += u64::from(paste_a_megabyte(&screen, "ز")),
            754..=761 => {
                cables += 1;
                stage.unplug();
            }
            762..=779 => stage.plug_in(),
            780..=789 => press(Key::Escape.into()),
            790..=799 => screen.station.desk.ask(Command::Undo),
            800..=849 => continue_pressed(&screen, 1 + random.below(20)),
            850..=998 => work(&screen),
            _ => {
                stage.plug_in();
                works_undisturbed(&screen);
            }
        }
        if random.below(50) == 0 {
            screen.photograph();
        }
        // The station keeps up: what is looked at next is what came of this.
        screen.rest();
        locks += u64::from(signs_in_again(&screen));
    }
    stage.plug_in();
    drop(screen);
    let (sealed, checked) = everything_sealed_is_whole(&demo);
    println!(
        "{events} events in {} s: {held} held Enters, {pastes} pastes, {cables} pulled cables, {locks} locks; \
         {} mandatory steps pressed on, {sealed} enrolments sealed, {checked} samples opened",
        began.elapsed().as_secs(),
        watch.looked
    );
    assert_eq!(watch.left_empty, Vec::<String>::new());
    if events >= 20_000 {
        assert!(
            sealed > 0,
            "nothing was sealed: the promise was not put to the test"
        );
    }
}

/// What a service asks of every grown person; written down here, not asked of the code that seals.
fn demanded(pack: &str) -> &'static [&'static str] {
    match pack {
        PACK => &[
            "request_kind",
            "name",
            "sex",
            "birth_date",
            "mother_name",
            "register",
            "address",
            "consent",
        ],
        // A tap at home began it.
        _ => &[
            "is_head",
            "name",
            "mother_name",
            "sex",
            "birth_date",
            "register",
            "address",
            "consent",
        ],
    }
}

/// Opens every packet as the centre does; returns how many there were, and their samples.
fn everything_sealed_is_whole(demo: &Demo) -> (usize, usize) {
    let (station, session) = demo.open();
    for draft in station.drafts().unwrap() {
        station.resume(&session, draft.enrolment).unwrap();
    }
    assert!(station.audit_verify().unwrap() > 0);
    let centre = TestCentre::default();
    let (mut sealed, mut samples) = (0, 0);
    for file in std::fs::read_dir(station.outbox_folder()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let content = centre.open(&bytes, &station.identity().certificate);
        let pack = station
            .store()
            .read(|c| station.packs().newest(c, &content.pack_id))
            .unwrap()
            .unwrap();
        for id in demanded(&content.pack_id) {
            let number = pack.pack.field(id).unwrap_or_else(|| panic!("{id}")).number;
            assert!(
                content.fields.iter().any(|field| field.number == number),
                "{}: {id} is missing",
                content.pack_id
            );
        }
        let has = |kind: SampleKind| content.samples.iter().any(|sample| sample.kind == kind);
        assert!(has(SampleKind::Portrait));
        // The other service asks for no fingers.
        let positions: &[FingerPosition] = match content.pack_id.as_str() {
            PACK => &FingerPosition::ALL,
            _ => &[],
        };
        for &position in positions {
            let excepted = content.exceptions.iter().any(|e| e.position == position);
            assert!(
                excepted || has(SampleKind::Finger(position)),
                "{position:?}"
            );
        }
        sealed += 1;
        samples += content.samples.len();
    }
    (sealed, samples)
}

#[test]
fn a_text_without_end_is_selected_drawn_and_taken_back() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    crate::enrols::begin(&screen);
    let jump = Command::JumpToItem("name".to_owned());
    screen.station.desk.ask(jump);
    screen.until("the name", |s| s.step() == "field:name");
    screen.photograph();
    // The widest letter there is.
    assert!(paste_a_megabyte(&screen, "W"));
    let with_control = |key: char| {
        let window = screen.window().window();
        let text: slint::SharedString = Key::Control.into();
        window.dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
        screen.key(key);
        window.dispatch_event(WindowEvent::KeyReleased { text });
    };
    let plain = screen.photograph();
    with_control('a');
    assert!(plain != screen.photograph(), "the selection shows");
    // What is typed behind the last letter there is room for is cut off, and cannot be taken back.
    screen.key(Key::End);
    screen.type_text("زز");
    for _ in 0..3 {
        with_control('z');
        screen.photograph();
    }
}

#[test]
fn a_skipped_step_would_be_noticed() {
    // The control: the same watch, before a screen that did move on.
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    crate::enrols::begin(&screen);
    assert!(nothing_stands(&screen));
    let step = screen.step();
    assert!(stays_at(&screen, &step));
    let mut watch = Watch {
        left_empty: Vec::new(),
        looked: 0,
    };
    watch.press_on(&screen, 3);
    assert_eq!((watch.looked, watch.left_empty.len()), (1, 0));
    // A window that went on from it is one whose page is another after the presses.
    screen.station.desk.ask(Command::Jump(1));
    assert!(!stays_at(&screen, &step));
}
