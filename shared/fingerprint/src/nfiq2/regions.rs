//! Regions: the grid of 32 × 32 pixels inside a margin of two, which regions hold ridges, and which way they run.
//!
//! In: `Frame`. Out: `Regions`; each region turned upright for frequency, clarity and uniformity; the flow (OF).
//! Owns: the mask by local deviation; turning. Never: smooths a direction.
//!
//! The margin exists so that a region can be cut out turned: the diagonal of 32 × 16 pixels is just under 36.

use core::f64::consts::{FRAC_PI_2, PI, TAU};

use super::REGION_PX;
use super::certainty::Gradients;
use super::clarity::{self, clarity};
use super::contrast::deviation;
use super::frame::Frame;
use super::frequency::{self, frequency};
use super::histogram::Histogram;
use super::uniformity::{self, uniformity};

/// Pixels around each region that its turned picture may reach.
const MARGIN_PX: usize = 2;
/// Side of a region with its margin.
const SURROUNDINGS_PX: usize = REGION_PX + 2 * MARGIN_PX;
/// Side of a turned picture along the ridges; across them it is [`REGION_PX`].
pub(super) const ALONG_PX: usize = 16;
/// A region holds ridges when its deviation is above this share of the whole picture's.
const DEVIATION_SHARE_MIN: f64 = 0.1;
/// Turns below this are no turns, radians.
const TURN_MIN: f64 = 4.0 * PI / 180.0;
/// Between the bins of the flow (NFIQ 2.3.0, `OF_Bin10`).
const FLOW_LIMITS: [f64; 9] = [
    1.715e-2, 3.5e-2, 5.57e-2, 8.1e-2, 1.15e-1, 1.718e-1, 2.569e-1, 4.758e-1, 7.48e-1,
];

/// One region's place, whether all of it holds ridges, and the direction across them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region {
    x: usize,
    y: usize,
    pub(super) ridges: bool,
    /// Radians, −π/2 to π/2, y downwards.
    across: f64,
}

pub(super) struct Regions {
    columns: usize,
    cells: Vec<Region>,
}

/// The three histograms that need turned regions.
pub(super) struct Turned {
    pub(super) frequency: Histogram,
    pub(super) clarity: Histogram,
    pub(super) uniformity: Histogram,
}

impl Regions {
    /// `whole` is the standard deviation of the whole picture.
    pub(super) fn measure(frame: &Frame, whole: f64) -> Self {
        let least = whole * DEVIATION_SHARE_MIN;
        let mask_columns = frame.width.div_ceil(REGION_PX);
        let mask: Vec<bool> = frame
            .regions()
            .map(|(x, y, width, height)| {
                let (sum, squares) = frame.sums(x, y, width, height);
                deviation(sum, squares, width * height) > least
            })
            .collect();
        let columns = frame.width.saturating_sub(2 * MARGIN_PX) / REGION_PX;
        let rows = frame.height.saturating_sub(2 * MARGIN_PX) / REGION_PX;
        let mut cells = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            for column in 0..columns {
                // A region of this grid lies in four of the mask's.
                let corner = row * mask_columns + column;
                let ridges = [0, 1, mask_columns, mask_columns + 1]
                    .iter()
                    .all(|step| mask[corner + step]);
                let (x, y) = (MARGIN_PX + column * REGION_PX, MARGIN_PX + row * REGION_PX);
                let across = across(&Gradients::sum(frame, x, y, REGION_PX, REGION_PX));
                cells.push(Region {
                    x,
                    y,
                    ridges,
                    across,
                });
            }
        }
        Self { columns, cells }
    }

    /// Those that hold ridges.
    pub(super) fn foreground(&self) -> impl Iterator<Item = &Region> {
        self.cells.iter().filter(|cell| cell.ridges)
    }

    /// Frequency, clarity and uniformity of every region with ridges.
    pub(super) fn turned(&self, frame: &Frame) -> Turned {
        let count = self.cells.len();
        let (mut waves, mut clear) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut ratios = Vec::with_capacity(4 * count);
        let mut upright = [[0u8; REGION_PX]; ALONG_PX];
        let mut lying = [[0u8; ALONG_PX]; REGION_PX];
        for region in self.foreground() {
            turn(frame, region, region.across + FRAC_PI_2, true, &mut lying);
            waves.push(frequency(&lying));
            turn(frame, region, region.across, true, &mut upright);
            uniformity(&upright, &mut ratios);
            turn(frame, region, region.across, false, &mut upright);
            clear.push(clarity(&upright));
        }
        Turned {
            frequency: Histogram::of(&waves, &frequency::LIMITS),
            clarity: Histogram::of(&clear, &clarity::LIMITS),
            uniformity: Histogram::of(&ratios, &uniformity::LIMITS),
        }
    }

    /// Orientation flow: the mean turn from a region to its eight neighbours, where all nine hold ridges.
    ///
    /// Directions are compared as full angles, as the reference does: −89° and 89° are 178° apart, not 2°.
    pub(super) fn flow(&self) -> Histogram {
        let mut values = Vec::with_capacity(self.cells.len());
        let rows = self.cells.len() / self.columns.max(1);
        for row in 1..rows.saturating_sub(1) {
            for column in 1..self.columns.saturating_sub(1) {
                let here = self.cells[row * self.columns + column].across;
                let (mut sum, mut inside) = (0.0, true);
                for y in row - 1..=row + 1 {
                    for cell in &self.cells[y * self.columns + column - 1..][..3] {
                        inside &= cell.ridges;
                        let turn = (here - cell.across).abs();
                        sum += turn.min(TAU - turn);
                    }
                }
                let turn = sum / 8.0;
                if inside && turn > TURN_MIN {
                    values.push((turn - TURN_MIN) / (FRAC_PI_2 - TURN_MIN));
                }
            }
        }
        Histogram::of(&values, &FLOW_LIMITS)
    }
}

