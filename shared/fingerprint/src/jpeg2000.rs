//! JPEG 2000: reading only, through `hayro-jpeg2000`, behind a look at the head.
//!
//! In: a JP2 file or a bare codestream (ISO/IEC 15444-1). Out: samples, or a `GreyImage`.
//! Never: hands bytes to the decoder whose size, depth, components or tiles are beyond what a finger or portrait needs.

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};
use qayd_model::{Ppi, Remedy};

use crate::{GreyImage, ImageError, PIXELS_MAX, PPI_RANGE, SIDE_PX_MAX};

/// Most components: red, green and blue.
const COMPONENTS_MAX: u16 = 3;
/// Most tiles a picture may be cut into.
const TILES_MAX: u64 = 4_096;

/// Why bytes are not a JPEG 2000 image that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Jpeg2000Error {
    /// Neither a JP2 file nor a codestream.
    #[error("not a JPEG 2000 image")]
    UnknownFormat,
    /// The bytes end before the size is known.
    #[error("ends within the head")]
    Truncated,
    /// A field of the head contradicts the format or goes beyond what is decoded.
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
    /// The decoder refused the data.
    #[error("the coded data is damaged")]
    Damaged,
    /// The picture, or its resolution.
    #[error("not a usable picture")]
    Image(#[from] ImageError),
}

impl Jpeg2000Error {
    /// Stable code for logs and messages.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownFormat => "JP2-01",
            Self::Truncated => "JP2-02",
            Self::OutOfRange(_) => "JP2-03",
            Self::Damaged => "JP2-04",
            Self::Image(_) => "JP2-05",
        }
    }

    /// Who can do something about it.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Image(inner) => inner.remedy(),
            _ => Remedy::OperatorActs,
        }
    }
}

const SIGNATURE_BOX: &[u8] = b"\0\0\0\x0cjP  \r\n\x87\n";
const CODESTREAM: &[u8] = &[0xff, 0x4f, 0xff, 0x51];

/// Do these bytes begin like JPEG 2000?
pub fn is_jpeg2000(bytes: &[u8]) -> bool {
    bytes.starts_with(SIGNATURE_BOX) || bytes.starts_with(CODESTREAM)
}

/// A decoded picture, before anything is made of its colours.
#[derive(Debug)]
pub struct Decoded {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// 1 is grey, 3 is red, green and blue.
    pub channels: usize,
    /// 8 bits each, row after row, the channels of a pixel together.
    pub samples: Vec<u8>,
}

/// Decodes a whole picture; one that is cut off or carries opacity is refused.
///
/// # Errors
/// [`Jpeg2000Error`].
pub fn decode(bytes: &[u8]) -> Result<Decoded, Jpeg2000Error> {
    let head = Head::read(bytes)?;
    // No input is known that makes the decoder panic; it has not been read for that line by line.
    std::panic::catch_unwind(|| decode_behind(&head, bytes)).unwrap_or(Err(Jpeg2000Error::Damaged))
}

fn decode_behind(head: &Head, bytes: &[u8]) -> Result<Decoded, Jpeg2000Error> {
    let settings = DecodeSettings {
        strict: true,
        ..DecodeSettings::default()
    };
    let image = Image::new(bytes, &settings).map_err(|_| Jpeg2000Error::Damaged)?;
    if (image.width(), image.height()) != (head.width, head.height) {
        return Err(Jpeg2000Error::OutOfRange("codestream"));
    }
    let channels = usize::from(image.color_space().num_channels());
    if image.has_alpha() || !matches!(channels, 1 | 3) {
        return Err(Jpeg2000Error::OutOfRange("number of components"));
    }
    let mut context = DecoderContext::default();
    let samples = image
        .decode(&mut context)
        .map_err(|_| Jpeg2000Error::Damaged)?
        .data_u8();
    if samples.len() as u64 != u64::from(head.width) * u64::from(head.height) * channels as u64 {
        return Err(Jpeg2000Error::Damaged);
    }
    Ok(Decoded {
        width: head.width,
        height: head.height,
        channels,
        samples,
    })
}

/// Decodes to grey. `ppi` is what the caller knows; it wins over the file's resolution box.
///
/// # Errors
/// [`Jpeg2000Error`]; [`ImageError::NoResolution`] inside it when neither caller nor file says the resolution.
pub fn decode_grey(bytes: &[u8], ppi: Option<Ppi>) -> Result<GreyImage, Jpeg2000Error> {
    // Before anything is decoded in vain.
    let ppi = ppi
        .or(Head::read(bytes)?.ppi)
        .ok_or(ImageError::NoResolution)?;
    let decoded = decode(bytes)?;
    let pixels = match decoded.channels {
        1 => decoded.samples,
        _ => decoded.samples.chunks_exact(3).map(luma).collect(),
    };
    Ok(GreyImage::new(decoded.width, decoded.height, ppi, pixels)?)
}

/// ITU-R BT.601, in 1/1,000, of red, green and blue.
fn luma(pixel: &[u8]) -> u8 {
    let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
    ((299 * red + 587 * green + 114 * blue + 500) / 1_000) as u8
}

