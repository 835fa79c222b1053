//! Reading a definition: the document, its states, and what each kind of state has.

use super::fields::Fields;
use super::mistake::{Mistake, under};
use super::reach::check_ways;
use super::task::{choice, shape, task, wait, word};
use super::{Kind, MAX_DEFINITION, MAX_STATE_NAME, MOST_SECONDS, Machine, State};
use crate::path::Path;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The only version of the States Language.
const VERSION: &str = "1.0";

impl Machine {
    /// Reads a definition.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(definition: &str) -> Result<Self, Vec<Mistake>> {
        const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";
        if definition.len() > MAX_DEFINITION {
            let size = definition.len();
            let why = format!("the definition has {size} bytes, {MAX_DEFINITION} are allowed");
            return Err(vec![Mistake::whole(SCHEMA, why)]);
        }
        let document: Value = match serde_json::from_str(definition) {
            Ok(document) => document,
            Err(error) => return Err(vec![Mistake::whole("INVALID_JSON_DESCRIPTION", error)]),
        };
        let Some(map) = document.as_object() else {
            return Err(vec![Mistake::whole(SCHEMA, "Definition must be a valid JSON object")]);
        };
        let mut mistakes = Vec::new();
        let machine = machine(map, &mut mistakes);
        match machine {
            Some(machine) if mistakes.is_empty() => Ok(machine),
            _ => Err(mistakes),
        }
    }
}

fn machine(map: &Map<String, Value>, mistakes: &mut Vec<Mistake>) -> Option<Machine> {
    let mut fields = Fields::new(map, String::new(), mistakes);
    fields.require(&["States", "StartAt"]);
    if fields.text("QueryLanguage").is_some_and(|language| language != "JSONPath") {
        fields.wrong_at("QueryLanguage", "only JSONPath is supported here");
    }
    if fields.text("Version").is_some_and(|version| version != VERSION) {
        fields.wrong_at("Version", format_args!("must be {VERSION}"));
    }
    let timeout = fields.number("TimeoutSeconds", 1, MOST_SECONDS);
    let start = fields.text("StartAt");
    fields.take("States");
    let all = map.get("States").map(Value::as_object);
    if all.is_some_and(|all| all.is_none_or(Map::is_empty)) {
        fields.wrong_at("States", "must be an object with at least one state");
    }
    fields.finish();
    let mut states = BTreeMap::new();
    for (name, value) in all.flatten().into_iter().flatten() {
        let pointer = under("/States", name);
        if name.is_empty() || name.chars().count() > MAX_STATE_NAME {
            let why = format_args!("a state's name has 1 to {MAX_STATE_NAME} characters");
            mistakes.push(Mistake::schema(&pointer, why));
        }
        match value.as_object() {
            Some(fields) => {
                states.extend(state(fields, pointer, mistakes).map(|state| (name.clone(), state)));
            }
            None => mistakes.push(Mistake::schema(&pointer, "must be an object")),
        }
    }
    check_ways(map, mistakes);
    Some(Machine { start: start?, timeout, states })
}

fn state(map: &Map<String, Value>, pointer: String, mistakes: &mut Vec<Mistake>) -> Option<State> {
    let mut fields = Fields::new(map, pointer, mistakes);
    fields.require(&["Type"]);
    let name = fields.text("Type")?;
    let (input, output) = if name == "Fail" {
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
            fields.wrong_at("Type", format_args!("{other:?} is not supported here"));
            return None;
        }
    };
    let mut next = None;
    if matches!(name.as_str(), "Task" | "Wait" | "Pass") {
        next = fields.text("Next");
        let ends = fields.take("End").map(|ends| {
            ends.as_bool().unwrap_or_else(|| {
                fields.wrong_at("End", "must be true or false");
                false
            })
        });
        if ends.unwrap_or(false) == map.contains_key("Next") {
            fields.wrong("must have either Next or \"End\": true");
        }
    }
    fields.finish();
    Some(State { input, output, kind: kind?, next })
}
