//! Unified score: one number from 0 to 100 over the native features of ISO/IEC 29794-4.
//!
//! In: `NativeFeatures`. Out: score `qayd-unified`. Owns: the weights and how they were found.
//! Never: called NFIQ 2. It is a linear fit to published scores of NFIQ 2.3.0 and differs from them by 6 points in the
//! mean and by more in single cases; NFIQ 2 itself is a random forest that is not part of this crate.
//!
//! value = 120 / (1 + e^−z) − 10, cut to 0 … 100, with z = BIAS + Σ weight × feature. Counts of a histogram enter as
//! their square roots, every feature cut to the range it had among the fitted prints. The four features of minutiae are
//! left out: they rest on another extractor. Fitted by ridge regression (penalty 100 on standardised features) to the
//! 199 prints of `tests/golden/nfiq2/conformance.csv`; `tests/quality_fit.rs` makes the fit anew and says how well it
//! does on prints it has not seen.

use qayd_model::QualityScore;

use super::look::Look;
use super::reasons::FINGER_AREA_MIN;
use crate::GreyImage;
use crate::nfiq2::{NativeFeatures, NativeFeaturesError};

/// Name of the unified score in a [`QualityScore`].
pub const UNIFIED_ALGORITHM: &str = "qayd-unified";
/// Its version: the weights.
pub const UNIFIED_VERSION: u16 = 1;

/// The unified score of one picture of one finger at any resolution from 250 to 1,200 ppi. A picture without a
/// finger, or with hardly a ridge, has score 0: the features compare parts of a picture with each other, and an empty
/// platen's noise is as even as a finger.
///
/// # Errors
/// [`NativeFeaturesError::Image`] or [`NativeFeaturesError::TooLarge`].
pub fn unified_quality(image: &GreyImage) -> Result<QualityScore, NativeFeaturesError> {
    match NativeFeatures::measure(image, &[]) {
        Ok(_) if Look::at(image).0.area_mm2 < FINGER_AREA_MIN => Ok(score_of(0.0)),
        Ok(features) => Ok(unified_score(&features)),
        Err(NativeFeaturesError::Blank | NativeFeaturesError::TooFewRegions { .. }) => {
            Ok(score_of(0.0))
        }
        Err(error) => Err(error),
    }
}

/// The unified score of features already measured; their minutiae do not matter.
pub fn unified_score(features: &NativeFeatures) -> QualityScore {
    let histograms = [
        &features.frequency,
        &features.clarity,
        &features.certainty,
        &features.flow,
        &features.uniformity,
    ];
    let counted = histograms.into_iter().flat_map(|histogram| {
        let roots = histogram.bins.map(|count| f64::from(count).sqrt());
        roots
            .into_iter()
            .chain([histogram.mean, histogram.deviation])
    });
    let single = [
        features.foreground_mean,
        features.mean_of_regions,
        features.mean,
        features.coherence_mean,
        features.coherence_sum,
    ];
    let z = counted
        .chain(single)
        .zip(&TERMS)
        .map(|(value, (low, high, weight))| weight * value.clamp(*low, *high))
        .sum::<f64>()
        + BIAS;
    score_of(120.0 / (1.0 + (-z).exp()) - 10.0)
}

fn score_of(value: f64) -> QualityScore {
    QualityScore {
        algorithm: UNIFIED_ALGORITHM.to_owned(),
        version: UNIFIED_VERSION,
        value: value.round().clamp(0.0, 100.0) as u8,
    }
}

