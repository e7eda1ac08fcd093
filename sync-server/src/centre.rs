//! The centre in one process: everything its roles share, and each station's view of it.
//!
//! In: the folder that `init` made, and the passphrases of the role. Out: `Centre`, cheap to clone.
//! Owns: nothing but the handles. Never: holds opening keys unless its role is to review.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use qayd_crypto::Passphrase;
use qayd_model::{PacketId, Remedy, StationId, UnixMs};
use qayd_packet::{VerifiedPacket, limits::PACKET_BYTES_MAX};
use qayd_world::World;

use crate::{
    blobs::{BlobError, Blobs, FileBlobs},
    intake::{Intake, IntakeError, PacketRow, StationView},
    store::{Register, RegisterError},
    trust::{CentreKeys, Layout, OpeningKeyHolder, StationRow, TrustError},
    work::Work,
};

/// What a process of the centre does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Takes packets in. Holds no opening key.
    Intake,
    /// Opens, examines, decides.
    Review,
    /// Both.
    All,
}

impl Role {
    /// Whether this role takes packets in.
    pub const fn takes_in(self) -> bool {
        matches!(self, Self::Intake | Self::All)
    }

    /// Whether this role opens packets.
    pub const fn reviews(self) -> bool {
        matches!(self, Self::Review | Self::All)
    }
}

/// How to open a centre.
pub struct CentreOptions<'a> {
    /// The folder that `init` made.
    pub folder: &'a Path,
    /// Clock, randomness, files.
    pub world: World,
    /// What this process does.
    pub role: Role,
    /// Unlocks issuer, centre and TLS keys.
    pub centre_passphrase: &'a Passphrase,
    /// Unlocks the opening keys; needed by roles that review, ignored by intake.
    pub opening_passphrase: Option<&'a Passphrase>,
}

/// Why the centre could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CentreError {
    /// Keys, certificates or the folder.
    #[error("the centre's keys or folder")]
    Trust(#[from] TrustError),
    /// The register.
    #[error("the centre's register")]
    Register(#[from] RegisterError),
    /// The blobs.
    #[error("the centre's blobs")]
    Blobs(#[from] BlobError),
    /// The folder of uploads.
    #[error("the centre's folder of uploads")]
    Intake(#[from] IntakeError),
    /// The role needs opening keys and none were given.
    #[error("this role needs the opening keys' passphrase")]
    OpeningPassphraseMissing,
    /// No packet has this id.
    #[error("no packet {0}")]
    NoPacket(PacketId),
    /// The packet that was verified at intake no longer verifies.
    #[error("packet {0} no longer verifies")]
    PacketDamaged(PacketId),
}

impl CentreError {
    /// Stable code for logs and screens.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Trust(error) => error.code(),
            Self::Register(error) => error.code(),
            Self::Blobs(error) => error.code(),
            Self::Intake(_) => "CEN-04",
            Self::OpeningPassphraseMissing => "CEN-01",
            Self::NoPacket(_) => "CEN-02",
            Self::PacketDamaged(_) => "CEN-03",
        }
    }

    /// What helps.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Trust(error) => error.remedy(),
            Self::Register(error) => error.remedy(),
            Self::Blobs(error) => error.remedy(),
            Self::Intake(_) => Remedy::RetryLater,
            Self::OpeningPassphraseMissing | Self::NoPacket(_) => Remedy::OperatorActs,
            Self::PacketDamaged(_) => Remedy::SupervisorActs,
        }
    }
}

impl From<rusqlite::Error> for CentreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Register(error.into())
    }
}

/// The centre. Clones share everything.
#[derive(Clone)]
pub struct Centre {
    inner: Arc<Inner>,
}

struct Inner {
    folder: PathBuf,
    role: Role,
    world: World,
    register: Register,
    blobs: Arc<dyn Blobs>,
    work: Work,
    keys: CentreKeys,
    opening: Option<Arc<dyn OpeningKeyHolder>>,
    intake: Intake,
}

