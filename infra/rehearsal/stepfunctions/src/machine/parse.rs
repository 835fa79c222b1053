//! Reading a definition: all its mistakes at once, each with a JSON pointer.

use super::fields::Fields;
use super::{
    Catcher, Kind, LAMBDA_INVOKE, MAX_DEFINITION, MAX_STATE_NAME, Machine, Seconds, Shape, State, Task, Wait,
};
use crate::choice::Rule;
use crate::path::Path;
use crate::retry::{MOST, MOST_DELAY, Retrier};
use crate::template::{Template, expression};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// AWS's bound on `TimeoutSeconds` of a state and of a machine.
const MOST_TIMEOUT: u64 = 99_999_999;

impl Machine {
    /// Reads a definition.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(definition: &str) -> Result<Self, Vec<String>> {
        if definition.len() > MAX_DEFINITION {
            return Err(vec![format!(
                "the definition has {} bytes, {MAX_DEFINITION} are allowed",
                definition.len()
            )]);
        }
        let document: Value = serde_json::from_str(definition)
            .map_err(|error| vec![format!("the definition is no JSON: {error}")])?;
        let Some(map) = document.as_object() else {
            return Err(vec!["the definition must be an object".to_owned()]);
        };
        let mut mistakes = Vec::new();
        let machine = machine(map, &mut mistakes);
        match machine {
            Some(machine) if mistakes.is_empty() => Ok(machine),
            _ => Err(mistakes),
        }
    }
}

fn machine(map: &Map<String, Value>, mistakes: &mut Vec<String>) -> Option<Machine> {
    let mut states = BTreeMap::new();
    if let Some(all) = map.get("States").and_then(Value::as_object) {
        for (name, value) in all {
            let pointer = format!("/States/{name}");
            if name.is_empty() || name.chars().count() > MAX_STATE_NAME {
                mistakes.push(format!("{pointer}: a state's name has 1 to {MAX_STATE_NAME} characters"));
            }
            match value.as_object() {
                Some(fields) => {
                    states.extend(state(fields, pointer, mistakes).map(|state| (name.clone(), state)));
                }
                None => mistakes.push(format!("{pointer}: must be an object")),
            }
        }
        reachable(map, &states, all, mistakes);
    }
    let mut fields = Fields::new(map, String::new(), mistakes);
    let language = fields.text("QueryLanguage");
    if language.is_some_and(|language| language != "JSONPath") {
        fields.wrong("QueryLanguage: only JSONPath is supported here");
    }
    fields.take("Version");
    if fields.take("States").and_then(Value::as_object).is_none_or(Map::is_empty) {
        fields.wrong("States must be an object with at least one state");
    }
    let timeout = fields.number("TimeoutSeconds", 1, MOST_TIMEOUT);
    let start = fields.text("StartAt");
    if start.is_none() {
        fields.wrong("StartAt is missing");
    }
    fields.finish();
    Some(Machine { start: start?, timeout, states })
}

/// Every state named is there, and every state there is can be reached.
fn reachable(
    map: &Map<String, Value>,
    states: &BTreeMap<String, State>,
    all: &Map<String, Value>,
    mistakes: &mut Vec<String>,
) {
    let start = map.get("StartAt").and_then(Value::as_str).unwrap_or_default();
    let mut targets: Vec<(String, &str)> = vec![("/StartAt".to_owned(), start)];
    for (name, state) in states {
        targets.extend(next_states(state).into_iter().map(|next| (format!("/States/{name}"), next)));
    }
    for (pointer, next) in &targets {
        if !all.contains_key(*next) {
            mistakes.push(format!("{pointer}: there is no state {next:?}"));
        }
    }
    let mut reached = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(state) = open.pop().and_then(|name| states.get(name)) {
        open.extend(next_states(state).into_iter().filter(|next| reached.insert(next)));
    }
    if states.len() == all.len() {
        for name in all.keys().filter(|name| !reached.contains(name.as_str())) {
            mistakes.push(format!("/States/{name}: no state leads to it"));
        }
    }
}

/// The states that may follow.
pub(crate) fn next_states(state: &State) -> Vec<&str> {
    let mut next: Vec<&str> = state.next.iter().map(String::as_str).collect();
    match &state.kind {
        Kind::Task(task) => next.extend(task.catch.iter().map(|catcher| catcher.next.as_str())),
        Kind::Choice { rules, default } => {
            next.extend(rules.iter().map(|(_, next)| next.as_str()));
            next.extend(default.as_deref());
        }
        _ => {}
    }
    next
}

