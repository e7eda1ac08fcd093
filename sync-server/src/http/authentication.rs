//! Authentication: which station sent a request, proved by RFC 9421 under its key.
//!
//! In: a request's head. Out: the station's row, and the headers its body has yet to satisfy.
//! Never: looks at clocks; says why a signature was not believed; lets a request that changes something pass without a
//! nonce of ours that nobody used. A revoked station is still listened to: what it holds is quarantined, not lost.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::http::{HeaderMap, Method, StatusCode, header, request::Parts};
use qayd_model::StationId;
use qayd_protocol::{
    UPLOADS_PATH,
    signature::{
        CONTENT_DIGEST_HEADER, SIGNATURE_HEADER, SIGNATURE_INPUT_HEADER, SignedParts, parse,
    },
    tus,
};

use super::{answer::Refusal, state::Edge};
use crate::{
    store::RegisterError,
    trust::{self, StationRow},
};

/// A request whose signature held.
pub(super) struct Authenticated {
    /// Who sent it.
    pub station: StationRow,
    /// What its body has to hash to, for requests that are not uploads.
    pub content_digest: Option<String>,
    /// Counts the station's requests while it lives.
    _slot: Slot,
}

/// Proves a request's head. Blocking: it reads the register.
pub(super) fn authenticate(edge: &Edge, parts: &Parts) -> Result<Authenticated, Refusal> {
    let unauthenticated = |code: &str| Refusal::new(StatusCode::UNAUTHORIZED, code);
    let header = |name| single(&parts.headers, name);
    let (Some(input), Some(signature)) = (header(SIGNATURE_INPUT_HEADER), header(SIGNATURE_HEADER))
    else {
        return Err(unauthenticated("SIG-01"));
    };
    let claimed = parse(input, signature).map_err(|error| unauthenticated(error.code()))?;
    let station = edge
        .centre
        .station(claimed.station())
        .map_err(|error| Refusal::internal(error.code(), &error))?
        .ok_or_else(|| unauthenticated("SIG-04"))?;

    let upload = parts.uri.path().starts_with(UPLOADS_PATH);
    let content_digest = if upload || parts.method != Method::POST {
        None
    } else {
        Some(
            header(CONTENT_DIGEST_HEADER)
                .ok_or_else(|| unauthenticated("SIG-02"))?
                .to_owned(),
        )
    };
    let upload_offset = if parts.method == Method::PATCH {
        let offset = header(tus::header::OFFSET)
            .and_then(|text| tus::parse_number(text).ok())
            .ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "TUS-01"))?;
        Some(offset)
    } else {
        None
    };
    let target_uri = target_uri(parts).ok_or_else(|| unauthenticated("SIG-01"))?;
    let verified = claimed
        .verify(
            &SignedParts {
                method: parts.method.as_str(),
                target_uri: &target_uri,
                content_digest: content_digest.as_deref(),
                upload_offset,
            },
            &station.key,
        )
        .map_err(|error| unauthenticated(error.code()))?;
    let changes = matches!(parts.method, Method::POST | Method::DELETE);
    if changes && !edge.nonces.burn(verified.nonce()) {
        return Err(unauthenticated("SIG-06"));
    }
    let slot = edge
        .slots
        .take(station.id, edge.limits.requests_per_station)
        .ok_or_else(|| Refusal::busy("HTT-04", 5_000))?;
    let now = edge.centre.now();
    trust::touch(edge.centre.register(), &station, now)
        .map_err(|error: RegisterError| Refusal::internal(error.code(), &error))?;
    Ok(Authenticated {
        station,
        content_digest,
        _slot: slot,
    })
}

/// The URL as the client knows it. The nonce, not the host's name, is what ties a request to this centre.
fn target_uri(parts: &Parts) -> Option<String> {
    let authority = match parts.uri.authority() {
        Some(authority) => authority.as_str(),
        None => single(&parts.headers, header::HOST.as_str())?,
    };
    let authority = authority.strip_suffix(":443").unwrap_or(authority);
    let path = parts.uri.path_and_query()?.as_str();
    Some(format!("https://{authority}{path}"))
}

/// The header's value, if there is exactly one.
pub(super) fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// How many requests each station has in progress.
#[derive(Clone, Default)]
pub(super) struct Slots {
    taken: Arc<Mutex<HashMap<StationId, usize>>>,
}

pub(super) struct Slot {
    slots: Slots,
    station: StationId,
}

impl Slots {
    fn take(&self, station: StationId, most: usize) -> Option<Slot> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(station).or_insert(0);
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Slot {
            slots: self.clone(),
            station,
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self
            .slots
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.station) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.station);
            }
        }
    }
}
