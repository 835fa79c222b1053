//! What services measure of themselves, as CloudWatch gets it: invocations, executions, what queues hold, and the metrics
//! in the log lines of functions.
//!
//! Names and dimensions are those of AWS's guides to monitoring Lambda, Step Functions and SQS; whatever no alarm and no
//! graph of ours is about is left out.

use crate::EventSink;
use crate::cloudwatch::CloudWatch;
use crate::iam::Iam;
use crate::sqs::Sqs;
use crate::template::Stack;
use rehearsal_lambda::{Ended, Lambda};
use serde_json::Value;
use std::sync::Arc;

/// Lets CloudWatch have what functions print and how their invocations end. What a function may not write is lost.
pub(crate) fn of_functions(lambda: &Lambda, stack: &Stack, iam: &Arc<Iam>, cloudwatch: &CloudWatch) {
    let (functions, iam, lines) = (stack.functions.clone(), iam.clone(), cloudwatch.clone());
    lambda.set_log_sink(Arc::new(move |line| {
        let writes = functions.iter().find(|one| one.name == line.function);
        if writes.is_some_and(|function| iam.may_write_logs(function)) {
            lines.read_line(&line.text);
        }
    }));
    let cloudwatch = cloudwatch.clone();
    lambda.set_ended_sink(Arc::new(move |function, ended| {
        let put = |name, value| {
            cloudwatch.measure("AWS/Lambda", name, ("FunctionName", &function.name), value);
        };
        if ended == Ended::Throttled {
            return put("Throttles", 1.0);
        }
        put("Invocations", 1.0);
        put("Errors", if ended == Ended::Failed { 1.0 } else { 0.0 });
    }));
}

/// Hands events of executions on, and counts them.
pub(crate) fn of_executions(events: EventSink, cloudwatch: CloudWatch) -> EventSink {
    Arc::new(move |envelope: Value| {
        let detail = &envelope["detail"];
        let name = match detail["status"].as_str().unwrap_or_default() {
            "RUNNING" => "ExecutionsStarted",
            "SUCCEEDED" => "ExecutionsSucceeded",
            "FAILED" => "ExecutionsFailed",
            "TIMED_OUT" => "ExecutionsTimedOut",
            "ABORTED" => "ExecutionsAborted",
            _ => return events(envelope),
        };
        let machine = detail["stateMachineArn"].as_str().unwrap_or_default();
        cloudwatch.measure("AWS/States", name, ("StateMachineArn", machine), 1.0);
        events(envelope);
    })
}

/// Counts what queues hold.
pub(crate) fn of_queues(sqs: &Sqs, cloudwatch: &CloudWatch) {
    for (name, held) in sqs.held() {
        let held = u32::try_from(held).unwrap_or(u32::MAX);
        cloudwatch.measure(
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            ("QueueName", &name),
            f64::from(held),
        );
    }
}
