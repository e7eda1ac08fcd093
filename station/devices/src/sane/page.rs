//! A page while it comes: the header of a PNM, then its rows.
//!
//! In: bytes as they come, cut anywhere. Out: thinned previews of the rows so far, then the page as JPEG with its resolution.
//! Owns: the pixels. Never: more memory than the largest page, whatever a header claims; a page of which a byte is missing or over.

use std::io::Cursor;

use image::ExtendedColorType;
use image::codecs::jpeg::{JpegEncoder, PixelDensity};
use qayd_model::Ppi;

use super::error::ScannerError;
use crate::capture::{Geometry, PixelFormat};

/// A side is no longer: A3 at 1,000 ppi.
const SIDE_PX_MAX: u32 = 16_384;
/// A page has no more: A4 at 600 ppi has 35 million.
const PIXELS_MAX: u64 = 40_000_000;
/// A header is no longer; SANE's has a remark of one line.
const HEADER_BYTES_MAX: usize = 512;
/// A preview is no wider than this.
const PREVIEW_WIDTH_PX: u32 = 800;
/// Paper that has not come yet.
const BLANK: u8 = 255;
/// A sample of a packet is no longer: `qayd_packet::limits::SAMPLE_BYTES_MAX`.
const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// No stroke of small print is lost at the first; a page that is then too long for a packet is tried at the next.
const QUALITIES: [u8; 4] = [92, 85, 75, 60];

/// Shape of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) geometry: Geometry,
    pub(super) format: PixelFormat,
}

impl Shape {
    fn row_bytes(&self) -> usize {
        self.geometry.width_px as usize * self.format.bytes_per_pixel()
    }

    fn bytes(&self) -> usize {
        self.row_bytes() * self.geometry.height_px as usize
    }
}

/// A page that is coming.
#[derive(Default)]
pub(super) struct Page {
    head: Vec<u8>,
    shape: Option<Shape>,
    pixels: Vec<u8>,
}

impl Page {
    /// Takes in bytes.
    ///
    /// # Errors
    /// [`ScannerError::NotAPage`], [`ScannerError::TooLarge`]; nothing more is taken in after one.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), ScannerError> {
        let Some(shape) = self.shape else {
            self.head.extend_from_slice(bytes);
            let Some((shape, used)) = header(&self.head)? else {
                return Ok(());
            };
            self.shape = Some(shape);
            self.pixels.reserve_exact(shape.bytes());
            let head = core::mem::take(&mut self.head);
            return self.take(head.get(used..).unwrap_or_default());
        };
        if self.pixels.len() + bytes.len() > shape.bytes() {
            return Err(ScannerError::NotAPage {
                reason: "it is longer than its header says",
            });
        }
        self.pixels.extend_from_slice(bytes);
        Ok(())
    }

    /// Pixels that are there.
    pub(super) const fn got(&self) -> usize {
        self.pixels.len()
    }

    /// Whether the last byte is there.
    pub(super) fn is_whole(&self) -> bool {
        self.shape
            .is_some_and(|shape| shape.bytes() == self.pixels.len())
    }

    /// Why it is not a page although nothing more comes; `Ok` when it is one.
    pub(super) fn check(&self) -> Result<Shape, ScannerError> {
        let Some(shape) = self.shape else {
            return Err(ScannerError::NotAPage {
                reason: "it has no header",
            });
        };
        if !self.is_whole() {
            return Err(ScannerError::Truncated {
                got: self.pixels.len(),
                wanted: shape.bytes(),
            });
        }
        Ok(shape)
    }

    /// The rows so far, every `step`-th pixel of every `step`-th row; what has not come yet is white.
    pub(super) fn preview(&self) -> Option<(Geometry, PixelFormat, Vec<u8>)> {
        let shape = self.shape?;
        let step = shape.geometry.width_px.div_ceil(PREVIEW_WIDTH_PX).max(1) as usize;
        let channels = shape.format.bytes_per_pixel();
        let geometry = Geometry {
            width_px: (shape.geometry.width_px as usize).div_ceil(step) as u32,
            height_px: (shape.geometry.height_px as usize).div_ceil(step) as u32,
        };
        let size = geometry.width_px as usize * geometry.height_px as usize * channels;
        let mut pixels = Vec::with_capacity(size);
        for row in self.pixels.chunks_exact(shape.row_bytes()).step_by(step) {
            for pixel in row.chunks_exact(channels).step_by(step) {
                pixels.extend_from_slice(pixel);
            }
        }
        pixels.resize(size, BLANK);
        Some((geometry, shape.format, pixels))
    }

    /// The page as it is kept.
    ///
    /// # Errors
    /// As [`Page::check`]; [`ScannerError::TooLarge`] when no quality makes it short enough for a packet.
    pub(super) fn jpeg(&self, ppi: Option<Ppi>) -> Result<(Vec<u8>, Geometry), ScannerError> {
        let Shape { geometry, format } = self.check()?;
        let colour = match format {
            PixelFormat::Grey8 => ExtendedColorType::L8,
            PixelFormat::Rgb8 => ExtendedColorType::Rgb8,
        };
        for quality in QUALITIES {
            let mut out = Cursor::new(Vec::new());
            let mut encoder = JpegEncoder::new_with_quality(&mut out, quality);
            if let Some(Ppi(ppi)) = ppi {
                encoder.set_pixel_density(PixelDensity::dpi(ppi));
            }
            encoder
                .encode(&self.pixels, geometry.width_px, geometry.height_px, colour)
                .map_err(|_| ScannerError::NotAPage {
                    reason: "it cannot be encoded",
                })?;
            let jpeg = out.into_inner();
            if jpeg.len() <= PAGE_BYTES_MAX {
                return Ok((jpeg, geometry));
            }
        }
        Err(ScannerError::TooLarge {
            width_px: geometry.width_px,
            height_px: geometry.height_px,
        })
    }
}

