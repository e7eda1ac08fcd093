//! Caret: where the caret goes in text of mixed direction.
//!
//! In: the text of a field, byte offsets. Out: byte offsets at borders of what a reader takes for one letter (UAX #29),
//! and the direction in which the text reads (the first strong letter decides: UAX #9, rules P2 and P3).

use unicode_bidi::{BidiClass, bidi_class};
use unicode_segmentation::GraphemeCursor;

/// Whether the text reads from the right; `None` where no letter decides, as in a number.
pub fn reads_rtl(text: &str) -> Option<bool> {
    text.chars().find_map(|letter| match bidi_class(letter) {
        BidiClass::L => Some(false),
        BidiClass::R | BidiClass::AL => Some(true),
        _ => None,
    })
}

/// The offset one letter after (`by` 1) or before (-1) another; 2 and -2 are the ends of the text.
pub fn step(text: &str, offset: usize, by: i32) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let mut cursor = GraphemeCursor::new(offset, text.len(), true);
    match by {
        -2 => 0,
        2 => text.len(),
        by if by < 0 => cursor.prev_boundary(text, 0).ok().flatten().unwrap_or(0),
        _ => cursor
            .next_boundary(text, 0)
            .ok()
            .flatten()
            .unwrap_or(text.len()),
    }
}

/// The beginning of a text, at most so many bytes, whole letters only.
pub fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = bytes_max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_without_end_is_cut_at_a_whole_letter() {
        assert_eq!(cut("زهراء", 100), "زهراء");
        assert_eq!(cut("زهراء", 5), "زه");
        assert_eq!(cut(&"ز".repeat(500_000), 4_096).len(), 4_096);
    }

    #[test]
    fn the_first_strong_letter_decides() {
        assert_eq!(reads_rtl("زهراء Zahra"), Some(true));
        assert_eq!(reads_rtl("Zahra زهراء"), Some(false));
        assert_eq!(reads_rtl("٠٧٧٠ 123"), None);
    }

    #[test]
    fn a_step_takes_a_letter_with_its_marks_and_never_leaves_the_text() {
        // Shadda and fatha belong to their letter.
        let text = "محمَّد";
        let mut at = 0;
        let mut steps = 0;
        while at < text.len() {
            at = step(text, at, 1);
            steps += 1;
        }
        assert_eq!(steps, 4);
        assert_eq!(step(text, text.len(), 1), text.len());
        assert_eq!(step(text, 0, -1), 0);
        assert_eq!((step(text, 3, -2), step(text, 3, 2)), (0, text.len()));
        // An offset inside a letter, or past the end, is put right.
        assert_eq!(step("ز", 1, -1), 0);
        assert_eq!(step("", 99, 1), 0);
    }
}
