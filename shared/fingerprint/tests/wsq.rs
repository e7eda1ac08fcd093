//! WSQ: decoded as a public decoder decodes it, encoded well enough, and hostile bytes refused.
#![allow(clippy::unwrap_used, reason = "a test")]

use qayd_fingerprint::synthetic::{ImpressionSettings, MasterFinger, impression};
use qayd_fingerprint::wsq::{self, WsqError, WsqRate};
use qayd_fingerprint::{GreyImage, ImageError, extract, is_same_finger, match_score};
use qayd_model::Ppi;

/// Largest difference of two pictures, in grey levels.
fn worst(a: &GreyImage, b: &GreyImage) -> u8 {
    assert_eq!((a.width, a.height), (b.width, b.height));
    a.pixels
        .iter()
        .zip(&b.pixels)
        .map(|(a, b)| a.abs_diff(*b))
        .max()
        .unwrap()
}

fn psnr_db(a: &GreyImage, b: &GreyImage) -> f64 {
    let sum: f64 = a
        .pixels
        .iter()
        .zip(&b.pixels)
        .map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2))
        .sum();
    10.0 * (255.0 * 255.0 * a.pixels.len() as f64 / sum).log10()
}

#[test]
fn golden_files_are_decoded_within_one_grey_level_of_the_reference() {
    for (name, coded, reference) in [
        (
            "img",
            &include_bytes!("golden/img.wsq")[..],
            &include_bytes!("golden/img.wsq.png")[..],
        ),
        (
            "synthetic, odd sides",
            &include_bytes!("golden/synthetic.wsq")[..],
            &include_bytes!("golden/synthetic.wsq.png")[..],
        ),
    ] {
        let expected = GreyImage::decode(reference, Some(Ppi(500))).unwrap();
        let found = wsq::decode(coded, Some(Ppi(500))).unwrap();
        let worst = worst(&expected, &found);
        assert!(worst <= 1, "{name}: {worst} grey levels");
    }
}

#[test]
fn the_golden_head_is_read() {
    let header = wsq::read_header(include_bytes!("golden/img.wsq")).unwrap();
    assert_eq!((header.width, header.height), (256, 256));
    assert_eq!((header.encoder, header.software), (0, 0));
    assert_eq!(header.ppi, Some(Ppi(500)));
}

#[test]
fn without_a_comment_that_says_it_the_caller_must_know_the_resolution() {
    let mut coded = include_bytes!("golden/img.wsq").to_vec();
    let at = coded.windows(7).position(|w| w == b"PPI 500").unwrap();
    coded[at + 4..at + 7].copy_from_slice(b"-01");
    assert_eq!(wsq::read_header(&coded).unwrap().ppi, None);
    assert!(matches!(
        wsq::decode(&coded, None),
        Err(WsqError::Image(ImageError::NoResolution))
    ));
    assert!(wsq::decode(&coded, Some(Ppi(500))).is_ok());
}

fn good_print(seed: u64, width: u32, height: u32) -> GreyImage {
    let settings = ImpressionSettings {
        width,
        height,
        noise: 0.1,
        ..ImpressionSettings::default()
    };
    impression(&MasterFinger::make(seed), &settings)
}

#[test]
fn good_prints_keep_their_quality_at_five_to_one_and_their_minutiae_at_fifteen_to_one() {
    for seed in 0..4 {
        let image = good_print(seed, 300 + seed as u32, 401);
        let pixels = image.pixels.len() as f64;
        let fine = wsq::encode(&image, WsqRate::FIVE_TO_ONE).unwrap();
        let coarse = wsq::encode(&image, WsqRate::FIFTEEN_TO_ONE).unwrap();
        let (fine_ratio, coarse_ratio) = (pixels / fine.len() as f64, pixels / coarse.len() as f64);
        assert!((3.0..9.0).contains(&fine_ratio), "{fine_ratio}");
        assert!((9.0..25.0).contains(&coarse_ratio), "{coarse_ratio}");
        let back = wsq::decode(&fine, None).unwrap();
        assert_eq!(back.ppi, Ppi(500));
        let db = psnr_db(&image, &back);
        assert!(db > 24.0, "{db}");
        let back = wsq::decode(&coarse, None).unwrap();
        let (a, b) = (extract(&image).unwrap(), extract(&back).unwrap());
        assert!(is_same_finger(match_score(&a.template, &b.template)));
    }
}

#[test]
fn a_finer_rate_is_never_worse() {
    let image = good_print(5, 320, 360);
    let mut before = 0.0;
    for bits in [0.5, 1.0, 2.25, 4.0, 6.0, 8.0] {
        let rate = WsqRate::bits_per_pixel(bits).unwrap();
        let back = wsq::decode(&wsq::encode(&image, rate).unwrap(), None).unwrap();
        let db = psnr_db(&image, &back);
        assert!(db >= before - 0.05, "{bits} bits: {db} after {before}");
        before = db;
    }
}

