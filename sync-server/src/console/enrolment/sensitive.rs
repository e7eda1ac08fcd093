//! Sensitive answers: what a person said that only a senior reviewer may read, on a page of its own.
//!
//! In: an enrolment id, a version. Out: a page. Every look is an entry of the journal before anything is opened.
//! Never: for another role; where the centre holds no key that opens them.

use std::collections::HashMap;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use qayd_model::EnrolmentId;

use super::{open_case, version_of};
use crate::{
    console::{
        Console,
        session::{PageError, Visitor, show},
        view::{Page, SectionView, sections},
    },
    decision::DecideError,
    review::{Review, ReviewError, case},
    staff::StaffRole,
};

#[derive(Template)]
#[template(path = "sensitive.html")]
struct SensitivePage {
    page: Page,
    enrolment: String,
    back: String,
    sections: Vec<SectionView>,
}

/// The sensitive answers of one enrolment, `?version=n` as of an earlier one.
pub(in crate::console) async fn page(
    State(console): State<Console>,
    visitor: Visitor,
    Path(enrolment): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let version = version_of(&query);
    show(visitor, move |visitor| {
        build(&console.review, visitor, &enrolment, version)
    })
    .await
}

fn build(
    review: &Review,
    visitor: &Visitor,
    enrolment: &str,
    version: Option<u32>,
) -> Result<SensitivePage, PageError> {
    let enrolment: EnrolmentId = enrolment.parse().map_err(|_| PageError::NotFound)?;
    if visitor.member().role != StaffRole::SeniorReviewer {
        return Err(DecideError::NotAllowed.into());
    }
    let (case, _) = open_case(review, visitor, enrolment, "sensitive.view")?;
    let centre = review.centre();
    let known = centre
        .register()
        .read(|connection| case::versions_in(connection, enrolment))?;
    let (shown, packet) = known
        .iter()
        .find(|(known, _, _)| Some(*known) == version)
        .map_or((case.version, case.packet), |(known, packet, _)| {
            (*known, *packet)
        });
    let stored = centre.read_packet(packet)?;
    let content = review.open_content(&stored)?.content;
    let published = review
        .packs()
        .get(&content.pack_id, content.pack_version)
        .ok_or_else(|| ReviewError::NoPack(content.packet))?;
    let answers = review.open_sensitive(&stored, &content)?;
    let (pack, codes) = (&published.pack, &published.codes);
    Ok(SensitivePage {
        page: visitor.page(visitor.w.t("sensitive-title"), "queue"),
        enrolment: enrolment.to_string(),
        back: format!("/console/enrolments/{enrolment}?version={shown}"),
        sections: sections(visitor.w, pack, codes, true, &answers, None),
    })
}
