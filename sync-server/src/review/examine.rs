//! Examine: one packet, from its bytes to its findings.
//!
//! In: a lease on a work item. Out: a case, its checks, its findings, the index; all in the register, or nothing.
//! Never: gives a case up because something about it is wrong: what is wrong becomes a failed check that a person sees.

use qayd_fingerprint::{SAME_FINGER, Template, same_finger_twice};
use qayd_model::{
    EnrolmentId, FingerPosition, PacketId, SampleKind, UnixMs,
    validation::{Answers, Capture, SampleSeen, validate},
};
use qayd_packet::{Content, SampleEntry};

use super::{
    Opened, Review, ReviewError,
    case::{
        self, Case, CaseState, Check, CheckKind, CheckOutcome, Examined, Finding, FindingDetail,
        FindingKind, FingerFinding,
    },
    demographic::{Facts, HOLD_SCORE, SHOW_SCORE, compare},
    facts::{facts_of, summary_of},
    fingers, images, index,
    packs::Published,
    vault::context,
};
use crate::{
    centre::StoredPacket,
    intake::Chain,
    store::RegisterError,
    trust::journal,
    work::{self, Lease, WorkKind},
};

/// How long one examination may take before another worker takes it over.
const LEASE_MS: u64 = 60_000;
/// A quality the station claims may be this much above what is measured here before somebody is told.
const QUALITY_SLACK: u8 = 10;
/// A clock that is further off than this is noted: one day.
const CLOCK_SLACK_MS: u64 = 24 * 3_600_000;
/// An enrolment done faster than this is noted.
const PACE_MIN_MS: u64 = 90_000;

/// Examines the most urgent packet that waits, if any; `false` when there is none. `holder` differs between workers.
pub fn run_one(review: &Review, holder: &str) -> Result<bool, ReviewError> {
    let work = review.centre().work();
    let Some(lease) = work.lease(&[WorkKind::Examine], holder, LEASE_MS)? else {
        return Ok(false);
    };
    let Ok(packet) = lease.subject.parse::<PacketId>() else {
        work.set_aside(&lease, "REV-09 no packet id")?;
        return Ok(true);
    };
    if let Err(error) = examine(review, packet, &lease) {
        tracing::warn!(code = error.code(), %packet, attempt = lease.attempt, "examination failed");
        if work.fail(&lease, error.code())? {
            // Nobody would miss a case that was never made: a person has to look.
            let (now, code) = (review.centre().now(), error.code());
            review.centre().register().write(move |connection| {
                let detail = format!("packet={packet} {code}");
                journal::alarm_in(connection, now, "examination-failed", None, &detail)
            })?;
        }
    }
    Ok(true)
}

fn examine(review: &Review, packet: PacketId, lease: &Lease) -> Result<(), ReviewError> {
    let stored = review.centre().read_packet(packet)?;
    let mut checks = station_checks(&stored);
    if let Err(error) = stored.verify() {
        return record_unopened(
            review,
            &stored,
            checks,
            CheckKind::Bytes,
            error.code(),
            lease,
        );
    }
    push(&mut checks, CheckKind::Bytes, CheckOutcome::Held, vec![]);
    push(
        &mut checks,
        CheckKind::StationSignature,
        CheckOutcome::Held,
        vec![],
    );
    let opened = match review.open_content(&stored) {
        Ok(opened) => opened,
        Err(error @ (ReviewError::NotOpened { .. } | ReviewError::Trust(_))) => {
            return record_unopened(
                review,
                &stored,
                checks,
                CheckKind::Opened,
                error.code(),
                lease,
            );
        }
        Err(error) => return Err(error),
    };
    signer_checks(&stored, &opened, &mut checks);
    let Some(published) = review
        .packs()
        .get(&opened.content.pack_id, opened.content.pack_version)
    else {
        return record_unopened(review, &stored, checks, CheckKind::Pack, "REV-03", lease);
    };
    if published.digest != opened.content.pack_digest {
        return record_unopened(review, &stored, checks, CheckKind::Pack, "REV-10", lease);
    }
    push(&mut checks, CheckKind::Pack, CheckOutcome::Held, vec![]);

    let fingers = read_samples(review, &stored, &opened.content, &mut checks)?;
    sensitive_apart(&opened.content, published, &mut checks);
    content_checks(review, &stored, &opened, published, &mut checks);
    if let Some((a, b)) = same_finger_twice(&fingers) {
        push(
            &mut checks,
            CheckKind::Samples,
            CheckOutcome::Note,
            vec![format!("same-finger {} {}", a.name(), b.name())],
        );
    }
    let facts = facts_of(&published.pack, &opened.content);

    // First into the index, then compare: see the module's head.
    let held = index_it(review, &opened.content, &facts, &fingers)?;
    let mut findings = if held.newest {
        compare_all(review, &opened.content, &facts, &fingers)?
    } else {
        Vec::new()
    };
    findings.extend(reuse_findings(
        &opened.content,
        &held.reuses,
        review.centre().now(),
    ));

    let state = if findings.iter().any(|f| f.holds && f.other != f.enrolment) {
        CaseState::DuplicateHold
    } else {
        CaseState::UnderReview
    };
    let summary = review.vault().seal(
        &summary_place(opened.content.enrolment),
        &summary_of(&published.pack, &opened.content),
    );
    record(review, &stored, state, checks, summary, findings, lease)
}

