//! A camera whose driver does what drivers do: gives short frames, stops, hangs, vanishes.

use std::collections::VecDeque;
use std::sync::atomic::AtomicU32;

use qayd_model::{SampleKind, Slap};
use qayd_world::OsClock;

use super::*;
use crate::camera::RawFrame;
use crate::capture::Geometry;

/// What the driver does next.
#[derive(Clone, Copy)]
enum Act {
    /// A whole frame of one grey.
    Give(u8),
    /// One byte too few.
    Short,
    /// Nothing for as long as it is asked to wait.
    Silence,
    /// The kernel's no.
    End(SourceError),
    /// Never returns within this test.
    Hang,
}

struct Scripted {
    acts: VecDeque<Act>,
    fetched: Arc<AtomicU32>,
}

const FORMAT: StreamFormat = StreamFormat {
    coding: Coding::Grey,
    geometry: Geometry {
        width_px: 8,
        height_px: 4,
    },
    fps: 30,
    stride_bytes: 8,
    frame_bytes_max: 32,
};

impl FrameSource for Scripted {
    fn formats(&mut self) -> Result<Vec<StreamFormat>, SourceError> {
        Ok(vec![FORMAT])
    }

    fn start(&mut self, wish: &StreamFormat) -> Result<StreamFormat, SourceError> {
        Ok(*wish)
    }

    fn next(&mut self, timeout_ms: u32) -> Result<Option<RawFrame>, SourceError> {
        self.fetched.fetch_add(1, Ordering::SeqCst);
        // The last act goes on for ever.
        let act = match self.acts.len() {
            0 => Act::Silence,
            1 => self.acts[0],
            _ => self.acts.pop_front().unwrap(),
        };
        match act {
            Act::Give(value) => {
                if self.acts.len() == 1 {
                    std::thread::sleep(Duration::from_millis(10));
                }
                Ok(Some(RawFrame {
                    bytes: vec![value; 32],
                }))
            }
            Act::Short => Ok(Some(RawFrame { bytes: vec![0; 31] })),
            Act::Silence => {
                std::thread::sleep(Duration::from_millis(timeout_ms.into()));
                Ok(None)
            }
            Act::End(error) => Err(error),
            Act::Hang => {
                std::thread::sleep(Duration::from_secs(8));
                Ok(None)
            }
        }
    }
}

fn camera(acts: &[Act]) -> (CameraDevice, Arc<AtomicU32>) {
    let listed = CameraListed {
        id: "camera-test".into(),
        name: "Scripted".into(),
        place: "nowhere".into(),
        usb: None,
        serial: None,
    };
    let fetched = Arc::new(AtomicU32::new(0));
    let (acts, count) = (acts.to_vec(), fetched.clone());
    let device = CameraDevice::with_source(listed, None, Arc::new(OsClock::default()), move || {
        Box::new(Scripted {
            acts: acts.clone().into(),
            fetched: count.clone(),
        })
    });
    (device, fetched)
}

fn first_value(frame: &Frame) -> u8 {
    frame.pixels().expose()[0]
}

#[test]
fn the_newest_frame_is_given_and_the_rest_are_dropped() {
    let (mut camera, fetched) = camera(&[Act::Give(1), Act::Give(2), Act::Give(3), Act::Silence]);
    assert!(matches!(camera.next_frame(0), Err(DeviceError::NotOpen)));
    camera.open().unwrap();
    while fetched.load(Ordering::SeqCst) < 4 {
        std::thread::yield_now();
    }
    let frame = camera.next_frame(1_000).unwrap();
    assert_eq!((first_value(&frame), frame.sequence), (3, 3));
    assert!(matches!(
        camera.next_frame(0),
        Err(DeviceError::TimedOut { timeout_ms: 0 })
    ));
}

