//! Hostile bytes: random edits of good ones never panic, and what is refused costs no memory.
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(
    unsafe_code,
    reason = "an allocator that counts is the only way to see what is allocated"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;

use proptest::prelude::*;
use qayd_fingerprint::cbeff::{Bir, CbeffError, DEPTH_MAX, NAMESPACE};
use qayd_fingerprint::record::Record;
use qayd_fingerprint::{GreyImage, Template, jpeg2000, wsq};
use qayd_model::Ppi;

#[path = "../fuzz/claims.rs"]
mod claims;

/// Counts what each thread holds and the most it ever held.
struct Counting;

thread_local! {
    static HELD: Cell<i64> = const { Cell::new(0) };
    static MOST: Cell<i64> = const { Cell::new(0) };
}

fn count(bytes: i64) {
    let _ = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        let _ = MOST.try_with(|most| most.set(most.get().max(held.get())));
    });
}

// SAFETY: every call goes to the system's allocator unchanged; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as i64 - layout.size() as i64);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most that was held while `work` ran, beyond what was held before.
fn bytes_held(work: impl FnOnce()) -> i64 {
    let before = HELD.get();
    MOST.set(before);
    work();
    MOST.get() - before
}

#[test]
fn the_counter_counts() {
    let held = bytes_held(|| drop(std::hint::black_box(vec![1u8; 3_000_000])));
    assert!((3_000_000..3_100_000).contains(&held), "{held}");
}

fn seed(path: &str) -> Vec<u8> {
    std::fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fuzz/corpus")
            .join(path),
    )
    .unwrap()
}

/// What a refusal may cost beyond the bytes given.
const REFUSAL_BYTES: i64 = 64 * 1024;

