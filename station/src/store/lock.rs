//! The lock of the data folder: one process at a time.
//!
//! In: the folder. Out: proof that this process alone uses it.
//! Never: outlives the process; the kernel drops the lock with it, so that a crash leaves nothing to clean up.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::StoreError;

const LOCK_NAME: &str = "station.lock";

/// Proof that this process holds the folder; dropping it lets go.
#[derive(Debug)]
pub struct FolderLock {
    folder: PathBuf,
    _file: File,
}

impl FolderLock {
    /// Takes the folder. It must exist.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process holds it, at once and without waiting.
    pub fn take(folder: &Path) -> Result<Self, StoreError> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(LOCK_NAME))
            .map_err(|source| match source.kind() {
                std::io::ErrorKind::NotFound => StoreError::NotThere,
                _ => StoreError::Folder { source },
            })?;
        match file.try_lock() {
            Ok(()) => Ok(Self {
                folder: folder.to_owned(),
                _file: file,
            }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
            Err(TryLockError::Error(source)) => Err(StoreError::Folder { source }),
        }
    }

    /// The folder that is held.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}
