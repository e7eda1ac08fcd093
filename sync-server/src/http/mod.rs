//! The edge: TLS, connections, limits, and requests handed to the blocking core.
//!
//! In: TCP connections. Out: responses. Owns: the accept loop and its runtime.
//! Never: waits for ever (handshake, first byte, headers, body, rate and idleness have limits each); lets a panic in one
//! request end more than that request; speaks TLS below 1.3.

mod accept;
mod answer;
mod authentication;
mod body;
mod limits;
mod nonces;
mod prefer;
mod routes;
mod state;
mod tails;
mod uploads;
mod watched;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use axum::Router;
use qayd_model::Remedy;
use tokio::{net::TcpListener, runtime::Runtime, sync::watch};

use crate::{
    centre::Centre,
    console,
    review::{self, Review, ReviewError, ReviewSettings},
    trust::TrustError,
};
use state::Edge;

pub use limits::Limits;

/// Between two looks for expired uploads.
const EXPIRY_EVERY: Duration = Duration::from_secs(600);
/// Between two looks for packets to examine.
const EXAMINE_EVERY: Duration = Duration::from_millis(250);
/// After the queue itself failed.
const EXAMINE_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Why serving did not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address cannot be listened on, or there are no threads.
    #[error("cannot listen")]
    Listen(#[source] std::io::Error),
    /// TLS.
    #[error("TLS")]
    Trust(#[from] TrustError),
    /// The review role does not open.
    #[error("the review role")]
    Review(#[from] ReviewError),
}

impl ServeError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Listen(_) => "HTT-10",
            Self::Trust(error) => error.code(),
            Self::Review(error) => error.code(),
        }
    }

    /// What helps.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Listen(_) => Remedy::OperatorActs,
            Self::Trust(error) => error.remedy(),
            Self::Review(error) => error.remedy(),
        }
    }
}

/// A centre that serves. Stops when dropped.
pub struct Server {
    address: SocketAddr,
    runtime: Option<Runtime>,
    stop: watch::Sender<bool>,
    accepting: Option<tokio::task::JoinHandle<()>>,
    quit: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// Everything that this process's role answers to.
fn router(centre: &Centre, review: Option<&Review>, limits: &Arc<Limits>) -> Router {
    let mut router = Router::new();
    if centre.role().takes_in() {
        router = router.merge(routes::router(Edge::new(centre.clone(), limits.clone())));
    }
    if let Some(review) = review {
        router = router.merge(console::router(review.clone()));
    }
    router
}

impl Server {
    /// Listens on `listen` (port 0: any) and serves what the centre's role says, on threads of its own.
    pub fn start(centre: &Centre, listen: SocketAddr, limits: Limits) -> Result<Self, ServeError> {
        let limits = Arc::new(limits);
        let tls = Arc::new(centre.keys().server_config()?);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("edge")
            .max_blocking_threads(limits.uploads + 256)
            .build()
            .map_err(ServeError::Listen)?;
        let listener = runtime
            .block_on(TcpListener::bind(listen))
            .map_err(ServeError::Listen)?;
        let address = listener.local_addr().map_err(ServeError::Listen)?;
        let (stop, stopped) = watch::channel(false);
        let review = if centre.role().reviews() {
            let settings = ReviewSettings::load(centre.world(), centre.folder())?;
            Some(Review::open(centre, settings)?)
        } else {
            None
        };
        let router = router(centre, review.as_ref(), &limits);
        let accepting = runtime.spawn(accept::run(listener, tls, router, limits, stopped));
        let quit = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        if centre.role().takes_in() {
            let centre = centre.clone();
            threads.push(start_thread("expiry", &quit, move |quit| {
                expire(&centre, quit)
            })?);
        }
        if let Some(review) = review {
            threads.push(start_thread("review", &quit, move |quit| {
                examine(&review, quit);
            })?);
        }
        tracing::info!(code = "HTT-00", %address, "serving");
        Ok(Self {
            address,
            runtime: Some(runtime),
            stop,
            accepting: Some(accepting),
            quit,
            threads,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, lets requests in progress end, stops the threads.
    pub fn stop(mut self) {
        self.halt();
    }

    fn halt(&mut self) {
        self.quit.store(true, Ordering::SeqCst);
        let _ = self.stop.send(true);
        if let (Some(runtime), Some(accepting)) = (&self.runtime, self.accepting.take()) {
            let _ = runtime.block_on(accepting);
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.halt();
    }
}

fn start_thread(
    name: &str,
    quit: &Arc<AtomicBool>,
    work: impl FnOnce(&AtomicBool) + Send + 'static,
) -> Result<JoinHandle<()>, ServeError> {
    let quit = quit.clone();
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || work(&quit))
        .map_err(ServeError::Listen)
}

/// Examines packets as they come, one at a time.
fn examine(review: &Review, quit: &AtomicBool) {
    while !quit.load(Ordering::SeqCst) {
        match review::run_one(review, "examiner") {
            Ok(true) => {}
            Ok(false) => std::thread::park_timeout(EXAMINE_EVERY),
            Err(error) => {
                tracing::error!(code = error.code(), "examination does not run");
                std::thread::park_timeout(EXAMINE_AFTER_FAILURE);
            }
        }
    }
}

fn expire(centre: &Centre, quit: &AtomicBool) {
    while !quit.load(Ordering::SeqCst) {
        match centre.intake().expire() {
            Ok(0) => {}
            Ok(count) => tracing::info!(code = "INT-00", count, "expired uploads removed"),
            Err(error) => tracing::error!(code = error.code(), "expired uploads stay"),
        }
        std::thread::park_timeout(EXPIRY_EVERY);
    }
}
