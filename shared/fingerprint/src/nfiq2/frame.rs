//! Frame: the picture without the near-white rows and columns around it.
//!
//! In: `GreyImage` at 500 ppi. Out: `Frame`, the picture every native feature is measured on.
//! Never: cuts inside; only whole rows and columns from the four sides.

use crate::GreyImage;

use super::REGION_PX;

/// A row or column whose mean grey is above this is paper.
const PAPER_MEAN: u64 = 250;

/// The picture that is measured: row-major, top row first, at least one region a side.
pub(super) struct Frame {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Columns cut off on the left.
    pub(super) left: usize,
    /// Rows cut off at the top.
    pub(super) top: usize,
    pub(super) pixels: Vec<u8>,
}

impl Frame {
    /// `None` when nothing, or less than one region, is left.
    pub(super) fn trim(image: &GreyImage) -> Option<Self> {
        let (width, height) = (image.width as usize, image.height as usize);
        let mut columns = vec![0u64; width];
        let mut rows = Vec::with_capacity(height);
        for row in image.pixels.chunks_exact(width) {
            let mut sum = 0;
            for (column, &pixel) in columns.iter_mut().zip(row) {
                *column += u64::from(pixel);
                sum += u64::from(pixel);
            }
            rows.push(sum);
        }
        let (left, right) = inked(&columns, height)?;
        let (top, bottom) = inked(&rows, width)?;
        if right - left < REGION_PX || bottom - top < REGION_PX {
            return None;
        }
        let pixels = image
            .pixels
            .chunks_exact(width)
            .take(bottom)
            .skip(top)
            .flat_map(|row| &row[left..right])
            .copied()
            .collect();
        Some(Self {
            width: right - left,
            height: bottom - top,
            left,
            top,
            pixels,
        })
    }

    /// One row of `width` pixels.
    pub(super) fn row(&self, y: usize) -> &[u8] {
        &self.pixels[y * self.width..(y + 1) * self.width]
    }

    /// Corners and sizes `(x, y, width, height)` of the regions of the picture, row by row; those at the right and at
    /// the bottom may be smaller.
    pub(super) fn regions(&self) -> impl Iterator<Item = (usize, usize, usize, usize)> {
        let (w, h) = (self.width, self.height);
        (0..h).step_by(REGION_PX).flat_map(move |y| {
            (0..w)
                .step_by(REGION_PX)
                .map(move |x| (x, y, REGION_PX.min(w - x), REGION_PX.min(h - y)))
        })
    }

    /// Sum of the grey values and of their squares in a rectangle.
    pub(super) fn sums(&self, x: usize, y: usize, width: usize, height: usize) -> (u64, u64) {
        let (mut sum, mut squares) = (0, 0);
        for row in y..y + height {
            let (mut s, mut q) = (0u32, 0u32);
            for &pixel in &self.row(row)[x..x + width] {
                s += u32::from(pixel);
                q += u32::from(pixel) * u32::from(pixel);
            }
            sum += u64::from(s);
            squares += u64::from(q);
        }
        (sum, squares)
    }
}

/// The first line that is not paper and the one after the last, of lines summed over `length` pixels each.
fn inked(sums: &[u64], length: usize) -> Option<(usize, usize)> {
    let is_ink = |sum: &u64| *sum <= PAPER_MEAN * length as u64;
    let first = sums.iter().position(is_ink)?;
    let last = sums.iter().rposition(is_ink)?;
    Some((first, last + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paper_goes_and_the_rest_stays_where_it_was() {
        let mut image = GreyImage::blank(100, 80, 255);
        for y in 20..60 {
            for x in 10..70 {
                image.pixels[y * 100 + x] = 10;
            }
        }
        let frame = Frame::trim(&image).unwrap();
        let size = (frame.left, frame.top, frame.width, frame.height);
        assert_eq!(size, (10, 20, 60, 40));
        assert!(frame.pixels.iter().all(|p| *p == 10));
        assert_eq!(frame.sums(0, 0, 2, 2), (40, 400));
        assert_eq!(frame.regions().count(), 4);
        assert_eq!(frame.regions().last(), Some((32, 32, 28, 8)));
    }

    #[test]
    fn paper_alone_is_nothing() {
        assert!(Frame::trim(&GreyImage::blank(100, 80, 251)).is_none());
        assert!(Frame::trim(&GreyImage::blank(100, 80, 250)).is_some());
        assert!(Frame::trim(&GreyImage::blank(31, 80, 0)).is_none());
    }
}
