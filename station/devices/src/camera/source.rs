//! The one thing that differs between operating systems: how frames are fetched.
//!
//! In: a format that was chosen. Out: raw frames, or why none comes. Never: decodes.

use super::choice::StreamFormat;

/// A frame as the driver filled it: exactly the bytes that are used, not the buffer around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawFrame {
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Why a camera gives no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It is not there any more.
    #[error("the camera is gone")]
    Gone,
    /// Another program has it.
    #[error("another program uses the camera")]
    Busy,
    /// This user may not open it.
    #[error("the camera may not be opened by this user")]
    Denied,
    /// It has no format that is read here.
    #[error("the camera has no format that is read here")]
    NoFormat,
    /// The driver refused or failed.
    #[error("the camera's driver failed")]
    Failed,
}

/// A camera that is fetched from. All calls come from one thread.
pub trait FrameSource: Send {
    /// What it offers, of the codings that are read here.
    ///
    /// # Errors
    /// [`SourceError`].
    fn formats(&mut self) -> Result<Vec<StreamFormat>, SourceError>;

    /// Starts; what the driver really gives may differ from what was chosen and is what counts.
    ///
    /// # Errors
    /// [`SourceError`].
    fn start(&mut self, wish: &StreamFormat) -> Result<StreamFormat, SourceError>;

    /// The next frame, `None` when none came within `timeout_ms`; returns by then.
    ///
    /// # Errors
    /// [`SourceError`]; no frame comes after one.
    fn next(&mut self, timeout_ms: u32) -> Result<Option<RawFrame>, SourceError>;
}