#[test]
fn a_camera_that_vanishes_is_unplugged_and_can_be_opened_again() {
    let acts = [Act::Give(1), Act::Silence, Act::End(SourceError::Gone)];
    let (mut camera, _) = camera(&acts);
    camera.open().unwrap();
    let lost = loop {
        match camera.next_frame(500) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(matches!(lost, DeviceError::Unplugged));
    assert!(matches!(camera.next_frame(0), Err(DeviceError::NotOpen)));
    camera.open().unwrap();
}

#[test]
fn a_driver_that_hangs_or_falls_silent_freezes_nobody() {
    for act in [Act::Hang, Act::Silence] {
        let (mut camera, _) = camera(&[Act::Give(1), act]);
        camera.open().unwrap();
        assert!(camera.next_frame(1_000).is_ok());
        let clock = OsClock::default();
        let before = clock.monotonic_ms();
        let early = camera.next_frame(100);
        assert!(matches!(early, Err(DeviceError::TimedOut { .. })));
        assert!(clock.monotonic_ms() - before < 600);
        let late = camera.next_frame(4_000);
        assert!(matches!(late, Err(DeviceError::Stalled { .. })), "{late:?}");
        assert!(clock.monotonic_ms() - before < 4_000);
        let before = clock.monotonic_ms();
        camera.close();
        assert!(clock.monotonic_ms() - before < 2_000);
    }
}

#[test]
fn a_camera_that_was_closed_has_been_let_go_of() {
    let held = Arc::new(AtomicBool::new(false));
    struct Exclusive(Arc<AtomicBool>, bool);
    impl Drop for Exclusive {
        fn drop(&mut self) {
            if self.1 {
                self.0.store(false, Ordering::SeqCst);
            }
        }
    }
    impl FrameSource for Exclusive {
        fn formats(&mut self) -> Result<Vec<StreamFormat>, SourceError> {
            self.1 = !self.0.swap(true, Ordering::SeqCst);
            if self.1 {
                Ok(vec![FORMAT])
            } else {
                Err(SourceError::Busy)
            }
        }
        fn start(&mut self, wish: &StreamFormat) -> Result<StreamFormat, SourceError> {
            Ok(*wish)
        }
        fn next(&mut self, timeout_ms: u32) -> Result<Option<RawFrame>, SourceError> {
            std::thread::sleep(Duration::from_millis(timeout_ms.into()));
            Ok(None)
        }
    }
    let listed = camera(&[]).0.listed.clone();
    let clock = Arc::new(OsClock::default());
    let make = || {
        let held = held.clone();
        CameraDevice::with_source(listed.clone(), None, clock.clone(), move || {
            Box::new(Exclusive(held.clone(), false))
        })
    };
    let (mut first, mut second) = (make(), make());
    first.open().unwrap();
    assert!(matches!(second.open(), Err(DeviceError::Busy)));
    for _ in 0..3 {
        first.close();
        second.open().unwrap();
        second.close();
        first.open().unwrap();
    }
}

#[test]
fn a_short_frame_is_a_bad_preview_and_never_a_portrait() {
    let (mut camera, _) = camera(&[Act::Short]);
    camera.open().unwrap();
    let short = camera.next_frame(1_000);
    assert!(
        matches!(short, Err(DeviceError::BadFrame { .. })),
        "{short:?}"
    );
    let acts = [&[Act::Short; 3][..], &[Act::Silence, Act::Give(9)]];
    let (mut camera, _) = self::camera(&acts.concat());
    camera.open().unwrap();
    let request = CaptureRequest::of(CaptureTarget::Sample(SampleKind::Portrait));
    let mut shown = 0;
    let samples = camera
        .capture(&request, &AtomicBool::new(false), &mut |_| shown += 1)
        .unwrap();
    assert_eq!(samples.len(), 1);
    assert!(shown >= 1);
    assert_eq!(samples[0].media_type, MediaType::Jpeg);
    let decoded = image::load_from_memory(samples[0].bytes.expose()).unwrap();
    assert_eq!((decoded.width(), decoded.height()), (8, 4));
}

#[test]
fn a_camera_takes_no_fingers_and_stops_when_told() {
    let (mut camera, _) = camera(&[]);
    camera.open().unwrap();
    let fingers = CaptureRequest::of(Slap::Thumbs);
    let stop = AtomicBool::new(true);
    assert!(matches!(
        camera.capture(&fingers, &stop, &mut |_| {}),
        Err(DeviceError::Unsupported { .. })
    ));
    let portrait = CaptureRequest::of(CaptureTarget::Sample(SampleKind::Portrait));
    assert!(matches!(
        camera.capture(&portrait, &stop, &mut |_| {}),
        Err(DeviceError::Cancelled)
    ));
}

#[test]
fn a_camera_that_does_not_open_says_why() {
    struct Refusing(SourceError);
    impl FrameSource for Refusing {
        fn formats(&mut self) -> Result<Vec<StreamFormat>, SourceError> {
            Err(self.0)
        }
        fn start(&mut self, _: &StreamFormat) -> Result<StreamFormat, SourceError> {
            Err(self.0)
        }
        fn next(&mut self, _: u32) -> Result<Option<RawFrame>, SourceError> {
            Err(self.0)
        }
    }
    for (source, code) in [
        (SourceError::Gone, "DEV-09"),
        (SourceError::Busy, "DEV-10"),
        (SourceError::Denied, "DEV-13"),
        (SourceError::NoFormat, "DEV-13"),
        (SourceError::Failed, "DEV-14"),
    ] {
        let listed = CameraListed {
            id: "camera-test".into(),
            name: String::new(),
            place: String::new(),
            usb: None,
            serial: None,
        };
        let clock = Arc::new(OsClock::default());
        let mut camera =
            CameraDevice::with_source(listed, None, clock, move || Box::new(Refusing(source)));
        assert_eq!(camera.open().unwrap_err().code(), code);
    }
}