impl Centre {
    /// Opens the centre in its folder. Migrates the register; unlocks the keys of the role.
    pub fn open(options: CentreOptions<'_>) -> Result<Self, CentreError> {
        let layout = Layout::new(options.folder);
        let world = options.world;
        let keys = CentreKeys::unlock(&world, &layout, options.centre_passphrase)?;
        let opening = match (options.role.reviews(), options.opening_passphrase) {
            (false, _) => None,
            (true, None) => return Err(CentreError::OpeningPassphraseMissing),
            (true, Some(passphrase)) => Some(crate::trust::unlock_opening_keys(
                &world, &layout, passphrase,
            )?),
        };
        let register = Register::open(&layout.register())?;
        let blobs: Arc<dyn Blobs> =
            Arc::new(FileBlobs::open(world.files.clone(), &layout.packets())?);
        let work = Work::new(register.clone(), world.clock.clone());
        let intake = Intake::open(&layout, &world, &register, &blobs, &keys)?;
        Ok(Self {
            inner: Arc::new(Inner {
                folder: options.folder.to_owned(),
                role: options.role,
                world,
                register,
                blobs,
                work,
                keys,
                opening,
                intake,
            }),
        })
    }

    /// The centre as one station sees it: `SyncApi` in process.
    pub fn for_station(&self, station: StationId) -> StationView {
        StationView::new(self.clone(), station)
    }

    /// The folder that `init` made.
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// What this process does.
    pub fn role(&self) -> Role {
        self.inner.role
    }

    /// Clock, randomness, files.
    pub fn world(&self) -> &World {
        &self.inner.world
    }

    /// The time now, by this machine's clock.
    pub fn now(&self) -> UnixMs {
        self.inner.world.clock.now()
    }

    /// The register.
    pub fn register(&self) -> &Register {
        &self.inner.register
    }

    /// The packets' bytes.
    pub fn blobs(&self) -> &Arc<dyn Blobs> {
        &self.inner.blobs
    }

    /// The queue of work.
    pub fn work(&self) -> &Work {
        &self.inner.work
    }

    /// The centre's signing keys and what the root signed.
    pub fn keys(&self) -> &CentreKeys {
        &self.inner.keys
    }

    /// Who can open packets in this process; `None` at intake.
    pub fn opening(&self) -> Option<&Arc<dyn OpeningKeyHolder>> {
        self.inner.opening.as_ref()
    }

    /// The intake.
    pub fn intake(&self) -> &Intake {
        &self.inner.intake
    }

    /// A provisioned station.
    pub fn station(&self, station: StationId) -> Result<Option<StationRow>, RegisterError> {
        self.inner
            .register
            .read(|connection| crate::trust::station_in(connection, station))
    }

    /// What intake recorded about a packet.
    pub fn packet(&self, packet: PacketId) -> Result<Option<PacketRow>, RegisterError> {
        self.inner
            .register
            .read(|connection| crate::intake::packet_in(connection, packet))
    }

    /// Reads a packet's bytes back, checked against the blob's name, with the key that verifies them.
    pub fn read_packet(&self, packet: PacketId) -> Result<StoredPacket, CentreError> {
        let row = self.packet(packet)?.ok_or(CentreError::NoPacket(packet))?;
        let station = self
            .station(row.station)?
            .ok_or(CentreError::PacketDamaged(packet))?;
        let bytes = self
            .inner
            .blobs
            .read(row.manifest_sha256, PACKET_BYTES_MAX)?;
        Ok(StoredPacket {
            row,
            station,
            bytes,
        })
    }
}

/// A packet that was taken in, with its bytes.
pub struct StoredPacket {
    /// What intake recorded.
    pub row: PacketRow,
    /// The station that signed it.
    pub station: StationRow,
    bytes: Vec<u8>,
}

impl StoredPacket {
    /// Verifies it again, from the station's signature to the last byte.
    pub fn verify(&self) -> Result<VerifiedPacket<'_>, CentreError> {
        let verified = qayd_packet::verify_packet(&self.bytes, &self.station.key)
            .map_err(|_| CentreError::PacketDamaged(self.row.id))?;
        if verified.manifest().digest() != self.row.manifest_sha256 {
            return Err(CentreError::PacketDamaged(self.row.id));
        }
        Ok(verified)
    }

    /// The packet file's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
