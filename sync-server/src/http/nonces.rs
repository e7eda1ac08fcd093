//! Nonces: what makes a request that changes something good for one use.
//!
//! In: nothing, or a nonce that came back. Out: a fresh nonce, or whether the one that came was ours, young and unused.
//! Owns: the memory of used nonces. Never: keeps anything for a peer that proved nothing (a nonce carries its own proof,
//! so that asking for a million of them costs no memory).
//!
//! A nonce is `time ‖ 12 random bytes ‖ tag`, the tag an empty ChaCha20-Poly1305 message under a key of this process with
//! the time as associated data. After a restart every nonce is unknown, and stations are given a fresh one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use qayd_crypto::{SecretKey, open_at_rest, seal_at_rest};
use qayd_protocol::NONCE_MS_MAX;
use qayd_world::{Clock, Randomness, World, random_array};

/// Used nonces remembered at most; past it the oldest quarter is not forgotten, new ones are refused.
const USED_MAX: usize = 1 << 20;

pub(super) struct Nonces {
    key: SecretKey,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Randomness>,
    used: Mutex<HashMap<String, u64>>,
}

impl Nonces {
    pub(super) fn new(world: &World) -> Self {
        Self {
            key: SecretKey::from_bytes(random_array(&*world.random)),
            clock: world.clock.clone(),
            random: world.random.clone(),
            used: Mutex::new(HashMap::new()),
        }
    }

    /// A fresh nonce, at most 64 characters.
    pub(super) fn issue(&self) -> String {
        // Monotonic: a centre whose clock is set does not make its stations start over.
        let time = self.clock.monotonic_ms().to_be_bytes();
        let sealed = seal_at_rest(&self.key, random_array(&*self.random), &time, b"");
        let mut bytes = time.to_vec();
        bytes.extend_from_slice(&sealed);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Uses a nonce up. `false`: not ours, older than 15 minutes, or used before.
    pub(super) fn burn(&self, nonce: &str) -> bool {
        let Some(issued) = self.issued(nonce) else {
            return false;
        };
        let now = self.clock.monotonic_ms();
        if now.saturating_sub(issued) > NONCE_MS_MAX {
            return false;
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= USED_MAX / 2 {
            used.retain(|_, issued| now.saturating_sub(*issued) <= NONCE_MS_MAX);
        }
        if used.len() >= USED_MAX || used.contains_key(nonce) {
            return false;
        }
        used.insert(nonce.to_owned(), issued);
        true
    }

    fn issued(&self, nonce: &str) -> Option<u64> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(nonce).ok()?;
        let (time, sealed) = bytes.split_first_chunk::<8>()?;
        open_at_rest(&self.key, time, sealed).ok()?;
        Some(u64::from_be_bytes(*time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qayd_model::UnixMs;

    #[test]
    fn a_nonce_serves_once_and_for_fifteen_minutes() {
        let (world, clock) = qayd_world::testing::world(UnixMs(1_700_000_000_000), 1);
        let nonces = Nonces::new(&world);
        let nonce = nonces.issue();
        assert!(nonce.len() <= 64);
        assert!(nonces.burn(&nonce));
        assert!(!nonces.burn(&nonce));
        let (young, old) = (nonces.issue(), nonces.issue());
        clock.advance_ms(NONCE_MS_MAX);
        assert!(nonces.burn(&young));
        clock.advance_ms(1);
        assert!(!nonces.burn(&old));
    }

    #[test]
    fn what_was_not_issued_here_is_refused() {
        let (world, _) = qayd_world::testing::world(UnixMs(1_700_000_000_000), 1);
        let nonces = Nonces::new(&world);
        let (other_world, _) = qayd_world::testing::world(UnixMs(1_700_000_000_000), 2);
        let foreign = Nonces::new(&other_world).issue();
        let mut altered = nonces.issue().into_bytes();
        altered[3] = if altered[3] == b'A' { b'B' } else { b'A' };
        for bad in ["", "x", &foreign, &String::from_utf8(altered).unwrap()] {
            assert!(!nonces.burn(bad), "{bad}");
        }
        assert!(nonces.burn(&nonces.issue()));
    }
}
