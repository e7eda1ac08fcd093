//! What pages are made of: small finished texts, so that templates hold no rules.
//!
//! In: cases, contents, packs, words. Out: structs of text. Never: HTML; askama escapes every text.

use qayd_model::{
    FingerPosition, SampleId, SampleKind, UnixMs,
    codes::CodeTables,
    lines::Line,
    pack::{Language as PackLanguage, Pack},
    value::Source,
};
use qayd_packet::{Content, FieldEntry, SampleEntry};

use super::{
    language::{Language, Words},
    session::clock,
};
use crate::review::{
    Review, ReviewError,
    case::{Case, CaseState, Finding, FindingKind},
    examine,
    facts::Summary,
    fingers::one_in_ten_to,
};

/// The frame of every page.
#[derive(Clone)]
pub(super) struct Page {
    pub w: Words,
    pub title: String,
    pub section: &'static str,
    pub csrf: String,
    pub path: String,
    pub user: Option<User>,
    pub said: Option<Said>,
}

impl Page {
    /// Tag, own name, whether it is the one in use.
    pub fn languages(&self) -> Vec<(&'static str, &'static str, bool)> {
        Language::ALL
            .into_iter()
            .map(|l| (l.tag(), l.own_name(), l == self.w.language))
            .collect()
    }
}

/// Who is signed in.
#[derive(Clone)]
pub(super) struct User {
    pub name: String,
    pub role: String,
}

/// What was just done.
#[derive(Clone)]
pub(super) struct Said {
    pub tone: &'static str,
    pub text: String,
}

impl Said {
    pub fn of(w: Words, word: &str) -> Option<Self> {
        let text = match word {
            "accepted" => w.t("said-accepted"),
            "returned" => w.t("said-returned"),
            "rejected" => w.t("said-rejected"),
            "same-person" => w.t("said-same-person"),
            "proposed" => w.t("said-proposed"),
            "declined" => w.t("said-declined"),
            "confirmed" => w.t("said-confirmed"),
            _ => return None,
        };
        Some(Self { tone: "good", text })
    }
}

/// A word with a colour; the word carries the meaning.
pub(super) struct Mark {
    pub tone: &'static str,
    pub text: String,
}

/// A choice of a form.
pub(super) struct Choice {
    pub value: String,
    pub name: String,
    pub chosen: bool,
}

/// A label with a text.
pub(super) struct Fact {
    pub label: String,
    pub text: String,
}

/// A picture: for the page, and for itself.
pub(super) struct Picture {
    pub src: String,
    pub full: String,
}

/// The pack's language for the console's.
pub(super) const fn pack_language(language: Language) -> PackLanguage {
    match language {
        Language::Arabic => PackLanguage::Arabic,
        Language::Sorani => PackLanguage::Sorani,
        Language::English => PackLanguage::English,
    }
}

pub(super) const fn tone_of(state: CaseState) -> &'static str {
    match state {
        CaseState::UnderReview | CaseState::SecondOpinion => "info",
        CaseState::DuplicateHold | CaseState::Returned => "warn",
        CaseState::Accepted => "good",
        CaseState::Rejected | CaseState::SamePerson => "bad",
    }
}

/// How long ago, in the largest whole unit.
pub(super) fn age(w: Words, now: UnixMs, then: UnixMs) -> String {
    let minutes = now.0.saturating_sub(then.0) / 60_000;
    match minutes {
        0..=59 => w.n("age-minutes", minutes),
        60..=2_879 => w.n("age-hours", minutes / 60),
        _ => w.n("age-days", minutes / 1_440),
    }
}

/// A person's name in the script that suits the reader, or words for nobody.
pub(super) fn name_of(w: Words, summary: &Summary) -> String {
    let latin = summary
        .latin
        .as_ref()
        .filter(|_| w.language == Language::English);
    let name = latin.unwrap_or(&summary.name).expose();
    if name.is_empty() {
        w.t("no-name")
    } else {
        name.to_owned()
    }
}

/// Address of a sample's picture.
pub(super) fn sample_src(packet: qayd_model::PacketId, sample: SampleId) -> String {
    format!("/console/samples/{packet}/{sample}")
}

/// Address of the page that shows one sample large.
pub(super) fn sample_full(packet: qayd_model::PacketId, sample: SampleId) -> String {
    format!("/console/samples/{packet}/{sample}/page")
}

pub(super) fn picture(content: &Content, sample: &SampleEntry) -> Picture {
    Picture {
        src: sample_src(content.packet, sample.id),
        full: sample_full(content.packet, sample.id),
    }
}

