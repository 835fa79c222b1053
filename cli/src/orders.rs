//! What an order says and what it brings about: an execution that puts it on the record of the deployment that is on the way.

use changeover_domain::name::ServiceName;
use serde::Serialize;

/// The input of an execution that gives an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Order {
    /// For whom.
    pub service: ServiceName,
    /// What.
    #[serde(flatten)]
    pub what: What,
    /// Who asks, and why.
    pub cause: String,
}

/// What is ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Everything back.
    Rollback(bool),
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{json, to_value};

    #[test]
    fn an_order_is_the_input_that_the_functions_read() {
        let order = |what| {
            to_value(Order { service: ServiceName::new("main", "web"), what, cause: "me".into() }).unwrap()
        };
        assert_eq!(
            order(What::Rollback(true)),
            json!({"service": "main/web", "rollback": true, "cause": "me"})
        );
    }
}
