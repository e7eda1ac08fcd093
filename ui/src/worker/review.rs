//! Review: reading back to the person, and the seal.
//!
//! In: a draft. Out: what the person confirms; a sealed packet. Never: says that it is
//! sealed before the station does; seals what lacks something.

use qayd_crypto::Passphrase;
use qayd_model::pack::{FieldKind, Role};
use qayd_model::validation::{Findings, Item, Missing};
use qayd_model::{Return, Script, Value};
use qayd_station::watch::{self, WatchReason};
use qayd_station::{EnrolmentError, SealedPacket};
use qayd_window::{OpenWork, ReadLine, Said};

use super::enrolment::{Then, Work};
use super::family::Carried;
use super::slip::{self, Closed, Shown};
use super::steps::{Step, Way};
use crate::desk::{Event, ReadBackView, SealView};

/// The note of what the person confirmed.
const CONFIRMED: &str = "read-back";

/// The step at which what a reviewer asked for is put right first.
pub(super) fn first_asked(asked: &Return, way: &Way) -> Option<usize> {
    let fields = asked
        .fields
        .iter()
        .filter_map(|field| way.asks(&field.field))
        .min();
    let portrait = asked.portrait.then(|| way.find("portrait")).flatten();
    let fingers = (!asked.fingers.is_empty())
        .then(|| way.find("fingers"))
        .flatten();
    [fields, portrait, fingers].into_iter().flatten().min()
}

