//! Guard: what holds for every request to the console, whichever page it is for.
//!
//! In: a request. Out: a refusal where another site made it, and headers on every answer.
//! Never: lets an answer leave without the policy that forbids scripts and foreign content.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Nothing but our own stylesheet, pictures and forms; in no frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Refuses what another site made a browser send, and puts the headers on.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let refused = request.method() == Method::POST && !same_site(&request);
    let mut response = if refused {
        (
            StatusCode::FORBIDDEN,
            "CON-01: this request came from another site\n",
        )
            .into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    let mut set = |name: header::HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "same-origin");
    set(header::CACHE_CONTROL, "no-store");
    set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    set(
        header::HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        header::HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    set(
        header::HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=()",
    );
    response
}

/// A browser says where a form came from in one of two headers; a program sends neither, and needs the form's own
/// token anyway.
fn same_site(request: &Request) -> bool {
    let headers = request.headers();
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    match text("origin") {
        None => true,
        Some(origin) => {
            let host = own_host(headers, request);
            origin
                .split_once("://")
                .is_some_and(|(_, authority)| Some(authority) == host)
        }
    }
}

fn own_host<'r>(headers: &'r HeaderMap, request: &'r Request) -> Option<&'r str> {
    request
        .uri()
        .authority()
        .map(axum::http::uri::Authority::as_str)
        .or_else(|| headers.get(header::HOST)?.to_str().ok())
}
