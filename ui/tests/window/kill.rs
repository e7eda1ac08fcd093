//! Killed at random moments: the same person, step and field afterwards, and nothing lost that was said to be kept.
//!
//! The test runs itself again as a process that enrols through the window and prints what the screen has said is kept;
//! that process is killed with SIGKILL.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use qayd_model::pack::Language;
use qayd_model::{SampleKind, Value};
use qayd_window::{Enrolment, Form, Kept, Page};
use slint::{ComponentHandle, Model};

use crate::demo::{Demo, Screen, make_station};
use crate::enrols::{answer, begin, fingers, forward};

const FOLDER: &str = "QAYD_KILL_FOLDER";

/// What runs in the process that is killed. Without the variable it is no test of its own.
#[test]
fn the_process_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let world = qayd_station::World::os();
    let stage = qayd_devices::Stage::make(qayd_devices::SimulatedPerson::make(11));
    let screen = Screen::open_at(&world, &folder, Language::English, stage);
    begin(&screen);
    let said = |line: &str| {
        let mut out = std::io::stdout();
        writeln!(out, "\n{line}").unwrap();
        out.flush().unwrap();
    };
    loop {
        let step = screen.step();
        said(&format!("AT {step}"));
        // A person looks, and goes to the second box; where the keyboard stands is kept too.
        let rows = screen.window().global::<Form>().get_rows();
        if rows.iter().map(|row| row.boxes.row_count()).sum::<usize>() > 1 {
            // Drawn, as a window is: only then the keyboard's place is looked at.
            screen.photograph();
            screen.tab();
            screen.photograph();
        }
        for _ in 0..20 {
            screen.rest();
        }
        match step.as_str() {
            "seal" => break,
            "portrait" => {
                screen.press("Take the portrait");
                screen.until("the portrait is done", |s| s.step() != "portrait");
                said("KEPT portrait");
            }
            "fingers" => {
                fingers(&screen);
                said("KEPT fingers");
            }
            _ => {
                answer(&screen);
                screen.until("it is kept", |s| {
                    s.window().global::<Enrolment>().get_kept() != Kept::Keeping
                });
                // What nobody has to answer may be left without an answer.
                let may_skip = screen.window().global::<Enrolment>().get_may_skip();
                forward(&screen);
                // Only now the screen says that the step is behind it.
                if !may_skip {
                    said(&format!("KEPT {step}"));
                }
            }
        }
    }
    said("END");
    std::thread::sleep(Duration::from_secs(60));
}

/// Starts the process, kills it after `ms`, and says what it had printed.
fn killed_after(folder: &PathBuf, ms: u64) -> (Vec<String>, Option<String>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "kill::the_process_that_is_killed",
            "--exact",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        BufReader::new(stdout)
            .lines()
            .map_while(Result::ok)
            .collect::<Vec<_>>()
    });
    std::thread::sleep(Duration::from_millis(ms));
    child.kill().unwrap();
    child.wait().unwrap();
    let lines = reader.join().unwrap();
    let kept = lines
        .iter()
        .filter_map(|l| l.strip_prefix("KEPT "))
        .map(str::to_owned)
        .collect();
    let at = lines
        .iter()
        .rev()
        .find_map(|l| l.strip_prefix("AT "))
        .map(str::to_owned);
    (kept, at)
}

#[test]
fn a_killed_window_stands_where_it_stood_and_has_all_that_was_kept() {
    let times: u64 = std::env::var("QAYD_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(4);
    let (mut far, mut fields) = (0, 0);
    for n in 0..times {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("station");
        let world = qayd_station::World::os();
        make_station(&world, &folder);
        let (kept, at) = killed_after(&folder, 1_000 + n.wrapping_mul(2_654_435_761) % 12_000);
        far = far.max(kept.len());
        let Some(at) = at else { continue };
        // Every step that was left has its answer in the store.
        let (station, session) =
            qayd_station::testing::sign_in(&world, &folder, qayd_station::testing::OFFICER);
        let drafts = station.drafts().unwrap();
        assert_eq!(drafts.len(), 1, "kill {n}");
        let draft = station.resume(&session, drafts[0].enrolment).unwrap();
        let samples = draft.samples().unwrap();
        let captured = |is_it: fn(&SampleKind) -> bool| {
            samples.iter().filter(|sample| is_it(&sample.kind)).count()
        };
        for step in &kept {
            let held = match step.as_str() {
                "portrait" => captured(|kind| *kind == SampleKind::Portrait) == 1,
                "fingers" => captured(|kind| matches!(kind, SampleKind::Finger(_))) == 10,
                step => step.strip_prefix("field:").is_none_or(|field| {
                    let value: Option<Value> = draft.value(field).unwrap();
                    value.is_some()
                }),
            };
            assert!(
                held,
                "kill {n}: {step} was said to be kept and is not there"
            );
        }
        let word = draft.step().unwrap();
        drop(draft);
        drop((session, station));
        // The window opens it again by itself, at that step or the one it was just going to.
        let stage = qayd_devices::Stage::make(qayd_devices::SimulatedPerson::make(11));
        let screen = Screen::open_at(&world, &folder, Language::English, stage);
        screen.sign_in();
        screen.until("the enrolment again", |s| {
            s.page() == Page::Enrolment && !s.step().is_empty()
        });
        let (stands, field) = word.split_once('#').unwrap_or((&word, ""));
        assert_eq!(screen.step(), stands, "kill {n}; the process was at {at}");
        if !field.is_empty() {
            screen.until(&format!("kill {n}: the same box holds the keyboard"), |s| {
                s.window().global::<Form>().get_focus() == field
            });
            fields += 1;
        }
    }
    println!(
        "{times} kills, 0 lost; the furthest had kept {far} steps; {fields} stood in a box and stand there again"
    );
}

#[test]
fn a_store_without_the_answer_would_be_noticed() {
    // The control: a draft that has only begun holds none of the answers that the promise names.
    let demo = Demo::make();
    let (station, session) = demo.open();
    let draft = station.begin(&session, crate::demo::PACK).unwrap();
    assert!(draft.value("name").unwrap().is_none());
}

#[test]
fn the_box_that_held_the_keyboard_holds_it_again() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 11, "");
    begin(&screen);
    while screen.step() != "field:name" {
        answer(&screen);
        forward(&screen);
    }
    let rows = screen.window().global::<Form>().get_rows();
    let second = rows.row_data(0).unwrap().boxes.row_data(1).unwrap().key;
    screen.photograph();
    screen.tab();
    screen.photograph();
    screen.rest();
    drop(screen);
    let (station, session) = demo.open();
    let draft = station.drafts().unwrap().remove(0);
    let place = station.resume(&session, draft.enrolment).unwrap().step();
    assert_eq!(place.unwrap(), format!("field:name#{second}"));
    drop((session, station));

    let screen = Screen::open(&demo, Language::English, 11, "");
    screen.sign_in();
    screen.until("the same box", |s| {
        let is_focus = s.window().global::<Form>().get_focus() == second;
        s.page() == Page::Enrolment && s.step() == "field:name" && is_focus
    });
    screen.photograph();
    screen.type_text("z");
    screen.until("it is kept", |s| {
        s.window().global::<Enrolment>().get_kept() != Kept::Keeping
    });
    let held = screen.of_form(&second);
    assert_eq!(held.unwrap().accessible_value().unwrap(), "z");
}
