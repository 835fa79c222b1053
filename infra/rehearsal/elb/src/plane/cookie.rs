//! The cookies by which a client stays where it is, as AWS writes them.
//!
//! `AWSALBTG` pins to a target group, `AWSALB` to a target. Each comes with a twin for requests of other origins,
//! `…CORS`, which says `SameSite=None; Secure`. Every answer sets them anew, so that their life begins anew with each
//! request. Their content is the balancer's own affair; AWS encrypts it.

use http::{HeaderMap, HeaderValue, header};
use std::time::{Duration, UNIX_EPOCH};

/// Pins to a target group.
pub(crate) const GROUP: &str = "AWSALBTG";
/// Pins to a target.
pub(crate) const TARGET: &str = "AWSALB";

/// What a client's cookie of this name pins it to, if it has one that lives; a twin does as well.
pub(crate) fn pinned<'a>(headers: &'a HeaderMap, name: &str, now: u64) -> Option<&'a str> {
    let all = || {
        let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='))
    };
    let twin = format!("{name}CORS");
    let value = all().find(|(key, _)| *key == name).or_else(|| all().find(|(key, _)| *key == twin))?.1;
    let (to, until) = value.rsplit_once('-')?;
    until.parse::<u64>().is_ok_and(|until| now < until).then_some(to)
}

/// The two cookies that pin a client for so long.
pub(crate) fn pin(name: &str, to: &str, life: Duration, now: u64) -> [Option<HeaderValue>; 2] {
    let until = now + life.as_secs();
    let expires = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(until));
    let cookie = format!("{name}={to}-{until}; Expires={expires}; Path=/");
    let twin = format!("{name}CORS={to}-{until}; Expires={expires}; Path=/; SameSite=None; Secure");
    [cookie, twin].map(|text| HeaderValue::from_str(&text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pinned_by(cookie: &'static str) -> Option<String> {
        let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(cookie))]);
        pinned(&headers, GROUP, 100).map(str::to_owned)
    }

    #[test]
    fn a_fresh_cookie_or_its_twin_pins_and_a_stale_or_foreign_one_does_not() {
        assert_eq!(pinned_by("a=b; AWSALBTG=1-101").as_deref(), Some("1"));
        assert_eq!(pinned_by("AWSALBTGCORS=2-101").as_deref(), Some("2"));
        assert_eq!(pinned_by("AWSALBTGCORS=2-101; AWSALBTG=1-101").as_deref(), Some("1"));
        for cookie in ["AWSALBTG=1-100", "AWSALB=1-101", "AWSALBTG=rubbish", "AWSALBTG"] {
            assert_eq!(pinned_by(cookie), None, "{cookie}");
        }
    }

    #[test]
    fn cookies_come_in_pairs_as_aws_writes_them() {
        let [cookie, twin] = pin(TARGET, "ab", Duration::from_secs(60), 784_111_717)
            .map(|value| value.and_then(|value| value.to_str().ok().map(str::to_owned)).expect("a header"));
        assert_eq!(cookie, "AWSALB=ab-784111777; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Path=/");
        assert_eq!(
            twin,
            "AWSALBCORS=ab-784111777; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Path=/; SameSite=None; Secure"
        );
    }
}
