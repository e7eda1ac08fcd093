//! Draft: an enrolment while it is being made. Whatever is set is on the disk, encrypted, when the call returns.
//!
//! In: answers and samples, one at a time. Out: the same after any crash, and [`Finalised`] when it is complete.
//! Owns: with `rows`, tables `draft`, `draft_field`, `draft_undo`, `draft_sample`, `draft_exception`, `draft_note`.
//! Never: holds an answer in memory alone; writes a value in clear, even into the encrypted database.

use std::sync::Arc;

use qayd_crypto::Zeroizing;
use qayd_model::pack::{Language, Role};
use qayd_model::{
    BiometricException, EnrolmentId, FingerPosition, OperatorId, PersonalBytes, PersonalText,
    QualityScore, SampleId, SampleKind, Source, UnixMs, Value,
};
use qayd_packet::{FieldEntry, SampleEntry};
use qayd_world::random_array;
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::cell::{DraftKey, Place};
pub(super) use super::rows::{
    erase, exceptions, fields, insert, list, note, put_cell, put_entry, put_exception, put_field,
    put_held, put_note, put_sample, remember, revision, sample_bytes, samples, slot, summary,
};
use super::{EnrolmentError, Finalised, finalise};
use crate::audit::{AuditEvent, Subject};
use crate::freeze::{self, FreezeReason};
use crate::provisioning::KnownPack;
use crate::session::Session;
use crate::station::Station;

/// One sample as it was chosen from the attempts.
#[derive(Debug, Clone)]
pub struct DraftSample {
    /// What it is of. Another sample of the same kind takes its place.
    pub kind: SampleKind,
    /// Media type, such as `image/png`.
    pub media_type: String,
    /// The bytes as the device gave them, 1 to 8 MiB.
    pub bytes: PersonalBytes,
    /// Its quality, with who says so.
    pub quality: Option<QualityScore>,
    /// Pixels per inch.
    pub ppi: Option<u16>,
    /// Profile and serial number of the device, or `folder`.
    pub device: Option<String>,
    /// Attempts made, from 1.
    pub attempts: u16,
}

/// One line of the list of drafts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftSummary {
    /// Which enrolment.
    pub enrolment: EnrolmentId,
    /// 1, or more when it was returned.
    pub version: u32,
    /// Of which pack.
    pub pack_id: String,
    /// In which version.
    pub pack_version: u32,
    /// Who worked on it last.
    pub operator: OperatorId,
    /// Where it stands.
    pub step: String,
    /// When it began.
    pub started: UnixMs,
    /// When it last changed.
    pub changed: UnixMs,
}

/// An open draft. It holds no answer itself: each call reads or writes the store.
pub struct Draft<'a> {
    station: &'a Station,
    operator: OperatorId,
    enrolment: EnrolmentId,
    version: u32,
    pack: Arc<KnownPack>,
}

impl<'a> Draft<'a> {
    /// Begins an enrolment with a pack this station offers.
    pub(crate) fn begin(
        station: &'a Station,
        session: &Session,
        pack_id: &str,
    ) -> Result<Self, EnrolmentError> {
        let pack = offered(station, session, pack_id)?;
        let world = station.world();
        let enrolment = EnrolmentId::make(world.clock.now().0, random_array(&*world.random));
        station.store().write(|tx| {
            freeze::lapse(station, tx)?;
            insert(tx, station, session.operator(), enrolment, 1, &pack)?;
            let subjects = [
                Subject::Enrolment(enrolment),
                Subject::Code(pack_id.to_owned()),
            ];
            station.record(
                tx,
                Some(session.operator()),
                AuditEvent::DraftBegun,
                &subjects,
            )?;
            Ok(Self {
                station,
                operator: session.operator(),
                enrolment,
                version: 1,
                pack,
            })
        })
    }

    /// Opens a draft where it stood.
    pub(crate) fn resume(
        station: &'a Station,
        session: &Session,
        enrolment: EnrolmentId,
    ) -> Result<Self, EnrolmentError> {
        if !session.role().may_enrol() {
            return Err(EnrolmentError::RoleMayNotEnrol);
        }
        station.store().write(|tx| {
            let row = summary(tx, enrolment)?.ok_or(EnrolmentError::NoSuchDraft)?;
            let pack = known(station, tx, &row)?;
            tx.execute(
                "UPDATE draft SET operator = ?2 WHERE enrolment = ?1",
                (enrolment.to_bytes(), session.operator().to_bytes()),
            )?;
            let subjects = [Subject::Enrolment(enrolment)];
            station.record(
                tx,
                Some(session.operator()),
                AuditEvent::DraftResumed,
                &subjects,
            )?;
            Ok(Self {
                station,
                operator: session.operator(),
                enrolment,
                version: row.version,
                pack,
            })
        })
    }

