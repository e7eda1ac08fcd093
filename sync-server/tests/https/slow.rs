//! Slow, silent, cut and competing connections.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use qayd_crypto::SigningKey;
use qayd_model::{StationId, UploadId};
use qayd_packet::SealedPacket;
use qayd_protocol::{
    Offer, SyncApi, UPLOADS_PATH, UploadBody, WantedState,
    signature::{SignedParts, sign},
};
use qayd_sync_server::{
    http::Limits,
    testing::{Sizes, TestStation},
};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};

use super::Served;

type Tls = StreamOwned<ClientConnection, TcpStream>;

fn connect(served: &Served) -> Tls {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(served.ca_pem().as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let port = served.base.rsplit(':').next().unwrap();
    let stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut tls = StreamOwned::new(connection, stream);
    tls.flush().unwrap();
    tls
}

/// The head of a signed PATCH by hand, so that its body can be anything.
fn patch_head(
    served: &Served,
    station: StationId,
    key: &SigningKey,
    upload: UploadId,
    offset: u64,
    length: usize,
) -> String {
    let path = format!("{UPLOADS_PATH}/{upload}");
    let authority = served.base.strip_prefix("https://").unwrap();
    let signed = sign(
        &SignedParts {
            method: "PATCH",
            target_uri: &format!("{}{path}", served.base),
            content_digest: None,
            upload_offset: Some(offset),
        },
        station,
        1,
        "any",
        key,
    )
    .unwrap();
    format!(
        "PATCH {path} HTTP/1.1\r\nHost: {authority}\r\nTus-Resumable: 1.0.0\r\n\
         Upload-Offset: {offset}\r\nContent-Type: application/offset+octet-stream\r\n\
         Content-Length: {length}\r\nSignature-Input: {}\r\nSignature: {}\r\n\r\n",
        signed.signature_input, signed.signature
    )
}

fn offered(api: &dyn SyncApi, packet: &SealedPacket) -> UploadId {
    let manifests = vec![packet.manifest.bytes().to_vec()];
    match api.offer(&Offer::of(manifests)).unwrap().packets[0].state {
        WantedState::Wanted { upload, .. } => upload,
        other => panic!("{other:?}"),
    }
}

/// The first words of the answer, however the connection ends after them.
fn status_line(tls: &mut Tls) -> String {
    let mut answer = Vec::new();
    let _ = tls.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer[..answer.len().min(12)]).into_owned()
}

