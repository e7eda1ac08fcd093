//! Every page: photographed in three languages and two lights, compared with the pictures in `docs/screens`, every
//! element named.
//!
//! `SCREENS=update cargo test -p qayd-ui pages` takes them anew; whoever does looks at each.

use std::path::{Path, PathBuf};

use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use image::{ImageFormat, RgbImage};
use qayd_window::{
    App, AppWindow, Dir, Enrolment, Gallery, KeyLayout, Keys, Page, StepKind, Theme, ThemeMode,
    Type,
};
use slint::ComponentHandle;

use crate::demo::rasteriser;
use crate::preview::{self, Pictures};

/// Most of the pixels that may differ, in ten thousandths: fonts are ours, but corners are rounded by the processor.
const DIFFERENT_MOST: usize = 20;
/// A pixel differs when one of its colours does by more than this.
const COLOUR_TOLERANCE: u8 = 24;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/screens/window")
}

const LANGUAGES: [&str; 3] = ["ar", "ckb", "en"];

/// Pages with the preview data their own files declare.
const PAGES: [(&str, Page, StepKind); 20] = [
    ("provision", Page::Provision, StepKind::Form),
    ("sign-in", Page::SignIn, StepKind::Form),
    ("home", Page::Home, StepKind::Form),
    ("form", Page::Enrolment, StepKind::Form),
    ("form-keys", Page::Enrolment, StepKind::Form),
    ("papers", Page::Enrolment, StepKind::Form),
    ("papers-cut", Page::Enrolment, StepKind::Form),
    ("portrait", Page::Enrolment, StepKind::Portrait),
    ("fingers", Page::Enrolment, StepKind::Fingers),
    ("read-back", Page::Enrolment, StepKind::ReadBack),
    ("signature", Page::Enrolment, StepKind::Signature),
    ("seal", Page::Enrolment, StepKind::Seal),
    ("slip", Page::Enrolment, StepKind::Slip),
    ("outbox", Page::Outbox, StepKind::Form),
    ("inbox", Page::Inbox, StepKind::Form),
    ("search", Page::Search, StepKind::Form),
    ("supervisor", Page::Supervisor, StepKind::Form),
    ("kit", Page::Kit, StepKind::Form),
    ("report", Page::Kit, StepKind::Form),
    ("settings", Page::Settings, StepKind::Form),
];

/// A window in one language, with what stands on its pages.
struct Shown {
    window: AppWindow,
    language: &'static str,
    pictures: Pictures,
}

impl Shown {
    fn open(language: &'static str) -> Self {
        rasteriser();
        let window = AppWindow::new().unwrap();
        window
            .window()
            .set_size(slint::LogicalSize::new(1366.0, 768.0));
        window.show().unwrap();
        preview::say_in(&window, language);
        Self {
            window,
            language,
            pictures: Pictures::default(),
        }
    }

    fn page(&self, (name, page, kind): (&str, Page, StepKind), theme: ThemeMode) {
        let (window, language) = (&self.window, self.language);
        self.pictures.lay_out(window, name, language);
        slint::select_bundled_translation(language).unwrap();
        window.global::<Dir>().set_rtl(language != "en");
        window.global::<Theme>().set_mode(theme);
        let enrolment = window.global::<Enrolment>();
        enrolment.set_kind(kind);
        // As the station names them; a form keeps the preview's question.
        let (title, hint, section) = match kind {
            StepKind::Form => ("الاسم الكامل", "كما في السجل", "الهوية"),
            StepKind::Portrait => ("#portrait", "", ""),
            StepKind::Fingers => ("#fingers", "#hint-fingers", ""),
            StepKind::ReadBack => ("#read-back", "#hint-read-back", ""),
            StepKind::Signature => ("#signature", "#hint-signature", ""),
            StepKind::Seal => ("#seal", "", ""),
            StepKind::Slip => ("#slip", "", ""),
        };
        enrolment.set_title(preview::word(title, language));
        enrolment.set_hint(preview::word(hint, language));
        enrolment.set_section(preview::word(section, language));
        window.global::<App>().set_page(page);
        window
            .global::<App>()
            .set_keyboard_shown(name == "form-keys");
        window.global::<Keys>().set_layout(match language {
            "ar" => KeyLayout::Arabic,
            "ckb" => KeyLayout::Sorani,
            _ => KeyLayout::Latin,
        });
        slint::platform::update_timers_and_animations();
    }
}

