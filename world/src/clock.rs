//! Clock: what time it is, and how much has passed.
//!
//! In: the operating system. Out: [`UnixMs`] that may jump, and milliseconds that never do.
//! Never: corrects the wall clock; estimating true time is the station's work, from signed time.
#![allow(
    clippy::disallowed_methods,
    reason = "this is the Clock that everybody else has to ask"
)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use qayd_model::UnixMs;

/// What time it is.
pub trait Clock: Send + Sync {
    /// The wall clock, milliseconds since 1970 UTC. May be wrong by years and may go backwards.
    fn now(&self) -> UnixMs;
    /// Milliseconds since an unnamed start. Never goes backwards, and counts while the machine sleeps where the
    /// operating system offers that (Linux: `CLOCK_BOOTTIME`). Comparable only within one boot of one machine.
    fn monotonic_ms(&self) -> u64;
    /// Waits.
    fn sleep_ms(&self, ms: u64);
    /// Which boot of the machine this is, where the operating system says so; `None` otherwise. Two readings of
    /// [`Clock::monotonic_ms`] compare only when this is equal.
    fn boot_id(&self) -> Option<[u8; 16]> {
        None
    }
}

/// The operating system's clock.
#[derive(Debug, Clone)]
pub struct OsClock {
    #[cfg(not(target_os = "linux"))]
    start: std::time::Instant,
}

#[cfg_attr(
    target_os = "linux",
    allow(clippy::derivable_impls, reason = "elsewhere it starts a watch")
)]
impl Default for OsClock {
    fn default() -> Self {
        Self {
            #[cfg(not(target_os = "linux"))]
            start: std::time::Instant::now(),
        }
    }
}

impl Clock for OsClock {
    /// A clock before 1970 reads as 1970.
    fn now(&self) -> UnixMs {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        UnixMs(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    #[cfg(target_os = "linux")]
    fn monotonic_ms(&self) -> u64 {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        u64::try_from(time.tv_sec).unwrap_or(0) * 1000
            + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000
    }

    #[cfg(not(target_os = "linux"))]
    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn sleep_ms(&self, ms: u64) {
        std::thread::sleep(Duration::from_millis(ms));
    }

    /// Linux: the kernel's random boot id, a UUID drawn at every boot.
    #[cfg(target_os = "linux")]
    fn boot_id(&self) -> Option<[u8; 16]> {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let mut id = [0; 16];
        if digits.len() != 32 {
            return None;
        }
        for (byte, pair) in id.iter_mut().zip(digits.chunks(2)) {
            *byte = u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_time_passes_while_sleeping() {
        let clock = OsClock::default();
        let before = clock.monotonic_ms();
        clock.sleep_ms(20);
        assert!(clock.monotonic_ms() >= before + 19);
        assert!(clock.now() > UnixMs(1_700_000_000_000));
    }
}
