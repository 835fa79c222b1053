//! Tags of all resources.

use super::{input, refuse};
use crate::elb::Inner;
use crate::state::State;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Tags of one resource.
const TAGS: usize = 50;
/// Resources in one call.
const RESOURCES: usize = 20;

/// The tags of an operation's input.
pub(crate) fn parse(input: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let mut tags = BTreeMap::new();
    for tag in input::list(input, "Tags") {
        let key = input::required(tag, "Key")?;
        let value = input::text(tag, "Value").unwrap_or_default();
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(ApiError::new(
                "DuplicateTagKeys",
                format!("Tag key '{key}' is specified more than once"),
            ));
        }
    }
    if tags.len() > TAGS {
        return Err(too_many());
    }
    Ok(tags)
}

/// Tags a new resource.
pub(crate) fn put(state: &mut State, arn: &str, tags: BTreeMap<String, String>) {
    if !tags.is_empty() {
        state.tags.insert(arn.to_owned(), tags);
    }
}

pub(crate) fn describe(inner: &Inner, input: &Value) -> Result<Value, ApiError> {
    let state = inner.state.lock();
    let told: Vec<Value> = resources(&state, input)?
        .into_iter()
        .map(|arn| {
            let tags: Vec<Value> = state
                .tags
                .get(&arn)
                .into_iter()
                .flatten()
                .map(|(key, value)| json!({"Key": key, "Value": value}))
                .collect();
            json!({"ResourceArn": arn, "Tags": tags})
        })
        .collect();
    Ok(json!({"TagDescriptions": told}))
}

pub(crate) fn add(inner: &Inner, input: &Value) -> Result<Value, ApiError> {
    let given = parse(input)?;
    let mut state = inner.state.lock();
    let arns = resources(&state, input)?;
    for arn in &arns {
        let mut keys: Vec<&String> = state.tags.get(arn).into_iter().flat_map(BTreeMap::keys).collect();
        keys.extend(given.keys());
        keys.sort_unstable();
        keys.dedup();
        if keys.len() > TAGS {
            return Err(too_many());
        }
    }
    for arn in arns {
        state.tags.entry(arn).or_default().extend(given.clone());
    }
    inner.tick();
    Ok(json!({}))
}

pub(crate) fn remove(inner: &Inner, input: &Value) -> Result<Value, ApiError> {
    let keys = input::texts(input, "TagKeys");
    let mut state = inner.state.lock();
    for arn in resources(&state, input)? {
        if let Some(tags) = state.tags.get_mut(&arn) {
            tags.retain(|key, _| !keys.contains(key));
        }
    }
    inner.tick();
    Ok(json!({}))
}

/// The resources a call is about, all of which must exist.
fn resources(state: &State, input: &Value) -> Result<Vec<String>, ApiError> {
    let arns = input::texts(input, "ResourceArns");
    if arns.is_empty() || arns.len() > RESOURCES {
        return Err(refuse::validation(format!("Between 1 and {RESOURCES} resource ARNs must be specified")));
    }
    for arn in &arns {
        let (known, refused): (bool, fn(&str) -> ApiError) = match arn.split(':').nth(5).unwrap_or_default() {
            kind if kind.starts_with("loadbalancer/") => {
                (state.load_balancers.contains_key(arn), refuse::load_balancer_not_found)
            }
            kind if kind.starts_with("targetgroup/") => {
                (state.groups.contains_key(arn), refuse::group_not_found)
            }
            kind if kind.starts_with("listener/") => {
                (state.listeners.contains_key(arn), refuse::listener_not_found)
            }
            kind if kind.starts_with("listener-rule/") => {
                (state.rules.contains_key(arn), refuse::rule_not_found)
            }
            _ => return Err(refuse::validation(format!("'{arn}' is not a valid resource ARN"))),
        };
        if !known {
            return Err(refused(arn));
        }
    }
    Ok(arns)
}

fn too_many() -> ApiError {
    ApiError::new("TooManyTags", format!("A resource can have at most {TAGS} tags"))
}
