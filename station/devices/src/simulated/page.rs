//! A page of paper: lines that look like writing and say nothing.
//!
//! In: whose page it is, which document, which page. Out: an A4 sheet at 100 ppi, on a table. Never: a letter or a number.

use qayd_fingerprint::synthetic::RgbImage;
use qayd_model::Ppi;

const WIDTH_PX: u32 = 827;
const HEIGHT_PX: u32 = 1_169;
/// What the camera sees besides, on each side.
const TABLE_PX: u32 = 90;
const TABLE: [u8; 3] = [112, 88, 70];
const LINE_PX: u32 = 36;
const MARGIN_PX: u32 = 80;

/// The same arguments give the same sheet.
pub(super) fn page(seed: u64, document: &str, number: u16) -> (RgbImage, Ppi) {
    let mut state = document
        .bytes()
        .fold(seed ^ u64::from(number).rotate_left(40), |state, byte| {
            step(state ^ u64::from(byte))
        });
    let mut pixels = vec![248; (WIDTH_PX * HEIGHT_PX * 3) as usize];
    for line in 0..(HEIGHT_PX - 2 * MARGIN_PX) / LINE_PX {
        let top = MARGIN_PX + line * LINE_PX;
        let mut x = MARGIN_PX;
        loop {
            state = step(state);
            let length = 20 + (state >> 33) as u32 % 90;
            if x + length > WIDTH_PX - MARGIN_PX {
                break;
            }
            for y in top..top + 9 {
                let from = ((y * WIDTH_PX + x) * 3) as usize;
                pixels[from..from + length as usize * 3].fill(60);
            }
            x += length + 14;
        }
    }
    (on_a_table(&pixels), Ppi(100))
}

fn on_a_table(sheet: &[u8]) -> RgbImage {
    let (width, height) = (WIDTH_PX + 2 * TABLE_PX, HEIGHT_PX + 2 * TABLE_PX);
    let mut pixels = TABLE.repeat((width * height) as usize);
    for (y, row) in sheet.chunks_exact(WIDTH_PX as usize * 3).enumerate() {
        let from = ((y + TABLE_PX as usize) * width as usize + TABLE_PX as usize) * 3;
        pixels[from..from + row.len()].copy_from_slice(row);
    }
    RgbImage {
        width,
        height,
        pixels,
    }
}

/// A linear congruential step (Knuth, MMIX); nothing here needs better.
const fn step(state: u64) -> u64 {
    state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407)
}
