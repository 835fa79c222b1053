//! Elastic Load Balancing: target groups, routes and the two weights on them.

use crate::{At, Aws};
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, ForwardActionConfig, TargetGroupStickinessConfig, TargetGroupTuple,
    TargetHealthDescription,
};
use changeover_domain::StepError;
use changeover_domain::evidence::TargetSeen;
use changeover_domain::route::{Route, RouteId, Weight};
use changeover_domain::span::Seconds;
use std::collections::BTreeMap;

/// Most load balancers whose routes are read for one service.
pub const MAX_LOAD_BALANCERS: usize = 10;
/// The kind of action that routes.
const FORWARD: ActionTypeEnum = ActionTypeEnum::Forward;

/// A target group and its paces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroup {
    /// Its ARN.
    pub arn: String,
    /// The load balancers whose rules refer to it.
    pub load_balancers: Vec<String>,
    /// `deregistration_delay.timeout_seconds`.
    pub deregistration_delay: Seconds,
    /// `HealthCheckIntervalSeconds`.
    pub check_interval: Seconds,
    /// `stickiness.enabled`: whether clients are pinned to its targets.
    pub pins: bool,
}

/// What the ARN of a Network Load Balancer has in it: those count no requests.
pub const NETWORK: &str = ":loadbalancer/net/";

impl TargetGroup {
    /// Whether a load balancer counts its requests and the answers to them.
    pub fn is_counted(&self) -> bool {
        self.load_balancers.iter().any(|arn| !arn.contains(NETWORK))
    }
}

/// The target groups of these ARNs; a missing one is left out.
pub async fn target_groups(aws: &Aws, arns: &[String]) -> Result<Vec<TargetGroup>, StepError> {
    let mut found = Vec::with_capacity(arns.len());
    for arn in arns {
        let answer = aws.elb().describe_target_groups().target_group_arns(arn).send().await;
        if crate::is_code(&answer, "TargetGroupNotFound") {
            continue;
        }
        let answer = answer.at("DescribeTargetGroups", arn)?;
        let attributes = aws.elb().describe_target_group_attributes().target_group_arn(arn).send().await;
        let attributes = attributes.at("DescribeTargetGroupAttributes", arn)?;
        let attribute = |key: &str| {
            let found = attributes.attributes().iter().find(|attribute| attribute.key() == Some(key));
            found.and_then(|attribute| attribute.value())
        };
        let delay = attribute("deregistration_delay.timeout_seconds").and_then(|value| value.parse().ok());
        let pins = attribute("stickiness.enabled") == Some("true");
        found.extend(answer.target_groups().iter().map(|group| {
            TargetGroup {
                arn: arn.clone(),
                load_balancers: group.load_balancer_arns().to_vec(),
                deregistration_delay: Seconds(delay.unwrap_or(DEFAULT_DEREGISTRATION_DELAY)),
                check_interval: Seconds(
                    group
                        .health_check_interval_seconds()
                        .map_or(DEFAULT_CHECK_INTERVAL, |s| u64::try_from(s).unwrap_or(0)),
                ),
                pins,
            }
        }));
    }
    Ok(found)
}

/// AWS's default deregistration delay in seconds.
const DEFAULT_DEREGISTRATION_DELAY: u64 = 300;
/// AWS's default health-check interval in seconds.
const DEFAULT_CHECK_INTERVAL: u64 = 30;

/// The targets of a group.
pub async fn targets(aws: &Aws, group: &str) -> Result<Vec<TargetSeen>, StepError> {
    let answer = aws.elb().describe_target_health().target_group_arn(group).send().await;
    let answer = answer.at("DescribeTargetHealth", group)?;
    Ok(answer.target_health_descriptions().iter().filter_map(target).collect())
}

fn target(described: &TargetHealthDescription) -> Option<TargetSeen> {
    let (target, health) = (described.target()?, described.target_health()?);
    let why = [health.reason().map(|reason| reason.as_str()), health.description()];
    let why = why.into_iter().flatten().collect::<Vec<_>>().join(": ");
    Some(TargetSeen {
        id: target.id()?.to_owned(),
        port: u16::try_from(target.port().unwrap_or(0)).unwrap_or(0),
        state: health.state()?.as_str().to_owned(),
        why: (!why.is_empty()).then_some(why),
    })
}

/// A route and the actions it was read from, which a write gives back but for two weights.
#[derive(Debug, Clone)]
pub struct RouteActions {
    /// The route in plain words.
    pub route: Route,
    /// Its actions whole.
    pub actions: Vec<Action>,
}

