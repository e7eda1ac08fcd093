//! Captures that pass: fingers, faces and eyes come as they were asked for.

use std::sync::atomic::AtomicBool;

use qayd_model::{FingerPosition, SampleKind, Slap};
use qayd_sbi_simulator::{DeviceKind, Encoding, Fault, Options, Simulator};
use serde_json::json;

use super::{device, simulator, small, take, tell};
use crate::capture::{CaptureDevice, CaptureRequest, CaptureTarget, Modality};
use crate::error::DeviceError;
use crate::sbi::Eye;

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
