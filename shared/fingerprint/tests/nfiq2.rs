//! Native features against the published values of NFIQ 2.3.0 on its five synthetic test images.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use qayd_fingerprint::nfiq2::{NativeFeatures, NativeFeaturesError};
use qayd_fingerprint::{GreyImage, extract};
use qayd_model::Ppi;

/// The published values have six digits; half a unit of the last one is at most this share of the value.
const WITHIN: f64 = 1e-5;
/// Rows that rest on the minutiae of another extractor.
const OF_MINUTIAE: [&str; 4] = [
    "FingerJetFX_MinCount_COMMinRect200x200",
    "FingerJetFX_MinutiaeCount",
    "FJFXPos_Mu_MinutiaeQuality_2",
    "FJFXPos_OCL_MinutiaeQuality_80",
];

struct Golden {
    name: &'static str,
    published: BTreeMap<String, f64>,
    measured: BTreeMap<&'static str, f64>,
}

macro_rules! golden {
    ($($name:literal),*) => {
        [$((
            $name,
            &include_bytes!(concat!("golden/nfiq2/", $name, ".png"))[..],
            include_str!(concat!("golden/nfiq2/", $name, ".txt")),
        )),*]
    };
}

fn golden() -> Vec<Golden> {
    golden!(
        "SFinGe_Test01",
        "SFinGe_Test02",
        "SFinGe_Test03",
        "SFinGe_Test04",
        "SFinGe_Test05"
    )
    .into_iter()
    .map(|(name, picture, values)| {
        let image = GreyImage::decode(picture, Some(Ppi(500))).unwrap();
        let minutiae = extract(&image).unwrap().template;
        let features = NativeFeatures::measure(&image, minutiae.minutiae()).unwrap();
        let mut measured: BTreeMap<_, _> = features.named().into_iter().collect();
        assert_eq!(measured.len(), 69);
        // Two more numbers that the reference prints as advice.
        measured.insert("UniformImage", features.deviation);
        measured.insert(
            "SufficientFingerprintForeground",
            f64::from(features.foreground_px),
        );
        let published = values
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(key, value)| (key.to_owned(), value.trim().parse().unwrap()))
            .collect();
        Golden {
            name,
            published,
            measured,
        }
    })
    .collect()
}

fn distance(measured: f64, published: f64) -> f64 {
    if measured == published {
        return 0.0;
    }
    (measured - published).abs() / published.abs().max(f64::MIN_POSITIVE)
}

#[test]
fn every_feature_but_those_of_minutiae_has_its_published_value() {
    let mut list = String::new();
    let (mut rows, mut off) = (0, 0);
    for golden in golden() {
        for (feature, measured) in &golden.measured {
            if OF_MINUTIAE.contains(feature) {
                continue;
            }
            let published = golden.published[*feature];
            let distance = distance(*measured, published);
            rows += 1;
            let mark = if distance <= WITHIN { "" } else { "  <-- off" };
            off += usize::from(distance > WITHIN);
            let name = golden.name;
            let _ = writeln!(
                list,
                "{name} {feature:38} {published:>12} {measured:>20} {distance:.1e}{mark}"
            );
        }
    }
    assert_eq!(rows, 5 * 67);
    assert_eq!(off, 0, "{off} of {rows} rows are off:\n{list}");
}

/// Not a promise of equality: the reference counts what FingerJetFX finds. A guard against a slip in the arithmetic.
#[test]
fn the_four_features_of_minutiae_are_of_the_published_order() {
    let mut list = String::new();
    let mut off = 0;
    for golden in golden() {
        for feature in OF_MINUTIAE {
            let (measured, published) = (golden.measured[feature], golden.published[feature]);
            let near = if feature.starts_with("FJFX") {
                (measured - published).abs() < 0.35
            } else {
                (0.4..2.5).contains(&(measured / published))
            };
            off += usize::from(!near);
            let _ = writeln!(
                list,
                "{} {feature:38} {published:>9} {measured:>9.4}",
                golden.name
            );
        }
    }
    println!("{list}");
    assert_eq!(off, 0, "{list}");
}

#[test]
fn a_value_moved_by_a_tenth_of_a_per_cent_is_seen() {
    assert!(distance(1.0 + 1e-3, 1.0) > WITHIN);
    assert!(distance(1.0, 0.0) > WITHIN);
    assert_eq!(distance(0.0, 0.0), 0.0);
}

#[test]
fn pictures_without_a_finger_are_refused_by_name() {
    let measure = |width: u32, height: u32, pixels: Vec<u8>| {
        NativeFeatures::measure(
            &GreyImage::new(width, height, Ppi(500), pixels).unwrap(),
            &[],
        )
    };
    assert!(matches!(
        measure(300, 400, vec![255; 120_000]),
        Err(NativeFeaturesError::Blank)
    ));
    assert!(matches!(
        measure(300, 400, vec![90; 120_000]),
        Err(NativeFeaturesError::TooFewRegions { found: 0 })
    ));
    assert!(matches!(
        measure(20, 20, vec![0; 400]),
        Err(NativeFeaturesError::Blank)
    ));
    assert!(matches!(
        measure(2_049, 40, vec![0; 2_049 * 40]),
        Err(NativeFeaturesError::TooLarge { width: 2_049, .. })
    ));
}

#[test]
fn no_size_and_no_noise_makes_it_panic_or_give_a_number_that_is_none() {
    let mut state = 1u32;
    let mut noise = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    for (width, height) in [
        (1, 1),
        (32, 32),
        (33, 170),
        (35, 36),
        (36, 36),
        (67, 300),
        (161, 163),
    ] {
        let pixels = (0..width * height).map(&mut noise).collect();
        let image = GreyImage::new(width, height, Ppi(500), pixels).unwrap();
        if let Ok(features) = NativeFeatures::measure(&image, &[]) {
            assert!(features.named().iter().all(|(_, v)| v.is_finite()));
        }
    }
}
