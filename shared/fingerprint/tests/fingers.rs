//! The engine on synthetic fingers: what callers may rely on, whatever engine stands behind the types.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

use std::sync::OnceLock;

use qayd_fingerprint::synthetic::{
    ImpressionSettings, MasterFinger, SlapFault, SlapSettings, SyntheticPerson, impression,
    portrait, slap,
};
use qayd_fingerprint::{
    ExtractError, Gallery, GreyImage, HandCheck, HandMatch, QualityReason, Score, SlapError,
    SlapFinger, Template, extract, hand_check, hand_swapped, is_same_finger, match_score,
    same_finger_twice, search, segment_slap, segment_slap_without,
};
use qayd_model::{FingerPosition, Ppi, Slap};

fn person(index: usize) -> &'static SyntheticPerson {
    static PEOPLE: OnceLock<Vec<SyntheticPerson>> = OnceLock::new();
    &PEOPLE.get_or_init(|| (0..4).map(|i| SyntheticPerson::make(900 + i)).collect())[index]
}

fn template(person: &SyntheticPerson, finger: FingerPosition, seed: u64) -> Template {
    extract(&person.impression(finger, seed)).unwrap().template
}

fn taken(fingers: &[SlapFinger]) -> Vec<(FingerPosition, Template)> {
    fingers
        .iter()
        .map(|f| (f.position.unwrap(), extract(&f.image).unwrap().template))
        .collect()
}

fn reasons(change: impl Fn(&mut ImpressionSettings)) -> Vec<QualityReason> {
    let mut settings = ImpressionSettings::default();
    change(&mut settings);
    extract(&impression(&MasterFinger::make(31), &settings))
        .unwrap()
        .quality
        .reasons
}

#[test]
fn one_finger_scores_above_every_other() {
    let mut templates = Vec::new();
    for finger in 0..8 {
        let master = MasterFinger::make(4_000 + finger);
        for i in 0..3 {
            let image = impression(&master, &ImpressionSettings::natural(finger * 8 + i));
            templates.push((finger, extract(&image).unwrap().template));
        }
    }
    let (mut genuine, mut impostor) = (Vec::new(), Vec::new());
    for (i, (finger, a)) in templates.iter().enumerate() {
        for (other, b) in &templates[i + 1..] {
            let list = if finger == other {
                &mut genuine
            } else {
                &mut impostor
            };
            list.push(match_score(a, b));
        }
    }
    assert!(
        genuine
            .iter()
            .all(|s| is_same_finger(*s) && *s > Score::from_value(450)),
        "{genuine:?}"
    );
    assert!(genuine.iter().min() > impostor.iter().max());
    // One in a thousand may pass by the scale's own word; of 252 pairs not more than two.
    assert!(impostor.iter().filter(|s| is_same_finger(**s)).count() <= 2);
}

#[test]
fn the_same_seed_gives_the_same_picture_template_and_score() {
    let settings = ImpressionSettings::natural(3);
    let make = || impression(&MasterFinger::make(77), &settings);
    assert_eq!(make(), make());
    assert_eq!(extract(&make()).unwrap(), extract(&make()).unwrap());
    assert_ne!(make(), impression(&MasterFinger::make(78), &settings));
}

#[test]
fn a_template_survives_its_bytes_and_still_matches() {
    let first = template(person(0), FingerPosition::RightIndex, 1);
    let second = template(person(0), FingerPosition::RightIndex, 2);
    let read = Template::from_bytes(&first.to_bytes()).unwrap();
    assert_eq!(read, first);
    assert!(first.to_bytes().len() < 1_600);
    assert_eq!(match_score(&read, &second), match_score(&first, &second));
}

#[test]
fn a_picture_at_1000_ppi_matches_the_one_at_500() {
    let image = person(0).impression(FingerPosition::LeftThumb, 1);
    let (w, h) = (image.width as usize, image.height as usize);
    let fine = (0..4 * w * h)
        .map(|i| image.pixels[i / (2 * w) / 2 * w + i % (2 * w) / 2])
        .collect();
    let fine = GreyImage::new(image.width * 2, image.height * 2, Ppi(1_000), fine).unwrap();
    let score = match_score(
        &extract(&image).unwrap().template,
        &extract(&fine).unwrap().template,
    );
    assert!(is_same_finger(score), "{score:?}");
}

