//! A draft filled from devices behind a service: ten fingers and a portrait, over real HTTP, every check on the way.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use qayd_crypto::Authorities;
use qayd_devices::sbi::Environment;
use qayd_devices::{Devices, Modality, SbiSettings, SbiTrust};
use qayd_model::{FingerPosition, SampleKind};
use qayd_sbi_simulator::{Fault, Keys, Options, Simulator};
use qayd_station::capture::{CaptureLimits, FingerCapture, capture_portrait, capture_ten_fingers};
use qayd_station::testing::{PACK_ID, TestStation};
use qayd_world::{OsClock, OsRandom};

#[test]
fn ten_fingers_and_a_portrait_come_from_an_sbi_service_into_a_draft() {
    let keys = Keys::make(&OsClock::default()).unwrap();
    let vouching = keys.authorities().unwrap();
    let simulator = Simulator::start(Options::default(), keys).unwrap();
    let trust = SbiTrust {
        device: Authorities::from_pem(&vouching.device).unwrap(),
        chip: Authorities::from_pem(&vouching.chip).unwrap(),
    };
    let settings = SbiSettings {
        ports: simulator.port()..=simulator.port(),
        ..SbiSettings::make(trust, Environment::Developer)
    };
    let devices =
        Devices::make(Arc::new(OsClock::default()), false).with_sbi(settings, Arc::new(OsRandom));
    let open = |modality| {
        let best = devices.best_for(modality).expect("the service lists one");
        devices.open(&best.device.id).unwrap()
    };
    let (mut scanner, mut camera) = (open(Modality::Slap), open(Modality::Face));

    let station = TestStation::new();
    let mut draft = station.station.begin(&station.session, PACK_ID).unwrap();
    let policy = station.station.policy().unwrap();
    let limits = CaptureLimits::of(&policy, draft.pack().biometrics.fingers.as_ref());
    let mut capture = FingerCapture::resume(&draft, limits).unwrap();
    let stop = AtomicBool::new(false);
    let done = capture_ten_fingers(
        &mut draft,
        &mut capture,
        scanner.as_mut(),
        &stop,
        &mut |_, _| {},
    )
    .unwrap();
    assert_eq!(done.open().count(), 0, "{done:?}");
    capture_portrait(&mut draft, camera.as_mut(), 3, &stop, &mut |_| {}).unwrap();
    let kinds: Vec<SampleKind> = draft
        .samples()
        .unwrap()
        .into_iter()
        .map(|s| s.kind)
        .collect();
    for position in FingerPosition::ALL {
        assert!(
            kinds.contains(&SampleKind::Finger(position)),
            "{position:?}"
        );
    }
    assert!(kinds.contains(&SampleKind::Portrait));

    // What is not believed leaves the draft as it was.
    simulator.arm(Fault::BadSignature, 1);
    let mut again = station.station.begin(&station.session, PACK_ID).unwrap();
    let refused = capture_portrait(&mut again, camera.as_mut(), 3, &stop, &mut |_| {}).unwrap_err();
    assert_eq!(refused.code(), "SBI-10");
    assert!(again.samples().unwrap().is_empty());
}
