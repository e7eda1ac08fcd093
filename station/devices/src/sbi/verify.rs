//! The checks: an answer is believed when every one of them has passed, and not before.
//!
//! In: bytes of an answer, what was asked, whom to believe, the time. Out: [`Identity`] of a device, [`Captured`] records.
//! Owns: nothing; pure. Never: hands out part of an answer. One entry that fails is an answer that fails.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use qayd_crypto::{Authorities, Sha256Stream, VerifiedJws, sha256, verify_jws};
use qayd_model::{FingerPosition, PersonalBytes, Ppi, UnixMs};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::asked::{Asked, Subject};
use super::error::SbiError;
use super::names::{Eye, finger_from_name};
use super::picture;
use super::record::{self, Of};
use super::settings::{DeviceState, Environment, Level, SbiTrust, TIME_WINDOW_MS};
use super::wire::{
    CaptureData, CaptureReply, DEVICES_MAX, DeviceInfo, DigitalId, InfoEntry, SPECIFICATION, parse,
};
use crate::capture::{Geometry, MediaType};

/// Who a device is, as its key or its chip's key says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Serial number.
    pub serial: String,
    /// Maker.
    pub make: String,
    /// Model.
    pub model: String,
    /// `Finger`, `Iris`, `Face`.
    pub device_type: String,
    /// `Slap`, `Single`, `Touchless`, `Double`, `Full face`.
    pub sub_type: String,
    /// The provider's name and id.
    pub provider: (String, String),
}

impl From<DigitalId> for Identity {
    fn from(id: DigitalId) -> Self {
        Self {
            serial: id.serial_no,
            make: id.make,
            model: id.model,
            device_type: id.device_type,
            sub_type: id.device_sub_type,
            provider: (id.device_provider, id.device_provider_id),
        }
    }
}

/// A device as its signed information says, every check of it passed.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) identity: Identity,
    pub(super) level: Level,
    pub(super) state: DeviceState,
    pub(super) device_id: String,
    pub(super) device_code: String,
    pub(super) sub_ids: Vec<String>,
    /// SHA-256 of the certificate that signs for the device.
    pub(super) certificate: [u8; 32],
}

/// One record that was believed.
#[derive(Debug, Clone)]
pub(super) struct Captured {
    /// Whose.
    pub(super) of: CapturedOf,
    /// The picture: see `picture` for which encodings stay as they are.
    pub(super) bytes: PersonalBytes,
    /// Its type.
    pub(super) media_type: MediaType,
    /// Its size.
    pub(super) geometry: Geometry,
    /// Its resolution, of fingers.
    pub(super) ppi: Option<Ppi>,
    /// The device's own opinion, 0 to 100.
    pub(super) device_score: u8,
    /// Hash by which the next capture goes on.
    pub(super) hash: [u8; 32],
}

/// Whose record it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CapturedOf {
    Finger(FingerPosition),
    Eye(Eye),
    Face,
}

/// Id of a digital id that nobody signed, as discovery gives it: for a list, never for trust.
pub(super) fn unsigned_identity(text: &str) -> Result<Identity, SbiError> {
    let what = "digital id";
    let bytes = URL_SAFE_NO_PAD
        .decode(text.trim_end_matches('='))
        .map_err(|_| SbiError::Form { what })?;
    parse::<DigitalId>(&bytes, what).map(Identity::from)
}

fn signed(
    token: &str,
    authorities: &Authorities,
    now: UnixMs,
    what: &'static str,
) -> Result<VerifiedJws, SbiError> {
    verify_jws(token, authorities, now).map_err(|source| SbiError::NotSigned { what, source })
}

/// The digital id of a device of level L1 is signed by its chip, of L0 by the device's own key.
fn signed_identity(
    token: &str,
    level: Level,
    trust: &SbiTrust,
    now: UnixMs,
) -> Result<Identity, SbiError> {
    let what = "digital id";
    let authorities = match level {
        Level::L0 => &trust.device,
        Level::L1 => &trust.chip,
    };
    let token = signed(token, authorities, now, what)?;
    parse::<DigitalId>(token.payload(), what).map(Identity::from)
}

