//! ISO/IEC 19794-4:2005, finger image (clause 7); ANSI INCITS 381-2004 has the same layout.

use super::bytes::{Reader, Writer, fits};
use super::error::RecordError;
use crate::GreyImage;

/// A finger image record of the 2005 edition. Head of 32 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iso19794p4v2005 {
    /// Identifier of the scanner, 0 not given.
    pub capture_device: u16,
    /// Image acquisition level: 30 is 500 ppi at 8 bits, 31 certified so, 40 is 1,000 ppi (table 1).
    pub acquisition_level: u16,
    /// How many fingers; each has one or more views.
    pub fingers: u8,
    /// 1 pixels an inch, 2 pixels a centimetre.
    pub scale_unit: u8,
    /// Of the scan, across.
    pub scan_x: u16,
    /// Of the scan, down.
    pub scan_y: u16,
    /// Of the image, across.
    pub image_x: u16,
    /// Of the image, down.
    pub image_y: u16,
    /// Bits a pixel, 1 to 16.
    pub pixel_depth: u8,
    /// 0 raw, 1 raw and packed, 2 WSQ, 3 JPEG, 4 JPEG 2000, 5 PNG.
    pub compression: u8,
    /// Reserved, 0.
    pub reserved: u16,
    /// In the order of the record.
    pub views: Vec<FingerImageView>,
}

/// One image of a finger, slap or palm.
#[derive(Clone, PartialEq, Eq)]
pub struct FingerImageView {
    /// 0 unknown, 1 to 10 fingers, 13 right four, 14 left four, 15 thumbs, 20 and more palms.
    pub position: u8,
    /// How many views this finger has.
    pub view_count: u8,
    /// Which of them, from 1.
    pub view: u8,
    /// 0 to 100; 254 not given.
    pub quality: u8,
    /// 0 live plain, 1 live rolled, …
    pub impression: u8,
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// Reserved, 0.
    pub reserved: u8,
    /// Coded as the record's `compression` says.
    pub data: Vec<u8>,
}

impl core::fmt::Debug for FingerImageView {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "FingerImageView({} × {})", self.width, self.height)
    }
}

/// Bytes before the image of a view.
const VIEW_HEAD: usize = 14;

impl Iso19794p4v2005 {
    /// Reads a whole record. The images stay coded; see [`Iso19794p4v2005::image`].
    ///
    /// # Errors
    /// [`RecordError`] with the field's name.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut r = Reader::new(bytes)?;
        r.magic(b"FIR\0", &[b"010\0"])?;
        let length = r.u48("record length")?;
        r.length_of_all("record length", length, bytes)?;
        let mut record = Self {
            capture_device: r.u16("capture device")?,
            acquisition_level: r.u16("image acquisition level")?,
            fingers: r.u8("number of fingers")?,
            scale_unit: r.u8("scale unit")?,
            scan_x: r.u16("horizontal scan resolution")?,
            scan_y: r.u16("vertical scan resolution")?,
            image_x: r.u16("horizontal image resolution")?,
            image_y: r.u16("vertical image resolution")?,
            pixel_depth: r.u8("pixel depth")?,
            compression: r.u8("compression")?,
            reserved: r.u16("reserved")?,
            views: Vec::new(),
        };
        for _ in 0..record.fingers {
            let first = FingerImageView::read(&mut r)?;
            if first.view_count == 0 {
                return Err(RecordError::OutOfRange {
                    field: "number of views",
                    value: 0,
                });
            }
            let more = first.view_count - 1;
            record.views.push(first);
            for _ in 0..more {
                record.views.push(FingerImageView::read(&mut r)?);
            }
        }
        r.end("number of fingers")?;
        Ok(record)
    }

    /// The bytes.
    ///
    /// # Errors
    /// [`RecordError::OutOfRange`] for a field that does not fit, [`RecordError::WrongLength`] when fingers and views
    /// do not belong together.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        let mut w = Writer::default();
        w.raw(b"FIR\x00010\0").u48(0);
        w.u16(self.capture_device)
            .u16(self.acquisition_level)
            .u8(self.fingers)
            .u8(self.scale_unit)
            .u16(self.scan_x)
            .u16(self.scan_y)
            .u16(self.image_x)
            .u16(self.image_y)
            .u8(self.pixel_depth)
            .u8(self.compression)
            .u16(self.reserved);
        let (mut fingers, mut next) = (0u64, 0usize);
        while let Some(view) = self.views.get(next) {
            next += usize::from(view.view_count.max(1));
            fingers += 1;
        }
        if next != self.views.len() || fingers != u64::from(self.fingers) {
            return Err(RecordError::WrongLength {
                field: "number of fingers",
                said: u64::from(self.fingers),
                found: fingers,
            });
        }
        for view in &self.views {
            view.write(&mut w)?;
        }
        w.finish_length(8, 6)
    }

    /// The picture of a view, grey.
    ///
    /// # Errors
    /// [`RecordError`]: no such view, a coding that cannot be read, or one that contradicts the record's own size.
    pub fn image(&self, view: usize) -> Result<GreyImage, RecordError> {
        let found = self
            .views
            .get(view)
            .ok_or(RecordError::NoRepresentation(self.views.len()))?;
        super::payload::decode(&super::payload::Described {
            coding: super::payload::coding_2005(self.compression)?,
            width: found.width,
            height: found.height,
            bit_depth: self.pixel_depth,
            scale_unit: self.scale_unit,
            x: self.image_x,
            y: self.image_y,
            data: &found.data,
        })
    }
}

impl FingerImageView {
    fn read(r: &mut Reader<'_>) -> Result<Self, RecordError> {
        let length = r.u32("finger data block length")?;
        let mut r = r.part("finger data block length", u64::from(length), 4)?;
        Ok(Self {
            position: r.u8("finger position")?,
            view_count: r.u8("number of views")?,
            view: r.u8("view number")?,
            quality: r.u8("finger quality")?,
            impression: r.u8("impression type")?,
            width: r.u16("line length")?,
            height: r.u16("number of lines")?,
            reserved: r.u8("reserved")?,
            data: r.take("image data", r.left())?.to_vec(),
        })
    }

    fn write(&self, w: &mut Writer) -> Result<(), RecordError> {
        w.u32(fits(
            "finger data block length",
            self.data.len() + VIEW_HEAD,
        )?)
        .u8(self.position)
        .u8(self.view_count)
        .u8(self.view)
        .u8(self.quality)
        .u8(self.impression)
        .u16(self.width)
        .u16(self.height)
        .u8(self.reserved)
        .raw(&self.data);
        Ok(())
    }
}
