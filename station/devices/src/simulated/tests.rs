//! The simulated devices, on a clock that only moves when somebody waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use qayd_fingerprint::GreyImage;
use qayd_model::{FingerPosition, SampleKind, Slap, UnixMs};
use qayd_world::Clock;
use qayd_world::testing::FakeClock;

use super::*;
use crate::capture::{
    CaptureDevice, CaptureRequest, CaptureTarget, Frame, MediaType, PixelFormat, RawSample, admit,
};
use crate::error::DeviceError;

struct Bench {
    stage: Stage,
    clock: Arc<FakeClock>,
    scanner: SimulatedScanner,
    camera: SimulatedCamera,
}

impl Bench {
    fn make(script: &str) -> Self {
        let person = SimulatedPerson::make(7).with_script(script.parse().unwrap());
        let stage = Stage::make(person);
        let clock = Arc::new(FakeClock::at(UnixMs(1_800_000_000_000)));
        let mut scanner = SimulatedScanner::make(stage.clone(), clock.clone(), false).unwrap();
        let mut camera = SimulatedCamera::make(stage.clone(), clock.clone(), false).unwrap();
        scanner.open().unwrap();
        camera.open().unwrap();
        Self {
            stage,
            clock,
            scanner,
            camera,
        }
    }

    fn scan(&mut self, target: impl Into<CaptureTarget>) -> Result<RawSample, DeviceError> {
        capture(&mut self.scanner, target, &mut |_| {})
    }
}

fn capture(
    device: &mut dyn CaptureDevice,
    target: impl Into<CaptureTarget>,
    progress: &mut dyn FnMut(Frame),
) -> Result<RawSample, DeviceError> {
    let go = AtomicBool::new(false);
    let samples = device.capture(&CaptureRequest::of(target), &go, progress)?;
    assert_eq!(samples.len(), 1);
    Ok(samples.into_iter().next().unwrap())
}

/// Columns in which a finger lies: the runs of columns darker than the platen, as a quick count of fingers.
fn fingers_in(sample: &RawSample) -> usize {
    let image = GreyImage::decode(sample.bytes.expose(), sample.ppi).unwrap();
    let (width, height) = (image.width as usize, image.height as usize);
    let dark: Vec<bool> = (0..width)
        .map(|x| {
            (0..height)
                .filter(|y| image.pixels[y * width + x] < 140)
                .count()
                > 20
        })
        .collect();
    // Runs broken by less than 12 columns are one finger.
    let mut runs = 0;
    let mut gap = usize::MAX;
    for is_dark in dark {
        if is_dark {
            runs += usize::from(gap > 12);
            gap = 0;
        } else {
            gap = gap.saturating_add(1);
        }
    }
    runs
}

fn kind_of(result: Result<RawSample, DeviceError>) -> &'static str {
    result.map_or_else(|e| e.code(), |_| "sample")
}

const UNPLUGGED: &str = "DEV-09";
const BUSY: &str = "DEV-10";

#[test]
fn production_refuses_every_simulated_device() {
    let stage = Stage::make(SimulatedPerson::make(1));
    let clock: Arc<dyn Clock> = Arc::new(FakeClock::at(UnixMs(0)));
    for refused in [
        SimulatedScanner::make(stage.clone(), clock.clone(), true).err(),
        SimulatedCamera::make(stage.clone(), clock.clone(), true).err(),
    ] {
        assert!(matches!(
            refused,
            Some(DeviceError::SimulatedInProduction { .. })
        ));
    }
    // The control: admitted elsewhere, and refused again by whoever asks `admit` later.
    let scanner = SimulatedScanner::make(stage, clock, false).unwrap();
    assert!(admit(&scanner, false).is_ok());
    assert!(matches!(
        admit(&scanner, true),
        Err(DeviceError::SimulatedInProduction { .. })
    ));
}

