//! Person folder: papers and images of one person as plain files, for archives, demonstrations and tests.
//!
//! In: `<person>/portrait.{jpg,png}`, `exception_photo.{jpg,png}`, `signature.png`, `thumb_mark.png`,
//! `fingers/<right_thumb…left_little>[_n].{png,tif,bmp,pgm}`, `documents/<type>_<page>.{jpg,png,pdf}`.
//! Out: [`RawSample`]s with the file's bytes untouched, or a [`FolderError`] that names every bad file with its reason.
//! Owns: nothing; files are read once and never written.
//! Never: hands out half a folder. Everything is read, decoded and judged before the first sample leaves.
//! Never: reads `person.toml`; that is the enrolment's, this is the devices' part.

mod content;
mod device;
mod names;
mod resolution;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use qayd_model::{ByteCount, FingerPosition, PersonalBytes, Remedy, SampleKind};
use qayd_world::Files;

pub use content::{DECODED_BYTES_MAX, IMAGE_PIXELS_MAX, IMAGE_SIDE_PX_MAX};
pub use device::{FOLDER_PROFILE, FolderDevice};

use crate::capture::{CaptureTarget, Geometry, MediaType, RawSample};

/// No file of a person folder is larger: 8 MiB (half a packet).
pub const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// No more files than this in one person folder: ten fingers of nine attempts, and forty papers.
pub const FILES_MAX: usize = 130;
/// Attempts of one finger, counted from 1.
pub const ATTEMPTS_MAX: u16 = 9;
/// Pages of one document, counted from 1.
pub const PAGES_MAX: u16 = 40;
/// All files of a folder together: 64 MiB are held in memory at most.
pub const FOLDER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A person folder that was read whole and found good.
#[derive(Debug, Clone)]
pub struct PersonFolder {
    samples: Vec<RawSample>,
}

impl PersonFolder {
    /// Reads and checks everything. On any problem nothing is given and all problems are listed.
    pub fn read(files: &dyn Files, dir: &Path) -> Result<Self, FolderError> {
        let mut problems = Vec::new();
        let found = list(files, dir, &mut problems);
        let mut samples: BTreeMap<(CaptureTarget, u16), RawSample> = BTreeMap::new();
        let mut total = 0;
        for path in found {
            let name = path.strip_prefix(dir).unwrap_or(&path).to_path_buf();
            let sample = match read_one(files, &path, &name, &mut total) {
                Ok(sample) => sample,
                Err(reason) => {
                    problems.push(FolderProblem { file: name, reason });
                    continue;
                }
            };
            let key = (sample.target.clone(), sample.attempt);
            match samples.get(&key).and_then(|first| first.file.clone()) {
                Some(first) => problems.push(FolderProblem {
                    file: name,
                    reason: FolderReason::SameAs { other: first },
                }),
                None => {
                    samples.insert(key, sample);
                }
            }
        }
        if problems.is_empty() && samples.is_empty() {
            problems.push(FolderProblem {
                file: PathBuf::from("."),
                reason: FolderReason::NoSample,
            });
        }
        if problems.is_empty() {
            Ok(Self {
                samples: samples.into_values().collect(),
            })
        } else {
            Err(FolderError { problems })
        }
    }

    /// Every sample: ordered by target, then by attempt.
    pub fn samples(&self) -> &[RawSample] {
        &self.samples
    }

    /// Every sample, given away.
    pub fn into_samples(self) -> Vec<RawSample> {
        self.samples
    }

    /// The attempts of one target in their order; empty when the folder has none.
    pub fn attempts<'a>(
        &'a self,
        target: &'a CaptureTarget,
    ) -> impl Iterator<Item = &'a RawSample> {
        self.samples.iter().filter(move |s| s.target == *target)
    }

    /// The fingers of which the folder has at least one attempt.
    pub fn fingers(&self) -> impl Iterator<Item = FingerPosition> {
        FingerPosition::ALL.into_iter().filter(|p| {
            self.samples
                .iter()
                .any(|s| s.target == CaptureTarget::from(*p))
        })
    }
}

