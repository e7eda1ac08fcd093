//! Network: one HTTP exchange at a time, as a value in and a value out.
//!
//! In: [`NetworkRequest`]. Out: [`NetworkResponse`], or why there is none.
//! Never: retries, follows redirects or interprets a status; that is the caller's.

use std::io::Read;

use bytes::Bytes;

/// The most a response body may hold: 32 MiB. A longer one is [`NetworkError::TooLarge`].
pub const RESPONSE_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Sends one request and waits for its answer.
pub trait Network: Send + Sync {
    /// Blocks until the whole answer is here. An answer of any status is `Ok`.
    fn exchange(&self, request: NetworkRequest) -> Result<NetworkResponse, NetworkError>;
}

/// What is sent.
#[derive(Debug)]
pub struct NetworkRequest {
    /// Method in capitals: `GET`, `PATCH`.
    pub method: String,
    /// Absolute URL.
    pub url: String,
    /// Header names in any case, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: NetworkBody,
    /// The most milliseconds that may pass without any byte moving in either direction; `None` for the network's own rule.
    pub timeout_ms: Option<u64>,
}

/// A request's body.
pub enum NetworkBody {
    /// No body.
    Empty,
    /// All of it. Clones share it.
    Bytes(Bytes),
    /// `length` bytes from `reader`.
    Stream {
        /// Exactly so many bytes are sent.
        length: u64,
        /// Where they come from.
        reader: Box<dyn Read + Send>,
    },
}

impl NetworkBody {
    /// Length in bytes.
    pub fn length(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Stream { length, .. } => *length,
        }
    }
}

impl core::fmt::Debug for NetworkBody {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "NetworkBody({} bytes)", self.length())
    }
}

/// What came back.
#[derive(Clone)]
pub struct NetworkResponse {
    /// HTTP status, 200 to 599.
    pub status: u16,
    /// Header names as they came; compare them without case.
    pub headers: Vec<(String, String)>,
    /// The body, at most [`RESPONSE_BYTES_MAX`].
    pub body: Vec<u8>,
}

impl NetworkResponse {
    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(held, _)| held.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

impl core::fmt::Debug for NetworkResponse {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "NetworkResponse({}, {} bytes)",
            self.status,
            self.body.len()
        )
    }
}

/// Why there is no answer. Whether the request was acted upon is unknown for all but [`NetworkError::Unreachable`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// No connection was made: no route, no name, refused.
    #[error("cannot reach the other side")]
    Unreachable {
        /// What the transport said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The other side is not who it has to be: the certificate is not the pinned authority's.
    #[error("the other side could not prove who it is")]
    Untrusted {
        /// What the transport said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No byte was acknowledged in time.
    #[error("the link went silent")]
    TimedOut,
    /// The connection broke half-way.
    #[error("the connection broke")]
    Broken {
        /// What the transport said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer is longer than [`RESPONSE_BYTES_MAX`].
    #[error("the answer is too long")]
    TooLarge,
    /// The answer is not HTTP.
    #[error("the answer could not be understood")]
    Malformed,
}
