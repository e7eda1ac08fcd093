//! Files: bytes that are still there after the power went.
//!
//! In: paths and bytes. Out: bytes, or a typed reason.
//! Never: says that something is kept before the disk has said so; retries after a failed fsync, because the kernel may
//! have dropped the pages and the second fsync would lie (PostgreSQL's lesson of 2018).

use std::{
    io,
    path::{Path, PathBuf},
};

use qayd_model::Remedy;

/// A file that is read in pieces.
pub trait ReadSeek: io::Read + io::Seek + Send {}

impl<T: io::Read + io::Seek + Send> ReadSeek for T {}

/// A file that is written on from where it ends, held open between pieces.
pub trait Appender: Send {
    /// Writes the next bytes. Not durable until [`Appender::sync`] or [`Files::sync`]. After an error the file may hold some
    /// of them.
    fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError>;
    /// Asks the disk to begin with what was written, so that the sync to come has less to wait for. Advice: nothing
    /// becomes durable by it, and nothing fails.
    fn begin_writeback(&mut self);
    /// Makes the file's bytes durable, but not its name: see [`Files::rename_into`]. After [`FilesError::SyncFailed`]
    /// nothing since the last successful sync may be trusted.
    fn sync(&mut self) -> Result<(), FilesError>;
}

/// A place for files. One writer per path: two at once may see [`FilesError::Damaged`].
pub trait Files: Send + Sync {
    /// All bytes of a file of at most `limit` bytes; a longer one is [`FilesError::TooLarge`] and is not read.
    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, FilesError>;
    /// Exactly `length` bytes from `offset`; [`FilesError::TooShort`] when the file ends earlier.
    fn read_at(&self, path: &Path, offset: u64, length: usize) -> Result<Vec<u8>, FilesError>;
    /// Opens a file to be read in pieces.
    fn open_read(&self, path: &Path) -> Result<Box<dyn ReadSeek>, FilesError>;
    /// Puts `bytes` at `path` so that at every moment, and after a power cut at any moment, the path holds either all of
    /// the old or all of the new: temporary name in the same folder, write, fsync, read back and compare, rename, fsync
    /// of the folder, read back again through the name. After an error the old bytes stand, unless the error came from
    /// the fsync of the folder or after it: then either may stand.
    fn write_durably(&self, path: &Path, bytes: &[u8]) -> Result<(), FilesError>;
    /// Opens a file to write on from `offset`, over what is there; makes the file when there is none. `offset` may not lie
    /// past the end ([`FilesError::TooShort`]): no holes. What is written is not durable until [`Files::sync`].
    fn appender(&self, path: &Path, offset: u64) -> Result<Box<dyn Appender>, FilesError>;
    /// [`Files::appender`] for one piece.
    fn append(&self, path: &Path, offset: u64, bytes: &[u8]) -> Result<(), FilesError> {
        self.appender(path, offset)?.write(bytes)
    }
    /// Makes everything appended durable, the name in its folder included. After [`FilesError::SyncFailed`] nothing
    /// since the last successful sync may be trusted: truncate to that length and receive it again.
    fn sync(&self, path: &Path) -> Result<(), FilesError>;
    /// Cuts the file to `length` bytes and makes that durable. `length` may not lie past the end.
    fn truncate(&self, path: &Path, length: u64) -> Result<(), FilesError>;
    /// Renames over whatever `to` holds, then fsyncs both folders. The file itself must have been synced before.
    fn rename_durably(&self, from: &Path, to: &Path) -> Result<(), FilesError>;
    /// Renames over whatever `to` holds, then fsyncs the folder of `to` alone: after a power cut the old name may be there
    /// as well, and whoever owns that folder sweeps it. The file itself must have been synced before.
    fn rename_into(&self, from: &Path, to: &Path) -> Result<(), FilesError>;
    /// Removes a file and fsyncs its folder. A file that is not there is a success: removal may be repeated.
    fn remove_durably(&self, path: &Path) -> Result<(), FilesError>;
    /// Everything in a folder, files and folders, full paths in ascending order, without temporary names.
    fn list(&self, dir: &Path) -> Result<Vec<PathBuf>, FilesError>;
    /// Length in bytes, `None` when there is no such file.
    fn length(&self, path: &Path) -> Result<Option<u64>, FilesError>;
    /// Makes the folder and the folders above it, durably, open to the owner alone. One that is there is a success.
    fn create_dir(&self, dir: &Path) -> Result<(), FilesError>;
    /// Bytes free for this user on the disk that holds `dir`.
    fn free_bytes(&self, dir: &Path) -> Result<u64, FilesError>;
    /// Removes what interrupted [`Files::write_durably`] calls left in a folder; returns how many. Only at the start of a
    /// program, by the only program that writes there.
    fn sweep_temporary(&self, dir: &Path) -> Result<usize, FilesError>;
}

/// Why a file could not be read or kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilesError {
    /// There is no such file or folder.
    #[error("there is no such file")]
    NotFound,
    /// The disk or the quota is full. Nothing was replaced.
    #[error("the disk is full")]
    NoSpace,
    /// The disk or the folder may not be written to.
    #[error("the disk cannot be written to")]
    ReadOnly,
    /// What was read back is not what was written: the disk or the memory lies.
    #[error("the disk gave back other bytes than were written")]
    Damaged,
    /// The file is longer than the caller allows.
    #[error("the file has {length} bytes, at most {limit} are allowed")]
    TooLarge {
        /// What the file has.
        length: u64,
        /// What the caller allows.
        limit: u64,
    },
    /// The file ends before the bytes that were asked for, or before the offset to write at.
    #[error("the file has {length} bytes, byte {wanted} was asked for")]
    TooShort {
        /// What the file has.
        length: u64,
        /// How far it would have to reach.
        wanted: u64,
    },
    /// The disk did not confirm the write. Never retried: see [`Files::sync`].
    #[error("the disk did not confirm the write")]
    SyncFailed {
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// Anything else.
    #[error("the disk failed")]
    Io {
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
}

impl FilesError {
    /// Stable code: `FIL-01` to `FIL-08`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "FIL-01",
            Self::NoSpace => "FIL-02",
            Self::ReadOnly => "FIL-03",
            Self::Damaged => "FIL-04",
            Self::TooLarge { .. } => "FIL-05",
            Self::TooShort { .. } => "FIL-06",
            Self::SyncFailed { .. } => "FIL-07",
            Self::Io { .. } => "FIL-08",
        }
    }

    /// What helps.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::NoSpace => Remedy::OperatorActs,
            Self::ReadOnly | Self::Damaged | Self::SyncFailed { .. } | Self::Io { .. } => {
                Remedy::SupervisorActs
            }
            Self::NotFound | Self::TooLarge { .. } | Self::TooShort { .. } => Remedy::ReportBug,
        }
    }
}

impl From<io::Error> for FilesError {
    fn from(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace,
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => Self::ReadOnly,
            _ => Self::Io { source },
        }
    }
}
