//! A value as labelled lines, for the reviewer's screen, the slip and the officer's summary.
//!
//! In: a value, its field, a language. Out: lines; the labels are codes of the table `parts`, so that they are data.
//! Never: puts words around a value that no table holds, or mixes scripts in one line.

use crate::{
    Address, Attestor, Consent, EvidenceItem, FamilyMember, NamePart, PersonName, PersonalText,
    RegisterReference, Script, Value,
    codes::CodeTables,
    pack::{Field, FieldKind, Language, NamePartName},
};

/// One line of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Codes of the table `parts` from the outside in, such as `["given"]`; empty for a value of one line.
    /// In a list, the position from 1 comes first as `"1"`.
    pub keys: Vec<String>,
    /// The text.
    pub text: PersonalText,
    /// Script of a name, for its direction and language mark; `None` where the text follows the screen's language
    /// or is digits and codes.
    pub script: Option<Script>,
}

impl Line {
    /// The label in a language, such as `Given name`; parts of parts with ` › ` between.
    pub fn label(&self, language: Language, codes: &CodeTables) -> String {
        let words: Vec<&str> = self
            .keys
            .iter()
            .map(|key| codes.label("parts", key, language))
            .collect();
        words.join(" › ")
    }
}

impl Value {
    /// The value as labelled lines, dates as on the card, codes by their names.
    pub fn lines(&self, field: &Field, language: Language, codes: &CodeTables) -> Vec<Line> {
        let mut lines = Lines {
            language,
            codes,
            keys: Vec::new(),
            out: Vec::new(),
        };
        lines.value(&field.kind, self);
        lines.out
    }

    /// The value on one line, with ` · ` between; the script that leads where there is one.
    pub fn one_line(&self, field: &Field, language: Language, codes: &CodeTables) -> PersonalText {
        if let Value::Name(name) = self {
            return name.one_line(language);
        }
        let lines = self.lines(field, language, codes);
        let texts: Vec<&str> = lines.iter().map(|line| line.text.expose()).collect();
        PersonalText::new(texts.join(" · "))
    }
}

impl PersonName {
    /// The parts in order, in the script of the language, otherwise in the script there is.
    pub fn one_line(&self, language: Language) -> PersonalText {
        let scripts = match language {
            Language::Arabic => [Script::Ar, Script::Ckb, Script::Lat],
            Language::Sorani => [Script::Ckb, Script::Ar, Script::Lat],
            Language::English => [Script::Lat, Script::Ar, Script::Ckb],
        };
        // One script for the whole name, so that it reads in one direction, if any script has all parts.
        let parts: Vec<&NamePart> = NamePartName::ALL
            .iter()
            .filter_map(|which| self.part(*which))
            .collect();
        let whole = scripts
            .into_iter()
            .find(|script| parts.iter().all(|part| part.written(*script).is_some()));
        let text = |part: &NamePart| {
            let chosen = whole.and_then(|script| part.written(script));
            chosen
                .or_else(|| scripts.into_iter().find_map(|script| part.written(script)))
                .map(|text| text.expose().to_owned())
        };
        PersonalText::new(
            parts
                .into_iter()
                .filter_map(text)
                .collect::<Vec<_>>()
                .join(" "),
        )
    }
}

impl NamePart {
    /// The part in one script.
    pub fn written(&self, script: Script) -> Option<&PersonalText> {
        match script {
            Script::Ar => self.ar.as_ref(),
            Script::Ckb => self.ckb.as_ref(),
            Script::Lat => self.lat.as_ref(),
        }
    }
}

struct Lines<'a> {
    language: Language,
    codes: &'a CodeTables,
    keys: Vec<String>,
    out: Vec<Line>,
}

