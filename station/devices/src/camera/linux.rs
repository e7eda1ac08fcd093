//! Video4Linux2, by `linuxvideo`.
//!
//! In: device files. Out: cameras, and frames of exactly the bytes the driver used. Owns: an open device.
//! Never: waits in the kernel: every wait is a poll with an end, so that a driver that stops sending stops nothing else.

use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use linuxvideo::format::{FrameIntervals, FrameSizes, PixFormat, PixelFormat};
use linuxvideo::stream::ReadStream;
use linuxvideo::{BufType, CapabilityFlags, Device, Fract};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::choice::StreamFormat;
use super::decode::Coding;
use super::source::{FrameSource, RawFrame, SourceError};
use super::{CameraList, CameraListed};
use crate::capture::Geometry;
use crate::slug::slug;

/// Formats of a camera that are looked at; no driver lists more than a few dozen.
const OFFERS_MAX: usize = 200;
/// Sizes that are asked of a driver that scales to any: those of portraits and pages.
const USUAL_SIZES: [(u32, u32); 4] = [(1_920, 1_080), (1_280, 720), (640, 480), (640, 360)];
/// What a driver without intervals is taken to give.
const UNKNOWN_FPS: u32 = 0;
/// More frames a second than this only warm the laptop.
const LIVE_FPS_MAX: u32 = 30;

pub(super) fn list() -> CameraList {
    let mut found = CameraList::default();
    let Ok(devices) = linuxvideo::list() else {
        return found;
    };
    for device in devices {
        match device {
            Ok(device) => found.cameras.extend(listed(&device)),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => found.denied += 1,
            // Gone since the folder was read, or no camera after all.
            Err(_) => {}
        }
    }
    found.cameras.sort_by(|a, b| a.place.cmp(&b.place));
    let names: Vec<String> = found.cameras.iter().map(|c| c.id.clone()).collect();
    for (at, camera) in found.cameras.iter_mut().enumerate() {
        // Two nodes of one socket, an infrared camera beside the visible one: told apart by their order.
        let before = names
            .iter()
            .take(at)
            .filter(|name| **name == camera.id)
            .count();
        if before > 0 {
            camera.id = format!("{}-{}", camera.id, before + 1);
        }
    }
    found
}

/// A camera with a format that is read here; encoders, outputs and metadata are none.
fn listed(device: &Device) -> Option<CameraListed> {
    let capabilities = device.capabilities().ok()?;
    let can = capabilities.device_capabilities();
    if !can.contains(CapabilityFlags::VIDEO_CAPTURE) || !can.contains(CapabilityFlags::STREAMING) {
        return None;
    }
    if codings(device).is_empty() {
        return None;
    }
    let path = device.path().ok()?;
    let bus = capabilities.bus_info().to_owned();
    Some(CameraListed {
        id: format!("camera-{}", slug(&bus)),
        name: capabilities.card().to_owned(),
        usb: usb_numbers(&path),
        serial: usb_text(&path, "serial"),
        place: path.to_string_lossy().into_owned(),
    })
}

/// A text of the USB device behind a device file: its interface's parent in sysfs.
fn usb_text(path: &Path, name: &str) -> Option<String> {
    let node = path.file_name()?;
    let interface = Path::new("/sys/class/video4linux")
        .join(node)
        .join("device");
    let text = std::fs::read_to_string(interface.join("..").join(name)).ok()?;
    let text = text.trim();
    (!text.is_empty() && text.len() <= 120).then(|| text.to_owned())
}

fn usb_numbers(path: &Path) -> Option<(u16, u16)> {
    let number = |name| u16::from_str_radix(&usb_text(path, name)?, 16).ok();
    Some((number("idVendor")?, number("idProduct")?))
}

fn codings(device: &Device) -> Vec<(Coding, PixelFormat)> {
    device
        .formats(BufType::VIDEO_CAPTURE)
        .filter_map(Result::ok)
        .take(OFFERS_MAX)
        .filter_map(|format| {
            let letters = format.pixel_format().as_fourcc();
            let coding = Coding::from_name(core::str::from_utf8(&letters).ok()?)?;
            Some((coding, format.pixel_format()))
        })
        .collect()
}

pub(super) fn source(listed: &CameraListed) -> Box<dyn FrameSource> {
    Box::new(Video4Linux {
        path: PathBuf::from(&listed.place),
        stream: None,
    })
}

struct Video4Linux {
    path: PathBuf,
    stream: Option<ReadStream>,
}

/// What an error of the kernel means here.
fn meaning(error: &io::Error) -> SourceError {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NODEV | Errno::NXIO | Errno::NOENT) => SourceError::Gone,
        Some(Errno::BUSY) => SourceError::Busy,
        Some(Errno::ACCESS | Errno::PERM) => SourceError::Denied,
        _ => SourceError::Failed,
    }
}

