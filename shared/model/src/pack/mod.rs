//! Procedure packs: one service a station offers, as data.
//!
//! In: the text of a pack (TOML), checked by [`check`]. Out: [`Pack`], the only description of a field there is;
//! it drives validation, packet and screens.
//! Never: reads a file; the digest of a pack is SHA-256 over the file's bytes and is made where the bytes are.

mod check;
mod problem;
mod read;
mod set;
mod tree;

pub use check::{check, check_with};
pub use problem::{PackFault, PackProblem};
pub use set::{PackSet, StationDefaults, StationKind};
pub(crate) use tree::{Node, Problems, Reader};

use crate::{ExceptionReason, FingerPosition, RegisterReference, Value, validation::Answers};

/// The version of this schema that this code reads.
pub const PACK_FORMAT: i64 = 1;

/// A language of screens and papers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Language {
    Arabic,
    Sorani,
    English,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Arabic, Self::Sorani, Self::English];

    /// `ar`, `ckb`, `en`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Arabic => "ar",
            Self::Sorani => "ckb",
            Self::English => "en",
        }
    }

    /// The language of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|language| language.code() == code)
    }
}

/// One text in the three languages; none is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Words {
    pub ar: String,
    pub ckb: String,
    pub en: String,
}

impl Words {
    /// The text in one language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Arabic => &self.ar,
            Language::Sorani => &self.ckb,
            Language::English => &self.en,
        }
    }
}

/// A checked procedure pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// Kebab-case, such as `birth-notification`; the file's name without `.toml`.
    pub id: String,
    /// From 1; grows with every published change.
    pub version: u32,
    /// What the service is called.
    pub titles: Words,
    /// Station kinds that may offer it.
    pub station_kinds: Vec<String>,
    /// Oldest software that may offer it, as (major, minor, patch).
    pub minimum_app_version: (u16, u16, u16),
    /// Field numbers that earlier versions used and no field may use again.
    pub retired_numbers: Vec<u32>,
    /// In the order in which people are asked.
    pub sections: Vec<Section>,
    /// Papers the service asks for.
    pub evidence: Vec<EvidenceRule>,
    /// What is captured of the body.
    pub biometrics: BiometricsPolicy,
    /// When somebody has to vouch for the person.
    pub attestation: Option<AttestationRule>,
    /// What the person is told and asked.
    pub consent: ConsentPolicy,
    /// What the paper in the person's hand says.
    pub slip: Slip,
    /// Days that count.
    pub timers: Vec<Timer>,
    /// Ways the case goes at the centre, by conditions.
    pub routes: Vec<Route>,
    /// How the home office is found.
    pub home_office: HomeOfficeRule,
}

/// Fields that are asked together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Section {
    pub id: String,
    pub title: Words,
    pub fields: Vec<Field>,
}

/// One thing that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Snake-case text, unique in the pack; the key in files and in returned fields.
    pub id: String,
    /// Unique in the pack, from 1, and never used for anything else later; the key in packets.
    pub number: u32,
    /// What kind of value it takes.
    pub kind: FieldKind,
    /// What it means to the rest of Qayd; a role is held by one field of a pack.
    pub role: Option<Role>,
    /// Its name on screens.
    pub label: Words,
    /// What helps to answer it.
    pub hint: Option<Words>,
    /// Whether it has to be answered.
    pub required: Required,
    /// When it is asked at all; `None` is always.
    pub asked_when: Option<Conditions>,
    /// Reasons (table `missing-reasons`) for which a required field may be left out.
    pub may_be_missing: Vec<String>,
    /// Held under a key of its own, never on a slip, never required.
    pub sensitive: bool,
    /// Only its last characters appear on the slip.
    pub masked_on_slip: bool,
    /// May be put right in a later version of the enrolment.
    pub correctable: bool,
}

/// The kind of value a field takes, with its limits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum FieldKind {
    Text {
        format: TextFormat,
        max_bytes: usize,
    },
    Number {
        min: i64,
        max: i64,
        unit: Option<Words>,
    },
    /// `must_be`: any other answer means that the person is in the wrong service.
    YesNo {
        must_be: Option<bool>,
    },
    Code {
        table: String,
    },
    Codes {
        table: String,
    },
    Date {
        future: bool,
        to_the_day: bool,
    },
    /// Parts that have to be there; Arabic or Sorani letters are needed unless Latin alone will do.
    Name {
        parts: Vec<NamePartName>,
        latin_alone: bool,
    },
    NationalNumber,
    Register,
    Address,
    Family {
        heads: Heads,
        min: usize,
        max: usize,
    },
    Evidence,
    Attestors,
    Consent,
    Phone,
    TimeOfDay,
}

