//! What is known of target groups' attributes, and which do not go together.

use super::{Attributes, Known, May, SWITCH, defaults, seconds};
use crate::routing::{ALGORITHM, ROUTE_COUNT, ROUTE_PERCENT, SLOW_START, STICKY, STICKY_SECONDS};
use crate::state::{Group, State};
use rehearsal_wire::ApiError;
use std::time::Duration;

/// How long a target drains, unless set otherwise.
const DEREGISTRATION_SECONDS: u64 = 300;
const DEREGISTRATION: &str = "deregistration_delay.timeout_seconds";
const DNS_COUNT: &str = "target_group_health.dns_failover.minimum_healthy_targets.count";
const DNS_PERCENT: &str = "target_group_health.dns_failover.minimum_healthy_targets.percentage";
/// The longest stickiness.
const WEEK: u64 = 604_800;
/// Targets that one group may have.
const TARGETS: u64 = 1_000;

/// The keys of a target group with HTTP targets of an Application Load Balancer.
pub(super) const KNOWN: &[Known] = &[
    (DEREGISTRATION, "300", May::Number(0, 3_600)),
    (STICKY, "false", SWITCH),
    ("stickiness.type", "lb_cookie", May::NotChange("cookies of the application's own pin nobody")),
    (STICKY_SECONDS, "86400", May::Number(1, WEEK)),
    ("stickiness.app_cookie.cookie_name", "", May::NotChange("cookies of the application's own pin nobody")),
    (
        "stickiness.app_cookie.duration_seconds",
        "86400",
        May::NotChange("cookies of the application's own pin nobody"),
    ),
    (SLOW_START, "0", May::Number(30, 900)),
    (ALGORITHM, "round_robin", May::Be(&["round_robin", "least_outstanding_requests", "weighted_random"])),
    ("load_balancing.algorithm.anomaly_mitigation", "off", May::NotChange("anomalies are not detected")),
    (
        "load_balancing.cross_zone.enabled",
        "use_load_balancer_configuration",
        May::NotChange("a load balancer's nodes are in no zone"),
    ),
    // With one address DNS has nowhere else to go, in AWS as here.
    (DNS_COUNT, "1", May::NumberOr(1, TARGETS, "off")),
    (DNS_PERCENT, "off", May::NumberOr(1, 100, "off")),
    (ROUTE_COUNT, "1", May::Number(1, TARGETS)),
    (ROUTE_PERCENT, "off", May::NumberOr(1, 100, "off")),
];

/// The keys of other types of target groups.
pub(super) const FOREIGN: &[&str] = &[
    "lambda.multi_value_headers.enabled",
    "deregistration_delay.connection_termination.enabled",
    "preserve_client_ip.enabled",
    "proxy_protocol_v2.enabled",
    "target_health_state.unhealthy.connection_termination.enabled",
    "target_health_state.unhealthy.draining_interval_seconds",
    "target_failover.on_deregistration",
    "target_failover.on_unhealthy",
];

pub(crate) fn group_defaults() -> Attributes {
    defaults(KNOWN)
}

/// Refuses what does not go together.
pub(super) fn vet(state: &State, arn: &str, attributes: &Attributes) -> Result<(), ApiError> {
    let refused = |why: &str| Err(ApiError::new("InvalidConfigurationRequest", why));
    let text = |key: &str| attributes.get(key).map_or("", String::as_str);
    if text(SLOW_START) != "0" && text(ALGORITHM) != "round_robin" {
        return refused("You can enable slow start only with the algorithm round_robin");
    }
    let exceeds = |routing: &str, dns: &str| {
        let number = |key: &str| text(key).parse::<u64>().ok();
        number(routing).zip(number(dns)).is_some_and(|(routing, dns)| routing > dns)
    };
    if exceeds(ROUTE_COUNT, DNS_COUNT) || exceeds(ROUTE_PERCENT, DNS_PERCENT) {
        return refused(
            "The minimum healthy targets of unhealthy_state_routing must not exceed those of dns_failover",
        );
    }
    let lacks = |rule: &crate::state::Rule| {
        let forward = rule.forward().filter(|_| rule.uses(arn));
        forward.is_some_and(|forward| forward.groups.len() > 1 && forward.stickiness.is_none())
    };
    if text(STICKY) == "true" && state.rules.values().any(|rule| lacks(rule)) {
        return refused(
            "You must enable group stickiness on a rule if you enable target stickiness on one of its target groups",
        );
    }
    Ok(())
}

impl Group {
    /// How long its targets drain.
    pub(crate) fn deregistration_delay(&self) -> Duration {
        Duration::from_secs(seconds(&self.attributes, DEREGISTRATION, DEREGISTRATION_SECONDS))
    }

    /// Whether a client stays with its target.
    pub(crate) fn is_sticky(&self) -> bool {
        self.attributes.get(STICKY).is_some_and(|value| value == "true")
    }
}
