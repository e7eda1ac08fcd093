//! The suite of `SyncApi`: what every implementation has to do, in process or over any network.
//!
//! In: a centre, two of its stations, each one's view of it. Out: nothing, or a panic that says what was broken.

use qayd_crypto::sha256;
use qayd_model::{PacketId, StationId, UploadId};
use qayd_packet::SealedPacket;
use qayd_protocol::{
    AuditBatch, ChainHead, InboxBody, Offer, OfferAnswer, Outcome, PROTOCOL_VERSION, Policy,
    RefusalReason, Revocation, SyncApi, SyncError, UploadBody, VerifiedReceipt, WantedState, inbox,
    receipt,
};

use super::{Sizes, TestStation};
use crate::{centre::Centre, dispatch};

/// Runs every case against `api`, which is `station`'s view of `centre`; `other_api` is `other`'s. Both are fresh.
pub fn sync_api_suite(
    centre: &Centre,
    station: &mut TestStation,
    api: &dyn SyncApi,
    other: &mut TestStation,
    other_api: &dyn SyncApi,
) {
    hello_is_signed_and_speaks_our_version(station, api);
    offered_packets_are_planned_uploaded_and_receipted(station, api);
    a_packet_sent_twice_has_one_receipt(station, api);
    offsets_are_never_skipped(station, api);
    what_is_another_stations_is_out_of_reach(station, api, other, other_api);
    manifests_that_would_be_refused_are_refused_before_a_byte(station, api, other);
    damaged_bytes_are_refused_by_receipt_and_may_be_sent_again(station, api);
    one_packet_id_has_one_content(station, api);
    the_audit_trail_follows_on(station, api);
    the_inbox_is_numbered_and_signed(centre, station, api);
    the_chain_of_receipts_is_whole(station, api);
}

fn offer(api: &dyn SyncApi, packets: &[&SealedPacket]) -> OfferAnswer {
    let manifests = packets
        .iter()
        .map(|packet| packet.manifest.bytes().to_vec())
        .collect();
    api.offer(&Offer::of(manifests)).unwrap()
}

fn state(answer: &OfferAnswer, packet: &SealedPacket) -> WantedState {
    let id = packet.manifest.manifest().packet;
    answer
        .packets
        .iter()
        .find(|state| state.packet == id)
        .unwrap()
        .state
}

fn upload_of(answer: &OfferAnswer, packet: &SealedPacket) -> UploadId {
    match state(answer, packet) {
        WantedState::Wanted { upload, .. } => upload,
        other => panic!("wanted was expected, not {other:?}"),
    }
}

fn send_all(api: &dyn SyncApi, packet: &SealedPacket) -> UploadId {
    let upload = upload_of(&offer(api, &[packet]), packet);
    let offset = api.upload_offset(upload).unwrap();
    let rest = &packet.bytes[offset as usize..];
    let end = api
        .upload_append(upload, offset, UploadBody::Bytes(rest))
        .unwrap();
    assert_eq!(end, packet.bytes.len() as u64);
    upload
}

/// Every receipt of the station, each checked as the station checks it.
fn all_receipts(station: &TestStation, api: &dyn SyncApi) -> Vec<VerifiedReceipt> {
    let (mut head, mut found) = (ChainHead::START, Vec::new());
    loop {
        let some = api.receipts(head.number).unwrap();
        if some.is_empty() {
            return found;
        }
        for bytes in some {
            let verified = receipt::verify(&bytes, station.keyring(), station.id, &head).unwrap();
            head = verified.head();
            found.push(verified);
        }
    }
}

fn receipts_of(
    station: &TestStation,
    api: &dyn SyncApi,
    packet: &SealedPacket,
) -> Vec<VerifiedReceipt> {
    let id = packet.manifest.manifest().packet;
    let mut receipts = all_receipts(station, api);
    receipts.retain(|verified| verified.receipt().packet == id);
    receipts
}

