//! Seal: a finalised draft becomes a packet in the outbox that this station cannot open again.
//!
//! In: [`Finalised`], the operator's [`Session`], a supervisor's [`Approval`] where there are exceptions.
//! Out: [`SealedPacket`]: a durable file, and one transaction that queues it and erases the draft with its key.
//! Owns: the setting `seal-head`: sequence without gaps, digest of the manifest before.
//! Never: uses a sequence number for two packets; acknowledges before file and rows are on the disk.
//!
//! ```text
//!   head read ─► packet made ─► file: tmp, fsync, rename, fsync folder, read back ─► COMMIT ─► sealed
//!        ▲                                            │                         │
//!        └── crash: nothing happened ─────────────────┘   crash: `recover` completes it at start
//! ```

use std::path::{Path, PathBuf};

use minicbor::{Decode, Encode};
use qayd_crypto::sha256;
use qayd_model::{ByteCount, EnrolmentId, OperatorId, PacketId, Sha256Digest, UnixMs};
use qayd_packet::{Head, NewSample, Recipients, SealRequest, SignedManifest, Signer, StampedTime};
use qayd_world::{Files, FilesError, RandomnessRng, random_array};
use rusqlite::{Connection, Transaction};

use super::finalise::Finalised;
use super::slip::Slip;
use super::{EnrolmentError, draft, record};
use crate::audit::{AuditEvent, Stamp, Subject};
use crate::freeze;
use crate::outbox::{self, NewPacket};
use crate::session::{Approval, Session};
use crate::settings::{self, name};
use crate::station::Station;
use crate::store::StoreError;
use crate::watch::{self, Probe};

/// The home office of an enrolment whose pack could not name one: the centre routes it by hand.
pub const HOME_OFFICE_UNKNOWN: &str = "unknown";

/// A packet whose file and rows are durable. Only sealing makes one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SealedPacket {
    /// Which packet.
    pub packet: PacketId,
    /// Of which enrolment.
    pub enrolment: EnrolmentId,
    /// 1, or more after a return.
    pub version: u32,
    /// The station's gap-free number of it.
    pub sequence: u64,
    /// The running number on the slip.
    pub number: u64,
    /// Its signed manifest.
    pub manifest: SignedManifest,
    /// SHA-256 of the packet file.
    pub packet_sha256: Sha256Digest,
    /// Length of the packet file.
    pub length: ByteCount,
    /// Where the file lies.
    pub path: PathBuf,
    /// What the paper in the person's hand says.
    pub slip: Slip,
}

/// The last sealed packet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct SealHead {
    #[n(1)]
    pub sequence: u64,
    #[n(2)]
    pub digest: Sha256Digest,
}

/// The last sealed packet; `None` before the first.
pub(crate) fn head(connection: &Connection) -> Result<Option<SealHead>, StoreError> {
    settings::get_cbor(connection, name::SEAL_HEAD)
}

/// Seals. See the module's picture for what a crash at any point leaves.
pub(crate) fn seal(
    station: &Station,
    session: &Session,
    finalised: Finalised,
    approval: Option<&Approval>,
) -> Result<SealedPacket, EnrolmentError> {
    station.settle_seals()?;
    if let Some(sequence) = station.rolled_back() {
        return Err(EnrolmentError::RolledBack { sequence });
    }
    if !session.role().may_enrol() {
        return Err(EnrolmentError::RoleMayNotEnrol);
    }
    if finalised.needs_approval() {
        let approval = approval
            .filter(|a| !a.is_spent())
            .ok_or(EnrolmentError::ApprovalNeeded)?;
        if approval.supervisor() == session.operator() {
            return Err(EnrolmentError::Session(
                crate::session::SessionError::OwnApproval,
            ));
        }
    }
    fail::fail_point!("before-seal-file");
    // Set once bytes of this packet may be on the disk.
    let begun = std::cell::Cell::new(None);
    let done = station.store().write(|tx| {
        // The writer is held from reading the head to the commit: no other seal can take the same number.
        if draft::revision(tx, finalised.enrolment)? != Some(finalised.revision) {
            return Err(EnrolmentError::ChangedSince);
        }
        let stamp = station.clock().stamp(tx)?;
        let made = make(station, tx, session, &finalised, approval, &stamp)?;
        let packet = made.manifest.manifest().packet;
        let path = outbox::packet_path(station.store().folder(), packet);
        begun.set(Some(packet));
        write_packet(&*station.world().files, &path, &made.bytes)?;
        fail::fail_point!("after-seal-rename");
        let slip = finalised.slip(record::number(tx, finalised.enrolment)?);
        commit(
            station,
            tx,
            Commit {
                manifest: &made.manifest,
                packet_sha256: sha256(&made.bytes),
                slip: &slip,
                words: &finalised.words,
                probe: &finalised.probe,
                operator: Some(session.operator()),
                supervisor: approval.map(Approval::supervisor),
                event: AuditEvent::Sealed,
                at: stamp.recorded,
            },
        )
    });
    match done {
        Ok(sealed) => {
            fail::fail_point!("after-seal-commit");
            if let Some(approval) = approval.filter(|_| finalised.needs_approval()) {
                approval.spend();
            }
            Ok(sealed)
        }
        Err(error) => {
            let Some(packet) = begun.get() else {
                return Err(error);
            };
            // The file may lie in the outbox without its rows, or the commit may have become durable after all.
            station.doubt_seals();
            station.settle_seals()?;
            match station.store().read(|c| outbox::get(c, packet))? {
                Some(_) => sealed_from_rows(station, packet),
                None => Err(error),
            }
        }
    }
}

