//! A connection that is closed when it stays silent.
//!
//! In: a stream. Out: the same, with `TimedOut` where nothing moved for too long.
//! Never: lets a peer hold a connection by sending nothing, or by reading nothing (hyper guards neither).

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

pub(super) struct Watched<S> {
    inner: S,
    idle: Duration,
    deadline: Pin<Box<Sleep>>,
}

impl<S> Watched<S> {
    /// `first` is for the first byte in either direction, `idle` between any two.
    pub(super) fn new(inner: S, first: Duration, idle: Duration) -> Self {
        Self {
            inner,
            idle,
            deadline: Box::pin(sleep(first)),
        }
    }

    /// Progress moves the deadline; silence past it is an error.
    fn watch<T>(
        &mut self,
        outcome: Poll<io::Result<T>>,
        progressed: bool,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_pending() {
            return match self.deadline.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Poll::Pending => Poll::Pending,
            };
        }
        if progressed {
            let deadline = Instant::now() + self.idle;
            self.deadline.as_mut().reset(deadline);
        }
        outcome
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        // TLS hands out one record at a time; whatever has arrived is taken together, so that it travels on as one piece.
        let outcome = loop {
            let had = buffer.filled().len();
            match Pin::new(&mut self.inner).poll_read(context, buffer) {
                Poll::Ready(Ok(())) if buffer.filled().len() > had && buffer.remaining() > 0 => {}
                // The error, or the end, comes again at the next call.
                _ if had > before => break Poll::Ready(Ok(())),
                outcome => break outcome,
            }
        };
        let progressed = buffer.filled().len() > before;
        self.watch(outcome, progressed, context)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write(context, bytes);
        let progressed = matches!(outcome, Poll::Ready(Ok(written)) if written > 0);
        self.watch(outcome, progressed, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.inner).poll_flush(context);
        self.watch(outcome, false, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.inner).poll_shutdown(context);
        self.watch(outcome, false, context)
    }
}
