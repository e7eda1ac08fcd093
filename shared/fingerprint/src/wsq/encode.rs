//! A picture to WSQ bytes.
//!
//! In: `GreyImage`, a rate. Out: bytes with a NIST comment that holds size and resolution.

use super::bands::{Bands, CODED};
use super::filter::{Filters, Workspace};
use super::huffman::{BitWriter, SYMBOLS, Table};
use super::quantise::{BIN_CENTRE, ZERO_BIN, bin_widths, quantised_block};
use super::{WsqError, check_size, marker};
use crate::GreyImage;

/// How strongly an image is compressed, in bits a pixel as the specification counts them. The file comes out smaller
/// than the number promises, because zeros are coded as runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WsqRate(f32);

impl WsqRate {
    /// 0.75 bits: about 15:1, what law enforcement has used for 500 ppi.
    pub const FIFTEEN_TO_ONE: Self = Self(0.75);
    /// 2.25 bits: about 5:1.
    pub const FIVE_TO_ONE: Self = Self(2.25);

    /// Any rate from 0.1 to 8 bits a pixel.
    pub fn bits_per_pixel(bits: f32) -> Option<Self> {
        (0.1..=8.0).contains(&bits).then_some(Self(bits))
    }
}

/// Encodes a picture. Lossy; not certified.
///
/// # Errors
/// [`WsqError::Size`] below 32 pixels a side or beyond the limit, or a picture whose own fields contradict each other.
pub fn encode(image: &GreyImage, rate: WsqRate) -> Result<Vec<u8>, WsqError> {
    image.check()?;
    check_size(image.width, image.height)?;
    let (width, height) = (image.width as usize, image.height as usize);
    let (shift, scale) = shift_and_scale(&image.pixels);
    let plane = image
        .pixels
        .iter()
        .map(|p| (f32::from(*p) - shift) / scale)
        .collect();
    let bands = Bands::of(width, height);
    let mut work = Workspace::new(width, plane);
    work.decompose(&bands, &Filters::standard());
    let widths = bin_widths(&work.plane, width, &bands, f64::from(rate.0));
    let block = |n| runs(&quantised_block(&work.plane, width, &bands, &widths, n));
    let blocks = [block(0), block(1), block(2)];

    let mut out = Vec::new();
    put_marker(&mut out, marker::SOI);
    put_comment(&mut out, image, rate);
    put_transform_table(&mut out, &Filters::standard());
    put_quantisation_table(&mut out, &widths);
    put_frame(&mut out, image, shift, scale);
    // The second and third block share a table.
    let tables = [table_of(&blocks[..1]), table_of(&blocks[1..])];
    for (n, coded) in blocks.iter().enumerate() {
        let id = n.min(1);
        if n < 2 {
            put_huffman_table(&mut out, id as u8, &tables[id]);
        }
        put_segment(&mut out, marker::SOB, &[id as u8]);
        out.extend(bits_of(coded, &tables[id]));
    }
    put_marker(&mut out, marker::EOI);
    Ok(out)
}

/// Mean, and the factor that brings the furthest value to 128.
fn shift_and_scale(pixels: &[u8]) -> (f32, f32) {
    let sum: u64 = pixels.iter().map(|p| u64::from(*p)).sum();
    let mean = sum as f64 / pixels.len() as f64;
    let low = pixels.iter().min().copied().unwrap_or(0);
    let high = pixels.iter().max().copied().unwrap_or(0);
    let furthest = (mean - f64::from(low)).max(f64::from(high) - mean);
    // A blank picture has nothing to scale.
    let scale = if furthest > 0.0 {
        furthest / 128.0
    } else {
        1.0
    };
    (mean as f32, scale as f32)
}

/// A symbol and the bits behind it.
#[derive(Clone, Copy)]
struct Code {
    symbol: u8,
    extra: u32,
    extra_bits: u32,
}

fn code(symbol: u8, extra: u32, extra_bits: u32) -> Code {
    Code {
        symbol,
        extra,
        extra_bits,
    }
}

/// Numbers as symbols: zeros in runs, small numbers around 180, large ones behind an escape.
fn runs(numbers: &[i32]) -> Vec<Code> {
    let mut out = Vec::new();
    let mut zeros = 0u32;
    let end_run = |zeros: &mut u32, out: &mut Vec<Code>| {
        match *zeros {
            0 => return,
            1..=100 => out.push(code(*zeros as u8, 0, 0)),
            101..=255 => out.push(code(105, *zeros, 8)),
            _ => out.push(code(106, *zeros, 16)),
        }
        *zeros = 0;
    };
    for number in numbers {
        if *number == 0 {
            zeros += 1;
            if zeros == 0xffff {
                end_run(&mut zeros, &mut out);
            }
            continue;
        }
        end_run(&mut zeros, &mut out);
        let magnitude = number.unsigned_abs();
        out.push(match (*number, magnitude) {
            (-73..=74, _) => code((number + 180) as u8, 0, 0),
            (1.., ..=255) => code(101, magnitude, 8),
            (_, ..=255) => code(102, magnitude, 8),
            (1.., _) => code(103, magnitude, 16),
            _ => code(104, magnitude, 16),
        });
    }
    end_run(&mut zeros, &mut out);
    out
}

