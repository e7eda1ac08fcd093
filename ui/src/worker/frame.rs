//! Frame: what is shown of the step an enrolment stands at, and the rail of steps beside it.
//!
//! In: the draft, the way through it. Out: the page of the step, then its frame. Never: marks a step done that lacks
//! something.

use qayd_model::SampleKind;
use qayd_model::validation::Findings;
use qayd_station::EnrolmentError;
use qayd_window::{Kept, RailState, RailStep, StepKind};

use super::enrolment::Work;
use super::steps::Step;
use crate::desk::{Event, StepFrame};
use crate::form;

impl Work<'_, '_, '_> {
    pub(super) fn findings(&self) -> Option<Findings> {
        match self.draft.finalise() {
            Err(EnrolmentError::Incomplete(findings)) => Some(*findings),
            _ => None,
        }
    }

    pub(super) fn show(&mut self) {
        if let Err(error) = self.shown(false) {
            self.worker.say_code(error.code());
        }
    }

    /// After a choice on a form.
    pub(super) fn show_chosen(&mut self) {
        if let Err(error) = self.shown(true) {
            self.worker.say_code(error.code());
        }
    }

    fn shown(&mut self, keeps_boxes: bool) -> Result<(), EnrolmentError> {
        let findings = self.findings();
        let frame = self.frame(findings.as_ref());
        self.worker.tell(Event::Kept(Kept::Kept));
        // The page before the frame: what the frame switches to is there already.
        match self.step() {
            Step::Field(_) | Step::More(_) => {
                let mut rows = Vec::new();
                for field in self.way.fields(self.at).to_vec() {
                    rows.extend(self.rows_of(&field)?);
                }
                let focus = if self.focus.is_empty() {
                    first_place(&rows)
                } else {
                    self.focus.clone()
                };
                self.worker.tell(if keeps_boxes {
                    Event::Rows(rows)
                } else {
                    Event::Form {
                        rows,
                        focus,
                        title: frame.title.clone(),
                    }
                });
            }
            _ => self.show_capture(findings.as_ref())?,
        }
        self.worker.tell(Event::Frame(Box::new(frame)));
        Ok(())
    }

    fn frame(&self, findings: Option<&Findings>) -> StepFrame {
        let language = self.worker.language;
        let pack = self.draft.pack();
        let words = |words: &qayd_model::Words| words.in_language(language).to_owned();
        let section_title = |id: &str| {
            pack.sections
                .iter()
                .find(|s| s.id == id)
                .map(|s| words(&s.title))
                .unwrap_or_default()
        };
        let stage = self
            .way
            .stages
            .iter()
            .find(|stage| (stage.first..stage.end).contains(&self.at));
        let section = stage
            .and_then(|stage| stage.section.as_deref())
            .map(section_title)
            .unwrap_or_default();
        let step = self.step();
        let (kind, title, hint) = match &step {
            Step::Field(id) => {
                let field = pack.field(id);
                let title = field.map(|f| words(&f.label)).unwrap_or_default();
                let hint = field
                    .and_then(|f| f.hint.as_ref())
                    .map(words)
                    .unwrap_or_default();
                (StepKind::Form, title, hint)
            }
            Step::More(_) => (StepKind::Form, "#more".to_owned(), String::new()),
            Step::Portrait => (StepKind::Portrait, "#portrait".to_owned(), String::new()),
            Step::ExceptionPhoto => (
                StepKind::Portrait,
                "#exception-photo".to_owned(),
                String::new(),
            ),
            Step::Fingers => (
                StepKind::Fingers,
                "#fingers".to_owned(),
                "#hint-fingers".to_owned(),
            ),
            Step::Signature => (
                StepKind::Signature,
                "#signature".to_owned(),
                "#hint-signature".to_owned(),
            ),
            Step::ReadBack => (
                StepKind::ReadBack,
                "#read-back".to_owned(),
                "#hint-read-back".to_owned(),
            ),
            Step::Seal => (StepKind::Seal, "#seal".to_owned(), String::new()),
        };
        let hint = self.asked_for(&step).unwrap_or(hint);
        // What cannot be read shows as not there; whoever goes on is told why.
        let samples = self.draft.samples().unwrap_or_default();
        let kept: Vec<SampleKind> = samples.into_iter().map(|sample| sample.kind).collect();
        let is_read_back = self.is_read_back().unwrap_or_default();
        let rail = self
            .way
            .stages
            .iter()
            .map(|stage| {
                let complete = (stage.first..stage.end).all(|step| {
                    self.way.is_complete(step, findings, &self.draft)
                        && (self.way.steps.get(step) != Some(&Step::ReadBack) || is_read_back)
                });
                let is_passed = stage.end <= self.at;
                let state = if (stage.first..stage.end).contains(&self.at) {
                    RailState::Current
                } else if !complete && is_passed {
                    RailState::Attention
                } else if complete
                    && (is_passed && stage.section.is_some()
                        || self.is_touched(stage.first, stage.end, &kept))
                {
                    RailState::Done
                } else {
                    RailState::Waiting
                };
                let label = match &stage.section {
                    Some(id) => section_title(id),
                    None => stage.word.to_owned(),
                };
                RailStep {
                    label: label.into(),
                    state,
                }
            })
            .collect();
        let count = self.way.steps.len().max(1);
        StepFrame {
            kind,
            step: step.word(),
            service: words(&pack.titles),
            section,
            title,
            hint,
            place: format!(
                "{} / {}",
                self.worker.number(self.at + 1),
                self.worker.number(count)
            ),
            progress: self.at as f32 / count as f32,
            may_skip: !self
                .way
                .fields(self.at)
                .iter()
                .any(|field| self.way.is_required(field)),
            rail,
        }
    }

    /// Whether anything was answered, captured or confirmed there.
    fn is_touched(&self, first: usize, end: usize, kept: &[SampleKind]) -> bool {
        (first..end).any(|step| match self.way.steps.get(step) {
            Some(Step::Portrait) => kept.contains(&SampleKind::Portrait),
            Some(Step::ExceptionPhoto) => kept.contains(&SampleKind::ExceptionPhoto),
            Some(Step::Fingers) => kept
                .iter()
                .any(|kind| matches!(kind, SampleKind::Finger(_))),
            Some(Step::Signature) => kept
                .iter()
                .any(|kind| matches!(kind, SampleKind::Signature | SampleKind::ThumbMark)),
            // It is complete only when it was done.
            Some(Step::ReadBack) => true,
            _ => self
                .way
                .fields(step)
                .iter()
                .any(|field| matches!(self.draft.value(field), Ok(Some(_)))),
        })
    }
}

fn first_place(rows: &[form::Row]) -> String {
    rows.iter()
        .find_map(|row| {
            let cell = row.boxes.first().map(|cell| cell.key.clone());
            cell.or_else(|| {
                let chosen = row
                    .choices
                    .iter()
                    .find(|c| c.chosen)
                    .or_else(|| row.choices.first());
                chosen.map(|choice| format!("{}={}", row.key, choice.code))
            })
        })
        .unwrap_or_default()
}
