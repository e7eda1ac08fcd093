//! Papers: the overlay on which the pages of a paper are taken.

use qayd_window::{AppWindow, PaperPage, Papers};
use slint::{ComponentHandle, Image};

use super::{model, picture};
use crate::desk::{Command, Desk, PapersView};

pub(super) fn connect(window: &AppWindow, desk: &Desk) {
    let papers = window.global::<Papers>();
    let to = desk.clone();
    papers.on_take_requested(move || to.ask(Command::TakePage));
    let to = desk.clone();
    papers.on_turn_requested(move |left, top, right, bottom| {
        to.ask(Command::TurnPage([left, top, right, bottom]));
    });
    let to = desk.clone();
    papers.on_keep_requested(move |left, top, right, bottom| {
        to.ask(Command::KeepPage([left, top, right, bottom]));
    });
    let to = desk.clone();
    papers.on_throw_away_requested(move || to.ask(Command::ThrowPageAway));
    let to = desk.clone();
    papers.on_page_touched(move |page| {
        to.ask(Command::TouchPage(u16::try_from(page).unwrap_or(0)));
    });
    let to = desk.clone();
    papers.on_close_requested(move || to.ask(Command::ClosePapers));
}

pub(super) fn show(window: &AppWindow, view: Option<Box<PapersView>>) {
    let papers = window.global::<Papers>();
    let Some(view) = view else {
        papers.set_open(false);
        papers.set_live(false);
        papers.set_frame(Image::default());
        papers.set_still(Image::default());
        return;
    };
    papers.set_title(view.title.into());
    papers.set_capturing(view.capturing);
    papers.set_scanner(view.scanner);
    papers.set_number(view.number.into());
    papers.set_still(picture(view.still));
    let [left, top, right, bottom] = view.sides;
    papers.set_left(left);
    papers.set_top(top);
    papers.set_right(right);
    papers.set_bottom(bottom);
    papers.set_cutting(view.cutting);
    let page = |page: crate::desk::PageView| PaperPage {
        number: i32::from(page.page),
        label: page.label.into(),
        picture: picture(page.picture),
    };
    papers.set_pages(model(view.pages.into_iter().map(page).collect()));
    papers.set_open(true);
}
