//! Native features of ISO/IEC 29794-4: the numbers NFIQ 2 measures of a picture, without its score.
//!
//! In: `GreyImage` of one finger and its minutiae. Out: `NativeFeatures`. Owns: block sizes, limits of the histograms.
//! Never: the NFIQ 2 score; its random forest is not part of this crate. Never: judges.
//!
//!   picture → 500 ppi → near-white frame off ─┬─ whole picture   contrast, foreground
//!                                             ├─ blocks of 32    certainty, coherence
//!                                             ├─ turned blocks   frequency, clarity, uniformity; flow
//!                                             └─ minutiae        counts, grey and certainty around each
//!
//! Source: ISO/IEC 29794-4:2024, clause 6 and the reference implementation NFIQ 2.3.0 of NIST (public domain), whose
//! rounding is followed so that its published conformance values are met. The file of each feature says what it is.

mod blur;
mod certainty;
mod clarity;
mod contrast;
mod foreground;
mod frame;
mod frequency;
mod histogram;
mod minutiae;
mod regions;
mod uniformity;

use qayd_model::Remedy;

use crate::template::Minutia;
use crate::{GreyImage, ImageError};

use certainty::Certainty;
use contrast::Contrast;
use foreground::Foreground;
use frame::Frame;
pub use histogram::Histogram;
use regions::Regions;

/// Side of a local region in pixels at 500 ppi (ISO/IEC 29794-4:2024, 5.1.2).
const REGION_PX: usize = 32;
/// Fewer regions with ridges than this and there is nothing to make a histogram of.
const REGIONS_MIN: usize = 10;
/// Longest side that is measured, pixels at 500 ppi.
const SIDE_PX_MAX: u32 = 2_048;

/// Why a picture has no native features.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NativeFeaturesError {
    /// Its own fields contradict each other, or it is empty.
    #[error("not a usable picture")]
    Image(#[from] ImageError),
    /// More than one finger can be.
    #[error("{width} × {height} pixels at 500 ppi is more than one finger")]
    TooLarge {
        /// At 500 ppi.
        width: u32,
        /// At 500 ppi.
        height: u32,
    },
    /// Nothing but paper, or less than a region of 32 × 32 pixels that is not.
    #[error("the picture is blank")]
    Blank,
    /// Something is there, but not ten regions of ridges.
    #[error("{found} regions with ridges where 10 are needed")]
    TooFewRegions {
        /// Regions of 32 × 32 pixels whose surroundings have contrast.
        found: usize,
    },
}

impl NativeFeaturesError {
    /// Stable code for logs and messages.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Image(_) => "NAT-01",
            Self::TooLarge { .. } => "NAT-02",
            Self::Blank => "NAT-03",
            Self::TooFewRegions { .. } => "NAT-04",
        }
    }

    /// Who can do something about it.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Image(inner) => inner.remedy(),
            _ => Remedy::OperatorActs,
        }
    }
}

/// What NFIQ 2 measures of one picture, by the names of its reference implementation in [`NativeFeatures::named`].
#[derive(Debug, Clone, PartialEq)]
pub struct NativeFeatures {
    /// FDA: share of the strongest ridge frequency, per region; 1 is a pure wave.
    pub frequency: Histogram,
    /// LCS: how well ridges and valleys part in grey, per region; 0 not at all, 1 fully.
    pub clarity: Histogram,
    /// OCL: how much one direction rules the gradients, per region, 0 to 1.
    pub certainty: Histogram,
    /// OF: how fast the direction turns from region to region, beyond 4° in shares of 86°.
    pub flow: Histogram,
    /// RVUP: width of a ridge over the width of the valley beside it, per pair.
    pub uniformity: Histogram,
    /// Mu: mean grey of the picture, 0 to 255.
    pub mean: f64,
    /// MMB: mean of the means of the regions, 0 to 255.
    pub mean_of_regions: f64,
    /// Standard deviation of the picture's grey; below 1 the picture is uniform.
    pub deviation: f64,
    /// Mean grey of the foreground, 0 to 255; 255 where there is none.
    pub foreground_mean: f64,
    /// Pixels of the foreground; below 50,000 there is too little of a finger.
    pub foreground_px: u32,
    /// Coherence of the gradients, summed over the regions of the foreground.
    pub coherence_sum: f64,
    /// The same divided by the number of those regions, 0 to 1.
    pub coherence_mean: f64,
    /// Minutiae. The reference counts those of another extractor: these four differ from its values.
    pub minutiae: u32,
    /// Minutiae in the square of 200 pixels around their centre of mass.
    pub minutiae_in_middle: u32,
    /// Share of minutiae whose surroundings are darker than the picture by up to half a standard deviation.
    pub minutiae_well_inked: f64,
    /// Share of minutiae in surroundings of a certainty above 0.8.
    pub minutiae_certain: f64,
}

