//! Blobs: the packets' bytes, each named by the SHA-256 of its manifest, which names the digest of every part.
//!
//! In: a finished file with its digest. Out: the bytes again. Owns: the folder `packets/`.
//! Never: alters a blob; answers before the bytes and their name are durable; trusts a name given by a peer.
//!
//! Writing the same content twice is harmless (same name, same bytes), so retries need no lock and no condition.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use qayd_model::{Remedy, Sha256Digest};
use qayd_world::{Files, FilesError};

/// Why a blob could not be kept or read. Nothing half-written is ever visible under a blob's name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// No blob has this digest.
    #[error("no blob {}", .0.to_hex())]
    Absent(Sha256Digest),
    /// The bytes under the name are not those that it names.
    #[error("blob {} is damaged", .0.to_hex())]
    Damaged(Sha256Digest),
    /// The file system failed.
    #[error("the blob store's file system failed")]
    Files(#[from] FilesError),
}

impl BlobError {
    /// Stable code for logs and screens.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Absent(_) => "BLB-01",
            Self::Damaged(_) => "BLB-02",
            Self::Files(_) => "BLB-03",
        }
    }

    /// What helps.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Absent(_) | Self::Damaged(_) => Remedy::SupervisorActs,
            Self::Files(_) => Remedy::RetryLater,
        }
    }
}

/// Whether `digest` names these bytes, every one of them.
pub fn is_named(bytes: &[u8], digest: Sha256Digest) -> bool {
    qayd_packet::check_parts(bytes).is_ok_and(|manifest| manifest.digest() == digest)
}

/// The store of packets' bytes. Files by default; an object store where a programme outgrows one machine.
pub trait Blobs: Send + Sync {
    /// Takes over the file at `staged`, whose content is synced and has `digest` (both by the caller). Durable on return;
    /// `staged` is gone, or back after a power cut beside the blob. It must lie on the store's own file system.
    fn put_file(&self, staged: &Path, digest: Sha256Digest) -> Result<(), BlobError>;

    /// The whole blob, checked against its name. Refuses more than `limit` bytes before reading.
    fn read(&self, digest: Sha256Digest, limit: u64) -> Result<Vec<u8>, BlobError>;

    /// Length in bytes, `None` when there is no such blob.
    fn length(&self, digest: Sha256Digest) -> Result<Option<u64>, BlobError>;
}

/// One file per blob: `<root>/<first two digits>/<digest>`.
#[derive(Clone)]
pub struct FileBlobs {
    files: Arc<dyn Files>,
    root: PathBuf,
}

impl FileBlobs {
    /// Opens the store in `root`, which is made when absent.
    pub fn open(files: Arc<dyn Files>, root: &Path) -> Result<Self, BlobError> {
        files.create_dir(root)?;
        for first in 0..=255_u8 {
            files.create_dir(&root.join(format!("{first:02x}")))?;
        }
        Ok(Self {
            files,
            root: root.to_owned(),
        })
    }

    fn path(&self, digest: Sha256Digest) -> PathBuf {
        let name = digest.to_hex();
        self.root.join(&name[..2]).join(&name)
    }

    fn existing(&self, digest: Sha256Digest) -> Result<PathBuf, BlobError> {
        let path = self.path(digest);
        match self.files.length(&path)? {
            Some(_) => Ok(path),
            None => Err(BlobError::Absent(digest)),
        }
    }
}

impl Blobs for FileBlobs {
    fn put_file(&self, staged: &Path, digest: Sha256Digest) -> Result<(), BlobError> {
        self.files.rename_into(staged, &self.path(digest))?;
        Ok(())
    }

    fn read(&self, digest: Sha256Digest, limit: u64) -> Result<Vec<u8>, BlobError> {
        let bytes = self.files.read(&self.existing(digest)?, limit)?;
        if !is_named(&bytes, digest) {
            return Err(BlobError::Damaged(digest));
        }
        Ok(bytes)
    }

    fn length(&self, digest: Sha256Digest) -> Result<Option<u64>, BlobError> {
        Ok(self.files.length(&self.path(digest))?)
    }
}
