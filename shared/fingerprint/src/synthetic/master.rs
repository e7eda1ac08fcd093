//! Master fingers: the ridge pattern of a finger that never was, larger than any impression of it.
//!
//! In: a seed. Out: `MasterFinger`, a plane of ridge height. Owns: pattern classes and ridge growth.
//!
//!   seed → class, cores, deltas → orientation → noise filtered again and again → ridges with minutiae
//!
//! Sources: orientation from cores and deltas after B. Sherlock, D. Monro (Pattern Recognition 26(7), 1993);
//! growth by repeated oriented filtering after R. Cappelli's SFinGe (Handbook of Fingerprint Recognition, ch. 6).

use crate::plane::Plane;
use crate::ridge_filter::{BLOCK, Block, Blocks, filter};
use crate::seeded::{NoiseField, Seeded, mix};

/// Size of a master in pixels at 500 ppi: 17.3 mm × 23.4 mm.
pub(crate) const MASTER_WIDTH: usize = 340;
/// See [`MASTER_WIDTH`].
pub(crate) const MASTER_HEIGHT: usize = 460;

/// How the ridges run (Henry's classes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PatternClass {
    /// Ridges cross the finger and rise in the middle.
    Arch,
    /// An arch with one upright ridge: core above delta.
    TentedArch,
    /// Ridges enter and leave on the left of the image.
    LeftLoop,
    /// Ridges enter and leave on the right of the image.
    RightLoop,
    /// Ridges turn around the middle: two cores, two deltas.
    Whorl,
    /// Two loops that wind around each other.
    DoubleLoop,
}

/// The ridge pattern of one synthetic finger. Making one takes tens of milliseconds: keep it.
#[derive(Clone)]
pub struct MasterFinger {
    seed: u64,
    class: PatternClass,
    /// Ridge height, −100 (valley) to 100 (ridge), `MASTER_WIDTH × MASTER_HEIGHT`.
    ridges: Vec<i8>,
}

impl core::fmt::Debug for MasterFinger {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "MasterFinger({:#x}, {:?})", self.seed, self.class)
    }
}

struct Singularities {
    cores: Vec<(f32, f32)>,
    deltas: Vec<(f32, f32)>,
}

impl MasterFinger {
    /// A finger of a class as frequent as in nature.
    pub fn make(seed: u64) -> Self {
        let class = match Seeded::make(mix(seed ^ 0xc1a5)).unit() {
            u if u < 0.05 => PatternClass::Arch,
            u if u < 0.09 => PatternClass::TentedArch,
            u if u < 0.40 => PatternClass::LeftLoop,
            u if u < 0.71 => PatternClass::RightLoop,
            u if u < 0.93 => PatternClass::Whorl,
            _ => PatternClass::DoubleLoop,
        };
        Self::make_class(seed, class)
    }

    /// A finger of a given class.
    pub fn make_class(seed: u64, class: PatternClass) -> Self {
        let mut random = Seeded::make(mix(seed));
        let blocks = ridge_flow(&mut random, class);
        let plane = grow(&mut random, &blocks);
        let ridges = plane
            .values
            .iter()
            .map(|v| (v * 100.0).clamp(-100.0, 100.0) as i8)
            .collect();
        let mut finger = Self {
            seed,
            class,
            ridges,
        };
        finger.crease(&mut random);
        finger
    }

    /// Its pattern class.
    pub const fn class(&self) -> PatternClass {
        self.class
    }

    /// The seed it was made from.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Ridge height at a place in pixels from the middle, −1 to 1; valley outside.
    pub(crate) fn height(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (
            x + MASTER_WIDTH as f32 / 2.0,
            y + MASTER_HEIGHT as f32 / 2.0,
        );
        if x < 0.0 || y < 0.0 {
            return -1.0;
        }
        let (cx, cy) = (x as usize, y as usize);
        if cx + 1 >= MASTER_WIDTH || cy + 1 >= MASTER_HEIGHT {
            return -1.0;
        }
        let (fx, fy) = (x - cx as f32, y - cy as f32);
        let i = cy * MASTER_WIDTH + cx;
        let value = |j: usize| f32::from(self.ridges[j]);
        let top = value(i) + (value(i + 1) - value(i)) * fx;
        let j = i + MASTER_WIDTH;
        let bottom = value(j) + (value(j + 1) - value(j)) * fx;
        (top + (bottom - top) * fy) * 0.01
    }

    /// Up to two white creases that belong to the finger.
    fn crease(&mut self, random: &mut Seeded) {
        let count = [0, 0, 0, 1, 1, 2][random.below(6)];
        for _ in 0..count {
            let (mut x, mut y) = (random.between(60.0, 280.0), random.between(80.0, 400.0));
            let mut angle = random.between(-0.7, 0.7);
            let half_width = random.between(0.8, 1.6);
            for _ in 0..random.between(30.0, 110.0) as usize {
                angle += random.normal() * 0.03;
                x += angle.cos();
                y += angle.sin();
                for dy in -3i32..=3 {
                    let (px, py) = (x as i32, y as i32 + dy);
                    if px < 0 || py < 0 || px >= MASTER_WIDTH as i32 || py >= MASTER_HEIGHT as i32 {
                        continue;
                    }
                    let depth = (half_width + 1.0 - dy.abs() as f32).clamp(0.0, 1.0);
                    let cell = &mut self.ridges[py as usize * MASTER_WIDTH + px as usize];
                    *cell = (f32::from(*cell) * (1.0 - depth) - 90.0 * depth) as i8;
                }
            }
        }
    }
}

