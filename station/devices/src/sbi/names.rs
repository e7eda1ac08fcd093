//! The names of the specification for fingers and eyes, and the sub-devices that capture them.
//!
//! In: `Left IndexFinger`, `Right`. Out: [`FingerPosition`], [`Eye`]. Never: guesses; a name is spelt exactly or unknown.

use qayd_model::{FingerPosition, Slap};
use serde::Serialize;

use crate::profile::SlapSubIds;

/// One eye of a person, as the person has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Eye {
    Left,
    Right,
}

impl Eye {
    /// As in `bioSubType`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Left => "Left",
            Self::Right => "Right",
        }
    }

    /// The eye of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Left, Self::Right]
            .into_iter()
            .find(|eye| eye.name() == name)
    }
}

/// The name of a finger, as in `bioSubType` and `exception`.
pub(super) const fn finger_name(position: FingerPosition) -> &'static str {
    match position {
        FingerPosition::RightThumb => "Right Thumb",
        FingerPosition::RightIndex => "Right IndexFinger",
        FingerPosition::RightMiddle => "Right MiddleFinger",
        FingerPosition::RightRing => "Right RingFinger",
        FingerPosition::RightLittle => "Right LittleFinger",
        FingerPosition::LeftThumb => "Left Thumb",
        FingerPosition::LeftIndex => "Left IndexFinger",
        FingerPosition::LeftMiddle => "Left MiddleFinger",
        FingerPosition::LeftRing => "Left RingFinger",
        FingerPosition::LeftLittle => "Left LittleFinger",
    }
}

/// The finger of a name.
pub(super) fn finger_from_name(name: &str) -> Option<FingerPosition> {
    FingerPosition::ALL
        .into_iter()
        .find(|position| finger_name(*position) == name)
}

/// The presentation of the 4-4-2 sequence that shows a finger.
pub(super) fn slap_of(position: FingerPosition) -> Slap {
    Slap::ALL
        .into_iter()
        .find(|slap| slap.fingers().contains(&position))
        .unwrap_or(Slap::Thumbs)
}

/// `deviceSubId` of a presentation: as the profile says, else as the specification does (1 left, 2 right, 3 thumbs).
pub(super) fn sub_id_of(slap: Slap, profile: Option<&SlapSubIds>) -> u8 {
    match (slap, profile) {
        (Slap::LeftFour, Some(ids)) => ids.left4,
        (Slap::RightFour, Some(ids)) => ids.right4,
        (Slap::Thumbs, Some(ids)) => ids.thumbs,
        (Slap::LeftFour, None) => 1,
        (Slap::RightFour, None) => 2,
        (Slap::Thumbs, None) => 3,
    }
}

/// `deviceSubId` of eyes: 1 left, 2 right, 3 both.
pub(super) fn eye_sub_id(eyes: &[Eye]) -> u8 {
    match eyes {
        [Eye::Left] => 1,
        [Eye::Right] => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_and_no_other_spelling_does() {
        for position in FingerPosition::ALL {
            assert_eq!(finger_from_name(finger_name(position)), Some(position));
            assert!(slap_of(position).fingers().contains(&position));
        }
        for name in [
            "",
            "Left Index",
            "left indexfinger",
            "UNKNOWN",
            "Left Thumb ",
        ] {
            assert_eq!(finger_from_name(name), None, "{name}");
        }
        assert_eq!(Eye::from_name("Left"), Some(Eye::Left));
        assert_eq!(Eye::from_name("left"), None);
    }

    #[test]
    fn sub_devices_are_those_of_the_specification_unless_a_profile_says_otherwise() {
        let ids = SlapSubIds {
            left4: 7,
            right4: 8,
            thumbs: 9,
        };
        assert_eq!(
            Slap::ALL
                .map(|s| sub_id_of(s, Some(&ids)))
                .iter()
                .sum::<u8>(),
            24
        );
        assert_eq!(sub_id_of(Slap::LeftFour, None), 1);
        assert_eq!(sub_id_of(Slap::RightFour, None), 2);
        assert_eq!(sub_id_of(Slap::Thumbs, None), 3);
        assert_eq!(eye_sub_id(&[Eye::Left, Eye::Right]), 3);
    }
}
