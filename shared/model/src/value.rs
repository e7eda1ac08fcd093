//! Values of fields: what a person is asked, in the types of the schema.
//!
//! In: text as typed, parsed at the edge by the type's own `parse`. Out: the one form that the draft, the packet
//! and the reviewer's screen share; its CBOR has integer keys (docs/packet.md).
//! Never: holds a value its pack does not declare; `pack` and `validation` see to that.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{PersonalText, SampleId};

/// The value of one field. `Debug` names the kind and never the value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Free text, NFC as typed.
    #[n(0)]
    Text(#[n(0)] PersonalText),
    /// A whole number in the unit the pack names.
    #[n(1)]
    Number(#[n(0)] i64),
    /// Yes or no.
    #[n(2)]
    YesNo(#[n(0)] bool),
    /// A code of a code table.
    #[n(3)]
    Code(#[n(0)] String),
    /// A date that may be known to the month or year only.
    #[n(4)]
    Date(#[n(0)] PartialDate),
    /// A person's name.
    #[n(5)]
    Name(#[n(0)] PersonName),
    /// Twelve digits of the national card, as read or told; never generated.
    #[n(6)]
    NationalNumber(#[n(0)] PersonalText),
    /// A register entry, or why it is not known.
    #[n(7)]
    Register(#[n(0)] RegisterReference),
    /// Where somebody lives.
    #[n(8)]
    Address(#[n(0)] Address),
    /// Relatives and members of the household.
    #[n(9)]
    Family(#[n(0)] Vec<FamilyMember>),
    /// Papers shown, and papers missing with the reason.
    #[n(10)]
    Evidence(#[n(0)] Vec<EvidenceItem>),
    /// Who vouches for the person.
    #[n(11)]
    Attestors(#[n(0)] Vec<Attestor>),
    /// What the person agreed to.
    #[n(12)]
    Consent(#[n(0)] Consent),
    /// A telephone number: optional `+`, then 6 to 15 digits.
    #[n(13)]
    Phone(#[n(0)] PersonalText),
    /// A time of the day, in minutes since midnight, 0 to 1,439.
    #[n(14)]
    TimeOfDay(#[n(0)] u16),
    /// Several codes of a code table, in the table's order, each once.
    #[n(15)]
    Codes(#[n(0)] Vec<String>),
    /// Asked and not answered, for a reason of the field's `may_be_missing` (code of the table `missing-reasons`).
    #[n(16)]
    Missing(#[n(0)] String),
}

impl Value {
    /// The kind's name, as packs write it in a field's `type`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Number(_) => "number",
            Self::YesNo(_) => "yes_no",
            Self::Code(_) => "code",
            Self::Date(_) => "date",
            Self::Name(_) => "name",
            Self::NationalNumber(_) => "national_number",
            Self::Register(_) => "register",
            Self::Address(_) => "address",
            Self::Family(_) => "family",
            Self::Evidence(_) => "evidence",
            Self::Attestors(_) => "attestors",
            Self::Consent(_) => "consent",
            Self::Phone(_) => "phone",
            Self::TimeOfDay(_) => "time_of_day",
            Self::Codes(_) => "codes",
            Self::Missing(_) => "missing",
        }
    }
}

impl core::fmt::Debug for Value {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Value({})", self.kind())
    }
}

/// A day, month or year of the Gregorian calendar, with how well it is known. No silent 1 January.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct PartialDate {
    /// 1850 to 2200.
    #[n(1)]
    pub year: u16,
    /// 1 to 12.
    #[n(2)]
    pub month: Option<u8>,
    /// 1 to the length of the month; only with a month.
    #[n(3)]
    pub day: Option<u8>,
    /// Told as a guess ("about thirty").
    #[n(4)]
    pub estimated: bool,
}

impl core::fmt::Debug for PartialDate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PartialDate(…)")
    }
}

/// One part of a name in up to three scripts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(default, deny_unknown_fields)]
#[cbor(map)]
pub struct NamePart {
    /// Arabic, as in the register.
    #[n(1)]
    pub ar: Option<PersonalText>,
    /// Sorani Kurdish in Arabic letters.
    #[n(2)]
    pub ckb: Option<PersonalText>,
    /// Latin, A to Z with space, apostrophe and hyphen.
    #[n(3)]
    pub lat: Option<PersonalText>,
}

/// A person's name: given, father's, grandfather's, and the laqab if the holder has one (never derived).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(default, deny_unknown_fields)]
#[cbor(map)]
pub struct PersonName {
    /// The person's own name.
    #[n(1)]
    pub given: Option<NamePart>,
    /// The father's given name.
    #[n(2)]
    pub father: Option<NamePart>,
    /// The paternal grandfather's given name.
    #[n(3)]
    pub grandfather: Option<NamePart>,
    /// Surname or tribe.
    #[n(4)]
    pub laqab: Option<NamePart>,
    /// The script the home register is kept in, where it is not Arabic.
    #[n(5)]
    pub register_script: Option<Script>,
}

/// A script of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Script {
    #[n(1)]
    Ar,
    #[n(2)]
    Ckb,
    #[n(3)]
    Lat,
}

impl Script {
    /// All of them, in code order.
    pub const ALL: [Self; 3] = [Self::Ar, Self::Ckb, Self::Lat];

    /// The name in files and code tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ar => "ar",
            Self::Ckb => "ckb",
            Self::Lat => "lat",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// An entry of the civil register, or what helps to find it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
pub enum RegisterReference {
    /// The person knows it, or a paper shows it.
    #[n(0)]
    Known {
        /// Code of the civil-status office.
        #[n(0)]
        office: String,
        /// Register (sijil) number, digits only.
        #[n(1)]
        register: PersonalText,
        /// Page (sahifa) number, digits only.
        #[n(2)]
        page: PersonalText,
        /// Year of the register, 1957 unless told otherwise.
        #[n(3)]
        year: u16,
        /// Letters that follow the number, or the mark of a new register.
        #[n(4)]
        suffix: Option<PersonalText>,
    },
    /// It is not known; the hints help the home office to search.
    #[n(1)]
    Unknown {
        /// Father's or uncle's card, tribe, village, in the person's words.
        #[n(0)]
        hints: Option<PersonalText>,
    },
}

/// An address in the way it can be told: a street, a camp, a village, or abroad.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(default, deny_unknown_fields)]
#[cbor(map)]
pub struct Address {
    /// Code of the governorate.
    #[n(1)]
    pub governorate: Option<String>,
    /// District (qadha).
    #[n(2)]
    pub qadha: Option<PersonalText>,
    /// Sub-district (nahiya).
    #[n(3)]
    pub nahiya: Option<PersonalText>,
    /// Quarter (mahalla).
    #[n(4)]
    pub mahalla: Option<PersonalText>,
    /// Lane (zuqaq).
    #[n(5)]
    pub zuqaq: Option<PersonalText>,
    /// House (dar).
    #[n(6)]
    pub dar: Option<PersonalText>,
    /// Camp.
    #[n(7)]
    pub camp: Option<PersonalText>,
    /// Block in the camp.
    #[n(8)]
    pub block: Option<PersonalText>,
    /// Tent in the block.
    #[n(9)]
    pub tent: Option<PersonalText>,
    /// Village.
    #[n(10)]
    pub village: Option<PersonalText>,
    /// Nearest known point.
    #[n(11)]
    pub nearest_point: Option<PersonalText>,
    /// ISO 3166-1 alpha-2 code, when abroad.
    #[n(12)]
    pub country: Option<String>,
    /// Lines of a foreign address.
    #[n(13)]
    pub foreign_lines: Option<PersonalText>,
    /// Where the station stood, if the person agreed.
    #[n(14)]
    pub position: Option<GpsPosition>,
}

/// A GPS fix.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct GpsPosition {
    /// Latitude in millionths of a degree, -90,000,000 to 90,000,000.
    #[n(1)]
    pub latitude_microdegrees: i32,
    /// Longitude in millionths of a degree, -180,000,000 to 180,000,000.
    #[n(2)]
    pub longitude_microdegrees: i32,
    /// Radius that holds the true position with 68 %.
    #[n(3)]
    pub accuracy_m: u32,
}

impl core::fmt::Debug for GpsPosition {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("GpsPosition(…)")
    }
}

/// One member of the family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
#[cbor(map)]
pub struct FamilyMember {
    /// Code of the table `relations`.
    #[n(1)]
    pub relation: String,
    /// Their name.
    #[n(2)]
    pub name: PersonName,
    /// Their birth date.
    #[n(3)]
    pub birth_date: Option<PartialDate>,
    /// Their national number, if known.
    #[n(4)]
    pub national_number: Option<PersonalText>,
    /// Head of the household.
    #[n(5)]
    #[serde(default)]
    pub head: bool,
    /// Seen at the station today.
    #[n(6)]
    #[serde(default)]
    pub present: bool,
    /// When they joined the household, where a residence card asks for it.
    #[n(7)]
    pub joined: Option<PartialDate>,
    /// When they left it.
    #[n(8)]
    pub left: Option<PartialDate>,
}

/// One kind of paper: shown, or missing with the reason. It never blocks the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
#[cbor(map)]
pub struct EvidenceItem {
    /// Code of the table `documents`, such as `csid`.
    #[n(1)]
    pub document: String,
    /// Number printed on it.
    #[n(2)]
    pub number: Option<PersonalText>,
    /// Office that issued it.
    #[n(3)]
    pub office: Option<String>,
    /// Date of issue.
    #[n(4)]
    pub issued: Option<PartialDate>,
    /// What was seen.
    #[n(5)]
    pub seen: DocumentSeen,
    /// Why it is missing; required when nothing was seen.
    #[n(6)]
    pub gap: Option<EvidenceGap>,
    /// Scanned pages of it, by sample.
    #[n(7)]
    #[serde(default)]
    pub pages: Vec<SampleId>,
}

/// In what form a paper was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
#[allow(missing_docs, reason = "the names say it")]
pub enum DocumentSeen {
    #[n(1)]
    Original,
    #[n(2)]
    Copy,
    #[n(3)]
    Photo,
    #[n(4)]
    None,
}

impl DocumentSeen {
    /// All of them, in code order.
    pub const ALL: [Self; 4] = [Self::Original, Self::Copy, Self::Photo, Self::None];

    /// The name in files and code tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Copy => "copy",
            Self::Photo => "photo",
            Self::None => "none",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// Why a paper is missing, and the loss statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
#[cbor(map)]
pub struct EvidenceGap {
    /// The reason.
    #[n(1)]
    pub reason: GapReason,
    /// Where it was lost.
    #[n(2)]
    pub place: Option<PersonalText>,
    /// When.
    #[n(3)]
    pub date: Option<PartialDate>,
    /// How.
    #[n(4)]
    pub circumstances: Option<PersonalText>,
    /// Number of the complaint to the police, if there is one.
    #[n(5)]
    pub complaint_number: Option<PersonalText>,
}

/// Reasons for a missing paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
#[allow(missing_docs, reason = "the names say it")]
pub enum GapReason {
    #[n(1)]
    NeverIssued,
    #[n(2)]
    Lost,
    #[n(3)]
    Stolen,
    #[n(4)]
    Destroyed,
    #[n(5)]
    ConfiscatedByArmedGroup,
    #[n(6)]
    ConfiscatedByAuthority,
    #[n(7)]
    HeldByOther,
    #[n(8)]
    Invalid,
    #[n(9)]
    Expired,
}

impl GapReason {
    /// All of them, in code order.
    pub const ALL: [Self; 9] = [
        Self::NeverIssued,
        Self::Lost,
        Self::Stolen,
        Self::Destroyed,
        Self::ConfiscatedByArmedGroup,
        Self::ConfiscatedByAuthority,
        Self::HeldByOther,
        Self::Invalid,
        Self::Expired,
    ];

    /// The name in files and code tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NeverIssued => "never_issued",
            Self::Lost => "lost",
            Self::Stolen => "stolen",
            Self::Destroyed => "destroyed",
            Self::ConfiscatedByArmedGroup => "confiscated_by_armed_group",
            Self::ConfiscatedByAuthority => "confiscated_by_authority",
            Self::HeldByOther => "held_by_other",
            Self::Invalid => "invalid",
            Self::Expired => "expired",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// Somebody who vouches for the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
#[cbor(map)]
pub struct Attestor {
    /// Code of the table `attestors`: mukhtar, relative with card, tribal leader, camp manager.
    #[n(1)]
    pub kind: String,
    /// Their name.
    #[n(2)]
    pub name: PersonName,
    /// Their national number or card number.
    #[n(3)]
    pub identity_number: Option<PersonalText>,
    /// Number of their letter.
    #[n(4)]
    pub letter_number: Option<PersonalText>,
    /// Date of their letter.
    #[n(5)]
    pub letter_date: Option<PartialDate>,
    /// Witnesses named in the letter, two for a mukhtar's.
    #[n(6)]
    #[serde(default)]
    pub witnesses: Vec<Witness>,
}

/// Somebody who stands behind an attestor's letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
#[cbor(map)]
pub struct Witness {
    /// Their name.
    #[n(1)]
    pub name: PersonName,
    /// Their national number or card number.
    #[n(2)]
    pub identity_number: Option<PersonalText>,
}

/// What the person agreed to, per purpose, and how they were told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
#[cbor(map)]
pub struct Consent {
    /// Version of the text in the pack.
    #[n(1)]
    pub text_version: u16,
    /// Language in which it was read: `ar`, `ckb`, `en`, `kmr`.
    #[n(2)]
    pub language: String,
    /// Read aloud by the officer or an interpreter.
    #[n(3)]
    pub read_aloud: bool,
    /// One answer per purpose. Refusing never loses the service.
    #[n(4)]
    pub purposes: Vec<ConsentPurpose>,
    /// Somebody who witnessed it.
    #[n(5)]
    pub witness: Option<PersonalText>,
    /// Who interpreted, where somebody did.
    #[n(6)]
    pub interpreter: Option<PersonalText>,
}

/// One answer about one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
#[cbor(map)]
pub struct ConsentPurpose {
    /// Code of the purpose in the pack: `issuance`, `sharing`.
    #[n(1)]
    pub purpose: String,
    /// The answer.
    #[n(2)]
    pub accepted: bool,
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Source {
    #[n(1)]
    Statement,
    #[n(2)]
    Document,
    #[n(3)]
    Mrz,
    #[n(4)]
    Chip,
    #[n(5)]
    RegisterExtract,
    #[n(6)]
    Import,
}

impl Source {
    /// All of them, in code order.
    pub const ALL: [Self; 6] = [
        Self::Statement,
        Self::Document,
        Self::Mrz,
        Self::Chip,
        Self::RegisterExtract,
        Self::Import,
    ];

    /// The name in files and code tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Statement => "statement",
            Self::Document => "document",
            Self::Mrz => "mrz",
            Self::Chip => "chip",
            Self::RegisterExtract => "register_extract",
            Self::Import => "import",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}
