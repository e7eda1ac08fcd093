//! Person: answers of somebody who does not exist, for any pack.
//!
//! In: a pack and a seed. Out: answers of the right kind for whatever the pack says is missing, until nothing is.
//! Never: a real person's; the same seed gives the same answers.

use qayd_model::pack::{Field, FieldKind, Pack, Required, Role, TextFormat, Wanted};
use qayd_model::validation::Item;
use qayd_model::{CodeTables, Source};
use qayd_station::{Draft, EnrolmentError, FieldInput, Station};
use toml::{Table, Value as Toml};

use crate::failure::Failure;

/// Answers may make further fields required; packs are not deeper than this.
const ROUNDS_MAX: usize = 8;

const GIVEN: [(&str, &str, &str); 12] = [
    ("زهراء", "زەهرا", "Zahra"),
    ("أحمد", "ئەحمەد", "Ahmed"),
    ("مريم", "مریەم", "Maryam"),
    ("يوسف", "یوسف", "Yousif"),
    ("نور", "نوور", "Noor"),
    ("حسن", "حەسەن", "Hasan"),
    ("شيرين", "شیرین", "Shirin"),
    ("عمر", "عومەر", "Omar"),
    ("سارة", "سارا", "Sara"),
    ("علي", "عەلی", "Ali"),
    ("هيفاء", "هەیفا", "Haifa"),
    ("كريم", "کەریم", "Karim"),
];

/// Whether the pack takes portraits.
pub fn wants_portrait(pack: &Pack) -> bool {
    pack.biometrics.portrait != Wanted::NotTaken
}

/// Whether this draft lacks fingers, now that it has its answers.
pub fn wants_fingers(draft: &Draft<'_>) -> Result<bool, Failure> {
    match draft.finalise() {
        Ok(_) => Ok(false),
        Err(EnrolmentError::Incomplete(findings)) => Ok(findings
            .missing
            .iter()
            .any(|missing| matches!(missing.item, Item::Finger(_)))),
        Err(error) => Err(error.into()),
    }
}

/// Answers everything the pack asks for.
///
/// # Errors
/// What the draft refuses.
pub fn answer(station: &Station, draft: &mut Draft<'_>, seed: u64) -> Result<(), Failure> {
    let pack = draft.pack().clone();
    let known = station
        .store()
        .read(|c| station.packs().of_version(c, &pack.id, pack.version))?;
    let codes = known.map(|k| k.codes.clone()).unwrap_or_default();
    let made = Made {
        pack: &pack,
        codes: &codes,
        seed,
    };
    // What identifies and what decides by age comes first; the rest follows from what is missing then.
    for role in [
        Role::BirthDate,
        Role::HolderName,
        Role::MotherName,
        Role::HomeOffice,
        Role::Evidence,
        Role::Sex,
    ] {
        if let Some(field) = pack.field_with(role) {
            made.set(draft, field)?;
        }
    }
    for _ in 0..ROUNDS_MAX {
        let Err(EnrolmentError::Incomplete(findings)) = draft.finalise() else {
            return Ok(());
        };
        let mut answered = false;
        for missing in &findings.missing {
            let field = match &missing.item {
                Item::Field { id, .. } => pack.field(id),
                Item::Document(_) => pack.field_with(Role::Evidence),
                Item::HomeOffice => pack.field_with(Role::HomeOffice),
                _ => None,
            };
            if let Some(field) = field
                && draft.value(&field.id)?.is_none()
            {
                made.set(draft, field)?;
                answered = true;
            }
        }
        if !answered {
            break;
        }
    }
    Ok(())
}

struct Made<'a> {
    pack: &'a Pack,
    codes: &'a CodeTables,
    seed: u64,
}

