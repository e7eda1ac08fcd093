//! Servers that are not the centre, or not in order: each is refused by the right name.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use qayd_model::UnixMs;
use qayd_world::OsClock;
use qayd_world::testing::FakeClock;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};

use super::*;

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

fn authority() -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let pem = params.self_signed(&key).unwrap().pem();
    Authority {
        pem,
        issuer: Issuer::new(params, key),
    }
}

/// A server certificate, good between two years.
fn tls(
    by: &Authority,
    name: &str,
    years: (i32, i32),
    version: &'static SupportedProtocolVersion,
) -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
    let certificate = params.signed_by(&key, &by.issuer).unwrap();
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    Arc::new(config)
}

/// Serves one connection after another with what `talk` does; gives the address.
fn serve(talk: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().flatten().for_each(talk));
    port
}

fn serve_tls(config: Arc<ServerConfig>, answer: impl Fn() -> Vec<u8> + Send + 'static) -> u16 {
    serve(move |stream| {
        let connection = ServerConnection::new(config.clone()).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        let mut head = [0; 4096];
        if stream.read(&mut head).is_ok_and(|n| n > 0) {
            let _ = stream.write_all(&answer());
            let _ = stream.flush();
        }
    })
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nqayd-nonce: n1\r\n\r\nhi";
const TLS13: &SupportedProtocolVersion = &rustls::version::TLS13;
const TLS12: &SupportedProtocolVersion = &rustls::version::TLS12;
const GOOD: (i32, i32) = (2020, 2090);

fn ask(network: &ReqwestNetwork, url: String) -> Result<NetworkResponse, NetworkError> {
    let body = NetworkBody::Empty;
    network.exchange(NetworkRequest {
        method: "GET".to_owned(),
        url,
        headers: Vec::new(),
        body,
        timeout_ms: Some(1_500),
    })
}

fn network(authority: &Authority) -> ReqwestNetwork {
    ReqwestNetwork::new(&authority.pem, Arc::new(OsClock::default()), None).unwrap()
}

fn local(port: u16) -> String {
    format!("https://localhost:{port}/")
}

#[test]
fn the_programmes_own_server_is_understood() {
    let ours = authority();
    let port = serve_tls(tls(&ours, "localhost", GOOD, TLS13), || OK.to_vec());
    let answer = ask(&network(&ours), local(port)).unwrap();
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (200, b"hi".as_slice())
    );
    assert_eq!(answer.header("Qayd-Nonce"), Some("n1"));
}

#[test]
fn whoever_is_not_the_programmes_centre_is_untrusted() {
    let (ours, theirs) = (authority(), authority());
    let servers = [
        (
            "another authority",
            serve_tls(tls(&theirs, "localhost", GOOD, TLS13), || OK.to_vec()),
        ),
        (
            "another name",
            serve_tls(tls(&ours, "elsewhere.test", GOOD, TLS13), || OK.to_vec()),
        ),
        (
            "expired",
            serve_tls(tls(&ours, "localhost", (2001, 2002), TLS13), || OK.to_vec()),
        ),
        (
            "TLS 1.2",
            serve_tls(tls(&ours, "localhost", GOOD, TLS12), || OK.to_vec()),
        ),
        (
            "a captive portal",
            serve(|mut stream| {
                let _ = stream
                    .write_all(b"HTTP/1.1 302 Found\r\nlocation: http://portal.test/\r\n\r\n");
            }),
        ),
    ];
    for (who, port) in servers {
        let answer = ask(&network(&ours), local(port));
        assert!(
            matches!(answer, Err(NetworkError::Untrusted { .. })),
            "{who}: {answer:?}"
        );
    }
}

#[test]
fn a_redirect_is_an_answer_and_is_not_followed() {
    let ours = authority();
    let moved =
        b"HTTP/1.1 302 Found\r\nlocation: https://localhost:1/\r\ncontent-length: 0\r\n\r\n";
    let port = serve_tls(tls(&ours, "localhost", GOOD, TLS13), || moved.to_vec());
    assert_eq!(ask(&network(&ours), local(port)).unwrap().status, 302);
}

#[test]
fn nobody_there_silence_and_nonsense_have_names_of_their_own() {
    let ours = authority();
    let closed = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    assert!(matches!(
        ask(&network(&ours), local(closed)),
        Err(NetworkError::Unreachable { .. })
    ));
    let plain = format!("http://localhost:{closed}/");
    assert!(
        ask(&network(&ours), plain).is_err(),
        "there is no unencrypted way"
    );

    let silent = serve(|stream| {
        thread::sleep(std::time::Duration::from_secs(8));
        drop(stream);
    });
    let answer = ask(&network(&ours), local(silent));
    assert!(
        matches!(
            answer,
            Err(NetworkError::TimedOut | NetworkError::Unreachable { .. })
        ),
        "{answer:?}"
    );

    let nonsense = serve_tls(tls(&ours, "localhost", GOOD, TLS13), || {
        b"SSH-2.0-x\r\n\r\n".to_vec()
    });
    assert!(matches!(
        ask(&network(&ours), local(nonsense)),
        Err(NetworkError::Malformed)
    ));

    let cut = serve_tls(tls(&ours, "localhost", GOOD, TLS13), || {
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec()
    });
    assert!(matches!(
        ask(&network(&ours), local(cut)),
        Err(NetworkError::Broken { .. })
    ));

    let endless = serve_tls(tls(&ours, "localhost", GOOD, TLS13), || {
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n".to_vec()
    });
    assert!(matches!(
        ask(&network(&ours), local(endless)),
        Err(NetworkError::TooLarge)
    ));
}

#[test]
fn a_clock_that_is_certainly_wrong_does_not_cut_the_station_off() {
    const YEAR_MS: u64 = 365 * 86_400_000;
    let ours = authority();
    let port = serve_tls(tls(&ours, "localhost", (2025, 2032), TLS13), || OK.to_vec());
    let (in_2026, in_1980, in_2050) = (56 * YEAR_MS + YEAR_MS / 2, 10 * YEAR_MS, 80 * YEAR_MS);
    let at = |clock: u64, signed: Option<u64>| {
        let clock = Arc::new(FakeClock::at(UnixMs(clock)));
        let network = ReqwestNetwork::new(&ours.pem, clock, signed.map(UnixMs)).unwrap();
        ask(&network, local(port)).is_ok()
    };
    assert!(at(in_2026, None));
    assert!(
        !at(in_1980, None) && !at(in_2050, None),
        "without signed time the clock is all there is"
    );
    assert!(at(in_1980, Some(in_2026)) && at(in_2050, Some(in_2026)));
}

#[test]
fn what_is_no_authority_is_refused_at_once() {
    let clock = Arc::new(OsClock::default());
    for pem in [
        "",
        "none",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let made = ReqwestNetwork::new(pem, clock.clone(), None);
        assert!(matches!(made, Err(NetworkSetupError::Authority)), "{pem:?}");
    }
}
