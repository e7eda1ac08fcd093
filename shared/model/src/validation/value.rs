//! One value against its field: kind, letters, limits, codes.
//!
//! In: a value from a parser, a draft or an opened packet. Out: every fault with its place inside the field.
//! Never: trusts that a value came through a parser; what is stored is checked as it stands.

use time::Date;

use crate::{
    Address, Attestor, Consent, DocumentSeen, EvidenceItem, FamilyMember, GpsPosition, NamePart,
    PartialDate, PersonName, PersonalText, RegisterReference, Script, Value, ValueError,
    ValueFault,
    codes::CodeTables,
    date::{YEAR_MAX, YEAR_MIN},
    pack::{Field, FieldKind, Heads, NamePartName, Pack, TextFormat},
    text::{
        TEXT_BYTES_MAX, parse_digits, parse_name, parse_national_number, parse_phone, parse_text,
    },
};

/// Most items in a list of relatives, papers or attestors.
pub(crate) const ITEMS_MAX: usize = 60;
/// Longest number or short text inside a composite value, in bytes.
pub(crate) const SHORT_BYTES_MAX: usize = 200;

/// Everything that is wrong with a value in its field; empty when nothing is.
/// `on` is the day of capture, for dates that must not lie ahead of it.
pub fn check_value(
    pack: &Pack,
    field: &Field,
    value: &Value,
    codes: &CodeTables,
    on: Option<Date>,
) -> Vec<ValueError> {
    let mut check = Check {
        pack,
        codes,
        on,
        errors: Vec::new(),
    };
    check.value(&field.kind, value);
    check.errors
}

struct Check<'a> {
    pack: &'a Pack,
    codes: &'a CodeTables,
    on: Option<Date>,
    errors: Vec<ValueError>,
}

