//! How long to wait before the next try.

/// The shortest first wait's upper bound: 1 s.
pub const WAIT_MS_MIN: u64 = 1_000;
/// The longest wait: 60 s.
pub const WAIT_MS_MAX: u64 = 60_000;

/// Doubles from 1 s to 60 s; each wait is drawn from the upper half of its step, so that a camp's stations that lost the
/// same link do not come back together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next wait, of which `random` draws the jitter.
    pub fn next_ms(&mut self, random: u64) -> u64 {
        let step = (WAIT_MS_MIN << self.failures.min(6)).min(WAIT_MS_MAX);
        self.failures = self.failures.saturating_add(1);
        step / 2 + random % (step / 2 + 1)
    }

    /// A byte was acknowledged: the link works.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_begin_again_after_a_reset() {
        let mut backoff = Backoff::default();
        let longest: Vec<_> = (0..9)
            .map(|_| backoff.next_ms(WAIT_MS_MAX * WAIT_MS_MAX))
            .collect();
        assert!(longest.iter().all(|ms| *ms <= WAIT_MS_MAX));
        for failures in 0..40 {
            let mut backoff = Backoff { failures };
            let step = (1000_u64 << failures.min(6)).min(60_000);
            for random in [0, 1, 499, 500, u64::MAX] {
                let wait = Backoff { failures }.next_ms(random);
                assert!((step / 2..=step).contains(&wait));
            }
            backoff.reset();
            assert!(backoff.next_ms(u64::MAX) <= WAIT_MS_MIN);
        }
    }
}
