//! Portraits: plainly drawn faces of nobody, in colour, on a light ground.
//!
//! In: a seed and a size. Out: `RgbImage`. Never: mistaken for a photograph; they are drawings on purpose.

use crate::ImageError;
use crate::seeded::{NoiseField, Seeded, mix};

/// An 8-bit colour image: row-major, top row first, three bytes a pixel.
#[derive(Clone, PartialEq, Eq)]
pub struct RgbImage {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// `3 × width × height` values: red, green, blue.
    pub pixels: Vec<u8>,
}

impl core::fmt::Debug for RgbImage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "RgbImage({} × {})", self.width, self.height)
    }
}

impl RgbImage {
    /// As PNG.
    ///
    /// # Errors
    /// [`ImageError::NotEncoded`].
    pub fn encode_png(&self) -> Result<Vec<u8>, ImageError> {
        crate::grey::encode(
            &self.pixels,
            self.width,
            self.height,
            image::ExtendedColorType::Rgb8,
        )
    }

    /// As JPEG of a quality between 1 and 100.
    ///
    /// # Errors
    /// [`ImageError::NotEncoded`].
    pub fn encode_jpeg(&self, quality: u8) -> Result<Vec<u8>, ImageError> {
        let mut out = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, quality.clamp(1, 100))
            .encode(
                &self.pixels,
                self.width,
                self.height,
                image::ExtendedColorType::Rgb8,
            )
            .map_err(|source| ImageError::NotEncoded { source })?;
        Ok(out)
    }
}

type Colour = [f32; 3];

const SKINS: [Colour; 6] = [
    [244.0, 212.0, 184.0],
    [232.0, 190.0, 155.0],
    [214.0, 168.0, 130.0],
    [190.0, 143.0, 106.0],
    [158.0, 112.0, 80.0],
    [122.0, 84.0, 60.0],
];
const HAIRS: [Colour; 5] = [
    [28.0, 24.0, 24.0],
    [52.0, 36.0, 28.0],
    [84.0, 56.0, 36.0],
    [120.0, 116.0, 114.0],
    [150.0, 104.0, 60.0],
];
const IRISES: [Colour; 4] = [
    [70.0, 44.0, 26.0],
    [96.0, 66.0, 36.0],
    [70.0, 96.0, 74.0],
    [82.0, 108.0, 132.0],
];
const CLOTHES: [Colour; 6] = [
    [52.0, 70.0, 104.0],
    [104.0, 50.0, 56.0],
    [60.0, 92.0, 74.0],
    [70.0, 70.0, 78.0],
    [150.0, 132.0, 104.0],
    [92.0, 72.0, 110.0],
];

/// One person's face in numbers; lengths in heads (1 = the face's half height).
struct Face {
    skin: Colour,
    hair: Colour,
    iris: Colour,
    cloth: Colour,
    breadth: f32,
    jaw: f32,
    eye_gap: f32,
    eye_size: f32,
    brow: f32,
    nose: f32,
    mouth: f32,
    fringe: f32,
    hair_length: f32,
    beard: bool,
    moustache: bool,
    scarf: bool,
    glasses: bool,
    tilt: f32,
    light: f32,
}

impl Face {
    fn make(seed: u64) -> Self {
        let mut r = Seeded::make(mix(seed ^ 0xface));
        let scarf = r.unit() < 0.2;
        let beard = !scarf && r.unit() < 0.25;
        Self {
            skin: SKINS[r.below(SKINS.len())],
            hair: HAIRS[r.below(HAIRS.len())],
            iris: IRISES[[0, 0, 0, 0, 1, 1, 2, 3][r.below(8)]],
            cloth: CLOTHES[r.below(CLOTHES.len())],
            breadth: r.between(0.68, 0.8),
            jaw: r.between(0.1, 0.4),
            eye_gap: r.between(0.29, 0.35),
            eye_size: r.between(0.1, 0.125),
            brow: r.between(0.02, 0.045),
            nose: r.between(0.09, 0.14),
            mouth: r.between(0.19, 0.26),
            fringe: r.between(-0.72, -0.5),
            hair_length: if beard {
                r.between(-0.1, 0.1)
            } else {
                r.between(-0.1, 1.3)
            },
            beard,
            moustache: beard || (!scarf && r.unit() < 0.12),
            scarf,
            glasses: r.unit() < 0.15,
            tilt: r.normal() * 0.012,
            light: r.between(-0.08, 0.08),
        }
    }
}

