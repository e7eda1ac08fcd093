//! The window before devices behind a service, over real HTTP: `qayd-sbi-simulator` is the vendor's program.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use qayd_crypto::Authorities;
use qayd_devices::{
    Hardware, ProfileSet, SbiTrust, ScannerSettings, Services, SimulatedPerson, Stage,
};
use qayd_model::pack::Language;
use qayd_model::{FingerPosition, SampleKind};
use qayd_sbi_simulator::{Keys, Options, Simulator};
use qayd_ui::desk::Command;
use qayd_window::{App, Fingers, Page, Portrait, Said, Truth};
use qayd_world::{OsClock, OsFiles};
use serde_json::json;
use slint::ComponentHandle;

use crate::demo::{Demo, Screen};
use crate::enrols::begin;

/// A service, and what a station that trusts it looks for.
fn service() -> (Simulator, Hardware) {
    let keys = Keys::make(&OsClock::default()).unwrap();
    let vouching = keys.authorities().unwrap();
    let simulator = Simulator::start(Options::default(), keys).unwrap();
    let trust = SbiTrust {
        device: Authorities::from_pem(&vouching.device).unwrap(),
        chip: Authorities::from_pem(&vouching.chip).unwrap(),
    };
    let profiles = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hardware-profiles");
    let profiles = ProfileSet::read(&OsFiles::default(), &profiles).unwrap();
    let hardware = Hardware {
        profiles: Some(Arc::new(profiles)),
        services: Some(Services {
            trust,
            environment: None,
            ports: simulator.port()..=simulator.port(),
        }),
        ..Hardware::default()
    };
    (simulator, hardware)
}

fn open(demo: &Demo, hardware: Hardware) -> Screen {
    Screen::open_before(&demo.world, &demo.data, Language::English, None, hardware)
}

fn jump(screen: &Screen, step: &str) {
    let to = Command::JumpToItem(format!("step:{step}"));
    screen.station.desk.ask(to);
    screen.until(step, |s| s.step() == step);
}

fn said(screen: &Screen) -> Said {
    screen.window().global::<App>().get_said()
}

fn shows_fingers(screen: &Screen) -> bool {
    let fingers = screen.window().global::<Fingers>();
    fingers.get_frame().size().width > 0
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "a frozen window is a matter of real time"
)]
fn a_portrait_and_ten_fingers_come_from_a_service_and_a_pulled_cable_holds_nothing_up() {
    let demo = Demo::make();
    let (simulator, hardware) = service();
    let screen = open(&demo, hardware);
    begin(&screen);

    jump(&screen, "portrait");
    let portrait = || screen.window().global::<Portrait>();
    screen.until("a live picture", |_| portrait().get_live());
    screen.station.desk.ask(Command::Portrait);
    screen.until("a portrait", |s| {
        s.step() != "portrait" || portrait().get_has_kept()
    });

    jump(&screen, "fingers");
    screen.until("a live picture of the platen", shows_fingers);

    // The cable is pulled while somebody looks: that is said, and everything else goes on at once.
    simulator.admin("unplug", &json!(null)).unwrap();
    screen.until("unplugged", |s| said(s) == Said::Unplugged);
    assert!(!shows_fingers(&screen), "an old picture stands there");
    let began = Instant::now();
    let touched = FingerPosition::LeftThumb;
    screen.station.desk.ask(Command::Touch(touched));
    let fingers = || screen.window().global::<Fingers>();
    screen.until("the finger that was touched", |_| {
        !fingers().get_excepting().is_empty()
    });
    assert!(began.elapsed() < Duration::from_secs(1), "{began:?}");
    screen.station.desk.ask(Command::CloseException);

    // Plugged in again, it is there without a word of anybody.
    simulator.admin("plug", &json!(null)).unwrap();
    screen.until("the platen again", shows_fingers);
    assert_eq!(said(&screen), Said::Nothing);

    for slap in 0..3 {
        screen.station.desk.ask(Command::Capture);
        screen.until("a slap", |_| {
            let tabs = fingers().get_slaps();
            slint::Model::row_data(&tabs, slap).is_some_and(|tab| tab.done)
        });
    }
    screen.until("on from the fingers", |s| s.step() != "fingers");
    drop(screen);

    let (station, session) = demo.open();
    let drafts = station.drafts().unwrap();
    let draft = station.resume(&session, drafts[0].enrolment).unwrap();
    let samples = draft.samples().unwrap();
    for position in FingerPosition::ALL {
        let kept = samples
            .iter()
            .find(|s| s.kind == SampleKind::Finger(position))
            .unwrap_or_else(|| panic!("{position:?} is missing"));
        let device = kept.device.as_deref().unwrap();
        assert!(device.starts_with("finger.virtual.sbi/"), "{device}");
    }
    let face = samples.iter().find(|s| s.kind == SampleKind::Portrait);
    let device = face.unwrap().device.clone().unwrap();
    assert!(device.starts_with("face.virtual.sbi/"), "{device}");
}

