//! Wraps: each operator's passphrase opens the store's key and the operator's own signing key.
//!
//! In: a login and a passphrase. Out: [`Unwrapped`] keys, or a refusal that was counted before it was made.
//! Owns: `<data>/wraps/<login>.wrap` and `<login>.attempts`; they lie outside the store because they open it.
//! Never: evaluates a passphrase whose attempt is not yet on the disk; asks a clock that somebody can set.
//!
//! Graded waiting counts on the monotonic clock of one boot. A restart begins the wait again, so that neither the
//! machine's clock nor its power switch buys an attempt.

use std::path::{Path, PathBuf};

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use qayd_crypto::{
    ArgonParams, Passphrase, SecretKey, SigningKey, UnwrapError, Zeroizing, cbor,
    unwrap_with_passphrase, wrap_with_passphrase,
};
use qayd_model::OperatorId;
use qayd_world::{FilesError, World, random_array};

use super::SessionError;

/// Folder of the wraps inside the data folder.
pub(crate) const WRAPS_FOLDER: &str = "wraps";
/// Fewer characters are refused.
pub const PASSPHRASE_LENGTH_MIN: usize = 10;
const WRAP_BYTES_MAX: u64 = 64 * 1024;
const ATTEMPTS_BYTES_MAX: u64 = 1024;

/// Waiting time after so many failures in a row: none for the first three, then rising to a day.
pub(crate) const fn wait_ms(failures: u32) -> u64 {
    const SECOND: u64 = 1000;
    const MINUTE: u64 = 60 * SECOND;
    match failures {
        0..=3 => 0,
        4 => 10 * SECOND,
        5 => 30 * SECOND,
        6 => MINUTE,
        7 => 5 * MINUTE,
        8 => 15 * MINUTE,
        9 => 30 * MINUTE,
        10 => 60 * MINUTE,
        11 => 4 * 60 * MINUTE,
        _ => 24 * 60 * MINUTE,
    }
}

/// The name an operator signs in with: 2 to 32 of `a-z 0-9 . _ -`, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Login(String);

impl Login {
    /// # Errors
    /// [`SessionError::LoginForm`].
    pub fn parse(text: &str) -> Result<Self, SessionError> {
        let good = (2..=32).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(SessionError::LoginForm)
        }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn path(&self, data: &Path, kind: &str) -> PathBuf {
        data.join(WRAPS_FOLDER).join(format!("{}.{kind}", self.0))
    }
}

/// What a passphrase opened.
pub(crate) struct Unwrapped {
    pub operator: OperatorId,
    pub store_key: SecretKey,
    pub signing_key: SigningKey,
    /// Refused attempts since the last success.
    pub failures: u32,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Secrets {
    #[n(1)]
    operator: OperatorId,
    #[n(2)]
    store_key: ByteArray<32>,
    #[n(3)]
    signing_seed: ByteArray<32>,
}

impl Drop for Secrets {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        let (store, seed): (&mut [u8; 32], &mut [u8; 32]) =
            (&mut self.store_key, &mut self.signing_seed);
        store.zeroize();
        seed.zeroize();
    }
}

#[derive(Debug, Clone, Default, Encode, Decode)]
#[cbor(map)]
struct Attempts {
    #[n(1)]
    failures: u32,
    /// Monotonic milliseconds at which the wait began.
    #[n(2)]
    since_ms: u64,
    #[n(3)]
    boot: Option<ByteArray<16>>,
}

fn context(login: &Login) -> Vec<u8> {
    format!("qayd-operator-wrap-v1:{}", login.0).into_bytes()
}

/// What a wrap holds.
pub(crate) struct WrapSecrets<'a> {
    pub operator: OperatorId,
    pub store_key: &'a SecretKey,
    pub signing_key: &'a SigningKey,
}

/// Writes the wrap of one operator, durably.
pub(crate) fn write(
    world: &World,
    data: &Path,
    login: &Login,
    passphrase: &Passphrase,
    argon: ArgonParams,
    wrapped: &WrapSecrets<'_>,
) -> Result<(), SessionError> {
    if passphrase.length() < PASSPHRASE_LENGTH_MIN {
        return Err(SessionError::PassphraseTooShort);
    }
    let secrets = Secrets {
        operator: wrapped.operator,
        store_key: (*wrapped.store_key.expose()).into(),
        signing_seed: (*wrapped.signing_key.seed()).into(),
    };
    let plain = Zeroizing::new(cbor::encode(&secrets));
    let (salt, nonce) = (random_array(&*world.random), random_array(&*world.random));
    let wrap = wrap_with_passphrase(argon, passphrase, salt, nonce, &plain, &context(login))
        .map_err(|_| SessionError::ArgonParameters)?;
    world.files.create_dir(&data.join(WRAPS_FOLDER))?;
    world.files.remove_durably(&login.path(data, "attempts"))?;
    world
        .files
        .write_durably(&login.path(data, "wrap"), &wrap)?;
    Ok(())
}