/// The device `device_id` of an answer to MOSIPDINFO.
pub(super) fn verify_info(
    reply: &[u8],
    device_id: &str,
    port: u16,
    environment: Environment,
    least: Level,
    trust: &SbiTrust,
    now: UnixMs,
) -> Result<Known, SbiError> {
    let what = "device information";
    let entries: Vec<InfoEntry> = parse(reply, what)?;
    if entries.len() > DEVICES_MAX {
        return Err(SbiError::Form { what });
    }
    let mut refused = None;
    for entry in entries {
        // A device that is busy or not ready says so in its error as well, and signs its information all the same.
        let Some(token) = entry.device_info else {
            let missing = entry.error.check().err();
            refused = refused.or(missing.or(Some(SbiError::Form { what })));
            continue;
        };
        let info = signed(&token, &trust.device, now, what).and_then(|token| {
            let info: DeviceInfo = parse(token.payload(), what)?;
            Ok((info, token.certificate()))
        });
        match info {
            Ok((info, certificate)) if info.device_id == device_id => {
                let known = known(info, certificate, port, environment, least, trust, now)?;
                if known.state == DeviceState::Ready {
                    entry.error.check()?;
                }
                return Ok(known);
            }
            Ok(_) => {}
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    Err(refused.unwrap_or(SbiError::OtherDevice { what: "device id" }))
}

fn known(
    info: DeviceInfo,
    certificate: [u8; 32],
    port: u16,
    environment: Environment,
    least: Level,
    trust: &SbiTrust,
    now: UnixMs,
) -> Result<Known, SbiError> {
    let form = |what| SbiError::Form { what };
    if info.purpose != "Registration" {
        return Err(SbiError::WrongPurpose);
    }
    if info.env != environment.name() {
        return Err(SbiError::WrongEnvironment);
    }
    if !info.spec_version.iter().any(|v| v == SPECIFICATION) {
        return Err(SbiError::WrongSpecification);
    }
    if !is_own_address(&info.callback_id, port) {
        return Err(SbiError::Elsewhere);
    }
    let level = Level::from_name(&info.certification).ok_or(form("certification"))?;
    if level < least {
        return Err(SbiError::LevelTooLow {
            found: level.name(),
            least: least.name(),
        });
    }
    Ok(Known {
        identity: signed_identity(&info.digital_id, level, trust, now)?,
        level,
        state: DeviceState::from_name(&info.device_status).ok_or(form("device status"))?,
        device_id: info.device_id,
        device_code: info.device_code,
        sub_ids: info.device_sub_id,
        certificate,
    })
}

/// `http://127.0.0.1:4501`, with or without what follows; a service may not send its callers elsewhere.
pub(super) fn is_own_address(callback: &str, port: u16) -> bool {
    let own = format!("http://127.0.0.1:{port}");
    callback
        .strip_prefix(&own)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Checks an answer to RCAPTURE against what was asked of the device `known`.
///
/// # Errors
/// [`SbiError`], one variant a check; nothing was handed out.
pub(super) fn verify(
    reply: &[u8],
    asked: &Asked,
    known: &Known,
    trust: &SbiTrust,
    now: UnixMs,
) -> Result<Vec<Captured>, SbiError> {
    let reply: CaptureReply = parse(reply, "capture")?;
    // Never more than were asked for are even looked at, one more to know that there are too many.
    let mut captured = Vec::new();
    let mut previous = asked.previous_hash;
    let mut names = Vec::new();
    for entry in reply.biometrics.iter().take(asked.subject.count() + 10) {
        entry.error.check()?;
        if entry.spec_version.as_deref() != Some(SPECIFICATION) {
            return Err(SbiError::WrongSpecification);
        }
        let form = SbiError::Form { what: "capture" };
        let (Some(token), Some(hash)) = (&entry.data, &entry.hash) else {
            return Err(form);
        };
        let token = signed(token, &trust.device, now, "capture")?;
        if token.certificate() != known.certificate {
            return Err(SbiError::OtherDevice {
                what: "certificate",
            });
        }
        let data: CaptureData = parse(token.payload(), "capture")?;
        check_circumstances(&data, asked, known, trust, now)?;
        let record = URL_SAFE_NO_PAD
            .decode(data.bio_value.trim_end_matches('='))
            .map(PersonalBytes::new)
            .map_err(|_| SbiError::Form {
                what: "biometric value",
            })?;
        previous = chained(previous, record.expose());
        if !is_hash(hash, &previous) {
            return Err(SbiError::BrokenChain);
        }
        names.push((
            data.bio_type.clone(),
            data.bio_sub_type.clone().filter(|name| name != "null"),
        ));
        captured.push((data, record, previous));
    }
    let positions = check_set(&names, &asked.subject)?;
    captured
        .into_iter()
        .zip(positions)
        .map(|((data, record, hash), of)| {
            let wanted = match of {
                CapturedOf::Finger(position) => Of::Finger(position),
                CapturedOf::Eye(eye) => Of::Eye(eye),
                CapturedOf::Face => Of::Face,
            };
            let refused = |source| SbiError::Record { source };
            let header = record::check(record.expose(), wanted).map_err(refused)?;
            let (bytes, media_type) = picture::of(&header).map_err(refused)?;
            Ok(Captured {
                of,
                bytes,
                media_type,
                geometry: header.geometry,
                ppi: header.ppi,
                device_score: score(&data.quality_score)?,
                hash,
            })
        })
        .collect()
}

/// Everything around the record: purpose, environment, transaction, time, identity.
fn check_circumstances(
    data: &CaptureData,
    asked: &Asked,
    known: &Known,
    trust: &SbiTrust,
    now: UnixMs,
) -> Result<(), SbiError> {
    if data.transaction_id != asked.transaction {
        return Err(SbiError::WrongTransaction);
    }
    if data.purpose != "Registration" {
        return Err(SbiError::WrongPurpose);
    }
    if data.env != asked.environment.name() {
        return Err(SbiError::WrongEnvironment);
    }
    let taken = OffsetDateTime::parse(&data.timestamp, &Rfc3339).map_err(|_| SbiError::NoTime)?;
    let taken_ms = taken.unix_timestamp_nanos() / 1_000_000;
    let away_ms = u64::try_from((taken_ms - i128::from(now.0)).unsigned_abs()).unwrap_or(u64::MAX);
    if away_ms > TIME_WINDOW_MS {
        return Err(SbiError::WrongTime {
            away_ms,
            limit_ms: TIME_WINDOW_MS,
        });
    }
    if data.device_code != known.device_code {
        return Err(SbiError::OtherDevice {
            what: "device code",
        });
    }
    if signed_identity(&data.digital_id, known.level, trust, now)? != known.identity {
        return Err(SbiError::OtherDevice { what: "digital id" });
    }
    Ok(())
}

/// H_n = SHA-256(H_{n-1} ‖ SHA-256(record)); H_0 is that of nothing.
fn chained(previous: [u8; 32], record: &[u8]) -> [u8; 32] {
    let mut stream = Sha256Stream::default();
    stream.update(&previous);
    stream.update(&sha256(record).0);
    stream.finish().0
}

/// H_0.
pub(super) fn first_hash() -> [u8; 32] {
    sha256(b"").0
}

/// Hexadecimal in one case throughout: a changed letter is a changed hash.
fn is_hash(text: &str, hash: &[u8; 32]) -> bool {
    text == hex::encode_upper(hash) || text == hex::encode(hash)
}

/// Every one asked for exactly once and nothing else; the answer's order is its own.
fn check_set(
    names: &[(String, Option<String>)],
    subject: &Subject,
) -> Result<Vec<CapturedOf>, SbiError> {
    let mut given = Vec::with_capacity(names.len());
    let mut others = 0;
    for (bio_type, sub_type) in names {
        let name = sub_type.as_deref().unwrap_or_default();
        let of = match bio_type.as_str() {
            other if other != subject.type_name() => None,
            "Finger" => finger_from_name(name).map(CapturedOf::Finger),
            "Iris" => Eye::from_name(name).map(CapturedOf::Eye),
            _ => name.is_empty().then_some(CapturedOf::Face),
        };
        match of {
            Some(of) => given.push(of),
            None => others += 1,
        }
    }
    let wanted: Vec<CapturedOf> = match subject {
        Subject::Fingers { wanted, .. } => wanted.iter().copied().map(CapturedOf::Finger).collect(),
        Subject::Eyes { wanted, .. } => wanted.iter().copied().map(CapturedOf::Eye).collect(),
        Subject::Face { .. } => vec![CapturedOf::Face],
    };
    let missing: Vec<_> = wanted.iter().filter(|w| !given.contains(w)).collect();
    let mut unasked = Vec::new();
    for (at, of) in given.iter().enumerate() {
        if !wanted.contains(of) || given[..at].contains(of) {
            unasked.push(of);
        }
    }
    if missing.is_empty() && unasked.is_empty() && others == 0 {
        return Ok(given);
    }
    let fingers = |of: &[&CapturedOf]| {
        of.iter()
            .filter_map(|of| match of {
                CapturedOf::Finger(position) => Some(*position),
                _ => None,
            })
            .collect()
    };
    let eyes = |of: &[&CapturedOf]| {
        of.iter()
            .filter_map(|of| match of {
                CapturedOf::Eye(eye) => Some(*eye),
                _ => None,
            })
            .collect()
    };
    Err(SbiError::OtherSet {
        missing: fingers(&missing),
        unasked: fingers(&unasked),
        missing_eyes: eyes(&missing),
        unasked_eyes: eyes(&unasked),
        others,
    })
}

/// `73`, `73.4`: the whole number below.
fn score(text: &str) -> Result<u8, SbiError> {
    let what = SbiError::Form {
        what: "quality score",
    };
    match text.parse::<f32>() {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range was just checked"
        )]
        Ok(value) if (0.0..=100.0).contains(&value) => Ok(value as u8),
        _ => Err(what),
    }
}
