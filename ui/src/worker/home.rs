//! Home: what an operator who is signed in can do outside an enrolment.
//!
//! In: commands. Out: lists, and the enrolments that are begun or gone on with. Never: counts what the store does not say.

use qayd_model::pack::Wanted;
use qayd_model::{EnrolmentId, Source};
use qayd_station::{DraftSummary, EnrolmentError, Session, Station, StoreError, inbox};
use qayd_window::{OpenWork, Page, Said, Service};

use super::enrolment::Left;
use super::slip::{Closed, Shown};
use super::{After, Next, Worker, enrolment, lists, slip};
use crate::desk::{Command, Event, HomeView};
use crate::numbers;

/// The step word of a draft that its operator has put aside.
pub(super) const ASIDE: &str = "aside:";

/// The draft this operator was in when the program ended, if it was not put aside.
pub(super) fn left_open(station: &Station, session: &Session) -> Option<EnrolmentId> {
    let drafts = station.drafts().ok()?;
    let last = drafts
        .into_iter()
        .find(|draft| draft.operator == session.operator())?;
    let stands_in_it =
        !last.step.starts_with(ASIDE) && last.step != "returned" && !last.step.is_empty();
    stands_in_it.then_some(last.enrolment)
}

pub(super) fn run(
    worker: &mut Worker<'_>,
    station: &Station,
    session: &Session,
    resume: Option<EnrolmentId>,
) -> After {
    if let Some(after) = resume.and_then(|id| go_on(worker, station, session, Ok(id))) {
        return after;
    }
    let idle_ms = Worker::idle_ms(station);
    let mut page = Page::Home;
    let mut changes = 0;
    show(worker, station, page);
    loop {
        worker.truth(station, false);
        let command = match worker.next(idle_ms) {
            Next::Do(command) => command,
            // What is plugged in or pulled while somebody looks at the kit shows by itself.
            Next::Nothing => {
                let now = worker.kit.as_ref().map_or(0, super::kit::Kit::changes);
                if page == Page::Kit && now != changes {
                    show(worker, station, page);
                }
                changes = now;
                continue;
            }
            Next::Idle => return After::Locked(None),
            Next::Gone => return After::Gone,
        };
        let went = match command {
            Command::Lock => return After::Locked(None),
            Command::SignOut => return After::SignedOut,
            Command::Language(language) => {
                worker.language = language;
                worker.truth(station, true);
                None
            }
            Command::Go(to) => {
                page = to;
                worker.say(Said::Nothing);
                None
            }
            Command::Begin(pack) => {
                worker.say(Said::Nothing);
                worker.next_on_stage();
                let begun = station.begin(session, &pack).map(|draft| draft.id());
                go_on(worker, station, session, begun)
            }
            Command::Resume(id) => {
                worker.say(Said::Nothing);
                go_on(worker, station, session, Ok(id))
            }
            Command::Correct(id) => {
                worker.say(Said::Nothing);
                let opened = inbox::open(station, session, id);
                go_on(worker, station, session, opened)
            }
            Command::Slip(id) => {
                worker.say(Said::Nothing);
                match slip::run(worker, station, id, Shown::Again) {
                    Closed::After(after) => Some(after),
                    Closed::Next | Closed::Family => None,
                }
            }
            other => {
                if !lists::act(worker, station, session, other) {
                    continue;
                }
                None
            }
        };
        match went {
            Some(after) => return after,
            None => show(worker, station, page),
        }
    }
}

/// Goes into an enrolment and comes back, or does not.
fn go_on(
    worker: &mut Worker<'_>,
    station: &Station,
    session: &Session,
    opened: Result<EnrolmentId, EnrolmentError>,
) -> Option<After> {
    let mut opened = opened;
    loop {
        let left = opened
            .and_then(|id| station.resume(session, id))
            .map(|draft| enrolment::run(worker, station, session, draft));
        match left {
            Ok(Left::Home) => return None,
            Ok(Left::After(after)) => return Some(after),
            Ok(Left::Family(carried)) => {
                worker.next_on_stage();
                opened = carried.begin(station, session);
                if opened.is_ok() {
                    worker.say(Said::Carried);
                }
            }
            Err(error) => {
                worker.say_code(error.code());
                return None;
            }
        }
    }
}

