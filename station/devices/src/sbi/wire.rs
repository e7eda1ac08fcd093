//! The messages of the specification, as they travel.
//!
//! In: bytes of a service. Out: typed messages; a key the specification does not have is an error, and so is one twice.
//! Never: judges; `verify` and `discovery` do.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::SbiError;

/// The edition that is spoken here.
pub(super) const SPECIFICATION: &str = "0.9.5";
/// Devices of one service that are looked at.
pub(super) const DEVICES_MAX: usize = 16;

/// `error` of every answer: `0` and `Success`, or a number and words of the service's own, which are not read.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Fault {
    pub(super) error_code: String,
    pub(super) error_info: String,
}

impl Fault {
    pub(super) fn check(&self) -> Result<(), SbiError> {
        match self.error_code.parse::<u16>() {
            // The published schema has this one word; with anything else beside the zero the answer is not whole.
            Ok(0) if self.error_code == "0" && self.error_info == "Success" => Ok(()),
            Ok(0) => Err(SbiError::Form { what: "error" }),
            Ok(number) => Err(SbiError::Reported { number }),
            Err(_) => Err(SbiError::Form { what: "error code" }),
        }
    }
}

/// One entry of the answer to MOSIPDISC. In an answer that reports an error the rest may be null.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DiscoveredDevice {
    pub(super) device_id: Option<String>,
    pub(super) device_status: Option<String>,
    pub(super) certification: Option<String>,
    #[serde(rename = "serviceVersion")]
    _service_version: Option<String>,
    pub(super) device_sub_id: Option<Vec<String>>,
    pub(super) callback_id: Option<String>,
    pub(super) digital_id: Option<String>,
    #[serde(rename = "deviceCode")]
    _device_code: Option<String>,
    pub(super) spec_version: Option<Vec<String>>,
    pub(super) purpose: Option<String>,
    pub(super) error: Fault,
}

/// Who a device is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DigitalId {
    pub(super) serial_no: String,
    pub(super) make: String,
    pub(super) model: String,
    #[serde(rename = "type")]
    pub(super) device_type: String,
    pub(super) device_sub_type: String,
    pub(super) device_provider: String,
    pub(super) device_provider_id: String,
    #[serde(rename = "dateTime")]
    _date_time: String,
}

/// One entry of the answer to MOSIPDINFO.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct InfoEntry {
    pub(super) device_info: Option<String>,
    pub(super) error: Fault,
}

/// The signed part of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DeviceInfo {
    pub(super) device_sub_id: Vec<String>,
    pub(super) env: String,
    pub(super) digital_id: String,
    pub(super) purpose: String,
    #[serde(rename = "serviceVersion")]
    _service_version: String,
    pub(super) device_status: String,
    #[serde(rename = "firmware")]
    _firmware: String,
    pub(super) certification: String,
    pub(super) spec_version: Vec<String>,
    pub(super) callback_id: String,
    pub(super) device_id: String,
    pub(super) device_code: String,
}

/// The answer to RCAPTURE.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaptureReply {
    pub(super) biometrics: Vec<CaptureEntry>,
}

/// One finger, eye or face.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CaptureEntry {
    pub(super) spec_version: Option<String>,
    pub(super) data: Option<String>,
    pub(super) hash: Option<String>,
    pub(super) error: Fault,
}

/// The signed part of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CaptureData {
    pub(super) digital_id: String,
    pub(super) device_code: String,
    #[serde(rename = "deviceServiceVersion")]
    _device_service_version: String,
    pub(super) bio_type: String,
    #[serde(default)]
    pub(super) bio_sub_type: Option<String>,
    pub(super) purpose: String,
    pub(super) env: String,
    pub(super) bio_value: String,
    pub(super) transaction_id: String,
    pub(super) timestamp: String,
    #[serde(rename = "requestedScore")]
    _requested_score: String,
    pub(super) quality_score: String,
}

/// The message in `bytes`, or [`SbiError::Form`] of `what`.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8], what: &'static str) -> Result<T, SbiError> {
    // The source is left out: it would quote what the service sent.
    serde_json::from_slice(bytes).map_err(|_| SbiError::Form { what })
}
