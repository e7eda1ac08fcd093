//! Persons and slaps: ten master fingers that belong together, laid on a platen as the 4-4-2 sequence asks.
//!
//! In: a seed, faults to play. Out: `SyntheticPerson`, slap images of 1600 × 1500 pixels at 500 ppi.
//! Never: names a finger on the picture; the segmenter has to find out.

use std::sync::{Arc, OnceLock};

use qayd_model::{FingerPosition, Hand, Slap};

use super::impression::{ImpressionSettings, draw, impression};
use super::master::{MasterFinger, PatternClass};
use crate::GreyImage;
use crate::seeded::{Seeded, mix};

/// Ten fingers of nobody. Each is made when first asked for and kept.
#[derive(Clone)]
pub struct SyntheticPerson {
    seed: u64,
    fingers: Arc<[OnceLock<MasterFinger>; 10]>,
}

impl core::fmt::Debug for SyntheticPerson {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SyntheticPerson({:#x})", self.seed)
    }
}

impl SyntheticPerson {
    /// The person of a seed; costs nothing until a finger is asked for.
    pub fn make(seed: u64) -> Self {
        Self {
            seed,
            fingers: Arc::new(core::array::from_fn(|_| OnceLock::new())),
        }
    }

    /// The seed the person was made from.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// The master of one finger; loops open towards the little finger, as nearly all do.
    pub fn finger(&self, position: FingerPosition) -> &MasterFinger {
        self.fingers[usize::from(position.code() - 1)].get_or_init(|| {
            let seed = mix(mix(self.seed) ^ u64::from(position.code()));
            let (ulnar, radial) = match position.hand() {
                Hand::Right => (PatternClass::RightLoop, PatternClass::LeftLoop),
                Hand::Left => (PatternClass::LeftLoop, PatternClass::RightLoop),
            };
            let class = match Seeded::make(seed ^ 0x5eed).unit() {
                u if u < 0.05 => PatternClass::Arch,
                u if u < 0.08 => PatternClass::TentedArch,
                u if u < 0.12 => radial,
                u if u < 0.66 => ulnar,
                u if u < 0.94 => PatternClass::Whorl,
                _ => PatternClass::DoubleLoop,
            };
            MasterFinger::make_class(seed, class)
        })
    }

    /// One plain impression of one finger, as everyday as the seed decides.
    pub fn impression(&self, position: FingerPosition, seed: u64) -> GreyImage {
        let mut settings = ImpressionSettings::natural(mix(seed) ^ u64::from(position.code()));
        settings.size = size_of(position);
        impression(self.finger(position), &settings)
    }
}

/// Something that goes wrong in a slap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SlapFault {
    /// Every finger very dry.
    Dry,
    /// Two thirds of one finger is off the platen.
    Partial(FingerPosition),
    /// The other hand was laid down (of thumbs: crossed).
    SwappedHand,
    /// One finger was lifted: three instead of four.
    MissingFinger(FingerPosition),
    /// A finger's place is taken by its neighbour's tip, seen twice.
    SameFingerTwice,
}

/// How a slap was laid down.
#[derive(Debug, Clone, PartialEq)]
pub struct SlapSettings {
    /// Of everything random in it.
    pub seed: u64,
    /// Pixels across at 500 ppi.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// What goes wrong.
    pub faults: Vec<SlapFault>,
}

impl SlapSettings {
    /// A good slap on a 3.2 × 3.0 inch platen.
    pub fn good(seed: u64) -> Self {
        Self {
            seed,
            width: 1_600,
            height: 1_500,
            faults: Vec::new(),
        }
    }

    /// The same with one fault.
    pub fn with(mut self, fault: SlapFault) -> Self {
        self.faults.push(fault);
        self
    }
}

fn size_of(position: FingerPosition) -> f32 {
    match (position.code() - 1) % 5 {
        0 => 1.18,
        1 => 1.0,
        2 => 1.05,
        3 => 1.0,
        _ => 0.84,
    }
}

