//! Release: the only place where a packet file is deleted, and the check of files at the start of the program.
//!
//! In: a [`VerifiedReceipt`]. Out: the file gone, the row marked. Owns: the deletion of `outbox/<packet>.qpk`.
//! Never: deletes on a refusal, on a receipt below the level that policy asks for, on a receipt of other bytes, or
//! when the file on the disk is not what the receipt names.

use std::io::Read;
use std::path::{Path, PathBuf};

use qayd_crypto::Sha256Stream;
use qayd_model::{PacketId, Remedy, Sha256Digest, UnixMs};
use qayd_protocol::{Policy, VerifiedReceipt};
use qayd_world::{Files, FilesError};
use rusqlite::params;

use super::{NextStep, StuckReason, get, outbox_folder, packet_path, stick};
use crate::store::{Store, StoreError};

/// What became of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// It is deleted now.
    Deleted,
    /// It was deleted before.
    AlreadyGone,
}

/// Why the file was not deleted. It is still there after every one of these.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// The outbox never held this packet.
    #[error("the outbox does not know this packet")]
    Unknown,
    /// The receipt is a refusal, or of a lower level than policy asks for.
    #[error("the receipt does not permit deletion")]
    NotPermitted,
    /// The receipt is about another packet or other bytes.
    #[error("the receipt is not about these bytes")]
    OtherBytes,
    /// The file is not what was sealed.
    #[error("the file on the disk is not what the receipt names")]
    FileDiffers,
    /// The file system refused.
    #[error("the file system refused")]
    Files {
        /// Its reason.
        #[from]
        source: FilesError,
    },
    /// The store refused.
    #[error("the store refused")]
    Store {
        /// Its reason.
        #[from]
        source: StoreError,
    },
}

impl ReleaseError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "OUT-10",
            Self::NotPermitted => "OUT-11",
            Self::OtherBytes => "OUT-12",
            Self::FileDiffers => "OUT-13",
            Self::Files { source } => source.code(),
            Self::Store { source } => source.code(),
        }
    }

    /// Who acts next.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Unknown => Remedy::ReportBug,
            Self::NotPermitted => Remedy::RetryLater,
            Self::OtherBytes | Self::FileDiffers => Remedy::SupervisorActs,
            Self::Files { source } => source.remedy(),
            Self::Store { source } => source.remedy(),
        }
    }
}

/// Deletes the packet's file, if the receipt permits it under `policy`. May be repeated.
///
/// The receipt must already be in the store: after a crash between the deletion and the mark, the next call finds the
/// file gone and the receipt there, and only marks.
///
/// # Errors
/// [`ReleaseError`]; the file is still there.
pub fn release(
    store: &Store,
    files: &dyn Files,
    receipt: &VerifiedReceipt,
    policy: &Policy,
    at: UnixMs,
) -> Result<Released, ReleaseError> {
    let packet = receipt.receipt().packet;
    let item = store
        .read(|c| get(c, packet))?
        .ok_or(ReleaseError::Unknown)?;
    if !receipt.permits_deletion(policy) {
        return Err(ReleaseError::NotPermitted);
    }
    if !receipt.is_for(packet, item.manifest_digest) {
        return Err(ReleaseError::OtherBytes);
    }
    let path = packet_path(store.folder(), packet);
    let outcome = match digest_of_file(files, &path) {
        Ok(found) if found == item.digest => {
            files.remove_durably(&path)?;
            Released::Deleted
        }
        Ok(_) => return Err(ReleaseError::FileDiffers),
        Err(FilesError::NotFound) => Released::AlreadyGone,
        Err(source) => return Err(source.into()),
    };
    store.write(|tx| {
        tx.execute(
            "UPDATE outbox SET released = coalesce(released, ?2) WHERE packet = ?1 AND receipt IS NOT NULL",
            params![packet.to_bytes(), at.0],
        )
        .map_err(StoreError::from)
    })?;
    Ok(outcome)
}

/// SHA-256 of a file, read in pieces.
pub(crate) fn digest_of_file(files: &dyn Files, path: &Path) -> Result<Sha256Digest, FilesError> {
    let mut reader = files.open_read(path)?;
    let mut hash = Sha256Stream::default();
    let mut piece = vec![0; 64 * 1024];
    loop {
        match reader.read(&mut piece)? {
            0 => return Ok(hash.finish()),
            n => hash.update(&piece[..n]),
        }
    }
}

/// What [`reconcile`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Packets without a receipt whose file is gone; they are stuck now.
    pub missing: Vec<PacketId>,
    /// Stuck packets whose file came back whole; they are queued again.
    pub restored: Vec<PacketId>,
    /// Files that no row knows, set aside under `outbox/orphans/`.
    pub orphans: Vec<PathBuf>,
}

/// Compares files and rows, once at the start of the program.
///
/// A file without a row was written just before a crash: its draft is still there and will be sealed anew. The file
/// is set aside rather than deleted, because after a restored backup of the database it could be the only copy.
///
/// # Errors
/// [`ReleaseError::Files`], [`ReleaseError::Store`]; what was already put right stays so.
pub fn reconcile(store: &Store, files: &dyn Files, at: UnixMs) -> Result<Reconciled, ReleaseError> {
    let folder = outbox_folder(store.folder());
    files.create_dir(&folder)?;
    files.sweep_temporary(&folder)?;
    let mut found = Reconciled::default();
    for path in files.list(&folder)? {
        let Some(name) = path.file_name().and_then(|n| n.to_str()) else {
            continue;
        };
        let Some(stem) = name.strip_suffix(".qpk") else {
            continue;
        };
        let known = match stem.parse::<PacketId>() {
            Ok(packet) => store.read(|c| get(c, packet))?.is_some(),
            Err(_) => false,
        };
        if !known {
            let aside = folder.join("orphans");
            files.create_dir(&aside)?;
            let to = aside.join(name);
            files.rename_durably(&path, &to)?;
            found.orphans.push(to);
        }
    }
    let undelivered: Vec<(PacketId, Sha256Digest, bool)> = store.read(|c| {
        let mut statement = c.prepare(
            "SELECT packet, digest, state = 'stuck' FROM outbox
             WHERE state IN ('queued', 'sending') OR reason IN ('file_missing', 'file_damaged')",
        )?;
        let rows = statement.query_map([], |row| {
            Ok((
                PacketId::from_bytes(row.get(0)?),
                Sha256Digest(row.get(1)?),
                row.get(2)?,
            ))
        })?;
        rows.collect::<Result<_, _>>().map_err(StoreError::from)
    })?;
    for (packet, digest, stuck) in undelivered {
        let path = packet_path(store.folder(), packet);
        if stuck {
            if digest_of_file(files, &path).is_ok_and(|held| held == digest) {
                store.write(|tx| super::try_again(tx, packet))?;
                found.restored.push(packet);
            }
        } else if files.length(&path)?.is_none() {
            store.write(|tx| stick(tx, packet, &StuckReason::FileMissing, at))?;
            found.missing.push(packet);
        }
    }
    if !found.missing.is_empty() || !found.orphans.is_empty() {
        tracing::warn!(
            missing = found.missing.len(),
            orphans = found.orphans.len(),
            next_step = NextStep::RestoreFile.name(),
            "packet files and outbox differ"
        );
    }
    Ok(found)
}
