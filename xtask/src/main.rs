//! Repository chores as programs: the demo programme of `./x run`, the packet's dictionary, the camera lab, random
//! events on a display.
//!
//! In: the built binaries `qayd` and `qayd-server` beside this one. Out: what each chore says.
//! Never: part of the product; nothing in the product calls it.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore talks to whoever runs it"
)]

mod camera_lab;
mod demo;
mod dictionary;
mod display_events;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Repository chores")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// The demo programme: without --headless it stays up for people to try
    Demo(demo::Options),
    /// The zstd dictionary of the packet's demographics
    Dictionary(dictionary::Options),
    /// The camera path against a real Video4Linux2 driver, in a small QEMU guest
    CameraLab(camera_lab::Options),
    /// Random events on the window through X11; needs DISPLAY, xdotool and xclip
    DisplayEvents(display_events::Options),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().chore {
        Chore::Demo(options) => demo::run(&options),
        Chore::Dictionary(options) => dictionary::run(&options),
        Chore::CameraLab(options) => camera_lab::run(&options),
        Chore::DisplayEvents(options) => display_events::run(&options),
    }
}
