//! Foreground: the part of the picture that is finger, as one piece without holes (ImgProcROI).
//!
//! In: `Frame`. Out: `Foreground`: its size, its mean grey, the regions it touches. Owns: finding the piece.
//! Never: follows a ridge; it is the dark cloud that two strong blurs leave.

use super::REGION_PX;
use super::blur::{blur, erode, gaussian, otsu};
use super::frame::Frame;

/// Reach of the first blur, pixels.
const FIRST_RADIUS: usize = 20;
/// Reach of the second.
const SECOND_RADIUS: usize = 45;

pub(super) struct Foreground {
    pub(super) pixels: u32,
    /// 255 where there is none.
    pub(super) mean: f64,
    /// For each of [`Frame::regions`], whether the finger reaches into it.
    pub(super) regions: Vec<bool>,
}

impl Foreground {
    pub(super) fn find(frame: &Frame) -> Self {
        let (width, height) = (frame.width, frame.height);
        let part = |pixels: Vec<u8>| {
            let threshold = otsu(&pixels);
            let is_light = |p: u8| if p > threshold { 255 } else { 0 };
            pixels.into_iter().map(is_light).collect::<Vec<u8>>()
        };
        let dark = erode(&frame.pixels, width, height);
        let cloud = part(blur(&dark, width, height, &gaussian(FIRST_RADIUS)));
        let cloud = part(blur(&cloud, width, height, &gaussian(SECOND_RADIUS)));
        let piece = largest_piece(&without_holes(&Runs::of(&cloud, width)));
        let columns = width.div_ceil(REGION_PX);
        let mut regions = vec![false; columns * height.div_ceil(REGION_PX)];
        let (mut count, mut sum) = (0usize, 0u64);
        for run in &piece {
            count += run.end - run.start;
            let pixels = &frame.row(run.row)[run.start..run.end];
            sum += pixels.iter().map(|&p| u64::from(p)).sum::<u64>();
            let first = run.row / REGION_PX * columns + run.start / REGION_PX;
            let last = run.row / REGION_PX * columns + (run.end - 1) / REGION_PX;
            regions[first..=last].fill(true);
        }
        // The reference asks whether the mean over a region is below white, and for a region whose size is no power of
        // two its product of sum and reciprocal can be.
        for ((_, _, w, h), inside) in frame.regions().zip(&mut regions) {
            let size = (w * h) as f64;
            *inside |= 255.0 * size * (1.0 / size) < 255.0;
        }
        Self {
            pixels: count as u32,
            mean: if count == 0 {
                255.0
            } else {
                sum as f64 / count as f64
            },
            regions,
        }
    }
}

/// Neighbouring pixels of one colour in one row: `start..end`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Run {
    row: usize,
    start: usize,
    end: usize,
    dark: bool,
}

/// A picture of two colours as runs, row by row from the left.
#[derive(Debug, PartialEq)]
struct Runs {
    width: usize,
    height: usize,
    runs: Vec<Run>,
}

impl Runs {
    /// 0 is dark, all else light.
    fn of(pixels: &[u8], width: usize) -> Self {
        let mut runs = Vec::new();
        for (row, line) in pixels.chunks_exact(width).enumerate() {
            let mut start = 0;
            for group in line.chunk_by(|a, b| (*a == 0) == (*b == 0)) {
                runs.push(Run {
                    row,
                    start,
                    end: start + group.len(),
                    dark: group[0] == 0,
                });
                start += group.len();
            }
        }
        let height = pixels.len() / width;
        Self {
            width,
            height,
            runs,
        }
    }

    /// For each run the first run of its piece: pieces hang together by shared sides, not by corners.
    fn pieces(&self) -> Vec<usize> {
        fn root(parent: &mut [usize], mut i: usize) -> usize {
            while parent[i] != i {
                parent[i] = parent[parent[i]];
                i = parent[i];
            }
            i
        }
        let mut parent: Vec<usize> = (0..self.runs.len()).collect();
        let (mut above, mut here) = (0, 0);
        while here < self.runs.len() {
            let (a, b) = (self.runs[above], self.runs[here]);
            if a.row + 1 < b.row || (a.row + 1 == b.row && a.end <= b.start) {
                above += 1;
            } else if a.row == b.row || b.end <= a.start {
                here += 1;
            } else {
                if a.dark == b.dark {
                    let (i, j) = (root(&mut parent, above), root(&mut parent, here));
                    parent[i.max(j)] = i.min(j);
                }
                if a.end < b.end {
                    above += 1;
                } else {
                    here += 1;
                }
            }
        }
        (0..parent.len()).map(|i| root(&mut parent, i)).collect()
    }

    fn touches_edge(&self, run: &Run) -> bool {
        run.row == 0 || run.row + 1 == self.height || run.start == 0 || run.end == self.width
    }
}