/// Temporary name, write, fsync, read back, rename, fsync of the folder, read back. In two steps rather than by
/// `write_durably`, so that a test can stop between them. What is left of the first is swept at the next start.
fn write_packet(files: &dyn Files, path: &Path, bytes: &[u8]) -> Result<(), FilesError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    files.create_dir(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let staged = folder.join(format!(".{name}.sealing.qayd-tmp"));
    let same = |at: &Path| {
        let held = files.read(at, bytes.len() as u64)?;
        if held == bytes {
            Ok(())
        } else {
            Err(FilesError::Damaged)
        }
    };
    let staging = files
        .append(&staged, 0, bytes)
        .and_then(|()| files.sync(&staged))
        .and_then(|()| same(&staged));
    if let Err(error) = staging {
        // Best effort: the sweep at start takes what stays.
        let _ = files.remove_durably(&staged);
        return Err(error);
    }
    fail::fail_point!("after-seal-file-write");
    files.rename_durably(&staged, path)?;
    same(path)
}

fn make(
    station: &Station,
    tx: &Transaction<'_>,
    session: &Session,
    finalised: &Finalised,
    approval: Option<&Approval>,
    stamp: &Stamp,
) -> Result<qayd_packet::SealedPacket, EnrolmentError> {
    let identity = station.identity();
    let keyring = station.keyring(tx)?;
    let last = head(tx)?;
    let packet = PacketId::make(stamp.recorded.0, random_array(&*station.world().random));
    let recipients = Recipients {
        review: keyring.review_keys.clone(),
        biometric: keyring.biometric_keys.clone(),
        sensitive: keyring.sensitive_keys.clone(),
    };
    let mut exceptions = finalised.exceptions.clone();
    if let Some(approval) = approval {
        for exception in &mut exceptions {
            exception.supervisor = Some(approval.supervisor());
        }
    }
    let mut samples = Vec::new();
    let mut held = Vec::new();
    for (entry, bytes) in &finalised.samples {
        match bytes {
            None => held.push(entry.clone()),
            Some(bytes) => samples.push(NewSample {
                id: entry.id,
                kind: entry.kind.clone(),
                media_type: entry.media_type.clone(),
                bytes: bytes.clone(),
                quality: entry.quality.clone(),
                ppi: entry.ppi,
                device: entry.device.clone(),
                attempts: entry.attempts,
                captured: entry.captured,
            }),
        }
    }
    let pack = &finalised.pack.pack;
    let (sensitive, fields) = finalised.fields.iter().cloned().partition(|entry| {
        pack.field_numbered(entry.number)
            .is_some_and(|field| field.sensitive)
    });
    let request = SealRequest {
        head: Head {
            packet,
            enrolment: finalised.enrolment,
            version: finalised.version,
            station: identity.station,
            sequence: last.as_ref().map_or(1, |l| l.sequence + 1),
            previous: last.map(|l| l.digest),
            boot_counter: stamp.boot_counter,
            made: StampedTime {
                raw: stamp.recorded,
                estimated: stamp.estimated,
                error_ms: stamp.error_ms,
            },
            pack_id: pack.id.clone(),
            pack_version: pack.version,
            pack_digest: finalised.pack.digest,
            station_kind: identity.kind.clone(),
            home_office: finalised.home_office.clone(),
            keyring_epoch: keyring.epoch,
        },
        started: finalised.started,
        fields,
        sensitive,
        sensitive_in: finalised.sensitive_in,
        samples,
        held,
        exceptions,
        extension: freeze::in_force(station, tx)?,
        operator: Signer {
            id: session.operator(),
            key: session.signing_key(),
            certificate: session.certificate(),
        },
        supervisor: approval.map(|a| Signer {
            id: a.supervisor(),
            key: a.signing_key(),
            certificate: a.certificate(),
        }),
        station_key: station.signing_key(),
        recipients: &recipients,
    };
    Ok(qayd_packet::seal(
        request,
        &mut RandomnessRng(&*station.world().random),
    )?)
}

