//! Content of a file: whether the bytes are what the name says, and within the limits.
//!
//! In: bytes of at most 8 MiB and the promised type. Out: geometry and stated resolution.
//! Never: trusts a header. Sizes are checked before anything is allocated, then every pixel is decoded once, so that a
//! file that cannot be opened at the centre is not accepted here.

use std::io::Cursor;

use image::{ImageFormat, ImageReader, Limits};
use qayd_model::Ppi;

use super::{FolderReason, resolution};
use crate::capture::{Geometry, MediaType};

/// Longest side of an image.
pub const IMAGE_SIDE_PX_MAX: u32 = 8_192;
/// Most pixels of an image: 40 million, an A4 page at 600 ppi with margin.
pub const IMAGE_PIXELS_MAX: u64 = 40_000_000;
/// What a decoder may allocate for one image: 40 million pixels of 8 bytes.
pub const DECODED_BYTES_MAX: u64 = IMAGE_PIXELS_MAX * 8;

/// What was found in a good file.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) geometry: Option<Geometry>,
    pub(super) ppi: Option<Ppi>,
}

/// Checks `bytes` against the type that the file's name promises.
pub(super) fn check(bytes: &[u8], promised: MediaType) -> Result<Content, FolderReason> {
    if bytes.is_empty() {
        return Err(FolderReason::Empty);
    }
    if !has_magic(bytes, promised) {
        return Err(FolderReason::WrongContent {
            expected: promised.name(),
        });
    }
    let format = match promised {
        MediaType::Png => ImageFormat::Png,
        MediaType::Jpeg => ImageFormat::Jpeg,
        MediaType::Tiff => ImageFormat::Tiff,
        MediaType::Bmp => ImageFormat::Bmp,
        MediaType::Pgm => ImageFormat::Pnm,
        MediaType::Pdf => return pdf(bytes),
    };
    let (width_px, height_px) = ImageReader::with_format(Cursor::new(bytes), format)
        .into_dimensions()
        .map_err(|_| FolderReason::UnreadableHeader)?;
    let too_large = FolderReason::ImageTooLarge {
        width_px,
        height_px,
    };
    if width_px == 0 || height_px == 0 {
        return Err(FolderReason::UnreadableHeader);
    }
    if width_px > IMAGE_SIDE_PX_MAX
        || height_px > IMAGE_SIDE_PX_MAX
        || u64::from(width_px) * u64::from(height_px) > IMAGE_PIXELS_MAX
    {
        return Err(too_large);
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(IMAGE_SIDE_PX_MAX);
    limits.max_image_height = Some(IMAGE_SIDE_PX_MAX);
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    reader.limits(limits);
    reader.decode().map_err(|error| match error {
        image::ImageError::Limits(_) => too_large,
        _ => FolderReason::DamagedImage,
    })?;
    Ok(Content {
        geometry: Some(Geometry {
            width_px,
            height_px,
        }),
        ppi: resolution::stated(bytes, promised),
    })
}

fn has_magic(bytes: &[u8], media_type: MediaType) -> bool {
    let starts: &[&[u8]] = match media_type {
        MediaType::Png => &[b"\x89PNG\r\n\x1a\n"],
        MediaType::Jpeg => &[b"\xff\xd8\xff"],
        MediaType::Tiff => &[b"II*\0", b"MM\0*"],
        MediaType::Bmp => &[b"BM"],
        MediaType::Pgm => &[b"P5", b"P2"],
        MediaType::Pdf => &[b"%PDF-1.", b"%PDF-2."],
    };
    starts.iter().any(|start| bytes.starts_with(start))
}

/// A PDF is kept as it is and never rendered on a station; its frame alone is checked, so that a file cut short on a
/// drive is found here.
fn pdf(bytes: &[u8]) -> Result<Content, FolderReason> {
    // ISO 32000-1, annex H.3: readers look for the end marker in the last 1,024 bytes.
    let tail = &bytes[bytes.len().saturating_sub(1_024)..];
    if tail.windows(5).any(|w| w == b"%%EOF") {
        Ok(Content {
            geometry: None,
            ppi: None,
        })
    } else {
        Err(FolderReason::DamagedPdf)
    }
}
