//! Why a device gave nothing.
//!
//! In: facts met by a driver. Out: [`DeviceError`], sorted by blame: caller, people, device.
//! Never: holds operator text or anything about a person; the screen finds its words by [`DeviceError::code`].

use qayd_model::Remedy;

use crate::capture::CaptureTarget;
use crate::folder::FolderError;
use crate::place::PlaceError;
use crate::sane::ScannerError;
use crate::sbi::SbiError;

/// Why opening, previewing or capturing stopped. No sample was handed out, whatever the variant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    // The caller.
    /// `next_frame` or `capture` before `open`, or after the device was lost.
    #[error("the device is not open")]
    NotOpen,
    /// The device has no such modality or mode, for instance a camera asked for a finger.
    #[error("the device cannot capture {target}")]
    Unsupported {
        /// What was asked of it.
        target: CaptureTarget,
    },
    /// No device of this id is on this station.
    #[error("no device `{id}` on this station")]
    Unknown {
        /// The id that was asked for.
        id: String,
    },
    /// A simulated device on a station provisioned for production.
    #[error("`{id}` is simulated and this station is provisioned for production")]
    SimulatedInProduction {
        /// The device that was refused.
        id: String,
    },

    // People.
    /// The operator stopped the capture.
    #[error("capture was cancelled")]
    Cancelled,
    /// Nothing usable lay on the device before the time-out.
    #[error("nothing was captured within {timeout_ms} ms")]
    TimedOut {
        /// How long it was waited for.
        timeout_ms: u32,
    },
    /// The person folder cannot be used; nothing of it was handed out.
    #[error("the person folder cannot be used")]
    Folder {
        /// Every problem found, by file.
        #[source]
        source: Box<FolderError>,
    },
    /// The source is at its end: every attempt it holds was handed out.
    #[error("no further attempt of {target} is held")]
    Exhausted {
        /// What was asked for.
        target: CaptureTarget,
    },

    // The device.
    /// Cable pulled, power gone, or never there. The handle is dead: open again.
    #[error("the device is unplugged")]
    Unplugged,
    /// Another program or another capture holds it.
    #[error("the device is busy")]
    Busy,
    /// It answers, but not yet (warming up, cover open, being calibrated).
    #[error("the device is not ready: {state}")]
    NotReady {
        /// What the device says of itself; never text about a person.
        state: &'static str,
    },
    /// It delivered something that is no image of the promised shape.
    #[error("the device delivered a bad frame: {reason}")]
    BadFrame {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It is still there, but its pictures have stopped coming. Closing and opening it may help.
    #[error("the device stopped sending for {after_ms} ms")]
    Stalled {
        /// How long nothing came.
        after_ms: u32,
    },
    /// The service of a device gave something that is not believed; nothing of it was handed out.
    #[error("the device service is not believed")]
    Sbi {
        /// Which check failed.
        #[source]
        source: Box<SbiError>,
    },
    /// A document scanner gave no page.
    #[error("the document scanner gave no page")]
    Scanner {
        /// Why.
        #[source]
        source: Box<ScannerError>,
    },
    /// A receiver does not say where this computer is.
    #[error("the receiver does not say where it is")]
    Place {
        /// Why.
        #[source]
        source: PlaceError,
    },
    /// It understood the request and declined.
    #[error("the device refused: {reason}")]
    Refused {
        /// Why, as far as the device says.
        reason: &'static str,
    },
}

impl DeviceError {
    /// Stable code under which screens, exit messages and logs find this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotOpen => "DEV-01",
            Self::Unsupported { .. } => "DEV-02",
            Self::Unknown { .. } => "DEV-03",
            Self::SimulatedInProduction { .. } => "DEV-04",
            Self::Cancelled => "DEV-05",
            Self::TimedOut { .. } => "DEV-06",
            Self::Folder { .. } => "DEV-07",
            Self::Exhausted { .. } => "DEV-08",
            Self::Unplugged => "DEV-09",
            Self::Busy => "DEV-10",
            Self::NotReady { .. } => "DEV-11",
            Self::BadFrame { .. } => "DEV-12",
            Self::Refused { .. } => "DEV-13",
            Self::Stalled { .. } => "DEV-14",
            Self::Sbi { source } => source.code(),
            Self::Scanner { source } => source.code(),
            Self::Place { source } => source.code(),
        }
    }

    /// Who acts next.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::NotOpen | Self::Unsupported { .. } => Remedy::ReportBug,
            Self::Busy | Self::NotReady { .. } => Remedy::RetryLater,
            Self::Cancelled
            | Self::TimedOut { .. }
            | Self::Folder { .. }
            | Self::Exhausted { .. }
            | Self::Unknown { .. }
            | Self::Unplugged
            | Self::Stalled { .. }
            | Self::BadFrame { .. } => Remedy::OperatorActs,
            Self::Sbi { source } => source.remedy(),
            Self::Scanner { source } => source.remedy(),
            Self::Place { source } => source.remedy(),
            Self::SimulatedInProduction { .. } | Self::Refused { .. } => Remedy::SupervisorActs,
        }
    }

    /// True when the handle is dead and must be opened again before anything else.
    pub const fn lost_handle(&self) -> bool {
        matches!(self, Self::Unplugged | Self::NotOpen)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use qayd_model::{SampleKind, Slap};

    use super::*;

    #[test]
    fn every_error_has_a_code_of_its_own() {
        let target = || CaptureTarget::Slap(Slap::Thumbs);
        let all = [
            DeviceError::NotOpen,
            DeviceError::Unsupported { target: target() },
            DeviceError::Unknown { id: "x".into() },
            DeviceError::SimulatedInProduction { id: "x".into() },
            DeviceError::Cancelled,
            DeviceError::TimedOut { timeout_ms: 1 },
            DeviceError::Folder {
                source: Box::new(FolderError::default()),
            },
            DeviceError::Exhausted {
                target: CaptureTarget::Sample(SampleKind::Portrait),
            },
            DeviceError::Unplugged,
            DeviceError::Busy,
            DeviceError::NotReady {
                state: "warming up",
            },
            DeviceError::BadFrame { reason: "short" },
            DeviceError::Refused { reason: "tamper" },
            DeviceError::Stalled { after_ms: 1 },
            DeviceError::Sbi {
                source: Box::new(SbiError::WrongTransaction),
            },
            DeviceError::Scanner {
                source: Box::new(ScannerError::Jammed),
            },
            DeviceError::Place {
                source: PlaceError::Silent,
            },
        ];
        let codes: BTreeSet<_> = all.iter().map(DeviceError::code).collect();
        assert_eq!(codes.len(), all.len());
        assert!(DeviceError::Unplugged.lost_handle() && !DeviceError::Busy.lost_handle());
    }
}
