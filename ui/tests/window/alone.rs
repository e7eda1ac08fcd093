//! A whole enrolment, whatever moves: what is asked for on each step, done by the keys alone or by touch alone.

use qayd_window::{Fingers, Form, FormRow, Page};
use slint::{ComponentHandle, Model};

use crate::demo::{Demo, Screen};

/// How something is done on the screen.
pub trait Hand {
    /// Answers one box or one choice of the form that is shown.
    fn act(&self, screen: &Screen, key: &str, what: &Do);
    /// Presses a button that is the main one of its step.
    fn press(&self, screen: &Screen, label: &str);
    /// Goes on from a step.
    fn go_on(&self, screen: &Screen);
}

/// What is to be done with one box or one choice of a form.
#[derive(Debug, Clone)]
pub enum Do {
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

pub fn rows(screen: &Screen) -> Vec<FormRow> {
    screen.window().global::<Form>().get_rows().iter().collect()
}

/// The code that a choice means in a row.
pub fn code_in(screen: &Screen, key: &str, code: &str) -> String {
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

pub fn is_chosen(screen: &Screen, key: &str, code: &str) -> bool {
    rows(screen).iter().any(|row| {
        row.key == key
            && row
                .choices
                .iter()
                .any(|choice| choice.chosen && choice.code == code)
    })
}

/// From the first step to the slip.
pub fn enrol(screen: &Screen, hand: &impl Hand) {
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

/// What came of it, in the store.
pub fn is_enrolled(demo: &Demo) {
    let (station, _) = demo.open();
    assert_eq!(station.enrolments(10).unwrap().len(), 1);
    assert_eq!(station.search("zahra", 10).unwrap().len(), 1);
}