/// Shows a page with what is true now.
pub(super) fn show(worker: &Worker<'_>, station: &Station, page: Page) {
    let shown = match page {
        Page::Home | Page::Inbox => {
            view(worker, station).map(|view| worker.tell(Event::Home(view)))
        }
        _ => Ok(()),
    };
    let shown = shown.and_then(|()| lists::show(worker, station, page));
    if let Err(error) = shown {
        worker.say_code(error.code());
    }
    worker.tell(Event::Page(page));
}

fn view(worker: &Worker<'_>, station: &Station) -> Result<HomeView, StoreError> {
    let language = worker.language;
    let mut view = HomeView::default();
    for id in &station.identity().packs {
        let Some(known) = station.store().read(|c| station.packs().newest(c, id))? else {
            continue;
        };
        let takes = &known.pack.biometrics;
        let about = match (takes.portrait != Wanted::NotTaken, takes.fingers.is_some()) {
            (_, true) => "#portrait-and-fingers",
            (true, false) => "#portrait-only",
            (false, false) => "#no-body",
        };
        view.services.push(Service {
            id: id.into(),
            title: known.pack.titles.in_language(language).into(),
            about: about.into(),
        });
    }
    let now = station.now()?;
    let offset = station.store().read(|c| station.utc_offset_minutes(c))?;
    for draft in station.drafts()? {
        view.drafts
            .push(draft_row(worker, station, &draft, now, offset)?);
    }
    for message in station.store().read(inbox::returned)? {
        // One whose correction has begun is under the drafts.
        if view
            .drafts
            .iter()
            .any(|draft| draft.id == message.enrolment.to_string().as_str())
        {
            continue;
        }
        let Some(record) = station.enrolment(message.enrolment)? else {
            continue;
        };
        let name = record
            .slip
            .lines
            .first()
            .map(|line| line.text.expose().to_owned())
            .unwrap_or_default();
        let title = format!("{}  {name}", worker.number(record.number));
        view.returned.push(OpenWork {
            id: message.enrolment.to_string().into(),
            title: title.into(),
            service: title_of(worker, station, &record.pack_id)?.into(),
            when: numbers::when(record.changed, now, offset, language).into(),
            note: lists::asked_in_words(worker, station, &record.pack_id, &message.decision)?
                .into(),
        });
    }
    let day = lists::day(worker, station)?;
    view.today = day;
    Ok(view)
}

fn draft_row(
    worker: &Worker<'_>,
    station: &Station,
    draft: &DraftSummary,
    now: qayd_model::UnixMs,
    offset: i64,
) -> Result<OpenWork, StoreError> {
    let title = station
        .draft_title(draft.enrolment, worker.language)
        .ok()
        .flatten();
    Ok(OpenWork {
        id: draft.enrolment.to_string().into(),
        title: title.map_or_else(|| "#draft".into(), |name| name.expose().into()),
        service: title_of(worker, station, &draft.pack_id)?.into(),
        when: numbers::when(draft.changed, now, offset, worker.language).into(),
        note: title_of(worker, station, &draft.pack_id)?.into(),
    })
}

/// The name of a service in the language of the screen.
pub(super) fn title_of(
    worker: &Worker<'_>,
    station: &Station,
    pack: &str,
) -> Result<String, StoreError> {
    let known = station.store().read(|c| station.packs().newest(c, pack))?;
    Ok(known.map_or_else(
        || pack.to_owned(),
        |known| known.pack.titles.in_language(worker.language).to_owned(),
    ))
}

/// Where the answers of an officer come from.
pub(super) const TOLD: Source = Source::Statement;
