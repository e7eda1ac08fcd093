//! Figures of the window: `./x task window-figures`, which builds as a release is built.
//!
//! Two processes measure. One draws with the rasteriser of the testing backend, from the press to the pixels; the other
//! is the window itself on the X display of `DISPLAY`, for what only a running window has: frames shown, memory, CPU.
#![allow(clippy::disallowed_methods, reason = "a bench measures real time")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a measurement ends where it is wrong, and is for reading"
)]

#[allow(dead_code, unused_imports, reason = "the tests use the rest")]
#[path = "../tests/window/demo.rs"]
mod demo;
#[allow(dead_code, unused_imports, reason = "the tests use the rest")]
#[path = "../tests/window/enrols.rs"]
mod enrols;

use std::cell::{Cell, RefCell};
use std::process::Command as Process;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use qayd_devices::{
    CaptureRequest, CaptureTarget, Frame, Geometry, Hardware, PixelFormat, SimulatedPerson, Stage,
};
use qayd_model::SampleKind;
use qayd_model::pack::Language;
use qayd_station::enrolment::{Slip, SlipLine};
use qayd_station::{Station, StoreError};
use qayd_ui::desk::{Command, Event, Setup, Tell};
use qayd_window::{App, Enrolment, Fingers, Kept, Page, Portrait, StepKind};
use slint::{ComponentHandle, Model};

use demo::{Demo, Screen};
use enrols::{answer, begin, forward};

const LIVE: &str = "QAYD_FIGURES_LIVE";
/// How long the running window is watched.
const WATCHED: Duration = Duration::from_secs(10);

fn main() {
    if std::env::var_os(LIVE).is_some() {
        live();
        return;
    }
    ready();
    enrolment();
    let own = std::env::current_exe().unwrap();
    let ended = Process::new(own).env(LIVE, "1").status().unwrap();
    assert!(ended.success());
}

fn say(name: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let ms = |d: Duration| d.as_secs_f64() * 1_000.0;
    let middle = times[times.len() / 2];
    println!(
        "{name}: {:.1} / {:.1} / {:.1} ms (least, median, most of {})",
        ms(times[0]),
        ms(middle),
        ms(times[times.len() - 1]),
        times.len()
    );
}

/// Writes sealed records in bulk: nothing of this is measured.
fn populate(station: &Station, records: u64) {
    let fill = |tx: &qayd_station::Transaction<'_>| {
        for number in 100..100 + records {
            let id: [u8; 16] = u128::from(number).to_be_bytes();
            let slip = qayd_crypto::cbor::encode(&Slip {
                number,
                lines: vec![SlipLine {
                    field: "name".to_owned(),
                    text: format!("زهراء أحمد {number}").as_str().into(),
                    label: "الاسم".to_owned(),
                }],
                language: "ar".to_owned(),
                ..Slip::default()
            });
            tx.execute(
                "INSERT INTO enrolment (enrolment, number, pack_id, version, packet, state, slip, sealed, changed)
                 VALUES (?1, ?2, ?3, 1, ?1, 'accepted', ?4, 0, 0)",
                (id, number, demo::PACK, slip),
            )?;
            for word in [
                format!("given{}", number % 5_000),
                format!("father{}", number % 7_919),
            ] {
                tx.execute(
                    "INSERT OR IGNORE INTO enrolment_word (word, number) VALUES (?1, ?2)",
                    (word, number),
                )?;
            }
        }
        Ok::<_, StoreError>(())
    };
    station.store().write(fill).unwrap();
}

/// From nothing to the sign-in page, and from the passphrase to the home page, each drawn.
fn ready() {
    let demo = Demo::make();
    {
        let (station, _) = demo.open();
        populate(&station, 10_000);
    }
    let (mut first, mut home, mut search) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..5 {
        let began = Instant::now();
        let screen = Screen::open(&demo, Language::Arabic, 3, "");
        screen.until("the logins", |s| s.has(qayd_station::testing::OFFICER.0));
        screen.photograph();
        first.push(began.elapsed());
        let began = Instant::now();
        screen.sign_in();
        screen.until("home", |s| s.page() == Page::Home);
        screen.photograph();
        home.push(began.elapsed());
        let began = Instant::now();
        screen.station.desk.ask(Command::Go(Page::Search));
        screen.until("the search", |s| s.page() == Page::Search);
        screen.photograph();
        search.push(began.elapsed());
    }
    say("10,000 records: window to sign-in page, drawn", &mut first);
    say(
        "10,000 records: sign-in to home page, drawn, without Argon2id (0.84 s for the product's)",
        &mut home,
    );
    say("10,000 records: touch to search page, drawn", &mut search);
}

