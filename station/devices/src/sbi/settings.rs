//! What a programme decides about device services: whom it trusts, its environment, the least level.
//!
//! In: PEM files of a folder. Out: [`SbiSettings`]. Never: a default that trusts somebody.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use qayd_crypto::{Authorities, AuthoritiesError};
use qayd_model::Remedy;
use qayd_world::{Files, FilesError};
use serde::Serialize;

use super::discovery::PORTS;

/// No certificate file is longer: 256 KiB.
const PEM_BYTES_MAX: u64 = 256 * 1024;

/// How far the time of a capture may be from this machine's: MOSIP's client allows five minutes.
pub const TIME_WINDOW_MS: u64 = 5 * 60 * 1_000;

/// The environment that a device is provisioned for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names of the specification")]
pub enum Environment {
    Staging,
    Developer,
    PreProduction,
    Production,
}

impl Environment {
    /// As in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Staging => "Staging",
            Self::Developer => "Developer",
            Self::PreProduction => "Pre-Production",
            Self::Production => "Production",
        }
    }
}

/// There is no environment of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Staging, Developer, Pre-Production or Production")]
pub struct UnknownEnvironment;

impl std::str::FromStr for Environment {
    type Err = UnknownEnvironment;

    fn from_str(name: &str) -> Result<Self, UnknownEnvironment> {
        [
            Self::Staging,
            Self::Developer,
            Self::PreProduction,
            Self::Production,
        ]
        .into_iter()
        .find(|environment| environment.name() == name)
        .ok_or(UnknownEnvironment)
    }
}

/// How a device guards its key: in the host's memory, or in a chip of its own (FTM).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[allow(missing_docs, reason = "the names of the specification")]
pub enum Level {
    L0,
    L1,
}

impl Level {
    /// As in messages and profiles.
    pub const fn name(self) -> &'static str {
        match self {
            Self::L0 => "L0",
            Self::L1 => "L1",
        }
    }

    /// The level of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::L0, Self::L1]
            .into_iter()
            .find(|level| level.name() == name)
    }
}

/// What a device says of itself, or why it cannot say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// It can be used now.
    Ready,
    /// A capture is running, this station's or another program's.
    Busy,
    /// It is there and cannot capture yet.
    NotReady,
    /// Its vendor's management server does not know it.
    NotRegistered,
}

impl DeviceState {
    /// The state of a `deviceStatus`.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "Ready" => Some(Self::Ready),
            "Busy" => Some(Self::Busy),
            "Not Ready" => Some(Self::NotReady),
            "Not Registered" => Some(Self::NotRegistered),
            _ => None,
        }
    }
}

/// Why the authorities cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// A file or the folder cannot be read.
    #[error("the folder of device authorities cannot be read")]
    Files(#[from] FilesError),
    /// A file holds no certificate that can be used.
    #[error("a file of the device authorities cannot be used")]
    Authorities(#[from] AuthoritiesError),
}

impl TrustError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Files(source) => source.code(),
            Self::Authorities(_) => "SBI-16",
        }
    }

    /// Who acts next.
    pub const fn remedy(&self) -> Remedy {
        Remedy::SupervisorActs
    }
}

/// The authorities that vouch for devices, and those that vouch for their chips.
#[derive(Debug, Clone, Default)]
pub struct SbiTrust {
    /// For what devices sign.
    pub device: Authorities,
    /// For the digital id of a device of level L1, which its chip signs.
    pub chip: Authorities,
}

impl SbiTrust {
    /// Reads `device/*.pem` and `chip/*.pem` below a folder; either may be absent.
    ///
    /// # Errors
    /// [`TrustError`]; a file that cannot be used is an error, not a device fewer.
    pub fn read(files: &dyn Files, dir: &Path) -> Result<Self, TrustError> {
        let top = files.list(dir)?;
        let texts = |name: &str| -> Result<Authorities, TrustError> {
            let folder = dir.join(name);
            if !top.contains(&folder) {
                return Ok(Authorities::default());
            }
            let mut texts = Vec::new();
            for path in files.list(&folder)? {
                if path.extension().is_some_and(|e| e == "pem") {
                    texts.push(files.read(&path, PEM_BYTES_MAX)?);
                }
            }
            Ok(Authorities::from_pem(&texts)?)
        };
        Ok(Self {
            device: texts("device")?,
            chip: texts("chip")?,
        })
    }
}

/// See the module.
#[derive(Debug, Clone)]
pub struct SbiSettings {
    /// Whom to believe.
    pub trust: Arc<SbiTrust>,
    /// What a device must be provisioned for.
    pub environment: Environment,
    /// The least level; a profile may ask for more.
    pub least_level: Level,
    /// Where services are looked for.
    pub ports: RangeInclusive<u16>,
}

impl SbiSettings {
    /// All hundred ports, either level.
    pub fn make(trust: SbiTrust, environment: Environment) -> Self {
        Self {
            trust: Arc::new(trust),
            environment,
            least_level: Level::L0,
            ports: PORTS,
        }
    }
}
