//! The words of Qayd: people, names, documents, procedures, samples, exceptions, decisions, ids and units.
//!
//! In: nothing but arguments. Out: pure values that every other crate shares.
//! Never: does I/O, reads a clock, or prints a person's data.

pub mod biometric;
pub mod codes;
pub mod date;
pub mod decision;
pub mod fault;
pub mod folding;
pub mod ids;
pub mod import;
pub mod lines;
pub mod mrz;
pub mod pack;
pub mod personal;
pub mod remedy;
pub mod text;
pub mod transliteration;
pub mod units;
pub mod validation;
pub mod value;

pub use biometric::{
    BiometricException, ExceptionReason, FingerPosition, Hand, QualityScore, SampleKind, Slap,
};
pub use codes::{CodeEntry, CodeTable, CodeTables};
pub use date::AgeRange;
pub use decision::{Decision, Return, ReturnedField};
pub use fault::{ValueError, ValueFault};
pub use ids::{
    EnrolmentId, InvalidId, InvitationId, OperatorId, PacketId, PersonId, SampleId, StaffId,
    StationId, UploadId,
};
pub use import::{ImportError, ImportProblem, ImportedPerson, parse_value};
pub use lines::Line;
pub use mrz::{Mrz, MrzError};
pub use pack::{
    Field, FieldKind, Language, Pack, PackFault, PackProblem, PackSet, Role, Section, StationKind,
    Words,
};
pub use personal::{PersonalBytes, PersonalText};
pub use remedy::Remedy;
pub use units::{ByteCount, Ppi, Sha256Digest, UnixMs};
pub use validation::{Answers, Capture, Findings, SampleSeen, validate};
pub use value::{
    Address, Attestor, Consent, ConsentPurpose, DocumentSeen, EvidenceGap, EvidenceItem,
    FamilyMember, GapReason, GpsPosition, NamePart, PartialDate, PersonName, RegisterReference,
    Script, Source, Value, Witness,
};
