//! tus 1.0.0, request by request.

use base64::{Engine, prelude::BASE64_STANDARD};
use qayd_model::UploadId;
use qayd_protocol::{
    Message, Offer, RECEIPTS_PATH, SyncApi, UPLOADS_PATH, WantedState, messages::SignedList, tus,
};
use qayd_sync_server::testing::Sizes;

use super::{
    Served,
    client::{Answer, patch_headers, resumable},
};

fn location(answer: &Answer) -> UploadId {
    assert_eq!(answer.status, 201);
    let location = answer.header("location").unwrap();
    location.rsplit('/').next().unwrap().parse().unwrap()
}

#[test]
fn options_tell_what_the_server_speaks() {
    let served = Served::start();
    let station = served.station("A");
    let answer = served
        .client(&station)
        .plain("OPTIONS", UPLOADS_PATH, &[], Vec::new());
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("tus-version"), Some("1.0.0"));
    assert_eq!(answer.header("tus-extension"), Some(tus::EXTENSIONS));
    assert_eq!(answer.header("tus-checksum-algorithm"), Some("sha256,sha1"));
    assert_eq!(answer.header("tus-max-size"), Some("16777216"));
}

#[test]
fn a_packet_that_nobody_offered_is_taken_from_any_tus_client() {
    let served = Served::start();
    let mut station = served.station("A");
    let api = served.client(&station);
    let packet = station.packet(Sizes::SMALL);
    let length = packet.bytes.len() as u64;
    let upload = location(&api.create(length));
    let half = packet.bytes.len() / 2;
    let first = api.patch(upload, 0, packet.bytes[..half].to_vec());
    assert_eq!(
        (first.status, first.header("upload-offset")),
        (204, Some(half.to_string().as_str()))
    );
    let head = api.head(upload);
    assert_eq!(
        head.header("upload-length"),
        Some(length.to_string().as_str())
    );
    assert_eq!(head.header("cache-control"), Some("no-store"));
    assert!(tus::parse_date(head.header("upload-expires").unwrap()).is_ok());
    let last = api.patch(upload, half as u64, packet.bytes[half..].to_vec());
    assert_eq!((last.status, last.header("qayd-receipt")), (204, Some("1")));
    // The same packet once more, whole with its creation: the same receipt.
    let mut headers = patch_headers(0);
    headers.retain(|(name, _)| *name != tus::header::OFFSET);
    headers.push((tus::header::LENGTH, length.to_string()));
    headers.push((tus::header::METADATA, String::new()));
    let again = api.signed("POST", UPLOADS_PATH, &headers, packet.bytes.clone());
    assert_eq!(
        (again.status, again.header("qayd-receipt")),
        (201, Some("1"))
    );
    assert_eq!(
        again.header("upload-offset"),
        Some(length.to_string().as_str())
    );
    assert_eq!(api.receipts(0).unwrap().len(), 1);
    // After the end: the offset is the length, more bytes are a conflict, the end again is no error.
    assert_eq!(
        api.head(upload).header("upload-offset"),
        Some(length.to_string().as_str())
    );
    assert_eq!(api.patch(upload, 0, vec![0; 8]).status, 409);
    assert_eq!(api.patch(upload, length, Vec::new()).status, 204);
}

#[test]
fn creation_is_refused_for_what_cannot_be_a_packet() {
    let served = Served::start();
    let station = served.station("A");
    let api = served.client(&station);
    let create =
        |headers: &[(&str, String)]| api.signed("POST", UPLOADS_PATH, headers, Vec::new()).status;
    let length = |text: &str| (tus::header::LENGTH, text.to_owned());
    assert_eq!(create(&[length("100")]), 412);
    assert_eq!(create(&[resumable()]), 400);
    for bad in [
        "0",
        "-1",
        "+1",
        "1e3",
        "99999999999999999999",
        "0100",
        "ten",
    ] {
        assert_eq!(create(&[resumable(), length(bad)]), 400, "{bad}");
    }
    assert_eq!(create(&[resumable(), length("16777217")]), 413);
    assert_eq!(
        create(&[resumable(), (tus::header::DEFER_LENGTH, "1".to_owned())]),
        400
    );
    assert_eq!(
        create(&[
            resumable(),
            length("10"),
            (tus::header::METADATA, "a !".to_owned())
        ]),
        400
    );
    // Controls: the largest, and no more than four that nobody asked for.
    for _ in 0..4 {
        assert_eq!(create(&[resumable(), length("16777216")]), 201);
    }
    assert_eq!(create(&[resumable(), length("10")]), 429);
}

