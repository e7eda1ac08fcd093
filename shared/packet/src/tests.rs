//! The format held against its own promises, and against frozen, named vectors.
//!
//! `QAYD_WRITE_VECTORS=1 cargo test -p qayd-packet` writes the vectors again after a deliberate change of format.

mod content;
mod dictionaries;
mod envelope;
mod vectors;

use core::convert::Infallible;

use qayd_crypto::{OpeningKey, SigningKey, Suite};
use qayd_model::{
    BiometricException, EnrolmentId, ExceptionReason, FingerPosition, OperatorId, PacketId,
    PersonalBytes, PersonalText, SampleId, SampleKind, Sha256Digest, StationId, UnixMs,
    value::{Source, Value},
};
use rand_core::{TryCryptoRng, TryRng};

use crate::*;

/// A seeded stream (SHA-256 in counter mode), so that vectors come out the same every time.
struct Seeded {
    seed: u8,
    counter: u64,
}

impl TryRng for Seeded {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(32) {
            let mut block = vec![self.seed];
            block.extend_from_slice(&self.counter.to_be_bytes());
            self.counter += 1;
            chunk.copy_from_slice(&qayd_crypto::sha256(&block).0[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Seeded {}

struct Centre {
    review: OpeningKey,
    biometric: OpeningKey,
    sensitive: OpeningKey,
}

fn centre(suite: Suite) -> Centre {
    Centre {
        review: OpeningKey::make(suite, &[21; 32]),
        biometric: OpeningKey::make(suite, &[22; 32]),
        sensitive: OpeningKey::make(suite, &[23; 32]),
    }
}

fn field(number: u32, text: &str) -> FieldEntry {
    FieldEntry {
        number,
        value: Value::Text(PersonalText::new(text)),
        source: Source::Statement,
        entered: UnixMs(1_800_000_000_000),
        operator: OperatorId::make(1_800_000_000_000, [4; 10]),
    }
}

fn station_key() -> SigningKey {
    SigningKey::make(&[11; 32])
}

fn operator_key() -> SigningKey {
    SigningKey::make(&[12; 32])
}

fn supervisor_key() -> SigningKey {
    SigningKey::make(&[13; 32])
}

fn sample(n: u8, kind: SampleKind, bytes: &[u8]) -> NewSample {
    NewSample {
        id: SampleId::make(1_800_000_000_000, [n; 10]),
        kind,
        media_type: "image/png".into(),
        bytes: PersonalBytes::new(bytes),
        quality: None,
        ppi: Some(500),
        device: Some("simulated".into()),
        attempts: 1,
        captured: UnixMs(1_800_000_000_000),
    }
}

/// A packet of one text field, a sensitive one, a portrait, two fingers and a document page.
fn packet(
    suite: Suite,
    change: impl FnOnce(&mut SealRequest<'_>),
) -> Result<SealedPacket, SealPacketError> {
    packet_with(Dictionary::default(), suite, change)
}

fn packet_with(
    dictionary: Dictionary,
    suite: Suite,
    change: impl FnOnce(&mut SealRequest<'_>),
) -> Result<SealedPacket, SealPacketError> {
    let centre = centre(suite);
    let recipients = Recipients {
        review: vec![centre.review.public().clone()],
        biometric: vec![centre.biometric.public().clone()],
        sensitive: vec![centre.sensitive.public().clone()],
    };
    let (station, operator, supervisor) = (station_key(), operator_key(), supervisor_key());
    let mut request = SealRequest {
        head: Head {
            packet: PacketId::make(1_800_000_000_000, [1; 10]),
            enrolment: EnrolmentId::make(1_800_000_000_000, [2; 10]),
            version: 1,
            station: StationId::make(1_800_000_000_000, [3; 10]),
            sequence: 1,
            previous: None,
            boot_counter: 7,
            made: StampedTime {
                raw: UnixMs(1_800_000_100_000),
                estimated: None,
                error_ms: None,
            },
            pack_id: "national-card-first-issue".into(),
            pack_version: 1,
            pack_digest: Sha256Digest([9; 32]),
            station_kind: "camp".into(),
            home_office: "iq-ni-01".into(),
            keyring_epoch: 1,
        },
        started: UnixMs(1_800_000_000_000),
        fields: vec![field(1, "زهراء")],
        sensitive: vec![field(52, "ت-١٧٣")],
        sensitive_in: None,
        samples: vec![
            sample(
                13,
                SampleKind::DocumentPage {
                    document: "csid".into(),
                    page: 1,
                },
                b"page one",
            ),
            sample(
                12,
                SampleKind::Finger(FingerPosition::LeftThumb),
                b"left thumb",
            ),
            sample(
                11,
                SampleKind::Finger(FingerPosition::RightThumb),
                b"right thumb",
            ),
            sample(10, SampleKind::Portrait, b"portrait"),
        ],
        held: Vec::new(),
        exceptions: Vec::new(),
        extension: None,
        operator: Signer {
            id: OperatorId::make(1_800_000_000_000, [4; 10]),
            key: &operator,
            certificate: b"operator certificate",
        },
        supervisor: None,
        station_key: &station,
        recipients: &recipients,
    };
    let approver = Signer {
        id: OperatorId::make(1_800_000_000_000, [5; 10]),
        key: &supervisor,
        certificate: b"supervisor certificate",
    };
    change(&mut request);
    if request.exceptions.iter().any(|e| e.supervisor.is_some()) {
        request.supervisor = Some(approver);
    }
    seal_with(
        dictionary,
        request,
        &mut Seeded {
            seed: suite.id(),
            counter: 0,
        },
    )
}

fn excepted(approved: bool) -> BiometricException {
    BiometricException {
        position: FingerPosition::LeftIndex,
        reason: ExceptionReason::Bandaged,
        supervisor: approved.then(|| OperatorId::make(1_800_000_000_000, [5; 10])),
        note: None,
    }
}

/// A packet as a station of a later version would seal it: the same, but for the dictionary's id.
fn of_a_later_dictionary() -> Vec<u8> {
    let sealed = packet(Suite::X25519, |_| {}).unwrap();
    let verified = verify_packet(&sealed.bytes, &station_key().public()).unwrap();
    let mut manifest = sealed.manifest.manifest().clone();
    let context = seal::part_context(manifest.packet, manifest.station, "demographics");
    let key = centre(Suite::X25519).review;
    let review = key.public().clone();
    let part = verified.part("demographics").unwrap();
    let plaintext = qayd_crypto::open_part(&[key], &context, part).unwrap();
    let mut padded: crate::content::Padded =
        qayd_crypto::cbor::decode_strict(&plaintext, limits::DEMOGRAPHICS_BYTES_MAX).unwrap();
    padded.dictionary = 99;
    // The id takes a byte more; the padding one less.
    let fill = padded.padding.len().saturating_sub(1);
    padded.padding = vec![0; fill].into();
    let plaintext = qayd_crypto::Zeroizing::new(qayd_crypto::cbor::encode(&padded));
    let mut rng = Seeded {
        seed: 99,
        counter: 0,
    };
    let keys = [review];
    let part = qayd_crypto::seal_part(&mut rng, &context, &plaintext, &keys).unwrap();
    manifest.parts[0].length = part.len() as u64;
    manifest.parts[0].sha256 = qayd_crypto::sha256(&part);
    let rest = sealed.manifest.part_range(0).unwrap().end as usize;
    let mut bytes = manifest.sign(&station_key()).unwrap().bytes().to_vec();
    bytes.extend_from_slice(&part);
    bytes.extend_from_slice(&sealed.bytes[rest..]);
    bytes
}
