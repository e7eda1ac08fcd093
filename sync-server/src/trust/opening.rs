//! Opening keys: the only way to read what stations sealed.
//!
//! In: a verified packet. Out: its plaintext. Owns: `keys/opening-*.key` while unlocked.
//! Never: exists in a process whose role is intake; hands a key out.

use std::sync::Arc;

use qayd_crypto::{OpeningKey, Passphrase, SecretKey, Suite, keyed_digest};
use qayd_model::PersonalBytes;
use qayd_packet::{
    Demographics, FieldEntry, OpenPacketError, SampleEntry, SensitiveEntry, VerifiedPacket,
};
use qayd_world::World;
use zeroize::Zeroizing;

use super::{Layout, TrustError, keys};

/// Whoever can open packets: a file under a passphrase now, a hardware module later. Callers write the journal entry.
pub trait OpeningKeyHolder: Send + Sync {
    /// Opens the demographics part; its signers are proved by [`Demographics::verify`].
    fn open_demographics(
        &self,
        packet: &VerifiedPacket<'_>,
    ) -> Result<Demographics, OpenPacketError>;

    /// Opens one sample's part and checks it against the digest the operator signed.
    fn open_sample(
        &self,
        packet: &VerifiedPacket<'_>,
        sample: &SampleEntry,
    ) -> Result<PersonalBytes, OpenPacketError>;

    /// Opens the sensitive answers that were given in this packet. Whoever holds no key for them is refused as any other
    /// who is not a recipient.
    fn open_sensitive(
        &self,
        packet: &VerifiedPacket<'_>,
        entry: &SensitiveEntry,
    ) -> Result<Vec<FieldEntry>, OpenPacketError>;

    /// A key of one purpose (a fixed word), the same each time, that exists only where the opening keys do. The review
    /// role keeps its index of persons under it, so that the register alone names nobody.
    fn derive_key(&self, purpose: &str) -> SecretKey;
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
    fn open_demographics(
        &self,
        packet: &VerifiedPacket<'_>,
    ) -> Result<Demographics, OpenPacketError> {
        qayd_packet::open_demographics(&self.keys, packet)
    }

    fn open_sample(
        &self,
        packet: &VerifiedPacket<'_>,
        sample: &SampleEntry,
    ) -> Result<PersonalBytes, OpenPacketError> {
        qayd_packet::open_sample(&self.keys, packet, sample)
    }

    fn open_sensitive(
        &self,
        packet: &VerifiedPacket<'_>,
        entry: &SensitiveEntry,
    ) -> Result<Vec<FieldEntry>, OpenPacketError> {
        qayd_packet::open_sensitive(&self.keys, packet, entry)
    }

    fn derive_key(&self, purpose: &str) -> SecretKey {
        // The first key is the oldest: it stays when newer ones join it.
        let seed = self.keys.first().map_or([0; 32], |key| **key.seed());
        let context = format!("qayd-derived-key-v1 {purpose}");
        let digest = keyed_digest(&SecretKey::from_bytes(seed), context.as_bytes());
        SecretKey::from_bytes(digest.0)
    }
}

/// Names of the opening keys' files.
pub(super) const OPENING_KEYS: [&str; 3] = ["review", "biometric", SENSITIVE_KEY];
/// The one whose file a centre may keep elsewhere: nobody reads sensitive answers there, and all else works.
const SENSITIVE_KEY: &str = "sensitive";

/// Unlocks the opening keys that are here.
pub fn unlock_opening_keys(
    world: &World,
    layout: &Layout,
    passphrase: &Passphrase,
) -> Result<Arc<dyn OpeningKeyHolder>, TrustError> {
    let mut opened = Vec::new();
    for name in OPENING_KEYS {
        let file = layout.opening_key(name);
        if name == SENSITIVE_KEY && world.files.length(&file)?.is_none() {
            continue;
        }
        let secret = keys::read_wrapped(world, &file, passphrase, name)?;
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
