//! Session: who works at the station, and who is signed in.
//!
//! In: a login and a passphrase. Out: [`Session`], which proves that somebody signed in, and [`Approval`], which proves
//! that a supervisor stood by; neither can be made in any other way.
//! Owns: table `operator`, the files in `wraps/`.
//! Never: keeps a passphrase; lets an operator add another (only a supervisor does, and the certificate says who).

mod wraps;

use std::sync::atomic::{AtomicBool, Ordering};

use qayd_crypto::{Passphrase, PublicKey, SigningKey};
use qayd_model::{OperatorId, Remedy, UnixMs};
use qayd_protocol::trust::{OperatorCertificate, Role, Trusted, sign};
use qayd_world::{FilesError, World, random_array};
use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::store::StoreError;

pub use wraps::{Login, PASSPHRASE_LENGTH_MIN};
pub(crate) use wraps::{
    Unwrapped, WrapSecrets, forgive, logins, open as open_wrap, remove as remove_wrap,
    write as write_wrap,
};

/// Why nobody was signed in, or nobody was added.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A login is 2 to 32 of `a-z 0-9 . _ -`, beginning with a letter.
    #[error("a login is 2 to 32 of a-z, 0-9, dot, dash and underscore, and begins with a letter")]
    LoginForm,
    /// Nobody has this login.
    #[error("nobody has this login")]
    NoSuchOperator,
    /// Not the passphrase.
    #[error("that is not the passphrase")]
    WrongPassphrase {
        /// How long until the next attempt is looked at.
        wait_ms: u64,
    },
    /// An attempt before the wait was over. It was not looked at and not counted.
    #[error("too many wrong passphrases: the next attempt counts in {ms} ms")]
    Wait {
        /// Still to wait.
        ms: u64,
    },
    /// A passphrase has at least [`PASSPHRASE_LENGTH_MIN`] characters.
    #[error("a passphrase has at least {PASSPHRASE_LENGTH_MIN} characters")]
    PassphraseTooShort,
    /// The login is taken.
    #[error("the login is taken")]
    LoginTaken,
    /// The act needs this role.
    #[error("this needs a supervisor")]
    NotSupervisor,
    /// The centre has revoked the operator.
    #[error("this operator may no longer work here")]
    Revoked,
    /// An exception is approved by another person than the one who enrols.
    #[error("nobody approves their own work")]
    OwnApproval,
    /// The wrap is not one, or not of this station.
    #[error("the operator's wrap is damaged")]
    DamagedWrap,
    /// The policy asks for a cost of Argon2id that is outside the accepted range.
    #[error("the policy's Argon2id cost is outside the accepted range")]
    ArgonParameters,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SessionError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::LoginForm => "SES-01",
            Self::NoSuchOperator => "SES-02",
            Self::WrongPassphrase { .. } => "SES-03",
            Self::Wait { .. } => "SES-04",
            Self::PassphraseTooShort => "SES-05",
            Self::LoginTaken => "SES-06",
            Self::NotSupervisor => "SES-07",
            Self::OwnApproval => "SES-08",
            Self::DamagedWrap => "SES-09",
            Self::ArgonParameters => "SES-10",
            Self::Revoked => "SES-11",
            Self::Store(e) => e.code(),
        }
    }

    /// Who can help.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::LoginForm
            | Self::NoSuchOperator
            | Self::WrongPassphrase { .. }
            | Self::PassphraseTooShort
            | Self::LoginTaken => Remedy::OperatorActs,
            Self::Wait { .. }
            | Self::NotSupervisor
            | Self::OwnApproval
            | Self::Revoked
            | Self::DamagedWrap => Remedy::SupervisorActs,
            Self::ArgonParameters => Remedy::ReportBug,
            Self::Store(e) => e.remedy(),
        }
    }
}

impl From<FilesError> for SessionError {
    fn from(source: FilesError) -> Self {
        Self::Store(source.into())
    }
}

