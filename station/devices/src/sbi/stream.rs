//! Preview of a service: JPEG images, one after the other in one endless answer (`multipart/x-mixed-replace`).
//!
//! In: the bytes of STREAM as they come. Out: the newest whole image; older ones are dropped before they are decoded.
//! Owns: a thread while a preview runs. Never: queues images; believes a length above its limit.

use std::io::Cursor;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use qayd_world::Clock;

use super::error::SbiError;
use super::http::{Call, run, until};
use super::wire::{Fault, parse};
use crate::capture::{Frame, Geometry, PixelFormat};
use crate::error::DeviceError;

/// No preview image is longer: 4 MiB.
const IMAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// No header line of a part is longer, and no part has more lines.
const LINE_BYTES_MAX: usize = 1_024;
const LINES_MAX: usize = 16;
/// Longest side of a preview.
const SIDE_PX_MAX: u32 = 4_096;
/// Three images a second are promised; after this long without one the preview has stopped.
const STALLED_MS: u64 = 3_000;
/// Lamps and platens warm up before the first.
const FIRST_MS: u64 = 10_000;
/// No error in place of a stream is longer: 16 KiB.
const ERROR_BYTES_MAX: usize = 16 * 1024;

/// Why a stream cannot be read on.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamError {
    /// Lines that are no header of a part.
    #[error("a part has no header of the expected form")]
    Header,
    /// A part that does not say how long it is, or says more than 4 MiB.
    #[error("a part has no length that can be used")]
    Length,
    /// A part that is no JPEG.
    #[error("a part is not a JPEG image")]
    NotJpeg,
    /// The stream ended inside a part.
    #[error("the stream ended inside an image")]
    CutShort,
}

/// Takes a multipart stream apart, however its bytes are cut into pieces.
#[derive(Debug, Default)]
pub struct MultipartJpeg {
    held: Vec<u8>,
    /// Length of the image that is being read; `None` between images.
    wanted: Option<usize>,
    length: Option<usize>,
    lines: usize,
    /// A boundary was seen and its header is being read.
    in_header: bool,
}

impl MultipartJpeg {
    /// Takes the next piece and gives the newest image that is whole by now, if any became so.
    ///
    /// # Errors
    /// [`StreamError`]; the stream cannot be read on.
    pub fn feed(&mut self, piece: &[u8]) -> Result<Option<Vec<u8>>, StreamError> {
        self.held.extend_from_slice(piece);
        let mut newest = None;
        let mut at = 0;
        loop {
            if let Some(wanted) = self.wanted {
                let Some(image) = self.held.get(at..at + wanted) else {
                    break;
                };
                if !(image.starts_with(&[0xff, 0xd8]) && image.ends_with(&[0xff, 0xd9])) {
                    return Err(StreamError::NotJpeg);
                }
                newest = Some(image.to_vec());
                at += wanted;
                (self.wanted, self.length, self.in_header) = (None, None, false);
                continue;
            }
            let rest = self.held.get(at..).unwrap_or_default();
            let Some(end) = rest.iter().position(|b| *b == b'\n') else {
                if rest.len() > LINE_BYTES_MAX {
                    return Err(StreamError::Header);
                }
                break;
            };
            if end > LINE_BYTES_MAX {
                return Err(StreamError::Header);
            }
            let line = rest.get(..end).unwrap_or_default().trim_ascii().to_vec();
            at += end + 1;
            self.line(&line)?;
        }
        self.held.drain(..at);
        Ok(newest)
    }

    fn line(&mut self, line: &[u8]) -> Result<(), StreamError> {
        if !self.in_header {
            // Between parts there are empty lines, and whatever came before the first boundary.
            self.lines += 1;
            if line.starts_with(b"--") {
                (self.in_header, self.lines) = (true, 0);
            } else if self.lines > LINES_MAX {
                return Err(StreamError::Header);
            }
            return Ok(());
        }
        if line.is_empty() {
            let length = self.length.ok_or(StreamError::Length)?;
            self.wanted = Some(length);
            self.lines = 0;
            return Ok(());
        }
        self.lines += 1;
        let text = core::str::from_utf8(line).map_err(|_| StreamError::Header)?;
        let (name, value) = text.split_once(':').ok_or(StreamError::Header)?;
        if self.lines > LINES_MAX {
            return Err(StreamError::Header);
        }
        if name.trim().eq_ignore_ascii_case("content-length") {
            let length = value.trim().parse().map_err(|_| StreamError::Length)?;
            if !(4..=IMAGE_BYTES_MAX).contains(&length) {
                return Err(StreamError::Length);
            }
            self.length = Some(length);
        }
        Ok(())
    }

