//! The screens of the station: Slint markup and the code generated from it.
#![allow(missing_docs)]
slint::include_modules!();