/// Size of a picture that was decoded whole, within the limits of a folder's files; `None` when it is not of the type.
pub(crate) fn picture_geometry(bytes: &[u8], media_type: MediaType) -> Option<Geometry> {
    content::check(bytes, media_type).ok()?.geometry
}

/// The files to be read, in a stable order; what is not understood becomes a problem.
fn list(files: &dyn Files, dir: &Path, problems: &mut Vec<FolderProblem>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let top = match files.list(dir) {
        Ok(top) => top,
        Err(source) => {
            let reason = FolderReason::Unreadable {
                code: source.code(),
            };
            problems.push(FolderProblem {
                file: PathBuf::from("."),
                reason,
            });
            return found;
        }
    };
    for path in top {
        match path.file_name().and_then(|n| n.to_str()) {
            Some(name @ (names::FINGERS | names::DOCUMENTS)) => match files.list(&path) {
                Ok(inner) => found.extend(inner.into_iter().filter(|p| !names::is_ignored(p))),
                Err(source) => problems.push(FolderProblem {
                    file: PathBuf::from(name),
                    reason: FolderReason::Unreadable {
                        code: source.code(),
                    },
                }),
            },
            Some(names::PERSON) => {}
            _ if names::is_ignored(&path) => {}
            _ => found.push(path),
        }
    }
    if found.len() > FILES_MAX {
        let reason = FolderReason::TooManyFiles {
            found: found.len(),
            limit: FILES_MAX,
        };
        problems.push(FolderProblem {
            file: PathBuf::from("."),
            reason,
        });
        found.clear();
    }
    found
}

fn read_one(
    files: &dyn Files,
    path: &Path,
    name: &Path,
    total: &mut u64,
) -> Result<RawSample, FolderReason> {
    let entry = names::parse(name)?;
    let unreadable = |source: qayd_world::FilesError| FolderReason::Unreadable {
        code: source.code(),
    };
    let length = files
        .length(path)
        .map_err(unreadable)?
        .ok_or(FolderReason::Unreadable { code: "gone" })?;
    if length > FILE_BYTES_MAX {
        return Err(FolderReason::TooLarge {
            length: ByteCount(length),
            limit: ByteCount(FILE_BYTES_MAX),
        });
    }
    *total += length;
    if *total > FOLDER_BYTES_MAX {
        return Err(FolderReason::FolderTooLarge {
            limit: ByteCount(FOLDER_BYTES_MAX),
        });
    }
    let bytes = PersonalBytes::new(files.read(path, FILE_BYTES_MAX).map_err(unreadable)?);
    let content = content::check(bytes.expose(), entry.media_type)?;
    let fingers = match &entry.target {
        CaptureTarget::Sample(SampleKind::Finger(position)) => vec![*position],
        _ => Vec::new(),
    };
    let ppi = if fingers.is_empty() {
        content.ppi
    } else {
        content
            .ppi
            .filter(|p| resolution::is_plausible_for_a_finger(*p))
    };
    Ok(RawSample {
        target: entry.target,
        fingers,
        bytes,
        media_type: entry.media_type,
        geometry: content.geometry,
        ppi,
        attempt: entry.attempt,
        monotonic_ms: None,
        file: Some(name.to_path_buf()),
    })
}

/// A person folder cannot be used; every problem found, in the order of the files. Nothing of it was handed out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderError {
    /// At least one.
    pub problems: Vec<FolderProblem>,
}

impl FolderError {
    /// `FLD-01` for them all; each problem's reason has a name of its own.
    pub const fn code(&self) -> &'static str {
        "FLD-01"
    }

    /// The operator puts the files right.
    pub const fn remedy(&self) -> Remedy {
        Remedy::OperatorActs
    }
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{}: {}", problem.file.display(), problem.reason)?;
        }
        Ok(())
    }
}

impl std::error::Error for FolderError {}

/// One file and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderProblem {
    /// Below the person folder; `.` is the folder itself. The folder's own name is left out: it may name the person.
    pub file: PathBuf,
    /// What is wrong.
    pub reason: FolderReason,
}

