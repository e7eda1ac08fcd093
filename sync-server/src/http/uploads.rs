//! tus 1.0.0 at `/sync/v1/uploads`: creation, creation-with-upload, termination, checksum, expiration.
//!
//! In: signed requests; bodies as they arrive. Out: offsets. Never: answers for another station's upload (404, as if it
//! were not there); waits for the end of a body before it keeps what came.

use axum::{
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request::Parts},
};
use qayd_model::{PacketId, UnixMs, UploadId};
use qayd_packet::limits::PACKET_BYTES_MAX;
use qayd_protocol::{UPLOADS_PATH, tus};
use tokio::sync::oneshot;

use super::{
    answer::{Refusal, empty},
    authentication::{Authenticated, single},
    body, prefer,
    routes::{blocking, not_allowed, prove},
    state::Edge,
};
use crate::intake::{Appended, BodyHead, Finalised};

/// Number of the receipt that ended an upload; not there where the answer came before it, as RFC 7240 `respond-async` asks.
const RECEIPT_HEADER: &str = "qayd-receipt";

/// `OPTIONS` and `POST` of the collection.
pub(super) async fn collection(State(edge): State<Edge>, request: Request) -> Response<Body> {
    let answer = match *request.method() {
        Method::OPTIONS => Ok(options()),
        Method::POST => create(edge, request).await,
        _ => Ok(not_allowed(&[Method::OPTIONS, Method::POST])),
    };
    tus_response(answer)
}

/// `HEAD`, `PATCH`, `DELETE`, `OPTIONS` of one upload.
pub(super) async fn one(
    State(edge): State<Edge>,
    Path(upload): Path<String>,
    request: Request,
) -> Response<Body> {
    let upload: Result<UploadId, _> = upload.parse();
    let answer = match (request.method().clone(), upload) {
        (Method::OPTIONS, _) => Ok(options()),
        // Whoever is not proved learns nothing, not even that this is no id.
        (_, Err(_)) => prove(&edge, &request.into_parts().0)
            .await
            .and(Err(Refusal::new(StatusCode::NOT_FOUND, "INT-01"))),
        (Method::HEAD, Ok(upload)) => head(edge, upload, request).await,
        (Method::PATCH, Ok(upload)) => patch(edge, upload, request).await,
        (Method::DELETE, Ok(upload)) => delete(edge, upload, request).await,
        _ => Ok(not_allowed(&[
            Method::OPTIONS,
            Method::HEAD,
            Method::PATCH,
            Method::DELETE,
        ])),
    };
    tus_response(answer)
}

fn tus_response(answer: Result<Response<Body>, Refusal>) -> Response<Body> {
    let mut response = answer.unwrap_or_else(Refusal::into_response);
    let headers = response.headers_mut();
    headers.insert("tus-resumable", HeaderValue::from_static(tus::VERSION));
    if headers.get(header::CACHE_CONTROL).is_none() {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if response.status() == StatusCode::PRECONDITION_FAILED {
        response
            .headers_mut()
            .insert("tus-version", HeaderValue::from_static(tus::VERSION));
    }
    response
}

fn options() -> Response<Body> {
    let mut response = empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert("tus-version", HeaderValue::from_static(tus::VERSION));
    headers.insert("tus-extension", HeaderValue::from_static(tus::EXTENSIONS));
    headers.insert("tus-max-size", HeaderValue::from(PACKET_BYTES_MAX));
    headers.insert(
        "tus-checksum-algorithm",
        HeaderValue::from_static(tus::CHECKSUM_ALGORITHMS),
    );
    response
}

fn refuse(error: tus::TusError) -> Refusal {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    Refusal::new(status, error.code())
}

fn check_version(headers: &HeaderMap) -> Result<(), Refusal> {
    tus::check_version(single(headers, tus::header::RESUMABLE)).map_err(refuse)
}

/// A header that may stand once or not at all.
fn optional<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    match (headers.contains_key(name), single(headers, name)) {
        (false, _) => Ok(None),
        (true, Some(value)) => Ok(Some(value)),
        (true, None) => Err(Refusal::new(StatusCode::BAD_REQUEST, "HTT-08")),
    }
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    single(headers, header::CONTENT_LENGTH.as_str()).and_then(|text| tus::parse_number(text).ok())
}

fn checksum(headers: &HeaderMap) -> Result<Option<tus::Checksum>, Refusal> {
    optional(headers, tus::header::CHECKSUM)?
        .map(|text| tus::Checksum::parse(text).map_err(refuse))
        .transpose()
}

fn has_offset_media_type(headers: &HeaderMap) -> bool {
    single(headers, header::CONTENT_TYPE.as_str()) == Some(tus::OFFSET_MEDIA_TYPE)
}

fn set_expires(response: &mut Response<Body>, expires: UnixMs) {
    if let Ok(value) = HeaderValue::from_str(&tus::format_date(expires)) {
        response.headers_mut().insert("upload-expires", value);
    }
}

