//! A device behind a service, behind the one capture seam.
//!
//! In: a [`Listed`] device and the settings. Out: frames of its preview, samples that passed every check, eyes.
//! Owns: the signed knowledge of the device while open, the chain of hashes, the preview that runs.
//! Never: captures with a device that was not verified since it was opened.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use qayd_model::{FingerPosition, PersonalBytes, SampleKind, Slap};
use qayd_world::{Clock, Randomness, random_array};
use serde_json::json;

use super::asked::{Asked, Subject};
use super::discovery::{Listed, discover};
use super::error::SbiError;
use super::http::{Call, Running, run};
use super::names::{Eye, eye_sub_id, slap_of, sub_id_of};
use super::settings::{DeviceState, SbiSettings};
use super::stream::Preview;
use super::verify::{Captured, CapturedOf, Known, first_hash, verify, verify_info};
use crate::capture::{
    CaptureDevice, CaptureRequest, CaptureTarget, DeviceDescription, Frame, Geometry, MediaType,
    Modality, RawSample, expected_fingers,
};
use crate::error::DeviceError;
use crate::profile::DeviceProfile;

/// What MOSIP's client gives a service to say who it is.
const INFO_MS: u32 = 5_000;
/// No device information is longer: 256 KiB.
const INFO_BYTES_MAX: usize = 256 * 1024;
/// Four fingers of a FAP 60 platen, not compressed, in base64 twice, leave room below this: 48 MiB.
const CAPTURE_BYTES_MAX: usize = 48 * 1024 * 1024;
/// What a service is given on top of the capture's own time, to hand over what it has.
const HAND_OVER_MS: u32 = 3_000;
/// A preview ends by itself after this; it is begun again as long as somebody looks.
const PREVIEW_MS: u32 = 5 * 60 * 1_000;
/// At this quality the device stops by itself; below, the station's own quality decides what is good enough.
const SCORE: u8 = 80;
/// Profile of a device that no profile knows.
const NO_PROFILE: &str = "sbi.unprofiled";
/// Make under which the simulator signs.
const SIMULATOR: (&str, &str) = ("Qayd", "SBI simulator");

/// One eye, as captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EyeSample {
    /// Which.
    pub eye: Eye,
    /// The picture.
    pub bytes: PersonalBytes,
    /// Its type.
    pub media_type: MediaType,
    /// Its size.
    pub geometry: Geometry,
    /// The device's own opinion, 0 to 100; nothing here judges irises.
    pub device_score: u8,
}

/// See the module.
pub struct SbiDevice {
    listed: Listed,
    settings: SbiSettings,
    profile: Option<DeviceProfile>,
    pub(super) clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    known: Option<Known>,
    previous_hash: [u8; 32],
    preview: Option<Preview>,
    attempts: BTreeMap<CaptureTarget, u16>,
}

