//! Answers to a capture that are not believed: each lie has its own refusal, and the next honest answer passes.

use std::sync::Arc;

use qayd_model::{FingerPosition, Slap, UnixMs};
use qayd_sbi_simulator::{DeviceKind, Fault};
use qayd_world::{Clock, OsClock};

use super::{device, simulator, small, take, trust};
use crate::capture::CaptureDevice;
use crate::error::DeviceError;
use crate::sbi::asked::{Asked, Subject};
use crate::sbi::http::{Call, Running};
use crate::sbi::verify::{first_hash, verify};
use crate::sbi::{Environment, RecordError, SbiError};

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