async fn create(edge: Edge, request: Request) -> Result<Response<Body>, Refusal> {
    let (parts, body) = request.into_parts();
    check_version(&parts.headers)?;
    let authenticated = prove(&edge, &parts).await?;
    if parts.headers.contains_key(tus::header::DEFER_LENGTH) {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "TUS-06"));
    }
    let length = single(&parts.headers, tus::header::LENGTH)
        .ok_or(tus::TusError::Number)
        .and_then(tus::parse_number)
        .map_err(refuse)?;
    let metadata = optional(&parts.headers, tus::header::METADATA)?.unwrap_or_default();
    let metadata = tus::Metadata::parse(metadata).map_err(refuse)?;
    let packet: Option<PacketId> = metadata
        .get("packet")
        .and_then(|value| core::str::from_utf8(value).ok())
        .and_then(|text| text.parse().ok());
    let station = authenticated.station.clone();
    let centre = edge.centre.clone();
    let (upload, expires) =
        blocking(move || Ok(centre.intake().create(&station, length, packet)?)).await?;
    let mut response = empty(StatusCode::CREATED);
    let location = format!("{UPLOADS_PATH}/{upload}");
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    set_expires(&mut response, expires);
    if has_offset_media_type(&parts.headers) && declared_length(&parts.headers) != Some(0) {
        let appended = append(&edge, authenticated, upload, 0, &parts, body).await?;
        set_appended(&mut response, &appended)?;
    }
    Ok(response)
}

async fn head(edge: Edge, upload: UploadId, request: Request) -> Result<Response<Body>, Refusal> {
    let (parts, _) = request.into_parts();
    check_version(&parts.headers)?;
    let authenticated = prove(&edge, &parts).await?;
    let status = blocking(move || {
        Ok(edge
            .centre
            .intake()
            .status(&authenticated.station, upload)?)
    })
    .await?;
    let mut response = empty(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert("upload-offset", HeaderValue::from(status.offset));
    headers.insert("upload-length", HeaderValue::from(status.length));
    set_expires(&mut response, status.expires);
    Ok(response)
}

async fn patch(edge: Edge, upload: UploadId, request: Request) -> Result<Response<Body>, Refusal> {
    let (parts, body) = request.into_parts();
    check_version(&parts.headers)?;
    let authenticated = prove(&edge, &parts).await?;
    if !has_offset_media_type(&parts.headers) {
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "TUS-07"));
    }
    let offset = single(&parts.headers, tus::header::OFFSET)
        .ok_or(tus::TusError::Number)
        .and_then(tus::parse_number)
        .map_err(refuse)?;
    let appended = append(&edge, authenticated, upload, offset, &parts, body).await?;
    let mut response = empty(StatusCode::NO_CONTENT);
    set_appended(&mut response, &appended)?;
    Ok(response)
}

async fn append(
    edge: &Edge,
    authenticated: Authenticated,
    upload: UploadId,
    offset: u64,
    parts: &Parts,
    body: Body,
) -> Result<Appended, Refusal> {
    let head = BodyHead {
        offset,
        declared: declared_length(&parts.headers),
        checksum: checksum(&parts.headers)?,
    };
    let Ok(permit) = edge.uploads.clone().try_acquire_owned() else {
        return Err(Refusal::busy("HTT-09", 5_000));
    };
    let (mut reader, feed) = body::split(body, &edge.limits);
    let (centre, tails) = (edge.centre.clone(), edge.tails.clone());
    let early = prefer::respond_async(&parts.headers);
    let (tell, told) = oneshot::channel();
    let keep = blocking(move || {
        let _permit = permit;
        let station = &authenticated.station;
        let mut tell = Some(tell);
        let mut tail = None;
        let mut accepted = |length| {
            if early {
                tail = tails.begin(station.id);
            }
            if tail.is_some()
                && let Some(tell) = tell.take()
            {
                // Nobody listens any more where the connection was cut.
                let _ = tell.send(length);
            }
        };
        let body = &mut reader;
        let intake = centre.intake();
        Ok(intake.append(station, upload, head, body, &mut accepted)?)
    });
    let mut all = Box::pin(async move { tokio::join!(keep, feed).0 });
    tokio::select! {
        kept = &mut all => kept,
        Ok(length) = told => {
            // The packet goes on to the disk without its sender; its receipt says when it is there.
            tokio::spawn(async move {
                if let Err(refusal) = all.await {
                    tracing::warn!(code = %refusal.problem.code, %upload, "an accepted packet was not kept");
                }
            });
            Ok(Appended { offset: length, finalised: None })
        }
    }
}

fn set_appended(response: &mut Response<Body>, appended: &Appended) -> Result<(), Refusal> {
    let headers = response.headers_mut();
    headers.insert("upload-offset", HeaderValue::from(appended.offset));
    match &appended.finalised {
        None => Ok(()),
        Some(Finalised::Stored { number, .. }) => {
            headers.insert(RECEIPT_HEADER, HeaderValue::from(*number));
            Ok(())
        }
        Some(Finalised::Refused { reason, .. } | Finalised::NoPacket { reason }) => {
            Err(Refusal::of_packet(*reason))
        }
    }
}

async fn delete(edge: Edge, upload: UploadId, request: Request) -> Result<Response<Body>, Refusal> {
    let (parts, _) = request.into_parts();
    check_version(&parts.headers)?;
    let authenticated = prove(&edge, &parts).await?;
    blocking(move || {
        Ok(edge
            .centre
            .intake()
            .terminate(&authenticated.station, upload)?)
    })
    .await?;
    Ok(empty(StatusCode::NO_CONTENT))
}
