//! ISO/IEC 19794-2:2011, finger minutiae, record format (clause 8).

use super::bytes::{Reader, Writer, fits, within_bits};
use super::error::RecordError;
use super::iso19794p1v2011::{
    CaptureDevice, CaptureMoment, CertificationBlock, Circumstances, QualityBlock,
    read_certification_flag, read_representations,
};
use super::minutiae::{ExtendedData, ISO_ANGLE_MAX, RecordMinutia, read_minutiae};

/// A minutiae record of the 2011 edition. Head of 15 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iso19794p2v2011 {
    /// Do representations say how their scanner was certified?
    pub certified: bool,
    /// At most 65,535.
    pub representations: Vec<MinutiaeRepresentation>,
}

/// One finger of a record.
#[derive(Clone, PartialEq, Eq)]
pub struct MinutiaeRepresentation {
    /// When.
    pub captured: CaptureMoment,
    /// By what.
    pub device: CaptureDevice,
    /// Quality scores.
    pub quality: Vec<QualityBlock>,
    /// Empty unless the record is `certified`.
    pub certificates: Vec<CertificationBlock>,
    /// Finger position, 0 unknown, 1 right thumb to 10 left little finger.
    pub position: u8,
    /// Which of several of this finger, from 0.
    pub number: u8,
    /// Pixels a centimetre across.
    pub x_per_cm: u16,
    /// Pixels a centimetre down.
    pub y_per_cm: u16,
    /// Impression type.
    pub impression: u8,
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// Bytes of a minutia: 6, or 5 without a quality.
    pub minutia_bytes: u8,
    /// 0 a ridge ending stands at the fork of the valley, 1 at the end of the ridge's skeleton; at most 15.
    pub ending_type: u8,
    /// At most 255.
    pub minutiae: Vec<RecordMinutia>,
    /// Extended data.
    pub extended: Vec<ExtendedData>,
}

impl core::fmt::Debug for MinutiaeRepresentation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "MinutiaeRepresentation({} minutiae)",
            self.minutiae.len()
        )
    }
}

impl Iso19794p2v2011 {
    /// Reads a whole record.
    ///
    /// # Errors
    /// [`RecordError`] with the field's name.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut r = Reader::new(bytes)?;
        r.magic(b"FMR\0", &[b"030\0"])?;
        let length = r.u32("record length")?;
        r.length_of_all("record length", u64::from(length), bytes)?;
        let count = r.u16("number of representations")?;
        let certified = read_certification_flag(&mut r)?;
        let representations = read_representations(r, count, |part| {
            MinutiaeRepresentation::read(part, certified)
        })?;
        Ok(Self {
            certified,
            representations,
        })
    }

    /// The bytes.
    ///
    /// # Errors
    /// [`RecordError::OutOfRange`] for a field that does not fit.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        let mut w = Writer::default();
        w.raw(b"FMR\x00030\0")
            .u32(0)
            .u16(fits(
                "number of representations",
                self.representations.len(),
            )?)
            .u8(u8::from(self.certified));
        for representation in &self.representations {
            w.raw(&representation.write(self.certified)?);
        }
        w.finish_length(8, 4)
    }
}

impl MinutiaeRepresentation {
    fn read(mut r: Reader<'_>, certified: bool) -> Result<Self, RecordError> {
        let head = Circumstances::read(&mut r, certified)?;
        let mut found = Self {
            captured: head.captured,
            device: head.device,
            quality: head.quality,
            certificates: head.certificates,
            position: head.position,
            number: head.number,
            x_per_cm: r.u16("horizontal resolution")?,
            y_per_cm: r.u16("vertical resolution")?,
            impression: r.u8("impression type")?,
            width: r.u16("image width")?,
            height: r.u16("image height")?,
            minutia_bytes: 0,
            ending_type: 0,
            minutiae: Vec::new(),
            extended: Vec::new(),
        };
        let form = r.u8("minutia field length and ending type")?;
        (found.minutia_bytes, found.ending_type) = (form >> 4, form & 15);
        let with_quality = found.has_minutia_quality()?;
        let count = r.u8("number of minutiae")?;
        found.minutiae = read_minutiae(
            &mut r,
            count,
            with_quality,
            found.width,
            found.height,
            ISO_ANGLE_MAX,
        )?;
        found.extended = ExtendedData::read_counted(&mut r)?;
        r.end("representation length")?;
        Ok(found)
    }

    fn has_minutia_quality(&self) -> Result<bool, RecordError> {
        match self.minutia_bytes {
            5 => Ok(false),
            6 => Ok(true),
            other => Err(RecordError::OutOfRange {
                field: "minutia field length",
                value: u64::from(other),
            }),
        }
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
        let with_quality = self.has_minutia_quality()?;
        let ending = within_bits("ending type", u16::from(self.ending_type), 4)? as u8;
        w.u16(self.x_per_cm)
            .u16(self.y_per_cm)
            .u8(self.impression)
            .u16(self.width)
            .u16(self.height)
            .u8(self.minutia_bytes << 4 | ending)
            .u8(fits("number of minutiae", self.minutiae.len())?);
        for m in &self.minutiae {
            m.write(&mut w, with_quality)?;
        }
        ExtendedData::write_counted(&self.extended, &mut w)?;
        w.finish_length(0, 4)
    }
}
