//! A whole enrolment by touch alone, from the passphrase to the slip: taps and drags, and the keys on the screen.

use std::time::Duration;

use i_slint_backend_testing::{AccessibleRole, ElementHandle, mock_elapsed_time};
use qayd_model::pack::Language;
use qayd_station::testing::OFFICER;
use qayd_ui::desk::Command;
use qayd_window::{App, Enrolment, Page};
use slint::platform::{PointerEventButton, WindowEvent};
use slint::{ComponentHandle, LogicalPosition};

use crate::alone::{Do, Hand, code_in, enrol, is_chosen, is_enrolled};
use crate::demo::{Demo, Screen};
use crate::enrols::begin;

const KEYBOARD: &str = "Keyboard on the screen";
const CLOSE_KEYBOARD: &str = "Close the keyboard";
/// A finger moves in steps of this length; a drag begins after 8 px.
const STEP_PX: f32 = 12.0;

/// One finger.
struct Touch;

fn middle(element: &ElementHandle) -> LogicalPosition {
    let (at, size) = (element.absolute_position(), element.size());
    LogicalPosition::new(at.x + size.width / 2.0, at.y + size.height / 2.0)
}

/// The first element of a name that is one to touch.
fn named(screen: &Screen, label: &str, role: AccessibleRole) -> Option<ElementHandle> {
    ElementHandle::find_by_accessible_label(screen.window(), label)
        .find(|e| e.accessible_role() == Some(role) && e.accessible_enabled() != Some(false))
}

impl Touch {
    fn send(screen: &Screen, event: WindowEvent) {
        screen.window().window().dispatch_event(event);
        mock_elapsed_time(Duration::from_millis(20));
    }

    fn tap(screen: &Screen, position: LogicalPosition) {
        let button = PointerEventButton::Left;
        Self::send(screen, WindowEvent::PointerPressed { position, button });
        // Longer than a list waits to see whether it is a drag.
        mock_elapsed_time(Duration::from_millis(150));
        Self::send(screen, WindowEvent::PointerReleased { position, button });
        Self::send(screen, WindowEvent::PointerExited);
        screen.settle();
    }

    /// Drags the page by so much, and holds still before letting go.
    fn drag(screen: &Screen, from: LogicalPosition, by: f32) {
        let button = PointerEventButton::Left;
        Self::send(
            screen,
            WindowEvent::PointerPressed {
                position: from,
                button,
            },
        );
        let mut position = from;
        let mut moved = 0.0;
        while moved < by.abs() {
            moved += STEP_PX;
            position.y = from.y + moved.min(by.abs()) * by.signum();
            Self::send(screen, WindowEvent::PointerMoved { position });
        }
        mock_elapsed_time(Duration::from_millis(500));
        Self::send(screen, WindowEvent::PointerReleased { position, button });
        Self::send(screen, WindowEvent::PointerExited);
        mock_elapsed_time(Duration::from_millis(1_000));
        screen.settle();
    }

    /// The part of a page that moves, as a hand sees it: under the title, above the buttons.
    fn visible(screen: &Screen) -> (f32, f32) {
        let title = screen.window().global::<Enrolment>().get_title();
        let title = ElementHandle::find_by_accessible_label(screen.window(), &title)
            .max_by(|a, b| a.absolute_position().y.total_cmp(&b.absolute_position().y))
            .unwrap();
        let back = named(screen, "Back", AccessibleRole::Button).unwrap();
        let top = title.absolute_position().y + title.size().height;
        (top, back.absolute_position().y - 8.0)
    }

    /// Touches something of the form; drags the page until it is in sight, down first, then up.
    fn tap_in_form(screen: &Screen, id: &str) -> ElementHandle {
        let (top, bottom) = Self::visible(screen);
        let middle_of_page = (top + bottom) / 2.0;
        for turn in 0..30 {
            let at = screen.of_form(id).map(|element| middle(&element));
            if let Some(at) = at
                && at.y > top + 10.0
                && at.y < bottom - 10.0
            {
                Self::tap(screen, at);
                return screen.of_form(id).unwrap();
            }
            let reach = (bottom - top) / 2.0 - 10.0;
            let by = match at {
                Some(at) => (middle_of_page - at.y).clamp(-reach, reach),
                None if turn < 15 => -reach,
                None => reach,
            };
            // Beside the boxes, at the edge of the page's body.
            Self::drag(screen, LogicalPosition::new(700.0, middle_of_page), by);
        }
        panic!("{id} never comes into sight at {}", screen.step());
    }