/// Cores and deltas in pixels from the middle, y up.
fn singularities(random: &mut Seeded, class: PatternClass) -> Singularities {
    let x = random.between(-26.0, 26.0);
    let y = random.between(-25.0, 50.0);
    let drop = random.between(95.0, 165.0);
    let side = random.between(65.0, 125.0);
    let (cores, deltas) = match class {
        PatternClass::Arch => (vec![], vec![]),
        PatternClass::TentedArch => (
            vec![(x, y - 20.0)],
            vec![(x + random.between(-6.0, 6.0), y - 20.0 - drop * 0.7)],
        ),
        // The delta of a loop lies on the side away from the opening.
        PatternClass::LeftLoop => (vec![(x, y)], vec![(x + side, y - drop)]),
        PatternClass::RightLoop => (vec![(x, y)], vec![(x - side, y - drop)]),
        PatternClass::Whorl => {
            let gap = random.between(12.0, 34.0);
            let lean = random.between(-8.0, 8.0);
            (
                vec![(x - lean, y + gap), (x + lean, y - gap)],
                vec![
                    (x - side, y - drop * random.between(0.75, 1.0)),
                    (x + side, y - drop * random.between(0.75, 1.0)),
                ],
            )
        }
        PatternClass::DoubleLoop => {
            let gap = random.between(26.0, 44.0);
            let lean = random.between(18.0, 30.0) * if random.unit() < 0.5 { 1.0 } else { -1.0 };
            (
                vec![(x - lean, y + gap), (x + lean, y - gap)],
                vec![(x - side, y - drop), (x + side, y - drop)],
            )
        }
    };
    Singularities { cores, deltas }
}

/// Orientation and period of every block of the master.
fn ridge_flow(random: &mut Seeded, class: PatternClass) -> Blocks {
    let points = singularities(random, class);
    let mut blocks = Blocks::new(MASTER_WIDTH, MASTER_HEIGHT);
    let period = random.between(7.9, 10.2);
    let period_noise = NoiseField::make(random, MASTER_WIDTH, MASTER_HEIGHT, 70.0);
    let bend = NoiseField::make(random, MASTER_WIDTH, MASTER_HEIGHT, 110.0);
    let bend_by = random.between(0.08, 0.2);
    let rise = random.between(0.6, 1.3);
    let arch = random.between(0.75, 1.25);
    let columns = blocks.columns;
    for (i, cell) in blocks.cells.iter_mut().enumerate() {
        let px = ((i % columns) * BLOCK + BLOCK / 2) as f32;
        let py = ((i / columns) * BLOCK + BLOCK / 2) as f32;
        let (x, y) = (
            px - MASTER_WIDTH as f32 / 2.0,
            MASTER_HEIGHT as f32 / 2.0 - py,
        );
        let angle = if class == PatternClass::Arch {
            // Ridges rise towards the middle of the lower half and flatten at the top.
            let hump = (-((y + 20.0) / 110.0).powi(2)).exp();
            -arch * hump * (x / 75.0) * (-(x / 95.0).powi(2)).exp() * 1.6
                - rise * (x / 170.0) * step(y, -60.0, 160.0)
        } else {
            let turn =
                |list: &[(f32, f32)]| list.iter().map(|p| (y - p.1).atan2(x - p.0)).sum::<f32>();
            0.5 * (turn(&points.cores) - turn(&points.deltas))
                - rise * (x / 170.0) * step(y, -40.0, 200.0)
        };
        // Lower ridges are wider apart than those of the tip.
        let low = step(-y, 60.0, 220.0);
        *cell = Block {
            orientation: -(angle + bend_by * bend.at(px, py)),
            period: period * (1.0 + 0.06 * period_noise.at(px, py) + 0.12 * low),
            ridges: true,
        };
    }
    blocks
}

fn step(value: f32, from: f32, to: f32) -> f32 {
    let t = ((value - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Filters noise at half size until ridges stand, then twice at full size.
fn grow(random: &mut Seeded, blocks: &Blocks) -> Plane {
    let (half_w, half_h) = (MASTER_WIDTH / 2, MASTER_HEIGHT / 2);
    let mut half = Blocks::new(half_w, half_h);
    for row in 0..half.rows {
        for column in 0..half.columns {
            let from = blocks.at(column * 2 * BLOCK + BLOCK, row * 2 * BLOCK + BLOCK);
            half.cells[row * half.columns + column] = Block {
                period: from.period / 2.0,
                ..from
            };
        }
    }
    let mut plane = Plane::new(half_w, half_h);
    plane
        .values
        .iter_mut()
        .for_each(|v| *v = random.normal() * 0.5);
    for _ in 0..GROWTH_STEPS {
        plane = filter(&plane, &half);
        saturate(&mut plane, 2.5);
    }
    let mut full = Plane::new(MASTER_WIDTH, MASTER_HEIGHT);
    for y in 0..MASTER_HEIGHT {
        for x in 0..MASTER_WIDTH {
            full.values[y * MASTER_WIDTH + x] =
                plane.sample(x as f32 * 0.5 - 0.25, y as f32 * 0.5 - 0.25);
        }
    }
    for _ in 0..2 {
        full = filter(&full, blocks);
        saturate(&mut full, 2.0);
    }
    full
}

const GROWTH_STEPS: usize = 16;

/// Pushes values towards −1 and 1 without a function call per pixel.
fn saturate(plane: &mut Plane, gain: f32) {
    for v in &mut plane.values {
        let t = (*v * gain).clamp(-1.5, 1.5);
        *v = t - t * t * t * (4.0 / 27.0);
    }
}
