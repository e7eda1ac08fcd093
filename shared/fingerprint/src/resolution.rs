//! Resolution as image files state it: PNG `pHYs`, JFIF density, BMP pixels per metre, TIFF XResolution.
//!
//! In: file bytes. Out: pixels per inch, or nothing when the file does not say.
//! Never: trusts a length in the file; every read is checked.

use qayd_model::Ppi;

/// What the file says of itself; `None` when it says nothing, or says it in no unit.
pub(crate) fn resolution_in(bytes: &[u8]) -> Option<Ppi> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => png(bytes),
        [0xff, 0xd8, ..] => jpeg(bytes),
        [b'B', b'M', ..] => metres(u64::from(little32(bytes, 38)?)),
        [b'I', b'I', 42, 0, ..] => tiff(bytes, false),
        [b'M', b'M', 0, 42, ..] => tiff(bytes, true),
        _ => None,
    }
}

fn metres(per_metre: u64) -> Option<Ppi> {
    whole((per_metre * 254 + 5_000) / 10_000)
}

fn whole(ppi: u64) -> Option<Ppi> {
    u16::try_from(ppi).ok().filter(|p| *p > 0).map(Ppi)
}

fn little32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(
        bytes.get(at..at.checked_add(4)?)?.try_into().ok()?,
    ))
}

fn big32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(
        bytes.get(at..at.checked_add(4)?)?.try_into().ok()?,
    ))
}

fn png(bytes: &[u8]) -> Option<Ppi> {
    let mut at = 8usize;
    loop {
        let length = big32(bytes, at)? as usize;
        let kind = bytes.get(at + 4..at + 8)?;
        if kind == b"pHYs" && length == 9 && bytes.get(at + 16) == Some(&1) {
            return metres(u64::from(big32(bytes, at + 8)?));
        }
        if kind == b"IDAT" || kind == b"IEND" {
            return None;
        }
        at = at.checked_add(length)?.checked_add(12)?;
    }
}

fn jpeg(bytes: &[u8]) -> Option<Ppi> {
    let mut at = 2usize;
    loop {
        let marker = *bytes.get(at + 1)?;
        if *bytes.get(at)? != 0xff || marker == 0xda {
            return None;
        }
        let length = usize::from(u16::from_be_bytes(
            bytes.get(at + 2..at + 4)?.try_into().ok()?,
        ));
        if marker == 0xe0 && bytes.get(at + 4..at + 9)? == b"JFIF\0" {
            let unit = *bytes.get(at + 11)?;
            let density = u64::from(u16::from_be_bytes(
                bytes.get(at + 12..at + 14)?.try_into().ok()?,
            ));
            return match unit {
                1 => whole(density),
                2 => whole((density * 254 + 50) / 100),
                _ => None,
            };
        }
        at = at.checked_add(length)?.checked_add(2)?;
    }
}

fn tiff(bytes: &[u8], big_endian: bool) -> Option<Ppi> {
    let read16 = |at: usize| -> Option<u16> {
        let two: [u8; 2] = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if big_endian {
            u16::from_be_bytes(two)
        } else {
            u16::from_le_bytes(two)
        })
    };
    let read32 = |at: usize| {
        if big_endian {
            big32(bytes, at)
        } else {
            little32(bytes, at)
        }
    };
    let directory = read32(4)? as usize;
    let (mut ratio, mut unit) = (None, 2);
    for entry in 0..usize::from(read16(directory)?) {
        let at = directory.checked_add(2 + entry * 12)?;
        match read16(at)? {
            282 => {
                let place = read32(at + 8)? as usize;
                ratio = Some((
                    u64::from(read32(place)?),
                    u64::from(read32(place.checked_add(4)?)?),
                ));
            }
            296 => unit = read16(at + 8)?,
            _ => {}
        }
    }
    let (above, below) = ratio.filter(|(_, below)| *below > 0)?;
    match unit {
        2 => whole((above + below / 2) / below),
        3 => whole(above.saturating_mul(254) / below.saturating_mul(100)),
        _ => None,
    }
}

/// Puts a `pHYs` chunk behind the header of PNG bytes (PNG, third edition, 11.3.4.3).
pub(crate) fn png_with_resolution(png: &[u8], ppi: Ppi) -> Vec<u8> {
    const HEADER_END: usize = 33;
    if png.len() < HEADER_END {
        return png.to_vec();
    }
    let per_metre = (u32::from(ppi.0) * 10_000 + 127) / 254;
    let mut chunk = b"pHYs".to_vec();
    chunk.extend(per_metre.to_be_bytes());
    chunk.extend(per_metre.to_be_bytes());
    chunk.push(1);
    let mut out = Vec::with_capacity(png.len() + 21);
    out.extend_from_slice(&png[..HEADER_END]);
    out.extend(9u32.to_be_bytes());
    out.extend_from_slice(&chunk);
    out.extend(crc32(&chunk).to_be_bytes());
    out.extend_from_slice(&png[HEADER_END..]);
    out
}

/// CRC-32 of ISO 3309, as PNG uses it; bit by bit, for thirteen bytes.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_of_the_check_string_is_the_published_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn jfif_density_is_read_and_a_bare_ratio_is_not() {
        let mut file = vec![0xff, 0xd8, 0xff, 0xe0, 0, 16];
        file.extend(b"JFIF\0\x01\x02\x01\x01\xf4\x01\xf4\0\0");
        assert_eq!(resolution_in(&file), Some(Ppi(500)));
        file[13] = 0;
        assert_eq!(resolution_in(&file), None);
    }

    #[test]
    fn cut_headers_say_nothing() {
        for head in [
            &b"BM"[..],
            b"II\x2a\0\xff\xff\xff\xff",
            b"MM\0\x2a",
            b"\x89PNG",
            b"\xff\xd8\xff\xe0",
        ] {
            assert_eq!(resolution_in(head), None);
        }
    }
}
