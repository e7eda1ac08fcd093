//! A slip as a PDF, A5, one page for each copy.
//!
//! In: a [`Paper`]. Out: bytes of a PDF (ISO 32000) with the fonts it needs inside, its text shaped, in reading order and
//! copyable. Owns: the measures of the paper. Never: looks for a font of the system: the paper is the same everywhere.

use std::collections::HashMap;
use std::ops::Range;

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use parley::fontique::{Blob, Collection, CollectionOptions, SourceCache};
use parley::style::{FontFamily, FontWeight, LineHeight, StyleProperty};
use parley::{
    Alignment, AlignmentOptions, FontContext, Layout, LayoutContext, PositionedLayoutItem,
};
use qayd_model::pack::Language;

use super::{Paper, words};

/// Everything is in points of 1/72 inch. A5 (ISO 216).
const WIDTH: f32 = 419.5;
const HEIGHT: f32 = 595.3;
const MARGIN: f32 = 36.0;
/// Side of the code with its quiet zone: 56 mm, 0.8 mm a module.
const CODE: f32 = 160.0;
/// Quiet zone of a QR code in modules (ISO/IEC 18004).
const QUIET: i32 = 4;

const REGULAR: &[u8] = include_bytes!("../../window/fonts/Vazirmatn-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../window/fonts/Vazirmatn-Bold.ttf");
const FAMILY: &str = "Vazirmatn";

const INK: (u8, u8, u8) = (0x16, 0x21, 0x1f);
const SOFT: (u8, u8, u8) = (0x55, 0x62, 0x5e);

/// Why a paper was not drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PdfError {
    /// The code is longer than a QR code holds.
    #[error("the code does not fit a QR code")]
    Code,
    /// A measure or a font was not taken: a fault of ours.
    #[error("the page could not be drawn")]
    Drawing,
}

impl PdfError {
    /// Stable code: `PDF-01`, `PDF-02`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Code => "PDF-01",
            Self::Drawing => "PDF-02",
        }
    }
}

/// Draws the paper.
///
/// # Errors
/// [`PdfError`].
pub fn of(paper: &Paper) -> Result<Vec<u8>, PdfError> {
    let mut document = Document::new();
    document.set_metadata(
        Metadata::new()
            .title(format!("{} {}", paper.title, paper.number))
            .language(paper.language.code().to_owned())
            .creator("Qayd".to_owned()),
    );
    let mut type_setter = TypeSetter::make(paper.language != Language::English);
    let nobody = [String::new()];
    let copies = if paper.copies.is_empty() {
        &nobody[..]
    } else {
        &paper.copies
    };
    for copy in copies {
        let settings = PageSettings::from_wh(WIDTH, HEIGHT).ok_or(PdfError::Drawing)?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        draw_page(&mut surface, &mut type_setter, paper, copy)?;
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|_| PdfError::Drawing)
}

fn draw_page(
    surface: &mut Surface<'_>,
    type_setter: &mut TypeSetter,
    paper: &Paper,
    copy: &str,
) -> Result<(), PdfError> {
    let words = words::of(paper.language);
    let width = WIDTH - 2.0 * MARGIN;
    let mut y = MARGIN;
    let mut write = |text: &str, size: f32, bold: bool, ink, x: f32, width: f32, y: f32| {
        type_setter.write(surface, text, &Style { size, bold, ink }, (x, y), width)
    };
    y += write(&paper.title, 17.0, true, INK, MARGIN, width, y)? + 2.0;
    y += write(&paper.place, 9.5, false, SOFT, MARGIN, width, y)?;
    if !copy.is_empty() {
        let text = format!("{}: {copy}", words.copy_for);
        y += write(&text, 9.5, true, INK, MARGIN, width, y)?;
    }
    y += 10.0;
    let rule = y;
    // The number at the start of the line, the code at its end.
    let rtl = paper.language != Language::English;
    let beside = width - CODE - 14.0;
    let text_x = if rtl { MARGIN + CODE + 14.0 } else { MARGIN };
    let code_x = if rtl { MARGIN } else { WIDTH - MARGIN - CODE };
    let top = y + 14.0;
    let mut text_y = top + 4.0;
    text_y += write(words.number, 10.0, false, SOFT, text_x, beside, text_y)? - 4.0;
    text_y += write(&paper.number, 46.0, true, INK, text_x, beside, text_y)? + 6.0;
    write(words.check, 9.5, false, SOFT, text_x, beside, text_y)?;
    y = top + CODE + 12.0;
    // A slip that says more than a page holds gets smaller, not cut off.
    let room = HEIGHT - MARGIN - 64.0 - y;
    let share = (room / (paper.lines.len().max(1) as f32 * 42.0)).clamp(0.55, 1.0);
    let foot_rule = HEIGHT - MARGIN - 40.0;
    for (label, text) in &paper.lines {
        y += write(label, 9.5 * share, false, SOFT, MARGIN, width, y)?;
        y += write(text, 14.0 * share, true, INK, MARGIN, width, y)? + 6.0 * share;
    }
    write(
        &paper.footer,
        10.5,
        false,
        INK,
        MARGIN,
        width,
        foot_rule + 8.0,
    )?;
    fill(surface, SOFT);
    for at in [rule, foot_rule] {
        rectangles(surface, [(MARGIN, at, width, 0.8)])?;
    }
    draw_code(surface, &paper.code, code_x, top)
}

