//! Log: what the program did, for support. One JSON line per event in `<data>/logs/qayd.log`.
//!
//! In: `tracing` events. Out: the file; with `QAYD_LOG=debug` more of them. Owns: the folder `logs`.
//! Never: personal data. The library logs codes, ids and counts; that is the rule there and not filtered here.

use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

use crate::args::Common;

/// A log file that has grown beyond this is set aside as `qayd.log.1`.
const LOG_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Starts the log when the data folder is there. A log that cannot be written does not stop the work.
pub fn start(common: &Common) -> Option<()> {
    let data = common.data.as_deref().filter(|d| d.is_dir())?;
    let folder = data.join("logs");
    std::fs::create_dir_all(&folder).ok()?;
    let path = folder.join("qayd.log");
    if std::fs::metadata(&path).is_ok_and(|m| m.len() > LOG_BYTES_MAX) {
        #[allow(
            clippy::disallowed_methods,
            reason = "a log is not evidence and need not survive a power cut"
        )]
        let _ = std::fs::rename(&path, folder.join("qayd.log.1"));
    }
    let file = std::fs::File::options()
        .create(true)
        .append(true)
        .open(&path)
        .ok()?;
    let filter = EnvFilter::try_from_env("QAYD_LOG")
        .unwrap_or_else(|_| EnvFilter::new("qayd=info,qayd_station=info"));
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(Mutex::new(file))
        .try_init()
        .ok()
}