#[test]
fn a_patch_is_refused_without_a_trace_when_anything_about_it_is_wrong() {
    let served = Served::start();
    let mut station = served.station("A");
    let api = served.client(&station);
    let packet = station.packet(Sizes::SMALL);
    let upload = location(&api.create(packet.bytes.len() as u64));
    let path = format!("{UPLOADS_PATH}/{upload}");
    let patch = |headers: Vec<(&'static str, String)>, body: &[u8]| {
        api.signed("PATCH", &path, &headers, body.to_vec()).status
    };
    let piece = &packet.bytes[..1000];
    let without = |name: &str| {
        let mut headers = patch_headers(0);
        headers.retain(|(held, _)| *held != name);
        headers
    };
    assert_eq!(patch(without(tus::header::RESUMABLE), piece), 412);
    assert_eq!(patch(without("Content-Type"), piece), 415);
    assert_eq!(patch(patch_headers(1), piece), 409);
    let mut body = packet.bytes.clone();
    body.push(0);
    assert_eq!(patch(patch_headers(0), &body), 413);
    let mut wrong = patch_headers(0);
    wrong.push((
        tus::header::CHECKSUM,
        tus::Checksum::Sha256([0; 32]).format(),
    ));
    assert_eq!(patch(wrong.clone(), piece), 460);
    wrong.pop();
    wrong.push((tus::header::CHECKSUM, "md5 AAAA".to_owned()));
    assert_eq!(patch(wrong.clone(), piece), 400);
    assert_eq!(api.head(upload).header("upload-offset"), Some("0"));
    // Controls, with both algorithms.
    let digest = qayd_crypto::sha256(piece);
    wrong.pop();
    wrong.push((
        tus::header::CHECKSUM,
        tus::Checksum::Sha256(digest.0).format(),
    ));
    assert_eq!(patch(wrong, piece), 204);
    let mut hello = patch_headers(1000);
    hello.push((
        tus::header::CHECKSUM,
        "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=".to_owned(),
    ));
    assert_eq!(patch(hello.clone(), b"hello there"), 460);
    assert_eq!(patch(hello, b"hello world"), 204);
    assert_eq!(api.head(upload).header("upload-offset"), Some("1011"));
    // A checksum that fails in the middle leaves what was kept before it, and the packet goes on.
    assert_eq!(
        api.signed("DELETE", &path, &[resumable()], Vec::new())
            .status,
        204
    );
    assert_eq!(api.head(upload).status, 410);
    assert_eq!(patch(patch_headers(0), piece), 410);
}

#[test]
fn a_checksum_that_fails_late_loses_only_its_own_bytes() {
    let served = Served::start();
    let mut station = served.station("A");
    let api = served.client(&station);
    let packet = station.packet(Sizes::SMALL);
    let upload = location(&api.create(packet.bytes.len() as u64));
    let path = format!("{UPLOADS_PATH}/{upload}");
    assert_eq!(
        api.patch(upload, 0, packet.bytes[..3000].to_vec()).status,
        204
    );
    let mut headers = patch_headers(3000);
    headers.push((
        tus::header::CHECKSUM,
        format!("sha256 {}", BASE64_STANDARD.encode([1; 32])),
    ));
    let rest = packet.bytes[3000..].to_vec();
    assert_eq!(
        api.signed("PATCH", &path, &headers, rest.clone()).status,
        460
    );
    assert_eq!(api.head(upload).header("upload-offset"), Some("3000"));
    assert_eq!(
        api.patch(upload, 3000, rest).header("qayd-receipt"),
        Some("1")
    );
}

