//! Network over reqwest: TLS 1.3 to the programme's own authority, and nothing else.
//!
//! In: the authority's certificate from the invitation, [`NetworkRequest`]s. Out: [`NetworkResponse`]s.
//! Owns: the one connection to the centre, and how fast a dead link is given up.
//! Never: trusts the machine's certificate store, follows a redirect, uses a proxy of the system, keeps a cookie.
//!
//! A link that dies in the middle of an upload says nothing: TCP goes on retransmitting for a quarter of an hour. So
//! the kernel is told to give up once bytes stay unacknowledged for [`UNACKNOWLEDGED_MS`], and to probe a silent
//! connection after the same time. Bytes merely written to the socket prove nothing and are not counted.

use std::error::Error;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use qayd_model::UnixMs;
use qayd_world::{
    Clock, Network, NetworkBody, NetworkError, NetworkRequest, NetworkResponse, RESPONSE_BYTES_MAX,
};
use reqwest::blocking::{Body, Client};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::time_provider::TimeProvider;

/// A connection that is not made in this time is not made.
const CONNECT_MS: u64 = 5_000;
/// Sent bytes that stay unacknowledged for so long end the connection: two round trips of a satellite link and a
/// full queue fit, a tunnel does not.
const UNACKNOWLEDGED_MS: u64 = 4_000;
/// No station is away from its centre for so long (policies say 60 days): a clock beyond it is wrong.
const AWAY_MS_MAX: u64 = 400 * 86_400_000;
/// How long the centre may think about a request when nothing else is said.
const ANSWER_MS: u64 = 60_000;
/// The slowest link that is still a link. EDGE on a bad day moves seven times as much.
const BYTES_A_SECOND_AT_LEAST: u64 = 1_000;

/// Why no network could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkSetupError {
    /// The invitation's certificate is not one.
    #[error("the programme's certificate authority cannot be read")]
    Authority,
    /// The TLS or HTTP library refused its configuration.
    #[error("the secure connection cannot be set up")]
    Setup {
        /// Its reason.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl NetworkSetupError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Authority => "NET-01",
            Self::Setup { .. } => "NET-02",
        }
    }
}

/// HTTPS to one centre.
pub struct ReqwestNetwork {
    client: Client,
}

impl ReqwestNetwork {
    /// A network that trusts the certificates in `authority_pem` (one or more PEM blocks) and no others.
    ///
    /// `signed_time` is the latest time the centre ever signed for this station. A clock that stands before it, or years
    /// after it, is certainly wrong, and certificates are then judged by the signed time, so that an empty CMOS battery
    /// does not cut a station off.
    ///
    /// # Errors
    /// [`NetworkSetupError`]; no connection is tried here.
    pub fn new(
        authority_pem: &str,
        clock: Arc<dyn Clock>,
        signed_time: Option<UnixMs>,
    ) -> Result<Self, NetworkSetupError> {
        let setup = |source: Box<dyn Error + Send + Sync>| NetworkSetupError::Setup { source };
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authority_pem.as_bytes()) {
            let certificate = certificate.map_err(|_| NetworkSetupError::Authority)?;
            roots
                .add(certificate)
                .map_err(|_| NetworkSetupError::Authority)?;
        }
        if roots.is_empty() {
            return Err(NetworkSetupError::Authority);
        }
        let time = Arc::new(HonestTime { clock, signed_time });
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ClientConfig::builder_with_details(provider, time)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|e| setup(e.into()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];

        let dead = Duration::from_millis(UNACKNOWLEDGED_MS);
        let builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .retry(reqwest::retry::never())
            .timeout(None)
            .connect_timeout(Duration::from_millis(CONNECT_MS))
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(Duration::from_secs(50))
            .tcp_nodelay(true)
            .tcp_keepalive(dead)
            .tcp_keepalive_interval(Duration::from_secs(1))
            .tcp_keepalive_retries(3);
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let builder = builder.tcp_user_timeout(dead);
        let client = builder.build().map_err(|e| setup(e.into()))?;
        Ok(Self { client })
    }
}

