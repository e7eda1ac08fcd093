//! Captures: hands, papers and exceptions as the page of an enrolment shows them.
//!
//! In: the content of a version, and of the one before. Out: views. Never: a byte of a picture; views name its address.

use qayd_model::{FingerPosition, SampleKind};
use qayd_packet::Content;

use crate::{
    console::{
        language::Words,
        view::{code_name, finger_name, picture, sample_full, sample_name, sample_of, sample_src},
    },
    review::Review,
};

pub(in crate::console) struct FingerView {
    pub code: &'static str,
    pub name: String,
    pub short: String,
    pub image: Option<String>,
    pub full: String,
    pub missing: String,
    pub excepted: bool,
    pub quality: Option<u8>,
    pub changed: Option<String>,
}

pub(in crate::console) struct HandView {
    pub name: String,
    pub fingers: Vec<FingerView>,
}

pub(super) struct PageView {
    pub src: String,
    pub full: String,
    pub name: String,
    pub file: bool,
}

pub(super) fn exception_text(
    w: Words,
    review: &Review,
    exception: &qayd_model::BiometricException,
) -> String {
    let reason = code_name(
        w,
        review.packs().codes(),
        "exception-reasons",
        exception.reason.name(),
    );
    match (&exception.note, exception.supervisor) {
        (Some(note), _) => format!("{reason} · {}", note.expose()),
        (None, Some(_)) => format!("{reason} · {}", w.t("exception-approved")),
        (None, None) => reason,
    }
}

/// The left hand from the little finger to the thumb, the right from the thumb to the little finger.
pub(super) const LEFT: [FingerPosition; 5] = [
    FingerPosition::LeftLittle,
    FingerPosition::LeftRing,
    FingerPosition::LeftMiddle,
    FingerPosition::LeftIndex,
    FingerPosition::LeftThumb,
];

pub(super) const RIGHT: [FingerPosition; 5] = [
    FingerPosition::RightThumb,
    FingerPosition::RightIndex,
    FingerPosition::RightMiddle,
    FingerPosition::RightRing,
    FingerPosition::RightLittle,
];

pub(super) fn hands(
    w: Words,
    review: &Review,
    content: &Content,
    before: Option<&Content>,
) -> Vec<HandView> {
    let any = content
        .samples
        .iter()
        .any(|s| matches!(s.kind, SampleKind::Finger(_)))
        || !content.exceptions.is_empty();
    if !any {
        return Vec::new();
    }
    let hand = |name: String, positions: [FingerPosition; 5]| HandView {
        name,
        fingers: positions
            .into_iter()
            .map(|position| finger(w, review, content, before, position))
            .collect(),
    };
    vec![hand(w.t("left-hand"), LEFT), hand(w.t("right-hand"), RIGHT)]
}

pub(super) fn finger(
    w: Words,
    review: &Review,
    content: &Content,
    before: Option<&Content>,
    position: FingerPosition,
) -> FingerView {
    let codes = review.packs().codes();
    let sample = sample_of(content, &SampleKind::Finger(position));
    let exception = content
        .exceptions
        .iter()
        .find(|exception| exception.position == position);
    let then = before.and_then(|before| sample_of(before, &SampleKind::Finger(position)));
    let changed = before.is_some() && sample.map(|s| s.sha256) != then.map(|s| s.sha256);
    FingerView {
        code: position.name(),
        name: finger_name(w, codes, position),
        short: w.code(
            "finger-short-",
            position
                .name()
                .split_once('_')
                .map_or("", |(_, finger)| finger),
        ),
        image: sample.map(|sample| sample_src(content.packet, sample.id)),
        full: sample
            .map(|sample| sample_full(content.packet, sample.id))
            .unwrap_or_default(),
        missing: exception.map_or_else(
            || w.t("not-captured"),
            |e| code_name(w, codes, "exception-reasons", e.reason.name()),
        ),
        excepted: exception.is_some(),
        quality: sample
            .and_then(|sample| sample.quality.as_ref())
            .map(|quality| quality.value),
        changed: changed.then(|| w.t("new-capture")),
    }
}

pub(super) fn pages(w: Words, review: &Review, content: &Content) -> Vec<PageView> {
    content
        .samples
        .iter()
        .filter(|sample| !matches!(sample.kind, SampleKind::Portrait | SampleKind::Finger(_)))
        .map(|sample| {
            let file = sample.media_type == "application/pdf";
            let shown = picture(content, sample);
            PageView {
                full: if file { shown.src.clone() } else { shown.full },
                src: shown.src,
                name: sample_name(w, review.packs().codes(), &sample.kind),
                file,
            }
        })
        .collect()
}
