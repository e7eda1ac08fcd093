//! The seeds of the fuzz targets, replayed: what holds for any bytes holds for these.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};

use qayd_fingerprint::cbeff::{self, Bir};
use qayd_fingerprint::record::{
    CaptureDevice, CaptureMoment, FingerImageCoding, Iso19794p4v2005, Iso19794p4v2011,
    Iso19794p5v2011, MinutiaeEdition, template_record,
};
use qayd_fingerprint::synthetic::{ImpressionSettings, MasterFinger, impression};
use qayd_fingerprint::{GreyImage, extract, wsq};
use qayd_model::FingerPosition;

#[path = "../fuzz/claims.rs"]
mod claims;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus")
}

/// A small part of a finger of nobody.
fn small() -> GreyImage {
    let settings = ImpressionSettings {
        width: 96,
        height: 80,
        ..ImpressionSettings::default()
    };
    impression(&MasterFinger::make(11), &settings)
}

/// Writes the seeds this crate makes, when asked to.
fn write() {
    let image = small();
    let template = extract(&image).unwrap().template;
    let finger = FingerPosition::RightIndex;
    let put = |target: &str, name: &str, bytes: &[u8]| {
        let folder = corpus().join(target);
        std::fs::create_dir_all(&folder).unwrap();
        #[allow(clippy::disallowed_methods, reason = "a test writes its own seeds")]
        std::fs::write(folder.join(name), bytes).unwrap();
    };
    for (name, edition) in [
        ("iso2005.fmr", MinutiaeEdition::Iso19794p2v2005),
        ("iso2011.fmr", MinutiaeEdition::Iso19794p2v2011),
        ("ansi2004.fmr", MinutiaeEdition::Ansi378v2004),
        ("ansi2007.fmr", MinutiaeEdition::Ansi378v2007),
        ("ansi2009.fmr", MinutiaeEdition::Ansi378v2009),
    ] {
        let record = template_record(edition, &[(Some(finger), &template)]).unwrap();
        put("record", name, &record.to_bytes().unwrap());
    }
    let v2005 = |coding| Iso19794p4v2005::from_image(&image, 2, 0, coding).unwrap();
    let v2011 = |coding| Iso19794p4v2011::from_image(&image, 2, 0, coding).unwrap();
    put(
        "record",
        "raw2005.fir",
        &v2005(FingerImageCoding::Raw).to_bytes().unwrap(),
    );
    put(
        "record",
        "wsq2011.fir",
        &v2011(FingerImageCoding::Wsq).to_bytes().unwrap(),
    );
    put(
        "record",
        "png2011.fir",
        &v2011(FingerImageCoding::Png).to_bytes().unwrap(),
    );
    let face = Iso19794p5v2011::from_portrait(
        vec![0xff, 0xd8, 0xff, 0xd9],
        1,
        1,
        CaptureMoment::UNKNOWN,
        CaptureDevice::default(),
    );
    put("record", "face2011.fac", &face.unwrap().to_bytes().unwrap());
    put(
        "wsq",
        "small.wsq",
        &wsq::encode(&image, wsq::WsqRate::FIFTEEN_TO_ONE).unwrap(),
    );
    put(
        "wsq",
        "fine.wsq",
        &wsq::encode(&image, wsq::WsqRate::FIVE_TO_ONE).unwrap(),
    );
    put("picture", "small.png", &image.encode_png().unwrap());
    put("template", "small.qft", &template.to_bytes());
    let record = template_record(
        MinutiaeEdition::Iso19794p2v2011,
        &[(Some(finger), &template)],
    );
    let inner = Bir::of_finger(
        finger,
        cbeff::FINGER_MINUTIAE_FORMAT,
        record.unwrap().to_bytes().unwrap(),
    );
    put(
        "cbeff",
        "one-finger.xml",
        Bir::around(vec![inner]).to_xml().unwrap().as_bytes(),
    );
}

#[test]
fn every_seed_keeps_its_codecs_claim() {
    if std::env::var_os("QAYD_WRITE_CORPUS").is_some() {
        write();
    }
    let mut seen = 0;
    for (target, claim) in [
        ("record", claims::record as fn(&[u8])),
        ("wsq", claims::wsq),
        ("jpeg2000", claims::jpeg2000),
        ("cbeff", claims::cbeff),
        ("picture", claims::picture),
        ("template", claims::template),
    ] {
        let mut files: Vec<_> = std::fs::read_dir(corpus().join(target))
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        files.sort();
        assert!(!files.is_empty(), "{target} has no seed");
        for file in files {
            let bytes = std::fs::read(&file).unwrap();
            assert!(
                bytes.len() < 64 * 1024,
                "{} is no small seed",
                file.display()
            );
            claim(&bytes);
            seen += 1;
        }
    }
    assert!(seen >= 15);
}

#[test]
fn seeds_made_here_are_read_and_not_merely_refused() {
    if std::env::var_os("QAYD_WRITE_CORPUS").is_some() {
        // The other test is writing them.
        return;
    }
    let read = |path: &str| std::fs::read(corpus().join(path)).unwrap();
    for name in [
        "iso2005.fmr",
        "iso2011.fmr",
        "ansi2004.fmr",
        "ansi2007.fmr",
        "ansi2009.fmr",
        "raw2005.fir",
        "wsq2011.fir",
        "png2011.fir",
        "face2011.fac",
    ] {
        let bytes = read(&format!("record/{name}"));
        assert!(
            qayd_fingerprint::record::Record::parse(&bytes).is_ok(),
            "{name}"
        );
    }
    assert!(wsq::decode(&read("wsq/small.wsq"), None).is_ok());
    assert!(Bir::parse(&read("cbeff/one-finger.xml")).is_ok());
    assert!(
        qayd_fingerprint::jpeg2000::decode_grey(
            &read("jpeg2000/lossless.jp2"),
            Some(qayd_model::Ppi(500))
        )
        .is_ok()
    );
}
