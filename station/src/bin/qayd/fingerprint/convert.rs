//! `convert`: pictures, records, templates and CBEFF documents into each other.
//!
//! A picture becomes minutiae by extraction; minutiae never become a picture.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use qayd_fingerprint::cbeff::{Bir, FINGER_IMAGE_FORMAT, FINGER_MINUTIAE_FORMAT};
use qayd_fingerprint::record::{
    FingerImageCoding, Iso19794p4v2005, Iso19794p4v2011, MinutiaeEdition, Record, template_record,
};
use qayd_fingerprint::wsq::{self, WsqRate};
use qayd_fingerprint::{GreyImage, Template};
use qayd_model::FingerPosition;
use serde::Serialize;

use super::files::{self, Found, Resolution, about, parse_finger};
use crate::failure::Failure;
use crate::talk::Talk;

/// From one file format to another.
#[derive(Debug, Args)]
pub struct Convert {
    /// Any picture, record, template or CBEFF document.
    input: PathBuf,
    /// Where the result goes; without --to, its ending says what it is: png, pgm, wsq, fir, fmr, qft, xml.
    output: PathBuf,
    /// What the result is.
    #[arg(long, value_enum, value_name = "FORMAT")]
    to: Option<Format>,
    /// How a picture is coded within a finger image record.
    #[arg(long, value_enum, default_value = "png", value_name = "CODING")]
    coding: Coding,
    /// Bits a pixel of WSQ: 0.75 is about 15:1, 2.25 about 5:1.
    #[arg(long, default_value_t = 0.75, value_name = "BITS")]
    wsq_bits: f32,
    /// Which finger it is, such as `right_index`; of a CBEFF document, which one is taken.
    #[arg(long, value_parser = parse_finger, value_name = "NAME")]
    finger: Option<FingerPosition>,
    #[command(flatten)]
    resolution: Resolution,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Png,
    Pgm,
    Wsq,
    #[value(name = "iso19794-4-2005")]
    Fir2005,
    #[value(name = "iso19794-4-2011")]
    Fir2011,
    #[value(name = "iso19794-2-2005")]
    Fmr2005,
    #[value(name = "iso19794-2-2011")]
    Fmr2011,
    #[value(name = "ansi378-2004")]
    Ansi2004,
    #[value(name = "ansi378-2009")]
    Ansi2009,
    Template,
    Cbeff,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Coding {
    Png,
    Raw,
    Wsq,
}

#[derive(Serialize)]
struct ConvertView {
    from: &'static str,
    to: &'static str,
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    minutiae: Option<usize>,
}

impl Format {
    fn of_ending(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match ending.as_str() {
            "png" => Self::Png,
            "pgm" => Self::Pgm,
            "wsq" => Self::Wsq,
            "fir" => Self::Fir2011,
            "fmr" => Self::Fmr2011,
            "qft" => Self::Template,
            "xml" => Self::Cbeff,
            _ => return None,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Pgm => "pgm",
            Self::Wsq => "wsq",
            Self::Fir2005 => "iso19794-4:2005",
            Self::Fir2011 => "iso19794-4:2011",
            Self::Fmr2005 => "iso19794-2:2005",
            Self::Fmr2011 => "iso19794-2:2011",
            Self::Ansi2004 => "ansi378-2004",
            Self::Ansi2009 => "ansi378-2009",
            Self::Template => "template",
            Self::Cbeff => "cbeff",
        }
    }

    const fn edition(self) -> Option<MinutiaeEdition> {
        match self {
            Self::Fmr2005 => Some(MinutiaeEdition::Iso19794p2v2005),
            Self::Fmr2011 => Some(MinutiaeEdition::Iso19794p2v2011),
            Self::Ansi2004 => Some(MinutiaeEdition::Ansi378v2004),
            Self::Ansi2009 => Some(MinutiaeEdition::Ansi378v2009),
            _ => None,
        }
    }
}

/// Runs the conversion.
pub fn run(what: &Convert, talk: &Talk) -> Result<(), Failure> {
    let to = what
        .to
        .or_else(|| Format::of_ending(&what.output))
        .ok_or_else(|| {
            Failure::usage(format!(
                "{}: its ending says nothing; name the format with --to",
                what.output.display()
            ))
        })?;
    let mut found = files::open(&what.input, what.resolution.get())?;
    let mut from = kind(&found);
    let mut finger = what.finger;
    if let Found::Document(document) = &found
        && to != Format::Cbeff
    {
        let (position, block) = block_of(what, document)?;
        finger = finger.or(position);
        found = open_block(what, &block)?;
        from = "cbeff";
    }
    let (bytes, minutiae) = made(what, to, found, finger)?;
    files::write(&what.output, &bytes)?;
    let view = ConvertView {
        from,
        to: to.name(),
        bytes: bytes.len(),
        minutiae,
    };
    talk.data(&view, |out| {
        writeln!(out, "{} to {}: {} bytes", view.from, view.to, view.bytes)
    })
}

fn kind(found: &Found) -> &'static str {
    match found {
        Found::Picture(_) => "picture",
        Found::Record(record) => record.edition(),
        Found::Template(_) => "template",
        Found::Document(_) => "cbeff",
    }
}

