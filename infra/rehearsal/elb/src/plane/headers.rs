//! Headers on their way through: what ends at this hop, and what the balancer adds.

use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::{PathAndQuery, Uri};
use http::{HeaderMap, Version};
use std::net::SocketAddr;

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
/// What the load balancer calls itself.
pub(crate) const OWN_SERVER: HeaderValue = HeaderValue::from_static("awselb/2.0");

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// What a load balancer's attributes say of requests' headers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct HeaderRules {
    /// Names of other than letters, digits and hyphens do not reach targets.
    pub(crate) drop_invalid: bool,
    /// The client's port is told beside its address.
    pub(crate) client_port: bool,
    pub(crate) forwarded_for: ForwardedFor,
}

/// What a listener's attributes say of answers' headers.
#[derive(Debug, Clone, Default)]
pub(crate) struct AnswerRules {
    /// The load balancer does not name itself in its own answers.
    pub(crate) hides_server: bool,
    /// Set in every answer, over what a target says.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl AnswerRules {
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        if self.hides_server && headers.get(header::SERVER).is_some_and(|server| server == OWN_SERVER) {
            headers.remove(header::SERVER);
        }
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
    }
}

/// What becomes of `X-Forwarded-For`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum ForwardedFor {
    #[default]
    Append,
    Preserve,
    Remove,
}

/// What the balancer adds to a request.
pub(crate) struct Origin {
    pub(crate) client: SocketAddr,
    pub(crate) rules: HeaderRules,
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
    if origin.rules.drop_invalid {
        drop_invalid(&mut parts.headers);
    }
    let chain = forwarded_for(&mut parts.headers, origin);
    let trace = trace_id(parts.headers.get(&TRACE_ID).and_then(|value| value.to_str().ok()), origin);
    let added = [(FORWARDED_PORT, origin.port.to_string()), (TRACE_ID, trace)];
    for (name, value) in chain.map(|chain| (FORWARDED_FOR, chain)).into_iter().chain(added) {
        // All of it is visible ASCII: it was a header before, or is made of digits.
        if let Ok(value) = HeaderValue::from_str(&value) {
            parts.headers.insert(name, value);
        }
    }
    parts.headers.insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
}

/// What `X-Forwarded-For` is to become; none if it stays as it is.
fn forwarded_for(headers: &mut HeaderMap, origin: &Origin) -> Option<String> {
    let client =
        if origin.rules.client_port { origin.client.to_string() } else { origin.client.ip().to_string() };
    match (origin.rules.forwarded_for, headers.get(&FORWARDED_FOR).and_then(|value| value.to_str().ok())) {
        (ForwardedFor::Append, Some(before)) => Some(format!("{before}, {client}")),
        (ForwardedFor::Append, None) => Some(client),
        (ForwardedFor::Preserve, _) => None,
        (ForwardedFor::Remove, _) => {
            headers.remove(&FORWARDED_FOR);
            None
        }
    }
}

fn drop_invalid(headers: &mut HeaderMap) {
    let valid = |name: &HeaderName| name.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let invalid: Vec<HeaderName> = headers.keys().filter(|name| !valid(name)).cloned().collect();
    for name in invalid {
        headers.remove(&name);
    }
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
        client: SocketAddr::V4(std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 5_000)),
        rules: HeaderRules { drop_invalid: false, client_port: false, forwarded_for: ForwardedFor::Append },
        port: 80,
        epoch: 0x5759_e988,
        trace: 0xbd86,
    };

    fn sent(build: impl FnOnce(http::request::Builder) -> http::request::Builder) -> Parts {
        sent_by(HeaderRules::default(), build)
    }

    fn sent_by(
        rules: HeaderRules,
        build: impl FnOnce(http::request::Builder) -> http::request::Builder,
    ) -> Parts {
        let (mut parts, ()) = build(Request::builder()).body(()).expect("a request").into_parts();
        to_target(&mut parts, &Origin { rules, ..ORIGIN });
        parts
    }

    #[test]
    fn attributes_say_what_becomes_of_headers() {
        let before = |request: http::request::Builder| {
            request.header("x-forwarded-for", "203.0.113.7").header("x_odd", "1").header("x-fine", "2")
        };
        let with_port = HeaderRules { client_port: true, ..HeaderRules::default() };
        assert_eq!(sent_by(with_port, before).headers["x-forwarded-for"], "203.0.113.7, 127.0.0.1:5000");
        let kept = HeaderRules { forwarded_for: ForwardedFor::Preserve, ..HeaderRules::default() };
        assert_eq!(sent_by(kept, before).headers["x-forwarded-for"], "203.0.113.7");
        let removed =
            HeaderRules { forwarded_for: ForwardedFor::Remove, drop_invalid: true, ..HeaderRules::default() };
        let parts = sent_by(removed, before);
        assert!(!parts.headers.contains_key("x-forwarded-for") && !parts.headers.contains_key("x_odd"));
        assert_eq!(parts.headers["x-fine"], "2");
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