fn photograph(window: &slint::Window) -> RgbImage {
    let pixels = window.take_snapshot().unwrap();
    let rgba =
        image::RgbaImage::from_raw(pixels.width(), pixels.height(), pixels.as_bytes().to_vec())
            .unwrap();
    image::DynamicImage::ImageRgba8(rgba).into_rgb8()
}

/// How many pixels differ, in ten thousandths.
fn difference(a: &RgbImage, b: &RgbImage) -> usize {
    if a.dimensions() != b.dimensions() {
        return 10_000;
    }
    let different = a
        .pixels()
        .zip(b.pixels())
        .filter(|(a, b)| {
            a.0.iter()
                .zip(b.0)
                .any(|(x, y)| x.abs_diff(y) > COLOUR_TOLERANCE)
        })
        .count();
    different * 10_000 / (a.width() as usize * a.height() as usize)
}

/// Compares with the picture that was looked at, or takes it.
fn compare(name: &str, now: &RgbImage, wrong: &mut Vec<String>) {
    let file = folder().join(format!("{name}.png"));
    if std::env::var("SCREENS").as_deref() == Ok("update") {
        std::fs::create_dir_all(folder()).unwrap();
        now.save_with_format(&file, ImageFormat::Png).unwrap();
        return;
    }
    let Ok(then) = image::open(&file) else {
        wrong.push(format!("{name}: there is no picture"));
        return;
    };
    let different = difference(&then.into_rgb8(), now);
    if different > DIFFERENT_MOST {
        let beside = std::env::temp_dir().join(format!("qayd-{name}.png"));
        now.save_with_format(&beside, ImageFormat::Png).unwrap();
        wrong.push(format!(
            "{name}: {different} of 10,000 pixels differ; now: {}",
            beside.display()
        ));
    }
}

