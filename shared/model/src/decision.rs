//! The way back: what the centre decided about one packet.
//!
//! In: a reviewer's act at the centre. Out: what the station shows and does next.
//! Never: free of a reason where a person has to act on it.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{EnrolmentId, FingerPosition, PersonalText};

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The enrolment is accepted; orders go out.
    #[n(0)]
    Accepted,
    /// Something has to be put right; the station opens a new version of the same enrolment.
    #[n(1)]
    Returned(#[n(0)] Return),
    /// It will not be accepted.
    #[n(2)]
    Rejected {
        /// Code of the table `rejection-reasons`.
        #[n(0)]
        reason: String,
        /// What the reviewer added.
        #[n(1)]
        note: Option<PersonalText>,
    },
    /// The person is already enrolled; this enrolment joins the other.
    #[n(3)]
    SamePerson {
        /// The enrolment it joins.
        #[n(0)]
        as_enrolment: EnrolmentId,
    },
}

impl Decision {
    /// The state's name in reports: `accepted`, `returned`, `rejected`, `same_person`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Returned(_) => "returned",
            Self::Rejected { .. } => "rejected",
            Self::SamePerson { .. } => "same_person",
        }
    }
}

/// What has to be put right.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct Return {
    /// Fields in question.
    #[n(1)]
    pub fields: Vec<ReturnedField>,
    /// Fingers to capture again.
    #[n(2)]
    pub fingers: Vec<FingerPosition>,
    /// Take the portrait again.
    #[n(3)]
    pub portrait: bool,
    /// What the reviewer added.
    #[n(4)]
    pub note: Option<PersonalText>,
}

/// One field in question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct ReturnedField {
    /// Field id of the pack.
    #[n(1)]
    pub field: String,
    /// Code of the table `return-reasons`.
    #[n(2)]
    pub reason: String,
    /// What the reviewer added.
    #[n(3)]
    pub note: Option<PersonalText>,
}
