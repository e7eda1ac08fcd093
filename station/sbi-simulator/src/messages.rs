//! The messages of the specification, as the service sends them.
//!
//! In: what a device is and what it captured. Out: JSON. Never: a key that the specification does not have.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::error::ErrorStack;
use qayd_model::UnixMs;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::faults::Fault;
use crate::state::{DeviceKind, Service, Status};

pub(crate) const SPECIFICATION: &str = "0.9.5";
const VERSION: &str = env!("CARGO_PKG_VERSION");
const FIRMWARE: &str = "synthetic-1";

/// `2026-11-26T08:30:00Z`.
pub(crate) fn timestamp(at: UnixMs) -> String {
    i64::try_from(at.0 / 1_000)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// What an error number means, in the words of the specification.
fn meaning(number: u16) -> &'static str {
    match number {
        0 => "Success",
        100 => "Device not registered",
        101 => "Unable to detect a biometric object",
        103 => "Device tampered",
        106 => "Device not found",
        109 => "Number of biometrics not supported",
        110 => "Device not ready",
        111 => "Device is busy",
        112 => "Invalid transaction id",
        113 => "Invalid type",
        114 => "Invalid purpose",
        115 => "Unsupported specification version",
        116 => "Invalid environment",
        117 => "Invalid request",
        202 => "No device connected",
        _ => "Technical error",
    }
}

pub(crate) fn error(number: u16) -> Value {
    json!({ "errorCode": number.to_string(), "errorInfo": meaning(number) })
}

/// The list or information when nothing is connected.
pub(crate) fn nothing_connected(number: u16) -> Value {
    json!([{ "error": error(number) }])
}

/// A capture that gave nothing.
pub(crate) fn capture_error(number: u16) -> Value {
    json!({ "biometrics": [
        { "specVersion": SPECIFICATION, "data": null, "hash": null, "error": error(number) },
    ] })
}

fn digital_id(service: &Service, kind: DeviceKind, is_other: bool) -> Value {
    let serial = if is_other {
        "QS-OTHER-9999"
    } else {
        kind.serial()
    };
    json!({
        "serialNo": serial,
        "make": "Qayd",
        "model": "SBI simulator",
        "type": kind.name(),
        "deviceSubType": kind.sub_type(),
        "deviceProvider": "Qayd",
        "deviceProviderId": "qayd-simulated",
        "dateTime": timestamp(service.clock.now()),
    })
}

/// The digital id, signed by the device, or at level 1 by its chip.
pub(crate) fn signed_digital_id(
    service: &Service,
    kind: DeviceKind,
    is_other: bool,
) -> Result<String, ErrorStack> {
    let signer = if service.is_level_1 {
        service.keys.chip()
    } else {
        service.keys.device()
    };
    signer.sign(&digital_id(service, kind, is_other))
}

pub(crate) fn device_code(kind: DeviceKind) -> String {
    format!("{}-code", kind.device_id())
}

fn callback(service: &Service) -> String {
    format!("http://127.0.0.1:{}/", service.port)
}

const fn level(service: &Service) -> &'static str {
    if service.is_level_1 { "L1" } else { "L0" }
}

/// One entry of the answer to MOSIPDISC.
pub(crate) fn listed(service: &Service, kind: DeviceKind, status: Status) -> Value {
    let id = digital_id(service, kind, false).to_string();
    json!({
        "deviceId": kind.device_id(),
        "deviceStatus": status.name(),
        "certification": level(service),
        "serviceVersion": VERSION,
        "deviceSubId": kind.sub_ids(),
        "callbackId": callback(service),
        "digitalId": URL_SAFE_NO_PAD.encode(id),
        "deviceCode": device_code(kind),
        "specVersion": [SPECIFICATION],
        "purpose": "Registration",
        "error": error(0),
    })
}

/// One entry of the answer to MOSIPDINFO.
pub(crate) fn information(
    service: &Service,
    kind: DeviceKind,
    status: Status,
    fault: Option<Fault>,
) -> Result<Value, ErrorStack> {
    let environment = match fault {
        Some(Fault::InfoWrongEnvironment) => other_environment(&service.environment),
        _ => &service.environment,
    };
    let callback = match fault {
        Some(Fault::InfoElsewhere) => "http://192.0.2.7:4501/".to_owned(),
        _ => callback(service),
    };
    let is_other = fault == Some(Fault::InfoOtherDevice);
    let payload = json!({
        "env": environment,
        "digitalId": signed_digital_id(service, kind, is_other)?,
        "purpose": "Registration",
        "serviceVersion": VERSION,
        "deviceStatus": status.name(),
        "firmware": FIRMWARE,
        "certification": level(service),
        "specVersion": [SPECIFICATION],
        "deviceSubId": kind.sub_ids(),
        "callbackId": callback,
        "deviceId": kind.device_id(),
        "deviceCode": device_code(kind),
    });
    let mut token = service.keys.device().sign(&payload)?;
    if fault == Some(Fault::InfoBadSignature) {
        token = spoilt(&token);
    }
    let number = match status {
        Status::Ready => 0,
        Status::Busy => 111,
        Status::NotReady => 110,
        // Nobody has signed anything for a device that is not registered yet.
        Status::NotRegistered => return Ok(json!({ "deviceInfo": null, "error": error(100) })),
    };
    Ok(json!({ "deviceInfo": token, "error": error(number) }))
}

pub(crate) fn other_environment(environment: &str) -> &'static str {
    if environment == "Production" {
        "Developer"
    } else {
        "Production"
    }
}

/// The same token with one letter of its signature changed.
pub(crate) fn spoilt(token: &str) -> String {
    let mut text: Vec<char> = token.chars().collect();
    let at = text.len().saturating_sub(40);
    if let Some(letter) = text.get_mut(at) {
        *letter = if *letter == 'A' { 'B' } else { 'A' };
    }
    text.into_iter().collect()
}

/// Everything of one capture but the record.
pub(crate) struct Circumstances {
    pub(crate) digital_id: String,
    pub(crate) purpose: String,
    pub(crate) environment: String,
    pub(crate) transaction: String,
    pub(crate) timestamp: String,
    pub(crate) requested_score: String,
    pub(crate) domain: Option<String>,
}

/// The payload of one record.
pub(crate) fn captured(
    kind: DeviceKind,
    sub_type: Option<&str>,
    around: &Circumstances,
    bio_value: &str,
    score: u8,
) -> Value {
    let mut payload = json!({
        "digitalId": around.digital_id,
        "deviceCode": device_code(kind),
        "deviceServiceVersion": VERSION,
        "bioType": kind.name(),
        "purpose": around.purpose,
        "env": around.environment,
        "bioValue": bio_value,
        "transactionId": around.transaction,
        "timestamp": around.timestamp,
        "requestedScore": around.requested_score,
        "qualityScore": score.to_string(),
    });
    // A face has no part, and the published schema wants the key absent rather than null.
    if let Some(sub_type) = sub_type {
        payload["bioSubType"] = sub_type.into();
    }
    if let Some(domain) = &around.domain {
        payload["domainUri"] = domain.as_str().into();
    }
    payload
}