/// Where a case's summary is sealed for.
pub(super) fn summary_place(enrolment: EnrolmentId) -> Vec<u8> {
    context("review_case", &enrolment.to_bytes())
}

fn push(checks: &mut Vec<Check>, kind: CheckKind, outcome: CheckOutcome, details: Vec<String>) {
    checks.push(Check {
        kind,
        outcome,
        details,
    });
}

/// What is known without opening anything.
fn station_checks(stored: &StoredPacket) -> Vec<Check> {
    let mut checks = Vec::new();
    let standing = match &stored.row.quarantine {
        None => CheckOutcome::Held,
        Some(_) => CheckOutcome::Note,
    };
    push(
        &mut checks,
        CheckKind::StationStanding,
        standing,
        stored.row.quarantine.iter().cloned().collect(),
    );
    let chain = match stored.row.chain {
        Chain::Whole => CheckOutcome::Held,
        Chain::Gap | Chain::Fork => CheckOutcome::Note,
    };
    push(
        &mut checks,
        CheckKind::Chain,
        chain,
        vec![format!(
            "{} {}",
            stored.row.sequence,
            stored.row.chain.name()
        )],
    );
    checks
}

fn signer_checks(stored: &StoredPacket, opened: &Opened, checks: &mut Vec<Check>) {
    push(
        checks,
        CheckKind::StationCertificate,
        CheckOutcome::Held,
        vec![opened.station.name.clone()],
    );
    push(checks, CheckKind::Opened, CheckOutcome::Held, vec![]);
    push(
        checks,
        CheckKind::OperatorCertificate,
        CheckOutcome::Held,
        vec![opened.operator.login.clone()],
    );
    push(
        checks,
        CheckKind::OperatorSignature,
        CheckOutcome::Held,
        vec![],
    );
    if let Some(supervisor) = &opened.supervisor {
        let alone = supervisor.operator == opened.operator.operator;
        let outcome = if alone {
            CheckOutcome::Note
        } else {
            CheckOutcome::Held
        };
        push(
            checks,
            CheckKind::SupervisorSignature,
            outcome,
            vec![supervisor.login.clone()],
        );
    }
    let simulated: Vec<String> = opened
        .content
        .samples
        .iter()
        .filter_map(|sample| sample.device.clone())
        .filter(|device| device.starts_with("simulated"))
        .take(1)
        .collect();
    if !simulated.is_empty() {
        let outcome = if stored.station.production {
            CheckOutcome::Failed
        } else {
            CheckOutcome::Note
        };
        push(checks, CheckKind::SimulatedDevice, outcome, simulated);
    }
    times(stored, &opened.content, checks);
}

fn times(stored: &StoredPacket, content: &Content, checks: &mut Vec<Check>) {
    let mut details = Vec::new();
    if content.sealed.0 > stored.row.received.0 + CLOCK_SLACK_MS {
        details.push("sealed-after-receipt".to_owned());
    }
    if content.sealed < content.started {
        details.push("sealed-before-start".to_owned());
    } else if content.sealed.0 - content.started.0 < PACE_MIN_MS && content.version == 1 {
        details.push("faster-than-90-s".to_owned());
    }
    let outcome = if details.is_empty() {
        CheckOutcome::Held
    } else {
        CheckOutcome::Note
    };
    push(checks, CheckKind::Times, outcome, details);
}

