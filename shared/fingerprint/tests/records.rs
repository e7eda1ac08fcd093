//! Records: the golden files of NIST byte for byte, values in them, and the way to templates and pictures and back.
#![allow(clippy::unwrap_used, reason = "a test")]

use qayd_fingerprint::jpeg2000::{self, Jpeg2000Error};
use qayd_fingerprint::record::{
    CaptureDevice, CaptureMoment, CertificationBlock, ExtendedArea, ExtendedData,
    FingerImageCoding, FingerImageRepresentation, Iso19794p2v2011, Iso19794p4v2005,
    Iso19794p4v2011, Iso19794p5v2011, MinutiaeEdition, MinutiaeRepresentation, QualityBlock,
    Record, RecordError, RecordMinutia, decode_finger_payload, template_record,
};
use qayd_fingerprint::synthetic::{ImpressionSettings, MasterFinger, impression};
use qayd_fingerprint::{Template, extract, match_score};
use qayd_model::{FingerPosition, Ppi};

const ISO_2005: &[u8] = include_bytes!("golden/fmr.iso2005");
const ANSI_2004: &[u8] = include_bytes!("golden/fmr.ansi2004");
const ANSI_2007: &[u8] = include_bytes!("golden/fmr.ansi2007");
const FACE_2005: &[u8] = include_bytes!("golden/face01.iso2005");

#[test]
fn golden_records_come_back_byte_for_byte() {
    for (bytes, edition) in [
        (ISO_2005, "iso19794-2:2005"),
        (ANSI_2004, "ansi378-2004"),
        (ANSI_2007, "ansi378-2007"),
        (FACE_2005, "iso19794-5:2005"),
    ] {
        let record = Record::parse(bytes).unwrap();
        assert_eq!(record.edition(), edition);
        assert!(record.to_bytes().unwrap() == bytes, "{edition}");
    }
}

#[test]
fn the_golden_minutiae_have_the_values_their_bytes_say() {
    let Record::Iso19794p2v2005(record) = Record::parse(ISO_2005).unwrap() else {
        panic!()
    };
    assert_eq!((record.width, record.height), (512, 512));
    assert_eq!((record.x_per_cm, record.y_per_cm), (197, 197));
    assert_eq!(record.views.len(), 2);
    let view = &record.views[0];
    assert_eq!(
        (view.position, view.quality, view.minutiae.len()),
        (7, 90, 27)
    );
    // 40 64 00 0e 50 5a: an ending at 100, 14, 80/256 of a turn, quality 90.
    let m = view.minutiae[0];
    assert_eq!((m.kind, m.x, m.y, m.angle, m.quality), (1, 100, 14, 80, 90));
    // 80 37 00 12 10 5a: a bifurcation.
    let m = view.minutiae[2];
    assert_eq!((m.kind, m.x, m.y, m.angle), (2, 55, 18, 16));
}

#[test]
fn flaws_of_the_golden_records_are_kept_and_shown() {
    let Record::Iso19794p2v2005(iso) = Record::parse(ISO_2005).unwrap() else {
        panic!()
    };
    // Its last view says 42 bytes of extended data, and ends after 41.
    assert!(matches!(
        &iso.views[1].extended,
        ExtendedArea::Unreadable { said: 42, bytes } if bytes.len() == 41
    ));
    let Record::Ansi378v2004(ansi) = Record::parse(ANSI_2004).unwrap() else {
        panic!()
    };
    assert_eq!((ansi.views.len(), ansi.tail.len()), (3, 2));
    let ExtendedArea::Blocks(blocks) = &ansi.views[2].extended else {
        panic!()
    };
    let kinds: Vec<_> = blocks.iter().map(|b| (b.kind, b.data.len())).collect();
    assert_eq!(kinds, [(1, 673), (2, 38)]);
}

#[test]
fn iso_and_ansi_golden_records_are_the_same_finger() {
    let first = |bytes| {
        Record::parse(bytes).unwrap().templates().unwrap()[0]
            .1
            .clone()
    };
    let (iso, old, new) = (first(ISO_2005), first(ANSI_2004), first(ANSI_2007));
    assert_eq!(old.minutiae().len(), iso.minutiae().len());
    for (i, (a, b)) in iso.minutiae().iter().zip(new.minutiae()).enumerate() {
        assert_eq!((a.x, a.y, a.kind), (b.x, b.y, b.kind), "{i}");
        // 2 degrees and 1/256 of a turn are both rounded.
        let apart = a.direction.wrapping_sub(b.direction);
        assert!(apart.min(apart.wrapping_neg()) <= 2, "{i}: {apart}");
    }
}

