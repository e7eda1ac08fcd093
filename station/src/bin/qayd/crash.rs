//! Crash: ends this very process with SIGKILL at a named point, for the tests of what a power cut leaves behind.
//!
//! In: `QAYD_CRASH_AT=point` or `point:n` for the n-th time. Out: nothing.
//! Never: in a build without the feature `failpoints`; there the points themselves are not compiled in.

#[cfg(not(feature = "failpoints"))]
pub fn arm() {}

/// Arms the point that the environment names.
#[cfg(feature = "failpoints")]
pub fn arm() {
    use std::sync::atomic::{AtomicU32, Ordering};

    let Ok(wanted) = std::env::var("QAYD_CRASH_AT") else {
        return;
    };
    let (point, nth) = match wanted.rsplit_once(':') {
        Some((point, n)) => (point.to_owned(), n.parse().unwrap_or(1)),
        None => (wanted, 1),
    };
    let left = AtomicU32::new(nth);
    let armed = fail::cfg_callback(point, move || {
        if left.fetch_sub(1, Ordering::SeqCst) == 1 {
            let _ = std::process::Command::new("kill")
                .args(["-9", &std::process::id().to_string()])
                .status();
            std::process::abort();
        }
    });
    debug_assert!(armed.is_ok());
}
