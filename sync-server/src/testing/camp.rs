//! A camp station that enrols synthetic people: real content by the pack, drawn faces, synthetic fingers.
//!
//! In: a person as `person.toml` tells them, and seeds for face and fingers. Out: sealed packets, sent or not.

use std::collections::BTreeMap;

use qayd_crypto::{OpeningKey, SigningKey, Suite};
use qayd_fingerprint::{extract, synthetic};
use qayd_model::{
    BiometricException, EnrolmentId, FingerPosition, OperatorId, PacketId, PersonalBytes,
    QualityScore, SampleId, SampleKind, Sha256Digest, StationId, UnixMs, Value,
    import::ImportedPerson,
    pack::{Pack, PackSet},
    value::Source,
};
use qayd_packet::{
    FieldEntry, Head, NewSample, Recipients, SampleEntry, SealRequest, SealedPacket, Signer,
    StampedTime, seal,
};
use qayd_protocol::{
    Invitation, Offer, OperatorCertificate, ProvisionRequest, Role, StationCertificate, SyncApi,
    TrustChain, UploadBody, WantedState,
    trust::{Trusted, sign},
};
use qayd_world::{RandomnessRng, World, random_array};

use super::{TestStation, invitation};
use crate::centre::Centre;

/// One enrolment to be made.
#[derive(Debug, Clone)]
pub struct NewCase<'a> {
    /// The procedure.
    pub pack: &'a str,
    /// An earlier enrolment of which this is a new version.
    pub enrolment: Option<EnrolmentId>,
    /// From 1.
    pub version: u32,
    /// `person.toml`.
    pub person: &'a str,
    /// Values put in the place of the person's, past every parser, as a hostile station might.
    pub forced: Vec<(u32, Value)>,
    /// Seed of the face; `None` for no portrait.
    pub face: Option<u64>,
    /// Seed of the hands, and of this day's impressions of them.
    pub hands: Option<(u64, u64)>,
    /// Which fingers.
    pub fingers: &'a [FingerPosition],
    /// Fingers that are not there.
    pub exceptions: Vec<BiometricException>,
    /// Other samples: papers, signatures.
    pub others: Vec<(SampleKind, &'a str, Vec<u8>)>,
    /// Samples of an earlier version that are not sent again.
    pub held: Vec<SampleEntry>,
    /// Numbers of sensitive answers that are put among the demographics, as a hostile station might.
    pub misplaced: &'a [u32],
    /// The packet of the version before, whose sensitive answers stand; there exactly when `version` is above 1.
    pub sensitive_in: Option<PacketId>,
    /// Office; `None`: as the pack's rule finds it.
    pub office: Option<&'a str>,
}

impl<'a> NewCase<'a> {
    /// A first version with a face, without fingers.
    pub fn of(person: &'a str) -> Self {
        Self {
            pack: "national-card-first-issue",
            enrolment: None,
            version: 1,
            person,
            forced: Vec::new(),
            face: Some(1),
            hands: None,
            fingers: &FingerPosition::ALL,
            exceptions: Vec::new(),
            others: Vec::new(),
            held: Vec::new(),
            misplaced: &[],
            sensitive_in: None,
            office: None,
        }
    }

    /// With the ten fingers of a synthetic person.
    pub fn with_hands(mut self, person: u64, day: u64) -> Self {
        self.hands = Some((person, day));
        self
    }
}

/// A provisioned station with an officer and a supervisor.
pub struct Camp {
    /// Its id.
    pub id: StationId,
    /// Its certificate.
    pub certificate: Trusted<StationCertificate>,
    /// The programme's trust.
    pub chain: TrustChain,
    /// Opens what the centre seals to it.
    pub receiving: OpeningKey,
    world: World,
    key: SigningKey,
    officer: (OperatorId, SigningKey),
    supervisor: (OperatorId, SigningKey),
    packs: BTreeMap<String, (Pack, PackSet, Sha256Digest)>,
    sequence: u64,
    previous: Option<Sha256Digest>,
}

impl Camp {
    /// Invites and provisions a station in process.
    pub fn provision(centre: &Centre, name: &str) -> Self {
        let world = centre.world();
        let (invitation, chain) = Invitation::open(&invitation(centre, name)).unwrap();
        let key = SigningKey::make(&random_array(&*world.random));
        let receiving = OpeningKey::make(Suite::XWing, &random_array(&*world.random));
        let request =
            ProvisionRequest::make(&TestStation::claim(&invitation, &key, &receiving), &key);
        let answer = centre
            .for_station(StationId::from_bytes([0; 16]))
            .provision(&request)
            .unwrap();
        let chain = chain.advance(&answer.keyring).unwrap();
        let certificate = chain.station(&answer.certificate).unwrap();
        let mut packs = BTreeMap::new();
        for bytes in &answer.packs {
            let bundle = chain.pack(bytes).unwrap();
            let tables: Vec<(String, &str)> = bundle
                .tables
                .iter()
                .map(|t| (format!("codes/{}.toml", t.name), t.table.as_str()))
                .collect();
            let name = format!("{}.toml", bundle.id);
            let files = tables
                .iter()
                .map(|(n, t)| (n.as_str(), *t))
                .chain([(name.as_str(), bundle.pack.as_str())]);
            let set = PackSet::load(files).unwrap();
            let pack = set.packs[&bundle.id].clone();
            packs.insert(
                bundle.id.clone(),
                (pack, set, qayd_crypto::sha256(bundle.pack.as_bytes())),
            );
        }
        let person = || {
            (
                OperatorId::from_bytes(random_array(&*world.random)),
                SigningKey::make(&random_array(&*world.random)),
            )
        };
        Self {
            id: certificate.station,
            certificate,
            chain,
            receiving,
            officer: person(),
            supervisor: person(),
            world: world.clone(),
            key,
            packs,
            sequence: 0,
            previous: None,
        }
    }

