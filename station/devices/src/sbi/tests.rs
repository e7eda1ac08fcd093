//! The client against the simulator, over real HTTP: every refusal beside a control that passes.

use std::net::TcpListener;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use qayd_crypto::Authorities;
use qayd_model::{FingerPosition, SampleKind, Slap, UnixMs};
use qayd_sbi_simulator::{DeviceKind, Encoding, Fault, Keys, Options, Simulator};
use qayd_world::{Clock, OsClock, OsRandom};
use serde_json::{Value, json};

use super::asked::{Asked, Subject};
use super::http::{Call, Running};
use super::names::Eye;
use super::verify::{first_hash, verify};
use super::*;
use crate::capture::{CaptureDevice, CaptureRequest, CaptureTarget, Modality};
use crate::error::DeviceError;
use crate::registry::Devices;

fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| Keys::make(&OsClock::default()).unwrap())
}

fn trust() -> SbiTrust {
    let vouching = keys().authorities().unwrap();
    SbiTrust {
        device: Authorities::from_pem(&vouching.device).unwrap(),
        chip: Authorities::from_pem(&vouching.chip).unwrap(),
    }
}

fn small() -> Options {
    Options {
        thumbnail: true,
        ..Options::default()
    }
}

fn simulator(options: Options) -> Simulator {
    Simulator::start(options, keys().clone()).unwrap()
}

fn settings(simulator: &Simulator) -> SbiSettings {
    SbiSettings {
        ports: simulator.port()..=simulator.port(),
        ..SbiSettings::make(trust(), Environment::Developer)
    }
}

fn device_with(simulator: &Simulator, kind: DeviceKind, settings: SbiSettings) -> SbiDevice {
    let listed = scan(simulator.port()..=simulator.port())
        .devices
        .into_iter()
        .find(|d| d.identity.device_type == kind.name())
        .expect("the simulator lists all its devices");
    let clock = Arc::new(OsClock::default());
    SbiDevice::make(listed, settings, None, clock, Arc::new(OsRandom))
}

fn device(simulator: &Simulator, kind: DeviceKind) -> SbiDevice {
    device_with(simulator, kind, settings(simulator))
}

fn tell(simulator: &Simulator, verb: &str, body: &Value) {
    simulator.admin(verb, body).unwrap();
}

fn take(
    device: &mut SbiDevice,
    target: impl Into<CaptureTarget>,
) -> Result<Vec<crate::RawSample>, DeviceError> {
    let request = CaptureRequest::of(target);
    device.capture(&request, &AtomicBool::new(false), &mut |_| {})
}

#[test]
fn a_hundred_ports_are_scanned_in_three_seconds_even_when_one_never_answers() {
    let simulator = simulator(small());
    let clock = OsClock::default();
    let began = clock.monotonic_ms();
    let found = scan(PORTS);
    let quick_ms = clock.monotonic_ms() - began;
    let here = |scan: &Scan| {
        let on_port = |d: &&Listed| d.port == simulator.port();
        scan.devices.iter().filter(on_port).count()
    };
    assert_eq!(here(&found), 3);
    assert!(quick_ms <= u64::from(SCAN_MS_MAX), "{quick_ms} ms");
    // A program that accepts and says nothing, as a hanging vendor service does.
    let mute = PORTS
        .filter_map(|port| TcpListener::bind(("127.0.0.1", port)).ok())
        .next()
        .unwrap();
    let port = mute.local_addr().unwrap().port();
    let began = clock.monotonic_ms();
    let found = scan(PORTS);
    let slow_ms = clock.monotonic_ms() - began;
    println!("100 ports: {quick_ms} ms, with one that never answers {slow_ms} ms");
    assert_eq!(here(&found), 3);
    assert!(slow_ms <= u64::from(SCAN_MS_MAX), "{slow_ms} ms");
    assert!(
        found
            .others
            .iter()
            .any(|(p, e)| *p == port && matches!(e, SbiError::NoAnswer { .. })),
        "{:?}",
        found.others
    );
}

