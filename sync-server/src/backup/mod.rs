//! Backup and restore: the register and the packets, with a signed list of every digest.
//!
//! In: a centre at work, or a backup's folder. Out: the other. Owns: `backup.cose` and the backup folder's form.
//! Never: takes the root key along (it lies offline); says "done" before every byte was read back; restores over a
//! programme; restores a byte that the list does not cover.
//!
//! The register is copied first, as of one moment, and the packets after it: a packet's bytes are durable before its row,
//! so that every row of the copy finds its bytes. A second backup into the same folder copies what is new.

mod index;

use std::path::{Path, PathBuf};

use qayd_crypto::PublicKey;
use qayd_model::{Remedy, Sha256Digest, UnixMs};
use qayd_protocol::{Keyring, TrustError as ProtocolTrustError, trust::Trusted};
use qayd_world::{FilesError, World};
use rusqlite::{Connection, OpenFlags};

use crate::{
    blobs::{BlobError, is_named},
    centre::Centre,
    store::{self, RegisterError},
    trust::{Layout, journal},
};
use index::{BackupIndex, Entry};

/// The signed list, written last.
const INDEX: &str = "backup.cose";
/// No file of a programme but the register is longer.
const FILE_BYTES_MAX: u64 = 32 << 20;
/// The register may be large; it is read in pieces.
const PIECE_BYTES: usize = 1 << 20;

/// Why there is no backup, or no restored programme.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The folder holds no backup, or the list is not signed by the programme's centre.
    #[error("this folder holds no backup that can be trusted: {0}")]
    Index(&'static str),
    /// The signature of the list or of the keyring does not hold.
    #[error("the backup's list is not signed by its centre")]
    Signature(#[from] ProtocolTrustError),
    /// Another programme's root than was expected.
    #[error("the backup is of another programme")]
    OtherProgramme,
    /// A file is not what the list says.
    #[error("{0} is not what the backup's list says")]
    Damaged(String),
    /// The register of the backup names a packet that the backup does not have.
    #[error("packet bytes {} are missing in the backup", .0.to_hex())]
    Incomplete(Sha256Digest),
    /// The target holds a programme already.
    #[error("the folder already holds a programme")]
    Occupied,
    /// A packet's bytes.
    #[error("a packet's bytes")]
    Blobs(#[from] BlobError),
    /// The disk.
    #[error("the disk")]
    Files(#[from] FilesError),
    /// The register.
    #[error("the register")]
    Register(#[from] RegisterError),
}

impl BackupError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Index(_) => "BKP-01",
            Self::Signature(_) => "BKP-02",
            Self::OtherProgramme => "BKP-03",
            Self::Damaged(_) => "BKP-04",
            Self::Incomplete(_) => "BKP-05",
            Self::Occupied => "BKP-06",
            Self::Blobs(error) => error.code(),
            Self::Files(_) => "BKP-07",
            Self::Register(error) => error.code(),
        }
    }

    /// What helps.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Occupied | Self::OtherProgramme | Self::Index(_) => Remedy::OperatorActs,
            Self::Files(_) => Remedy::RetryLater,
            Self::Register(error) => error.remedy(),
            Self::Blobs(error) => error.remedy(),
            Self::Signature(_) | Self::Damaged(_) | Self::Incomplete(_) => Remedy::SupervisorActs,
        }
    }
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Register(error.into())
    }
}

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Packets.
    pub packets: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// The moment of the register's copy.
    pub taken: UnixMs,
}