const BIAS: f64 = -0.492_246;
/// Lowest and highest value among the fitted prints, and weight, of each feature.
#[rustfmt::skip]
#[allow(
    clippy::unreadable_literal,
    clippy::approx_constant,
    reason = "a fitted table, which a test compares with its own fit"
)]
static TERMS: [(f64, f64, f64); 65] = [
    (0.0, 5.91608, -0.0433937), // FDA_Bin10_0
    (1.41421, 5.65685, -0.0148538), // FDA_Bin10_1
    (1.0, 4.58258, 0.0049908), // FDA_Bin10_2
    (0.0, 5.19615, 0.0195397), // FDA_Bin10_3
    (0.0, 5.09902, 0.0245701), // FDA_Bin10_4
    (0.0, 5.2915, 0.042594), // FDA_Bin10_5
    (0.0, 5.09902, 0.0328458), // FDA_Bin10_6
    (0.0, 5.83095, 0.0465735), // FDA_Bin10_7
    (0.0, 6.08276, 0.039062), // FDA_Bin10_8
    (1.0, 7.68115, -0.0770167), // FDA_Bin10_9
    (0.36141, 0.67952, -2.12384), // FDA_Bin10_Mean
    (0.11609, 0.34409, -1.29515), // FDA_Bin10_StdDev
    (0.0, 0.0, 0.0), // LCS_Bin10_0
    (1.41421, 7.68115, -0.0337833), // LCS_Bin10_1
    (0.0, 6.32456, -0.046457), // LCS_Bin10_2
    (1.0, 5.2915, 0.0281074), // LCS_Bin10_3
    (0.0, 4.47214, 0.0331161), // LCS_Bin10_4
    (0.0, 5.56776, 0.0279126), // LCS_Bin10_5
    (0.0, 5.09902, 0.0455208), // LCS_Bin10_6
    (0.0, 5.2915, 0.0363996), // LCS_Bin10_7
    (0.0, 5.2915, 0.0379073), // LCS_Bin10_8
    (0.0, 7.48331, 0.0103557), // LCS_Bin10_9
    (0.3365, 0.8326, 0.0522454), // LCS_Bin10_Mean
    (0.05272, 0.3951, -0.0643468), // LCS_Bin10_StdDev
    (0.0, 6.08276, -0.0197312), // OCL_Bin10_0
    (0.0, 6.0, -0.00635866), // OCL_Bin10_1
    (1.0, 6.0, -0.011076), // OCL_Bin10_2
    (1.0, 7.48331, 0.0099771), // OCL_Bin10_3
    (0.0, 6.48074, 0.0389708), // OCL_Bin10_4
    (0.0, 6.0, 0.0252707), // OCL_Bin10_5
    (0.0, 5.47723, 0.0271288), // OCL_Bin10_6
    (0.0, 6.08276, 0.033334), // OCL_Bin10_7
    (0.0, 6.32456, 0.0305431), // OCL_Bin10_8
    (0.0, 9.53939, 0.00780314), // OCL_Bin10_9
    (0.3713, 0.87961, 0.389641), // OCL_Bin10_Mean
    (0.08958, 0.2654, 0.847533), // OCL_Bin10_StdDev
    (0.0, 3.74166, -0.00322341), // OF_Bin10_0
    (0.0, 3.74166, -0.00715364), // OF_Bin10_1
    (0.0, 3.74166, -0.026035), // OF_Bin10_2
    (0.0, 4.0, -0.00611662), // OF_Bin10_3
    (0.0, 4.58258, 0.025247), // OF_Bin10_4
    (0.0, 4.3589, 0.0216102), // OF_Bin10_5
    (0.0, 4.47214, 0.0315628), // OF_Bin10_6
    (0.0, 4.3589, 0.0442114), // OF_Bin10_7
    (0.0, 4.12311, -0.000585739), // OF_Bin10_8
    (0.0, 4.3589, 0.0146111), // OF_Bin10_9
    (0.07089, 0.5962, 0.0307603), // OF_Bin10_Mean
    (0.03462, 0.47677, -0.296065), // OF_Bin10_StdDev
    (1.41421, 8.24621, -0.0369661), // RVUP_Bin10_0
    (3.4641, 12.3288, -0.0116964), // RVUP_Bin10_1
    (1.0, 8.88819, 0.0251851), // RVUP_Bin10_2
    (1.0, 9.69536, 0.0288674), // RVUP_Bin10_3
    (2.82843, 15.0, 0.0168259), // RVUP_Bin10_4
    (2.44949, 9.59166, 0.010131), // RVUP_Bin10_5
    (2.0, 9.94987, -0.00518391), // RVUP_Bin10_6
    (1.73205, 11.619, -0.0202105), // RVUP_Bin10_7
    (0.0, 0.0, 0.0), // RVUP_Bin10_8
    (0.0, 0.0, 0.0), // RVUP_Bin10_9
    (0.96804, 1.55133, -0.493796), // RVUP_Bin10_Mean
    (0.33118, 1.44246, -0.139292), // RVUP_Bin10_StdDev
    (90.216, 236.679, 0.0010905), // ImgProcROIArea_Mean
    (124.643, 241.225, 0.00154035), // MMB
    (119.014, 241.284, 0.00124158), // Mu
    (0.28176, 0.79728, 0.419984), // OrientationMap_ROIFilter_CoherenceRel
    (5.54544, 126.769, 0.000705456), // OrientationMap_ROIFilter_CoherenceSum
];
