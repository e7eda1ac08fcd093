//! What can be wrong with a pack, a code table or the station kinds.
//!
//! In: the readers and the checks. Out: file, line, path and reason, one line of text each.
//! Never: about people; these files hold none.

use core::fmt;

use crate::Remedy;

/// One thing that is wrong in one data file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackProblem {
    /// Name of the file as it was given; empty when there was none.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Place in the file, lists counted from 1, such as `section[2].field[1].label.ckb`.
    pub path: String,
    /// What is wrong.
    pub fault: PackFault,
}

impl PackProblem {
    /// The fault's code.
    pub const fn code(&self) -> &'static str {
        self.fault.code()
    }

    /// A pack is put right by whoever publishes it, not at a station.
    pub const fn remedy(&self) -> Remedy {
        Remedy::SupervisorActs
    }
}

impl fmt::Display for PackProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(f, "{}:", self.file)?;
        }
        write!(f, "{}: ", self.line)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{} ({})", self.fault, self.code())
    }
}

impl core::error::Error for PackProblem {}

macro_rules! faults {
    ($($code:literal $text:literal $variant:ident $({ $($field:ident : $type:ty),* })?,)*) => {
        /// What is wrong.
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        #[non_exhaustive]
        #[allow(missing_docs, reason = "the messages say it")]
        pub enum PackFault { $(#[error($text)] $variant $({ $($field: $type),* })?,)* }

        impl PackFault {
            /// Stable code, such as `PAC-03`.
            pub const fn code(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $code,)* }
            }
        }
    };
}

faults! {
    "PAC-01" "not TOML: {message}" Syntax { message: String },
    "PAC-02" "the file is larger than {max_bytes} bytes" TooLarge { max_bytes: usize },
    "PAC-03" "there is no key `{key}` here" UnknownKey { key: String },
    "PAC-04" "it is required here" Missing,
    "PAC-05" "{expected} is expected" WrongType { expected: &'static str },
    "PAC-06" "a number from {min} to {max} is expected" OutOfRange { min: i64, max: i64 },
    "PAC-07" "the text in `{language}` is missing" TranslationMissing { language: &'static str },
    "PAC-08" "this software reads format {known}" UnknownFormat { known: i64 },
    "PAC-09" "an id has lower-case letters, digits and `{separator}`, starts with a letter and is at most 64 long" BadId { separator: char },
    "PAC-10" "the id `{id}` is used twice" DuplicateId { id: String },
    "PAC-11" "the number {number} is used twice" DuplicateNumber { number: u32 },
    "PAC-12" "the number {number} was used by an earlier version" RetiredNumber { number: u32 },
    "PAC-13" "the role `{role}` is held by two fields" DuplicateRole { role: &'static str },
    "PAC-14" "there is no `{found}` to choose here" UnknownName { found: String },
    "PAC-15" "a field of the type `{kind}` has no such parameter" NotForType { kind: &'static str },
    "PAC-16" "there is no code table `{table}`" UnknownTable { table: String },
    "PAC-17" "the table `{table}` has no code `{code}`" UnknownCode { table: String, code: String },
    "PAC-18" "the pack has no field `{field}`" UnknownField { field: String },
    "PAC-19" "these fields wait for each other: {fields}" CyclicCondition { fields: String },
    "PAC-20" "the field `{field}` has no codes to compare with" NoCodes { field: String },
    "PAC-21" "an age needs a field with the role `birth_date`" AgeWithoutBirthDate,
    "PAC-22" "it needs a field of the type `{kind}`" FieldOfTypeMissing { kind: &'static str },
    "PAC-23" "only one field of the type `{kind}` is possible" FieldOfTypeTwice { kind: &'static str },
    "PAC-24" "the role `{role}` needs a field of the type `{kind}`" RoleNeedsType { role: &'static str, kind: &'static str },
    "PAC-25" "a sensitive field is never required" SensitiveRequired,
    "PAC-26" "a sensitive field never appears on a slip" SensitiveOnSlip,
    "PAC-27" "a field that is never required needs no reason for being left out" ReasonsWithoutRequirement,
    "PAC-28" "every finger belongs to exactly one group; {finger} belongs to {groups}" FingerGroups { finger: &'static str, groups: usize },
    "PAC-29" "the floor lies above the mark for acceptance" FloorAboveAccept,
    "PAC-30" "fingers are required before they are possible" AgesCross,
    "PAC-31" "at least one is expected" Empty,
    "PAC-32" "there is no route `{route}`" UnknownRoute { route: String },
    "PAC-33" "the field `{field}` is not of the type `{kind}`" WrongFieldType { field: String, kind: &'static str },
    "PAC-34" "`{expected}` is expected, which is the file's name" WrongName { expected: String },
    "PAC-35" "either `all` or `any` is expected, with one condition at least" WrongConditions,
    "PAC-36" "one condition says exactly one thing" WrongCondition,
    "PAC-37" "the code `{code}` is used twice" DuplicateCode { code: String },
    "PAC-38" "versions rise from 1" VersionsNotRising,
    "PAC-39" "there is no station kind `{kind}`" UnknownStationKind { kind: String },
    "PAC-40" "there is no pack `{pack}`" UnknownPack { pack: String },
    "PAC-41" "the pack does not name the station kind `{kind}`" KindNotInPack { kind: String },
    "PAC-42" "no data file has such a name" UnknownFile,
    "PAC-43" "the smallest value lies above the largest" MinAboveMax,
    "PAC-44" "the home office needs a register or a code of the table `offices`" NotAHomeOffice,
    "PAC-45" "a demo value is marked `demo = true`, a true one has a source" DemoUnclear,
    "PAC-46" "a version is three numbers, such as 0.1.0" BadVersion,
}
