//! Doubles for tests: a centre in process that provisions, a station of it, people who do not exist.
//!
//! In: a seed. Out: the same keys again, a provisioned folder, a draft that lacks nothing.
//! Never: part of a shipped program (feature `test-util`); a real person.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "for tests alone"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use qayd_crypto::{
    ArgonParams, OpeningKey, Passphrase, SecretKey, SigningKey, Suite, Zeroizing, cbor, seal_part,
};
use qayd_model::{
    Decision, EnrolmentId, FingerPosition, InvitationId, PersonalBytes, QualityScore, Return,
    SampleKind, Sha256Digest, Source, StaffId, StationId, UnixMs, UploadId, Value,
};
use qayd_packet::{
    Content, Recipients, VerifiedPacket, open_demographics, open_sensitive, verify_packet,
};
use qayd_protocol::trust::{CodeTableFile, Trusted, sign};
use qayd_protocol::{
    AuditBatch, DecisionMessage, Hello, Invitation, InvitationSecret, Keyring, Message, Offer,
    OfferAnswer, OperatorCertificate, PackBundle, Policy, ProvisionAnswer, ProvisionRequest, Role,
    SignedTime, StationCertificate, StationPlace, SyncApi, SyncError, UploadBody, held_context,
};
use qayd_world::testing::{FakeClock, SeededRandom};
use qayd_world::{OsFiles, RandomnessRng, World};
use tempfile::TempDir;

use crate::enrolment::{Draft, DraftSample, FieldInput, SealedPacket};
use crate::session::{NewOperator, Session};
use crate::station::Station;
use crate::store::{FolderLock, Store};

/// Noon of a day in 2026.
pub const NOON: UnixMs = UnixMs(1_774_008_000_000);
pub const PACK_ID: &str = "test-service";
pub const SUPERVISOR: (&str, &str) = ("samira", "seven apricots fell");
pub const OFFICER: (&str, &str) = ("omar", "eleven quiet rivers");

/// An open store in a temporary folder.
pub fn empty_store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(
        FolderLock::take(dir.path()).unwrap(),
        &SecretKey::from_bytes([7; 32]),
    )
    .unwrap();
    (dir, store)
}

/// A centre with all its keys. It provisions and opens; it keeps nothing.
pub struct TestCentre {
    pub root: SigningKey,
    pub centre: SigningKey,
    pub issuer: SigningKey,
    pub review: OpeningKey,
    pub biometric: OpeningKey,
    pub sensitive: OpeningKey,
    /// Hands out certificates for these keys instead of the ones it was asked for.
    pub cheats: bool,
}

impl Default for TestCentre {
    fn default() -> Self {
        Self {
            root: SigningKey::make(&[1; 32]),
            centre: SigningKey::make(&[2; 32]),
            issuer: SigningKey::make(&[3; 32]),
            review: OpeningKey::make(Suite::XWing, &[4; 32]),
            biometric: OpeningKey::make(Suite::XWing, &[5; 32]),
            sensitive: OpeningKey::make(Suite::XWing, &[6; 32]),
            cheats: false,
        }
    }
}

impl TestCentre {
    pub fn keyring(&self, epoch: u32) -> Vec<u8> {
        let keyring = Keyring {
            epoch,
            programme: "test programme".to_owned(),
            centre_key: self.centre.public(),
            issuer_key: self.issuer.public(),
            review_keys: vec![self.review.public().clone()],
            biometric_keys: vec![self.biometric.public().clone()],
            sensitive_keys: vec![self.sensitive.public().clone()],
            tls_ca_sha256: Sha256Digest([0; 32]),
            issued: NOON,
            former_centre_keys: Vec::new(),
            former_issuer_keys: Vec::new(),
        };
        sign(&keyring, &self.root)
    }

    pub fn place() -> StationPlace {
        StationPlace {
            kind: "camp".to_owned(),
            site: "camp-1".to_owned(),
            name: "Station 1".to_owned(),
            packs: vec![PACK_ID.to_owned()],
            production: false,
        }
    }

    pub fn invitation_text(&self) -> String {
        let invitation = Invitation {
            programme: "test programme".to_owned(),
            centre_url: "https://centre.test".to_owned(),
            tls_ca_pem: "none".to_owned(),
            root_key: self.root.public(),
            keyring: self.keyring(1).into(),
            invitation: InvitationId::from_bytes([9; 16]),
            secret: InvitationSecret::from_bytes([8; 32]),
            station: Self::place(),
            expires: UnixMs(NOON.0 + 1_000_000),
        };
        invitation.file_text(&sign(&invitation, &self.issuer))
    }