impl Made<'_> {
    fn set(&self, draft: &mut Draft<'_>, field: &Field) -> Result<(), Failure> {
        Ok(draft.set(
            &field.id,
            &FieldInput::Parts(self.value(field)),
            Source::Statement,
        )?)
    }

    /// A number below `below` that depends on the seed and on what it is for.
    fn pick(&self, salt: &str, below: usize) -> usize {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325 ^ self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for byte in salt.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash ^= hash >> 29;
        usize::try_from(hash % below.max(1) as u64).unwrap_or(0)
    }

    fn value(&self, field: &Field) -> Toml {
        let id = field.id.as_str();
        match &field.kind {
            FieldKind::Text { format, .. } => self.text(*format, id).into(),
            FieldKind::Number { min, max, .. } => Toml::Integer((*min).max((*max).min(1))),
            FieldKind::YesNo { must_be } => Toml::Boolean(must_be.unwrap_or(false)),
            FieldKind::Code { table } => self.code(table, id).into(),
            FieldKind::Codes { table } => Toml::Array(vec![self.code(table, id).into()]),
            FieldKind::Date { .. } if field.role == Some(Role::BirthDate) => self.birth(id).into(),
            FieldKind::Date { future, .. } => {
                if *future { "2031-03-31" } else { "2025-10-05" }.into()
            }
            FieldKind::Name { .. } => self.name(id),
            FieldKind::NationalNumber => self.national_number().into(),
            FieldKind::Register => "unknown".into(),
            FieldKind::Address => table([
                ("governorate", self.code("governorates", id).into()),
                ("camp", "مخيم تجريبي".into()),
                ("tent", format!("{}", 1 + self.pick("tent", 400)).into()),
            ]),
            FieldKind::Family { .. } => Toml::Array(vec![table([
                ("relation", "mother".into()),
                ("name", self.name("family")),
                ("head", true.into()),
            ])]),
            FieldKind::Evidence => self.evidence(),
            FieldKind::Attestors => self.attestors(),
            FieldKind::Consent => self.consent(),
            FieldKind::Phone => format!("0770{:07}", self.pick("phone", 10_000_000)).into(),
            FieldKind::TimeOfDay => "08:30".into(),
        }
    }

    fn text(&self, format: TextFormat, salt: &str) -> String {
        let n = self.pick(salt, 9_000_000) + 1_000_000;
        match format {
            TextFormat::Free | TextFormat::Line => "نص تجريبي".to_owned(),
            TextFormat::Digits => n.to_string(),
            TextFormat::FamilyNumber => format!("F{n}"),
            TextFormat::CardAccessNumber => format!("AB{n}"),
            TextFormat::DocumentNumber => format!("DEMO-{n}"),
            TextFormat::LatinName => "Demo Person".to_owned(),
        }
    }

    /// One code of the table; of sexes, relations and the like any will do.
    fn code(&self, table: &str, salt: &str) -> String {
        let entries = self
            .codes
            .table(table)
            .map(|t| t.entries.as_slice())
            .unwrap_or_default();
        entries
            .get(self.pick(salt, entries.len()))
            .map(|e| e.code.clone())
            .unwrap_or_default()
    }

    fn birth(&self, salt: &str) -> String {
        let (year, month, day) = (
            self.pick(salt, 30),
            self.pick("month", 12),
            self.pick("day", 28),
        );
        // A birth is notified when it is fresh; everybody else is grown.
        if self.pack.id.contains("birth") {
            return format!("2026-11-{:02}", 1 + day.min(19));
        }
        format!("{}-{:02}-{:02}", 1965 + year, 1 + month, 1 + day)
    }

    fn name(&self, salt: &str) -> Toml {
        let part = |which: &str| {
            let (ar, ckb, lat) = GIVEN[self.pick(&format!("{salt}{which}"), GIVEN.len())];
            table([("ar", ar.into()), ("ckb", ckb.into()), ("lat", lat.into())])
        };
        table([
            ("given", part("given")),
            ("father", part("father")),
            ("grandfather", part("grandfather")),
        ])
    }

    fn national_number(&self) -> String {
        format!(
            "{}{:08}",
            1965 + self.pick("birth", 30),
            self.pick("number", 100_000_000)
        )
    }

    fn evidence(&self) -> Toml {
        let asked = self
            .pack
            .evidence
            .iter()
            .filter(|rule| rule.expected != Required::Never);
        let items = asked.map(|rule| {
            let mut item = Table::new();
            item.insert("document".to_owned(), rule.document.clone().into());
            item.insert(
                "number".to_owned(),
                format!("DEMO-{}", self.pick(&rule.document, 99_999)).into(),
            );
            item.insert("seen".to_owned(), "original".into());
            Toml::Table(item)
        });
        Toml::Array(items.collect())
    }

    fn attestors(&self) -> Toml {
        let rule = self.pack.attestation.as_ref();
        let kinds = rule.map(|r| r.kinds.as_slice()).unwrap_or_default();
        // Whoever needs no letter needs the least invention.
        let kind = kinds.iter().find(|k| !k.letter).or_else(|| kinds.first());
        let count = rule.map_or(1, |r| r.at_least);
        let one = |n: usize| {
            let mut attestor = Table::new();
            attestor.insert(
                "kind".to_owned(),
                kind.map(|k| k.code.clone()).unwrap_or_default().into(),
            );
            attestor.insert("name".to_owned(), self.name(&format!("attestor{n}")));
            attestor.insert("identity_number".to_owned(), self.national_number().into());
            if kind.is_some_and(|k| k.letter) {
                attestor.insert("letter_number".to_owned(), "DEMO-1".into());
                attestor.insert("letter_date".to_owned(), "2026-11-01".into());
            }
            Toml::Table(attestor)
        };
        Toml::Array((0..count).map(one).collect())
    }

    fn consent(&self) -> Toml {
        let version = self.pack.consent_text().map_or(1, |text| text.version);
        let purposes: Table = self
            .pack
            .consent
            .purposes
            .iter()
            .map(|purpose| (purpose.code.clone(), Toml::Boolean(true)))
            .collect();
        table([
            ("text_version", i64::from(version).into()),
            ("language", "ar".into()),
            ("read_aloud", true.into()),
            ("purposes", Toml::Table(purposes)),
        ])
    }
}

fn table<const N: usize>(entries: [(&str, Toml); N]) -> Toml {
    Toml::Table(
        entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}
