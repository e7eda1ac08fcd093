#![doc = include_str!("../README.md")]

pub mod cbeff;
mod descriptor;
pub mod evaluation;
mod extract;
mod gallery;
mod grey;
mod hands;
pub mod jpeg2000;
mod matcher;
mod minutiae;
mod orientation;
mod plane;
mod quality;
pub mod record;
mod resolution;
mod ridge_filter;
mod score;
mod seeded;
mod skeleton;
mod slap;
pub mod synthetic;
mod template;
pub mod wsq;

pub use extract::{ExtractError, Extraction, FINGER_SIDE_PX_MAX, FINGER_SIDE_PX_MIN, extract};
pub use gallery::{Candidate, Gallery, search};
pub use grey::{GreyImage, ImageError, PIXELS_MAX, PPI_RANGE, SIDE_PX_MAX};
pub use hands::{HandMatch, SAME_FINGER_IN_SESSION, hand_swapped, same_finger_twice};
pub use matcher::{evidence_numbers, match_score};
pub use quality::{QUALITY_ALGORITHM, QUALITY_VERSION, Quality, QualityReason};
pub use score::{SAME_FINGER, Score, is_same_finger};
pub use slap::{
    Bounds, HandCheck, SlapError, SlapFinger, hand_check, segment_slap, segment_slap_without,
};
pub use template::{
    MINUTIAE_MAX, Minutia, MinutiaKind, Template, TemplateAlgorithm, TemplateError,
};