/// Removes the wrap of somebody who never became an operator.
pub(crate) fn remove(world: &World, data: &Path, login: &Login) -> Result<(), SessionError> {
    world.files.remove_durably(&login.path(data, "wrap"))?;
    world.files.remove_durably(&login.path(data, "attempts"))?;
    Ok(())
}

/// Logins that have a wrap, in order.
pub(crate) fn logins(world: &World, data: &Path) -> Result<Vec<Login>, SessionError> {
    let found = match world.files.list(&data.join(WRAPS_FOLDER)) {
        Err(FilesError::NotFound) => return Ok(Vec::new()),
        found => found?,
    };
    Ok(found
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "wrap"))
        .filter_map(|path| Login::parse(path.file_stem()?.to_str()?).ok())
        .collect())
}

/// Ends the waiting time of an operator.
pub(crate) fn forgive(world: &World, data: &Path, login: &Login) -> Result<(), SessionError> {
    Ok(world.files.remove_durably(&login.path(data, "attempts"))?)
}

/// Opens a wrap. The attempt is counted as a failure, durably, before the passphrase is evaluated; a success takes the
/// count back.
///
/// # Errors
/// [`SessionError::Wait`] without any evaluation while a wait runs; [`SessionError::WrongPassphrase`] with the next one.
pub(crate) fn open(
    world: &World,
    data: &Path,
    login: &Login,
    passphrase: &Passphrase,
) -> Result<Unwrapped, SessionError> {
    let wrap = match world.files.read(&login.path(data, "wrap"), WRAP_BYTES_MAX) {
        Err(FilesError::NotFound) => return Err(SessionError::NoSuchOperator),
        wrap => wrap?,
    };
    let attempts_path = login.path(data, "attempts");
    let now = || {
        (
            world.clock.monotonic_ms(),
            world.clock.boot_id().map(ByteArray::from),
        )
    };
    let mut attempts = read_attempts(world, &attempts_path)?;

    let (monotonic, boot) = now();
    if attempts.boot != boot || monotonic < attempts.since_ms {
        // Another boot: what had passed of the wait does not count, it begins again.
        attempts.boot = boot;
        attempts.since_ms = monotonic;
        if wait_ms(attempts.failures) > 0 {
            world
                .files
                .write_durably(&attempts_path, &cbor::encode(&attempts))?;
        }
    }
    let left = wait_ms(attempts.failures).saturating_sub(monotonic - attempts.since_ms);
    if left > 0 {
        return Err(SessionError::Wait { ms: left });
    }

    let before = attempts.failures;
    attempts.failures = before.saturating_add(1);
    attempts.since_ms = monotonic;
    world
        .files
        .write_durably(&attempts_path, &cbor::encode(&attempts))?;
    fail::fail_point!("after-attempt-counted");

    match unwrap_with_passphrase(passphrase, &wrap, &context(login)) {
        Ok(plain) => {
            let secrets: Secrets =
                cbor::decode_strict(&plain, 1024).map_err(|_| SessionError::DamagedWrap)?;
            world.files.remove_durably(&attempts_path)?;
            Ok(Unwrapped {
                operator: secrets.operator,
                store_key: SecretKey::from_bytes(*secrets.store_key),
                signing_key: SigningKey::make(&secrets.signing_seed),
                failures: before,
            })
        }
        Err(UnwrapError::WrongPassphrase) => {
            // The wait runs from the refusal, not from the moment of typing.
            (attempts.since_ms, attempts.boot) = now();
            world
                .files
                .write_durably(&attempts_path, &cbor::encode(&attempts))?;
            Err(SessionError::WrongPassphrase {
                wait_ms: wait_ms(attempts.failures),
            })
        }
        Err(_) => Err(SessionError::DamagedWrap),
    }
}

fn read_attempts(world: &World, path: &Path) -> Result<Attempts, SessionError> {
    match world.files.read(path, ATTEMPTS_BYTES_MAX) {
        Ok(bytes) => Ok(cbor::decode_strict(&bytes, bytes.len())
            // Nobody but us writes here, and we replace whole files: a damaged count is somebody's doing.
            .unwrap_or(Attempts {
                failures: 10,
                ..Attempts::default()
            })),
        Err(FilesError::NotFound) => Ok(Attempts::default()),
        Err(error) => Err(error.into()),
    }
}
