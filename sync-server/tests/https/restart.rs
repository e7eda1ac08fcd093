//! The process ends in the middle of an upload; another one starts.

use qayd_model::UploadId;
use qayd_packet::SealedPacket;
use qayd_protocol::{Offer, SyncApi, UploadBody, WantedState};
use qayd_sync_server::testing::Sizes;

use super::Served;

fn offered(api: &dyn SyncApi, packet: &SealedPacket) -> (UploadId, u64) {
    let manifests = vec![packet.manifest.bytes().to_vec()];
    match api.offer(&Offer::of(manifests)).unwrap().packets[0].state {
        WantedState::Wanted { upload, offset, .. } => (upload, offset),
        other => panic!("{other:?}"),
    }
}

#[test]
fn after_a_restart_an_upload_is_trusted_as_far_as_its_parts_verify() {
    let mut served = Served::start();
    let mut station = served.station("A");
    let packet = station.packet(Sizes::USUAL);
    let portrait_end = packet.manifest.part_range(1).unwrap().end;
    let (upload, _) = offered(&served.client(&station), &packet);
    let sent = portrait_end + 50_000;
    let body = UploadBody::Bytes(&packet.bytes[..sent as usize]);
    served
        .client(&station)
        .upload_append(upload, 0, body)
        .unwrap();
    served.restart();
    let api = served.client(&station);
    let (same, offset) = offered(&api, &packet);
    assert_eq!((same, offset), (upload, portrait_end));
    assert_eq!(api.upload_offset(upload).unwrap(), portrait_end);
    let rest = UploadBody::Bytes(&packet.bytes[portrait_end as usize..]);
    api.upload_append(upload, portrait_end, rest).unwrap();
    let receipts = api.receipts(0).unwrap();
    assert_eq!(receipts.len(), 1);
    served.restart();
    let api = served.client(&station);
    assert_eq!(api.receipts(0).unwrap(), receipts);
    assert_eq!(
        api.upload_offset(upload).unwrap(),
        packet.bytes.len() as u64
    );
}

#[test]
fn after_a_restart_what_the_disk_garbled_is_cut_off() {
    let mut served = Served::start();
    let mut station = served.station("A");
    let packet = station.packet(Sizes::USUAL);
    let (upload, _) = offered(&served.client(&station), &packet);
    let portrait = packet.manifest.part_range(1).unwrap();
    let body = UploadBody::Bytes(&packet.bytes[..portrait.end as usize + 10]);
    served
        .client(&station)
        .upload_append(upload, 0, body)
        .unwrap();
    // A power cut left zeros where the portrait's bytes should be.
    let path = served
        .folder
        .path()
        .join("uploads")
        .join(upload.to_string());
    let file = served.world.files.clone();
    served.server.take();
    file.append(&path, portrait.start + 5, &[0; 4096]).unwrap();
    served.restart();
    let api = served.client(&station);
    let demographics = packet.manifest.part_range(0).unwrap();
    assert_eq!(api.upload_offset(upload).unwrap(), demographics.end);
    let rest = UploadBody::Bytes(&packet.bytes[demographics.end as usize..]);
    api.upload_append(upload, demographics.end, rest).unwrap();
    assert_eq!(api.receipts(0).unwrap().len(), 1);
}

#[test]
fn an_upload_without_a_whole_manifest_starts_over_after_a_restart() {
    let mut served = Served::start();
    let mut station = served.station("A");
    let packet = station.packet(Sizes::SMALL);
    let (upload, _) = offered(&served.client(&station), &packet);
    let body = UploadBody::Bytes(&packet.bytes[..100]);
    served
        .client(&station)
        .upload_append(upload, 0, body)
        .unwrap();
    assert_eq!(served.client(&station).upload_offset(upload).unwrap(), 100);
    served.restart();
    assert_eq!(served.client(&station).upload_offset(upload).unwrap(), 0);
}

#[test]
fn a_name_that_a_power_cut_brought_back_is_removed_and_an_open_upload_is_not() {
    let mut served = Served::start();
    let mut station = served.station("A");
    let (taken, open) = (station.packet(Sizes::SMALL), station.packet(Sizes::SMALL));
    let api = served.client(&station);
    let (done, _) = offered(&api, &taken);
    api.upload_append(done, 0, UploadBody::Bytes(&taken.bytes))
        .unwrap();
    let (begun, _) = offered(&api, &open);
    let whole = open.bytes.len();
    api.upload_append(begun, 0, UploadBody::Bytes(&open.bytes[..whole - 1]))
        .unwrap();
    served.server.take();
    let uploads = served.folder.path().join("uploads");
    let file = |upload: UploadId| uploads.join(upload.to_string());
    let files = served.world.files.clone();
    assert_eq!(files.length(&file(done)).unwrap(), None);
    files.append(&file(done), 0, &taken.bytes).unwrap();
    served.restart();
    assert_eq!(files.length(&file(done)).unwrap(), None);
    assert!(files.length(&file(begun)).unwrap().is_some());
    let api = served.client(&station);
    assert_eq!(api.receipts(0).unwrap().len(), 1);
}