    pub fn policy(&self, version: u32) -> Vec<u8> {
        let policy = Policy {
            argon: ArgonParams::TEST,
            free_bytes_min: 0,
            ..Policy::standard(version, NOON)
        };
        sign(&policy, &self.centre)
    }

    /// The test pack in a version.
    pub fn pack(&self, version: u32) -> Vec<u8> {
        let table = |name: &str| CodeTableFile {
            name: name.to_owned(),
            table: code_table(name),
        };
        let bundle = PackBundle {
            id: PACK_ID.to_owned(),
            version,
            pack: include_str!("pack.toml").replace(
                "version = 1\ntitles",
                &format!("version = {version}\ntitles"),
            ),
            tables: ["documents", "languages", "offices", "parts"]
                .map(table)
                .to_vec(),
        };
        sign(&bundle, &self.centre)
    }

    /// What a packet holds, as the centre reads it, after every signature was verified.
    pub fn open(&self, bytes: &[u8], certificate: &[u8]) -> Content {
        let certificate =
            Trusted::<StationCertificate>::verify(certificate, &self.issuer.public()).unwrap();
        let packet = verify_packet(bytes, &certificate.key).unwrap();
        let keys = [OpeningKey::make(Suite::XWing, &[4; 32])];
        let demographics = open_demographics(&keys, &packet).unwrap();
        let key_of = |bytes: &[u8]| {
            Trusted::<OperatorCertificate>::verify(bytes, &certificate.key)
                .unwrap()
                .key
        };
        let operator = key_of(demographics.operator_certificate());
        let supervisor = demographics.supervisor_certificate().map(key_of);
        demographics.verify(&operator, supervisor.as_ref()).unwrap()
    }

    /// The sensitive answers that were given in a packet, as the centre reads them: numbers and texts.
    pub fn open_sensitive(
        &self,
        bytes: &[u8],
        station: &Station,
        content: &Content,
    ) -> Vec<(u32, String)> {
        let packet = verify_packet(bytes, &station.signing_key().public()).unwrap();
        let keys = [OpeningKey::make(Suite::XWing, &[6; 32])];
        let answers = open_sensitive(&keys, &packet, &content.sensitive).unwrap();
        let text = |value: &Value| match value {
            Value::Text(text) => text.expose().to_owned(),
            _ => panic!("a text was expected"),
        };
        answers
            .iter()
            .map(|answer| (answer.number, text(&answer.value)))
            .collect()
    }

    /// The bytes of a sample, as the centre reads them.
    pub fn open_sample(
        &self,
        bytes: &[u8],
        station: &Station,
        content: &Content,
        kind: &SampleKind,
    ) -> PersonalBytes {
        let packet: VerifiedPacket<'_> =
            verify_packet(bytes, &station.signing_key().public()).unwrap();
        let keys = [
            OpeningKey::make(Suite::XWing, &[4; 32]),
            OpeningKey::make(Suite::XWing, &[5; 32]),
        ];
        let entry = content.samples.iter().find(|s| s.kind == *kind).unwrap();
        qayd_packet::open_sample(&keys, &packet, entry).unwrap()
    }

    /// A return of a packet, with its content sealed back to the station.
    pub fn return_of(
        &self,
        station: &Station,
        sealed: &SealedPacket,
        asked: Return,
    ) -> DecisionMessage {
        self.return_file(station, &sealed.path, asked)
    }

    /// The same of a packet's file.
    pub fn return_file(&self, station: &Station, file: &Path, asked: Return) -> DecisionMessage {
        let bytes = std::fs::read(file).unwrap();
        let content = self.open(&bytes, &station.identity().certificate);
        let random = SeededRandom::new(99);
        let held = seal_part(
            &mut RandomnessRng(&random),
            &held_context(content.packet, station.identity().station),
            &Zeroizing::new(cbor::encode(&content)),
            std::slice::from_ref(station.receiving_key().public()),
        )
        .unwrap();
        DecisionMessage {
            packet: content.packet,
            enrolment: content.enrolment,
            version: content.version,
            decision: Decision::Returned(asked),
            decided_by: StaffId::from_bytes([6; 16]),
            held: Some(held),
        }
    }
}

