//! Tokens that are good, and each way in which one is not, made by OpenSSL.

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;
use openssl::x509::extension::BasicConstraints;
use openssl::x509::{X509, X509Builder, X509Name};

use super::*;

const NOW: u64 = 1_800_000_000;
const YEAR: i64 = 365 * 24 * 3_600;

struct Party {
    key: PKey<Private>,
    certificate: X509,
}

fn name(text: &str) -> X509Name {
    let mut builder = X509Name::builder().unwrap();
    builder.append_entry_by_text("CN", text).unwrap();
    builder.build()
}

/// A party vouched for by another, or by itself.
fn party(who: &str, issuer: Option<&Party>, is_authority: bool, valid: (i64, i64)) -> Party {
    let key = PKey::from_rsa(Rsa::generate(2_048).unwrap()).unwrap();
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    let serial = BigNum::from_u32(u32::try_from(who.len()).unwrap() + 1).unwrap();
    builder
        .set_serial_number(&Asn1Integer::from_bn(&serial).unwrap())
        .unwrap();
    builder.set_subject_name(&name(who)).unwrap();
    let by = issuer.map_or(name(who), |i| {
        let mut copy = X509Name::builder().unwrap();
        for entry in i.certificate.subject_name().entries() {
            copy.append_entry_by_nid(
                entry.object().nid(),
                entry.data().to_string().unwrap().as_ref(),
            )
            .unwrap();
        }
        copy.build()
    });
    builder.set_issuer_name(&by).unwrap();
    let now = i64::try_from(NOW).unwrap();
    builder
        .set_not_before(&Asn1Time::from_unix(now + valid.0).unwrap())
        .unwrap();
    builder
        .set_not_after(&Asn1Time::from_unix(now + valid.1).unwrap())
        .unwrap();
    builder.set_pubkey(&key).unwrap();
    if is_authority {
        let extension = BasicConstraints::new().critical().ca().build().unwrap();
        builder.append_extension(extension).unwrap();
    }
    let signer = issuer.map_or(&key, |i| &i.key);
    builder.sign(signer, MessageDigest::sha256()).unwrap();
    Party {
        certificate: builder.build(),
        key,
    }
}

struct Programme {
    root: Party,
    provider: Party,
    device: Party,
    authorities: Authorities,
}

fn programme() -> Programme {
    let whole = (-YEAR, YEAR);
    let root = party("root", None, true, whole);
    let provider = party("provider", Some(&root), true, whole);
    let device = party("device", Some(&provider), false, whole);
    let pem = |p: &Party| p.certificate.to_pem().unwrap();
    let authorities = Authorities::from_pem(&[pem(&root), pem(&provider)]).unwrap();
    Programme {
        root,
        provider,
        device,
        authorities,
    }
}