impl From<rusqlite::Error> for SessionError {
    fn from(source: rusqlite::Error) -> Self {
        Self::Store(source.into())
    }
}

/// Proof that somebody is signed in. Dropping it forgets their signing key.
pub struct Session {
    operator: OperatorId,
    login: Login,
    role: Role,
    key: SigningKey,
    certificate: Vec<u8>,
}

impl Session {
    /// Who.
    pub fn operator(&self) -> OperatorId {
        self.operator
    }

    /// The name they sign in with.
    pub fn login(&self) -> &str {
        self.login.as_str()
    }

    /// What they may do.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Their key, to sign the content of what they enrolled.
    pub(crate) fn signing_key(&self) -> &SigningKey {
        &self.key
    }

    /// Their certificate, signed by the station.
    pub(crate) fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// # Errors
    /// [`SessionError::NotSupervisor`].
    pub fn require_supervisor(&self) -> Result<(), SessionError> {
        if self.role.may_supervise() {
            Ok(())
        } else {
            Err(SessionError::NotSupervisor)
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({}, {:?})", self.operator, self.role)
    }
}

/// Proof that a supervisor stood by and typed their passphrase. It signs what it approves, and serves for one packet.
pub struct Approval {
    session: Session,
    spent: AtomicBool,
}

impl Approval {
    pub(crate) fn from_session(session: Session) -> Result<Self, SessionError> {
        session.require_supervisor()?;
        Ok(Self {
            session,
            spent: AtomicBool::new(false),
        })
    }

    /// Who approved.
    pub fn supervisor(&self) -> OperatorId {
        self.session.operator
    }

    /// Whether it has served.
    pub fn is_spent(&self) -> bool {
        self.spent.load(Ordering::SeqCst)
    }

    pub(crate) fn spend(&self) {
        self.spent.store(true, Ordering::SeqCst);
    }

    pub(crate) fn signing_key(&self) -> &SigningKey {
        &self.session.key
    }

    pub(crate) fn certificate(&self) -> &[u8] {
        &self.session.certificate
    }
}

impl std::fmt::Debug for Approval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Approval({})", self.session.operator)
    }
}

/// Somebody who is to work at the station.
#[derive(Debug, Clone)]
pub struct NewOperator {
    /// The name they will sign in with.
    pub login: String,
    /// The passphrase they chose.
    pub passphrase: Passphrase,
    /// What they may do.
    pub role: Role,
}

/// One line of the list of operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorSummary {
    /// Their id.
    pub operator: OperatorId,
    /// The name they sign in with.
    pub login: String,
    /// What they may do.
    pub role: Role,
    /// Who added them; `None` for the one made at provisioning.
    pub added_by: Option<OperatorId>,
    /// When.
    pub added: UnixMs,
}

/// An operator's keys and certificate, made but not yet in the table.
pub(crate) struct MadeOperator {
    pub operator: OperatorId,
    pub login: Login,
    pub role: Role,
    pub key: SigningKey,
    pub certificate: Vec<u8>,
    pub added_by: Option<OperatorId>,
    pub added: UnixMs,
}

/// Makes an operator's key and has the station certify it.
pub(crate) fn make_operator(
    world: &World,
    station: qayd_model::StationId,
    station_key: &SigningKey,
    new: &NewOperator,
    added_by: Option<OperatorId>,
    added: UnixMs,
) -> Result<MadeOperator, SessionError> {
    let login = Login::parse(&new.login)?;
    if new.passphrase.length() < PASSPHRASE_LENGTH_MIN {
        return Err(SessionError::PassphraseTooShort);
    }
    let operator = OperatorId::make(added.0, random_array(&*world.random));
    let seed = qayd_crypto::Zeroizing::new(random_array::<32>(&*world.random));
    let key = SigningKey::make(&seed);
    let certificate = OperatorCertificate {
        operator,
        station,
        login: login.as_str().to_owned(),
        role: new.role,
        key: key.public(),
        added_by,
        issued: added,
    };
    let certificate = sign(&certificate, station_key);
    Ok(MadeOperator {
        operator,
        login,
        role: new.role,
        key,
        certificate,
        added_by,
        added,
    })
}

