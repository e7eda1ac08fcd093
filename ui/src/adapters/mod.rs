//! Adapters: one for each page. `connect` turns the page's callbacks into commands, `show` sets what the station tells.
//!
//! In: [`Event`]s, on the screen's thread. Out: [`Command`]s. Never: decides anything; waits.

mod captures;
mod enrolment;
mod home;
mod lists;
mod papers;
mod slip;
mod window;

use qayd_window::AppWindow;
use slint::{Image, ModelRc, Rgb8Pixel, SharedPixelBuffer, VecModel};

pub(crate) use window::prefer;

use crate::desk::{Desk, Event};
use crate::preferences::Keeper;
use crate::sound;

/// Connects every page.
pub fn connect(window: &AppWindow, desk: &Desk, keeper: &Keeper) {
    window::connect(window, desk, keeper);
    home::connect(window, desk);
    enrolment::connect(window, desk);
    captures::connect(window, desk);
    papers::connect(window, desk);
    slip::connect(window, desk, keeper);
    lists::connect(window, desk);
}

/// Shows one event.
pub fn show(window: &AppWindow, desk: &Desk, event: Event) {
    match event {
        Event::Logins { .. }
        | Event::Opening(_)
        | Event::Wait(_)
        | Event::SignedIn { .. }
        | Event::Page(_)
        | Event::Say(_)
        | Event::Busy(_)
        | Event::Invitation(_)
        | Event::Truth(_) => window::show(window, event),
        Event::Papers(view) => papers::show(window, view),
        Event::Captured { good } => sound::play(window, good),
        Event::Home(view) => home::show(window, view),
        Event::Frame(_)
        | Event::Form { .. }
        | Event::Rows(_)
        | Event::Faults(_)
        | Event::Offers(_)
        | Event::Scan(_)
        | Event::ScanClosed
        | Event::Kept(_) => enrolment::show(window, event),
        Event::Preview { .. }
        | Event::NoPicture
        | Event::Portrait(_)
        | Event::Fingers(_)
        | Event::ReadBack(_)
        | Event::Signature { .. }
        | Event::Seal(_) => captures::show(window, desk, event),
        Event::Slip(_) | Event::Printing(_) | Event::SlipSaved(_) => slip::show(window, event),
        Event::Outbox(_)
        | Event::Sending(_)
        | Event::Inbox(_)
        | Event::Found(_)
        | Event::Operators(_)
        | Event::Standing(_)
        | Event::Trail(_)
        | Event::Day(_)
        | Event::Report(_)
        | Event::ReportSaved(_)
        | Event::Kit(_) => lists::show(window, event),
    }
}

fn model<T: Clone + 'static>(rows: Vec<T>) -> ModelRc<T> {
    ModelRc::new(VecModel::from(rows))
}

fn picture(pixels: Option<SharedPixelBuffer<Rgb8Pixel>>) -> Image {
    pixels.map(Image::from_rgb8).unwrap_or_default()
}
