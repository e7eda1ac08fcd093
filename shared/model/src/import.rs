//! From what was typed or lies in a file to the value of a field.
//!
//! In: a TOML value (`person.toml`, or what a screen gathered) and the field it is for. Out: [`Value`], or the place
//! and reason. The keys are documented in `packs/README.md`.
//! Never: gives half a person: [`ImportedPerson::read`] answers with every problem or with everything.

use toml::{Table, Value as Toml};

use crate::validation::{ITEMS_MAX, SHORT_BYTES_MAX, check_format};
use crate::{
    Address, Attestor, BiometricException, Consent, ConsentPurpose, DocumentSeen, EvidenceGap,
    EvidenceItem, ExceptionReason, FamilyMember, FingerPosition, GapReason, GpsPosition, NamePart,
    PartialDate, PersonName, PersonalText, RegisterReference, Remedy, Script, Value, ValueError,
    ValueFault, Witness,
    codes::CodeTables,
    fault::printable_key,
    pack::{Field, FieldKind, Pack},
    text::{
        TEXT_BYTES_MAX, ascii_digits, parse_digits, parse_name, parse_national_number, parse_phone,
        parse_text, parse_time_of_day,
    },
    validation::{Answers, check_value},
};

/// Longest `person.toml`, in bytes.
pub const PERSON_BYTES_MAX: usize = 1 << 20;

/// One person as `person.toml` tells them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportedPerson {
    /// Answers by field number.
    pub answers: Answers,
    /// Fingers that cannot be captured; the supervisor who approves them is not in the file.
    pub exceptions: Vec<BiometricException>,
}

/// One thing that is wrong in a `person.toml`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {error}", if field.is_empty() { "the file" } else { field })]
pub struct ImportProblem {
    /// Key of the file: a field id, `exceptions`, `pack`; empty for the file as a whole.
    pub field: String,
    /// What is wrong with it.
    pub error: ImportError,
}

impl ImportProblem {
    /// The error's code.
    pub const fn code(&self) -> &'static str {
        match &self.error {
            ImportError::NotToml { .. } => "IMP-01",
            ImportError::TooLarge { .. } => "IMP-02",
            ImportError::UnknownField => "IMP-03",
            ImportError::OtherPack => "IMP-04",
            ImportError::Value(error) => error.code(),
        }
    }

    /// The file is put right by whoever wrote it.
    pub const fn remedy(&self) -> Remedy {
        Remedy::OperatorActs
    }
}

/// What can be wrong with one key of a `person.toml`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ImportError {
    #[error("not TOML (line {line})")]
    NotToml { line: usize },
    #[error("larger than {max_bytes} bytes")]
    TooLarge { max_bytes: usize },
    #[error("the pack has no such field")]
    UnknownField,
    #[error("the file is for another pack")]
    OtherPack,
    #[error("{0}")]
    Value(ValueError),
}

impl ImportedPerson {
    /// Reads a `person.toml` for a pack. What is missing is left to `validate`; what is there has to be right.
    pub fn read(pack: &Pack, codes: &CodeTables, text: &str) -> Result<Self, Vec<ImportProblem>> {
        let whole = |error| {
            vec![ImportProblem {
                field: String::new(),
                error,
            }]
        };
        if text.len() > PERSON_BYTES_MAX {
            return Err(whole(ImportError::TooLarge {
                max_bytes: PERSON_BYTES_MAX,
            }));
        }
        let file: Table = text.parse().map_err(|error: toml::de::Error| {
            // The parser's own message may repeat what it read.
            let at = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
            whole(ImportError::NotToml { line })
        })?;
        let mut person = Self::default();
        let mut problems = Vec::new();
        for (key, input) in &file {
            let mut problem = |error| {
                problems.push(ImportProblem {
                    field: printable_key(key),
                    error,
                })
            };
            match (key.as_str(), pack.field(key)) {
                (_, Some(field)) => match parse_value(pack, field, input, codes) {
                    Ok(value) => person.answers.set(field.number, value),
                    Err(error) => problem(ImportError::Value(error)),
                },
                ("exceptions", None) => match list(input, exception) {
                    Ok(exceptions) => person.exceptions = exceptions,
                    Err(error) => problem(ImportError::Value(error)),
                },
                ("pack", None) => {
                    if input.as_str() != Some(pack.id.as_str()) {
                        problem(ImportError::OtherPack);
                    }
                }
                _ => problem(ImportError::UnknownField),
            }
        }
        if problems.is_empty() {
            Ok(person)
        } else {
            Err(problems)
        }
    }
}