/// What the pack calls sensitive does not stand among the demographics, which every reviewer's key opens.
fn sensitive_apart(content: &Content, published: &Published, checks: &mut Vec<Check>) {
    let misplaced: Vec<String> = content
        .fields
        .iter()
        .filter_map(|entry| published.pack.field_numbered(entry.number))
        .filter(|field| field.sensitive)
        .map(|field| field.id.clone())
        .collect();
    let outcome = outcome_of(&misplaced, CheckOutcome::Failed);
    push(checks, CheckKind::SensitiveApart, outcome, misplaced);
}

/// The pack's rules once more, over what was signed.
fn content_checks(
    review: &Review,
    stored: &StoredPacket,
    opened: &Opened,
    published: &Published,
    checks: &mut Vec<Check>,
) {
    let content = &opened.content;
    let offset = review.settings().utc_offset_minutes;
    let Some(date) = content
        .sealed
        .date_at(offset)
        .or_else(|| stored.row.received.date_at(offset))
    else {
        push(
            checks,
            CheckKind::Content,
            CheckOutcome::Failed,
            vec!["date".to_owned()],
        );
        return;
    };
    let answers: Answers = content
        .fields
        .iter()
        .map(|field| (field.number, field.value.clone()))
        .collect();
    let samples: Vec<SampleSeen> = content
        .samples
        .iter()
        .map(|sample| SampleSeen {
            kind: sample.kind.clone(),
            quality: sample.quality.as_ref().map(|quality| quality.value),
            attempts: sample.attempts,
        })
        .collect();
    let capture = Capture {
        date,
        samples: &samples,
        exceptions: &content.exceptions,
        site_office: None,
    };
    let found = validate(&published.pack, &published.codes, &answers, &capture);
    let mut details: Vec<String> = found
        .missing
        .iter()
        .map(|missing| format!("missing {}", missing.item))
        .collect();
    details.extend(
        found
            .invalid
            .iter()
            .map(|invalid| format!("{} {}", invalid.code(), invalid.item)),
    );
    let outcome = if details.is_empty() {
        CheckOutcome::Held
    } else {
        CheckOutcome::Failed
    };
    push(checks, CheckKind::Content, outcome, details);
    // Nothing may name an office: then the manifest's own stands, and somebody is told.
    let routed = published.pack.home_office(&answers);
    let outcome = if routed.is_none_or(|office| office == content.home_office) {
        CheckOutcome::Held
    } else {
        CheckOutcome::Failed
    };
    push(
        checks,
        CheckKind::HomeOffice,
        outcome,
        vec![content.home_office.clone()],
    );
}

/// Opens and decodes every sample; those that an earlier packet holds come from there. Gives the fingers' templates.
fn read_samples(
    review: &Review,
    stored: &StoredPacket,
    content: &Content,
    checks: &mut Vec<Check>,
) -> Result<Vec<(FingerPosition, Template)>, ReviewError> {
    let (mut fingers, mut failed, mut notes, mut held_failed) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    review.each_sample(stored, content, &content.samples, |entry, bytes| {
        let unreadable = match (&entry.kind, bytes) {
            (_, Err(error)) => Some(error.code()),
            (SampleKind::Finger(position), Ok(bytes)) => {
                match fingers::take(bytes.expose(), entry.ppi) {
                    Ok(taken) => {
                        notes.extend(overstated(entry, *position, taken.quality));
                        fingers.push((*position, taken.template));
                        None
                    }
                    Err(code) => Some(code),
                }
            }
            (kind, Ok(bytes)) => images::check(kind, bytes.expose())
                .err()
                .map(|error| error.code()),
        };
        if let Some(code) = unreadable {
            let list = if entry.held_in.is_some() {
                &mut held_failed
            } else {
                &mut failed
            };
            list.push(format!("{} {code}", label(&entry.kind)));
        }
        Ok(())
    })?;
    if content.samples.iter().any(|entry| entry.held_in.is_some()) {
        let outcome = outcome_of(&held_failed, CheckOutcome::Failed);
        push(checks, CheckKind::HeldSamples, outcome, held_failed);
    }
    if failed.is_empty() {
        let outcome = outcome_of(&notes, CheckOutcome::Note);
        push(checks, CheckKind::Samples, outcome, notes);
    } else {
        failed.append(&mut notes);
        push(checks, CheckKind::Samples, CheckOutcome::Failed, failed);
    }
    Ok(fingers)
}

