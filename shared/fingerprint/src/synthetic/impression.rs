//! Impressions: what a scanner would see of a master finger on one occasion.
//!
//! In: `MasterFinger` and settings. Out: a `GreyImage` at 500 ppi, white ground, dark ridges.
//! Owns: placement, skin distortion, pressure, moisture, contact area, sensor noise.

use qayd_model::Ppi;

use super::master::MasterFinger;
use crate::GreyImage;
use crate::seeded::{NoiseField, Seeded, mix};

/// How a finger was laid down. [`Default`] is a clean, straight, complete impression of 300 × 400 pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct ImpressionSettings {
    /// Of everything random in this impression.
    pub seed: u64,
    /// Pixels across, 32 to 2,000.
    pub width: u32,
    /// Pixels down, 32 to 2,000.
    pub height: u32,
    /// Clockwise, degrees.
    pub rotation_deg: f32,
    /// To the right and down, millimetres.
    pub shift_mm: (f32, f32),
    /// 0 barely touching, 0.5 as wished, 1 pressed hard.
    pub pressure: f32,
    /// −1 wet, 0 as wished, 1 very dry.
    pub dryness: f32,
    /// Share of the finger that is not on the platen, 0 to 1.
    pub partial: f32,
    /// 0 a clean platen, 1 dirty and noisy.
    pub noise: f32,
    /// Skin distortion in pixels, about 0 to 6.
    pub distortion_px: f32,
    /// Size of the contact area: 1 an index finger, 0.84 a little one, 1.2 a thumb.
    pub size: f32,
}

impl Default for ImpressionSettings {
    fn default() -> Self {
        Self {
            seed: 0,
            width: 300,
            height: 400,
            rotation_deg: 0.0,
            shift_mm: (0.0, 0.0),
            pressure: 0.5,
            dryness: 0.0,
            partial: 0.0,
            noise: 0.15,
            distortion_px: 1.5,
            size: 1.0,
        }
    }
}

impl ImpressionSettings {
    /// An everyday impression: a little turned, shifted, dry or damp.
    pub fn natural(seed: u64) -> Self {
        let mut random = Seeded::make(mix(seed ^ 0x1297));
        Self {
            seed,
            rotation_deg: random.normal() * 7.0,
            shift_mm: (random.normal() * 0.8, random.normal() * 1.1),
            pressure: (0.5 + random.normal() * 0.13).clamp(0.1, 0.9),
            dryness: random.normal() * 0.22,
            partial: 0.0,
            noise: random.between(0.1, 0.4),
            distortion_px: random.between(1.0, 3.5),
            ..Self::default()
        }
    }
}

/// The picture of one presentation. Same master and settings: the same picture.
pub fn impression(master: &MasterFinger, settings: &ImpressionSettings) -> GreyImage {
    let width = settings.width.clamp(32, 2_000);
    let height = settings.height.clamp(32, 2_000);
    let mut image = GreyImage::blank(width, height, 255);
    let centre = (width as f32 / 2.0, height as f32 / 2.0);
    draw(master, settings, &mut image, centre, true);
    image
}

/// Draws the finger with its middle at `centre` (pixels). With `ground` the platen's own grey is drawn too; without,
/// only pixels darker than what is there change, so that several fingers share one image.
pub(crate) fn draw(
    master: &MasterFinger,
    settings: &ImpressionSettings,
    image: &mut GreyImage,
    centre: (f32, f32),
    ground: bool,
) {
    let mut random = Seeded::make(mix(settings.seed) ^ master.seed());
    let (sin, cos) = settings.rotation_deg.to_radians().sin_cos();
    let px_per_mm = f32::from(Ppi(500).0) / 25.4;
    let middle = (
        centre.0 + settings.shift_mm.0 * px_per_mm,
        centre.1 + settings.shift_mm.1 * px_per_mm,
    );
    let skin = Skin::make(&mut random, settings);
    let reach = 260.0 * settings.size.max(0.3);
    let (left, right) = range(middle.0, reach, image.width, ground);
    let (top, bottom) = range(middle.1, reach, image.height, ground);
    let width = image.width as usize;
    for y in top..bottom {
        for x in left..right {
            let (dx, dy) = (x as f32 - middle.0, y as f32 - middle.1);
            let (u, v) = (dx * cos + dy * sin, dy * cos - dx * sin);
            let value = skin.grey(master, u, v, ground, &mut random);
            let pixel = &mut image.pixels[y * width + x];
            *pixel = (*pixel).min(value);
        }
    }
}

