//! Services: found on their ports, listed, opened, and believed no further than an authority vouches for them.

use std::net::TcpListener;
use std::sync::Arc;

use qayd_crypto::Authorities;
use qayd_model::Slap;
use qayd_sbi_simulator::{DeviceKind, Fault, Options};
use qayd_world::{Clock, OsClock, OsRandom};

use super::{device, device_with, settings, simulator, small, take, trust};
use crate::capture::CaptureDevice;
use crate::error::DeviceError;
use crate::registry::Devices;
use crate::sbi::{
    Environment, Level, Listed, PORTS, SCAN_MS_MAX, SbiError, SbiSettings, SbiTrust, Scan, scan,
};

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
