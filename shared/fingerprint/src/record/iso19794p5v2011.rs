//! ISO/IEC 19794-5:2011, face image, two-dimensional (clause 5). Three-dimensional blocks are kept as bytes.

use super::bytes::{Reader, Writer, fits};
use super::error::RecordError;
use super::iso19794p1v2011::{
    CaptureDevice, CaptureMoment, QualityBlock, read_certification_flag, read_representations,
};

/// Bytes of a landmark or feature point.
pub(super) const LANDMARK_BYTES: usize = 8;

/// A face record of the 2011 edition. Head of 17 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iso19794p5v2011 {
    /// Always 0 in this part, kept as it came.
    pub certification_flag: bool,
    /// 0 one image, 1 images of one session without order, …
    pub temporal_semantics: u16,
    /// At most 65,535.
    pub representations: Vec<FaceRepresentation>,
}

/// What is known of a face. `Debug` prints the type only: it describes a person.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FacialInformation {
    /// 0 not given, 1 male, 2 female, 0xff unknown.
    pub gender: u8,
    /// 0 not given, 1 black, …
    pub eye_colour: u8,
    /// 0 not given, 1 bald, …
    pub hair_colour: u8,
    /// Centimetres, 0 not given. Not in the 2005 edition: 0 there.
    pub height_cm: u8,
    /// Property (feature) mask, 24 bits.
    pub properties: u32,
    /// 0 not given, 1 neutral, …
    pub expression: u16,
    /// Yaw, pitch, roll, as the standard codes them.
    pub pose: [u8; 3],
    /// Their uncertainties.
    pub pose_uncertainty: [u8; 3],
}

impl core::fmt::Debug for FacialInformation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("FacialInformation")
    }
}

impl FacialInformation {
    /// Nothing is given.
    pub const UNKNOWN: Self = Self {
        gender: 0,
        eye_colour: 0,
        hair_colour: 0,
        height_cm: 0,
        properties: 0,
        expression: 0,
        pose: [0; 3],
        pose_uncertainty: [0; 3],
    };

    pub(super) fn read_2005(r: &mut Reader<'_>) -> Result<Self, RecordError> {
        Self::read(r, false)
    }

    fn read(r: &mut Reader<'_>, with_height: bool) -> Result<Self, RecordError> {
        Ok(Self {
            gender: r.u8("gender")?,
            eye_colour: r.u8("eye colour")?,
            hair_colour: r.u8("hair colour")?,
            height_cm: if with_height {
                r.u8("subject height")?
            } else {
                0
            },
            properties: r.u24("property mask")?,
            expression: r.u16("expression")?,
            pose: r.bytes("pose angle")?,
            pose_uncertainty: r.bytes("pose angle uncertainty")?,
        })
    }

    pub(super) fn write_2005(&self, w: &mut Writer) {
        self.write(w, false);
    }

    fn write(&self, w: &mut Writer, with_height: bool) {
        w.u8(self.gender).u8(self.eye_colour).u8(self.hair_colour);
        if with_height {
            w.u8(self.height_cm);
        }
        w.u24(self.properties)
            .u16(self.expression)
            .raw(&self.pose)
            .raw(&self.pose_uncertainty);
    }
}

/// One image of a face.
#[derive(Clone, PartialEq, Eq)]
pub struct FaceRepresentation {
    /// When.
    pub captured: CaptureMoment,
    /// By what; technology 2 is a digital still camera.
    pub device: CaptureDevice,
    /// Quality scores.
    pub quality: Vec<QualityBlock>,
    /// What is known of the face.
    pub face: FacialInformation,
    /// Landmarks of 8 bytes each: type, code, x, y, z.
    pub landmarks: Vec<[u8; LANDMARK_BYTES]>,
    /// 0 basic, 1 full frontal, 2 token frontal, 3 post-processed frontal; 0x80 and more: three-dimensional.
    pub image_type: u8,
    /// 0 JPEG, 1 JPEG 2000 lossy, 2 JPEG 2000 lossless, 3 PNG.
    pub data_type: u8,
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// Spatial sampling rate level.
    pub sampling_level: u8,
    /// What was done to the image.
    pub post_acquisition: u16,
    /// Which representation this was made from, 0 none.
    pub cross_reference: u8,
    /// 0 not given, 1 RGB of 24 bits, 2 YUV 4:2:2, 3 grey of 8 bits, …
    pub colour_space: u8,
    /// As `data_type` says.
    pub data: Vec<u8>,
    /// Three-dimensional information and data, kept as bytes; empty for the two-dimensional types.
    pub three_dimensional: Vec<u8>,
}

impl core::fmt::Debug for FaceRepresentation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "FaceRepresentation({} × {})", self.width, self.height)
    }
}

/// `image_type` from which three-dimensional data follows the image.
const THREE_DIMENSIONAL: u8 = 0x80;

