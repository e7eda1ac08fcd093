//! Signing in and out, and whose request this is.
//!
//! In: the cookie, or login and password. Out: `Visitor`, the proof that a page is for somebody.
//! Never: says whether a login exists; answers a form without the session's own token.

use std::collections::HashMap;

use askama::Template;
use axum::{
    Form,
    extract::{FromRequestParts, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
};
use qayd_crypto::Passphrase;
use qayd_model::UnixMs;

use super::{
    Console,
    language::{Language, Words},
    view::{Page, Said, User},
};
use crate::{
    decision::DecideError,
    review::ReviewError,
    staff::{self, Session, StaffError, StaffMember, session},
    store::RegisterError,
};

const COOKIE: &str = "__Host-qayd";

/// Why a page could not be given, for the person and for the log.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    #[error("no such page, or not in your offices")]
    NotFound,
    #[error("the form is not this session's")]
    Csrf,
    #[error("the form is not complete")]
    Form,
    #[error("the page could not be rendered")]
    Render(#[from] askama::Error),
    #[error("staff")]
    Staff(#[from] StaffError),
    #[error("decision")]
    Decide(#[from] DecideError),
    #[error("review")]
    Review(#[from] ReviewError),
    #[error("register")]
    Register(#[from] RegisterError),
    #[error("the task was lost")]
    Lost,
}

impl From<rusqlite::Error> for PageError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Register(error.into())
    }
}

impl From<crate::centre::CentreError> for PageError {
    fn from(error: crate::centre::CentreError) -> Self {
        Self::Review(error.into())
    }
}

impl PageError {
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "CON-03",
            Self::Csrf => "CON-04",
            Self::Form => "CON-05",
            Self::Render(_) => "CON-06",
            Self::Lost => "CON-07",
            Self::Staff(error) => error.code(),
            Self::Decide(error) => error.code(),
            Self::Review(error) => error.code(),
            Self::Register(error) => error.code(),
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::Decide(DecideError::NoCase) => StatusCode::NOT_FOUND,
            Self::Csrf | Self::Decide(DecideError::NotAllowed | DecideError::SamePerson) => {
                StatusCode::FORBIDDEN
            }
            Self::Review(ReviewError::NoSensitiveKey) => StatusCode::FORBIDDEN,
            Self::Form => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Decide(DecideError::Review(_) | DecideError::Register(_)) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::Decide(DecideError::Changed | DecideError::Held { .. } | DecideError::Closed) => {
                StatusCode::CONFLICT
            }
            Self::Decide(_) => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Who makes a request, and in which language they read.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    pub session: Session,
    pub w: Words,
    pub path: String,
    /// Word of what was just done, from the address.
    pub said: Option<String>,
}

impl Visitor {
    pub fn member(&self) -> &StaffMember {
        &self.session.member
    }

    /// The frame of a page.
    pub fn page(&self, title: String, section: &'static str) -> Page {
        let member = self.member();
        Page {
            w: self.w,
            title,
            section,
            csrf: self.session.csrf.clone(),
            path: self.path.clone(),
            user: Some(User {
                name: member.name.clone(),
                role: self.w.code("role-", member.role.name()),
            }),
            said: self.said.as_deref().and_then(|word| Said::of(self.w, word)),
        }
    }

    /// An answer that says why not.
    pub fn refuse(&self, error: &PageError) -> Response {
        if error.status().is_server_error() {
            tracing::error!(code = error.code(), error = %Chain(error), "console page failed");
        }
        let w = self.w;
        let key = format!("error-{}", error.code().to_lowercase());
        let text = w.code("", &key);
        let text = if text == key {
            w.t("error-unknown")
        } else {
            text
        };
        let template = MessagePage {
            page: self.page(w.t("error-title"), ""),
            code: error.code(),
            heading: w.t("error-title"),
            text,
            back: back_of(&self.path),
        };
        (error.status(), html(&template)).into_response()
    }
}

/// Where a refused form's reader goes on: the case it was about.
fn back_of(path: &str) -> String {
    let mut parts = path.split('/');
    match (parts.nth(2), parts.next()) {
        (Some("enrolments"), Some(id)) => format!("/console/enrolments/{id}"),
        _ => "/console/queue".to_owned(),
    }
}

struct Chain<'e>(&'e dyn std::error::Error);

impl core::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            write!(f, ": {error}")?;
            next = error.source();
        }
        Ok(())
    }
}

