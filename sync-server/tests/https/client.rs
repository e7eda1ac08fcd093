//! A small HTTPS client for tests: it signs as a station does, and as a station must not.

use std::io::Read;

use qayd_crypto::SigningKey;
use qayd_model::{ByteCount, StationId, UploadId};
use qayd_protocol::{
    AUDIT_PATH, AuditBatch, HELLO_PATH, Hello, INBOX_PATH, Message, OFFER_PATH, Offer, OfferAnswer,
    PROVISION_PATH, Problem, ProvisionAnswer, ProvisionRequest, RECEIPTS_PATH, SyncApi, SyncError,
    UPLOADS_PATH, UploadBody,
    messages::{AuditAnswer, SignedList},
    signature::{CONTENT_DIGEST_HEADER, SignedParts, content_digest, sign},
    tus,
};
use reqwest::{
    Method,
    blocking::{Client, Response},
};

/// One station's client.
pub struct HttpStation {
    pub base: String,
    pub station: StationId,
    pub key: SigningKey,
    client: Client,
}

/// What a request brought back.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    fn of(response: Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().unwrap().to_vec(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn problem(&self) -> Problem {
        Problem::from_bytes(&self.body).unwrap()
    }
}

/// A client that trusts this authority alone.
pub fn client(ca_pem: &str) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let authority = reqwest::Certificate::from_pem(ca_pem.as_bytes()).unwrap();
    Client::builder()
        .tls_certs_only([authority])
        .timeout(std::time::Duration::from_secs(60))
        .build()
        .unwrap()
}

impl HttpStation {
    pub fn new(base: &str, ca_pem: &str, station: StationId, key: &SigningKey) -> Self {
        Self {
            base: base.to_owned(),
            station,
            key: SigningKey::make(&key.seed()),
            client: client(ca_pem),
        }
    }

    /// A fresh nonce of the centre.
    pub fn nonce(&self) -> String {
        let answer = self.plain("GET", HELLO_PATH, &[], Vec::new());
        answer.header("qayd-nonce").unwrap().to_owned()
    }

    /// A request that is not signed.
    pub fn plain(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        Answer::of(request.send().unwrap())
    }