/// All routes of these load balancers that forward to one of these target groups.
pub async fn routes(
    aws: &Aws,
    load_balancers: &[String],
    groups: &[&str],
) -> Result<Vec<RouteActions>, StepError> {
    let mut found = Vec::new();
    for load_balancer in load_balancers.iter().take(MAX_LOAD_BALANCERS) {
        let mut listeners =
            aws.elb().describe_listeners().load_balancer_arn(load_balancer).into_paginator().send();
        while let Some(page) = listeners.next().await {
            for listener in page.at("DescribeListeners", load_balancer)?.listeners() {
                let arn = listener.listener_arn().unwrap_or_default();
                found.extend(routes_of(aws, load_balancer, arn, groups).await?);
            }
        }
    }
    found.sort_by(|a, b| a.route.id.cmp(&b.route.id));
    Ok(found)
}

async fn routes_of(
    aws: &Aws,
    load_balancer: &str,
    listener: &str,
    groups: &[&str],
) -> Result<Vec<RouteActions>, StepError> {
    let mut found = Vec::new();
    let mut pages = aws.elb().describe_rules().listener_arn(listener).into_paginator().send();
    while let Some(page) = pages.next().await {
        for rule in page.at("DescribeRules", listener)?.rules() {
            let id = if rule.is_default().unwrap_or(false) {
                RouteId::DefaultAction(listener.to_owned())
            } else {
                RouteId::Rule(rule.rule_arn().unwrap_or_default().to_owned())
            };
            let read = read(id, load_balancer, rule.actions());
            found.extend(read.filter(|read| groups.iter().any(|g| read.route.weights.contains_key(*g))));
        }
    }
    Ok(found)
}