impl FromRequestParts<Console> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Response> {
        let Some(token) = cookie(&parts.headers) else {
            return Err(Redirect::to("/console/sign-in").into_response());
        };
        let console = console.clone();
        let found = blocking(move || {
            let centre = console.review.centre();
            Ok(session::find(centre.register(), centre.world(), &token)?)
        })
        .await;
        match found {
            Ok(Some(session)) => {
                let language = Language::from_tag(&session.language).unwrap_or_default();
                let said = parts.uri.query().and_then(|query| {
                    query
                        .split('&')
                        .find_map(|pair| pair.strip_prefix("said="))
                        .map(str::to_owned)
                });
                Ok(Self {
                    session,
                    w: Words::of(language),
                    path: local_path(&parts.uri),
                    said,
                })
            }
            Ok(None) => Err(Redirect::to("/console/sign-in").into_response()),
            Err(error) => {
                tracing::error!(code = error.code(), "session could not be read");
                Err(StatusCode::INTERNAL_SERVER_ERROR.into_response())
            }
        }
    }
}

/// Runs what may wait for a disk away from the threads that serve the network.
pub(super) async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, PageError> + Send + 'static,
) -> Result<T, PageError> {
    tokio::task::spawn_blocking(job)
        .await
        .unwrap_or(Err(PageError::Lost))
}

/// The page that `build` makes for a visitor, or the page that says why there is none.
pub(super) async fn show<P: Template + Send + 'static>(
    visitor: Visitor,
    build: impl FnOnce(&Visitor) -> Result<P, PageError> + Send + 'static,
) -> Response {
    let for_page = visitor.clone();
    let page = blocking(move || build(&visitor)).await;
    page.map_or_else(|error| for_page.refuse(&error), |page| html(&page))
}

/// A rendered page, or an error page that says so.
pub(super) fn html(template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(code = "CON-06", %error, "page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
        .map(str::to_owned)
}

fn local_path(uri: &Uri) -> String {
    uri.path_and_query().map_or_else(
        || "/console/queue".to_owned(),
        |path| path.as_str().to_owned(),
    )
}

/// An address of this console and nothing else, for coming back after a change of language.
fn safe_back(back: &str) -> String {
    let plain =
        back.starts_with("/console/") && !back.contains(['\\', '\r', '\n']) && !back.contains("//");
    let back = if plain { back } else { "/console/queue" };
    // What was said once is not said again.
    back.split("said=")
        .next()
        .unwrap_or(back)
        .trim_end_matches(['?', '&'])
        .to_owned()
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    page: Page,
    code: &'static str,
    heading: String,
    text: String,
    back: String,
}

#[derive(Template)]
#[template(path = "sign-in.html")]
struct SignInPage {
    page: Page,
    problem: Option<String>,
    login: String,
}

fn stranger(w: Words) -> Page {
    Page {
        w,
        title: w.t("sign-in"),
        section: "",
        csrf: String::new(),
        path: String::new(),
        user: None,
        said: None,
    }
}

/// The form.
pub(super) async fn sign_in_page(
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let accepted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let language = query
        .get("language")
        .and_then(|tag| Language::from_tag(tag))
        .unwrap_or_else(|| Language::negotiate(accepted));
    let w = Words::of(language);
    let problem = (query.get("said").map(String::as_str) == Some("signed-out"))
        .then(|| w.t("said-signed-out"));
    html(&SignInPage {
        page: stranger(w),
        problem,
        login: String::new(),
    })
}

/// Checks login and password; sets the cookie.
pub(super) async fn sign_in(
    State(console): State<Console>,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let language = form
        .get("language")
        .and_then(|tag| Language::from_tag(tag))
        .unwrap_or_default();
    let login = form
        .get("login")
        .map(|login| login.trim().to_lowercase())
        .unwrap_or_default();
    let password = Passphrase::new(form.get("password").cloned().unwrap_or_default());
    let Ok(_permit) = console.hashes.clone().acquire_owned().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let shown = login.chars().take(64).collect();
    let outcome = blocking(move || {
        let centre = console.review.centre();
        let member = staff::check(centre.register(), centre.world(), &login, &password)?;
        Ok(session::open(
            centre.register(),
            centre.world(),
            &member,
            language.tag(),
        )?)
    })
    .await;
    let w = Words::of(language);
    let (status, problem) = match outcome {
        Ok(token) => {
            let value = format!(
                "{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Strict",
                token.expose()
            );
            let mut response = Redirect::to("/console/queue").into_response();
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(header::SET_COOKIE, value);
            }
            return response;
        }
        Err(PageError::Staff(StaffError::Wait { wait_ms })) => (
            StatusCode::TOO_MANY_REQUESTS,
            w.n("sign-in-wait", wait_ms.div_ceil(1000)),
        ),
        Err(PageError::Staff(StaffError::Wrong)) => {
            (StatusCode::UNAUTHORIZED, w.t("sign-in-wrong"))
        }
        Err(error) => {
            tracing::error!(code = error.code(), "sign-in failed");
            (StatusCode::INTERNAL_SERVER_ERROR, w.t("error-unknown"))
        }
    };
    (
        status,
        html(&SignInPage {
            page: stranger(w),
            problem: Some(problem),
            login: shown,
        }),
    )
        .into_response()
}