#[test]
fn a_slap_comes_as_its_four_fingers_and_the_chain_goes_on() {
    let simulator = simulator(Options::default());
    let mut scanner = device(&simulator, DeviceKind::Finger);
    assert!(matches!(
        take(&mut scanner, Slap::LeftFour),
        Err(DeviceError::NotOpen)
    ));
    scanner.open().unwrap();
    for slap in Slap::ALL {
        let samples = take(&mut scanner, slap).unwrap();
        let mut targets: Vec<_> = samples.iter().map(|s| s.target.clone()).collect();
        targets.sort();
        let mut wanted: Vec<CaptureTarget> = slap.fingers().iter().map(|p| (*p).into()).collect();
        wanted.sort();
        assert_eq!(targets, wanted);
        for sample in samples {
            assert_eq!(sample.ppi, Some(qayd_model::Ppi(500)));
            let image = image::load_from_memory(sample.bytes.expose()).unwrap();
            let geometry = sample.geometry.unwrap();
            assert_eq!(
                (image.width(), image.height()),
                (geometry.width_px, geometry.height_px)
            );
        }
    }
    let one = take(&mut scanner, FingerPosition::RightThumb).unwrap();
    assert_eq!(one.len(), 1);
    assert_eq!(one[0].fingers, [FingerPosition::RightThumb]);
    let mark = take(&mut scanner, CaptureTarget::Sample(SampleKind::ThumbMark)).unwrap();
    assert_eq!(mark[0].target, CaptureTarget::Sample(SampleKind::ThumbMark));
}

#[test]
fn every_fault_of_a_capture_has_its_own_refusal_and_the_next_capture_passes() {
    let simulator = simulator(small());
    let mut scanner = device(&simulator, DeviceKind::Finger);
    scanner.open().unwrap();
    assert_eq!(take(&mut scanner, Slap::LeftFour).unwrap().len(), 4);
    let is = |error: &SbiError, fault: Fault| match fault {
        Fault::BadSignature => error.code() == "SBI-10",
        Fault::Stranger => error.code() == "SBI-11",
        Fault::ExpiredCertificate => error.code() == "SBI-12",
        Fault::WrongTransaction | Fault::ReplayedCapture => {
            matches!(error, SbiError::WrongTransaction)
        }
        Fault::StaleTime => {
            matches!(error, SbiError::WrongTime { away_ms, .. } if *away_ms > 3_500_000)
        }
        Fault::WrongPurpose => matches!(error, SbiError::WrongPurpose),
        Fault::WrongEnvironment => matches!(error, SbiError::WrongEnvironment),
        Fault::OtherDevice => matches!(error, SbiError::OtherDevice { what: "digital id" }),
        Fault::BrokenHash => matches!(error, SbiError::BrokenChain),
        Fault::ThreeFingers => matches!(
            error,
            SbiError::OtherSet { missing, unasked, .. } if missing.len() == 1 && unasked.is_empty()
        ),
        Fault::FingerTwice => matches!(
            error,
            SbiError::OtherSet { missing, unasked, .. } if missing.is_empty() && unasked.len() == 1
        ),
        Fault::WrongHand => matches!(
            error,
            SbiError::OtherSet { missing, unasked, .. } if missing.len() == 4 && unasked.len() == 4
        ),
        Fault::LyingPosition => matches!(
            error,
            SbiError::Record {
                source: RecordError::OtherPosition { .. }
            }
        ),
        Fault::LyingLength => matches!(
            error,
            SbiError::Record {
                source: RecordError::WrongLength { .. }
            }
        ),
        Fault::LyingSize => matches!(
            error,
            SbiError::Record {
                source: RecordError::Picture { .. }
            }
        ),
        Fault::NotJson => matches!(error, SbiError::Form { .. }),
        _ => false,
    };
    for fault in [
        Fault::BadSignature,
        Fault::Stranger,
        Fault::ExpiredCertificate,
        Fault::WrongTransaction,
        Fault::ReplayedCapture,
        Fault::StaleTime,
        Fault::WrongPurpose,
        Fault::WrongEnvironment,
        Fault::OtherDevice,
        Fault::BrokenHash,
        Fault::ThreeFingers,
        Fault::FingerTwice,
        Fault::WrongHand,
        Fault::LyingPosition,
        Fault::LyingLength,
        Fault::LyingSize,
        Fault::NotJson,
    ] {
        simulator.arm(fault, 1);
        match take(&mut scanner, Slap::LeftFour) {
            Err(DeviceError::Sbi { source }) if is(&source, fault) => {}
            other => panic!("{fault:?} gave {other:?}"),
        }
        let control = take(&mut scanner, Slap::LeftFour);
        assert!(control.is_ok(), "after {fault:?}: {control:?}");
    }
    simulator.arm(Fault::Tampered, 1);
    assert!(matches!(
        take(&mut scanner, Slap::LeftFour),
        Err(DeviceError::Refused { .. })
    ));
    // Images of the other hand under the right labels are for the matcher, not for this.
    simulator.arm(Fault::SwappedHand, 1);
    assert!(take(&mut scanner, Slap::LeftFour).is_ok());
}

