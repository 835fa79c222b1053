//! The count of all calls, for receipts.

use super::caller::Caller;
use parking_lot::Mutex;
use rehearsal_wire::{ApiError, Service};
use std::collections::BTreeMap;

/// How often one caller called one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallCount {
    /// Who: a function's name, or `operator`.
    pub caller: String,
    /// The service.
    pub service: Service,
    /// The operation.
    pub operation: String,
    /// All calls, whatever became of them.
    pub calls: u64,
    /// Of these, those that were refused because there were too many.
    pub throttled: u64,
    /// Of these, those that were refused for another reason.
    pub failed: u64,
    /// Of these, those that said which trace they are part of.
    pub traced: u64,
}

/// The counts at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls {
    /// By caller, service and operation, in this order.
    pub counts: Vec<CallCount>,
}

impl Calls {
    /// What has come since an earlier moment.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |now: &CallCount| {
            let is_same = |one: &&CallCount| {
                (&one.caller, one.service, &one.operation) == (&now.caller, now.service, &now.operation)
            };
            earlier
                .counts
                .iter()
                .find(is_same)
                .map_or((0, 0, 0, 0), |one| (one.calls, one.throttled, one.failed, one.traced))
        };
        let counts = self.counts.iter().cloned().map(|mut now| {
            let (calls, throttled, failed, traced) = before(&now);
            now.calls = now.calls.saturating_sub(calls);
            now.throttled = now.throttled.saturating_sub(throttled);
            now.failed = now.failed.saturating_sub(failed);
            now.traced = now.traced.saturating_sub(traced);
            now
        });
        Self { counts: counts.filter(|count| count.calls > 0).collect() }
    }

    /// Calls of functions by `service:Operation`.
    #[must_use]
    pub fn by_name(&self) -> BTreeMap<String, u64> {
        let mut names = BTreeMap::new();
        for count in self.counts.iter().filter(|count| count.caller != Caller::Operator.name()) {
            *names.entry(format!("{}:{}", count.service, count.operation)).or_default() += count.calls;
        }
        names
    }
}

/// Counts as calls come: by caller, service and operation.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    all: Mutex<BTreeMap<Key, CallCount>>,
}

type Key = (String, Service, String);

impl Counter {
    /// Counts a call that has its answer.
    pub(crate) fn count(&self, caller: &Caller, service: Service, operation: &str, error: Option<&ApiError>) {
        let throttled = error.is_some_and(super::throttle::is_throttling);
        self.on(caller, service, operation, |count| {
            count.calls += 1;
            count.throttled += u64::from(throttled);
            count.failed += u64::from(error.is_some() && !throttled);
        });
    }

    /// Counts that a call says which trace it is part of.
    pub(crate) fn traced(&self, caller: &Caller, service: Service, operation: &str) {
        self.on(caller, service, operation, |count| count.traced += 1);
    }

    fn on(&self, caller: &Caller, service: Service, operation: &str, add: impl FnOnce(&mut CallCount)) {
        let key = (caller.name().to_owned(), service, operation.to_owned());
        let mut all = self.all.lock();
        add(all.entry(key).or_insert_with(|| CallCount {
            caller: caller.name().to_owned(),
            service,
            operation: operation.to_owned(),
            calls: 0,
            throttled: 0,
            failed: 0,
            traced: 0,
        }));
    }

    /// The counts now.
    pub(crate) fn calls(&self) -> Calls {
        Calls { counts: self.all.lock().values().cloned().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_caller_and_tells_differences() {
        let counter = Counter::default();
        let plan = Caller::Function { name: "plan".to_owned(), role_arn: String::new() };
        let slow = ApiError::new("ThrottlingException", "Rate exceeded");
        counter.count(&plan, Service::Ecs, "ListTasks", None);
        let before = counter.calls();
        counter.count(&plan, Service::Ecs, "ListTasks", Some(&slow));
        counter.count(&plan, Service::Ecs, "ListTasks", Some(&ApiError::new("ClusterNotFoundException", "")));
        counter.count(&Caller::Operator, Service::Ecs, "ListTasks", None);
        let since = counter.calls().since(&before);
        let of_plan = since.counts.iter().find(|count| count.caller == "plan").unwrap();
        assert_eq!((of_plan.calls, of_plan.throttled, of_plan.failed), (2, 1, 1));
        assert_eq!(counter.calls().by_name(), [("ecs:ListTasks".to_owned(), 3)].into());
        assert_eq!(counter.calls().since(&counter.calls()), Calls::default());
    }
}