/// The id of the pack that a `person.toml` names, if it names one.
pub fn pack_named_in(text: &str) -> Option<String> {
    let file: Table = text.parse().ok()?;
    file.get("pack")?.as_str().map(str::to_owned)
}

/// The value of one field from TOML. `{ missing = "reason" }` leaves any field out for a reason the pack allows.
/// The first fault is given; dates are compared with the day of capture only by `validate`.
pub fn parse_value(
    pack: &Pack,
    field: &Field,
    input: &Toml,
    codes: &CodeTables,
) -> Result<Value, ValueError> {
    if let Toml::Table(table) = input
        && let Some(reason) = table.get("missing")
        && table.len() == 1
    {
        let reason = reason
            .as_str()
            .filter(|reason| field.may_be_missing.iter().any(|one| one == reason));
        return reason
            .map(|reason| Value::Missing(reason.to_owned()))
            .ok_or(ValueFault::ReasonNotAllowed.into());
    }
    let value = shape(&field.kind, input)?;
    match check_value(pack, field, &value, codes, None)
        .into_iter()
        .next()
    {
        None => Ok(value),
        Some(error) => Err(error),
    }
}

/// The value of one field from one line of text; for the kinds that are typed into one box. Yes and no are
/// `true` and `false`; several codes stand with commas between.
pub fn parse_line(
    pack: &Pack,
    field: &Field,
    line: &str,
    codes: &CodeTables,
) -> Result<Value, ValueError> {
    let input = match &field.kind {
        FieldKind::Codes { .. } => {
            let codes = line
                .split(',')
                .map(str::trim)
                .filter(|code| !code.is_empty());
            Toml::Array(codes.map(|code| Toml::String(code.to_owned())).collect())
        }
        _ => Toml::String(line.to_owned()),
    };
    parse_value(pack, field, &input, codes)
}

fn shape(kind: &FieldKind, input: &Toml) -> Result<Value, ValueError> {
    Ok(match kind {
        FieldKind::Text { format, max_bytes } => {
            Value::Text(check_format(&plain(input)?, *format, *max_bytes)?)
        }
        FieldKind::Number { .. } => Value::Number(number(input)?),
        FieldKind::YesNo { .. } => Value::YesNo(yes_no(input)?),
        FieldKind::Code { .. } => Value::Code(code(input)?),
        FieldKind::Codes { .. } => Value::Codes(list(input, code)?),
        FieldKind::Date { .. } => Value::Date(date(input)?),
        FieldKind::Name { .. } => Value::Name(name(input)?),
        FieldKind::NationalNumber => Value::NationalNumber(parse_national_number(&plain(input)?)?),
        FieldKind::Register => Value::Register(register(input)?),
        FieldKind::Address => Value::Address(address(input)?),
        FieldKind::Family { .. } => Value::Family(list(input, family_member)?),
        FieldKind::Evidence => Value::Evidence(list(input, evidence_item)?),
        FieldKind::Attestors => Value::Attestors(list(input, attestor)?),
        FieldKind::Consent => Value::Consent(consent(input)?),
        FieldKind::Phone => Value::Phone(parse_phone(&plain(input)?)?),
        FieldKind::TimeOfDay => Value::TimeOfDay(time_of_day(input)?),
    })
}

/// Text; whole numbers are taken as their digits, because people leave quotation marks out.
fn plain(input: &Toml) -> Result<String, ValueError> {
    match input {
        Toml::String(text) => Ok(text.clone()),
        Toml::Integer(number) if *number >= 0 => Ok(number.to_string()),
        _ => Err(ValueFault::WrongShape { expected: "text" }.into()),
    }
}

fn code(input: &Toml) -> Result<String, ValueError> {
    match input {
        Toml::String(code) if !code.is_empty() && code.len() <= 64 => Ok(code.clone()),
        _ => Err(ValueFault::WrongShape { expected: "a code" }.into()),
    }
}

fn number(input: &Toml) -> Result<i64, ValueError> {
    match input {
        Toml::Integer(number) => Ok(*number),
        Toml::String(text) => ascii_digits(text.trim())
            .parse()
            .map_err(|_| ValueFault::NotANumber.into()),
        _ => Err(ValueFault::NotANumber.into()),
    }
}

