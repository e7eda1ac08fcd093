//! Signature: what a finger or pen draws on the pad.
//!
//! In: points of the pad in pixels. Out: a path for the screen, a PNG for the draft. Never: more points than a signature
//! can have.

use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma};

/// Points beyond this are not taken: no signature has so many.
const POINTS_MAX: usize = 20_000;
/// Half the width of the line, in pixels.
const PEN_PX: f32 = 2.5;
/// Longest side of the pad that is drawn.
const SIDE_PX_MAX: f32 = 4_000.0;

/// The strokes so far.
#[derive(Debug, Default)]
pub struct Strokes {
    strokes: Vec<Vec<(f32, f32)>>,
    points: usize,
}

impl Strokes {
    /// Another point; `begins` a stroke, or goes on with the last one.
    pub fn point(&mut self, x: f32, y: f32, begins: bool) {
        if self.points >= POINTS_MAX || !x.is_finite() || !y.is_finite() {
            return;
        }
        self.points += 1;
        match self.strokes.last_mut() {
            Some(stroke) if !begins => stroke.push((x, y)),
            _ => self.strokes.push(vec![(x, y)]),
        }
    }

    /// The drawing in the language of SVG paths.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for stroke in &self.strokes {
            for (n, (x, y)) in stroke.iter().enumerate() {
                let verb = if n == 0 { 'M' } else { 'L' };
                path.push_str(&format!("{verb}{x:.1} {y:.1} "));
            }
        }
        path
    }

    /// The drawing as a grey PNG of the pad's size, black on white; `None` while nothing is drawn.
    pub fn png(&self, width: f32, height: f32) -> Option<Vec<u8>> {
        let side = |length: f32| length.clamp(1.0, SIDE_PX_MAX) as u32;
        if self.points < 2 {
            return None;
        }
        let mut pad = GrayImage::from_pixel(side(width), side(height), Luma([255]));
        for stroke in &self.strokes {
            for pair in stroke.windows(2) {
                line(&mut pad, pair[0], pair[1]);
            }
        }
        let mut png = Cursor::new(Vec::new());
        pad.write_to(&mut png, ImageFormat::Png).ok()?;
        Some(png.into_inner())
    }
}

fn line(pad: &mut GrayImage, (x0, y0): (f32, f32), (x1, y1): (f32, f32)) {
    let steps = (x1 - x0).abs().max((y1 - y0).abs()).clamp(1.0, SIDE_PX_MAX) as usize * 2;
    for n in 0..=steps {
        let t = n as f32 / steps as f32;
        dot(pad, x0 + (x1 - x0) * t, y0 + (y1 - y0) * t);
    }
}

fn dot(pad: &mut GrayImage, x: f32, y: f32) {
    let reach = PEN_PX.ceil() as i64;
    for dy in -reach..=reach {
        for dx in -reach..=reach {
            let (px, py) = (x.round() as i64 + dx, y.round() as i64 + dy);
            if (dx * dx + dy * dy) as f32 > PEN_PX * PEN_PX {
                continue;
            }
            if let (Ok(px), Ok(py)) = (u32::try_from(px), u32::try_from(py))
                && px < pad.width()
                && py < pad.height()
            {
                pad.put_pixel(px, py, Luma([0]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stroke_becomes_black_pixels_and_nothing_is_nothing() {
        let mut strokes = Strokes::default();
        assert_eq!(strokes.png(100.0, 50.0), None);
        strokes.point(10.0, 10.0, true);
        strokes.point(60.0, 30.0, false);
        let png = strokes.png(100.0, 50.0).unwrap();
        let picture = image::load_from_memory(&png).unwrap().into_luma8();
        assert_eq!((picture.width(), picture.height()), (100, 50));
        assert_eq!(picture.get_pixel(10, 10).0, [0]);
        assert_eq!(picture.get_pixel(90, 45).0, [255]);
    }

    #[test]
    fn points_without_end_are_not_kept() {
        let mut strokes = Strokes::default();
        for n in 0..100_000 {
            strokes.point(n as f32, f32::NAN, false);
            strokes.point(n as f32, 1.0, false);
        }
        assert!(strokes.path().len() < 1_000_000);
    }
}
