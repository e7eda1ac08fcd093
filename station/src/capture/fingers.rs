//! Fingers: one person's ten fingers over all attempts.
//!
//! In: one attempt's [`RawSample`]s. Out: [`AttemptReport`]. Owns: the best attempt of each finger and the counts.
//! Never: touches a device or the draft; `run` does.

use std::collections::BTreeMap;

use qayd_devices::{CaptureTarget, MediaType, RawSample, expected_fingers};
use qayd_fingerprint::{
    GreyImage, HandMatch, ImageError, SAME_FINGER_IN_SESSION, SlapError, Template, hand_check,
    hand_swapped, match_score, segment_slap_without,
};
use qayd_model::pack::FingersPolicy;
use qayd_model::{FingerPosition, PersonalBytes, Ppi, QualityScore, Slap};
use qayd_protocol::Policy;

use super::CaptureError;
use super::choose::{AttemptReport, ChosenFinger, Conclusion, FingerReport};
use super::record::{Accounting, FingerNote, Note, TargetNote};
use crate::quality::{Advice, AssessedFinger, FingerThresholds, Verdict, assess_finger};

/// Two good attempts at one finger that score below this are not of one finger: one pair of different fingers in four
/// scores higher by chance, one's own finger practically always.
const OTHER_FINGER_BELOW: u16 = 60;

/// How much is asked of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptureLimits {
    /// Attempts of one target in one transaction, 1 and up.
    pub attempts_max: u16,
    /// When a finger is good.
    pub fingers: FingerThresholds,
}

impl CaptureLimits {
    /// The first attempt and the retries. A pack's marks come before those of the policy; it may ask for fewer retries,
    /// never for more.
    pub fn of(policy: &Policy, pack: Option<&FingersPolicy>) -> Self {
        let retries = pack.map_or(policy.retries_max, |p| {
            p.retries_max.min(policy.retries_max)
        });
        let fingers = pack.map_or_else(
            || FingerThresholds::of_policy(policy),
            |pack| FingerThresholds::of_pack(pack, policy),
        );
        Self {
            attempts_max: retries.saturating_add(1),
            fingers,
        }
    }
}

/// What a finger is judged at when neither device nor file states a resolution: that of plain scanners.
/// The sample itself goes on saying that it is not known.
const USUAL_PPI: Ppi = Ppi(500);

fn picture(bytes: &[u8], ppi: Option<Ppi>) -> Result<GreyImage, ImageError> {
    match GreyImage::decode(bytes, ppi) {
        Err(ImageError::NoResolution) => GreyImage::decode(bytes, Some(USUAL_PPI)),
        decoded => decoded,
    }
}

/// One person's fingers.
#[derive(Debug, Clone)]
pub struct FingerCapture {
    limits: CaptureLimits,
    missing: Vec<FingerPosition>,
    kept: BTreeMap<FingerPosition, Kept>,
    counts: BTreeMap<CaptureTarget, Accounting>,
}

#[derive(Debug, Clone)]
struct Kept {
    verdict: Verdict,
    score: QualityScore,
    template: Template,
    attempts: u16,
}

/// A finger of this attempt, judged.
struct Seen {
    position: FingerPosition,
    assessed: AssessedFinger,
    bytes: PersonalBytes,
    media_type: MediaType,
    ppi: Option<Ppi>,
    same_as: Option<FingerPosition>,
}