impl FieldKind {
    /// The name in packs; equal to [`Value::kind`] of its values.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Number { .. } => "number",
            Self::YesNo { .. } => "yes_no",
            Self::Code { .. } => "code",
            Self::Codes { .. } => "codes",
            Self::Date { .. } => "date",
            Self::Name { .. } => "name",
            Self::NationalNumber => "national_number",
            Self::Register => "register",
            Self::Address => "address",
            Self::Family { .. } => "family",
            Self::Evidence => "evidence",
            Self::Attestors => "attestors",
            Self::Consent => "consent",
            Self::Phone => "phone",
            Self::TimeOfDay => "time_of_day",
        }
    }
}

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the names say it")]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in packs.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The one of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}

named! {
    /// The form a text has to have.
    TextFormat {
        /// Anything.
        Free = "free",
        /// One line of anything.
        Line = "line",
        /// Digits only.
        Digits = "digits",
        /// 1 to 20 upper-case letters and digits; the true format is not known.
        FamilyNumber = "family_number",
        /// `^[A-Z]{2}[0-9]{7}$`, as printed on the national card.
        CardAccessNumber = "card_access_number",
        /// 1 to 20 upper-case letters, digits, `/` and `-`.
        DocumentNumber = "document_number",
        /// Latin letters as in a passport.
        LatinName = "latin_name",
    }
}

named! {
    /// A part of a person's name.
    NamePartName {
        Given = "given",
        Father = "father",
        Grandfather = "grandfather",
        Laqab = "laqab",
    }
}

named! {
    /// How many members of a family may be its head.
    Heads {
        Any = "any",
        AtMostOne = "at_most_one",
        ExactlyOne = "exactly_one",
    }
}

named! {
    /// What a field means outside its pack: search, duplicates, queues and slips find it by this.
    Role {
        /// Name of the person the enrolment is about.
        HolderName = "holder_name",
        FatherName = "father_name",
        /// The mother's given name with her father's.
        MotherName = "mother_name",
        BirthDate = "birth_date",
        BirthPlace = "birth_place",
        Sex = "sex",
        NationalNumber = "national_number",
        FamilyNumber = "family_number",
        Register = "register",
        Address = "address",
        Phone = "phone",
        Family = "family",
        /// Code of the civil-status office that keeps the person's register.
        HomeOffice = "home_office",
        GuardianName = "guardian_name",
        Evidence = "evidence",
        Attestors = "attestors",
        Consent = "consent",
        PreferredLanguage = "preferred_language",
    }
}

named! {
    /// Whether a capture is part of the service.
    Wanted {
        Required = "required",
        Optional = "optional",
        NotTaken = "not_taken",
    }
}

/// Whether a field has to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Required {
    Always,
    Never,
    When(Conditions),
}

/// Conditions that are put together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Conditions {
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

impl Conditions {
    /// The conditions themselves.
    pub fn list(&self) -> &[Condition] {
        match self {
            Self::All(list) | Self::Any(list) => list,
        }
    }
}

/// One condition. What is not known never makes one true: doubt counts for the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The field was answered with one of these codes (`true` and `false` for yes or no).
    Is {
        /// Field id.
        field: String,
        /// Codes.
        any_of: Vec<String>,
    },
    /// The field was answered, and with none of these.
    IsNot {
        /// Field id.
        field: String,
        /// Codes.
        none_of: Vec<String>,
    },
    /// The field was answered (`true`), or was not or was left out with a reason (`false`).
    Answered {
        /// Field id.
        field: String,
        /// Which of both.
        answered: bool,
    },
    /// Surely so many years old or older on the day of capture.
    AgeFrom(u8),
    /// Surely younger than so many years.
    AgeUnder(u8),
    /// No paper that proves identity was seen (`true`), or one was (`false`).
    IdentityUnproven(bool),
}

/// One paper the service asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceRule {
    /// Code of the table `documents`.
    pub document: String,
    /// Whether it is expected: shown, or missing with a reason.
    pub expected: Required,
    /// Seeing it, in any form, proves who the person is.
    pub proves_identity: bool,
}

/// What is captured of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BiometricsPolicy {
    /// The face.
    pub portrait: Wanted,
    /// Ten fingers; `None`: the service takes no fingers.
    pub fingers: Option<FingersPolicy>,
    /// A drawn signature or a thumb mark.
    pub signature: Wanted,
}

impl Default for BiometricsPolicy {
    fn default() -> Self {
        Self {
            portrait: Wanted::NotTaken,
            fingers: None,
            signature: Wanted::NotTaken,
        }
    }
}

