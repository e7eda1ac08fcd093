use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use qayd_devices::{
    CaptureDevice, CaptureRequest, CaptureTarget, Fault, Script, SimulatedCamera, SimulatedPerson,
    SimulatedScanner, Stage,
};
use qayd_model::{FingerPosition, SampleKind, Slap};
use qayd_world::OsClock;

use super::*;
use crate::quality::{Advice, FingerThresholds, Verdict};

const LIMITS: CaptureLimits = CaptureLimits {
    attempts_max: 4,
    fingers: FingerThresholds::new(40, 30, 20),
};

struct Bench {
    scanner: SimulatedScanner,
    capture: FingerCapture,
}

impl Bench {
    fn new(person: SimulatedPerson) -> Self {
        let missing = person.missing.clone();
        let mut scanner =
            SimulatedScanner::make(Stage::make(person), Arc::new(OsClock::default()), false)
                .unwrap();
        scanner.open().unwrap();
        Self {
            scanner,
            capture: FingerCapture::begin(LIMITS, missing),
        }
    }

    fn attempt(&mut self, target: impl Into<CaptureTarget>) -> AttemptReport {
        let target = target.into();
        let mut request = CaptureRequest::of(target.clone());
        request.missing = self.capture.missing().to_vec();
        let samples = self
            .scanner
            .capture(&request, &AtomicBool::new(false), &mut |_| {})
            .unwrap();
        self.capture.judge(&target, samples).unwrap()
    }
}

fn person(seed: u64, script: Script) -> SimulatedPerson {
    SimulatedPerson::make(seed).with_script(script)
}

fn script(target: impl Into<CaptureTarget>, faults: &[Fault]) -> Script {
    Script::good().on(target, faults.iter().copied()).unwrap()
}

#[test]
fn four_good_fingers_are_kept_and_nothing_more_is_asked() {
    let mut bench = Bench::new(SimulatedPerson::make(3));
    for slap in Slap::ALL {
        let mut report = bench.attempt(slap);
        while !bench.capture.is_done(&slap.into()) && bench.capture.attempts_left(&slap.into()) > 0
        {
            report = bench.attempt(slap);
        }
        assert_eq!(report.problem, None, "{slap:?}");
        for position in slap.fingers() {
            let conclusion = bench.capture.conclude(&slap.into(), *position);
            assert!(conclusion.is_final(), "{position:?} {conclusion:?}");
        }
    }
    assert_eq!(bench.capture.templates().len(), 10);
}

#[test]
fn three_fingers_are_never_taken_for_four() {
    let left = Slap::LeftFour;
    let mut bench = Bench::new(person(4, script(left, &[Fault::ThreeFingers])));
    let report = bench.attempt(left);
    assert_eq!(report.problem, Some(Advice::TooFewFingers));
    assert!(report.chosen.is_empty() && bench.capture.templates().is_empty());
    assert_eq!(report.attempts_left, 3);
    // Control: the same hand with all four.
    assert_eq!(bench.attempt(left).chosen.len(), 4);
}

#[test]
fn three_fingers_are_four_when_one_is_declared_missing() {
    let without = FingerPosition::LeftRing;
    let mut bench = Bench::new(SimulatedPerson::make(5).without([without]));
    let report = bench.attempt(Slap::LeftFour);
    assert_eq!(report.problem, None);
    assert!(report.fingers.iter().all(|f| f.position != without));
    assert_eq!(
        bench.capture.conclude(&Slap::LeftFour.into(), without),
        Conclusion::Excepted
    );
}

#[test]
fn the_other_hand_is_never_kept() {
    for seed in 20..24 {
        let right = Slap::RightFour;
        let mut bench = Bench::new(person(seed, script(right, &[Fault::SwappedHand])));
        assert_eq!(bench.attempt(Slap::LeftFour).problem, None);
        let report = bench.attempt(right);
        assert_eq!(report.problem, Some(Advice::WrongHand), "seed {seed}");
        assert!(report.chosen.is_empty());
        // Control: the right hand.
        assert_eq!(bench.attempt(right).problem, None, "seed {seed}");
    }
}

#[test]
fn one_finger_is_never_two() {
    let left = Slap::LeftFour;
    let mut bench = Bench::new(person(6, script(left, &[Fault::SameFingerTwice])));
    let report = bench.attempt(left);
    let same: Vec<_> = report
        .fingers
        .iter()
        .filter(|f| f.same_as.is_some())
        .collect();
    assert_eq!(same.len(), 2, "{report:?}");
    assert!(
        same.iter()
            .all(|f| f.verdict == Verdict::Retry(Advice::SameFinger) && !f.kept)
    );

    let (index, thumb) = (FingerPosition::RightIndex, FingerPosition::RightThumb);
    let mut bench = Bench::new(person(7, script(thumb, &[Fault::SameFingerTwice])));
    bench.attempt(index);
    let report = bench.attempt(thumb);
    assert_eq!(report.fingers[0].same_as, Some(index));
    // Control: the thumb itself.
    assert_eq!(bench.attempt(thumb).fingers[0].same_as, None);
}

