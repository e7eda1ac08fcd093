//! Review: what was taken in is opened, checked from the signed evidence on, indexed, and compared with everyone.
//!
//! In: work items `examine`, by lease. Out: a case in its home office's queue, with checks and findings.
//! Owns: tables `review_case`, `review_version`, `finding`, `person_index`, `person_key`, `finger_template`, `sample_key`.
//! Never: trusts what a station concluded (it re-checks signatures, rules, images, and extracts fingers itself); decides;
//! finds an enrolment to be the duplicate of its own earlier version.
//!
//! The order is index first, compare second, in two transactions: of two packets examined at the same moment at least
//! one sees the other, and a finding shows on both cases.
//!
//! | file | what |
//! |---|---|
//! | `examine` | one packet from its bytes to its findings |
//! | `facts`, `demographic` | what is compared, and how a score comes about |
//! | `fingers` | templates made here, the search over everyone |
//! | `index`, `vault` | search keys that tell nothing, sealed facts |
//! | `case` | rows for queues and pages, leases |
//! | `images` | decoding within limits, pictures for browsers |
//! | `packs` | every published version of every pack |

pub mod case;
pub mod demographic;
pub mod examine;
pub mod facts;
pub mod fingers;
pub mod images;
pub mod index;
pub mod packs;
pub mod vault;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use qayd_crypto::OpenError;
use qayd_model::{PacketId, PersonalBytes, Remedy, UnixMs};
use qayd_packet::{Content, FieldEntry, OpenPacketError, SampleEntry, VerifiedPacket};
use qayd_protocol::{
    TrustChain,
    trust::{OperatorCertificate, StationCertificate},
};
use qayd_world::{FilesError, RandomnessRng, World};
use serde::{Deserialize, Serialize};

pub use examine::run_one;

use crate::{
    blobs::BlobError,
    centre::{Centre, CentreError, StoredPacket},
    decision::CountersignPolicy,
    store::RegisterError,
    trust::OpeningKeyHolder,
};
use case::Case;
use fingers::Everyone;
use packs::Packs;
use vault::Vault;

/// Why a packet could not be examined or opened. Nothing of it was recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewError {
    /// This process holds no opening keys.
    #[error("this process holds no opening keys")]
    NoKeys,
    /// A published pack does not pass its checks.
    #[error("published pack {0} does not pass its checks")]
    BadPack(String),
    /// The pack of a packet is not published here.
    #[error("the pack of packet {0} is not published here")]
    NoPack(PacketId),
    /// The packet does not open, or its signers are not who they should be.
    #[error("packet {packet} does not open: {code}")]
    NotOpened {
        /// Which.
        packet: PacketId,
        /// The code of why.
        code: &'static str,
    },
    /// A sample is not where the content says.
    #[error("a sample of packet {0} is not there")]
    NoSample(PacketId),
    /// The key of the sensitive answers is kept elsewhere.
    #[error("this centre holds no key that opens sensitive answers")]
    NoSensitiveKey,
    /// The settings file is not as it should be.
    #[error("review.toml is not as it should be")]
    Settings,
    /// Something signed is not believed.
    #[error("the programme's trust")]
    Trust(#[from] qayd_protocol::trust::TrustError),
    /// The centre.
    #[error("the centre")]
    Centre(#[from] CentreError),
    /// The register.
    #[error("the centre's register")]
    Register(#[from] RegisterError),
    /// The file system.
    #[error("the centre's files")]
    Files(#[from] FilesError),
}

impl From<rusqlite::Error> for ReviewError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Register(error.into())
    }
}

impl ReviewError {
    /// Stable code for logs and screens.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoKeys => "REV-01",
            Self::BadPack(_) => "REV-02",
            Self::NoPack(_) => "REV-03",
            Self::NotOpened { code, .. } => code,
            Self::NoSample(_) => "REV-04",
            Self::Settings => "REV-05",
            Self::Trust(error) => error.code(),
            Self::Centre(error) => error.code(),
            Self::Register(error) => error.code(),
            Self::Files(_) => "REV-06",
            Self::NoSensitiveKey => "REV-10",
        }
    }

    /// What helps.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::NoKeys | Self::NoPack(_) | Self::Settings => Remedy::OperatorActs,
            Self::BadPack(_)
            | Self::NotOpened { .. }
            | Self::NoSample(_)
            | Self::NoSensitiveKey => Remedy::SupervisorActs,
            Self::Trust(error) => error.remedy(),
            Self::Centre(error) => error.remedy(),
            Self::Register(error) => error.remedy(),
            Self::Files(_) => Remedy::RetryLater,
        }
    }
}

/// Choices of a programme about review and console: `review.toml` in the centre's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReviewSettings {
    /// What needs two people.
    pub countersign: CountersignPolicy,
    /// Offset of the programme's civil time from UTC, in minutes: days of batches, times on pages.
    pub utc_offset_minutes: i16,
}

impl Default for ReviewSettings {
    fn default() -> Self {
        Self {
            countersign: CountersignPolicy::default(),
            utc_offset_minutes: 180,
        }
    }
}

