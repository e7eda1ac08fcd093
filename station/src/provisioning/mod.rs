//! Provisioning: an empty folder and an invitation become a station, once.
//!
//! In: an invitation file, a way to reach the centre it names, the first supervisor's passphrase.
//! Out: a station that needs nobody to work: its own keys, certificate, keyring, policy, packs.
//! Owns: the folder until it is a station; the table `pack`.
//! Never: leaves half a station. The database is made beside its place and renamed into it last; until then nothing in
//! the folder is usable, and the next attempt clears it away.

pub mod packs;

use std::path::Path;

use qayd_crypto::{SecretKey, Zeroizing};
use qayd_model::{OperatorId, Remedy, StationId};
use qayd_protocol::trust::{PackBundle, StationPlace, Trusted, fingerprint_of};
use qayd_protocol::{
    Invitation, ProvisionAnswer, ProvisionClaim, ProvisionRequest, SyncApi, SyncError, TrustChain,
    TrustError,
};
use qayd_world::{FilesError, World, random_array};

use crate::audit::{self, AuditEvent, StationClock, Subject};
use crate::session::{self, Login, NewOperator, PASSPHRASE_LENGTH_MIN, SessionError};
use crate::settings::{self, Centre, StationKeys, name};
use crate::store::{DATABASE_NAME, FolderLock, Store, StoreError};

pub use packs::{KnownPack, PackSummary, Packs};

/// Where a station is made before it is one.
const MAKING_FOLDER: &str = "provisioning";
/// How far the signed time of the answer may be off: it was signed while we waited.
const ANSWER_TIME_ERROR_MS: u64 = 60_000;

/// Why the folder did not become a station. Nothing in it is usable after any of these.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvisioningError {
    /// It is one already.
    #[error("this folder is a station already")]
    AlreadyProvisioned,
    /// The first operator has to be a supervisor.
    #[error("the first operator has to be a supervisor")]
    NotSupervisor,
    /// The invitation is damaged or not signed by the programme.
    #[error("the invitation is not one of a programme")]
    Invitation(#[source] TrustError),
    /// The centre could not be asked, or refused.
    #[error("the centre did not provision the station")]
    Centre(#[source] SyncError),
    /// The centre's answer is not signed by the programme.
    #[error("the centre's answer is not the programme's")]
    Answer(#[source] TrustError),
    /// The certificate is not for the keys made here, or not for the place of the invitation.
    #[error("the certificate is not the one that was asked for: {what}")]
    Certificate {
        /// What differs.
        what: &'static str,
    },
    /// A pack of the answer is not one.
    #[error("the pack {id} has {problems} problems")]
    Pack {
        /// Which.
        id: String,
        /// How many.
        problems: usize,
    },
    /// The supervisor's account could not be made.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The store could not be made.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ProvisioningError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlreadyProvisioned => "PRV-01",
            Self::NotSupervisor => "PRV-02",
            Self::Invitation(_) => "PRV-03",
            Self::Centre(_) => "PRV-04",
            Self::Answer(_) => "PRV-05",
            Self::Certificate { .. } => "PRV-06",
            Self::Pack { .. } => "PRV-07",
            Self::Session(e) => e.code(),
            Self::Store(e) => e.code(),
        }
    }

    /// Who can help.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::AlreadyProvisioned | Self::NotSupervisor | Self::Invitation(_) => {
                Remedy::OperatorActs
            }
            Self::Centre(e) => e.remedy(),
            Self::Answer(_) | Self::Certificate { .. } | Self::Pack { .. } => {
                Remedy::SupervisorActs
            }
            Self::Session(e) => e.remedy(),
            Self::Store(e) => e.remedy(),
        }
    }
}

impl From<FilesError> for ProvisioningError {
    fn from(error: FilesError) -> Self {
        Self::Store(error.into())
    }
}

