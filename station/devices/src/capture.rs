//! The capture seam: the one trait behind which every device stands, and what crosses it.
//!
//! In: a [`CaptureRequest`]. Out: [`Frame`]s while the person settles, then [`RawSample`]s exactly as the device gave them.
//! Owns: nothing; the driver owns the device handle.
//! Never: judges quality, decodes for the caller, recompresses, or waits without an end.
//!
//! ```text
//!   closed ──open──► open ──begin_preview──► next_frame* ──► capture ──► RawSample…
//!      ▲              │  ▲                                      │
//!      └────close─────┘  └──────── open again ◄── Unplugged ◄───┘
//! ```

use core::fmt;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use qayd_model::{FingerPosition, PersonalBytes, Ppi, SampleKind, Slap};
use serde::Serialize;

use crate::error::DeviceError;

/// No wait on a device is longer than this, whatever a caller asks for: 60 s (the slowest device class known, a ten-print
/// scanner behind a service, is given 40 s by MOSIP's client).
pub const TIMEOUT_MS_MAX: u32 = 60_000;

/// A device that can look at a person or a paper. Drivers: `simulated`, `folder`, `sbi`, `camera`, `sane`; later libfprint.
/// A receiver (`place`) is listed and checked by the same trait and captures nothing.
///
/// Every call returns within its time-out (never more than [`TIMEOUT_MS_MAX`]) or when `cancel` is set. A sheet that has
/// begun to move is scanned to its end, and that may take up to [`TIMEOUT_MS_MAX`] whatever the time-out was.
pub trait CaptureDevice: Send {
    /// Who the device is. Answers in every state and without touching the hardware.
    fn describe(&self) -> DeviceDescription;

    /// Takes the device for this program. Opening an open device changes nothing.
    fn open(&mut self) -> Result<(), DeviceError>;

    /// Gives it back. Closing a closed device changes nothing.
    fn close(&mut self);

    /// Says what the preview is to show and starts it. A slap scanner shows the platen as it will be captured for this
    /// target; a device that shows the same whatever is asked does nothing, which is what this does unless overridden.
    ///
    /// Calling it again changes the target. Without it, [`CaptureDevice::next_frame`] shows what the device shows by itself.
    ///
    /// # Errors
    /// [`DeviceError::NotOpen`], [`DeviceError::Unsupported`], or why the preview did not start; a capture works without one.
    fn begin_preview(&mut self, target: &CaptureTarget) -> Result<(), DeviceError> {
        let _ = target;
        Ok(())
    }

    /// Stops the preview, so that a device that warms or lights up may rest. Ending none changes nothing.
    fn end_preview(&mut self) {}

    /// The newest preview image that was not handed out yet, waiting `timeout_ms` at most (0: only what is there already).
    /// Images that nobody fetched in time are dropped; a gap in [`Frame::sequence`] shows how many.
    ///
    /// # Errors
    /// [`DeviceError::TimedOut`] while nothing came yet, [`DeviceError::Stalled`] when a preview that ran has stopped
    /// although the device is still there, [`DeviceError::Unplugged`] when it is not.
    fn next_frame(&mut self, timeout_ms: u32) -> Result<Frame, DeviceError>;

    /// One attempt: waits for the person, hands each preview to `progress`, and returns what was captured.
    ///
    /// A slap comes back as one sample of the whole platen or, from a device that segments, as one sample per finger.
    /// Setting `cancel` ends the attempt with [`DeviceError::Cancelled`]. After any error nothing was captured.
    fn capture(
        &mut self,
        request: &CaptureRequest,
        cancel: &AtomicBool,
        progress: &mut dyn FnMut(Frame),
    ) -> Result<Vec<RawSample>, DeviceError>;
}

/// Refuses a simulated device on a station provisioned for production. Whoever opens a device calls this first;
/// [`crate::Devices`] does.
pub fn admit(device: &dyn CaptureDevice, production: bool) -> Result<(), DeviceError> {
    let description = device.describe();
    if production && description.simulated {
        return Err(DeviceError::SimulatedInProduction { id: description.id });
    }
    Ok(())
}

/// Who a device is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceDescription {
    /// The name under which this station lists it; unique there.
    pub id: String,
    /// Id of its profile in `hardware-profiles/`, such as `finger.ib.kojak`.
    pub profile: String,
    /// Serial number as the device gives it.
    pub serial: Option<String>,
    /// What it captures.
    pub modalities: Vec<Modality>,
    /// True when no hardware stands behind it and what it gives is invented.
    pub simulated: bool,
}

impl DeviceDescription {
    /// `profile/serial`, as evidence records name a device (`device` of a packet's sample entry).
    pub fn evidence_name(&self) -> String {
        match &self.serial {
            Some(serial) => format!("{}/{serial}", self.profile),
            None => self.profile.clone(),
        }
    }
}

