//! Slaps: several fingertips in one picture, found, cut out and named from left to right.
//!
//! In: a slap image, which slap was asked for. Out: `SlapFinger`s, named only when their number is the expected one.
//! Owns: the geometry of hands. Never: takes three fingers for four, or a left hand for a right one in silence.

use qayd_model::{FingerPosition, Hand, Ppi, Remedy, Slap};

use crate::{GreyImage, ImageError};

/// Where a fingertip lies, in pixels of the slap image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// One fingertip of a slap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlapFinger {
    /// Its name, when as many tips were found as expected; otherwise none is named.
    pub position: Option<FingerPosition>,
    /// Where it lies.
    pub bounds: Bounds,
    /// Area of contact, mm².
    pub area_mm2: u32,
    /// How far the tip leans from upright, degrees clockwise, −90 to 90; uncertain for round blobs.
    pub lean_deg: i16,
    /// The tip alone; neighbours are blanked.
    pub image: GreyImage,
}

/// Why a slap cannot be cut.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SlapError {
    /// Its own fields contradict each other, or it is empty.
    #[error("not a usable picture")]
    Image(#[from] ImageError),
    /// Nothing that could be a fingertip.
    #[error("no fingertip found")]
    NoFinger,
    /// More blobs than a slap can hold: dirt, or not a slap.
    #[error("{0} separate areas found")]
    TooMany(usize),
}

impl SlapError {
    /// Stable code for logs and messages.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Image(_) => "SLP-01",
            Self::NoFinger => "SLP-02",
            Self::TooMany(_) => "SLP-03",
        }
    }

    /// Who can do something about it.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Image(inner) => inner.remedy(),
            _ => Remedy::OperatorActs,
        }
    }
}

/// Side of a cell of the search grid, mm.
const CELL_MM: f32 = 0.8;
/// A tip has at least this contact area, mm². A very partial one still has.
const TIP_AREA_MIN_MM2: f32 = 35.0;
/// A tip is at least this share of the largest tip.
const TIP_SHARE_MIN: f32 = 0.15;
/// Most tips looked at.
const TIPS_MAX: usize = 8;
/// White margin around a cut, mm.
const MARGIN_MM: f32 = 1.2;

/// One blob of touching cells.
struct Blob {
    cells: Vec<usize>,
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
}

struct Grid {
    cell_px: usize,
    columns: usize,
    rows: usize,
    label: Vec<u16>,
}

/// Finds the fingertips of a slap, from left to right, and names them when there are as many as `expected` has.
/// The caller compares the length: three tips for four come back as three without names.
///
/// # Errors
/// [`SlapError`]: an unusable picture, no tip, or far too many.
pub fn segment_slap(image: &GreyImage, expected: Slap) -> Result<Vec<SlapFinger>, SlapError> {
    segment_slap_without(image, expected, &[])
}

/// The same for a hand that lacks `missing` fingers (exceptions the supervisor agreed to).
///
/// # Errors
/// As [`segment_slap`].
pub fn segment_slap_without(
    image: &GreyImage,
    expected: Slap,
    missing: &[FingerPosition],
) -> Result<Vec<SlapFinger>, SlapError> {
    image.check()?;
    let (grid, blobs) = find_blobs(image)?;
    let names: Vec<FingerPosition> = expected
        .fingers()
        .iter()
        .copied()
        .filter(|f| !missing.contains(f))
        .collect();
    let all_there = blobs.len() == names.len();
    let cells_mm2 = CELL_MM * CELL_MM;
    let mut fingers = Vec::with_capacity(blobs.len());
    for (slot, blob) in blobs.iter().enumerate() {
        let bounds = bounds_of(image, &grid, blob);
        fingers.push(SlapFinger {
            position: if all_there {
                names.get(slot).copied()
            } else {
                None
            },
            bounds,
            area_mm2: (blob.cells.len() as f32 * cells_mm2) as u32,
            lean_deg: lean_of(&grid, blob),
            image: cut(image, &grid, (slot + 1) as u16, bounds)?,
        });
    }
    Ok(fingers)
}

