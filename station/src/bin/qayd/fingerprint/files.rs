//! Files of fingers: what is in one, found out by its bytes.
//!
//! In: a path. Out: [`Found`], or a failure that names the file. Never: goes by a name's ending.

use std::path::Path;

use clap::Args;
use qayd_fingerprint::cbeff::Bir;
use qayd_fingerprint::record::{RECORD_BYTES_MAX, Record, RecordError, decode_finger_payload};
use qayd_fingerprint::{GreyImage, Template, extract};
use qayd_model::{FingerPosition, Ppi};
use qayd_station::World;

use crate::failure::Failure;

/// Pixels an inch, where a picture does not say.
#[derive(Debug, Clone, Copy, Args)]
pub struct Resolution {
    /// Pixels an inch of a bare picture; wins over what the file says.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(250..=1_200))]
    pub ppi: Option<u16>,
}

impl Resolution {
    pub fn get(self) -> Option<Ppi> {
        self.ppi.map(Ppi)
    }
}

/// What a file holds.
#[allow(
    clippy::large_enum_variant,
    reason = "one at a time, and never kept: a box would only be opened again"
)]
pub enum Found {
    Picture(GreyImage),
    Record(Record),
    Template(Template),
    Document(Bir),
}

/// A failure of the library, with the file it was about.
macro_rules! about {
    ($path:expr, $error:expr) => {{
        let error = $error;
        Failure::input(error.code(), &error).with(format!(
            "{}: {}",
            $path.display(),
            crate::fingerprint::files::sentence(&error)
        ))
    }};
}
pub(super) use about;

/// An error and its causes in one line.
pub fn sentence(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text += &format!(": {inner}");
        cause = inner.source();
    }
    text
}

/// The bytes of a file.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    World::os()
        .files
        .read(path, RECORD_BYTES_MAX as u64)
        .map_err(|error| {
            Failure::input(error.code(), &error).with(format!("{}: {error}", path.display()))
        })
}

/// Writes a file so that it is whole or not there.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    World::os()
        .files
        .write_durably(path, bytes)
        .map_err(|error| {
            Failure::new(error.code(), error.remedy(), &error)
                .with(format!("{}: {error}", path.display()))
        })
}

/// Many files that can be made again by the same command need not survive a power cut.
#[allow(
    clippy::disallowed_methods,
    reason = "synthetic pictures and plots, made again by the same command"
)]
pub fn write_plainly(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|error| cannot_write(path, &error))
}

/// A folder, made if it is not there.
pub fn make_folder(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path).map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::input("FIL-10", error).with(format!("{}: {error}", path.display()))
}

/// What a file holds.
pub fn open(path: &Path, ppi: Option<Ppi>) -> Result<Found, Failure> {
    let bytes = read(path)?;
    if bytes.starts_with(b"QFT") {
        return Template::from_bytes(&bytes)
            .map(Found::Template)
            .map_err(|e| about!(path, e));
    }
    if Record::is_record(&bytes) {
        return Record::parse(&bytes)
            .map(Found::Record)
            .map_err(|e| about!(path, e));
    }
    if bytes.trim_ascii_start().starts_with(b"<") || bytes.starts_with(b"\xef\xbb\xbf<") {
        return Bir::parse(&bytes)
            .map(Found::Document)
            .map_err(|e| about!(path, e));
    }
    decode_finger_payload(&bytes, ppi)
        .map(Found::Picture)
        .map_err(|e| about!(path, e))
}

/// The only picture of a record.
pub fn picture_of(path: &Path, record: &Record) -> Result<GreyImage, Failure> {
    let only = |count: usize| {
        if count == 1 {
            Ok(())
        } else {
            Err(about!(path, RecordError::NoRepresentation(count)))
        }
    };
    let image = match record {
        Record::Iso19794p4v2005(r) => {
            only(r.views.len())?;
            r.image(0)
        }
        Record::Iso19794p4v2011(r) => {
            only(r.representations.len())?;
            r.image(0)
        }
        _ => Err(RecordError::Unsupported("a picture from this record")),
    };
    image.map_err(|e| about!(path, e))
}

/// A picture of one finger.
pub fn picture(path: &Path, ppi: Option<Ppi>) -> Result<GreyImage, Failure> {
    match open(path, ppi)? {
        Found::Picture(image) => Ok(image),
        Found::Record(record) => picture_of(path, &record),
        _ => Err(Failure::usage(format!(
            "{} holds no picture",
            path.display()
        ))),
    }
}

/// The template of a finger, whatever the file is: extracted, read, or taken from the only view of a record.
pub fn template(path: &Path, ppi: Option<Ppi>) -> Result<Template, Failure> {
    let extracted = |image: &GreyImage| {
        extract(image)
            .map(|found| found.template)
            .map_err(|e| about!(path, e))
    };
    match open(path, ppi)? {
        Found::Template(template) => Ok(template),
        Found::Picture(image) => extracted(&image),
        Found::Record(record @ (Record::Iso19794p4v2005(_) | Record::Iso19794p4v2011(_))) => {
            extracted(&picture_of(path, &record)?)
        }
        Found::Record(record) => {
            let mut templates = record.templates().map_err(|e| about!(path, e))?;
            match (templates.pop(), templates.is_empty()) {
                (Some((_, template)), true) => Ok(template),
                (found, _) => {
                    let count = templates.len() + usize::from(found.is_some());
                    Err(about!(path, RecordError::NoRepresentation(count)))
                }
            }
        }
        Found::Document(_) => Err(Failure::usage(format!(
            "{} is a CBEFF document: convert it first",
            path.display()
        ))),
    }
}

/// The finger a file or folder is named for.
pub fn finger_name(name: &str) -> Option<FingerPosition> {
    FingerPosition::ALL
        .into_iter()
        .find(|position| position.name() == name)
}

/// For `--finger`.
pub fn parse_finger(name: &str) -> Result<FingerPosition, String> {
    finger_name(name).ok_or_else(|| {
        let names: Vec<_> = FingerPosition::ALL.iter().map(|p| p.name()).collect();
        format!("fingers are {}", names.join(", "))
    })
}
