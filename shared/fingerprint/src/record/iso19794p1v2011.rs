//! ISO/IEC 19794-1:2011: what the heads of all representations of that generation share.

use super::bytes::{Reader, Writer, fits};
use super::error::RecordError;

/// When a representation was captured, UTC; a field of all ones is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptureMoment {
    /// 0xffff not given.
    pub year: u16,
    /// 1 to 12, 0xff not given.
    pub month: u8,
    /// 1 to 31, 0xff not given.
    pub day: u8,
    /// 0 to 23, 0xff not given.
    pub hour: u8,
    /// 0 to 59, 0xff not given.
    pub minute: u8,
    /// 0 to 59, 0xff not given.
    pub second: u8,
    /// 0 to 999, 0xffff not given.
    pub millisecond: u16,
}

impl CaptureMoment {
    /// Nothing is given.
    pub const UNKNOWN: Self = Self {
        year: 0xffff,
        month: 0xff,
        day: 0xff,
        hour: 0xff,
        minute: 0xff,
        second: 0xff,
        millisecond: 0xffff,
    };

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, RecordError> {
        Ok(Self {
            year: r.u16("capture year")?,
            month: r.u8("capture month")?,
            day: r.u8("capture day")?,
            hour: r.u8("capture hour")?,
            minute: r.u8("capture minute")?,
            second: r.u8("capture second")?,
            millisecond: r.u16("capture millisecond")?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.u16(self.year)
            .u8(self.month)
            .u8(self.day)
            .u8(self.hour)
            .u8(self.minute)
            .u8(self.second)
            .u16(self.millisecond);
    }
}

/// What captured a representation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CaptureDevice {
    /// 0 unknown, 1 white light optical by total internal reflection, … as the part's own table says.
    pub technology: u8,
    /// CBEFF vendor, 0 not given.
    pub vendor: u16,
    /// The vendor's type, 0 not given.
    pub model: u16,
}

impl CaptureDevice {
    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, RecordError> {
        Ok(Self {
            technology: r.u8("capture device technology")?,
            vendor: r.u16("capture device vendor")?,
            model: r.u16("capture device type")?,
        })
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.u8(self.technology).u16(self.vendor).u16(self.model);
    }
}

/// A quality score and who computed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QualityBlock {
    /// 0 to 100; 255: it could not be computed.
    pub score: u8,
    /// CBEFF vendor.
    pub vendor: u16,
    /// The vendor's algorithm.
    pub algorithm: u16,
}

impl QualityBlock {
    pub(super) fn read_all(r: &mut Reader<'_>) -> Result<Vec<Self>, RecordError> {
        let count = r.u8("number of quality blocks")?;
        let mut blocks = Vec::new();
        for _ in 0..count {
            blocks.push(Self {
                score: r.u8("quality score")?,
                vendor: r.u16("quality algorithm vendor")?,
                algorithm: r.u16("quality algorithm")?,
            });
        }
        Ok(blocks)
    }

    pub(super) fn write_all(blocks: &[Self], w: &mut Writer) -> Result<(), RecordError> {
        w.u8(fits("number of quality blocks", blocks.len())?);
        for block in blocks {
            w.u8(block.score).u16(block.vendor).u16(block.algorithm);
        }
        Ok(())
    }
}

/// A certificate of the scanner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificationBlock {
    /// CBEFF organisation.
    pub authority: u16,
    /// 1 image quality for AFIS, 2 for verification, 3 optical requirements.
    pub scheme: u8,
}

impl CertificationBlock {
    /// Blocks are there only when the record's head says so.
    pub(super) fn read_all(r: &mut Reader<'_>, present: bool) -> Result<Vec<Self>, RecordError> {
        let mut blocks = Vec::new();
        if present {
            for _ in 0..r.u8("number of certification blocks")? {
                blocks.push(Self {
                    authority: r.u16("certification authority")?,
                    scheme: r.u8("certification scheme")?,
                });
            }
        }
        Ok(blocks)
    }

    pub(super) fn write_all(
        blocks: &[Self],
        present: bool,
        w: &mut Writer,
    ) -> Result<(), RecordError> {
        if !present {
            return if blocks.is_empty() {
                Ok(())
            } else {
                Err(RecordError::OutOfRange {
                    field: "certification flag",
                    value: 0,
                })
            };
        }
        w.u8(fits("number of certification blocks", blocks.len())?);
        for block in blocks {
            w.u16(block.authority).u8(block.scheme);
        }
        Ok(())
    }
}

/// What finger representations of that generation begin with, in this order.
pub(super) struct Circumstances {
    pub(super) captured: CaptureMoment,
    pub(super) device: CaptureDevice,
    pub(super) quality: Vec<QualityBlock>,
    pub(super) certificates: Vec<CertificationBlock>,
    pub(super) position: u8,
    pub(super) number: u8,
}

impl Circumstances {
    pub(super) fn read(r: &mut Reader<'_>, certified: bool) -> Result<Self, RecordError> {
        Ok(Self {
            captured: CaptureMoment::read(r)?,
            device: CaptureDevice::read(r)?,
            quality: QualityBlock::read_all(r)?,
            certificates: CertificationBlock::read_all(r, certified)?,
            position: r.u8("finger position")?,
            number: r.u8("representation number")?,
        })
    }

    pub(super) fn write(&self, certified: bool, w: &mut Writer) -> Result<(), RecordError> {
        self.captured.write(w);
        self.device.write(w);
        QualityBlock::write_all(&self.quality, w)?;
        CertificationBlock::write_all(&self.certificates, certified, w)?;
        w.u8(self.position).u8(self.number);
        Ok(())
    }
}

/// All representations of a record, each inside its own length, and nothing behind them.
pub(super) fn read_representations<T>(
    mut r: Reader<'_>,
    count: u16,
    read: impl Fn(Reader<'_>) -> Result<T, RecordError>,
) -> Result<Vec<T>, RecordError> {
    let mut representations = Vec::new();
    for _ in 0..count {
        let length = r.u32("representation length")?;
        let part = r.part("representation length", u64::from(length), 4)?;
        representations.push(read(part)?);
    }
    r.end("number of representations")?;
    Ok(representations)
}

/// 0 or 1: whether certification blocks follow.
pub(super) fn read_certification_flag(r: &mut Reader<'_>) -> Result<bool, RecordError> {
    match r.u8("certification flag")? {
        0 => Ok(false),
        1 => Ok(true),
        value => Err(RecordError::OutOfRange {
            field: "certification flag",
            value: u64::from(value),
        }),
    }
}

/// Do the lengths of an `FMR 030` add up as ISO/IEC 19794-2:2011 has them? The ANSI record of that name has none.
pub(super) fn lengths_add_up(bytes: &[u8]) -> bool {
    let all = || -> Result<bool, RecordError> {
        let mut r = Reader::new(bytes)?;
        r.take("head", 8)?;
        let total = u64::from(r.u32("record length")?);
        let count = r.u16("number of representations")?;
        r.u8("certification flag")?;
        for _ in 0..count {
            let length = u64::from(r.u32("representation length")?);
            r.part("representation length", length, 4)?;
        }
        Ok(count > 0 && total == bytes.len() as u64 && r.left() == 0)
    };
    all().unwrap_or(false)
}
