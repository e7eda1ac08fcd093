//! The service itself: a port on the loopback address, and who answers there.
//!
//! In: [`Options`]. Out: a [`Simulator`] that runs until it is dropped. Owns: a thread with a runtime of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use qayd_world::{Clock, OsClock};
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::capture::{self, Request};
use crate::faults::{Fault, Place};
use crate::keys::{Keys, KeysError};
use crate::messages;
use crate::state::{DeviceKind, Encoding, Service, Status};
use crate::{admin, stream};

/// Where the specification lets services listen.
pub const PORTS: RangeInclusive<u16> = 4_501..=4_600;
/// No request is longer: 256 KiB.
const REQUEST_BYTES_MAX: usize = 256 * 1024;
/// How often a capture looks whether somebody has come.
const LOOK_MS: u64 = 50;

/// How a service is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port, or the first free one of [`PORTS`].
    pub port: Option<u16>,
    /// Its devices.
    pub kinds: Vec<DeviceKind>,
    /// `Staging`, `Developer`, `Pre-Production`, `Production`.
    pub environment: String,
    /// Level L1: the digital id is signed by a chip.
    pub is_level_1: bool,
    /// How pictures of fingers and eyes are encoded.
    pub encoding: Encoding,
    /// Who stands there first.
    pub seed: u64,
    /// Whether they have their fingers on the platen already.
    pub is_present: bool,
    /// Fingers are 48 pixels square, for tests that send thousands of captures.
    pub thumbnail: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: None,
            kinds: DeviceKind::ALL.to_vec(),
            environment: "Developer".to_owned(),
            is_level_1: false,
            encoding: Encoding::Png,
            seed: 1,
            is_present: true,
            thumbnail: false,
        }
    }
}