/// A drawn face, seen from the front, eyes open, on a light ground. The same seed is the same person.
/// Sizes below 64 are drawn as 64, above 4,000 as 4,000.
pub fn portrait(seed: u64, width: u32, height: u32) -> RgbImage {
    let (width, height) = (width.clamp(64, 4_000), height.clamp(64, 4_000));
    let face = Face::make(seed);
    let mut random = Seeded::make(mix(seed ^ 0x9071));
    let (w, h) = (width as f32, height as f32);
    let unit = (h * 0.33).min(w * 0.40);
    let centre = (w * 0.5, h * 0.47);
    let pixel_size = 1.0 / unit;
    let strands = NoiseField::make(&mut random, 400, 40, 3.0);
    let mut pixels = Vec::with_capacity(3 * width as usize * height as usize);
    for py in 0..height {
        for px in 0..width {
            let (dx, dy) = (
                (px as f32 + 0.5 - centre.0) / unit,
                (py as f32 + 0.5 - centre.1) / unit,
            );
            let (x, y) = (dx + dy * face.tilt, dy - dx * face.tilt);
            let colour = shade(&face, x, y, pixel_size, &strands);
            let grain = random.normal() * 1.5;
            pixels.extend(colour.map(|c| (c + grain).clamp(0.0, 255.0) as u8));
        }
    }
    RgbImage {
        width,
        height,
        pixels,
    }
}

/// Paints `over` on `under` where `inside` is positive, soft over one pixel. `inside` is a distance in heads.
fn paint(under: &mut Colour, over: Colour, inside: f32, pixel: f32, strength: f32) {
    let a = (inside / pixel + 0.5).clamp(0.0, 1.0) * strength;
    for (u, o) in under.iter_mut().zip(over) {
        *u += (o - *u) * a;
    }
}

/// Roughly the distance inside an ellipse's edge.
fn ellipse(x: f32, y: f32, rx: f32, ry: f32) -> f32 {
    (1.0 - (x / rx).hypot(y / ry)) * rx.min(ry)
}

fn dim(colour: Colour, by: f32) -> Colour {
    colour.map(|c| (c * by).min(255.0))
}

/// The head's edge: an ellipse that narrows to the chin.
fn head(face: &Face, x: f32, y: f32) -> f32 {
    let narrow = if y > 0.0 {
        1.0 - face.jaw * 0.5 * y * y
    } else {
        1.0
    };
    ellipse(x / narrow, y, face.breadth, 1.0)
}

fn shade(face: &Face, x: f32, y: f32, pixel: f32, strands: &NoiseField) -> Colour {
    let ground = 226.0 - 10.0 * y;
    let mut colour = [ground, ground + 2.0, ground + 5.0];
    behind(face, x, y, pixel, strands, &mut colour);
    let side = 1.0 + face.light * x - 0.10 * (x / face.breadth).powi(2) - 0.05 * y;
    let skin = dim(face.skin, side);
    // Neck, its shadow, ears, head.
    paint(
        &mut colour,
        dim(skin, 0.86),
        (0.38 - x.abs()).min(1.5 - y).min(y - 0.4),
        pixel,
        1.0,
    );
    for ear in [-1.0, 1.0] {
        paint(
            &mut colour,
            dim(skin, 0.9),
            ellipse(x - ear * face.breadth * 0.99, y - 0.05, 0.09, 0.18),
            pixel,
            1.0,
        );
    }
    paint(&mut colour, skin, head(face, x, y), pixel, 1.0);
    for cheek in [-1.0, 1.0] {
        let blush = ellipse(x - cheek * 0.4, y - 0.32, 0.2, 0.16);
        paint(
            &mut colour,
            [skin[0], skin[1] * 0.9, skin[2] * 0.88],
            blush,
            0.3,
            0.35,
        );
    }
    features(face, x, y, pixel, skin, &mut colour);
    front(face, x, y, pixel, strands, &mut colour);
    colour
}

/// Shoulders and the hair that falls behind the head.
fn behind(face: &Face, x: f32, y: f32, pixel: f32, strands: &NoiseField, colour: &mut Colour) {
    if !face.scarf {
        let fall = ellipse(x, y + 0.18, face.breadth * 1.22, 0.98).max(if y > -0.2 {
            (face.breadth * 1.2 - x.abs()).min(face.hair_length - y)
        } else {
            -1.0
        });
        let tone = 0.92 + 0.1 * strands.at(x * 120.0 + 200.0, y * 4.0 + 20.0);
        paint(colour, dim(face.hair, tone), fall, pixel, 1.0);
    }
    let slope = 1.22 + 0.28 * x * x;
    paint(
        colour,
        dim(face.cloth, 1.0 - 0.1 * x.abs()),
        (y - slope).min(1.55 - x.abs() + (y - 1.2) * 0.4),
        pixel,
        1.0,
    );
    paint(
        colour,
        dim(face.cloth, 0.8),
        (y - slope - 0.02).min(0.05 - (x.abs() - 0.42 - 0.1 * (y - 1.2)).abs()),
        pixel,
        1.0,
    );
}

