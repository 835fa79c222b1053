//! What an order says and what it brings about: an execution that puts it on the record of the deployment that is on the way.

use changeover_domain::name::ServiceName;
use changeover_domain::record::Deployment;
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
    /// The next step, or all of them, now.
    Promote(Promotion),
    /// Stay at this weight.
    Pause(bool),
    /// Go on.
    Continue(bool),
}

/// How much of the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Promotion {
    /// The next step.
    Next(bool),
    /// `all`: every step at once.
    All(&'static str),
}

/// Whether a deployment pauses.
pub fn is_paused(record: &Deployment) -> bool {
    record.timeline.last().is_some_and(|last| last.note.contains("paused"))
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
        assert_eq!(
            order(What::Promote(Promotion::All("all"))),
            json!({"service": "main/web", "promote": "all", "cause": "me"})
        );
        assert_eq!(order(What::Pause(true)), json!({"service": "main/web", "pause": true, "cause": "me"}));
        assert_eq!(
            order(What::Continue(true)),
            json!({"service": "main/web", "continue": true, "cause": "me"})
        );
    }
}