fn find_blobs(image: &GreyImage) -> Result<(Grid, Vec<Blob>), SlapError> {
    let cell_px = ((CELL_MM * f32::from(image.ppi.0) / 25.4) as usize).max(4);
    let (columns, rows) = (
        image.width as usize / cell_px,
        image.height as usize / cell_px,
    );
    if columns < 3 || rows < 3 {
        return Err(SlapError::NoFinger);
    }
    let ink = ink_of_cells(image, cell_px, columns, rows);
    let ink = crate::orientation::blur_grid(&ink, columns, rows, 0.9);
    let mut sorted = ink.clone();
    sorted.sort_by(f32::total_cmp);
    let strong = sorted[sorted.len() * 97 / 100];
    let floor = (strong * 0.3).max(6.0);
    let mut grid = Grid {
        cell_px,
        columns,
        rows,
        label: vec![0; columns * rows],
    };
    let mut blobs = Vec::new();
    let mut seen = vec![false; ink.len()];
    for start in 0..ink.len() {
        if seen[start] || ink[start] < floor {
            continue;
        }
        blobs.push(flood(start, &ink, floor, &mut seen, columns, rows));
    }
    let largest = blobs
        .iter()
        .map(|b: &Blob| b.cells.len())
        .max()
        .unwrap_or(0) as f32;
    let least = (TIP_AREA_MIN_MM2 / (CELL_MM * CELL_MM)).max(largest * TIP_SHARE_MIN);
    blobs.retain(|b| b.cells.len() as f32 >= least);
    if blobs.is_empty() {
        return Err(SlapError::NoFinger);
    }
    if blobs.len() > TIPS_MAX {
        return Err(SlapError::TooMany(blobs.len()));
    }
    blobs.sort_by_key(|b| (b.left + b.right, b.top));
    for (i, blob) in blobs.iter().enumerate() {
        for &cell in &blob.cells {
            grid.label[cell] = (i + 1) as u16;
        }
    }
    Ok((grid, blobs))
}

/// Standard deviation of the grey values of each cell: ridges vary, paper and shadows do not.
fn ink_of_cells(image: &GreyImage, cell_px: usize, columns: usize, rows: usize) -> Vec<f32> {
    let width = image.width as usize;
    let n = (cell_px * cell_px) as f32;
    (0..columns * rows)
        .map(|i| {
            let (x0, y0) = (i % columns * cell_px, i / columns * cell_px);
            let (mut sum, mut squares) = (0u32, 0u64);
            for y in y0..y0 + cell_px {
                for &v in &image.pixels[y * width + x0..y * width + x0 + cell_px] {
                    sum += u32::from(v);
                    squares += u64::from(v) * u64::from(v);
                }
            }
            let mean = sum as f32 / n;
            (squares as f32 / n - mean * mean).max(0.0).sqrt()
        })
        .collect()
}

fn flood(
    start: usize,
    ink: &[f32],
    floor: f32,
    seen: &mut [bool],
    columns: usize,
    rows: usize,
) -> Blob {
    let mut blob = Blob {
        cells: vec![start],
        left: columns,
        right: 0,
        top: rows,
        bottom: 0,
    };
    seen[start] = true;
    let mut next = 0;
    while next < blob.cells.len() {
        let i = blob.cells[next];
        next += 1;
        let (x, y) = (i % columns, i / columns);
        blob.left = blob.left.min(x);
        blob.right = blob.right.max(x);
        blob.top = blob.top.min(y);
        blob.bottom = blob.bottom.max(y);
        for (nx, ny) in [
            (x.wrapping_sub(1), y),
            (x + 1, y),
            (x, y.wrapping_sub(1)),
            (x, y + 1),
        ] {
            if nx < columns && ny < rows {
                let j = ny * columns + nx;
                if !seen[j] && ink[j] >= floor {
                    seen[j] = true;
                    blob.cells.push(j);
                }
            }
        }
    }
    blob
}

/// The blob's box with a margin; of a long finger only the tip's 30 mm.
fn bounds_of(image: &GreyImage, grid: &Grid, blob: &Blob) -> Bounds {
    let px_per_mm = f32::from(image.ppi.0) / 25.4;
    let margin = (MARGIN_MM * px_per_mm) as usize;
    let left = (blob.left * grid.cell_px).saturating_sub(margin);
    let top = (blob.top * grid.cell_px).saturating_sub(margin);
    let right = ((blob.right + 1) * grid.cell_px + margin).min(image.width as usize);
    let bottom = ((blob.bottom + 1) * grid.cell_px + margin).min(image.height as usize);
    let tallest = (30.0 * px_per_mm) as usize;
    let height = (bottom - top).min(tallest);
    Bounds {
        x: left as u32,
        y: top as u32,
        width: (right - left) as u32,
        height: height as u32,
    }
}