#[test]
fn every_page_looks_as_it_was_looked_at() {
    let mut wrong = Vec::new();
    let pictures = Pictures::take();
    for language in LANGUAGES {
        let shown = Shown {
            pictures: pictures.clone(),
            ..Shown::open(language)
        };
        for page @ (name, ..) in PAGES {
            for (light, theme) in [("normal", ThemeMode::Normal), ("night", ThemeMode::Night)] {
                shown.page(page, theme);
                compare(
                    &format!("{name}-{language}-{light}"),
                    &photograph(shown.window.window()),
                    &mut wrong,
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_picture_that_differs_is_noticed() {
    let one = RgbImage::from_pixel(100, 100, image::Rgb([10, 10, 10]));
    let mut other = one.clone();
    assert_eq!(difference(&one, &other), 0);
    for x in 0..50 {
        other.put_pixel(x, 7, image::Rgb([200, 10, 10]));
    }
    assert!(difference(&one, &other) > DIFFERENT_MOST);
    assert!(difference(&one, &RgbImage::new(99, 100)) > DIFFERENT_MOST);
}

#[test]
fn every_component_looks_as_it_was_looked_at() {
    rasteriser();
    let gallery = Gallery::new().unwrap();
    gallery
        .window()
        .set_size(slint::LogicalSize::new(1366.0, 768.0));
    gallery.show().unwrap();
    let mut wrong = Vec::new();
    for (light, theme) in [
        ("normal", ThemeMode::Normal),
        ("sunlight", ThemeMode::Sunlight),
        ("night", ThemeMode::Night),
    ] {
        for (way, rtl) in [("rtl", true), ("ltr", false)] {
            gallery.global::<Theme>().set_mode(theme);
            gallery.global::<Dir>().set_rtl(rtl);
            slint::platform::update_timers_and_animations();
            compare(
                &format!("gallery-{way}-{light}"),
                &photograph(gallery.window()),
                &mut wrong,
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The station names each finger from the pack's tables; the preview of the page does not.
fn name_the_fingers(window: &AppWindow) {
    let named = || {
        let marks = (0..5).map(|n| qayd_window::FingerMark {
            label: format!("finger {n}").into(),
            ..Default::default()
        });
        slint::ModelRc::new(slint::VecModel::from(marks.collect::<Vec<_>>()))
    };
    let fingers = window.global::<qayd_window::Fingers>();
    fingers.set_left_hand(named());
    fingers.set_right_hand(named());
}

/// Roles of what can be used; each of these has to say what it is.
fn is_used(role: AccessibleRole) -> bool {
    !matches!(
        role,
        AccessibleRole::Text | AccessibleRole::None | AccessibleRole::Groupbox
    )
}

#[test]
fn everything_that_can_be_used_has_a_name_and_is_large_enough_to_be_touched() {
    for language in LANGUAGES {
        let shown = Shown::open(language);
        for page @ (name, ..) in PAGES {
            shown.page(page, ThemeMode::Normal);
            name_the_fingers(&shown.window);
            let elements = ElementQuery::from_root(&shown.window)
                .match_descendants()
                .find_all();
            let used: Vec<_> = elements
                .into_iter()
                .filter(|e| e.accessible_role().is_some_and(is_used))
                .collect();
            assert!(!used.is_empty(), "{name}");
            for element in used {
                let label = element.accessible_label().unwrap_or_default();
                assert!(
                    !label.is_empty(),
                    "{name} in {language}: a {:?} has no name",
                    element.accessible_role()
                );
                let touched = matches!(
                    element.accessible_role(),
                    Some(
                        AccessibleRole::Button | AccessibleRole::RadioButton | AccessibleRole::Tab
                    )
                );
                // Fingers of the drawn hands are as narrow as fingers are.
                let is_finger = name == "fingers" && element.size().width < 56.0;
                if touched && !is_finger {
                    let size = element.size();
                    assert!(
                        size.width >= 50.0 && size.height >= 50.0,
                        "{name}: {label} is {} x {}",
                        size.width,
                        size.height
                    );
                }
            }
        }
    }
}

#[test]
fn a_page_is_mirrored_and_the_hands_are_not() {
    let at = |shown: &Shown, label: &str| {
        ElementHandle::find_by_accessible_label(&shown.window, label)
            .next()
            .map(|e| e.absolute_position().x)
            .unwrap_or_else(|| panic!("no {label}"))
    };
    let home = ("home", Page::Home, StepKind::Form);
    let shown = Shown::open("en");
    shown.page(home, ThemeMode::Normal);
    assert!(at(&shown, "Home") < 300.0 && at(&shown, "Lock") > 1_000.0);
    let shown = Shown::open("ar");
    shown.page(home, ThemeMode::Normal);
    assert!(at(&shown, "الرئيسية") > 1_000.0 && at(&shown, "قفل") < 300.0);
}

#[test]
fn text_at_twice_its_size_stays_on_the_page() {
    let shown = Shown::open("ar");
    shown.window.global::<Type>().set_scale(2.0);
    for page @ (name, ..) in PAGES {
        shown.page(page, ThemeMode::Normal);
        let elements = ElementQuery::from_root(&shown.window)
            .match_descendants()
            .find_all();
        let buttons = elements
            .iter()
            .filter(|e| e.accessible_role() == Some(AccessibleRole::Button));
        for button in buttons {
            let (at, size) = (button.absolute_position(), button.size());
            let label = button.accessible_label().unwrap_or_default();
            assert!(
                at.x >= -1.0 && at.x + size.width <= 1_367.0,
                "{name}: {label} leaves the screen at {}",
                at.x
            );
        }
    }
}
