//! Finger: the verdict on one picture of one finger.
//!
//! In: [`GreyImage`] of one finger, thresholds of the policy. Out: [`AssessedFinger`] with verdict, score and template.
//! Never: fails because a finger is poor.

use qayd_fingerprint::{ExtractError, GreyImage, Quality, QualityReason, Template, extract};
use qayd_model::FingerPosition;
use qayd_protocol::Policy;

use super::{Advice, Verdict};

/// From which score on a finger is good, and below which it is not usable (0 to 100, FIELD.md §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FingerThresholds {
    /// Thumb, index and middle finger.
    pub good: u8,
    /// Ring and little finger, which are smaller and press less.
    pub good_small: u8,
    /// Any finger.
    pub usable: u8,
}

impl FingerThresholds {
    /// The policy's least quality for the large fingers, ten less for the small, half of it as usable.
    pub const fn of_policy(policy: &Policy) -> Self {
        Self {
            good: policy.finger_quality_min,
            good_small: policy.finger_quality_min.saturating_sub(10),
            usable: policy.finger_quality_min / 2,
        }
    }

    /// From which score on this finger is good.
    pub const fn good_for(&self, position: FingerPosition) -> u8 {
        match (position.code() - 1) % 5 {
            3 | 4 => self.good_small,
            _ => self.good,
        }
    }
}

impl Default for FingerThresholds {
    fn default() -> Self {
        Self {
            good: 40,
            good_small: 30,
            usable: 20,
        }
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

/// Judges one picture of one finger. About 20 ms.
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
    } else if value >= thresholds.usable {
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
