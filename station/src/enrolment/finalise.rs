//! Finalise: the whole draft against the rules of its pack.
//!
//! In: a draft. Out: [`Finalised`], or everything that is missing and why it may be.
//! Never: changes the draft; makes a missing approval a reason not to finalise, because the supervisor comes last.

use std::sync::Arc;

use qayd_model::pack::{Field, Pack, Role};
use qayd_model::validation::{self, Findings, Item, Warning};
use qayd_model::{
    AgeRange, Answers, BiometricException, Capture, EnrolmentId, NamePart, PacketId, PersonName,
    PersonalBytes, SampleKind, SampleSeen, UnixMs, Value, validate,
};
use qayd_packet::{FieldEntry, SampleEntry};
use rusqlite::Connection;
use time::{Date, OffsetDateTime, UtcOffset};

use super::cell::DraftKey;
use super::returned::sensitive_in;
use super::slip::{Slip, slip_of};
use super::{EnrolmentError, FieldInput, HOME_OFFICE_UNKNOWN, draft};
use crate::capture::NOTE as CAPTURE_NOTE;
use crate::provisioning::KnownPack;
use crate::station::Station;
use crate::store::StoreError;
use crate::watch::Probe;

/// Table of the civil-status offices.
const OFFICES: &str = "offices";

/// A draft in which nothing is missing, as it stood at that moment. Only [`super::Draft::finalise`] makes one.
pub struct Finalised {
    pub(super) enrolment: EnrolmentId,
    pub(super) version: u32,
    pub(super) revision: u64,
    pub(super) started: UnixMs,
    pub(super) pack: Arc<KnownPack>,
    pub(super) fields: Vec<FieldEntry>,
    /// The packet whose sensitive answers stand unless they are given anew, where this is a returned case.
    pub(super) sensitive_in: Option<PacketId>,
    pub(super) samples: Vec<(SampleEntry, Option<PersonalBytes>)>,
    pub(super) exceptions: Vec<BiometricException>,
    pub(super) home_office: String,
    /// Folded words of the holder's name.
    pub(super) words: Vec<String>,
    /// What the duplicate watch compares and remembers.
    pub(super) probe: Probe,
    slip: Slip,
    warnings: Vec<Warning>,
    routes: Vec<String>,
}

/// How it stands with one field of the pack, given the other answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskedField {
    /// Its number.
    pub number: u32,
    /// It is asked; screens hide the others.
    pub asked: bool,
    /// It has to be answered, or left out with a reason.
    pub required: bool,
}

impl Finalised {
    /// Which enrolment.
    pub fn enrolment(&self) -> EnrolmentId {
        self.enrolment
    }

    /// Which version of it.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Whether a supervisor has to approve before it is sealed: there is an exception.
    pub fn needs_approval(&self) -> bool {
        !self.exceptions.is_empty()
    }

    /// What is allowed and worth knowing.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Routes of the pack that the case takes at the centre.
    pub fn routes(&self) -> &[String] {
        &self.routes
    }

    /// What [`crate::watch::look`] compares this person by.
    pub fn probe(&self) -> &Probe {
        &self.probe
    }

    /// The answers, for a preview before the seal.
    pub fn fields(&self) -> &[FieldEntry] {
        &self.fields
    }

    /// Everything captured, for a preview before the seal; bytes are `None` where the centre holds them.
    pub fn samples(&self) -> impl Iterator<Item = (&SampleEntry, Option<&PersonalBytes>)> {
        self.samples
            .iter()
            .map(|(entry, bytes)| (entry, bytes.as_ref()))
    }

    pub(super) fn slip(&self, number: u64) -> Slip {
        Slip {
            number,
            ..self.slip.clone()
        }
    }
}

impl std::fmt::Debug for Finalised {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Finalised({}, version {})", self.enrolment, self.version)
    }
}

/// Reads one answer with the pack's parser.
pub(super) fn parse_input(
    pack: &KnownPack,
    field: &str,
    input: &FieldInput,
) -> Result<Value, EnrolmentError> {
    let field = field_of(&pack.pack, field)?;
    match input {
        FieldInput::Line(line) => {
            qayd_model::import::parse_line(&pack.pack, field, line, &pack.codes)
        }
        FieldInput::Parts(parts) => qayd_model::parse_value(&pack.pack, field, parts, &pack.codes),
    }
    .map_err(|error| EnrolmentError::BadValue {
        field: field.id.clone(),
        error,
    })
}