impl Work<'_, '_, '_> {
    /// What the reviewer wrote about this step, where the draft is a returned one.
    pub(super) fn asked_for(&self, step: &Step) -> Option<String> {
        let asked = qayd_station::enrolment::returned_in(&self.draft)
            .ok()
            .flatten()?;
        let Step::Field(id) = step else {
            return None;
        };
        let field = asked.fields.iter().find(|field| field.field == *id)?;
        let reason = self
            .draft
            .codes()
            .label("return-reasons", &field.reason, self.worker.language)
            .to_owned();
        Some(match &field.note {
            Some(note) => format!("{reason}: {}", note.expose()),
            None => reason,
        })
    }

    /// The person has confirmed what stands in the answers now.
    pub(super) fn confirm_read_back(&mut self) -> Result<(), EnrolmentError> {
        let answered = self.answered()?;
        self.draft.set_note(CONFIRMED, &answered)
    }

    /// Whether the answers are those that the person confirmed.
    pub(super) fn is_read_back(&self) -> Result<bool, EnrolmentError> {
        let confirmed = self.draft.note(CONFIRMED)?;
        let answered = self.answered()?;
        Ok(confirmed.is_some_and(|confirmed| *confirmed == answered))
    }

    /// Which answers there are, by when each was entered: none changes without that.
    fn answered(&self) -> Result<Vec<u8>, EnrolmentError> {
        let mut entered = Vec::new();
        for entry in self.draft.fields()? {
            let field = self.draft.pack().field_numbered(entry.number);
            // Consent is asked for by itself and is not read back.
            if field.is_some_and(|field| field.kind != FieldKind::Consent) {
                entered.extend(entry.number.to_be_bytes());
                entered.extend(entry.entered.0.to_be_bytes());
            }
        }
        Ok(entered)
    }

    pub(super) fn tell_read_back(&mut self) -> Result<(), EnrolmentError> {
        let pack = self.draft.pack();
        let (language, codes) = (self.worker.language, self.draft.codes());
        let mut names = [const { String::new() }; 3];
        let mut lines = Vec::new();
        for entry in self.draft.fields()? {
            let Some(field) = pack.field_numbered(entry.number) else {
                continue;
            };
            if let (Some(Role::HolderName), Value::Name(name)) = (field.role, &entry.value) {
                let parts = [&name.given, &name.father, &name.grandfather, &name.laqab];
                for (n, script) in Script::ALL.iter().enumerate() {
                    let written: Vec<&str> = parts
                        .iter()
                        .filter_map(|part| {
                            part.as_ref()?.written(*script).map(|text| text.expose())
                        })
                        .collect();
                    names[n] = written.join(" ");
                }
                continue;
            }
            if field.kind == FieldKind::Consent {
                continue;
            }
            let critical = matches!(
                field.role,
                Some(Role::BirthDate | Role::Sex | Role::NationalNumber | Role::MotherName)
            );
            let text = entry.value.one_line(field, language, codes);
            lines.push(ReadLine {
                field: field.id.clone().into(),
                label: field.label.in_language(language).into(),
                text: text.expose().into(),
                rtl: false,
                critical,
            });
        }
        lines.sort_by_key(|line| !line.critical);
        let portrait = self.picture(&qayd_model::SampleKind::Portrait)?;
        self.worker.tell(Event::ReadBack(Box::new(ReadBackView {
            portrait,
            names,
            lines,
        })));
        Ok(())
    }

    pub(super) fn tell_seal(&mut self, findings: Option<&Findings>) -> Result<(), EnrolmentError> {
        let mut missing: Vec<OpenWork> = match findings {
            Some(findings) => {
                let missing = findings.missing.iter().map(|m: &Missing| &m.item);
                missing
                    .chain(findings.invalid.iter().map(|i| &i.item))
                    .map(|item| self.missing_row(item))
                    .collect()
            }
            None => Vec::new(),
        };
        if !self.is_read_back()? {
            missing.push(OpenWork {
                id: format!("step:{}", Step::ReadBack.word()).into(),
                title: "#read-back".into(),
                ..OpenWork::default()
            });
        }
        let notes: Vec<String> = match self.draft.finalise() {
            Ok(finalised) => {
                let mut codes: Vec<String> = finalised
                    .warnings()
                    .iter()
                    .map(|w| format!("#{}", w.code()))
                    .collect();
                codes.sort();
                codes.dedup();
                codes
            }
            Err(_) => Vec::new(),
        };
        let (language, codes) = (self.worker.language, self.draft.codes());
        let exceptions = self.draft.exceptions()?;
        let words: Vec<String> = exceptions
            .iter()
            .map(|e| {
                let finger = codes.label("fingers", e.position.name(), language);
                format!(
                    "{finger}: {}",
                    codes.label("exception-reasons", e.reason.name(), language)
                )
            })
            .collect();
        let supervisors = self
            .station
            .operators()
            .unwrap_or_default()
            .into_iter()
            .filter(|o| o.role.may_supervise() && o.operator != self.session.operator())
            .map(|o| o.login)
            .collect();
        let alike = if findings.is_none() {
            self.alike()?
        } else {
            Vec::new()
        };
        self.worker.tell(Event::Seal(Box::new(SealView {
            missing,
            notes,
            alike,
            needs_approval: !exceptions.is_empty(),
            approved: self.approval.is_some(),
            supervisors,
            exceptions: words.join(" · "),
        })));
        Ok(())
    }

    fn missing_row(&self, item: &Item) -> OpenWork {
        let (language, codes) = (self.worker.language, self.draft.codes());
        let step = self
            .way
            .of_item(item, &self.draft)
            .and_then(|step| self.way.steps.get(step));
        let title = match item {
            Item::Field { id, .. } => self
                .draft
                .pack()
                .field(id)
                .map(|f| f.label.in_language(language).to_owned())
                .unwrap_or_default(),
            Item::Portrait => "#portrait".to_owned(),
            Item::ExceptionPhoto => "#exception-photo".to_owned(),
            Item::Signature => "#signature".to_owned(),
            Item::HomeOffice => "#home-office".to_owned(),
            Item::Finger(position) | Item::Supervisor { position } => {
                codes.label("fingers", position.name(), language).to_owned()
            }
            Item::Document(code) | Item::DocumentPage(code) => {
                codes.label("documents", code, language).to_owned()
            }
            _ => String::new(),
        };
        OpenWork {
            id: step
                .map(|step| format!("step:{}", step.word()))
                .unwrap_or_default()
                .into(),
            title: title.into(),
            ..OpenWork::default()
        }
    }

    /// People who were enrolled here and may be this one.
    fn alike(&self) -> Result<Vec<OpenWork>, EnrolmentError> {
        // While something is missing there is nobody to look for yet.
        let Ok(finalised) = self.draft.finalise() else {
            return Ok(Vec::new());
        };
        let looked = watch::look(self.station, self.draft.id(), finalised.probe());
        let found = match looked {
            Ok(found) => found,
            Err(error) => {
                // The watch advises; without it the person is served all the same.
                tracing::warn!(code = error.code(), "the duplicate watch did not look");
                return Ok(Vec::new());
            }
        };
        let records = self.station.enrolments(10_000)?;
        let rows = found.into_iter().take(5).filter_map(|suspicion| {
            let record = records
                .iter()
                .find(|r| r.enrolment == suspicion.enrolment)?;
            let name = record
                .slip
                .lines
                .first()
                .map(|line| line.text.expose().to_owned())
                .unwrap_or_default();
            let note = if suspicion.reasons.contains(&WatchReason::Fingers) {
                "#by-fingers"
            } else if suspicion.reasons.contains(&WatchReason::NationalNumber) {
                "#by-number"
            } else {
                "#by-name"
            };
            Some(OpenWork {
                id: suspicion.enrolment.to_string().into(),
                title: format!("{}  {name}", self.worker.number(record.number)).into(),
                note: note.into(),
                ..OpenWork::default()
            })
        });
        Ok(rows.collect())
    }

    pub(super) fn approve(
        &mut self,
        login: &str,
        passphrase: &Passphrase,
    ) -> Result<Then, EnrolmentError> {
        self.worker.say(Said::Nothing);
        self.worker.tell(Event::Busy(true));
        let approved = self.station.approve(login, passphrase);
        self.worker.tell(Event::Busy(false));
        match approved {
            Ok(approval) if approval.supervisor() == self.session.operator() => {
                self.worker.say(Said::OwnApproval)
            }
            Ok(approval) => self.approval = Some((login.to_owned(), approval)),
            Err(error) => self.worker.say_code(error.code()),
        }
        Ok(Then::Show)
    }

    /// Seals, shows the slip, and waits for the next person.
    pub(super) fn seal(&mut self) -> Result<Then, EnrolmentError> {
        if !self.is_read_back()? {
            self.worker.say(Said::AnswerMissing);
            return Ok(Then::Stay);
        }
        self.worker.say(Said::Nothing);
        self.worker.tell(Event::Busy(true));
        let carried = Carried::of(&self.draft)?;
        let sealed = self.seal_now();
        self.worker.tell(Event::Busy(false));
        match sealed {
            Ok(sealed) => {
                let shown = if carried.is_empty() {
                    Shown::Sealed
                } else {
                    Shown::SealedOfFamily
                };
                let closed = slip::run(self.worker, self.station, sealed.enrolment, shown);
                Ok(match closed {
                    Closed::After(after) => Then::End(after),
                    Closed::Next => Then::Leave,
                    Closed::Family => Then::Family(carried),
                })
            }
            Err(error) => {
                self.worker.say_code(error.code());
                Ok(Then::Show)
            }
        }
    }

    fn seal_now(&mut self) -> Result<SealedPacket, EnrolmentError> {
        let finalised = self.draft.finalise()?;
        let approval = self.approval.as_ref().map(|(_, approval)| approval);
        self.station.seal(self.session, finalised, approval)
    }
}
