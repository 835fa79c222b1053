//! One call's way in: fault, access, rate limit, the service, and back out.

use super::access::Access;
use super::caller::{Caller, Callers};
use super::calls::{Calls, Counter};
use super::fault::{ApiFault, ApiFaultRule, FaultHook, next};
use super::throttle::{Limits, Throttle, refusal};
use parking_lot::Mutex;
use rehearsal_wire::{ApiError, Call};
use serde_json::Value;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio::time::Instant;

/// Does what a call asks for. There is one, and it knows all services.
pub(crate) trait Handler: Send + Sync {
    fn handle<'a>(
        &'a self,
        caller: &'a Caller,
        call: Call,
    ) -> Pin<Box<dyn Future<Output = Result<Value, ApiError>> + Send + 'a>>;
}

/// The way through which every call comes.
pub(crate) struct Gate {
    callers: Callers,
    throttle: Option<Throttle>,
    access: Mutex<Option<Arc<dyn Access>>>,
    rules: Mutex<Vec<ApiFaultRule>>,
    hook: Mutex<Option<FaultHook>>,
    spoiled: Mutex<BTreeMap<String, u64>>,
    counter: Counter,
    handler: Arc<dyn Handler>,
}

impl Gate {
    pub(crate) fn new(callers: Callers, limits: Option<Limits>, handler: Arc<dyn Handler>) -> Self {
        Self {
            callers,
            throttle: limits.map(|limits| Throttle::new(limits, Instant::now())),
            access: Mutex::default(),
            rules: Mutex::default(),
            hook: Mutex::default(),
            spoiled: Mutex::default(),
            counter: Counter::default(),
            handler,
        }
    }

    /// Who has keys.
    pub(crate) fn callers(&self) -> &Callers {
        &self.callers
    }

    pub(crate) fn set_access(&self, access: Option<Arc<dyn Access>>) {
        *self.access.lock() = access;
    }

    pub(crate) fn inject(&self, rule: ApiFaultRule) {
        self.rules.lock().push(rule);
    }

    pub(crate) fn set_hook(&self, hook: Option<FaultHook>) {
        *self.hook.lock() = hook;
    }

    pub(crate) fn clear_faults(&self) {
        self.rules.lock().clear();
        *self.hook.lock() = None;
    }

    /// How many calls of a caller were spoiled on purpose so far.
    pub(crate) fn spoiled(&self, caller: &str) -> u64 {
        self.spoiled.lock().get(caller).copied().unwrap_or(0)
    }

    pub(crate) fn calls(&self) -> Calls {
        self.counter.calls()
    }

    /// The answer to a call from outside; none if the connection is to be closed without one.
    pub(crate) async fn pass(&self, call: Call) -> Option<Result<Value, ApiError>> {
        let caller = self.callers.of(call.access_key.as_deref());
        let (service, operation) = (call.service, call.operation.clone());
        if call.trace.is_some() {
            self.counter.traced(&caller, service, &operation);
        }
        let fault = self.fault(&caller, &call);
        if fault.is_some() {
            *self.spoiled.lock().entry(caller.name().to_owned()).or_default() += 1;
        }
        let answer = match &fault {
            Some(ApiFault::Fail(error)) => Err(error.clone()),
            Some(ApiFault::Throttle) => Err(refusal(service)),
            Some(ApiFault::Delay(span)) => {
                tokio::time::sleep(*span).await;
                self.admitted(&caller, call).await
            }
            _ => self.admitted(&caller, call).await,
        };
        let answer = match fault {
            Some(ApiFault::ActThenFail(error)) => Err(error),
            Some(ApiFault::ActThenDelay(span)) => {
                tokio::time::sleep(span).await;
                answer
            }
            Some(ApiFault::ActThenDrop) => {
                self.counter.count(&caller, service, &operation, answer.as_ref().err());
                return None;
            }
            _ => answer,
        };
        self.counter.count(&caller, service, &operation, answer.as_ref().err());
        Some(answer)
    }

    /// A call from within: neither limited nor spoiled nor judged, but counted.
    pub(crate) async fn pass_within(&self, call: Call) -> Result<Value, ApiError> {
        let (service, operation) = (call.service, call.operation.clone());
        let answer = self.handler.handle(&Caller::Operator, call).await;
        self.counter.count(&Caller::Operator, service, &operation, answer.as_ref().err());
        answer
    }

