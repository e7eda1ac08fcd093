//! Minutiae, views and extended data, as all five minutiae records share them.
//!
//! In: bytes within a record. Out: [`RecordMinutia`], [`FingerView`], [`ExtendedData`]. Never: prints a minutia.

use super::bytes::{Reader, Writer, fits, within_bits};
use super::error::RecordError;

/// One minutia as a record holds it. `Debug` prints the type only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RecordMinutia {
    /// 0 other or undecided, 1 ridge ending, 2 ridge bifurcation; 3 is reserved.
    pub kind: u8,
    /// Pixels from the left edge, at most 16,383.
    pub x: u16,
    /// Pixels from the top edge, at most 16,383.
    pub y: u16,
    /// The two bits before `y`, reserved, 0 to 3.
    pub reserved: u8,
    /// Counter-clockwise from the right. ISO records: 1/256 of a turn; ANSI records: 2 degrees, at most 179.
    pub angle: u8,
    /// 0 none given, 1 to 100 quality; newer editions also 254 (not computed) and 255 (failed). 0 where the record
    /// has no such byte.
    pub quality: u8,
}

impl core::fmt::Debug for RecordMinutia {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("RecordMinutia")
    }
}

impl RecordMinutia {
    pub(super) fn read(r: &mut Reader<'_>, with_quality: bool) -> Result<Self, RecordError> {
        let x = r.u16("minutia x")?;
        let y = r.u16("minutia y")?;
        Ok(Self {
            kind: (x >> 14) as u8,
            x: x & 0x3fff,
            y: y & 0x3fff,
            reserved: (y >> 14) as u8,
            angle: r.u8("minutia angle")?,
            quality: if with_quality {
                r.u8("minutia quality")?
            } else {
                0
            },
        })
    }

    pub(super) fn write(&self, w: &mut Writer, with_quality: bool) -> Result<(), RecordError> {
        let kind = within_bits("minutia type", u16::from(self.kind), 2)?;
        let reserved = within_bits("minutia reserved bits", u16::from(self.reserved), 2)?;
        w.u16(kind << 14 | within_bits("minutia x", self.x, 14)?);
        w.u16(reserved << 14 | within_bits("minutia y", self.y, 14)?);
        w.u8(self.angle);
        if with_quality {
            w.u8(self.quality);
        }
        Ok(())
    }

    /// A minutia stands inside its image; an ANSI angle is below 180.
    pub(super) fn check(&self, width: u16, height: u16, angle_max: u8) -> Result<(), RecordError> {
        let wrong = |field, value: u16| {
            Err(RecordError::OutOfRange {
                field,
                value: u64::from(value),
            })
        };
        if self.x >= width {
            return wrong("minutia x", self.x);
        }
        if self.y >= height {
            return wrong("minutia y", self.y);
        }
        if self.angle > angle_max {
            return wrong("minutia angle", u16::from(self.angle));
        }
        Ok(())
    }
}

/// A block of extended data, kept as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct ExtendedData {
    /// Of minutiae records: 1 ridge counts, 2 cores and deltas, 3 zonal quality, above 255 a vendor's own. Of finger
    /// image records: 1 segmentation, 2 annotation, above 2 comments and vendors.
    pub kind: u16,
    /// What follows the block's head of four bytes.
    pub data: Vec<u8>,
}

impl core::fmt::Debug for ExtendedData {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ExtendedData({}, {} bytes)", self.kind, self.data.len())
    }
}

/// Bytes before the data of a block.
const EXTENDED_HEAD: usize = 4;

impl ExtendedData {
    /// Blocks until nothing is left.
    pub(super) fn read_all(mut r: Reader<'_>) -> Result<Vec<Self>, RecordError> {
        let mut blocks = Vec::new();
        while r.left() > 0 {
            let kind = r.u16("extended data type")?;
            let length = r.u16("extended data length")?;
            let mut data = r.part("extended data length", u64::from(length), EXTENDED_HEAD)?;
            blocks.push(Self {
                kind,
                data: data.take("extended data", data.left())?.to_vec(),
            });
        }
        Ok(blocks)
    }

    pub(super) fn write_all(blocks: &[Self], w: &mut Writer) -> Result<(), RecordError> {
        for block in blocks {
            w.u16(block.kind);
            w.u16(fits(
                "extended data length",
                block.data.len() + EXTENDED_HEAD,
            )?);
            w.raw(&block.data);
        }
        Ok(())
    }

    /// With a length of two bytes before all blocks, as minutiae records have it.
    pub(super) fn read_counted(r: &mut Reader<'_>) -> Result<Vec<Self>, RecordError> {
        let length = r.u16("extended data block length")?;
        Self::read_all(r.part("extended data block length", u64::from(length), 0)?)
    }

    pub(super) fn write_counted(blocks: &[Self], w: &mut Writer) -> Result<(), RecordError> {
        let all = blocks.iter().map(|b| b.data.len() + EXTENDED_HEAD).sum();
        w.u16(fits("extended data block length", all)?);
        Self::write_all(blocks, w)
    }
}

/// All extended data of a view. It is kept, not interpreted, so that a flaw in it, which files in use have, does not
/// make the minutiae unreadable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtendedArea {
    /// Whole blocks.
    Blocks(Vec<ExtendedData>),
    /// Its bytes are no whole blocks, or end before the length says, at the record's end.
    Unreadable {
        /// Its length as the record says it.
        said: u16,
        /// The bytes that are there.
        bytes: Vec<u8>,
    },
}

impl Default for ExtendedArea {
    fn default() -> Self {
        Self::Blocks(Vec::new())
    }
}

