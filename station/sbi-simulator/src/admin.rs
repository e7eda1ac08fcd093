//! Admin verbs: who stands there and what goes wrong. Plain JSON over `POST /admin/…` on the service's own port.
//!
//! | path | body | what |
//! |---|---|---|
//! | `status` | `{"type":"Finger","deviceStatus":"Busy"}` | state of a device; `Biometric Device` for all (as of MOSIP's mock) |
//! | `score` | `{"type":"Finger","qualityScore":"40"}` | quality of every capture (as of MOSIP's mock) |
//! | `delay` | `{"type":"Finger","delay":"2000","method":["RCAPTURE"]}` | a slow device (as of MOSIP's mock) |
//! | `person` | `{"seed":7,"missing":["Left Thumb"]}` | the next person steps up |
//! | `insert`, `remove` | none | fingers, eyes or a face are there, or nothing is |
//! | `unplug`, `plug` | none | the cable |
//! | `fault` | `{"fault":"bad_signature","times":1}` | what goes wrong next; without `times`, until told otherwise |
//! | `good` | none | nothing goes wrong any more |
//! | `state` (GET) | none | all of it |

use qayd_model::FingerPosition;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::state::{DeviceKind, Service, Status};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StatusVerb {
    #[serde(rename = "type")]
    device_type: String,
    device_status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ScoreVerb {
    #[serde(rename = "type")]
    _device_type: Option<String>,
    quality_score: String,
    #[serde(rename = "fromIso")]
    _from_iso: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DelayVerb {
    #[serde(rename = "type")]
    _device_type: Option<String>,
    delay: String,
    #[serde(default)]
    method: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonVerb {
    seed: u64,
    #[serde(default)]
    missing: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultVerb {
    fault: Fault,
    #[serde(default)]
    times: Option<u32>,
}

const METHODS: [&str; 5] = ["MOSIPDISC", "MOSIPDINFO", "RCAPTURE", "CAPTURE", "STREAM"];

/// Runs a verb; what is wrong with it is said in words.
pub(crate) fn run(service: &Service, verb: &str, body: &[u8]) -> Result<Value, String> {
    fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
        serde_json::from_slice(body).map_err(|error| error.to_string())
    }
    let mut state = service.state();
    match verb {
        "status" => {
            let verb: StatusVerb = read(body)?;
            let kinds = kinds(&verb.device_type)?;
            for kind in kinds {
                state.status.insert(kind, verb.device_status);
            }
        }
        "score" => {
            let verb: ScoreVerb = read(body)?;
            let score: f32 = verb
                .quality_score
                .parse()
                .map_err(|_| "qualityScore is a number in a string".to_owned())?;
            if !(0.0..=100.0).contains(&score) {
                return Err("qualityScore is 0 to 100".to_owned());
            }
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the range was just checked"
            )]
            let score = score as u8;
            state.score = score;
        }
        "delay" => {
            let verb: DelayVerb = read(body)?;
            let delay = verb
                .delay
                .parse()
                .map_err(|_| "delay is milliseconds in a string".to_owned())?;
            let methods: Vec<String> = if verb.method.is_empty() {
                METHODS.map(str::to_owned).to_vec()
            } else {
                verb.method
            };
            for method in methods {
                if !METHODS.contains(&method.as_str()) {
                    return Err(format!("method is one of {METHODS:?}"));
                }
                state.delay_ms.insert(method, delay);
            }
        }
        "person" => {
            let verb: PersonVerb = read(body)?;
            let missing = verb
                .missing
                .iter()
                .map(|name| position(name).ok_or(format!("no finger is called {name}")))
                .collect::<Result<_, _>>()?;
            state.enter(verb.seed, missing);
        }
        "insert" => state.is_present = true,
        "remove" => state.is_present = false,
        "plug" => state.is_plugged = true,
        "unplug" => state.is_plugged = false,
        "fault" => {
            let verb: FaultVerb = read(body)?;
            state.arm(verb.fault, verb.times);
        }
        "good" => {
            state.disarm();
            state.delay_ms.clear();
            state.status.clear();
        }
        "state" => {}
        other => return Err(format!("no admin verb is called {other}")),
    }
    Ok(json!({
        "seed": state.seed,
        "missing": state.missing.iter().map(|p| p.name()).collect::<Vec<_>>(),
        "present": state.is_present,
        "plugged": state.is_plugged,
        "score": state.score,
        "captures": state.captures,
        "previews": state.previews,
        "delayMs": state.delay_ms,
        "status": service
            .kinds
            .iter()
            .map(|kind| (kind.name(), state.status_of(*kind).name()))
            .collect::<std::collections::BTreeMap<_, _>>(),
        "faults": state.armed(),
    }))
}

fn kinds(name: &str) -> Result<Vec<DeviceKind>, String> {
    if name == "Biometric Device" {
        return Ok(DeviceKind::ALL.to_vec());
    }
    let kind = DeviceKind::ALL.into_iter().find(|kind| kind.name() == name);
    kind.map(|kind| vec![kind])
        .ok_or(format!("no type is called {name}"))
}

/// A finger by the specification's name or by Qayd's: `Left Thumb`, `left_thumb`.
fn position(name: &str) -> Option<FingerPosition> {
    let wanted = name.to_lowercase().replace("finger", "").replace(' ', "_");
    FingerPosition::ALL.into_iter().find(|p| p.name() == wanted)
}