/// Waits until the centre has kept at least this much; the asking itself takes the upload over.
fn until_kept(served: &Served, station: &TestStation, packet: &SealedPacket, at_least: u64) {
    for _ in 0..500 {
        let view = served.centre().for_station(station.id);
        let manifests = vec![packet.manifest.bytes().to_vec()];
        let answer = view.offer(&Offer::of(manifests)).unwrap();
        if let WantedState::Wanted { offset, .. } = answer.packets[0].state
            && offset >= at_least
        {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the centre did not keep {at_least} bytes");
}

#[test]
fn a_cut_connection_keeps_every_byte_that_arrived() {
    let served = Served::start();
    let mut station = served.station("A");
    let api = served.client(&station);
    let packet = station.packet(Sizes::USUAL);
    let upload = offered(&api, &packet);
    let sent = 700_001;
    let mut tls = connect(&served);
    let head = patch_head(
        &served,
        station.id,
        station.key(),
        upload,
        0,
        packet.bytes.len(),
    );
    tls.write_all(head.as_bytes()).unwrap();
    tls.write_all(&packet.bytes[..sent]).unwrap();
    tls.flush().unwrap();
    until_kept(&served, &station, &packet, sent as u64);
    tls.sock.shutdown(std::net::Shutdown::Both).unwrap();
    assert_eq!(api.upload_offset(upload).unwrap(), sent as u64);
    let rest = UploadBody::Bytes(&packet.bytes[sent..]);
    let end = api.upload_append(upload, sent as u64, rest).unwrap();
    assert_eq!(end, packet.bytes.len() as u64);
    assert_eq!(api.receipts(0).unwrap().len(), 1);
}

#[test]
fn a_new_connection_takes_over_from_a_dead_one_at_once() {
    let served = Served::start();
    let mut station = served.station("A");
    let api = served.client(&station);
    let packet = station.packet(Sizes::USUAL);
    let upload = offered(&api, &packet);
    // The old connection is dead but nobody has noticed: it stays open.
    let mut old = connect(&served);
    let head = patch_head(
        &served,
        station.id,
        station.key(),
        upload,
        0,
        packet.bytes.len(),
    );
    old.write_all(head.as_bytes()).unwrap();
    old.write_all(&packet.bytes[..300_000]).unwrap();
    old.flush().unwrap();
    until_kept(&served, &station, &packet, 300_000);
    let offset = api.upload_offset(upload).unwrap();
    assert_eq!(offset, 300_000);
    // What the old one sends now is not kept, whatever it is.
    old.write_all(&[0; 5_000]).unwrap();
    old.flush().unwrap();
    let rest = UploadBody::Bytes(&packet.bytes[300_000..]);
    assert_eq!(
        api.upload_append(upload, 300_000, rest).unwrap(),
        packet.bytes.len() as u64
    );
    assert_eq!(api.receipts(0).unwrap().len(), 1);
    assert_eq!(status_line(&mut old), "HTTP/1.1 423");
}

#[test]
fn connections_that_send_nothing_or_half_a_head_are_closed_and_honest_ones_served() {
    let limits = Limits {
        first_byte: Duration::from_millis(600),
        headers: Duration::from_millis(600),
        body_idle: Duration::from_millis(600),
        ..Limits::default()
    };
    let served = Served::start_with(limits);
    let mut station = served.station("A");
    let api = served.client(&station);
    let packet = station.packet(Sizes::SMALL);
    let upload = offered(&api, &packet);
    let mut silent: Vec<Tls> = (0..20).map(|_| connect(&served)).collect();
    let mut halves: Vec<Tls> = (0..20)
        .map(|_| {
            let mut tls = connect(&served);
            tls.write_all(b"GET /sync/v1/hello HTTP/1.1\r\nHost: local")
                .unwrap();
            tls.flush().unwrap();
            tls
        })
        .collect();
    let mut stalled = connect(&served);
    let head = patch_head(
        &served,
        station.id,
        station.key(),
        upload,
        0,
        packet.bytes.len(),
    );
    stalled.write_all(head.as_bytes()).unwrap();
    stalled.write_all(&packet.bytes[..100]).unwrap();
    stalled.flush().unwrap();
    for tls in silent.iter_mut().chain(&mut halves) {
        let mut answer = Vec::new();
        // An end, a reset, or a 408: anything but waiting.
        let outcome = tls.read_to_end(&mut answer);
        let waited =
            matches!(&outcome, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock);
        assert!(!waited);
    }
    assert_eq!(status_line(&mut stalled), "HTTP/1.1 408");
    // Control: an honest upload goes through, from where the stalled one stood.
    let offset = api.upload_offset(upload).unwrap();
    assert_eq!(offset, 100);
    let rest = UploadBody::Bytes(&packet.bytes[100..]);
    api.upload_append(upload, 100, rest).unwrap();
}

#[test]
fn connections_past_the_cap_are_turned_away_and_room_comes_back() {
    let limits = Limits {
        connections: 4,
        ..Limits::default()
    };
    let served = Served::start_with(limits);
    let held: Vec<Tls> = (0..4)
        .map(|_| {
            let mut tls = connect(&served);
            tls.write_all(b"GET /sync/v1/hello HTTP/1.1\r\nHost: x\r\n\r\n")
                .unwrap();
            let mut first = [0; 12];
            tls.read_exact(&mut first).unwrap();
            assert_eq!(&first, b"HTTP/1.1 200");
            tls
        })
        .collect();
    let port = served.base.rsplit(':').next().unwrap();
    let mut turned_away = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    turned_away
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let outcome = turned_away.read(&mut [0; 1]);
    assert!(
        matches!(outcome, Ok(0))
            || outcome.is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset)
    );
    drop(held);
    let station = served.station("A");
    let api = served.client(&station);
    let hello = (0..100).find_map(|_| {
        std::thread::sleep(Duration::from_millis(20));
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| api.hello().unwrap())).ok()
    });
    assert!(hello.is_some());
}
