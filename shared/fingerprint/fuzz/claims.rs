//! What must hold for any bytes, one claim per codec. The fuzz targets and the test `corpus` share it.
#![allow(dead_code, reason = "each fuzz target uses one of them")]

use qayd_fingerprint::cbeff::Bir;
use qayd_fingerprint::record::{MinutiaeEdition, Record, template_record};
use qayd_fingerprint::{GreyImage, Template, extract, jpeg2000, wsq};
use qayd_model::Ppi;

/// More pixels than this are read, but not worked on: the claim would take too long.
const WORKED_ON_PX: u64 = 512 * 512;

/// A record that is read is written as it was; its templates survive a record of their own, its pictures are pictures.
pub fn record(bytes: &[u8]) {
    let Ok(record) = Record::parse(bytes) else {
        return;
    };
    assert_eq!(
        record.to_bytes().expect("what was read can be written"),
        bytes
    );
    if let Ok(templates) = record.templates() {
        for (_, template) in &templates {
            assert!(Template::from_bytes(&template.to_bytes()).is_ok());
            let again = template_record(MinutiaeEdition::Iso19794p2v2005, &[(None, template)])
                .expect("one template fits")
                .to_bytes()
                .expect("and is written");
            assert!(Record::parse(&again).is_ok(), "what is written can be read");
        }
    }
    match &record {
        Record::Iso19794p4v2005(r) => r.views.iter().enumerate().for_each(|(i, view)| {
            if u64::from(view.width) * u64::from(view.height) <= WORKED_ON_PX {
                let _ = r.image(i);
            }
        }),
        Record::Iso19794p4v2011(r) => {
            r.representations.iter().enumerate().for_each(|(i, found)| {
                if u64::from(found.width) * u64::from(found.height) <= WORKED_ON_PX {
                    let _ = r.image(i);
                }
            })
        }
        _ => {}
    }
}

/// A WSQ image that is decoded has the size its head says, and can be encoded.
pub fn wsq(bytes: &[u8]) {
    let Ok(header) = wsq::read_header(bytes) else {
        assert!(wsq::decode(bytes, Some(Ppi(500))).is_err());
        return;
    };
    if u64::from(header.width) * u64::from(header.height) > WORKED_ON_PX {
        return;
    }
    let Ok(image) = wsq::decode(bytes, Some(Ppi(500))) else {
        return;
    };
    assert_eq!((image.width, image.height), (header.width, header.height));
    let coded =
        wsq::encode(&image, wsq::WsqRate::FIFTEEN_TO_ONE).expect("what was decoded can be encoded");
    let again = wsq::decode(&coded, None).expect("what was encoded can be decoded");
    assert_eq!(
        (again.width, again.height, again.ppi),
        (image.width, image.height, image.ppi)
    );
}

/// A JPEG 2000 image is a picture, or an error.
pub fn jpeg2000(bytes: &[u8]) {
    if let Ok(image) = jpeg2000::decode_grey(bytes, Some(Ppi(500))) {
        assert_eq!(
            image.pixels.len() as u64,
            u64::from(image.width) * u64::from(image.height)
        );
    }
}

/// A document that is read leads to a canonical one, which leads back to itself.
pub fn cbeff(bytes: &[u8]) {
    let Ok(bir) = Bir::parse(bytes) else {
        return;
    };
    let canonical = bir.to_xml().expect("what was read can be written");
    let again = Bir::parse(canonical.as_bytes()).expect("what was written can be read");
    assert_eq!(again, bir);
    assert_eq!(again.to_xml().expect("and written again"), canonical);
}

/// A picture can be worked on, whatever it shows.
pub fn picture(bytes: &[u8]) {
    let Ok(image) = GreyImage::decode(bytes, Some(Ppi(500))) else {
        return;
    };
    if u64::from(image.width) * u64::from(image.height) <= WORKED_ON_PX {
        let _ = extract(&image);
    }
}

/// One template, one byte string.
pub fn template(bytes: &[u8]) {
    if let Ok(template) = Template::from_bytes(bytes) {
        assert_eq!(template.to_bytes(), bytes);
    }
}
