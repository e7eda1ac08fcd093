//! Uniformity: how wide ridges are against the valleys beside them (RVUP).
//!
//! In: a region turned so that ridges stand upright. Out: a ratio, ridge over valley, for each neighbouring pair that
//! lies wholly inside. Never: a ratio for one that is cut by the region's edge.

use super::REGION_PX;
use super::clarity::Profile;
use super::regions::ALONG_PX;

/// Between the bins (NFIQ 2.3.0, `RVUP_Bin10`).
pub(super) const LIMITS: [f64; 9] = [0.5, 0.667, 0.8, 1.0, 1.25, 1.5, 2.0, 24.0, 30.0];

/// Appends this region's ratios, from the last pair to the first, as the reference walks them.
///
/// It leaves out the first whole ridge or valley, but takes its kind for that of the last one: where the region has an
/// even number of whole ridges and valleys, its ratios are valley over ridge. Kept as it is: the limits of the bins and
/// every published score rest on it.
pub(super) fn uniformity(upright: &[[u8; REGION_PX]; ALONG_PX], ratios: &mut Vec<f64>) {
    let profile = Profile::of(upright);
    let ends = profile.ends();
    // The reference looks at all but the last column.
    let ends = match ends.last() {
        Some(&last) if last == REGION_PX - 2 => &ends[..ends.len() - 1],
        _ => &ends[..],
    };
    let Some(&first) = ends.first() else { return };
    let starts_with_ridge = profile.ridge[first + 1];
    let Some(whole) = ends.get(1..) else { return };
    let widths = whole.windows(2).rev().map(|pair| pair[1] - pair[0]);
    let mut before = None;
    let mut inverted = starts_with_ridge;
    for width in widths {
        let width = width as f64;
        if let Some(before) = before.replace(width) {
            inverted = !inverted;
            let ratio: f64 = before / width;
            ratios.push(if inverted { 1.0 / ratio } else { ratio });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratios(ridge: usize, valley: usize) -> Vec<f64> {
        let upright = [core::array::from_fn(|x| {
            if x % (ridge + valley) < ridge {
                20
            } else {
                200
            }
        }); ALONG_PX];
        let mut out = Vec::new();
        uniformity(&upright, &mut out);
        out
    }

    #[test]
    fn even_stripes_have_even_ratios() {
        let even = ratios(4, 4);
        assert!(
            even.len() >= 3 && even.iter().all(|r| *r == 1.0),
            "{even:?}"
        );
    }

    #[test]
    fn uneven_stripes_have_one_ratio_throughout() {
        let uneven = ratios(3, 5);
        assert!(!uneven.is_empty());
        assert!(
            uneven.iter().all(|r| (r - uneven[0]).abs() < 1e-12),
            "{uneven:?}"
        );
        assert!((uneven[0] - 0.6).abs() < 1e-12 || (1.0 / uneven[0] - 0.6).abs() < 1e-12);
    }

    #[test]
    fn flat_regions_have_no_ratio() {
        let mut out = Vec::new();
        uniformity(&[[9; REGION_PX]; ALONG_PX], &mut out);
        assert!(out.is_empty());
    }
}
