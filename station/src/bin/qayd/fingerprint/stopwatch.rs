//! Stopwatch: how long this program has worked, in microseconds and finer.
//!
//! Processor time of all its threads where the operating system counts it, so that other programs on the machine do not
//! make the engine look slow, and a rate is one core's however many worked; the wall clock elsewhere.

/// Seconds from an unnamed start.
#[cfg(target_os = "linux")]
fn seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

#[cfg(not(target_os = "linux"))]
#[allow(
    clippy::disallowed_methods,
    reason = "a measurement, not the time of day"
)]
fn seconds() -> f64 {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64()
}

/// What `work` gives, and how many seconds it took.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let before = seconds();
    let done = work();
    (done, seconds() - before)
}
