//! WSQ bytes to a picture.
//!
//! In: bytes. Out: `GreyImage`. Owns: the order of markers. What stands behind the end marker is not looked at.

use qayd_model::Ppi;

use super::bands::{BLOCK_STARTS, Bands, CODED};
use super::filter::{Filters, HALF_MAX, Workspace};
use super::huffman::{BitReader, Decoder, LENGTH_MAX, Table};
use super::{WsqError, WsqHeader, check_size, marker};
use crate::{GreyImage, ImageError};

/// Tables a file may define.
const TABLES: usize = 8;

/// Reads what the head says: size, resolution if a comment says it, encoder. Nothing is decoded.
///
/// # Errors
/// [`WsqError`] when the bytes end or break the rules before the frame's head.
pub fn read_header(bytes: &[u8]) -> Result<WsqHeader, WsqError> {
    let mut parser = Parser::new(bytes)?;
    let frame = parser.frame()?;
    Ok(WsqHeader {
        width: frame.width,
        height: frame.height,
        ppi: parser.ppi,
        encoder: frame.encoder,
        software: frame.software,
    })
}

/// Decodes a WSQ image. `ppi` is what the caller knows; it wins over the file's comment.
///
/// # Errors
/// [`WsqError`]; [`crate::ImageError::NoResolution`] inside it when neither caller nor file says the resolution.
/// Nothing is allocated for more than [`super::WSQ_PIXELS_MAX`] pixels.
pub fn decode(bytes: &[u8], ppi: Option<Ppi>) -> Result<GreyImage, WsqError> {
    let mut parser = Parser::new(bytes)?;
    let frame = parser.frame()?;
    check_size(frame.width, frame.height)?;
    let ppi = ppi.or(parser.ppi).ok_or(ImageError::NoResolution)?;
    let (width, height) = (frame.width as usize, frame.height as usize);
    let bands = Bands::of(width, height);
    let mut plane = Vec::new();
    for block in 0..3 {
        parser.block(block, &bands, width, height, &mut plane)?;
    }
    parser.skip_to_end()?;
    let filters = parser.filters.ok_or(WsqError::Missing("transform table"))?;
    let mut work = Workspace::new(width, plane);
    work.reconstruct(&bands, &filters);
    let pixels = work
        .plane
        .iter()
        .map(|v| (v * frame.scale + frame.shift + 0.5).clamp(0.0, 255.0) as u8)
        .collect();
    Ok(GreyImage::new(frame.width, frame.height, ppi, pixels)?)
}

struct Frame {
    width: u32,
    height: u32,
    shift: f32,
    scale: f32,
    encoder: u8,
    software: u16,
}

#[derive(Clone, Copy)]
struct Quantiser {
    centre: f32,
    bins: [f32; CODED],
    zero_bins: [f32; CODED],
}

struct Parser<'a> {
    rest: &'a [u8],
    ppi: Option<Ppi>,
    filters: Option<Filters>,
    quantiser: Option<Quantiser>,
    tables: [Option<Table>; TABLES],
}

/// A cursor within one segment.
struct Segment<'a> {
    rest: &'a [u8],
    name: &'static str,
}

impl<'a> Segment<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], WsqError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(n)
            .ok_or(WsqError::Truncated(self.name))?;
        self.rest = rest;
        Ok(taken)
    }

    fn u8(&mut self) -> Result<u8, WsqError> {
        Ok(self.take(1)?[0])
    }

    fn u16(&mut self) -> Result<u16, WsqError> {
        let b = self.take(2)?;
        Ok(u16::from_be_bytes([b[0], b[1]]))
    }

    fn u32(&mut self) -> Result<u32, WsqError> {
        let b = self.take(4)?;
        Ok(u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
    }

    /// A power of ten to divide by, then a number of 16 bits.
    fn scaled(&mut self) -> Result<f32, WsqError> {
        let exponent = self.u8()?;
        let number = self.u16()?;
        Ok((f64::from(number) / 10f64.powi(i32::from(exponent))) as f32)
    }

    fn end(&self) -> Result<(), WsqError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(WsqError::OutOfRange(self.name))
        }
    }
}