fn read(id: RouteId, load_balancer: &str, actions: &[Action]) -> Option<RouteActions> {
    let forward = actions.iter().find(|action| action.r#type() == Some(&FORWARD))?;
    let stickiness_seconds = forward
        .forward_config()
        .and_then(|config| config.target_group_stickiness_config())
        .filter(|stickiness| stickiness.enabled().unwrap_or(false))
        .and_then(|stickiness| u64::try_from(stickiness.duration_seconds()?).ok());
    let weights = match forward.forward_config() {
        Some(config) => config
            .target_groups()
            .iter()
            .filter_map(|tuple| {
                let weight = tuple.weight().unwrap_or(1);
                Some((tuple.target_group_arn()?.to_owned(), u32::try_from(weight).unwrap_or(0)))
            })
            .collect(),
        None => BTreeMap::from([(forward.target_group_arn()?.to_owned(), 1)]),
    };
    let asks_cognito =
        actions.iter().any(|action| action.r#type() == Some(&ActionTypeEnum::AuthenticateCognito));
    let route =
        Route { id, load_balancer: load_balancer.to_owned(), weights, stickiness_seconds, asks_cognito };
    Some(RouteActions { route, actions: actions.to_vec() })
}

/// The actions of a route with other weights for the groups named, and nothing else changed.
pub fn with_weights(actions: &[Action], weights: &BTreeMap<String, Weight>) -> Vec<Action> {
    actions.iter().map(|action| kept(action).unwrap_or_else(|| reweighed(action, weights))).collect()
}

/// The actions of a route with its clients pinned for so long, or let go; and nothing else changed.
pub fn with_stickiness(actions: &[Action], seconds: Option<u64>) -> Vec<Action> {
    let pinned = |action: &Action| {
        let mut written = reweighed(action, &BTreeMap::new());
        let duration = seconds.and_then(|seconds| i32::try_from(seconds).ok());
        let stickiness = TargetGroupStickinessConfig::builder()
            .enabled(duration.is_some())
            .set_duration_seconds(duration)
            .build();
        if let Some(config) = written.forward_config.as_mut() {
            config.target_group_stickiness_config = Some(stickiness);
        }
        written
    };
    actions.iter().map(|action| kept(action).unwrap_or_else(|| pinned(action))).collect()
}

/// An action that is not a forward, as it must be given back; ELB never tells an OIDC client's secret, so the
/// write says to keep it.
fn kept(action: &Action) -> Option<Action> {
    if action.r#type() == Some(&FORWARD) {
        return None;
    }
    let mut kept = action.clone();
    if let Some(oidc) = kept.authenticate_oidc_config.as_mut() {
        oidc.use_existing_client_secret = Some(true);
        oidc.client_secret = None;
    }
    Some(kept)
}

fn reweighed(action: &Action, weights: &BTreeMap<String, Weight>) -> Action {
    let config = action.forward_config();
    let tuples = config.map(|config| config.target_groups().to_vec()).unwrap_or_default();
    let tuples = tuples
        .into_iter()
        .map(|tuple| {
            let weight = tuple.target_group_arn().and_then(|arn| weights.get(arn)).copied();
            let weight = weight.and_then(|weight| i32::try_from(weight).ok()).or(tuple.weight());
            TargetGroupTuple::builder()
                .set_target_group_arn(tuple.target_group_arn)
                .set_weight(weight)
                .build()
        })
        .collect();
    forwarding(action, tuples)
}

/// A forward to these target groups; all else of the action is as it was.
pub(crate) fn forwarding(action: &Action, tuples: Vec<TargetGroupTuple>) -> Action {
    let config = action.forward_config();
    let stickiness = config.and_then(|config| config.target_group_stickiness_config()).cloned();
    let config = ForwardActionConfig::builder()
        .set_target_groups(Some(tuples))
        .set_target_group_stickiness_config(stickiness)
        .build();
    let mut written = action.clone();
    written.target_group_arn = None;
    written.forward_config = Some(config);
    written
}

/// Writes a route's actions whole, since ELB replaces the list.
pub async fn write(aws: &Aws, id: &RouteId, actions: Vec<Action>) -> Result<(), StepError> {
    match id {
        RouteId::Rule(arn) => {
            let request = aws.elb().modify_rule().rule_arn(arn).set_actions(Some(actions));
            request.send().await.at("ModifyRule", arn)?;
        }
        RouteId::DefaultAction(arn) => {
            let request = aws.elb().modify_listener().listener_arn(arn).set_default_actions(Some(actions));
            request.send().await.at("ModifyListener", arn)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_elasticloadbalancingv2::types::AuthenticateOidcActionConfig;

    fn tuple(arn: &str, weight: i32) -> TargetGroupTuple {
        TargetGroupTuple::builder().target_group_arn(arn).weight(weight).build()
    }

    #[test]
    fn only_the_two_weights_change() {
        let oidc = AuthenticateOidcActionConfig::builder().client_id("id").build();
        let authenticate = Action::builder()
            .r#type(ActionTypeEnum::AuthenticateOidc)
            .order(1)
            .authenticate_oidc_config(oidc)
            .build();
        let stickiness = TargetGroupStickinessConfig::builder().enabled(true).duration_seconds(60).build();
        let config = ForwardActionConfig::builder()
            .target_groups(tuple("live", 1))
            .target_groups(tuple("next", 0))
            .target_group_stickiness_config(stickiness.clone())
            .build();
        let forward = Action::builder().r#type(FORWARD).order(2).forward_config(config).build();
        let weights = BTreeMap::from([("live".to_owned(), 90), ("next".to_owned(), 10)]);

        let written = with_weights(&[authenticate, forward], &weights);

        let oidc = written[0].authenticate_oidc_config().unwrap();
        assert_eq!((oidc.client_id(), oidc.use_existing_client_secret()), (Some("id"), Some(true)));
        let config = written[1].forward_config().unwrap();
        assert_eq!(config.target_groups(), [tuple("live", 90), tuple("next", 10)]);
        assert_eq!(config.target_group_stickiness_config(), Some(&stickiness));
        assert_eq!((written[1].order(), written[1].target_group_arn()), (Some(2), None));
    }

    #[test]
    fn stickiness_is_switched_off_and_given_back_and_nothing_else_changes() {
        let sticky = |enabled: bool, seconds: Option<i32>| {
            TargetGroupStickinessConfig::builder().enabled(enabled).set_duration_seconds(seconds).build()
        };
        let config = ForwardActionConfig::builder()
            .target_groups(tuple("live", 0))
            .target_groups(tuple("next", 100))
            .target_group_stickiness_config(sticky(true, Some(60)))
            .build();
        let action = Action::builder().r#type(FORWARD).order(2).forward_config(config).build();
        let off = with_stickiness(std::slice::from_ref(&action), None);
        let config = off[0].forward_config().unwrap();
        assert_eq!(config.target_group_stickiness_config(), Some(&sticky(false, None)));
        assert_eq!(config.target_groups(), [tuple("live", 0), tuple("next", 100)]);
        assert_eq!(with_stickiness(&off, Some(60)), [action]);
    }

    #[test]
    fn a_plain_forward_is_a_route_to_one_group() {
        let action = Action::builder().r#type(FORWARD).target_group_arn("live").build();
        let read = read(RouteId::Rule("r".into()), "lb", &[action]).unwrap();
        assert_eq!(read.route.weights, BTreeMap::from([("live".to_owned(), 1)]));
        assert!(!read.route.asks_cognito);
    }

    #[test]
    fn a_route_says_whether_users_sign_in_through_cognito_first() {
        let asks_cognito = |first: ActionTypeEnum| {
            let forward = Action::builder().r#type(FORWARD).target_group_arn("live").build();
            let actions = [Action::builder().r#type(first).build(), forward];
            read(RouteId::Rule("r".into()), "lb", &actions).unwrap().route.asks_cognito
        };
        assert!(asks_cognito(ActionTypeEnum::AuthenticateCognito));
        assert!(!asks_cognito(ActionTypeEnum::AuthenticateOidc));
    }
}
