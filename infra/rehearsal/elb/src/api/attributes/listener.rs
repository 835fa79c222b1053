//! What is known of listeners' attributes, and what they make of answers.

use super::{Attributes, Known, May, SWITCH, defaults};
use crate::plane::AnswerRules;
use http::{HeaderName, HeaderValue};

const SERVER: &str = "routing.http.response.server.enabled";
/// A key that sets a header of answers is this, the header's name, and the ending.
const RESPONSE: &str = "routing.http.response.";
const VALUE: &str = ".header_value";

const NO_TLS: May = May::NotChange("there are no listeners with TLS");

/// The keys of an Application Load Balancer's listener.
pub(super) const KNOWN: &[Known] = &[
    (SERVER, "true", SWITCH),
    ("routing.http.response.strict_transport_security.header_value", "", May::Header(&[])),
    ("routing.http.response.access_control_allow_origin.header_value", "", May::Header(&[])),
    ("routing.http.response.access_control_allow_methods.header_value", "", May::Header(&[])),
    ("routing.http.response.access_control_allow_headers.header_value", "", May::Header(&[])),
    ("routing.http.response.access_control_allow_credentials.header_value", "", May::Header(&["true"])),
    ("routing.http.response.access_control_expose_headers.header_value", "", May::Header(&[])),
    ("routing.http.response.access_control_max_age.header_value", "", May::Header(&[])),
    ("routing.http.response.content_security_policy.header_value", "", May::Header(&[])),
    ("routing.http.response.x_content_type_options.header_value", "", May::Header(&["nosniff"])),
    ("routing.http.response.x_frame_options.header_value", "", May::Header(&[])),
    ("routing.http.request.x_amzn_mtls_clientcert_serial_number.header_name", "", NO_TLS),
    ("routing.http.request.x_amzn_mtls_clientcert_issuer.header_name", "", NO_TLS),
    ("routing.http.request.x_amzn_mtls_clientcert_subject.header_name", "", NO_TLS),
    ("routing.http.request.x_amzn_mtls_clientcert_validity.header_name", "", NO_TLS),
    ("routing.http.request.x_amzn_mtls_clientcert_leaf.header_name", "", NO_TLS),
    ("routing.http.request.x_amzn_mtls_clientcert.header_name", "", NO_TLS),
    ("routing.http.request.x_amzn_tls_version.header_name", "", NO_TLS),
    ("routing.http.request.x_amzn_tls_cipher_suite.header_name", "", NO_TLS),
];

/// The keys of other types of load balancers.
pub(super) const FOREIGN: &[&str] = &["tcp.idle_timeout.seconds"];

pub(crate) fn listener_defaults() -> Attributes {
    defaults(KNOWN)
}

/// What the data plane makes of them.
pub(super) fn rules(attributes: &Attributes) -> AnswerRules {
    let set = |(key, value): (&String, &String)| {
        let name = key.strip_prefix(RESPONSE)?.strip_suffix(VALUE)?.replace('_', "-");
        let name = HeaderName::try_from(name).ok()?;
        (!value.is_empty()).then(|| HeaderValue::from_str(value).ok()).flatten().map(|value| (name, value))
    };
    AnswerRules {
        hides_server: attributes.get(SERVER).is_some_and(|value| value == "false"),
        headers: attributes.iter().filter_map(set).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    #[test]
    fn answers_get_the_headers_that_were_set_and_lose_the_balancers_name() {
        let mut attributes = listener_defaults();
        let mut headers = HeaderMap::new();
        headers.insert("server", HeaderValue::from_static("awselb/2.0"));
        headers.insert("x-frame-options", HeaderValue::from_static("DENY"));
        let before = headers.clone();
        rules(&attributes).apply(&mut headers);
        assert_eq!(headers, before, "nothing is set");
        for (key, value) in [
            (SERVER, "false"),
            ("routing.http.response.x_frame_options.header_value", "SAMEORIGIN"),
            ("routing.http.response.strict_transport_security.header_value", "max-age=60"),
        ] {
            attributes.insert(key.to_owned(), value.to_owned());
        }
        rules(&attributes).apply(&mut headers);
        assert_eq!(headers.get("server"), None);
        headers.insert("server", HeaderValue::from_static("mine"));
        rules(&attributes).apply(&mut headers);
        assert_eq!(headers["server"], "mine", "what a target calls itself is passed on");
        assert_eq!(headers["x-frame-options"], "SAMEORIGIN");
        assert_eq!(headers["strict-transport-security"], "max-age=60");
    }
}