/// The block of the finger asked for, or the only one there is.
fn block_of(what: &Convert, document: &Bir) -> Result<(Option<FingerPosition>, Vec<u8>), Failure> {
    let mut blocks = Vec::new();
    let mut open = vec![document];
    while let Some(bir) = open.pop() {
        if let Some(block) = &bir.block {
            blocks.push((bir.finger(), block));
        }
        open.extend(bir.records.iter().rev());
    }
    if let Some(finger) = what.finger {
        blocks.retain(|(position, _)| *position == Some(finger));
    }
    match blocks.as_slice() {
        [(position, block)] => Ok((*position, (*block).clone())),
        others => Err(Failure::usage(format!(
            "{} holds {} such data blocks: name one with --finger",
            what.input.display(),
            others.len()
        ))),
    }
}

fn open_block(what: &Convert, block: &[u8]) -> Result<Found, Failure> {
    if Record::is_record(block) {
        return Record::parse(block)
            .map(Found::Record)
            .map_err(|e| about!(what.input, e));
    }
    qayd_fingerprint::record::decode_finger_payload(block, what.resolution.get())
        .map(Found::Picture)
        .map_err(|e| about!(what.input, e))
}

fn is_finger_image(record: &Record) -> bool {
    matches!(
        record,
        Record::Iso19794p4v2005(_) | Record::Iso19794p4v2011(_)
    )
}

/// The bytes of the result, and how many minutiae are in it.
fn made(
    what: &Convert,
    to: Format,
    found: Found,
    finger: Option<FingerPosition>,
) -> Result<(Vec<u8>, Option<usize>), Failure> {
    let wrong = |e: qayd_fingerprint::record::RecordError| about!(what.input, e);
    // The same edition again: every field stays.
    if let Found::Record(record) = &found
        && record.edition() == to.name()
    {
        return Ok((record.to_bytes().map_err(wrong)?, None));
    }
    match to {
        Format::Png | Format::Pgm | Format::Wsq | Format::Fir2005 | Format::Fir2011 => {
            let image = picture(what, found)?;
            Ok((picture_bytes(what, to, &image, finger)?, None))
        }
        Format::Template => {
            let template = template(what, found)?.1;
            Ok((template.to_bytes(), Some(template.minutiae().len())))
        }
        Format::Cbeff => {
            let bir = match found {
                Found::Document(bir) => bir,
                found => Bir::around(vec![one_finger(what, found, finger)?]),
            };
            let xml = bir.to_xml().map_err(|e| about!(what.input, e))?;
            Ok((xml.into_bytes(), None))
        }
        Format::Fmr2005 | Format::Fmr2011 | Format::Ansi2004 | Format::Ansi2009 => {
            let fingers = templates(what, found, finger)?;
            let borrowed: Vec<_> = fingers.iter().map(|(p, t)| (*p, t)).collect();
            let edition = to.edition().unwrap_or(MinutiaeEdition::Iso19794p2v2011);
            let record = template_record(edition, &borrowed).map_err(wrong)?;
            let count = fingers.iter().map(|(_, t)| t.minutiae().len()).sum();
            Ok((record.to_bytes().map_err(wrong)?, Some(count)))
        }
    }
}

fn picture(what: &Convert, found: Found) -> Result<GreyImage, Failure> {
    match found {
        Found::Picture(image) => Ok(image),
        Found::Record(record) => files::picture_of(&what.input, &record),
        _ => Err(Failure::usage(format!(
            "{} holds no picture, and minutiae never become one",
            what.input.display()
        ))),
    }
}

