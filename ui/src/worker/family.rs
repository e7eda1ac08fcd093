//! Family: what the next person of a family need not say again.
//!
//! In: a draft that is about to be sealed. Out: [`Carried`] into the draft of the next person, where it is shown and can be
//! corrected like everything typed. Never: carries what is about one person: name, birth, papers, samples.

use qayd_model::pack::{FieldKind, Role};
use qayd_model::{EnrolmentId, Value};
use qayd_station::{Draft, EnrolmentError, Session, Station};

use super::home::TOLD;

/// What goes over to the next person of the family.
pub(super) struct Carried {
    pack: String,
    answers: Vec<(String, Value)>,
}

impl Carried {
    /// Address, register and family number of a draft.
    pub(super) fn of(draft: &Draft<'_>) -> Result<Self, EnrolmentError> {
        let pack = draft.pack();
        let mut answers = Vec::new();
        for field in pack.fields() {
            let shared = matches!(field.kind, FieldKind::Address | FieldKind::Register)
                && matches!(field.role, Some(Role::Address | Role::Register))
                || matches!(field.role, Some(Role::FamilyNumber | Role::HomeOffice));
            if !shared {
                continue;
            }
            if let Some(value) = draft.value(&field.id)? {
                answers.push((field.id.clone(), value));
            }
        }
        Ok(Self {
            pack: pack.id.clone(),
            answers,
        })
    }

    /// Whether there is anything to carry over.
    pub(super) fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    /// Begins the enrolment of the next person with it.
    pub(super) fn begin(
        self,
        station: &Station,
        session: &Session,
    ) -> Result<EnrolmentId, EnrolmentError> {
        let mut draft = station.begin(session, &self.pack)?;
        for (field, value) in self.answers {
            match draft.set_value(&field, value, TOLD) {
                // A newer version of the pack may ask otherwise: then it is asked anew.
                Ok(())
                | Err(EnrolmentError::BadValue { .. } | EnrolmentError::NoSuchField { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(draft.id())
    }
}
