//! Store: the station's one database, `station.db`, SQLCipher under a raw random key.
//!
//! In: the key that a passphrase unwrapped (`session`), and closures that hold SQL beside the code that owns the table.
//! Out: durable transactions ([`Store::write`]) and consistent reads ([`Store::read`]).
//! Owns: the file, its lock, its pragmas and its schema number; no table of its own.
//! Never: calls a step of the river; acknowledges before `COMMIT` under `synchronous=FULL`; stores a sealed packet.
//!
//! One connection writes, behind a mutex; a few read, each transaction seeing one state of the database (WAL).

#[cfg(test)]
mod canaries;
mod error;
mod lock;
mod migrations;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use qayd_crypto::SecretKey;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use zeroize::Zeroizing;

pub use error::StoreError;
pub use lock::FolderLock;
pub use rusqlite::Transaction;

/// The database file inside the data folder.
pub const DATABASE_NAME: &str = "station.db";

/// SQLite before this version can corrupt a WAL database when two connections reset the log at the same moment
/// (introduced 3.7.0, found March 2026).
const SQLITE_AT_LEAST: i32 = 3_051_003;

/// Reading connections kept open between reads.
const READERS_KEPT: usize = 4;

/// The open store. `Send + Sync`; share it by reference.
pub struct Store {
    path: PathBuf,
    key: SecretKey,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    /// Held for as long as the store is open; dropped last.
    _lock: FolderLock,
}

impl Store {
    /// Makes a new store in the locked folder.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] when there is one; the old one is untouched.
    pub fn create(lock: FolderLock, key: &SecretKey) -> Result<Self, StoreError> {
        let path = lock.folder().join(DATABASE_NAME);
        if path.exists() {
            return Err(StoreError::AlreadyExists);
        }
        Self::start(lock, path, key, OpenFlags::SQLITE_OPEN_CREATE)
    }

    /// Opens the store of the locked folder and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::NotThere`], [`StoreError::WrongKey`] (or a damaged first page, which cannot be told apart),
    /// [`StoreError::NewerSchema`]; the file is unchanged by each of them.
    pub fn open(lock: FolderLock, key: &SecretKey) -> Result<Self, StoreError> {
        let path = lock.folder().join(DATABASE_NAME);
        if !path.exists() {
            return Err(StoreError::NotThere);
        }
        Self::start(lock, path, key, OpenFlags::empty())
    }

    fn start(
        lock: FolderLock,
        path: PathBuf,
        key: &SecretKey,
        create: OpenFlags,
    ) -> Result<Self, StoreError> {
        let found = rusqlite::version_number();
        if found < SQLITE_AT_LEAST {
            return Err(StoreError::SqliteTooOld { found });
        }
        let mut writer = connect(&path, key, OpenFlags::SQLITE_OPEN_READ_WRITE | create)?;
        migrations::apply(&mut writer)?;
        Ok(Self {
            path,
            key: SecretKey::from_bytes(*key.expose()),
            writer: Mutex::new(writer),
            readers: Mutex::new(Vec::new()),
            _lock: lock,
        })
    }

    /// The folder the store lies in.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Runs one transaction on the one writing connection. `Ok` from here means durable: `COMMIT` has returned under
    /// `synchronous=FULL`. On `Err`, or a panic inside `act`, everything is rolled back.
    ///
    /// # Errors
    /// Whatever `act` returns; [`StoreError`] when beginning or committing failed. After a failed commit the caller
    /// cannot know whether it became durable and asks the store again.
    pub fn write<T, E: From<StoreError>>(
        &self,
        act: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = held(&self.writer);
        let tx = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::from)?;
        let out = act(&tx)?;
        tx.commit().map_err(StoreError::from)?;
        Ok(out)
    }

    /// Runs `ask` on a reading connection, inside one read transaction: every statement sees the same state.
    ///
    /// # Errors
    /// Whatever `ask` returns; [`StoreError`] when no connection could be opened. A write is refused by SQLite.
    pub fn read<T, E: From<StoreError>>(
        &self,
        ask: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let kept = held(&self.readers).pop();
        let mut connection = match kept {
            Some(connection) => connection,
            None => {
                let c = connect(&self.path, &self.key, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
                c.pragma_update(None, "query_only", true)
                    .map_err(StoreError::from)?;
                c
            }
        };
        let tx = connection.transaction().map_err(StoreError::from)?;
        let out = ask(&tx);
        drop(tx);
        let mut readers = held(&self.readers);
        if readers.len() < READERS_KEPT {
            readers.push(connection);
        }
        out
    }

    /// Empties the write-ahead log into the one file.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is lost.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        Ok(held(&self.writer).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }

    /// Closes the store with everything in the one file: the write-ahead log is emptied into it and gone.
    ///
    /// # Errors
    /// [`StoreError`]; the file and its log together still hold everything.
    pub fn close(self) -> Result<(), StoreError> {
        held(&self.readers).clear();
        let writer = self
            .writer
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        writer.close().map_err(|(_, source)| source.into())
    }

    /// The key, to wrap it for one more operator.
    pub(crate) fn key(&self) -> &SecretKey {
        &self.key
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store(…)")
    }
}

/// A poisoned mutex means a panic inside a closure; its transaction was rolled back when it unwound.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// SQLite counts as initialised a moment before SQLCipher is: whoever sets a key in that moment is refused. One thread opens
/// the first connection of the process while the others wait.
fn initialise() {
    static FIRST: std::sync::Once = std::sync::Once::new();
    FIRST.call_once(|| drop(Connection::open_in_memory()));
}

fn connect(path: &Path, key: &SecretKey, flags: OpenFlags) -> Result<Connection, StoreError> {
    initialise();
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // SQLCipher writes its own log to stderr; what it says comes back as an error code anyway.
    connection.pragma_update(None, "cipher_log_level", "NONE")?;
    let literal = Zeroizing::new(format!(
        "x'{}'",
        Zeroizing::new(hex::encode(key.expose())).as_str()
    ));
    connection.pragma_update(None, "key", literal.as_str())?;
    // The first read of the file: with another key the first page fails its MAC.
    connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
        .map_err(|e| match e.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => StoreError::WrongKey,
            _ => StoreError::from(e),
        })?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    for (name, value) in [
        ("journal_mode", "WAL"),
        ("synchronous", "FULL"),
        ("secure_delete", "ON"),
        ("temp_store", "MEMORY"),
        ("cipher_memory_security", "ON"),
        ("foreign_keys", "ON"),
        ("trusted_schema", "OFF"),
    ] {
        connection.pragma_update(None, name, value)?;
    }
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::NoWal { mode });
    }
    Ok(connection)
}
