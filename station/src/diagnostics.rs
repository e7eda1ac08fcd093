//! Diagnostics: what support needs to know of a station, and nothing of anybody who was enrolled.
//!
//! In: the station, its devices, the end of its log. Out: one text, to be read on the screen before it leaves the machine.
//! Never: a name, a number of a person, an answer, a picture, a key, a place on a disk. Of the log only what is on a list
//! passes: time, level, module, the sentence of the program itself, codes, ids and counts. The rest is `…`.

use std::fmt::Write;

use qayd_devices::DeviceEntry;
use qayd_model::UnixMs;
use serde_json::Value;

use crate::log;
use crate::outbox::{self, OutboxState};
use crate::station::Station;
use crate::store::StoreError;

/// Lines of the log in a report.
const LOG_LINES: usize = 200;
/// Stuck packets that are named.
const STUCK_SHOWN: usize = 50;
/// Stands for what was left out.
const LEFT_OUT: &str = "…";

/// The report. `program` is the name and version of who asks; `devices` what it sees.
///
/// # Errors
/// [`StoreError`].
pub fn report(
    station: &Station,
    program: &str,
    devices: &[DeviceEntry],
) -> Result<String, StoreError> {
    let mut text = String::new();
    // Writing into a `String` does not fail.
    let _ = computer(&mut text, program);
    let _ = this_station(&mut text, station)?;
    let _ = kit(&mut text, devices);
    let _ = writeln!(text, "\n[log]");
    for line in log::last_lines(station.folder(), LOG_LINES) {
        let _ = writeln!(text, "{}", redacted(&line));
    }
    Ok(text)
}

fn computer(text: &mut String, program: &str) -> std::fmt::Result {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let after = |text: &str, key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        line.unwrap_or("unknown")
            .trim()
            .trim_matches('"')
            .to_owned()
    };
    let memory = read("/proc/meminfo");
    writeln!(text, "[computer]")?;
    writeln!(text, "program        {program}")?;
    writeln!(
        text,
        "system         {}",
        after(&read("/etc/os-release"), "PRETTY_NAME=")
    )?;
    writeln!(
        text,
        "kernel         {}",
        read("/proc/sys/kernel/osrelease").trim()
    )?;
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    writeln!(text, "processors     {processors}")?;
    writeln!(text, "memory         {}", after(&memory, "MemTotal:"))?;
    writeln!(text, "memory free    {}", after(&memory, "MemAvailable:"))
}

fn this_station(text: &mut String, station: &Station) -> Result<std::fmt::Result, StoreError> {
    let identity = station.identity();
    let now = station.now()?;
    let (summary, stuck, offset, trail) = station.store().read(|c| {
        Ok::<_, StoreError>((
            outbox::summary(c)?,
            outbox::list(c, None, 0, 100_000)?
                .into_iter()
                .filter_map(|item| match item.state {
                    OutboxState::Stuck(reason) => Some((item.packet, reason.code())),
                    _ => None,
                })
                .collect::<Vec<_>>(),
            station.utc_offset_minutes(c)?,
            crate::audit::head(c)?.map_or(0, |(number, _)| number),
        ))
    })?;
    let standing = station.standing()?;
    let policy = station.policy()?;
    let packs = station.list_packs()?;
    let day = station.day()?;
    let time = station.time_estimate()?;
    let operators = station.operators()?.len();
    let write = |text: &mut String| -> std::fmt::Result {
        writeln!(text, "\n[station]")?;
        writeln!(text, "id             {}", identity.station)?;
        writeln!(text, "name           {}", identity.name)?;
        writeln!(text, "kind, site     {}, {}", identity.kind, identity.site)?;
        writeln!(text, "production     {}", identity.production)?;
        writeln!(text, "database       SQLite {}", rusqlite::version())?;
        writeln!(
            text,
            "clock          {}, {} min ahead of UTC",
            iso(now),
            offset
        )?;
        match time {
            Some(time) => writeln!(text, "clock ahead    {} ms", time.skew_ms)?,
            None => writeln!(
                text,
                "clock ahead    of the centre by an unknown time: never connected"
            )?,
        }
        writeln!(text, "policy         version {}", policy.version)?;
        for pack in &packs {
            writeln!(text, "pack           {} version {}", pack.id, pack.version)?;
        }
        writeln!(text, "operators      {operators}")?;
        writeln!(text, "trail          {trail} entries")?;
        writeln!(text, "drafts         {}", day.drafts)?;
        let days = standing.offline_days;
        writeln!(text, "offline        {} of {} days", days.now, days.max)?;
        let packets = standing.backlog;
        writeln!(
            text,
            "unsent         {} of {} packets",
            packets.now, packets.max
        )?;
        writeln!(
            text,
            "disk free      {} MB, at least {} MB",
            standing.free_bytes / 1_000_000,
            standing.free_bytes_min / 1_000_000
        )?;
        writeln!(
            text,
            "outbox         {} queued, {} sending, {} delivered, {} settled, {} stuck",
            summary.queued, summary.sending, summary.delivered, summary.settled, summary.stuck
        )?;
        for (packet, code) in stuck.iter().take(STUCK_SHOWN) {
            writeln!(text, "stuck          {packet} {code}")?;
        }
        writeln!(
            text,
            "day            {} sealed, {} sent since {}",
            day.outbox.made,
            day.outbox.sent,
            iso(day.began)
        )
    };
    Ok(write(text))
}