#[test]
fn a_device_nobody_vouches_for_is_listed_and_gives_nothing() {
    let demo = Demo::make();
    let (_simulator, mut hardware) = service();
    if let Some(services) = &mut hardware.services {
        services.trust = SbiTrust::default();
    }
    let screen = open(&demo, hardware);
    begin(&screen);
    jump(&screen, "portrait");
    screen.until("that it is not trusted", |s| {
        said(s) == Said::UntrustedDevice
    });
    assert!(!screen.window().global::<Portrait>().get_live());

    screen.station.desk.ask(Command::Leave);
    screen.until("home", |s| s.page() == Page::Home);
    screen.station.desk.ask(Command::Go(Page::Kit));
    screen.until("three devices", |s| {
        slint::Model::row_count(&s.window().global::<qayd_window::Kit>().get_devices()) == 3
    });
}

#[test]
fn of_several_devices_the_chosen_one_is_used_and_the_choice_is_kept() {
    let demo = Demo::make();
    let (_simulator, hardware) = service();
    let stage = qayd_devices::Stage::make(qayd_devices::SimulatedPerson::make(5));
    let kit = |screen: &Screen| {
        let devices = screen.window().global::<qayd_window::Kit>().get_devices();
        slint::Model::iter(&devices).collect::<Vec<_>>()
    };
    let used = |screen: &Screen, id: &str| kit(screen).iter().any(|d| d.id == id && d.used);
    let at_kit = || {
        let screen = Screen::open_before(
            &demo.world,
            &demo.data,
            Language::English,
            Some(stage.clone()),
            hardware.clone(),
        );
        screen.sign_in();
        screen.until("home", |s| s.page() == Page::Home);
        screen.station.desk.ask(Command::Go(Page::Kit));
        screen.until("five devices", |s| kit(s).len() == 5);
        screen
    };
    // Simulated devices were asked for, so that they come first until somebody chooses.
    let screen = at_kit();
    assert!(used(&screen, "simulated-camera") && used(&screen, "simulated-scanner"));
    let face = kit(&screen)
        .into_iter()
        .find(|d| d.profile.starts_with("face."))
        .unwrap();
    assert!(face.has_others && !face.used);
    // The first of the service's three.
    screen.press("Use Qayd SBI simulator");
    screen.until("the other camera", |s| used(s, &face.id));
    // It takes no pictures of papers; the simulated camera goes on doing that.
    assert!(used(&screen, "simulated-camera"));
    drop(screen);
    assert!(used(&at_kit(), &face.id));
}

/// What the bar says of the devices, from the sign-in until it says `last`.
fn counted(hardware: Hardware, stage: Option<Stage>, last: &str) -> Vec<(String, bool)> {
    let demo = Demo::make();
    let screen = Screen::open_before(&demo.world, &demo.data, Language::English, stage, hardware);
    let truth = screen.window().global::<Truth>();
    screen.sign_in();
    let said = RefCell::new(Vec::new());
    screen.until("the devices are counted", |_| {
        let now = (truth.get_devices().to_string(), truth.get_devices_good());
        let is_last = now.0 == last;
        if said.borrow().last() != Some(&now) {
            said.borrow_mut().push(now);
        }
        is_last
    });
    said.into_inner()
}

#[test]
fn the_bar_counts_devices_once_they_were_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let slow = folder.path().join("scanimage");
    // Written by another process: a file that this one has open for writing cannot be run.
    let script = r#"printf '#!/bin/sh\nsleep 2\n' > "$0" && chmod +x "$0""#;
    let written = std::process::Command::new("sh")
        .args(["-c", script])
        .arg(&slow)
        .status()
        .unwrap();
    assert!(written.success());
    let scanners = ScannerSettings {
        program: slow,
        ..ScannerSettings::default()
    };
    let hardware = Hardware {
        scanners: Some(scanners),
        ..Hardware::default()
    };
    let stage = Stage::make(SimulatedPerson::make(1));
    let unknown = ("–".to_owned(), true);
    assert_eq!(
        counted(hardware, Some(stage), "2"),
        [unknown, ("2".to_owned(), true)]
    );
    // The control: where there is none, that is said, and it stands out.
    let none = counted(Hardware::default(), None, "0");
    assert_eq!(none.last(), Some(&("0".to_owned(), false)));
}
