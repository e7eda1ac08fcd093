//! One or more of each message, from fixed keys and times.

use qayd_crypto::{OpeningKey, SealingKey, SigningKey, Suite, sha256};
use qayd_model::{
    ByteCount, Decision, EnrolmentId, FingerPosition, InvitationId, OperatorId, PacketId, Return,
    ReturnedField, StaffId, StationId, UnixMs, UploadId,
};
use qayd_protocol::{
    AuditBatch, DecisionMessage, Hello, InboxBody, InboxItem, Invitation, InvitationSecret,
    Keyring, Offer, OfferAnswer, OperatorCertificate, Outcome, PackBundle, PacketState,
    PlannedSend, Policy, Problem, ProvisionAnswer, ProvisionClaim, ProvisionRequest, Receipt,
    RefusalReason, Revocation, Role, SignedTime, StationCertificate, StationPlace, WantedState,
    messages::{AuditAnswer, SignedList},
    trust::{CodeTableFile, sign},
};

/// A message and its vector's name.
#[allow(clippy::large_enum_variant, reason = "a test's list")]
pub enum Sample {
    Hello(&'static str, Hello),
    SignedTime(&'static str, SignedTime),
    ProvisionClaim(&'static str, ProvisionClaim),
    ProvisionRequest(&'static str, ProvisionRequest),
    ProvisionAnswer(&'static str, ProvisionAnswer),
    Offer(&'static str, Offer),
    OfferAnswer(&'static str, OfferAnswer),
    SignedList(&'static str, SignedList),
    AuditBatch(&'static str, AuditBatch),
    AuditAnswer(&'static str, AuditAnswer),
    Problem(&'static str, Problem),
    Receipt(&'static str, Receipt),
    InboxItem(&'static str, InboxItem),
    Keyring(&'static str, Keyring),
    StationCertificate(&'static str, StationCertificate),
    OperatorCertificate(&'static str, OperatorCertificate),
    Policy(&'static str, Policy),
    PackBundle(&'static str, PackBundle),
    Invitation(&'static str, Invitation),
}

pub const ROOT: u8 = 1;
pub const CENTRE: u8 = 2;
pub const ISSUER: u8 = 3;
pub const STATION: u8 = 4;

/// 2026-01-01T00:00:00Z
const TIME: UnixMs = UnixMs(1_767_225_600_000);

/// The Ed25519 key whose seed is this byte 32 times.
pub fn key(seed: u8) -> SigningKey {
    SigningKey::make(&[seed; 32])
}

fn sealing(suite: Suite, seed: u8) -> SealingKey {
    OpeningKey::make(suite, &[seed; 32]).public().clone()
}

fn station_id() -> StationId {
    StationId::make(TIME.0, [1; 10])
}

fn packet(n: u8) -> PacketId {
    PacketId::make(TIME.0, [n; 10])
}

fn upload(n: u8) -> UploadId {
    UploadId::make(TIME.0, [0x40 + n; 10])
}

fn keyring() -> Keyring {
    Keyring {
        epoch: 2,
        programme: "demo".to_owned(),
        centre_key: key(CENTRE).public(),
        issuer_key: key(ISSUER).public(),
        review_keys: vec![sealing(Suite::XWing, 20)],
        biometric_keys: vec![sealing(Suite::XWing, 21), sealing(Suite::X25519, 22)],
        sensitive_keys: vec![sealing(Suite::XWing, 23)],
        tls_ca_sha256: sha256(b"certificate authority"),
        issued: TIME,
        former_centre_keys: vec![key(12).public()],
        former_issuer_keys: vec![],
    }
}

fn certificate(expires: Option<UnixMs>) -> StationCertificate {
    StationCertificate {
        station: station_id(),
        kind: "camp".to_owned(),
        site: "camp-1".to_owned(),
        name: "خيمة ٤".to_owned(),
        key: key(STATION).public(),
        receiving_key: sealing(Suite::X25519, 23),
        packs: vec![
            "national-card-first".to_owned(),
            "residence-card".to_owned(),
        ],
        production: true,
        issued: TIME,
        expires,
    }
}

fn operator(role: Role, added_by: Option<OperatorId>) -> OperatorCertificate {
    OperatorCertificate {
        operator: OperatorId::make(TIME.0, [5; 10]),
        station: station_id(),
        login: "officer-7".to_owned(),
        role,
        key: key(6).public(),
        added_by,
        issued: TIME,
    }
}

fn bundle() -> PackBundle {
    PackBundle {
        id: "birth-notification".to_owned(),
        version: 3,
        pack: "id = \"birth-notification\"\n".to_owned(),
        tables: vec![CodeTableFile {
            name: "relations".to_owned(),
            table: "[[code]]\nid = \"mother\"\n".to_owned(),
        }],
    }
}

fn invitation() -> Invitation {
    Invitation {
        programme: "demo".to_owned(),
        centre_url: "https://centre.example:8443".to_owned(),
        tls_ca_pem: "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n".to_owned(),
        root_key: key(ROOT).public(),
        keyring: sign(&keyring(), &key(ROOT)).into(),
        invitation: InvitationId::make(TIME.0, [7; 10]),
        secret: InvitationSecret::from_bytes([8; 32]),
        station: StationPlace {
            kind: "camp".to_owned(),
            site: "camp-1".to_owned(),
            name: "خيمة ٤".to_owned(),
            packs: vec!["national-card-first".to_owned()],
            production: true,
        },
        expires: UnixMs(TIME.0 + 86_400_000),
    }
}

fn claim() -> ProvisionClaim {
    ProvisionClaim {
        invitation: InvitationId::make(TIME.0, [7; 10]),
        secret: InvitationSecret::from_bytes([8; 32]),
        station_key: key(STATION).public(),
        receiving_key: sealing(Suite::XWing, 23),
        software: "qayd 0.1.0".to_owned(),
        time: UnixMs(0),
    }
}

fn receipt(number: u64, outcome: Outcome) -> Receipt {
    Receipt {
        number,
        station: station_id(),
        packet: packet(1),
        manifest_sha256: sha256(b"manifest"),
        refused_sha256: matches!(outcome, Outcome::Refused { .. }).then(|| sha256(b"packet")),
        outcome,
        node: "centre-1".to_owned(),
        previous: (number > 1).then(|| sha256(b"receipt before")),
        time: TIME,
    }
}

fn item(number: u64, body: InboxBody) -> InboxItem {
    InboxItem {
        number,
        station: station_id(),
        previous: (number > 1).then(|| sha256(b"item before")),
        time: TIME,
        body,
    }
}

fn decided(decision: Decision, held: Option<Vec<u8>>) -> InboxBody {
    InboxBody::Decision(DecisionMessage {
        packet: packet(1),
        enrolment: EnrolmentId::make(TIME.0, [9; 10]),
        version: 1,
        decision,
        decided_by: StaffId::make(TIME.0, [10; 10]),
        held,
    })
}

fn returned() -> Decision {
    Decision::Returned(Return {
        fields: vec![
            ReturnedField {
                field: "birth_date".to_owned(),
                reason: "unreadable".to_owned(),
                note: None,
            },
            ReturnedField {
                field: "mother_name".to_owned(),
                reason: "differs".to_owned(),
                note: Some("as on page 2".into()),
            },
        ],
        fingers: vec![FingerPosition::RightThumb, FingerPosition::LeftThumb],
        portrait: true,
        note: None,
    })
}

pub fn all() -> Vec<Sample> {
    use Sample as S;
    let signed_time = sign(&SignedTime { time: TIME }, &key(CENTRE));
    let rejected = Decision::Rejected {
        reason: "not-entitled".to_owned(),
        note: Some("see the file".into()),
    };
    let same = Decision::SamePerson {
        as_enrolment: EnrolmentId::make(TIME.0, [11; 10]),
    };
    vec![
        S::Hello(
            "hello",
            Hello {
                versions: vec![1],
                programme: "demo".to_owned(),
                nonce: "q83vEjRWeJCrze8SNFZ4kA".to_owned(),
                time: signed_time.clone().into(),
                keyring_epoch: 2,
                upload_bytes_max: ByteCount(16 * 1024 * 1024),
            },
        ),
        S::SignedTime("signed_time", SignedTime { time: TIME }),
        S::ProvisionClaim("provision_claim", claim()),
        S::ProvisionRequest(
            "provision_request",
            ProvisionRequest::make(&claim(), &key(STATION)),
        ),
        S::ProvisionAnswer(
            "provision_answer",
            ProvisionAnswer {
                certificate: sign(&certificate(None), &key(ISSUER)).into(),
                keyring: sign(&keyring(), &key(ROOT)).into(),
                policy: sign(&Policy::standard(1, TIME), &key(CENTRE)).into(),
                packs: vec![sign(&bundle(), &key(CENTRE)).into()],
                time: signed_time.into(),
            },
        ),
        S::Offer("offer_empty", Offer::default()),
        S::Offer(
            "offer_two",
            Offer::of(vec![b"manifest 1".to_vec(), b"manifest 2".to_vec()]),
        ),
        S::OfferAnswer(
            "offer_answer",
            OfferAnswer {
                packets: vec![
                    PacketState {
                        packet: packet(1),
                        state: WantedState::Wanted {
                            upload: upload(1),
                            offset: 0,
                            length: 250_000,
                        },
                    },
                    PacketState {
                        packet: packet(2),
                        state: WantedState::Held,
                    },
                    PacketState {
                        packet: packet(3),
                        state: WantedState::Refused(RefusalReason::ChainFork),
                    },
                ],
                plan: vec![
                    PlannedSend {
                        packet: packet(1),
                        upload: upload(1),
                        until: 3000,
                    },
                    PlannedSend {
                        packet: packet(1),
                        upload: upload(1),
                        until: 250_000,
                    },
                ],
                nonce: "q83vEjRWeJCrze8SNFZ4kA".to_owned(),
            },
        ),
        S::SignedList("signed_list_empty", SignedList::default()),
        S::SignedList("signed_list", SignedList::of(vec![b"signed".to_vec()])),
        S::AuditBatch(
            "audit_batch",
            AuditBatch {
                first: 7,
                entries: vec![b"entry 7".to_vec().into()],
            },
        ),
        S::AuditAnswer("audit_answer", AuditAnswer { held: 7 }),
        S::Problem("problem", Problem::new("INT-04")),
        S::Problem(
            "problem_full",
            Problem {
                code: "INT-05".to_owned(),
                reason: Some(RefusalReason::RevokedStation),
                offset: Some(4096),
                retry_after_ms: Some(30_000),
            },
        ),
        S::Receipt("receipt_stored", receipt(1, Outcome::Stored { level: 1 })),
        S::Receipt(
            "receipt_refused",
            receipt(
                2,
                Outcome::Refused {
                    reason: RefusalReason::DigestMismatch,
                },
            ),
        ),
        S::InboxItem(
            "inbox_item_accepted",
            item(1, decided(Decision::Accepted, None)),
        ),
        S::InboxItem(
            "inbox_item_returned",
            item(2, decided(returned(), Some(b"sealed content".to_vec()))),
        ),
        S::InboxItem("inbox_item_rejected", item(3, decided(rejected, None))),
        S::InboxItem("inbox_item_same_person", item(4, decided(same, None))),
        S::InboxItem(
            "inbox_item_policy",
            item(
                5,
                InboxBody::Policy(sign(&Policy::standard(2, TIME), &key(CENTRE)).into()),
            ),
        ),
        S::InboxItem(
            "inbox_item_pack",
            item(6, InboxBody::Pack(sign(&bundle(), &key(CENTRE)).into())),
        ),
        S::InboxItem(
            "inbox_item_keyring",
            item(7, InboxBody::Keyring(sign(&keyring(), &key(ROOT)).into())),
        ),
        S::InboxItem(
            "inbox_item_operator_revoked",
            item(
                8,
                InboxBody::Revocation(Revocation::Operator {
                    operator: OperatorId::make(TIME.0, [5; 10]),
                    reason: "left".to_owned(),
                }),
            ),
        ),
        S::InboxItem(
            "inbox_item_station_revoked",
            item(
                9,
                InboxBody::Revocation(Revocation::Station {
                    reason: "stolen".to_owned(),
                }),
            ),
        ),
        S::Keyring("keyring", keyring()),
        S::StationCertificate("station_certificate", certificate(None)),
        S::StationCertificate(
            "station_certificate_expiring",
            certificate(Some(UnixMs(TIME.0 + 1))),
        ),
        S::OperatorCertificate(
            "operator_certificate_first",
            operator(Role::Supervisor, None),
        ),
        S::OperatorCertificate(
            "operator_certificate_added",
            operator(Role::Officer, Some(OperatorId::make(TIME.0, [6; 10]))),
        ),
        S::Policy("policy", Policy::standard(1, TIME)),
        S::PackBundle("pack_bundle", bundle()),
        S::Invitation("invitation", invitation()),
    ]
}
