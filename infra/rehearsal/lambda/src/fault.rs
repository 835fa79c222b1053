//! Faults on purpose: which invocation of which function goes wrong, and how.

use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// How an invocation is spoiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The environment dies before the function gets the event: nothing was done.
    KillBefore,
    /// The function does its work, then dies, and its answer is lost: everything was done.
    ActThenDie,
    /// The function never gets the event and is killed at its timeout.
    Stall,
    /// The function does its work, its answer is lost, and it is killed at its timeout.
    ActThenStall,
    /// From this invocation on and for so long, Lambda answers `ServiceException`.
    Unavailable(Duration),
    /// From this invocation on and for so long, Lambda answers `TooManyRequestsException`.
    Throttled(Duration),
}

/// Spoils invocations of one function, after letting some pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultRule {
    /// The function's name; `*` for every function.
    pub function: String,
    /// How many matching invocations pass unharmed first.
    pub skip: u32,
    /// How many are spoiled then.
    pub times: u32,
    /// What happens to them.
    pub fault: Fault,
}

/// The rules that still have invocations to spoil.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Vec<FaultRule>,
    refusing: Vec<(String, Fault, Instant)>,
    spoiled: BTreeMap<String, u64>,
}

impl Faults {
    pub(crate) fn add(&mut self, rule: FaultRule) {
        self.rules.push(rule);
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
        self.refusing.clear();
    }

    /// How many invocations of a function were spoiled so far.
    pub(crate) fn spoiled(&self, function: &str) -> u64 {
        self.spoiled.get(function).copied().unwrap_or(0)
    }

    /// What is to happen to this invocation. Every rule that matches counts down.
    pub(crate) fn next(&mut self, function: &str, now: Instant) -> Option<Fault> {
        let fault = self.take(function, now)?;
        *self.spoiled.entry(function.to_owned()).or_default() += 1;
        Some(fault)
    }

    fn take(&mut self, function: &str, now: Instant) -> Option<Fault> {
        self.refusing.retain(|(_, _, until)| now < *until);
        if let Some((_, fault, _)) = self.refusing.iter().find(|(name, ..)| matches(name, function)) {
            return Some(*fault);
        }
        let mut found = None;
        for rule in self.rules.iter_mut().filter(|rule| matches(&rule.function, function)) {
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if found.is_none() && rule.times > 0 {
                rule.times -= 1;
                found = Some((rule.function.clone(), rule.fault));
            }
        }
        self.rules.retain(|rule| rule.times > 0);
        let (name, fault) = found?;
        if let Fault::Unavailable(span) | Fault::Throttled(span) = fault {
            self.refusing.push((name, fault, now + span));
        }
        Some(fault)
    }
}

fn matches(rule: &str, function: &str) -> bool {
    rule == "*" || rule == function
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(function: &str, skip: u32, times: u32, fault: Fault) -> FaultRule {
        FaultRule { function: function.to_owned(), skip, times, fault }
    }

    #[test]
    fn counts_down_per_function() {
        let mut faults = Faults::default();
        faults.add(rule("swap", 1, 2, Fault::KillBefore));
        let now = Instant::now();
        let mut take = |name| faults.next(name, now);
        assert_eq!(take("plan"), None);
        assert_eq!(take("swap"), None);
        assert_eq!(take("swap"), Some(Fault::KillBefore));
        assert_eq!(take("swap"), Some(Fault::KillBefore));
        assert_eq!(take("swap"), None);
    }

    #[test]
    fn refuses_for_a_while_then_recovers() {
        let mut faults = Faults::default();
        let outage = Fault::Unavailable(Duration::from_secs(2));
        faults.add(rule("*", 0, 1, outage));
        let now = Instant::now();
        assert_eq!(faults.next("plan", now), Some(outage));
        assert_eq!((faults.spoiled("plan"), faults.spoiled("swap")), (1, 0));
        assert_eq!(faults.next("swap", now + Duration::from_secs(1)), Some(outage));
        assert_eq!(faults.next("swap", now + Duration::from_secs(2)), None);
    }
}