fn permits_deletion(station: &TestStation, api: &dyn SyncApi, packet: &SealedPacket) -> bool {
    let manifest = &packet.manifest;
    receipts_of(station, api, packet).iter().any(|verified| {
        verified.is_for(manifest.manifest().packet, manifest.digest())
            && verified.permits_deletion(&Policy::standard(1, station.now()))
    })
}

fn hello_is_signed_and_speaks_our_version(station: &TestStation, api: &dyn SyncApi) {
    let hello = api.hello().unwrap();
    assert!(hello.versions.contains(&PROTOCOL_VERSION));
    assert_eq!(hello.programme, station.keyring().programme);
    station.chain.time(&hello.time).unwrap();
}

fn offered_packets_are_planned_uploaded_and_receipted(
    station: &mut TestStation,
    api: &dyn SyncApi,
) {
    let sizes = Sizes {
        portrait: 300_000,
        fingers: 800_000,
        document: 700_000,
    };
    let packets: Vec<SealedPacket> = (0..3).map(|_| station.packet(sizes)).collect();
    let answer = offer(api, &packets.iter().collect::<Vec<_>>());
    assert_eq!(answer.packets.len(), 3);
    // Demographics of all come before the portrait of any, and so on.
    let mut priority = 0;
    for step in &answer.plan {
        let packet = packets
            .iter()
            .find(|packet| packet.manifest.manifest().packet == step.packet)
            .unwrap();
        let parts = &packet.manifest.manifest().parts;
        let last = (0..parts.len())
            .find(|index| packet.manifest.part_range(*index).unwrap().end == step.until)
            .unwrap();
        assert!(parts[last].priority >= priority);
        priority = parts[last].priority;
    }
    assert_eq!(answer.plan.len(), 12);
    for step in &answer.plan {
        let packet = packets
            .iter()
            .find(|packet| packet.manifest.manifest().packet == step.packet)
            .unwrap();
        let offset = api.upload_offset(step.upload).unwrap();
        let piece = packet.bytes[offset as usize..step.until as usize].to_vec();
        let length = piece.len() as u64;
        let body = UploadBody::Stream {
            length,
            reader: Box::new(std::io::Cursor::new(piece)),
        };
        assert_eq!(
            api.upload_append(step.upload, offset, body).unwrap(),
            step.until
        );
    }
    for packet in &packets {
        assert!(permits_deletion(station, api, packet));
    }
    let again = offer(api, &packets.iter().collect::<Vec<_>>());
    assert!(again.plan.is_empty());
    assert!(
        packets
            .iter()
            .all(|packet| state(&again, packet) == WantedState::Held)
    );
}

fn a_packet_sent_twice_has_one_receipt(station: &mut TestStation, api: &dyn SyncApi) {
    let packet = station.packet(Sizes::SMALL);
    assert!(!permits_deletion(station, api, &packet));
    let upload = send_all(api, &packet);
    let before = receipts_of(station, api, &packet);
    assert_eq!(before.len(), 1);
    // The answer was lost; the station asks and sends the end again.
    let length = packet.bytes.len() as u64;
    assert_eq!(api.upload_offset(upload).unwrap(), length);
    let end = api
        .upload_append(upload, length, UploadBody::Bytes(&[]))
        .unwrap();
    assert_eq!(end, length);
    assert_eq!(state(&offer(api, &[&packet]), &packet), WantedState::Held);
    assert_eq!(receipts_of(station, api, &packet), before);
}

