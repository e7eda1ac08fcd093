//! `qayd draft`: enrolments that are being made.

use std::fmt::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use qayd_model::pack::Language;
use qayd_model::{
    BiometricException, EnrolmentId, ExceptionReason, FingerPosition, SampleKind, Source, UnixMs,
};
use qayd_station::enrolment::returned_in;
use qayd_station::{Draft, DraftSummary, FieldInput};
use serde::Serialize;

use crate::args::Common;
use crate::enrol;
use crate::failure::Failure;
use crate::sign_in::{Signed, approval, sign_in};
use crate::talk::{Talk, when};

/// What is done with drafts.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// All drafts, the one changed last first.
    List,
    /// Everything in a draft, and what is still missing.
    Show {
        /// Which.
        enrolment: EnrolmentId,
    },
    /// Go on with a draft: answer fields, add samples and exceptions, seal it.
    Resume(Box<Resume>),
    /// Throw a draft away. Its key is erased; nothing of it can be read again.
    Discard {
        /// Which.
        enrolment: EnrolmentId,
    },
}

/// What is done to the draft, in this order; each is durable before the next.
#[derive(Debug, Args)]
pub struct Resume {
    /// Which.
    enrolment: EnrolmentId,
    /// Answer a field: `birth_date=1990-05-17`, or a value in TOML as in person.toml: `name={ given = { ar = "…" } }`.
    #[arg(long, value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// Take an answer back.
    #[arg(long, value_name = "FIELD")]
    clear: Vec<String>,
    /// Take the last change of a field back.
    #[arg(long)]
    undo: bool,
    /// Take samples from a person's folder; the best attempt of each replaces what is there.
    #[arg(long, value_name = "DIR")]
    samples: Option<PathBuf>,
    /// Let the synthetic person of this seed be captured again, as far as something is missing.
    #[arg(long, value_name = "SEED")]
    simulated: Option<u64>,
    /// Declare a finger missing: `right_index=amputated`.
    #[arg(long, value_name = "FINGER=REASON")]
    exception: Vec<String>,
    /// Take an exception back.
    #[arg(long, value_name = "FINGER")]
    no_exception: Vec<String>,
    /// Check every rule of the pack and say what is missing.
    #[arg(long)]
    finalise: bool,
    /// Check every rule, seal and queue it. With exceptions a supervisor stands by (--supervisor).
    #[arg(long)]
    seal: bool,
}

#[derive(Serialize)]
struct SummaryView {
    enrolment: EnrolmentId,
    version: u32,
    pack: String,
    step: String,
    started: UnixMs,
    changed: UnixMs,
}

impl From<DraftSummary> for SummaryView {
    fn from(draft: DraftSummary) -> Self {
        Self {
            enrolment: draft.enrolment,
            version: draft.version,
            pack: draft.pack_id,
            step: draft.step,
            started: draft.started,
            changed: draft.changed,
        }
    }
}

#[derive(Serialize)]
struct DraftView {
    enrolment: EnrolmentId,
    version: u32,
    pack: String,
    step: String,
    fields: Vec<FieldView>,
    samples: Vec<SampleView>,
    exceptions: Vec<ExceptionView>,
    returned: Option<qayd_model::Return>,
    complete: bool,
    missing: Vec<String>,
}

#[derive(Serialize)]
struct FieldView {
    field: String,
    text: String,
    source: Source,
}

#[derive(Serialize)]
struct SampleView {
    kind: SampleKind,
    media_type: String,
    bytes: u64,
    quality: Option<u8>,
    attempts: u16,
    held_by_centre: bool,
}

#[derive(Serialize)]
struct ExceptionView {
    position: FingerPosition,
    reason: ExceptionReason,
}

/// Runs the verb.
pub fn run(verb: Verb, common: &Common, talk: &Talk) -> Result<(), Failure> {
    let signed = sign_in(common)?;
    match verb {
        Verb::List => {
            let drafts: Vec<SummaryView> = signed
                .station
                .drafts()?
                .into_iter()
                .map(SummaryView::from)
                .collect();
            talk.data(&drafts, |out| {
                drafts.iter().try_for_each(|d| {
                    writeln!(
                        out,
                        "{}  v{}  {:<28} {:<12} {}",
                        d.enrolment,
                        d.version,
                        d.pack,
                        d.step,
                        when(d.changed)
                    )
                })
            })
        }
        Verb::Show { enrolment } => {
            let draft = signed.station.resume(&signed.session, enrolment)?;
            show(&signed, &draft, talk)
        }
        Verb::Discard { enrolment } => {
            signed.station.discard(&signed.session, enrolment)?;
            talk.data(&serde_json::json!({"discarded": enrolment}), |out| {
                writeln!(out, "draft {enrolment} is gone and its key is erased")
            })
        }
        Verb::Resume(what) => resume(&signed, &what, common, talk),
    }
}

