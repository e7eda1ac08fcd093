//! Deterministic doubles of the world, for tests and simulation (feature `test-util`).
//!
//! In: a time, a seed, a fault. Out: a world that does the same again.
//! Never: part of a shipped program.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use qayd_model::UnixMs;

use crate::{Clock, Files, OsFiles, Probe, Randomness, Step, Verdict, World};

/// A clock that moves only when told, or when somebody sleeps. Clones show the same time.
#[derive(Debug, Clone)]
pub struct FakeClock {
    wall: Arc<AtomicU64>,
    monotonic: Arc<AtomicU64>,
}

impl FakeClock {
    /// A clock that shows `now`.
    pub fn at(now: UnixMs) -> Self {
        Self {
            wall: Arc::new(AtomicU64::new(now.0)),
            monotonic: Arc::default(),
        }
    }

    /// Time passes: both clocks move.
    pub fn advance_ms(&self, ms: u64) {
        self.wall.fetch_add(ms, Ordering::SeqCst);
        self.monotonic.fetch_add(ms, Ordering::SeqCst);
    }

    /// Somebody sets the wall clock, forward or back; the monotonic clock does not notice.
    pub fn jump_to(&self, now: UnixMs) {
        self.wall.store(now.0, Ordering::SeqCst);
    }

    /// The machine restarts: the monotonic clock begins again.
    pub fn reboot(&self) {
        self.monotonic.store(0, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> UnixMs {
        UnixMs(self.wall.load(Ordering::SeqCst))
    }

    fn monotonic_ms(&self) -> u64 {
        self.monotonic.load(Ordering::SeqCst)
    }

    fn sleep_ms(&self, ms: u64) {
        self.advance_ms(ms);
    }
}

/// Bytes that follow from a seed (splitmix64). The same calls in the same order give the same bytes.
#[derive(Debug)]
pub struct SeededRandom(AtomicU64);

impl SeededRandom {
    /// The stream of this seed.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// A number from 0 to `n` − 1, near enough to evenly for an `n` far below 2⁶⁴. `n` is not 0.
    pub fn below(&self, n: u64) -> u64 {
        let mut word = [0; 8];
        self.fill(&mut word);
        u64::from_le_bytes(word) % n
    }
}

impl Randomness for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;
        for piece in bytes.chunks_mut(8) {
            let mut word = self
                .0
                .fetch_add(STRIDE, Ordering::SeqCst)
                .wrapping_add(STRIDE);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^= word >> 31;
            piece.copy_from_slice(&word.to_le_bytes()[..piece.len()]);
        }
    }
}

/// How a disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A plain I/O error.
    Eio,
    /// The disk is full.
    NoSpace,
    /// The quota is used up.
    Quota,
    /// The disk became read-only.
    ReadOnly,
    /// Of a write only this many bytes arrive, then an I/O error. Other steps fail with an I/O error.
    Torn(usize),
    /// The power went: this step and every later one fails.
    PowerCut,
}

impl Fault {
    fn error(self) -> io::Error {
        io::Error::from(match self {
            Self::Eio | Self::Torn(_) | Self::PowerCut => {
                return io::Error::other("simulated fault");
            }
            Self::NoSpace => io::ErrorKind::StorageFull,
            Self::Quota => io::ErrorKind::QuotaExceeded,
            Self::ReadOnly => io::ErrorKind::ReadOnlyFilesystem,
        })
    }
}

#[derive(Debug, Default)]
struct Plan {
    steps: Vec<(Step, PathBuf)>,
    fault: Option<(usize, Fault)>,
}

/// Real files of which the n-th step (counted from 0, each call of the operating system is one) fails as told; records
/// every step. Clones share the count.
#[derive(Clone)]
pub struct FaultyFiles {
    plan: Arc<FaultPlan>,
    files: OsFiles,
}

#[derive(Default)]
struct FaultPlan(Mutex<Plan>);

impl Default for FaultyFiles {
    fn default() -> Self {
        let plan = Arc::new(FaultPlan::default());
        Self {
            files: OsFiles::probed(plan.clone()),
            plan,
        }
    }
}

impl FaultyFiles {
    /// From now on the `n`-th step that follows (0 = the next) fails once, or for ever after [`Fault::PowerCut`].
    pub fn fail_after(&self, n: usize, fault: Fault) {
        let mut plan = self.plan.lock();
        let at = plan.steps.len() + n;
        plan.fault = Some((at, fault));
    }

    /// No more faults.
    pub fn heal(&self) {
        self.plan.lock().fault = None;
    }

    /// Every step so far, with the path that it was taken on.
    pub fn steps(&self) -> Vec<(Step, PathBuf)> {
        self.plan.lock().steps.clone()
    }

    /// The files, as the trait that everybody takes.
    pub fn files(&self) -> Arc<dyn Files> {
        Arc::new(self.files.clone())
    }
}

impl FaultPlan {
    fn lock(&self) -> std::sync::MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Probe for FaultPlan {
    fn before(&self, step: Step, path: &Path) -> Verdict {
        let mut plan = self.lock();
        let number = plan.steps.len();
        plan.steps.push((step, path.to_owned()));
        match plan.fault {
            Some((at, Fault::PowerCut)) if number >= at => Verdict::Fail(Fault::PowerCut.error()),
            Some((at, fault @ Fault::Torn(reached))) if number == at => {
                Verdict::Torn(reached, fault.error())
            }
            Some((at, fault)) if number == at => Verdict::Fail(fault.error()),
            _ => Verdict::Go,
        }
    }
}

/// A world of one clock and one seed on real files, and the two to hold on to.
pub fn world(now: UnixMs, seed: u64) -> (World, FakeClock) {
    let clock = FakeClock::at(now);
    let world = World {
        clock: Arc::new(clock.clone()),
        random: Arc::new(SeededRandom::new(seed)),
        files: Arc::new(OsFiles::default()),
    };
    (world, clock)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random_array;

    #[test]
    fn a_clock_set_back_does_not_move_the_monotonic_one() {
        let clock = FakeClock::at(UnixMs(1_000_000));
        clock.sleep_ms(500);
        clock.jump_to(UnixMs(3));
        assert_eq!((clock.now(), clock.monotonic_ms()), (UnixMs(3), 500));
    }

    #[test]
    fn one_seed_gives_one_stream() {
        let draw = |seed| random_array::<40>(&SeededRandom::new(seed));
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