#[test]
fn flipping_any_byte_of_an_answer_refuses_it() {
    let simulator = simulator(small());
    let mut scanner = device(&simulator, DeviceKind::Finger);
    scanner.open().unwrap();
    let known = scanner.known().unwrap().clone();
    let clock = OsClock::default();
    let asked = Asked {
        subject: Subject::Fingers {
            wanted: vec![FingerPosition::LeftIndex],
            missing: Vec::new(),
        },
        transaction: "flip-me".into(),
        previous_hash: first_hash(),
        at: clock.now(),
        environment: Environment::Developer,
        device_id: known.device_id.clone(),
        sub_id: 1,
        timeout_ms: 5_000,
        score: 60,
    };
    let call = Call {
        port: simulator.port(),
        method: "RCAPTURE",
        path: "/capture",
        body: asked.body(),
        timeout_ms: 20_000,
        bytes_max: 1 << 20,
    };
    let reply = Running::start(call).wait(|| Ok(())).unwrap();
    let trust = trust();
    let judge = |reply: &[u8]| verify(reply, &asked, &known, &trust, clock.now());
    assert_eq!(judge(&reply).unwrap().len(), 1);
    let mut flipped = reply.clone();
    let mut tried = 0;
    for at in 0..reply.len() {
        for mask in [0x01, 0x20, 0x80] {
            flipped[at] = reply[at] ^ mask;
            let believed = judge(&flipped).is_ok();
            flipped[at] = reply[at];
            tried += 1;
            assert!(!believed, "byte {at} of {} by {mask:#x}", reply.len());
        }
    }
    println!("{tried} flips of {} bytes, all refused", reply.len());
}

#[test]
fn a_device_is_asked_who_it_is_when_it_is_opened() {
    let simulator = simulator(small());
    for (fault, code) in [
        (Fault::InfoBadSignature, "SBI-10"),
        (Fault::InfoWrongEnvironment, "SBI-21"),
        (Fault::InfoElsewhere, "SBI-15"),
        (Fault::InfoOtherDevice, "SBI-13"),
    ] {
        simulator.arm(fault, 1);
        let mut scanner = device(&simulator, DeviceKind::Finger);
        assert_eq!(scanner.open().unwrap_err().code(), code, "{fault:?}");
        assert!(scanner.open().is_ok(), "after {fault:?}");
    }
    let settings = settings(&simulator);
    let nobody = SbiSettings {
        trust: Arc::new(SbiTrust::default()),
        ..settings.clone()
    };
    let mut scanner = device_with(&simulator, DeviceKind::Finger, nobody);
    assert_eq!(scanner.open().unwrap_err().code(), "SBI-11");
    let strict = SbiSettings {
        least_level: Level::L1,
        ..settings.clone()
    };
    let mut scanner = device_with(&simulator, DeviceKind::Finger, strict);
    assert_eq!(scanner.open().unwrap_err().code(), "SBI-14");
    let elsewhere = SbiSettings {
        environment: Environment::Production,
        ..settings
    };
    let mut scanner = device_with(&simulator, DeviceKind::Finger, elsewhere);
    assert_eq!(scanner.open().unwrap_err().code(), "SBI-21");
}

