//! Grey images: the one form in which a finger's picture enters this crate.
//!
//! In: bytes of PNG, TIFF, BMP, PGM or JPEG, or raw pixels from a device. Out: `GreyImage` at a known resolution.
//! Never: guesses a resolution; never allocates for an image beyond the limits.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader};
use qayd_model::{Ppi, Remedy};

use crate::resolution::{png_with_resolution, resolution_in};

/// Longest side that is decoded, in pixels.
pub const SIDE_PX_MAX: u32 = 8_192;
/// Most pixels that are decoded.
pub const PIXELS_MAX: u64 = 40_000_000;
/// Lowest and highest resolution of a fingerprint image this crate works on.
pub const PPI_RANGE: core::ops::RangeInclusive<u16> = 250..=1_200;

/// An 8-bit grey image: row-major, top row first, dark ridges are low values.
#[derive(Clone, PartialEq, Eq)]
pub struct GreyImage {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Pixels per inch, the same in both directions.
    pub ppi: Ppi,
    /// `width × height` values.
    pub pixels: Vec<u8>,
}

/// Why bytes are not an image that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// Not one of the formats, or only its name is.
    #[error("not a PNG, TIFF, BMP, PGM or JPEG image")]
    UnknownFormat,
    /// The bytes break the format's own rules, or end early.
    #[error("the image bytes are damaged")]
    Damaged {
        /// What the decoder said; holds no pixel.
        #[source]
        source: image::ImageError,
    },
    /// More pixels than are ever decoded.
    #[error("image of {width} × {height} pixels is beyond the limit")]
    TooLarge {
        /// As the header says.
        width: u32,
        /// As the header says.
        height: u32,
    },
    /// No pixel at all.
    #[error("image is empty")]
    Empty,
    /// The number of pixels is not width × height.
    #[error("{found} pixels where {expected} belong")]
    WrongLength {
        /// `width × height`.
        expected: u64,
        /// What was given.
        found: u64,
    },
    /// Neither file nor caller says how many pixels an inch has.
    #[error("nothing says the image's resolution")]
    NoResolution,
    /// A resolution no fingerprint scanner has.
    #[error("{0} ppi is outside 250 to 1200")]
    ResolutionOutOfRange(u16),
    /// Encoding failed.
    #[error("the image could not be encoded")]
    NotEncoded {
        /// What the encoder said.
        #[source]
        source: image::ImageError,
    },
}

impl ImageError {
    /// Stable code for logs and messages.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownFormat => "IMG-01",
            Self::Damaged { .. } => "IMG-02",
            Self::TooLarge { .. } => "IMG-03",
            Self::Empty => "IMG-04",
            Self::WrongLength { .. } => "IMG-05",
            Self::NoResolution => "IMG-06",
            Self::ResolutionOutOfRange(_) => "IMG-07",
            Self::NotEncoded { .. } => "IMG-08",
        }
    }

    /// Who can do something about it.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::WrongLength { .. } | Self::NotEncoded { .. } => Remedy::ReportBug,
            _ => Remedy::OperatorActs,
        }
    }
}

impl core::fmt::Debug for GreyImage {
    /// Size only: the pixels are a person's finger.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "GreyImage({} × {} at {} ppi)",
            self.width, self.height, self.ppi.0
        )
    }
}

impl GreyImage {
    /// From raw pixels, `width × height`, row-major, top row first.
    ///
    /// # Errors
    /// Empty, beyond the limits, a wrong number of pixels, or a resolution outside 250 to 1,200 ppi.
    pub fn new(width: u32, height: u32, ppi: Ppi, pixels: Vec<u8>) -> Result<Self, ImageError> {
        let image = Self {
            width,
            height,
            ppi,
            pixels,
        };
        image.check()?;
        Ok(image)
    }

    /// A blank image of one value.
    pub(crate) fn blank(width: u32, height: u32, value: u8) -> Self {
        let pixels = vec![value; width as usize * height as usize];
        Self {
            width,
            height,
            ppi: Ppi(500),
            pixels,
        }
    }