#[test]
fn quality_names_what_is_wrong() {
    assert_eq!(reasons(|_| {}), []);
    assert!(reasons(|s| s.dryness = 1.0).contains(&QualityReason::TooDry));
    assert!(reasons(|s| s.dryness = -1.0).contains(&QualityReason::TooWet));
    assert!(reasons(|s| s.pressure = 0.0).contains(&QualityReason::TooLight));
    assert!(reasons(|s| s.partial = 0.65).contains(&QualityReason::Partial));
    assert!(reasons(|s| s.shift_mm = (6.0, 0.0)).contains(&QualityReason::OffCentre));
}

#[test]
fn an_empty_platen_is_no_finger_and_no_error() {
    let empty = GreyImage::new(300, 400, Ppi(500), vec![240; 120_000]).unwrap();
    let found = extract(&empty).unwrap();
    assert_eq!(found.quality.reasons, [QualityReason::NoFinger]);
    assert_eq!(found.quality.score.value, 0);
    assert!(found.template.minutiae().is_empty());
    assert_eq!(match_score(&found.template, &found.template), Score::NONE);
}

#[test]
fn contradicting_or_oversized_pictures_are_refused() {
    let lying = GreyImage {
        width: 300,
        height: 400,
        ppi: Ppi(500),
        pixels: vec![0; 7],
    };
    assert!(matches!(extract(&lying), Err(ExtractError::Image(_))));
    let slap_sized = GreyImage::new(1_600, 1_500, Ppi(500), vec![255; 2_400_000]).unwrap();
    assert!(matches!(
        extract(&slap_sized),
        Err(ExtractError::TooLarge { .. })
    ));
    let dot = GreyImage::new(8, 8, Ppi(500), vec![0; 64]).unwrap();
    assert!(matches!(extract(&dot), Err(ExtractError::TooSmall { .. })));
    assert!(matches!(
        segment_slap(&slap_sized, Slap::LeftFour),
        Err(SlapError::NoFinger)
    ));
}

#[test]
fn odd_pictures_never_panic() {
    let mut seed = 1u32;
    for (w, h) in [(33, 32), (64, 1_000), (1_000, 40), (301, 207)] {
        for mode in 0..3 {
            let pixels = (0..w * h)
                .map(|i| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    match mode {
                        0 => (seed >> 24) as u8,
                        1 => {
                            if i % 9 < 4 {
                                0
                            } else {
                                255
                            }
                        }
                        _ => (i % 256) as u8,
                    }
                })
                .collect();
            let image = GreyImage::new(w, h, Ppi(500), pixels).unwrap();
            let found = extract(&image).unwrap();
            assert!(Template::from_bytes(&found.template.to_bytes()).is_ok());
            let _ = segment_slap(&image, Slap::LeftFour);
        }
    }
}

#[test]
fn slaps_are_cut_and_named_and_the_hand_is_seen() {
    for which in [Slap::LeftFour, Slap::RightFour] {
        let fingers = segment_slap(&slap(person(0), which, &SlapSettings::good(4)), which).unwrap();
        let named: Vec<_> = fingers.iter().filter_map(|f| f.position).collect();
        assert_eq!(named, which.fingers());
        let expected = if which == Slap::LeftFour {
            HandCheck::Left
        } else {
            HandCheck::Right
        };
        assert_eq!(hand_check(&fingers), expected);
        for (position, cut) in taken(&fingers) {
            assert!(
                is_same_finger(match_score(&cut, &template(person(0), position, 9))),
                "{position:?}"
            );
        }
    }
    let thumbs = segment_slap(
        &slap(person(0), Slap::Thumbs, &SlapSettings::good(4)),
        Slap::Thumbs,
    )
    .unwrap();
    assert_eq!(thumbs.len(), 2);
    assert_eq!(hand_check(&thumbs), HandCheck::Unsure);
}

