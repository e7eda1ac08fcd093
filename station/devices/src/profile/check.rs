//! Checks of one file beyond its shape: ids, match rules, drivers, ranges.
//!
//! In: one typed profile and its place. Out: problems with path and reason. What needs a second file is in `set`.

use super::problem::ProfileReason;
use super::schema::{
    DeviceKind, DeviceProfile, Docscan, Finger, KitProfile, LaptopProfile, MatchRule,
};
use crate::capture::TIMEOUT_MS_MAX;

/// Edition of the shape that this program knows.
pub(super) const EDITION: u16 = 1;

pub(super) type Problems = Vec<(String, ProfileReason)>;

/// `id` begins with `prefix.` and is made of lower-case words, digits, hyphens and dots.
pub(super) fn id(id: &str, prefix: &str, problems: &mut Problems) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let begins = id
        .strip_prefix(prefix)
        .is_some_and(|rest| rest.len() > 1 && rest.starts_with('.'));
    if !begins || !id.chars().all(plain) || id.contains("..") || id.ends_with('.') {
        let reason = ProfileReason::BadId {
            id: id.to_owned(),
            prefix: format!("{prefix}."),
        };
        problems.push(("id".to_owned(), reason));
    }
}

pub(super) fn edition(found: u16, problems: &mut Problems) {
    if found != EDITION {
        problems.push(("schema".to_owned(), ProfileReason::UnknownEdition { found }));
    }
}

/// A device profile that lies in `devices/<folder>/`.
pub(super) fn device(profile: &DeviceProfile, folder: &str) -> Problems {
    let mut problems = Vec::new();
    edition(profile.schema, &mut problems);
    id(&profile.id, profile.kind.name(), &mut problems);
    if folder != profile.kind.name() {
        let reason = ProfileReason::WrongFolder {
            folder: folder.to_owned(),
            kind: profile.kind.name(),
        };
        problems.push(("kind".to_owned(), reason));
    }
    if profile.matches.is_empty() {
        problems.push(("match".to_owned(), ProfileReason::NoMatch));
    }
    profile
        .matches
        .iter()
        .for_each(|rule| match_rule(rule, &mut problems));
    drivers(profile, &mut problems);
    if profile.status.claims_a_trial() && profile.benches.is_empty() {
        problems.push(("status".to_owned(), ProfileReason::NoBench));
    }
    let kind = profile.kind;
    for (block, there, at_home) in [
        (
            "finger",
            profile.finger.is_some(),
            kind == DeviceKind::Finger,
        ),
        ("iris", profile.iris.is_some(), kind == DeviceKind::Iris),
        (
            "camera",
            profile.camera.is_some(),
            matches!(kind, DeviceKind::Camera | DeviceKind::Face),
        ),
        (
            "sigpad",
            profile.sigpad.is_some(),
            kind == DeviceKind::Sigpad,
        ),
        (
            "docscan",
            profile.docscan.is_some(),
            kind == DeviceKind::Docscan,
        ),
        ("gps", profile.gps.is_some(), kind == DeviceKind::Gps),
    ] {
        if there && !at_home {
            problems.push((
                block.to_owned(),
                ProfileReason::ForeignBlock { kind: kind.name() },
            ));
        }
    }
    if let Some(block) = &profile.finger {
        finger(block, &mut problems);
    }
    if profile
        .iris
        .as_ref()
        .and_then(|i| i.eyes)
        .is_some_and(|eyes| !(1..=2).contains(&eyes))
    {
        out_of_range("iris.eyes", "a scanner sees 1 or 2 eyes", &mut problems);
    }
    if let Some(block) = &profile.docscan {
        docscan(block, &mut problems);
    }
    if profile
        .gps
        .as_ref()
        .and_then(|gps| gps.baud)
        .is_some_and(|baud| !(4_800..=921_600).contains(&baud))
    {
        out_of_range(
            "gps.baud",
            "a receiver speaks at 4,800 to 921,600 baud",
            &mut problems,
        );
    }
    if let Some(capture) = &profile.capture {
        if capture
            .timeout_ms
            .is_some_and(|ms| ms == 0 || ms > TIMEOUT_MS_MAX)
        {
            out_of_range(
                "capture.timeout_ms",
                "an attempt takes 1 to 60,000 ms",
                &mut problems,
            );
        }
        if capture.min_preview_fps == Some(0) {
            out_of_range(
                "capture.min_preview_fps",
                "a preview has frames",
                &mut problems,
            );
        }
    }
    if profile
        .env
        .as_ref()
        .and_then(|e| e.temp_c)
        .is_some_and(|[low, high]| low >= high)
    {
        out_of_range(
            "env.temp_c",
            "the lower temperature comes first",
            &mut problems,
        );
    }
    problems
}

fn finger(block: &Finger, problems: &mut Problems) {
    if block
        .fap
        .is_some_and(|fap| ![10, 20, 30, 40, 45, 50, 60].contains(&fap))
    {
        out_of_range(
            "finger.fap",
            "FAP is 10, 20, 30, 40, 45, 50 or 60",
            problems,
        );
    }
    if block.ppi.is_some_and(|ppi| !(250..=1_200).contains(&ppi)) {
        out_of_range("finger.ppi", "a fingerprint has 250 to 1,200 ppi", problems);
    }
    let positive = |mm: &[f64; 2]| mm.iter().all(|side| side.is_finite() && *side > 0.0);
    if block.platen_mm.as_ref().is_some_and(|mm| !positive(mm)) {
        out_of_range(
            "finger.platen_mm",
            "a platen has a width and a height",
            problems,
        );
    }
    let sides = block
        .image_px
        .into_iter()
        .flatten()
        .chain(block.image_width_px);
    if sides.into_iter().any(|px| !(1..=8_192).contains(&px)) {
        out_of_range(
            "finger.image_px",
            "an image has 1 to 8,192 pixels a side",
            problems,
        );
    }
}

