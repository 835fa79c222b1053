//! Faults on purpose: events that are lost, doubled or late, as EventBridge's are at times.

use serde_json::Value;
use std::time::Duration;

/// What happens to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventFault {
    /// It never arrives.
    Drop,
    /// It arrives twice.
    Double,
    /// It arrives so much later.
    Delay(Duration),
}

/// Spoils the next events of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFaultRule {
    /// Only events with this `source`, if any is given.
    pub source: Option<String>,
    /// Only events with this `detail-type`, if any is given.
    pub detail_type: Option<String>,
    /// How many.
    pub times: u32,
    /// What happens to them.
    pub fault: EventFault,
}

/// What is to happen to this event; a rule that has spoiled all it should is gone.
pub(crate) fn next(rules: &mut Vec<EventFaultRule>, event: &Value) -> Option<EventFault> {
    let is = |wanted: &Option<String>, member: &str| {
        wanted.as_deref().is_none_or(|wanted| event.get(member).and_then(Value::as_str) == Some(wanted))
    };
    let rule = rules
        .iter_mut()
        .find(|rule| rule.times > 0 && is(&rule.source, "source") && is(&rule.detail_type, "detail-type"))?;
    rule.times -= 1;
    let fault = rule.fault;
    rules.retain(|rule| rule.times > 0);
    Some(fault)
}