/// Direction of the blob's long axis, degrees clockwise from upright.
fn lean_of(grid: &Grid, blob: &Blob) -> i16 {
    let n = blob.cells.len() as f32;
    let place = |i: usize| ((i % grid.columns) as f32, (i / grid.columns) as f32);
    let (sx, sy) = blob
        .cells
        .iter()
        .fold((0.0, 0.0), |s, &i| (s.0 + place(i).0, s.1 + place(i).1));
    let (mx, my) = (sx / n, sy / n);
    let (mut xx, mut xy, mut yy) = (0.0f32, 0.0f32, 0.0f32);
    for &i in &blob.cells {
        let (dx, dy) = (place(i).0 - mx, place(i).1 - my);
        (xx, xy, yy) = (xx + dx * dx, xy + dx * dy, yy + dy * dy);
    }
    // y runs down: an axis from lower left to upper right leans clockwise.
    (0.5 * (-2.0 * xy).atan2(yy - xx)).to_degrees() as i16
}

/// The box as a picture of its own, with cells of other blobs blanked.
fn cut(
    image: &GreyImage,
    grid: &Grid,
    label: u16,
    bounds: Bounds,
) -> Result<GreyImage, ImageError> {
    let mut pixels = Vec::with_capacity(bounds.width as usize * bounds.height as usize);
    for y in bounds.y..bounds.y + bounds.height {
        for x in bounds.x..bounds.x + bounds.width {
            let (column, row) = (x as usize / grid.cell_px, y as usize / grid.cell_px);
            let inside = column < grid.columns && row < grid.rows;
            let owner = if inside {
                grid.label[row * grid.columns + column]
            } else {
                0
            };
            pixels.push(if owner == 0 || owner == label {
                image.at(x, y)
            } else {
                255
            });
        }
    }
    GreyImage::new(bounds.width, bounds.height, Ppi(image.ppi.0), pixels)
}

/// Which hand four tips look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HandCheck {
    /// A left hand: little finger on the left.
    Left,
    /// A right hand: little finger on the right.
    Right,
    /// The tips do not say.
    Unsure,
}

impl HandCheck {
    /// Does this speak against the hand that was asked for? `Unsure` never does.
    pub fn contradicts(self, hand: Hand) -> bool {
        matches!(
            (self, hand),
            (Self::Left, Hand::Right) | (Self::Right, Hand::Left)
        )
    }
}

/// The hand is turned on the platen by at most this, degrees; more is taken for a bad measurement of the blobs.
const TURN_MAX_DEG: f32 = 15.0;

/// Which hand lies on the platen, by the geometry of its four tips: the little finger is the lowest and the smallest
/// and lies outside, the middle finger is the higher of the inner two. The row is turned upright first, by the mean
/// lean of the tips. Anything but four tips is [`HandCheck::Unsure`]; a plain check, which matching confirms
/// ([`crate::hand_swapped`]).
pub fn hand_check(fingers: &[SlapFinger]) -> HandCheck {
    let [a, b, c, d] = fingers else {
        return HandCheck::Unsure;
    };
    let lean = fingers.iter().map(|f| f32::from(f.lean_deg)).sum::<f32>() / 4.0;
    let (sin, cos) = lean
        .clamp(-TURN_MAX_DEG, TURN_MAX_DEG)
        .to_radians()
        .sin_cos();
    // Middle of the blob, up by half its height: the tip, along the finger.
    let tip = |f: &SlapFinger| {
        let (x, y) = (
            f.bounds.x as f32 + f.bounds.width as f32 / 2.0,
            f.bounds.y as f32 + f.bounds.height as f32 / 2.0,
        );
        let half = f.bounds.height as f32 / 2.0;
        (x * cos + y * sin, y * cos - x * sin - half)
    };
    let area = |f: &SlapFinger| (f.area_mm2 as f32).max(1.0);
    let span = (tip(d).0 - tip(a).0).max(1.0);
    // Positive speaks for a right hand in all three.
    let outer = (tip(d).1 - tip(a).1) / span;
    let inner = (tip(c).1 - tip(b).1) / span;
    let size = (area(a) / area(d)).ln().clamp(-0.8, 0.8);
    let vote = 5.0 * outer + 3.0 * inner + 1.2 * size;
    if vote > VOTE_MIN {
        HandCheck::Right
    } else if vote < -VOTE_MIN {
        HandCheck::Left
    } else {
        HandCheck::Unsure
    }
}

/// Less than this either way is no answer.
const VOTE_MIN: f32 = 0.45;
