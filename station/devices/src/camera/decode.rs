//! Frames into pixels: grey, YUYV, JPEG. Pure.
//!
//! In: the bytes of one frame and the stream's format. Out: grey or RGB pixels, every row without padding.
//! Never: reads past what came; takes a frame for whole that is short, long, of another size or cut off.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use serde::Serialize;

use super::choice::StreamFormat;
use crate::capture::{Geometry, PixelFormat};

/// Longest side of a camera's frame.
const SIDE_PX_MAX: u32 = 8_192;

/// How a camera codes frames, of the ways that are read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Coding {
    /// One byte a pixel (`GREY`).
    Grey,
    /// Two pixels in four bytes: Y U Y V (`YUYV`).
    Yuyv,
    /// A JPEG image a frame (`MJPG`).
    Mjpeg,
}

impl Coding {
    /// The four letters of the drivers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grey => "GREY",
            Self::Yuyv => "YUYV",
            Self::Mjpeg => "MJPG",
        }
    }

    /// The coding of four letters; `JPEG` is another name of the third.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "GREY" => Some(Self::Grey),
            "YUYV" => Some(Self::Yuyv),
            "MJPG" | "JPEG" => Some(Self::Mjpeg),
            _ => None,
        }
    }

    const fn bytes_per_pixel(self) -> u32 {
        match self {
            Self::Grey => 1,
            Self::Yuyv => 2,
            Self::Mjpeg => 0,
        }
    }
}

/// Why a frame is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Fewer bytes than the size needs.
    #[error("the frame is shorter than its size")]
    Short,
    /// More bytes than the driver said a frame may have.
    #[error("the frame is longer than a frame may be")]
    Long,
    /// Rows that are shorter than their pixels, or a size that cannot be.
    #[error("the frame's rows do not fit its size")]
    Stride,
    /// A JPEG without its end: the rest did not come.
    #[error("the frame ends before its picture does")]
    CutShort,
    /// Bytes that are no JPEG.
    #[error("the frame is no picture")]
    NotJpeg,
    /// A JPEG of another size than the stream's.
    #[error("the frame's picture has another size than the stream")]
    OtherSize,
}

impl DecodeError {
    /// For [`crate::DeviceError::BadFrame`].
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Short => "shorter than its size",
            Self::Long => "longer than a frame may be",
            Self::Stride => "rows do not fit its size",
            Self::CutShort => "cut off",
            Self::NotJpeg => "no picture",
            Self::OtherSize => "of another size than the stream",
        }
    }
}

/// Pixels of a frame, every `step`-th of every `step`-th row; `step` 1 gives them all.
///
/// # Errors
/// [`DecodeError`]. Nothing is allocated before lengths and sizes were compared.
pub fn decode(
    format: &StreamFormat,
    bytes: &[u8],
    step: u32,
) -> Result<(Geometry, PixelFormat, Vec<u8>), DecodeError> {
    let step = step.max(1);
    let Geometry {
        width_px: width,
        height_px: height,
    } = format.geometry;
    if width == 0 || height == 0 || width > SIDE_PX_MAX || height > SIDE_PX_MAX {
        return Err(DecodeError::Stride);
    }
    if format.coding == Coding::Mjpeg {
        return jpeg(format, bytes, step);
    }
    let row = u64::from(width) * u64::from(format.coding.bytes_per_pixel());
    let stride = match format.stride_bytes {
        0 => row,
        stride => u64::from(stride),
    };
    if stride < row || (format.coding == Coding::Yuyv && width % 2 == 1) {
        return Err(DecodeError::Stride);
    }
    let whole = stride * u64::from(height);
    let there = bytes.len() as u64;
    if there < whole {
        return Err(DecodeError::Short);
    }
    if there > whole.max(u64::from(format.frame_bytes_max)) {
        return Err(DecodeError::Long);
    }
    #[allow(
        clippy::cast_possible_truncation,
        reason = "at most 8,192 rows of a frame that is in memory"
    )]
    let (stride, row, step_by) = (stride as usize, row as usize, step as usize);
    let rows = bytes
        .chunks_exact(stride)
        .take(height as usize)
        .step_by(step_by)
        .map(|whole_row| whole_row.get(..row).unwrap_or_default());
    let geometry = Geometry {
        width_px: width.div_ceil(step),
        height_px: height.div_ceil(step),
    };
    let count = geometry.width_px as usize * geometry.height_px as usize;
    if format.coding == Coding::Grey {
        let mut pixels = Vec::with_capacity(count);
        for row in rows {
            pixels.extend(row.iter().copied().step_by(step_by));
        }
        return Ok((geometry, PixelFormat::Grey8, pixels));
    }
    let mut pixels = Vec::with_capacity(count * 3);
    for row in rows {
        if step_by == 1 {
            for pair in row.chunks_exact(4) {
                let [y0, u, y1, v] = [pair[0], pair[1], pair[2], pair[3]];
                pixels.extend(rgb(y0, u, v));
                pixels.extend(rgb(y1, u, v));
            }
        } else {
            for x in (0..width as usize).step_by(step_by) {
                let pair = x / 2 * 4;
                let at = |n: usize| row.get(pair + n).copied().unwrap_or(0);
                pixels.extend(rgb(at(x % 2 * 2), at(1), at(3)));
            }
        }
    }
    Ok((geometry, PixelFormat::Rgb8, pixels))
}

