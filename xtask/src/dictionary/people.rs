//! People: synthetic enrolments of any pack, made from the pack itself, so that a new pack needs no code here.
//!
//! In: a pack, code tables, names, a seeded stream. Out: an [`Enrolment`] that can be sealed.
//! Never: claims to be valid in every rule of its pack; a dictionary only needs what people say, as they say it.

use qayd_model::pack::{FieldKind, Role, TextFormat, Wanted};
use qayd_model::value::{
    Address, Attestor, Consent, ConsentPurpose, DocumentSeen, EvidenceGap, EvidenceItem,
    FamilyMember, GapReason, NamePart, PartialDate, PersonName, RegisterReference, Source, Value,
    Witness,
};
use qayd_model::{FingerPosition, Pack, PackSet, PersonalText, SampleKind};

use super::names::{Names, Word};
use super::seeded::Seeded;

/// One person's answers and what was captured of them.
pub struct Enrolment {
    pub pack_id: String,
    pub pack_version: u32,
    pub station_kind: String,
    pub home_office: String,
    /// Field number and answer, ascending.
    pub answers: Vec<(u32, Value, Source)>,
    pub samples: Vec<SampleKind>,
    /// For everything else that is random in the packet.
    pub stream: Seeded,
}

/// Makes one person after the other.
pub struct People<'a> {
    packs: &'a PackSet,
    names: Names,
    stream: Seeded,
}

fn text(word: impl Into<String>) -> PersonalText {
    PersonalText::new(word)
}

impl<'a> People<'a> {
    pub fn new(packs: &'a PackSet, names: Names, seed: u64) -> Self {
        Self {
            packs,
            names,
            stream: Seeded::new(seed),
        }
    }

    /// The next person, in this service.
    pub fn next(&mut self, pack: &Pack) -> Enrolment {
        let mut answers = Vec::new();
        let kurdish = self.stream.chance(30);
        let woman = self.stream.chance(50);
        // Sensitive answers travel in a part of their own.
        for field in pack.fields().filter(|field| !field.sensitive) {
            let always = matches!(field.required, qayd_model::pack::Required::Always);
            if !always && !self.stream.chance(45) {
                continue;
            }
            let value = match field.may_be_missing.as_slice() {
                [] => self.value(pack, &field.kind, field.role, kurdish, woman),
                reasons if self.stream.chance(25) => {
                    Value::Missing(self.stream.pick(reasons).clone())
                }
                _ => self.value(pack, &field.kind, field.role, kurdish, woman),
            };
            let source =
                *self
                    .stream
                    .pick(&[Source::Statement, Source::Statement, Source::Document]);
            answers.push((field.number, value, source));
        }
        answers.sort_by_key(|(number, ..)| *number);
        Enrolment {
            pack_id: pack.id.clone(),
            pack_version: pack.version,
            station_kind: self.stream.pick(&pack.station_kinds).clone(),
            home_office: self.code("offices"),
            answers,
            samples: self.samples(pack),
            stream: Seeded::new(self.stream.below(u64::MAX)),
        }
    }

    fn samples(&mut self, pack: &Pack) -> Vec<SampleKind> {
        let mut out = Vec::new();
        if pack.biometrics.portrait != Wanted::NotTaken {
            out.push(SampleKind::Portrait);
        }
        if pack.biometrics.fingers.is_some() && self.stream.chance(85) {
            out.extend(FingerPosition::ALL.map(SampleKind::Finger));
        }
        for rule in &pack.evidence {
            if self.stream.chance(20) {
                out.push(SampleKind::DocumentPage {
                    document: rule.document.clone(),
                    page: 1,
                });
            }
        }
        out
    }

    fn code(&mut self, table: &str) -> String {
        match self.packs.codes.table(table) {
            Some(table) if !table.entries.is_empty() => {
                self.stream.pick(&table.entries).code.clone()
            }
            _ => String::new(),
        }
    }

