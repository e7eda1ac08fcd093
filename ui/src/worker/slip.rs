//! The slip of a sealed enrolment: on the screen, on paper, in a file.
//!
//! In: an enrolment that was sealed here, commands. Out: the page, a print, a file where one was asked for.
//! Never: makes the screen wait for a printer; writes a file anywhere but in the folder that somebody named.

use std::path::Path;
use std::sync::Arc;

use qayd_model::EnrolmentId;
use qayd_model::pack::Language;
use qayd_station::{Station, StoreError, enrolment};
use qayd_window::{Page, Said, SlipLine, StepKind};

use super::{After, Next, Worker, pictures};
use crate::desk::{Command, Event, SlipView, StepFrame};
use crate::messages::said;
use crate::slip::{Paper, pdf, print};

/// Why the slip is on the screen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// Just sealed; nothing of it can be carried over.
    Sealed,
    /// Just sealed; the next may be of the same family.
    SealedOfFamily,
    /// Sealed before.
    Again,
}

/// How the slip was left.
pub(super) enum Closed {
    Next,
    /// The next person is of the same family.
    Family,
    After(After),
}

/// Shows the slip until somebody goes on.
pub(super) fn run(
    worker: &mut Worker<'_>,
    station: &Station,
    id: EnrolmentId,
    shown: Shown,
) -> Closed {
    let paper = match paper(station, id) {
        Ok(Some(paper)) => paper,
        Ok(None) => {
            worker.say(Said::DraftGone);
            return Closed::Next;
        }
        Err(error) => {
            worker.say_code(error.code());
            return Closed::Next;
        }
    };
    show(worker, &paper, shown);
    worker.tell(Event::Page(Page::Enrolment));
    worker.truth(station, true);
    let idle_ms = Worker::idle_ms(station);
    loop {
        match worker.next(idle_ms) {
            Next::Do(Command::Forward(step)) if step == "slip" => return Closed::Next,
            Next::Do(Command::NextOfFamily) if shown == Shown::SealedOfFamily => {
                return Closed::Family;
            }
            Next::Do(Command::Language(language)) => {
                worker.language = language;
                worker.truth(station, true);
            }
            Next::Do(Command::PrintSlip(address)) => print(worker, &paper, address),
            Next::Do(Command::SaveSlip(folder)) => save(worker, &paper, &folder),
            Next::Do(Command::Lock) | Next::Idle => return Closed::After(After::Locked(None)),
            Next::Do(Command::SignOut) => return Closed::After(After::SignedOut),
            Next::Gone => return Closed::After(After::Gone),
            _ => worker.truth(station, false),
        }
    }
}

/// The paper of an enrolment; `None` where none of this id was sealed here.
fn paper(station: &Station, id: EnrolmentId) -> Result<Option<Paper>, StoreError> {
    let Some(code) = enrolment::slip_code(station, id)? else {
        return Ok(None);
    };
    let (found, offset) = station.store().read(|c| {
        Ok::<_, StoreError>((
            enrolment::record::latest(c, id)?,
            station.utc_offset_minutes(c)?,
        ))
    })?;
    let Some(found) = found else { return Ok(None) };
    let known = station
        .store()
        .read(|c| station.packs().newest(c, &found.pack_id))?;
    let language = Language::from_code(&found.slip.language).unwrap_or(Language::Arabic);
    let copies = known.map(|known| {
        let copies = known.pack.slip.copies.iter();
        copies
            .map(|copy| copy.label.in_language(language).to_owned())
            .collect()
    });
    let name = station.identity().name.as_str();
    Ok(Some(Paper::of(
        &found,
        code,
        name,
        offset,
        copies.unwrap_or_default(),
    )))
}

fn show(worker: &Worker<'_>, paper: &Paper, shown: Shown) {
    let lines = paper.lines.iter().map(|(label, text)| SlipLine {
        label: label.into(),
        text: text.into(),
    });
    worker.tell(Event::Slip(Box::new(SlipView {
        rtl: paper.language != Language::English,
        again: shown == Shown::Again,
        of_family: shown == Shown::SealedOfFamily,
        number: paper.number.clone(),
        heading: paper.title.clone(),
        footer: paper.footer.clone(),
        lines: lines.collect(),
        code: pictures::of_code(&paper.code),
    })));
    worker.tell(Event::Frame(Box::new(StepFrame {
        kind: StepKind::Slip,
        step: "slip".to_owned(),
        service: paper.title.clone(),
        section: String::new(),
        title: "#slip".to_owned(),
        hint: String::new(),
        place: String::new(),
        progress: 1.0,
        may_skip: false,
        rail: Vec::new(),
    })));
}

/// Draws and prints on a thread of its own: a printer that is asleep keeps nobody from the next person.
fn print(worker: &Worker<'_>, paper: &Paper, address: String) {
    worker.say(Said::Nothing);
    worker.tell(Event::Printing(true));
    let (tell, paper) = (worker.tell.clone(), paper.clone());
    let told = Arc::clone(&tell);
    let begun = std::thread::Builder::new()
        .name("printing".to_owned())
        .spawn(move || {
            let outcome = pdf::of(&paper)
                .map_err(|error| error.code())
                .and_then(|pdf| {
                    print::send(&address, &pdf, &paper.file_name()).map_err(|error| error.code())
                });
            told(Event::Printing(false));
            told(Event::Say(match outcome {
                Ok(()) => Said::Printed,
                Err(code) => {
                    tracing::info!(code, "told the operator");
                    said(code)
                }
            }));
        });
    if begun.is_err() {
        tell(Event::Printing(false));
        tell(Event::Say(Said::Fault));
    }
}

fn save(worker: &Worker<'_>, paper: &Paper, folder: &Path) {
    worker.say(Said::Nothing);
    if folder.as_os_str().is_empty() {
        worker.say(Said::NoFolder);
        return;
    }
    let file = folder.join(paper.file_name());
    let written = pdf::of(paper)
        .map_err(|error| error.code())
        .and_then(|pdf| {
            let written = worker.setup.world.files.write_durably(&file, &pdf);
            written.map_err(|_| "SLI-10")
        });
    match written {
        Ok(()) => {
            worker.tell(Event::SlipSaved(file.display().to_string()));
            worker.say(Said::Saved);
        }
        Err(code) => worker.say_code(code),
    }
}