    fn type_text(screen: &Screen, text: &str) {
        if !screen.window().global::<App>().get_keyboard_shown() {
            let button = named(screen, KEYBOARD, AccessibleRole::Button).unwrap();
            Self::tap(screen, middle(&button));
        }
        let key = |letter: char| {
            let label = match letter {
                ' ' => "Space".to_owned(),
                letter => letter.to_string(),
            };
            named(screen, &label, AccessibleRole::Button)
        };
        for letter in text.chars() {
            if key(letter).is_none() {
                // Other keys than the field asked for: an Arabic name in an English page.
                let keys = if letter.is_ascii() { "ABC" } else { "عربي" };
                let other = named(screen, keys, AccessibleRole::Button).unwrap();
                Self::tap(screen, middle(&other));
            }
            let key = key(letter).unwrap_or_else(|| panic!("no key {letter}"));
            Self::tap(screen, middle(&key));
        }
    }

    fn close_keyboard(screen: &Screen) {
        if screen.window().global::<App>().get_keyboard_shown() {
            let key = named(screen, CLOSE_KEYBOARD, AccessibleRole::Button).unwrap();
            Self::tap(screen, middle(&key));
        }
    }
}

impl Hand for Touch {
    fn act(&self, screen: &Screen, key: &str, what: &Do) {
        match what {
            Do::Type(text) => {
                let field = Self::tap_in_form(screen, key);
                Self::type_text(screen, text);
                let held = field.accessible_value().unwrap_or_default();
                assert_eq!(held, *text, "{key}");
                screen.remember(key, text);
            }
            Do::Choose(code) => {
                let code = code_in(screen, key, code);
                Self::tap_in_form(screen, &format!("{key}={code}"));
                screen.until(&format!("{key} is chosen"), |s| is_chosen(s, key, &code));
                screen.photograph();
            }
        }
    }

    fn press(&self, screen: &Screen, label: &str) {
        screen.until(label, |s| named(s, label, AccessibleRole::Button).is_some());
        Self::close_keyboard(screen);
        let button = named(screen, label, AccessibleRole::Button).unwrap();
        Self::tap(screen, middle(&button));
    }

    fn go_on(&self, screen: &Screen) {
        let on = |s: &Screen| {
            ["Continue", "Go on", "The person confirms it"]
                .into_iter()
                .find_map(|label| named(s, label, AccessibleRole::Button))
        };
        screen.until("a way on", |s| on(s).is_some());
        Self::tap(screen, middle(&on(screen).unwrap()));
    }
}

#[test]
fn an_officer_enrols_by_touch_alone() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 4, "");
    screen.until("the sign-in page", |s| s.has(OFFICER.0));
    let hand = Touch;
    let officer = named(&screen, OFFICER.0, AccessibleRole::RadioButton).unwrap();
    Touch::tap(&screen, middle(&officer));
    Touch::type_text(&screen, OFFICER.1);
    hand.press(&screen, "Sign in");
    screen.until("home", |s| s.page() == Page::Home);
    hand.press(&screen, "National card: first issue");
    screen.until("an enrolment", |s| s.page() == Page::Enrolment);
    enrol(&screen, &hand);
    drop(screen);
    is_enrolled(&demo);
}

/// Top and bottom of the first element of a name or id that is in sight.
fn edges(element: &ElementHandle) -> (f32, f32) {
    let top = element.absolute_position().y;
    (top, top + element.size().height)
}

#[test]
fn what_is_typed_into_stays_in_sight_with_its_question_while_the_keys_are_there() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 4, "");
    begin(&screen);
    let go_to = |field: &str| {
        let ask = Command::JumpToItem(field.to_owned());
        screen.station.desk.ask(ask);
        screen.until(field, |s| s.step() == format!("field:{field}"));
        screen.photograph();
    };
    let keys = |screen: &Screen| named(screen, CLOSE_KEYBOARD, AccessibleRole::Button);
    go_to("name");
    let last = "name/grandfather.lat";
    Touch::tap_in_form(&screen, last);
    let below = edges(&screen.of_form(last).unwrap()).1;
    let button = named(&screen, KEYBOARD, AccessibleRole::Button).unwrap();
    Touch::tap(&screen, middle(&button));
    screen.photograph();
    let key = named(&screen, "q", AccessibleRole::Button).expect("Latin keys");
    let above_keys = edges(&key).0;
    assert!(
        below > above_keys,
        "the keys would cover it: {below}, {above_keys}"
    );
    let held = screen.of_form(last).expect("it is in sight");
    assert!(edges(&held).1 <= above_keys);
    let question = ElementHandle::find_by_accessible_label(screen.window(), "Grandfather's name")
        .next()
        .expect("so is its question");
    assert!(edges(&question).1 <= edges(&held).0);
    assert!(edges(&question).0 >= Touch::visible(&screen).0);

    // Nothing is typed there.
    go_to("sex");
    assert!(keys(&screen).is_none());
    go_to("name");
    assert!(keys(&screen).is_some(), "they come back where something is");
    screen.station.desk.ask(Command::Leave);
    screen.until("home", |s| s.page() == Page::Home);
    screen.photograph();
    assert!(keys(&screen).is_none());
}
