//! HTTP client: the centre's [`SyncApi`] over a [`Network`].
//!
//! In: calls of the trait. Out: signed requests (RFC 9421), and the centre's answers sorted by blame.
//! Owns: the nonce that the centre gave last. Never: retries, except once after 401 with the fresh nonce that came
//! with it; follows a redirect; believes a status without the protocol's own body where there has to be one.

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use qayd_crypto::SigningKey;
use qayd_model::{ByteCount, StationId, UploadId};
use qayd_protocol::messages::{AuditAnswer, SignedList};
use qayd_protocol::signature::{
    CONTENT_DIGEST_HEADER, SIGNATURE_HEADER, SIGNATURE_INPUT_HEADER, SignedParts, content_digest,
    sign,
};
use qayd_protocol::tus::{self, header};
use qayd_protocol::{
    AUDIT_PATH, AuditBatch, CBOR_MEDIA_TYPE, HELLO_PATH, Hello, INBOX_PATH, Message, NONCE_HEADER,
    OFFER_PATH, Offer, OfferAnswer, PROVISION_PATH, Problem, ProvisionAnswer, ProvisionRequest,
    RECEIPTS_PATH, SyncApi, SyncError, UPLOADS_PATH, UploadBody,
};
use qayd_world::{
    Network, NetworkBody, NetworkError, NetworkRequest, NetworkResponse, World, random_array,
};

/// How long the centre may be silent over a small request.
const ANSWER_MS: u64 = 30_000;
/// How long it may be silent over an upload's last bytes, which it fsyncs and verifies.
const UPLOAD_ANSWER_MS: u64 = 60_000;

/// How long the centre may hold back receipts while packets are on their way to its disk; less than [`ANSWER_MS`].
const RECEIPTS_WAIT_S: u64 = 20;

/// The centre over HTTPS.
pub struct HttpSyncClient {
    network: Arc<dyn Network>,
    world: World,
    base: String,
    /// Who signs; `None` before a station has its certificate.
    signer: Option<(StationId, SigningKey)>,
    nonce: Mutex<Option<String>>,
}

impl core::fmt::Debug for HttpSyncClient {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "HttpSyncClient({})", self.base)
    }
}

struct Call {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: NetworkBody,
    digest: Option<String>,
    upload_offset: Option<u64>,
    timeout_ms: u64,
    signed: bool,
    /// The body once more, for the one retry after 401.
    again: Option<Bytes>,
}

impl Call {
    fn get(path: impl Into<String>) -> Self {
        Self {
            method: "GET",
            path: path.into(),
            headers: Vec::new(),
            body: NetworkBody::Empty,
            digest: None,
            upload_offset: None,
            timeout_ms: ANSWER_MS,
            signed: true,
            again: Some(Bytes::new()),
        }
    }

    fn post(path: &str, body: Vec<u8>) -> Self {
        let digest = content_digest(&body);
        let body = Bytes::from(body);
        Self {
            method: "POST",
            headers: vec![("Content-Type".to_owned(), CBOR_MEDIA_TYPE.to_owned())],
            body: NetworkBody::Bytes(body.clone()),
            digest: Some(digest),
            again: Some(body),
            ..Self::get(path)
        }
    }

    fn unsigned(self) -> Self {
        Self {
            signed: false,
            ..self
        }
    }
}

impl HttpSyncClient {
    /// The centre at `url` (`https://host[:port]`), as `station` sees it. `signer` is its id and key.
    pub fn new(
        network: Arc<dyn Network>,
        world: World,
        url: &str,
        signer: Option<(StationId, &SigningKey)>,
    ) -> Self {
        let base = url.trim_end_matches('/');
        // The default port is left out of what is signed (RFC 9421 §2.2.2), so that it is left out everywhere.
        let base = base.strip_suffix(":443").unwrap_or(base).to_owned();
        let signer = signer.map(|(station, key)| (station, SigningKey::make(&key.seed())));
        Self {
            network,
            world,
            base,
            signer,
            nonce: Mutex::new(None),
        }
    }

