//! Assemble: what stands in the boxes becomes the input of the pack's parser.
//!
//! In: a field and what was typed. Out: [`FieldInput`], or nothing where nothing was typed. Never: repairs what was typed.

use qayd_model::pack::{Field, FieldKind};
use qayd_station::FieldInput;
use toml::{Table, Value};

use super::{Typed, list_length};

/// The input, or `None` when nothing was typed or chosen.
pub fn assemble(field: &Field, typed: &Typed) -> Option<FieldInput> {
    let typed = At {
        typed,
        prefix: String::new(),
    };
    if let Some(reason) = typed.text("missing") {
        return Some(table([("missing", reason)]).into_input());
    }
    match &field.kind {
        FieldKind::Text { .. }
        | FieldKind::Number { .. }
        | FieldKind::NationalNumber
        | FieldKind::Phone
        | FieldKind::TimeOfDay
        | FieldKind::YesNo { .. }
        | FieldKind::Code { .. } => Some(FieldInput::Line(typed.plain("")?)),
        FieldKind::Codes { .. } => Some(FieldInput::Line(typed.plain("")?)),
        FieldKind::Date { .. } => Some(FieldInput::Line(typed.date("")?)),
        FieldKind::Name { .. } => Some(FieldInput::Parts(typed.name("")?)),
        FieldKind::Register => typed.register(),
        FieldKind::Address => typed.address(),
        FieldKind::Family { .. } => typed.list(|at| Some(at.member())),
        FieldKind::Attestors => typed.list(|at| Some(at.attestor())),
        FieldKind::Evidence => typed.evidence(),
        FieldKind::Consent => typed.consent(),
    }
}

struct At<'a> {
    typed: &'a Typed,
    prefix: String,
}

trait IntoInput {
    fn into_input(self) -> FieldInput;
}

impl IntoInput for Table {
    fn into_input(self) -> FieldInput {
        FieldInput::Parts(Value::Table(self))
    }
}

fn table<const N: usize>(entries: [(&str, String); N]) -> Table {
    entries
        .into_iter()
        .map(|(key, text)| (key.to_owned(), Value::String(text)))
        .collect()
}

