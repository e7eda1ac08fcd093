//! Seeded: one stream of numbers for everything the synthetic people are made of.
//!
//! In: a seed. Out: the same stream on every machine (SHA-256 in counter mode). Never: keys of a real programme.

use core::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

/// A reproducible stream.
pub struct Seeded {
    seed: u64,
    counter: u64,
}

impl Seeded {
    pub const fn new(seed: u64) -> Self {
        Self { seed, counter: 0 }
    }

    /// The same stream from its beginning.
    pub const fn again(&self) -> Self {
        Self::new(self.seed)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        u64::from_be_bytes(self.bytes()) % bound
    }

    /// True in `percent` of 100 cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of the list, which is not empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }

    /// `N` fresh bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        for chunk in out.chunks_mut(32) {
            let block = [self.seed.to_be_bytes(), self.counter.to_be_bytes()].concat();
            self.counter += 1;
            chunk.copy_from_slice(&qayd_crypto::sha256(&block).0[..chunk.len()]);
        }
        out
    }

    /// So many digits, the first not 0.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count)
            .map(|i| {
                let low = u64::from(i == 0);
                char::from(b'0' + (low + self.below(10 - low)) as u8)
            })
            .collect()
    }
}

impl TryRng for Seeded {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_be_bytes(self.bytes()))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_be_bytes(self.bytes()))
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(32) {
            chunk.copy_from_slice(&self.bytes::<32>()[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Seeded {}
