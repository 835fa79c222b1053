//! One health check: a real request on a connection of its own.

use super::Finding;
use crate::state::CheckSettings;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::Empty;
use hyper_util::rt::TokioIo;
use rehearsal_world::net::Stream;
use std::net::SocketAddr;
use tokio::time::timeout;

/// Asks the target once and judges the answer.
pub(crate) async fn probe(target: SocketAddr, settings: &CheckSettings) -> Finding {
    let address = SocketAddr::new(target.ip(), settings.port.unwrap_or(target.port()));
    match timeout(settings.timeout, status(address, &settings.path)).await {
        Err(_elapsed) => Finding::TimedOut,
        Ok(None) => Finding::Broken,
        Ok(Some(code)) if matches(&settings.matcher, code) => Finding::Passed,
        Ok(Some(code)) => Finding::WrongCode(code),
    }
}

async fn status(address: SocketAddr, path: &str) -> Option<u16> {
    let stream = Stream::connect(address).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let request = Request::get(path)
        .header(header::HOST, address.to_string())
        .header(header::USER_AGENT, "ELB-HealthChecker/2.0")
        .header(header::CONNECTION, "close")
        .header(header::ACCEPT_ENCODING, "gzip, compressed")
        .body(Empty::<Bytes>::new())
        .ok()?;
    // Driving both here, not in a task: when the timeout drops this future, the connection goes with it.
    tokio::pin!(connection);
    let answer = sender.send_request(request);
    tokio::pin!(answer);
    let mut open = true;
    loop {
        tokio::select! {
            biased;
            response = &mut answer => return response.ok().map(|response| response.status().as_u16()),
            _closed = &mut connection, if open => open = false,
        }
    }
}

/// Whether a matcher such as `200`, `200,202` or `200-299` admits a code.
pub(crate) fn matches(matcher: &str, code: u16) -> bool {
    ranges(matcher).is_some_and(|ranges| ranges.iter().any(|(low, high)| (*low..=*high).contains(&code)))
}

/// The ranges of a matcher; `None` if it is not one.
pub(crate) fn ranges(matcher: &str) -> Option<Vec<(u16, u16)>> {
    matcher
        .split(',')
        .map(|part| match part.split_once('-') {
            Some((low, high)) => Some((low.trim().parse().ok()?, high.trim().parse().ok()?)),
            None => part.trim().parse().ok().map(|code| (code, code)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_are_codes_lists_and_ranges() {
        assert!(matches("200", 200) && !matches("200", 201));
        assert!(matches("200,202", 202) && !matches("200,202", 201));
        assert!(matches("200-299", 250) && !matches("200-299", 300));
        assert!(matches("200-204, 301", 301));
        assert!(ranges("2xx").is_none() && ranges("").is_none());
    }
}
