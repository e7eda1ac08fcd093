//! Conditions of a pack, decided from the answers so far.
//!
//! In: answers and the age they allow. Out: yes or no.
//! Never: true from something that is not known.

use std::collections::BTreeSet;

use super::Answers;
use crate::{
    AgeRange, DocumentSeen, Value,
    pack::{Condition, Conditions, FieldKind, Pack, Required},
};

/// What conditions are decided from.
pub(super) struct Facts<'a> {
    pub(super) pack: &'a Pack,
    pub(super) answers: &'a Answers,
    pub(super) age: AgeRange,
}

impl Facts<'_> {
    pub(super) fn hold(&self, conditions: &Conditions) -> bool {
        match conditions {
            Conditions::All(list) => list.iter().all(|condition| self.holds(condition)),
            Conditions::Any(list) => list.iter().any(|condition| self.holds(condition)),
        }
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Is { field, any_of } => self
                .codes(field)
                .iter()
                .any(|code| any_of.iter().any(|one| one == code)),
            Condition::IsNot { field, none_of } => {
                let codes = self.codes(field);
                !codes.is_empty()
                    && !codes
                        .iter()
                        .any(|code| none_of.iter().any(|one| one == code))
            }
            Condition::Answered { field, answered } => self.answer(field).is_some() == *answered,
            Condition::AgeFrom(years) => self.age.surely_from(*years),
            Condition::AgeUnder(years) => self.age.surely_under(*years),
            Condition::IdentityUnproven(unproven) => self.identity_unproven() == Some(*unproven),
        }
    }

    /// Whether no paper that proves identity was seen; `None` while nobody was asked.
    pub(super) fn identity_unproven(&self) -> Option<bool> {
        let field = self
            .pack
            .fields()
            .find(|field| field.kind == FieldKind::Evidence)?;
        let Some(Value::Evidence(items)) = self.answers.answered(field.number) else {
            return None;
        };
        let proven = items.iter().any(|item| {
            item.seen != DocumentSeen::None
                && self
                    .pack
                    .evidence
                    .iter()
                    .any(|rule| rule.proves_identity && rule.document == item.document)
        });
        Some(!proven)
    }

    fn answer(&self, field: &str) -> Option<&Value> {
        self.answers.answered(self.pack.field(field)?.number)
    }

    fn codes(&self, field: &str) -> Vec<&str> {
        match self.answer(field) {
            Some(Value::Code(code)) => vec![code],
            Some(Value::Codes(codes)) => codes.iter().map(String::as_str).collect(),
            Some(Value::YesNo(true)) => vec!["true"],
            Some(Value::YesNo(false)) => vec!["false"],
            _ => Vec::new(),
        }
    }
}

/// All ages on which anything in the pack depends.
pub(super) fn ages(pack: &Pack) -> BTreeSet<u8> {
    let mut conditions: Vec<&Conditions> = Vec::new();
    for field in pack.fields() {
        conditions.extend(&field.asked_when);
        conditions.extend(of(&field.required));
    }
    conditions.extend(pack.evidence.iter().filter_map(|rule| of(&rule.expected)));
    conditions.extend(pack.attestation.iter().filter_map(|rule| of(&rule.needed)));
    conditions.extend(pack.routes.iter().filter_map(|route| route.when.as_ref()));
    let named = conditions
        .into_iter()
        .flat_map(Conditions::list)
        .filter_map(|condition| match condition {
            Condition::AgeFrom(years) | Condition::AgeUnder(years) => Some(*years),
            _ => None,
        });
    named
        .chain(
            pack.biometrics
                .fingers
                .iter()
                .map(|fingers| fingers.required_from_age),
        )
        .collect()
}

fn of(required: &Required) -> Option<&Conditions> {
    match required {
        Required::When(conditions) => Some(conditions),
        Required::Always | Required::Never => None,
    }
}
