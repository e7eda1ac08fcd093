//! Answers: messages, and problems with a code that says as little as it may.
//!
//! In: what the core said. Out: HTTP responses. Never: tells a peer about our disk, our SQL or another station.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use qayd_protocol::{
    CBOR_MEDIA_TYPE, Message, Problem, RefusalReason,
    tus::{self, STATUS_CHECKSUM_MISMATCH},
};

use crate::{
    intake::{IntakeError, UploadFault},
    trust::TrustError,
};

/// What a request came to, if not to what was asked.
#[derive(Debug)]
pub(super) struct Refusal {
    pub status: StatusCode,
    pub problem: Problem,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &str) -> Self {
        Self {
            status,
            problem: Problem::new(code),
        }
    }

    pub(super) fn of_packet(reason: RefusalReason) -> Self {
        let mut refusal = Self::new(StatusCode::UNPROCESSABLE_ENTITY, reason.code());
        refusal.problem.reason = Some(reason);
        refusal
    }

    pub(super) fn busy(code: &str, retry_after_ms: u64) -> Self {
        let mut refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, code);
        refusal.problem.retry_after_ms = Some(retry_after_ms);
        refusal
    }

    /// Our own failure; the log has the chain of causes, the peer the code.
    pub(super) fn internal(code: &str, error: &dyn std::error::Error) -> Self {
        let mut chain = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            chain.push_str(&format!(": {error}"));
            cause = error.source();
        }
        tracing::error!(code, chain, "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, code)
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = cbor(self.status, &self.problem);
        let headers = response.headers_mut();
        if let Some(offset) = self.problem.offset {
            headers.insert(tus::header::OFFSET, HeaderValue::from(offset));
        }
        if let Some(ms) = self.problem.retry_after_ms {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000)));
        }
        response
    }
}

impl From<IntakeError> for Refusal {
    fn from(error: IntakeError) -> Self {
        let code = error.code();
        match error {
            IntakeError::UnknownUpload => Self::new(StatusCode::NOT_FOUND, code),
            IntakeError::Gone => Self::new(StatusCode::GONE, code),
            IntakeError::Length { too_long: false } => Self::new(StatusCode::BAD_REQUEST, code),
            IntakeError::Length { too_long: true } | IntakeError::Upload(UploadFault::TooLong) => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, code)
            }
            IntakeError::Quota => Self::busy(code, 60 * 60 * 1000),
            IntakeError::Refused(reason) => Self::of_packet(reason),
            IntakeError::Upload(UploadFault::Conflict { have }) => {
                let mut refusal = Self::new(StatusCode::CONFLICT, code);
                refusal.problem.offset = Some(have);
                refusal
            }
            IntakeError::Upload(UploadFault::Superseded | UploadFault::Ended) => {
                Self::new(StatusCode::LOCKED, code)
            }
            IntakeError::Upload(UploadFault::Checksum) => Self::new(
                StatusCode::from_u16(STATUS_CHECKSUM_MISMATCH).unwrap_or(StatusCode::BAD_REQUEST),
                code,
            ),
            IntakeError::Upload(UploadFault::Cut { .. }) => {
                Self::new(StatusCode::REQUEST_TIMEOUT, code)
            }
            other => Self::internal(code, &other),
        }
    }
}

impl From<TrustError> for Refusal {
    fn from(error: TrustError) -> Self {
        match error {
            TrustError::InvitationInvalid
            | TrustError::InvitationUsed
            | TrustError::RequestNotProven => Self::new(StatusCode::FORBIDDEN, error.code()),
            other => Self::internal(other.code(), &other),
        }
    }
}

/// A message with a status.
pub(super) fn cbor<M: Message>(status: StatusCode, message: &M) -> Response<Body> {
    let mut response = Response::new(Body::from(message.to_bytes()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(CBOR_MEDIA_TYPE),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A status and nothing else.
pub(super) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