/// Copies the centre into `dir` while it works.
pub fn backup(centre: &Centre, dir: &Path) -> Result<Summary, BackupError> {
    let world = centre.world();
    let files = &world.files;
    let layout = Layout::new(centre.folder());
    let taken = centre.now();
    files.create_dir(dir)?;
    let register_name = format!("register-{}.db", taken.0);
    let partial = dir.join("register.partial");
    files.remove_durably(&partial)?;
    centre.register().copy_to(&partial)?;
    files.sync(&partial)?;
    files.rename_durably(&partial, &dir.join(&register_name))?;
    let register = dir.join(&register_name);
    store::check_file(&register)?;

    let mut entries = vec![measure(world, dir, &register_name)?];
    let digests = packets_of(&register)?;
    for digest in &digests {
        let name = packet_name(*digest);
        let path = dir.join(&name);
        let held = match files.length(&path)? {
            Some(_) => is_named(&files.read(&path, FILE_BYTES_MAX)?, *digest),
            None => false,
        };
        if !held {
            let bytes = centre.blobs().read(*digest, FILE_BYTES_MAX)?;
            write(world, &path, &bytes)?;
        }
        entries.push(measure(world, dir, &name)?);
    }
    for path in small_files(world, &layout)? {
        let name = relative(centre.folder(), &path)?;
        let bytes = files.read(&path, FILE_BYTES_MAX)?;
        write(world, &dir.join(&name), &bytes)?;
        entries.push(measure(world, dir, &name)?);
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let summary = Summary {
        packets: digests.len() as u64,
        bytes: entries.iter().map(|entry| entry.length).sum(),
        taken,
    };
    let index = BackupIndex {
        taken,
        register: register_name.clone(),
        entries,
    };
    let keys = centre.keys();
    files.write_durably(&dir.join(INDEX), &index.sign(keys.centre_key()))?;
    for old in files.list(dir)? {
        let name = old.file_name().and_then(|name| name.to_str()).unwrap_or("");
        if name.starts_with("register-") && name.ends_with(".db") && name != register_name {
            files.remove_durably(&old)?;
        }
    }
    let detail = format!("packets={} bytes={}", summary.packets, summary.bytes);
    centre.register().write(move |connection| {
        journal::append_in(connection, taken, "custodian", "backup", "", &detail)
    })?;
    Ok(summary)
}

/// Reads the whole backup against its signed list, without writing anything.
pub fn verify(world: &World, dir: &Path, root: Option<&PublicKey>) -> Result<Summary, BackupError> {
    let index = read_index(world, dir, root)?;
    for entry in &index.entries {
        let found = measure(world, dir, &entry.name)?;
        if found != *entry {
            return Err(BackupError::Damaged(entry.name.clone()));
        }
    }
    let register = dir.join(&index.register);
    store::check_file(&register)?;
    let digests = packets_of(&register)?;
    for digest in &digests {
        let path = dir.join(packet_name(*digest));
        // Its bytes are those of the list by now; that they are the packet's, only their parts say.
        let held = match world.files.read(&path, FILE_BYTES_MAX) {
            Ok(bytes) => is_named(&bytes, *digest),
            Err(FilesError::NotFound) => false,
            Err(error) => return Err(error.into()),
        };
        if !held {
            return Err(BackupError::Incomplete(*digest));
        }
    }
    Ok(Summary {
        packets: digests.len() as u64,
        bytes: index.entries.iter().map(|entry| entry.length).sum(),
        taken: index.taken,
    })
}

/// Verifies the whole backup, copies it into `folder`, and verifies what was copied. `root`, where it is known, is what
/// the programme's root has to be.
pub fn restore(
    world: &World,
    dir: &Path,
    folder: &Path,
    root: Option<&PublicKey>,
) -> Result<Summary, BackupError> {
    let layout = Layout::new(folder);
    let files = &world.files;
    if files.length(&layout.programme())?.is_some() || files.length(&layout.register())?.is_some() {
        return Err(BackupError::Occupied);
    }
    let summary = verify(world, dir, root)?;
    let index = read_index(world, dir, root)?;
    files.create_dir(folder)?;
    let programme = relative(folder, &layout.programme())?;
    // The programme's own file comes last: a restore that was interrupted is no programme.
    let (last, first): (Vec<&Entry>, Vec<&Entry>) = index
        .entries
        .iter()
        .partition(|entry| entry.name == programme);
    for entry in first.into_iter().chain(last) {
        let target = if entry.name == index.register {
            layout.register()
        } else {
            folder.join(&entry.name)
        };
        copy(world, &dir.join(&entry.name), &target)?;
        let found = measure_file(world, &target)?;
        if found != (entry.length, entry.sha256) {
            return Err(BackupError::Damaged(entry.name.clone()));
        }
    }
    store::check_file(&layout.register())?;
    Ok(summary)
}

fn read_index(
    world: &World,
    dir: &Path,
    expected: Option<&PublicKey>,
) -> Result<BackupIndex, BackupError> {
    let layout = Layout::new(dir);
    let read = |path: PathBuf, what| {
        world
            .files
            .read(&path, index::INDEX_BYTES_MAX)
            .map_err(|error| match error {
                FilesError::NotFound => BackupError::Index(what),
                other => BackupError::Files(other),
            })
    };
    let root = read(layout.root_public(), "no root key")?;
    let root = core::str::from_utf8(&root)
        .ok()
        .and_then(|text| hex::decode(text.trim()).ok())
        .and_then(|bytes| PublicKey::from_bytes(&bytes).ok())
        .ok_or(BackupError::Index("no root key"))?;
    if expected.is_some_and(|expected| *expected != root) {
        return Err(BackupError::OtherProgramme);
    }
    let keyring = read(layout.keyring(), "no keyring")?;
    let keyring = Trusted::<Keyring>::verify(&keyring, &root)?;
    let signed = read(dir.join(INDEX), "no list")?;
    BackupIndex::open(&signed, &keyring.centre_key)
}

/// The digests of all packets in a register's file.
fn packets_of(register: &Path) -> Result<Vec<Sha256Digest>, BackupError> {
    let connection = Connection::open_with_flags(register, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = connection
        .prepare("SELECT DISTINCT manifest_sha256 FROM packet ORDER BY manifest_sha256")?;
    let digests = statement
        .query_map([], |row| Ok(Sha256Digest(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    Ok(digests)
}

fn packet_name(digest: Sha256Digest) -> String {
    let name = digest.to_hex();
    format!("packets/{}/{name}", &name[..2])
}

/// Everything but register, packets, uploads in progress, and the root key.
fn small_files(world: &World, layout: &Layout) -> Result<Vec<PathBuf>, BackupError> {
    let mut found = vec![layout.programme()];
    if world.files.length(&layout.review_settings())?.is_some() {
        found.push(layout.review_settings());
    }
    for dir in [layout.keys(), layout.tls(), layout.trust(), layout.packs()] {
        let inside = world.files.list(&dir)?;
        found.extend(inside.into_iter().filter(|path| *path != layout.packs()));
    }
    Ok(found)
}

fn relative(folder: &Path, path: &Path) -> Result<String, BackupError> {
    path.strip_prefix(folder)
        .ok()
        .and_then(Path::to_str)
        .map(str::to_owned)
        .ok_or(BackupError::Index("a file name that is not text"))
}

fn write(world: &World, path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    if let Some(dir) = path.parent() {
        world.files.create_dir(dir)?;
    }
    Ok(world.files.write_durably(path, bytes)?)
}

fn copy(world: &World, from: &Path, to: &Path) -> Result<(), BackupError> {
    let length = world.files.length(from)?.ok_or(FilesError::NotFound)?;
    if length <= FILE_BYTES_MAX {
        let bytes = world.files.read(from, FILE_BYTES_MAX)?;
        return write(world, to, &bytes);
    }
    let partial = to.with_extension("partial");
    world.files.remove_durably(&partial)?;
    let mut offset = 0;
    while offset < length {
        let take = (length - offset).min(PIECE_BYTES as u64) as usize;
        let piece = world.files.read_at(from, offset, take)?;
        world.files.append(&partial, offset, &piece)?;
        offset += take as u64;
    }
    world.files.sync(&partial)?;
    Ok(world.files.rename_durably(&partial, to)?)
}

fn measure(world: &World, dir: &Path, name: &str) -> Result<Entry, BackupError> {
    let (length, sha256) = measure_file(world, &dir.join(name)).map_err(|error| match error {
        BackupError::Files(FilesError::NotFound) => BackupError::Damaged(name.to_owned()),
        other => other,
    })?;
    Ok(Entry {
        name: name.to_owned(),
        length,
        sha256,
    })
}

fn measure_file(world: &World, path: &Path) -> Result<(u64, Sha256Digest), BackupError> {
    let length = world.files.length(path)?.ok_or(FilesError::NotFound)?;
    let mut stream = qayd_crypto::Sha256Stream::default();
    let mut offset = 0;
    while offset < length {
        let take = (length - offset).min(PIECE_BYTES as u64) as usize;
        stream.update(&world.files.read_at(path, offset, take)?);
        offset += take as u64;
    }
    Ok((length, stream.finish()))
}

#[cfg(test)]
mod tests;
