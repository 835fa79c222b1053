//! What the kinds of states have for themselves: tasks with their retriers and catchers, choices, waits.

use super::fields::Fields;
use super::{Catcher, Kind, LAMBDA_INVOKE, MOST_SECONDS, Seconds, Shape, Task, Wait};
use crate::choice::{Rule, is_timestamp};
use crate::retry::{MOST, MOST_DELAY, Retrier};
use crate::template::{Template, words};
use serde_json::Value;

/// What `Parameters` of a Lambda invocation may have here.
const PARAMETERS: [&str; 2] = ["FunctionName", "Payload"];

pub(super) fn shape(fields: &mut Fields<'_>, is_pass: bool) -> Shape {
    Shape {
        parameters: fields.template("Parameters"),
        selector: if is_pass { None } else { fields.template("ResultSelector") },
        result: if is_pass { fields.take("Result").cloned() } else { None },
        result_path: fields.target_or_null("ResultPath"),
    }
}

pub(super) fn task(fields: &mut Fields<'_>) -> Kind {
    fields.require(&["Resource", "Parameters"]);
    let resource = fields.text("Resource");
    if let Some(other) = resource.filter(|resource| resource != LAMBDA_INVOKE) {
        fields.wrong_at("Resource", format_args!("{other:?} is not supported here, only {LAMBDA_INVOKE}"));
    }
    let shape = shape(fields, false);
    if let Some(Template::Fields(parameters)) = &shape.parameters {
        check_parameters(fields, parameters);
    }
    let timeout = seconds(fields, "TimeoutSeconds", "TimeoutSecondsPath", 1);
    let retry = retriers(fields);
    let catch = catchers(fields);
    Kind::Task(Box::new(Task { shape, timeout, retry, catch }))
}

fn check_parameters(fields: &mut Fields<'_>, parameters: &[(String, Template)]) {
    let function = parameters.iter().find(|(name, _)| name == "FunctionName").map(|(_, template)| template);
    let is_name = |value: &Value| value.as_str().is_some_and(|name| !name.is_empty());
    match function {
        None => fields.wrong_at("Parameters", "The field 'FunctionName' is required but was missing"),
        Some(Template::Plain(value)) if !is_name(value) => {
            fields.wrong_at("Parameters", "The value for the field 'FunctionName' must be a STRING");
        }
        Some(_) => {}
    }
    for (name, _) in parameters.iter().filter(|(name, _)| !PARAMETERS.contains(&name.as_str())) {
        fields.wrong_at("Parameters", format_args!("Field '{name}' is not supported"));
    }
}

fn seconds(fields: &mut Fields<'_>, fixed: &'static str, path: &'static str, least: u64) -> Option<Seconds> {
    let (number, at) = (fields.number(fixed, least, MOST_SECONDS), fields.path(path));
    match (number, at) {
        (Some(_), Some(_)) => {
            fields.wrong(format_args!("has both {fixed} and {path}"));
            None
        }
        (number, at) => number.map(Seconds::Fixed).or(at.map(Seconds::At)),
    }
}

fn retriers(fields: &mut Fields<'_>) -> Vec<Retrier> {
    let objects = fields.objects("Retry");
    let count = objects.len();
    let mut retriers = Vec::with_capacity(count);
    for (index, (map, pointer)) in objects.into_iter().enumerate() {
        let mut one = Fields::new(map, pointer, fields.mistakes);
        let errors = one.errors(index + 1 == count);
        let interval = one.number("IntervalSeconds", 1, MOST).unwrap_or(1);
        let attempts = one.number("MaxAttempts", 0, MOST).unwrap_or(3);
        let most_delay = one.number("MaxDelaySeconds", 1, MOST_DELAY);
        let rate = one.take("BackoffRate").map_or(Some(2.0), Value::as_f64).filter(|rate| *rate >= 1.0);
        if rate.is_none() {
            one.wrong_at("BackoffRate", "must be a number of at least 1");
        }
        let jitter = one.text("JitterStrategy");
        if jitter.as_ref().is_some_and(|jitter| jitter != "FULL" && jitter != "NONE") {
            one.wrong_at("JitterStrategy", "must be FULL or NONE");
        }
        one.finish();
        let (rate, jitter) = (rate.unwrap_or(1.0), jitter.as_deref() == Some("FULL"));
        retriers.push(Retrier { errors, interval, attempts, rate, most_delay, jitter });
    }
    retriers
}

fn catchers(fields: &mut Fields<'_>) -> Vec<Catcher> {
    let objects = fields.objects("Catch");
    let count = objects.len();
    let mut catchers = Vec::with_capacity(count);
    for (index, (map, pointer)) in objects.into_iter().enumerate() {
        let mut one = Fields::new(map, pointer, fields.mistakes);
        one.require(&["Next"]);
        let errors = one.errors(index + 1 == count);
        let result_path = one.target_or_null("ResultPath");
        let next = one.text("Next");
        one.finish();
        catchers.extend(next.map(|next| Catcher { errors, result_path, next }));
    }
    catchers
}

pub(super) fn choice(fields: &mut Fields<'_>) -> Kind {
    let mut rules = Vec::new();
    let objects = fields.objects("Choices");
    if objects.is_empty() {
        fields.wrong_at("Choices", "must be a list with at least one rule");
    }
    for (map, pointer) in objects {
        let mut rule = map.clone();
        let next = rule.remove("Next");
        let rule = Rule::parse(&Value::Object(rule), &pointer, fields.mistakes);
        let mut one = Fields::new(map, pointer, fields.mistakes);
        one.require(&["Next"]);
        let is_text = one.text("Next").is_some();
        if let (Some(rule), Some(Value::String(next)), true) = (rule, next, is_text) {
            rules.push((rule, next));
        }
    }
    Kind::Choice { rules, default: fields.text("Default") }
}

pub(super) fn wait(fields: &mut Fields<'_>) -> Option<Wait> {
    let seconds = seconds(fields, "Seconds", "SecondsPath", 0).map(Wait::Seconds);
    let given = fields.take("Timestamp").cloned();
    if given.as_ref().is_some_and(|given| !is_timestamp(given)) {
        fields.wrong_at("Timestamp", "must be an RFC 3339 timestamp such as 2026-01-31T09:00:00Z");
    }
    let given = given.map(|given| Wait::Until(Template::Plain(given)));
    let found = fields.path("TimestampPath").map(|path| Wait::Until(Template::At(path)));
    let mut all = [seconds, given, found].into_iter().flatten();
    match (all.next(), all.next()) {
        (Some(wait), None) => Some(wait),
        _ => {
            fields.wrong("must have one of Seconds, SecondsPath, Timestamp and TimestampPath");
            None
        }
    }
}

/// A string that is given, or found by a path or an intrinsic function that makes strings.
pub(super) fn word(fields: &mut Fields<'_>, fixed: &'static str, path: &'static str) -> Option<Template> {
    let (given, found) = (fields.text(fixed), fields.text(path));
    if given.is_some() && found.is_some() {
        fields.wrong(format_args!("has both {fixed} and {path}"));
    }
    match (given, found) {
        (Some(text), _) => Some(Template::Plain(Value::String(text))),
        (None, Some(text)) => words(&text).map_err(|why| fields.wrong_at(path, why)).ok(),
        (None, None) => None,
    }
}