const fn outcome_of(details: &[String], otherwise: CheckOutcome) -> CheckOutcome {
    if details.is_empty() {
        CheckOutcome::Held
    } else {
        otherwise
    }
}

/// A station that claims a better quality than there is.
fn overstated(entry: &SampleEntry, position: FingerPosition, measured: u8) -> Option<String> {
    let claimed = entry.quality.as_ref()?.value;
    (claimed > measured.saturating_add(QUALITY_SLACK))
        .then(|| format!("{} quality {claimed} {measured}", position.name()))
}

/// The name of a sample in findings, forms and addresses: `portrait`, `right_index`, `document-csid-1`, …
pub fn label(kind: &SampleKind) -> String {
    match kind {
        SampleKind::Portrait => "portrait".to_owned(),
        SampleKind::Finger(position) => position.name().to_owned(),
        SampleKind::ExceptionPhoto => "exception-photo".to_owned(),
        SampleKind::DocumentPage { document, page } => format!("document-{document}-{page}"),
        SampleKind::ThumbMark => "thumb-mark".to_owned(),
        SampleKind::Signature => "signature".to_owned(),
    }
}

struct Indexed {
    /// This version is the newest that is known.
    newest: bool,
    /// Samples somebody else had, byte for byte: what it is here, who, what it was there.
    reuses: Vec<(SampleKind, index::Reuse)>,
}

fn index_it(
    review: &Review,
    content: &Content,
    facts: &Facts,
    fingers: &[(FingerPosition, Template)],
) -> Result<Indexed, ReviewError> {
    let (vault, facts, fingers) = (review.vault().clone(), facts.clone(), fingers.to_vec());
    let (enrolment, packet, version, pack_id) = (
        content.enrolment,
        content.packet,
        content.version,
        content.pack_id.clone(),
    );
    let samples: Vec<_> = content
        .samples
        .iter()
        .map(|s| (s.id, s.kind.clone(), s.sha256.to_hex()))
        .collect();
    review.centre().register().write(move |connection| {
        let newest = index::put_in(
            connection, &vault, enrolment, packet, version, &pack_id, &facts,
        )?;
        if newest {
            fingers::put_in(connection, &vault, enrolment, &fingers)?;
        }
        let mut reuses = Vec::new();
        for (id, kind, digest) in samples {
            let found = index::remember_sample_in(
                connection,
                &vault,
                enrolment,
                packet,
                id,
                &label(&kind),
                &digest,
            )?;
            reuses.extend(found.into_iter().map(|reuse| (kind.clone(), reuse)));
        }
        Ok::<_, ReviewError>(Indexed { newest, reuses })
    })
}

fn compare_all(
    review: &Review,
    content: &Content,
    facts: &Facts,
    fingers: &[(FingerPosition, Template)],
) -> Result<Vec<Finding>, ReviewError> {
    let now = review.centre().now();
    let alike = {
        let mut everyone = review.everyone();
        review
            .centre()
            .register()
            .read(|connection| everyone.refresh(connection, review.vault()))?;
        everyone.replace(content.enrolment, fingers);
        if fingers.is_empty() {
            Vec::new()
        } else {
            everyone.alike(content.enrolment, fingers)
        }
    };
    let vault = review.vault();
    review.centre().register().read(|connection| {
        let mut findings = Vec::new();
        let finding = |kind, other, score, holds, detail| Finding {
            enrolment: content.enrolment,
            packet: content.packet,
            kind,
            other,
            score,
            holds,
            detail,
            found: now,
        };
        for candidate in index::candidates_in(connection, vault, content.enrolment, facts)? {
            let found = compare(facts, &candidate.facts);
            if found.score < SHOW_SCORE {
                continue;
            }
            // The same person may rightly ask for another service; the fingers say whether it is another person.
            let other_procedure = candidate.pack_id != content.pack_id;
            let holds = found.score >= HOLD_SCORE && !other_procedure;
            let detail = FindingDetail {
                reasons: found.reasons,
                other_procedure,
                ..FindingDetail::default()
            };
            findings.push(finding(
                FindingKind::Demographic,
                candidate.enrolment,
                found.score,
                holds,
                detail,
            ));
        }
        for likeness in alike {
            let Some(candidate) = index::candidate_in(connection, vault, likeness.enrolment)?
            else {
                continue;
            };
            let told_alike = compare(facts, &candidate.facts).score >= SHOW_SCORE;
            let other_procedure = candidate.pack_id != content.pack_id;
            let holds = likeness.holds && !(other_procedure && told_alike);
            let detail = FindingDetail {
                fingers: likeness
                    .fingers
                    .iter()
                    .map(|(position, score)| FingerFinding {
                        position: position.code(),
                        score: *score,
                    })
                    .collect(),
                fused: Some(likeness.fused),
                other_procedure,
                ..FindingDetail::default()
            };
            let score = (likeness.fused / 10).min(100) as u8;
            findings.push(finding(
                FindingKind::Fingerprint,
                likeness.enrolment,
                score,
                holds,
                detail,
            ));
        }
        Ok(findings)
    })
}