fn state(map: &Map<String, Value>, pointer: String, mistakes: &mut Vec<String>) -> Option<State> {
    let mut fields = Fields::new(map, pointer, mistakes);
    let name = fields.text("Type").unwrap_or_default();
    let is_fail = name == "Fail";
    let (input, output) = if is_fail {
        (Some(Path::whole()), Some(Path::whole()))
    } else {
        (fields.path_or_null("InputPath"), fields.path_or_null("OutputPath"))
    };
    let kind = match name.as_str() {
        "Task" => Some(task(&mut fields)),
        "Choice" => Some(choice(&mut fields)),
        "Wait" => wait(&mut fields).map(Kind::Wait),
        "Pass" => Some(Kind::Pass(shape(&mut fields, true))),
        "Succeed" => Some(Kind::Succeed),
        "Fail" => Some(Kind::Fail {
            error: word(&mut fields, "Error", "ErrorPath"),
            cause: word(&mut fields, "Cause", "CausePath"),
        }),
        other => {
            fields.wrong(format_args!("Type {other:?} is not supported here"));
            return None;
        }
    };
    let mut next = None;
    if matches!(name.as_str(), "Task" | "Wait" | "Pass") {
        next = fields.text("Next");
        let ends = fields.take("End").and_then(Value::as_bool).unwrap_or(false);
        if ends == next.is_some() {
            fields.wrong("must have either Next or \"End\": true");
        }
    }
    fields.finish();
    Some(State { input, output, kind: kind?, next })
}

fn shape(fields: &mut Fields<'_>, is_pass: bool) -> Shape {
    Shape {
        parameters: fields.template("Parameters"),
        selector: if is_pass { None } else { fields.template("ResultSelector") },
        result: if is_pass { fields.take("Result").cloned() } else { None },
        result_path: fields.path_or_null("ResultPath"),
    }
}

fn task(fields: &mut Fields<'_>) -> Kind {
    let resource = fields.text("Resource").unwrap_or_default();
    if resource != LAMBDA_INVOKE {
        fields.wrong(format_args!("Resource {resource:?} is not supported here, only {LAMBDA_INVOKE}"));
    }
    let shape = shape(fields, false);
    let names = |template: &Template| matches!(template, Template::Fields(all) if all.iter().any(|(name, _)| name == "FunctionName"));
    if !shape.parameters.as_ref().is_some_and(names) {
        fields.wrong("Parameters must have a FunctionName");
    }
    let timeout = seconds(fields, "TimeoutSeconds", "TimeoutSecondsPath", 1);
    let retry = retriers(fields);
    let catch = catchers(fields);
    Kind::Task(Box::new(Task { shape, timeout, retry, catch }))
}

fn seconds(fields: &mut Fields<'_>, fixed: &'static str, path: &'static str, least: u64) -> Option<Seconds> {
    let (number, at) = (fields.number(fixed, least, MOST_TIMEOUT), fields.path(path));
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
            one.wrong("BackoffRate must be a number of at least 1");
        }
        let jitter = one.text("JitterStrategy");
        if jitter.as_ref().is_some_and(|jitter| jitter != "FULL" && jitter != "NONE") {
            one.wrong("JitterStrategy must be FULL or NONE");
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
        let errors = one.errors(index + 1 == count);
        let result_path = one.path_or_null("ResultPath");
        let next = one.text("Next");
        if next.is_none() {
            one.wrong("Next is missing");
        }
        one.finish();
        catchers.extend(next.map(|next| Catcher { errors, result_path, next }));
    }
    catchers
}

fn choice(fields: &mut Fields<'_>) -> Kind {
    let mut rules = Vec::new();
    let objects = fields.objects("Choices");
    if objects.is_empty() {
        fields.wrong("Choices must be a list with at least one rule");
    }
    for (map, pointer) in objects {
        let rule = Rule::parse(&Value::Object(map.clone()), &pointer, fields.mistakes);
        match (rule, map.get("Next").and_then(Value::as_str)) {
            (Some(rule), Some(next)) => rules.push((rule, next.to_owned())),
            (_, None) => fields.mistakes.push(format!("{pointer}: Next is missing")),
            _ => {}
        }
    }
    Kind::Choice { rules, default: fields.text("Default") }
}

fn wait(fields: &mut Fields<'_>) -> Option<Wait> {
    let seconds = seconds(fields, "Seconds", "SecondsPath", 0).map(Wait::Seconds);
    let until = word(fields, "Timestamp", "TimestampPath").map(Wait::Until);
    match (seconds, until) {
        (Some(wait), None) | (None, Some(wait)) => Some(wait),
        _ => {
            fields.wrong("must have one of Seconds, SecondsPath, Timestamp and TimestampPath");
            None
        }
    }
}

/// A string that is given, or found by a path or an intrinsic function.
fn word(fields: &mut Fields<'_>, fixed: &'static str, path: &'static str) -> Option<Template> {
    let (given, found) = (fields.text(fixed), fields.text(path));
    if given.is_some() && found.is_some() {
        fields.wrong(format_args!("has both {fixed} and {path}"));
    }
    match (given, found) {
        (Some(text), _) => Some(Template::Plain(Value::String(text))),
        (None, Some(text)) => match expression(&text) {
            Ok(template) => Some(template),
            Err(why) => {
                fields.wrong(format_args!("{path}: {why}"));
                None
            }
        },
        (None, None) => None,
    }
}
