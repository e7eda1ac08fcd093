//! Lists: outbox, inbox, search, the supervisor's page, the kit check.
//!
//! In: commands of those pages. Out: rows that say what the store says. Never: deletes; that is the receipts' right.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use qayd_devices::DeviceError;
use qayd_model::{Decision, PacketId};
use qayd_station::day::day_began;
use qayd_station::enrolment::verify_slip;
use qayd_station::outbox::{self, NextStep as Next, OutboxState, StuckReason};
use qayd_station::upload::{self, Ended, Progress, SendOptions};
use qayd_station::{FreezeReason, NewOperator, Session, Station, StoreError, diagnostics, inbox};
use qayd_window::{
    Cause, DeviceState, Duty, Found, InboxItem, Message, NextStep, Operator, OutboxItem, Page,
    Said, SendState,
};

use super::{Worker, home, pictures};
use crate::desk::{Command, DayView, DeviceView, Event, OutboxView, StandingView, case_state};
use crate::messages::said;
use crate::numbers;

/// Rows of a list on one page.
const SHOWN: usize = 200;
/// How long the link may be gone before a sending gives up while somebody watches.
const PATIENCE_MS: u64 = 20_000;

/// What a page shows besides what `home` does.
pub(super) fn show(worker: &Worker<'_>, station: &Station, page: Page) -> Result<(), StoreError> {
    match page {
        Page::Outbox => worker.tell(Event::Outbox(Box::new(outbox_view(worker, station)?))),
        Page::Supervisor => {
            worker.tell(Event::Outbox(Box::new(outbox_view(worker, station)?)));
            worker.tell(Event::Operators(operators(station)?));
            worker.tell(Event::Standing(standing(worker, station)?));
            worker.tell(Event::Day(Box::new(day_view(worker, station)?)));
        }
        Page::Inbox => worker.tell(Event::Inbox(inbox_rows(worker, station)?)),
        Page::Search => worker.tell(Event::Found(found(worker, station, "")?)),
        Page::Kit => worker.tell(Event::Kit(kit(worker))),
        _ => {}
    }
    Ok(())
}

/// Does what those pages ask; `true` where the page is to be shown anew.
pub(super) fn act(
    worker: &mut Worker<'_>,
    station: &Station,
    session: &Session,
    command: Command,
) -> bool {
    match command {
        Command::Send => send(worker, station),
        Command::SendAgain(packet) => send_again(worker, station, packet),
        Command::CheckSlip(code) => {
            check_slip(worker, station, &code);
            return false;
        }
        Command::Search(words) => match found(worker, station, &words) {
            Ok(rows) => {
                worker.tell(Event::Found(rows));
                return false;
            }
            Err(error) => worker.say_code(error.code()),
        },
        Command::Trail => match station.audit_verify() {
            Ok(entries) => worker.tell(Event::Trail(worker.number(entries))),
            Err(error) => worker.say_code(error.code()),
        },
        Command::ApproveDay => {
            worker.tell(Event::Busy(true));
            let approved = station.approve_day(session);
            worker.tell(Event::Busy(false));
            match approved {
                Ok(_) => worker.say(Said::DayApproved),
                Err(error) => worker.say_code(error.code()),
            }
        }
        Command::AddOperator {
            login,
            passphrase,
            duty,
        } => {
            let role = match duty {
                Duty::Officer => qayd_protocol::Role::Officer,
                Duty::Supervisor => qayd_protocol::Role::Supervisor,
                Duty::Technician => qayd_protocol::Role::Technician,
            };
            worker.tell(Event::Busy(true));
            let added = station.add_operator(
                session,
                &NewOperator {
                    login,
                    passphrase,
                    role,
                },
            );
            worker.tell(Event::Busy(false));
            match added {
                Ok(_) => worker.say(Said::Added),
                Err(error) => worker.say_code(error.code()),
            }
        }
        Command::Unlock(login) => match station.unlock_operator(session, &login) {
            Ok(()) => worker.say(Said::Unlocked),
            Err(error) => worker.say_code(error.code()),
        },
        Command::Extend(what) => match station.extend(session, what) {
            Ok(_) => worker.say(Said::Extended),
            Err(error) => worker.say_code(error.code()),
        },
        Command::Check => {
            check(worker);
            return false;
        }
        Command::Report => {
            let lines = match report(worker, station) {
                Ok(text) => text.lines().map(str::to_owned).collect(),
                Err(error) => {
                    worker.say_code(error.code());
                    Vec::new()
                }
            };
            worker.tell(Event::Report(lines));
            return false;
        }
        Command::SaveReport(folder) => {
            save_report(worker, station, &folder);
            return false;
        }
        Command::CloseReport => {
            worker.tell(Event::Report(Vec::new()));
            return false;
        }
        Command::Choose(id) => {
            if let Some(kit) = &mut worker.kit {
                kit.choose(&id);
            }
        }
        _ => return false,
    }
    true
}

