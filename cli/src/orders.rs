//! What an order says and what it brings about: an execution that puts it on the record of the deployment that is on the way.

use changeover_domain::gate::Promote;
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
    /// The end of this pause or bake, or of all between the steps.
    Promote(Promote),
    /// A stop at the next point.
    Pause(bool),
    /// The end of this pause.
    Continue(bool),
}

/// Whether a pause holds a deployment.
pub fn is_paused(record: &Deployment) -> bool {
    record.progress.gate.held.is_some()
}

impl What {
    /// The orders that a deployment can be given now.
    pub fn offered(record: &Deployment) -> Vec<Self> {
        if record.is_given_up() { Vec::new() } else { vec![Self::Rollback(true)] }
    }

    /// An order by its name in an address.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "rollback" => Some(Self::Rollback(true)),
            _ => None,
        }
    }

    /// Its name in an address.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rollback(_) => "rollback",
        }
    }

    /// What it does, as a button says it.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Rollback(_) => "Take it back",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::gate::Kind;
    use changeover_domain::state::Request;
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
        for (what, key, says, kind) in [
            (What::Promote(Promote::This), "promote", json!(true), Kind::Promote),
            (What::Promote(Promote::All), "promote", json!("all"), Kind::PromoteAll),
            (What::Pause(true), "pause", json!(true), Kind::Pause),
            (What::Continue(true), "continue", json!(true), Kind::Continue),
        ] {
            let input = order(what);
            assert_eq!(input, json!({"service": "main/web", key: says, "cause": "me"}));
            assert_eq!(Request::read(&input).unwrap().order(), Some(kind));
        }
    }
}
