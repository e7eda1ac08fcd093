//! Enrolment: the frame of a step, and its form.

use qayd_window::{
    App, AppWindow, Edit, Enrolment, Form, FormBox, FormChoice, FormRow, Kept, Page, Papers,
    RailState, Scan, StepKind,
};
use slint::{ComponentHandle, Model, VecModel};

use super::model;
use crate::desk::{Command, Desk, Event};
use crate::form::{Cell, Choice, Row, RowKind};

pub(super) fn connect(window: &AppWindow, desk: &Desk) {
    let enrolment = window.global::<Enrolment>();
    let to = desk.clone();
    enrolment.on_forward(move |step| to.ask(Command::Forward(step.into())));
    let to = desk.clone();
    enrolment.on_back(move |step| to.ask(Command::Back(step.into())));
    let to = desk.clone();
    enrolment.on_undo(move || to.ask(Command::Undo));
    let to = desk.clone();
    enrolment.on_leave(move || to.ask(Command::Leave));
    let to = desk.clone();
    enrolment.on_jump(move |stage| to.ask(Command::Jump(usize::try_from(stage).unwrap_or(0))));

    let (to, weak) = (desk.clone(), window.as_weak());
    window.global::<Edit>().on_paged(move |down| {
        let Some(window) = weak.upgrade() else { return };
        let enrolment = window.global::<Enrolment>();
        let covered = window.global::<Scan>().get_open() || window.global::<Papers>().get_open();
        if window.global::<App>().get_page() != Page::Enrolment || covered {
            return;
        }
        let step = enrolment.get_step().into();
        match (down, enrolment.get_kind()) {
            // Sealing wants its own button.
            (true, StepKind::Seal) => {}
            (true, _) => to.ask(Command::Forward(step)),
            (false, StepKind::Slip) => {}
            (false, _) => to.ask(Command::Back(step)),
        }
    });

    let scan = window.global::<Scan>();
    let to = desk.clone();
    scan.on_typed(move |text| to.ask(Command::Scanned(text.into())));
    let to = desk.clone();
    scan.on_take_requested(move || to.ask(Command::TakeScan));
    let to = desk.clone();
    scan.on_put_away(move || to.ask(Command::CloseScan));

    let form = window.global::<Form>();
    let (to, weak) = (desk.clone(), window.as_weak());
    form.on_edited(move |key, text| {
        if let Some(window) = weak.upgrade() {
            window.global::<Enrolment>().set_kept(Kept::Keeping);
        }
        to.ask(Command::Edited {
            key: key.into(),
            text: text.into(),
        });
    });
    let to = desk.clone();
    form.on_left(move |key| to.ask(Command::Left { key: key.into() }));
    let to = desk.clone();
    form.on_focused(move |key| to.ask(Command::Focused { key: key.into() }));
    let to = desk.clone();
    form.on_chosen(move |key, code| {
        to.ask(Command::Chosen {
            key: key.into(),
            code: code.into(),
        })
    });
    let to = desk.clone();
    form.on_added(move |key| to.ask(Command::Added { key: key.into() }));
    let to = desk.clone();
    form.on_removed(move |key| to.ask(Command::Removed { key: key.into() }));
    let to = desk.clone();
    form.on_page_requested(move |key| to.ask(Command::Page { key: key.into() }));
    let (to, weak) = (desk.clone(), window.as_weak());
    form.on_accepted(move || {
        if let Some(window) = weak.upgrade() {
            to.ask(Command::Forward(
                window.global::<Enrolment>().get_step().into(),
            ));
        }
    });
}

pub(super) fn show(window: &AppWindow, event: Event) {
    let (enrolment, form) = (window.global::<Enrolment>(), window.global::<Form>());
    match event {
        Event::Frame(frame) => {
            enrolment.set_kind(frame.kind);
            enrolment.set_step(frame.step.into());
            enrolment.set_service(frame.service.into());
            enrolment.set_section(frame.section.into());
            enrolment.set_title(frame.title.into());
            enrolment.set_hint(frame.hint.into());
            enrolment.set_place(frame.place.into());
            enrolment.set_progress(frame.progress);
            enrolment.set_may_skip(frame.may_skip);
            let at = frame
                .rail
                .iter()
                .position(|s| s.state == RailState::Current);
            enrolment.set_rail_at(i32::try_from(at.unwrap_or(0)).unwrap_or(0));
            enrolment.set_rail(model(frame.rail));
        }
        Event::Form { rows, focus, title } => {
            // Before the rows: a box looks at it when it is made.
            form.set_focus(focus.into());
            form.set_title(title.into());
            form.set_has_boxes(has_boxes(&rows));
            form.set_rows(model(rows.into_iter().map(map_row).collect()));
        }
        Event::Rows(rows) => {
            form.set_has_boxes(has_boxes(&rows));
            renew(&form, rows);
        }
        Event::Faults(faults) => mark(&form, &faults),
        Event::Offers(offers) => offer(&form, &offers),
        Event::Scan(view) => {
            let scan = window.global::<Scan>();
            scan.set_problem(view.problem.into());
            scan.set_lines(model(view.lines));
        }
        Event::ScanClosed => window.global::<Scan>().invoke_close(),
        Event::Kept(kept) => enrolment.set_kept(kept),
        _ => {}
    }
}

