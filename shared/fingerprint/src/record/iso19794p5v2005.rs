//! ISO/IEC 19794-5:2005, face image (clause 5).

use super::bytes::{Reader, Writer, fits};
use super::error::RecordError;
use super::iso19794p5v2011::{FacialInformation, LANDMARK_BYTES};

/// A face record of the 2005 edition. Head of 14 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iso19794p5v2005 {
    /// At most 65,535.
    pub images: Vec<FaceImage2005>,
}

/// One image of a face: facial information of 20 bytes, feature points of 8, image information of 12, data.
#[derive(Clone, PartialEq, Eq)]
pub struct FaceImage2005 {
    /// What is known of the face.
    pub face: FacialInformation,
    /// Feature points of 8 bytes each: type, code, x, y, reserved.
    pub feature_points: Vec<[u8; LANDMARK_BYTES]>,
    /// 0 basic, 1 full frontal, 2 token frontal.
    pub image_type: u8,
    /// 0 JPEG, 1 JPEG 2000.
    pub data_type: u8,
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// 0 not given, 1 RGB, 2 YUV 4:2:2, 3 grey of 8 bits.
    pub colour_space: u8,
    /// 0 not given, 1 a photograph, 2 a digital camera, 3 a scanner, …
    pub source_type: u8,
    /// The vendor's device, 0 not given.
    pub device: u16,
    /// 0 not given.
    pub quality: u16,
    /// As `data_type` says.
    pub data: Vec<u8>,
}

impl core::fmt::Debug for FaceImage2005 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "FaceImage2005({} × {})", self.width, self.height)
    }
}

impl Iso19794p5v2005 {
    /// Reads a whole record; the images stay coded.
    ///
    /// # Errors
    /// [`RecordError`] with the field's name.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut r = Reader::new(bytes)?;
        r.magic(b"FAC\0", &[b"010\0"])?;
        let length = r.u32("record length")?;
        r.length_of_all("record length", u64::from(length), bytes)?;
        let mut images = Vec::new();
        for _ in 0..r.u16("number of images")? {
            let length = r.u32("facial record data length")?;
            let part = r.part("facial record data length", u64::from(length), 4)?;
            images.push(FaceImage2005::read(part)?);
        }
        r.end("number of images")?;
        Ok(Self { images })
    }

    /// The bytes.
    ///
    /// # Errors
    /// [`RecordError::OutOfRange`] for a field that does not fit.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        let mut w = Writer::default();
        w.raw(b"FAC\x00010\0")
            .u32(0)
            .u16(fits("number of images", self.images.len())?);
        for image in &self.images {
            w.raw(&image.write()?);
        }
        w.finish_length(8, 4)
    }
}

impl FaceImage2005 {
    fn read(mut r: Reader<'_>) -> Result<Self, RecordError> {
        let points = r.u16("number of feature points")?;
        let face = FacialInformation::read_2005(&mut r)?;
        let mut feature_points = Vec::new();
        for _ in 0..points {
            feature_points.push(r.bytes("feature point")?);
        }
        Ok(Self {
            face,
            feature_points,
            image_type: r.u8("face image type")?,
            data_type: r.u8("image data type")?,
            width: r.u16("image width")?,
            height: r.u16("image height")?,
            colour_space: r.u8("image colour space")?,
            source_type: r.u8("source type")?,
            device: r.u16("device type")?,
            quality: r.u16("image quality")?,
            data: r.take("image data", r.left())?.to_vec(),
        })
    }

    fn write(&self) -> Result<Vec<u8>, RecordError> {
        let mut w = Writer::default();
        w.u32(0)
            .u16(fits("number of feature points", self.feature_points.len())?);
        self.face.write_2005(&mut w);
        for point in &self.feature_points {
            w.raw(point);
        }
        w.u8(self.image_type)
            .u8(self.data_type)
            .u16(self.width)
            .u16(self.height)
            .u8(self.colour_space)
            .u8(self.source_type)
            .u16(self.device)
            .u16(self.quality)
            .raw(&self.data);
        w.finish_length(0, 4)
    }
}