/// What can be wrong with a file of a person folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FolderReason {
    /// The disk would not give it.
    #[error("cannot be read ({code})")]
    Unreadable {
        /// Code of the disk's own error.
        code: &'static str,
    },
    /// The folder has neither portrait nor finger nor document.
    #[error("holds no portrait, finger or document")]
    NoSample,
    /// Not one of the names a person folder may hold.
    #[error("is not a file that a person folder may hold")]
    UnknownName,
    /// In `fingers/`, but its name is none of the ten.
    #[error(
        "`{name}` is not a finger; the names are right_thumb to left_little, then _2 for a second attempt"
    )]
    UnknownFinger {
        /// The stem as written.
        name: String,
    },
    /// In `documents/`, but its name is not `<type>_<page>`.
    #[error("is not named <document type>_<page>, with the page from 1 to {limit}")]
    UnknownDocument {
        /// [`PAGES_MAX`].
        limit: u16,
    },
    /// The attempt number is 0 or above the limit.
    #[error("attempts are numbered 1 to {limit}")]
    AttemptOutOfRange {
        /// [`ATTEMPTS_MAX`].
        limit: u16,
    },
    /// The name's ending is not accepted here.
    #[error("type `{extension}` is not taken here; use {accepted}")]
    UnsupportedType {
        /// The ending as written.
        extension: String,
        /// What is taken.
        accepted: &'static str,
    },
    /// The bytes are of another type than the name says.
    #[error("the content is not {expected}, as the name says")]
    WrongContent {
        /// Media type that the name promises.
        expected: &'static str,
    },
    /// Two files for the same attempt.
    #[error("is the same attempt as {}", other.display())]
    SameAs {
        /// The other file.
        other: PathBuf,
    },
    /// No bytes.
    #[error("is empty")]
    Empty,
    /// Above [`FILE_BYTES_MAX`].
    #[error("has {length}, above the limit of {limit}")]
    TooLarge {
        /// The file's length.
        length: ByteCount,
        /// [`FILE_BYTES_MAX`].
        limit: ByteCount,
    },
    /// All files together are above [`FOLDER_BYTES_MAX`].
    #[error("with this file the folder is above {limit}")]
    FolderTooLarge {
        /// [`FOLDER_BYTES_MAX`].
        limit: ByteCount,
    },
    /// More files than [`FILES_MAX`].
    #[error("holds {found} files, above the limit of {limit}")]
    TooManyFiles {
        /// How many there are.
        found: usize,
        /// [`FILES_MAX`].
        limit: usize,
    },
    /// The image header is damaged.
    #[error("the image header cannot be read")]
    UnreadableHeader,
    /// More pixels than any device here gives, or a decoder would need more memory than is allowed (a decompression bomb).
    #[error("the image is too large: {width_px} × {height_px} pixels")]
    ImageTooLarge {
        /// Columns that the header claims.
        width_px: u32,
        /// Rows that the header claims.
        height_px: u32,
    },
    /// The header is good and the pixels are not.
    #[error("the image is damaged or cut short")]
    DamagedImage,
    /// Starts as a PDF and does not end as one.
    #[error("the PDF is damaged or cut short")]
    DamagedPdf,
}

impl FolderReason {
    /// Stable name for reports, such as `unknown_finger`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::NoSample => "no_sample",
            Self::UnknownName => "unknown_name",
            Self::UnknownFinger { .. } => "unknown_finger",
            Self::UnknownDocument { .. } => "unknown_document",
            Self::AttemptOutOfRange { .. } => "attempt_out_of_range",
            Self::UnsupportedType { .. } => "unsupported_type",
            Self::WrongContent { .. } => "wrong_content",
            Self::SameAs { .. } => "same_attempt",
            Self::Empty => "empty",
            Self::TooLarge { .. } => "too_large",
            Self::FolderTooLarge { .. } => "folder_too_large",
            Self::TooManyFiles { .. } => "too_many_files",
            Self::UnreadableHeader => "unreadable_header",
            Self::ImageTooLarge { .. } => "image_too_large",
            Self::DamagedImage => "damaged_image",
            Self::DamagedPdf => "damaged_pdf",
        }
    }
}
