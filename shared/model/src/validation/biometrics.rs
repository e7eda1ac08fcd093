//! Portrait, fingers, exceptions, signature against the pack's policy.
//!
//! In: samples, exceptions, the age as far as it is known. Out: findings.
//! Never: a finger required of somebody who may be younger than the pack's age, or an exception without a person
//! who stood for it.

use super::{Because, Capture, Facts, Findings, InvalidReason, Item, Missing, Warning};
use crate::{
    ExceptionReason, FingerPosition, SampleKind,
    pack::{FingersPolicy, Wanted},
};

pub(super) fn check(facts: &Facts<'_>, capture: &Capture<'_>, findings: &mut Findings) {
    let policy = &facts.pack.biometrics;
    once(capture, findings);
    wanted(
        policy.portrait,
        has(capture, &SampleKind::Portrait),
        Item::Portrait,
        findings,
    );
    let signed = has(capture, &SampleKind::Signature) || has(capture, &SampleKind::ThumbMark);
    // A thumb mark also stands under a loss statement, so that it is never one too many.
    let signature_wanted = if policy.signature == Wanted::NotTaken {
        Wanted::Optional
    } else {
        policy.signature
    };
    wanted(signature_wanted, signed, Item::Signature, findings);
    match &policy.fingers {
        Some(fingers) => check_fingers(facts, fingers, capture, findings),
        None => no_fingers(capture, findings),
    }
}

fn has(capture: &Capture<'_>, kind: &SampleKind) -> bool {
    capture.samples.iter().any(|sample| sample.kind == *kind)
}

fn wanted(wanted: Wanted, there: bool, item: Item, findings: &mut Findings) {
    match (wanted, there) {
        (Wanted::Required, false) => {
            findings.missing.push(Missing {
                item,
                because: Because::Always,
                may_be_missing_because: Vec::new(),
            });
        }
        (Wanted::NotTaken, true) => findings.invalid(item, InvalidReason::NotTaken),
        _ => {}
    }
}

/// One sample of each kind: the chosen one.
fn once(capture: &Capture<'_>, findings: &mut Findings) {
    for (index, sample) in capture.samples.iter().enumerate() {
        let item = match &sample.kind {
            SampleKind::Portrait => Item::Portrait,
            SampleKind::Finger(position) => Item::Finger(*position),
            SampleKind::ExceptionPhoto => Item::ExceptionPhoto,
            SampleKind::Signature | SampleKind::ThumbMark => Item::Signature,
            SampleKind::DocumentPage { document, .. } => Item::DocumentPage(document.clone()),
        };
        if capture.samples[..index]
            .iter()
            .any(|other| other.kind == sample.kind)
        {
            findings.invalid(item, InvalidReason::Twice);
        }
    }
}

fn no_fingers(capture: &Capture<'_>, findings: &mut Findings) {
    for position in FingerPosition::ALL {
        let excepted = capture
            .exceptions
            .iter()
            .any(|exception| exception.position == position);
        if excepted || has(capture, &SampleKind::Finger(position)) {
            findings.invalid(Item::Finger(position), InvalidReason::NotTaken);
        }
    }
    if has(capture, &SampleKind::ExceptionPhoto) {
        findings.invalid(Item::ExceptionPhoto, InvalidReason::NotTaken);
    }
}

fn check_fingers(
    facts: &Facts<'_>,
    policy: &FingersPolicy,
    capture: &Capture<'_>,
    findings: &mut Findings,
) {
    let required = facts.age.surely_from(policy.required_from_age);
    let too_young = facts.age.surely_under(policy.optional_from_age);
    for position in FingerPosition::ALL {
        let item = Item::Finger(position);
        let sample = capture
            .samples
            .iter()
            .find(|sample| sample.kind == SampleKind::Finger(position));
        let exceptions = capture
            .exceptions
            .iter()
            .filter(|exception| exception.position == position)
            .count();
        match (sample, exceptions) {
            (None, 0) if required => findings.missing.push(Missing {
                item,
                because: Because::AgeFrom(policy.required_from_age),
                may_be_missing_because: policy
                    .exception_reasons
                    .iter()
                    .map(|reason| reason.name().to_owned())
                    .collect(),
            }),
            (Some(_), 1..) => findings.invalid(item, InvalidReason::ExceptedAndCaptured),
            (Some(_), _) if too_young => findings.invalid(item, InvalidReason::TooYoung),
            (None, 2..) => findings.invalid(item, InvalidReason::Twice),
            _ => {}
        }
        if let Some((quality, mark)) = sample
            .and_then(|sample| sample.quality)
            .zip(policy.mark(position))
        {
            if quality < mark.floor {
                findings
                    .warnings
                    .push(Warning::QualityBelowFloor { position });
            } else if quality < mark.accept {
                findings
                    .warnings
                    .push(Warning::QualityBelowMark { position });
            }
        }
    }
    check_exceptions(policy, capture, findings);
}

fn check_exceptions(policy: &FingersPolicy, capture: &Capture<'_>, findings: &mut Findings) {
    for exception in capture.exceptions {
        if !policy.exception_reasons.contains(&exception.reason) {
            findings.invalid(
                Item::Finger(exception.position),
                InvalidReason::ExceptionReason,
            );
        }
        if policy.exception_needs_supervisor && exception.supervisor.is_none() {
            findings.missing.push(Missing {
                item: Item::Supervisor {
                    position: exception.position,
                },
                because: Because::Exception,
                may_be_missing_because: Vec::new(),
            });
        }
    }
    // The photograph shows hands; it proves nothing about a refusal or a broken scanner, and is not asked for there.
    let bodily = capture.exceptions.iter().any(|exception| {
        !matches!(
            exception.reason,
            ExceptionReason::Refused | ExceptionReason::DeviceFault
        )
    });
    let there = has(capture, &SampleKind::ExceptionPhoto);
    match policy.exception_photo {
        Wanted::Required if bodily && !there => findings.missing.push(Missing {
            item: Item::ExceptionPhoto,
            because: Because::Exception,
            may_be_missing_because: Vec::new(),
        }),
        Wanted::NotTaken if there => {
            findings.invalid(Item::ExceptionPhoto, InvalidReason::NotTaken)
        }
        _ => {}
    }
}
