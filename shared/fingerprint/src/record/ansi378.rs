//! ANSI INCITS 378: the edition of 2004, the draft of 2007, the edition of 2009 with its amendment 1.
//!
//! Angles are in steps of 2 degrees, unlike in ISO/IEC 19794-2.

use super::bytes::{Reader, Writer, fits};
use super::error::RecordError;
use super::minutiae::{
    ANSI_ANGLE_MAX, ExtendedArea, FingerView, Frame, RecordMinutia, read_minutiae,
};

/// A record of ANSI INCITS 378-2004 (clause 6). Head of 26 bytes, or 30 when it is longer than 65,535.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ansi378v2004 {
    /// ` 20` or `020`, both with a zero byte behind: both are found.
    pub version: [u8; 4],
    /// Was the length written in six bytes although two would do? Always so above 65,535.
    pub long_length: bool,
    /// CBEFF product: vendor and its sub-format.
    pub product: (u16, u16),
    /// Upper four bits: certified compliance; the rest the scanner's identifier.
    pub capture_equipment: u16,
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// Pixels a centimetre across.
    pub x_per_cm: u16,
    /// Pixels a centimetre down.
    pub y_per_cm: u16,
    /// Reserved, 0.
    pub reserved: u8,
    /// At most 255.
    pub views: Vec<FingerView>,
    /// Bytes behind the last view that the record's length counts; there should be none.
    pub tail: Vec<u8>,
}

impl Ansi378v2004 {
    /// Reads a whole record.
    ///
    /// # Errors
    /// [`RecordError`] with the field's name.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut r = Reader::new(bytes)?;
        let version = r.magic(b"FMR\0", &[b" 20\0", b"020\0"])?;
        let short = r.u16("record length")?;
        let long_length = short == 0;
        let length = if long_length {
            r.u32("record length")?
        } else {
            u32::from(short)
        };
        r.length_of_all("record length", u64::from(length), bytes)?;
        let product = (r.u16("product owner")?, r.u16("product type")?);
        let frame = Frame::read(&mut r, ANSI_ANGLE_MAX)?;
        Ok(Self {
            version,
            long_length,
            product,
            capture_equipment: frame.capture_equipment,
            width: frame.size.0,
            height: frame.size.1,
            x_per_cm: frame.per_cm.0,
            y_per_cm: frame.per_cm.1,
            reserved: frame.reserved,
            views: frame.views.into_owned(),
            tail: r.take("tail", r.left())?.to_vec(),
        })
    }

    /// The bytes.
    ///
    /// # Errors
    /// [`RecordError::OutOfRange`] for a field that does not fit.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        match self.write(self.long_length) {
            Err(RecordError::OutOfRange {
                field: "record length",
                ..
            }) => self.write(true),
            other => other,
        }
    }

    fn write(&self, long: bool) -> Result<Vec<u8>, RecordError> {
        let mut w = Writer::default();
        w.raw(b"FMR\0").raw(&self.version).u16(0);
        if long {
            w.u32(0);
        }
        w.u16(self.product.0).u16(self.product.1);
        Frame {
            capture_equipment: self.capture_equipment,
            size: (self.width, self.height),
            per_cm: (self.x_per_cm, self.y_per_cm),
            reserved: self.reserved,
            views: (&self.views[..]).into(),
        }
        .write(&mut w)?;
        w.raw(&self.tail);
        if long {
            return w.finish_length(10, 4);
        }
        fits::<u16>("record length", w.bytes.len())?;
        w.finish_length(8, 2)
    }
}

/// One view of one finger in the records of 2007 and 2009.
#[derive(Clone, PartialEq, Eq)]
pub struct Ansi378View {
    /// Finger position, 0 unknown, 1 right thumb to 10 left little finger.
    pub position: u8,
    /// Which view of this finger, from 0.
    pub view: u8,
    /// Impression type.
    pub impression: u8,
    /// 0 to 100, 254 not computed, 255 failed.
    pub quality: u8,
    /// Who made the quality algorithm.
    pub quality_vendor: u16,
    /// Which of its algorithms.
    pub quality_algorithm: u16,
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// Pixels a centimetre across.
    pub x_per_cm: u16,
    /// Pixels a centimetre down.
    pub y_per_cm: u16,
    /// At most 255.
    pub minutiae: Vec<RecordMinutia>,
    /// Extended data.
    pub extended: ExtendedArea,
}

impl core::fmt::Debug for Ansi378View {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Ansi378View({} minutiae)", self.minutiae.len())
    }
}

impl Ansi378View {
    fn read(r: &mut Reader<'_>) -> Result<Self, RecordError> {
        let mut view = Self {
            position: r.u8("finger position")?,
            view: r.u8("view number")?,
            impression: r.u8("impression type")?,
            quality: r.u8("finger quality")?,
            quality_vendor: r.u16("quality algorithm owner")?,
            quality_algorithm: r.u16("quality algorithm")?,
            width: r.u16("image width")?,
            height: r.u16("image height")?,
            x_per_cm: r.u16("horizontal resolution")?,
            y_per_cm: r.u16("vertical resolution")?,
            minutiae: Vec::new(),
            extended: ExtendedArea::default(),
        };
        let count = r.u8("number of minutiae")?;
        view.minutiae = read_minutiae(r, count, true, view.width, view.height, ANSI_ANGLE_MAX)?;
        view.extended = ExtendedArea::read(r)?;
        Ok(view)
    }