/// What is known before anything is decoded.
struct Head {
    width: u32,
    height: u32,
    ppi: Option<Ppi>,
}

impl Head {
    fn read(bytes: &[u8]) -> Result<Self, Jpeg2000Error> {
        if bytes.starts_with(CODESTREAM) {
            return Self::of_codestream(bytes);
        }
        if !bytes.starts_with(SIGNATURE_BOX) {
            return Err(Jpeg2000Error::UnknownFormat);
        }
        let mut ppi = None;
        for (kind, content) in Boxes(bytes) {
            match &kind {
                b"jp2h" => ppi = resolution(content),
                b"jp2c" => {
                    return Ok(Self {
                        ppi,
                        ..Self::of_codestream(content)?
                    });
                }
                _ => {}
            }
        }
        Err(Jpeg2000Error::Truncated)
    }

    /// The segment SIZ (A.5.1), which stands first.
    fn of_codestream(bytes: &[u8]) -> Result<Self, Jpeg2000Error> {
        if !bytes.starts_with(CODESTREAM) {
            return Err(Jpeg2000Error::OutOfRange("codestream"));
        }
        let u32_at = |at: usize| {
            bytes
                .get(at..at + 4)
                .map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
                .ok_or(Jpeg2000Error::Truncated)
        };
        let (right, bottom) = (u32_at(8)?, u32_at(12)?);
        let (left, top) = (u32_at(16)?, u32_at(20)?);
        let (tile_width, tile_height) = (u32_at(24)?, u32_at(28)?);
        let (width, height) = (right.saturating_sub(left), bottom.saturating_sub(top));
        if width == 0 || height == 0 {
            return Err(ImageError::Empty.into());
        }
        let pixels = u64::from(width) * u64::from(height);
        if right > SIDE_PX_MAX || bottom > SIDE_PX_MAX || pixels > PIXELS_MAX {
            return Err(ImageError::TooLarge { width, height }.into());
        }
        if tile_width == 0 || tile_height == 0 {
            return Err(Jpeg2000Error::OutOfRange("tile size"));
        }
        let tiles = u64::from(right.div_ceil(tile_width)) * u64::from(bottom.div_ceil(tile_height));
        if tiles > TILES_MAX {
            return Err(Jpeg2000Error::OutOfRange("number of tiles"));
        }
        check_components(bytes)?;
        Ok(Self {
            width,
            height,
            ppi: None,
        })
    }
}

/// 8 bits each, without a sign, sampled at every pixel.
fn check_components(bytes: &[u8]) -> Result<(), Jpeg2000Error> {
    let count = bytes
        .get(40..42)
        .map(|b| u16::from_be_bytes([b[0], b[1]]))
        .ok_or(Jpeg2000Error::Truncated)?;
    if count == 0 || count > COMPONENTS_MAX {
        return Err(Jpeg2000Error::OutOfRange("number of components"));
    }
    for component in 0..usize::from(count) {
        let at = 42 + 3 * component;
        match bytes.get(at..at + 3) {
            // Depth less one and a sign; sampled at every pixel.
            Some([7, 1, 1]) => {}
            Some([7, ..]) => return Err(Jpeg2000Error::OutOfRange("component sampling")),
            Some(_) => return Err(Jpeg2000Error::OutOfRange("component depth")),
            None => return Err(Jpeg2000Error::Truncated),
        }
    }
    Ok(())
}

/// Boxes one after the other (annex I); a box that reaches beyond the end is cut there.
struct Boxes<'a>(&'a [u8]);

impl<'a> Iterator for Boxes<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let head = self.0.get(..8)?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        let kind = [head[4], head[5], head[6], head[7]];
        let (start, length) = match length {
            0 => (8, self.0.len()),
            1 => {
                let long = self.0.get(8..16)?;
                let long: [u8; 8] = long.try_into().ok()?;
                (16, usize::try_from(u64::from_be_bytes(long)).ok()?)
            }
            length => (8, length as usize),
        };
        let end = length.min(self.0.len());
        let content = self.0.get(start..end)?;
        self.0 = &self.0[end..];
        Some((kind, content))
    }
}

/// Capture resolution, or else the one for display (I.5.3.7): points a metre as a fraction and a power of ten.
fn resolution(header: &[u8]) -> Option<Ppi> {
    let boxes = |kind: &'static [u8; 4], within| {
        Boxes(within)
            .find(|(found, _)| found == kind)
            .map(|(_, content)| content)
    };
    let all = boxes(b"res ", header)?;
    let found = boxes(b"resc", all).or_else(|| boxes(b"resd", all))?;
    let [a, b, c, d, _, _, _, _, exponent, _] = found.get(..10)?.try_into().ok()?;
    let above = f64::from(u16::from_be_bytes([a, b]));
    let below = f64::from(u16::from_be_bytes([c, d]));
    let metre = above / below * 10f64.powi(i32::from(i8::from_be_bytes([exponent])));
    let ppi = (metre * 0.0254).round();
    (ppi.is_finite() && PPI_RANGE.contains(&(ppi.clamp(0.0, 65_535.0) as u16)))
        .then_some(Ppi(ppi as u16))
}
