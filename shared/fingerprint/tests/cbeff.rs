//! CBEFF: every element of the schema, the canonical form, and what is refused.
#![allow(clippy::unwrap_used, reason = "a test")]

use qayd_fingerprint::cbeff::{
    Bir, CbeffError, FINGER_MINUTIAE_FORMAT, NAMESPACE, SUBTYPES, TYPES,
};
use qayd_model::FingerPosition;

/// Written by hand after the schema: every element once, in the order it asks for.
const FULL: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<!-- a comment -->
<b:BIR xmlns:b="http://standards.iso.org/iso-iec/19785/-3/ed-2/"
       xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <b:Version><b:Major>01</b:Major><b:Minor>1</b:Minor></b:Version>
  <b:CBEFFVersion><b:Major>1</b:Major><b:Minor>1</b:Minor></b:CBEFFVersion>
  <b:BIRInfo>
    <b:Creator>Qayd &amp; co&#46; <![CDATA[<test>]]></b:Creator>
    <b:Index>0192F0A1-0000-7000-8000-00000000000a</b:Index>
    <b:Payload>AQID</b:Payload>
    <b:Integrity>1</b:Integrity>
    <b:CreationDate>2026-03-01T10:00:31.377Z</b:CreationDate>
    <b:NotValidBefore>2026-03-01T10:00:31+03:00</b:NotValidBefore>
    <b:NotValidAfter>2036-03-01T10:00:31</b:NotValidAfter>
  </b:BIRInfo>
  <b:BIR>
    <b:BIRInfo><b:Integrity>false</b:Integrity></b:BIRInfo>
    <b:BDBInfo>
      <b:ChallengeResponse>AA==</b:ChallengeResponse>
      <b:Index>0192f0a1-0000-7000-8000-00000000000b</b:Index>
      <b:Format><b:Organization>257</b:Organization><b:Type>7</b:Type></b:Format>
      <b:Encryption>false</b:Encryption>
      <b:CreationDate>2026-03-01T10:00:31.377Z</b:CreationDate>
      <b:NotValidBefore>2026-03-01T10:00:31Z</b:NotValidBefore>
      <b:NotValidAfter>2026-03-01T10:00:31Z</b:NotValidAfter>
      <b:Type>Finger</b:Type>
      <b:Subtype>Right
         IndexFinger</b:Subtype>
      <b:Level>Raw</b:Level>
      <b:Product><b:Organization>1</b:Organization><b:Type>2</b:Type></b:Product>
      <b:CaptureDevice><b:Organization>3</b:Organization><b:Type>4</b:Type></b:CaptureDevice>
      <b:FeatureExtractionAlgorithm><b:Organization>5</b:Organization><b:Type>6</b:Type></b:FeatureExtractionAlgorithm>
      <b:ComparisonAlgorithm><b:Organization>7</b:Organization><b:Type>8</b:Type></b:ComparisonAlgorithm>
      <b:CompressionAlgorithm><b:Organization>9</b:Organization><b:Type>WSQ</b:Type></b:CompressionAlgorithm>
      <b:Purpose>Enroll</b:Purpose>
      <b:Quality>
        <b:Algorithm><b:Organization>HMAC</b:Organization><b:Type>SHA-256</b:Type></b:Algorithm>
        <b:Score>080</b:Score>
      </b:Quality>
    </b:BDBInfo>
    <b:SBInfo><b:Format><b:Organization>1</b:Organization><b:Type>1</b:Type></b:Format></b:SBInfo>
    <b:BDB>RklS
           AA==</b:BDB>
    <b:SB>/w==</b:SB>
    <b:others><b:entry key="EXCEPTION">false</b:entry><b:entry key="a&#10;b">c</b:entry></b:others>
    <b:others/>
  </b:BIR>
</b:BIR>
"#;

#[test]
fn every_element_of_the_schema_is_read_and_the_canonical_form_is_stable() {
    let bir = Bir::parse(FULL.as_bytes()).unwrap();
    assert_eq!(bir.info.creator.as_deref(), Some("Qayd & co. <test>"));
    assert_eq!(bir.info.payload.as_deref(), Some(&[1u8, 2, 3][..]));
    assert!(bir.info.integrity);
    let finger = &bir.records[0];
    assert_eq!(finger.block.as_deref(), Some(&b"FIR\0"[..]));
    assert_eq!(finger.finger(), Some(FingerPosition::RightIndex));
    assert_eq!(
        finger
            .block_info
            .as_ref()
            .unwrap()
            .quality
            .as_ref()
            .unwrap()
            .score,
        Ok(80)
    );
    assert_eq!(
        finger.others,
        [
            vec![
                ("EXCEPTION".to_owned(), "false".to_owned()),
                ("a\nb".to_owned(), "c".to_owned())
            ],
            vec![]
        ]
    );
    let canonical = bir.to_xml().unwrap();
    assert!(canonical.starts_with(&format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><BIR xmlns=\"{NAMESPACE}\"><Version><Major>1</Major>"
    )));
    assert!(canonical.contains("<Integrity>true</Integrity>"));
    assert!(canonical.contains("<Subtype>Right IndexFinger</Subtype>"));
    assert!(canonical.contains("<Creator>Qayd &amp; co. &lt;test&gt;</Creator>"));
    assert!(canonical.contains("<Score>80</Score>"));
    assert!(canonical.contains("<BDB>RklSAA==</BDB>"));
    assert!(!canonical[40..].contains("> <") && !canonical.contains("comment"));
    let again = Bir::parse(canonical.as_bytes()).unwrap();
    assert_eq!(again, bir);
    assert_eq!(again.to_xml().unwrap(), canonical);
}

