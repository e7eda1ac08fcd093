//! Folded: what is compared of an enrolment.
//!
//! In: folded text of `facts`. Out: [`Facts`], sealed in the vault. Never: shown to anybody, or printed.

use minicbor::{Decode, Encode};
use qayd_model::PartialDate;

use super::names::NameKey;

/// What is compared of one enrolment. Text is folded; nothing here is shown to anybody.
#[derive(Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Facts {
    /// The person's given name.
    #[n(1)]
    pub given: NameKey,
    /// The father's.
    #[n(2)]
    pub father: NameKey,
    /// The paternal grandfather's.
    #[n(3)]
    pub grandfather: NameKey,
    /// Surname or tribe.
    #[n(4)]
    pub laqab: NameKey,
    /// The mother's given name.
    #[n(5)]
    pub mother: NameKey,
    /// The mother's father.
    #[n(6)]
    pub mother_father: NameKey,
    /// Birth date of the person.
    #[n(7)]
    pub birth: Option<PartialDate>,
    /// Code of the sex.
    #[n(8)]
    pub sex: Option<String>,
    /// Twelve digits.
    #[n(9)]
    pub national_number: Option<String>,
    /// Register entry, in one line.
    #[n(10)]
    pub register: Option<String>,
    /// Numbers of papers.
    #[n(11)]
    pub documents: Vec<DocumentKey>,
    /// Family number.
    #[n(12)]
    pub family_number: Option<String>,
    /// Relatives named.
    #[n(13)]
    pub family: Vec<MemberKey>,
    /// Whether a newborn is meant (birth notification).
    #[n(14)]
    pub newborn: bool,
    /// National number of the mother, for newborns.
    #[n(15)]
    pub mother_national_number: Option<String>,
    /// Facility and its own delivery number, for newborns.
    #[n(16)]
    pub delivery: Option<String>,
    /// One of several children of one birth.
    #[n(17)]
    pub multiple: bool,
}

impl core::fmt::Debug for Facts {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Facts(…)")
    }
}

/// The number of one paper.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DocumentKey {
    /// Code of the table `documents`.
    #[n(1)]
    pub document: String,
    /// Folded number.
    #[n(2)]
    pub number: String,
}

/// One relative.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MemberKey {
    /// Code of the relation.
    #[n(1)]
    pub relation: String,
    /// Given name.
    #[n(2)]
    pub given: NameKey,
    /// Birth date.
    #[n(3)]
    pub birth: Option<PartialDate>,
    /// National number.
    #[n(4)]
    pub national_number: Option<String>,
}
