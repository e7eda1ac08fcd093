//! ISO/IEC 19794-2:2005, finger minutiae, record format (7.3 to 7.5).

use super::bytes::{Reader, Writer};
use super::error::RecordError;
use super::minutiae::{FingerView, Frame, ISO_ANGLE_MAX};

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
        let frame = Frame::read(&mut r, ISO_ANGLE_MAX)?;
        r.end("number of views")?;
        Ok(Self {
            capture_equipment: frame.capture_equipment,
            width: frame.size.0,
            height: frame.size.1,
            x_per_cm: frame.per_cm.0,
            y_per_cm: frame.per_cm.1,
            reserved: frame.reserved,
            views: frame.views.into_owned(),
        })
    }

    /// The bytes.
    ///
    /// # Errors
    /// [`RecordError::OutOfRange`] for a field that does not fit.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        let mut w = Writer::default();
        w.raw(b"FMR\0 20\0").u32(0);
        Frame {
            capture_equipment: self.capture_equipment,
            size: (self.width, self.height),
            per_cm: (self.x_per_cm, self.y_per_cm),
            reserved: self.reserved,
            views: (&self.views[..]).into(),
        }
        .write(&mut w)?;
        w.finish_length(8, 4)
    }
}
