//! Enrolment: one draft under the hands of an operator, step by step.
//!
//! In: commands. Out: the page of the step. Owns: what stands in the boxes and is no answer yet; it lies in the draft as
//! a note from the first keystroke on. Never: says that something is kept before the station has it; goes on from a step
//! that the screen is no longer at.

use std::collections::BTreeMap;
use std::time::Duration;

use qayd_model::pack::FieldKind;
use qayd_model::validation::Findings;
use qayd_model::{EnrolmentId, SampleKind, parse_value};
use qayd_station::capture::{FingerCapture, PortraitCapture};
use qayd_station::{Approval, Draft, EnrolmentError, FieldInput, Session, Station};
use qayd_window::{Kept, Page, RailState, RailStep, Said, StepKind};

use super::home::{ASIDE, TOLD};
use super::steps::{Step, Way};
use super::{After, Next, Worker, captures, review};
use crate::desk::{Command, Event, StepFrame};
use crate::form::{self, Typed};

/// After a good capture the screen stands so long before it goes on by itself.
const GOOD_STANDS: Duration = Duration::from_millis(900);
/// Between two previews.
const PREVIEW_TICK: Duration = Duration::from_millis(15);

/// An enrolment that is open.
pub(super) struct Work<'w, 'q, 's> {
    pub(super) worker: &'w mut Worker<'q>,
    pub(super) station: &'s Station,
    pub(super) session: &'s Session,
    pub(super) draft: Draft<'s>,
    pub(super) way: Way,
    /// Which step of the way.
    pub(super) at: usize,
    /// What stands in the boxes of this page, by field.
    typed: BTreeMap<String, Typed>,
    /// Fields of this page whose boxes hold something that is not kept as an answer.
    changed: Vec<String>,
    focus: String,
    pub(super) portrait: Option<PortraitCapture>,
    pub(super) fingers: Option<FingerCapture>,
    pub(super) captures: captures::State,
    pub(super) approval: Option<(String, Approval)>,
}

/// What a command led to.
pub(super) enum Then {
    /// The step is shown anew.
    Show,
    /// Nothing more.
    Stay,
    /// The step was good; it goes on by itself in a moment.
    GoOn,
    Leave,
    End(After),
}

/// Works on a draft until it is sealed, put aside or locked. `None`: back to the home page.
pub(super) fn run(
    worker: &mut Worker<'_>,
    station: &Station,
    session: &Session,
    draft: Draft<'_>,
) -> Option<After> {
    let mut work = match Work::open(worker, station, session, draft) {
        Ok(work) => work,
        Err((worker, error)) => {
            worker.say_code(error.code());
            return None;
        }
    };
    work.go()
}

impl<'w, 'q, 's> Work<'w, 'q, 's> {
    fn open(
        worker: &'w mut Worker<'q>,
        station: &'s Station,
        session: &'s Session,
        mut draft: Draft<'s>,
    ) -> Result<Self, (&'w mut Worker<'q>, EnrolmentError)> {
        let opened = Way::of(&draft).and_then(|way| {
            let word = draft.step()?;
            let place = word.strip_prefix(ASIDE).unwrap_or(&word);
            let (step, focus) = place.split_once('#').unwrap_or((place, ""));
            let at = match qayd_station::enrolment::returned_in(&draft)? {
                // A returned case opens at what has to be put right.
                Some(asked) if step == "returned" => review::first_asked(&asked, &way).unwrap_or(0),
                _ => way.find(step).unwrap_or(0),
            };
            let word = way.steps.get(at).map(Step::word).unwrap_or_default();
            draft.set_step(&if focus.is_empty() {
                word
            } else {
                format!("{word}#{focus}")
            })?;
            Ok((way, at, focus.to_owned()))
        });
        match opened {
            Ok((way, at, focus)) => Ok(Self {
                worker,
                station,
                session,
                draft,
                way,
                at,
                typed: BTreeMap::new(),
                changed: Vec::new(),
                focus,
                portrait: None,
                fingers: None,
                captures: captures::State::default(),
                approval: None,
            }),
            Err(error) => Err((worker, error)),
        }
    }