    /// Seals one enrolment as the next packet of this station.
    pub fn enrol(&mut self, case: &NewCase<'_>) -> SealedPacket {
        let now = self.world.clock.now();
        let (pack, set, digest) = &self.packs[case.pack];
        let read = ImportedPerson::read(pack, &set.codes, case.person).unwrap();
        let mut answers = read.answers;
        for (number, value) in &case.forced {
            answers.set(*number, value.clone());
        }
        let office = case
            .office
            .map(str::to_owned)
            .or_else(|| pack.home_office(&answers).map(str::to_owned));
        let operator = self.officer.0;
        let (sensitive, fields) = answers
            .iter()
            .map(|(number, value)| FieldEntry {
                number,
                value: value.clone(),
                source: Source::Statement,
                entered: now,
                operator,
            })
            .partition(|entry: &FieldEntry| {
                pack.field_numbered(entry.number)
                    .is_some_and(|field| field.sensitive)
                    && !case.misplaced.contains(&entry.number)
            });
        let exceptions: Vec<BiometricException> = case
            .exceptions
            .iter()
            .cloned()
            .map(|exception| BiometricException {
                supervisor: Some(self.supervisor.0),
                ..exception
            })
            .collect();
        let supervised = !exceptions.is_empty();
        let (officer, supervisor) = (
            self.certificate_of(&self.officer, "officer", Role::Officer),
            self.certificate_of(&self.supervisor, "supervisor", Role::Supervisor),
        );
        let keyring = self.chain.keyring();
        let recipients = Recipients {
            review: keyring.review_keys.clone(),
            biometric: keyring.biometric_keys.clone(),
            sensitive: keyring.sensitive_keys.clone(),
        };
        let (ms, random) = self.world.id_seed();
        self.sequence += 1;
        let request = SealRequest {
            head: Head {
                packet: PacketId::make(ms, random),
                enrolment: case.enrolment.unwrap_or_else(|| {
                    let (ms, random) = self.world.id_seed();
                    EnrolmentId::make(ms, random)
                }),
                version: case.version,
                station: self.id,
                sequence: self.sequence,
                previous: self.previous,
                boot_counter: 1,
                made: StampedTime {
                    raw: now,
                    estimated: None,
                    error_ms: None,
                },
                pack_id: pack.id.clone(),
                pack_version: pack.version,
                pack_digest: *digest,
                station_kind: self.certificate.kind.clone(),
                home_office: office.unwrap(),
                keyring_epoch: keyring.epoch,
            },
            started: UnixMs(now.0 - 15 * 60_000),
            fields,
            sensitive,
            sensitive_in: case.sensitive_in,
            samples: self.samples(case),
            held: case.held.clone(),
            exceptions,
            extension: None,
            operator: Signer {
                id: operator,
                key: &self.officer.1,
                certificate: &officer,
            },
            supervisor: supervised.then_some(Signer {
                id: self.supervisor.0,
                key: &self.supervisor.1,
                certificate: &supervisor,
            }),
            station_key: &self.key,
            recipients: &recipients,
        };
        let sealed = seal(request, &mut RandomnessRng(&*self.world.random)).unwrap();
        self.previous = Some(sealed.manifest.digest());
        sealed
    }

    /// Seals one enrolment and sends it.
    pub fn send(&mut self, centre: &Centre, case: &NewCase<'_>) -> SealedPacket {
        let sealed = self.enrol(case);
        self.upload(centre, &sealed);
        sealed
    }

    /// Sends a sealed packet through the station's view of the centre.
    pub fn upload(&self, centre: &Centre, sealed: &SealedPacket) {
        let api = centre.for_station(self.id);
        let answer = api
            .offer(&Offer::of(vec![sealed.manifest.bytes().to_vec()]))
            .unwrap();
        match answer.packets[0].state {
            WantedState::Wanted { upload, offset, .. } => {
                let rest = &sealed.bytes[offset as usize..];
                api.upload_append(upload, offset, UploadBody::Bytes(rest))
                    .unwrap();
            }
            ref other => panic!("wanted was expected, not {other:?}"),
        }
    }