impl SbiDevice {
    /// A closed device; nothing is asked of it yet.
    pub fn make(
        listed: Listed,
        settings: SbiSettings,
        profile: Option<DeviceProfile>,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Self {
        Self {
            listed,
            settings,
            profile,
            clock,
            randomness,
            known: None,
            previous_hash: first_hash(),
            preview: None,
            attempts: BTreeMap::new(),
        }
    }

    /// Captures eyes: the wanted ones, at once where the device has both.
    ///
    /// # Errors
    /// As of [`CaptureDevice::capture`]; [`DeviceError::Refused`] when the device is for something else.
    pub fn capture_eyes(
        &mut self,
        wanted: &[Eye],
        timeout_ms: u32,
        cancel: &AtomicBool,
        progress: &mut dyn FnMut(Frame),
    ) -> Result<Vec<EyeSample>, DeviceError> {
        if self.listed.identity.device_type != "Iris" || wanted.is_empty() {
            return Err(DeviceError::Refused {
                reason: "the device does not capture eyes",
            });
        }
        let missing = [Eye::Left, Eye::Right]
            .into_iter()
            .filter(|eye| wanted.len() > 1 && !wanted.contains(eye))
            .collect();
        let subject = Subject::Eyes {
            wanted: wanted.to_vec(),
            missing,
        };
        let sub_id = self.iris_sub_id(wanted);
        let captured = self.ask(subject, sub_id, timeout_ms, cancel, progress)?;
        Ok(captured
            .into_iter()
            .filter_map(|captured| match captured.of {
                CapturedOf::Eye(eye) => Some(EyeSample {
                    eye,
                    bytes: captured.bytes,
                    media_type: captured.media_type,
                    geometry: captured.geometry,
                    device_score: captured.device_score,
                }),
                _ => None,
            })
            .collect())
    }

    #[cfg(test)]
    pub(super) const fn known(&self) -> Option<&Known> {
        self.known.as_ref()
    }

    fn iris_sub_id(&self, wanted: &[Eye]) -> u8 {
        let ids = self
            .profile
            .as_ref()
            .and_then(|p| p.iris.as_ref()?.sbi_sub_id.clone());
        match (self.listed.identity.sub_type.as_str(), ids) {
            ("Single", _) => 0,
            (_, Some(ids)) => match wanted {
                [Eye::Left] => ids.left,
                [Eye::Right] => ids.right,
                _ => ids.both,
            },
            _ => eye_sub_id(wanted),
        }
    }

    /// The platen as a target is laid on it, and whose records are wanted.
    fn plan(
        &self,
        target: &CaptureTarget,
        missing: &[FingerPosition],
    ) -> Result<(Subject, u8), DeviceError> {
        let unsupported = || DeviceError::Unsupported {
            target: target.clone(),
        };
        let ids = self
            .profile
            .as_ref()
            .and_then(|p| p.finger.as_ref()?.sbi_sub_id.as_ref());
        let identity = &self.listed.identity;
        let is_slap = identity.sub_type != "Single";
        let finger = |position: FingerPosition| {
            let subject = Subject::Fingers {
                wanted: vec![position],
                missing: Vec::new(),
            };
            let sub_id = if is_slap {
                sub_id_of(slap_of(position), ids)
            } else {
                0
            };
            (subject, sub_id)
        };
        match (identity.device_type.as_str(), target) {
            ("Finger", CaptureTarget::Slap(slap)) if is_slap => {
                let subject = Subject::Fingers {
                    wanted: expected_fingers(target, missing),
                    missing: of_slap(*slap, missing),
                };
                Ok((subject, sub_id_of(*slap, ids)))
            }
            ("Finger", CaptureTarget::Sample(SampleKind::Finger(position))) => {
                Ok(finger(*position))
            }
            ("Finger", CaptureTarget::Sample(SampleKind::ThumbMark)) => {
                Ok(finger(FingerPosition::LeftThumb))
            }
            ("Face", CaptureTarget::Sample(SampleKind::Portrait)) => Ok((
                Subject::Face {
                    missing: Vec::new(),
                },
                0,
            )),
            ("Face", CaptureTarget::Sample(SampleKind::ExceptionPhoto)) => Ok((
                Subject::Face {
                    missing: missing.to_vec(),
                },
                0,
            )),
            _ => Err(unsupported()),
        }
    }

    /// One RCAPTURE with every check, and the chain of hashes carried on.
    fn ask(
        &mut self,
        subject: Subject,
        sub_id: u8,
        timeout_ms: u32,
        cancel: &AtomicBool,
        progress: &mut dyn FnMut(Frame),
    ) -> Result<Vec<Captured>, DeviceError> {
        let known = self.known.clone().ok_or(DeviceError::NotOpen)?;
        if cancel.load(Ordering::SeqCst) {
            return Err(DeviceError::Cancelled);
        }
        // Whoever looks on sees what is captured; a capture works without.
        let _ = self.show(sub_id);
        let asked = Asked {
            subject,
            transaction: self.transaction(),
            previous_hash: self.previous_hash,
            at: self.clock.now(),
            environment: self.settings.environment,
            device_id: known.device_id.clone(),
            sub_id,
            timeout_ms,
            score: SCORE,
        };
        let call = Call {
            port: self.listed.port,
            method: "RCAPTURE",
            path: "/capture",
            body: asked.body(),
            timeout_ms: timeout_ms.saturating_add(HAND_OVER_MS),
            bytes_max: CAPTURE_BYTES_MAX,
        };
        let preview = self.preview.as_ref();
        let reply = Running::start(call).wait(|| {
            if cancel.load(Ordering::SeqCst) {
                return Err(SbiError::Cancelled);
            }
            if let Some(frame) = preview.and_then(|p| p.next(0).ok()) {
                progress(frame);
            }
            Ok(())
        });
        let answer = reply.and_then(|reply| {
            let now = self.clock.now();
            verify(&reply, &asked, &known, &self.settings.trust, now)
        });
        match answer {
            Ok(captured) => {
                // The last entry's hash is what the next capture goes on from.
                if let Some(last) = captured.last() {
                    self.previous_hash = last.hash;
                }
                Ok(captured)
            }
            Err(SbiError::Unreachable | SbiError::Reported { number: 106 | 202 }) => {
                Err(self.lose())
            }
            Err(SbiError::Reported {
                number: 101 | 102 | 105,
            }) => Err(DeviceError::TimedOut { timeout_ms }),
            Err(error) => Err(error.into()),
        }
    }

    /// A name of 32 hexadecimal digits that nobody can guess: whoever answers under it answers this request.
    fn transaction(&self) -> String {
        hex::encode(random_array::<16>(self.randomness.as_ref()))
    }

    /// Has the preview show a part of the device.
    fn show(&mut self, sub_id: u8) -> Result<(), DeviceError> {
        let known = self.known.as_ref().ok_or(DeviceError::NotOpen)?;
        if let Some(preview) = &self.preview
            && preview.sub_id == sub_id
            && !preview.is_over()
        {
            return Ok(());
        }
        let body = json!({
            "deviceId": known.device_id,
            "deviceSubId": sub_id.to_string(),
            "timeout": PREVIEW_MS.to_string(),
        });
        let call = Call {
            port: self.listed.port,
            method: "STREAM",
            path: "/stream",
            body: body.to_string().into_bytes(),
            timeout_ms: INFO_MS,
            bytes_max: 0,
        };
        self.preview = None;
        self.preview = Some(Preview::start(call, sub_id, self.clock.clone()));
        Ok(())
    }

    /// The service is gone: the handle is dead until opened again.
    fn lose(&mut self) -> DeviceError {
        self.close();
        DeviceError::Unplugged
    }

    /// What its service says of it now, unsigned, and what it says signed.
    fn ask_who(&self) -> Result<Known, SbiError> {
        let port = self.listed.port;
        let call = Call {
            port,
            method: "MOSIPDINFO",
            path: "/info",
            body: Vec::new(),
            timeout_ms: INFO_MS,
            bytes_max: INFO_BYTES_MAX,
        };
        let (listed, reply) = run(async {
            let listed = discover(port, INFO_MS).await?;
            Ok((listed, call.answer().await?))
        })
        .unwrap_or(Err(SbiError::Unreachable))?;
        let now_listed = listed
            .into_iter()
            .flatten()
            .find(|l| l.device_id == self.listed.device_id);
        let Some(now_listed) = now_listed else {
            return Err(SbiError::Unreachable);
        };
        let least = self
            .profile
            .iter()
            .flat_map(|p| &p.matches)
            .filter_map(|rule| rule.sbi.as_ref()?.min_level.as_deref())
            .filter_map(super::Level::from_name)
            .fold(self.settings.least_level, Ord::max);
        let known = verify_info(
            &reply,
            &self.listed.device_id,
            port,
            self.settings.environment,
            least,
            &self.settings.trust,
            self.clock.now(),
        )?;
        // Signed identity against the one that was chosen from the list, and against what the list says now.
        if known.identity != self.listed.identity || now_listed.identity != known.identity {
            return Err(SbiError::OtherDevice { what: "digital id" });
        }
        Ok(known)
    }

    fn sample(&self, target: CaptureTarget, captured: Captured, attempt: u16) -> RawSample {
        let fingers = match captured.of {
            CapturedOf::Finger(position) => vec![position],
            _ => Vec::new(),
        };
        RawSample {
            target,
            fingers,
            bytes: captured.bytes,
            media_type: captured.media_type,
            geometry: Some(captured.geometry),
            ppi: captured.ppi,
            attempt,
            monotonic_ms: Some(self.clock.monotonic_ms()),
            file: None,
        }
    }
}

impl CaptureDevice for SbiDevice {
    fn describe(&self) -> DeviceDescription {
        let identity = &self.listed.identity;
        let modalities = match (identity.device_type.as_str(), identity.sub_type.as_str()) {
            ("Finger", "Single") => vec![Modality::Finger],
            ("Finger", _) => vec![Modality::Slap, Modality::Finger],
            ("Iris", _) => vec![Modality::Iris],
            _ => vec![Modality::Face],
        };
        let is_simulator = (identity.make.as_str(), identity.model.as_str()) == SIMULATOR;
        DeviceDescription {
            id: self.listed.id(),
            profile: self
                .profile
                .as_ref()
                .map_or(NO_PROFILE, |p| &p.id)
                .to_owned(),
            serial: Some(identity.serial.clone()),
            modalities,
            simulated: is_simulator || self.profile.as_ref().is_some_and(|p| p.is_virtual),
        }
    }