fn docscan(block: &Docscan, problems: &mut Problems) {
    if block.ppi.is_some_and(|ppi| !(75..=600).contains(&ppi)) {
        out_of_range("docscan.ppi", "a page has 75 to 600 ppi", problems);
    }
    let is_page = |mm: &[f64; 2]| mm.iter().all(|side| (10.0..=1_000.0).contains(side));
    if block.page_mm.as_ref().is_some_and(|mm| !is_page(mm)) {
        out_of_range(
            "docscan.page_mm",
            "a page has 10 to 1,000 mm a side",
            problems,
        );
    }
    let texts = [
        ("docscan.mode", &block.mode),
        ("docscan.source", &block.source),
    ];
    for (path, text) in texts {
        if text.as_ref().is_some_and(|t| t.is_empty() || t.len() > 60) {
            out_of_range(path, "a name has 1 to 60 bytes", problems);
        }
    }
}

fn out_of_range(path: &str, what: &'static str, problems: &mut Problems) {
    problems.push((path.to_owned(), ProfileReason::OutOfRange { what }));
}

fn match_rule(rule: &MatchRule, problems: &mut Problems) {
    let keys = [
        rule.usb.is_some(),
        rule.sbi.is_some(),
        rule.v4l2_name.is_some(),
        rule.sane_prefix.is_some(),
        rule.pcsc_name.is_some(),
        rule.hid_usage.is_some(),
        rule.nmea_talker.is_some(),
        rule.ipp_make_model.is_some(),
        rule.gphoto_model.is_some(),
        rule.libfprint_driver.is_some(),
        rule.tcp_port.is_some(),
        rule.built_in.is_some(),
    ];
    let found = keys.into_iter().filter(|k| *k).count();
    if found != 1 {
        problems.push(("match".to_owned(), ProfileReason::MatchKeys { found }));
    }
    if let Some(usb) = &rule.usb {
        for (path, text) in [("match.usb.vid", &usb.vid), ("match.usb.pid", &usb.pid)] {
            if !is_hex(text, 4) {
                let reason = ProfileReason::NotHex {
                    text: text.clone(),
                    form: "05ba",
                };
                problems.push((path.to_owned(), reason));
            }
        }
        if let Some(class) = &usb.class {
            let parts: Vec<&str> = class.split(':').collect();
            if parts.len() != 3 || !parts.iter().all(|p| is_hex(p, 2)) {
                let reason = ProfileReason::NotHex {
                    text: class.clone(),
                    form: "ff:00:00",
                };
                problems.push(("match.usb.class".to_owned(), reason));
            }
        }
    }
    if rule
        .sbi
        .as_ref()
        .and_then(|s| s.min_level.as_deref())
        .is_some_and(|l| l != "L0" && l != "L1")
    {
        out_of_range("match.sbi.min_level", "the level is L0 or L1", problems);
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn drivers(profile: &DeviceProfile, problems: &mut Problems) {
    let driver = &profile.driver;
    if driver.linux.is_empty() && driver.windows.is_empty() {
        problems.push(("driver".to_owned(), ProfileReason::NoDriver));
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    for (path, list) in [
        ("driver.linux", &driver.linux),
        ("driver.windows", &driver.windows),
    ] {
        for text in list {
            let parts: Vec<&str> = text.split(':').collect();
            if parts.len() > 2 || parts.iter().any(|p| p.is_empty() || !p.chars().all(plain)) {
                let reason = ProfileReason::BadDriver { text: text.clone() };
                problems.push((path.to_owned(), reason));
            }
        }
    }
}

/// A laptop profile.
pub(super) fn laptop(profile: &LaptopProfile) -> Problems {
    let mut problems = Vec::new();
    edition(profile.schema, &mut problems);
    id(&profile.id, "laptop", &mut problems);
    if profile.status.claims_a_trial() && profile.benches.is_empty() {
        problems.push(("status".to_owned(), ProfileReason::NoBench));
    }
    if profile.temp_c.is_some_and(|[low, high]| low >= high) {
        out_of_range("temp_c", "the lower temperature comes first", &mut problems);
    }
    problems
}

/// A kit, as far as it can be judged alone.
pub(super) fn kit(profile: &KitProfile) -> Problems {
    let mut problems = Vec::new();
    edition(profile.schema, &mut problems);
    id(&profile.id, "kit", &mut problems);
    if profile.devices.is_empty() {
        problems.push(("devices".to_owned(), ProfileReason::NoDevice));
    }
    for (i, role) in profile.devices.iter().enumerate() {
        let path = format!("devices.{}", role.role);
        if role.any_of.is_empty() && role.any_driver.is_none() {
            problems.push((path.clone(), ProfileReason::NoDevice));
        }
        if profile
            .devices
            .iter()
            .take(i)
            .any(|earlier| earlier.role == role.role)
        {
            problems.push((
                path,
                ProfileReason::SameRole {
                    role: role.role.clone(),
                },
            ));
        }
    }
    problems
}