impl core::fmt::Debug for ReqwestNetwork {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ReqwestNetwork")
    }
}

impl Network for ReqwestNetwork {
    /// Gives up `timeout_ms` (or a minute) after the body could have crossed a link of 1 kB/s; far sooner when the
    /// link dies, by [`UNACKNOWLEDGED_MS`].
    fn exchange(&self, request: NetworkRequest) -> Result<NetworkResponse, NetworkError> {
        let method = reqwest::Method::from_bytes(request.method.as_bytes())
            .map_err(|_| NetworkError::Malformed)?;
        let transfer_ms = request.body.length().saturating_mul(1_000) / BYTES_A_SECOND_AT_LEAST;
        let limit_ms = request
            .timeout_ms
            .unwrap_or(ANSWER_MS)
            .saturating_add(transfer_ms);
        let mut builder = self
            .client
            .request(method, &request.url)
            .timeout(Duration::from_millis(limit_ms));
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        builder = match request.body {
            NetworkBody::Empty => builder,
            NetworkBody::Bytes(bytes) => builder.body(bytes),
            NetworkBody::Stream { length, reader } => builder.body(Body::sized(reader, length)),
        };
        let response = builder.send().map_err(classify)?;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .filter_map(|(name, value)| {
                Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
            })
            .collect();
        if response
            .content_length()
            .is_some_and(|length| length > RESPONSE_BYTES_MAX)
        {
            return Err(NetworkError::TooLarge);
        }
        let mut body = Vec::new();
        response
            .take(RESPONSE_BYTES_MAX + 1)
            .read_to_end(&mut body)
            .map_err(|source| match source.kind() {
                std::io::ErrorKind::TimedOut => NetworkError::TimedOut,
                _ => NetworkError::Broken {
                    source: source.into(),
                },
            })?;
        if body.len() as u64 > RESPONSE_BYTES_MAX {
            return Err(NetworkError::TooLarge);
        }
        Ok(NetworkResponse {
            status,
            headers,
            body,
        })
    }
}

/// Sorts what reqwest says by what the operator can do about it. Who the other side is comes first: a captive portal
/// also fails to connect, but waiting will not help.
fn classify(error: reqwest::Error) -> NetworkError {
    let error = error.without_url();
    let mut link: Option<&(dyn Error + 'static)> = Some(&error);
    let (mut untrusted, mut timed_out, mut not_http) = (false, error.is_timeout(), false);
    while let Some(cause) = link {
        untrusted |= cause.is::<rustls::Error>();
        not_http |= cause
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_parse);
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            timed_out |= io.kind() == std::io::ErrorKind::TimedOut;
            untrusted |= wraps_tls(io);
        }
        link = cause.source();
    }
    match () {
        () if untrusted => NetworkError::Untrusted {
            source: error.into(),
        },
        () if error.is_connect() => NetworkError::Unreachable {
            source: error.into(),
        },
        () if timed_out => NetworkError::TimedOut,
        () if not_http || error.is_builder() => NetworkError::Malformed,
        () => NetworkError::Broken {
            source: error.into(),
        },
    }
}

/// An `io::Error` may wrap another, and `source()` skips what is wrapped.
fn wraps_tls(error: &std::io::Error) -> bool {
    error.get_ref().is_some_and(|inner| {
        inner.is::<rustls::Error>()
            || inner
                .downcast_ref::<std::io::Error>()
                .is_some_and(wraps_tls)
    })
}

/// The machine's clock, unless it contradicts the last time that the centre signed.
struct HonestTime {
    clock: Arc<dyn Clock>,
    signed_time: Option<UnixMs>,
}

impl core::fmt::Debug for HonestTime {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("HonestTime")
    }
}

impl TimeProvider for HonestTime {
    fn current_time(&self) -> Option<UnixTime> {
        let now = self.clock.now();
        let judged = match self.signed_time {
            Some(signed) if now < signed || now.0 > signed.0.saturating_add(AWAY_MS_MAX) => signed,
            _ => now,
        };
        Some(UnixTime::since_unix_epoch(Duration::from_millis(judged.0)))
    }
}

#[cfg(test)]
mod tests;
