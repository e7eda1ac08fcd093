//! Validation: answers, samples and exceptions against the rules of a pack.
//!
//! In: what was answered and captured, and the day of capture. Out: [`Findings`]: what is missing and why it may
//! be, what is invalid, what a reviewer should know.
//! Never: makes a doubt count against the person, or a refusal of consent into a reason not to serve.
//!
//!   Answers ─┐
//!   samples ─┼─► validate ─► missing, invalid: not yet sealed
//!   pack ────┘             └► warnings, routes: travel with the case

mod biometrics;
mod conditions;
mod evidence;
mod findings;
mod value;

use std::collections::BTreeMap;

use time::Date;

pub use findings::{Because, Findings, Invalid, InvalidReason, Item, Missing, Warning};
pub use value::check_value;
pub(crate) use value::{ITEMS_MAX, SHORT_BYTES_MAX, check_format};

use crate::{
    AgeRange, BiometricException, SampleKind, Value, ValueFault,
    codes::CodeTables,
    pack::{Field, FieldKind, Pack, Required, Role},
};
use conditions::Facts;

/// Answers by field number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers(BTreeMap<u32, Value>);

impl Answers {
    /// Sets an answer, in place of the one before.
    pub fn set(&mut self, number: u32, value: Value) {
        self.0.insert(number, value);
    }

    /// Takes an answer back.
    pub fn clear(&mut self, number: u32) -> Option<Value> {
        self.0.remove(&number)
    }

    /// What is entered, also when that is a reason for leaving the field out.
    pub fn get(&self, number: u32) -> Option<&Value> {
        self.0.get(&number)
    }

    /// The answer, if it is one and not a reason for leaving the field out.
    pub fn answered(&self, number: u32) -> Option<&Value> {
        self.get(number)
            .filter(|value| !matches!(value, Value::Missing(_)))
    }

    /// All of them, ascending by number.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Value)> {
        self.0.iter().map(|(number, value)| (*number, value))
    }

    /// How many fields were answered or left out with a reason.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was entered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(u32, Value)> for Answers {
    fn from_iter<I: IntoIterator<Item = (u32, Value)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

/// What was captured, when and where.
#[derive(Debug, Clone, Copy)]
pub struct Capture<'a> {
    /// Civil date of capture at the station.
    pub date: Date,
    /// Samples and scanned pages that are there.
    pub samples: &'a [SampleSeen],
    /// Fingers that were not captured.
    pub exceptions: &'a [BiometricException],
    /// Office code of the place of capture, if it has one.
    pub site_office: Option<&'a str>,
}

/// One sample that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleSeen {
    /// What it is of.
    pub kind: SampleKind,
    /// Quality 0 to 100, if it was measured.
    pub quality: Option<u8>,
    /// Attempts it took, from 1.
    pub attempts: u16,
}

/// Compares everything with the rules of the pack. Pure: the same input gives the same findings.
pub fn validate(
    pack: &Pack,
    codes: &CodeTables,
    answers: &Answers,
    capture: &Capture<'_>,
) -> Findings {
    let age = age_at_capture(pack, answers, capture.date);
    let facts = Facts { pack, answers, age };
    let mut findings = Findings::default();
    unknown_numbers(pack, answers, &mut findings);
    for field in pack.fields() {
        check_field(&facts, field, codes, capture, &mut findings);
    }
    evidence::check(&facts, capture, &mut findings);
    biometrics::check(&facts, capture, &mut findings);
    ages_in_doubt(&facts, &mut findings);
    offices(pack, answers, capture, &mut findings);
    timers_and_routes(&facts, capture.date, &mut findings);
    findings
}

/// The age of the holder on a day; unknown without a birth date.
pub fn age_at_capture(pack: &Pack, answers: &Answers, date: Date) -> AgeRange {
    match pack.answer(Role::BirthDate, answers) {
        Some(Value::Date(born)) if born.checked().is_ok() => born.age_on(date),
        _ => AgeRange::UNKNOWN,
    }
}

/// Whether a field is asked, given the other answers; screens hide the others.
pub fn is_asked(pack: &Pack, field: &Field, answers: &Answers, date: Date) -> bool {
    let facts = Facts {
        pack,
        answers,
        age: age_at_capture(pack, answers, date),
    };
    field
        .asked_when
        .as_ref()
        .is_none_or(|when| facts.hold(when))
}

/// Whether a field has to be answered now, and why.
pub fn is_required(pack: &Pack, field: &Field, answers: &Answers, date: Date) -> Option<Because> {
    let facts = Facts {
        pack,
        answers,
        age: age_at_capture(pack, answers, date),
    };
    facts.required(field)
}

fn unknown_numbers(pack: &Pack, answers: &Answers, findings: &mut Findings) {
    for (number, _) in answers
        .iter()
        .filter(|(number, _)| pack.field_numbered(*number).is_none())
    {
        findings.invalid(Item::Number(number), InvalidReason::UnknownField);
    }
}