/// A class of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Modality {
    /// Slaps of the 4-4-2 sequence.
    Slap,
    /// One finger at a time.
    Finger,
    /// Portraits and exception photographs.
    Face,
    /// Eyes. No procedure asks for them yet, so that no [`CaptureTarget`] has this modality; `sbi` captures them.
    Iris,
    /// Pages of papers.
    Document,
    /// Signatures on a pad.
    Signature,
    /// Where this computer is. No [`CaptureTarget`] has this modality: [`crate::Devices::place`] is asked.
    Place,
}

/// What one attempt is to capture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureTarget {
    /// One presentation of the 4-4-2 sequence.
    Slap(Slap),
    /// One finger, portrait, page, mark or signature.
    Sample(SampleKind),
}

impl CaptureTarget {
    /// The class of device that can capture it.
    pub const fn modality(&self) -> Modality {
        match self {
            Self::Slap(_) => Modality::Slap,
            Self::Sample(SampleKind::Finger(_) | SampleKind::ThumbMark) => Modality::Finger,
            Self::Sample(SampleKind::Portrait | SampleKind::ExceptionPhoto) => Modality::Face,
            Self::Sample(SampleKind::DocumentPage { .. }) => Modality::Document,
            Self::Sample(SampleKind::Signature) => Modality::Signature,
        }
    }
}

impl From<FingerPosition> for CaptureTarget {
    fn from(position: FingerPosition) -> Self {
        Self::Sample(SampleKind::Finger(position))
    }
}

impl From<Slap> for CaptureTarget {
    fn from(slap: Slap) -> Self {
        Self::Slap(slap)
    }
}

/// The name in scripts, reports and logs: `left_four`, `right_thumb`, `portrait`, `document_csid_1`.
impl fmt::Display for CaptureTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slap(Slap::LeftFour) => f.write_str("left_four"),
            Self::Slap(Slap::RightFour) => f.write_str("right_four"),
            Self::Slap(Slap::Thumbs) => f.write_str("thumbs"),
            Self::Sample(SampleKind::Finger(position)) => f.write_str(position.name()),
            Self::Sample(SampleKind::Portrait) => f.write_str("portrait"),
            Self::Sample(SampleKind::ExceptionPhoto) => f.write_str("exception_photo"),
            Self::Sample(SampleKind::DocumentPage { document, page }) => {
                write!(f, "document_{document}_{page}")
            }
            Self::Sample(SampleKind::ThumbMark) => f.write_str("thumb_mark"),
            Self::Sample(SampleKind::Signature) => f.write_str("signature"),
        }
    }
}

/// One attempt as the caller wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureRequest {
    /// What to capture.
    pub target: CaptureTarget,
    /// Fingers that are known to be missing and must not be waited for.
    pub missing: Vec<FingerPosition>,
    /// How long the attempt may take; more than [`TIMEOUT_MS_MAX`] means [`TIMEOUT_MS_MAX`].
    pub timeout_ms: u32,
}

impl CaptureRequest {
    /// An attempt with no finger missing and ten seconds of time.
    pub fn of(target: impl Into<CaptureTarget>) -> Self {
        Self {
            target: target.into(),
            missing: Vec::new(),
            timeout_ms: 10_000,
        }
    }

    /// The time-out that holds.
    pub fn bounded_timeout_ms(&self) -> u32 {
        self.timeout_ms.min(TIMEOUT_MS_MAX)
    }
}

/// How pixels lie in memory: row by row, top row first, no padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PixelFormat {
    /// 8-bit grey, 0 black.
    Grey8,
    /// 8-bit red, green, blue.
    Rgb8,
}

impl PixelFormat {
    /// 1 or 3.
    pub const fn bytes_per_pixel(self) -> usize {
        match self {
            Self::Grey8 => 1,
            Self::Rgb8 => 3,
        }
    }
}

/// Size of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Geometry {
    /// Columns.
    pub width_px: u32,
    /// Rows.
    pub height_px: u32,
}

/// One preview image: plain pixels, for a screen or a quality check, never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    geometry: Geometry,
    format: PixelFormat,
    pixels: PersonalBytes,
    /// Counts from 1 since the device was opened; a gap means frames were dropped.
    pub sequence: u64,
    /// When it was taken, on the monotonic clock that the driver was given.
    pub monotonic_ms: u64,
    /// Resolution, where the device knows it.
    pub ppi: Option<Ppi>,
}

impl Frame {
    /// A frame of `pixels`; [`DeviceError::BadFrame`] when they are not `width × height` of `format` or the image is empty.
    pub fn make(
        geometry: Geometry,
        format: PixelFormat,
        pixels: impl Into<Vec<u8>>,
        sequence: u64,
        monotonic_ms: u64,
        ppi: Option<Ppi>,
    ) -> Result<Self, DeviceError> {
        let pixels = PersonalBytes::new(pixels);
        let wanted = (geometry.width_px as usize)
            .checked_mul(geometry.height_px as usize)
            .and_then(|n| n.checked_mul(format.bytes_per_pixel()));
        match wanted {
            Some(0) => Err(DeviceError::BadFrame { reason: "empty" }),
            Some(n) if n == pixels.expose().len() => Ok(Self {
                geometry,
                format,
                pixels,
                sequence,
                monotonic_ms,
                ppi,
            }),
            _ => Err(DeviceError::BadFrame {
                reason: "length does not match its size",
            }),
        }
    }

