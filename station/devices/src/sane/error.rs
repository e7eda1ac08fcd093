//! Why a scanner gave no page.
//!
//! In: SANE's status, in the program's words and exit code; what is wrong with a picture. Out: [`ScannerError`], or the error
//! that every device has. Never: the program's own text, which may name files and people of this computer.

use qayd_model::Remedy;

use crate::error::DeviceError;

/// Why there is no page. Nothing of it was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScannerError {
    // People.
    /// Nothing lies in the feeder (`SANE_STATUS_NO_DOCS`).
    #[error("no paper lies in the scanner")]
    NoPaper,
    /// A sheet is stuck (`SANE_STATUS_JAMMED`).
    #[error("a sheet is stuck in the scanner")]
    Jammed,
    /// (`SANE_STATUS_COVER_OPEN`).
    #[error("the scanner's cover is open")]
    CoverOpen,

    // The device.
    /// The talk with it broke off, and it is still plugged in (`SANE_STATUS_IO_ERROR`).
    #[error("the connection to the scanner failed")]
    Io,
    /// The page ended before its last line.
    #[error("the page ends after {got} of {wanted} bytes")]
    Truncated {
        /// What came.
        got: usize,
        /// What the header promised.
        wanted: usize,
    },
    /// What came is no picture of the promised shape.
    #[error("what the scanner gave is no page: {reason}")]
    NotAPage {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// More pixels than a page has.
    #[error("the page has {width_px} × {height_px} pixels")]
    TooLarge {
        /// Columns.
        width_px: u32,
        /// Rows.
        height_px: u32,
    },

    // This computer.
    /// SANE's program is not installed.
    #[error("the program scanimage is not installed")]
    ProgramMissing,
    /// The program ended without a page and without a reason that is known here: a backend that crashed.
    #[error("the program scanimage failed")]
    ProgramFailed,
    /// This user may not use the scanner (`SANE_STATUS_ACCESS_DENIED`).
    #[error("the scanner may not be used by this user")]
    Denied,
    /// The scanner does not have what its profile says (`SANE_STATUS_INVAL`, `SANE_STATUS_UNSUPPORTED`).
    #[error("the scanner does not know a setting")]
    BadSetting,
}

impl ScannerError {
    /// Stable code under which screens, exit messages and logs find this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoPaper => "SCN-01",
            Self::Jammed => "SCN-02",
            Self::CoverOpen => "SCN-03",
            Self::Io => "SCN-04",
            Self::Truncated { .. } => "SCN-05",
            Self::NotAPage { .. } => "SCN-06",
            Self::TooLarge { .. } => "SCN-07",
            Self::ProgramMissing => "SCN-08",
            Self::ProgramFailed => "SCN-09",
            Self::Denied => "SCN-10",
            Self::BadSetting => "SCN-11",
        }
    }

    /// Who acts next.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::NoPaper
            | Self::Jammed
            | Self::CoverOpen
            | Self::Io
            | Self::Truncated { .. }
            | Self::NotAPage { .. }
            | Self::ProgramFailed => Remedy::OperatorActs,
            Self::TooLarge { .. } | Self::ProgramMissing | Self::Denied | Self::BadSetting => {
                Remedy::SupervisorActs
            }
        }
    }
}

impl From<ScannerError> for DeviceError {
    fn from(source: ScannerError) -> Self {
        Self::Scanner {
            source: Box::new(source),
        }
    }
}

/// Whether the program has said that a page failed, after which it only lets go of the scanner.
pub(super) fn has_failed(said: &str) -> bool {
    said.contains("sane_start: ") || said.contains("sane_read: ")
}

/// What SANE's status means, read from the last words of the program (`sane_strstatus` of sane-backends 1.2.1), else from its
/// exit code, which is the status too.
pub(super) fn meaning(said: &str, exit: Option<i32>) -> DeviceError {
    let last = |what: &str| said.contains(what);
    let words: [(&str, i32); 11] = [
        ("Operation was canceled", 2),
        ("Device busy", 3),
        ("Invalid argument", 4),
        ("Document feeder jammed", 6),
        ("Document feeder out of documents", 7),
        ("Scanner cover is open", 8),
        ("Error during device I/O", 9),
        ("Out of memory", 10),
        ("Access to resource has been denied", 11),
        ("unrecognized option", 4),
        ("Operation not supported", 1),
    ];
    let by_words = words.into_iter().find(|(text, _)| last(text));
    // Exit code 1 is also "something else".
    let status = by_words
        .map(|(_, status)| status)
        .or_else(|| exit.filter(|exit| *exit > 1));
    match status {
        Some(2) => DeviceError::Cancelled,
        Some(3) => DeviceError::Busy,
        // A device that is not there cannot be opened: its name is an invalid argument.
        Some(4) if last("open of device") => DeviceError::Unplugged,
        Some(1 | 4) => ScannerError::BadSetting.into(),
        Some(6) => ScannerError::Jammed.into(),
        Some(7) => ScannerError::NoPaper.into(),
        Some(8) => ScannerError::CoverOpen.into(),
        Some(9) => ScannerError::Io.into(),
        Some(11) => ScannerError::Denied.into(),
        _ => ScannerError::ProgramFailed.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_the_program_has_a_meaning() {
        let code = |said, exit| meaning(said, exit).code().to_owned();
        for (said, exit, expected) in [
            ("scanimage: sane_read: Document feeder jammed", 6, "SCN-02"),
            (
                "scanimage: sane_start: Document feeder out of documents",
                7,
                "SCN-01",
            ),
            ("scanimage: sane_start: Scanner cover is open", 8, "SCN-03"),
            ("scanimage: sane_read: Error during device I/O", 9, "SCN-04"),
            (
                "scanimage: open of device x failed: Device busy",
                1,
                "DEV-10",
            ),
            (
                "scanimage: open of device x failed: Invalid argument",
                1,
                "DEV-09",
            ),
            (
                "scanimage: open of device x failed: Error during device I/O",
                1,
                "SCN-04",
            ),
            (
                "scanimage: open of device x failed: Access to resource has been denied",
                1,
                "SCN-10",
            ),
            (
                "scanimage: setting of option --mode failed (Invalid argument)",
                1,
                "SCN-11",
            ),
            ("scanimage: unrecognized option '--mode'", 1, "SCN-11"),
            // In words that are not known, the exit code says it.
            ("", 6, "SCN-02"),
            ("", 1, "SCN-09"),
            ("scanimage: sane_read: Out of memory", 10, "SCN-09"),
        ] {
            assert_eq!(code(said, Some(exit)), expected, "{said}");
        }
        // Ended by a signal.
        assert_eq!(code("", None), "SCN-09");
    }
}
