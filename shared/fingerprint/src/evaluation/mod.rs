//! Evaluation: how well a matcher tells fingers apart, from scores to error rates.
//!
//! In: prints with finger numbers, and a function that scores two of them. Out: [`Scores`], [`ErrorRates`], the DET curve.
//! Never: leaves a print out. A failure to enrol is a print without template; every pair with it scores 0.
//!
//! A pair is accepted at threshold *t* when it scores *t* or more. FMR(*t*) is the share of accepted impostor pairs,
//! FNMR(*t*) the share of refused genuine ones (ISO/IEC 19795-1).

mod det_plot;
mod protocol;
mod rates;

pub use det_plot::det_plot;
pub use protocol::{Print, Protocol, compare};
pub use rates::{DetPoint, ErrorRates, EvaluationError, Scores};