/// Writes an operator's row.
pub(crate) fn insert(tx: &Transaction<'_>, made: &MadeOperator) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO operator (operator, login, role, certificate, added_by, added) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            made.operator.to_bytes(),
            made.login.as_str(),
            made.role.name(),
            &made.certificate,
            made.added_by.map(OperatorId::to_bytes),
            made.added.0,
        ),
    )?;
    Ok(())
}

/// Whether a login is in the table.
pub(crate) fn is_known(connection: &Connection, login: &Login) -> Result<bool, StoreError> {
    Ok(connection
        .query_row(
            "SELECT 1 FROM operator WHERE login = ?1",
            [login.as_str()],
            |_| Ok(()),
        )
        .optional()?
        .is_some())
}

/// Turns opened keys into a session: the table must know the operator, and the certificate must be for that key.
pub(crate) fn begin(
    connection: &Connection,
    station_key: &PublicKey,
    login: Login,
    opened: Unwrapped,
) -> Result<Session, SessionError> {
    let row = connection
        .query_row(
            "SELECT operator, certificate, revoked IS NOT NULL FROM operator WHERE login = ?1",
            [login.as_str()],
            |row| {
                Ok((
                    row.get::<_, [u8; 16]>(0)?,
                    row.get::<_, Vec<u8>>(1)?,
                    row.get::<_, bool>(2)?,
                ))
            },
        )
        .optional()?;
    let Some((operator, bytes, revoked)) = row else {
        return Err(SessionError::NoSuchOperator);
    };
    let certificate = Trusted::<OperatorCertificate>::verify(&bytes, station_key)
        .map_err(|_| SessionError::DamagedWrap)?;
    if revoked {
        return Err(SessionError::Revoked);
    }
    if operator != opened.operator.to_bytes()
        || certificate.operator != opened.operator
        || certificate.key != opened.signing_key.public()
    {
        return Err(SessionError::DamagedWrap);
    }
    Ok(Session {
        operator: opened.operator,
        login,
        role: certificate.role,
        key: opened.signing_key,
        certificate: bytes,
    })
}

/// Everybody who works here, in order of login.
pub(crate) fn list(connection: &Connection) -> Result<Vec<OperatorSummary>, StoreError> {
    let mut statement = connection
        .prepare("SELECT operator, login, role, added_by, added FROM operator ORDER BY login")?;
    let rows = statement.query_map([], |row| {
        Ok((
            row.get::<_, [u8; 16]>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, String>(2)?,
            row.get::<_, Option<[u8; 16]>>(3)?,
            row.get::<_, u64>(4)?,
        ))
    })?;
    rows.map(|row| {
        let (operator, login, role, added_by, added) = row?;
        Ok(OperatorSummary {
            operator: OperatorId::from_bytes(operator),
            login,
            role: role.parse().map_err(|_| StoreError::Damaged {
                table: "operator",
                what: "unknown role",
            })?,
            added_by: added_by.map(OperatorId::from_bytes),
            added: UnixMs(added),
        })
    })
    .collect()
}

/// An operator may no longer sign in; whoever is signed in stays so until they leave. `false` when nobody has this id.
pub fn revoke(tx: &Transaction<'_>, operator: OperatorId, at: UnixMs) -> Result<bool, StoreError> {
    Ok(tx.execute(
        "UPDATE operator SET revoked = coalesce(revoked, ?2) WHERE operator = ?1",
        (operator.to_bytes(), at.0),
    )? > 0)
}

/// The signed certificate of an operator.
pub fn certificate(
    connection: &Connection,
    operator: OperatorId,
) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(connection
        .query_row(
            "SELECT certificate FROM operator WHERE operator = ?1",
            [operator.to_bytes()],
            |row| row.get(0),
        )
        .optional()?)
}

#[cfg(test)]
mod tests;