    /// A request that is signed as the protocol says.
    pub fn signed(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Answer {
        let nonce = if matches!(method, "POST" | "DELETE") {
            self.nonce()
        } else {
            "any".to_owned()
        };
        self.signed_with(&nonce, method, path, headers, body)
    }

    /// The same with a nonce of choice.
    pub fn signed_with(
        &self,
        nonce: &str,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Answer {
        let target_uri = format!("{}{path}", self.base);
        let digest = content_digest(&body);
        let covers_digest = method == "POST" && !path.starts_with(UPLOADS_PATH);
        let offset = headers
            .iter()
            .find(|(name, _)| *name == tus::header::OFFSET)
            .map(|(_, value)| value.parse().unwrap());
        let signed = sign(
            &SignedParts {
                method,
                target_uri: &target_uri,
                content_digest: covers_digest.then_some(digest.as_str()),
                upload_offset: if method == "PATCH" { offset } else { None },
            },
            self.station,
            1,
            nonce,
            &self.key,
        )
        .unwrap();
        let mut all = headers.to_vec();
        all.push(("Signature-Input", signed.signature_input));
        all.push(("Signature", signed.signature));
        if covers_digest {
            all.push((CONTENT_DIGEST_HEADER, digest));
        }
        self.plain(method, path, &all, body)
    }

    pub fn patch(&self, upload: UploadId, offset: u64, body: Vec<u8>) -> Answer {
        let path = format!("{UPLOADS_PATH}/{upload}");
        self.signed("PATCH", &path, &patch_headers(offset), body)
    }

    pub fn head(&self, upload: UploadId) -> Answer {
        let path = format!("{UPLOADS_PATH}/{upload}");
        self.signed("HEAD", &path, &[resumable()], Vec::new())
    }

    pub fn create(&self, length: u64) -> Answer {
        let headers = [resumable(), (tus::header::LENGTH, length.to_string())];
        self.signed("POST", UPLOADS_PATH, &headers, Vec::new())
    }

    fn ask<M: Message>(&self, method: &str, path: &str, body: Vec<u8>) -> Result<M, SyncError> {
        let answer = self.signed(method, path, &[], body);
        if answer.status == 200 {
            Ok(M::from_bytes(&answer.body)?)
        } else {
            Err(error_of(&answer, 0))
        }
    }
}

pub fn resumable() -> (&'static str, String) {
    (tus::header::RESUMABLE, tus::VERSION.to_owned())
}

pub fn patch_headers(offset: u64) -> Vec<(&'static str, String)> {
    vec![
        resumable(),
        (tus::header::OFFSET, offset.to_string()),
        ("Content-Type", tus::OFFSET_MEDIA_TYPE.to_owned()),
    ]
}

fn error_of(answer: &Answer, ours: u64) -> SyncError {
    let problem = Problem::from_bytes(&answer.body).ok();
    let offset = problem.as_ref().and_then(|problem| problem.offset);
    let reason = problem.as_ref().and_then(|problem| problem.reason);
    match (answer.status, offset, reason) {
        (401 | 403, ..) => SyncError::Unauthenticated,
        (404 | 410, ..) => SyncError::UnknownUpload,
        (409, Some(server), _) => SyncError::OffsetMismatch {
            ours: ByteCount(ours),
            server: ByteCount(server),
        },
        (413, ..) => SyncError::TooLarge,
        (422, _, Some(reason)) => SyncError::Refused { reason },
        (500.., ..) => SyncError::CentreFailed {
            status: answer.status,
        },
        _ => SyncError::PeerMisbehaved {
            what: "an unexpected status",
        },
    }
}

impl SyncApi for HttpStation {
    fn hello(&self) -> Result<Hello, SyncError> {
        let answer = self.plain("GET", HELLO_PATH, &[], Vec::new());
        Ok(Hello::from_bytes(&answer.body)?)
    }

    fn provision(&self, request: &ProvisionRequest) -> Result<ProvisionAnswer, SyncError> {
        let answer = self.plain("POST", PROVISION_PATH, &[], request.to_bytes());
        if answer.status == 200 {
            Ok(ProvisionAnswer::from_bytes(&answer.body)?)
        } else {
            Err(error_of(&answer, 0))
        }
    }

    fn offer(&self, offer: &Offer) -> Result<OfferAnswer, SyncError> {
        self.ask("POST", OFFER_PATH, offer.to_bytes())
    }

    fn upload_offset(&self, upload: UploadId) -> Result<u64, SyncError> {
        let answer = self.head(upload);
        match answer.header("upload-offset") {
            Some(offset) if answer.status == 200 => Ok(offset.parse().unwrap()),
            _ => Err(error_of(&answer, 0)),
        }
    }

    fn upload_append(
        &self,
        upload: UploadId,
        offset: u64,
        body: UploadBody<'_>,
    ) -> Result<u64, SyncError> {
        let bytes = match body {
            UploadBody::Bytes(bytes) => bytes.to_vec(),
            UploadBody::Shared(bytes) => bytes.to_vec(),
            UploadBody::Stream { mut reader, .. } => {
                let mut bytes = Vec::new();
                reader.read_to_end(&mut bytes).unwrap();
                bytes
            }
        };
        let answer = self.patch(upload, offset, bytes);
        match answer.header("upload-offset") {
            Some(offset) if answer.status == 204 => Ok(offset.parse().unwrap()),
            _ => Err(error_of(&answer, offset)),
        }
    }

    fn receipts(&self, after: u64) -> Result<Vec<Vec<u8>>, SyncError> {
        let list: SignedList =
            self.ask("GET", &format!("{RECEIPTS_PATH}?after={after}"), Vec::new())?;
        Ok(list.into_items())
    }

    fn inbox(&self, after: u64) -> Result<Vec<Vec<u8>>, SyncError> {
        let list: SignedList =
            self.ask("GET", &format!("{INBOX_PATH}?after={after}"), Vec::new())?;
        Ok(list.into_items())
    }

    fn send_audit(&self, batch: &AuditBatch) -> Result<u64, SyncError> {
        let answer: AuditAnswer = self.ask("POST", AUDIT_PATH, batch.to_bytes())?;
        Ok(answer.held)
    }
}
