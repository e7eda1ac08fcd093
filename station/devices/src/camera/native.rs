//! Media Foundation and AVFoundation, by `nokhwa`.
//!
//! In: the system's list. Out: cameras, and frames cut to what they are. Owns: an open camera on a thread of its own.
//! Never: trusts a buffer's length: `nokhwa` gives the whole buffer, so that `decode` cuts a JPEG at its end and refuses
//! what is too long. A fetch has no time-out of its own here; the caller's wait has one, and the thread is left behind.
//!
//! Not built on Linux, where `linux` is better in every respect; checked on its own systems only.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use nokhwa::pixel_format::RgbFormat;
use nokhwa::utils::{
    ApiBackend, CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType,
    Resolution,
};
use nokhwa::{Camera, NokhwaError};

use super::choice::StreamFormat;
use super::decode::Coding;
use super::source::{FrameSource, RawFrame, SourceError};
use super::{CameraList, CameraListed};
use crate::capture::Geometry;

pub(super) fn list() -> CameraList {
    let Ok(found) = nokhwa::query(ApiBackend::Auto) else {
        return CameraList::default();
    };
    let cameras = found
        .into_iter()
        .enumerate()
        .map(|(at, camera)| CameraListed {
            id: format!("camera-{}", at + 1),
            name: camera.human_name(),
            place: camera.index().as_string(),
            usb: None,
            serial: None,
        })
        .collect();
    CameraList { cameras, denied: 0 }
}

pub(super) fn source(listed: &CameraListed) -> Box<dyn FrameSource> {
    let index = listed.place.parse().map_or_else(
        |_| CameraIndex::String(listed.place.clone()),
        CameraIndex::Index,
    );
    Box::new(Native {
        index,
        frames: None,
    })
}

struct Native {
    index: CameraIndex,
    frames: Option<Receiver<Result<RawFrame, SourceError>>>,
}

fn meaning(error: &NokhwaError) -> SourceError {
    match error {
        NokhwaError::OpenDeviceError(..) | NokhwaError::OpenStreamError(_) => SourceError::Busy,
        NokhwaError::ReadFrameError(_) => SourceError::Gone,
        _ => SourceError::Failed,
    }
}

const fn coding_of(format: FrameFormat) -> Option<Coding> {
    match format {
        FrameFormat::MJPEG => Some(Coding::Mjpeg),
        FrameFormat::YUYV => Some(Coding::Yuyv),
        FrameFormat::GRAY => Some(Coding::Grey),
        _ => None,
    }
}

fn offer(format: &CameraFormat) -> Option<StreamFormat> {
    Some(StreamFormat {
        coding: coding_of(format.format())?,
        geometry: Geometry {
            width_px: format.width(),
            height_px: format.height(),
        },
        fps: format.frame_rate(),
        stride_bytes: 0,
        frame_bytes_max: u32::MAX,
    })
}

impl FrameSource for Native {
    fn formats(&mut self) -> Result<Vec<StreamFormat>, SourceError> {
        let any = RequestedFormat::new::<RgbFormat>(RequestedFormatType::None);
        let mut camera = Camera::new(self.index.clone(), any).map_err(|e| meaning(&e))?;
        let formats = camera
            .compatible_camera_formats()
            .map_err(|e| meaning(&e))?;
        let offers: Vec<_> = formats.iter().filter_map(offer).collect();
        if offers.is_empty() {
            return Err(SourceError::NoFormat);
        }
        Ok(offers)
    }

    fn start(&mut self, wish: &StreamFormat) -> Result<StreamFormat, SourceError> {
        let (told, answer) = sync_channel(1);
        let (sender, frames) = sync_channel(1);
        let (index, wish) = (self.index.clone(), *wish);
        // The camera lives and ends on this thread; a fetch that never returns keeps only this thread.
        std::thread::spawn(move || run(&index, &wish, &told, &sender));
        let started = answer.recv().map_err(|_| SourceError::Failed)??;
        self.frames = Some(frames);
        Ok(started)
    }

    fn next(&mut self, timeout_ms: u32) -> Result<Option<RawFrame>, SourceError> {
        let frames = self.frames.as_ref().ok_or(SourceError::Gone)?;
        match frames.recv_timeout(Duration::from_millis(timeout_ms.into())) {
            Ok(frame) => frame.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(SourceError::Gone),
        }
    }
}

fn run(
    index: &CameraIndex,
    wish: &StreamFormat,
    told: &SyncSender<Result<StreamFormat, SourceError>>,
    sender: &SyncSender<Result<RawFrame, SourceError>>,
) {
    let format = match wish.coding {
        Coding::Mjpeg => FrameFormat::MJPEG,
        Coding::Yuyv => FrameFormat::YUYV,
        Coding::Grey => FrameFormat::GRAY,
    };
    let size = Resolution::new(wish.geometry.width_px, wish.geometry.height_px);
    let exact = RequestedFormatType::Exact(CameraFormat::new(size, format, wish.fps));
    let opened = Camera::new(index.clone(), RequestedFormat::new::<RgbFormat>(exact))
        .and_then(|mut camera| camera.open_stream().map(|()| camera));
    let mut camera = match opened {
        Ok(camera) => camera,
        Err(error) => {
            let _ = told.send(Err(meaning(&error)));
            return;
        }
    };
    let started = offer(&camera.camera_format()).ok_or(SourceError::NoFormat);
    let is_started = started.is_ok();
    if told.send(started).is_err() || !is_started {
        return;
    }
    loop {
        let frame = camera
            .frame()
            .map(|buffer| RawFrame {
                bytes: buffer.buffer().to_vec(),
            })
            .map_err(|error| meaning(&error));
        let is_over = frame.is_err();
        // A full channel drops this frame; nobody at the other end ends the thread.
        match sender.try_send(frame) {
            Err(std::sync::mpsc::TrySendError::Disconnected(_)) => return,
            _ if is_over => return,
            _ => {}
        }
    }
}
