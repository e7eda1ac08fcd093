//! Console: the reviewer's pages, rendered here, working without script.
//!
//! In: a signed-in browser. Out: pages, and acts handed to `decision`. Owns: no table; every look at personal data is
//! an entry of the centre's journal.
//! Never: serves a byte that a station sent (pictures are decoded and encoded anew); puts text into a page unescaped;
//! has a script or a style inside a page (the policy forbids both).
//!
//! The forms are plain, so that a program can use them as a browser does. It keeps the cookie, reads `csrf` and `seen`
//! from the page's hidden fields (both are the same in every form of the page) and posts
//! `application/x-www-form-urlencoded`:
//!
//! | request | fields |
//! |---|---|
//! | `POST /console/sign-in` | `login`, `password`, `language` (`ar`, `ckb`, `en`; optional) |
//! | `GET /console/queue?state=&office=&station=&duplicates=&page=` | rows `tr[data-enrolment][data-state][data-version][data-packet]` |
//! | `GET /console/batches`, `GET /console/batches/<station>/<YYYY-MM-DD>` | rows as in the queue |
//! | `GET /console/enrolments/<id>` (`?version=n`) | `main[data-enrolment][data-state][data-version][data-seen]`, `[data-duplicate-of]`, `[data-check][data-outcome]` |
//! | `GET /console/enrolments/<id>/compare/<other>` | `tr[data-field][data-verdict]`, `[data-finger]` |
//! | `GET /console/enrolments/<id>/history` | `li[data-event]` |
//! | `GET /console/enrolments/<id>/sensitive` (`?version=n`) | `[data-field]`; senior reviewers alone |
//! | `POST /console/enrolments/<id>/accept` | `csrf`, `seen`, `compared=1` where the case is held as a possible duplicate |
//! | `POST /console/enrolments/<id>/return` | `csrf`, `seen`, `field=<id>` (repeated) with `reason-<id>=<code>` and `note-<id>`, `finger=<name>` (repeated), `portrait=1`, `note` |
//! | `POST /console/enrolments/<id>/reject` | `csrf`, `seen`, `reason=<code>`, `note` |
//! | `POST /console/enrolments/<id>/same-person` | `csrf`, `seen`, `as_enrolment=<id>` |
//! | `POST /console/enrolments/<id>/confirm`, `…/decline` | `csrf`, `seen`: the second person's answer to a proposal |
//! | `POST /console/language`, `POST /console/sign-out` | `csrf` (and `language`, `back`) |
//!
//! What succeeds answers 303 to a page with `?said=<word>`; what is refused answers 4xx with
//! `main[data-page=message][data-code]`, the code of the error. `<id>` is the enrolment's id as text.
//!
//! Opening a case takes its lease for ten minutes, so that two reviewers never hold one; an auditor takes none.

mod acts;
mod cases;
mod compare;
mod enrolment;
pub mod language;
mod samples;
mod security;
mod session;
mod view;

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderValue, header},
    middleware,
    response::{IntoResponse, Redirect},
    routing::{get, post},
};
use tokio::sync::Semaphore;

use crate::review::Review;

/// The stylesheet, served by us.
const STYLE: &str = include_str!("../../static/console.css");
/// Longest body of a form, in bytes.
const FORM_BYTES_MAX: usize = 256 * 1024;
/// Passwords that are hashed at the same time: each takes the memory of its Argon2id parameters.
const HASHES_AT_ONCE: usize = 2;

/// What every page needs.
#[derive(Clone)]
struct Console {
    review: Review,
    hashes: Arc<Semaphore>,
}

/// The console's routes, all under `/console`.
pub fn router(review: Review) -> Router {
    let console = Console {
        review,
        hashes: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
    };
    Router::new()
        .route("/console", get(|| async { Redirect::to("/console/queue") }))
        .route(
            "/console/",
            get(|| async { Redirect::to("/console/queue") }),
        )
        .route("/console/static/console.css", get(style))
        .route(
            "/console/sign-in",
            get(session::sign_in_page).post(session::sign_in),
        )
        .route("/console/sign-out", post(session::sign_out))
        .route("/console/language", post(session::set_language))
        .route("/console/queue", get(cases::queue))
        .route("/console/batches", get(cases::batches))
        .route("/console/batches/{station}/{day}", get(cases::batch))
        .route("/console/enrolments/{enrolment}", get(enrolment::page))
        .route(
            "/console/enrolments/{enrolment}/compare/{other}",
            get(compare::page),
        )
        .route(
            "/console/enrolments/{enrolment}/history",
            get(enrolment::history),
        )
        .route(
            "/console/enrolments/{enrolment}/sensitive",
            get(enrolment::sensitive),
        )
        .route("/console/enrolments/{enrolment}/{act}", post(acts::act))
        .route("/console/samples/{packet}/{sample}", get(samples::picture))
        .route(
            "/console/samples/{packet}/{sample}/page",
            get(samples::page),
        )
        .route("/console/{*rest}", get(session::not_found))
        .layer(axum::extract::DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn(security::guard))
        .with_state(console)
}

async fn style() -> impl IntoResponse {
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/css; charset=utf-8"),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=300"),
        ),
    ];
    (headers, STYLE)
}

#[cfg(test)]
mod tests;
