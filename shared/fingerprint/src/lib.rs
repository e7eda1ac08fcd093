#![doc = include_str!("../README.md")]

pub mod cbeff;
mod descriptor;
pub mod evaluation;
mod extract;
mod fusion;
mod grey;
mod hands;
pub mod jpeg2000;
mod matcher;
mod minutiae;
pub mod nfiq2;
mod orientation;
mod placement;
mod plane;
mod portable;
mod quality;
pub mod record;
mod resolution;
mod ridge_agreement;
mod ridge_filter;
mod score;
pub mod search;
mod seeded;
mod seeds;
mod skeleton;
mod slap;
pub mod synthetic;
mod template;
mod trace;
mod waves;
mod wide;
pub mod wsq;

pub use extract::{
    ExtractError, Extraction, FINGER_SIDE_PX_MAX, FINGER_SIDE_PX_MIN, extract, extract_traced,
};
pub use grey::{GreyImage, ImageError, PIXELS_MAX, PPI_RANGE, SIDE_PX_MAX};
pub use hands::{HandMatch, SAME_FINGER_IN_SESSION, hand_swapped, same_finger_twice};
pub use matcher::{EVIDENCE_NUMBERS, evidence_numbers, match_score};
pub use quality::{
    FrameReport, PictureOf, Preview, QUALITY_ALGORITHM, QUALITY_VERSION, Quality, QualityReason,
    UNIFIED_ALGORITHM, UNIFIED_VERSION, unified_quality, unified_score,
};
pub use score::{SAME_FINGER, Score, is_same_finger, score_to_fmr};
pub use search::{Candidate, Gallery, search};
pub use slap::{
    Bounds, HandCheck, SlapError, SlapFinger, hand_check, segment_slap, segment_slap_without,
};
pub use template::{
    MINUTIAE_MAX, Minutia, MinutiaKind, Template, TemplateAlgorithm, TemplateError,
};
pub use trace::Stage;