/// A folder that has become a station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioned {
    /// Its id.
    pub station: StationId,
    /// Its name, for people.
    pub name: String,
    /// The first supervisor.
    pub supervisor: OperatorId,
    /// The programme root's fingerprint, for a person to compare with the one the programme published.
    pub root_fingerprint: String,
    /// Ids of the packs it offers.
    pub packs: Vec<String>,
}

/// What was verified of the centre's answer.
struct Verified {
    chain: TrustChain,
    station: StationId,
    name: String,
    bundles: Vec<Trusted<PackBundle>>,
}

/// Makes the way to the centre that an invitation names.
pub type Connect<'a> = &'a dyn Fn(&Invitation) -> Result<Box<dyn SyncApi>, SyncError>;

/// Makes a station of `data`. `connect` makes the way to the centre that the invitation names.
///
/// The invitation serves one pair of keys, and the keys are made here and now: when this is cut off after the centre
/// has answered, a new invitation is needed.
///
/// # Errors
/// [`ProvisioningError`].
pub fn provision(
    world: &World,
    data: &Path,
    invitation_text: &str,
    connect: Connect<'_>,
    supervisor: &NewOperator,
) -> Result<Provisioned, ProvisioningError> {
    if !supervisor.role.may_supervise() {
        return Err(ProvisioningError::NotSupervisor);
    }
    let login = Login::parse(&supervisor.login)?;
    if supervisor.passphrase.length() < PASSPHRASE_LENGTH_MIN {
        return Err(SessionError::PassphraseTooShort.into());
    }
    let (invitation, chain) =
        Invitation::open(invitation_text).map_err(ProvisioningError::Invitation)?;
    world.files.create_dir(data)?;
    let lock = FolderLock::take(data)?;
    if data.join(DATABASE_NAME).exists() {
        return Err(ProvisioningError::AlreadyProvisioned);
    }
    let making = data.join(MAKING_FOLDER);
    clear(world, data, &making)?;

    let keys = StationKeys::make(&*world.random);
    let claim = ProvisionClaim {
        invitation: invitation.invitation,
        secret: invitation.secret.clone(),
        station_key: keys.signing.public(),
        receiving_key: keys.receiving.public().clone(),
        software: concat!("qayd-station ", env!("CARGO_PKG_VERSION")).to_owned(),
        time: world.clock.now(),
    };
    let request = ProvisionRequest::make(&claim, &keys.signing);
    let centre = connect(&invitation).map_err(ProvisioningError::Centre)?;
    let answer = centre
        .provision(&request)
        .map_err(ProvisioningError::Centre)?;
    let verified = verify(&chain, &invitation.station, &keys, &answer)?;

    let store_key = SecretKey::from_bytes(*Zeroizing::new(random_array(&*world.random)));
    world.files.create_dir(&making)?;
    let store = Store::create(FolderLock::take(&making)?, &store_key)?;
    let made = fill(
        world,
        &store,
        &keys,
        &invitation,
        &answer,
        &verified,
        supervisor,
    )?;
    store.close()?;

    let policy = verified
        .chain
        .policy(&answer.policy)
        .map_err(ProvisioningError::Answer)?;
    session::write_wrap(
        world,
        data,
        &login,
        &supervisor.passphrase,
        policy.argon,
        &session::WrapSecrets {
            operator: made.operator,
            store_key: &store_key,
            signing_key: &made.key,
        },
    )?;
    fail::fail_point!("before-provision-rename");
    // From here on the folder is a station.
    world
        .files
        .rename_durably(&making.join(DATABASE_NAME), &data.join(DATABASE_NAME))?;
    clear_making(world, &making)?;
    drop(lock);
    Ok(Provisioned {
        station: verified.station,
        name: verified.name,
        supervisor: made.operator,
        root_fingerprint: fingerprint_of(verified.chain.root()),
        packs: verified.bundles.iter().map(|b| b.id.clone()).collect(),
    })
}

