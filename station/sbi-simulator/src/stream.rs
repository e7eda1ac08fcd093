//! STREAM: what the device sees, as JPEG after JPEG in one endless answer.
//!
//! In: which part of which device. Out: a body. Never: ends before its time-out, unless a fault, the cable or the client says so.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use qayd_model::Slap;
use serde::Deserialize;
use tokio::sync::mpsc::{Sender, channel};

use crate::drawing;
use crate::faults::{Fault, Place};
use crate::messages;
use crate::records::Eye;
use crate::state::{DeviceKind, Service};

/// Ten a second; the specification asks for three.
const EVERY_MS: u64 = 100;
/// After so many good images a fault shows.
const GOOD_BEFORE_FAULT: usize = 3;
const TIMEOUT_MS: u64 = 5 * 60 * 1_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    device_id: String,
    #[serde(default)]
    device_sub_id: String,
    #[serde(default)]
    timeout: Option<String>,
}

/// Of what images are drawn, so that each is drawn once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Drawn {
    kind: DeviceKind,
    part: u8,
    is_present: bool,
    score: u8,
}

/// Answers STREAM.
pub(crate) fn answer(service: &Arc<Service>, body: &[u8]) -> Response {
    let refused = |number: u16| axum::Json(messages::error(number)).into_response();
    let Ok(request) = serde_json::from_slice::<Request>(body) else {
        return refused(117);
    };
    let kind = DeviceKind::of_device_id(&request.device_id);
    let Some(kind) = kind.filter(|kind| service.kinds.contains(kind)) else {
        return refused(106);
    };
    let part = request.device_sub_id.parse().unwrap_or(0);
    let timeout_ms = request
        .timeout
        .and_then(|text| text.parse().ok())
        .unwrap_or(TIMEOUT_MS);
    let fault = {
        let mut state = service.state();
        state.previews += 1;
        state.take_fault(Place::Stream)
    };
    let (sender, mut receiver) = channel::<Result<Bytes, std::io::Error>>(1);
    tokio::spawn(send(service.clone(), kind, part, timeout_ms, fault, sender));
    let pieces = async_pieces(move |context| receiver.poll_recv(context));
    (
        [(
            CONTENT_TYPE,
            "multipart/x-mixed-replace; boundary=--BoundaryString",
        )],
        Body::from_stream(pieces),
    )
        .into_response()
}

async fn send(
    service: Arc<Service>,
    kind: DeviceKind,
    part: u8,
    timeout_ms: u64,
    fault: Option<Fault>,
    sender: Sender<Result<Bytes, std::io::Error>>,
) {
    let began = service.clock.monotonic_ms();
    for count in 0.. {
        if service.clock.monotonic_ms().saturating_sub(began) > timeout_ms {
            return;
        }
        if !service.state().is_plugged {
            // The cable is out: the connection breaks off.
            let _ = sender
                .send(Err(std::io::ErrorKind::BrokenPipe.into()))
                .await;
            return;
        }
        let drawing = service.clone();
        let images = tokio::task::spawn_blocking(move || draw(&drawing, kind, part)).await;
        let Some(image) = images
            .ok()
            .and_then(|images| images.get(count % images.len().max(1)).cloned())
        else {
            return;
        };
        let mut piece = format!(
            "--BoundaryString\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
            image.len()
        )
        .into_bytes();
        piece.extend(image);
        piece.extend(b"\r\n\r\n");
        if count >= GOOD_BEFORE_FAULT {
            match fault {
                Some(Fault::StalledStream) => {
                    // Open and silent, until the client has had enough.
                    sender.closed().await;
                    return;
                }
                Some(Fault::TruncatedStream) => {
                    piece.truncate(piece.len() / 2);
                    let _ = sender.send(Ok(piece.into())).await;
                    return;
                }
                Some(Fault::GarbledStream) => {
                    let n = piece.len();
                    piece[n / 2..].fill(b'?');
                }
                _ => {}
            }
        }
        if sender.send(Ok(piece.into())).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(EVERY_MS)).await;
    }
}

/// The images of what is there now.
fn draw(service: &Service, kind: DeviceKind, part: u8) -> Arc<[Vec<u8>]> {
    let (drawn, person, seed, missing) = {
        let state = service.state();
        let drawn = Drawn {
            kind,
            part,
            is_present: state.is_present,
            score: state.score,
        };
        if let Some(images) = state.drawn.get(&drawn) {
            return images.clone();
        }
        let missing: Vec<_> = state.missing.iter().copied().collect();
        (drawn, state.person.clone(), state.seed, missing)
    };
    let is_present = drawn.is_present;
    let images: Vec<Vec<u8>> = match kind {
        DeviceKind::Finger => {
            let which = match part {
                1 => Slap::LeftFour,
                2 => Slap::RightFour,
                _ => Slap::Thumbs,
            };
            drawing::platen(&person, which, &missing, is_present, drawn.score)
                .into_iter()
                .collect()
        }
        DeviceKind::Face => (0..4)
            .filter_map(|step| drawing::face_preview(seed, is_present, step))
            .collect(),
        DeviceKind::Iris => {
            let which = if part == 2 { Eye::Right } else { Eye::Left };
            drawing::eye_preview(seed, which, is_present)
                .into_iter()
                .collect()
        }
    };
    let images: Arc<[Vec<u8>]> = images.into();
    let mut state = service.state();
    if state.seed == seed {
        state.drawn.insert(drawn, images.clone());
    }
    images
}

/// A stream of what a function polls.
fn async_pieces<T, F>(poll: F) -> impl futures_core::Stream<Item = T>
where
    F: FnMut(&mut std::task::Context<'_>) -> std::task::Poll<Option<T>> + Unpin,
{
    struct Polled<F>(F);
    impl<T, F> futures_core::Stream for Polled<F>
    where
        F: FnMut(&mut std::task::Context<'_>) -> std::task::Poll<Option<T>> + Unpin,
    {
        type Item = T;
        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<T>> {
            (self.0)(context)
        }
    }
    Polled(poll)
}
