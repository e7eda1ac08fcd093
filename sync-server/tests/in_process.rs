//! The centre in process: the suite of `SyncApi`, and what only the inside can show.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as expected"
)]

use qayd_model::UploadId;
use qayd_packet::SealedPacket;
use qayd_protocol::{Offer, OfferAnswer, RefusalReason, SyncApi, UploadBody, WantedState};
use qayd_sync_server::{
    Centre, RegisterError,
    intake::{Finalised, IntakeError, mark_examined_in},
    testing::{Sizes, TestStation, centre, sync_api_suite},
};

fn offer(centre: &Centre, station: &TestStation, packet: &SealedPacket) -> OfferAnswer {
    let manifests = vec![packet.manifest.bytes().to_vec()];
    let view = centre.for_station(station.id);
    view.offer(&Offer::of(manifests)).unwrap()
}

fn upload(answer: &OfferAnswer) -> UploadId {
    match answer.packets[0].state {
        WantedState::Wanted { upload, .. } => upload,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_centre_in_process_passes_the_suite() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _clock) = centre(folder.path());
    let mut station = TestStation::provision(&centre, "A");
    let mut other = TestStation::provision(&centre, "B");
    let (api, other_api) = (centre.for_station(station.id), centre.for_station(other.id));
    sync_api_suite(&centre, &mut station, &api, &mut other, &other_api);
}

#[test]
fn nothing_is_asked_for_past_the_quota_until_review_has_caught_up() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, clock) = centre(folder.path());
    let mut station = TestStation::provision(&centre, "A");
    let api = centre.for_station(station.id);
    let (first, second) = (station.packet(Sizes::SMALL), station.packet(Sizes::SMALL));
    centre
        .register()
        .write(|connection| {
            connection.execute("UPDATE station SET quota_bytes = 100", [])?;
            Ok::<_, RegisterError>(())
        })
        .unwrap();
    let answer = offer(&centre, &station, &first);
    assert_eq!(answer.plan.len(), 1);
    api.upload_append(upload(&answer), 0, UploadBody::Bytes(&first.bytes))
        .unwrap();
    assert!(offer(&centre, &station, &second).plan.is_empty());
    let row = centre.station(station.id).unwrap().unwrap();
    let refused = centre.intake().create(&row, 1000, None);
    assert!(matches!(refused, Err(IntakeError::Quota)));
    let (packet, now) = (first.manifest.manifest().packet, centre.now());
    centre
        .register()
        .write(move |connection| mark_examined_in(connection, packet, now))
        .unwrap();
    assert_eq!(offer(&centre, &station, &second).plan.len(), 1);
    assert!(centre.intake().create(&row, 1000, None).is_ok());
    // What nobody finishes is removed after a month, not before.
    assert_eq!(centre.intake().expire().unwrap(), 0);
    clock.advance_ms(31 * 24 * 60 * 60 * 1000);
    assert_eq!(centre.intake().expire().unwrap(), 2);
    assert_eq!(offer(&centre, &station, &second).plan.len(), 1);
}

#[test]
fn a_packet_from_a_drive_goes_through_the_same_finaliser() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _clock) = centre(folder.path());
    let mut station = TestStation::provision(&centre, "A");
    let other = TestStation::provision(&centre, "B");
    let (row, other_row) = (
        centre.station(station.id).unwrap().unwrap(),
        centre.station(other.id).unwrap().unwrap(),
    );
    let packet = station.packet(Sizes::SMALL);
    let path = folder.path().join("from-a-drive.qpk");
    let files = &centre.world().files;
    let put = |bytes: &[u8]| files.write_durably(&path, bytes).unwrap();
    put(&packet.bytes);
    let refused = centre.intake().take_file(&other_row, &path).unwrap();
    assert!(matches!(
        refused,
        Finalised::Refused {
            reason: RefusalReason::OtherStation,
            ..
        }
    ));
    put(&packet.bytes);
    let by_drive = centre.intake().take_file(&row, &path).unwrap();
    assert!(matches!(by_drive, Finalised::Stored { number: 1, .. }));
    assert_eq!(files.length(&path).unwrap(), None);
    // Again by the drive, and again by the network: the same receipt.
    put(&packet.bytes);
    assert_eq!(centre.intake().take_file(&row, &path).unwrap(), by_drive);
    assert_eq!(
        offer(&centre, &station, &packet).packets[0].state,
        WantedState::Held
    );
    let mut cut = packet.bytes.clone();
    cut.pop();
    put(&cut);
    assert!(matches!(
        centre.intake().take_file(&row, &path).unwrap(),
        Finalised::NoPacket {
            reason: RefusalReason::Malformed
        }
    ));
}

#[test]
fn sensitive_answers_sealed_to_another_key_than_theirs_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _clock) = centre(folder.path());
    let mut station = TestStation::provision(&centre, "A");
    let mut packet = station.packet(Sizes::SMALL);
    let good = packet.manifest.manifest().clone();
    let mut offered = |change: fn(&mut qayd_packet::Manifest)| {
        let mut manifest = good.clone();
        change(&mut manifest);
        packet.manifest = manifest.sign(station.key()).unwrap();
        offer(&centre, &station, &packet).packets[0].state
    };
    let refused = WantedState::Refused(RefusalReason::UnknownSuite);
    // To the reviewers' key, to theirs and the reviewers', to the biometric one.
    assert_eq!(
        offered(|m| m.parts[1].recipients = m.parts[0].recipients.clone()),
        refused
    );
    assert_eq!(
        offered(|m| {
            let review = m.parts[0].recipients[0];
            m.parts[1].recipients.push(review);
        }),
        refused
    );
    assert_eq!(
        offered(|m| m.parts[1].recipients = m.parts[3].recipients.clone()),
        refused
    );
    assert!(matches!(offered(|_| {}), WantedState::Wanted { .. }));
}

#[test]
fn a_pack_that_was_never_published_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (centre, _clock) = centre(folder.path());
    let mut station = TestStation::provision(&centre, "A");
    let good = station.packet(Sizes::SMALL);
    upload(&offer(&centre, &station, &good));
    station.use_a_pack_of_its_own();
    let bad = station.packet(Sizes::SMALL);
    assert_eq!(
        offer(&centre, &station, &bad).packets[0].state,
        WantedState::Refused(RefusalReason::UnknownPack)
    );
}
