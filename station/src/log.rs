//! Log: what a program of this station did, for support. One JSON line per event in `<data>/logs/qayd.log`.
//!
//! In: `tracing` events. Out: the file, and the last lines of it for a report. Owns: the folder `logs`.
//! Never: personal data. The libraries log codes, ids and counts; that is the rule there and not filtered here.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

/// A log file that has grown beyond this is set aside as `qayd.log.1`.
const LOG_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// So much of its end is read for a report.
const TAIL_BYTES_MAX: u64 = 256 * 1024;
/// What is logged when `QAYD_LOG` does not say otherwise.
const FILTER: &str = "qayd=info,qayd_station=info,qayd_devices=info,qayd_ui=info";

fn file(data: &Path) -> PathBuf {
    data.join("logs").join("qayd.log")
}

/// Starts the log of this process where the data folder is there; `QAYD_LOG=debug` writes more. A log that cannot be
/// written does not stop the work.
pub fn start(data: &Path) -> Option<()> {
    if !data.is_dir() {
        return None;
    }
    let path = file(data);
    std::fs::create_dir_all(path.parent()?).ok()?;
    if std::fs::metadata(&path).is_ok_and(|m| m.len() > LOG_BYTES_MAX) {
        #[allow(
            clippy::disallowed_methods,
            reason = "a log is not evidence and need not survive a power cut"
        )]
        let _ = std::fs::rename(&path, path.with_extension("log.1"));
    }
    let file = std::fs::File::options()
        .create(true)
        .append(true)
        .open(&path)
        .ok()?;
    let filter = EnvFilter::try_from_env("QAYD_LOG").unwrap_or_else(|_| EnvFilter::new(FILTER));
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(Mutex::new(file))
        .try_init()
        .ok()
}

/// The last lines of the log, the oldest first; none where there is no log.
pub(crate) fn last_lines(data: &Path, most: usize) -> Vec<String> {
    let read = || {
        let mut file = std::fs::File::open(file(data)).ok()?;
        let length = file.metadata().ok()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES_MAX)))
            .ok()?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES_MAX).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(most)..]
        .iter()
        .map(|line| (*line).to_owned())
        .collect()
}
