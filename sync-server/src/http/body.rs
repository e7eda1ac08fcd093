//! Bodies: read with limits on length, silence and rate; handed to blocking code as a plain reader.
//!
//! In: a request's body. Out: its bytes, or a `Read` that ends with an error when the body was cut.
//! Never: holds more than its limit; tells a cut body from a whole one by silence.

use std::{io, sync::Arc};

use axum::{
    body::{Body, Bytes},
    http::StatusCode,
};
use http_body_util::BodyExt;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};

use super::{answer::Refusal, limits::Limits};
use crate::intake;

/// Pieces that wait between the network and the disk.
const PIECES_WAITING: usize = 3;

enum Piece {
    Bytes(Bytes),
    End,
}

/// Why a body ended early.
enum Broken {
    Cut,
    TooSlow,
}

struct Pump {
    body: Body,
    limits: Arc<Limits>,
    window: Instant,
    in_window: u64,
}

impl Pump {
    fn new(body: Body, limits: Arc<Limits>) -> Self {
        Self {
            body,
            limits,
            window: Instant::now(),
            in_window: 0,
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        loop {
            let frame = match timeout(self.limits.body_idle, self.body.frame()).await {
                Err(_) => return Err(Broken::TooSlow),
                Ok(None) => return Ok(None),
                Ok(Some(Err(_))) => return Err(Broken::Cut),
                Ok(Some(Ok(frame))) => frame,
            };
            let Ok(bytes) = frame.into_data() else {
                continue;
            };
            self.in_window += bytes.len() as u64;
            let passed = self.window.elapsed();
            if passed >= self.limits.rate_window {
                if self.in_window < self.limits.rate_bytes_per_s * passed.as_secs() {
                    return Err(Broken::TooSlow);
                }
                self.window = Instant::now();
                self.in_window = 0;
            }
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
    }
}

/// The whole body, at most `limit` bytes.
pub(super) async fn collect(
    body: Body,
    limit: usize,
    limits: &Arc<Limits>,
) -> Result<Vec<u8>, Refusal> {
    let mut pump = Pump::new(body, limits.clone());
    let mut collected = Vec::new();
    loop {
        match pump.next().await {
            Ok(None) => return Ok(collected),
            Ok(Some(bytes)) if collected.len() + bytes.len() > limit => {
                return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "HTT-01"));
            }
            Ok(Some(bytes)) => collected.extend_from_slice(&bytes),
            Err(Broken::Cut) => return Err(Refusal::new(StatusCode::BAD_REQUEST, "HTT-02")),
            Err(Broken::TooSlow) => {
                return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "HTT-03"));
            }
        }
    }
}

/// A body as blocking code reads it.
pub(super) struct BodyReader {
    pieces: mpsc::Receiver<Piece>,
}

/// Splits a body into a reader for a blocking thread and the future that feeds it. The future ends when the body does, or
/// when the reader is dropped.
pub(super) fn split(
    body: Body,
    limits: &Arc<Limits>,
) -> (BodyReader, impl Future<Output = ()> + use<>) {
    let (sender, pieces) = mpsc::channel(PIECES_WAITING);
    let limits = limits.clone();
    let feed = async move {
        let mut pump = Pump::new(body, limits);
        loop {
            let piece = tokio::select! {
                () = sender.closed() => return,
                piece = pump.next() => piece,
            };
            let (piece, last) = match piece {
                Ok(Some(bytes)) => (Piece::Bytes(bytes), false),
                Ok(None) => (Piece::End, true),
                // Dropping the sender without an end is how the reader learns that the body was cut.
                Err(_) => return,
            };
            let held = Instant::now();
            if sender.send(piece).await.is_err() || last {
                return;
            }
            // A slow disk is not the sender's fault.
            pump.window += held.elapsed();
        }
    };
    (BodyReader { pieces }, feed)
}

impl intake::Body for BodyReader {
    fn next(&mut self) -> io::Result<Option<Bytes>> {
        match self.pieces.blocking_recv() {
            Some(Piece::Bytes(bytes)) => Ok(Some(bytes)),
            Some(Piece::End) => Ok(None),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        pin::Pin,
        sync::atomic::{AtomicUsize, Ordering},
        task::{Context, Poll},
        time::Duration,
    };

    use axum::body::HttpBody;
    use hyper::body::Frame;
    use tokio::time::sleep;

    use super::*;
    use crate::intake::Body as _;

    const PIECES: usize = 100;

    /// A link faster than any disk, which counts what was taken from it.
    struct Fast(Arc<AtomicUsize>);

    impl HttpBody for Fast {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let given = self.0.fetch_add(1, Ordering::SeqCst);
            Poll::Ready((given < PIECES).then(|| Ok(Frame::data(Bytes::from_static(&[7; 1_000])))))
        }
    }

    #[tokio::test]
    async fn what_the_disk_has_not_taken_is_not_taken_from_the_link() {
        let given = Arc::new(AtomicUsize::new(0));
        let (mut reader, feed) = split(Body::new(Fast(given.clone())), &Arc::default());
        let feed = tokio::spawn(feed);
        sleep(Duration::from_millis(100)).await;
        // Those that wait, and the one in the hand.
        assert_eq!(given.load(Ordering::SeqCst), PIECES_WAITING + 1);
        let read = tokio::task::spawn_blocking(move || {
            let mut bytes = 0;
            while let Some(piece) = reader.next().unwrap() {
                bytes += piece.len();
            }
            bytes
        });
        assert_eq!(read.await.unwrap(), PIECES * 1_000);
        feed.await.unwrap();
    }

    #[tokio::test]
    async fn a_slow_disk_is_not_taken_for_a_slow_link() {
        let limits = Arc::new(Limits {
            rate_window: Duration::from_millis(20),
            // Slower than the link in its own time, and far faster than the disk below.
            rate_bytes_per_s: 1_000_000,
            ..Limits::default()
        });
        let (mut reader, feed) = split(Body::new(Fast(Arc::default())), &limits);
        let feed = tokio::spawn(feed);
        let read = tokio::task::spawn_blocking(move || {
            let mut pieces = 0;
            while let Some(_piece) = reader.next()? {
                pieces += 1;
                if pieces == 1 {
                    std::thread::sleep(Duration::from_millis(1_200));
                }
            }
            io::Result::Ok(pieces)
        });
        assert_eq!(read.await.unwrap().unwrap(), PIECES);
        feed.await.unwrap();
    }
}
