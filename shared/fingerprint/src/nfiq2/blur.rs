//! Blur: erosion, Gaussian blur and Otsu's threshold on bytes, exact to the last bit.
//!
//! In: bytes, row-major. Out: bytes; the threshold. Owns: the kernels in 1/256. Never: rounds before the end.
//!
//! OpenCV blurs bytes in whole numbers: weights in 1/256 that sum to 256, one rounding at the very end. Any way to the
//! same sum is therefore the same result. Beyond the edge the picture is mirrored without repeating the edge.

/// Weights in 1/256 of a Gaussian over `2 N + 1` pixels, from the outermost to the middle one.
///
/// The deviation follows from the size (0.15 per pixel + 0.35, OpenCV's rule); what rounding takes from one weight is
/// carried to the next, and the middle one takes what is left to 256.
pub(super) fn gaussian(radius: usize) -> Vec<u16> {
    let size = 2 * radius + 1;
    let deviation = 0.15 * size as f64 + 0.35;
    let bell = |i: usize| {
        let x = (2 * i) as f64 - (size - 1) as f64;
        (-0.125 / (deviation * deviation) * x * x).exp()
    };
    let total = 1.0 + 2.0 * (0..radius).map(bell).sum::<f64>();
    let mut weights = Vec::with_capacity(radius + 1);
    let (mut carried, mut sum) = (0.0, 0);
    for i in 0..radius {
        let exact = bell(i) / total * 256.0 + carried;
        let whole = exact.round_ties_even();
        carried = exact - whole;
        weights.push(whole as u16);
        sum += whole as u16;
    }
    weights.push(256 - 2 * sum);
    weights
}

/// The darkest of the 5 × 5 pixels around each; beyond the edge there is nothing.
pub(super) fn erode(pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
    const REACH: usize = 2;
    let mut rows = pixels.to_vec();
    for (out, row) in rows.chunks_exact_mut(width).zip(pixels.chunks_exact(width)) {
        for step in 1..=REACH.min(width - 1) {
            darker(&mut out[step..], row);
            darker(out, &row[step..]);
        }
    }
    let mut out = rows.clone();
    for step in 1..=REACH.min(height - 1) {
        darker(&mut out[step * width..], &rows);
        darker(&mut out, &rows[step * width..]);
    }
    out
}

/// The darker of each two, as far as both go.
fn darker(here: &mut [u8], there: &[u8]) {
    for (a, b) in here.iter_mut().zip(there) {
        *a = (*a).min(*b);
    }
}

/// Gaussian blur with the weights of [`gaussian`].
pub(super) fn blur(pixels: &[u8], width: usize, height: usize, weights: &[u16]) -> Vec<u8> {
    let radius = weights.len() - 1;
    let mut out = Vec::with_capacity(width * height);
    // Down: at most 256 × 255, which 16 bits hold. Across: at most 2²⁴, which a 32-bit float holds exactly.
    let mut down = vec![0u16; width];
    let mut line = vec![0f32; width + 2 * radius];
    let mut across = vec![0f32; width];
    for y in 0..height as isize {
        let row = |y: isize| {
            let y = mirrored(y, height);
            &pixels[y * width..(y + 1) * width]
        };
        for (sum, &pixel) in down.iter_mut().zip(row(y)) {
            *sum = weights[radius] * u16::from(pixel);
        }
        for (i, &weight) in weights[..radius].iter().enumerate() {
            if weight > 0 {
                let step = (radius - i) as isize;
                for ((sum, &a), &b) in down.iter_mut().zip(row(y - step)).zip(row(y + step)) {
                    *sum += weight * (u16::from(a) + u16::from(b));
                }
            }
        }
        for (value, &sum) in line[radius..].iter_mut().zip(&down) {
            *value = f32::from(sum);
        }
        for i in 0..radius {
            line[i] = f32::from(down[mirrored(i as isize - radius as isize, width)]);
            line[radius + width + i] = f32::from(down[mirrored((width + i) as isize, width)]);
        }
        let middle = f32::from(weights[radius]);
        for (sum, &value) in across.iter_mut().zip(&line[radius..]) {
            *sum = middle * value;
        }
        for (i, &weight) in weights[..radius].iter().enumerate() {
            if weight > 0 {
                let weight = f32::from(weight);
                let pairs = line[i..].iter().zip(&line[2 * radius - i..]);
                for (sum, (&a, &b)) in across.iter_mut().zip(pairs) {
                    *sum += weight * (a + b);
                }
            }
        }
        out.extend(
            across
                .iter()
                .map(|&sum| ((sum as i32 + (1 << 15)) >> 16) as u8),
        );
    }
    out
}

