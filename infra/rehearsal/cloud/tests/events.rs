//! The bus from event to target: matching, inputs, faults, schedules, dead letters.

use rehearsal_cloud::Account;
use rehearsal_cloud::events::input::InputSpec;
use rehearsal_cloud::events::pattern::Pattern;
use rehearsal_cloud::events::schedule::Expression;
use rehearsal_cloud::events::{
    Delivery, EventFault, EventFaultRule, Events, Failed, Retry, Rule, Target, Targets,
};
use serde_json::{Value, json};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:deploy";
const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:dead";

/// Notes every delivery; the state machine refuses, if it is told to.
struct Notes {
    deliveries: mpsc::UnboundedSender<Delivery>,
    refuses: bool,
}

impl Targets for Notes {
    fn invoke<'a>(
        &'a self,
        delivery: &'a Delivery,
    ) -> Pin<Box<dyn Future<Output = Result<(), Failed>> + Send + 'a>> {
        let refused = self.refuses && delivery.target_arn == MACHINE;
        let _ = self.deliveries.send(delivery.clone());
        let failed = Failed { code: "X".to_owned(), message: String::new(), retryable: true };
        Box::pin(std::future::ready(if refused { Err(failed) } else { Ok(()) }))
    }
}

fn events(refuses: bool) -> (Events, mpsc::UnboundedReceiver<Delivery>) {
    let (deliveries, heard) = mpsc::unbounded_channel();
    (Events::new(Account::default(), Arc::new(Notes { deliveries, refuses })), heard)
}

fn rule(input: InputSpec) -> Rule {
    Rule {
        name: "push".to_owned(),
        arn: "arn:aws:events:us-east-1:123456789012:rule/push".to_owned(),
        bus: "default".to_owned(),
        description: None,
        pattern: Some(Pattern::parse(&json!({ "source": ["shop"] })).unwrap()),
        schedule: None,
        enabled: true,
        targets: vec![Target {
            id: "machine".to_owned(),
            arn: MACHINE.to_owned(),
            role: None,
            input,
            retry: Retry { attempts: 1, age: Duration::from_secs(60) },
            dead_letters: Some(QUEUE.to_owned()),
        }],
    }
}

fn entry(source: &str, n: u32) -> Value {
    json!({ "Source": source, "DetailType": "Order", "Detail": json!({ "n": n }).to_string() })
}

#[tokio::test(start_paused = true)]
async fn events_that_match_reach_the_target_with_its_input() {
    let (events, mut heard) = events(false);
    events.put_rule(rule(InputSpec::Path("$.detail".to_owned())));
    let answer =
        events.call("PutEvents", &json!({ "Entries": [entry("other", 1), entry("shop", 2)] })).unwrap();
    assert_eq!(answer["FailedEntryCount"], 0);
    let delivery = heard.recv().await.unwrap();
    assert_eq!((delivery.target_arn.as_str(), delivery.input), (MACHINE, json!({ "n": 2 })));
    events.call("DisableRule", &json!({ "Name": "push" })).unwrap();
    events.call("PutEvents", &json!({ "Entries": [entry("shop", 3)] })).unwrap();
    events.shutdown().await;
    assert!(heard.try_recv().is_err(), "a rule that is off takes nothing");
    assert_eq!(events.kept().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn faults_drop_double_and_delay() {
    let (events, mut heard) = events(false);
    events.put_rule(rule(InputSpec::Path("$.detail.n".to_owned())));
    let fault = |fault| {
        let source = Some("shop".to_owned());
        events.inject(EventFaultRule { source, detail_type: None, times: 1, fault });
    };
    fault(EventFault::Drop);
    fault(EventFault::Double);
    fault(EventFault::Delay(Duration::from_secs(5)));
    for n in 1..=4 {
        events.call("PutEvents", &json!({ "Entries": [entry("shop", n)] })).unwrap();
    }
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(heard.recv().await.unwrap().input);
    }
    assert_eq!(seen, [json!(2), json!(2), json!(4), json!(3)]);
}

#[tokio::test(start_paused = true)]
async fn what_no_target_takes_is_a_dead_letter() {
    let (events, mut heard) = events(true);
    events.put_rule(rule(InputSpec::Whole));
    events.call("PutEvents", &json!({ "Entries": [entry("shop", 1)] })).unwrap();
    let mut asked = Vec::new();
    for _ in 0..3 {
        asked.push(heard.recv().await.unwrap().target_arn);
    }
    assert_eq!(asked, [MACHINE, MACHINE, QUEUE]);
}

#[tokio::test(start_paused = true)]
async fn a_schedule_can_be_fired() {
    let (events, mut heard) = events(false);
    let schedule = Some(Expression::parse("rate(5 minutes)").unwrap());
    events.put_rule(Rule { pattern: None, schedule, name: "reconcile".to_owned(), ..rule(InputSpec::Whole) });
    assert!(events.fire("reconcile") && !events.fire("nope"));
    let tick = heard.recv().await.unwrap().input;
    assert_eq!((&tick["source"], &tick["detail-type"]), (&json!("aws.events"), &json!("Scheduled Event")));
}

#[tokio::test(start_paused = true)]
async fn the_api_tells_about_rules_and_refuses_nonsense() {
    let (events, _heard) = events(false);
    let paths = [("n".to_owned(), "$.detail.n".to_owned())].into();
    events.put_rule(rule(InputSpec::Transformer { paths, template: "{\"n\":<n>}".to_owned() }));
    let listed = events.call("ListRules", &json!({ "NamePrefix": "pu" })).unwrap();
    assert_eq!(listed["Rules"][0]["EventPattern"], "{\"source\":[\"shop\"]}");
    let targets = events.call("ListTargetsByRule", &json!({ "Rule": "push" })).unwrap();
    assert_eq!(targets["Targets"][0]["InputTransformer"]["InputTemplate"], "{\"n\":<n>}");
    assert_eq!(targets["Targets"][0]["DeadLetterConfig"]["Arn"], QUEUE);
    let error = events.call("DescribeRule", &json!({ "Name": "nope" })).unwrap_err();
    assert_eq!(error.code, "ResourceNotFoundException");
    assert_eq!(error.message, "Rule nope does not exist on EventBus default.");
    let malformed = json!({ "Source": "shop", "DetailType": "Order", "Detail": "no" });
    let answer = events.call("PutEvents", &json!({ "Entries": [malformed, entry("aws.ecr", 1)] })).unwrap();
    assert_eq!(answer["FailedEntryCount"], 2);
    assert_eq!(answer["Entries"][0]["ErrorCode"], "MalformedDetail");
    assert_eq!(answer["Entries"][1]["ErrorCode"], "NotAuthorizedForSourceException");
    let (long, heavy) = ("x".repeat(129), json!({ "x": "x".repeat(256 * 1024) }).to_string());
    let long = json!({ "Source": "shop", "DetailType": long, "Detail": "{}" });
    let answer = events.call("PutEvents", &json!({ "Entries": [long, { "Source": "shop" }] })).unwrap();
    assert_eq!(answer["FailedEntryCount"], 2);
    assert_eq!(answer["Entries"][0]["ErrorCode"], "InvalidArgument");
    let heavy = json!({ "Source": "shop", "DetailType": "Order", "Detail": heavy });
    let refused = events.call("PutEvents", &json!({ "Entries": [heavy] })).unwrap_err();
    assert_eq!(refused.message, "Total size of the entries in the request is over the limit.");
    let test = json!({ "EventPattern": "{\"a\":[1]}", "Event": "{\"a\":1}" });
    assert_eq!(events.call("TestEventPattern", &test).unwrap()["Result"], true);
}
