//! Facts: what was verified of a packet, and when, by whom and with what it was made.
//!
//! In: checks of the examination, opened content. Out: views. Never: hides a check that failed.

use crate::{
    centre::StoredPacket,
    console::{language::Words, session::clock, view::Fact},
    review::{
        Opened,
        case::{Check, CheckOutcome},
    },
};

pub(super) struct CheckView {
    pub code: String,
    pub outcome: &'static str,
    pub text: String,
    pub details: String,
}

pub(super) fn check_view(w: Words, check: &Check) -> CheckView {
    let code = check.kind.code();
    let key = match check.outcome {
        CheckOutcome::Failed => "check-failed-",
        _ => "check-",
    };
    CheckView {
        text: w.code(key, &code),
        outcome: check.outcome.name(),
        details: check.details.join(", "),
        code,
    }
}

/// When, by whom, with what.
pub(super) fn capture_facts(
    w: Words,
    opened: &Opened,
    stored: &StoredPacket,
    offset: i16,
) -> Vec<Fact> {
    let content = &opened.content;
    let mut devices: Vec<&str> = content
        .samples
        .iter()
        .filter_map(|sample| sample.device.as_deref())
        .collect();
    devices.sort_unstable();
    devices.dedup();
    let mut facts = vec![
        Fact {
            label: w.t("fact-station"),
            text: format!(
                "{} · {}",
                opened.station.name,
                w.code("station-kind-", &opened.station.kind)
            ),
        },
        Fact {
            label: w.t("fact-operator"),
            text: opened.operator.login.clone(),
        },
        Fact {
            label: w.t("fact-started"),
            text: clock(content.started, offset),
        },
        Fact {
            label: w.t("fact-sealed"),
            text: clock(content.sealed, offset),
        },
        Fact {
            label: w.t("fact-received"),
            text: clock(stored.row.received, offset),
        },
        Fact {
            label: w.t("fact-sequence"),
            text: stored.row.sequence.to_string(),
        },
        Fact {
            label: w.t("fact-pack"),
            text: format!("{} {}", content.pack_id, content.pack_version),
        },
    ];
    if let Some(supervisor) = &opened.supervisor {
        facts.insert(
            2,
            Fact {
                label: w.t("fact-supervisor"),
                text: supervisor.login.clone(),
            },
        );
    }
    if let Some(extension) = &content.extension {
        let mut parts = vec![clock(extension.granted, offset)];
        let days = extension.offline_days.map(u64::from);
        parts.extend(days.map(|days| w.n("extension-days", days)));
        let packets = extension.packets.map(u64::from);
        parts.extend(packets.map(|packets| w.n("extension-packets", packets)));
        facts.push(Fact {
            label: w.t("fact-extension"),
            text: parts.join(" · "),
        });
    }
    if !devices.is_empty() {
        facts.push(Fact {
            label: w.t("fact-devices"),
            text: devices.join(", "),
        });
    }
    facts.push(Fact {
        label: w.t("fact-digest"),
        text: stored.row.manifest_sha256.to_hex()[..16].to_owned(),
    });
    facts
}
