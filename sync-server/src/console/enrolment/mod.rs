//! One enrolment: everything a reviewer needs to decide it, and its history.
//!
//! In: an enrolment id, a version. Out: a page. Opening it takes the case's lease and is journalled.
//! Never: shows content whose signers were not proved; hides a check that failed.

mod captures;
mod facts;
mod forms;
mod sensitive;
mod story;

use std::collections::HashMap;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use qayd_model::{
    EnrolmentId, SampleKind, UnixMs,
    pack::Role,
    value::{PersonName, Script, Value},
};
use qayd_packet::Content;

use super::{
    Console,
    cases::holder_name,
    language::Words,
    session::{PageError, Visitor, clock, show},
    view::{
        Fact, FindingView, Page, Picture, SectionView, age, code_name, finger_name, pack_language,
        picture, sample_of, sections, tone_of,
    },
};
use crate::{
    centre::StoredPacket,
    review::{
        Opened, Review, ReviewError,
        case::{self, Case},
        facts::by_role,
        packs::Published,
    },
    staff::StaffRole,
    trust::journal,
};

use captures::{HandView, PageView, exception_text, hands, pages};
use facts::{CheckView, capture_facts, check_view};
use story::{EntryView, story};

pub(super) use forms::{Acts, acts_of, findings_of, other_of, proposal_of};
pub(super) use sensitive::page as sensitive;
pub(super) use story::history;

struct VersionView {
    href: String,
    name: String,
    when: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "enrolment.html")]
struct EnrolmentPage {
    page: Page,
    enrolment: String,
    packet: String,
    state: &'static str,
    state_name: String,
    tone: &'static str,
    version: u32,
    seen: u64,
    batch: String,
    station: String,
    day: String,
    procedure: String,
    facts: Vec<String>,
    holder_notice: Option<String>,
    old_version_notice: Option<String>,
    quarantine: Option<String>,
    opened: bool,
    portrait: Option<Picture>,
    name: String,
    other_names: Vec<String>,
    person_facts: Vec<Fact>,
    findings: Vec<FindingView>,
    hands: Vec<HandView>,
    exceptions: Vec<Fact>,
    sections: Vec<SectionView>,
    diff_note: Option<String>,
    sensitive: bool,
    may_see_sensitive: bool,
    pages: Vec<PageView>,
    checks: Vec<CheckView>,
    capture_facts: Vec<Fact>,
    acts: Option<Acts>,
    versions: Vec<VersionView>,
    last_entries: Vec<EntryView>,
}

