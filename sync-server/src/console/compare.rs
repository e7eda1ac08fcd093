//! Two enrolments side by side: what agrees, what differs, finger by finger.
//!
//! In: a case and an enrolment it resembles. Out: a page, and the acts of the case.
//! Never: compares by numbers alone; every score is said in words, and a person decides.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use qayd_model::{EnrolmentId, FingerPosition, SampleKind, lines::Line, pack::Role};
use qayd_packet::Content;

use super::{
    Console,
    enrolment::{
        Acts, acts_of, findings_of, may_act, open_case, opened_or_not, other_of, proposal_of,
    },
    language::Words,
    session::{PageError, Visitor, clock, show},
    view::{
        FindingView, LineView, Page, Picture, code_name, finger_name, likeness, line_views,
        name_of, pack_language, picture, sample_of, tone_of,
    },
};
use crate::centre::StoredPacket;
use crate::review::{
    Review,
    case::{self, Case, FindingKind},
    examine,
    packs::Published,
};

struct Side {
    which: String,
    enrolment: String,
    name: String,
    state: String,
    tone: &'static str,
    portrait: Option<Picture>,
    facts: Vec<String>,
}

struct Row {
    heading: bool,
    id: String,
    label: String,
    left: Vec<LineView>,
    right: Vec<LineView>,
    class: &'static str,
    verdict: String,
}

struct Pair {
    code: &'static str,
    name: String,
    images: Vec<Option<Picture>>,
    said: String,
}

#[derive(Template)]
#[template(path = "compare.html")]
struct ComparePage {
    page: Page,
    enrolment: String,
    other: String,
    state: &'static str,
    holder_notice: Option<String>,
    sides: Vec<Side>,
    rows: Vec<Row>,
    pairs: Vec<Pair>,
    fingers_said: String,
    findings: Vec<FindingView>,
    acts: Option<Acts>,
}

/// The case on the first side, the enrolment it resembles on the second.
pub(super) async fn page(
    State(console): State<Console>,
    visitor: Visitor,
    Path((enrolment, other)): Path<(String, String)>,
) -> Response {
    show(visitor, move |visitor| {
        build(&console.review, visitor, &enrolment, &other)
    })
    .await
}

struct Half {
    case: Case,
    stored: StoredPacket,
    content: Option<Content>,
}

fn half(review: &Review, case: Case) -> Result<Half, PageError> {
    let stored = review.centre().read_packet(case.packet)?;
    let content = opened_or_not(review, &stored)?.map(|opened| opened.content);
    Ok(Half {
        case,
        stored,
        content,
    })
}

fn build(
    review: &Review,
    visitor: &Visitor,
    enrolment: &str,
    other: &str,
) -> Result<ComparePage, PageError> {
    let enrolment: EnrolmentId = enrolment.parse().map_err(|_| PageError::NotFound)?;
    let other: EnrolmentId = other.parse().map_err(|_| PageError::NotFound)?;
    let (case, holder_notice) = open_case(review, visitor, enrolment, "case.compare")?;
    let w = visitor.w;
    let register = review.centre().register();
    let (other_case, findings, found, proposal) = register.read(|connection| {
        let found = case::findings_in(connection, &case)?;
        let other_case = case::case_in(connection, other)?.ok_or(PageError::NotFound)?;
        // Another office's enrolment is shown only to whoever has a case that resembles it.
        let resembles = found
            .iter()
            .any(|finding| other_of(&case, finding) == other);
        if !resembles && !visitor.member().sees(&other_case.home_office) {
            return Err(PageError::NotFound);
        }
        let findings = findings_of(connection, review, visitor, &case, Some(other))?;
        let all = findings_of(connection, review, visitor, &case, None)?;
        let proposal = proposal_of(connection, review, visitor, &case)?;
        Ok((other_case, findings, (found, all), proposal))
    })?;
    let (found, all) = found;
    let halves = [half(review, case.clone())?, half(review, other_case)?];
    let published = halves[0]
        .content
        .as_ref()
        .and_then(|c| review.packs().get(&c.pack_id, c.pack_version));
    let acts = may_act(visitor, &case, &halves[0].stored, holder_notice.is_some()).then(|| {
        let mut acts = acts_of(review, w, &case, published, &all, proposal);
        for choice in &mut acts.others {
            choice.chosen = choice.value == other.to_string();
        }
        acts
    });
    let scores = found
        .iter()
        .find(|finding| {
            finding.kind == FindingKind::Fingerprint && other_of(&case, finding) == other
        })
        .map(|finding| finding.detail.clone());
    let (left, right) = (halves[0].content.as_ref(), halves[1].content.as_ref());
    let sides = halves
        .iter()
        .enumerate()
        .map(|(i, half)| side(review, w, half, i == 0))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(ComparePage {
        page: visitor.page(w.t("compare-title"), "queue"),
        enrolment: enrolment.to_string(),
        other: other.to_string(),
        state: case.state.name(),
        holder_notice,
        sides,
        rows: rows(review, w, left, right),
        pairs: pairs(review, w, left, right, |position| {
            let scores = scores.as_ref()?;
            scores
                .fingers
                .iter()
                .find(|finger| finger.position == position.code())
                .map(|finger| finger.score)
        }),
        fingers_said: scores
            .as_ref()
            .and_then(|detail| detail.fused)
            .map_or_else(|| w.t("fingers-no-finding"), |fused| likeness(w, fused)),
        findings,
        acts,
    })
}

