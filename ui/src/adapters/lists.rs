//! Lists: outbox, inbox, search, supervisor, kit.

use qayd_crypto::Passphrase;
use qayd_protocol::slip::looks_like_one;
use qayd_station::Extend;
use qayd_window::{AppWindow, Device, Inbox, Kit, Outbox, Search, Supervisor};
use slint::{ComponentHandle, SharedString};

use super::{model, picture};
use crate::desk::{Command, Desk, DeviceView, Event};

/// What one touch of a supervisor adds; the words on the buttons say the same.
const DAYS_MORE: u16 = 7;
const PACKETS_MORE: u32 = 500;

pub(super) fn connect(window: &AppWindow, desk: &Desk) {
    let outbox = window.global::<Outbox>();
    let to = desk.clone();
    outbox.on_send_requested(move || to.ask(Command::Send));
    let to = desk.clone();
    outbox.on_stop_requested(move || to.stop_sending());
    let to = desk.clone();
    outbox.on_again_requested(move |packet| {
        if let Ok(packet) = packet.parse() {
            to.ask(Command::SendAgain(packet));
        }
    });
    let search = window.global::<Search>();
    let to = desk.clone();
    search.on_search_requested(move |words| {
        // A reader of codes is still typing: what it types is no name.
        if !looks_like_one(&words) {
            to.ask(Command::Search(words.into()));
        }
    });
    let to = desk.clone();
    search.on_entered(move |text| {
        let is_slip = looks_like_one(&text);
        if is_slip {
            to.ask(Command::CheckSlip(text.into()));
        }
        is_slip
    });
    let to = desk.clone();
    search.on_slip_requested(move |id| {
        if let Ok(id) = id.parse() {
            to.ask(Command::Slip(id));
        }
    });
    let supervisor = window.global::<Supervisor>();
    let to = desk.clone();
    supervisor.on_trail_requested(move || to.ask(Command::Trail));
    let to = desk.clone();
    supervisor.on_day_approved(move || to.ask(Command::ApproveDay));
    let to = desk.clone();
    supervisor.on_unlock_requested(move |login| to.ask(Command::Unlock(login.into())));
    let to = desk.clone();
    supervisor.on_days_extended(move || to.ask(Command::Extend(Extend::Days(DAYS_MORE))));
    let to = desk.clone();
    supervisor.on_packets_extended(move || to.ask(Command::Extend(Extend::Packets(PACKETS_MORE))));
    let to = desk.clone();
    supervisor.on_add_requested(move |login, passphrase, duty| {
        let passphrase = Passphrase::new(passphrase.as_str());
        to.ask(Command::AddOperator {
            login: login.into(),
            passphrase,
            duty,
        });
    });
    let to = desk.clone();
    window
        .global::<Kit>()
        .on_check_requested(move || to.ask(Command::Check));
    let to = desk.clone();
    window
        .global::<Kit>()
        .on_choose_requested(move |id| to.ask(Command::Choose(id.into())));
    let kit = window.global::<Kit>();
    let to = desk.clone();
    kit.on_report_requested(move || to.ask(Command::Report));
    let to = desk.clone();
    kit.on_report_save_requested(move |folder| {
        to.ask(Command::SaveReport(folder.trim().into()));
    });
    let to = desk.clone();
    kit.on_report_closed(move || to.ask(Command::CloseReport));
}

pub(super) fn show(window: &AppWindow, event: Event) {
    match event {
        Event::Outbox(view) => {
            let outbox = window.global::<Outbox>();
            outbox.set_items(model(view.items));
            outbox.set_made(view.made.into());
            outbox.set_sent(view.sent.into());
            outbox.set_waiting(view.waiting.into());
            outbox.set_oldest(view.oldest.into());
        }
        Event::Sending(text) => window.global::<Outbox>().set_sending(text.into()),
        Event::Inbox(items) => window.global::<Inbox>().set_items(model(items)),
        Event::Found(found) => window.global::<Search>().set_found(model(found)),
        Event::Operators(operators) => window
            .global::<Supervisor>()
            .set_operators(model(operators)),
        Event::Standing(view) => {
            let supervisor = window.global::<Supervisor>();
            supervisor.set_days(view.days.into());
            supervisor.set_days_most(view.days_most.into());
            supervisor.set_days_near(view.days_near);
            supervisor.set_packets(view.packets.into());
            supervisor.set_packets_most(view.packets_most.into());
            supervisor.set_packets_near(view.packets_near);
        }
        Event::Day(view) => {
            let supervisor = window.global::<Supervisor>();
            supervisor.set_drafts(view.drafts.into());
            supervisor.set_discarded(view.discarded.into());
            supervisor.set_exceptions(view.exceptions.into());
            supervisor.set_overruled(view.overruled.into());
            supervisor.set_refused(view.refused.into());
            supervisor.set_approved(view.approved.into());
            supervisor.set_since(view.since.into());
        }
        Event::Report(lines) => {
            let kit = window.global::<Kit>();
            kit.set_report_saved(SharedString::default());
            kit.set_report(model(lines.into_iter().map(SharedString::from).collect()));
        }
        Event::ReportSaved(path) => window.global::<Kit>().set_report_saved(path.into()),
        Event::Trail(entries) => window.global::<Supervisor>().set_trail(entries.into()),
        Event::Kit(devices) => {
            window
                .global::<Kit>()
                .set_devices(model(devices.into_iter().map(map_device).collect()));
        }
        _ => {}
    }
}

fn map_device(device: DeviceView) -> Device {
    Device {
        id: device.id.into(),
        name: device.name.into(),
        profile: device.profile.into(),
        serial: device.serial.into(),
        state: device.state,
        picture: picture(device.picture),
        took: device.took.into(),
        said: device.said,
        simulated: device.simulated,
        has_others: device.has_others,
        used: device.used,
    }
}