    /// Its enrolment; the same through all versions.
    pub fn id(&self) -> EnrolmentId {
        self.enrolment
    }

    /// 1, or more when it was returned.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The pack that describes it.
    pub fn pack(&self) -> &qayd_model::pack::Pack {
        &self.pack.pack
    }

    /// The code tables the pack refers to.
    pub fn codes(&self) -> &qayd_model::CodeTables {
        &self.pack.codes
    }

    /// Which fields are asked now, and which have to be answered, in the pack's order.
    pub fn asked(&self) -> Result<Vec<finalise::AskedField>, EnrolmentError> {
        self.look(|c, key| {
            let answers = fields(c, key, self.enrolment)?;
            finalise::asked(self.station, c, &self.pack, &answers)
        })
    }

    /// Whether fingers are captured: the pack takes them, and the person is not surely too young.
    pub fn takes_fingers(&self) -> Result<bool, EnrolmentError> {
        let Some(policy) = self.pack.pack.biometrics.fingers.as_ref() else {
            return Ok(false);
        };
        self.look(|c, key| {
            let answers = fields(c, key, self.enrolment)?;
            let age = finalise::age(self.station, c, &self.pack, &answers)?;
            Ok(!age.surely_under(policy.optional_from_age))
        })
    }

    /// Where it stands: a word of the caller's, kept across crashes.
    pub fn step(&self) -> Result<String, EnrolmentError> {
        self.station.store().read(|c| {
            Ok(summary(c, self.enrolment)?
                .ok_or(EnrolmentError::NoSuchDraft)?
                .step)
        })
    }

    /// Moves the step pointer, durably.
    pub fn set_step(&mut self, step: &str) -> Result<(), EnrolmentError> {
        self.change(|tx, _, _| {
            tx.execute(
                "UPDATE draft SET step = ?2 WHERE enrolment = ?1",
                (self.enrolment.to_bytes(), step),
            )?;
            Ok(())
        })
    }

    /// Answers a field with text as typed or imported. The pack's own parser reads it; what it refuses changes nothing.
    ///
    /// # Errors
    /// [`EnrolmentError::NoSuchField`], [`EnrolmentError::BadValue`] with the place inside the field.
    pub fn set(
        &mut self,
        field: &str,
        input: &super::FieldInput,
        source: Source,
    ) -> Result<(), EnrolmentError> {
        let value = finalise::parse_input(&self.pack, field, input)?;
        self.set_value(field, value, source)
    }

