//! Frames as they should be, and as drivers really give them.

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, GrayImage};

use super::*;

const fn format(coding: Coding, width_px: u32, height_px: u32, stride_bytes: u32) -> StreamFormat {
    StreamFormat {
        coding,
        geometry: Geometry {
            width_px,
            height_px,
        },
        fps: 30,
        stride_bytes,
        frame_bytes_max: 0,
    }
}

fn a_jpeg(width: u32, height: u32) -> Vec<u8> {
    let image = GrayImage::from_fn(width, height, |x, y| [(x * 3 + y * 5) as u8].into());
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 90)
        .encode(image.as_raw(), width, height, ExtendedColorType::L8)
        .unwrap();
    bytes
}

#[test]
fn grey_rows_come_without_their_padding() {
    let padded = [1, 2, 3, 9, 4, 5, 6, 9];
    let (_, kind, pixels) = decode(&format(Coding::Grey, 3, 2, 4), &padded, 1).unwrap();
    assert_eq!((kind, pixels), (PixelFormat::Grey8, vec![1, 2, 3, 4, 5, 6]));
    let (geometry, _, pixels) = decode(&format(Coding::Grey, 3, 2, 4), &padded, 2).unwrap();
    assert_eq!((geometry.width_px, geometry.height_px), (2, 1));
    assert_eq!(pixels, [1, 3]);
}

#[test]
fn yuyv_gives_black_white_and_the_three_colours() {
    let of = |y: u8, u: u8, v: u8| {
        let (_, kind, pixels) = decode(&format(Coding::Yuyv, 2, 1, 4), &[y, u, y, v], 1).unwrap();
        assert_eq!(kind, PixelFormat::Rgb8);
        assert_eq!(pixels[..3], pixels[3..]);
        [pixels[0], pixels[1], pixels[2]]
    };
    assert_eq!(of(16, 128, 128), [0, 0, 0]);
    assert_eq!(of(235, 128, 128), [255, 255, 255]);
    let near =
        |got: [u8; 3], wanted: [u8; 3]| got.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 2);
    // The primaries of BT.601.
    assert!(near(of(81, 90, 240), [255, 0, 0]));
    assert!(near(of(145, 54, 34), [0, 255, 0]));
    assert!(near(of(41, 240, 110), [0, 0, 255]));
}

#[test]
fn every_second_pixel_of_yuyv_is_that_pixel() {
    let bytes: Vec<u8> = (0..8 * 4).map(|n| 40 + n * 5).collect();
    let stream = format(Coding::Yuyv, 4, 4, 8);
    let (_, _, all) = decode(&stream, &bytes, 1).unwrap();
    let (geometry, _, half) = decode(&stream, &bytes, 2).unwrap();
    assert_eq!((geometry.width_px, geometry.height_px), (2, 2));
    let pixel = |x: usize, y: usize| &all[(y * 4 + x) * 3..][..3];
    assert_eq!(
        half,
        [pixel(0, 0), pixel(2, 0), pixel(0, 2), pixel(2, 2)].concat()
    );
}

#[test]
fn lengths_that_lie_are_refused() {
    for (coding, bytes_per_pixel) in [(Coding::Grey, 1), (Coding::Yuyv, 2)] {
        let stream = format(coding, 6, 4, 6 * bytes_per_pixel);
        let whole = 24 * bytes_per_pixel as usize;
        let of = |n: usize| decode(&stream, &vec![100; n], 1).map(drop);
        assert_eq!(of(whole), Ok(()));
        assert_eq!(of(whole - 1), Err(DecodeError::Short));
        assert_eq!(of(0), Err(DecodeError::Short));
        assert_eq!(of(whole + 1), Err(DecodeError::Long));
        // A driver that says its buffers are larger may fill them.
        let roomy = StreamFormat {
            frame_bytes_max: u32::try_from(whole).unwrap() + 1,
            ..stream
        };
        assert!(decode(&roomy, &vec![100; whole + 1], 1).is_ok());
    }
}

#[test]
fn strides_and_sizes_that_cannot_be_are_refused() {
    let of = |stream: StreamFormat| decode(&stream, &[0; 64], 1).map(drop);
    assert_eq!(of(format(Coding::Yuyv, 8, 4, 8)), Err(DecodeError::Stride));
    assert_eq!(of(format(Coding::Grey, 8, 4, 7)), Err(DecodeError::Stride));
    assert_eq!(of(format(Coding::Yuyv, 3, 4, 0)), Err(DecodeError::Stride));
    assert_eq!(of(format(Coding::Grey, 0, 4, 0)), Err(DecodeError::Stride));
    assert_eq!(
        of(format(Coding::Grey, 9_000, 1, 0)),
        Err(DecodeError::Stride)
    );
    assert_eq!(
        of(format(Coding::Grey, u32::MAX, u32::MAX, 0)),
        Err(DecodeError::Stride)
    );
}

#[test]
fn a_jpeg_cut_anywhere_is_cut_short_and_zeros_behind_it_are_not_part_of_it() {
    let whole = a_jpeg(32, 16);
    let stream = format(Coding::Mjpeg, 32, 16, 0);
    let (_, kind, pixels) = decode(&stream, &whole, 1).unwrap();
    assert_eq!((kind, pixels.len()), (PixelFormat::Grey8, 512));
    let mut padded = whole.clone();
    padded.extend([0; 300]);
    assert_eq!(jpeg_alone(&padded).unwrap(), whole);
    assert_eq!(decode(&stream, &padded, 1).unwrap().2, pixels);
    for end in 2..whole.len() {
        assert_eq!(
            decode(&stream, &whole[..end], 1).map(drop),
            Err(DecodeError::CutShort),
            "{end}"
        );
    }
    // What another frame left in the buffer is not taken for this one's end.
    padded.extend([7; 10]);
    assert_eq!(jpeg_alone(&padded), Err(DecodeError::CutShort));
}

#[test]
fn a_jpeg_of_another_size_or_none_at_all_is_refused() {
    let of = |stream, bytes: &[u8]| decode(&stream, bytes, 1).map(drop);
    let stream = format(Coding::Mjpeg, 32, 16, 0);
    assert_eq!(of(stream, &a_jpeg(32, 24)), Err(DecodeError::OtherSize));
    assert_eq!(of(stream, b""), Err(DecodeError::NotJpeg));
    assert_eq!(
        of(stream, &[0xff, 0xd8, 0xff, 0xd9]),
        Err(DecodeError::NotJpeg)
    );
    assert_eq!(of(stream, &[0x42; 900]), Err(DecodeError::NotJpeg));
}

#[test]
fn any_bytes_whatever_give_an_answer() {
    let mut state = 1_u32;
    let mut bytes = vec![0; 700];
    for round in 0..400_u32 {
        for byte in &mut bytes {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24) as u8;
        }
        bytes[0] = 0xff;
        bytes[1] = 0xd8;
        for coding in [Coding::Grey, Coding::Yuyv, Coding::Mjpeg] {
            let stream = format(coding, round % 40, round % 17, round % 90);
            let _ = decode(&stream, &bytes, round % 3);
        }
    }
}
