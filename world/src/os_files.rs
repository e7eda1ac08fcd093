//! The operating system's files, with the order of steps that a power cut cannot break.
//!
//! In: [`Files`] calls. Out: the same, step by step, each step first shown to the [`Probe`].
//! Owns: temporary names: `.<name>.<process>-<count>.qayd-tmp`, beside the file that they will become.
//! Never: leaves a partial file under a real name; retries an fsync.
#![allow(
    clippy::disallowed_methods,
    reason = "this is the home of durable writes"
)]

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{Appender, Files, FilesError, ReadSeek};

const TEMPORARY_SUFFIX: &str = ".qayd-tmp";

/// Numbers temporary names, so that two threads never share one.
static TEMPORARY_COUNT: AtomicU64 = AtomicU64::new(0);

/// One call of the operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Open for reading, or ask for length or free space.
    Look,
    /// Read bytes.
    Read,
    /// Open or make for writing.
    Create,
    /// Write bytes.
    Write,
    /// Cut to a length.
    Truncate,
    /// fsync of a file.
    SyncFile,
    /// Rename.
    Rename,
    /// fsync of a folder.
    SyncFolder,
    /// Remove a file.
    Remove,
    /// Make a folder.
    CreateFolder,
}

/// What a [`Probe`] makes of a step.
#[derive(Debug)]
pub enum Verdict {
    /// The step is taken.
    Go,
    /// The step is not taken; the caller is told this.
    Fail(io::Error),
    /// Of a write only so many bytes reach the file, then the caller is told this. Other steps: as `Fail`.
    Torn(usize, io::Error),
}

/// Sees every step before it is taken. For tests of what happens when a disk fails.
pub trait Probe: Send + Sync {
    /// Asked before each step.
    fn before(&self, step: Step, path: &Path) -> Verdict;
}

/// The operating system's file system.
#[derive(Clone, Default)]
pub struct OsFiles {
    probe: Option<Arc<dyn Probe>>,
}

impl OsFiles {
    /// The same file system, seen and disturbed by `probe`.
    pub fn probed(probe: Arc<dyn Probe>) -> Self {
        Self { probe: Some(probe) }
    }

