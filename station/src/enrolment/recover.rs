//! Recover: what a crash between the packet's file and its rows leaves, put right before anything else happens.
//!
//! In: files in `outbox/` that no row knows. Out: seals completed; a word about a database that is older than its files.
//! Never: deletes a packet; lets the next seal use the sequence number of one that lies there.
//!
//! A file is only ever in the outbox whole and read back. If it is this station's, is the next in sequence and its draft
//! is still there, the seal that made it is completed: the draft cannot have changed, because every change settles first.
//! What fits nowhere is left to `outbox::reconcile`, which sets it aside. A file further on in the sequence than the
//! database proves that somebody put an older database back; sealing then stops, or two packets would bear one number.

use qayd_crypto::sha256;
use qayd_model::{EnrolmentId, PacketId};
use qayd_packet::limits::PACKET_BYTES_MAX;
use qayd_packet::{SignedManifest, split_manifest, verify_packet};
use qayd_world::FilesError;

use super::cell::DraftKey;
use super::seal::{Commit, commit, head};
use super::{EnrolmentError, draft, finalise, record};
use crate::audit::AuditEvent;
use crate::outbox;
use crate::station::Station;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Enrolments whose seal was completed.
    pub completed: Vec<EnrolmentId>,
    /// The highest sequence number found beyond what the database knows.
    pub beyond: Option<u64>,
}

/// Completes what can be completed.
pub(crate) fn recover(station: &Station) -> Result<Recovered, EnrolmentError> {
    let folder = outbox::outbox_folder(station.store().folder());
    let files = &*station.world().files;
    let mut found = Recovered::default();
    let paths = match files.list(&folder) {
        Err(FilesError::NotFound) => return Ok(found),
        paths => paths?,
    };
    let mut strangers = Vec::new();
    for path in paths {
        let Some(name) = path.file_name().and_then(|n| n.to_str()) else {
            continue;
        };
        let Some(packet) = name
            .strip_suffix(".qpk")
            .and_then(|stem| stem.parse::<PacketId>().ok())
        else {
            continue;
        };
        if station.store().read(|c| outbox::get(c, packet))?.is_some() {
            continue;
        }
        let bytes = match files.read(&path, PACKET_BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(FilesError::TooLarge { .. } | FilesError::NotFound) => continue,
            Err(error) => return Err(error.into()),
        };
        let key = station.signing_key().public();
        let Ok(verified) = verify_packet(&bytes, &key) else {
            continue;
        };
        let m = verified.manifest().manifest();
        if m.packet != packet || m.station != station.identity().station {
            continue;
        }
        let Ok(manifest) = split_manifest(&bytes) else {
            continue;
        };
        strangers.push((manifest, bytes));
    }
    strangers.sort_by_key(|(manifest, _)| manifest.manifest().sequence);
    for (manifest, bytes) in strangers {
        let m = manifest.manifest();
        let (enrolment, sequence) = (m.enrolment, m.sequence);
        if complete(station, &manifest, &bytes)? {
            tracing::warn!(%enrolment, sequence, "a seal that was cut short is complete now");
            found.completed.push(enrolment);
            continue;
        }
        let known = station.store().read(head)?.map_or(0, |h| h.sequence);
        if sequence > known {
            tracing::error!(
                sequence,
                known,
                "the outbox is ahead of the database: an older database was put back"
            );
            found.beyond = found.beyond.max(Some(sequence));
        }
    }
    Ok(found)
}

fn complete(
    station: &Station,
    manifest: &SignedManifest,
    bytes: &[u8],
) -> Result<bool, EnrolmentError> {
    let m = manifest.manifest();
    station.store().write(|tx| {
        let last = head(tx)?;
        let next = last.as_ref().map_or(1, |l| l.sequence + 1);
        if m.sequence != next || m.previous != last.map(|l| l.digest) {
            return Ok(false);
        }
        let Some(row) = draft::summary(tx, m.enrolment)? else {
            return Ok(false);
        };
        let Some(key) = DraftKey::load(tx, m.enrolment)? else {
            return Ok(false);
        };
        if row.version != m.version
            || row.pack_id != m.pack_id
            || row.pack_version != m.pack_version
        {
            return Ok(false);
        }
        let pack = draft::known(station, tx, &row)?;
        let collected = finalise::collect(station, tx, &key, m.enrolment, &pack)?;
        let slip = collected.slip(record::number(tx, m.enrolment)?);
        let at = station.clock().stamp(tx)?.recorded;
        commit(
            station,
            tx,
            Commit {
                manifest,
                packet_sha256: sha256(bytes),
                slip: &slip,
                words: &collected.words,
                probe: &collected.probe,
                operator: None,
                supervisor: None,
                event: AuditEvent::SealCompleted,
                at,
            },
        )?;
        Ok(true)
    })
}
