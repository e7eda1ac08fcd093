//! Staff: who works at the centre, and who they are right now.
//!
//! In: logins and passwords. Out: `StaffMember`, `Session`. Owns: tables `staff`, `staff_session`.
//! Never: keeps a password or a session token readable; tells a wrong login from a wrong password, in words or in time.
//!
//! Wrong passwords cost waiting: none for the first three, then 1, 2, 4 … seconds up to 15 minutes. The count is in the
//! register, so that a restart does not forgive. Removing a person or changing their role ends their open sessions with
//! the next request: every request reads both again.

pub mod session;

use qayd_crypto::{ArgonParams, Passphrase, hash_password, verify_password};
use qayd_model::{Remedy, StaffId, UnixMs};
use qayd_world::{World, random_array};
use rusqlite::{Connection, OptionalExtension, Row, params};

pub use session::{SESSION_IDLE_MS, Session, SessionToken};

use crate::{
    store::{Register, RegisterError},
    trust::journal,
};

/// Shortest password, in characters (NIST SP 800-63B: length is what counts).
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Longest password, in bytes; hashing has to end.
const PASSWORD_BYTES_MAX: usize = 256;
/// Wrong passwords without a wait.
const FREE_FAILURES: u32 = 3;
/// Longest wait after a wrong password.
const WAIT_MAX_MS: u64 = 15 * 60_000;

/// What a person may do at the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaffRole {
    /// Looks at cases of their offices and decides.
    Reviewer,
    /// The same, and countersigns what needs two people, and decides what was quarantined.
    SeniorReviewer,
    /// Looks, and decides nothing.
    Auditor,
}

impl StaffRole {
    /// All roles.
    pub const ALL: [Self; 3] = [Self::Reviewer, Self::SeniorReviewer, Self::Auditor];

    /// `reviewer`, `senior_reviewer`, `auditor`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reviewer => "reviewer",
            Self::SeniorReviewer => "senior_reviewer",
            Self::Auditor => "auditor",
        }
    }

    /// The role of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether this role decides cases.
    pub const fn decides(self) -> bool {
        matches!(self, Self::Reviewer | Self::SeniorReviewer)
    }
}

/// One person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffMember {
    /// Their pseudonym in decisions and journals.
    pub id: StaffId,
    /// What they type to sign in.
    pub login: String,
    /// Their name, for colleagues.
    pub name: String,
    /// What they may do.
    pub role: StaffRole,
    /// Home offices whose cases they see; empty is all.
    pub offices: Vec<String>,
    /// When they were added.
    pub added: UnixMs,
    /// When they were removed.
    pub removed: Option<UnixMs>,
}

impl StaffMember {
    /// Whether they see the cases of an office.
    pub fn sees(&self, office: &str) -> bool {
        self.offices.is_empty() || self.offices.iter().any(|o| o == office)
    }
}

/// Who is to be added.
#[derive(Debug)]
pub struct NewStaff {
    /// 1 to 64 of `a-z`, `0-9`, `.`, `-`, `_`.
    pub login: String,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: StaffRole,
    /// Home offices whose cases they see; empty is all.
    pub offices: Vec<String>,
    /// At least [`PASSWORD_CHARS_MIN`] characters.
    pub password: Passphrase,
}

/// Why staff could not be added or signed in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StaffError {
    /// The login has other characters or another length.
    #[error("a login has 1 to 64 of a-z, 0-9, '.', '-', '_'")]
    Login,
    /// The name is empty or too long.
    #[error("a name has 1 to 200 bytes")]
    Name,
    /// Somebody has this login.
    #[error("the login is taken")]
    LoginTaken,
    /// The password is too short or too long.
    #[error(
        "a password has at least {PASSWORD_CHARS_MIN} characters and at most {PASSWORD_BYTES_MAX} bytes"
    )]
    Password,
    /// No such login, or another password; it is not said which.
    #[error("login or password is wrong")]
    Wrong,
    /// Too many wrong passwords.
    #[error("too many wrong passwords; wait {wait_ms} ms")]
    Wait {
        /// How long.
        wait_ms: u64,
    },
    /// Nobody has this login.
    #[error("nobody has this login")]
    Unknown,
    /// The password could not be hashed with these costs.
    #[error("the password could not be hashed")]
    Hash,
    /// The register.
    #[error("the centre's register")]
    Register(#[from] RegisterError),
}

impl From<rusqlite::Error> for StaffError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Register(error.into())
    }
}