    /// Which enrolment.
    pub(super) fn id(&self) -> EnrolmentId {
        self.draft.id()
    }

    pub(super) fn step(&self) -> Step {
        self.way.steps.get(self.at).cloned().unwrap_or(Step::Seal)
    }

    fn go(&mut self) -> Option<After> {
        let idle_ms = Worker::idle_ms(self.station);
        self.load();
        self.show();
        self.worker.tell(Event::Page(Page::Enrolment));
        loop {
            self.worker.truth(self.station, false);
            let wait = if self.captures.is_live() {
                PREVIEW_TICK
            } else {
                super::TICK
            };
            let command = match self.worker.next_within(idle_ms, wait) {
                Next::Do(command) => command,
                Next::Nothing => {
                    self.preview();
                    continue;
                }
                Next::Idle => return self.ends(After::Locked(Some(self.id()))),
                Next::Gone => return self.ends(After::Gone),
            };
            let mut then = self.act(command);
            if matches!(then, Ok(Then::GoOn)) {
                self.show();
                // Whoever presses something now is asked first.
                then = match self.worker.next_within(None, GOOD_STANDS) {
                    Next::Do(command) => self.act(command),
                    Next::Gone => return self.ends(After::Gone),
                    _ => self.forward(),
                };
            }
            match then {
                Ok(Then::Show | Then::GoOn) => self.show(),
                Ok(Then::Stay) => {}
                Ok(Then::Leave) => {
                    self.captures.close();
                    return None;
                }
                Ok(Then::End(after)) => return self.ends(after),
                Err(error) => {
                    self.worker.say_code(error.code());
                    self.show();
                }
            }
        }
    }

    fn ends(&mut self, after: After) -> Option<After> {
        // What can be an answer becomes one; what cannot lies in the draft as it was typed.
        let _ = self.commit_all();
        self.captures.close();
        Some(after)
    }

    fn act(&mut self, command: Command) -> Result<Then, EnrolmentError> {
        Ok(match command {
            Command::Lock => Then::End(After::Locked(Some(self.id()))),
            Command::SignOut => Then::End(After::SignedOut),
            Command::Language(language) => {
                self.worker.language = language;
                self.worker.truth(self.station, true);
                Then::Show
            }
            Command::Edited { key, text } => {
                self.edit(&key, text)?;
                Then::Stay
            }
            Command::Focused { key } => {
                self.focus = key;
                let word = format!("{}#{}", self.step().word(), self.focus);
                self.draft.set_step(&word)?;
                Then::Stay
            }
            Command::Left { key } => {
                let (field, _) = form::split_key(&key);
                let field = field.to_owned();
                // A half-typed answer is no fault while somebody is still on the page.
                if self.changed.contains(&field) {
                    self.commit(&field)?;
                }
                Then::Stay
            }
            Command::Chosen { key, code } => {
                self.choose(&key, &code)?;
                Then::Show
            }
            Command::Added { key } => {
                let (field, place) = form::split_key(&key);
                let prefix = place.to_owned();
                let count = self
                    .typed
                    .get(field)
                    .map_or(0, |typed| form::list_length(typed, &prefix));
                let field = field.to_owned();
                self.put(&field, &format!("{prefix}n"), (count + 1).to_string());
                self.keep_typed(&field)?;
                Then::Show
            }
            Command::Removed { key } => {
                let (field, place) = form::split_key(&key);
                let (prefix, number) = match place.rsplit_once('.') {
                    Some((prefix, number)) => (format!("{prefix}."), number),
                    None => (String::new(), place),
                };
                let field = field.to_owned();
                if let (Some(typed), Ok(number)) = (self.typed.get_mut(&field), number.parse()) {
                    form::take_out(typed, &prefix, number);
                    self.changed.push(field.clone());
                    self.commit(&field)?;
                }
                Then::Show
            }
            Command::Undo => {
                self.draft.undo()?;
                for field in self.way.fields(self.at).to_vec() {
                    self.draft.set_note(&note(&field), &[])?;
                }
                self.way = Way::of(&self.draft)?;
                self.at = self.at.min(self.way.steps.len().saturating_sub(1));
                self.load();
                Then::Show
            }
            Command::Forward(step) if step == self.step().word() => return self.forward(),
            Command::Back(step) if step == self.step().word() => {
                self.commit_all()?;
                match self.at.checked_sub(1) {
                    Some(before) => self.move_to(before)?,
                    None => return self.leave(),
                }
                Then::Show
            }
            // A second press of a button whose page is gone.
            Command::Forward(_) | Command::Back(_) => Then::Stay,
            Command::Jump(stage) => {
                self.commit_all()?;
                if let Some(first) = self.way.stages.get(stage).map(|stage| stage.first) {
                    self.move_to(first)?;
                }
                Then::Show
            }
            Command::JumpToItem(word) => {
                self.commit_all()?;
                let to = word
                    .strip_prefix("step:")
                    .and_then(|word| self.way.find(word))
                    .or_else(|| self.way.asks(&word));
                if let Some(to) = to {
                    self.move_to(to)?;
                }
                Then::Show
            }
            Command::Leave => {
                self.commit_all()?;
                return self.leave();
            }
            Command::Page { key } => {
                let (_, document) = form::split_key(&key);
                let document = document.to_owned();
                return self.photograph(&document);
            }
            other => return self.act_on_capture(other),
        })
    }

