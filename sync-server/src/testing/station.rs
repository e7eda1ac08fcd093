//! A station without a laptop: its keys, its chain, and packets of chosen sizes.

use qayd_crypto::{Namespace, OpeningKey, SigningKey, Suite, sign1};
use qayd_model::{
    EnrolmentId, FingerPosition, OperatorId, PacketId, PersonalBytes, SampleId, SampleKind,
    Sha256Digest, StationId, UnixMs,
};
use qayd_packet::{
    Head, NewSample, Recipients, SealRequest, SealedPacket, Signer, StampedTime, seal,
};
use qayd_protocol::{
    AuditBatch, Invitation, Keyring, OperatorCertificate, ProvisionClaim, ProvisionRequest, Role,
    StationCertificate, SyncApi, TrustChain,
    trust::{Trusted, sign},
};
use qayd_world::{RandomnessRng, World, random_array};

use super::{START, invitation};
use crate::centre::Centre;

/// The procedure of test packets.
const PACK: &str = "national-card-first-issue";

/// How large the samples of a packet are, in bytes; 0: none.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Sizes {
    pub portrait: usize,
    pub fingers: usize,
    pub document: usize,
}

impl Sizes {
    /// About 8 kB.
    pub const SMALL: Self = Self {
        portrait: 2_000,
        fingers: 1_500,
        document: 3_000,
    };
    /// About 1.5 MB.
    pub const USUAL: Self = Self {
        portrait: 100_000,
        fingers: 500_000,
        document: 900_000,
    };
}

/// A provisioned station.
pub struct TestStation {
    /// Its id.
    pub id: StationId,
    /// Its certificate, verified.
    pub certificate: Trusted<StationCertificate>,
    /// The programme's trust, as the station holds it.
    pub chain: TrustChain,
    /// Opens what the centre seals to it.
    pub receiving: OpeningKey,
    world: World,
    key: SigningKey,
    operator: OperatorId,
    operator_key: SigningKey,
    pack: (u32, Sha256Digest),
    sequence: u64,
    previous: Option<Sha256Digest>,
    audit: (u64, Option<Sha256Digest>),
}

impl TestStation {
    /// Invites and provisions a station in process.
    pub fn provision(centre: &Centre, name: &str) -> Self {
        let text = invitation(centre, name);
        let api = centre.for_station(StationId::from_bytes([0; 16]));
        Self::provision_with(centre.world(), &text, &api)
    }

    /// Provisions by an invitation through any `SyncApi`.
    pub fn provision_with(world: &World, text: &str, api: &dyn SyncApi) -> Self {
        let (invitation, chain) = Invitation::open(text).unwrap();
        let key = SigningKey::make(&random_array(&*world.random));
        let receiving = OpeningKey::make(Suite::XWing, &random_array(&*world.random));
        let request = ProvisionRequest::make(&Self::claim(&invitation, &key, &receiving), &key);
        let answer = api.provision(&request).unwrap();
        let chain = chain.advance(&answer.keyring).unwrap();
        let certificate = chain.station(&answer.certificate).unwrap();
        chain.policy(&answer.policy).unwrap();
        chain.time(&answer.time).unwrap();
        let pack = answer
            .packs
            .iter()
            .map(|bytes| chain.pack(bytes).unwrap())
            .find(|bundle| bundle.id == PACK)
            .unwrap();
        Self {
            id: certificate.station,
            certificate,
            chain,
            receiving,
            operator: OperatorId::from_bytes(random_array(&*world.random)),
            operator_key: SigningKey::make(&random_array(&*world.random)),
            world: world.clone(),
            key,
            pack: (pack.version, qayd_crypto::sha256(pack.pack.as_bytes())),
            sequence: 0,
            previous: None,
            audit: (0, None),
        }
    }

    /// What a station with these keys claims.
    pub fn claim(
        invitation: &Invitation,
        key: &SigningKey,
        receiving: &OpeningKey,
    ) -> ProvisionClaim {
        ProvisionClaim {
            invitation: invitation.invitation,
            secret: invitation.secret.clone(),
            station_key: key.public(),
            receiving_key: receiving.public().clone(),
            software: "test".to_owned(),
            time: START,
        }
    }

    /// From now on its packets are sealed under a pack that the centre never published.
    pub fn use_a_pack_of_its_own(&mut self) {
        self.pack.1 = qayd_crypto::sha256(b"a pack of its own");
    }

    /// Signs its manifests and requests.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The keyring in force.
    pub fn keyring(&self) -> &Keyring {
        self.chain.keyring()
    }