impl StaffError {
    /// Stable code for logs and screens.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Login => "STF-01",
            Self::Name => "STF-02",
            Self::LoginTaken => "STF-03",
            Self::Password => "STF-04",
            Self::Wrong => "STF-05",
            Self::Wait { .. } => "STF-06",
            Self::Unknown => "STF-07",
            Self::Hash => "STF-08",
            Self::Register(error) => error.code(),
        }
    }

    /// What helps.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Wait { .. } => Remedy::RetryLater,
            Self::Hash => Remedy::ReportBug,
            Self::Register(error) => error.remedy(),
            _ => Remedy::OperatorActs,
        }
    }
}

/// Adds a person, durable on return. `actor` goes into the journal: the command's user or a staff id.
pub fn add(
    register: &Register,
    world: &World,
    argon: ArgonParams,
    actor: &str,
    new: NewStaff,
) -> Result<StaffMember, StaffError> {
    check_login(&new.login)?;
    if new.name.trim().is_empty() || new.name.len() > 200 {
        return Err(StaffError::Name);
    }
    let hash = hash(world, argon, &new.password)?;
    let (ms, random) = world.id_seed();
    let member = StaffMember {
        id: StaffId::make(ms, random),
        login: new.login,
        name: new.name.trim().to_owned(),
        role: new.role,
        offices: new.offices,
        added: world.clock.now(),
        removed: None,
    };
    let (row, actor) = (member.clone(), actor.to_owned());
    register.write(move |connection| {
        let offices = serde_json::to_string(&row.offices).map_err(|_| RegisterError::Damaged("staff.offices"))?;
        let added = connection.execute(
            "INSERT INTO staff (id, login, name, role, offices, password, added_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (login) DO NOTHING",
            params![row.id.to_bytes(), row.login, row.name, row.role.name(), offices, hash, row.added.0],
        )?;
        if added == 0 {
            return Err(StaffError::LoginTaken);
        }
        journal::append_in(connection, row.added, &actor, "staff.add", &row.id.to_string(), row.role.name())?;
        Ok(())
    })?;
    Ok(member)
}

/// Everyone, by login, the removed too.
pub fn list(register: &Register) -> Result<Vec<StaffMember>, StaffError> {
    register.read(|connection| {
        let mut statement =
            connection.prepare_cached(&format!("SELECT {COLUMNS} FROM staff ORDER BY login"))?;
        statement
            .query_map([], |row| Ok(from_row(row)))?
            .map(|row| Ok(row??))
            .collect()
    })
}

/// Removes a person: they cannot sign in, their sessions end. Their id stays in what they decided.
pub fn remove(
    register: &Register,
    world: &World,
    actor: &str,
    login: &str,
) -> Result<(), StaffError> {
    let (login, actor, now) = (login.to_owned(), actor.to_owned(), world.clock.now());
    register.write(move |connection| {
        let id: Option<[u8; 16]> = connection
            .query_row(
                "SELECT id FROM staff WHERE login = ?1 AND removed_ms IS NULL",
                [&login],
                |row| row.get(0),
            )
            .optional()?;
        let id = StaffId::from_bytes(id.ok_or(StaffError::Unknown)?);
        connection.execute(
            "UPDATE staff SET removed_ms = ?2 WHERE id = ?1",
            params![id.to_bytes(), now.0],
        )?;
        connection.execute(
            "DELETE FROM staff_session WHERE staff = ?1",
            [id.to_bytes()],
        )?;
        journal::append_in(connection, now, &actor, "staff.remove", &id.to_string(), "")?;
        Ok(())
    })
}

/// Sets a new password and ends the person's sessions.
pub fn set_password(
    register: &Register,
    world: &World,
    argon: ArgonParams,
    actor: &str,
    login: &str,
    password: &Passphrase,
) -> Result<(), StaffError> {
    let hash = hash(world, argon, password)?;
    let (login, actor, now) = (login.to_owned(), actor.to_owned(), world.clock.now());
    register.write(move |connection| {
        let id: Option<[u8; 16]> = connection
            .query_row(
                "SELECT id FROM staff WHERE login = ?1 AND removed_ms IS NULL",
                [&login],
                |row| row.get(0),
            )
            .optional()?;
        let id = StaffId::from_bytes(id.ok_or(StaffError::Unknown)?);
        connection.execute(
            "UPDATE staff SET password = ?2, failures = 0, wait_until_ms = 0 WHERE id = ?1",
            params![id.to_bytes(), hash],
        )?;
        connection.execute(
            "DELETE FROM staff_session WHERE staff = ?1",
            [id.to_bytes()],
        )?;
        journal::append_in(
            connection,
            now,
            &actor,
            "staff.password",
            &id.to_string(),
            "",
        )?;
        Ok(())
    })
}

/// One person by id, unless they were removed.
pub fn member_in(
    connection: &Connection,
    id: StaffId,
) -> Result<Option<StaffMember>, RegisterError> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM staff WHERE id = ?1 AND removed_ms IS NULL"
        ))?
        .query_row([id.to_bytes()], |row| Ok(from_row(row)))
        .optional()?
        .transpose()
}

