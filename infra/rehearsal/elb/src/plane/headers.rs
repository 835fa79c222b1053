//! Headers on their way through: what ends at this hop, and what the balancer adds.

use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::{PathAndQuery, Uri};
use http::{HeaderMap, Version};
use std::net::IpAddr;

const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// What the balancer adds to a request.
pub(crate) struct Origin {
    pub(crate) client: IpAddr,
    pub(crate) port: u16,
    pub(crate) epoch: u64,
    pub(crate) trace: u128,
}

/// The protocol a message asks to upgrade to, or agrees to.
pub(crate) fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let asks = tokens(headers).any(|token| token.eq_ignore_ascii_case("upgrade"));
    headers.get(header::UPGRADE).filter(|_| asks).cloned()
}

/// Removes what concerns only the connection the message came on.
pub(crate) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = tokens(headers).filter_map(|token| token.parse().ok()).collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
}

fn tokens(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::CONNECTION).into_iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim)
}

/// Restores the two headers of an upgrade that the stripping took away.
pub(crate) fn set_upgrade(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, protocol);
}

/// Makes a client's request one that a target gets.
pub(crate) fn to_target(parts: &mut Parts, origin: &Origin) {
    let path = parts.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
    if let Some(authority) = parts.uri.authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        parts.headers.insert(header::HOST, host);
    }
    parts.uri = Uri::from(path);
    parts.version = Version::HTTP_11;
    parts.extensions.clear();
    let protocol = upgrade(&parts.headers);
    strip_hop_by_hop(&mut parts.headers);
    if let Some(protocol) = protocol {
        set_upgrade(&mut parts.headers, protocol);
    }
    let client = origin.client.to_string();
    let chain = match parts.headers.get(&FORWARDED_FOR).and_then(|value| value.to_str().ok()) {
        Some(before) => format!("{before}, {client}"),
        None => client,
    };
    let trace = trace_id(parts.headers.get(&TRACE_ID).and_then(|value| value.to_str().ok()), origin);
    for (name, value) in
        [(FORWARDED_FOR, chain), (FORWARDED_PORT, origin.port.to_string()), (TRACE_ID, trace)]
    {
        // All of it is visible ASCII: it was a header before, or is made of digits.
        if let Ok(value) = HeaderValue::from_str(&value) {
            parts.headers.insert(name, value);
        }
    }
    parts.headers.insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
}

/// A new trace, or the client's with ourselves added.
fn trace_id(before: Option<&str>, origin: &Origin) -> String {
    let own = format!("1-{:08x}-{:024x}", origin.epoch, origin.trace & ((1 << 96) - 1));
    match before {
        Some(before) if before.contains("Root=") => format!("Self={own};{before}"),
        _ => format!("Root={own}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    const ORIGIN: Origin = Origin {
        client: IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        port: 80,
        epoch: 0x5759_e988,
        trace: 0xbd86,
    };

    fn sent(build: impl FnOnce(http::request::Builder) -> http::request::Builder) -> Parts {
        let (mut parts, ()) = build(Request::builder()).body(()).expect("a request").into_parts();
        to_target(&mut parts, &ORIGIN);
        parts
    }

    #[test]
    fn hop_by_hop_headers_end_here() {
        let parts = sent(|request| {
            request
                .header("connection", "keep-alive, x-mine")
                .header("keep-alive", "timeout=5")
                .header("x-mine", "1")
                .header("te", "trailers")
                .header("x-kept", "2")
        });
        assert!(
            !["connection", "keep-alive", "x-mine", "te"]
                .iter()
                .any(|name| parts.headers.contains_key(*name))
        );
        assert_eq!(parts.headers["x-kept"], "2");
    }

    #[test]
    fn an_upgrade_goes_on() {
        let parts = sent(|request| request.header("connection", "Upgrade").header("upgrade", "websocket"));
        assert_eq!(parts.headers["connection"], "upgrade");
        assert_eq!(parts.headers["upgrade"], "websocket");
    }

    #[test]
    fn the_client_is_told_of() {
        let parts = sent(|request| request.header("x-forwarded-for", "203.0.113.7"));
        assert_eq!(parts.headers["x-forwarded-for"], "203.0.113.7, 127.0.0.1");
        assert_eq!(parts.headers["x-forwarded-proto"], "http");
        assert_eq!(parts.headers["x-forwarded-port"], "80");
        assert_eq!(parts.headers["x-amzn-trace-id"], "Root=1-5759e988-00000000000000000000bd86");
        let traced = sent(|request| request.header("x-amzn-trace-id", "Root=1-1-2"));
        let id = &traced.headers["x-amzn-trace-id"];
        assert_eq!(id, "Self=1-5759e988-00000000000000000000bd86;Root=1-1-2");
    }

    #[test]
    fn an_absolute_address_becomes_a_path_and_a_host() {
        let parts = sent(|request| request.uri("http://shop.example/a?b=c"));
        assert_eq!(parts.uri, "/a?b=c");
        assert_eq!(parts.headers["host"], "shop.example");
    }
}
