//! Choose: what one attempt gave, and which of it is kept.
//!
//! In: judged fingers of one attempt. Out: [`AttemptReport`]. Never: prefers a later attempt to a better one.

use qayd_devices::MediaType;
use qayd_model::{FingerPosition, PersonalBytes, Ppi, QualityScore};
use serde::Serialize;

use crate::quality::{Advice, Verdict};

/// What one attempt gave.
#[derive(Debug, Clone, Serialize)]
pub struct AttemptReport {
    /// The attempt's number for this target, from 1.
    pub attempt: u16,
    /// How many are left.
    pub attempts_left: u16,
    /// What is wrong with the presentation as a whole; no finger of it was kept then.
    pub problem: Option<Advice>,
    /// One for each finger that was asked for and seen.
    pub fingers: Vec<FingerReport>,
    /// What is to go into the draft, in place of what is there.
    #[serde(skip)]
    pub chosen: Vec<ChosenFinger>,
}

/// The verdict on one finger of one attempt.
#[derive(Debug, Clone, Serialize)]
pub struct FingerReport {
    /// Which finger.
    pub position: FingerPosition,
    /// The verdict.
    pub verdict: Verdict,
    /// The score of this attempt.
    pub score: QualityScore,
    /// This attempt is the best so far.
    pub kept: bool,
    /// The finger it was captured as before, when that is what is wrong.
    pub same_as: Option<FingerPosition>,
}

/// The best attempt of one finger.
#[derive(Debug, Clone)]
pub struct ChosenFinger {
    /// Which finger.
    pub position: FingerPosition,
    /// The picture: as the device gave it, or its part of the slap as PNG.
    pub bytes: PersonalBytes,
    /// How it is encoded.
    pub media_type: MediaType,
    /// Its resolution, where device or file state it.
    pub ppi: Option<Ppi>,
    /// Its score.
    pub score: QualityScore,
    /// Attempts made for this finger so far.
    pub attempts: u16,
}

/// How it stands with one finger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "conclusion", content = "advice")]
pub enum Conclusion {
    /// Good.
    Good,
    /// The tries are used up; the best attempt is taken with its reason.
    AcceptedWithReason(Advice),
    /// There is still something to try.
    TryAgain(Option<Advice>),
    /// The tries are used up and nothing can be kept: an exception with a supervisor.
    NeedsException(Option<Advice>),
    /// Declared missing.
    Excepted,
}

impl Conclusion {
    /// Nothing more is asked of this finger.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::TryAgain(_))
    }
}