    /// Columns and rows.
    pub const fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// How the pixels lie.
    pub const fn format(&self) -> PixelFormat {
        self.format
    }

    /// The pixels: `width × height × bytes_per_pixel` bytes, top row first.
    pub const fn pixels(&self) -> &PersonalBytes {
        &self.pixels
    }
}

/// The encodings that a sample may arrive in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum MediaType {
    Png,
    Jpeg,
    Tiff,
    Bmp,
    Pgm,
    Pdf,
}

impl MediaType {
    /// The registered name (IANA), as packets carry it; PGM has none of its own and takes that of its family.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Tiff => "image/tiff",
            Self::Bmp => "image/bmp",
            Self::Pgm => "image/x-portable-graymap",
            Self::Pdf => "application/pdf",
        }
    }

    /// The type of a registered name.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Png,
            Self::Jpeg,
            Self::Tiff,
            Self::Bmp,
            Self::Pgm,
            Self::Pdf,
        ]
        .into_iter()
        .find(|m| m.name() == name)
    }
}

/// What a device gave, untouched: the bytes that are hashed, sealed and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawSample {
    /// What it is of, as asked; nothing has checked yet that it really is.
    pub target: CaptureTarget,
    /// Fingers that were asked for: those of the slap without the missing ones, or the one finger; else empty.
    pub fingers: Vec<FingerPosition>,
    /// The bytes as the device gave them.
    pub bytes: PersonalBytes,
    /// Their encoding.
    pub media_type: MediaType,
    /// Size of the image; `None` for a PDF.
    pub geometry: Option<Geometry>,
    /// Resolution, where the device or the file states it. `None` means not known, not 500.
    pub ppi: Option<Ppi>,
    /// Attempt number of this target at this device, from 1.
    pub attempt: u16,
    /// When it was taken, on the driver's monotonic clock; `None` for a file.
    pub monotonic_ms: Option<u64>,
    /// The file it came from, below the person folder; `None` for a live device.
    pub file: Option<PathBuf>,
}

/// The fingers that a target is to show when `missing` are known to be absent.
pub fn expected_fingers(target: &CaptureTarget, missing: &[FingerPosition]) -> Vec<FingerPosition> {
    match target {
        CaptureTarget::Slap(slap) => slap
            .fingers()
            .iter()
            .copied()
            .filter(|p| !missing.contains(p))
            .collect(),
        CaptureTarget::Sample(SampleKind::Finger(position)) => vec![*position],
        CaptureTarget::Sample(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GEOMETRY: Geometry = Geometry {
        width_px: 4,
        height_px: 3,
    };

    #[test]
    fn a_frame_of_the_wrong_length_is_a_bad_frame() {
        let make = |format, n| Frame::make(GEOMETRY, format, vec![0; n], 1, 0, None);
        assert!(make(PixelFormat::Grey8, 12).is_ok());
        assert!(make(PixelFormat::Rgb8, 36).is_ok());
        for (format, n) in [
            (PixelFormat::Grey8, 11),
            (PixelFormat::Grey8, 36),
            (PixelFormat::Rgb8, 12),
        ] {
            assert!(matches!(make(format, n), Err(DeviceError::BadFrame { .. })));
        }
        let huge = Geometry {
            width_px: u32::MAX,
            height_px: u32::MAX,
        };
        assert!(Frame::make(huge, PixelFormat::Rgb8, vec![0; 9], 1, 0, None).is_err());
        let empty = Geometry {
            width_px: 0,
            height_px: 3,
        };
        assert!(Frame::make(empty, PixelFormat::Grey8, vec![], 1, 0, None).is_err());
    }

    #[test]
    fn a_slap_expects_its_fingers_without_the_missing_ones() {
        let target = CaptureTarget::Slap(Slap::LeftFour);
        assert_eq!(expected_fingers(&target, &[]).len(), 4);
        let without = expected_fingers(&target, &[FingerPosition::LeftRing]);
        assert_eq!(without.len(), 3);
        assert!(!without.contains(&FingerPosition::LeftRing));
    }

    #[test]
    fn no_request_waits_longer_than_the_longest_wait() {
        let mut request = CaptureRequest::of(Slap::Thumbs);
        request.timeout_ms = u32::MAX;
        assert_eq!(request.bounded_timeout_ms(), TIMEOUT_MS_MAX);
    }

    #[test]
    fn media_type_names_lead_back() {
        for m in [
            MediaType::Png,
            MediaType::Jpeg,
            MediaType::Tiff,
            MediaType::Bmp,
            MediaType::Pgm,
            MediaType::Pdf,
        ] {
            assert_eq!(MediaType::from_name(m.name()), Some(m));
        }
    }

    #[test]
    fn debug_of_frames_and_samples_shows_no_pixel() {
        let frame = Frame::make(GEOMETRY, PixelFormat::Grey8, vec![213; 12], 1, 0, None).unwrap();
        assert!(!format!("{frame:?}").contains("213"));
    }
}