fn show(signed: &Signed, draft: &Draft<'_>, talk: &Talk) -> Result<(), Failure> {
    let view = view(signed, draft)?;
    talk.data(&view, |out| {
        writeln!(
            out,
            "{}  version {}  {}  at {}",
            view.enrolment, view.version, view.pack, view.step
        )?;
        for f in &view.fields {
            writeln!(out, "  {:<24} {}", f.field, f.text)?;
        }
        for s in &view.samples {
            let quality = s.quality.map_or("–".to_owned(), |q| q.to_string());
            let held = if s.held_by_centre {
                "  held by the centre"
            } else {
                ""
            };
            writeln!(
                out,
                "  {:<32} {:>8} bytes  quality {quality}{held}",
                enrol::kind_name(&s.kind),
                s.bytes
            )?;
        }
        for e in &view.exceptions {
            writeln!(
                out,
                "  {:<24} missing: {}",
                e.position.name(),
                e.reason.name()
            )?;
        }
        if view.complete {
            return writeln!(out, "complete");
        }
        view.missing
            .iter()
            .try_for_each(|m| writeln!(out, "  still: {m}"))
    })
}

fn view(signed: &Signed, draft: &Draft<'_>) -> Result<DraftView, Failure> {
    let pack = draft.pack();
    let known = signed
        .station
        .store()
        .read(|c| signed.station.packs().of_version(c, &pack.id, pack.version))?;
    let codes = known.map(|k| k.codes.clone()).unwrap_or_default();
    let fields = draft
        .fields()?
        .into_iter()
        .filter_map(|entry| {
            let field = pack.field_numbered(entry.number)?;
            let text = entry.value.one_line(field, Language::English, &codes);
            Some(FieldView {
                field: field.id.clone(),
                text: text.expose().to_owned(),
                source: entry.source,
            })
        })
        .collect();
    let missing = match draft.finalise() {
        Ok(_) => Vec::new(),
        Err(error) => enrol::findings(&error),
    };
    Ok(DraftView {
        enrolment: draft.id(),
        version: draft.version(),
        pack: pack.id.clone(),
        step: draft.step()?,
        fields,
        samples: draft
            .samples()?
            .into_iter()
            .map(|s| SampleView {
                kind: s.kind,
                media_type: s.media_type,
                bytes: s.length,
                quality: s.quality.map(|q| q.value),
                attempts: s.attempts,
                held_by_centre: s.held_in.is_some(),
            })
            .collect(),
        exceptions: draft
            .exceptions()?
            .into_iter()
            .map(|e| ExceptionView {
                position: e.position,
                reason: e.reason,
            })
            .collect(),
        returned: returned_in(draft)?,
        complete: missing.is_empty(),
        missing,
    })
}

fn pair<'a>(text: &'a str, form: &str) -> Result<(&'a str, &'a str), Failure> {
    text.split_once('=')
        .map(|(key, value)| (key.trim(), value.trim()))
        .ok_or_else(|| Failure::usage(format!("{form} is expected, with an equals sign between")))
}

fn finger(name: &str) -> Result<FingerPosition, Failure> {
    FingerPosition::from_name(name)
        .ok_or_else(|| Failure::usage(format!("{name} is not a finger: right_thumb … left_little")))
}

fn resume(signed: &Signed, what: &Resume, common: &Common, talk: &Talk) -> Result<(), Failure> {
    // Everything that can be read without the draft is read first.
    let mut exceptions = Vec::new();
    for text in &what.exception {
        let (name, reason) = pair(text, "FINGER=REASON")?;
        let reason = ExceptionReason::from_name(reason)
            .ok_or_else(|| Failure::usage(format!("{reason} is not a reason of an exception")))?;
        exceptions.push(BiometricException {
            position: finger(name)?,
            reason,
            supervisor: None,
            note: None,
        });
    }
    let removed = what
        .no_exception
        .iter()
        .map(|name| finger(name))
        .collect::<Result<Vec<_>, _>>()?;
    let answers = what
        .set
        .iter()
        .map(|t| pair(t, "FIELD=VALUE"))
        .collect::<Result<Vec<_>, _>>()?;
    let stands_by = approval(common, &signed.station)?;

    let mut draft = signed.station.resume(&signed.session, what.enrolment)?;
    if what.undo {
        draft.undo()?;
    }
    for field in &what.clear {
        draft.clear(field)?;
    }
    for (field, value) in answers {
        draft.set(field, &FieldInput::from_text(value), Source::Statement)?;
    }
    if let Some(folder) = &what.samples {
        enrol::take_samples(signed, &mut draft, folder)?;
    }
    for exception in &exceptions {
        draft.remove_sample(&SampleKind::Finger(exception.position))?;
        draft.add_exception(exception)?;
    }
    for position in removed {
        draft.remove_exception(position)?;
    }
    if let Some(seed) = what.simulated {
        enrol::capture_missing(signed, &mut draft, seed, talk)?;
    }
    if what.seal {
        return enrol::seal(signed, draft, stands_by.as_ref(), talk);
    }
    if what.finalise {
        draft.finalise()?;
    }
    show(signed, &draft, talk)
}