    fn leave(&mut self) -> Result<Then, EnrolmentError> {
        let word = format!("{ASIDE}{}", self.step().word());
        self.draft.set_step(&word)?;
        Ok(Then::Leave)
    }

    pub(super) fn move_to(&mut self, step: usize) -> Result<(), EnrolmentError> {
        self.captures.close();
        self.at = step.min(self.way.steps.len().saturating_sub(1));
        self.focus = String::new();
        let word = self.step().word();
        self.draft.set_step(&word)?;
        self.worker.say(Said::Nothing);
        self.load();
        Ok(())
    }

    /// To the next step, if nothing of this one is missing.
    pub(super) fn forward(&mut self) -> Result<Then, EnrolmentError> {
        if self.step() == Step::Seal {
            return self.seal();
        }
        if !self.commit_all()? {
            self.worker.say(Said::Value);
            return Ok(Then::Stay);
        }
        for field in self.way.fields(self.at).to_vec() {
            if self.way.is_required(&field) && self.draft.value(&field)?.is_none() {
                let first = self.rows_of(&field)?.first().and_then(|row| {
                    row.boxes
                        .first()
                        .map(|b| b.key.clone())
                        .or(Some(row.key.clone()))
                });
                self.worker.tell(Event::Faults(vec![(
                    first.unwrap_or_default(),
                    "VAL-24".to_owned(),
                )]));
                self.worker.say(Said::Incomplete);
                return Ok(Then::Stay);
            }
        }
        if !self.captured()? {
            self.worker.say(Said::Incomplete);
            return Ok(Then::Stay);
        }
        // The answers of this step may have changed the way.
        let word = self.step().word();
        self.way = Way::of(&self.draft)?;
        let here = self.way.find(&word).unwrap_or(self.at.saturating_sub(1));
        self.move_to(here + 1)?;
        Ok(Then::Show)
    }

    // What stands in the boxes.

    /// Fills the boxes of this page: what was typed last, or the answers.
    fn load(&mut self) {
        self.typed.clear();
        self.changed.clear();
        for field in self.way.fields(self.at).to_vec() {
            let noted = self.draft.note(&note(&field)).ok().flatten();
            let typed = noted
                .filter(|bytes| !bytes.is_empty())
                .and_then(|bytes| toml::from_slice::<Typed>(&bytes).ok());
            let typed = match typed {
                Some(typed) => {
                    self.changed.push(field.clone());
                    typed
                }
                None => self
                    .draft
                    .value(&field)
                    .ok()
                    .flatten()
                    .map(|value| form::typed_of(&value))
                    .unwrap_or_default(),
            };
            self.typed.insert(field, typed);
        }
        if let Some(text) = self.draft.pack().consent_text() {
            let version = text.version.to_string();
            for field in self.way.fields(self.at).to_vec() {
                if self
                    .draft
                    .pack()
                    .field(&field)
                    .is_some_and(|f| f.kind == FieldKind::Consent)
                {
                    self.typed
                        .entry(field)
                        .or_default()
                        .entry("text_version".to_owned())
                        .or_insert(version.clone());
                }
            }
        }
    }

