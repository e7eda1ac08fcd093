//! Random events: taps, double taps, held keys, bursts, a paste of a megabyte, pulled cables. Nothing panics, and no
//! enrolment is sealed that lacks something.
//!
//! `QAYD_RANDOM_EVENTS` says how many (the chore `random-events` runs 100,000); the seed is printed and can be given back
//! in `QAYD_RANDOM_SEED`.

use qayd_devices::{SimulatedPerson, Stage};
use qayd_model::pack::Language;
use qayd_ui::desk::Command;
use qayd_window::{App, Page};
use slint::platform::{Key, PointerEventButton, WindowEvent};
use slint::{ComponentHandle, LogicalPosition};

use crate::demo::{Demo, Screen};

struct Random(u64);

impl Random {
    /// SplitMix64 (Steele, Lea, Flood 2014).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

#[test]
fn random_events_neither_stop_the_window_nor_seal_what_is_incomplete() {
    let events = number("QAYD_RANDOM_EVENTS", 600);
    let seed = number("QAYD_RANDOM_SEED", 20_261_126);
    println!("{events} events, seed {seed}");
    let mut random = Random(seed);
    let demo = Demo::make();
    let stage = Stage::make(SimulatedPerson::make(9));
    let screen = Screen::open_at(&demo.world, &demo.data, Language::Arabic, stage.clone());
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
    for n in 0..events {
        match random.below(100) {
            0..=54 => {
                let (x, y) = (random.below(1_366) as f32, random.below(768) as f32);
                tap(x, y);
                if random.below(4) == 0 {
                    tap(x, y);
                }
            }
            55..=69 => press(Key::Tab.into()),
            70..=79 => {
                // Enter held down.
                let text: slint::SharedString = Key::Return.into();
                window.dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
                for _ in 0..random.below(6) {
                    window.dispatch_event(WindowEvent::KeyPressRepeated { text: text.clone() });
                }
                window.dispatch_event(WindowEvent::KeyReleased { text });
            }
            80..=93 => {
                // A barcode scanner's burst, in three scripts.
                let letters: Vec<char> = "199012345678زهراءەێZahra<>\"'\\/٠١٢".chars().collect();
                for _ in 0..random.below(12) {
                    press(letters[random.below(letters.len() as u64) as usize].into());
                }
            }
            94 => {
                // A megabyte pasted into whatever field there is.
                let key = screen.window().global::<qayd_window::Form>().get_focus();
                screen.station.desk.ask(Command::Edited {
                    key: key.into(),
                    text: "ز".repeat(500_000),
                });
            }
            95 => stage.unplug(),
            96 => stage.plug_in(),
            97 => press(Key::Escape.into()),
            _ => screen.station.desk.ask(Command::Undo),
        }
        screen.settle();
        if n % 50 == 0 && screen.page() == Page::SignIn {
            // It locked itself, as it was asked to: somebody signs in again.
            screen
                .window()
                .global::<App>()
                .set_said(qayd_window::Said::Nothing);
            screen.sign_in();
            screen.until("signed in again", |s| s.page() != Page::SignIn);
        }
    }
    stage.plug_in();
    drop(screen);
    // Whatever was sealed was complete: the station seals nothing else, and says so itself when it is asked again.
    let (station, session) = demo.open();
    for draft in station.drafts().unwrap() {
        station.resume(&session, draft.enrolment).unwrap();
    }
    assert!(station.audit_verify().unwrap() > 0);
}
