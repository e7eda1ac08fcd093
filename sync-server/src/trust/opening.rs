//! Opening keys: the only way to read what stations sealed.
//!
//! In: a verified packet. Out: its plaintext. Owns: `keys/opening-*.key` while unlocked.
//! Never: exists in a process whose role is intake; hands a key out.

use std::sync::Arc;

use qayd_crypto::{OpeningKey, Passphrase, Suite};
use qayd_model::PersonalBytes;
use qayd_packet::{OpenedContent, PacketError, SampleEntry, VerifiedPacket};
use qayd_world::World;
use zeroize::Zeroizing;

use super::{Layout, TrustError, keys};

/// Whoever can open packets: a file under a passphrase now, a hardware module later. Callers write the journal entry.
pub trait OpeningKeyHolder: Send + Sync {
    /// Opens the demographics part and checks its signatures.
    fn open_demographics(&self, packet: &VerifiedPacket) -> Result<OpenedContent, PacketError>;

    /// Opens one sample's part and checks it against the digest the operator signed.
    fn open_sample(
        &self,
        packet: &VerifiedPacket,
        sample: &SampleEntry,
    ) -> Result<PersonalBytes, PacketError>;
}

/// Opening keys in memory, unlocked from files.
pub struct FileOpeningKeys {
    keys: Vec<OpeningKey>,
}

impl FileOpeningKeys {
    /// Holds these keys.
    pub fn new(keys: Vec<OpeningKey>) -> Self {
        Self { keys }
    }
}

impl OpeningKeyHolder for FileOpeningKeys {
    fn open_demographics(&self, packet: &VerifiedPacket) -> Result<OpenedContent, PacketError> {
        qayd_packet::open_demographics(&self.keys, packet)
    }

    fn open_sample(
        &self,
        packet: &VerifiedPacket,
        sample: &SampleEntry,
    ) -> Result<PersonalBytes, PacketError> {
        qayd_packet::open_sample(&self.keys, packet, sample)
    }
}

/// Names of the opening keys' files.
pub(super) const OPENING_KEYS: [&str; 2] = ["review", "biometric"];

/// Unlocks both opening keys.
pub fn unlock_opening_keys(
    world: &World,
    layout: &Layout,
    passphrase: &Passphrase,
) -> Result<Arc<dyn OpeningKeyHolder>, TrustError> {
    let mut opened = Vec::new();
    for name in OPENING_KEYS {
        let secret = keys::read_wrapped(world, &layout.opening_key(name), passphrase, name)?;
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(
            secret
                .as_slice()
                .try_into()
                .map_err(|_| TrustError::Damaged("an opening key"))?,
        );
        opened.push(OpeningKey::make(Suite::XWing, &seed));
    }
    Ok(Arc::new(FileOpeningKeys::new(opened)))
}
