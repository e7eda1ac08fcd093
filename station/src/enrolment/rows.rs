//! Rows of drafts: each function one statement, each cell sealed before it is written.
//!
//! In: an open transaction and the draft's key. Out: rows, and what they held. Owns: the SQL of the draft tables.
//! Never: decides whether something may be written; `draft`, `import` and `returned` do.

use qayd_crypto::{Zeroizing, sha256};
use qayd_model::{
    BiometricException, EnrolmentId, OperatorId, PersonalBytes, SampleId, SampleKind, Source,
    UnixMs, Value,
};
use qayd_packet::limits::SAMPLE_BYTES_MAX;
use qayd_packet::{FieldEntry, SampleEntry};
use qayd_world::random_array;
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::EnrolmentError;
use super::cell::{DraftKey, Place};
use super::draft::{DraftSample, DraftSummary};
use crate::provisioning::KnownPack;
use crate::station::Station;
use crate::store::StoreError;

/// Changes that can be undone.
const UNDO_MAX: u32 = 50;

/// The step a new draft stands at.
const FIRST_STEP: &str = "begin";

/// Makes the rows of a new draft with a key of its own.
pub(super) fn insert(
    tx: &Transaction<'_>,
    station: &Station,
    operator: OperatorId,
    enrolment: EnrolmentId,
    version: u32,
    pack: &KnownPack,
) -> Result<(DraftKey, UnixMs), StoreError> {
    let at = station.clock().stamp(tx)?.recorded;
    tx.execute(
        "INSERT INTO draft (enrolment, version, pack_id, pack_version, operator, step, revision, started, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?7)",
        (
            enrolment.to_bytes(),
            version,
            &pack.pack.id,
            pack.pack.version,
            operator.to_bytes(),
            FIRST_STEP,
            at.0,
        ),
    )?;
    let key = DraftKey::make(enrolment, &*station.world().random);
    key.insert(tx)?;
    Ok((key, at))
}

/// Erases a draft: its key first, so that whatever of the rest survives on the medium opens for nobody.
pub(super) fn erase(tx: &Transaction<'_>, enrolment: EnrolmentId) -> Result<bool, StoreError> {
    tx.execute(
        "DELETE FROM draft_key WHERE enrolment = ?1",
        [enrolment.to_bytes()],
    )?;
    Ok(tx.execute(
        "DELETE FROM draft WHERE enrolment = ?1",
        [enrolment.to_bytes()],
    )? > 0)
}

#[allow(clippy::too_many_arguments, reason = "one row, its columns")]
pub(super) fn put_field(
    tx: &Transaction<'_>,
    station: &Station,
    key: &DraftKey,
    enrolment: EnrolmentId,
    operator: OperatorId,
    number: u32,
    value: Value,
    source: Source,
    at: UnixMs,
) -> Result<(), EnrolmentError> {
    let entry = FieldEntry {
        number,
        value,
        source,
        entered: at,
        operator,
    };
    let sealed = key.seal_value(&*station.world().random, Place::Field(number), &entry);
    remember(tx, enrolment, number)?;
    put_cell(tx, enrolment, number, &sealed)?;
    Ok(())
}

/// Takes over a field as an earlier version had it, with its provenance.
pub(super) fn put_entry(
    tx: &Transaction<'_>,
    station: &Station,
    key: &DraftKey,
    enrolment: EnrolmentId,
    entry: &FieldEntry,
) -> Result<(), StoreError> {
    let sealed = key.seal_value(&*station.world().random, Place::Field(entry.number), entry);
    put_cell(tx, enrolment, entry.number, &sealed)
}

pub(super) fn put_cell(
    tx: &Transaction<'_>,
    enrolment: EnrolmentId,
    number: u32,
    sealed: &[u8],
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO draft_field (enrolment, number, sealed) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET sealed = excluded.sealed",
    )?
    .execute((enrolment.to_bytes(), number, sealed))?;
    Ok(())
}

/// Puts the present value of a field, or its absence, into the undo history.
pub(super) fn remember(
    tx: &Transaction<'_>,
    enrolment: EnrolmentId,
    number: u32,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO draft_undo (enrolment, number, sealed)
         VALUES (?1, ?2, (SELECT sealed FROM draft_field WHERE enrolment = ?1 AND number = ?2))",
    )?
    .execute((enrolment.to_bytes(), number))?;
    tx.prepare_cached(
        "DELETE FROM draft_undo WHERE enrolment = ?1 AND id <=
         (SELECT id FROM draft_undo WHERE enrolment = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
    )?
    .execute((enrolment.to_bytes(), UNDO_MAX))?;
    Ok(())
}

