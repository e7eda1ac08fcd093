//! Uploads: packets on their way in, byte by byte.
//!
//! In: bodies, read as they arrive. Out: the offset that was kept, or a staged file, hashed and judged.
//! Owns: the folder `uploads/`. Never: loses a byte that a cut connection delivered; lets two connections write at once
//! (the newer one takes over); trusts, after a restart, a byte that no digest covers.
//!
//!   file:   |manifest|demographics|portrait|finger…|        one file per upload, named by its id
//!   offset: everything before it was written; hashed by the end of the body; synced at least every 256 kB on a slow link

use std::{
    collections::HashMap,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use qayd_model::UploadId;
use qayd_protocol::tus::Checksum;
use qayd_world::{Appender, Clock, Files, FilesError, World};

use super::scan::{Scan, ScanThreads, Scanner, Staged};

/// A file is read back in pieces of this size.
const PIECE_BYTES: usize = 256 * 1024;
/// The disk is set to work each time so much has arrived, so that little is left to wait for at the end.
const WRITEBACK_BYTES: u64 = 1024 * 1024;
/// Unsynced bytes that a slow link may lose to a power cut …
const SYNC_BYTES: u64 = 256 * 1024;
/// … once this long has passed since the last sync: a fast link finishes before it pays.
const SYNC_MS: u64 = 1_000;

/// A body, piece by piece as it arrives.
pub trait Body {
    /// Waits for the next piece, which is not empty; `None` at the end. An error is a body that was cut.
    fn next(&mut self) -> io::Result<Option<Bytes>>;
}

/// The body that a reader gives.
pub struct ReadBody<R>(pub R);

impl<R: Read> Body for ReadBody<R> {
    fn next(&mut self) -> io::Result<Option<Bytes>> {
        let mut piece = vec![0; PIECE_BYTES];
        let read = loop {
            match self.0.read(&mut piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        piece.truncate(read);
        Ok((read > 0).then(|| piece.into()))
    }
}

/// Why bytes were not kept. What was kept before stays, except after [`UploadFault::Checksum`].
#[derive(Debug, thiserror::Error)]
pub enum UploadFault {
    /// The body starts elsewhere than the upload ends.
    #[error("the upload stands at {have}")]
    Conflict {
        /// Where it stands.
        have: u64,
    },
    /// More bytes than were announced at creation.
    #[error("the body is longer than the upload")]
    TooLong,
    /// A newer connection took over.
    #[error("another connection took over")]
    Superseded,
    /// The upload already ended.
    #[error("the upload has ended")]
    Ended,
    /// The body does not have the digest its header says; the upload stands where it stood before.
    #[error("the body does not have its checksum")]
    Checksum,
    /// The connection ended before the body did; what arrived is kept.
    #[error("the body was cut")]
    Cut {
        /// Where the upload stands now.
        have: u64,
    },
    /// The disk.
    #[error("the upload's file")]
    Files(#[from] FilesError),
}

/// Where an upload stands after a body.
pub enum Progress<R> {
    /// More is needed.
    Open {
        /// Bytes kept.
        offset: u64,
    },
    /// Everything was here, or enough to refuse it; what the caller's finaliser said.
    Complete(R),
}

enum Phase {
    Receiving {
        scan: Scanner,
        synced: u64,
        synced_at_ms: u64,
    },
    /// Handed to the finaliser, or ended.
    Ended,
}

/// One upload in this process.
pub struct Live {
    length: u64,
    path: PathBuf,
    generation: AtomicU64,
    phase: Mutex<Phase>,
}

impl Live {
    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the caller the only one who may write, and says where the upload stands; whoever wrote before is stopped
    /// at their next piece. `None`: the upload has ended.
    pub fn take_over(&self) -> (u64, Option<u64>) {
        let phase = self.phase();
        let generation = self.generation.fetch_add(1, Ordering::SeqCst) + 1;
        let offset = match &*phase {
            Phase::Receiving { scan, .. } => Some(scan.kept()),
            Phase::Ended => None,
        };
        (generation, offset)
    }

    /// Stops every writer for good.
    pub fn end(&self) {
        let mut phase = self.phase();
        self.generation.fetch_add(1, Ordering::SeqCst);
        *phase = Phase::Ended;
    }

    fn is_current(&self, generation: u64) -> bool {
        self.generation.load(Ordering::SeqCst) == generation
    }
}

/// All uploads of this process. Clones share them.
#[derive(Clone)]
pub struct Uploads {
    folder: PathBuf,
    files: Arc<dyn Files>,
    clock: Arc<dyn Clock>,
    threads: ScanThreads,
    live: Arc<Mutex<HashMap<UploadId, Arc<Live>>>>,
}

impl Uploads {
    /// The uploads in `folder`, which is made when absent.
    pub fn open(world: &World, folder: &Path) -> Result<Self, FilesError> {
        world.files.create_dir(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            files: world.files.clone(),
            clock: world.clock.clone(),
            threads: ScanThreads::of_this_machine(),
            live: Arc::new(Mutex::new(HashMap::new())),
        })
    }

    fn path(&self, upload: UploadId) -> PathBuf {
        self.folder.join(upload.to_string())
    }

    fn table(&self) -> MutexGuard<'_, HashMap<UploadId, Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The live form of an open upload. After a restart its file is read once, trusted as far as the manifest's digests
    /// cover whole parts, and cut there.
    pub fn live(&self, upload: UploadId, length: u64) -> Result<Arc<Live>, FilesError> {
        // The table stays locked while a file is read back: two connections must not do it at once.
        let mut table = self.table();
        if let Some(live) = table.get(&upload) {
            return Ok(live.clone());
        }
        let path = self.path(upload);
        let scan = match self.files.length(&path)? {
            None => Scan::new(),
            Some(_) => self.recover(&path, length)?,
        };
        let live = Arc::new(Live {
            length,
            path,
            generation: AtomicU64::new(0),
            phase: Mutex::new(Phase::Receiving {
                synced: scan.offset(),
                synced_at_ms: self.clock.monotonic_ms(),
                scan: Scanner::new(scan, length, &self.threads),
            }),
        });
        table.insert(upload, live.clone());
        Ok(live)
    }

    /// The uploads that have a file.
    pub fn on_disk(&self) -> Result<Vec<UploadId>, FilesError> {
        let files = self.files.list(&self.folder)?;
        let id = |path: &PathBuf| path.file_name()?.to_str()?.parse().ok();
        Ok(files.iter().filter_map(id).collect())
    }

    /// Where an open upload stands, without taking it over: for the plan.
    pub fn offset(&self, upload: UploadId, length: u64) -> Result<u64, FilesError> {
        let live = self.live(upload, length)?;
        let offset = match &*live.phase() {
            Phase::Receiving { scan, .. } => scan.kept(),
            Phase::Ended => length,
        };
        Ok(offset)
    }

    /// Makes what was kept durable and says where the upload stands.
    pub fn settle(&self, live: &Live, generation: u64) -> Result<u64, UploadFault> {
        self.after_cut(live, generation, 0, false)
    }

    /// Forgets an upload that ended.
    pub fn forget(&self, upload: UploadId) {
        if let Some(live) = self.table().remove(&upload) {
            live.end();
        }
    }

    /// Ends an upload and removes its bytes.
    pub fn discard(&self, upload: UploadId) -> Result<(), FilesError> {
        self.forget(upload);
        self.files.remove_durably(&self.path(upload))
    }

    /// Keeps the body's bytes from `offset` on, as they arrive. `generation` comes from [`Live::take_over`]. `checksum`, if
    /// given, is that of the body: unless it holds, nothing of the body is kept. When the file is whole, or cannot become a
    /// packet, `finalise` is called once, while everybody else who asks for this upload waits. What it is given beside the
    /// file makes the file's bytes durable.
    pub fn append<R>(
        &self,
        live: &Live,
        generation: u64,
        offset: u64,
        body: &mut dyn Body,
        checksum: Option<Checksum>,
        finalise: impl FnOnce(Staged, &mut dyn FnMut() -> Result<(), FilesError>) -> R,
    ) -> Result<Progress<R>, UploadFault> {
        let mut checksum = checksum.map(Checksum::hasher);
        let mut at = offset;
        let mut file: Option<Box<dyn Appender>> = None;
        let mut unwritten = 0;
        loop {
            // Not under the lock: a newer connection must be able to take over while this one waits for bytes.
            let Ok(piece) = body.next() else {
                let have = self.after_cut(live, generation, offset, checksum.is_some())?;
                return Err(UploadFault::Cut { have });
            };
            let ended = piece.is_none();
            let mut phase = live.phase();
            if !live.is_current(generation) {
                return Err(UploadFault::Superseded);
            }
            let Phase::Receiving {
                scan,
                synced,
                synced_at_ms,
            } = &mut *phase
            else {
                return Err(UploadFault::Ended);
            };
            if scan.kept() != at {
                return Err(UploadFault::Conflict { have: scan.kept() });
            }
            match piece {
                None => scan.rest(),
                Some(piece) => {
                    let length = piece.len() as u64;
                    if at + length > live.length {
                        return Err(UploadFault::TooLong);
                    }
                    let file = match &mut file {
                        Some(file) => file,
                        None => file.insert(self.files.appender(&live.path, at)?),
                    };
                    file.write(&piece)?;
                    unwritten += length;
                    if unwritten >= WRITEBACK_BYTES {
                        file.begin_writeback();
                        unwritten = 0;
                    }
                    if let Some(checksum) = &mut checksum {
                        checksum.update(&piece);
                    }
                    scan.update(piece);
                    at += length;
                }
            }
            let whole = at == live.length || scan.is_hopeless();
            if (ended || whole)
                && let Some(checksum) = checksum.take()
                && !checksum.holds()
            {
                *scan = self.cut_back(live, offset)?;
                *synced = (*synced).min(offset);
                return Err(UploadFault::Checksum);
            }
            if whole {
                let before = std::mem::replace(&mut *phase, Phase::Ended);
                let Phase::Receiving { scan, synced, .. } = before else {
                    return Err(UploadFault::Ended);
                };
                let staged = scan.into_scan().staged(&live.path, live.length);
                let mut uncut = None;
                let outcome = finalise(staged, &mut || {
                    let confirmed = match &mut file {
                        Some(file) => file.sync(),
                        None => self.files.sync(&live.path),
                    };
                    if confirmed.is_err() {
                        // As in `sync_or_cut_back`: what was not confirmed must not be found again.
                        uncut = self.files.truncate(&live.path, synced).err();
                    }
                    confirmed
                });
                // Bytes that may be nowhere but in memory: nobody gets at them until the next start.
                return uncut.map_or(Ok(Progress::Complete(outcome)), |error| Err(error.into()));
            }
            if ended {
                return Ok(Progress::Open { offset: at });
            }
            let now = self.clock.monotonic_ms();
            if at - *synced >= SYNC_BYTES && now.saturating_sub(*synced_at_ms) >= SYNC_MS {
                self.sync_or_cut_back(live, scan, *synced)?;
                *synced = at;
                *synced_at_ms = now;
            }
        }
    }

    /// Syncs what was kept. What the disk did not confirm is cut off: the kernel may have dropped it, and the next sync
    /// would not say so.
    fn sync_or_cut_back(
        &self,
        live: &Live,
        scan: &mut Scanner,
        synced: u64,
    ) -> Result<(), FilesError> {
        let confirmed = self.files.sync(&live.path);
        if confirmed.is_err() {
            *scan = self.cut_back(live, synced)?;
        }
        confirmed
    }

    /// A cut connection: what arrived is synced, so that a power cut right after costs nothing more.
    fn after_cut(
        &self,
        live: &Live,
        generation: u64,
        offset: u64,
        checked: bool,
    ) -> Result<u64, UploadFault> {
        let mut phase = live.phase();
        if !live.is_current(generation) {
            return Err(UploadFault::Superseded);
        }
        let Phase::Receiving { scan, synced, .. } = &mut *phase else {
            return Err(UploadFault::Ended);
        };
        if checked {
            *scan = self.cut_back(live, offset)?;
            *synced = (*synced).min(offset);
        } else if scan.kept() > *synced {
            self.sync_or_cut_back(live, scan, *synced)?;
            *synced = scan.kept();
        }
        Ok(scan.kept())
    }

    /// Cuts the file to `offset` and hashes what is left.
    fn cut_back(&self, live: &Live, offset: u64) -> Result<Scanner, FilesError> {
        if self.files.length(&live.path)?.unwrap_or(0) > offset {
            self.files.truncate(&live.path, offset)?;
        }
        let scan = self.scan_file(&live.path, live.length)?;
        Ok(Scanner::new(scan, live.length, &self.threads))
    }

    fn recover(&self, path: &Path, length: u64) -> Result<Scan, FilesError> {
        let scan = self.scan_file(path, length)?;
        let trusted = scan.verified().min(length);
        if trusted == scan.offset() {
            return Ok(scan);
        }
        self.files.truncate(path, trusted)?;
        self.scan_file(path, length)
    }

    fn scan_file(&self, path: &Path, length: u64) -> Result<Scan, FilesError> {
        let mut scan = Scan::new();
        let Some(stored) = self.files.length(path)? else {
            return Ok(scan);
        };
        while scan.offset() < stored {
            let take = (stored - scan.offset()).min(PIECE_BYTES as u64) as usize;
            let bytes = self.files.read_at(path, scan.offset(), take)?;
            scan.update(&bytes, length);
        }
        Ok(scan)
    }

    /// Hashes and judges a whole file that came by another way, such as a drive, and makes it durable.
    pub fn stage_file(&self, path: &Path) -> Result<Staged, FilesError> {
        let length = self.files.length(path)?.ok_or(FilesError::NotFound)?;
        self.files.sync(path)?;
        Ok(self.scan_file(path, length)?.staged(path, length))
    }
}

#[cfg(test)]
mod tests;
