//! Finger: the verdict on one picture of one finger.
//!
//! In: [`GreyImage`] of one finger, thresholds of the policy. Out: [`AssessedFinger`] with verdict, score and template.
//! Never: fails because a finger is poor.

use qayd_fingerprint::{ExtractError, GreyImage, Quality, QualityReason, Template, extract};
use qayd_model::FingerPosition;
use qayd_model::pack::FingersPolicy;
use qayd_protocol::Policy;

use super::{Advice, Verdict};

/// From which score on a finger is good, and below which it is hardly usable (0 to 100).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FingerThresholds {
    good: [u8; 10],
    usable: [u8; 10],
}

impl FingerThresholds {
    /// One mark for thumb, index and middle finger, one for ring and little finger, which are smaller and press less,
    /// and one below which any finger is hardly usable.
    pub const fn new(good: u8, good_small: u8, usable: u8) -> Self {
        let (g, s) = (good, good_small);
        Self {
            good: [g, g, g, s, s, g, g, g, s, s],
            usable: [usable; 10],
        }
    }

    /// The policy's least quality for the large fingers, ten less for the small, half of it as usable.
    pub const fn of_policy(policy: &Policy) -> Self {
        let least = policy.finger_quality_min;
        Self::new(least, least.saturating_sub(10), least / 2)
    }

    /// The marks of a pack where it has some, else those of the policy.
    pub fn of_pack(pack: &FingersPolicy, policy: &Policy) -> Self {
        let mut marks = Self::of_policy(policy);
        for position in FingerPosition::ALL {
            if let Some(mark) = pack.mark(position) {
                marks.good[index(position)] = mark.accept;
                marks.usable[index(position)] = mark.floor;
            }
        }
        marks
    }

    /// From which score on this finger is good.
    pub fn good_for(&self, position: FingerPosition) -> u8 {
        self.good[index(position)]
    }

    /// Below which score this finger is hardly usable.
    pub fn usable_for(&self, position: FingerPosition) -> u8 {
        self.usable[index(position)]
    }
}

/// Codes go from 1 to 10.
fn index(position: FingerPosition) -> usize {
    usize::from(position.code()) - 1
}

impl Default for FingerThresholds {
    fn default() -> Self {
        Self::new(40, 30, 20)
    }
}

/// One finger as it was judged.
#[derive(Debug, Clone)]
pub struct AssessedFinger {
    /// The verdict of this picture alone.
    pub verdict: Verdict,
    /// Score, reasons and area.
    pub quality: Quality,
    /// What fingers are compared by.
    pub template: Template,
}

/// Judges one picture of one finger. About 10 ms in a release build.
///
/// # Errors
/// [`ExtractError`] when the picture cannot be one of a finger: too large, too small, at no resolution.
pub fn assess_finger(
    position: FingerPosition,
    image: &GreyImage,
    thresholds: &FingerThresholds,
) -> Result<AssessedFinger, ExtractError> {
    let found = extract(image)?;
    let advice = found
        .quality
        .reasons
        .first()
        .map_or(Advice::Unclear, |reason| advice_of(*reason));
    let value = found.quality.score.value;
    let verdict = if found.quality.reasons.contains(&QualityReason::NoFinger) {
        Verdict::Retry(Advice::NothingThere)
    } else if value >= thresholds.good_for(position) {
        Verdict::Good
    } else if value >= thresholds.usable_for(position) {
        Verdict::Acceptable(advice)
    } else {
        Verdict::Retry(advice)
    };
    Ok(AssessedFinger {
        verdict,
        quality: found.quality,
        template: found.template,
    })
}

fn advice_of(reason: QualityReason) -> Advice {
    match reason {
        QualityReason::TooDry | QualityReason::TooLight => Advice::TooDry,
        QualityReason::TooWet => Advice::TooWet,
        QualityReason::OffCentre | QualityReason::Partial => Advice::PlaceMore,
        QualityReason::NoFinger => Advice::NothingThere,
        _ => Advice::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use qayd_fingerprint::synthetic::{ImpressionSettings, SyntheticPerson, impression};
    use qayd_model::Ppi;

    use super::*;

    #[test]
    fn an_everyday_finger_is_good_and_an_empty_platen_is_nothing() {
        let limits = FingerThresholds::default();
        let person = SyntheticPerson::make(11);
        let position = FingerPosition::RightIndex;
        let good = assess_finger(position, &person.impression(position, 1), &limits).unwrap();
        assert_eq!(good.verdict, Verdict::Good, "{:?}", good.quality);
        let empty = GreyImage::new(320, 420, Ppi(500), vec![252; 320 * 420]).unwrap();
        let nothing = assess_finger(position, &empty, &limits).unwrap();
        assert_eq!(nothing.verdict, Verdict::Retry(Advice::NothingThere));
    }

    #[test]
    fn a_very_dry_finger_scores_below_the_same_finger() {
        let limits = FingerThresholds::default();
        let person = SyntheticPerson::make(12);
        let position = FingerPosition::LeftMiddle;
        let good = assess_finger(position, &person.impression(position, 1), &limits).unwrap();
        let mut settings = ImpressionSettings::natural(1);
        settings.dryness = 0.95;
        let dry = assess_finger(
            position,
            &impression(person.finger(position), &settings),
            &limits,
        )
        .unwrap();
        assert!(dry.quality.score.value < good.quality.score.value);
        assert_ne!(dry.verdict, Verdict::Good);
    }

    #[test]
    fn small_fingers_need_ten_less() {
        let limits = FingerThresholds::default();
        assert_eq!(limits.good_for(FingerPosition::LeftLittle), 30);
        assert_eq!(limits.good_for(FingerPosition::LeftThumb), 40);
    }
}
