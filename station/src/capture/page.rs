//! Page: a photographed paper, turned upright and cut to its edges.
//!
//! In: the encoded picture of a page. Out: where its paper seems to lie, and the page as the officer cut it, in the draft
//! in the place of the whole picture. Never: cuts unasked; makes a page of nothing; changes pixels beyond the one encoding.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GrayImage, ImageEncoder};
use qayd_model::{PersonalBytes, SampleKind};

use super::CaptureError;
use crate::enrolment::{Draft, DraftSample, EnrolmentError};
use crate::quality::decode_picture;

/// Letters of eight points at 200 ppi stay readable, and a page stays near 300 kB.
const JPEG_QUALITY: u8 = 88;
/// The paper is looked for in a picture of this width.
const LOOKED_AT_PX: u32 = 320;
/// Share of the width and height of the picture that is taken for the table under the paper.
const RIM_SHARE: u32 = 40;
/// A paper differs from the table by at least so many grey levels.
const DIFFERS_MIN: u8 = 26;
/// A row or column with this share of the paper's pixels belongs to the paper.
const PAPER_SHARE: f32 = 0.35;
/// A paper narrower or lower than this share of the picture is not believed, nor one that fills it.
const SIDE_SHARE_MIN: f32 = 0.25;
const SIDE_SHARE_MAX: f32 = 0.97;
/// What is left of a page has at least so many pixels a side.
const SIDE_PX_MIN: u32 = 64;

/// What is kept of a picture: first turned, then cut. Shares of the turned picture, 0 to 1, from its left and its top.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct PageCut {
    pub quarter_turns: u8,
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
}

impl PageCut {
    /// All of it, as it is.
    pub const WHOLE: Self = Self {
        quarter_turns: 0,
        left: 0.0,
        top: 0.0,
        right: 1.0,
        bottom: 1.0,
    };
}

/// Where the paper seems to lie in an encoded picture: [`PageCut::WHOLE`] where nothing stands out from its rim.
///
/// # Errors
/// [`CaptureError::Page`] when the bytes are no picture within the limits.
pub fn find_page(bytes: &[u8]) -> Result<PageCut, CaptureError> {
    let picture = decode_picture(bytes).map_err(|source| CaptureError::Page { source })?;
    let height = LOOKED_AT_PX * picture.height() / picture.width().max(1);
    let small = picture.thumbnail_exact(LOOKED_AT_PX, height.clamp(1, 4 * LOOKED_AT_PX));
    Ok(paper_in(&small.into_luma8()).unwrap_or(PageCut::WHOLE))
}

/// Puts the cut page in the place of the whole picture of the same kind.
///
/// # Errors
/// [`CaptureError::Page`] when what is kept is no picture, [`CaptureError::Enrolment`] when there is none or the draft
/// did not take it. The whole picture stays.
pub fn cut_page(
    draft: &mut Draft<'_>,
    kind: &SampleKind,
    cut: &PageCut,
) -> Result<(), CaptureError> {
    if *cut == PageCut::WHOLE {
        return Ok(());
    }
    let samples = draft.samples()?;
    let Some(entry) = samples.into_iter().find(|sample| sample.kind == *kind) else {
        return Ok(());
    };
    let Some(whole) = draft.sample_bytes(entry.id)? else {
        return Ok(());
    };
    let picture = decode_picture(whole.expose()).map_err(|source| CaptureError::Page { source })?;
    let bytes = encode(&kept(picture, cut)).map_err(|source| CaptureError::Page { source })?;
    draft
        .add_sample(DraftSample {
            kind: kind.clone(),
            media_type: "image/jpeg".to_owned(),
            bytes: PersonalBytes::new(bytes),
            quality: None,
            ppi: entry.ppi,
            device: entry.device,
            attempts: entry.attempts,
        })
        .map_err(EnrolmentError::into)
        .map(drop)
}

fn kept(picture: DynamicImage, cut: &PageCut) -> DynamicImage {
    let turned = match cut.quarter_turns % 4 {
        1 => picture.rotate90(),
        2 => picture.rotate180(),
        3 => picture.rotate270(),
        _ => picture,
    };
    // From which pixel, and how many.
    let span = |from: f32, to: f32, pixels: u32| {
        let place = |share: f32| (share.clamp(0.0, 1.0) * pixels as f32).round() as u32;
        let least = SIDE_PX_MIN.min(pixels);
        let from = place(from.min(to)).min(pixels - least);
        (from, place(to).saturating_sub(from).max(least))
    };
    let (x, width) = span(cut.left, cut.right, turned.width());
    let (y, height) = span(cut.top, cut.bottom, turned.height());
    turned.crop_imm(x, y, width, height)
}

fn encode(picture: &DynamicImage) -> Result<Vec<u8>, image::ImageError> {
    let rgb = picture.to_rgb8();
    let mut bytes = Cursor::new(Vec::new());
    JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY).write_image(
        rgb.as_raw(),
        rgb.width(),
        rgb.height(),
        image::ExtendedColorType::Rgb8,
    )?;
    Ok(bytes.into_inner())
}

