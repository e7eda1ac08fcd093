//! Talk: data on stdout, everything said to a person on stderr.
//!
//! In: lines and JSON values. Out: the two streams. Never: mixes them; a broken pipe ends quietly.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is where a command speaks"
)]

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::failure::Failure;

/// Progress is shown from this time on, and at most so often.
const PROGRESS_MS: u64 = 500;

/// How this run of the command speaks.
#[derive(Debug)]
pub struct Talk {
    json: bool,
    progress: Arc<ProgressLine>,
}

/// The one line that tells how far a long step is.
#[derive(Debug)]
pub struct ProgressLine {
    terminal: bool,
    said: Mutex<Said>,
}

#[derive(Debug, Default)]
struct Said {
    at_ms: Option<u64>,
    open: bool,
}

impl ProgressLine {
    /// Says it, at most twice a second. `now_ms` is monotonic. Silent for the first half second.
    pub fn say(&self, now_ms: u64, text: &str) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(at_ms) = said.at_ms else {
            said.at_ms = Some(now_ms);
            return;
        };
        if now_ms.saturating_sub(at_ms) < PROGRESS_MS {
            return;
        }
        said.at_ms = Some(now_ms);
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K{text}");
            let _ = std::io::stderr().flush();
            said.open = true;
        } else {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    fn end(&self) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut said.open) {
            let _ = writeln!(std::io::stderr());
        }
    }
}

impl Talk {
    /// `json` makes data and errors one JSON value each.
    pub fn new(json: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self {
            json,
            progress: Arc::new(ProgressLine {
                terminal,
                said: Mutex::default(),
            }),
        }
    }

    /// Whether data and errors are JSON.
    pub const fn json(&self) -> bool {
        self.json
    }

    /// One line to the person.
    pub fn line(&self, text: &str) {
        self.progress.end();
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    /// The line of progress, to be told from elsewhere.
    pub fn progress_line(&self) -> Arc<ProgressLine> {
        self.progress.clone()
    }

    /// The long step is over.
    pub fn end_progress(&self) {
        self.progress.end();
    }

    /// The command's data: `value` as JSON, or the lines that `text` makes.
    pub fn data<T: Serialize>(
        &self,
        value: &T,
        text: impl FnOnce(&mut String) -> std::fmt::Result,
    ) -> Result<(), Failure> {
        let mut out = String::new();
        if self.json {
            out = serde_json::to_string(value)
                .map_err(|e| Failure::new("CLI-90", qayd_model::Remedy::ReportBug, &e))?;
            out.push('\n');
        } else {
            text(&mut out)
                .map_err(|e| Failure::new("CLI-90", qayd_model::Remedy::ReportBug, &e))?;
        }
        self.progress.end();
        // A reader that has gone away wanted no more.
        let _ = std::io::stdout().write_all(out.as_bytes());
        let _ = std::io::stdout().flush();
        Ok(())
    }
}

/// A time as RFC 3339 in UTC, to the second.
pub fn when(at: qayd_model::UnixMs) -> String {
    i64::try_from(at.0 / 1000)
        .ok()
        .and_then(|seconds| time::OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|time| {
            time.format(&time::format_description::well_known::Rfc3339)
                .ok()
        })
        .unwrap_or_else(|| "unknown".to_owned())
}