fn kit(text: &mut String, devices: &[DeviceEntry]) -> std::fmt::Result {
    writeln!(text, "\n[devices]")?;
    for entry in devices {
        let device = &entry.device;
        writeln!(
            text,
            "{}  {}  serial {}{}",
            device.profile,
            entry.model.as_deref().unwrap_or("-"),
            device.serial.as_deref().unwrap_or("-"),
            if device.simulated { "  simulated" } else { "" }
        )?;
    }
    Ok(())
}

fn iso(at: UnixMs) -> String {
    time::OffsetDateTime::from_unix_timestamp(i64::try_from(at.0 / 1_000).unwrap_or(0))
        .ok()
        .and_then(|time| {
            time.format(&time::format_description::well_known::Rfc3339)
                .ok()
        })
        .unwrap_or_default()
}

/// A line of the log without anything that is not on the list.
fn redacted(line: &str) -> String {
    let Ok(Value::Object(event)) = serde_json::from_str::<Value>(line) else {
        return LEFT_OUT.to_owned();
    };
    let plain = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or(LEFT_OUT);
    let mut out = format!(
        "{} {} {}",
        plain("timestamp"),
        plain("level"),
        plain("target")
    );
    let Some(Value::Object(fields)) = event.get("fields") else {
        return out;
    };
    if let Some(message) = fields.get("message").and_then(Value::as_str) {
        let _ = write!(out, ": {}", sentence(message));
    }
    for (name, value) in fields.iter().filter(|(name, _)| *name != "message") {
        let shown = match value {
            Value::Bool(value) => value.to_string(),
            Value::Number(value) => value.to_string(),
            Value::String(value) if is_code(value) || is_id(value) => value.clone(),
            _ => LEFT_OUT.to_owned(),
        };
        let _ = write!(out, " {name}={shown}");
    }
    out
}

/// A sentence of the program: plain small words. One with anything else in it was put together from something.
fn sentence(message: &str) -> &str {
    let plain = |c: char| c.is_ascii_alphabetic() || " ,.:;'-()".contains(c);
    if message.chars().all(plain) && message.len() <= 160 {
        message
    } else {
        LEFT_OUT
    }
}

/// Three capital letters and two digits, such as `DEV-09`.
fn is_code(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 6
        && bytes[..3].iter().all(u8::is_ascii_uppercase)
        && bytes[3] == b'-'
        && bytes[4..].iter().all(u8::is_ascii_digit)
}

/// The letters of an id or a digest: at least 32 digits of base 16, with or without hyphens.
fn is_id(text: &str) -> bool {
    text.chars().filter(char::is_ascii_hexdigit).count() >= 32
        && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestStation;

    #[test]
    fn the_report_says_how_the_station_stands_and_nothing_of_a_person() {
        let at = TestStation::new();
        at.sealed();
        let data = at.station.folder().join("logs");
        std::fs::create_dir_all(&data).unwrap();
        let said = [
            r#"{"timestamp":"2026-11-26T08:00:00Z","level":"WARN","fields":{"message":"a delivered packet's file was not deleted","code":"FIL-03","packet":"0190163d-8694-739b-aea5-966c26f8ad91","bytes":2500000},"target":"qayd_station::upload"}"#,
            // What a careless line would say.
            r#"{"timestamp":"2026-11-26T08:00:01Z","level":"INFO","fields":{"message":"sealed زهراء أحمد","name":"Zahra Ahmed","national_number":"199012345678","path":"/home/omar/zahra"},"target":"qayd_ui"}"#,
            r#"{"timestamp":"2026-11-26T08:00:02Z","level":"INFO","fields":{"message":"looked for 199012345678"},"target":"qayd_ui"}"#,
            "زهراء said by something that writes no JSON",
        ];
        #[allow(clippy::disallowed_methods, reason = "a log need not be durable")]
        std::fs::write(data.join("qayd.log"), said.join("\n")).unwrap();
        let text = report(&at.station, "qayd 0", &[]).unwrap();
        for told in [
            "unsent         1 of ",
            "outbox         1 queued",
            "pack           test-service version 1",
            "WARN qayd_station::upload: a delivered packet's file was not deleted",
            "code=FIL-03",
            "packet=0190163d-8694-739b-aea5-966c26f8ad91",
            "bytes=2500000",
        ] {
            assert!(text.contains(told), "{told} in\n{text}");
        }
        for hidden in ["زهراء", "Zahra", "199012345678", "/home", "omar"] {
            assert!(!text.contains(hidden), "{hidden} in\n{text}");
        }
        // The fourth line is there, and says nothing.
        assert!(text.trim_end().ends_with(LEFT_OUT));
    }

    #[test]
    fn only_codes_and_ids_pass_as_text() {
        assert!(is_code("DEV-09") && !is_code("dev-09") && !is_code("DEVI09"));
        assert!(is_id("0190163d-8694-739b-aea5-966c26f8ad91"));
        assert!(!is_id("199012345678") && !is_id("zahra"));
    }
}
