//! A target's health: what one more check makes of it, and how AWS words it.
//!
//! Pure. The checks themselves are in `probe`, their timing in `watch`.

pub(crate) mod probe;
pub(crate) mod watch;

use crate::spread::Standing;
use serde::Serialize;

/// A target's health as `DescribeTargetHealth` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetHealth {
    /// `initial`, `healthy`, `unhealthy`, `unused` or `draining`.
    pub state: String,
    /// AWS's reason code; none while healthy.
    pub reason: Option<String>,
    /// The reason in words.
    pub description: Option<String>,
}

/// What one health check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    Passed,
    WrongCode(u16),
    TimedOut,
    /// Refused, reset, or not HTTP.
    Broken,
}

/// Where a target stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// Registered, not checked yet.
    Registering,
    /// Checked, never passed.
    Checking {
        failures: u32,
    },
    Healthy {
        failures: u32,
    },
    Unhealthy {
        passes: u32,
        last: Finding,
    },
    /// No rule refers to the group.
    Unused,
    Draining,
}

/// How many checks in a row turn a target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Thresholds {
    pub(crate) healthy: u32,
    pub(crate) unhealthy: u32,
}

impl Health {
    /// The health after one more check.
    ///
    /// A target that has never passed becomes healthy by its FIRST pass, whatever the threshold; one that
    /// was found unhealthy must pass as often as the threshold says.
    pub(crate) fn observe(self, finding: Finding, thresholds: Thresholds) -> Self {
        let passed = finding == Finding::Passed;
        let failed = |failures: u32| {
            if failures + 1 >= thresholds.unhealthy {
                Err(Self::Unhealthy { passes: 0, last: finding })
            } else {
                Ok(failures + 1)
            }
        };
        match self {
            Self::Unused | Self::Draining => self,
            Self::Registering | Self::Checking { .. } if passed => Self::Healthy { failures: 0 },
            Self::Registering => {
                failed(0).map_or_else(|turned| turned, |failures| Self::Checking { failures })
            }
            Self::Checking { failures } => {
                failed(failures).map_or_else(|turned| turned, |failures| Self::Checking { failures })
            }
            Self::Healthy { .. } if passed => Self::Healthy { failures: 0 },
            Self::Healthy { failures } => {
                failed(failures).map_or_else(|turned| turned, |failures| Self::Healthy { failures })
            }
            Self::Unhealthy { passes, .. } if passed && passes + 1 >= thresholds.healthy => {
                Self::Healthy { failures: 0 }
            }
            Self::Unhealthy { passes, last } if passed => Self::Unhealthy { passes: passes + 1, last },
            Self::Unhealthy { .. } => Self::Unhealthy { passes: 0, last: finding },
        }
    }

    /// What the API tells of a target that each node checks by itself, which AWS does not say: that it is healthy once
    /// every node has found it so, and unhealthy as soon as one does.
    pub(crate) fn of_nodes(found: &[Self]) -> Self {
        let any = |is: fn(&Self) -> bool| found.iter().copied().find(is);
        any(|health| matches!(health, Self::Unused | Self::Draining | Self::Unhealthy { .. }))
            .or_else(|| any(|health| matches!(health, Self::Checking { .. })))
            .or_else(|| any(|health| !health.is_healthy()))
            .unwrap_or(Self::Healthy { failures: 0 })
    }

    /// How a node that has found this treats the target; not at all before it has judged it.
    pub(crate) fn standing(self) -> Option<Standing> {
        match self {
            Self::Registering | Self::Checking { .. } => None,
            Self::Healthy { .. } => Some(Standing::Healthy),
            Self::Unhealthy { .. } => Some(Standing::Unhealthy),
            Self::Unused | Self::Draining => Some(Standing::Out),
        }
    }

    pub(crate) fn is_healthy(self) -> bool {
        matches!(self, Self::Healthy { .. })
    }

    /// The state, reason and description in AWS's words.
    pub(crate) fn describe(self) -> TargetHealth {
        let (state, reason, description) = match self {
            Self::Registering => {
                ("initial", "Elb.RegistrationInProgress", "Target registration is in progress".to_owned())
            }
            Self::Checking { .. } => {
                ("initial", "Elb.InitialHealthChecking", "Initial health checks in progress".to_owned())
            }
            Self::Healthy { .. } => {
                return TargetHealth { state: "healthy".to_owned(), reason: None, description: None };
            }
            Self::Unhealthy { last: Finding::WrongCode(code), .. } => (
                "unhealthy",
                "Target.ResponseCodeMismatch",
                format!("Health checks failed with these codes: [{code}]"),
            ),
            Self::Unhealthy { last: Finding::TimedOut, .. } => {
                ("unhealthy", "Target.Timeout", "Request timed out".to_owned())
            }
            Self::Unhealthy { .. } => {
                ("unhealthy", "Target.FailedHealthChecks", "Health checks failed".to_owned())
            }
            Self::Unused => (
                "unused",
                "Target.NotInUse",
                "Target group is not configured to receive traffic from the load balancer".to_owned(),
            ),
            Self::Draining => (
                "draining",
                "Target.DeregistrationInProgress",
                "Target deregistration is in progress".to_owned(),
            ),
        };
        TargetHealth {
            state: state.to_owned(),
            reason: Some(reason.to_owned()),
            description: Some(description),
        }
    }
}

