//! Simulated fingerprint scanner: slaps of 1600 × 1500 pixels (FAP 60) and single fingers, 500 ppi, as PNG.
//!
//! In: what lies on the [`Stage`]. Out: one sample of the whole platen, or of one finger. Never: segments a slap.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use qayd_fingerprint::GreyImage;
use qayd_fingerprint::synthetic::{ImpressionSettings, SlapFault, SlapSettings, impression, slap};
use qayd_model::{FingerPosition, Hand, PersonalBytes, SampleKind, Slap};
use qayd_world::Clock;

use super::script::Fault;
use super::session::{Drawn, Picture, Session};
use super::stage::{Scene, Stage};
use crate::capture::{
    CaptureDevice, CaptureRequest, CaptureTarget, DeviceDescription, Frame, Geometry, MediaType,
    Modality, PixelFormat, RawSample, admit,
};
use crate::error::DeviceError;

/// Profile of this device in `hardware-profiles/`.
pub const SCANNER_PROFILE: &str = "finger.virtual.qayd";

/// An empty platen as previewed: 400 × 375 pixels.
const PLATEN: Geometry = Geometry {
    width_px: 400,
    height_px: 375,
};
const PREVIEW_STEP: u32 = 4;

/// See the module.
pub struct SimulatedScanner {
    session: Session,
}

impl SimulatedScanner {
    /// A closed scanner before a stage; refused where `production` is true.
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

impl CaptureDevice for SimulatedScanner {
    fn describe(&self) -> DeviceDescription {
        DeviceDescription {
            id: "simulated-scanner".into(),
            profile: SCANNER_PROFILE.into(),
            serial: Some("SIM-F-0001".into()),
            modalities: vec![Modality::Slap, Modality::Finger],
            simulated: true,
        }
    }

    fn open(&mut self) -> Result<(), DeviceError> {
        self.session.open()
    }

    fn close(&mut self) {
        self.session.close();
    }

    /// The empty platen.
    fn next_frame(&mut self, timeout_ms: u32) -> Result<Frame, DeviceError> {
        self.session.wait_for_preview(timeout_ms)?;
        let pixels = vec![252; PLATEN.width_px as usize * PLATEN.height_px as usize];
        let format = PixelFormat::Grey8;
        self.session.frame(Picture {
            geometry: PLATEN,
            format,
            pixels,
            ppi: None,
        })
    }

    fn capture(
        &mut self,
        request: &CaptureRequest,
        cancel: &AtomicBool,
        progress: &mut dyn FnMut(Frame),
    ) -> Result<Vec<RawSample>, DeviceError> {
        let laid = match &request.target {
            CaptureTarget::Slap(which) => Laid::Slap(*which),
            CaptureTarget::Sample(SampleKind::Finger(position)) => Laid::Finger(*position),
            CaptureTarget::Sample(SampleKind::ThumbMark) => Laid::Finger(FingerPosition::LeftThumb),
            other => {
                return Err(DeviceError::Unsupported {
                    target: other.clone(),
                });
            }
        };
        let stage = self.session.stage.clone();
        let sample = self.session.attempt(
            request,
            cancel,
            progress,
            |scene| {
                let drawn = match laid {
                    Laid::Slap(which) => draw_slap(which, scene),
                    Laid::Finger(position) => {
                        draw_finger(position, scene).map(|(image, really)| {
                            stage.remember(really);
                            image
                        })
                    }
                };
                let Some(image) = drawn else { return Ok(None) };
                let png = image.encode_png().map_err(|_| DeviceError::BadFrame {
                    reason: "cannot be encoded",
                })?;
                let picture = Picture {
                    geometry: Geometry {
                        width_px: image.width,
                        height_px: image.height,
                    },
                    format: PixelFormat::Grey8,
                    ppi: Some(image.ppi),
                    pixels: image.pixels,
                };
                Ok(Some(Drawn {
                    picture,
                    bytes: PersonalBytes::new(png),
                    media_type: MediaType::Png,
                }))
            },
            PREVIEW_STEP,
        )?;
        Ok(vec![sample])
    }
}

#[derive(Clone, Copy)]
enum Laid {
    Slap(Slap),
    Finger(FingerPosition),
}

/// `None` when the person has none of the fingers: nothing ever lies on the platen.
fn draw_slap(which: Slap, scene: &Scene) -> Option<GreyImage> {
    if which.fingers().iter().all(|p| scene.missing.contains(p)) {
        return None;
    }
    let mut settings = SlapSettings::good(u64::from(scene.attempt));
    for position in &scene.missing {
        settings = settings.with(SlapFault::MissingFinger(*position));
    }
    // Ring fingers lift most easily; of index fingers, half misses the platen.
    let (ring, index) = match which {
        Slap::LeftFour => (FingerPosition::LeftRing, FingerPosition::LeftIndex),
        Slap::RightFour => (FingerPosition::RightRing, FingerPosition::RightIndex),
        Slap::Thumbs => (FingerPosition::RightThumb, FingerPosition::RightThumb),
    };
    match scene.fault {
        Fault::Dry => settings = settings.with(SlapFault::Dry),
        Fault::Partial => settings = settings.with(SlapFault::Partial(index)),
        Fault::SwappedHand => settings = settings.with(SlapFault::SwappedHand),
        Fault::ThreeFingers => settings = settings.with(SlapFault::MissingFinger(ring)),
        Fault::SameFingerTwice => settings = settings.with(SlapFault::SameFingerTwice),
        _ => {}
    }
    Some(slap(&scene.fingers, which, &settings))
}

/// The picture, and which finger it really is; `None` when the person does not have it.
fn draw_finger(asked: FingerPosition, scene: &Scene) -> Option<(GreyImage, FingerPosition)> {
    let really = match scene.fault {
        Fault::SwappedHand => other_hand(asked),
        Fault::SameFingerTwice => scene.last_finger.unwrap_or(asked),
        _ => asked,
    };
    if scene.missing.contains(&really) {
        return None;
    }
    let seed = u64::from(scene.attempt);
    let mut settings = ImpressionSettings::natural(seed << 8 | u64::from(really.code()));
    let image = match scene.fault {
        Fault::Dry => {
            settings.dryness = 0.95;
            impression(scene.fingers.finger(really), &settings)
        }
        Fault::Partial => {
            settings.partial = 0.55;
            impression(scene.fingers.finger(really), &settings)
        }
        _ => scene.fingers.impression(really, seed),
    };
    Some((image, really))
}

fn other_hand(position: FingerPosition) -> FingerPosition {
    let code = match position.hand() {
        Hand::Right => position.code() + 5,
        Hand::Left => position.code() - 5,
    };
    FingerPosition::from_code(code).unwrap_or(position)
}
