//! Reasons and live preview on synthetic impressions that show a fault, and on controls that do not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

use qayd_fingerprint::synthetic::{
    ImpressionSettings, MasterFinger, SlapFault, SlapSettings, SyntheticPerson, impression, slap,
};
use qayd_fingerprint::{
    FrameReport, GreyImage, PictureOf, Preview, QualityReason, UNIFIED_ALGORITHM, unified_quality,
};
use qayd_model::{FingerPosition, Ppi, Slap};

const FINGERS: u64 = 10;

type Change<'a> = &'a dyn Fn(&mut ImpressionSettings);

fn picture(finger: u64, change: impl Fn(&mut ImpressionSettings)) -> GreyImage {
    let mut settings = ImpressionSettings::natural(4_100 + finger);
    change(&mut settings);
    impression(&MasterFinger::make(4_200 + finger), &settings)
}

fn first_frame(image: &GreyImage) -> FrameReport {
    Preview::new(PictureOf::Finger).judge(image).unwrap()
}

/// In how many of the fingers' pictures a reason is given.
fn given(reason: QualityReason, make: impl Fn(u64) -> GreyImage) -> u64 {
    (0..FINGERS)
        .filter(|finger| first_frame(&make(*finger)).reasons.contains(&reason))
        .count() as u64
}

/// Drags the picture over itself, as a finger that slides while it is scanned.
fn smeared(image: &GreyImage, px: i64) -> GreyImage {
    let at = |x: i64, y: i64| {
        let x = x.clamp(0, i64::from(image.width) - 1);
        let y = y.clamp(0, i64::from(image.height) - 1);
        u32::from(image.at(x as u32, y as u32))
    };
    let mut out = image.clone();
    for (i, pixel) in out.pixels.iter_mut().enumerate() {
        let (x, y) = (
            i as i64 % i64::from(image.width),
            i as i64 / i64::from(image.width),
        );
        let sum: u32 = (0..px).map(|k| at(x - k, y - k)).sum();
        *pixel = (sum / px as u32) as u8;
    }
    out
}

/// The same picture with the sensor's noise of another moment.
fn a_moment_later(image: &GreyImage, seed: u32) -> GreyImage {
    let mut out = image.clone();
    let mut state = seed;
    for pixel in &mut out.pixels {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (state >> 28) as i16 - 8;
        *pixel = (i16::from(*pixel) + noise).clamp(0, 255) as u8;
    }
    out
}

#[test]
fn an_everyday_picture_gives_no_reason() {
    for finger in 0..FINGERS {
        let report = first_frame(&picture(finger, |s| s.shift_mm = (0.5, -0.8)));
        assert_eq!(report.reasons, [], "{report:?}");
        assert_eq!(report.moved_mm, None);
        assert!(
            !report.is_ready(),
            "one frame alone cannot say that it is still"
        );
    }
}

#[test]
fn each_fault_is_named() {
    let full = |reason, change: &dyn Fn(&mut ImpressionSettings)| {
        given(reason, |finger| picture(finger, change))
    };
    let named = [
        ("dry", full(QualityReason::TooDry, &|s| s.dryness = 1.0)),
        ("wet", full(QualityReason::TooWet, &|s| s.dryness = -1.0)),
        (
            "light",
            full(QualityReason::TooLight, &|s| s.pressure = 0.0),
        ),
        (
            "half missing",
            full(QualityReason::Partial, &|s| s.partial = 0.6),
        ),
        (
            "to the side",
            full(QualityReason::OffCentre, &|s| s.shift_mm = (5.0, 0.0)),
        ),
        (
            "too low",
            full(QualityReason::OffCentre, &|s| s.shift_mm = (0.0, 8.0)),
        ),
        (
            "smeared",
            given(QualityReason::Smudged, |f| smeared(&picture(f, |_| {}), 14)),
        ),
    ];
    assert!(
        named.iter().all(|(_, count)| *count >= FINGERS - 1),
        "of {FINGERS}: {named:?}"
    );
}

#[test]
fn what_is_a_little_off_is_not_named() {
    let mild = |reason, change: &dyn Fn(&mut ImpressionSettings)| {
        given(reason, |finger| picture(finger, change))
    };
    let named = [
        ("dry", mild(QualityReason::TooDry, &|s| s.dryness = 0.2)),
        ("wet", mild(QualityReason::TooWet, &|s| s.dryness = -0.2)),
        (
            "light",
            mild(QualityReason::TooLight, &|s| s.pressure = 0.4),
        ),
        (
            "a corner missing",
            mild(QualityReason::Partial, &|s| s.partial = 0.1),
        ),
        (
            "to the side",
            mild(QualityReason::OffCentre, &|s| s.shift_mm = (1.5, 0.0)),
        ),
        (
            "a little low",
            mild(QualityReason::OffCentre, &|s| s.shift_mm = (0.0, 1.5)),
        ),
        ("noise", mild(QualityReason::Smudged, &|s| s.noise = 0.4)),
    ];
    assert!(named.iter().all(|(_, count)| *count == 0), "{named:?}");
}