fn yes_no(input: &Toml) -> Result<bool, ValueError> {
    match input {
        Toml::Boolean(answer) => Ok(*answer),
        Toml::String(text) if text == "true" => Ok(true),
        Toml::String(text) if text == "false" => Ok(false),
        _ => Err(ValueFault::NotYesNo.into()),
    }
}

fn date(input: &Toml) -> Result<PartialDate, ValueError> {
    let text = match input {
        Toml::Datetime(date) if date.time.is_none() => date.to_string(),
        other => plain(other)?,
    };
    Ok(PartialDate::parse(&text)?)
}

fn time_of_day(input: &Toml) -> Result<u16, ValueError> {
    match input {
        Toml::String(text) => Ok(parse_time_of_day(text)?),
        _ => Err(ValueFault::NotATime.into()),
    }
}

fn list<T>(
    input: &Toml,
    each: impl Fn(&Toml) -> Result<T, ValueError>,
) -> Result<Vec<T>, ValueError> {
    let items = input
        .as_array()
        .ok_or(ValueFault::WrongShape { expected: "a list" })?;
    if items.len() > ITEMS_MAX {
        return Err(ValueFault::TooMany { max: ITEMS_MAX }.into());
    }
    let each_in_place = |(index, item)| {
        each(item).map_err(|error: ValueError| error.within(&format!("[{}]", index + 1)))
    };
    items.iter().enumerate().map(each_in_place).collect()
}

/// Takes the known keys of a table, and refuses the others.
struct Keys<'a> {
    table: &'a Table,
}

impl<'a> Keys<'a> {
    fn new(input: &'a Toml, known: &[&str]) -> Result<Self, ValueError> {
        let table = input.as_table().ok_or(ValueFault::WrongShape {
            expected: "a table",
        })?;
        match table.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(ValueFault::UnknownKey {
                key: printable_key(key),
            }
            .into()),
            None => Ok(Self { table }),
        }
    }

    fn optional<T, E: Into<ValueError>>(
        &self,
        key: &str,
        read: impl Fn(&Toml) -> Result<T, E>,
    ) -> Result<Option<T>, ValueError> {
        let read_here = |input| read(input).map_err(|error| error.into().within(key));
        self.table.get(key).map(read_here).transpose()
    }

    fn needed<T, E: Into<ValueError>>(
        &self,
        key: &str,
        read: impl Fn(&Toml) -> Result<T, E>,
    ) -> Result<T, ValueError> {
        self.optional(key, read)?
            .ok_or_else(|| ValueFault::PartMissing.at(key))
    }

    fn flag(&self, key: &str) -> Result<bool, ValueError> {
        Ok(self.optional(key, yes_no)?.unwrap_or(false))
    }
}

fn short(input: &Toml) -> Result<PersonalText, ValueError> {
    Ok(parse_text(&plain(input)?, SHORT_BYTES_MAX)?)
}

fn long(input: &Toml) -> Result<PersonalText, ValueError> {
    Ok(parse_text(&plain(input)?, TEXT_BYTES_MAX)?)
}

fn digits(input: &Toml) -> Result<PersonalText, ValueError> {
    Ok(parse_digits(&plain(input)?, 20)?)
}

fn named<T>(
    input: &Toml,
    table: &str,
    from_name: impl Fn(&str) -> Option<T>,
) -> Result<T, ValueError> {
    let found = input.as_str().and_then(from_name);
    found.ok_or_else(|| {
        ValueFault::UnknownCode {
            table: table.to_owned(),
        }
        .into()
    })
}

fn name(input: &Toml) -> Result<PersonName, ValueError> {
    let keys = Keys::new(
        input,
        &["given", "father", "grandfather", "laqab", "register_script"],
    )?;
    Ok(PersonName {
        given: keys.optional("given", name_part)?,
        father: keys.optional("father", name_part)?,
        grandfather: keys.optional("grandfather", name_part)?,
        laqab: keys.optional("laqab", name_part)?,
        register_script: keys.optional("register_script", |input| {
            named(input, "scripts", Script::from_name)
        })?,
    })
}

