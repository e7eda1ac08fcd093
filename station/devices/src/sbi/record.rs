//! Headers of ISO/IEC 19794 records, as far as a check needs them: parts 4 (finger), 5 (face) and 6 (iris), editions of 2011.
//!
//! In: a record of one representation. Out: [`Record`], its picture as it lies there. Owns: nothing.
//! Never: allocates; never believes a length. Everything a header says of its own bytes is held against them.
//!
//! ```text
//!   general   "FIR\0" "020\0"  length 4  representations 2  certification 1  positions 1
//!             "FAC\0" "030\0"  length 4  representations 2  certification 1  temporal 2
//!             "IIR\0" "020\0"  length 4  representations 2  certification 1  eyes 1
//!   each      length 4  date 9  technology 1  vendor 2  type 2  qualities 1 (×5)  [certificates 1 (×3)]  …picture
//! ```

use qayd_model::{FingerPosition, Ppi};

use super::names::Eye;
use crate::capture::Geometry;

/// Longest side of a picture in a record.
const SIDE_PX_MAX: u32 = 8_192;
/// Resolution of fingers, pixels per inch: below and above, no matcher works.
const PPI_RANGE: core::ops::RangeInclusive<u32> = 250..=1_200;

/// What a record must be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Finger(FingerPosition),
    Eye(Eye),
    Face,
}

/// How a picture is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// One byte a pixel, row by row.
    Raw,
    Jpeg,
    Jpeg2000,
    Png,
}

/// A record whose header agrees with what was asked and with its own bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) picture: &'a [u8],
    pub(super) encoding: Encoding,
    pub(super) geometry: Geometry,
    /// Of fingers; a face and an eye have none.
    pub(super) ppi: Option<Ppi>,
}

/// Why a record is not what it was sent as.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordError {
    /// It ends before its header or its picture does.
    #[error("it ends early, at {what}")]
    Short {
        /// Where.
        what: &'static str,
    },
    /// Another kind of record, or another edition.
    #[error("it is not the kind of record that was asked for")]
    OtherKind,
    /// A length that is not the length.
    #[error("it says it is {said} bytes long and is {found}")]
    WrongLength {
        /// As it says.
        said: u64,
        /// As it is.
        found: u64,
    },
    /// More or fewer pictures than one.
    #[error("it holds {found} pictures, not one")]
    NotOne {
        /// How many.
        found: u16,
    },
    /// Another finger or eye than the message around it says.
    #[error("it is of position {found}, not {asked}")]
    OtherPosition {
        /// Code in the record.
        found: u8,
        /// Code of what was asked for.
        asked: u8,
    },
    /// Resolution that is none, or differs across and down.
    #[error("its resolution cannot be used")]
    Resolution,
    /// No pixel, or more than any device gives.
    #[error("its picture is {width_px} by {height_px}")]
    Size {
        /// Across.
        width_px: u32,
        /// Down.
        height_px: u32,
    },
    /// Not eight bits a pixel.
    #[error("its pixels have {bits} bits")]
    Depth {
        /// Bits.
        bits: u8,
    },
    /// An encoding that is not read here, such as WSQ.
    #[error("its picture is encoded as {code}, which is not read here")]
    Encoding {
        /// Code in the record.
        code: u8,
    },
    /// The picture is not what the header says: another encoding, another size, or damaged.
    #[error("its picture is not as the header says: {what}")]
    Picture {
        /// What differs.
        what: &'static str,
    },
}

/// Reads a header from the front.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize, what: &'static str) -> Result<&'a [u8], RecordError> {
        let (head, rest) = self
            .rest
            .split_at_checked(n)
            .ok_or(RecordError::Short { what })?;
        self.rest = rest;
        Ok(head)
    }

    fn u8(&mut self, what: &'static str) -> Result<u8, RecordError> {
        Ok(self.take(1, what)?[0])
    }

    fn u16(&mut self, what: &'static str) -> Result<u16, RecordError> {
        let bytes = self.take(2, what)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, RecordError> {
        let bytes = self.take(4, what)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }
}

/// Checks that `bytes` are one record of `of`.
pub(super) fn check(bytes: &[u8], of: Of) -> Result<Record<'_>, RecordError> {
    let magic: &[u8; 8] = match of {
        Of::Finger(_) => b"FIR\x00020\0",
        Of::Face => b"FAC\x00030\0",
        Of::Eye(_) => b"IIR\x00020\0",
    };
    let mut reader = Reader { rest: bytes };
    if reader.take(8, "format and edition")? != magic {
        return Err(RecordError::OtherKind);
    }
    let said = reader.u32("length")?;
    same_length(said, bytes.len())?;
    let found = reader.u16("representations")?;
    if found != 1 {
        return Err(RecordError::NotOne { found });
    }
    let certified = reader.u8("certification")?;
    match of {
        Of::Face => drop(reader.u16("temporal semantics")?),
        // One position or eye in all, for one picture of it.
        _ => drop(reader.u8("positions")?),
    }
    let whole = reader.rest.len();
    let said = reader.u32("representation length")?;
    same_length(said, whole)?;
    reader.take(9 + 1 + 2 + 2, "date and device")?;
    let qualities = usize::from(reader.u8("qualities")?);
    reader.take(qualities * 5, "qualities")?;
    // Parts 4 and 6 of 2011 list certificates where the general header says so; part 5 has none.
    if certified == 1 && of != Of::Face {
        let certificates = usize::from(reader.u8("certificates")?);
        reader.take(certificates * 3, "certificates")?;
    }
    match of {
        Of::Finger(position) => finger(reader, position),
        Of::Face => face(reader),
        Of::Eye(eye) => iris(reader, eye),
    }
}

