//! Reasons: what a look at a picture gives an officer to say.
//!
//! In: `Look`. Out: reasons, worst first. Owns: the marks between good enough and not.
//! Never: a score. The marks were set on synthetic impressions; `docs/quality.md` has the rates on them.

use super::QualityReason;
use super::look::Look;

/// What the picture should show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PictureOf {
    /// One finger, in the middle.
    Finger,
    /// Up to four fingers of a hand or two thumbs, coming in from below.
    Slap,
}

/// Below this area nothing counts as a finger, mm².
pub(super) const FINGER_AREA_MIN: f32 = 20.0;
/// Below this area one finger is partial, mm².
const WHOLE_AREA_MIN: f32 = 105.0;
/// Below this area two thumbs are partial; a slap of four has more.
const SLAP_AREA_MIN: f32 = 180.0;
/// A finger nearer to the picture's middle than this is centred, mm.
const CENTRE_MM: f32 = 2.6;
/// One further away than that is off centre when the picture's edge cuts more than this share of its outline.
const CUT_MAX: f32 = 0.05;
/// One further away than this always is, mm.
const FAR_MM: f32 = 5.0;
/// A slap's middle may be further to the left or right than one finger's.
const SLAP_CENTRE_MM: f32 = 12.0;
/// Less than this from ink to paper is hardly a picture, grey levels.
const RANGE_MIN: f32 = 65.0;
/// More of the finger than this is dark: valleys have filled.
const FILL_MAX: f32 = 0.70;
/// Less of it than this is dark ...
const FILL_MIN: f32 = 0.38;
/// ... and its gradients agree less than this: ridges have broken up.
const BROKEN_COHERENCE: f32 = 0.54;
/// Less contrast than this, in shares of the range: ridges and valleys have been wiped together.
const CONTRAST_MIN: f32 = 0.18;
/// Gradients that agree less than this follow no ridge.
const COHERENCE_MIN: f32 = 0.28;

pub(crate) fn reasons(look: &Look, of: PictureOf) -> Vec<QualityReason> {
    if look.area_mm2 < FINGER_AREA_MIN {
        return vec![QualityReason::NoFinger];
    }
    let mut reasons = Vec::new();
    if look.fill > FILL_MAX {
        reasons.push(QualityReason::TooWet);
    } else if look.paper - look.ink < RANGE_MIN {
        reasons.push(QualityReason::TooLight);
    } else if look.contrast < CONTRAST_MIN || look.coherence < COHERENCE_MIN {
        reasons.push(QualityReason::Smudged);
    } else if look.fill < FILL_MIN && look.coherence < BROKEN_COHERENCE {
        reasons.push(QualityReason::TooDry);
    }
    let (area_min, off_centre) = match of {
        PictureOf::Finger => {
            let (dx, dy) = look.offset_mm;
            let off = dx.hypot(dy);
            let cut_off = off > CENTRE_MM && look.cut > CUT_MAX;
            (WHOLE_AREA_MIN, cut_off || off > FAR_MM)
        }
        PictureOf::Slap => (SLAP_AREA_MIN, look.offset_mm.0.abs() > SLAP_CENTRE_MM),
    };
    if look.area_mm2 < area_min {
        reasons.push(QualityReason::Partial);
    }
    if off_centre {
        reasons.push(QualityReason::OffCentre);
    }
    reasons
}