    fn certificate_of(&self, who: &(OperatorId, SigningKey), login: &str, role: Role) -> Vec<u8> {
        let certificate = OperatorCertificate {
            operator: who.0,
            station: self.id,
            login: login.to_owned(),
            role,
            key: who.1.public(),
            added_by: None,
            issued: self.world.clock.now(),
        };
        sign(&certificate, &self.key)
    }

    fn samples(&self, case: &NewCase<'_>) -> Vec<NewSample> {
        let now = self.world.clock.now();
        let sample = |kind, media_type: &str, bytes: Vec<u8>, quality, ppi| {
            let (ms, random) = self.world.id_seed();
            NewSample {
                id: SampleId::make(ms, random),
                kind,
                media_type: media_type.to_owned(),
                bytes: PersonalBytes::new(bytes),
                quality,
                ppi,
                device: Some("folder".to_owned()),
                attempts: 1,
                captured: now,
            }
        };
        let mut samples = Vec::new();
        if let Some(face) = case.face {
            let bytes = synthetic::portrait(face, 413, 531).encode_jpeg(85).unwrap();
            samples.push(sample(
                SampleKind::Portrait,
                "image/jpeg",
                bytes,
                None,
                None,
            ));
        }
        if let Some((seed, day)) = case.hands {
            let person = synthetic::SyntheticPerson::make(seed);
            for position in case.fingers {
                if case
                    .exceptions
                    .iter()
                    .any(|exception| exception.position == *position)
                {
                    continue;
                }
                let image = person.impression(*position, day * 100 + u64::from(position.code()));
                let quality: QualityScore = extract(&image).unwrap().quality.score;
                let bytes = image.encode_png().unwrap();
                samples.push(sample(
                    SampleKind::Finger(*position),
                    "image/png",
                    bytes,
                    Some(quality),
                    Some(500),
                ));
            }
        }
        for (kind, media_type, bytes) in &case.others {
            samples.push(sample(kind.clone(), media_type, bytes.clone(), None, None));
        }
        samples
    }
}

/// A person with papers, as `person.toml` tells them: four parts of a name in Arabic with `_` between, birth date,
/// the mother's given name and her father's, and further lines.
pub fn person(name: &str, birth: &str, mother: &str, more: &str) -> String {
    let mut parts = name.split('_');
    let mut part = |key: &str| {
        parts
            .next()
            .map(|text| format!("{key} = {{ ar = \"{text}\" }}\n"))
            .unwrap_or_default()
    };
    let names = [
        part("given"),
        part("father"),
        part("grandfather"),
        part("laqab"),
    ]
    .concat();
    let (mother, mother_father) = mother.split_once('_').unwrap_or((mother, "محمود"));
    format!(
        "pack = \"national-card-first-issue\"
request_kind = \"first_registration\"
home_office = \"DEMO-NI-01\"
birth_date = \"{birth}\"
sex = \"female\"
marital_status = \"single\"
birth_place = {{ governorate = \"IQ-NI\" }}
phone = \"07701234567\"
preferred_language = \"ar\"
family_number = {{ missing = \"not_known\" }}
register = {{ unknown = true, hints = \"سنجار\" }}
address = {{ governorate = \"IQ-DA\", camp = \"مخيم تجريبي\", block = \"ب\", tent = \"١١٧\" }}
{more}

[name]
{names}
[mother_name]
given = {{ ar = \"{mother}\" }}
father = {{ ar = \"{mother_father}\" }}

[[evidence]]
document = \"csid\"
seen = \"none\"
gap = {{ reason = \"lost\", place = \"سنجار\", date = \"2014-08\", circumstances = \"أثناء النزوح\" }}

[[evidence]]
document = \"nationality_certificate\"
seen = \"none\"
gap = \"destroyed\"

[[evidence]]
document = \"residence_card\"
seen = \"none\"
gap = \"never_issued\"

[[attestors]]
kind = \"mukhtar\"
name = {{ given = {{ ar = \"إلياس\" }}, father = {{ ar = \"درويش\" }} }}
letter_number = \"88\"
letter_date = \"2026-01-20\"
witnesses = [
    {{ name = {{ given = {{ ar = \"خدر\" }}, father = {{ ar = \"علي\" }} }} }},
    {{ name = {{ given = {{ ar = \"بركات\" }}, father = {{ ar = \"حسن\" }} }} }},
]

[consent]
text_version = 1
language = \"ar\"
read_aloud = true
purposes = {{ issuance = true, sharing = false }}
"
    )
}

/// A child under five: no fingers are asked, so that a case of it is made in moments.
pub fn child(name: &str) -> String {
    let guardian = "guardian_name = { missing = \"nobody_present\" }\nguardian_relation = { missing = \"nobody_present\" }";
    let birth_certificate = "[[evidence]]\ndocument = \"birth_certificate\"\nseen = \"none\"\ngap = \"never_issued\"\n\n[[attestors]]";
    person(name, "2023-05-17", "فاطمة_حسين", guardian).replacen(
        "[[attestors]]",
        birth_certificate,
        1,
    )
}