/// Why a service did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The port is taken, or all hundred are.
    #[error("no port could be had")]
    NoPort(#[source] std::io::Error),
    /// The runtime could not be made.
    #[error("the service could not be started")]
    Runtime(#[source] std::io::Error),
    /// No keys.
    #[error("there are no keys")]
    Keys(#[from] KeysError),
}

/// A running service; dropping it stops it, in the middle of whatever it was doing.
pub struct Simulator {
    service: Arc<Service>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Simulator {
    /// Starts a service.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(options: Options, keys: Keys) -> Result<Self, StartError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(StartError::Runtime)?;
        let listener = runtime
            .block_on(listen(options.port))
            .map_err(StartError::NoPort)?;
        let port = listener.local_addr().map_err(StartError::NoPort)?.port();
        let clock: Arc<dyn Clock> = Arc::new(OsClock::default());
        let service = Arc::new(Service::make(
            port,
            keys,
            options.kinds,
            options.environment,
            options.is_level_1,
            options.encoding,
            options.thumbnail,
            options.seed,
            options.is_present,
            clock,
        ));
        let (stop, stopped) = oneshot::channel::<()>();
        let router = Router::new().fallback(answer).with_state(service.clone());
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    // An accept that fails ends the service; who started it sees the thread end.
                    _ = axum::serve(listener, router) => {}
                    _ = stopped => {}
                }
            });
            // Captures that wait for a finger are not waited for.
            runtime.shutdown_background();
        });
        Ok(Self {
            service,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.service.port
    }

    /// An admin verb without the detour over HTTP.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn admin(&self, verb: &str, body: &Value) -> Result<Value, String> {
        admin::run(&self.service, verb, body.to_string().as_bytes())
    }

    /// Arms a fault for so many times.
    pub fn arm(&self, fault: Fault, times: u32) {
        self.service.state().arm(fault, Some(times));
    }

    /// Waits until the service ends by itself; `self` holds the other end of its stop until then.
    pub fn join(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn listen(port: Option<u16>) -> std::io::Result<TcpListener> {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Some(port) = port else {
        let mut last = std::io::ErrorKind::AddrInUse.into();
        for port in PORTS {
            match TcpListener::bind(at(port)).await {
                Ok(listener) => return Ok(listener),
                Err(error) => last = error,
            }
        }
        return Err(last);
    };
    TcpListener::bind(at(port)).await
}

fn json(value: &Value) -> Response {
    (
        [(axum::http::header::CONTENT_TYPE, "application/json")],
        value.to_string(),
    )
        .into_response()
}

async fn answer(
    Shared(service): Shared<Arc<Service>>,
    method: Method,
    uri: Uri,
    body: axum::body::Body,
) -> Response {
    let Ok(body) = axum::body::to_bytes(body, REQUEST_BYTES_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let delay_ms = service.state().delay_ms.get(method.as_str()).copied();
    if let Some(ms) = delay_ms {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    match (method.as_str(), uri.path()) {
        ("MOSIPDISC", "/device") => json(&discovered(&service, &body)),
        ("MOSIPDINFO", "/info") => informed(&service).await,
        ("RCAPTURE", "/capture") => captured(&service, &body, false).await,
        ("CAPTURE", "/capture") => captured(&service, &body, true).await,
        ("STREAM", "/stream") => {
            if !service.state().is_plugged {
                return json(&messages::error(202));
            }
            stream::answer(&service, &body)
        }
        ("POST", path) | ("GET", path @ "/admin/state") => match path.strip_prefix("/admin/") {
            Some(verb) => match admin::run(&service, verb, &body) {
                Ok(state) => json(&state),
                Err(reason) => (StatusCode::BAD_REQUEST, reason + "\n").into_response(),
            },
            None => StatusCode::NOT_FOUND.into_response(),
        },
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

#[derive(Deserialize)]
struct DiscoverRequest {
    #[serde(rename = "type")]
    device_type: String,
}

fn discovered(service: &Service, body: &Bytes) -> Value {
    let state = service.state();
    if !state.is_plugged {
        return messages::nothing_connected(202);
    }
    let Ok(request) = serde_json::from_slice::<DiscoverRequest>(body) else {
        return messages::nothing_connected(113);
    };
    let devices: Vec<Value> = service
        .kinds
        .iter()
        .filter(|kind| {
            request.device_type == "Biometric Device" || request.device_type == kind.name()
        })
        .map(|kind| messages::listed(service, *kind, state.status_of(*kind)))
        .collect();
    if devices.is_empty() {
        return messages::nothing_connected(113);
    }
    Value::Array(devices)
}

async fn informed(service: &Arc<Service>) -> Response {
    let (statuses, fault): (Vec<(DeviceKind, Status)>, _) = {
        let mut state = service.state();
        if !state.is_plugged {
            return json(&messages::nothing_connected(202));
        }
        let kinds = service.kinds.iter();
        let statuses = kinds.map(|kind| (*kind, state.status_of(*kind))).collect();
        (statuses, state.take_fault(Place::Info))
    };
    let entries: Result<Vec<Value>, _> = statuses
        .into_iter()
        .map(|(kind, status)| messages::information(service, kind, status, fault))
        .collect();
    match entries {
        Ok(entries) => json(&Value::Array(entries)),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Held while a capture runs: a second one is told that the device is busy.
struct Turn<'a>(&'a Service);

impl<'a> Turn<'a> {
    fn take(service: &'a Service) -> Option<Self> {
        (!service.is_capturing.swap(true, Ordering::SeqCst)).then_some(Self(service))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.is_capturing.store(false, Ordering::SeqCst);
    }
}

async fn captured(service: &Arc<Service>, body: &Bytes, is_authentication: bool) -> Response {
    let refused = |number| json(&messages::capture_error(number));
    let Ok(request) = serde_json::from_slice::<Request>(body) else {
        return refused(117);
    };
    if !service.state().is_plugged {
        return refused(202);
    }
    let (kind, bio, timeout_ms) = match request.check(service, is_authentication) {
        Ok(checked) => checked,
        Err(number) => return refused(number),
    };
    match service.state().status_of(kind) {
        Status::Ready => {}
        Status::Busy => return refused(111),
        Status::NotReady => return refused(110),
        Status::NotRegistered => return refused(100),
    }
    let Some(_turn) = Turn::take(service) else {
        return refused(111);
    };
    let fault = service.state().take_fault(Place::Capture);
    match fault {
        Some(Fault::NoAnswer) => {
            // Until the client goes away.
            std::future::pending::<()>().await;
        }
        Some(Fault::NotJson) => return "<html>not a device</html>".into_response(),
        Some(Fault::Tampered) => return refused(103),
        Some(Fault::ReplayedCapture) => {
            let last = service.state().last.get(&kind).cloned();
            return last.map_or_else(|| refused(500), |last| json(&last));
        }
        _ => {}
    }
    let mut waited_ms = 0;
    loop {
        {
            let state = service.state();
            if !state.is_plugged {
                return refused(202);
            }
            if state.is_present {
                break;
            }
        }
        if waited_ms >= timeout_ms {
            return refused(101);
        }
        tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
        waited_ms += LOOK_MS;
    }
    let (work, asked, of) = (service.clone(), request.clone(), bio.clone());
    let answer = tokio::task::spawn_blocking(move || {
        capture::answer(&work, &asked, kind, &of, fault, is_authentication)
    })
    .await;
    let Ok(Ok(answer)) = answer else {
        return refused(500);
    };
    if fault.is_none() && !is_authentication {
        service.state().last.insert(kind, answer.clone());
    }
    json(&answer)
}
