use qayd_crypto::{Namespace, OpeningKey, Suite};
use qayd_model::{InvitationId, OperatorId, StationId, UnixMs};

use super::*;
use crate::Message;

fn key(seed: u8) -> SigningKey {
    SigningKey::make(&[seed; 32])
}

const ROOT: u8 = 1;
const CENTRE: u8 = 2;
const ISSUER: u8 = 3;
const STATION: u8 = 4;

fn sealing(seed: u8) -> qayd_crypto::SealingKey {
    OpeningKey::make(Suite::X25519, &[seed; 32])
        .public()
        .clone()
}

fn keyring(epoch: u32) -> Keyring {
    Keyring {
        epoch,
        programme: "demo".to_owned(),
        centre_key: key(CENTRE).public(),
        issuer_key: key(ISSUER).public(),
        review_keys: vec![sealing(20)],
        biometric_keys: vec![sealing(21)],
        sensitive_keys: vec![sealing(23)],
        tls_ca_sha256: sha256(b"ca"),
        issued: UnixMs(1),
        former_centre_keys: vec![],
        former_issuer_keys: vec![],
    }
}

fn chain() -> TrustChain {
    TrustChain::open(key(ROOT).public(), &sign(&keyring(1), &key(ROOT))).unwrap()
}

fn station_id() -> StationId {
    StationId::make(1, [1; 10])
}

fn station() -> StationCertificate {
    StationCertificate {
        station: station_id(),
        kind: "camp".to_owned(),
        site: "camp-1".to_owned(),
        name: "Tent 4".to_owned(),
        key: key(STATION).public(),
        receiving_key: sealing(22),
        packs: vec!["national-card-first".to_owned()],
        production: false,
        issued: UnixMs(2),
        expires: Some(UnixMs(10)),
    }
}

fn operator(station: StationId) -> OperatorCertificate {
    OperatorCertificate {
        operator: OperatorId::make(1, [2; 10]),
        station,
        login: "officer-7".to_owned(),
        role: Role::Officer,
        key: key(5).public(),
        added_by: None,
        issued: UnixMs(3),
    }
}

fn invitation() -> Invitation {
    Invitation {
        programme: "demo".to_owned(),
        centre_url: "https://centre.example:8443".to_owned(),
        tls_ca_pem: "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n".to_owned(),
        root_key: key(ROOT).public(),
        keyring: sign(&keyring(1), &key(ROOT)).into(),
        invitation: InvitationId::make(1, [3; 10]),
        secret: InvitationSecret::from_bytes([0xab; 32]),
        station: StationPlace {
            kind: "camp".to_owned(),
            site: "camp-1".to_owned(),
            name: "خيمة ٤".to_owned(),
            packs: vec![],
            production: false,
        },
        expires: UnixMs(99),
    }
}

#[test]
fn each_link_is_believed_when_the_link_above_signed_it() {
    let chain = chain();
    let station = chain.station(&sign(&station(), &key(ISSUER))).unwrap();
    assert_eq!(station.name, "Tent 4");
    assert!(station.valid_at(UnixMs(9)) && !station.valid_at(UnixMs(10)));
    let bytes = sign(&operator(station_id()), &key(STATION));
    assert_eq!(
        chain.operator(&station, &bytes).unwrap().role,
        Role::Officer
    );
    let policy = Policy::standard(1, UnixMs(4));
    assert_eq!(
        chain
            .policy(&sign(&policy, &key(CENTRE)))
            .unwrap()
            .into_value(),
        policy
    );
    let time = SignedTime { time: UnixMs(5) };
    assert_eq!(
        chain.time(&sign(&time, &key(CENTRE))).unwrap().time,
        UnixMs(5)
    );
}

