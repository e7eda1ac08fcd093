//! The window against the real station library, with the rasteriser of Slint's testing backend: no screen is needed.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test ends where it is wrong, and what is counted is for reading"
)]

mod alone;
mod around;
mod catalogues;
mod demo;
mod enrols;
mod first_day;
mod keyboard;
mod kill;
mod pages;
mod papers;
mod preview;
mod printer;
mod random;
mod river;
mod services;
mod touch;
mod walk;