    /// Answers a field. Durable when this returns; the value before goes to the undo history.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn set_value(
        &mut self,
        field: &str,
        value: Value,
        source: Source,
    ) -> Result<(), EnrolmentError> {
        let number = finalise::check_value(&self.pack, field, &value)?;
        self.change(|tx, key, at| {
            put_field(
                tx,
                self.station,
                key,
                self.enrolment,
                self.operator,
                number,
                value,
                source,
                at,
            )
        })?;
        fail::fail_point!("after-field-written");
        Ok(())
    }

    /// Takes an answer back.
    pub fn clear(&mut self, field: &str) -> Result<(), EnrolmentError> {
        let number = self.number(field)?;
        self.change(|tx, _, _| {
            remember(tx, self.enrolment, number)?;
            tx.execute(
                "DELETE FROM draft_field WHERE enrolment = ?1 AND number = ?2",
                (self.enrolment.to_bytes(), number),
            )?;
            Ok(())
        })
    }

    /// Takes the last change of a field back; `false` when there is none left.
    pub fn undo(&mut self) -> Result<bool, EnrolmentError> {
        self.change(|tx, _, _| {
            let last: Option<(i64, u32, Option<Vec<u8>>)> = tx
                .query_row(
                    "SELECT id, number, sealed FROM draft_undo WHERE enrolment = ?1 ORDER BY id DESC LIMIT 1",
                    [self.enrolment.to_bytes()],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                )
                .optional()?;
            let Some((id, number, sealed)) = last else { return Ok(false) };
            tx.execute("DELETE FROM draft_undo WHERE id = ?1", [id])?;
            match sealed {
                Some(sealed) => put_cell(tx, self.enrolment, number, &sealed)?,
                None => {
                    tx.execute(
                        "DELETE FROM draft_field WHERE enrolment = ?1 AND number = ?2",
                        (self.enrolment.to_bytes(), number),
                    )?;
                }
            }
            Ok(true)
        })
    }

    /// All answers, in order of their numbers.
    pub fn fields(&self) -> Result<Vec<FieldEntry>, EnrolmentError> {
        self.look(|c, key| Ok(fields(c, key, self.enrolment)?))
    }

    /// The answer to one field.
    pub fn value(&self, field: &str) -> Result<Option<Value>, EnrolmentError> {
        let number = self.number(field)?;
        self.look(|c, key| {
            let sealed: Option<Vec<u8>> = c
                .prepare_cached(
                    "SELECT sealed FROM draft_field WHERE enrolment = ?1 AND number = ?2",
                )?
                .query_row((self.enrolment.to_bytes(), number), |row| row.get(0))
                .optional()?;
            let entry: Option<FieldEntry> = sealed
                .map(|s| key.open_value(Place::Field(number), &s))
                .transpose()?;
            Ok(entry.map(|e| e.value))
        })
    }

    /// Keeps a sample, durably, in the place of the one of the same kind.
    ///
    /// # Errors
    /// [`EnrolmentError::SampleLength`]; nothing is changed.
    pub fn add_sample(&mut self, sample: DraftSample) -> Result<SampleId, EnrolmentError> {
        let id = self
            .change(|tx, key, at| put_sample(tx, self.station, key, self.enrolment, &sample, at))?;
        fail::fail_point!("after-sample-written");
        Ok(id)
    }

    /// Throws a sample away; `false` when there was none.
    pub fn remove_sample(&mut self, kind: &SampleKind) -> Result<bool, EnrolmentError> {
        self.change(|tx, _, _| {
            Ok(tx.execute(
                "DELETE FROM draft_sample WHERE enrolment = ?1 AND slot = ?2",
                (self.enrolment.to_bytes(), slot(kind)),
            )? > 0)
        })
    }

    /// All samples in the order they were kept, without their bytes.
    pub fn samples(&self) -> Result<Vec<SampleEntry>, EnrolmentError> {
        self.look(|c, key| Ok(samples(c, key, self.enrolment)?))
    }

    /// The bytes of a sample; `None` when the centre holds them since an earlier version.
    pub fn sample_bytes(&self, sample: SampleId) -> Result<Option<PersonalBytes>, EnrolmentError> {
        self.look(|c, key| Ok(sample_bytes(c, key, self.enrolment, sample)?))
    }

    /// Declares a finger missing. Whether a supervisor has to approve is said at [`Self::finalise`].
    pub fn add_exception(&mut self, exception: &BiometricException) -> Result<(), EnrolmentError> {
        self.change(|tx, key, _| {
            put_exception(tx, self.station, key, self.enrolment, exception)?;
            let position = u64::from(exception.position.code());
            let subjects = [Subject::Enrolment(self.enrolment), Subject::Count(position)];
            self.station.record(
                tx,
                Some(self.operator),
                AuditEvent::ExceptionAdded,
                &subjects,
            )?;
            Ok(())
        })
    }

    /// Takes an exception back; `false` when there was none.
    pub fn remove_exception(&mut self, position: FingerPosition) -> Result<bool, EnrolmentError> {
        self.change(|tx, _, _| {
            Ok(tx.execute(
                "DELETE FROM draft_exception WHERE enrolment = ?1 AND position = ?2",
                (self.enrolment.to_bytes(), position.code()),
            )? > 0)
        })
    }

    /// The fingers declared missing.
    pub fn exceptions(&self) -> Result<Vec<BiometricException>, EnrolmentError> {
        self.look(|c, key| Ok(exceptions(c, key, self.enrolment)?))
    }

    /// Keeps bytes of another step with the draft, sealed like everything in it and erased with it.
    pub fn set_note(&mut self, name: &str, bytes: &[u8]) -> Result<(), EnrolmentError> {
        self.change(|tx, key, _| {
            Ok(put_note(
                tx,
                self.station,
                key,
                self.enrolment,
                name,
                bytes,
            )?)
        })
    }

    /// What [`Self::set_note`] kept under this name.
    pub fn note(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, EnrolmentError> {
        self.look(|c, key| Ok(note(c, key, self.enrolment, name)?))
    }

    /// Checks every rule of the pack.
    ///
    /// # Errors
    /// [`EnrolmentError::Incomplete`] with all that is missing and why it may be; the draft stays as it is.
    pub fn finalise(&self) -> Result<Finalised, EnrolmentError> {
        self.look(|c, key| finalise::finalise(self.station, c, key, self.enrolment, &self.pack))
    }

    fn number(&self, field: &str) -> Result<u32, EnrolmentError> {
        let field = self
            .pack
            .pack
            .field(field)
            .ok_or_else(|| EnrolmentError::no_such_field(field))?;
        Ok(field.number)
    }

    fn look<T>(
        &self,
        ask: impl FnOnce(&Connection, &DraftKey) -> Result<T, EnrolmentError>,
    ) -> Result<T, EnrolmentError> {
        self.station.store().read(|c| {
            let key = DraftKey::load(c, self.enrolment)?.ok_or(EnrolmentError::NoSuchDraft)?;
            ask(c, &key)
        })
    }

    /// One change: the key must still exist, the revision grows, the time is stamped.
    fn change<T>(
        &self,
        act: impl FnOnce(&Transaction<'_>, &DraftKey, UnixMs) -> Result<T, EnrolmentError>,
    ) -> Result<T, EnrolmentError> {
        self.station.settle_seals()?;
        self.station.store().write(|tx| {
            let key = DraftKey::load(tx, self.enrolment)?.ok_or(EnrolmentError::NoSuchDraft)?;
            let at = self.station.clock().stamp(tx)?.recorded;
            let out = act(tx, &key, at)?;
            tx.prepare_cached(
                "UPDATE draft SET revision = revision + 1, changed = ?2 WHERE enrolment = ?1",
            )?
            .execute((self.enrolment.to_bytes(), at.0))?;
            Ok(out)
        })
    }
}

impl std::fmt::Debug for Draft<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Draft({}, version {})", self.enrolment, self.version)
    }
}

