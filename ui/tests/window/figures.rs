//! Figures of the window, printed: `./x task window-figures`. Ignored otherwise: a time is a measurement, not a test.

use qayd_model::pack::Language;
use qayd_ui::desk::Command;
use qayd_window::{Enrolment, Fingers, Kept, Page};
use slint::{ComponentHandle, Model};

use crate::demo::{Demo, Screen};
use crate::enrols::{answer, begin, forward};

/// Milliseconds of doing something.
fn took(screen: &Screen, demo: &Demo, act: impl FnOnce(), so: impl Fn(&Screen) -> bool) -> u64 {
    let began = demo.world.clock.monotonic_ms();
    act();
    screen.until("it is measured", so);
    demo.world.clock.monotonic_ms() - began
}

fn say(name: &str, mut times: Vec<u64>) {
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    println!(
        "{name}: median {median} ms, worst {} ms, of {}",
        times.last().copied().unwrap_or_default(),
        times.len()
    );
}

#[test]
#[ignore = "a measurement"]
fn figures() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    begin(&screen);
    let (mut steps, mut keys) = (Vec::new(), Vec::new());
    while screen.step() != "portrait" {
        if screen.step() == "field:name" {
            for n in 0..30 {
                let text = "زهراء ".repeat(n % 5 + 1);
                keys.push(took(
                    &screen,
                    &demo,
                    || screen.fill("Given name Arabic", text.trim()),
                    |s| s.window().global::<Enrolment>().get_kept() != Kept::Keeping,
                ));
            }
        }
        answer(&screen);
        steps.push(took(&screen, &demo, || forward(&screen), |_| true));
    }
    say("keystroke to durable", keys);
    say("step change", steps);
    let portrait = took(
        &screen,
        &demo,
        || screen.press("Take the portrait"),
        |s| s.step() != "portrait" || s.window().global::<qayd_window::Portrait>().get_has_kept(),
    );
    println!("portrait: {portrait} ms, of which the simulated camera takes 300 for its previews");
    screen.until("the fingers", |s| {
        s.step() == "fingers" && s.page() == Page::Enrolment
    });
    let slap = took(
        &screen,
        &demo,
        || screen.station.desk.ask(Command::Capture),
        |s| {
            let fingers = s.window().global::<Fingers>();
            !fingers.get_capturing() && fingers.get_left_hand().iter().any(|m| !m.score.is_empty())
        },
    );
    println!(
        "slap to verdicts: {slap} ms, of which the simulated scanner takes 300 for its previews and draws the slap"
    );
}
