//! People as templates: galleries of nobodies without a picture, a thousand times cheaper than drawing fingers.
//!
//! In: a seed. Out: templates of a person's fingers, as many impressions as asked for. Owns: how far impressions of
//! one finger differ; `docs/search.md` compares the scores with those of real fingers.
//! Never: a real person's finger; the same seed gives the same templates.
//!
//! ```text
//!   pattern class → cores and deltas → flow → minutiae ─ placed, bent, dropped, added, jittered ─► template
//! ```

use core::f32::consts::{PI, TAU};

use qayd_model::{FingerPosition, Hand};

use crate::seeded::{NoiseField, Seeded, mix};
use crate::template::{FLOW_CELL_PX, FlowGrid, Minutia, MinutiaKind, PX_PER_UNIT, Template};

/// Picture of an impression, pixels at 500 ppi.
const WIDTH_PX: f32 = 320.0;
const HEIGHT_PX: f32 = 416.0;
/// Half axes of the fingertip that may be seen.
const TIP_PX: (f32, f32) = (140.0, 195.0);
/// Side of the square that smooth noise is made for.
const FIELD_PX: usize = 640;
/// Minutiae of a finger: mean and spread.
const MINUTIAE: (f32, f32) = (52.0, 9.0);
/// No two lie nearer.
const APART_PX: f32 = 13.0;
/// Flow of a finger strays from its class by about so much, radians, over so many pixels.
const STRAY: (f32, f32) = (0.10, 90.0);

/// How an impression differs from its finger; `quality` of 0 to 1 mixes good with poor.
const SHIFT_PX: f32 = 24.0;
const TURN: f32 = 0.14;
const BEND_PX: (f32, f32) = (2.0, 7.0);
const BEND_OVER_PX: f32 = 110.0;
const JITTER_PX: (f32, f32) = (1.2, 2.6);
const JITTER_TURN: (f32, f32) = (0.08, 0.18);
const DROPPED: (f32, f32) = (0.10, 0.58);
const ADDED: (f32, f32) = (2.0, 16.0);
const FLOW_NOISE: (f32, f32) = (0.03, 0.12);

/// Ten fingers of nobody, as templates. Costs nothing until asked for an impression.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TemplatePerson {
    seed: u64,
}

impl core::fmt::Debug for TemplatePerson {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "TemplatePerson({:#x})", self.seed)
    }
}

impl TemplatePerson {
    /// The person of a seed.
    pub const fn make(seed: u64) -> Self {
        Self { seed }
    }

    /// One impression of one finger, as everyday as the seed decides; about 0.1 ms.
    pub fn impression(self, position: FingerPosition, seed: u64) -> Template {
        let finger = mix(mix(self.seed ^ 0x7e3a_11d0) ^ u64::from(position.code()));
        Finger::make(finger, position.hand()).impression(mix(finger ^ mix(seed)))
    }

    /// All ten, of one sitting.
    pub fn ten(self, seed: u64) -> Vec<(FingerPosition, Template)> {
        FingerPosition::ALL
            .iter()
            .map(|position| (*position, self.impression(*position, seed)))
            .collect()
    }
}

/// A finger around its middle, pixels, image axes.
struct Finger {
    cores: Vec<(f32, f32)>,
    deltas: Vec<(f32, f32)>,
    /// Height of the arch where there is no core.
    arch: f32,
    stray: NoiseField,
    minutiae: Vec<Mark>,
}

struct Mark {
    x: f32,
    y: f32,
    angle: f32,
    kind: MinutiaKind,
    /// 0 to 1: how surely an impression shows it.
    clear: f32,
}