fn check_field(
    facts: &Facts<'_>,
    field: &Field,
    codes: &CodeTables,
    capture: &Capture<'_>,
    findings: &mut Findings,
) {
    let item = Item::field(field);
    let asked = field
        .asked_when
        .as_ref()
        .is_none_or(|when| facts.hold(when));
    match facts.answers.get(field.number) {
        None => {
            if let Some(because) = facts.required(field) {
                let may_be_missing_because = field.may_be_missing.clone();
                findings.missing.push(Missing {
                    item,
                    because,
                    may_be_missing_because,
                });
            }
        }
        Some(Value::Missing(reason)) => {
            if !field.may_be_missing.contains(reason) {
                findings.invalid(item, ValueFault::ReasonNotAllowed.at("").into());
            }
        }
        Some(value) => {
            for error in check_value(facts.pack, field, value, codes, Some(capture.date)) {
                findings.invalid(item.clone(), error.into());
            }
            if !asked {
                findings.warnings.push(Warning::AnsweredThoughNotAsked {
                    field: field.id.clone(),
                });
            }
        }
    }
}

fn ages_in_doubt(facts: &Facts<'_>, findings: &mut Findings) {
    if facts.pack.field_with(Role::BirthDate).is_none() {
        return;
    }
    if facts.age == AgeRange::UNKNOWN {
        findings.warnings.push(Warning::AgeUnknown);
        return;
    }
    for years in conditions::ages(facts.pack) {
        if facts.age.undecided_at(years) {
            findings.warnings.push(Warning::AgeUndecided { years });
        }
    }
}

/// The register may be kept elsewhere than the station stands: allowed unless the pack forbids it, and always said.
fn offices(pack: &Pack, answers: &Answers, capture: &Capture<'_>, findings: &mut Findings) {
    if let (Some(home), Some(site)) = (pack.home_office(answers), capture.site_office)
        && home != site
    {
        match pack.home_office.may_differ_from_site {
            true => findings.warnings.push(Warning::HomeOfficeElsewhere),
            false => findings.invalid(Item::HomeOffice, InvalidReason::HomeOfficeNotServedHere),
        }
    }
    if pack.home_office(answers).is_none() {
        let sources = || pack.home_office.from.iter().filter_map(|id| pack.field(id));
        let left_out =
            sources().any(|field| matches!(answers.get(field.number), Some(Value::Missing(_))));
        let said = sources().any(|field| {
            findings
                .missing
                .iter()
                .any(|missing| missing.item == Item::field(field))
        });
        match (left_out, said) {
            (true, _) => findings.warnings.push(Warning::HomeOfficeUnknown),
            (false, true) => {}
            (false, false) => findings.missing.push(Missing {
                item: Item::HomeOffice,
                because: Because::HomeOfficeNeeded,
                may_be_missing_because: Vec::new(),
            }),
        }
    }
    if matches!(
        pack.answer(Role::Register, answers),
        Some(Value::Register(crate::RegisterReference::Unknown { .. }))
    ) {
        findings.warnings.push(Warning::RegisterUnknown);
    }
}

fn timers_and_routes(facts: &Facts<'_>, date: Date, findings: &mut Findings) {
    let mut routes: Vec<&str> = Vec::new();
    for timer in &facts.pack.timers {
        if days_left(facts, timer, date).is_some_and(|left| left < 0) {
            findings.warnings.push(Warning::TimerPassed {
                timer: timer.id.clone(),
            });
            routes.extend(timer.route.as_deref());
        }
    }
    for route in &facts.pack.routes {
        let taken = route.when.as_ref().is_some_and(|when| facts.hold(when));
        if taken || routes.contains(&route.id.as_str()) {
            findings.routes.push(route.id.clone());
        }
    }
}

fn days_left(facts: &Facts<'_>, timer: &crate::pack::Timer, date: Date) -> Option<i64> {
    if timer.when.as_ref().is_some_and(|when| !facts.hold(when)) {
        return None;
    }
    match facts
        .answers
        .answered(facts.pack.field(&timer.from)?.number)?
    {
        Value::Date(from) if from.checked().is_ok() => {
            Some(i64::from(timer.days) - (date - from.span().1).whole_days())
        }
        _ => None,
    }
}

/// Days until a timer has passed, negative once it has; `None` when it does not run or its day 0 is not known.
pub fn timer_days_left(
    pack: &Pack,
    timer: &crate::pack::Timer,
    answers: &Answers,
    date: Date,
) -> Option<i64> {
    let facts = Facts {
        pack,
        answers,
        age: age_at_capture(pack, answers, date),
    };
    days_left(&facts, timer, date)
}

impl Facts<'_> {
    /// Why the field has to be answered now, or `None`.
    fn required(&self, field: &Field) -> Option<Because> {
        if field
            .asked_when
            .as_ref()
            .is_some_and(|when| !self.hold(when))
        {
            return None;
        }
        let by_attestation = (field.kind == FieldKind::Attestors)
            .then(|| {
                self.pack
                    .attestation
                    .as_ref()
                    .and_then(|rule| self.requirement(&rule.needed))
            })
            .flatten();
        self.requirement(&field.required).or(by_attestation)
    }

    fn requirement(&self, required: &Required) -> Option<Because> {
        match required {
            Required::Always => Some(Because::Always),
            Required::When(when) if self.hold(when) => Some(Because::Conditions(when.clone())),
            Required::When(_) | Required::Never => None,
        }
    }
}
