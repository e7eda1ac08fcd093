//! Scan: the machine-readable zone of a document, typed by a reader, taken over once somebody has looked at it.
//!
//! In: letters as they come. Out: what would be filled in; after a yes, answers whose source is the zone. Owns: the zone
//! that waits for a yes. Never: overwrites what was typed; takes over a zone with a wrong check digit.

use qayd_model::pack::{Field, FieldKind, Language, Role};
use qayd_model::{Mrz, MrzError, Source, mrz};
use qayd_station::EnrolmentError;
use qayd_window::{Said, ScanLine};

use super::answers::note;
use super::enrolment::{Then, Work};
use super::steps::Way;
use crate::desk::{Event, ScanView};
use crate::form::{self, Typed};
use crate::numbers;

/// What a zone says about one field: places of its boxes, and what belongs there.
struct Filling {
    field: Field,
    boxes: Vec<(&'static str, String)>,
}

impl Work<'_, '_, '_> {
    /// Letters of a zone, all so far.
    pub(super) fn scanned(&mut self, text: &str) -> Result<Then, EnrolmentError> {
        self.scan = None;
        let view = match mrz::parse(text) {
            Ok(zone) => {
                let lines = self.scan_lines(&zone)?;
                self.scan = Some(zone);
                ScanView { lines, problem: "" }
            }
            // Half of it is no fault yet.
            Err(MrzError::Form) => ScanView::default(),
            Err(error) => ScanView {
                lines: Vec::new(),
                problem: error.code(),
            },
        };
        self.worker.tell(Event::Scan(view));
        Ok(Then::Stay)
    }

    pub(super) fn close_scan(&mut self) -> Then {
        self.scan = None;
        self.worker.tell(Event::ScanClosed);
        Then::Stay
    }

    /// Takes over what the zone says wherever nothing stands yet.
    pub(super) fn take_scan(&mut self) -> Result<Then, EnrolmentError> {
        let Some(zone) = self.scan.take() else {
            return Ok(Then::Stay);
        };
        self.commit_all()?;
        for filling in self.fillings(&zone) {
            self.fill(filling)?;
        }
        self.worker.tell(Event::ScanClosed);
        self.worker.say(Said::TakenOver);
        // The answers may have changed the way; the screen stays where it is.
        let word = self.step().word();
        self.way = Way::of(&self.draft)?;
        self.at = self.way.find(&word).unwrap_or(self.at);
        self.load();
        Ok(Then::Show)
    }

    fn fill(&mut self, filling: Filling) -> Result<(), EnrolmentError> {
        let id = filling.field.id.as_str();
        let mut typed = self.typed_so_far(id)?;
        for (place, text) in filling.boxes {
            let standing = typed.entry(place.to_owned()).or_default();
            if standing.is_empty() {
                *standing = text;
            }
        }
        let answered = match form::assemble(&filling.field, &typed) {
            Some(input) => self.draft.set(id, &input, Source::Mrz),
            None => Ok(()),
        };
        match answered {
            Ok(()) => self.draft.set_note(&note(id), &[]),
            // Not whole yet, such as a name that needs Arabic letters too: it stands in its boxes.
            Err(EnrolmentError::BadValue { .. }) => {
                let text = toml::to_string(&typed).unwrap_or_default();
                let bytes = qayd_crypto::Zeroizing::new(text.into_bytes());
                self.draft.set_note(&note(id), &bytes)
            }
            Err(error) => Err(error),
        }
    }

    /// What stands in the boxes of any field, on this page or not.
    fn typed_so_far(&self, id: &str) -> Result<Typed, EnrolmentError> {
        let noted = self
            .draft
            .note(&note(id))?
            .filter(|bytes| !bytes.is_empty());
        if let Some(typed) = noted.and_then(|bytes| toml::from_slice(&bytes).ok()) {
            return Ok(typed);
        }
        let value = self.draft.value(id)?;
        Ok(value
            .map(|value| form::typed_of(&value))
            .unwrap_or_default())
    }

    fn scan_lines(&self, zone: &Mrz) -> Result<Vec<ScanLine>, EnrolmentError> {
        let language = self.worker.language;
        let mut lines = Vec::new();
        for filling in self.fillings(zone) {
            let typed = self.typed_so_far(&filling.field.id)?;
            let differs = filling.boxes.iter().any(|(place, text)| {
                typed
                    .get(*place)
                    .is_some_and(|standing| !standing.is_empty() && standing != text)
            });
            lines.push(ScanLine {
                label: filling.field.label.in_language(language).into(),
                text: self.in_words(&filling, language).into(),
                differs,
            });
        }
        Ok(lines)
    }

    fn in_words(&self, filling: &Filling, language: Language) -> String {
        let texts: Vec<&str> = filling
            .boxes
            .iter()
            .map(|(_, text)| text.as_str())
            .collect();
        match &filling.field.kind {
            FieldKind::Code { table } => {
                let code = texts.first().copied().unwrap_or_default();
                self.draft.codes().label(table, code, language).to_owned()
            }
            FieldKind::Date { .. } => numbers::digits(&texts.join("/"), language),
            _ => texts.join(" "),
        }
    }

    /// What a zone says, by the fields of this pack that ask it.
    fn fillings(&self, zone: &Mrz) -> Vec<Filling> {
        let pack = self.draft.pack();
        let mut out = Vec::new();
        let mut add = |role: Role, boxes: Vec<(&'static str, String)>| {
            let field = pack.fields().find(|field| field.role == Some(role));
            if let (Some(field), false) = (field, boxes.is_empty()) {
                out.push(Filling {
                    field: field.clone(),
                    boxes,
                });
            }
        };
        let names = ["given.lat", "father.lat", "grandfather.lat"];
        let mut name: Vec<_> = names
            .into_iter()
            .zip(zone.secondary.iter().map(|n| capitalised(n.expose())))
            .collect();
        let surname = capitalised(zone.primary.expose());
        match (name.is_empty(), surname.is_empty()) {
            // A zone without secondary names has the person's own in front.
            (true, false) => name.push(("given.lat", surname)),
            (false, false) => name.push(("laqab.lat", surname)),
            _ => {}
        }
        add(Role::HolderName, name);
        if let Some(born) = zone.birth_date {
            let mut date = vec![("year", born.year.to_string())];
            date.extend(born.month.map(|month| ("month", month.to_string())));
            date.extend(born.day.map(|day| ("day", day.to_string())));
            add(Role::BirthDate, date);
        }
        if let Some(male) = zone.male {
            let code = if male { "male" } else { "female" };
            add(Role::Sex, vec![("", code.to_owned())]);
        }
        let number = zone.optional.expose();
        if number.len() == 12 && number.chars().all(|c| c.is_ascii_digit()) {
            add(Role::NationalNumber, vec![("", number.to_owned())]);
        }
        out
    }
}

/// `ANNA MARIA` as a person writes it.
fn capitalised(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().into_iter();
        first
            .chain(letters.flat_map(char::to_lowercase))
            .collect::<String>()
    });
    words.collect::<Vec<_>>().join(" ")
}
