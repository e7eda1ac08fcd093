//! Request signatures against PyPI `http-message-signatures`, both ways.
//!
//! Needs `QAYD_ORACLES`: a Python that has that package (`./x test` makes one).
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::{
    collections::BTreeMap,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use qayd_crypto::SigningKey;
use qayd_model::StationId;
use qayd_protocol::signature::{
    CONTENT_DIGEST_HEADER, SIGNATURE_HEADER, SIGNATURE_INPUT_HEADER, SignedParts,
    check_content_digest, content_digest, parse, sign,
};
use serde_json::{Value, json};

const SEED: [u8; 32] = [7; 32];
const BASE: &str = "https://centre.example:8443/sync/v1";
const BODY: &[u8] = b"\xa1\x01\x80";

fn station() -> StationId {
    StationId::make(1_767_225_600_000, [5; 10])
}

/// One request, as far as signatures care.
#[derive(Clone)]
struct Request {
    method: &'static str,
    url: String,
    offset: Option<u64>,
    body: Option<Vec<u8>>,
    digest: Option<String>,
    signature: Option<(String, String)>,
}

fn request(method: &'static str, path: &str) -> Request {
    let url = format!("{BASE}{path}");
    Request {
        method,
        url,
        offset: None,
        body: None,
        digest: None,
        signature: None,
    }
}

fn requests() -> Vec<Request> {
    let upload = "/uploads/0190163d-8694-739b-aea5-966c26f8ad91";
    let digest = Some(content_digest(BODY));
    vec![
        request("GET", "/receipts?after=12"),
        Request {
            body: Some(BODY.to_vec()),
            digest,
            ..request("POST", "/offer")
        },
        Request {
            offset: Some(262_144),
            ..request("PATCH", upload)
        },
        request("HEAD", upload),
        request("DELETE", upload),
    ]
}

impl Request {
    fn parts(&self) -> SignedParts<'_> {
        SignedParts {
            method: self.method,
            target_uri: &self.url,
            content_digest: self.digest.as_deref(),
            upload_offset: self.offset,
        }
    }

    fn sign(mut self) -> Self {
        let key = SigningKey::make(&SEED);
        let signed = sign(&self.parts(), station(), 1_767_225_600, "q83vEjRWeJA", &key).unwrap();
        self.signature = Some((signed.signature_input, signed.signature));
        self
    }

    fn said(&self) -> Value {
        let mut headers = BTreeMap::new();
        let mut cover = vec!["@method", "@target-uri"];
        if let Some(digest) = &self.digest {
            headers.insert(CONTENT_DIGEST_HEADER, digest.clone());
            cover.push("content-digest");
        }
        if let Some(offset) = self.offset {
            headers.insert("Upload-Offset", offset.to_string());
            cover.push("upload-offset");
        }
        if let Some((input, signature)) = &self.signature {
            headers.insert(SIGNATURE_INPUT_HEADER, input.clone());
            headers.insert(SIGNATURE_HEADER, signature.clone());
        }
        let body = self.body.as_ref().map(hex::encode);
        json!({"method": self.method, "url": self.url, "headers": headers, "body": body, "cover": cover})
    }
}

/// What the other implementation makes of the requests; `None` when there is none on this machine.
fn ask(requests: &[Request]) -> Option<Vec<Value>> {
    let python = qayd_oracles::python()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verify_signature.py");
    let said: Vec<Value> = requests.iter().map(Request::said).collect();
    let task = json!({"seed": hex::encode(SEED), "keyid": station().to_string(), "requests": said});
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(task.to_string().as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    Some(answer["requests"].as_array().unwrap().clone())
}

#[test]
fn what_we_sign_the_other_implementation_verifies_and_refuses_once_altered() {
    let signed: Vec<Request> = requests().into_iter().map(Request::sign).collect();
    let Some(answers) = ask(&signed) else { return };
    for (request, answer) in signed.iter().zip(&answers) {
        assert_eq!(
            answer["verified"], true,
            "{} {}",
            request.method, request.url
        );
    }

    let mut altered = Vec::new();
    for request in &signed {
        altered.push(Request {
            url: format!("{}0", request.url),
            ..request.clone()
        });
        altered.push(Request {
            method: "PUT",
            ..request.clone()
        });
        if let Some(offset) = request.offset {
            altered.push(Request {
                offset: Some(offset + 1),
                ..request.clone()
            });
        }
        if request.body.is_some() {
            altered.push(Request {
                body: Some(b"\xa0".to_vec()),
                ..request.clone()
            });
            let digest = Some(content_digest(b"\xa0"));
            altered.push(Request {
                body: Some(b"\xa0".to_vec()),
                digest,
                ..request.clone()
            });
        }
    }
    assert_eq!(altered.len(), 13);
    for (request, answer) in altered.iter().zip(ask(&altered).unwrap()) {
        assert_eq!(
            answer["verified"], false,
            "{} {}",
            request.method, request.url
        );
    }
}

#[test]
fn what_the_other_implementation_signs_we_verify_and_refuse_once_altered() {
    let Some(answers) = ask(&requests()) else {
        return;
    };
    let public = SigningKey::make(&SEED).public();
    for (request, answer) in requests().iter().zip(answers) {
        let header = |name: &str| answer["headers"][name].as_str().unwrap().to_owned();
        let claimed = parse(&header(SIGNATURE_INPUT_HEADER), &header(SIGNATURE_HEADER)).unwrap();
        let verified = claimed.clone().verify(&request.parts(), &public).unwrap();
        assert_eq!(
            (verified.station(), verified.nonce()),
            (station(), "bm9uY2U")
        );
        if let Some(body) = &request.body {
            check_content_digest(&header(CONTENT_DIGEST_HEADER), body).unwrap();
        }
        let elsewhere = Request {
            url: format!("{}0", request.url),
            ..request.clone()
        };
        assert!(claimed.verify(&elsewhere.parts(), &public).is_err());
    }
}