fn name_part(input: &Toml) -> Result<NamePart, ValueError> {
    let keys = Keys::new(input, &["ar", "ckb", "lat"])?;
    let read = |script: Script| {
        keys.optional(script.name(), move |input| {
            plain(input).and_then(|text| parse_name(&text, script).map_err(ValueError::from))
        })
    };
    Ok(NamePart {
        ar: read(Script::Ar)?,
        ckb: read(Script::Ckb)?,
        lat: read(Script::Lat)?,
    })
}

fn register(input: &Toml) -> Result<RegisterReference, ValueError> {
    if input.as_str() == Some("unknown") {
        return Ok(RegisterReference::Unknown { hints: None });
    }
    let keys = Keys::new(
        input,
        &[
            "unknown", "hints", "office", "register", "page", "year", "suffix",
        ],
    )?;
    if keys.flag("unknown")? {
        Keys::new(input, &["unknown", "hints"])?;
        return Ok(RegisterReference::Unknown {
            hints: keys.optional("hints", long)?,
        });
    }
    Keys::new(
        input,
        &["unknown", "office", "register", "page", "year", "suffix"],
    )?;
    let year = keys.optional("year", |input| {
        u16::try_from(number(input)?).map_err(|_| ValueError::from(ValueFault::NotANumber))
    })?;
    Ok(RegisterReference::Known {
        office: keys.needed("office", code)?,
        register: keys.needed("register", digits)?,
        page: keys.needed("page", digits)?,
        year: year.unwrap_or(1957),
        suffix: keys.optional("suffix", short)?,
    })
}

fn address(input: &Toml) -> Result<Address, ValueError> {
    let keys = Keys::new(
        input,
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
            "foreign_lines",
            "position",
        ],
    )?;
    let text = |key| keys.optional(key, short);
    Ok(Address {
        governorate: keys.optional("governorate", code)?,
        qadha: text("qadha")?,
        nahiya: text("nahiya")?,
        mahalla: text("mahalla")?,
        zuqaq: text("zuqaq")?,
        dar: text("dar")?,
        camp: text("camp")?,
        block: text("block")?,
        tent: text("tent")?,
        village: text("village")?,
        nearest_point: text("nearest_point")?,
        country: keys.optional("country", code)?,
        foreign_lines: keys.optional("foreign_lines", long)?,
        position: keys.optional("position", position)?,
    })
}

/// Degrees as people copy them from a map, up to six decimals.
fn position(input: &Toml) -> Result<GpsPosition, ValueError> {
    let keys = Keys::new(input, &["latitude", "longitude", "accuracy_m"])?;
    let microdegrees = |limit: f64| {
        move |input: &Toml| {
            let degrees = input.as_float().or_else(|| {
                input
                    .as_integer()
                    .and_then(|n| i32::try_from(n).ok())
                    .map(f64::from)
            });
            let degrees = degrees
                .filter(|degrees| degrees.abs() <= limit)
                .ok_or(ValueFault::NotAPosition)?;
            #[allow(
                clippy::cast_possible_truncation,
                reason = "at most 180 million, checked above"
            )]
            Ok::<i32, ValueFault>((degrees * 1e6).round() as i32)
        }
    };
    let accuracy = |input: &Toml| {
        u32::try_from(number(input)?).map_err(|_| ValueError::from(ValueFault::NotANumber))
    };
    Ok(GpsPosition {
        latitude_microdegrees: keys.needed("latitude", microdegrees(90.0))?,
        longitude_microdegrees: keys.needed("longitude", microdegrees(180.0))?,
        accuracy_m: keys.needed("accuracy_m", accuracy)?,
    })
}

fn family_member(input: &Toml) -> Result<FamilyMember, ValueError> {
    let known = [
        "relation",
        "name",
        "birth_date",
        "national_number",
        "head",
        "present",
        "joined",
        "left",
    ];
    let keys = Keys::new(input, &known)?;
    Ok(FamilyMember {
        relation: keys.needed("relation", code)?,
        name: keys.needed("name", name)?,
        birth_date: keys.optional("birth_date", date)?,
        national_number: keys.optional("national_number", national_number)?,
        head: keys.flag("head")?,
        present: keys.flag("present")?,
        joined: keys.optional("joined", date)?,
        left: keys.optional("left", date)?,
    })
}

fn national_number(input: &Toml) -> Result<PersonalText, ValueError> {
    Ok(parse_national_number(&plain(input)?)?)
}