/// Removes what an attempt that was cut off left: no database is in its place, so nothing here opens anything.
fn clear(world: &World, data: &Path, making: &Path) -> Result<(), ProvisioningError> {
    clear_making(world, making)?;
    for login in session::logins(world, data)? {
        session::remove_wrap(world, data, &login)?;
    }
    Ok(())
}

fn clear_making(world: &World, making: &Path) -> Result<(), FilesError> {
    let paths = match world.files.list(making) {
        Err(FilesError::NotFound) => return Ok(()),
        paths => paths?,
    };
    for path in paths {
        world.files.remove_durably(&path)?;
    }
    Ok(())
}

fn verify(
    chain: &TrustChain,
    place: &StationPlace,
    keys: &StationKeys,
    answer: &ProvisionAnswer,
) -> Result<Verified, ProvisioningError> {
    let chain = chain
        .advance(&answer.keyring)
        .map_err(ProvisioningError::Answer)?;
    let certificate = chain
        .station(&answer.certificate)
        .map_err(ProvisioningError::Answer)?;
    let same = |held: bool, what| {
        if held {
            Ok(())
        } else {
            Err(ProvisioningError::Certificate { what })
        }
    };
    same(certificate.key == keys.signing.public(), "the signing key")?;
    same(
        certificate.receiving_key == *keys.receiving.public(),
        "the receiving key",
    )?;
    same(certificate.kind == place.kind, "the kind")?;
    same(certificate.site == place.site, "the site")?;
    same(certificate.production == place.production, "production")?;
    chain
        .policy(&answer.policy)
        .map_err(ProvisioningError::Answer)?;
    chain
        .time(&answer.time)
        .map_err(ProvisioningError::Answer)?;
    let mut bundles = Vec::new();
    for bytes in &answer.packs {
        let bundle = chain.pack(bytes).map_err(ProvisioningError::Answer)?;
        KnownPack::parse(&bundle).map_err(|problems| ProvisioningError::Pack {
            id: bundle.id.clone(),
            problems: problems.len(),
        })?;
        bundles.push(bundle);
    }
    let (station, name) = (certificate.station, certificate.name.clone());
    Ok(Verified {
        chain,
        station,
        name,
        bundles,
    })
}

fn fill(
    world: &World,
    store: &Store,
    keys: &StationKeys,
    invitation: &Invitation,
    answer: &ProvisionAnswer,
    verified: &Verified,
    supervisor: &NewOperator,
) -> Result<session::MadeOperator, ProvisioningError> {
    store.write(|tx| {
        let clock = StationClock::start(world.clock.clone(), tx)?;
        let time = verified
            .chain
            .time(&answer.time)
            .map_err(ProvisioningError::Answer)?;
        clock.learn(tx, time.time, ANSWER_TIME_ERROR_MS)?;
        keys.keep(tx)?;
        settings::put(tx, name::ROOT, &verified.chain.root().to_bytes())?;
        settings::put(tx, name::KEYRING, &answer.keyring)?;
        settings::put(tx, name::CERTIFICATE, &answer.certificate)?;
        settings::put(tx, name::POLICY, &answer.policy)?;
        let centre = Centre {
            programme: invitation.programme.clone(),
            url: invitation.centre_url.clone(),
            tls_ca_pem: invitation.tls_ca_pem.clone(),
        };
        settings::put_cbor(tx, name::CENTRE, &centre)?;
        let at = clock.stamp(tx)?.recorded;
        for bundle in &verified.bundles {
            packs::keep(tx, bundle, at)?;
        }
        let made =
            session::make_operator(world, verified.station, &keys.signing, supervisor, None, at)?;
        session::insert(tx, &made)?;
        audit::append(
            tx,
            &keys.signing,
            &clock,
            Some(made.operator),
            AuditEvent::Provisioned,
            &[
                Subject::Station(verified.station),
                Subject::Operator(made.operator),
            ],
        )?;
        Ok::<_, ProvisioningError>(made)
    })
}

#[cfg(test)]
mod tests;
