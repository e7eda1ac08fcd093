//! Finalise: from a staged file to a durable packet and a signed receipt. The same for the network and for a drive.
//!
//! In: a staged file, hashed, and the station it must be from. Out: the signed receipt. Owns: tables `packet`, `receipt`.
//! Never: signs before fsync; opens a packet; refuses what it already took (the same bytes get the same receipt);
//! loses a packet whose place in the chain is odd (it is taken and quarantined).
//!
//!   verify signature and digests → fsync file → rename into packets/ → fsync folder
//!   → one transaction: packet row, receipt (chained per station), work item → the receipt is answered

use std::{
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use qayd_crypto::{SealingKey, Sha256Stream};
use qayd_model::{PacketId, Sha256Digest, StationId, UnixMs, UploadId};
use qayd_packet::{VerifiedManifest, limits::PACKET_BYTES_MAX, manifest::SENSITIVE};
use qayd_protocol::{Outcome, Receipt, RefusalReason, receipt};
use qayd_world::{Files, FilesError, World};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    chain, rows,
    scan::{Staged, StagedFault},
};
use crate::{
    blobs::{BlobError, Blobs},
    store::{Register, RegisterError},
    trust::{CentreKeys, StationRow, journal},
    work::{self, WorkKind},
};

/// A refused file is read back in pieces of this size.
const PIECE_BYTES: usize = 64 * 1024;
/// Level of a receipt of this store: fsynced on one machine.
const LEVEL: u8 = 1;

/// Why a file could be neither taken nor refused. The staged file is still there; try again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FinaliseError {
    /// The disk.
    #[error("the staged file")]
    Files(#[from] FilesError),
    /// The blob store.
    #[error("the blob store")]
    Blobs(#[from] BlobError),
    /// The register.
    #[error("the register")]
    Register(#[from] RegisterError),
}

impl From<rusqlite::Error> for FinaliseError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Register(error.into())
    }
}

/// What became of a staged file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finalised {
    /// Taken, now or before.
    Stored {
        /// The packet.
        packet: PacketId,
        /// Number of its receipt.
        number: u64,
        /// The signed receipt.
        receipt: Vec<u8>,
    },
    /// Not taken, with a signed receipt that says so.
    Refused {
        /// The packet it claims to be.
        packet: PacketId,
        /// Why.
        reason: RefusalReason,
        /// Number of its receipt.
        number: u64,
        /// The signed receipt.
        receipt: Vec<u8>,
    },
    /// Not taken, and not even a packet that a receipt could name.
    NoPacket {
        /// Why.
        reason: RefusalReason,
    },
}

/// The finaliser. Clones share everything.
#[derive(Clone)]
pub struct Finaliser {
    register: Register,
    blobs: Arc<dyn Blobs>,
    files: Arc<dyn Files>,
    keys: CentreKeys,
    clock: Arc<dyn qayd_world::Clock>,
}

/// What a receipt is about.
#[derive(Clone, Copy)]
struct About {
    station: StationId,
    packet: PacketId,
    manifest: Sha256Digest,
    /// Of what came, where it is refused.
    came: Option<Sha256Digest>,
}

impl Finaliser {
    /// A finaliser over these stores.
    pub fn new(
        world: &World,
        register: &Register,
        blobs: &Arc<dyn Blobs>,
        keys: &CentreKeys,
    ) -> Self {
        Self {
            register: register.clone(),
            blobs: blobs.clone(),
            files: world.files.clone(),
            keys: keys.clone(),
            clock: world.clock.clone(),
        }
    }