/// The day in three numbers: made, sent, waiting.
pub(super) fn day(worker: &Worker<'_>, station: &Station) -> Result<String, StoreError> {
    let now = worker.setup.world.clock.now();
    let summary = station.store().read(|c| {
        let began = day_began(now, station.utc_offset_minutes(c)?);
        outbox::day_summary(c, began, qayd_model::UnixMs(u64::MAX >> 1))
    })?;
    Ok([summary.made, summary.sent, summary.waiting]
        .map(|n| worker.number(n))
        .join("|"))
}

fn day_view(worker: &Worker<'_>, station: &Station) -> Result<DayView, StoreError> {
    let now = worker.setup.world.clock.now();
    let day = station.day()?;
    let mut view = DayView {
        drafts: worker.number(day.drafts),
        discarded: worker.number(day.discarded),
        exceptions: worker.number(day.exceptions),
        overruled: worker.number(day.overruled),
        refused: worker.number(day.refused),
        ..DayView::default()
    };
    if let Some(approval) = day.approval {
        let offset = station.store().read(|c| station.utc_offset_minutes(c))?;
        let by = station
            .operators()?
            .into_iter()
            .find(|operator| operator.operator == approval.supervisor)
            .map(|operator| operator.login);
        let at = numbers::when(approval.at, now, offset, worker.language);
        view.approved = format!("{at}  {}", by.unwrap_or_default());
        let since = day.outbox.made.saturating_sub(approval.made);
        if since > 0 {
            view.since = worker.number(since);
        }
    }
    Ok(view)
}

fn report(worker: &Worker<'_>, station: &Station) -> Result<String, StoreError> {
    let program = concat!("qayd-station ", env!("CARGO_PKG_VERSION"));
    diagnostics::report(station, program, &worker.entries())
}

/// Saves what was read, as it is now.
fn save_report(worker: &Worker<'_>, station: &Station, folder: &Path) {
    let text = match report(worker, station) {
        Ok(text) => text,
        Err(error) => return worker.say_code(error.code()),
    };
    let files = &worker.setup.world.files;
    let at = worker.setup.world.clock.now().0 / 1_000;
    let path = folder.join(format!("qayd-report-{at}.txt"));
    let saved = files
        .free_bytes(folder)
        .and_then(|_| files.write_durably(&path, text.as_bytes()));
    match saved {
        Ok(()) => worker.tell(Event::ReportSaved(path.display().to_string())),
        Err(error) => {
            tracing::info!(code = error.code(), "a report was not saved");
            worker.say(Said::NotSavedThere);
        }
    }
}