    /// Checks what [`GreyImage::new`] promises, for values whose public fields were changed since.
    pub(crate) fn check(&self) -> Result<(), ImageError> {
        check_size(self.width, self.height)?;
        check_resolution(self.ppi)?;
        let expected = u64::from(self.width) * u64::from(self.height);
        if self.pixels.len() as u64 != expected {
            return Err(ImageError::WrongLength {
                expected,
                found: self.pixels.len() as u64,
            });
        }
        Ok(())
    }

    /// Decodes PNG, TIFF, BMP, PGM or JPEG; colour becomes grey, 16 bits become 8.
    ///
    /// `ppi` is what the caller knows of the device; it wins over what the file says, because cameras and office
    /// programs write 72 or 96 into every file. Without it the file's own resolution is used when it is one a
    /// fingerprint can have.
    ///
    /// # Errors
    /// [`ImageError`]; nothing is allocated for an image beyond 8,192 pixels a side or 40 million in all.
    pub fn decode(bytes: &[u8], ppi: Option<Ppi>) -> Result<Self, ImageError> {
        let decoded = decode_limited(bytes)?;
        let ppi = match ppi {
            Some(ppi) => ppi,
            None => resolution_in(bytes)
                .filter(|ppi| PPI_RANGE.contains(&ppi.0))
                .ok_or(ImageError::NoResolution)?,
        };
        check_resolution(ppi)?;
        let grey = decoded.into_luma8();
        Self::new(grey.width(), grey.height(), ppi, grey.into_raw())
    }

    /// As PNG, with its resolution in the file (chunk `pHYs`), so that [`GreyImage::decode`] reads the same image back.
    ///
    /// # Errors
    /// [`ImageError::NotEncoded`], or what [`GreyImage::new`] refuses.
    pub fn encode_png(&self) -> Result<Vec<u8>, ImageError> {
        self.check()?;
        let bytes = encode(
            &self.pixels,
            self.width,
            self.height,
            image::ExtendedColorType::L8,
        )?;
        Ok(png_with_resolution(&bytes, self.ppi))
    }

    /// The pixel at column `x`, row `y`; white outside.
    pub fn at(&self, x: u32, y: u32) -> u8 {
        if x >= self.width || y >= self.height {
            return 255;
        }
        self.pixels[y as usize * self.width as usize + x as usize]
    }

    /// Resampled to 500 ppi, bilinear, after a box blur when the source is much finer. The same image when it is
    /// within 1 % of 500 already.
    pub fn to_500_ppi(&self) -> Result<Self, ImageError> {
        self.check()?;
        let ratio = f32::from(self.ppi.0) / 500.0;
        if (ratio - 1.0).abs() < 0.01 {
            return Ok(self.clone());
        }
        let (w, h) = (self.width as usize, self.height as usize);
        let width = ((w as f32 / ratio).round() as usize).max(1);
        let height = ((h as f32 / ratio).round() as usize).max(1);
        check_size(width as u32, height as u32)?;
        let mut plane = crate::plane::Plane::from_bytes(w, h, &self.pixels);
        if ratio > 1.5 {
            plane = plane.box_blur(1);
        }
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let value = plane.sample(
                    (x as f32 + 0.5) * ratio - 0.5,
                    (y as f32 + 0.5) * ratio - 0.5,
                );
                pixels.push((value + 0.5) as u8);
            }
        }
        Self::new(width as u32, height as u32, Ppi(500), pixels)
    }
}

fn check_size(width: u32, height: u32) -> Result<(), ImageError> {
    if width == 0 || height == 0 {
        return Err(ImageError::Empty);
    }
    if width > SIDE_PX_MAX
        || height > SIDE_PX_MAX
        || u64::from(width) * u64::from(height) > PIXELS_MAX
    {
        return Err(ImageError::TooLarge { width, height });
    }
    Ok(())
}

fn check_resolution(ppi: Ppi) -> Result<(), ImageError> {
    if PPI_RANGE.contains(&ppi.0) {
        Ok(())
    } else {
        Err(ImageError::ResolutionOutOfRange(ppi.0))
    }
}