    fn put(&mut self, field: &str, place: &str, text: String) {
        self.typed
            .entry(field.to_owned())
            .or_default()
            .insert(place.to_owned(), text);
        if !self.changed.iter().any(|one| one == field) {
            self.changed.push(field.to_owned());
        }
    }

    fn edit(&mut self, key: &str, text: String) -> Result<(), EnrolmentError> {
        let (field, place) = form::split_key(key);
        if !self.way.fields(self.at).iter().any(|one| one == field) {
            return Ok(());
        }
        let field = field.to_owned();
        // What a scanner or a paste pours in is cut at the length of the longest answer there is.
        let limit = qayd_model::text::TEXT_BYTES_MAX;
        let text = match text
            .char_indices()
            .find(|(at, c)| at + c.len_utf8() > limit)
        {
            Some((at, _)) => text[..at].to_owned(),
            None => text,
        };
        self.put(&field, place, text);
        self.keep_typed(&field)
    }

    /// Lays what was typed into the draft, and says so once it is there.
    fn keep_typed(&mut self, field: &str) -> Result<(), EnrolmentError> {
        let typed = self.typed.get(field).cloned().unwrap_or_default();
        let bytes =
            qayd_crypto::Zeroizing::new(toml::to_string(&typed).unwrap_or_default().into_bytes());
        self.draft.set_note(&note(field), &bytes)?;
        let kept = if self.reads(field) {
            Kept::Kept
        } else {
            Kept::AsTyped
        };
        self.worker.tell(Event::Kept(kept));
        Ok(())
    }

    /// Whether the pack's parser takes what stands in the boxes.
    fn reads(&self, id: &str) -> bool {
        let pack = self.draft.pack();
        let (Some(field), Some(typed)) = (pack.field(id), self.typed.get(id)) else {
            return true;
        };
        match form::assemble(field, typed) {
            None => true,
            Some(FieldInput::Parts(parts)) => {
                parse_value(pack, field, &parts, self.draft.codes()).is_ok()
            }
            Some(FieldInput::Line(line)) => {
                qayd_model::import::parse_line(pack, field, &line, self.draft.codes()).is_ok()
            }
        }
    }

