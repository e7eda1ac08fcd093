//! Story: what happened to an enrolment, and the page that tells it.
//!
//! In: versions and the decision log. Out: entries, oldest first; the history page.
//! Never: an enrolment of an office whose work the visitor does not see.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use qayd_model::{Decision, EnrolmentId, StaffId, UnixMs};
use rusqlite::Connection;

use crate::{
    console::{
        Console,
        language::Words,
        session::{PageError, Visitor, clock, show},
        view::{Page, code_name, finger_name, name_of, pack_language},
    },
    decision::{self, LogEvent, REJECTION_REASONS, RETURN_REASONS},
    review::{Review, case, examine},
    staff,
    store::RegisterError,
};

/// One event of a history.
pub(super) struct EntryView {
    pub kind: String,
    pub text: String,
    pub when: String,
    pub details: Vec<String>,
}

pub(super) fn who(connection: &Connection, id: StaffId) -> Result<String, RegisterError> {
    Ok(staff::login_in(connection, id)?.unwrap_or_else(|| id.to_string()))
}

/// What happened to an enrolment, oldest first.
pub(super) fn story(
    connection: &Connection,
    review: &Review,
    w: Words,
    enrolment: EnrolmentId,
) -> Result<Vec<EntryView>, PageError> {
    let offset = review.settings().utc_offset_minutes;
    let mut entries: Vec<(UnixMs, EntryView)> = Vec::new();
    for (version, _, when) in case::versions_in(connection, enrolment)? {
        let text = w.n("story-examined", u64::from(version));
        entries.push((
            when,
            EntryView {
                kind: "examined".to_owned(),
                text,
                when: clock(when, offset),
                details: Vec::new(),
            },
        ));
    }
    for entry in decision::entries_of(connection, review.vault(), enrolment)? {
        let key = match entry.event {
            LogEvent::Decided => "decided-",
            LogEvent::Proposed => "proposed-",
            LogEvent::Confirmed => "confirmed-",
            LogEvent::Declined => "declined-",
        };
        let text = format!(
            "{} — {}",
            who(connection, entry.by)?,
            w.code(key, entry.decision.name())
        );
        let details = details_of(review, w, connection, enrolment, &entry.decision)?;
        let kind = format!("{}-{}", entry.event.name(), entry.decision.name());
        entries.push((
            entry.at,
            EntryView {
                kind,
                text,
                when: clock(entry.at, offset),
                details,
            },
        ));
    }
    entries.sort_by_key(|(when, _)| *when);
    Ok(entries.into_iter().map(|(_, entry)| entry).collect())
}

pub(super) fn details_of(
    review: &Review,
    w: Words,
    connection: &Connection,
    enrolment: EnrolmentId,
    decision: &Decision,
) -> Result<Vec<String>, PageError> {
    let codes = review.packs().codes();
    let mut details = Vec::new();
    match decision {
        Decision::Accepted => {}
        Decision::Rejected { reason, note } => {
            details.push(code_name(w, codes, REJECTION_REASONS, reason));
            details.extend(note.iter().map(|note| note.expose().to_owned()));
        }
        Decision::SamePerson { as_enrolment } => {
            if let Some(other) = case::case_in(connection, *as_enrolment)? {
                details.push(name_of(w, &examine::summary(review, &other)?));
            }
            details.push(as_enrolment.to_string());
        }
        Decision::Returned(back) => {
            let case = case::case_in(connection, enrolment)?;
            let pack = case
                .as_ref()
                .and_then(|case| review.packs().latest(&case.pack_id));
            for field in &back.fields {
                let label = pack
                    .and_then(|pack| pack.field(&field.field))
                    .map_or(field.field.as_str(), |f| {
                        f.label.in_language(pack_language(w.language))
                    });
                let mut line = format!(
                    "{label}: {}",
                    code_name(w, codes, RETURN_REASONS, &field.reason)
                );
                if let Some(note) = &field.note {
                    line.push_str(" · ");
                    line.push_str(note.expose());
                }
                details.push(line);
            }
            details.extend(
                back.fingers
                    .iter()
                    .map(|position| finger_name(w, codes, *position)),
            );
            if back.portrait {
                details.push(w.t("return-portrait"));
            }
            details.extend(back.note.iter().map(|note| note.expose().to_owned()));
        }
    }
    Ok(details)
}

#[derive(Template)]
#[template(path = "history.html")]
pub(super) struct HistoryPage {
    pub page: Page,
    pub enrolment: String,
    pub name: String,
    pub entries: Vec<EntryView>,
}

/// What happened to an enrolment, and who looked at it.
pub(in crate::console) async fn history(
    State(console): State<Console>,
    visitor: Visitor,
    Path(enrolment): Path<String>,
) -> Response {
    show(visitor, move |visitor| {
        let (review, w) = (&console.review, visitor.w);
        let enrolment: EnrolmentId = enrolment.parse().map_err(|_| PageError::NotFound)?;
        review.centre().register().read(|connection| {
            let case = case::case_in(connection, enrolment)?
                .filter(|case| visitor.member().sees(&case.home_office))
                .ok_or(PageError::NotFound)?;
            Ok::<_, PageError>(HistoryPage {
                page: visitor.page(w.t("history-title"), "queue"),
                enrolment: enrolment.to_string(),
                name: name_of(w, &examine::summary(review, &case)?),
                entries: story(connection, review, w, enrolment)?,
            })
        })
    })
    .await
}