fn outbox_view(worker: &Worker<'_>, station: &Station) -> Result<OutboxView, StoreError> {
    let now = worker.setup.world.clock.now();
    let (offset, summary, mut items) = station.store().read(|c| {
        let offset = station.utc_offset_minutes(c)?;
        let summary =
            outbox::day_summary(c, day_began(now, offset), qayd_model::UnixMs(u64::MAX >> 1))?;
        Ok::<_, StoreError>((offset, summary, outbox::list(c, None, 0, 5_000)?))
    })?;
    items.reverse();
    items.truncate(SHOWN);
    let mut rows = Vec::new();
    for item in items {
        let record = station.enrolment(item.enrolment)?;
        let record = record.as_ref();
        let (cause, next) = match &item.state {
            OutboxState::Stuck(reason) => (cause(reason), next_step(reason.next_step())),
            _ => (Cause::None, NextStep::None),
        };
        let name = record
            .and_then(|r| r.slip.lines.first())
            .map(|l| l.text.expose().to_owned());
        let pack = record.map(|r| r.pack_id.clone()).unwrap_or_default();
        let state = match item.state {
            OutboxState::Queued => SendState::Queued,
            OutboxState::Sending => SendState::Sending,
            OutboxState::Delivered => SendState::Delivered,
            OutboxState::Settled => SendState::Settled,
            OutboxState::Stuck(_) => SendState::Stuck,
        };
        rows.push(OutboxItem {
            packet: item.packet.to_string().into(),
            number: record
                .map(|r| worker.number(r.number))
                .unwrap_or_default()
                .into(),
            service: name.unwrap_or_default().into(),
            when: numbers::when(item.queued, now, offset, worker.language).into(),
            state,
            cause,
            next,
            share: item.acknowledged.0 as f32 / item.length.0.max(1) as f32,
            decision: home::title_of(worker, station, &pack)?.into(),
        });
    }
    Ok(OutboxView {
        items: rows,
        made: worker.number(summary.made),
        sent: worker.number(summary.sent),
        waiting: worker.number(summary.waiting),
        oldest: summary.oldest.map_or("–".to_owned(), |at| {
            numbers::when(at, now, offset, worker.language)
        }),
    })
}

fn cause(reason: &StuckReason) -> Cause {
    match reason {
        StuckReason::Refused { .. } => Cause::Refused,
        StuckReason::FileMissing => Cause::FileMissing,
        StuckReason::FileDamaged => Cause::FileDamaged,
        StuckReason::ReceiptDiffers => Cause::ReceiptDiffers,
        StuckReason::LengthDiffers => Cause::LengthDiffers,
        StuckReason::NotKept => Cause::NotKept,
        StuckReason::TooLarge => Cause::TooLarge,
    }
}

fn next_step(next: Next) -> NextStep {
    match next {
        Next::SendAgain => NextStep::SendAgain,
        Next::CallCentre => NextStep::CallCentre,
        Next::RestoreFile => NextStep::RestoreFile,
    }
}

/// Sends what waits. The screen goes on showing how far it is; other commands wait until it ends or is stopped.
fn send(worker: &mut Worker<'_>, station: &Station) {
    worker.say(Said::Nothing);
    worker.switches.sending.store(false, Ordering::SeqCst);
    worker.tell(Event::Sending("…".to_owned()));
    let (tell, language) = (worker.tell.clone(), worker.language);
    let told = move |progress: &Progress| {
        let text = match progress {
            Progress::Sending { offset, length, .. } => numbers::digits(
                &format!("{} / {} kB", offset / 1_000, length / 1_000),
                language,
            ),
            Progress::Offering { packets } => numbers::number(packets, language),
            _ => "…".to_owned(),
        };
        tell(Event::Sending(text));
    };
    let options = SendOptions {
        patience_ms: PATIENCE_MS,
        told: Arc::new(told),
        ..SendOptions::default()
    };
    let cancel = worker.switches.sending.clone();
    let ended = upload::connect(station)
        .map_err(|error| error.code())
        .and_then(|api| {
            upload::send(station, &api, &cancel, &options).map_err(|error| error.code())
        });
    worker.tell(Event::Sending(String::new()));
    let now = worker.setup.world.clock.now();
    match ended {
        Ok(report) => {
            let reached = matches!(report.ended, Ended::Done | Ended::Cancelled);
            worker.contact = Some((reached, now));
            match report.ended {
                Ended::Offline { code } | Ended::Stopped { code, .. } => worker.say_code(code),
                Ended::Cancelled => {}
                Ended::Done => worker.say(match (report.waiting_before > 0, report.inbox > 0) {
                    (true, true) => Said::SentAndMessages,
                    (true, false) => Said::Sent,
                    (false, true) => Said::MessagesCame,
                    (false, false) => Said::NothingToSend,
                }),
            }
        }
        Err(code) => {
            worker.contact = Some((false, now));
            worker.say_code(code);
        }
    }
    worker.truth(station, true);
}

