//! Register: everything the centre knows that is not a packet's bytes, in one SQLite database.
//!
//! In: jobs, closures over a connection. Out: their values, after the commit that holds them is on the disk.
//! Owns: `register.db`, its one writer connection, its readers and its migrations.
//! Never: knows what a table means (SQL lives beside the module that owns the table); calls anyone else.
//!
//! One thread writes. It takes every job that waits, runs each in a savepoint of its own, commits them together and
//! answers all of them after the commit: one fsync serves many. WAL with `synchronous=FULL` (every
//! acknowledged commit survives every enumerated power cut).

mod migrations;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use qayd_model::Remedy;
use rusqlite::{Connection, OpenFlags};

pub use migrations::Migration;
use writer::Writer;

/// The oldest SQLite without the WAL-reset race (3.7.0 to 3.51.2): 3.51.3.
const SQLITE_MINIMUM: i32 = 3_051_003;
/// Readers kept open between uses. More may exist at once.
const READERS_KEPT: usize = 8;
/// How long a reader waits for a lock it should never meet in WAL.
const BUSY: Duration = Duration::from_secs(10);

/// Why the register could not serve. Nothing of the job that met it was kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// SQLite refused a statement or the disk refused SQLite.
    #[error("the register's database failed")]
    Sqlite(#[from] rusqlite::Error),
    /// The commit that held this job, and perhaps others, failed.
    #[error("the register could not commit: {0}")]
    Commit(String),
    /// The job panicked; its savepoint was rolled back.
    #[error("a register job panicked")]
    Panicked,
    /// The writer has stopped.
    #[error("the register is closed")]
    Closed,
    /// The linked SQLite is too old to be trusted with WAL.
    #[error("SQLite {found} is older than 3.51.3")]
    TooOld {
        /// The version that is linked.
        found: &'static str,
    },
    /// The file was written by a newer version, or a migration was altered after it was applied.
    #[error("migration {number} of the register is not the one this program knows")]
    ForeignMigration {
        /// Number of the migration that differs.
        number: u32,
    },
    /// A stored value cannot be what this program wrote.
    #[error("the register holds a value it never wrote: {0}")]
    Damaged(&'static str),
}

impl RegisterError {
    /// Stable code for logs and screens.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "REG-01",
            Self::Commit(_) => "REG-02",
            Self::Panicked => "REG-03",
            Self::Closed => "REG-04",
            Self::TooOld { .. } => "REG-05",
            Self::ForeignMigration { .. } => "REG-06",
            Self::Damaged(_) => "REG-07",
        }
    }

    /// What helps.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Sqlite(_) | Self::Commit(_) | Self::Closed => Remedy::RetryLater,
            Self::TooOld { .. } | Self::ForeignMigration { .. } => Remedy::SupervisorActs,
            Self::Panicked | Self::Damaged(_) => Remedy::ReportBug,
        }
    }
}

/// The register. Clones share one writer.
#[derive(Clone)]
pub struct Register {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    writer: Writer,
    readers: Mutex<Vec<Connection>>,
}

impl Register {
    /// Opens or creates `path`, asserts SQLite's version, applies the migrations that are missing.
    pub fn open(path: &Path) -> Result<Self, RegisterError> {
        if rusqlite::version_number() < SQLITE_MINIMUM {
            return Err(RegisterError::TooOld {
                found: rusqlite::version(),
            });
        }
        let mut connection = Connection::open(path)?;
        configure(&connection)?;
        migrations::apply(&mut connection, migrations::ALL)?;
        Ok(Self {
            inner: Arc::new(Inner {
                path: path.to_owned(),
                writer: Writer::start(connection)?,
                readers: Mutex::new(Vec::new()),
            }),
        })
    }

    /// Runs `job` in the writer's transaction and returns after the commit that holds it is durable.
    /// An error from the job undoes the job alone. The job runs on the writer's thread: it may not call
    /// [`Register::write`], and should not do I/O of its own.
    pub fn write<T, E>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<RegisterError> + Send + 'static,
    {
        self.inner.writer.run(job)
    }

    /// Runs `job` on a reader: it sees every commit that was answered before the call, and may not write.
    pub fn read<T, E>(&self, job: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<RegisterError>,
    {
        let kept = self.readers().pop();
        let reader = match kept {
            Some(reader) => reader,
            None => self.open_reader()?,
        };
        let answer = job(&reader);
        let mut readers = self.readers();
        if readers.len() < READERS_KEPT {
            readers.push(reader);
        }
        answer
    }

    /// The database's file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Copies the whole register as of one moment into a new file at `to`, while it is in use.
    pub fn copy_to(&self, to: &Path) -> Result<(), RegisterError> {
        let source = self.open_reader()?;
        let mut target = Connection::open(to)?;
        rusqlite::backup::Backup::new(&source, &mut target)?.run_to_completion(
            4096,
            Duration::ZERO,
            None,
        )?;
        target.pragma_update(None, "journal_mode", "DELETE")?;
        Ok(())
    }

    fn open_reader(&self) -> Result<Connection, RegisterError> {
        let reader = Connection::open_with_flags(
            &self.inner.path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        reader.busy_timeout(BUSY)?;
        reader.pragma_update(None, "query_only", true)?;
        Ok(reader)
    }

    fn readers(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.inner
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks a register file without opening it for use: SQLite's own integrity check and the foreign keys.
pub fn check_file(path: &Path) -> Result<(), RegisterError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(RegisterError::Damaged("integrity check"));
    }
    Ok(())
}

fn configure(connection: &Connection) -> Result<(), RegisterError> {
    connection.busy_timeout(BUSY)?;
    connection.query_row("PRAGMA journal_mode=WAL", [], |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

#[cfg(test)]
mod tests;