impl<'a> Parser<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, WsqError> {
        if !super::is_wsq(bytes) {
            return Err(WsqError::UnknownFormat);
        }
        Ok(Self {
            rest: &bytes[2..],
            ppi: None,
            filters: None,
            quantiser: None,
            tables: [const { None }; TABLES],
        })
    }

    fn marker(&mut self) -> Result<u16, WsqError> {
        let (m, rest) = self
            .rest
            .split_at_checked(2)
            .ok_or(WsqError::Truncated("marker"))?;
        self.rest = rest;
        Ok(u16::from_be_bytes([m[0], m[1]]))
    }

    fn segment(&mut self, name: &'static str) -> Result<Segment<'a>, WsqError> {
        let head = self.rest.get(..2).ok_or(WsqError::Truncated(name))?;
        let length = usize::from(u16::from_be_bytes([head[0], head[1]]));
        if length < 2 {
            return Err(WsqError::OutOfRange(name));
        }
        let (segment, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(WsqError::Truncated(name))?;
        self.rest = rest;
        Ok(Segment {
            rest: &segment[2..],
            name,
        })
    }

    /// Tables and comments until `wanted`.
    fn skip_to(&mut self, wanted: u16) -> Result<(), WsqError> {
        loop {
            match self.marker()? {
                m if m == wanted => return Ok(()),
                marker::DTT => self.transform_table()?,
                marker::DQT => self.quantisation_table()?,
                marker::DHT => self.huffman_tables()?,
                marker::COM => self.comment()?,
                marker::DRI => return Err(WsqError::Unsupported("a restart interval")),
                other => return Err(WsqError::Marker(other)),
            }
        }
    }

    fn frame(&mut self) -> Result<Frame, WsqError> {
        self.skip_to(marker::SOF)?;
        let mut s = self.segment("frame header")?;
        let (_black, _white) = (s.u8()?, s.u8()?);
        let (height, width) = (u32::from(s.u16()?), u32::from(s.u16()?));
        let (shift, scale) = (s.scaled()?, s.scaled()?);
        let frame = Frame {
            width,
            height,
            shift,
            scale,
            encoder: s.u8()?,
            software: s.u16()?,
        };
        s.end()?;
        Ok(frame)
    }

    /// Only comments may stand between the last block and the end.
    fn skip_to_end(&mut self) -> Result<(), WsqError> {
        loop {
            match self.marker()? {
                marker::EOI => return Ok(()),
                marker::COM => self.comment()?,
                other => return Err(WsqError::Marker(other)),
            }
        }
    }

    fn transform_table(&mut self) -> Result<(), WsqError> {
        let mut s = self.segment("transform table")?;
        let (low, high) = (usize::from(s.u8()?), usize::from(s.u8()?));
        if low.is_multiple_of(2) || high.is_multiple_of(2) {
            return Err(WsqError::Unsupported("a filter of even length"));
        }
        let mut half = |length: usize| -> Result<Vec<f32>, WsqError> {
            let count = length / 2 + 1;
            if count > HALF_MAX {
                return Err(WsqError::OutOfRange("filter length"));
            }
            let mut taps = Vec::with_capacity(count);
            for _ in 0..count {
                let negative = s.u8()? != 0;
                let exponent = s.u8()?;
                let value = f64::from(s.u32()?) / 10f64.powi(i32::from(exponent));
                taps.push(if negative { -value } else { value } as f32);
            }
            Ok(taps)
        };
        let (low, high) = (half(low)?, half(high)?);
        s.end()?;
        self.filters = Some(Filters { low, high });
        Ok(())
    }

    fn quantisation_table(&mut self) -> Result<(), WsqError> {
        let mut s = self.segment("quantisation table")?;
        let mut q = Quantiser {
            centre: s.scaled()?,
            bins: [0.0; CODED],
            zero_bins: [0.0; CODED],
        };
        for band in 0..64 {
            let (bin, zero_bin) = (s.scaled()?, s.scaled()?);
            if band < CODED {
                (q.bins[band], q.zero_bins[band]) = (bin, zero_bin);
            }
        }
        s.end()?;
        self.quantiser = Some(q);
        Ok(())
    }

    fn huffman_tables(&mut self) -> Result<(), WsqError> {
        let mut s = self.segment("Huffman table")?;
        while !s.rest.is_empty() {
            let id = usize::from(s.u8()?);
            let mut counts = [0; LENGTH_MAX];
            counts.copy_from_slice(s.take(LENGTH_MAX)?);
            let total: usize = counts.iter().map(|c| usize::from(*c)).sum();
            let symbols = s.take(total)?.to_vec();
            *self
                .tables
                .get_mut(id)
                .ok_or(WsqError::OutOfRange("Huffman table number"))? =
                Some(Table { counts, symbols });
        }
        Ok(())
    }

    /// A NIST comment has lines of a name and a value; of them only the resolution is of use here.
    fn comment(&mut self) -> Result<(), WsqError> {
        let s = self.segment("comment")?;
        if !s.rest.starts_with(b"NIST_COM") {
            return Ok(());
        }
        for line in s.rest.split(|b| *b == b'\n') {
            if let Some(value) = line.strip_prefix(b"PPI ") {
                self.ppi = core::str::from_utf8(value)
                    .ok()
                    .and_then(|v| v.trim().parse().ok())
                    .map(Ppi)
                    .filter(|ppi| crate::PPI_RANGE.contains(&ppi.0));
            }
        }
        Ok(())
    }

    /// One block of coded bands, put into the plane as the quantiser says. The plane is made with the first block, when
    /// tables and data are known to be there.
    fn block(
        &mut self,
        block: usize,
        bands: &Bands,
        width: usize,
        height: usize,
        plane: &mut Vec<f32>,
    ) -> Result<(), WsqError> {
        self.skip_to(marker::SOB)?;
        let mut s = self.segment("block header")?;
        let id = usize::from(s.u8()?);
        s.end()?;
        let quantiser = self
            .quantiser
            .ok_or(WsqError::Missing("quantisation table"))?;
        let table = self.tables.get(id).and_then(Option::as_ref);
        let decoder = Decoder::of(table.ok_or(WsqError::Missing("Huffman table"))?)?;
        if plane.is_empty() {
            *plane = vec![0.0; width * height];
        }
        let mut bits = BitReader::new(self.rest);
        let mut zeros = 0u32;
        for band in BLOCK_STARTS[block]..BLOCK_STARTS[block + 1] {
            let (bin, half_zero) = (quantiser.bins[band], quantiser.zero_bins[band] / 2.0);
            if bin == 0.0 {
                continue;
            }
            let r = bands.regions[band];
            for y in r.y..r.y + r.height {
                for value in &mut plane[y * width + r.x..y * width + r.x + r.width] {
                    if zeros > 0 {
                        zeros -= 1;
                        continue;
                    }
                    match next(&mut bits, &decoder)? {
                        Coded::Zeros(run) => zeros = run - 1,
                        Coded::Value(v) if v > 0 => {
                            *value = bin * (v as f32 - quantiser.centre) + half_zero;
                        }
                        Coded::Value(v) => {
                            *value = bin * (v as f32 + quantiser.centre) - half_zero;
                        }
                    }
                }
            }
        }
        if zeros > 0 {
            return Err(WsqError::OutOfRange("run of zeros"));
        }
        if bits.padding() > 7 {
            return Err(WsqError::OutOfRange("coded data"));
        }
        self.rest = &self.rest[bits.used()..];
        Ok(())
    }
}

enum Coded {
    /// At least one.
    Zeros(u32),
    /// Not zero.
    Value(i32),
}

/// Symbols 1 to 100 are runs of zeros, 107 to 254 are numbers around 180, 101 to 106 stand before a number or a run of
/// 8 or 16 bits.
fn next(bits: &mut BitReader<'_>, decoder: &Decoder) -> Result<Coded, WsqError> {
    let symbol = bits.symbol(decoder)?;
    let coded = match symbol {
        1..=100 => Coded::Zeros(u32::from(symbol)),
        101 => Coded::Value(bits.bits(8)? as i32),
        102 => Coded::Value(-(bits.bits(8)? as i32)),
        103 => Coded::Value(bits.bits(16)? as i32),
        104 => Coded::Value(-(bits.bits(16)? as i32)),
        105 => Coded::Zeros(bits.bits(8)?),
        106 => Coded::Zeros(bits.bits(16)?),
        107..=254 => Coded::Value(i32::from(symbol) - 180),
        _ => return Err(WsqError::OutOfRange("Huffman symbol")),
    };
    match coded {
        Coded::Zeros(0) => Err(WsqError::OutOfRange("run of zeros")),
        // 180 would be a number of zero: some encoders write it, and it is one zero.
        Coded::Value(0) => Ok(Coded::Zeros(1)),
        coded => Ok(coded),
    }
}