/// Decodes bytes only after the header's size was found to be within the limits.
fn decode_limited(bytes: &[u8]) -> Result<DynamicImage, ImageError> {
    let open = || {
        ImageReader::new(Cursor::new(bytes))
            .with_guessed_format()
            .map_err(|_| ImageError::UnknownFormat)
    };
    let reader = open()?;
    match reader.format() {
        Some(
            ImageFormat::Png
            | ImageFormat::Tiff
            | ImageFormat::Bmp
            | ImageFormat::Pnm
            | ImageFormat::Jpeg,
        ) => {}
        _ => return Err(ImageError::UnknownFormat),
    }
    let (width, height) = reader
        .into_dimensions()
        .map_err(|source| ImageError::Damaged { source })?;
    check_size(width, height)?;
    let mut reader = open()?;
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(SIDE_PX_MAX);
    limits.max_image_height = Some(SIDE_PX_MAX);
    limits.max_alloc = Some(8 * PIXELS_MAX);
    reader.limits(limits);
    reader
        .decode()
        .map_err(|source| ImageError::Damaged { source })
}

/// PNG bytes of raw pixels.
pub(crate) fn encode(
    pixels: &[u8],
    width: u32,
    height: u32,
    colour: image::ExtendedColorType,
) -> Result<Vec<u8>, ImageError> {
    use image::ImageEncoder as _;
    let mut out = Vec::new();
    image::codecs::png::PngEncoder::new(&mut out)
        .write_image(pixels, width, height, colour)
        .map_err(|source| ImageError::NotEncoded { source })?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> GreyImage {
        GreyImage::new(3, 2, Ppi(500), vec![0, 50, 100, 150, 200, 250]).unwrap()
    }

    #[test]
    fn png_keeps_pixels_and_resolution() {
        let image = sample();
        let bytes = image.encode_png().unwrap();
        assert_eq!(GreyImage::decode(&bytes, None).unwrap(), image);
        assert_eq!(
            GreyImage::decode(&bytes, Some(Ppi(569))).unwrap().ppi,
            Ppi(569)
        );
    }

    #[test]
    fn pgm_without_a_word_on_resolution_is_refused_unless_the_caller_knows() {
        let pgm = b"P5 2 2 255\n\x00\x10\x20\x30";
        assert!(matches!(
            GreyImage::decode(pgm, None),
            Err(ImageError::NoResolution)
        ));
        assert_eq!(
            GreyImage::decode(pgm, Some(Ppi(500))).unwrap().pixels,
            [0, 16, 32, 48]
        );
        assert!(matches!(
            GreyImage::decode(pgm, Some(Ppi(96))),
            Err(ImageError::ResolutionOutOfRange(96))
        ));
    }

    #[test]
    fn hostile_bytes_give_typed_errors() {
        assert!(matches!(
            GreyImage::decode(b"", Some(Ppi(500))),
            Err(ImageError::UnknownFormat)
        ));
        assert!(matches!(
            GreyImage::decode(b"GIF89a", Some(Ppi(500))),
            Err(ImageError::UnknownFormat)
        ));
        let lying = b"P5 65535 65535 255\n\x00";
        assert!(matches!(
            GreyImage::decode(lying, Some(Ppi(500))),
            Err(ImageError::TooLarge { .. })
        ));
        let png = sample().encode_png().unwrap();
        for cut in 1..png.len() - 12 {
            assert!(
                GreyImage::decode(&png[..cut], Some(Ppi(500))).is_err(),
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn wrong_pixel_count_is_refused() {
        assert!(matches!(
            GreyImage::new(3, 2, Ppi(500), vec![0; 5]),
            Err(ImageError::WrongLength {
                expected: 6,
                found: 5
            })
        ));
    }

    #[test]
    fn a_thousand_ppi_becomes_half_the_size() {
        let image = GreyImage::new(8, 4, Ppi(1000), vec![9; 32])
            .unwrap()
            .to_500_ppi()
            .unwrap();
        assert_eq!((image.width, image.height, image.ppi), (4, 2, Ppi(500)));
        assert!(image.pixels.iter().all(|p| *p == 9));
    }

    #[test]
    fn debug_prints_no_pixel() {
        assert_eq!(format!("{:?}", sample()), "GreyImage(3 × 2 at 500 ppi)");
    }
}
