//! One invocation, from the function's name to its record.

use crate::environment::{Environment, Run};
use crate::failure::{Failure, MAX_PAYLOAD, Refusal};
use crate::fault::Fault;
use crate::function::Function;
use crate::lambda::Inner;
use crate::pool::Place;
use crate::record::{Record, billed_ms};
use crate::runtime_api::Event;
use crate::variables::VERSION;
use bytes::Bytes;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// A place in a function's pool, given back whatever happens to the invocation.
struct Lease {
    inner: Arc<Inner>,
    function: Arc<Function>,
    returned: bool,
}

impl Lease {
    fn give_back(mut self, environment: Option<Environment>) {
        self.returned = true;
        let mut pools = self.inner.pools.lock();
        // A function deployed anew has another pool, which knows nothing of this place.
        let Some(pool) = pools.get_mut(&self.function.name) else { return };
        if !Arc::ptr_eq(&pool.function, &self.function) {
            return;
        }
        match environment {
            Some(environment) => pool.put(environment),
            None => pool.lost(),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.returned {
            let mut pools = self.inner.pools.lock();
            if let Some(pool) = pools.get_mut(&self.function.name)
                && Arc::ptr_eq(&pool.function, &self.function)
            {
                pool.lost();
            }
        }
    }
}

/// Finds a place, runs the invocation there, and puts it on record.
pub(crate) async fn invoke(inner: Arc<Inner>, name_or_arn: String, payload: Bytes) -> Result<Bytes, Failure> {
    let function = inner.resolve(&name_or_arn).map_err(Failure::Refused)?;
    if payload.len() > MAX_PAYLOAD {
        return Err(Failure::Refused(Refusal::TooLarge(payload.len())));
    }
    let fault = inner.faults.lock().next(&function.name, Instant::now());
    match fault {
        Some(Fault::Unavailable(_)) => return Err(Failure::Refused(Refusal::Unavailable)),
        Some(Fault::Throttled(_)) => return Err(Failure::Refused(Refusal::Throttled)),
        _ => {}
    }
    let request_id = rehearsal_world::uuid().to_string();
    let (place, function) = place(&inner, &function)?;
    let lease = Lease { inner: inner.clone(), function: function.clone(), returned: false };
    let mut environment = match place {
        Some(environment) => environment,
        None => start(&inner, &function, &request_id).await?,
    };
    let began = rehearsal_world::system();
    let event = event(&function, &request_id, began, payload);
    log(&inner, &function, &environment, format!("START RequestId: {request_id} Version: {VERSION}"));
    let run = tokio::select! {
        biased;
        run = environment.run(event, function.timeout, fault) => run,
        () = inner.stop.cancelled() => {
            environment.kill().await;
            return Err(Failure::Refused(Refusal::Unavailable));
        }
    };
    record(&inner, &function, &environment, request_id, began, &run);
    let Run { outcome, reusable, .. } = run;
    lease.give_back(reusable.then_some(environment));
    outcome
}

/// A place in the pool of the function as it is deployed now.
fn place(inner: &Inner, function: &Arc<Function>) -> Result<(Option<Environment>, Arc<Function>), Failure> {
    let mut pools = inner.pools.lock();
    let Some(pool) = pools.get_mut(&function.name) else {
        return Err(Failure::Refused(Refusal::NotFound(function.arn.clone())));
    };
    match pool.take() {
        Place::Warm(environment) => Ok((Some(*environment), pool.function.clone())),
        Place::Cold => Ok((None, pool.function.clone())),
        Place::None => Err(Failure::Refused(Refusal::Throttled)),
    }
}

async fn start(inner: &Inner, function: &Function, request_id: &str) -> Result<Environment, Failure> {
    Environment::start(&inner.config, function, &inner.logs).await.map_err(|error| Failure::Runtime {
        error_type: "Runtime.InvalidEntrypoint",
        message: format!("RequestId: {request_id} Error: fork/exec {}: {error}", function.binary.display()),
    })
}

fn event(function: &Function, request_id: &str, began: SystemTime, payload: Bytes) -> Event {
    let payload = if payload.is_empty() { Bytes::from_static(b"{}") } else { payload };
    Event {
        request_id: request_id.to_owned(),
        function_arn: function.arn.clone(),
        trace_id: trace_id(began),
        deadline: began + function.timeout,
        payload,
    }
}

/// An X-Ray trace header that nobody samples.
fn trace_id(began: SystemTime) -> String {
    let seconds = began.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let random = rehearsal_world::uuid().simple().to_string();
    let parent = rehearsal_world::uuid().simple().to_string();
    format!("Root=1-{seconds:08x}-{};Parent={};Sampled=0", &random[..24], &parent[..16])
}

fn record(
    inner: &Inner,
    function: &Function,
    environment: &Environment,
    request_id: String,
    began: SystemTime,
    run: &Run,
) {
    let record = Record {
        function: function.name.clone(),
        request_id,
        began,
        duration: run.duration,
        init: run.init,
        billed_ms: billed_ms(run.duration, run.init),
        peak_memory_kib: run.peak_memory_kib,
        memory_mb: function.memory_mb,
        error: run.outcome.as_ref().err().map(|failure| failure.for_step_functions().error),
    };
    log(inner, function, environment, format!("END RequestId: {}", record.request_id));
    log(inner, function, environment, record.report());
    inner.record(record);
}

fn log(inner: &Inner, function: &Function, environment: &Environment, text: String) {
    inner.logs.write(&function.name, &environment.log_stream, text);
}