    async fn admitted(&self, caller: &Caller, call: Call) -> Result<Value, ApiError> {
        let access = self.access.lock().clone();
        if let Some(access) = access {
            access.check(caller, &call).await?;
        }
        if let Some(throttle) = &self.throttle {
            throttle.admit(call.service, &call.operation, Instant::now())?;
        }
        self.handler.handle(caller, call).await
    }

    fn fault(&self, caller: &Caller, call: &Call) -> Option<ApiFault> {
        let by_rule = next(&mut self.rules.lock(), caller, call);
        by_rule.or_else(|| {
            let hook = self.hook.lock().clone();
            hook.and_then(|hook| hook(caller, call))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rehearsal_wire::Service;
    use serde_json::json;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    /// Counts what reaches it.
    #[derive(Default)]
    struct Reached(AtomicU32);

    impl Handler for Reached {
        fn handle<'a>(
            &'a self,
            _: &'a Caller,
            _: Call,
        ) -> Pin<Box<dyn Future<Output = Result<Value, ApiError>> + Send + 'a>> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(std::future::ready(Ok(json!({}))))
        }
    }

    fn gate() -> (Gate, Arc<Reached>) {
        let reached = Arc::new(Reached::default());
        (Gate::new(Callers::new("us-east-1"), Some(Limits::aws()), reached.clone()), reached)
    }

    fn call() -> Call {
        Call {
            service: Service::Ecs,
            operation: "UpdateService".to_owned(),
            input: json!({}),
            access_key: None,
            region: "us-east-1".to_owned(),
            trace: None,
        }
    }

    fn spoil(gate: &Gate, fault: ApiFault) {
        gate.inject(ApiFaultRule { caller: None, service: None, operation: None, skip: 0, times: 1, fault });
    }

    #[tokio::test(start_paused = true)]
    async fn faults_come_before_or_after_the_act() {
        let (gate, reached) = gate();
        let broken = ApiError::new("ServerException", "").with_status(500);
        spoil(&gate, ApiFault::Fail(broken.clone()));
        assert_eq!(gate.pass(call()).await, Some(Err(broken.clone())));
        spoil(&gate, ApiFault::Throttle);
        assert_eq!(gate.pass(call()).await.unwrap().unwrap_err().code, "ThrottlingException");
        assert_eq!(reached.0.load(Ordering::Relaxed), 0, "nothing was done");
        spoil(&gate, ApiFault::ActThenFail(broken.clone()));
        assert_eq!(gate.pass(call()).await, Some(Err(broken)));
        spoil(&gate, ApiFault::ActThenDrop);
        assert_eq!(gate.pass(call()).await, None);
        assert_eq!(reached.0.load(Ordering::Relaxed), 2, "all was done");
        let began = Instant::now();
        spoil(&gate, ApiFault::Delay(Duration::from_secs(3)));
        spoil(&gate, ApiFault::ActThenDelay(Duration::from_secs(4)));
        assert!(gate.pass(call()).await.unwrap().is_ok() && gate.pass(call()).await.unwrap().is_ok());
        assert_eq!(began.elapsed(), Duration::from_secs(7));
        let calls = gate.calls();
        assert_eq!((calls.counts[0].calls, calls.counts[0].throttled, calls.counts[0].failed), (6, 1, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn limits_are_for_callers_from_outside() {
        let (gate, _) = gate();
        let mut refused = 0;
        for _ in 0..60 {
            refused += u32::from(gate.pass(call()).await.unwrap().is_err());
        }
        assert_eq!(refused, 10);
        assert!(gate.pass_within(call()).await.is_ok());
    }

    #[tokio::test]
    async fn who_may_not_is_refused_before_anything_is_done() {
        struct Nobody;
        impl Access for Nobody {
            fn check<'a>(
                &'a self,
                caller: &'a Caller,
                _: &'a Call,
            ) -> Pin<Box<dyn Future<Output = Result<(), ApiError>> + Send + 'a>> {
                let refusal = ApiError::new("AccessDeniedException", caller.name());
                Box::pin(std::future::ready(Err(refusal)))
            }
        }
        let (gate, reached) = gate();
        gate.set_access(Some(Arc::new(Nobody)));
        assert_eq!(gate.pass(call()).await.unwrap().unwrap_err().message, "operator");
        assert_eq!(reached.0.load(Ordering::Relaxed), 0);
        gate.set_hook(Some(Arc::new(|_, call| {
            (call.operation == "UpdateService").then_some(ApiFault::ActThenDrop)
        })));
        assert_eq!(gate.pass(call()).await, None);
        gate.clear_faults();
        assert!(gate.pass(call()).await.is_some());
    }
}
