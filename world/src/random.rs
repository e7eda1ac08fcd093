//! Randomness: where keys, nonces and ids come from.
//!
//! In: the operating system's generator. Out: bytes; also as `rand_core` 0.10 traits for the cryptographic crates.
//! Never: goes on without randomness; a machine that has none must stop.

use core::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

/// A source of bytes that nobody can guess.
pub trait Randomness: Send + Sync {
    /// Overwrites all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// `N` fresh random bytes.
pub fn random_array<const N: usize>(source: &dyn Randomness) -> [u8; N] {
    let mut bytes = [0; N];
    source.fill(&mut bytes);
    bytes
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Randomness for OsRandom {
    /// # Panics
    /// When the operating system gives no randomness: any key made after that would be worthless.
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            panic!("the operating system gives no randomness: {error}");
        }
    }
}

/// A [`Randomness`] dressed as `rand_core::CryptoRng`, for `qayd-crypto` and the crates beneath it.
#[derive(Clone, Copy)]
pub struct RandomnessRng<'a>(pub &'a dyn Randomness);

impl TryRng for RandomnessRng<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(random_array(self.0)))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(random_array(self.0)))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for RandomnessRng<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes_crypto_rng(rng: &mut dyn rand_core::CryptoRng) -> [u8; 32] {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        bytes
    }

    #[test]
    fn two_draws_differ_and_the_adapter_serves_rand_core() {
        assert_ne!(random_array::<16>(&OsRandom), random_array::<16>(&OsRandom));
        assert_ne!(takes_crypto_rng(&mut RandomnessRng(&OsRandom)), [0; 32]);
    }
}