/// The index a place beyond the edge is a mirror image of.
fn mirrored(i: isize, length: usize) -> usize {
    let last = length as isize - 1;
    if last == 0 {
        return 0;
    }
    let i = i.rem_euclid(2 * last);
    (if i > last { 2 * last - i } else { i }) as usize
}

/// The grey that parts dark from light best: the darkest that makes the variance between the two the largest
/// (N. Otsu, IEEE Trans. SMC 9(1), 1979). Dark is at or below it.
pub(super) fn otsu(pixels: &[u8]) -> u8 {
    let mut counts = [0u32; 256];
    for &pixel in pixels {
        counts[usize::from(pixel)] += 1;
    }
    let scale = 1.0 / pixels.len() as f64;
    let weighted = |(grey, &count): (usize, &u32)| grey as f64 * f64::from(count);
    let mean = counts.iter().enumerate().map(weighted).sum::<f64>() * scale;
    let (mut dark_share, mut dark_mean) = (0.0f64, 0.0);
    let (mut best, mut threshold) = (0.0, 0);
    for (grey, &count) in counts.iter().enumerate() {
        let share = f64::from(count) * scale;
        dark_mean *= dark_share;
        dark_share += share;
        let light_share = 1.0 - dark_share;
        let least = f64::from(f32::EPSILON);
        if dark_share.min(light_share) < least || dark_share.max(light_share) > 1.0 - least {
            continue;
        }
        dark_mean = (dark_mean + grey as f64 * share) / dark_share;
        let light_mean = (mean - dark_share * dark_mean) / light_share;
        let apart = dark_mean - light_mean;
        let between = dark_share * light_share * apart * apart;
        if between > best {
            (best, threshold) = (between, grey as u8);
        }
    }
    threshold
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_one_and_rise() {
        for radius in [1, 20, 45] {
            let weights = gaussian(radius);
            let sides: u16 = weights[..radius].iter().sum();
            assert_eq!(2 * sides + weights[radius], 256);
            assert_eq!(weights.len(), radius + 1);
        }
        // A Gaussian of deviation 0.8 over three pixels: 0.2389, 0.5222, 0.2389.
        assert_eq!(gaussian(1), [61, 134]);
    }

    #[test]
    fn blurring_is_the_plain_double_sum() {
        let (width, height) = (23, 9);
        let pixels: Vec<u8> = (0..width * height).map(|i| (i * i % 256) as u8).collect();
        let weights = gaussian(4);
        let weight = |d: isize| u64::from(weights[4 - d.unsigned_abs()]);
        let blurred = blur(&pixels, width, height, &weights);
        for y in 0..height {
            for x in 0..width {
                let mut sum = 0;
                for dy in -4..=4 {
                    for dx in -4..=4 {
                        let row = mirrored(y as isize + dy, height);
                        let column = mirrored(x as isize + dx, width);
                        sum += weight(dx) * weight(dy) * u64::from(pixels[row * width + column]);
                    }
                }
                assert_eq!(u64::from(blurred[y * width + x]), (sum + (1 << 15)) >> 16);
            }
        }
    }

    #[test]
    fn white_stays_white_and_mirrors_do_not_repeat_the_edge() {
        assert!(
            blur(&[255; 50], 10, 5, &gaussian(45))
                .iter()
                .all(|p| *p == 255)
        );
        let places: Vec<usize> = (-4..8).map(|i| mirrored(i, 4)).collect();
        assert_eq!(places, [2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1]);
    }

    #[test]
    fn erosion_spreads_the_darkest_two_pixels_each_way() {
        let mut pixels = vec![9u8; 49];
        pixels[3 * 7 + 3] = 1;
        let eroded = erode(&pixels, 7, 7);
        for (i, pixel) in eroded.iter().enumerate() {
            let near = (i % 7).abs_diff(3) <= 2 && (i / 7).abs_diff(3) <= 2;
            assert_eq!(*pixel, if near { 1 } else { 9 });
        }
    }

    #[test]
    fn the_threshold_lies_between_two_heaps() {
        let mut pixels = vec![40; 300];
        pixels.extend(vec![200; 100]);
        assert_eq!(otsu(&pixels), 40);
        assert_eq!(otsu(&[7; 10]), 0);
    }
}
