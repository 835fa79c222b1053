//! The cookies that regulars were given, as browsers keep them.

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};

/// Every regular's cookies by name.
#[derive(Debug, Default)]
pub struct Jar {
    kept: Mutex<HashMap<u32, BTreeMap<String, String>>>,
}

impl Jar {
    /// Keeps what an answer gives a regular. A cookie that asks for HTTPS is not kept: this is HTTP. When they end is for
    /// whoever reads them to say: a balancer writes it into what it gives.
    pub fn keep(&self, regular: u32, headers: &HeaderMap) {
        let mut kept = self.kept.lock();
        for cookie in headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let mut parts = cookie.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { continue };
            if !parts.any(|part| part.eq_ignore_ascii_case("secure")) {
                kept.entry(regular).or_default().insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// What a regular sends along.
    pub fn sent_by(&self, regular: u32, headers: &mut HeaderMap) {
        let kept = self.kept.lock();
        let Some(cookies) = kept.get(&regular) else { return };
        let pairs: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if let Ok(value) = HeaderValue::from_str(&pairs.join("; ")) {
            headers.insert(COOKIE, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regular_sends_what_it_was_given_last_and_nobody_elses() {
        let (jar, mut given) = (Jar::default(), HeaderMap::new());
        for cookie in ["A=1; Path=/", "B=x; Path=/; Secure", "nonsense"] {
            given.append(SET_COOKIE, HeaderValue::from_static(cookie));
        }
        jar.keep(1, &given);
        let again = HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static("A=2; Expires=never"))]);
        jar.keep(1, &again);
        let sent = |regular| {
            let mut headers = HeaderMap::new();
            jar.sent_by(regular, &mut headers);
            headers.get(COOKIE).cloned()
        };
        assert_eq!(sent(1), Some(HeaderValue::from_static("A=2")));
        assert_eq!(sent(2), None);
    }
}
