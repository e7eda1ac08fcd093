//! Typed: a value that is kept becomes what stands in the boxes.
//!
//! In: a [`Value`]. Out: [`Typed`], from which [`super::assemble`] makes the same value again.

use qayd_model::{
    Address, Attestor, Consent, EvidenceItem, FamilyMember, NamePart, PartialDate, PersonName,
    PersonalText, RegisterReference, Value,
};

use super::Typed;

/// What stands in the boxes when this value is shown.
pub fn typed_of(value: &Value) -> Typed {
    let mut out = Out(Typed::new());
    match value {
        Value::Text(text) | Value::NationalNumber(text) | Value::Phone(text) => {
            out.text("", Some(text))
        }
        Value::Number(number) => out.put("", number.to_string()),
        Value::YesNo(answer) => out.put("", answer.to_string()),
        Value::Code(code) => out.put("", code.clone()),
        Value::Codes(codes) => out.put("", codes.join(",")),
        Value::TimeOfDay(minutes) => {
            out.put("", format!("{:02}:{:02}", minutes / 60, minutes % 60))
        }
        Value::Missing(reason) => out.put("missing", reason.clone()),
        Value::Date(date) => out.date("", Some(*date)),
        Value::Name(name) => out.name("", name),
        Value::Register(register) => out.register(register),
        Value::Address(address) => out.address(address),
        Value::Family(members) => out.list("", members, Out::member),
        Value::Attestors(attestors) => out.list("", attestors, Out::attestor),
        Value::Evidence(items) => items.iter().for_each(|item| out.evidence(item)),
        Value::Consent(consent) => out.consent(consent),
    }
    out.0
}

struct Out(Typed);

impl Out {
    fn put(&mut self, key: &str, text: String) {
        self.0.insert(key.to_owned(), text);
    }

    fn text(&mut self, key: &str, text: Option<&PersonalText>) {
        if let Some(text) = text {
            self.put(key, text.expose().to_owned());
        }
    }

    fn code(&mut self, key: &str, code: Option<&String>) {
        if let Some(code) = code {
            self.put(key, code.clone());
        }
    }

    /// `place` with a dot behind it, unless it is the field itself.
    fn prefix(place: &str) -> String {
        if place.is_empty() {
            String::new()
        } else {
            format!("{place}.")
        }
    }

    fn date(&mut self, place: &str, date: Option<PartialDate>) {
        let Some(date) = date else { return };
        let prefix = Self::prefix(place);
        self.put(&format!("{prefix}year"), date.year.to_string());
        for (name, part) in [("month", date.month), ("day", date.day)] {
            if let Some(part) = part {
                self.put(&format!("{prefix}{name}"), part.to_string());
            }
        }
        if date.estimated {
            self.put(&format!("{prefix}guess"), "true".to_owned());
        }
    }

