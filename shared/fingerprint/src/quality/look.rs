//! Look: what a glance at a picture tells, without following a single ridge.
//!
//! In: `GreyImage`. Out: `Look`: where the finger is, how dark, how contrasted, how much in one direction.
//! Owns: cells of about 0.8 mm; what counts as finger. Never: judges; that is `reasons`.
//!
//! Every second row is read once; from it each cell gets its mean, its deviation, the share that is ink and how much its
//! gradients agree. A cell is finger when it is lively and has a direction, or is dark or grey; crumbs are dropped.

use crate::GreyImage;

/// Side of a cell, mm: a little under two ridges.
const CELL_MM: f32 = 0.8128;
/// A cell below this deviation (grey levels) holds no ridges.
const DEVIATION_MIN: f32 = 6.0;
/// ... nor one below this share of the picture's range.
const DEVIATION_SHARE: f32 = 0.10;
/// A cell whose gradients agree less than this holds no ridges.
const COHERENCE_MIN: f32 = 0.22;
/// A cell with more ink than this is finger, ridges or not.
const DARK_MIN: f32 = 0.7;
/// So is one whose mean is further from paper than this share of the range: ridges wiped to grey.
const GREY_SHARE: f32 = 0.3;
/// Less than this from ink to paper is an empty platen and its noise, grey levels.
const RANGE_VISIBLE: f32 = 32.0;

/// What a glance tells of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Look {
    /// Area that is finger, mm².
    pub(crate) area_mm2: f32,
    /// Lightest and darkest grey that is not an accident.
    pub(crate) paper: f32,
    pub(crate) ink: f32,
    /// Mean deviation of the finger's cells in shares of the range from ink to paper.
    pub(crate) contrast: f32,
    /// Share of the finger that is darker than half-way from paper to ink.
    pub(crate) fill: f32,
    /// How much gradients agree inside a cell, mean, 0 to 1.
    pub(crate) coherence: f32,
    /// From the picture's middle to the finger's, to the right and down, mm.
    pub(crate) offset_mm: (f32, f32),
    /// Share of the finger's outline that lies on the picture's edge.
    pub(crate) cut: f32,
}

/// Sums over one cell.
#[derive(Clone, Copy, Default)]
struct Cell {
    sum: u32,
    squares: u32,
    dark: u32,
    xx: i32,
    yy: i32,
    xy: i32,
}

/// What the sums over a cell say.
struct Measures {
    deviation: f32,
    coherence: f32,
    dark: f32,
}

/// The cells of a picture and which of them are finger.
pub(crate) struct Cells {
    columns: usize,
    side_px: usize,
    finger: Vec<bool>,
}

impl Cells {
    /// Whether the cell over a pixel is finger; beyond the last whole cell it is not.
    pub(crate) fn is_finger(&self, x: usize, y: usize) -> bool {
        let column = x / self.side_px;
        column < self.columns
            && self
                .finger
                .get(y / self.side_px * self.columns + column)
                .copied()
                .unwrap_or(false)
    }
}

impl Look {
    /// At one glance; and which cells are finger.
    pub(crate) fn at(image: &GreyImage) -> (Self, Cells) {
        let side = ((CELL_MM * f32::from(image.ppi.0) / 25.4).round() as usize).max(4);
        let (paper, ink) = levels(image);
        let middle = ((u32::from(paper) + u32::from(ink)) / 2) as u8;
        let columns = image.width as usize / side;
        let rows = image.height as usize / side;
        let cells = sums(image, side, columns, rows, middle);
        let pixels = (side * side.div_ceil(2)) as f32;
        let range = (f32::from(paper) - f32::from(ink)).max(1.0);
        let floor = (DEVIATION_SHARE * range).max(DEVIATION_MIN);
        let grey = f32::from(paper) - GREY_SHARE * range;
        let mut finger = Vec::with_capacity(cells.len());
        let measures: Vec<Measures> = cells
            .iter()
            .map(|cell| {
                let mean = cell.sum as f32 / pixels;
                let variance = cell.squares as f32 / pixels - mean * mean;
                let (a, b, c) = (cell.xx as f32, cell.yy as f32, cell.xy as f32);
                let measures = Measures {
                    deviation: variance.max(0.0).sqrt(),
                    coherence: (a - b).hypot(2.0 * c) / (a + b).max(1.0),
                    dark: cell.dark as f32 / pixels,
                };
                let ridges = measures.deviation > floor && measures.coherence > COHERENCE_MIN;
                let inked = measures.dark > DARK_MIN || mean < grey;
                finger.push(range >= RANGE_VISIBLE && (ridges || inked));
                measures
            })
            .collect();
        smooth(&mut finger, columns, rows);
        let mut look = Self {
            paper: f32::from(paper),
            ink: f32::from(ink),
            ..Self::default()
        };
        look.sum_up(&measures, &finger, columns, range, side);
        let mm = 25.4 / f32::from(image.ppi.0);
        look.area_mm2 *= (side as f32 * mm).powi(2);
        look.offset_mm.0 = (look.offset_mm.0 - image.width as f32 / 2.0) * mm;
        look.offset_mm.1 = (look.offset_mm.1 - image.height as f32 / 2.0) * mm;
        if look.area_mm2 == 0.0 {
            look.offset_mm = (0.0, 0.0);
        }
        let cells = Cells {
            columns,
            side_px: side,
            finger,
        };
        (look, cells)
    }