/// Byte-for-byte reuse of a portrait or finger holds the case; a page may be copied within a family, and is shown.
fn reuse_findings(
    content: &Content,
    reuses: &[(SampleKind, index::Reuse)],
    now: UnixMs,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for (kind, reuse) in reuses {
        let of_the_body = matches!(
            kind,
            SampleKind::Portrait | SampleKind::Finger(_) | SampleKind::ExceptionPhoto
        );
        let sample = (label(kind), reuse.kind.clone());
        if let Some(finding) = findings
            .iter_mut()
            .find(|finding| finding.other == reuse.enrolment)
        {
            finding.holds |= of_the_body;
            finding.detail.samples.push(sample);
            continue;
        }
        findings.push(Finding {
            enrolment: content.enrolment,
            packet: content.packet,
            kind: FindingKind::SampleReused,
            other: reuse.enrolment,
            score: if of_the_body { 100 } else { SHOW_SCORE },
            holds: of_the_body,
            detail: FindingDetail {
                samples: vec![sample],
                ..FindingDetail::default()
            },
            found: now,
        });
    }
    findings
}

/// A packet that could not be read to the end still becomes a case, with the check that failed.
fn record_unopened(
    review: &Review,
    stored: &StoredPacket,
    mut checks: Vec<Check>,
    kind: CheckKind,
    code: &'static str,
    lease: &Lease,
) -> Result<(), ReviewError> {
    push(
        &mut checks,
        kind,
        CheckOutcome::Failed,
        vec![code.to_owned()],
    );
    let summary = review.vault().seal(
        &summary_place(stored.row.enrolment),
        &super::facts::Summary::default(),
    );
    record(
        review,
        stored,
        CaseState::UnderReview,
        checks,
        summary,
        Vec::new(),
        lease,
    )
}

fn record(
    review: &Review,
    stored: &StoredPacket,
    state: CaseState,
    checks: Vec<Check>,
    summary: Vec<u8>,
    findings: Vec<Finding>,
    lease: &Lease,
) -> Result<(), ReviewError> {
    let (row, now, day, lease) = (
        stored.row.clone(),
        review.centre().now(),
        review.day_of(stored.row.received),
        lease.clone(),
    );
    review.centre().register().write(move |connection| {
        case::examined_in(
            connection,
            now,
            &Examined {
                enrolment: row.enrolment,
                packet: row.id,
                version: row.version,
                state,
                home_office: &row.home_office,
                station: row.station,
                sequence: row.sequence,
                pack_id: &row.pack_id,
                received: row.received,
                day: &day,
                checks: &checks,
                summary: &summary,
            },
        )?;
        case::put_findings_in(connection, row.id, &findings)?;
        if !work::complete_in(connection, &lease)? {
            return Err(ReviewError::Register(RegisterError::Damaged(
                "the lease ran out",
            )));
        }
        crate::intake::mark_examined_in(connection, row.id, now)?;
        Ok(())
    })
}

/// What lists show of a case.
pub fn summary(review: &Review, case: &Case) -> Result<super::facts::Summary, RegisterError> {
    review
        .vault()
        .open(&summary_place(case.enrolment), &case.summary)
}

/// From this score on one finger counts as the same, for words on pages.
pub const fn finger_is_same(score: u16) -> bool {
    score >= SAME_FINGER.value()
}
