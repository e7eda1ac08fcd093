//! Steps: the way through one enrolment, from its pack and its answers so far.
//!
//! In: a draft. Out: [`Step`]s in order, each with the word under which the station keeps the place. One question a
//! step; what nobody has to answer stands together at the end of its section.

use qayd_model::SampleKind;
use qayd_model::pack::{FieldKind, Wanted};
use qayd_model::validation::{Findings, Item};
use qayd_station::{Draft, EnrolmentError};

/// One screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// One question: the field's id.
    Field(String),
    /// The questions of a section that nobody has to answer: the section's id.
    More(String),
    Portrait,
    Fingers,
    ExceptionPhoto,
    Signature,
    ReadBack,
    Seal,
}

impl Step {
    /// The word under which the draft keeps the place.
    pub(super) fn word(&self) -> String {
        match self {
            Self::Field(id) => format!("field:{id}"),
            Self::More(id) => format!("more:{id}"),
            Self::Portrait => "portrait".to_owned(),
            Self::Fingers => "fingers".to_owned(),
            Self::ExceptionPhoto => "exception-photo".to_owned(),
            Self::Signature => "signature".to_owned(),
            Self::ReadBack => "read-back".to_owned(),
            Self::Seal => "seal".to_owned(),
        }
    }
}

/// A stage of the rail: a section of the pack, or a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stage {
    /// What it is called: the pack's words, or a word of the window with `#` before it.
    pub(super) section: Option<String>,
    pub(super) word: &'static str,
    /// Its steps, as a range of the list.
    pub(super) first: usize,
    pub(super) end: usize,
}

/// The whole way, as the answers are now.
#[derive(Debug, Clone, Default)]
pub(super) struct Way {
    pub(super) steps: Vec<Step>,
    pub(super) stages: Vec<Stage>,
    /// Fields each step asks.
    fields: Vec<Vec<String>>,
    /// Fields that have to be answered now.
    required: Vec<String>,
}

impl Way {
    /// The way through a draft.
    ///
    /// # Errors
    /// [`EnrolmentError`].
    pub(super) fn of(draft: &Draft<'_>) -> Result<Self, EnrolmentError> {
        let pack = draft.pack();
        let asked = draft.asked()?;
        let answered = draft.fields()?;
        let mut way = Self::default();
        for section in &pack.sections {
            let first = way.steps.len();
            let mut more = Vec::new();
            for field in &section.fields {
                let now = asked.iter().find(|a| a.number == field.number);
                let has_answer = answered.iter().any(|entry| entry.number == field.number);
                if !now.is_some_and(|now| now.asked) && !has_answer {
                    continue;
                }
                let required = now.is_some_and(|now| now.required);
                if required {
                    way.required.push(field.id.clone());
                }
                if required || stands_alone(&field.kind) {
                    way.push(Step::Field(field.id.clone()), vec![field.id.clone()]);
                } else {
                    more.push(field.id.clone());
                }
            }
            if !more.is_empty() {
                way.push(Step::More(section.id.clone()), more);
            }
            if way.steps.len() > first {
                let end = way.steps.len();
                way.stages.push(Stage {
                    section: Some(section.id.clone()),
                    word: "",
                    first,
                    end,
                });
            }
        }
        if pack.biometrics.portrait != Wanted::NotTaken {
            way.stage("#portrait", vec![Step::Portrait]);
        }
        if draft.takes_fingers()? {
            let photo = pack
                .biometrics
                .fingers
                .as_ref()
                .is_some_and(|f| f.exception_photo != Wanted::NotTaken);
            let mut steps = vec![Step::Fingers];
            if photo && !draft.exceptions()?.is_empty() {
                steps.push(Step::ExceptionPhoto);
            }
            way.stage("#fingers", steps);
        }
        way.stage("#read-back", vec![Step::ReadBack]);
        if pack.biometrics.signature != Wanted::NotTaken {
            way.stage("#signature", vec![Step::Signature]);
        }
        way.stage("#seal", vec![Step::Seal]);
        Ok(way)
    }

    fn push(&mut self, step: Step, fields: Vec<String>) {
        self.steps.push(step);
        self.fields.push(fields);
    }

    fn stage(&mut self, word: &'static str, steps: Vec<Step>) {
        let first = self.steps.len();
        for step in steps {
            self.push(step, Vec::new());
        }
        self.stages.push(Stage {
            section: None,
            word,
            first,
            end: self.steps.len(),
        });
    }

    /// The step of a word; the first where the word is not of this way any more.
    pub(super) fn find(&self, word: &str) -> Option<usize> {
        self.steps.iter().position(|step| step.word() == word)
    }

    /// The step that asks a field.
    pub(super) fn asks(&self, field: &str) -> Option<usize> {
        self.fields
            .iter()
            .position(|fields| fields.iter().any(|one| one == field))
    }

    /// The step at which something missing is put right.
    pub(super) fn of_item(&self, item: &Item, draft: &Draft<'_>) -> Option<usize> {
        let field_of = |kind: &FieldKind| {
            draft
                .pack()
                .fields()
                .find(|f| f.kind == *kind)
                .and_then(|f| self.asks(&f.id))
        };
        match item {
            Item::Field { id, .. } => self.asks(id),
            Item::Portrait => self.find("portrait"),
            Item::Finger(_) => self.find("fingers"),
            Item::ExceptionPhoto => self.find("exception-photo"),
            Item::Signature => self.find("signature"),
            Item::Document(_) | Item::DocumentPage(_) => field_of(&FieldKind::Evidence),
            Item::HomeOffice => draft
                .pack()
                .home_office
                .from
                .first()
                .and_then(|id| self.asks(id)),
            _ => None,
        }
    }

    /// The fields a step asks.
    pub(super) fn fields(&self, step: usize) -> &[String] {
        self.fields.get(step).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a field has to be answered now.
    pub(super) fn is_required(&self, field: &str) -> bool {
        self.required.iter().any(|one| one == field)
    }

    /// Whether nothing of this step is missing or wrong.
    pub(super) fn is_complete(
        &self,
        step: usize,
        findings: Option<&Findings>,
        draft: &Draft<'_>,
    ) -> bool {
        let Some(findings) = findings else {
            return true;
        };
        let items = findings
            .missing
            .iter()
            .map(|m| &m.item)
            .chain(findings.invalid.iter().map(|i| &i.item));
        !items
            .into_iter()
            .any(|item| self.of_item(item, draft) == Some(step))
    }
}

/// Kinds too large to stand beside others.
fn stands_alone(kind: &FieldKind) -> bool {
    matches!(
        kind,
        FieldKind::Name { .. }
            | FieldKind::Address
            | FieldKind::Register
            | FieldKind::Family { .. }
            | FieldKind::Evidence
            | FieldKind::Attestors
            | FieldKind::Consent
    )
}

/// Whether a sample of this kind is in the draft.
pub(super) fn holds(draft: &Draft<'_>, kind: &SampleKind) -> Result<bool, EnrolmentError> {
    Ok(draft.samples()?.iter().any(|sample| sample.kind == *kind))
}