    fn write(&self, w: &mut Writer) -> Result<(), RecordError> {
        w.u8(self.position)
            .u8(self.view)
            .u8(self.impression)
            .u8(self.quality)
            .u16(self.quality_vendor)
            .u16(self.quality_algorithm)
            .u16(self.width)
            .u16(self.height)
            .u16(self.x_per_cm)
            .u16(self.y_per_cm)
            .u8(fits("number of minutiae", self.minutiae.len())?);
        for m in &self.minutiae {
            m.write(w, true)?;
        }
        self.extended.write(w)
    }
}

/// A record of the draft of 2007: as 2009, but compliance and identifier of the scanner share two bytes, as in 2004.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ansi378v2007 {
    /// CBEFF product: vendor and its sub-format.
    pub product: (u16, u16),
    /// Upper four bits: certified compliance; the rest the scanner's identifier.
    pub capture_equipment: u16,
    /// Reserved, 0.
    pub reserved: u8,
    /// At most 255.
    pub views: Vec<Ansi378View>,
}

impl Ansi378v2007 {
    /// Reads a whole record.
    ///
    /// # Errors
    /// [`RecordError`] with the field's name.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut r = Reader::new(bytes)?;
        r.magic(b"FMR\0", &[b"030\0"])?;
        let length = r.u32("record length")?;
        r.length_of_all("record length", u64::from(length), bytes)?;
        let product = (r.u16("product owner")?, r.u16("product type")?);
        let capture_equipment = r.u16("capture equipment")?;
        let (reserved, views) = read_views(&mut r)?;
        Ok(Self {
            product,
            capture_equipment,
            reserved,
            views,
        })
    }

    /// The bytes.
    ///
    /// # Errors
    /// [`RecordError::OutOfRange`] for a field that does not fit.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        let mut w = Writer::default();
        w.raw(b"FMR\x00030\0").u32(0);
        w.u16(self.product.0)
            .u16(self.product.1)
            .u16(self.capture_equipment);
        write_views(&mut w, self.reserved, &self.views)?;
        w.finish_length(8, 4)
    }
}

/// A record of ANSI INCITS 378-2009 (clause 7), or of its amendment 1 (version `035`). Head of 21 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ansi378v2009 {
    /// `030`, or `035` of the amendment, both with a zero byte behind.
    pub version: [u8; 4],
    /// CBEFF product: vendor and its sub-format.
    pub product: (u16, u16),
    /// Certified compliance of the scanner.
    pub compliance: u8,
    /// The scanner's identifier.
    pub capture_equipment: u16,
    /// Reserved, 0.
    pub reserved: u8,
    /// At most 255.
    pub views: Vec<Ansi378View>,
}

impl Ansi378v2009 {
    /// Reads a whole record.
    ///
    /// # Errors
    /// [`RecordError`] with the field's name.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut r = Reader::new(bytes)?;
        let version = r.magic(b"FMR\0", &[b"030\0", b"035\0"])?;
        let length = r.u32("record length")?;
        r.length_of_all("record length", u64::from(length), bytes)?;
        let product = (r.u16("product owner")?, r.u16("product type")?);
        let compliance = r.u8("capture equipment compliance")?;
        let capture_equipment = r.u16("capture equipment")?;
        let (reserved, views) = read_views(&mut r)?;
        Ok(Self {
            version,
            product,
            compliance,
            capture_equipment,
            reserved,
            views,
        })
    }

    /// The bytes.
    ///
    /// # Errors
    /// [`RecordError::OutOfRange`] for a field that does not fit.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        let mut w = Writer::default();
        w.raw(b"FMR\0").raw(&self.version).u32(0);
        w.u16(self.product.0)
            .u16(self.product.1)
            .u8(self.compliance)
            .u16(self.capture_equipment);
        write_views(&mut w, self.reserved, &self.views)?;
        w.finish_length(8, 4)
    }
}

fn read_views(r: &mut Reader<'_>) -> Result<(u8, Vec<Ansi378View>), RecordError> {
    let count = r.u8("number of views")?;
    let reserved = r.u8("reserved")?;
    let mut views = Vec::new();
    for _ in 0..count {
        views.push(Ansi378View::read(r)?);
    }
    r.end("number of views")?;
    Ok((reserved, views))
}

fn write_views(w: &mut Writer, reserved: u8, views: &[Ansi378View]) -> Result<(), RecordError> {
    w.u8(fits("number of views", views.len())?).u8(reserved);
    views.iter().try_for_each(|view| view.write(w))
}