    /// The stream has ended.
    ///
    /// # Errors
    /// [`StreamError::CutShort`] inside an image or its header.
    pub fn finish(&self) -> Result<(), StreamError> {
        if self.wanted.is_some() || self.in_header {
            return Err(StreamError::CutShort);
        }
        Ok(())
    }
}

/// What the thread and the device share.
#[derive(Default)]
struct Slot {
    newest: Option<Vec<u8>>,
    sequence: u64,
    arrived_ms: u64,
    ended: Option<SbiError>,
    is_over: bool,
}

/// A preview that runs. Dropping it ends it.
pub(super) struct Preview {
    slot: Arc<(Mutex<Slot>, Condvar)>,
    stop: Arc<AtomicBool>,
    clock: Arc<dyn Clock>,
    /// Which part of the device it shows.
    pub(super) sub_id: u8,
}

impl Preview {
    /// Starts STREAM.
    pub(super) fn start(call: Call, sub_id: u8, clock: Arc<dyn Clock>) -> Self {
        let slot: Arc<(Mutex<Slot>, Condvar)> = Arc::default();
        locked(&slot.0).arrived_ms = clock.monotonic_ms();
        let stop = Arc::new(AtomicBool::new(false));
        let preview = Self {
            slot: slot.clone(),
            stop: stop.clone(),
            clock: clock.clone(),
            sub_id,
        };
        std::thread::spawn(move || {
            let work = async {
                tokio::select! {
                    ended = read(&call, &slot, clock.as_ref()) => ended.err(),
                    () = until(&stop) => Some(SbiError::Cancelled),
                }
            };
            let ended = run(work).unwrap_or(Some(SbiError::Unreachable));
            let mut held = locked(&slot.0);
            held.ended = ended;
            held.is_over = true;
            slot.1.notify_all();
        });
        preview
    }

    /// The newest image that was not taken yet, waiting `timeout_ms` at most.
    pub(super) fn next(&self, timeout_ms: u32) -> Result<Frame, DeviceError> {
        let (jpeg, sequence, arrived_ms) = self.take(timeout_ms)?;
        decode(&jpeg, sequence, arrived_ms)
    }

