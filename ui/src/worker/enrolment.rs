//! Enrolment: one draft under the hands of an operator, step by step.
//!
//! In: commands. Out: steps taken; what each shows is in `frame`, what is typed in `answers`. Owns: the draft and the place
//! in it. Never: goes on from a step that the screen is no longer at.

use std::collections::BTreeMap;
use std::time::Duration;

use qayd_model::{EnrolmentId, Mrz};
use qayd_station::capture::{FingerCapture, PortraitCapture};
use qayd_station::{Approval, Draft, EnrolmentError, Session, Station};
use qayd_window::{Page, Said};

use super::answers::note;
use super::family::Carried;
use super::home::ASIDE;
use super::steps::{Step, Way};
use super::{After, Next, Worker, captures, papers, review};
use crate::desk::{Command, Event};
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
    /// When it came up, on the monotonic clock.
    came_ms: u64,
    /// What stands in the boxes of this page, by field.
    pub(super) typed: BTreeMap<String, Typed>,
    /// Fields of this page whose boxes hold something that is not kept as an answer.
    pub(super) changed: Vec<String>,
    pub(super) focus: String,
    pub(super) portrait: Option<PortraitCapture>,
    pub(super) fingers: Option<FingerCapture>,
    pub(super) captures: captures::State,
    pub(super) approval: Option<(String, Approval)>,
    /// A zone that was read and waits for a yes.
    pub(super) scan: Option<Mrz>,
    /// A paper whose pages are being taken.
    pub(super) papers: Option<papers::Open>,
}

/// What a command led to.
pub(super) enum Then {
    /// The step is shown anew.
    Show,
    /// So are its choices and its rail; what is typed stays as it stands.
    ShowChosen,
    /// Nothing more.
    Stay,
    /// The step was good; it goes on by itself in a moment.
    GoOn,
    Leave,
    /// Sealed; the next person is of the same family.
    Family(Carried),
    End(After),
}

/// How an enrolment was left.
pub(super) enum Left {
    /// Back to the home page.
    Home,
    /// The next person of the family begins.
    Family(Carried),
    After(After),
}

/// Works on a draft until it is sealed, put aside or locked.
pub(super) fn run(
    worker: &mut Worker<'_>,
    station: &Station,
    session: &Session,
    draft: Draft<'_>,
) -> Left {
    let mut work = match Work::open(worker, station, session, draft) {
        Ok(work) => work,
        Err((worker, error)) => {
            worker.say_code(error.code());
            return Left::Home;
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
                came_ms: 0,
                typed: BTreeMap::new(),
                changed: Vec::new(),
                focus,
                portrait: None,
                fingers: None,
                captures: captures::State::default(),
                approval: None,
                scan: None,
                papers: None,
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

    fn go(&mut self) -> Left {
        let idle_ms = Worker::idle_ms(self.station);
        self.load();
        self.show();
        self.worker.tell(Event::Papers(None));
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
                Ok(Then::ShowChosen) => self.show_chosen(),
                Ok(Then::Stay) => {}
                Ok(Then::Leave) => {
                    self.captures.close();
                    return Left::Home;
                }
                Ok(Then::Family(carried)) => {
                    self.captures.close();
                    return Left::Family(carried);
                }
                Ok(Then::End(after)) => return self.ends(after),
                Err(error) => {
                    self.worker.say_code(error.code());
                    self.show();
                }
            }
        }
    }

    fn ends(&mut self, after: After) -> Left {
        // What can be an answer becomes one; what cannot lies in the draft as it was typed.
        let _ = self.commit_all();
        self.captures.close();
        Left::After(after)
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
            // Of a page that is gone: its boxes stand for nothing any more.
            Command::Edited { ref key, .. }
            | Command::Focused { ref key }
            | Command::Left { ref key }
            | Command::Chosen { ref key, .. }
            | Command::Added { ref key }
            | Command::Removed { ref key }
            | Command::Page { ref key }
                if !self.asks(key) =>
            {
                Then::Stay
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
                Then::ShowChosen
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
            Command::Forward(step) if step == self.step().word() => {
                let after_ms = self.worker.now_ms().saturating_sub(self.came_ms);
                if after_ms < self.worker.setup.second_press_ms {
                    return Ok(Then::Stay);
                }
                return self.forward();
            }
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
            Command::Scanned(text) => return self.scanned(&text),
            Command::TakeScan => return self.take_scan(),
            Command::CloseScan => self.close_scan(),
            Command::Page { key } => {
                let (_, document) = form::split_key(&key);
                let document = document.to_owned();
                return self.open_papers(&document);
            }
            Command::ClosePapers => self.close_papers(),
            command @ (Command::TakePage
            | Command::TurnPage(_)
            | Command::KeepPage(_)
            | Command::ThrowPageAway
            | Command::TouchPage(_)) => return self.act_on_papers(command),
            other => return self.act_on_capture(other),
        })
    }

    /// Whether the page that is shown asks the field of this key.
    fn asks(&self, key: &str) -> bool {
        let (field, _) = form::split_key(key);
        // A choice is named with its code.
        let field = field.split_once('=').map_or(field, |(field, _)| field);
        self.way.asks(field) == Some(self.at)
    }

    fn leave(&mut self) -> Result<Then, EnrolmentError> {
        let word = format!("{ASIDE}{}", self.step().word());
        self.draft.set_step(&word)?;
        Ok(Then::Leave)
    }

    pub(super) fn move_to(&mut self, step: usize) -> Result<(), EnrolmentError> {
        self.captures.close();
        self.at = step.min(self.way.steps.len().saturating_sub(1));
        self.came_ms = self.worker.now_ms();
        self.focus = String::new();
        if self.scan.take().is_some() {
            self.worker.tell(Event::ScanClosed);
        }
        if self.papers.take().is_some() {
            self.worker.tell(Event::Papers(None));
        }
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
                self.worker.say(Said::AnswerMissing);
                return Ok(Then::Stay);
            }
        }
        if !self.captured()? {
            self.worker.say(Said::AnswerMissing);
            return Ok(Then::Stay);
        }
        if self.step() == Step::ReadBack {
            self.confirm_read_back()?;
        }
        // The answers of this step may have changed the way.
        let word = self.step().word();
        self.way = Way::of(&self.draft)?;
        let here = self.way.find(&word).unwrap_or(self.at.saturating_sub(1));
        self.move_to(here + 1)?;
        Ok(Then::Show)
    }
}
