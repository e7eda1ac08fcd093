//! The accept loop: one task per connection, each under limits of time, and all under one of number.
//!
//! In: a listener. Out: served connections. Never: `axum::serve`, which has no header timeout.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, Response, StatusCode, header},
};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use rustls::ServerConfig;
use tokio::{
    io::BufReader,
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{Duration, sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::{answer::Refusal, limits::Limits, watched::Watched};

/// Streams that one HTTP/2 connection may have at once.
const STREAMS_MAX: u32 = 32;
/// What is read from a socket at once: rustls itself asks for 4 kB at a time.
const SOCKET_BYTES: usize = 256 * 1024;
/// hyper's read buffer for HTTP/1.1, which grows to this where a fast link fills it: each piece of a body wakes the thread that
/// writes it. The limit on headers below is stricter.
const BUFFER_BYTES: usize = 512 * 1024;

/// Accepts until told to stop, then waits for requests in progress.
pub(super) async fn run(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    router: Router,
    limits: Arc<Limits>,
    mut stopped: watch::Receiver<bool>,
) {
    let acceptor = TlsAcceptor::from(tls);
    let room = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stopped.changed() => break,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, mostly: waiting is all that helps.
                tracing::warn!(code = "HTT-11", %error, "accept failed");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(permit) = room.clone().try_acquire_owned() else {
            tracing::warn!(code = "HTT-12", "too many connections");
            drop(stream);
            continue;
        };
        let (acceptor, router) = (acceptor.clone(), router.clone());
        let (limits, stopped) = (limits.clone(), stopped.clone());
        connections.spawn(async move {
            let _permit = permit;
            connection(stream, acceptor, router, limits, stopped).await;
        });
    }
    drop(listener);
    let _ = timeout(limits.shutdown, async {
        while connections.join_next().await.is_some() {}
    })
    .await;
    connections.abort_all();
}

async fn connection(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    router: Router,
    limits: Arc<Limits>,
    mut stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let stream = BufReader::with_capacity(SOCKET_BYTES, stream);
    let Ok(Ok(stream)) = timeout(limits.handshake, acceptor.accept(stream)).await else {
        return;
    };
    let stream = Watched::new(stream, limits.first_byte, limits.idle);
    let header_bytes = limits.header_bytes;
    let service = service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move { Ok::<_, Infallible>(respond(router, request, header_bytes).await) }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers)
        .max_buf_size(BUFFER_BYTES)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(16 * 1024))
        .max_pending_accept_reset_streams(Some(20))
        .keep_alive_interval(Some(Duration::from_secs(30)))
        .keep_alive_timeout(Duration::from_secs(20));
    let serving = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    loop {
        tokio::select! {
            // A peer that breaks off is everyday life in the field.
            _ = serving.as_mut() => return,
            _ = stopped.changed() => serving.as_mut().graceful_shutdown(),
        }
        if *stopped.borrow() {
            let _ = serving.await;
            return;
        }
    }
}

/// One request in a task of its own: its panic is its own 500.
async fn respond(
    router: Router,
    request: Request<Incoming>,
    header_bytes: usize,
) -> Response<Body> {
    if let Some(refusal) = refuse_head(request.headers(), header_bytes) {
        return refusal.into_response();
    }
    let request = request.map(Body::new);
    match tokio::spawn(router.oneshot(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(error) => Refusal::internal("HTT-05", &error).into_response(),
    }
}

fn refuse_head(headers: &HeaderMap, header_bytes: usize) -> Option<Refusal> {
    let total: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if total > header_bytes {
        return Some(Refusal::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "HTT-13",
        ));
    }
    // Two lengths are one too many: what stands before us may believe the other (request smuggling).
    let both = headers.contains_key(header::CONTENT_LENGTH)
        && headers.contains_key(header::TRANSFER_ENCODING);
    both.then(|| Refusal::new(StatusCode::BAD_REQUEST, "HTT-14"))
}
