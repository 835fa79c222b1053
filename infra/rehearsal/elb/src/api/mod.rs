//! The control plane's operations, in AWS's names.

pub(crate) mod action;
mod attributes;
pub(crate) mod condition;
mod group_settings;
mod groups;
mod input;
mod listeners;
mod load_balancers;
mod page;
pub(crate) mod refuse;
mod rules;
mod tags;
mod targets;

use crate::elb::Inner;
use rehearsal_wire::ApiError;
use serde_json::Value;
use std::sync::Arc;

/// Answers one operation.
pub(crate) async fn call(inner: &Arc<Inner>, operation: &str, input: &Value) -> Result<Value, ApiError> {
    match operation {
        "CreateLoadBalancer" => load_balancers::create(inner, input),
        "DescribeLoadBalancers" => load_balancers::describe(inner, input),
        "DeleteLoadBalancer" => load_balancers::delete(inner, input),
        "DescribeLoadBalancerAttributes" => attributes::describe_load_balancer(inner, input),
        "ModifyLoadBalancerAttributes" => attributes::modify_load_balancer(inner, input),
        "CreateTargetGroup" => groups::create(inner, input),
        "DescribeTargetGroups" => groups::describe(inner, input),
        "ModifyTargetGroup" => groups::modify(inner, input),
        "DeleteTargetGroup" => groups::delete(inner, input),
        "DescribeTargetGroupAttributes" => attributes::describe_group(inner, input),
        "ModifyTargetGroupAttributes" => attributes::modify_group(inner, input),
        "CreateListener" => listeners::create(inner, input).await,
        "DescribeListeners" => listeners::describe(inner, input),
        "ModifyListener" => listeners::modify(inner, input).await,
        "DescribeListenerAttributes" => attributes::describe_listener(inner, input),
        "ModifyListenerAttributes" => attributes::modify_listener(inner, input),
        "DeleteListener" => listeners::delete(inner, input),
        "CreateRule" => rules::create(inner, input),
        "DescribeRules" => rules::describe(inner, input),
        "ModifyRule" => rules::modify(inner, input),
        "DeleteRule" => rules::delete(inner, input),
        "RegisterTargets" => targets::register(inner, input),
        "DeregisterTargets" => targets::deregister(inner, input),
        "DescribeTargetHealth" => targets::describe_health(inner, input),
        "DescribeTags" => tags::describe(inner, input),
        "AddTags" => tags::add(inner, input),
        "RemoveTags" => tags::remove(inner, input),
        other => Err(ApiError::new("UnknownOperationException", format!("Unknown operation {other}"))),
    }
}