    /// Seals the next packet of the station's sequence.
    pub fn packet(&mut self, sizes: Sizes) -> SealedPacket {
        self.sequence += 1;
        let sealed = self.packet_at(self.sequence, self.previous, None, sizes);
        self.previous = Some(sealed.manifest.digest());
        sealed
    }

    /// Seals a packet at any place of the sequence, under an id of choice.
    pub fn packet_at(
        &self,
        sequence: u64,
        previous: Option<Sha256Digest>,
        packet: Option<PacketId>,
        sizes: Sizes,
    ) -> SealedPacket {
        let now = self.world.clock.now();
        let id = || {
            let (ms, random) = self.world.id_seed();
            (ms, random)
        };
        let sample = |kind: SampleKind, bytes: usize| NewSample {
            id: SampleId::make(id().0, id().1),
            kind,
            media_type: "image/jpeg".to_owned(),
            bytes: PersonalBytes::new(self.noise(bytes)),
            quality: None,
            ppi: None,
            device: None,
            attempts: 1,
            captured: now,
        };
        let document = SampleKind::DocumentPage {
            document: "csid".to_owned(),
            page: 1,
        };
        let samples = [
            (SampleKind::Portrait, sizes.portrait),
            (
                SampleKind::Finger(FingerPosition::RightThumb),
                sizes.fingers / 2,
            ),
            (
                SampleKind::Finger(FingerPosition::LeftIndex),
                sizes.fingers / 2,
            ),
            (document, sizes.document),
        ];
        let certificate = sign(
            &OperatorCertificate {
                operator: self.operator,
                station: self.id,
                login: "officer".to_owned(),
                role: Role::Officer,
                key: self.operator_key.public(),
                added_by: None,
                issued: now,
            },
            &self.key,
        );
        let keyring = self.keyring();
        let recipients = Recipients {
            review: keyring.review_keys.clone(),
            biometric: keyring.biometric_keys.clone(),
            sensitive: keyring.sensitive_keys.clone(),
        };
        let request = SealRequest {
            head: Head {
                packet: packet.unwrap_or_else(|| PacketId::make(id().0, id().1)),
                enrolment: EnrolmentId::make(id().0, id().1),
                version: 1,
                station: self.id,
                sequence,
                previous,
                boot_counter: 1,
                made: StampedTime {
                    raw: now,
                    estimated: None,
                    error_ms: None,
                },
                pack_id: PACK.to_owned(),
                pack_version: self.pack.0,
                pack_digest: self.pack.1,
                station_kind: self.certificate.kind.clone(),
                home_office: "office-1".to_owned(),
                keyring_epoch: keyring.epoch,
            },
            started: now,
            fields: Vec::new(),
            sensitive: Vec::new(),
            sensitive_in: None,
            samples: samples
                .into_iter()
                .filter(|(_, bytes)| *bytes > 0)
                .map(|(kind, bytes)| sample(kind, bytes))
                .collect(),
            held: Vec::new(),
            exceptions: Vec::new(),
            extension: None,
            operator: Signer {
                id: self.operator,
                key: &self.operator_key,
                certificate: &certificate,
            },
            supervisor: None,
            station_key: &self.key,
            recipients: &recipients,
        };
        seal(request, &mut RandomnessRng(&*self.world.random)).unwrap()
    }

    /// The next `count` entries of its audit trail.
    pub fn audit(&mut self, count: usize) -> AuditBatch {
        let first = self.audit.0 + 1;
        let entries = (0..count)
            .map(|_| {
                let (number, previous) = (self.audit.0 + 1, self.audit.1);
                let bytes = self.audit_entry(number, previous);
                self.audit = (number, Some(qayd_crypto::sha256(&bytes)));
                bytes.into()
            })
            .collect();
        AuditBatch { first, entries }
    }

    /// One entry of any number after any other.
    pub fn audit_entry(&self, number: u64, previous: Option<Sha256Digest>) -> Vec<u8> {
        let mut payload = Vec::new();
        let mut e = minicbor::Encoder::new(&mut payload);
        match previous {
            None => e.map(1).unwrap().u8(1).unwrap().u64(number).unwrap(),
            Some(previous) => e
                .map(2)
                .unwrap()
                .u8(1)
                .unwrap()
                .u64(number)
                .unwrap()
                .u8(2)
                .unwrap()
                .bytes(&previous.0)
                .unwrap(),
        };
        sign1(Namespace::AuditEntry, &self.key, &payload)
    }

    fn noise(&self, bytes: usize) -> Vec<u8> {
        let mut out = vec![0; bytes];
        self.world.random.fill(&mut out);
        out
    }

    /// The station's clock.
    pub fn now(&self) -> UnixMs {
        self.world.clock.now()
    }
}