/// The table is what the rim shows; the paper is the rows and columns that mostly differ from it.
fn paper_in(grey: &GrayImage) -> Option<PageCut> {
    let (width, height) = grey.dimensions();
    let (rim_x, rim_y) = ((width / RIM_SHARE).max(1), (height / RIM_SHARE).max(1));
    let is_rim =
        |x: u32, y: u32| x < rim_x || y < rim_y || x >= width - rim_x || y >= height - rim_y;
    let mut rim: Vec<u8> = grey
        .enumerate_pixels()
        .filter(|(x, y, _)| is_rim(*x, *y))
        .map(|(_, _, pixel)| pixel.0[0])
        .collect();
    rim.sort_unstable();
    let table = *rim.get(rim.len() / 2)?;
    // Half of the rim lies this near its middle: a table of uneven light is still a table.
    let spread = rim.get(rim.len() * 3 / 4)? - rim.get(rim.len() / 4)?;
    let differs = spread.saturating_mul(2).max(DIFFERS_MIN);
    let mut columns = vec![0_u32; width as usize];
    let mut rows = vec![0_u32; height as usize];
    for (x, y, pixel) in grey.enumerate_pixels() {
        if pixel.0[0].abs_diff(table) > differs {
            columns[x as usize] += 1;
            rows[y as usize] += 1;
        }
    }
    let (left, right) = stretch(&columns)?;
    let (top, bottom) = stretch(&rows)?;
    let believed = |from: f32, to: f32| (SIDE_SHARE_MIN..=SIDE_SHARE_MAX).contains(&(to - from));
    let whole_side = |from: f32, to: f32| to - from > SIDE_SHARE_MAX;
    let is_paper = (believed(left, right) || whole_side(left, right))
        && (believed(top, bottom) || whole_side(top, bottom))
        && (believed(left, right) || believed(top, bottom));
    is_paper.then_some(PageCut {
        quarter_turns: 0,
        left,
        top,
        right,
        bottom,
    })
}

/// From the first to behind the last line that holds enough of the fullest, as shares of all.
fn stretch(lines: &[u32]) -> Option<(f32, f32)> {
    let fullest = lines.iter().copied().max().filter(|&most| most > 0)?;
    let enough = |&count: &u32| count as f32 >= PAPER_SHARE * fullest as f32;
    let first = lines.iter().position(enough)?;
    let last = lines.iter().rposition(enough)?;
    let share = |at: usize| at as f32 / lines.len() as f32;
    Some((share(first), share(last + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};

    /// A table with a sheet that has lines of writing.
    fn sheet(table: u8, at: (u32, u32), size: (u32, u32)) -> RgbImage {
        RgbImage::from_fn(800, 600, |x, y| {
            let inside = (at.0..at.0 + size.0).contains(&x) && (at.1..at.1 + size.1).contains(&y);
            // Light falls off to one side.
            let shade = (x / 40) as u8;
            let value = match inside {
                true if y % 24 < 6 && (x / 7) % 3 != 0 => 70,
                true => 235 - shade,
                false => table + shade,
            };
            Rgb([value; 3])
        })
    }

    fn png(picture: &RgbImage) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture
            .write_to(&mut bytes, image::ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_sheet_on_a_table_is_found_within_a_hundredth() {
        for table in [30, 90, 150] {
            let found = find_page(&png(&sheet(table, (120, 60), (480, 500)))).unwrap();
            for (side, expected) in [
                (found.left, 120.0 / 800.0),
                (found.right, 600.0 / 800.0),
                (found.top, 60.0 / 600.0),
                (found.bottom, 560.0 / 600.0),
            ] {
                assert!((side - expected).abs() < 0.015, "{table}: {found:?}");
            }
        }
    }

    #[test]
    fn where_nothing_stands_out_everything_is_kept() {
        let even = RgbImage::from_pixel(800, 600, Rgb([200; 3]));
        assert_eq!(find_page(&png(&even)).unwrap(), PageCut::WHOLE);
        // A coin on a table is no page.
        let coin = sheet(40, (300, 200), (60, 60));
        assert_eq!(find_page(&png(&coin)).unwrap(), PageCut::WHOLE);
        // A page that fills the picture has no table round it.
        let full = sheet(40, (0, 0), (800, 600));
        assert_eq!(find_page(&png(&full)).unwrap(), PageCut::WHOLE);
    }

    #[test]
    fn it_is_turned_before_it_is_cut_and_never_cut_to_nothing() {
        let mut picture = RgbImage::from_pixel(400, 200, Rgb([10; 3]));
        picture.put_pixel(0, 0, Rgb([255, 0, 0]));
        let picture = DynamicImage::from(picture);
        let cut = PageCut {
            quarter_turns: 1,
            left: 0.5,
            ..PageCut::WHOLE
        };
        let out = kept(picture.clone(), &cut).into_rgb8();
        assert_eq!(out.dimensions(), (100, 400));
        // The corner that was at the left end of the top is at its right end.
        assert_eq!(out.get_pixel(99, 0), &Rgb([255, 0, 0]));
        for wrong in [
            PageCut {
                left: 0.9,
                right: 0.1,
                ..PageCut::WHOLE
            },
            PageCut {
                top: 1.0,
                bottom: 1.0,
                ..PageCut::WHOLE
            },
            PageCut {
                right: f32::NAN,
                ..PageCut::WHOLE
            },
            PageCut {
                left: -4.0,
                bottom: 9.0,
                ..PageCut::WHOLE
            },
        ] {
            let out = kept(picture.clone(), &wrong);
            assert!(out.width() >= 64 && out.height() >= 64, "{wrong:?}");
        }
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let error = find_page(b"%PDF-1.7").unwrap_err();
        assert_eq!(error.code(), "CAP-04");
    }
}
