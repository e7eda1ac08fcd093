//! Folder device: a person folder behind the capture seam, as if the person stood there.
//!
//! In: a [`PersonFolder`], read and checked when the device is opened. Out: one attempt per `capture`, in order.
//! Owns: the position in the attempts of each target.
//! Never: simulated; archives are moved over with it on production stations.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use qayd_world::Files;

use super::PersonFolder;
use crate::capture::{
    CaptureDevice, CaptureRequest, CaptureTarget, DeviceDescription, Frame, Modality, RawSample,
    expected_fingers,
};
use crate::error::DeviceError;

/// Profile of the folder device in `hardware-profiles/`.
pub const FOLDER_PROFILE: &str = "import.qayd.folder";

/// See the module.
pub struct FolderDevice {
    files: Arc<dyn Files>,
    dir: PathBuf,
    folder: Option<PersonFolder>,
    given: BTreeMap<CaptureTarget, usize>,
}

impl FolderDevice {
    /// A closed device over the folder `dir`; nothing is read yet.
    pub fn make(files: Arc<dyn Files>, dir: impl Into<PathBuf>) -> Self {
        Self {
            files,
            dir: dir.into(),
            folder: None,
            given: BTreeMap::new(),
        }
    }

    /// Everything the folder holds, when the device is open.
    pub fn folder(&self) -> Option<&PersonFolder> {
        self.folder.as_ref()
    }
}

impl CaptureDevice for FolderDevice {
    fn describe(&self) -> DeviceDescription {
        DeviceDescription {
            id: "folder".into(),
            profile: FOLDER_PROFILE.into(),
            serial: None,
            modalities: vec![
                Modality::Slap,
                Modality::Finger,
                Modality::Face,
                Modality::Document,
                Modality::Signature,
            ],
            simulated: false,
        }
    }

    fn open(&mut self) -> Result<(), DeviceError> {
        if self.folder.is_none() {
            let folder = PersonFolder::read(self.files.as_ref(), &self.dir).map_err(|source| {
                DeviceError::Folder {
                    source: Box::new(source),
                }
            })?;
            self.folder = Some(folder);
            self.given.clear();
        }
        Ok(())
    }

    fn close(&mut self) {
        self.folder = None;
    }

    /// A folder has no preview: what was captured is the picture.
    fn next_frame(&mut self, _timeout_ms: u32) -> Result<Frame, DeviceError> {
        match self.folder {
            Some(_) => Err(DeviceError::Refused {
                reason: "a folder has no preview",
            }),
            None => Err(DeviceError::NotOpen),
        }
    }

    /// The next attempt of the target. For a slap: the next attempt of each of its fingers that is not missing and of
    /// which one is held, as a device that segments by itself gives them.
    fn capture(
        &mut self,
        request: &CaptureRequest,
        cancel: &AtomicBool,
        _progress: &mut dyn FnMut(Frame),
    ) -> Result<Vec<RawSample>, DeviceError> {
        let folder = self.folder.as_ref().ok_or(DeviceError::NotOpen)?;
        if cancel.load(Ordering::SeqCst) {
            return Err(DeviceError::Cancelled);
        }
        let targets = match &request.target {
            CaptureTarget::Slap(_) => expected_fingers(&request.target, &request.missing)
                .into_iter()
                .map(CaptureTarget::from)
                .collect(),
            sample => vec![sample.clone()],
        };
        let mut samples = Vec::new();
        for target in targets {
            let given = self.given.get(&target).copied().unwrap_or(0);
            if let Some(sample) = folder.attempts(&target).nth(given) {
                samples.push(sample.clone());
            }
        }
        if samples.is_empty() {
            return Err(DeviceError::Exhausted {
                target: request.target.clone(),
            });
        }
        for sample in &samples {
            *self.given.entry(sample.target.clone()).or_default() += 1;
        }
        Ok(samples)
    }
}