/// The page of one enrolment, `?version=n` for an earlier one.
pub(super) async fn page(
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

/// `?version=n`.
fn version_of(query: &HashMap<String, String>) -> Option<u32> {
    query.get("version")?.parse().ok()
}

/// A case the visitor may see; opening it takes its lease.
pub(super) fn open_case(
    review: &Review,
    visitor: &Visitor,
    enrolment: EnrolmentId,
    what: &'static str,
) -> Result<(Case, Option<String>), PageError> {
    let (centre, member) = (review.centre(), visitor.member());
    let case = centre
        .register()
        .read(|connection| case::case_in(connection, enrolment))?
        .ok_or(PageError::NotFound)?;
    if !member.sees(&case.home_office) {
        return Err(PageError::NotFound);
    }
    let (now, by, decides) = (centre.now(), member.id, member.role.decides());
    centre.register().write(move |connection| {
        if decides {
            case::lease_in(connection, now, enrolment, by)?;
        }
        journal::append_in(
            connection,
            now,
            &by.to_string(),
            what,
            &enrolment.to_string(),
            "",
        )?;
        Ok::<_, PageError>(())
    })?;
    let (case, holder) = centre.register().read(|connection| {
        let case = case::case_in(connection, enrolment)?.ok_or(PageError::NotFound)?;
        let holder = holder_name(connection, &case, by, now)?;
        Ok::<_, PageError>((case, holder))
    })?;
    Ok((case, holder.map(|name| visitor.w.x("held-by", &name))))
}

fn build(
    review: &Review,
    visitor: &Visitor,
    enrolment: &str,
    version: Option<u32>,
) -> Result<EnrolmentPage, PageError> {
    let enrolment: EnrolmentId = enrolment.parse().map_err(|_| PageError::NotFound)?;
    let (case, holder_notice) = open_case(review, visitor, enrolment, "case.open")?;
    let (w, centre) = (visitor.w, review.centre());
    let (codes, language, offset) = (
        review.packs().codes(),
        pack_language(w.language),
        review.settings().utc_offset_minutes,
    );
    let known = centre
        .register()
        .read(|connection| case::versions_in(connection, enrolment))?;
    let shown = version
        .filter(|version| known.iter().any(|(known, _, _)| known == version))
        .unwrap_or(case.version);
    let packet = known
        .iter()
        .find(|(known, _, _)| *known == shown)
        .map_or(case.packet, |(_, packet, _)| *packet);
    let stored = centre.read_packet(packet)?;
    let opened = opened_or_not(review, &stored)?;
    let before = earlier(review, &known, shown)?;
    let published = opened.as_ref().and_then(|o| {
        review
            .packs()
            .get(&o.content.pack_id, o.content.pack_version)
    });
    let (checks, findings, entries, proposal) = centre.register().read(|connection| {
        let checks = case::checks_in(connection, enrolment, shown)?;
        let findings = findings_of(connection, review, visitor, &case, None)?;
        let entries = story(connection, review, w, enrolment)?;
        let proposal = proposal_of(connection, review, visitor, &case)?;
        Ok::<_, PageError>((checks, findings, entries, proposal))
    })?;
    let mut facts = vec![
        code_name(w, codes, "offices", &case.home_office),
        w.x(
            "received-at",
            &format!(
                "{} ({})",
                clock(stored.row.received, offset),
                age(w, centre.now(), stored.row.received)
            ),
        ),
    ];
    if case.version > 1 {
        facts.push(w.n("version-number", u64::from(shown)));
    }
    if stored.row.home_office != stored.station.site {
        facts.push(w.x("captured-at", &stored.station.name));
    }
    let may_act = may_act(visitor, &case, &stored, holder_notice.is_some());
    let acts = (shown == case.version && may_act)
        .then(|| acts_of(review, w, &case, published, &findings, proposal));
    let procedure = review
        .packs()
        .latest(&case.pack_id)
        .map_or(case.pack_id.as_str(), |pack| {
            pack.titles.in_language(language)
        });
    let content = opened.as_ref().map(|opened| &opened.content);
    let parts = match (content, published) {
        (Some(content), Some(published)) => {
            Parts::of(w, review, published, content, before.as_ref())
        }
        _ => Parts::default(),
    };
    Ok(EnrolmentPage {
        page: visitor.page(
            if parts.name.is_empty() {
                procedure.to_owned()
            } else {
                parts.name.clone()
            },
            "queue",
        ),
        enrolment: enrolment.to_string(),
        packet: packet.to_string(),
        state: case.state.name(),
        state_name: w.code("state-", case.state.name()),
        tone: tone_of(case.state),
        version: shown,
        seen: case.row_version,
        batch: format!("/console/batches/{}/{}", case.station, case.day),
        station: stored.station.name.clone(),
        day: case.day.replace('-', "/"),
        procedure: procedure.to_owned(),
        facts,
        holder_notice,
        quarantine: stored.row.quarantine.as_ref().map(|why| {
            format!(
                "{} {}",
                w.code("quarantine-", &why.replace(' ', "-")),
                w.t("quarantine-senior")
            )
        }),
        old_version_notice: (shown != case.version).then(|| w.n("old-version", u64::from(shown))),
        opened: content.is_some() && published.is_some(),
        portrait: parts.portrait,
        name: parts.name,
        other_names: parts.other_names,
        person_facts: parts.person_facts,
        findings,
        hands: parts.hands,
        exceptions: parts.exceptions,
        sections: parts.sections,
        diff_note: parts.diff_note,
        sensitive: published.is_some_and(|p| p.pack.fields().any(|field| field.sensitive)),
        may_see_sensitive: visitor.member().role == StaffRole::SeniorReviewer,
        pages: parts.pages,
        checks: checks.iter().map(|check| check_view(w, check)).collect(),
        capture_facts: opened
            .as_ref()
            .map(|opened| capture_facts(w, opened, &stored, offset))
            .unwrap_or_default(),
        acts,
        versions: known
            .iter()
            .rev()
            .map(|(number, _, when)| VersionView {
                href: format!("/console/enrolments/{enrolment}?version={number}"),
                name: w.n("version-number", u64::from(*number)),
                when: clock(*when, offset),
                chosen: *number == shown,
            })
            .collect(),
        last_entries: entries.into_iter().rev().take(3).collect(),
    })
}

/// Whether this visitor gets the forms of a case. `decision` looks at all of it again.
pub(super) fn may_act(visitor: &Visitor, case: &Case, stored: &StoredPacket, held: bool) -> bool {
    let role = visitor.member().role;
    let quarantined = stored.row.quarantine.is_some() && role != StaffRole::SeniorReviewer;
    role.decides() && case.state.is_open() && !held && !quarantined
}

/// A packet that does not open is still a case; the page says so.
pub(super) fn opened_or_not(
    review: &Review,
    stored: &StoredPacket,
) -> Result<Option<Opened>, PageError> {
    match review.open_content(stored) {
        Ok(opened) => Ok(Some(opened)),
        Err(ReviewError::NotOpened { .. } | ReviewError::Trust(_) | ReviewError::Centre(_)) => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn earlier(
    review: &Review,
    known: &[(u32, qayd_model::PacketId, UnixMs)],
    shown: u32,
) -> Result<Option<Content>, PageError> {
    let Some((_, packet, _)) = known.iter().rfind(|(version, _, _)| *version < shown) else {
        return Ok(None);
    };
    let stored = review.centre().read_packet(*packet)?;
    Ok(opened_or_not(review, &stored)?.map(|opened| opened.content))
}

/// What of a page comes from the content.
#[derive(Default)]
struct Parts {
    portrait: Option<Picture>,
    name: String,
    other_names: Vec<String>,
    person_facts: Vec<Fact>,
    hands: Vec<HandView>,
    exceptions: Vec<Fact>,
    sections: Vec<SectionView>,
    diff_note: Option<String>,
    pages: Vec<PageView>,
}

impl Parts {
    fn of(
        w: Words,
        review: &Review,
        published: &Published,
        content: &Content,
        before: Option<&Content>,
    ) -> Self {
        let (pack, codes, language) =
            (&published.pack, &published.codes, pack_language(w.language));
        let fields_before = before.map(|before| before.fields.as_slice());
        let all = sections(w, pack, codes, false, &content.fields, fields_before);
        let changed = all
            .iter()
            .flat_map(|section| &section.fields)
            .filter(|field| field.changed)
            .count() as u64;
        let (name, other_names) = match by_role(pack, content, Role::HolderName) {
            Some(Value::Name(name)) => (
                name.one_line(language).expose().to_owned(),
                scripts_of(name, language),
            ),
            _ => (w.t("no-name"), Vec::new()),
        };
        let mut person_facts = Vec::new();
        for role in [
            Role::MotherName,
            Role::BirthDate,
            Role::BirthPlace,
            Role::Sex,
            Role::NationalNumber,
            Role::Register,
        ] {
            if let (Some(field), Some(value)) =
                (pack.field_with(role), by_role(pack, content, role))
            {
                let label = field.label.in_language(language).to_owned();
                person_facts.push(Fact {
                    label,
                    text: value.one_line(field, language, codes).expose().to_owned(),
                });
            }
        }
        Self {
            portrait: sample_of(content, &SampleKind::Portrait)
                .map(|sample| picture(content, sample)),
            name,
            other_names,
            person_facts,
            hands: hands(w, review, content, before),
            exceptions: content
                .exceptions
                .iter()
                .map(|exception| Fact {
                    label: finger_name(w, codes, exception.position),
                    text: exception_text(w, review, exception),
                })
                .collect(),
            sections: all,
            diff_note: before.map(|_| w.n("diff-note", changed)),
            pages: pages(w, review, content),
        }
    }
}

fn scripts_of(name: &PersonName, language: qayd_model::pack::Language) -> Vec<String> {
    let shown = name.one_line(language);
    [Script::Ar, Script::Ckb, Script::Lat]
        .into_iter()
        .filter_map(|script| {
            let parts: Vec<&str> = [&name.given, &name.father, &name.grandfather, &name.laqab]
                .into_iter()
                .flatten()
                .filter_map(|part| part.written(script).map(qayd_model::PersonalText::expose))
                .collect();
            let text = parts.join(" ");
            (!text.is_empty() && text != shown.expose()).then_some(text)
        })
        .collect()
}
