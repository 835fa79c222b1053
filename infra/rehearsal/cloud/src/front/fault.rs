//! Faults on purpose: which API call goes wrong, and how.

use super::caller::Caller;
use rehearsal_wire::{ApiError, Call, Service};
use std::sync::Arc;
use std::time::Duration;

/// How a call is spoiled.
#[derive(Debug, Clone, PartialEq)]
pub enum ApiFault {
    /// Nothing is done, and this is the answer.
    Fail(ApiError),
    /// Nothing is done, because there were too many calls.
    Throttle,
    /// Nothing is done for so long; then the call goes its way.
    Delay(Duration),
    /// Everything is done, and this is the answer.
    ActThenFail(ApiError),
    /// Everything is done, and the connection is closed without an answer.
    ActThenDrop,
    /// Everything is done, and the answer comes so much later.
    ActThenDelay(Duration),
    /// A read of Amazon ECS, Elastic Load Balancing or Step Functions is answered as it was up to so long ago. What is no
    /// such read goes its way.
    Stale(Duration),
}

impl ApiFault {
    /// Nothing is done, and a balancer before the service answers with this status, in HTML.
    pub fn unreadable(status: u16) -> Self {
        Self::Fail(ApiError::new("", "").with_status(status))
    }
}

/// Spoils calls of a kind, after letting some pass.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiFaultRule {
    /// Only calls of this function, by its name, or of the `operator`, if any is given.
    pub caller: Option<String>,
    /// Only calls of this service, if any is given.
    pub service: Option<Service>,
    /// Only calls of this operation, if any is given.
    pub operation: Option<String>,
    /// How many matching calls pass unharmed first.
    pub skip: u32,
    /// How many are spoiled then.
    pub times: u32,
    /// What happens to them.
    pub fault: ApiFault,
}

/// Asked before every call that comes in over the wire, after the rules: for faults that need a mind.
pub type FaultHook = Arc<dyn Fn(&Caller, &Call) -> Option<ApiFault> + Send + Sync>;

impl ApiFaultRule {
    fn takes(&self, caller: &Caller, call: &Call) -> bool {
        self.caller.as_deref().is_none_or(|name| name == caller.name())
            && self.service.is_none_or(|service| service == call.service)
            && self.operation.as_deref().is_none_or(|operation| operation == call.operation)
    }
}

/// What is to happen to this call. Every rule that matches counts down.
pub(crate) fn next(rules: &mut Vec<ApiFaultRule>, caller: &Caller, call: &Call) -> Option<ApiFault> {
    let mut found = None;
    for rule in rules.iter_mut().filter(|rule| rule.takes(caller, call)) {
        if rule.skip > 0 {
            rule.skip -= 1;
        } else if found.is_none() && rule.times > 0 {
            rule.times -= 1;
            found = Some(rule.fault.clone());
        }
    }
    rules.retain(|rule| rule.times > 0);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_match_count_down_and_go() {
        let call = |operation: &str| Call {
            service: Service::Ecs,
            operation: operation.to_owned(),
            input: serde_json::Value::Null,
            access_key: None,
            region: "us-east-1".to_owned(),
            trace: None,
        };
        let mut rules = vec![ApiFaultRule {
            caller: Some("operator".to_owned()),
            service: Some(Service::Ecs),
            operation: Some("ListTasks".to_owned()),
            skip: 1,
            times: 2,
            fault: ApiFault::Throttle,
        }];
        let mut take = |operation: &str| next(&mut rules, &Caller::Operator, &call(operation));
        assert_eq!(take("ListServices"), None);
        let taken: Vec<bool> = (0..4).map(|_| take("ListTasks").is_some()).collect();
        assert_eq!(taken, [false, true, true, false]);
        assert!(rules.is_empty());
    }
}