#[test]
fn the_golden_face_has_its_points_and_its_picture() {
    let Record::Iso19794p5v2005(record) = Record::parse(FACE_2005).unwrap() else {
        panic!()
    };
    let image = &record.images[0];
    assert_eq!(image.feature_points.len(), 4);
    assert_eq!((image.width, image.height), (280, 320));
    assert!(image.data.starts_with(&[0xff, 0xd8]));
}

#[test]
fn every_cut_of_a_golden_record_is_refused_with_a_field() {
    for bytes in [ISO_2005, ANSI_2004, ANSI_2007, &FACE_2005[..300]] {
        for cut in 0..bytes.len() {
            let error = Record::parse(&bytes[..cut]).unwrap_err();
            assert!(
                matches!(
                    error,
                    RecordError::UnknownFormat
                        | RecordError::Truncated { .. }
                        | RecordError::WrongLength { .. }
                ),
                "{cut}: {error:?}"
            );
        }
    }
}

/// A record of the 2011 edition with all its optional parts, written down by hand after clause 8.
fn full_2011() -> Vec<u8> {
    let mut b = b"FMR\x00030\0".to_vec();
    b.extend([0, 0, 0, 75, 0, 1, 1]); // length, one representation, certified
    b.extend([0, 0, 0, 60]); // length of the representation
    b.extend([0x07, 0xea, 3, 1, 10, 0, 31, 0x01, 0x79]); // 2026-03-01 10:00:31.377
    b.extend([1, 0, 12, 0, 34]); // white light TIR, vendor 12, type 34
    b.extend([1, 88, 0, 15, 0, 7]); // one quality block
    b.extend([1, 0, 9, 1]); // one certification block
    b.extend([2, 0, 0, 197, 0, 197, 0, 1, 0x2c, 1, 0x90]); // right index, 300 × 400
    b.extend([0x51, 2]); // minutiae of 5 bytes, endings at the skeleton's end; two of them
    b.extend([0x40, 10, 0xc0, 20, 64]);
    b.extend([0x80, 30, 0, 40, 255]);
    b.extend([0, 7, 1, 1, 0, 7, 9, 8, 7]); // extended data of a vendor
    b
}

#[test]
fn a_record_of_2011_with_all_its_parts_is_understood_and_kept() {
    let bytes = full_2011();
    let Record::Iso19794p2v2011(record) = Record::parse(&bytes).unwrap() else {
        panic!()
    };
    assert_eq!(record.to_bytes().unwrap(), bytes);
    let expected = Iso19794p2v2011 {
        certified: true,
        representations: vec![MinutiaeRepresentation {
            captured: CaptureMoment {
                year: 2026,
                month: 3,
                day: 1,
                hour: 10,
                minute: 0,
                second: 31,
                millisecond: 377,
            },
            device: CaptureDevice {
                technology: 1,
                vendor: 12,
                model: 34,
            },
            quality: vec![QualityBlock {
                score: 88,
                vendor: 15,
                algorithm: 7,
            }],
            certificates: vec![CertificationBlock {
                authority: 9,
                scheme: 1,
            }],
            position: 2,
            number: 0,
            x_per_cm: 197,
            y_per_cm: 197,
            impression: 0,
            width: 300,
            height: 400,
            minutia_bytes: 5,
            ending_type: 1,
            minutiae: vec![
                RecordMinutia {
                    kind: 1,
                    x: 10,
                    y: 20,
                    reserved: 3,
                    angle: 64,
                    quality: 0,
                },
                RecordMinutia {
                    kind: 2,
                    x: 30,
                    y: 40,
                    reserved: 0,
                    angle: 255,
                    quality: 0,
                },
            ],
            extended: vec![ExtendedData {
                kind: 0x101,
                data: vec![9, 8, 7],
            }],
        }],
    };
    assert!(record == expected);
}