fn offsets_are_never_skipped(station: &mut TestStation, api: &dyn SyncApi) {
    let packet = station.packet(Sizes::SMALL);
    let upload = upload_of(&offer(api, &[&packet]), &packet);
    let body = |range: std::ops::Range<usize>| UploadBody::Bytes(&packet.bytes[range]);
    assert_eq!(api.upload_append(upload, 0, body(0..1000)).unwrap(), 1000);
    for wrong in [0, 999, 1001, u64::from(u32::MAX)] {
        let refused = api.upload_append(upload, wrong, body(1000..1010));
        assert!(
            matches!(&refused, Err(SyncError::OffsetMismatch { server, .. }) if server.0 == 1000),
            "{refused:?}"
        );
    }
    assert_eq!(api.upload_offset(upload).unwrap(), 1000);
    match state(&offer(api, &[&packet]), &packet) {
        WantedState::Wanted {
            upload: same,
            offset,
            length,
        } => assert_eq!(
            (same, offset, length),
            (upload, 1000, packet.bytes.len() as u64)
        ),
        other => panic!("{other:?}"),
    }
    let mut longer = packet.bytes[1000..].to_vec();
    longer.push(0);
    let refused = api.upload_append(upload, 1000, UploadBody::Bytes(&longer));
    assert!(matches!(refused, Err(SyncError::TooLarge)), "{refused:?}");
    assert!(!permits_deletion(station, api, &packet));
    send_all(api, &packet);
    assert!(permits_deletion(station, api, &packet));
    let unknown = api.upload_offset(UploadId::from_bytes([9; 16]));
    assert!(matches!(unknown, Err(SyncError::UnknownUpload)));
}

fn what_is_another_stations_is_out_of_reach(
    station: &mut TestStation,
    api: &dyn SyncApi,
    other: &mut TestStation,
    other_api: &dyn SyncApi,
) {
    let packet = station.packet(Sizes::SMALL);
    let upload = upload_of(&offer(api, &[&packet]), &packet);
    let half = packet.bytes.len() / 2;
    api.upload_append(upload, 0, UploadBody::Bytes(&packet.bytes[..half]))
        .unwrap();
    let refused = other_api.upload_offset(upload);
    assert!(
        matches!(refused, Err(SyncError::UnknownUpload)),
        "{refused:?}"
    );
    let rest = UploadBody::Bytes(&packet.bytes[half..]);
    let refused = other_api.upload_append(upload, half as u64, rest);
    assert!(
        matches!(refused, Err(SyncError::UnknownUpload)),
        "{refused:?}"
    );
    let answer = offer(other_api, &[&packet]);
    assert_eq!(
        state(&answer, &packet),
        WantedState::Refused(RefusalReason::OtherStation)
    );
    // Nothing of it had an effect on the one whose upload it is.
    assert_eq!(api.upload_offset(upload).unwrap(), half as u64);
    send_all(api, &packet);
    assert!(permits_deletion(station, api, &packet));
    assert!(all_receipts(other, other_api).is_empty());
    assert!(other_api.inbox(0).unwrap().is_empty());
    // Control: the other one's own packet goes through.
    let own = other.packet(Sizes::SMALL);
    send_all(other_api, &own);
    assert!(permits_deletion(other, other_api, &own));
}

fn manifests_that_would_be_refused_are_refused_before_a_byte(
    station: &mut TestStation,
    api: &dyn SyncApi,
    other: &mut TestStation,
) {
    let good = station.packet(Sizes::SMALL);
    let foreign = other.packet_at(77, Some(sha256(b"77")), None, Sizes::SMALL);
    let mut forged = good.manifest.bytes().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let cut = good.manifest.bytes()[..good.manifest.bytes().len() - 1].to_vec();
    let answer = api
        .offer(&Offer::of(vec![
            foreign.manifest.bytes().to_vec(),
            cut,
            b"no manifest".to_vec(),
            Vec::new(),
        ]))
        .unwrap();
    assert_eq!(answer.packets.len(), 1);
    assert_eq!(
        answer.packets[0].state,
        WantedState::Refused(RefusalReason::OtherStation)
    );
    assert!(answer.plan.is_empty());
    let answer = api.offer(&Offer::of(vec![forged])).unwrap();
    assert_eq!(
        answer.packets[0].state,
        WantedState::Refused(RefusalReason::BadSignature)
    );
    assert!(answer.plan.is_empty());
    // Control, and an honest end for the chain.
    send_all(api, &good);
    assert!(permits_deletion(station, api, &good));
}

