//! Fault scripts: what goes wrong at which attempt, so that stories and demonstrations repeat exactly.
//!
//! In: `left_four=three_fingers,good; portrait=unplugged; place=no_fix`, or the same by [`Script::on`] and
//! [`Script::on_place`]. Out: the fault of an attempt.
//! Never: random. An attempt that the script does not name is good.

use std::collections::BTreeMap;
use std::str::FromStr;

use qayd_model::{FingerPosition, SampleKind, Slap};

use crate::capture::{CaptureTarget, Modality};

/// How one attempt goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing goes wrong.
    Good,
    /// Every finger is very dry: broken ridges.
    Dry,
    /// Half of one finger is off the platen.
    Partial,
    /// The other hand is laid down; of thumbs, crossed.
    SwappedHand,
    /// One of the four fingers is lifted.
    ThreeFingers,
    /// In a slap one finger is seen twice; of single fingers, the finger of the attempt before is laid down again.
    SameFingerTwice,
    /// The cable is out when the attempt begins.
    Unplugged,
    /// The cable is pulled after the second preview.
    UnpluggedMidCapture,
    /// Nothing lies on the device for so many milliseconds.
    Slow(u32),
    /// Another program holds the device.
    Busy,
}

/// The place among the targets of a script.
const PLACE: &str = "place";
/// How long `slow` without a number is: longer than the usual time-out of 10 s.
const SLOW_MS: u32 = 15_000;

impl Fault {
    /// Whether it can happen to this target: a face is never dry, a single finger never three.
    pub const fn applies_to(self, target: &CaptureTarget) -> bool {
        match self {
            Self::Good
            | Self::Unplugged
            | Self::UnpluggedMidCapture
            | Self::Slow(_)
            | Self::Busy => true,
            Self::ThreeFingers => {
                matches!(
                    target,
                    CaptureTarget::Slap(Slap::LeftFour | Slap::RightFour)
                )
            }
            Self::Dry | Self::Partial | Self::SwappedHand | Self::SameFingerTwice => {
                matches!(target.modality(), Modality::Slap | Modality::Finger)
            }
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "good" => Self::Good,
            "dry" => Self::Dry,
            "partial" => Self::Partial,
            "swapped_hand" => Self::SwappedHand,
            "three_fingers" => Self::ThreeFingers,
            "same_finger_twice" => Self::SameFingerTwice,
            "unplugged" => Self::Unplugged,
            "unplugged_mid_capture" => Self::UnpluggedMidCapture,
            "slow" => Self::Slow(SLOW_MS),
            "busy" => Self::Busy,
            _ => Self::Slow(text.strip_prefix("slow:")?.parse().ok()?),
        })
    }
}

/// How the simulated receiver of places answers one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PlaceFault {
    /// It knows where it is.
    Good,
    /// It is there and sees too few satellites.
    NoFix,
    /// It is not there.
    Unplugged,
}

impl PlaceFault {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "good" => Self::Good,
            "no_fix" => Self::NoFix,
            "unplugged" => Self::Unplugged,
            _ => return None,
        })
    }
}

/// The faults of each target, attempt by attempt, and of the place, look by look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    faults: BTreeMap<CaptureTarget, Vec<Fault>>,
    places: Vec<PlaceFault>,
}

impl Script {
    /// A script in which nothing goes wrong.
    pub fn good() -> Self {
        Self::default()
    }

    /// Sets how the attempts of a target go, the first first; those after the last are good.
    pub fn on(
        mut self,
        target: impl Into<CaptureTarget>,
        faults: impl IntoIterator<Item = Fault>,
    ) -> Result<Self, ScriptError> {
        let target = target.into();
        let faults: Vec<Fault> = faults.into_iter().collect();
        if let Some(fault) = faults.iter().find(|f| !f.applies_to(&target)) {
            return Err(ScriptError::DoesNotApply {
                fault: *fault,
                target,
            });
        }
        self.faults.insert(target, faults);
        Ok(self)
    }

    /// Sets what the looks for the place find, the first first; those after the last find it.
    pub fn on_place(mut self, faults: impl IntoIterator<Item = PlaceFault>) -> Self {
        self.places = faults.into_iter().collect();
        self
    }

    /// What a look for the place finds; `look` counts from 1.
    pub fn place(&self, look: usize) -> PlaceFault {
        look.checked_sub(1)
            .and_then(|at| self.places.get(at))
            .copied()
            .unwrap_or(PlaceFault::Good)
    }

