use proptest::prelude::*;

use super::*;

const URI: &str =
    "https://centre.example:8443/sync/v1/uploads/0190163d-8694-739b-aea5-966c26f8ad91";

fn key() -> SigningKey {
    SigningKey::make(&[7; 32])
}

fn station() -> StationId {
    StationId::make(1_700_000_000_000, [5; 10])
}

fn patch() -> SignedParts<'static> {
    SignedParts {
        method: "PATCH",
        target_uri: URI,
        content_digest: None,
        upload_offset: Some(4096),
    }
}

fn signed(parts: &SignedParts<'_>) -> SignatureHeaders {
    sign(parts, station(), 1_700_000_000, "bm9uY2U", &key()).unwrap()
}

fn check(
    headers: &SignatureHeaders,
    parts: &SignedParts<'_>,
) -> Result<VerifiedRequest, HttpSignatureError> {
    parse(&headers.signature_input, &headers.signature)?.verify(parts, &key().public())
}

#[test]
fn the_base_is_what_the_standard_says() {
    let parts = SignedParts {
        content_digest: Some("sha-256=:AA==:"),
        method: "POST",
        ..patch()
    };
    let headers = signed(&parts);
    let params = headers.signature_input.strip_prefix("qayd=").unwrap();
    assert_eq!(
        signature_base(&parts.components(), params),
        format!(
            "\"@method\": POST\n\"@target-uri\": {URI}\n\"content-digest\": sha-256=:AA==:\n\"upload-offset\": 4096\n\
             \"@signature-params\": (\"@method\" \"@target-uri\" \"content-digest\" \"upload-offset\");created=1700000000;\
             nonce=\"bm9uY2U\";keyid=\"{}\";alg=\"ed25519\";tag=\"qayd-sync\"",
            station()
        )
    );
}

#[test]
fn a_signed_request_verifies_and_tells_who_sent_it() {
    let verified = check(&signed(&patch()), &patch()).unwrap();
    assert_eq!(verified.station(), station());
    assert_eq!(verified.created_s(), 1_700_000_000);
    assert_eq!(verified.nonce(), "bm9uY2U");
}

#[test]
fn another_key_or_an_altered_component_is_refused() {
    let headers = signed(&patch());
    let claimed = parse(&headers.signature_input, &headers.signature).unwrap();
    let other = SigningKey::make(&[8; 32]).public();
    assert_eq!(
        claimed.verify(&patch(), &other),
        Err(HttpSignatureError::Invalid)
    );
    let altered = [
        SignedParts {
            method: "POST",
            ..patch()
        },
        SignedParts {
            target_uri: "https://centre.example:8443/sync/v1/uploads/",
            ..patch()
        },
        SignedParts {
            upload_offset: Some(4097),
            ..patch()
        },
    ];
    for parts in altered {
        assert_eq!(check(&headers, &parts), Err(HttpSignatureError::Invalid));
    }
}

#[test]
fn a_signature_that_covers_less_or_more_than_it_has_to_is_refused() {
    let without = SignedParts {
        upload_offset: None,
        ..patch()
    };
    let with_digest = SignedParts {
        content_digest: Some("sha-256=:AA==:"),
        ..patch()
    };
    assert_eq!(
        check(&signed(&without), &patch()),
        Err(HttpSignatureError::Coverage)
    );
    assert_eq!(
        check(&signed(&patch()), &without),
        Err(HttpSignatureError::Coverage)
    );
    assert_eq!(
        check(&signed(&patch()), &with_digest),
        Err(HttpSignatureError::Coverage)
    );
    let mut headers = signed(&patch());
    headers.signature_input = headers
        .signature_input
        .replace("\"@target-uri\"", "\"@method\"");
    assert_eq!(check(&headers, &patch()), Err(HttpSignatureError::Coverage));
}

