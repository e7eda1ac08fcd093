//! Simulated camera: portraits of 1050 × 1350 pixels (35 × 45 mm) and pages of papers, as JPEG.
//!
//! In: who stands on the [`Stage`]. Out: one sample per attempt; a drawn face, never a photograph.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use qayd_fingerprint::synthetic::{RgbImage, portrait};
use qayd_model::{PersonalBytes, Ppi, SampleKind};
use qayd_world::Clock;

use super::page::page;
use super::session::{Drawn, Picture, Session};
use super::stage::Stage;
use crate::capture::{
    CaptureDevice, CaptureRequest, CaptureTarget, DeviceDescription, Frame, Geometry, MediaType,
    Modality, PixelFormat, RawSample, admit,
};
use crate::error::DeviceError;

/// Profile of this device in `hardware-profiles/`.
pub const CAMERA_PROFILE: &str = "camera.virtual.qayd";

const PORTRAIT: Geometry = Geometry {
    width_px: 1_050,
    height_px: 1_350,
};
const PREVIEW_STEP: u32 = 3;
/// High enough that edges stay, low enough for 100 to 200 kB.
const JPEG_QUALITY: u8 = 90;

/// See the module.
pub struct SimulatedCamera {
    session: Session,
}

impl SimulatedCamera {
    /// A closed camera before a stage; refused where `production` is true.
    pub fn make(
        stage: Stage,
        clock: Arc<dyn Clock>,
        production: bool,
    ) -> Result<Self, DeviceError> {
        let device = Self {
            session: Session::make(stage, clock),
        };
        admit(&device, production)?;
        Ok(device)
    }
}

impl CaptureDevice for SimulatedCamera {
    fn describe(&self) -> DeviceDescription {
        DeviceDescription {
            id: "simulated-camera".into(),
            profile: CAMERA_PROFILE.into(),
            serial: Some("SIM-C-0001".into()),
            modalities: vec![Modality::Face, Modality::Document],
            simulated: true,
        }
    }

    fn open(&mut self) -> Result<(), DeviceError> {
        self.session.open()
    }

    fn close(&mut self) {
        self.session.close();
    }

    /// The person, live.
    fn next_frame(&mut self, timeout_ms: u32) -> Result<Frame, DeviceError> {
        self.session.wait_for_preview(timeout_ms)?;
        let seed = self.session.stage.person().seed;
        let small = portrait(
            seed,
            PORTRAIT.width_px / PREVIEW_STEP,
            PORTRAIT.height_px / PREVIEW_STEP,
        );
        self.session.frame(picture_of(small, None))
    }

    fn capture(
        &mut self,
        request: &CaptureRequest,
        cancel: &AtomicBool,
        progress: &mut dyn FnMut(Frame),
    ) -> Result<Vec<RawSample>, DeviceError> {
        if !matches!(
            request.target.modality(),
            Modality::Face | Modality::Document
        ) {
            return Err(DeviceError::Unsupported {
                target: request.target.clone(),
            });
        }
        let sample = self.session.attempt(
            request,
            cancel,
            progress,
            |scene| {
                let (image, ppi) = match &request.target {
                    CaptureTarget::Sample(SampleKind::DocumentPage {
                        document,
                        page: number,
                    }) => {
                        let (image, ppi) = page(scene.seed, document, *number);
                        (image, Some(ppi))
                    }
                    _ => (
                        portrait(scene.seed, PORTRAIT.width_px, PORTRAIT.height_px),
                        None,
                    ),
                };
                let jpeg = image
                    .encode_jpeg(JPEG_QUALITY)
                    .map_err(|_| DeviceError::BadFrame {
                        reason: "cannot be encoded",
                    })?;
                Ok(Some(Drawn {
                    picture: picture_of(image, ppi),
                    bytes: PersonalBytes::new(jpeg),
                    media_type: MediaType::Jpeg,
                }))
            },
            PREVIEW_STEP,
        )?;
        Ok(vec![sample])
    }
}

fn picture_of(image: RgbImage, ppi: Option<Ppi>) -> Picture {
    Picture {
        geometry: Geometry {
            width_px: image.width,
            height_px: image.height,
        },
        format: PixelFormat::Rgb8,
        pixels: image.pixels,
        ppi,
    }
}
