//! What a browser is shown that comes to the port of the APIs: what this is, and how to talk to it. Nothing of the
//! account and no key is in it, for whoever comes to the port can read it.

use bytes::Bytes;
use http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderValue, Method, Response};

/// A page needs nothing but its own text, and is in no frame of another.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Whether somebody looks at `/` with a browser. No client of AWS asks for HTML.
pub(super) fn is_for_people(parts: &Parts) -> bool {
    let accepts = parts.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    matches!(parts.method, Method::GET | Method::HEAD)
        && parts.uri.path() == "/"
        && parts.uri.query().is_none()
        && !parts.headers.contains_key(AUTHORIZATION)
        && accepts.contains("text/html")
}

/// The page.
pub(super) fn page(port: u16) -> Response<Bytes> {
    let text = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>A rehearsal's AWS APIs</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">\
         <style>body{{font:1rem/1.5 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem}}</style>\
         <h1>A rehearsal's AWS APIs</h1>\
         <p>This port is for the AWS CLI and for SDKs. It answers signed calls only. \
         The keys are made anew for each run.</p>\
         <p>The terminal in which <code>cargo rehearse serve</code> runs says which variables to export, which commands \
         to type, and where the sample services are. For a push you need no keys:</p>\
         <pre>cargo rehearse push --port {port} --tag v2</pre>"
    );
    let mut response = Response::new(Bytes::from(text));
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    #[test]
    fn browsers_are_told_from_clients() {
        let asked = |uri: &str, accept: &str| {
            let (parts, ()) = Request::get(uri).header(ACCEPT, accept).body(()).unwrap().into_parts();
            is_for_people(&parts)
        };
        assert!(asked("/", "text/html,application/xhtml+xml;q=0.9"));
        assert!(!asked("/", "*/*") && !asked("/?Action=ListTopics", "text/html"));
        assert!(!asked("/2015-03-31/functions", "text/html"));
        let page = page(4566);
        assert!(page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none'"));
    }
}