impl Iso19794p5v2011 {
    /// Reads a whole record; the images stay coded.
    ///
    /// # Errors
    /// [`RecordError`] with the field's name.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut r = Reader::new(bytes)?;
        r.magic(b"FAC\0", &[b"030\0"])?;
        let length = r.u32("record length")?;
        r.length_of_all("record length", u64::from(length), bytes)?;
        let count = r.u16("number of representations")?;
        let certification_flag = read_certification_flag(&mut r)?;
        let temporal_semantics = r.u16("temporal semantics")?;
        let representations = read_representations(r, count, FaceRepresentation::read)?;
        Ok(Self {
            certification_flag,
            temporal_semantics,
            representations,
        })
    }

    /// The bytes.
    ///
    /// # Errors
    /// [`RecordError::OutOfRange`] for a field that does not fit.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        let mut w = Writer::default();
        w.raw(b"FAC\x00030\0")
            .u32(0)
            .u16(fits(
                "number of representations",
                self.representations.len(),
            )?)
            .u8(u8::from(self.certification_flag))
            .u16(self.temporal_semantics);
        for representation in &self.representations {
            w.raw(&representation.write()?);
        }
        w.finish_length(8, 4)
    }

    /// A record of one full frontal portrait; `jpeg` (or PNG, by its first bytes) is put in as it is.
    ///
    /// # Errors
    /// [`RecordError::Unsupported`] for other codings, [`RecordError::TooLarge`].
    pub fn from_portrait(
        coded: Vec<u8>,
        width: u16,
        height: u16,
        captured: CaptureMoment,
        device: CaptureDevice,
    ) -> Result<Self, RecordError> {
        let data_type = match coded.as_slice() {
            [0xff, 0xd8, ..] => 0,
            [0x89, b'P', b'N', b'G', ..] => 3,
            _ => {
                return Err(RecordError::Unsupported(
                    "a portrait that is no JPEG or PNG",
                ));
            }
        };
        Ok(Self {
            certification_flag: false,
            temporal_semantics: 0,
            representations: vec![FaceRepresentation {
                captured,
                device,
                quality: Vec::new(),
                face: FacialInformation::UNKNOWN,
                landmarks: Vec::new(),
                image_type: 1,
                data_type,
                width,
                height,
                sampling_level: 0,
                post_acquisition: 0,
                cross_reference: 0,
                colour_space: 1,
                data: coded,
                three_dimensional: Vec::new(),
            }],
        })
    }
}

impl FaceRepresentation {
    fn read(mut r: Reader<'_>) -> Result<Self, RecordError> {
        let captured = CaptureMoment::read(&mut r)?;
        let device = CaptureDevice::read(&mut r)?;
        let quality = QualityBlock::read_all(&mut r)?;
        let points = r.u16("number of landmarks")?;
        let face = FacialInformation::read(&mut r, true)?;
        let mut landmarks = Vec::new();
        for _ in 0..points {
            landmarks.push(r.bytes("landmark")?);
        }
        let mut found = Self {
            captured,
            device,
            quality,
            face,
            landmarks,
            image_type: r.u8("face image type")?,
            data_type: r.u8("image data type")?,
            width: r.u16("image width")?,
            height: r.u16("image height")?,
            sampling_level: r.u8("spatial sampling rate level")?,
            post_acquisition: r.u16("post-acquisition processing")?,
            cross_reference: r.u8("cross reference")?,
            colour_space: r.u8("image colour space")?,
            data: Vec::new(),
            three_dimensional: Vec::new(),
        };
        let length = r.u32("image data length")?;
        let mut data = r.part("image data length", u64::from(length), 0)?;
        found.data = data.take("image data", data.left())?.to_vec();
        if found.image_type < THREE_DIMENSIONAL {
            r.end("representation length")?;
        }
        found.three_dimensional = r.take("three-dimensional data", r.left())?.to_vec();
        Ok(found)
    }

    fn write(&self) -> Result<Vec<u8>, RecordError> {
        let mut w = Writer::default();
        w.u32(0);
        self.captured.write(&mut w);
        self.device.write(&mut w);
        QualityBlock::write_all(&self.quality, &mut w)?;
        w.u16(fits("number of landmarks", self.landmarks.len())?);
        self.face.write(&mut w, true);
        for point in &self.landmarks {
            w.raw(point);
        }
        w.u8(self.image_type)
            .u8(self.data_type)
            .u16(self.width)
            .u16(self.height)
            .u8(self.sampling_level)
            .u16(self.post_acquisition)
            .u8(self.cross_reference)
            .u8(self.colour_space)
            .u32(fits("image data length", self.data.len())?)
            .raw(&self.data);
        if self.image_type < THREE_DIMENSIONAL && !self.three_dimensional.is_empty() {
            return Err(RecordError::OutOfRange {
                field: "face image type",
                value: u64::from(self.image_type),
            });
        }
        w.raw(&self.three_dimensional);
        w.finish_length(0, 4)
    }
}
