//! Surroundings: 256 chosen bits for each of the 32 most reliable minutiae, version 2 of the descriptor.
//!
//! In: `Template`. Out: `Surroundings`, fixed size, word-sliced for popcount. Owns: the pool of bits to choose from.
//! Never: holds a picture; prints a minutia.
//!
//! Seen from a minutia and turned with it, two families of yes/no questions make a pool of 776 bits:
//!
//! ```text
//!   flow   72 places on 6 rings; at each: on which side of 4 diameters of the doubled angle does the ridge lie?
//!          8 bits, one of each pair set, none where there are no ridges
//!   cells  5 log-polar rings × 8 sectors: is a minutia there, looking into which quarter (4 bits), or at all (1 bit)?
//! ```
//!
//! Of the pool, 256 bits were chosen for telling true pairs from the most alike false ones (`fitted.rs`,
//! `docs/search.md`). Two minutiae are alike by the bits set in both over the geometric mean of the bits set in each.

use core::f32::consts::{FRAC_PI_2, FRAC_PI_4, PI, TAU};
use std::sync::OnceLock;

use super::descriptor::{Descriptor, DescriptorError, DescriptorVersion};
use super::fitted::CHOSEN;
use super::kernel::{Compare, Glance};
use super::score::{Likelihood, strength, strength_at_a_glance};
use crate::template::{FLOW_CELL_PX, Minutia, PX_PER_UNIT, Template};
use crate::wide::{portable, wide};

/// Most minutiae described.
pub(crate) const POINTS: usize = 32;
/// Words of 64 bits in a code.
pub(crate) const WORDS: usize = 4;
/// Side of the coverage map, in cells.
pub(crate) const COVER: usize = 24;
/// Side of a coverage cell, pixels at 500 ppi.
pub(crate) const COVER_PX: f32 = 32.0;
/// Position units per pixel.
pub(crate) const UNITS_PER_PX: f32 = 4.0;
/// Directions fall into so many classes of 22.5°; the kernel compares a minutia with near classes only.
pub(crate) const CLASSES: usize = 16;

/// Flow: radius of a ring in pixels at 500 ppi, places on it.
const RINGS: [(f32, usize); 6] = [
    (16.0, 8),
    (26.0, 8),
    (38.0, 12),
    (50.0, 12),
    (63.0, 16),
    (78.0, 16),
];
const PLACES: usize = 72;
/// Cells: outer radii of the log-polar rings, pixels.
const SHELLS: [f32; 5] = [16.0, 28.0, 44.0, 66.0, 90.0];
const SECTORS: usize = 8;
const QUARTERS: usize = 4;
const FLOW_BITS: usize = PLACES * 8;
const CELL_BITS: usize = SHELLS.len() * SECTORS * (QUARTERS + 1);
/// All bits one may choose from.
pub const POOL_BITS: usize = FLOW_BITS + CELL_BITS;
/// Flow shorter than this is no ridge.
const FLOW_MIN: f32 = 0.45;
/// A neighbour also falls into cells it misses by less: pixels, and pixels per pixel of distance.
const BLUR_PX: f32 = 2.5;
const BLUR_SHARE: f32 = 0.05;
/// And into quarters it misses by less, radians.
const BLUR_TURN: f32 = 0.3;
/// Codes with fewer bits count as having so many: next to no evidence is never likeness.
const BITS_MIN: u32 = 30;

/// One finger for the search; 1,440 bytes. `Debug` prints a count only.
#[derive(Clone, PartialEq)]
#[repr(align(32))]
pub struct Surroundings {
    /// Word `w` of minutia `m` is `words[w][m]`; minutiae stand by direction; unused ones are zero.
    pub(crate) words: [[u64; POINTS]; WORDS],
    /// 1 / √(bits set), 0 for unused ones.
    pub(crate) inverse: [f32; POINTS],
    /// From the middle of the ridges, 1/4 pixel.
    pub(crate) x: [i16; POINTS],
    pub(crate) y: [i16; POINTS],
    /// 1/256 turn, clockwise (image axes).
    pub(crate) direction: [u8; POINTS],
    /// How many minutiae stand before each class of directions.
    pub(crate) before: [u8; CLASSES],
    /// Bit `c` of row `r`: ridges in that cell, the middle of the map on the middle of the ridges.
    pub(crate) cover: [u32; COVER],
    pub(crate) count: u8,
}

