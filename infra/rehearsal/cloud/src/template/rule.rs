//! Rules and schedules, as the template has them: the very types that the buses and the scheduler run on.

use super::node::Node;
use crate::events::input::InputSpec;
use crate::events::pattern::Pattern;
use crate::events::schedule::Expression;
use crate::events::{Retry, Rule, Target};
use crate::scheduler::{Schedule, ScheduleTarget};
use serde_json::Value;
use std::time::Duration;

/// The most targets that a rule has.
const MAX_TARGETS: usize = 5;

/// What is given besides a rule's properties.
pub(super) struct Place {
    pub(super) name: String,
    pub(super) arn: String,
    /// The bus of a rule, the group of a schedule.
    pub(super) home: String,
}

pub(super) fn read_rule(node: &Node<'_>, place: Place) -> Rule {
    let pattern = node
        .node("EventPattern")
        .and_then(|pattern| Pattern::parse(pattern.value).map_err(|error| pattern.wrong(error)).ok());
    let schedule = node.text("ScheduleExpression").and_then(|text| expression(node, &text));
    if !node.has("EventPattern") && !node.has("ScheduleExpression") {
        node.wrong("has neither EventPattern nor ScheduleExpression");
    }
    let targets = node.items("Targets");
    if targets.len() > MAX_TARGETS {
        node.wrong(format!("has {} targets, more than {MAX_TARGETS}", targets.len()));
    }
    Rule {
        description: node.text("Description"),
        pattern,
        schedule,
        enabled: is_enabled(node),
        targets: targets.iter().map(read_target).collect(),
        name: place.name,
        arn: place.arn,
        bus: place.home,
    }
}

/// Nothing if it cannot be told when it is due, which is a mistake.
pub(super) fn read_schedule(node: &Node<'_>, place: Place) -> Option<Schedule> {
    let text = node.needed("ScheduleExpression");
    let expression = if text.is_empty() { None } else { expression(node, &text) };
    if node.text("ScheduleExpressionTimezone").is_some_and(|zone| zone != "UTC") {
        node.wrong("ScheduleExpressionTimezone is not UTC, which the rehearsal keeps its schedules in");
    }
    for member in ["StartDate", "EndDate"].into_iter().filter(|member| node.has(member)) {
        node.wrong(format!("{member} is more than the rehearsal's schedules can do"));
    }
    let window = node.node("FlexibleTimeWindow").map(|window| window.needed("Mode"));
    if window.is_none() {
        node.wrong("has no FlexibleTimeWindow");
    }
    let target = node.node("Target");
    if target.is_none() {
        node.wrong("has no Target");
    }
    let target = target.map(|target| ScheduleTarget {
        arn: target.needed("Arn"),
        role: Some(target.needed("RoleArn")),
        input: target.text("Input"),
        retry: read_retry(&target),
        dead_letters: dead_letters(&target),
    });
    Some(Schedule {
        description: node.text("Description"),
        expression: expression?,
        enabled: is_enabled(node),
        target: target?,
        created: jiff::Timestamp::UNIX_EPOCH,
        delete_after: false,
        name: place.name,
        arn: place.arn,
        group: place.home,
    })
}

fn expression(node: &Node<'_>, text: &str) -> Option<Expression> {
    Expression::parse(text).map_err(|error| node.wrong(error)).ok()
}

/// CloudFormation takes `ENABLED` for granted.
fn is_enabled(node: &Node<'_>) -> bool {
    match node.text("State").as_deref() {
        None | Some("ENABLED") => true,
        Some("DISABLED") => false,
        Some(other) => {
            node.wrong(format!("State is {other}, neither ENABLED nor DISABLED"));
            false
        }
    }
}

fn read_target(node: &Node<'_>) -> Target {
    let input = read_input(node);
    if let Err(error) = input.check() {
        node.wrong(error);
    }
    Target {
        id: node.needed("Id"),
        arn: node.needed("Arn"),
        role: node.text("RoleArn"),
        input,
        retry: read_retry(node),
        dead_letters: dead_letters(node),
    }
}

fn read_input(node: &Node<'_>) -> InputSpec {
    let given = ["Input", "InputPath", "InputTransformer"].into_iter().filter(|member| node.has(member));
    if given.count() > 1 {
        node.wrong("may have only one of Input, InputPath and InputTransformer");
    }
    if let Some(text) = node.text("Input") {
        return match serde_json::from_str::<Value>(&text) {
            Ok(value) => InputSpec::Constant(value),
            Err(error) => {
                node.wrong(format!("Input is no JSON: {error}"));
                InputSpec::Whole
            }
        };
    }
    if let Some(path) = node.text("InputPath") {
        return InputSpec::Path(path);
    }
    match node.node("InputTransformer") {
        Some(transformer) => InputSpec::Transformer {
            paths: transformer.pairs("InputPathsMap").into_iter().collect(),
            template: transformer.needed("InputTemplate"),
        },
        None => InputSpec::Whole,
    }
}

fn read_retry(node: &Node<'_>) -> Retry {
    let standard = Retry::default();
    let Some(policy) = node.node("RetryPolicy") else { return standard };
    let attempts = policy.number("MaximumRetryAttempts").and_then(|n| u32::try_from(n).ok());
    Retry {
        attempts: attempts.unwrap_or(standard.attempts),
        age: policy.number("MaximumEventAgeInSeconds").map_or(standard.age, Duration::from_secs),
    }
}

fn dead_letters(node: &Node<'_>) -> Option<String> {
    node.node("DeadLetterConfig").map(|config| config.needed("Arn"))
}