fn range(middle: f32, reach: f32, length: u32, whole: bool) -> (usize, usize) {
    if whole {
        return (0, length as usize);
    }
    let low = (middle - reach).max(0.0) as usize;
    let high = (middle + reach).max(0.0) as usize;
    (low.min(length as usize), high.min(length as usize))
}

/// One presentation's skin and platen, in finger coordinates.
struct Skin {
    bend_x: NoiseField,
    bend_y: NoiseField,
    twist: f32,
    distortion_px: f32,
    patch: NoiseField,
    grain: NoiseField,
    edge: NoiseField,
    radius: (f32, f32),
    cut: Option<(f32, f32, f32)>,
    bias: f32,
    breaks: f32,
    softness: f32,
    ink: f32,
    noise: f32,
    paper: f32,
}

/// Noise fields cover this many pixels around the middle.
const FIELD: usize = 600;

impl Skin {
    fn make(random: &mut Seeded, s: &ImpressionSettings) -> Self {
        let pressure = s.pressure.clamp(0.0, 1.0);
        let dry = s.dryness.clamp(0.0, 1.0);
        let wet = (-s.dryness).clamp(0.0, 1.0);
        let radius = (
            (126.0 + 26.0 * (pressure - 0.5)) * s.size,
            (184.0 + 30.0 * (pressure - 0.5)) * s.size,
        );
        let partial = s.partial.clamp(0.0, 1.0);
        let cut = (partial > 0.0).then(|| {
            let angle = random.between(0.0, core::f32::consts::TAU);
            let (sin, cos) = angle.sin_cos();
            let extent = (radius.0 * cos).hypot(radius.1 * sin);
            (cos, sin, extent * (1.0 - 2.0 * partial))
        });
        Self {
            bend_x: NoiseField::make(random, FIELD, FIELD, 120.0),
            bend_y: NoiseField::make(random, FIELD, FIELD, 120.0),
            twist: random.normal() * 0.012 * s.distortion_px,
            distortion_px: s.distortion_px,
            patch: NoiseField::make(random, FIELD, FIELD, 45.0),
            grain: NoiseField::make(random, FIELD, FIELD, 2.6),
            edge: NoiseField::make(random, FIELD, FIELD, 75.0),
            radius,
            cut,
            bias: (pressure - 0.5) * 0.7 + wet * 2.0 - dry * 0.25,
            breaks: 0.18 + dry * 1.5 + s.noise * 0.25,
            softness: 2.6 - wet * 1.5,
            ink: (205.0 + 35.0 * wet - 70.0 * dry) * (0.18 + 0.82 * (pressure * 2.5).min(1.0)),
            noise: s.noise.clamp(0.0, 1.0),
            paper: 250.0 - 12.0 * s.noise.clamp(0.0, 1.0),
        }
    }

    /// The grey value at `(u, v)` pixels from the finger's middle.
    fn grey(&self, master: &MasterFinger, u: f32, v: f32, ground: bool, random: &mut Seeded) -> u8 {
        let (fx, fy) = (u + FIELD as f32 / 2.0, v + FIELD as f32 / 2.0);
        let distance = ((u / self.radius.0).powi(2) + (v / self.radius.1).powi(2)).sqrt();
        if distance > 1.35 {
            return if ground { self.platen(random) } else { 255 };
        }
        let mut contact = (1.0 + 0.03 * self.edge.at(fx, fy) - distance) * 9.0;
        if let Some((cos, sin, limit)) = self.cut {
            contact =
                contact.min((limit - (u * cos + v * sin)) * 0.12 + self.edge.at(fx, fy) * 0.5);
        }
        if contact <= 0.0 {
            return if ground { self.platen(random) } else { 255 };
        }
        let contact = contact.min(1.0);
        let far = (distance * distance).min(1.0);
        let x = u + self.distortion_px * self.bend_x.at(fx, fy) - v * self.twist * far;
        let y = v + self.distortion_px * self.bend_y.at(fx, fy) + u * self.twist * far;
        let height = master.height(x, y) + self.bias + 0.28 * self.patch.at(fx, fy)
            - 0.55 * (1.0 - contact)
            - self.breaks * (self.grain.at(fx, fy) * 0.55 + 0.12);
        let ink = (height * self.softness * 0.5 + 0.5).clamp(0.0, 1.0);
        let value = self.paper - ink * contact.sqrt() * self.ink
            + random.normal() * (2.0 + 10.0 * self.noise);
        value.clamp(0.0, 255.0) as u8
    }

    fn platen(&self, random: &mut Seeded) -> u8 {
        (self.paper + random.normal() * (1.0 + 6.0 * self.noise)).clamp(0.0, 255.0) as u8
    }
}