fn code_table(name: &str) -> String {
    let codes: &[&str] = match name {
        "documents" => &["csid"],
        "offices" => &["DEMO-01", "DEMO-02"],
        "languages" => &["ar", "ckb", "en", "kmr"],
        _ => &["given", "father"],
    };
    let mut text = format!(
        "format = 1\nid = \"{name}\"\nversion = 1\ntitle = {{ ar = \"م\", ckb = \"م\", en = \"T\" }}\nentries = [\n"
    );
    for code in codes {
        text.push_str(&format!(
            "  {{ code = \"{code}\", ar = \"م\", ckb = \"م\", en = \"T\", demo = true }},\n"
        ));
    }
    text + "]\n"
}

/// The centre as a station reaches it: it provisions, and is not there for anything else.
impl SyncApi for TestCentre {
    fn hello(&self) -> Result<Hello, SyncError> {
        Err(SyncError::TimedOut)
    }

    fn provision(&self, request: &ProvisionRequest) -> Result<ProvisionAnswer, SyncError> {
        let claim = request.open().map_err(|_| SyncError::Unauthenticated)?;
        let place = Self::place();
        let key = if self.cheats {
            SigningKey::make(&[66; 32]).public()
        } else {
            claim.station_key
        };
        let certificate = StationCertificate {
            station: StationId::make(NOON.0, [1; 10]),
            kind: place.kind,
            site: place.site,
            name: place.name,
            key,
            receiving_key: claim.receiving_key,
            packs: place.packs,
            production: place.production,
            issued: NOON,
            expires: None,
        };
        Ok(ProvisionAnswer {
            certificate: sign(&certificate, &self.issuer).into(),
            keyring: self.keyring(1).into(),
            policy: self.policy(1).into(),
            packs: vec![self.pack(1).into()],
            time: sign(&SignedTime { time: NOON }, &self.centre).into(),
        })
    }

    fn offer(&self, _: &Offer) -> Result<OfferAnswer, SyncError> {
        Err(SyncError::TimedOut)
    }

    fn upload_offset(&self, _: UploadId) -> Result<u64, SyncError> {
        Err(SyncError::TimedOut)
    }

    fn upload_append(&self, _: UploadId, _: u64, _: UploadBody<'_>) -> Result<u64, SyncError> {
        Err(SyncError::TimedOut)
    }

    fn receipts(&self, _: u64) -> Result<Vec<Vec<u8>>, SyncError> {
        Err(SyncError::TimedOut)
    }

    fn inbox(&self, _: u64) -> Result<Vec<Vec<u8>>, SyncError> {
        Err(SyncError::TimedOut)
    }

    fn send_audit(&self, _: &AuditBatch) -> Result<u64, SyncError> {
        Err(SyncError::TimedOut)
    }
}

/// A clock that only the test moves, seeded randomness, real files.
pub fn test_world(seed: u64) -> (World, FakeClock) {
    let clock = FakeClock::at(NOON);
    let world = World {
        clock: Arc::new(clock.clone()),
        random: Arc::new(SeededRandom::new(seed)),
        files: Arc::new(OsFiles::default()),
    };
    (world, clock)
}

pub fn operator((login, passphrase): (&str, &str), role: Role) -> NewOperator {
    NewOperator {
        login: login.to_owned(),
        passphrase: Passphrase::new(passphrase),
        role,
    }
}

/// Makes a station of a folder.
pub fn provision(world: &World, data: &Path) -> crate::provisioning::Provisioned {
    let centre = TestCentre::default();
    let connect = |_: &Invitation| Ok(Box::new(TestCentre::default()) as Box<dyn SyncApi>);
    crate::provisioning::provision(
        world,
        data,
        &centre.invitation_text(),
        &connect,
        &operator(SUPERVISOR, Role::Supervisor),
    )
    .unwrap()
}

/// A provisioned station with a supervisor and an officer, the officer signed in.
pub struct TestStation {
    pub dir: TempDir,
    pub data: PathBuf,
    pub world: World,
    pub clock: FakeClock,
    pub station: Station,
    pub session: Session,
    pub centre: TestCentre,
}

impl TestStation {
    pub fn new() -> Self {
        Self::seeded(1)
    }