pub(super) fn sample_of<'c>(content: &'c Content, wanted: &SampleKind) -> Option<&'c SampleEntry> {
    content.samples.iter().find(|sample| sample.kind == *wanted)
}

/// The name of a code of a table, in the reader's language.
pub(super) fn code_name(w: Words, codes: &CodeTables, table: &str, code: &str) -> String {
    codes
        .label(table, code, pack_language(w.language))
        .to_owned()
}

pub(super) fn finger_name(w: Words, codes: &CodeTables, position: FingerPosition) -> String {
    code_name(w, codes, "fingers", position.name())
}

/// What a sample is of, in words.
pub(super) fn sample_name(w: Words, codes: &CodeTables, kind: &SampleKind) -> String {
    match kind {
        SampleKind::Portrait => w.t("portrait"),
        SampleKind::Finger(position) => finger_name(w, codes, *position),
        SampleKind::ExceptionPhoto => w.t("exception-photo"),
        SampleKind::DocumentPage { document, page } => {
            format!(
                "{} · {}",
                code_name(w, codes, "documents", document),
                w.n("page-number", u64::from(*page))
            )
        }
        SampleKind::ThumbMark => w.t("thumb-mark"),
        SampleKind::Signature => w.t("signature"),
    }
}

/// What a label of a finding is, in words.
fn label_name(w: Words, codes: &CodeTables, label: &str) -> String {
    match label {
        "portrait" => w.t("portrait"),
        "exception-photo" => w.t("exception-photo"),
        "thumb-mark" => w.t("thumb-mark"),
        "signature" => w.t("signature"),
        _ => match FingerPosition::from_name(label) {
            Some(position) => finger_name(w, codes, position),
            None => {
                let document = label.strip_prefix("document-").unwrap_or(label);
                let code = document.rsplit_once('-').map_or(document, |(code, _)| code);
                code_name(w, codes, "documents", code)
            }
        },
    }
}

pub(super) const fn source_code(source: Source) -> &'static str {
    match source {
        Source::Statement => "statement",
        Source::Document => "document",
        Source::Mrz => "mrz",
        Source::Chip => "chip",
        Source::RegisterExtract => "register_extract",
        Source::Import => "import",
    }
}

/// One resemblance.
pub(super) struct FindingView {
    pub kind: &'static str,
    pub other: String,
    pub compare: String,
    pub name: String,
    pub state: String,
    pub heading: String,
    pub strength: String,
    pub tone: &'static str,
    pub score: u8,
    pub holds: bool,
    pub reasons: Vec<ReasonView>,
    pub may_open: bool,
    pub on_compare_page: bool,
}

/// One reason in words, with its points.
pub(super) struct ReasonView {
    pub text: String,
    pub points: String,
}

/// A false-match rate in words.
pub(super) fn likeness(w: Words, score: u16) -> String {
    if score >= 2_000 {
        return w.t("likeness-beyond");
    }
    match one_in_ten_to(score) {
        0..=1 => w.t("likeness-none"),
        power => {
            let crowd = 10_u64.saturating_pow(u32::from(power));
            let grouped: String = grouped(crowd);
            w.x("likeness-one-in", &grouped)
        }
    }
}

