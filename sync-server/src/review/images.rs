//! Images: what came from a station, decoded within limits and made harmless.
//!
//! In: bytes of a sample. Out: a verdict, or a picture that a browser may have.
//! Never: hands a browser the bytes a station sent: a picture is decoded here and encoded anew, whatever it claimed to be.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use qayd_model::SampleKind;

/// Longest side, in pixels.
pub const SIDE_PX_MAX: u32 = 8_192;
/// Most pixels in all.
pub const PIXELS_MAX: u64 = 40_000_000;
/// Memory one decoder may take, in bytes.
const DECODE_BYTES_MAX: u64 = 256 << 20;
/// Longest side of a picture for a page, in pixels.
const THUMB_PX: u32 = 360;
/// Longest side of a picture that fills the screen, in pixels.
const FULL_PX: u32 = 2_000;

/// What a sample's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A picture that decodes.
    Picture,
    /// A PDF; it is never decoded here.
    Pdf,
}

/// Why a sample is not shown and not believed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageRefused {
    /// Not one of the formats a station sends.
    #[error("not a PNG, JPEG, TIFF, BMP, PNM or PDF")]
    Format,
    /// More pixels than allowed.
    #[error("more pixels than allowed")]
    TooLarge,
    /// It does not decode.
    #[error("it does not decode")]
    Broken,
    /// A PDF where a picture has to be.
    #[error("a PDF where a picture has to be")]
    NotAPicture,
}

impl ImageRefused {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Format => "IMG-01",
            Self::TooLarge => "IMG-02",
            Self::Broken => "IMG-03",
            Self::NotAPicture => "IMG-04",
        }
    }
}

/// Decodes a sample far enough to know that it is what it should be.
pub fn check(kind: &SampleKind, bytes: &[u8]) -> Result<Form, ImageRefused> {
    if bytes.starts_with(b"%PDF-") {
        return match kind {
            SampleKind::DocumentPage { .. } => Ok(Form::Pdf),
            _ => Err(ImageRefused::NotAPicture),
        };
    }
    decode(bytes).map(|_| Form::Picture)
}

/// A picture for a browser: PNG for what is grey, JPEG for what has colour; `full` for the whole screen.
pub fn for_browser(bytes: &[u8], full: bool) -> Result<(Vec<u8>, &'static str), ImageRefused> {
    let picture = decode(bytes)?;
    let side = if full { FULL_PX } else { THUMB_PX };
    let picture = if picture.width().max(picture.height()) > side {
        picture.thumbnail(side, side)
    } else {
        picture
    };
    let grey = matches!(
        picture,
        DynamicImage::ImageLuma8(_) | DynamicImage::ImageLuma16(_)
    );
    let mut out = Cursor::new(Vec::new());
    let (done, media_type) = if grey {
        (
            DynamicImage::ImageLuma8(picture.into_luma8()).write_to(&mut out, ImageFormat::Png),
            "image/png",
        )
    } else {
        (
            DynamicImage::ImageRgb8(picture.into_rgb8()).write_to(&mut out, ImageFormat::Jpeg),
            "image/jpeg",
        )
    };
    done.map_err(|_| ImageRefused::Broken)?;
    Ok((out.into_inner(), media_type))
}

fn decode(bytes: &[u8]) -> Result<DynamicImage, ImageRefused> {
    let reader = || {
        let mut reader = ImageReader::new(Cursor::new(bytes))
            .with_guessed_format()
            .map_err(|_| ImageRefused::Format)?;
        let mut limits = Limits::default();
        limits.max_image_width = Some(SIDE_PX_MAX);
        limits.max_image_height = Some(SIDE_PX_MAX);
        limits.max_alloc = Some(DECODE_BYTES_MAX);
        reader.limits(limits);
        match reader.format() {
            Some(
                ImageFormat::Png
                | ImageFormat::Jpeg
                | ImageFormat::Tiff
                | ImageFormat::Bmp
                | ImageFormat::Pnm,
            ) => Ok(reader),
            _ => Err(ImageRefused::Format),
        }
    };
    let (width, height) = reader()?
        .into_dimensions()
        .map_err(|_| ImageRefused::Broken)?;
    if width > SIDE_PX_MAX
        || height > SIDE_PX_MAX
        || u64::from(width) * u64::from(height) > PIXELS_MAX
    {
        return Err(ImageRefused::TooLarge);
    }
    reader()?.decode().map_err(|_| ImageRefused::Broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::ImageLuma8(image::GrayImage::new(width, height))
            .write_to(&mut out, ImageFormat::Png)
            .unwrap();
        out.into_inner()
    }

    #[test]
    fn pictures_decode_and_everything_else_is_refused() {
        assert_eq!(
            check(&SampleKind::Portrait, &png(30, 40)),
            Ok(Form::Picture)
        );
        assert_eq!(
            check(&SampleKind::Portrait, b"<svg onload=alert(1)>"),
            Err(ImageRefused::Format)
        );
        assert_eq!(
            check(&SampleKind::Portrait, b"%PDF-1.7"),
            Err(ImageRefused::NotAPicture)
        );
        let page = SampleKind::DocumentPage {
            document: "csid".into(),
            page: 1,
        };
        assert_eq!(check(&page, b"%PDF-1.7"), Ok(Form::Pdf));
        let mut cut = png(300, 400);
        cut.truncate(60);
        assert!(check(&SampleKind::Portrait, &cut).is_err());
    }

    #[test]
    fn a_bomb_is_refused_by_its_header() {
        let mut bomb = png(4, 4);
        bomb[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
        bomb[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
        assert!(check(&SampleKind::Portrait, &bomb).is_err());
    }

    #[test]
    fn what_a_browser_gets_is_never_what_came() {
        let mut polyglot = png(30, 40);
        polyglot.extend_from_slice(b"<script>alert(1)</script>");
        let (bytes, media_type) = for_browser(&polyglot, true).unwrap();
        assert_eq!(media_type, "image/png");
        assert!(!bytes.windows(8).any(|w| w == b"<script>"));
    }
}