/// How fingers are captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FingersPolicy {
    /// From this age all ten are required, or an exception for each that is not captured. Default 12.
    pub required_from_age: u8,
    /// From this age they may be captured. Default 5.
    pub optional_from_age: u8,
    /// Reasons an exception may have.
    pub exception_reasons: Vec<ExceptionReason>,
    /// An exception needs the supervisor who saw the person. Default true.
    pub exception_needs_supervisor: bool,
    /// Photograph with both palms beside the face, when a finger is excepted.
    pub exception_photo: Wanted,
    /// Further attempts after the first, 0 to 9. Default 3.
    pub retries_max: u16,
    /// Marks by group of fingers; every finger is in one group.
    pub quality: Vec<QualityMark>,
}

impl FingersPolicy {
    /// The marks of one finger.
    pub fn mark(&self, position: FingerPosition) -> Option<&QualityMark> {
        self.quality
            .iter()
            .find(|mark| mark.fingers.contains(&position))
    }
}

/// Marks for some fingers, 0 to 100.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualityMark {
    /// Which fingers.
    pub fingers: Vec<FingerPosition>,
    /// Good enough at once.
    pub accept: u8,
    /// Below this it is an exception; between, it is taken after the last retry.
    pub floor: u8,
}

/// When somebody has to vouch for the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestationRule {
    /// When.
    pub needed: Required,
    /// How many of them.
    pub at_least: usize,
    /// Who may.
    pub kinds: Vec<AttestorKind>,
}

/// Who may vouch, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestorKind {
    /// Code of the table `attestors`.
    pub code: String,
    /// With a numbered and dated letter.
    pub letter: bool,
    /// Witnesses the letter names.
    pub witnesses: usize,
    /// Days for which the letter serves.
    pub letter_valid_days: Option<u16>,
}

/// What the person is told and asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConsentPolicy {
    /// Texts by version, newest last.
    pub texts: Vec<ConsentText>,
    /// What is asked.
    pub purposes: Vec<Purpose>,
}

/// One version of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ConsentText {
    pub version: u16,
    pub text: Words,
}

/// One purpose the person accepts or refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// Code such as `issuance`.
    pub code: String,
    /// What is asked.
    pub label: Words,
    /// What refusing costs, said before the answer. It is never the service.
    pub refusal: Words,
}

/// What the paper in the person's hand says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slip {
    /// Its heading.
    pub title: Words,
    /// Ids of the fields on it, in order; none is sensitive.
    pub fields: Vec<String>,
    /// Copies, each with the name of who keeps it; empty is one copy for the person.
    pub copies: Vec<SlipCopy>,
    /// What to do next.
    pub footer: Option<Words>,
}

/// One copy of a slip.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct SlipCopy {
    pub id: String,
    pub label: Words,
}

/// Days that count from a date field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// Snake-case.
    pub id: String,
    /// What it is called.
    pub label: Words,
    /// Id of the date field of day 0.
    pub from: String,
    /// Days after which it has passed.
    pub days: u16,
    /// When it runs; `None` is always.
    pub when: Option<Conditions>,
    /// Route taken once it has passed.
    pub route: Option<String>,
}

/// A way the case goes at the centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Snake-case, such as `needs_court`.
    pub id: String,
    /// What it is called.
    pub label: Words,
    /// When it is taken; `None`: only by a timer.
    pub when: Option<Conditions>,
}

/// How the home office is found. It is where the person's register is kept, not where the station stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HomeOfficeRule {
    /// Field ids, tried in order: a register reference gives its office, a code field its code.
    pub from: Vec<String>,
    /// Whether the station may serve people of other offices.
    pub may_differ_from_site: bool,
}

impl Pack {
    /// All fields in order.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.sections.iter().flat_map(|section| &section.fields)
    }

    /// The field of an id.
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.fields().find(|field| field.id == id)
    }

    /// The field of a number.
    pub fn field_numbered(&self, number: u32) -> Option<&Field> {
        self.fields().find(|field| field.number == number)
    }

    /// The field with a role.
    pub fn field_with(&self, role: Role) -> Option<&Field> {
        self.fields().find(|field| field.role == Some(role))
    }

    /// The answer to the field with a role, if there is one that is not a reason for leaving it out.
    pub fn answer<'a>(&self, role: Role, answers: &'a Answers) -> Option<&'a Value> {
        answers.answered(self.field_with(role)?.number)
    }

    /// Code of the office whose queue the enrolment belongs to; `None` while nothing names it.
    pub fn home_office<'a>(&self, answers: &'a Answers) -> Option<&'a str> {
        self.home_office.from.iter().find_map(|id| {
            match answers.answered(self.field(id)?.number)? {
                Value::Code(office) => Some(office.as_str()),
                Value::Register(RegisterReference::Known { office, .. }) => Some(office.as_str()),
                _ => None,
            }
        })
    }

    /// The newest consent text.
    pub fn consent_text(&self) -> Option<&ConsentText> {
        self.consent.texts.last()
    }
}
