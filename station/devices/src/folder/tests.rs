//! The folder driver against real files: everything good is given untouched, anything bad gives nothing at all.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use image::{DynamicImage, GrayImage, ImageFormat, Luma, RgbImage};
use qayd_model::{FingerPosition, SampleKind, Slap};
use qayd_world::{Files, OsFiles};

use super::*;
use crate::capture::{CaptureDevice, CaptureRequest, MediaType};
use crate::error::DeviceError;

struct Person {
    dir: tempfile::TempDir,
}

impl Person {
    fn make() -> Self {
        let person = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        person.put("person.toml", b"not read here");
        person.put("portrait.jpg", &jpeg());
        person.put("fingers/right_thumb.png", &grey(ImageFormat::Png, 40, 50));
        person.put("fingers/right_thumb_2.png", &grey(ImageFormat::Png, 41, 50));
        person.put("fingers/left_little.tif", &grey(ImageFormat::Tiff, 40, 50));
        person.put("fingers/left_ring.bmp", &grey(ImageFormat::Bmp, 40, 50));
        person.put("fingers/left_index.pgm", &pgm(40, 50));
        person.put("documents/csid_1.jpg", &jpeg());
        person.put(
            "documents/csid_2.pdf",
            b"%PDF-1.4\n1 0 obj\nendobj\n%%EOF\n",
        );
        person
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "a test's own files need not be durable"
    )]
    fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn read(&self) -> Result<PersonFolder, FolderError> {
        PersonFolder::read(&OsFiles::default(), self.dir.path())
    }

    /// Puts one more file into an otherwise good folder and gives the one problem that it makes.
    fn problem(name: &str, bytes: &[u8]) -> (String, FolderReason) {
        let person = Self::make();
        person.put(name, bytes);
        let error = person.read().expect_err(name);
        let [problem] = error.problems.as_slice() else {
            panic!("{name}: {error}")
        };
        (problem.file.display().to_string(), problem.reason.clone())
    }
}

fn grey(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
    let image = GrayImage::from_fn(width, height, |x, y| Luma([(x * 7 + y * 13) as u8]));
    encode(image.into(), format)
}

fn pgm(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = format!("P5\n{width} {height}\n255\n").into_bytes();
    bytes.extend((0..width * height).map(|i| i as u8));
    bytes
}

fn jpeg() -> Vec<u8> {
    encode(RgbImage::new(64, 80).into(), ImageFormat::Jpeg)
}

fn encode(image: DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A PNG of a claimed size: the header is right, checksum included, and no pixel follows.
fn png_claiming(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = grey(ImageFormat::Png, 2, 2);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| {
            (c >> 1) ^ (0xedb8_8320 & (c & 1).wrapping_neg())
        })
    })
}

#[test]
fn a_good_folder_gives_every_file_untouched() {
    let person = Person::make();
    let folder = person.read().unwrap();
    assert_eq!(folder.samples().len(), 8);
    for sample in folder.samples() {
        let path = person.dir.path().join(sample.file.as_ref().unwrap());
        assert_eq!(sample.bytes.expose(), std::fs::read(path).unwrap());
        assert_eq!(
            sample.geometry.is_none(),
            sample.media_type == MediaType::Pdf
        );
    }
    let thumb = CaptureTarget::from(FingerPosition::RightThumb);
    let attempts: Vec<_> = folder.attempts(&thumb).map(|s| s.attempt).collect();
    assert_eq!(attempts, [1, 2]);
    assert_eq!(folder.fingers().count(), 4);
}