/// Checks a value against its field alone; what it means beside the others is for [`finalise`].
pub(super) fn check_value(
    pack: &KnownPack,
    field: &str,
    value: &Value,
) -> Result<u32, EnrolmentError> {
    let field = field_of(&pack.pack, field)?;
    let bad = |error| EnrolmentError::BadValue {
        field: field.id.clone(),
        error,
    };
    if let Value::Missing(reason) = value {
        return if field.may_be_missing.contains(reason) {
            Ok(field.number)
        } else {
            Err(bad(qayd_model::ValueFault::ReasonNotAllowed.into()))
        };
    }
    let errors = qayd_model::validation::check_value(&pack.pack, field, value, &pack.codes, None);
    match errors.into_iter().next() {
        None => Ok(field.number),
        Some(error) => Err(bad(error)),
    }
}

fn field_of<'p>(pack: &'p Pack, field: &str) -> Result<&'p Field, EnrolmentError> {
    pack.field(field)
        .ok_or_else(|| EnrolmentError::no_such_field(field))
}

/// Everything in a draft, put together as it will be sealed.
pub(super) fn collect(
    station: &Station,
    connection: &Connection,
    key: &DraftKey,
    enrolment: EnrolmentId,
    pack: &Arc<KnownPack>,
) -> Result<Finalised, EnrolmentError> {
    let summary = draft::summary(connection, enrolment)?.ok_or(EnrolmentError::NoSuchDraft)?;
    let revision = draft::revision(connection, enrolment)?.ok_or(EnrolmentError::NoSuchDraft)?;
    let mut fields = draft::fields(connection, key, enrolment)?;
    let entries = draft::samples(connection, key, enrolment)?;
    link_pages(&mut fields, &entries);
    let mut samples = Vec::with_capacity(entries.len());
    for entry in entries {
        let bytes = draft::sample_bytes(connection, key, enrolment, entry.id)?;
        if bytes.is_none() && entry.held_in.is_none() {
            return Err(StoreError::Damaged {
                table: "draft_sample",
                what: "no bytes",
            }
            .into());
        }
        samples.push((entry, bytes));
    }
    let exceptions = draft::exceptions(connection, key, enrolment)?;
    let note = draft::note(connection, key, enrolment, CAPTURE_NOTE)?;
    let probe = Probe::of(
        &station.policy_in(connection)?,
        &pack.pack,
        &fields,
        note.as_ref().map(|n| n.as_slice()),
        &samples,
    );
    let sensitive_in = sensitive_in(connection, key, enrolment)?;
    let answers = answers(&fields);
    let home_office = pack
        .pack
        .home_office(&answers)
        .map_or(HOME_OFFICE_UNKNOWN.to_owned(), str::to_owned);
    let slip = slip_of(pack, &answers);
    let words = match pack.pack.answer(Role::HolderName, &answers) {
        Some(Value::Name(name)) => name_words(name),
        _ => Vec::new(),
    };
    Ok(Finalised {
        enrolment,
        version: summary.version,
        revision,
        started: summary.started,
        pack: pack.clone(),
        fields,
        sensitive_in,
        samples,
        exceptions,
        home_office,
        words,
        probe,
        slip,
        warnings: Vec::new(),
        routes: Vec::new(),
    })
}

/// For every field of the pack, in its order: whether it is asked now, and whether it has to be answered.
pub(super) fn asked(
    station: &Station,
    connection: &Connection,
    pack: &KnownPack,
    fields: &[FieldEntry],
) -> Result<Vec<AskedField>, EnrolmentError> {
    let date = capture_date(station, connection)?;
    let answers = answers(fields);
    Ok(pack
        .pack
        .fields()
        .map(|field| AskedField {
            number: field.number,
            asked: validation::is_asked(&pack.pack, field, &answers, date),
            required: validation::is_required(&pack.pack, field, &answers, date).is_some(),
        })
        .collect())
}