#[test]
fn forms_outside_the_profile_are_refused() {
    let good = signed(&patch());
    let change = |from: &str, to: &str| {
        let input = good.signature_input.replacen(from, to, 1);
        assert_ne!(input, good.signature_input, "{from}");
        parse(&input, &good.signature)
    };
    for (from, to) in [
        ("qayd=", "sig1="),
        ("qayd=", "qayd= "),
        ("(\"@method\" ", "(\"@method\"  "),
        (";created=1700000000", ""),
        (";created=1700000000", ";created=01700000000"),
        (";created=1700000000", ";created=-1"),
        (";created=1700000000", ";created=1;created=1"),
        (";created=1700000000", ";created=1700000000;expires=1"),
        ("nonce=\"bm9uY2U\"", "nonce=\"\""),
        ("nonce=\"bm9uY2U\"", "nonce=\"a;b\""),
        ("nonce=\"bm9uY2U\"", "nonce=\"a\\\"b\""),
        ("nonce=\"bm9uY2U\"", "nonce=bm9uY2U"),
        ("keyid=\"0", "keyid=\"x0"),
        (";tag=\"qayd-sync\"", ";tag=\"qayd-sync\", other=()"),
    ] {
        assert_eq!(
            change(from, to),
            Err(HttpSignatureError::Malformed),
            "{from} → {to}"
        );
    }
    for (from, to) in [
        ("ed25519", "hmac-sha256"),
        ("qayd-sync", "other"),
        (";alg=\"ed25519\"", ""),
    ] {
        assert_eq!(
            change(from, to),
            Err(HttpSignatureError::Profile),
            "{from} → {to}"
        );
    }
    for bad in ["", "qayd=::", "qayd=:AAAA:", "sig1=:AAAA:"] {
        assert_eq!(
            parse(&good.signature_input, bad),
            Err(HttpSignatureError::Malformed)
        );
    }
    let long = format!("{}{}", good.signature_input, " ".repeat(HEADER_BYTES_MAX));
    assert_eq!(
        parse(&long, &good.signature),
        Err(HttpSignatureError::Malformed)
    );
}

#[test]
fn nothing_that_could_break_a_line_is_signed() {
    for parts in [
        SignedParts {
            target_uri: "https://a/\n\"x\": y",
            ..patch()
        },
        SignedParts {
            method: "GET\n",
            ..patch()
        },
        SignedParts {
            content_digest: Some("a b"),
            ..patch()
        },
    ] {
        let refused = sign(&parts, station(), 0, "n", &key());
        assert_eq!(refused, Err(HttpSignatureError::Malformed));
    }
    assert!(sign(&patch(), station(), 0, "a\"b", &key()).is_err());
}

#[test]
fn a_digest_is_of_its_own_body_alone() {
    // RFC 9530, appendix B.1
    let body = b"{\"hello\": \"world\"}\n";
    let digest = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
    assert_eq!(content_digest(body), digest);
    assert_eq!(check_content_digest(digest, body), Ok(()));
    assert_eq!(
        check_content_digest(digest, b"{}"),
        Err(HttpSignatureError::Digest)
    );
    let beside = format!("{digest}, md5=:AA==:");
    assert_eq!(
        check_content_digest(&beside, body),
        Err(HttpSignatureError::Digest)
    );
}

proptest! {
    #[test]
    fn whatever_is_signed_verifies_and_any_altered_byte_does_not(
        method in "GET|POST|HEAD|PATCH|DELETE",
        path in "[!-~]{0,40}",
        offset in proptest::option::of(0_u64..1 << 40),
        digest in proptest::option::of(any::<[u8; 8]>()),
        created in 0_u64..4_000_000_000,
        nonce in "[A-Za-z0-9_-]{1,64}",
        at in any::<prop::sample::Index>(),
        flip in 1_u8..128,
    ) {
        let uri = format!("https://centre/{path}");
        let digest = digest.map(|body| content_digest(&body));
        let parts = SignedParts {
            method: &method, target_uri: &uri, content_digest: digest.as_deref(), upload_offset: offset,
        };
        let headers = sign(&parts, station(), created, &nonce, &key()).unwrap();
        let verified = check(&headers, &parts).unwrap();
        prop_assert_eq!(verified.nonce(), nonce.as_str());

        // One byte of either header.
        let mut altered = headers.clone();
        let (input, signature) = (altered.signature_input.len(), altered.signature.len());
        let index = at.index(input + signature);
        let (text, index) = if index < input {
            (&mut altered.signature_input, index)
        } else {
            (&mut altered.signature, index - input)
        };
        let mut bytes = text.clone().into_bytes();
        bytes[index] = (bytes[index] ^ flip) & 0x7f;
        *text = String::from_utf8(bytes).unwrap();
        if altered != headers {
            prop_assert!(check(&altered, &parts).is_err());
        }

        // One byte of the target.
        let mut bytes = uri.clone().into_bytes();
        let index = at.index(bytes.len());
        bytes[index] = (bytes[index] ^ flip) & 0x7f;
        let altered = String::from_utf8(bytes).unwrap();
        if altered != uri {
            let elsewhere = SignedParts { target_uri: &altered, ..parts };
            prop_assert!(check(&headers, &elsewhere).is_err());
        }
        let moved = SignedParts { upload_offset: Some(offset.map_or(0, |o| o + 1)), ..parts };
        prop_assert!(check(&headers, &moved).is_err());
        let other_digest = content_digest(b"other");
        let swapped = SignedParts { content_digest: Some(&other_digest), ..parts };
        prop_assert!(check(&headers, &swapped).is_err());
    }
}
