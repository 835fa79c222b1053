//! What is known of load balancers' attributes, and who acts on them.

use super::{Attributes, Known, May, SWITCH, defaults, seconds};
use crate::plane::{ForwardedFor, HeaderRules};
use crate::state::BalancerRuntime;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How long a connection may be silent, unless set otherwise.
pub(crate) const IDLE_SECONDS: u64 = 60;
/// How long a client's connection may live, unless set otherwise.
pub(crate) const KEEP_ALIVE_SECONDS: u64 = 3_600;

const IDLE: &str = "idle_timeout.timeout_seconds";
const KEEP_ALIVE: &str = "client_keep_alive.seconds";
const DROP_INVALID: &str = "routing.http.drop_invalid_header_fields.enabled";
const CLIENT_PORT: &str = "routing.http.xff_client_port.enabled";
const FORWARDED_FOR: &str = "routing.http.xff_header_processing.mode";
/// Whether the load balancer may not be deleted.
pub(crate) const PROTECTED: &str = "deletion_protection.enabled";

const NO_BUCKETS: May = May::NotChange("there is no bucket to write logs to");

/// The keys of an Application Load Balancer.
pub(super) const KNOWN: &[Known] = &[
    (IDLE, "60", May::Number(1, 4_000)),
    (KEEP_ALIVE, "3600", May::Number(60, 604_800)),
    (PROTECTED, "false", SWITCH),
    (DROP_INVALID, "false", SWITCH),
    (CLIENT_PORT, "false", SWITCH),
    (FORWARDED_FOR, "append", May::Be(&["append", "preserve", "remove"])),
    ("access_logs.s3.enabled", "false", NO_BUCKETS),
    // Where logs would go means nothing, in AWS as here, while none are written.
    ("access_logs.s3.bucket", "", May::Text),
    ("access_logs.s3.prefix", "", May::Text),
    ("connection_logs.s3.enabled", "false", NO_BUCKETS),
    ("connection_logs.s3.bucket", "", May::Text),
    ("connection_logs.s3.prefix", "", May::Text),
    ("health_check_logs.s3.enabled", "false", NO_BUCKETS),
    ("health_check_logs.s3.bucket", "", May::Text),
    ("health_check_logs.s3.prefix", "", May::Text),
    (
        "load_balancing.cross_zone.enabled",
        "true",
        May::NotChange("for an Application Load Balancer it cannot be changed in AWS either"),
    ),
    ("ipv6.deny_all_igw_traffic", "false", May::NotChange("there is no IPv6 and no internet gateway")),
    ("zonal_shift.config.enabled", "false", May::NotChange("there is no zonal shift")),
    ("routing.http.desync_mitigation_mode", "defensive", May::NotChange("requests are parsed in one way")),
    (
        "routing.http.preserve_host_header.enabled",
        "false",
        May::NotChange("the header is passed on as it came"),
    ),
    (
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
        "false",
        May::NotChange("there are no listeners with TLS"),
    ),
    // HTTP/2 needs a listener with TLS, and there is none: without one neither value changes anything in AWS.
    ("routing.http2.enabled", "true", SWITCH),
    ("waf.fail_open.enabled", "false", May::NotChange("there is no WAF")),
];

/// The keys of other types of load balancers.
pub(super) const FOREIGN: &[&str] =
    &["dns_record.client_routing_policy", "secondary_ips.auto_assigned.per_subnet"];

pub(crate) fn load_balancer_defaults() -> Attributes {
    defaults(KNOWN)
}

/// Tells the data plane.
pub(super) fn apply(runtime: &BalancerRuntime, attributes: &Attributes) {
    let text = |key: &str| attributes.get(key).map_or("", String::as_str);
    runtime.idle_seconds.store(seconds(attributes, IDLE, IDLE_SECONDS), Ordering::Relaxed);
    runtime.keep_alive_seconds.store(seconds(attributes, KEEP_ALIVE, KEEP_ALIVE_SECONDS), Ordering::Relaxed);
    runtime.headers.store(Arc::new(HeaderRules {
        drop_invalid: text(DROP_INVALID) == "true",
        client_port: text(CLIENT_PORT) == "true",
        forwarded_for: match text(FORWARDED_FOR) {
            "preserve" => ForwardedFor::Preserve,
            "remove" => ForwardedFor::Remove,
            _ => ForwardedFor::Append,
        },
    }));
}