#[test]
fn lying_fields_are_named() {
    let good = full_2011();
    let field = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        match Iso19794p2v2011::parse(&bytes).unwrap_err() {
            RecordError::Truncated { field, .. }
            | RecordError::WrongLength { field, .. }
            | RecordError::OutOfRange { field, .. } => field,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(field(11, 200), "record length");
    assert_eq!(field(13, 2), "representation length");
    assert_eq!(field(14, 9), "certification flag");
    assert_eq!(field(18, 0), "representation length");
    assert_eq!(field(18, 59), "extended data block length");
    assert_eq!(field(33, 255), "quality algorithm vendor");
    assert_eq!(field(54, 0x71), "minutia field length");
    assert_eq!(field(55, 3), "extended data block length");
    assert_eq!(field(56, 0x7f), "minutia x");
    assert_eq!(field(58, 0x3f), "minutia y");
    assert_eq!(field(71, 3), "extended data length");
}

#[test]
fn ansi_and_iso_of_one_name_are_told_apart() {
    let template = extract(&finger(3, 1)).unwrap().template;
    for edition in [
        MinutiaeEdition::Iso19794p2v2005,
        MinutiaeEdition::Iso19794p2v2011,
        MinutiaeEdition::Ansi378v2004,
        MinutiaeEdition::Ansi378v2007,
        MinutiaeEdition::Ansi378v2009,
    ] {
        for count in [1, 2, 16] {
            let fingers = vec![(Some(FingerPosition::LeftThumb), &template); count];
            let record = template_record(edition, &fingers).unwrap();
            let bytes = record.to_bytes().unwrap();
            assert_eq!(
                Record::parse(&bytes).unwrap(),
                record,
                "{edition:?} × {count}"
            );
        }
    }
}

fn finger(seed: u64, occasion: u64) -> qayd_fingerprint::GreyImage {
    impression(
        &MasterFinger::make(seed),
        &ImpressionSettings::natural(occasion),
    )
}

#[test]
fn a_template_through_a_record_is_the_same_within_a_pixel() {
    let template = extract(&finger(5, 1)).unwrap().template;
    for edition in [
        MinutiaeEdition::Iso19794p2v2005,
        MinutiaeEdition::Ansi378v2009,
    ] {
        let record = template_record(edition, &[(None, &template)]).unwrap();
        let (position, back) = record.templates().unwrap().remove(0);
        assert_eq!(position, 0);
        assert_eq!(back.minutiae().len(), template.minutiae().len());
        let nearest = |m: &qayd_fingerprint::Minutia| {
            template
                .minutiae()
                .iter()
                .filter(|o| o.kind == m.kind)
                .map(|o| {
                    let turn = o.direction.wrapping_sub(m.direction);
                    let turn = turn.min(turn.wrapping_neg());
                    (o.x.abs_diff(m.x).max(o.y.abs_diff(m.y)), turn)
                })
                .min()
                .unwrap()
        };
        for m in back.minutiae() {
            // Half a pixel of 500 ppi is 2.5 units of 1/100 mm.
            let (far, turn) = nearest(m);
            assert!(
                far <= 3 && turn <= 1,
                "{edition:?}: {far} units, {turn}/256 turn"
            );
        }
    }
}

#[test]
fn fingers_are_told_apart_by_their_records_alone() {
    let through = |t: &Template| {
        let record = template_record(MinutiaeEdition::Iso19794p2v2011, &[(None, t)]).unwrap();
        let bytes = record.to_bytes().unwrap();
        Record::parse(&bytes)
            .unwrap()
            .templates()
            .unwrap()
            .remove(0)
            .1
    };
    let templates: Vec<[Template; 2]> = (20..26)
        .map(|seed| [1, 2].map(|n| through(&extract(&finger(seed, n)).unwrap().template)))
        .collect();
    let mut genuine: Vec<u16> = templates
        .iter()
        .map(|[a, b]| match_score(a, b).value())
        .collect();
    let mut impostor: Vec<u16> = (0..6)
        .map(|i| match_score(&templates[i][0], &templates[(i + 1) % 6][1]).value())
        .collect();
    genuine.sort_unstable();
    impostor.sort_unstable();
    assert!(genuine[1] > impostor[5], "{genuine:?} {impostor:?}");
}

#[test]
fn a_picture_in_a_record_comes_back() {
    let image = finger(7, 1);
    for coding in [FingerImageCoding::Raw, FingerImageCoding::Png] {
        let old = Iso19794p4v2005::from_image(&image, 2, 0, coding).unwrap();
        let new = Iso19794p4v2011::from_image(&image, 2, 0, coding).unwrap();
        let (old, new) = (old.to_bytes().unwrap(), new.to_bytes().unwrap());
        assert_eq!(decode_finger_payload(&old, None).unwrap(), image);
        assert_eq!(decode_finger_payload(&new, None).unwrap(), image);
        for bytes in [&old, &new] {
            assert_eq!(&Record::parse(bytes).unwrap().to_bytes().unwrap(), bytes);
            for cut in (0..bytes.len()).step_by(if bytes.len() > 4_000 { 97 } else { 1 }) {
                assert!(Record::parse(&bytes[..cut]).is_err(), "cut at {cut}");
            }
        }
    }
    let wsq = Iso19794p4v2011::from_image(&image, 2, 0, FingerImageCoding::Wsq).unwrap();
    let back = wsq.image(0).unwrap();
    assert_eq!(
        (back.width, back.height, back.ppi),
        (image.width, image.height, Ppi(500))
    );
}

#[test]
fn a_record_that_contradicts_its_picture_is_refused() {
    let image = finger(7, 1);
    let mut record = Iso19794p4v2011::from_image(&image, 2, 0, FingerImageCoding::Png).unwrap();
    let change = |r: &mut Iso19794p4v2011, change: &dyn Fn(&mut FingerImageRepresentation)| {
        let mut copy = r.clone();
        change(&mut copy.representations[0]);
        copy.image(0).unwrap_err()
    };
    let field = |error| match error {
        RecordError::WrongLength { field, .. } | RecordError::OutOfRange { field, .. } => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(field(change(&mut record, &|r| r.width -= 1)), "line length");
    assert_eq!(
        field(change(&mut record, &|r| r.height += 1)),
        "number of lines"
    );
    assert_eq!(
        field(change(&mut record, &|r| r.scale_unit = 0)),
        "scale unit"
    );
    assert_eq!(
        field(change(&mut record, &|r| r.compression = 77)),
        "compression"
    );
    assert!(matches!(
        change(&mut record, &|r| r.image_y = 400),
        RecordError::Unsupported(_)
    ));
    assert!(matches!(
        change(&mut record, &|r| (r.width, r.height) = (65_535, 65_535)),
        RecordError::Image(_)
    ));
    assert_eq!(
        field(change(&mut record, &|r| (r.compression, r.bit_depth) = (0, 8))),
        "image data"
    );
    // Pixels a centimetre: 197 is 500 ppi.
    record.representations[0].scale_unit = 2;
    record.representations[0].image_x = 197;
    record.representations[0].image_y = 197;
    assert_eq!(record.image(0).unwrap().ppi, Ppi(500));
}

#[test]
fn a_face_of_2011_is_kept_and_a_tail_is_not_allowed_in_two_dimensions() {
    let mut record = Iso19794p5v2011::from_portrait(
        vec![0xff, 0xd8, 1, 2, 3],
        413,
        531,
        CaptureMoment::UNKNOWN,
        CaptureDevice::default(),
    )
    .unwrap();
    let face = &mut record.representations[0];
    face.landmarks.push([1, 0x31, 0, 9, 0, 8, 0, 0]);
    face.face.height_cm = 170;
    let bytes = record.to_bytes().unwrap();
    assert_eq!(bytes.len(), 17 + 19 + 17 + 8 + 11 + 4 + 5);
    assert_eq!(Iso19794p5v2011::parse(&bytes).unwrap(), record);
    for cut in 0..bytes.len() {
        assert!(Record::parse(&bytes[..cut]).is_err());
    }
    record.representations[0].three_dimensional = vec![1];
    assert!(record.to_bytes().is_err());
    record.representations[0].image_type = 0x80;
    let bytes = record.to_bytes().unwrap();
    assert_eq!(Iso19794p5v2011::parse(&bytes).unwrap(), record);
}

#[test]
fn an_empty_print_is_a_record_and_a_template() {
    let blank = qayd_fingerprint::GreyImage::new(200, 200, Ppi(500), vec![250; 40_000]).unwrap();
    let template = extract(&blank).unwrap().template;
    assert!(template.minutiae().is_empty());
    for edition in [
        MinutiaeEdition::Iso19794p2v2005,
        MinutiaeEdition::Iso19794p2v2011,
    ] {
        let record = template_record(edition, &[(None, &template)]).unwrap();
        let bytes = record.to_bytes().unwrap();
        let back = Record::parse(&bytes).unwrap().templates().unwrap();
        assert!(back[0].1.minutiae().is_empty());
    }
}

#[test]
fn jpeg_2000_without_loss_is_the_same_picture() {
    let expected =
        qayd_fingerprint::GreyImage::decode(include_bytes!("golden/synthetic.png"), Some(Ppi(500)));
    let coded = include_bytes!("golden/synthetic.jp2");
    let found = decode_finger_payload(coded, Some(Ppi(500))).unwrap();
    assert_eq!(found, expected.unwrap());
    assert!(
        decode_finger_payload(coded, None).is_err(),
        "nothing says its resolution"
    );
    for cut in 0..coded.len().min(400) {
        assert!(
            decode_finger_payload(&coded[..cut], Some(Ppi(500))).is_err(),
            "cut at {cut}"
        );
    }
}

#[test]
fn jpeg_2000_with_opacity_is_no_finger() {
    let coded = include_bytes!("golden/opacity.jp2");
    let refused = jpeg2000::decode(coded).unwrap_err();
    assert!(
        matches!(refused, Jpeg2000Error::OutOfRange("number of components")),
        "{refused}"
    );
    // Two components of which neither says what it is.
    let mut unnamed = coded.to_vec();
    let at = unnamed.windows(4).position(|four| four == b"cdef").unwrap();
    unnamed[at..at + 4].copy_from_slice(b"xxxx");
    assert!(jpeg2000::decode(&unnamed).is_err());
}
