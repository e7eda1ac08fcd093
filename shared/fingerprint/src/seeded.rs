//! Seeded random numbers: the same seed gives the same finger on every machine.
//!
//! In: a seed from the caller. Out: a stream of numbers (xoshiro256**, seeded by SplitMix64).
//! Never: secret; nothing here may make a key.

/// A deterministic stream of random numbers.
#[derive(Clone)]
pub(crate) struct Seeded {
    state: [u64; 4],
}

/// One SplitMix64 step: spreads neighbouring seeds apart.
pub(crate) fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Seeded {
    pub(crate) fn make(seed: u64) -> Self {
        let mut state = [0; 4];
        let mut s = seed;
        for word in &mut state {
            s = mix(s);
            *word = s;
        }
        Self { state }
    }

    pub(crate) fn next(&mut self) -> u64 {
        let s = &mut self.state;
        let out = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Uniform in [low, high).
    pub(crate) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// About normal, mean 0, standard deviation 1 (sum of four uniforms: bounded at ±3.46).
    pub(crate) fn normal(&mut self) -> f32 {
        let bits = self.next();
        let sum = (0..4)
            .map(|i| ((bits >> (16 * i)) & 0xffff) as f32)
            .sum::<f32>();
        (sum / 65_536.0 - 2.0) * 1.732
    }

    /// A whole number below `n` (n > 0).
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f32) as usize).min(n.saturating_sub(1))
    }
}

/// Smooth noise: random values on a coarse grid, interpolated.
pub(crate) struct NoiseField {
    columns: usize,
    rows: usize,
    cell_px: f32,
    values: Vec<f32>,
}

impl NoiseField {
    /// Noise for an image of `width × height` pixels that changes over about `cell_px` pixels; values about ±1.
    pub(crate) fn make(random: &mut Seeded, width: usize, height: usize, cell_px: f32) -> Self {
        let columns = (width as f32 / cell_px) as usize + 3;
        let rows = (height as f32 / cell_px) as usize + 3;
        let values = (0..columns * rows).map(|_| random.normal()).collect();
        Self {
            columns,
            rows,
            cell_px,
            values,
        }
    }

    /// The value at a pixel; outside, that of the nearest edge.
    pub(crate) fn at(&self, x: f32, y: f32) -> f32 {
        let gx = (x / self.cell_px).clamp(0.0, self.columns as f32 - 1.01);
        let gy = (y / self.cell_px).clamp(0.0, self.rows as f32 - 1.01);
        let (cx, cy) = (gx as usize, gy as usize);
        let (fx, fy) = (gx - cx as f32, gy - cy as f32);
        let (fx, fy) = (fx * fx * (3.0 - 2.0 * fx), fy * fy * (3.0 - 2.0 * fy));
        let i = cy * self.columns + cx;
        let top = self.values[i] + (self.values[i + 1] - self.values[i]) * fx;
        let j = i + self.columns;
        let bottom = self.values[j] + (self.values[j + 1] - self.values[j]) * fx;
        top + (bottom - top) * fy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_stream_other_seed_other_stream() {
        let stream = |seed| {
            let mut r = Seeded::make(seed);
            [r.next(), r.next(), r.next()]
        };
        assert_eq!(stream(7), stream(7));
        assert_ne!(stream(7), stream(8));
    }

    #[test]
    fn numbers_stay_in_their_ranges() {
        let mut r = Seeded::make(1);
        for _ in 0..10_000 {
            assert!((0.0..1.0).contains(&r.unit()));
            assert!(r.normal().abs() < 3.5);
            assert!(r.below(3) < 3);
        }
    }
}
