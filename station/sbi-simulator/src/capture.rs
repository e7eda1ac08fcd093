//! RCAPTURE and CAPTURE: what lies there, as records in signed messages.
//!
//! In: a request. Out: the answer, or a number of the specification. Owns: the chain of hashes within one answer.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::sha::sha256;
use qayd_model::{FingerPosition, Hand, UnixMs};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::drawing;
use crate::faults::Fault;
use crate::messages::{
    Circumstances, SPECIFICATION, captured, error, other_environment, signed_digital_id, spoilt,
    timestamp,
};
use crate::records::{self, Eye};
use crate::seal::seal;
use crate::state::{DeviceKind, Service};

const HOUR_MS: u64 = 3_600_000;

/// A request, as far as it decides something.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    pub(crate) env: String,
    pub(crate) purpose: String,
    pub(crate) spec_version: String,
    pub(crate) timeout: String,
    pub(crate) transaction_id: String,
    #[serde(default)]
    pub(crate) domain_uri: Option<String>,
    pub(crate) bio: Vec<Bio>,
}

/// One device's part of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bio {
    #[serde(rename = "type")]
    pub(crate) device_type: String,
    pub(crate) count: String,
    #[serde(default)]
    pub(crate) bio_sub_type: Vec<Option<String>>,
    #[serde(default)]
    pub(crate) exception: Vec<Option<String>>,
    #[serde(default)]
    pub(crate) requested_score: String,
    pub(crate) device_id: String,
    pub(crate) device_sub_id: String,
    #[serde(default)]
    pub(crate) previous_hash: Option<String>,
}

/// One thing to be captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Finger(FingerPosition),
    Eye(Eye),
    Face,
}

impl Part {
    const fn name(self) -> Option<&'static str> {
        match self {
            Self::Finger(position) => Some(finger_name(position)),
            Self::Eye(Eye::Left) => Some("Left"),
            Self::Eye(Eye::Right) => Some("Right"),
            Self::Face => None,
        }
    }
}

const fn finger_name(position: FingerPosition) -> &'static str {
    match position {
        FingerPosition::RightThumb => "Right Thumb",
        FingerPosition::RightIndex => "Right IndexFinger",
        FingerPosition::RightMiddle => "Right MiddleFinger",
        FingerPosition::RightRing => "Right RingFinger",
        FingerPosition::RightLittle => "Right LittleFinger",
        FingerPosition::LeftThumb => "Left Thumb",
        FingerPosition::LeftIndex => "Left IndexFinger",
        FingerPosition::LeftMiddle => "Left MiddleFinger",
        FingerPosition::LeftRing => "Left RingFinger",
        FingerPosition::LeftLittle => "Left LittleFinger",
    }
}

impl Request {
    /// The device that is asked and how long it may take, or the number of the specification that says why not.
    pub(crate) fn check(
        &self,
        service: &Service,
        is_authentication: bool,
    ) -> Result<(DeviceKind, &Bio, u64), u16> {
        let purpose = if is_authentication {
            "Auth"
        } else {
            "Registration"
        };
        let id = &self.transaction_id;
        let is_name = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if self.spec_version != SPECIFICATION {
            return Err(115);
        }
        if self.purpose != purpose {
            return Err(114);
        }
        if self.env != service.environment {
            return Err(116);
        }
        if !(4..=50).contains(&id.len()) || !is_name {
            return Err(112);
        }
        let [bio] = self.bio.as_slice() else {
            return Err(109);
        };
        let kind = DeviceKind::of_device_id(&bio.device_id).ok_or(106_u16)?;
        if !service.kinds.contains(&kind) {
            return Err(106);
        }
        if bio.device_type != kind.name() {
            return Err(113);
        }
        let timeout_ms = self.timeout.parse().map_err(|_| 117_u16)?;
        let wanted = self.parts(kind, bio)?.len();
        let count: usize = bio.count.parse().map_err(|_| 117_u16)?;
        if count != wanted && count != 0 {
            return Err(109);
        }
        Ok((kind, bio, timeout_ms))
    }

