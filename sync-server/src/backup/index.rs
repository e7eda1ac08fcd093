//! The list of a backup: every file, its length and its digest, signed by the centre.

use minicbor::{Decode, Encode};
use qayd_crypto::{Namespace, PublicKey, SigningKey, cbor, sign1, verify1};
use qayd_model::{Sha256Digest, UnixMs};

use super::BackupError;

/// The list of some two million packets.
pub(super) const INDEX_BYTES_MAX: u64 = 256 << 20;

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct BackupIndex {
    /// When the register was copied.
    #[n(1)]
    pub taken: UnixMs,
    /// Name of the register's copy.
    #[n(2)]
    pub register: String,
    /// Every file, in ascending name.
    #[n(3)]
    pub entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Entry {
    /// Path below the backup's folder, with `/`.
    #[n(1)]
    pub name: String,
    #[n(2)]
    pub length: u64,
    #[n(3)]
    pub sha256: Sha256Digest,
}

impl BackupIndex {
    pub(super) fn sign(&self, key: &SigningKey) -> Vec<u8> {
        sign1(Namespace::BackupIndex, key, &cbor::encode(self))
    }

    /// Verifies the list; its names stay inside the folder.
    pub(super) fn open(signed: &[u8], key: &PublicKey) -> Result<Self, BackupError> {
        let payload = verify1(Namespace::BackupIndex, key, signed)
            .map_err(qayd_protocol::TrustError::Signature)?;
        let index: Self = cbor::decode_strict(&payload, INDEX_BYTES_MAX as usize)
            .map_err(|_| BackupError::Index("its list cannot be read"))?;
        let inside = |name: &str| {
            !name.starts_with('/')
                && !name.contains('\\')
                && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
        };
        let sorted = index.entries.is_sorted_by(|a, b| a.name < b.name);
        if !sorted || !index.entries.iter().all(|entry| inside(&entry.name)) {
            return Err(BackupError::Index("its list names files that it may not"));
        }
        Ok(index)
    }
}