impl ExtendedArea {
    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, RecordError> {
        let said = r.u16("extended data block length")?;
        let there = r.left().min(usize::from(said));
        let bytes = r.take("extended data", there)?;
        if there == usize::from(said)
            && let Ok(blocks) = ExtendedData::read_all(Reader::new(bytes)?)
        {
            return Ok(Self::Blocks(blocks));
        }
        Ok(Self::Unreadable {
            said,
            bytes: bytes.to_vec(),
        })
    }

    pub(super) fn write(&self, w: &mut Writer) -> Result<(), RecordError> {
        match self {
            Self::Blocks(blocks) => ExtendedData::write_counted(blocks, w),
            Self::Unreadable { said, bytes } => {
                w.u16(*said).raw(bytes);
                Ok(())
            }
        }
    }
}

/// One view of one finger in the records of 2004 and 2005.
#[derive(Clone, PartialEq, Eq)]
pub struct FingerView {
    /// Finger position, 0 unknown, 1 right thumb to 10 left little finger.
    pub position: u8,
    /// Which view of this finger, from 0, at most 15.
    pub view: u8,
    /// 0 live plain, 1 live rolled, 2 ink plain, 3 ink rolled, 8 swipe; at most 15.
    pub impression: u8,
    /// 0 to 100, of the whole finger.
    pub quality: u8,
    /// At most 255.
    pub minutiae: Vec<RecordMinutia>,
    /// Extended data.
    pub extended: ExtendedArea,
}

impl core::fmt::Debug for FingerView {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "FingerView({} minutiae)", self.minutiae.len())
    }
}

impl FingerView {
    pub(super) fn read(
        r: &mut Reader<'_>,
        width: u16,
        height: u16,
        angle_max: u8,
    ) -> Result<Self, RecordError> {
        let position = r.u8("finger position")?;
        let view_and_impression = r.u8("view number and impression type")?;
        let quality = r.u8("finger quality")?;
        let count = r.u8("number of minutiae")?;
        let minutiae = read_minutiae(r, count, true, width, height, angle_max)?;
        Ok(Self {
            position,
            view: view_and_impression >> 4,
            impression: view_and_impression & 15,
            quality,
            minutiae,
            extended: ExtendedArea::read(r)?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer) -> Result<(), RecordError> {
        let view = within_bits("view number", u16::from(self.view), 4)? as u8;
        let impression = within_bits("impression type", u16::from(self.impression), 4)? as u8;
        w.u8(self.position);
        w.u8(view << 4 | impression);
        w.u8(self.quality);
        w.u8(fits("number of minutiae", self.minutiae.len())?);
        for m in &self.minutiae {
            m.write(w, true)?;
        }
        self.extended.write(w)
    }
}

/// `count` minutiae, each inside the image.
pub(super) fn read_minutiae(
    r: &mut Reader<'_>,
    count: u8,
    with_quality: bool,
    width: u16,
    height: u16,
    angle_max: u8,
) -> Result<Vec<RecordMinutia>, RecordError> {
    let mut minutiae = Vec::new();
    for _ in 0..count {
        let minutia = RecordMinutia::read(r, with_quality)?;
        minutia.check(width, height, angle_max)?;
        minutiae.push(minutia);
    }
    Ok(minutiae)
}

/// Highest angle of an ISO record, 1/256 of a turn.
pub(super) const ISO_ANGLE_MAX: u8 = 255;
/// Highest angle of an ANSI record, 2 degrees.
pub(super) const ANSI_ANGLE_MAX: u8 = 179;

/// Is this `FMR 20` the ANSI one? Its length field has two bytes, or two bytes of zero and four more; the ISO one has
/// four bytes and is shorter than 16 MiB, so that its first byte is zero; an ANSI record is 26 bytes at least.
pub(super) fn is_ansi_2004(bytes: &[u8]) -> bool {
    if bytes.get(4) == Some(&b'0') {
        return true;
    }
    match bytes.get(8..12) {
        Some(&[0, 0, high, low]) => u16::from_be_bytes([high, low]) < 24,
        Some(_) => true,
        None => false,
    }
}

/// What the heads of ISO/IEC 19794-2:2005 and ANSI INCITS 378-2004 end with, and their views.
pub(super) struct Frame<'a> {
    pub(super) capture_equipment: u16,
    pub(super) size: (u16, u16),
    pub(super) per_cm: (u16, u16),
    pub(super) reserved: u8,
    pub(super) views: std::borrow::Cow<'a, [FingerView]>,
}

impl Frame<'_> {
    pub(super) fn read(r: &mut Reader<'_>, angle_max: u8) -> Result<Self, RecordError> {
        let capture_equipment = r.u16("capture equipment")?;
        let size = (r.u16("image width")?, r.u16("image height")?);
        let per_cm = (
            r.u16("horizontal resolution")?,
            r.u16("vertical resolution")?,
        );
        let count = r.u8("number of views")?;
        let reserved = r.u8("reserved")?;
        let mut views = Vec::new();
        for _ in 0..count {
            views.push(FingerView::read(r, size.0, size.1, angle_max)?);
        }
        Ok(Self {
            capture_equipment,
            size,
            per_cm,
            reserved,
            views: views.into(),
        })
    }

    pub(super) fn write(&self, w: &mut Writer) -> Result<(), RecordError> {
        w.u16(self.capture_equipment)
            .u16(self.size.0)
            .u16(self.size.1)
            .u16(self.per_cm.0)
            .u16(self.per_cm.1)
            .u8(fits("number of views", self.views.len())?)
            .u8(self.reserved);
        for view in self.views.iter() {
            view.write(w)?;
        }
        Ok(())
    }
}