    fn call(&self, mut call: Call) -> Result<NetworkResponse, SyncError> {
        let again = call.again;
        let (method, path, timeout_ms, signed) =
            (call.method, call.path.clone(), call.timeout_ms, call.signed);
        let (digest, upload_offset, headers) = (
            call.digest.clone(),
            call.upload_offset,
            std::mem::take(&mut call.headers),
        );
        let mut body = Some(call.body);
        let mut retried = false;
        loop {
            let sent = match body.take() {
                Some(body) => body,
                None => match &again {
                    Some(bytes) if bytes.is_empty() => NetworkBody::Empty,
                    Some(bytes) => NetworkBody::Bytes(bytes.clone()),
                    None => return Err(SyncError::Unauthenticated),
                },
            };
            let url = format!("{}{path}", self.base);
            let mut headers = headers.clone();
            if let Some(digest) = &digest {
                headers.push((CONTENT_DIGEST_HEADER.to_owned(), digest.clone()));
            }
            if signed {
                let parts = SignedParts {
                    method,
                    target_uri: &url,
                    content_digest: digest.as_deref(),
                    upload_offset,
                };
                headers.extend(self.sign(&parts)?);
            }
            let request = NetworkRequest {
                method: method.to_owned(),
                url,
                headers,
                body: sent,
                timeout_ms: Some(timeout_ms),
            };
            let response = self.network.exchange(request).map_err(of_network)?;
            let fresh = response.header(NONCE_HEADER).map(str::to_owned);
            let has_fresh = fresh.is_some();
            if has_fresh {
                *self.nonce.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
            }
            if response.status == 401 && signed && has_fresh && !retried && again.is_some() {
                retried = true;
                continue;
            }
            return Ok(response);
        }
    }

    fn sign(&self, parts: &SignedParts<'_>) -> Result<Vec<(String, String)>, SyncError> {
        let Some((station, key)) = &self.signer else {
            return Err(SyncError::Unauthenticated);
        };
        let issued = self
            .nonce
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let nonce = issued.unwrap_or_else(|| {
            let random = random_array::<16>(&*self.world.random);
            hex::encode(random)
        });
        let created_s = self.world.clock.now().0 / 1000;
        let made =
            sign(parts, *station, created_s, &nonce, key).map_err(|source| SyncError::Storage {
                source: source.into(),
            })?;
        Ok(vec![
            (SIGNATURE_INPUT_HEADER.to_owned(), made.signature_input),
            (SIGNATURE_HEADER.to_owned(), made.signature),
        ])
    }

    fn upload_call(&self, method: &'static str, upload: UploadId) -> Call {
        let mut call = Call::get(format!("{UPLOADS_PATH}/{upload}"));
        call.method = method;
        call.headers = vec![(header::RESUMABLE.to_owned(), tus::VERSION.to_owned())];
        call
    }

    fn list(&self, mut call: Call, after: u64) -> Result<Vec<Vec<u8>>, SyncError> {
        call.path.push_str(&format!("?after={after}"));
        let response = expect(self.call(call)?)?;
        Ok(SignedList::from_bytes(&response.body)?.into_items())
    }
}

impl SyncApi for HttpSyncClient {
    fn hello(&self) -> Result<Hello, SyncError> {
        let response = expect(self.call(Call::get(HELLO_PATH).unsigned())?)?;
        let hello = Hello::from_bytes(&response.body)?;
        *self.nonce.lock().unwrap_or_else(PoisonError::into_inner) = Some(hello.nonce.clone());
        Ok(hello)
    }

    fn provision(&self, request: &ProvisionRequest) -> Result<ProvisionAnswer, SyncError> {
        let response =
            expect(self.call(Call::post(PROVISION_PATH, request.to_bytes()).unsigned())?)?;
        Ok(ProvisionAnswer::from_bytes(&response.body)?)
    }