/// A person's login by id, removed or not; for histories.
pub fn login_in(connection: &Connection, id: StaffId) -> Result<Option<String>, RegisterError> {
    Ok(connection
        .prepare_cached("SELECT login FROM staff WHERE id = ?1")?
        .query_row([id.to_bytes()], |row| row.get(0))
        .optional()?)
}

/// Checks a login and its password. Takes as long for a login that does not exist. A wait that runs is not prolonged
/// by trying, and the password is not looked at meanwhile.
pub fn check(
    register: &Register,
    world: &World,
    login: &str,
    password: &Passphrase,
) -> Result<StaffMember, StaffError> {
    let now = world.clock.now();
    let found: Option<(StaffMember, String, u64)> = register.read(|connection| {
        connection
            .prepare_cached(&format!("SELECT {COLUMNS}, password, wait_until_ms FROM staff WHERE login = ?1 AND removed_ms IS NULL"))?
            .query_row([login], |row| Ok(from_row(row).map(|member| (member, row.get::<_, String>(7), row.get::<_, u64>(8)))))
            .optional()?
            .transpose()?
            .map(|(member, hash, wait)| Ok::<_, StaffError>((member, hash?, wait?)))
            .transpose()
    })?;
    let Some((member, hash, wait_until)) = found else {
        // The same work as for a real person, so that time does not tell logins.
        let _ = verify_password(password, NOBODY);
        return Err(StaffError::Wrong);
    };
    if wait_until > now.0 {
        return Err(StaffError::Wait {
            wait_ms: wait_until - now.0,
        });
    }
    let right = password.length() <= PASSWORD_BYTES_MAX && verify_password(password, &hash);
    let id = member.id;
    register.write(move |connection| {
        if right {
            connection.execute(
                "UPDATE staff SET failures = 0, wait_until_ms = 0 WHERE id = ?1 AND failures > 0",
                [id.to_bytes()],
            )?;
            return Ok::<_, StaffError>(());
        }
        let failures: u32 = connection.query_row(
            "UPDATE staff SET failures = failures + 1 WHERE id = ?1 RETURNING failures",
            [id.to_bytes()],
            |row| row.get(0),
        )?;
        connection.execute(
            "UPDATE staff SET wait_until_ms = ?2 WHERE id = ?1",
            params![id.to_bytes(), (now.0 + wait_ms(failures))],
        )?;
        journal::append_in(
            connection,
            now,
            &id.to_string(),
            "staff.wrong-password",
            &id.to_string(),
            &failures.to_string(),
        )?;
        Ok(())
    })?;
    if right {
        Ok(member)
    } else {
        Err(StaffError::Wrong)
    }
}

/// A hash of nothing anybody knows, with the standard cost.
const NOBODY: &str = "$argon2id$v=19$m=262144,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$bm9ib2R5J3MgcGFzc3dvcmQgaGFzIHRoaXMgaGFzaC4uLg";

const fn wait_ms(failures: u32) -> u64 {
    if failures <= FREE_FAILURES {
        return 0;
    }
    let doublings = failures - FREE_FAILURES - 1;
    let wait = 1_000_u64 << if doublings > 20 { 20 } else { doublings };
    if wait > WAIT_MAX_MS {
        WAIT_MAX_MS
    } else {
        wait
    }
}

fn check_login(login: &str) -> Result<(), StaffError> {
    let allowed =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
    if login.is_empty() || login.len() > 64 || !login.chars().all(allowed) {
        return Err(StaffError::Login);
    }
    Ok(())
}

fn hash(world: &World, argon: ArgonParams, password: &Passphrase) -> Result<String, StaffError> {
    if password.length() < PASSWORD_CHARS_MIN || password.length() > PASSWORD_BYTES_MAX {
        return Err(StaffError::Password);
    }
    hash_password(argon, password, random_array(&*world.random)).map_err(|_| StaffError::Hash)
}

const COLUMNS: &str = "id, login, name, role, offices, added_ms, removed_ms";

fn from_row(row: &Row<'_>) -> Result<StaffMember, RegisterError> {
    let (role, offices): (String, String) = (row.get(3)?, row.get(4)?);
    Ok(StaffMember {
        id: StaffId::from_bytes(row.get(0)?),
        login: row.get(1)?,
        name: row.get(2)?,
        role: StaffRole::from_name(&role).ok_or(RegisterError::Damaged("staff.role"))?,
        offices: serde_json::from_str(&offices)
            .map_err(|_| RegisterError::Damaged("staff.offices"))?,
        added: UnixMs(row.get(5)?),
        removed: row.get::<_, Option<u64>>(6)?.map(UnixMs),
    })
}

#[cfg(test)]
mod tests;
