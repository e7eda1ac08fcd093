//! Resolution that an image file states of itself.
//!
//! In: the bytes of an image already found good. Out: pixels per inch, or `None` where the file says nothing usable.
//! Never: assumes 500. A finger at an unknown resolution is told apart from one at 500 ppi.

use qayd_model::Ppi;

use crate::capture::MediaType;

/// Fingerprint sensors lie between 250 ppi (FAP 10 halved) and 1,000 ppi (FAP 1xx); image editors write 72 or 96 into
/// files of any resolution, and that must not shrink a finger five times.
pub(super) fn is_plausible_for_a_finger(ppi: Ppi) -> bool {
    (250..=1_200).contains(&ppi.0)
}

/// What the file states, 1 to 4,000 ppi. Where the two directions differ by more than 1 %, nothing is stated.
pub(super) fn stated(bytes: &[u8], media_type: MediaType) -> Option<Ppi> {
    let (x, y) = match media_type {
        MediaType::Png => png(bytes)?,
        MediaType::Jpeg => jfif(bytes)?,
        MediaType::Tiff => tiff(bytes)?,
        MediaType::Bmp => bmp(bytes)?,
        MediaType::Pgm | MediaType::Pdf => return None,
    };
    let rounded = x.round();
    ((x - y).abs() <= x * 0.01 && (1.0..=4_000.0).contains(&rounded)).then_some(Ppi(rounded as u16))
}

const INCHES_PER_METRE: f64 = 1.0 / 0.0254;

fn per_metre(x: u32, y: u32) -> (f64, f64) {
    (
        f64::from(x) / INCHES_PER_METRE,
        f64::from(y) / INCHES_PER_METRE,
    )
}

/// `pHYs` of PNG (ISO/IEC 15948, 11.3.5.3): pixels per metre when the unit is 1. It stands before the first `IDAT`.
fn png(bytes: &[u8]) -> Option<(f64, f64)> {
    let mut at = 8;
    loop {
        let length = be32(bytes, at)? as usize;
        match bytes.get(at + 4..at + 8)? {
            b"pHYs" if length == 9 && bytes.get(at + 16)? == &1 => {
                return Some(per_metre(be32(bytes, at + 8)?, be32(bytes, at + 12)?));
            }
            b"IDAT" | b"IEND" => return None,
            _ => at = at.checked_add(length)?.checked_add(12)?,
        }
    }
}

/// Density of the JFIF segment, which follows the start marker (ISO/IEC 10918-5).
fn jfif(bytes: &[u8]) -> Option<(f64, f64)> {
    if bytes.get(2..4)? != b"\xff\xe0" || bytes.get(6..11)? != b"JFIF\0" {
        return None;
    }
    let density = |at: usize| Some(f64::from(be16(bytes, at)?));
    let (x, y) = (density(14)?, density(16)?);
    match bytes.get(13)? {
        1 => Some((x, y)),
        2 => Some((x * 2.54, y * 2.54)),
        _ => None,
    }
}

/// `biXPelsPerMeter` and `biYPelsPerMeter` of a BITMAPINFOHEADER or one of its successors (40 bytes or more).
fn bmp(bytes: &[u8]) -> Option<(f64, f64)> {
    let le32 = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    (le32(14)? >= 40).then_some(())?;
    Some(per_metre(le32(38)?, le32(42)?))
}

/// Tags 282, 283 (rationals) and 296 (unit: 2 inch, 3 centimetre; absent means inch) of the first directory, TIFF 6.0.
fn tiff(bytes: &[u8]) -> Option<(f64, f64)> {
    let little = bytes.starts_with(b"II");
    let u16_at = |at: usize| {
        let pair: [u8; 2] = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little {
            u16::from_le_bytes(pair)
        } else {
            u16::from_be_bytes(pair)
        })
    };
    let u32_at = |at: usize| {
        let four: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if little {
            u32::from_le_bytes(four)
        } else {
            u32::from_be_bytes(four)
        })
    };
    let rational = |at: usize| {
        let denominator = u32_at(at.checked_add(4)?)?;
        (denominator != 0).then_some(f64::from(u32_at(at)?) / f64::from(denominator))
    };
    let directory = u32_at(4)? as usize;
    let (mut x, mut y, mut unit) = (None, None, 2);
    for i in 0..usize::from(u16_at(directory)?) {
        let entry = directory.checked_add(2 + 12 * i)?;
        match (u16_at(entry)?, u16_at(entry + 2)?) {
            (282, 5) => x = rational(u32_at(entry + 8)? as usize),
            (283, 5) => y = rational(u32_at(entry + 8)? as usize),
            (296, 3) => unit = u16_at(entry + 8)?,
            _ => {}
        }
    }
    let scale = match unit {
        2 => 1.0,
        3 => 2.54,
        _ => return None,
    };
    Some((x? * scale, y? * scale))
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(
        bytes.get(at..at.checked_add(2)?)?.try_into().ok()?,
    ))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(
        bytes.get(at..at.checked_add(4)?)?.try_into().ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bmp_states_pixels_per_metre() {
        let mut bytes = vec![0_u8; 54];
        bytes[..2].copy_from_slice(b"BM");
        bytes[14] = 40;
        for at in [38, 42] {
            bytes[at..at + 4].copy_from_slice(&19_685_u32.to_le_bytes());
        }
        assert_eq!(stated(&bytes, MediaType::Bmp), Some(Ppi(500)));
        bytes[42] = 0; // the directions now differ by a little: 19,685 against 19,456 per metre
        assert_eq!(stated(&bytes, MediaType::Bmp), None);
    }

    #[test]
    fn jfif_states_dots_per_inch_or_centimetre() {
        let mut bytes = b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\x01\x01\x2c\x01\x2c\0\0".to_vec();
        assert_eq!(stated(&bytes, MediaType::Jpeg), Some(Ppi(300)));
        bytes[13] = 2;
        assert_eq!(stated(&bytes, MediaType::Jpeg), Some(Ppi(762)));
        bytes[13] = 0;
        assert_eq!(stated(&bytes, MediaType::Jpeg), None);
    }

    #[test]
    fn tiff_states_rationals_in_either_byte_order() {
        let mut bytes = b"II*\0\x08\0\0\0\x02\0".to_vec();
        for tag in [282_u16, 283] {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(5_u16.to_le_bytes());
            bytes.extend(1_u32.to_le_bytes());
            bytes.extend(34_u32.to_le_bytes());
        }
        bytes.extend(5_000_u32.to_le_bytes());
        bytes.extend(10_u32.to_le_bytes());
        assert_eq!(stated(&bytes, MediaType::Tiff), Some(Ppi(500)));
        for cut in 0..bytes.len() {
            assert_eq!(stated(&bytes[..cut], MediaType::Tiff), None, "cut at {cut}");
        }
    }

    #[test]
    fn a_png_with_an_endless_chunk_states_nothing() {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        bytes.extend(u32::MAX.to_be_bytes());
        bytes.extend(b"tEXt");
        assert_eq!(stated(&bytes, MediaType::Png), None);
    }

    #[test]
    fn screen_resolutions_are_no_statement_about_a_finger() {
        assert!(!is_plausible_for_a_finger(Ppi(72)) && !is_plausible_for_a_finger(Ppi(96)));
        assert!(is_plausible_for_a_finger(Ppi(500)) && is_plausible_for_a_finger(Ppi(1_000)));
    }
}