    /// Asks the service who it is and believes nothing that is not signed by an authority.
    fn open(&mut self) -> Result<(), DeviceError> {
        if self.known.is_some() {
            return Ok(());
        }
        let known = self.ask_who()?;
        match known.state {
            DeviceState::Ready => {}
            DeviceState::Busy => return Err(DeviceError::Busy),
            DeviceState::NotReady => {
                return Err(DeviceError::NotReady {
                    state: "not ready, as its service says",
                });
            }
            DeviceState::NotRegistered => {
                return Err(DeviceError::Refused {
                    reason: "the device is not registered",
                });
            }
        }
        self.known = Some(known);
        self.previous_hash = first_hash();
        Ok(())
    }

    fn close(&mut self) {
        self.preview = None;
        self.known = None;
    }

    fn begin_preview(&mut self, target: &CaptureTarget) -> Result<(), DeviceError> {
        let (_, sub_id) = self.plan(target, &[])?;
        self.show(sub_id)
    }

    fn end_preview(&mut self) {
        self.preview = None;
    }

    /// Without a target said before, the first part of the device is shown.
    fn next_frame(&mut self, timeout_ms: u32) -> Result<Frame, DeviceError> {
        let known = self.known.as_ref().ok_or(DeviceError::NotOpen)?;
        if self.preview.is_none() {
            let first = known.sub_ids.iter().find_map(|id| id.parse().ok());
            self.show(first.unwrap_or(0))?;
        }
        let Some(preview) = &self.preview else {
            return Err(DeviceError::NotOpen);
        };
        let sub_id = preview.sub_id;
        let frame = preview.next(timeout_ms);
        if frame.is_err() && preview.is_over() {
            self.preview = None;
            match &frame {
                Err(DeviceError::Unplugged) => return Err(self.lose()),
                // It came to its own time-out and nothing is wrong with it.
                Err(DeviceError::TimedOut { .. }) => self.show(sub_id)?,
                // Broken: the next call begins another.
                _ => {}
            }
        }
        frame
    }

    fn capture(
        &mut self,
        request: &CaptureRequest,
        cancel: &AtomicBool,
        progress: &mut dyn FnMut(Frame),
    ) -> Result<Vec<RawSample>, DeviceError> {
        let (subject, sub_id) = self.plan(&request.target, &request.missing)?;
        if subject.count() == 0 {
            return Err(DeviceError::Exhausted {
                target: request.target.clone(),
            });
        }
        let timeout_ms = request.bounded_timeout_ms();
        let count = self.attempts.entry(request.target.clone()).or_default();
        *count = count.saturating_add(1);
        let attempt = *count;
        let captured = self.ask(subject, sub_id, timeout_ms, cancel, progress)?;
        Ok(captured
            .into_iter()
            .map(|captured| {
                let target = match (&request.target, captured.of) {
                    (CaptureTarget::Slap(_), CapturedOf::Finger(position)) => position.into(),
                    _ => request.target.clone(),
                };
                self.sample(target, captured, attempt)
            })
            .collect())
    }
}

/// Those of `missing` that a presentation would show.
fn of_slap(slap: Slap, missing: &[FingerPosition]) -> Vec<FingerPosition> {
    slap.fingers()
        .iter()
        .copied()
        .filter(|position| missing.contains(position))
        .collect()
}