    fn offer(&self, offer: &Offer) -> Result<OfferAnswer, SyncError> {
        let response = expect(self.call(Call::post(OFFER_PATH, offer.to_bytes()))?)?;
        let answer = OfferAnswer::from_bytes(&response.body)?;
        *self.nonce.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer.nonce.clone());
        Ok(answer)
    }

    fn upload_offset(&self, upload: UploadId) -> Result<u64, SyncError> {
        let response = self.call(self.upload_call("HEAD", upload))?;
        if matches!(response.status, 403 | 404 | 410) {
            return Err(SyncError::UnknownUpload);
        }
        offset_of(&expect(response)?)
    }

    fn upload_append(
        &self,
        upload: UploadId,
        offset: u64,
        body: UploadBody<'_>,
    ) -> Result<u64, SyncError> {
        let mut call = self.upload_call("PATCH", upload);
        call.headers
            .push(("Content-Type".to_owned(), tus::OFFSET_MEDIA_TYPE.to_owned()));
        call.headers
            .push((header::OFFSET.to_owned(), offset.to_string()));
        // The receipt says when it is durable; the next packet need not wait for that (RFC 7240).
        call.headers
            .push(("Prefer".to_owned(), "respond-async".to_owned()));
        call.upload_offset = Some(offset);
        call.timeout_ms = UPLOAD_ANSWER_MS;
        call.again = None;
        call.body = match body {
            UploadBody::Bytes(bytes) => NetworkBody::Bytes(Bytes::copy_from_slice(bytes)),
            UploadBody::Shared(bytes) => NetworkBody::Bytes(bytes),
            UploadBody::Stream { length, reader } => NetworkBody::Stream { length, reader },
        };
        let response = self.call(call)?;
        match response.status {
            404 | 410 => Err(SyncError::UnknownUpload),
            409 => {
                let told = problem(&response).and_then(|p| p.offset);
                let server = match told.map_or_else(|| offset_of(&response), Ok) {
                    Ok(server) => server,
                    Err(_) => self.upload_offset(upload)?,
                };
                Err(SyncError::OffsetMismatch {
                    ours: ByteCount(offset),
                    server: ByteCount(server),
                })
            }
            // The bytes were damaged on their way and none was kept.
            tus::STATUS_CHECKSUM_MISMATCH => Err(SyncError::Interrupted {
                source: "the bytes were damaged on their way".into(),
            }),
            _ => offset_of(&expect(response)?),
        }
    }

    fn receipts(&self, after: u64) -> Result<Vec<Vec<u8>>, SyncError> {
        let mut call = Call::get(RECEIPTS_PATH);
        call.headers
            .push(("Prefer".to_owned(), format!("wait={RECEIPTS_WAIT_S}")));
        self.list(call, after)
    }

    fn inbox(&self, after: u64) -> Result<Vec<Vec<u8>>, SyncError> {
        self.list(Call::get(INBOX_PATH), after)
    }

    fn send_audit(&self, batch: &AuditBatch) -> Result<u64, SyncError> {
        let response = expect(self.call(Call::post(AUDIT_PATH, batch.to_bytes()))?)?;
        Ok(AuditAnswer::from_bytes(&response.body)?.held)
    }
}

fn offset_of(response: &NetworkResponse) -> Result<u64, SyncError> {
    response
        .header(header::OFFSET)
        .and_then(|text| tus::parse_number(text).ok())
        .ok_or(SyncError::PeerMisbehaved {
            what: "no Upload-Offset",
        })
}

fn problem(response: &NetworkResponse) -> Option<Problem> {
    Problem::from_bytes(&response.body).ok()
}

/// A response of success, or what its status means.
fn expect(response: NetworkResponse) -> Result<NetworkResponse, SyncError> {
    let said = || problem(&response);
    match response.status {
        200..=299 => Ok(response),
        401 => Err(SyncError::Unauthenticated),
        413 => Err(SyncError::TooLarge),
        423 | 429 | 503 => {
            let seconds = response
                .header("Retry-After")
                .and_then(|text| text.parse::<u64>().ok());
            let retry_after_ms = said()
                .and_then(|p| p.retry_after_ms)
                .or(seconds.map(|s| s.saturating_mul(1_000)));
            Err(SyncError::Busy { retry_after_ms })
        }
        500..=599 => Err(SyncError::CentreFailed {
            status: response.status,
        }),
        300..=399 => Err(SyncError::PeerMisbehaved { what: "a redirect" }),
        status => match said().and_then(|p| p.reason) {
            Some(reason) => Err(SyncError::Refused { reason }),
            None if status == 403 => Err(SyncError::Unauthenticated),
            None => Err(SyncError::PeerMisbehaved {
                what: "an unexpected status",
            }),
        },
    }
}