#[test]
fn every_bad_file_is_named_with_its_reason() {
    let png = grey(ImageFormat::Png, 40, 50);
    let tiff = grey(ImageFormat::Tiff, 40, 50);
    let cases: [(&str, &[u8], &str); 20] = [
        ("fingers/left_pinky.png", &png, "unknown_finger"),
        ("fingers/left_middle_12.png", &png, "attempt_out_of_range"),
        ("fingers/left_middle.gif", b"GIF89a", "unsupported_type"),
        ("fingers/left_middle.png", b"", "empty"),
        ("fingers/left_middle.png", &tiff, "wrong_content"),
        ("fingers/left_middle.png", &png[..20], "unreadable_header"),
        ("fingers/left_middle.png", &png[..60], "damaged_image"),
        (
            "fingers/left_middle.png",
            &png_claiming(100_000, 100_000),
            "image_too_large",
        ),
        (
            "fingers/left_middle.png",
            &png_claiming(8_193, 1),
            "image_too_large",
        ),
        (
            "fingers/left_middle.png",
            &png_claiming(8_000, 8_000),
            "image_too_large",
        ),
        (
            "fingers/left_middle.tif",
            b"II*\0\xff\xff\xff\xff",
            "unreadable_header",
        ),
        ("fingers/left_middle.bmp", b"BM\0\0", "unreadable_header"),
        (
            "fingers/left_middle.pgm",
            b"P5 99999999 99999999 255\n",
            "image_too_large",
        ),
        (
            "fingers/left_middle.pgm",
            b"P5 40 50 255\n123",
            "damaged_image",
        ),
        ("fingers/right_thumb_1.png", &png, "same_attempt"),
        ("fingers/left_ring.png", &png, "same_attempt"),
        ("documents/csid.jpg", &jpeg(), "unknown_document"),
        ("documents/csid_3.pdf", b"MZ", "wrong_content"),
        ("documents/csid_3.pdf", b"%PDF-1.7\nhalf", "damaged_pdf"),
        ("notes.txt", b"x", "unknown_name"),
    ];
    for (name, bytes, reason) in cases {
        let (file, found) = Person::problem(name, bytes);
        assert_eq!(found.name(), reason, "{name}");
        // Of two files for one attempt the second in order of name is reported, with the first.
        if reason == "same_attempt" {
            let FolderReason::SameAs { other } = found else {
                panic!()
            };
            assert!(
                file == name || other.display().to_string() == name,
                "{file}"
            );
        } else {
            assert_eq!(file, name);
        }
    }
}

#[test]
fn a_file_above_the_limit_is_refused_before_it_is_read() {
    let mut pdf = b"%PDF-1.4\n".to_vec();
    pdf.resize(FILE_BYTES_MAX as usize - 6, b' ');
    pdf.extend(b"%%EOF\n");
    let good = Person::make();
    good.put("documents/csid_3.pdf", &pdf);
    assert!(good.read().is_ok(), "at the limit it is taken");
    pdf.push(b'\n');
    let (_, reason) = Person::problem("documents/csid_3.pdf", &pdf);
    assert!(matches!(reason, FolderReason::TooLarge { .. }));
}

/// A PNG of one colour at the limit of size compresses two hundred times; above the limit it is never inflated.
#[test]
fn a_decompression_bomb_is_refused_by_its_header() {
    let bomb = encode(GrayImage::new(9_000, 9_000).into(), ImageFormat::Png);
    assert!(bomb.len() < 500_000, "{}", bomb.len());
    let (_, reason) = Person::problem("portrait.png", &bomb);
    assert!(matches!(
        reason,
        FolderReason::ImageTooLarge {
            width_px: 9_000,
            height_px: 9_000
        }
    ));
}

#[test]
fn all_problems_are_listed_at_once() {
    let person = Person::make();
    person.put("fingers/left_pinky.png", b"");
    person.put("notes.txt", b"");
    person.put("documents/csid_9.jpg", b"");
    let error = person.read().unwrap_err();
    assert_eq!(error.problems.len(), 3, "{error}");
    assert!(
        !error
            .to_string()
            .contains(&*person.dir.path().to_string_lossy())
    );
}

#[test]
fn an_empty_or_absent_folder_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let error = PersonFolder::read(&OsFiles::default(), dir.path()).unwrap_err();
    assert_eq!(error.problems[0].reason, FolderReason::NoSample);
    let error = PersonFolder::read(&OsFiles::default(), &dir.path().join("nobody")).unwrap_err();
    assert_eq!(error.problems[0].reason.name(), "unreadable");
}

#[test]
fn a_folder_in_place_of_a_file_is_an_error() {
    let person = Person::make();
    person.put("fingers/left_middle.png/inner.png", b"x");
    assert_eq!(person.read().unwrap_err().problems.len(), 1);
    let other = Person {
        dir: tempfile::tempdir().unwrap(),
    };
    other.put("fingers", b"a file");
    assert_eq!(
        other.read().unwrap_err().problems[0].reason.name(),
        "unreadable"
    );
}

#[test]
fn leftovers_of_file_managers_are_not_a_problem() {
    let person = Person::make();
    for name in [
        ".DS_Store",
        "Thumbs.db",
        "fingers/desktop.ini",
        "documents/._csid_1.jpg",
    ] {
        person.put(name, b"x");
    }
    assert_eq!(person.read().unwrap().samples().len(), 8);
}