    fn value(
        &mut self,
        pack: &Pack,
        kind: &FieldKind,
        role: Option<Role>,
        kurdish: bool,
        woman: bool,
    ) -> Value {
        match kind {
            FieldKind::Text { format, .. } => self.text(*format),
            FieldKind::Number { min, max, .. } => {
                let span = max.saturating_sub(*min).unsigned_abs().saturating_add(1);
                Value::Number(min.saturating_add_unsigned(self.stream.below(span)))
            }
            FieldKind::YesNo { must_be } => {
                Value::YesNo(must_be.unwrap_or_else(|| self.stream.chance(50)))
            }
            FieldKind::Code { table } => Value::Code(self.code(table)),
            FieldKind::Codes { table } => Value::Codes(vec![self.code(table)]),
            FieldKind::Date { .. } => Value::Date(self.date()),
            FieldKind::Name { .. } => {
                let woman = woman || role == Some(Role::MotherName);
                Value::Name(self.name(kurdish, woman))
            }
            FieldKind::NationalNumber => Value::NationalNumber(text(self.stream.digits(12))),
            FieldKind::Register => Value::Register(self.register()),
            FieldKind::Address => Value::Address(self.address()),
            FieldKind::Family { .. } => {
                let count = 1 + self.stream.below(4);
                Value::Family((0..count).map(|_| self.member(kurdish)).collect())
            }
            FieldKind::Evidence => Value::Evidence(
                pack.evidence
                    .iter()
                    .filter_map(|r| self.paper(&r.document))
                    .collect(),
            ),
            FieldKind::Attestors => Value::Attestors(vec![self.attestor(kurdish)]),
            FieldKind::Consent => Value::Consent(self.consent(pack, kurdish)),
            FieldKind::Phone => Value::Phone(text(format!(
                "07{}{}",
                *self.stream.pick(&[7, 8, 5]),
                self.stream.digits(8)
            ))),
            FieldKind::TimeOfDay => Value::TimeOfDay(self.stream.below(1_440) as u16),
        }
    }

    fn text(&mut self, format: TextFormat) -> Value {
        let word = match format {
            TextFormat::Line => (*self.stream.pick(&self.names.occupations)).to_owned(),
            TextFormat::LatinName => {
                let names = &self.names.men;
                format!(
                    "{} {}",
                    self.stream.pick(names).2,
                    self.stream.pick(names).2
                )
            }
            TextFormat::FamilyNumber => self.stream.digits(9),
            TextFormat::CardAccessNumber => format!("AA{}", self.stream.digits(7)),
            TextFormat::DocumentNumber => self.stream.digits(7),
            _ => (*self.stream.pick(&self.names.remarks)).to_owned(),
        };
        Value::Text(text(word))
    }

    fn part(&mut self, word: Word, kurdish: bool) -> NamePart {
        NamePart {
            ar: Some(text(word.0)),
            ckb: kurdish.then(|| text(word.1)),
            lat: self.stream.chance(40).then(|| text(word.2)),
        }
    }

    fn name(&mut self, kurdish: bool, woman: bool) -> PersonName {
        let list = if woman {
            &self.names.women
        } else {
            &self.names.men
        };
        let given = *self.stream.pick(list);
        let father = *self.stream.pick(&self.names.men);
        let grandfather = *self.stream.pick(&self.names.men);
        let tribe = *self.stream.pick(&self.names.tribes);
        PersonName {
            given: Some(self.part(given, kurdish)),
            father: Some(self.part(father, kurdish)),
            grandfather: self
                .stream
                .chance(90)
                .then_some(grandfather)
                .map(|word| self.part(word, kurdish)),
            laqab: self
                .stream
                .chance(35)
                .then_some(tribe)
                .map(|word| self.part(word, kurdish)),
            register_script: None,
        }
    }

    fn date(&mut self) -> PartialDate {
        let known = self.stream.below(10);
        PartialDate {
            year: 1935 + self.stream.below(91) as u16,
            month: (known > 2).then(|| 1 + self.stream.below(12) as u8),
            day: (known > 4).then(|| 1 + self.stream.below(28) as u8),
            estimated: known == 0,
        }
    }

