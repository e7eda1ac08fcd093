//! What a peer may try over HTTPS, each with its control.

use qayd_model::UploadId;
use qayd_protocol::{
    Invitation, Message, OFFER_PATH, Offer, PROVISION_PATH, ProvisionRequest, RECEIPTS_PATH,
    SyncApi, UPLOADS_PATH, UploadBody, WantedState,
    signature::{CONTENT_DIGEST_HEADER, content_digest},
};
use qayd_sync_server::{
    testing::{self, Sizes, TestStation},
    trust::{self, journal},
};

use super::{
    Served,
    client::{HttpStation, patch_headers, resumable},
};

fn offered(api: &dyn SyncApi, manifest: &[u8]) -> UploadId {
    let answer = api.offer(&Offer::of(vec![manifest.to_vec()])).unwrap();
    match answer.packets[0].state {
        WantedState::Wanted { upload, .. } => upload,
        other => panic!("{other:?}"),
    }
}

fn alarms(served: &Served, kind: &str) -> usize {
    let alarms = served
        .centre()
        .register()
        .read(|connection| journal::alarms(connection, 1000))
        .unwrap();
    alarms.iter().filter(|alarm| alarm.kind == kind).count()
}

#[test]
fn a_request_that_is_not_signed_by_its_station_changes_nothing() {
    let served = Served::start();
    let (mut a, b) = (served.station("A"), served.station("B"));
    let api = served.client(&a);
    let packet = a.packet(Sizes::SMALL);
    let offer = Offer::of(vec![packet.manifest.bytes().to_vec()]).to_bytes();
    let digest = (CONTENT_DIGEST_HEADER, content_digest(&offer));
    // Not signed at all.
    let answer = api.plain("POST", OFFER_PATH, &[digest], offer.clone());
    assert_eq!(answer.status, 401);
    assert!(answer.header("qayd-nonce").is_some());
    // Signed with B's key in A's name.
    let forger = HttpStation::new(&served.base, &served.ca_pem(), a.id, b.key());
    assert_eq!(
        forger.signed("POST", OFFER_PATH, &[], offer.clone()).status,
        401
    );
    // Signed by nobody the centre knows.
    let nobody = qayd_model::StationId::from_bytes([7; 16]);
    let stranger = HttpStation::new(&served.base, &served.ca_pem(), nobody, a.key());
    assert_eq!(
        stranger
            .signed("GET", RECEIPTS_PATH, &[], Vec::new())
            .status,
        401
    );
    // A nonce of another place, and one that was used.
    assert_eq!(
        api.signed_with("made-up", "POST", OFFER_PATH, &[], offer.clone())
            .status,
        401
    );
    let nonce = api.nonce();
    assert_eq!(
        api.signed_with(&nonce, "POST", OFFER_PATH, &[], offer.clone())
            .status,
        200
    );
    let replay = api.signed_with(&nonce, "POST", OFFER_PATH, &[], offer.clone());
    assert_eq!(
        (replay.status, replay.problem().code.as_str()),
        (401, "SIG-06")
    );
    // Control.
    assert_eq!(api.signed("POST", OFFER_PATH, &[], offer).status, 200);
}

#[test]
fn every_upload_route_answers_another_station_as_if_nothing_were_there() {
    let served = Served::start();
    let (mut a, b) = (served.station("A"), served.station("B"));
    let (api, other) = (served.client(&a), served.client(&b));
    let packet = a.packet(Sizes::SMALL);
    let own = offered(&api, packet.manifest.bytes());
    let absent = UploadId::from_bytes([3; 16]);
    for upload in [own.to_string(), absent.to_string(), "no-id".to_owned()] {
        let path = format!("{UPLOADS_PATH}/{upload}");
        assert_eq!(
            other
                .signed("HEAD", &path, &[resumable()], Vec::new())
                .status,
            404
        );
        assert_eq!(
            other
                .signed("PATCH", &path, &patch_headers(0), vec![1; 10])
                .status,
            404
        );
        assert_eq!(
            other
                .signed("DELETE", &path, &[resumable()], Vec::new())
                .status,
            404
        );
        for method in ["HEAD", "PATCH", "DELETE"] {
            assert_eq!(
                other
                    .plain(method, &path, &patch_headers(0), Vec::new())
                    .status,
                401
            );
        }
    }
    let head = api.head(own);
    assert_eq!(
        (head.status, head.header("upload-offset")),
        (200, Some("0"))
    );
    assert_eq!(api.patch(own, 0, packet.bytes.clone()).status, 204);
    assert!(other.receipts(0).unwrap().is_empty());
    assert_eq!(api.receipts(0).unwrap().len(), 1);
}

