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
        let stride = w + 2;
        let mut cells = vec![0u8; stride * (h + 2)];
        for y in 0..h {
            for x in 0..w {
                cells[(y + 1) * stride + x + 1] = u8::from(ridges.values[y * w + x] > 0.0);
            }
        }
        let around = Self::around(stride);
        let simple = simple_points();
        let mut alive: Vec<u32> = (0..cells.len() as u32)
            .filter(|i| cells[*i as usize] == 1)
            .collect();
        let mut border = Vec::new();
        loop {
            let mut removed = false;
            for side in [6, 2, 4, 0] {
                border.clear();
                border.extend(alive.iter().copied().filter(|i| {
                    let i = *i as usize;
                    cells[i] == 1 && cells[(i as isize + around[side]) as usize] == 0
                }));
                for &i in &border {
                    let i = i as usize;
                    if simple[neighbours(&cells, i, &around)] {
                        cells[i] = 0;
                        removed = true;
                    }
                }
            }
            if !removed {
                break;
            }
            alive.retain(|i| cells[*i as usize] == 1);
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

/// For each neighbourhood: may the middle go without breaking or shortening a line?
fn simple_points() -> [bool; 256] {
    core::array::from_fn(|bits| {
        let on = |k: usize| bits >> (k % 8) & 1 == 1;
        // Components of ridge pixels around the middle, eight-connected (Yokoi's number on the complement).
        let crossings = [0, 2, 4, 6]
            .iter()
            .filter(|&&k| !on(k) && (on(k + 1) || on(k + 2)))
            .count();
        crossings == 1 && bits.count_ones() > 1
    })
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