fn send_again(worker: &mut Worker<'_>, station: &Station, packet: PacketId) {
    match station.store().write(|tx| outbox::try_again(tx, packet)) {
        Ok(true) => send(worker, station),
        Ok(false) => worker.say(Said::Fault),
        Err(error) => worker.say_code(error.code()),
    }
}

fn inbox_rows(worker: &Worker<'_>, station: &Station) -> Result<Vec<InboxItem>, StoreError> {
    let now = worker.setup.world.clock.now();
    let (offset, mut entries) = station.store().read(|c| {
        Ok::<_, StoreError>((station.utc_offset_minutes(c)?, inbox::list(c, 0, 5_000)?))
    })?;
    entries.reverse();
    entries.truncate(SHOWN);
    entries
        .into_iter()
        .map(|entry| {
            let decided = entry.decision.as_ref();
            let record = match decided {
                Some(decided) => station.enrolment(decided.enrolment)?,
                None => None,
            };
            let kind = match (entry.kind.as_str(), decided.map(|d| &d.decision)) {
                (_, Some(Decision::Accepted)) => Message::Accepted,
                (_, Some(Decision::Returned(_))) => Message::Returned,
                (_, Some(Decision::Rejected { .. })) => Message::Rejected,
                (_, Some(_)) => Message::SamePerson,
                ("policy", _) => Message::Policy,
                ("pack", _) => Message::Pack,
                ("keyring", _) => Message::Keyring,
                ("revocation", _) => Message::Revocation,
                _ => Message::Other,
            };
            let name = record
                .as_ref()
                .and_then(|r| r.slip.lines.first())
                .map(|l| l.text.expose().to_owned());
            Ok(InboxItem {
                kind,
                number: record
                    .map(|r| worker.number(r.number))
                    .unwrap_or_default()
                    .into(),
                note: name.unwrap_or_default().into(),
                when: numbers::when(entry.received, now, offset, worker.language).into(),
                problem: entry.problem.is_some(),
            })
        })
        .collect()
}

/// What a reviewer asked for, on one line: the names of the fields.
pub(super) fn asked_in_words(
    worker: &Worker<'_>,
    station: &Station,
    pack: &str,
    decision: &Decision,
) -> Result<String, StoreError> {
    let Decision::Returned(asked) = decision else {
        return Ok(String::new());
    };
    let known = station.store().read(|c| station.packs().newest(c, pack))?;
    let mut words = Vec::new();
    if let Some(known) = known {
        for field in &asked.fields {
            let label = known
                .pack
                .field(&field.field)
                .map(|f| f.label.in_language(worker.language).to_owned());
            words.extend(label);
        }
        for finger in &asked.fingers {
            words.push(
                known
                    .codes
                    .label("fingers", finger.name(), worker.language)
                    .to_owned(),
            );
        }
    }
    Ok(words.join(" · "))
}

/// Says whether a slip was given out here, and shows its case.
fn check_slip(worker: &Worker<'_>, station: &Station, code: &str) {
    let (said, words) = match verify_slip(station, code) {
        Ok(slip) => (Said::SlipGenuine, slip.number.to_string()),
        Err(error) => {
            tracing::info!(code = error.code(), "a slip was not believed");
            (Said::SlipUnknown, String::new())
        }
    };
    worker.say(said);
    let rows = if words.is_empty() {
        Ok(Vec::new())
    } else {
        found(worker, station, &words)
    };
    match rows {
        Ok(rows) => worker.tell(Event::Found(rows)),
        Err(error) => worker.say_code(error.code()),
    }
}