    /// Means over the finger's cells; area in cells and offset in pixels from the top left corner.
    fn sum_up(
        &mut self,
        measures: &[Measures],
        finger: &[bool],
        columns: usize,
        range: f32,
        side: usize,
    ) {
        let rows = finger.len() / columns.max(1);
        let (mut count, mut outline, mut at_edge) = (0.0f32, 0.0f32, 0.0f32);
        for (i, cell) in measures.iter().enumerate() {
            if !finger[i] {
                continue;
            }
            let (x, y) = (i % columns, i / columns);
            count += 1.0;
            self.contrast += cell.deviation / range;
            self.coherence += cell.coherence;
            self.fill += cell.dark;
            self.offset_mm.0 += (x as f32 + 0.5) * side as f32;
            self.offset_mm.1 += (y as f32 + 0.5) * side as f32;
            let sides = [
                (x == 0, i.wrapping_sub(1)),
                (x + 1 == columns, i + 1),
                (y == 0, i.wrapping_sub(columns)),
                (y + 1 == rows, i + columns),
            ];
            for (is_edge, neighbour) in sides {
                if is_edge {
                    at_edge += 1.0;
                    outline += 1.0;
                } else if !finger[neighbour] {
                    outline += 1.0;
                }
            }
        }
        let n = count.max(1.0);
        self.area_mm2 = count;
        self.contrast /= n;
        self.coherence /= n;
        self.fill /= n;
        self.offset_mm.0 /= n;
        self.offset_mm.1 /= n;
        self.cut = at_edge / outline.max(1.0);
    }
}

/// Lightest and darkest grey of the picture, four and one in a hundred pixels aside.
fn levels(image: &GreyImage) -> (u8, u8) {
    let mut counts = [0u32; 256];
    let step = if image.pixels.len() > 400_000 { 4 } else { 2 };
    let mut total = 0;
    for row in image
        .pixels
        .chunks_exact(image.width as usize)
        .step_by(step)
    {
        for &pixel in row.iter().step_by(step) {
            counts[usize::from(pixel)] += 1;
            total += 1;
        }
    }
    let at = |share: f32| {
        let limit = (share * total as f32) as u32;
        let mut sum = 0;
        let reached = counts.iter().position(|count| {
            sum += count;
            sum > limit
        });
        reached.unwrap_or(255) as u8
    };
    (at(0.96), at(0.01))
}

/// One pass over every second row.
fn sums(image: &GreyImage, side: usize, columns: usize, rows: usize, middle: u8) -> Vec<Cell> {
    let width = image.width as usize;
    let mut cells = vec![Cell::default(); columns * rows];
    for (row, line) in cells.chunks_exact_mut(columns.max(1)).enumerate() {
        for y in (row * side..(row + 1) * side).step_by(2) {
            let here = &image.pixels[y * width..(y + 1) * width];
            let below = &image.pixels[((y + 1) * width).min(image.pixels.len() - width)..];
            for (column, cell) in line.iter_mut().enumerate() {
                let from = column * side;
                add(
                    cell,
                    &here[from..from + side],
                    &below[from..from + side],
                    middle,
                );
            }
        }
    }
    cells
}

fn add(cell: &mut Cell, here: &[u8], below: &[u8], middle: u8) {
    let (mut sum, mut squares, mut dark) = (0u32, 0u32, 0u32);
    for &pixel in here {
        sum += u32::from(pixel);
        squares += u32::from(pixel) * u32::from(pixel);
        dark += u32::from(pixel < middle);
    }
    // Roberts' cross: both gradients at one point, half a pixel off in both directions.
    let (mut xx, mut yy, mut xy) = (0i32, 0i32, 0i32);
    let pairs = here
        .iter()
        .zip(&here[1..])
        .zip(below.iter().zip(&below[1..]));
    for ((&a, &b), (&c, &d)) in pairs {
        let (a, b, c, d) = (i32::from(a), i32::from(b), i32::from(c), i32::from(d));
        let gx = b + d - a - c;
        let gy = c + d - a - b;
        xx += gx * gx;
        yy += gy * gy;
        xy += gx * gy;
    }
    cell.sum += sum;
    cell.squares += squares;
    cell.dark += dark;
    cell.xx += xx;
    cell.yy += yy;
    cell.xy += xy;
}

/// The majority of each cell and its eight neighbours, twice; crumbs go, small holes close.
fn smooth(finger: &mut [bool], columns: usize, rows: usize) {
    for _ in 0..2 {
        let before = finger.to_vec();
        for y in 0..rows {
            for x in 0..columns {
                let (mut yes, mut all) = (0, 0);
                for j in y.saturating_sub(1)..(y + 2).min(rows) {
                    for i in x.saturating_sub(1)..(x + 2).min(columns) {
                        all += 1;
                        yes += usize::from(before[j * columns + i]);
                    }
                }
                finger[y * columns + x] = 2 * yes > all;
            }
        }
    }
}
