//! A walk through a real enrolment, photographed at every step in every language: `QAYD_WALK=folder`. For whoever looks.

use std::path::PathBuf;
use std::time::Duration;

use qayd_model::pack::Language;
use qayd_ui::desk::Command;
use qayd_window::{Fingers, Page, Portrait, SignIn};
use slint::ComponentHandle;

use crate::demo::{Demo, Screen};
use crate::enrols::{answer, begin, forward};

struct Walk {
    folder: PathBuf,
    number: usize,
}

impl Walk {
    fn photograph(&mut self, screen: &Screen, name: &str) {
        self.number += 1;
        for language in ["ar", "ckb", "en"] {
            screen
                .window()
                .global::<SignIn>()
                .invoke_language_chosen(language.into());
            for _ in 0..15 {
                screen.settle();
                std::thread::sleep(Duration::from_millis(20));
            }
            let name = name.replace(':', "-");
            let file = self
                .folder
                .join(format!("{:02}-{name}-{language}.png", self.number));
            screen.photograph().save(file).unwrap();
        }
    }
}

#[test]
fn a_walk_that_is_photographed() {
    let Some(folder) = std::env::var_os("QAYD_WALK").map(PathBuf::from) else {
        return;
    };
    std::fs::create_dir_all(&folder).unwrap();
    let mut walk = Walk { folder, number: 0 };
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 7, "left_four=three_fingers,good");
    walk.photograph(&screen, "sign-in");
    begin(&screen);
    loop {
        let step = screen.step();
        match step.as_str() {
            "seal" => break,
            "portrait" => {
                screen.until("a live picture", |s| {
                    s.window().global::<Portrait>().get_live()
                });
                walk.photograph(&screen, "portrait-live");
                screen.press("Take the portrait");
                screen.until("on", |s| s.step() != "portrait");
            }
            "fingers" => {
                walk.photograph(&screen, "fingers-begin");
                let mut shots = 0;
                while screen.step() == "fingers" && shots < 14 {
                    shots += 1;
                    screen.station.desk.ask(Command::Capture);
                    screen.until("captured", |s| {
                        s.step() != "fingers" || s.window().global::<Fingers>().get_capturing()
                    });
                    screen.until("judged", |s| {
                        s.step() != "fingers" || !s.window().global::<Fingers>().get_capturing()
                    });
                    if screen.step() == "fingers" {
                        walk.photograph(&screen, &format!("fingers-{shots}"));
                        let fingers = screen.window().global::<Fingers>();
                        if fingers.get_exhausted() {
                            forward(&screen);
                        }
                    }
                }
            }
            _ => {
                answer(&screen);
                for _ in 0..10 {
                    screen.settle();
                    std::thread::sleep(Duration::from_millis(20));
                }
                walk.photograph(&screen, &step);
                forward(&screen);
            }
        }
    }
    walk.photograph(&screen, "seal");
    screen.press("Seal");
    screen.until("the slip", |s| s.step() == "slip");
    walk.photograph(&screen, "slip");
    screen.press("Next person");
    for (page, name) in [
        (Page::Home, "home"),
        (Page::Outbox, "outbox"),
        (Page::Inbox, "inbox"),
        (Page::Search, "search"),
        (Page::Supervisor, "supervisor"),
        (Page::Kit, "kit"),
        (Page::Settings, "settings"),
    ] {
        screen.station.desk.ask(Command::Go(page));
        screen.until(name, |s| s.page() == page);
        if page == Page::Kit {
            screen.press("Check every device");
            std::thread::sleep(Duration::from_millis(1_500));
        }
        walk.photograph(&screen, name);
    }
}