fn took(act: impl FnOnce(), screen: &Screen, so: impl Fn(&Screen) -> bool) -> Duration {
    let began = Instant::now();
    act();
    screen.until("it is measured", so);
    began.elapsed()
}

fn enrolment() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    begin(&screen);
    let (mut steps, mut keys) = (Vec::new(), Vec::new());
    while screen.step() != "portrait" {
        if screen.step() == "field:name" {
            for n in 0..50 {
                let text = "زهراء ".repeat(n % 5 + 1);
                keys.push(took(
                    || screen.fill("Given name Arabic", text.trim()),
                    &screen,
                    |s| s.window().global::<Enrolment>().get_kept() != Kept::Keeping,
                ));
            }
        }
        answer(&screen);
        let began = Instant::now();
        forward(&screen);
        screen.photograph();
        steps.push(began.elapsed());
    }
    say("keystroke to durable", &mut keys);
    say("touch to the next step, drawn", &mut steps);
    // The simulated devices show three previews, 100 ms apart, before they capture.
    let began = Instant::now();
    screen.press("Take the portrait");
    screen.until("judged", |s| {
        s.step() != "portrait" || s.window().global::<Portrait>().get_has_kept()
    });
    screen.photograph();
    let whole = began.elapsed();
    println!(
        "portrait to verdict: {} ms, of which the simulated camera takes {} to wait, to draw a face and to encode it",
        whole.as_millis(),
        camera_alone().as_millis()
    );
    screen.until("the fingers", |s| s.step() == "fingers");
    let mut slaps = Vec::new();
    for _ in 0..2 {
        let fingers = screen.window().global::<Fingers>();
        let before = fingers
            .get_left_hand()
            .iter()
            .chain(fingers.get_right_hand().iter())
            .filter(|m| !m.score.is_empty())
            .count();
        slaps.push(took(
            || screen.station.desk.ask(Command::Capture),
            &screen,
            |s| {
                let fingers = s.window().global::<Fingers>();
                let now = fingers
                    .get_left_hand()
                    .iter()
                    .chain(fingers.get_right_hand().iter())
                    .filter(|m| !m.score.is_empty())
                    .count();
                !fingers.get_capturing() && now > before
            },
        ));
    }
    say(
        "slap to four verdicts, of which the simulated scanner waits 300",
        &mut slaps,
    );
}

/// What the simulated camera takes for a portrait without any station behind it.
fn camera_alone() -> Duration {
    let world = qayd_station::World::os();
    let devices = Hardware::default()
        .devices(world.clock.clone(), world.random.clone(), false)
        .with_simulated(Stage::make(SimulatedPerson::make(3)));
    let mut camera = devices.open("simulated-camera").unwrap();
    let request = CaptureRequest::of(CaptureTarget::Sample(SampleKind::Portrait));
    let began = Instant::now();
    let samples = camera
        .capture(&request, &AtomicBool::new(false), &mut |_| {})
        .unwrap();
    assert_eq!(samples.len(), 1);
    began.elapsed()
}

/// CPU time of this process.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS")).unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1_000
}

/// A face of nobody: a gradient that moves, 1280 × 720.
fn frame(n: u64) -> Frame {
    let (width, height) = (1_280_u32, 720_u32);
    let mut pixels = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            let moved = (u64::from(x) + 7 * n) as u8;
            pixels.extend([moved, y as u8, (x ^ y) as u8]);
        }
    }
    let geometry = Geometry {
        width_px: width,
        height_px: height,
    };
    Frame::make(geometry, PixelFormat::Rgb8, pixels, n + 1, n, None).unwrap()
}