fn draw_code(surface: &mut Surface<'_>, text: &str, x: f32, y: f32) -> Result<(), PdfError> {
    let code = qrcodegen::QrCode::encode_text(text, qrcodegen::QrCodeEcc::Medium)
        .map_err(|_| PdfError::Code)?;
    let module = CODE / (code.size() + 2 * QUIET) as f32;
    let dark = (0..code.size()).flat_map(|row| {
        let code = &code;
        (0..code.size())
            .filter(move |column| code.get_module(*column, row))
            .map(move |column| {
                let at = |n: i32| (n + QUIET) as f32 * module;
                (x + at(column), y + at(row), module, module)
            })
    });
    fill(surface, (0, 0, 0));
    rectangles(surface, dark)
}

fn rectangles(
    surface: &mut Surface<'_>,
    all: impl IntoIterator<Item = (f32, f32, f32, f32)>,
) -> Result<(), PdfError> {
    let mut path = PathBuilder::new();
    for (x, y, width, height) in all {
        path.push_rect(Rect::from_xywh(x, y, width, height).ok_or(PdfError::Drawing)?);
    }
    surface.draw_path(&path.finish().ok_or(PdfError::Drawing)?);
    Ok(())
}

fn fill(surface: &mut Surface<'_>, (red, green, blue): (u8, u8, u8)) {
    surface.set_fill(Some(Fill {
        paint: rgb::Color::new(red, green, blue).into(),
        opacity: NormalizedF32::ONE,
        rule: krilla::paint::FillRule::default(),
    }));
}

struct Style {
    size: f32,
    bold: bool,
    ink: (u8, u8, u8),
}

/// Shapes text with the faces of the window, and draws it.
struct TypeSetter {
    fonts: FontContext,
    layouts: LayoutContext<()>,
    /// The same faces for the PDF, by the id of their bytes.
    faces: HashMap<u64, Font>,
    rtl: bool,
}

impl TypeSetter {
    fn make(rtl: bool) -> Self {
        let mut collection = Collection::new(CollectionOptions {
            shared: false,
            system_fonts: false,
        });
        for face in [REGULAR, BOLD] {
            collection.register_fonts(Blob::from(face.to_vec()), None);
        }
        Self {
            fonts: FontContext {
                collection,
                source_cache: SourceCache::default(),
            },
            layouts: LayoutContext::new(),
            faces: HashMap::new(),
            rtl,
        }
    }

    /// Writes text from `at` on, wrapped to `width`; returns the height it took.
    fn write(
        &mut self,
        surface: &mut Surface<'_>,
        text: &str,
        style: &Style,
        at: (f32, f32),
        width: f32,
    ) -> Result<f32, PdfError> {
        if text.is_empty() {
            return Ok(0.0);
        }
        let layout = self.lay_out(text, style, width);
        fill(surface, style.ink);
        for line in layout.lines() {
            for item in line.items() {
                // Nothing but text is laid out here.
                let PositionedLayoutItem::GlyphRun(placed) = item else {
                    continue;
                };
                let run = placed.run();
                let data = run.font();
                let face = match self.faces.get(&data.data.id()) {
                    Some(face) => face.clone(),
                    None => {
                        let bytes = data.data.data().to_vec();
                        let face = Font::new(bytes.into(), data.index).ok_or(PdfError::Drawing)?;
                        self.faces.insert(data.data.id(), face.clone());
                        face
                    }
                };
                let glyphs = glyphs(run);
                let start = Point::from_xy(at.0 + placed.offset(), at.1 + placed.baseline());
                surface.draw_glyphs(start, &glyphs, face, text, run.font_size(), false);
            }
        }
        Ok(layout.height())
    }

