//! The named vectors of every message: the same bytes for ever, and what is no message.
//!
//! `vectors/<name>.hex` is what a message or a signed message of [`samples`] encodes to; `vectors/refused/<name>.hex` must
//! not decode. `QAYD_BLESS=1` writes missing files; a file that is there is never changed.
//! With `QAYD_ORACLES` (a Python with the packages `zcbor` and `cbor2`) the CDDL is checked against each of them too.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod samples;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use qayd_protocol::{
    AuditBatch, Hello, InboxItem, Keyring, Message, MessageError, Offer, OfferAnswer,
    OperatorCertificate, PackBundle, Policy, Problem, ProvisionAnswer, ProvisionClaim,
    ProvisionRequest, Receipt, SignedTime, StationCertificate,
    messages::{AuditAnswer, SignedList, SignedMessage},
    trust::{Invitation, sign},
};
use samples::{Sample, key};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn hex_of(bytes: &[u8]) -> String {
    let digits = hex::encode(bytes);
    let lines: Vec<&str> = digits
        .as_bytes()
        .chunks(96)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    lines.join("\n") + "\n"
}

fn read(path: &Path) -> Vec<u8> {
    let text = fs::read_to_string(path).unwrap_or_else(|_| panic!("no vector {}", path.display()));
    hex::decode(text.split_whitespace().collect::<String>()).unwrap()
}

#[allow(clippy::disallowed_methods, reason = "blessing vectors by hand")]
fn check_frozen(name: &str, bytes: &[u8]) {
    let path = folder().join(format!("{name}.hex"));
    if !path.exists() && std::env::var_os("QAYD_BLESS").is_some() {
        fs::write(&path, hex_of(bytes)).unwrap();
    }
    assert_eq!(
        hex_of(&read(&path)),
        hex_of(bytes),
        "{name} encodes to other bytes than before"
    );
}

#[test]
fn every_message_encodes_to_its_vector_and_back() {
    fn check<M: Message + PartialEq + std::fmt::Debug>(name: &str, message: &M) {
        check_frozen(name, &message.to_bytes());
        let bytes = read(&folder().join(format!("{name}.hex")));
        assert_eq!(&M::from_bytes(&bytes).unwrap(), message, "{name}");
    }
    for sample in samples::all() {
        match sample {
            Sample::Hello(name, message) => check(name, &message),
            Sample::SignedTime(name, message) => check(name, &message),
            Sample::ProvisionClaim(name, message) => check(name, &message),
            Sample::ProvisionRequest(name, message) => check(name, &message),
            Sample::ProvisionAnswer(name, message) => check(name, &message),
            Sample::Offer(name, message) => check(name, &message),
            Sample::OfferAnswer(name, message) => check(name, &message),
            Sample::SignedList(name, message) => check(name, &message),
            Sample::AuditBatch(name, message) => check(name, &message),
            Sample::AuditAnswer(name, message) => check(name, &message),
            Sample::Problem(name, message) => check(name, &message),
            Sample::Receipt(name, message) => check(name, &message),
            Sample::InboxItem(name, message) => check(name, &message),
            Sample::Keyring(name, message) => check(name, &message),
            Sample::StationCertificate(name, message) => check(name, &message),
            Sample::OperatorCertificate(name, message) => check(name, &message),
            Sample::Policy(name, message) => check(name, &message),
            Sample::PackBundle(name, message) => check(name, &message),
            Sample::Invitation(name, message) => check(name, &message),
        }
    }
}

