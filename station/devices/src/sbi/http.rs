//! HTTP to one service on this machine, with the methods of the specification and an end to every wait.
//!
//! In: port, method, path, body. Out: the bytes of an answer, or pieces of a stream as they come.
//! Owns: a thread for each call that runs, which ends when the call is dropped.
//! Never: speaks to another address than 127.0.0.1; follows a redirection; reads more than its limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::error::SbiError;

/// No header block of an answer is longer: 16 KiB.
const HEADERS_BYTES_MAX: usize = 16 * 1024;
/// How often a running call looks whether it is still wanted.
const POLL_MS: u64 = 40;
/// On this machine a connection stands at once or not at all.
pub(super) const CONNECT_MS: u32 = 1_000;

/// What is sent.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) port: u16,
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) body: Vec<u8>,
    /// From the beginning to the last byte; of a stream, to its first.
    pub(super) timeout_ms: u32,
    /// Bytes of an answer.
    pub(super) bytes_max: usize,
}

impl Call {
    /// The whole answer.
    pub(super) async fn answer(&self) -> Result<Vec<u8>, SbiError> {
        let whole = async {
            let mut response = self.send().await?;
            let mut bytes = Vec::new();
            while let Some(piece) = self.piece(response.body_mut()).await? {
                if bytes.len() + piece.len() > self.bytes_max {
                    return Err(SbiError::TooLong {
                        limit: self.bytes_max,
                    });
                }
                bytes.extend_from_slice(&piece);
            }
            Ok(bytes)
        };
        timeout(Duration::from_millis(self.timeout_ms.into()), whole)
            .await
            .unwrap_or(Err(SbiError::NoAnswer {
                after_ms: self.timeout_ms,
            }))
    }

    /// The head of the answer; the body is still to come.
    pub(super) async fn send(&self) -> Result<Response<Incoming>, SbiError> {
        let unreachable = |_| SbiError::Unreachable;
        let connecting = TcpStream::connect(("127.0.0.1", self.port));
        let stream = timeout(Duration::from_millis(CONNECT_MS.into()), connecting)
            .await
            .map_err(|_| SbiError::Unreachable)?
            .map_err(|_| SbiError::Unreachable)?;
        let (mut sender, connection) = http1::Builder::new()
            .max_header_size(HEADERS_BYTES_MAX)
            .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
            .await
            .map_err(unreachable)?;
        tokio::spawn(connection);
        let method = Method::from_bytes(self.method.as_bytes())
            .map_err(|_| SbiError::Form { what: "method" })?;
        let request = Request::builder()
            .method(method)
            .uri(self.path)
            .header("Host", format!("127.0.0.1:{}", self.port))
            .header("Content-Type", "application/json")
            .header("Connection", "close")
            .body(Full::new(Bytes::from(self.body.clone())))
            .map_err(|_| SbiError::Form { what: "request" })?;
        let response = sender.send_request(request).await.map_err(unreachable)?;
        match response.status() {
            StatusCode::OK => Ok(response),
            status => Err(SbiError::Status {
                status: status.as_u16(),
            }),
        }
    }

    /// The next piece of a body; `None` at its proper end, [`SbiError::Unreachable`] when it breaks off.
    pub(super) async fn piece(&self, body: &mut Incoming) -> Result<Option<Bytes>, SbiError> {
        loop {
            match body.frame().await {
                None => return Ok(None),
                Some(Err(_)) => return Err(SbiError::Unreachable),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

/// Runs asynchronous work to its end on a thread of its own, so that the caller may stand inside another runtime.
pub(super) fn run<T: Send>(work: impl Future<Output = T> + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let runner = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .ok()?;
            Some(runtime.block_on(work))
        });
        runner.join().ok().flatten()
    })
}

/// A call that runs while the caller does something else. Dropping it ends it.
pub(super) struct Running {
    answer: Receiver<Result<Vec<u8>, SbiError>>,
    stop: Arc<AtomicBool>,
}

impl Running {
    pub(super) fn start(call: Call) -> Self {
        let (sender, answer) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        std::thread::spawn(move || {
            let work = async {
                tokio::select! {
                    answer = call.answer() => answer,
                    () = until(&stopped) => Err(SbiError::Cancelled),
                }
            };
            let answer = run(work).unwrap_or(Err(SbiError::Unreachable));
            // Nobody may be waiting any more.
            let _ = sender.send(answer);
        });
        Self { answer, stop }
    }

    /// Waits for the answer; `meanwhile` is called often and says whether to go on.
    pub(super) fn wait(
        &self,
        mut meanwhile: impl FnMut() -> Result<(), SbiError>,
    ) -> Result<Vec<u8>, SbiError> {
        loop {
            meanwhile()?;
            match self.answer.recv_timeout(Duration::from_millis(POLL_MS)) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(SbiError::Unreachable),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// Returns when the flag is set.
pub(super) async fn until(flag: &AtomicBool) {
    while !flag.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(POLL_MS)).await;
    }
}
