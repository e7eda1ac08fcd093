//! A whole enrolment by the keyboard alone, from the passphrase to the slip.

use qayd_model::pack::Language;
use qayd_station::testing::OFFICER;
use qayd_window::{Fingers, Form, FormRow, Page, RowKind};
use slint::platform::Key;
use slint::{ComponentHandle, Model};

use crate::demo::{Demo, Screen};

/// What is to be done with one box or one choice of a form.
#[derive(Debug, Clone)]
enum Do {
    Type(&'static str),
    /// The choice of this code; the first where it is empty.
    Choose(&'static str),
}

/// The next thing to be done on a form, by the key of its row or box; `None` when the step has all it needs.
fn next(step: &str, rows: &[FormRow]) -> Option<(String, Do)> {
    let boxes = || {
        rows.iter()
            .flat_map(|row| row.boxes.iter().collect::<Vec<_>>())
    };
    let empty = |end: &str, text| {
        boxes()
            .find(|cell| cell.key.rsplit('/').next() == Some(end) && cell.text.is_empty())
            .map(|cell| (cell.key.to_string(), Do::Type(text)))
    };
    let open = |end: &str, code| {
        rows.iter()
            .find(|row| {
                row.key.ends_with(end)
                    && row.choices.row_count() > 0
                    && !row.choices.iter().any(|choice| choice.chosen)
            })
            .map(|row| (row.key.to_string(), Do::Choose(code)))
    };
    match step {
        "field:name" | "field:mother_name" => [
            ("given.ar", "زهراء"),
            ("given.ckb", "زهرا"),
            ("given.lat", "zahra"),
            ("father.ar", "أحمد"),
            ("father.ckb", "ئازاد"),
            ("father.lat", "ahmed"),
            ("grandfather.ar", "حسن"),
            ("grandfather.ckb", "حسن"),
            ("grandfather.lat", "hasan"),
        ]
        .into_iter()
        .find_map(|(end, text)| empty(end, text)),
        "field:birth_date" => [("year", "1990"), ("month", "5"), ("day", "17")]
            .into_iter()
            .find_map(|(end, text)| empty(end, text)),
        "field:birth_place" | "field:address" => empty("camp", "بحركة"),
        // From the top: a reason is asked right under the paper that is not there.
        "field:evidence" => rows
            .iter()
            .filter(|row| !row.choices.iter().any(|choice| choice.chosen))
            .find_map(|row| match &row.key {
                key if key.ends_with(".seen") => Some((key.to_string(), Do::Choose("none"))),
                key if key.ends_with(".gap.reason") => {
                    Some((key.to_string(), Do::Choose("never_issued")))
                }
                _ => None,
            }),
        "field:register" | "field:family_number" | "field:attestors" => {
            let held = boxes().any(|cell| !cell.text.is_empty());
            let chosen = rows
                .iter()
                .any(|row| row.choices.iter().any(|choice| choice.chosen));
            // "Not known", "Nobody is here": the one choice that stands for all the rest.
            (!held && !chosen)
                .then(|| {
                    let row = rows.iter().find(|row| {
                        row.choices
                            .iter()
                            .any(|c| c.label.contains("Not known") || c.label.contains("Nobody"))
                    })?;
                    Some((row.key.to_string(), Do::Choose("")))
                })
                .flatten()
        }
        "field:sex" => open("", "female"),
        "field:consent" => open("", ""),
        "field:home_office" | "field:request_kind" | "field:marital_status" => {
            let chosen = rows
                .iter()
                .any(|row| row.choices.iter().any(|choice| choice.chosen));
            (!chosen).then(|| open("", "")).flatten()
        }
        _ => None,
    }
}

fn rows(screen: &Screen) -> Vec<FormRow> {
    screen.window().global::<Form>().get_rows().iter().collect()
}

/// The code that a choice means in a row.
fn code_in(screen: &Screen, key: &str, code: &str) -> String {
    let rows = rows(screen);
    let row = rows.iter().find(|row| row.key == key).unwrap();
    let is_it = |choice: &qayd_window::FormChoice| {
        if code.is_empty() {
            choice.label.contains("Not known") || choice.label.contains("Nobody")
        } else {
            choice.code == code
        }
    };
    let choice = row.choices.iter().find(|choice| is_it(choice));
    choice
        .or_else(|| row.choices.row_data(0))
        .unwrap()
        .code
        .to_string()
}

fn is_chosen(screen: &Screen, key: &str, code: &str) -> bool {
    rows(screen).iter().any(|row| {
        row.key == key
            && row
                .choices
                .iter()
                .any(|choice| choice.chosen && choice.code == code)
    })
}

fn enrol(screen: &Screen, hand: &Keyboard) {
    for _ in 0..60 {
        let step = screen.step();
        let away = |screen: &Screen| screen.step() != step || screen.page() != Page::Enrolment;
        match step.as_str() {
            "slip" => return,
            "seal" => {
                screen.until("nothing is missing", |s| {
                    let seal = s.window().global::<qayd_window::Seal>();
                    seal.get_missing().row_count() == 0
                });
                hand.press(screen, "Seal");
            }
            "portrait" => hand.press(screen, "Take the portrait"),
            "fingers" => {
                let fingers = screen.window().global::<Fingers>();
                screen.until("it does not capture", |s| {
                    !fingers.get_capturing() || away(s)
                });
                if away(screen) {
                    continue;
                }
                if fingers.get_exhausted() || fingers.get_slap_done() {
                    hand.go_on(screen);
                } else {
                    hand.press(screen, "Capture");
                    screen.until("it captures", |s| fingers.get_capturing() || away(s));
                    continue;
                }
            }
            _ => {
                let mut last = String::new();
                while let Some((key, what)) = next(&step, &rows(screen)) {
                    let this = format!("{key} {what:?}");
                    assert_ne!(this, last, "nothing came of it");
                    hand.act(screen, &key, &what);
                    last = this;
                }
                hand.go_on(screen);
            }
        }
        screen.until(&format!("away from {step}"), away);
    }
    panic!("the slip was not reached; at {}", screen.step());
}

fn is_enrolled(demo: &Demo) {
    let (station, _) = demo.open();
    assert_eq!(station.enrolments(10).unwrap().len(), 1);
    assert_eq!(station.search("zahra", 10).unwrap().len(), 1);
}

/// Tab, Enter, Space, Page Down and letters.
#[derive(Default)]
struct Keyboard {
    /// The step it is at, and the box or choice that holds the keyboard there.
    at: std::cell::RefCell<(String, String)>,
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

    fn act(&self, screen: &Screen, key: &str, what: &Do) {
        match what {
            Do::Type(text) => {
                self.tab_to(screen, key);
                screen.type_text(text);
                screen.settle();
                // The model follows at the next drawing of the form; what was typed is in the field.
                let rows = screen.window().global::<Form>().get_rows();
                for row in rows.iter() {
                    for n in 0..row.boxes.row_count() {
                        let mut cell = row.boxes.row_data(n).unwrap();
                        if cell.key == key {
                            cell.text = (*text).into();
                            row.boxes.set_row_data(n, cell);
                        }
                    }
                }
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