/// Whether anything is typed in these rows.
fn has_boxes(rows: &[Row]) -> bool {
    rows.iter().any(|row| !row.boxes.is_empty())
}

/// Changes the rows in place. Made anew they would lose what holds the keyboard, and the page would jump.
fn renew(form: &Form<'_>, rows: Vec<Row>) {
    let model_of_rows = form.get_rows();
    let rows = rows.into_iter().map(map_row);
    let Some(shown) = model_of_rows.as_any().downcast_ref::<VecModel<FormRow>>() else {
        form.set_rows(model(rows.collect()));
        return;
    };
    let mut at = 0;
    for row in rows {
        let is_it = |n: &usize| shown.row_data(*n).is_some_and(|old| is_same(&old, &row));
        match (at..shown.row_count()).find(is_it) {
            Some(found) => {
                // What stood before it is gone.
                for _ in at..found {
                    shown.remove(at);
                }
                change(shown, at, row);
            }
            None => shown.insert(at, row),
        }
        at += 1;
    }
    while shown.row_count() > at {
        shown.remove(at);
    }
}

/// Whether two rows ask the same, whatever is answered.
fn is_same(old: &FormRow, new: &FormRow) -> bool {
    let boxes = |row: &FormRow| row.boxes.iter().map(|cell| cell.key).collect::<Vec<_>>();
    let choices = |row: &FormRow| row.choices.iter().map(|one| one.code).collect::<Vec<_>>();
    (old.kind, &old.key, &old.label) == (new.kind, &new.key, &new.label)
        && boxes(old) == boxes(new)
        && choices(old) == choices(new)
}

fn change(shown: &VecModel<FormRow>, at: usize, new: FormRow) {
    let Some(old) = shown.row_data(at) else {
        return;
    };
    for (n, choice) in new.choices.iter().enumerate() {
        if old.choices.row_data(n).as_ref() != Some(&choice) {
            old.choices.set_row_data(n, choice);
        }
    }
    if (&old.text, &old.fault, old.removable) != (&new.text, &new.fault, new.removable) {
        let (boxes, choices) = (old.boxes, old.choices);
        shown.set_row_data(
            at,
            FormRow {
                boxes,
                choices,
                ..new
            },
        );
    }
}

/// Lays what is offered into the boxes, in place.
fn offer(form: &Form<'_>, offers: &[(String, String)]) {
    let rows = form.get_rows();
    for row in rows.iter() {
        for n in 0..row.boxes.row_count() {
            let Some(mut cell) = row.boxes.row_data(n) else {
                continue;
            };
            let found = offers.iter().find(|(key, _)| cell.key == key.as_str());
            if let Some((_, offer)) = found
                && cell.offer != offer.as_str()
            {
                cell.offer = offer.into();
                row.boxes.set_row_data(n, cell);
            }
        }
    }
}

/// Marks the boxes in place: whoever types goes on typing.
fn mark(form: &Form<'_>, faults: &[(String, String)]) {
    let of = |key: &str| {
        faults
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, code)| code.as_str())
            .unwrap_or_default()
    };
    let rows = form.get_rows();
    for n in 0..rows.row_count() {
        let Some(mut row) = rows.row_data(n) else {
            continue;
        };
        for b in 0..row.boxes.row_count() {
            let Some(mut cell) = row.boxes.row_data(b) else {
                continue;
            };
            let fault = of(&cell.key);
            if cell.fault != fault {
                cell.fault = fault.into();
                row.boxes.set_row_data(b, cell);
            }
        }
        let fault = if row.key.is_empty() { "" } else { of(&row.key) };
        if row.fault != fault {
            row.fault = fault.into();
            rows.set_row_data(n, row);
        }
    }
}

fn map_row(row: Row) -> FormRow {
    FormRow {
        kind: match row.kind {
            RowKind::Boxes => qayd_window::RowKind::Boxes,
            RowKind::Choice => qayd_window::RowKind::Choice,
            RowKind::Heading => qayd_window::RowKind::Heading,
            RowKind::Note => qayd_window::RowKind::Note,
            RowKind::Add => qayd_window::RowKind::Add,
            RowKind::Pages => qayd_window::RowKind::Pages,
        },
        key: row.key.into(),
        label: row.label.into(),
        text: row.text.into(),
        fault: row.fault.into(),
        boxes: model(row.boxes.into_iter().map(map_cell).collect()),
        choices: model(row.choices.into_iter().map(map_choice).collect()),
        many: row.many,
        removable: row.removable,
        large: false,
    }
}

fn map_cell(cell: Cell) -> FormBox {
    FormBox {
        key: cell.key.into(),
        caption: cell.caption.into(),
        spoken: cell.spoken.into(),
        text: cell.text.into(),
        placeholder: Default::default(),
        offer: cell.offer.into(),
        rtl: cell.rtl,
        always_ltr: cell.always_ltr,
        keyboard: cell.keyboard.into(),
        fault: cell.fault.into(),
        share: cell.share,
    }
}

fn map_choice(choice: Choice) -> FormChoice {
    FormChoice {
        code: choice.code.into(),
        label: choice.label.into(),
        chosen: choice.chosen,
    }
}
