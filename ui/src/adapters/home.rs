//! Home: what can be begun, gone on with, corrected.

use qayd_window::{AppWindow, Home};
use slint::ComponentHandle;

use super::model;
use crate::desk::{Command, Desk, HomeView};

pub(super) fn connect(window: &AppWindow, desk: &Desk) {
    let home = window.global::<Home>();
    let to = desk.clone();
    home.on_begin(move |pack| to.ask(Command::Begin(pack.into())));
    let to = desk.clone();
    home.on_resume(move |id| {
        if let Ok(id) = id.parse() {
            to.ask(Command::Resume(id));
        }
    });
    let to = desk.clone();
    home.on_correct(move |id| {
        if let Ok(id) = id.parse() {
            to.ask(Command::Correct(id));
        }
    });
}

pub(super) fn show(window: &AppWindow, view: HomeView) {
    let home = window.global::<Home>();
    home.set_services(model(view.services));
    home.set_drafts(model(view.drafts));
    home.set_returned(model(view.returned));
    let mut numbers = view.today.split('|').map(str::to_owned);
    home.set_made(numbers.next().unwrap_or_default().into());
    home.set_sent(numbers.next().unwrap_or_default().into());
    home.set_waiting(numbers.next().unwrap_or_default().into());
}