/// Identifiers of the ten bins, the mean and the standard deviation of one histogram, in that order.
macro_rules! histogram_names {
    ($prefix:literal) => {
        [
            concat!($prefix, "_0"),
            concat!($prefix, "_1"),
            concat!($prefix, "_2"),
            concat!($prefix, "_3"),
            concat!($prefix, "_4"),
            concat!($prefix, "_5"),
            concat!($prefix, "_6"),
            concat!($prefix, "_7"),
            concat!($prefix, "_8"),
            concat!($prefix, "_9"),
            concat!($prefix, "_Mean"),
            concat!($prefix, "_StdDev"),
        ]
    };
}

const FREQUENCY_NAMES: [&str; 12] = histogram_names!("FDA_Bin10");
const CLARITY_NAMES: [&str; 12] = histogram_names!("LCS_Bin10");
const CERTAINTY_NAMES: [&str; 12] = histogram_names!("OCL_Bin10");
const FLOW_NAMES: [&str; 12] = histogram_names!("OF_Bin10");
const UNIFORMITY_NAMES: [&str; 12] = histogram_names!("RVUP_Bin10");

impl NativeFeatures {
    /// Measures one picture of one finger. `minutiae` are those of the same picture, as [`crate::extract`] gives them.
    ///
    /// # Errors
    /// [`NativeFeaturesError`]: no picture, more than 2,048 pixels a side at 500 ppi, blank, or hardly a ridge.
    pub fn measure(image: &GreyImage, minutiae: &[Minutia]) -> Result<Self, NativeFeaturesError> {
        let image = image.to_500_ppi()?;
        let (width, height) = (image.width, image.height);
        if width > SIDE_PX_MAX || height > SIDE_PX_MAX {
            return Err(NativeFeaturesError::TooLarge { width, height });
        }
        let frame = Frame::trim(&image).ok_or(NativeFeaturesError::Blank)?;
        let contrast = Contrast::measure(&frame);
        let regions = Regions::measure(&frame, contrast.deviation);
        let found = regions.foreground().count();
        if found < REGIONS_MIN {
            return Err(NativeFeaturesError::TooFewRegions { found });
        }
        let foreground = Foreground::find(&frame);
        let certainty = Certainty::measure(&frame, &foreground.regions);
        let turned = regions.turned(&frame);
        let around = minutiae::around(&frame, minutiae, &contrast);
        Ok(Self {
            frequency: turned.frequency,
            clarity: turned.clarity,
            certainty: certainty.histogram,
            flow: regions.flow(),
            uniformity: turned.uniformity,
            mean: contrast.mean,
            mean_of_regions: contrast.mean_of_regions,
            deviation: contrast.deviation,
            foreground_mean: foreground.mean,
            foreground_px: foreground.pixels,
            coherence_sum: certainty.coherence_sum,
            coherence_mean: certainty.coherence_mean,
            minutiae: around.count,
            minutiae_in_middle: around.in_middle,
            minutiae_well_inked: around.well_inked,
            minutiae_certain: around.certain,
        })
    }

    /// All 69 features under the identifiers of the reference implementation, in its order.
    pub fn named(&self) -> Vec<(&'static str, f64)> {
        let mut out = Vec::with_capacity(69);
        let mut histogram = |names: [&'static str; 12], values: &Histogram| {
            out.extend(names.into_iter().zip(values.numbers()));
        };
        histogram(FREQUENCY_NAMES, &self.frequency);
        histogram(CLARITY_NAMES, &self.clarity);
        histogram(CERTAINTY_NAMES, &self.certainty);
        histogram(FLOW_NAMES, &self.flow);
        histogram(UNIFORMITY_NAMES, &self.uniformity);
        out.extend([
            (
                "FingerJetFX_MinCount_COMMinRect200x200",
                f64::from(self.minutiae_in_middle),
            ),
            ("FingerJetFX_MinutiaeCount", f64::from(self.minutiae)),
            ("FJFXPos_Mu_MinutiaeQuality_2", self.minutiae_well_inked),
            ("FJFXPos_OCL_MinutiaeQuality_80", self.minutiae_certain),
            ("ImgProcROIArea_Mean", self.foreground_mean),
            ("MMB", self.mean_of_regions),
            ("Mu", self.mean),
            ("OrientationMap_ROIFilter_CoherenceRel", self.coherence_mean),
            ("OrientationMap_ROIFilter_CoherenceSum", self.coherence_sum),
        ]);
        out
    }
}