/// Light pieces that do not reach the edge become dark.
fn without_holes(picture: &Runs) -> Runs {
    let pieces = picture.pieces();
    let mut open = vec![false; pieces.len()];
    for (run, &piece) in picture.runs.iter().zip(&pieces) {
        open[piece] |= picture.touches_edge(run);
    }
    let mut runs: Vec<Run> = Vec::with_capacity(picture.runs.len());
    for (run, &piece) in picture.runs.iter().zip(&pieces) {
        let dark = run.dark || !open[piece];
        match runs.last_mut() {
            Some(last) if last.row == run.row && last.dark == dark => last.end = run.end,
            _ => runs.push(Run { dark, ..*run }),
        }
    }
    Runs {
        width: picture.width,
        height: picture.height,
        runs,
    }
}

/// The dark piece whose bounding rectangle is largest; the first of equals.
fn largest_piece(picture: &Runs) -> Vec<Run> {
    let pieces = picture.pieces();
    // Left, right, top, bottom of each piece; the top is its first run's row.
    let mut bounds = vec![(usize::MAX, 0, usize::MAX, 0); pieces.len()];
    for (run, &piece) in picture.runs.iter().zip(&pieces) {
        let (left, right, top, bottom) = &mut bounds[piece];
        *left = run.start.min(*left);
        *right = run.end.max(*right);
        *top = run.row.min(*top);
        *bottom = run.row + 1;
    }
    let (mut best, mut best_size) = (None, 0);
    for (i, run) in picture.runs.iter().enumerate() {
        if run.dark && pieces[i] == i {
            let (left, right, top, bottom) = bounds[i];
            let size = (right - left) * (bottom - top);
            if size > best_size {
                (best, best_size) = (Some(i), size);
            }
        }
    }
    picture
        .runs
        .iter()
        .zip(&pieces)
        .filter(|(_, piece)| Some(**piece) == best)
        .map(|(run, _)| *run)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(rows: &[&str]) -> Runs {
        let width = rows[0].len();
        let pixels: Vec<u8> = rows
            .iter()
            .flat_map(|row| row.bytes().map(|b| if b == b'#' { 0 } else { 255 }))
            .collect();
        Runs::of(&pixels, width)
    }

    #[test]
    fn holes_fill_and_bays_stay_open() {
        let ring = picture(&[
            ".......", ".#####.", ".#...#.", ".#.#.#.", ".#####.", ".......",
        ]);
        let full = picture(&[
            ".......", ".#####.", ".#####.", ".#####.", ".#####.", ".......",
        ]);
        assert_eq!(without_holes(&ring), full);
        let bay = picture(&[".......", ".##.##.", ".#...#.", ".#####.", "......."]);
        assert_eq!(without_holes(&bay), bay);
        // A gap at a corner is no way out.
        let corner = picture(&["......", ".##...", ".#.##.", ".#..#.", ".####.", "......"]);
        let filled = picture(&["......", ".##...", ".####.", ".####.", ".####.", "......"]);
        assert_eq!(without_holes(&corner), filled);
    }

    #[test]
    fn the_piece_with_the_largest_bounds_wins() {
        // Fourteen pixels in a square of four against nine in an angle of five.
        let two = picture(&[
            ".........#",
            "####.....#",
            "####.....#",
            "##.#.....#",
            "###..#####",
        ]);
        let piece = largest_piece(&two);
        assert_eq!(piece.iter().map(|r| r.end - r.start).sum::<usize>(), 9);
        assert!(largest_piece(&picture(&["...", "..."])).is_empty());
    }

    #[test]
    fn pieces_meet_below_as_well() {
        let cup = picture(&["#.#.#", "#.#.#", "#####"]);
        let piece = largest_piece(&cup);
        assert_eq!(piece.iter().map(|r| r.end - r.start).sum::<usize>(), 11);
    }

    #[test]
    fn a_dark_disc_on_white_is_the_foreground() {
        let (width, height) = (256, 256);
        let pixels = (0..width * height)
            .map(|i| {
                let (x, y) = ((i % width) as f64 - 128.0, (i / width) as f64 - 128.0);
                if x.hypot(y) < 80.0 { 60 } else { 250 }
            })
            .collect();
        let frame = Frame {
            width,
            height,
            left: 0,
            top: 0,
            pixels,
        };
        let found = Foreground::find(&frame);
        let radius = (f64::from(found.pixels) / core::f64::consts::PI).sqrt();
        assert!((radius - 80.0).abs() < 6.0, "{radius}");
        assert!((60.0..90.0).contains(&found.mean), "{}", found.mean);
        assert!(!found.regions[0] && found.regions[8 * 4 + 4]);
    }
}