/// A number in groups of three.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// One resemblance of `case` to `other`, in words.
pub(super) fn finding_view(
    w: Words,
    review: &Review,
    case: &Case,
    finding: &Finding,
    other: Option<&Case>,
    may_open: bool,
    on_compare_page: bool,
) -> Result<FindingView, ReviewError> {
    let codes = review.packs().codes();
    let other_id = if finding.enrolment == case.enrolment {
        finding.other
    } else {
        finding.enrolment
    };
    let within = other_id == case.enrolment;
    let name = match other {
        _ if within => w.t("finding-within"),
        Some(other) if may_open => name_of(w, &examine::summary(review, other)?),
        _ => w.t("finding-other-office"),
    };
    let (heading, mut reasons) = match finding.kind {
        FindingKind::Demographic => (
            w.t("finding-demographic"),
            finding
                .detail
                .reasons
                .iter()
                .map(|reason| ReasonView {
                    text: w.code("reason-", &reason.kind.code()),
                    points: format!("{:+}", reason.points),
                })
                .collect(),
        ),
        FindingKind::Fingerprint => {
            let fused = finding.detail.fused.unwrap_or_default();
            let strong: Vec<String> = finding
                .detail
                .fingers
                .iter()
                .filter(|finger| examine::finger_is_same(finger.score))
                .filter_map(|finger| FingerPosition::from_code(finger.position))
                .map(|position| finger_name(w, codes, position))
                .collect();
            let compared = w.n("fingers-compared", finding.detail.fingers.len() as u64);
            let mut reasons = vec![
                ReasonView {
                    text: likeness(w, fused),
                    points: String::new(),
                },
                ReasonView {
                    text: compared,
                    points: String::new(),
                },
            ];
            if strong.len() > 2 && strong.len() == finding.detail.fingers.len() {
                reasons.push(ReasonView {
                    text: w.t("fingers-all-same"),
                    points: String::new(),
                });
            } else if !strong.is_empty() {
                reasons.push(ReasonView {
                    text: w.x("fingers-same", &strong.join(w.t("list-comma").as_str())),
                    points: String::new(),
                });
            }
            (w.t("finding-fingerprint"), reasons)
        }
        FindingKind::SampleReused => (
            w.t("finding-sample-reused"),
            finding
                .detail
                .samples
                .iter()
                .map(|(here, there)| ReasonView {
                    text: format!(
                        "{} = {}",
                        label_name(w, codes, here),
                        label_name(w, codes, there)
                    ),
                    points: String::new(),
                })
                .collect(),
        ),
    };
    if finding.detail.other_procedure {
        reasons.push(ReasonView {
            text: w.t("reason-other-procedure"),
            points: String::new(),
        });
    }
    let (strength, tone) = match (finding.holds, finding.kind) {
        (true, FindingKind::Demographic) => {
            (w.n("strength-score", u64::from(finding.score)), "warn")
        }
        (false, FindingKind::Demographic) => (w.n("strength-score", u64::from(finding.score)), ""),
        (true, _) => (w.t("strength-strong"), "warn"),
        (false, _) => (w.t("strength-weak"), ""),
    };
    Ok(FindingView {
        kind: finding.kind.name(),
        other: other_id.to_string(),
        compare: format!("/console/enrolments/{}/compare/{other_id}", case.enrolment),
        name,
        state: other
            .map(|other| w.code("state-", other.state.name()))
            .unwrap_or_default(),
        heading,
        strength,
        tone,
        score: finding.score,
        holds: finding.holds,
        reasons,
        may_open: may_open && !within,
        on_compare_page,
    })
}

/// One field's value as lines.
pub(super) struct LineView {
    /// Number of the list's item that begins with this line.
    pub item: Option<String>,
    pub label: String,
    pub text: String,
    pub lang: Option<&'static str>,
}

/// One field of a content.
pub(super) struct FieldView {
    pub id: String,
    pub label: String,
    pub lines: Vec<LineView>,
    pub origin: String,
    pub changed: bool,
    pub before: String,
}

/// Fields that belong together.
pub(super) struct SectionView {
    pub title: String,
    pub fields: Vec<FieldView>,
}

/// The pack's sections with these answers, and how they differ from those of an earlier version; `sensitive` chooses
/// which of the pack's fields are shown at all, whatever a station may have put where.
pub(super) fn sections(
    w: Words,
    pack: &Pack,
    codes: &CodeTables,
    sensitive: bool,
    answers: &[FieldEntry],
    before: Option<&[FieldEntry]>,
) -> Vec<SectionView> {
    let language = pack_language(w.language);
    let entry = |answers: &[FieldEntry], number: u32| {
        answers.iter().find(|field| field.number == number).cloned()
    };
    let mut sections = Vec::new();
    for section in &pack.sections {
        let mut fields = Vec::new();
        for field in section.fields.iter().filter(|f| f.sensitive == sensitive) {
            let now = entry(answers, field.number);
            let then = before.and_then(|before| entry(before, field.number));
            let changed = before.is_some()
                && now.as_ref().map(|f| &f.value) != then.as_ref().map(|f| &f.value);
            if now.is_none() && !changed {
                continue;
            }
            let lines = now
                .as_ref()
                .map(|entry| {
                    line_views(&entry.value.lines(field, language, codes), language, codes)
                })
                .unwrap_or_default();
            fields.push(FieldView {
                id: field.id.clone(),
                label: field.label.in_language(language).to_owned(),
                lines,
                origin: now
                    .as_ref()
                    .map(|entry| w.code("source-", source_code(entry.source)))
                    .unwrap_or_default(),
                changed,
                before: then
                    .map(|entry| {
                        entry
                            .value
                            .one_line(field, language, codes)
                            .expose()
                            .to_owned()
                    })
                    .unwrap_or_default(),
            });
        }
        if !fields.is_empty() {
            sections.push(SectionView {
                title: section.title.in_language(language).to_owned(),
                fields,
            });
        }
    }
    sections
}