impl FrameSource for Video4Linux {
    fn formats(&mut self) -> Result<Vec<StreamFormat>, SourceError> {
        let device = Device::open(&self.path).map_err(|e| meaning(&e))?;
        let mut offers = Vec::new();
        for (coding, pixel_format) in codings(&device) {
            let sizes: Vec<(u32, u32)> = match device.frame_sizes(pixel_format) {
                Ok(FrameSizes::Discrete(sizes)) => {
                    sizes.iter().map(|s| (s.width(), s.height())).collect()
                }
                Ok(FrameSizes::Stepwise(range) | FrameSizes::Continuous(range)) => USUAL_SIZES
                    .into_iter()
                    .filter(|(width, height)| {
                        (range.min_width()..=range.max_width()).contains(width)
                            && (range.min_height()..=range.max_height()).contains(height)
                    })
                    .collect(),
                // A driver that lists no sizes has the one that is set.
                Err(_) => USUAL_SIZES.to_vec(),
            };
            for (width_px, height_px) in sizes {
                if offers.len() == OFFERS_MAX {
                    return Ok(offers);
                }
                offers.push(StreamFormat {
                    coding,
                    geometry: Geometry {
                        width_px,
                        height_px,
                    },
                    fps: fastest(&device, pixel_format, width_px, height_px),
                    stride_bytes: 0,
                    frame_bytes_max: 0,
                });
            }
        }
        if offers.is_empty() {
            return Err(SourceError::NoFormat);
        }
        Ok(offers)
    }

    fn start(&mut self, wish: &StreamFormat) -> Result<StreamFormat, SourceError> {
        self.stream = None;
        let failed = |error: io::Error| meaning(&error);
        let device = Device::open(&self.path).map_err(failed)?;
        let Some((_, pixel_format)) = codings(&device)
            .into_iter()
            .find(|(coding, _)| *coding == wish.coding)
        else {
            return Err(SourceError::NoFormat);
        };
        let wanted = PixFormat::new(
            wish.geometry.width_px,
            wish.geometry.height_px,
            pixel_format,
        );
        let capture = device.video_capture(wanted).map_err(failed)?;
        // The driver may give another size than it was asked for, never another coding.
        let given = capture.format();
        if given.pixel_format() != pixel_format {
            return Err(SourceError::NoFormat);
        }
        // Cameras keep the rate that somebody set last; one that does not let it be set has its own.
        let fps = wish.fps.min(LIVE_FPS_MAX);
        if fps > 0 {
            let _ = capture.set_frame_interval(Fract::new(1, fps));
        }
        let started = StreamFormat {
            coding: wish.coding,
            geometry: Geometry {
                width_px: given.width(),
                height_px: given.height(),
            },
            fps,
            stride_bytes: given.bytes_per_line(),
            frame_bytes_max: given.size_image(),
        };
        self.stream = Some(capture.into_stream().map_err(failed)?);
        Ok(started)
    }

    fn next(&mut self, timeout_ms: u32) -> Result<Option<RawFrame>, SourceError> {
        let stream = self.stream.as_mut().ok_or(SourceError::Gone)?;
        if !is_ready(stream, timeout_ms)? {
            return Ok(None);
        }
        let mut newest = None;
        loop {
            let frame = stream
                .dequeue(|view| {
                    // A frame that the driver marks as damaged is none.
                    Ok((!view.is_error()).then(|| RawFrame {
                        bytes: view.to_vec(),
                    }))
                })
                .map_err(|e| meaning(&e))?;
            newest = frame.or(newest);
            // More that are waiting are newer.
            if !is_ready(stream, 0)? {
                return Ok(newest);
            }
        }
    }
}

/// Whether a frame is there, within the time.
fn is_ready(stream: &ReadStream, timeout_ms: u32) -> Result<bool, SourceError> {
    let mut waiting = [PollFd::from_borrowed_fd(stream.as_fd(), PollFlags::IN)];
    let timeout = Timespec {
        tv_sec: i64::from(timeout_ms / 1_000),
        tv_nsec: i64::from(timeout_ms % 1_000 * 1_000_000),
    };
    match poll(&mut waiting, Some(&timeout)) {
        Ok(0) => Ok(false),
        Ok(_) if waiting[0].revents().contains(PollFlags::IN) => Ok(true),
        // Error or hang-up without a frame: a pulled cable shows so before any call fails.
        Ok(_) if waiting[0].revents().contains(PollFlags::HUP) => Err(SourceError::Gone),
        Ok(_) => Err(SourceError::Failed),
        Err(Errno::INTR) => Ok(false),
        Err(_) => Err(SourceError::Failed),
    }
}

fn fastest(device: &Device, pixel_format: PixelFormat, width: u32, height: u32) -> u32 {
    let frames = |numerator: u32, denominator: u32| {
        (denominator + numerator / 2)
            .checked_div(numerator)
            .unwrap_or(UNKNOWN_FPS)
    };
    match device.frame_intervals(pixel_format, width, height) {
        Ok(FrameIntervals::Discrete(intervals)) => intervals
            .iter()
            .map(|i| frames(i.fract().numerator(), i.fract().denominator()))
            .max()
            .unwrap_or(UNKNOWN_FPS),
        Ok(FrameIntervals::Stepwise(range) | FrameIntervals::Continuous(range)) => {
            frames(range.min().numerator(), range.min().denominator())
        }
        Err(_) => UNKNOWN_FPS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_file_that_is_no_camera_gives_an_error_and_no_list_entry() {
        let mut source = Video4Linux {
            path: PathBuf::from("/dev/null"),
            stream: None,
        };
        assert!(source.formats().is_err());
        source.path = PathBuf::from("/dev/video-that-is-not-there");
        assert_eq!(source.formats(), Err(SourceError::Gone));
        assert_eq!(source.next(0), Err(SourceError::Gone));
        // Whatever this machine has, looking at it works.
        for camera in list().cameras {
            assert!(camera.id.starts_with("camera-"), "{}", camera.id);
        }
    }
}