#[test]
fn three_fingers_are_never_four_unless_one_is_excepted() {
    let lifted = FingerPosition::RightMiddle;
    let image = slap(
        person(1),
        Slap::RightFour,
        &SlapSettings::good(5).with(SlapFault::MissingFinger(lifted)),
    );
    let three = segment_slap(&image, Slap::RightFour).unwrap();
    assert_eq!(three.len(), 3);
    assert!(three.iter().all(|f| f.position.is_none()));
    assert_eq!(hand_check(&three), HandCheck::Unsure);
    let named = segment_slap_without(&image, Slap::RightFour, &[lifted]).unwrap();
    assert!(
        named
            .iter()
            .all(|f| f.position.is_some_and(|p| p != lifted))
    );
}

#[test]
fn a_swapped_hand_is_seen_by_shape_and_by_matching() {
    let left = segment_slap(
        &slap(person(2), Slap::LeftFour, &SlapSettings::good(6)),
        Slap::LeftFour,
    )
    .unwrap();
    let settings = SlapSettings::good(7).with(SlapFault::SwappedHand);
    let again = segment_slap(
        &slap(person(2), Slap::RightFour, &settings),
        Slap::RightFour,
    )
    .unwrap();
    assert_eq!(hand_check(&again), HandCheck::Left);
    assert!(hand_check(&again).contradicts(qayd_model::Hand::Right));
    assert_eq!(
        hand_swapped(&taken(&left), &taken(&again)),
        HandMatch::Swapped
    );
    let right = segment_slap(
        &slap(person(2), Slap::RightFour, &SlapSettings::good(8)),
        Slap::RightFour,
    )
    .unwrap();
    assert_eq!(
        hand_swapped(&taken(&left), &taken(&right)),
        HandMatch::Unsure
    );
    assert_eq!(
        hand_swapped(&taken(&left), &taken(&left)),
        HandMatch::AsNamed
    );
}

#[test]
fn the_same_finger_twice_is_found_and_ten_different_ones_are_not() {
    let settings = SlapSettings::good(9).with(SlapFault::SameFingerTwice);
    let fingers =
        segment_slap(&slap(person(3), Slap::LeftFour, &settings), Slap::LeftFour).unwrap();
    let twice = Some((FingerPosition::LeftRing, FingerPosition::LeftLittle));
    assert_eq!(same_finger_twice(&taken(&fingers)), twice);
    let ten: Vec<_> = FingerPosition::ALL
        .iter()
        .map(|p| (*p, template(person(3), *p, 1)))
        .collect();
    assert_eq!(same_finger_twice(&ten), None);
}

#[test]
fn search_finds_the_person_even_with_a_finger_missing() {
    use FingerPosition::{LeftIndex, LeftThumb, RightIndex, RightThumb};
    let four = [RightThumb, RightIndex, LeftThumb, LeftIndex];
    let mut gallery = Gallery::new();
    for key in 0..4 {
        gallery.insert(
            key as u64,
            four.iter().map(|p| (*p, template(person(key), *p, 1))),
        );
    }
    let probe: Vec<_> = [RightThumb, LeftIndex]
        .iter()
        .map(|p| (*p, template(person(2), *p, 2)))
        .collect();
    let found = search(&gallery, &probe, 3);
    assert_eq!(found.len(), 3);
    assert_eq!(found[0].key, 2);
    assert_eq!(found[0].fingers.len(), 2);
    assert!(found[0].score.value() > 600 && found[1].score.value() < 300);
    assert!(gallery.remove(2));
    assert!(!gallery.remove(2));
    assert_eq!(gallery.len(), 3);
    assert!(
        search(&gallery, &probe, 3)
            .iter()
            .all(|c| c.score.value() < 300)
    );
    assert!(search(&Gallery::new(), &probe, 3).is_empty());
}

#[test]
fn portraits_are_repeatable_and_differ() {
    assert_eq!(portrait(1, 413, 531), portrait(1, 413, 531));
    assert_ne!(portrait(1, 413, 531), portrait(2, 413, 531));
    let png = portrait(1, 413, 531).encode_png().unwrap();
    assert_eq!(&png[1..4], b"PNG");
    assert_eq!(
        &portrait(1, 413, 531).encode_jpeg(90).unwrap()[..2],
        [0xff, 0xd8]
    );
}