    fn name(&mut self, place: &str, name: &PersonName) {
        let prefix = Self::prefix(place);
        let parts = [
            ("given", &name.given),
            ("father", &name.father),
            ("grandfather", &name.grandfather),
            ("laqab", &name.laqab),
        ];
        for (part, scripts) in parts {
            let Some(NamePart { ar, ckb, lat }) = scripts else {
                continue;
            };
            for (script, text) in [("ar", ar), ("ckb", ckb), ("lat", lat)] {
                self.text(&format!("{prefix}{part}.{script}"), text.as_ref());
            }
        }
        if let Some(script) = name.register_script {
            self.put(
                &format!("{prefix}register_script"),
                script.name().to_owned(),
            );
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
                self.put("known", "true".to_owned());
                self.put("office", office.clone());
                self.text("register", Some(register));
                self.text("page", Some(page));
                self.put("year", year.to_string());
                self.text("suffix", suffix.as_ref());
            }
            RegisterReference::Unknown { hints } => {
                self.put("known", "false".to_owned());
                self.text("hints", hints.as_ref());
            }
        }
    }

    fn address(&mut self, address: &Address) {
        self.code("governorate", address.governorate.as_ref());
        let texts = [
            ("qadha", &address.qadha),
            ("nahiya", &address.nahiya),
            ("mahalla", &address.mahalla),
            ("zuqaq", &address.zuqaq),
            ("dar", &address.dar),
            ("camp", &address.camp),
            ("block", &address.block),
            ("tent", &address.tent),
            ("village", &address.village),
            ("nearest_point", &address.nearest_point),
            ("foreign_lines", &address.foreign_lines),
        ];
        for (key, text) in texts {
            self.text(key, text.as_ref());
        }
        self.code("country", address.country.as_ref());
        let told_here = address.governorate.is_some() || address.camp.is_some();
        if address.foreign_lines.is_some() || (address.country.is_some() && !told_here) {
            self.put("abroad", "true".to_owned());
        }
        if let Some(position) = address.position {
            for (name, microdegrees) in [
                ("latitude", position.latitude_microdegrees),
                ("longitude", position.longitude_microdegrees),
            ] {
                self.put(
                    &format!("position.{name}"),
                    (f64::from(microdegrees) / 1e6).to_string(),
                );
            }
            self.put("position.accuracy_m", position.accuracy_m.to_string());
        }
    }

    fn list<T>(&mut self, place: &str, items: &[T], each: impl Fn(&mut Self, &str, &T)) {
        let prefix = Self::prefix(place);
        self.put(&format!("{prefix}n"), items.len().to_string());
        for (n, item) in items.iter().enumerate() {
            each(self, &format!("{prefix}{n}"), item);
        }
    }

    fn member(&mut self, place: &str, member: &FamilyMember) {
        self.put(&format!("{place}.relation"), member.relation.clone());
        self.name(&format!("{place}.name"), &member.name);
        self.date(&format!("{place}.birth_date"), member.birth_date);
        self.date(&format!("{place}.joined"), member.joined);
        self.date(&format!("{place}.left"), member.left);
        self.text(
            &format!("{place}.national_number"),
            member.national_number.as_ref(),
        );
        for (name, flag) in [("head", member.head), ("present", member.present)] {
            if flag {
                self.put(&format!("{place}.{name}"), "true".to_owned());
            }
        }
    }

    fn attestor(&mut self, place: &str, attestor: &Attestor) {
        self.put(&format!("{place}.kind"), attestor.kind.clone());
        self.name(&format!("{place}.name"), &attestor.name);
        self.text(
            &format!("{place}.identity_number"),
            attestor.identity_number.as_ref(),
        );
        self.text(
            &format!("{place}.letter_number"),
            attestor.letter_number.as_ref(),
        );
        self.date(&format!("{place}.letter_date"), attestor.letter_date);
        self.list(
            &format!("{place}.witnesses"),
            &attestor.witnesses,
            |out, place, witness| {
                out.name(&format!("{place}.name"), &witness.name);
                out.text(
                    &format!("{place}.identity_number"),
                    witness.identity_number.as_ref(),
                );
            },
        );
    }

    fn evidence(&mut self, item: &EvidenceItem) {
        let document = &item.document;
        self.put(&format!("{document}.seen"), item.seen.name().to_owned());
        self.text(&format!("{document}.number"), item.number.as_ref());
        self.code(&format!("{document}.office"), item.office.as_ref());
        self.date(&format!("{document}.issued"), item.issued);
        if let Some(gap) = &item.gap {
            self.put(
                &format!("{document}.gap.reason"),
                gap.reason.name().to_owned(),
            );
            self.text(&format!("{document}.gap.place"), gap.place.as_ref());
            self.date(&format!("{document}.gap.date"), gap.date);
            self.text(
                &format!("{document}.gap.circumstances"),
                gap.circumstances.as_ref(),
            );
            self.text(
                &format!("{document}.gap.complaint_number"),
                gap.complaint_number.as_ref(),
            );
        }
    }

    fn consent(&mut self, consent: &Consent) {
        self.put("text_version", consent.text_version.to_string());
        self.put("language", consent.language.clone());
        self.put("read_aloud", consent.read_aloud.to_string());
        for purpose in &consent.purposes {
            self.put(
                &format!("purposes.{}", purpose.purpose),
                purpose.accepted.to_string(),
            );
        }
        self.text("witness", consent.witness.as_ref());
        self.text("interpreter", consent.interpreter.as_ref());
    }
}