#[test]
fn no_link_is_believed_when_another_key_of_the_programme_signed_it() {
    let chain = chain();
    let refused = |result: Result<(), TrustError>| {
        assert!(
            matches!(result, Err(TrustError::Signature(_))),
            "{result:?}"
        );
    };
    for wrong in [ROOT, CENTRE, STATION, 99] {
        refused(chain.station(&sign(&station(), &key(wrong))).map(drop));
        refused(
            chain
                .invitation(&sign(&invitation(), &key(wrong)))
                .map(drop),
        );
    }
    for wrong in [ROOT, ISSUER, STATION, 99] {
        refused(
            chain
                .policy(&sign(&Policy::standard(1, UnixMs(4)), &key(wrong)))
                .map(drop),
        );
        refused(
            chain
                .time(&sign(&SignedTime { time: UnixMs(5) }, &key(wrong)))
                .map(drop),
        );
    }
    for wrong in [CENTRE, ISSUER, STATION] {
        refused(TrustChain::open(key(ROOT).public(), &sign(&keyring(1), &key(wrong))).map(drop));
    }
    let trusted = chain.station(&sign(&station(), &key(ISSUER))).unwrap();
    for wrong in [ROOT, CENTRE, ISSUER, 5] {
        refused(
            chain
                .operator(&trusted, &sign(&operator(station_id()), &key(wrong)))
                .map(drop),
        );
    }
}

#[test]
fn a_signature_for_one_purpose_serves_no_other() {
    let payload = station().to_bytes();
    for namespace in [
        Namespace::Invitation,
        Namespace::Receipt,
        Namespace::Keyring,
    ] {
        let bytes = sign1(namespace, &key(ISSUER), &payload);
        assert!(matches!(
            chain().station(&bytes),
            Err(TrustError::Signature(_))
        ));
    }
    let bytes = sign1(Namespace::StationCertificate, &key(ISSUER), &payload);
    assert!(chain().station(&bytes).is_ok());
}

#[test]
fn an_operator_of_another_station_is_refused() {
    let chain = chain();
    let station = chain.station(&sign(&station(), &key(ISSUER))).unwrap();
    let bytes = sign(&operator(StationId::make(9, [9; 10])), &key(STATION));
    assert!(matches!(
        chain.operator(&station, &bytes),
        Err(TrustError::OtherStation)
    ));
}

#[test]
fn a_keyring_is_followed_by_newer_ones_only() {
    let held = chain().advance(&sign(&keyring(2), &key(ROOT))).unwrap();
    assert_eq!(held.keyring().epoch, 2);
    assert!(held.advance(&sign(&keyring(2), &key(ROOT))).is_ok());
    let older = held.advance(&sign(&keyring(1), &key(ROOT)));
    assert!(matches!(
        older,
        Err(TrustError::KeyringOrder {
            held: 2,
            offered: 1
        })
    ));
    let changed = Keyring {
        issued: UnixMs(77),
        ..keyring(2)
    };
    assert!(held.advance(&sign(&changed, &key(ROOT))).is_err());
    let foreign = Keyring {
        programme: "other".to_owned(),
        ..keyring(3)
    };
    assert!(held.advance(&sign(&foreign, &key(ROOT))).is_err());
}

#[test]
fn keys_of_earlier_epochs_hold_for_their_own_purpose_alone() {
    let newer = Keyring {
        centre_key: key(12).public(),
        issuer_key: key(13).public(),
        former_centre_keys: vec![key(CENTRE).public()],
        former_issuer_keys: vec![key(ISSUER).public()],
        ..keyring(2)
    };
    let chain = chain().advance(&sign(&newer, &key(ROOT))).unwrap();
    for seed in [ISSUER, 13] {
        chain.station(&sign(&station(), &key(seed))).unwrap();
        assert!(
            chain
                .policy(&sign(&Policy::standard(1, UnixMs(4)), &key(seed)))
                .is_err()
        );
    }
    for seed in [CENTRE, 12] {
        chain
            .policy(&sign(&Policy::standard(1, UnixMs(4)), &key(seed)))
            .unwrap();
        assert!(chain.station(&sign(&station(), &key(seed))).is_err());
    }
}

