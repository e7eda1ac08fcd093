//! The packs of this repository, the checker and the rules, tried as station and centre use them.
#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod bad_packs;
mod body;
mod data;
mod examples;
mod findings;
mod import;
mod lines;
