//! ISO/IEC 19794-2:2005, finger minutiae, record format (7.3 to 7.5).

use super::bytes::{Reader, Writer, fits};
use super::error::RecordError;
use super::minutiae::{FingerView, ISO_ANGLE_MAX};

/// A minutiae record of the 2005 edition. Lengths in bytes: head 24, each view 4 + 6 a minutia + 2 + extended data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iso19794p2v2005 {
    /// Upper four bits: certified compliance of the scanner; the rest its identifier.
    pub capture_equipment: u16,
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// Pixels a centimetre across: 197 is 500 ppi.
    pub x_per_cm: u16,
    /// Pixels a centimetre down.
    pub y_per_cm: u16,
    /// Reserved, 0.
    pub reserved: u8,
    /// At most 255.
    pub views: Vec<FingerView>,
}

impl Iso19794p2v2005 {
    /// Reads a whole record.
    ///
    /// # Errors
    /// [`RecordError`] with the field's name.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut r = Reader::new(bytes)?;
        r.magic(b"FMR\0", &[b" 20\0"])?;
        let length = r.u32("record length")?;
        r.length_of_all("record length", u64::from(length), bytes)?;
        let mut record = Self {
            capture_equipment: r.u16("capture equipment")?,
            width: r.u16("image width")?,
            height: r.u16("image height")?,
            x_per_cm: r.u16("horizontal resolution")?,
            y_per_cm: r.u16("vertical resolution")?,
            reserved: 0,
            views: Vec::new(),
        };
        let count = r.u8("number of views")?;
        record.reserved = r.u8("reserved")?;
        for _ in 0..count {
            record.views.push(FingerView::read(
                &mut r,
                record.width,
                record.height,
                ISO_ANGLE_MAX,
            )?);
        }
        r.end("number of views")?;
        Ok(record)
    }

    /// The bytes.
    ///
    /// # Errors
    /// [`RecordError::OutOfRange`] for a field that does not fit.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        let mut w = Writer::default();
        w.raw(b"FMR\0 20\0").u32(0);
        w.u16(self.capture_equipment)
            .u16(self.width)
            .u16(self.height)
            .u16(self.x_per_cm)
            .u16(self.y_per_cm)
            .u8(fits("number of views", self.views.len())?)
            .u8(self.reserved);
        for view in &self.views {
            view.write(&mut w)?;
        }
        w.finish_length(8, 4)
    }
}
