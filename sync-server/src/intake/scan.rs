//! Scan: what the bytes of one upload are, told while they arrive.
//!
//! In: pieces, in order. Out: the file's manifest and whether its parts are whole; with both, its every byte is named.
//! Never: touches the disk; judges by the register.
//!
//! On a fast link hashing takes longer than writing, so it runs behind on a thread of its own while a processor is free for
//! one. Where many send at once none is, and the bytes are hashed where they were just written, still in the cache.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use bytes::Bytes;
use qayd_packet::{PacketHasher, SignedManifest, limits::MANIFEST_BYTES_MAX, split_manifest};

/// A piece this long came over a fast link: a thread of its own is worth it.
const FAST_PIECE_BYTES: usize = 32 * 1024;
/// Pieces that may wait for the scan; then the writer waits.
const PIECES_WAITING: usize = 16;

/// A whole file, hashed, not yet judged by the register.
pub struct Staged {
    /// The file.
    pub path: PathBuf,
    /// Its length.
    pub length: u64,
    /// Its manifest, if it has one, and whether its parts are whole.
    pub content: Result<SignedManifest, StagedFault>,
}

/// Why the bytes are no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StagedFault {
    /// No manifest at the head, or one that breaks the format.
    Manifest,
    /// The file's length is not what the manifest says.
    Length,
    /// A part does not have its digest.
    Digest,
}

/// The running state of one file: hashes over what was kept.
pub(super) struct Scan {
    offset: u64,
    head: Vec<u8>,
    parts: Option<(SignedManifest, PacketHasher)>,
    unreadable: bool,
}

impl Scan {
    /// Of no bytes yet.
    pub(super) fn new() -> Self {
        Self {
            offset: 0,
            head: Vec::new(),
            parts: None,
            unreadable: false,
        }
    }

    /// Takes the next bytes of a file that will have `length`.
    pub(super) fn update(&mut self, bytes: &[u8], length: u64) {
        self.offset += bytes.len() as u64;
        if let Some((_, hasher)) = &mut self.parts {
            hasher.update(bytes);
            return;
        }
        if self.unreadable {
            return;
        }
        self.head.extend_from_slice(bytes);
        match split_manifest(&self.head) {
            Ok(manifest) => {
                let mut hasher = PacketHasher::new(&manifest);
                hasher.update(&self.head[manifest.bytes().len()..]);
                self.head = Vec::new();
                self.parts = Some((manifest, hasher));
            }
            Err(_) if self.head.len() >= MANIFEST_BYTES_MAX || self.offset >= length => {
                self.unreadable = true;
                self.head = Vec::new();
            }
            Err(_) => {}
        }
    }

    /// Whether more bytes cannot make it a packet of this length.
    fn hopeless(&self, length: u64) -> bool {
        self.unreadable
            || self
                .parts
                .as_ref()
                .is_some_and(|(manifest, _)| manifest.packet_length() != length)
    }

    /// Bytes taken.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes that some digest covers.
    pub(super) fn verified(&self) -> u64 {
        self.parts
            .as_ref()
            .map_or(0, |(_, hasher)| hasher.verified_length())
    }

    /// What the file at `path` is, now that all of it, or enough to refuse it, was taken.
    pub(super) fn staged(self, path: &Path, length: u64) -> Staged {
        let taken = self.offset;
        let content = match self.parts {
            None => Err(StagedFault::Manifest),
            Some((manifest, _)) if manifest.packet_length() != length => Err(StagedFault::Length),
            Some((manifest, hasher)) => match hasher.finish() {
                Ok(()) => Ok(manifest),
                Err(_) => Err(StagedFault::Digest),
            },
        };
        Staged {
            path: path.to_owned(),
            length: taken,
            content,
        }
    }
}

/// Leave for scans to have a thread, given to as many at once as there are processors for it. Clones share it.
#[derive(Clone)]
pub(super) struct ScanThreads {
    free: Arc<AtomicUsize>,
}

impl ScanThreads {
    /// One thread for two processors: the other one receives and writes.
    pub(super) fn of_this_machine() -> Self {
        Self::of(
            thread::available_parallelism().map_or(1, |processors| processors.get().div_ceil(2)),
        )
    }

    fn of(threads: usize) -> Self {
        Self {
            free: Arc::new(AtomicUsize::new(threads)),
        }
    }

    fn take(&self) -> Option<ScanThread> {
        let one_less = |free: usize| free.checked_sub(1);
        let taken = self
            .free
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        taken.is_ok().then(|| ScanThread {
            free: self.free.clone(),
        })
    }
}

/// Leave for one, given back when it is dropped.
struct ScanThread {
    free: Arc<AtomicUsize>,
}

impl Drop for ScanThread {
    fn drop(&mut self) {
        self.free.fetch_add(1, Ordering::SeqCst);
    }
}

/// A [`Scan`] that may run behind the writing.
pub(super) struct Scanner {
    threads: ScanThreads,
    length: u64,
    kept: u64,
    hopeless: Arc<AtomicBool>,
    state: State,
}

enum State {
    Resting(Box<Scan>),
    Running {
        pieces: SyncSender<Bytes>,
        thread: JoinHandle<Box<Scan>>,
    },
    /// Only while it changes from one to the other.
    Between,
}

impl Scanner {
    /// Goes on from `scan`, for a file that will have `length`, on one of `threads` where it is worth it.
    pub(super) fn new(scan: Scan, length: u64, threads: &ScanThreads) -> Self {
        Self {
            threads: threads.clone(),
            length,
            kept: scan.offset,
            hopeless: Arc::new(AtomicBool::new(scan.hopeless(length))),
            state: State::Resting(Box::new(scan)),
        }
    }