fn side(review: &Review, w: Words, half: &Half, first: bool) -> Result<Side, PageError> {
    let (case, codes) = (&half.case, review.packs().codes());
    let summary = examine::summary(review, case)?;
    let procedure = review
        .packs()
        .latest(&case.pack_id)
        .map_or(case.pack_id.as_str(), |pack| {
            pack.titles.in_language(pack_language(w.language))
        })
        .to_owned();
    Ok(Side {
        which: if first {
            w.t("side-this")
        } else {
            w.t("side-other")
        },
        enrolment: case.enrolment.to_string(),
        name: name_of(w, &summary),
        state: w.code("state-", case.state.name()),
        tone: tone_of(case.state),
        portrait: half.content.as_ref().and_then(|content| {
            sample_of(content, &SampleKind::Portrait).map(|sample| picture(content, sample))
        }),
        facts: vec![
            procedure,
            code_name(w, codes, "offices", &case.home_office),
            w.x(
                "received-at",
                &clock(case.received, review.settings().utc_offset_minutes),
            ),
        ],
    })
}

/// Fields of both, matched by their meaning where the packs differ.
fn rows(review: &Review, w: Words, left: Option<&Content>, right: Option<&Content>) -> Vec<Row> {
    let language = pack_language(w.language);
    let published = |content: Option<&Content>| {
        content.and_then(|c| review.packs().get(&c.pack_id, c.pack_version))
    };
    let (Some(left_pack), right_pack) = (published(left), published(right)) else {
        return Vec::new();
    };
    let lines = |published: &Published, content: Option<&Content>, number: u32| -> Vec<Line> {
        let (Some(field), Some(content)) = (published.pack.field_numbered(number), content) else {
            return Vec::new();
        };
        let entry = content.fields.iter().find(|entry| entry.number == number);
        entry
            .map(|entry| entry.value.lines(field, language, &published.codes))
            .unwrap_or_default()
    };
    let mut rows = Vec::new();
    for section in &left_pack.pack.sections {
        let before = rows.len();
        for field in &section.fields {
            // Consent and attestation are acts of one day; they say nothing about who somebody is.
            // Sensitive answers open one look at a time, on a page of their own.
            if field.sensitive || matches!(field.role, Some(Role::Consent | Role::Attestors)) {
                continue;
            }
            let here = lines(left_pack, left, field.number);
            let there = right_pack.map_or_else(Vec::new, |pack| {
                let same_pack = pack.pack.id == left_pack.pack.id;
                let number = match field.role {
                    Some(role) if !same_pack => pack.pack.field_with(role).map(|f| f.number),
                    _ if same_pack => Some(field.number),
                    _ => pack.pack.field(&field.id).map(|f| f.number),
                };
                number
                    .map(|number| lines(pack, right, number))
                    .unwrap_or_default()
            });
            if here.is_empty() && there.is_empty() {
                continue;
            }
            let (class, verdict) = if here.is_empty() || there.is_empty() {
                ("unknown", w.t("verdict-one-side"))
            } else if here == there {
                ("same", w.t("verdict-same"))
            } else {
                ("differs", w.t("verdict-differs"))
            };
            let shown = |lines: &[Line]| line_views(lines, language, &left_pack.codes);
            rows.push(Row {
                heading: false,
                id: field.id.clone(),
                label: field.label.in_language(language).to_owned(),
                left: shown(&here),
                right: shown(&there),
                class,
                verdict,
            });
        }
        if rows.len() > before {
            rows.insert(
                before,
                Row {
                    heading: true,
                    id: section.id.clone(),
                    label: section.title.in_language(language).to_owned(),
                    left: Vec::new(),
                    right: Vec::new(),
                    class: "",
                    verdict: String::new(),
                },
            );
        }
    }
    rows
}

fn pairs(
    review: &Review,
    w: Words,
    left: Option<&Content>,
    right: Option<&Content>,
    score: impl Fn(FingerPosition) -> Option<u16>,
) -> Vec<Pair> {
    let codes = review.packs().codes();
    let image = |content: Option<&Content>, position: FingerPosition| {
        let content = content?;
        sample_of(content, &SampleKind::Finger(position)).map(|sample| picture(content, sample))
    };
    FingerPosition::ALL
        .into_iter()
        .filter_map(|position| {
            let images = vec![image(left, position), image(right, position)];
            if images.iter().all(Option::is_none) {
                return None;
            }
            let said = match (score(position), images.iter().all(Option::is_some)) {
                (Some(score), _) if examine::finger_is_same(score) => {
                    format!("{} {}", w.t("finger-same"), likeness(w, score))
                }
                (Some(_), _) => w.t("finger-not-alike"),
                (None, true) => w.t("finger-no-score"),
                (None, false) => w.t("finger-one-side"),
            };
            Some(Pair {
                code: position.name(),
                name: finger_name(w, codes, position),
                images,
                said,
            })
        })
        .collect()
}
