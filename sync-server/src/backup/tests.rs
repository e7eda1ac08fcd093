use super::*;
use crate::{
    centre::Role,
    testing::{self, Sizes, TestStation},
};
use qayd_protocol::{Offer, SyncApi, UploadBody, WantedState};

fn send(centre: &Centre, station: &mut TestStation) -> Vec<u8> {
    let packet = station.packet(Sizes::SMALL);
    let api = centre.for_station(station.id);
    let answer = api
        .offer(&Offer::of(vec![packet.manifest.bytes().to_vec()]))
        .unwrap();
    let WantedState::Wanted { upload, .. } = answer.packets[0].state else {
        panic!("wanted was expected");
    };
    api.upload_append(upload, 0, UploadBody::Bytes(&packet.bytes))
        .unwrap();
    packet.bytes
}

#[test]
fn a_restored_centre_holds_every_packet_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (first, _) = testing::centre(&folder.path().join("centre"));
    let mut station = TestStation::provision(&first, "A");
    let packets: Vec<Vec<u8>> = (0..3).map(|_| send(&first, &mut station)).collect();
    let dir = folder.path().join("backup");
    let summary = backup(&first, &dir).unwrap();
    assert_eq!(summary.packets, 3);
    // A second backup into the same folder, with one packet more.
    let more = send(&first, &mut station);
    assert_eq!(backup(&first, &dir).unwrap().packets, 4);

    let target = folder.path().join("restored");
    let root = *first.keys().root();
    let summary = restore(first.world(), &dir, &target, Some(&root)).unwrap();
    assert_eq!(summary.packets, 4);
    let second = testing::open(first.world(), &target, Role::All);
    let api = second.for_station(station.id);
    assert_eq!(
        api.receipts(0).unwrap(),
        first.for_station(station.id).receipts(0).unwrap()
    );
    for bytes in packets.iter().chain([&more]) {
        let digest = qayd_packet::check_parts(bytes).unwrap().digest();
        assert_eq!(&second.blobs().read(digest, FILE_BYTES_MAX).unwrap(), bytes);
    }
    send(&second, &mut station);
    assert_eq!(api.receipts(0).unwrap().len(), 5);
}

#[test]
fn a_backup_with_one_flipped_or_missing_byte_is_not_restored() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _) = testing::centre(&folder.path().join("centre"));
    let mut station = TestStation::provision(&centre, "A");
    send(&centre, &mut station);
    let dir = folder.path().join("backup");
    backup(&centre, &dir).unwrap();
    let world = centre.world();
    assert!(verify(world, &dir, None).is_ok());

    let mut all = Vec::new();
    let mut dirs = vec![dir.clone()];
    while let Some(dir) = dirs.pop() {
        for path in world.files.list(&dir).unwrap() {
            if path.is_dir() {
                dirs.push(path);
            } else {
                all.push(path);
            }
        }
    }
    assert!(all.len() > 8);
    for path in all {
        let right = world.files.read(&path, FILE_BYTES_MAX).unwrap();
        let mut wrong = right.clone();
        let middle = wrong.len() / 2;
        wrong[middle] ^= 1;
        world.files.write_durably(&path, &wrong).unwrap();
        let target = folder.path().join("target");
        assert!(restore(world, &dir, &target, None).is_err(), "{path:?}");
        world.files.remove_durably(&path).unwrap();
        assert!(restore(world, &dir, &target, None).is_err(), "{path:?}");
        assert!(!target.join("programme.toml").exists());
        world.files.write_durably(&path, &right).unwrap();
    }
    assert!(verify(world, &dir, None).is_ok());
}

#[test]
fn a_backup_is_not_restored_over_a_programme_nor_as_another() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _) = testing::centre(&folder.path().join("centre"));
    let dir = folder.path().join("backup");
    backup(&centre, &dir).unwrap();
    let world = centre.world();
    let occupied = restore(world, &dir, centre.folder(), None);
    assert!(matches!(occupied, Err(BackupError::Occupied)));
    let stranger = qayd_crypto::SigningKey::make(&[9; 32]).public();
    let target = folder.path().join("target");
    let other = restore(world, &dir, &target, Some(&stranger));
    assert!(matches!(other, Err(BackupError::OtherProgramme)));
    assert!(restore(world, &dir, &target, Some(centre.keys().root())).is_ok());
}