impl Check<'_> {
    fn add(&mut self, part: &str, fault: ValueFault) {
        self.errors.push(fault.at(part));
    }

    fn value(&mut self, kind: &FieldKind, value: &Value) {
        match (kind, value) {
            (FieldKind::Text { format, max_bytes }, Value::Text(text)) => {
                self.stored("", text, check_format(text.expose(), *format, *max_bytes));
            }
            (FieldKind::Number { min, max, .. }, Value::Number(number)) => {
                if !(min..=max).contains(&number) {
                    self.add(
                        "",
                        ValueFault::OutOfRange {
                            min: *min,
                            max: *max,
                        },
                    );
                }
            }
            (FieldKind::YesNo { must_be }, Value::YesNo(answer)) => {
                if let Some(expected) = must_be.filter(|expected| expected != answer) {
                    self.add("", ValueFault::MustBe { expected });
                }
            }
            (FieldKind::Code { table }, Value::Code(code)) => self.code("", table, code),
            (FieldKind::Codes { table }, Value::Codes(codes)) => self.several_codes(table, codes),
            (FieldKind::Date { future, to_the_day }, Value::Date(date)) => {
                self.date("", *date, *future);
                if *to_the_day && date.day.is_none() {
                    self.add("", ValueFault::DayNeeded);
                }
            }
            (FieldKind::Name { parts, latin_alone }, Value::Name(name)) => {
                self.name("", name, parts, *latin_alone)
            }
            (FieldKind::NationalNumber, Value::NationalNumber(number)) => {
                self.stored("", number, parse_national_number(number.expose()));
            }
            (FieldKind::Register, Value::Register(register)) => self.register(register),
            (FieldKind::Address, Value::Address(address)) => self.address(address),
            (FieldKind::Family { heads, min, max }, Value::Family(members)) => {
                self.family(members, *heads, *min, *max)
            }
            (FieldKind::Evidence, Value::Evidence(items)) => self.evidence(items),
            (FieldKind::Attestors, Value::Attestors(attestors)) => self.attestors(attestors),
            (FieldKind::Consent, Value::Consent(consent)) => self.consent(consent),
            (FieldKind::Phone, Value::Phone(phone)) => {
                self.stored("", phone, parse_phone(phone.expose()))
            }
            (FieldKind::TimeOfDay, Value::TimeOfDay(minutes)) => {
                if *minutes >= 1440 {
                    self.add("", ValueFault::NotATime);
                }
            }
            _ => self.add(
                "",
                ValueFault::WrongKind {
                    expected: kind.name(),
                },
            ),
        }
    }

    /// A stored text is exactly what its parser makes of it.
    fn stored(
        &mut self,
        part: &str,
        text: &PersonalText,
        parsed: Result<PersonalText, ValueFault>,
    ) {
        match parsed {
            Ok(parsed) if parsed == *text => {}
            Ok(_) => self.add(part, ValueFault::WrongForm { form: "as parsed" }),
            Err(fault) => self.add(part, fault),
        }
    }

    fn short(&mut self, part: &str, text: Option<&PersonalText>) {
        if let Some(text) = text {
            self.stored(part, text, parse_text(text.expose(), SHORT_BYTES_MAX));
        }
    }

    fn long(&mut self, part: &str, text: Option<&PersonalText>) {
        if let Some(text) = text {
            self.stored(part, text, parse_text(text.expose(), TEXT_BYTES_MAX));
        }
    }

    fn code(&mut self, part: &str, table: &str, code: &str) {
        if !self.codes.has(table, code) {
            self.add(
                part,
                ValueFault::UnknownCode {
                    table: table.to_owned(),
                },
            );
        }
    }

    fn several_codes(&mut self, table: &str, codes: &[String]) {
        for (index, code) in codes.iter().enumerate() {
            let part = format!("[{}]", index + 1);
            self.code(&part, table, code);
            if codes[..index].contains(code) {
                self.add(&part, ValueFault::CodeTwice);
            }
        }
        if codes.is_empty() {
            self.add("", ValueFault::Empty);
        }
    }

    fn date(&mut self, part: &str, date: PartialDate, future: bool) {
        match date.checked() {
            Err(fault) => self.add(part, fault),
            Ok(date) if !future && self.on.is_some_and(|on| date.is_after(on)) => {
                self.add(part, ValueFault::InTheFuture);
            }
            Ok(_) => {}
        }
    }

    fn name(
        &mut self,
        part: &str,
        name: &PersonName,
        required: &[NamePartName],
        latin_alone: bool,
    ) {
        let mut any = false;
        for which in NamePartName::ALL {
            let at = join(part, which.name());
            match name.part(*which) {
                Some(written) => {
                    any = true;
                    self.name_part(&at, written, required.contains(which) && !latin_alone);
                }
                None if required.contains(which) => self.add(&at, ValueFault::PartMissing),
                None => {}
            }
        }
        if !any && required.is_empty() {
            self.add(part, ValueFault::Empty);
        }
    }

    fn name_part(&mut self, at: &str, written: &NamePart, arabic_letters: bool) {
        let scripts = [
            (Script::Ar, &written.ar),
            (Script::Ckb, &written.ckb),
            (Script::Lat, &written.lat),
        ];
        for (script, text) in scripts {
            if let Some(text) = text {
                self.stored(
                    &join(at, script.name()),
                    text,
                    parse_name(text.expose(), script),
                );
            }
        }
        if arabic_letters && written.ar.is_none() && written.ckb.is_none() {
            self.add(at, ValueFault::ArabicLettersNeeded);
        } else if written.ar.is_none() && written.ckb.is_none() && written.lat.is_none() {
            self.add(at, ValueFault::Empty);
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
                self.stored("register", register, parse_digits(register.expose(), 20));
                self.stored("page", page, parse_digits(page.expose(), 20));
                if !(YEAR_MIN..=YEAR_MAX).contains(year) {
                    self.add(
                        "year",
                        ValueFault::YearOutOfRange {
                            min: YEAR_MIN,
                            max: YEAR_MAX,
                        },
                    );
                }
                self.short("suffix", suffix.as_ref());
            }
            RegisterReference::Unknown { hints } => self.long("hints", hints.as_ref()),
        }
    }

    fn address(&mut self, address: &Address) {
        if *address == Address::default() {
            self.add("", ValueFault::Empty);
        }
        if let Some(code) = &address.governorate {
            self.code("governorate", "governorates", code);
        }
        if let Some(code) = &address.country {
            self.code("country", "countries", code);
        }
        for (part, text) in address.texts() {
            self.short(part, text);
        }
        self.long("foreign_lines", address.foreign_lines.as_ref());
        if let Some(position) = address.position {
            self.position(position);
        }
    }

    fn position(&mut self, position: GpsPosition) {
        let on_earth = (-90_000_000..=90_000_000).contains(&position.latitude_microdegrees)
            && (-180_000_000..=180_000_000).contains(&position.longitude_microdegrees);
        if !on_earth {
            self.add("position", ValueFault::NotAPosition);
        }
    }

    fn family(&mut self, members: &[FamilyMember], heads: Heads, min: usize, max: usize) {
        if !(min..=max.min(ITEMS_MAX)).contains(&members.len()) {
            self.add(
                "",
                ValueFault::CountOutOfRange {
                    min,
                    max: max.min(ITEMS_MAX),
                },
            );
        }
        let found = members.iter().filter(|member| member.head).count();
        let fits = match heads {
            Heads::Any => true,
            Heads::AtMostOne => found <= 1,
            Heads::ExactlyOne => found == 1,
        };
        if !fits {
            self.add("", ValueFault::OneHead);
        }
        for (index, member) in members.iter().enumerate() {
            let at = |part: &str| format!("[{}].{part}", index + 1);
            self.code(&at("relation"), "relations", &member.relation);
            self.name(&at("name"), &member.name, &[NamePartName::Given], true);
            for (part, date) in [
                ("birth_date", member.birth_date),
                ("joined", member.joined),
                ("left", member.left),
            ] {
                if let Some(date) = date {
                    self.date(&at(part), date, false);
                }
            }
            if let Some(number) = &member.national_number {
                self.stored(
                    &at("national_number"),
                    number,
                    parse_national_number(number.expose()),
                );
            }
        }
    }

    fn evidence(&mut self, items: &[EvidenceItem]) {
        if items.len() > ITEMS_MAX {
            self.add("", ValueFault::TooMany { max: ITEMS_MAX });
        }
        for (index, item) in items.iter().enumerate() {
            let at = |part: &str| format!("[{}].{part}", index + 1);
            self.code(&at("document"), "documents", &item.document);
            if items[..index]
                .iter()
                .any(|other| other.document == item.document)
            {
                self.add(&at("document"), ValueFault::DocumentTwice);
            }
            self.short(&at("number"), item.number.as_ref());
            if let Some(office) = &item.office {
                self.code(&at("office"), "offices", office);
            }
            if let Some(issued) = item.issued {
                self.date(&at("issued"), issued, false);
            }
            if item.seen == DocumentSeen::None && item.gap.is_none() {
                self.add(&at("gap"), ValueFault::GapNeedsReason);
            }
            if let Some(gap) = &item.gap {
                self.short(&at("gap.place"), gap.place.as_ref());
                self.long(&at("gap.circumstances"), gap.circumstances.as_ref());
                self.short(&at("gap.complaint_number"), gap.complaint_number.as_ref());
                if let Some(date) = gap.date {
                    self.date(&at("gap.date"), date, false);
                }
            }
        }
    }

    fn attestors(&mut self, attestors: &[Attestor]) {
        if attestors.len() > ITEMS_MAX {
            self.add("", ValueFault::TooMany { max: ITEMS_MAX });
        }
        let allowed: Option<Vec<&str>> = self
            .pack
            .attestation
            .as_ref()
            .map(|rule| rule.kinds.iter().map(|kind| kind.code.as_str()).collect());
        for (index, attestor) in attestors.iter().enumerate() {
            let at = |part: &str| format!("[{}].{part}", index + 1);
            match &allowed {
                Some(kinds) if !kinds.contains(&attestor.kind.as_str()) => {
                    self.add(
                        &at("kind"),
                        ValueFault::UnknownCode {
                            table: "attestors".to_owned(),
                        },
                    );
                }
                _ => self.code(&at("kind"), "attestors", &attestor.kind),
            }
            self.name(&at("name"), &attestor.name, &[NamePartName::Given], true);
            self.short(&at("identity_number"), attestor.identity_number.as_ref());
            self.short(&at("letter_number"), attestor.letter_number.as_ref());
            if let Some(date) = attestor.letter_date {
                self.date(&at("letter_date"), date, false);
            }
            if attestor.witnesses.len() > ITEMS_MAX {
                self.add(&at("witnesses"), ValueFault::TooMany { max: ITEMS_MAX });
            }
            for (number, witness) in attestor.witnesses.iter().enumerate() {
                let at = |part: &str| format!("[{}].witnesses[{}].{part}", index + 1, number + 1);
                self.name(&at("name"), &witness.name, &[NamePartName::Given], true);
                self.short(&at("identity_number"), witness.identity_number.as_ref());
            }
        }
    }

    /// Every purpose has an answer; which one is the person's own affair.
    fn consent(&mut self, consent: &Consent) {
        let policy = &self.pack.consent;
        let known_text = policy
            .texts
            .iter()
            .any(|text| text.version == consent.text_version);
        let mut faults = Vec::new();
        if !known_text {
            faults.push(("text_version", ValueFault::UnknownConsentText));
        }
        for purpose in &policy.purposes {
            if !consent
                .purposes
                .iter()
                .any(|answer| answer.purpose == purpose.code)
            {
                faults.push((
                    "purposes",
                    ValueFault::PurposeUnanswered {
                        purpose: purpose.code.clone(),
                    },
                ));
            }
        }
        for (index, answer) in consent.purposes.iter().enumerate() {
            let known = policy
                .purposes
                .iter()
                .any(|purpose| purpose.code == answer.purpose);
            if !known
                || consent.purposes[..index]
                    .iter()
                    .any(|other| other.purpose == answer.purpose)
            {
                faults.push(("purposes", ValueFault::UnknownPurpose));
            }
        }
        for (part, fault) in faults {
            self.add(part, fault);
        }
        self.code("language", "languages", &consent.language);
        self.short("witness", consent.witness.as_ref());
        self.short("interpreter", consent.interpreter.as_ref());
    }
}