/// ITU-R BT.601, studio range, in 16.16 fixed point: what USB cameras send unless they say otherwise.
fn rgb(y: u8, u: u8, v: u8) -> [u8; 3] {
    let luma = (i32::from(y) - 16) * 76_309;
    let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
    let byte = |value: i32| u8::try_from(((value + 32_768) >> 16).clamp(0, 255)).unwrap_or(0);
    [
        byte(luma + 104_597 * v),
        byte(luma - 25_675 * u - 53_279 * v),
        byte(luma + 132_201 * u),
    ]
}

/// The JPEG of a frame without what drivers leave behind it.
///
/// # Errors
/// [`DecodeError::NotJpeg`], [`DecodeError::CutShort`].
pub fn jpeg_alone(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    if !bytes.starts_with(&[0xff, 0xd8]) {
        return Err(DecodeError::NotJpeg);
    }
    // Behind the end there may be zeros up to the buffer's own size; the last end that is there is the picture's.
    let end = bytes.windows(2).rposition(|pair| pair == [0xff, 0xd9]);
    match end {
        Some(end)
            if bytes
                .get(end + 2..)
                .is_some_and(|rest| rest.iter().all(|b| *b == 0)) =>
        {
            Ok(bytes.get(..end + 2).unwrap_or_default())
        }
        _ => Err(DecodeError::CutShort),
    }
}

fn jpeg(
    format: &StreamFormat,
    bytes: &[u8],
    step: u32,
) -> Result<(Geometry, PixelFormat, Vec<u8>), DecodeError> {
    let alone = jpeg_alone(bytes)?;
    let size = ImageReader::with_format(Cursor::new(alone), ImageFormat::Jpeg)
        .into_dimensions()
        .map_err(|_| DecodeError::NotJpeg)?;
    if size != (format.geometry.width_px, format.geometry.height_px) {
        return Err(DecodeError::OtherSize);
    }
    let mut reader = ImageReader::with_format(Cursor::new(alone), ImageFormat::Jpeg);
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_PX_MAX);
    limits.max_image_height = Some(SIDE_PX_MAX);
    reader.limits(limits);
    let image = reader.decode().map_err(|_| DecodeError::NotJpeg)?;
    let (pixel_format, pixels) = match image {
        DynamicImage::ImageLuma8(grey) => (PixelFormat::Grey8, grey.into_raw()),
        other => (PixelFormat::Rgb8, other.into_rgb8().into_raw()),
    };
    if step == 1 {
        return Ok((format.geometry, pixel_format, pixels));
    }
    let (channels, step_by) = (pixel_format.bytes_per_pixel(), step as usize);
    let thin: Vec<u8> = pixels
        .chunks(size.0 as usize * channels)
        .step_by(step_by)
        .flat_map(|row| row.chunks(channels).step_by(step_by).flatten())
        .copied()
        .collect();
    let geometry = Geometry {
        width_px: size.0.div_ceil(step),
        height_px: size.1.div_ceil(step),
    };
    Ok((geometry, pixel_format, thin))
}

#[cfg(test)]
#[path = "decode/tests.rs"]
mod tests;
