//! The slip: on the screen, to the printer, into a file.

use std::path::PathBuf;

use qayd_window::{AppWindow, Signature, Slip};
use slint::{ComponentHandle, SharedString};

use super::{model, picture};
use crate::desk::{Command, Desk, Event};
use crate::preferences::Keeper;

pub(super) fn connect(window: &AppWindow, desk: &Desk, keeper: &Keeper) {
    let slip = window.global::<Slip>();
    let to = desk.clone();
    slip.on_family_requested(move || to.ask(Command::NextOfFamily));
    let (to, kept) = (desk.clone(), keeper.clone());
    slip.on_print_requested(move || to.ask(Command::PrintSlip(kept.now().printer)));
    let (to, kept) = (desk.clone(), keeper.clone());
    slip.on_save_requested(move || to.ask(Command::SaveSlip(PathBuf::from(kept.now().slips))));
}

pub(super) fn show(window: &AppWindow, event: Event) {
    let slip = window.global::<Slip>();
    match event {
        Event::Slip(view) => {
            slip.set_rtl(view.rtl);
            slip.set_again(view.again);
            slip.set_of_family(view.of_family);
            slip.set_number(view.number.into());
            slip.set_heading(view.heading.into());
            slip.set_footer(view.footer.into());
            slip.set_lines(model(view.lines));
            slip.set_code(picture(view.code));
            slip.set_printing(false);
            slip.set_saved(SharedString::default());
            if !view.again {
                // The next person finds a clean pad.
                window.global::<Signature>().invoke_wiped();
            }
        }
        Event::Printing(on) => slip.set_printing(on),
        Event::SlipSaved(file) => slip.set_saved(file.into()),
        _ => {}
    }
}