fn picture_bytes(
    what: &Convert,
    to: Format,
    image: &GreyImage,
    finger: Option<FingerPosition>,
) -> Result<Vec<u8>, Failure> {
    let position = finger.map_or(0, FingerPosition::code);
    let record = |e: qayd_fingerprint::record::RecordError| about!(what.input, e);
    let coding = match what.coding {
        Coding::Png => FingerImageCoding::Png,
        Coding::Raw => FingerImageCoding::Raw,
        Coding::Wsq => FingerImageCoding::Wsq,
    };
    match to {
        Format::Wsq => {
            let rate = WsqRate::bits_per_pixel(what.wsq_bits)
                .ok_or_else(|| Failure::usage("--wsq-bits is 0.1 to 8"))?;
            wsq::encode(image, rate).map_err(|e| about!(what.input, e))
        }
        Format::Pgm => {
            let mut bytes = format!("P5 {} {} 255\n", image.width, image.height).into_bytes();
            bytes.extend_from_slice(&image.pixels);
            Ok(bytes)
        }
        Format::Fir2005 => Iso19794p4v2005::from_image(image, position, 0, coding)
            .and_then(|r| r.to_bytes())
            .map_err(record),
        Format::Fir2011 => Iso19794p4v2011::from_image(image, position, 0, coding)
            .and_then(|r| r.to_bytes())
            .map_err(record),
        _ => image.encode_png().map_err(|e| about!(what.input, e)),
    }
}

/// All fingers of a file.
fn templates(
    what: &Convert,
    found: Found,
    finger: Option<FingerPosition>,
) -> Result<Vec<(Option<FingerPosition>, Template)>, Failure> {
    let extracted = |image: &GreyImage| {
        qayd_fingerprint::extract(image)
            .map(|found| vec![(finger, found.template)])
            .map_err(|e| about!(what.input, e))
    };
    match found {
        Found::Template(template) => Ok(vec![(finger, template)]),
        Found::Picture(image) => extracted(&image),
        Found::Record(record) if is_finger_image(&record) => {
            extracted(&files::picture_of(&what.input, &record)?)
        }
        Found::Record(record) => Ok(record
            .templates()
            .map_err(|e| about!(what.input, e))?
            .into_iter()
            .map(|(code, template)| (finger.or(FingerPosition::from_code(code)), template))
            .collect()),
        Found::Document(_) => Ok(Vec::new()),
    }
}

/// The only finger of a file.
fn template(what: &Convert, found: Found) -> Result<(Option<FingerPosition>, Template), Failure> {
    let mut all = templates(what, found, what.finger)?;
    match (all.pop(), all.is_empty()) {
        (Some(only), true) => Ok(only),
        (last, _) => Err(Failure::usage(format!(
            "{} holds {} fingers, a template holds one",
            what.input.display(),
            all.len() + usize::from(last.is_some())
        ))),
    }
}

/// A CBEFF record of one finger: a record stays as it is, a picture becomes a finger image record.
fn one_finger(
    what: &Convert,
    found: Found,
    finger: Option<FingerPosition>,
) -> Result<Bir, Failure> {
    let record_error = |e: qayd_fingerprint::record::RecordError| about!(what.input, e);
    let needed = |known: Option<FingerPosition>| {
        finger.or(known).ok_or_else(|| {
            Failure::usage("a CBEFF document says which finger it is: name it with --finger")
        })
    };
    match found {
        Found::Record(record) if is_finger_image(&record) => {
            let code = match &record {
                Record::Iso19794p4v2005(r) => r.views.first().map_or(0, |v| v.position),
                Record::Iso19794p4v2011(r) => r.representations.first().map_or(0, |v| v.position),
                _ => 0,
            };
            let bytes = record.to_bytes().map_err(record_error)?;
            let position = needed(FingerPosition::from_code(code))?;
            Ok(Bir::of_finger(position, FINGER_IMAGE_FORMAT, bytes))
        }
        Found::Picture(image) => {
            let position = needed(None)?;
            let bytes = picture_bytes(what, Format::Fir2011, &image, Some(position))?;
            Ok(Bir::of_finger(position, FINGER_IMAGE_FORMAT, bytes))
        }
        Found::Record(record) => {
            let code = record
                .templates()
                .ok()
                .and_then(|all| all.first().map(|(code, _)| *code));
            let position = needed(code.and_then(FingerPosition::from_code))?;
            let bytes = record.to_bytes().map_err(record_error)?;
            Ok(Bir::of_finger(position, FINGER_MINUTIAE_FORMAT, bytes))
        }
        Found::Template(template) => {
            let position = needed(None)?;
            let edition = MinutiaeEdition::Iso19794p2v2011;
            let bytes = template_record(edition, &[(Some(position), &template)])
                .and_then(|r| r.to_bytes())
                .map_err(record_error)?;
            Ok(Bir::of_finger(position, FINGER_MINUTIAE_FORMAT, bytes))
        }
        Found::Document(bir) => Ok(bir),
    }
}
