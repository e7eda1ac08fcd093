//! The outside world: the only four ways in which it reaches the code.
//!
//! In: time, randomness, files, network, each as a trait object made once at the start of the program.
//! Out: the same four for everybody, so that a clock that jumps, a disk that fails and a link that drops can be
//! simulated without touching the domain.
//! Owns: every call of the operating system's clock, random source and durable writes.
//! Never: knows what a packet is; guesses after an error of the disk.
//!
//! SQLite does its own file I/O, which does not pass through [`Files`].

mod clock;
mod files;
mod network;
mod os_files;
mod random;
#[cfg(feature = "test-util")]
pub mod testing;

use std::sync::Arc;

pub use clock::{Clock, OsClock};
pub use files::{Appender, Files, FilesError, ReadSeek};
pub use network::{
    Network, NetworkBody, NetworkError, NetworkRequest, NetworkResponse, RESPONSE_BYTES_MAX,
};
pub use os_files::{OsFiles, Probe, Step, Verdict};
pub use random::{OsRandom, Randomness, RandomnessRng, random_array};

/// Clock, randomness and files of one program. Cheap to clone; every clone is the same world.
#[derive(Clone)]
pub struct World {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where keys and ids come from.
    pub random: Arc<dyn Randomness>,
    /// Where bytes are kept.
    pub files: Arc<dyn Files>,
}

impl World {
    /// The operating system's clock, random source and file system.
    pub fn os() -> Self {
        Self {
            clock: Arc::new(OsClock::default()),
            random: Arc::new(OsRandom),
            files: Arc::new(OsFiles::default()),
        }
    }

    /// Ten fresh random bytes and the present time: what every id of `qayd_model` is made of.
    pub fn id_seed(&self) -> (u64, [u8; 10]) {
        (self.clock.now().0, random_array(&*self.random))
    }
}

impl core::fmt::Debug for World {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("World")
    }
}