#[test]
fn the_best_attempt_is_kept_per_finger_and_not_the_last() {
    let left = Slap::LeftFour;
    let mut bench = Bench::new(person(8, script(left, &[Fault::Good, Fault::Dry])));
    let first = bench.attempt(left);
    let second = bench.attempt(left);
    for (a, b) in first.fingers.iter().zip(&second.fingers) {
        assert!(b.score.value < a.score.value, "the dry attempt is worse");
        assert!(a.kept && !b.kept);
    }
    assert!(second.chosen.is_empty());
}

#[test]
fn tries_are_bounded_and_a_new_transaction_counts_on() {
    let thumb = FingerPosition::LeftThumb;
    let target = CaptureTarget::from(thumb);
    let mut bench = Bench::new(person(9, script(thumb, &[Fault::Dry; 9])));
    for _ in 0..4 {
        bench.attempt(thumb);
    }
    assert_eq!(bench.capture.attempts_left(&target), 0);
    assert!(matches!(
        bench.capture.conclude(&target, thumb),
        Conclusion::AcceptedWithReason(_) | Conclusion::Good
    ));
    let samples = Vec::new();
    assert!(matches!(
        bench.capture.judge(&target, samples),
        Err(CaptureError::NoTryLeft)
    ));
    bench.capture.begin_anew(&target);
    assert_eq!(bench.capture.attempts_left(&target), 4);
    bench.attempt(thumb);
    let counts = bench.capture.counts(&target);
    assert_eq!((counts.transactions, counts.attempts), (2, 5));
}

#[test]
fn what_was_kept_is_read_back_from_the_note() {
    let mut bench = Bench::new(SimulatedPerson::make(10));
    bench.attempt(Slap::Thumbs);
    let note = record::Note::from_bytes(&bench.capture.note().to_bytes());
    let mut again = FingerCapture::begin(LIMITS, Vec::new());
    again.restore(&note);
    assert_eq!(again.templates(), bench.capture.templates());
    assert_eq!(
        again.counts(&Slap::Thumbs.into()),
        bench.capture.counts(&Slap::Thumbs.into())
    );
    let mut empty = FingerCapture::begin(LIMITS, Vec::new());
    empty.restore(&record::Note::from_bytes(b"not a note"));
    assert!(empty.templates().is_empty());
}

#[test]
fn a_portrait_that_is_kept_gives_way_only_to_a_better_one() {
    let at = crate::testing::TestStation::new();
    let mut draft = at
        .station
        .begin(&at.session, crate::testing::PACK_ID)
        .unwrap();
    let stage = Stage::make(SimulatedPerson::make(3));
    let mut camera = SimulatedCamera::make(stage, at.world.clock.clone(), false).unwrap();
    camera.open().unwrap();
    let stop = AtomicBool::new(false);
    let mut shown = 0;
    let mut capture = PortraitCapture::resume(&draft, 4).unwrap();
    let first = try_portrait(&mut draft, &mut capture, &mut camera, &stop, &mut |_| {
        shown += 1;
    })
    .unwrap()
    .unwrap();
    assert!(first.kept && shown > 0);
    let kept = draft.samples().unwrap()[0].id;
    // Begun anew, as after a restart: the same picture again is not better than itself.
    let mut capture = PortraitCapture::resume(&draft, 4).unwrap();
    assert!(capture.has_one());
    let again = try_portrait(&mut draft, &mut capture, &mut camera, &stop, &mut |_| {}).unwrap();
    assert!(!again.unwrap().kept);
    assert_eq!(draft.samples().unwrap()[0].id, kept);
    let mut spent = PortraitCapture::resume(&draft, 1).unwrap();
    spent.failed_to_acquire();
    assert!(matches!(
        try_portrait(&mut draft, &mut spent, &mut camera, &stop, &mut |_| {}),
        Err(CaptureError::NoTryLeft)
    ));
}

#[test]
fn pages_of_a_paper_are_numbered_from_one() {
    let at = crate::testing::TestStation::new();
    let mut draft = at
        .station
        .begin(&at.session, crate::testing::PACK_ID)
        .unwrap();
    let stage = Stage::make(SimulatedPerson::make(3));
    let mut camera = SimulatedCamera::make(stage.clone(), at.world.clock.clone(), false).unwrap();
    camera.open().unwrap();
    let stop = AtomicBool::new(false);
    for expected in 1..=2 {
        let page = next_page(&draft, "csid").unwrap();
        assert_eq!(page, expected);
        let kind = SampleKind::DocumentPage {
            document: "csid".to_owned(),
            page,
        };
        assert!(capture_sample(&mut draft, &mut camera, kind, &stop, &mut |_| {}).unwrap());
    }
    assert_eq!(next_page(&draft, "passport").unwrap(), 1);
    assert_eq!(draft.samples().unwrap().len(), 2);
    stage.unplug();
    let kind = SampleKind::ExceptionPhoto;
    let pulled = capture_sample(&mut draft, &mut camera, kind, &stop, &mut |_| {});
    assert!(matches!(pulled, Err(CaptureError::Device(_))));
    assert_eq!(draft.samples().unwrap().len(), 2);
}