/// The slot of a sample; one sample per slot.
pub(super) fn slot(kind: &SampleKind) -> String {
    match kind {
        SampleKind::Portrait => "portrait".to_owned(),
        SampleKind::Finger(position) => format!("finger-{}", position.code()),
        SampleKind::ExceptionPhoto => "exception-photo".to_owned(),
        SampleKind::DocumentPage { document, page } => format!("document-{document}-{page}"),
        SampleKind::ThumbMark => "thumb-mark".to_owned(),
        SampleKind::Signature => "signature".to_owned(),
    }
}

pub(super) fn put_sample(
    tx: &Transaction<'_>,
    station: &Station,
    key: &DraftKey,
    enrolment: EnrolmentId,
    sample: &DraftSample,
    at: UnixMs,
) -> Result<SampleId, EnrolmentError> {
    let bytes = sample.bytes.expose();
    if bytes.is_empty() || bytes.len() > SAMPLE_BYTES_MAX {
        return Err(EnrolmentError::SampleLength {
            length: bytes.len(),
        });
    }
    let random = &*station.world().random;
    let id = SampleId::make(at.0, random_array(random));
    let entry = SampleEntry {
        id,
        kind: sample.kind.clone(),
        // Named when it is sealed.
        part: String::new(),
        held_in: None,
        media_type: sample.media_type.clone(),
        length: bytes.len() as u64,
        sha256: sha256(bytes),
        quality: sample.quality.clone(),
        ppi: sample.ppi,
        device: sample.device.clone(),
        attempts: sample.attempts,
        captured: at,
    };
    let sealed = key.seal(random, Place::SampleBytes(&id.to_bytes()), bytes);
    put_sample_row(tx, station, key, enrolment, &entry, Some(&sealed))?;
    Ok(id)
}

/// Takes over a sample whose bytes the centre holds.
pub(super) fn put_held(
    tx: &Transaction<'_>,
    station: &Station,
    key: &DraftKey,
    enrolment: EnrolmentId,
    entry: &SampleEntry,
) -> Result<(), StoreError> {
    put_sample_row(tx, station, key, enrolment, entry, None)
}

fn put_sample_row(
    tx: &Transaction<'_>,
    station: &Station,
    key: &DraftKey,
    enrolment: EnrolmentId,
    entry: &SampleEntry,
    sealed_bytes: Option<&[u8]>,
) -> Result<(), StoreError> {
    let id = entry.id.to_bytes();
    let sealed_entry = key.seal_value(&*station.world().random, Place::SampleEntry(&id), entry);
    // The slot of a document names its type, which says little and nothing about whom.
    let slot = slot(&entry.kind);
    tx.execute(
        "DELETE FROM draft_sample WHERE enrolment = ?1 AND slot = ?2",
        (enrolment.to_bytes(), &slot),
    )?;
    tx.execute(
        "INSERT INTO draft_sample (enrolment, sample, slot, entry, bytes) VALUES (?1, ?2, ?3, ?4, ?5)",
        (enrolment.to_bytes(), id, slot, sealed_entry, sealed_bytes),
    )?;
    Ok(())
}

pub(super) fn put_exception(
    tx: &Transaction<'_>,
    station: &Station,
    key: &DraftKey,
    enrolment: EnrolmentId,
    exception: &BiometricException,
) -> Result<(), StoreError> {
    let position = exception.position.code();
    let sealed = key.seal_value(
        &*station.world().random,
        Place::Exception(position),
        exception,
    );
    tx.execute(
        "INSERT INTO draft_exception (enrolment, position, sealed) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET sealed = excluded.sealed",
        (enrolment.to_bytes(), position, sealed),
    )?;
    Ok(())
}

pub(super) fn put_note(
    tx: &Transaction<'_>,
    station: &Station,
    key: &DraftKey,
    enrolment: EnrolmentId,
    name: &str,
    bytes: &[u8],
) -> Result<(), StoreError> {
    let sealed = key.seal(&*station.world().random, Place::Note(name), bytes);
    tx.execute(
        "INSERT INTO draft_note (enrolment, name, sealed) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET sealed = excluded.sealed",
        (enrolment.to_bytes(), name, sealed),
    )?;
    Ok(())
}

pub(super) fn note(
    connection: &Connection,
    key: &DraftKey,
    enrolment: EnrolmentId,
    name: &str,
) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
    let sealed: Option<Vec<u8>> = connection
        .query_row(
            "SELECT sealed FROM draft_note WHERE enrolment = ?1 AND name = ?2",
            (enrolment.to_bytes(), name),
            |row| row.get(0),
        )
        .optional()?;
    sealed.map(|s| key.open(Place::Note(name), &s)).transpose()
}

