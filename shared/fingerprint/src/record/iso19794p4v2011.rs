//! ISO/IEC 19794-4:2011, finger image (clause 8).

use super::bytes::{Reader, Writer, fits};
use super::error::RecordError;
use super::iso19794p1v2011::{
    CaptureDevice, CaptureMoment, CertificationBlock, Circumstances, QualityBlock,
    read_certification_flag, read_representations,
};
use super::minutiae::ExtendedData;
use crate::GreyImage;

/// A finger image record of the 2011 edition. Head of 16 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iso19794p4v2011 {
    /// Do representations say how their scanner was certified?
    pub certified: bool,
    /// How many different finger or palm positions.
    pub positions: u8,
    /// At most 65,535.
    pub representations: Vec<FingerImageRepresentation>,
}

/// One image of a finger, slap or palm.
#[derive(Clone, PartialEq, Eq)]
pub struct FingerImageRepresentation {
    /// When.
    pub captured: CaptureMoment,
    /// By what.
    pub device: CaptureDevice,
    /// Quality scores.
    pub quality: Vec<QualityBlock>,
    /// Empty unless the record is `certified`.
    pub certificates: Vec<CertificationBlock>,
    /// 0 unknown, 1 to 10 fingers, 13 right four, 14 left four, 15 thumbs, 20 and more palms.
    pub position: u8,
    /// Which of several of this position, from 0.
    pub number: u8,
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
    /// Bits a pixel.
    pub bit_depth: u8,
    /// 0 raw, 1 raw and packed, 2 WSQ, 3 JPEG, 4 JPEG 2000 lossy, 5 JPEG 2000 lossless, 6 PNG.
    pub compression: u8,
    /// 0 live plain, 1 live rolled, …
    pub impression: u8,
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// Coded as `compression` says.
    pub data: Vec<u8>,
    /// Segmentation, annotation, comments, vendors' own; kept as it came.
    pub extended: Vec<ExtendedData>,
}

impl core::fmt::Debug for FingerImageRepresentation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "FingerImageRepresentation({} × {})",
            self.width, self.height
        )
    }
}

impl Iso19794p4v2011 {
    /// Reads a whole record. The images stay coded; see [`Iso19794p4v2011::image`].
    ///
    /// # Errors
    /// [`RecordError`] with the field's name.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut r = Reader::new(bytes)?;
        r.magic(b"FIR\0", &[b"020\0"])?;
        let length = r.u32("record length")?;
        r.length_of_all("record length", u64::from(length), bytes)?;
        let count = r.u16("number of representations")?;
        let certified = read_certification_flag(&mut r)?;
        let positions = r.u8("number of positions")?;
        let representations = read_representations(r, count, |part| {
            FingerImageRepresentation::read(part, certified)
        })?;
        Ok(Self {
            certified,
            positions,
            representations,
        })
    }

    /// The bytes.
    ///
    /// # Errors
    /// [`RecordError::OutOfRange`] for a field that does not fit.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        let mut w = Writer::default();
        w.raw(b"FIR\x00020\0")
            .u32(0)
            .u16(fits(
                "number of representations",
                self.representations.len(),
            )?)
            .u8(u8::from(self.certified))
            .u8(self.positions);
        for representation in &self.representations {
            w.raw(&representation.write(self.certified)?);
        }
        w.finish_length(8, 4)
    }

    /// The picture of a representation, grey.
    ///
    /// # Errors
    /// [`RecordError`]: no such representation, a coding that cannot be read, or one that contradicts the record's
    /// own size.
    pub fn image(&self, representation: usize) -> Result<GreyImage, RecordError> {
        let found = self
            .representations
            .get(representation)
            .ok_or(RecordError::NoRepresentation(self.representations.len()))?;
        super::payload::decode(&super::payload::Described {
            coding: super::payload::coding_2011(found.compression)?,
            width: found.width,
            height: found.height,
            bit_depth: found.bit_depth,
            scale_unit: found.scale_unit,
            x: found.image_x,
            y: found.image_y,
            data: &found.data,
        })
    }
}

impl FingerImageRepresentation {
    fn read(mut r: Reader<'_>, certified: bool) -> Result<Self, RecordError> {
        let head = Circumstances::read(&mut r, certified)?;
        let mut found = Self {
            captured: head.captured,
            device: head.device,
            quality: head.quality,
            certificates: head.certificates,
            position: head.position,
            number: head.number,
            scale_unit: r.u8("scale unit")?,
            scan_x: r.u16("horizontal scan resolution")?,
            scan_y: r.u16("vertical scan resolution")?,
            image_x: r.u16("horizontal image resolution")?,
            image_y: r.u16("vertical image resolution")?,
            bit_depth: r.u8("bit depth")?,
            compression: r.u8("compression")?,
            impression: r.u8("impression type")?,
            width: r.u16("line length")?,
            height: r.u16("number of lines")?,
            data: Vec::new(),
            extended: Vec::new(),
        };
        let length = r.u32("image data length")?;
        let mut data = r.part("image data length", u64::from(length), 0)?;
        found.data = data.take("image data", data.left())?.to_vec();
        found.extended = ExtendedData::read_all(r)?;
        Ok(found)
    }

    fn write(&self, certified: bool) -> Result<Vec<u8>, RecordError> {
        let mut w = Writer::default();
        w.u32(0);
        Circumstances {
            captured: self.captured,
            device: self.device,
            quality: self.quality.clone(),
            certificates: self.certificates.clone(),
            position: self.position,
            number: self.number,
        }
        .write(certified, &mut w)?;
        w.u8(self.scale_unit)
            .u16(self.scan_x)
            .u16(self.scan_y)
            .u16(self.image_x)
            .u16(self.image_y)
            .u8(self.bit_depth)
            .u8(self.compression)
            .u8(self.impression)
            .u16(self.width)
            .u16(self.height)
            .u32(fits("image data length", self.data.len())?)
            .raw(&self.data);
        ExtendedData::write_all(&self.extended, &mut w)?;
        w.finish_length(0, 4)
    }
}