fn token_of(header: &str, payload: &[u8], key: &PKey<Private>) -> String {
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let mut signer = Signer::new(MessageDigest::sha256(), key).unwrap();
    let signature = signer.sign_oneshot_to_vec(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn header_of(certificates: &[&X509], more: &str) -> String {
    let x5c: Vec<String> = certificates
        .iter()
        .map(|c| format!("\"{}\"", STANDARD.encode(c.to_der().unwrap())))
        .collect();
    format!("{{\"x5c\":[{}],\"alg\":\"RS256\"{more}}}", x5c.join(","))
}

fn token(party: &Party, payload: &[u8]) -> String {
    token_of(&header_of(&[&party.certificate], ""), payload, &party.key)
}

fn verify(token: &str, authorities: &Authorities) -> Result<VerifiedJws, JwsError> {
    verify_jws(token, authorities, UnixMs(NOW * 1_000))
}

#[test]
fn a_good_token_gives_its_content_and_who_signed() {
    let programme = programme();
    let good = verify(
        &token(&programme.device, b"{\"a\":1}"),
        &programme.authorities,
    )
    .unwrap();
    assert_eq!(good.payload(), b"{\"a\":1}");
    let der = programme.device.certificate.to_der().unwrap();
    assert_eq!(good.certificate(), sha256(&der).0);
    assert!(!format!("{good:?}").contains("97"));
}

#[test]
fn the_authority_between_may_come_with_the_token() {
    let programme = programme();
    let root = programme.root.certificate.to_pem().unwrap();
    let root_only = Authorities::from_pem(&[root]).unwrap();
    let alone = token(&programme.device, b"x");
    assert!(matches!(
        verify(&alone, &root_only),
        Err(JwsError::Untrusted)
    ));
    let both = [
        &programme.device.certificate,
        &programme.provider.certificate,
    ];
    let whole = token_of(&header_of(&both, ""), b"x", &programme.device.key);
    assert!(verify(&whole, &root_only).is_ok());
}

#[test]
fn every_flipped_byte_is_refused() {
    let programme = programme();
    let good = token(&programme.device, b"{\"transactionId\":\"t-1\"}");
    assert!(verify(&good, &programme.authorities).is_ok());
    for at in 0..good.len() {
        for mask in [0x01, 0x02, 0x20] {
            let mut bytes = good.clone().into_bytes();
            bytes[at] ^= mask;
            let Ok(text) = String::from_utf8(bytes) else {
                continue;
            };
            assert!(verify(&text, &programme.authorities).is_err(), "byte {at}");
        }
    }
}

#[test]
fn each_wrong_thing_has_its_own_refusal() {
    let programme = programme();
    let authorities = &programme.authorities;
    let stranger = party("device", None, false, (-YEAR, YEAR));
    let refused = |token: &str| verify(token, authorities).unwrap_err();
    assert!(matches!(
        refused(&token(&stranger, b"x")),
        JwsError::Untrusted
    ));
    let old = party("old", Some(&programme.provider), false, (-YEAR, -60));
    assert!(matches!(refused(&token(&old, b"x")), JwsError::Expired));
    let early = party("new", Some(&programme.provider), false, (60, YEAR));
    assert!(matches!(
        refused(&token(&early, b"x")),
        JwsError::NotYetValid
    ));
    // The device's certificate with another's key: what a thief of a certificate can do.
    let header = header_of(&[&programme.device.certificate], "");
    assert!(matches!(
        refused(&token_of(&header, b"x", &stranger.key)),
        JwsError::Signature
    ));
    // An authority does not sign captures.
    assert!(matches!(
        refused(&token(&programme.provider, b"x")),
        JwsError::Certificate
    ));
    let none = header.replace("RS256", "none");
    assert!(matches!(
        refused(&token_of(&none, b"x", &programme.device.key)),
        JwsError::Algorithm
    ));
    let critical = header_of(&[&programme.device.certificate], ",\"crit\":[\"exp\"]");
    assert!(matches!(
        refused(&token_of(&critical, b"x", &programme.device.key)),
        JwsError::Form
    ));
    assert!(matches!(
        refused(&token_of(&header_of(&[], ""), b"x", &programme.device.key)),
        JwsError::Form
    ));
    for text in ["", "a.b", "a.b.c.d", "....", "!.!.!"] {
        assert!(matches!(refused(text), JwsError::Form), "{text}");
    }
    let long = "a".repeat(JWS_BYTES_MAX + 1);
    assert!(matches!(refused(&long), JwsError::TooLong));
    let nobody = Authorities::default();
    assert!(nobody.is_empty());
    assert!(matches!(
        verify(&token(&programme.device, b"x"), &nobody),
        Err(JwsError::Untrusted)
    ));
}

#[test]
fn what_is_no_certificate_is_no_authority() {
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(
        Authorities::from_pem(&[broken]).unwrap_err(),
        AuthoritiesError::Unreadable
    );
    assert!(Authorities::from_pem(&[b""]).unwrap().is_empty());
    let cut = b"-----BEGIN CERTIFICATE-----\nAAAA\n";
    assert_eq!(
        Authorities::from_pem(&[cut]).unwrap_err(),
        AuthoritiesError::NotPem
    );
}