pub(super) fn fields(
    connection: &Connection,
    key: &DraftKey,
    enrolment: EnrolmentId,
) -> Result<Vec<FieldEntry>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT number, sealed FROM draft_field WHERE enrolment = ?1 ORDER BY number",
    )?;
    let rows = statement.query_map([enrolment.to_bytes()], |row| {
        Ok((row.get::<_, u32>(0)?, row.get::<_, Vec<u8>>(1)?))
    })?;
    rows.map(|row| {
        let (number, sealed) = row?;
        key.open_value(Place::Field(number), &sealed)
    })
    .collect()
}

pub(super) fn samples(
    connection: &Connection,
    key: &DraftKey,
    enrolment: EnrolmentId,
) -> Result<Vec<SampleEntry>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT sample, entry FROM draft_sample WHERE enrolment = ?1 ORDER BY id",
    )?;
    let rows = statement.query_map([enrolment.to_bytes()], |row| {
        Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, Vec<u8>>(1)?))
    })?;
    rows.map(|row| {
        let (sample, sealed) = row?;
        key.open_value(Place::SampleEntry(&sample), &sealed)
    })
    .collect()
}

pub(super) fn sample_bytes(
    connection: &Connection,
    key: &DraftKey,
    enrolment: EnrolmentId,
    sample: SampleId,
) -> Result<Option<PersonalBytes>, StoreError> {
    let sealed: Option<Option<Vec<u8>>> = connection
        .prepare_cached("SELECT bytes FROM draft_sample WHERE enrolment = ?1 AND sample = ?2")?
        .query_row((enrolment.to_bytes(), sample.to_bytes()), |row| row.get(0))
        .optional()?;
    let Some(Some(sealed)) = sealed else {
        return Ok(None);
    };
    let mut plain = key.open(Place::SampleBytes(&sample.to_bytes()), &sealed)?;
    // Moved, not copied, out of the zeroizing vector.
    Ok(Some(PersonalBytes::new(std::mem::take(&mut *plain))))
}

pub(super) fn exceptions(
    connection: &Connection,
    key: &DraftKey,
    enrolment: EnrolmentId,
) -> Result<Vec<BiometricException>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT position, sealed FROM draft_exception WHERE enrolment = ?1 ORDER BY position",
    )?;
    let rows = statement.query_map([enrolment.to_bytes()], |row| {
        Ok((row.get::<_, u8>(0)?, row.get::<_, Vec<u8>>(1)?))
    })?;
    rows.map(|row| {
        let (position, sealed) = row?;
        key.open_value(Place::Exception(position), &sealed)
    })
    .collect()
}

/// The revision of a draft.
pub(super) fn revision(
    connection: &Connection,
    enrolment: EnrolmentId,
) -> Result<Option<u64>, StoreError> {
    Ok(connection
        .query_row(
            "SELECT revision FROM draft WHERE enrolment = ?1",
            [enrolment.to_bytes()],
            |row| row.get(0),
        )
        .optional()?)
}

const SUMMARY: &str =
    "SELECT enrolment, version, pack_id, pack_version, operator, step, started, changed FROM draft";

fn summary_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<DraftSummary> {
    Ok(DraftSummary {
        enrolment: EnrolmentId::from_bytes(row.get(0)?),
        version: row.get(1)?,
        pack_id: row.get(2)?,
        pack_version: row.get(3)?,
        operator: OperatorId::from_bytes(row.get(4)?),
        step: row.get(5)?,
        started: UnixMs(row.get(6)?),
        changed: UnixMs(row.get(7)?),
    })
}

/// One draft's line.
pub(super) fn summary(
    connection: &Connection,
    enrolment: EnrolmentId,
) -> Result<Option<DraftSummary>, StoreError> {
    Ok(connection
        .query_row(
            &format!("{SUMMARY} WHERE enrolment = ?1"),
            [enrolment.to_bytes()],
            summary_of,
        )
        .optional()?)
}

/// All drafts, the one changed last first.
pub(super) fn list(connection: &Connection) -> Result<Vec<DraftSummary>, StoreError> {
    let mut statement =
        connection.prepare(&format!("{SUMMARY} ORDER BY changed DESC, enrolment"))?;
    let rows = statement.query_map([], summary_of)?;
    Ok(rows.collect::<Result<_, _>>()?)
}