/// Shape and length of a header (netpbm, pgm and ppm formats); `None` while its end has not come.
fn header(bytes: &[u8]) -> Result<Option<(Shape, usize)>, ScannerError> {
    let wrong = |reason| Err(ScannerError::NotAPage { reason });
    let format = match bytes.get(..2) {
        None => return Ok(None),
        Some(b"P5") => PixelFormat::Grey8,
        Some(b"P6") => PixelFormat::Rgb8,
        Some(_) => return wrong("it is neither grey nor colour"),
    };
    let mut at = 2;
    let mut numbers = [0_u32; 3];
    for number in &mut numbers {
        // White space and remarks, which end with their line.
        let mut in_remark = false;
        loop {
            match bytes.get(at) {
                Some(b'\n') => in_remark = false,
                Some(_) if in_remark => {}
                Some(b'#') => in_remark = true,
                Some(byte) if byte.is_ascii_whitespace() => {}
                Some(byte) if byte.is_ascii_digit() => break,
                Some(_) => return wrong("its header holds something else than numbers"),
                None if bytes.len() > HEADER_BYTES_MAX => return wrong("its header has no end"),
                None => return Ok(None),
            }
            at += 1;
        }
        loop {
            match bytes.get(at) {
                Some(byte) if byte.is_ascii_digit() => {
                    let digit = u32::from(byte - b'0');
                    let next = number.checked_mul(10).and_then(|n| n.checked_add(digit));
                    let Some(next) = next else {
                        return wrong("its header holds too large a number");
                    };
                    *number = next;
                }
                Some(_) => break,
                None if bytes.len() > HEADER_BYTES_MAX => return wrong("its header has no end"),
                None => return Ok(None),
            }
            at += 1;
        }
    }
    // One white space, then the pixels.
    if !bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        return wrong("its header has no end");
    }
    let [width_px, height_px, most] = numbers;
    if most != 255 {
        return wrong("it has not eight bits a pixel");
    }
    if width_px == 0 || height_px == 0 {
        return wrong("it is empty");
    }
    let pixels = u64::from(width_px) * u64::from(height_px);
    if width_px.max(height_px) > SIDE_PX_MAX || pixels > PIXELS_MAX {
        return Err(ScannerError::TooLarge {
            width_px,
            height_px,
        });
    }
    let geometry = Geometry {
        width_px,
        height_px,
    };
    Ok(Some((Shape { geometry, format }, at + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &[u8] = b"P6\n# SANE data follows\n4 3\n255\n";

    fn page(bytes: &[u8], piece: usize) -> Result<Page, ScannerError> {
        let mut page = Page::default();
        bytes
            .chunks(piece)
            .try_for_each(|piece| page.take(piece))
            .map(|()| page)
    }

    #[test]
    fn a_page_is_whole_however_its_bytes_are_cut() {
        let bytes: Vec<u8> = SMALL.iter().copied().chain(0..36).collect();
        for piece in 1..bytes.len() {
            let page = page(&bytes, piece).unwrap();
            let shape = page.check().unwrap();
            assert_eq!((shape.geometry.width_px, shape.geometry.height_px), (4, 3));
            assert_eq!(page.pixels, (0..36).collect::<Vec<u8>>());
        }
    }

    #[test]
    fn a_page_that_ends_early_or_late_is_none() {
        let mut bytes = SMALL.to_vec();
        assert_eq!(
            page(&bytes, 9).unwrap().check(),
            Err(ScannerError::Truncated { got: 0, wanted: 36 })
        );
        bytes.extend([7; 35]);
        assert_eq!(
            page(&bytes, 9).unwrap().jpeg(None).unwrap_err(),
            ScannerError::Truncated {
                got: 35,
                wanted: 36
            }
        );
        bytes.extend([7; 2]);
        assert!(matches!(
            page(&bytes, 9),
            Err(ScannerError::NotAPage { .. })
        ));
        assert!(matches!(
            page(b"", 1).unwrap().check(),
            Err(ScannerError::NotAPage { .. })
        ));
    }

    #[test]
    fn a_header_that_lies_takes_no_memory() {
        for (head, large) in [
            (&b"P6 100000 100000 255 "[..], true),
            (b"P5 16385 1 255 ", true),
            (b"P5 16384 16384 255 ", true),
            (b"P5 99999999999 1 255 ", false),
            (b"P5 4 4 65535 ", false),
            (b"P5 0 4 255 ", false),
            (b"P4 4 4 ", false),
            (b"P5 -4 4 255 ", false),
            (b"GIF89a", false),
            (b"P5 4 4 255x", false),
        ] {
            let mut page = Page::default();
            let error = page.take(head).unwrap_err();
            assert_eq!(
                matches!(error, ScannerError::TooLarge { .. }),
                large,
                "{error}"
            );
            assert_eq!(page.pixels.capacity(), 0);
        }
        let mut page = Page::default();
        let endless = page.take(&[b"P5 #".as_slice(), &[b'x'; 600]].concat());
        assert!(matches!(endless, Err(ScannerError::NotAPage { .. })));
    }

    #[test]
    fn a_preview_shows_the_rows_so_far_and_white_below() {
        let mut bytes = b"P5\n1600 4\n255\n".to_vec();
        bytes.extend([9; 3_200]);
        let (geometry, _, pixels) = page(&bytes, 100).unwrap().preview().unwrap();
        assert_eq!((geometry.width_px, geometry.height_px), (800, 2));
        assert!(pixels[..800].iter().all(|p| *p == 9));
        assert!(pixels[800..].iter().all(|p| *p == BLANK));
    }

    #[test]
    fn the_resolution_is_in_the_jpeg() {
        let bytes: Vec<u8> = SMALL.iter().copied().chain([200; 36]).collect();
        let (jpeg, geometry) = page(&bytes, 5).unwrap().jpeg(Some(Ppi(300))).unwrap();
        assert_eq!((geometry.width_px, geometry.height_px), (4, 3));
        // JFIF, unit 1 (per inch), 300 across and 300 down.
        let at = jpeg.windows(5).position(|w| w == b"JFIF\0").unwrap();
        assert_eq!(jpeg[at + 7..at + 12], [1, 1, 44, 1, 44]);
    }
}