fn damaged_bytes_are_refused_by_receipt_and_may_be_sent_again(
    station: &mut TestStation,
    api: &dyn SyncApi,
) {
    let packet = station.packet(Sizes::SMALL);
    let upload = upload_of(&offer(api, &[&packet]), &packet);
    let mut damaged = packet.bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let refused = api.upload_append(upload, 0, UploadBody::Bytes(&damaged));
    assert!(
        matches!(
            refused,
            Err(SyncError::Refused {
                reason: RefusalReason::DigestMismatch
            })
        ),
        "{refused:?}"
    );
    let receipts = receipts_of(station, api, &packet);
    assert_eq!(receipts.len(), 1);
    assert_eq!(
        receipts[0].receipt().outcome,
        Outcome::Refused {
            reason: RefusalReason::DigestMismatch
        }
    );
    assert!(!permits_deletion(station, api, &packet));
    assert!(matches!(
        api.upload_offset(upload),
        Err(SyncError::UnknownUpload)
    ));
    send_all(api, &packet);
    assert!(permits_deletion(station, api, &packet));
}

fn one_packet_id_has_one_content(station: &mut TestStation, api: &dyn SyncApi) {
    let packet = station.packet(Sizes::SMALL);
    send_all(api, &packet);
    let id: PacketId = packet.manifest.manifest().packet;
    let twin = station.packet_at(9_000, Some(sha256(b"x")), Some(id), Sizes::SMALL);
    let answer = offer(api, &[&twin]);
    assert_eq!(
        state(&answer, &twin),
        WantedState::Refused(RefusalReason::Conflict)
    );
    assert_eq!(state(&offer(api, &[&packet]), &packet), WantedState::Held);
}

fn the_audit_trail_follows_on(station: &mut TestStation, api: &dyn SyncApi) {
    let first = station.audit(3);
    assert_eq!(api.send_audit(&first).unwrap(), 3);
    assert_eq!(api.send_audit(&first).unwrap(), 3);
    let second = station.audit(2);
    let third = station.audit(1);
    // A batch that begins too late is not taken, and the answer says from where to send.
    assert_eq!(api.send_audit(&third).unwrap(), 3);
    let forged = AuditBatch {
        first: 4,
        entries: vec![station.audit_entry(4, Some(sha256(b"another past"))).into()],
    };
    let refused = api.send_audit(&forged);
    assert!(
        matches!(
            refused,
            Err(SyncError::Refused {
                reason: RefusalReason::ChainFork
            })
        ),
        "{refused:?}"
    );
    assert_eq!(api.send_audit(&second).unwrap(), 5);
    assert_eq!(api.send_audit(&third).unwrap(), 6);
}

fn the_inbox_is_numbered_and_signed(centre: &Centre, station: &TestStation, api: &dyn SyncApi) {
    let put = |station: StationId, reason: &str| {
        let (keys, now, reason) = (centre.keys().clone(), centre.now(), reason.to_owned());
        centre
            .register()
            .write(move |connection| {
                let body = InboxBody::Revocation(Revocation::Station { reason });
                dispatch::append_in(connection, &keys, now, station, body, "")
            })
            .unwrap()
    };
    let before = api.inbox(0).unwrap().len() as u64;
    assert_eq!(put(station.id, "lost"), before + 1);
    assert_eq!(put(station.id, "found"), before + 2);
    let items = api.inbox(before).unwrap();
    assert_eq!(items.len(), 2);
    let mut head = ChainHead::START;
    for bytes in api.inbox(0).unwrap() {
        let verified = inbox::verify(&bytes, station.keyring(), station.id, &head).unwrap();
        head = verified.head();
    }
    assert_eq!(head.number, before + 2);
    assert!(api.inbox(before + 2).unwrap().is_empty());
    assert!(api.inbox(u64::MAX >> 1).unwrap().is_empty());
}

fn the_chain_of_receipts_is_whole(station: &TestStation, api: &dyn SyncApi) {
    let receipts = all_receipts(station, api);
    assert!(receipts.len() > 6);
    let refused = receipts
        .iter()
        .filter(|verified| matches!(verified.receipt().outcome, Outcome::Refused { .. }))
        .count();
    assert_eq!(refused, 1);
}