/// The text in the form its field asks for.
pub(crate) fn check_format(
    text: &str,
    format: TextFormat,
    max_bytes: usize,
) -> Result<PersonalText, ValueFault> {
    let with_form = |form: &'static str, fits: fn(&str) -> bool| {
        let text = crate::text::ascii_digits(text.trim()).to_ascii_uppercase();
        if fits(&text) {
            Ok(PersonalText::new(text))
        } else {
            Err(ValueFault::WrongForm { form })
        }
    };
    match format {
        TextFormat::Free => parse_text(text, max_bytes),
        TextFormat::Line if text.trim().contains('\n') => Err(ValueFault::ControlCharacter),
        TextFormat::Line => parse_text(text, max_bytes),
        TextFormat::Digits => parse_digits(text, max_bytes),
        TextFormat::LatinName => parse_name(text, Script::Lat),
        TextFormat::FamilyNumber => with_form("1 to 20 letters and digits", |text| {
            (1..=20).contains(&text.len())
                && text
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        }),
        TextFormat::CardAccessNumber => with_form("two letters and seven digits", |text| {
            let (letters, digits) = text.as_bytes().split_at(text.len().min(2));
            text.len() == 9
                && letters.iter().all(u8::is_ascii_uppercase)
                && digits.iter().all(u8::is_ascii_digit)
        }),
        TextFormat::DocumentNumber => with_form("1 to 20 letters, digits, `/` and `-`", |text| {
            (1..=20).contains(&text.len())
                && text
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'/' || b == b'-')
        }),
    }
}

fn join(outer: &str, inner: &str) -> String {
    if outer.is_empty() {
        inner.to_owned()
    } else {
        format!("{outer}.{inner}")
    }
}

impl PersonName {
    /// One part of the name.
    pub fn part(&self, which: NamePartName) -> Option<&NamePart> {
        match which {
            NamePartName::Given => self.given.as_ref(),
            NamePartName::Father => self.father.as_ref(),
            NamePartName::Grandfather => self.grandfather.as_ref(),
            NamePartName::Laqab => self.laqab.as_ref(),
        }
    }
}

impl Address {
    /// The short parts with their keys, in the order in which an address is told.
    pub(crate) fn texts(&self) -> [(&'static str, Option<&PersonalText>); 10] {
        [
            ("qadha", self.qadha.as_ref()),
            ("nahiya", self.nahiya.as_ref()),
            ("mahalla", self.mahalla.as_ref()),
            ("zuqaq", self.zuqaq.as_ref()),
            ("dar", self.dar.as_ref()),
            ("camp", self.camp.as_ref()),
            ("block", self.block.as_ref()),
            ("tent", self.tent.as_ref()),
            ("village", self.village.as_ref()),
            ("nearest_point", self.nearest_point.as_ref()),
        ]
    }
}