fn of_network(error: NetworkError) -> SyncError {
    match error {
        NetworkError::Unreachable { source } => SyncError::Unreachable { source },
        NetworkError::Untrusted { source } => SyncError::Untrusted { source },
        NetworkError::TimedOut => SyncError::TimedOut,
        NetworkError::Broken { source } => SyncError::Interrupted { source },
        NetworkError::TooLarge => SyncError::PeerMisbehaved {
            what: "an answer that is too long",
        },
        _ => SyncError::PeerMisbehaved {
            what: "an answer that is not HTTP",
        },
    }
}

/// Reads exactly `length` bytes, telling how many were read, and stops when it is told to.
pub(super) struct Watched {
    pub inner: Box<dyn Read + Send>,
    pub cancel: Arc<std::sync::atomic::AtomicBool>,
    pub told: Box<dyn FnMut(u64) + Send>,
    pub read: u64,
    pub length: u64,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.cancel.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(std::io::Error::other("stopped by the operator"));
        }
        let left = usize::try_from(self.length - self.read).unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(0);
        }
        let take = buffer.len().min(left);
        let n = self.inner.read(&mut buffer[..take])?;
        if n == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let half = self.length / 2;
        let before = self.read;
        self.read += n as u64;
        if before < half && self.read >= half {
            fail::fail_point!("mid-upload");
        }
        (self.told)(self.read);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use qayd_model::UnixMs;
    use qayd_protocol::RefusalReason;
    use qayd_protocol::signature::parse;
    use qayd_world::testing::world;

    use super::*;

    type Headers = Vec<(String, String)>;

    /// Answers in turn, and keeps what was asked.
    #[derive(Default)]
    struct Script {
        answers: Mutex<VecDeque<NetworkResponse>>,
        asked: Mutex<Vec<(String, String, Headers)>>,
    }

    impl Network for Script {
        fn exchange(&self, request: NetworkRequest) -> Result<NetworkResponse, NetworkError> {
            self.asked
                .lock()
                .unwrap()
                .push((request.method, request.url, request.headers));
            self.answers
                .lock()
                .unwrap()
                .pop_front()
                .ok_or(NetworkError::TimedOut)
        }
    }

    fn answer(status: u16, headers: &[(&str, &str)], body: Vec<u8>) -> NetworkResponse {
        let headers = headers
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        NetworkResponse {
            status,
            headers,
            body,
        }
    }

    fn client(answers: Vec<NetworkResponse>) -> (HttpSyncClient, Arc<Script>) {
        let script = Arc::new(Script::default());
        script.answers.lock().unwrap().extend(answers);
        let (world, _) = world(UnixMs(1_800_000_000_000), 3);
        let station = StationId::from_bytes([4; 16]);
        let key = SigningKey::make(&[5; 32]);
        let client = HttpSyncClient::new(
            script.clone(),
            world,
            "https://centre.test:443/",
            Some((station, &key)),
        );
        (client, script)
    }

    fn upload() -> UploadId {
        UploadId::from_bytes([7; 16])
    }

    fn list() -> Vec<u8> {
        SignedList::of(vec![vec![1, 2, 3]]).to_bytes()
    }

    #[test]
    fn every_request_is_signed_for_its_own_target_and_the_nonce_is_used_once() {
        let (client, script) = client(vec![
            answer(200, &[(NONCE_HEADER, "fresh-1")], list()),
            answer(200, &[], list()),
            answer(200, &[], list()),
        ]);
        for after in [0, 1, 2] {
            assert_eq!(client.receipts(after).unwrap(), [vec![1, 2, 3]]);
        }
        let asked = script.asked.lock().unwrap();
        assert_eq!(asked[0].1, "https://centre.test/sync/v1/receipts?after=0");
        let inputs: Vec<&str> = asked
            .iter()
            .map(|(_, _, h)| {
                h.iter()
                    .find(|(k, _)| k == SIGNATURE_INPUT_HEADER)
                    .unwrap()
                    .1
                    .as_str()
            })
            .collect();
        assert!(!inputs[0].contains("fresh-1") && inputs[1].contains("nonce=\"fresh-1\""));
        assert!(
            !inputs[2].contains("fresh-1"),
            "a nonce is never used twice"
        );
        let (_, url, headers) = &asked[1];
        let signature = &headers
            .iter()
            .find(|(k, _)| k == SIGNATURE_HEADER)
            .unwrap()
            .1;
        let claimed = parse(inputs[1], signature).unwrap();
        let parts = SignedParts {
            method: "GET",
            target_uri: url,
            content_digest: None,
            upload_offset: None,
        };
        assert!(
            claimed
                .verify(&parts, &SigningKey::make(&[5; 32]).public())
                .is_ok()
        );
    }

    #[test]
    fn a_spent_nonce_is_replaced_once_and_not_again() {
        let unknown = || {
            answer(
                401,
                &[(NONCE_HEADER, "fresh")],
                Problem::new("INT-01").to_bytes(),
            )
        };
        let (willing, script) = client(vec![unknown(), answer(200, &[], list())]);
        assert!(willing.inbox(0).is_ok());
        assert_eq!(script.asked.lock().unwrap().len(), 2);
        let (unwilling, script) = client(vec![unknown(), unknown(), unknown()]);
        assert!(matches!(
            unwilling.inbox(0),
            Err(SyncError::Unauthenticated)
        ));
        assert_eq!(script.asked.lock().unwrap().len(), 2);
    }

    #[test]
    fn an_upload_says_where_it_begins_and_learns_where_the_centre_stands() {
        let offset = |status, offset| answer(status, &[("upload-offset", offset)], Vec::new());
        let (client, script) = client(vec![
            offset(204, "5"),
            offset(409, "3"),
            offset(200, "9"),
            answer(404, &[], Vec::new()),
        ]);
        assert_eq!(
            client
                .upload_append(upload(), 2, UploadBody::Bytes(b"abc"))
                .unwrap(),
            5
        );
        let mismatch = client.upload_append(upload(), 5, UploadBody::Bytes(b"abc"));
        assert!(matches!(
            mismatch,
            Err(SyncError::OffsetMismatch {
                ours: ByteCount(5),
                server: ByteCount(3)
            })
        ));
        assert_eq!(client.upload_offset(upload()).unwrap(), 9);
        assert!(matches!(
            client.upload_offset(upload()),
            Err(SyncError::UnknownUpload)
        ));
        let asked = script.asked.lock().unwrap();
        let header = |n: usize, name: &str| {
            asked[n]
                .2
                .iter()
                .find(|(k, _)| k == name)
                .map(|(_, v)| v.clone())
        };
        assert_eq!(header(0, header::OFFSET).as_deref(), Some("2"));
        assert!(
            header(0, SIGNATURE_INPUT_HEADER)
                .unwrap()
                .contains("\"upload-offset\"")
        );
        assert_eq!(header(0, header::RESUMABLE).as_deref(), Some(tus::VERSION));
    }

    #[test]
    fn every_status_is_sorted_by_who_can_help() {
        let refused = Problem {
            reason: Some(RefusalReason::RevokedStation),
            ..Problem::new("INT-02")
        };
        let busy = Problem {
            retry_after_ms: Some(700),
            ..Problem::new("INT-03")
        };
        let cases: Vec<(NetworkResponse, &str)> = vec![
            (
                answer(302, &[("location", "https://elsewhere.test")], Vec::new()),
                "SYN-13",
            ),
            (answer(403, &[], refused.to_bytes()), "SYN-09"),
            (answer(413, &[], Vec::new()), "SYN-11"),
            (answer(429, &[], busy.to_bytes()), "SYN-04"),
            (answer(500, &[], Vec::new()), "SYN-05"),
            (answer(503, &[("Retry-After", "2")], Vec::new()), "SYN-04"),
            (answer(418, &[], Vec::new()), "SYN-13"),
            (
                answer(200, &[], b"<html>sign in to this network</html>".to_vec()),
                "SYN-14",
            ),
        ];
        for (response, code) in cases {
            let status = response.status;
            let (client, _) = client(vec![response]);
            assert_eq!(client.receipts(0).unwrap_err().code(), code, "{status}");
        }
    }
}
