//! Papers, losses, people who vouch, and consent against the pack's rules.
//!
//! In: the answers of those kinds and the scanned pages. Out: findings.
//! Never: stops a person for a paper they do not have; the gap needs its reason, and that is all.

use time::Date;

use super::{Because, Capture, Facts, Findings, InvalidReason, Item, Missing, Warning};
use crate::{
    Attestor, DocumentSeen, EvidenceItem, GapReason, SampleKind, Value,
    pack::{AttestationRule, Field, FieldKind},
};

pub(super) fn check(facts: &Facts<'_>, capture: &Capture<'_>, findings: &mut Findings) {
    if let Some((_, Value::Evidence(items))) = answer(facts, &FieldKind::Evidence) {
        expected_papers(facts, items, findings);
        losses(items, capture, findings);
        pages(items, capture, findings);
        if facts.identity_unproven() == Some(true)
            && facts.pack.evidence.iter().any(|rule| rule.proves_identity)
        {
            findings.warnings.push(Warning::IdentityUnproven);
        }
    } else {
        pages(&[], capture, findings);
    }
    if let (Some(rule), Some((field, Value::Attestors(attestors)))) = (
        &facts.pack.attestation,
        answer(facts, &FieldKind::Attestors),
    ) {
        enough_attestors(facts, rule, field, attestors, findings);
        for (index, attestor) in attestors.iter().enumerate() {
            letter(rule, attestor, index + 1, capture.date, findings);
        }
    }
    if let Some((_, Value::Consent(consent))) = answer(facts, &FieldKind::Consent) {
        for refused in consent.purposes.iter().filter(|purpose| !purpose.accepted) {
            findings.warnings.push(Warning::ConsentRefused {
                purpose: refused.purpose.clone(),
            });
        }
    }
}

fn answer<'a>(facts: &Facts<'a>, kind: &FieldKind) -> Option<(&'a Field, &'a Value)> {
    let field = facts.pack.fields().find(|field| field.kind == *kind)?;
    Some((field, facts.answers.answered(field.number)?))
}

/// Every expected paper is mentioned: as seen, or as missing with a reason.
fn expected_papers(facts: &Facts<'_>, items: &[EvidenceItem], findings: &mut Findings) {
    for rule in &facts.pack.evidence {
        let mentioned = items.iter().any(|item| item.document == rule.document);
        if let Some(because) = facts.requirement(&rule.expected)
            && !mentioned
        {
            findings.missing.push(Missing {
                item: Item::Document(rule.document.clone()),
                because,
                may_be_missing_because: GapReason::ALL
                    .iter()
                    .map(|reason| reason.name().to_owned())
                    .collect(),
            });
        }
    }
}

/// A loss is stated with place, date and circumstances, and a thumb mark under it. What is lacking is said, no more.
fn losses(items: &[EvidenceItem], capture: &Capture<'_>, findings: &mut Findings) {
    let mut stated = false;
    for item in items {
        let Some(gap) = &item.gap else { continue };
        if !matches!(
            gap.reason,
            GapReason::Lost | GapReason::Stolen | GapReason::Destroyed
        ) {
            continue;
        }
        stated = true;
        if gap.place.is_none() || gap.date.is_none() || gap.circumstances.is_none() {
            findings.warnings.push(Warning::LossStatementIncomplete {
                document: item.document.clone(),
            });
        }
    }
    if stated
        && !capture
            .samples
            .iter()
            .any(|sample| sample.kind == SampleKind::ThumbMark)
    {
        findings.warnings.push(Warning::ThumbMarkMissing);
    }
}

/// A scanned page belongs to a paper on the list that was seen.
fn pages(items: &[EvidenceItem], capture: &Capture<'_>, findings: &mut Findings) {
    for sample in capture.samples {
        if let SampleKind::DocumentPage { document, .. } = &sample.kind {
            let seen = items
                .iter()
                .any(|item| item.document == *document && item.seen != DocumentSeen::None);
            let finding = Item::DocumentPage(document.clone());
            if !seen
                && !findings
                    .invalid
                    .iter()
                    .any(|invalid| invalid.item == finding)
            {
                findings.invalid(finding, InvalidReason::NotListed);
            }
        }
    }
}

fn enough_attestors(
    facts: &Facts<'_>,
    rule: &AttestationRule,
    field: &Field,
    attestors: &[Attestor],
    findings: &mut Findings,
) {
    if facts.required(field).is_some() && attestors.len() < rule.at_least {
        findings.missing.push(Missing {
            item: Item::field(field),
            because: Because::MoreAttestors {
                at_least: rule.at_least,
            },
            may_be_missing_because: field.may_be_missing.clone(),
        });
    }
}

fn letter(
    rule: &AttestationRule,
    attestor: &Attestor,
    index: usize,
    date: Date,
    findings: &mut Findings,
) {
    let Some(kind) = rule.kinds.iter().find(|kind| kind.code == attestor.kind) else {
        return;
    };
    if kind.letter && (attestor.letter_number.is_none() || attestor.letter_date.is_none()) {
        findings.warnings.push(Warning::LetterIncomplete { index });
    }
    if attestor.witnesses.len() < kind.witnesses {
        findings.warnings.push(Warning::WitnessesMissing { index });
    }
    if let (Some(days), Some(written)) = (kind.letter_valid_days, attestor.letter_date)
        && (date - written.span().1).whole_days() > i64::from(days)
    {
        findings.warnings.push(Warning::LetterExpired { index });
    }
}
