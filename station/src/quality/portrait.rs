//! Portrait: a plain verdict on size, light and sharpness. No face is looked for; that is another issue's work.
//!
//! In: JPEG or PNG bytes. Out: [`PortraitReport`]. Never: judges the person, their dress or their skin: exposure is
//! taken from the spread and the burnt or drowned share of pixels, not from how dark a face is.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageReader, Limits};
use qayd_model::QualityScore;
use serde::Serialize;

use super::{Advice, Verdict};

/// Longest side that is decoded.
const SIDE_PX_MAX: u32 = 8_192;
/// Most memory the decoder may take: 40 million pixels in RGB.
const DECODED_BYTES_MAX: u64 = 120_000_000;
/// Sharpness and light are measured at this width, so that they do not depend on the camera.
const MEASURED_WIDTH_PX: u32 = 480;

/// Limits of the verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PortraitThresholds {
    /// Below this width or height nothing can be printed: 35 × 45 mm at 300 ppi is 413 × 531.
    pub size_px_least: (u32, u32),
    /// Size of a good portrait.
    pub size_px_good: (u32, u32),
    /// Most of the pixels that may be black or white, in percent.
    pub clipped_percent_most: u8,
    /// Least standard deviation of grey, 0 to 127.
    pub contrast_least: u8,
    /// Least mean absolute Laplacian at 480 pixels of width.
    pub sharpness_least: f32,
}

impl Default for PortraitThresholds {
    fn default() -> Self {
        Self {
            size_px_least: (240, 320),
            size_px_good: (413, 531),
            clipped_percent_most: 45,
            contrast_least: 18,
            sharpness_least: 1.4,
        }
    }
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PortraitReport {
    /// The verdict.
    pub verdict: Verdict,
    /// 0 to 100 by the algorithm `qayd-portrait-plain`.
    pub score: QualityScore,
    /// Pixels across.
    pub width_px: u32,
    /// Pixels down.
    pub height_px: u32,
    /// Mean grey, 0 to 255.
    pub brightness: u8,
    /// Standard deviation of grey.
    pub contrast: u8,
    /// Mean absolute Laplacian at 480 pixels of width, in hundredths.
    pub sharpness_hundredths: u32,
}

/// Judges a portrait.
///
/// # Errors
/// [`image::ImageError`] when the bytes are not a JPEG or PNG, are damaged, or have more than 8,192 pixels a side.
pub fn assess_portrait(
    bytes: &[u8],
    limits: &PortraitThresholds,
) -> Result<PortraitReport, image::ImageError> {
    // Grey before small: a third of the work, and the measures are of grey anyway.
    let decoded = DynamicImage::from(decode_picture(bytes)?.into_luma8());
    let (width_px, height_px) = (decoded.width(), decoded.height());
    let height = (u64::from(height_px) * u64::from(MEASURED_WIDTH_PX) / u64::from(width_px.max(1)))
        .clamp(1, u64::from(SIDE_PX_MAX)) as u32;
    let grey = decoded
        .resize_exact(
            MEASURED_WIDTH_PX,
            height,
            image::imageops::FilterType::Triangle,
        )
        .into_luma8();
    let light = Light::of(&grey);
    let sharpness = sharpness(&grey);

    let too_small = |(w, h): (u32, u32)| width_px < w || height_px < h;
    let verdict = match () {
        () if too_small(limits.size_px_least) => Verdict::Retry(Advice::TooSmall),
        () if light.black_percent > limits.clipped_percent_most => Verdict::Retry(Advice::TooDark),
        () if light.white_percent > limits.clipped_percent_most => {
            Verdict::Retry(Advice::TooBright)
        }
        () if light.deviation < f32::from(limits.contrast_least) => {
            Verdict::Retry(Advice::LowContrast)
        }
        () if sharpness < limits.sharpness_least => Verdict::Retry(Advice::Blurred),
        () if width_px > height_px => Verdict::Acceptable(Advice::NotUpright),
        () if too_small(limits.size_px_good) => Verdict::Acceptable(Advice::TooSmall),
        () => Verdict::Good,
    };
    // Each share says how far the measure is from its limit; the weakest decides.
    let part = |value: f32, limit: f32| (value / (2.0 * limit)).clamp(0.0, 1.0);
    let size = part(width_px as f32, limits.size_px_good.0 as f32)
        .min(part(height_px as f32, limits.size_px_good.1 as f32));
    let clipped = f32::from(light.black_percent.max(light.white_percent));
    let open =
        1.0 - (clipped / (2.0 * f32::from(limits.clipped_percent_most.max(1)))).clamp(0.0, 1.0);
    let weakest = size
        .min(open)
        .min(part(light.deviation, f32::from(limits.contrast_least)))
        .min(part(sharpness, limits.sharpness_least));
    Ok(PortraitReport {
        verdict,
        score: QualityScore {
            algorithm: "qayd-portrait-plain".to_owned(),
            version: 1,
            value: (weakest * 100.0).round() as u8,
        },
        width_px,
        height_px,
        brightness: light.mean.round() as u8,
        contrast: light.deviation.round() as u8,
        sharpness_hundredths: (sharpness * 100.0).round() as u32,
    })
}

/// Decodes a picture of a device or a file within the limits of this station.
///
/// # Errors
/// [`image::ImageError`] as of [`assess_portrait`].
pub(crate) fn decode_picture(bytes: &[u8]) -> Result<DynamicImage, image::ImageError> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_PX_MAX);
    limits.max_image_height = Some(SIDE_PX_MAX);
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    reader.limits(limits);
    reader.decode()
}

