//! The picture of a record, as a sample that the river carries.
//!
//! In: a [`Record`] whose header was checked. Out: bytes, type and size. Owns: nothing.
//! Never: changes a pixel. PNG and JPEG stay as the device gave them; raw pixels and JPEG 2000, which nothing behind the
//! devices reads, become PNG of the same pixels. WSQ and what else is not read here is refused by `record`.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};
use qayd_fingerprint::jpeg2000;
use qayd_model::PersonalBytes;

use super::record::{Encoding, Record, RecordError};
use crate::capture::MediaType;
use crate::folder;

/// The bytes and their type; [`RecordError::Picture`] when they are not the picture that the header describes.
pub(super) fn of(record: &Record<'_>) -> Result<(PersonalBytes, MediaType), RecordError> {
    match record.encoding {
        Encoding::Png => as_given(record, MediaType::Png),
        Encoding::Jpeg => as_given(record, MediaType::Jpeg),
        Encoding::Raw => png(record, record.picture.to_vec(), 1),
        Encoding::Jpeg2000 => {
            let (pixels, channels) = jpeg_2000(record)?;
            png(record, pixels, channels)
        }
    }
}

fn as_given(
    record: &Record<'_>,
    media_type: MediaType,
) -> Result<(PersonalBytes, MediaType), RecordError> {
    let found =
        folder::picture_geometry(record.picture, media_type).ok_or(RecordError::Picture {
            what: "it cannot be read",
        })?;
    if found != record.geometry {
        return Err(RecordError::Picture {
            what: "its size is another",
        });
    }
    Ok((PersonalBytes::new(record.picture.to_vec()), media_type))
}

/// Pixels and channels, 1 or 3.
fn jpeg_2000(record: &Record<'_>) -> Result<(Vec<u8>, usize), RecordError> {
    let decoded = jpeg2000::decode(record.picture).map_err(|_| RecordError::Picture {
        what: "it cannot be read",
    })?;
    if (decoded.width, decoded.height) != (record.geometry.width_px, record.geometry.height_px) {
        return Err(RecordError::Picture {
            what: "its size is another",
        });
    }
    Ok((decoded.samples, decoded.channels))
}

fn png(
    record: &Record<'_>,
    pixels: Vec<u8>,
    channels: usize,
) -> Result<(PersonalBytes, MediaType), RecordError> {
    let (width, height) = (record.geometry.width_px, record.geometry.height_px);
    let image = if channels == 1 {
        GrayImage::from_raw(width, height, pixels).map(DynamicImage::from)
    } else {
        RgbImage::from_raw(width, height, pixels).map(DynamicImage::from)
    };
    // `from_raw` takes more pixels than are needed; the header's size must be the picture's.
    let wanted = width as usize * height as usize * channels;
    let image = image
        .filter(|i| i.as_bytes().len() == wanted)
        .ok_or(RecordError::Picture {
            what: "its length is another",
        })?;
    let mut bytes = Cursor::new(Vec::new());
    image
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|_| RecordError::Picture {
            what: "it cannot be kept",
        })?;
    Ok((PersonalBytes::new(bytes.into_inner()), MediaType::Png))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Geometry;

    /// Made from the formulas below by OpenJPEG, lossless.
    const GREY: &[u8] = include_bytes!("fixtures/grey_48x40.jp2");
    const COLOUR: &[u8] = include_bytes!("fixtures/rgb_48x40.jp2");
    const SIZE: Geometry = Geometry {
        width_px: 48,
        height_px: 40,
    };

    const fn record(picture: &[u8], encoding: Encoding, geometry: Geometry) -> Record<'_> {
        Record {
            picture,
            encoding,
            geometry,
            ppi: None,
        }
    }

    fn pixels(of: impl Fn(u32, u32) -> Vec<u32>) -> Vec<u8> {
        (0..40)
            .flat_map(|y| (0..48).map(move |x| (x, y)))
            .flat_map(|(x, y)| of(x, y))
            .map(|value| (value % 256) as u8)
            .collect()
    }

    #[test]
    fn lossless_jpeg_2000_becomes_png_of_the_same_pixels() {
        let (png, kind) = of(&record(GREY, Encoding::Jpeg2000, SIZE)).unwrap();
        assert_eq!(kind, MediaType::Png);
        let grey = image::load_from_memory(png.expose()).unwrap().into_luma8();
        assert_eq!(grey.into_raw(), pixels(|x, y| vec![x * 7 + y * 13 + x * y]));
        let (png, _) = of(&record(COLOUR, Encoding::Jpeg2000, SIZE)).unwrap();
        let colour = image::load_from_memory(png.expose()).unwrap().into_rgb8();
        let wanted = pixels(|x, y| vec![x * 7 + y * 13, x * 5 + y, x * y]);
        assert_eq!(colour.into_raw(), wanted);
    }

    #[test]
    fn a_jpeg_2000_of_another_size_or_cut_off_is_refused() {
        let other = Geometry {
            width_px: 40,
            height_px: 48,
        };
        assert!(of(&record(GREY, Encoding::Jpeg2000, other)).is_err());
        for end in [0, 4, 20, GREY.len() / 2] {
            let cut = record(&GREY[..end], Encoding::Jpeg2000, SIZE);
            assert!(of(&cut).is_err(), "{end}");
        }
    }

    #[test]
    fn raw_pixels_must_be_as_many_as_the_header_says() {
        let small = Geometry {
            width_px: 4,
            height_px: 3,
        };
        assert!(of(&record(&[5; 12], Encoding::Raw, small)).is_ok());
        for n in [11, 13] {
            assert!(
                of(&record(&vec![5; n], Encoding::Raw, small)).is_err(),
                "{n}"
            );
        }
        // The other encodings are held against their own bytes.
        assert!(of(&record(&[5; 12], Encoding::Png, small)).is_err());
        assert!(of(&record(&[5; 12], Encoding::Jpeg, small)).is_err());
    }
}
