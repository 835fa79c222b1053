//! What the tests share: a Step Functions whose functions are scripted, and events that can be looked at.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use parking_lot::Mutex;
use rehearsal_stepfunctions::{Config, Failure, Invoke, StepFunctions};
use rehearsal_wire::{Service, check_output};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// What the wire's model of Step Functions leaves out, so that its shape cannot be checked here.
const NOT_IN_THE_MODEL: [&str; 5] = [
    "UpdateStateMachine",
    "ValidateStateMachineDefinition",
    "TagResource",
    "UntagResource",
    "ListTagsForResource",
];

/// What a function does when it is invoked.
#[derive(Debug, Clone)]
pub enum Act {
    Answer(Value),
    Fail(&'static str),
    Stall,
}

/// Functions that do one thing after the other, and the payloads that they got.
#[derive(Default)]
pub struct Script {
    pub acts: Mutex<VecDeque<Act>>,
    pub got: Mutex<Vec<(String, Value)>>,
}

impl Invoke for Script {
    fn invoke<'a>(
        &'a self,
        function: &'a str,
        payload: Value,
    ) -> Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send + 'a>> {
        self.got.lock().push((function.to_owned(), payload));
        let act = self.acts.lock().pop_front().unwrap_or(Act::Answer(Value::Null));
        Box::pin(async move {
            match act {
                Act::Answer(value) => Ok(value),
                Act::Fail(error) => Err(Failure::new(error, format!("{error} was scripted"))),
                Act::Stall => std::future::pending().await,
            }
        })
    }
}

/// A Step Functions with a script.
pub struct World {
    pub sfn: StepFunctions,
    pub script: Arc<Script>,
    pub events: Arc<Mutex<Vec<Value>>>,
    pub machine: String,
}

impl World {
    /// With one state machine.
    pub async fn new(definition: &Value, acts: &[Act]) -> Self {
        let script = Arc::new(Script::default());
        script.acts.lock().extend(acts.iter().cloned());
        let events = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&events);
        let sfn = StepFunctions::new(
            Config::default(),
            script.clone(),
            Arc::new(move |event| sink.lock().push(event)),
        );
        let made = sfn
            .call(
                "CreateStateMachine",
                json!({"name": "m", "definition": definition.to_string(), "roleArn": "arn:aws:iam::123456789012:role/machine"}),
            )
            .await
            .expect("a state machine");
        let machine = made["stateMachineArn"].as_str().expect("an ARN").to_owned();
        Self { sfn, script, events, machine }
    }

    pub async fn call(&self, operation: &str, input: Value) -> Value {
        let answer = self.sfn.call(operation, input).await;
        let answer = answer.unwrap_or_else(|error| panic!("{operation}: {error}"));
        if !NOT_IN_THE_MODEL.contains(&operation) {
            let violations = check_output(Service::StepFunctions, operation, &answer);
            assert_eq!(violations, Vec::<String>::new(), "{operation} answers in AWS's shape");
        }
        answer
    }

    pub async fn start(&self, name: &str, input: &Value) -> String {
        let started = self
            .call(
                "StartExecution",
                json!({"stateMachineArn": self.machine, "name": name, "input": input.to_string()}),
            )
            .await;
        started["executionArn"].as_str().expect("an ARN").to_owned()
    }

    /// The execution's end. The clock is paused, so waiting costs nothing.
    pub async fn until_over(&self, arn: &str) -> Value {
        for _ in 0..100_000 {
            let told = self.call("DescribeExecution", json!({"executionArn": arn})).await;
            if told["status"] != "RUNNING" {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{arn} does not end");
    }

    /// The types of an execution's events.
    pub async fn kinds(&self, arn: &str) -> Vec<String> {
        let kind = |event: &Value| event["type"].as_str().expect("a type").to_owned();
        self.history(arn).await.iter().map(kind).collect()
    }

    pub async fn history(&self, arn: &str) -> Vec<Value> {
        let told = self.call("GetExecutionHistory", json!({"executionArn": arn, "maxResults": 1000})).await;
        told["events"].as_array().expect("events").clone()
    }
}

/// A machine of one task `T` with these fields, which goes on to `Done`, or when it catches to `Caught`.
pub fn one_task(fields: Value) -> Value {
    let mut task = json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f", "Payload.$": "$"}, "Next": "Done"});
    let map = task.as_object_mut().expect("a map");
    map.extend(fields.as_object().expect("a map").clone());
    let mut states = json!({"T": task, "Done": {"Type": "Succeed"}});
    if task.get("Catch").is_some() {
        states["Caught"] = json!({"Type": "Pass", "End": true});
    }
    json!({"StartAt": "T", "States": states})
}