impl core::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Surroundings({} minutiae)", self.count)
    }
}

impl Surroundings {
    /// A finger that is not there.
    pub(crate) const ABSENT: Self = Self {
        words: [[0; POINTS]; WORDS],
        inverse: [0.0; POINTS],
        x: [0; POINTS],
        y: [0; POINTS],
        direction: [0; POINTS],
        before: [0; CLASSES],
        cover: [0; COVER],
        count: 0,
    };

    /// Derives with a choice of bits of one's own; for those who fit and for ablations.
    pub fn derive_with(choice: &Choice, template: &Template) -> Self {
        let flow = Flow::of(template);
        let (middle, cover) = flow.cover();
        let mut points: Vec<Seen> = template
            .minutiae()
            .iter()
            .take(POINTS)
            .map(Seen::of)
            .collect();
        points.sort_by_key(|p| p.direction);
        let mut out = Self {
            cover,
            count: points.len() as u8,
            ..Self::ABSENT
        };
        let mut asked = [false; POOL_BITS];
        for (m, point) in points.iter().enumerate() {
            asked.fill(false);
            choice.ask(&flow, &points, m, &mut asked);
            let mut set = 0;
            for (bit, &question) in choice.chosen.iter().enumerate() {
                if asked[usize::from(question)] {
                    out.words[bit / 64][m] |= 1 << (bit % 64);
                    set += 1;
                }
            }
            let units = |at: f32| (at * UNITS_PER_PX).clamp(-32_000.0, 32_000.0) as i16;
            out.x[m] = units(point.x - middle.0);
            out.y[m] = units(point.y - middle.1);
            out.direction[m] = point.direction;
            out.inverse[m] = inverse(set);
        }
        out.count_before();
        out
    }

    fn count_before(&mut self) {
        let directions = &self.direction[..usize::from(self.count)];
        for (class, before) in self.before.iter_mut().enumerate() {
            *before = directions.partition_point(|d| usize::from(*d) / 16 < class) as u8;
        }
    }

    /// Numbers the fast score is made of, for those who calibrate: likeness of the best pairs, support of the best
    /// placement, matched minutiae, their weight, minutiae in common, coverage cells in common, 1 when looked at
    /// closely.
    pub fn evidence_numbers(&self, other: &Self) -> [f32; 7] {
        wide(Compare(self, other)).numbers()
    }

    /// The same, compared by the portable kernel, whatever the processor can do: for tests and benches.
    pub fn evidence_numbers_portable(&self, other: &Self) -> [f32; 7] {
        portable(Compare(self, other)).numbers()
    }

    /// The answers to every question of the pool, minutia by minutia, for those who choose bits.
    pub fn answers(template: &Template) -> Vec<[bool; POOL_BITS]> {
        let everything = Choice::of(&[]);
        let flow = Flow::of(template);
        let mut points: Vec<Seen> = template
            .minutiae()
            .iter()
            .take(POINTS)
            .map(Seen::of)
            .collect();
        points.sort_by_key(|p| p.direction);
        (0..points.len())
            .map(|m| {
                let mut asked = [false; POOL_BITS];
                everything.ask_all(&flow, &points, m, &mut asked);
                asked
            })
            .collect()
    }

    /// Which minutiae the closer look paired, and which the first look thought alike: for those who choose bits.
    pub fn pairs(&self, other: &Self) -> (PairedMinutiae, PairedMinutiae) {
        super::kernel::pairs(self, other)
    }
}

/// Minutiae of one finger and of another that were taken for the same, by their numbers.
pub type PairedMinutiae = Vec<(u8, u8)>;

fn inverse(set: u32) -> f32 {
    1.0 / (set.max(BITS_MIN) as f32).sqrt()
}

impl Descriptor for Surroundings {
    const VERSION: DescriptorVersion = DescriptorVersion { id: 1, version: 2 };

