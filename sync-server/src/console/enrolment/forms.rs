//! Forms: what a reviewer may do with an open case, and what speaks for a duplicate.
//!
//! In: a case, its findings, its pack. Out: forms and findings in words. Never: decides; `decision` looks at all of it again.

use qayd_model::EnrolmentId;
use rusqlite::Connection;

use super::{
    captures::{LEFT, RIGHT},
    story::who,
};
use crate::{
    console::{
        language::Words,
        session::{PageError, Visitor},
        view::{Choice, FindingView, code_name, finding_view, finger_name, pack_language},
    },
    decision::{self, REJECTION_REASONS, RETURN_REASONS},
    review::{
        Review,
        case::{self, Case, CaseState, Finding},
        packs::Published,
    },
    staff::StaffRole,
};

/// A proposal that waits for a second person.
pub(in crate::console) struct Proposal {
    pub text: String,
    pub may_second: bool,
}

/// The forms of an open case.
pub(in crate::console) struct Acts {
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

pub(in crate::console) struct ActField {
    pub id: String,
    pub label: String,
}

/// The case's findings in words; `only` narrows them to one other enrolment.
pub(in crate::console) fn findings_of(
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

pub(in crate::console) fn other_of(case: &Case, finding: &Finding) -> EnrolmentId {
    if finding.enrolment == case.enrolment {
        finding.other
    } else {
        finding.enrolment
    }
}

pub(in crate::console) fn proposal_of(
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

/// The forms for a case.
pub(in crate::console) fn acts_of(
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