#[test]
fn a_slap_shows_four_fingers_as_a_500_ppi_png() {
    let mut bench = Bench::make("");
    let mut previews = Vec::new();
    let sample = capture(&mut bench.scanner, Slap::LeftFour, &mut |f| {
        previews.push(f)
    })
    .unwrap();
    assert_eq!(
        (sample.media_type, sample.ppi.unwrap().0, sample.attempt),
        (MediaType::Png, 500, 1)
    );
    assert_eq!(sample.geometry.unwrap().width_px, 1_600);
    assert_eq!(sample.fingers.len(), 4);
    assert_eq!(fingers_in(&sample), 4);
    assert_eq!(
        previews.iter().map(|f| f.sequence).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(previews[0].geometry().width_px, 400);
    assert!(
        previews
            .windows(2)
            .all(|w| w[0].monotonic_ms < w[1].monotonic_ms)
    );
}

#[test]
fn the_script_lifts_a_finger_once_and_then_all_is_good() {
    let mut bench = Bench::make("left_four=three_fingers,good");
    let first = bench.scan(Slap::LeftFour).unwrap();
    let second = bench.scan(Slap::LeftFour).unwrap();
    assert_eq!((fingers_in(&first), fingers_in(&second)), (3, 4));
    assert_eq!((first.attempt, second.attempt), (1, 2));
    assert_eq!(
        first.fingers.len(),
        4,
        "the device says what it was asked for, not what it saw"
    );
    assert_eq!(bench.stage.attempts(Slap::LeftFour), 2);
}

#[test]
fn every_fault_of_a_hand_changes_the_picture() {
    let mut good = Bench::make("");
    let good = good.scan(Slap::RightFour).unwrap();
    for fault in [
        "dry",
        "partial",
        "swapped_hand",
        "three_fingers",
        "same_finger_twice",
    ] {
        let mut bench = Bench::make(&format!("right_four={fault}"));
        let sample = bench.scan(Slap::RightFour).unwrap();
        assert!(sample.bytes != good.bytes, "{fault}");
    }
    let again = Bench::make("").scan(Slap::RightFour).unwrap();
    assert!(
        again.bytes == good.bytes,
        "the same seeds give the same bytes"
    );
}

#[test]
fn a_swapped_single_finger_is_the_other_hands() {
    let mut bench = Bench::make("left_index=swapped_hand; left_middle=same_finger_twice");
    let swapped = bench.scan(FingerPosition::LeftIndex).unwrap();
    let right = Bench::make("").scan(FingerPosition::RightIndex).unwrap();
    assert!(swapped.bytes == right.bytes);
    let twice = bench.scan(FingerPosition::LeftMiddle).unwrap();
    assert!(
        twice.bytes == right.bytes,
        "the finger that lay there before"
    );
}

#[test]
fn unplugged_loses_the_handle_until_it_is_opened_again() {
    let mut bench = Bench::make("thumbs=unplugged,unplugged_mid_capture,good");
    assert_eq!(kind_of(bench.scan(Slap::Thumbs)), UNPLUGGED);
    assert_eq!(kind_of(bench.scan(Slap::Thumbs)), "DEV-01");
    bench.scanner.open().unwrap();
    let mut previews = 0;
    let second = capture(&mut bench.scanner, Slap::Thumbs, &mut |_| previews += 1);
    assert_eq!((kind_of(second), previews), (UNPLUGGED, 2));
    bench.scanner.open().unwrap();
    assert_eq!(kind_of(bench.scan(Slap::Thumbs)), "sample");
}

#[test]
fn a_pulled_cable_stops_everything_until_it_is_back() {
    let mut bench = Bench::make("");
    bench.stage.unplug();
    assert!(matches!(
        bench.camera.next_frame(500),
        Err(DeviceError::Unplugged)
    ));
    assert!(matches!(bench.camera.open(), Err(DeviceError::Unplugged)));
    assert_eq!(kind_of(bench.scan(Slap::Thumbs)), UNPLUGGED);
    bench.stage.plug_in();
    assert!(matches!(
        bench.camera.next_frame(500),
        Err(DeviceError::NotOpen)
    ));
    bench.camera.open().unwrap();
    assert!(bench.camera.next_frame(500).is_ok());
}

#[test]
fn slow_runs_into_the_time_out_and_busy_answers_at_once() {
    let mut bench = Bench::make("thumbs=slow,slow:2000,busy");
    let start = bench.clock.monotonic_ms();
    assert!(matches!(
        bench.scan(Slap::Thumbs),
        Err(DeviceError::TimedOut { timeout_ms: 10_000 })
    ));
    assert_eq!(
        bench.clock.monotonic_ms() - start,
        10_000,
        "not a moment longer"
    );
    assert_eq!(kind_of(bench.scan(Slap::Thumbs)), "sample");
    let start = bench.clock.monotonic_ms();
    assert_eq!(kind_of(bench.scan(Slap::Thumbs)), BUSY);
    assert_eq!(bench.clock.monotonic_ms(), start);
}

#[test]
fn cancel_ends_an_attempt_in_the_middle() {
    let mut bench = Bench::make("");
    let cancel = AtomicBool::new(false);
    let request = CaptureRequest::of(Slap::Thumbs);
    let result = bench.scanner.capture(&request, &cancel, &mut |_| {
        cancel.store(true, Ordering::SeqCst)
    });
    assert!(matches!(result, Err(DeviceError::Cancelled)));
}

#[test]
fn a_finger_that_the_person_lacks_never_comes() {
    let mut bench = Bench::make("");
    bench
        .stage
        .enter(SimulatedPerson::make(8).without([FingerPosition::LeftRing]));
    assert!(matches!(
        bench.scan(FingerPosition::LeftRing),
        Err(DeviceError::TimedOut { .. })
    ));
    assert_eq!(fingers_in(&bench.scan(Slap::LeftFour).unwrap()), 3);
    bench
        .stage
        .enter(SimulatedPerson::make(9).without(Slap::Thumbs.fingers().iter().copied()));
    assert!(matches!(
        bench.scan(Slap::Thumbs),
        Err(DeviceError::TimedOut { .. })
    ));
    assert_eq!(
        bench.stage.attempts(Slap::LeftFour),
        0,
        "counts belong to the person"
    );
}

#[test]
fn the_camera_takes_faces_and_papers_and_no_fingers() {
    let mut bench = Bench::make("portrait=busy");
    let portrait = CaptureTarget::Sample(SampleKind::Portrait);
    assert_eq!(
        kind_of(capture(&mut bench.camera, portrait.clone(), &mut |_| {})),
        BUSY
    );
    let mut frames = Vec::new();
    let face = capture(&mut bench.camera, portrait, &mut |f| frames.push(f)).unwrap();
    assert_eq!(
        (face.media_type, face.attempt, face.fingers.len()),
        (MediaType::Jpeg, 2, 0)
    );
    assert!(frames.iter().all(|f| f.format() == PixelFormat::Rgb8));
    let page = |page| {
        CaptureTarget::Sample(SampleKind::DocumentPage {
            document: "csid".into(),
            page,
        })
    };
    let first = capture(&mut bench.camera, page(1), &mut |_| {}).unwrap();
    let second = capture(&mut bench.camera, page(2), &mut |_| {}).unwrap();
    assert!(first.bytes != second.bytes);
    assert!(matches!(
        capture(&mut bench.camera, Slap::Thumbs, &mut |_| {}),
        Err(DeviceError::Unsupported { .. })
    ));
    assert_eq!(bench.stage.attempts(Slap::Thumbs), 0);
}

#[test]
fn a_preview_waits_no_longer_than_asked() {
    let mut bench = Bench::make("");
    assert!(bench.scanner.next_frame(0).is_ok());
    let start = bench.clock.monotonic_ms();
    assert!(matches!(
        bench.scanner.next_frame(30),
        Err(DeviceError::TimedOut { timeout_ms: 30 })
    ));
    assert_eq!(bench.clock.monotonic_ms() - start, 30);
    assert_eq!(bench.scanner.next_frame(1_000).unwrap().sequence, 2);
}