    /// What is wanted: what is named, or all that the part of the device shows, without the exceptions.
    fn parts(&self, kind: DeviceKind, bio: &Bio) -> Result<Vec<Part>, u16> {
        let names =
            |list: &[Option<String>]| -> Vec<String> { list.iter().flatten().cloned().collect() };
        let all: Vec<Part> = match (kind, bio.device_sub_id.as_str()) {
            (DeviceKind::Face, _) => return Ok(vec![Part::Face]),
            (DeviceKind::Finger, sub_id) => FingerPosition::ALL
                .into_iter()
                .filter(|p| {
                    let is_thumb = p.code() % 5 == 1;
                    match sub_id {
                        "1" => p.hand() == Hand::Left && !is_thumb,
                        "2" => p.hand() == Hand::Right && !is_thumb,
                        "3" => is_thumb,
                        // For authentication any finger goes.
                        _ => true,
                    }
                })
                .map(Part::Finger)
                .collect(),
            (DeviceKind::Iris, "1") => vec![Part::Eye(Eye::Left)],
            (DeviceKind::Iris, "2") => vec![Part::Eye(Eye::Right)],
            (DeviceKind::Iris, _) => vec![Part::Eye(Eye::Left), Part::Eye(Eye::Right)],
        };
        let (wanted, missing) = (names(&bio.bio_sub_type), names(&bio.exception));
        let is_known = |name: &String| all.iter().any(|part| part.name() == Some(name));
        if !wanted.iter().all(is_known) {
            return Err(109);
        }
        Ok(all
            .into_iter()
            .filter(|part| {
                let name = part.name().unwrap_or_default();
                (wanted.is_empty() || wanted.iter().any(|w| w == name))
                    && !missing.iter().any(|m| m == name)
            })
            .collect())
    }
}

/// Captures. Slow: pictures are drawn.
pub(crate) fn answer(
    service: &Service,
    request: &Request,
    kind: DeviceKind,
    bio: &Bio,
    fault: Option<Fault>,
    is_authentication: bool,
) -> Result<Value, ErrorStack> {
    let (person, seed, score, missing, capture) = {
        let mut state = service.state();
        state.captures += 1;
        (
            state.person.clone(),
            state.seed,
            state.score,
            state.missing.clone(),
            state.captures,
        )
    };
    let now = service.clock.now();
    let taken = match fault {
        Some(Fault::StaleTime) => UnixMs(now.0.saturating_sub(HOUR_MS)),
        _ => now,
    };
    let around = Circumstances {
        digital_id: signed_digital_id(service, kind, fault == Some(Fault::OtherDevice))?,
        purpose: match fault {
            Some(Fault::WrongPurpose) if is_authentication => "Registration".to_owned(),
            Some(Fault::WrongPurpose) => "Auth".to_owned(),
            _ => request.purpose.clone(),
        },
        environment: match fault {
            Some(Fault::WrongEnvironment) => other_environment(&request.env).to_owned(),
            _ => request.env.clone(),
        },
        transaction: match fault {
            Some(Fault::WrongTransaction) => "someone-elses-transaction".to_owned(),
            _ => request.transaction_id.clone(),
        },
        timestamp: timestamp(taken),
        requested_score: bio.requested_score.clone(),
        domain: is_authentication.then(|| request.domain_uri.clone().unwrap_or_default()),
    };
    let mut parts = request.parts(kind, bio).unwrap_or_default();
    // A finger that the person does not have cannot be given, asked for or not.
    parts.retain(|part| !matches!(part, Part::Finger(p) if missing.contains(p)));
    match fault {
        Some(Fault::ThreeFingers) => drop(parts.pop()),
        Some(Fault::FingerTwice) => parts.extend(parts.last().copied()),
        _ => {}
    }
    let signer = match fault {
        Some(Fault::Stranger) => &service.keys.stranger,
        Some(Fault::ExpiredCertificate) => &service.keys.expired,
        _ => service.keys.device(),
    };
    let mut previous = previous_hash(bio.previous_hash.as_deref());
    let mut biometrics = Vec::new();
    for part in parts {
        let record = record_of(service, &person, seed, part, score, capture, fault);
        let Some(record) = record else {
            biometrics.push(json!({
                "specVersion": SPECIFICATION, "data": null, "hash": null, "error": error(500),
            }));
            continue;
        };
        let label = match (fault, part) {
            (Some(Fault::WrongHand), Part::Finger(p)) => Part::Finger(other_hand(p)),
            (Some(Fault::WrongHand), Part::Eye(Eye::Left)) => Part::Eye(Eye::Right),
            (Some(Fault::WrongHand), Part::Eye(Eye::Right)) => Part::Eye(Eye::Left),
            _ => part,
        };
        let mut chained = previous.to_vec();
        chained.extend(sha256(&record));
        previous = sha256(&chained);
        let hash = match fault {
            Some(Fault::BrokenHash) => hex::encode_upper(sha256(b"something else")),
            _ => hex::encode_upper(previous),
        };
        let (value, session_key) = if is_authentication {
            let verifier = service.keys.verifier.key();
            let sealed = seal(&record, verifier, &around.timestamp, &around.transaction)?;
            (sealed.bio_value, Some(sealed.session_key))
        } else {
            (URL_SAFE_NO_PAD.encode(&record), None)
        };
        let payload = captured(kind, label.name(), &around, &value, score);
        let mut token = signer.sign(&payload)?;
        if fault == Some(Fault::BadSignature) {
            token = spoilt(&token);
        }
        let mut entry = json!({
            "specVersion": SPECIFICATION, "data": token, "hash": hash, "error": error(0),
        });
        if let Some(session_key) = session_key {
            let certificate = service.keys.verifier.certificate();
            let thumbprint = certificate.digest(MessageDigest::sha256())?;
            entry["sessionKey"] = session_key.into();
            entry["thumbprint"] = hex::encode_upper(thumbprint).into();
        }
        biometrics.push(entry);
    }
    Ok(json!({ "biometrics": biometrics }))
}