fn features(face: &Face, x: f32, y: f32, pixel: f32, skin: Colour, colour: &mut Colour) {
    for side in [-1.0, 1.0] {
        let (ex, ey) = (x - side * face.eye_gap, y + 0.08);
        let lid = face.eye_size * 0.5 * (1.0 - (ex / (face.eye_size * 1.5)).powi(2)).max(-1.0);
        let open = lid - ey.abs();
        paint(
            colour,
            dim(skin, 0.82),
            ellipse(ex, ey + 0.02, face.eye_size * 1.75, face.eye_size * 0.95),
            0.05,
            0.6,
        );
        paint(colour, [248.0, 246.0, 244.0], open, pixel, 1.0);
        let iris = face.eye_size * 0.52;
        paint(
            colour,
            face.iris,
            ellipse(ex, ey, iris, iris).min(open),
            pixel,
            1.0,
        );
        paint(
            colour,
            [14.0, 12.0, 12.0],
            ellipse(ex, ey, iris * 0.45, iris * 0.45).min(open),
            pixel,
            1.0,
        );
        paint(
            colour,
            [255.0; 3],
            ellipse(ex - iris * 0.3, ey + iris * 0.35, iris * 0.2, iris * 0.2),
            pixel,
            0.9,
        );
        let lash = 0.014 - (ey + lid.max(0.0)).abs();
        paint(
            colour,
            dim(face.hair, 0.6),
            lash.min(face.eye_size * 1.5 - ex.abs()),
            pixel,
            0.9,
        );
        let brow = face.brow - (y + 0.31 - 0.06 * (ex * side * 4.0 + 0.2).powi(2)).abs();
        paint(colour, face.hair, brow.min(0.19 - ex.abs()), pixel, 0.85);
    }
    // Nose: a shaded side, a tip, two nostrils.
    let ridge = (0.035 + 0.05 * (y + 0.1).max(0.0) - (x - 0.03).abs())
        .min(y + 0.05)
        .min(0.34 - y);
    paint(colour, dim(skin, 0.9), ridge, 0.05, 0.6);
    paint(
        colour,
        dim(skin, 0.93),
        ellipse(x, y - 0.34, face.nose, 0.075),
        0.03,
        0.9,
    );
    for side in [-1.0, 1.0] {
        paint(
            colour,
            dim(skin, 0.5),
            ellipse(x - side * face.nose * 0.5, y - 0.375, 0.032, 0.018),
            pixel,
            1.0,
        );
    }
    if face.moustache {
        paint(
            colour,
            face.hair,
            (0.05 - (y - 0.475 - 0.25 * x * x).abs()).min(0.27 - x.abs()),
            0.02,
            0.9,
        );
    }
    let bow = 0.03 * (x / face.mouth).powi(2);
    let lips = 0.055 * (1.0 - (x / face.mouth).powi(2)) - (y - 0.58 + bow).abs();
    let red = [skin[0] * 0.86, skin[1] * 0.62, skin[2] * 0.6];
    paint(colour, red, lips, pixel, 1.0);
    paint(
        colour,
        dim(red, 0.55),
        (0.008 - (y - 0.575 + bow).abs()).min(face.mouth - x.abs()),
        pixel,
        0.9,
    );
    if face.glasses {
        for side in [-1.0, 1.0] {
            let rim = 0.018 - ellipse(x - side * face.eye_gap, y + 0.06, 0.24, 0.19).abs();
            paint(colour, [40.0, 40.0, 46.0], rim, pixel, 1.0);
        }
        paint(
            colour,
            [40.0, 40.0, 46.0],
            (0.014 - (y + 0.1).abs()).min(face.eye_gap - 0.22 - x.abs()),
            pixel,
            1.0,
        );
    }
}

/// Beard, fringe or scarf: what lies over the face's edge.
fn front(face: &Face, x: f32, y: f32, pixel: f32, strands: &NoiseField, colour: &mut Colour) {
    let tone = 0.95 + 0.14 * strands.at(x * 150.0 + 200.0, y * 6.0 + 20.0);
    let inside = head(face, x, y);
    if face.beard {
        let mouth_free = -ellipse(x, y - 0.58, 0.29, 0.13);
        let edge = (y - 0.42 + 0.55 * (0.7 - x.abs()).max(0.0))
            .min(inside + 0.05)
            .min(mouth_free);
        let jaw = (y - 0.3 + 0.1 * x.abs())
            .min(edge)
            .min(x.abs() * 2.0 + y - 0.78);
        paint(colour, dim(face.hair, tone), jaw, 0.03, 0.92);
    }
    let outline = ellipse(x, y + 0.13, face.breadth * 1.16, 1.03);
    if face.scarf {
        let opening = -ellipse(x, y - 0.08, face.breadth * 0.93, 0.86);
        let cloth = outline.max(
            (face.breadth * 1.22 + 0.2 * y - x.abs())
                .min(y + 0.1)
                .min(1.5 - y),
        );
        let fold = 0.95 + 0.08 * strands.at(x * 20.0 + 100.0, y * 14.0 + 20.0);
        paint(
            colour,
            dim(face.cloth, 1.2 * fold),
            cloth.min(opening),
            pixel,
            1.0,
        );
    } else {
        let line = face.fringe + 0.55 * x * x - y;
        let temple = (x.abs() - face.breadth * 0.9).min(0.0 - y);
        paint(
            colour,
            dim(face.hair, tone),
            outline.min(line.max(temple)),
            pixel,
            1.0,
        );
    }
}
