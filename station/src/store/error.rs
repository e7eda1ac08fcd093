//! What can go wrong with the store, by blame: the folder, the file, the disk, us.

use qayd_model::Remedy;

/// Why the store did not answer. A failed write changed nothing, except after [`StoreError::Database`] from a commit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process holds the folder.
    #[error("another process has this station open")]
    InUse,
    /// There is no store in the folder.
    #[error("there is no station in this folder")]
    NotThere,
    /// There is a store already.
    #[error("there is a station in this folder already")]
    AlreadyExists,
    /// The key does not open the file, or its first page is damaged.
    #[error("the key does not open the store, or the store is damaged")]
    WrongKey,
    /// A newer program wrote the file.
    #[error("the store has schema {found}, this program knows {known}")]
    NewerSchema {
        /// In the file.
        found: u32,
        /// Of this program.
        known: u32,
    },
    /// The linked SQLite has the WAL-reset race.
    #[error("SQLite {found} is too old")]
    SqliteTooOld {
        /// As `3051003` for 3.51.3.
        found: i32,
    },
    /// The file system does not carry a write-ahead log.
    #[error("journal mode is {mode}, not wal")]
    NoWal {
        /// What it is instead.
        mode: String,
    },
    /// A row does not read back as what was written.
    #[error("a row of {table} is damaged: {what}")]
    Damaged {
        /// Which table.
        table: &'static str,
        /// What is wrong with it, without its content.
        what: &'static str,
    },
    /// The database refused. The message of SQLite names tables and columns, never values.
    #[error("the database refused")]
    Database {
        /// Its reason.
        #[source]
        source: rusqlite::Error,
    },
    /// The file system refused.
    #[error("the file system refused")]
    Files {
        /// Its reason.
        #[source]
        source: qayd_world::FilesError,
    },
    /// The folder or its lock could not be made.
    #[error("the folder cannot be used")]
    Folder {
        /// Its reason.
        #[source]
        source: std::io::Error,
    },
}

impl StoreError {
    /// Stable code for logs and screens.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InUse => "STO-01",
            Self::NotThere => "STO-02",
            Self::AlreadyExists => "STO-03",
            Self::WrongKey => "STO-04",
            Self::NewerSchema { .. } => "STO-05",
            Self::SqliteTooOld { .. } => "STO-06",
            Self::NoWal { .. } => "STO-07",
            Self::Damaged { .. } => "STO-08",
            Self::Database { .. } => "STO-09",
            Self::Files { .. } => "STO-10",
            Self::Folder { .. } => "STO-11",
        }
    }

    /// Who can help.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::InUse | Self::NotThere | Self::AlreadyExists => Remedy::OperatorActs,
            Self::WrongKey
            | Self::NewerSchema { .. }
            | Self::NoWal { .. }
            | Self::Folder { .. } => Remedy::SupervisorActs,
            Self::SqliteTooOld { .. } | Self::Damaged { .. } => Remedy::ReportBug,
            Self::Database { source } => match source.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DiskFull) => Remedy::SupervisorActs,
                Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::SystemIoFailure) => {
                    Remedy::RetryLater
                }
                _ => Remedy::ReportBug,
            },
            Self::Files { .. } => Remedy::RetryLater,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(source: rusqlite::Error) -> Self {
        Self::Database { source }
    }
}

impl From<qayd_world::FilesError> for StoreError {
    fn from(source: qayd_world::FilesError) -> Self {
        Self::Files { source }
    }
}
