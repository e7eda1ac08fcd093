//! Names of a person folder: from a relative path to what the file is of.
//!
//! In: `fingers/left_ring_2.png`. Out: the target, the attempt and the encoding that the name promises.
//! Never: guesses. A misspelt name is an error, because a finger left out silently would be a person without that finger.

use std::path::{Component, Path};

use qayd_model::{FingerPosition, SampleKind};

use super::{ATTEMPTS_MAX, FolderReason, PAGES_MAX};
use crate::capture::{CaptureTarget, MediaType};

/// Read by the enrolment, not here.
pub(super) const PERSON: &str = "person.toml";
pub(super) const FINGERS: &str = "fingers";
pub(super) const DOCUMENTS: &str = "documents";

/// What a file name promises.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) target: CaptureTarget,
    pub(super) attempt: u16,
    pub(super) media_type: MediaType,
}

/// Leftovers of file managers, which no operator sees.
pub(super) fn is_ignored(path: &Path) -> bool {
    path.file_name()
        .and_then(|n| n.to_str())
        .is_some_and(|name| {
            name.starts_with('.')
                || name.eq_ignore_ascii_case("thumbs.db")
                || name.eq_ignore_ascii_case("desktop.ini")
        })
}

/// Understands a path relative to the person folder.
pub(super) fn parse(path: &Path) -> Result<Entry, FolderReason> {
    let parts: Option<Vec<&str>> = path
        .components()
        .map(|c| match c {
            Component::Normal(part) => part.to_str(),
            _ => None,
        })
        .collect();
    match parts.as_deref() {
        Some([FINGERS, name]) => finger(name),
        Some([DOCUMENTS, name]) => document(name),
        Some([name]) => top(name),
        _ => Err(FolderReason::UnknownName),
    }
}

fn top(name: &str) -> Result<Entry, FolderReason> {
    let (stem, extension) = split(name);
    let (kind, accepted): (_, &'static [MediaType]) = match stem {
        "portrait" => (SampleKind::Portrait, &[MediaType::Jpeg, MediaType::Png]),
        "exception_photo" => (
            SampleKind::ExceptionPhoto,
            &[MediaType::Jpeg, MediaType::Png],
        ),
        "thumb_mark" => (SampleKind::ThumbMark, &[MediaType::Png]),
        "signature" => (SampleKind::Signature, &[MediaType::Png]),
        _ => return Err(FolderReason::UnknownName),
    };
    let media_type = media_type(extension, accepted)?;
    Ok(Entry {
        target: CaptureTarget::Sample(kind),
        attempt: 1,
        media_type,
    })
}

fn finger(name: &str) -> Result<Entry, FolderReason> {
    const ACCEPTED: &[MediaType] = &[
        MediaType::Png,
        MediaType::Tiff,
        MediaType::Bmp,
        MediaType::Pgm,
    ];
    let (stem, extension) = split(name);
    let unknown = || FolderReason::UnknownFinger {
        name: stem.to_owned(),
    };
    let (position, attempt) = match FingerPosition::from_name(stem) {
        Some(position) => (position, 1),
        None => {
            let (finger, number) = stem.rsplit_once('_').ok_or_else(unknown)?;
            let position = FingerPosition::from_name(finger).ok_or_else(unknown)?;
            let attempt =
                number_up_to(number, ATTEMPTS_MAX).ok_or(FolderReason::AttemptOutOfRange {
                    limit: ATTEMPTS_MAX,
                })?;
            (position, attempt)
        }
    };
    let media_type = media_type(extension, ACCEPTED)?;
    Ok(Entry {
        target: position.into(),
        attempt,
        media_type,
    })
}

fn document(name: &str) -> Result<Entry, FolderReason> {
    const ACCEPTED: &[MediaType] = &[MediaType::Jpeg, MediaType::Png, MediaType::Pdf];
    let (stem, extension) = split(name);
    let unknown = FolderReason::UnknownDocument { limit: PAGES_MAX };
    let Some((document, page)) = stem.rsplit_once('_') else {
        return Err(unknown);
    };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    let Some(page) = number_up_to(page, PAGES_MAX) else {
        return Err(unknown);
    };
    if document.is_empty() || document.len() > 40 || !document.chars().all(plain) {
        return Err(unknown);
    }
    let media_type = media_type(extension, ACCEPTED)?;
    let kind = SampleKind::DocumentPage {
        document: document.to_owned(),
        page,
    };
    Ok(Entry {
        target: CaptureTarget::Sample(kind),
        attempt: 1,
        media_type,
    })
}

fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or((name, ""))
}

/// 1 to `limit`, written without leading zeros, so that one attempt has one name.
fn number_up_to(text: &str, limit: u16) -> Option<u16> {
    if text.is_empty() || text.starts_with('0') || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|n| *n <= limit)
}

fn media_type(extension: &str, accepted: &'static [MediaType]) -> Result<MediaType, FolderReason> {
    let by_name = match extension.to_ascii_lowercase().as_str() {
        "png" => Some(MediaType::Png),
        "jpg" | "jpeg" => Some(MediaType::Jpeg),
        "tif" | "tiff" => Some(MediaType::Tiff),
        "bmp" => Some(MediaType::Bmp),
        "pgm" => Some(MediaType::Pgm),
        "pdf" => Some(MediaType::Pdf),
        _ => None,
    };
    by_name
        .filter(|m| accepted.contains(m))
        .ok_or_else(|| FolderReason::UnsupportedType {
            extension: extension.to_owned(),
            accepted: match accepted {
                [MediaType::Jpeg, MediaType::Png] => "jpg or png",
                [MediaType::Jpeg, MediaType::Png, MediaType::Pdf] => "jpg, png or pdf",
                [MediaType::Png] => "png",
                _ => "png, tif, bmp or pgm",
            },
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(path: &str) -> &'static str {
        parse(Path::new(path)).map_or_else(|r| r.name(), |_| "taken")
    }

    #[test]
    fn every_finger_has_nine_attempts_and_no_tenth() {
        for position in FingerPosition::ALL {
            let entry = parse(Path::new(&format!("fingers/{}.PNG", position.name()))).unwrap();
            assert_eq!((entry.target, entry.attempt), (position.into(), 1));
            let third = parse(Path::new(&format!("fingers/{}_3.tif", position.name()))).unwrap();
            assert_eq!((third.attempt, third.media_type), (3, MediaType::Tiff));
        }
        for number in ["0", "10", "03", "-1", "+1", "x", ""] {
            assert_eq!(
                name_of(&format!("fingers/left_ring_{number}.png")),
                "attempt_out_of_range",
                "{number}"
            );
        }
    }

    #[test]
    fn a_misspelt_name_is_refused_not_skipped() {
        for (path, reason) in [
            ("fingers/left_pinky.png", "unknown_finger"),
            ("fingers/thumb.png", "unknown_finger"),
            ("fingers/Left_ring.png", "unknown_finger"),
            ("fingers/left_ring.jpg", "unsupported_type"),
            ("fingers/left_ring", "unsupported_type"),
            ("portrait.bmp", "unsupported_type"),
            ("portait.jpg", "unknown_name"),
            ("documents/csid.jpg", "unknown_document"),
            ("documents/csid_0.jpg", "unknown_document"),
            ("documents/csid_41.jpg", "unknown_document"),
            ("documents/_1.jpg", "unknown_document"),
            ("documents/CSID_1.jpg", "unknown_document"),
            ("documents/csid_1.tif", "unsupported_type"),
            ("fingers/old/left_ring.png", "unknown_name"),
            ("notes.txt", "unknown_name"),
            ("../portrait.jpg", "unknown_name"),
        ] {
            assert_eq!(name_of(path), reason, "{path}");
        }
    }

    #[test]
    fn document_types_may_hold_underscores() {
        let entry = parse(Path::new("documents/birth_certificate_2.pdf")).unwrap();
        let kind = SampleKind::DocumentPage {
            document: "birth_certificate".into(),
            page: 2,
        };
        assert_eq!(entry.target, CaptureTarget::Sample(kind));
        assert_eq!(entry.media_type, MediaType::Pdf);
    }
}