    /// How an attempt of a target goes; `attempt` counts from 1.
    pub fn fault(&self, target: &CaptureTarget, attempt: u16) -> Fault {
        self.faults
            .get(target)
            .and_then(|faults| faults.get(usize::from(attempt).checked_sub(1)?))
            .copied()
            .unwrap_or(Fault::Good)
    }
}

/// Why a script cannot be played.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// A piece is not `target=fault,fault`.
    #[error("`{piece}` is not of the form target=fault,fault")]
    NotAPiece {
        /// The piece.
        piece: String,
    },
    /// No such target.
    #[error("`{name}` is not a slap, a finger, portrait, exception_photo or place")]
    UnknownTarget {
        /// As written.
        name: String,
    },
    /// No such fault.
    #[error("`{name}` is not a fault")]
    UnknownFault {
        /// As written.
        name: String,
    },
    /// This cannot happen to that.
    #[error("{fault:?} cannot happen to {target}")]
    DoesNotApply {
        /// The fault.
        fault: Fault,
        /// The target.
        target: CaptureTarget,
    },
}

/// `left_four=three_fingers,good; right_thumb=dry; portrait=busy`. Spaces are free; empty text is a good script.
impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(';')
            .map(str::trim)
            .filter(|piece| !piece.is_empty())
            .try_fold(Self::default(), |script, piece| {
                let (name, faults) =
                    piece
                        .split_once('=')
                        .ok_or_else(|| ScriptError::NotAPiece {
                            piece: piece.to_owned(),
                        })?;
                if name.trim() == PLACE {
                    return Ok(script.on_place(each(faults, PlaceFault::parse)?));
                }
                let target = target(name.trim())?;
                script.on(target, each(faults, Fault::parse)?)
            })
    }
}

/// Faults as written, parted by commas.
fn each<T>(faults: &str, parse: fn(&str) -> Option<T>) -> Result<Vec<T>, ScriptError> {
    faults
        .split(',')
        .map(str::trim)
        .map(|name| {
            parse(name).ok_or_else(|| ScriptError::UnknownFault {
                name: name.to_owned(),
            })
        })
        .collect()
}

fn target(name: &str) -> Result<CaptureTarget, ScriptError> {
    let named = match name {
        "portrait" => Some(CaptureTarget::Sample(SampleKind::Portrait)),
        "exception_photo" => Some(CaptureTarget::Sample(SampleKind::ExceptionPhoto)),
        "thumb_mark" => Some(CaptureTarget::Sample(SampleKind::ThumbMark)),
        _ => Slap::ALL
            .into_iter()
            .map(CaptureTarget::Slap)
            .find(|t| t.to_string() == name)
            .or_else(|| FingerPosition::from_name(name).map(CaptureTarget::from)),
    };
    named.ok_or_else(|| ScriptError::UnknownTarget {
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_names_the_fault_of_each_attempt_and_then_all_is_good() {
        let script: Script = " left_four = three_fingers, good,slow:300 ; portrait=busy;"
            .parse()
            .unwrap();
        let left = CaptureTarget::Slap(Slap::LeftFour);
        let faults: Vec<_> = (0..6).map(|n| script.fault(&left, n)).collect();
        let expected = [
            Fault::Good,
            Fault::ThreeFingers,
            Fault::Good,
            Fault::Slow(300),
            Fault::Good,
            Fault::Good,
        ];
        assert_eq!(faults, expected);
        assert_eq!(
            script.fault(&CaptureTarget::Sample(SampleKind::Portrait), 1),
            Fault::Busy
        );
        assert_eq!("".parse(), Ok(Script::good()));
    }

    #[test]
    fn a_script_says_what_each_look_for_the_place_finds() {
        let script: Script = "place=unplugged, no_fix,good".parse().unwrap();
        let found: Vec<_> = (0..5).map(|look| script.place(look)).collect();
        let expected = [
            PlaceFault::Good,
            PlaceFault::Unplugged,
            PlaceFault::NoFix,
            PlaceFault::Good,
            PlaceFault::Good,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_cannot_happen_is_not_a_script() {
        for (text, expected) in [
            ("place=dry", "UnknownFault"),
            ("portrait=dry", "DoesNotApply"),
            ("thumbs=three_fingers", "DoesNotApply"),
            ("left_thumb=three_fingers", "DoesNotApply"),
            ("left_five=dry", "UnknownTarget"),
            ("left_four=wet", "UnknownFault"),
            ("left_four=slow:soon", "UnknownFault"),
            ("left_four", "NotAPiece"),
        ] {
            let error = text.parse::<Script>().expect_err(text);
            assert!(
                format!("{error:?}").starts_with(expected),
                "{text}: {error:?}"
            );
        }
    }
}
