//! Prefer: what a client would like of an answer (RFC 7240).
//!
//! In: headers. Out: whether to answer before the disk has confirmed, how long to wait for what is on its way.
//! Never: an error; a preference that is not understood is one that is not kept.

use std::time::Duration;

use axum::http::HeaderMap;

/// The longest that an answer is held back.
const WAIT_MAX: Duration = Duration::from_secs(25);

fn preferences(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all("prefer").iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts
        .flat_map(|text| text.split(','))
        // Parameters of a preference follow a semicolon; none is known here.
        .filter_map(|one| one.split(';').next())
        .map(str::trim)
}

/// `respond-async` (§4.1): the answer may come before the work is done.
pub(super) fn respond_async(headers: &HeaderMap) -> bool {
    preferences(headers).any(|one| one.eq_ignore_ascii_case("respond-async"))
}

/// `wait` (§4.3), in whole seconds, as far as it is granted; nought where it is not asked.
pub(super) fn wait(headers: &HeaderMap) -> Duration {
    let asked = preferences(headers).find_map(|one| {
        let (name, seconds) = one.split_once('=')?;
        let named = name.trim().eq_ignore_ascii_case("wait");
        named.then(|| seconds.trim().trim_matches('"').parse().ok())?
    });
    Duration::from_secs(asked.unwrap_or(0)).min(WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("prefer", HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn preferences_are_read_in_every_form_and_nothing_else_is() {
        for asks in [
            &["respond-async"][..],
            &["Respond-Async, wait=10"],
            &["return=minimal", "wait=5, respond-async; x=y"],
        ] {
            assert!(respond_async(&headers(asks)), "{asks:?}");
        }
        for asks in [&[][..], &["respond-asynchronously"], &["x; respond-async"]] {
            assert!(!respond_async(&headers(asks)), "{asks:?}");
        }
        for (asks, seconds) in [
            (&["respond-async, wait=10"][..], 10),
            (&["WAIT = \"7\""], 7),
            (&["wait=99999"], 25),
            (&["wait=-1"], 0),
            (&["wait"], 0),
            (&[], 0),
        ] {
            assert_eq!(wait(&headers(asks)).as_secs(), seconds, "{asks:?}");
        }
    }
}