/// What is told of a target that is asked about but not registered.
pub(crate) fn not_registered() -> TargetHealth {
    TargetHealth {
        state: "unused".to_owned(),
        reason: Some("Target.NotRegistered".to_owned()),
        description: Some("Target is not registered to the target group".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWS: Thresholds = Thresholds { healthy: 5, unhealthy: 2 };

    fn after(start: Health, findings: &[Finding]) -> Health {
        findings.iter().fold(start, |health, finding| health.observe(*finding, AWS))
    }

    #[test]
    fn one_pass_makes_a_new_target_healthy() {
        assert!(after(Health::Registering, &[Finding::Passed]).is_healthy());
        assert!(after(Health::Registering, &[Finding::Broken, Finding::Passed]).is_healthy());
    }

    #[test]
    fn one_failure_turns_nothing() {
        assert_eq!(after(Health::Registering, &[Finding::Broken]), Health::Checking { failures: 1 });
        assert!(after(Health::Healthy { failures: 0 }, &[Finding::TimedOut]).is_healthy());
    }

    #[test]
    fn failures_must_be_in_a_row() {
        let findings = [Finding::Broken, Finding::Passed, Finding::Broken, Finding::Passed];
        assert!(after(Health::Healthy { failures: 0 }, &findings).is_healthy());
    }

    #[test]
    fn an_unhealthy_target_needs_the_whole_threshold() {
        let unhealthy = after(Health::Healthy { failures: 0 }, &[Finding::Broken, Finding::WrongCode(500)]);
        assert_eq!(unhealthy, Health::Unhealthy { passes: 0, last: Finding::WrongCode(500) });
        assert!(!after(unhealthy, &[Finding::Passed; 4]).is_healthy());
        assert!(after(unhealthy, &[Finding::Passed; 5]).is_healthy());
        let interrupted = after(unhealthy, &[Finding::Passed, Finding::Passed, Finding::TimedOut]);
        assert_eq!(interrupted, Health::Unhealthy { passes: 0, last: Finding::TimedOut });
    }

    #[test]
    fn checks_do_not_turn_what_is_unused_or_draining() {
        assert_eq!(after(Health::Unused, &[Finding::Passed]), Health::Unused);
        assert_eq!(after(Health::Draining, &[Finding::Passed]), Health::Draining);
    }

    #[test]
    fn a_target_is_healthy_when_every_node_says_so() {
        let (healthy, checking) = (Health::Healthy { failures: 1 }, Health::Checking { failures: 1 });
        let unhealthy = Health::Unhealthy { passes: 0, last: Finding::Broken };
        assert!(Health::of_nodes(&[healthy, healthy]).is_healthy());
        assert_eq!(Health::of_nodes(&[healthy, Health::Registering, checking]), checking);
        assert_eq!(Health::of_nodes(&[healthy, Health::Registering]), Health::Registering);
        assert_eq!(Health::of_nodes(&[healthy, checking, unhealthy]), unhealthy);
        assert_eq!(Health::of_nodes(&[Health::Draining, Health::Draining]), Health::Draining);
        assert_eq!(checking.standing(), None, "what is not judged gets nothing");
    }

    #[test]
    fn reasons_are_aws_own() {
        let told = |health: Health| {
            let health = health.describe();
            (health.state, health.reason.unwrap_or_default(), health.description.unwrap_or_default())
        };
        assert_eq!(told(Health::Registering).1, "Elb.RegistrationInProgress");
        assert_eq!(told(Health::Checking { failures: 0 }).1, "Elb.InitialHealthChecking");
        let (state, reason, words) = told(Health::Unhealthy { passes: 0, last: Finding::WrongCode(500) });
        assert_eq!((state.as_str(), reason.as_str()), ("unhealthy", "Target.ResponseCodeMismatch"));
        assert_eq!(words, "Health checks failed with these codes: [500]");
        assert_eq!(told(Health::Unhealthy { passes: 0, last: Finding::TimedOut }).1, "Target.Timeout");
        assert_eq!(
            told(Health::Unhealthy { passes: 0, last: Finding::Broken }).1,
            "Target.FailedHealthChecks"
        );
        assert_eq!(told(Health::Unused).1, "Target.NotInUse");
        assert_eq!(told(Health::Draining).1, "Target.DeregistrationInProgress");
    }
}