/// What the transaction of a seal writes.
pub(super) struct Commit<'a> {
    pub manifest: &'a SignedManifest,
    pub packet_sha256: Sha256Digest,
    pub slip: &'a Slip,
    pub words: &'a [String],
    pub probe: &'a Probe,
    pub operator: Option<OperatorId>,
    pub supervisor: Option<OperatorId>,
    pub event: AuditEvent,
    pub at: UnixMs,
}

/// Queues the packet, keeps the record, tells the duplicate watch, erases the draft and its key, writes the audit entry: all or nothing.
pub(super) fn commit(
    station: &Station,
    tx: &Transaction<'_>,
    commit: Commit<'_>,
) -> Result<SealedPacket, EnrolmentError> {
    let Commit {
        manifest,
        packet_sha256,
        slip,
        words,
        probe,
        operator,
        supervisor,
        event,
        at,
    } = commit;
    let m = manifest.manifest();
    let length = ByteCount(manifest.packet_length());
    outbox::enqueue(
        tx,
        &NewPacket {
            packet: m.packet,
            enrolment: m.enrolment,
            sequence: m.sequence,
            digest: packet_sha256,
            manifest_digest: manifest.digest(),
            length,
            queued: at,
        },
    )?;
    record::keep(tx, manifest, slip, words, at)?;
    watch::remember(station, tx, m.enrolment, probe, at)?;
    settings::put_cbor(
        tx,
        name::SEAL_HEAD,
        &SealHead {
            sequence: m.sequence,
            digest: manifest.digest(),
        },
    )?;
    if !draft::erase(tx, m.enrolment)? {
        return Err(EnrolmentError::NoSuchDraft);
    }
    let mut subjects = vec![
        Subject::Enrolment(m.enrolment),
        Subject::Packet(m.packet),
        Subject::Count(m.sequence),
        Subject::Digest(manifest.digest()),
    ];
    subjects.extend(supervisor.map(Subject::Operator));
    station.record(tx, operator, event, &subjects)?;
    Ok(SealedPacket {
        packet: m.packet,
        enrolment: m.enrolment,
        version: m.version,
        sequence: m.sequence,
        number: slip.number,
        manifest: manifest.clone(),
        packet_sha256,
        length,
        path: outbox::packet_path(station.store().folder(), m.packet),
        slip: slip.clone(),
    })
}

/// What was sealed, from the rows: for a seal whose commit answered with an error and was durable all the same.
fn sealed_from_rows(station: &Station, packet: PacketId) -> Result<SealedPacket, EnrolmentError> {
    let damaged = |what| StoreError::Damaged {
        table: "enrolment",
        what,
    };
    station.store().read(|c| {
        let item = outbox::get(c, packet)?.ok_or(damaged("no row in the outbox"))?;
        let bytes = record::manifest(c, packet)?.ok_or(damaged("no manifest"))?;
        let manifest = SignedManifest::parse_unverified(&bytes)
            .map_err(|_| damaged("the manifest is not one"))?;
        let kept = record::latest(c, item.enrolment)?.ok_or(damaged("no record"))?;
        Ok(SealedPacket {
            packet,
            enrolment: item.enrolment,
            version: manifest.manifest().version,
            sequence: item.sequence,
            number: kept.number,
            packet_sha256: item.digest,
            length: item.length,
            path: outbox::packet_path(station.store().folder(), packet),
            slip: kept.slip,
            manifest,
        })
    })
}