#[test]
fn an_invitation_file_reads_back() {
    let signed = sign(&invitation(), &key(ISSUER));
    let text = invitation().file_text(&signed);
    let (read, chain) = Invitation::open(&text).unwrap();
    assert_eq!(*read, invitation());
    assert_eq!(chain.root(), &key(ROOT).public());
    assert!(text.contains(&fingerprint_of(&key(ROOT).public())));
    assert!(!format!("{read:?}").contains("171, 171"));
}

#[test]
fn an_invitation_that_was_changed_or_damaged_is_refused() {
    let signed = sign(&invitation(), &key(ISSUER));
    let text = invitation().file_text(&signed);
    for (from, to) in [
        ("https://centre.example:8443", "https://elsewhere.example"),
        ("خيمة ٤", "خيمة ٥"),
        ("\"expires_unix_ms\": 99", "\"expires_unix_ms\": 100"),
        ("\"production\": false", "\"production\": true"),
        ("{", "{\"more\": 1,"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        assert!(
            matches!(Invitation::open(&changed), Err(TrustError::Invitation)),
            "{from}"
        );
    }
    for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
        assert!(Invitation::open(&text[..cut]).is_err());
    }
    // Signed by another than the issuer that the root named; or under another root.
    let by_centre = sign(&invitation(), &key(CENTRE));
    assert!(Invitation::open(&invitation().file_text(&by_centre)).is_err());
    let forged = Invitation {
        root_key: key(66).public(),
        ..invitation()
    };
    let bytes = sign(&forged, &key(ISSUER));
    assert!(Invitation::open(&forged.file_text(&bytes)).is_err());
    assert!(Invitation::open(&" ".repeat(INVITATION_BYTES_MAX + 1)).is_err());
}

#[test]
fn values_out_of_their_limits_are_refused_although_signed() {
    let chain = chain();
    let refused = |result: Result<(), TrustError>| {
        let limit = matches!(result, Err(TrustError::Message(MessageError::Limit { .. })));
        assert!(limit, "{result:?}");
    };
    let policy = |change: fn(&mut Policy)| {
        let mut policy = Policy::standard(1, UnixMs(4));
        change(&mut policy);
        chain.policy(&sign(&policy, &key(CENTRE))).map(drop)
    };
    policy(|_| {}).unwrap();
    refused(policy(|policy| policy.receipt_level_required = 0));
    refused(policy(|policy| policy.receipt_level_required = 4));
    refused(policy(|policy| policy.finger_quality_min = 101));
    refused(policy(|policy| policy.retries_max = 0));
    refused(policy(|policy| policy.idle_lock_s = 29));
    refused(policy(|policy| {
        policy.backlog_warn = policy.backlog_max + 1
    }));
    refused(policy(|policy| policy.version = 0));
    let newline = StationCertificate {
        name: "a\nb".to_owned(),
        ..station()
    };
    refused(chain.station(&sign(&newline, &key(ISSUER))).map(drop));
    let tables = ["b", "a"].map(|name| CodeTableFile {
        name: name.to_owned(),
        table: String::new(),
    });
    let pack = PackBundle {
        id: "x".to_owned(),
        version: 1,
        pack: String::new(),
        tables: tables.to_vec(),
    };
    refused(chain.pack(&sign(&pack, &key(CENTRE))).map(drop));
}

#[test]
fn a_role_reads_back_from_its_name() {
    for role in [Role::Officer, Role::Supervisor, Role::Technician] {
        assert_eq!(role.name().parse(), Ok(role));
    }
    assert!("Officer".parse::<Role>().is_err());
    assert!(Role::Officer.may_enrol() && !Role::Officer.may_supervise());
    assert!(Role::Supervisor.may_enrol() && Role::Supervisor.may_supervise());
    assert!(!Role::Technician.may_enrol() && !Role::Technician.may_supervise());
}
