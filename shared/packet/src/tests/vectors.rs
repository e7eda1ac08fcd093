use std::path::PathBuf;

use super::*;

/// Those without `dictionary` in their name are what the first stations sealed.
fn vectors() -> Vec<(&'static str, Vec<u8>)> {
    let packet =
        |suite, change: fn(&mut SealRequest<'_>)| packet_with(Dictionary::None, suite, change);
    let classic = packet(Suite::X25519, |_| {}).unwrap();
    let with = |change: fn(&mut Vec<u8>)| {
        let mut bytes = classic.bytes.clone();
        change(&mut bytes);
        bytes
    };
    let resigned = |payload: Vec<u8>| {
        qayd_crypto::sign1(qayd_crypto::Namespace::Manifest, &station_key(), &payload)
    };
    let payload = qayd_crypto::peek1(classic.manifest.bytes())
        .unwrap()
        .payload;
    let mut unknown_key = payload.clone();
    unknown_key[0] = 0xb1; // one entry more …
    unknown_key.extend_from_slice(&[0x18, 99, 0]); // … 99: 0
    let mut not_canonical = payload.clone();
    not_canonical.splice(2..3, [0x18, payload[2]]); // format 1 in two bytes
    vec![
        ("packet_suite_0", classic.bytes.clone()),
        (
            "packet_suite_1",
            packet(Suite::XWing, |_| {}).unwrap().bytes,
        ),
        (
            "packet_supervisor",
            packet(Suite::X25519, |r| r.exceptions.push(excepted(true)))
                .unwrap()
                .bytes,
        ),
        (
            "packet_suite_0_dictionary_1",
            packet_with(Dictionary::First, Suite::X25519, |_| {})
                .unwrap()
                .bytes,
        ),
        (
            "packet_suite_1_dictionary_1",
            packet_with(Dictionary::First, Suite::XWing, |_| {})
                .unwrap()
                .bytes,
        ),
        (
            "packet_suite_0_corrected",
            packet_with(Dictionary::First, Suite::X25519, |r| {
                r.head.version = 2;
                r.sensitive = Vec::new();
                r.sensitive_in = Some(PacketId::make(1_800_000_000_000, [8; 10]));
            })
            .unwrap()
            .bytes,
        ),
        (
            "packet_suite_0_extended",
            packet_with(Dictionary::First, Suite::X25519, |r| {
                r.extension = Some(Extension {
                    offline_days: Some(75),
                    packets: Some(6_000),
                    supervisor: OperatorId::make(1_800_000_000_000, [5; 10]),
                    granted: UnixMs(1_800_000_000_000),
                });
            })
            .unwrap()
            .bytes,
        ),
        ("packet_suite_0_dictionary_unknown", of_a_later_dictionary()),
        (
            "packet_truncated",
            with(|b| {
                b.pop();
            }),
        ),
        ("packet_trailing_byte", with(|b| b.push(0))),
        (
            "packet_part_altered",
            with(|b| {
                let n = b.len();
                b[n - 1] ^= 1;
            }),
        ),
        ("manifest_unknown_key", resigned(unknown_key)),
        ("manifest_not_canonical", resigned(not_canonical)),
        (
            "manifest_other_namespace",
            qayd_crypto::sign1(qayd_crypto::Namespace::Receipt, &station_key(), &payload),
        ),
        ("signature_truncated", {
            let mut b = classic.manifest.bytes().to_vec();
            b.pop();
            b
        }),
    ]
}

#[test]
fn named_vectors_are_frozen_and_only_the_good_ones_verify() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let write = std::env::var_os("QAYD_WRITE_VECTORS").is_some();
    for (name, bytes) in vectors() {
        let path = folder.join(format!("{name}.qpk"));
        if write {
            #[allow(
                clippy::disallowed_methods,
                reason = "a vector is source text, not somebody's record"
            )]
            std::fs::write(&path, &bytes).unwrap();
        }
        let frozen = std::fs::read(&path).unwrap();
        assert_eq!(frozen, bytes, "{name} changed: the format changed");
        let good = name.starts_with("packet_su");
        assert_eq!(
            verify_packet(&frozen, &station_key().public()).is_ok(),
            good,
            "{name}"
        );
    }
}