    fn register(&mut self) -> RegisterReference {
        if self.stream.chance(30) {
            return RegisterReference::Unknown {
                hints: Some(text(*self.stream.pick(&self.names.remarks))),
            };
        }
        RegisterReference::Known {
            office: self.code("offices"),
            register: text(self.stream.digits(4)),
            page: text(self.stream.digits(5)),
            year: *self.stream.pick(&[1957, 1957, 1957, 2009]),
            suffix: None,
        }
    }

    fn address(&mut self) -> Address {
        let mut out = Address {
            governorate: Some(self.code("governorates")),
            qadha: Some(text(*self.stream.pick(&self.names.districts))),
            ..Address::default()
        };
        match self.stream.below(3) {
            0 => {
                out.camp = Some(text(*self.stream.pick(&self.names.camps)));
                out.block = Some(text(*self.stream.pick(&["أ", "ب", "ج", "د"])));
                out.tent = Some(text(self.stream.digits(3)));
            }
            1 => {
                out.mahalla = Some(text(*self.stream.pick(&self.names.quarters)));
                out.zuqaq = Some(text(self.stream.digits(2)));
                out.dar = Some(text(self.stream.digits(2)));
            }
            _ => {
                out.village = Some(text(*self.stream.pick(&self.names.villages)));
                out.nearest_point = Some(text(*self.stream.pick(&self.names.remarks)));
            }
        }
        out
    }

    fn member(&mut self, kurdish: bool) -> FamilyMember {
        let woman = self.stream.chance(50);
        FamilyMember {
            relation: self.code("relations"),
            name: self.name(kurdish, woman),
            birth_date: self.stream.chance(70).then(|| self.date()),
            national_number: self.stream.chance(20).then(|| text(self.stream.digits(12))),
            head: false,
            present: self.stream.chance(50),
            joined: None,
            left: None,
        }
    }

    fn paper(&mut self, document: &str) -> Option<EvidenceItem> {
        if !self.stream.chance(45) {
            return None;
        }
        let shown = self.stream.chance(50);
        Some(EvidenceItem {
            document: document.to_owned(),
            number: shown.then(|| text(self.stream.digits(8))),
            office: (shown && self.stream.chance(40)).then(|| self.code("offices")),
            issued: (shown && self.stream.chance(50)).then(|| self.date()),
            seen: if shown {
                *self.stream.pick(&[
                    DocumentSeen::Original,
                    DocumentSeen::Copy,
                    DocumentSeen::Photo,
                ])
            } else {
                DocumentSeen::None
            },
            gap: (!shown).then(|| EvidenceGap {
                reason: *self.stream.pick(&GapReason::ALL),
                place: None,
                date: None,
                circumstances: self
                    .stream
                    .chance(50)
                    .then(|| text(*self.stream.pick(&self.names.remarks))),
                complaint_number: None,
            }),
            pages: Vec::new(),
        })
    }

    fn attestor(&mut self, kurdish: bool) -> Attestor {
        let witness = |people: &mut Self| Witness {
            name: people.name(kurdish, false),
            identity_number: people
                .stream
                .chance(50)
                .then(|| text(people.stream.digits(12))),
        };
        Attestor {
            kind: self.code("attestors"),
            name: self.name(kurdish, false),
            identity_number: Some(text(self.stream.digits(12))),
            letter_number: Some(text(self.stream.digits(3))),
            letter_date: Some(self.date()),
            witnesses: vec![witness(self), witness(self)],
        }
    }

    fn consent(&mut self, pack: &Pack, kurdish: bool) -> Consent {
        Consent {
            text_version: pack.consent_text().map_or(1, |text| text.version),
            language: if kurdish { "ckb" } else { "ar" }.to_owned(),
            read_aloud: self.stream.chance(60),
            purposes: pack
                .consent
                .purposes
                .iter()
                .map(|purpose| ConsentPurpose {
                    purpose: purpose.code.clone(),
                    accepted: self.stream.chance(85),
                })
                .collect(),
            witness: None,
            interpreter: None,
        }
    }
}