    /// Makes what stands in the boxes of a field its answer. `false`: it is not one, and the boxes say why.
    fn commit(&mut self, id: &str) -> Result<bool, EnrolmentError> {
        let Some(field) = self.draft.pack().field(id).cloned() else {
            return Ok(true);
        };
        let typed = self.typed.get(id).cloned().unwrap_or_default();
        let done = match form::assemble(&field, &typed) {
            Some(input) => self.draft.set(id, &input, TOLD),
            None if self.draft.value(id)?.is_some() => self.draft.clear(id),
            None => Ok(()),
        };
        match done {
            Ok(()) => {
                // The answer is there before what was typed goes.
                self.draft.set_note(&note(id), &[])?;
                self.changed.retain(|one| one != id);
                self.worker.tell(Event::Faults(Vec::new()));
                self.worker.tell(Event::Kept(Kept::Kept));
                Ok(true)
            }
            Err(EnrolmentError::BadValue { error, .. }) => {
                self.keep_typed(id)?;
                let mut rows = self.rows_of(id)?;
                form::mark_fault(&mut rows, id, &error.part, error.fault.code());
                let marked = rows.iter().find_map(|row| {
                    let cell = row.boxes.iter().find(|cell| !cell.fault.is_empty());
                    cell.map(|cell| (cell.key.clone(), cell.fault.clone()))
                        .or_else(|| {
                            (!row.fault.is_empty()).then(|| (row.key.clone(), row.fault.clone()))
                        })
                });
                self.worker
                    .tell(Event::Faults(marked.into_iter().collect()));
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Commits every field of the page; `false` when one of them is not an answer.
    fn commit_all(&mut self) -> Result<bool, EnrolmentError> {
        let mut all = true;
        for field in self.changed.clone() {
            all &= self.commit(&field)?;
        }
        Ok(all)
    }

    fn choose(&mut self, key: &str, code: &str) -> Result<(), EnrolmentError> {
        let (id, place) = form::split_key(key);
        let (id, place) = (id.to_owned(), place.to_owned());
        let Some(field) = self.draft.pack().field(&id).cloned() else {
            return Ok(());
        };
        let now = self
            .typed
            .get(&id)
            .and_then(|typed| typed.get(&place))
            .cloned()
            .unwrap_or_default();
        match (&field.kind, place.as_str()) {
            // A paper that was brought besides: its rows appear.
            (FieldKind::Evidence, "") => self.put(&id, &format!("{code}.seen"), String::new()),
            (FieldKind::Codes { .. }, "") => {
                let mut codes: Vec<&str> = now.split(',').filter(|c| !c.is_empty()).collect();
                match codes.iter().position(|one| *one == code) {
                    Some(at) => {
                        codes.remove(at);
                    }
                    None => codes.push(code),
                }
                self.put(&id, "", codes.join(","));
            }
            // Touching what is chosen takes it back.
            _ => self.put(
                &id,
                &place,
                if now == code {
                    String::new()
                } else {
                    code.to_owned()
                },
            ),
        }
        self.focus = format!("{key}={code}");
        self.keep_typed(&id)?;
        self.commit(&id)?;
        Ok(())
    }

    fn rows_of(&self, id: &str) -> Result<Vec<form::Row>, EnrolmentError> {
        let pack = self.draft.pack();
        let mut pages = BTreeMap::new();
        for sample in self.draft.samples()? {
            if let SampleKind::DocumentPage { document, .. } = sample.kind {
                *pages.entry(document).or_insert(0) += 1;
            }
        }
        let context = form::Context {
            pack,
            codes: self.draft.codes(),
            language: self.worker.language,
            pages: &pages,
            named: matches!(self.step(), Step::More(_)),
        };
        let empty = Typed::new();
        let typed = self.typed.get(id).unwrap_or(&empty);
        Ok(pack
            .field(id)
            .map(|field| form::rows(&context, field, typed))
            .unwrap_or_default())
    }

    // What is shown.

    pub(super) fn findings(&self) -> Option<Findings> {
        match self.draft.finalise() {
            Err(EnrolmentError::Incomplete(findings)) => Some(*findings),
            _ => None,
        }
    }

    pub(super) fn show(&mut self) {
        if let Err(error) = self.shown() {
            self.worker.say_code(error.code());
        }
    }

    fn shown(&mut self) -> Result<(), EnrolmentError> {
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
                self.worker.tell(Event::Form {
                    rows,
                    focus,
                    title: frame.title.clone(),
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
        let rail = self
            .way
            .stages
            .iter()
            .map(|stage| {
                let complete = (stage.first..stage.end)
                    .all(|step| self.way.is_complete(step, findings, &self.draft));
                let state = if (stage.first..stage.end).contains(&self.at) {
                    RailState::Current
                } else if stage.end <= self.at
                    || complete && self.is_touched(stage.first, stage.end)
                {
                    if complete {
                        RailState::Done
                    } else {
                        RailState::Attention
                    }
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

    fn is_touched(&self, first: usize, end: usize) -> bool {
        (first..end)
            .flat_map(|step| self.way.fields(step))
            .any(|field| matches!(self.draft.value(field), Ok(Some(_))))
    }
}

/// Name of the note that holds what stands in the boxes of a field.
fn note(field: &str) -> String {
    format!("typed:{field}")
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
