//! Discovery: which services listen on this machine, and which devices stand behind them.
//!
//! In: the hundred ports. Out: [`Listed`] devices as they say of themselves, unsigned. Owns: nothing.
//! Never: takes longer than [`SCAN_MS_MAX`], whatever listens there; trusts what it lists. Trust comes with opening.

use std::ops::RangeInclusive;

use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{Duration, timeout};

use super::error::SbiError;
use super::http::{Call, run};
use super::settings::{DeviceState, Level};
use super::verify::{Identity, is_own_address, unsigned_identity};
use super::wire::{DEVICES_MAX, DiscoveredDevice, SPECIFICATION, parse};

/// Where services listen.
pub const PORTS: RangeInclusive<u16> = 4_501..=4_600;
/// A scan is over by then. What had not answered is told as not answering.
pub const SCAN_MS_MAX: u32 = 3_000;
/// Time for one service, so that all that runs at once ends well before that.
const ANSWER_MS: u32 = 2_500;
/// No list of devices is longer: 64 KiB.
const LIST_BYTES_MAX: usize = 64 * 1024;

/// A device as its service lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Port of its service.
    pub port: u16,
    /// Its id there.
    pub device_id: String,
    /// Who it says it is.
    pub identity: Identity,
    /// What it says of its state.
    pub state: DeviceState,
    /// What it says of its security.
    pub level: Level,
    /// Its parts: 1 left, 2 right, 3 thumbs or both, 0 whole.
    pub sub_ids: Vec<String>,
    /// How many services on lower ports say that they are the same device. Any program may say so; only the true one opens.
    pub twins_before: usize,
}

impl Listed {
    /// The name under which a station lists it: kind and serial number, so that it stays the same on another port.
    pub fn id(&self) -> String {
        let clean = |text: &str| -> String {
            text.chars()
                .map(|c| match c.to_ascii_lowercase() {
                    c if c.is_ascii_alphanumeric() => c,
                    _ => '-',
                })
                .take(40)
                .collect()
        };
        let name = format!(
            "sbi-{}-{}",
            clean(&self.identity.device_type),
            clean(&self.identity.serial)
        );
        match self.twins_before {
            0 => name,
            before => format!("{name}-{}", before + 1),
        }
    }
}

/// What a scan found.
#[derive(Debug, Default)]
pub struct Scan {
    /// Devices, by port.
    pub devices: Vec<Listed>,
    /// Ports on which something listens that is no service, or none that can be used, and why.
    pub others: Vec<(u16, SbiError)>,
}

/// Asks every port at once.
pub fn scan(ports: RangeInclusive<u16>) -> Scan {
    let found = run(async move {
        let mut calls = JoinSet::new();
        for port in ports {
            calls.spawn(async move { (port, discover(port, ANSWER_MS).await) });
        }
        let mut found = Vec::new();
        let all = async {
            while let Some(answer) = calls.join_next().await {
                found.extend(answer);
            }
        };
        // Cannot be reached: every call has its own end before this one.
        let _ = timeout(Duration::from_millis(SCAN_MS_MAX.into()), all).await;
        found
    });
    let mut scan = Scan::default();
    for (port, answer) in found.unwrap_or_default() {
        match answer {
            Ok(devices) => {
                for device in devices {
                    match device {
                        Ok(device) => scan.devices.push(device),
                        Err(error) => scan.others.push((port, error)),
                    }
                }
            }
            Err(SbiError::Unreachable) => {}
            Err(error) => scan.others.push((port, error)),
        }
    }
    scan.devices.sort_by_key(|d| (d.port, d.id()));
    tell_twins_apart(&mut scan.devices);
    scan.others.sort_by_key(|(port, _)| *port);
    scan
}

/// By their order, so that nobody hides a device by answering under its name on a lower port.
fn tell_twins_apart(devices: &mut [Listed]) {
    let names: Vec<String> = devices.iter().map(Listed::id).collect();
    for (at, device) in devices.iter_mut().enumerate() {
        let same = |name: &&String| **name == names[at];
        device.twins_before = names[..at].iter().filter(same).count();
    }
}

/// The devices of one service; those that cannot be used each with their reason.
pub(super) async fn discover(
    port: u16,
    timeout_ms: u32,
) -> Result<Vec<Result<Listed, SbiError>>, SbiError> {
    let call = Call {
        port,
        method: "MOSIPDISC",
        path: "/device",
        body: br#"{"type":"Biometric Device"}"#.to_vec(),
        timeout_ms,
        bytes_max: LIST_BYTES_MAX,
    };
    let what = "list of devices";
    let devices: Vec<DiscoveredDevice> = parse(&call.answer().await?, what)?;
    if devices.len() > DEVICES_MAX {
        return Err(SbiError::Form { what });
    }
    Ok(devices.into_iter().map(|d| listed(d, port)).collect())
}

fn listed(device: DiscoveredDevice, port: u16) -> Result<Listed, SbiError> {
    let what = "list of devices";
    let form = || SbiError::Form { what };
    device.error.check()?;
    let specifications = device.spec_version.ok_or_else(form)?;
    if !specifications.iter().any(|v| v == SPECIFICATION) {
        return Err(SbiError::WrongSpecification);
    }
    if device.purpose.as_deref() != Some("Registration") {
        return Err(SbiError::WrongPurpose);
    }
    if !is_own_address(&device.callback_id.ok_or_else(form)?, port) {
        return Err(SbiError::Elsewhere);
    }
    Ok(Listed {
        port,
        device_id: device.device_id.ok_or_else(form)?,
        identity: unsigned_identity(&device.digital_id.ok_or_else(form)?)?,
        state: device
            .device_status
            .as_deref()
            .and_then(DeviceState::from_name)
            .ok_or_else(form)?,
        level: device
            .certification
            .as_deref()
            .and_then(Level::from_name)
            .ok_or_else(form)?,
        sub_ids: device.device_sub_id.unwrap_or_default(),
        twins_before: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_takes_the_name_of_a_device_does_not_hide_it() {
        let listed = |port, serial: &str| Listed {
            port,
            device_id: "1".to_owned(),
            identity: Identity {
                serial: serial.to_owned(),
                make: "Maker".to_owned(),
                model: "Model".to_owned(),
                device_type: "Finger".to_owned(),
                sub_type: "Slap".to_owned(),
                provider: ("Provider".to_owned(), "p".to_owned()),
            },
            state: DeviceState::Ready,
            level: Level::L0,
            sub_ids: Vec::new(),
            twins_before: 0,
        };
        let mut devices = [listed(4_501, "A"), listed(4_502, "B"), listed(4_503, "A")];
        tell_twins_apart(&mut devices);
        let ids = devices.map(|d| d.id());
        assert_eq!(ids, ["sbi-finger-a", "sbi-finger-b", "sbi-finger-a-2"]);
    }
}
