//! A whole enrolment by the keyboard alone, from the passphrase to the slip.

use std::cell::RefCell;

use qayd_model::pack::Language;
use qayd_station::testing::OFFICER;
use qayd_window::{Form, FormRow, Page, RowKind};
use slint::platform::Key;
use slint::{ComponentHandle, Model};

use crate::alone::{Do, Hand, code_in, enrol, is_chosen, is_enrolled, rows};
use crate::demo::{Demo, Screen};

/// Tab, Enter, Space, Page Down and letters.
#[derive(Default)]
struct Keyboard {
    /// The step it is at, and the box or choice that holds the keyboard there.
    at: RefCell<(String, String)>,
}

/// Everything of a form that Tab stops at, in order.
fn stops(rows: &[FormRow]) -> Vec<String> {
    let mut stops = Vec::new();
    for row in rows {
        stops.extend(row.boxes.iter().map(|cell| cell.key.to_string()));
        stops.extend(
            row.choices
                .iter()
                .map(|choice| format!("{}={}", row.key, choice.code)),
        );
        let has_button = matches!(row.kind, RowKind::Add | RowKind::Pages)
            || row.kind == RowKind::Heading && row.removable;
        if has_button {
            stops.push(format!("{} button", row.key));
        }
    }
    stops
}

impl Keyboard {
    fn tab_to(&self, screen: &Screen, stop: &str) {
        let stops = stops(&rows(screen));
        let place = |stop: &str| stops.iter().position(|one| one == stop);
        let step = screen.step();
        let mut at = self.at.borrow_mut();
        if at.0 != step {
            // A step begins at the first box or choice, or at the answer it has.
            *at = (step, screen.window().global::<Form>().get_focus().into());
        }
        let (from, to) = (place(&at.1).unwrap(), place(stop).unwrap());
        assert!(to >= from, "{stop} lies before {}", at.1);
        for _ in from..to {
            screen.tab();
        }
        at.1 = stop.to_owned();
    }
}

impl Hand for Keyboard {
    fn act(&self, screen: &Screen, key: &str, what: &Do) {
        match what {
            Do::Type(text) => {
                self.tab_to(screen, key);
                screen.type_text(text);
                screen.settle();
                screen.remember(key, text);
            }
            Do::Choose(code) => {
                let code = code_in(screen, key, code);
                self.tab_to(screen, &format!("{key}={code}"));
                screen.key(" ");
                screen.until(&format!("{key} is chosen"), |s| is_chosen(s, key, &code));
                // The form is drawn anew, and the keyboard is where it was.
                screen.photograph();
            }
        }
    }

    fn press(&self, screen: &Screen, label: &str) {
        screen.until(label, |s| s.has(label));
        screen.key(Key::Return);
    }

    fn go_on(&self, screen: &Screen) {
        screen.key(Key::PageDown);
    }
}

#[test]
fn an_officer_enrols_by_the_keyboard_alone() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    screen.until("the sign-in page", |s| s.has(OFFICER.0));
    screen.type_text(OFFICER.1);
    screen.key(Key::Return);
    screen.until("home", |s| s.page() == Page::Home);
    // Two buttons of the bar, seven destinations, then the first service.
    for _ in 0..10 {
        screen.tab();
    }
    screen.key(Key::Return);
    screen.until("an enrolment", |s| s.page() == Page::Enrolment);
    enrol(&screen, &Keyboard::default());
    drop(screen);
    is_enrolled(&demo);
}
