//! Blobs: the packets' bytes, named by their SHA-256.
//!
//! In: bytes, or a finished file with its digest. Out: the bytes again. Owns: the folder `packets/`.
//! Never: alters a blob; answers before the bytes and their name are durable; trusts a name given by a peer.
//!
//! Writing the same content twice is harmless (same name, same bytes), so retries need no lock and no condition.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use qayd_model::{Remedy, Sha256Digest};
use qayd_world::{Files, FilesError, ReadSeek};

/// Why a blob could not be kept or read. Nothing half-written is ever visible under a blob's name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// No blob has this digest.
    #[error("no blob {}", .0.to_hex())]
    Absent(Sha256Digest),
    /// The bytes under the name do not have the name's digest.
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

/// The store of packets' bytes. Files by default; an object store where a programme outgrows one machine.
pub trait Blobs: Send + Sync {
    /// Keeps `bytes`; returns their digest once they are durable.
    fn put(&self, bytes: &[u8]) -> Result<Sha256Digest, BlobError>;

    /// Takes over the file at `staged`, whose content is synced and has `digest` (both by the caller). Durable on return;
    /// `staged` is gone, or back after a power cut beside the blob. It must lie on the store's own file system.
    fn put_file(&self, staged: &Path, digest: Sha256Digest) -> Result<(), BlobError>;

    /// The whole blob, checked against its name. Refuses more than `limit` bytes before reading.
    fn read(&self, digest: Sha256Digest, limit: u64) -> Result<Vec<u8>, BlobError>;

    /// A range of the blob, unchecked: the caller has a digest for what it reads.
    fn read_range(&self, digest: Sha256Digest, range: Range<u64>) -> Result<Vec<u8>, BlobError>;

    /// The blob as a stream, unchecked.
    fn open(&self, digest: Sha256Digest) -> Result<Box<dyn ReadSeek>, BlobError>;

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
    fn put(&self, bytes: &[u8]) -> Result<Sha256Digest, BlobError> {
        let digest = qayd_crypto::sha256(bytes);
        self.files.write_durably(&self.path(digest), bytes)?;
        Ok(digest)
    }

    fn put_file(&self, staged: &Path, digest: Sha256Digest) -> Result<(), BlobError> {
        self.files.rename_into(staged, &self.path(digest))?;
        Ok(())
    }

    fn read(&self, digest: Sha256Digest, limit: u64) -> Result<Vec<u8>, BlobError> {
        let bytes = self.files.read(&self.existing(digest)?, limit)?;
        if qayd_crypto::sha256(&bytes) != digest {
            return Err(BlobError::Damaged(digest));
        }
        Ok(bytes)
    }

    fn read_range(&self, digest: Sha256Digest, range: Range<u64>) -> Result<Vec<u8>, BlobError> {
        let path = self.existing(digest)?;
        let length = usize::try_from(range.end.saturating_sub(range.start))
            .map_err(|_| BlobError::Absent(digest))?;
        Ok(self.files.read_at(&path, range.start, length)?)
    }

    fn open(&self, digest: Sha256Digest) -> Result<Box<dyn ReadSeek>, BlobError> {
        Ok(self.files.open_read(&self.existing(digest)?)?)
    }

    fn length(&self, digest: Sha256Digest) -> Result<Option<u64>, BlobError> {
        Ok(self.files.length(&self.path(digest))?)
    }
}