impl At<'_> {
    fn below(&self, place: &str) -> At<'_> {
        At {
            typed: self.typed,
            prefix: format!("{}{place}.", self.prefix),
        }
    }

    /// The text at a place, if there is any but blanks.
    fn text(&self, place: &str) -> Option<String> {
        let text = self.typed.get(&format!("{}{place}", self.prefix))?;
        (!text.trim().is_empty()).then(|| text.clone())
    }

    fn plain(&self, place: &str) -> Option<String> {
        self.text(place)
    }

    /// Copies texts that are there.
    fn take(&self, into: &mut Table, places: &[&str]) {
        for place in places {
            if let Some(text) = self.text(place) {
                into.insert((*place).to_owned(), Value::String(text));
            }
        }
    }

    fn flag(&self, into: &mut Table, place: &str) {
        if self.text(place).as_deref() == Some("true") {
            into.insert(place.to_owned(), Value::Boolean(true));
        }
    }

    /// Year, month and day as one line; the parser says what is wrong with it.
    fn date(&self, place: &str) -> Option<String> {
        let at = if place.is_empty() {
            At {
                typed: self.typed,
                prefix: self.prefix.clone(),
            }
        } else {
            self.below(place)
        };
        let (year, month, day) = (at.text("year"), at.text("month"), at.text("day"));
        if year.is_none() && month.is_none() && day.is_none() {
            return None;
        }
        let two = |text: Option<String>| {
            text.map(|text| {
                let text = qayd_model::text::ascii_digits(text.trim());
                if text.len() == 1 {
                    format!("0{text}")
                } else {
                    text
                }
            })
        };
        let mut line = String::new();
        if at.text("guess").as_deref() == Some("true") {
            line.push('~');
        }
        line.push_str(year.unwrap_or_default().trim());
        match (two(month), two(day)) {
            (Some(month), Some(day)) => line.push_str(&format!("-{month}-{day}")),
            (Some(month), None) => line.push_str(&format!("-{month}")),
            // A day without its month is no date; let the parser say so.
            (None, Some(day)) => line.push_str(&format!("--{day}")),
            (None, None) => {}
        }
        Some(line)
    }

    fn name(&self, place: &str) -> Option<Value> {
        let at = if place.is_empty() {
            At {
                typed: self.typed,
                prefix: self.prefix.clone(),
            }
        } else {
            self.below(place)
        };
        let mut name = Table::new();
        for part in ["given", "father", "grandfather", "laqab"] {
            let mut scripts = Table::new();
            at.below(part).take(&mut scripts, &["ar", "ckb", "lat"]);
            if !scripts.is_empty() {
                name.insert(part.to_owned(), Value::Table(scripts));
            }
        }
        if name.is_empty() {
            return None;
        }
        at.take(&mut name, &["register_script"]);
        Some(Value::Table(name))
    }

    fn register(&self) -> Option<FieldInput> {
        if self.text("known").as_deref() == Some("false") {
            let mut unknown = Table::new();
            unknown.insert("unknown".to_owned(), Value::Boolean(true));
            self.take(&mut unknown, &["hints"]);
            return Some(unknown.into_input());
        }
        // Taken back: the boxes are hidden, and what stands in them is no answer.
        self.text("known")?;
        let mut known = Table::new();
        self.take(
            &mut known,
            &["office", "register", "page", "year", "suffix"],
        );
        (!known.is_empty()).then(|| known.into_input())
    }

    fn address(&self) -> Option<FieldInput> {
        let mut address = Table::new();
        // What is hidden while the address is abroad, or is not, stays typed and is no part of the answer; a country
        // that came with an address here is, but it is none by itself.
        let abroad = self.text("abroad").as_deref() == Some("true");
        let places: &[&str] = if abroad {
            &["country", "foreign_lines"]
        } else {
            &[
                "governorate",
                "qadha",
                "nahiya",
                "mahalla",
                "zuqaq",
                "dar",
                "camp",
                "block",
                "tent",
                "village",
                "nearest_point",
                "country",
            ]
        };
        self.take(&mut address, places);
        let hidden = usize::from(!abroad && address.contains_key("country"));
        if address.len() == hidden {
            return None;
        }
        let at = self.below("position");
        let degrees = |place: &str| at.text(place)?.parse::<f64>().ok().map(Value::Float);
        if let (Some(latitude), Some(longitude), Some(accuracy)) = (
            degrees("latitude"),
            degrees("longitude"),
            at.text("accuracy_m"),
        ) {
            let mut position = table([("accuracy_m", accuracy)]);
            position.insert("latitude".to_owned(), latitude);
            position.insert("longitude".to_owned(), longitude);
            address.insert("position".to_owned(), Value::Table(position));
        }
        Some(address.into_input())
    }

    fn list(&self, each: impl Fn(&At<'_>) -> Option<Value>) -> Option<FieldInput> {
        let items = self.items("", each);
        (!items.is_empty()).then_some(FieldInput::Parts(Value::Array(items)))
    }

    fn items(&self, place: &str, each: impl Fn(&At<'_>) -> Option<Value>) -> Vec<Value> {
        let prefix = if place.is_empty() {
            self.prefix.clone()
        } else {
            format!("{}{place}.", self.prefix)
        };
        (0..list_length(self.typed, &prefix))
            .filter_map(|n| {
                each(&At {
                    typed: self.typed,
                    prefix: format!("{prefix}{n}."),
                })
            })
            .collect()
    }

    fn member(&self) -> Value {
        let mut member = Table::new();
        self.take(&mut member, &["relation", "national_number"]);
        if let Some(name) = self.name("name") {
            member.insert("name".to_owned(), name);
        }
        for place in ["birth_date", "joined", "left"] {
            if let Some(date) = self.date(place) {
                member.insert(place.to_owned(), Value::String(date));
            }
        }
        self.flag(&mut member, "head");
        self.flag(&mut member, "present");
        Value::Table(member)
    }

    fn attestor(&self) -> Value {
        let mut attestor = Table::new();
        self.take(&mut attestor, &["kind", "identity_number", "letter_number"]);
        if let Some(name) = self.name("name") {
            attestor.insert("name".to_owned(), name);
        }
        if let Some(date) = self.date("letter_date") {
            attestor.insert("letter_date".to_owned(), Value::String(date));
        }
        let witnesses = self.items("witnesses", |at| {
            let mut witness = Table::new();
            at.take(&mut witness, &["identity_number"]);
            if let Some(name) = at.name("name") {
                witness.insert("name".to_owned(), name);
            }
            // A witness of whom nothing was typed is none.
            (!witness.is_empty()).then_some(Value::Table(witness))
        });
        if !witnesses.is_empty() {
            attestor.insert("witnesses".to_owned(), Value::Array(witnesses));
        }
        Value::Table(attestor)
    }

    /// Papers stand under their codes: `csid.seen`.
    fn evidence(&self) -> Option<FieldInput> {
        let mut documents: Vec<&str> = self
            .typed
            .keys()
            .filter_map(|key| key.split_once('.'))
            .map(|(code, _)| code)
            .collect();
        documents.dedup();
        let mut items = Vec::new();
        for document in documents {
            let at = self.below(document);
            let Some(seen) = at.text("seen") else {
                continue;
            };
            let mut item = table([("document", document.to_owned()), ("seen", seen.clone())]);
            at.take(&mut item, &["number", "office"]);
            if let Some(date) = at.date("issued") {
                item.insert("issued".to_owned(), Value::String(date));
            }
            if seen == "none" {
                let gap_at = at.below("gap");
                let mut gap = Table::new();
                gap_at.take(
                    &mut gap,
                    &["reason", "place", "circumstances", "complaint_number"],
                );
                if let Some(date) = gap_at.date("date") {
                    gap.insert("date".to_owned(), Value::String(date));
                }
                if gap.contains_key("reason") {
                    item.insert("gap".to_owned(), Value::Table(gap));
                }
            }
            items.push(Value::Table(item));
        }
        (!items.is_empty()).then_some(FieldInput::Parts(Value::Array(items)))
    }

    fn consent(&self) -> Option<FieldInput> {
        let mut purposes = Table::new();
        for (key, text) in self.typed {
            // An answer that was taken back is no refusal.
            if let Some(purpose) = key.strip_prefix("purposes.")
                && !text.is_empty()
            {
                purposes.insert(purpose.to_owned(), Value::Boolean(text == "true"));
            }
        }
        let mut consent = Table::new();
        self.take(&mut consent, &["language", "witness", "interpreter"]);
        if purposes.is_empty() && consent.is_empty() {
            return None;
        }
        self.flag(&mut consent, "read_aloud");
        if let Some(version) = self.text("text_version") {
            consent.insert("text_version".to_owned(), Value::String(version));
        }
        consent.insert("purposes".to_owned(), Value::Table(purposes));
        Some(consent.into_input())
    }
}
