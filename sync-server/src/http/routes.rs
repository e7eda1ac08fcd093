//! Routes of the stations' side, but for the uploads.
//!
//! In: requests. Out: the core's answers as CBOR, each with a fresh nonce. Never: decides anything.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, Response, StatusCode, Uri, request::Parts},
    middleware::{self, Next},
    routing::{any, get, post},
};
use qayd_protocol::{
    AUDIT_PATH, AuditBatch, HELLO_PATH, INBOX_PATH, Message, OFFER_PATH, Offer, PROVISION_PATH,
    ProvisionRequest, RECEIPTS_PATH, SyncApi, SyncError, UPLOADS_PATH,
    messages::{AuditAnswer, SignedList},
    signature::check_content_digest,
    tus,
};

use super::{
    answer::{Refusal, cbor},
    authentication::{Authenticated, authenticate},
    body, prefer,
    state::Edge,
    uploads,
};
use crate::{intake::StationView, trust};

const NONCE: HeaderName = HeaderName::from_static("qayd-nonce");

/// The stations' side.
pub(super) fn router(edge: Edge) -> Router {
    Router::new()
        .route(HELLO_PATH, get(hello))
        .route(PROVISION_PATH, post(provision))
        .route(OFFER_PATH, post(offer))
        .route(RECEIPTS_PATH, get(receipts))
        .route(INBOX_PATH, get(inbox))
        .route(AUDIT_PATH, post(audit))
        .route(UPLOADS_PATH, any(uploads::collection))
        .route(&format!("{UPLOADS_PATH}/{{upload}}"), any(uploads::one))
        .layer(middleware::from_fn_with_state(edge.clone(), with_nonce))
        .with_state(edge)
}

/// Every answer brings a nonce for the next request.
async fn with_nonce(State(edge): State<Edge>, request: Request, next: Next) -> Response<Body> {
    let nonce = edge.nonces.issue();
    let mut response = next.run(request).await;
    if let Ok(nonce) = HeaderValue::from_str(&nonce) {
        response.headers_mut().insert(NONCE, nonce);
    }
    response
}

/// Runs blocking code; a panic there is a 500 here and nothing else.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Refusal::internal("HTT-05", &error)))
}

fn respond<M: Message>(answer: Result<M, Refusal>) -> Response<Body> {
    match answer {
        Ok(message) => cbor(StatusCode::OK, &message),
        Err(refusal) => refusal.into_response(),
    }
}

/// Authenticates a head.
pub(super) async fn prove(edge: &Edge, parts: &Parts) -> Result<Authenticated, Refusal> {
    let (edge, parts) = (edge.clone(), parts.clone());
    blocking(move || authenticate(&edge, &parts)).await
}

/// Authenticates a request, reads its body, checks it against its digest, and reads the message.
async fn signed_message<M: Message>(
    edge: &Edge,
    request: Request,
) -> Result<(Authenticated, M), Refusal> {
    let (parts, body) = request.into_parts();
    let authenticated = prove(edge, &parts).await?;
    let bytes = body::collect(body, M::LIMIT, &edge.limits).await?;
    let digest = authenticated.content_digest.as_deref().unwrap_or_default();
    check_content_digest(digest, &bytes)
        .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error.code()))?;
    Ok((authenticated, message(&bytes)?))
}

fn message<M: Message>(bytes: &[u8]) -> Result<M, Refusal> {
    M::from_bytes(bytes).map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error.code()))
}

async fn hello(State(edge): State<Edge>) -> Response<Body> {
    let nonce = edge.nonces.issue();
    respond(blocking(move || Ok(StationView::hello_of(&edge.centre, nonce))).await)
}

async fn provision(State(edge): State<Edge>, request: Request) -> Response<Body> {
    let answer = async {
        let bytes =
            body::collect(request.into_body(), ProvisionRequest::LIMIT, &edge.limits).await?;
        let request: ProvisionRequest = message(&bytes)?;
        blocking(move || {
            let centre = &edge.centre;
            Ok(trust::provision(
                centre.world(),
                centre.register(),
                centre.keys(),
                &request,
            )?)
        })
        .await
    };
    respond(answer.await)
}

async fn offer(State(edge): State<Edge>, request: Request) -> Response<Body> {
    let answer = async {
        let (authenticated, offer): (_, Offer) = signed_message(&edge, request).await?;
        blocking(move || {
            let view = edge.centre.for_station(authenticated.station.id);
            let mut answer = view.offer(&offer).map_err(refusal)?;
            answer.nonce = edge.nonces.issue();
            Ok(answer)
        })
        .await
    };
    respond(answer.await)
}

async fn audit(State(edge): State<Edge>, request: Request) -> Response<Body> {
    let answer = async {
        let (authenticated, batch): (_, AuditBatch) = signed_message(&edge, request).await?;
        blocking(move || {
            let view = edge.centre.for_station(authenticated.station.id);
            let held = view.send_audit(&batch).map_err(refusal)?;
            Ok(AuditAnswer { held })
        })
        .await
    };
    respond(answer.await)
}

/// With `Prefer: wait`, the receipts of packets that are still on their way to the disk are waited for.
async fn receipts(State(edge): State<Edge>, request: Request) -> Response<Body> {
    let wait = prefer::wait(request.headers());
    list(edge, request, wait, |view, after| view.receipts(after)).await
}

async fn inbox(State(edge): State<Edge>, request: Request) -> Response<Body> {
    list(edge, request, Duration::ZERO, |view, after| {
        view.inbox(after)
    })
    .await
}

/// Reads signed items after a number.
type ReadList = fn(&StationView, u64) -> Result<Vec<Vec<u8>>, SyncError>;

async fn list(edge: Edge, request: Request, wait: Duration, read: ReadList) -> Response<Body> {
    let answer = async {
        let (parts, _) = request.into_parts();
        let authenticated = prove(&edge, &parts).await?;
        let after = after(&parts.uri)?;
        edge.tails.settled(authenticated.station.id, wait).await;
        blocking(move || {
            let view = edge.centre.for_station(authenticated.station.id);
            Ok(SignedList::of(read(&view, after).map_err(refusal)?))
        })
        .await
    };
    respond(answer.await)
}

/// `?after=n` and nothing else; absent is 0.
fn after(uri: &Uri) -> Result<u64, Refusal> {
    match uri.query() {
        None | Some("") => Ok(0),
        Some(query) => query
            .strip_prefix("after=")
            .and_then(|number| tus::parse_number(number).ok())
            .ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "HTT-06")),
    }
}

/// The in-process errors that these calls can meet.
fn refusal(error: SyncError) -> Refusal {
    match error {
        SyncError::Refused { reason } => Refusal::of_packet(reason),
        SyncError::Busy { retry_after_ms } => {
            Refusal::busy("INT-04", retry_after_ms.unwrap_or(60_000))
        }
        SyncError::Unauthenticated => Refusal::new(StatusCode::UNAUTHORIZED, error.code()),
        SyncError::Message(error) => Refusal::new(StatusCode::BAD_REQUEST, error.code()),
        other => Refusal::internal(other.code(), &other),
    }
}

/// Methods of a path, for `Allow`.
pub(super) fn not_allowed(allowed: &'static [Method]) -> Response<Body> {
    let names: Vec<&str> = allowed.iter().map(Method::as_str).collect();
    let mut response = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "HTT-07").into_response();
    if let Ok(value) = HeaderValue::from_str(&names.join(", ")) {
        response.headers_mut().insert("allow", value);
    }
    response
}