#[test]
fn heads_that_promise_65535_pixels_a_side_cost_nothing() {
    // WSQ: height and width behind marker, length, black and white of the frame header.
    let mut coded = seed("wsq/small.wsq");
    let frame = coded.windows(2).position(|w| w == [0xff, 0xa2]).unwrap();
    coded[frame + 6..frame + 10].fill(0xff);
    let held = bytes_held(|| assert!(wsq::decode(&coded, Some(Ppi(500))).is_err()));
    assert!(held < REFUSAL_BYTES, "WSQ: {held}");

    // JPEG 2000: width and height in the segment SIZ.
    let mut coded = seed("jpeg2000/lossless.jp2");
    let size = coded
        .windows(4)
        .position(|w| w == [0xff, 0x4f, 0xff, 0x51])
        .unwrap();
    coded[size + 8..size + 16].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    let held = bytes_held(|| assert!(jpeg2000::decode_grey(&coded, Some(Ppi(500))).is_err()));
    assert!(held < REFUSAL_BYTES, "JPEG 2000: {held}");

    // PNG: IHDR. Its checksum is then wrong as well, but the size is looked at first or never reached.
    let mut coded = seed("picture/small.png");
    coded[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    let held = bytes_held(|| assert!(GreyImage::decode(&coded, Some(Ppi(500))).is_err()));
    assert!(held < REFUSAL_BYTES + coded.len() as i64, "PNG: {held}");

    // A finger image record that says so of its picture.
    let Record::Iso19794p4v2005(mut record) = Record::parse(&seed("record/raw2005.fir")).unwrap()
    else {
        panic!()
    };
    (record.views[0].width, record.views[0].height) = (65_535, 65_535);
    let held = bytes_held(|| assert!(record.image(0).is_err()));
    assert!(held < REFUSAL_BYTES, "FIR: {held}");
}

#[test]
fn counts_and_lengths_that_lie_cost_no_more_than_the_bytes_given() {
    for name in [
        "iso2005.fmr",
        "iso2011.fmr",
        "ansi2009.fmr",
        "raw2005.fir",
        "face2011.fac",
    ] {
        let good = seed(&format!("record/{name}"));
        let limit = 8 * good.len() as i64 + REFUSAL_BYTES;
        for at in 8..good.len().min(80) {
            let mut bytes = good.clone();
            bytes[at] = 0xff;
            let held = bytes_held(|| {
                let _ = Record::parse(&bytes);
            });
            assert!(held < limit, "{name}: {held} at {at}");
        }
    }
    let mut template = seed("template/small.qft");
    let held = bytes_held(|| {
        template.truncate(16);
        assert!(Template::from_bytes(&template).is_err());
    });
    assert!(held < REFUSAL_BYTES, "{held}");
}

#[test]
fn entity_bombs_and_towers_of_elements_are_refused_by_name_and_cheaply() {
    let bomb = format!(
        "<!DOCTYPE BIR [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><BIR xmlns=\"{NAMESPACE}\">&b;</BIR>"
    );
    let held = bytes_held(|| {
        assert!(matches!(
            Bir::parse(bomb.as_bytes()),
            Err(CbeffError::DocumentType)
        ));
    });
    assert!(held < REFUSAL_BYTES, "{held}");
    let undeclared = format!("<BIR xmlns=\"{NAMESPACE}\">&b;</BIR>");
    assert!(matches!(
        Bir::parse(undeclared.as_bytes()),
        Err(CbeffError::NotXml(_))
    ));
    let tower = format!("<BIR xmlns=\"{NAMESPACE}\">{}", "<BIR>".repeat(100_000));
    let held = bytes_held(|| {
        assert!(matches!(
            Bir::parse(tower.as_bytes()),
            Err(CbeffError::TooDeep)
        ))
    });
    assert!(held < REFUSAL_BYTES, "{held} for {DEPTH_MAX} levels");
    let crowd = format!(
        "<BIR xmlns=\"{NAMESPACE}\">{}</BIR>",
        "<BDB/>".repeat(100_000)
    );
    assert!(matches!(
        Bir::parse(crowd.as_bytes()),
        Err(CbeffError::TooMany)
    ));
    let mut namespaces = String::from("<BIR");
    for n in 0..10_000 {
        namespaces += &format!(" xmlns:a{n}=\"{NAMESPACE}\"");
    }
    assert!(Bir::parse(format!("{namespaces}/>").as_bytes()).is_err());
}

/// Edits at random places: put a byte, cut the end, drop a piece, or double one.
fn edited(mut bytes: Vec<u8>, edits: &[(u8, u16, u8)]) -> Vec<u8> {
    for (kind, at, value) in edits {
        if bytes.is_empty() {
            break;
        }
        let at = usize::from(*at) % bytes.len();
        let end = (at + usize::from(*value)).min(bytes.len());
        match kind % 5 {
            0 | 1 => bytes[at] = *value,
            2 => bytes.truncate(at.max(bytes.len() / 2)),
            3 => drop(bytes.drain(at..end)),
            _ => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

fn edits() -> impl Strategy<Value = Vec<(u8, u16, u8)>> {
    prop::collection::vec(any::<(u8, u16, u8)>(), 1..5)
}

const RECORDS: [&str; 9] = [
    "iso2005.fmr",
    "iso2011.fmr",
    "ansi2004.fmr",
    "ansi2007.fmr",
    "ansi2009.fmr",
    "raw2005.fir",
    "wsq2011.fir",
    "png2011.fir",
    "face2011.fac",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn edited_records_keep_the_claim(which in 0..RECORDS.len(), edits in edits()) {
        claims::record(&edited(seed(&format!("record/{}", RECORDS[which])), &edits));
    }

    #[test]
    fn edited_wsq_keeps_the_claim(which in prop::sample::select(vec!["small.wsq", "fine.wsq"]), edits in edits()) {
        claims::wsq(&edited(seed(&format!("wsq/{which}")), &edits));
    }

    #[test]
    fn edited_jpeg2000_keeps_the_claim(edits in edits()) {
        claims::jpeg2000(&edited(seed("jpeg2000/lossless.jp2"), &edits));
    }

    #[test]
    fn edited_documents_keep_the_claim(edits in edits()) {
        claims::cbeff(&edited(seed("cbeff/one-finger.xml"), &edits));
    }

    #[test]
    fn edited_templates_keep_the_claim(edits in edits()) {
        claims::template(&edited(seed("template/small.qft"), &edits));
    }

    #[test]
    fn any_bytes_at_all_keep_every_claim(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        claims::record(&bytes);
        claims::wsq(&bytes);
        claims::jpeg2000(&bytes);
        claims::cbeff(&bytes);
        claims::template(&bytes);
    }
}