    pub fn seeded(seed: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("station");
        let (world, clock) = test_world(seed);
        provision(&world, &data);
        let (station, supervisor) = sign_in(&world, &data, SUPERVISOR);
        station
            .add_operator(&supervisor, &operator(OFFICER, Role::Officer))
            .unwrap();
        let session = station
            .sign_in_again(OFFICER.0, &Passphrase::new(OFFICER.1))
            .unwrap();
        Self {
            dir,
            data,
            world,
            clock,
            station,
            session,
            centre: TestCentre::default(),
        }
    }

    /// Lets go of the folder and opens it again, as after a restart of the program.
    pub fn reopened(self) -> Self {
        let Self {
            dir,
            data,
            world,
            clock,
            station,
            session,
            centre,
        } = self;
        drop((station, session));
        let (station, session) = sign_in(&world, &data, OFFICER);
        Self {
            dir,
            data,
            world,
            clock,
            station,
            session,
            centre,
        }
    }

    pub fn approval(&self) -> crate::session::Approval {
        self.station
            .approve(SUPERVISOR.0, &Passphrase::new(SUPERVISOR.1))
            .unwrap()
    }

    /// A draft that lacks nothing.
    pub fn complete_draft(&self) -> Draft<'_> {
        let mut draft = self.station.begin(&self.session, PACK_ID).unwrap();
        fill(&mut draft);
        draft
    }

    /// Seals a complete draft.
    pub fn sealed(&self) -> SealedPacket {
        let finalised = self.complete_draft().finalise().unwrap();
        self.station.seal(&self.session, finalised, None).unwrap()
    }
}

impl Default for TestStation {
    fn default() -> Self {
        Self::new()
    }
}

pub fn sign_in(
    world: &World,
    data: &Path,
    (login, passphrase): (&str, &str),
) -> (Station, Session) {
    Station::sign_in(world.clone(), data, login, &Passphrase::new(passphrase)).unwrap()
}

/// Answers everything the test pack asks for.
pub fn fill(draft: &mut Draft<'_>) {
    let parts = |text: &str| FieldInput::from_text(text);
    let name = r#"{ given = { ar = "زهراء", ckb = "زەهرا", lat = "Zahra" }, father = { ar = "عبد الكريم", ckb = "عەبدولکەریم", lat = "Abd al-Karim" } }"#;
    draft
        .set("full_name", &parts(name), Source::Statement)
        .unwrap();
    draft
        .set("birth_date", &"1990-05-17".into(), Source::Statement)
        .unwrap();
    draft
        .set("national_number", &"199012345678".into(), Source::Document)
        .unwrap();
    draft
        .set("home_office", &"DEMO-01".into(), Source::Statement)
        .unwrap();
    let consent = r#"{ text_version = 1, language = "ar", read_aloud = true, purposes = { issuance = true } }"#;
    draft
        .set("consent", &parts(consent), Source::Statement)
        .unwrap();
    draft
        .add_sample(sample(SampleKind::Portrait, 20_000))
        .unwrap();
    for position in FingerPosition::ALL {
        draft
            .add_sample(sample(SampleKind::Finger(position), 5_000))
            .unwrap();
    }
}

/// Bytes that stand for an image.
pub fn sample(kind: SampleKind, length: usize) -> DraftSample {
    let mark = format!("{kind:?} of nobody; ");
    DraftSample {
        kind,
        media_type: "image/png".to_owned(),
        bytes: PersonalBytes::new(mark.bytes().cycle().take(length).collect::<Vec<u8>>()),
        quality: Some(QualityScore {
            algorithm: "test".to_owned(),
            version: 1,
            value: 77,
        }),
        ppi: Some(500),
        device: Some("simulated/1".to_owned()),
        attempts: 1,
    }
}

/// Everything the station still keeps of an enrolment that is no draft any more.
pub fn is_draft(station: &Station, enrolment: EnrolmentId) -> bool {
    station
        .drafts()
        .unwrap()
        .iter()
        .any(|draft| draft.enrolment == enrolment)
}

/// The message type of the wire, for tests that only need its bytes.
pub fn encoded<M: Message>(message: &M) -> Vec<u8> {
    message.to_bytes()
}

/// The recipients of the test centre.
pub fn recipients(centre: &TestCentre) -> Recipients {
    Recipients {
        review: vec![centre.review.public().clone()],
        biometric: vec![centre.biometric.public().clone()],
        sensitive: vec![centre.sensitive.public().clone()],
    }
}

/// Writes a file as an accident would.
#[allow(clippy::disallowed_methods, reason = "accidents are not durable")]
pub fn overwrite(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}