    fn derive(template: &Template) -> Self {
        static CHOICE: OnceLock<Choice> = OnceLock::new();
        Self::derive_with(CHOICE.get_or_init(|| Choice::of(&CHOSEN)), template)
    }

    fn minutiae(&self) -> usize {
        self.count.into()
    }

    fn likelihood(&self, other: &Self) -> Likelihood {
        Likelihood::of_strength(strength(&wide(Compare(self, other))))
    }

    fn glance(&self, other: &Self) -> Likelihood {
        Likelihood::of_strength(strength_at_a_glance(&wide(Glance(self, other))))
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(BYTES);
        out.extend(Self::VERSION.id.to_be_bytes());
        out.extend(Self::VERSION.version.to_be_bytes());
        out.push(self.count);
        for m in 0..POINTS {
            out.extend(self.x[m].to_be_bytes());
            out.extend(self.y[m].to_be_bytes());
            out.push(self.direction[m]);
            for w in 0..WORDS {
                out.extend(self.words[w][m].to_be_bytes());
            }
        }
        for row in self.cover {
            out.extend(row.to_be_bytes());
        }
        out
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DescriptorError> {
        let (version, rest) = bytes
            .split_at_checked(4)
            .ok_or(DescriptorError::WrongLength)?;
        let found = DescriptorVersion {
            id: u16::from_be_bytes([version[0], version[1]]),
            version: u16::from_be_bytes([version[2], version[3]]),
        };
        if found != Self::VERSION {
            return Err(DescriptorError::OtherVersion {
                id: found.id,
                version: found.version,
            });
        }
        if bytes.len() != BYTES {
            return Err(DescriptorError::WrongLength);
        }
        let count = usize::from(rest[0]);
        if count > POINTS {
            return Err(DescriptorError::OutOfRange("minutiae"));
        }
        let (points, cover) = rest[1..].split_at(POINTS * POINT_BYTES);
        let mut out = Self {
            count: rest[0],
            ..Self::ABSENT
        };
        for (m, point) in points.chunks_exact(POINT_BYTES).enumerate() {
            if m >= count && point.iter().any(|b| *b != 0) {
                return Err(DescriptorError::OutOfRange("unused minutia"));
            }
            out.x[m] = i16::from_be_bytes([point[0], point[1]]);
            out.y[m] = i16::from_be_bytes([point[2], point[3]]);
            out.direction[m] = point[4];
            let mut set = 0;
            for (w, word) in point[5..].chunks_exact(8).enumerate() {
                let word = word.iter().fold(0u64, |sum, b| sum << 8 | u64::from(*b));
                out.words[w][m] = word;
                set += word.count_ones();
            }
            if m < count {
                out.inverse[m] = inverse(set);
            }
        }
        if !out.direction[..count].is_sorted() {
            return Err(DescriptorError::OutOfRange("order"));
        }
        for (row, four) in out.cover.iter_mut().zip(cover.chunks_exact(4)) {
            *row = u32::from_be_bytes([four[0], four[1], four[2], four[3]]);
            if *row >> COVER != 0 {
                return Err(DescriptorError::OutOfRange("cover"));
            }
        }
        out.count_before();
        Ok(out)
    }
}

const POINT_BYTES: usize = 5 + 8 * WORDS;
/// Bytes of a stored descriptor.
const BYTES: usize = 5 + POINTS * POINT_BYTES + COVER * 4;

/// A minutia in pixels at 500 ppi, image axes.
struct Seen {
    x: f32,
    y: f32,
    direction: u8,
    cos: f32,
    sin: f32,
}

impl Seen {
    fn of(m: &Minutia) -> Self {
        // Templates count counter-clockwise, pictures clockwise.
        let direction = m.direction.wrapping_neg();
        let (sin, cos) = (f32::from(direction) * TAU / 256.0).sin_cos();
        Self {
            x: f32::from(m.x) * PX_PER_UNIT,
            y: f32::from(m.y) * PX_PER_UNIT,
            direction,
            cos,
            sin,
        }
    }
}

/// Ridge flow as (cos 2θ, sin 2θ), with a border of nothing, so that it may be averaged anywhere.
struct Flow {
    columns: usize,
    rows: usize,
    cells: Vec<(f32, f32)>,
}

impl Flow {
    fn of(template: &Template) -> Self {
        let grid = &template.flow;
        let (columns, rows) = (usize::from(grid.columns), usize::from(grid.rows));
        let mut cells = vec![(0.0, 0.0); (columns + 2) * (rows + 2)];
        for row in 0..rows {
            for column in 0..columns {
                let code = grid.cells[row * columns + column];
                if code != 0 {
                    let (sin, cos) = (f32::from(code) * TAU / 255.0).sin_cos();
                    cells[(row + 1) * (columns + 2) + column + 1] = (cos, sin);
                }
            }
        }
        Self {
            columns,
            rows,
            cells,
        }
    }

