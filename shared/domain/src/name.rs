//! Names: of a service, a side, a deployment.

use crate::StepError;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What users reach, written `CLUSTER/NAME`.
///
/// A blue/green pair goes by whichever of its two ECS services sorts first, so that both members, and every
/// event about either, lead to one ledger entry and one lease.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceName {
    /// The ECS cluster's short name.
    pub cluster: String,
    /// The ECS service's name.
    pub name: String,
}

impl ServiceName {
    /// The name of a service in a cluster.
    pub fn new(cluster: impl Into<String>, name: impl Into<String>) -> Self {
        Self { cluster: cluster.into(), name: name.into() }
    }

    /// The name that a pair goes by: the member that sorts first.
    #[must_use]
    pub fn of_pair(&self, other: Option<&str>) -> Self {
        match other {
            Some(other) if other < self.name.as_str() => Self::new(&self.cluster, other),
            _ => self.clone(),
        }
    }

    /// From an ECS service ARN in either format, `service/CLUSTER/NAME`; the old format lacks the cluster.
    pub fn from_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.split(":service/").nth(1)?.split('/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(cluster), Some(name), None) => Some(Self::new(cluster, name)),
            _ => None,
        }
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cluster, self.name)
    }
}

impl From<ServiceName> for String {
    fn from(name: ServiceName) -> Self {
        name.to_string()
    }
}

impl TryFrom<String> for ServiceName {
    type Error = StepError;

    fn try_from(text: String) -> Result<Self, StepError> {
        match text.split_once('/') {
            Some((cluster, name)) if is_ecs_name(cluster) && is_ecs_name(name) => {
                Ok(Self::new(cluster, name))
            }
            _ => Err(StepError::BadInput(format!(
                "service {text:?} is not of the form CLUSTER/NAME, such as main/web"
            ))),
        }
    }
}

/// Letters, digits, hyphens and underscores, up to 255: what ECS allows for clusters and services.
fn is_ecs_name(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Whether a name is among those that the stack may touch: a name, or a pattern with `*` and `?` as IAM has them.
pub fn is_within(pattern: &str, name: &str) -> bool {
    wildmatch::WildMatch::new(pattern).matches(name)
}

/// One half of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The member whose name sorts first.
    Blue,
    /// The other one.
    Green,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blue => "blue",
            Self::Green => "green",
        })
    }
}

/// A deployment's id: when its execution started and what that is called, so that ids sort by time and lead
/// back to the execution. The same for every repeat of a state of one execution.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeploymentId(String);

impl DeploymentId {
    /// From an execution's start time, as Step Functions writes it, and its name.
    pub fn new(started_at: crate::Timestamp, execution_name: &str) -> Self {
        Self(format!("{}-{execution_name}", started_at.strftime("%Y%m%dT%H%M%S%3fZ")))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as the value of a tag. ECS takes letters, digits, spaces and `_ . : / = + - @` there, while the names of
    /// executions may have other characters: these are replaced, and a number keeps apart what then looks alike.
    pub fn as_tag(&self) -> String {
        let fits = |char: char| char.is_ascii_alphanumeric() || "_.:/=+-@".contains(char);
        if self.0.chars().all(fits) {
            return self.0.clone();
        }
        let fitting: String = self.0.chars().map(|char| if fits(char) { char } else { '_' }).collect();
        // FNV-1a: short, and the same on every machine.
        let hash = self
            .0
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        format!("{fitting}-{hash:08x}")
    }
}

impl fmt::Display for DeploymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for DeploymentId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_one_name_whichever_member_is_named() {
        let blue = ServiceName::new("main", "web-blue");
        let green = ServiceName::new("main", "web-green");
        assert_eq!(blue.of_pair(Some("web-green")), blue);
        assert_eq!(green.of_pair(Some("web-blue")), blue);
    }

    #[test]
    fn an_arn_gives_cluster_and_name_and_the_old_format_is_not_guessed() {
        let arn = "arn:aws:ecs:us-east-1:123456789012:service/main/web";
        assert_eq!(ServiceName::from_arn(arn), Some(ServiceName::new("main", "web")));
        assert_eq!(ServiceName::from_arn("arn:aws:ecs:us-east-1:123456789012:service/web"), None);
    }

    #[test]
    fn a_name_without_cluster_is_refused_in_words() {
        let error = ServiceName::try_from("web".to_owned()).unwrap_err();
        assert!(error.to_string().contains("CLUSTER/NAME"), "{error}");
    }

    #[test]
    fn a_stack_may_touch_what_its_patterns_say() {
        for (pattern, name, may) in [
            ("*", "prod", true),
            ("prod", "prod", true),
            ("prod", "prod-2", false),
            ("team-*/?eb", "team-a/web", true),
        ] {
            assert_eq!(is_within(pattern, name), may, "{pattern} {name}");
        }
    }

    #[test]
    fn an_id_with_characters_that_tags_refuse_is_told_apart_all_the_same() {
        let usual = DeploymentId::from("20261123T022727123Z-web-0f1a");
        assert_eq!(usual.as_tag(), usual.as_str());
        let (first, second) = (DeploymentId::from("d-fix (again)!"), DeploymentId::from("d-fix [again]!"));
        assert!(first.as_tag().starts_with("d-fix__again__-"), "{}", first.as_tag());
        assert_ne!(first.as_tag(), second.as_tag());
    }

    #[test]
    fn ids_sort_by_time() {
        let early = DeploymentId::new("2026-11-23T02:27:27.123Z".parse().unwrap(), "zebra");
        let late = DeploymentId::new("2026-11-23T02:27:28.001Z".parse().unwrap(), "ant");
        assert!(early < late);
        assert_eq!(early.as_str(), "20261123T022727123Z-zebra");
    }
}