    /// Takes or refuses a staged file of `station`. Durable and idempotent: called again with the same bytes it gives the
    /// same receipt. `announced` names the packet that the upload was made for, so that even bytes without a manifest
    /// can be refused by receipt. `accepted` is told when the packet will be taken unless the disk fails, before `confirm` makes
    /// the file durable. On `Ok` the staged file is gone.
    pub fn finalise(
        &self,
        station: &StationRow,
        staged: Staged,
        upload: Option<UploadId>,
        announced: Option<(PacketId, Sha256Digest)>,
        accepted: &mut dyn FnMut(),
        confirm: &mut dyn FnMut() -> Result<(), FilesError>,
    ) -> Result<Finalised, FinaliseError> {
        let Staged {
            path,
            length,
            content,
        } = staged;
        let verdict = match content {
            Err(fault) => Err((refusal_of(fault), announced)),
            Ok(signed) => {
                let named = (signed.manifest().packet, signed.digest());
                match self.judge(station, signed, length)? {
                    Err(reason) => Err((reason, Some(named))),
                    Ok(manifest) if announced.is_some_and(|announced| announced != named) => {
                        drop(manifest);
                        Err((RefusalReason::Conflict, announced))
                    }
                    Ok(manifest) => Ok(manifest),
                }
            }
        };
        match verdict {
            Ok(manifest) => {
                accepted();
                confirm()?;
                self.blobs.put_file(&path, manifest.digest())?;
                self.record(station.clone(), manifest, length, upload)
            }
            Err((reason, named)) => {
                let finalised = match named {
                    None => {
                        self.end_upload(upload)?;
                        Finalised::NoPacket { reason }
                    }
                    Some((packet, manifest)) => {
                        let about = About {
                            station: station.id,
                            packet,
                            manifest,
                            came: Some(self.digest_of(&path)?),
                        };
                        self.refuse(about, reason, upload)?
                    }
                };
                self.files.remove_durably(&path)?;
                Ok(finalised)
            }
        }
    }

    /// Everything that can be told without a key to open.
    fn judge(
        &self,
        station: &StationRow,
        signed: qayd_packet::SignedManifest,
        length: u64,
    ) -> Result<Result<VerifiedManifest, RefusalReason>, FinaliseError> {
        if length > PACKET_BYTES_MAX {
            return Ok(Err(RefusalReason::TooLarge));
        }
        if let Err(reason) = check_manifest(station, &self.keys, &signed) {
            return Ok(Err(reason));
        }
        let Ok(manifest) = signed.verify(&station.key) else {
            return Ok(Err(RefusalReason::BadSignature));
        };
        let id = manifest.manifest().packet;
        let held = self.register.read(|connection| {
            Ok::<_, RegisterError>(
                rows::packet_in(connection, id)?
                    .is_some_and(|held| differs(&held, station.id, manifest.digest())),
            )
        })?;
        Ok(if held {
            Err(RefusalReason::Conflict)
        } else {
            Ok(manifest)
        })
    }

