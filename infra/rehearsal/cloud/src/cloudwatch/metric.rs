//! Which metric: namespace, name and dimensions, which together are its identity.

use crate::input::{list, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A metric's identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Metric {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) dimensions: BTreeMap<String, String>,
}

impl Metric {
    /// Reads `MetricName` and `Dimensions`.
    pub(super) fn read(namespace: &str, input: &Value) -> Self {
        let dimensions = list(input, "Dimensions").iter();
        Self {
            namespace: namespace.to_owned(),
            name: text(input, "MetricName").unwrap_or_default().to_owned(),
            dimensions: dimensions
                .filter_map(|one| Some((text(one, "Name")?.to_owned(), text(one, "Value")?.to_owned())))
                .collect(),
        }
    }

    /// As the API tells it.
    pub(super) fn describe(&self) -> Value {
        let dimensions: Vec<Value> =
            self.dimensions.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
        json!({ "Namespace": self.namespace, "MetricName": self.name, "Dimensions": dimensions })
    }

    /// The value of a dimension.
    pub(super) fn dimension(&self, name: &str) -> Option<&str> {
        self.dimensions.get(name).map(String::as_str)
    }
}