#[test]
fn every_cut_of_a_document_is_refused() {
    let canonical = Bir::parse(FULL.as_bytes()).unwrap().to_xml().unwrap();
    for cut in 0..canonical.len() {
        assert!(
            Bir::parse(&canonical.as_bytes()[..cut]).is_err(),
            "cut at {cut}"
        );
    }
}

fn refused(from: &str, to: &str) -> CbeffError {
    assert!(FULL.contains(from), "{from}");
    Bir::parse(FULL.replacen(from, to, 1).as_bytes()).unwrap_err()
}

#[test]
fn what_the_schema_does_not_allow_is_refused_by_name() {
    for (from, to, name) in [
        ("<b:Integrity>1<", "<b:Integrity>yes<", "Integrity"),
        ("<b:Major>01<", "<b:Major>-1<", "Major"),
        ("<b:Payload>AQID<", "<b:Payload>A!<", "Payload"),
        ("0192F0A1-0000", "0192F0A10000", "Index"),
        ("<b:Type>Finger<", "<b:Type>Toe<", "Type"),
        ("Right\n", "Middle\n", "Subtype"),
        ("<b:Level>Raw<", "<b:Level>Cooked<", "Level"),
        ("<b:Purpose>Enroll<", "<b:Purpose>Enrol<", "Purpose"),
        ("<b:Score>080<", "<b:Score>101<", "Score"),
        ("2026-03-01T10:00:31.377Z", "yesterday", "CreationDate"),
        (
            "2036-03-01T10:00:31",
            "2036-03-01T10:00:31.",
            "NotValidAfter",
        ),
    ] {
        assert!(
            matches!(refused(from, to), CbeffError::Value(n) if n == name),
            "{name}: {:?}",
            refused(from, to)
        );
    }
    assert!(matches!(
        refused("<b:Level>Raw</b:Level>", "<b:Colour>Raw</b:Colour>"),
        CbeffError::Unexpected { element, within: "BDBInfo" } if element == "Colour"
    ));
    assert!(matches!(
        refused(
            "<b:Level>Raw</b:Level>",
            "<b:Level>Raw</b:Level><b:Level>Raw</b:Level>"
        ),
        CbeffError::Unexpected {
            within: "BDBInfo",
            ..
        }
    ));
    assert!(matches!(
        refused("<b:Integrity>1</b:Integrity>", ""),
        CbeffError::Missing {
            element: "Integrity",
            within: "BIRInfo"
        }
    ));
    assert!(matches!(
        refused("<b:Organization>257</b:Organization>", ""),
        CbeffError::Missing {
            element: "Organization",
            within: "Format"
        }
    ));
    assert!(matches!(
        refused(
            NAMESPACE,
            "http://docs.oasis-open.org/bias/ns/biaspatronformat-1.0/"
        ),
        CbeffError::Namespace(_)
    ));
    assert!(matches!(
        refused("<b:Level>Raw</b:Level>", "<Level>Raw</Level>"),
        CbeffError::Namespace(_)
    ));
    assert!(matches!(
        refused("</b:Version>", "</b:Versions>"),
        CbeffError::NotXml(_)
    ));
    assert!(matches!(
        Bir::parse(b"\xff\xfe"),
        Err(CbeffError::NotXml(0))
    ));
    assert!(matches!(Bir::parse(b""), Err(CbeffError::NotXml(0))));
    let twice = FULL.to_owned() + "<BIR/>";
    assert!(Bir::parse(twice.as_bytes()).is_err());
}

#[test]
fn what_cannot_be_read_is_not_written() {
    let good = Bir::of_finger(FingerPosition::LeftThumb, FINGER_MINUTIAE_FORMAT, vec![1]);
    assert!(good.to_xml().is_ok());
    let mut bad = good.clone();
    bad.info.creator = Some("a\u{1}".to_owned());
    assert!(matches!(bad.to_xml(), Err(CbeffError::Value("Creator"))));
    let mut bad = good.clone();
    bad.info.index = Some("1".to_owned());
    assert!(matches!(bad.to_xml(), Err(CbeffError::Value("Index"))));
    let mut bad = good.clone();
    bad.block_info.as_mut().unwrap().types = vec!["Toe".to_owned()];
    assert!(matches!(bad.to_xml(), Err(CbeffError::Value("Type"))));
    let mut tower = good;
    for _ in 0..20 {
        tower = Bir::around(vec![tower]);
    }
    assert!(matches!(tower.to_xml(), Err(CbeffError::TooDeep)));
}

#[test]
fn all_ten_fingers_have_names_of_their_own() {
    for position in FingerPosition::ALL {
        let bir = Bir::of_finger(position, FINGER_MINUTIAE_FORMAT, vec![7]);
        let back = Bir::parse(bir.to_xml().unwrap().as_bytes()).unwrap();
        assert_eq!(back.finger(), Some(position));
    }
    assert_eq!((TYPES.len(), SUBTYPES.len()), (19, 14));
}