#[test]
fn the_encoder_is_deterministic_and_decodes_at_every_size() {
    for (width, height) in [(32, 32), (33, 47), (64, 127), (131, 64)] {
        let image = good_print(9, width, height);
        let coded = wsq::encode(&image, WsqRate::FIVE_TO_ONE).unwrap();
        assert_eq!(coded, wsq::encode(&image, WsqRate::FIVE_TO_ONE).unwrap());
        let back = wsq::decode(&coded, None).unwrap();
        let db = psnr_db(&image, &back);
        assert!(db > 20.0, "{width} × {height}: {db}");
    }
}

#[test]
fn a_blank_picture_and_a_single_dot_are_coded() {
    let mut pixels = vec![200u8; 64 * 64];
    let blank = GreyImage::new(64, 64, Ppi(500), pixels.clone()).unwrap();
    let back = wsq::decode(&wsq::encode(&blank, WsqRate::FIFTEEN_TO_ONE).unwrap(), None).unwrap();
    assert_eq!(worst(&blank, &back), 0);
    pixels[2_000] = 0;
    let dot = GreyImage::new(64, 64, Ppi(500), pixels).unwrap();
    let back = wsq::decode(&wsq::encode(&dot, WsqRate::FIVE_TO_ONE).unwrap(), None).unwrap();
    assert!(psnr_db(&dot, &back) > 25.0);
}

#[test]
fn every_cut_is_refused() {
    let coded = wsq::encode(&good_print(2, 48, 40), WsqRate::FIVE_TO_ONE).unwrap();
    for cut in 0..coded.len() {
        assert!(wsq::decode(&coded[..cut], None).is_err(), "cut at {cut}");
    }
    let mut longer = coded.clone();
    longer.extend(b"what stands behind the end is not looked at");
    assert!(wsq::decode(&longer, None).is_ok());
}

/// Where the first segment of this marker begins.
fn segment(bytes: &[u8], marker: u8) -> usize {
    bytes.windows(2).position(|w| w == [0xff, marker]).unwrap()
}

#[test]
fn lying_fields_are_named() {
    let good = wsq::encode(&good_print(2, 48, 40), WsqRate::FIVE_TO_ONE).unwrap();
    let change = |at: usize, values: &[u8]| {
        let mut bytes = good.clone();
        bytes[at..at + values.len()].copy_from_slice(values);
        wsq::decode(&bytes, None).unwrap_err()
    };
    assert!(matches!(change(0, &[0xff, 0xd8]), WsqError::UnknownFormat));
    let frame = segment(&good, 0xa2);
    assert!(matches!(
        change(frame + 6, &[0xff, 0xff, 0xff, 0xff]),
        WsqError::Size {
            width: 65_535,
            height: 65_535
        }
    ));
    assert!(matches!(change(frame + 6, &[0, 8]), WsqError::Size { .. }));
    assert!(matches!(
        change(frame + 2, &[0, 16]),
        WsqError::Truncated("frame header")
    ));
    let filters = segment(&good, 0xa4);
    assert!(matches!(
        change(filters + 4, &[8]),
        WsqError::Unsupported("a filter of even length")
    ));
    assert!(matches!(
        change(filters + 4, &[255]),
        WsqError::OutOfRange("filter length")
    ));
    let bins = segment(&good, 0xa5);
    assert!(matches!(
        change(bins + 2, &[0, 200]),
        WsqError::Truncated("quantisation table")
    ));
    let table = segment(&good, 0xa6);
    assert!(matches!(
        change(table + 4, &[9]),
        WsqError::OutOfRange("Huffman table number")
    ));
    assert!(matches!(
        change(table + 5, &[200]),
        WsqError::Truncated("Huffman table") | WsqError::OutOfRange("Huffman table")
    ));
    let block = segment(&good, 0xa3);
    assert!(matches!(
        change(block + 4, &[5]),
        WsqError::Missing("Huffman table")
    ));
    assert!(matches!(
        change(block, &[0xff, 0xa7]),
        WsqError::Unsupported(_)
    ));
    assert!(matches!(
        change(block, &[0xff, 0xa1]),
        WsqError::Marker(0xffa1)
    ));
}

#[test]
fn too_small_and_too_large_pictures_are_not_encoded() {
    let small = GreyImage::new(31, 100, Ppi(500), vec![0; 3_100]).unwrap();
    assert!(matches!(
        wsq::encode(&small, WsqRate::FIVE_TO_ONE),
        Err(WsqError::Size { width: 31, .. })
    ));
    assert!(WsqRate::bits_per_pixel(0.0).is_none());
    assert!(WsqRate::bits_per_pixel(f32::NAN).is_none());
}