struct Light {
    mean: f32,
    deviation: f32,
    black_percent: u8,
    white_percent: u8,
}

impl Light {
    fn of(grey: &GrayImage) -> Self {
        let n = grey.as_raw().len().max(1) as f32;
        let (mut sum, mut squares, mut black, mut white) = (0.0, 0.0, 0_u32, 0_u32);
        for &value in grey.as_raw() {
            let v = f32::from(value);
            sum += v;
            squares += v * v;
            black += u32::from(value < 12);
            white += u32::from(value > 250);
        }
        let mean = sum / n;
        Self {
            mean,
            deviation: (squares / n - mean * mean).max(0.0).sqrt(),
            black_percent: (black as f32 * 100.0 / n) as u8,
            white_percent: (white as f32 * 100.0 / n) as u8,
        }
    }
}

/// Mean absolute Laplacian of the middle of the image, where the face is: a plain white wall behind says nothing.
fn sharpness(grey: &GrayImage) -> f32 {
    let (w, h) = (grey.width(), grey.height());
    if w < 8 || h < 8 {
        return 0.0;
    }
    let (mut sum, mut n) = (0.0_f32, 0_u32);
    let at = |x: u32, y: u32| f32::from(grey.get_pixel(x, y).0[0]);
    for y in h / 5..h - h / 5 {
        for x in w / 4..w - w / 4 {
            let laplacian =
                4.0 * at(x, y) - at(x - 1, y) - at(x + 1, y) - at(x, y - 1) - at(x, y + 1);
            sum += laplacian.abs();
            n += 1;
        }
    }
    sum / n.max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use qayd_fingerprint::synthetic::portrait;

    fn picture(width: u32, height: u32) -> image::RgbImage {
        let drawn = portrait(7, width, height);
        image::RgbImage::from_raw(drawn.width, drawn.height, drawn.pixels).unwrap()
    }

    fn verdict(image: &DynamicImage) -> Verdict {
        let mut png = Vec::new();
        image
            .write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png)
            .unwrap();
        assess_portrait(&png, &PortraitThresholds::default())
            .unwrap()
            .verdict
    }

    #[test]
    fn a_drawn_portrait_is_good_and_each_fault_is_named() {
        let good = DynamicImage::ImageRgb8(picture(600, 800));
        assert_eq!(verdict(&good), Verdict::Good);
        let cases = [
            (DynamicImage::ImageRgb8(picture(120, 160)), Advice::TooSmall),
            (good.brighten(-250), Advice::TooDark),
            (good.brighten(250), Advice::TooBright),
            (good.blur(9.0), Advice::Blurred),
        ];
        for (image, advice) in cases {
            assert_eq!(verdict(&image), Verdict::Retry(advice));
        }
        let flat = DynamicImage::ImageLuma8(GrayImage::from_pixel(600, 800, image::Luma([128])));
        assert_eq!(verdict(&flat), Verdict::Retry(Advice::LowContrast));
    }

    #[test]
    fn what_is_no_image_is_an_error_and_not_a_verdict() {
        assert!(assess_portrait(b"not an image", &PortraitThresholds::default()).is_err());
    }
}