fn same_length(said: u32, found: usize) -> Result<(), RecordError> {
    if u64::from(said) == found as u64 {
        return Ok(());
    }
    Err(RecordError::WrongLength {
        said: said.into(),
        found: found as u64,
    })
}

/// ISO/IEC 19794-4:2011, 8.3: after the qualities of the representation.
fn finger(mut reader: Reader<'_>, position: FingerPosition) -> Result<Record<'_>, RecordError> {
    let found = reader.u8("finger position")?;
    let asked = position.code();
    if found != asked {
        return Err(RecordError::OtherPosition { found, asked });
    }
    reader.u8("representation number")?;
    let per_centimetre = match reader.u8("scale units")? {
        1 => false,
        2 => true,
        _ => return Err(RecordError::Resolution),
    };
    reader.take(4, "scanning resolution")?;
    let across = u32::from(reader.u16("resolution across")?);
    let down = u32::from(reader.u16("resolution down")?);
    if across != down {
        return Err(RecordError::Resolution);
    }
    let ppi = if per_centimetre {
        (across * 254 + 50) / 100
    } else {
        across
    };
    if !PPI_RANGE.contains(&ppi) {
        return Err(RecordError::Resolution);
    }
    depth(reader.u8("bit depth")?, &[8])?;
    let encoding = match reader.u8("compression")? {
        0 => Encoding::Raw,
        3 => Encoding::Jpeg,
        4 | 5 => Encoding::Jpeg2000,
        6 => Encoding::Png,
        code => return Err(RecordError::Encoding { code }),
    };
    reader.u8("impression type")?;
    let geometry = size(&mut reader)?;
    // An extended block may follow: length in two bytes, itself included, then its content.
    picture(reader, encoding, geometry, true).map(|record| Record {
        ppi: u16::try_from(ppi).ok().map(Ppi),
        ..record
    })
}

/// ISO/IEC 19794-5:2011, 5.5: facial information, landmarks, image information.
fn face(mut reader: Reader<'_>) -> Result<Record<'_>, RecordError> {
    let landmarks = usize::from(reader.u16("landmarks")?);
    reader.take(15 + landmarks * 8, "facial information")?;
    reader.u8("face image type")?;
    let encoding = match reader.u8("image data type")? {
        0 => Encoding::Jpeg,
        1 | 2 => Encoding::Jpeg2000,
        3 => Encoding::Png,
        code => return Err(RecordError::Encoding { code }),
    };
    let geometry = size(&mut reader)?;
    reader.take(1 + 2 + 1 + 1, "image information")?;
    picture(reader, encoding, geometry, false)
}

/// ISO/IEC 19794-6:2011, 6.5.
fn iris(mut reader: Reader<'_>, eye: Eye) -> Result<Record<'_>, RecordError> {
    reader.u16("representation number")?;
    let found = reader.u8("eye label")?;
    let asked = match eye {
        Eye::Right => 1,
        Eye::Left => 2,
    };
    if found != asked {
        return Err(RecordError::OtherPosition { found, asked });
    }
    reader.u8("image type")?;
    let encoding = match reader.u8("image format")? {
        2 => Encoding::Raw,
        10 => Encoding::Jpeg2000,
        14 => Encoding::Png,
        code => return Err(RecordError::Encoding { code }),
    };
    reader.u8("image properties")?;
    let geometry = size(&mut reader)?;
    depth(reader.u8("bit depth")?, &[8])?;
    reader.take(2 + 2 + 2 + 12, "range, roll and circles")?;
    picture(reader, encoding, geometry, false)
}

fn depth(bits: u8, allowed: &[u8]) -> Result<(), RecordError> {
    if allowed.contains(&bits) {
        Ok(())
    } else {
        Err(RecordError::Depth { bits })
    }
}

fn size(reader: &mut Reader<'_>) -> Result<Geometry, RecordError> {
    let width_px = u32::from(reader.u16("width")?);
    let height_px = u32::from(reader.u16("height")?);
    if width_px == 0 || height_px == 0 || width_px > SIDE_PX_MAX || height_px > SIDE_PX_MAX {
        return Err(RecordError::Size {
            width_px,
            height_px,
        });
    }
    Ok(Geometry {
        width_px,
        height_px,
    })
}

/// The picture's bytes: what follows must be all, but for an extended block where the part has one.
fn picture(
    mut reader: Reader<'_>,
    encoding: Encoding,
    geometry: Geometry,
    may_be_extended: bool,
) -> Result<Record<'_>, RecordError> {
    let length = reader.u32("picture length")?;
    let there = reader.rest.len();
    let picture = reader.take(length as usize, "picture")?;
    if !reader.rest.is_empty() && !may_be_extended {
        return Err(RecordError::WrongLength {
            said: length.into(),
            found: there as u64,
        });
    }
    if picture.is_empty() {
        return Err(RecordError::Short { what: "picture" });
    }
    Ok(Record {
        picture,
        encoding,
        geometry,
        ppi: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A finger record by hand, as 19794-4:2011 draws it: right index, 500 ppi, 4 × 3 pixels, not compressed.
    fn good() -> Vec<u8> {
        let mut inner = vec![0; 9];
        inner.extend([0, 0, 0, 0, 0, 1, 80, 0, 1, 0, 1]);
        inner.extend([2, 1, 1]);
        inner.extend([500_u16; 4].iter().flat_map(|r| r.to_be_bytes()));
        inner.extend([8, 0, 0, 0, 4, 0, 3, 0, 0, 0, 12]);
        inner.extend([7; 12]);
        whole(b"FIR\x00020\0", &[0, 1, 0, 1], &inner)
    }

    fn whole(magic: &[u8], rest_of_general: &[u8], inner: &[u8]) -> Vec<u8> {
        let length = u32::try_from(inner.len() + 4).unwrap();
        let total = u32::try_from(magic.len() + 4 + rest_of_general.len()).unwrap() + length;
        let mut record = magic.to_vec();
        record.extend(total.to_be_bytes());
        record.extend(rest_of_general);
        record.extend(length.to_be_bytes());
        record.extend(inner);
        record
    }

    const INDEX: Of = Of::Finger(FingerPosition::RightIndex);

    #[test]
    fn a_good_record_gives_its_picture() {
        let bytes = good();
        let record = check(&bytes, INDEX).unwrap();
        assert_eq!(record.picture, [7; 12]);
        assert_eq!(record.encoding, Encoding::Raw);
        assert_eq!(
            (record.geometry.width_px, record.geometry.height_px),
            (4, 3)
        );
        assert_eq!(record.ppi, Some(Ppi(500)));
    }

    #[test]
    fn a_record_cut_anywhere_or_made_longer_is_refused() {
        let bytes = good();
        for end in 0..bytes.len() {
            assert!(check(&bytes[..end], INDEX).is_err(), "{end}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(matches!(
            check(&longer, INDEX),
            Err(RecordError::WrongLength { .. })
        ));
    }

    #[test]
    fn each_lie_has_its_own_refusal() {
        let position_at = 16 + 4 + 9 + 5 + 1 + 5;
        let put = |at: usize, bytes: &[u8]| {
            let mut record = good();
            record[at..at + bytes.len()].copy_from_slice(bytes);
            check(&record, INDEX).unwrap_err()
        };
        assert_eq!(put(0, b"FAC"), RecordError::OtherKind);
        assert_eq!(put(4, b"030"), RecordError::OtherKind);
        assert!(matches!(put(11, &[1]), RecordError::WrongLength { .. }));
        assert_eq!(put(13, &[2]), RecordError::NotOne { found: 2 });
        assert!(matches!(put(19, &[1]), RecordError::WrongLength { .. }));
        let (found, asked) = (7, 2);
        assert_eq!(
            put(position_at, &[7]),
            RecordError::OtherPosition { found, asked }
        );
        assert_eq!(put(position_at + 2, &[3]), RecordError::Resolution);
        assert_eq!(put(position_at + 7, &[0, 0]), RecordError::Resolution);
        assert_eq!(put(position_at + 11, &[4]), RecordError::Depth { bits: 4 });
        assert_eq!(
            put(position_at + 12, &[2]),
            RecordError::Encoding { code: 2 }
        );
        assert!(matches!(
            put(position_at + 14, &[0, 0]),
            RecordError::Size { .. }
        ));
        assert_eq!(
            put(position_at + 18, &[0, 1]),
            RecordError::Short { what: "picture" }
        );
    }

    #[test]
    fn a_resolution_in_centimetres_is_told_in_inches() {
        let mut record = good();
        let scale_at = 16 + 4 + 9 + 5 + 1 + 5 + 2;
        record[scale_at] = 2;
        for (at, byte) in [(5, 0), (6, 197), (7, 0), (8, 197)] {
            record[scale_at + at] = byte;
        }
        assert_eq!(check(&record, INDEX).unwrap().ppi, Some(Ppi(500)));
    }
}