/// The holder's name in a draft, for a list; `None` while there is none. It is only read: nobody goes on with the draft.
pub(super) fn title(
    station: &Station,
    connection: &Connection,
    enrolment: EnrolmentId,
    language: Language,
) -> Result<Option<PersonalText>, EnrolmentError> {
    let row = summary(connection, enrolment)?.ok_or(EnrolmentError::NoSuchDraft)?;
    let key = DraftKey::load(connection, enrolment)?.ok_or(EnrolmentError::NoSuchDraft)?;
    let pack = known(station, connection, &row)?;
    let Some(field) = pack.pack.field_with(Role::HolderName) else {
        return Ok(None);
    };
    let answers = fields(connection, &key, enrolment)?;
    let name = answers.iter().find(|entry| entry.number == field.number);
    Ok(match name.map(|entry| &entry.value) {
        Some(Value::Name(name)) => Some(name.one_line(language)),
        _ => None,
    })
}

/// The newest version of a pack, if this operator may begin an enrolment with it here and now.
pub(super) fn offered(
    station: &Station,
    session: &Session,
    pack_id: &str,
) -> Result<Arc<KnownPack>, EnrolmentError> {
    if !session.role().may_enrol() {
        return Err(EnrolmentError::RoleMayNotEnrol);
    }
    let not_offered = || EnrolmentError::PackNotOffered {
        pack: pack_id.to_owned(),
    };
    let identity = station.identity();
    if !identity.packs.iter().any(|id| id == pack_id) {
        return Err(not_offered());
    }
    let (pack, stands) = station.store().read(|c| {
        if station.revoked(c)?.is_some() {
            return Err(EnrolmentError::StationRevoked);
        }
        let pack = station.packs().newest(c, pack_id)?;
        Ok((pack, freeze::standing(station, c)?))
    })?;
    let pack = pack.ok_or_else(not_offered)?;
    if !pack.pack.station_kinds.contains(&identity.kind) {
        return Err(not_offered());
    }
    match stands.frozen().first() {
        None => {}
        Some(FreezeReason::Offline) => {
            let days = stands.offline_days.now;
            return Err(EnrolmentError::OfflineTooLong { days });
        }
        Some(FreezeReason::Backlog) => {
            let packets = stands.backlog.now;
            return Err(EnrolmentError::BacklogTooLarge { packets });
        }
        Some(FreezeReason::Disk) => {
            let free = stands.free_bytes;
            return Err(EnrolmentError::DiskLow { free });
        }
    }
    Ok(pack)
}

/// The pack of a draft, in the version the draft began with.
pub(super) fn known(
    station: &Station,
    connection: &Connection,
    row: &DraftSummary,
) -> Result<Arc<KnownPack>, EnrolmentError> {
    station
        .packs()
        .of_version(connection, &row.pack_id, row.pack_version)?
        .ok_or_else(|| EnrolmentError::PackNotOffered {
            pack: row.pack_id.clone(),
        })
}