impl Finger {
    fn make(seed: u64, hand: Hand) -> Self {
        let mut random = Seeded::make(seed);
        let ulnar = if hand == Hand::Right { 1.0 } else { -1.0 };
        let at = |x: f32, y: f32, spread: f32, random: &mut Seeded| {
            (x + spread * random.normal(), y + spread * random.normal())
        };
        // Shares of the classes as in `synthetic::SyntheticPerson`.
        let class = random.unit();
        let side = if (0.08..0.12).contains(&class) {
            -ulnar
        } else {
            ulnar
        };
        let (mut cores, mut deltas, mut arch) = (Vec::new(), Vec::new(), 0.0);
        if class < 0.05 {
            arch = random.between(0.5, 1.1);
        } else if class < 0.08 {
            cores.push(at(0.0, -5.0, 8.0, &mut random));
            deltas.push(at(0.0, 85.0, 10.0, &mut random));
        } else if class < 0.66 {
            cores.push(at(0.0, -10.0, 12.0, &mut random));
            deltas.push(at(-side * 85.0, 95.0, 20.0, &mut random));
        } else {
            let apart = if class < 0.94 { 14.0 } else { 34.0 };
            let lean = random.between(-0.9, 0.9);
            let (dx, dy) = (apart * lean, apart * (1.0 - lean * lean).sqrt());
            cores.push(at(-dx, -10.0 - dy, 6.0, &mut random));
            cores.push(at(dx, -10.0 + dy, 6.0, &mut random));
            deltas.push(at(-95.0, 100.0, 18.0, &mut random));
            deltas.push(at(95.0, 100.0, 18.0, &mut random));
        }
        let stray = NoiseField::make(&mut random, FIELD_PX, FIELD_PX, STRAY.1);
        let mut finger = Self {
            cores,
            deltas,
            arch,
            stray,
            minutiae: Vec::new(),
        };
        finger.scatter(&mut random);
        finger
    }

    fn scatter(&mut self, random: &mut Seeded) {
        let wanted = (MINUTIAE.0 + MINUTIAE.1 * random.normal()).max(20.0) as usize;
        for _ in 0..wanted * 8 {
            if self.minutiae.len() == wanted {
                break;
            }
            let (x, y) = (
                random.between(-TIP_PX.0, TIP_PX.0),
                random.between(-TIP_PX.1, TIP_PX.1),
            );
            let near = |m: &Mark| (m.x - x).hypot(m.y - y) < APART_PX;
            if !in_tip(x, y) || self.minutiae.iter().any(near) {
                continue;
            }
            let half = if random.unit() < 0.5 { 0.0 } else { PI };
            self.minutiae.push(Mark {
                x,
                y,
                angle: self.flow(x, y) + half,
                kind: if random.unit() < 0.6 {
                    MinutiaKind::Ending
                } else {
                    MinutiaKind::Bifurcation
                },
                clear: random.unit(),
            });
        }
    }

    /// Orientation of the ridges, radians, by the zero-pole model (B. Sherlock, D. Monro, Pattern Recognition 26(7), 1993)
    /// and smooth noise.
    fn flow(&self, x: f32, y: f32) -> f32 {
        let mut angle = 0.0;
        for core in &self.cores {
            angle += 0.5 * (y - core.1).atan2(x - core.0);
        }
        for delta in &self.deltas {
            angle -= 0.5 * (y - delta.1).atan2(x - delta.0);
        }
        if self.arch > 0.0 {
            // Flat at the crease and at the tip, steepest on both sides of the middle.
            let rise = (1.0 - (y / 170.0) * (y / 170.0)).max(0.0);
            angle += self.arch * rise * (x / 110.0 * PI).clamp(-PI, PI).sin();
        }
        let half = FIELD_PX as f32 / 2.0;
        angle + STRAY.0 * self.stray.at(x + half, y + half)
    }

    fn impression(&self, seed: u64) -> Template {
        let mut random = Seeded::make(seed);
        // Most impressions are good, some poor.
        let poor = random.unit() * random.unit();
        let grade = |(good, bad): (f32, f32)| good + (bad - good) * poor;
        let place = Place::make(&mut random, grade(BEND_PX));
        let mut found = Vec::with_capacity(self.minutiae.len() + 16);
        let jitter = grade(JITTER_PX);
        for m in &self.minutiae {
            let seen = random.unit() > grade(DROPPED) * (1.5 - m.clear);
            let (x, y, turn) = place.forth(m.x, m.y);
            let (x, y) = (x + jitter * random.normal(), y + jitter * random.normal());
            let angle = m.angle + turn + grade(JITTER_TURN) * random.normal();
            let swapped = random.unit() < 0.15;
            let reliability = 0.35 + 0.45 * m.clear - 0.2 * poor + 0.12 * random.normal();
            if seen && place.shows(m.x, m.y, x, y) {
                let kind = match (m.kind, swapped) {
                    (MinutiaKind::Ending, false) | (MinutiaKind::Bifurcation, true) => {
                        MinutiaKind::Ending
                    }
                    _ => MinutiaKind::Bifurcation,
                };
                found.push(minutia(x, y, angle, kind, reliability));
            }
        }
        for _ in 0..(grade(ADDED) * random.unit() * 2.0) as usize {
            let (x, y) = (
                random.between(0.0, WIDTH_PX),
                random.between(0.0, HEIGHT_PX),
            );
            let (fx, fy) = place.back(x, y);
            let half = if random.unit() < 0.5 { 0.0 } else { PI };
            let reliability = random.between(0.15, 0.6);
            if place.shows(fx, fy, x, y) {
                let angle = self.flow(fx, fy) + place.turn + half;
                found.push(minutia(x, y, angle, MinutiaKind::Ending, reliability));
            }
        }
        let flow = self.flow_grid(&place, grade(FLOW_NOISE), &mut random);
        Template::make(units(WIDTH_PX), units(HEIGHT_PX), flow, found)
    }