#[test]
fn what_is_no_packet_is_refused_and_forgotten() {
    let served = Served::start();
    let mut station = served.station("A");
    let api = served.client(&station);
    let noise = vec![0x5a; 100_000];
    let upload = location(&api.create(noise.len() as u64));
    let answer = api.patch(upload, 0, noise);
    assert_eq!(
        (answer.status, answer.problem().code.as_str()),
        (422, "REF-10")
    );
    assert_eq!(api.head(upload).status, 410);
    // A manifest that names another length than the upload has.
    let packet = station.packet(Sizes::SMALL);
    let upload = location(&api.create(packet.bytes.len() as u64 - 1));
    let answer = api.patch(upload, 0, packet.bytes[..packet.bytes.len() - 1].to_vec());
    assert_eq!(
        (answer.status, answer.problem().code.as_str()),
        (422, "REF-10")
    );
    let uploads = served.folder.path().join("uploads");
    assert_eq!(std::fs::read_dir(uploads).unwrap().count(), 0);
    // Control.
    let upload = location(&api.create(packet.bytes.len() as u64));
    assert_eq!(api.patch(upload, 0, packet.bytes).status, 204);
}

#[test]
fn a_damaged_packet_is_asked_for_three_times() {
    let served = Served::start();
    let mut station = served.station("A");
    let api = served.client(&station);
    let packet = station.packet(Sizes::SMALL);
    let mut damaged = packet.bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    for _ in 0..3 {
        let answer = api
            .offer(&Offer::of(vec![packet.manifest.bytes().to_vec()]))
            .unwrap();
        let WantedState::Wanted { upload, .. } = answer.packets[0].state else {
            panic!("wanted was expected");
        };
        assert_eq!(api.patch(upload, 0, damaged.clone()).status, 422);
    }
    let answer = api
        .offer(&Offer::of(vec![packet.manifest.bytes().to_vec()]))
        .unwrap();
    assert!(matches!(answer.packets[0].state, WantedState::Refused(_)));
    // The same damaged bytes were told the same each time.
    assert_eq!(api.receipts(0).unwrap().len(), 1);
    // Whoever brings the right bytes by another way is still heard.
    let upload = location(&api.create(packet.bytes.len() as u64));
    assert_eq!(api.patch(upload, 0, packet.bytes).status, 204);
}

#[test]
fn whoever_prefers_it_is_answered_before_the_disk_and_told_of_refusals_all_the_same() {
    let served = Served::start();
    let mut station = served.station("A");
    let api = served.client(&station);
    let prefer = |offset: u64, body: Vec<u8>, upload: UploadId| {
        let mut headers = patch_headers(offset);
        headers.push(("prefer", "respond-async".to_owned()));
        api.signed("PATCH", &format!("{UPLOADS_PATH}/{upload}"), &headers, body)
    };
    let receipts = |after: u64| {
        let path = format!("{RECEIPTS_PATH}?after={after}");
        let answer = api.signed(
            "GET",
            &path,
            &[("prefer", "wait=20".to_owned())],
            Vec::new(),
        );
        SignedList::from_bytes(&answer.body).unwrap().into_items()
    };
    let packet = station.packet(Sizes::USUAL);
    let length = packet.bytes.len() as u64;
    let upload = location(&api.create(length));
    let early = prefer(0, packet.bytes.clone(), upload);
    assert_eq!(
        (early.status, early.header("qayd-receipt")),
        (204, None),
        "the receipt was not waited for"
    );
    assert_eq!(
        early.header("upload-offset"),
        Some(length.to_string().as_str())
    );
    assert_eq!(receipts(0).len(), 1, "it was waited for here");
    assert_eq!(prefer(length, Vec::new(), upload).status, 204);
    let mut damaged = station.packet(Sizes::USUAL).bytes;
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let upload = location(&api.create(damaged.len() as u64));
    let refused = prefer(0, damaged, upload);
    assert_eq!(refused.status, 422);
}