/// Ends the session.
pub(super) async fn sign_out(
    State(console): State<Console>,
    visitor: Visitor,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    if let Err(error) = check_csrf(&visitor, &form) {
        return visitor.refuse(&error);
    }
    let session = visitor.session.clone();
    let ended =
        blocking(move || Ok(session::end(console.review.centre().register(), &session)?)).await;
    if let Err(error) = ended {
        return visitor.refuse(&error);
    }
    let mut response = Redirect::to("/console/sign-in").into_response();
    let gone = HeaderValue::from_static(
        "__Host-qayd=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0",
    );
    response.headers_mut().insert(header::SET_COOKIE, gone);
    response
}

/// Changes the language of the session.
pub(super) async fn set_language(
    State(console): State<Console>,
    visitor: Visitor,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let language = form.get("language").and_then(|tag| Language::from_tag(tag));
    let (Ok(()), Some(language)) = (check_csrf(&visitor, &form), language) else {
        return visitor.refuse(&PageError::Csrf);
    };
    let session = visitor.session.clone();
    let set = blocking(move || {
        Ok(session::set_language(
            console.review.centre().register(),
            &session,
            language.tag(),
        )?)
    })
    .await;
    match set {
        Ok(()) => {
            Redirect::to(&safe_back(form.get("back").map_or("", String::as_str))).into_response()
        }
        Err(error) => visitor.refuse(&error),
    }
}

/// What is not here.
pub(super) async fn not_found(visitor: Visitor) -> Response {
    visitor.refuse(&PageError::NotFound)
}

pub(super) fn check_csrf(
    visitor: &Visitor,
    form: &HashMap<String, String>,
) -> Result<(), PageError> {
    match form.get("csrf") {
        Some(given) if session::csrf_holds(&visitor.session, given) => Ok(()),
        _ => Err(PageError::Csrf),
    }
}

/// A moment as people here read it: `2026/03/01 14:05` in the programme's zone.
pub(super) fn clock(moment: UnixMs, offset_minutes: i16) -> String {
    let seconds = moment.0 as i64 / 1000 + i64::from(offset_minutes) * 60;
    time::OffsetDateTime::from_unix_timestamp(seconds)
        .map(|t| {
            format!(
                "{:04}/{:02}/{:02} {:02}:{:02}",
                t.year(),
                u8::from(t.month()),
                t.day(),
                t.hour(),
                t.minute()
            )
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_console_are_gone_back_to() {
        assert_eq!(
            safe_back("/console/enrolments/x?version=1"),
            "/console/enrolments/x?version=1"
        );
        assert_eq!(safe_back("/console/queue?said=accepted"), "/console/queue");
        for bad in [
            "https://evil.example/",
            "//evil.example",
            "/console//evil",
            "/console/\\evil",
            "/sync/v1",
            "",
        ] {
            assert_eq!(safe_back(bad), "/console/queue", "{bad}");
        }
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::COOKIE,
            HeaderValue::from_static("a=b; __Host-qayd=token; c=d"),
        );
        assert_eq!(cookie(&headers).as_deref(), Some("token"));
        headers.insert(
            header::COOKIE,
            HeaderValue::from_static("x__Host-qayd=token"),
        );
        assert_eq!(cookie(&headers), None);
    }
}