    fn flow_grid(&self, place: &Place, noise: f32, random: &mut Seeded) -> FlowGrid {
        let (columns, rows) = (
            (WIDTH_PX / FLOW_CELL_PX) as u8,
            (HEIGHT_PX / FLOW_CELL_PX) as u8,
        );
        let mut cells = Vec::with_capacity(usize::from(columns) * usize::from(rows));
        for row in 0..rows {
            for column in 0..columns {
                let x = (f32::from(column) + 0.5) * FLOW_CELL_PX;
                let y = (f32::from(row) + 0.5) * FLOW_CELL_PX;
                let (fx, fy) = place.back(x, y);
                let stray = noise * random.normal();
                cells.push(if place.shows(fx, fy, x, y) {
                    let turn = (self.flow(fx, fy) + place.turn + stray).rem_euclid(PI) / PI;
                    1 + ((turn * 255.0) as u8).min(254)
                } else {
                    0
                });
            }
        }
        // Ridges are not drawn, so their waves are unknown.
        FlowGrid {
            columns,
            rows,
            periods: vec![0; cells.len()],
            phases: vec![0; cells.len()],
            cells,
        }
    }
}

fn in_tip(x: f32, y: f32) -> bool {
    let (u, v) = (x / TIP_PX.0, y / TIP_PX.1);
    u * u + v * v < 1.0
}

/// Where an impression's finger lies on the platen, and how its skin is pulled.
struct Place {
    shift: (f32, f32),
    cos: f32,
    sin: f32,
    turn: f32,
    bend: (NoiseField, NoiseField),
    bend_px: f32,
    /// Share of the tip that touches.
    touch: f32,
}

impl Place {
    fn make(random: &mut Seeded, bend_px: f32) -> Self {
        let turn = TURN * random.normal();
        let (sin, cos) = turn.sin_cos();
        Self {
            shift: (SHIFT_PX * random.normal(), SHIFT_PX * random.normal()),
            cos,
            sin,
            turn,
            bend: (
                NoiseField::make(random, FIELD_PX, FIELD_PX, BEND_OVER_PX),
                NoiseField::make(random, FIELD_PX, FIELD_PX, BEND_OVER_PX),
            ),
            bend_px,
            touch: random.between(0.78, 1.0),
        }
    }

    /// From the finger to the picture, with the turn there.
    fn forth(&self, x: f32, y: f32) -> (f32, f32, f32) {
        let half = FIELD_PX as f32 / 2.0;
        let (x, y) = (
            x + self.bend_px * self.bend.0.at(x + half, y + half),
            y + self.bend_px * self.bend.1.at(x + half, y + half),
        );
        (
            self.cos * x - self.sin * y + self.shift.0 + WIDTH_PX / 2.0,
            self.sin * x + self.cos * y + self.shift.1 + HEIGHT_PX / 2.0,
            self.turn,
        )
    }

    /// From the picture to the finger; the pull of the skin is small enough to leave out for flow.
    fn back(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (
            x - self.shift.0 - WIDTH_PX / 2.0,
            y - self.shift.1 - HEIGHT_PX / 2.0,
        );
        (
            self.cos * dx + self.sin * dy,
            -self.sin * dx + self.cos * dy,
        )
    }

    /// Does this part of the finger touch, and on the picture?
    fn shows(&self, finger_x: f32, finger_y: f32, x: f32, y: f32) -> bool {
        in_tip(finger_x / self.touch, finger_y / self.touch)
            && (0.0..WIDTH_PX).contains(&x)
            && (0.0..HEIGHT_PX).contains(&y)
    }
}

fn units(px: f32) -> u16 {
    (px / PX_PER_UNIT + 0.5) as u16
}

fn minutia(x: f32, y: f32, angle: f32, kind: MinutiaKind, reliability: f32) -> Minutia {
    let turn = (-angle / TAU).rem_euclid(1.0);
    Minutia {
        x: units(x),
        y: units(y),
        direction: ((turn * 256.0 + 0.5) as u32 % 256) as u8,
        kind,
        reliability: (reliability * 100.0).clamp(1.0, 100.0) as u8,
    }
}
