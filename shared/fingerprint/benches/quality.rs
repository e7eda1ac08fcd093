//! Criterion benches of quality: native features, unified score, frames of a live preview.
//!
//! `cargo bench -p qayd-fingerprint --bench quality`; figures in docs/quality.md.

#![allow(clippy::unwrap_used, missing_docs, reason = "a measurement")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use qayd_fingerprint::nfiq2::NativeFeatures;
use qayd_fingerprint::synthetic::{
    ImpressionSettings, MasterFinger, SlapSettings, SyntheticPerson, impression, slap,
};
use qayd_fingerprint::{GreyImage, PictureOf, Preview, extract, unified_quality};
use qayd_model::{Ppi, Slap};

fn features(criterion: &mut Criterion) {
    let golden = include_bytes!("../tests/golden/nfiq2/SFinGe_Test01.png");
    let golden = GreyImage::decode(golden, Some(Ppi(500))).unwrap();
    let finger = impression(&MasterFinger::make(1), &ImpressionSettings::natural(1));
    for (name, image) in [("golden 416 × 560", golden), ("finger 300 × 400", finger)] {
        let found = extract(&image).unwrap();
        let minutiae = found.template.minutiae();
        criterion.bench_function(&format!("native features, {name}"), |b| {
            b.iter(|| NativeFeatures::measure(black_box(&image), minutiae).unwrap());
        });
        criterion.bench_function(&format!("unified score, {name}"), |b| {
            b.iter(|| unified_quality(black_box(&image)).unwrap());
        });
        criterion.bench_function(&format!("extraction and native features, {name}"), |b| {
            b.iter(|| {
                let found = extract(black_box(&image)).unwrap();
                NativeFeatures::measure(&image, found.template.minutiae()).unwrap()
            });
        });
    }
}

fn frames(criterion: &mut Criterion) {
    let finger = impression(&MasterFinger::make(1), &ImpressionSettings::natural(1));
    let hand = slap(
        &SyntheticPerson::make(1),
        Slap::RightFour,
        &SlapSettings::good(1),
    );
    for (name, of, frame) in [
        ("finger 300 × 400", PictureOf::Finger, finger),
        ("slap", PictureOf::Slap, hand),
    ] {
        let size = format!("{} × {}", frame.width, frame.height);
        let mut preview = Preview::new(of);
        preview.judge(&frame).unwrap();
        criterion.bench_function(&format!("preview frame, {name} ({size})"), |b| {
            b.iter(|| preview.judge(black_box(&frame)).unwrap());
        });
    }
}

criterion_group!(benches, features, frames);
criterion_main!(benches);