    fn take(&self, timeout_ms: u32) -> Result<(Vec<u8>, u64, u64), DeviceError> {
        let timed_out = DeviceError::TimedOut { timeout_ms };
        let mut left = Duration::from_millis(timeout_ms.into());
        let mut slot = locked(&self.slot.0);
        let mut was_silent = None;
        loop {
            if let Some(jpeg) = slot.newest.take() {
                return Ok((jpeg, slot.sequence, slot.arrived_ms));
            }
            if slot.is_over {
                return Err(match slot.ended.take() {
                    Some(error) => error.into(),
                    // A service may end its stream at its own time-out; another one can be begun.
                    None => timed_out,
                });
            }
            let silent = self.clock.monotonic_ms().saturating_sub(slot.arrived_ms);
            let patience = if slot.sequence == 0 {
                FIRST_MS
            } else {
                STALLED_MS
            };
            // Told once as soon as it is so; whoever asks on is given the time they ask for, in case it sends again.
            let is_silent = silent > patience;
            if is_silent && (!was_silent.unwrap_or(is_silent) || left.is_zero()) {
                return Err(DeviceError::Stalled {
                    after_ms: u32::try_from(silent).unwrap_or(u32::MAX),
                });
            }
            was_silent = was_silent.or(Some(is_silent));
            if left.is_zero() {
                return Err(timed_out);
            }
            let step = left.min(Duration::from_millis(100));
            left -= step;
            slot = self
                .slot
                .1
                .wait_timeout(slot, step)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Whether the stream has ended, for whatever reason.
    pub(super) fn is_over(&self) -> bool {
        locked(&self.slot.0).is_over
    }
}

impl Drop for Preview {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// Every change under the lock is whole in itself, so that a panic elsewhere spoils nothing.
fn locked(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn read(
    call: &Call,
    slot: &(Mutex<Slot>, Condvar),
    clock: &dyn Clock,
) -> Result<(), SbiError> {
    let wait = Duration::from_millis(call.timeout_ms.into());
    let after_ms = call.timeout_ms;
    let mut response = tokio::time::timeout(wait, call.send())
        .await
        .map_err(|_| SbiError::NoAnswer { after_ms })??;
    let kind = response.headers().get(CONTENT_TYPE);
    let is_stream = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/"));
    if !is_stream {
        return Err(instead_of_a_stream(call, response.body_mut()).await);
    }
    let mut parts = MultipartJpeg::default();
    let broken = |source| SbiError::Stream { source };
    loop {
        let Ok(piece) = call.piece(response.body_mut()).await else {
            // Cut off: inside an image the stream is broken, between two the service is gone.
            parts.finish().map_err(broken)?;
            return Err(SbiError::Unreachable);
        };
        let Some(piece) = piece else {
            return parts.finish().map_err(broken);
        };
        if let Some(jpeg) = parts.feed(&piece).map_err(broken)? {
            let mut held = locked(&slot.0);
            held.newest = Some(jpeg);
            held.sequence += 1;
            held.arrived_ms = clock.monotonic_ms();
            slot.1.notify_all();
        }
    }
}

/// A service that has no preview now says so as an error in JSON.
async fn instead_of_a_stream(call: &Call, body: &mut Incoming) -> SbiError {
    let what = "preview";
    let mut bytes = Vec::new();
    loop {
        match call.piece(body).await {
            Ok(Some(piece)) if bytes.len() + piece.len() <= ERROR_BYTES_MAX => {
                bytes.extend_from_slice(&piece);
            }
            Ok(None) => break,
            Ok(Some(_)) => return SbiError::Form { what },
            Err(error) => return error,
        }
    }
    match parse::<Fault>(&bytes, what).and_then(|fault| fault.check()) {
        Ok(()) => SbiError::Form { what },
        Err(error) => error,
    }
}

/// Pixels of one preview image; its size is checked before anything is allocated for it.
fn decode(jpeg: &[u8], sequence: u64, arrived_ms: u64) -> Result<Frame, DeviceError> {
    let bad = |reason| DeviceError::BadFrame { reason };
    let mut reader = ImageReader::with_format(Cursor::new(jpeg), ImageFormat::Jpeg);
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_PX_MAX);
    limits.max_image_height = Some(SIDE_PX_MAX);
    reader.limits(limits);
    let image = reader
        .decode()
        .map_err(|_| bad("the preview image cannot be read"))?;
    let geometry = Geometry {
        width_px: image.width(),
        height_px: image.height(),
    };
    let (format, pixels) = match image {
        DynamicImage::ImageLuma8(grey) => (PixelFormat::Grey8, grey.into_raw()),
        other => (PixelFormat::Rgb8, other.into_rgb8().into_raw()),
    };
    Frame::make(geometry, format, pixels, sequence, arrived_ms, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(fill: u8, n: usize) -> Vec<u8> {
        let mut image = vec![0xff, 0xd8];
        image.resize(n - 2, fill);
        image.extend([0xff, 0xd9]);
        let mut part =
            format!("--BoundaryString\r\nContent-Type: image/jpeg\r\nContent-Length: {n}\r\n\r\n")
                .into_bytes();
        part.extend(image);
        part.extend(b"\r\n\r\n");
        part
    }

    #[test]
    fn images_come_out_however_the_bytes_are_cut() {
        let stream = [part(1, 50), part(b'\n', 60), part(b'-', 70)].concat();
        for step in [1, 3, 7, 64, stream.len()] {
            let mut parts = MultipartJpeg::default();
            let mut lengths = Vec::new();
            for piece in stream.chunks(step) {
                lengths.extend(parts.feed(piece).unwrap().map(|image| image.len()));
            }
            assert_eq!(parts.finish(), Ok(()));
            assert_eq!(lengths.last(), Some(&70), "step {step}");
            // One piece that holds all three gives the newest alone.
            assert_eq!(lengths.len(), if step == stream.len() { 1 } else { 3 });
        }
    }

    #[test]
    fn a_stream_that_ends_inside_an_image_is_cut_short() {
        let stream = part(1, 50);
        for end in 20..stream.len() - 4 {
            let mut parts = MultipartJpeg::default();
            assert_eq!(parts.feed(&stream[..end]), Ok(None));
            assert_eq!(parts.finish(), Err(StreamError::CutShort), "{end}");
        }
    }

    #[test]
    fn lengths_that_lie_and_parts_that_are_no_image_are_refused() {
        let refused = |text: &[u8]| MultipartJpeg::default().feed(text).unwrap_err();
        assert_eq!(
            refused(b"--B\r\nContent-Length: 99999999999\r\n\r\n"),
            StreamError::Length
        );
        assert_eq!(
            refused(b"--B\r\nContent-Length: -1\r\n\r\n"),
            StreamError::Length
        );
        assert_eq!(
            refused(b"--B\r\nContent-Type: image/jpeg\r\n\r\n"),
            StreamError::Length
        );
        assert_eq!(refused(b"--B\r\nwhat is this\r\n\r\n"), StreamError::Header);
        assert_eq!(refused(&[b'x'; 2_000]), StreamError::Header);
        assert_eq!(refused(&b"x\n".repeat(40)), StreamError::Header);
        let mut longer = part(1, 50);
        let at = longer.windows(2).position(|w| w == b"50").unwrap();
        longer[at] = b'3';
        assert_eq!(refused(&longer), StreamError::NotJpeg);
    }
}
