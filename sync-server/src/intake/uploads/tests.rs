use std::cell::Cell;

use qayd_model::UnixMs;
use qayd_world::testing::{FakeClock, Fault, FaultyFiles, world};

use super::*;
use crate::testing::{Sizes, TestStation, centre};

struct Setting {
    folder: tempfile::TempDir,
    disk: FaultyFiles,
    clock: FakeClock,
    uploads: Uploads,
    upload: UploadId,
    packet: Bytes,
}

impl Setting {
    /// An upload of a real packet, nothing of it sent.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (centre, _) = centre(&folder.path().join("centre"));
        let packet = TestStation::provision(&centre, "A").packet(Sizes::USUAL);
        let (world, clock) = world(UnixMs(1_800_000_000_000), 1);
        let disk = FaultyFiles::default();
        let world = World {
            files: disk.files(),
            ..world
        };
        Self {
            uploads: Uploads::open(&world, &folder.path().join("uploads")).unwrap(),
            upload: UploadId::make(1, [1; 10]),
            packet: packet.bytes.into(),
            folder,
            disk,
            clock,
        }
    }

    fn live(&self) -> Arc<Live> {
        let length = self.packet.len() as u64;
        self.uploads.live(self.upload, length).unwrap()
    }

    /// Where the upload stands for whoever asks, and how long its file is; `None` when the upload has ended.
    fn stands(&self) -> (Option<u64>, u64) {
        let path = self.uploads.path(self.upload);
        let held = self.disk.files().length(&path).unwrap();
        (self.live().take_over().1, held.unwrap_or(0))
    }

    /// Sends the packet's bytes up to `until`, in two pieces; the disk may be disturbed before each, and before it is to
    /// confirm the whole.
    fn send(
        &self,
        until: usize,
        before_piece: impl Fn(),
        before_confirm: impl Fn(),
    ) -> Result<Progress<Result<(), FilesError>>, UploadFault> {
        let live = self.live();
        let (generation, offset) = live.take_over();
        let offset = offset.unwrap();
        let rest = self.packet.slice(offset as usize..until);
        let mut body = Pieces {
            rest,
            piece_bytes: (until - offset as usize).div_ceil(2),
            before_piece,
        };
        let uploads = &self.uploads;
        uploads.append(&live, generation, offset, &mut body, None, |_, confirm| {
            before_confirm();
            confirm()
        })
    }
}

struct Pieces<F> {
    rest: Bytes,
    piece_bytes: usize,
    before_piece: F,
}

impl<F: Fn()> Body for Pieces<F> {
    fn next(&mut self) -> io::Result<Option<Bytes>> {
        (self.before_piece)();
        let piece = self.rest.split_to(self.rest.len().min(self.piece_bytes));
        Ok((!piece.is_empty()).then_some(piece))
    }
}

#[test]
fn after_a_cut_what_the_disk_did_not_confirm_is_asked_for_again() {
    for faulty in [false, true] {
        let s = Setting::new();
        let half = s.packet.len() / 2;
        assert!(s.send(half, || {}, || {}).is_ok());
        let live = s.live();
        let (generation, _) = live.take_over();
        if faulty {
            // The file is opened, then synced.
            s.disk.fail_after(1, Fault::Eio);
        }
        assert_eq!(s.uploads.settle(&live, generation).is_err(), faulty);
        let stands = if faulty { 0 } else { half as u64 };
        assert_eq!(s.stands(), (Some(stands), stands));
    }
}

#[test]
fn on_a_slow_link_what_the_disk_did_not_confirm_is_asked_for_again() {
    for faulty in [false, true] {
        let s = Setting::new();
        let most = s.packet.len() - 1;
        let pieces = Cell::new(0);
        let sent = s.send(
            most,
            || {
                s.clock.advance_ms(2 * SYNC_MS);
                pieces.set(pieces.get() + 1);
                // Each piece is written, then the file is opened and synced; the first time it is made before.
                match pieces.get() {
                    2 if faulty => s.disk.fail_after(2, Fault::Eio),
                    _ => {}
                }
            },
            || {},
        );
        assert_eq!(sent.is_err(), faulty);
        // The first piece had been confirmed.
        let stands = if faulty { most.div_ceil(2) } else { most } as u64;
        assert_eq!(s.stands(), (Some(stands), stands));
    }
}

#[test]
fn a_whole_file_that_the_disk_did_not_confirm_is_asked_for_again() {
    for faulty in [false, true] {
        let s = Setting::new();
        let whole = s.packet.len();
        let sent = s.send(
            whole,
            || {},
            || {
                if faulty {
                    s.disk.fail_after(0, Fault::Eio);
                }
            },
        );
        let Ok(Progress::Complete(confirmed)) = sent else {
            panic!("the file is whole");
        };
        assert_eq!(confirmed.is_err(), faulty);
        s.uploads.forget(s.upload);
        let stands = if faulty { 0 } else { whole as u64 };
        assert_eq!(s.stands(), (Some(stands), stands));
    }
}

#[test]
fn bytes_that_could_be_neither_confirmed_nor_cut_off_are_never_found_again() {
    let s = Setting::new();
    let sent = s.send(
        s.packet.len(),
        || {},
        || s.disk.fail_after(0, Fault::PowerCut),
    );
    assert!(matches!(sent, Err(UploadFault::Files(_))));
    s.disk.heal();
    assert_eq!(s.stands(), (None, s.packet.len() as u64));
    assert!(s.folder.path().exists());
}
