//! Reading alarms as they are put: what is kept of them is acted on or told, everything else is refused in words.

use super::composite::Expression;
use super::rule::Rule;
use crate::input::{required, texts};
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// What AWS calls a wrong alarm.
pub(super) const INVALID: &str = "ValidationError";
/// Most alarms that a composite one may be about.
const MAX_CHILDREN: usize = 100;
/// What a composite alarm says when it is first evaluated, before its state.
const CREATED: &str = "was created and its alarm rule evaluates to";
/// The same for one that was there; AWS's words for it are not known to us.
const UPDATED: &str = "was updated and its alarm rule evaluates to";

/// The properties of an alarm that the API tells under the same name.
const TOLD: [&str; 20] = [
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "AlarmRule",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "InsufficientDataActions",
    "MetricName",
    "Metrics",
    "Namespace",
    "OKActions",
    "Period",
    "Statistic",
    "Threshold",
    "TreatMissingData",
    "Unit",
];
/// Told of a template's alarm, and not evaluated: whoever puts one by the API is told so.
const NOT_EVALUATED: [&str; 2] = ["EvaluateLowSampleCountPercentile", "Unit"];
/// Whom an alarm tells.
const ACTIONS: [&str; 3] = ["AlarmActions", "InsufficientDataActions", "OKActions"];
/// What stands before every topic's ARN.
const TOPIC: &str = "arn:aws:sns:";

/// What an alarm watches.
#[derive(Debug)]
pub(super) enum Watches {
    /// Metrics.
    Metrics(Rule),
    /// Other alarms.
    Alarms {
        rule: Expression,
        /// What has just been done to it, in AWS's words, until it is evaluated.
        news: Option<&'static str>,
    },
}

/// An alarm that is put.
pub(super) struct Put<'a> {
    pub(super) name: &'a str,
    pub(super) watches: Watches,
    /// What the API tells of it, besides its state.
    pub(super) told: Value,
}

/// What the API tells of an alarm with these properties.
pub(super) fn told(properties: &Value) -> Value {
    let mut told = json!({});
    for member in TOLD {
        if let Some(value) = properties.get(member) {
            told[member] = value.clone();
        }
    }
    if told.get("ActionsEnabled").is_none() {
        told["ActionsEnabled"] = true.into();
    }
    told
}

/// Reads the input of PutMetricAlarm.
pub(super) fn metric(input: &Value) -> Result<Put<'_>, ApiError> {
    let name = checked(input, &TOLD)?;
    let rule = Rule::read(input).map_err(|why| invalid(&why))?;
    Ok(Put { name, watches: Watches::Metrics(rule), told: told(input) })
}

/// Reads the input of PutCompositeAlarm.
pub(super) fn composite(input: &Value, is_new: bool) -> Result<Put<'_>, ApiError> {
    let name = checked(input, &["ActionsEnabled", "AlarmDescription", "AlarmRule"])?;
    let rule = required(input, "AlarmRule", INVALID)?;
    let rule = Expression::read(rule).map_err(|why| invalid(&format!("AlarmRule: {why}")))?;
    if rule.children().len() > MAX_CHILDREN {
        return Err(invalid(&format!("AlarmRule: it is about more than {MAX_CHILDREN} alarms")));
    }
    let news = Some(if is_new { CREATED } else { UPDATED });
    Ok(Put { name, watches: Watches::Alarms { rule, news }, told: told(input) })
}

/// The name of an alarm of which nothing is put that is not acted on.
fn checked<'a>(input: &'a Value, known: &[&str]) -> Result<&'a str, ApiError> {
    let name = required(input, "AlarmName", INVALID)?;
    let given = input.as_object().into_iter().flatten().map(|(member, _)| member.as_str());
    let is_known = |member: &str| {
        member == "AlarmName"
            || ACTIONS.contains(&member)
            || (known.contains(&member) && !NOT_EVALUATED.contains(&member))
    };
    let others: Vec<&str> = given.filter(|member| !is_known(member)).collect();
    if !others.is_empty() {
        return Err(invalid(&format!("{} of an alarm is not offered here", others.join(", "))));
    }
    let actions = ACTIONS.into_iter().flat_map(|actions| texts(input, actions));
    if let Some(other) = actions.into_iter().find(|action| !action.starts_with(TOPIC)) {
        return Err(invalid(&format!("{other}: the rehearsal's alarms tell topics only")));
    }
    Ok(name)
}

fn invalid(why: &str) -> ApiError {
    ApiError::new(INVALID, why)
}
