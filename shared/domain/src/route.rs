//! Routes and the weights on them.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A share of a hundred that a target group gets of a route's requests.
pub type Weight = u32;

/// The whole of a route, in one target group's hands.
pub const WHOLE: Weight = 100;

/// A place where requests are forwarded: what has to be called to change it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "arn", rename_all = "kebab-case")]
pub enum RouteId {
    /// A listener rule; `ModifyRule` changes it.
    Rule(String),
    /// A listener's default action; only `ModifyListener` changes it.
    DefaultAction(String),
}

impl RouteId {
    /// The rule's or the listener's ARN.
    pub fn arn(&self) -> &str {
        match self {
            Self::Rule(arn) | Self::DefaultAction(arn) => arn,
        }
    }
}

impl fmt::Display for RouteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(arn) => write!(f, "rule {arn}"),
            Self::DefaultAction(arn) => write!(f, "default action of listener {arn}"),
        }
    }
}

/// A route as the load balancer has it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Which one.
    pub id: RouteId,
    /// The load balancer it belongs to.
    pub load_balancer: String,
    /// Target group ARN → weight, as its forward action says.
    pub weights: BTreeMap<String, Weight>,
    /// How long a client is pinned to the target group it first met, if that is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stickiness_seconds: Option<u64>,
    /// Whether users sign in through Amazon Cognito first (an `authenticate-cognito` action). Who writes such a route needs
    /// a permission on the user pool.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks_cognito: bool,
}

impl Route {
    /// A target group's share in per cent of this route's requests; 0 if it is not on it.
    pub fn share(&self, target_group: &str) -> f64 {
        let total: u32 = self.weights.values().sum();
        let own = self.weights.get(target_group).copied().unwrap_or(0);
        if total == 0 { 0.0 } else { f64::from(own) * 100.0 / f64::from(total) }
    }

    /// Whether clients are pinned to the target group that they first met.
    pub fn is_sticky(&self) -> bool {
        self.stickiness_seconds.is_some()
    }

    /// Whether a target group gets any of this route's requests.
    pub fn sends_to(&self, target_group: &str) -> bool {
        self.weights.get(target_group).is_some_and(|weight| *weight > 0)
    }
}

/// The weights of a pair on a route: the next side's step, the rest to the live side.
pub fn weights_for(live: &str, next: &str, step: Weight) -> BTreeMap<String, Weight> {
    BTreeMap::from([(live.to_owned(), WHOLE.saturating_sub(step)), (next.to_owned(), step.min(WHOLE))])
}

/// Whether what a route says gives the next side just this step's share, whatever scale it is written in:
/// `1/0` and `100/0` mean the same.
pub fn is_at(route: &Route, live: &str, next: &str, step: Weight) -> bool {
    let others = route.weights.iter().any(|(group, weight)| group != live && group != next && *weight > 0);
    let total: u32 = route.weights.values().sum();
    !others && total > 0 && (route.share(next) - f64::from(step)).abs() < 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn route(weights: &[(&str, u32)]) -> Route {
        Route {
            id: RouteId::Rule("r".into()),
            load_balancer: "lb".into(),
            weights: weights.iter().map(|(group, weight)| ((*group).to_owned(), *weight)).collect(),
            stickiness_seconds: None,
            asks_cognito: false,
        }
    }

    #[test]
    fn scale_does_not_matter_but_a_third_group_does() {
        assert!(is_at(&route(&[("l", 1), ("n", 0)]), "l", "n", 0));
        assert!(is_at(&route(&[("l", 9), ("n", 1)]), "l", "n", 10));
        assert!(!is_at(&route(&[("l", 90), ("n", 10), ("x", 1)]), "l", "n", 10));
        assert!(!is_at(&route(&[("l", 0), ("n", 0)]), "l", "n", 0), "a route to nobody is at no step");
    }

    proptest! {
        #[test]
        fn weights_are_whole_and_are_recognised(step in 0u32..=100) {
            let weights = weights_for("l", "n", step);
            prop_assert_eq!(weights.values().sum::<u32>(), WHOLE);
            let pairs: Vec<_> = weights.iter().map(|(g, w)| (g.as_str(), *w)).collect();
            for other in 0..=100u32 {
                prop_assert_eq!(is_at(&route(&pairs), "l", "n", other), other == step);
            }
        }
    }
}
