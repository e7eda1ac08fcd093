//! Previews: the part that is asked for, the newest frame, and streams that break.

use qayd_model::{SampleKind, Slap};
use qayd_sbi_simulator::{DeviceKind, Fault};
use qayd_world::{Clock, OsClock};
use serde_json::json;

use super::{device, simulator, small, tell};
use crate::capture::{CaptureDevice, CaptureTarget};
use crate::error::DeviceError;

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
