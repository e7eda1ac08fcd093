//! The picture inside a finger image record, and pictures in any coding this crate reads.
//!
//! In: coded bytes, and what the record says of them. Out: `GreyImage`. Never: believes two sizes that differ.

use qayd_model::Ppi;

use super::error::RecordError;
use super::{Iso19794p4v2005, Iso19794p4v2011, Record};
use crate::{GreyImage, ImageError, PIXELS_MAX, SIDE_PX_MAX, jpeg2000, wsq};

/// How a picture is coded within a finger image record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FingerImageCoding {
    /// One byte a pixel, top row first.
    Raw,
    /// Raw, several pixels a byte when the depth allows; read only at 8 bits, where it is the same.
    Packed,
    /// WSQ.
    Wsq,
    /// JPEG.
    Jpeg,
    /// JPEG 2000; read, not written.
    Jpeg2000,
    /// PNG.
    Png,
}

/// Table of ISO/IEC 19794-4:2005.
pub(super) fn coding_2005(code: u8) -> Result<FingerImageCoding, RecordError> {
    Ok(match code {
        0 => FingerImageCoding::Raw,
        1 => FingerImageCoding::Packed,
        2 => FingerImageCoding::Wsq,
        3 => FingerImageCoding::Jpeg,
        4 => FingerImageCoding::Jpeg2000,
        5 => FingerImageCoding::Png,
        _ => return Err(unknown(code)),
    })
}

/// Table of ISO/IEC 19794-4:2011: JPEG 2000 is two codes there.
pub(super) fn coding_2011(code: u8) -> Result<FingerImageCoding, RecordError> {
    match code {
        0..=4 => coding_2005(code),
        5 => Ok(FingerImageCoding::Jpeg2000),
        6 => Ok(FingerImageCoding::Png),
        _ => Err(unknown(code)),
    }
}

fn unknown(code: u8) -> RecordError {
    RecordError::OutOfRange {
        field: "compression",
        value: u64::from(code),
    }
}

/// What a record says of a picture in it.
pub(super) struct Described<'a> {
    pub(super) coding: FingerImageCoding,
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) bit_depth: u8,
    pub(super) scale_unit: u8,
    pub(super) x: u16,
    pub(super) y: u16,
    pub(super) data: &'a [u8],
}

impl Described<'_> {
    /// Pixels an inch; across and down must be the same within 1 %.
    fn ppi(&self) -> Result<Ppi, RecordError> {
        let (x, y) = (u32::from(self.x), u32::from(self.y));
        if x.abs_diff(y) * 100 > x.max(y) {
            return Err(RecordError::Unsupported(
                "a resolution that differs across and down",
            ));
        }
        let ppi = match self.scale_unit {
            1 => x,
            2 => (x * 254 + 50) / 100,
            unit => {
                return Err(RecordError::OutOfRange {
                    field: "scale unit",
                    value: u64::from(unit),
                });
            }
        };
        u16::try_from(ppi)
            .map(Ppi)
            .map_err(|_| RecordError::OutOfRange {
                field: "horizontal image resolution",
                value: u64::from(ppi),
            })
    }
}

/// Decodes the picture of a record.
pub(super) fn decode(d: &Described<'_>) -> Result<GreyImage, RecordError> {
    let ppi = d.ppi()?;
    let (width, height) = (u32::from(d.width), u32::from(d.height));
    let beyond = u64::from(width) * u64::from(height) > PIXELS_MAX;
    if beyond || width.max(height) > SIDE_PX_MAX {
        return Err(ImageError::TooLarge { width, height }.into());
    }
    let image = match d.coding {
        FingerImageCoding::Raw | FingerImageCoding::Packed => {
            if d.bit_depth != 8 {
                return Err(RecordError::Unsupported("a raw image that has not 8 bits"));
            }
            let expected = u64::from(width) * u64::from(height);
            if d.data.len() as u64 != expected {
                return Err(RecordError::WrongLength {
                    field: "image data",
                    said: expected,
                    found: d.data.len() as u64,
                });
            }
            GreyImage::new(width, height, ppi, d.data.to_vec())?
        }
        FingerImageCoding::Wsq => wsq::decode(d.data, Some(ppi))?,
        FingerImageCoding::Jpeg2000 => jpeg2000::decode_grey(d.data, Some(ppi))?,
        FingerImageCoding::Jpeg | FingerImageCoding::Png => GreyImage::decode(d.data, Some(ppi))?,
    };
    for (field, said, found) in [
        ("line length", width, image.width),
        ("number of lines", height, image.height),
    ] {
        if said != found {
            return Err(RecordError::WrongLength {
                field,
                said: u64::from(said),
                found: u64::from(found),
            });
        }
    }
    Ok(image)
}