impl Lines<'_> {
    fn push(&mut self, text: impl Into<PersonalText>, script: Option<Script>) {
        self.out.push(Line {
            keys: self.keys.clone(),
            text: text.into(),
            script,
        });
    }

    fn under(&mut self, key: impl Into<String>, inside: impl FnOnce(&mut Self)) {
        self.keys.push(key.into());
        inside(self);
        self.keys.pop();
    }

    fn text(&mut self, key: &str, text: Option<&PersonalText>) {
        if let Some(text) = text {
            self.under(key, |lines| lines.push(text.clone(), None));
        }
    }

    fn code(&mut self, key: &str, table: &str, code: &str) {
        let label = self.codes.label(table, code, self.language).to_owned();
        match key {
            "" => self.push(PersonalText::new(label), None),
            _ => self.under(key, |lines| lines.push(PersonalText::new(label), None)),
        }
    }

    fn date(&mut self, key: &str, date: Option<crate::PartialDate>) {
        self.text(key, date.map(crate::PartialDate::shown).as_ref());
    }

    fn yes_no(&mut self, key: &str, answer: bool) {
        self.code(key, "parts", if answer { "yes" } else { "no" });
    }

    fn value(&mut self, kind: &FieldKind, value: &Value) {
        match value {
            Value::Text(text) | Value::NationalNumber(text) | Value::Phone(text) => {
                let script = matches!(
                    kind,
                    FieldKind::Text {
                        format: crate::pack::TextFormat::LatinName,
                        ..
                    }
                );
                self.push(text.clone(), script.then_some(Script::Lat));
            }
            Value::Number(number) => {
                let unit = match kind {
                    FieldKind::Number {
                        unit: Some(unit), ..
                    } => format!(" {}", unit.in_language(self.language)),
                    _ => String::new(),
                };
                self.push(PersonalText::new(format!("{number}{unit}")), None);
            }
            Value::YesNo(answer) => self.yes_no("", *answer),
            Value::Code(code) => self.code("", table_of(kind), code),
            Value::Codes(codes) => codes
                .iter()
                .for_each(|code| self.code("", table_of(kind), code)),
            Value::Date(date) => self.push(date.shown(), None),
            Value::Name(name) => self.name(name),
            Value::Register(register) => self.register(register),
            Value::Address(address) => self.address(address),
            Value::Family(members) => self.each(members, Self::member),
            Value::Evidence(items) => self.each(items, Self::evidence),
            Value::Attestors(attestors) => self.each(attestors, Self::attestor),
            Value::Consent(consent) => self.consent(consent),
            Value::TimeOfDay(minutes) => self.push(
                PersonalText::new(format!("{:02}:{:02}", minutes / 60, minutes % 60)),
                None,
            ),
            Value::Missing(reason) => {
                let label = self
                    .codes
                    .label("missing-reasons", reason, self.language)
                    .to_owned();
                self.under("missing", |lines| {
                    lines.push(PersonalText::new(label), None)
                });
            }
        }
    }

    fn each<T>(&mut self, items: &[T], one: impl Fn(&mut Self, &T)) {
        for (index, item) in items.iter().enumerate() {
            self.under((index + 1).to_string(), |lines| one(lines, item));
        }
    }

    fn name(&mut self, name: &PersonName) {
        for which in NamePartName::ALL {
            let Some(part) = name.part(*which) else {
                continue;
            };
            self.under(which.name(), |lines| {
                for script in Script::ALL {
                    if let Some(text) = part.written(script) {
                        lines.push(text.clone(), Some(script));
                    }
                }
            });
        }
        if let Some(script) = name.register_script {
            self.code("register_script", "scripts", script.name());
        }
    }

    fn register(&mut self, register: &RegisterReference) {
        match register {
            RegisterReference::Known {
                office,
                register,
                page,
                year,
                suffix,
            } => {
                self.code("office", "offices", office);
                self.text("register", Some(register));
                self.text("page", Some(page));
                self.text("year", Some(&PersonalText::new(year.to_string())));
                self.text("suffix", suffix.as_ref());
            }
            RegisterReference::Unknown { hints } => {
                self.code("", "parts", "unknown");
                self.text("hints", hints.as_ref());
            }
        }
    }

    fn address(&mut self, address: &Address) {
        if let Some(country) = &address.country {
            self.code("country", "countries", country);
        }
        if let Some(governorate) = &address.governorate {
            self.code("governorate", "governorates", governorate);
        }
        for (key, text) in address.texts() {
            self.text(key, text);
        }
        self.text("foreign_lines", address.foreign_lines.as_ref());
        if let Some(position) = address.position {
            let degrees = |micro: i32| f64::from(micro) / 1e6;
            let text = format!(
                "{:.6}, {:.6} (± {} m)",
                degrees(position.latitude_microdegrees),
                degrees(position.longitude_microdegrees),
                position.accuracy_m
            );
            self.text("position", Some(&PersonalText::new(text)));
        }
    }

    fn member(&mut self, member: &FamilyMember) {
        self.code("relation", "relations", &member.relation);
        self.name(&member.name);
        self.date("birth_date", member.birth_date);
        self.text("national_number", member.national_number.as_ref());
        if member.head {
            self.yes_no("head", true);
        }
        if member.present {
            self.yes_no("present", true);
        }
        self.date("joined", member.joined);
        self.date("left", member.left);
    }

    fn evidence(&mut self, item: &EvidenceItem) {
        self.code("document", "documents", &item.document);
        self.text("number", item.number.as_ref());
        if let Some(office) = &item.office {
            self.code("office", "offices", office);
        }
        self.date("issued", item.issued);
        self.code("seen", "document-seen", item.seen.name());
        if let Some(gap) = &item.gap {
            self.code("gap", "gap-reasons", gap.reason.name());
            self.text("place", gap.place.as_ref());
            self.date("date", gap.date);
            self.text("circumstances", gap.circumstances.as_ref());
            self.text("complaint_number", gap.complaint_number.as_ref());
        }
        if !item.pages.is_empty() {
            self.text(
                "pages",
                Some(&PersonalText::new(item.pages.len().to_string())),
            );
        }
    }

    fn attestor(&mut self, attestor: &Attestor) {
        self.code("kind", "attestors", &attestor.kind);
        self.name(&attestor.name);
        self.text("identity_number", attestor.identity_number.as_ref());
        self.text("letter_number", attestor.letter_number.as_ref());
        self.date("letter_date", attestor.letter_date);
        self.under("witnesses", |lines| {
            lines.each(&attestor.witnesses, |lines, witness| {
                lines.name(&witness.name);
                lines.text("identity_number", witness.identity_number.as_ref());
            });
        });
    }

    fn consent(&mut self, consent: &Consent) {
        self.text(
            "text_version",
            Some(&PersonalText::new(consent.text_version.to_string())),
        );
        self.code("language", "languages", &consent.language);
        self.yes_no("read_aloud", consent.read_aloud);
        for purpose in &consent.purposes {
            let answer = if purpose.accepted {
                "accepted"
            } else {
                "refused"
            };
            self.code(&purpose.purpose, "parts", answer);
        }
        self.text("witness", consent.witness.as_ref());
        self.text("interpreter", consent.interpreter.as_ref());
    }
}

fn table_of(kind: &FieldKind) -> &str {
    match kind {
        FieldKind::Code { table } | FieldKind::Codes { table } => table,
        _ => "",
    }
}
