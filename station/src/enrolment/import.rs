//! Import: a person's folder becomes a draft, all or nothing.
//!
//! In: `<person>/person.toml` with the pack's field ids, and the files beside it through the folder device.
//! Out: one draft, made in one transaction. Never: half a person; a value in an error.

use std::path::{Path, PathBuf};

use qayd_devices::capture::CaptureTarget;
use qayd_devices::folder::{FOLDER_PROFILE, FolderReason};
use qayd_devices::{FolderError, PersonFolder};
use qayd_model::import::PERSON_BYTES_MAX;
use qayd_model::{EnrolmentId, ImportedPerson, Source};
use qayd_world::{FilesError, random_array};

use super::draft::{self, DraftSample};
use super::{EnrolmentError, ImportFault};
use crate::audit::{AuditEvent, Subject};
use crate::freeze;
use crate::provisioning::KnownPack;
use crate::session::Session;
use crate::station::Station;

/// The file with the answers.
const PERSON_FILE: &str = "person.toml";

/// Chooses among the attempts of a folder what goes into the draft: the capture step's judgement.
pub type ImportSamples<'a> =
    &'a dyn Fn(PersonFolder, &KnownPack) -> Result<Vec<DraftSample>, Vec<ImportFault>>;

/// The last attempt of everything, unjudged: for folders that hold one attempt of each.
pub fn last_attempts(
    folder: PersonFolder,
    _: &KnownPack,
) -> Result<Vec<DraftSample>, Vec<ImportFault>> {
    let mut out: Vec<DraftSample> = Vec::new();
    for sample in folder.into_samples() {
        let CaptureTarget::Sample(kind) = sample.target else {
            continue;
        };
        let chosen = DraftSample {
            kind,
            media_type: sample.media_type.name().to_owned(),
            bytes: sample.bytes,
            quality: None,
            ppi: sample.ppi.map(|ppi| ppi.0),
            device: Some(FOLDER_PROFILE.to_owned()),
            attempts: sample.attempt,
        };
        // Ordered by target, then by attempt.
        match out.last_mut().filter(|last| last.kind == chosen.kind) {
            Some(last) => *last = chosen,
            None => out.push(chosen),
        }
    }
    Ok(out)
}

/// Makes the draft.
pub(crate) fn import(
    station: &Station,
    session: &Session,
    pack_id: &str,
    folder: &Path,
    choose: ImportSamples<'_>,
) -> Result<EnrolmentId, EnrolmentError> {
    let pack = draft::offered(station, session, pack_id)?;
    let mut faults = Vec::new();
    let person = read_person(station, folder, &pack)
        .map_err(|found| faults.extend(found))
        .ok();
    let samples = match PersonFolder::read(&*station.world().files, folder) {
        Ok(found) => choose(found, &pack)
            .map_err(|found| faults.extend(found))
            .ok(),
        // A person without any file may still be enrolled as far as the pack allows; finalise says what is missing.
        Err(error) if holds_no_sample(&error) => Some(Vec::new()),
        Err(error) => {
            faults.extend(error.problems.iter().map(|problem| ImportFault {
                file: problem.file.clone(),
                field: None,
                code: error.code(),
                reason: problem.reason.to_string(),
            }));
            None
        }
    };
    let (Some(person), Some(samples)) = (person, samples) else {
        return Err(EnrolmentError::Import(faults));
    };
    station.settle_seals()?;
    let enrolment = EnrolmentId::make(
        station.world().clock.now().0,
        random_array(&*station.world().random),
    );
    station.store().write(|tx| {
        let operator = session.operator();
        freeze::lapse(station, tx)?;
        let (key, at) = draft::insert(tx, station, operator, enrolment, 1, &pack)?;
        for (number, value) in person.answers.iter() {
            let entry = qayd_packet::FieldEntry {
                number,
                value: value.clone(),
                source: Source::Import,
                entered: at,
                operator,
            };
            draft::put_entry(tx, station, &key, enrolment, &entry)?;
        }
        for sample in &samples {
            draft::put_sample(tx, station, &key, enrolment, sample, at)?;
        }
        for exception in &person.exceptions {
            draft::put_exception(tx, station, &key, enrolment, exception)?;
        }
        let subjects = [
            Subject::Enrolment(enrolment),
            Subject::Code(pack.pack.id.clone()),
        ];
        station.record(tx, Some(operator), AuditEvent::DraftImported, &subjects)?;
        Ok::<_, EnrolmentError>(())
    })?;
    fail::fail_point!("after-import");
    Ok(enrolment)
}

fn holds_no_sample(error: &FolderError) -> bool {
    matches!(&error.problems[..], [only] if only.reason == FolderReason::NoSample)
}

fn read_person(
    station: &Station,
    folder: &Path,
    pack: &KnownPack,
) -> Result<ImportedPerson, Vec<ImportFault>> {
    let whole = |code, reason: &str| {
        vec![ImportFault {
            file: PathBuf::from(PERSON_FILE),
            field: None,
            code,
            reason: reason.to_owned(),
        }]
    };
    let path = folder.join(PERSON_FILE);
    let bytes = station
        .world()
        .files
        .read(&path, PERSON_BYTES_MAX as u64)
        .map_err(|error| match error {
            FilesError::NotFound => whole(error.code(), "there is no such file"),
            FilesError::TooLarge { .. } => whole(error.code(), "it is too large"),
            error => whole(error.code(), "it cannot be read"),
        })?;
    let text = String::from_utf8(bytes).map_err(|_| whole("IMP-05", "it is not UTF-8 text"))?;
    ImportedPerson::read(&pack.pack, &pack.codes, &text).map_err(|problems| {
        problems
            .into_iter()
            .map(|problem| ImportFault {
                file: PathBuf::from(PERSON_FILE),
                code: problem.code(),
                reason: problem.error.to_string(),
                field: Some(problem.field).filter(|field| !field.is_empty()),
            })
            .collect()
    })
}