    /// Takes one step, again when a signal interrupted it. fsync is a step of its own kind: see [`Self::sync_file`].
    fn step<T>(
        &self,
        step: Step,
        path: &Path,
        mut take: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        self.ask(step, path)?;
        loop {
            match take() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    fn ask(&self, step: Step, path: &Path) -> io::Result<()> {
        match self.probe.as_ref().map(|probe| probe.before(step, path)) {
            None | Some(Verdict::Go) => Ok(()),
            Some(Verdict::Fail(error) | Verdict::Torn(_, error)) => Err(error),
        }
    }

    fn write_bytes(&self, file: &mut File, path: &Path, bytes: &[u8]) -> io::Result<()> {
        match self
            .probe
            .as_ref()
            .map(|probe| probe.before(Step::Write, path))
        {
            None | Some(Verdict::Go) => file.write_all(bytes),
            Some(Verdict::Fail(error)) => Err(error),
            Some(Verdict::Torn(reached, error)) => {
                file.write_all(&bytes[..reached.min(bytes.len())])?;
                Err(error)
            }
        }
    }

    /// One fsync. An interrupted one is repeated by the standard library, which is safe: it has not failed.
    fn sync_file(&self, file: &File, path: &Path) -> Result<(), FilesError> {
        self.ask(Step::SyncFile, path)
            .and_then(|()| file.sync_all())
            .map_err(|source| FilesError::SyncFailed { source })
    }

    fn sync_folder_of(&self, path: &Path) -> Result<(), FilesError> {
        self.sync_folder(folder_of(path))
    }

    fn sync_folder(&self, dir: &Path) -> Result<(), FilesError> {
        self.ask(Step::SyncFolder, dir)
            .and_then(|()| sync_folder_now(dir))
            .map_err(|source| FilesError::SyncFailed { source })
    }

    fn open(&self, path: &Path) -> Result<File, FilesError> {
        Ok(self.step(Step::Look, path, || File::open(path))?)
    }

    /// Whether the file holds exactly `expected`, read from its start.
    fn compare(&self, file: &mut File, path: &Path, expected: &[u8]) -> Result<(), FilesError> {
        self.ask(Step::Read, path)?;
        file.seek(SeekFrom::Start(0))?;
        let mut piece = vec![0; expected.len().clamp(1, 256 * 1024)];
        let mut rest = expected;
        loop {
            let read = match file.read(&mut piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            match rest.split_at_checked(read) {
                _ if read == 0 && rest.is_empty() => return Ok(()),
                Some((head, tail)) if read > 0 && head == &piece[..read] => rest = tail,
                _ => return Err(FilesError::Damaged),
            }
        }
    }

    fn write_temporary(&self, temporary: &Path, bytes: &[u8]) -> Result<(), FilesError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        owner_only(&mut options);
        let mut file = self.step(Step::Create, temporary, || options.open(temporary))?;
        self.write_bytes(&mut file, temporary, bytes)?;
        self.sync_file(&file, temporary)?;
        forget_cached(&file);
        self.compare(&mut file, temporary, bytes)
    }
}

impl Files for OsFiles {
    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, FilesError> {
        let file = self.open(path)?;
        let length = file.metadata()?.len();
        if length > limit {
            return Err(FilesError::TooLarge { length, limit });
        }
        self.ask(Step::Read, path)?;
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        let length = bytes.len() as u64;
        if length > limit {
            return Err(FilesError::TooLarge { length, limit });
        }
        Ok(bytes)
    }

    fn read_at(&self, path: &Path, offset: u64, length: usize) -> Result<Vec<u8>, FilesError> {
        let mut file = self.open(path)?;
        let held = file.metadata()?.len();
        let wanted = offset.saturating_add(length as u64);
        if wanted > held {
            return Err(FilesError::TooShort {
                length: held,
                wanted,
            });
        }
        self.ask(Step::Read, path)?;
        let mut bytes = vec![0; length];
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn open_read(&self, path: &Path) -> Result<Box<dyn ReadSeek>, FilesError> {
        Ok(Box::new(self.open(path)?))
    }

    fn write_durably(&self, path: &Path, bytes: &[u8]) -> Result<(), FilesError> {
        let temporary = temporary_name(path);
        let written = self
            .write_temporary(&temporary, bytes)
            .and_then(|()| Ok(self.step(Step::Rename, path, || fs::rename(&temporary, path))?));
        if let Err(error) = written {
            // Best effort: what stays is swept at the next start.
            let _ = self.step(Step::Remove, &temporary, || fs::remove_file(&temporary));
            return Err(error);
        }
        self.sync_folder_of(path)?;
        let mut file = self.open(path)?;
        self.compare(&mut file, path, bytes)
    }

    fn appender(&self, path: &Path, offset: u64) -> Result<Box<dyn Appender>, FilesError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        owner_only(&mut options);
        let mut file = self.step(Step::Create, path, || options.open(path))?;
        let length = file.metadata()?.len();
        if offset > length {
            return Err(FilesError::TooShort {
                length,
                wanted: offset,
            });
        }
        file.seek(SeekFrom::Start(offset))?;
        Ok(Box::new(OsAppender {
            files: self.clone(),
            path: path.to_owned(),
            file,
        }))
    }

    fn sync(&self, path: &Path) -> Result<(), FilesError> {
        let file = self.step(Step::Look, path, || {
            OpenOptions::new().write(true).open(path)
        })?;
        self.sync_file(&file, path)?;
        self.sync_folder_of(path)
    }

    fn truncate(&self, path: &Path, length: u64) -> Result<(), FilesError> {
        let file = self.step(Step::Look, path, || {
            OpenOptions::new().write(true).open(path)
        })?;
        let held = file.metadata()?.len();
        if length > held {
            return Err(FilesError::TooShort {
                length: held,
                wanted: length,
            });
        }
        self.step(Step::Truncate, path, || file.set_len(length))?;
        self.sync_file(&file, path)
    }

    fn rename_durably(&self, from: &Path, to: &Path) -> Result<(), FilesError> {
        self.rename_into(from, to)?;
        if folder_of(from) != folder_of(to) {
            self.sync_folder_of(from)?;
        }
        Ok(())
    }

    fn rename_into(&self, from: &Path, to: &Path) -> Result<(), FilesError> {
        self.step(Step::Rename, to, || fs::rename(from, to))?;
        self.sync_folder_of(to)
    }

    fn remove_durably(&self, path: &Path) -> Result<(), FilesError> {
        match self.step(Step::Remove, path, || fs::remove_file(path)) {
            Ok(()) => {}
            // The folder is synced all the same: the removal that came before may not be durable yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        self.sync_folder_of(path)
    }

    fn list(&self, dir: &Path) -> Result<Vec<PathBuf>, FilesError> {
        let entries = self.step(Step::Look, dir, || fs::read_dir(dir))?;
        let mut paths = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<Vec<_>>>()?;
        paths.retain(|path| !is_temporary(path));
        paths.sort();
        Ok(paths)
    }

    fn length(&self, path: &Path) -> Result<Option<u64>, FilesError> {
        match self.step(Step::Look, path, || fs::metadata(path)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn create_dir(&self, dir: &Path) -> Result<(), FilesError> {
        if dir.as_os_str().is_empty() || self.step(Step::Look, dir, || Ok(dir.is_dir()))? {
            return Ok(());
        }
        if let Some(above) = dir.parent() {
            self.create_dir(above)?;
        }
        match self.step(Step::CreateFolder, dir, || make_private_folder(dir)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => {}
            Err(error) => return Err(error.into()),
        }
        self.sync_folder_of(dir)
    }

    fn free_bytes(&self, dir: &Path) -> Result<u64, FilesError> {
        Ok(self.step(Step::Look, dir, || free_bytes_now(dir))?)
    }

    fn sweep_temporary(&self, dir: &Path) -> Result<usize, FilesError> {
        let entries = self.step(Step::Look, dir, || fs::read_dir(dir))?;
        let mut swept = 0;
        for entry in entries {
            let path = entry?.path();
            if is_temporary(&path) {
                self.step(Step::Remove, &path, || fs::remove_file(&path))?;
                swept += 1;
            }
        }
        if swept > 0 {
            self.sync_folder(dir)?;
        }
        Ok(swept)
    }
}

struct OsAppender {
    files: OsFiles,
    path: PathBuf,
    file: File,
}

impl Appender for OsAppender {
    fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError> {
        Ok(self.files.write_bytes(&mut self.file, &self.path, bytes)?)
    }

    fn begin_writeback(&mut self) {
        // Linux begins to write dirty pages out when it is told that nobody will read them again.
        forget_cached(&self.file);
    }

    fn sync(&mut self) -> Result<(), FilesError> {
        self.files.sync_file(&self.file, &self.path)
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

fn temporary_name(path: &Path) -> PathBuf {
    let count = TEMPORARY_COUNT.fetch_add(1, Ordering::Relaxed);
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}-{count}{TEMPORARY_SUFFIX}", std::process::id()));
    path.with_file_name(name)
}

fn is_temporary(path: &Path) -> bool {
    path.file_name().is_some_and(|name| {
        let name = name.to_string_lossy();
        name.starts_with('.') && name.ends_with(TEMPORARY_SUFFIX)
    })
}

#[cfg(unix)]
fn owner_only(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

#[cfg(not(unix))]
fn owner_only(_: &mut OpenOptions) {}

#[cfg(unix)]
fn make_private_folder(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

#[cfg(not(unix))]
fn make_private_folder(dir: &Path) -> io::Result<()> {
    fs::create_dir(dir)
}

#[cfg(unix)]
fn sync_folder_now(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Windows has no fsync of a folder: NTFS journals names itself.
#[cfg(not(unix))]
fn sync_folder_now(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Asks the kernel to drop its copy, so that reading back asks the disk. Advice only: an error changes nothing.
#[cfg(target_os = "linux")]
fn forget_cached(file: &File) {
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
}

#[cfg(not(target_os = "linux"))]
fn forget_cached(_: &File) {}

#[cfg(unix)]
fn free_bytes_now(dir: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(dir)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes_now(dir: &Path) -> io::Result<u64> {
    fs4::available_space(dir)
}

#[cfg(test)]
mod tests;
