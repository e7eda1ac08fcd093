//! Answers: what stands in the boxes of a page, and how it becomes an answer.
//!
//! In: letters and choices. Out: answers in the draft; what is none yet lies there as a note, as it was typed, from the
//! first keystroke on. Never: says that something is kept before the station has it.

use std::collections::BTreeMap;

use qayd_model::pack::FieldKind;
use qayd_model::{SampleKind, parse_value};
use qayd_station::{EnrolmentError, FieldInput};
use qayd_window::Kept;

use super::enrolment::Work;
use super::home::TOLD;
use super::steps::Step;
use crate::desk::Event;
use crate::form::{self, Typed};

impl Work<'_, '_, '_> {
    /// Fills the boxes of this page: what was typed last, or the answers.
    pub(super) fn load(&mut self) {
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

    pub(super) fn put(&mut self, field: &str, place: &str, text: String) {
        self.typed
            .entry(field.to_owned())
            .or_default()
            .insert(place.to_owned(), text);
        if !self.changed.iter().any(|one| one == field) {
            self.changed.push(field.to_owned());
        }
    }

    pub(super) fn edit(&mut self, key: &str, text: String) -> Result<(), EnrolmentError> {
        let (field, place) = form::split_key(key);
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
        // What was wrong with it was said of other letters.
        self.worker.tell(Event::Faults(Vec::new()));
        self.keep_typed(&field)
    }

    /// Lays what was typed into the draft, and says so once it is there.
    pub(super) fn keep_typed(&mut self, field: &str) -> Result<(), EnrolmentError> {
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
        self.tell_offers(field)
    }

    /// Tells what is offered for the boxes of a name, while whoever types goes on typing.
    fn tell_offers(&self, field: &str) -> Result<(), EnrolmentError> {
        let rows = self.rows_of(field)?;
        let cells = rows.into_iter().flat_map(|row| row.boxes);
        let offers: Vec<_> = cells.map(|cell| (cell.key, cell.offer)).collect();
        self.worker.tell(Event::Offers(offers));
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
    pub(super) fn commit(&mut self, id: &str) -> Result<bool, EnrolmentError> {
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
    pub(super) fn commit_all(&mut self) -> Result<bool, EnrolmentError> {
        let mut all = true;
        for field in self.changed.clone() {
            all &= self.commit(&field)?;
        }
        Ok(all)
    }

    pub(super) fn choose(&mut self, key: &str, code: &str) -> Result<(), EnrolmentError> {
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

    pub(super) fn rows_of(&self, id: &str) -> Result<Vec<form::Row>, EnrolmentError> {
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
}

/// Name of the note that holds what stands in the boxes of a field.
pub(super) fn note(field: &str) -> String {
    format!("typed:{field}")
}