fn live() {
    let demo = Demo::make();
    thread_local! {
        static SHOWN: RefCell<Option<(slint::Weak<qayd_window::AppWindow>, qayd_ui::desk::Desk)>> = const { RefCell::new(None) };
    }
    let tell: Tell = Arc::new(|event: Event| {
        let _ = slint::invoke_from_event_loop(move || {
            SHOWN.with_borrow(|shown| {
                if let Some((window, desk)) = shown
                    && let Some(window) = window.upgrade()
                {
                    qayd_ui::show(&window, desk, event);
                }
            });
        });
    });
    let setup = Setup {
        data: demo.data.clone(),
        world: demo.world.clone(),
        hardware: Hardware::default(),
        stage: None,
        language: Language::Arabic,
        second_press_ms: 0,
    };
    let began = Instant::now();
    let mut station = qayd_ui::Station::make(setup, tell).unwrap();
    SHOWN.set(Some((station.window.as_weak(), station.desk.clone())));
    station
        .window
        .window()
        .set_size(slint::LogicalSize::new(1_366.0, 768.0));
    let (login, passphrase) = qayd_station::testing::OFFICER;
    station.desk.ask(Command::SignIn {
        login: login.to_owned(),
        passphrase: qayd_crypto::Passphrase::new(passphrase),
    });
    let weak = station.window.as_weak();
    let shown = Arc::new(AtomicU64::new(0));
    let ends = Arc::new(AtomicBool::new(false));
    let at: Rc<Cell<u32>> = Rc::default();
    let mark: Rc<Cell<(Instant, Duration)>> = Rc::new(Cell::new((Instant::now(), cpu())));
    let timer = slint::Timer::default();
    let (count, over) = (shown.clone(), ends.clone());
    timer.start(slint::TimerMode::Repeated, Duration::from_millis(50), move || {
        let Some(window) = weak.upgrade() else { return };
        let (since, used) = mark.get();
        match at.get() {
            0 if window.global::<App>().get_page() == Page::Home => {
                println!("window on the display, signed in: {} ms after start", began.elapsed().as_millis());
                println!("memory at the home page: {} MB", resident_mb());
                mark.set((Instant::now(), cpu()));
                at.set(1);
            }
            1 if since.elapsed() >= WATCHED => {
                let share = (cpu() - used).as_secs_f64() / since.elapsed().as_secs_f64();
                println!("idle at the home page: {:.1} % of a core, this measurement's 20 looks a second included", share * 100.0);
                window.global::<Enrolment>().set_kind(StepKind::Portrait);
                window.global::<App>().set_page(Page::Enrolment);
                feed(window.as_weak(), count.clone(), over.clone());
                mark.set((Instant::now(), cpu()));
                at.set(2);
            }
            // The first second is not counted: pages are made.
            2 if since.elapsed() >= Duration::from_secs(1) => {
                count.store(0, Ordering::SeqCst);
                mark.set((Instant::now(), cpu()));
                at.set(3);
            }
            3 if since.elapsed() >= WATCHED => {
                let seconds = since.elapsed().as_secs_f64();
                println!(
                    "live preview, 1280 × 720 sent 30 times a second: {:.1} frames/s shown, {:.1} % of a core, {} MB",
                    count.load(Ordering::SeqCst) as f64 / seconds,
                    (cpu() - used).as_secs_f64() / seconds * 100.0,
                    resident_mb()
                );
                over.store(true, Ordering::SeqCst);
                at.set(4);
                let _ = slint::quit_event_loop();
            }
            _ => {}
        }
    });
    station.window.run().unwrap();
    SHOWN.set(None);
    station.close();
}

/// Sends frames as a camera does; the newest is kept, and those the window cannot take are dropped.
fn feed(window: slint::Weak<qayd_window::AppWindow>, shown: Arc<AtomicU64>, ends: Arc<AtomicBool>) {
    let free = Arc::new(AtomicBool::new(true));
    // Made before: what a camera's driver does is not the window's.
    let frames: Vec<Frame> = (0..8).map(frame).collect();
    std::thread::spawn(move || {
        let mut n = 0_usize;
        let mut next = Instant::now();
        while !ends.load(Ordering::SeqCst) {
            next += Duration::from_micros(33_333);
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
            if !free.swap(false, Ordering::SeqCst) {
                continue;
            }
            n += 1;
            let Some(pixels) = qayd_ui::pixels_of_frame(&frames[n % frames.len()], true) else {
                continue;
            };
            let (free, shown) = (free.clone(), shown.clone());
            let _ = window.upgrade_in_event_loop(move |window| {
                let portrait = window.global::<Portrait>();
                portrait.set_frame(slint::Image::from_rgb8(pixels));
                portrait.set_live(true);
                // Taken again once this one was drawn: a timer runs after the drawing of this round.
                slint::Timer::single_shot(Duration::from_millis(1), move || {
                    shown.fetch_add(1, Ordering::SeqCst);
                    free.store(true, Ordering::SeqCst);
                });
            });
        }
    });
}
