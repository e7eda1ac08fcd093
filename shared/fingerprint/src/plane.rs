//! Planes: images of real numbers, the working form of every step between pixels and minutiae.
//!
//! In: grey pixels. Out: smoothed and normalised planes. Owns: the box blur.
//! Never: keeps a resolution; every plane is at 500 ppi.

/// Row-major, top row first.
#[derive(Clone)]
pub(crate) struct Plane {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) values: Vec<f32>,
}

impl Plane {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            values: vec![0.0; width * height],
        }
    }

    pub(crate) fn from_bytes(width: usize, height: usize, bytes: &[u8]) -> Self {
        Self {
            width,
            height,
            values: bytes.iter().map(|&b| f32::from(b)).collect(),
        }
    }

    /// Bilinear value; outside, the nearest edge's.
    pub(crate) fn sample(&self, x: f32, y: f32) -> f32 {
        let x = x.clamp(0.0, self.width as f32 - 1.001);
        let y = y.clamp(0.0, self.height as f32 - 1.001);
        let (cx, cy) = (x as usize, y as usize);
        let (fx, fy) = (x - cx as f32, y - cy as f32);
        let right = (cx + 1).min(self.width - 1);
        let below = (cy + 1).min(self.height - 1);
        let v = &self.values;
        let top = v[cy * self.width + cx] * (1.0 - fx) + v[cy * self.width + right] * fx;
        let bottom = v[below * self.width + cx] * (1.0 - fx) + v[below * self.width + right] * fx;
        top + (bottom - top) * fy
    }

    /// Mean over a square of `2 radius + 1` pixels a side, edges repeated; linear in the number of pixels.
    pub(crate) fn box_blur(&self, radius: usize) -> Self {
        if radius == 0 || self.values.is_empty() {
            return self.clone();
        }
        let (w, h) = (self.width, self.height);
        let share = 1.0 / (2 * radius + 1) as f32;
        let mut rows = Self::new(w, h);
        // A running sum waits for the one before it: several lines at once fill the time.
        let together = ABREAST * w;
        let whole = h / ABREAST * together;
        let (above, below) = rows.values.split_at_mut(whole);
        for (source, target) in self.values[..whole]
            .chunks_exact(together)
            .zip(above.chunks_exact_mut(together))
        {
            blur_rows::<ABREAST>(source, target, w, radius, share);
        }
        for (source, target) in self.values[whole..]
            .chunks_exact(w)
            .zip(below.chunks_exact_mut(w))
        {
            blur_rows::<1>(source, target, w, radius, share);
        }
        let mut out = Self::new(w, h);
        let mut sums: Vec<f32> = rows.values[..w]
            .iter()
            .map(|v| v * (radius + 1) as f32)
            .collect();
        for i in 1..=radius {
            let row = i.min(h - 1) * w;
            for (sum, value) in sums.iter_mut().zip(&rows.values[row..row + w]) {
                *sum += value;
            }
        }
        for y in 0..h {
            let incoming = (y + radius + 1).min(h - 1) * w;
            let outgoing = y.saturating_sub(radius) * w;
            let target = &mut out.values[y * w..(y + 1) * w];
            for (x, (out, sum)) in target.iter_mut().zip(&mut sums).enumerate() {
                *out = *sum * share;
                *sum += rows.values[incoming + x] - rows.values[outgoing + x];
            }
        }
        out
    }
}

/// Rows blurred at the same time.
const ABREAST: usize = 8;

/// Running means along `LINES` rows of `w` pixels.
fn blur_rows<const LINES: usize>(
    source: &[f32],
    target: &mut [f32],
    w: usize,
    radius: usize,
    share: f32,
) {
    let lines: [&[f32]; LINES] = core::array::from_fn(|l| &source[l * w..][..w]);
    let mut sums: [f32; LINES] = core::array::from_fn(|l| {
        let mut sum = lines[l][0] * (radius + 1) as f32;
        for i in 1..=radius {
            sum += lines[l][i.min(w - 1)];
        }
        sum
    });
    for x in 0..w {
        let (incoming, outgoing) = ((x + radius + 1).min(w - 1), x.saturating_sub(radius));
        for l in 0..LINES {
            target[l * w + x] = sums[l] * share;
            sums[l] += lines[l][incoming] - lines[l][outgoing];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_plane_stays_flat_when_blurred() {
        let plane = Plane {
            width: 9,
            height: 5,
            values: vec![3.0; 45],
        };
        for radius in [1, 4, 20] {
            for v in plane.box_blur(radius).values {
                assert!((v - 3.0).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn sampling_between_pixels_is_linear() {
        let plane = Plane {
            width: 2,
            height: 2,
            values: vec![0.0, 1.0, 2.0, 3.0],
        };
        assert!((plane.sample(0.5, 0.5) - 1.5).abs() < 0.01);
        assert!((plane.sample(-5.0, 9.0) - 2.0).abs() < 0.01);
    }
}
