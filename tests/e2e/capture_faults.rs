//! What goes wrong at the scanner: the wrong finger, three for four, a pulled cable, dry fingers.

use std::sync::atomic::AtomicBool;

use qayd_devices::{CaptureDevice, CaptureTarget, DeviceError, Script, simulated::Fault};
use qayd_model::Slap;
use qayd_station::capture::{CaptureError, FingerCapture, try_target};
use qayd_tests::{Applicant, Programme};

fn after(faults: &[(Slap, Fault)]) -> (bool, usize, usize) {
    let mut programme = Programme::start();
    let kit = programme.station("camp");
    let mut script = Script::good();
    for (slap, fault) in faults {
        script = script
            .on(CaptureTarget::Slap(*slap), [*fault])
            .expect("it works");
    }
    let applicant = Applicant::adult(70).with_script(script);
    let mut draft = kit.begin(&applicant);
    let stage = kit.stage(&applicant);
    let mut scanner = kit.scanner(&stage);
    scanner.open().expect("it works");
    let mut capture = FingerCapture::resume(&draft, kit.limits()).expect("it works");
    let target = CaptureTarget::Slap(faults[0].0);
    let never = AtomicBool::new(false);
    try_target(
        &mut draft,
        &mut capture,
        &mut scanner,
        &target,
        &never,
        &mut |_| {},
    )
    .expect("it works");
    let done_at_once = capture.is_done(&target);
    let kept_at_once = draft.samples().expect("it works").len();
    drop(scanner);
    let fingers = kit.take_fingers(&mut draft, &stage);
    (done_at_once, kept_at_once, fingers.open().count())
}

#[test]
fn a_good_slap_is_done_at_once() {
    // The control of the stories below.
    assert_eq!(after(&[(Slap::RightFour, Fault::Good)]), (true, 4, 0));
}

#[test]
fn the_left_hand_is_never_taken_for_the_right() {
    let (done, kept, open) = after(&[(Slap::RightFour, Fault::SwappedHand)]);
    assert!(!done);
    assert_eq!(
        (kept, open),
        (0, 0),
        "nothing of the wrong hand was kept, and the next attempt was good"
    );
}

#[test]
fn three_fingers_are_never_taken_for_four() {
    let (done, kept, open) = after(&[(Slap::LeftFour, Fault::ThreeFingers)]);
    assert!(!done);
    assert!(kept < 4);
    assert_eq!(open, 0);
}

#[test]
fn the_same_finger_is_never_taken_twice() {
    let (done, kept, open) = after(&[(Slap::Thumbs, Fault::SameFingerTwice)]);
    assert!(!done);
    assert!(kept < 2);
    assert_eq!(open, 0);
}

#[test]
fn an_unplugged_scanner_costs_the_person_no_attempt_and_loses_nothing() {
    let mut programme = Programme::start();
    let mut kit = programme.station("camp");
    let applicant = Applicant::adult(80);
    let stage = kit.stage(&applicant);
    let id = {
        let mut draft = kit.begin(&applicant);
        let mut scanner = kit.scanner(&stage);
        scanner.open().unwrap();
        let mut capture = FingerCapture::resume(&draft, kit.limits()).unwrap();
        let never = AtomicBool::new(false);
        let left = CaptureTarget::Slap(Slap::LeftFour);
        try_target(
            &mut draft,
            &mut capture,
            &mut scanner,
            &left,
            &never,
            &mut |_| {},
        )
        .unwrap();
        let before = capture.attempts_left(&CaptureTarget::Slap(Slap::RightFour));
        stage.unplug();
        let right = CaptureTarget::Slap(Slap::RightFour);
        let pulled = try_target(
            &mut draft,
            &mut capture,
            &mut scanner,
            &right,
            &never,
            &mut |_| {},
        );
        assert!(
            matches!(pulled, Err(CaptureError::Device(DeviceError::Unplugged))),
            "{pulled:?}"
        );
        assert_eq!(capture.attempts_left(&right), before);
        draft.id()
    };
    kit.restart();
    stage.plug_in();
    let mut draft = kit.station().resume(kit.session(), id).unwrap();
    assert_eq!(
        draft.samples().unwrap().len(),
        4,
        "the left hand is where it was"
    );
    assert_eq!(kit.take_fingers(&mut draft, &stage).open().count(), 0);
}
