//! The client against the simulator, over real HTTP: every refusal beside a control that passes.
//!
//! In: a simulator of a test's own. Out: devices opened at it. Owns: one set of keys for all tests, as making them is slow.

mod captures;
mod previews;
mod refusals;
mod services;
mod waiting;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use qayd_crypto::Authorities;
use qayd_sbi_simulator::{DeviceKind, Keys, Options, Simulator};
use qayd_world::{OsClock, OsRandom};
use serde_json::Value;

use super::{Environment, SbiDevice, SbiSettings, SbiTrust, scan};
use crate::RawSample;
use crate::capture::{CaptureDevice, CaptureRequest, CaptureTarget};
use crate::error::DeviceError;

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
) -> Result<Vec<RawSample>, DeviceError> {
    let request = CaptureRequest::of(target);
    device.capture(&request, &AtomicBool::new(false), &mut |_| {})
}