    /// Bytes given to it so far, scanned or waiting.
    pub(super) fn kept(&self) -> u64 {
        self.kept
    }

    /// Whether more bytes cannot make it a packet. Certain after [`Scanner::rest`]; before it, it may not know yet.
    pub(super) fn is_hopeless(&self) -> bool {
        self.hopeless.load(Ordering::SeqCst)
    }

    /// Gives it the next piece.
    pub(super) fn update(&mut self, piece: Bytes) {
        self.kept += piece.len() as u64;
        if piece.len() >= FAST_PIECE_BYTES {
            self.run();
        }
        match &mut self.state {
            State::Resting(scan) => {
                scan.update(&piece, self.length);
                let hopeless = scan.hopeless(self.length);
                self.hopeless.store(hopeless, Ordering::SeqCst);
            }
            // It takes pieces until this end is dropped; if it panicked, `rest` says so.
            State::Running { pieces, .. } => drop(pieces.send(piece)),
            State::Between => {}
        }
    }

    /// Goes on behind the writing, if there is a thread for it.
    fn run(&mut self) {
        if !matches!(self.state, State::Resting(_)) {
            return;
        }
        let Some(leave) = self.threads.take() else {
            return;
        };
        self.state = match std::mem::replace(&mut self.state, State::Between) {
            State::Resting(mut scan) => {
                let (pieces, queue) = sync_channel::<Bytes>(PIECES_WAITING);
                let (length, hopeless) = (self.length, self.hopeless.clone());
                let thread = thread::spawn(move || {
                    let _leave = leave;
                    for piece in queue {
                        scan.update(&piece, length);
                        hopeless.store(scan.hopeless(length), Ordering::SeqCst);
                    }
                    scan
                });
                State::Running { pieces, thread }
            }
            state => state,
        };
    }

    /// Waits until every piece is scanned.
    pub(super) fn rest(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Between) {
            State::Running { pieces, thread } => {
                drop(pieces);
                match thread.join() {
                    Ok(scan) => State::Resting(scan),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            state => state,
        };
    }

    /// The scan of everything given.
    pub(super) fn into_scan(mut self) -> Scan {
        self.rest();
        match self.state {
            State::Resting(scan) => *scan,
            State::Running { .. } | State::Between => unreachable!("it rests"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qayd_model::Sha256Digest;

    use crate::testing::{Sizes, TestStation, centre};
    use qayd_packet::SealedPacket;

    fn a_sealed_packet() -> SealedPacket {
        let folder = tempfile::tempdir().unwrap();
        let (centre, _) = centre(folder.path());
        TestStation::provision(&centre, "A").packet(Sizes::USUAL)
    }

    fn told(scanner: Scanner, length: u64) -> Result<Sha256Digest, StagedFault> {
        let staged = scanner.into_scan().staged(Path::new("x"), length);
        assert!(staged.length <= length);
        staged.content.map(|signed| signed.digest())
    }

    #[test]
    fn what_is_scanned_behind_the_writing_is_what_is_scanned_at_once() {
        let packet = a_sealed_packet();
        let length = packet.bytes.len() as u64;
        let expected = Ok(packet.manifest.digest());
        // Shorter pieces are scanned in place, longer ones on a thread if there is one, and both ways may take turns.
        for (pieces, threads) in [
            (&[1_400][..], 1),
            (&[FAST_PIECE_BYTES], 1),
            (&[200_000], 1),
            (&[200_000], 0),
            (&[5_000, 70_000], 1),
        ] {
            let mut scanner = Scanner::new(Scan::new(), length, &ScanThreads::of(threads));
            let mut rest = Bytes::from(packet.bytes.clone());
            for take in pieces.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                scanner.update(rest.split_to(rest.len().min(*take)));
                assert_eq!(scanner.kept(), length - rest.len() as u64);
            }
            assert!(!scanner.is_hopeless());
            assert_eq!(told(scanner, length), expected, "{pieces:?}");
        }
    }

    #[test]
    fn no_more_scans_have_a_thread_than_there_are_and_each_is_given_back() {
        let packet = a_sealed_packet();
        let length = packet.bytes.len() as u64;
        let threads = ScanThreads::of(1);
        let piece = Bytes::copy_from_slice(&packet.bytes[..FAST_PIECE_BYTES]);
        let begun = || {
            let mut scanner = Scanner::new(Scan::new(), length, &threads);
            scanner.update(piece.clone());
            scanner
        };
        let on_a_thread = |scanner: &Scanner| matches!(scanner.state, State::Running { .. });
        let (mut first, second) = (begun(), begun());
        assert!(on_a_thread(&first) && !on_a_thread(&second));
        first.rest();
        assert!(on_a_thread(&begun()));
    }

    #[test]
    fn a_wrong_byte_and_a_wrong_length_are_told_by_either_way() {
        let packet = a_sealed_packet();
        let length = packet.bytes.len() as u64;
        for take in [1_400, 200_000] {
            let scanned = |bytes: &[u8], length| {
                let mut scanner = Scanner::new(Scan::new(), length, &ScanThreads::of(1));
                bytes
                    .chunks(take)
                    .for_each(|piece| scanner.update(Bytes::copy_from_slice(piece)));
                scanner.rest();
                (scanner.is_hopeless(), told(scanner, length))
            };
            let mut wrong = packet.bytes.clone();
            wrong[length as usize - 9] ^= 1;
            assert_eq!(scanned(&wrong, length), (false, Err(StagedFault::Digest)));
            assert_eq!(
                scanned(&packet.bytes[..300_000], length + 1),
                (true, Err(StagedFault::Length))
            );
            assert_eq!(
                scanned(&vec![0xff; 300_000], length),
                (true, Err(StagedFault::Manifest))
            );
        }
    }
}
