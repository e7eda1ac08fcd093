//! ISO/IEC 19794 records of 2011: part 4 of fingers, part 5 of faces, part 6 of eyes, one picture each.
//!
//! In: a picture, encoded. Out: a record as MOSIP's biometric specification wants it. Never: more than one picture.

use qayd_model::FingerPosition;

/// A picture and how it is encoded.
pub(crate) struct Picture {
    pub(crate) width_px: u16,
    pub(crate) height_px: u16,
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_png: bool,
}

/// Which of the two eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Eye {
    Left,
    Right,
}

/// Date and time of capture, technology, vendor, type, one quality of 0 to 100 by an unregistered algorithm.
fn device_block(technology: u8, score: u8) -> Vec<u8> {
    // 2026-01-01 00:00:00.000; whoever wants the time of capture reads the message around the record.
    let mut block = vec![0x07, 0xea, 1, 1, 0, 0, 0, 0, 0];
    block.extend([technology, 0, 0, 0, 0, 1, score, 0, 0, 0, 1]);
    block
}

fn whole(magic: &[u8; 8], general: &[u8], representation: &[u8]) -> Vec<u8> {
    let length = u32::try_from(representation.len() + 4).unwrap_or(u32::MAX);
    let total = u32::try_from(magic.len() + 4 + general.len()).unwrap_or(0) + length;
    let mut record = magic.to_vec();
    record.extend(total.to_be_bytes());
    record.extend(general);
    record.extend(length.to_be_bytes());
    record.extend(representation);
    record
}

fn put_picture(record: &mut Vec<u8>, picture: &Picture) {
    let length = u32::try_from(picture.bytes.len()).unwrap_or(u32::MAX);
    record.extend(length.to_be_bytes());
    record.extend(&picture.bytes);
}

/// Part 4, edition 2011: one plain impression at 500 pixels per inch.
pub(crate) fn finger(position: FingerPosition, picture: &Picture, score: u8) -> Vec<u8> {
    let mut inner = device_block(2, score);
    // Position, representation 0, pixels per inch.
    inner.extend([position.code(), 0, 1]);
    inner.extend([500_u16; 4].iter().flat_map(|ppi| ppi.to_be_bytes()));
    // Eight bits; PNG is 6, not compressed 0; a plain live-scan impression is 0.
    inner.extend([8, if picture.is_png { 6 } else { 0 }, 0]);
    inner.extend(picture.width_px.to_be_bytes());
    inner.extend(picture.height_px.to_be_bytes());
    put_picture(&mut inner, picture);
    whole(b"FIR\x00020\0", &[0, 1, 0, 1], &inner)
}

/// Part 5, edition 2011: one full frontal face.
pub(crate) fn face(picture: &Picture, score: u8) -> Vec<u8> {
    let mut inner = device_block(0, score);
    // No landmark; nothing is said of the person.
    inner.extend([0; 17]);
    // Full frontal; JPEG is 0, PNG 3.
    inner.extend([1, if picture.is_png { 3 } else { 0 }]);
    inner.extend(picture.width_px.to_be_bytes());
    inner.extend(picture.height_px.to_be_bytes());
    // Sampling level unknown, no processing, no cross reference, 24-bit RGB.
    inner.extend([0, 0, 0, 0, 1]);
    put_picture(&mut inner, picture);
    whole(b"FAC\x00030\0", &[0, 1, 0, 0, 0], &inner)
}

/// Part 6, edition 2011: one uncropped eye of 640 × 480.
pub(crate) fn eye(which: Eye, picture: &Picture, score: u8) -> Vec<u8> {
    let mut inner = device_block(0, score);
    let label = match which {
        Eye::Right => 1,
        Eye::Left => 2,
    };
    // Representation 1; VGA; PNG is 14, raw 2; orientation is known.
    inner.extend([0, 1, label, 2, if picture.is_png { 14 } else { 2 }, 0b0101]);
    inner.extend(picture.width_px.to_be_bytes());
    inner.extend(picture.height_px.to_be_bytes());
    inner.push(8);
    // Range, roll and its doubt, circles: not known.
    inner.extend([0; 6]);
    inner.extend([0; 12]);
    put_picture(&mut inner, picture);
    whole(b"IIR\x00020\0", &[0, 1, 0, 1], &inner)
}

/// Where a record names the finger or eye it is of.
pub(crate) fn position_at(record: &[u8]) -> usize {
    let base = 16 + 4 + device_block(0, 0).len();
    if record.starts_with(b"IIR") {
        base + 2
    } else {
        base
    }
}

/// Where a record names the width of its picture.
pub(crate) fn width_at(record: &[u8]) -> usize {
    let base = 16 + 4 + device_block(0, 0).len();
    match record.first_chunk::<3>() {
        Some(b"FIR") => base + 14,
        Some(b"FAC") => base + 1 + 17 + 2,
        _ => base + 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_of_the_lies_are_the_places() {
        let picture = Picture {
            width_px: 0x0102,
            height_px: 0x0304,
            bytes: vec![9; 5],
            is_png: true,
        };
        let finger = finger(FingerPosition::LeftRing, &picture, 50);
        let eye = eye(Eye::Left, &picture, 50);
        let face = face(&picture, 50);
        assert_eq!(
            finger[position_at(&finger)],
            FingerPosition::LeftRing.code()
        );
        assert_eq!(eye[position_at(&eye)], 2);
        for record in [&finger, &eye, &face] {
            let at = width_at(record);
            assert_eq!(record[at..at + 4], [1, 2, 3, 4]);
            assert!(record.ends_with(&[9; 5]));
            let said = u32::from_be_bytes(record[8..12].try_into().unwrap());
            assert_eq!(said as usize, record.len());
        }
        // Faces and eyes with one quality have their picture where real records have it.
        assert_eq!(face.len(), 73 + 5);
        assert_eq!(eye.len(), 73 + 5);
    }
}
