//! Skeleton: ridges one pixel wide, connected as they were.
//!
//! In: an enhanced plane (ridges positive). Out: `Skeleton`. Never: removes a ridge or joins two; that is `minutiae`.
//!
//! Thinning by removing simple border points from four sides in turn (A. Rosenfeld, Information and Control 29, 1975).

use crate::plane::Plane;

/// A binary image with a border of one empty pixel on every side.
pub(crate) struct Skeleton {
    pub(crate) stride: usize,
    pub(crate) cells: Vec<u8>,
}

impl Skeleton {
    /// The eight neighbours' offsets, clockwise from the right.
    pub(crate) fn around(stride: usize) -> [isize; 8] {
        let s = stride as isize;
        [1, s + 1, s, s - 1, -1, -s - 1, -s, -s + 1]
    }

    /// Thins the positive part of `ridges` to lines.
    pub(crate) fn thin(ridges: &Plane) -> Self {
        let (w, h) = (ridges.width, ridges.height);
        let mut bits = Bits::of(ridges);
        while [Side::Above, Side::Below, Side::Left, Side::Right]
            .map(|side| bits.peel(side))
            .contains(&true)
        {}
        let stride = w + 2;
        let mut cells = vec![0u8; stride * (h + 2)];
        for y in 0..h {
            let line = &mut cells[(y + 1) * stride + 1..][..w];
            for (cells, word) in line.chunks_mut(64).zip(bits.row(y)) {
                for (k, cell) in cells.iter_mut().enumerate() {
                    *cell = (word >> k & 1) as u8;
                }
            }
        }
        Self { stride, cells }
    }

    /// The lines, black on white.
    pub(crate) fn picture(&self) -> crate::GreyImage {
        let (width, height) = (self.stride - 2, self.cells.len() / self.stride - 2);
        let mut image = crate::GreyImage::blank(width as u32, height as u32, 255);
        for y in 0..height {
            for x in 0..width {
                if self.cells[(y + 1) * self.stride + x + 1] == 1 {
                    image.pixels[y * width + x] = 0;
                }
            }
        }
        image
    }

    /// Ridge neighbours of a cell as bits, clockwise from the right.
    pub(crate) fn neighbours(&self, i: usize) -> usize {
        neighbours(&self.cells, i, &Self::around(self.stride))
    }
}

fn neighbours(cells: &[u8], i: usize, around: &[isize; 8]) -> usize {
    let mut bits = 0;
    for (b, offset) in around.iter().enumerate() {
        bits |= usize::from(cells[(i as isize + offset) as usize]) << b;
    }
    bits
}

/// A binary image, 64 pixels a word, the lowest bit leftmost, with an empty row above and below.
struct Bits {
    words: usize,
    rows: usize,
    cells: Vec<u64>,
    /// Pixels to go, a row of words at a time.
    gone: Vec<u64>,
}

/// Where a pixel's neighbour is empty.
#[derive(Clone, Copy)]
enum Side {
    Above,
    Below,
    Left,
    Right,
}

impl Bits {
    fn of(ridges: &Plane) -> Self {
        let words = ridges.width.div_ceil(64);
        let rows = ridges.height;
        let mut cells = vec![0u64; words * (rows + 2)];
        for (line, out) in ridges
            .values
            .chunks_exact(ridges.width)
            .zip(cells[words..].chunks_exact_mut(words))
        {
            for (values, word) in line.chunks(64).zip(out) {
                for (k, value) in values.iter().enumerate() {
                    *word |= u64::from(*value > 0.0) << k;
                }
            }
        }
        Self {
            words,
            rows,
            cells,
            gone: vec![0; words * rows],
        }
    }

    fn row(&self, y: usize) -> &[u64] {
        &self.cells[(y + 1) * self.words..][..self.words]
    }

    /// Removes, all at once, the pixels whose neighbour on one side is empty and which may go without breaking or
    /// shortening a line. Was there one?
    fn peel(&mut self, side: Side) -> bool {
        let words = self.words;
        let mut any = 0;
        for y in 0..self.rows {
            let line = |row: usize| &self.cells[row * words..][..words];
            let (above, here, below) = (line(y), line(y + 1), line(y + 2));
            let gone = &mut self.gone[y * words..][..words];
            for (x, gone) in gone.iter_mut().enumerate() {
                let own = here[x];
                if own == 0 {
                    *gone = 0;
                    continue;
                }
                // The words beside, for the pixels at a word's ends.
                let before = |line: &[u64]| if x > 0 { line[x - 1] >> 63 } else { 0 };
                let after = |line: &[u64]| line.get(x + 1).map_or(0, |word| word << 63);
                let left = |line: &[u64]| line[x] << 1 | before(line);
                let right = |line: &[u64]| line[x] >> 1 | after(line);
                // Clockwise from the right.
                let around = [
                    right(here),
                    right(below),
                    below[x],
                    left(below),
                    left(here),
                    left(above),
                    above[x],
                    right(above),
                ];
                let empty = match side {
                    Side::Above => !above[x],
                    Side::Below => !below[x],
                    Side::Left => !around[4],
                    Side::Right => !around[0],
                };
                *gone = own & empty & removable(&around);
                any |= *gone;
            }
        }
        if any != 0 {
            for (cell, gone) in self.cells[words..].iter_mut().zip(&self.gone) {
                *cell &= !gone;
            }
        }
        any != 0
    }
}

/// Of 64 pixels, given their neighbours clockwise from the right: which may go without breaking or shortening a line?
fn removable(around: &[u64; 8]) -> u64 {
    let on = |k: usize| around[k % 8];
    // Components of ridge pixels around the middle, eight-connected (Yokoi's number on the complement): exactly one.
    let crossing = |k: usize| !on(k) & (on(k + 1) | on(k + 2));
    let (a, b, c, d) = (crossing(0), crossing(2), crossing(4), crossing(6));
    let one = (a ^ b ^ c ^ d) & !((a & b) | (c & d));
    // More than one neighbour.
    let (mut some, mut more) = (0, 0);
    for word in around {
        more |= some & word;
        some |= word;
    }
    one & more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_becomes_one_line() {
        let mut plane = Plane::new(40, 20);
        for y in 8..13 {
            for x in 5..35 {
                plane.values[y * 40 + x] = 1.0;
            }
        }
        let skeleton = Skeleton::thin(&plane);
        let left = skeleton.cells.iter().filter(|c| **c == 1).count();
        assert!((20..=32).contains(&left), "{left} pixels left");
        let ends = (0..skeleton.cells.len())
            .filter(|&i| skeleton.cells[i] == 1 && skeleton.neighbours(i).count_ones() == 1)
            .count();
        assert_eq!(ends, 2);
    }

    #[test]
    fn a_ring_stays_a_ring() {
        let mut plane = Plane::new(60, 60);
        for y in 0..60i32 {
            for x in 0..60i32 {
                let r = ((x - 30).pow(2) + (y - 30).pow(2)) as f32;
                plane.values[(y * 60 + x) as usize] = if (200.0..500.0).contains(&r) {
                    1.0
                } else {
                    -1.0
                };
            }
        }
        let skeleton = Skeleton::thin(&plane);
        let ends = (0..skeleton.cells.len())
            .filter(|&i| skeleton.cells[i] == 1 && skeleton.neighbours(i).count_ones() < 2)
            .count();
        assert_eq!(ends, 0);
        assert!(skeleton.cells.iter().filter(|c| **c == 1).count() > 60);
    }
}
