//! Captures: portrait, fingers, signature, reading back, seal.

use std::cell::RefCell;
use std::rc::Rc;

use qayd_crypto::Passphrase;
use qayd_devices::Modality;
use qayd_model::{ExceptionReason, FingerPosition};
use qayd_window::{AppWindow, Fingers, Papers, Portrait, ReadBack, Seal, Signature, Verdict};
use slint::{ComponentHandle, SharedString};

use super::{model, picture};
use crate::desk::{Command, Desk, Event};
use crate::signature::Strokes;

pub(super) fn connect(window: &AppWindow, desk: &Desk) {
    let portrait = window.global::<Portrait>();
    let to = desk.clone();
    portrait.on_capture_requested(move || to.ask(Command::Portrait));
    let to = desk.clone();
    portrait.on_again_requested(move || to.ask(Command::PortraitAgain));

    let fingers = window.global::<Fingers>();
    let to = desk.clone();
    fingers.on_capture_requested(move || to.ask(Command::Capture));
    let to = desk.clone();
    fingers.on_again_requested(move || to.ask(Command::CaptureAgain));
    let to = desk.clone();
    fingers.on_slap_chosen(move |slap| to.ask(Command::Slap(usize::try_from(slap).unwrap_or(0))));
    let to = desk.clone();
    fingers.on_finger_touched(move |right, finger| {
        // Thumb first on both hands: codes 1 to 5 and 6 to 10 (ISO/IEC 19794-4:2011, table 6).
        let code = u8::try_from(finger + 1).unwrap_or(0) + if right { 0 } else { 5 };
        if let Some(position) = FingerPosition::from_code(code) {
            to.ask(Command::Touch(position));
        }
    });
    let to = desk.clone();
    fingers.on_reason_chosen(move |code| {
        if let Some(reason) = ExceptionReason::from_name(&code) {
            to.ask(Command::Except(reason));
        }
    });
    let to = desk.clone();
    fingers.on_exception_closed(move || to.ask(Command::CloseException));
    let to = desk.clone();
    fingers.on_exception_withdrawn(move || to.ask(Command::Withdraw));

    let read_back = window.global::<ReadBack>();
    let to = desk.clone();
    read_back.on_field_touched(move |field| to.ask(Command::JumpToItem(field.into())));

    let seal = window.global::<Seal>();
    let to = desk.clone();
    seal.on_missing_touched(move |id| to.ask(Command::JumpToItem(id.into())));
    let to = desk.clone();
    seal.on_approval_requested(move |login, passphrase| {
        to.ask(Command::Approve {
            login: login.into(),
            passphrase: Passphrase::new(passphrase.as_str()),
        });
    });
    signature(window, desk);
}

fn signature(window: &AppWindow, desk: &Desk) {
    let strokes = Rc::new(RefCell::new(Strokes::default()));
    let signature = window.global::<Signature>();
    let (drawn, weak) = (strokes.clone(), window.as_weak());
    signature.on_stroke(move |x, y, begins| {
        let mut strokes = drawn.borrow_mut();
        strokes.point(x, y, begins);
        if let Some(window) = weak.upgrade() {
            window
                .global::<Signature>()
                .set_drawing(strokes.path().into());
        }
    });
    let (drawn, to) = (strokes.clone(), desk.clone());
    signature.on_lifted(move |width, height| {
        if let Some(png) = drawn.borrow().png(width, height) {
            to.ask(Command::Signed(png));
        }
    });
    let (to, weak) = (desk.clone(), window.as_weak());
    signature.on_wiped(move || {
        *strokes.borrow_mut() = Strokes::default();
        if let Some(window) = weak.upgrade() {
            window
                .global::<Signature>()
                .set_drawing(SharedString::default());
        }
        to.ask(Command::Wipe);
    });
    let to = desk.clone();
    signature.on_thumb_requested(move || to.ask(Command::Thumb));
}

pub(super) fn show(window: &AppWindow, desk: &Desk, event: Event) {
    match event {
        Event::Preview { of, pixels } => {
            let frame = slint::Image::from_rgb8(pixels);
            match of {
                Modality::Face => {
                    let portrait = window.global::<Portrait>();
                    portrait.set_frame(frame);
                    portrait.set_live(true);
                }
                Modality::Document => {
                    let papers = window.global::<Papers>();
                    papers.set_frame(frame);
                    papers.set_live(true);
                }
                _ => window.global::<Fingers>().set_frame(frame),
            }
            desk.preview_shown();
        }
        Event::NoPicture => {
            window.global::<Papers>().set_live(false);
            window.global::<Portrait>().set_live(false);
            window
                .global::<Portrait>()
                .set_frame(slint::Image::default());
            window
                .global::<Fingers>()
                .set_frame(slint::Image::default());
        }
        Event::Portrait(view) => {
            let portrait = window.global::<Portrait>();
            portrait.set_has_kept(view.kept.is_some());
            portrait.set_kept(picture(view.kept));
            portrait.set_verdict(view.verdict);
            portrait.set_advice(view.advice.into());
            portrait.set_score(if view.verdict == Verdict::None {
                SharedString::default()
            } else {
                view.score.into()
            });
            portrait.set_attempts_left(view.left.into());
            portrait.set_capturing(view.capturing);
            portrait.set_exhausted(view.exhausted);
        }
        Event::Fingers(view) => {
            let fingers = window.global::<Fingers>();
            fingers.set_slaps(model(view.slaps));
            fingers.set_left_hand(model(view.left_hand));
            fingers.set_right_hand(model(view.right_hand));
            fingers.set_lines(model(view.lines));
            fingers.set_problem(view.problem.into());
            fingers.set_capturing(view.capturing);
            fingers.set_exhausted(view.exhausted);
            fingers.set_slap_done(view.slap_done);
            fingers.set_reasons(model(view.reasons));
            fingers.set_is_excepted(view.is_excepted);
            fingers.set_excepting(view.excepting.into());
        }
        Event::ReadBack(view) => {
            let read_back = window.global::<ReadBack>();
            read_back.set_has_portrait(view.portrait.is_some());
            read_back.set_portrait(picture(view.portrait));
            let [ar, ckb, lat] = view.names;
            read_back.set_name_ar(ar.into());
            read_back.set_name_ckb(ckb.into());
            read_back.set_name_lat(lat.into());
            read_back.set_lines(model(view.lines));
        }
        Event::Signature {
            kept,
            thumb,
            capturing,
        } => {
            let signature = window.global::<Signature>();
            signature.set_kept(kept);
            signature.set_thumb_kept(thumb);
            signature.set_capturing(capturing);
        }
        Event::Seal(view) => {
            let seal = window.global::<Seal>();
            seal.set_missing(model(view.missing));
            seal.set_notes(model(
                view.notes.into_iter().map(SharedString::from).collect(),
            ));
            seal.set_alike(model(view.alike));
            seal.set_needs_approval(view.needs_approval);
            seal.set_approved(view.approved);
            seal.set_exceptions(view.exceptions.into());
            if !view.approved {
                seal.set_supervisor(view.supervisors.first().cloned().unwrap_or_default().into());
            }
            seal.set_supervisors(model(
                view.supervisors
                    .into_iter()
                    .map(SharedString::from)
                    .collect(),
            ));
        }
        _ => {}
    }
}
