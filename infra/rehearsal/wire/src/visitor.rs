//! Who may come in at a port on loopback. Pure.
//!
//! A port on 127.0.0.1 is open to every program of the machine, and by way of a browser to every page of the web:
//! a page may post to it, and a name of its own that it lets point to 127.0.0.1 (DNS rebinding) makes it read the
//! answers as well. What gives such a request away is `Host`, which is the name that the browser was told, and
//! `Origin` and `Sec-Fetch-Site`, which no page can set.

use http::Method;
use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;

/// The port of a URL that names none.
const DEFAULT_PORT: u16 = 80;

/// Lets in who asks for this very port by a name that is always this machine's own: `127.0.0.1`, `[::1]`,
/// `localhost`, and what ends in `.localhost` (RFC 6761). A page of another place is not let in, whatever it asks for:
/// not even a preflight is answered with a permission. Following a link is no question that a page could read the
/// answer of.
///
/// # Errors
/// Why not, in words.
pub fn admit(parts: &Parts, port: u16) -> Result<(), String> {
    let mut hosts = parts.headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().unwrap_or("something unreadable"),
        (None, _) => return Err(format!("this request has no Host; {}", expected(port))),
        (Some(_), Some(_)) => return Err(format!("this request has several Hosts; {}", expected(port))),
    };
    for named in parts.uri.authority().map(Authority::as_str).into_iter().chain([host]) {
        if !is_here(named, port) {
            return Err(format!("this request is for `{}`; {}", named.escape_debug(), expected(port)));
        }
    }
    for origin in parts.headers.get_all(ORIGIN) {
        let origin = origin.to_str().unwrap_or("something unreadable");
        if !origin.strip_prefix("http://").is_some_and(|place| is_here(place, port)) {
            return Err(format!(
                "this request is sent by a page of `{}`, a place of its own",
                origin.escape_debug()
            ));
        }
    }
    match parts.headers.get("sec-fetch-site").map(|site| site.as_bytes()) {
        None | Some(b"none" | b"same-origin") => Ok(()),
        Some(_) if follows_a_link(parts) => Ok(()),
        Some(_) => Err("this request is sent by a page of another place".to_owned()),
    }
}

fn expected(port: u16) -> String {
    format!("only 127.0.0.1:{port}, localhost:{port} and [::1]:{port} are answered for")
}

/// Whether `HOST` or `HOST:PORT` is this port by one of the machine's own names.
fn is_here(named: &str, port: u16) -> bool {
    let Ok(authority) = named.parse::<Authority>() else { return false };
    let host = authority.host().to_ascii_lowercase();
    let own_name =
        matches!(host.as_str(), "127.0.0.1" | "[::1]" | "localhost") || host.ends_with(".localhost");
    // What is before an @ is no part of the name, and whoever writes it means to deceive.
    own_name && !named.contains('@') && port_of(&authority) == Some(port)
}

/// The port, which is 80 if there is none; nothing if it cannot be read.
fn port_of(authority: &Authority) -> Option<u16> {
    let after_host = authority.as_str().strip_prefix(authority.host())?;
    if after_host.is_empty() { Some(DEFAULT_PORT) } else { authority.port_u16() }
}

/// Whether the browser shows what is asked for in the place of the page that asked.
fn follows_a_link(parts: &Parts) -> bool {
    let mode = parts.headers.get("sec-fetch-mode").map(|mode| mode.as_bytes());
    mode == Some(b"navigate") && matches!(parts.method, Method::GET | Method::HEAD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn knock(headers: &[(&str, &str)]) -> Result<(), String> {
        knock_at("/", headers)
    }

    fn knock_at(uri: &str, headers: &[(&str, &str)]) -> Result<(), String> {
        let request =
            headers.iter().fold(Request::get(uri), |request, (name, value)| request.header(*name, *value));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        admit(&parts, 4566)
    }

    #[test]
    fn only_names_of_loopback_with_the_right_port_are_let_in() {
        for host in ["127.0.0.1:4566", "localhost:4566", "LOCALHOST:4566", "[::1]:4566", "api.localhost:4566"]
        {
            assert_eq!(knock(&[("host", host)]), Ok(()), "{host}");
        }
        let strange = [
            "evil.example",
            "evil.example:4566",
            "127.0.0.1",
            "127.0.0.1:8080",
            "127.0.0.1:0",
            "127.0.0.1:",
            "127.0.0.2:4566",
            "0.0.0.0:4566",
            "localhost.evil.example:4566",
            "evillocalhost:4566",
            "localhost@evil.example:4566",
            "evil.example@127.0.0.1:4566",
            "127.0.0.1.nip.io:4566",
            "127.1:4566",
            "",
            "a b",
        ];
        for host in strange {
            assert!(knock(&[("host", host)]).is_err(), "{host}");
        }
        assert!(knock(&[]).unwrap_err().contains("no Host"));
        assert!(knock(&[("host", "127.0.0.1:4566"), ("host", "evil.example")]).is_err());
        let absolute = "http://evil.example/";
        assert!(knock_at(absolute, &[("host", "127.0.0.1:4566")]).unwrap_err().contains("evil.example"));
    }

    #[test]
    fn a_port_of_80_need_not_be_said() {
        let (parts, ()) = Request::get("/").header("host", "localhost").body(()).unwrap().into_parts();
        assert_eq!(admit(&parts, DEFAULT_PORT), Ok(()));
    }

    #[test]
    fn pages_of_other_places_are_not_let_in() {
        let here = ("host", "127.0.0.1:4566");
        for origin in ["http://127.0.0.1:4566", "http://localhost:4566"] {
            assert_eq!(knock(&[here, ("origin", origin)]), Ok(()), "{origin}");
        }
        let strange =
            ["http://evil.example", "null", "https://127.0.0.1:4566", "http://127.0.0.1:8080", "file://", ""];
        for origin in strange {
            assert!(knock(&[here, ("origin", origin)]).is_err(), "{origin}");
        }
        assert_eq!(knock(&[here, ("sec-fetch-site", "none")]), Ok(()));
        for site in ["cross-site", "same-site"] {
            assert!(knock(&[here, ("sec-fetch-site", site), ("sec-fetch-mode", "no-cors")]).is_err());
            assert_eq!(knock(&[here, ("sec-fetch-site", site), ("sec-fetch-mode", "navigate")]), Ok(()));
        }
    }
}