    fn is_ridge(&self, column: usize, row: usize) -> bool {
        column < self.columns
            && row < self.rows
            && self.cells[(row + 1) * (self.columns + 2) + column + 1] != (0.0, 0.0)
    }

    /// Between cell middles; short where there are no ridges.
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        let (gx, gy) = (x / FLOW_CELL_PX + 0.5, y / FLOW_CELL_PX + 0.5);
        let (across, down) = (0.0..(self.columns + 1) as f32, 0.0..(self.rows + 1) as f32);
        if !across.contains(&gx) || !down.contains(&gy) {
            return (0.0, 0.0);
        }
        let (column, row) = (gx as usize, gy as usize);
        let (fx, fy) = (gx - column as f32, gy - row as f32);
        let at = row * (self.columns + 2) + column;
        let below = at + self.columns + 2;
        let mix = |p: (f32, f32), q: (f32, f32), share: f32| {
            (p.0 + (q.0 - p.0) * share, p.1 + (q.1 - p.1) * share)
        };
        let top = mix(self.cells[at], self.cells[at + 1], fx);
        let bottom = mix(self.cells[below], self.cells[below + 1], fx);
        mix(top, bottom, fy)
    }

    /// The middle of the ridges, pixels, and where there are ridges around it.
    fn cover(&self) -> ((f32, f32), [u32; COVER]) {
        let (mut x, mut y, mut n) = (0.0, 0.0, 0.0f32);
        for row in 0..self.rows {
            for column in 0..self.columns {
                if self.is_ridge(column, row) {
                    (x, y, n) = (x + column as f32 + 0.5, y + row as f32 + 0.5, n + 1.0);
                }
            }
        }
        let middle = (x / n.max(1.0) * FLOW_CELL_PX, y / n.max(1.0) * FLOW_CELL_PX);
        let mut cover = [0u32; COVER];
        for (r, row) in cover.iter_mut().enumerate() {
            for c in 0..COVER {
                let px = |at: usize, middle: f32| {
                    (at as f32 + 0.5 - COVER as f32 / 2.0) * COVER_PX + middle
                };
                let (px, py) = (px(c, middle.0), px(r, middle.1));
                let here = px >= 0.0
                    && py >= 0.0
                    && self.is_ridge((px / FLOW_CELL_PX) as usize, (py / FLOW_CELL_PX) as usize);
                *row |= u32::from(here) << c;
            }
        }
        (middle, cover)
    }
}

/// Which questions of the pool make a code, and what has to be looked at to answer them.
pub struct Choice {
    chosen: Vec<u16>,
    /// (place of the pool, along the minutia, across it), pixels.
    places: Vec<(usize, f32, f32)>,
    cells: bool,
}

impl core::fmt::Debug for Choice {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Choice({} bits)", self.chosen.len())
    }
}

