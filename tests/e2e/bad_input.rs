//! Bad input at every door: a typed refusal, nothing lost, nothing accepted.

use qayd_protocol::{Offer, SyncApi, UploadBody};
use qayd_tests::{Applicant, Programme};

#[test]
fn another_stations_packet_is_refused_and_the_station_that_made_it_is_not_touched() {
    let mut programme = Programme::start();
    let honest = programme.station("camp");
    let thief = programme.station("camp");
    let packet = honest.enrol(&Applicant::adult(1));
    let stolen = programme.in_process(&thief);
    let offer = Offer {
        manifests: vec![packet.manifest.bytes().to_vec().into()],
    };
    let answer = stolen.offer(&offer).unwrap();
    assert!(
        answer.plan.is_empty(),
        "a packet of another station is not wanted"
    );
    assert!(programme.centre().packet(packet.packet).unwrap().is_none());
    assert_eq!(honest.send().delivered, 1);
}

#[test]
fn every_altered_packet_is_refused_by_receipt_and_the_true_one_is_still_taken() {
    let mut programme = Programme::start();
    let kit = programme.station("camp");
    let packet = kit.enrol(&Applicant::adult(2));
    let bytes = std::fs::read(&packet.path).unwrap();
    let api = programme.in_process(&kit);
    let offer = Offer {
        manifests: vec![packet.manifest.bytes().to_vec().into()],
    };
    for at in [
        packet.manifest.bytes().len() + 9,
        bytes.len() / 2,
        bytes.len() - 1,
    ] {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        let answer = api.offer(&offer).unwrap();
        let send = answer.plan.first().expect("the packet is wanted");
        let _ = api.upload_append(send.upload, 0, UploadBody::Bytes(&bad));
        assert!(
            programme.centre().packet(packet.packet).unwrap().is_none(),
            "byte {at}"
        );
    }
    // The station learns of the refusals, keeps its file, and sends it again when somebody says so.
    assert_eq!(kit.send().delivered, 0);
    assert_eq!(kit.outbox_state(&packet), "stuck");
    assert!(kit.has_file(&packet));
    programme.pass_hours(2);
    kit.station()
        .store()
        .write(|tx| qayd_station::outbox::try_again(tx, packet.packet))
        .unwrap();
    let report = kit.send();
    let stored = programme.centre().packet(packet.packet).unwrap();
    assert!(stored.is_some(), "the true bytes are taken: {report:?}");
}