impl FingerCapture {
    /// Nothing captured yet. `missing` are the fingers declared so.
    pub fn begin(limits: CaptureLimits, missing: Vec<FingerPosition>) -> Self {
        Self {
            limits,
            missing,
            kept: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }

    /// Fingers declared missing.
    pub fn missing(&self) -> &[FingerPosition] {
        &self.missing
    }

    /// A finger was declared missing, or is there after all.
    pub fn set_missing(&mut self, missing: Vec<FingerPosition>) {
        self.kept.retain(|position, _| !missing.contains(position));
        self.missing = missing;
    }

    /// Attempts of a target so far.
    pub fn counts(&self, target: &CaptureTarget) -> Accounting {
        self.counts.get(target).copied().unwrap_or_default()
    }

    /// Attempts of a target that are left in this transaction.
    pub fn attempts_left(&self, target: &CaptureTarget) -> u16 {
        self.limits
            .attempts_max
            .saturating_sub(self.counts(target).attempts_now)
    }

    /// Begins a new transaction of a target: what was kept of its fingers is forgotten, the counts stay. For when the
    /// first attempt turns out to have been of the wrong hand; the caller removes the samples from the draft.
    pub fn begin_anew(&mut self, target: &CaptureTarget) -> Vec<FingerPosition> {
        let fingers = expected_fingers(target, &self.missing);
        self.kept.retain(|position, _| !fingers.contains(position));
        self.counts.entry(target.clone()).or_default().attempts_now = 0;
        fingers
    }

    /// How it stands with a finger that `target` asks for.
    pub fn conclude(&self, target: &CaptureTarget, position: FingerPosition) -> Conclusion {
        if self.missing.contains(&position) {
            return Conclusion::Excepted;
        }
        let exhausted = self.attempts_left(target) == 0;
        match self.kept.get(&position).map(|kept| kept.verdict) {
            Some(Verdict::Good) => Conclusion::Good,
            Some(Verdict::Acceptable(advice) | Verdict::Retry(advice)) if exhausted => {
                Conclusion::AcceptedWithReason(advice)
            }
            None if exhausted => Conclusion::NeedsException(None),
            other => Conclusion::TryAgain(other.and_then(Verdict::advice)),
        }
    }

    /// Whether anything of this target is left to ask for.
    pub fn is_done(&self, target: &CaptureTarget) -> bool {
        expected_fingers(target, &self.missing)
            .iter()
            .all(|p| self.conclude(target, *p).is_final())
    }

    fn count(&mut self, target: &CaptureTarget) -> &mut Accounting {
        let counts = self.counts.entry(target.clone()).or_default();
        if counts.attempts_now == 0 {
            counts.transactions = counts.transactions.saturating_add(1);
        }
        counts.attempts = counts.attempts.saturating_add(1);
        counts.attempts_now = counts.attempts_now.saturating_add(1);
        counts
    }

    /// An attempt that gave nothing.
    pub fn failed_to_acquire(&mut self, target: &CaptureTarget) -> AttemptReport {
        let counts = self.count(target);
        counts.failures_to_acquire = counts.failures_to_acquire.saturating_add(1);
        self.report(target, Some(Advice::NothingThere), Vec::new())
    }

    /// Judges one attempt and keeps what is better than before.
    ///
    /// # Errors
    /// [`CaptureError::NoTryLeft`]; [`CaptureError::Image`] and [`CaptureError::Finger`] when the device gave no
    /// picture. The attempt counts, except for the first.
    pub fn judge(
        &mut self,
        target: &CaptureTarget,
        samples: Vec<RawSample>,
    ) -> Result<AttemptReport, CaptureError> {
        if self.attempts_left(target) == 0 {
            return Err(CaptureError::NoTryLeft);
        }
        let counts = self.count(target);
        counts.presentations = counts.presentations.saturating_add(1);

        let mut seen = Vec::new();
        for sample in samples {
            match sample.target {
                CaptureTarget::Slap(slap) => match self.cut(slap, &sample)? {
                    Ok(fingers) => seen.extend(fingers),
                    Err(problem) => return Ok(self.report(target, Some(problem), Vec::new())),
                },
                _ => seen.extend(self.single(sample)?),
            }
        }
        if seen.is_empty() {
            return Ok(self.report(target, Some(Advice::NothingThere), Vec::new()));
        }
        if self.is_other_hand(target, &seen) {
            return Ok(self.report(target, Some(Advice::WrongHand), Vec::new()));
        }
        self.compare(&mut seen);
        Ok(self.report(target, None, seen))
    }

    /// The fingers of a slap, or what is wrong with the slap as a whole.
    fn cut(
        &self,
        slap: Slap,
        sample: &RawSample,
    ) -> Result<Result<Vec<Seen>, Advice>, CaptureError> {
        let image = picture(sample.bytes.expose(), sample.ppi)?;
        let expected = expected_fingers(&CaptureTarget::Slap(slap), &self.missing).len();
        let fingers = match segment_slap_without(&image, slap, &self.missing) {
            Ok(fingers) => fingers,
            Err(SlapError::NoFinger) => return Ok(Err(Advice::NothingThere)),
            Err(SlapError::TooMany(_)) => return Ok(Err(Advice::TooManyFingers)),
            Err(SlapError::Image(source)) => return Err(source.into()),
            Err(_) => return Ok(Err(Advice::Unclear)),
        };
        if fingers.len() != expected {
            let few = fingers.len() < expected;
            return Ok(Err(if few {
                Advice::TooFewFingers
            } else {
                Advice::TooManyFingers
            }));
        }
        let hand = slap.fingers().first().map(|p| p.hand());
        if slap != Slap::Thumbs && hand.is_some_and(|hand| hand_check(&fingers).contradicts(hand)) {
            return Ok(Err(Advice::WrongHand));
        }
        let mut seen = Vec::with_capacity(fingers.len());
        for finger in fingers {
            let Some(position) = finger.position else {
                return Ok(Err(Advice::TooFewFingers));
            };
            seen.push(Seen {
                position,
                assessed: assess_finger(position, &finger.image, &self.limits.fingers)?,
                bytes: PersonalBytes::new(finger.image.encode_png()?),
                media_type: MediaType::Png,
                ppi: Some(finger.image.ppi),
                same_as: None,
            });
        }
        Ok(Ok(seen))
    }

    fn single(&self, sample: RawSample) -> Result<Option<Seen>, CaptureError> {
        let Some(position) = sample.fingers.first().copied() else {
            return Ok(None);
        };
        let image = picture(sample.bytes.expose(), sample.ppi)?;
        let assessed = assess_finger(position, &image, &self.limits.fingers)?;
        Ok(Some(Seen {
            position,
            assessed,
            bytes: sample.bytes,
            media_type: sample.media_type,
            ppi: sample.ppi,
            same_as: None,
        }))
    }

    /// Of several fingers laid down together: do they match the other hand?
    fn is_other_hand(&self, target: &CaptureTarget, seen: &[Seen]) -> bool {
        if !matches!(
            target,
            CaptureTarget::Slap(Slap::LeftFour | Slap::RightFour)
        ) {
            return false;
        }
        let known: Vec<_> = self
            .kept
            .iter()
            .map(|(p, k)| (*p, k.template.clone()))
            .collect();
        let new: Vec<_> = seen
            .iter()
            .map(|s| (s.position, s.assessed.template.clone()))
            .collect();
        hand_swapped(&known, &new) == HandMatch::Swapped
    }

    /// Every finger of this attempt against every other and against all that were kept.
    fn compare(&self, seen: &mut [Seen]) {
        for i in 0..seen.len() {
            let this = &seen[i];
            let among_themselves = seen.iter().enumerate().filter(|(j, other)| {
                *j != i
                    && other.position != this.position
                    && match_score(&this.assessed.template, &other.assessed.template)
                        >= SAME_FINGER_IN_SESSION
            });
            let before = self.kept.iter().filter(|(position, kept)| {
                **position != this.position
                    && match_score(&this.assessed.template, &kept.template)
                        >= SAME_FINGER_IN_SESSION
            });
            let same_as = before
                .map(|(p, _)| *p)
                .chain(among_themselves.map(|(_, o)| o.position))
                .next();
            let usable = |verdict: Verdict| verdict.rank() > 0;
            let other = self.kept.get(&this.position).is_some_and(|kept| {
                usable(kept.verdict)
                    && usable(this.assessed.verdict)
                    && match_score(&this.assessed.template, &kept.template).value()
                        < OTHER_FINGER_BELOW
            });
            let finger = &mut seen[i];
            finger.same_as = same_as;
            if same_as.is_some() {
                finger.assessed.verdict = Verdict::Retry(Advice::SameFinger);
            } else if other {
                finger.assessed.verdict = Verdict::Retry(Advice::OtherFinger);
            }
        }
    }

    fn report(
        &mut self,
        target: &CaptureTarget,
        problem: Option<Advice>,
        seen: Vec<Seen>,
    ) -> AttemptReport {
        let attempts = self.counts(target).attempts;
        let mut fingers = Vec::new();
        let mut chosen = Vec::new();
        for finger in seen {
            let Seen {
                position,
                assessed,
                bytes,
                media_type,
                ppi,
                same_as,
            } = finger;
            let AssessedFinger {
                verdict,
                quality,
                template,
            } = assessed;
            let kept = self.keeps(position, verdict, quality.score.value);
            fingers.push(FingerReport {
                position,
                verdict,
                score: quality.score.clone(),
                kept,
                same_as,
            });
            if kept {
                let score = quality.score;
                self.kept.insert(
                    position,
                    Kept {
                        verdict,
                        score: score.clone(),
                        template,
                        attempts,
                    },
                );
                chosen.push(ChosenFinger {
                    position,
                    bytes,
                    media_type,
                    ppi,
                    score,
                    attempts,
                });
            }
        }
        AttemptReport {
            attempt: attempts,
            attempts_left: self.attempts_left(target),
            problem,
            fingers,
            chosen,
        }
    }

    /// Whether this attempt goes in the place of what is kept. What is not this finger, or no finger, never does; a
    /// poor one does when there is nothing better, because a poor print of a living person is more than none.
    fn keeps(&self, position: FingerPosition, verdict: Verdict, score: u8) -> bool {
        let never = [
            Advice::NothingThere,
            Advice::SameFinger,
            Advice::OtherFinger,
            Advice::WrongHand,
        ];
        if verdict.rank() == 0
            && verdict
                .advice()
                .is_some_and(|advice| never.contains(&advice))
        {
            return false;
        }
        self.kept
            .get(&position)
            .is_none_or(|kept| (verdict.rank(), score) > (kept.verdict.rank(), kept.score.value))
    }

    /// The fingers kept so far, with what they are compared by.
    pub fn templates(&self) -> Vec<(FingerPosition, Template)> {
        self.kept
            .iter()
            .map(|(p, kept)| (*p, kept.template.clone()))
            .collect()
    }

    pub(super) fn note(&self) -> Note {
        Note {
            targets: self
                .counts
                .iter()
                .map(|(t, counts)| TargetNote::of(t, *counts))
                .collect(),
            fingers: self
                .kept
                .iter()
                .map(|(position, kept)| FingerNote {
                    position: *position,
                    advice: kept.verdict.advice(),
                    usable: kept.verdict.rank() > 0,
                    score: kept.score.clone(),
                    template: kept.template.to_bytes().into(),
                    attempts: kept.attempts,
                })
                .collect(),
        }
    }

    pub(super) fn restore(&mut self, note: &Note) {
        for target in &note.targets {
            if let Some(key) = target.target() {
                self.counts.insert(key, target.counts);
            }
        }
        for finger in &note.fingers {
            let Ok(template) = Template::from_bytes(&finger.template) else {
                continue;
            };
            let verdict = match (finger.advice, finger.usable) {
                (None, _) => Verdict::Good,
                (Some(advice), true) => Verdict::Acceptable(advice),
                (Some(advice), false) => Verdict::Retry(advice),
            };
            let kept = Kept {
                verdict,
                score: finger.score.clone(),
                template,
                attempts: finger.attempts,
            };
            self.kept.insert(finger.position, kept);
        }
    }

    pub(super) fn forget(&mut self, position: FingerPosition) {
        self.kept.remove(&position);
    }

    pub(super) fn holds(&self, position: FingerPosition) -> bool {
        self.kept.contains_key(&position)
    }

    /// Takes a finger over from the draft, whose note was lost between the sample and the note.
    pub(super) fn take_over(
        &mut self,
        position: FingerPosition,
        bytes: &PersonalBytes,
        ppi: Option<u16>,
        attempts: u16,
    ) -> Result<(), CaptureError> {
        let image = picture(bytes.expose(), ppi.map(Ppi))?;
        let assessed = assess_finger(position, &image, &self.limits.fingers)?;
        let (verdict, score) = (assessed.verdict, assessed.quality.score);
        self.kept.insert(
            position,
            Kept {
                verdict,
                score,
                template: assessed.template,
                attempts,
            },
        );
        Ok(())
    }
}
