//! Limits of the edge: what one peer may take of time, memory and connections.
//!
//! In: nothing. Out: figures (input limits). Never: so tight that GPRS fails (1 kB/s averaged over a minute).

use std::time::Duration;

/// What one peer may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections in all.
    pub connections: usize,
    /// Requests of one station at the same time.
    pub requests_per_station: usize,
    /// Uploads in all that are receiving a body at the same time; each has a thread while it does.
    pub uploads: usize,
    /// The TLS handshake.
    pub handshake: Duration,
    /// From the end of the handshake to the first byte.
    pub first_byte: Duration,
    /// A block of headers.
    pub headers: Duration,
    /// Bytes of a block of headers.
    pub header_bytes: usize,
    /// Silence within a body.
    pub body_idle: Duration,
    /// A body's bytes are counted over windows of this length …
    pub rate_window: Duration,
    /// … and have to reach this many per second.
    pub rate_bytes_per_s: u64,
    /// Silence of a connection in both directions.
    pub idle: Duration,
    /// After being told to stop, requests in progress have this long.
    pub shutdown: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 2_048,
            requests_per_station: 16,
            uploads: 768,
            handshake: Duration::from_secs(20),
            first_byte: Duration::from_secs(10),
            headers: Duration::from_secs(5),
            header_bytes: 16 * 1024,
            body_idle: Duration::from_secs(20),
            rate_window: Duration::from_secs(60),
            rate_bytes_per_s: 1_000,
            idle: Duration::from_secs(75),
            shutdown: Duration::from_secs(10),
        }
    }
}
