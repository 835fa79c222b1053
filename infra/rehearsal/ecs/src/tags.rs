//! Tags, in the order they were given.

use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// ECS's bound.
const TAG_LIMIT: usize = 50;

/// The tags of one resource.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tags(Vec<(String, String)>);

impl Tags {
    /// From a request's `tags` member, which may be absent.
    pub(crate) fn parse(input: &Value) -> Result<Self, ApiError> {
        let mut tags = Self::default();
        tags.merge(input)?;
        Ok(tags)
    }

    /// Adds the request's tags; a key that is there gets the new value.
    pub(crate) fn merge(&mut self, input: &Value) -> Result<(), ApiError> {
        for tag in input["tags"].as_array().into_iter().flatten() {
            let key = tag["key"].as_str().unwrap_or_default();
            if key.is_empty() {
                return Err(ApiError::new("InvalidParameterException", "Tag key cannot be empty."));
            }
            let value = tag["value"].as_str().unwrap_or_default().to_owned();
            match self.0.iter_mut().find(|(existing, _)| existing == key) {
                Some(existing) => existing.1 = value,
                None => self.0.push((key.to_owned(), value)),
            }
        }
        if self.0.len() > TAG_LIMIT {
            return Err(ApiError::new("InvalidParameterException", "Too many tags: at most 50 are allowed."));
        }
        Ok(())
    }

    /// These, and those besides; of a key that both have, those count.
    pub(crate) fn with(mut self, other: Self) -> Self {
        self.0.retain(|(key, _)| other.0.iter().all(|(known, _)| known != key));
        self.0.extend(other.0);
        self
    }

    /// Removes the keys listed.
    pub(crate) fn remove(&mut self, keys: &[String]) {
        self.0.retain(|(key, _)| !keys.contains(key));
    }

    /// In the shape of answers.
    pub(crate) fn json(&self) -> Value {
        self.0.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
    }
}