    /// The one transaction that makes a durable file a packet.
    fn record(
        &self,
        station: StationRow,
        manifest: VerifiedManifest,
        length: u64,
        upload: Option<UploadId>,
    ) -> Result<Finalised, FinaliseError> {
        let keys = self.keys.clone();
        let now = self.clock.now();
        self.register.write(move |connection| {
            let digest = manifest.digest();
            let head = manifest.manifest();
            let about = About {
                station: station.id,
                packet: head.packet,
                manifest: digest,
                came: None,
            };
            if let Some(held) = rows::packet_in(connection, head.packet)? {
                if differs(&held, station.id, digest) {
                    return refuse_in(
                        connection,
                        &keys,
                        now,
                        about,
                        RefusalReason::Conflict,
                        upload,
                    );
                }
                let receipt = receipt_in(connection, station.id, held.receipt)?;
                end_upload_in(connection, upload, "done", Some(held.receipt))?;
                return Ok(Finalised::Stored {
                    packet: head.packet,
                    number: held.receipt,
                    receipt,
                });
            }
            chain::announce_in(connection, now, &station, &manifest)?;
            let (chain, quarantine) = chain::place_in(connection, now, &station, head, digest)?;
            let outcome = Outcome::Stored { level: LEVEL };
            let (number, receipt) = append_receipt_in(connection, &keys, now, about, outcome)?;
            connection
                .prepare_cached(
                    "INSERT INTO packet (id, station, sequence, enrolment, version, previous_sha256,
                        manifest_sha256, length, pack_id, pack_version, station_kind,
                        home_office, received_ms, chain, quarantine, receipt)
                     VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)",
                )?
                .execute(params![
                    head.packet.to_bytes(),
                    station.id.to_bytes(),
                    head.sequence as i64,
                    head.enrolment.to_bytes(),
                    head.version,
                    head.previous.map(|digest| digest.0),
                    digest.0,
                    length as i64,
                    head.pack_id,
                    head.pack_version,
                    head.station_kind,
                    head.home_office,
                    now.0 as i64,
                    chain.name(),
                    quarantine,
                    number as i64,
                ])?;
            chain::heal_in(connection, station.id, head.sequence, digest)?;
            work::enqueue_in(
                connection,
                now,
                WorkKind::Examine,
                &head.packet.to_string(),
                5,
            )?;
            end_upload_in(connection, upload, "done", Some(number))?;
            Ok(Finalised::Stored {
                packet: head.packet,
                number,
                receipt,
            })
        })
    }

    /// Digest of a file that is refused: so many of them have no manifest that would name their bytes.
    fn digest_of(&self, path: &Path) -> Result<Sha256Digest, FinaliseError> {
        let mut file = self.files.open_read(path)?;
        let mut stream = Sha256Stream::default();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match file.read(&mut piece) {
                Ok(0) => return Ok(stream.finish()),
                Ok(read) => stream.update(&piece[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(FilesError::from(error).into()),
            }
        }
    }

    fn refuse(
        &self,
        about: About,
        reason: RefusalReason,
        upload: Option<UploadId>,
    ) -> Result<Finalised, FinaliseError> {
        let keys = self.keys.clone();
        let now = self.clock.now();
        self.register
            .write(move |connection| refuse_in(connection, &keys, now, about, reason, upload))
    }

    fn end_upload(&self, upload: Option<UploadId>) -> Result<(), FinaliseError> {
        self.register.write(move |connection| {
            end_upload_in(connection, upload, "refused", None)?;
            Ok(())
        })
    }
}

/// What can be told from a manifest alone, before a byte of the packet is asked for.
pub(super) fn check_manifest(
    station: &StationRow,
    keys: &CentreKeys,
    signed: &qayd_packet::SignedManifest,
) -> Result<(), RefusalReason> {
    let manifest = signed.manifest();
    if manifest.station != station.id {
        return Err(RefusalReason::OtherStation);
    }
    if signed.packet_length() > PACKET_BYTES_MAX {
        return Err(RefusalReason::TooLarge);
    }
    let keyring = keys.keyring();
    let ours: Vec<_> = keyring
        .review_keys
        .iter()
        .chain(&keyring.biometric_keys)
        .map(SealingKey::key_id)
        .collect();
    let sensitive: Vec<_> = keyring
        .sensitive_keys
        .iter()
        .map(SealingKey::key_id)
        .collect();
    // Sensitive answers open to their own keys and to no other; everything else to one of ours.
    let sealed_to_us = manifest.parts.iter().all(|part| {
        if part.label == SENSITIVE {
            part.recipients.iter().all(|id| sensitive.contains(id))
        } else {
            part.recipients.iter().any(|id| ours.contains(id))
        }
    });
    if !sealed_to_us {
        return Err(RefusalReason::UnknownSuite);
    }
    if !station.packs.contains(&manifest.pack_id) {
        return Err(RefusalReason::PackNotAllowed);
    }
    if !keys.packs().published(
        &manifest.pack_id,
        manifest.pack_version,
        manifest.pack_digest,
    ) {
        return Err(RefusalReason::UnknownPack);
    }
    Ok(())
}

fn refusal_of(fault: StagedFault) -> RefusalReason {
    match fault {
        StagedFault::Manifest | StagedFault::Length => RefusalReason::Malformed,
        StagedFault::Digest => RefusalReason::DigestMismatch,
    }
}

fn differs(held: &rows::PacketRow, station: StationId, manifest: Sha256Digest) -> bool {
    held.station != station || held.manifest_sha256 != manifest
}