fn table_of(blocks: &[Vec<Code>]) -> Table {
    let mut counts = [0u32; SYMBOLS];
    for code in blocks.iter().flatten() {
        counts[usize::from(code.symbol)] += 1;
    }
    if counts.iter().all(|c| *c == 0) {
        // No band was worth coding: a table must have a symbol all the same.
        counts[1] = 1;
    }
    Table::for_counts(&counts)
}

fn bits_of(coded: &[Code], table: &Table) -> Vec<u8> {
    let codes = table.codes();
    let mut w = BitWriter::default();
    for c in coded {
        let (code, length) = codes[usize::from(c.symbol)];
        w.bits(code, length);
        w.bits(c.extra, c.extra_bits);
    }
    w.finish()
}

fn put_marker(out: &mut Vec<u8>, marker: u16) {
    out.extend(marker.to_be_bytes());
}

fn put_segment(out: &mut Vec<u8>, marker: u16, content: &[u8]) {
    put_marker(out, marker);
    out.extend((content.len() as u16 + 2).to_be_bytes());
    out.extend_from_slice(content);
}

fn put_comment(out: &mut Vec<u8>, image: &GreyImage, rate: WsqRate) {
    let text = format!(
        "NIST_COM 9\nPIX_WIDTH {}\nPIX_HEIGHT {}\nPIX_DEPTH 8\nPPI {}\nLOSSY 1\nCOLORSPACE GRAY\nCOMPRESSION WSQ\nWSQ_BITRATE {:.6}",
        image.width, image.height, image.ppi.0, rate.0
    );
    put_segment(out, marker::COM, text.as_bytes());
}

fn put_transform_table(out: &mut Vec<u8>, filters: &Filters) {
    let mut content = vec![
        2 * filters.low.len() as u8 - 1,
        2 * filters.high.len() as u8 - 1,
    ];
    for tap in filters.low.iter().chain(&filters.high) {
        let (exponent, number) = scaled(f64::from(tap.abs()), f64::from(u32::MAX));
        content.extend([u8::from(*tap < 0.0), exponent]);
        content.extend((number as u32).to_be_bytes());
    }
    put_segment(out, marker::DTT, &content);
}

fn put_scaled(content: &mut Vec<u8>, value: f64) {
    let (exponent, number) = scaled(value, f64::from(u16::MAX));
    content.push(exponent);
    content.extend((number as u16).to_be_bytes());
}

/// The power of ten by which `value` is multiplied to be as large as `most` allows, and the product, rounded.
fn scaled(value: f64, most: f64) -> (u8, f64) {
    let (mut exponent, mut number) = (0, value);
    while number > 0.0 && exponent < 250 && (number * 10.0).round() < most {
        (exponent, number) = (exponent + 1, number * 10.0);
    }
    (exponent, number.round().min(most))
}

fn put_quantisation_table(out: &mut Vec<u8>, widths: &[f64; CODED]) {
    let mut content = vec![2];
    content.extend(BIN_CENTRE.to_be_bytes());
    for band in 0..64 {
        let width = widths.get(band).copied().unwrap_or(0.0);
        put_scaled(&mut content, width);
        put_scaled(&mut content, width * ZERO_BIN);
    }
    put_segment(out, marker::DQT, &content);
}

fn put_frame(out: &mut Vec<u8>, image: &GreyImage, shift: f32, scale: f32) {
    let mut content = vec![0, 255];
    content.extend((image.height as u16).to_be_bytes());
    content.extend((image.width as u16).to_be_bytes());
    put_scaled(&mut content, f64::from(shift));
    put_scaled(&mut content, f64::from(scale));
    // Encoder 2 of the specification's list; no number of a certified implementation.
    content.extend([2, 0, 0]);
    put_segment(out, marker::SOF, &content);
}

fn put_huffman_table(out: &mut Vec<u8>, id: u8, table: &Table) {
    let mut content = vec![id];
    content.extend_from_slice(&table.counts);
    content.extend_from_slice(&table.symbols);
    put_segment(out, marker::DHT, &content);
}