impl Choice {
    /// The questions in use, the most telling first; for those who fit.
    pub const fn questions_in_use() -> &'static [u16] {
        &CHOSEN
    }

    /// The first 256 of these questions, each below [`POOL_BITS`]; others are left out.
    pub fn of(questions: &[u16]) -> Self {
        let chosen: Vec<u16> = questions
            .iter()
            .copied()
            .filter(|q| usize::from(*q) < POOL_BITS)
            .take(64 * WORDS)
            .collect();
        let wanted = |place: usize| chosen.iter().any(|q| usize::from(*q) / 8 == place);
        Self {
            places: all_places().filter(|p| wanted(p.0)).collect(),
            cells: chosen.iter().any(|q| usize::from(*q) >= FLOW_BITS),
            chosen,
        }
    }

    fn ask(&self, flow: &Flow, points: &[Seen], m: usize, answers: &mut [bool; POOL_BITS]) {
        for place in &self.places {
            ask_flow(flow, &points[m], *place, answers);
        }
        if self.cells {
            ask_cells(points, m, answers);
        }
    }

    fn ask_all(&self, flow: &Flow, points: &[Seen], m: usize, answers: &mut [bool; POOL_BITS]) {
        for place in all_places() {
            ask_flow(flow, &points[m], place, answers);
        }
        ask_cells(points, m, answers);
    }
}

fn all_places() -> impl Iterator<Item = (usize, f32, f32)> {
    RINGS
        .iter()
        .flat_map(|&(radius, count)| {
            (0..count).map(move |k| {
                let (sin, cos) = (TAU * k as f32 / count as f32).sin_cos();
                (radius * cos, radius * sin)
            })
        })
        .enumerate()
        .map(|(place, (along, across))| (place, along, across))
}

fn ask_flow(
    flow: &Flow,
    m: &Seen,
    (place, along, across): (usize, f32, f32),
    answers: &mut [bool; POOL_BITS],
) {
    let (c, s) = flow.at(
        m.x + along * m.cos - across * m.sin,
        m.y + along * m.sin + across * m.cos,
    );
    if c * c + s * s < FLOW_MIN * FLOW_MIN {
        return;
    }
    // The doubled angle seen from the minutia.
    let (c2, s2) = (m.cos * m.cos - m.sin * m.sin, 2.0 * m.cos * m.sin);
    let (c, s) = (c * c2 + s * s2, s * c2 - c * s2);
    for (pair, side) in [c, s, c + s, c - s].into_iter().enumerate() {
        answers[place * 8 + pair * 2 + usize::from(side <= 0.0)] = true;
    }
}

fn ask_cells(points: &[Seen], m: usize, answers: &mut [bool; POOL_BITS]) {
    let me = &points[m];
    for (other, point) in points.iter().enumerate() {
        let (dx, dy) = (point.x - me.x, point.y - me.y);
        let distance = (dx * dx + dy * dy).sqrt();
        if other == m || !(3.0..98.0).contains(&distance) {
            continue;
        }
        let bearing = (dy * me.cos - dx * me.sin)
            .atan2(dx * me.cos + dy * me.sin)
            .rem_euclid(TAU);
        let turn = f32::from(point.direction.wrapping_sub(me.direction)) * TAU / 256.0;
        let blur = BLUR_PX + BLUR_SHARE * distance;
        let blur_turn = (blur / distance.max(8.0)).min(0.6);
        let mut inner = 0.0;
        for (shell, &outer) in SHELLS.iter().enumerate() {
            let within = distance >= inner - blur && distance < outer + blur;
            inner = outer;
            if !within {
                continue;
            }
            for sector in 0..SECTORS {
                if off(bearing, (sector as f32 + 0.5) * FRAC_PI_4) > FRAC_PI_4 / 2.0 + blur_turn {
                    continue;
                }
                let cell = shell * SECTORS + sector;
                answers[FLOW_BITS + SHELLS.len() * SECTORS * QUARTERS + cell] = true;
                for quarter in 0..QUARTERS {
                    if off(turn, (quarter as f32 + 0.5) * FRAC_PI_2) < FRAC_PI_4 + BLUR_TURN {
                        answers[FLOW_BITS + cell * QUARTERS + quarter] = true;
                    }
                }
            }
        }
    }
}

/// How far two angles of 0 to a full turn lie apart.
fn off(a: f32, b: f32) -> f32 {
    let d = (a - b).abs();
    if d > PI { TAU - d } else { d }
}
