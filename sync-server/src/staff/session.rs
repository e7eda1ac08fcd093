//! Sessions: a signed-in browser.
//!
//! In: a staff member, later the cookie's token. Out: `Session`. Owns: table `staff_session`.
//! Never: stores a token (its SHA-256 is enough to find it); outlives its idle time or its person.

use qayd_model::StaffId;
use qayd_world::{World, random_array};
use rusqlite::{OptionalExtension, params};

use super::{StaffError, StaffMember, member_in};
use crate::{store::Register, trust::journal};

/// Idle time after which a session ends: 30 minutes.
pub const SESSION_IDLE_MS: u64 = 30 * 60_000;
/// Longest life of a session however busy: 12 hours, a long shift.
const SESSION_LIFE_MS: u64 = 12 * 3_600_000;
/// How stale `last_used_ms` may be, so that reading pages costs no writes.
const TOUCH_MS: u64 = 60_000;

/// The cookie's value: 32 random bytes in hexadecimal.
#[derive(Clone)]
pub struct SessionToken(String);

impl SessionToken {
    /// The 64 digits that go into the cookie.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SessionToken(…)")
    }
}

/// A signed-in person in one browser.
#[derive(Clone)]
pub struct Session {
    /// Who.
    pub member: StaffMember,
    /// What every form of this session carries.
    pub csrf: String,
    /// Tag of the language they chose.
    pub language: String,
    token_digest: [u8; 32],
}

impl core::fmt::Debug for Session {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Session({})", self.member.id)
    }
}

/// Opens a session, durable on return.
pub fn open(
    register: &Register,
    world: &World,
    member: &StaffMember,
    language: &str,
) -> Result<SessionToken, StaffError> {
    let token = SessionToken(hex::encode(random_array::<32>(&*world.random)));
    let (digest, csrf) = (
        digest_of(&token.0),
        hex::encode(random_array::<32>(&*world.random)),
    );
    let (id, language, now) = (member.id, language.to_owned(), world.clock.now());
    register.write(move |connection| {
        connection.execute(
            "DELETE FROM staff_session WHERE last_used_ms < ?1 OR started_ms < ?2",
            params![now.0.saturating_sub(SESSION_IDLE_MS), now.0.saturating_sub(SESSION_LIFE_MS)],
        )?;
        connection.execute(
            "INSERT INTO staff_session (token, staff, csrf, language, started_ms, last_used_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
            params![digest, id.to_bytes(), csrf, language, now.0],
        )?;
        journal::append_in(connection, now, &id.to_string(), "staff.sign-in", &id.to_string(), "")?;
        Ok::<_, StaffError>(())
    })?;
    Ok(token)
}

/// The session of a cookie, if it lives and its person still works here.
pub fn find(
    register: &Register,
    world: &World,
    token: &str,
) -> Result<Option<Session>, StaffError> {
    if token.len() != 64 {
        return Ok(None);
    }
    let (digest, now) = (digest_of(token), world.clock.now());
    let found = register.read(|connection| {
        let row: Option<([u8; 16], String, String, u64, u64)> = connection
            .prepare_cached("SELECT staff, csrf, language, started_ms, last_used_ms FROM staff_session WHERE token = ?1")?
            .query_row([digest], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
            .optional()?;
        let Some((staff, csrf, language, started, last_used)) = row else {
            return Ok::<_, StaffError>(None);
        };
        let member = member_in(connection, StaffId::from_bytes(staff))?;
        Ok(member.map(|member| (Session { member, csrf, language, token_digest: digest }, started, last_used)))
    })?;
    let Some((session, started, last_used)) = found else {
        return Ok(None);
    };
    if now.0.saturating_sub(last_used) > SESSION_IDLE_MS
        || now.0.saturating_sub(started) > SESSION_LIFE_MS
    {
        end(register, &session)?;
        return Ok(None);
    }
    if now.0.saturating_sub(last_used) > TOUCH_MS {
        register.write(move |connection| {
            connection.execute(
                "UPDATE staff_session SET last_used_ms = ?2 WHERE token = ?1",
                params![digest, now.0],
            )?;
            Ok::<_, StaffError>(())
        })?;
    }
    Ok(Some(session))
}

/// Remembers the language a session speaks.
pub fn set_language(
    register: &Register,
    session: &Session,
    language: &str,
) -> Result<(), StaffError> {
    let (digest, language) = (session.token_digest, language.to_owned());
    register.write(move |connection| {
        connection.execute(
            "UPDATE staff_session SET language = ?2 WHERE token = ?1",
            params![digest, language],
        )?;
        Ok(())
    })
}

/// Ends a session.
pub fn end(register: &Register, session: &Session) -> Result<(), StaffError> {
    let digest = session.token_digest;
    register.write(move |connection| {
        connection.execute("DELETE FROM staff_session WHERE token = ?1", [digest])?;
        Ok(())
    })
}

/// Whether `given` is the session's token, in a time that does not depend on where they differ.
pub fn csrf_holds(session: &Session, given: &str) -> bool {
    let (a, b) = (digest_of(&session.csrf), digest_of(given));
    a.iter().zip(b).fold(0, |differs, (x, y)| differs | (x ^ y)) == 0
}

fn digest_of(token: &str) -> [u8; 32] {
    qayd_crypto::sha256(token.as_bytes()).0
}