#[test]
fn a_chip_vouches_for_a_device_of_level_1() {
    let simulator = simulator(Options {
        is_level_1: true,
        ..small()
    });
    let strict = SbiSettings {
        least_level: Level::L1,
        ..settings(&simulator)
    };
    let mut scanner = device_with(&simulator, DeviceKind::Finger, strict.clone());
    scanner.open().unwrap();
    assert!(take(&mut scanner, Slap::Thumbs).is_ok());
    let no_chip = SbiSettings {
        trust: Arc::new(SbiTrust {
            chip: Authorities::default(),
            ..trust()
        }),
        ..strict
    };
    let mut scanner = device_with(&simulator, DeviceKind::Finger, no_chip);
    assert_eq!(scanner.open().unwrap_err().code(), "SBI-11");
}

#[test]
fn states_are_told_before_and_while_a_device_is_used() {
    let simulator = simulator(small());
    let mut scanner = device(&simulator, DeviceKind::Finger);
    let status = |name: &str| {
        tell(
            &simulator,
            "status",
            &json!({ "type": "Finger", "deviceStatus": name }),
        );
    };
    for (name, state, code) in [
        ("Busy", DeviceState::Busy, "DEV-10"),
        ("Not Ready", DeviceState::NotReady, "DEV-11"),
        ("Not Registered", DeviceState::NotRegistered, "DEV-13"),
    ] {
        status(name);
        let listed = scan(simulator.port()..=simulator.port());
        assert_eq!(listed.devices[1].state, state);
        assert_eq!(scanner.open().unwrap_err().code(), code);
        status("Ready");
        scanner.open().unwrap();
        status(name);
        assert_eq!(take(&mut scanner, Slap::Thumbs).unwrap_err().code(), code);
        status("Ready");
        assert!(take(&mut scanner, Slap::Thumbs).is_ok());
        scanner.close();
    }
    // A second capture while one waits for fingers.
    scanner.open().unwrap();
    tell(&simulator, "remove", &json!(null));
    let mut second = device(&simulator, DeviceKind::Finger);
    second.open().unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| take(&mut scanner, Slap::Thumbs));
        let busy = loop {
            match take(&mut second, Slap::RightFour) {
                Err(DeviceError::Busy) => break true,
                Err(DeviceError::TimedOut { .. }) => break false,
                _ => {}
            }
        };
        tell(&simulator, "insert", &json!(null));
        // One of the two had the device, the other was told so.
        assert!(busy || matches!(waiting.join().unwrap(), Err(DeviceError::Busy)));
    });
}

