//! Capture: asking until every finger is as good as this person and these tries allow, and no finger is another.
//!
//! In: [`RawSample`]s of a device. Out: verdicts for the screen, and the best attempt of each finger for the draft.
//! Owns: the counts of attempts, kept with the draft under the note `capture`.
//! Never: takes three fingers for four, a left hand for a right one, or one finger for two; replaces a better attempt
//! by a later one; tries without end; keeps an image itself.
//!
//! Counting words of ISO/IEC 19795-1: a *presentation* is one placing of the fingers, an *attempt* is what the device
//! makes of it, a *transaction* is all attempts for one purpose. An attempt that yields nothing is a *failure to
//! acquire*.
//!
//! ```text
//!   target ──► attempt ──► count, hand, ten-by-ten match ──► verdict per finger ──► better than kept? ──► draft
//!      ▲                            │ wrong                        │ retry
//!      └──────── tries left ────────┴──────────────────────────────┘
//!                 no tries left: the best is accepted with its reason, or an exception with a supervisor
//! ```

mod choose;
mod fingers;
mod folder;
mod page;
mod portrait;
mod record;
mod run;
#[cfg(test)]
mod tests;

use qayd_devices::DeviceError;
use qayd_fingerprint::{ExtractError, ImageError};
use qayd_model::Remedy;

use crate::enrolment::EnrolmentError;

pub use choose::{AttemptReport, ChosenFinger, Conclusion, FingerReport};
pub use fingers::{CaptureLimits, FingerCapture};
pub use folder::choose_attempts;
pub use page::{PageCut, cut_page, find_page};
pub use portrait::{PortraitAttempt, PortraitCapture};
pub use record::Accounting;
pub(crate) use record::NOTE;
pub use run::{
    PortraitOutcome, TenFingers, capture_portrait, capture_sample, capture_ten_fingers, next_page,
    try_portrait, try_target,
};

/// Why an attempt was not judged. Nothing was kept, and what was kept before stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The device gave nothing.
    #[error("the device gave nothing")]
    Device(#[from] DeviceError),
    /// What it gave is no image.
    #[error("what the device gave is not an image of fingers")]
    Image(#[from] ImageError),
    /// What it gave is no picture of one finger.
    #[error("what the device gave is not a picture of one finger")]
    Finger(#[from] ExtractError),
    /// What it gave is no portrait.
    #[error("what the device gave is not a portrait")]
    Portrait {
        /// What the decoder said.
        #[source]
        source: image::ImageError,
    },
    /// What it gave is no picture of a page.
    #[error("what the device gave is not a picture of a page")]
    Page {
        /// What the decoder said.
        #[source]
        source: image::ImageError,
    },
    /// The tries are used up.
    #[error("no try is left")]
    NoTryLeft,
    /// The draft did not take it.
    #[error("the draft did not take it")]
    Enrolment(#[from] EnrolmentError),
}

impl CaptureError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Device(source) => source.code(),
            Self::Image(source) => source.code(),
            Self::Finger(source) => source.code(),
            Self::Portrait { .. } => "CAP-01",
            Self::NoTryLeft => "CAP-02",
            Self::Page { .. } => "CAP-04",
            Self::Enrolment(source) => source.code(),
        }
    }

    /// Who acts next.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Device(source) => source.remedy(),
            Self::Image(source) => source.remedy(),
            Self::Finger(source) => source.remedy(),
            Self::Portrait { .. } | Self::Page { .. } => Remedy::OperatorActs,
            Self::NoTryLeft => Remedy::SupervisorActs,
            Self::Enrolment(source) => source.remedy(),
        }
    }
}
