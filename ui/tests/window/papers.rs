//! The pages of a paper: taken, cut, turned, thrown away; and what a capture in progress does to a window that closes.

use qayd_model::SampleKind;
use qayd_model::pack::Language;
use qayd_ui::desk::Command;
use qayd_window::{Form, Papers, RowKind};
use slint::{ComponentHandle, Model};

use crate::demo::{Demo, Screen};
use crate::enrols::begin;

/// Opens the pages of the first paper that the pack expects, and returns its code.
fn open_pages(screen: &Screen) -> String {
    begin(screen);
    let to = Command::JumpToItem("step:field:evidence".to_owned());
    screen.station.desk.ask(to);
    screen.until("the papers", |s| s.step() == "field:evidence");
    let rows = || screen.window().global::<Form>().get_rows();
    let seen = rows()
        .iter()
        .find(|row| row.key.ends_with(".seen"))
        .unwrap();
    screen.station.desk.ask(Command::Chosen {
        key: seen.key.to_string(),
        code: seen.choices.row_data(0).unwrap().code.to_string(),
    });
    let pages = || rows().iter().find(|row| row.kind == RowKind::Pages);
    screen.until("a row for pages", |_| pages().is_some());
    let key = pages().unwrap().key.to_string();
    screen.press("Photograph a page");
    let papers = screen.window().global::<Papers>();
    screen.until("a live picture of the paper", |_| {
        papers.get_open() && papers.get_live()
    });
    key.rsplit('/').next().unwrap().to_owned()
}

/// Sizes of the pages that are kept, by their numbers.
fn kept(demo: &Demo, document: &str) -> Vec<(u16, (u32, u32))> {
    let (station, session) = demo.open();
    let id = station.drafts().unwrap()[0].enrolment;
    let draft = station.resume(&session, id).unwrap();
    let mut pages = Vec::new();
    for sample in draft.samples().unwrap() {
        if let SampleKind::DocumentPage { document: of, page } = &sample.kind
            && of == document
        {
            let bytes = draft.sample_bytes(sample.id).unwrap().unwrap();
            let picture = image::load_from_memory(bytes.expose()).unwrap();
            pages.push((*page, (picture.width(), picture.height())));
        }
    }
    pages.sort_unstable();
    pages
}

#[test]
fn pages_are_taken_cut_to_their_paper_turned_and_thrown_away() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    let document = open_pages(&screen);
    let papers = screen.window().global::<Papers>();

    // The first: its edges are found, and it is kept between them.
    screen.press("Take the page");
    screen.until("its edges", |_| papers.get_cutting());
    let near = |side: f32, expected: f32| (side - expected).abs() < 0.015;
    assert!(
        near(papers.get_left(), 90.0 / 1_007.0),
        "{}",
        papers.get_left()
    );
    assert!(
        near(papers.get_bottom(), 1_259.0 / 1_349.0),
        "{}",
        papers.get_bottom()
    );
    screen.press("Keep page 1");
    screen.until("the next page", |_| !papers.get_cutting());
    assert_eq!(papers.get_pages().row_count(), 1);

    // The second is turned: its edges turn with it.
    screen.press("Take the page");
    screen.until("its edges", |_| papers.get_cutting());
    let top = papers.get_top();
    screen.press("Turn it");
    screen.until("it is turned", |_| near(papers.get_right(), 1.0 - top));
    let still = papers.get_still().size();
    assert!(still.width > still.height, "{still:?}");
    screen.press("Keep page 2");
    screen.until("two pages", |_| papers.get_pages().row_count() == 2);

    // The third is no good.
    screen.press("Take the page");
    screen.until("its edges", |_| papers.get_cutting());
    screen.press("Throw it away");
    screen.until("live again", |_| !papers.get_cutting());
    assert_eq!(papers.get_pages().row_count(), 2);

    screen.press("Done with this paper");
    screen.until("the rows say how many", |s| {
        !papers.get_open()
            && s.window()
                .global::<Form>()
                .get_rows()
                .iter()
                .any(|row| row.kind == RowKind::Pages && row.text == "2")
    });
    drop(screen);
    let pages = kept(&demo, &document);
    let [(1, upright), (2, lying)] = pages[..] else {
        panic!("{pages:?}");
    };
    // The sheet is 827 by 1,169 on its table of 1,007 by 1,349.
    assert!((815..=840).contains(&upright.0), "{upright:?}");
    assert!((1_155..=1_185).contains(&upright.1), "{upright:?}");
    assert!((815..=840).contains(&lying.1), "{lying:?}");
}

#[test]
fn a_page_that_was_taken_is_kept_whole_when_the_power_goes_before_it_is_cut() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    let document = open_pages(&screen);
    screen.press("Take the page");
    screen.until("its edges", |s| s.window().global::<Papers>().get_cutting());
    drop(screen);
    assert_eq!(kept(&demo, &document), [(1, (1_007, 1_349))]);
}

#[test]
fn a_window_that_is_closed_while_a_capture_runs_ends_and_loses_nothing() {
    let demo = Demo::make();
    let screen = Screen::open(&demo, Language::English, 3, "");
    begin(&screen);
    let to = Command::JumpToItem("step:fingers".to_owned());
    screen.station.desk.ask(to);
    screen.until("the fingers", |s| s.step() == "fingers");
    let fingers = screen.window().global::<qayd_window::Fingers>();
    screen.station.desk.ask(Command::Capture);
    screen.until("it captures", |_| fingers.get_capturing());
    // Presses that came while it ran are not done after it.
    for _ in 0..5 {
        screen.station.desk.ask(Command::Capture);
    }
    // Hangs here when the worker does not hear that the window is gone.
    drop(screen);
    let (station, _) = demo.open();
    assert_eq!(station.drafts().unwrap().len(), 1);
}