#[test]
fn waiting_for_fingers_ends_by_time_by_the_officer_by_the_cable_or_by_fingers() {
    let simulator = simulator(small());
    let mut scanner = device(&simulator, DeviceKind::Finger);
    scanner.open().unwrap();
    tell(&simulator, "remove", &json!(null));
    let clock = OsClock::default();
    let request = |timeout_ms| CaptureRequest {
        timeout_ms,
        ..CaptureRequest::of(Slap::LeftFour)
    };
    let began = clock.monotonic_ms();
    let never = AtomicBool::new(false);
    let timed_out = scanner.capture(&request(300), &never, &mut |_| {});
    assert!(
        matches!(timed_out, Err(DeviceError::TimedOut { timeout_ms: 300 })),
        "{timed_out:?}"
    );
    assert!(clock.monotonic_ms() - began < 3_000);

    let stop = AtomicBool::new(false);
    let began = clock.monotonic_ms();
    let mut frames = 0;
    let cancelled = scanner.capture(&request(20_000), &stop, &mut |_| {
        frames += 1;
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
    });
    assert!(matches!(cancelled, Err(DeviceError::Cancelled)));
    assert!(frames >= 1 && clock.monotonic_ms() - began < 10_000);

    std::thread::scope(|scope| {
        scope.spawn(|| {
            OsClock::default().sleep_ms(400);
            tell(&simulator, "insert", &json!(null));
        });
        // The service may still be ending the cancelled capture.
        let captured = loop {
            match scanner.capture(&request(20_000), &never, &mut |_| {}) {
                Err(DeviceError::Busy) => clock.sleep_ms(20),
                other => break other,
            }
        };
        assert_eq!(captured.unwrap().len(), 4);
    });

    tell(&simulator, "remove", &json!(null));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            OsClock::default().sleep_ms(300);
            tell(&simulator, "unplug", &json!(null));
        });
        let pulled = scanner.capture(&request(20_000), &never, &mut |_| {});
        assert!(matches!(pulled, Err(DeviceError::Unplugged)), "{pulled:?}");
    });
    assert!(matches!(scanner.open(), Err(DeviceError::Unplugged)));
    let gone = scan(simulator.port()..=simulator.port());
    assert!(gone.devices.is_empty());
    tell(&simulator, "plug", &json!(null));
    tell(&simulator, "insert", &json!(null));
    scanner.open().unwrap();
    assert!(take(&mut scanner, Slap::LeftFour).is_ok());
    // The vendor's program dies.
    drop(simulator);
    assert!(matches!(
        take(&mut scanner, Slap::LeftFour),
        Err(DeviceError::Unplugged)
    ));
}

#[test]
fn a_service_that_never_answers_a_capture_is_given_up() {
    let simulator = simulator(small());
    let mut scanner = device(&simulator, DeviceKind::Finger);
    scanner.open().unwrap();
    simulator.arm(Fault::NoAnswer, 1);
    let clock = OsClock::default();
    let began = clock.monotonic_ms();
    let request = CaptureRequest {
        timeout_ms: 100,
        ..CaptureRequest::of(Slap::Thumbs)
    };
    let given_up = scanner.capture(&request, &AtomicBool::new(false), &mut |_| {});
    assert!(
        matches!(given_up, Err(DeviceError::TimedOut { .. })),
        "{given_up:?}"
    );
    assert!(clock.monotonic_ms() - began < 6_000);
}

