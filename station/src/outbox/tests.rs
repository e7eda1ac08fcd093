use qayd_crypto::{SecretKey, sha256};
use qayd_world::World;

use super::*;
use crate::store::{FolderLock, Store};

struct Bench {
    folder: tempfile::TempDir,
    store: Store,
    world: World,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(
            FolderLock::take(folder.path()).unwrap(),
            &SecretKey::from_bytes([7; 32]),
        )
        .unwrap();
        Self {
            folder,
            store,
            world: World::os(),
        }
    }

    fn reopen(self) -> Self {
        let Self {
            folder,
            store,
            world,
        } = self;
        drop(store);
        let store = Store::open(
            FolderLock::take(folder.path()).unwrap(),
            &SecretKey::from_bytes([7; 32]),
        )
        .unwrap();
        Self {
            folder,
            store,
            world,
        }
    }

    /// A packet of this sequence with a file of its own.
    fn packet(&self, sequence: u64) -> PacketId {
        let packet = PacketId::from_bytes([sequence as u8; 16]);
        let bytes = format!("packet {sequence}").into_bytes();
        let path = packet_path(self.folder.path(), packet);
        self.world
            .files
            .create_dir(&outbox_folder(self.folder.path()))
            .unwrap();
        self.world.files.write_durably(&path, &bytes).unwrap();
        let new = NewPacket {
            packet,
            enrolment: EnrolmentId::from_bytes([sequence as u8; 16]),
            sequence,
            digest: sha256(&bytes),
            manifest_digest: sha256(b"manifest"),
            length: ByteCount(bytes.len() as u64),
            queued: UnixMs(1_000 * sequence),
        };
        self.store.write(|tx| enqueue(tx, &new)).unwrap();
        packet
    }

    fn write(&self, act: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError>) {
        self.store.write(act).unwrap();
    }

    fn item(&self, packet: PacketId) -> OutboxItem {
        self.store.read(|c| get(c, packet)).unwrap().unwrap()
    }
}

const UPLOAD: UploadId = UploadId::from_bytes([9; 16]);

#[test]
fn an_interrupted_packet_is_queued_again_with_its_error_and_its_bytes() {
    let bench = Bench::new();
    let packet = bench.packet(1);
    bench.write(|tx| begin(tx, packet, UPLOAD, ByteCount(0)));
    bench.write(|tx| acknowledge(tx, packet, ByteCount(4)));
    bench.write(|tx| interrupted(tx, "UPL-01", UnixMs(5)));
    let bench = bench.reopen();
    let item = bench.item(packet);
    assert_eq!(item.state, OutboxState::Queued);
    assert_eq!(item.acknowledged, ByteCount(4));
    assert_eq!(
        item.error,
        Some(LastError {
            code: "UPL-01".into(),
            at: UnixMs(5)
        })
    );
    assert_eq!(bench.store.read(|c| to_send(c, 0, 10)).unwrap().len(), 1);
}

#[test]
fn stuck_packet_stays_stuck_after_restart_and_names_its_next_step() {
    let bench = Bench::new();
    let (lifted, final_) = (bench.packet(1), bench.packet(2));
    let refused = |name: &str| StuckReason::Refused {
        reason: name.into(),
    };
    bench.write(|tx| stick(tx, lifted, &refused("unknown_station"), UnixMs(5)));
    bench.write(|tx| stick(tx, final_, &refused("chain_fork"), UnixMs(5)));
    let bench = bench.reopen();
    assert!(bench.store.read(|c| to_send(c, 0, 10)).unwrap().is_empty());
    assert_eq!(
        bench.item(lifted).state,
        OutboxState::Stuck(refused("unknown_station"))
    );
    assert_eq!(refused("chain_fork").next_step(), NextStep::CallCentre);
    assert!(bench.store.write(|tx| try_again(tx, lifted)).unwrap());
    assert!(
        !bench.store.write(|tx| try_again(tx, final_)).unwrap(),
        "nothing here changed what the centre said"
    );
    assert_eq!(bench.item(lifted).state, OutboxState::Queued);
    assert!(
        bench
            .world
            .files
            .length(&packet_path(bench.folder.path(), final_))
            .unwrap()
            .is_some()
    );
}

#[test]
fn a_decision_that_overtakes_its_receipt_settles_only_with_it() {
    let bench = Bench::new();
    let packet = bench.packet(1);
    bench.write(|tx| begin(tx, packet, UPLOAD, ByteCount(0)));
    bench.write(|tx| settle(tx, packet, "accepted", UnixMs(7)));
    assert_eq!(bench.item(packet).state, OutboxState::Sending);
    bench.write(|tx| {
        tx.execute(
            "INSERT INTO receipt VALUES (1, ?1, x'00', 8)",
            [packet.to_bytes()],
        )?;
        deliver(tx, packet, 1, UnixMs(8))
    });
    let item = bench.item(packet);
    assert_eq!(
        (item.state, item.decision.as_deref()),
        (OutboxState::Settled, Some("accepted"))
    );
}

#[test]
fn no_row_is_ever_deleted_and_none_is_released_without_a_receipt() {
    let bench = Bench::new();
    let packet = bench.packet(1);
    let delete = bench.store.write(|tx| {
        tx.execute("DELETE FROM outbox", [])
            .map_err(StoreError::from)
    });
    assert!(delete.is_err());
    let release = bench.store.write(|tx| {
        tx.execute("UPDATE outbox SET released = 1", [])
            .map_err(StoreError::from)
    });
    assert!(release.is_err());
    assert_eq!(bench.item(packet).released, None);
}

#[test]
fn a_lost_file_is_stuck_and_comes_back_when_the_file_does() {
    let bench = Bench::new();
    let (packet, whole) = (bench.packet(1), bench.packet(2));
    let path = packet_path(bench.folder.path(), packet);
    let bytes = bench.world.files.read(&path, 100).unwrap();
    bench.world.files.remove_durably(&path).unwrap();
    let found = reconcile(&bench.store, &*bench.world.files, UnixMs(1)).unwrap();
    assert_eq!(found.missing, [packet]);
    assert_eq!(
        bench.item(packet).state,
        OutboxState::Stuck(StuckReason::FileMissing)
    );
    assert_eq!(bench.item(whole).state, OutboxState::Queued);

    bench
        .world
        .files
        .write_durably(&path, b"something else")
        .unwrap();
    assert!(
        reconcile(&bench.store, &*bench.world.files, UnixMs(2))
            .unwrap()
            .restored
            .is_empty()
    );
    bench.world.files.write_durably(&path, &bytes).unwrap();
    assert_eq!(
        reconcile(&bench.store, &*bench.world.files, UnixMs(3))
            .unwrap()
            .restored,
        [packet]
    );
    assert_eq!(bench.item(packet).state, OutboxState::Queued);
}

#[test]
fn the_summary_counts_what_waits_and_the_oldest_of_it() {
    let bench = Bench::new();
    let (first, second, _third) = (bench.packet(1), bench.packet(2), bench.packet(3));
    bench.write(|tx| {
        tx.execute(
            "INSERT INTO receipt VALUES (1, ?1, x'00', 8)",
            [first.to_bytes()],
        )?;
        deliver(tx, first, 1, UnixMs(2_500))
    });
    bench.write(|tx| stick(tx, second, &StuckReason::FileMissing, UnixMs(1)));
    let day = bench
        .store
        .read(|c| day_summary(c, UnixMs(2_000), UnixMs(4_000)))
        .unwrap();
    assert_eq!(
        day,
        DaySummary {
            made: 2,
            sent: 1,
            waiting: 2,
            oldest: Some(UnixMs(2_000))
        }
    );
}