#[test]
fn every_signed_message_signs_to_its_vector() {
    fn check<M: SignedMessage>(name: &str, message: &M, seed: u8) {
        check_frozen(&format!("{name}_signed"), &sign(message, &key(seed)));
    }
    for sample in samples::all() {
        match sample {
            Sample::SignedTime(name, message) => check(name, &message, samples::CENTRE),
            Sample::Receipt(name, message) => check(name, &message, samples::CENTRE),
            Sample::InboxItem(name, message) => check(name, &message, samples::CENTRE),
            Sample::Policy(name, message) => check(name, &message, samples::CENTRE),
            Sample::PackBundle(name, message) => check(name, &message, samples::CENTRE),
            Sample::Keyring(name, message) => check(name, &message, samples::ROOT),
            Sample::StationCertificate(name, message) => check(name, &message, samples::ISSUER),
            Sample::Invitation(name, message) => check(name, &message, samples::ISSUER),
            Sample::OperatorCertificate(name, message) => check(name, &message, samples::STATION),
            _ => {}
        }
    }
}

/// Reads bytes as the message whose name the vector's begins with.
fn decode(name: &str, bytes: &[u8]) -> Result<(), MessageError> {
    fn as_message<M: Message>(bytes: &[u8]) -> Result<(), MessageError> {
        M::from_bytes(bytes).map(drop)
    }
    type Reader = fn(&[u8]) -> Result<(), MessageError>;
    let readers: [(&str, Reader); 19] = [
        ("hello", as_message::<Hello>),
        ("signed_time", as_message::<SignedTime>),
        ("provision_claim", as_message::<ProvisionClaim>),
        ("provision_request", as_message::<ProvisionRequest>),
        ("provision_answer", as_message::<ProvisionAnswer>),
        ("offer_answer", as_message::<OfferAnswer>),
        ("offer", as_message::<Offer>),
        ("signed_list", as_message::<SignedList>),
        ("audit_batch", as_message::<AuditBatch>),
        ("audit_answer", as_message::<AuditAnswer>),
        ("problem", as_message::<Problem>),
        ("receipt", as_message::<Receipt>),
        ("inbox_item", as_message::<InboxItem>),
        ("keyring", as_message::<Keyring>),
        ("station_certificate", as_message::<StationCertificate>),
        ("operator_certificate", as_message::<OperatorCertificate>),
        ("policy", as_message::<Policy>),
        ("pack_bundle", as_message::<PackBundle>),
        ("invitation", as_message::<Invitation>),
    ];
    let reader = readers.iter().find(|(kind, _)| name.starts_with(kind));
    reader.unwrap_or_else(|| panic!("no reader for {name}")).1(bytes)
}

#[test]
fn every_refused_vector_is_refused_with_its_own_code() {
    let mut refused = 0;
    for entry in fs::read_dir(folder().join("refused")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        // The name ends in what is wrong: a value out of its limits is MSG-02, all else MSG-01.
        let code = if name.ends_with("_out_of_limits") {
            "MSG-02"
        } else {
            "MSG-01"
        };
        assert_eq!(
            decode(&name, &read(&path)).unwrap_err().code(),
            code,
            "{name}"
        );
        refused += 1;
    }
    assert!(refused >= 15, "{refused}");
}

#[test]
fn every_truncation_and_every_longer_form_of_every_vector_is_refused() {
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() || name.ends_with("_signed") {
            continue;
        }
        let bytes = read(&path);
        decode(&name, &bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        for cut in 0..bytes.len() {
            assert!(decode(&name, &bytes[..cut]).is_err(), "{name} cut at {cut}");
        }
        assert!(decode(&name, &[bytes.as_slice(), &[0]].concat()).is_err());
        // The same map with its length in two bytes, and without a length.
        assert_eq!(bytes[0] >> 5, 5, "{name} is a map");
        let count = bytes[0] & 0x1f;
        assert!(decode(&name, &[&[0xb8, count], &bytes[1..]].concat()).is_err());
        assert!(decode(&name, &[&[0xbf], &bytes[1..], &[0xff]].concat()).is_err());
    }
}

/// `zcbor` is a CDDL implementation of other people; it reads `protocol.cddl` and our vectors.
#[test]
fn the_cddl_describes_every_vector() {
    let Some(oracles) = qayd_oracles::python() else {
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check_cddl.py");
    let checked = Command::new(&oracles).arg(script).output().unwrap();
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(
        checked.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&checked.stderr)
    );
}