#[test]
fn an_empty_platen_is_no_finger_and_nothing_else() {
    let white = GreyImage::new(320, 420, Ppi(500), vec![251; 320 * 420]).unwrap();
    for platen in [a_moment_later(&white, 1), white] {
        let report = first_frame(&platen);
        assert_eq!(report.reasons, [QualityReason::NoFinger]);
        assert_eq!(report.area_mm2, 0);
    }
}

#[test]
fn a_finger_that_is_still_is_ready_and_one_that_moves_is_not() {
    for finger in 0..FINGERS {
        let still = |s: &mut ImpressionSettings| {
            (s.shift_mm, s.pressure, s.dryness) = ((0.0, 0.0), 0.4, 0.0);
        };
        let first = picture(finger, still);
        let mut preview = Preview::new(PictureOf::Finger);
        preview.judge(&first).unwrap();
        let report = preview.judge(&a_moment_later(&first, 7)).unwrap();
        assert!(report.is_ready(), "{report:?}");
        assert!(report.moved_mm.unwrap() < 0.06);

        let moved: [(&str, Change); 4] = [
            ("aside", &|s| s.shift_mm = (0.6, 0.0)),
            ("down", &|s| s.shift_mm = (0.0, 0.5)),
            ("turned", &|s| s.rotation_deg += 4.0),
            ("pressed", &|s| s.pressure = 0.95),
        ];
        for (how, change) in moved {
            let next = picture(finger, |s| {
                still(s);
                change(s);
            });
            preview.restart();
            preview.judge(&first).unwrap();
            let report = preview.judge(&next).unwrap();
            assert_eq!(
                report.reasons.first(),
                Some(&QualityReason::Moving),
                "{how}, finger {finger}: {report:?}"
            );
            if how == "aside" {
                let moved = report.moved_mm.unwrap();
                assert!((moved - 0.6).abs() < 0.16, "{moved}");
            }
            let settled = preview.judge(&a_moment_later(&next, 3)).unwrap();
            assert!(
                !settled.reasons.contains(&QualityReason::Moving),
                "{settled:?}"
            );
        }
    }
}

#[test]
fn a_frame_of_another_size_starts_anew() {
    let mut preview = Preview::new(PictureOf::Finger);
    preview.judge(&picture(1, |_| {})).unwrap();
    let other = picture(1, |s| s.width = 340);
    assert_eq!(preview.judge(&other).unwrap().moved_mm, None);
    assert!(preview.judge(&other).unwrap().moved_mm.is_some());
}

#[test]
fn slaps_are_judged_as_slaps() {
    for seed in 0..3 {
        let person = SyntheticPerson::make(70 + seed);
        let hand = |settings: SlapSettings| slap(&person, Slap::RightFour, &settings);
        let judge = |image: &GreyImage| Preview::new(PictureOf::Slap).judge(image).unwrap();
        let good = judge(&hand(SlapSettings::good(seed)));
        assert_eq!(good.reasons, [], "{good:?}");
        assert!(good.area_mm2 > 400, "{good:?}");
        let dry = judge(&hand(SlapSettings::good(seed).with(SlapFault::Dry)));
        assert!(dry.reasons.contains(&QualityReason::TooDry), "{dry:?}");
        let empty = GreyImage::new(1_600, 1_500, Ppi(500), vec![252; 2_400_000]).unwrap();
        assert_eq!(judge(&empty).reasons, [QualityReason::NoFinger]);
    }
}

#[test]
fn the_unified_score_falls_with_every_fault_and_is_named_as_ours() {
    let mean = |make: &dyn Fn(u64) -> GreyImage| {
        let sum: u32 = (0..FINGERS)
            .map(|f| u32::from(unified_quality(&make(f)).unwrap().value))
            .sum();
        f64::from(sum) / FINGERS as f64
    };
    let good = mean(&|f| picture(f, |_| {}));
    for (fault, value) in [
        ("dry", mean(&|f| picture(f, |s| s.dryness = 1.0))),
        ("wet", mean(&|f| picture(f, |s| s.dryness = -1.0))),
        ("partial", mean(&|f| picture(f, |s| s.partial = 0.6))),
        ("smeared", mean(&|f| smeared(&picture(f, |_| {}), 14))),
    ] {
        assert!(value + 10.0 < good, "{fault} {value}, good {good}");
    }
    let score = unified_quality(&picture(1, |_| {})).unwrap();
    assert_eq!(
        (score.algorithm.as_str(), score.version),
        (UNIFIED_ALGORITHM, 1)
    );
    assert!(!score.algorithm.to_lowercase().contains("nfiq"));
    let white = GreyImage::new(300, 400, Ppi(500), vec![255; 120_000]).unwrap();
    assert_eq!(unified_quality(&white).unwrap().value, 0);
    let noise = a_moment_later(
        &GreyImage::new(300, 400, Ppi(500), vec![240; 120_000]).unwrap(),
        5,
    );
    assert_eq!(unified_quality(&noise).unwrap().value, 0);
    let person = SyntheticPerson::make(5);
    let thumb = person.impression(FingerPosition::LeftThumb, 1);
    assert!(unified_quality(&thumb).unwrap().value > 0);
}
