//! One enrolment: everything a reviewer needs to decide it, and its history.
//!
//! In: an enrolment id, a version. Out: a page. Opening it takes the case's lease and is journalled.
//! Never: shows content whose signers were not proved; hides a check that failed.

use std::collections::HashMap;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use qayd_model::{
    Decision, EnrolmentId, FingerPosition, SampleKind, StaffId, UnixMs,
    pack::Role,
    value::{PersonName, Script, Value},
};
use qayd_packet::Content;
use rusqlite::Connection;

use super::{
    Console,
    cases::holder_name,
    language::Words,
    session::{PageError, Visitor, blocking, clock, html},
    view::{
        Choice, Fact, FindingView, Page, Picture, SectionView, age, code_name, finding_view,
        finger_name, name_of, pack_language, picture, sample_name, sample_of, sections, tone_of,
    },
};
use crate::{
    centre::StoredPacket,
    decision::{self, LogEvent, REJECTION_REASONS, RETURN_REASONS},
    review::{
        Opened, Review, ReviewError,
        case::{self, Case, CaseState, Check, CheckOutcome, Finding},
        examine,
        facts::by_role,
        packs::Published,
    },
    staff::{self, StaffRole},
    store::RegisterError,
    trust::journal,
};

pub(super) struct FingerView {
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

pub(super) struct HandView {
    pub name: String,
    pub fingers: Vec<FingerView>,
}

struct PageView {
    src: String,
    full: String,
    name: String,
    file: bool,
}

struct CheckView {
    code: String,
    outcome: &'static str,
    text: String,
    details: String,
}

struct VersionView {
    href: String,
    name: String,
    when: String,
    chosen: bool,
}

/// One event of a history.
struct EntryView {
    kind: String,
    text: String,
    when: String,
    details: Vec<String>,
}

/// A proposal that waits for a second person.
pub(super) struct Proposal {
    pub text: String,
    pub may_second: bool,
}

/// The forms of an open case.
pub(super) struct Acts {
    pub enrolment: String,
    pub seen: u64,
    pub hold: bool,
    pub may_accept: bool,
    pub fields: Vec<ActField>,
    pub fingers: Vec<Choice>,
    pub return_reasons: Vec<Choice>,
    pub rejection_reasons: Vec<Choice>,
    pub others: Vec<Choice>,
    pub proposal: Option<Proposal>,
}

pub(super) struct ActField {
    pub id: String,
    pub label: String,
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
    let for_page = visitor.clone();
    let version = query
        .get("version")
        .and_then(|version| version.parse().ok());
    let page = blocking(move || build(&console.review, &visitor, &enrolment, version)).await;
    page.map_or_else(|error| for_page.refuse(&error), |page| html(&page))
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
        let all = sections(w, pack, codes, content, before);
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

fn exception_text(w: Words, review: &Review, exception: &qayd_model::BiometricException) -> String {
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

/// The left hand from the little finger to the thumb, the right from the thumb to the little finger.
const LEFT: [FingerPosition; 5] = [
    FingerPosition::LeftLittle,
    FingerPosition::LeftRing,
    FingerPosition::LeftMiddle,
    FingerPosition::LeftIndex,
    FingerPosition::LeftThumb,
];
const RIGHT: [FingerPosition; 5] = [
    FingerPosition::RightThumb,
    FingerPosition::RightIndex,
    FingerPosition::RightMiddle,
    FingerPosition::RightRing,
    FingerPosition::RightLittle,
];

fn hands(w: Words, review: &Review, content: &Content, before: Option<&Content>) -> Vec<HandView> {
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

fn finger(
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
        image: sample.map(|sample| super::view::sample_src(content.packet, sample.id)),
        full: sample
            .map(|sample| super::view::sample_full(content.packet, sample.id))
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

fn pages(w: Words, review: &Review, content: &Content) -> Vec<PageView> {
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

fn check_view(w: Words, check: &Check) -> CheckView {
    let code = check.kind.code();
    let key = match check.outcome {
        CheckOutcome::Failed => "check-failed-",
        _ => "check-",
    };
    CheckView {
        text: w.code(key, &code),
        outcome: check.outcome.name(),
        details: check.details.join(", "),
        code,
    }
}

/// When, by whom, with what.
fn capture_facts(w: Words, opened: &Opened, stored: &StoredPacket, offset: i16) -> Vec<Fact> {
    let content = &opened.content;
    let mut devices: Vec<&str> = content
        .samples
        .iter()
        .filter_map(|sample| sample.device.as_deref())
        .collect();
    devices.sort_unstable();
    devices.dedup();
    let mut facts = vec![
        Fact {
            label: w.t("fact-station"),
            text: format!(
                "{} · {}",
                opened.station.name,
                w.code("station-kind-", &opened.station.kind)
            ),
        },
        Fact {
            label: w.t("fact-operator"),
            text: opened.operator.login.clone(),
        },
        Fact {
            label: w.t("fact-started"),
            text: clock(content.started, offset),
        },
        Fact {
            label: w.t("fact-sealed"),
            text: clock(content.sealed, offset),
        },
        Fact {
            label: w.t("fact-received"),
            text: clock(stored.row.received, offset),
        },
        Fact {
            label: w.t("fact-sequence"),
            text: stored.row.sequence.to_string(),
        },
        Fact {
            label: w.t("fact-pack"),
            text: format!("{} {}", content.pack_id, content.pack_version),
        },
    ];
    if let Some(supervisor) = &opened.supervisor {
        facts.insert(
            2,
            Fact {
                label: w.t("fact-supervisor"),
                text: supervisor.login.clone(),
            },
        );
    }
    if !devices.is_empty() {
        facts.push(Fact {
            label: w.t("fact-devices"),
            text: devices.join(", "),
        });
    }
    facts.push(Fact {
        label: w.t("fact-digest"),
        text: stored.row.packet_sha256.to_hex()[..16].to_owned(),
    });
    facts
}

/// The case's findings in words; `only` narrows them to one other enrolment.
pub(super) fn findings_of(
    connection: &Connection,
    review: &Review,
    visitor: &Visitor,
    case: &Case,
    only: Option<EnrolmentId>,
) -> Result<Vec<FindingView>, PageError> {
    let mut views = Vec::new();
    for finding in case::findings_in(connection, case)? {
        let other_id = other_of(case, &finding);
        if only.is_some_and(|only| only != other_id) {
            continue;
        }
        let other = case::case_in(connection, other_id)?;
        // Whoever has to compare has to see the other, whichever office keeps it.
        let may_open = other.is_some();
        views.push(finding_view(
            visitor.w,
            review,
            case,
            &finding,
            other.as_ref(),
            may_open,
            only.is_some(),
        )?);
    }
    Ok(views)
}

pub(super) fn other_of(case: &Case, finding: &Finding) -> EnrolmentId {
    if finding.enrolment == case.enrolment {
        finding.other
    } else {
        finding.enrolment
    }
}

pub(super) fn proposal_of(
    connection: &Connection,
    review: &Review,
    visitor: &Visitor,
    case: &Case,
) -> Result<Option<Proposal>, PageError> {
    if case.state != CaseState::SecondOpinion {
        return Ok(None);
    }
    let Some((by, decision)) = decision::pending_in(connection, review, case.enrolment)? else {
        return Ok(None);
    };
    let w = visitor.w;
    let member = visitor.member();
    let text = format!(
        "{} — {}",
        who(connection, by)?,
        w.code("proposed-", decision.name())
    );
    Ok(Some(Proposal {
        text,
        may_second: member.role == StaffRole::SeniorReviewer && member.id != by,
    }))
}

fn who(connection: &Connection, id: StaffId) -> Result<String, RegisterError> {
    Ok(staff::login_in(connection, id)?.unwrap_or_else(|| id.to_string()))
}

/// The forms for a case.
pub(super) fn acts_of(
    review: &Review,
    w: Words,
    case: &Case,
    published: Option<&Published>,
    findings: &[FindingView],
    proposal: Option<Proposal>,
) -> Acts {
    let language = pack_language(w.language);
    let codes = review.packs().codes();
    let reasons = |table: &str| -> Vec<Choice> {
        review
            .packs()
            .codes_of(table)
            .into_iter()
            .map(|code| Choice {
                value: code.to_owned(),
                name: code_name(w, codes, table, code),
                chosen: false,
            })
            .collect()
    };
    let mut others: Vec<Choice> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.may_open) {
        if !others.iter().any(|other| other.value == finding.other) {
            others.push(Choice {
                value: finding.other.clone(),
                name: finding.name.clone(),
                chosen: false,
            });
        }
    }
    if let [only] = others.as_mut_slice() {
        only.chosen = true;
    }
    let takes_fingers =
        published.is_some_and(|published| published.pack.biometrics.fingers.is_some());
    Acts {
        enrolment: case.enrolment.to_string(),
        seen: case.row_version,
        hold: case.state == CaseState::DuplicateHold,
        may_accept: case.checks_failed == 0,
        fields: published
            .map(|published| {
                let correctable = published.pack.fields().filter(|field| field.correctable);
                correctable
                    .map(|field| ActField {
                        id: field.id.clone(),
                        label: field.label.in_language(language).to_owned(),
                    })
                    .collect()
            })
            .unwrap_or_default(),
        fingers: if takes_fingers {
            LEFT.into_iter()
                .chain(RIGHT)
                .map(|position| Choice {
                    value: position.name().to_owned(),
                    name: finger_name(w, codes, position),
                    chosen: false,
                })
                .collect()
        } else {
            Vec::new()
        },
        return_reasons: reasons(RETURN_REASONS),
        rejection_reasons: reasons(REJECTION_REASONS),
        others,
        proposal,
    }
}

/// What happened to an enrolment, oldest first.
fn story(
    connection: &Connection,
    review: &Review,
    w: Words,
    enrolment: EnrolmentId,
) -> Result<Vec<EntryView>, PageError> {
    let offset = review.settings().utc_offset_minutes;
    let mut entries: Vec<(UnixMs, EntryView)> = Vec::new();
    for (version, _, when) in case::versions_in(connection, enrolment)? {
        let text = w.n("story-examined", u64::from(version));
        entries.push((
            when,
            EntryView {
                kind: "examined".to_owned(),
                text,
                when: clock(when, offset),
                details: Vec::new(),
            },
        ));
    }
    for entry in decision::entries_of(connection, review.vault(), enrolment)? {
        let key = match entry.event {
            LogEvent::Decided => "decided-",
            LogEvent::Proposed => "proposed-",
            LogEvent::Confirmed => "confirmed-",
            LogEvent::Declined => "declined-",
        };
        let text = format!(
            "{} — {}",
            who(connection, entry.by)?,
            w.code(key, entry.decision.name())
        );
        let details = details_of(review, w, connection, enrolment, &entry.decision)?;
        let kind = format!("{}-{}", entry.event.name(), entry.decision.name());
        entries.push((
            entry.at,
            EntryView {
                kind,
                text,
                when: clock(entry.at, offset),
                details,
            },
        ));
    }
    entries.sort_by_key(|(when, _)| *when);
    Ok(entries.into_iter().map(|(_, entry)| entry).collect())
}

fn details_of(
    review: &Review,
    w: Words,
    connection: &Connection,
    enrolment: EnrolmentId,
    decision: &Decision,
) -> Result<Vec<String>, PageError> {
    let codes = review.packs().codes();
    let mut details = Vec::new();
    match decision {
        Decision::Accepted => {}
        Decision::Rejected { reason, note } => {
            details.push(code_name(w, codes, REJECTION_REASONS, reason));
            details.extend(note.iter().map(|note| note.expose().to_owned()));
        }
        Decision::SamePerson { as_enrolment } => {
            if let Some(other) = case::case_in(connection, *as_enrolment)? {
                details.push(name_of(w, &examine::summary(review, &other)?));
            }
            details.push(as_enrolment.to_string());
        }
        Decision::Returned(back) => {
            let case = case::case_in(connection, enrolment)?;
            let pack = case
                .as_ref()
                .and_then(|case| review.packs().latest(&case.pack_id));
            for field in &back.fields {
                let label = pack
                    .and_then(|pack| pack.field(&field.field))
                    .map_or(field.field.as_str(), |f| {
                        f.label.in_language(pack_language(w.language))
                    });
                let mut line = format!(
                    "{label}: {}",
                    code_name(w, codes, RETURN_REASONS, &field.reason)
                );
                if let Some(note) = &field.note {
                    line.push_str(" · ");
                    line.push_str(note.expose());
                }
                details.push(line);
            }
            details.extend(
                back.fingers
                    .iter()
                    .map(|position| finger_name(w, codes, *position)),
            );
            if back.portrait {
                details.push(w.t("return-portrait"));
            }
            details.extend(back.note.iter().map(|note| note.expose().to_owned()));
        }
    }
    Ok(details)
}

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage {
    page: Page,
    enrolment: String,
    name: String,
    entries: Vec<EntryView>,
}

/// What happened to an enrolment, and who looked at it.
pub(super) async fn history(
    State(console): State<Console>,
    visitor: Visitor,
    Path(enrolment): Path<String>,
) -> Response {
    let for_page = visitor.clone();
    let page = blocking(move || {
        let (review, w) = (&console.review, visitor.w);
        let enrolment: EnrolmentId = enrolment.parse().map_err(|_| PageError::NotFound)?;
        review.centre().register().read(|connection| {
            let case = case::case_in(connection, enrolment)?
                .filter(|case| visitor.member().sees(&case.home_office))
                .ok_or(PageError::NotFound)?;
            Ok::<_, PageError>(HistoryPage {
                page: visitor.page(w.t("history-title"), "queue"),
                enrolment: enrolment.to_string(),
                name: name_of(w, &examine::summary(review, &case)?),
                entries: story(connection, review, w, enrolment)?,
            })
        })
    })
    .await;
    page.map_or_else(|error| for_page.refuse(&error), |page| html(&page))
}
