//! What happens when the centre's disk takes its time: a real station, real HTTPS, a disk that is held up.

use std::{
    path::Path,
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use qayd_model::UploadId;
use qayd_protocol::{
    AuditBatch, Hello, Offer, OfferAnswer, ProvisionAnswer, ProvisionRequest, SyncApi, SyncError,
    UploadBody,
};
use qayd_station::upload::{self, HttpSyncClient};
use qayd_tests::{Applicant, Programme};
use qayd_world::{OsFiles, Probe, Step, Verdict};

/// Longer than anything here takes that works.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the disk, the station and the story see what the others do.
#[derive(Default)]
struct Board {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The disk confirms no name of a packet.
    held: bool,
    /// Packets that wait for the disk.
    waiting: usize,
    /// The station has sent something and asked for receipts since.
    asked: bool,
    /// How many came with each such answer.
    came: Vec<usize>,
}

impl Board {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panicked")
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// Whether it came to this in time.
    fn came_to(&self, this: impl Fn(&State) -> bool) -> bool {
        let waited = self
            .changed
            .wait_timeout_while(self.state(), PATIENCE, |state| !this(state));
        !waited.expect("nobody panicked").1.timed_out()
    }
}

struct HeldDisk(Arc<Board>);

impl Probe for HeldDisk {
    fn before(&self, step: Step, path: &Path) -> Verdict {
        let names_a_packet = path.parent().is_some_and(|dir| dir.ends_with("packets"));
        if step == Step::SyncFolder && names_a_packet {
            self.0.change(|state| state.waiting += 1);
            self.0.came_to(|state| !state.held);
            self.0.change(|state| state.waiting -= 1);
        }
        Verdict::Go
    }
}

/// The station's own client, watched.
struct Watched {
    inner: HttpSyncClient,
    sent: AtomicBool,
    board: Arc<Board>,
}

impl SyncApi for Watched {
    fn hello(&self) -> Result<Hello, SyncError> {
        self.inner.hello()
    }
    fn provision(&self, request: &ProvisionRequest) -> Result<ProvisionAnswer, SyncError> {
        self.inner.provision(request)
    }
    fn offer(&self, offer: &Offer) -> Result<OfferAnswer, SyncError> {
        self.inner.offer(offer)
    }
    fn upload_offset(&self, upload: UploadId) -> Result<u64, SyncError> {
        self.inner.upload_offset(upload)
    }
    fn upload_append(
        &self,
        upload: UploadId,
        offset: u64,
        body: UploadBody<'_>,
    ) -> Result<u64, SyncError> {
        self.sent.store(true, SeqCst);
        self.inner.upload_append(upload, offset, body)
    }
    fn receipts(&self, after: u64) -> Result<Vec<Vec<u8>>, SyncError> {
        if !self.sent.load(SeqCst) {
            return self.inner.receipts(after);
        }
        self.board.change(|state| state.asked = true);
        let receipts = self.inner.receipts(after)?;
        self.board.change(|state| state.came.push(receipts.len()));
        Ok(receipts)
    }
    fn inbox(&self, after: u64) -> Result<Vec<Vec<u8>>, SyncError> {
        self.inner.inbox(after)
    }
    fn send_audit(&self, batch: &AuditBatch) -> Result<u64, SyncError> {
        self.inner.send_audit(batch)
    }
}

#[test]
fn a_station_sends_on_while_the_disk_confirms_and_its_receipts_wait_for_the_disk() {
    let board = Arc::new(Board::default());
    let disk = OsFiles::probed(Arc::new(HeldDisk(board.clone())));
    let mut programme = Programme::start_on(Arc::new(disk));
    let kit = programme.station("camp");
    let sealed = [5, 6].map(|person| kit.enrol(&Applicant::adult(person)));
    let api = Watched {
        inner: upload::connect(kit.station()).unwrap(),
        sent: AtomicBool::new(false),
        board: board.clone(),
    };
    board.change(|state| state.held = true);
    let (in_process, centre) = (programme.in_process(&kit), programme.centre().clone());
    let packets = sealed.each_ref().map(|one| one.packet);
    let (world, told) = (programme.world().clone(), board.clone());
    let releasing = thread::spawn(move || {
        // Neither packet waited for the disk to confirm the other.
        let both = told.came_to(|state| state.waiting == 2 && state.asked);
        // The request is on its way. If it takes longer than this, the story proves less and still holds.
        world.clock.sleep_ms(300);
        let receipts = in_process.receipts(0).unwrap().len();
        let taken = packets.map(|packet| centre.packet(packet).unwrap().is_some());
        told.change(|state| state.held = false);
        (both, receipts, taken)
    });
    let report = kit.send_through(&api);
    assert_eq!(releasing.join().unwrap(), (true, 0, [false, false]));
    assert_eq!((report.delivered, report.waiting), (2, 0), "{report:?}");
    assert_eq!(board.state().came[0], 2, "the first answer has both");
    for packet in &sealed {
        assert_eq!(kit.outbox_state(packet), "delivered");
        assert!(programme.centre().packet(packet.packet).unwrap().is_some());
    }
}