/// How old the person is today, as far as the answers say.
pub(super) fn age(
    station: &Station,
    connection: &Connection,
    pack: &KnownPack,
    fields: &[FieldEntry],
) -> Result<AgeRange, EnrolmentError> {
    let date = capture_date(station, connection)?;
    Ok(validation::age_at_capture(
        &pack.pack,
        &answers(fields),
        date,
    ))
}

/// The day at the place of capture.
fn capture_date(station: &Station, connection: &Connection) -> Result<Date, EnrolmentError> {
    Ok(civil_date(
        station.clock().now(connection)?,
        station.utc_offset_minutes(connection)?,
    ))
}

/// Checks every rule.
pub(super) fn finalise(
    station: &Station,
    connection: &Connection,
    key: &DraftKey,
    enrolment: EnrolmentId,
    pack: &Arc<KnownPack>,
) -> Result<Finalised, EnrolmentError> {
    let mut collected = collect(station, connection, key, enrolment, pack)?;
    let seen: Vec<SampleSeen> = collected
        .samples
        .iter()
        .map(|(entry, _)| SampleSeen {
            kind: entry.kind.clone(),
            quality: entry.quality.as_ref().map(|q| q.value),
            attempts: entry.attempts,
        })
        .collect();
    let site = &station.identity().site;
    let capture = Capture {
        date: capture_date(station, connection)?,
        samples: &seen,
        exceptions: &collected.exceptions,
        site_office: pack.codes.has(OFFICES, site).then_some(site.as_str()),
    };
    let mut findings: Findings = validate(
        &pack.pack,
        &pack.codes,
        &answers(&collected.fields),
        &capture,
    );
    // The supervisor is asked when everything else is there, and signs at the seal.
    findings
        .missing
        .retain(|missing| !matches!(missing.item, Item::Supervisor { .. }));
    if !findings.is_complete() {
        return Err(EnrolmentError::Incomplete(Box::new(findings)));
    }
    collected.warnings = findings.warnings;
    collected.routes = findings.routes;
    Ok(collected)
}

fn answers(fields: &[FieldEntry]) -> Answers {
    fields
        .iter()
        .map(|entry| (entry.number, entry.value.clone()))
        .collect()
}

/// The day in the calendar of the place.
fn civil_date(at: UnixMs, offset_minutes: i64) -> Date {
    let seconds = i64::try_from(at.0 / 1000).unwrap_or(i64::MAX);
    let offset = i32::try_from(offset_minutes * 60)
        .ok()
        .and_then(|s| UtcOffset::from_whole_seconds(s).ok());
    OffsetDateTime::from_unix_timestamp(seconds)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .to_offset(offset.unwrap_or(UtcOffset::UTC))
        .date()
}

/// Gives each listed paper its scanned pages, in their order.
fn link_pages(fields: &mut [FieldEntry], samples: &[SampleEntry]) {
    for entry in fields {
        let Value::Evidence(items) = &mut entry.value else {
            continue;
        };
        for item in items {
            let mut pages: Vec<(u16, _)> = samples
                .iter()
                .filter_map(|sample| match &sample.kind {
                    SampleKind::DocumentPage { document, page } if *document == item.document => {
                        Some((*page, sample.id))
                    }
                    _ => None,
                })
                .collect();
            pages.sort();
            item.pages = pages.into_iter().map(|(_, id)| id).collect();
        }
    }
}

fn name_words(name: &PersonName) -> Vec<String> {
    let parts = [&name.given, &name.father, &name.grandfather, &name.laqab];
    let mut words: Vec<String> = parts
        .into_iter()
        .flatten()
        .flat_map(|NamePart { ar, ckb, lat }| [ar, ckb, lat].into_iter().flatten())
        .flat_map(|text| folded_words(text.expose()))
        .collect();
    words.sort();
    words.dedup();
    words
}

/// The words of a text as search sees them.
pub(super) fn folded_words(text: &str) -> Vec<String> {
    let folded = qayd_model::folding::fold(text);
    folded
        .expose()
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_civil_date_is_the_places_own() {
        // 2026-01-01 22:30 UTC is the second of January in Baghdad.
        let at = UnixMs(1_767_306_600_000);
        assert_eq!(civil_date(at, 180).day(), 2);
        assert_eq!(civil_date(at, 0).day(), 1);
    }
}