/// Direction across the ridges. The reference takes half of what would be the angle of the doubled direction with the
/// mixed product counted once instead of twice, and so does this.
fn across(gradients: &Gradients) -> f64 {
    let (c, d) = (gradients.xy as f64, (gradients.xx - gradients.yy) as f64);
    c.atan2(d) / 2.0
}

/// Cuts the middle of a region's surroundings out, turned by `angle` about their centre, nearest pixel.
///
/// Coordinates go through whole 1/1024 of a pixel, as OpenCV's `warpAffine` does, so that the same pixel is taken. With
/// `wider`, two more pixels on every side are at hand and the cut is two pixels off the middle, as in the reference. What
/// lies outside of these, or of the picture, is black.
fn turn<const W: usize, const H: usize>(
    frame: &Frame,
    region: &Region,
    angle: f64,
    wider: bool,
    out: &mut [[u8; W]; H],
) {
    const ONE: f64 = 1_024.0;
    const HALF: i32 = 512;
    let border = if wider { MARGIN_PX as i32 } else { 0 };
    let side = SURROUNDINGS_PX as i32;
    let centre = f64::from(side / 2 + border);
    let (sin, cos) = angle.sin_cos();
    // The way there: x' = cos·x + sin·y + (1 − cos − sin)·centre, y' = −sin·x + cos·y + (1 + sin − cos)·centre.
    let there = [
        (1.0 - cos) * centre - sin * centre,
        sin * centre + (1.0 - cos) * centre,
    ];
    let scale = 1.0 / (cos * cos + sin * sin);
    let (cos, sin) = (cos * scale, sin * scale);
    let back = [
        -cos * there[0] + sin * there[1],
        -sin * there[0] - cos * there[1],
    ];
    let (left, top) = ((SURROUNDINGS_PX - W) / 2, (SURROUNDINGS_PX - H) / 2);
    let steps: [(i32, i32); W] = core::array::from_fn(|i| {
        let x = (left + i) as f64;
        (nearest(cos * x * ONE), nearest(sin * x * ONE))
    });
    let (x0, y0) = ((region.x - MARGIN_PX) as i32, (region.y - MARGIN_PX) as i32);
    let reach = -border..side + border;
    let (width, height) = (frame.width as i32, frame.height as i32);
    for (i, line) in out.iter_mut().enumerate() {
        let y = (top + i) as f64;
        let from_x = nearest((-sin * y + back[0]) * ONE) + HALF;
        let from_y = nearest((cos * y + back[1]) * ONE) + HALF;
        for (pixel, (dx, dy)) in line.iter_mut().zip(&steps) {
            let x = ((from_x + dx) >> 10) - border;
            let y = ((from_y + dy) >> 10) - border;
            let reached = reach.contains(&x) && reach.contains(&y);
            let (x, y) = (x0 + x, y0 + y);
            *pixel = if reached && (0..width).contains(&x) && (0..height).contains(&y) {
                frame.pixels[(y * width + x) as usize]
            } else {
                0
            };
        }
    }
}

/// The nearest whole number, halves to the even one; for values far below 2³¹.
fn nearest(value: f64) -> i32 {
    // 1.5 × 2⁵²: the sum has no room for a fraction, and its lowest bits are the number in two's complement.
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    (value + SHIFT).to_bits() as u32 as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_the_even_number() {
        let numbers = [0.5, 1.5, -0.5, -1.5, 2.4, -2.6, 36_863.5];
        assert_eq!(numbers.map(nearest), [0, 2, 0, -2, 2, -3, 36_864]);
    }

    #[test]
    fn turning_by_nothing_takes_the_middle() {
        let pixels = (0..36 * 36).map(|i| (i % 251) as u8).collect();
        let frame = Frame {
            width: 36,
            height: 36,
            left: 0,
            top: 0,
            pixels,
        };
        let region = Region {
            x: 2,
            y: 2,
            ridges: true,
            across: 0.0,
        };
        let mut out = [[0u8; REGION_PX]; ALONG_PX];
        turn(&frame, &region, 0.0, false, &mut out);
        assert_eq!(out[0], frame.row(10)[2..34]);
        assert_eq!(out[15], frame.row(25)[2..34]);
        turn(&frame, &region, 0.0, true, &mut out);
        assert_eq!(out[2], frame.row(10)[..32]);
        turn(&frame, &region, PI, false, &mut out);
        let mut turned = frame.row(26)[3..35].to_vec();
        turned.reverse();
        assert_eq!(out[0].to_vec(), turned);
    }
}