fn refuse_in(
    connection: &Connection,
    keys: &CentreKeys,
    now: UnixMs,
    about: About,
    reason: RefusalReason,
    upload: Option<UploadId>,
) -> Result<Finalised, FinaliseError> {
    // The same bytes refused again are told the same.
    let before = connection
        .prepare_cached(
            "SELECT number, bytes FROM receipt
             WHERE station = ?1 AND packet = ?2 AND manifest_sha256 = ?3 AND refused_sha256 IS ?4
               AND stored = 0 AND reason = ?5",
        )?
        .query_row(
            params![
                about.station.to_bytes(),
                about.packet.to_bytes(),
                about.manifest.0,
                about.came.map(|digest| digest.0),
                reason.code()
            ],
            |row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, Vec<u8>>(1)?)),
        )
        .optional()?;
    let (number, receipt) = match before {
        Some(before) => before,
        None => {
            let outcome = Outcome::Refused { reason };
            let made = append_receipt_in(connection, keys, now, about, outcome)?;
            let detail = format!(
                "{} packet={} reason={}",
                reason.code(),
                about.packet,
                reason
            );
            journal::append_in(
                connection,
                now,
                &about.station.to_string(),
                "packet.refuse",
                &about.packet.to_string(),
                &detail,
            )?;
            if matches!(reason, RefusalReason::Conflict) {
                journal::alarm_in(
                    connection,
                    now,
                    "packet-id-reused",
                    Some(about.station),
                    &detail,
                )?;
            }
            made
        }
    };
    end_upload_in(connection, upload, "refused", Some(number))?;
    Ok(Finalised::Refused {
        packet: about.packet,
        reason,
        number,
        receipt,
    })
}

/// Signs the station's next receipt. What it speaks of is durable: the blob before this transaction, the row within it,
/// and nobody sees the bytes before the commit.
fn append_receipt_in(
    connection: &Connection,
    keys: &CentreKeys,
    now: UnixMs,
    about: About,
    outcome: Outcome,
) -> Result<(u64, Vec<u8>), FinaliseError> {
    let last = connection
        .prepare_cached(
            "SELECT number, digest FROM receipt WHERE station = ?1 ORDER BY number DESC LIMIT 1",
        )?
        .query_row([about.station.to_bytes()], |row| {
            Ok((row.get::<_, i64>(0)? as u64, row.get::<_, [u8; 32]>(1)?))
        })
        .optional()?;
    let number = last.map_or(1, |(number, _)| number + 1);
    let bytes = receipt::make(
        &Receipt {
            number,
            station: about.station,
            packet: about.packet,
            manifest_sha256: about.manifest,
            refused_sha256: about.came,
            outcome,
            node: keys.programme().node.clone(),
            previous: last.map(|(_, digest)| Sha256Digest(digest)),
            time: now,
        },
        keys.centre_key(),
    );
    let (stored, reason) = match outcome {
        Outcome::Stored { .. } => (true, None),
        Outcome::Refused { reason } => (false, Some(reason.code())),
    };
    connection
        .prepare_cached(
            "INSERT INTO receipt (station, number, packet, manifest_sha256, refused_sha256, stored,
                reason, bytes, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            about.station.to_bytes(),
            number as i64,
            about.packet.to_bytes(),
            about.manifest.0,
            about.came.map(|digest| digest.0),
            stored,
            reason,
            bytes,
            qayd_crypto::sha256(&bytes).0
        ])?;
    Ok((number, bytes))
}

/// One signed receipt.
pub(super) fn receipt_in(
    connection: &Connection,
    station: StationId,
    number: u64,
) -> Result<Vec<u8>, RegisterError> {
    Ok(connection
        .prepare_cached("SELECT bytes FROM receipt WHERE station = ?1 AND number = ?2")?
        .query_row(params![station.to_bytes(), number as i64], |row| row.get(0))?)
}

fn end_upload_in(
    connection: &Connection,
    upload: Option<UploadId>,
    state: &str,
    receipt: Option<u64>,
) -> Result<(), RegisterError> {
    if let Some(upload) = upload {
        connection
            .prepare_cached("UPDATE upload SET state = ?2, receipt = ?3 WHERE id = ?1")?
            .execute(params![
                upload.to_bytes(),
                state,
                receipt.map(|number| number as i64)
            ])?;
    }
    Ok(())
}