impl ReviewSettings {
    /// Reads `review.toml` of the centre's folder; the defaults where there is none.
    pub fn load(world: &World, folder: &Path) -> Result<Self, ReviewError> {
        match world.files.read(&folder.join("review.toml"), 64 << 10) {
            Ok(bytes) => {
                let text = String::from_utf8(bytes).map_err(|_| ReviewError::Settings)?;
                toml::from_str(&text).map_err(|_| ReviewError::Settings)
            }
            Err(FilesError::NotFound) => Ok(Self::default()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The review role of a centre. Clones share everything.
#[derive(Clone)]
pub struct Review {
    inner: Arc<Inner>,
}

struct Inner {
    centre: Centre,
    holder: Arc<dyn OpeningKeyHolder>,
    chain: TrustChain,
    packs: Packs,
    vault: Vault,
    settings: ReviewSettings,
    everyone: Mutex<Everyone>,
}

/// A packet's content with its proven signers.
pub struct Opened {
    /// What the operator signed.
    pub content: Content,
    /// The station's certificate.
    pub station: StationCertificate,
    /// The operator's.
    pub operator: OperatorCertificate,
    /// The supervisor's, where one signed.
    pub supervisor: Option<OperatorCertificate>,
}

impl Review {
    /// Opens the review role of a centre that holds opening keys.
    pub fn open(centre: &Centre, settings: ReviewSettings) -> Result<Self, ReviewError> {
        let holder = centre.opening().ok_or(ReviewError::NoKeys)?.clone();
        let chain = TrustChain::open(*centre.keys().root(), centre.keys().keyring_bytes())?;
        let packs = Packs::load(centre, &chain)?;
        let vault = Vault::of(&*holder, centre.world().random.clone());
        Ok(Self {
            inner: Arc::new(Inner {
                centre: centre.clone(),
                holder,
                chain,
                packs,
                vault,
                settings,
                everyone: Mutex::new(Everyone::default()),
            }),
        })
    }

    /// The centre.
    pub fn centre(&self) -> &Centre {
        &self.inner.centre
    }

    /// Seals and opens the role's personal data.
    pub fn vault(&self) -> &Vault {
        &self.inner.vault
    }

    /// Published packs.
    pub fn packs(&self) -> &Packs {
        &self.inner.packs
    }

    /// The programme's choices.
    pub fn settings(&self) -> &ReviewSettings {
        &self.inner.settings
    }

    fn everyone(&self) -> std::sync::MutexGuard<'_, Everyone> {
        // A panic while comparing leaves the templates whole: they are loaded again from the register anyway.
        self.inner
            .everyone
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The day of a moment in the programme's zone, `YYYY-MM-DD`.
    pub fn day_of(&self, moment: UnixMs) -> String {
        moment
            .date_at(self.inner.settings.utc_offset_minutes)
            .map(|date| date.to_string())
            .unwrap_or_default()
    }

    /// Opens a packet's content and proves its signers, from the station's certificate on.
    pub fn open_content(&self, stored: &StoredPacket) -> Result<Opened, ReviewError> {
        let packet = stored.row.id;
        let refused = |error: OpenPacketError| ReviewError::NotOpened {
            packet,
            code: error.code(),
        };
        let verified = stored.verify()?;
        let station = self.inner.chain.station(&stored.station.certificate)?;
        let demographics = self
            .inner
            .holder
            .open_demographics(&verified)
            .map_err(refused)?;
        let operator = self
            .inner
            .chain
            .operator(&station, demographics.operator_certificate())?;
        let supervisor = demographics
            .supervisor_certificate()
            .map(|bytes| self.inner.chain.operator(&station, bytes))
            .transpose()?;
        let content = demographics
            .verify(
                &operator.key,
                supervisor.as_ref().map(|certificate| &certificate.key),
            )
            .map_err(refused)?;
        let named = operator.operator == content.operator
            && supervisor.as_ref().map(|certificate| certificate.operator) == content.supervisor
            && operator.role.may_enrol()
            && supervisor
                .as_ref()
                .is_none_or(|certificate| certificate.role.may_supervise());
        if !named {
            return Err(ReviewError::NotOpened {
                packet,
                code: "REV-07",
            });
        }
        Ok(Opened {
            content,
            station: station.into_value(),
            operator: operator.into_value(),
            supervisor: supervisor.map(qayd_protocol::trust::Trusted::into_value),
        })
    }

    /// Opens one sample of a content: from its own packet, or from the earlier packet of the same enrolment that holds it.
    pub fn open_sample(
        &self,
        stored: &StoredPacket,
        content: &Content,
        entry: &SampleEntry,
    ) -> Result<PersonalBytes, ReviewError> {
        let mut opened = None;
        self.each_sample(stored, content, core::slice::from_ref(entry), |_, bytes| {
            opened = Some(bytes);
            Ok(())
        })?;
        opened.unwrap_or(Err(ReviewError::NoSample(content.packet)))
    }

    /// Opens `entries` one after the other and hands each to `take`; every packet is read and verified once.
    pub(crate) fn each_sample<'e>(
        &self,
        stored: &StoredPacket,
        content: &Content,
        entries: &'e [SampleEntry],
        mut take: impl FnMut(
            &'e SampleEntry,
            Result<PersonalBytes, ReviewError>,
        ) -> Result<(), ReviewError>,
    ) -> Result<(), ReviewError> {
        let packet = content.packet;
        let open = |verified: &VerifiedPacket<'_>, entry: &SampleEntry| {
            self.inner
                .holder
                .open_sample(verified, entry)
                .map_err(|error| ReviewError::NotOpened {
                    packet,
                    code: error.code(),
                })
        };
        let mut homes: Vec<Option<PacketId>> = entries.iter().map(|entry| entry.held_in).collect();
        homes.sort_unstable();
        homes.dedup();
        for home in homes {
            let here = || entries.iter().filter(move |entry| entry.held_in == home);
            let earlier = match home {
                None => None,
                Some(id) => match self.earlier_packet(id, content)? {
                    Some(earlier) => Some(earlier),
                    None => {
                        here().try_for_each(|entry| {
                            take(entry, Err(ReviewError::NoSample(packet)))
                        })?;
                        continue;
                    }
                },
            };
            match earlier.as_ref().unwrap_or(stored).verify() {
                Ok(verified) => here().try_for_each(|entry| take(entry, open(&verified, entry)))?,
                Err(error) => {
                    let code = error.code();
                    here().try_for_each(|entry| {
                        take(entry, Err(ReviewError::NotOpened { packet, code }))
                    })?;
                }
            }
        }
        Ok(())
    }

    /// The packet of an earlier version that `content` refers to; `None` when it is not there or is another enrolment's,
    /// which would put one person's finger into another's case.
    fn earlier_packet(
        &self,
        id: PacketId,
        content: &Content,
    ) -> Result<Option<StoredPacket>, ReviewError> {
        match self.inner.centre.read_packet(id) {
            Ok(earlier) => Ok((earlier.row.enrolment == content.enrolment
                && earlier.row.version < content.version)
                .then_some(earlier)),
            Err(error @ (CentreError::Register(_) | CentreError::Blobs(BlobError::Files(_)))) => {
                Err(error.into())
            }
            Err(_) => Ok(None),
        }
    }

    /// Opens the sensitive answers of a content: those given in its packet, and beside them those of earlier versions that
    /// were not given anew. In ascending order of their numbers. The caller has written the look into the journal.
    ///
    /// # Errors
    /// [`ReviewError::NoSensitiveKey`] where the key is kept elsewhere; otherwise as [`Self::open_content`].
    pub fn open_sensitive(
        &self,
        stored: &StoredPacket,
        content: &Content,
    ) -> Result<Vec<FieldEntry>, ReviewError> {
        let open = |stored: &StoredPacket, content: &Content| {
            let verified = stored.verify()?;
            let opened = self
                .inner
                .holder
                .open_sensitive(&verified, &content.sensitive);
            opened.map_err(|error| match error {
                OpenPacketError::Part {
                    source: OpenError::NotARecipient,
                    ..
                } => ReviewError::NoSensitiveKey,
                error => ReviewError::NotOpened {
                    packet: content.packet,
                    code: error.code(),
                },
            })
        };
        let mut answers: BTreeMap<u32, FieldEntry> = BTreeMap::new();
        let mut keep_older = |entries: Vec<FieldEntry>| {
            for entry in entries {
                answers.entry(entry.number).or_insert(entry);
            }
        };
        keep_older(open(stored, content)?);
        let mut newer = content.clone();
        while let Some(id) = newer.sensitive.held_in {
            let earlier = self
                .earlier_packet(id, &newer)?
                .ok_or(ReviewError::NoSample(newer.packet))?;
            newer = self.open_content(&earlier)?.content;
            keep_older(open(&earlier, &newer)?);
        }
        Ok(answers.into_values().collect())
    }

    /// The content of a case, sealed to the station that has to put it right; `None` when the packet does not open, so
    /// that even a case that cannot be read can be returned.
    pub fn seal_back(&self, case: &Case) -> Result<Option<Vec<u8>>, ReviewError> {
        let stored = self.inner.centre.read_packet(case.packet)?;
        let opened = match self.open_content(&stored) {
            Ok(opened) => opened,
            Err(ReviewError::NotOpened { .. } | ReviewError::Trust(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut rng = RandomnessRng(&*self.inner.centre.world().random);
        let (station, key) = (stored.station.id, &stored.station.receiving_key);
        let sealed =
            qayd_protocol::held::seal(&mut rng, case.packet, station, &opened.content, key)
                .map_err(|_| ReviewError::NotOpened {
                    packet: case.packet,
                    code: "REV-08",
                })?;
        Ok(Some(sealed))
    }
}

#[cfg(test)]
pub(crate) mod tests;
