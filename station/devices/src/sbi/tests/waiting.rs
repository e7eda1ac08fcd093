//! Waiting for a device and for fingers: who ends it, and what is told meanwhile.

use std::sync::atomic::AtomicBool;

use qayd_model::Slap;
use qayd_sbi_simulator::{DeviceKind, Fault};
use qayd_world::{Clock, OsClock};
use serde_json::json;

use super::{device, simulator, small, take, tell};
use crate::capture::{CaptureDevice, CaptureRequest};
use crate::error::DeviceError;
use crate::sbi::{DeviceState, scan};

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