/// Codes a picture for a record.
pub(super) fn encode(image: &GreyImage, coding: FingerImageCoding) -> Result<Vec<u8>, RecordError> {
    image.check()?;
    match coding {
        FingerImageCoding::Raw => Ok(image.pixels.clone()),
        FingerImageCoding::Png => Ok(image.encode_png()?),
        FingerImageCoding::Wsq => Ok(wsq::encode(image, wsq::WsqRate::FIFTEEN_TO_ONE)?),
        _ => Err(RecordError::Unsupported("writing this coding")),
    }
}

/// Decodes a picture in any coding: PNG, TIFF, BMP, PGM, JPEG, WSQ, JPEG 2000, or the only picture of a finger image
/// record. `ppi` is what the caller knows of a bare picture; a record says it itself.
///
/// # Errors
/// [`RecordError`]; a record of several pictures is [`RecordError::NoRepresentation`]: ask it for one.
pub fn decode_finger_payload(bytes: &[u8], ppi: Option<Ppi>) -> Result<GreyImage, RecordError> {
    if wsq::is_wsq(bytes) {
        return Ok(wsq::decode(bytes, ppi)?);
    }
    if jpeg2000::is_jpeg2000(bytes) {
        return Ok(jpeg2000::decode_grey(bytes, ppi)?);
    }
    if !Record::is_record(bytes) {
        return Ok(GreyImage::decode(bytes, ppi)?);
    }
    let only = |count: usize| {
        if count == 1 {
            Ok(0)
        } else {
            Err(RecordError::NoRepresentation(count))
        }
    };
    match Record::parse(bytes)? {
        Record::Iso19794p4v2005(record) => record.image(only(record.views.len())?),
        Record::Iso19794p4v2011(record) => record.image(only(record.representations.len())?),
        _ => Err(RecordError::Unsupported("a picture from this record")),
    }
}

impl Iso19794p4v2005 {
    /// A record of one picture.
    ///
    /// # Errors
    /// [`RecordError::Unsupported`] for a coding that is not written, or what the coding's encoder says.
    pub fn from_image(
        image: &GreyImage,
        position: u8,
        impression: u8,
        coding: FingerImageCoding,
    ) -> Result<Self, RecordError> {
        let coded = Coded::of(image, coding, 5)?;
        Ok(Self {
            capture_device: 0,
            // 30: 500 ppi, 8 bits; 0 is not defined, so that other resolutions keep it too.
            acquisition_level: 30,
            fingers: 1,
            scale_unit: 1,
            scan_x: image.ppi.0,
            scan_y: image.ppi.0,
            image_x: image.ppi.0,
            image_y: image.ppi.0,
            pixel_depth: 8,
            compression: coded.compression,
            reserved: 0,
            views: vec![super::FingerImageView {
                position,
                view_count: 1,
                view: 1,
                quality: 254,
                impression,
                width: coded.width,
                height: coded.height,
                reserved: 0,
                data: coded.data,
            }],
        })
    }
}

impl Iso19794p4v2011 {
    /// A record of one picture.
    ///
    /// # Errors
    /// [`RecordError::Unsupported`] for a coding that is not written, or what the coding's encoder says.
    pub fn from_image(
        image: &GreyImage,
        position: u8,
        impression: u8,
        coding: FingerImageCoding,
    ) -> Result<Self, RecordError> {
        let coded = Coded::of(image, coding, 6)?;
        Ok(Self {
            certified: false,
            positions: 1,
            representations: vec![super::FingerImageRepresentation {
                captured: super::CaptureMoment::UNKNOWN,
                device: super::CaptureDevice::default(),
                quality: Vec::new(),
                certificates: Vec::new(),
                position,
                number: 0,
                scale_unit: 1,
                scan_x: image.ppi.0,
                scan_y: image.ppi.0,
                image_x: image.ppi.0,
                image_y: image.ppi.0,
                bit_depth: 8,
                compression: coded.compression,
                impression,
                width: coded.width,
                height: coded.height,
                data: coded.data,
                extended: Vec::new(),
            }],
        })
    }
}

/// A picture as a record holds it.
struct Coded {
    compression: u8,
    width: u16,
    height: u16,
    data: Vec<u8>,
}

impl Coded {
    /// `without_loss` is the edition's number for the coding that is neither raw nor WSQ.
    fn of(
        image: &GreyImage,
        coding: FingerImageCoding,
        without_loss: u8,
    ) -> Result<Self, RecordError> {
        Ok(Self {
            compression: match coding {
                FingerImageCoding::Raw => 0,
                FingerImageCoding::Wsq => 2,
                _ => without_loss,
            },
            width: super::bytes::fits("line length", image.width as usize)?,
            height: super::bytes::fits("number of lines", image.height as usize)?,
            data: encode(image, coding)?,
        })
    }
}
