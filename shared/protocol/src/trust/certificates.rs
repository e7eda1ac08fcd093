//! Keyring, station certificate, operator certificate.

use core::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use qayd_crypto::{Namespace, PublicKey, SealingKey};
use qayd_model::{OperatorId, Sha256Digest, StationId, UnixMs};
use serde::{Deserialize, Serialize};

use crate::{
    Message, MessageError,
    messages::{SignedMessage, limit, texts},
};

/// The centre's public keys of one epoch. Signed by the programme root.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Keyring {
    /// Counts up from 1.
    #[n(1)]
    pub epoch: u32,
    /// The programme's name.
    #[n(2)]
    pub programme: String,
    /// Signs receipts, decisions, inbox items, policy, packs, time.
    #[n(3)]
    pub centre_key: PublicKey,
    /// Signs station certificates and invitations.
    #[n(4)]
    pub issuer_key: PublicKey,
    /// What demographics, portraits and documents are sealed to; 1 to 8.
    #[n(5)]
    pub review_keys: Vec<SealingKey>,
    /// What fingers are sealed to; 1 to 8.
    #[n(6)]
    pub biometric_keys: Vec<SealingKey>,
    /// SHA-256 of the DER of the certificate authority under which the centre's TLS certificates stand.
    #[n(7)]
    pub tls_ca_sha256: Sha256Digest,
    /// When it was signed.
    #[n(8)]
    pub issued: UnixMs,
    /// Centre keys of earlier epochs, whose signatures still hold; at most 16.
    #[n(9)]
    pub former_centre_keys: Vec<PublicKey>,
    /// Issuer keys of earlier epochs, whose signatures still hold; at most 16.
    #[n(10)]
    pub former_issuer_keys: Vec<PublicKey>,
    /// What sensitive answers are sealed to; 1 to 8.
    #[n(11)]
    pub sensitive_keys: Vec<SealingKey>,
}

impl Message for Keyring {
    const NAME: &'static str = "keyring";
    const LIMIT: usize = 64 * 1024;
    fn check(&self) -> Result<(), MessageError> {
        limit::<Self>("epoch", self.epoch > 0)?;
        limit::<Self>("review keys", (1..=8).contains(&self.review_keys.len()))?;
        limit::<Self>(
            "biometric keys",
            (1..=8).contains(&self.biometric_keys.len()),
        )?;
        limit::<Self>(
            "sensitive keys",
            (1..=8).contains(&self.sensitive_keys.len()),
        )?;
        limit::<Self>("former centre keys", self.former_centre_keys.len() <= 16)?;
        limit::<Self>("former issuer keys", self.former_issuer_keys.len() <= 16)?;
        texts::<Self>("programme", [self.programme.as_str()])
    }
}

impl SignedMessage for Keyring {
    const NAMESPACE: Namespace = Namespace::Keyring;
}

/// Which station a key is. Signed by the issuer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StationCertificate {
    /// Its id.
    #[n(1)]
    pub station: StationId,
    /// Its kind: `camp`, `hospital`, `embassy`, `provincial_site`, …
    #[n(2)]
    pub kind: String,
    /// Code of the place where it works.
    #[n(3)]
    pub site: String,
    /// Its name, for people.
    #[n(4)]
    pub name: String,
    /// The key that it signs with.
    #[n(5)]
    pub key: PublicKey,
    /// The key that things for it are sealed to.
    #[n(6)]
    pub receiving_key: SealingKey,
    /// Ids of the packs that it may offer.
    #[n(7)]
    pub packs: Vec<String>,
    /// Whether it works on real people; if so, simulated devices are refused.
    #[n(8)]
    pub production: bool,
    /// When it was signed.
    #[n(9)]
    pub issued: UnixMs,
    /// When it ends; `None`: when it is revoked.
    #[n(10)]
    pub expires: Option<UnixMs>,
}

impl StationCertificate {
    /// Whether it has not expired at `now`, the centre's clock. A station's own clock decides nothing.
    pub fn valid_at(&self, now: UnixMs) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

impl Message for StationCertificate {
    const NAME: &'static str = "station-certificate";
    const LIMIT: usize = 64 * 1024;
    fn check(&self) -> Result<(), MessageError> {
        limit::<Self>("packs", self.packs.len() <= 256)?;
        let own = [&self.kind, &self.site, &self.name];
        texts::<Self>(
            "texts",
            own.into_iter().chain(&self.packs).map(String::as_str),
        )
    }
}

impl SignedMessage for StationCertificate {
    const NAMESPACE: Namespace = Namespace::StationCertificate;
}

/// What an operator may do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Enrols.
    #[n(0)]
    Officer,
    /// Enrols, approves exceptions, adds and unlocks operators.
    #[n(1)]
    Supervisor,
    /// Checks devices, provisions; never enrols.
    #[n(2)]
    Technician,
}

impl Role {
    /// `officer`, `supervisor`, `technician`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::Supervisor => "supervisor",
            Self::Technician => "technician",
        }
    }

    /// Whether they may enrol people.
    pub const fn may_enrol(self) -> bool {
        matches!(self, Self::Officer | Self::Supervisor)
    }

    /// Whether they may approve exceptions, and add and unlock operators.
    pub const fn may_supervise(self) -> bool {
        matches!(self, Self::Supervisor)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no role.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a role: officer, supervisor or technician is expected")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        [Self::Officer, Self::Supervisor, Self::Technician]
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or(UnknownRole)
    }
}

/// Which operator a key is. Signed by the station at which they work.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OperatorCertificate {
    /// Their id.
    #[n(1)]
    pub operator: OperatorId,
    /// The station.
    #[n(2)]
    pub station: StationId,
    /// What they sign in as: a work name, not a person's.
    #[n(3)]
    pub login: String,
    /// What they may do.
    #[n(4)]
    pub role: Role,
    /// The key that they sign content with.
    #[n(5)]
    pub key: PublicKey,
    /// The supervisor who added them; `None` for the station's first.
    #[n(6)]
    pub added_by: Option<OperatorId>,
    /// When it was signed, by the station's clock.
    #[n(7)]
    pub issued: UnixMs,
}

impl Message for OperatorCertificate {
    const NAME: &'static str = "operator-certificate";
    const LIMIT: usize = 8 * 1024;
    fn check(&self) -> Result<(), MessageError> {
        texts::<Self>("login", [self.login.as_str()])
    }
}

impl SignedMessage for OperatorCertificate {
    const NAMESPACE: Namespace = Namespace::OperatorCertificate;
}