    fn lay_out(&mut self, text: &str, style: &Style, width: f32) -> Layout<()> {
        let mut builder = self
            .layouts
            .ranged_builder(&mut self.fonts, text, 1.0, false);
        builder.push_default(StyleProperty::FontFamily(FontFamily::named(FAMILY)));
        builder.push_default(StyleProperty::FontSize(style.size));
        builder.push_default(StyleProperty::LineHeight(LineHeight::FontSizeRelative(
            1.45,
        )));
        let weight = if style.bold { 700.0 } else { 400.0 };
        builder.push_default(StyleProperty::FontWeight(FontWeight::new(weight)));
        let mut layout = builder.build(text);
        layout.break_all_lines(Some(width));
        // Said outright: the base direction of a line follows its first letter, and a number has none.
        let side = if self.rtl {
            Alignment::Right
        } else {
            Alignment::Left
        };
        layout.align(side, AlignmentOptions::default());
        layout
    }
}

/// The glyphs of a run in the order they are drawn, each with the letters it stands for: what makes the text copyable.
fn glyphs(run: &parley::Run<'_, ()>) -> Vec<KrillaGlyph> {
    let size = run.font_size();
    let mut out: Vec<KrillaGlyph> = Vec::new();
    // The other letters of a ligature have no glyph of their own; they come after it, whichever way the line runs.
    for cluster in run.visual_clusters() {
        let letters = cluster.text_range();
        if cluster.is_ligature_continuation() {
            if let Some(last) = out.last_mut() {
                last.text_range = join(&last.text_range, &letters);
            }
            continue;
        }
        for glyph in cluster.glyphs() {
            out.push(KrillaGlyph::new(
                GlyphId::new(glyph.id),
                glyph.advance / size,
                glyph.x / size,
                glyph.y / size,
                0.0,
                letters.clone(),
                None,
            ));
        }
    }
    out
}

fn join(one: &Range<usize>, other: &Range<usize>) -> Range<usize> {
    one.start.min(other.start)..one.end.max(other.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slip::tests::paper;

    #[test]
    fn a_slip_is_a_pdf_with_its_fonts_inside_in_each_language() {
        for language in [Language::Arabic, Language::Sorani, Language::English] {
            let pdf = of(&paper(language)).unwrap();
            assert!(pdf.starts_with(b"%PDF-1."));
            let text = String::from_utf8_lossy(&pdf);
            assert!(
                text.contains("/FontFile2") || text.contains("/FontFile3"),
                "{language:?}"
            );
            assert!(text.contains("Vazirmatn"));
            assert!(pdf.len() < 120_000, "{} bytes", pdf.len());
        }
    }

    #[test]
    fn every_copy_has_its_page() {
        let pages = |pdf: &[u8]| String::from_utf8_lossy(pdf).matches("/Type/Page/").count();
        let mut many = paper(Language::Arabic);
        let one = of(&many).unwrap();
        many.copies = vec![
            "العائلة".to_owned(),
            "الأرشيف".to_owned(),
            "الإحصاء".to_owned(),
        ];
        let three = of(&many).unwrap();
        assert_eq!((pages(&one), pages(&three)), (1, 3));
    }

    #[test]
    fn a_code_that_no_paper_holds_is_an_error_and_no_paper() {
        let mut paper = paper(Language::English);
        paper.code = "0".repeat(8_000);
        assert!(matches!(of(&paper), Err(PdfError::Code)));
    }

    #[test]
    fn lam_alef_stands_for_both_its_letters_and_every_other_glyph_for_its_own() {
        let mut type_setter = TypeSetter::make(true);
        let text = "الاسم";
        let style = Style {
            size: 12.0,
            bold: false,
            ink: INK,
        };
        let layout = type_setter.lay_out(text, &style, 200.0);
        let line = layout.lines().next().unwrap();
        let run = line.runs().next().unwrap();
        let mut letters: Vec<_> = glyphs(&run).into_iter().map(|g| g.text_range).collect();
        letters.sort_by_key(|range| range.start);
        assert_eq!(letters, [0..2, 2..6, 6..8, 8..10]);
    }
}