fn open(person: &Person) -> FolderDevice {
    let files: Arc<dyn Files> = Arc::new(OsFiles::default());
    FolderDevice::make(files, person.dir.path())
}

#[test]
fn the_device_gives_attempts_in_order_and_then_says_that_there_are_no_more() {
    let person = Person::make();
    let mut device = open(&person);
    let request = CaptureRequest::of(FingerPosition::RightThumb);
    let go = AtomicBool::new(false);
    let capture =
        |device: &mut FolderDevice| device.capture(&request, &go, &mut |_| panic!("no preview"));
    assert!(matches!(capture(&mut device), Err(DeviceError::NotOpen)));
    device.open().unwrap();
    assert_eq!(capture(&mut device).unwrap()[0].attempt, 1);
    assert_eq!(capture(&mut device).unwrap()[0].attempt, 2);
    assert!(matches!(
        capture(&mut device),
        Err(DeviceError::Exhausted { .. })
    ));
    device.close();
    device.open().unwrap();
    assert_eq!(capture(&mut device).unwrap()[0].attempt, 1);
}

#[test]
fn a_slap_from_a_folder_is_its_fingers_without_the_missing_ones() {
    let person = Person::make();
    let mut device = open(&person);
    device.open().unwrap();
    let mut request = CaptureRequest::of(Slap::LeftFour);
    request.missing = vec![FingerPosition::LeftRing];
    let samples = device
        .capture(&request, &AtomicBool::new(false), &mut |_| {})
        .unwrap();
    let fingers: Vec<_> = samples.iter().flat_map(|s| s.fingers.clone()).collect();
    assert_eq!(
        fingers,
        [FingerPosition::LeftLittle, FingerPosition::LeftIndex]
    );
}

#[test]
fn a_bad_folder_does_not_open_and_cancel_gives_nothing() {
    let person = Person::make();
    let mut device = open(&person);
    device.open().unwrap();
    let request = CaptureRequest::of(CaptureTarget::Sample(SampleKind::Portrait));
    let cancelled = device.capture(&request, &AtomicBool::new(true), &mut |_| {});
    assert!(matches!(cancelled, Err(DeviceError::Cancelled)));
    device.close();
    person.put("fingers/left_pinky.png", b"");
    let Err(DeviceError::Folder { source }) = device.open() else {
        panic!()
    };
    assert_eq!(source.problems.len(), 1);
    assert!(matches!(
        device.capture(&request, &AtomicBool::new(false), &mut |_| {}),
        Err(DeviceError::NotOpen)
    ));
}

/// Bytes changed, cut and doubled at places that a fixed sequence names: whatever comes, the answer is a content or a
/// reason, never a panic, and what is accepted has the size it says.
#[test]
fn damaged_files_of_every_type_are_judged_without_a_panic() {
    let files = [
        (MediaType::Png, grey(ImageFormat::Png, 24, 31)),
        (MediaType::Jpeg, jpeg()),
        (MediaType::Tiff, grey(ImageFormat::Tiff, 24, 31)),
        (MediaType::Bmp, grey(ImageFormat::Bmp, 24, 31)),
        (MediaType::Pgm, pgm(24, 31)),
        (
            MediaType::Pdf,
            b"%PDF-1.4\n1 0 obj\nendobj\n%%EOF\n".to_vec(),
        ),
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let mut refused = 0;
    for (media_type, good) in files {
        assert!(content::check(&good, media_type).is_ok(), "{media_type:?}");
        for _ in 0..300 {
            let mut bytes = good.clone();
            for _ in 0..=next(4) {
                match next(3) {
                    // Half of the changes hit the first 64 bytes, where the headers are.
                    0 => {
                        let reach = if next(2) == 0 {
                            bytes.len().min(64)
                        } else {
                            bytes.len()
                        };
                        let at = next(reach);
                        bytes[at] = next(256) as u8;
                    }
                    1 => bytes.truncate(1 + next(bytes.len())),
                    _ => {
                        let at = next(bytes.len());
                        let tail = bytes[at..].to_vec();
                        bytes.extend(tail);
                    }
                }
            }
            match content::check(&bytes, media_type) {
                Ok(content) => {
                    let Some(geometry) = content.geometry else {
                        continue;
                    };
                    let pixels = u64::from(geometry.width_px) * u64::from(geometry.height_px);
                    assert!(pixels <= IMAGE_PIXELS_MAX);
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 600, "{refused}");
}