/// `pages` is left empty: the pages are files, and get their ids when they are taken in.
fn evidence_item(input: &Toml) -> Result<EvidenceItem, ValueError> {
    let keys = Keys::new(
        input,
        &["document", "number", "office", "issued", "seen", "gap"],
    )?;
    Ok(EvidenceItem {
        document: keys.needed("document", code)?,
        number: keys.optional("number", short)?,
        office: keys.optional("office", code)?,
        issued: keys.optional("issued", date)?,
        seen: keys.needed("seen", |input| {
            named(input, "document-seen", DocumentSeen::from_name)
        })?,
        gap: keys.optional("gap", gap)?,
        pages: Vec::new(),
    })
}

/// A reason alone, or a table with the loss statement.
fn gap(input: &Toml) -> Result<EvidenceGap, ValueError> {
    let reason = |input: &Toml| named(input, "gap-reasons", GapReason::from_name);
    if input.is_str() {
        let reason = reason(input)?;
        return Ok(EvidenceGap {
            reason,
            place: None,
            date: None,
            circumstances: None,
            complaint_number: None,
        });
    }
    let keys = Keys::new(
        input,
        &[
            "reason",
            "place",
            "date",
            "circumstances",
            "complaint_number",
        ],
    )?;
    Ok(EvidenceGap {
        reason: keys.needed("reason", reason)?,
        place: keys.optional("place", short)?,
        date: keys.optional("date", date)?,
        circumstances: keys.optional("circumstances", long)?,
        complaint_number: keys.optional("complaint_number", short)?,
    })
}

fn attestor(input: &Toml) -> Result<Attestor, ValueError> {
    let keys = Keys::new(
        input,
        &[
            "kind",
            "name",
            "identity_number",
            "letter_number",
            "letter_date",
            "witnesses",
        ],
    )?;
    Ok(Attestor {
        kind: keys.needed("kind", code)?,
        name: keys.needed("name", name)?,
        identity_number: keys.optional("identity_number", short)?,
        letter_number: keys.optional("letter_number", short)?,
        letter_date: keys.optional("letter_date", date)?,
        witnesses: keys
            .optional("witnesses", |input| list(input, witness))?
            .unwrap_or_default(),
    })
}

fn witness(input: &Toml) -> Result<Witness, ValueError> {
    let keys = Keys::new(input, &["name", "identity_number"])?;
    Ok(Witness {
        name: keys.needed("name", name)?,
        identity_number: keys.optional("identity_number", short)?,
    })
}

fn consent(input: &Toml) -> Result<Consent, ValueError> {
    let keys = Keys::new(
        input,
        &[
            "text_version",
            "language",
            "read_aloud",
            "purposes",
            "witness",
            "interpreter",
        ],
    )?;
    let version = |input: &Toml| {
        u16::try_from(number(input)?).map_err(|_| ValueError::from(ValueFault::UnknownConsentText))
    };
    Ok(Consent {
        text_version: keys.needed("text_version", version)?,
        language: keys.needed("language", code)?,
        read_aloud: keys.flag("read_aloud")?,
        purposes: keys.needed("purposes", purposes)?,
        witness: keys.optional("witness", short)?,
        interpreter: keys.optional("interpreter", short)?,
    })
}

/// `{ issuance = true, sharing = false }`.
fn purposes(input: &Toml) -> Result<Vec<ConsentPurpose>, ValueError> {
    let table = input.as_table().ok_or(ValueFault::WrongShape {
        expected: "a table",
    })?;
    if table.len() > ITEMS_MAX {
        return Err(ValueFault::TooMany { max: ITEMS_MAX }.into());
    }
    let answer = |(purpose, accepted): (&String, &Toml)| {
        let accepted = yes_no(accepted).map_err(|error| error.within(&printable_key(purpose)))?;
        Ok(ConsentPurpose {
            purpose: purpose.clone(),
            accepted,
        })
    };
    table.iter().map(answer).collect()
}

fn exception(input: &Toml) -> Result<BiometricException, ValueError> {
    let keys = Keys::new(input, &["position", "reason", "note"])?;
    Ok(BiometricException {
        position: keys.needed("position", |input| {
            named(input, "fingers", FingerPosition::from_name)
        })?,
        reason: keys.needed("reason", |input| {
            named(input, "exception-reasons", ExceptionReason::from_name)
        })?,
        supervisor: None,
        note: keys.optional("note", long)?,
    })
}