#[test]
fn an_invitation_serves_one_key_and_another_raises_an_alarm() {
    let served = Served::start();
    let text = testing::invitation(served.centre(), "A");
    let (invitation, _) = Invitation::open(&text).unwrap();
    let nobody = qayd_model::StationId::from_bytes([0; 16]);
    let first = qayd_crypto::SigningKey::make(&[1; 32]);
    let second = qayd_crypto::SigningKey::make(&[2; 32]);
    let receiving = qayd_crypto::OpeningKey::make(qayd_crypto::Suite::XWing, &[3; 32]);
    let api = HttpStation::new(&served.base, &served.ca_pem(), nobody, &first);
    let ask = |key: &qayd_crypto::SigningKey| {
        let claim = TestStation::claim(&invitation, key, &receiving);
        api.plain(
            "POST",
            PROVISION_PATH,
            &[],
            ProvisionRequest::make(&claim, key).to_bytes(),
        )
    };
    // A wrong secret, and a claim that its own key did not sign.
    let mut claim = TestStation::claim(&invitation, &first, &receiving);
    claim.secret = qayd_protocol::InvitationSecret::from_bytes([0; 32]);
    let wrong = ProvisionRequest::make(&claim, &first).to_bytes();
    assert_eq!(api.plain("POST", PROVISION_PATH, &[], wrong).status, 403);
    let claim = TestStation::claim(&invitation, &first, &receiving);
    let unproven = ProvisionRequest::make(&claim, &second).to_bytes();
    assert_eq!(api.plain("POST", PROVISION_PATH, &[], unproven).status, 403);

    let answer = ask(&first);
    assert_eq!(answer.status, 200);
    let certificate = |body: &[u8]| {
        qayd_protocol::ProvisionAnswer::from_bytes(body)
            .unwrap()
            .certificate
    };
    // The answer was lost: the same key is given the same certificate.
    assert_eq!(certificate(&ask(&first).body), certificate(&answer.body));
    assert_eq!(alarms(&served, "invitation-reused"), 0);
    assert_eq!(ask(&second).status, 403);
    assert_eq!(alarms(&served, "invitation-reused"), 1);
}

#[test]
fn a_revoked_stations_later_packets_are_quarantined_not_lost() {
    let served = Served::start();
    let mut station = served.station("A");
    let api = served.client(&station);
    let send = |packet: &qayd_packet::SealedPacket| {
        let upload = offered(&api, packet.manifest.bytes());
        api.upload_append(upload, 0, UploadBody::Bytes(&packet.bytes))
            .unwrap();
        let id = packet.manifest.manifest().packet;
        served.centre().packet(id).unwrap().unwrap().quarantine
    };
    let (first, second, third) = (
        station.packet(Sizes::SMALL),
        station.packet(Sizes::SMALL),
        station.packet(Sizes::SMALL),
    );
    assert_eq!(send(&first), None);
    let centre = served.centre();
    trust::revoke(centre.register(), centre.now(), "test", station.id, Some(2)).unwrap();
    assert_eq!(send(&second), None);
    assert_eq!(send(&third), Some("after-revocation".to_owned()));
    assert_eq!(api.receipts(0).unwrap().len(), 3);
}

#[test]
fn a_gap_waits_and_heals_and_a_fork_stays() {
    let served = Served::start();
    let mut station = served.station("A");
    let api = served.client(&station);
    let send = |packet: &qayd_packet::SealedPacket| {
        let upload = offered(&api, packet.manifest.bytes());
        api.upload_append(upload, 0, UploadBody::Bytes(&packet.bytes))
            .unwrap();
    };
    let quarantine = |packet: &qayd_packet::SealedPacket| {
        let id = packet.manifest.manifest().packet;
        served.centre().packet(id).unwrap().unwrap().quarantine
    };
    let (first, second, third) = (
        station.packet(Sizes::SMALL),
        station.packet(Sizes::SMALL),
        station.packet(Sizes::SMALL),
    );
    send(&first);
    send(&third);
    assert_eq!(quarantine(&third), Some("chain-gap".to_owned()));
    assert_eq!(alarms(&served, "chain-gap"), 1);
    // Announcing the missing one is enough to place the later one.
    offered(&api, second.manifest.bytes());
    assert_eq!(quarantine(&third), None);
    send(&second);
    assert_eq!(quarantine(&second), None);
    // A restored disk: the same number again, on the same predecessor.
    let twin = station.packet_at(2, Some(first.manifest.digest()), None, Sizes::SMALL);
    send(&twin);
    assert_eq!(quarantine(&twin), Some("chain-fork".to_owned()));
    assert!(alarms(&served, "chain-fork") >= 1);
    assert_eq!(api.receipts(0).unwrap().len(), 4);
}

#[test]
fn a_body_past_its_limit_or_of_other_bytes_is_refused() {
    let served = Served::start();
    let station = served.station("A");
    let api = served.client(&station);
    let long = vec![0; Offer::LIMIT + 1];
    assert_eq!(api.signed("POST", OFFER_PATH, &[], long).status, 413);
    for bad in [
        &b""[..],
        b"\xff",
        b"no cbor at all",
        &Offer::default().to_bytes()[..0],
    ] {
        let answer = api.signed("POST", OFFER_PATH, &[], bad.to_vec());
        assert_eq!(answer.status, 400, "{bad:?}");
    }
    let path = format!("{RECEIPTS_PATH}?after=-1");
    assert_eq!(api.signed("GET", &path, &[], Vec::new()).status, 400);
    // Control.
    let empty = api.signed("POST", OFFER_PATH, &[], Offer::default().to_bytes());
    assert_eq!(empty.status, 200);
}