/// The picture of one presentation of the 4-4-2 sequence: index, middle, ring and little finger of a hand side by
/// side, the middle highest and the little lowest, or both thumbs.
pub fn slap(person: &SyntheticPerson, which: Slap, settings: &SlapSettings) -> GreyImage {
    let mut image = GreyImage::blank(
        settings.width.clamp(400, 4_000),
        settings.height.clamp(400, 4_000),
        252,
    );
    let has = |fault: SlapFault| settings.faults.contains(&fault);
    let swapped = has(SlapFault::SwappedHand);
    let mut laid: Vec<FingerPosition> = match (which, swapped) {
        (Slap::LeftFour, false) | (Slap::RightFour, true) => Slap::LeftFour.fingers().to_vec(),
        (Slap::RightFour, false) | (Slap::LeftFour, true) => Slap::RightFour.fingers().to_vec(),
        (Slap::Thumbs, false) => Slap::Thumbs.fingers().to_vec(),
        (Slap::Thumbs, true) => Slap::Thumbs.fingers().iter().rev().copied().collect(),
    };
    let shape = laid.clone();
    if has(SlapFault::SameFingerTwice) {
        laid[1] = laid[0];
    }
    let mut random = Seeded::make(mix(settings.seed ^ 0x51a9) ^ person.seed());
    let (w, h) = (image.width as f32, image.height as f32);
    let scale = (w / 1_600.0).min(1.0);
    let lean = random.normal() * 3.0;
    let offset = (random.normal() * 12.0 * scale, random.normal() * 25.0);
    for (slot, &finger) in laid.iter().enumerate() {
        let place = shape[slot];
        let missing = settings
            .faults
            .iter()
            .any(|f| matches!(f, SlapFault::MissingFinger(p) if *p == place));
        let mut s = ImpressionSettings::natural(mix(settings.seed) ^ (slot as u64 + 1) << 32);
        s.shift_mm = (0.0, 0.0);
        s.size = size_of(place) * 1.06;
        let (x, y, spread) = stance(place);
        s.rotation_deg = lean + spread + s.rotation_deg * 0.2;
        if has(SlapFault::Dry) {
            s.dryness = 0.95;
        }
        if settings.faults.contains(&SlapFault::Partial(place)) {
            s.partial = 0.65;
        }
        if missing {
            continue;
        }
        let turn = lean.to_radians();
        let (dx, dy) = (x * scale, y);
        let centre = (
            w / 2.0 + offset.0 + dx * turn.cos() - dy * turn.sin(),
            h * 0.42 + offset.1 + dx * turn.sin() + dy * turn.cos() + random.normal() * 6.0,
        );
        draw(person.finger(finger), &s, &mut image, centre, false);
    }
    let noise = 1.0 + random.unit() * 2.0;
    for pixel in &mut image.pixels {
        let value = f32::from(*pixel) + random.normal() * noise;
        *pixel = value.clamp(0.0, 255.0) as u8;
    }
    image
}

/// Where a tip lies from the middle of the platen (pixels, y down) and how far it fans out (degrees).
fn stance(position: FingerPosition) -> (f32, f32, f32) {
    let (x, y, fan) = match (position.code() - 1) % 5 {
        0 => (-260.0, 40.0, -12.0),
        1 => (-510.0, 30.0, -7.0),
        2 => (-175.0, -105.0, -1.5),
        3 => (165.0, -35.0, 3.0),
        _ => (480.0, 190.0, 9.0),
    };
    match position {
        // Thumbs lie side by side, the left one left, tips leaning towards each other.
        FingerPosition::LeftThumb => (x, y, -fan),
        FingerPosition::RightThumb => (-x, y, fan),
        _ if position.hand() == Hand::Right => (x, y, fan),
        _ => (-x, y, -fan),
    }
}