/// Lines of a list carry their item's number first; it is shown once, where the item begins.
pub(super) fn line_views(
    lines: &[Line],
    language: PackLanguage,
    codes: &CodeTables,
) -> Vec<LineView> {
    let number = |line: &Line| {
        line.keys
            .first()
            .filter(|key| key.chars().all(|c| c.is_ascii_digit()))
            .cloned()
    };
    let mut before = None;
    lines
        .iter()
        .map(|line| {
            let item = number(line);
            let begins = item.is_some() && item != before;
            before.clone_from(&item);
            let rest = Line {
                keys: line.keys[usize::from(item.is_some())..].to_vec(),
                ..line.clone()
            };
            LineView {
                item: item.filter(|_| begins),
                label: rest.label(language, codes),
                text: line.text.expose().to_owned(),
                lang: line.script.map(script_tag),
            }
        })
        .collect()
}

const fn script_tag(script: qayd_model::Script) -> &'static str {
    match script {
        qayd_model::Script::Ar => "ar",
        qayd_model::Script::Ckb => "ckb",
        qayd_model::Script::Lat => "en",
    }
}

/// One row of a list of cases.
pub(super) struct CaseRow {
    pub enrolment: String,
    pub packet: String,
    pub state: &'static str,
    pub state_name: String,
    pub tone: &'static str,
    pub marks: Vec<Mark>,
    pub version: u32,
    pub name: String,
    pub under_name: String,
    pub procedure: String,
    pub office: String,
    pub station: String,
    pub batch: String,
    pub sequence: u64,
    pub received: String,
    pub age: String,
    pub portrait: Option<String>,
}

/// A case for a list.
pub(super) fn case_row(
    w: Words,
    review: &Review,
    case: &Case,
    station: &str,
    lease_name: Option<String>,
) -> Result<CaseRow, ReviewError> {
    let summary = examine::summary(review, case)?;
    let (codes, language, offset) = (
        review.packs().codes(),
        pack_language(w.language),
        review.settings().utc_offset_minutes,
    );
    let mut marks = Vec::new();
    if case.checks_failed > 0 {
        marks.push(Mark {
            tone: "bad",
            text: w.n("mark-checks-failed", u64::from(case.checks_failed)),
        });
    }
    if case.duplicates > u32::from(case.state == CaseState::DuplicateHold) {
        marks.push(Mark {
            tone: "warn",
            text: w.n("mark-resembles", u64::from(case.duplicates)),
        });
    }
    if case.version > 1 {
        marks.push(Mark {
            tone: "",
            text: w.n("mark-version", u64::from(case.version)),
        });
    }
    if let Some(name) = lease_name {
        marks.push(Mark {
            tone: "",
            text: w.x("mark-held-by", &name),
        });
    }
    let procedure = review
        .packs()
        .latest(&case.pack_id)
        .map_or(case.pack_id.as_str(), |pack| {
            pack.titles.in_language(language)
        });
    Ok(CaseRow {
        enrolment: case.enrolment.to_string(),
        packet: case.packet.to_string(),
        state: case.state.name(),
        state_name: w.code("state-", case.state.name()),
        tone: tone_of(case.state),
        marks,
        version: case.version,
        name: name_of(w, &summary),
        under_name: summary
            .birth
            .map(|date| date.shown().expose().to_owned())
            .unwrap_or_default(),
        procedure: procedure.to_owned(),
        office: code_name(w, codes, "offices", &case.home_office),
        station: station.to_owned(),
        batch: format!("/console/batches/{}/{}", case.station, case.day),
        sequence: case.sequence,
        received: clock(case.received, offset),
        age: age(w, review.centre().now(), case.received),
        portrait: summary.portrait.map(|id| sample_src(case.packet, id)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_said_in_words() {
        let w = Words::of(Language::English);
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!(grouped(100), "100");
        assert!(likeness(w, 600).contains("1,000,000"));
        assert_eq!(likeness(w, 50), w.t("likeness-none"));
    }

    #[test]
    fn ages_are_told_in_the_largest_unit() {
        let w = Words::of(Language::English);
        let now = UnixMs(100 * 86_400_000);
        assert!(age(w, now, UnixMs(now.0 - 5 * 60_000)).contains('5'));
        assert!(age(w, now, UnixMs(now.0 - 3 * 86_400_000)).contains('3'));
        assert!(age(w, now, UnixMs(now.0 + 60_000)).contains('0'));
    }
}