#[test]
fn a_preview_shows_the_part_that_is_asked_for_and_drops_what_nobody_fetched() {
    let simulator = simulator(small());
    let mut scanner = device(&simulator, DeviceKind::Finger);
    scanner.open().unwrap();
    scanner.begin_preview(&Slap::LeftFour.into()).unwrap();
    let first = scanner.next_frame(10_000).unwrap();
    assert_eq!(
        (first.geometry().width_px, first.geometry().height_px),
        (400, 375)
    );
    OsClock::default().sleep_ms(600);
    let later = scanner.next_frame(2_000).unwrap();
    assert!(
        later.sequence > first.sequence + 1,
        "{} {}",
        first.sequence,
        later.sequence
    );
    scanner.begin_preview(&Slap::Thumbs.into()).unwrap();
    let thumbs = scanner.next_frame(10_000).unwrap();
    assert_ne!(thumbs.pixels(), first.pixels());
    assert!(matches!(
        scanner.begin_preview(&CaptureTarget::Sample(SampleKind::Portrait)),
        Err(DeviceError::Unsupported { .. })
    ));
    scanner.end_preview();
    // Without a target the first part is shown.
    assert!(scanner.next_frame(10_000).is_ok());
    tell(&simulator, "unplug", &json!(null));
    let lost = loop {
        match scanner.next_frame(2_000) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(matches!(lost, DeviceError::Unplugged), "{lost:?}");
    assert!(matches!(scanner.next_frame(0), Err(DeviceError::NotOpen)));
    tell(&simulator, "plug", &json!(null));
    scanner.open().unwrap();
    tell(&simulator, "unplug", &json!(null));
    // Begun when nothing is connected any more: the service says so instead of a stream.
    scanner.begin_preview(&Slap::Thumbs.into()).unwrap();
    let refused = scanner.next_frame(10_000);
    assert!(
        matches!(refused, Err(DeviceError::Unplugged)),
        "{refused:?}"
    );
}

#[test]
fn a_preview_that_breaks_says_how_and_another_can_be_begun() {
    let simulator = simulator(small());
    let mut scanner = device(&simulator, DeviceKind::Finger);
    scanner.open().unwrap();
    // Drawn once, so that the faults come quickly.
    scanner.begin_preview(&Slap::LeftFour.into()).unwrap();
    scanner.next_frame(10_000).unwrap();
    for (fault, code) in [
        (Fault::TruncatedStream, "SBI-28"),
        (Fault::GarbledStream, "SBI-28"),
        (Fault::StalledStream, "DEV-14"),
    ] {
        scanner.end_preview();
        simulator.arm(fault, 1);
        scanner.begin_preview(&Slap::LeftFour.into()).unwrap();
        let broken = loop {
            match scanner.next_frame(5_000) {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert_eq!(broken.code(), code, "{fault:?}: {broken:?}");
        scanner.end_preview();
        scanner.begin_preview(&Slap::LeftFour.into()).unwrap();
        assert!(scanner.next_frame(10_000).is_ok(), "after {fault:?}");
    }
}

#[test]
fn a_face_and_its_exception_photograph_come_as_one_picture_each() {
    let simulator = simulator(small());
    let mut camera = device(&simulator, DeviceKind::Face);
    assert_eq!(camera.describe().modalities, [Modality::Face]);
    camera.open().unwrap();
    for kind in [SampleKind::Portrait, SampleKind::ExceptionPhoto] {
        let samples = take(&mut camera, CaptureTarget::Sample(kind.clone())).unwrap();
        assert_eq!(samples.len(), 1);
        assert_eq!(samples[0].target, CaptureTarget::Sample(kind));
        assert_eq!(samples[0].media_type, crate::MediaType::Jpeg);
    }
    for fault in [Fault::LyingSize, Fault::LyingLength] {
        simulator.arm(fault, 1);
        let lied = take(&mut camera, CaptureTarget::Sample(SampleKind::Portrait));
        assert_eq!(lied.unwrap_err().code(), "SBI-27", "{fault:?}");
    }
    let fingers = take(&mut camera, Slap::Thumbs);
    assert!(matches!(fingers, Err(DeviceError::Unsupported { .. })));
    assert!(camera.next_frame(10_000).is_ok());
}

#[test]
fn eyes_come_as_asked_and_a_swapped_pair_is_refused() {
    let simulator = simulator(small());
    let mut scanner = device(&simulator, DeviceKind::Iris);
    scanner.open().unwrap();
    let mut eyes =
        |wanted: &[Eye]| scanner.capture_eyes(wanted, 5_000, &AtomicBool::new(false), &mut |_| {});
    assert_eq!(eyes(&[Eye::Left, Eye::Right]).unwrap().len(), 2);
    let left = eyes(&[Eye::Left]).unwrap();
    assert_eq!(left[0].eye, Eye::Left);
    simulator.arm(Fault::WrongHand, 1);
    assert_eq!(eyes(&[Eye::Left]).unwrap_err().code(), "SBI-26");
    simulator.arm(Fault::LyingPosition, 1);
    assert_eq!(eyes(&[Eye::Left]).unwrap_err().code(), "SBI-27");
    assert!(eyes(&[Eye::Right]).is_ok());
    let mut finger = device(&simulator, DeviceKind::Finger);
    finger.open().unwrap();
    assert!(
        finger
            .capture_eyes(&[Eye::Left], 5_000, &AtomicBool::new(false), &mut |_| {})
            .is_err()
    );
}

#[test]
fn fingers_that_are_known_to_be_missing_are_not_asked_for_and_others_must_come() {
    let simulator = simulator(small());
    tell(
        &simulator,
        "person",
        &json!({ "seed": 4, "missing": ["Left Little"] }),
    );
    let mut scanner = device(&simulator, DeviceKind::Finger);
    scanner.open().unwrap();
    let undeclared = take(&mut scanner, Slap::LeftFour).unwrap_err();
    assert_eq!(undeclared.code(), "SBI-26");
    let declared = CaptureRequest {
        missing: vec![FingerPosition::LeftLittle, FingerPosition::RightThumb],
        ..CaptureRequest::of(Slap::LeftFour)
    };
    let samples = scanner
        .capture(&declared, &AtomicBool::new(false), &mut |_| {})
        .unwrap();
    assert_eq!(samples.len(), 3);
    let nothing_left = CaptureRequest {
        missing: Slap::Thumbs.fingers().to_vec(),
        ..CaptureRequest::of(Slap::Thumbs)
    };
    assert!(matches!(
        scanner.capture(&nothing_left, &AtomicBool::new(false), &mut |_| {}),
        Err(DeviceError::Exhausted { .. })
    ));
}

#[test]
fn pictures_that_are_not_compressed_become_png_of_the_same_pixels() {
    let raw = simulator(Options {
        encoding: Encoding::Raw,
        ..small()
    });
    let png = simulator(small());
    let pixels = |simulator: &Simulator| {
        let mut scanner = device(simulator, DeviceKind::Finger);
        scanner.open().unwrap();
        let sample = take(&mut scanner, FingerPosition::LeftIndex)
            .unwrap()
            .remove(0);
        assert_eq!(sample.media_type, crate::MediaType::Png);
        image::load_from_memory(sample.bytes.expose())
            .unwrap()
            .into_luma8()
    };
    assert_eq!(pixels(&raw), pixels(&png));
}

#[test]
fn a_station_lists_opens_and_checks_services_and_a_production_one_refuses_the_simulator() {
    let simulator = simulator(small());
    let with = |production| {
        Devices::make(Arc::new(OsClock::default()), production)
            .with_sbi(settings(&simulator), Arc::new(OsRandom))
    };
    let devices = with(false);
    let ids: Vec<_> = devices.list().into_iter().map(|e| e.device.id).collect();
    assert_eq!(
        ids,
        [
            "sbi-face-qs-face-0001",
            "sbi-finger-qs-finger-0001",
            "sbi-iris-qs-iris-0001"
        ]
    );
    for id in &ids {
        let report = devices.check(id).unwrap();
        assert!(report.is_usable() && report.frame.is_some(), "{report:?}");
    }
    // Opened by its id alone, as a profile or a setting names it.
    assert!(with(false).open("sbi-finger-qs-finger-0001").is_ok());
    let production = with(true);
    assert!(production.list().is_empty());
    assert!(matches!(
        production.open("sbi-finger-qs-finger-0001"),
        Err(DeviceError::SimulatedInProduction { .. })
    ));
    assert!(matches!(
        devices.open("sbi-finger-nobody"),
        Err(DeviceError::Unknown { .. })
    ));
}

#[test]
fn a_clock_that_is_wrong_by_an_hour_believes_nothing_and_says_that_it_is_the_time() {
    let simulator = simulator(small());
    let mut scanner = device(&simulator, DeviceKind::Finger);
    let later = OsClock::default().now().0 + 3_600_000;
    scanner.clock = Arc::new(qayd_world::testing::FakeClock::at(UnixMs(later)));
    scanner.open().unwrap();
    assert_eq!(
        take(&mut scanner, Slap::Thumbs).unwrap_err().code(),
        "SBI-24"
    );
}
