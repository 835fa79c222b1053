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
        match record.is_given_up() {
            true => Vec::new(),
            false if is_paused(record) => vec![Self::Promote(Promote::This), Self::Rollback(true)],
            false => vec![Self::Rollback(true)],
        }
    }

    /// An order by its name in an address.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "rollback" => Some(Self::Rollback(true)),
            "promote" => Some(Self::Promote(Promote::This)),
            "promote-all" => Some(Self::Promote(Promote::All)),
            "pause" => Some(Self::Pause(true)),
            "continue" => Some(Self::Continue(true)),
            _ => None,
        }
    }

    /// Its name in an address.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rollback(_) => "rollback",
            Self::Promote(Promote::This) => "promote",
            Self::Promote(Promote::All) => "promote-all",
            Self::Pause(_) => "pause",
            Self::Continue(_) => "continue",
        }
    }

    /// What it does, as a button says it.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Rollback(_) => "Take it back",
            Self::Promote(Promote::This) => "End this pause or bake",
            Self::Promote(Promote::All) => "Do without the bakes that are left",
            Self::Pause(_) => "Stop it at its next point",
            Self::Continue(_) => "Let it go on",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::Timestamp;
    use changeover_domain::gate::Kind;
    use changeover_domain::name::DeploymentId;
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

    #[test]
    fn an_address_names_every_order_and_a_held_deployment_is_offered_to_go_on() {
        for what in [
            What::Rollback(true),
            What::Promote(Promote::This),
            What::Promote(Promote::All),
            What::Pause(true),
            What::Continue(true),
        ] {
            assert_eq!(What::of(what.name()), Some(what));
        }
        let at = Timestamp::UNIX_EPOCH;
        let (service, id) = (ServiceName::new("main", "web"), DeploymentId::from("d"));
        let mut record = Deployment::new(service, id, "arn", "push", at);
        assert_eq!(What::offered(&record), [What::Rollback(true)]);
        let held = json!({"held": {"place": "before-start", "since": at, "until": at, "then": "promote", "by": "ann"}});
        record.progress.gate = serde_json::from_value(held).unwrap();
        assert_eq!(What::offered(&record), [What::Promote(Promote::This), What::Rollback(true)]);
        record.fail("ill");
        assert_eq!(What::offered(&record), []);
    }
}
