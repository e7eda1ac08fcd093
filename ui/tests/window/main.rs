//! The window against the real station library, with the rasteriser of Slint's testing backend: no screen is needed.

mod catalogues;
mod demo;
mod enrols;
mod figures;
mod kill;
mod pages;
mod random;
mod walk;
