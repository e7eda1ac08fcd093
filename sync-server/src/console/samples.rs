//! Samples: pictures of people and papers, one look at a time.
//!
//! In: packet and sample ids. Out: a picture made here, or a paper as a file to keep. Every look is journalled first.
//! Never: lets a browser keep what it saw, or sends the bytes a station sent, except a PDF as a download.

use std::collections::HashMap;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use qayd_model::{PacketId, SampleId};

use super::{
    Console,
    session::{PageError, Visitor, blocking, show},
    view::{Page, sample_name, sample_src},
};
use crate::{
    intake::PacketRow,
    review::{Review, case, images},
    trust::journal,
};

struct Looked {
    bytes: Vec<u8>,
    media_type: &'static str,
    download: bool,
}

/// One picture; `?size=full` for the whole screen.
pub(super) async fn picture(
    State(console): State<Console>,
    visitor: Visitor,
    Path((packet, sample)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let full = query.get("size").is_some_and(|size| size == "full");
    let looked = blocking(move || look(&console.review, &visitor, &packet, &sample, full)).await;
    match looked {
        Ok(looked) => {
            let mut response = looked.bytes.into_response();
            let headers = response.headers_mut();
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static(looked.media_type),
            );
            headers.insert(
                HeaderName::from_static("content-security-policy"),
                HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"),
            );
            if looked.download {
                headers.insert(
                    header::CONTENT_DISPOSITION,
                    HeaderValue::from_static("attachment; filename=\"document.pdf\""),
                );
            }
            response
        }
        Err(PageError::NotFound) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::warn!(code = error.code(), "sample could not be shown");
            StatusCode::UNPROCESSABLE_ENTITY.into_response()
        }
    }
}

fn look(
    review: &Review,
    visitor: &Visitor,
    packet: &str,
    sample: &str,
    full: bool,
) -> Result<Looked, PageError> {
    let packet: PacketId = packet.parse().map_err(|_| PageError::NotFound)?;
    let sample: SampleId = sample.parse().map_err(|_| PageError::NotFound)?;
    let centre = review.centre();
    let row = centre.packet(packet)?.ok_or(PageError::NotFound)?;
    may_look(review, visitor, &row)?;
    let stored = centre.read_packet(packet)?;
    let opened = review.open_content(&stored)?;
    let entry = opened
        .content
        .samples
        .iter()
        .find(|entry| entry.id == sample)
        .ok_or(PageError::NotFound)?;
    // The look is on record before the picture leaves.
    let (by, now, size) = (
        visitor.member().id.to_string(),
        centre.now(),
        if full { "full" } else { "small" },
    );
    centre.register().write(move |connection| {
        journal::append_in(
            connection,
            now,
            &by,
            "sample.view",
            &format!("{packet}/{sample}"),
            size,
        )?;
        Ok::<_, PageError>(())
    })?;
    let bytes = review.open_sample(&stored, &opened.content, entry)?;
    if bytes.expose().starts_with(b"%PDF-") {
        return Ok(Looked {
            bytes: bytes.expose().to_vec(),
            media_type: "application/pdf",
            download: true,
        });
    }
    let (bytes, media_type) = images::for_browser(bytes.expose(), full).map_err(|error| {
        tracing::info!(code = error.code(), %packet, "picture refused");
        PageError::NotFound
    })?;
    Ok(Looked {
        bytes,
        media_type,
        download: false,
    })
}

/// Whoever sees the office, or has a case that resembles the enrolment and therefore has to compare.
fn may_look(review: &Review, visitor: &Visitor, row: &PacketRow) -> Result<(), PageError> {
    let member = visitor.member();
    if member.sees(&row.home_office) {
        return Ok(());
    }
    let offices = review
        .centre()
        .register()
        .read(|connection| case::offices_resembling_in(connection, row.enrolment))?;
    if offices.iter().any(|office| member.sees(office)) {
        Ok(())
    } else {
        Err(PageError::NotFound)
    }
}

#[derive(Template)]
#[template(path = "sample.html")]
struct SamplePage {
    page: Page,
    back: String,
    what: String,
    details: String,
    src: String,
}

/// One picture with what is known of it.
pub(super) async fn page(
    State(console): State<Console>,
    visitor: Visitor,
    Path((packet, sample)): Path<(String, String)>,
) -> Response {
    show(visitor, move |visitor| {
        let (review, w) = (&console.review, visitor.w);
        let packet: PacketId = packet.parse().map_err(|_| PageError::NotFound)?;
        let sample: SampleId = sample.parse().map_err(|_| PageError::NotFound)?;
        let row = review.centre().packet(packet)?.ok_or(PageError::NotFound)?;
        may_look(review, visitor, &row)?;
        let stored = review.centre().read_packet(packet)?;
        let opened = review.open_content(&stored)?;
        let entry = opened
            .content
            .samples
            .iter()
            .find(|entry| entry.id == sample)
            .ok_or(PageError::NotFound)?;
        let what = sample_name(w, review.packs().codes(), &entry.kind);
        let mut details = Vec::new();
        if let Some(quality) = &entry.quality {
            details.push(w.x(
                "sample-quality",
                &format!(
                    "{} ({} {})",
                    quality.value, quality.algorithm, quality.version
                ),
            ));
        }
        if let Some(device) = &entry.device {
            details.push(w.x("sample-device", device));
        }
        details.push(w.n("sample-attempts", u64::from(entry.attempts)));
        Ok(SamplePage {
            page: visitor.page(what.clone(), ""),
            back: format!(
                "/console/enrolments/{}?version={}",
                row.enrolment, row.version
            ),
            what,
            details: details.join(" · "),
            src: format!("{}?size=full", sample_src(packet, sample)),
        })
    })
    .await
}