fn found(worker: &Worker<'_>, station: &Station, words: &str) -> Result<Vec<Found>, StoreError> {
    let now = worker.setup.world.clock.now();
    let offset = station.store().read(|c| station.utc_offset_minutes(c))?;
    let records = if words.trim().is_empty() {
        station.enrolments(50)?
    } else {
        station.search(words, 50)?
    };
    let mut rows = Vec::new();
    for record in records {
        let name = record
            .slip
            .lines
            .first()
            .map(|line| line.text.expose().to_owned())
            .unwrap_or_default();
        rows.push(Found {
            id: record.enrolment.to_string().into(),
            number: worker.number(record.number).into(),
            name: name.into(),
            service: home::title_of(worker, station, &record.pack_id)?.into(),
            when: numbers::when(record.sealed, now, offset, worker.language).into(),
            state: case_state(&record.state),
        });
    }
    Ok(rows)
}

fn operators(station: &Station) -> Result<Vec<Operator>, StoreError> {
    let duty = |role| match role {
        qayd_protocol::Role::Supervisor => Duty::Supervisor,
        qayd_protocol::Role::Technician => Duty::Technician,
        _ => Duty::Officer,
    };
    let operators = station.operators()?;
    Ok(operators
        .into_iter()
        .map(|o| Operator {
            login: o.login.into(),
            duty: duty(o.role),
            revoked: false,
        })
        .collect())
}

fn standing(worker: &Worker<'_>, station: &Station) -> Result<StandingView, StoreError> {
    let standing = station.standing()?;
    let near = standing.warnings();
    Ok(StandingView {
        days: worker.number(standing.offline_days.now),
        days_most: worker.number(standing.offline_days.max),
        days_near: near.contains(&FreezeReason::Offline),
        packets: worker.number(standing.backlog.now),
        packets_most: worker.number(standing.backlog.max),
        packets_near: near.contains(&FreezeReason::Backlog),
    })
}

fn kit(worker: &Worker<'_>) -> Vec<DeviceView> {
    let entries = worker.entries();
    let choice = |id: &str| match &worker.kit {
        Some(kit) => kit.choice(&entries, id),
        None => (false, false),
    };
    entries
        .iter()
        .map(|entry| {
            let (has_others, used) = choice(&entry.device.id);
            DeviceView {
                name: entry.model.clone().unwrap_or(entry.device.id.clone()),
                id: entry.device.id.clone(),
                profile: entry.device.profile.clone(),
                serial: entry.device.serial.clone().unwrap_or_default(),
                state: DeviceState::NotChecked,
                picture: None,
                took: String::new(),
                said: Said::Nothing,
                simulated: entry.device.simulated,
                has_others,
                used,
            }
        })
        .collect()
}

/// Opens every device, takes one picture of each, shows it.
fn check(worker: &mut Worker<'_>) {
    let mut views = kit(worker);
    worker.tell(Event::Busy(true));
    for n in 0..views.len() {
        views[n].state = DeviceState::Checking;
        worker.tell(Event::Kit(views.clone()));
        check_one(worker, &mut views[n]);
        worker.tell(Event::Kit(views.clone()));
    }
    worker.tell(Event::Busy(false));
    if worker
        .kit
        .as_ref()
        .is_some_and(|kit| kit.cameras_denied() > 0)
    {
        worker.say(Said::CameraDenied);
    }
}

fn check_one(worker: &Worker<'_>, view: &mut DeviceView) {
    let Some(kit) = &worker.kit else {
        return;
    };
    let began = worker.now_ms();
    let frame = kit.devices().open(&view.id).and_then(|mut device| {
        let frame = device.next_frame(5_000);
        device.close();
        frame
    });
    view.took = worker.number(worker.now_ms().saturating_sub(began));
    match frame {
        Ok(frame) => {
            view.state = DeviceState::Works;
            view.picture = pictures::of_frame(&frame, false);
        }
        // It is there and has nothing live to show: a document scanner, a receiver.
        Err(DeviceError::Refused { .. }) => {
            view.state = DeviceState::Works;
            view.took = String::new();
        }
        Err(error) => {
            view.state = DeviceState::Fails;
            view.said = said(error.code());
        }
    }
}