/// The record of one part, lies included.
fn record_of(
    service: &Service,
    person: &qayd_fingerprint::synthetic::SyntheticPerson,
    seed: u64,
    part: Part,
    score: u8,
    capture: u64,
    fault: Option<Fault>,
) -> Option<Vec<u8>> {
    let encoding = service.encoding;
    let mut record = match part {
        Part::Finger(position) => {
            let really = match fault {
                Some(Fault::SwappedHand) => other_hand(position),
                _ => position,
            };
            let picture = drawing::finger(person, really, capture, encoding, service.thumbnail)?;
            let label = match fault {
                Some(Fault::WrongHand) => other_hand(position),
                _ => position,
            };
            records::finger(label, &picture, score)
        }
        Part::Eye(which) => records::eye(which, &drawing::eye(seed, which, encoding)?, score),
        Part::Face => records::face(&drawing::face(seed)?, score),
    };
    match fault {
        Some(Fault::LyingPosition) => {
            let at = records::position_at(&record);
            let position = record.get_mut(at)?;
            *position = if *position == 1 { 2 } else { 1 };
        }
        Some(Fault::LyingLength) => *record.get_mut(11)? ^= 1,
        Some(Fault::LyingSize) => {
            let at = records::width_at(&record);
            *record.get_mut(at + 1)? ^= 1;
        }
        _ => {}
    }
    Some(record)
}

/// Nothing, or a hash in hexadecimal; nothing is the hash of nothing.
fn previous_hash(text: Option<&str>) -> [u8; 32] {
    text.and_then(|text| hex::decode(text).ok())
        .and_then(|bytes| bytes.try_into().ok())
        .unwrap_or_else(|| sha256(b""))
}

fn other_hand(position: FingerPosition) -> FingerPosition {
    let code = match position.hand() {
        Hand::Right => position.code() + 5,
        Hand::Left => position.code() - 5,
    };
    FingerPosition::from_code(code).unwrap_or(position)
}
