//! What a call needs to be allowed.

use crate::context::Context;
use serde::{Deserialize, Serialize};

/// One action on one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// Such as `ecs:UpdateService`.
    pub action: String,
    /// The resource's ARN; `*` where AWS has no resource level.
    pub resource: String,
    /// What else is known.
    #[serde(default, skip_serializing_if = "Context::is_empty")]
    pub context: Context,
}

impl Need {
    /// An action on a resource, of which nothing else is known.
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), context: Context::default() }
    }

    /// The same with one more condition key.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.context.add(key, value);
        self
    }

    /// The part of the action before the colon, such as `ecs`.
    #[must_use]
    pub fn service(&self) -> &str {
        self.action.split(':').next().unwrap_or_default()
    }

    /// Fills in a tag that the resource has.
    pub fn add_resource_tag(&mut self, key: &str, value: &str) {
        let own = format!("{}:ResourceTag/{key}", self.service());
        self.context.add(&format!("aws:ResourceTag/{key}"), value);
        self.context.add(&own, value);
    }

    /// Fills in a tag that the call is to give.
    pub(crate) fn add_request_tag(&mut self, key: &str, value: &str) {
        self.context.add(&format!("aws:RequestTag/{key}"), value);
        self.context.add("aws:TagKeys", key);
    }
}
